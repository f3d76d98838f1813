/* check_entity.c: smime_mail_scan and the entity that comes of it. */
#include <stdio.h>
#include <string.h>

#include "client/smime/lines.h"
#include "client/smime/smime.h"
#include "tests/unit/unit.h"

static struct buf out;
static struct err err;

/* The entity of a mail into out; false if it cannot be detached. */
static bool
make(struct bytes text, bool is_7bit)
{
	struct input *in = input_new_bytes(text, "mail");
	struct sink *end = sink_new_buf(&out);
	struct smime_mail *mail;
	bool can_detach;
	int i, r = smime_mail_scan(in, &mail, &err);

	ck_assert_msg(r == 0, "%s: %s", err_name(r), err.text);
	/* Twice: any number of times the same. */
	for (i = 0; i < 2; i++) {
		buf_reset(&out);
		r = source_run(smime_mail_get_entity(mail, is_7bit), end, &err);
		ck_assert_msg(r == 0, "%s: %s", err_name(r), err.text);
	}
	err_clear(&err);
	can_detach = smime_mail_can_detach(mail, &err);
	ck_assert(can_detach == (err.text[0] == '\0'));
	smime_mail_free(mail);
	sink_free(end);
	input_free(in);
	return can_detach;
}

/* The text with other line ends; those it has are LF. */
static void
put_with(struct buf *b, struct bytes text, const char *eol)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\n')
			buf_add_str(b, eol);
		else
			buf_add_byte(b, text.p[i]);
	}
}

#define CT "Content-Type: "
#define CTE "Content-Transfer-Encoding: "
#define US CT "text/plain; charset=us-ascii\n"
#define MIXED CT "multipart/mixed; boundary=b\n"
#define LONG                                                           \
	"123456789 123456789 123456789 123456789 123456789 123456789 " \
	"123456789 123456789 123456789 123456789 123456789 123456789 " \
	"123456789 123456789 123456789 123456789 123456789 123456789 " \
	"123456789 123456789 123456789 123456789 123456789 123456789 " \
	"123456789 123456789 "
#define LONG4 LONG LONG LONG LONG

/* In texts with LF line ends; entity NULL: as the mail's own. */
static const struct {
	const char *mail, *entity;
	bool is_opaque;
} mails[] = {
    /* no MIME header, no body */
    {"From: a@b\n\nhello\n", US "\nhello\n", false},
    {"From: a@b\n", US "\n", false},
    {"From: a@b", US "\n", false},
    {"From: a@b\n\n", US "\n", false},
    {"From: a@b\nno blank line\n", US "\nno blank line\n", false},
    {"From: a@b\n\nno line end", US "\nno line end", false},
    {"Bcc: x@y\nSubject: s\nMIME-Version: 1.0\n" CT "text/html\n"
     "Content-ID: <1>\nContent-Length: 99\nX: y\n\n<p>\n",
	CT "text/html\nContent-ID: <1>\n\n<p>\n", false},
    {CT "text/plain;\n charset=utf-8\n\nx",
	CT "text/plain;\n charset=utf-8\n\nx", false},
    {"Content-ID: <1>\n\nx\n", US "Content-ID: <1>\n\nx\n", false},
    /* 8-bit without a type */
    {"A: b\n\ngr\xc3\xbc\xc3\x9f\n",
	CT "text/plain; charset=utf-8\n" CTE
	   "quoted-printable\n\ngr=C3=BC=C3=9F\n",
	false},
    {"A: b\n\ngr\xfc\xdf\n",
	CT "text/plain; charset=unknown-8bit\n" CTE
	   "quoted-printable\n\ngr=FC=DF\n",
	false},
    {"A: b\n\nFrom me\n", US CTE "quoted-printable\n\n=46rom me\n", false},
    /* leaves by type and encoding */
    {CT "text/html; charset=x\n" CTE "8bit\n\n\xe4\n",
	CT "text/html; charset=x\n" CTE "quoted-printable\n\n=E4\n", false},
    {CT "text/html\n" CTE "8bit\n\na\n", CT "text/html\n" CTE "7bit\n\na\n",
	false},
    {CT "text\n\n\xe4", CT "text\n" CTE "quoted-printable\n\n=E4", false},
    {CT "image/x\n\n\xe4\n", CT "image/x\n" CTE "base64\n\n5A0K\n", false},
    {CT "image/x\n" CTE "binary\nX: y\n\nabc",
	CT "image/x\n" CTE "base64\n\nYWJj\n", false},
    {CT "text/plain\n" CTE "quoted-printable\n\n=E4 \xe4\nFrom x=\ny\n",
	CT "text/plain\n" CTE "quoted-printable\n\n=E4 =E4\n=46rom xy\n",
	false},
    {CT "text/plain\n" CTE "quoted-printable\n\n=E4=\n", NULL, false},
    {CT "image/x\n" CTE "base64\n\nYWJj\n", NULL, false},
    {CT "image/x\n" CTE "base64\n\nYWJj\xe4\n", NULL, true},
    {CT "image/x\n" CTE "x-uuencode\n\nbegin\n", NULL, false},
    {CT "image/x\n" CTE "x-uuencode\n\n\xe4\n", NULL, true},
    {CT "image/x\n" CTE "7bit\n" CTE "8bit\n\n\xe4\n", NULL, true},
    {CT "image/x\n" CT "image/y\n\n\xe4\n", NULL, true},
    {CT "text/plain; name=\"\xe4\"\n\nx\n", NULL, true},
    {CT "text/plain; name=\"" LONG4 "\"\n\nx\n", NULL, true},
    {CT "message/rfc822\n\nA: b\n\nx\n", NULL, false},
    {CT "message/rfc822\n" CTE "8bit\n\nA: b\n\nx\n",
	CT "message/rfc822\n" CTE "7bit\n\nA: b\n\nx\n", false},
    {CT "message/rfc822\n" CTE "8bit\n\nA: b\n\n\xe4\n", NULL, true},
    {CT "multipart/signed; boundary=b\n\n--b\n\n\xe4\n--b--\n", NULL, true},
    {CT "multipart/signed; boundary=b\n\n--b\n\na\n--b--\n", NULL, false},
    {CT "multipart/mixed\n\n--b\n\n\xe4\n--b--\n", NULL, true},
    {CT "multipart/mixed; boundary=b; boundary=c\n\n--b\n\n\xe4\n--b--\n", NULL,
	true},
    /* parts */
    {MIXED "\npre\n--b\n\na\n--b\n\nb\n--b--\npost\n", NULL, false},
    {MIXED "\npr\xe4\n--b\n\na\n--b--\n", NULL, true},
    {MIXED "\n--b\n\na\n--b--\np\xe4st\n", NULL, true},
    {MIXED "\n--b\n\n\xe4\n--b\n" CT "image/x\n\n\xe4\n--b\n\nc\n--b--\n",
	MIXED "\n--b\n" CTE "quoted-printable\n\n=E4\n--b\n" CT "image/x\n" CTE
	      "base64\n\n5A==\n\n--b\n\nc\n--b--\n",
	false},
    {MIXED CTE "8bit\n\n--b\nA: b\n" CTE "8bit\nC: d\n\n\xe4\n--b--\n",
	MIXED CTE "7bit\n\n--b\nA: b\n" CTE
		  "quoted-printable\nC: d\n\n=E4\n--b--\n",
	false},
    /* the containers of what stays 8-bit stay 8-bit, and only these */
    {MIXED CTE "8bit\n\n"
	       "--b\n" CT "multipart/mixed; boundary=c\n" CTE "8bit\n\n"
	       "--c\n\n\xe4\n--c--\n"
	       "--b\n" CT "multipart/mixed; boundary=d\n" CTE "8bit\n\n"
	       "--d\n" CT "message/rfc822\n" CTE "8bit\n\n\xe4\n--d--\n--b--\n",
	MIXED CTE "8bit\n\n"
		  "--b\n" CT "multipart/mixed; boundary=c\n" CTE "7bit\n\n"
		  "--c\n" CTE "quoted-printable\n\n=E4\n--c--\n"
		  "--b\n" CT "multipart/mixed; boundary=d\n" CTE "8bit\n\n"
		  "--d\n" CT "message/rfc822\n" CTE
		  "8bit\n\n\xe4\n--d--\n--b--\n",
	true},
    /* parts of a digest are messages */
    {CT "multipart/digest; boundary=b\n\n--b\n\nA: b\n\n\xe4\n--b--\n", NULL,
	true},
    {CT "multipart/digest; boundary=b\n\n--b\n" CT
	"text/plain\n\n\xe4\n--b--\n",
	CT "multipart/digest; boundary=b\n\n--b\n" CT "text/plain\n" CTE
	   "quoted-printable\n\n=E4\n--b--\n",
	false},
    /* headers of parts that are no help */
    {MIXED "\n--b\nX: \xe4\n\na\n--b--\n", NULL, true},
    {MIXED "\n--b\nX: y\nno field \xe4\n--b--\n", NULL, true},
    {MIXED "\n--b\nX: y\nno field\n--b--\n", NULL, false},
    {MIXED "\n--b\n" CT "???\n\n\xe4\n--b--\n", NULL, true},
    {MIXED "\n--b\n" CTE "8bit\n--b--\n", MIXED "\n--b\n" CTE "7bit\n--b--\n",
	false},
    /* never closed */
    {MIXED "\n--b\n\n\xe4", MIXED "\n--b\n" CTE "quoted-printable\n\n=E4",
	false},
    {MIXED "\n--b\n\n\xe4\n", MIXED "\n--b\n" CTE "quoted-printable\n\n=E4\n",
	false},
    /* a multipart must not be encoded as a whole */
    {MIXED CTE "base64\n\n--b\n\n\xe4\n--b--\n", NULL, true},
};

START_TEST(entities)
{
	static const char *const eols[] = {"\n", "\r\n", "\r"};
	struct buf in = {0}, want = {0};
	bool can_detach;
	size_t i;

	put_with(&want,
	    bytes_of_str(
		mails[_i].entity != NULL ? mails[_i].entity : mails[_i].mail),
	    "\r\n");
	for (i = 0; i < 3; i++) {
		buf_reset(&in);
		put_with(&in, bytes_of_str(mails[_i].mail), eols[i]);
		can_detach = make(buf_get(&in), true);
		ck_assert_msg(bytes_is_equal(buf_get(&out), buf_get(&want)),
		    "line ends %zu: got\n%.*s\nwant\n%.*s", i, (int)out.len,
		    (const char *)out.data, (int)want.len,
		    (const char *)want.data);
		ck_assert_int_eq(can_detach, !mails[_i].is_opaque);
		ck_assert(can_detach ==
			  ((lines_judge(buf_get(&out)) & LINES_UNSAFE) == 0));
	}
	/* what was made safe is taken as it is */
	buf_reset(&in);
	buf_add_bytes(&in, buf_get(&out));
	make(buf_get(&in), true);
	ck_assert(bytes_is_equal(buf_get(&in), buf_get(&out)));
	buf_clear(&in);
	buf_clear(&want);
}
END_TEST

/* For encryption only binary parts are touched. */
START_TEST(entities_with_8bit)
{
	ck_assert(
	    make(BYTES_LIT("A: b\r\n\r\ngr\xc3\xbc\r\nFrom x\r\n"), false));
	unit_assert_bytes(buf_get(&out),
	    BYTES_LIT("Content-Type: text/plain; charset=utf-8\r\n"
		      "Content-Transfer-Encoding: 8bit\r\n\r\n"
		      "gr\xc3\xbc\r\nFrom x\r\n"));
	make(BYTES_LIT(MIXED "\n--b\n" CTE "8bit\n\n\xe4\n--b\n" CTE
			     "binary\n\n\n\n--b--\n"),
	    false);
	buf_add_byte(&out, 0);
	ck_assert_ptr_nonnull(strstr((char *)out.data, "8bit\r\n\r\n\xe4\r\n"));
	ck_assert_ptr_nonnull(
	    strstr((char *)out.data, "base64\r\n\r\nCg==\r\n"));
}
END_TEST

/* Octets that are no lines keep every octet. */
START_TEST(binary)
{
	static const char text[] =
	    CT "application/octet-stream\r\n\r\n\0a\nb\r\nc\r";

	ck_assert(make(bytes_of(text, sizeof(text) - 1), true));
	unit_assert_bytes(buf_get(&out),
	    BYTES_LIT("Content-Type: application/octet-stream\r\n"
		      "Content-Transfer-Encoding: base64\r\n\r\n"
		      "AGEKYg0KYw0=\r\n"));
}
END_TEST

START_TEST(mbox_line_is_dropped)
{
	ck_assert(make(
	    BYTES_LIT("From a@b Sat Jan  3 01:05:34 1996\nA: b\n\nx"), true));
	unit_assert_bytes(buf_get(&out),
	    BYTES_LIT("Content-Type: text/plain; charset=us-ascii\r\n\r\nx"));
	ck_assert(make(BYTES_LIT("From x 1:05 1996\rA: b\r\rx"), true));
	unit_assert_bytes(buf_get(&out),
	    BYTES_LIT("Content-Type: text/plain; charset=us-ascii\r\n\r\nx"));
	/* a field, though it looks much like it */
	ck_assert(make(BYTES_LIT("From : a@b\n\nx"), true));
	unit_assert_bytes(buf_get(&out),
	    BYTES_LIT("Content-Type: text/plain; charset=us-ascii\r\n\r\nx"));
}
END_TEST

static int
scan(struct bytes text, struct smime_mail **mail)
{
	struct input *in = input_new_bytes(text, "odd.eml");
	int r = smime_mail_scan(in, mail, &err);

	smime_mail_free(*mail);
	input_free(in);
	return r;
}

START_TEST(no_mails)
{
	struct smime_mail *mail;
	struct buf b = {.max = 20 << 20};

	unit_assert_code(scan(BYTES_NONE, &mail), -CS_ERR_NOT_MESSAGE);
	ck_assert_str_eq(err.text, "odd.eml: there is nothing in it");
	unit_assert_code(scan(BYTES_LIT("\n\nx"), &mail), -CS_ERR_NOT_MESSAGE);
	unit_assert_code(scan(BYTES_LIT("x"), &mail), -CS_ERR_NOT_MESSAGE);
	unit_assert_code(
	    scan(BYTES_LIT("From x 1:05 1996\n"), &mail), -CS_ERR_NOT_MESSAGE);
	unit_assert_code(scan(BYTES_LIT("From x 1:05 1996\nA: b\n\nx\n"
					"From x 1:05 1996\nA: b\n\nx\n"),
			     &mail),
	    -CS_ERR_MULTIPLE);
	buf_printf(&b, "A: b\nB: %0*d\n", (int)SMIME_HEADER_MAX, 0);
	unit_assert_code(scan(buf_get(&b), &mail), -CS_ERR_TOO_LARGE);
	buf_clear(&b);
}
END_TEST

/* More parts than are taken apart: opaque, and nothing is lost. */
START_TEST(many_parts)
{
	struct buf b = {.max = 20 << 20};
	int i;

	buf_add_str(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (i = 0; i < SMIME_PARTS_MAX - 1; i++)
		buf_add_str(&b, "--b\r\n\r\n\xe4\r\n");
	ck_assert(make(buf_get(&b), true));
	buf_add_str(&b, "--b\r\n\r\n\xe4\r\n--b--\r\n");
	ck_assert(!make(buf_get(&b), true));
	ck_assert_ptr_nonnull(strstr(err.text, "parts or more"));
	buf_clear(&b);
}
END_TEST

static int
collect(void *ctx, struct bytes address)
{
	buf_add_bytes(ctx, address);
	return buf_add_byte(ctx, '|');
}

static int
refuse(void *ctx, struct bytes address)
{
	(void)ctx;
	(void)address;
	return -CS_ERR_POLICY;
}

START_TEST(addresses)
{
	static const char text[] =
	    "To: A <a@b.c>,\r\n d@e.f\r\nto: g@h.i\r\nCc: broken\r\n\r\n";
	struct input *in = input_new_bytes(BYTES_LIT(text), "mail");
	struct smime_mail *mail;
	struct buf b = {0};

	ck_assert_int_eq(smime_mail_scan(in, &mail, &err), 0);
	ck_assert(smime_mail_has_header(mail, "TO"));
	ck_assert(!smime_mail_has_header(mail, "Bcc"));
	ck_assert_int_eq(smime_mail_walk_addresses(mail, "To", collect, &b), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("a@b.c|d@e.f|g@h.i|"));
	unit_assert_code(smime_mail_walk_addresses(mail, "To", refuse, NULL),
	    -CS_ERR_POLICY);
	unit_assert_code(smime_mail_walk_addresses(mail, "Cc", collect, &b),
	    -CS_ERR_ENCODING);
	ck_assert_int_eq(
	    smime_mail_walk_addresses(mail, "Bcc", collect, &b), 0);
	smime_mail_free(mail);
	input_free(in);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("entity");
	TCase *tcase = tcase_create("entity");

	tcase_add_loop_test(
	    tcase, entities, 0, sizeof(mails) / sizeof(mails[0]));
	tcase_add_test(tcase, entities_with_8bit);
	tcase_add_test(tcase, binary);
	tcase_add_test(tcase, mbox_line_is_dropped);
	tcase_add_test(tcase, no_mails);
	tcase_add_test(tcase, many_parts);
	tcase_add_test(tcase, addresses);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
