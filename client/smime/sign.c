/* sign.c: mails signed, both forms (RFC 8551 3.5). */
#include <stdio.h>

#include "asn1/alg/random.h"
#include "asn1/base64.h"
#include "client/smime/mail.h"
#include "client/smime/writer.h"

/* What a reader without S/MIME shows above the mail. */
#define PREAMBLE "This is an S/MIME signed message.\r\n"

const char writer_signature_header[] =
    "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"
    "Content-Description: S/MIME signature\r\n"
    "\r\n";

/* Content goes to the signature and to the output. */
struct sign_sink {
	struct sink sink;
	struct cms_sign *sign;
	struct sink *out; /* NULL: to the signature alone */
};

static int
sign_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct sign_sink *s = (struct sign_sink *)sink;
	int r = cms_sign_write(s->sign, in, e);

	return r == 0 && s->out != NULL ? sink_write(s->out, in, e) : r;
}

void
writer_make_boundary(char boundary[WRITER_BOUNDARY_SIZE])
{
	/* "=_" occurs in no quoted-printable and no base64. */
	static const char hex[] = "0123456789abcdef";
	uint8_t octets[16];
	size_t i, n;

	random_fill(octets, sizeof(octets));
	n = (size_t)snprintf(boundary, WRITER_BOUNDARY_SIZE, "----=_");
	for (i = 0; i < sizeof(octets); i++) {
		boundary[n++] = hex[octets[i] >> 4];
		boundary[n++] = hex[octets[i] & 15];
	}
	boundary[n] = '\0';
}

/* The digest names of all signers, each once, "," between (RFC 8551
 * 3.5.3.2). */
static void
put_micalg(struct buf *b, const struct cms_sign_params *params)
{
	enum alg alg, seen[CMS_SIGNERS_MAX];
	size_t i, j, n = 0;

	for (i = 0; i < params->signers_len && i < CMS_SIGNERS_MAX; i++) {
		alg = params->signers[i].scheme.digest;
		if (alg == ALG_NONE) /* EdDSA: RFC 8419 3 */
			alg = sig_default_digest(
			    cert_get_spki(params->signers[i].cert));
		for (j = 0; j < n && seen[j] != alg; j++)
			;
		if (j < n)
			continue;
		seen[n++] = alg;
		buf_printf(b, "%s%s", n > 1 ? "," : "", alg_micalg(alg));
	}
}

void
writer_put_signed_top(
    struct buf *b, const struct cms_sign_params *params, const char *boundary)
{
	buf_add_str(b, "Content-Type: multipart/signed; "
		       "protocol=\"application/pkcs7-signature\";\r\n"
		       " micalg=\"");
	put_micalg(b, params);
	buf_printf(b, "\"; boundary=\"%s\"\r\n\r\n" PREAMBLE "\r\n--%s\r\n",
	    boundary, boundary);
}

static int
write_top(const struct smime_mail *m, const struct cms_sign_params *params,
    const char *boundary, struct sink *out, struct err *e)
{
	struct buf b = {0};
	int r = mail_write_outer(buf_get(&m->header), out, e);

	buf_add_str(&b, "MIME-Version: 1.0\r\n");
	writer_put_signed_top(&b, params, boundary);
	if (r == 0)
		r = b.err != 0 ? err_set(e, b.err, NULL)
			       : sink_write(out, buf_get(&b), e);
	buf_clear(&b);
	return r;
}

int
writer_write_signature(struct cms_sign *sign, const char *boundary,
    struct sink *out, struct err *e)
{
	struct sink *base64 =
	    sink_new_base64_enc(out, BASE64_LINE_MIME, "\r\n");
	char line[WRITER_BOUNDARY_SIZE + 16];
	int r;

	if (base64 == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	snprintf(line, sizeof(line), "\r\n--%s\r\n", boundary);
	r = mail_write_str(out, line, e);
	if (r == 0)
		r = mail_write_str(out, writer_signature_header, e);
	if (r == 0)
		r = cms_sign_finish(sign, base64, e);
	if (r == 0)
		r = sink_finish(base64, e);
	snprintf(line, sizeof(line), "\r\n--%s--\r\n", boundary);
	if (r == 0)
		r = mail_write_str(out, line, e);
	sink_free(base64);
	return r;
}

static int
sign_detached(struct smime_mail *mail, const struct cms_sign_params *params,
    struct sink *out, struct err *e)
{
	struct sign_sink s = {.sink.write = sign_sink_write, .out = out};
	char boundary[WRITER_BOUNDARY_SIZE];
	int r = cms_sign_new(params, &s.sign, e);

	if (r != 0)
		return r;
	writer_make_boundary(boundary);
	r = write_top(mail, params, boundary, out, e);
	input_set_last_run(mail->in);
	if (r == 0)
		r = source_run(smime_mail_get_entity(mail, true), &s.sink, e);
	if (r == 0)
		r = writer_write_signature(s.sign, boundary, out, e);
	cms_sign_free(s.sign);
	return r;
}

struct opaque {
	struct smime_mail *mail;
	struct cms_sign *sign;
};

static int
make_opaque(void *ctx, struct sink *out, struct err *e)
{
	const struct opaque *o = ctx;

	return cms_sign_finish_der(
	    o->sign, smime_mail_get_entity(o->mail, true), out, e);
}

/* Pushes the entity into the signature: as the mail is scanned if that is
 * still to be done and nothing in it has to be changed. */
static int
hash_entity(struct opaque *o, struct err *e)
{
	struct sign_sink s = {.sink.write = sign_sink_write, .sign = o->sign};
	int r = 0;

	if (!o->mail->is_scanned) {
		o->mail->ahead = &s.sink;
		r = mail_scan_rest(o->mail, e);
		o->mail->ahead = NULL;
		if (r == 0 && o->mail->is_ahead)
			return 0;
		if (r == 0)
			r = cms_sign_restart(o->sign, e);
	}
	if (r == 0)
		r = source_run(
		    smime_mail_get_entity(o->mail, true), &s.sink, e);
	return r;
}

static int
sign_opaque(struct smime_mail *mail, const struct cms_sign_params *params,
    struct sink *out, struct err *e)
{
	struct opaque o = {.mail = mail};
	int r = cms_sign_new(params, &o.sign, e);

	if (r == 0)
		r = hash_entity(&o, e);
	if (r == 0) {
		input_set_last_run(mail->in);
		r = writer_write_pkcs7(
		    mail, "signed-data", make_opaque, &o, out, e);
	}
	cms_sign_free(o.sign);
	return r;
}

int
smime_sign(struct smime_mail *mail, enum smime_form form,
    const struct cms_sign_params *params, struct sink *out, struct err *e)
{
	if (form == SMIME_DETACHED && smime_mail_can_detach(mail, NULL))
		return sign_detached(mail, params, out, e);
	return sign_opaque(mail, params, out, e);
}
