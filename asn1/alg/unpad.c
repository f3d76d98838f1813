/* RSA padding that is taken off, without telling by time what was wrong. */
#include <string.h>

#include "asn1/alg/ct.h"
#include "asn1/alg/hash.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/rsa.h"

#define IMPLICIT_LABEL "cardseal implicit rejection 1"

/* The PRF of padding.h; fills all of out. */
static void
implicit_fill(
    struct secret *out, struct bytes ciphertext, const struct secret *prf_key)
{
	uint8_t seed[DIGEST_LEN_MAX], block[DIGEST_LEN_MAX], numbers[8];
	size_t len = secret_get_len(out), at, n, seed_len;
	struct bytes parts[2] = {BYTES_LIT(IMPLICIT_LABEL), ciphertext};
	struct bytes in = bytes_of(numbers, sizeof(numbers));

	while (parts[1].len != 0 && parts[1].p[0] == 0)
		parts[1] = bytes_of(parts[1].p + 1, parts[1].len - 1);
	seed_len =
	    hmac_of(ALG_SHA256, secret_get_bytes(prf_key), parts, 2, seed);
	hash_put_be32(numbers + 4, len);
	for (at = 0; at < len; at += n) {
		hash_put_be32(numbers, at / seed_len);
		n = hmac_of(
		    ALG_SHA256, bytes_of(seed, seed_len), &in, 1, block);
		n = n < len - at ? n : len - at;
		memcpy(secret_get(out) + at, block, n);
	}
	mem_wipe(seed, sizeof(seed));
	mem_wipe(block, sizeof(block));
}

/* Puts in instead of what is there where the mask says so. */
static void
implicit_select(struct secret *out, uint32_t mask, const uint8_t *in)
{
	uint8_t *p = secret_get(out);
	size_t len = secret_get_len(out), i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)ct_select(ct_hide(mask), in[i], p[i]);
}

struct secret *
pkcs1_unpad_implicit(const struct secret *em, size_t want_len,
    struct bytes ciphertext, const struct secret *prf_key)
{
	struct bytes in = secret_get_bytes(em);
	struct secret *out;
	size_t at, i;
	uint32_t bad;

	if (in.len < RSA_PKCS1_OVERHEAD ||
	    want_len > in.len - RSA_PKCS1_OVERHEAD)
		return NULL;
	out = secret_new(want_len);
	if (out == NULL)
		return NULL;
	implicit_fill(out, ciphertext, prf_key);
	/* The wanted length tells where the message must start, so nothing
	 * has to be searched for. */
	at = in.len - want_len;
	bad = in.p[0] | (in.p[1] ^ 2U) | in.p[at - 1];
	for (i = 2; i < at - 1; i++)
		bad |= ct_is_zero(in.p[i]);
	implicit_select(out, ct_is_zero(bad), in.p + at);
	return out;
}

struct secret *
pkcs1_implicit_result(const struct secret *msg, size_t want_len,
    struct bytes ciphertext, const struct secret *prf_key)
{
	struct secret *none = secret_new(want_len);
	struct secret *out = secret_new(want_len);
	uint32_t is_good = 0;

	if (none == NULL || out == NULL) {
		secret_free(none);
		secret_free(out);
		return NULL;
	}
	implicit_fill(out, ciphertext, prf_key);
	if (msg != NULL && secret_get_len(msg) == want_len)
		is_good = UINT32_MAX;
	else
		msg = none;
	implicit_select(out, is_good, secret_get_bytes(msg).p);
	secret_free(none);
	return out;
}

/*
 * DB = lHash || zeroes || 01 || message. Gives the mask of whether it is one,
 * and where the 01 stands.
 */
static uint32_t
oaep_parse(const uint8_t *db, size_t db_len, const uint8_t *hash,
    size_t hash_len, uint32_t *one_at)
{
	uint32_t bad = 0, is_found = 0, is_one, i;

	*one_at = 0;
	for (i = 0; i < hash_len; i++)
		bad |= (uint32_t)db[i] ^ hash[i];
	for (i = (uint32_t)hash_len; i < db_len; i++) {
		is_one = ct_is_equal(db[i], 1);
		*one_at = ct_select(is_one & ~is_found, i, *one_at);
		is_found = ct_hide(is_found | is_one);
		bad |= ~is_found & db[i];
	}
	return is_found & ct_is_zero(bad);
}

struct secret *
oaep_unpad(const struct secret *em, const struct oaep_params *params)
{
	size_t hash_len = alg_get(params->digest)->output_len, db_len;
	uint8_t hash[DIGEST_LEN_MAX], *seed, *db;
	struct secret *copy, *out = NULL;
	uint32_t is_good, one_at;

	if (hash_get(params->digest) == NULL ||
	    hash_get(params->mgf_digest) == NULL ||
	    secret_get_len(em) < 2 * hash_len + 2)
		return NULL;
	copy = secret_dup(em);
	if (copy == NULL)
		return NULL;
	hash_parts(params->digest, &params->label, 1, hash);
	seed = secret_get(copy) + 1;
	db = seed + hash_len;
	db_len = secret_get_len(em) - 1 - hash_len;
	if (!mgf1_xor(
		params->mgf_digest, bytes_of(db, db_len), seed, hash_len) ||
	    !mgf1_xor(params->mgf_digest, bytes_of(seed, hash_len), db, db_len))
		goto out;
	is_good = oaep_parse(db, db_len, hash, hash_len, &one_at);
	is_good &= ct_is_zero(secret_get(copy)[0]);
	if (is_good != 0)
		out = secret_new_from(db + one_at + 1, db_len - one_at - 1);
out:
	secret_free(copy);
	return out;
}
