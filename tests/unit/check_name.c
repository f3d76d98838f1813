#include "asn1/name.h"
#include "tests/unit/unit.h"

#include <string.h>

/* One attribute: type 2.5.4.x, a string tag and its content. */
struct part {
	enum oid type;
	int tag;
	const char *content;
	bool joins; /* the RDN of the part before */
};

static void
put_ava(struct buf *b, enum oid type, int tag, struct bytes content)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_oid(b, type);
	der_put(b, tag, content);
	der_close(b, mark);
}

/* A name of parts, up to one without content. */
static void
make(struct buf *b, const struct part *parts)
{
	size_t name = der_open(b, DER_SEQUENCE), set = DER_MARK_NONE;

	for (; parts->content != NULL; parts++) {
		if (!parts->joins)
			set = der_open(b, DER_SET);
		put_ava(
		    b, parts->type, parts->tag, bytes_of_str(parts->content));
		if (parts[1].content == NULL || !parts[1].joins)
			ck_assert_int_eq(der_close_set_of(b, set), 0);
	}
	der_close(b, name);
	ck_assert_int_eq(b->err, 0);
}

static void
make_one(struct buf *b, enum oid type, int tag, struct bytes content)
{
	size_t name = der_open(b, DER_SEQUENCE), set = der_open(b, DER_SET);

	put_ava(b, type, tag, content);
	der_close(b, set);
	der_close(b, name);
}

#define P DER_PRINTABLE_STRING
#define U DER_UTF8_STRING
#define I DER_IA5_STRING
#define T DER_TELETEX_STRING

static const struct {
	struct part a[4];
	struct part b[4];
	bool is_equal;
} pairs[] = {
    {{{OID_AT_CN, P, "Alice", 0}}, {{OID_AT_CN, U, "Alice", 0}}, true},
    {{{OID_AT_CN, P, "ALICE", 0}}, {{OID_AT_CN, U, "alice", 0}}, true},
    {{{OID_AT_CN, P, "  Alice   B ", 0}}, {{OID_AT_CN, U, "alice b", 0}}, true},
    {{{OID_AT_CN, U, "a\tb\xc2\xa0 c", 0}}, {{OID_AT_CN, U, "A B C", 0}}, true},
    {{{OID_AT_CN, U, "\xc3\x84\xc5\x81\xce\xa3\xd0\x96\xd0\x81\xc5\xb8", 0}},
	{{OID_AT_CN, U, "\xc3\xa4\xc5\x82\xcf\x83\xd0\xb6\xd1\x91\xc3\xbf", 0}},
	true},
    {{{OID_AT_CN, U, "", 0}}, {{OID_AT_CN, P, "   ", 0}}, true},
    {{{OID_AT_CN, P, "AliceB", 0}}, {{OID_AT_CN, P, "Alice B", 0}}, false},
    {{{OID_AT_CN, P, "Alice", 0}}, {{OID_AT_O, P, "Alice", 0}}, false},
    {{{OID_AT_CN, P, "Alice", 0}}, {{OID_AT_CN, P, "Alic", 0}}, false},
    {{{OID_AT_CN, U, "\xc3\x97", 0}}, {{OID_AT_CN, U, "\xc3\xb7", 0}}, false},
    /* other types: octet by octet */
    {{{OID_AT_CN, T, "Alice", 0}}, {{OID_AT_CN, T, "Alice", 0}}, true},
    {{{OID_AT_CN, T, "Alice", 0}}, {{OID_AT_CN, T, "alice", 0}}, false},
    {{{OID_AT_CN, T, "Alice", 0}}, {{OID_AT_CN, P, "Alice", 0}}, false},
    {{{OID_AT_EMAIL, I, "a@b", 0}}, {{OID_AT_EMAIL, I, "A@b", 0}}, false},
    {{{OID_AT_DC, I, "Example", 0}}, {{OID_AT_DC, I, "example", 0}}, true},
    /* what is no UTF-8 is compared as it is */
    {{{OID_AT_CN, U, "\xff", 0}}, {{OID_AT_CN, U, "\xff", 0}}, true},
    {{{OID_AT_CN, U, "A\xff", 0}}, {{OID_AT_CN, U, "a\xff", 0}}, false},
    /* RDNs in order, attributes of one RDN in any */
    {{{OID_AT_C, P, "DE", 0}, {OID_AT_CN, P, "A", 0}},
	{{OID_AT_CN, P, "A", 0}, {OID_AT_C, P, "DE", 0}}, false},
    {{{OID_AT_O, P, "b", 0}, {OID_AT_O, U, "A", 1}},
	{{OID_AT_O, U, "a", 0}, {OID_AT_O, P, "B", 1}}, true},
    {{{OID_AT_C, P, "DE", 0}, {OID_AT_CN, P, "A", 1}},
	{{OID_AT_C, P, "DE", 0}, {OID_AT_CN, P, "A", 0}}, false},
    {{{OID_AT_C, P, "DE", 0}}, {{0, 0, NULL, 0}}, false},
    {{{0, 0, NULL, 0}}, {{0, 0, NULL, 0}}, true},
};

START_TEST(names_are_compared)
{
	struct buf a = {0}, b = {0}, x = {0}, y = {0};

	make(&a, pairs[_i].a);
	make(&b, pairs[_i].b);
	ck_assert(
	    name_is_equal(buf_get(&a), buf_get(&b)) == pairs[_i].is_equal);
	ck_assert(
	    name_is_equal(buf_get(&b), buf_get(&a)) == pairs[_i].is_equal);
	ck_assert(name_is_equal(buf_get(&a), buf_get(&a)));
	unit_assert_code(name_normalise(&x, buf_get(&a)), 0);
	unit_assert_code(name_normalise(&y, buf_get(&b)), 0);
	ck_assert(
	    bytes_is_equal(buf_get(&x), buf_get(&y)) == pairs[_i].is_equal);
	/* a normal form is its own */
	buf_reset(&y);
	unit_assert_code(name_normalise(&y, buf_get(&x)), 0);
	unit_assert_bytes(buf_get(&y), buf_get(&x));
	buf_clear(&a);
	buf_clear(&b);
	buf_clear(&x);
	buf_clear(&y);
}
END_TEST

static const struct {
	struct part parts[4];
	const char *text;
} texts[] = {
    {{{0, 0, NULL, 0}}, ""},
    {{{OID_AT_C, P, "DE", 0}, {OID_AT_O, U, "X", 0}, {OID_AT_CN, P, "A", 0}},
	"CN=A,O=X,C=DE"},
    {{{OID_AT_O, P, "X", 0}, {OID_AT_CN, P, "A", 1}}, "CN=A+O=X"},
    /* RFC 4514 4 */
    {{{OID_AT_DC, I, "net", 0}, {OID_AT_DC, I, "example", 0},
	 {OID_AT_CN, U, "James \"Jim\" Smith, III", 0}},
	"CN=James \\\"Jim\\\" Smith\\, III,DC=example,DC=net"},
    {{{OID_AT_CN, U, "Lu\xc4\x8di\xc4\x87", 0}}, "CN=Lu\xc4\x8di\xc4\x87"},
    {{{OID_AT_CN, U, " #a ", 0}}, "CN=\\ #a\\ "},
    {{{OID_AT_CN, U, " ", 0}}, "CN=\\ "},
    {{{OID_AT_CN, U, "#", 0}}, "CN=\\#"},
    {{{OID_AT_CN, U, "a+b;c<d>e\\", 0}}, "CN=a\\+b\\;c\\<d\\>e\\\\"},
    /* a line end, an escape sequence, and text turned around */
    {{{OID_AT_CN, U, "a\r\n\x1b[1m\xe2\x80\xae", 0}},
	"CN=a\\0d\\0a\\1b[1m\\e2\\80\\ae"},
    {{{OID_AT_CN, T, "M\xfcller", 0}}, "CN=M\xc3\xbcller"},
    /* no string, or no UTF-8 */
    {{{OID_AT_CN, DER_NULL, "", 0}}, "CN=#0500"},
    {{{OID_AT_CN, U, "\xff", 0}}, "CN=#0c01ff"},
    {{{OID_AT_CN, P, "\xe4", 0}}, "CN=#1301e4"},
    /* an OID that is known, but not as an attribute type */
    {{{OID_MD5, U, "a", 0}}, "1.2.840.113549.2.5=#0c0161"},
};

START_TEST(names_are_written)
{
	struct buf name = {0}, text = {0};

	make(&name, texts[_i].parts);
	buf_add_str(&text, "");
	unit_assert_code(name_format(&text, buf_get(&name)), 0);
	unit_assert_bytes(buf_get(&text), bytes_of_str(texts[_i].text));
	ck_assert(name_is_empty(buf_get(&name)) == (texts[_i].text[0] == 0));
	buf_clear(&name);
	buf_clear(&text);
}
END_TEST

static const struct {
	int tag;
	const char *hex;
	const char *utf8; /* NULL: refused */
} strings[] = {
    {DER_UTF8_STRING, "61 c3 a4", "a\xc3\xa4"},
    {DER_UTF8_STRING, "", ""},
    {DER_UTF8_STRING, "c0 80", NULL},
    {DER_UTF8_STRING, "61 00", NULL},
    {DER_UTF8_STRING, "ed a0 80", NULL},
    {DER_UTF8_STRING, "f4 90 80 80", NULL},
    {DER_PRINTABLE_STRING, "61 62", "ab"},
    {DER_PRINTABLE_STRING, "61 00", NULL},
    {DER_PRINTABLE_STRING, "e4", NULL},
    {DER_NUMERIC_STRING, "31", "1"},
    {DER_VISIBLE_STRING, "61", "a"},
    {DER_IA5_STRING, "61 40 62", "a@b"},
    {DER_IA5_STRING, "80", NULL},
    {DER_TELETEX_STRING, "e4 61",
	"\xc3\xa4"
	"a"},
    {DER_TELETEX_STRING, "00", NULL},
    {DER_BMP_STRING, "00 61 00 e4 20 ac", "a\xc3\xa4\xe2\x82\xac"},
    {DER_BMP_STRING, "d8 3d de 00", "\xf0\x9f\x98\x80"},
    {DER_BMP_STRING, "d8 3d", NULL},
    {DER_BMP_STRING, "d8 3d 00 61", NULL},
    {DER_BMP_STRING, "de 00", NULL},
    {DER_BMP_STRING, "00 61 00", NULL},
    {DER_BMP_STRING, "00 00", NULL},
    {DER_UNIVERSAL_STRING, "00 01 f6 00", "\xf0\x9f\x98\x80"},
    {DER_UNIVERSAL_STRING, "00 11 00 00", NULL},
    {DER_UNIVERSAL_STRING, "00 00 d8 00", NULL},
    {DER_UNIVERSAL_STRING, "00 61", NULL},
    {DER_OCTET_STRING, "61", NULL},
    {DER_BIT_STRING, "00 61", NULL},
};

START_TEST(strings_become_utf8)
{
	struct buf b = {0};

	buf_add_str(&b, "x");
	unit_assert_code(
	    name_string_to_utf8(&b, strings[_i].tag, unit_hex(strings[_i].hex)),
	    strings[_i].utf8 != NULL ? 0 : -CS_ERR_ENCODING);
	buf_consume(&b, 1);
	unit_assert_bytes(buf_get(&b), bytes_of_str(strings[_i].utf8));
	buf_clear(&b);
}
END_TEST

static int
collect(void *ctx, struct bytes utf8)
{
	buf_add_bytes(ctx, utf8);
	buf_add_str(ctx, ";");
	return bytes_is_equal(utf8, BYTES_LIT("stop")) ? -CS_ERR_POLICY : 0;
}

START_TEST(values_are_found)
{
	static const struct part parts[] = {
	    {OID_AT_OU, P, "one", 0},
	    {OID_AT_CN, P, "x", 0},
	    {OID_AT_OU, T, "zw\xf6lf", 1},
	    {OID_AT_OU, DER_NULL, "", 0},
	    {0, 0, NULL, 0},
	};
	struct buf name = {0}, got = {0};

	make(&name, parts);
	ck_assert(name_get_last(buf_get(&name), OID_AT_OU, &got));
	unit_assert_bytes(buf_get(&got), BYTES_LIT("zw\xc3\xb6lf"));
	ck_assert(!name_get_last(buf_get(&name), OID_AT_C, &got));
	buf_reset(&got);
	unit_assert_code(
	    name_walk(buf_get(&name), OID_AT_OU, collect, &got), 0);
	unit_assert_bytes(buf_get(&got), BYTES_LIT("one;zw\xc3\xb6lf;"));
	buf_reset(&name);
	buf_reset(&got);
	make_one(&name, OID_AT_CN, U, BYTES_LIT("stop"));
	unit_assert_code(name_walk(buf_get(&name), OID_AT_CN, collect, &got),
	    -CS_ERR_POLICY);
	buf_reset(&name);
	buf_reset(&got);
	make_one(&name, OID_AT_CN, U, BYTES_NONE);
	ck_assert(name_get_last(buf_get(&name), OID_AT_CN, &got));
	ck_assert_uint_eq(got.len, 0);
	buf_clear(&name);
	buf_clear(&got);
}
END_TEST

static const struct {
	const char *hex;
	int code;
} bad[] = {
    {"", -CS_ERR_TRUNCATED},
    {"31 00", -CS_ERR_ENCODING},
    {"30 02 31 00", -CS_ERR_ENCODING}, /* an RDN without attributes */
    {"30 02 30 00", -CS_ERR_ENCODING},
    {"30 04 31 02 30 00", -CS_ERR_TRUNCATED},
    {"30 09 31 07 30 05 06 03 55 04 03", -CS_ERR_TRUNCATED},
    {"30 0d 31 0b 30 09 06 03 55 04 03 0c 00 0c 00", -CS_ERR_TRAILING},
    {"30 0b 31 09 30 07 06 03 55 04 83 0c 00", -CS_ERR_ENCODING},
    {"30 00 00", -CS_ERR_TRAILING},
};

START_TEST(broken_names_are_refused)
{
	struct bytes name = unit_hex(bad[_i].hex), empty = unit_hex("30 00");
	struct err e = ERR_INIT;
	struct buf b = {0};

	unit_assert_code(name_check(name, &e), bad[_i].code);
	ck_assert_int_eq(e.code, bad[_i].code);
	unit_assert_code(name_format(&b, name), bad[_i].code);
	unit_assert_code(name_normalise(&b, name), bad[_i].code);
	unit_assert_code(name_walk(name, OID_AT_CN, collect, &b), bad[_i].code);
	ck_assert(!name_get_last(name, OID_AT_CN, &b));
	ck_assert(!name_is_equal(name, empty));
	ck_assert(!name_is_empty(name));
	ck_assert_uint_eq(b.len, 0);
	buf_clear(&b);
}
END_TEST

/* A name of so many RDNs with so many attributes each. */
static int
check_big(size_t rdns, size_t avas)
{
	struct buf b = {0};
	size_t name = der_open(&b, DER_SEQUENCE), set, i, j;
	int r;

	for (i = 0; i < rdns; i++) {
		set = der_open(&b, DER_SET);
		for (j = 0; j < avas; j++)
			put_ava(&b, OID_AT_CN, U, BYTES_LIT("x"));
		der_close(&b, set);
	}
	der_close(&b, name);
	r = name_check(buf_get(&b), NULL);
	buf_clear(&b);
	return r;
}

START_TEST(names_have_limits)
{
	unit_assert_code(check_big(NAME_RDN_MAX, 1), 0);
	unit_assert_code(check_big(NAME_RDN_MAX + 1, 1), -CS_ERR_TOO_LARGE);
	unit_assert_code(check_big(1, NAME_AVA_MAX), 0);
	unit_assert_code(check_big(1, NAME_AVA_MAX + 1), -CS_ERR_TOO_LARGE);
}
END_TEST

/* Text, and what name_format makes of the name; NULL: it is none. */
static const struct {
	const char *text;
	const char *again;
} parses[] = {
    {"", ""},
    {"CN=Alice,O=Example,C=DE", "CN=Alice,O=Example,C=DE"},
    {" cn = x", NULL},
    {" cn=Alice Example , o = x", NULL},
    {"cn=Alice  Example , O=Ex ", "CN=Alice  Example,O=Ex"},
    {"CN=a;O=b", "CN=a,O=b"},
    {"CN=a+UID=b,DC=example,DC=org", "CN=a+UID=b,DC=example,DC=org"},
    {"CN=B\xc3\xb6rge", "CN=B\xc3\xb6rge"},
    {"CN=B\\C3\\B6rge", "CN=B\xc3\xb6rge"},
    {"CN=a\\, b\\+c\\\\", "CN=a\\, b\\+c\\\\"},
    {"CN=a\\ ", "CN=a\\ "},
    {"E=a@example.org", "emailAddress=a@example.org"},
    {"emailAddress=a@example.org", "emailAddress=a@example.org"},
    {"2.5.4.3=a", "CN=a"},
    {"2.5.4.97=VATDE-1,C=DE", "2.5.4.97=#0c0756415444452d31,C=DE"},
    {"serialNumber=12-3", "serialNumber=12-3"},
    {"CN", NULL},
    {"CN=", NULL},
    {"CN= ", NULL},
    {"=a", NULL},
    {"CN=a,", NULL},
    {"CN=a+", NULL},
    {"/CN=a", NULL},
    {"C=DEU", NULL},
    {"C=\xc3\xb6", NULL},
    {"E=\xc3\xb6@example.org", NULL},
    {"serialNumber=a*b", NULL},
    {"CN=a\\", NULL},
    {"CN=a\\x", NULL},
    {"CN=a\\C3", NULL},
    {"CN=a\\00", NULL},
    {"CN=\"a\"", NULL},
    {"CN=#0c0161", NULL},
    {"nothing=a", NULL},
    {"sha256=a", NULL},
};

START_TEST(parses_text)
{
	struct buf name = {0}, text = {0};
	struct err e = ERR_INIT;
	int r;

	buf_add_str(&name, "x");
	r = name_parse(&name, parses[_i].text, &e);
	if (parses[_i].again == NULL) {
		ck_assert_msg(r == -CS_ERR_ARGUMENT, "%s", parses[_i].text);
		ck_assert_int_eq(e.code, r);
		ck_assert_uint_eq(name.len, 1);
	} else {
		ck_assert_msg(r == 0, "%s: %s", parses[_i].text, e.text);
		buf_consume(&name, 1);
		ck_assert_int_eq(name_check(buf_get(&name), NULL), 0);
		ck_assert_int_eq(name_format(&text, buf_get(&name)), 0);
		ck_assert_msg(bytes_is_equal(buf_get(&text),
				  bytes_of_str(parses[_i].again)),
		    "%.*s", (int)text.len, (const char *)text.data);
	}
	buf_clear(&name);
	buf_clear(&text);
}
END_TEST

START_TEST(parses_no_endless_text)
{
	char text[4 * (NAME_RDN_MAX + 1) + 16];
	struct buf name = {0};
	size_t i;

	text[0] = '\0';
	for (i = 0; i <= NAME_RDN_MAX; i++)
		strcat(text, i == 0 ? "O=a" : ",O=a");
	ck_assert_int_eq(name_parse(&name, text, NULL), -CS_ERR_ARGUMENT);
	buf_clear(&name);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *tcase = tcase_create("name");

	unit_add_loop(tcase, names_are_compared, pairs);
	unit_add_loop(tcase, names_are_written, texts);
	unit_add_loop(tcase, strings_become_utf8, strings);
	tcase_add_test(tcase, values_are_found);
	unit_add_loop(tcase, broken_names_are_refused, bad);
	unit_add_loop(tcase, parses_text, parses);
	tcase_add_test(tcase, parses_no_endless_text);
	tcase_add_test(tcase, names_have_limits);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
