/*
 * What cardseal-fetch makes of LDAP URLs (RFC 4516), and of what libcurl writes
 * for the entries that were found.
 */
#include <string.h>

#include "asn1/err.h"
#include "client/fetch/ldap_int.h"
#include "tests/unit/unit.h"

static int
parse(const char *text, struct ldap_url *url)
{
	struct err e = ERR_INIT;

	return ldap_url_parse(bytes_of_str(text), url, &e);
}

START_TEST(test_url)
{
	struct ldap_url url;

	ck_assert_int_eq(parse("ldap://a.example:390/cn=x%3f,c=y?cACertificate;"
			       "binary,crossCertificatePair;binary?sub?(a=b)"
			       "?x=y",
			     &url),
	    0);
	unit_assert_bytes(url.host, BYTES_LIT("a.example:390"));
	ck_assert_uint_eq(url.attributes_len, 2);
	unit_assert_bytes(
	    url.attributes[1], BYTES_LIT("crossCertificatePair;binary"));
	unit_assert_bytes(url.search,
	    BYTES_LIT("ldap://a.example:390/cn=x%3f,c=y?cACertificate;binary,"
		      "crossCertificatePair;binary?sub?(a=b)"));
	ck_assert_int_eq(parse("ldap://a/?b", &url), 0);
	unit_assert_bytes(url.search, BYTES_LIT("ldap://a/?b"));
	ck_assert_int_eq(parse("ldap://a/?b??", &url), 0);
	ck_assert_int_eq(parse("ldap://a/?b???", &url), 0);
}
END_TEST

START_TEST(test_url_refused)
{
	static const char *const bad[] = {"ldap:///cn=x?cACertificate",
	    "ldap://?x", "ldap://", "ldap://a", "ldap://a/", "ldap://a/cn=x",
	    "ldap://a/cn=x??sub", "ldap://a/cn=x?*", "ldap://a/cn=x?b,*",
	    "ldap://a/cn=x?b,,c", "ldap://a/cn=x?a,b,c,d,e,f,g,h,i",
	    "ldap://a/cn=x?%2a",
	    ("ldap://a/?b??"
	     "?!bindname=cn=x"),
	    "ldap://a/?b???x,!y"};
	struct ldap_url url;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
		    parse(bad[i], &url) == -CS_ERR_ARGUMENT, "%s", bad[i]);
}
END_TEST

static int
keep(void *ctx, struct bytes value)
{
	struct buf *got = ctx;

	buf_add_bytes(got, value);
	return buf_add_byte(got, '|');
}

/* In pieces of that many octets. */
static int
read_text(const char *text, size_t step, struct buf *got)
{
	struct ldap_url url;
	struct ldap_text t = {
	    .url = &url, .line_max = 100, .take = keep, .ctx = got};
	struct bytes rest = bytes_of_str(text), piece;
	int r = 0;

	buf_reset(got);
	ck_assert_int_eq(parse("ldap://a/cn=x?one;binary,two", &url), 0);
	while (r == 0 && rest.len != 0) {
		piece = rest;
		piece.len = bytes_skip(&rest, step);
		r = ldap_text_write(&t, piece);
	}
	ldap_text_clear(&t);
	return r;
}

START_TEST(test_text)
{
	static const char text[] = "DN: cn=x\n\tone;binary:: YWJj\n"
				   "\tONE: plain\n\tthree:: YWJj\n"
				   "\ttwo:: \n\ttwo;x;y:: YQ==\n\n\n";
	struct buf got = {0};
	size_t step;

	for (step = 1; step < sizeof(text); step++) {
		ck_assert_int_eq(read_text(text, step, &got), 0);
		unit_assert_bytes(buf_get(&got), BYTES_LIT("abc|plain||a|"));
	}
	buf_clear(&got);
}
END_TEST

START_TEST(test_text_refused)
{
	static const char *const bad[] = {"cn=x\n", "\n one: x\n", "\tone\n",
	    "\t: x\n", "\tone:x\n", "\tone::x\n", "\tone:: YWJ\n",
	    "\tone:: Y*Jj\n", "\tone:: YWJj\n folded\n"};
	struct buf got = {0};
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(read_text(bad[i], 7, &got) == -CS_ERR_NETWORK,
		    "%s", bad[i]);
	memset(text, 'x', sizeof(text));
	text[199] = '\0';
	unit_assert_code(read_text(text, 7, &got), -CS_ERR_TOO_LARGE);
	text[101] = '\n';
	unit_assert_code(read_text(text, 300, &got), -CS_ERR_TOO_LARGE);
	buf_clear(&got);
}
END_TEST

START_TEST(test_values)
{
	struct bytes body = BYTES_LIT("\x04\x02"
				      "ab\x04\x00\x04\x01"
				      "c"),
		     value;

	ck_assert(fetch_next_value(&body, &value));
	unit_assert_bytes(value, BYTES_LIT("ab"));
	ck_assert(fetch_next_value(&body, &value));
	ck_assert_uint_eq(value.len, 0);
	ck_assert(fetch_next_value(&body, &value));
	unit_assert_bytes(value, BYTES_LIT("c"));
	ck_assert(!fetch_next_value(&body, &value));
	ck_assert_uint_eq(body.len, 0);
	body = BYTES_LIT("\x04\x03"
			 "ab");
	ck_assert(!fetch_next_value(&body, &value));
	ck_assert_uint_eq(body.len, 4);
	body = BYTES_LIT("\x30\x00");
	ck_assert(!fetch_next_value(&body, &value));
	ck_assert(fetch_is_ldap(BYTES_LIT("LDAP://a/")));
	ck_assert(fetch_is_ldap(BYTES_LIT("ldaps://a/")));
	ck_assert(!fetch_is_ldap(BYTES_LIT("ldapx://a/")));
	ck_assert(!fetch_is_ldap(BYTES_LIT("http://a/")));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fetch_ldap");
	TCase *c = tcase_create("ldap");

	tcase_add_test(c, test_url);
	tcase_add_test(c, test_url_refused);
	tcase_add_test(c, test_text);
	tcase_add_test(c, test_text_refused);
	tcase_add_test(c, test_values);
	suite_add_tcase(s, c);
	return unit_run(s);
}
