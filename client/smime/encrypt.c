/* encrypt.c: mails that are one CMS object: encrypted, or signed opaque; and
 * entities compressed before either. */
#include <string.h>

#include "asn1/base64.h"
#include "client/smime/mail.h"
#include "client/smime/protect.h"
#include "client/smime/writer.h"

static int
write_top(const struct smime_mail *m, const char *smime_type, struct sink *out,
    struct err *e)
{
	bool hides = m->headers == SMIME_HEADERS_HIDE &&
		     strcmp(smime_type, "signed-data") != 0;
	int r = hides ? protect_write_outer(m, out, e)
		      : mail_write_outer(buf_get(&m->header), out, e);

	return r == 0 ? mail_write_str(out, "MIME-Version: 1.0\r\n", e) : r;
}

static int
write_fields(const char *smime_type, struct sink *out, struct err *e)
{
	struct buf b = {0};
	/* RFC 8551 3.2.1 */
	const char *name =
	    strcmp(smime_type, "certs-only") == 0 ? "smime.p7c" : "smime.p7m";
	int r;

	buf_printf(&b,
	    "Content-Type: application/pkcs7-mime; smime-type=%s;\r\n"
	    " name=\"%s\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=\"%s\"\r\n"
	    "\r\n",
	    smime_type, name, name);
	r = b.err != 0 ? err_set(e, b.err, NULL)
		       : sink_write(out, buf_get(&b), e);
	buf_clear(&b);
	return r;
}

int
writer_write_pkcs7(struct smime_mail *mail, const char *smime_type,
    int (*make)(void *ctx, struct sink *out, struct err *e), void *ctx,
    struct sink *out, struct err *e)
{
	int r = write_top(mail, smime_type, out, e);

	return r == 0 ? writer_write_pkcs7_entity(smime_type, make, ctx, out, e)
		      : r;
}

int
writer_write_pkcs7_entity(const char *smime_type,
    int (*make)(void *ctx, struct sink *out, struct err *e), void *ctx,
    struct sink *out, struct err *e)
{
	struct sink *base64 =
	    sink_new_base64_enc(out, BASE64_LINE_MIME, "\r\n");
	int r;

	if (base64 == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = write_fields(smime_type, out, e);
	if (r == 0)
		r = make(ctx, base64, e);
	if (r == 0)
		r = sink_finish(base64, e);
	sink_free(base64);
	return r;
}

/* --- compressed --- */

static int
compressed_entity_run(struct source *source, struct sink *sink, struct err *e)
{
	struct compressed_entity *c = (struct compressed_entity *)source;
	struct sink *base64 =
	    sink_new_base64_enc(sink, BASE64_LINE_MIME, "\r\n");
	int r;

	if (base64 == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = mail_write_str(sink,
	    "Content-Type: application/pkcs7-mime; "
	    "smime-type=compressed-data;\r\n"
	    " name=\"smime.p7z\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "Content-Disposition: attachment; filename=\"smime.p7z\"\r\n"
	    "\r\n",
	    e);
	if (r == 0)
		r = source_run(&c->cms.source, base64, e);
	if (r == 0)
		r = sink_finish(base64, e);
	sink_free(base64);
	return r;
}

void
smime_mail_compress(struct smime_mail *mail)
{
	struct compressed_entity *c = &mail->compressed;

	c->source.run = compressed_entity_run;
	c->source.is_stable = mail->entities[0].source.is_stable;
	/* base64 carries it: nothing in it has to be 7-bit */
	compressed_source_init(
	    &c->cms, smime_mail_get_entity(mail, false), true);
	mail->is_compressed = true;
}

/* --- encrypted --- */

struct encrypting {
	struct source *entity;
	const struct cms_encrypt_params *params;
};

static int
make_encrypted(void *ctx, struct sink *out, struct err *e)
{
	const struct encrypting *c = ctx;

	/* DER, since some readers take nothing else: the entity is counted
	 * first. Nothing in it has to be 7-bit: base64 carries it. */
	return cms_encrypt_der(c->params, c->entity, UINT64_MAX, out, e);
}

int
smime_encrypt(struct smime_mail *mail, const struct cms_encrypt_params *params,
    struct sink *out, struct err *e)
{
	return smime_encrypt_entity(
	    mail, smime_mail_get_entity(mail, false), params, out, e);
}

static const char *
get_encrypted_type(const struct cms_encrypt_params *params)
{
	return alg_get(params->cipher)->kind == ALG_KIND_AEAD
		   ? "authEnveloped-data"
		   : "enveloped-data";
}

int
smime_encrypt_entity(struct smime_mail *mail, struct source *entity,
    const struct cms_encrypt_params *params, struct sink *out, struct err *e)
{
	struct encrypting c = {entity, params};

	return writer_write_pkcs7(
	    mail, get_encrypted_type(params), make_encrypted, &c, out, e);
}

int
writer_write_encrypted_entity(struct source *entity,
    const struct cms_encrypt_params *params, struct sink *out, struct err *e)
{
	struct encrypting c = {entity, params};

	return writer_write_pkcs7_entity(
	    get_encrypted_type(params), make_encrypted, &c, out, e);
}

/* --- written again --- */

int
smime_write_again(struct bytes header,
    int (*make)(void *ctx, struct sink *out, struct err *e), void *ctx,
    struct sink *out, struct err *e)
{
	const char *eol =
	    memmem(header.p, header.len, "\r\n", 2) != NULL ? "\r\n" : "\n";
	struct sink *base64 = sink_new_base64_enc(out, BASE64_LINE_MIME, eol);
	struct header_field f;
	int r = 0;

	if (base64 == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (r == 0 && header_next(&header, &f))
		if (!header_is_named(&f, "Content-Transfer-Encoding"))
			r = sink_write(out, f.raw, e);
	if (r == 0)
		r = mail_write_str(out, "Content-Transfer-Encoding: base64", e);
	if (r == 0)
		r = mail_write_str(out, eol, e);
	if (r == 0)
		r = mail_write_str(out, eol, e);
	if (r == 0)
		r = make(ctx, base64, e);
	if (r == 0)
		r = sink_finish(base64, e);
	sink_free(base64);
	return r;
}
