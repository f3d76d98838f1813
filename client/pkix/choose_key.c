/*
 * KEY as people write it: a fingerprint, an address, an RFC 7512 URI, a role.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/choose.h"

#define KEY_LEN_MAX 4096
#define URI_ATTRIBUTES_MAX 64

/* Hexadecimal digits, with 0x before and colons between, to octets. */
static size_t
parse_fingerprint(const char *key, uint8_t out[static CERT_FINGERPRINT_LEN])
{
	size_t digits = 0;
	int c;

	if (key[0] == '0' && (key[1] == 'x' || key[1] == 'X'))
		key += 2;
	for (; (c = (unsigned char)*key) != '\0'; key++) {
		if (c == ':' && digits % 2 == 0 && digits != 0)
			continue;
		if (!isxdigit(c) || digits == 2 * CERT_FINGERPRINT_LEN)
			return 0;
		c = isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
		if (digits % 2 == 0)
			out[digits / 2] = (uint8_t)(c << 4);
		else
			out[digits / 2] = (uint8_t)(out[digits / 2] | c);
		digits++;
	}
	if (digits != 2 * CERT_SHA1_LEN && digits != 2 * CERT_FINGERPRINT_LEN)
		return 0;
	return digits / 2;
}

static bool
is_fingerprint_of(const struct choose_candidate *c, struct bytes print)
{
	const struct cert *cert = c->cert;
	uint8_t sha1[CERT_SHA1_LEN];

	if (cert == NULL)
		return bytes_is_equal(print, c->key_id);
	cert_get_sha1(cert, sha1);
	return bytes_is_equal(print, bytes_of(sha1, sizeof(sha1))) ||
	       bytes_is_equal(
		   print, bytes_of(cert->sha256, CERT_FINGERPRINT_LEN)) ||
	       bytes_is_equal(
		   print, bytes_of(cert->key_hash, SPKI_FINGERPRINT_LEN));
}

/* The next attribute of a pkcs11: URI's path, and moves on. */
static bool
next_attribute(struct bytes *rest, struct bytes *attribute)
{
	size_t i;

	if (rest->len == 0)
		return false;
	for (i = 0; i < rest->len && rest->p[i] != ';'; i++)
		;
	*attribute = bytes_of(rest->p, i);
	if (i < rest->len)
		i++;
	*rest = bytes_of(rest->p + i, rest->len - i);
	return true;
}

/* One octet, percent-encoded or not; moves on. -1: bad encoding. */
static int
next_octet(struct bytes *s)
{
	int high, low;

	if (s->p[0] != '%') {
		*s = bytes_of(s->p + 1, s->len - 1);
		return s->p[-1];
	}
	if (s->len < 3 || !isxdigit(s->p[1]) || !isxdigit(s->p[2]))
		return -1;
	high = isdigit(s->p[1]) ? s->p[1] - '0' : tolower(s->p[1]) - 'a' + 10;
	low = isdigit(s->p[2]) ? s->p[2] - '0' : tolower(s->p[2]) - 'a' + 10;
	*s = bytes_of(s->p + 3, s->len - 3);
	return high << 4 | low;
}

/* Equal once decoded? 1, 0, or -1: bad encoding. */
static int
is_attribute_equal(struct bytes a, struct bytes b)
{
	int x, y;

	while (a.len != 0 && b.len != 0) {
		x = next_octet(&a);
		y = next_octet(&b);
		if (x < 0 || y < 0)
			return -1;
		if (x != y)
			return 0;
	}
	return a.len == 0 && b.len == 0;
}

static bool
is_same_name(struct bytes a, struct bytes b)
{
	size_t i;

	for (i = 0; i < a.len && i < b.len; i++) {
		if (a.p[i] != b.p[i])
			return false;
		if (a.p[i] == '=')
			return true;
	}
	return false;
}

static struct bytes
value_of(struct bytes attribute)
{
	size_t i;

	for (i = 0; i < attribute.len && attribute.p[i] != '='; i++)
		;
	if (i < attribute.len)
		i++;
	return bytes_of(attribute.p + i, attribute.len - i);
}

/* Does the object's URI have that attribute with that value? An attribute
 * that our URI doesn't tell, such as "type", does not exclude. */
static int
uri_has(struct bytes uri, struct bytes wanted)
{
	struct bytes attribute;

	while (next_attribute(&uri, &attribute)) {
		if (is_same_name(attribute, wanted))
			return is_attribute_equal(
			    value_of(attribute), value_of(wanted));
	}
	return is_same_name(wanted, BYTES_LIT("type=")) ||
	       is_same_name(wanted, BYTES_LIT("slot-id="));
}

static bool
uri_path(struct bytes uri, struct bytes *path)
{
	static const char scheme[] = "pkcs11:";
	size_t i, n = sizeof(scheme) - 1;

	*path = BYTES_NONE;
	if (uri.len < n || strncasecmp((const char *)uri.p, scheme, n) != 0)
		return false;
	/* The query (PIN source, module) selects no object. */
	for (i = n; i < uri.len && uri.p[i] != '?'; i++)
		;
	*path = bytes_of(uri.p + n, i - n);
	return true;
}

/* RFC 7512 2.3: what the URI leaves out may be anything. */
static int
uri_matches(struct bytes wanted, struct bytes uri, struct err *e)
{
	struct bytes attribute, path;
	size_t n = 0;
	int r;

	if (!uri_path(uri, &path))
		return 0;
	while (next_attribute(&wanted, &attribute)) {
		if (++n > URI_ATTRIBUTES_MAX)
			return err_set(e, -CS_ERR_ARGUMENT,
			    "the URI has more than %d attributes",
			    URI_ATTRIBUTES_MAX);
		r = uri_has(path, attribute);
		if (r < 0)
			return err_set(e, -CS_ERR_ARGUMENT,
			    "the URI has a broken %% in it");
		if (r == 0)
			return 0;
	}
	return 1;
}

static bool
is_role(const char *key)
{
	return strcasecmp(key, "sign") == 0 ||
	       strcasecmp(key, "decrypt") == 0 ||
	       (strlen(key) == 2 && isxdigit((unsigned char)key[0]) &&
		   isxdigit((unsigned char)key[1]));
}

/* What no certificate forbids is allowed. */
static bool
has_usage(const struct cert *cert, unsigned usage)
{
	return cert == NULL || (cert_get_key_usage(cert, NULL) & usage) != 0;
}

static bool
has_role(const struct choose_candidate *c, const char *key)
{
	if (strcasecmp(key, "sign") == 0)
		return c->can_sign &&
		       has_usage(
			   c->cert, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
	if (strcasecmp(key, "decrypt") == 0)
		return c->can_decrypt &&
		       has_usage(
			   c->cert, KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT);
	return c->role.len == 2 &&
	       strncasecmp((const char *)c->role.p, key, 2) == 0;
}

int
choose_matches(const struct choose_candidate *c, const char *key,
    struct bytes uri, struct err *e)
{
	uint8_t print[CERT_FINGERPRINT_LEN];
	struct bytes text = bytes_of_str(key), path;
	char shown[128];
	size_t len;

	if (text.len != 0 && text.len <= KEY_LEN_MAX) {
		if (uri_path(text, &path))
			return uri_matches(path, uri, e);
		len = parse_fingerprint(key, print);
		if (len != 0)
			return is_fingerprint_of(c, bytes_of(print, len));
		if (is_role(key))
			return has_role(c, key);
		if (address_is_valid(text))
			return c->cert != NULL && address_match_cert(c->cert,
						      text) == ADDRESS_MATCH;
	}
	return err_set(e, -CS_ERR_ARGUMENT,
	    "\"%s\" is no key: give a fingerprint (SHA-256 or SHA-1), an "
	    "address, a pkcs11: URI or a role (sign, decrypt, 9c)",
	    err_quote(shown, sizeof(shown), key, text.len));
}
