/*
 * padding.h: RSA padding (RFC 8017) done on our side, for tokens that only
 * offer the raw operation, and for encrypting to a certificate.
 */
#ifndef ASN1_ALG_PADDING_H
#define ASN1_ALG_PADDING_H

#include "asn1/alg/digest.h"
#include "asn1/alg/spki.h"
#include "asn1/secret.h"

/*
 * DigestInfo (RFC 8017 9.2): appends the DER to b. CS_ERR_ALGORITHM: no
 * digest. CS_ERR_ARGUMENT: hash has another length than the digest.
 */
int CS_MUST_USE pkcs1_digest_info(
    struct buf *b, enum alg digest, struct bytes hash);
/* Exactly one DigestInfo of a digest in the table, NULL parameters or none;
 * hash is borrowed. CS_ERR_ENCODING: it is none. */
int CS_MUST_USE pkcs1_digest_info_decode(
    struct bytes der, enum alg *digest, struct bytes *hash);
/* EMSA-PKCS1-v1_5: em_len octets, the modulus' length, appended to b.
 * CS_ERR_ARGUMENT: it does not fit. */
int CS_MUST_USE pkcs1_pad_sign(
    struct buf *b, struct bytes digest_info, size_t em_len);
/*
 * EMSA-PSS-ENCODE with a fresh salt; modulus_bits gives emBits. Appends
 * exactly the modulus' length (a leading zero where emBits asks for it).
 * CS_ERR_ALGORITHM: no digest. CS_ERR_ARGUMENT: it does not fit, or hash has
 * another length than the digest.
 */
int CS_MUST_USE pss_encode(struct buf *b, enum alg digest, enum alg mgf_digest,
    size_t salt_len, struct bytes hash, unsigned modulus_bits);

/*
 * EME-PKCS1-v1_5 decoding with implicit rejection: em is the raw RSA result
 * (the modulus' length, left-padded with zeroes), want_len the length the
 * caller needs. Gives the message if the padding and its length are right,
 * else PRF(prf_key, ciphertext) of want_len octets; time and memory access
 * depend on the lengths alone, not on which. NULL only when em is shorter than
 * want_len + 11, or without memory.
 *
 * The PRF, with HMAC-SHA256, || joining and I4 a number as four octets, high
 * first:
 *	D = HMAC(prf_key, "cardseal implicit rejection 1" || C)
 *	answer = HMAC(D, I4(0) || I4(want_len)) ||
 *	    HMAC(D, I4(1) || I4(want_len)) || ...	cut to want_len
 * C is the ciphertext without its leading zero octets, so that two spellings
 * of one number get one answer. The length is in, so that answers of two
 * lengths to one ciphertext have nothing in common; a prefix would tell that
 * both were made up.
 *
 * prf_key: 32 octets that belong to this RSA key, the same after a restart.
 * The caller sees to it that the ciphertext is below the modulus: c and c + n
 * would decrypt alike and be rejected unlike, which tells.
 */
struct secret *pkcs1_unpad_implicit(const struct secret *em, size_t want_len,
    struct bytes ciphertext, const struct secret *prf_key);
/*
 * As above where a module unpadded by itself: msg NULL or of another length
 * than want_len gives the PRF's answer. The module's own time is what it is.
 */
struct secret *pkcs1_implicit_result(const struct secret *msg, size_t want_len,
    struct bytes ciphertext, const struct secret *prf_key);

/* RSAES-OAEP parameters (RFC 4055 4.1), decoded; label borrowed. */
struct oaep_params {
	enum alg digest;
	enum alg mgf_digest;
	struct bytes label;
};
/*
 * CS_ERR_ALGORITHM: not RSAES-OAEP, an unknown or broken digest, another mask
 * function than MGF1. CS_ERR_UNSUPPORTED: another source of the label.
 * CS_ERR_ENCODING and the cursor's: bad parameters; they must be there.
 */
int CS_MUST_USE oaep_params_decode(
    const struct alg_id *id, struct oaep_params *params, struct err *e);
/* What to encrypt with to such a key: an id-RSAES-OAEP key's own parameters
 * (RFC 4055 4), else SHA-256 throughout. */
void oaep_params_choose(const struct spki *key, struct oaep_params *params);
/* The whole AlgorithmIdentifier, defaults left out. */
void der_put_oaep_params(struct buf *b, const struct oaep_params *params);
/* EME-OAEP decoding in constant time but for the final yes or no; em as in
 * pkcs1_unpad_implicit. NULL: bad, or without memory. */
struct secret *oaep_unpad(
    const struct secret *em, const struct oaep_params *params);

/*
 * RSAES-PKCS1-v1_5 and RSAES-OAEP encryption to a public key; appends the
 * modulus' length. CS_ERR_ALGORITHM: not an rsaEncryption key (for OAEP:
 * nor an id-RSAES-OAEP one), or no digest.
 * CS_ERR_ARGUMENT: the message is too long for the key.
 */
int CS_MUST_USE rsa_encrypt_pkcs1(
    const struct spki *key, const struct secret *msg, struct buf *out);
int CS_MUST_USE rsa_encrypt_oaep(const struct spki *key,
    const struct oaep_params *params, const struct secret *msg,
    struct buf *out);

#endif
