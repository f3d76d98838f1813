#include "asn1/oid.h"
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	enum oid oid;
	const char *dotted;
	const char *name;
} rows[] = {
#define OID(name, dotted, octets, text) {OID_##name, dotted, text},
#include "asn1/oid.def"
#undef OID
};
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

static void
put_arc(struct buf *b, uint64_t arc)
{
	int shift = 63;

	while (shift > 0 && arc >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		buf_add_byte(b, (uint8_t)(0x80 | (arc >> shift & 0x7f)));
	buf_add_byte(b, (uint8_t)(arc & 0x7f));
}

/* X.690 8.19, from the dotted form. */
static void
put_dotted(struct buf *b, const char *dotted)
{
	char *end;
	uint64_t first = strtoull(dotted, &end, 10), arc;

	ck_assert_int_eq(*end, '.');
	arc = strtoull(end + 1, &end, 10);
	put_arc(b, first * 40 + arc);
	while (*end == '.') {
		arc = strtoull(end + 1, &end, 10);
		put_arc(b, arc);
	}
	ck_assert_int_eq(*end, '\0');
}

START_TEST(every_row_is_sound)
{
	struct buf b = {0}, element = {0};
	char text[OID_TEXT_MAX];
	struct bytes raw;
	struct der d;
	int i;

	put_dotted(&b, rows[_i].dotted);
	unit_assert_bytes(oid_get(rows[_i].oid), buf_get(&b));
	ck_assert_uint_le(b.len, DER_OID_MAX);
	ck_assert_int_eq(oid_find(buf_get(&b)), rows[_i].oid);
	ck_assert_str_eq(oid_name(rows[_i].oid), rows[_i].name);
	ck_assert_str_eq(
	    oid_format(text, sizeof(text), buf_get(&b)), rows[_i].dotted);
	ck_assert_str_eq(
	    oid_describe(text, sizeof(text), buf_get(&b)), rows[_i].name);
	ck_assert_int_eq(oid_find_name(rows[_i].dotted), rows[_i].oid);
	ck_assert_int_eq(oid_find_name(rows[_i].name), rows[_i].oid);
	der_put_oid(&element, rows[_i].oid);
	der_init(&d, buf_get(&element));
	ck_assert_int_eq(der_get_known_oid(&d, &raw), rows[_i].oid);
	unit_assert_bytes(raw, buf_get(&b));
	unit_assert_code(der_end(&d), 0);
	for (i = 0; i < _i; i++) {
		ck_assert_str_ne(rows[i].dotted, rows[_i].dotted);
		ck_assert_str_ne(rows[i].name, rows[_i].name);
	}
	buf_clear(&b);
	buf_clear(&element);
}
END_TEST

START_TEST(others_are_unknown)
{
	char text[OID_TEXT_MAX];
	struct bytes raw;
	struct der d;

	ck_assert_int_eq(oid_find(unit_hex("2a 03 04")), OID_UNKNOWN);
	ck_assert_int_eq(oid_find(BYTES_NONE), OID_UNKNOWN);
	ck_assert_int_eq(oid_find(unit_hex("ff ff ff ff")), OID_UNKNOWN);
	/* the beginning of a known one, and one longer */
	ck_assert_int_eq(
	    oid_find(unit_hex("2a 86 48 86 f7 0d 01 07")), OID_UNKNOWN);
	ck_assert_int_eq(
	    oid_find(unit_hex("2a 86 48 86 f7 0d 01 07 01 01")), OID_UNKNOWN);
	ck_assert_int_eq(oid_find_name("nonsense"), OID_UNKNOWN);
	ck_assert_int_eq(oid_find_name(""), OID_UNKNOWN);
	ck_assert_int_eq(oid_find_name("unknown"), OID_UNKNOWN);
	ck_assert_str_eq(oid_name(OID_UNKNOWN), "unknown");
	ck_assert_str_eq(
	    oid_describe(text, sizeof(text), unit_hex("2a 03 04")), "1.2.3.4");
	der_init(&d, unit_hex("06 03 2a 03 04"));
	ck_assert_int_eq(der_get_known_oid(&d, &raw), OID_UNKNOWN);
	unit_assert_bytes(raw, unit_hex("2a 03 04"));
	unit_assert_code(der_end(&d), 0);
	der_init(&d, unit_hex("05 00"));
	ck_assert_int_eq(der_get_known_oid(&d, NULL), OID_UNKNOWN);
	unit_assert_code(der_end(&d), -CS_ERR_ENCODING);
}
END_TEST

START_TEST(names_have_no_case)
{
	ck_assert_int_eq(oid_find_name("SIGNEDDATA"), OID_SIGNED_DATA);
	ck_assert_int_eq(oid_find_name("cn"), OID_AT_CN);
}
END_TEST

static const struct {
	const char *hex;
	const char *dotted;
} forms[] = {
    {"00", "0.0"},
    {"27", "0.39"},
    {"28", "1.0"},
    {"4f", "1.39"},
    {"50", "2.0"},
    {"81 00", "2.48"},
    {"88 37", "2.999"},
    {"2a 81 ff ff ff ff ff ff ff ff 7f", "1.2.18446744073709551615"},
    {"2a 82 80 80 80 80 80 80 80 80 00 01", "1.2.?.1"},
    {"82 80 80 80 80 80 80 80 80 00 01", "?.1"},
    {"", ""},
};

START_TEST(any_is_formatted)
{
	char text[OID_TEXT_MAX];

	ck_assert_str_eq(
	    oid_format(text, sizeof(text), unit_hex(forms[_i].hex)),
	    forms[_i].dotted);
}
END_TEST

/* Dotted text back to octets; what "?" stands for is lost. */
START_TEST(dotted_is_parsed)
{
	struct buf b = {0};
	bool is_whole = forms[_i].dotted[0] != '\0' &&
			strchr(forms[_i].dotted, '?') == NULL;

	buf_add_str(&b, "x");
	if (is_whole) {
		ck_assert_int_eq(oid_parse(&b, forms[_i].dotted), 0);
		ck_assert(bytes_is_equal(
		    bytes_of(b.data + 1, b.len - 1), unit_hex(forms[_i].hex)));
	} else {
		unit_assert_code(
		    oid_parse(&b, forms[_i].dotted), -CS_ERR_ARGUMENT);
		ck_assert_uint_eq(b.len, 1);
	}
	buf_clear(&b);
}
END_TEST

static const char *const no_oids[] = {"1", "3.1", "1.40", "0.40.1", "1..2",
    "1.2.", ".1.2", "1.02", "1.2a", "1 2", "-1.2", "1.2.18446744073709551616",
    "2.18446744073709551615", "anyPolicy"};

START_TEST(other_text_is_no_oid)
{
	struct buf b = {0};

	unit_assert_code(oid_parse(&b, no_oids[_i]), -CS_ERR_ARGUMENT);
	ck_assert_uint_eq(b.len, 0);
	buf_clear(&b);
}
END_TEST

/* Whatever the octets and the size: ends in NUL, within the size. */
START_TEST(any_octets_fit)
{
	uint8_t octets[DER_OID_MAX];
	char text[OID_TEXT_MAX + 1];
	size_t size, i, round;

	srand(2);
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < sizeof(octets); i++)
			octets[i] = (uint8_t)rand();
		octets[DER_OID_MAX - 1] &= 0x7f;
		memset(text, '!', sizeof(text));
		size = round % 2 ? OID_TEXT_MAX : round % OID_TEXT_MAX;
		oid_format(text, size, bytes_of(octets, DER_OID_MAX));
		ck_assert_int_eq(text[size], '!');
		if (size != 0)
			ck_assert_uint_lt(strlen(text), size);
		if (size == OID_TEXT_MAX)
			ck_assert_uint_lt(strlen(text), OID_TEXT_MAX - 1);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("oid");
	TCase *tcase = tcase_create("oid");

	tcase_add_loop_test(tcase, every_row_is_sound, 0, ROWS);
	tcase_add_test(tcase, others_are_unknown);
	tcase_add_test(tcase, names_have_no_case);
	unit_add_loop(tcase, any_is_formatted, forms);
	unit_add_loop(tcase, dotted_is_parsed, forms);
	tcase_add_loop_test(tcase, other_text_is_no_oid, 0,
	    sizeof(no_oids) / sizeof(no_oids[0]));
	tcase_add_test(tcase, any_octets_fit);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
