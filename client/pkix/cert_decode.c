#include <stdlib.h>
#include <string.h>

#include "client/pkix/cert_int.h"

#define CERT_SERIAL_MAX 64

/* Every fault of form is one code; the cause stands in the text. */
static int
cert_fault(const struct der *d, struct err *e, const char *what)
{
	if (d->err == -CS_ERR_NO_MEMORY)
		return err_set(e, d->err, NULL);
	return err_set_at(e, -CS_ERR_CERTIFICATE, d->err_offset,
	    "certificate: %s: %s at byte %zu", what, err_text(d->err),
	    d->err_offset);
}

/* A field in which the codec of another layer found a fault: its text stays
 * in e, and gets a context. */
static int
cert_field_fault(struct err *e, int code, const char *what)
{
	if (code == -CS_ERR_NO_MEMORY)
		return err_set(e, code, NULL);
	if (e == NULL)
		return -CS_ERR_CERTIFICATE;
	if (e->text[0] == '\0')
		err_set(e, code, NULL);
	err_context(e, "certificate: %s", what);
	return e->code = -CS_ERR_CERTIFICATE;
}

static int
cert_names_decode(struct cert *c, struct err *e)
{
	int r;

	r = name_check(c->issuer, e);
	if (r != 0)
		return cert_field_fault(e, r, "issuer");
	r = name_check(c->subject, e);
	if (r != 0)
		return cert_field_fault(e, r, "subject");
	c->is_self_issued = name_is_equal(c->issuer, c->subject);
	return 0;
}

static int
cert_key_decode(struct cert *c, struct bytes raw, struct err *e)
{
	struct err key_err = ERR_INIT;
	int r = spki_decode(raw, &c->spki, &key_err);

	/* Still a certificate to show and to compare, with a key that
	 * verifies nothing. */
	if (r == -CS_ERR_UNSUPPORTED) {
		c->spki.raw = raw;
		c->spki.alg = ALG_NONE;
		r = 0;
	}
	if (r != 0) {
		if (e != NULL)
			*e = key_err;
		return cert_field_fault(e, r, "public key");
	}
	spki_fingerprint(raw, c->key_hash);
	return 0;
}

/* One that is computed (RFC 5280 4.2.1.2, method 1) where none is told. */
static void
cert_complete_key_id(struct cert *c)
{
	if (c->key_id.len != 0)
		return;
	if (c->spki.key_bits.len != 0)
		spki_key_id(&c->spki, c->key_sha1);
	c->key_id = bytes_of(c->key_sha1, CERT_SHA1_LEN);
}

/* issuerUniqueID and subjectUniqueID, which nobody uses. */
static void
cert_unique_ids(struct cert *c, struct der *d)
{
	unsigned unused;
	int n;

	for (n = 1; n <= 2; n++) {
		if (der_peek(d) != DER_CONTEXT(n))
			continue;
		if (c->version < 2)
			der_fail(d, -CS_ERR_ENCODING);
		der_get_bits_tag(d, DER_CONTEXT(n), &unused);
	}
}

static void
cert_version(struct cert *c, struct der *d)
{
	struct der in;

	c->version = 1;
	if (!der_enter_opt(d, DER_CONTEXT_C(0), &in))
		return;
	c->version = (unsigned)der_get_uint(&in, 2) + 1;
	if (der_end(&in) != 0)
		der_fail(d, in.err);
}

static int
cert_tbs_decode(struct cert *c, struct der *d, struct err *e)
{
	struct alg_id inner;
	struct der validity, ext;
	struct bytes key;
	int r;

	cert_version(c, d);
	c->serial = der_get_integer(d);
	if (c->serial.len > CERT_SERIAL_MAX)
		der_fail(d, -CS_ERR_TOO_LARGE);
	der_get_alg_id(d, &inner);
	c->issuer = der_get_raw(d, DER_SEQUENCE);
	if (der_check(d) != 0)
		return cert_fault(d, e, "tbsCertificate");
	validity = der_enter(d, DER_SEQUENCE);
	c->not_before = der_get_time(&validity);
	c->not_after = der_get_time(&validity);
	if (der_end(&validity) != 0)
		return cert_fault(&validity, e, "validity");
	c->subject = der_get_raw(d, DER_SEQUENCE);
	key = der_get_raw(d, DER_SEQUENCE);
	cert_unique_ids(c, d);
	if (der_check(d) != 0)
		return cert_fault(d, e, "tbsCertificate");
	/* RFC 5280 4.1.1.2 */
	if (!bytes_is_equal(inner.raw, c->signature_alg.raw))
		return err_set(e, -CS_ERR_CERTIFICATE,
		    "certificate: it names two different signature "
		    "algorithms");
	r = cert_names_decode(c, e);
	if (r == 0)
		r = cert_key_decode(c, key, e);
	if (r != 0)
		return r;
	if (der_enter_opt(d, DER_CONTEXT_C(3), &ext)) {
		if (c->version != 3)
			return err_set(e, -CS_ERR_CERTIFICATE,
			    "certificate: extensions in version %u",
			    c->version);
		r = cert_extensions_decode(c, &ext, e);
		if (r != 0)
			return r;
		if (der_end(&ext) != 0)
			return cert_fault(&ext, e, "extensions");
	}
	if (der_end(d) != 0)
		return cert_fault(d, e, "tbsCertificate");
	cert_complete_key_id(c);
	return 0;
}

static int
cert_body_decode(struct cert *c, struct err *e)
{
	struct der d, in, tbs;
	unsigned unused;

	der_init(&d, c->raw);
	in = der_enter(&d, DER_SEQUENCE);
	c->tbs = der_get_raw(&in, DER_SEQUENCE);
	der_get_alg_id(&in, &c->signature_alg);
	c->signature = der_get_bits(&in, &unused);
	/* No signature has odd bits: it is wrong, not the certificate broken.
	 */
	if (unused != 0)
		c->signature = BYTES_NONE;
	if (der_end(&in) != 0)
		return cert_fault(&in, e, "outer structure");
	if (der_end(&d) != 0)
		return cert_fault(&d, e, "outer structure");
	der_init_in(&in, &d, c->tbs);
	tbs = der_enter(&in, DER_SEQUENCE);
	return cert_tbs_decode(c, &tbs, e);
}

int
cert_decode(struct bytes der, struct cert **cert, struct err *e)
{
	struct cert *c;
	uint8_t *copy;
	int r;

	*cert = NULL;
	if (der.len == 0 || der.len > CERT_LEN_MAX)
		return err_set(e, -CS_ERR_CERTIFICATE,
		    "certificate: %zu bytes, from 1 to %zu are possible",
		    der.len, CERT_LEN_MAX);
	c = calloc(1, sizeof(*c) + der.len);
	if (c == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	atomic_init(&c->refs, 1);
	copy = (uint8_t *)(c + 1);
	memcpy(copy, der.p, der.len);
	c->raw = bytes_of(copy, der.len);
	c->path_len = CERT_PATH_LEN_NONE;
	r = cert_body_decode(c, e);
	if (r == 0 &&
	    digest_of(ALG_SHA256, c->raw, c->sha256) != sizeof(c->sha256))
		r = err_set(e, -CS_ERR_INTERNAL, "digests do not work");
	if (r != 0) {
		cert_free(c);
		return r;
	}
	*cert = c;
	return 0;
}
