#include "asn1/buf.h"
#include "asn1/utf8.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

START_TEST(bytes_are_compared)
{
	struct bytes a = BYTES_LIT("abc"), b = BYTES_LIT("abd");

	ck_assert(bytes_is_equal(a, bytes_of_str("abc")));
	ck_assert(!bytes_is_equal(a, b));
	ck_assert(!bytes_is_equal(a, BYTES_LIT("ab")));
	ck_assert(bytes_is_equal(BYTES_NONE, bytes_of("", 0)));
	ck_assert_int_lt(bytes_compare(a, b), 0);
	ck_assert_int_gt(bytes_compare(b, a), 0);
	ck_assert_int_eq(bytes_compare(a, a), 0);
	ck_assert_int_lt(bytes_compare(BYTES_LIT("ab"), a), 0);
	ck_assert_int_gt(bytes_compare(a, BYTES_NONE), 0);
	ck_assert_int_eq(bytes_compare(BYTES_NONE, bytes_of("", 0)), 0);
	/* unsigned */
	ck_assert_int_lt(
	    bytes_compare(BYTES_LIT("\x7f"), BYTES_LIT("\x80")), 0);
	ck_assert_uint_eq(bytes_of_str(NULL).len, 0);
}
END_TEST

START_TEST(bytes_become_strings)
{
	char *s = bytes_dup_str(BYTES_LIT("abc"));

	ck_assert_str_eq(s, "abc");
	free(s);
	s = bytes_dup_str(BYTES_NONE);
	ck_assert_str_eq(s, "");
	free(s);
}
END_TEST

START_TEST(octets_become_digits)
{
	static const uint8_t octets[] = {0x00, 0x09, 0x9a, 0xf0, 0xff};
	struct bytes all = bytes_of(octets, sizeof(octets));
	struct buf b = {0}, little = {.max = 9};
	char hex[11];

	ck_assert_int_eq(buf_add_hex(&b, BYTES_NONE), 0);
	buf_add_str(&b, "x");
	ck_assert_int_eq(buf_add_hex(&b, all), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("x00099af0ff"));
	ck_assert_int_eq(buf_add_hex(&little, all), -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(little.len, 0);
	ck_assert_str_eq(bytes_to_hex(all, hex, sizeof(hex)), "00099af0ff");
	/* as many as there is room for */
	ck_assert_str_eq(bytes_to_hex(all, hex, 10), "00099af0");
	ck_assert_str_eq(bytes_to_hex(all, hex, 2), "");
	ck_assert_str_eq(bytes_to_hex(BYTES_NONE, hex, 1), "");
	buf_clear(&b);
	buf_clear(&little);
}
END_TEST

START_TEST(it_grows)
{
	struct buf b = {0};
	size_t i;

	for (i = 0; i < 100000; i++)
		ck_assert_int_eq(buf_add_byte(&b, (uint8_t)i), 0);
	ck_assert_uint_eq(b.len, 100000);
	for (i = 0; i < b.len; i++)
		ck_assert_uint_eq(b.data[i], (uint8_t)i);
	buf_reset(&b);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_ge(b.cap, 100000);
	buf_add_str(&b, "ab");
	buf_add_bytes(&b, BYTES_LIT("cd"));
	buf_printf(&b, "-%d-%s", 42, "x");
	ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abcd-42-x"));
	buf_clear(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.cap, 0);
}
END_TEST

START_TEST(printf_of_any_length)
{
	char text[301];
	struct buf b = {0};
	size_t len;

	for (len = 0; len < 300; len++) {
		memset(text, 'x', len);
		text[len] = '\0';
		buf_reset(&b);
		ck_assert_int_eq(buf_printf(&b, "%s", text), 0);
		unit_assert_bytes(buf_get(&b), bytes_of_str(text));
	}
	buf_clear(&b);
}
END_TEST

/* The limit holds to the byte, and a failure sticks until it is forgotten. */
START_TEST(it_has_a_limit)
{
	struct buf b;
	size_t max;

	for (max = 1; max < 300; max++) {
		buf_init(&b, max);
		while (b.len < max)
			ck_assert_int_eq(buf_add_byte(&b, 1), 0);
		ck_assert_uint_eq(b.cap <= max, true);
		ck_assert_int_eq(buf_add_byte(&b, 1), -CS_ERR_TOO_LARGE);
		ck_assert_uint_eq(b.len, max);
		ck_assert_int_eq(buf_add(&b, "", 0), -CS_ERR_TOO_LARGE);
		buf_consume(&b, max);
		ck_assert_int_eq(buf_add_byte(&b, 1), -CS_ERR_TOO_LARGE);
		ck_assert_int_eq(buf_printf(&b, "x"), -CS_ERR_TOO_LARGE);
		ck_assert_ptr_null(buf_reserve(&b, 1));
		buf_reset(&b);
		ck_assert_int_eq(buf_add_byte(&b, 1), 0);
		buf_clear(&b);
		ck_assert_uint_eq(b.max, max);
	}
}
END_TEST

START_TEST(it_has_a_default_limit)
{
	struct buf b = {0};

	ck_assert_ptr_nonnull(buf_reserve(&b, BUF_MAX_DEFAULT));
	buf_grow_len(&b, BUF_MAX_DEFAULT);
	ck_assert_int_eq(buf_add_byte(&b, 0), -CS_ERR_TOO_LARGE);
	buf_clear(&b);
}
END_TEST

START_TEST(giant_lengths_are_refused)
{
	struct buf b = {0};

	ck_assert_int_eq(buf_add_byte(&b, 0), 0);
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert_int_eq(b.err, -CS_ERR_TOO_LARGE);
	buf_clear(&b);
#if !CS_IS_SANITIZED /* which ends the program then */
	/* a limit that doubling jumps over, and memory that is not there */
	buf_init(&b, SIZE_MAX / 2);
	ck_assert_int_eq(buf_add_byte(&b, 0), 0);
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX / 2 - 1));
	ck_assert_int_eq(b.err, -CS_ERR_NO_MEMORY);
	ck_assert_uint_eq(b.len, 1);
	buf_clear(&b);
#endif
}
END_TEST

START_TEST(reserved_room_is_taken)
{
	struct buf b = {0};
	uint8_t *room = buf_reserve(&b, 10);

	memcpy(room, "abc", 3);
	buf_grow_len(&b, 3);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abc"));
	/* never beyond what there is */
	buf_grow_len(&b, b.cap);
	ck_assert_uint_eq(b.len, 3);
	buf_clear(&b);
}
END_TEST

START_TEST(the_front_is_taken_off)
{
	struct buf b = {0};

	buf_add_str(&b, "abcdef");
	buf_consume(&b, 0);
	buf_consume(&b, 2);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("cdef"));
	/* what moved is wiped where it was */
	ck_assert_int_eq(b.data[4], 0);
	ck_assert_int_eq(b.data[5], 0);
	buf_consume(&b, 100);
	ck_assert_uint_eq(b.len, 0);
	buf_consume(&b, 1);
	buf_clear(&b);
	buf_consume(&b, 1);
}
END_TEST

START_TEST(a_reset_wipes)
{
	struct buf b = {0};

	buf_add_str(&b, "secret");
	buf_reset(&b);
	ck_assert_int_eq(b.data[0], 0);
	ck_assert_int_eq(b.data[5], 0);
	buf_clear(&b);
}
END_TEST

START_TEST(memory_is_wiped_and_compared)
{
	uint8_t a[] = {1, 2, 3, 4}, b[] = {1, 2, 3, 4};

	ck_assert(mem_is_equal_ct(a, b, 4));
	b[3] ^= 0x80;
	ck_assert(!mem_is_equal_ct(a, b, 4));
	ck_assert(mem_is_equal_ct(a, b, 3));
	ck_assert(mem_is_equal_ct(a, b, 0));
	mem_wipe(a, 2);
	ck_assert(a[0] == 0 && a[1] == 0 && a[2] == 3);
	mem_wipe(NULL, 0);
}
END_TEST

/* Every code point goes in and out; the rest is refused. */
START_TEST(every_code_point)
{
	uint8_t p[4];
	uint32_t c, back;
	size_t n;

	for (c = 0; c < 0x110100; c++) {
		n = utf8_encode(p, c);
		if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
			ck_assert_uint_eq(n, 0);
			continue;
		}
		if (utf8_decode(p, n, &back) != n || back != c ||
		    utf8_decode(p, n - 1, &back) != 0)
			ck_abort_msg("code point %x", c);
	}
	ck_assert_uint_eq(utf8_decode(p, 0, &c), 0);
}
END_TEST

static const char *const no_utf8[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf",
    "\xc3", "\xc3\x28", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
    "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xff",
    "abc\xc3"};

START_TEST(what_is_no_utf8_is_refused)
{
	ck_assert(!utf8_is_valid(bytes_of_str(no_utf8[_i])));
	ck_assert(utf8_is_valid(BYTES_NONE));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("buf");
	TCase *tcase = tcase_create("buf");

	tcase_add_test(tcase, bytes_are_compared);
	tcase_add_test(tcase, bytes_become_strings);
	tcase_add_test(tcase, octets_become_digits);
	tcase_add_test(tcase, it_grows);
	tcase_add_test(tcase, printf_of_any_length);
	tcase_add_test(tcase, it_has_a_limit);
	tcase_add_test(tcase, it_has_a_default_limit);
	tcase_add_test(tcase, giant_lengths_are_refused);
	tcase_add_test(tcase, reserved_room_is_taken);
	tcase_add_test(tcase, the_front_is_taken_off);
	tcase_add_test(tcase, a_reset_wipes);
	tcase_add_test(tcase, memory_is_wiped_and_compared);
	tcase_add_test(tcase, every_code_point);
	tcase_add_loop_test(tcase, what_is_no_utf8_is_refused, 0,
	    sizeof(no_utf8) / sizeof(no_utf8[0]));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
