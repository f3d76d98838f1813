/* Which issuers are tried first. No hint can hide a good path: it only comes
 * later. */
#include "client/pkix/cert_int.h"
#include "client/pkix/path_int.h"

/* The lower, the sooner. */
enum score {
	SCORE_STEP = 10, /* each certificate: short paths first */
	SCORE_KEY_ID_UNKNOWN = 10,
	SCORE_KEY_ID_DIFFERS = 40,
	SCORE_NOT_VALID = 60, /* at the time */
	SCORE_NOT_CA = 100,
	SCORE_WRONG_PURPOSE = 60,
	SCORE_SELF_ISSUED = 5,
	SCORE_BELOW_ANCHOR = -8,
};

int
path_score_key_id(const struct cert *child, const struct cert *issuer)
{
	if (child->authority_key_id.len == 0)
		return SCORE_KEY_ID_UNKNOWN;
	return bytes_is_equal(child->authority_key_id, issuer->key_id)
		   ? 0
		   : SCORE_KEY_ID_DIFFERS;
}

int
path_score_issuer(const struct path_params *params, const struct cert *child,
    const struct cert *issuer)
{
	int score = SCORE_STEP + path_score_key_id(child, issuer);
	size_t at = 0;

	if (params->time < issuer->not_before ||
	    params->time > issuer->not_after)
		score += SCORE_NOT_VALID;
	if (!issuer->is_ca ||
	    (cert_get_key_usage(issuer, NULL) & KU_KEY_CERT_SIGN) == 0)
		score += SCORE_NOT_CA;
	if (params->purpose != PATH_ANY &&
	    !cert_allows_purpose(issuer, path_purpose_oid(params)))
		score += SCORE_WRONG_PURPOSE;
	if (issuer->is_self_issued)
		score += SCORE_SELF_ISSUED;
	else if (path_next_anchor(params, issuer->issuer, &at) != NULL)
		score += SCORE_BELOW_ANCHOR;
	return score;
}
