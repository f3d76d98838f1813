/*
 * keygrip.h: public keys as GnuPG writes and names them.
 */
#ifndef ASN1_ALG_KEYGRIP_H
#define ASN1_ALG_KEYGRIP_H

#include "asn1/alg/spki.h"

#define KEYGRIP_LEN 20

/*
 * Appends the key as a canonical S-expression, as libgcrypt takes it (its
 * manual, "Used S-expressions"): RSA; EC on P-256, P-384 and P-521; Ed25519.
 * CS_ERR_ALGORITHM: another key.
 */
int CS_MUST_USE spki_put_sexp(const struct spki *key, struct buf *out);
/* What names the key in gpg-agent, whatever protocol or certificate it is in.
 * CS_ERR_ALGORITHM: as above, or a key that libgcrypt does not take. */
int CS_MUST_USE spki_keygrip(const struct spki *key, uint8_t grip[KEYGRIP_LEN]);

#endif
