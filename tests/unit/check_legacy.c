/* check_legacy.c: Legacy Display elements (RFC 9788), made and judged. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "asn1/base64.h"
#include "tests/unit/message_util.h"

#define TOP                                                                 \
	"From: Bob <bob@example.org>\r\nTo: alice@example.org\r\n"          \
	"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= &\r\n <you>\r\n"              \
	"Keywords: a, b\r\nComments: =?iso-8859-1?B?5PY=?= =?x?q?=41?=\r\n" \
	"Keywords: =?ISO-8859-1?Q?=E4_=20b?=\r\nX-Other: hidden\r\n"
#define PLAIN "text/plain; charset=utf-8; hp-legacy-display=1"
#define HTML_TYPE "text/html; charset=utf-8; hp-legacy-display=\"1\""
#define DIV "<div class=\"header-protection-legacy-display\">"
#define SUBJECT                       \
	"Subject: Gr\xc3\xbc\xc3\x9f" \
	"e & <you>"

/* --- reading --- */

static enum part_legacy
read_part(const char *type, const char *cte, const char *body)
{
	static char text[40000];

	snprintf(text, sizeof(text), TOP "Content-Type: %s\r\n%s%s%s\r\n%s",
	    type, cte != NULL ? "Content-Transfer-Encoding: " : "",
	    cte != NULL ? cte : "", cte != NULL ? "\r\n" : "", body);
	make_protected(text, SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->mail->parts_len, 1);
	ck_assert_int_eq(has_warning("it is not that header"),
	    v->mail->parts[0].legacy == LEGACY_DIFFERS);
	return v->mail->parts[0].legacy;
}

static const struct {
	const char *type, *cte, *body;
	enum part_legacy want;
} bodies[] = {
    {"text/plain; charset=utf-8", NULL, SUBJECT "\r\n\r\nhi", LEGACY_NONE},
    {"text/plain; hp-legacy-display=0", NULL, "x\r\n\r\nhi", LEGACY_NONE},
    {"text/calendar; hp-legacy-display=1", NULL, "x\r\n\r\n", LEGACY_NONE},
    {PLAIN, NULL, SUBJECT "\r\n\r\nhi\r\n", LEGACY_MATCHES},
    {PLAIN, NULL, "subject :  " SUBJECT "\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, "Subject:  =?utf-8?Q?Gr=C3=BC=C3=9Fe?= &\r\n <you>\r\n\r\n",
	LEGACY_MATCHES},
    {PLAIN, NULL, SUBJECT "\r\nkeywords: a,  b\r\n\r\nhi\r\n", LEGACY_MATCHES},
    {PLAIN, NULL, "\r\nhi\r\n\r\n", LEGACY_ABSENT},
    {PLAIN, NULL, "", LEGACY_ABSENT},
    {PLAIN, "8bit", SUBJECT "\r\n\r\nhi\r\n", LEGACY_MATCHES},
    {PLAIN, "quoted-printable",
	"Subject: Gr=C3=BC=C3=9Fe=\r\n & <you>\r\n\r\nhi=\r\n", LEGACY_MATCHES},
    {PLAIN, "base64", "U3ViamVjdDogR3LDvMOfZSAmIDx5b3U+DQoNCmhpDQo=\r\n",
	LEGACY_MATCHES},
    {PLAIN, "base64", "U3ViamVjdDogR3LDvMOfZSAmIDx5b3U+DQoNCmh*\r\n",
	LEGACY_DIFFERS},
    {PLAIN, "x-unknown", SUBJECT "\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {"text/plain; charset=iso-8859-1; hp-legacy-display=1", "quoted-printable",
	"Subject: Gr=FC=DFe & <you>\r\n\r\nhi\r\n", LEGACY_MATCHES},
    {PLAIN, NULL, "Keywords: \xc3\xa4 b\r\n\r\nhi\r\n", LEGACY_MATCHES},
    {PLAIN, NULL,
	"Comments: \xc3\xa4\xc3\xb6"
	"A\r\n\r\nhi\r\n",
	LEGACY_DIFFERS},
    {PLAIN, NULL, "Comments: =?iso-8859-1?B?5PY=?= =?x?q?=41?=\r\n\r\nhi\r\n",
	LEGACY_MATCHES},
    /* What hides something. */
    {PLAIN, NULL, "Pay 500\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, "Subject: other\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, SUBJECT "\r\nPay 500\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, "Pay 500\r\n" SUBJECT "\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, SUBJECT "\r\n pay 500\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, "X-Other: hidden\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, SUBJECT "\r\n \r\nhi\r\n\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, SUBJECT "\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, NULL, SUBJECT, LEGACY_DIFFERS},
    {PLAIN, "quoted-printable", SUBJECT "=00\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    {PLAIN, "quoted-printable", SUBJECT "=0Dx\r\n\r\nhi\r\n", LEGACY_DIFFERS},
    /* What programs read differently. */
    {PLAIN, "quoted-printable", "\r\nhi =4\r\n", LEGACY_DIFFERS},
    {PLAIN, "quoted-printable", "\r\nhi =4z\r\n", LEGACY_DIFFERS},
    {PLAIN, "quoted-printable", "\r\nhi = x\r\n", LEGACY_DIFFERS},
    {PLAIN, "quoted-printable", "\r\nhi =3D= \r\nx\r\n", LEGACY_ABSENT},
    {PLAIN "; hp-legacy-display=0", NULL, "\r\nhi\r\n", LEGACY_DIFFERS},
    {"text/plain; hp-legacy-display=0; hp-legacy-display=1", NULL, "\r\nhi\r\n",
	LEGACY_DIFFERS},
    {"text/plain; charset=utf-16; hp-legacy-display=1", NULL, "\n\nhi\n\n",
	LEGACY_DIFFERS},
    {"text/html; charset=iso-2022-jp; hp-legacy-display=1", NULL, "hi",
	LEGACY_DIFFERS},
    {"text/html; charset=x; hp-legacy-display=1", NULL, "hi", LEGACY_DIFFERS},
    {HTML_TYPE, "quoted-printable", "hi=1B(J", LEGACY_DIFFERS},
    /* HTML. */
    {HTML_TYPE, NULL,
	"<html><body>\r\n" DIV "\r\n<pre>Subject: Gr&#252;&#xDF;e &amp; "
	"&lt;you&gt;</pre>\r\n</div><p>hi</p></body></html>",
	LEGACY_MATCHES},
    {HTML_TYPE, NULL,
	"<BODY><DIV CLASS='header-protection-legacy-display'>"
	"<b>Subject:</b> Gr\xc3\xbc\xc3\x9f"
	"e &amp; &lt;you&gt;<br/>"
	"Keywords: a, b<div></div></DIV>hi",
	LEGACY_MATCHES},
    {HTML_TYPE, NULL, "<body><div class=\"x\">hi</div>", LEGACY_ABSENT},
    {HTML_TYPE, NULL, "<body>" DIV "</div>hi", LEGACY_MATCHES},
    {HTML_TYPE, NULL, "<body>" DIV "Pay 500</div>hi", LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "Keywords: a, b<br>Pay</div>hi",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "Keywords: a, b</div>" DIV "Pay</div>",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "Keywords: a, b<img src=x></div>",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "Keywords: a, b<b title='></div>'>",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "Keywords: a, b", LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "<table></div>Pay</table></div>",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL, "<body>" DIV "Keywords: a, b<</div>", LEGACY_DIFFERS},
    {HTML_TYPE, NULL,
	"<body><div class='x header-protection-legacy-display'>Pay</div>",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL,
	"<body><div class='&#104;eader-protection-legacy-displa&#x79'>Pay",
	LEGACY_DIFFERS},
    {HTML_TYPE, NULL,
	"<!--" DIV "Keywords: a, b</div>--><div id=x class="
	"Header-Protection-Legacy-Display>Pay</div>",
	LEGACY_DIFFERS},
};

START_TEST(judged)
{
	ck_assert_int_eq(
	    read_part(bodies[_i].type, bodies[_i].cte, bodies[_i].body),
	    bodies[_i].want);
}
END_TEST

/* An element is no longer than LEGACY_TEXT_MAX. */
START_TEST(too_long)
{
	static char text[100000];
	int len = _i == 0 ? 30000 : 33000;

	snprintf(text, sizeof(text),
	    "From: bob@example.org\r\nSubject: %0*d\r\nContent-Type: " PLAIN
	    "\r\n\r\nSubject: %0*d\r\n\r\nhi\r\n",
	    len, 0, len, 0);
	make_protected(text, SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->parts[0].legacy,
	    _i == 0 ? LEGACY_MATCHES : LEGACY_DIFFERS);
}
END_TEST

/* Without an encryption the mark means nothing (4.5.3.1); with one, but no
 * protected header, what is left out is nowhere else. */
START_TEST(where_it_counts)
{
	const char *text =
	    TOP "Content-Type: " PLAIN "\r\n\r\n" SUBJECT "\r\n\r\nhi\r\n";

	make_protected(text, SMIME_HEADERS_PROTECT, true, false);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->parts[0].legacy, LEGACY_IGNORED);
	ck_assert(!has_warning("RFC 9788"));
	make_protected(text, SMIME_HEADERS_PLAIN, true, true);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->parts[0].legacy, LEGACY_DIFFERS);
	ck_assert(has_warning("part 1 has a text that programs do not show"));
}
END_TEST

/* -o is what was signed, whatever is left out elsewhere. */
START_TEST(let_out_whole)
{
	ck_assert_int_eq(
	    read_part(PLAIN, NULL, SUBJECT "\r\n\r\nhi\r\n"), LEGACY_MATCHES);
	ck_assert(mail_has(&content, "Subject: Gr=C3=BC=C3=9Fe & <you>\r\n"
				     "\r\nhi\r\n"));
}
END_TEST

/* Each part by itself. */
START_TEST(parts)
{
	make_protected(TOP "Content-Type: multipart/alternative; boundary=b\r\n"
			   "\r\n--b\r\nContent-Type: " PLAIN
			   "\r\n\r\nKeywords: a, b\r\n\r\nhi\r\n"
			   "--b\r\nContent-Type: " HTML_TYPE "\r\n\r\n" DIV
			   "Pay</div>hi\r\n--b--\r\n",
	    SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_uint_eq(v->mail->parts_len, 2);
	ck_assert_int_eq(v->mail->parts[0].legacy, LEGACY_MATCHES);
	ck_assert_int_eq(v->mail->parts[1].legacy, LEGACY_DIFFERS);
	ck_assert(has_warning("part 2 has a text"));
	make_protected(TOP "Content-Type: multipart/mixed; boundary=b\r\n"
			   "\r\n--b\r\nContent-Type: " PLAIN
			   "\r\nContent-Type: text/plain\r\n\r\nPay\r\n"
			   "\r\nhi\r\n--b--\r\n",
	    SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->parts[0].legacy, LEGACY_DIFFERS);
	ck_assert(has_warning("part 1 has a text"));
}
END_TEST

/* --- making --- */

#define HEAD "From: Bob <bob@example.org>\r\nTo: alice@example.org\r\n"
#define GREETINGS HEAD "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= &\r\n <you>\r\n"
#define DIV_MADE                                       \
	DIV "\r\n<pre>Subject: Gr&#252;&#223;e &#38; " \
	    "&#60;you&#62;</pre>\r\n</div>"

static const struct {
	const char *mail, *want;
	bool is_encrypted_only;
} made[] = {
    /* As RFC 9788 5.2.2 has it. */
    {HEAD "Subject: Thursday's meeting\r\nKeywords: a,\r\n b\r\n"
	  "Content-Type: text/plain; charset=UTF-8;\r\n\r\n"
	  "I think we should skip the meeting.\r\n",
	"Content-Type: text/plain; charset=UTF-8;\r\n"
	" hp-legacy-display=\"1\";\r\n hp=\"cipher\"\r\n|"
	"\r\n\r\nSubject: Thursday's meeting\r\nKeywords: a, b\r\n\r\n"
	"I think we should",
	false},
    /* A text in ASCII becomes UTF-8 where the header is not ASCII. */
    {GREETINGS "Content-Type: text/plain; charset=\"US-ASCII\"\r\n\r\nhi\r\n",
	"charset=\"utf-8\";\r\n hp-legacy-display=\"1\"|"
	"\r\nContent-Transfer-Encoding: quoted-printable\r\n|"
	"\r\n\r\nSubject: Gr=C3=BC=C3=9Fe & <you>\r\n\r\nhi\r\n",
	false},
    {GREETINGS "Content-Type: text/plain\r\n\r\nhi\r\n",
	"text/plain; charset=utf-8;\r\n hp-legacy-display=\"1\"|"
	"\r\n\r\nSubject: Gr=C3=BC=C3=9Fe & <you>\r\n\r\nhi\r\n",
	true},
    {GREETINGS "\r\nhi\r\n",
	"Content-Type: text/plain; charset=utf-8; hp-legacy-display=\"1\";\r\n"
	" hp=\"cipher\"\r\n|"
	"\r\n\r\nSubject: Gr=C3=BC=C3=9Fe & <you>\r\n\r\nhi\r\n",
	false},
    {HEAD "Subject: x\r\n\r\n",
	"charset=us-ascii; hp-legacy-display=\"1\"|\r\n\r\nSubject: x\r\n\r\n",
	true},
    {GREETINGS "\r\n",
	"charset=utf-8; hp-legacy-display=\"1\"|"
	"\r\n\r\nSubject: Gr=C3=BC=C3=9Fe & <you>\r\n\r\n",
	true},
    {GREETINGS "\r\ngr\xc3\xbc\xc3\x9f\r\n",
	"charset=utf-8; hp-legacy-display=\"1\"|"
	"\r\n\r\nSubject: Gr=C3=BC=C3=9Fe & <you>\r\n\r\ngr=C3=BC=C3=9F\r\n",
	true},
    /* Where that cannot be, the encoded word stays. */
    {GREETINGS "\r\ngr\xfc\xdf\r\n",
	"unknown-8bit; hp-legacy-display=\"1\"|"
	"\r\n\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= & "
	"<you>\r\n\r\ngr\xfc\xdf",
	true},
    {GREETINGS "Content-Type: text/plain; charset=koi8-r\r\n\r\nhi\r\n",
	"hp-legacy-display=\"1\"|"
	"\r\n\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= & <you>\r\n\r\nhi\r\n",
	false},
    {GREETINGS "Content-Type: text/plain; charset=iso-8859-1\r\n"
	       "Content-Transfer-Encoding: 8bit\r\n\r\ngr\xfc\xdf\r\n",
	"\r\n\r\nSubject: Gr=FC=DFe & <you>\r\n\r\ngr=FC=DF\r\n", false},
    {GREETINGS "Content-Type: text/plain; charset=utf-8\r\n"
	       "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n",
	"\r\n\r\nSubject: Gr=C3=BC=C3=9Fe & <you>\r\n\r\n=C3=BC\r\n", false},
    /* No more than one line comes of a field. */
    {HEAD "Subject: =?utf-8?Q?a=0D=0A=0D=0AKeywords:_b?=\r\n\r\nhi\r\n",
	"\r\n\r\nSubject: a Keywords: b\r\n\r\nhi\r\n", false},
    {HEAD "Subject:\r\n\r\nhi\r\n", "\r\n\r\nSubject:\r\n\r\nhi\r\n", false},
    /* HTML. */
    {GREETINGS "Content-Type: text/html; charset=koi8-r\r\n\r\n"
	       "<html><head><!-- <body> --><style>body > a{}</style></head>"
	       "<BODY a='>' b=\">\"><p>hi</p>\r\n",
	"<BODY a='>' b=\">\">\r\n" DIV_MADE "\r\n<p>hi</p>", false},
    {GREETINGS "Content-Type: text/html\r\n\r\n<p>hi</p>\r\n",
	"\r\n\r\n" DIV_MADE "\r\n<p>hi</p>", false},
    {GREETINGS "Content-Type: text/html\r\n\r\n<!DOCTYPE html>\r\n<p>\r\n",
	"<!DOCTYPE html>\r\n" DIV_MADE "\r\n\r\n<p>", false},
    {GREETINGS "Content-Type: text/html\r\n"
	       "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	       "<bo=\r\ndy x=3D\"y\"=3E<p>h=\r\ni</p>\r\n",
	"<bo=\r\ndy x=3D\"y\"=3E\r\n<div class=3D|\r\n</div>\r\n<p>h=\r\ni</p>",
	false},
};

static void
expect_parts(const char *want)
{
	const char *end;
	char part[1000];

	for (; *want != '\0'; want = *end == '|' ? end + 1 : end) {
		end = strchrnul(want, '|');
		snprintf(part, sizeof(part), "%.*s", (int)(end - want), want);
		ck_assert_msg(mail_has(&content, part), "no %s in %.*s", part,
		    (int)content.len, content.data);
	}
}

START_TEST(as_wanted)
{
	make_protected(made[_i].mail, SMIME_HEADERS_HIDE,
	    !made[_i].is_encrypted_only, true);
	ck_assert_int_eq(read_as(false), 0);
	expect_parts(made[_i].want);
	ck_assert_int_eq(v->mail->parts[0].legacy, LEGACY_MATCHES);
	ck_assert(!has_warning("RFC 9788"));
}
END_TEST

/* Base64 is not decoded to its end: the element comes in whole groups. */
static void
put_base64(struct buf *b, struct bytes text)
{
	struct sink *to = sink_new_buf(b);
	struct sink *base64 = sink_new_base64_enc(to, BASE64_LINE_MIME, "\r\n");

	ck_assert_int_eq(sink_write(base64, text, &e), 0);
	ck_assert_int_eq(sink_finish(base64, &e), 0);
	sink_free(base64);
	sink_free(to);
}

/* What the body in the content is, decoded; it is all of the content's. */
static void
get_body(struct buf *text)
{
	const char *at = memmem(content.data, content.len, "\r\n\r\n", 4);
	struct sink *to = sink_new_buf(text);
	struct sink *base64 = sink_new_base64_dec(to);

	ck_assert_ptr_nonnull(at);
	at += 4;
	ck_assert_int_eq(
	    sink_write(base64,
		bytes_of(at,
		    content.len - (size_t)(at - (const char *)content.data)),
		&e),
	    0);
	ck_assert_int_eq(sink_finish(base64, &e), 0);
	sink_free(base64);
	sink_free(to);
}

static void
expect_base64(bool is_html, const char *subject, const char *before,
    const char *behind, const char *eol)
{
	struct buf text = {0}, encoded = {0}, got = {0};
	const char *at;

	buf_printf(&text, "%s%s", before, behind);
	buf_printf(&encoded,
	    "From: bob@example.org\r\nSubject: %s\r\nContent-Type: %s; "
	    "charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%s",
	    subject, is_html ? "text/html" : "text/plain", eol);
	put_base64(&encoded, buf_get(&text));
	buf_add_byte(&encoded, '\0');
	make_protected(
	    (const char *)encoded.data, SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->parts[0].legacy, LEGACY_MATCHES);
	get_body(&got);
	buf_add_byte(&got, '\0');
	at = (const char *)got.data;
	ck_assert_int_eq(strncmp(at, before, strlen(before)), 0);
	at += strlen(before);
	ck_assert_int_eq(strncmp(at, is_html ? "\r\n<div " : "Subject", 7), 0);
	at = strstr(at, is_html ? "</div>" : "\r\n\r\n");
	ck_assert_ptr_nonnull(at);
	at += is_html ? 6 : 4;
	while (is_html && *at == ' ')
		at++;
	ck_assert_str_eq(at + (is_html ? 2 : 0), behind);
	buf_clear(&text);
	buf_clear(&encoded);
	buf_clear(&got);
}

START_TEST(in_base64)
{
	static const char *const subjects[] = {
	    "hello", "hello1", "hello12", "gr\xc3\xbc\xc3\x9f"};
	static const char *const fronts[] = {"<body>", "x<body>", "yz<body>"};

	expect_base64(false, subjects[_i], "", "some text\r\n", "");
	expect_base64(false, subjects[_i], "", "", "\r\n");
	expect_base64(true, subjects[_i], fronts[_i % 3], "", "");
	expect_base64(true, subjects[_i], fronts[_i % 3], "h", "");
	expect_base64(true, subjects[_i], fronts[_i % 3], "hi", "\r\n");
	expect_base64(true, subjects[_i], fronts[_i % 3],
	    "<p>some text that goes on and on over more than one line of "
	    "base64, so that it has to be found in the middle</p>\r\n",
	    "");
}
END_TEST

#define LEAF(type, text) "--b\r\nContent-Type: " type "\r\n\r\n" text "\r\n"
#define INNER(type, text) "--i\r\nContent-Type: " type "\r\n\r\n" text "\r\n"
#define ALTERNATIVE                                        \
	"multipart/alternative; boundary=i\r\n\r\n" INNER( \
	    "text/plain; charset=utf-8", "one")            \
	    INNER("text/html; charset=utf-8", "<body>two</body>") "--i--"
#define MARK "hp-legacy-display=\"1\""

/* Which parts have an element: RFC 9788 5.2.4; 1 where one has. */
static const struct {
	const char *type, *parts;
	const char *want;
} structures[] = {
    {"multipart/mixed", LEAF("text/plain", "a") LEAF("text/plain", "b"), "10"},
    {"multipart/mixed", LEAF(ALTERNATIVE, "") LEAF("text/html", "b"), "110"},
    {"multipart/alternative", LEAF("text/plain", "a") LEAF("text/html", "b"),
	"11"},
    {"multipart/related", LEAF("text/html", "a") LEAF("text/html", "b"), "10"},
    {"multipart/related; start=\"<x@y>\"",
	LEAF("text/html", "a") LEAF("text/html\r\nContent-ID: <x@y>", "b"),
	"00"},
    {"multipart/related; start=\"<x@y>\"",
	LEAF("text/html\r\nContent-ID: <x@y>", "a") LEAF("text/html", "b"),
	"10"},
    {"multipart/mixed", LEAF("image/png", "a") LEAF("text/plain", "b"), "00"},
    {"multipart/mixed",
	LEAF("text/plain\r\nContent-Disposition: attachment", "a")
	    LEAF("text/plain", "b"),
	"00"},
    {"multipart/mixed",
	LEAF("text/plain\r\nContent-Disposition: (x) Inline; x=y", "a")
	    LEAF("text/plain", "b"),
	"10"},
    {"multipart/digest", LEAF("text/plain", "a"), "0"},
    {"multipart/report", LEAF("text/plain", "a"), "0"},
    {"multipart/mixed", LEAF("text/plain; charset=utf-16", "a"), "0"},
    {"multipart/mixed",
	LEAF("text/plain\r\nContent-Transfer-Encoding: x-uuencode", "a"), "0"},
    {"multipart/mixed", LEAF("text/plain\r\nContent-Type: text/html", "a"),
	"0"},
};

START_TEST(structure)
{
	struct buf text = {0};
	size_t i;

	buf_printf(&text,
	    HEAD
	    "Subject: x\r\nContent-Type: %s; boundary=b\r\n\r\n%s--b--\r\n",
	    structures[_i].type, structures[_i].parts);
	buf_add_byte(&text, '\0');
	make_protected((const char *)text.data, SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->mail->parts_len, strlen(structures[_i].want));
	for (i = 0; i < v->mail->parts_len; i++)
		ck_assert_msg(
		    v->mail->parts[i].legacy == (structures[_i].want[i] == '1'
							? LEGACY_MATCHES
							: LEGACY_NONE),
		    "part %zu", i + 1);
	ck_assert(!has_warning("RFC 9788"));
	buf_clear(&text);
}
END_TEST

/* Line ends of any kind, and the same octets each time it is written. */
START_TEST(line_ends)
{
	static const char *const eols[] = {"\r\n", "\n", "\r"};
	static const char *const lines[] = {"From: bob@example.org",
	    "Subject: =?utf-8?Q?=C3=BC?=", "Content-Type: multipart/mixed;",
	    " boundary=b", "", "--b", "Content-Type: text/html", "", "<html>",
	    "<body>", "hi", "--b--", ""};
	struct buf text = {0};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		buf_printf(&text, "%s%s", lines[i], eols[_i]);
	buf_add_byte(&text, '\0');
	make_protected((const char *)text.data, SMIME_HEADERS_HIDE, true, true);
	ck_assert_int_eq(read_as(true), 0);
	ck_assert(mail_has(&content,
	    "--b\r\nContent-Type: text/html;\r\n hp-legacy-display=\"1\"\r\n"
	    "\r\n<html>\r\n<body>\r\n" DIV "\r\n<pre>Subject: &#252;</pre>\r\n"
	    "</div>\r\n\r\nhi\r\n--b--\r\n"));
	buf_clear(&text);
}
END_TEST

/* Nothing is put in where nothing is hidden, or where it is not wanted. */
START_TEST(not_made)
{
	static const char *const mails[] = {
	    HEAD "\r\nhi\r\n",
	    HEAD "Subject: [...]\r\n\r\nhi\r\n",
	    GREETINGS "\r\nhi\r\n",
	    GREETINGS "\r\nhi\r\n",
	    GREETINGS "Content-Type: " PLAIN "\r\n\r\n\r\nhi\r\n",
	};

	wants_legacy = _i != 2;
	make_protected(mails[_i],
	    _i == 3 ? SMIME_HEADERS_PROTECT : SMIME_HEADERS_HIDE, true,
	    _i != 3);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(
	    v->mail->parts[0].legacy, _i == 4 ? LEGACY_ABSENT : LEGACY_NONE);
	ck_assert(mail_has(&content, "\r\n\r\nhi\r\n"));
}
END_TEST

/* Every test but those of judging. */
static void
making_setup(void)
{
	message_setup();
	wants_legacy = true;
}

int
main(void)
{
	Suite *suite = suite_create("legacy");
	TCase *t = tcase_create("legacy");
	int status;

	world_init();
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_loop_test(
	    t, judged, 0, (int)(sizeof(bodies) / sizeof(bodies[0])));
	tcase_add_loop_test(t, too_long, 0, 2);
	tcase_add_test(t, where_it_counts);
	tcase_add_test(t, let_out_whole);
	tcase_add_test(t, parts);
	suite_add_tcase(suite, t);
	t = tcase_create("making");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, making_setup, message_teardown);
	tcase_add_loop_test(
	    t, as_wanted, 0, (int)(sizeof(made) / sizeof(made[0])));
	tcase_add_loop_test(t, in_base64, 0, 4);
	tcase_add_loop_test(
	    t, structure, 0, (int)(sizeof(structures) / sizeof(structures[0])));
	tcase_add_loop_test(t, line_ends, 0, 3);
	tcase_add_loop_test(t, not_made, 0, 5);
	suite_add_tcase(suite, t);
	status = unit_run(suite);
	world_free();
	return status;
}
