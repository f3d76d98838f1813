/*
 * What the signers of a mail have sent along, kept in the store (RFC
 * 8551 2.5.2, 2.5.3): the certificate to encrypt to, and what its owner can
 * read.
 */
#include <string.h>
#include <time.h>

#include "client/api/job.h"
#include "client/pkix/store.h"

/* Nothing that a person would have to be told about speaks against it. */
static bool
is_trusted(const struct verdict_signer *s)
{
	return s->cert != NULL && s->integrity.state == FINDING_GOOD &&
	       s->chain.state == FINDING_GOOD &&
	       s->algorithm.state == FINDING_GOOD &&
	       s->address.state == FINDING_GOOD &&
	       s->revocation.state != FINDING_BAD;
}

/*
 * The one that the signer prefers, for the address that he signs for; without
 * a preference that of the signature, if it is for encryption, too. NULL: none.
 */
static struct cert *
get_cert(const struct verdict_signer *s, int64_t now)
{
	struct cert *c =
	    s->encryption_cert != NULL ? s->encryption_cert : s->cert;

	if (s->address_claimed == NULL ||
	    address_match_cert(c, bytes_of_str(s->address_claimed)) !=
		ADDRESS_MATCH)
		return NULL;
	return cert_may_encrypt(c, now, NULL) == 0 ? c : NULL;
}

/* The date that counts is the signer's, but none to come. */
static int64_t
get_date(const struct verdict_signer *s, int64_t now)
{
	return s->has_signing_time && s->signing_time < now ? s->signing_time
							    : now;
}

/* A path of its own, for encryption. */
static bool
is_good(const struct job_trust *t, struct cert *c, const struct cert_set *extra)
{
	struct path_params params = t->trust.path;
	struct path_result result;
	int r;

	params.purpose = PATH_ENCRYPT;
	params.extra = extra;
	r = path_find(c, &params, &result);
	path_result_clear(&result);
	return r == 0;
}

static int
harvest_signer(struct cardseal_job *job, const struct job_trust *t,
    struct store **store, const struct verdict_signer *s)
{
	int64_t now = (int64_t)time(NULL);
	struct cert *c = is_trusted(s) ? get_cert(s, now) : NULL;
	int r = 0;

	if (c == NULL || !is_good(t, c, s->path))
		return 0;
	if (*store == NULL)
		r = store_open(true, store, &job->err);
	if (r == 0)
		r = store_keep(*store, c, get_date(s, now),
		    buf_get(&s->capabilities), now, &job->err);
	return r;
}

void
job_harvest(struct cardseal_job *job, const struct job_trust *t,
    const struct verdict *v)
{
	const struct verdict_layer *layer;
	struct store *store = NULL;
	size_t i, k;
	int r = 0;

	if (!t->harvests || v->summary != VERDICT_VERIFIED)
		return;
	for (i = 0; i < v->layers_len; i++) {
		layer = &v->layers[i];
		for (k = 0; r == 0 && layer->kind == VERDICT_SIGNED &&
			    k < layer->signers_len;
		     k++)
			r = harvest_signer(job, t, &store, &layer->signers[k]);
	}
	store_free(store);
	/* It was a favour; the mail is none the worse. */
	if (r != 0)
		(void)strings_printf(&job->notes,
		    "the signer's certificate is not kept: %s",
		    err_get_text(&job->err));
	if (r != 0)
		err_clear(&job->err);
}
