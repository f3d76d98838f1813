/*
 * hash.h: digests for small inputs inside this folder, on the caller's
 * stack: HMAC, MGF1 and key derivation. Streams use digest.h.
 */
#ifndef ASN1_ALG_HASH_H
#define ASN1_ALG_HASH_H

#include <nettle/nettle-meta.h>

#include "asn1/alg/digest.h"

/* The largest block of a digest here (SHA3-224). */
#define HASH_BLOCK_MAX 144

/* A number as four octets, high first. */
static inline void
hash_put_be32(uint8_t out[4], size_t value)
{
	int i;

	for (i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* NULL: no digest. */
const struct nettle_hash *hash_get(enum alg digest);
/* H(parts), out has DIGEST_LEN_MAX octets; returns the length, 0 on error.
 * What was hashed leaves no trace on the stack. */
size_t hash_parts(
    enum alg digest, const struct bytes *parts, size_t n, uint8_t *out);
/*
 * MGF1 (RFC 8017 B.2.1): XORs the mask made from seed into out. Time depends
 * on the lengths alone. False: no digest.
 */
bool CS_MUST_USE mgf1_xor(
    enum alg digest, struct bytes seed, uint8_t *out, size_t len);

#endif
