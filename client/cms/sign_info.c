/* SignerInfos made (RFC 5652 5.3; 5035, 6211, 8551 2.5, 3161). */
#include "client/cms/sign_info.h"

#include "asn1/signer_info.h"

#define SIGNED_ATTRS_MAX ((size_t)64 << 10)
#define UNSIGNED_ATTRS_MAX ((size_t)192 << 10)

enum alg
sign_get_digest(const struct cms_signer *signer)
{
	if (sig_scheme_is_pure(&signer->scheme))
		return sig_default_digest(cert_get_spki(signer->cert));
	return signer->scheme.digest;
}

/* --- certificates --- */

/* Signed by its own key? Every reader has the roots that it trusts. */
static bool
cert_is_root(const struct cert *c)
{
	struct bytes authority = cert_get_authority_key_id(c);

	return cert_is_self_issued(c) &&
	       (authority.len == 0 ||
		   bytes_is_equal(authority, cert_get_key_id(c)));
}

int
sign_collect_certificates(
    const struct cms_sign_params *params, struct cert_set *set)
{
	const struct cert_set *others = params->certificates;
	struct cert *c;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < params->signers_len; i++) {
		r = cert_set_add(set, params->signers[i].cert);
		if (r == 0 && params->signers[i].encryption != NULL)
			r = cert_set_add(set, params->signers[i].encryption);
	}
	for (i = 0; r == 0 && others != NULL && i < cert_set_get_len(others);
	     i++) {
		c = cert_set_get(others, i);
		if (!cert_is_root(c))
			r = cert_set_add(set, c);
	}
	return r;
}

/* --- signed attributes --- */

/* What we open, in the order of RFC 8551 2.7. */
static const enum alg capabilities[] = {ALG_AES256_GCM, ALG_AES128_GCM,
    ALG_AES192_GCM, ALG_CHACHA20_POLY1305, ALG_AES256_CBC, ALG_AES192_CBC,
    ALG_AES128_CBC};

struct signing {
	const struct cms_sign_params *params;
	const struct cms_signer *signer;
	struct bytes content_type, digest;
};

static void
signer_put_content_type(struct buf *attrs, struct bytes type)
{
	struct buf value = {0};

	der_put(&value, DER_OID, type);
	attr_put(attrs, OID_CONTENT_TYPE, buf_get(&value));
	if (value.err != 0 && attrs->err == 0)
		attrs->err = value.err;
	buf_clear(&value);
}

/*
 * RFC 3370 3.2: SignerInfo names PKCS#1 v1.5 by the key's algorithm alone,
 * which every reader knows.
 */
static void
signer_put_signature_alg(struct buf *b, const struct cms_signer *signer)
{
	if (signer->scheme.public_key == ALG_RSA &&
	    signer->scheme.alg != ALG_RSA_PSS)
		der_put_alg(b, ALG_RSA);
	else
		der_put_sig_scheme(b, &signer->scheme);
}

/* The signed attributes as a SET in DER, which is what is signed. */
static int
signer_put_attrs(const struct signing *s, struct bytes digest_alg,
    struct bytes signature_alg, struct buf *attrs)
{
	const struct cms_signer *signer = s->signer;
	enum alg digest = sign_get_digest(signer);
	uint8_t cert_hash[DIGEST_LEN_MAX];
	size_t mark, cert_hash_len, i;

	cert_hash_len =
	    digest_of(digest, cert_get_raw(signer->cert), cert_hash);
	if (cert_hash_len == 0)
		return -CS_ERR_NO_MEMORY;
	mark = der_open(attrs, DER_SET);
	if (s->content_type.len != 0)
		signer_put_content_type(attrs, s->content_type);
	attr_put_signing_time(attrs, s->params->signing_time);
	attr_put_message_digest(attrs, s->digest);
	attr_put_signing_certificate_v2(attrs, digest,
	    bytes_of(cert_hash, cert_hash_len), cert_get_issuer(signer->cert),
	    cert_get_serial(signer->cert));
	attr_put_algorithm_protection(attrs, digest_alg, signature_alg);
	if (s->params->has_capabilities && s->content_type.len != 0)
		attr_put_capabilities(attrs, capabilities,
		    sizeof(capabilities) / sizeof(capabilities[0]));
	if (signer->encryption != NULL && s->content_type.len != 0)
		attr_put_encryption_preference(attrs,
		    cert_get_issuer(signer->encryption),
		    cert_get_serial(signer->encryption));
	for (i = 0; s->content_type.len != 0 && i < s->params->attrs_len; i++)
		attr_put(
		    attrs, s->params->attrs[i].type, s->params->attrs[i].value);
	return der_close_set_of(attrs, mark);
}

static int
signer_sign(const struct signing *s, struct bytes attrs, struct buf *signature,
    struct err *e)
{
	const struct cms_signer *signer = s->signer;
	const struct cms_key_ops *ops = s->params->ops;
	uint8_t hash[DIGEST_LEN_MAX];
	struct bytes input = attrs;
	struct buf alg = {0};
	size_t len;
	int r;

	if (!sig_scheme_is_pure(&signer->scheme)) {
		len = digest_of(signer->scheme.digest, attrs, hash);
		if (len == 0)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
		input = bytes_of(hash, len);
	}
	der_put_sig_scheme(&alg, &signer->scheme);
	if (alg.err != 0)
		return err_set(e, alg.err, NULL);
	r = ops->sign(ops->ctx, cert_get_key_hash(signer->cert), buf_get(&alg),
	    input, signature, e);
	buf_clear(&alg);
	if (r == 0 && signature->err != 0)
		r = err_set(e, signature->err, NULL);
	return r;
}

/* Somebody else's word for when the signature was there (RFC 3161 A). */
static int
signer_stamp(const struct signing *s, struct bytes signature,
    struct buf *unsigned_attrs, struct err *e)
{
	const struct cms_stamp_ops *ops = s->params->stamps;
	struct buf token = {.max = UNSIGNED_ATTRS_MAX / 2};
	int r = 0;

	if (ops != NULL)
		r = ops->stamp(ops->ctx, signature, &token, e);
	if (r == 0 && ops != NULL) {
		attr_put(unsigned_attrs, OID_TIME_STAMP_TOKEN, buf_get(&token));
		r = token.err != 0 ? token.err : unsigned_attrs->err;
		if (r != 0)
			err_set(e, r, NULL);
	}
	buf_clear(&token);
	return r;
}

static int
signer_put(struct buf *infos, const struct signing *s, struct bytes attrs,
    struct signer_info *info, struct err *e)
{
	struct buf signature = {0},
		   unsigned_attrs = {.max = UNSIGNED_ATTRS_MAX};
	int r = signer_sign(s, attrs, &signature, e);
	struct der d, set;

	if (r == 0)
		r = signer_stamp(s, buf_get(&signature), &unsigned_attrs, e);
	if (r == 0) {
		der_init(&d, attrs);
		set = der_enter(&d, DER_SET);
		info->sid.issuer = cert_get_issuer(s->signer->cert);
		info->sid.serial = cert_get_serial(s->signer->cert);
		info->signed_attrs = bytes_of(set.p, (size_t)(set.end - set.p));
		info->signature = buf_get(&signature);
		info->unsigned_attrs = buf_get(&unsigned_attrs);
		der_put_signer_info(infos, info);
		if (infos->err != 0)
			r = err_set(e, infos->err, NULL);
	}
	buf_clear(&signature);
	buf_clear(&unsigned_attrs);
	return r;
}

int
sign_put_info(struct buf *infos, const struct cms_sign_params *params,
    const struct cms_signer *signer, struct bytes content_type,
    struct bytes digest, struct err *e)
{
	struct signing s = {params, signer, content_type, digest};
	struct buf digest_alg = {0}, signature_alg = {0};
	struct buf attrs = {.max = SIGNED_ATTRS_MAX};
	struct signer_info info = {.has_signed_attrs = true};
	int r;

	der_put_alg(&digest_alg, sign_get_digest(signer));
	signer_put_signature_alg(&signature_alg, signer);
	r = signer_put_attrs(
	    &s, buf_get(&digest_alg), buf_get(&signature_alg), &attrs);
	info.digest_alg.raw = buf_get(&digest_alg);
	info.signature_alg.raw = buf_get(&signature_alg);
	if (r != 0)
		err_set(e, r, NULL);
	else
		r = signer_put(infos, &s, buf_get(&attrs), &info, e);
	buf_clear(&digest_alg);
	buf_clear(&signature_alg);
	buf_clear(&attrs);
	return r;
}

/* --- writing --- */

static int
exact_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct exact_sink *s = (struct exact_sink *)sink;

	if (in.len > s->left)
		return err_set(
		    e, -CS_ERR_CHANGED, "the content grew while it was signed");
	s->left -= in.len;
	return sink_write(s->next, in, e);
}

void
exact_sink_init(struct exact_sink *s, struct sink *next, uint64_t content_len)
{
	*s = (struct exact_sink){.sink = {.write = exact_sink_write},
	    .next = next,
	    .left = content_len};
}

int
exact_sink_end(const struct exact_sink *s, struct err *e)
{
	if (s->left == 0)
		return 0;
	return err_set(e, -CS_ERR_CHANGED,
	    "the content became shorter while it was signed");
}

/* Only the lengths of what follows are needed, so that the headers are
 * written inside out. */
void
sign_put_head(struct buf *b, struct bytes front, struct bytes content_type,
    uint64_t content_len, size_t tail_len)
{
	uint64_t content = der_header_len(content_len) + content_len, encap,
		 data;
	struct buf type = {0};

	der_put(&type, DER_OID, content_type);
	encap = type.len + der_header_len(content) + content;
	data = front.len + der_header_len(encap) + encap + tail_len;
	buf_reset(&type);
	der_put_oid(&type, OID_SIGNED_DATA);
	der_put_header(b, DER_SEQUENCE,
	    type.len + der_header_len(der_header_len(data) + data) +
		der_header_len(data) + data);
	der_put_raw(b, buf_get(&type));
	der_put_header(b, DER_CONTEXT_C(0), der_header_len(data) + data);
	der_put_header(b, DER_SEQUENCE, data);
	der_put_raw(b, front);
	der_put_header(b, DER_SEQUENCE, encap);
	der_put(b, DER_OID, content_type);
	der_put_header(b, DER_CONTEXT_C(0), content);
	der_put_header(b, DER_OCTET_STRING, content_len);
	if (b->err == 0 && type.err != 0)
		b->err = type.err;
	buf_clear(&type);
}
