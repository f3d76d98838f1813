#include "asn1/der.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

START_TEST(reads_a_sequence)
{
	struct der d, inner;

	der_init(&d, unit_hex("30 08 02 01 05 01 01 ff 05 00"));
	inner = der_enter(&d, DER_SEQUENCE);
	ck_assert_uint_eq(der_get_uint(&inner, 10), 5);
	ck_assert(der_get_bool(&inner));
	der_get_null(&inner);
	unit_assert_code(der_end(&inner), 0);
	unit_assert_code(der_end(&d), 0);
}
END_TEST

static const struct {
	const char *hex;
	int code;
} bad_headers[] = {
    {"30", -CS_ERR_TRUNCATED},
    {"30 80 00 00", -CS_ERR_NOT_DER},
    {"30 81 03 02 01 05", -CS_ERR_NOT_DER},
    {"30 82 00 83", -CS_ERR_NOT_DER},
    {"30 84 ff ff ff ff", -CS_ERR_TRUNCATED},
    {"30 85 01 00 00 00 00", -CS_ERR_TOO_LARGE},
    {"3f 81 01 00", -CS_ERR_ENCODING},
    {"30 03 02 01", -CS_ERR_TRUNCATED},
    {"30 00 00", -CS_ERR_TRAILING},
    {"31 00", -CS_ERR_ENCODING},
};

START_TEST(refuses_bad_headers)
{
	struct der d;

	der_init(&d, unit_hex(bad_headers[_i].hex));
	der_get(&d, DER_SEQUENCE);
	unit_assert_code(der_end(&d), bad_headers[_i].code);
	/* and it sticks */
	ck_assert_uint_eq(der_get(&d, DER_SEQUENCE).len, 0);
	unit_assert_code(der_end(&d), bad_headers[_i].code);
}
END_TEST

START_TEST(builder_fixes_lengths)
{
	struct buf b = {0};
	uint8_t big[300] = {0};
	size_t outer, inner;
	struct der d, in;

	outer = der_open(&b, DER_SEQUENCE);
	inner = der_open(&b, DER_SEQUENCE);
	der_put(&b, DER_OCTET_STRING, bytes_of(big, sizeof(big)));
	der_close(&b, inner);
	der_put_uint(&b, DER_INTEGER, 128);
	der_put_int(&b, DER_INTEGER, -129);
	der_close(&b, outer);
	ck_assert_int_eq(b.err, 0);
	der_init(&d, buf_get(&b));
	in = der_enter(&d, DER_SEQUENCE);
	ck_assert_uint_eq(der_get(&in, DER_SEQUENCE).len, 304);
	unit_assert_bytes(
	    der_get_raw(&in, DER_INTEGER), unit_hex("02 02 00 80"));
	ck_assert_int_eq(der_get_int(&in), -129);
	unit_assert_code(der_end(&in), 0);
	buf_clear(&b);
}
END_TEST

START_TEST(set_of_is_sorted)
{
	struct buf b = {0};
	size_t mark = der_open(&b, DER_SET);

	der_put_uint(&b, DER_INTEGER, 300);
	der_put_uint(&b, DER_INTEGER, 7);
	der_put_null(&b);
	unit_assert_code(der_close_set_of(&b, mark), 0);
	unit_assert_bytes(
	    buf_get(&b), unit_hex("31 09 02 01 07 02 02 01 2c 05 00"));
	buf_clear(&b);
}
END_TEST

static struct der
cursor(const char *hex)
{
	struct der d;

	der_init(&d, unit_hex(hex));
	return d;
}

/* What each getter makes of one element: its result as a number, or a code. */
enum getter {
	BOOL,
	NOTHING, /* NULL */
	UINT,
	INT,
	INTEGER, /* length */
	UNSIGNED,
	OID,
	BITS,
	UTF8,
};

static const struct {
	enum getter getter;
	const char *hex;
	int code;
	int64_t result;
} values[] = {
    {BOOL, "01 01 00", 0, 0},
    {BOOL, "01 01 ff", 0, 1},
    {BOOL, "01 01 01", -CS_ERR_NOT_DER, 0},
    {BOOL, "01 00", -CS_ERR_NOT_DER, 0},
    {BOOL, "01 02 00 00", -CS_ERR_NOT_DER, 0},
    {BOOL, "02 01 00", -CS_ERR_ENCODING, 0},
    {BOOL, "", -CS_ERR_TRUNCATED, 0},
    {NOTHING, "05 00", 0, 0},
    {NOTHING, "05 01 00", -CS_ERR_ENCODING, 0},
    {UINT, "02 01 00", 0, 0},
    {UINT, "02 01 7f", 0, 127},
    {UINT, "02 02 00 80", 0, 128},
    {UINT, "02 08 7f ff ff ff ff ff ff ff", 0, INT64_MAX},
    {UINT, "02 09 00 80 00 00 00 00 00 00 00", -CS_ERR_TOO_LARGE, 0},
    {UINT, "02 01 80", -CS_ERR_ENCODING, 0},
    {UINT, "02 00", -CS_ERR_ENCODING, 0},
    {UINT, "02 02 00 7f", -CS_ERR_NOT_DER, 0},
    {INT, "02 01 80", 0, -128},
    {INT, "02 02 ff 7f", 0, -129},
    {INT, "02 01 ff", 0, -1},
    {INT, "02 02 ff ff", -CS_ERR_NOT_DER, 0},
    {INT, "02 08 80 00 00 00 00 00 00 00", 0, INT64_MIN},
    {INT, "02 09 00 80 00 00 00 00 00 00 00", -CS_ERR_TOO_LARGE, 0},
    {INT, "02 00", -CS_ERR_ENCODING, 0},
    {INTEGER, "02 09 80 00 00 00 00 00 00 00 00", 0, 9},
    {INTEGER, "02 02 00 00", -CS_ERR_NOT_DER, 0},
    {UNSIGNED, "02 01 00", 0, 1},
    {UNSIGNED, "02 02 00 ff", 0, 1},
    {UNSIGNED, "02 01 ff", -CS_ERR_ENCODING, 0},
    {OID, "06 03 2a 03 04", 0, 3},
    {OID, "06 00", -CS_ERR_ENCODING, 0},
    {OID, "06 02 2a 83", -CS_ERR_ENCODING, 0},
    {OID, "06 03 2a 80 03", -CS_ERR_ENCODING, 0},
    {OID, "06 02 80 01", -CS_ERR_ENCODING, 0},
    {OID, "06 03 2a 83 00", 0, 3},
    {BITS, "03 01 00", 0, 0},
    {BITS, "03 02 00 ff", 0, 8},
    {BITS, "03 02 03 f8", 0, 5},
    {BITS, "03 02 03 fc", -CS_ERR_NOT_DER, 0},
    {BITS, "03 02 08 00", -CS_ERR_ENCODING, 0},
    {BITS, "03 01 01", -CS_ERR_ENCODING, 0},
    {BITS, "03 00", -CS_ERR_ENCODING, 0},
    {UTF8, "0c 02 c3 a4", 0, 2},
    {UTF8, "0c 00", 0, 0},
    {UTF8, "0c 04 61 62 63 64", 0, 4},
    {UTF8, "0c 05 61 62 63 64 65", -CS_ERR_TOO_LARGE, 0},
    {UTF8, "0c 01 c3", -CS_ERR_ENCODING, 0},
    {UTF8, "0c 02 61 00", -CS_ERR_ENCODING, 0},
};

static int64_t
get(struct der *d, enum getter getter)
{
	unsigned unused;

	switch (getter) {
	case BOOL:
		return der_get_bool(d);
	case NOTHING:
		der_get_null(d);
		return 0;
	case UINT:
		return (int64_t)der_get_uint(d, INT64_MAX);
	case INT:
		return der_get_int(d);
	case INTEGER:
		return (int64_t)der_get_integer(d).len;
	case UNSIGNED:
		return (int64_t)der_get_unsigned(d).len;
	case OID:
		return (int64_t)der_get_oid(d).len;
	case BITS:
		return (int64_t)der_get_bits(d, &unused).len * 8 -
		       (int64_t)unused;
	case UTF8:
		return (int64_t)der_get_utf8(d, DER_UTF8_STRING, 4).len;
	}
	return -1;
}

/* Behind a NULL, so that the offset of a fault tells. */
START_TEST(reads_values)
{
	struct buf b = {0};
	struct der d;

	der_put_null(&b);
	buf_add_bytes(&b, unit_hex(values[_i].hex));
	der_init(&d, buf_get(&b));
	der_get_null(&d);
	ck_assert_int_eq(get(&d, values[_i].getter), values[_i].result);
	unit_assert_code(der_end(&d), values[_i].code);
	if (values[_i].code != 0)
		ck_assert_uint_eq(d.err_offset, 2);
	/* and every getter gives nothing after a failure */
	if (values[_i].code != 0)
		ck_assert_int_eq(get(&d, values[_i].getter), 0);
	buf_clear(&b);
}
END_TEST

START_TEST(limits_are_kept)
{
	struct der d = cursor("02 01 05 02 01 06");

	ck_assert_uint_eq(der_get_uint(&d, 5), 5);
	ck_assert_uint_eq(der_get_uint(&d, 5), 0);
	unit_assert_code(der_end(&d), -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(d.err_offset, 3);
}
END_TEST

START_TEST(oids_have_a_limit)
{
	uint8_t arcs[DER_OID_MAX + 1] = {0x2a};
	struct buf b = {0};
	struct der d;

	der_put(&b, DER_OID, bytes_of(arcs, DER_OID_MAX));
	der_put(&b, DER_OID, bytes_of(arcs, DER_OID_MAX + 1));
	der_init(&d, buf_get(&b));
	ck_assert_uint_eq(der_get_oid(&d).len, DER_OID_MAX);
	ck_assert_uint_eq(der_get_oid(&d).len, 0);
	unit_assert_code(der_end(&d), -CS_ERR_ENCODING);
	buf_clear(&b);
}
END_TEST

START_TEST(optional_fields)
{
	struct der d = cursor("80 01 61 a1 03 02 01 07 05 00"), inner;
	struct bytes content;
	int tag;

	ck_assert_int_eq(der_peek(&d), 0x80);
	ck_assert(!der_get_opt(&d, DER_CONTEXT(2), &content));
	ck_assert_uint_eq(content.len, 0);
	ck_assert(der_get_opt(&d, DER_CONTEXT(0), &content));
	unit_assert_bytes(content, BYTES_LIT("a"));
	ck_assert(!der_enter_opt(&d, DER_CONTEXT_C(0), &inner));
	ck_assert(!der_has_more(&inner));
	ck_assert(der_enter_opt(&d, DER_CONTEXT_C(1), &inner));
	ck_assert_uint_eq(der_get_uint(&inner, 9), 7);
	unit_assert_code(der_leave(&d, &inner), 0);
	unit_assert_bytes(der_get_any(&d, &tag), unit_hex("05 00"));
	ck_assert_int_eq(tag, DER_NULL);
	ck_assert_int_eq(der_peek(&d), -1);
	ck_assert(!der_get_opt(&d, DER_CONTEXT(0), &content));
	unit_assert_code(der_check(&d), 0);
	unit_assert_code(der_end(&d), 0);
	ck_assert_uint_eq(der_get_any(&d, &tag).len, 0);
	ck_assert_int_eq(tag, -1);
	unit_assert_code(der_end(&d), -CS_ERR_TRUNCATED);
}
END_TEST

START_TEST(failures_go_outwards)
{
	struct der d = cursor("30 06 30 04 01 01 00 00 05 00"), in, inner;
	struct err e = ERR_INIT;

	in = der_enter(&d, DER_SEQUENCE);
	inner = der_enter(&in, DER_SEQUENCE);
	ck_assert(!der_get_bool(&inner));
	/* the rest of inner has not been read */
	unit_assert_code(der_leave(&in, &inner), -CS_ERR_TRAILING);
	unit_assert_code(der_leave(&d, &in), -CS_ERR_TRAILING);
	ck_assert(!der_has_more(&d));
	ck_assert_int_eq(der_peek(&d), -1);
	unit_assert_code(der_err(&d, &e, "thing"), -CS_ERR_TRAILING);
	ck_assert_uint_eq(e.offset, 7);
	ck_assert_str_eq(
	    e.text, "thing: there is data after the end at byte 7");
	/* a cursor inside a failed one fails alike */
	in = der_enter(&d, DER_SEQUENCE);
	unit_assert_code(der_end(&in), -CS_ERR_TRAILING);
	/* the first failure is kept */
	unit_assert_code(der_fail(&d, -CS_ERR_POLICY), -CS_ERR_TRAILING);
}
END_TEST

START_TEST(tags_are_checked)
{
	static const char *const bad[] = {
	    "00 00", "20 00", "1f 01 00", "bf 01 00", "ff 01 00"};
	struct der d = cursor(bad[_i]);

	der_skip(&d);
	unit_assert_code(der_end(&d), -CS_ERR_ENCODING);
}
END_TEST

/* Headers of every length of length. */
START_TEST(headers_of_all_lengths)
{
	static const struct {
		uint64_t len;
		const char *hex;
	} headers[] = {
	    {0, "04 00"},
	    {0x7f, "04 7f"},
	    {0x80, "04 81 80"},
	    {0xff, "04 81 ff"},
	    {0x100, "04 82 01 00"},
	    {0xffff, "04 82 ff ff"},
	    {0x10000, "04 83 01 00 00"},
	    {0x1000000, "04 84 01 00 00 00"},
	    {0xffffffff, "04 84 ff ff ff ff"},
	    {0x100000000, "04 85 01 00 00 00 00"},
	    {UINT64_MAX, "04 88 ff ff ff ff ff ff ff ff"},
	};
	struct buf b = {0};

	der_put_header(&b, DER_OCTET_STRING, headers[_i].len);
	unit_assert_bytes(buf_get(&b), unit_hex(headers[_i].hex));
	ck_assert_uint_eq(der_header_len(headers[_i].len), b.len);
	buf_clear(&b);
}
END_TEST

/* Around every change of the length's own length. */
START_TEST(builder_and_cursor_agree)
{
	static const size_t lens[] = {0, 1, 126, 127, 128, 129, 253, 254, 255,
	    256, 257, 65533, 65534, 65535, 65536, 65537};
	uint8_t *filler = calloc(1, 70000);
	struct buf b = {0};
	struct bytes got;
	struct der d, in;
	size_t mark, i;

	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		buf_reset(&b);
		mark = der_open(&b, DER_SEQUENCE);
		der_put(&b, DER_OCTET_STRING, bytes_of(filler, lens[i]));
		der_close(&b, mark);
		der_init(&d, buf_get(&b));
		in = der_enter(&d, DER_SEQUENCE);
		got = der_get(&in, DER_OCTET_STRING);
		ck_assert_uint_eq(got.len, lens[i]);
		der_leave(&d, &in);
		unit_assert_code(der_end(&d), 0);
	}
	free(filler);
	buf_clear(&b);
}
END_TEST

START_TEST(builder_writes_numbers)
{
	static const struct {
		int64_t value;
		const char *hex;
	} numbers[] = {
	    {0, "02 01 00"},
	    {127, "02 01 7f"},
	    {128, "02 02 00 80"},
	    {-128, "02 01 80"},
	    {-129, "02 02 ff 7f"},
	    {INT64_MAX, "02 08 7f ff ff ff ff ff ff ff"},
	    {INT64_MIN, "02 08 80 00 00 00 00 00 00 00"},
	};
	struct buf b = {0};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buf_reset(&b);
		der_put_int(&b, DER_INTEGER, numbers[i].value);
		unit_assert_bytes(buf_get(&b), unit_hex(numbers[i].hex));
		if (numbers[i].value < 0)
			continue;
		buf_reset(&b);
		der_put_uint(&b, DER_INTEGER, (uint64_t)numbers[i].value);
		unit_assert_bytes(buf_get(&b), unit_hex(numbers[i].hex));
	}
	buf_reset(&b);
	der_put_uint(&b, DER_INTEGER, UINT64_MAX);
	unit_assert_bytes(
	    buf_get(&b), unit_hex("02 09 00 ff ff ff ff ff ff ff ff"));
	buf_reset(&b);
	der_put_unsigned(&b, DER_INTEGER, unit_hex("00 00 01"));
	der_put_unsigned(&b, DER_INTEGER, unit_hex("80"));
	der_put_unsigned(&b, DER_INTEGER, BYTES_NONE);
	unit_assert_bytes(
	    buf_get(&b), unit_hex("02 01 01 02 02 00 80 02 01 00"));
	buf_clear(&b);
}
END_TEST

START_TEST(builder_writes_the_rest)
{
	struct buf b = {0};

	der_put_bool(&b, DER_BOOLEAN, true);
	der_put_bool(&b, DER_CONTEXT(0), false);
	der_put_bits(&b, DER_BIT_STRING, unit_hex("f0"), 4);
	der_put_bits(&b, DER_BIT_STRING, BYTES_NONE, 0);
	der_put_str(&b, DER_UTF8_STRING, "ab");
	der_put_raw(&b, unit_hex("05 00"));
	unit_assert_bytes(buf_get(&b),
	    unit_hex("01 01 ff 80 01 00 03 02 04 f0 03 01 00 0c 02 61 62 "
		     "05 00"));
	buf_clear(&b);
}
END_TEST

START_TEST(builder_failures_stick)
{
	struct buf b;
	size_t mark;

	buf_init(&b, 4);
	mark = der_open(&b, DER_SEQUENCE);
	der_put(&b, DER_OCTET_STRING, BYTES_LIT("12345"));
	ck_assert_int_eq(b.err, -CS_ERR_TOO_LARGE);
	der_close(&b, mark);
	unit_assert_code(der_close_set_of(&b, mark), -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(der_open(&b, DER_SEQUENCE), DER_MARK_NONE);
	der_close(&b, DER_MARK_NONE);
	ck_assert_int_eq(b.err, -CS_ERR_TOO_LARGE);
	buf_clear(&b);
	/* no room for the length at the close */
	buf_init(&b, 133);
	mark = der_open(&b, DER_SEQUENCE);
	buf_reserve(&b, 131);
	memset(b.data + b.len, 0, 131);
	buf_grow_len(&b, 131);
	der_close(&b, mark);
	ck_assert_int_eq(b.err, -CS_ERR_TOO_LARGE);
	buf_clear(&b);
	/* a mark of nowhere */
	ck_assert_int_eq(der_close_set_of(&b, 7), -CS_ERR_INTERNAL);
}
END_TEST

static const struct {
	const char *before;
	const char *after; /* NULL: refused */
} sets[] = {
    {"", ""},
    {"05 00", "05 00"},
    {"02 01 02 02 01 01", "02 01 01 02 01 02"},
    {"02 02 01 00 02 01 01", "02 01 01 02 02 01 00"},
    {"31 00 30 00", "30 00 31 00"},
    {"05 00 05 00 01 01 ff", "01 01 ff 05 00 05 00"},
    {"04 02 61", NULL},
    {"05 80", NULL},
};

START_TEST(sets_are_sorted_or_refused)
{
	struct buf b = {0}, want = {0};
	size_t mark = der_open(&b, DER_SET);

	der_put_raw(&b, unit_hex(sets[_i].before));
	if (sets[_i].after == NULL) {
		ck_assert_int_lt(der_close_set_of(&b, mark), 0);
		ck_assert_int_ne(b.err, 0);
	} else {
		unit_assert_code(der_close_set_of(&b, mark), 0);
		der_put(&want, DER_SET, unit_hex(sets[_i].after));
		unit_assert_bytes(buf_get(&b), buf_get(&want));
	}
	buf_clear(&b);
	buf_clear(&want);
}
END_TEST

START_TEST(giant_inputs_are_refused)
{
	static const uint8_t octet = 5;
	struct der d;

	/* never read: it is over the limit */
	der_init(&d, bytes_of(&octet, DER_LEN_MAX + 1));
	unit_assert_code(der_check(&d), -CS_ERR_TOO_LARGE);
	ck_assert(!der_has_more(&d));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("der");
	TCase *tcase = tcase_create("der");

	tcase_add_test(tcase, reads_a_sequence);
	tcase_add_loop_test(tcase, refuses_bad_headers, 0,
	    sizeof(bad_headers) / sizeof(bad_headers[0]));
	tcase_add_test(tcase, builder_fixes_lengths);
	tcase_add_test(tcase, set_of_is_sorted);
	unit_add_loop(tcase, reads_values, values);
	tcase_add_test(tcase, limits_are_kept);
	tcase_add_test(tcase, oids_have_a_limit);
	tcase_add_test(tcase, optional_fields);
	tcase_add_test(tcase, failures_go_outwards);
	tcase_add_loop_test(tcase, tags_are_checked, 0, 5);
	tcase_add_loop_test(tcase, headers_of_all_lengths, 0, 11);
	tcase_add_test(tcase, builder_and_cursor_agree);
	tcase_add_test(tcase, builder_writes_numbers);
	tcase_add_test(tcase, builder_writes_the_rest);
	tcase_add_test(tcase, builder_failures_stick);
	unit_add_loop(tcase, sets_are_sorted_or_refused, sets);
	tcase_add_test(tcase, giant_inputs_are_refused);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
