#include "token/pkcs8.h"

static void
pkcs8_get_rsa(struct der *d, struct pkcs8 *key)
{
	struct der seq = der_enter(d, DER_SEQUENCE);

	if (der_get_uint(&seq, 1) != 0) /* version: multi */
		der_fail(&seq, -CS_ERR_UNSUPPORTED);
	key->alg = ALG_RSA;
	key->modulus = der_get_unsigned(&seq);
	key->exponent = der_get_unsigned(&seq);
	key->private_exponent = der_get_unsigned(&seq);
	key->prime1 = der_get_unsigned(&seq);
	key->prime2 = der_get_unsigned(&seq);
	key->exponent1 = der_get_unsigned(&seq);
	key->exponent2 = der_get_unsigned(&seq);
	key->coefficient = der_get_unsigned(&seq);
	(void)der_leave(d, &seq);
}

/* The curve may be named inside as well; the outer one counts, and must be
 * there (RFC 5958 has no key without). */
static void
pkcs8_get_ec(struct der *d, struct pkcs8 *key)
{
	struct der seq = der_enter(d, DER_SEQUENCE), inner;
	unsigned unused = 0;

	if (der_get_uint(&seq, 1) != 1) /* version: ecPrivkeyVer1 */
		der_fail(&seq, -CS_ERR_UNSUPPORTED);
	key->alg = ALG_EC;
	key->scalar = der_get(&seq, DER_OCTET_STRING);
	if (der_enter_opt(&seq, DER_CONTEXT_C(0), &inner)) {
		if (der_get_known_oid(&inner, NULL) != key->curve)
			der_fail(&inner, -CS_ERR_ENCODING);
		(void)der_leave(&seq, &inner);
	}
	inner = der_enter(&seq, DER_CONTEXT_C(1));
	key->point = der_get_bits(&inner, &unused);
	if (unused != 0)
		der_fail(&inner, -CS_ERR_ENCODING);
	(void)der_leave(&seq, &inner);
	(void)der_leave(d, &seq);
}

static void
pkcs8_get_key(struct der *d, enum oid alg, enum oid curve, struct pkcs8 *key)
{
	key->curve = curve;
	if (alg == OID_RSA)
		pkcs8_get_rsa(d, key);
	else if (alg == OID_EC_PUBLIC_KEY &&
		 (curve == OID_P256 || curve == OID_P384 || curve == OID_P521))
		pkcs8_get_ec(d, key);
	else
		der_fail(d, -CS_ERR_ALGORITHM);
}

int
pkcs8_decode(struct bytes in, struct pkcs8 *key, struct err *e)
{
	struct der d, seq, id, inner;
	enum oid alg, curve = OID_UNKNOWN;
	struct bytes attributes;
	int r;

	*key = (struct pkcs8){0};
	der_init(&d, in);
	seq = der_enter(&d, DER_SEQUENCE);
	(void)der_get_uint(&seq, 1); /* version: of RFC 5958, too */
	id = der_enter(&seq, DER_SEQUENCE);
	alg = der_get_known_oid(&id, NULL);
	if (der_peek(&id) == DER_OID)
		curve = der_get_known_oid(&id, NULL);
	else if (der_peek(&id) == DER_NULL)
		der_get_null(&id);
	else if (der_has_more(&id))
		der_skip(&id);
	(void)der_leave(&seq, &id);
	der_init_in(&inner, &seq, der_get(&seq, DER_OCTET_STRING));
	(void)der_get_opt(&seq, DER_CONTEXT_C(0), &attributes);
	(void)der_get_opt(&seq, DER_CONTEXT(1), &attributes);
	(void)der_leave(&d, &seq);
	r = der_end(&d);
	if (r == 0) {
		pkcs8_get_key(&inner, alg, curve, key);
		r = der_end(&inner);
	}
	if (r == 0)
		return 0;
	*key = (struct pkcs8){0};
	return err_set(e, r, "the private key: %s", err_text(r));
}

int
pkcs8_put_spki(const struct pkcs8 *key, struct buf *b)
{
	return key->alg == ALG_RSA
		   ? spki_encode_rsa(b, key->modulus, key->exponent)
		   : spki_encode_ec(b, key->curve, key->point);
}
