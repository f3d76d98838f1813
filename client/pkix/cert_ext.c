/*
 * The extensions that paths and choices look at, checked to be well-formed
 * once, when the certificate is decoded. Everything else is kept as it is.
 */
#include <limits.h>
#include <stdlib.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/general_name.h"

static void
basic_constraints(struct cert *c, struct der *d)
{
	struct der in = der_enter(d, DER_SEQUENCE);
	struct bytes n;
	size_t i;

	/* An explicit FALSE is not DER, and common. */
	if (der_peek(&in) == DER_BOOLEAN)
		c->is_ca = der_get_bool(&in);
	if (der_peek(&in) == DER_INTEGER) {
		n = der_get_unsigned(&in);
		c->path_len = 0;
		/* Any number beyond the longest path is as good as another. */
		for (i = 0; i < n.len && c->path_len < INT_MAX / 256 - 1; i++)
			c->path_len = c->path_len << 8 | n.p[i];
	}
	if (der_end(&in) != 0)
		der_fail(d, in.err);
}

static void
key_usage(struct cert *c, struct der *d)
{
	unsigned unused, n;
	struct bytes bits = der_get_bits(d, &unused);

	c->has_key_usage = true;
	for (n = 0; n < 9 && n / 8 < bits.len; n++) {
		if ((bits.p[n / 8] & (0x80 >> (n % 8))) != 0)
			c->key_usage |= 1U << n;
	}
}

static void
ext_key_usage(struct cert *c, struct der *d)
{
	struct bytes whole = der_get_raw(d, DER_SEQUENCE);
	struct der in, list;

	der_init_in(&list, d, whole);
	in = der_enter(&list, DER_SEQUENCE);
	if (!der_has_more(&in))
		der_fail(&in, -CS_ERR_ENCODING);
	while (der_has_more(&in))
		der_get_oid(&in);
	if (der_end(&in) != 0)
		der_fail(d, in.err);
	c->eku = whole;
}

static void
subject_alt_name(struct cert *c, struct der *d)
{
	struct bytes whole = der_get_raw(d, DER_SEQUENCE);
	struct der in;

	der_init_in(&in, d, whole);
	if (general_names_check(&in, DER_SEQUENCE) != 0)
		der_fail(d, in.err);
	c->alt_names = whole;
}

static void
authority_key_id(struct cert *c, struct der *d)
{
	struct der in = der_enter(d, DER_SEQUENCE);
	struct bytes serial;

	der_get_opt(&in, DER_CONTEXT(0), &c->authority_key_id);
	if (der_peek(&in) == DER_CONTEXT_C(1) &&
	    general_names_check(&in, DER_CONTEXT_C(1)) != 0)
		der_fail(d, in.err);
	der_get_opt(&in, DER_CONTEXT(2), &serial);
	if (der_end(&in) != 0)
		der_fail(d, in.err);
}

static void
subject_key_id(struct cert *c, struct der *d)
{
	struct bytes id = der_get(d, DER_OCTET_STRING);

	if (id.len != 0)
		c->key_id = id;
}

static int
extension_check(struct cert *c, const struct cert_extension *ext,
    const struct der *outer, struct err *e)
{
	struct der d;

	der_init_in(&d, outer, ext->value);
	switch (ext->oid) {
	case OID_CE_BASIC_CONSTRAINTS:
		basic_constraints(c, &d);
		break;
	case OID_CE_KEY_USAGE:
		key_usage(c, &d);
		break;
	case OID_CE_EXT_KEY_USAGE:
		ext_key_usage(c, &d);
		break;
	case OID_CE_SUBJECT_ALT_NAME:
		subject_alt_name(c, &d);
		break;
	case OID_CE_AUTHORITY_KEY_ID:
		authority_key_id(c, &d);
		break;
	case OID_CE_SUBJECT_KEY_ID:
		subject_key_id(c, &d);
		break;
	default:
		return 0;
	}
	if (der_end(&d) == 0)
		return 0;
	return err_set_at(e, -CS_ERR_CERTIFICATE, d.err_offset,
	    "certificate: extension %s: %s at byte %zu", oid_name(ext->oid),
	    err_text(d.err), d.err_offset);
}

void
der_get_cert_extension(struct der *d, struct cert_extension *ext)
{
	struct der in = der_enter(d, DER_SEQUENCE);

	*ext = (struct cert_extension){.oid = OID_UNKNOWN};
	ext->oid = der_get_known_oid(&in, &ext->oid_raw);
	/* An explicit FALSE is not DER, and common. */
	if (der_peek(&in) == DER_BOOLEAN)
		ext->is_critical = der_get_bool(&in);
	ext->value = der_get(&in, DER_OCTET_STRING);
	if (der_end(&in) != 0)
		der_fail(d, in.err);
}

const struct cert_extension *
cert_extension_of(const struct cert_extension *ext, size_t n, enum oid oid)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (ext[i].oid == oid && oid != OID_UNKNOWN)
			return &ext[i];
	}
	return NULL;
}

static bool
extension_is_double(const struct cert *c, const struct cert_extension *ext)
{
	size_t i;

	for (i = 0; i < c->extensions_len; i++) {
		if (bytes_is_equal(c->extensions[i].oid_raw, ext->oid_raw))
			return true;
	}
	return false;
}

static size_t
extensions_count(struct der list)
{
	size_t n = 0;

	for (; der_has_more(&list); n++)
		der_skip(&list);
	return n;
}

int
cert_extensions_decode(struct cert *c, struct der *d, struct err *e)
{
	char text[OID_TEXT_MAX];
	struct cert_extension ext;
	struct der list = der_enter(d, DER_SEQUENCE);
	size_t n = extensions_count(list);
	int r;

	if (n == 0 || n > CERT_EXTENSIONS_MAX)
		return err_set(e, -CS_ERR_CERTIFICATE,
		    "certificate: %zu extensions, from 1 to %d are possible", n,
		    CERT_EXTENSIONS_MAX);
	c->extensions = calloc(n, sizeof(*c->extensions));
	if (c->extensions == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (der_has_more(&list)) {
		der_get_cert_extension(&list, &ext);
		if (der_check(&list) != 0)
			break;
		if (extension_is_double(c, &ext))
			return err_set(e, -CS_ERR_CERTIFICATE,
			    "certificate: extension %s is there twice",
			    oid_describe(text, sizeof(text), ext.oid_raw));
		r = extension_check(c, &ext, &list, e);
		if (r != 0)
			return r;
		c->extensions[c->extensions_len++] = ext;
	}
	if (der_end(&list) != 0)
		return err_set_at(e, -CS_ERR_CERTIFICATE, list.err_offset,
		    "certificate: extensions: %s at byte %zu",
		    err_text(list.err), list.err_offset);
	return 0;
}
