#include "asn1/der.h"
#include "tests/unit/unit.h"

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
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
