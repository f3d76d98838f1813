/* walk_cms.c: parts that are one CMS object, and enclosed messages. */
#include <stdlib.h>
#include <string.h>

#include "client/smime/read_int.h"
#include "client/smime/tree.h"
#include "client/smime/transfer.h"

#define FRONT_LEN 64 /* what tells how the octets are encoded */

/* An entity inside, whatever it came in. */
static struct walk *
new_walk(const struct place *p, struct inflate_count *inflated, bool is_message)
{
	struct walk_start start = {
	    .tree = p->tree,
	    .line = p->line,
	    .node = p->node,
	    .is_message = is_message,
	    .stream = p->node->stream,
	    .base = p->node->base,
	    .self = p->self,
	    .prefix = p->prefix,
	    .inflated = inflated,
	};

	return walk_new(&start);
}

struct cms_stage {
	struct sink sink;
	struct place place;
	enum transfer_encoding cte;
	bool is_bare;
	uint8_t front[FRONT_LEN];
	size_t front_len;
	bool has_begun;
	bool is_dead;	       /* nothing more is read of it */
	struct sink *decoder;  /* NULL: none is needed */
	struct sink to_reader; /* behind the decoder */
	struct cms_reader *reader;
	bool is_known; /* its type is */
	size_t layer;  /* in the verdict, once it is known */
	struct tree_mark mark;
	struct sink content; /* what the reader writes to */
	struct walk *walk;   /* of the content; NULL until there is some */
};

static struct cms_stage *
stage_of_reader(struct sink *sink)
{
	return (struct cms_stage *)((char *)sink -
				    offsetof(struct cms_stage, to_reader));
}

static struct cms_stage *
stage_of_content(struct sink *sink)
{
	return (struct cms_stage *)((char *)sink -
				    offsetof(struct cms_stage, content));
}

static bool
is_judging(const struct cms_stage *s)
{
	return s->place.tree->verdict != NULL;
}

static struct verdict_layer *
stage_layer(const struct cms_stage *s)
{
	return &s->place.line->v->layers[s->layer];
}

/* Whether its key was here and right; NULL: it needs none. */
static const struct finding *
stage_opened(const struct cms_stage *s)
{
	const struct verdict_layer *layer = stage_layer(s);

	if (layer->kind == VERDICT_ENCRYPTED)
		return &layer->decryption;
	return layer->kind == VERDICT_AUTHENTICATED ? &layer->integrity : NULL;
}

/* --- what comes out --- */

static int
content_start(struct cms_stage *s, struct err *e)
{
	if (s->walk == NULL)
		s->walk = new_walk(
		    &s->place, cms_reader_get_inflated(s->reader), false);
	return s->walk != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

static int
content_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct cms_stage *s = stage_of_content(sink);
	int r;

	if (s->place.tree->target == s->place.node)
		return sink_write(s->place.tree->out, in, e);
	if (cms_reader_is_receipt(s->reader))
		return 0; /* no entity: the verdict has it */
	r = content_start(s, e);
	return r == 0 ? sink_write(walk_get_sink(s->walk), in, e) : r;
}

static int
content_finish(struct cms_stage *s, struct err *e)
{
	int r;

	if (s->place.tree->target == s->place.node ||
	    cms_reader_is_receipt(s->reader))
		return 0;
	r = content_start(s, e);
	return r == 0 ? sink_finish(walk_get_sink(s->walk), e) : r;
}

/* --- what goes in --- */

/* Who may be able to open it is asked for once, when it is needed. */
static void
load_own(struct tree *t)
{
	if (t->has_own || t->params->load_own == NULL)
		return;
	t->has_own = true;
	err_clear(&t->own_err);
	t->own_code = t->params->load_own(t->params->ctx, &t->own_err);
}

/* Its type is known, and its content did not begin. */
static int
stage_know(struct cms_stage *s, struct err *e)
{
	struct node *n = s->place.node;
	enum cms_type type = cms_reader_get_type(s->reader);
	struct verdict *v;

	(void)e;
	s->is_known = true;
	if (!is_judging(s))
		return 0;
	v = s->place.line->v;
	s->layer = v->layers_len - 1;
	s->mark = tree_get_mark(s->place.tree, s->place.line);
	s->place.line->end = n;
	if (type != CMS_ENVELOPED && type != CMS_AUTH_ENVELOPED &&
	    type != CMS_AUTHENTICATED)
		return 0;
	n->is_aead = type == CMS_AUTH_ENVELOPED;
	if (node_is_unverified(n)) {
		/* Whoever changed what is around it is not to choose what
		 * the keys open. */
		n->is_deferred = true;
		s->is_dead = true;
		return 0;
	}
	load_own(s->place.tree);
	return 0;
}

static int
to_reader_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct cms_stage *s = stage_of_reader(sink);
	size_t n;
	int r = 0;

	while (r == 0 && in.len > 0 && !s->is_dead) {
		n = s->is_known ? in.len : 1;
		r = cms_reader_write(s->reader, bytes_of(in.p, n), e);
		if (r == 0 && !s->is_known &&
		    cms_reader_get_type(s->reader) != CMS_UNKNOWN)
			r = stage_know(s, e);
		in = bytes_of(in.p + n, in.len - n);
	}
	return r;
}

static int
stage_begin(struct cms_stage *s, struct err *e)
{
	struct cms_reader_params params = s->place.tree->params->cms;
	struct verdict *v = is_judging(s) ? s->place.line->v : NULL;
	struct bytes front = bytes_of(s->front, s->front_len);
	int r;

	s->has_begun = true;
	params.memo = s->place.node->memo;
	params.detached = NULL;
	params.inflated = s->place.inflated;
	s->to_reader.write = to_reader_write;
	s->content.write = content_write;
	r = cms_reader_new(&params, v, &s->content, &s->reader, e);
	if (r == 0 && !s->is_bare)
		r = reading_new_decoder(
		    s->cte, front, &s->to_reader, &s->decoder, e);
	if (r != 0)
		return r;
	return sink_write(
	    s->decoder != NULL ? s->decoder : &s->to_reader, front, e);
}

/* A failure is told in the verdict, or ends everything. */
static int
stage_fail(struct cms_stage *s, int code, struct err *e)
{
	s->is_dead = true;
	if (!is_judging(s))
		return code;
	return tree_take_failure(s->place.tree, s->place.line, code, e);
}

static int
cms_stage_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct cms_stage *s = (struct cms_stage *)sink;
	size_t n;
	int r = 0;

	if (s->is_dead)
		return 0;
	if (!s->has_begun) {
		n = FRONT_LEN - s->front_len;
		n = in.len < n ? in.len : n;
		if (n > 0)
			memcpy(s->front + s->front_len, in.p, n);
		s->front_len += n;
		in = bytes_of(in.p + n, in.len - n);
		if (s->front_len < FRONT_LEN)
			return 0;
		r = stage_begin(s, e);
	}
	if (r == 0 && in.len > 0)
		r = sink_write(
		    s->decoder != NULL ? s->decoder : &s->to_reader, in, e);
	return r == 0 ? 0 : stage_fail(s, r, e);
}

/* --- the end --- */

static int
stage_finish_all(struct cms_stage *s, struct err *e)
{
	int r = s->has_begun ? 0 : stage_begin(s, e);

	if (r == 0 && s->decoder != NULL)
		r = sink_finish(s->decoder, e);
	if (r != 0 || s->is_dead)
		return r;
	if (is_judging(s) && s->is_known && cms_reader_is_detached(s->reader) &&
	    cms_reader_has_signers(s->reader))
		return err_set(e, -CS_ERR_NOT_SIGNED,
		    "it is a signature without what it signs");
	return cms_reader_finish(s->reader, e);
}

/* Was it opened? What an encrypted layer that was not held is no content. */
static int
stage_judge(struct cms_stage *s, struct err *e)
{
	struct tree *t = s->place.tree;
	struct node *n = s->place.node;
	const struct finding *opened;

	if (cms_reader_wants_rerun(s->reader)) {
		t->wants_rerun = true;
		return 0;
	}
	opened = stage_opened(s);
	if (opened == NULL)
		return 0;
	if (opened->state == FINDING_GOOD) {
		n->is_verified = n->is_aead;
		return 0;
	}
	tree_cut(t, s->place.line, &s->mark);
	/* Nobody could be asked for the key: that is the reason. */
	if (t->own_code != 0)
		return err_set(e, t->own_code, "%s", err_get_text(&t->own_err));
	return 0;
}

static int
cms_stage_finish(struct sink *sink, struct err *e)
{
	struct cms_stage *s = (struct cms_stage *)sink;
	const struct finding *opened;
	bool has_content = true;
	int r;

	if (s->is_dead)
		return 0;
	r = stage_finish_all(s, e);
	if (r != 0 || s->is_dead)
		return r == 0 ? 0 : stage_fail(s, r, e);
	if (is_judging(s)) {
		opened = stage_opened(s);
		has_content = opened == NULL || opened->state == FINDING_GOOD;
		if (cms_reader_is_detached(s->reader))
			has_content = false;
	}
	if (has_content)
		r = content_finish(s, e);
	if (r == 0 && is_judging(s))
		r = stage_judge(s, e);
	return r == 0 ? 0 : stage_fail(s, r, e);
}

static void
cms_stage_free(struct sink *sink)
{
	struct cms_stage *s = (struct cms_stage *)sink;

	sink_free(s->decoder);
	cms_reader_free(s->reader);
	walk_free(s->walk);
	mem_wipe(s->front, sizeof(s->front));
	free(s);
}

struct sink *
walk_new_cms(
    const struct place *place, enum transfer_encoding cte, bool is_bare)
{
	struct cms_stage *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink =
	    (struct sink){cms_stage_write, cms_stage_finish, cms_stage_free};
	s->place = *place;
	s->cte = cte;
	s->is_bare = is_bare;
	place->node->stream = place->node;
	place->node->base = 0;
	return &s->sink;
}

/* --- message/rfc822 --- */

struct message_stage {
	struct sink sink;
	struct tree *tree;
	struct line *line;
	struct walk *walk;
	struct sink *decoder; /* RFC 2046 wants none, and it is seen */
	struct sink *first;
	bool is_dead;
};

static int
message_fail(struct message_stage *s, int code, struct err *e)
{
	s->is_dead = true;
	if (s->line == NULL)
		return code;
	return tree_take_failure(s->tree, s->line, code, e);
}

static int
message_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct message_stage *s = (struct message_stage *)sink;
	int r = s->is_dead ? 0 : sink_write(s->first, in, e);

	return r == 0 ? 0 : message_fail(s, r, e);
}

static int
message_finish(struct sink *sink, struct err *e)
{
	struct message_stage *s = (struct message_stage *)sink;
	int r = 0;

	if (s->is_dead)
		return 0;
	if (s->decoder != NULL)
		r = sink_finish(s->decoder, e);
	if (r == 0 && s->walk != NULL)
		r = sink_finish(walk_get_sink(s->walk), e);
	return r == 0 ? 0 : message_fail(s, r, e);
}

static void
message_free(struct sink *sink)
{
	struct message_stage *s = (struct message_stage *)sink;

	sink_free(s->decoder);
	walk_free(s->walk);
	free(s);
}

struct sink *
walk_new_message(const struct place *place, enum transfer_encoding cte)
{
	struct message_stage *s = calloc(1, sizeof(*s));
	bool is_encoded = cte == CTE_BASE64 || cte == CTE_QP;
	bool is_target = place->tree->target == place->node;

	if (s == NULL)
		return NULL;
	s->sink = (struct sink){message_write, message_finish, message_free};
	s->tree = place->tree;
	s->line = place->line;
	place->node->stream = place->stream;
	place->node->base = is_encoded ? UINT64_MAX : place->base;
	if (place->line != NULL)
		place->line->end = place->node;
	if (is_target) {
		s->first = place->tree->out;
	} else {
		s->walk = new_walk(place, place->inflated, true);
		s->first = s->walk != NULL ? walk_get_sink(s->walk) : NULL;
	}
	if (s->first != NULL && is_encoded)
		s->first = s->decoder = cte == CTE_QP
					    ? sink_new_qp_dec(s->first)
					    : sink_new_base64_dec(s->first);
	if (s->first == NULL) {
		message_free(&s->sink);
		return NULL;
	}
	return &s->sink;
}
