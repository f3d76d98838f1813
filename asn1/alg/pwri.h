/*
 * pwri.h: the key wrap of PasswordRecipientInfo, id-alg-PWRI-KEK (RFC 3211
 * 2.3, RFC 3370 4.4.2): a block cipher in CBC mode, twice over.
 */
#ifndef ASN1_ALG_PWRI_H
#define ASN1_ALG_PWRI_H

#include "asn1/alg/cipher.h"

/* Octets of a key that can be wrapped: its length is one octet. */
#define PWRI_KEY_MIN 3
#define PWRI_KEY_MAX 255

/*
 * From and to the AlgorithmIdentifier id-alg-PWRI-KEK, whose parameters name
 * the cipher with its IV. CS_ERR_ALGORITHM: another algorithm, or a cipher that
 * is no CBC; else as cipher_params_decode.
 */
int CS_MUST_USE pwri_params_decode(
    const struct alg_id *id, struct cipher_params *cipher, struct err *e);
void der_put_pwri_params(struct buf *b, const struct cipher_params *cipher);

/* Appends the wrapped key. kek: cipher_key_len octets. CS_ERR_ARGUMENT: a
 * length that is not allowed. */
int CS_MUST_USE pwri_wrap(const struct cipher_params *cipher,
    const struct secret *kek, const struct secret *key, struct buf *out);
/* NULL: the length or the check octets are wrong (of false keys one in 2^24
 * passes), or no memory. */
struct secret *pwri_unwrap(const struct cipher_params *cipher,
    const struct secret *kek, struct bytes wrapped);

#endif
