/*
 * KeyAgreeRecipientInfo (RFC 5652 6.2.2): ephemeral-static ECDH on the token,
 * then KDF and key unwrap here (RFC 5753 7.2, RFC 8418).
 */
#include "asn1/alg/keywrap.h"
#include "token/open.h"

#define OPEN_KEK_LEN_MAX 32

/* ECC-CMS-SharedInfo (RFC 5753 7.2). */
static void
open_put_shared_info(
    struct buf *b, const struct open *o, struct bytes wrap, size_t kek_len)
{
	size_t info = der_open(b, DER_SEQUENCE), mark;
	uint32_t bits = (uint32_t)kek_len * 8;
	uint8_t octets[4] = {(uint8_t)(bits >> 24), (uint8_t)(bits >> 16),
	    (uint8_t)(bits >> 8), (uint8_t)bits};

	der_put_raw(b, wrap);
	if (o->info.has_ukm) {
		mark = der_open(b, DER_CONTEXT_C(0));
		der_put(b, DER_OCTET_STRING, o->info.ukm);
		der_close(b, mark);
	}
	mark = der_open(b, DER_CONTEXT_C(2));
	der_put(b, DER_OCTET_STRING, bytes_of(octets, sizeof(octets)));
	der_close(b, mark);
	der_close(b, info);
}

/* The key-encryption key from the shared secret; NULL: no memory. */
static struct secret *
open_kdf(const struct open *o, enum alg agreement, struct bytes wrap,
    size_t kek_len, const struct secret *shared)
{
	enum alg digest = alg_get(agreement)->digest;
	struct secret *kek = NULL;
	struct buf info = {0};

	open_put_shared_info(&info, o, wrap, kek_len);
	if (info.err != 0)
		goto out;
	switch (agreement) {
	case ALG_ECDH_HKDF_SHA256:
	case ALG_ECDH_HKDF_SHA384:
	case ALG_ECDH_HKDF_SHA512:
		kek = kdf_hkdf(
		    digest, shared, BYTES_NONE, buf_get(&info), kek_len);
		break;
	default:
		kek = kdf_x963(digest, shared, buf_get(&info), kek_len);
	}
out:
	buf_clear(&info);
	return kek;
}

/* Which KDF and wrap: sets u->code if they are not served. */
static bool
open_kari_algs(
    struct open *o, enum alg *agreement, struct alg_id *wrap, size_t *kek_len)
{
	const struct alg_id *id = &o->info.key_enc_alg;
	struct use *u = o->u;
	enum alg alg;

	*agreement = alg_find_oid(id->known, ALG_KIND_KEY_AGREEMENT);
	if (*agreement == ALG_NONE) {
		(void)open_refuse_alg(u, id, "the key agreement");
		return false;
	}
	u->code = alg_id_decode(id->params, wrap);
	if (u->code != 0) {
		err_set(u->e, u->code, "the key wrap algorithm: %s",
		    err_text(u->code));
		return false;
	}
	alg = alg_find_oid(wrap->known, ALG_KIND_KEY_WRAP);
	*kek_len = alg_get(alg)->key_len;
	if ((alg != ALG_AES128_WRAP && alg != ALG_AES192_WRAP &&
		alg != ALG_AES256_WRAP) ||
	    *kek_len > OPEN_KEK_LEN_MAX) {
		(void)open_refuse_alg(u, wrap, "the key wrap");
		return false;
	}
	return true;
}

CK_RV
open_kari(struct open *o)
{
	struct secret *shared = NULL, *kek = NULL;
	struct recipient_key wrapped;
	struct use *u = o->u;
	enum alg agreement;
	struct alg_id wrap;
	size_t kek_len;
	CK_RV rv;

	u->code = recipient_info_get_key(&o->info, u->req->index, &wrapped);
	if (u->code != 0) {
		err_set(u->e, u->code, "the recipient has no key %u",
		    u->req->index);
		return CKR_FUNCTION_FAILED;
	}
	if (!open_kari_algs(o, &agreement, &wrap, &kek_len))
		return CKR_FUNCTION_FAILED;
	if (o->info.originator_key.len == 0) {
		u->code = err_set(u->e, -CS_ERR_UNSUPPORTED,
		    "key agreement with a certificate's key (static-static) "
		    "is not supported");
		return CKR_FUNCTION_FAILED;
	}
	rv = use_derive(u, o->info.originator_key, &shared);
	if (rv == CKR_ENCRYPTED_DATA_INVALID)
		return open_fault(u);
	if (rv != CKR_OK)
		return rv;
	kek = open_kdf(o, agreement, wrap.raw, kek_len, shared);
	secret_free(shared);
	if (kek == NULL)
		return CKR_HOST_MEMORY;
	o->key = aes_unwrap(kek, wrapped.encrypted_key);
	secret_free(kek);
	return o->key == NULL ? open_fault(u) : CKR_OK;
}
