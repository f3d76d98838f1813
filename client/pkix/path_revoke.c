#include <stdio.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/crl.h"
#include "client/pkix/path_int.h"

#define SHOWN_MAX 120

static void
set_text(struct path_result *result, const struct cert *cert, const char *text)
{
	char what[SHOWN_MAX];

	snprintf(result->revocation_text, sizeof(result->revocation_text),
	    "%s: %s", path_describe(what, sizeof(what), cert), text);
}

/* The worst answer of all certificates, the one nearest the leaf of these. */
static int
ask_all(const struct path_params *params, const struct path_chain *chain,
    struct path_result *result)
{
	const struct cert *issuer;
	struct crl_answer answer;
	size_t i;
	int code = 0;

	for (i = 0; i < chain->len; i++) {
		issuer =
		    i + 1 < chain->len ? chain->certs[i + 1] : chain->anchor;
		crl_set_check(params->crls, chain->certs[i], issuer,
		    params->time, params->is_legacy, &answer);
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
	int code;

	result->is_revocation_checked = false;
	result->revocation_code = 0;
	result->revocation_text[0] = '\0';
	if (params->revocation == PATH_REVOCATION_OFF)
		return 0;
	/* Nobody above it could have revoked it. */
	if (chain->anchor == chain->certs[0])
		return 0;
	code = ask_all(params, chain, result);
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
