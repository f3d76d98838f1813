#include <stdio.h>
#include <string.h>

#include "client/smime/parser.h"
#include "tests/unit/unit.h"

/* Writes down what it is told, and opens each multipart it meets. */
struct trace {
	struct parser *parser;
	struct buf log, text;
	bool is_raw;
	size_t texts;
	size_t flatten_after; /* headers; 0: never */
};

static int
on_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct trace *t = ctx;
	struct buf boundary = {0};
	struct header_field f;
	struct media_type mt;
	bool is_open = false;

	(void)e;
	if (t->flatten_after != 0 && --t->flatten_after == 0)
		parser_flatten(t->parser);
	if (header_find(h->section, "Content-Type", &f) == 1 &&
	    media_type_decode(f.value, &mt) == 0 &&
	    media_type_is(&mt, "multipart", NULL) &&
	    header_get_param(mt.params, "boundary", &boundary, NULL) == 1)
		is_open = parser_open(t->parser, buf_get(&boundary), t->is_raw);
	buf_printf(&t->log, "H%zu %zu@%llu b%llu%s%s%s%s\n", h->level,
	    h->section.len, (unsigned long long)h->from,
	    (unsigned long long)h->body, is_open ? " open" : "",
	    h->end == PARSER_HEADER_BAD_LINE ? " bad" : "",
	    h->end == PARSER_HEADER_CUT ? " cut" : "",
	    h->end == PARSER_HEADER_TOO_LARGE ? " large" : "");
	buf_clear(&boundary);
	return 0;
}

static int
on_begin(void *ctx, const struct parser_area *a, struct err *e)
{
	struct trace *t = ctx;

	(void)e;
	buf_printf(&t->log, "%c%zu @%llu ", "lpe"[a->kind], a -> level,
	    (unsigned long long)a -> from);
	buf_reset(&t->text);
	return 0;
}

static int
on_text(void *ctx, struct bytes in, struct err *e)
{
	struct trace *t = ctx;

	(void)e;
	t->texts++;
	buf_add_bytes(&t->text, in);
	return 0;
}

static int
on_end(void *ctx, const struct parser_area *a, struct err *e)
{
	struct trace *t = ctx;
	size_t i;

	(void)e;
	buf_add_byte(&t->log, '[');
	for (i = 0; i < t->text.len; i++) {
		if (t->text.data[i] == '\r')
			buf_add_str(&t->log, "\\r");
		else if (t->text.data[i] == '\n')
			buf_add_str(&t->log, "\\n");
		else
			buf_add_byte(&t->log, t->text.data[i]);
	}
	buf_printf(&t->log, "]%llu%s%s\n", (unsigned long long)a->to,
	    (a->flags & LINES_FROM) != 0 ? " from" : "",
	    (a->flags & LINES_8BIT) != 0 ? " 8bit" : "");
	return 0;
}

static int
on_leave(void *ctx, size_t level, bool is_closed, struct err *e)
{
	struct trace *t = ctx;

	(void)e;
	buf_printf(&t->log, "x%zu%s\n", level, is_closed ? "" : " open");
	return 0;
}

static struct trace trace;

static void
setup(void)
{
	buf_clear(&trace.log);
	buf_clear(&trace.text);
	trace = (struct trace){0};
}

static int
run(struct bytes in, size_t piece, bool is_mbox, struct err *e)
{
	struct parser_events events = {
	    on_header, on_begin, on_text, on_end, on_leave, &trace};
	size_t at, n;
	int r = 0;

	buf_reset(&trace.log);
	buf_reset(&trace.text);
	trace.parser = parser_new(&events, 0, is_mbox);
	for (at = 0; r == 0 && at < in.len; at += n) {
		n = in.len - at < piece ? in.len - at : piece;
		r = sink_write(
		    parser_get_sink(trace.parser), bytes_of(in.p + at, n), e);
	}
	if (r == 0)
		r = sink_finish(parser_get_sink(trace.parser), e);
	if (r == 0)
		ck_assert_uint_eq(parser_get_offset(trace.parser), in.len);
	parser_free(trace.parser);
	return r;
}

/* The same log in pieces of every small size and as a whole. */
static void
check_log(struct bytes in, const char *want)
{
	char log[2048];
	size_t piece;

	for (piece = 1; piece <= in.len + 1; piece++) {
		ck_assert_int_eq(run(in, piece, false, NULL), 0);
		snprintf(log, sizeof(log), "%.*s", (int)trace.log.len,
		    (const char *)trace.log.data);
		ck_assert_msg(strcmp(log, want) == 0,
		    "pieces of %zu: got\n%swant\n%s", piece, log, want);
	}
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define MIXED_LEN "43"

static const struct {
	const char *mail, *log;
} cases[] = {
    {"A: b\r\n\r\nbody\r\n", "H0 6@0 b8\nl0 @8 [body\\r\\n]14\n"},
    {"A: b\n\nbody", "H0 5@0 b6\nl0 @6 [body]10\n"},
    {"A: b\n", "H0 5@0 b5 cut\nl0 @5 []5\n"},
    {"A: b", "H0 4@0 b4 cut\nl0 @4 []4\n"},
    {"A: b\n\n", "H0 5@0 b6\nl0 @6 []6\n"},
    {"A: b\nno field\n", "H0 5@0 b5 bad\nl0 @5 [no field\\n]14\n"},
    {"A: b\nno field", "H0 5@0 b5 bad\nl0 @5 [no field]13\n"},
    {"A: b\n c\n\td\n\nx", "H0 11@0 b12\nl0 @12 [x]13\n"},
    {"A: b\n\n--b\nFrom x\n", "H0 5@0 b6\nl0 @6 [--b\\nFrom x\\n]17 from\n"},
    {"A: b\n\nx\r", "H0 5@0 b6\nl0 @6 [x\\r]8\n"},
    {"A: b\n\nFr\r\n--b", "H0 5@0 b6\nl0 @6 [Fr\\r\\n--b]13\n"},
    /* one part, all forms of line ends */
    {MIXED "pre\n--b\nC: d\n\ntext\n--b--\npost\n",
	"H0 42@0 b43 open\np0 @43 [pre]46\nH1 5@51 b57\nl1 @57 [text]61\n"
	"e0 @68 [post\\n]73\nx0\n"},
    {MIXED "--b\r\n\r\ntext\r\n--b--\r\n",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@48 b50\nl1 @50 [text]54\n"
	"e0 @63 []63\nx0\n"},
    {MIXED "\r\n--b\n\ntext\r\r\n--b--",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@49 b50\nl1 @50 [text\\r]55\n"
	"e0 @62 []62\nx0\n"},
    /* white space behind, and lines that only look alike */
    {MIXED "--b \t \n\nx\n--b \t--\n--bb\n -- b\n--b-\n--b-- \ty\n--b-- \t",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@50 b51\n"
	"l1 @51 [x\\n--b \t--\\n--bb\\n -- b\\n--b-\\n--b-- \ty]85\n"
	"e0 @93 []93\nx0\n"},
    {MIXED "--b\n\nx--b\n--b\r--\n-\n--\n--b\rx",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@47 b48\n"
	"l1 @48 [x--b\\n--b\\r--\\n-\\n--\\n--b\\rx]70\nx0 open\n"},
    /* no closing delimiter; empty parts; nothing at all */
    {MIXED "--b\n\none\n--b\n\ntwo\n",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@47 b48\nl1 @48 [one]51\n"
	"H1 0@56 b57\nl1 @57 [two\\n]61\nx0 open\n"},
    {MIXED "--b\n--b\n--b--\n",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@47 b47 cut\nl1 @47 []47\n"
	"H1 0@51 b51 cut\nl1 @51 []51\ne0 @57 []57\nx0\n"},
    {MIXED "--b",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@46 b46 cut\nl1 @46 []46\n"
	"x0 open\n"},
    {MIXED "--b\nC: d",
	"H0 42@0 b43 open\np0 @43 []43\nH1 4@47 b51 cut\nl1 @51 []51\n"
	"x0 open\n"},
    {MIXED "--b\nC: d\n--b--",
	"H0 42@0 b43 open\np0 @43 []43\nH1 5@47 b52 cut\nl1 @52 []52\n"
	"e0 @57 []57\nx0\n"},
    {MIXED "--b\nno header\n--b--",
	"H0 42@0 b43 open\np0 @43 []43\nH1 0@47 b47 bad\n"
	"l1 @47 [no header]56\ne0 @62 []62\nx0\n"},
    {MIXED "nothing", "H0 42@0 b43 open\np0 @43 [nothing]50\nx0 open\n"},
    {MIXED "--b--\n--b\nstill epilogue",
	"H0 42@0 b43 open\np0 @43 []43\n"
	"e0 @49 [--b\\nstill epilogue]67\nx0\n"},
    /* nested; the outer delimiter ends both; "b" is a prefix of "bc" */
    {MIXED "--b\nContent-Type: multipart/mixed; boundary=bc\n\n"
	   "--bc\n\n1\n--bc--\ne\n--b\n\n2\n--b--",
	"H0 42@0 b43 open\np0 @43 []43\nH1 43@47 b91 open\np1 @91 []91\n"
	"H2 0@96 b97\nl2 @97 [1]98\ne1 @106 [e]107\nx1\n"
	"H1 0@112 b113\nl1 @113 [2]114\ne0 @120 []120\nx0\n"},
    {MIXED "--b\nContent-Type: multipart/mixed; boundary=bc\n\n"
	   "--bc\n\n1\n--b--\n--bc--\n",
	"H0 42@0 b43 open\np0 @43 []43\nH1 43@47 b91 open\np1 @91 []91\n"
	"H2 0@96 b97\nl2 @97 [1]98\nx1 open\n"
	"e0 @105 [--bc--\\n]112\nx0\n"},
    /* a CR at the end of all is no line end */
    {MIXED "--b\n\nx\n--b\r", "H0 42@0 b43 open\np0 @43 []43\nH1 0@47 b48\n"
			      "l1 @48 [x\\n--b\\r]54\nx0 open\n"},
    /* a boundary that could be an outer one's delimiter is not taken */
    {MIXED "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n1\n--b--",
	"H0 42@0 b43 open\np0 @43 []43\nH1 42@47 b90\nl1 @90 []90\n"
	"H1 0@94 b95\nl1 @95 [1]96\ne0 @102 []102\nx0\n"},
    {MIXED "--b\nContent-Type: multipart/mixed; boundary=\"b--\"\n\n--b--\n",
	"H0 42@0 b43 open\np0 @43 []43\nH1 46@47 b94\nl1 @94 []94\n"
	"e0 @100 []100\nx0\n"},
    /* boundaries that can be none */
    {"Content-Type: multipart/mixed; boundary=\"b \"\n\n--b \n",
	"H0 45@0 b46\nl0 @46 [--b \\n]51\n"},
    {"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n",
	"H0 43@0 b44\nl0 @44 [--\\n]47\n"},
};

START_TEST(tells_the_structure)
{
	check_log(bytes_of_str(cases[_i].mail), cases[_i].log);
}
END_TEST

START_TEST(raw_parts)
{
	trace.is_raw = true;
	check_log(BYTES_LIT(MIXED "--b\nC: d\n\nx\r\n--b\n--b\r\n\r\n--b--\nf"),
	    "H0 42@0 b43 open\np0 @43 []43\nl1 @47 [C: d\\n\\nx]54\n"
	    "l1 @60 []60\nl1 @65 []65\ne0 @73 [f]74\nx0\n");
}
END_TEST

START_TEST(flat_from_here)
{
	struct err e = ERR_INIT;
	const char *want = "H0 42@0 b43 open\np0 @43 []43\nH1 0@47 b48\n"
			   "l1 @48 [x\\n--b\\n\\ny\\n--b--]62\nx0 open\n";
	char log[400];

	trace.flatten_after = 2;
	ck_assert_int_eq(
	    run(BYTES_LIT(MIXED "--b\n\nx\n--b\n\ny\n--b--"), 5, false, &e), 0);
	snprintf(log, sizeof(log), "%.*s", (int)trace.log.len,
	    (const char *)trace.log.data);
	ck_assert_str_eq(log, want);
}
END_TEST

static const char *const no_mails[] = {"", "\n", "\r\nbody", "no field\n\nbody",
    " : x\n", ": x\n", "\tx: y\n", "gr\xfc\xdf\x65: x\n", "nothing"};

START_TEST(no_mail)
{
	struct err e = ERR_INIT;
	size_t piece;

	for (piece = 1; piece < 20; piece++)
		unit_assert_code(
		    run(bytes_of_str(no_mails[_i]), piece, false, &e),
		    -CS_ERR_NOT_MESSAGE);
}
END_TEST

START_TEST(mbox)
{
	static const char two[] =
	    "A: b\n\nx\n\nFrom a@b Sat Jan  3 01:05:34 1996\nA: c\n";
	static const char one[] =
	    "A: b\n\nx\n\nFrom here to 12:30 there\nFrom 1996\nFrom \r\n";
	struct err e = ERR_INIT;
	size_t piece;

	for (piece = 1; piece < sizeof(two); piece++) {
		unit_assert_code(
		    run(BYTES_LIT(two), piece, true, &e), -CS_ERR_MULTIPLE);
		ck_assert_uint_eq(e.offset, 9);
		unit_assert_code(run(BYTES_LIT(two), piece, false, &e), 0);
		unit_assert_code(run(BYTES_LIT(one), piece, true, &e), 0);
	}
	/* the separator is the last line and has no line end */
	unit_assert_code(
	    run(BYTES_LIT("A: b\n\nFrom a 1:05 1996"), 9, true, &e),
	    -CS_ERR_MULTIPLE);
}
END_TEST

START_TEST(depth_is_capped)
{
	struct buf b = {0};
	struct err e = ERR_INIT;
	int i;

	for (i = 0; i < BOUNDARY_DEPTH_MAX + 3; i++)
		buf_printf(&b,
		    "Content-Type: multipart/mixed; boundary=n%dx\n\n--n%dx\n",
		    i, i);
	buf_add_str(&b, "\ntext\n");
	ck_assert_int_eq(run(buf_get(&b), 1000, false, &e), 0);
	buf_add_byte(&trace.log, 0);
	ck_assert_ptr_nonnull(strstr((char *)trace.log.data, "\nH32 "));
	ck_assert_ptr_null(strstr((char *)trace.log.data, "\nH33 "));
	buf_clear(&b);
}
END_TEST

START_TEST(large_headers)
{
	struct buf b = {.max = 40 << 20};
	struct err e = ERR_INIT;
	size_t i;

	/* of the mail: an error */
	for (i = 0; i < PARSER_HEADER_MAX / 1000 + 1; i++)
		buf_printf(&b, "X: %0997d", 0);
	unit_assert_code(run(buf_get(&b), 65536, false, &e), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	for (i = 0; i < PARSER_HEADER_MAX / 1000 + 1; i++)
		buf_printf(&b, "X: %0996d\n", 0);
	unit_assert_code(run(buf_get(&b), 65536, false, &e), -CS_ERR_TOO_LARGE);
	/* of a part: what is too much is text */
	buf_reset(&b);
	buf_add_str(&b, MIXED "--b\n");
	for (i = 0; i < PARSER_HEADER_MAX / 1000 + 9; i++)
		buf_printf(&b, "X: %0996d\n", 0);
	buf_add_str(&b, "--b--");
	ck_assert_int_eq(run(buf_get(&b), 65536, false, &e), 0);
	buf_add_byte(&trace.log, 0);
	ck_assert_ptr_nonnull(strstr((char *)trace.log.data, " large\nl1"));
	ck_assert_ptr_nonnull(strstr((char *)trace.log.data, "\nx0\n"));
	buf_clear(&b);
}
END_TEST

/* A field may be as long as it likes; a line that can't be one ends the
 * header as soon as that is clear. */
START_TEST(endless_lines)
{
	struct buf b = {0};
	struct err e = ERR_INIT;

	buf_printf(&b, "A: b\nSubject: %03000d\n\nx", 0);
	ck_assert_int_eq(run(buf_get(&b), 7, false, &e), 0);
	buf_add_byte(&trace.log, 0);
	ck_assert_str_eq(
	    (char *)trace.log.data, "H0 3015@0 b3016\nl0 @3016 [x]3017\n");
	buf_reset(&b);
	buf_printf(&b, "A: b\n%03000d", 0);
	ck_assert_int_eq(run(buf_get(&b), 7, false, &e), 0);
	ck_assert(memcmp(trace.log.data, "H0 5@0 b5 bad\nl0 @5 [0", 22) == 0);
	buf_clear(&b);
}
END_TEST

/* Texts over an alphabet that makes delimiters: any cut, the same log. */
START_TEST(cuts_do_not_matter)
{
	static const char *const words[] = {"\n", "\r\n", "\r", "--b", "--bc",
	    "--", " ", "x", "C: d", "From ", "-",
	    "Content-Type: multipart/mixed; boundary=bc", "\n--b\n",
	    "\r\n--bc\r\n", "\n--b--\n", "\n\n"};
	struct buf b = {0}, first = {0};
	uint32_t seed = 77 + (uint32_t)_i;
	size_t i, piece;
	struct err e = ERR_INIT;

	buf_add_str(&b, MIXED);
	for (i = 0; i < 60; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_add_str(
		    &b, words[(seed >> 16) % (sizeof(words) / sizeof(*words))]);
	}
	ck_assert_int_eq(run(buf_get(&b), b.len, false, &e), 0);
	buf_add_bytes(&first, buf_get(&trace.log));
	for (piece = 1; piece < 40; piece++) {
		ck_assert_int_eq(run(buf_get(&b), piece, false, &e), 0);
		unit_assert_bytes(buf_get(&trace.log), buf_get(&first));
	}
	buf_clear(&b);
	buf_clear(&first);
}
END_TEST

/* A line that is too long to delimit does not, in whatever pieces. */
START_TEST(long_delimiters)
{
	struct buf b = {0};
	struct err e = ERR_INIT;
	size_t piece;
	int len = BOUNDARY_LINE_MAX - 4 + _i;

	buf_printf(&b, MIXED "--b\n\nx\n--b%*s\n\ny", len, "");
	for (piece = 1; piece < 1100; piece += 3) {
		ck_assert_int_eq(run(buf_get(&b), piece, false, &e), 0);
		buf_add_byte(&trace.log, 0);
		ck_assert_int_eq(strstr((char *)trace.log.data, "[x]") != NULL,
		    len <= BOUNDARY_LINE_MAX - 4);
	}
	buf_reset(&b);
	buf_printf(&b, "A: b\n\nx\nFrom 1:05 1996 %*s\n",
	    BOUNDARY_LINE_MAX - 16 + _i, "");
	for (piece = 1; piece < 1100; piece += 3)
		ck_assert_int_eq(run(buf_get(&b), piece, true, &e),
		    _i <= 0 ? -CS_ERR_MULTIPLE : 0);
	buf_clear(&b);
}
END_TEST

static int
refuse(void *ctx, const struct parser_area *a, struct err *e)
{
	(void)ctx;
	(void)a;
	return err_set(e, -CS_ERR_POLICY, NULL);
}

START_TEST(events_can_end_it)
{
	struct parser_events events = {.end = refuse};
	struct parser *p = parser_new(&events, 0, false);
	struct err e = ERR_INIT;

	ck_assert_int_eq(
	    sink_write(parser_get_sink(p), BYTES_LIT("A: b\n\nx"), &e), 0);
	unit_assert_code(sink_finish(parser_get_sink(p), &e), -CS_ERR_POLICY);
	parser_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("parser");
	TCase *tcase = tcase_create("parser");

	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(
	    tcase, tells_the_structure, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tcase, raw_parts);
	tcase_add_test(tcase, flat_from_here);
	tcase_add_loop_test(
	    tcase, no_mail, 0, sizeof(no_mails) / sizeof(no_mails[0]));
	tcase_add_test(tcase, mbox);
	tcase_add_test(tcase, depth_is_capped);
	tcase_add_test(tcase, large_headers);
	tcase_add_test(tcase, endless_lines);
	tcase_add_loop_test(tcase, cuts_do_not_matter, 0, 300);
	tcase_add_loop_test(tcase, long_delimiters, -2, 3);
	tcase_add_test(tcase, events_can_end_it);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
