/*
 * The attributes whose values have a structure of their own (RFC 5035,
 * 6211), and what writes attributes.
 */
#include "asn1/attrs.h"
#include "asn1/time.h"

#define GENERAL_NAME_DIRECTORY DER_CONTEXT_C(4)

static int
ess_fail(struct err *e, enum oid type, int code)
{
	return err_set(e, -CS_ERR_ATTRIBUTES, "the attribute %s is broken: %s",
	    oid_name(type), err_text(code));
}

/* IssuerSerial (RFC 5035 5): GeneralNames with one directoryName. */
static void
ess_get_issuer_serial(struct der *d, struct ess_cert_id *id)
{
	struct der in, names, name;

	if (!der_enter_opt(d, DER_SEQUENCE, &in))
		return;
	names = der_enter(&in, DER_SEQUENCE);
	name = der_enter(&names, GENERAL_NAME_DIRECTORY);
	id->issuer = der_get_raw(&name, DER_SEQUENCE);
	der_leave(&names, &name);
	der_leave(&in, &names);
	id->serial = der_get(&in, DER_INTEGER);
	if (id->serial.len == 0 || id->serial.len > CERT_ID_SERIAL_MAX)
		der_fail(&in, -CS_ERR_ENCODING);
	der_leave(d, &in);
	id->has_issuer_serial = true;
}

/* The first of SEQUENCE OF ESSCertID or ESSCertIDv2. Others name issuers. */
static int
ess_decode(struct bytes value, bool is_v2, struct ess_cert_id *id)
{
	struct der d, all, certs, in;

	der_init(&d, value);
	all = der_enter(&d, DER_SEQUENCE);
	certs = der_enter(&all, DER_SEQUENCE);
	in = der_enter(&certs, DER_SEQUENCE);
	id->digest_alg = is_v2 ? ALG_SHA256 : ALG_SHA1;
	if (is_v2 && der_peek(&in) == DER_SEQUENCE) {
		der_get_alg_id(&in, &id->digest);
		id->digest_alg = alg_id_get_digest(&id->digest);
	}
	id->hash = der_get(&in, DER_OCTET_STRING);
	ess_get_issuer_serial(&in, id);
	der_leave(&certs, &in);
	while (der_has_more(&certs))
		der_get(&certs, DER_SEQUENCE);
	der_leave(&all, &certs);
	if (der_has_more(&all)) /* policies */
		der_get(&all, DER_SEQUENCE);
	der_leave(&d, &all);
	id->is_present = true;
	return der_end(&d);
}

int
attrs_get_signing_certificate(
    struct bytes attrs, struct ess_cert_id *id, struct err *e)
{
	enum oid type = OID_SIGNING_CERTIFICATE_V2;
	struct bytes value;
	int r;

	*id = (struct ess_cert_id){0};
	r = attrs_get_single(attrs, type, &value, e);
	if (r == 0 && value.len == 0) {
		type = OID_SIGNING_CERTIFICATE;
		r = attrs_get_single(attrs, type, &value, e);
	}
	if (r != 0 || value.len == 0)
		return r;
	r = ess_decode(value, type == OID_SIGNING_CERTIFICATE_V2, id);
	if (r == 0)
		return 0;
	*id = (struct ess_cert_id){0};
	return ess_fail(e, type, r);
}

/* The same algorithm with the same parameters? */
static bool
alg_id_is_same(const struct alg_id *a, const struct alg_id *b)
{
	if (!bytes_is_equal(a->oid, b->oid))
		return false;
	return bytes_is_equal(a->params, b->params) ||
	       (alg_id_is_plain(a) && alg_id_is_plain(b));
}

int
attrs_check_algorithm_protection(struct bytes attrs,
    const struct alg_id *digest, const struct alg_id *signature, bool *has,
    struct err *e)
{
	struct alg_id named_digest, named_signature;
	struct bytes value;
	struct der d, in;
	int r;

	*has = false;
	r = attrs_get_single(attrs, OID_CMS_ALGORITHM_PROTECTION, &value, e);
	if (r != 0 || value.len == 0)
		return r;
	der_init(&d, value);
	in = der_enter(&d, DER_SEQUENCE);
	der_get_alg_id(&in, &named_digest);
	/* [2] would be a MAC's: not in a SignerInfo */
	der_get_alg_id_tag(&in, DER_CONTEXT_C(1), &named_signature);
	der_leave(&d, &in);
	r = der_end(&d);
	if (r != 0)
		return ess_fail(e, OID_CMS_ALGORITHM_PROTECTION, r);
	if (!alg_id_is_same(&named_digest, digest) ||
	    !alg_id_is_same(&named_signature, signature))
		return err_set(e, -CS_ERR_ATTRIBUTES,
		    "the algorithms are not those that were signed "
		    "(cmsAlgorithmProtection)");
	*has = true;
	return 0;
}

static size_t
attr_open(struct buf *b, enum oid type, size_t *sequence)
{
	*sequence = der_open(b, DER_SEQUENCE);
	der_put_oid(b, type);
	return der_open(b, DER_SET);
}

static void
attr_close(struct buf *b, size_t set, size_t sequence)
{
	der_close(b, set);
	der_close(b, sequence);
}

void
attr_put(struct buf *b, enum oid type, struct bytes value)
{
	size_t sequence, set = attr_open(b, type, &sequence);

	der_put_raw(b, value);
	attr_close(b, set, sequence);
}

void
attr_put_content_type(struct buf *b, enum oid type)
{
	size_t sequence, set = attr_open(b, OID_CONTENT_TYPE, &sequence);

	der_put_oid(b, type);
	attr_close(b, set, sequence);
}

void
attr_put_message_digest(struct buf *b, struct bytes digest)
{
	size_t sequence, set = attr_open(b, OID_MESSAGE_DIGEST, &sequence);

	der_put(b, DER_OCTET_STRING, digest);
	attr_close(b, set, sequence);
}

void
attr_put_signing_time(struct buf *b, int64_t t)
{
	size_t sequence, set = attr_open(b, OID_SIGNING_TIME, &sequence);

	der_put_time(b, t);
	attr_close(b, set, sequence);
}

void
attr_put_signing_certificate_v2(struct buf *b, enum alg digest,
    struct bytes hash, struct bytes issuer, struct bytes serial)
{
	size_t sequence, set, all, certs, id, issuer_serial, names, name;

	set = attr_open(b, OID_SIGNING_CERTIFICATE_V2, &sequence);
	all = der_open(b, DER_SEQUENCE);
	certs = der_open(b, DER_SEQUENCE);
	id = der_open(b, DER_SEQUENCE);
	if (digest != ALG_SHA256)
		der_put_alg(b, digest);
	der_put(b, DER_OCTET_STRING, hash);
	issuer_serial = der_open(b, DER_SEQUENCE);
	names = der_open(b, DER_SEQUENCE);
	name = der_open(b, GENERAL_NAME_DIRECTORY);
	der_put_raw(b, issuer);
	der_close(b, name);
	der_close(b, names);
	der_put(b, DER_INTEGER, serial);
	der_close(b, issuer_serial);
	der_close(b, id);
	der_close(b, certs);
	der_close(b, all);
	attr_close(b, set, sequence);
}

/* A SEQUENCE under another, IMPLICIT tag. */
static void
attr_put_retagged(struct buf *b, int tag, struct bytes element)
{
	struct der d;

	der_init(&d, element);
	der_put(b, tag, der_get(&d, DER_SEQUENCE));
	if (der_end(&d) != 0 && b->err == 0)
		b->err = -CS_ERR_INTERNAL;
}

void
attr_put_algorithm_protection(
    struct buf *b, struct bytes digest, struct bytes signature)
{
	size_t sequence, set, in;

	set = attr_open(b, OID_CMS_ALGORITHM_PROTECTION, &sequence);
	in = der_open(b, DER_SEQUENCE);
	der_put_raw(b, digest);
	attr_put_retagged(b, DER_CONTEXT_C(1), signature);
	der_close(b, in);
	attr_close(b, set, sequence);
}
