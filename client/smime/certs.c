/* certs.c: mails that carry certificates alone (RFC 8551 3.8). */
#include "asn1/base64.h"
#include "client/smime/mail.h"
#include "client/smime/writer.h"

/* --- written --- */

static int
certs_make(void *ctx, struct sink *out, struct err *e)
{
	return cms_write_certs_only(ctx, out, e);
}

int
smime_write_certs_only(struct cert_set *certs, struct sink *out, struct err *e)
{
	/* no header but that of the entity */
	struct smime_mail mail = {0};

	return writer_write_pkcs7(
	    &mail, "certs-only", certs_make, certs, out, e);
}

/* --- read --- */

static int
certs_take(const struct cms_parts *parts, struct cert_set *certs, struct err *e)
{
	const struct elements *list = &parts->certificates;
	size_t i, before = cert_set_get_len(certs);
	struct bytes raw;
	int r = 0;

	for (i = 0; r == 0 && i < list->len; i++) {
		raw = buf_get(&list->items[i]);
		/* the other forms of CertificateChoices are for others */
		if (raw.len != 0 && raw.p[0] == DER_SEQUENCE)
			r = cert_set_add_der(certs, raw, e);
	}
	if (r == 0 && cert_set_get_len(certs) == before && list->len == 0)
		r = err_set(e, -CS_ERR_NO_CERT, "no certificate in it");
	return r;
}

int
smime_read_certs_only(struct input *in, struct cert_set *certs, struct err *e)
{
	static const struct cms_trust nobody;
	struct cms_parts parts = {0};
	struct smime_read_params params = {
	    .cms = {.trust = &nobody, .parts = &parts}, .wants_signed = true};
	struct verdict *v = verdict_new();
	int r = v != NULL ? smime_read(in, &params, NULL, v, e)
			  : err_set(e, -CS_ERR_NO_MEMORY, NULL);

	if (r == 0 && v->layers[0].signers_len != 0)
		r = err_set(e, -CS_ERR_NO_CERT,
		    "it is a signed mail, not one of certificates alone");
	if (r == 0)
		r = certs_take(&parts, certs, e);
	if (r != 0)
		err_context(e, "%s", input_get_name(in));
	cms_parts_clear(&parts);
	verdict_free(v);
	return r;
}
