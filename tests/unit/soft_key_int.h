/*
 * soft_key_int.h: what soft_key.c and soft_open.c share.
 */
#ifndef TESTS_UNIT_SOFT_KEY_INT_H
#define TESTS_UNIT_SOFT_KEY_INT_H

#include <nettle/ecc.h>
#include <nettle/eddsa.h>
#include <nettle/rsa.h>

#include "tests/unit/soft_key.h"

struct soft_key {
	enum alg alg; /* ALG_RSA, ALG_EC, ALG_ED25519_KEY, ALG_X25519_KEY .. */
	enum oid curve;
	struct rsa_public_key rsa_pub;
	struct rsa_private_key rsa;
	struct ecc_scalar ec;
	uint8_t ed[ED448_KEY_SIZE]; /* Ed25519, Ed448, X25519, X448 */
	struct buf spki;
	struct cert *cert;
	const struct soft_key *lender; /* whose key it is, if not its own */
};

/* nettle's random numbers. */
void soft_random(void *ctx, size_t len, uint8_t *p);
const struct ecc_curve *soft_curve(enum oid curve);
struct soft_key *soft_ring_find(
    struct soft_ring *ring, const uint8_t key_id[32]);
/* cms_key_ops.open */
int soft_ring_open(void *ctx, const uint8_t key_id[32],
    struct bytes recipient_info, unsigned index, struct bytes content_algorithm,
    struct secret **key, struct err *e);

#endif
