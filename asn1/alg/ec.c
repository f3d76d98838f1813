#include "asn1/alg/ec.h"

#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>

const struct ecc_curve *
ec_curve(enum oid curve)
{
	switch (curve) {
	case OID_P256:
		return nettle_get_secp_256r1();
	case OID_P384:
		return nettle_get_secp_384r1();
	case OID_P521:
		return nettle_get_secp_521r1();
	default:
		return NULL;
	}
}

unsigned
ec_bits(enum oid curve)
{
	const struct ecc_curve *ecc = ec_curve(curve);

	return ecc != NULL ? ecc_bit_size(ecc) : 0;
}

bool
ec_point_init(struct ecc_point *p, enum oid curve, struct bytes octets)
{
	const struct ecc_curve *ecc = ec_curve(curve);
	size_t len = (ec_bits(curve) + 7) / 8;
	mpz_t x, y;
	bool ok;

	if (ecc == NULL || octets.len != 1 + 2 * len || octets.p[0] != 4)
		return false;
	nettle_mpz_init_set_str_256_u(x, len, octets.p + 1);
	nettle_mpz_init_set_str_256_u(y, len, octets.p + 1 + len);
	ecc_point_init(p, ecc);
	ok = ecc_point_set(p, x, y) != 0;
	if (!ok)
		ecc_point_clear(p);
	mpz_clear(x);
	mpz_clear(y);
	return ok;
}
