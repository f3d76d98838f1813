/* walk_signed.c: multipart/signed (RFC 1847 2.1, RFC 8551 3.5.3), as one of
 * the stages of a whole mail. */
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/say.h"
#include "client/smime/canon.h"
#include "client/smime/read_int.h"
#include "client/smime/tree.h"

struct walk_signed {
	struct place place;
	size_t layer;	/* in the verdict of the line */
	size_t parts;	/* that have begun */
	bool is_behind; /* the closing delimiter was met */
	bool has_text_behind;
	unsigned content_flags;
	bool is_dead; /* the content cannot be read on */
	/* What the content goes through: */
	struct walk *walk;
	struct digest *digest;
	struct sink *hash, *head, *count, *canon;
	struct sink *first, *behind_canon;
	struct buf content_head;
	uint64_t content_len;
	struct buf signature; /* the part, as it stands */
};

static bool
is_judging(const struct walk_signed *s)
{
	return s->place.tree->verdict != NULL;
}

/* --- the stages --- */

static int
open_walk(struct walk_signed *s)
{
	struct node *n = s->place.node;
	struct walk_start start = {
	    .tree = s->place.tree,
	    .line = s->place.line,
	    .node = n,
	    .stream = n->stream,
	    .base = n->base,
	    .self = s->place.self,
	    .prefix = s->place.prefix,
	    .inflated = s->place.inflated,
	};

	s->walk = walk_new(&start);
	return s->walk != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* Where the content ends up: the walk through it, or out. */
static int
open_stages(struct walk_signed *s)
{
	struct node *n = s->place.node;
	struct sink *to = s->place.tree->out;

	if (s->place.tree->target != n) {
		if (open_walk(s) != 0)
			return -CS_ERR_NO_MEMORY;
		to = walk_get_sink(s->walk);
	}
	if (is_judging(s)) {
		s->digest = digest_new_all(n->algs, n->algs_len);
		if (s->digest != NULL)
			s->hash = sink_new_digest(s->digest, to);
		if (s->hash != NULL)
			s->head = sink_new_head(&s->content_head, s->hash);
		if (s->head != NULL)
			s->count = sink_new_count(&s->content_len, s->head);
		to = s->count;
	}
	s->first = s->behind_canon = to;
	if (to != NULL && n->is_canonical)
		s->first = s->canon = sink_new_canon(to);
	return s->first != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* A layer in its place before those inside of it; it is filled at the end. */
static int
open_layer(struct walk_signed *s)
{
	struct verdict *v;
	struct verdict_layer *layer;

	if (!is_judging(s))
		return 0;
	v = s->place.line->v;
	layer = verdict_add_layer(v, VERDICT_SIGNED);
	if (layer == NULL)
		return -CS_ERR_NO_MEMORY;
	s->layer = v->layers_len - 1;
	layer->format = strdup("multipart/signed");
	s->place.line->end = s->place.node;
	return layer->format != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

struct walk_signed *
walk_signed_new(
    const struct place *place, const struct media_type *type, struct err *e)
{
	struct walk_signed *s = calloc(1, sizeof(*s));
	struct node *n = place->node;

	if (s == NULL) {
		err_set(e, -CS_ERR_NO_MEMORY, NULL);
		return NULL;
	}
	s->place = *place;
	buf_init(&s->signature, SIGNATURE_PART_MAX);
	buf_init(&s->content_head, CMS_HEAD_LEN);
	if (n->algs_len == 0)
		n->algs_len = reading_find_hints(type, n->algs);
	if (!n->has_canon_decided) {
		/* As the mail's own line ends are, so are the content's. */
		n->is_canonical = (place->header_flags & LINES_CRLF) == 0;
		n->has_canon_decided = true;
	}
	if (open_layer(s) == 0)
		return s;
	walk_signed_free(s);
	err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return NULL;
}

void
walk_signed_free(struct walk_signed *s)
{
	if (s == NULL)
		return;
	sink_free(s->canon);
	sink_free(s->count);
	sink_free(s->head);
	sink_free(s->hash);
	walk_free(s->walk);
	digest_free(s->digest);
	buf_clear(&s->content_head);
	buf_clear(&s->signature);
	free(s);
}

/* --- its parts --- */

static int
take_failure(struct walk_signed *s, int code, struct err *e)
{
	s->is_dead = true;
	if (!is_judging(s))
		return code;
	return tree_take_failure(s->place.tree, s->place.line, code, e);
}

int
walk_signed_begin(
    struct walk_signed *s, const struct parser_area *a, struct err *e)
{
	struct node *n = s->place.node;

	if (a->kind == PARSER_EPILOGUE)
		s->is_behind = true;
	if (a->kind != PARSER_LEAF || ++s->parts != 1)
		return 0;
	n->stream = s->place.stream;
	n->base = s->place.base == UINT64_MAX || n->is_canonical
		      ? UINT64_MAX
		      : s->place.base + a->from;
	return open_stages(s) == 0 ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

/* What is behind the signature, and not covered by it. */
static int
list_outside(struct walk_signed *s, struct err *e)
{
	struct verdict_part *p;
	struct buf path = {.max = PATH_MAX_LEN + 24};
	bool is_full;

	if (!is_judging(s) || s->parts != 3)
		return 0;
	p = verdict_add_part(s->place.line->v, &is_full);
	if (p == NULL)
		return is_full ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	buf_printf(&path, "%s%zu", s->place.prefix, s->parts);
	p->path = bytes_dup_str(buf_get(&path));
	buf_clear(&path);
	p->type = strdup("");
	p->is_outside = true;
	return p->path != NULL && p->type != NULL
		   ? 0
		   : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

static bool
is_white(struct bytes in)
{
	size_t i;

	for (i = 0; i < in.len; i++)
		if (!header_is_space(in.p[i]))
			return false;
	return true;
}

int
walk_signed_text(struct walk_signed *s, struct bytes in, struct err *e)
{
	int r = 0;

	if (s->is_behind || s->parts > 2) {
		if (!s->has_text_behind)
			s->has_text_behind = !is_white(in);
	} else if (s->parts == 1 && !s->is_dead) {
		r = sink_write(s->first, in, e);
		if (r != 0)
			r = take_failure(s, r, e);
	} else if (s->parts == 2 && is_judging(s)) {
		buf_add_bytes(&s->signature, in); /* its error stays */
	}
	return r;
}

int
walk_signed_end(
    struct walk_signed *s, const struct parser_area *a, struct err *e)
{
	int r = 0;

	if (a->kind != PARSER_LEAF)
		return 0;
	if (s->parts >= 3)
		return list_outside(s, e);
	if (s->parts != 1)
		return 0;
	s->content_flags = a->flags;
	if (s->is_dead)
		return 0;
	if (s->canon != NULL)
		r = sink_finish(s->canon, e);
	/* What goes out is ended by whoever lets it out. */
	if (r == 0 && s->place.tree->target != s->place.node)
		r = sink_finish(s->behind_canon, e);
	return r == 0 ? 0 : take_failure(s, r, e);
}

/* --- the signature --- */

struct bytes_source {
	struct source source;
	struct bytes bytes;
};

static int
bytes_source_run(struct source *source, struct sink *sink, struct err *e)
{
	return sink_write(sink, ((struct bytes_source *)source)->bytes, e);
}

/* Judges by a verdict of its own, whose layer then fills the place that was
 * kept. */
static int
signature_judge(struct walk_signed *s, const struct buf *der, struct err *e)
{
	struct cms_reader_params params = s->place.tree->params->cms;
	struct verdict *v = s->place.line->v, *own = verdict_new();
	struct bytes_source source = {
	    .source = {.run = bytes_source_run, .is_stable = true},
	    .bytes = buf_get(der)};
	struct verdict_layer old;
	size_t i;
	int r;

	if (own == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	params.ops = NULL;
	params.memo = NULL;
	params.detached = s->digest;
	params.detached_len = s->content_len;
	params.detached_head = buf_get(&s->content_head);
	r = cms_read(&params, &source.source, RELEASE_NEVER, NULL, own, e);
	if (r == 0 && s->parts > 2)
		reading_refuse_parts(own, 0);
	for (i = 0; r == 0 && i < own->warnings_len; i++)
		r = verdict_warn(v, "%s", own->warnings[i]);
	if (r == 0 && own->layers_len == 1) {
		old = v->layers[s->layer];
		v->layers[s->layer] = own->layers[0];
		own->layers[0] = old;
		free(v->layers[s->layer].format);
		v->layers[s->layer].format = own->layers[0].format;
		own->layers[0].format = NULL;
	}
	verdict_free(own);
	return r;
}

/* Does the content have other octets than were signed? */
static bool
is_mismatch(const struct walk_signed *s)
{
	const struct verdict_layer *l = &s->place.line->v->layers[s->layer];
	size_t i;

	for (i = 0; i < l->signers_len; i++)
		if (l->signers[i].integrity.code == -CS_ERR_DIGEST_MISMATCH)
			return true;
	return false;
}

/* Is another run needed, with other digests or line ends? */
static int
signature_try(struct walk_signed *s, const struct buf *der, struct err *e)
{
	struct node *n = s->place.node;
	enum alg needed[CMS_DIGESTS_MAX];
	int m = cms_peek_digests(buf_get(der), needed, e), r;

	if (m < 0)
		return m;
	if (!reading_has_all(s->digest, needed, (size_t)m)) {
		if (n->algs_len == (size_t)m &&
		    bytes_is_equal(
			bytes_of(n->algs, (size_t)m * sizeof(*needed)),
			bytes_of(needed, (size_t)m * sizeof(*needed))))
			return err_set(e, -CS_ERR_ALGORITHM, NULL);
		memcpy(n->algs, needed, (size_t)m * sizeof(*needed));
		n->algs_len = (size_t)m;
		s->place.tree->wants_rerun = true;
		return 0;
	}
	r = signature_judge(s, der, e);
	if (r == 0 && !n->is_other_tried &&
	    (s->content_flags & LINES_BARE_LF) != 0 && is_mismatch(s)) {
		/* Programs have signed either form, and stores changed it. */
		n->is_other_tried = true;
		n->is_canonical = !n->is_canonical;
		s->place.tree->wants_rerun = true;
	}
	return r;
}

static int
signature_finish(struct walk_signed *s, bool is_closed, struct err *e)
{
	struct buf der = {.max = SMIME_SIGNATURE_MAX};
	int r = s->signature.err;

	if (s->parts < 2)
		return err_set(e,
		    is_closed ? -CS_ERR_NOT_SIGNED : -CS_ERR_TRUNCATED,
		    is_closed ? "it is multipart/signed and has no signature"
			      : N_("it is multipart/signed and ends before its "
				   "signature"));
	if (r == 0)
		r = reading_decode_signature(
		    buf_get(&s->signature), "it", &der, e);
	if (r == 0)
		r = signature_try(s, &der, e);
	buf_clear(&der);
	return r;
}

int
walk_signed_finish(struct walk_signed *s, bool is_closed, struct err *e)
{
	struct verdict *v;
	int r;

	if (!is_judging(s))
		return 0;
	v = s->place.line->v;
	r = signature_finish(s, is_closed, e);
	if (r != 0)
		return take_failure(s, r, e);
	if (s->has_text_behind && s->parts <= 2)
		r = verdict_warn(v,
		    "text behind the signed part is not covered by the "
		    "signature");
	if (r == 0 && !is_closed)
		r = verdict_warn(v, "the mail ends without its last boundary");
	return r == 0 ? 0 : err_set(e, r, NULL);
}
