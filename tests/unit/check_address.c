#include <string.h>

#include "client/pkix/address.h"
#include "client/pkix/domain.h"
#include "tests/unit/unit_cert.h"

static const struct {
	const char *a, *b;
	bool is_equal;
} pairs[] = {
    {"a@example.org", "a@example.org", true},
    {"a@example.org", "a@EXAMPLE.Org", true},
    {"a@example.org", "A@example.org", false},
    {"a@example.org", "a@example.org.", false},
    {"a@example.org", "b@example.org", false},
    {"a@example.org", "a@example.com", false},
    /* RFC 3492 7.1-like, values by Python's codec "idna" */
    {"a@b\xc3\xbc"
     "cher.example",
	"a@xn--bcher-kva.example", true},
    {"a@b\xc3\xbc"
     "cher.example",
	"a@XN--BCHER-KVA.example", true},
    {"a@b\xc3\xbc"
     "cher.example",
	"a@bucher.example", false},
    {"a@\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95",
	"a@xn--fsqu00a.xn--0zwm56d", true},
    {"a@fa\xc3\x9f.example", "a@xn--fa-hia.example", true},
    /* not the same although the first decodes to it */
    {"a@xn--abc-.example", "a@abc.example", false},
    {"\"a b\"@example.org", "\"a b\"@example.ORG", true},
    {"\"a@b\"@example.org", "\"a@b\"@example.org", true},
    {"\"a@b\"@example.org", "\"a@c\"@example.org", false},
    {"a@[192.0.2.1]", "a@[192.0.2.1]", true},
    {"a@[IPv6:2001:DB8::1]", "a@[ipv6:2001:db8::1]", true},
    {"", "", false},
    {"a", "a", false},
    {"@example.org", "@example.org", false},
    {"a@", "a@", false},
    {"a@..", "a@..", false},
    {"a@\xff.org", "a@\xff.org", false},
};

START_TEST(compares)
{
	struct bytes a = bytes_of_str(pairs[_i].a);
	struct bytes b = bytes_of_str(pairs[_i].b);

	ck_assert_msg(address_is_equal(a, b) == pairs[_i].is_equal &&
			  address_is_equal(b, a) == pairs[_i].is_equal,
	    "%s and %s", pairs[_i].a, pairs[_i].b);
}
END_TEST

/* Equal octet by octet exactly when they compare as equal. */
START_TEST(normal_forms_compare)
{
	struct buf a = {0}, b = {0};
	int x = address_normalise(bytes_of_str(pairs[_i].a), &a);
	int y = address_normalise(bytes_of_str(pairs[_i].b), &b);

	if (x == 0 && y == 0)
		ck_assert(bytes_is_equal(buf_get(&a), buf_get(&b)) ==
			  pairs[_i].is_equal);
	else
		ck_assert(!pairs[_i].is_equal);
	buf_clear(&a);
	buf_clear(&b);
}
END_TEST

START_TEST(a_nul_hides_nothing)
{
	ck_assert(!address_is_equal(BYTES_LIT("a@example.org"),
	    BYTES_LIT("a@example.org\0.evil.test")));
	ck_assert(!address_is_equal(
	    BYTES_LIT("a@example.org"), BYTES_LIT("a\0@example.org")));
	ck_assert(!address_is_valid(BYTES_LIT("a\0@example.org")));
}
END_TEST

static const struct {
	const char *text;
	bool is_valid;
} texts[] = {
    {"a@example.org", true},
    {"a.b+c@example.org", true},
    {"\"a b\\\"c\"@example.org", true},
    {"\xc3\xa4@b\xc3\xbc.example", true},
    {"a@[192.0.2.1]", true},
    {"a@localhost", true},
    {"a", false},
    {"@example.org", false},
    {"a@", false},
    {".a@example.org", false},
    {"a.@example.org", false},
    {"a..b@example.org", false},
    {"a b@example.org", false},
    {"<a@example.org>", false},
    {"a@exam ple.org", false},
    {"a@.example.org", false},
    {"a@example.org.", false},
    {"a@b@example.org", false},
    {"a@example.org\n", false},
    {"a\x7f@example.org", false},
    {"\"a@example.org", false},
    {"\"a\\\"@example.org", false},
    {"\"a\"b\"@example.org", false},
    {"\xc3@example.org", false},
    {"a@[]", false},
    {"a@[a b]", false},
    {"a@0123456789012345678901234567890123456789012345678901234567890123.x",
	false},
};

START_TEST(checks)
{
	ck_assert_msg(address_is_valid(bytes_of_str(texts[_i].text)) ==
			  texts[_i].is_valid,
	    "%s", texts[_i].text);
}
END_TEST

START_TEST(has_a_limit)
{
	char text[ADDRESS_LEN_MAX + 2];

	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - 9, "@example", 8);
	ck_assert(!address_is_valid(bytes_of(text, ADDRESS_LEN_MAX + 1)));
	ck_assert(address_is_valid(bytes_of(text + 1, ADDRESS_LEN_MAX)));
}
END_TEST

/* Values by Python's codec "punycode" and by RFC 3492 7.1. */
static const struct {
	const char *unicode, *ascii;
} labels[] = {
    {"B\xc3\xbc"
     "cher",
	"xn--bcher-kva"},
    {"\xc3\xbc", "xn--tda"},
    {"\xe4\xbb\x96\xe4\xbb\xac\xe4\xb8\xba\xe4\xbb\x80\xe4\xb9\x88\xe4\xb8"
     "\x8d\xe8\xaf\xb4\xe4\xb8\xad\xe6\x96\x87",
	"xn--ihqwcrb4cv8a8dqg056pqjye"},
    {"3\xe5\xb9\xb4"
     "b\xe7\xb5\x84\xe9\x87\x91\xe5\x85\xab\xe5\x85\x88\xe7\x94\x9f",
	"xn--3b-ww4c5e180e575a65lsy2b"},
    {"\xf0\x9f\x98\x80", "xn--e28h"},
};

START_TEST(encodes_punycode)
{
	struct domain d;

	ck_assert(domain_normalise(bytes_of_str(labels[_i].unicode), &d));
	unit_assert_bytes(
	    bytes_of(d.text, d.len), bytes_of_str(labels[_i].ascii));
}
END_TEST

START_TEST(bounds_punycode)
{
	uint8_t text[400];
	struct domain d;
	size_t i, n;

	/* U+10FFFF and U+0080 in turn: the largest deltas */
	for (i = 0, n = 0; i < 30; i++) {
		memcpy(text + n, "\xf4\x8f\xbf\xbf", 4);
		memcpy(text + n + 4, "\xc2\x80", 2);
		n += 6;
		domain_normalise(bytes_of(text, n), &d);
	}
	ck_assert(!domain_normalise(bytes_of(text, n), &d));
	memset(text, 'a', sizeof(text));
	ck_assert(domain_normalise(bytes_of(text, 63), &d));
	ck_assert(!domain_normalise(bytes_of(text, 64), &d));
	for (i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	ck_assert(domain_normalise(bytes_of(text, 253), &d));
	ck_assert(!domain_normalise(bytes_of(text, 257), &d));
}
END_TEST

static const struct {
	const char *cert, *address;
	enum address_match want;
} matches[] = {
    {"leaf", "alice@example.org", ADDRESS_MATCH},
    {"leaf", "alice@Example.ORG", ADDRESS_MATCH},
    {"leaf", "bob@example.org", ADDRESS_MISMATCH},
    {"leaf", "", ADDRESS_MISMATCH},
    {"leaf-addresses", "a2@example.org", ADDRESS_MATCH},
    {"leaf-addresses",
	"a1@b\xc3\xbc"
	"cher.example",
	ADDRESS_MATCH},
    {"leaf-addresses", "\xc3\xa4lice@example.org", ADDRESS_MATCH},
    {"leaf-dn-email", "alice@example.org", ADDRESS_MATCH},
    {"leaf-no-email", "alice@example.org", ADDRESS_NONE},
};

START_TEST(matches_certificates)
{
	struct cert *c = unit_cert(matches[_i].cert);

	ck_assert_int_eq(
	    address_match_cert(c, bytes_of_str(matches[_i].address)),
	    matches[_i].want);
	cert_free(c);
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))

static Suite *
suite(void)
{
	Suite *s = suite_create("address");
	TCase *t = tcase_create("address");

	tcase_add_loop_test(t, compares, 0, N(pairs));
	tcase_add_loop_test(t, normal_forms_compare, 0, N(pairs));
	tcase_add_test(t, a_nul_hides_nothing);
	tcase_add_loop_test(t, checks, 0, N(texts));
	tcase_add_test(t, has_a_limit);
	tcase_add_loop_test(t, encodes_punycode, 0, N(labels));
	tcase_add_test(t, bounds_punycode);
	tcase_add_loop_test(t, matches_certificates, 0, N(matches));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
