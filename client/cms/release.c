#include "client/cms/release.h"

/* Runs until the reader knows what it must: attributes, then digests, then
 * one for each recipient that is ours. */
#define RELEASE_RUNS_MAX 20

/* A sink before a reader. */
struct reader_sink {
	struct sink sink;
	struct cms_reader *reader;
};

static int
reader_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	return cms_reader_write(((struct reader_sink *)sink)->reader, in, e);
}

/* One run; *again: it asks for another. */
static int
release_run(const struct cms_reader_params *params, struct source *cms,
    struct verdict *verdict, struct sink *content, bool *again, struct err *e)
{
	struct reader_sink s = {.sink = {.write = reader_sink_write}};
	int r = cms_reader_new(params, verdict, content, &s.reader, e);

	*again = false;
	if (r == 0)
		r = source_run(cms, &s.sink, e);
	if (r == 0)
		r = cms_reader_finish(s.reader, e);
	if (r == 0)
		*again = cms_reader_wants_rerun(s.reader);
	cms_reader_free(s.reader);
	return r;
}

/* Where content goes on the runs that judge. */
struct release {
	const struct cms_reader_params *params;
	struct source *cms;
	struct output *out;  /* NULL: nowhere */
	struct guard *guard; /* only where it is needed */
};

static int
release_start(struct release *rel, struct sink **content, struct err *e)
{
	*content = NULL;
	if (rel->out == NULL)
		return 0;
	if (output_is_held(rel->out)) {
		*content = output_get_sink(rel->out);
		return output_reset(rel->out, e);
	}
	if (rel->cms->is_stable)
		return 0; /* the second run cannot give anything else */
	guard_free(rel->guard);
	rel->guard = guard_new();
	if (rel->guard == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	*content = guard_get_learner(rel->guard);
	return 0;
}

static int
release_judge(struct release *rel, struct verdict *verdict, struct err *e)
{
	size_t layers = verdict->layers_len, warnings = verdict->warnings_len;
	struct sink *content;
	bool again = true;
	unsigned runs;
	int r = 0;

	for (runs = 0; r == 0 && again && runs < RELEASE_RUNS_MAX; runs++) {
		verdict_cut(verdict, layers, warnings);
		r = release_start(rel, &content, e);
		if (r == 0)
			r = release_run(
			    rel->params, rel->cms, verdict, content, &again, e);
	}
	if (r == 0 && rel->guard != NULL)
		r = sink_finish(content, e);
	return r;
}

static int
release_second(struct release *rel, struct err *e)
{
	struct sink *content = output_get_sink(rel->out);
	bool again;
	int r;

	if (rel->guard != NULL)
		content = guard_get_checker(rel->guard, content);
	r = release_run(rel->params, rel->cms, NULL, content, &again, e);
	if (r == 0 && rel->guard != NULL)
		r = sink_finish(content, e);
	return r;
}

int
cms_read(const struct cms_reader_params *params, struct source *cms,
    enum release_rule rule, struct output *out, struct verdict *verdict,
    struct err *e)
{
	struct cms_reader_params own = *params;
	struct cms_memo *memo = NULL;
	struct release rel = {.params = &own, .cms = cms};
	bool is_good;
	int r;

	if (rule == RELEASE_GOOD)
		rel.out = out;
	if (own.memo == NULL)
		own.memo = memo = cms_memo_new();
	if (own.memo == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = release_judge(&rel, verdict, e);
	if (r == 0)
		verdict_judge(verdict);
	is_good = verdict->summary == VERDICT_VERIFIED ||
		  verdict->summary == VERDICT_UNTRUSTED ||
		  verdict->summary == VERDICT_DECRYPTED;
	if (r == 0 && rel.out != NULL && output_is_held(rel.out)) {
		if (!is_good)
			r = output_reset(rel.out, e);
	} else if (r == 0 && rel.out != NULL && is_good) {
		r = release_second(&rel, e);
	}
	guard_free(rel.guard);
	cms_memo_free(memo);
	return r;
}
