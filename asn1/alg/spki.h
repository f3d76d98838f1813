/*
 * spki.h: SubjectPublicKeyInfo (RFC 5280 4.1, RFC 3279, 4055, 5480, 8410).
 */
#ifndef ASN1_ALG_SPKI_H
#define ASN1_ALG_SPKI_H

#include "asn1/alg/alg.h"

#define SPKI_RSA_BITS_MAX 16384
#define SPKI_FINGERPRINT_LEN 32

/* A decoded public key; everything borrowed from the input. */
struct spki {
	struct bytes raw; /* the whole element */
	struct alg_id alg_id;
	enum alg alg;	       /* ALG_RSA, ALG_RSA_PSS_KEY, ALG_EC, ALG_DSA,
				  ALG_ED25519_KEY ... or ALG_NONE: unknown */
	enum oid curve;	       /* ALG_EC: OID_P256, OID_P384, OID_P521 */
	unsigned bits;	       /* RSA modulus, field size of the curve */
	struct bytes modulus;  /* RSA, unsigned big-endian */
	struct bytes exponent; /* RSA, unsigned big-endian */
	struct bytes point;    /* EC: uncompressed 04 x y; others: octets */
	struct bytes key_bits; /* the BIT STRING's content */
};

/*
 * Decodes and checks: RSA modulus odd, 512 to SPKI_RSA_BITS_MAX bits,
 * exponent odd and at least 3; EC named curve and point on it (compressed
 * points are refused as CS_ERR_UNSUPPORTED). An unknown algorithm is no error:
 * alg is ALG_NONE and key_bits is set.
 */
int CS_MUST_USE spki_decode(struct bytes raw, struct spki *key, struct err *e);
/* SHA-256 of the whole element: a key's name in the agent's protocol. */
void spki_fingerprint(struct bytes raw, uint8_t out[SPKI_FINGERPRINT_LEN]);
/* SHA-1 of the BIT STRING's content (RFC 5280 4.2.1.2 method 1). */
void spki_key_id(const struct spki *key, uint8_t out[20]);
/* Builds the element for a token's public key. Curve: named OID. */
int spki_encode_rsa(struct buf *b, struct bytes modulus, struct bytes exponent);
int spki_encode_ec(struct buf *b, enum oid curve, struct bytes point);
int spki_encode_okp(struct buf *b, enum alg key_alg, struct bytes octets);
/* "RSA-2048", "P-256", "Ed25519" into dst. */
char *spki_describe(char *dst, size_t size, const struct spki *key);
/* Octets of a signature by this key at most (RSA: exactly). */
size_t spki_signature_len_max(const struct spki *key);

#endif
