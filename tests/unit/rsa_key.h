/*
 * rsa_key.h: an RSA key with its private part for a test, made on the spot
 * from a fixed seed. No private key stands in the tree.
 */
#ifndef TESTS_UNIT_RSA_KEY_H
#define TESTS_UNIT_RSA_KEY_H

#include <gmp.h>

#include "asn1/alg/spki.h"

#define RSA_KEY_LEN_MAX 512

struct rsa_key {
	mpz_t n, d;
	struct buf spki;
	struct spki key;
};

/* The modulus has p_bits + q_bits bits, the exponent is 65537. */
void rsa_key_init(struct rsa_key *k, unsigned p_bits, unsigned q_bits);
void rsa_key_clear(struct rsa_key *k);
/* The private operation: in and out have the modulus' length. */
void rsa_key_apply(const struct rsa_key *k, struct bytes in, uint8_t *out);

#endif
