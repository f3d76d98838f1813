#include "token/uri.h"

#include <string.h>

#include "token/module.h"
#include "token/proto.h"
#include "tests/unit/unit.h"

static void
fill(unsigned char *field, size_t len, const char *text)
{
	memset(field, ' ', len);
	memcpy(field, text, strlen(text));
}

static CK_TOKEN_INFO
card(void)
{
	CK_TOKEN_INFO info = {0};

	fill(info.label, sizeof(info.label), "J\xc3\xb6rg; a/b");
	fill(info.manufacturerID, sizeof(info.manufacturerID), "piv_II");
	fill(info.model, sizeof(info.model), "PKCS#15 emulated");
	fill(info.serialNumber, sizeof(info.serialNumber), "0123");
	return info;
}

START_TEST(names_a_token)
{
	CK_TOKEN_INFO info = card();
	struct buf b = {0};

	unit_assert_code(uri_put_token(&b, &info, NULL), 0);
	unit_assert_bytes(buf_get(&b),
	    BYTES_LIT("pkcs11:model=PKCS%2315%20emulated;manufacturer=piv_II;"
		      "serial=0123;token=J%C3%B6rg%3B%20a%2Fb"));
	buf_clear(&b);
}
END_TEST

START_TEST(adds_the_reader)
{
	CK_TOKEN_INFO info = {0};
	unsigned char reader[64];
	struct buf b = {0};

	fill(info.label, sizeof(info.label), "x");
	fill(reader, sizeof(reader), "Reader 1");
	unit_assert_code(uri_put_token(&b, &info, reader), 0);
	buf_add_byte(&b, 0);
	ck_assert_ptr_nonnull(
	    strstr((char *)b.data, "slot-description=Reader%201"));
	ck_assert_ptr_nonnull(strstr((char *)b.data, "token=x"));
	ck_assert_ptr_null(strstr((char *)b.data, "slot-id"));
	buf_clear(&b);
}
END_TEST

START_TEST(names_a_key)
{
	CK_TOKEN_INFO info = card();
	struct buf b = {0};

	unit_assert_code(
	    uri_put_key(&b, &info, unit_hex("01 ff"), BYTES_LIT("my key")), 0);
	unit_assert_bytes(buf_get(&b),
	    BYTES_LIT("pkcs11:model=PKCS%2315%20emulated;manufacturer=piv_II;"
		      "serial=0123;token=J%C3%B6rg%3B%20a%2Fb;id=%01%FF;"
		      "object=my%20key;type=private"));
	buf_clear(&b);
}
END_TEST

START_TEST(a_long_key_uri_loses_parts)
{
	static uint8_t big[TOK_TEXT_MAX];
	CK_TOKEN_INFO info = card();
	struct buf b = {0};

	memset(big, 0xfe, sizeof(big));
	unit_assert_code(
	    uri_put_key(&b, &info, unit_hex("01"), bytes_of(big, sizeof(big))),
	    0);
	ck_assert_uint_le(b.len, TOK_TEXT_MAX);
	buf_add_byte(&b, 0);
	ck_assert_ptr_nonnull(strstr((char *)b.data, ";id=%01;"));
	ck_assert_ptr_null(strstr((char *)b.data, "object="));
	buf_reset(&b);
	unit_assert_code(
	    uri_put_key(&b, &info, bytes_of(big, sizeof(big)), BYTES_LIT("l")),
	    0);
	ck_assert_uint_le(b.len, TOK_TEXT_MAX);
	buf_clear(&b);
}
END_TEST

/* All bytes that a hostile module may put into fixed fields: the longest URI
 * fits, and the text has no control in it. */
START_TEST(takes_any_bytes)
{
	unsigned char reader[64];
	CK_TOKEN_INFO info;
	struct buf b = {0};

	memset(&info, 0x01, sizeof(info));
	memset(reader, 0xff, sizeof(reader));
	unit_assert_code(uri_put_token(&b, &info, reader), 0);
	ck_assert_uint_le(b.len, TOK_TEXT_MAX);
	ck_assert(utf8_is_valid(buf_get(&b)));
	buf_reset(&b);
	module_text(&b, info.label, sizeof(info.label));
	ck_assert_uint_eq(b.len, 4 * sizeof(info.label));
	ck_assert(utf8_is_valid(buf_get(&b)));
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *field;
	size_t len;
	const char *text;
} texts[] = {
    {"abc     ", 8, "abc"},
    {"abcdefgh", 8, "abcdefgh"}, /* no padding at all */
    {"        ", 8, ""},
    {"ab\0cdefg", 8, "ab"}, /* NUL where padding belongs */
    {"ab  \0   ", 8, "ab"},
    {"a\nb     ", 8, "a\\x0ab"},
    {"a\xff      ", 8, "a\\xff"},
    {"J\xc3\xb6rg   ", 8, "J\xc3\xb6rg"},
};

START_TEST(reads_padded_text)
{
	struct buf b = {0};

	module_text(&b, (const unsigned char *)texts[_i].field, texts[_i].len);
	unit_assert_bytes(buf_get(&b), bytes_of_str(texts[_i].text));
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_uri");
	TCase *tcase = tcase_create("token_uri");

	tcase_add_test(tcase, names_a_token);
	tcase_add_test(tcase, adds_the_reader);
	tcase_add_test(tcase, names_a_key);
	tcase_add_test(tcase, a_long_key_uri_loses_parts);
	tcase_add_test(tcase, takes_any_bytes);
	tcase_add_loop_test(tcase, reads_padded_text, 0,
	    (int)(sizeof(texts) / sizeof(texts[0])));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
