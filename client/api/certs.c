#include "asn1/say.h"
#include "client/api/certs.h"

#include <stdlib.h>
#include <string.h>

#define POLICIES_MAX 64

/* The policies asked for; octets and list are borrowed by the params. */
struct policies {
	struct buf octets[POLICIES_MAX];
	struct bytes list[POLICIES_MAX];
};

static int
policies_load(struct cardseal_job *job, struct policies *policies,
    struct path_params *params)
{
	const struct strings *names = &job->options[CARDSEAL_POLICY];
	size_t i;
	int r = 0;

	if (names->len > POLICIES_MAX)
		return err_set(&job->err, -CS_ERR_TOO_LARGE,
		    "more than %d policies", POLICIES_MAX);
	for (i = 0; r == 0 && i < names->len; i++) {
		r = oid_parse(&policies->octets[i], names->items[i]);
		policies->list[i] = buf_get(&policies->octets[i]);
	}
	params->policies = policies->list;
	params->policies_len = names->len;
	return r;
}

static void
policies_clear(struct policies *policies)
{
	size_t i;

	for (i = 0; i < POLICIES_MAX; i++)
		buf_clear(&policies->octets[i]);
}

static enum path_purpose
purpose_get(const struct cardseal_job *job)
{
	if (job_is(job, CARDSEAL_CERT_PURPOSE, "sign"))
		return PATH_SIGN;
	if (job_is(job, CARDSEAL_CERT_PURPOSE, "encrypt"))
		return PATH_ENCRYPT;
	return PATH_ANY;
}

static int
path_run(struct cardseal_job *job, struct cardseal_path *path)
{
	struct policies policies = {0};
	struct path_params params;
	struct job_trust trust;
	int r = job_trust_load(job, &trust);

	if (r != 0)
		return r;
	params = trust.trust.path;
	params.extra = path->certs;
	params.purpose = purpose_get(job);
	params.is_explicit_policy =
	    job_is_set(job, CARDSEAL_REQUIRE_EXPLICIT_POLICY);
	params.is_mapping_inhibited =
	    job_is_set(job, CARDSEAL_INHIBIT_POLICY_MAPPING);
	params.is_any_policy_inhibited =
	    job_is_set(job, CARDSEAL_INHIBIT_ANY_POLICY);
	params.wants_log = true;
	r = policies_load(job, &policies, &params);
	if (r == 0) {
		path->revocation = params.revocation;
		path->time = params.time;
		if (path_find(cert_set_get(path->certs, 0), &params,
			&path->result) == -CS_ERR_NO_MEMORY)
			r = -CS_ERR_NO_MEMORY;
	}
	policies_clear(&policies);
	job_trust_clear(&trust);
	return r;
}

int
cardseal_certificate_verify(
    struct cardseal_job *job, const char *file, struct cardseal_path **path)
{
	struct cardseal_path *p = calloc(1, sizeof(*p));
	int r = -CS_ERR_NO_MEMORY;

	*path = NULL;
	job_start(job);
	if (p != NULL) {
		p->is_translated = say_is_translated();
		p->certs = cert_set_new();
	}
	if (p != NULL && p->certs != NULL)
		r = cert_set_add_file(p->certs,
		    strcmp(file, "-") == 0 ? "/dev/stdin" : file, &job->err);
	if (r == 0)
		r = path_run(job, p);
	if (r != 0) {
		cardseal_path_free(p);
		return job_end(job, r);
	}
	*path = p;
	if (p->result.code != 0)
		err_set(&job->err, p->result.code, "%s", p->result.text);
	return job_end(job, p->result.code);
}

void
cardseal_path_free(struct cardseal_path *path)
{
	if (path == NULL)
		return;
	path_result_clear(&path->result);
	cert_set_free(path->certs);
	buf_clear(&path->text);
	buf_clear(&path->json);
	free(path);
}

const char *
cardseal_path_get_text(struct cardseal_path *path, int verbose)
{
	buf_reset(&path->text);
	if (path_to_text(path, verbose != 0, &path->text) != 0 ||
	    buf_add_byte(&path->text, 0) != 0)
		return "";
	return (const char *)path->text.data;
}

const char *
cardseal_path_get_json(struct cardseal_path *path)
{
	buf_reset(&path->json);
	if (path->is_translated || say_is_translated() ||
	    path_to_json(path, &path->json) != 0 ||
	    buf_add_byte(&path->json, 0) != 0)
		return "";
	return (const char *)path->json.data;
}
