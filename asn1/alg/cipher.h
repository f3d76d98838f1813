/*
 * cipher.h: content encryption as streams: CBC with CMS padding (RFC 5652
 * 6.3), GCM (RFC 5084), ChaCha20-Poly1305 (RFC 8103).
 *
 * Parameters: CBC carries its IV as an OCTET STRING, GCM GCMParameters,
 * ChaCha20-Poly1305 its nonce as an OCTET STRING.
 */
#ifndef ASN1_ALG_CIPHER_H
#define ASN1_ALG_CIPHER_H

#include "asn1/alg/alg.h"
#include "asn1/secret.h"

#define CIPHER_IV_MAX 16
#define CIPHER_TAG_MAX 16
#define CIPHER_BLOCK_MAX 16

/* A content-encryption algorithm with its parameters, decoded. */
struct cipher_params {
	enum alg alg;
	uint8_t iv[CIPHER_IV_MAX]; /* IV or nonce */
	size_t iv_len;
	size_t tag_len;	   /* AEAD: 12 to 16; else 0 */
	unsigned rc2_bits; /* RC2: effective key bits; else 0 */
};

/*
 * Decodes strictly: the exact IV length of the cipher (GCM nonce: 12 octets
 * to CIPHER_IV_MAX), tag length 12 to 16 (absent: 12), RC2 with 40, 64 or 128
 * bits (RFC 3370 5.2). CS_ERR_ALGORITHM for an unknown algorithm (named in e),
 * CS_ERR_ENCODING for bad parameters.
 */
int CS_MUST_USE cipher_params_decode(
    const struct alg_id *id, struct cipher_params *params, struct err *e);
/* Fresh random IV, tag of 16. CS_ERR_ALGORITHM: no cipher, or one that is
 * only read (RC2). */
int CS_MUST_USE cipher_params_new(enum alg alg, struct cipher_params *params);
/* The whole AlgorithmIdentifier; a tag length of 12 is GCM's default. */
void der_put_cipher_params(struct buf *b, const struct cipher_params *params);
/* Do algorithm, IV and tag length go together as cipher_params_decode asks? */
bool cipher_params_is_valid(const struct cipher_params *params);
bool cipher_is_aead(enum alg alg);
/* 0: no cipher, or one whose keys have a length of their own in each message
 * (RC2). */
size_t cipher_key_len(enum alg alg);
/* The same with parameters at hand, which tell RC2's, too. */
size_t cipher_params_key_len(const struct cipher_params *params);
/*
 * Octets of the key that an AlgorithmIdentifier of content encryption, or of a
 * MAC (RFC 5652 9.1: as long as its output), asks for. 0:
 * another algorithm, or bad parameters where these tell the length.
 */
size_t content_key_len(const struct alg_id *id);

struct cipher;

/*
 * NULL: no memory, wrong parameters, a key of another length than
 * cipher_params_key_len, a DES key known as weak, or aad without AEAD. The key
 * is copied in, to ordinary memory, and wiped on free. aad is hashed at once;
 * empty for none. One thread at a time.
 */
struct cipher *cipher_new_encrypt(const struct cipher_params *params,
    const struct secret *key, struct bytes aad);
struct cipher *cipher_new_decrypt(const struct cipher_params *params,
    const struct secret *key, struct bytes aad);
void cipher_free(struct cipher *c);

/*
 * Encrypts or decrypts all of in; out has room for in.len + CIPHER_BLOCK_MAX
 * octets; sets *out_len. CBC decryption holds the last block back for its
 * padding. out does not overlap in, or is in.p itself: then the lengths of all
 * earlier writes were multiples of CIPHER_BLOCK_MAX. AEAD plaintext is not to
 * be believed before cipher_finish_decrypt. CS_ERR_TOO_LARGE: more than the
 * cipher may do under one IV (GCM: 64 GiB).
 */
int CS_MUST_USE cipher_write(
    struct cipher *c, struct bytes in, uint8_t *out, size_t *out_len);
/* Encryption: padding out (up to CIPHER_BLOCK_MAX), then cipher_get_tag. */
int CS_MUST_USE cipher_finish_encrypt(
    struct cipher *c, uint8_t *out, size_t *out_len);
/* The AEAD tag, params.tag_len octets, borrowed until free. After
 * cipher_finish_encrypt only. */
struct bytes cipher_get_tag(struct cipher *c);
/*
 * Decryption: checks the tag (AEAD; constant time) or takes the padding off
 * (CBC; gives up to CIPHER_BLOCK_MAX octets). CS_ERR_AUTH_TAG: another tag, or
 * one of another length than the parameters say. CS_ERR_DECRYPT: bad padding,
 * nothing at all, or not whole blocks. CS_ERR_INTERNAL: it was made to encrypt.
 */
int CS_MUST_USE cipher_finish_decrypt(
    struct cipher *c, struct bytes tag, uint8_t *out, size_t *out_len);

#endif
