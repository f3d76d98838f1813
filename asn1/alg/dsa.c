#include "asn1/alg/dsa.h"

#include <nettle/bignum.h>
#include <nettle/dsa.h>

struct dsa_numbers {
	struct bytes p, q, g, y;
};

static int
dsa_get(const struct spki *key, struct dsa_numbers *numbers)
{
	struct der d, in;

	*numbers = (struct dsa_numbers){0};
	der_init(&d, key->key_bits);
	numbers->y = der_get_unsigned(&d);
	if (der_end(&d) != 0)
		return der_check(&d);
	if (alg_id_is_plain(&key->alg_id))
		return 0;
	der_init(&d, key->alg_id.params);
	in = der_enter(&d, DER_SEQUENCE);
	numbers->p = der_get_unsigned(&in);
	numbers->q = der_get_unsigned(&in);
	numbers->g = der_get_unsigned(&in);
	return der_end(&in) != 0 ? der_check(&in) : der_end(&d);
}

/* 1 < x < p - 1 for an odd p: neither trivial group element. */
static bool
dsa_is_element(struct bytes x, struct bytes p)
{
	uint8_t top[SPKI_DSA_BITS_MAX / 8];
	size_t i;

	if (x.len == 0 || (x.len == 1 && x.p[0] < 2) || x.len > p.len)
		return false;
	if (x.len < p.len)
		return true;
	for (i = 0; i < p.len; i++)
		top[i] = p.p[i];
	top[p.len - 1] &= 0xfe;
	return bytes_compare(x, bytes_of(top, p.len)) < 0;
}

int
dsa_check(struct spki *key, struct err *e)
{
	struct dsa_numbers n;
	unsigned p_bits, q_bits;
	int r = dsa_get(key, &n);

	if (r != 0)
		return err_set(e, r, "DSA public key: %s", err_text(r));
	if (n.p.len == 0)
		return 0;
	if (n.p.len > SPKI_DSA_BITS_MAX / 8 || n.q.len > DSA_Q_LEN_MAX)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "DSA public key: a number is too long");
	p_bits = spki_count_bits(n.p);
	q_bits = spki_count_bits(n.q);
	if (p_bits < SPKI_DSA_BITS_MIN || q_bits < 160)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "DSA public key: p of %u and q of %u bits are too short",
		    p_bits, q_bits);
	if ((n.p.p[n.p.len - 1] & 1) == 0 || (n.q.p[n.q.len - 1] & 1) == 0 ||
	    !dsa_is_element(n.g, n.p) || !dsa_is_element(n.y, n.p))
		return err_set(e, -CS_ERR_ENCODING,
		    "DSA public key: its numbers are no key");
	key->bits = p_bits;
	return 0;
}

static void
dsa_set(mpz_t x, struct bytes magnitude)
{
	nettle_mpz_set_str_256_u(x, magnitude.len, magnitude.p);
}

bool
dsa_check_signature(
    const struct spki *key, struct bytes hash, struct bytes r, struct bytes s)
{
	struct dsa_numbers n;
	struct dsa_params params;
	struct dsa_signature signature;
	mpz_t y;
	bool ok;

	if (dsa_get(key, &n) != 0 || n.p.len == 0)
		return false;
	dsa_params_init(&params);
	dsa_signature_init(&signature);
	mpz_init(y);
	dsa_set(params.p, n.p);
	dsa_set(params.q, n.q);
	dsa_set(params.g, n.g);
	dsa_set(y, n.y);
	dsa_set(signature.r, r);
	dsa_set(signature.s, s);
	ok = dsa_verify(&params, y, hash.len, hash.p, &signature) != 0;
	mpz_clear(y);
	dsa_signature_clear(&signature);
	dsa_params_clear(&params);
	return ok;
}
