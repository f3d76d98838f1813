/*
 * pkcs8.h: a private key as files have it: PrivateKeyInfo (RFC 5208 5) with an
 * RSAPrivateKey (RFC 8017 A.1.2) or an ECPrivateKey (RFC 5915 3). Pure.
 */
#ifndef TOKEN_PKCS8_H
#define TOKEN_PKCS8_H

#include "asn1/alg/spki.h"

/* Everything is borrowed from the input. */
struct pkcs8 {
	enum alg alg; /* ALG_RSA or ALG_EC */
	/* ALG_RSA: unsigned, big-endian */
	struct bytes modulus, exponent, private_exponent;
	struct bytes prime1, prime2, exponent1, exponent2, coefficient;
	/* ALG_EC */
	enum oid curve;
	struct bytes scalar; /* of the field's length */
	struct bytes point;  /* uncompressed, 04 x y */
};

/*
 * Decodes; whether the numbers make a key is not looked at. CS_ERR_ENCODING:
 * it is none, or an EC key without its public part; CS_ERR_ALGORITHM: neither
 * RSA nor EC on P-256, P-384 or P-521; CS_ERR_UNSUPPORTED: more than two
 * primes; and the cursor's errors. key is empty then.
 */
int CS_MUST_USE pkcs8_decode(struct bytes in, struct pkcs8 *key, struct err *e);
/* Appends its SubjectPublicKeyInfo; the errors of spki_encode_*. */
int CS_MUST_USE pkcs8_put_spki(const struct pkcs8 *key, struct buf *b);

#endif
