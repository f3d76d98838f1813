/* EMSA-PSS (RFC 8017 9.1). */
#include <string.h>

#include "asn1/alg/hash.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/alg/rsa.h"

/* H = Hash(eight zeroes || mHash || salt) */
static size_t
pss_hash(enum alg digest, struct bytes hash, struct bytes salt, uint8_t *out)
{
	static const uint8_t zeroes[8];
	struct bytes parts[3] = {bytes_of(zeroes, sizeof(zeroes)), hash, salt};

	return hash_parts(digest, parts, 3, out);
}

/* The bits of the first octet of EM that must be zero. */
static uint8_t
pss_top_mask(unsigned em_bits)
{
	return (uint8_t) ~(0xffU >> ((8 - em_bits % 8) % 8));
}

int
pss_encode(struct buf *b, enum alg digest, enum alg mgf_digest, size_t salt_len,
    struct bytes hash, unsigned modulus_bits)
{
	size_t hash_len = alg_get(digest)->output_len, em_len, db_len, at;
	uint8_t salt[PSS_SALT_MAX], *em;
	unsigned em_bits;

	if (hash_get(digest) == NULL || hash_get(mgf_digest) == NULL)
		return -CS_ERR_ALGORITHM;
	if (modulus_bits < 2 || modulus_bits > SPKI_RSA_BITS_MAX ||
	    hash.len != hash_len || salt_len > PSS_SALT_MAX)
		return -CS_ERR_ARGUMENT;
	em_bits = modulus_bits - 1;
	em_len = (em_bits + 7) / 8;
	if (em_len < hash_len + salt_len + 2)
		return -CS_ERR_ARGUMENT;
	/* A modulus of 8n+1 bits is one octet longer than EM. */
	at = em_bits % 8 == 0;
	em = buf_reserve(b, em_len + at);
	if (em == NULL)
		return b->err;
	random_fill(salt, salt_len);
	db_len = em_len - hash_len - 1;
	memset(em, 0, em_len + at);
	buf_grow_len(b, em_len + at);
	em += at;
	em[db_len - salt_len - 1] = 1;
	memcpy(em + db_len - salt_len, salt, salt_len);
	pss_hash(digest, hash, bytes_of(salt, salt_len), em + db_len);
	em[em_len - 1] = 0xbc;
	if (!mgf1_xor(mgf_digest, bytes_of(em + db_len, hash_len), em, db_len))
		return b->err = -CS_ERR_INTERNAL;
	em[0] = (uint8_t)(em[0] & ~pss_top_mask(em_bits));
	return 0;
}

/* Is DB zeroes, one, then the salt? */
static bool
pss_is_padded(const uint8_t *db, size_t ps_len)
{
	size_t i;
	uint8_t any = 0;

	for (i = 0; i < ps_len; i++)
		any |= db[i];
	return any == 0 && db[ps_len] == 1;
}

bool
pss_verify(struct bytes em, unsigned modulus_bits,
    const struct pss_params *params, struct bytes hash)
{
	size_t hash_len = alg_get(params->digest)->output_len, db_len;
	unsigned em_bits = modulus_bits - 1;
	uint8_t db[RSA_LEN_MAX], want[DIGEST_LEN_MAX];
	struct bytes salt;

	if (em.len == 0 || em.len > RSA_LEN_MAX || hash.len != hash_len ||
	    em.len != (modulus_bits + 7) / 8 || hash_len == 0)
		return false;
	if (em_bits % 8 == 0) {
		if (em.p[0] != 0)
			return false;
		em = bytes_of(em.p + 1, em.len - 1);
	}
	if (em.len < hash_len + params->salt_len + 2 ||
	    em.p[em.len - 1] != 0xbc || (em.p[0] & pss_top_mask(em_bits)) != 0)
		return false;
	db_len = em.len - hash_len - 1;
	memcpy(db, em.p, db_len);
	if (!mgf1_xor(params->mgf_digest, bytes_of(em.p + db_len, hash_len), db,
		db_len))
		return false;
	db[0] = (uint8_t)(db[0] & ~pss_top_mask(em_bits));
	if (!pss_is_padded(db, db_len - params->salt_len - 1))
		return false;
	salt = bytes_of(db + db_len - params->salt_len, params->salt_len);
	if (pss_hash(params->digest, hash, salt, want) != hash_len)
		return false;
	return mem_is_equal_ct(want, em.p + db_len, hash_len);
}
