/* What is written, read by jansson. */
#include "asn1/json.h"
#include "asn1/utf8.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <string.h>

static void
assert_text(struct buf *b, const char *want)
{
	unit_assert_bytes(buf_get(b), bytes_of_str(want));
	buf_clear(b);
}

START_TEST(values_stand_in_order)
{
	struct buf b = {0};
	struct json j = {.out = &b};

	json_open_object(&j, NULL);
	json_put_text(&j, "b", "x");
	json_put_null(&j, "a");
	json_open_array(&j, "list");
	json_close_array(&j);
	json_open_array(&j, "more");
	json_put_int(&j, NULL, INT64_MIN);
	json_put_bool(&j, NULL, true);
	json_open_object(&j, NULL);
	json_close_object(&j);
	json_put_bool(&j, NULL, false);
	json_close_array(&j);
	json_put_hex(&j, "hex", unit_hex("00 ff 1a"));
	json_put_text(&j, "none", NULL);
	json_put_bytes(&j, "empty", BYTES_NONE);
	json_close_object(&j);
	assert_text(&b,
	    "{\"b\":\"x\",\"a\":null,\"list\":[],\"more\":[-"
	    "9223372036854775808,"
	    "true,{},false],\"hex\":\"00ff1a\",\"none\":null,\"empty\":\"\"}");
}
END_TEST

START_TEST(text_is_escaped)
{
	struct buf b = {0};
	struct json j = {.out = &b};

	json_put_text(&j, NULL, "\"\\/\b\f\n\r\t\x01\x1f\x7f");
	assert_text(&b, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\"");
}
END_TEST

START_TEST(what_is_not_utf8_is_quoted)
{
	static char lots[3 * JSON_QUOTED_MAX];
	struct buf b = {0};
	struct json j = {.out = &b};

	json_put_text(&j, NULL, "caf\xe9");
	assert_text(&b, "\"caf\\\\xe9\"");
	memset(lots, 0xff, sizeof(lots) - 1);
	j = (struct json){.out = &b};
	json_put_text(&j, NULL, lots);
	ck_assert_uint_le(b.len, 2 * JSON_QUOTED_MAX);
	buf_clear(&b);
}
END_TEST

static size_t
put_every_character(struct buf *all)
{
	uint8_t octets[4];
	size_t n, count = 0;
	uint32_t c;

	for (c = 0; c <= 0x10ffff; c += c < 0x3000 ? 1 : 251) {
		n = utf8_encode(octets, c);
		buf_add(all, octets, n);
		count += n != 0;
	}
	return count;
}

START_TEST(every_character_is_read_again)
{
	struct buf all = {0}, b = {0};
	struct json j = {.out = &b};
	json_error_t why;
	json_t *read;

	ck_assert_uint_gt(put_every_character(&all), 10000);
	json_put_bytes(&j, NULL, buf_get(&all));
	read = json_loadb((const char *)b.data, b.len,
	    JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(read != NULL, "%s at %d", why.text, why.position);
	unit_assert_bytes(
	    bytes_of(json_string_value(read), json_string_length(read)),
	    buf_get(&all));
	json_decref(read);
	buf_clear(&all);
	buf_clear(&b);
}
END_TEST

START_TEST(the_limit_is_told)
{
	struct buf b;
	struct json j = {.out = &b};

	buf_init(&b, 8);
	json_open_array(&j, NULL);
	json_put_text(&j, NULL, "longer than that");
	json_close_array(&j);
	ck_assert_int_eq(b.err, -CS_ERR_TOO_LARGE);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_test(tcase, values_stand_in_order);
	tcase_add_test(tcase, text_is_escaped);
	tcase_add_test(tcase, what_is_not_utf8_is_quoted);
	tcase_add_test(tcase, every_character_is_read_again);
	tcase_add_test(tcase, the_limit_is_told);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
