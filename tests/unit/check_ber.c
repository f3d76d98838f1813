#include "asn1/ber.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTURE_MAX 512

/* What the parser told, as text: "( tag", ") tag", "= tag der", "~ hex". */
struct story {
	struct buf log;
	struct buf run;	    /* content octets since the last event */
	const char *script; /* one letter per header: E, C, S, K */
	int fail_with;	    /* what the last letter, X, returns */
};

static void
story_flush(struct story *s)
{
	size_t i;

	if (s->run.len == 0)
		return;
	buf_add_str(&s->log, "~");
	for (i = 0; i < s->run.len; i++)
		buf_printf(&s->log, "%02x", s->run.data[i]);
	buf_add_str(&s->log, " ");
	buf_reset(&s->run);
}

static int
on_header(void *ctx, const struct ber_header *h)
{
	struct story *s = ctx;
	char letter = *s->script;

	ck_assert_uint_le(h->header_len, 128);
	story_flush(s);
	buf_printf(&s->log, "%02x@%u/%u%s ", (unsigned)h->tag,
	    (unsigned)h->offset, h->depth, h->is_der_len ? "" : "b");
	if (letter != '\0')
		s->script++;
	switch (letter) {
	case 'C':
		return BER_CAPTURE;
	case 'S':
		return BER_STREAM;
	case 'K':
		return BER_SKIP;
	case 'X':
		return s->fail_with;
	case 'E':
		return BER_ENTER;
	default:
		return (h->tag & DER_CONSTRUCTED) != 0 ? BER_ENTER
						       : BER_CAPTURE;
	}
}

static int
on_captured(void *ctx, const struct ber_header *h, struct bytes element)
{
	struct story *s = ctx;
	size_t i;

	(void)h;
	buf_add_str(&s->log, "=");
	for (i = 0; i < element.len; i++)
		buf_printf(&s->log, "%02x", element.p[i]);
	buf_add_str(&s->log, " ");
	return 0;
}

static int
on_content(void *ctx, struct bytes run)
{
	struct story *s = ctx;

	ck_assert_uint_ne(run.len, 0);
	return buf_add_bytes(&s->run, run);
}

static int
on_end(void *ctx, const struct ber_header *h)
{
	struct story *s = ctx;

	story_flush(s);
	return buf_printf(&s->log, ")%u ", (unsigned)h->offset);
}

static const struct ber_owner owner = {
    .header = on_header,
    .captured = on_captured,
    .content = on_content,
    .end = on_end,
};

enum pieces {
	WHOLE,
	BYTE_BY_BYTE,
	AT_RANDOM,
};

static size_t
piece_len(enum pieces pieces, size_t left)
{
	size_t n;

	if (pieces == WHOLE)
		return left;
	if (pieces == BYTE_BY_BYTE)
		return 1;
	n = (size_t)rand() % 7;
	return n < left ? n : left;
}

/* Parses in; the story as text goes to text. Returns what finish says. */
static int
tell(struct bytes in, const char *script, enum pieces pieces, char *text,
    size_t size, struct err *e)
{
	struct story s = {.script = script, .fail_with = -CS_ERR_POLICY};
	struct ber *b = ber_new(&owner, &s, CAPTURE_MAX, e);
	size_t at = 0, n, used;
	int r = 0;

	ck_assert_ptr_nonnull(b);
	while (r == 0 && at < in.len) {
		n = piece_len(pieces, in.len - at);
		r = ber_write(b, bytes_of(in.p + at, n), &used);
		ck_assert(r != 0 || used == n);
		at += n;
	}
	if (r == 0) {
		ck_assert_uint_eq(ber_get_offset(b), in.len);
		r = ber_finish(b);
		ck_assert(ber_is_done(b) == (r == 0));
	}
	/* a failure sticks */
	ck_assert(r == 0 || ber_finish(b) == r);
	ck_assert(r == 0 || ber_write(b, BYTES_LIT("x"), &used) == r);
	snprintf(text, size, "%.*s", (int)s.log.len, (const char *)s.log.data);
	ck_assert_int_eq(s.log.err, 0);
	buf_clear(&s.log);
	buf_clear(&s.run);
	ber_free(b);
	return r;
}

static const struct {
	const char *hex;
	const char *script;
	const char *story;
} good[] = {
    {"30 03 02 01 05", "EC", "30@0/0 02@2/1 =020105 )0 "},
    {"30 00", "E", "30@0/0 )0 "},
    {"30 80 00 00", "E", "30@0/0b )0 "},
    {"04 00", "S", "04@0/0 )0 "},
    {"04 03 61 62 63", "S", "04@0/0 ~616263 )0 "},
    {"04 81 03 61 62 63", "S", "04@0/0b ~616263 )0 "},
    /* a constructed string, definite inside indefinite inside definite */
    {"24 0f 24 80 04 01 61 24 03 04 01 62 00 00 04 01 63", "S",
	"24@0/0 ~616263 )0 "},
    {"a0 80 04 02 61 62 04 00 04 01 63 00 00", "S", "a0@0/0b ~616263 )0 "},
    {"24 80 00 00", "S", "24@0/0b )0 "},
    /* captured: normalised whole */
    {"30 80 24 80 04 01 61 04 01 62 00 00 01 01 01 00 00", "C",
	"30@0/0b =300704026162"
	"0101ff "},
    {"30 80 30 80 30 80 00 00 00 00 00 00", "EC",
	"30@0/0b 30@2/1b =30023000 )0 "},
    /* skipped, then the next */
    {"30 80 30 80 04 82 00 01 61 a0 80 00 00 00 00 02 01 01 00 00", "EKC",
	"30@0/0b 30@2/1b 02@15/1 =020101 )0 "},
    {"02 83 00 00 01 05", "C", "02@0/0b =020105 "},
    {"03 02 04 ff", "C", "03@0/0 =030204f0 "},
};

START_TEST(tells_the_story)
{
	char text[512];
	struct err e = ERR_INIT;
	int i;

	for (i = 0; i < 40; i++) {
		unit_assert_code(tell(unit_hex(good[_i].hex), good[_i].script,
				     i == 0   ? WHOLE
				     : i == 1 ? BYTE_BY_BYTE
					      : AT_RANDOM,
				     text, sizeof(text), &e),
		    0);
		ck_assert_str_eq(text, good[_i].story);
	}
}
END_TEST

/* Each beginning of a good input is cut off, whatever the owner does. */
START_TEST(truncated_at_each_byte)
{
	struct bytes in = unit_hex(good[_i].hex);
	char text[512];
	struct buf out = {0};
	size_t len;

	for (len = 0; len < in.len; len++) {
		unit_assert_code(tell(bytes_of(in.p, len), good[_i].script,
				     WHOLE, text, sizeof(text), NULL),
		    -CS_ERR_TRUNCATED);
		ck_assert_int_lt(
		    ber_to_der(bytes_of(in.p, len), &out, 0, NULL), 0);
		ck_assert_uint_eq(out.len, 0);
	}
	buf_clear(&out);
}
END_TEST

static const struct {
	const char *hex;
	const char *script;
	int code;
	unsigned offset;
} bad[] = {
    {"3f 81 01 00", "", -CS_ERR_ENCODING, 0},
    {"30 04 1f 81 01 00", "E", -CS_ERR_ENCODING, 2},
    {"04 80 00 00", "S", -CS_ERR_ENCODING, 0},
    {"30 ff 00", "E", -CS_ERR_ENCODING, 0},
    {"30 03 02 02 05 05", "E", -CS_ERR_ENCODING, 2},
    {"30 03 30 80 00 00", "EE", -CS_ERR_ENCODING, 4},
    {"30 03 30 80 02 01 05", "EE", -CS_ERR_ENCODING, 4},
    {"30 01 02 01 05", "E", -CS_ERR_ENCODING, 2},
    {"30 80 30 04 02 03 00 00 00 00", "EE", -CS_ERR_ENCODING, 4},
    {"00 00", "", -CS_ERR_ENCODING, 0},
    {"30 02 00 00", "E", -CS_ERR_ENCODING, 2},
    {"30 80 00 01 00", "E", -CS_ERR_ENCODING, 2},
    {"30 80 00 81 00", "E", -CS_ERR_ENCODING, 2},
    {"30 80 20 00 00 00", "E", -CS_ERR_ENCODING, 2},
    {"30 88 40 00 00 00 00 00 00 01", "E", -CS_ERR_TOO_LARGE, 0},
    {"30 89 01 00 00 00 00 00 00 00 00", "E", -CS_ERR_TOO_LARGE, 0},
    {"24 80 02 01 05 00 00", "S", -CS_ERR_ENCODING, 2},
    {"24 80 24 80 0c 01 61 00 00 00 00", "S", -CS_ERR_ENCODING, 4},
    {"30 02 00 00", "C", -CS_ERR_ENCODING, 2},
    {"30 82 02 01", "C", -CS_ERR_TOO_LARGE, 0},
    {"02 01 05", "E", -CS_ERR_ENCODING, 0},
    {"30 00 00", "E", -CS_ERR_TRAILING, 2},
    {"30 03 02 01 05", "EX", -CS_ERR_POLICY, 0},
    /* found when the captured element is normalised */
    {"30 80 30 80 24 80 03 01 00 00 00 00 00 00 00", "EC", -CS_ERR_ENCODING, 6},
};

START_TEST(refuses)
{
	char text[512], text2[512];
	struct err e = ERR_INIT;

	unit_assert_code(tell(unit_hex(bad[_i].hex), bad[_i].script, WHOLE,
			     text, sizeof(text), &e),
	    bad[_i].code);
	if (bad[_i].code != -CS_ERR_POLICY) {
		ck_assert_uint_eq(e.offset, bad[_i].offset);
		ck_assert_int_eq(e.code, bad[_i].code);
		ck_assert(e.text[0] != '\0');
	}
	unit_assert_code(tell(unit_hex(bad[_i].hex), bad[_i].script,
			     BYTE_BY_BYTE, text2, sizeof(text2), NULL),
	    bad[_i].code);
	ck_assert_str_eq(text, text2);
}
END_TEST

static struct bytes
nested(struct buf *b, unsigned levels, const char *opening)
{
	unsigned i;

	for (i = 0; i < levels; i++)
		buf_add_str(b, opening);
	buf_add_bytes(b, unit_hex("04 01 61"));
	for (i = 0; i < levels; i++)
		buf_add(b, "\0", 2);
	return buf_get(b);
}

START_TEST(nesting_has_a_limit)
{
	static const char *const openings[] = {"\x30\x80", "\x24\x80"};
	static const char *const scripts[] = {"", "S", "K", "C"};
	const char *script = scripts[_i], *opening = openings[_i == 1];
	struct buf b = {0}, out = {0};
	char text[2048];

	unit_assert_code(tell(nested(&b, BER_DEPTH_MAX, opening), script, WHOLE,
			     text, sizeof(text), NULL),
	    0);
	unit_assert_code(ber_to_der(buf_get(&b), &out, 0, NULL), 0);
	buf_reset(&b);
	buf_reset(&out);
	unit_assert_code(tell(nested(&b, BER_DEPTH_MAX + 1, opening), script,
			     WHOLE, text, sizeof(text), NULL),
	    -CS_ERR_TOO_DEEP);
	unit_assert_code(
	    ber_to_der(buf_get(&b), &out, 0, NULL), -CS_ERR_TOO_DEEP);
	buf_reset(&b);
	/* far too deep: no crash, and nothing is put out */
	nested(&b, 200000, opening);
	unit_assert_code(
	    ber_to_der(buf_get(&b), &out, 0, NULL), -CS_ERR_TOO_DEEP);
	ck_assert_uint_eq(out.len, 0);
	buf_clear(&b);
	buf_clear(&out);
}
END_TEST

/* A length of 2^62 is legal; what it announces just never comes. */
START_TEST(giant_length_streams)
{
	char text[64];
	struct err e = ERR_INIT;

	unit_assert_code(tell(unit_hex("04 88 40 00 00 00 00 00 00 00 61"), "S",
			     BYTE_BY_BYTE, text, sizeof(text), &e),
	    -CS_ERR_TRUNCATED);
	ck_assert_uint_eq(e.offset, 11);
	unit_assert_code(
	    tell(unit_hex("04 8a 00 00 00 00 00 00 00 00 00 01 61"), "S",
		BYTE_BY_BYTE, text, sizeof(text), &e),
	    0);
	ck_assert_str_eq(text, "04@0/0b ~61 )0 ");
}
END_TEST

/* The limit of a capture holds for an indefinite length too. */
START_TEST(capture_has_a_limit)
{
	uint8_t filler[CAPTURE_MAX] = {0};
	struct story s = {.script = "C"};
	struct buf in = {0};
	struct ber *b;
	struct err e = ERR_INIT;
	size_t used;

	buf_add_bytes(&in, unit_hex("30 80 04 82 02 00"));
	buf_add(&in, filler, sizeof(filler));
	b = ber_new(&owner, &s, CAPTURE_MAX, &e);
	unit_assert_code(ber_write(b, buf_get(&in), &used), -CS_ERR_TOO_LARGE);
	ck_assert_int_eq(e.code, -CS_ERR_TOO_LARGE);
	ber_free(b);
	/* a limit of 0 is no default */
	s.script = "C";
	b = ber_new(&owner, &s, 0, NULL);
	unit_assert_code(
	    ber_write(b, unit_hex("30 80 05 00"), &used), -CS_ERR_TOO_LARGE);
	ber_free(b);
	buf_clear(&in);
	buf_clear(&s.log);
}
END_TEST

START_TEST(trailing_may_be_allowed)
{
	struct story s = {.script = "E"};
	struct ber *b = ber_new(&owner, &s, CAPTURE_MAX, NULL);
	size_t used = 99;

	ber_allow_trailing(b);
	unit_assert_code(ber_write(b, unit_hex("30 80 00"), &used), 0);
	ck_assert_uint_eq(used, 3);
	unit_assert_code(ber_write(b, unit_hex("00 30 00"), &used), 0);
	ck_assert_uint_eq(used, 1);
	unit_assert_code(ber_write(b, unit_hex("30 00"), &used), 0);
	ck_assert_uint_eq(used, 0);
	unit_assert_code(ber_finish(b), 0);
	ck_assert_uint_eq(ber_get_offset(b), 4);
	ber_free(b);
	buf_clear(&s.log);
}
END_TEST

static const struct {
	const char *ber;
	const char *der; /* NULL: refused with code */
	int code;
} conversions[] = {
    {"30 80 00 00", "30 00", 0},
    {"30 84 00 00 00 03 02 01 05", "30 03 02 01 05", 0},
    {"24 09 04 01 61 04 00 04 02 62 63", "04 03 61 62 63", 0},
    {"2c 80 04 01 61 24 80 04 01 62 00 00 00 00", "0c 02 61 62", 0},
    {"36 03 04 01 61", "16 01 61", 0},
    {"23 80 03 02 00 f0 03 02 04 ff 00 00", "03 03 04 f0 f0", 0},
    {"23 00", "03 01 00", 0},
    {"03 02 07 ff", "03 02 07 80", 0},
    {"01 01 07", "01 01 ff", 0},
    {"01 01 00", "01 01 00", 0},
    {"a0 80 04 01 61 00 00", "a0 03 04 01 61", 0},
    {"a0 80 24 80 04 01 61 00 00 00 00", "a0 03 04 01 61", 0},
    {"82 81 01 61", "82 01 61", 0},
    {"31 80 02 01 02 02 01 01 00 00", "31 06 02 01 02 02 01 01", 0},
    {"", NULL, -CS_ERR_TRUNCATED},
    {"30", NULL, -CS_ERR_TRUNCATED},
    {"30 80", NULL, -CS_ERR_TRUNCATED},
    {"30 80 00", NULL, -CS_ERR_TRUNCATED},
    {"30 82 01", NULL, -CS_ERR_TRUNCATED},
    {"30 00 00", NULL, -CS_ERR_TRAILING},
    {"30 80 00 00 00 00", NULL, -CS_ERR_TRAILING},
    {"30 05 30 02 04 01 61", NULL, -CS_ERR_ENCODING},
    {"30 05 24 02 04 01 61", NULL, -CS_ERR_ENCODING},
    {"30 02 00 00", NULL, -CS_ERR_ENCODING},
    {"00 00", NULL, -CS_ERR_ENCODING},
    {"30 80 00 01 00", NULL, -CS_ERR_ENCODING},
    {"1f 01 00", NULL, -CS_ERR_ENCODING},
    {"04 80 00 00", NULL, -CS_ERR_ENCODING},
    {"30 ff", NULL, -CS_ERR_ENCODING},
    {"10 00", NULL, -CS_ERR_ENCODING},
    {"11 00", NULL, -CS_ERR_ENCODING},
    {"22 03 02 01 05", NULL, -CS_ERR_ENCODING},
    {"21 03 01 01 ff", NULL, -CS_ERR_ENCODING},
    {"26 00", NULL, -CS_ERR_ENCODING},
    {"01 00", NULL, -CS_ERR_ENCODING},
    {"01 02 00 00", NULL, -CS_ERR_ENCODING},
    {"03 00", NULL, -CS_ERR_ENCODING},
    {"03 01 01", NULL, -CS_ERR_ENCODING},
    {"03 02 08 00", NULL, -CS_ERR_ENCODING},
    {"23 80 03 02 04 f0 03 02 00 ff 00 00", NULL, -CS_ERR_ENCODING},
    {"23 03 04 01 61", NULL, -CS_ERR_ENCODING},
    {"24 04 03 02 00 61", NULL, -CS_ERR_ENCODING},
    {"2c 03 0c 01 61", NULL, -CS_ERR_ENCODING},
    {"04 89 01 00 00 00 00 00 00 00 00", NULL, -CS_ERR_TOO_LARGE},
};

START_TEST(converts_to_der)
{
	struct buf out = {0};
	struct err e = ERR_INIT;

	buf_add_str(&out, "x"); /* it appends */
	unit_assert_code(
	    ber_to_der(unit_hex(conversions[_i].ber), &out, 64, &e),
	    conversions[_i].code);
	buf_consume(&out, 1);
	if (conversions[_i].der != NULL) {
		unit_assert_bytes(buf_get(&out), unit_hex(conversions[_i].der));
	} else {
		ck_assert_uint_eq(out.len, 0);
		ck_assert_int_eq(e.code, conversions[_i].code);
	}
	buf_clear(&out);
}
END_TEST

START_TEST(conversion_has_a_limit)
{
	struct buf out = {0};

	unit_assert_code(
	    ber_to_der(unit_hex("04 03 61 62 63"), &out, 5, NULL), 0);
	unit_assert_code(ber_to_der(unit_hex("04 03 61 62 63"), &out, 4, NULL),
	    -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(out.len, 5);
	buf_clear(&out);
}
END_TEST

/* A random element, BER of every legal kind, at most depth deep. */
static void
random_element(struct buf *b, unsigned depth)
{
	static const uint8_t tags[] = {0x30, 0x31, 0xa0, 0x24, 0x2c};
	int kind = depth == 0 ? 0 : rand() % 3, i;
	uint8_t tag = tags[rand() % 5];
	struct buf in = {0};

	if (kind == 0) {
		buf_add_byte(b, 0x04);
		buf_add_byte(b, (uint8_t)(rand() % 9));
		for (i = b->data[b->len - 1]; i > 0; i--)
			buf_add_byte(b, (uint8_t)rand());
		return;
	}
	for (i = rand() % 4; i > 0; i--)
		random_element(&in, tag == 0x24 || tag == 0x2c ? 0 : depth - 1);
	buf_add_byte(b, tag);
	if (kind == 1) {
		buf_add(b, "\x84\0\0", 3);
		buf_add_byte(b, (uint8_t)(in.len >> 8));
		buf_add_byte(b, (uint8_t)in.len);
	} else {
		buf_add_byte(b, 0x80);
	}
	buf_add_bytes(b, buf_get(&in));
	if (kind == 2)
		buf_add(b, "\0", 2);
	buf_clear(&in);
}

/* What a capture gives is what ber_to_der gives, and that is stable. */
START_TEST(capture_agrees_with_conversion)
{
	static char text[3 * CAPTURE_MAX];
	struct buf in = {0}, out = {0}, again = {0};
	int i, r;
	size_t at;

	srand(5652);
	for (i = 0; i < 3000; i++) {
		buf_reset(&in);
		buf_reset(&out);
		buf_reset(&again);
		random_element(&in, 4);
		if (in.len > CAPTURE_MAX)
			continue;
		if (i % 3 == 0) /* and broken ones */
			in.data[(size_t)rand() % in.len] ^=
			    (uint8_t)(1 << rand() % 8);
		r = tell(
		    buf_get(&in), "C", AT_RANDOM, text, sizeof(text), NULL);
		ck_assert(
		    (ber_to_der(buf_get(&in), &out, 0, NULL) == 0) == (r == 0));
		if (r != 0)
			continue;
		for (at = 0; at < out.len; at++)
			buf_printf(&again, "%02x", out.data[at]);
		buf_add_str(&again, " ");
		buf_add_byte(&again, '\0');
		ck_assert_str_eq(strchr(text, '=') + 1, (char *)again.data);
		buf_reset(&again);
		unit_assert_code(ber_to_der(buf_get(&out), &again, 0, NULL), 0);
		unit_assert_bytes(buf_get(&again), buf_get(&out));
	}
	buf_clear(&in);
	buf_clear(&out);
	buf_clear(&again);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("ber");
	TCase *tcase = tcase_create("ber");

	tcase_add_loop_test(tcase, tells_the_story, 0, COUNT(good));
	tcase_add_loop_test(tcase, truncated_at_each_byte, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses, 0, COUNT(bad));
	tcase_add_loop_test(tcase, nesting_has_a_limit, 0, 4);
	tcase_add_test(tcase, giant_length_streams);
	tcase_add_test(tcase, capture_has_a_limit);
	tcase_add_test(tcase, trailing_may_be_allowed);
	tcase_add_loop_test(tcase, converts_to_der, 0, COUNT(conversions));
	tcase_add_test(tcase, conversion_has_a_limit);
	tcase_add_test(tcase, capture_agrees_with_conversion);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
