/* check_smime_sign.c: mails signed and encrypted, and read back. */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/smime/mail.h"
#include "tests/unit/mail_util.h"
#include "tests/unit/temp.h"

static struct buf out, content, entity;
static struct err e;

static void
setup(void)
{
	temp_setup();
	buf_clear(&out);
	buf_clear(&content);
	buf_clear(&entity);
	err_clear(&e);
}

#define MAIL                                                      \
	"Received: by x\nFrom: Alice <alice@example.org>\n"       \
	"Bcc: secret@example.org\nSubject: a\n folded one\n"      \
	"Mime-Version: (x) 1.0\nContent-Type: multipart/mixed;\n" \
	" boundary=b\nX-Last: y\n\n--b\n\none\n--b\n\n"           \
	"gr\xc3\xbc\xc3\x9f\n--b--\n"

static size_t
count(const struct buf *b, const char *text)
{
	struct bytes rest = buf_get(b);
	const uint8_t *at;
	size_t n = 0, len = strlen(text);

	while (rest.len >= len &&
	       (at = memmem(rest.p, rest.len, text, len)) != NULL) {
		n++;
		rest =
		    bytes_of(at + len, rest.len - (size_t)(at + len - rest.p));
	}
	return n;
}

START_TEST(headers_stay)
{
	static const char front[] =
	    "Received: by x\r\nFrom: Alice <alice@example.org>\r\n"
	    "Bcc: secret@example.org\r\nSubject: a\r\n folded one\r\n"
	    "X-Last: y\r\nMIME-Version: 1.0\r\nContent-Type: ";
	enum smime_form form = _i == 0 ? SMIME_DETACHED : SMIME_OPAQUE;

	mail_sign(ALICE, form, BYTES_LIT(MAIL), &out);
	ck_assert_uint_gt(out.len, sizeof(front));
	unit_assert_bytes(
	    bytes_of(out.data, sizeof(front) - 1), BYTES_LIT(front));
	ck_assert_uint_eq(count(&out, "ime-Version"), 0);
	ck_assert_uint_eq(count(&out, "MIME-Version"), 1);
	ck_assert_uint_eq(count(&out, "secret"), 1);
	/* only CRLF, 7-bit */
	ck_assert_uint_eq(count(&out, "\n"), count(&out, "\r\n"));
	ck_assert_uint_eq(count(&out, "\xc3"), 0);
}
END_TEST

static const struct {
	enum person who;
	const char *micalg;
} micalgs[] = {
    {ALICE, "micalg=\"sha-256\""},
    {CAROL, "micalg=\"sha-384\""},
    {DAVE, "micalg=\"sha-512\""},
};

START_TEST(detached_form)
{
	mail_sign(micalgs[_i].who, SMIME_DETACHED, BYTES_LIT(MAIL), &out);
	mail_entity(BYTES_LIT(MAIL), &entity);
	ck_assert(mail_has(&out, "multipart/signed; "
				 "protocol=\"application/pkcs7-signature\";"));
	ck_assert(mail_has(&out, micalgs[_i].micalg));
	ck_assert(mail_has(&out, "name=\"smime.p7s\""));
	ck_assert_uint_eq(count(&out, "\r\n------=_"), 3);
	buf_add_byte(&entity, 0);
	ck_assert(mail_has(&out, (const char *)entity.data));
}
END_TEST

START_TEST(two_signers)
{
	struct cms_signer signers[3] = {world_signer(ALICE, false),
	    world_signer(CAROL, false), world_signer(BOB, false)};
	struct smime_read_params params = mail_verify_params();
	struct verdict *v;

	ck_assert_int_eq(
	    mail_sign_by(signers, 3, SMIME_DETACHED, BYTES_LIT(MAIL), &out, &e),
	    0);
	ck_assert(mail_has(&out, "micalg=\"sha-256,sha-384\""));
	params.checks_address = false;
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, 3);
	verdict_free(v);
}
END_TEST

START_TEST(opaque_form)
{
	mail_sign(BOB, SMIME_OPAQUE, BYTES_LIT(MAIL), &out);
	ck_assert(
	    mail_has(&out, "application/pkcs7-mime; smime-type=signed-data;"));
	ck_assert(mail_has(&out, "name=\"smime.p7m\""));
	ck_assert(mail_has(&out, "Content-Transfer-Encoding: base64\r\n"));
}
END_TEST

#define TYPE "Content-Type: text/plain\n"
#define PARTS "Content-Type: multipart/mixed; boundary=b\n"

/* Mails that are hashed while they are scanned, and some that only seem to be
 * fit for it. */
static const struct {
	const char *text;
	bool is_crlf, is_ahead;
} aheads[] = {
    {"From: a\n\nno type\n", false, true},
    {"From: a\n\nno type\n", true, true},
    {"From: a\n\nno type, 8-bit \xc3\xbc\n", true, false},
    {"From: a\n\nno type, no UTF-8 \xff\n", true, false},
    {"From: a\n" TYPE "\ntext", false, true},
    {"From: a\n" TYPE "\ntext", true, true},
    {"From: a\n" TYPE "\n8-bit \xc3\xbc\n", false, false},
    {"From: a\n" TYPE "\n\nFrom here on\n", true, false},
    {"From: a\n" TYPE "\nbare \r CR\n", true, false},
    {"From: a\n" TYPE "Content-Transfer-Encoding: 8bit\n\nnone\n", true, false},
    {"From: a\n" PARTS "\n--b\n\none\n--b\n" TYPE "\ntwo\n--b--\n", false,
	true},
    {"From: a\n" PARTS "\n--b\n\none\n--b\n" TYPE "\ntwo\n--b--\n", true, true},
    {"From: a\n" PARTS "\n--b\nContent-Transfer-Encoding: 8bit\n\none\n"
     "--b--\n",
	true, false},
    {"From: a\n" PARTS "\n--b\nContent-Type: text/plain;\n\n8 \xc3\xbc\n"
     "--b--\n",
	true, false},
    {"From: a\n" PARTS "\n--b\n\nwithout an end", true, true},
    {"From a@b Mon Jan 1 00:00:00 2024\nFrom: a\n" TYPE "\nof an mbox\n", true,
	true},
    {"From: a\nTo: b", false, true},
    {"From: a\nno field\nbut text\n", true, true},
};

static void
sign_opened(const struct cms_signer *signer, struct bytes mail,
    enum smime_headers headers, bool is_ahead)
{
	struct cms_sign_params params = world_sign_params(signer, 1);
	struct input *in = input_new_bytes(mail, "mail");
	struct sink *end = sink_new_buf(&out);
	struct smime_mail *opened;

	buf_reset(&out);
	unit_assert_code(smime_mail_open(in, &opened, &e), 0);
	ck_assert(smime_mail_has_header(opened, "From"));
	smime_mail_set_headers(opened, headers);
	unit_assert_code(smime_sign(opened, SMIME_OPAQUE, &params, end, &e), 0);
	ck_assert_msg(opened->is_ahead == is_ahead, "%.*s", (int)mail.len,
	    (const char *)mail.p);
	smime_mail_free(opened);
	sink_free(end);
	input_free(in);
}

/* Its content is left in content. */
static void
assert_opened_good(struct bytes mail, enum smime_headers headers, bool is_ahead)
{
	struct smime_read_params params = mail_verify_params();
	struct cms_signer signer = world_signer(BOB, false);
	struct verdict *v;

	sign_opened(&signer, mail, headers, is_ahead);
	params.checks_address = false;
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	verdict_free(v);
}

static void
assert_opened(struct bytes mail, bool is_ahead)
{
	assert_opened_good(mail, SMIME_HEADERS_PLAIN, is_ahead);
	mail_entity(mail, &entity);
	unit_assert_bytes(buf_get(&content), buf_get(&entity));
}

START_TEST(hashed_while_scanned)
{
	struct buf mail = {0};

	if (aheads[_i].is_crlf)
		mail_put_crlf(&mail, bytes_of_str(aheads[_i].text));
	else
		buf_add_str(&mail, aheads[_i].text);
	assert_opened(buf_get(&mail), aheads[_i].is_ahead);
	/* With a copy of the header inside (RFC 9788). */
	assert_opened_good(
	    buf_get(&mail), SMIME_HEADERS_PROTECT, aheads[_i].is_ahead);
	ck_assert(mail_has(&content, "hp=\"clear\"\r\n"));
	ck_assert(mail_has(&content, "From: a\r\n"));
	buf_clear(&mail);
}
END_TEST

/* Several pieces; a piece ends between CR and LF; a part's header has lone
 * LFs; so has the last line. */
START_TEST(long_mail_hashed_while_scanned)
{
	struct buf mail = {0};
	size_t i;

	buf_add_str(&mail, "From: a\r\nContent-Type: multipart/mixed;"
			   " boundary=b\r\n\r\n--b\r\n\r\n");
	for (i = 0; mail.len < SINK_PIECE_LEN - 1; i++)
		buf_add_byte(&mail, i % 70 == 69 ? '\n' : 'x');
	mail_put_crlf(&entity, buf_get(&mail));
	buf_reset(&mail);
	buf_add(&mail, entity.data, SINK_PIECE_LEN - 1);
	mail.data[SINK_PIECE_LEN - 2] = 'x';
	buf_add_str(&mail, "\r\nand on\r\n--b\r\n\r\n");
	for (i = 0; i < 3 * SINK_PIECE_LEN; i += 10)
		buf_add_str(&mail, "-- text\r\n");
	ck_assert_uint_eq(mail.data[SINK_PIECE_LEN - 1], '\r');
	assert_opened(buf_get(&mail), true);
	buf_add_str(&mail, "--b\nSubject: with LF\n\n--b--\r\n");
	assert_opened(buf_get(&mail), false);
	buf_clear(&mail);
}
END_TEST

START_TEST(open_fails)
{
	struct input *in = input_new_bytes(BYTES_NONE, "mail");
	struct smime_mail *mail;

	unit_assert_code(smime_mail_open(in, &mail, &e), -CS_ERR_NOT_MESSAGE);
	ck_assert_ptr_null(mail);
	input_free(in);
	in = input_new_bytes(
	    BYTES_LIT("From a@b Mon Jan 1 00:00:00 2024\nFrom: a\n\nb\n\n"
		      "From c@d Mon Jan 1 00:00:00 2024\nFrom: c\n\nd\n"),
	    "mail");
	unit_assert_code(smime_mail_open(in, &mail, &e), 0);
	unit_assert_code(smime_mail_scan_rest(mail, &e), -CS_ERR_MULTIPLE);
	smime_mail_free(mail);
	input_free(in);
}
END_TEST

START_TEST(boundaries_differ)
{
	struct buf other = {0};
	size_t at, len = strlen("boundary=\"----=_") + 32;
	const uint8_t *a, *b;

	mail_sign(BOB, SMIME_DETACHED, BYTES_LIT(MAIL), &out);
	mail_sign(BOB, SMIME_DETACHED, BYTES_LIT(MAIL), &other);
	a = memmem(out.data, out.len, "boundary=\"----=_", 16);
	b = memmem(other.data, other.len, "boundary=\"----=_", 16);
	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	at = (size_t)(a - out.data);
	ck_assert_uint_lt(at + len, out.len);
	ck_assert(!bytes_is_equal(bytes_of(a, len), bytes_of(b, len)));
	buf_clear(&other);
}
END_TEST

START_TEST(what_cannot_be_detached_is_opaque)
{
	mail_sign(BOB, SMIME_DETACHED,
	    BYTES_LIT("Content-Type: message/rfc822\n\nA: b\n\n\xe4\n"), &out);
	ck_assert(mail_has(&out, "smime-type=signed-data"));
	ck_assert(!mail_has(&out, "multipart/signed"));
}
END_TEST

#define FROM "From: bob@example.org\n"
#define MIXED FROM "Content-Type: multipart/mixed; boundary=b\n"

static const char *const mails[] = {
    FROM "\nhello\n",
    FROM "\nhello",
    FROM "\n",
    FROM,
    "From: bob@example.org",
    FROM "\n\n\n",
    FROM "no separator\n",
    "From x@y Sat Jan  3 01:05:34 1996\n" FROM "\nhello\n",
    FROM "Content-Type: text/html\n\n<p>\n",
    FROM "\ngr\xc3\xbc\xc3\x9f\nFrom here\n.\n--\n",
    FROM "Content-Type: image/x\nContent-Transfer-Encoding: binary\n\n\x01\r\n",
    MIXED "\npre\n--b\n\n1\n--b\n\n2\n--b--\npost",
    MIXED "\n--b\n\n1",
    MIXED "\n--b\n--b\n",
    FROM "Content-Type: message/rfc822\n\nA: b\n\n\xe4\n",
    FROM "Content-Type: multipart/signed; boundary=x\n\n--x\n\na\n--x--\n",
};

START_TEST(round_trip)
{
	struct smime_read_params params = mail_verify_params();
	struct buf in = {0};
	struct verdict *v;
	int variant;

	for (variant = 0; variant < 8; variant++) {
		buf_reset(&in);
		if ((variant & 1) != 0)
			mail_put_crlf(&in, bytes_of_str(mails[_i]));
		else
			buf_add_str(&in, mails[_i]);
		mail_entity(buf_get(&in), &entity);
		mail_sign(BOB,
		    (variant & 2) != 0 ? SMIME_OPAQUE : SMIME_DETACHED,
		    buf_get(&in), &out);
		ck_assert_int_eq(mail_read(&params, buf_get(&out),
				     (variant & 4) != 0, &content, &v, &e),
		    0);
		unit_assert_summary(v, VERDICT_VERIFIED);
		unit_assert_bytes(buf_get(&content), buf_get(&entity));
		ck_assert_uint_eq(v->layers[0].covered_len, entity.len);
		ck_assert_uint_eq(v->warnings_len, 0);
		verdict_free(v);
	}
	buf_clear(&in);
}
END_TEST

/* The first line of a mail in a mailbox file, and a second mail. */
START_TEST(in_an_mbox)
{
	static const char line[] = "From x@y Sat Jan  3 01:05:34 1996\r\n";
	struct smime_read_params params = mail_verify_params();
	struct verdict *v;
	struct buf mbox = {0};
	bool is_file = _i == 1;

	mail_sign(ALICE, SMIME_DETACHED, BYTES_LIT(MAIL), &out);
	buf_printf(&mbox, "%s%.*s", line, (int)out.len, (char *)out.data);
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&mbox), is_file, &content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	mail_entity(BYTES_LIT(MAIL), &entity);
	unit_assert_bytes(buf_get(&content), buf_get(&entity));
	verdict_free(v);
	buf_printf(&mbox, "\r\n%s" MAIL, line);
	unit_assert_code(
	    mail_read(&params, buf_get(&mbox), is_file, &content, &v, &e),
	    -CS_ERR_MULTIPLE);
	unit_assert_bytes(buf_get(&content), BYTES_NONE);
	verdict_free(v);
	buf_clear(&mbox);
}
END_TEST

/* RFC 8551 3.8 */
START_TEST(certificates_alone)
{
	struct cert_set *certs = cert_set_new(), *got = cert_set_new();
	struct sink *sink = sink_new_buf(&out);
	struct input *in;

	ck_assert_int_eq(cert_set_add(certs, world_cert(BOB)), 0);
	ck_assert_int_eq(cert_set_add(certs, soft_key_get_cert(world.ca)), 0);
	unit_assert_code(smime_write_certs_only(certs, sink, &e), 0);
	buf_add_byte(&out, 0);
	ck_assert_ptr_nonnull(strstr((char *)out.data,
	    "Content-Type: application/pkcs7-mime; smime-type=certs-only;\r\n"
	    " name=\"smime.p7c\"\r\n"));
	out.len--;
	in = input_new_bytes(buf_get(&out), "certs");
	unit_assert_code(smime_read_certs_only(in, got, &e), 0);
	ck_assert_uint_eq(cert_set_get_len(got), 2);
	ck_assert(cert_set_has(got, world_cert(BOB)));
	input_free(in);
	/* none; a signed mail, whichever way */
	buf_reset(&out);
	cert_set_free(certs);
	certs = cert_set_new();
	unit_assert_code(smime_write_certs_only(certs, sink, &e), 0);
	in = input_new_bytes(buf_get(&out), "certs");
	unit_assert_code(smime_read_certs_only(in, got, &e), -CS_ERR_NO_CERT);
	input_free(in);
	for (int form = SMIME_DETACHED; form <= SMIME_OPAQUE; form++) {
		struct cms_signer bob = world_signer(BOB, false);

		buf_reset(&out);
		unit_assert_code(mail_sign_by(&bob, 1, (enum smime_form)form,
				     BYTES_LIT(MAIL), &out, &e),
		    0);
		in = input_new_bytes(buf_get(&out), "mail");
		unit_assert_code(
		    smime_read_certs_only(in, got, &e), -CS_ERR_NO_CERT);
		input_free(in);
	}
	in = input_new_bytes(BYTES_LIT(MAIL), "mail");
	unit_assert_code(
	    smime_read_certs_only(in, got, &e), -CS_ERR_NOT_SIGNED);
	input_free(in);
	ck_assert_uint_eq(cert_set_get_len(got), 2);
	sink_free(sink);
	cert_set_free(certs);
	cert_set_free(got);
}
END_TEST

START_TEST(key_failures_come_back)
{
	struct cms_signer signer = world_signer(BOB, false);

	world.ring.fail_with = -CS_ERR_PIN_LOCKED;
	unit_assert_code(
	    mail_sign_by(&signer, 1, _i == 0 ? SMIME_DETACHED : SMIME_OPAQUE,
		BYTES_LIT(MAIL), &out, &e),
	    -CS_ERR_PIN_LOCKED);
	world.ring.fail_with = 0;
}
END_TEST

static int
refuse(struct sink *sink, struct bytes in, struct err *err)
{
	(void)sink;
	(void)in;
	return err_set(err, -CS_ERR_NO_SPACE, NULL);
}

START_TEST(output_failures_come_back)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct input *in = input_new_bytes(BYTES_LIT(MAIL), "mail");
	struct sink full = {.write = refuse};
	struct smime_mail *mail;

	ck_assert_int_eq(smime_mail_scan(in, &mail, &e), 0);
	unit_assert_code(smime_sign(mail, SMIME_DETACHED, &params, &full, &e),
	    -CS_ERR_NO_SPACE);
	unit_assert_code(smime_sign(mail, SMIME_OPAQUE, &params, &full, &e),
	    -CS_ERR_NO_SPACE);
	smime_mail_free(mail);
	input_free(in);
}
END_TEST

/* A file that changes between scan and signature is not signed. */
START_TEST(changed_input_is_refused)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	int fd =
	    open(temp_write("mail", BYTES_LIT(MAIL)), O_RDONLY | O_CLOEXEC);
	struct sink *end = sink_new_buf(&out);
	struct smime_mail *mail;
	struct input *in;

	buf_reset(&out);
	in = input_new_fd(fd, "mail"); /* input_open would hold it */
	ck_assert_int_eq(smime_mail_scan(in, &mail, &e), 0);
	temp_write("mail", BYTES_LIT(MAIL "more\n"));
	unit_assert_code(smime_sign(mail, SMIME_DETACHED, &params, end, &e),
	    -CS_ERR_CHANGED);
	smime_mail_free(mail);
	input_free(in);
	ck_assert_int_eq(close(fd), 0);
	sink_free(end);
}
END_TEST

START_TEST(encrypts)
{
	enum alg cipher = _i == 0 ? ALG_AES256_CBC : ALG_AES256_GCM;
	struct smime_read_params params = mail_decrypt_params();
	struct verdict *v;
	int is_file;

	mail_encrypt(ALICE, cipher, BYTES_LIT(MAIL), &out);
	ck_assert(mail_has(&out, _i == 0 ? "smime-type=enveloped-data;"
					 : "smime-type=authEnveloped-data;"));
	ck_assert(!mail_has(&out, "\r\none\r\n"));
	for (is_file = 0; is_file < 2; is_file++) {
		ck_assert_int_eq(mail_read(&params, buf_get(&out), is_file,
				     &content, &v, &e),
		    0);
		unit_assert_summary(v, VERDICT_DECRYPTED);
		ck_assert_str_eq(v->layers[0].format, "application/pkcs7-mime");
		verdict_free(v);
		unit_assert_bytes(buf_get(&content),
		    BYTES_LIT(
			"Received: by x\r\nFrom: Alice <alice@example.org>\r\n"
			"Bcc: secret@example.org\r\nSubject: a\r\n"
			" folded one\r\nX-Last: y\r\nMIME-Version: 1.0\r\n"
			"Content-Type: multipart/mixed;\r\n boundary=b\r\n\r\n"
			"--b\r\n\r\none\r\n--b\r\n\r\n"
			"gr\xc3\xbc\xc3\x9f\r\n--b--\r\n"));
	}
	/* without the headers: the entity alone */
	params.keeps_headers = false;
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e), 0);
	verdict_free(v);
	ck_assert_uint_eq(count(&content, "Received"), 0);
	ck_assert_uint_eq(count(&content, "Content-Type: multipart"), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("smime_sign");
	TCase *tcase = tcase_create("smime_sign");

	world_init();
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, temp_teardown);
	tcase_add_loop_test(tcase, headers_stay, 0, 2);
	tcase_add_loop_test(tcase, detached_form, 0, 3);
	tcase_add_test(tcase, two_signers);
	tcase_add_test(tcase, opaque_form);
	tcase_add_loop_test(
	    tcase, hashed_while_scanned, 0, sizeof(aheads) / sizeof(aheads[0]));
	tcase_add_test(tcase, long_mail_hashed_while_scanned);
	tcase_add_test(tcase, open_fails);
	tcase_add_test(tcase, boundaries_differ);
	tcase_add_test(tcase, what_cannot_be_detached_is_opaque);
	tcase_add_loop_test(
	    tcase, round_trip, 0, sizeof(mails) / sizeof(mails[0]));
	tcase_add_loop_test(tcase, in_an_mbox, 0, 2);
	tcase_add_test(tcase, certificates_alone);
	tcase_add_loop_test(tcase, key_failures_come_back, 0, 2);
	tcase_add_test(tcase, output_failures_come_back);
	tcase_add_test(tcase, changed_input_is_refused);
	tcase_add_loop_test(tcase, encrypts, 0, 2);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
