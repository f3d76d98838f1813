/*
 * Where an attribute may stand (RFC 5652 11, 8551 2.5, 2634 1.3.4, 5035, 6211,
 * 3161), and the two by which S/MIME says what a person can read.
 */
#include "asn1/attrs.h"
#include "asn1/say.h"

enum attr_place {
	PLACE_SIGNED = 1 << 0,
	PLACE_UNSIGNED = 1 << 1,
};

/* Others may stand in either. */
static const struct {
	enum oid type;
	enum attr_place place;
} attr_places[] = {
    {OID_CONTENT_TYPE, PLACE_SIGNED},
    {OID_MESSAGE_DIGEST, PLACE_SIGNED},
    {OID_SIGNING_TIME, PLACE_SIGNED},
    {OID_SMIME_CAPABILITIES, PLACE_SIGNED},
    {OID_ENCRYPTION_KEY_PREFERENCE, PLACE_SIGNED},
    {OID_SIGNING_CERTIFICATE, PLACE_SIGNED},
    {OID_SIGNING_CERTIFICATE_V2, PLACE_SIGNED},
    {OID_CMS_ALGORITHM_PROTECTION, PLACE_SIGNED},
    {OID_RECEIPT_REQUEST, PLACE_SIGNED},
    {OID_SECURITY_LABEL, PLACE_SIGNED},
    {OID_EQUIVALENT_LABELS, PLACE_SIGNED},
    {OID_MLEXPANSION_HISTORY, PLACE_SIGNED},
    {OID_MSG_SIG_DIGEST, PLACE_SIGNED},
    {OID_COUNTER_SIGNATURE, PLACE_UNSIGNED},
    {OID_TIME_STAMP_TOKEN, PLACE_UNSIGNED},
};

static bool
attr_is_allowed(enum oid type, enum attr_place place)
{
	size_t i;

	for (i = 0; i < sizeof(attr_places) / sizeof(attr_places[0]); i++)
		if (attr_places[i].type == type)
			return attr_places[i].place == place;
	return true;
}

static int
attrs_check_places(struct bytes attrs, enum attr_place place, struct err *e)
{
	struct attr attr;
	struct der d;
	size_t count = 0;

	der_init(&d, attrs);
	while (attrs_next(&d, &attr)) {
		if (++count > ATTRS_MAX)
			return err_set(e, -CS_ERR_ATTRIBUTES,
			    "there are more than %d attributes", ATTRS_MAX);
		if (!attr_is_allowed(attr.type, place))
			return err_set(e, -CS_ERR_ATTRIBUTES,
			    "the attribute %s stands among the %s ones, where "
			    "it must not",
			    oid_name(attr.type),
			    place == PLACE_SIGNED ? say("signed")
						  : say("unsigned"));
	}
	if (der_end(&d) == 0)
		return 0;
	return err_set_at(e, -CS_ERR_ATTRIBUTES, d.err_offset,
	    "the attributes are broken: %s", err_text(d.err));
}

int
attrs_check_signed(struct bytes attrs, struct err *e)
{
	int r = attrs_check(attrs, e);

	return r != 0 ? r : attrs_check_places(attrs, PLACE_SIGNED, e);
}

int
attrs_check_unsigned(struct bytes attrs, struct err *e)
{
	return attrs_check_places(attrs, PLACE_UNSIGNED, e);
}

/* --- SMIMECapabilities (RFC 8551 2.5.2) --- */

int
attrs_get_capabilities(struct bytes attrs, struct bytes *list, struct err *e)
{
	struct alg_id id;
	struct bytes value;
	struct der d;
	size_t count = 0;
	int r;

	*list = BYTES_NONE;
	r = attrs_get_single(attrs, OID_SMIME_CAPABILITIES, &value, e);
	if (r != 0 || value.len == 0)
		return r;
	der_init(&d, value);
	*list = der_get(&d, DER_SEQUENCE);
	r = der_end(&d);
	der_init(&d, *list);
	while (r == 0 && capabilities_next(&d, &id))
		if (++count > CAPABILITIES_MAX)
			r = -CS_ERR_TOO_LARGE;
	if (r == 0 && der_end(&d) == 0)
		return 0;
	*list = BYTES_NONE;
	return err_set(
	    e, -CS_ERR_ATTRIBUTES, "the attribute smimeCapabilities is broken");
}

/* An SMIMECapability has an AlgorithmIdentifier's form. */
bool
capabilities_next(struct der *list, struct alg_id *id)
{
	if (!der_has_more(list))
		return false;
	der_get_alg_id(list, id);
	return der_check(list) == 0;
}

void
attr_put_capabilities(struct buf *b, const enum alg *algs, size_t n)
{
	struct buf value = {0};
	size_t mark = der_open(&value, DER_SEQUENCE), one, i;

	for (i = 0; i < n; i++) {
		/* ciphers too stand without parameters here */
		one = der_open(&value, DER_SEQUENCE);
		der_put_oid(&value, alg_get(algs[i])->oid);
		der_close(&value, one);
	}
	der_close(&value, mark);
	attr_put(b, OID_SMIME_CAPABILITIES, buf_get(&value));
	if (value.err != 0 && b->err == 0)
		b->err = value.err;
	buf_clear(&value);
}

/* --- SMIMEEncryptionKeyPreference (RFC 8551 2.5.3) --- */

/* RecipientKeyIdentifier: date and other say nothing here. */
static void
preference_get_key_id(struct der *d, struct cert_id *id)
{
	struct der in = der_enter(d, DER_CONTEXT_C(1));

	id->key_id = der_get(&in, DER_OCTET_STRING);
	while (der_has_more(&in))
		der_skip(&in);
	der_leave(d, &in);
}

int
attrs_get_encryption_preference(
    struct bytes attrs, struct cert_id *id, bool *has, struct err *e)
{
	struct bytes value;
	struct der d;
	int r;

	*has = false;
	*id = (struct cert_id){0};
	r = attrs_get_single(attrs, OID_ENCRYPTION_KEY_PREFERENCE, &value, e);
	if (r != 0 || value.len == 0)
		return r;
	der_init(&d, value);
	switch (der_peek(&d)) {
	case DER_CONTEXT_C(0):
		der_get_issuer_serial(&d, DER_CONTEXT_C(0), id);
		break;
	case DER_CONTEXT_C(1):
		preference_get_key_id(&d, id);
		break;
	default:
		id->key_id = der_get(&d, DER_CONTEXT(2));
		break;
	}
	if (der_end(&d) == 0 && (id->key_id.len != 0 || id->serial.len != 0)) {
		*has = true;
		return 0;
	}
	*id = (struct cert_id){0};
	return err_set(e, -CS_ERR_ATTRIBUTES,
	    "the attribute encryptionKeyPreference is broken");
}

void
attr_put_encryption_preference(
    struct buf *b, struct bytes issuer, struct bytes serial)
{
	struct buf value = {0};
	size_t mark = der_open(&value, DER_CONTEXT_C(0));

	der_put_raw(&value, issuer);
	der_put(&value, DER_INTEGER, serial);
	der_close(&value, mark);
	attr_put(b, OID_ENCRYPTION_KEY_PREFERENCE, buf_get(&value));
	if (value.err != 0 && b->err == 0)
		b->err = value.err;
	buf_clear(&value);
}
