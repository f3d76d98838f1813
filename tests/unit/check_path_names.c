#include <string.h>

#include "client/pkix/path_int.h"
#include "tests/unit/unit_cert.h"

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))

static struct path_ctx ctx;
static struct buf ext_value, san_value;

static void
setup(void)
{
	ctx = (struct path_ctx){.work = 0};
	ext_value = san_value = (struct buf){0};
}

static void
teardown(void)
{
	buf_clear(&ext_value);
	buf_clear(&san_value);
}

/* form is the tag's number: 1 rfc822, 2 dns, 6 uri, 7 ip (as hex). */
static void
put_general_name(struct buf *b, int form, const char *text)
{
	struct bytes value = form == 7 ? unit_hex(text) : bytes_of_str(text);
	size_t mark, inner;

	if (form != 9) {
		der_put(b, DER_CONTEXT(form), value);
		return;
	}
	mark = der_open(b, DER_CONTEXT_C(0));
	der_put_oid(b, OID_ON_SMTP_UTF8_MAILBOX);
	inner = der_open(b, DER_CONTEXT_C(0));
	der_put(b, DER_UTF8_STRING, value);
	der_close(b, inner);
	der_close(b, mark);
}

static void
put_constraints(int form, const char *base, bool is_excluded)
{
	size_t outer, list, tree;

	outer = der_open(&ext_value, DER_SEQUENCE);
	list = der_open(&ext_value, DER_CONTEXT_C(is_excluded ? 1 : 0));
	tree = der_open(&ext_value, DER_SEQUENCE);
	put_general_name(&ext_value, form, base);
	der_close(&ext_value, tree);
	der_close(&ext_value, list);
	der_close(&ext_value, outer);
}

static int
check(int form, const char *name, struct err *e)
{
	struct unit_extension san = {.oid = OID_CE_SUBJECT_ALT_NAME};
	struct name_constraints nc;
	struct cert *c;
	size_t list;
	int r;

	list = der_open(&san_value, DER_SEQUENCE);
	put_general_name(&san_value, form, name);
	der_close(&san_value, list);
	san.value = buf_get(&san_value);
	c = unit_cert_make("CA", "", 1, &san, 1);
	unit_assert_code(
	    name_constraints_decode(buf_get(&ext_value), &nc, e), 0);
	r = name_constraints_check(&ctx, &nc, c, e);
	cert_free(c);
	return r;
}

/* What the base matches: M; not: -; cannot be compared: ?. */
static const struct {
	int base_form;
	const char *base;
	int form;
	const char *name;
	char want;
} trees[] = {
    {1, "a@example.org", 1, "a@example.org", 'M'},
    {1, "a@example.org", 1, "a@EXAMPLE.org", 'M'},
    {1, "a@example.org", 1, "A@example.org", '-'},
    {1, "a@example.org", 1, "b@example.org", '-'},
    {1, "example.org", 1, "a@example.org", 'M'},
    {1, "example.org", 1, "a@Example.ORG", 'M'},
    {1, "example.org", 1, "a@mail.example.org", '-'},
    {1, "example.org", 1, "a@badexample.org", '-'},
    {1, "example.org", 1, "\"x@example.org\"@evil.test", '-'},
    {1, ".example.org", 1, "a@mail.example.org", 'M'},
    {1, ".example.org", 1, "a@a.mail.example.org", 'M'},
    {1, ".example.org", 1, "a@example.org", '-'},
    {1, ".example.org", 1, "a@badexample.org", '-'},
    {1, "example.org", 1, "no address", '?'},
    {1, "example.org", 1, "@example.org", '?'},
    {1, "example.org", 1, "a@", '?'},
    {1, "example.org", 1, "a@example.org\x01", '?'},
    {1, "example.org", 2, "example.org", '0'},
    {1, "xn--bcher-kva.example", 9,
	"a@b\xc3\xbc"
	"cher.example",
	'M'},
    {1, "example.org", 9, "\xc3\xa4@example.org", 'M'},
    {1, "example.com", 9, "\xc3\xa4@example.org", '-'},
    {9, "\xc3\xa4@example.org", 9, "\xc3\xa4@example.org", '?'},
    {2, "example.org", 2, "example.org", 'M'},
    {2, "example.org", 2, "EXAMPLE.org.", 'M'},
    {2, "example.org", 2, "a.b.example.org", 'M'},
    {2, "example.org", 2, "badexample.org", '-'},
    {2, "example.org", 2, "org", '-'},
    {2, ".example.org", 2, "a.example.org", 'M'},
    {2, ".example.org", 2, "example.org", '-'},
    {2, "example.org", 2, "*.example.org", 'M'},
    {2, "", 2, "example.org", 'M'},
    {2, "example.org", 2, "a..b", '?'},
    {6, "example.org", 6, "https://example.org/x", 'M'},
    {6, "example.org", 6, "https://u:p@EXAMPLE.org:443?x", 'M'},
    {6, "example.org", 6, "https://a.example.org/", '-'},
    {6, "example.org", 6, "https://evil.test/https://example.org", '-'},
    {6, "example.org", 6, "https://evil.test#@example.org", '-'},
    {6, ".example.org", 6, "https://a.example.org/", 'M'},
    {6, ".example.org", 6, "https://example.org/", '-'},
    {6, "example.org", 6, "mailto:a@example.org", '?'},
    {6, "example.org", 6, "urn:x", '?'},
    {6, "example.org", 6, "https://192.0.2.1/", '?'},
    {6, "example.org", 6, "https://[2001:db8::1]/", '?'},
    {6, "example.org", 6, "https:///x", '?'},
    {7, "c0 00 02 00 ff ff ff 00", 7, "c0 00 02 07", 'M'},
    {7, "c0 00 02 00 ff ff ff 00", 7, "c0 00 03 07", '-'},
    {7, "c0 00 02 00 ff ff ff 00", 7,
	"20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01", '-'},
    {7, "c0 00 02 00 ff ff ff", 7, "c0 00 02 07", '?'},
    {7, "c0 00 02 00 ff ff ff 00", 7, "c0 00 02", '?'},
    {8, "\x2a\x03", 8, "\x2a\x03", '?'},
    {8, "\x2a\x03", 1, "a@example.org", '0'},
};

static void
assert_tree(int i, bool is_excluded)
{
	struct err e = ERR_INIT;
	/* '0': another form, not constrained at all */
	bool is_bad =
	    trees[i].want == '?' || trees[i].want == (is_excluded ? 'M' : '-');
	int r;

	put_constraints(trees[i].base_form, trees[i].base, is_excluded);
	r = check(trees[i].form, trees[i].name, &e);
	ck_assert_msg(r == (is_bad ? -CS_ERR_PATH : 0), "%s in %s: %s %s",
	    trees[i].name, trees[i].base, err_name(r), e.text);
	if (is_bad)
		ck_assert_msg(
		    strstr(e.text, trees[i].want == '?' ? "cannot be compared"
				   : is_excluded	? "is excluded"
						 : "is not permitted") != NULL,
		    "%s", e.text);
}

START_TEST(permits)
{
	assert_tree(_i, false);
}
END_TEST

START_TEST(excludes)
{
	assert_tree(_i, true);
}
END_TEST

/* Not defined by the standard: decided for refusing. */
START_TEST(decides_odd_bases)
{
	struct err e = ERR_INIT;

	put_constraints(1, "", _i % 2 == 0);
	unit_assert_code(check(1, "a@example.org", &e), -CS_ERR_PATH);
	teardown();
	setup();
	put_constraints(2, "a.example.org", true);
	unit_assert_code(check(2, "*.example.org", &e), -CS_ERR_PATH);
}
END_TEST

static const char *const broken[] = {
    "30 00",
    "30 02 a0 00",
    "30 02 a2 00",
    "30 04 a0 02 30 00",
    "30 07 a0 05 30 03 82 01 61 00",
    /* minimum 1; a maximum */
    "30 0a a0 08 30 06 82 01 61 80 01 01",
    "30 0a a0 08 30 06 82 01 61 81 01 05",
    "30 07 a0 05 30 03 9f 01 61",
};

START_TEST(refuses_broken_ones)
{
	struct name_constraints nc;
	struct err e = ERR_INIT;

	unit_assert_code(name_constraints_decode(unit_hex(broken[_i]), &nc, &e),
	    -CS_ERR_PATH);
	ck_assert_int_ne(e.text[0], '\0');
}
END_TEST

START_TEST(takes_an_explicit_minimum)
{
	struct name_constraints nc;

	unit_assert_code(
	    name_constraints_decode(
		unit_hex("30 0a a0 08 30 06 82 01 61 80 01 00"), &nc, NULL),
	    0);
}
END_TEST

/* 2,000 names by 2,000 subtrees: given up, not computed. */
START_TEST(gives_up)
{
	struct unit_extension san = {.oid = OID_CE_SUBJECT_ALT_NAME};
	struct name_constraints nc;
	struct err e = ERR_INIT;
	size_t outer, list, tree, i;
	struct cert *c;

	outer = der_open(&ext_value, DER_SEQUENCE);
	list = der_open(&ext_value, DER_CONTEXT_C(1));
	for (i = 0; i < 2000; i++) {
		tree = der_open(&ext_value, DER_SEQUENCE);
		put_general_name(&ext_value, 1, "a@example.com");
		der_close(&ext_value, tree);
	}
	der_close(&ext_value, list);
	der_close(&ext_value, outer);
	list = der_open(&san_value, DER_SEQUENCE);
	for (i = 0; i < 2000; i++)
		put_general_name(&san_value, 1, "a@example.org");
	der_close(&san_value, list);
	san.value = buf_get(&san_value);
	c = unit_cert_make("CA", "", 1, &san, 1);
	unit_assert_code(
	    name_constraints_decode(buf_get(&ext_value), &nc, &e), 0);
	unit_assert_code(
	    name_constraints_check(&ctx, &nc, c, &e), -CS_ERR_NO_PATH);
	cert_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("path_names");
	TCase *t = tcase_create("path_names");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, permits, 0, N(trees));
	tcase_add_loop_test(t, excludes, 0, N(trees));
	tcase_add_loop_test(t, decides_odd_bases, 0, 2);
	tcase_add_loop_test(t, refuses_broken_ones, 0, N(broken));
	tcase_add_test(t, takes_an_explicit_minimum);
	tcase_add_test(t, gives_up);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
