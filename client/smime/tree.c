/* tree.c: nodes, which stay, and lines, which are made anew by each run. */
#include "client/smime/tree.h"

#include <stdlib.h>
#include <string.h>

static void
node_free(struct node *n)
{
	size_t i;

	if (n == NULL)
		return;
	for (i = 0; i < n->children_len; i++)
		node_free(n->children[i]);
	free(n->children);
	cms_memo_free(n->memo);
	free(n);
}

static void
lines_cut(struct tree *t, size_t len)
{
	struct line *l;

	while (t->lines_len > len) {
		l = t->lines[--t->lines_len];
		buf_clear(&l->header);
		buf_clear(&l->inner_header);
		buf_clear(&l->front);
		free(l);
	}
}

int
tree_init(struct tree *t, struct err *e)
{
	t->root = calloc(1, sizeof(*t->root));
	if (t->root != NULL)
		t->root->stream = t->root;
	return t->root != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

void
tree_clear(struct tree *t)
{
	lines_cut(t, 0);
	free(t->lines);
	free(t->holds);
	node_free(t->root);
	t->root = NULL;
}

static void
node_start(struct node *n)
{
	size_t i;

	n->met = 0;
	n->is_deferred = false;
	for (i = 0; i < n->children_len; i++)
		node_start(n->children[i]);
}

static struct line *
line_new(struct tree *t, struct verdict *v)
{
	struct line **lines =
	    reallocarray(t->lines, t->lines_len + 1, sizeof(struct line *));
	struct line *l = calloc(1, sizeof(*l));

	if (lines != NULL)
		t->lines = lines;
	if (lines == NULL || l == NULL) {
		free(l);
		return NULL;
	}
	l->v = v;
	buf_init(&l->header, PARSER_HEADER_MAX);
	buf_init(&l->inner_header, MESSAGE_HEADER_MAX);
	buf_init(&l->front, FRONT_MAX_LEN);
	t->lines[t->lines_len++] = l;
	return l;
}

int
tree_start(struct tree *t, struct err *e)
{
	struct verdict_mark none = {0};

	node_start(t->root);
	t->wants_rerun = false;
	lines_cut(t, 0);
	t->holds_len = 0;
	t->has_all_holds = true;
	if (t->verdict == NULL)
		return 0;
	if (t->verdict->mail != NULL)
		verdict_mail_cut(t->verdict, &none);
	verdict_cut(t->verdict, 0, 0);
	if (verdict_mail_new(t->verdict) != 0 ||
	    line_new(t, t->verdict) == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return 0;
}

bool
tree_may_open(const struct tree *t, const struct node *parent)
{
	if (parent->met < parent->children_len)
		return true;
	return t->nodes < MESSAGE_NODES_MAX &&
	       parent->depth < MESSAGE_DEPTH_MAX && t->verdict != NULL;
}

struct node *
tree_get_child(
    struct tree *t, struct node *parent, enum node_kind kind, int *code)
{
	struct node **children, *n;

	*code = 0;
	if (parent->met < parent->children_len) {
		n = parent->children[parent->met++];
		if (n->kind == kind)
			return n;
		*code = -CS_ERR_CHANGED;
		return NULL;
	}
	if (!tree_may_open(t, parent))
		return NULL;
	children = reallocarray(
	    parent->children, parent->children_len + 1, sizeof(struct node *));
	n = calloc(1, sizeof(*n));
	if (children != NULL)
		parent->children = children;
	if (children == NULL || n == NULL) {
		free(n);
		*code = -CS_ERR_NO_MEMORY;
		return NULL;
	}
	n->parent = parent;
	n->kind = kind;
	n->depth = parent->depth + 1;
	if (kind == NODE_CMS && (n->memo = cms_memo_new()) == NULL) {
		free(n);
		*code = -CS_ERR_NO_MEMORY;
		return NULL;
	}
	children[parent->children_len++] = n;
	parent->met++;
	t->nodes++;
	return n;
}

struct line *
tree_add_line(
    struct tree *t, struct line *outer, const char *part, bool is_message)
{
	struct verdict *v = verdict_add_inner(outer->v, part, is_message);
	struct line *l = v != NULL ? line_new(t, v) : NULL;

	if (l != NULL)
		l->outer = outer;
	return l;
}

bool
node_is_unverified(const struct node *n)
{
	for (n = n->parent; n != NULL; n = n->parent)
		if (n->is_aead && !n->is_verified)
			return true;
	return false;
}

void
tree_find_deferred(struct tree *t, struct node *n)
{
	size_t i;

	if (n->is_deferred && !node_is_unverified(n))
		t->wants_rerun = true;
	for (i = 0; i < n->children_len; i++)
		tree_find_deferred(t, n->children[i]);
}

int
tree_add_hold(struct tree *t, const struct hold *hold)
{
	struct hold *holds;
	size_t cap;

	if (t->holds_len == HOLDS_MAX) {
		t->has_all_holds = false;
		return 0;
	}
	if (t->holds_len == t->holds_cap) {
		cap = t->holds_cap != 0 ? 2 * t->holds_cap : 16;
		holds = reallocarray(t->holds, cap, sizeof(*holds));
		if (holds == NULL)
			return -CS_ERR_NO_MEMORY;
		t->holds = holds;
		t->holds_cap = cap;
	}
	t->holds[t->holds_len++] = *hold;
	return 0;
}

void
tree_range_holds(struct tree *t, size_t since, const struct node *stream,
    uint64_t from, uint64_t to)
{
	struct hold *h;

	for (; since < t->holds_len; since++) {
		h = &t->holds[since];
		if (h->has_range || h->stream != stream)
			continue;
		h->has_range = true;
		h->from = from;
		h->to = to;
	}
}

struct tree_mark
tree_get_mark(const struct tree *t, const struct line *line)
{
	return (struct tree_mark){verdict_mail_mark(line->v), t->lines_len,
	    t->holds_len, line->end, line->inner_header.len};
}

void
tree_cut(struct tree *t, struct line *line, const struct tree_mark *mark)
{
	lines_cut(t, mark->lines);
	t->holds_len = mark->holds;
	verdict_mail_cut(line->v, &mark->verdict);
	line->end = mark->end;
	line->inner_header.len = mark->inner_header_len;
	buf_reset(&line->front);
}

/* What ends the reading of a mail wherever it happens. */
static bool
is_final(int code, bool is_own_line)
{
	switch (err_class(code)) {
	case ERR_CLASS_FORMAT:
	case ERR_CLASS_BAD:
		return false;
	case ERR_CLASS_IO:
	case ERR_CLASS_INTERNAL:
		return true;
	default: /* the agent, a token, the person */
		return is_own_line;
	}
}

int
tree_take_failure(struct tree *t, struct line *line, int code, struct err *e)
{
	int r;

	if (line == NULL || is_final(code, line == t->lines[0]) ||
	    code == -CS_ERR_MULTIPLE)
		return code;
	r = verdict_set_fault(line->v, code,
	    e != NULL && e->code == code ? err_get_text(e) : err_text(code));
	if (r != 0)
		return err_set(e, r, NULL);
	err_clear(e);
	return 0;
}
