#include "tests/unit/rsa_key.h"

#include <string.h>

#include "tests/unit/unit.h"

/* p and q have both top bits set, so that n has all its bits. */
static void
rsa_key_prime(mpz_t x, gmp_randstate_t state, unsigned bits)
{
	mpz_urandomb(x, state, bits);
	mpz_setbit(x, bits - 1);
	mpz_setbit(x, bits - 2);
	mpz_nextprime(x, x);
}

void
rsa_key_init(struct rsa_key *k, unsigned p_bits, unsigned q_bits)
{
	gmp_randstate_t state;
	uint8_t octets[RSA_KEY_LEN_MAX], e[3] = {1, 0, 1};
	mpz_t p, q, phi;
	size_t len;

	gmp_randinit_default(state);
	gmp_randseed_ui(state, 20240607);
	mpz_inits(k->n, k->d, p, q, phi, NULL);
	do {
		rsa_key_prime(p, state, p_bits);
		rsa_key_prime(q, state, q_bits);
		mpz_mul(k->n, p, q);
		mpz_sub_ui(p, p, 1);
		mpz_sub_ui(q, q, 1);
		mpz_mul(phi, p, q);
		mpz_set_ui(k->d, 65537);
	} while (mpz_invert(k->d, k->d, phi) == 0);
	mpz_export(octets, &len, 1, 1, 1, 0, k->n);
	buf_init(&k->spki, 0);
	unit_assert_code(
	    spki_encode_rsa(&k->spki, bytes_of(octets, len), bytes_of(e, 3)),
	    0);
	unit_assert_code(spki_decode(buf_get(&k->spki), &k->key, NULL), 0);
	ck_assert_uint_eq(k->key.bits, p_bits + q_bits);
	mpz_clears(p, q, phi, NULL);
	gmp_randclear(state);
}

void
rsa_key_clear(struct rsa_key *k)
{
	mpz_clears(k->n, k->d, NULL);
	buf_clear(&k->spki);
}

void
rsa_key_apply(const struct rsa_key *k, struct bytes in, uint8_t *out)
{
	size_t len = k->key.modulus.len, got;
	mpz_t x;

	ck_assert_uint_eq(in.len, len);
	mpz_init(x);
	mpz_import(x, in.len, 1, 1, 1, 0, in.p);
	mpz_powm(x, x, k->d, k->n);
	memset(out, 0, len);
	got = (mpz_sizeinbase(x, 2) + 7) / 8;
	mpz_export(out + len - got, NULL, 1, 1, 1, 0, x);
	mpz_clear(x);
}
