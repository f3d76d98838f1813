/*
 * Path validation (RFC 5280 6.1) of one path, from the anchor down to the
 * leaf. Comments name the steps of the standard.
 */
#include <stdio.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/path_int.h"
#include "client/pkix/strength.h"

#define DATE_LEN 10 /* of RFC 3339 text */

struct path_state {
	struct path_ctx *ctx;
	const struct path_params *params;
	const struct path_chain *chain;
	struct policy_graph *policies;
	struct name_constraints nc[PATH_LEN_MAX + 1];
	size_t nc_len;
	unsigned explicit_policy, policy_mapping, inhibit_any; /* 6.1.2 */
	unsigned max_path_len;
	size_t at; /* of the certificate in the chain; 0: the leaf */
	const struct cert *cert, *issuer;
	/* 6.1.2 (g) to (i): issuer's key with the parameters it inherits. */
	struct spki working;
};

/* Fails at the present certificate (or the anchor). */
#define STATE_FAIL(s, code, ...)                                            \
	path_fail((s)->ctx,                                                 \
	    PATH_RANK_VALIDATION + PATH_LEN_MAX - (int)(s)->at, (s)->chain, \
	    (code), (s)->cert, __VA_ARGS__)

/* Notes what came of a step, where that is wanted. */
#define STEP(s, what, section, result) \
	path_log_step((s)->ctx, (s)->at, (what), (section), (result))

/* What a helper reported in e. */
static int
state_fail_err(struct path_state *s, int code, const struct err *e)
{
	if (code == -CS_ERR_NO_PATH)
		return STATE_FAIL(s, code,
		    "checking it takes too many steps; the search was given "
		    "up");
	return STATE_FAIL(s, code, "%s", err_get_text(e));
}

static bool
is_mail_purpose(const struct path_params *params)
{
	return params->purpose != PATH_ANY;
}

/* 6.1.3 (a) (2) */
static int
check_validity(struct path_state *s)
{
	char date[TIME_TEXT_MAX];

	if (s->params->time < s->cert->not_before)
		return STATE_FAIL(s, -CS_ERR_EXPIRED, "not valid before %.*s",
		    DATE_LEN, time_format(date, s->cert->not_before));
	if (s->params->time > s->cert->not_after)
		return STATE_FAIL(s, -CS_ERR_EXPIRED, "expired on %.*s",
		    DATE_LEN, time_format(date, s->cert->not_after));
	return 0;
}

/* 6.1.3 (a) (1) and (4) */
static int
check_signature(struct path_state *s)
{
	char alg[64], key[64], issuer[PATH_TEXT_MAX / 2];
	int r;

	if (!name_is_equal(s->cert->issuer, s->issuer->subject))
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "its issuer's name is not that of the CA above it");
	r = path_signature(s->ctx, s->cert, s->issuer, &s->working);
	if (r == 0)
		return 0;
	alg_id_describe(alg, sizeof(alg), &s->cert->signature_alg);
	spki_describe(key, sizeof(key), &s->working);
	path_describe(issuer, sizeof(issuer), s->issuer);
	if (r == -CS_ERR_WEAK)
		return STATE_FAIL(s, r,
		    "signed with %s by a key %s, which is too weak", alg, key);
	if (r == -CS_ERR_ALGORITHM)
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "signed with %s by a key %s, which is not supported", alg,
		    key);
	if (r == -CS_ERR_BAD_SIGNATURE)
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "the signature is not by the key of %s", issuer);
	return STATE_FAIL(s, r, "%s",
	    r == -CS_ERR_NO_PATH
		? "too many signatures to check; the search was given up"
		: err_text(r));
}

static int
check_key(struct path_state *s)
{
	char key[64];

	/* A key that is not known is no fault before it is used. */
	if (s->cert->spki.alg == ALG_NONE ||
	    strength_check_key(&s->cert->spki, s->params->is_legacy) !=
		-CS_ERR_WEAK)
		return 0;
	spki_describe(key, sizeof(key), &s->cert->spki);
	return STATE_FAIL(s, -CS_ERR_WEAK, "its key %s is too weak", key);
}

/* What is processed here, or by whoever uses the certificate. */
static bool
is_understood(enum oid oid)
{
	switch (oid) {
	case OID_CE_BASIC_CONSTRAINTS:
	case OID_CE_KEY_USAGE:
	case OID_CE_EXT_KEY_USAGE:
	case OID_CE_SUBJECT_ALT_NAME:
	case OID_CE_ISSUER_ALT_NAME:
	case OID_CE_SUBJECT_KEY_ID:
	case OID_CE_AUTHORITY_KEY_ID:
	case OID_CE_NAME_CONSTRAINTS:
	case OID_CE_CERTIFICATE_POLICIES:
	case OID_CE_POLICY_MAPPINGS:
	case OID_CE_POLICY_CONSTRAINTS:
	case OID_CE_INHIBIT_ANY_POLICY:
	case OID_CE_CRL_DISTRIBUTION_POINTS:
		return true;
	default:
		return false;
	}
}

/* 6.1.4 (o), 6.1.5 (f) */
static int
check_critical(struct path_state *s)
{
	char name[OID_TEXT_MAX];
	size_t i;

	for (i = 0; i < s->cert->extensions_len; i++) {
		if (!s->cert->extensions[i].is_critical ||
		    is_understood(s->cert->extensions[i].oid))
			continue;
		oid_describe(
		    name, sizeof(name), s->cert->extensions[i].oid_raw);
		return STATE_FAIL(s, -CS_ERR_CRITICAL,
		    "its critical extension %.128s is not understood", name);
	}
	return 0;
}

/* 6.1.3 (b), (c) */
static int
check_names(struct path_state *s)
{
	struct err e = ERR_INIT;
	size_t i;
	int r = 0;

	if (s->at != 0 && s->cert->is_self_issued)
		return 0;
	for (i = 0; r == 0 && i < s->nc_len; i++)
		r = name_constraints_check(s->ctx, &s->nc[i], s->cert, &e);
	return r != 0 ? state_fail_err(s, r, &e) : 0;
}

/* 6.1.3 (d), (e); (f) is left to the end, since nothing once lost returns. */
static int
check_policies(struct path_state *s)
{
	struct err e = ERR_INIT;
	bool is_any_allowed =
	    s->inhibit_any > 0 || (s->at != 0 && s->cert->is_self_issued);
	int r = policy_graph_add_cert(s->policies, s->cert, is_any_allowed, &e);

	return r != 0 ? state_fail_err(s, r, &e) : 0;
}

/* 6.1.4 (g) */
static int
add_name_constraints(struct path_state *s)
{
	const struct cert_extension *ext =
	    cert_find_extension(s->cert, OID_CE_NAME_CONSTRAINTS);
	struct err e = ERR_INIT;
	int r;

	if (ext == NULL)
		return 0;
	r = name_constraints_decode(ext->value, &s->nc[s->nc_len], &e);
	if (r != 0)
		return state_fail_err(s, r, &e);
	s->nc_len++;
	return 0;
}

static void
lower_to(unsigned *counter, uint64_t value)
{
	if (value < *counter)
		*counter = (unsigned)value;
}

/* A SkipCerts, of which only small values matter. */
static uint64_t
get_skip(struct der *d, int tag)
{
	struct bytes n = der_get(d, tag);
	uint64_t value = 0;
	size_t i;

	if (n.len == 0 || n.p[0] >= 0x80)
		der_fail(d, -CS_ERR_ENCODING);
	for (i = 0; i < n.len && value <= PATH_LEN_MAX; i++)
		value = value << 8 | n.p[i];
	return value;
}

/* 6.1.4 (i), 6.1.5 (b): for the leaf only an explicit 0 counts. */
static int
apply_policy_constraints(struct path_state *s, bool is_leaf)
{
	const struct cert_extension *ext =
	    cert_find_extension(s->cert, OID_CE_POLICY_CONSTRAINTS);
	uint64_t explicit_skip = UINT64_MAX, mapping_skip = UINT64_MAX;
	struct der d, in;

	if (ext == NULL)
		return 0;
	der_init(&d, ext->value);
	in = der_enter(&d, DER_SEQUENCE);
	if (!der_has_more(&in))
		der_fail(&in, -CS_ERR_ENCODING);
	if (der_peek(&in) == DER_CONTEXT(0))
		explicit_skip = get_skip(&in, DER_CONTEXT(0));
	if (der_peek(&in) == DER_CONTEXT(1))
		mapping_skip = get_skip(&in, DER_CONTEXT(1));
	if (der_end(&in) != 0 || der_end(&d) != 0)
		return STATE_FAIL(
		    s, -CS_ERR_PATH, "its policyConstraints are broken");
	if (is_leaf) {
		if (explicit_skip == 0)
			s->explicit_policy = 0;
		return 0;
	}
	lower_to(&s->explicit_policy, explicit_skip);
	lower_to(&s->policy_mapping, mapping_skip);
	return 0;
}

/* 6.1.4 (j) */
static int
apply_inhibit_any(struct path_state *s)
{
	const struct cert_extension *ext =
	    cert_find_extension(s->cert, OID_CE_INHIBIT_ANY_POLICY);
	uint64_t skip;
	struct der d;

	if (ext == NULL)
		return 0;
	der_init(&d, ext->value);
	skip = get_skip(&d, DER_INTEGER);
	if (der_end(&d) != 0)
		return STATE_FAIL(
		    s, -CS_ERR_PATH, "its inhibitAnyPolicy is broken");
	lower_to(&s->inhibit_any, skip);
	return 0;
}

static void
count_down(unsigned *counter)
{
	if (*counter > 0)
		--*counter;
}

/* 6.1.4 (a), (b), (h) to (j) */
static int
prepare_policies(struct path_state *s)
{
	struct err e = ERR_INIT;
	int r =
	    policy_graph_map(s->policies, s->cert, s->policy_mapping > 0, &e);

	if (r != 0)
		return state_fail_err(s, r, &e);
	if (!s->cert->is_self_issued) {
		count_down(&s->explicit_policy);
		count_down(&s->policy_mapping);
		count_down(&s->inhibit_any);
	}
	r = apply_policy_constraints(s, false);
	return r != 0 ? r : apply_inhibit_any(s);
}

/* 6.1.4 (k), (n), and the restriction by purpose. */
static int
check_ca(struct path_state *s)
{
	if (s->cert->version != 3)
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "a certificate of version %u cannot be a CA",
		    s->cert->version);
	if (!s->cert->is_ca)
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "it is not a CA (basicConstraints), but issued another "
		    "certificate");
	if ((cert_get_key_usage(s->cert, NULL) & KU_KEY_CERT_SIGN) == 0)
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "its key usage does not allow it to sign certificates");
	if (is_mail_purpose(s->params) &&
	    !cert_allows_purpose(s->cert, path_purpose_oid(s->params)))
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "its extended key usage does not include %s",
		    say(path_purpose_name(s->params)));
	return 0;
}

/* 6.1.4 (l), (m) */
static int
check_path_len(struct path_state *s)
{
	if (!s->cert->is_self_issued) {
		if (s->max_path_len == 0)
			return STATE_FAIL(s, -CS_ERR_PATH,
			    "a CA above it allows no further CA "
			    "(pathLenConstraint)");
		s->max_path_len--;
	}
	if (s->cert->path_len != CERT_PATH_LEN_NONE)
		lower_to(&s->max_path_len, (uint64_t)s->cert->path_len);
	return 0;
}

/* 6.1.4 (d) to (f) */
static void
next_key(struct path_state *s)
{
	struct spki key;

	if (spki_inherit(&s->cert->spki, &s->working, &key) != 0)
		key = s->cert->spki;
	s->working = key;
}

/* 6.1.4, for a certificate that has another below it. */
static int
prepare_next(struct path_state *s)
{
	int r = STEP(s, "ca", "6.1.4 (k), (n)", check_ca(s));

	if (r == 0)
		r = STEP(s, "policyMappings", "6.1.4 (a), (b), (h) to (j)",
		    prepare_policies(s));
	if (r == 0)
		r = STEP(
		    s, "nameConstraints", "6.1.4 (g)", add_name_constraints(s));
	if (r == 0)
		r = STEP(s, "pathLength", "6.1.4 (l), (m)", check_path_len(s));
	if (r == 0)
		r = STEP(
		    s, "criticalExtensions", "6.1.4 (o)", check_critical(s));
	if (r == 0)
		next_key(s);
	return r;
}

static int
check_purpose(struct path_state *s)
{
	unsigned usage = cert_get_key_usage(s->cert, NULL);
	unsigned need = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	if (!is_mail_purpose(s->params))
		return 0;
	if (s->params->purpose == PATH_ENCRYPT)
		need = KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;
	if ((usage & need) == 0)
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "its key usage does not allow it to %s",
		    s->params->purpose == PATH_ENCRYPT ? say("encrypt")
						       : say("sign"));
	if (!cert_allows_purpose(s->cert, path_purpose_oid(s->params)))
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "its extended key usage does not include %s",
		    say(path_purpose_name(s->params)));
	return 0;
}

/* 6.1.5 (a), (b), (g) */
static int
check_valid_policy(struct path_state *s)
{
	int r;

	count_down(&s->explicit_policy);
	r = apply_policy_constraints(s, true);
	if (r != 0)
		return r;
	if (s->ctx->log != NULL)
		path_log_policies(s->ctx->log, s->policies, s->params);
	if (s->explicit_policy == 0 &&
	    !policy_graph_has_valid(
		s->policies, s->params->policies, s->params->policies_len))
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "no certificate policy that is asked for holds along its "
		    "path");
	return 0;
}

/* 6.1.5 */
static int
wrap_up(struct path_state *s)
{
	int r;

	r = STEP(s, "criticalExtensions", "6.1.5 (f)", check_critical(s));
	if (r == 0)
		r = STEP(s, "purpose", "RFC 8550 4.4", check_purpose(s));
	if (r == 0)
		r = STEP(s, "validPolicy", "6.1.5 (a), (b), (g)",
		    check_valid_policy(s));
	return r;
}

static int
check_cert(struct path_state *s)
{
	int r = STEP(s, "signature", "6.1.3 (a) (1), (4)", check_signature(s));

	if (r == 0)
		r = STEP(s, "validity", "6.1.3 (a) (2)", check_validity(s));
	if (r == 0)
		r = STEP(s, "keyStrength", "", check_key(s));
	if (r == 0)
		r = STEP(s, "names", "6.1.3 (b), (c)", check_names(s));
	if (r == 0)
		r = STEP(s, "policies", "6.1.3 (d), (e)", check_policies(s));
	if (r != 0)
		return r;
	return s->at != 0 ? prepare_next(s) : wrap_up(s);
}

/* A v1 certificate says nothing of being a CA; old roots are like that. */
static bool
anchor_may_issue(const struct cert *anchor)
{
	if (anchor->version != 3)
		return anchor->is_self_issued;
	return anchor->is_ca &&
	       (cert_get_key_usage(anchor, NULL) & KU_KEY_CERT_SIGN) != 0;
}

/* The anchor's own restrictions: see path.h. */
static int
check_anchor(struct path_state *s)
{
	int r = 0;

	s->at = s->chain->len;
	s->cert = s->chain->anchor;
	if (!anchor_may_issue(s->cert))
		return STATE_FAIL(s, -CS_ERR_PATH,
		    "this trust anchor is not a CA, it is trusted for itself "
		    "alone");
	if (s->cert->version == 3)
		r = check_ca(s);
	if (r == 0)
		r = check_critical(s);
	if (r == 0)
		r = add_name_constraints(s);
	if (r != 0)
		return r;
	if (s->cert->path_len != CERT_PATH_LEN_NONE)
		lower_to(&s->max_path_len, (uint64_t)s->cert->path_len);
	return check_key(s);
}

static void
remark_anchor(struct path_state *s)
{
	const struct cert *anchor = s->chain->anchor;
	char date[TIME_TEXT_MAX], what[PATH_TEXT_MAX - 128];
	bool is_expired = s->params->time > anchor->not_after;
	bool is_unmarked = cert_set_has(s->params->unmarked, anchor);

	s->ctx->remark[0] = '\0';
	if (!is_expired && !is_unmarked)
		return;
	path_describe(what, sizeof(what), anchor);
	time_format(date, anchor->not_after);
	if (!is_expired)
		snprintf(s->ctx->remark, sizeof(s->ctx->remark),
		    say("the trust anchor %s is the system's, which does not "
			"say that it is for mail"),
		    what);
	else if (!is_unmarked)
		snprintf(s->ctx->remark, sizeof(s->ctx->remark),
		    say("the trust anchor %s expired on %.*s"), what, DATE_LEN,
		    date);
	else
		snprintf(s->ctx->remark, sizeof(s->ctx->remark),
		    say("the trust anchor %s is the system's, which does not "
			"say that it is for mail, and expired on %.*s"),
		    what, DATE_LEN, date);
}

/* 6.1.2 */
static void
state_init(struct path_state *s)
{
	unsigned n = (unsigned)s->chain->len;

	s->explicit_policy = s->params->is_explicit_policy ? 0 : n + 1;
	s->policy_mapping = s->params->is_mapping_inhibited ? 0 : n + 1;
	s->inhibit_any = s->params->is_any_policy_inhibited ? 0 : n + 1;
	s->max_path_len = n;
	s->working = s->chain->anchor->spki;
	s->at = s->chain->len;
}

static int
validate_trusted_leaf(struct path_state *s)
{
	int r;

	s->at = 0;
	s->cert = s->chain->certs[0];
	r = STEP(s, "validity", "6.1.3 (a) (2)", check_validity(s));
	if (r == 0)
		r = STEP(s, "keyStrength", "", check_key(s));
	if (r == 0)
		r = STEP(
		    s, "criticalExtensions", "6.1.5 (f)", check_critical(s));
	if (r == 0)
		r = STEP(s, "purpose", "RFC 8550 4.4", check_purpose(s));
	if (r == 0)
		remark_anchor(s);
	return r;
}

int
path_validate(struct path_ctx *ctx, const struct path_chain *chain)
{
	struct path_state s = {
	    .ctx = ctx, .params = ctx->params, .chain = chain};
	size_t i;
	int r;

	if (chain->anchor == chain->certs[0])
		return validate_trusted_leaf(&s);
	state_init(&s);
	r = STEP(&s, "trustAnchor", "6.1.1 (d)", check_anchor(&s));
	if (r != 0)
		return r;
	s.policies = policy_graph_new(ctx);
	if (s.policies == NULL)
		return STATE_FAIL(
		    &s, -CS_ERR_NO_MEMORY, "%s", err_text(-CS_ERR_NO_MEMORY));
	for (i = chain->len; r == 0 && i-- > 0;) {
		s.at = i;
		s.issuer =
		    i + 1 < chain->len ? chain->certs[i + 1] : chain->anchor;
		s.cert = chain->certs[i];
		r = check_cert(&s);
	}
	policy_graph_free(s.policies);
	if (r == 0)
		remark_anchor(&s);
	return r;
}
