#include "asn1/alg/signature.h"

#include "asn1/alg/ec.h"
#include "asn1/alg/rsa.h"

static enum alg
sig_find(enum alg public_key, enum alg digest)
{
	const struct alg_row *row;
	int i;

	if (digest == ALG_NONE)
		return ALG_NONE;
	for (i = 1; i < ALG_COUNT; i++) {
		row = alg_get((enum alg)i);
		if (row->kind == ALG_KIND_SIGNATURE &&
		    row->public_key == public_key && row->digest == digest)
			return (enum alg)i;
	}
	return ALG_NONE;
}

static void
sig_scheme_set(struct sig_scheme *scheme, enum alg alg)
{
	*scheme = (struct sig_scheme){
	    .alg = alg,
	    .public_key = alg_get(alg)->public_key,
	    .digest = alg_get(alg)->digest,
	};
}

static void
sig_scheme_set_pss(struct sig_scheme *scheme, const struct pss_params *params)
{
	sig_scheme_set(scheme, ALG_RSA_PSS);
	scheme->digest = params->digest;
	scheme->mgf_digest = params->mgf_digest;
	scheme->salt_len = params->salt_len;
}

bool
sig_scheme_is_pure(const struct sig_scheme *scheme)
{
	return scheme->alg == ALG_ED25519 || scheme->alg == ALG_ED448;
}

int
sig_scheme_decode(const struct alg_id *id, enum alg digest_hint,
    struct sig_scheme *scheme, struct err *e)
{
	enum alg alg = alg_find_oid(id->known, ALG_KIND_SIGNATURE);
	struct pss_params pss;
	char text[OID_TEXT_MAX];
	bool ok;
	int r;

	*scheme = (struct sig_scheme){0};
	if (alg == ALG_RSA_PSS) {
		r = pss_params_decode(id->params, &pss, e);
		if (r == 0)
			sig_scheme_set_pss(scheme, &pss);
		return r;
	}
	if (alg == ALG_NONE)
		alg = sig_find(
		    alg_find_oid(id->known, ALG_KIND_PUBLIC_KEY), digest_hint);
	if (alg == ALG_NONE)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the signature algorithm %s%s%s is not supported",
		    alg_id_describe(text, sizeof(text), id),
		    digest_hint != ALG_NONE ? " with " : "",
		    digest_hint != ALG_NONE ? alg_name(digest_hint) : "");
	/* NULL or nothing; many write one where the RFC asks for the other.
	 * Not for EdDSA (RFC 8410 3). */
	ok = alg_id_is_plain(id);
	if (alg == ALG_ED25519 || alg == ALG_ED448)
		ok = id->params.len == 0;
	if (!ok)
		return err_set(e, -CS_ERR_ENCODING,
		    "the signature algorithm %s has unexpected parameters",
		    alg_name(alg));
	sig_scheme_set(scheme, alg);
	return 0;
}

/* PSS by our choice, within what the key itself allows. */
static int
sig_choose_pss(
    const struct spki *key, enum alg digest, struct sig_scheme *scheme)
{
	unsigned hash_len = alg_get(digest)->output_len;
	struct pss_params pss = {digest, digest, hash_len}, limit;

	if (key->alg == ALG_RSA_PSS_KEY && key->alg_id.params.len != 0) {
		if (pss_params_decode(key->alg_id.params, &limit, NULL) != 0 ||
		    limit.digest != digest)
			return -CS_ERR_ALGORITHM;
		pss.mgf_digest = limit.mgf_digest;
		if (pss.salt_len < limit.salt_len)
			pss.salt_len = limit.salt_len;
	}
	if ((key->bits + 6) / 8 < hash_len + pss.salt_len + 2)
		return -CS_ERR_ALGORITHM;
	sig_scheme_set_pss(scheme, &pss);
	return 0;
}

int
sig_scheme_choose(const struct spki *key, enum alg digest, bool wants_pss,
    struct sig_scheme *scheme)
{
	enum alg alg;

	*scheme = (struct sig_scheme){0};
	if (key->alg == ALG_ED25519_KEY || key->alg == ALG_ED448_KEY) {
		sig_scheme_set(scheme,
		    key->alg == ALG_ED25519_KEY ? ALG_ED25519 : ALG_ED448);
		return 0;
	}
	if (alg_get(digest)->kind != ALG_KIND_DIGEST ||
	    alg_get(digest)->strength == ALG_BROKEN ||
	    alg_get(key->alg)->strength != ALG_GOOD)
		return -CS_ERR_ALGORITHM;
	if (key->alg == ALG_RSA_PSS_KEY || (key->alg == ALG_RSA && wants_pss))
		return sig_choose_pss(key, digest, scheme);
	alg = sig_find(key->alg, digest);
	if (alg == ALG_NONE)
		return -CS_ERR_ALGORITHM;
	sig_scheme_set(scheme, alg);
	return 0;
}

enum alg
sig_default_digest(const struct spki *key)
{
	struct pss_params limit;

	if (key->alg == ALG_RSA_PSS_KEY && key->alg_id.params.len != 0 &&
	    pss_params_decode(key->alg_id.params, &limit, NULL) == 0)
		return limit.digest;
	if (key->curve == OID_P384)
		return ALG_SHA384;
	if (key->alg == ALG_ED448_KEY)
		return ALG_SHAKE256_LEN;
	if (key->curve == OID_P521 || key->alg == ALG_ED25519_KEY)
		return ALG_SHA512;
	return ALG_SHA256;
}

void
der_put_sig_scheme(struct buf *b, const struct sig_scheme *scheme)
{
	struct pss_params pss = {
	    scheme->digest, scheme->mgf_digest, scheme->salt_len};
	size_t mark;

	if (scheme->alg != ALG_RSA_PSS) {
		der_put_alg(b, scheme->alg);
		return;
	}
	mark = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_RSA_PSS);
	der_put_pss_params(b, &pss);
	der_close(b, mark);
}

int
sig_ecdsa_to_der(struct bytes raw, struct buf *out)
{
	size_t len = raw.len / 2, mark, i, half;
	uint8_t any;

	if (raw.len == 0 || raw.len % 2 != 0 || len > EC_LEN_MAX)
		return -CS_ERR_ENCODING;
	for (half = 0; half < 2; half++) {
		for (any = 0, i = 0; i < len; i++)
			any |= raw.p[half * len + i];
		if (any == 0)
			return -CS_ERR_ENCODING;
	}
	mark = der_open(out, DER_SEQUENCE);
	der_put_unsigned(out, DER_INTEGER, bytes_of(raw.p, len));
	der_put_unsigned(out, DER_INTEGER, bytes_of(raw.p + len, len));
	der_close(out, mark);
	return out->err;
}

/* One number of an ECDSA signature, filled up to the field's length. */
static int
ecdsa_put_number(struct der *d, size_t len, struct buf *out)
{
	static const uint8_t zero[EC_LEN_MAX];
	struct bytes n = der_get_unsigned(d);

	if (der_check(d) != 0 || n.len > len)
		return -CS_ERR_ENCODING;
	buf_add(out, zero, len - n.len);
	return buf_add_bytes(out, n);
}

int
sig_ecdsa_from_der(struct bytes der, size_t len, struct buf *out)
{
	struct der d, seq;
	int r;

	if (len > EC_LEN_MAX)
		return -CS_ERR_ENCODING;
	der_init(&d, der);
	seq = der_enter(&d, DER_SEQUENCE);
	r = ecdsa_put_number(&seq, len, out);
	if (r == 0)
		r = ecdsa_put_number(&seq, len, out);
	der_leave(&d, &seq);
	if (r != 0)
		return r;
	return der_end(&d) == 0 ? 0 : -CS_ERR_ENCODING;
}
