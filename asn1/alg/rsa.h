/*
 * rsa.h: the raw RSA public operation, and the parameters of PSS and OAEP,
 * for this folder.
 */
#ifndef ASN1_ALG_RSA_H
#define ASN1_ALG_RSA_H

#include "asn1/alg/spki.h"

/* Octets of the largest modulus. */
#define RSA_LEN_MAX (SPKI_RSA_BITS_MAX / 8)
/* Octets of EMSA- and EME-PKCS1-v1_5 (RFC 8017 9.2, 7.2.1) around what they
 * carry: 00, type, eight or more of padding, 00. */
#define RSA_PKCS1_OVERHEAD 11

/*
 * RSAVP1 (RFC 8017 5.2.2): out gets key->modulus.len octets. in has exactly
 * that many and is below the modulus, else false.
 */
bool CS_MUST_USE rsa_public(
    const struct spki *key, struct bytes in, uint8_t *out);
/* RSAEP (5.1.1): the same for an in that is secret; out may be public. */
bool CS_MUST_USE rsa_public_secret(
    const struct spki *key, struct bytes in, uint8_t *out);

/* RSASSA-PSS-params (RFC 4055 3.1). */
struct pss_params {
	enum alg digest;
	enum alg mgf_digest;
	unsigned salt_len;
};
#define PSS_SALT_MAX 512

/*
 * From the parameters element. CS_ERR_ENCODING, CS_ERR_ALGORITHM (digest or
 * mask function unknown), CS_ERR_UNSUPPORTED (trailer other than 1, salt over
 * PSS_SALT_MAX).
 */
int CS_MUST_USE pss_params_decode(
    struct bytes params, struct pss_params *out, struct err *e);
/* The parameters element, defaults left out as DER wants. */
void der_put_pss_params(struct buf *b, const struct pss_params *params);

/* [0] digest and [1] MGF1 with its digest, which PSS and OAEP share. */
int CS_MUST_USE rsa_params_get(
    struct der *d, enum alg *digest, enum alg *mgf_digest, struct err *e);
void der_put_rsa_params(struct buf *b, enum alg digest, enum alg mgf_digest);

/*
 * EMSA-PSS-VERIFY (RFC 8017 9.1.2) of em, the modulus' length, as RSAVP1
 * gave it. False: inconsistent.
 */
bool CS_MUST_USE pss_verify(struct bytes em, unsigned modulus_bits,
    const struct pss_params *params, struct bytes hash);

#endif
