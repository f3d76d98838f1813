#include "asn1/say.h"
#include "client/api/job.h"

#include <stdlib.h>

/* Wraps what was made; takes in over. */
static struct cardseal_input *
input_wrap(struct cardseal_job *job, struct input *in)
{
	struct cardseal_input *wrap = NULL;

	if (in != NULL)
		wrap = calloc(1, sizeof(*wrap));
	if (wrap == NULL) {
		input_free(in);
		if (job->err.code == 0)
			err_set(&job->err, -CS_ERR_NO_MEMORY, NULL);
		return NULL;
	}
	wrap->in = in;
	return wrap;
}

struct cardseal_input *
cardseal_input_open(struct cardseal_job *job, const char *path)
{
	struct input *in;

	err_clear(&job->err);
	if (input_open(path != NULL ? path : "-", &in, &job->err) != 0)
		return NULL;
	return input_wrap(job, in);
}

struct cardseal_input *
cardseal_input_fd(struct cardseal_job *job, int fd)
{
	err_clear(&job->err);
	return input_wrap(job, input_new_fd(fd, say("the input")));
}

struct cardseal_input *
cardseal_input_memory(struct cardseal_job *job, const void *p, size_t len)
{
	err_clear(&job->err);
	return input_wrap(
	    job, input_new_bytes(bytes_of(p, len), say("the input")));
}

struct cardseal_input *
cardseal_input_function(struct cardseal_job *job,
    int64_t (*read)(void *ctx, void *p, size_t len), void *ctx)
{
	err_clear(&job->err);
	return input_wrap(job, input_new_fn(read, ctx, say("the input")));
}

void
cardseal_input_free(struct cardseal_input *in)
{
	if (in == NULL)
		return;
	input_free(in->in);
	free(in);
}

static struct cardseal_output *
output_wrap(struct cardseal_job *job, struct output *out)
{
	struct cardseal_output *wrap = NULL;

	if (out != NULL)
		wrap = calloc(1, sizeof(*wrap));
	if (wrap == NULL) {
		output_free(out);
		if (job->err.code == 0)
			err_set(&job->err, -CS_ERR_NO_MEMORY, NULL);
		return NULL;
	}
	wrap->out = out;
	return wrap;
}

struct cardseal_output *
cardseal_output_open(struct cardseal_job *job, const char *path)
{
	struct output *out;

	err_clear(&job->err);
	if (output_open(path, &out, &job->err) != 0)
		return NULL;
	return output_wrap(job, out);
}

struct cardseal_output *
cardseal_output_fd(struct cardseal_job *job, int fd)
{
	err_clear(&job->err);
	return output_wrap(job, output_new_fd(fd, say("the output")));
}

struct cardseal_output *
cardseal_output_function(struct cardseal_job *job,
    int (*write)(void *ctx, const void *p, size_t len), void *ctx)
{
	err_clear(&job->err);
	return output_wrap(job, output_new_fn(write, ctx));
}

void
cardseal_output_free(struct cardseal_output *out)
{
	if (out == NULL)
		return;
	output_free(out->out);
	free(out);
}

int
job_check_apart(struct cardseal_job *job, const struct cardseal_input *in,
    const struct cardseal_output *out)
{
	if (out == NULL)
		return 0;
	return input_check_apart(
	    in->in, output_get_through_fd(out->out), &job->err);
}
