#include "asn1/alg/spki.h"

#include "asn1/alg/dsa.h"
#include "asn1/alg/ec.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/rsa.h"

unsigned
spki_count_bits(struct bytes magnitude)
{
	unsigned bits = (unsigned)magnitude.len * 8, top;

	if (magnitude.len == 0)
		return 0;
	for (top = 0x80; top > magnitude.p[0] && bits > 0; top >>= 1)
		bits--;
	return bits;
}

static int
spki_check_rsa(struct spki *key, struct err *e)
{
	struct bytes n, exponent;
	struct der d, in;
	unsigned bits;

	der_init(&d, key->key_bits);
	in = der_enter(&d, DER_SEQUENCE);
	n = der_get_unsigned(&in);
	exponent = der_get_unsigned(&in);
	if (der_end(&in) != 0)
		return der_err(&in, e, "RSA public key");
	if (der_end(&d) != 0)
		return der_err(&d, e, "RSA public key");
	if (n.len > RSA_LEN_MAX)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "RSA public key: the modulus is over %d bits",
		    SPKI_RSA_BITS_MAX);
	bits = spki_count_bits(n);
	if (bits < SPKI_RSA_BITS_MIN)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "RSA public key: a modulus of %u bits is too short", bits);
	if (exponent.len > SPKI_RSA_EXPONENT_LEN_MAX ||
	    (bits > SPKI_RSA_BITS_USUAL && exponent.len > sizeof(uint64_t)))
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "RSA public key: the exponent is too long");
	if ((n.p[n.len - 1] & 1) == 0)
		return err_set(
		    e, -CS_ERR_ENCODING, "RSA public key: the modulus is even");
	if ((exponent.p[exponent.len - 1] & 1) == 0 ||
	    (exponent.len == 1 && exponent.p[0] < 3))
		return err_set(e, -CS_ERR_ENCODING,
		    "RSA public key: the exponent is even or 1");
	key->modulus = n;
	key->exponent = exponent;
	key->bits = bits;
	return 0;
}

/* The restrictions in an RSASSA-PSS key (RFC 4055 1.2) must be known ones;
 * likewise RSAES-OAEP's. */
static int
spki_check_rsa_scheme(struct spki *key, struct err *e)
{
	struct pss_params pss;
	struct oaep_params oaep;
	int r = 0;

	if (key->alg_id.params.len != 0)
		r = key->alg == ALG_RSA_PSS_KEY
			? pss_params_decode(key->alg_id.params, &pss, e)
			: oaep_params_decode(&key->alg_id, &oaep, e);
	if (r == -CS_ERR_ALGORITHM || r == -CS_ERR_UNSUPPORTED) {
		key->alg = ALG_NONE;
		err_clear(e);
		return 0;
	}
	return r != 0 ? r : spki_check_rsa(key, e);
}

static int
spki_check_ec(struct spki *key, struct err *e)
{
	size_t len;
	struct ecc_point point;
	struct der d;
	enum oid curve;

	der_init(&d, key->alg_id.params);
	curve =
	    der_peek(&d) == DER_OID ? der_get_known_oid(&d, NULL) : OID_UNKNOWN;
	if (ec_curve(curve) == NULL) {
		/* another curve, or its numbers spelled out */
		key->alg = ALG_NONE;
		return 0;
	}
	if (der_end(&d) != 0)
		return der_err(&d, e, "EC public key");
	len = (ec_bits(curve) + 7) / 8;
	if (key->key_bits.len == 1 + len &&
	    (key->key_bits.p[0] == 2 || key->key_bits.p[0] == 3))
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "EC public key: compressed points are not supported");
	if (!ec_point_init(&point, curve, key->key_bits))
		return err_set(e, -CS_ERR_ENCODING,
		    "EC public key: this is no point of %s", oid_name(curve));
	ecc_point_clear(&point);
	key->curve = curve;
	key->bits = ec_bits(curve);
	key->point = key->key_bits;
	return 0;
}

size_t
spki_okp_len(enum alg key_alg)
{
	switch (key_alg) {
	case ALG_ED25519_KEY:
	case ALG_X25519_KEY:
		return 32;
	case ALG_ED448_KEY:
		return 57;
	case ALG_X448_KEY:
		return 56;
	default:
		return 0;
	}
}

/* RFC 8410 3 and 4: no parameters, the octets as they are. */
static int
spki_check_okp(struct spki *key, struct err *e)
{
	const char *name = alg_name(key->alg);

	if (key->alg_id.params.len != 0)
		return err_set(e, -CS_ERR_ENCODING,
		    "%s public key: there are parameters", name);
	if (key->key_bits.len != spki_okp_len(key->alg))
		return err_set(e, -CS_ERR_ENCODING,
		    "%s public key: %zu octets instead of %zu", name,
		    key->key_bits.len, spki_okp_len(key->alg));
	/* RFC 8032 5.2.2: one bit for the sign, the others zero */
	if (key->alg == ALG_ED448_KEY && (key->key_bits.p[56] & 0x7f) != 0)
		return err_set(e, -CS_ERR_ENCODING,
		    "%s public key: the last octet is no sign", name);
	key->point = key->key_bits;
	key->bits = key->alg == ALG_ED25519_KEY || key->alg == ALG_X25519_KEY
			? 255
			: 448;
	return 0;
}

static int
spki_check(struct spki *key, struct err *e)
{
	switch (key->alg) {
	case ALG_RSA:
		if (!alg_id_is_plain(&key->alg_id))
			return err_set(e, -CS_ERR_ENCODING,
			    "RSA public key: there are parameters");
		return spki_check_rsa(key, e);
	case ALG_RSA_PSS_KEY:
	case ALG_RSA_OAEP_KEY:
		return spki_check_rsa_scheme(key, e);
	case ALG_EC:
		return spki_check_ec(key, e);
	case ALG_DSA:
		return dsa_check(key, e);
	case ALG_NONE:
		return 0;
	default:
		return spki_check_okp(key, e);
	}
}

static int
spki_parse(struct bytes raw, struct spki *key, struct err *e)
{
	struct der d, in;
	unsigned unused;

	der_init(&d, raw);
	in = der_enter(&d, DER_SEQUENCE);
	der_get_alg_id(&in, &key->alg_id);
	key->key_bits = der_get_bits(&in, &unused);
	if (unused != 0)
		der_fail(&in, -CS_ERR_ENCODING);
	if (der_end(&in) != 0)
		return der_err(&in, e, "public key");
	if (der_end(&d) != 0)
		return der_err(&d, e, "public key");
	key->raw = raw;
	key->alg = alg_find_oid(key->alg_id.known, ALG_KIND_PUBLIC_KEY);
	return spki_check(key, e);
}

int
spki_decode(struct bytes raw, struct spki *key, struct err *e)
{
	int r;

	*key = (struct spki){0};
	r = spki_parse(raw, key, e);
	if (r != 0)
		*key = (struct spki){0};
	return r;
}

int
spki_inherit(const struct spki *key, const struct spki *from, struct spki *out)
{
	*out = *key;
	if (key->alg == ALG_DSA && key->bits == 0 && from->alg == ALG_DSA &&
	    from->bits != 0) {
		out->alg_id.params = from->alg_id.params;
		if (dsa_check(out, NULL) == 0)
			return 0;
	}
	*out = (struct spki){0};
	return -CS_ERR_ALGORITHM;
}
