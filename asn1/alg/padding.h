/*
 * padding.h: RSA padding (RFC 8017) done on our side, for tokens that only
 * offer the raw operation, and for encrypting to a certificate.
 */
#ifndef ASN1_ALG_PADDING_H
#define ASN1_ALG_PADDING_H

#include "asn1/alg/digest.h"
#include "asn1/alg/spki.h"
#include "asn1/secret.h"

/* DigestInfo (RFC 8017 9.2): appends the DER to b. */
int CS_MUST_USE pkcs1_digest_info(
    struct buf *b, enum alg digest, struct bytes hash);
/* EMSA-PKCS1-v1_5: em_len octets, the modulus' length, appended to b. */
int CS_MUST_USE pkcs1_pad_sign(
    struct buf *b, struct bytes digest_info, size_t em_len);
/* EMSA-PSS-ENCODE with a fresh salt; modulus_bits gives emBits. Appends
 * exactly the modulus' length (a leading zero where emBits asks for it). */
int CS_MUST_USE pss_encode(struct buf *b, enum alg digest, enum alg mgf_digest,
    size_t salt_len, struct bytes hash, unsigned modulus_bits);

/*
 * EME-PKCS1-v1_5 decoding with implicit rejection: em is the raw RSA result
 * (the modulus' length, left-padded with zeroes), want_len the length the
 * caller needs. Gives the message if the padding and its length are right,
 * else PRF(prf_key, ciphertext) of want_len octets; time and memory access
 * do not depend on which. NULL only when em is shorter than want_len + 11, or
 * without memory.
 */
struct secret *pkcs1_unpad_implicit(const struct secret *em, size_t want_len,
    struct bytes ciphertext, const struct secret *prf_key);
/*
 * As above where a module unpadded by itself: msg NULL or of another length
 * than want_len gives the PRF's answer.
 */
struct secret *pkcs1_implicit_result(const struct secret *msg, size_t want_len,
    struct bytes ciphertext, const struct secret *prf_key);

/* RSAES-OAEP parameters (RFC 4055 4.1), decoded; label borrowed. */
struct oaep_params {
	enum alg digest;
	enum alg mgf_digest;
	struct bytes label;
};
int CS_MUST_USE oaep_params_decode(
    const struct alg_id *id, struct oaep_params *params, struct err *e);
void der_put_oaep_params(struct buf *b, const struct oaep_params *params);
/* EME-OAEP decoding in constant time but for the final yes or no; NULL: bad. */
struct secret *oaep_unpad(
    const struct secret *em, const struct oaep_params *params);

/* RSAES-PKCS1-v1_5 and RSAES-OAEP encryption to a public key; appends. */
int CS_MUST_USE rsa_encrypt_pkcs1(
    const struct spki *key, const struct secret *msg, struct buf *out);
int CS_MUST_USE rsa_encrypt_oaep(const struct spki *key,
    const struct oaep_params *params, const struct secret *msg,
    struct buf *out);

#endif
