#include "token/open.h"

#include "asn1/alg/cipher.h"

CK_RV
open_fault(struct use *u)
{
	u->code = err_set(u->e, -CS_ERR_DECRYPT, NULL);
	return CKR_FUNCTION_FAILED;
}

CK_RV
open_refuse_alg(struct use *u, const struct alg_id *id, const char *what)
{
	char name[OID_TEXT_MAX];

	u->code = err_set(u->e, -CS_ERR_ALGORITHM, "%s is not supported: %s",
	    what, alg_id_describe(name, sizeof(name), id));
	return CKR_FUNCTION_FAILED;
}

struct secret *
open_prf_key(const struct secret *start_secret, struct bytes key_id)
{
	struct bytes parts[] = {BYTES_LIT("cardseal open v1"), key_id};
	uint8_t out[DIGEST_LEN_MAX];
	size_t len = hmac_of(ALG_SHA256, secret_get_bytes(start_secret), parts,
	    sizeof(parts) / sizeof(parts[0]), out);
	struct secret *key = len != 0 ? secret_new_from(out, len) : NULL;

	mem_wipe(out, sizeof(out));
	return key;
}

/* Values that a module has for a bad ciphertext. Where it takes the padding
 * off by itself, it may also have no name for that. */
static bool
open_is_fault(struct use *u, CK_RV rv, bool pads)
{
	uint32_t insertion = u->slot->insertion;

	switch (rv) {
	case CKR_ENCRYPTED_DATA_INVALID:
	case CKR_ENCRYPTED_DATA_LEN_RANGE:
	case CKR_DATA_INVALID:
	case CKR_DATA_LEN_RANGE:
		return true;
	case CKR_GENERAL_ERROR:
	case CKR_FUNCTION_FAILED:
	case CKR_DEVICE_ERROR:
	case CKR_BUFFER_TOO_SMALL:
		if (!pads)
			return false;
		slot_check(&u->w->slots, u->slot);
		return u->slot->insertion == insertion && u->slot->has_token;
	default:
		return false;
	}
}

/* Is it a number below the modulus, of its length (RFC 8017 5.1.2)? Anyone
 * can tell, so it is no secret. */
static bool
open_is_in_range(const struct key *key, struct bytes ciphertext)
{
	struct bytes modulus = key->spki.modulus;

	return ciphertext.len == modulus.len &&
	       bytes_compare(ciphertext, modulus) < 0;
}

/*
 * The raw result, if the token gives it; else what its own unpadding gives
 * (*pads true then). CKR_MECHANISM_INVALID: neither.
 */
static CK_RV
open_rsa(struct open *o, enum slot_mech padded, CK_MECHANISM *mech, bool *pads,
    struct secret **out)
{
	CK_MECHANISM raw = {CKM_RSA_X_509, NULL, 0};
	struct use *u = o->u;
	CK_RV rv = CKR_MECHANISM_INVALID;

	*out = NULL;
	*pads = false;
	if (slot_has_mech(&u->w->slots, u->slot, SLOT_RSA_X_509, CKF_DECRYPT))
		rv = use_decrypt(u, &raw, false, o->info.encrypted_key, out);
	if (!ckr_is_mechanism(rv) || u->has_sent_pin || mech == NULL ||
	    !slot_has_mech(&u->w->slots, u->slot, padded, CKF_DECRYPT))
		return rv;
	*pads = true;
	return use_decrypt(u, mech, true, o->info.encrypted_key, out);
}

static CK_RV
open_pkcs1(struct open *o)
{
	struct bytes ciphertext = o->info.encrypted_key;
	CK_MECHANISM mech = {CKM_RSA_PKCS, NULL, 0};
	struct use *u = o->u;
	struct secret *raw = NULL, *prf_key;
	bool pads = true;
	CK_RV rv = CKR_OK;

	prf_key = open_prf_key(u->w->prf_secret, u->req->key_id);
	if (prf_key == NULL)
		return CKR_HOST_MEMORY;
	if (open_is_in_range(u->key, ciphertext))
		rv = open_rsa(o, SLOT_RSA_PKCS, &mech, &pads, &raw);
	if (rv != CKR_OK && u->code == 0 && open_is_fault(u, rv, pads)) {
		rv = CKR_OK;
		pads = true; /* there is nothing to unpad */
	}
	if (rv == CKR_OK && pads)
		o->key =
		    pkcs1_implicit_result(raw, o->key_len, ciphertext, prf_key);
	else if (rv == CKR_OK)
		o->key =
		    pkcs1_unpad_implicit(raw, o->key_len, ciphertext, prf_key);
	secret_free(raw);
	secret_free(prf_key);
	return rv == CKR_OK && o->key == NULL ? open_fault(u) : rv;
}

static CK_RV
open_oaep(struct open *o)
{
	CK_MECHANISM mech = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_RSA_PKCS_OAEP_PARAMS param;
	struct oaep_params params;
	struct use *u = o->u;
	struct secret *raw;
	bool pads, has_name;
	CK_RV rv;

	u->code = oaep_params_decode(&o->info.key_enc_alg, &params, u->e);
	if (u->code != 0)
		return CKR_FUNCTION_FAILED;
	if (!open_is_in_range(u->key, o->info.encrypted_key))
		return open_fault(u);
	has_name = use_get_oaep_param(&params, &param);
	mech.pParameter = &param;
	mech.ulParameterLen = sizeof(param);
	rv = open_rsa(o, SLOT_RSA_OAEP, has_name ? &mech : NULL, &pads, &raw);
	if (rv != CKR_OK && u->code == 0 && open_is_fault(u, rv, pads))
		return open_fault(u);
	if (rv != CKR_OK)
		return rv;
	if (pads) {
		o->key = raw;
	} else {
		o->key = oaep_unpad(raw, &params);
		secret_free(raw);
	}
	return o->key == NULL ? open_fault(u) : CKR_OK;
}

static CK_RV
open_ktri(struct open *o)
{
	enum alg alg =
	    alg_find_oid(o->info.key_enc_alg.known, ALG_KIND_KEY_TRANSPORT);
	struct use *u = o->u;

	if (u->key->spki.alg != ALG_RSA &&
	    (u->key->spki.alg != ALG_RSA_OAEP_KEY || alg != ALG_RSA_OAEP))
		return open_fault(u);
	if (alg == ALG_RSA_PKCS1)
		return open_pkcs1(o);
	if (alg == ALG_RSA_OAEP)
		return open_oaep(o);
	return open_refuse_alg(u, &o->info.key_enc_alg, "the key transport");
}

/* The exact length of the content-encryption key. */
static bool
open_get_key_len(struct open *o)
{
	struct use *u = o->u;
	struct alg_id id;

	u->code = alg_id_decode(u->req->content_algorithm, &id);
	if (u->code != 0) {
		err_set(u->e, u->code, "the content encryption algorithm: %s",
		    err_text(u->code));
		return false;
	}
	o->key_len = content_key_len(&id);
	if (o->key_len == 0)
		(void)open_refuse_alg(u, &id, "the content encryption");
	return o->key_len != 0;
}

static CK_RV
open_by_kind(struct open *o)
{
	struct use *u = o->u;

	switch (o->info.kind) {
	case RECIPIENT_KTRI:
		return open_ktri(o);
	case RECIPIENT_KARI:
		return open_kari(o);
	default:
		u->code = err_set(u->e, -CS_ERR_UNSUPPORTED,
		    "a recipient of kind \"%s\" is not for a token",
		    recipient_kind_name(o->info.kind));
		return CKR_FUNCTION_FAILED;
	}
}

static CK_RV
open_op(struct use *u)
{
	struct open o = {.u = u};
	CK_RV rv;

	u->code = recipient_info_decode(u->req->recipient_info, &o.info, u->e);
	if (u->code != 0 || !open_get_key_len(&o) || !use_has_context_pin(u))
		return CKR_FUNCTION_FAILED;
	rv = open_by_kind(&o);
	/* A length that the content does not want is a fault like others. */
	if (rv == CKR_OK && secret_get_len(o.key) != o.key_len)
		rv = open_fault(u);
	buf_reset(&u->w->result);
	if (rv == CKR_OK &&
	    buf_add_bytes(&u->w->result, secret_get_bytes(o.key)) != 0)
		rv = CKR_HOST_MEMORY;
	secret_free(o.key);
	return rv;
}

int
worker_open(struct worker *w, const struct tok_msg *req, struct tok_msg *answer,
    struct err *e)
{
	int r = use_key(w, req, answer, open_op, e);

	if (r == 0)
		answer->output = buf_get(&w->result);
	return r;
}
