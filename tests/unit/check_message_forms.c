/* check_message_forms.c: whole mails: what is held back, odd forms, and what
 * is broken. */
#include "config.h"

#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/alg/random.h"
#include "asn1/base64.h"
#include "client/cms/zlib.h"
#include "tests/unit/message_util.h"

/* --- held back --- */

static void
start_html(void)
{
	start(FROM MIXED "\r\n--outer\r\n" BODY "\r\n--outer\r\n" HTML
			 "\r\n--outer\r\n" BODY "\r\n--outer--\r\n");
}

START_TEST(html_in_cbc)
{
	start_html();
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(read_as(i == 1), 0);
		unit_assert_summary(v, VERDICT_DECRYPTED);
		ck_assert(!mail_has(&content, "evil"));
		ck_assert(!mail_has(&content, "html"));
		ck_assert(mail_has(&content, "is held back"));
		ck_assert(mail_has(&content, "--outer\r\n" BODY "\r\n--outer"));
		ck_assert(mail_has(&content, BODY "\r\n--outer--\r\n"));
		ck_assert(v->mail->parts[1].is_held_back);
		ck_assert(!v->mail->parts[0].is_held_back);
		ck_assert(has_warning("held back"));
	}
	params.is_unsafe = true;
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(mail_has(&content, "evil"));
}
END_TEST

START_TEST(html_as_all)
{
	start(FROM HTML);
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(!mail_has(&content, "evil"));
	ck_assert(mail_has(&content, "is held back"));
}
END_TEST

START_TEST(html_that_shows_changes)
{
	start_html();
	if (_i == 0) {
		wrap_encrypt(ALICE, ALG_AES256_GCM);
	} else {
		wrap_sign(BOB, SMIME_DETACHED);
		wrap_encrypt(ALICE, ALG_AES256_CBC);
	}
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(mail_has(&content, "evil"));
	ck_assert(!v->mail->parts[1].is_held_back);
}
END_TEST

/* A signature outside says nothing about what was in the encryption. */
START_TEST(html_signed_outside)
{
	start_html();
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	wrap_sign(BOB, SMIME_DETACHED);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(!mail_has(&content, "evil"));
}
END_TEST

/* In an enclosed message, also in one that was encoded. */
START_TEST(html_in_a_message)
{
	struct buf base64 = {0};
	struct buf in;

	start(FROM HTML);
	if (_i == 0) {
		wrap_forward(MIXED);
	} else {
		base64_encode(&base64, buf_get(&mail));
		in = mail;
		mail = (struct buf){0};
		buf_clear(&in);
		buf_printf(&mail,
		    FROM MIXED "\r\n--outer\r\nContent-Type: message/rfc822\r\n"
			       "Content-Transfer-Encoding: base64\r\n\r\n%.*s"
			       "\r\n--outer--\r\n",
		    (int)base64.len, (const char *)base64.data);
	}
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	ck_assert_int_eq(read_as(true), 0);
	ck_assert(!mail_has(&content, "evil"));
	if (_i == 1)
		ck_assert(!memmem(content.data, content.len, base64.data, 40));
	ck_assert(mail_has(&content, "is held back"));
	buf_clear(&base64);
}
END_TEST

/* Each would be fetched or run by some program. */
static const char *const active[] = {
    "Content-Type: application/xhtml+xml\r\n\r\nevil",
    "Content-Type: image/svg+xml\r\n\r\nevil",
    "Content-Type: text/xml\r\n\r\nevil",
    "Content-Type: application/octet-stream; name=\"a.HTML \"\r\n\r\nevil",
    "Content-Type: message/external-body; access-type=x\r\n\r\nevil",
    "Content-Type: image/png\r\nContent-Location: http://x/\r\n\r\nevil",
    "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nevil",
    "Content-Type: multipart/mixed\r\n\r\nevil",
    "Content-Type: message/partial; id=x; number=1; total=1\r\n\r\nevil",
    "Content-Type: application/ms-tnef\r\n\r\nevil",
    "Content-Type: application/octet-stream; name=winmail.dat\r\n\r\nevil",
    "Content-Type: text/rtf\r\n\r\nevil",
    /* Headers that some programs read on, where others see their end: */
    "X: y\r\nno field\r\nCONTENT-Type: text/html\r\n\r\nevil",
    "no field\r\nContent-Type: text/html\r\n\r\nevil",
    "\r\nContent-Type: text/html\r\n\r\nevil",
    "Content-Type: text/plain\r\nno\rContent-Type: text/html\r\r\nevil",
    "X: y\rContent-Type: text/html\r\r\n\r\nevil",
    ("Content-Type: multipart/mixed; boundary=x\r\nno field\r\n"
     "Content-Type: text/html\r\n\r\nevil\r\n--x\r\n\r\nhi\r\n--x--"),
};

START_TEST(other_active_parts)
{
	start(FROM MIXED "\r\n--outer\r\n");
	buf_printf(&mail, "%s\r\n--outer--\r\n", active[_i]);
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(!mail_has(&content, "evil"));
}
END_TEST

/* Texts that begin like a header, and are none. */
static const char *const inactive[] = {
    "no field\r\nnor this\r\n\r\nContent-Type: text/html",
    "\r\ncontent is text/html\r\n Content-Type: x\r\n\r\nContent-x: y",
    "Content-Type: text/plain\r\n\r\nContent-Type: text/html",
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x",
};

START_TEST(other_texts)
{
	start(FROM MIXED "\r\n--outer\r\n");
	buf_printf(&mail, "%s\r\n--outer--\r\n", inactive[_i]);
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(mail_has(&content, inactive[_i]));
}
END_TEST

/* --- forms --- */

/* The CMS object of the mail with another header. */
static void
with_header(const char *header)
{
	const uint8_t *at = memmem(mail.data, mail.len, "\r\n\r\n", 4);
	struct buf b = {0};

	buf_printf(&b, FROM "%s\r\n", header);
	buf_add(&b, at + 4, (size_t)(mail.data + mail.len - at) - 4);
	buf_clear(&mail);
	mail = b;
}

static const char *const types[] = {
    "Content-Type: application/pkcs7-mime\r\n",
    "Content-Type: application/x-pkcs7-mime; smime-type=wrong\r\n",
    "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n"
    "Content-Transfer-Encoding: binary\r\n",
    "Content-Type: application/octet-stream; name=smime.p7m\r\n"
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Type: application/octet-stream; name=\"SMIME.P7M\"\r\n",
    "Content-Type: application/octet-stream\r\n"
    "Content-Disposition: attachment; filename*=us-ascii''smime.p7m\r\n",
    "Content-Type: application/octet-stream; name=smime.p7s\r\n",
    "Content-Type: application/octet-stream; name=smime.p7z\r\n",
    "Content-Type: application/x-pkcs7-signature; name=smime.p7s\r\n",
};

START_TEST(type_names)
{
	start(MAIL);
	wrap_sign(BOB, SMIME_OPAQUE);
	with_header(types[_i]);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

/* Outlook makes some without any header inside. */
static const char *const bare[] = {
    "\r\nhello\r\n", "hello there, this is text\r\n", "\nx\n", "x", "http://a"};

START_TEST(no_inner_header)
{
	struct buf cms = {0}, base64 = {0};

	world_sign_as(BOB, bytes_of_str(bare[_i]), &cms);
	base64_encode(&base64, buf_get(&cms));
	buf_reset(&mail);
	buf_printf(&mail,
	    FROM "Content-Type: application/pkcs7-mime\r\n\r\n%.*s",
	    (int)base64.len, (const char *)base64.data);
	expect(VERDICT_VERIFIED, bytes_of_str(bare[_i]));
	buf_clear(&cms);
	buf_clear(&base64);
}
END_TEST

START_TEST(bare_cms)
{
	world_sign_as(BOB, BYTES_LIT(BODY), &mail);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_int_eq(
	    v->layers[0].signers[0].address.state, FINDING_NOT_CHECKED);
}
END_TEST

START_TEST(winmail)
{
	start(FROM
	    "Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx");
	expect(VERDICT_NONE, buf_get(&mail));
	ck_assert_str_eq(v->mail->parts[0].name, "winmail.dat");
	ck_assert(has_warning("winmail.dat"));
}
END_TEST

START_TEST(openpgp)
{
	start(FROM "Content-Type: multipart/signed; boundary=outer; "
		   "protocol=\"application/pgp-signature\"\r\n\r\n--outer\r\n"
		   "\r\nx\r\n--outer\r\n"
		   "Content-Type: application/pgp-signature\r\n\r\ny\r\n"
		   "--outer--\r\n");
	expect(VERDICT_NONE, buf_get(&mail));
	ck_assert_uint_eq(v->mail->parts_count, 2);
}
END_TEST

START_TEST(mbox)
{
	struct buf in = {0};

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	in = mail;
	mail = (struct buf){0};
	buf_add_str(&mail, "From bob@example.org Sat Nov 28 10:00:00 2026\n");
	buf_add_bytes(&mail, buf_get(&in));
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	buf_add_str(&mail, "\nFrom bob@example.org Sat Nov 28 10:00:00 2026\n");
	buf_add_bytes(&mail, buf_get(&in));
	unit_assert_code(read_as(false), -CS_ERR_MULTIPLE);
	buf_clear(&in);
}
END_TEST

/* --- what is broken --- */

static const struct {
	const char *text;
	int code;
} broken[] = {
    {FROM "Content-Type: application/pkcs7-mime\r\n\r\nMIIB!!!",
	-CS_ERR_BASE64},
    {FROM "Content-Type: application/pkcs7-mime\r\n\r\nMIAGCSqGSIb3DQEHAg==",
	-CS_ERR_TRUNCATED},
    {FROM "Content-Type: application/pkcs7-mime\r\n\r\n", -CS_ERR_TRUNCATED},
    {FROM "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n"
	  "--b--\r\n",
	-CS_ERR_NOT_SIGNED},
    {FROM "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n",
	-CS_ERR_TRUNCATED},
    {FROM "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n"
	  "--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--",
	-CS_ERR_NOT_SIGNED},
};

START_TEST(broken_layers)
{
	start(broken[_i].text);
	expect_code(VERDICT_BAD, broken[_i].code, BYTES_NONE);
}
END_TEST

START_TEST(no_mail)
{
	start(_i == 0 ? "" : "\x01\x02\x03\n");
	unit_assert_code(read_as(false), -CS_ERR_NOT_MESSAGE);
}
END_TEST

START_TEST(parts_behind_the_signature)
{
	const uint8_t *at;
	struct buf b = {0};

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	at = memmem(mail.data, mail.len, "boundary=\"", 10);
	at += 10;
	buf_add_bytes(&b, bytes_of(mail.data, mail.len - 4));
	buf_printf(&b, "\r\n\r\nmore\r\n--%.38s--\r\n", (const char *)at);
	buf_clear(&mail);
	mail = b;
	expect_code(VERDICT_BAD, -CS_ERR_NOT_SIGNED, BYTES_NONE);
	ck_assert(v->mail->parts[v->mail->parts_len - 1].is_outside);
}
END_TEST

START_TEST(too_deep)
{
	int i;

	start(MAIL);
	for (i = 0; i < MESSAGE_DEPTH_MAX + _i; i++)
		wrap_sign(BOB, SMIME_OPAQUE);
	if (_i == 0)
		expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	else
		expect_code(VERDICT_BAD, -CS_ERR_TOO_DEEP, BYTES_NONE);
}
END_TEST

START_TEST(many_parts)
{
	struct buf b = {0};
	int i;

	buf_add_str(&b, FROM MIXED "\r\n");
	for (i = 0; i < 10000; i++)
		buf_add_str(&b, "--outer\r\n" BODY "\r\n");
	for (i = 0; i < 2 * MESSAGE_NODES_MAX; i++)
		buf_add_str(&b, "--outer\r\nContent-Type: message/rfc822\r\n"
				"\r\n" HTML "\r\n");
	buf_add_str(&b, "--outer--\r\n");
	buf_clear(&mail);
	mail = b;
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	ck_assert_uint_eq(v->mail->parts_len, VERDICT_PARTS_MAX);
	ck_assert_uint_ge(v->mail->parts_count, 10000);
	ck_assert(!mail_has(&content, "evil"));
	ck_assert(has_warning("not opened"));
}
END_TEST

START_TEST(json_and_text)
{
	struct buf text = {0};

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	wrap_mixed(NULL, BODY);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(verdict_to_json(v, &text), 0);
	ck_assert(mail_has(&text, "\"summary\":\"partial\""));
	ck_assert(mail_has(&text, "\"part\":\"2\""));
	buf_reset(&text);
	ck_assert_int_eq(verdict_to_text(v, true, &text), 0);
	ck_assert(mail_has(&text, "Good signature by Bob"));
	ck_assert(mail_has(&text, "issued by CN=Test CA"));
	buf_clear(&text);
}
END_TEST

/* --- other types --- */

START_TEST(compressed_and_signed)
{
	start(FROM BODY);
	wrap_compress(BOB, ALG_NONE);
	ck_assert(mail_has(&mail, "smime-type=compressed-data"));
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert_int_eq(v->layers[1].kind, VERDICT_COMPRESSED);
	ck_assert_uint_eq(v->mail->parts_len, 1);
	ck_assert(v->mail->parts[0].is_signed);
}
END_TEST

/* Each by itself may be opened; both are more than was ever sent. */
START_TEST(compressed_in_each_other)
{
	struct buf text = {0};

	buf_add_str(&text, "Content-Type: text/plain\r\n\r\n");
	while (text.len < (size_t)INFLATE_FREE_LEN * 5 / 8)
		buf_add_str(&text, "zeros and zeros and zeros and zeros\r\n");
	buf_add_byte(&text, '\0');
	start(FROM);
	buf_add_str(&mail, (const char *)text.data);
	wrap_compress(BOB, ALG_NONE);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	wrap_mixed((const char *)text.data, BODY);
	wrap_compress(BOB, ALG_NONE);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_uint_eq(v->mail->inner_len, 1);
	unit_assert_code(v->mail->inner[0]->code, -CS_ERR_TOO_LARGE);
	buf_clear(&text);
}
END_TEST

START_TEST(compressed_and_encrypted)
{
	bool is_aead = _i == 1;

	start(FROM HTML);
	wrap_compress(ALICE, is_aead ? ALG_AES256_GCM : ALG_AES256_CBC);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert_int_eq(v->layers[1].kind, VERDICT_COMPRESSED);
	/* held back as if it were not compressed */
	ck_assert_int_eq(mail_has(&content, "evil"), is_aead);
	ck_assert_int_eq(v->mail->parts[0].is_held_back, !is_aead);
}
END_TEST

/* A mail of AuthenticatedData (RFC 5652 9) for Alice. */
static void
start_authenticated(struct bytes text, bool is_changed)
{
	struct cert *alice = world_cert(ALICE);
	struct cms_encrypt_params to = {.recipients = &alice,
	    .recipients_len = 1,
	    .cipher = ALG_HMAC_SHA256};
	struct secret *key = random_secret(32);
	struct buf cms = {0}, recipients = {0};
	uint8_t mac[DIGEST_LEN_MAX];
	size_t mark[5], len;
	unsigned version;

	unit_assert_code(
	    cms_put_recipients(&to, key, &recipients, &version, &e), 0);
	mark[0] = der_open(&cms, DER_SEQUENCE);
	der_put_oid(&cms, OID_AUTH_DATA);
	mark[1] = der_open(&cms, DER_CONTEXT_C(0));
	mark[2] = der_open(&cms, DER_SEQUENCE);
	der_put_uint(&cms, DER_INTEGER, 0);
	der_put(&cms, DER_SET, buf_get(&recipients));
	der_put_alg(&cms, ALG_HMAC_SHA256);
	mark[3] = der_open(&cms, DER_SEQUENCE);
	der_put_oid(&cms, OID_DATA);
	mark[4] = der_open(&cms, DER_CONTEXT_C(0));
	der_put(&cms, DER_OCTET_STRING, text);
	der_close(&cms, mark[4]);
	der_close(&cms, mark[3]);
	len = hmac_of(ALG_SHA256, secret_get_bytes(key), &text, 1, mac);
	der_put(&cms, DER_OCTET_STRING, bytes_of(mac, len));
	der_close(&cms, mark[2]);
	der_close(&cms, mark[1]);
	der_close(&cms, mark[0]);
	if (is_changed)
		cms.data[cms.len - 1] ^= 1;
	start(FROM "Content-Type: application/pkcs7-mime\r\n"
		   "Content-Transfer-Encoding: base64\r\n\r\n");
	ck_assert_int_eq(base64_encode(&mail, buf_get(&cms)), 0);
	secret_free(key);
	buf_clear(&recipients);
	buf_clear(&cms);
}

START_TEST(authenticated)
{
	start_authenticated(BYTES_LIT(BODY), false);
	expect(VERDICT_NONE, BYTES_LIT(BODY));
	unit_assert_code(v->code, 0);
	ck_assert_int_eq(v->layers[0].kind, VERDICT_AUTHENTICATED);
	ck_assert(!v->mail->parts[0].is_signed);
	start_authenticated(BYTES_LIT(BODY), true);
	expect_code(VERDICT_BAD, -CS_ERR_AUTH_TAG, BYTES_NONE);
}
END_TEST

/* By itself among other parts: what was changed makes a bad mail. */
START_TEST(authenticated_part)
{
	start_authenticated(BYTES_LIT(BODY), _i == 1);
	wrap_mixed(NULL, BODY);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, _i == 1 ? VERDICT_BAD : VERDICT_PARTIAL);
	ck_assert_int_eq(content.len != 0, _i == 0);
}
END_TEST

/* Nobody who changed what is around it chooses what keys are used for. */
START_TEST(authenticated_inside)
{
	start_authenticated(BYTES_LIT(BODY), false);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	if (_i == 1)
		spoil_tag();
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, _i == 1 ? VERDICT_BAD : VERDICT_DECRYPTED);
	ck_assert_uint_eq(opened, _i == 1 ? 1 : 2);
}
END_TEST

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("message_forms");
	TCase *t = tcase_create("held back");
	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_test(t, html_in_cbc);
	tcase_add_test(t, html_as_all);
	tcase_add_loop_test(t, html_that_shows_changes, 0, 2);
	tcase_add_test(t, html_signed_outside);
	tcase_add_loop_test(t, html_in_a_message, 0, 2);
	tcase_add_loop_test(t, other_active_parts, 0, LEN(active));
	tcase_add_loop_test(t, other_texts, 0, LEN(inactive));
	suite_add_tcase(s, t);
	t = tcase_create("forms");
	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_loop_test(t, type_names, 0, LEN(types));
	tcase_add_loop_test(t, no_inner_header, 0, LEN(bare));
	tcase_add_test(t, bare_cms);
	tcase_add_test(t, winmail);
	tcase_add_test(t, openpgp);
	tcase_add_test(t, mbox);
	tcase_add_loop_test(t, broken_layers, 0, LEN(broken));
	tcase_add_loop_test(t, no_mail, 0, 2);
	tcase_add_test(t, parts_behind_the_signature);
	tcase_add_loop_test(t, too_deep, 0, 2);
	tcase_add_test(t, many_parts);
	tcase_add_test(t, json_and_text);
	suite_add_tcase(s, t);
	t = tcase_create("other types");
	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_test(t, compressed_and_signed);
	tcase_add_test(t, compressed_in_each_other);
	tcase_add_loop_test(t, compressed_and_encrypted, 0, 2);
	tcase_add_test(t, authenticated);
	tcase_add_loop_test(t, authenticated_part, 0, 2);
	tcase_add_loop_test(t, authenticated_inside, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(suite());
	world_free();
	return status;
}
