/* key.c: what the agent lists, as PKCS#11 objects (v2.40, 4.6 to 4.9). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/pkcs11/p11.h"
#include "client/pkix/cert.h"

/* PKCS#11 v3.0, 4.14 and 2.3.8: not in p11-kit's header. */
#define P11_CKK_EC_MONTGOMERY 0x41UL
#define P11_CKO_PROFILE 9UL
#define P11_CKA_PROFILE_ID 0x601UL
#define P11_CKP_PUBLIC_CERTIFICATES_TOKEN 4UL

static void
put_common(struct p11_object *o, bool is_private, struct bytes label)
{
	o->is_private = is_private;
	p11_object_put_bool(o, CKA_TOKEN, true);
	p11_object_put_bool(o, CKA_PRIVATE, is_private);
	p11_object_put_bool(o, CKA_MODIFIABLE, false);
	p11_object_put_bool(o, CKA_COPYABLE, false);
	p11_object_put_bool(o, CKA_DESTROYABLE, false);
	p11_object_put_bytes(o, CKA_LABEL, label);
}

/* An object is the same one as before if it has the same id, and the same key
 * or certificate, or whatever content stands for it. Its name may be another:
 * that of a private key is not seen before the login. */
static int
add(struct p11_objects *objects, struct p11_object *o, struct bytes id,
    struct bytes content)
{
	struct buf b = {0};

	if (o != NULL && o->data.err == 0) {
		(void)buf_add(&b, &o->class, sizeof(o->class));
		der_put(&b, DER_OCTET_STRING, id);
		(void)buf_add_bytes(&b, content);
		if (b.err == 0)
			digest_of(ALG_SHA256, buf_get(&b), o->identity);
		else
			o->data.err = b.err;
		buf_clear(&b);
	}
	return p11_objects_add(objects, o);
}

static CK_KEY_TYPE
key_type(const struct spki *spki)
{
	switch (spki->alg) {
	case ALG_RSA:
	case ALG_RSA_PSS_KEY:
		return CKK_RSA;
	case ALG_EC:
		return CKK_EC;
	case ALG_ED25519_KEY:
	case ALG_ED448_KEY:
		return CKK_EC_EDWARDS;
	case ALG_X25519_KEY:
	case ALG_X448_KEY:
		return P11_CKK_EC_MONTGOMERY;
	default:
		return CKK_VENDOR_DEFINED;
	}
}

static void
put_octet_string(struct p11_object *o, CK_ATTRIBUTE_TYPE type, struct bytes in)
{
	struct buf b = {0};

	der_put(&b, DER_OCTET_STRING, in);
	p11_object_put_bytes(o, type, buf_get(&b));
	if (b.err != 0)
		o->data.err = b.err;
	buf_clear(&b);
}

/* The public numbers; private keys have them too (PKCS#11 v2.40, 2.1.3). */
static void
put_numbers(struct p11_object *o, const struct spki *spki)
{
	struct buf b = {0};

	switch (key_type(spki)) {
	case CKK_RSA:
		p11_object_put_bytes(o, CKA_MODULUS, spki->modulus);
		p11_object_put_bytes(o, CKA_PUBLIC_EXPONENT, spki->exponent);
		break;
	case CKK_EC:
		p11_object_put_bytes(o, CKA_EC_PARAMS, spki->alg_id.params);
		put_octet_string(o, CKA_EC_POINT, spki->point);
		break;
	case CKK_EC_EDWARDS:
	case P11_CKK_EC_MONTGOMERY:
		/* RFC 8410's identifier names the curve (v3.0, 2.3.5). */
		der_put(&b, DER_OID, spki->alg_id.oid);
		p11_object_put_bytes(o, CKA_EC_PARAMS, buf_get(&b));
		put_octet_string(o, CKA_EC_POINT, spki->point);
		buf_clear(&b);
		break;
	default:
		break;
	}
}

static void
put_key(struct p11_object *o, const struct tok_key *key,
    const struct spki *spki, struct bytes id, struct bytes subject)
{
	p11_object_put_ulong(o, CKA_KEY_TYPE, key_type(spki));
	p11_object_put_bytes(o, CKA_ID, id);
	p11_object_put_bytes(o, CKA_SUBJECT, subject);
	p11_object_put_bool(o, CKA_DERIVE, (key->flags & TOK_KEY_DERIVE) != 0);
	p11_object_put_bool(o, CKA_LOCAL, false);
	p11_object_put_ulong(
	    o, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
	put_numbers(o, spki);
	o->spki_at = o->data.len;
	o->spki_len = spki->raw.len;
	p11_object_put_bytes(o, CKA_PUBLIC_KEY_INFO, spki->raw);
	memcpy(o->key_id, key->key_id.p, sizeof(o->key_id));
}

static struct p11_object *
private_key(const struct tok_key *key, const struct spki *spki, struct bytes id,
    struct bytes subject)
{
	struct p11_object *o = p11_object_new(CKO_PRIVATE_KEY);

	if (o == NULL)
		return NULL;
	put_common(o, true, key->label);
	put_key(o, key, spki, id, subject);
	p11_object_put_bool(o, CKA_SENSITIVE, true);
	p11_object_put_bool(o, CKA_ALWAYS_SENSITIVE, true);
	p11_object_put_bool(o, CKA_EXTRACTABLE, false);
	p11_object_put_bool(o, CKA_NEVER_EXTRACTABLE, true);
	p11_object_put_bool(o, CKA_SIGN, (key->flags & TOK_KEY_SIGN) != 0);
	p11_object_put_bool(o, CKA_SIGN_RECOVER, false);
	p11_object_put_bool(
	    o, CKA_DECRYPT, (key->flags & TOK_KEY_DECRYPT) != 0);
	p11_object_put_bool(o, CKA_UNWRAP, false);
	p11_object_put_bool(o, CKA_WRAP_WITH_TRUSTED, false);
	/* The agent asks where the card wants it. */
	p11_object_put_bool(o, CKA_ALWAYS_AUTHENTICATE, false);
	return o;
}

static struct p11_object *
public_key(const struct tok_key *key, const struct spki *spki, struct bytes id,
    struct bytes subject)
{
	struct p11_object *o = p11_object_new(CKO_PUBLIC_KEY);

	if (o == NULL)
		return NULL;
	put_common(o, false, key->label);
	put_key(o, key, spki, id, subject);
	if (key_type(spki) == CKK_RSA)
		p11_object_put_ulong(o, CKA_MODULUS_BITS, spki->bits);
	p11_object_put_bool(o, CKA_VERIFY, (key->flags & TOK_KEY_SIGN) != 0);
	p11_object_put_bool(o, CKA_VERIFY_RECOVER, false);
	p11_object_put_bool(
	    o, CKA_ENCRYPT, (key->flags & TOK_KEY_DECRYPT) != 0);
	p11_object_put_bool(o, CKA_WRAP, false);
	p11_object_put_bool(o, CKA_TRUSTED, false);
	return o;
}

/* The subject of the key's first certificate, borrowed from it. */
static struct bytes
first_subject(const struct tok_key *key, struct cert **cert)
{
	struct bytes der;
	struct der d;

	*cert = NULL;
	der_init(&d, key->certificates);
	if (!agt_cert_next(&d, &der) || cert_decode(der, cert, NULL) != 0)
		return BYTES_NONE;
	return cert_get_subject(*cert);
}

int
p11_add_key(struct p11_objects *objects, const struct tok_key *key)
{
	struct bytes der, subject, id = key->id;
	struct cert *cert;
	struct spki spki;
	struct der d;
	int r = spki_decode(key->spki, &spki, NULL);

	/* What can't be read is left out; it serves nobody. */
	if (r != 0 || key->key_id.len != AGT_KEY_ID_LEN)
		return r == -CS_ERR_NO_MEMORY ? r : 0;
	if (id.len == 0)
		id = key->key_id;
	subject = first_subject(key, &cert);
	r = add(objects, public_key(key, &spki, id, subject), id, spki.raw);
	/* Many cards show private keys after login only, and the agent tells
	 * of what a certificate promises. */
	if (r == 0)
		r = add(objects, private_key(key, &spki, id, subject), id,
		    spki.raw);
	cert_free(cert);
	der_init(&d, key->certificates);
	while (r == 0 && agt_cert_next(&d, &der))
		r = p11_add_certificate(objects, der, id, key->label);
	return r;
}

static void
put_date(struct p11_object *o, CK_ATTRIBUTE_TYPE type, int64_t when)
{
	time_t t = (time_t)when;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 8099 ||
	    strftime(text, sizeof(text), "%Y%m%d", &tm) != sizeof(CK_DATE))
		p11_object_put(o, type, NULL, 0);
	else
		p11_object_put(o, type, text, sizeof(CK_DATE));
}

int
p11_add_certificate(struct p11_objects *objects, struct bytes der,
    struct bytes id, struct bytes label)
{
	struct buf serial = {0}, name = {0};
	uint8_t sha1[CERT_SHA1_LEN];
	struct p11_object *o;
	struct cert *cert;

	if (cert_decode(der, &cert, NULL) != 0)
		return 0;
	if (label.len == 0 && cert_get_display_name(cert, &name) == 0)
		label = buf_get(&name);
	der_put(&serial, DER_INTEGER, cert_get_serial(cert));
	o = p11_object_new(CKO_CERTIFICATE);
	if (o != NULL) {
		put_common(o, false, label);
		p11_object_put_ulong(o, CKA_CERTIFICATE_TYPE, CKC_X_509);
		p11_object_put_bool(o, CKA_TRUSTED, false);
		p11_object_put_ulong(o, CKA_CERTIFICATE_CATEGORY, 0);
		p11_object_put_bytes(o, CKA_ID, id);
		p11_object_put_bytes(o, CKA_SUBJECT, cert_get_subject(cert));
		p11_object_put_bytes(o, CKA_ISSUER, cert_get_issuer(cert));
		p11_object_put_bytes(o, CKA_SERIAL_NUMBER, buf_get(&serial));
		p11_object_put_bytes(o, CKA_VALUE, der);
		p11_object_put_bytes(
		    o, CKA_PUBLIC_KEY_INFO, cert_get_spki(cert)->raw);
		cert_get_sha1(cert, sha1);
		p11_object_put(o, CKA_CHECK_VALUE, sha1, 3);
		put_date(o, CKA_START_DATE, cert_get_not_before(cert));
		put_date(o, CKA_END_DATE, cert_get_not_after(cert));
	}
	buf_clear(&serial);
	buf_clear(&name);
	cert_free(cert);
	return add(objects, o, id, der);
}

/* NSS reads certificates without a login where it finds this. */
int
p11_add_profile(struct p11_objects *objects)
{
	struct p11_object *o = p11_object_new(P11_CKO_PROFILE);

	if (o == NULL)
		return -CS_ERR_NO_MEMORY;
	put_common(o, false, BYTES_NONE);
	p11_object_put_ulong(
	    o, P11_CKA_PROFILE_ID, P11_CKP_PUBLIC_CERTIFICATES_TOKEN);
	return add(objects, o, BYTES_NONE, BYTES_NONE);
}
