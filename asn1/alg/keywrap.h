/*
 * keywrap.h: AES key wrap (RFC 3394), Triple-DES key wrap (RFC 3217, to be
 * read only), and the KDFs of CMS key agreement.
 */
#ifndef ASN1_ALG_KEYWRAP_H
#define ASN1_ALG_KEYWRAP_H

#include "asn1/alg/alg.h"
#include "asn1/secret.h"

/* Wraps key (at least 16 octets, whole groups of 8) with kek (16, 24 or 32
 * octets); appends key length + 8. CS_ERR_ARGUMENT: another length. */
int CS_MUST_USE aes_wrap(
    const struct secret *kek, const struct secret *key, struct buf *out);
/* NULL when the check value is wrong or the length impossible. */
struct secret *aes_unwrap(const struct secret *kek, struct bytes wrapped);
/* A Triple-DES key wrapped by one: 40 octets to 24. NULL as above. */
struct secret *des3_unwrap(const struct secret *kek, struct bytes wrapped);
/* By the algorithm of kind KEY_WRAP, whose key_len kek must have. NULL as
 * above, and for another algorithm. */
struct secret *key_unwrap(
    enum alg wrap, const struct secret *kek, struct bytes wrapped);

/*
 * ANSI X9.63 KDF (SEC 1 3.6.1): len octets, 1 to SECRET_LEN_MAX, from a shared
 * secret. NULL: no digest, another length, no memory.
 */
struct secret *kdf_x963(enum alg digest, const struct secret *shared,
    struct bytes info, size_t len);
/* HKDF (RFC 5869), extract with salt (empty: zeroes) and expand. NULL as
 * above; len is at most 255 digests too. */
struct secret *kdf_hkdf(enum alg digest, const struct secret *shared,
    struct bytes salt, struct bytes info, size_t len);

#endif
