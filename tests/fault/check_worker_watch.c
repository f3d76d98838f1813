/*
 * cardseal-token's beginning and end, and one that only watches, with a module
 * that misbehaves (module.c).
 */
#include <signal.h>
#include <unistd.h>

#include "tests/unit/temp.h"
#include "tests/wire/worker.h"

#define PIN "123456"

static struct peer peer;
static struct tok_info shown;

static void
make_tokens(void)
{
	static const char *const args[] = {
	    "--token", "Fault", "--identity", "name=p256,key=p256", NULL};

	fixture_make(args);
	fixture_set_faults("");
}

START_TEST(c_initialize_fails_typed)
{
	static const uint8_t secret[TOK_SECRET_LEN];
	struct tok_msg answer, start = {.type = TOK_START,
				   .module = bytes_of_str(fixture_module()),
				   .secret = bytes_of(secret, sizeof(secret))};

	fixture_set_faults("C_Initialize 0x30\n");
	peer_start(&peer);
	unit_assert_code(peer_call(&peer, &start, &answer), -CS_ERR_MODULE);
	ck_assert_uint_eq(answer.ckr, 0x30);
	ck_assert(!peer_receive(&peer, &answer));
	ck_assert_int_eq(peer_end(&peer), 1);
}
END_TEST

/* C_Finalize that never returns: the process ends by itself. */
START_TEST(hanging_end_is_cut)
{
	struct tok_info token;

	fixture_set_faults("");
	peer_begin(&peer, &token);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	fixture_set_faults("hang C_Finalize\n");
	ck_assert_int_eq(peer_end(&peer), -SIGALRM);
}
END_TEST

/* A worker that only watches tells when a card goes and when one comes. */
START_TEST(watches_slots)
{
	static const uint8_t secret[TOK_SECRET_LEN];
	struct tok_msg answer, start = {.type = TOK_START,
				   .module = bytes_of_str(fixture_module()),
				   .secret = bytes_of(secret, sizeof(secret)),
				   .watch = true};
	int i;

	fixture_set_faults("");
	peer_start(&peer);
	unit_assert_code(peer_call(&peer, &start, &answer), 0);
	for (i = 0; i < 2; i++) {
		/* It has looked once, at the latest after its second. */
		usleep(1200000);
		fixture_set_faults(i == 0 ? "absent\n" : "");
		ck_assert(peer_receive(&peer, &answer));
		ck_assert_int_eq(answer.type, TOK_EVENT);
		ck_assert_uint_eq(answer.id, 0);
	}
	fixture_set_faults("");
	ck_assert_int_eq(peer_end(&peer), 0);
}
END_TEST

START_TEST(watch_blocks_in_the_module)
{
	static const uint8_t secret[TOK_SECRET_LEN];
	struct tok_msg answer, start = {.type = TOK_START,
				   .module = bytes_of_str(fixture_module()),
				   .secret = bytes_of(secret, sizeof(secret)),
				   .watch = true};

	/* Three events at once, then the module is done for. */
	fixture_set_faults("events 3\n");
	peer_start(&peer);
	unit_assert_code(peer_call(&peer, &start, &answer), 0);
	ck_assert(peer_receive(&peer, &answer));
	ck_assert_int_eq(answer.type, TOK_EVENT);
	while (peer_receive(&peer, &answer))
		ck_assert_int_eq(answer.type, TOK_EVENT);
	ck_assert_int_eq(peer_end(&peer), 70);
}
END_TEST

START_TEST(tells_own_unpadding)
{
	fixture_set_faults("without 0x3\n");
	peer_begin(&peer, &shown);
	ck_assert_uint_ne(shown.flags & TOK_OWN_UNPADDING, 0);
	ck_assert_int_eq(peer_end(&peer), 0);
	fixture_set_faults("");
	peer_begin(&peer, &shown);
	ck_assert_uint_eq(shown.flags & TOK_OWN_UNPADDING, 0);
	ck_assert_int_eq(peer_end(&peer), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("worker_watch");
	TCase *tcase = tcase_create("worker_watch");

	tcase_add_unchecked_fixture(tcase, make_tokens, fixture_end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, c_initialize_fails_typed);
	tcase_add_test(tcase, hanging_end_is_cut);
	tcase_add_test(tcase, tells_own_unpadding);
	tcase_add_test(tcase, watches_slots);
	tcase_add_test(tcase, watch_blocks_in_the_module);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
