/*
 * strength.h: which keys and signatures still prove something.
 */
#ifndef CLIENT_PKIX_STRENGTH_H
#define CLIENT_PKIX_STRENGTH_H

#include "asn1/alg/signature.h"

#define STRENGTH_RSA_BITS_MIN 2048
/* Below this even --legacy helps no more. */
#define STRENGTH_RSA_BITS_LEGACY_MIN 1024
/* FIPS 186-5 A.1.1: e < 2^256. Larger ones only cost time. */
#define STRENGTH_RSA_EXPONENT_LEN_MAX 32

/*
 * 0, or CS_ERR_WEAK: a weak algorithm or key that is_legacy does not admit,
 * or one too weak even for that. CS_ERR_ALGORITHM: a key that cannot be
 * used at all (unknown, or an absurd exponent).
 */
int CS_MUST_USE strength_check_key(const struct spki *key, bool is_legacy);
/* As above for a scheme, and the key that it is used with. */
int CS_MUST_USE strength_check(
    const struct sig_scheme *scheme, const struct spki *key, bool is_legacy);

#endif
