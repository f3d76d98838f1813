/*
 * digest.h: message digests as streams (FIPS 180-4, 202; RFC 1321).
 */
#ifndef ASN1_ALG_DIGEST_H
#define ASN1_ALG_DIGEST_H

#include "asn1/alg/alg.h"

#define DIGEST_LEN_MAX 64

struct digest; /* one or several digests over one stream */

/*
 * Among the digests wanted: the stream itself, kept in memory, for signatures
 * that cannot be checked any other way (pure EdDSA). What is longer than
 * DIGEST_CONTENT_MAX is not kept.
 */
#define DIGEST_CONTENT ((enum alg)ALG_COUNT)
#define DIGEST_CONTENT_MAX ((size_t)64 << 20)

/*
 * Starts a digest, or n at once (n <= 8, duplicates are kept once). NULL: no
 * memory, or an algorithm that is no digest.
 */
struct digest *digest_new(enum alg alg);
struct digest *digest_new_all(const enum alg *algs, size_t n);
void digest_free(struct digest *d);
void digest_write(struct digest *d, struct bytes in);
/* Ends the stream; the results stay borrowed until free. Empty if alg is not
 * among them. After the first call nothing may be written. */
struct bytes digest_get(struct digest *d, enum alg alg);
bool digest_has(const struct digest *d, enum alg alg);
/* Was the stream too long for DIGEST_CONTENT? */
bool digest_is_over(const struct digest *d);
/* Back to the start with the same algorithms; cheaper than a new one. What
 * digest_get gave before is no longer valid. */
void digest_reset(struct digest *d);
/* In one go; out has DIGEST_LEN_MAX octets. Returns the length, 0 on error. */
size_t digest_of(enum alg alg, struct bytes in, uint8_t *out);

/* HMAC (RFC 2104) in one go over parts; out has DIGEST_LEN_MAX octets.
 * Returns the length, 0 if digest is no digest. */
size_t hmac_of(enum alg digest, struct bytes key, const struct bytes *parts,
    size_t n, uint8_t *out);

#endif
