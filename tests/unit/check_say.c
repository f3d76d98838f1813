#include "asn1/buf.h"
#include "asn1/say.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
german_on(void)
{
	const char *build = getenv("CS_BUILDDIR");
	char folder[2048];

	snprintf(folder, sizeof(folder), "%s/po", build != NULL ? build : ".");
	setenv("CARDSEAL_LOCALEDIR", folder, 1);
	setenv("LANGUAGE", "de", 1);
	/* LANGUAGE counts in any locale but C's own. */
	ck_assert_ptr_nonnull(setlocale(LC_MESSAGES, "C.UTF-8"));
	say_translate(true);
}

static void
german_off(void)
{
	say_translate(false);
	setlocale(LC_MESSAGES, "C");
	unsetenv("LANGUAGE");
}

START_TEST(english_unless_told)
{
	german_on();
	say_translate(false);
	ck_assert(!say_is_translated());
	ck_assert_str_eq(say("wrong PIN"), "wrong PIN");
	ck_assert_str_eq(err_text(-CS_ERR_PIN_WRONG), "wrong PIN");
}
END_TEST

START_TEST(the_catalogue_is_found)
{
	german_on();
	ck_assert(say_is_translated());
	ck_assert_str_eq(say("wrong PIN"), "falsche PIN");
	ck_assert_str_eq(err_text(-CS_ERR_PIN_WRONG), "falsche PIN");
	ck_assert_str_eq(say("no such text"), "no such text");
	ck_assert_str_eq(say(""), "");
}
END_TEST

START_TEST(errors_are_put_together_in_it)
{
	struct err e = ERR_INIT;

	german_on();
	err_set(&e, -CS_ERR_CONFIG, "%s, line %d: %s", "x", 7,
	    err_text(-CS_ERR_PIN_WRONG));
	ck_assert_str_eq(e.text, "x, Zeile 7: falsche PIN");
	err_set(&e, -CS_ERR_PIN_WRONG, NULL);
	err_context(&e, "token %s", "\"Karte\"");
	ck_assert_str_eq(e.text, "Token \"Karte\": falsche PIN");
}
END_TEST

/* The C library's own words are in its catalogue, and not always there. */
START_TEST(errno_is_english_unless_told)
{
	struct err e = ERR_INIT;

	german_on();
	say_translate(false);
	err_set_errno(&e, ENOENT, "the input");
	ck_assert_str_eq(e.text, "the input: No such file or directory");
	say_translate(true);
	err_set_errno(&e, ENOENT, "the input");
	ck_assert_int_eq(strncmp(e.text, "die Eingabe: ", 13), 0);
}
END_TEST

START_TEST(buffers_say_it_too)
{
	struct buf b = {0};
	char *text;

	german_on();
	buf_say(&b, "part %s, %s:\n", "1.2", say("by itself"));
	buf_printf(&b, "part %s", "3");
	ck_assert_int_eq(b.err, 0);
	text = bytes_dup_str(buf_get(&b));
	ck_assert_str_eq(text, "Teil 1.2, f\xc3\xbcr sich:\npart 3");
	free(text);
	buf_clear(&b);
}
END_TEST

START_TEST(somebodys_language_is_spoken)
{
	static const struct {
		const char *locale;
		bool is_german;
	} rows[] = {
	    {"de", true},
	    {"de_DE", true},
	    {"de_DE.UTF-8", true},
	    {"de_AT.ISO-8859-15@euro", true},
	    {"de@euro", true},
	    {"de.UTF-8/../../x", true}, /* is not looked at */
	    {"fr_FR.UTF-8", false},
	    {"C", false},
	    {"C.UTF-8", false},
	    {"POSIX", false},
	    {"", false},
	    {"DE", false},
	    {"de_de", false},
	    {"de_DEU", false},
	    {"de_", false},
	    {"de:fr", false},
	    {"de/", false},
	    {"de_DE/../..", false},
	    {"../po/de", false},
	    {"/etc", false},
	    {".", false},
	    {"d", false},
	    {"german", false},
	};
	size_t i;
	int pass;

	german_on();
	german_off();
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			ck_assert_msg(say_begin(bytes_of_str(rows[i].locale)) ==
					  rows[i].is_german,
			    "%s", rows[i].locale);
			ck_assert_str_eq(say("wrong PIN"),
			    rows[i].is_german ? "falsche PIN" : "wrong PIN");
			say_end();
			ck_assert_str_eq(say("wrong PIN"), "wrong PIN");
			ck_assert_ptr_null(getenv("LANGUAGE"));
			ck_assert_str_eq(setlocale(LC_MESSAGES, NULL), "C");
		}
	ck_assert(!say_begin(BYTES_NONE));
	ck_assert(!say_begin(bytes_of("de\0", 3)));
	say_end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("say");
	TCase *tc = tcase_create("say");

	tcase_add_checked_fixture(tc, NULL, german_off);
	tcase_add_test(tc, english_unless_told);
	tcase_add_test(tc, the_catalogue_is_found);
	tcase_add_test(tc, errors_are_put_together_in_it);
	tcase_add_test(tc, errno_is_english_unless_told);
	tcase_add_test(tc, buffers_say_it_too);
	tcase_add_test(tc, somebodys_language_is_spoken);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
