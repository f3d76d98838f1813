#include "token/x509.h"

#include "asn1/oid.h"
#include "token/proto.h"

#define X509_EXTENSIONS_MAX 128

static void
x509_get_basic_constraints(struct der *d, struct x509 *x)
{
	struct der seq = der_enter(d, DER_SEQUENCE);

	if (der_peek(&seq) == DER_BOOLEAN)
		x->is_ca = der_get_bool(&seq);
	if (der_has_more(&seq))
		der_skip(&seq); /* pathLenConstraint */
	if (der_end(&seq) != 0)
		der_fail(d, der_check(&seq));
}

static void
x509_get_extension(struct der *d, struct x509 *x)
{
	struct der ext = der_enter(d, DER_SEQUENCE), value;
	enum oid oid = der_get_known_oid(&ext, NULL);

	if (der_peek(&ext) == DER_BOOLEAN)
		(void)der_get_bool(&ext);
	der_init_in(&value, &ext, der_get(&ext, DER_OCTET_STRING));
	if (oid == OID_CE_BASIC_CONSTRAINTS) {
		x509_get_basic_constraints(&value, x);
	} else if (oid == OID_CE_KEY_USAGE) {
		x->has_usage = true;
		x->usage = der_get_flags(&value);
	} else {
		value.p = value.end;
	}
	if (der_end(&ext) != 0 || der_end(&value) != 0)
		der_fail(d, -CS_ERR_CERTIFICATE);
}

static void
x509_get_extensions(struct der *tbs, struct x509 *x)
{
	struct der outer, list;
	size_t n = 0;

	if (!der_enter_opt(tbs, DER_CONTEXT_C(3), &outer))
		return;
	list = der_enter(&outer, DER_SEQUENCE);
	while (der_has_more(&list) && n++ < X509_EXTENSIONS_MAX)
		x509_get_extension(&list, x);
	if (der_end(&list) != 0 || der_end(&outer) != 0)
		der_fail(tbs, -CS_ERR_CERTIFICATE);
}

int
x509_peek(struct bytes cert, struct x509 *x)
{
	struct der d, whole, tbs;
	struct bytes skipped;

	*x = (struct x509){0};
	if (cert.len > X509_LEN_MAX)
		return -CS_ERR_TOO_LARGE;
	der_init(&d, cert);
	whole = der_enter(&d, DER_SEQUENCE);
	tbs = der_enter(&whole, DER_SEQUENCE);
	(void)der_get_opt(&tbs, DER_CONTEXT_C(0), &skipped); /* version */
	x->serial = der_get_raw(&tbs, DER_INTEGER);
	(void)der_get(&tbs, DER_SEQUENCE); /* signature */
	x->issuer = der_get_raw(&tbs, DER_SEQUENCE);
	(void)der_get(&tbs, DER_SEQUENCE); /* validity */
	x->subject = der_get_raw(&tbs, DER_SEQUENCE);
	x->spki = der_get_raw(&tbs, DER_SEQUENCE);
	(void)der_get_opt(&tbs, DER_CONTEXT(1), &skipped);
	(void)der_get_opt(&tbs, DER_CONTEXT(2), &skipped);
	x509_get_extensions(&tbs, x);
	(void)der_get(&whole, DER_SEQUENCE);
	(void)der_get(&whole, DER_BIT_STRING);
	if (der_end(&tbs) == 0 && der_end(&whole) == 0 && der_end(&d) == 0)
		return 0;
	*x = (struct x509){0};
	return -CS_ERR_CERTIFICATE;
}
