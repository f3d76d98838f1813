/*
 * cardseal-token with a module that misbehaves (module.c).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn1/alg/signature.h"
#include "tests/unit/temp.h"
#include "tests/wire/worker.h"

#define PIN "123456"
#define ECDSA_SHA256 "30 0a 06 08 2a 86 48 ce 3d 04 03 02"
#define RSA_SHA256 "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00"

static struct peer peer;
static struct tok_info token;
static uint8_t digest[32] = {1, 2, 3};

static void
make_tokens(void)
{
	static const char *const args[] = {"--token", "Fault", "--identity",
	    "name=p256,key=p256", "--identity", "name=rsa,key=rsa2048",
	    "--identity", "name=always,key=p256,always-auth=yes", NULL};

	fixture_make(args);
	fixture_set_faults("");
}

static void
forget_log(void)
{
	(void)unlink(fixture_path("log"));
}

/* How often the module's function was called since forget_log. */
static unsigned
count_calls(const char *name)
{
	char line[128];
	unsigned n = 0;
	FILE *f = fopen(fixture_path("log"), "r");

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		n += name == NULL || strcmp(line, name) == 0;
	}
	fclose(f);
	return n;
}

static void
begin_with(const char *rules)
{
	fixture_set_faults(rules);
	peer_begin(&peer, &token);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	forget_log();
}

static void
begin(void)
{
	begin_with("");
}

static void
end(void)
{
	fixture_set_faults("");
	ck_assert_int_eq(peer_end(&peer), 0);
}

/* Signs with what the token is known as; the answer says how it is now. */
static int
sign(const char *identity, const char *algorithm, const char *pin,
    struct tok_msg *answer)
{
	struct tok_msg req = {.type = TOK_SIGN,
	    .token = token.uri,
	    .insertion = token.insertion,
	    .key_id = fixture_key_id(identity),
	    .algorithm = unit_hex(algorithm),
	    .input = bytes_of(digest, sizeof(digest)),
	    .has_pin = pin != NULL,
	    .pin = bytes_of_str(pin)};

	return peer_call(&peer, &req, answer);
}

static int
sign_p256(struct tok_msg *answer)
{
	return sign("p256", ECDSA_SHA256, NULL, answer);
}

/* Looks again; the number of tokens, the first into token. */
static unsigned
probe(void)
{
	struct tok_msg answer, req = {.type = TOK_PROBE};
	struct tok_info info;
	unsigned n = 0;
	struct der d;

	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	for (der_init(&d, answer.tokens); tok_info_next(&d, &info); n++)
		if (bytes_is_equal(info.uri, token.uri)) {
			token.insertion = info.insertion;
			token.flags = info.flags;
		}
	unit_assert_code(der_end(&d), 0);
	return n;
}

START_TEST(a_sign_is_two_calls)
{
	struct tok_msg answer;

	begin();
	unit_assert_code(sign_p256(&answer), 0);
	forget_log();
	unit_assert_code(sign_p256(&answer), 0);
	ck_assert_uint_eq(count_calls(NULL), 2);
	ck_assert_uint_eq(count_calls("C_SignInit"), 1);
	ck_assert_uint_eq(count_calls("C_Sign"), 1);
	end();
}
END_TEST

/* Pulled and put back: another insertion, no login, and nobody signs with
 * what was known before. */
START_TEST(removal_changes_the_insertion)
{
	struct tok_msg answer;
	uint32_t before;

	begin();
	before = token.insertion;
	fixture_set_faults("absent\n");
	ck_assert_uint_eq(probe(), 0);
	unit_assert_code(sign_p256(&answer), -CS_ERR_NO_TOKEN);
	fixture_set_faults("");
	ck_assert_uint_eq(probe(), 1);
	ck_assert_uint_ne(token.insertion, before);
	ck_assert_uint_eq(token.flags & TOK_LOGGED_IN, 0);
	token.insertion = before;
	unit_assert_code(sign_p256(&answer), -CS_ERR_TOKEN_REMOVED);
	ck_assert(answer.has_info);
	token.insertion = answer.info.insertion;
	unit_assert_code(sign_p256(&answer), -CS_ERR_PIN_NEEDED);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* Values that say that the card went, while it is gone. */
static const unsigned long gone[] = {0x32, 0xb3, 0xe0, 0x5, 0x30};

START_TEST(pulled_while_signing)
{
	char rules[128];
	struct tok_msg answer;

	begin();
	snprintf(rules, sizeof(rules), "absent\nC_Sign 0x%lx\n", gone[_i]);
	fixture_set_faults(rules);
	unit_assert_code(sign_p256(&answer), -CS_ERR_TOKEN_REMOVED);
	fixture_set_faults("");
	ck_assert_uint_eq(probe(), 1);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* The session died, but the same card is there: what the key needs is asked
 * for, and no PIN is sent by the worker. */
START_TEST(dead_session_wants_the_pin)
{
	struct tok_msg answer;
	uint32_t before;

	begin();
	before = token.insertion;
	fixture_set_faults("C_SignInit 0xb3 1\nC_GetSessionInfo 0xb3 1\n");
	unit_assert_code(sign_p256(&answer), -CS_ERR_PIN_NEEDED);
	ck_assert(answer.has_info);
	ck_assert_uint_ne(answer.info.insertion, before);
	ck_assert_uint_eq(count_calls("C_Login"), 0);
	token.insertion = answer.info.insertion;
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* Dead handles, or an operation left over: found again, once. */
static const unsigned long stale[] = {0x60, 0x82, 0x90};

START_TEST(stale_handles_are_found_again)
{
	char rules[128];
	struct tok_msg answer;

	begin();
	snprintf(rules, sizeof(rules), "C_SignInit 0x%lx 1\n", stale[_i]);
	fixture_set_faults(rules);
	unit_assert_code(sign_p256(&answer), 0);
	ck_assert_uint_eq(count_calls("C_SignInit"), 2);
	ck_assert_uint_eq(count_calls("C_Login"), 0);
	/* And not more than once. */
	snprintf(rules, sizeof(rules), "C_SignInit 0x%lx\n", stale[_i]);
	fixture_set_faults(rules);
	forget_log();
	ck_assert_int_ne(sign_p256(&answer), 0);
	ck_assert_uint_eq(count_calls("C_SignInit"), 2);
	fixture_set_faults("");
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* Another program reset the card. */
START_TEST(lost_login_is_typed)
{
	struct tok_msg answer;

	begin();
	fixture_set_faults("C_Sign 0x101 1\n");
	unit_assert_code(sign_p256(&answer), -CS_ERR_PIN_NEEDED);
	ck_assert_uint_eq(answer.ckr, 0x101);
	ck_assert(answer.has_info);
	ck_assert_uint_eq(answer.info.flags & TOK_LOGGED_IN, 0);
	ck_assert_uint_eq(answer.info.insertion, token.insertion);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* Another card with another name in the same reader. */
START_TEST(another_card_is_not_used)
{
	struct tok_msg answer;

	begin();
	fixture_set_faults("label Other\nC_Sign 0x32\n");
	unit_assert_code(sign_p256(&answer), -CS_ERR_TOKEN_REMOVED);
	ck_assert_uint_eq(count_calls("C_Sign"), 1);
	fixture_set_faults("label Other\n");
	ck_assert_uint_eq(probe(), 1);
	forget_log();
	unit_assert_code(sign_p256(&answer), -CS_ERR_NO_TOKEN);
	unit_assert_code(peer_login(&peer, &token, PIN), -CS_ERR_NO_TOKEN);
	ck_assert_uint_eq(count_calls("C_Login"), 0);
	ck_assert_uint_eq(count_calls("C_Sign"), 0);
	end();
}
END_TEST

/* Two cards may have one label: the serial number tells them apart. */
START_TEST(another_serial_is_another_card)
{
	struct tok_msg answer;

	begin();
	fixture_set_faults("serial 0815\nC_Sign 0x32\n");
	unit_assert_code(sign_p256(&answer), -CS_ERR_TOKEN_REMOVED);
	ck_assert_uint_eq(count_calls("C_Sign"), 1);
	fixture_set_faults("serial 0815\n");
	forget_log();
	unit_assert_code(sign_p256(&answer), -CS_ERR_NO_TOKEN);
	unit_assert_code(peer_login(&peer, &token, PIN), -CS_ERR_NO_TOKEN);
	ck_assert_uint_eq(count_calls("C_Login"), 0);
	ck_assert_uint_eq(count_calls("C_Sign"), 0);
	end();
}
END_TEST

/* A module that dies takes its process with it, and nobody else's. */
static const char *const crashes[] = {
    "C_SignInit", "C_Sign", "C_GetSlotInfo", "C_FindObjects"};

START_TEST(crash_ends_the_process)
{
	char rules[128];
	struct tok_msg answer, req = {.type = TOK_PROBE};
	struct buf frame = {0};

	begin();
	snprintf(rules, sizeof(rules), "crash %s\n", crashes[_i]);
	fixture_set_faults(rules);
	if (_i < 2)
		req = (struct tok_msg){.type = TOK_SIGN,
		    .token = token.uri,
		    .insertion = token.insertion,
		    .key_id = fixture_key_id("p256"),
		    .algorithm = unit_hex(ECDSA_SHA256),
		    .input = bytes_of(digest, sizeof(digest))};
	unit_assert_code(tok_msg_encode(&req, &frame), 0);
	peer_send(&peer, buf_get(&frame));
	ck_assert(!peer_receive(&peer, &answer));
	buf_clear(&frame);
	fixture_set_faults("");
	ck_assert_int_eq(peer_end(&peer), -SIGSEGV);
}
END_TEST

START_TEST(late_is_not_wrong)
{
	struct tok_msg answer;

	begin();
	fixture_set_faults("delay C_SignInit 300\ndelay C_Sign 300\n");
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* "No login needed", and yet there is no key before one. */
START_TEST(flags_may_lie)
{
	struct tok_msg answer;

	fixture_set_faults("unflags 0x4\n");
	peer_begin(&peer, &token);
	ck_assert_uint_eq(token.flags & TOK_LOGIN_REQUIRED, 0);
	unit_assert_code(sign_p256(&answer), -CS_ERR_NO_KEY);
	fixture_set_faults("");
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

/* Whether raw RSA is to be had is told with the token. */
/* A swap that nobody noticed until the PIN came: it is not sent. */
START_TEST(no_pin_for_another_card)
{
	begin();
	fixture_set_faults("label Other\n");
	unit_assert_code(peer_login(&peer, &token, PIN), -CS_ERR_TOKEN_REMOVED);
	ck_assert_uint_eq(count_calls("C_Login"), 0);
	end();
}
END_TEST

static const struct {
	unsigned long ckr;
	int code;
} logins[] = {
    {0xa0, -CS_ERR_PIN_WRONG},
    {0xa4, -CS_ERR_PIN_LOCKED},
    {0xa2, -CS_ERR_PIN_LENGTH},
    {0x20, -CS_ERR_PIN_INVALID},
    {0x5, -CS_ERR_PIN_WRONG},	     /* OpenSC with a CAC */
    {0x80000042, -CS_ERR_PIN_WRONG}, /* a vendor's own */
    {0x102, -CS_ERR_PIN_LOCKED},
    {0x1, -CS_ERR_CANCELLED},
};

START_TEST(login_errors_are_typed)
{
	char rules[128];
	struct tok_msg answer,
	    req = {.type = TOK_LOGIN, .has_pin = true, .pin = BYTES_LIT(PIN)};

	fixture_set_faults("");
	peer_begin(&peer, &token);
	snprintf(rules, sizeof(rules), "C_Login 0x%lx\nflags 0x20000\n",
	    logins[_i].ckr);
	fixture_set_faults(rules);
	forget_log();
	req.token = token.uri;
	req.insertion = token.insertion;
	unit_assert_code(peer_call(&peer, &req, &answer), logins[_i].code);
	ck_assert_uint_eq(answer.ckr, logins[_i].ckr);
	ck_assert_uint_eq(count_calls("C_Login"), 1);
	/* The flags are those of now. */
	ck_assert(answer.has_info);
	ck_assert_uint_ne(answer.info.flags & TOK_PIN_FINAL_TRY, 0);
	ck_assert_int_eq(answer.info.tries_left, 1);
	end();
}
END_TEST

/* The module believes in a login that is not ours: the PIN must be looked at
 * even so, and once. */
START_TEST(login_checks_the_pin)
{
	fixture_set_faults("");
	peer_begin(&peer, &token);
	fixture_set_faults("C_Login 0x100 1\n");
	forget_log();
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	ck_assert_uint_eq(count_calls("C_Logout"), 1);
	ck_assert_uint_eq(count_calls("C_Login"), 2);
	end();
}
END_TEST

START_TEST(pinpad_gets_no_pin)
{
	fixture_set_faults("flags 0x100\n");
	peer_begin(&peer, &token);
	ck_assert_uint_ne(token.flags & TOK_PROTECTED_PATH, 0);
	fixture_set_faults("flags 0x100\nC_Login 0x50\n");
	forget_log();
	unit_assert_code(peer_login(&peer, &token, NULL), -CS_ERR_CANCELLED);
	ck_assert_uint_eq(count_calls("C_Login"), 1);
	end();
}
END_TEST

/* A PIN that went to the card is never sent again by the worker. */
static const unsigned long context_faults[] = {
    0x101, 0xb3, 0x32, 0x90, 0x5, 0x70, 0x60};

START_TEST(context_pin_is_sent_once)
{
	char rules[128];
	struct tok_msg answer;

	begin();
	unit_assert_code(sign("always", ECDSA_SHA256, PIN, &answer), 0);
	forget_log();
	snprintf(rules, sizeof(rules), "C_Sign 0x%lx\n", context_faults[_i]);
	fixture_set_faults(rules);
	ck_assert_int_ne(sign("always", ECDSA_SHA256, PIN, &answer), 0);
	ck_assert_uint_eq(count_calls("C_Login"), 1);
	ck_assert_uint_eq(count_calls("C_Sign"), 1);
	end();
}
END_TEST

/* C_SignInit, C_Login, C_Sign, and nothing between. */
START_TEST(context_login_is_atomic)
{
	static const char want[] = "C_SignInit\nC_Login\nC_Sign\n";
	struct tok_msg answer;
	struct buf log = {0};

	begin();
	unit_assert_code(sign("always", ECDSA_SHA256, PIN, &answer), 0);
	forget_log();
	unit_assert_code(sign("always", ECDSA_SHA256, PIN, &answer), 0);
	ck_assert(temp_read(fixture_path("log"), &log));
	unit_assert_bytes(buf_get(&log), bytes_of_str(want));
	buf_clear(&log);
	end();
}
END_TEST

/* Without a mechanism of its own the token's raw one is used; without that,
 * it is told. */
static const struct {
	const char *identity;
	bool pss;
	const char *rules;
	bool works;
} ways[] = {
    {"rsa", false, "without 0x1\n", true},
    {"rsa", false, "C_SignInit 0x70 1\n", true},
    {"rsa", false, "without 0x1\nwithout 0x3\n", false},
    {"rsa", true, "without 0xd\n", true},
    {"rsa", true, "C_SignInit 0x71 1\n", true},
    {"rsa", true, "without 0xd\nwithout 0x3\n", false},
    {"p256", false, "without 0x1041\n", false},
    {"rsa", false, "short\n", true},
};

START_TEST(signs_another_way)
{
	struct buf algorithm = {0}, der = {0};
	struct sig_scheme scheme;
	struct tok_msg answer, req = {.type = TOK_SIGN};
	struct tok_key key;
	struct spki spki;
	int r, i, rounds;

	unit_assert_code(alg_init(NULL), 0);
	/* What the token can do is asked for when it is first seen. */
	begin_with(ways[_i].rules);
	ck_assert(
	    peer_find_key(&peer, fixture_key_id(ways[_i].identity), &key));
	buf_add_bytes(&der, key.spki);
	unit_assert_code(spki_decode(buf_get(&der), &spki, NULL), 0);
	unit_assert_code(
	    sig_scheme_choose(&spki, ALG_SHA256, ways[_i].pss, &scheme), 0);
	der_put_sig_scheme(&algorithm, &scheme);
	/* "short": often enough for signatures with a leading zero octet. */
	rounds = strcmp(ways[_i].rules, "short\n") == 0 ? 600 : 2;
	for (i = 0; i < rounds; i++) {
		digest[0] = (uint8_t)i;
		digest[1] = (uint8_t)(i >> 8);
		req = (struct tok_msg){.type = TOK_SIGN,
		    .token = token.uri,
		    .insertion = token.insertion,
		    .key_id = fixture_key_id(ways[_i].identity),
		    .algorithm = buf_get(&algorithm),
		    .input = bytes_of(digest, sizeof(digest))};
		r = peer_call(&peer, &req, &answer);
		if (!ways[_i].works) {
			unit_assert_code(r, -CS_ERR_MECHANISM);
			break;
		}
		unit_assert_code(r, 0);
		unit_assert_code(
		    sig_verify(&spki, &scheme, req.input, answer.output, NULL),
		    0);
	}
	buf_clear(&algorithm);
	buf_clear(&der);
	end();
}
END_TEST

/* Garbage lengths and counts: typed errors, and it goes on. */
START_TEST(garbage_sizes_do_no_harm)
{
	struct tok_msg answer, req = {.type = TOK_PROBE};

	begin();
	unit_assert_code(sign_p256(&answer), 0);
	fixture_set_faults("sizes\n");
	unit_assert_code(sign_p256(&answer), -CS_ERR_DEVICE);
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_MODULE);
	fixture_set_faults("sizes\nC_GetSlotList 0x54\n");
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_MECHANISM);
	fixture_set_faults("");
	ck_assert_uint_eq(probe(), 1);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

START_TEST(garbage_objects_do_no_harm)
{
	struct tok_msg answer, req = {.type = TOK_INFO};

	fixture_set_faults("");
	peer_begin(&peer, &token);
	fixture_set_faults("sizes\n");
	req.token = token.uri;
	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	ck_assert_uint_eq(answer.info.pin_len_max, 255);
	ck_assert_uint_eq(answer.info.pin_len_min, 0);
	/* Now the objects are looked at with garbage. */
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), -CS_ERR_NO_KEY);
	fixture_set_faults("C_FindObjects 0x5\n");
	ck_assert_uint_eq(probe(), 1);
	fixture_set_faults("");
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
	unit_assert_code(sign_p256(&answer), 0);
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("worker_faults");
	TCase *tcase = tcase_create("worker_faults");

	tcase_add_unchecked_fixture(tcase, make_tokens, fixture_end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_sign_is_two_calls);
	tcase_add_test(tcase, removal_changes_the_insertion);
	unit_add_loop(tcase, pulled_while_signing, gone);
	tcase_add_test(tcase, dead_session_wants_the_pin);
	unit_add_loop(tcase, stale_handles_are_found_again, stale);
	tcase_add_test(tcase, lost_login_is_typed);
	tcase_add_test(tcase, another_card_is_not_used);
	tcase_add_test(tcase, another_serial_is_another_card);
	unit_add_loop(tcase, crash_ends_the_process, crashes);
	tcase_add_test(tcase, late_is_not_wrong);
	tcase_add_test(tcase, flags_may_lie);
	tcase_add_test(tcase, no_pin_for_another_card);
	unit_add_loop(tcase, login_errors_are_typed, logins);
	tcase_add_test(tcase, login_checks_the_pin);
	tcase_add_test(tcase, pinpad_gets_no_pin);
	unit_add_loop(tcase, context_pin_is_sent_once, context_faults);
	tcase_add_test(tcase, context_login_is_atomic);
	unit_add_loop(tcase, signs_another_way, ways);
	tcase_add_test(tcase, garbage_sizes_do_no_harm);
	tcase_add_test(tcase, garbage_objects_do_no_harm);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
