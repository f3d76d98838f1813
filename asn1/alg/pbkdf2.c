#include "asn1/alg/pbkdf2.h"

#include <nettle/hmac.h>
#include <nettle/pbkdf2.h>

#include "asn1/alg/digest.h"

#define PBKDF2_LEN_MAX DIGEST_LEN_MAX

/* The salt's CHOICE: specified, an OCTET STRING; the other is for later. */
static int
pbkdf2_params_parse(
    struct bytes raw, struct pbkdf2_params *params, struct alg_id *prf)
{
	struct der d, in;

	*prf = (struct alg_id){0};
	der_init(&d, raw);
	in = der_enter(&d, DER_SEQUENCE);
	if (der_peek(&in) == DER_SEQUENCE)
		return -CS_ERR_ALGORITHM;
	params->salt = der_get(&in, DER_OCTET_STRING);
	params->iterations = (unsigned)der_get_uint(&in, PBKDF2_ITERATIONS_MAX);
	if (der_peek(&in) == DER_INTEGER)
		params->key_len = (size_t)der_get_uint(&in, SECRET_LEN_MAX);
	if (der_has_more(&in))
		der_get_alg_id(&in, prf);
	if (der_check(&in) == 0 && params->iterations == 0)
		return -CS_ERR_ENCODING;
	if (der_check(&in) == 0 && params->salt.len > PBKDF2_SALT_MAX)
		return -CS_ERR_TOO_LARGE;
	return der_end(&in) != 0 ? der_check(&in) : der_end(&d);
}

int
pbkdf2_params_decode(
    const struct alg_id *id, struct pbkdf2_params *params, struct err *e)
{
	char text[OID_TEXT_MAX];
	struct alg_id prf;
	int r;

	*params = (struct pbkdf2_params){.prf = ALG_HMAC_SHA1};
	if (id->known != OID_PBKDF2)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the key derivation %s is not supported",
		    alg_id_describe(text, sizeof(text), id));
	r = pbkdf2_params_parse(id->params, params, &prf);
	if (r == -CS_ERR_TOO_LARGE)
		return err_set(e, r,
		    "PBKDF2 parameters: more than %d iterations, or a salt "
		    "longer than %d octets",
		    PBKDF2_ITERATIONS_MAX, PBKDF2_SALT_MAX);
	if (r != 0)
		return err_set(e, r, "PBKDF2 parameters: %s", err_text(r));
	if (prf.raw.len == 0)
		return 0; /* the DEFAULT */
	params->prf = alg_find_oid(prf.known, ALG_KIND_MAC);
	if (params->prf == ALG_NONE || !alg_id_is_plain(&prf))
		return err_set(e, -CS_ERR_ALGORITHM,
		    "PBKDF2 parameters: %s is not supported",
		    alg_id_describe(text, sizeof(text), &prf));
	return 0;
}

void
der_put_pbkdf2_params(
    struct buf *b, int tag, const struct pbkdf2_params *params)
{
	size_t outer = der_open(b, tag), mark;

	der_put_oid(b, OID_PBKDF2);
	mark = der_open(b, DER_SEQUENCE);
	der_put(b, DER_OCTET_STRING, params->salt);
	der_put_uint(b, DER_INTEGER, params->iterations);
	if (params->key_len != 0)
		der_put_uint(b, DER_INTEGER, params->key_len);
	if (params->prf != ALG_HMAC_SHA1)
		der_put_alg(b, params->prf);
	der_close(b, mark);
	der_close(b, outer);
}

struct secret *
pbkdf2_derive(const struct pbkdf2_params *params, const struct secret *password,
    size_t len)
{
	struct bytes key = secret_get_bytes(password), salt = params->salt;
	struct hmac_sha224_ctx sha224;
	struct secret *out;
	uint8_t *p;

	if (len == 0 || len > PBKDF2_LEN_MAX || params->iterations == 0)
		return NULL;
	out = secret_new(len);
	if (out == NULL)
		return NULL;
	p = secret_get(out);
	switch (params->prf) {
	case ALG_HMAC_SHA1:
		pbkdf2_hmac_sha1(key.len, key.p, params->iterations, salt.len,
		    salt.p, len, p);
		return out;
	case ALG_HMAC_SHA224:
		hmac_sha224_set_key(&sha224, key.len, key.p);
		PBKDF2(&sha224, hmac_sha256_update, hmac_sha224_digest,
		    SHA224_DIGEST_SIZE, params->iterations, salt.len, salt.p,
		    len, p);
		mem_wipe(&sha224, sizeof(sha224));
		return out;
	case ALG_HMAC_SHA256:
		pbkdf2_hmac_sha256(key.len, key.p, params->iterations, salt.len,
		    salt.p, len, p);
		return out;
	case ALG_HMAC_SHA384:
		pbkdf2_hmac_sha384(key.len, key.p, params->iterations, salt.len,
		    salt.p, len, p);
		return out;
	case ALG_HMAC_SHA512:
		pbkdf2_hmac_sha512(key.len, key.p, params->iterations, salt.len,
		    salt.p, len, p);
		return out;
	default:
		secret_free(out);
		return NULL;
	}
}
