#include <string.h>

#include "asn1/ess_label.h"
#include "asn1/oid.h"
#include "tests/unit/unit.h"

#define POLICY "06 03 2a 03 04 " /* 1.2.3.4 */
/* a category of type 1.2.5, whose value is NULL */
#define CATEGORY "30 08 80 02 2a 05 a1 02 05 00 "

static const struct ess_label whole = {
    .policy = {(const uint8_t *)"\x2a\x03\x04", 3},
    .classification = 3,
    .mark = {(const uint8_t *)"EYES ONLY", 9},
};

static const struct {
	const char *what, *hex;
	int code;
} labels[] = {
    {"a policy alone", "31 05 " POLICY, 0},
    {"with 256", "31 09 02 02 01 00 " POLICY, 0},
    {"in another order", "31 08 " POLICY "02 01 03", 0},
    {"a mark in UTF-8", "31 09 " POLICY "0c 02 c3 a4", 0},
    {"a mark in UTF-8 first", "31 09 0c 02 c3 a4 " POLICY, 0},
    {"a mark that is printable", "31 08 " POLICY "13 01 41", 0},
    {"a category", "31 11 " POLICY "31 0a " CATEGORY, 0},
    {"two categories", "31 1b " POLICY "31 14 " CATEGORY CATEGORY, 0},
    {"nothing", "", -CS_ERR_TRUNCATED},
    {"no policy", "31 03 02 01 03", -CS_ERR_ENCODING},
    {"an empty SET", "31 00", -CS_ERR_ENCODING},
    {"a SEQUENCE", "30 05 " POLICY, -CS_ERR_ENCODING},
    {"two policies", "31 0a " POLICY POLICY, -CS_ERR_ENCODING},
    {"two classifications", "31 0b 02 01 01 02 01 01 " POLICY,
	-CS_ERR_ENCODING},
    {"two marks of two kinds", "31 0b " POLICY "0c 01 41 13 01 41",
	-CS_ERR_ENCODING},
    {"two sets of categories",
	"31 1d " POLICY "31 0a " CATEGORY "31 0a " CATEGORY, -CS_ERR_ENCODING},
    {"257", "31 09 02 02 01 01 " POLICY, -CS_ERR_TOO_LARGE},
    {"-1", "31 08 02 01 ff " POLICY, -CS_ERR_ENCODING},
    {"a long form", "31 09 02 02 00 03 " POLICY, -CS_ERR_NOT_DER},
    {"an empty mark", "31 07 " POLICY "0c 00", -CS_ERR_ENCODING},
    {"an empty printable mark", "31 07 " POLICY "13 00", -CS_ERR_ENCODING},
    {"a mark that is not UTF-8", "31 08 " POLICY "0c 01 ff", -CS_ERR_ENCODING},
    {"a mark with NUL", "31 08 " POLICY "0c 01 00", -CS_ERR_ENCODING},
    {"an asterisk is not printable", "31 08 " POLICY "13 01 2a",
	-CS_ERR_ENCODING},
    {"a mark as IA5String", "31 08 " POLICY "16 01 41", -CS_ERR_ENCODING},
    {"no categories in their set", "31 07 " POLICY "31 00", -CS_ERR_ENCODING},
    {"a category without a value", "31 0d " POLICY "31 06 30 04 80 02 2a 05",
	-CS_ERR_TRUNCATED},
    {"a category with two values",
	"31 13 " POLICY "31 0c 30 0a 80 02 2a 05 a1 04 05 00 05 00",
	-CS_ERR_TRAILING},
    {"a category without a whole arc",
	"31 11 " POLICY "31 0a 30 08 80 02 2a 85 a1 02 05 00",
	-CS_ERR_ENCODING},
    {"something behind", "31 05 " POLICY "05 00", -CS_ERR_TRAILING},
};

START_TEST(labels_are_read)
{
	struct ess_label label;
	int code = ess_label_decode(unit_hex(labels[_i].hex), &label);

	ck_assert_msg(code == labels[_i].code, "%s: %s, not %s",
	    labels[_i].what, err_name(code), err_name(labels[_i].code));
	ck_assert_msg(
	    (label.policy.len != 0) == (code == 0), "%s", labels[_i].what);
}
END_TEST

START_TEST(what_is_not_there_is_empty)
{
	struct ess_label label;

	unit_assert_code(
	    ess_label_decode(unit_hex("31 05 " POLICY), &label), 0);
	unit_assert_bytes(label.policy, whole.policy);
	ck_assert_int_eq(label.classification, ESS_CLASSIFICATION_NONE);
	ck_assert_uint_eq(label.mark.len, 0);
	ck_assert_uint_eq(label.categories.len, 0);
}
END_TEST

static void
put_categories(struct buf *b, size_t n)
{
	struct ess_category category = {
	    BYTES_LIT("\x2a\x05"), unit_hex("05 00")};

	while (n-- > 0)
		der_put_category(b, &category);
	ck_assert_int_eq(b->err, 0);
}

START_TEST(labels_come_back)
{
	struct ess_label in = whole, out;
	struct ess_category category;
	struct buf b = {0}, categories = {0};
	struct der d;

	put_categories(&categories, 2);
	in.categories = buf_get(&categories);
	der_put_label(&b, &in);
	unit_assert_bytes(buf_get(&b),
	    unit_hex("31 29 02 01 03 " POLICY "31 14 " CATEGORY CATEGORY
		     "13 09 45 59 45 53 20 4f 4e 4c 59"));
	unit_assert_code(ess_label_decode(buf_get(&b), &out), 0);
	unit_assert_bytes(out.policy, in.policy);
	ck_assert_int_eq(out.classification, 3);
	unit_assert_bytes(out.mark, in.mark);
	der_init(&d, out.categories);
	ck_assert(ess_category_next(&d, &category));
	unit_assert_bytes(category.type, BYTES_LIT("\x2a\x05"));
	unit_assert_bytes(category.value, unit_hex("05 00"));
	ck_assert(ess_category_next(&d, &category));
	ck_assert(!ess_category_next(&d, &category));
	ck_assert_int_eq(der_end(&d), 0);
	buf_clear(&categories);
	buf_clear(&b);
}
END_TEST

/* UTF8String stands before the categories, and PrintableString behind. */
START_TEST(elements_are_in_order)
{
	struct ess_label in = whole;
	struct buf b = {0}, categories = {0};

	put_categories(&categories, 1);
	in.categories = buf_get(&categories);
	in.mark = BYTES_LIT("\xc3\xa4");
	in.classification = ESS_CLASSIFICATION_NONE;
	der_put_label(&b, &in);
	unit_assert_bytes(buf_get(&b),
	    unit_hex("31 15 " POLICY "0c 02 c3 a4 31 0a " CATEGORY));
	buf_clear(&categories);
	buf_clear(&b);
}
END_TEST

/* Categories come in any order and are written in DER's. */
START_TEST(categories_are_sorted)
{
	static const struct ess_category late = {
	    {(const uint8_t *)"\x2a\x06", 2}, {(const uint8_t *)"\x05\x00", 2}};
	struct ess_label in = whole, out;
	struct ess_category category;
	struct buf b = {0}, categories = {0};
	struct der d;

	der_put_category(&categories, &late);
	put_categories(&categories, 1);
	in.categories = buf_get(&categories);
	der_put_label(&b, &in);
	unit_assert_code(ess_label_decode(buf_get(&b), &out), 0);
	der_init(&d, out.categories);
	ck_assert(ess_category_next(&d, &category));
	unit_assert_bytes(category.type, BYTES_LIT("\x2a\x05"));
	buf_clear(&categories);
	buf_clear(&b);
}
END_TEST

START_TEST(truncated_labels_are_refused)
{
	struct ess_label in = whole, out;
	struct buf b = {0}, categories = {0};
	size_t len;

	put_categories(&categories, 3);
	in.categories = buf_get(&categories);
	der_put_label(&b, &in);
	for (len = 0; len < b.len; len++) {
		ck_assert_int_ne(
		    ess_label_decode(bytes_of(b.data, len), &out), 0);
		ck_assert_uint_eq(out.policy.len, 0);
		ck_assert_uint_eq(out.categories.len, 0);
	}
	buf_clear(&categories);
	buf_clear(&b);
}
END_TEST

/* 128 octets as PrintableString, 1024 in UTF-8; what is printable and longer
 * is written in UTF-8. */
START_TEST(marks_have_limits)
{
	static const struct {
		int tag;
		size_t len;
		int code;
	} rows[] = {
	    {DER_PRINTABLE_STRING, ESS_MARK_PRINTABLE_MAX, 0},
	    {DER_PRINTABLE_STRING, ESS_MARK_PRINTABLE_MAX + 1,
		-CS_ERR_TOO_LARGE},
	    {DER_UTF8_STRING, ESS_MARK_MAX, 0},
	    {DER_UTF8_STRING, ESS_MARK_MAX + 1, -CS_ERR_TOO_LARGE},
	};
	char text[ESS_MARK_MAX + 1];
	struct ess_label in = whole, out;
	struct buf b = {0};
	size_t i, mark;

	memset(text, 'A', sizeof(text));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		mark = der_open(&b, DER_SET);
		der_put(&b, DER_OID, whole.policy);
		der_put(&b, rows[i].tag, bytes_of(text, rows[i].len));
		der_close(&b, mark);
		unit_assert_code(
		    ess_label_decode(buf_get(&b), &out), rows[i].code);
	}
	buf_reset(&b);
	in.mark = bytes_of(text, ESS_MARK_PRINTABLE_MAX + 1);
	der_put_label(&b, &in);
	unit_assert_code(ess_label_decode(buf_get(&b), &out), 0);
	unit_assert_bytes(out.mark, in.mark);
	buf_clear(&b);
}
END_TEST

START_TEST(categories_have_a_limit)
{
	struct ess_label in = whole, out;
	struct buf b = {0}, categories = {0};

	put_categories(&categories, ESS_CATEGORIES_MAX);
	in.categories = buf_get(&categories);
	der_put_label(&b, &in);
	unit_assert_code(ess_label_decode(buf_get(&b), &out), 0);
	put_categories(&categories, 1);
	in.categories = buf_get(&categories);
	buf_reset(&b);
	der_put_label(&b, &in);
	unit_assert_code(
	    ess_label_decode(buf_get(&b), &out), -CS_ERR_TOO_LARGE);
	buf_clear(&categories);
	buf_clear(&b);
}
END_TEST

/* Labels of the policies 1.2.1, 1.2.2 ... */
static void
put_equivalents(struct buf *b, size_t n)
{
	size_t mark = der_open(b, DER_SEQUENCE);
	struct ess_label label = whole;
	uint8_t policy[2] = {0x2a, 0};

	label.policy = bytes_of(policy, sizeof(policy));
	while (n-- > 0) {
		policy[1]++;
		der_put_label(b, &label);
	}
	der_close(b, mark);
	ck_assert_int_eq(b->err, 0);
}

START_TEST(equivalents_come_back)
{
	struct bytes labels_;
	struct ess_label label;
	struct buf b = {0};
	size_t n = 0, len;
	struct der d;

	put_equivalents(&b, 3);
	unit_assert_code(
	    ess_equivalents_decode(buf_get(&b), whole.policy, &labels_), 0);
	der_init(&d, labels_);
	while (ess_label_next(&d, &label)) {
		n++;
		ck_assert_uint_eq(label.policy.p[1], n);
		ck_assert_int_eq(label.classification, 3);
	}
	ck_assert_uint_eq(n, 3);
	for (len = 0; len < b.len; len++) {
		ck_assert_int_ne(ess_equivalents_decode(bytes_of(b.data, len),
				     whole.policy, &labels_),
		    0);
		ck_assert_uint_eq(labels_.len, 0);
	}
	buf_clear(&b);
}
END_TEST

START_TEST(equivalents_have_a_limit)
{
	struct bytes labels_;
	struct buf b = {0};

	put_equivalents(&b, ESS_EQUIVALENTS_MAX);
	unit_assert_code(
	    ess_equivalents_decode(buf_get(&b), whole.policy, &labels_), 0);
	buf_reset(&b);
	put_equivalents(&b, ESS_EQUIVALENTS_MAX + 1);
	unit_assert_code(
	    ess_equivalents_decode(buf_get(&b), whole.policy, &labels_),
	    -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(labels_.len, 0);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *what, *hex;
	int code;
} equivalents[] = {
    {"one of another policy", "30 06 31 04 06 02 2a 05", 0},
    {"none", "30 00", -CS_ERR_ENCODING},
    {"of the label's own policy", "30 07 31 05 " POLICY, -CS_ERR_ENCODING},
    {"two of one policy", "30 0c 31 04 06 02 2a 05 31 04 06 02 2a 05",
	-CS_ERR_ENCODING},
    {"a label that is broken", "30 02 31 00", -CS_ERR_ENCODING},
    {"a label by itself", "31 04 06 02 2a 05", -CS_ERR_ENCODING},
    {"something behind", "30 06 31 04 06 02 2a 05 05 00", -CS_ERR_TRAILING},
};

START_TEST(equivalents_are_checked)
{
	struct bytes got;
	int code = ess_equivalents_decode(
	    unit_hex(equivalents[_i].hex), whole.policy, &got);

	ck_assert_msg(code == equivalents[_i].code, "%s: %s",
	    equivalents[_i].what, err_name(code));
	ck_assert_msg(
	    (got.len != 0) == (code == 0), "%s", equivalents[_i].what);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ess_label");
	TCase *tcase = tcase_create("ess_label");

	unit_add_loop(tcase, labels_are_read, labels);
	tcase_add_test(tcase, what_is_not_there_is_empty);
	tcase_add_test(tcase, labels_come_back);
	tcase_add_test(tcase, elements_are_in_order);
	tcase_add_test(tcase, categories_are_sorted);
	tcase_add_test(tcase, truncated_labels_are_refused);
	tcase_add_test(tcase, marks_have_limits);
	tcase_add_test(tcase, categories_have_a_limit);
	tcase_add_test(tcase, equivalents_come_back);
	tcase_add_test(tcase, equivalents_have_a_limit);
	unit_add_loop(tcase, equivalents_are_checked, equivalents);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
