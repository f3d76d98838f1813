/* The path of a signer's certificate, as the judge of signatures wants it. */
#include <time.h>

#include "asn1/say.h"
#include "client/cms/reader_int.h"

int
reader_find_path(const struct cms_reader *r, struct cert *leaf,
    const int64_t *as_of, struct path_result *path)
{
	static const struct cms_trust nothing;
	const struct cms_trust *trust =
	    r->params.trust != NULL ? r->params.trust : &nothing;
	struct path_params params = trust->path;

	params.extra = r->certificates;
	if (r->crls != NULL) {
		crl_set_set_base(r->crls, params.crls);
		params.crls = r->crls;
	}
	if (r->ocsps != NULL) {
		ocsp_set_set_base(r->ocsps, params.ocsps);
		params.ocsps = r->ocsps;
	}
	/* What these say holds for this message. */
	if (r->crls != NULL || r->ocsps != NULL)
		params.cache = NULL;
	params.is_legacy = params.is_legacy || trust->is_legacy;
	if (as_of != NULL)
		params.time = *as_of;
	else if (!trust->has_time)
		params.time = (int64_t)time(NULL);
	return path_find(leaf, &params, path);
}

int
reader_get_signer_key(const struct cms_reader *r, struct cert *c,
    struct path_result *path, struct spki *key)
{
	*key = *cert_get_spki(c);
	if (key->alg != ALG_DSA || key->bits != 0)
		return 0;
	if (reader_find_path(r, c, NULL, path) != 0)
		return -CS_ERR_ALGORITHM;
	return path_get_leaf_key(path, key);
}

void
reader_add_time_remark(struct verdict_signer *s, const struct path_result *path)
{
	char when[TIME_TEXT_MAX];

	if (path->code != -CS_ERR_EXPIRED || !s->has_signing_time ||
	    s->signing_time < cert_get_not_before(s->cert) ||
	    s->signing_time > cert_get_not_after(s->cert))
		return;
	finding_set(&s->chain, FINDING_BAD, path->code,
	    "%s (the signer says that it was signed on %s, but nothing proves "
	    "that)",
	    path->text, time_format(when, s->signing_time));
}

void
reader_judge_revocation(struct finding *f, const struct path_result *path,
    enum path_revocation rule)
{
	if (path->revocation_code == -CS_ERR_REVOKED)
		finding_set(f, FINDING_BAD, path->revocation_code, "%s",
		    path->revocation_text);
	else if (rule == PATH_REVOCATION_OFF || path->path == NULL)
		finding_set(f, FINDING_NOT_CHECKED, 0, "%s",
		    rule == PATH_REVOCATION_OFF ? say("nobody asked for it")
						: say("there is no path"));
	else if (path->revocation_code == 0 && path->is_revocation_checked)
		finding_set(f, FINDING_GOOD, 0, "%s", path->revocation_text);
	else if (rule == PATH_REVOCATION_HARD)
		finding_set(f, FINDING_BAD,
		    path->revocation_code != 0 ? path->revocation_code
					       : -CS_ERR_UNTRUSTED,
		    "%s", path->revocation_text);
	else
		finding_set(f, FINDING_UNKNOWN, path->revocation_code, "%s",
		    path->revocation_text);
}
