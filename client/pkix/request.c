#include "client/pkix/request.h"

#include <string.h>

#include "asn1/name.h"
#include "client/pkix/address.h"
#include "client/pkix/domain.h"
#include "client/pkix/general_name.h"

static int
request_bad_address(struct bytes address, struct err *e)
{
	char quoted[128];

	return err_set(e, -CS_ERR_ARGUMENT, "\"%s\" is not a mail address",
	    err_quote(quoted, sizeof(quoted), address.p, address.len));
}

static bool
request_is_ascii(struct bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] >= 0x80)
			return false;
	return true;
}

/* One GeneralName. RFC 9598 3: smtpUTF8Mailbox is for what rfc822Name cannot
 * say, and both have the domain in ASCII. */
static int
request_put_address(struct buf *b, struct bytes address, struct err *e)
{
	const uint8_t *at = memrchr(address.p, '@', address.len);
	struct buf mailbox = {.max = ADDRESS_LEN_MAX};
	struct domain domain;
	size_t other, inner;
	int r;

	if (at == NULL || !address_is_valid(address) ||
	    !domain_normalise(
		bytes_of(at + 1, address.len - (size_t)(at - address.p) - 1),
		&domain))
		return request_bad_address(address, e);
	buf_add(&mailbox, address.p, (size_t)(at - address.p) + 1);
	buf_add(&mailbox, domain.text, domain.len);
	r = mailbox.err;
	if (r == 0 && request_is_ascii(buf_get(&mailbox))) {
		der_put(b, DER_CONTEXT(GN_RFC822), buf_get(&mailbox));
	} else if (r == 0) {
		other = der_open(b, DER_CONTEXT_C(GN_OTHER));
		der_put_oid(b, OID_ON_SMTP_UTF8_MAILBOX);
		inner = der_open(b, DER_CONTEXT_C(0));
		der_put(b, DER_UTF8_STRING, buf_get(&mailbox));
		der_close(b, inner);
		der_close(b, other);
	}
	buf_clear(&mailbox);
	return r != 0 ? request_bad_address(address, e) : b->err;
}

static int
request_put_alt_name(
    struct buf *b, const struct request_params *params, struct err *e)
{
	size_t extension, string, names, i;
	int r = 0;

	extension = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_CE_SUBJECT_ALT_NAME);
	if (name_is_empty(params->subject))
		der_put_bool(b, DER_BOOLEAN, true);
	string = der_open(b, DER_OCTET_STRING);
	names = der_open(b, DER_SEQUENCE);
	for (i = 0; r == 0 && i < params->addresses_len; i++)
		r = request_put_address(b, params->addresses[i], e);
	der_close(b, names);
	der_close(b, string);
	der_close(b, extension);
	return r;
}

/* RFC 5280 4.2.1.3: a named bit list, hence without zeroes at its end; bit 0 is
 * the octet's highest. */
static void
request_put_usage(struct buf *b, unsigned usage)
{
	size_t extension = der_open(b, DER_SEQUENCE), string;
	unsigned i, unused = 7;
	uint8_t bits = 0;

	for (i = 0; i < 8; i++) {
		if ((usage & 1U << i) == 0)
			continue;
		bits = (uint8_t)(bits | 0x80 >> i);
		unused = 7 - i;
	}
	der_put_oid(b, OID_CE_KEY_USAGE);
	der_put_bool(b, DER_BOOLEAN, true);
	string = der_open(b, DER_OCTET_STRING);
	der_put_bits(b, DER_BIT_STRING, bytes_of(&bits, 1), unused);
	der_close(b, string);
	der_close(b, extension);
}

static void
request_put_purpose(struct buf *b)
{
	size_t extension = der_open(b, DER_SEQUENCE), string, list;

	der_put_oid(b, OID_CE_EXT_KEY_USAGE);
	string = der_open(b, DER_OCTET_STRING);
	list = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_KP_EMAIL_PROTECTION);
	der_close(b, list);
	der_close(b, string);
	der_close(b, extension);
}

/* [0] IMPLICIT SET OF Attribute, which is there even when it is empty. */
static int
request_put_attributes(
    struct buf *b, const struct request_params *params, struct err *e)
{
	size_t attributes = der_open(b, DER_CONTEXT_C(0));
	size_t attribute, values, extensions;
	int r = 0;

	if (params->addresses_len != 0 || params->usage != 0) {
		attribute = der_open(b, DER_SEQUENCE);
		der_put_oid(b, OID_EXTENSION_REQUEST);
		values = der_open(b, DER_SET);
		extensions = der_open(b, DER_SEQUENCE);
		if (params->addresses_len != 0)
			r = request_put_alt_name(b, params, e);
		if (params->usage != 0) {
			request_put_usage(b, params->usage);
			request_put_purpose(b);
		}
		der_close(b, extensions);
		der_close(b, values);
		der_close(b, attribute);
	}
	der_close(b, attributes);
	return r;
}

int
request_put_info(
    struct buf *b, const struct request_params *params, struct err *e)
{
	size_t info;
	int r;

	if (params->addresses_len == 0 && name_is_empty(params->subject))
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a request needs a subject or an address");
	if (params->addresses_len > REQUEST_ADDRESSES_MAX)
		return err_set(e, -CS_ERR_ARGUMENT, "more than %d addresses",
		    REQUEST_ADDRESSES_MAX);
	info = der_open(b, DER_SEQUENCE);
	der_put_uint(b, DER_INTEGER, 0); /* v1 */
	der_put_raw(b, params->subject);
	der_put_raw(b, params->spki);
	r = request_put_attributes(b, params, e);
	der_close(b, info);
	return r != 0 ? r : b->err;
}

int
request_put(struct buf *b, struct bytes info, const struct sig_scheme *scheme,
    struct bytes signature)
{
	size_t request = der_open(b, DER_SEQUENCE);

	der_put_raw(b, info);
	der_put_sig_scheme(b, scheme);
	der_put_bits(b, DER_BIT_STRING, signature, 0);
	der_close(b, request);
	return b->err;
}
