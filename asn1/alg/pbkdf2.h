/*
 * pbkdf2.h: keys from passwords: PBKDF2 (RFC 8018 5.2, A.2).
 */
#ifndef ASN1_ALG_PBKDF2_H
#define ASN1_ALG_PBKDF2_H

#include "asn1/alg/alg.h"
#include "asn1/secret.h"

/* What is written: PBKDF2 with HMAC-SHA-256, as OWASP advises. */
#define PBKDF2_ITERATIONS 600000
#define PBKDF2_SALT_LEN 16
/* What is read: a stranger's message costs some seconds at most. */
#define PBKDF2_ITERATIONS_MAX 10000000
#define PBKDF2_SALT_MAX 1024

struct pbkdf2_params {
	enum alg prf;	   /* ALG_HMAC_SHA1 ... */
	struct bytes salt; /* borrowed */
	unsigned iterations;
	size_t key_len; /* 0: not told */
};

/*
 * From the AlgorithmIdentifier of a key derivation. CS_ERR_ALGORITHM: not
 * PBKDF2, another source of the salt, or an unknown PRF; CS_ERR_TOO_LARGE: too
 * many iterations or too long a salt; CS_ERR_ENCODING and the cursor's.
 */
int CS_MUST_USE pbkdf2_params_decode(
    const struct alg_id *id, struct pbkdf2_params *params, struct err *e);
/* The whole AlgorithmIdentifier under that tag (DER_SEQUENCE, or IMPLICIT). */
void der_put_pbkdf2_params(
    struct buf *b, int tag, const struct pbkdf2_params *params);
/* len octets (1 to 64); NULL: no such PRF, or no memory. */
struct secret *pbkdf2_derive(const struct pbkdf2_params *params,
    const struct secret *password, size_t len);

#endif
