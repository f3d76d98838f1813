#include "asn1/alg/ecdh.h"

#include <nettle/bignum.h>
#include <nettle/curve25519.h>
#include <nettle/curve448.h>

#include "asn1/alg/ec.h"
#include "asn1/alg/random.h"

bool
ecdh_is_key(const struct spki *key)
{
	return key->alg == ALG_EC || key->alg == ALG_X25519_KEY ||
	       key->alg == ALG_X448_KEY;
}

static void
ecdh_random(void *ctx, size_t len, uint8_t *p)
{
	(void)ctx;
	random_fill(p, len);
}

/* Puts a point's coordinates, len octets each, into out; y may be NULL. */
static void
ecdh_put_point(
    const struct ecc_point *point, size_t len, uint8_t *x_out, uint8_t *y_out)
{
	mpz_t x, y;

	mpz_init(x);
	mpz_init(y);
	ecc_point_get(point, x, y);
	nettle_mpz_get_str_256(len, x_out, x);
	if (y_out != NULL)
		nettle_mpz_get_str_256(len, y_out, y);
	/* x may be the shared secret */
	mem_wipe(x->_mp_d, (size_t)x->_mp_alloc * sizeof(*x->_mp_d));
	mem_wipe(y->_mp_d, (size_t)y->_mp_alloc * sizeof(*y->_mp_d));
	mpz_clear(x);
	mpz_clear(y);
}

static int
ecdh_ec(const struct spki *key, struct buf *public, struct secret *shared)
{
	size_t len = secret_get_len(shared);
	struct ecc_point peer, point;
	struct ecc_scalar scalar;
	uint8_t *p;

	if (!ec_point_init(&peer, key->curve, key->point))
		return -CS_ERR_ALGORITHM;
	ecc_scalar_init(&scalar, ec_curve(key->curve));
	ecc_point_init(&point, ec_curve(key->curve));
	ecc_scalar_random(&scalar, NULL, ecdh_random);
	p = buf_reserve(public, 1 + 2 * len);
	if (p != NULL) {
		ecc_point_mul_g(&point, &scalar);
		p[0] = 4;
		ecdh_put_point(&point, len, p + 1, p + 1 + len);
		buf_grow_len(public, 1 + 2 * len);
		ecc_point_mul(&point, &scalar, &peer);
		ecdh_put_point(&point, len, secret_get(shared), NULL);
	}
	ecc_scalar_clear(&scalar); /* wipes */
	ecc_point_clear(&point);
	ecc_point_clear(&peer);
	return public->err;
}

static int
ecdh_x(const struct spki *key, struct buf *public, struct secret *shared)
{
	size_t len = secret_get_len(shared), i;
	struct secret *scalar = random_secret(len);
	uint8_t *p = buf_reserve(public, len), any = 0;

	if (scalar == NULL || p == NULL) {
		secret_free(scalar);
		return -CS_ERR_NO_MEMORY;
	}
	if (key->alg == ALG_X25519_KEY) {
		curve25519_mul_g(p, secret_get(scalar));
		curve25519_mul(
		    secret_get(shared), secret_get(scalar), key->point.p);
	} else {
		curve448_mul_g(p, secret_get(scalar));
		curve448_mul(
		    secret_get(shared), secret_get(scalar), key->point.p);
	}
	buf_grow_len(public, len);
	secret_free(scalar);
	for (i = 0; i < len; i++)
		any = (uint8_t)(any | secret_get(shared)[i]);
	return any != 0 ? 0 : -CS_ERR_ARGUMENT;
}

int
ecdh_ephemeral(
    const struct spki *key, struct buf *public, struct secret **shared)
{
	int r;

	*shared = NULL;
	if (!ecdh_is_key(key))
		return -CS_ERR_ALGORITHM;
	*shared = secret_new(
	    key->alg == ALG_EC ? (key->bits + 7) / 8 : spki_okp_len(key->alg));
	if (*shared == NULL)
		return -CS_ERR_NO_MEMORY;
	r = key->alg == ALG_EC ? ecdh_ec(key, public, *shared)
			       : ecdh_x(key, public, *shared);
	if (r != 0) {
		secret_free(*shared);
		*shared = NULL;
	}
	return r;
}
