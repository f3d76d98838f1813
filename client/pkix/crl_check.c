/*
 * What lists say about a certificate (RFC 5280 6.3.3). Letters in comments
 * are the standard's steps.
 */
#include <stdio.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/hash.h"

#define REASON_REMOVE 8
#define DATE_LEN 10 /* of RFC 3339 text */
#define POINTS_MAX 32
#define SIGNERS_MAX 32 /* tried for one list */

/* What one set of lists says about one certificate. */
struct crl_query {
	const struct crl_set *set;
	const struct cert *cert, *issuer;
	uint64_t issuer_hash; /* of cert's issuer name */
	int64_t time;
	bool is_legacy;
	const struct crl_signers *signers; /* or NULL */
	struct crl_answer *answer;
	unsigned reasons; /* those for which it is known not to be revoked */
	int64_t good_at;  /* thisUpdate of the newest list that says so */
};

/* What a complete list with its delta list says. */
struct crl_finding {
	bool is_listed;
	int reason;
	int64_t revoked_at;
};

static const char *
reason_name(int reason)
{
	static const char *const names[] = {"unspecified", "keyCompromise",
	    "cACompromise", "affiliationChanged", "superseded",
	    "cessationOfOperation", "certificateHold", "7", "removeFromCRL",
	    "privilegeWithdrawn", "aACompromise"};

	return reason >= 0 && (size_t)reason < sizeof(names) / sizeof(*names)
		   ? names[reason]
		   : "unspecified";
}

void
crl_answer_set_revoked(
    struct crl_answer *a, int64_t at, int reason, int64_t as_of)
{
	char date[TIME_TEXT_MAX];

	a->status = CRL_REVOKED;
	a->revoked_at = at;
	a->as_of = as_of;
	a->reason = reason;
	snprintf(a->text, sizeof(a->text), say("%s since %.*s%s%s%s"),
	    reason == CRL_REASON_HOLD ? say("on hold") : say("revoked"),
	    DATE_LEN, time_format(date, at), reason != 0 ? " (" : "",
	    reason != 0 ? reason_name(reason) : "", reason != 0 ? ")" : "");
}

/* Keeps the first cause, until something better is known. */
static void
say_unknown(struct crl_answer *a, const char *text)
{
	if (a->status == CRL_UNKNOWN && a->text[0] == '\0')
		snprintf(a->text, sizeof(a->text), "%s", say(text));
}

static void
say_unusable(struct crl_answer *a, const struct crl *crl)
{
	char date[TIME_TEXT_MAX], text[CRL_TEXT_MAX];

	snprintf(text, sizeof(text),
	    say("the CRL of %.*s cannot be used: %.140s"), DATE_LEN,
	    time_format(date, crl->this_update), crl->unusable);
	say_unknown(a, text);
}

bool
crl_is_early(
    int64_t this_update, int64_t time, const struct crl_signers *signers)
{
	int64_t now =
	    signers != NULL && signers->now > time ? signers->now : time;

	return this_update > now + CRL_SKEW_MAX;
}

void
crl_turn(const struct crl_signers *signers, bool came_along)
{
	if (signers != NULL && signers->turn != NULL)
		signers->turn(signers->ctx, came_along);
}

bool
crl_spend(const struct crl_signers *signers, const struct spki *key)
{
	return signers == NULL || signers->spend == NULL ||
	       signers->spend(signers->ctx, key);
}

/* Did that certificate's key sign the list, and may it? (f), (g) */
static int
signer_admits(struct crl_query *q, struct crl *crl, struct cert *signer)
{
	const struct spki *key = cert_get_spki(signer);
	int r;

	if (signer == q->issuer && q->signers != NULL &&
	    q->signers->issuer_key != NULL)
		key = q->signers->issuer_key;
	if (!crl_spend(q->signers, key)) {
		say_unknown(q->answer, "there are too many CRLs to check");
		return -CS_ERR_NO_PATH;
	}
	r = crl_verify(crl, signer, key, q->is_legacy);
	if (r != 0)
		return r;
	if ((cert_get_key_usage(signer, NULL) & KU_CRL_SIGN) == 0) {
		say_unknown(q->answer, signer == q->issuer
					   ? "the CA may not sign CRLs"
					   : N_("the CRL's signer may not sign "
						"CRLs"));
		return -CS_ERR_KEY_USAGE;
	}
	if (signer == q->issuer)
		return 0;
	r = q->signers->judge(q->signers->ctx, signer);
	if (r != 0)
		say_unknown(q->answer,
		    r == -CS_ERR_REVOKED
			? "the certificate of the CRL's signer is revoked"
			: N_("the CRL is signed by a key other than the CA's, "
			     "whose certificate is not trusted"));
	return r;
}

/* The other certificates with the name of the list's issuer. In the first
 * round those that the list's authority key id names. */
static int
find_signer(struct crl_query *q, struct crl *crl)
{
	struct crl_signer_at at;
	struct cert *signer;
	int round, r = -CS_ERR_BAD_SIGNATURE, n = 0;

	if (q->signers == NULL)
		return r;
	for (round = 0; round < 2; round++) {
		at = (struct crl_signer_at){0};
		while (r != 0 && n < SIGNERS_MAX &&
		       (signer = q->signers->next(
			    q->signers->ctx, crl->issuer, &at)) != NULL) {
			if (signer == q->issuer ||
			    bytes_is_equal(signer->key_id, crl->key_id) !=
				(round == 0))
				continue;
			n++;
			r = signer_admits(q, crl, signer);
		}
	}
	return r;
}

/* May list i be believed at all? Says why not. */
static bool
query_admits(struct crl_query *q, size_t i)
{
	struct crl *crl = crl_set_get(q->set, i);
	int r = -CS_ERR_BAD_SIGNATURE;

	crl_turn(q->signers, crl_set_came_along(q->set, i));
	if (crl_load(crl) != 0) {
		say_unknown(q->answer, err_text(-CS_ERR_NO_MEMORY));
		return false;
	}
	if (name_is_equal(q->issuer->subject, crl->issuer))
		r = signer_admits(q, crl, (struct cert *)q->issuer);
	if (r == -CS_ERR_BAD_SIGNATURE || r == -CS_ERR_ALGORITHM)
		r = find_signer(q, crl);
	if (r == -CS_ERR_WEAK)
		say_unknown(
		    q->answer, "the CRL is signed with a weak algorithm");
	else if (r == -CS_ERR_ALGORITHM)
		say_unknown(q->answer,
		    "the CRL's signature algorithm is not supported");
	else if (r != 0 &&
		 (cert_get_key_usage(q->issuer, NULL) & KU_CRL_SIGN) == 0)
		say_unknown(q->answer, "the CA may not sign CRLs");
	else if (r != 0)
		say_unknown(q->answer, "the CRL is not signed by the CA's key");
	else if (crl->unusable[0] != '\0')
		say_unusable(q->answer, crl);
	if (r == 0)
		crl->is_admitted = true;
	return r == 0 && crl->unusable[0] == '\0';
}

static int
number_compare(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return bytes_compare(a, b);
}

static bool
is_fresh(const struct crl_query *q, const struct crl *crl)
{
	return crl->has_next_update && q->time < crl->next_update;
}

static bool
is_same_scope(const struct crl *a, const struct crl *b)
{
	return a->issuer_hash == b->issuer_hash &&
	       bytes_is_equal(a->scope_raw, b->scope_raw) &&
	       name_is_equal(a->issuer, b->issuer);
}

/* (c) and RFC 5280 5.2.4: does the delta list go on from the complete one? */
static bool
delta_fits(const struct crl *complete, const struct crl *delta)
{
	if (!delta->is_delta || !is_same_scope(complete, delta) ||
	    !bytes_is_equal(complete->key_id, delta->key_id) ||
	    complete->number.len == 0 || delta->number.len == 0)
		return false;
	return number_compare(complete->number, delta->base) >= 0 &&
	       number_compare(complete->number, delta->number) < 0;
}

/* The newest delta list that fits, of fresh ones if there are any. */
static struct crl *
find_delta(struct crl_query *q, const struct crl *complete)
{
	struct crl *best = NULL, *crl;
	size_t i;

	for (i = 0; i < crl_set_get_len(q->set); i++) {
		crl = crl_set_get(q->set, i);
		if (!delta_fits(complete, crl) ||
		    (best != NULL &&
			(is_fresh(q, best) > is_fresh(q, crl) ||
			    (is_fresh(q, best) == is_fresh(q, crl) &&
				number_compare(best->number, crl->number) >=
				    0))))
			continue;
		if (query_admits(q, i))
			best = crl;
	}
	return best;
}

static int
ask_list(struct crl_query *q, struct crl *crl, struct crl_finding *found)
{
	int r = crl_find(crl, q->cert->issuer, q->issuer_hash, q->cert->serial,
	    &found->revoked_at, &found->reason);

	found->is_listed = r == 1;
	if (r < 0)
		say_unusable(q->answer, crl);
	return r;
}

/* (i) to (k). 0, or negative: it cannot be told. */
static int
find_entry(struct crl_query *q, struct crl *complete, struct crl *delta,
    struct crl_finding *found)
{
	int r = delta != NULL ? ask_list(q, delta, found) : 0;

	if (r == 0)
		r = ask_list(q, complete, found);
	if (found->reason == REASON_REMOVE)
		found->is_listed = false;
	return r < 0 ? r : 0;
}

/* A hold counts in the newest list of its scope only. */
static bool
hold_is_lifted(struct crl_query *q, const struct crl *complete)
{
	struct crl_finding found;
	struct crl *crl;
	size_t i;

	for (i = 0; i < crl_set_get_len(q->set); i++) {
		crl = crl_set_get(q->set, i);
		if (crl->this_update > complete->this_update &&
		    !crl->is_delta && is_same_scope(crl, complete) &&
		    query_admits(q, i) &&
		    find_entry(q, crl, NULL, &found) == 0 && !found.is_listed)
			return true;
	}
	return false;
}

/* The list does not name the certificate. Does that make it good? */
static void
query_not_listed(struct crl_query *q, const struct crl *crl,
    const struct crl *delta, unsigned reasons)
{
	struct crl_answer *a = q->answer;
	char date[TIME_TEXT_MAX], text[CRL_TEXT_MAX];

	if (!crl->has_next_update) {
		say_unknown(a, "the CRL does not say how long it is valid");
		return;
	}
	if (!is_fresh(q, crl) && (delta == NULL || !is_fresh(q, delta))) {
		snprintf(text, sizeof(text), say("the CRL is stale since %.*s"),
		    DATE_LEN, time_format(date, crl->next_update));
		say_unknown(a, text);
		return;
	}
	/* Lists drop certificates that have expired. */
	if (crl->this_update > cert_get_not_after(q->cert)) {
		say_unknown(
		    a, "the CRL was made after the certificate expired");
		return;
	}
	if (crl_is_early(crl->this_update, q->time, q->signers)) {
		say_unknown(a, "the CRL is from a time that is still to come");
		return;
	}
	if (q->reasons == 0 || crl->this_update > q->good_at)
		q->good_at = crl->this_update;
	q->reasons |= reasons;
}

static void
query_ask(struct crl_query *q, size_t i, unsigned reasons)
{
	struct crl *crl = crl_set_get(q->set, i), *delta;
	struct crl_finding found;

	if (crl->is_delta) {
		say_unknown(q->answer,
		    "there is a delta CRL, but no complete one that it goes "
		    "on from");
		return;
	}
	if (!query_admits(q, i))
		return;
	delta = find_delta(q, crl);
	if (find_entry(q, crl, delta, &found) != 0)
		return;
	if (!found.is_listed)
		query_not_listed(q, crl, delta, reasons & crl->scope.reasons);
	else if (found.reason != CRL_REASON_HOLD || !hold_is_lifted(q, crl))
		crl_answer_set_revoked(q->answer, found.revoked_at,
		    found.reason,
		    delta != NULL ? delta->this_update : crl->this_update);
}

/* One distribution point, or with NULL the issuer's name, at all lists. */
static void
query_point(struct crl_query *q, const struct dist_point *dp)
{
	size_t i;

	for (i = 0;
	     i < crl_set_get_len(q->set) && q->answer->status != CRL_REVOKED;
	     i++)
		if (crl_covers(
			crl_set_get(q->set, i), q->cert, q->issuer_hash, dp))
			query_ask(
			    q, i, dp != NULL ? dp->reasons : CRL_REASONS_ALL);
}

static void
query_points(struct crl_query *q)
{
	const struct cert_extension *ext =
	    cert_find_extension(q->cert, OID_CE_CRL_DISTRIBUTION_POINTS);
	struct dist_point dp;
	struct der d, list;
	unsigned n;

	if (ext == NULL)
		return;
	der_init(&d, ext->value);
	list = der_enter(&d, DER_SEQUENCE);
	for (n = 0; der_has_more(&list) && n < POINTS_MAX; n++) {
		der_get_dist_point(&list, &dp);
		if (der_check(&list) == 0)
			query_point(q, &dp);
	}
}

static void
query_end(struct crl_query *q)
{
	struct crl_answer *a = q->answer;
	char date[TIME_TEXT_MAX];

	if (a->status == CRL_REVOKED)
		return;
	if (q->reasons == CRL_REASONS_ALL) {
		a->status = CRL_GOOD;
		a->as_of = q->good_at;
		snprintf(a->text, sizeof(a->text),
		    say("not revoked by the CRL of %.*s"), DATE_LEN,
		    time_format(date, q->good_at));
		return;
	}
	if (q->reasons != 0)
		say_unknown(a,
		    "the CRLs at hand cover some reasons for revocation only");
	say_unknown(a, "no CRL of its CA is at hand");
}

void
crl_set_check_by(const struct crl_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    const struct crl_signers *signers, struct crl_answer *answer)
{
	struct crl_query q = {.set = s,
	    .cert = cert,
	    .issuer = issuer,
	    .time = time,
	    .is_legacy = is_legacy,
	    .signers = signers,
	    .answer = answer};

	*answer = (struct crl_answer){.status = CRL_UNKNOWN};
	if (pkix_hash_name(cert->issuer, &q.issuer_hash) == 0) {
		query_points(&q);
		query_point(&q, NULL);
	}
	query_end(&q);
}

void
crl_set_check(const struct crl_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    struct crl_answer *answer)
{
	crl_set_check_by(s, cert, issuer, time, is_legacy, NULL, answer);
}
