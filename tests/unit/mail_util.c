#include "config.h"

#include "tests/unit/mail_util.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/temp.h"

int
mail_sign_by(const struct cms_signer *signers, size_t n, enum smime_form form,
    struct bytes mail, struct buf *out, struct err *e)
{
	struct cms_sign_params params = world_sign_params(signers, n);
	struct input *in = input_new_bytes(mail, "mail");
	struct sink *end = sink_new_buf(out);
	struct smime_mail *scanned;
	int r = smime_mail_scan(in, &scanned, e);

	buf_reset(out);
	if (r == 0)
		r = smime_sign(scanned, form, &params, end, e);
	smime_mail_free(scanned);
	sink_free(end);
	input_free(in);
	return r;
}

void
mail_sign(
    enum person who, enum smime_form form, struct bytes mail, struct buf *out)
{
	struct cms_signer signer = world_signer(who, false);
	struct err e = ERR_INIT;

	ck_assert_msg(mail_sign_by(&signer, 1, form, mail, out, &e) == 0,
	    "cannot sign: %s", err_get_text(&e));
}

/* Scanned, and compressed if need be; then signed, or encrypted if there is a
 * cipher. */
static void
mail_make(enum person who, enum alg cipher, bool is_compressed,
    struct bytes mail, struct buf *out)
{
	struct cert *cert = world_cert(who);
	struct cms_signer signer = world_signer(who, false);
	struct cms_sign_params sign = world_sign_params(&signer, 1);
	struct cms_encrypt_params encrypt = {
	    .recipients = &cert,
	    .recipients_len = 1,
	    .cipher = cipher,
	    .content_type = OID_DATA,
	};
	struct input *in = input_new_bytes(mail, "mail");
	struct sink *end = sink_new_buf(out);
	struct smime_mail *scanned;
	struct err e = ERR_INIT;
	int r;

	buf_reset(out);
	ck_assert_int_eq(smime_mail_scan(in, &scanned, &e), 0);
	if (is_compressed)
		smime_mail_compress(scanned);
	if (cipher == ALG_NONE)
		r = smime_sign(scanned, SMIME_DETACHED, &sign, end, &e);
	else
		r = smime_encrypt(scanned, &encrypt, end, &e);
	ck_assert_msg(r == 0, "cannot make it: %s", err_get_text(&e));
	smime_mail_free(scanned);
	sink_free(end);
	input_free(in);
}

void
mail_encrypt(
    enum person to, enum alg cipher, struct bytes mail, struct buf *out)
{
	mail_make(to, cipher, false, mail, out);
}

void
mail_compress(
    enum person who, enum alg cipher, struct bytes mail, struct buf *out)
{
	mail_make(who, cipher, true, mail, out);
}

void
mail_entity(struct bytes mail, struct buf *out)
{
	struct input *in = input_new_bytes(mail, "mail");
	struct sink *end = sink_new_buf(out);
	struct smime_mail *scanned;

	buf_reset(out);
	ck_assert_int_eq(smime_mail_scan(in, &scanned, NULL), 0);
	ck_assert_int_eq(
	    source_run(smime_mail_get_entity(scanned, true), end, NULL), 0);
	smime_mail_free(scanned);
	sink_free(end);
	input_free(in);
}

struct smime_read_params
mail_verify_params(void)
{
	return (struct smime_read_params){
	    .cms = world.params, .wants_signed = true, .checks_address = true};
}

struct smime_read_params
mail_decrypt_params(void)
{
	return (struct smime_read_params){.cms = world.decrypt,
	    .wants_encrypted = true,
	    .keeps_headers = true};
}

static int
to_buf(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

int
mail_read(const struct smime_read_params *params, struct bytes mail,
    bool is_file, struct buf *content, struct verdict **v, struct err *e)
{
	struct input *in = input_new_bytes(mail, "mail");
	struct output *out = NULL;
	const char *path = is_file ? temp_path("content") : NULL;
	int r;

	if (content != NULL)
		buf_reset(content);
	if (is_file)
		ck_assert_int_eq(output_open(path, &out, e), 0);
	else if (content != NULL)
		out = output_new_fn(to_buf, content);
	*v = verdict_new();
	r = smime_read(in, params, out, *v, e);
	if (r == 0 && out != NULL &&
	    ((*v)->summary == VERDICT_VERIFIED ||
		(*v)->summary == VERDICT_UNTRUSTED ||
		(*v)->summary == VERDICT_DECRYPTED))
		ck_assert_int_eq(output_commit(out, e), 0);
	output_free(out);
	if (is_file && content != NULL) {
		temp_read(path, content);
		unlink(path);
	}
	input_free(in);
	return r;
}

void
mail_put_crlf(struct buf *b, struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\n' && (i == 0 || text.p[i - 1] != '\r'))
			buf_add_byte(b, '\r');
		buf_add_byte(b, text.p[i]);
	}
}

void
mail_put_lf(struct buf *b, struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] != '\r' || i + 1 == text.len ||
		    text.p[i + 1] != '\n')
			buf_add_byte(b, text.p[i]);
}

bool
mail_has(const struct buf *b, const char *text)
{
	return b->len != 0 &&
	       memmem(b->data, b->len, text, strlen(text)) != NULL;
}
