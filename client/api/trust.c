#include "asn1/say.h"
#include "client/api/job.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/pkix/path_cache.h"

/* Adds each file of a repeatable option to a set of certificates. */
static int
trust_add_files(
    struct cardseal_job *job, enum cardseal_option option, struct cert_set *set)
{
	const struct strings *files = &job->options[option];
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < files->len; i++)
		r = cert_set_add_file(set, files->items[i], &job->err);
	return r;
}

int
job_load_intermediates(struct cardseal_job *job, struct cert_set *set)
{
	int r = intermediates_load_default(set, &job->err);

	return r != 0 ? r : trust_add_files(job, CARDSEAL_INTERMEDIATE, set);
}

static int
trust_load_crls(struct cardseal_job *job, struct job_trust *t)
{
	const struct strings *files = &job->options[CARDSEAL_CRL];
	size_t i;
	int r = 0;

	t->crls = crl_set_new();
	if (t->crls == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < files->len; i++)
		r = crl_set_add_file(t->crls, files->items[i], &job->err);
	return r;
}

static int
trust_load_ocsps(struct cardseal_job *job, struct job_trust *t)
{
	const struct strings *files = &job->options[CARDSEAL_OCSP];
	size_t i;
	int r = 0;

	t->ocsps = ocsp_set_new();
	if (t->ocsps == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < files->len; i++)
		r = ocsp_set_add_file(t->ocsps, files->items[i], &job->err);
	return r;
}

/* --anchor replaces the default anchors: who names one means that one. */
static int
trust_load_anchors(struct cardseal_job *job, struct job_trust *t,
    enum system_anchors_rule rule)
{
	int r;

	if (job->options[CARDSEAL_ANCHOR].len != 0)
		return trust_add_files(job, CARDSEAL_ANCHOR, t->anchors);
	t->anchor_index = anchor_index_new(t->anchors, t->unmarked);
	if (t->anchor_index == NULL)
		return -CS_ERR_NO_MEMORY;
	r = own_anchors_load(t->anchors, t->anchor_index, &job->err);
	if (r == 0)
		r = system_anchors_load(rule, t->anchor_index, &job->err);
	if (r == 0 && cert_set_get_len(t->anchors) == 0 &&
	    !anchor_index_has_any(t->anchor_index))
		r = strings_add(&job->warnings,
		    say("no trust anchors are configured; name them with "
			"--anchor FILE or put them into "
			"~/.config/cardseal/anchors.pem"));
	return r;
}

static enum path_revocation
trust_revocation(const struct cardseal_job *job)
{
	if (job_is(job, CARDSEAL_REVOCATION, "off"))
		return PATH_REVOCATION_OFF;
	if (job_is(job, CARDSEAL_REVOCATION, "hard"))
		return PATH_REVOCATION_HARD;
	return PATH_REVOCATION_SOFT;
}

/* Nothing is fetched unless option or configuration says so. */
static int
trust_load_online(struct cardseal_job *job, struct job_trust *t,
    const struct job_config *config)
{
	const char *text = job_get(job, CARDSEAL_FETCH);
	enum fetch_rule fetch = config->fetch;

	t->harvests = config->harvests && !job_is_set(job, CARDSEAL_BATCH);
	if (text != NULL)
		fetch = strcmp(text, "all") == 0      ? FETCH_ALL
			: strcmp(text, "public") == 0 ? FETCH_PUBLIC
						      : FETCH_OFF;
	if (fetch == FETCH_OFF)
		return 0;
	t->online =
	    online_new(t, fetch == FETCH_PUBLIC, config->fetch_timeout_ms);
	if (t->online == NULL)
		return -CS_ERR_NO_MEMORY;
	t->trust.path.source = online_get_source(t->online);
	return 0;
}

static void
trust_free(struct job_trust *t)
{
	online_free(t->online);
	job_labels_free(t->labels);
	anchor_index_free(t->anchor_index);
	cert_set_free(t->anchors);
	cert_set_free(t->unmarked);
	cert_set_free(t->intermediates);
	crl_set_free(t->crls);
	ocsp_set_free(t->ocsps);
	path_cache_free(t->cache);
	*t = (struct job_trust){0};
}

static int
trust_load(struct cardseal_job *job, struct job_trust *t)
{
	const char *at = job_get(job, CARDSEAL_TIME);
	struct path_params *path = &t->trust.path;
	struct job_config config;
	int r = job_config_load(&config, &job->err);

	if (r != 0)
		return job_end(job, r);

	*t = (struct job_trust){0};
	t->anchors = cert_set_new();
	t->unmarked = cert_set_new();
	t->intermediates = cert_set_new();
	r = t->anchors != NULL && t->unmarked != NULL &&
		    t->intermediates != NULL
		? trust_load_anchors(job, t, config.system_anchors)
		: -CS_ERR_NO_MEMORY;
	if (r == 0)
		r = job_load_intermediates(job, t->intermediates);
	if (r == 0)
		r = trust_load_crls(job, t);
	if (r == 0)
		r = trust_load_ocsps(job, t);
	if (r == 0)
		r = job_labels_load(&t->labels, &job->err);
	if (r == 0)
		r = trust_load_online(job, t, &config);
	path->time = path->now = (int64_t)time(NULL);
	if (r == 0 && at != NULL) {
		r = time_parse(at, &path->time);
		t->trust.has_time = true;
	}
	if (r != 0) {
		trust_free(t);
		return job_end(job, r);
	}
	path->anchors = t->anchors;
	path->unmarked = t->unmarked;
	path->anchor_index = t->anchor_index;
	path->intermediates = t->intermediates;
	path->crls = t->crls;
	path->ocsps = t->ocsps;
	path->purpose = PATH_SIGN;
	path->revocation = trust_revocation(job);
	path->is_legacy = job_is_set(job, CARDSEAL_LEGACY);
	t->trust.known = t->intermediates;
	t->trust.is_legacy = path->is_legacy;
	return 0;
}

void
job_trust_clear(struct job_trust *t)
{
	online_keep(t->online);
	if (t->is_kept)
		*t = (struct job_trust){0};
	else
		trust_free(t);
}

void
job_trust_forget(struct cardseal_job *job)
{
	if (job->kept_trust != NULL)
		trust_free(job->kept_trust);
	free(job->kept_trust);
	job->kept_trust = NULL;
}

/* The first of a batch loads for all. */
static int
trust_keep(struct cardseal_job *job)
{
	struct job_trust *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL)
		return job_end(job, -CS_ERR_NO_MEMORY);
	r = trust_load(job, t);
	if (r != 0) {
		free(t);
		return r;
	}
	/* Without memory for it, it only takes longer. */
	t->cache = path_cache_new();
	t->trust.path.cache = t->cache;
	t->is_kept = true;
	job->kept_trust = t;
	return 0;
}

int
job_trust_load(struct cardseal_job *job, struct job_trust *t)
{
	int r;

	if (!job_is_set(job, CARDSEAL_BATCH))
		return trust_load(job, t);
	*t = (struct job_trust){0};
	if (job->kept_trust == NULL) {
		r = trust_keep(job);
		if (r != 0)
			return r;
	}
	*t = *job->kept_trust;
	online_begin(t->online);
	if (!t->trust.has_time)
		t->trust.path.time = (int64_t)time(NULL);
	t->trust.path.now = (int64_t)time(NULL);
	return 0;
}
