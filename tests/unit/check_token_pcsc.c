/*
 * Readers of PC/SC below a module. What needs a card is in tests/card.
 */
#include <config.h>

#include "token/pcsc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/temp.h"
#include "tests/unit/unit.h"

#define R10 "0123456789"
#define R60 R10 R10 R10 R10 R10 R10

static const struct {
	const char *description, *reader;
	bool is_it;
} names[] = {
    {"Virtual PCD 00 00", "Virtual PCD 00 00", true},
    {"Virtual PCD 00 00", "Virtual PCD 00 01", false},
    {"Virtual PCD 00 0", "Virtual PCD 00 01", false},
    {"Virtual PCD 00 01", "Virtual PCD 00 0", false},
    {"", "Virtual PCD 00 00", false},
    {"", "", false},
    /* The field has 64 octets: one that is full may have been cut. */
    {R60 "abcd", R60 "abcd", true},
    {R60 "abcd", R60 "abcde", true},
    {R60 "abcd", R60 "abce", false},
    {R60 "abc", R60 "abcd", false},
};
#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

START_TEST(tells_readers)
{
	ck_assert_int_eq(pcsc_is_reader(bytes_of_str(names[_i].description),
			     names[_i].reader),
	    names[_i].is_it);
}
END_TEST

/* A socket that is connected to the service's, and to nothing else. */
START_TEST(tells_who_uses_it)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int listener, fd;

	ck_assert_int_lt(
	    snprintf(a.sun_path, sizeof(a.sun_path), "%s", temp_path("comm")),
	    (int)sizeof(a.sun_path));
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(
	    bind(listener, (const struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(setenv("PCSCLITE_CSOCK_NAME", a.sun_path, 1), 0);
	ck_assert(!pcsc_is_used());
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert(pcsc_is_used());
	ck_assert_int_eq(setenv("PCSCLITE_CSOCK_NAME", "/another", 1), 0);
	ck_assert(!pcsc_is_used());
	(void)close(fd);
	(void)close(listener);
}
END_TEST

/* Without a service there is no card, and nothing that could be open. */
START_TEST(does_without_a_service)
{
	struct err e = ERR_INIT;
	struct bytes reader = BYTES_LIT("Virtual PCD 00 00");
	struct bytes puk = BYTES_LIT("12345678");

	ck_assert_int_eq(setenv("PCSCLITE_CSOCK_NAME", "/nowhere/comm", 1), 0);
	ck_assert_int_eq(pcsc_get_piv_tries(reader), ERR_TRIES_UNKNOWN);
	unit_assert_code(pcsc_end_verified(reader, true, &e), -CS_ERR_NO_TOKEN);
	ck_assert_ptr_nonnull(strstr(e.text, "Virtual PCD 00 00"));
	unit_assert_code(
	    pcsc_unblock_piv(reader, puk, puk, &e), -CS_ERR_NO_TOKEN);
}
END_TEST

/* What does not fit into the command goes to no card. */
START_TEST(unblocks_with_lengths_of_piv)
{
	struct err e = ERR_INIT;
	struct bytes reader = BYTES_LIT("Virtual PCD 00 00");
	struct bytes good = BYTES_LIT("12345678");
	struct bytes bad[] = {BYTES_NONE, BYTES_LIT("123456789")};
	size_t i;

	ck_assert_int_eq(setenv("PCSCLITE_CSOCK_NAME", "/nowhere/comm", 1), 0);
	for (i = 0; i < 2; i++) {
		unit_assert_code(pcsc_unblock_piv(reader, bad[i], good, &e),
		    -CS_ERR_PIN_LENGTH);
		unit_assert_code(pcsc_unblock_piv(reader, good, bad[i], &e),
		    -CS_ERR_PIN_LENGTH);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_pcsc");
	TCase *tcase = tcase_create("token_pcsc");

	tcase_add_checked_fixture(tcase, temp_setup, temp_teardown);
	tcase_add_loop_test(tcase, tells_readers, 0, NAMES);
	tcase_add_test(tcase, tells_who_uses_it);
	tcase_add_test(tcase, does_without_a_service);
	tcase_add_test(tcase, unblocks_with_lengths_of_piv);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
