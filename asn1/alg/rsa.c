#include "asn1/alg/rsa.h"

#include <gmp.h>
#include <nettle/bignum.h>

bool
rsa_public(const struct spki *key, struct bytes in, uint8_t *out)
{
	mpz_t n, e, x;
	bool ok;

	if (in.len != key->modulus.len || in.len == 0)
		return false;
	nettle_mpz_init_set_str_256_u(n, key->modulus.len, key->modulus.p);
	nettle_mpz_init_set_str_256_u(e, key->exponent.len, key->exponent.p);
	nettle_mpz_init_set_str_256_u(x, in.len, in.p);
	ok = mpz_cmp(x, n) < 0;
	if (ok) {
		mpz_powm(x, x, e, n);
		nettle_mpz_get_str_256(in.len, out, x);
	}
	mpz_clear(n);
	mpz_clear(e);
	mpz_clear(x);
	return ok;
}

static void
rsa_wipe(mpz_t x)
{
	size_t limbs = mpz_size(x);

	if (limbs != 0)
		mem_wipe(mpz_limbs_modify(x, (mp_size_t)limbs),
		    limbs * sizeof(mp_limb_t));
	mpz_limbs_finish(x, 0);
	mpz_clear(x);
}

bool
rsa_public_secret(const struct spki *key, struct bytes in, uint8_t *out)
{
	mpz_t n, e, x, y;
	bool ok;

	if (in.len != key->modulus.len || in.len == 0)
		return false;
	nettle_mpz_init_set_str_256_u(n, key->modulus.len, key->modulus.p);
	nettle_mpz_init_set_str_256_u(e, key->exponent.len, key->exponent.p);
	nettle_mpz_init_set_str_256_u(x, in.len, in.p);
	mpz_init(y);
	ok = mpz_cmp(x, n) < 0;
	if (ok) {
		/* powm_sec: time does not depend on the message */
		mpz_powm_sec(y, x, e, n);
		nettle_mpz_get_str_256(in.len, out, y);
	}
	mpz_clear(n);
	mpz_clear(e);
	mpz_clear(y);
	rsa_wipe(x);
	return ok;
}
