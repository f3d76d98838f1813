/*
 * The revocation status of a path's certificates (RFC 5280 6.3), and of those
 * that sign lists without being their issuer's own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/ocsp.h"
#include "client/pkix/path_int.h"
#include "client/pkix/urls.h"

#define SHOWN_MAX 120

/* One path being asked about. */
struct revoke {
	struct path_ctx *ctx;
	const struct path_chain *chain;
	size_t at;	     /* of the certificate being asked about */
	enum path_for start; /* what the search itself is for */
};

static void
set_text(struct path_result *result, const struct cert *cert, const char *text)
{
	char what[SHOWN_MAX];

	snprintf(result->revocation_text, sizeof(result->revocation_text),
	    "%s: %s", path_describe(what, sizeof(what), cert), text);
}

/* The path itself, our certificates, and those that came along. */
static struct cert *
next_signer(void *ctx, struct bytes subject, struct crl_signer_at *at)
{
	struct revoke *revoke = ctx;
	const struct path_params *params = revoke->ctx->params;
	const struct path_chain *chain = revoke->chain;
	struct cert *c = NULL;

	while (at->source == 0 && at->at <= chain->len) {
		c = at->at < chain->len ? chain->certs[at->at] : chain->anchor;
		at->at++;
		if (c != NULL && name_is_equal(c->subject, subject))
			return c;
	}
	if (at->source == 0)
		*at = (struct crl_signer_at){.source = 1};
	if (at->source == 1) {
		c = cert_set_next_subject(
		    params->intermediates, subject, &at->at);
		if (c == NULL)
			*at = (struct crl_signer_at){.source = 2};
	}
	if (at->source == 2)
		c = cert_set_next_subject(params->extra, subject, &at->at);
	return c;
}

/* Whatever follows from what came along stays of that kind. */
static void
turn(void *ctx, bool came_along)
{
	struct revoke *revoke = ctx;

	revoke->ctx->what_for = came_along || revoke->start == PATH_FOR_ALONG
				    ? PATH_FOR_ALONG
				    : PATH_FOR_OURS;
}

static bool
spend(void *ctx, const struct spki *key)
{
	struct revoke *revoke = ctx;

	return path_spend_signature(revoke->ctx, key);
}

/* Who was not believed for want of means that there are now is not known. */
static struct path_signer *
find_known(struct path_ctx *ctx, const struct cert *signer,
    const struct cert *anchor, const struct cert *issuer)
{
	struct path_signer *known = ctx->signers->known;
	struct path_signer *end = known + ctx->signers->len;

	for (; known < end; known++) {
		if (known->signer == signer && known->anchor == anchor &&
		    known->issuer == issuer &&
		    (known->is_open || known->code != -CS_ERR_NO_PATH ||
			known->what_for == PATH_FOR_OURS ||
			ctx->what_for != PATH_FOR_OURS))
			return known;
	}
	return NULL;
}

/* The entry to be filled in; NULL: out of bounds. */
static struct path_signer *
open_known(struct path_ctx *ctx, const struct cert *signer,
    const struct cert *anchor, const struct cert *issuer)
{
	struct path_signers *signers = ctx->signers;
	struct path_signer *known;
	size_t max = PATH_SIGNERS_MAX;

	if (ctx->what_for == PATH_FOR_OURS)
		max += PATH_SIGNERS_RESERVE;
	if (signers->len >= max || signers->depth == PATH_SIGNER_DEPTH_MAX)
		return NULL;
	known = &signers->known[signers->len++];
	*known = (struct path_signer){.signer = signer,
	    .anchor = anchor,
	    .issuer = issuer,
	    .what_for = ctx->what_for,
	    .is_open = true};
	signers->depth++;
	return known;
}

static int
close_known(struct path_signers *signers, struct path_signer *known, int code)
{
	signers->depth--;
	known->is_open = false;
	return known->code = code;
}

/*
 * A signer whose own status is on a list of its own, where its issuer says
 * that it is, is taken at its word there.
 */
static int
judge_signer(void *ctx, struct cert *signer)
{
	struct revoke *revoke = ctx;
	struct path_signers *signers = revoke->ctx->signers;
	struct cert *anchor = revoke->chain->anchor;
	struct path_signer *known =
	    find_known(revoke->ctx, signer, anchor, NULL);

	if (known != NULL)
		return known->is_open ? 0 : known->code;
	known = open_known(revoke->ctx, signer, anchor, NULL);
	if (known == NULL)
		return -CS_ERR_NO_PATH;
	return close_known(
	    signers, known, path_find_signer(revoke->ctx, signer, anchor));
}

/* RFC 5280 6.1.4 (d) to (f), up to the issuer of certificate i. */
static struct spki
working_key(const struct path_chain *chain, size_t i)
{
	struct spki working = chain->anchor->spki, key;
	size_t at;

	for (at = chain->len; at-- > i + 1;) {
		if (spki_inherit(&chain->certs[at]->spki, &working, &key) != 0)
			key = chain->certs[at]->spki;
		working = key;
	}
	return working;
}

static void ask(struct revoke *revoke, size_t i, struct crl_answer *answer);

static const struct cert *
issuer_of(const struct revoke *revoke)
{
	const struct path_chain *chain = revoke->chain;

	return revoke->at + 1 < chain->len ? chain->certs[revoke->at + 1]
					   : chain->anchor;
}

/* The path of the certificate at i, with the responder in its place: the CA
 * that issued the one must have issued the other. */
static int
find_responder(struct revoke *revoke, struct cert *responder)
{
	const struct path_chain *chain = revoke->chain;
	struct path_params params = path_params_inside(revoke->ctx);
	struct path_ctx ctx = *revoke->ctx;
	struct path_chain own = {.certs = {responder}, .len = 1};
	struct revoke inner = {
	    .ctx = &ctx, .chain = &own, .start = ctx.what_for};
	struct crl_answer answer = {.status = CRL_GOOD};
	size_t i;
	int r;

	ctx.params = &params;
	ctx.log = NULL;
	ctx.fault = (struct path_fault){.code = 0};
	own.anchor = chain->anchor;
	for (i = revoke->at + 1; i < chain->len; i++)
		own.certs[own.len++] = chain->certs[i];
	r = path_validate(&ctx, &own);
	if (r == 0 && !ocsp_is_no_check(responder))
		ask(&inner, 0, &answer);
	if (answer.status == CRL_REVOKED)
		r = -CS_ERR_REVOKED;
	else if (answer.status == CRL_UNKNOWN &&
		 params.revocation == PATH_REVOCATION_HARD)
		r = -CS_ERR_UNTRUSTED;
	revoke->ctx->signatures = ctx.signatures;
	revoke->ctx->work = ctx.work;
	return r;
}

/* Nobody vouches for himself. */
static int
judge_responder(void *ctx, struct cert *responder)
{
	struct revoke *revoke = ctx;
	const struct path_chain *chain = revoke->chain;
	struct path_signers *signers = revoke->ctx->signers;
	const struct cert *issuer = issuer_of(revoke);
	struct path_signer *known =
	    find_known(revoke->ctx, responder, chain->anchor, issuer);

	if (known != NULL)
		return known->is_open ? -CS_ERR_UNTRUSTED : known->code;
	known = open_known(revoke->ctx, responder, chain->anchor, issuer);
	if (known == NULL)
		return -CS_ERR_NO_PATH;
	return close_known(signers, known, find_responder(revoke, responder));
}

static int
answer_code(const struct crl_answer *answer)
{
	return answer->status == CRL_GOOD      ? 0
	       : answer->status == CRL_REVOKED ? -CS_ERR_REVOKED
					       : -CS_ERR_UNTRUSTED;
}

/* Of two answers: revoked, but for a hold that something newer has lifted;
 * good; else the cause that there is. */
static bool
is_worth_more(const struct crl_answer *a, const struct crl_answer *than)
{
	if (a->status == CRL_REVOKED)
		return than->status != CRL_GOOD ||
		       a->reason != CRL_REASON_HOLD || than->as_of <= a->as_of;
	if (a->status == CRL_GOOD)
		return than->status == CRL_UNKNOWN ||
		       (than->status == CRL_REVOKED &&
			   than->reason == CRL_REASON_HOLD &&
			   than->as_of < a->as_of);
	return false;
}

/* What is at hand says, answers of OCSP and lists, and both together. */
struct at_hand {
	struct crl_answer ocsp, all;
	bool has_ocsp;
};

static void
ask_at_hand(struct revoke *revoke, struct at_hand *said)
{
	const struct path_params *params = revoke->ctx->params;
	struct cert *cert = revoke->chain->certs[revoke->at];
	const struct cert *issuer = issuer_of(revoke);
	struct spki key = working_key(revoke->chain, revoke->at);
	struct crl_signers signers = {.next = next_signer,
	    .judge = judge_signer,
	    .turn = turn,
	    .spend = spend,
	    .ctx = revoke,
	    .now = params->now,
	    .issuer_key = &key};

	crl_set_check_by(params->crls, cert, issuer, params->time,
	    params->is_legacy, &signers, &said->all);
	signers.judge = judge_responder;
	ocsp_set_check(params->ocsps, cert, issuer, params->time,
	    params->is_legacy, &signers, &said->ocsp, &said->has_ocsp);
	revoke->ctx->what_for = revoke->start;
	if (said->has_ocsp && (said->all.status == CRL_UNKNOWN ||
				  is_worth_more(&said->ocsp, &said->all)))
		said->all = said->ocsp;
}

static bool
has_urls(const struct cert *c)
{
	return cert_get_url(c, CERT_URL_OCSP, 0).len != 0 ||
	       cert_get_url(c, CERT_URL_CRL, 0).len != 0;
}

/* Why it stays unknown, where more could have been had. */
static void
say_not_checked(const struct path_source *source, const struct cert *cert,
    struct crl_answer *answer)
{
	const char *why =
	    source == NULL ? "offline" : source->get_failure(source->ctx);
	char text[CRL_TEXT_MAX];

	if (!has_urls(cert) || why[0] == '\0')
		return;
	snprintf(text, sizeof(text), say("not checked, %.*s: %.*s"),
	    (int)sizeof(text) / 2, why, (int)sizeof(text) / 2 - 16,
	    answer->text);
	snprintf(answer->text, sizeof(answer->text), "%s", text);
}

static void
ask(struct revoke *revoke, size_t i, struct crl_answer *answer)
{
	const struct path_source *source = revoke->ctx->params->source;
	struct cert *cert = revoke->chain->certs[i];
	struct at_hand said;
	size_t outer = revoke->at;
	unsigned at = 0;

	revoke->at = i;
	ask_at_hand(revoke, &said);
	while (
	    said.all.status == CRL_UNKNOWN && source != NULL &&
	    source->get_revocation(source->ctx, cert, issuer_of(revoke), &at))
		ask_at_hand(revoke, &said);
	revoke->at = outer;
	if (said.all.status == CRL_UNKNOWN)
		say_not_checked(source, cert, &said.all);
	if (said.has_ocsp)
		path_log_add(revoke->ctx, i, "ocsp", "RFC 6960 3.2",
		    answer_code(&said.ocsp), said.ocsp.text);
	path_log_add(revoke->ctx, i, "revocation", "6.3.3",
	    answer_code(&said.all), said.all.text);
	*answer = said.all;
}

/* The worst answer of all certificates, the one nearest the leaf of these. */
static int
ask_all(struct revoke *revoke, struct path_result *result)
{
	const struct path_chain *chain = revoke->chain;
	struct crl_answer answer;
	size_t i;
	int code = 0;

	for (i = 0; i < chain->len; i++) {
		ask(revoke, i, &answer);
		if (answer.status == CRL_REVOKED) {
			set_text(result, chain->certs[i], answer.text);
			return -CS_ERR_REVOKED;
		}
		if (answer.status == CRL_GOOD || code != 0)
			continue;
		set_text(result, chain->certs[i], answer.text);
		code = -CS_ERR_UNTRUSTED;
	}
	return code;
}

int
path_revocation(struct path_ctx *ctx, const struct path_chain *chain,
    struct path_result *result)
{
	const struct path_params *params = ctx->params;
	struct revoke revoke = {
	    .ctx = ctx, .chain = chain, .start = ctx->what_for};
	int code;

	result->is_revocation_checked = false;
	result->revocation_code = 0;
	result->revocation_text[0] = '\0';
	if (params->revocation == PATH_REVOCATION_OFF)
		return 0;
	/* Nobody above it could have revoked it. */
	if (chain->anchor == chain->certs[0])
		return 0;
	if (ctx->signers == NULL)
		ctx->signers = calloc(1, sizeof(*ctx->signers));
	if (ctx->signers == NULL)
		return -CS_ERR_NO_MEMORY;
	code = ask_all(&revoke, result);
	result->revocation_code = code;
	result->is_revocation_checked = code != -CS_ERR_UNTRUSTED;
	if (code == 0)
		return 0;
	if (code == -CS_ERR_UNTRUSTED &&
	    params->revocation == PATH_REVOCATION_SOFT)
		return 0;
	return path_fail(ctx, PATH_RANK_VALIDATION + PATH_LEN_MAX + 1, chain,
	    code, NULL, "%s", result->revocation_text);
}
