#include "token/object.h"

#include <stdlib.h>
#include <string.h>

#include "token/proto.h"
#include "token/x509.h"

#define OBJECT_POINT_MAX 136 /* P-521: 133 octets in an OCTET STRING */

static void
object_clear(struct object *obj)
{
	buf_clear(&obj->id);
	buf_clear(&obj->label);
	buf_clear(&obj->value);
}

void
objects_clear(struct objects *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		object_clear(&o->all[i]);
	free(o->all);
	*o = (struct objects){0};
}

struct object *
object_add(struct objects *o, enum object_class class)
{
	struct object *all;

	if (o->n >= 3 * OBJECT_CLASS_MAX)
		return NULL;
	if (o->n % 32 == 0) {
		all = reallocarray(o->all, o->n + 32, sizeof(*all));
		if (all == NULL)
			return NULL;
		o->all = all;
	}
	o->all[o->n] = (struct object){.class = class};
	return &o->all[o->n++];
}

void
object_drop_last(struct objects *o)
{
	if (o->n > 0)
		object_clear(&o->all[--o->n]);
}

/* Takes over what the decoded key tells. */
static bool
object_take_spki(struct object *obj, struct bytes raw)
{
	struct spki spki;

	if (spki_decode(raw, &spki, NULL) != 0)
		return false;
	obj->spki = spki;
	obj->type = spki.alg;
	obj->curve = spki.curve;
	obj->modulus = spki.modulus;
	return true;
}

unsigned
object_type_flags(enum alg type)
{
	switch (type) {
	case ALG_RSA:
		return TOK_KEY_SIGN | TOK_KEY_DECRYPT;
	case ALG_RSA_OAEP_KEY:
		return TOK_KEY_DECRYPT;
	case ALG_EC:
		return TOK_KEY_SIGN | TOK_KEY_DERIVE;
	case ALG_RSA_PSS_KEY:
	case ALG_ED25519_KEY:
	case ALG_ED448_KEY:
		return TOK_KEY_SIGN;
	case ALG_X25519_KEY:
	case ALG_X448_KEY:
		return TOK_KEY_DERIVE;
	default:
		return 0;
	}
}

/* What a certificate's key usage leaves of what its type can do. */
static unsigned
object_cert_flags(const struct x509 *x, enum alg type)
{
	unsigned usage = x->has_usage ? x->usage : ~0U, flags = 0;

	if ((usage & (X509_DIGITAL_SIGNATURE | X509_NON_REPUDIATION)) != 0)
		flags |= TOK_KEY_SIGN;
	if ((usage & (X509_KEY_ENCIPHERMENT | X509_DATA_ENCIPHERMENT)) != 0)
		flags |= TOK_KEY_DECRYPT;
	if ((usage & X509_KEY_AGREEMENT) != 0)
		flags |= TOK_KEY_DERIVE;
	return flags & object_type_flags(type);
}

bool
object_set_cert(struct object *obj, struct bytes cert)
{
	struct x509 x;

	buf_reset(&obj->value);
	if (x509_peek(cert, &x) != 0 || buf_add_bytes(&obj->value, cert) != 0 ||
	    x509_peek(buf_get(&obj->value), &x) != 0 ||
	    !object_take_spki(obj, x.spki)) {
		buf_reset(&obj->value);
		return false;
	}
	obj->is_ca = x.is_ca;
	obj->flags = object_cert_flags(&x, obj->type);
	return true;
}

/* Ends an object_set_*: the value is a SubjectPublicKeyInfo, if all went
 * well. */
static bool
object_end_spki(struct object *obj, int code)
{
	if (code == 0 && obj->value.err == 0 &&
	    object_take_spki(obj, buf_get(&obj->value)))
		return true;
	buf_reset(&obj->value);
	return false;
}

static struct bytes
object_strip(struct bytes number)
{
	while (number.len > 0 && number.p[0] == 0) {
		number.p++;
		number.len--;
	}
	return number;
}

bool
object_set_rsa(struct object *obj, struct bytes modulus, struct bytes exponent)
{
	modulus = object_strip(modulus);
	exponent = object_strip(exponent);
	buf_reset(&obj->value);
	if (modulus.len == 0)
		return false;
	if (exponent.len != 0)
		return object_end_spki(
		    obj, spki_encode_rsa(&obj->value, modulus, exponent));
	if (buf_add_bytes(&obj->value, modulus) != 0)
		return false;
	obj->type = ALG_RSA;
	obj->modulus = buf_get(&obj->value);
	return true;
}

/* The curve that CKA_EC_PARAMS names, by OID or (PKCS#11 v3.0) by name. */
static enum oid
object_curve(struct bytes params)
{
	struct bytes name;
	struct der d;
	enum oid oid;

	der_init(&d, params);
	if (der_get_opt(&d, DER_PRINTABLE_STRING, &name)) {
		if (bytes_is_equal(name, BYTES_LIT("edwards25519")))
			return OID_ED25519;
		if (bytes_is_equal(name, BYTES_LIT("curve25519")))
			return OID_X25519;
		return OID_UNKNOWN;
	}
	oid = der_get_known_oid(&d, NULL);
	return der_end(&d) == 0 ? oid : OID_UNKNOWN;
}

/* PKCS#11 v2.40 2.3.3 wraps the point in an OCTET STRING; some modules do
 * not, and v3.0 has Edwards points bare as well. */
static struct bytes
object_point(struct bytes point, size_t point_len)
{
	struct bytes inner;
	struct der d;

	if (point.len == point_len)
		return point;
	der_init(&d, point);
	inner = der_get(&d, DER_OCTET_STRING);
	return der_end(&d) == 0 && inner.len == point_len ? inner : BYTES_NONE;
}

static bool
object_set_okp(struct object *obj, enum alg alg, struct bytes point)
{
	obj->type = alg;
	point = object_point(point, 32);
	if (point.len == 0)
		return false;
	return object_end_spki(obj, spki_encode_okp(&obj->value, alg, point));
}

bool
object_set_ec(struct object *obj, CK_KEY_TYPE key_type, struct bytes params,
    struct bytes point)
{
	enum oid curve = object_curve(params);
	size_t point_len;

	buf_reset(&obj->value);
	if (key_type == CKK_EC_EDWARDS && curve == OID_ED25519)
		return object_set_okp(obj, ALG_ED25519_KEY, point);
	if (key_type == OBJECT_KEY_MONTGOMERY && curve == OID_X25519)
		return object_set_okp(obj, ALG_X25519_KEY, point);
	if (key_type != CKK_EC)
		return false;
	switch (curve) {
	case OID_P256:
		point_len = 65;
		break;
	case OID_P384:
		point_len = 97;
		break;
	case OID_P521:
		point_len = 133;
		break;
	default:
		return false;
	}
	obj->type = ALG_EC;
	obj->curve = curve;
	point = object_point(point, point_len);
	if (point.len == 0)
		return false;
	return object_end_spki(obj, spki_encode_ec(&obj->value, curve, point));
}

bool
object_set_spki(struct object *obj, struct bytes spki)
{
	struct spki decoded;

	/* What the object told before stays if this is no use. */
	if (spki_decode(spki, &decoded, NULL) != 0 || decoded.alg == ALG_NONE)
		return false;
	buf_reset(&obj->value);
	return object_end_spki(obj, buf_add_bytes(&obj->value, spki));
}
