/* RSAES-PKCS1-v1_5 and RSAES-OAEP to a public key (RFC 8017 7). */
#include <string.h>

#include "asn1/alg/hash.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/alg/rsa.h"

/* Frees em. */
static int
rsa_encrypt_em(const struct spki *key, struct secret *em, struct buf *out)
{
	size_t len = secret_get_len(em);
	uint8_t *p = buf_reserve(out, len);
	int r = 0;

	if (p == NULL)
		r = out->err;
	else if (!rsa_public_secret(key, secret_get_bytes(em), p))
		r = -CS_ERR_INTERNAL;
	else
		buf_grow_len(out, len);
	secret_free(em);
	return r;
}

static void
random_fill_nonzero(uint8_t *p, size_t len)
{
	size_t i;

	random_fill(p, len);
	for (i = 0; i < len; i++)
		while (p[i] == 0)
			random_fill(p + i, 1);
}

int
rsa_encrypt_pkcs1(
    const struct spki *key, const struct secret *msg, struct buf *out)
{
	struct bytes m = secret_get_bytes(msg);
	size_t len = key->modulus.len;
	struct secret *em;
	uint8_t *p;

	if (key->alg != ALG_RSA)
		return -CS_ERR_ALGORITHM;
	if (len < RSA_PKCS1_OVERHEAD || m.len > len - RSA_PKCS1_OVERHEAD)
		return -CS_ERR_ARGUMENT;
	em = secret_new(len);
	if (em == NULL)
		return -CS_ERR_NO_MEMORY;
	p = secret_get(em);
	p[1] = 2;
	random_fill_nonzero(p + 2, len - m.len - 3);
	memcpy(p + len - m.len, m.p, m.len);
	return rsa_encrypt_em(key, em, out);
}

int
rsa_encrypt_oaep(const struct spki *key, const struct oaep_params *params,
    const struct secret *msg, struct buf *out)
{
	size_t hash_len = alg_get(params->digest)->output_len;
	size_t len = key->modulus.len, db_len;
	struct bytes m = secret_get_bytes(msg);
	uint8_t hash[DIGEST_LEN_MAX], *seed, *db;
	struct secret *em;

	if ((key->alg != ALG_RSA && key->alg != ALG_RSA_OAEP_KEY) ||
	    hash_get(params->digest) == NULL ||
	    hash_get(params->mgf_digest) == NULL)
		return -CS_ERR_ALGORITHM;
	if (len < 2 * hash_len + 2 || m.len > len - 2 * hash_len - 2)
		return -CS_ERR_ARGUMENT;
	em = secret_new(len);
	if (em == NULL)
		return -CS_ERR_NO_MEMORY;
	seed = secret_get(em) + 1;
	db = seed + hash_len;
	db_len = len - 1 - hash_len;
	hash_parts(params->digest, &params->label, 1, hash);
	memcpy(db, hash, hash_len);
	db[db_len - m.len - 1] = 1;
	memcpy(db + db_len - m.len, m.p, m.len);
	random_fill(seed, hash_len);
	if (!mgf1_xor(
		params->mgf_digest, bytes_of(seed, hash_len), db, db_len) ||
	    !mgf1_xor(
		params->mgf_digest, bytes_of(db, db_len), seed, hash_len)) {
		secret_free(em);
		return -CS_ERR_INTERNAL;
	}
	return rsa_encrypt_em(key, em, out);
}
