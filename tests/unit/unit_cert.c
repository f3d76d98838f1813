#include "tests/unit/unit_cert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "asn1/pem.h"

#define FAR_FUTURE INT64_C(4102444800)

static int
keep_der(void *ctx, const char *label, struct bytes der)
{
	(void)label;
	return buf_add_bytes(ctx, der);
}

void
unit_cert_der(struct buf *b, const char *name)
{
	struct buf text = {0};
	struct err e = ERR_INIT;
	char path[256];
	int r;

	snprintf(path, sizeof(path), "tests/vectors/pkix/%s.pem", name);
	unit_read_file(&text, path);
	r = pem_walk(buf_get(&text), "CERTIFICATE", keep_der, b, &e);
	ck_assert_msg(r == 0, "%s: %s", path, err_get_text(&e));
	buf_clear(&text);
}

struct cert *
unit_cert(const char *name)
{
	struct buf der = {0};
	struct err e = ERR_INIT;
	struct cert *c;
	int r;

	unit_cert_der(&der, name);
	r = cert_decode(buf_get(&der), &c, &e);
	ck_assert_msg(r == 0, "%s: %s", name, err_get_text(&e));
	buf_clear(&der);
	return c;
}

struct cert_set *
unit_certs(const char *first, ...)
{
	struct cert_set *set = cert_set_new();
	const char *name;
	struct cert *c;
	va_list ap;

	ck_assert_ptr_nonnull(set);
	va_start(ap, first);
	for (name = first; name != NULL; name = va_arg(ap, const char *)) {
		c = unit_cert(name);
		unit_assert_code(cert_set_add(set, c), 0);
		cert_free(c);
	}
	va_end(ap);
	return set;
}

static void
put_name(struct buf *b, const char *cn)
{
	size_t name = der_open(b, DER_SEQUENCE), rdn, ava;

	if (cn[0] != '\0') {
		rdn = der_open(b, DER_SET);
		ava = der_open(b, DER_SEQUENCE);
		der_put_oid(b, OID_AT_CN);
		der_put_str(b, DER_UTF8_STRING, cn);
		der_close(b, ava);
		der_close(b, rdn);
	}
	der_close(b, name);
}

static void
put_alg(struct buf *b)
{
	size_t alg = der_open(b, DER_SEQUENCE);

	der_put_oid(b, OID_ED25519);
	der_close(b, alg);
}

static void
put_extensions(struct buf *b, const struct unit_extension *ext, size_t n)
{
	size_t outer, list, one, i;

	if (n == 0)
		return;
	outer = der_open(b, DER_CONTEXT_C(3));
	list = der_open(b, DER_SEQUENCE);
	for (i = 0; i < n; i++) {
		one = der_open(b, DER_SEQUENCE);
		der_put_oid(b, ext[i].oid);
		if (ext[i].is_critical)
			der_put_bool(b, DER_BOOLEAN, true);
		der_put(b, DER_OCTET_STRING, ext[i].value);
		der_close(b, one);
	}
	der_close(b, list);
	der_close(b, outer);
}

void
unit_cert_make_der(struct buf *b, const char *issuer, const char *subject,
    uint64_t serial, const struct unit_extension *ext, size_t n)
{
	uint8_t zeroes[64] = {0}, key[32] = {1};
	size_t cert, tbs, part;

	memcpy(key + 8, &serial, sizeof(serial));
	cert = der_open(b, DER_SEQUENCE);
	tbs = der_open(b, DER_SEQUENCE);
	part = der_open(b, DER_CONTEXT_C(0));
	der_put_uint(b, DER_INTEGER, 2);
	der_close(b, part);
	der_put_uint(b, DER_INTEGER, serial);
	put_alg(b);
	put_name(b, issuer);
	part = der_open(b, DER_SEQUENCE);
	der_put_time(b, 0);
	der_put_time(b, FAR_FUTURE);
	der_close(b, part);
	put_name(b, subject);
	part = der_open(b, DER_SEQUENCE);
	put_alg(b);
	der_put_bits(b, DER_BIT_STRING, bytes_of(key, sizeof(key)), 0);
	der_close(b, part);
	put_extensions(b, ext, n);
	der_close(b, tbs);
	put_alg(b);
	der_put_bits(b, DER_BIT_STRING, bytes_of(zeroes, sizeof(zeroes)), 0);
	der_close(b, cert);
	ck_assert_int_eq(b->err, 0);
}

struct cert *
unit_cert_make(const char *issuer, const char *subject, uint64_t serial,
    const struct unit_extension *ext, size_t n)
{
	struct buf der = {0};
	struct err e = ERR_INIT;
	struct cert *c;
	int r;

	unit_cert_make_der(&der, issuer, subject, serial, ext, n);
	r = cert_decode(buf_get(&der), &c, &e);
	ck_assert_msg(r == 0, "made certificate: %s", err_get_text(&e));
	buf_clear(&der);
	return c;
}
