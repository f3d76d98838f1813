/* Whose signature it is, and what speaks for him (RFC 5035 5.4, 5280 6). */
#include "asn1/say.h"
#include "client/cms/judge_int.h"
#include "client/pkix/strength.h"

/* RFC 5035 5.4: the signature names the one certificate it is for. */
static int
judge_check_ess(struct judge *j, const struct cert *c)
{
	struct bytes raw = cert_get_raw(c);
	uint8_t hash[DIGEST_LEN_MAX];
	struct ess_cert_id ess = {0};
	size_t len;
	int code = 0;

	if (j->info.has_signed_attrs)
		code = attrs_get_signing_certificate(
		    j->info.signed_attrs, &ess, &j->err);
	if (code != 0)
		return code;
	if (!ess.is_present && j->r->params.is_token) /* RFC 3161 2.4.2 */
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "a time stamp must name its certificate, and does not");
	if (!ess.is_present)
		return 0;
	len = digest_of(ess.digest_alg, raw, hash);
	if (len == 0)
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the signed attributes name the certificate by a digest "
		    "that is not supported");
	if (!bytes_is_equal(ess.hash, bytes_of(hash, len)) ||
	    (ess.has_issuer_serial &&
		(!name_is_equal(ess.issuer, cert_get_issuer(c)) ||
		    !bytes_is_equal(ess.serial, cert_get_serial(c)))))
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the signed attributes name another certificate");
	j->has_ess = true;
	return 0;
}

static int
judge_verify_with(struct judge *j, const struct spki *key)
{
	size_t i;
	int code = strength_check_key(key, true);

	/* A weak key is told of later; an absurd one only costs time. */
	if (code == -CS_ERR_ALGORITHM)
		return judge_fail(j, code, "the signer's key cannot be used");
	code = -CS_ERR_BAD_SIGNATURE;
	for (i = 0; code == -CS_ERR_BAD_SIGNATURE && i < j->inputs_len; i++) {
		if (++j->work->verifies > READER_VERIFIES_MAX)
			return judge_fail(j, -CS_ERR_TOO_LARGE,
			    "the message has too many signatures and "
			    "certificates to try them all");
		code = sig_verify(
		    key, &j->scheme, j->inputs[i], j->info.signature, &j->err);
	}
	if (code == -CS_ERR_BAD_SIGNATURE)
		judge_fail(j, code,
		    "it does not fit the key in the signer's certificate");
	return code;
}

static int
judge_verify(struct judge *j, struct cert *c)
{
	struct path_result path = {.code = 0};
	struct spki key;
	int code = reader_get_signer_key(j->r, c, &path, &key);

	if (code == 0)
		code = judge_verify_with(j, &key);
	else
		judge_fail(j, code,
		    "the signer's key has no parameters of its own, and there "
		    "is no good path to inherit them along");
	path_result_clear(&path);
	return code;
}

/* Tries one certificate; the first is kept to be named if none is right. */
static int
judge_try(struct judge *j, struct cert *c, bool verifies, int *code)
{
	if (j->s->cert == NULL)
		j->s->cert = cert_ref(c);
	if (!verifies)
		return 1;
	*code = judge_verify(j, c);
	if (*code == 0)
		*code = judge_check_ess(j, c);
	if (*code != 0)
		return 0;
	cert_free(j->s->cert);
	j->s->cert = cert_ref(c);
	return 1;
}

/* The certificates of the message that sid may mean: all are tried. */
static int
judge_try_message(struct judge *j, bool verifies, int *code)
{
	const struct cert_set *set = j->r->certificates;
	struct cert *c;
	size_t i;

	for (i = 0; i < cert_set_get_len(set); i++) {
		c = cert_set_get(set, i);
		if (reader_is_id_of(&j->info.sid, c) &&
		    judge_try(j, c, verifies, code))
			return 1;
	}
	return 0;
}

static int
judge_try_known(struct judge *j, bool verifies, int *code)
{
	const struct cert_set *set = judge_trust(j)->known;
	const struct cert_id *sid = &j->info.sid;
	struct cert *c;
	size_t at = 0;

	if (set == NULL)
		return 0;
	if (!cert_id_has_key_id(sid)) {
		c = cert_set_find_issuer_serial(set, sid->issuer, sid->serial);
		return c != NULL && judge_try(j, c, verifies, code);
	}
	while ((c = cert_set_next_key_id(set, sid->key_id, &at)) != NULL)
		if (judge_try(j, c, verifies, code))
			return 1;
	return 0;
}

/*
 * With verifies: finds the certificate whose key made the signature. Without:
 * only one to name the signer by.
 */
int
judge_find_cert(struct judge *j, bool verifies)
{
	int code = -CS_ERR_NO_SIGNER_CERT;

	if (judge_try_message(j, verifies, &code) ||
	    judge_try_known(j, verifies, &code))
		return 0;
	if (code == -CS_ERR_NO_SIGNER_CERT)
		judge_fail(j, code,
		    "the signer's certificate is neither in the message nor "
		    "known here (--intermediate FILE gives it)");
	return code;
}

struct cert *
judge_find_named(const struct judge *j, const struct cert_id *id)
{
	const struct cert_set *sets[] = {
	    j->r->certificates, judge_trust(j)->known};
	struct cert *c;
	size_t i, k;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (k = 0; sets[i] != NULL && k < cert_set_get_len(sets[i]);
		     k++) {
			c = cert_set_get(sets[i], k);
			if (reader_is_id_of(id, c))
				return c;
		}
	return NULL;
}

/* --- findings --- */

void
judge_algorithm(struct judge *j)
{
	bool is_legacy = j->r->params.is_legacy || judge_trust(j)->is_legacy;
	const struct alg_row *row = alg_get(j->digest_alg);
	const struct spki *key = cert_get_spki(j->s->cert);
	char name[64];

	if (row->strength == ALG_BROKEN ||
	    (row->strength == ALG_WEAK && !is_legacy))
		finding_set(&j->s->algorithm, FINDING_BAD, -CS_ERR_WEAK,
		    "%s is weak: a forger may have made another content with "
		    "the same digest%s",
		    row->name,
		    row->strength == ALG_WEAK ? say(" (--legacy admits it)")
					      : "");
	else if (strength_check(&j->scheme, key, is_legacy) != 0)
		finding_set(&j->s->algorithm, FINDING_BAD, -CS_ERR_WEAK,
		    "%s with a key of %s is weak", j->s->signature_name,
		    spki_describe(name, sizeof(name), key));
	else
		finding_set(&j->s->algorithm, FINDING_GOOD, 0, "%s",
		    j->s->signature_name);
}

int
judge_chain(struct judge *j)
{
	const struct cms_trust *trust = judge_trust(j);
	const struct verdict_stamp *stamp = judge_get_stamp(j);
	struct path_result path;
	int code;

	if (j->r->params.trust == NULL) {
		finding_set(&j->s->chain, FINDING_NOT_CHECKED, 0,
		    "no trust anchors were given");
		return 0;
	}
	if (j->work->failed_paths >= READER_FAILED_PATHS_MAX) {
		finding_set(&j->s->chain, FINDING_UNKNOWN, -CS_ERR_UNTRUSTED,
		    "not looked for, since %d other signers have no path",
		    READER_FAILED_PATHS_MAX);
		return 0;
	}
	code = reader_find_path(
	    j->r, j->s->cert, stamp != NULL ? &stamp->time : NULL, &path);
	j->work->failed_paths += code != 0;
	if (code == 0)
		finding_set(&j->s->chain, FINDING_GOOD, 0, "%s", path.text);
	else
		finding_set(&j->s->chain, FINDING_BAD, code, "%s", path.text);
	if (stamp == NULL)
		reader_add_time_remark(j->s, &path);
	reader_judge_revocation(
	    &j->s->revocation, &path, trust->path.revocation);
	j->s->path = path.path;
	path.path = NULL;
	path.anchor = NULL;
	path_result_clear(&path);
	return code == -CS_ERR_NO_MEMORY ? code : 0;
}
