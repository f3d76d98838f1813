/* rewrap.c: recipients added to an encrypted message. */
#include "client/cms/rewrap.h"

#include "client/api/job.h"
#include "client/cms/detect.h"
#include "client/smime/smime.h"

struct rewrapping {
	struct cardseal_job *job;
	struct input *in;
	struct encrypting *added; /* the recipients */
	struct cms_reader_params reader;
	struct source *cms;
	struct output *out;
	struct verdict *verdict;
};

static int
rewrap_write(void *ctx, struct sink *out, struct err *e)
{
	struct rewrapping *w = ctx;

	return cms_rewrap(&w->reader, job_encrypting_get_params(w->added),
	    w->cms, out, w->verdict, e);
}

/* The CMS object of a mail. */
static int
rewrap_take(void *ctx, struct source *cms, struct bytes header, struct err *e)
{
	struct rewrapping *w = ctx;

	w->cms = cms;
	return smime_write_again(
	    header, rewrap_write, w, output_get_sink(w->out), e);
}

static int
rewrap_any(struct rewrapping *w)
{
	struct cardseal_job *job = w->job;
	struct smime_read_params mail = {
	    .wants_encrypted = true, .take = rewrap_take, .take_ctx = w};
	enum input_form form;
	int r = input_detect(w->in, &form, &job->err);

	if (r != 0)
		return r;
	if (form == INPUT_MESSAGE)
		return smime_read(w->in, &mail, NULL, w->verdict, &job->err);
	w->cms = cms_source_new(w->in, form, &job->err);
	if (w->cms == NULL)
		return job->err.code;
	r = job_write_armored(job, form != INPUT_DER, w->out, rewrap_write, w);
	cms_source_free(w->cms);
	return r;
}

static int
rewrap_prepare(struct rewrapping *w, struct job_secrets *secrets,
    struct own_keys *own, struct cms_key_ops *ops)
{
	struct cardseal_job *job = w->job;
	int r = job_encrypting_new_to(job, NULL, &w->added);

	if (r == 0)
		r = job_secrets_load(job, CARDSEAL_OPEN_KEK_FILE,
		    CARDSEAL_OPEN_PASSWORD_FILE, false, secrets);
	w->reader.ops = ops;
	w->reader.is_legacy = job_is_set(job, CARDSEAL_LEGACY);
	if (r == 0)
		r = job_load_openers(job, secrets, own, &w->reader);
	return r;
}

int
cardseal_rewrap(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict)
{
	struct rewrapping w = {.job = job, .in = in->in, .out = out->out};
	struct cms_key_ops ops = job_key_ops(job);
	struct cardseal_verdict *wrap = job_new_verdict();
	struct job_secrets secrets = {0};
	struct own_keys own = {0};
	bool is_held = false;
	int r;

	*verdict = NULL;
	job_start(job);
	r = wrap != NULL ? job_check_apart(job, in, out) : -CS_ERR_NO_MEMORY;
	if (r == 0)
		r = job_check_labels(job, in->in, CARDSEAL_OPEN_KEK_FILE,
		    CARDSEAL_OPEN_PASSWORD_FILE, wrap, &is_held);
	if (r == 0 && !is_held)
		r = rewrap_prepare(&w, &secrets, &own, &ops);
	if (r == 0 && !is_held) {
		w.verdict = wrap->verdict;
		r = rewrap_any(&w);
	}
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	own_keys_clear(&own);
	job_secrets_clear(&secrets);
	job_encrypting_free(w.added);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	return verdict_end(job, wrap, out->out, verdict);
}
