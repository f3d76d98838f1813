/*
 * Operations with a private key whose result is secret.
 */
#include <string.h>

#include "token/use.h"

/* PKCS#11's names for a digest. */
static const struct {
	enum alg digest;
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
} use_hashes[] = {
    {ALG_SHA1, CKM_SHA_1, CKG_MGF1_SHA1},
    {ALG_SHA224, CKM_SHA224, CKG_MGF1_SHA224},
    {ALG_SHA256, CKM_SHA256, CKG_MGF1_SHA256},
    {ALG_SHA384, CKM_SHA384, CKG_MGF1_SHA384},
    {ALG_SHA512, CKM_SHA512, CKG_MGF1_SHA512},
};

static bool
use_find_hash(enum alg digest, enum alg mgf_digest, CK_MECHANISM_TYPE *hash,
    CK_RSA_PKCS_MGF_TYPE *mgf)
{
	size_t i;

	*hash = 0;
	*mgf = 0;
	for (i = 0; i < sizeof(use_hashes) / sizeof(use_hashes[0]); i++) {
		if (use_hashes[i].digest == digest)
			*hash = use_hashes[i].hash;
		if (use_hashes[i].digest == mgf_digest)
			*mgf = use_hashes[i].mgf;
	}
	return *hash != 0 && *mgf != 0;
}

bool
use_get_pss_param(const struct sig_scheme *scheme, CK_RSA_PKCS_PSS_PARAMS *out)
{
	*out = (CK_RSA_PKCS_PSS_PARAMS){.sLen = scheme->salt_len};
	return use_find_hash(
	    scheme->digest, scheme->mgf_digest, &out->hashAlg, &out->mgf);
}

bool
use_get_oaep_param(
    const struct oaep_params *params, CK_RSA_PKCS_OAEP_PARAMS *out)
{
	*out = (CK_RSA_PKCS_OAEP_PARAMS){.source = CKZ_DATA_SPECIFIED,
	    .pSourceData = (void *)params->label.p,
	    .ulSourceDataLen = params->label.len};
	return use_find_hash(
	    params->digest, params->mgf_digest, &out->hashAlg, &out->mgf);
}

CK_RV
use_decrypt(struct use *u, CK_MECHANISM *mech, bool pads, struct bytes in,
    struct secret **out)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	size_t full_len = u->key->spki.modulus.len;
	CK_ULONG len = full_len;
	struct secret *s;
	CK_RV rv;

	*out = NULL;
	s = secret_new(full_len);
	if (s == NULL)
		return CKR_HOST_MEMORY;
	rv = f->C_DecryptInit(u->slot->session, mech, u->key->private->handle);
	if (rv == CKR_OK)
		rv = use_context_login(u);
	if (rv == CKR_OK)
		rv = f->C_Decrypt(u->slot->session, (CK_BYTE *)in.p, in.len,
		    secret_get(s), &len);
	if (rv == CKR_OK && len > full_len)
		rv = CKR_BUFFER_TOO_SMALL;
	if (rv != CKR_OK) {
		secret_free(s);
		return rv;
	}
	if (pads) {
		secret_cut(s, len);
	} else {
		/* Some modules leave out leading zeroes. */
		memmove(secret_get(s) + full_len - len, secret_get(s), len);
		memset(secret_get(s), 0, full_len - len);
	}
	*out = s;
	return CKR_OK;
}

/* The shared secret's length; 0: the key does no ECDH, or peer is no point
 * of its curve. */
static size_t
use_check_peer(const struct key *key, struct bytes peer)
{
	struct buf der = {0};
	struct spki spki;
	size_t len = 0;

	if (key->spki.alg == ALG_X25519_KEY || key->spki.alg == ALG_X448_KEY)
		return peer.len == key->spki.point.len ? peer.len : 0;
	/* Building it checks the point, too. */
	if (key->spki.alg == ALG_EC &&
	    spki_encode_ec(&der, key->spki.curve, peer) == 0 &&
	    spki_decode(buf_get(&der), &spki, NULL) == 0)
		len = (key->spki.bits + 7) / 8;
	buf_clear(&der);
	return len;
}

/* The value of the derived object, which goes then. */
static CK_RV
use_take_value(
    struct use *u, CK_OBJECT_HANDLE derived, size_t len, struct secret **out)
{
	CK_FUNCTION_LIST *f = u->w->module.f;
	struct secret *s = secret_new(len);
	CK_ATTRIBUTE attr = {CKA_VALUE, NULL, len};
	uint8_t any = 0;
	size_t i;
	CK_RV rv = CKR_HOST_MEMORY;

	if (s != NULL) {
		attr.pValue = secret_get(s);
		rv =
		    f->C_GetAttributeValue(u->slot->session, derived, &attr, 1);
	}
	(void)f->C_DestroyObject(u->slot->session, derived);
	for (i = 0; rv == CKR_OK && i < len; i++)
		any = (uint8_t)(any | secret_get(s)[i]);
	/* All zeroes: a point of small order (RFC 7748 6.1). */
	if (rv == CKR_OK && (attr.ulValueLen != len || any == 0))
		rv = CKR_ENCRYPTED_DATA_INVALID;
	if (rv != CKR_OK) {
		secret_free(s);
		s = NULL;
	}
	*out = s;
	return rv;
}

static CK_RV
use_derive_object(
    struct use *u, struct bytes peer, size_t len, CK_OBJECT_HANDLE *derived)
{
	CK_ECDH1_DERIVE_PARAMS param = {.kdf = CKD_NULL,
	    .ulPublicDataLen = peer.len,
	    .pPublicData = (CK_BYTE *)peer.p};
	CK_MECHANISM mech = {CKM_ECDH1_DERIVE, &param, sizeof(param)};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG value_len = len;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_PRIVATE, &no, sizeof(no)},
	    {CKA_SENSITIVE, &no, sizeof(no)},
	    {CKA_EXTRACTABLE, &yes, sizeof(yes)},
	    {CKA_VALUE_LEN, &value_len, sizeof(value_len)},
	};

	return u->w->module.f->C_DeriveKey(u->slot->session, &mech,
	    u->key->private->handle, template,
	    sizeof(template) / sizeof(template[0]), derived);
}

CK_RV
use_derive(struct use *u, struct bytes peer, struct secret **out)
{
	size_t len = use_check_peer(u->key, peer);
	CK_OBJECT_HANDLE derived;
	struct buf wrapped = {0};
	CK_RV rv;

	*out = NULL;
	if (len == 0)
		return CKR_ENCRYPTED_DATA_INVALID;
	/* PKCS#11 v2.40 2.3.8 lets a module take the point bare, or as an
	 * OCTET STRING, or both. */
	rv = use_derive_object(u, peer, len, &derived);
	if (rv == CKR_MECHANISM_PARAM_INVALID || rv == CKR_ARGUMENTS_BAD ||
	    rv == CKR_GENERAL_ERROR) {
		der_put(&wrapped, DER_OCTET_STRING, peer);
		if (wrapped.err == 0)
			rv = use_derive_object(
			    u, buf_get(&wrapped), len, &derived);
		buf_clear(&wrapped);
	}
	return rv == CKR_OK ? use_take_value(u, derived, len, out) : rv;
}
