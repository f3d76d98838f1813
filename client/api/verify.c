#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/say.h"
#include "client/api/job.h"
#include "client/cms/detect.h"
#include "client/smime/canon.h"
#include "client/smime/smime.h"

struct cardseal_verdict *
job_new_verdict(void)
{
	struct cardseal_verdict *wrap = calloc(1, sizeof(*wrap));

	if (wrap == NULL)
		return NULL;
	wrap->is_translated = say_is_translated();
	wrap->verdict = verdict_new();
	if (wrap->verdict == NULL) {
		free(wrap);
		return NULL;
	}
	return wrap;
}

void
cardseal_verdict_free(struct cardseal_verdict *wrap)
{
	if (wrap == NULL)
		return;
	verdict_free(wrap->verdict);
	buf_clear(&wrap->text);
	buf_clear(&wrap->json);
	signers_clear(&wrap->signers);
	free(wrap);
}

int
cardseal_verdict_get_code(const struct cardseal_verdict *wrap)
{
	return wrap->verdict->code;
}

const char *
cardseal_verdict_get_summary(const struct cardseal_verdict *wrap)
{
	return wrap->verdict->text != NULL ? wrap->verdict->text : "";
}

const char *
cardseal_verdict_get_text(struct cardseal_verdict *wrap, int verbose)
{
	buf_reset(&wrap->text);
	if (verdict_to_text(wrap->verdict, verbose != 0, &wrap->text) != 0 ||
	    buf_add_byte(&wrap->text, 0) != 0)
		return "";
	return (const char *)wrap->text.data;
}

const char *
cardseal_verdict_get_json(struct cardseal_verdict *wrap)
{
	buf_reset(&wrap->json);
	if (wrap->is_translated || say_is_translated() ||
	    verdict_to_json(wrap->verdict, &wrap->json) != 0 ||
	    buf_add_byte(&wrap->json, 0) != 0)
		return "";
	return (const char *)wrap->json.data;
}

/* A detached CMS signature and its content. */
struct detached {
	struct cardseal_job *job;
	struct cms_reader_params *params;
	struct input *content;
	struct output *out;
	struct verdict *verdict;
	struct digest *digest;
	struct guard *guard; /* only where content is to be given out */
	uint64_t content_len;
	struct buf head; /* the content's */
};

/* The content as it is, or in canonical form where it is an entity. */
static struct source *
detached_source(
    struct detached *d, struct input_source *source, struct canon_source *canon)
{
	input_source_init(source, d->content, 0, INPUT_TO_END);
	if (!job_is(d->job, CARDSEAL_FORMAT, "entity"))
		return &source->source;
	canon_source_init(canon, &source->source);
	return &canon->source;
}

/* First run over the content: hash it, and remember it if it goes out. */
static int
detached_hash(struct detached *d)
{
	struct err *e = &d->job->err;
	struct sink *end, *hash, *head, *count;
	struct input_source source;
	struct canon_source canon;
	int r = -CS_ERR_NO_MEMORY;

	if (d->guard == NULL)
		input_set_last_run(d->content);
	end = d->guard != NULL ? guard_get_learner(d->guard) : NULL;
	hash = sink_new_digest(d->digest, end);
	head = sink_new_head(&d->head, hash);
	count = sink_new_count(&d->content_len, head);
	if (hash != NULL && head != NULL && count != NULL)
		r = source_run(detached_source(d, &source, &canon), count, e);
	if (r == 0)
		r = sink_finish(count, e);
	sink_free(count);
	sink_free(head);
	sink_free(hash);
	return r;
}

static int
detached_release(struct detached *d)
{
	struct err *e = &d->job->err;
	struct sink *check =
	    guard_get_checker(d->guard, output_get_sink(d->out));
	struct input_source source;
	struct canon_source canon;
	int r;

	r = source_run(detached_source(d, &source, &canon), check, e);
	return r != 0 ? r : sink_finish(check, e);
}

static int
detached_judge(struct detached *d, struct bytes cms)
{
	struct err *e = &d->job->err;
	struct input_source source;
	struct input *in;
	int r;

	in = input_new_bytes(cms, say("the signature"));
	if (in == NULL)
		return -CS_ERR_NO_MEMORY;
	d->params->detached = d->digest;
	d->params->detached_len = d->content_len;
	d->params->detached_head = buf_get(&d->head);
	input_source_init(&source, in, 0, INPUT_TO_END);
	r = cms_read(
	    d->params, &source.source, RELEASE_NEVER, NULL, d->verdict, e);
	input_free(in);
	return r;
}

static int
verify_detached(struct detached *d, struct source *cms)
{
	struct buf signature = {.max = SMIME_SIGNATURE_MAX};
	struct sink *sink = sink_new_buf(&signature);
	enum alg algs[CMS_DIGESTS_MAX];
	int r = -CS_ERR_NO_MEMORY, n;

	if (sink != NULL)
		r = source_run(cms, sink, &d->job->err);
	sink_free(sink);
	if (r == 0) {
		n = cms_peek_digests(buf_get(&signature), algs, &d->job->err);
		if (n < 0)
			r = n;
	}
	if (r == 0) {
		d->digest = digest_new_all(algs, (size_t)n);
		d->guard = d->out != NULL ? guard_new() : NULL;
		if (d->digest == NULL || (d->out != NULL && d->guard == NULL))
			r = -CS_ERR_NO_MEMORY;
	}
	if (r == 0)
		r = detached_hash(d);
	if (r == 0)
		r = detached_judge(d, buf_get(&signature));
	if (r == 0 && d->out != NULL && verdict_lets_out(d->verdict))
		r = detached_release(d);
	guard_free(d->guard);
	digest_free(d->digest);
	buf_clear(&d->head);
	buf_clear(&signature);
	return r;
}

static int
verify_cms(struct cardseal_job *job, struct input *in, enum input_form form,
    struct input *content, struct cms_reader_params *params, struct output *out,
    struct verdict *verdict)
{
	struct detached detached = {
	    .job = job,
	    .params = params,
	    .content = content,
	    .out = out,
	    .verdict = verdict,
	    .head.max = CMS_HEAD_LEN,
	};
	struct source *cms = cms_source_new(in, form, &job->err);
	int r;

	if (cms == NULL)
		return job->err.code;
	if (content != NULL)
		r = verify_detached(&detached, cms);
	else
		r = cms_read(
		    params, cms, RELEASE_GOOD, out, verdict, &job->err);
	cms_source_free(cms);
	return r;
}

static int
verify_smime(struct cardseal_job *job, struct input *in, struct input *content,
    const struct cms_reader_params *params, struct output *out,
    struct verdict *verdict)
{
	struct smime_read_params smime = {
	    .cms = *params,
	    .wants_signed = true,
	    .from = job_get(job, CARDSEAL_FROM),
	    .checks_address = true,
	};

	if (content != NULL)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "a mail carries its own content; --content goes with a "
		    "detached CMS signature");
	return smime_read(in, &smime, out, verdict, &job->err);
}

/* Which input is broken, where that is not said yet. */
static int
name_input(struct cardseal_job *job, const struct input *in, int r)
{
	const char *name = input_get_name(in);

	if (err_class(r) == ERR_CLASS_FORMAT &&
	    strstr(err_get_text(&job->err), name) == NULL) {
		if (job->err.code != r)
			err_set(&job->err, r, NULL);
		err_context(&job->err, "%s", name);
	}
	return r;
}

static int
verify_any(struct cardseal_job *job, struct input *in, struct input *content,
    struct output *out, struct verdict *verdict)
{
	struct cms_reader_params params = {0};
	struct job_trust trust;
	enum input_form form;
	int r = job_trust_load(job, &trust);

	if (r != 0)
		return r;
	params.trust = &trust.trust;
	params.labels = job_labels_get(trust.labels);
	params.is_legacy = trust.trust.is_legacy;
	r = input_detect(in, &form, &job->err);
	if (r == 0 && form == INPUT_MESSAGE)
		r = verify_smime(job, in, content, &params, out, verdict);
	else if (r == 0)
		r = verify_cms(job, in, form, content, &params, out, verdict);
	if (r == 0 && form == INPUT_MESSAGE)
		job_harvest(job, &trust, verdict);
	job_trust_clear(&trust);
	return name_input(job, in, r);
}

int
verdict_end(struct cardseal_job *job, struct cardseal_verdict *wrap,
    struct output *out, struct cardseal_verdict **result)
{
	const struct verdict *v = wrap->verdict;
	int r = 0;

	if (out != NULL && verdict_lets_out(v))
		r = output_commit(out, &job->err);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	*result = wrap;
	if (v->code != 0)
		err_set(&job->err, v->code, "%s", v->text);
	return job_end(job, v->code);
}

int
cardseal_verify(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out,
    struct cardseal_verdict **verdict)
{
	struct cardseal_verdict *wrap;
	struct output *to = out != NULL ? out->out : NULL;
	int r;

	*verdict = NULL;
	job_start(job);
	r = job_check_apart(job, in, out);
	if (r == 0 && content != NULL)
		r = job_check_apart(job, content, out);
	if (r != 0)
		return job_end(job, r);
	wrap = job_new_verdict();
	r = -CS_ERR_NO_MEMORY;
	if (wrap != NULL)
		r = verify_any(job, in->in,
		    content != NULL ? content->in : NULL, to, wrap->verdict);
	if (r == -CS_ERR_NOT_SIGNED)
		r = verdict_set_unsigned(
		    wrap->verdict, err_get_text(&job->err));
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	return verdict_end(job, wrap, to, verdict);
}

/* Leaves the keys out that CARDSEAL_KEY does not name. */
static int
openers_choose(struct cardseal_job *job, struct own_keys *own)
{
	const struct strings *names = &job->options[CARDSEAL_KEY];
	struct cert_set *chosen;
	size_t i, j;
	int r = 0;

	if (names->len == 0)
		return 0;
	chosen = cert_set_new();
	if (chosen == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < own->len; i++) {
		const struct own_key *k = &own->keys[i];
		struct choose_candidate c = {
		    .cert = k->cert,
		    .key_id = k->key.key_id,
		    .role = k->key.role,
		    .label = k->key.label,
		};

		for (j = 0; r == 0 && k->cert != NULL && j < names->len; j++) {
			r = choose_matches(
			    &c, names->items[j], k->key.uri, &job->err);
			if (r > 0)
				r = cert_set_add(chosen, k->cert);
		}
	}
	if (r == 0 && cert_set_get_len(chosen) == 0)
		r = err_set(&job->err, -CS_ERR_NO_KEY,
		    "no key here is the one that is asked for; see \"cardseal "
		    "keys\"");
	if (r != 0) {
		cert_set_free(chosen);
		return r;
	}
	cert_set_free(own->certs);
	own->certs = chosen;
	return 0;
}

int
job_load_openers(struct cardseal_job *job, const struct job_secrets *secrets,
    struct own_keys *own, struct cms_reader_params *params)
{
	int r = own_keys_load(job, own);

	if (r == 0) {
		r = openers_choose(job, own);
		if (r != 0)
			own_keys_clear(own);
	} else if (secrets->keks_len + secrets->passwords_len != 0) {
		err_clear(&job->err);
		*own = (struct own_keys){0};
		params->ops = NULL;
		r = 0;
	}
	params->own = own->certs;
	params->keks = secrets->keks;
	params->keks_len = secrets->keks_len;
	params->passwords = (const struct secret *const *)secrets->passwords;
	params->passwords_len = secrets->passwords_len;
	return r;
}

static int
decrypt_any(struct cardseal_job *job, struct input *in, struct output *out,
    struct verdict *verdict)
{
	struct cms_key_ops ops = job_key_ops(job);
	struct smime_read_params smime = {
	    .cms = {.ops = &ops, .is_legacy = job_is_set(job, CARDSEAL_LEGACY)},
	    .wants_encrypted = true,
	    .keeps_headers = true,
	};
	struct job_secrets secrets;
	struct own_keys own;
	struct source *cms;
	enum input_form form;
	int r = input_detect(in, &form, &job->err);

	if (r == 0)
		r = job_secrets_load(job, CARDSEAL_KEK_FILE,
		    CARDSEAL_PASSWORD_FILE, false, &secrets);
	if (r != 0)
		return r;
	r = job_load_openers(job, &secrets, &own, &smime.cms);
	if (r != 0) {
		job_secrets_clear(&secrets);
		return r;
	}
	if (form == INPUT_MESSAGE) {
		r = smime_read(in, &smime, out, verdict, &job->err);
	} else {
		cms = cms_source_new(in, form, &job->err);
		r = cms == NULL ? job->err.code
				: cms_read(&smime.cms, cms, RELEASE_GOOD, out,
				      verdict, &job->err);
		cms_source_free(cms);
	}
	own_keys_clear(&own);
	job_secrets_clear(&secrets);
	return name_input(job, in, r);
}

int
cardseal_decrypt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict)
{
	struct cardseal_verdict *wrap;
	bool is_held = false;
	int r;

	*verdict = NULL;
	job_start(job);
	r = job_check_apart(job, in, out);
	if (r != 0)
		return job_end(job, r);
	wrap = job_new_verdict();
	r = -CS_ERR_NO_MEMORY;
	if (wrap != NULL)
		r = job_check_labels(job, in->in, CARDSEAL_KEK_FILE,
		    CARDSEAL_PASSWORD_FILE, wrap, &is_held);
	if (r == 0 && !is_held)
		r = decrypt_any(job, in->in, out->out, wrap->verdict);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	return verdict_end(job, wrap, out->out, verdict);
}
