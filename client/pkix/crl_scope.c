/*
 * Which certificates a list is about: distribution points (RFC 5280 4.2.1.13)
 * against the issuingDistributionPoint (5.2.5), by 6.3.3 (b).
 */
#include <string.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/general_name.h"

/* DistributionPointName inside its [0]. */
static void
get_dp_name(struct der *d, struct dp_name *name)
{
	struct der in = der_enter(d, DER_CONTEXT_C(0));

	if (der_peek(&in) == DER_CONTEXT_C(0))
		name->full = der_get(&in, DER_CONTEXT_C(0));
	else
		name->relative = der_get(&in, DER_CONTEXT_C(1));
	if (der_end(&in) == 0 && name->full.len == 0 && name->relative.len == 0)
		der_fail(d, -CS_ERR_ENCODING);
	der_leave(d, &in);
}

static unsigned
get_reasons(struct der *d, int tag)
{
	struct bytes bits;
	unsigned unused, reasons = 0, bit;

	bits = der_get_bits_tag(d, tag, &unused);
	for (bit = 1; bit <= 8 && bit < bits.len * 8; bit++) {
		if ((bits.p[bit / 8] & (0x80U >> bit % 8)) != 0)
			reasons |= 1U << bit;
	}
	return reasons;
}

static bool
get_flag(struct der *d, int tag)
{
	struct bytes value;

	if (!der_get_opt(d, tag, &value))
		return false;
	if (value.len != 1 || (value.p[0] != 0 && value.p[0] != 0xff))
		der_fail(d, -CS_ERR_ENCODING);
	return value.len == 1 && value.p[0] != 0;
}

int
crl_scope_decode(struct bytes value, struct crl_scope *scope)
{
	struct der d, in;

	*scope = (struct crl_scope){.reasons = CRL_REASONS_ALL};
	der_init(&d, value);
	in = der_enter(&d, DER_SEQUENCE);
	if (der_peek(&in) == DER_CONTEXT_C(0))
		get_dp_name(&in, &scope->name);
	scope->is_user_only = get_flag(&in, DER_CONTEXT(1));
	scope->is_ca_only = get_flag(&in, DER_CONTEXT(2));
	if (der_peek(&in) == DER_CONTEXT(3))
		scope->reasons = get_reasons(&in, DER_CONTEXT(3));
	scope->is_indirect = get_flag(&in, DER_CONTEXT(4));
	scope->is_attribute_only = get_flag(&in, DER_CONTEXT(5));
	der_leave(&d, &in);
	return der_end(&d);
}

void
der_get_dist_point(struct der *d, struct dist_point *dp)
{
	struct der in = der_enter(d, DER_SEQUENCE);

	*dp = (struct dist_point){.reasons = CRL_REASONS_ALL};
	if (der_peek(&in) == DER_CONTEXT_C(0))
		get_dp_name(&in, &dp->name);
	if (der_peek(&in) == DER_CONTEXT(1))
		dp->reasons = get_reasons(&in, DER_CONTEXT(1));
	der_get_opt(&in, DER_CONTEXT_C(2), &dp->issuer);
	der_leave(d, &in);
}

static bool
general_name_is_equal(
    const struct general_name *a, const struct general_name *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == GN_DIRECTORY)
		return name_is_equal(a->value, b->value);
	return bytes_is_equal(a->other_oid, b->other_oid) &&
	       bytes_is_equal(a->value, b->value);
}

static bool
general_names_have_one(struct bytes names, const struct general_name *wanted)
{
	struct general_name name;
	struct der d;
	unsigned n;

	der_init(&d, names);
	for (n = 0; der_has_more(&d) && n < CRL_NAMES_MAX; n++) {
		der_get_general_name(&d, &name);
		if (der_check(&d) == 0 && general_name_is_equal(&name, wanted))
			return true;
	}
	return false;
}

bool
general_names_have(struct bytes names, struct bytes name)
{
	struct general_name wanted = {.type = GN_DIRECTORY, .value = name};

	return general_names_have_one(names, &wanted);
}

/* Is some name in both? */
static bool
general_names_meet(struct bytes a, struct bytes b)
{
	struct general_name name;
	struct der d;
	unsigned n;

	der_init(&d, a);
	for (n = 0; der_has_more(&d) && n < CRL_NAMES_MAX; n++) {
		der_get_general_name(&d, &name);
		if (der_check(&d) == 0 && general_names_have_one(b, &name))
			return true;
	}
	return false;
}

/* The one directory name in a cRLIssuer, or empty. */
static struct bytes
first_directory_name(struct bytes names)
{
	struct general_name name;
	struct der d;
	unsigned n;

	der_init(&d, names);
	for (n = 0; der_has_more(&d) && n < CRL_NAMES_MAX; n++) {
		der_get_general_name(&d, &name);
		if (der_check(&d) == 0 && name.type == GN_DIRECTORY)
			return name.value;
	}
	return BYTES_NONE;
}

/* The names of a point as GeneralNames; a relative one below issuer, whose
 * octets go into b. */
static struct bytes
dp_name_expand(const struct dp_name *name, struct bytes issuer, struct buf *b)
{
	struct bytes rdns;
	struct der d;
	size_t gn, sequence;

	if (name->relative.len == 0)
		return name->full;
	der_init(&d, issuer);
	rdns = der_get(&d, DER_SEQUENCE);
	gn = der_open(b, DER_CONTEXT_C(GN_DIRECTORY));
	sequence = der_open(b, DER_SEQUENCE);
	der_put_raw(b, rdns);
	der_put(b, DER_SET, name->relative);
	der_close(b, sequence);
	der_close(b, gn);
	return b->err == 0 ? buf_get(b) : BYTES_NONE;
}

/* 6.3.3 (b) (2) (i); the list does name a point. */
static bool
is_same_point(
    const struct crl *crl, const struct cert *cert, const struct dist_point *dp)
{
	struct buf ours = {0}, theirs = {0};
	struct bytes issuer = cert->issuer, a, b;
	bool is_same;

	a = dp_name_expand(&crl->scope.name, crl->issuer, &ours);
	if (dp == NULL) {
		is_same = general_names_have(a, cert->issuer);
	} else {
		if (dp->issuer.len != 0)
			issuer = first_directory_name(dp->issuer);
		b = dp->issuer;
		if (dp->name.full.len != 0 || dp->name.relative.len != 0)
			b = dp_name_expand(&dp->name, issuer, &theirs);
		is_same = general_names_meet(a, b);
	}
	buf_clear(&ours);
	buf_clear(&theirs);
	return is_same;
}

bool
crl_covers(const struct crl *crl, const struct cert *cert,
    uint64_t cert_issuer_hash, const struct dist_point *dp)
{
	const struct crl_scope *scope = &crl->scope;

	if (dp != NULL && dp->issuer.len != 0) {
		if (!scope->is_indirect ||
		    !general_names_have(dp->issuer, crl->issuer))
			return false;
	} else if (crl->issuer_hash != cert_issuer_hash ||
		   !name_is_equal(crl->issuer, cert->issuer)) {
		return false;
	}
	if (scope->is_attribute_only || (scope->is_user_only && cert->is_ca) ||
	    (scope->is_ca_only && !cert->is_ca))
		return false;
	if (scope->name.full.len == 0 && scope->name.relative.len == 0)
		return true;
	return is_same_point(crl, cert, dp);
}
