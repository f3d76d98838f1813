#include <string.h>

#include "client/smime/canon.h"
#include "tests/unit/unit.h"

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

static const struct {
	const char *in, *out;
} texts[] = {
    {"", ""},
    {"one\ntwo", "one\r\ntwo"},
    {"one\r\ntwo\r\n", "one\r\ntwo\r\n"},
    {"\n\n\n", "\r\n\r\n\r\n"},
    {"\r\r\n\r", "\r\r\n\r"},
    {"\n\r", "\r\n\r"},
    {"a rather long line, more than sixteen octets\nand one more\n",
	"a rather long line, more than sixteen octets\r\nand one more\r\n"},
};

/* As this processor does it, and as any does. */
static struct sink *(*const makers[])(struct sink *next) = {
    sink_new_canon, sink_new_canon_plain};

START_TEST(line_ends)
{
	struct bytes in = bytes_of_str(texts[_i].in);
	struct buf out = {0};
	struct sink *end = sink_new_buf(&out);
	size_t piece;

	for (piece = 2; piece <= 2 * in.len + 3; piece++) {
		buf_reset(&out);
		push(makers[piece % 2](end), in, piece / 2);
		unit_assert_bytes(buf_get(&out), bytes_of_str(texts[_i].out));
	}
	sink_free(end);
	buf_clear(&out);
}
END_TEST

/* Against the plain definition, over random text larger than its buffer. */
START_TEST(like_the_definition)
{
	static const char alphabet[] = "\n\r\nabcdefghijk";
	struct buf in = {0}, want = {0}, out = {0};
	struct sink *end = sink_new_buf(&out);
	uint32_t seed = 5 + (uint32_t)_i;
	size_t i, mod = _i % 2 == 0 ? 3 : sizeof(alphabet) - 1;

	for (i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_add_byte(&in, (uint8_t)alphabet[(seed >> 16) % mod]);
	}
	for (i = 0; i < in.len; i++) {
		if (in.data[i] == '\n' && (i == 0 || in.data[i - 1] != '\r'))
			buf_add_byte(&want, '\r');
		buf_add_byte(&want, in.data[i]);
	}
	for (i = 0; i < 2; i++) {
		buf_reset(&out);
		push(makers[i](end), buf_get(&in), 1 + (size_t)_i * 977);
		ck_assert(bytes_is_equal(buf_get(&out), buf_get(&want)));
		/* and once more changes nothing */
		buf_reset(&out);
		push(makers[i](end), buf_get(&want), 65536);
		ck_assert(bytes_is_equal(buf_get(&out), buf_get(&want)));
	}
	sink_free(end);
	buf_clear(&in);
	buf_clear(&want);
	buf_clear(&out);
}
END_TEST

START_TEST(cr_alone)
{
	struct buf out = {0};
	struct sink *end = sink_new_buf(&out);

	push(sink_new_cr_to_lf(end), BYTES_LIT("a\rb\r\rc"), 2);
	unit_assert_bytes(buf_get(&out), BYTES_LIT("a\nb\n\nc"));
	sink_free(end);
	buf_clear(&out);
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

	s = sink_new_canon(&end);
	unit_assert_code(sink_write(s, BYTES_LIT("x"), NULL), -CS_ERR_NO_SPACE);
	sink_free(s);
	s = sink_new_cr_to_lf(&end);
	unit_assert_code(sink_write(s, BYTES_LIT("x"), NULL), -CS_ERR_NO_SPACE);
	sink_free(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("canon");
	TCase *tcase = tcase_create("canon");

	tcase_add_loop_test(
	    tcase, line_ends, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_loop_test(tcase, like_the_definition, 0, 8);
	tcase_add_test(tcase, cr_alone);
	tcase_add_test(tcase, failures_come_back);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
