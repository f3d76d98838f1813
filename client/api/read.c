/* read.c: a whole mail, with every layer and all that is in it. */
#include <stdlib.h>

#include "client/api/job.h"
#include "client/smime/message.h"

struct read_own {
	struct cardseal_job *job;
	struct cert_set *certs;
	struct job_secrets secrets;
	bool is_aside; /* nothing is kept of what was seen */
};

/* Called when something encrypted is met: only then an agent is needed, and
 * none where a password or key in a file may do. */
static int
read_load_own(void *ctx, struct err *e)
{
	struct read_own *own = ctx;
	struct own_keys keys;
	int r = own_keys_load(own->job, &keys);

	if (r == 0) {
		r = cert_set_add_all(own->certs, keys.certs);
		own_keys_clear(&keys);
	}
	if (r == 0)
		return 0;
	*e = own->job->err;
	err_clear(&own->job->err);
	if (own->secrets.keks_len + own->secrets.passwords_len == 0)
		return r;
	err_clear(e);
	return 0;
}

static int
read_with(struct read_own *own, struct input *in, struct output *out,
    struct verdict *v)
{
	struct cardseal_job *job = own->job;
	struct cms_key_ops ops = job_key_ops(job);
	struct smime_message_params params = {
	    .cms = {.ops = &ops,
		.own = own->certs,
		.keks = own->secrets.keks,
		.keks_len = own->secrets.keks_len,
		.passwords =
		    (const struct secret *const *)own->secrets.passwords,
		.passwords_len = own->secrets.passwords_len},
	    .load_own = read_load_own,
	    .ctx = own,
	    .from = job_get(job, CARDSEAL_FROM),
	    .part = job_get(job, CARDSEAL_PART),
	    .is_unsafe = job_is_set(job, CARDSEAL_UNSAFE),
	    .requires_signed = job_is_set(job, CARDSEAL_REQUIRE_SIGNED),
	};
	struct job_trust trust;
	enum input_form form;
	int r = job_trust_load(job, &trust);

	if (r != 0)
		return r;
	params.cms.trust = &trust.trust;
	params.cms.labels = job_labels_get(trust.labels);
	params.cms.is_legacy = trust.trust.is_legacy;
	r = input_detect(in, &form, &job->err);
	/* A mail may begin with anything that is text. */
	if (r == 0 && (form == INPUT_UNKNOWN || form == INPUT_EMPTY))
		form = INPUT_MESSAGE;
	if (r == 0)
		r = smime_read_message(in, form, &params, out, v, &job->err);
	if (r == 0 && !own->is_aside)
		job_harvest(job, &trust, v);
	job_trust_clear(&trust);
	return r;
}

static int
read_by(struct read_own *own, enum cardseal_option keks,
    enum cardseal_option passwords, struct input *in, struct output *out,
    struct verdict *v)
{
	int r =
	    job_secrets_load(own->job, keks, passwords, false, &own->secrets);

	if (r != 0)
		return r;
	own->certs = cert_set_new();
	r = own->certs != NULL ? read_with(own, in, out, v) : -CS_ERR_NO_MEMORY;
	cert_set_free(own->certs);
	job_secrets_clear(&own->secrets);
	return r;
}

int
job_read(struct cardseal_job *job, struct input *in, struct output *out,
    struct verdict *v)
{
	struct read_own own = {.job = job};

	return read_by(
	    &own, CARDSEAL_KEK_FILE, CARDSEAL_PASSWORD_FILE, in, out, v);
}

/* Is it bad for what is inside, which may have a label? What does not open
 * is for who opens it to tell. */
static bool
is_bad_inside(const struct verdict *v)
{
	if (v->summary != VERDICT_BAD || v->layers_len == 0)
		return false;
	return v->layers_len > 1 ||
	       (v->layers[0].kind == VERDICT_ENCRYPTED &&
		   v->layers[0].decryption.state == FINDING_GOOD);
}

int
job_check_labels(struct cardseal_job *job, struct input *in,
    enum cardseal_option keks, enum cardseal_option passwords,
    struct cardseal_verdict *wrap, bool *is_held)
{
	struct read_own own = {.job = job, .is_aside = true};
	struct job_labels *labels;
	struct verdict *v = NULL;
	bool has_rules;
	int r = job_labels_load(&labels, &job->err);

	*is_held = false;
	has_rules = r == 0 && job_labels_get(labels) != NULL;
	job_labels_free(labels);
	if (!has_rules)
		return r;
	v = verdict_new();
	r = v != NULL ? read_by(&own, keks, passwords, in, NULL, v)
		      : -CS_ERR_NO_MEMORY;
	*is_held = r == 0 && (v->is_withheld || is_bad_inside(v));
	if (*is_held) {
		verdict_free(wrap->verdict);
		wrap->verdict = v;
		v = NULL;
	}
	verdict_free(v);
	return r;
}

int
cardseal_read(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict)
{
	struct cardseal_verdict *wrap;
	int r;

	*verdict = NULL;
	job_start(job);
	r = job_check_apart(job, in, out);
	if (r != 0)
		return job_end(job, r);
	wrap = job_new_verdict();
	r = wrap != NULL ? job_read(job, in->in, out != NULL ? out->out : NULL,
			       wrap->verdict)
			 : -CS_ERR_NO_MEMORY;
	if (r == 0 && out != NULL && wrap->verdict->summary != VERDICT_BAD &&
	    !wrap->verdict->is_withheld)
		r = output_commit(out->out, &job->err);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	return verdict_end(job, wrap, NULL, verdict);
}
