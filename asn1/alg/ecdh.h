/*
 * ecdh.h: ephemeral-static ECDH from the sender's side (RFC 5753 3.1.1,
 * RFC 8418 2), on P-256, P-384, P-521, X25519 and X448.
 */
#ifndef ASN1_ALG_ECDH_H
#define ASN1_ALG_ECDH_H

#include "asn1/alg/spki.h"
#include "asn1/secret.h"

/*
 * Makes a key pair on the curve of key, appends its public octets to public
 * (an uncompressed point, or as RFC 7748 has them) and gives the shared
 * secret, of the field's length. On the NIST curves the cofactor is 1, so
 * that this is standard and cofactor Diffie-Hellman at once. The private half
 * is wiped. CS_ERR_ALGORITHM: key is for something else. CS_ERR_ARGUMENT: the
 * result is all zero (a key of small order, RFC 7748 6.1).
 */
int CS_MUST_USE ecdh_ephemeral(
    const struct spki *key, struct buf *public, struct secret **shared);
/* Can ecdh_ephemeral do it? */
bool ecdh_is_key(const struct spki *key);

#endif
