/* Making SignedData. */
#include "client/cms/signed.h"

#include <stdlib.h>

#include "asn1/signer_info.h"
#include "client/cms/segment.h"

/* SignedData without its content: what stands before and behind. */
#define SIGNED_SHELL_MAX ((size_t)8 << 20)
#define SIGNED_ATTRS_MAX ((size_t)64 << 10)

struct cms_sign {
	struct cms_sign_params params;
	struct digest *digest;
	uint64_t len;		 /* of the content so far */
	struct buf digests;	 /* digestAlgorithms */
	struct buf certificates; /* [0], or empty */
	struct buf infos;	 /* signerInfos, made by sign_make_infos */
};

/* RFC 8419 3.1: EdDSA hashes by itself; the content's digest is another. */
static enum alg
signer_get_digest(const struct cms_signer *signer)
{
	if (sig_scheme_is_pure(&signer->scheme))
		return sig_default_digest(cert_get_spki(signer->cert));
	return signer->scheme.digest;
}

/* --- what does not depend on the content --- */

static int
sign_put_digests(struct cms_sign *s)
{
	size_t mark = der_open(&s->digests, DER_SET), i, k;
	enum alg alg;

	for (i = 0; i < s->params.signers_len; i++) {
		alg = signer_get_digest(&s->params.signers[i]);
		for (k = 0; k < i; k++)
			if (signer_get_digest(&s->params.signers[k]) == alg)
				break;
		if (k == i)
			der_put_alg(&s->digests, alg);
	}
	return der_close_set_of(&s->digests, mark);
}

/* Signed by its own key? Every reader has the roots that it trusts. */
static bool
cert_is_root(const struct cert *c)
{
	struct bytes authority = cert_get_authority_key_id(c);

	return cert_is_self_issued(c) &&
	       (authority.len == 0 ||
		   bytes_is_equal(authority, cert_get_key_id(c)));
}

static int
sign_put_certificates(struct cms_sign *s)
{
	const struct cert_set *others = s->params.certificates;
	struct cert_set *all = cert_set_new();
	struct cert *c;
	size_t mark, i;
	int r = all != NULL ? 0 : -CS_ERR_NO_MEMORY;

	for (i = 0; r == 0 && i < s->params.signers_len; i++)
		r = cert_set_add(all, s->params.signers[i].cert);
	for (i = 0; r == 0 && others != NULL && i < cert_set_get_len(others);
	     i++) {
		c = cert_set_get(others, i);
		if (!cert_is_root(c))
			r = cert_set_add(all, c);
	}
	if (r == 0) {
		mark = der_open(&s->certificates, DER_CONTEXT_C(0));
		for (i = 0; i < cert_set_get_len(all); i++)
			der_put_raw(&s->certificates,
			    cert_get_raw(cert_set_get(all, i)));
		r = der_close_set_of(&s->certificates, mark);
	}
	cert_set_free(all);
	return r;
}

static int
sign_start_digest(struct cms_sign *s)
{
	enum alg algs[CMS_DIGESTS_MAX], alg;
	size_t n = 0, i, k;

	for (i = 0; i < s->params.signers_len; i++) {
		alg = signer_get_digest(&s->params.signers[i]);
		for (k = 0; k < n && algs[k] != alg; k++)
			;
		if (k < n)
			continue;
		if (n == CMS_DIGESTS_MAX)
			return -CS_ERR_TOO_LARGE;
		algs[n++] = alg;
	}
	s->digest = digest_new_all(algs, n);
	return s->digest != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

int
cms_sign_new(
    const struct cms_sign_params *params, struct cms_sign **sign, struct err *e)
{
	struct cms_sign *s;
	int r;

	*sign = NULL;
	if (params->signers_len == 0 || params->signers_len > CMS_SIGNERS_MAX)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a message has 1 to %d signers, not %zu", CMS_SIGNERS_MAX,
		    params->signers_len);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	s->params = *params;
	buf_init(&s->certificates, SIGNED_SHELL_MAX);
	r = sign_start_digest(s);
	if (r == 0)
		r = sign_put_digests(s);
	if (r == 0)
		r = sign_put_certificates(s);
	if (r != 0) {
		cms_sign_free(s);
		return err_set(e, r, NULL);
	}
	*sign = s;
	return 0;
}

void
cms_sign_free(struct cms_sign *s)
{
	if (s == NULL)
		return;
	digest_free(s->digest);
	buf_clear(&s->digests);
	buf_clear(&s->certificates);
	buf_clear(&s->infos);
	free(s);
}

int
cms_sign_restart(struct cms_sign *s, struct err *e)
{
	int r;

	digest_free(s->digest);
	s->len = 0;
	r = sign_start_digest(s);
	return r != 0 ? err_set(e, r, NULL) : 0;
}

int
cms_sign_write(struct cms_sign *s, struct bytes content, struct err *e)
{
	(void)e;
	digest_write(s->digest, content);
	s->len += content.len;
	return 0;
}

/* --- signatures --- */

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
signer_put_attrs(struct cms_sign *s, const struct cms_signer *signer,
    struct bytes digest_alg, struct bytes signature_alg, struct buf *attrs)
{
	enum alg digest = signer_get_digest(signer);
	uint8_t cert_hash[DIGEST_LEN_MAX];
	size_t mark, cert_hash_len;

	cert_hash_len =
	    digest_of(digest, cert_get_raw(signer->cert), cert_hash);
	if (cert_hash_len == 0)
		return -CS_ERR_NO_MEMORY;
	mark = der_open(attrs, DER_SET);
	attr_put_content_type(attrs, s->params.content_type);
	attr_put_signing_time(attrs, s->params.signing_time);
	attr_put_message_digest(attrs, digest_get(s->digest, digest));
	attr_put_signing_certificate_v2(attrs, digest,
	    bytes_of(cert_hash, cert_hash_len), cert_get_issuer(signer->cert),
	    cert_get_serial(signer->cert));
	attr_put_algorithm_protection(attrs, digest_alg, signature_alg);
	return der_close_set_of(attrs, mark);
}

static int
signer_sign(struct cms_sign *s, const struct cms_signer *signer,
    struct bytes attrs, struct buf *signature, struct err *e)
{
	const struct cms_key_ops *ops = s->params.ops;
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

static int
sign_put_info(
    struct cms_sign *s, const struct cms_signer *signer, struct err *e)
{
	struct buf digest_alg = {0}, signature_alg = {0}, signature = {0};
	struct buf attrs = {.max = SIGNED_ATTRS_MAX};
	struct signer_info info = {.has_signed_attrs = true};
	struct der d, set;
	int r;

	der_put_alg(&digest_alg, signer_get_digest(signer));
	signer_put_signature_alg(&signature_alg, signer);
	r = signer_put_attrs(
	    s, signer, buf_get(&digest_alg), buf_get(&signature_alg), &attrs);
	if (r != 0) {
		err_set(e, r, NULL);
		goto out;
	}
	r = signer_sign(s, signer, buf_get(&attrs), &signature, e);
	if (r != 0)
		goto out;
	der_init(&d, buf_get(&attrs));
	set = der_enter(&d, DER_SET);
	info.sid.issuer = cert_get_issuer(signer->cert);
	info.sid.serial = cert_get_serial(signer->cert);
	info.digest_alg.raw = buf_get(&digest_alg);
	info.signed_attrs = bytes_of(set.p, (size_t)(set.end - set.p));
	info.signature_alg.raw = buf_get(&signature_alg);
	info.signature = buf_get(&signature);
	der_put_signer_info(&s->infos, &info);
out:
	buf_clear(&digest_alg);
	buf_clear(&signature_alg);
	buf_clear(&signature);
	buf_clear(&attrs);
	return r;
}

/* Makes every signature: the content must have ended. */
static int
sign_make_infos(struct cms_sign *s, struct err *e)
{
	size_t mark = der_open(&s->infos, DER_SET), i;
	int r = 0;

	for (i = 0; r == 0 && i < s->params.signers_len; i++)
		r = sign_put_info(s, &s->params.signers[i], e);
	if (r != 0)
		return r;
	r = der_close_set_of(&s->infos, mark);
	return r != 0 ? err_set(e, r, NULL) : 0;
}

/* --- writing --- */

/* Version to EncapsulatedContentInfo's type: RFC 5652 5.1. */
static void
sign_put_version(const struct cms_sign *s, struct buf *b)
{
	der_put_uint(
	    b, DER_INTEGER, s->params.content_type == OID_DATA ? 1 : 3);
	der_put_raw(b, buf_get(&s->digests));
}

static int
sign_write_buf(struct sink *out, struct buf *b, struct err *e)
{
	int r = b->err != 0 ? err_set(e, b->err, NULL)
			    : sink_write(out, buf_get(b), e);

	buf_clear(b);
	return r;
}

int
cms_sign_finish(struct cms_sign *s, struct sink *out, struct err *e)
{
	struct buf b = {.max = SIGNED_SHELL_MAX};
	size_t info, explicit, data, encap;
	int r = sign_make_infos(s, e);

	if (r != 0)
		return r;
	info = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, OID_SIGNED_DATA);
	explicit = der_open(&b, DER_CONTEXT_C(0));
	data = der_open(&b, DER_SEQUENCE);
	sign_put_version(s, &b);
	encap = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, s->params.content_type);
	der_close(&b, encap);
	der_put_raw(&b, buf_get(&s->certificates));
	der_put_raw(&b, buf_get(&s->infos));
	der_close(&b, data);
	der_close(&b, explicit);
	der_close(&b, info);
	return sign_write_buf(out, &b, e);
}

/* What stands behind the content, in DER and in BER. */
static int
sign_write_tail(
    struct cms_sign *s, struct sink *out, unsigned closes, struct err *e)
{
	int r = sink_write(out, buf_get(&s->certificates), e);

	if (r == 0)
		r = sink_write(out, buf_get(&s->infos), e);
	for (; r == 0 && closes > 0; closes--)
		r = sink_write(out, BYTES_LIT("\0\0"), e);
	return r;
}

/* --- opaque, DER --- */

struct hash_sink {
	struct sink sink;
	struct cms_sign *sign;
	struct sink *next; /* NULL: only hashed */
};

static int
hash_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct hash_sink *s = (struct hash_sink *)sink;
	int r = cms_sign_write(s->sign, in, e);

	return r == 0 && s->next != NULL ? sink_write(s->next, in, e) : r;
}

/* Content on its second run: as long as on the first, or it was changed. */
struct exact_sink {
	struct sink sink;
	struct sink *next;
	uint64_t left;
};

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

static int
sign_write_exactly(
    struct cms_sign *s, struct source *content, struct sink *out, struct err *e)
{
	struct exact_sink exact = {
	    .sink = {.write = exact_sink_write}, .next = out, .left = s->len};
	int r = source_run(content, &exact.sink, e);

	if (r == 0 && exact.left != 0)
		r = err_set(e, -CS_ERR_CHANGED,
		    "the content became shorter while it was signed");
	return r;
}

/*
 * Everything before the content. Only the lengths of what follows are needed,
 * so the headers are written inside out.
 */
static void
sign_put_head_der(const struct cms_sign *s, struct buf *b)
{
	uint64_t content = der_header_len(s->len) + s->len, encap, data;
	struct buf version = {0}, type = {0};

	sign_put_version(s, &version);
	der_put_oid(&type, s->params.content_type);
	encap = type.len + der_header_len(content) + content;
	data = version.len + der_header_len(encap) + encap +
	       s->certificates.len + s->infos.len;
	buf_reset(&type);
	der_put_oid(&type, OID_SIGNED_DATA);
	der_put_header(b, DER_SEQUENCE,
	    type.len + der_header_len(der_header_len(data) + data) +
		der_header_len(data) + data);
	der_put_raw(b, buf_get(&type));
	der_put_header(b, DER_CONTEXT_C(0), der_header_len(data) + data);
	der_put_header(b, DER_SEQUENCE, data);
	der_put_raw(b, buf_get(&version));
	der_put_header(b, DER_SEQUENCE, encap);
	der_put_oid(b, s->params.content_type);
	der_put_header(b, DER_CONTEXT_C(0), content);
	der_put_header(b, DER_OCTET_STRING, s->len);
	if (b->err == 0 && (version.err != 0 || type.err != 0))
		b->err = -CS_ERR_NO_MEMORY;
	buf_clear(&version);
	buf_clear(&type);
}

int
cms_sign_finish_der(
    struct cms_sign *s, struct source *content, struct sink *out, struct err *e)
{
	struct buf head = {0};
	int r = sign_make_infos(s, e);

	if (r == 0) {
		sign_put_head_der(s, &head);
		r = sign_write_buf(out, &head, e);
	}
	if (r == 0)
		r = sign_write_exactly(s, content, out, e);
	if (r == 0)
		r = sign_write_tail(s, out, 0, e);
	return r;
}

int
cms_sign_opaque_der(const struct cms_sign_params *params,
    struct source *content, struct sink *out, struct err *e)
{
	struct hash_sink hash = {.sink = {.write = hash_sink_write}};
	int r = cms_sign_new(params, &hash.sign, e);

	if (r == 0)
		r = source_run(content, &hash.sink, e);
	if (r == 0)
		r = cms_sign_finish_der(hash.sign, content, out, e);
	cms_sign_free(hash.sign);
	return r;
}

/* --- opaque, BER --- */

#define BER_OPEN "\x80" /* an indefinite length */

static void
sign_put_head_ber(const struct cms_sign *s, struct buf *b)
{
	buf_add_bytes(b, BYTES_LIT("\x30" BER_OPEN));
	der_put_oid(b, OID_SIGNED_DATA);
	buf_add_bytes(b, BYTES_LIT("\xa0" BER_OPEN "\x30" BER_OPEN));
	sign_put_version(s, b);
	buf_add_bytes(b, BYTES_LIT("\x30" BER_OPEN));
	der_put_oid(b, s->params.content_type);
	buf_add_bytes(b, BYTES_LIT("\xa0" BER_OPEN "\x24" BER_OPEN));
}

int
cms_sign_opaque_ber(const struct cms_sign_params *params,
    struct source *content, struct sink *out, struct err *e)
{
	struct hash_sink hash = {.sink = {.write = hash_sink_write}};
	struct buf head = {0};
	int r = cms_sign_new(params, &hash.sign, e);

	if (r != 0)
		return r;
	hash.next = sink_new_segments(out);
	if (hash.next == NULL)
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (r == 0) {
		sign_put_head_ber(hash.sign, &head);
		r = sign_write_buf(out, &head, e);
	}
	if (r == 0)
		r = source_run(content, &hash.sink, e);
	if (r == 0)
		r = sink_finish(hash.next, e);
	if (r == 0)
		r = sign_make_infos(hash.sign, e);
	if (r == 0) /* OCTET STRING, [0], EncapsulatedContentInfo */
		r = sink_write(out, BYTES_LIT("\0\0\0\0\0\0"), e);
	if (r == 0) /* SignedData, [0], ContentInfo */
		r = sign_write_tail(hash.sign, out, 3, e);
	sink_free(hash.next);
	cms_sign_free(hash.sign);
	return r;
}
