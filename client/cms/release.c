#include "client/cms/release.h"

#include <string.h>

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

/* In front of the output: what has to stand there, then the content. */
struct front_sink {
	struct sink sink;
	struct release_front *front; /* NULL: nothing */
	struct sink *out;
	bool has_begun;
	uint8_t first[RELEASE_FRONT_LEN]; /* until it has begun */
	size_t first_len;
};

/* With what there is of the content. */
static int
front_sink_begin(struct front_sink *s, struct err *e)
{
	struct bytes first = bytes_of(s->first, s->first_len);
	int r = s->front->write(s->front, first, s->out, e);

	s->has_begun = true;
	if (r == 0)
		r = sink_write(s->out, first, e);
	mem_wipe(s->first, sizeof(s->first));
	return r;
}

static int
front_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct front_sink *s = (struct front_sink *)sink;
	size_t n;
	int r = 0;

	if (!s->has_begun) {
		n = sizeof(s->first) - s->first_len;
		n = in.len < n ? in.len : n;
		if (n > 0)
			memcpy(s->first + s->first_len, in.p, n);
		s->first_len += n;
		if (s->first_len < sizeof(s->first))
			return 0;
		r = front_sink_begin(s, e);
		in = bytes_of(in.p + n, in.len - n);
	}
	return r == 0 ? sink_write(s->out, in, e) : r;
}

/* Where content goes on the runs that judge. */
struct release {
	const struct cms_reader_params *params;
	struct source *cms;
	struct output *out;  /* NULL: nowhere */
	struct guard *guard; /* only where it is needed */
	struct front_sink front;
};

/* Where the content is written, from its start. */
static struct sink *
release_get_sink(struct release *rel)
{
	if (rel->front.front == NULL)
		return output_get_sink(rel->out);
	rel->front.sink.write = front_sink_write;
	rel->front.out = output_get_sink(rel->out);
	rel->front.has_begun = false;
	rel->front.first_len = 0;
	return &rel->front.sink;
}

static int
release_start(struct release *rel, struct sink **content, struct err *e)
{
	*content = NULL;
	if (rel->out == NULL)
		return 0;
	if (output_is_held(rel->out)) {
		*content = release_get_sink(rel);
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
	struct sink *content = NULL;
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
	if (r == 0 && rel->guard != NULL && content != NULL)
		r = sink_finish(content, e);
	return r;
}

static int
release_second(struct release *rel, struct err *e)
{
	struct sink *content = release_get_sink(rel);
	bool again;
	int r;

	if (rel->guard != NULL)
		content = guard_get_checker(rel->guard, content);
	r = release_run(rel->params, rel->cms, NULL, content, &again, e);
	if (r == 0 && rel->guard != NULL)
		r = sink_finish(content, e);
	return r;
}

/* What was judged: out with it, or not. */
static int
release_end(struct release *rel, const struct verdict *verdict, struct err *e)
{
	int r = 0;

	if (rel->out == NULL)
		return 0;
	if (!verdict_lets_out(verdict))
		return output_is_held(rel->out) ? output_reset(rel->out, e) : 0;
	if (!output_is_held(rel->out))
		r = release_second(rel, e);
	if (r == 0 && rel->front.front != NULL && !rel->front.has_begun)
		r = front_sink_begin(&rel->front, e);
	return r;
}

static int
release_all(struct release *rel, struct verdict *verdict, struct err *e)
{
	const struct cms_reader_params *given = rel->params;
	struct cms_reader_params own = *given;
	struct cms_memo *memo = NULL;
	int r;

	if (own.memo == NULL)
		own.memo = memo = cms_memo_new();
	if (own.memo == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	rel->params = &own;
	r = release_judge(rel, verdict, e);
	if (r == 0) {
		verdict_judge(verdict);
		r = release_end(rel, verdict, e);
	}
	rel->params = given;
	guard_free(rel->guard);
	cms_memo_free(memo);
	return r;
}

int
cms_read(const struct cms_reader_params *params, struct source *cms,
    enum release_rule rule, struct output *out, struct verdict *verdict,
    struct err *e)
{
	struct release rel = {.params = params, .cms = cms};

	if (rule == RELEASE_GOOD)
		rel.out = out;
	return release_all(&rel, verdict, e);
}

int
cms_read_behind(const struct cms_reader_params *params, struct source *cms,
    struct release_front *front, struct output *out, struct verdict *verdict,
    struct err *e)
{
	struct release rel = {.params = params, .cms = cms, .out = out};

	rel.front.front = front;
	return release_all(&rel, verdict, e);
}
