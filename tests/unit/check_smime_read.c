/* check_smime_read.c: S/MIME mails as they come, honest or not. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "asn1/base64.h"
#include "tests/unit/mail_util.h"
#include "tests/unit/temp.h"

static struct buf out, content, changed;
static struct err e;
static struct verdict *v;

#define FROM "From: bob@example.org\r\n"
#define BODY "Content-Type: text/plain; charset=us-ascii\r\n\r\nhello\r\n"
#define MAIL FROM "\r\nhello\r\n"

static void
setup(void)
{
	temp_setup();
	err_clear(&e);
	mail_sign(BOB, SMIME_DETACHED, BYTES_LIT(MAIL), &out);
	v = NULL;
}

static void
teardown(void)
{
	verdict_free(v);
	temp_teardown();
}

/* The whole with the first place of from changed to to, into changed. */
static void
change(const char *from, const char *to)
{
	const uint8_t *at = memmem(out.data, out.len, from, strlen(from));
	size_t front;

	ck_assert_msg(at != NULL, "the mail has no \"%s\"", from);
	front = (size_t)(at - out.data);
	buf_reset(&changed);
	buf_add(&changed, out.data, front);
	buf_add_str(&changed, to);
	buf_add(&changed, at + strlen(from), out.len - front - strlen(from));
	buf_reset(&out);
	buf_add_bytes(&out, buf_get(&changed));
}

/* From the last place of text on. */
static void
cut_at_last(const char *text)
{
	size_t len = strlen(text);

	while (out.len >= len && memcmp(out.data + out.len - len, text, len))
		out.len--;
	ck_assert_uint_ge(out.len, len);
	out.len -= len;
}

static void
put_boundary(struct buf *b, const char *end)
{
	const uint8_t *at =
	    memmem(out.data, out.len, "----=_", strlen("----=_"));

	buf_add_str(b, "--");
	buf_add(b, at, strlen("----=_") + 32);
	buf_add_str(b, end);
}

static int
verify_as(bool is_file)
{
	struct smime_read_params params = mail_verify_params();

	verdict_free(v);
	return mail_read(&params, buf_get(&out), is_file, &content, &v, &e);
}

/* Reads both ways; both have the summary, and the content goes out only if
 * it is good. */
static void
expect(enum verdict_summary summary, struct bytes want)
{
	int i;

	for (i = 0; i < 2; i++) {
		ck_assert_msg(verify_as(i == 1) == 0, "%s", e.text);
		unit_assert_summary(v, summary);
		unit_assert_bytes(buf_get(&content), want);
	}
}

static bool
has_warning(const char *text)
{
	size_t i;

	for (i = 0; i < v->warnings_len; i++)
		if (strstr(v->warnings[i], text) != NULL)
			return true;
	return false;
}

START_TEST(good)
{
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_str_eq(v->layers[0].format, "multipart/signed");
	ck_assert_uint_eq(v->warnings_len, 0);
}
END_TEST

START_TEST(good_with_lf)
{
	struct buf lf = {0};

	mail_put_lf(&lf, buf_get(&out));
	buf_clear(&out);
	out = lf;
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

/* The header has CRLF, and what is below came as LF; or the other way. */
START_TEST(mixed_line_ends)
{
	struct buf mixed = {0};
	struct bytes head, tail;
	const uint8_t *at =
	    memmem(out.data, out.len, "\r\n\r\n", strlen("\r\n\r\n"));

	head = bytes_of(out.data, (size_t)(at - out.data) + 4);
	tail = bytes_of(at + 4, out.len - head.len);
	if (_i == 0) {
		buf_add_bytes(&mixed, head);
		mail_put_lf(&mixed, tail);
	} else {
		mail_put_lf(&mixed, head);
		buf_add_bytes(&mixed, tail);
	}
	buf_clear(&out);
	out = mixed;
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

/* Content that was signed with lone LFs is what it is. */
START_TEST(signed_with_lf)
{
	static const char text[] = "Content-Type: text/plain\r\n\r\na\nb";
	struct cms_signer signer = world_signer(BOB, false);
	struct buf sig = {0}, base64 = {0};

	world_sign(&signer, 1, FORM_DETACHED, BYTES_LIT(text), &sig);
	base64_encode(&base64, buf_get(&sig));
	buf_reset(&out);
	buf_printf(&out,
	    FROM "Content-Type: multipart/signed; boundary=x%s--x%s%s%s--x%s"
		 "Content-Type: application/pkcs7-signature%s"
		 "Content-Transfer-Encoding: base64%s%s%.*s%s--x--",
	    _i == 0 ? "\r\n\r\n" : "\n\n", _i == 0 ? "\r\n" : "\n", text,
	    _i == 0 ? "\r\n" : "\n", "\n", "\n", "\n", "\n", (int)base64.len,
	    (const char *)base64.data, "\n");
	/* In a mail of LFs the signature's own CRLFs stay, too. */
	expect(VERDICT_VERIFIED, BYTES_LIT(text));
	buf_clear(&sig);
	buf_clear(&base64);
}
END_TEST

START_TEST(changed_content)
{
	change("hello", "hallo");
	expect(VERDICT_BAD, BYTES_NONE);
	unit_assert_code(v->code, -CS_ERR_DIGEST_MISMATCH);
}
END_TEST

START_TEST(changed_header_of_the_content)
{
	change("us-ascii", "us-ASCII");
	expect(VERDICT_BAD, BYTES_NONE);
}
END_TEST

START_TEST(one_line_end_more)
{
	change("hello\r\n", "hello\r\n\r\n");
	expect(VERDICT_BAD, BYTES_NONE);
}
END_TEST

/* What may be wrong around a good signature without harm. */
static const struct {
	const char *from, *to;
} harmless[] = {
    {"micalg=\"sha-256\"", "micalg=sha1"},
    {"micalg=\"sha-256\"", "micalg=\"md5,sha-512\""},
    {"micalg=\"sha-256\"", "micalg=nonsense"},
    {"micalg=\"sha-256\";", ""},
    {"protocol=\"application/pkcs7-signature\";", ""},
    {"protocol=\"application/pkcs7-signature\"",
	"protocol=\"application/x-pkcs7-signature\""},
    {"application/pkcs7-signature; name",
	"application/x-pkcs7-signature; name"},
    {"application/pkcs7-signature; name", "application/octet-stream; name"},
    {"Content-Type: multipart/signed",
	"Content-Transfer-Encoding: 8bit\r\nContent-Type: Multipart/SIGNED"},
    {"Content-Transfer-Encoding: base64\r\n", ""},
    {"This is an S/MIME signed message.\r\n", ""},
    {"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
     "Content-Transfer-Encoding: base64\r\n"
     "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"
     "Content-Description: S/MIME signature\r\n",
	""},
};

START_TEST(harmless_changes)
{
	change(harmless[_i].from, harmless[_i].to);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->warnings_len, 0);
}
END_TEST

START_TEST(boundary_by_rfc2231)
{
	const uint8_t *at = memmem(out.data, out.len, "----=_", 6);
	char from[80], to[160];

	snprintf(from, sizeof(from), "boundary=\"%.38s\"", (const char *)at);
	snprintf(to, sizeof(to),
	    "boundary*0*=x''%%2D---=_; boundary*1=\"%.32s\"",
	    (const char *)at + 6);
	change(from, to);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

START_TEST(signature_part_in_binary)
{
	static const char mark[] = "Content-Description: S/MIME signature"
				   "\r\n\r\n";
	const uint8_t *at = memmem(out.data, out.len, mark, strlen(mark));
	const uint8_t *end;
	struct buf der = {0}, mail = {0};
	size_t front = (size_t)(at - out.data) + strlen(mark);

	end = memmem(out.data + front, out.len - front, "\r\n--", 4);
	ck_assert_int_eq(
	    base64_decode(&der,
		bytes_of(out.data + front, (size_t)(end - out.data) - front)),
	    0);
	buf_add(&mail, out.data, front);
	buf_add_bytes(&mail, buf_get(&der));
	buf_add(&mail, end, out.len - (size_t)(end - out.data));
	buf_clear(&out);
	out = mail;
	change("Content-Transfer-Encoding: base64",
	    _i == 0 ? "Content-Transfer-Encoding: binary"
		    : "Content-Transfer-Encoding: base64");
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	buf_clear(&der);
}
END_TEST

START_TEST(parts_behind)
{
	struct buf more = {0};

	cut_at_last("\r\n--");
	buf_add_bytes(&more, buf_get(&out));
	buf_add_str(&more, "\r\n");
	put_boundary(&more, "\r\n\r\nforged\r\n");
	put_boundary(&more, "--\r\n");
	buf_clear(&out);
	out = more;
	expect(VERDICT_BAD, BYTES_NONE);
	unit_assert_code(v->code, -CS_ERR_NOT_SIGNED);
	ck_assert_ptr_nonnull(strstr(v->text, "parts behind the signature"));
}
END_TEST

START_TEST(text_behind)
{
	buf_add_str(&out, "\r\n \r\n");
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->warnings_len, 0);
	buf_add_str(&out, "list footer\r\n");
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert(has_warning("text behind"));
}
END_TEST

START_TEST(no_last_boundary)
{
	cut_at_last("\r\n--");
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert(has_warning("without its last boundary"));
}
END_TEST

/* The mail is cut off at every place: never a crash, never good content
 * unless all of content and signature is there. */
START_TEST(cut_anywhere)
{
	size_t len = out.len, whole;
	int r;

	cut_at_last("\r\n--");
	whole = out.len;
	for (out.len = (size_t)_i; out.len < len; out.len += 16) {
		r = verify_as(false);
		if (out.len >= whole - 2)
			continue;
		ck_assert(r != 0 || v->summary == VERDICT_BAD);
		ck_assert_uint_eq(content.len, 0);
	}
}
END_TEST

/* One octet changed at every place. */
START_TEST(flipped_anywhere)
{
	size_t i;
	uint8_t c;

	for (i = (size_t)_i; i < out.len; i += 16) {
		c = out.data[i];
		out.data[i] ^= 1;
		if (verify_as(false) == 0 && v->summary == VERDICT_VERIFIED)
			unit_assert_bytes(buf_get(&content), BYTES_LIT(BODY));
		out.data[i] = c;
	}
}
END_TEST

static const struct {
	const char *mail;
	int code;
	const char *text;
} refused[] = {
    {FROM "\r\nhello\r\n", -CS_ERR_NOT_SIGNED, "text/plain"},
    {FROM "Content-Type: ???\r\n\r\nhello\r\n", -CS_ERR_NOT_SIGNED,
	"cannot be understood"},
    {FROM "Content-Type: multipart/signed; boundary=a\r\n"
	  "Content-Type: multipart/signed; boundary=b\r\n\r\n--a\r\n",
	-CS_ERR_NOT_SIGNED, "2 Content-Type fields"},
    {FROM "Content-Transfer-Encoding: 7bit\r\n"
	  "Content-Transfer-Encoding: base64\r\n"
	  "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n",
	-CS_ERR_NOT_SIGNED, "a transfer encoding"},
    {FROM "Content-Type: multipart/signed\r\n\r\n--a\r\n", -CS_ERR_NOT_SIGNED,
	"without a boundary"},
    {FROM "Content-Type: multipart/signed; boundary=a; boundary=b\r\n\r\n",
	-CS_ERR_NOT_SIGNED, "two boundaries"},
    {FROM "Content-Type: multipart/signed; boundary=\"a \"\r\n\r\n",
	-CS_ERR_NOT_SIGNED, "a boundary that is none"},
    {FROM "Content-Type: multipart/signed; boundary=a\r\n\r\n--a--\r\n",
	-CS_ERR_NOT_SIGNED, "has no signature"},
    {FROM "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\nx",
	-CS_ERR_TRUNCATED, "ends before its signature"},
    {FROM "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n"
	  "--a\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--a--",
	-CS_ERR_NOT_SIGNED, "OpenPGP"},
    {FROM "Content-Type: multipart/signed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n"
	  "--a\r\nContent-Transfer-Encoding: base64\r\n\r\n!!\r\n--a--",
	-CS_ERR_BASE64, "the signature part"},
    {FROM "Content-Type: application/octet-stream; name=x.bin\r\n\r\n",
	-CS_ERR_NOT_SIGNED, "octet-stream"},
    {"", -CS_ERR_NOT_MESSAGE, ""},
    {"no header", -CS_ERR_NOT_MESSAGE, ""},
};

START_TEST(refused_mails)
{
	buf_reset(&out);
	buf_add_str(&out, refused[_i].mail);
	unit_assert_code(verify_as(false), refused[_i].code);
	ck_assert_msg(strstr(err_get_text(&e), refused[_i].text) != NULL, "%s",
	    err_get_text(&e));
	ck_assert_uint_eq(content.len, 0);
}
END_TEST

START_TEST(large_signature_part)
{
	struct buf big = {.max = 32 << 20};

	buf_add_str(&big,
	    FROM "Content-Type: multipart/signed; boundary=a\r\n\r\n"
		 "--a\r\n\r\nx\r\n--a\r\n\r\n");
	while (big.len < SMIME_SIGNATURE_MAX * 2)
		buf_add_str(&big, "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglg\r\n");
	buf_clear(&out);
	out = big;
	unit_assert_code(verify_as(false), -CS_ERR_TOO_LARGE);
}
END_TEST

/* --- application/pkcs7-mime --- */

static const struct {
	const char *from, *to;
} opaque[] = {
    {"smime-type=signed-data;", "smime-type=signed-data;"},
    {"smime-type=signed-data;", ""},
    {"smime-type=signed-data;", "smime-type=enveloped-data;"},
    {"application/pkcs7-mime", "application/x-pkcs7-mime"},
    {"application/pkcs7-mime; smime-type=signed-data",
	"application/octet-stream"},
    {"application/pkcs7-mime; smime-type=signed-data;\r\n name=\"smime.p7m\"",
	"application/octet-stream"},
    {"Content-Transfer-Encoding: base64\r\n", ""},
    {"Content-Transfer-Encoding: base64\r\n",
	"Content-Transfer-Encoding: 7bit\r\n"},
    {"Content-Disposition: attachment; filename=\"smime.p7m\"\r\n", ""},
};

START_TEST(opaque_mails)
{
	mail_sign(BOB, SMIME_OPAQUE, BYTES_LIT(MAIL), &out);
	change(opaque[_i].from, opaque[_i].to);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_str_eq(v->layers[0].format, "application/pkcs7-mime");
}
END_TEST

START_TEST(opaque_binary_and_qp)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct buf sig = {0};
	size_t i;

	world_sign(&signer, 1, _i % 2 == 0 ? FORM_DER : FORM_BER,
	    BYTES_LIT(BODY), &sig);
	buf_reset(&out);
	buf_printf(&out,
	    FROM "Content-Type: application/pkcs7-mime\r\n"
		 "Content-Transfer-Encoding: %s\r\n\r\n",
	    _i < 2 ? "binary" : "quoted-printable");
	for (i = 0; i < sig.len; i++) {
		if (_i < 2)
			buf_add_byte(&out, sig.data[i]);
		else
			buf_printf(&out, "=%02X%s", sig.data[i],
			    i % 20 == 19 ? "=\r\n" : "");
	}
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	buf_clear(&sig);
}
END_TEST

START_TEST(opaque_with_lf)
{
	struct buf lf = {0};

	mail_sign(BOB, SMIME_OPAQUE, BYTES_LIT(MAIL), &out);
	mail_put_lf(&lf, buf_get(&out));
	buf_clear(&out);
	out = lf;
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

START_TEST(opaque_broken)
{
	mail_sign(BOB, SMIME_OPAQUE, BYTES_LIT(MAIL), &out);
	if (_i == 0)
		buf_add_str(&out, "-- footer of a list\r\n");
	else
		out.len -= 40;
	ck_assert_int_lt(verify_as(false), 0);
	ck_assert_uint_eq(content.len, 0);
}
END_TEST

/* --- the other kind --- */

START_TEST(wrong_kind)
{
	struct smime_read_params params = mail_decrypt_params();

	/* decrypt of what is signed, both forms */
	unit_assert_code(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e),
	    -CS_ERR_NOT_ENCRYPTED);
	verdict_free(v);
	mail_sign(BOB, SMIME_OPAQUE, BYTES_LIT(MAIL), &out);
	unit_assert_code(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e),
	    -CS_ERR_NOT_ENCRYPTED);
	verdict_free(v);
	unit_assert_code(
	    mail_read(&params, BYTES_LIT(MAIL), false, &content, &v, &e),
	    -CS_ERR_NOT_ENCRYPTED);
	/* verify of what is encrypted */
	mail_encrypt(ALICE, ALG_AES256_CBC, BYTES_LIT(MAIL), &out);
	unit_assert_code(verify_as(false), -CS_ERR_NOT_SIGNED);
	ck_assert_ptr_nonnull(strstr(e.text, "encrypted"));
}
END_TEST

START_TEST(decrypts_with_headers_of_its_own)
{
	static const struct {
		const char *inner, *want;
	} inners[] = {
	    {"Content-Type: text/html\r\n\r\n<p>",
		FROM "MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>"},
	    {"\r\nno fields", FROM "MIME-Version: 1.0\r\n\r\nno fields"},
	    {"\nno fields", FROM "MIME-Version: 1.0\r\n\nno fields"},
	    {"mere text\r\nA: b",
		FROM "MIME-Version: 1.0\r\n\r\nmere text\r\nA: b"},
	    {" indented", FROM "MIME-Version: 1.0\r\n\r\n indented"},
	    {"", FROM "MIME-Version: 1.0\r\n\r\n"},
	};
	struct smime_read_params params = mail_decrypt_params();
	struct cert *to = world_cert(ALICE);
	struct buf cms = {0}, base64 = {0};

	world_encrypt(ALG_AES128_GCM, &to, 1, FORM_DER,
	    bytes_of_str(inners[_i].inner), &cms);
	base64_encode(&base64, buf_get(&cms));
	buf_reset(&out);
	buf_printf(&out,
	    FROM "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime"
		 "\r\nContent-Transfer-Encoding: base64\r\n\r\n%.*s",
	    (int)base64.len, (const char *)base64.data);
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	unit_assert_bytes(buf_get(&content), bytes_of_str(inners[_i].want));
	buf_clear(&cms);
	buf_clear(&base64);
}
END_TEST

START_TEST(nothing_decrypted_goes_out_unproven)
{
	struct smime_read_params params = mail_decrypt_params();
	int i;

	for (i = 0; i < 2; i++) {
		mail_encrypt(ALICE, ALG_AES256_GCM, BYTES_LIT(MAIL), &out);
		out.data[out.len - 20] ^= 1;
		if (mail_read(
			&params, buf_get(&out), i == 1, &content, &v, &e) == 0)
			unit_assert_summary(v, VERDICT_BAD);
		ck_assert_uint_eq(content.len, 0);
		verdict_free(v);
	}
	v = NULL;
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("smime_read");
	TCase *tcase = tcase_create("smime_read");

	world_init();
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, good);
	tcase_add_test(tcase, good_with_lf);
	tcase_add_loop_test(tcase, mixed_line_ends, 0, 2);
	tcase_add_loop_test(tcase, signed_with_lf, 0, 2);
	tcase_add_test(tcase, changed_content);
	tcase_add_test(tcase, changed_header_of_the_content);
	tcase_add_test(tcase, one_line_end_more);
	tcase_add_loop_test(
	    tcase, harmless_changes, 0, sizeof(harmless) / sizeof(harmless[0]));
	tcase_add_test(tcase, boundary_by_rfc2231);
	tcase_add_loop_test(tcase, signature_part_in_binary, 0, 2);
	tcase_add_test(tcase, parts_behind);
	tcase_add_test(tcase, text_behind);
	tcase_add_test(tcase, no_last_boundary);
	tcase_add_loop_test(tcase, cut_anywhere, 0, 16);
	tcase_add_loop_test(tcase, flipped_anywhere, 0, 16);
	tcase_add_loop_test(
	    tcase, refused_mails, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tcase, large_signature_part);
	tcase_add_loop_test(
	    tcase, opaque_mails, 0, sizeof(opaque) / sizeof(opaque[0]));
	tcase_add_loop_test(tcase, opaque_binary_and_qp, 0, 4);
	tcase_add_test(tcase, opaque_with_lf);
	tcase_add_loop_test(tcase, opaque_broken, 0, 2);
	tcase_add_test(tcase, wrong_kind);
	tcase_add_loop_test(tcase, decrypts_with_headers_of_its_own, 0, 6);
	tcase_add_test(tcase, nothing_decrypted_goes_out_unproven);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
