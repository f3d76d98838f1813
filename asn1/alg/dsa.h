/*
 * dsa.h: DSA keys and signatures (FIPS 186-4, RFC 3279 2.2.2 and 2.3.2), for
 * this folder.
 */
#ifndef ASN1_ALG_DSA_H
#define ASN1_ALG_DSA_H

#include "asn1/alg/spki.h"

/* Octets of q, and of r and s, at most. */
#define DSA_Q_LEN_MAX 32

/* Checks key (its alg is ALG_DSA) and sets its bits; errors as spki_decode. */
int CS_MUST_USE dsa_check(struct spki *key, struct err *e);
/* r and s are unsigned, of at most DSA_Q_LEN_MAX octets. */
bool CS_MUST_USE dsa_check_signature(
    const struct spki *key, struct bytes hash, struct bytes r, struct bytes s);

#endif
