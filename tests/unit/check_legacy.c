/* check_legacy.c: Legacy Display elements (RFC 9788), made and judged. */
#include "config.h"

#include <stdio.h>
#include <string.h>

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

/* More than an element is. */
START_TEST(too_long)
{
	static char body[20000];

	memset(body, 'x', sizeof(body) - 1);
	memcpy(body, "Subject: ", 9);
	memcpy(body + sizeof(body) - 10, "\r\n\r\nhi\r\n", 9);
	ck_assert_int_eq(read_part(PLAIN, NULL, body), LEGACY_DIFFERS);
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
}
END_TEST

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
	tcase_add_test(t, too_long);
	tcase_add_test(t, where_it_counts);
	tcase_add_test(t, let_out_whole);
	tcase_add_test(t, parts);
	suite_add_tcase(suite, t);
	status = unit_run(suite);
	world_free();
	return status;
}
