#include <string.h>

#include "client/smime/lines.h"
#include "tests/unit/unit.h"

static const struct {
	const char *text;
	size_t len; /* 0: strlen */
	unsigned flags;
} texts[] = {
    {"", 0, 0},
    {"one\r\ntwo\r\n", 0, LINES_CRLF},
    {"one\ntwo\n", 0, LINES_BARE_LF},
    {"one\r\ntwo\n", 0, LINES_CRLF | LINES_BARE_LF},
    {"one\rtwo", 0, LINES_BARE_CR},
    {"one\r", 0, LINES_BARE_CR},
    {"one\r\r\n", 0, LINES_BARE_CR | LINES_CRLF},
    {"\r\n\r\n", 0, LINES_CRLF},
    {"\n\r", 0, LINES_BARE_LF | LINES_BARE_CR},
    {"gr\xc3\xbc\xc3\x9f\x65", 0, LINES_8BIT},
    {"\x7f\x01", 0, 0},
    {"a\0b", 3, LINES_NUL},
    {"From here", 0, LINES_FROM},
    {"x\nFrom here", 0, LINES_BARE_LF | LINES_FROM},
    {"xFrom here From there", 0, 0},
    {"From", 0, 0},
    {"Fr\nom \n", 0, LINES_BARE_LF},
    {"--\n--\n--x\n", 0, LINES_BARE_LF},
};

START_TEST(flags_of_a_text)
{
	size_t len =
	    texts[_i].len != 0 ? texts[_i].len : strlen(texts[_i].text);

	ck_assert_uint_eq(
	    lines_judge(bytes_of(texts[_i].text, len)), texts[_i].flags);
}
END_TEST

/* Lines of every length around the limit, at every place in a block. */
START_TEST(long_lines)
{
	uint8_t text[2400];
	size_t at, len;
	unsigned want;

	for (at = 0; at < 70; at++) {
		for (len = 995; len < 1002; len++) {
			memset(text, 'x', sizeof(text));
			if (at > 0)
				text[at - 1] = '\n';
			text[at + len] = _i == 0 ? '\n' : '\r';
			text[at + len + 1] = '\n';
			want = len > LINE_LEN_MAX ? LINES_LONG : 0;
			ck_assert_uint_eq(
			    lines_judge(bytes_of(text, at + len + 2)) &
				LINES_LONG,
			    want);
			/* and without a line end */
			ck_assert_uint_eq(
			    lines_judge(bytes_of(text, at + len)) & LINES_LONG,
			    want);
		}
	}
}
END_TEST

/* Each octet of interest at each place of two blocks. */
START_TEST(every_place)
{
	static const struct {
		uint8_t octet;
		unsigned flag;
	} octets[] = {
	    {0, LINES_NUL},
	    {0x80, LINES_8BIT},
	    {0xff, LINES_8BIT},
	    {'\r', LINES_BARE_CR},
	    {'\n', LINES_BARE_LF},
	    {'x', 0},
	};
	uint8_t text[128];
	size_t i, at;

	for (i = 0; i < sizeof(octets) / sizeof(octets[0]); i++) {
		for (at = 0; at < sizeof(text); at++) {
			memset(text, 'a', sizeof(text));
			text[at] = octets[i].octet;
			ck_assert_uint_eq(
			    lines_judge(bytes_of(text, sizeof(text))),
			    octets[i].flag);
		}
	}
}
END_TEST

START_TEST(stops_at_dashes)
{
	uint8_t text[256];
	struct lines l;
	size_t at;

	for (at = 1; at < 200; at++) {
		memset(text, 'a', sizeof(text));
		text[at - 1] = '\n';
		text[at] = text[at + 1] = '-';
		l = (struct lines){0};
		ck_assert_uint_eq(lines_scan(&l, bytes_of(text, 256)), at);
		ck_assert_uint_eq(l.line_len, 0);
		/* the same line is not found again once it was judged */
		l.is_checked = true;
		ck_assert_uint_eq(
		    lines_scan(&l, bytes_of(text + at, 256 - at)), 256 - at);
		/* a lone "-" is no stop, unless nothing is behind it */
		text[at + 1] = 'a';
		l = (struct lines){0};
		ck_assert_uint_eq(lines_scan(&l, bytes_of(text, 256)), 256);
		l = (struct lines){0};
		ck_assert_uint_eq(lines_scan(&l, bytes_of(text, at + 1)), at);
	}
}
END_TEST

/* Random text over a small alphabet, cut anywhere: the flags, stops and
 * states of all implementations and of one octet at a time are the same. */
START_TEST(implementations_agree)
{
	static const char *const words[] = {"a", "\n", "\r", "\n--", "\nFrom ",
	    "\nF", "\n-", "\r\n", "\xe9", "x", "xxxxxxxxxxxxxxxxxx", "-"};
	uint8_t text[600];
	struct lines a, b, c, d;
	uint32_t seed = 1000 + (uint32_t)_i;
	size_t i, n, m, end, at, stops = 0;

	for (i = 0; i < sizeof(text); i += n) {
		seed = seed * 1664525 + 1013904223;
		m = (seed >> 20) % (sizeof(words) / sizeof(words[0]));
		n = strlen(words[m]);
		n = sizeof(text) - i < n ? sizeof(text) - i : n;
		memcpy(text + i, words[m], n);
	}
	a = b = c = d = (struct lines){0};
	for (at = 0; at < sizeof(text);) {
		seed = seed * 1664525 + 1013904223;
		end = at + 1 + (seed >> 16) % 200;
		if (end > sizeof(text))
			end = sizeof(text);
		n = lines_scan(&a, bytes_of(text + at, end - at));
		m = lines_scan_portable(&b, bytes_of(text + at, end - at));
		ck_assert_uint_eq(n, m);
		m = lines_scan_sse2(&d, bytes_of(text + at, end - at));
		ck_assert_uint_eq(n, m);
		for (i = 0; i < n; i++) {
			c.is_checked = true;
			ck_assert_uint_eq(
			    lines_scan(&c, bytes_of(text + at + i, 1)), 1);
		}
		at += n;
		ck_assert_uint_eq(a.flags, b.flags);
		ck_assert_uint_eq(a.flags, c.flags);
		ck_assert_uint_eq(a.line_len, b.line_len);
		ck_assert_uint_eq(a.line_len, c.line_len);
		ck_assert_int_eq(a.is_after_cr, b.is_after_cr);
		ck_assert_uint_eq(a.flags, d.flags);
		ck_assert_uint_eq(a.line_len, d.line_len);
		ck_assert_int_eq(a.is_after_cr, d.is_after_cr);
		if (at < end) {
			a.is_checked = b.is_checked = true;
			d.is_checked = true;
			stops++;
		}
	}
	ck_assert_uint_gt(stops, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tcase = tcase_create("lines");

	tcase_add_loop_test(
	    tcase, flags_of_a_text, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_loop_test(tcase, long_lines, 0, 2);
	tcase_add_test(tcase, every_place);
	tcase_add_test(tcase, stops_at_dashes);
	tcase_add_loop_test(tcase, implementations_agree, 0, 50);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
