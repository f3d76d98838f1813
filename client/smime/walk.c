/* walk.c: an entity and its parts: what each is, and what reads it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/smime/legacy.h"
#include "client/smime/tree.h"

struct walk_level {
	char prefix[PATH_MAX_LEN]; /* before its parts' numbers */
	size_t parts;
	bool is_digest;
	bool is_odd; /* its header is one that programs read differently */
};

/* The leaf at hand. */
struct walk_leaf {
	char path[PATH_MAX_LEN];
	struct verdict_part *part; /* NULL: not listed */
	size_t part_index;
	uint64_t from;	   /* of its header, in the stream of octets here */
	size_t holds_from; /* holds before it */
	bool is_active;
	bool is_legacy;	 /* the stage is a sink_new_legacy */
	bool is_sniffed; /* its header may go on in its text */
	struct sniff sniff;
};

struct walk {
	struct sink in; /* before the parser */
	bool is_front;	/* it is what a layer of the line holds */
	struct walk_start start;
	char self[PATH_MAX_LEN];
	struct parser *parser;
	struct walk_level levels[BOUNDARY_DEPTH_MAX + 1];
	size_t parts;
	struct walk_leaf leaf;
	struct sink *stage; /* of the area at hand, or NULL */
	struct walk_signed *signed_parts;
	size_t signed_level;
	uint64_t signed_from;
	size_t signed_holds;
};

static uint64_t
walk_offset(const struct walk *w, uint64_t at)
{
	return w->start.base == UINT64_MAX ? UINT64_MAX : w->start.base + at;
}

/* --- paths --- */

static void
put_path(char path[PATH_MAX_LEN], const char *a, size_t n, const char *b)
{
	if (n == 0)
		snprintf(path, PATH_MAX_LEN, "%s%s", a, b);
	else
		snprintf(path, PATH_MAX_LEN, "%.*s%zu%s", PATH_MAX_LEN - 24, a,
		    n, b);
}

/* The entity's own path, and what stands before those of its parts. */
static void
walk_name(struct walk *w, size_t level, char path[PATH_MAX_LEN])
{
	struct walk_level *l = &w->levels[level];

	l->parts = 0;
	l->is_digest = false;
	if (level == 0) {
		put_path(path, w->self, 0, "");
		return;
	}
	w->levels[level - 1].parts++;
	put_path(
	    path, w->levels[level - 1].prefix, w->levels[level - 1].parts, "");
	put_path(l->prefix, w->levels[level - 1].prefix,
	    w->levels[level - 1].parts, ".");
}

/* --- parts listed --- */

/* Does it have octets that end lines for some programs, or is only its front
 * here? */
static bool
is_header_odd(const struct parser_header *h)
{
	return (h->flags & (LINES_NUL | LINES_BARE_CR)) != 0 ||
	       h->end == PARSER_HEADER_TOO_LARGE;
}

/* Of what is not there to be read. */
static int
walk_warn_kind(struct verdict *v, const struct media_type *mt, const char *path)
{
	if (media_type_is(mt, "application", "ms-tnef"))
		return verdict_warn(v,
		    "part %s is in Outlook's own form (winmail.dat, MS-TNEF), "
		    "and is not opened",
		    path);
	if (media_type_is(mt, "message", "external-body"))
		return verdict_warn(v,
		    "part %s only tells of something elsewhere, which nothing "
		    "here vouches for",
		    path);
	return 0;
}

/* Everything that is not taken apart, and every enclosed message. */
static int
walk_list(struct walk *w, const struct parser_header *h,
    const struct media_type *mt, const char *path, struct err *e)
{
	struct line *line = w->start.line;
	char type[2 * MEDIA_NAME_MAX + 8];
	struct walk_leaf *leaf = &w->leaf;
	bool is_full;

	*leaf = (struct walk_leaf){
	    .from = h->from,
	    .part_index = SIZE_MAX,
	};
	put_path(leaf->path, path, 0, "");
	if (line == NULL)
		return 0;
	leaf->holds_from = w->start.tree->holds_len;
	leaf->is_active = is_header_odd(h) || entity_is_active(h->section, mt);
	leaf->is_sniffed =
	    h->section.len == 0 || h->end == PARSER_HEADER_BAD_LINE;
	if (walk_warn_kind(line->v, mt, path) != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	leaf->part = verdict_add_part(line->v, &is_full);
	if (leaf->part == NULL)
		return is_full ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	leaf->part_index = line->v->mail->parts_len - 1;
	leaf->part->path = strdup(path);
	snprintf(type, sizeof(type), "%s%s%s", mt->type,
	    mt->type[0] != '\0' ? "/" : "", mt->subtype);
	leaf->part->type = strdup(type);
	if (leaf->part->path == NULL || leaf->part->type == NULL ||
	    entity_get_name(h->section, mt, &leaf->part->name) != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return 0;
}

/* What stands around the parts of a multipart is shown by programs that read
 * its header differently. */
static int
walk_end_around(struct walk *w, const struct parser_area *a, struct err *e)
{
	struct hold hold = {
	    .stream = w->start.stream,
	    .from = walk_offset(w, a->from),
	    .to = walk_offset(w, a->to),
	    .has_range = w->start.base != UINT64_MAX,
	    .part = SIZE_MAX,
	};

	if (w->start.line == NULL || !w->levels[a->level].is_odd ||
	    a->from == a->to)
		return 0;
	hold.v = w->start.line->v;
	if (tree_add_hold(w->start.tree, &hold) != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return 0;
}

/* Its end is known. */
static int
walk_end_leaf(struct walk *w, const struct parser_area *a, struct err *e)
{
	struct tree *t = w->start.tree;
	struct line *line = w->start.line;
	struct walk_leaf *leaf = &w->leaf;
	struct hold hold = {.stream = w->start.stream, .part = SIZE_MAX};

	if (line == NULL)
		return 0;
	if (leaf->part_index != SIZE_MAX)
		line->v->mail->parts[leaf->part_index].len = a->to - a->from;
	hold.from = walk_offset(w, leaf->from);
	hold.to = walk_offset(w, a->to);
	hold.has_range = hold.from != UINT64_MAX;
	if (hold.has_range)
		tree_range_holds(
		    t, leaf->holds_from, hold.stream, hold.from, hold.to);
	if (!leaf->is_active)
		return 0;
	hold.v = line->v;
	hold.part = leaf->part_index;
	if (tree_add_hold(t, &hold) != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return 0;
}

/* --- what is opened --- */

static int
walk_refuse(struct walk *w, bool is_layer, const char *path, struct err *e)
{
	struct line *line = w->start.line;
	int r;

	if (line == NULL)
		return 0;
	if (is_layer)
		r = verdict_set_fault(line->v, -CS_ERR_TOO_DEEP,
		    "there are more layers in each other than are opened");
	else
		r = verdict_warn(line->v,
		    "part %s is not opened: it is too deep inside, or there "
		    "are too many like it",
		    path);
	return r == 0 ? 0 : err_set(e, r, NULL);
}

/* Everything about where the entity stands; place->node NULL: not opened. */
static int
walk_place(struct walk *w, const struct parser_header *h, enum entity_kind kind,
    const char *path, struct place *place, struct err *e)
{
	static const enum node_kind kinds[] = {
	    [ENTITY_SIGNED] = NODE_SIGNED,
	    [ENTITY_CMS] = NODE_CMS,
	    [ENTITY_MESSAGE] = NODE_MESSAGE,
	};
	struct tree *t = w->start.tree;
	bool is_message = kind == ENTITY_MESSAGE;
	int code;

	*place = (struct place){
	    .tree = t,
	    .line = w->start.line,
	    .header_flags = h->flags,
	    .stream = w->start.stream,
	    .base = walk_offset(w, h->body),
	    .inflated = w->start.inflated,
	};
	place->node = tree_get_child(t, w->start.node, kinds[kind], &code);
	if (code != 0)
		return err_set(e, code, NULL);
	if (place->node == NULL)
		return walk_refuse(w, h->level == 0 && !is_message, path, e);
	if (t->verdict == NULL && !place->node->is_on_path) {
		place->node = NULL;
		return 0;
	}
	if (is_message) {
		put_path(place->self, path, 0, ".1");
		put_path(place->prefix, path, 0, ".");
	} else {
		put_path(place->self, path, 0, "");
		put_path(place->prefix, w->levels[h->level].prefix, 0, "");
	}
	if (place->line == NULL || (h->level == 0 && !is_message))
		return 0;
	if (place->line->v->mail->inner_len == VERDICT_INNER_MAX) {
		place->node = NULL;
		return walk_refuse(w, false, path, e);
	}
	place->line = tree_add_line(t, place->line, path, is_message);
	return place->line != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

static int
walk_open_multipart(struct walk *w, const struct parser_header *h,
    const struct media_type *mt, bool is_raw, bool *is_open)
{
	struct buf boundary = {.max = PARAM_LEN_MAX};
	bool is_ambiguous;
	int n =
	    header_get_param(mt->params, "boundary", &boundary, &is_ambiguous);

	*is_open = n == 1 && !is_ambiguous && w->parts < SMIME_PARTS_MAX &&
		   parser_open(w->parser, buf_get(&boundary), is_raw);
	buf_clear(&boundary);
	w->levels[h->level].is_digest =
	    media_type_is(mt, "multipart", "digest");
	w->levels[h->level].is_odd =
	    is_header_odd(h) || h->end == PARSER_HEADER_BAD_LINE;
	return n == -CS_ERR_NO_MEMORY ? n : 0;
}

static int
walk_open_signed(struct walk *w, const struct parser_header *h,
    const struct media_type *mt, const char *path, bool *is_open, struct err *e)
{
	struct place place;
	int r;

	if (!tree_may_open(w->start.tree, w->start.node))
		return walk_refuse(w, h->level == 0, path, e);
	r = walk_open_multipart(w, h, mt, true, is_open);
	if (r != 0 || !*is_open)
		return r;
	w->leaf = (struct walk_leaf){.part_index = SIZE_MAX};
	r = walk_place(w, h, ENTITY_SIGNED, path, &place, e);
	if (r != 0 || place.node == NULL)
		return r;
	w->signed_level = h->level;
	w->signed_from = walk_offset(w, h->from);
	w->signed_holds = w->start.tree->holds_len;
	/* Its parts count in the place where it stands itself. */
	place.base = w->start.base;
	w->signed_parts = walk_signed_new(&place, mt, e);
	return w->signed_parts != NULL ? 0 : e->code;
}

/* The text may begin with what its readers leave out. */
static int
walk_open_legacy(struct walk *w, struct bytes section,
    const struct media_type *mt, enum transfer_encoding cte, struct err *e)
{
	struct line *line = w->start.line;
	bool is_unclear = legacy_is_unclear(section, mt);

	if (line == NULL || (!is_unclear && !legacy_is_marked(mt)))
		return 0;
	if (w->leaf.part_index == SIZE_MAX)
		return verdict_warn(line->v,
			   "part %s says that it has a text that programs do "
			   "not show (RFC 9788), which was not looked at",
			   w->leaf.path) == 0
			   ? 0
			   : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (is_unclear) {
		line->v->mail->parts[w->leaf.part_index].legacy =
		    LEGACY_DIFFERS;
		return 0;
	}
	w->leaf.is_legacy = true;
	w->stage = sink_new_legacy(mt, cte);
	return w->stage != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

static int
walk_end_legacy(struct walk *w, struct err *e)
{
	struct verdict_mail *m = w->start.line->v->mail;
	struct verdict_part *p = &m->parts[w->leaf.part_index];

	return legacy_get_found(w->stage, &p->legacy, &p->legacy_text) == 0
		   ? 0
		   : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

/* A part, or what cannot be taken apart. */
static int
walk_open_leaf(struct walk *w, const struct parser_header *h,
    enum entity_kind kind, const struct media_type *mt, const char *path,
    struct err *e)
{
	enum transfer_encoding cte = header_get_cte(h->section);
	struct place place = {0};
	int r = 0;

	if (kind == ENTITY_CMS || kind == ENTITY_MESSAGE) {
		r = walk_place(w, h, kind, path, &place, e);
		if (r != 0)
			return r;
	}
	if (place.node == NULL || kind == ENTITY_MESSAGE)
		r = walk_list(w, h, mt, path, e);
	else
		w->leaf = (struct walk_leaf){.part_index = SIZE_MAX,
		    .from = h->from,
		    .holds_from = w->start.tree->holds_len};
	if (kind == ENTITY_MESSAGE && cte == CTE_OTHER)
		place.node = NULL;
	/* What others may open is as good as open. */
	if (place.node == NULL &&
	    (kind == ENTITY_MESSAGE || media_type_is(mt, "multipart", NULL)))
		w->leaf.is_active = true;
	if (r == 0 && kind == ENTITY_LEAF)
		return walk_open_legacy(w, h->section, mt, cte, e);
	if (r != 0 || place.node == NULL)
		return r;
	w->stage = kind == ENTITY_CMS ? walk_new_cms(&place, cte, false)
				      : walk_new_message(&place, cte);
	return w->stage != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

/* --- the parser's events --- */

static int
walk_take_message(struct walk *w, const struct parser_header *h)
{
	struct line *line = w->start.line;

	if (line == NULL || !w->start.is_message || h->level != 0)
		return 0;
	line->is_clear = h->end == PARSER_HEADER_BLANK;
	if (line->outer != NULL && h->section.len > MESSAGE_HEADER_MAX) {
		line->is_clear = false;
		return 0;
	}
	return buf_add_bytes(&line->header, h->section);
}

/* The layers have come to their end: this is what they hold. */
static void
walk_take_inner(struct walk *w, const struct parser_header *h)
{
	struct line *line = w->start.line;

	if (line == NULL || h->level != 0 ||
	    h->section.len > MESSAGE_HEADER_MAX)
		return;
	buf_reset(&line->inner_header);
	buf_add_bytes(&line->inner_header, h->section);
}

static int
on_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct walk *w = ctx;
	char path[PATH_MAX_LEN];
	enum entity_kind kind;
	struct media_type mt;
	bool is_open = false;
	int r = walk_take_message(w, h);

	if (r != 0)
		return err_set(e, r, NULL);
	walk_name(w, h->level, path);
	w->parts++;
	kind = entity_judge(
	    h->section, &mt, h->level > 0 && w->levels[h->level - 1].is_digest);
	if (kind != ENTITY_SIGNED && kind != ENTITY_CMS)
		walk_take_inner(w, h);
	if (kind == ENTITY_SIGNED && w->signed_parts == NULL)
		r = walk_open_signed(w, h, &mt, path, &is_open, e);
	else if (kind == ENTITY_MULTIPART)
		r = walk_open_multipart(w, h, &mt, false, &is_open);
	if (r != 0 || is_open)
		return r;
	return walk_open_leaf(w, h, kind, &mt, path, e);
}

/* Is the area a part of the multipart/signed that is open? */
static bool
is_of_signed(const struct walk *w, const struct parser_area *a)
{
	if (w->signed_parts == NULL)
		return false;
	return a->kind == PARSER_LEAF ? a->level == w->signed_level + 1
				      : a->level == w->signed_level;
}

static int
on_begin(void *ctx, const struct parser_area *a, struct err *e)
{
	struct walk *w = ctx;

	return is_of_signed(w, a) ? walk_signed_begin(w->signed_parts, a, e)
				  : 0;
}

static int
on_text(void *ctx, struct bytes in, struct err *e)
{
	struct walk *w = ctx;

	if (w->signed_parts != NULL)
		return walk_signed_text(w->signed_parts, in, e);
	if (w->leaf.is_sniffed && sniff_write(&w->leaf.sniff, in))
		w->leaf.is_active = true;
	return w->stage != NULL ? sink_write(w->stage, in, e) : 0;
}

static int
on_end(void *ctx, const struct parser_area *a, struct err *e)
{
	struct walk *w = ctx;
	int r = 0;

	if (is_of_signed(w, a))
		return walk_signed_end(w->signed_parts, a, e);
	if (a->kind != PARSER_LEAF)
		return walk_end_around(w, a, e);
	if (w->stage != NULL)
		r = sink_finish(w->stage, e);
	if (r == 0 && w->stage != NULL && w->leaf.is_legacy)
		r = walk_end_legacy(w, e);
	sink_free(w->stage);
	w->stage = NULL;
	return r == 0 ? walk_end_leaf(w, a, e) : r;
}

static int
on_leave(void *ctx, size_t level, bool is_closed, struct err *e)
{
	struct walk *w = ctx;
	int r;

	if (w->signed_parts == NULL || level != w->signed_level)
		return 0;
	r = walk_signed_finish(w->signed_parts, is_closed, e);
	walk_signed_free(w->signed_parts);
	w->signed_parts = NULL;
	if (w->start.line != NULL && w->signed_from != UINT64_MAX)
		tree_range_holds(w->start.tree, w->signed_holds,
		    w->start.stream, w->signed_from,
		    walk_offset(w, parser_get_offset(w->parser)));
	return r;
}

/* --- the whole --- */

static int
walk_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct walk *w = (struct walk *)sink;
	struct buf *front = w->is_front ? &w->start.line->front : NULL;
	size_t room = front != NULL ? FRONT_MAX_LEN - front->len : 0;

	if (room > 0 &&
	    buf_add(front, in.p, in.len < room ? in.len : room) != 0)
		return err_set(e, front->err, NULL);
	return sink_write(parser_get_sink(w->parser), in, e);
}

static int
walk_finish(struct sink *sink, struct err *e)
{
	return sink_finish(parser_get_sink(((struct walk *)sink)->parser), e);
}

struct walk *
walk_new(const struct walk_start *start)
{
	struct walk *w = calloc(1, sizeof(*w));
	struct parser_events events = {
	    .header = on_header,
	    .begin = on_begin,
	    .text = on_text,
	    .end = on_end,
	    .leave = on_leave,
	    .ctx = w,
	};

	if (w == NULL)
		return NULL;
	w->start = *start;
	put_path(w->self, start->self, 0, "");
	put_path(w->levels[0].prefix, start->prefix, 0, "");
	w->start.self = w->start.prefix = NULL;
	w->parser = parser_new(&events, start->origin, start->is_mbox);
	if (w->parser == NULL) {
		free(w);
		return NULL;
	}
	if (start->node->kind != NODE_ROOT)
		parser_set_entity(w->parser);
	w->in = (struct sink){.write = walk_write, .finish = walk_finish};
	w->is_front = start->line != NULL && !start->is_message;
	if (w->is_front)
		buf_reset(&start->line->front);
	return w;
}

struct sink *
walk_get_sink(struct walk *w)
{
	return &w->in;
}

void
walk_free(struct walk *w)
{
	if (w == NULL)
		return;
	sink_free(w->stage);
	walk_signed_free(w->signed_parts);
	parser_free(w->parser);
	free(w);
}
