/* More signatures on a message that is signed: countersign, add-signer. */
#include <stdlib.h>

#include "asn1/alg/digest.h"
#include "client/api/signing.h"
#include "client/cms/detect.h"
#include "client/smime/smime.h"

struct editing {
	struct signing signing;
	struct cms_edit_params params;
	struct input *in, *content; /* content: NULL unless detached CMS */
	enum input_form form;
	bool is_counter;
	/* of a detached signature's content */
	struct digest *digest;
	struct buf head;
};

static void
editing_clear(struct editing *d)
{
	signing_clear(&d->signing);
	digest_free(d->digest);
	buf_clear(&d->head);
}

/* What a detached signature needs of its content, and its new signers. */
static int
editing_need(struct editing *d, struct source *cms, enum alg *algs, int *n)
{
	struct err *e = &d->signing.job->err;
	struct buf signature = {.max = SMIME_SIGNATURE_MAX};
	struct sink *sink = sink_new_buf(&signature);
	enum alg more[CMS_DIGESTS_MAX];
	size_t i, m;
	int r = sink != NULL ? source_run(cms, sink, e) : -CS_ERR_NO_MEMORY;

	sink_free(sink);
	if (r == 0) {
		*n = cms_peek_digests(buf_get(&signature), algs, e);
		r = *n < 0 ? *n : 0;
	}
	m = cms_edit_want_digests(&d->signing.params, more);
	for (i = 0; r == 0 && i < m && *n < CMS_DIGESTS_MAX; i++)
		algs[(*n)++] = more[i];
	buf_clear(&signature);
	return r;
}

static int
editing_hash(struct editing *d, struct source *cms)
{
	struct err *e = &d->signing.job->err;
	struct sink *hash = NULL, *head = NULL, *count = NULL;
	enum alg algs[CMS_DIGESTS_MAX];
	int n = 0, r = editing_need(d, cms, algs, &n);

	if (r != 0)
		return r;
	d->digest = digest_new_all(algs, (size_t)n);
	if (d->digest != NULL)
		hash = sink_new_digest(d->digest, NULL);
	if (hash != NULL)
		head = sink_new_head(&d->head, hash);
	if (head != NULL)
		count = sink_new_count(&d->params.read.detached_len, head);
	r = count == NULL ? -CS_ERR_NO_MEMORY
			  : input_run(d->content, 0, INPUT_TO_END, count, e);
	sink_free(count);
	sink_free(head);
	sink_free(hash);
	d->params.read.detached = d->digest;
	d->params.read.detached_head = buf_get(&d->head);
	return r;
}

static int
editing_write_cms(void *ctx, struct sink *out, struct err *e)
{
	struct editing *d = ctx;
	struct source *cms = cms_source_new(d->in, d->form, e);
	struct cms_edit *edit = NULL;
	int r = 0;

	if (cms == NULL)
		return d->signing.job->err.code;
	if (d->content != NULL)
		r = editing_hash(d, cms);
	if (r == 0)
		r = cms_edit_read(&d->params, cms, &edit, e);
	if (r == 0)
		r = d->is_counter ? cms_edit_countersign(edit, e)
				  : cms_edit_add_signers(edit, e);
	if (r == 0)
		r = cms_edit_write(edit, out, e);
	cms_edit_free(edit);
	cms_source_free(cms);
	return r;
}

static int
editing_run(struct editing *d, struct output *out)
{
	struct cardseal_job *job = d->signing.job;
	int r = input_detect(d->in, &d->form, &job->err);

	if (r != 0)
		return r;
	d->signing.is_mail = d->form == INPUT_MESSAGE;
	if (d->signing.is_mail && d->content != NULL)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "a mail carries its own content; --content goes with a "
		    "detached CMS signature");
	r = signing_prepare(&d->signing, BYTES_NONE);
	if (r != 0)
		return r;
	if (d->signing.is_mail)
		return smime_edit(d->in, &d->params, d->is_counter,
		    output_get_sink(out), &job->err);
	/* PEM stays PEM */
	return job_write_armored(
	    job, d->form == INPUT_PEM, out, editing_write_cms, d);
}

static int
job_edit(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out,
    bool is_counter)
{
	struct editing d = {
	    .signing = {.job = job},
	    .in = in->in,
	    .content = content != NULL ? content->in : NULL,
	    .is_counter = is_counter,
	    .head.max = CMS_HEAD_LEN,
	};
	int r;

	job_start(job);
	d.params.sign = &d.signing.params;
	d.params.read.is_legacy = job_is_set(job, CARDSEAL_LEGACY);
	r = job_check_apart(job, in, out);
	if (r == 0 && content != NULL)
		r = job_check_apart(job, content, out);
	if (r == 0)
		r = editing_run(&d, out->out);
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	if (r == 0)
		r = output_commit(out->out, &job->err);
	editing_clear(&d);
	return job_end(job, r);
}

int
cardseal_add_signer(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out)
{
	return job_edit(job, in, content, out, false);
}

int
cardseal_countersign(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_input *content, struct cardseal_output *out)
{
	return job_edit(job, in, content, out, true);
}
