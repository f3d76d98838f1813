#include "asn1/kari.h"

#include "asn1/alg/keywrap.h"

int
kari_algs_decode(
    const struct alg_id *key_enc_alg, struct kari_algs *algs, struct err *e)
{
	char name[OID_TEXT_MAX];
	struct alg_id wrap;
	int r;

	*algs = (struct kari_algs){.agreement = alg_find_oid(key_enc_alg->known,
				       ALG_KIND_KEY_AGREEMENT)};
	if (algs->agreement == ALG_NONE)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the key agreement is not supported: %s",
		    alg_id_describe(name, sizeof(name), key_enc_alg));
	r = alg_id_decode(key_enc_alg->params, &wrap);
	if (r != 0)
		return err_set(e, r, "the key wrap algorithm: %s", err_text(r));
	algs->wrap = alg_find_oid(wrap.known, ALG_KIND_KEY_WRAP);
	algs->wrap_raw = wrap.raw;
	if (algs->wrap != ALG_NONE && alg_id_is_plain(&wrap))
		return 0;
	return err_set(e, -CS_ERR_ALGORITHM,
	    "the key wrap is not supported: %s",
	    alg_id_describe(name, sizeof(name), &wrap));
}

void
der_put_kari_algs(struct buf *b, enum alg agreement, enum alg wrap)
{
	struct buf params = {0};

	der_put_alg(&params, wrap);
	der_put_alg_params(b, agreement, buf_get(&params));
	if (b->err == 0)
		b->err = params.err;
	buf_clear(&params);
}

/* ECC-CMS-SharedInfo (RFC 5753 7.2). */
static void
kari_put_shared_info(struct buf *b, const struct recipient_info *info,
    struct bytes wrap, size_t kek_len)
{
	size_t outer = der_open(b, DER_SEQUENCE), mark;
	uint32_t bits = (uint32_t)kek_len * 8;
	uint8_t octets[4] = {(uint8_t)(bits >> 24), (uint8_t)(bits >> 16),
	    (uint8_t)(bits >> 8), (uint8_t)bits};

	der_put_raw(b, wrap);
	if (info->has_ukm) {
		mark = der_open(b, DER_CONTEXT_C(0));
		der_put(b, DER_OCTET_STRING, info->ukm);
		der_close(b, mark);
	}
	mark = der_open(b, DER_CONTEXT_C(2));
	der_put(b, DER_OCTET_STRING, bytes_of(octets, sizeof(octets)));
	der_close(b, mark);
	der_close(b, outer);
}

struct secret *
kari_derive(const struct kari_algs *algs, const struct recipient_info *info,
    const struct secret *shared)
{
	enum alg digest = alg_get(algs->agreement)->digest;
	size_t kek_len = alg_get(algs->wrap)->key_len;
	struct secret *kek = NULL;
	struct buf b = {0};

	kari_put_shared_info(&b, info, algs->wrap_raw, kek_len);
	if (b.err != 0)
		goto out;
	switch (algs->agreement) {
	case ALG_ECDH_HKDF_SHA256:
	case ALG_ECDH_HKDF_SHA384:
	case ALG_ECDH_HKDF_SHA512:
		kek =
		    kdf_hkdf(digest, shared, BYTES_NONE, buf_get(&b), kek_len);
		break;
	default:
		kek = kdf_x963(digest, shared, buf_get(&b), kek_len);
	}
out:
	buf_clear(&b);
	return kek;
}
