/*
 * The revocation status of a path's certificates (RFC 5280 6.3), and of those
 * that sign lists without being their issuer's own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/crl.h"
#include "client/pkix/path_int.h"

#define SHOWN_MAX 120

/* One path being asked about. */
struct revoke {
	struct path_ctx *ctx;
	const struct path_chain *chain;
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
	if (c != NULL && !path_spend_signature(revoke->ctx, cert_get_spki(c)))
		return NULL;
	return c;
}

static struct path_signer *
find_known(struct path_signers *signers, const struct cert *signer,
    const struct cert *anchor)
{
	size_t i;

	for (i = 0; i < signers->len; i++) {
		if (signers->known[i].signer == signer &&
		    signers->known[i].anchor == anchor)
			return &signers->known[i];
	}
	return NULL;
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
	struct path_signer *known =
	    find_known(signers, signer, revoke->chain->anchor);

	if (known != NULL)
		return known->is_open ? 0 : known->code;
	if (signers->len == PATH_SIGNERS_MAX ||
	    signers->depth == PATH_SIGNER_DEPTH_MAX)
		return -CS_ERR_NO_PATH;
	known = &signers->known[signers->len++];
	*known = (struct path_signer){
	    .signer = signer, .anchor = revoke->chain->anchor, .is_open = true};
	signers->depth++;
	known->code =
	    path_find_signer(revoke->ctx, signer, revoke->chain->anchor);
	signers->depth--;
	known->is_open = false;
	return known->code;
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

static void
ask(struct revoke *revoke, size_t i, struct crl_answer *answer)
{
	const struct path_params *params = revoke->ctx->params;
	const struct path_chain *chain = revoke->chain;
	const struct cert *issuer =
	    i + 1 < chain->len ? chain->certs[i + 1] : chain->anchor;
	struct spki key = working_key(chain, i);
	struct crl_signers signers = {.next = next_signer,
	    .judge = judge_signer,
	    .ctx = revoke,
	    .issuer_key = &key};

	crl_set_check_by(params->crls, chain->certs[i], issuer, params->time,
	    params->is_legacy, &signers, answer);
	path_log_add(revoke->ctx, i, "revocation", "6.3.3",
	    answer->status == CRL_GOOD	    ? 0
	    : answer->status == CRL_REVOKED ? -CS_ERR_REVOKED
					    : -CS_ERR_UNTRUSTED,
	    answer->text);
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
	struct revoke revoke = {.ctx = ctx, .chain = chain};
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
