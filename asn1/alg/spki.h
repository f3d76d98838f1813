/*
 * spki.h: SubjectPublicKeyInfo (RFC 5280 4.1, RFC 3279, 4055, 5480, 8410).
 */
#ifndef ASN1_ALG_SPKI_H
#define ASN1_ALG_SPKI_H

#include "asn1/alg/alg.h"

/*
 * Bounds on RSA keys, so that checking a stranger's signature costs at most
 * some ten milliseconds: up to SPKI_RSA_BITS_USUAL the exponent is below
 * 2^256, beyond it below 2^64.
 */
#define SPKI_RSA_BITS_MIN 512
#define SPKI_RSA_BITS_USUAL 4096
#define SPKI_RSA_BITS_MAX 16384
#define SPKI_RSA_EXPONENT_LEN_MAX 32
/* DSA: the prime p; its subgroup's q has 160 to 256 bits (FIPS 186-4 4.2). */
#define SPKI_DSA_BITS_MIN 512
#define SPKI_DSA_BITS_MAX 4096
#define SPKI_FINGERPRINT_LEN 32

/* A decoded public key; everything borrowed from the input. */
struct spki {
	struct bytes raw; /* the whole element */
	struct alg_id alg_id;
	/* ALG_RSA, ALG_RSA_PSS_KEY, ALG_RSA_OAEP_KEY, ALG_EC, ALG_DSA,
	 * ALG_ED25519_KEY ... or ALG_NONE: unknown */
	enum alg alg;
	enum oid curve;	       /* ALG_EC: OID_P256, OID_P384, OID_P521 */
	unsigned bits;	       /* RSA modulus, field size of the curve */
	struct bytes modulus;  /* RSA, unsigned big-endian */
	struct bytes exponent; /* RSA, unsigned big-endian */
	struct bytes point;    /* EC: uncompressed 04 x y; others: octets */
	struct bytes key_bits; /* the BIT STRING's content */
};

/*
 * Decodes and checks: RSA modulus odd, exponent odd and at least 3; EC named
 * curve and point on it; DSA numbers in their ranges; the others' exact length.
 * A key of an algorithm, curve or PSS or OAEP digest that is not known is no
 * error: alg is ALG_NONE and key_bits is set. A DSA key may lack its parameters
 * (inherited ones, RFC 3279 2.3.2): then bits is 0 and it verifies nothing.
 * On failure key is empty: CS_ERR_ENCODING, CS_ERR_UNSUPPORTED (outside the
 * bounds above, or a compressed point) and the cursor's errors.
 */
int CS_MUST_USE spki_decode(struct bytes raw, struct spki *key, struct err *e);
/*
 * A DSA key without parameters with those of the key that signed it (RFC 3279
 * 2.3.2): out borrows from both. CS_ERR_ALGORITHM: they are no such pair, or
 * key's number is none with these parameters.
 */
int CS_MUST_USE spki_inherit(
    const struct spki *key, const struct spki *from, struct spki *out);
/* SHA-256 of the whole element: a key's name in the agent's protocol. */
void spki_fingerprint(struct bytes raw, uint8_t out[SPKI_FINGERPRINT_LEN]);
/* SHA-1 of the BIT STRING's content (RFC 5280 4.2.1.2 method 1). */
void spki_key_id(const struct spki *key, uint8_t out[20]);
/*
 * Builds the element for a token's public key and appends it. What it says is
 * as the token said it: spki_decode judges. Curve: named OID; point: 04 x y
 * without OCTET STRING around it. 0, CS_ERR_ALGORITHM (no such curve or key),
 * CS_ERR_ARGUMENT (the wrong length), or b's error.
 */
int CS_MUST_USE spki_encode_rsa(
    struct buf *b, struct bytes modulus, struct bytes exponent);
int CS_MUST_USE spki_encode_ec(
    struct buf *b, enum oid curve, struct bytes point);
int CS_MUST_USE spki_encode_okp(
    struct buf *b, enum alg key_alg, struct bytes octets);
/* "RSA-2048", "RSA-PSS-2048", "RSA-OAEP-2048", "P-256", "Ed25519", else the
 * OID, into dst. */
char *spki_describe(char *dst, size_t size, const struct spki *key);
/* Octets of a signature by this key at most (RSA: exactly); 0 if it cannot
 * sign. */
size_t spki_signature_len_max(const struct spki *key);
/* Octets of an Ed25519, Ed448, X25519 or X448 public key; 0 for others. */
size_t spki_okp_len(enum alg key_alg);
/* Bits of an unsigned big-endian number without leading zero octets. */
unsigned spki_count_bits(struct bytes magnitude);

#endif
