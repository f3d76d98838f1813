#include "client/pkix/trusted.h"

#include <string.h>

#include "asn1/der.h"
#include "asn1/oid.h"
#include "asn1/pem.h"

struct trusted_walk_ctx {
	trusted_fn *fn;
	void *ctx;
};

/* SEQUENCE OF OBJECT IDENTIFIER. */
static enum trusted_mark
get_purposes(struct der *list)
{
	enum trusted_mark mark = TRUSTED_FOR_OTHER;
	enum oid purpose;

	while (der_has_more(list)) {
		purpose = der_get_known_oid(list, NULL);
		if (purpose == OID_KP_EMAIL_PROTECTION)
			mark = TRUSTED_FOR_EMAIL;
		else if (purpose == OID_KP_ANY && mark == TRUSTED_FOR_OTHER)
			mark = TRUSTED_UNMARKED;
	}
	return mark;
}

/*
 * X509_CERT_AUX ::= SEQUENCE {
 *     trust   SEQUENCE OF OBJECT IDENTIFIER OPTIONAL,
 *     reject  [0] IMPLICIT SEQUENCE OF OBJECT IDENTIFIER OPTIONAL,
 *     alias   UTF8String OPTIONAL,
 *     keyid   OCTET STRING OPTIONAL,
 *     other   [1] IMPLICIT SEQUENCE OF AlgorithmIdentifier OPTIONAL }
 */
static enum trusted_mark
get_mark(struct der *aux)
{
	enum trusted_mark mark = TRUSTED_UNMARKED;
	struct der list;

	if (der_enter_opt(aux, DER_SEQUENCE, &list)) {
		mark = get_purposes(&list);
		der_leave(aux, &list);
	}
	if (der_enter_opt(aux, DER_CONTEXT_C(0), &list)) {
		if (get_purposes(&list) != TRUSTED_FOR_OTHER)
			mark = TRUSTED_FOR_OTHER;
		der_leave(aux, &list);
	}
	while (der_has_more(aux))
		der_skip(aux);
	return mark;
}

static int
take_object(void *ctx, const char *label, struct bytes der)
{
	const struct trusted_walk_ctx *walk = ctx;
	enum trusted_mark mark = TRUSTED_UNMARKED;
	struct bytes certificate;
	struct der d, aux;

	if (strcmp(label, "TRUSTED CERTIFICATE") != 0 &&
	    strcmp(label, "CERTIFICATE") != 0 &&
	    strcmp(label, "X509 CERTIFICATE") != 0)
		return 0;
	der_init(&d, der);
	certificate = der_get_raw(&d, DER_SEQUENCE);
	if (der_has_more(&d)) {
		aux = der_enter(&d, DER_SEQUENCE);
		mark = get_mark(&aux);
		der_leave(&d, &aux);
	}
	return der_end(&d) == 0 ? walk->fn(walk->ctx, certificate, mark) : 0;
}

int
trusted_walk(struct bytes text, trusted_fn *fn, void *ctx, struct err *e)
{
	struct trusted_walk_ctx walk = {fn, ctx};

	return pem_is_pem(text) ? pem_walk(text, NULL, take_object, &walk, e)
				: 0;
}
