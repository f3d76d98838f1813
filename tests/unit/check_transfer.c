#include <string.h>

#include "client/smime/lines.h"
#include "client/smime/transfer.h"
#include "tests/unit/unit.h"

static struct buf out;

static void
push(struct sink *s, struct bytes in, size_t piece)
{
	size_t at, n;

	for (at = 0; at < in.len; at += n) {
		n = in.len - at < piece ? in.len - at : piece;
		ck_assert_int_eq(
		    sink_write(s, bytes_of(in.p + at, n), NULL), 0);
	}
	ck_assert_int_eq(sink_finish(s, NULL), 0);
	sink_free(s);
}

static void
encode(struct bytes in, size_t piece, enum qp_lines lines)
{
	struct sink *end = sink_new_buf(&out);

	buf_reset(&out);
	push(sink_new_qp_enc(end, lines), in, piece);
	sink_free(end);
}

static void
decode(struct bytes in, size_t piece)
{
	struct sink *end = sink_new_buf(&out);

	buf_reset(&out);
	push(sink_new_qp_dec(end), in, piece);
	sink_free(end);
}

static const struct {
	const char *in, *out;
} encoded[] = {
    {"", ""},
    {"plain\n", "plain\r\n"},
    {"plain\r\nmore", "plain\r\nmore"},
    {"gr\xc3\xbc\xc3\x9f\x65 = 1", "gr=C3=BC=C3=9Fe =3D 1"},
    {"space \ntab\t\r\nend ", "space=20\r\ntab=09\r\nend=20"},
    {"a b\tc", "a b\tc"},
    {"bare\rcr\x01\x7f", "bare=0Dcr=01=7F"},
    {"From me\n>From\nFr\nFrom", "=46rom me\r\n>From\r\nFr\r\nFrom"},
    {".\n..\n.x\n.", "=2E\r\n..\r\n.x\r\n=2E"},
    {"--b\n-- \n-x\n-", "=2D-b\r\n=2D-=20\r\n-x\r\n-"},
    {"\r\r\n", "=0D\r\n"},
    /* 76 columns, the last for "=" */
    {"123456789 123456789 123456789 123456789 123456789 123456789 "
     "123456789 12345\n",
	"123456789 123456789 123456789 123456789 123456789 123456789 "
	"123456789 12345\r\n"},
    {"123456789 123456789 123456789 123456789 123456789 123456789 "
     "123456789 12345From --",
	"123456789 123456789 123456789 123456789 123456789 123456789 "
	"123456789 12345=\r\n=46rom --"},
    {"123456789 123456789 123456789 123456789 123456789 123456789 "
     "123456789 1234\xc3\xbc",
	"123456789 123456789 123456789 123456789 123456789 123456789 "
	"123456789 1234=\r\n=C3=BC"},
    {"123456789 123456789 123456789 123456789 123456789 123456789 "
     "123456789 12345--b\n",
	"123456789 123456789 123456789 123456789 123456789 123456789 "
	"123456789 12345=\r\n=2D-b\r\n"},
};

START_TEST(encodes)
{
	struct bytes in = bytes_of_str(encoded[_i].in);
	size_t piece;

	for (piece = 1; piece <= in.len + 1; piece++) {
		encode(in, piece, QP_TEXT);
		unit_assert_bytes(buf_get(&out), bytes_of_str(encoded[_i].out));
	}
}
END_TEST

START_TEST(data_keeps_lone_lf)
{
	encode(BYTES_LIT("a\nb\r\nc\n"), 99, QP_DATA);
	unit_assert_bytes(buf_get(&out), BYTES_LIT("a=0Ab\r\nc=0A"));
}
END_TEST

static const struct {
	const char *in, *out;
} decoded[] = {
    {"", ""},
    {"plain\r\nmore\n", "plain\r\nmore\r\n"},
    {"=C3=BC=c3=9f=3D", "\xc3\xbc\xc3\x9f="},
    {"soft=\r\nbreak= \t\nagain=", "softbreakagain"},
    {"space  \t\r\nend \t", "space\r\nend"},
    {"a b\tc", "a b\tc"},
    {"=0D=0A=0A", "\r\n\n"},
    {"=ZZ=4=", "=ZZ=4"},
    {"=\r=x", "=\r=x"},
    {"= x=4\r\n=4=41", "= x=4\r\n=4A"},
    {"bare\rcr\r", "bare\rcr\r"},
    {"8bit \xe9", "8bit \xe9"},
    {"x =\r\ny", "x y"},
    {"==41", "=A"},
};

START_TEST(decodes)
{
	struct bytes in = bytes_of_str(decoded[_i].in);
	size_t piece;

	for (piece = 1; piece <= in.len + 1; piece++) {
		decode(in, piece);
		unit_assert_bytes(buf_get(&out), bytes_of_str(decoded[_i].out));
	}
}
END_TEST

START_TEST(decoder_holds_little)
{
	struct buf in = {0};

	/* More white space than is held comes out, not to be lost. */
	buf_printf(&in, "%*sx", 5000, "");
	decode(buf_get(&in), 4096);
	unit_assert_bytes(buf_get(&out), buf_get(&in));
	buf_clear(&in);
}
END_TEST

/* Any octets survive encoding and decoding, and what is between is safe. */
START_TEST(round_trip)
{
	struct buf in = {0}, mid = {0};
	uint32_t seed = 9 + (uint32_t)_i;
	size_t i;
	uint8_t c;

	for (i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		c = (uint8_t)(seed >> 24);
		buf_add_byte(
		    &in, _i % 2 == 0 ? c : (uint8_t) " \r\n-F.=a"[c & 7]);
	}
	encode(buf_get(&in), 1 + (size_t)_i * 613, QP_DATA);
	buf_add_bytes(&mid, buf_get(&out));
	ck_assert_uint_eq(
	    lines_judge(buf_get(&mid)) & (LINES_UNSAFE | LINES_BARE_LF), 0);
	decode(buf_get(&mid), 777);
	ck_assert(bytes_is_equal(buf_get(&out), buf_get(&in)));
	buf_clear(&in);
	buf_clear(&mid);
}
END_TEST

static int
refuse(struct sink *sink, struct bytes in, struct err *e)
{
	(void)sink;
	(void)in;
	return err_set(e, -CS_ERR_NO_SPACE, NULL);
}

START_TEST(failures_come_back)
{
	struct sink end = {.write = refuse}, *s;

	s = sink_new_qp_enc(&end, QP_TEXT);
	unit_assert_code(sink_write(s, BYTES_LIT("x"), NULL), 0);
	unit_assert_code(sink_finish(s, NULL), -CS_ERR_NO_SPACE);
	sink_free(s);
	s = sink_new_qp_dec(&end);
	unit_assert_code(sink_write(s, BYTES_LIT("x"), NULL), -CS_ERR_NO_SPACE);
	sink_free(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("transfer");
	TCase *tcase = tcase_create("transfer");

	tcase_add_loop_test(
	    tcase, encodes, 0, sizeof(encoded) / sizeof(encoded[0]));
	tcase_add_test(tcase, data_keeps_lone_lf);
	tcase_add_loop_test(
	    tcase, decodes, 0, sizeof(decoded) / sizeof(decoded[0]));
	tcase_add_test(tcase, decoder_holds_little);
	tcase_add_loop_test(tcase, round_trip, 0, 8);
	tcase_add_test(tcase, failures_come_back);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
