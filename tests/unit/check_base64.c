#include "asn1/base64.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 700

/* The oracle: RFC 4648 by division, one character at a time. */
static void
slow_encode(struct buf *b, struct bytes in)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	size_t i, bit, k;
	unsigned value;

	for (bit = 0; bit < 8 * in.len; bit += 6) {
		for (value = 0, k = 0; k < 6; k++) {
			i = bit + k;
			value *= 2;
			if (i < 8 * in.len)
				value +=
				    (unsigned)in.p[i / 8] >> (7 - i % 8) & 1U;
		}
		buf_add_byte(b, (uint8_t)alphabet[value]);
	}
	while (b->len % 4 != 0)
		buf_add_byte(b, '=');
}

static int
use(int i)
{
	if (base64_use((enum base64_impl)i))
		return 1;
	ck_assert_int_ne(i, BASE64_PORTABLE);
	return 0;
}

static struct bytes
random_bytes(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)rand();
	return bytes_of(p, len);
}

/* Decodes in pieces cut at random; each write gets exactly the room that it
 * may use, so that the sanitizers see a byte too many. */
static int
decode_pieces(
    struct buf *out, struct bytes in, size_t piece_max, uint64_t *offset)
{
	struct base64_dec d;
	size_t n, len;
	uint8_t *room;
	int r = 0;

	base64_dec_init(&d);
	while (r == 0 && in.len != 0) {
		n = piece_max != 0 ? (size_t)rand() % piece_max + 1 : in.len;
		n = n < in.len ? n : in.len;
		room = malloc(BASE64_DECODED_MAX(n));
		r = base64_dec_write(&d, bytes_of(in.p, n), room, &len);
		ck_assert_uint_le(len, BASE64_DECODED_MAX(n));
		buf_add(out, room, len);
		free(room);
		in = bytes_of(in.p + n, in.len - n);
	}
	*offset = d.offset;
	return r != 0 ? r : base64_dec_finish(&d);
}

START_TEST(known_answers)
{
	/* RFC 4648 10 */
	static const char *const vectors[][2] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	};
	struct buf b = {0};
	size_t i;

	if (!use(_i))
		return;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		buf_reset(&b);
		base64_encode(&b, bytes_of_str(vectors[i][0]));
		unit_assert_bytes(buf_get(&b), bytes_of_str(vectors[i][1]));
		buf_reset(&b);
		unit_assert_code(
		    base64_decode(&b, bytes_of_str(vectors[i][1])), 0);
		unit_assert_bytes(buf_get(&b), bytes_of_str(vectors[i][0]));
	}
	buf_clear(&b);
}
END_TEST

START_TEST(runs_agree_with_the_oracle)
{
	uint8_t data[INPUT_MAX];
	struct buf slow = {0}, fast = {0};
	struct bytes in;
	size_t len;

	if (!use(_i))
		return;
	srand(4648);
	for (len = 0; len < INPUT_MAX; len++) {
		in = random_bytes(data, len);
		buf_reset(&slow);
		slow_encode(&slow, in);
		buf_reset(&fast);
		base64_encode(&fast, in);
		unit_assert_bytes(buf_get(&fast), buf_get(&slow));
		buf_reset(&fast);
		unit_assert_code(base64_decode(&fast, buf_get(&slow)), 0);
		unit_assert_bytes(buf_get(&fast), in);
	}
	buf_clear(&slow);
	buf_clear(&fast);
}
END_TEST

/* Each value in each place of a vector, and each octet that is none. */
START_TEST(every_character_in_every_place)
{
	char text[128 + 1];
	struct buf b = {0}, slow = {0};
	uint64_t offset;
	size_t at;
	int c, r;

	if (!use(_i))
		return;
	for (at = 0; at < 96; at++) {
		for (c = 0; c < 256; c++) {
			memset(text, 'A', 128);
			text[at] = (char)c;
			buf_reset(&b);
			buf_reset(&slow);
			r = decode_pieces(&b, bytes_of(text, 128), 0, &offset);
			if (c != 0 && strchr("\r\n\t ", c) != NULL) {
				/* 127 characters are no whole groups */
				unit_assert_code(r, -CS_ERR_BASE64);
				ck_assert_uint_eq(offset, 128);
				continue;
			}
			if (!(c >= '0' && c <= '9') && c != '+' && c != '/' &&
			    !(c >= 'A' && c <= 'Z') &&
			    !(c >= 'a' && c <= 'z')) {
				unit_assert_code(r, -CS_ERR_BASE64);
				/* padding may be refused by what follows it */
				ck_assert_uint_ge(offset, at);
				ck_assert_uint_le(
				    offset, at + (c == '=' ? 2 : 0));
				ck_assert_uint_eq(b.len,
				    at / 4 * 3 +
					(c == '=' && at % 4 == 3 ? 2 : 0));
				continue;
			}
			unit_assert_code(r, 0);
			slow_encode(&slow, buf_get(&b));
			unit_assert_bytes(buf_get(&slow), bytes_of(text, 128));
		}
	}
	buf_clear(&b);
	buf_clear(&slow);
}
END_TEST

static void
fold(struct buf *out, struct bytes text, size_t width, const char *eol)
{
	size_t n;

	while (text.len != 0) {
		n = text.len < width ? text.len : width;
		buf_add(out, text.p, n);
		buf_add_str(out, eol);
		text = bytes_of(text.p + n, text.len - n);
	}
}

START_TEST(lines_of_any_width_decode)
{
	static const char *const eols[] = {
	    "\r\n", "\n", " ", "\t\r\n", "\r", "\n\n", " \n \r\n"};
	uint8_t data[INPUT_MAX];
	struct buf text = {0}, folded = {0}, got = {0};
	struct bytes in;
	uint64_t offset;
	size_t width, eol;

	if (!use(_i))
		return;
	srand(2045);
	for (width = 1; width < 100; width++) {
		in = random_bytes(
		    data, INPUT_MAX - (size_t)rand() % (INPUT_MAX / 2));
		buf_reset(&text);
		slow_encode(&text, in);
		for (eol = 0; eol < sizeof(eols) / sizeof(eols[0]); eol++) {
			buf_reset(&folded);
			fold(&folded, buf_get(&text), width, eols[eol]);
			buf_reset(&got);
			unit_assert_code(decode_pieces(&got, buf_get(&folded),
					     eol % 2 ? 150 : 0, &offset),
			    0);
			unit_assert_bytes(buf_get(&got), in);
			ck_assert_uint_eq(offset, folded.len);
		}
	}
	buf_clear(&text);
	buf_clear(&folded);
	buf_clear(&got);
}
END_TEST

/* The same text cut at every byte, and the decoder fed byte by byte. */
START_TEST(every_split_point)
{
	uint8_t data[200], room[BASE64_DECODED_MAX(400)];
	struct buf text = {0}, folded = {0};
	struct base64_dec d;
	struct bytes in = random_bytes(data, sizeof(data));
	size_t at, len, len2;

	if (!use(_i))
		return;
	slow_encode(&text, in);
	fold(&folded, buf_get(&text), 76, "\r\n");
	for (at = 0; at <= folded.len; at++) {
		base64_dec_init(&d);
		unit_assert_code(
		    base64_dec_write(&d, bytes_of(folded.data, at), room, &len),
		    0);
		unit_assert_code(
		    base64_dec_write(&d,
			bytes_of(folded.data + at, folded.len - at), room + len,
			&len2),
		    0);
		unit_assert_code(base64_dec_finish(&d), 0);
		unit_assert_bytes(bytes_of(room, len + len2), in);
	}
	base64_dec_init(&d);
	for (at = 0, len = 0; at < folded.len; at++, len += len2)
		unit_assert_code(
		    base64_dec_write(
			&d, bytes_of(folded.data + at, 1), room + len, &len2),
		    0);
	unit_assert_bytes(bytes_of(room, len), in);
	buf_clear(&text);
	buf_clear(&folded);
}
END_TEST

static const struct {
	const char *text;
	int is_good;
	unsigned offset;
} paddings[] = {
    {"Zg==", 1, 4},
    {"Zg = =\r\n\t ", 1, 10},
    {"Zm8=\n", 1, 5},
    {"Zg=", 0, 3},
    {"Zg", 0, 2},
    {"Z", 0, 1},
    {"Zm8", 0, 3},
    {"Z===", 0, 1},
    {"=", 0, 0},
    {"====", 0, 0},
    {"Zg===", 0, 4},
    {"Zm9v=", 0, 4},
    {"Zg==Zg==", 0, 4},
    {"Zg==\nZg==", 0, 5},
    {"Zg=Z", 0, 3},
    {"Zg=\n=", 1, 5},
    {"Zh==", 0, 2}, /* bits under the padding */
    {"Zm9=", 0, 3},
    {"Z\xc3\xa4==", 0, 1},
    {"Zm9v-", 0, 4},
    {"Zm9v_", 0, 4},
    {"Zm9v\x0b", 0, 4},
    {"Zm9v.", 0, 4},
};

START_TEST(padding_is_strict)
{
	struct buf b = {0};
	uint64_t offset;
	int impl;

	for (impl = BASE64_PORTABLE; impl <= BASE64_AVX2; impl++) {
		if (!use(impl))
			continue;
		buf_reset(&b);
		unit_assert_code(
		    decode_pieces(
			&b, bytes_of_str(paddings[_i].text), 0, &offset),
		    paddings[_i].is_good ? 0 : -CS_ERR_BASE64);
		ck_assert_uint_eq(offset, paddings[_i].offset);
		buf_reset(&b);
		unit_assert_code(
		    decode_pieces(
			&b, bytes_of_str(paddings[_i].text), 1, &offset),
		    paddings[_i].is_good ? 0 : -CS_ERR_BASE64);
		ck_assert_uint_eq(offset, paddings[_i].offset);
	}
	buf_clear(&b);
}
END_TEST

/* A NUL is a foreign character too, and a failed run adds nothing. */
START_TEST(failed_runs_add_nothing)
{
	struct buf b = {0};

	buf_add_str(&b, "x");
	unit_assert_code(
	    base64_decode(&b, BYTES_LIT("Zm9vZm9v\0")), -CS_ERR_BASE64);
	ck_assert_uint_eq(b.len, 1);
	buf_clear(&b);
	buf_init(&b, 8);
	ck_assert_int_eq(
	    base64_encode(&b, BYTES_LIT("1234567")), -CS_ERR_TOO_LARGE);
	buf_clear(&b);
	buf_init(&b, 4);
	unit_assert_code(
	    base64_decode(&b, BYTES_LIT("Zm9vZm9vZm9v")), -CS_ERR_TOO_LARGE);
	buf_clear(&b);
}
END_TEST

/* Lines out of the stream are those of the oracle, in any pieces. */
static void
encode_lines(struct bytes in, size_t line_len, const char *eol,
    size_t piece_max, struct buf *out)
{
	struct base64_enc e;
	uint8_t *room;
	size_t n, len;

	base64_enc_init(&e, line_len, eol);
	while (in.len != 0) {
		n = (size_t)rand() % piece_max + 1;
		n = n < in.len ? n : in.len;
		room = malloc(BASE64_ENCODED_MAX(57 + n));
		base64_enc_write(&e, bytes_of(in.p, n), room, &len);
		ck_assert_uint_le(len, BASE64_ENCODED_MAX(57 + n));
		ck_assert(len == 0 || room[len - 1] == '\n');
		buf_add(out, room, len);
		free(room);
		in = bytes_of(in.p + n, in.len - n);
	}
	room = malloc(96);
	base64_enc_finish(&e, room, &len);
	ck_assert_uint_le(len, 96);
	buf_add(out, room, len);
	free(room);
}

START_TEST(lines_are_encoded)
{
	static const struct {
		size_t line_len;
		const char *eol;
	} forms[] = {
	    {BASE64_LINE_MIME, "\r\n"},
	    {BASE64_LINE_MIME, "\n"},
	    {BASE64_LINE_PEM, "\n"},
	    {BASE64_LINE_PEM, "\r\n"},
	};
	uint8_t data[INPUT_MAX];
	struct buf text = {0}, folded = {0}, got = {0};
	struct bytes in;
	size_t len, form;

	if (!use(_i))
		return;
	srand(76);
	for (len = 0; len < INPUT_MAX; len++) {
		in = random_bytes(data, len);
		form = len % 4;
		buf_reset(&text);
		slow_encode(&text, in);
		buf_reset(&folded);
		fold(&folded, buf_get(&text), forms[form].line_len / 3 * 4,
		    forms[form].eol);
		buf_reset(&got);
		encode_lines(in, forms[form].line_len, forms[form].eol,
		    len % 3 ? 200 : 20, &got);
		unit_assert_bytes(buf_get(&got), buf_get(&folded));
	}
	buf_clear(&text);
	buf_clear(&folded);
	buf_clear(&got);
}
END_TEST

#define IMPLS (BASE64_AVX2 + 1)

int
main(void)
{
	Suite *suite = suite_create("base64");
	TCase *tcase = tcase_create("base64");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, known_answers, 0, IMPLS);
	tcase_add_loop_test(tcase, runs_agree_with_the_oracle, 0, IMPLS);
	tcase_add_loop_test(tcase, every_character_in_every_place, 0, IMPLS);
	tcase_add_loop_test(tcase, lines_of_any_width_decode, 0, IMPLS);
	tcase_add_loop_test(tcase, every_split_point, 0, IMPLS);
	unit_add_loop(tcase, padding_is_strict, paddings);
	tcase_add_test(tcase, failed_runs_add_nothing);
	tcase_add_loop_test(tcase, lines_are_encoded, 0, IMPLS);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
