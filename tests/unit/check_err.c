#include "asn1/err.h"
#include "asn1/utf8.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct {
	int number;
	const char *name;
	const char *text;
} rows[] = {
#define ERR(name, number, class, text) {number, #name, text},
#include "asn1/err.def"
#undef ERR
};
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

START_TEST(every_row_is_sound)
{
	int i, code = rows[_i].number;

	ck_assert_str_eq(err_name(code), rows[_i].name);
	ck_assert_str_eq(err_name(-code), rows[_i].name);
	ck_assert_str_eq(err_text(code), rows[_i].text);
	ck_assert(err_is_known(code) && err_is_known(-code));
	/* the protocol carries it: INTEGER (1..65535) */
	ck_assert_int_le(code, 65535);
	ck_assert((code == 0) == (strcmp(rows[_i].name, "OK") == 0));
	/* a text is shown as it is: one line, no full stop */
	ck_assert_ptr_null(strchr(rows[_i].text, '\n'));
	ck_assert_int_ne(rows[_i].text[strlen(rows[_i].text) - 1], '.');
	for (i = 0; i < _i; i++) {
		ck_assert_int_ne(rows[i].number, code);
		ck_assert_str_ne(rows[i].name, rows[_i].name);
	}
}
END_TEST

static const struct {
	int code;
	const char *class_name;
	int exit_status;
} statuses[] = {
    {0, "done", 0},
    {-CS_ERR_BAD_SIGNATURE, "bad", 1},
    {-CS_ERR_USAGE, "usage", 2},
    {-CS_ERR_NO_AGENT, "agent", 3},
    {-CS_ERR_NO_KEY, "token", 4},
    {-CS_ERR_PIN_WRONG, "pin", 5},
    {-CS_ERR_UNTRUSTED, "untrusted", 6},
    {-CS_ERR_ENCODING, "format", 7},
    {-CS_ERR_POLICY, "refused", 8},
    {-CS_ERR_TIMEOUT, "device", 9},
    {-CS_ERR_INTERNAL, "internal", 70},
    {-CS_ERR_IO, "io", 74},
    {-CS_ERR_TRY_AGAIN, "again", 75},
    /* what nobody knows */
    {-9999, "internal", 70},
    {INT_MIN, "internal", 70},
    {INT_MAX, "internal", 70},
};

START_TEST(classes_have_exit_statuses)
{
	int code = statuses[_i].code;

	ck_assert_str_eq(err_class_name(code), statuses[_i].class_name);
	ck_assert_int_eq(err_exit_status(code), statuses[_i].exit_status);
}
END_TEST

START_TEST(unknown_codes_are_internal)
{
	ck_assert(!err_is_known(9999));
	ck_assert(!err_is_known(INT_MIN));
	ck_assert_int_eq(err_class(9999), ERR_CLASS_INTERNAL);
	ck_assert_str_eq(err_name(9999), "INTERNAL");
}
END_TEST

START_TEST(an_err_tells_its_story)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(e.code, 0);
	ck_assert_uint_eq(e.offset, ERR_NO_OFFSET);
	ck_assert_int_eq(e.tries_left, ERR_TRIES_UNKNOWN);
	ck_assert_int_eq(
	    err_set(&e, -CS_ERR_IO, "%s %d", "disk", 7), -CS_ERR_IO);
	ck_assert_int_eq(e.code, -CS_ERR_IO);
	ck_assert_str_eq(err_get_text(&e), "disk 7");
	ck_assert_uint_eq(e.offset, ERR_NO_OFFSET);
	err_context(&e, "reading %s", "a.eml");
	ck_assert_str_eq(e.text, "reading a.eml: disk 7");
	ck_assert_int_eq(e.code, -CS_ERR_IO);
	e.ckr = 5;
	ck_assert_int_eq(
	    err_set_at(&e, -CS_ERR_ENCODING, 42, "bad"), -CS_ERR_ENCODING);
	ck_assert_uint_eq(e.offset, 42);
	ck_assert_uint_eq(e.ckr, 0); /* of the story before */
	err_context(&e, "x");
	ck_assert_uint_eq(e.offset, 42);
	err_set(&e, -CS_ERR_NO_KEY, NULL);
	ck_assert_str_eq(e.text, "");
	ck_assert_str_eq(err_get_text(&e), "no such key");
	err_context(&e, "sign");
	ck_assert_str_eq(e.text, "sign: no such key");
	err_clear(&e);
	ck_assert_int_eq(e.code, 0);
	ck_assert_str_eq(e.text, "");
}
END_TEST

START_TEST(nobody_needs_to_listen)
{
	ck_assert_int_eq(err_set(NULL, -CS_ERR_IO, "x"), -CS_ERR_IO);
	ck_assert_int_eq(err_set_at(NULL, -CS_ERR_IO, 1, "x"), -CS_ERR_IO);
	ck_assert_int_eq(err_set_errno(NULL, ENOSPC, "x"), -CS_ERR_NO_SPACE);
	err_context(NULL, "x");
	err_clear(NULL);
}
END_TEST

START_TEST(arguments_may_be_of_the_err_itself)
{
	struct err e = ERR_INIT;

	err_set(&e, -CS_ERR_IO, "first");
	err_set(&e, -CS_ERR_NO_KEY, "second after %s", e.text);
	ck_assert_str_eq(e.text, "second after first");
	err_context(&e, "<%s>", e.text);
	ck_assert_str_eq(e.text, "<second after first>: second after first");
}
END_TEST

/* Cut at a character: every length over the edge of a two- and a four-octet
 * character. */
START_TEST(long_texts_are_cut_at_a_character)
{
	static const char *const characters[] = {
	    "x", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
	char text[2 * ERR_TEXT_MAX];
	struct err e = ERR_INIT;
	size_t len, n = strlen(characters[_i]);

	for (len = ERR_TEXT_MAX - 10; len < ERR_TEXT_MAX + 10; len++) {
		memset(text, 'a', sizeof(text));
		memcpy(text + len, characters[_i], n + 1);
		err_set(&e, -CS_ERR_IO, "%s", text);
		ck_assert_uint_lt(strlen(e.text), ERR_TEXT_MAX);
		ck_assert(utf8_is_valid(bytes_of_str(e.text)));
		if (len + n < ERR_TEXT_MAX)
			ck_assert_str_eq(e.text, text);
		else
			ck_assert_uint_ge(strlen(e.text), ERR_TEXT_MAX - 5);
		err_set(&e, -CS_ERR_IO, "%s", text + 5);
		err_context(&e, "123");
		ck_assert(utf8_is_valid(bytes_of_str(e.text)));
	}
}
END_TEST

static const struct {
	int errnum;
	int code;
} errnos[] = {
    {ENOSPC, -CS_ERR_NO_SPACE},
    {EDQUOT, -CS_ERR_NO_SPACE},
    {EFBIG, -CS_ERR_NO_SPACE},
    {EPIPE, -CS_ERR_CLOSED},
    {ENOENT, -CS_ERR_NO_FILE},
    {EACCES, -CS_ERR_NO_FILE},
    {ENOTDIR, -CS_ERR_NO_FILE},
    {EISDIR, -CS_ERR_NO_FILE},
    {ENOMEM, -CS_ERR_NO_MEMORY},
    {EIO, -CS_ERR_IO},
    {EBADF, -CS_ERR_IO},
};

START_TEST(errno_has_a_code)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(
	    err_set_errno(&e, errnos[_i].errnum, "a.eml"), errnos[_i].code);
	ck_assert_int_eq(e.code, errnos[_i].code);
	ck_assert(strncmp(e.text, "a.eml: ", 7) == 0);
	ck_assert_ptr_nonnull(strstr(e.text, strerror(errnos[_i].errnum)));
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	const char *quoted;
} quotes[] = {
    {"plain", 5, "plain"},
    {"", 0, ""},
    {"a\0b", 3, "a\\x00b"},
    {"\r\n\t\x1b[1m\x7f", 8, "\\x0d\\x0a\\x09\\x1b[1m\\x7f"},
    {"a\\b", 3, "a\\x5cb"},
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
	"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xc3", 1, "\\xc3"},
    {"\xc0\x80\xff", 3, "\\xc0\\x80\\xff"},
    {"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},
    {"\xc2\x85", 2, "\\xc2\\x85"}, /* next line, a C1 control */
    /* what turns text around, or hides */
    {"\xe2\x80\xae", 3, "\\xe2\\x80\\xae"},
    {"\xe2\x81\xa6", 3, "\\xe2\\x81\\xa6"},
    {"\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b"},
    {"\xd8\x9c", 2, "\\xd8\\x9c"},
    {"\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf"},
    {"\xf3\xa0\x80\xa0", 4, "\\xf3\\xa0\\x80\\xa0"},
};

START_TEST(untrusted_text_is_quoted)
{
	char dst[128];

	ck_assert_ptr_eq(
	    err_quote(dst, sizeof(dst), quotes[_i].text, quotes[_i].len), dst);
	ck_assert_str_eq(dst, quotes[_i].quoted);
}
END_TEST

/* In any size it ends in NUL, within, and in whole escapes. */
START_TEST(quotes_are_cut)
{
	static const char text[] = "abc\x01\xc3\xa4\xe2\x82\xac\xffxyz";
	char dst[64];
	size_t size, len;

	for (size = 0; size < sizeof(dst); size++) {
		memset(dst, '!', sizeof(dst));
		err_quote(dst, size, text, sizeof(text) - 1);
		ck_assert_int_eq(dst[size], '!');
		if (size == 0)
			continue;
		len = strlen(dst);
		ck_assert_uint_lt(len, size);
		ck_assert(utf8_is_valid(bytes_of(dst, len)));
		if (size > 8 && size < 23)
			ck_assert_str_eq(dst + len - 3, "...");
	}
	ck_assert_str_eq(err_quote(dst, sizeof(dst), text, sizeof(text) - 1),
	    "abc\\x01\xc3\xa4\xe2\x82\xac\\xffxyz");
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("err");
	TCase *tcase = tcase_create("err");

	tcase_add_loop_test(tcase, every_row_is_sound, 0, ROWS);
	tcase_add_loop_test(
	    tcase, classes_have_exit_statuses, 0, COUNT(statuses));
	tcase_add_test(tcase, unknown_codes_are_internal);
	tcase_add_test(tcase, an_err_tells_its_story);
	tcase_add_test(tcase, nobody_needs_to_listen);
	tcase_add_test(tcase, arguments_may_be_of_the_err_itself);
	tcase_add_loop_test(tcase, long_texts_are_cut_at_a_character, 0, 4);
	tcase_add_loop_test(tcase, errno_has_a_code, 0, COUNT(errnos));
	tcase_add_loop_test(tcase, untrusted_text_is_quoted, 0, COUNT(quotes));
	tcase_add_test(tcase, quotes_are_cut);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
