/* message.c: the runs over a whole mail: judging, and letting out. */
#include "asn1/say.h"
#include "client/smime/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/smime/address_list.h"
#include "client/smime/header.h"
#include "client/smime/legacy.h"
#include "client/smime/origin.h"
#include "client/smime/protect.h"
#include "client/smime/read_int.h"
#include "client/smime/tree.h"

#define FIELD_QUOTED_MAX 400

struct message {
	struct tree tree;
	struct input *in;
	enum input_form form;
	struct source *cms;  /* the input is a bare CMS object; or NULL */
	struct guard *guard; /* NULL: nobody can change the input */
	bool has_learned;
	uint64_t start; /* behind an mbox's first line */
	bool is_mbox;
	struct output *out; /* NULL: only judge */
};

/* --- one run --- */

static struct sink *
root_new_sink(struct message *m, struct walk **walk)
{
	struct tree *t = &m->tree;
	bool is_bare = m->cms != NULL;
	struct walk_start start = {
	    .tree = t,
	    .line = t->verdict != NULL ? t->lines[0] : NULL,
	    .node = t->root,
	    .is_message = true,
	    .is_mbox = m->is_mbox,
	    .origin = m->start,
	    .stream = t->root,
	    .self = "1",
	    .prefix = "",
	};
	struct place place = {.tree = t, .self = "1", .prefix = ""};
	int code;

	*walk = NULL;
	if (!is_bare) {
		*walk = walk_new(&start);
		return *walk != NULL ? walk_get_sink(*walk) : NULL;
	}
	place.line = start.line;
	place.node = tree_get_child(t, t->root, NODE_CMS, &code);
	return place.node != NULL ? walk_new_cms(&place, CTE_NONE, true) : NULL;
}

static int
message_push(struct message *m, struct sink *first, struct err *e)
{
	struct sink *to = first;
	int r;

	if (m->guard != NULL)
		to = m->has_learned
			 ? guard_get_checker(m->guard, first)
			 : sink_new_tee(guard_get_learner(m->guard), first);
	if (to == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = m->cms != NULL ? source_run(m->cms, to, e)
			   : input_run(m->in, m->start, INPUT_TO_END, to, e);
	/* A tee ends both that are behind it; a checker only itself. */
	if (r == 0)
		r = sink_finish(to, e);
	if (r == 0 && m->guard != NULL && m->has_learned)
		r = sink_finish(first, e);
	if (m->guard != NULL && !m->has_learned)
		sink_free(to);
	m->has_learned = true;
	return r;
}

static int
message_run(struct message *m, struct err *e)
{
	struct walk *walk;
	struct sink *first;
	int r = tree_start(&m->tree, e);

	if (r != 0)
		return r;
	first = root_new_sink(m, &walk);
	if (first == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = message_push(m, first, e);
	if (walk != NULL)
		walk_free(walk);
	else
		sink_free(first);
	return r;
}

/* --- judging --- */

static int
set_field(char **to, struct bytes section, const char *name)
{
	struct buf text = {.max = PARSER_HEADER_MAX};
	struct header_field f;
	char quoted[FIELD_QUOTED_MAX];
	int r = 0;

	if (header_find(section, name, &f) == 0)
		return 0;
	while (f.value.len > 0 && header_is_space(f.value.p[0]))
		f.value = bytes_of(f.value.p + 1, f.value.len - 1);
	if (f.value.len > 4 * FIELD_QUOTED_MAX)
		f.value.len = 4 * FIELD_QUOTED_MAX;
	if (words_decode(f.value, &text) == 0) {
		err_quote(quoted, sizeof(quoted), text.data, text.len);
		*to = strdup(quoted);
		r = *to != NULL ? 0 : -CS_ERR_NO_MEMORY;
	}
	buf_clear(&text);
	return r;
}

/* The header that is protected; empty: none is. */
static struct bytes
line_get_protected(const struct tree *t, const struct line *l, bool *is_wrapped)
{
	const struct line *enclosed = NULL;
	size_t i;

	for (i = 0; enclosed == NULL && i < t->lines_len; i++)
		if (t->lines[i]->outer == l && t->lines[i]->v->mail->is_message)
			enclosed = t->lines[i];
	*is_wrapped =
	    enclosed != NULL &&
	    protect_is_wrapped(buf_get(&l->header), buf_get(&l->inner_header),
		buf_get(&enclosed->header), enclosed->v->layers_len == 0);
	if (*is_wrapped)
		return buf_get(&enclosed->header);
	return buf_get(&l->inner_header);
}

static int
line_describe(const struct tree *t, struct line *l)
{
	struct verdict_mail *m = l->v->mail;
	struct bytes section = buf_get(&l->header), inside;
	bool is_wrapped;
	int r;

	inside = line_get_protected(t, l, &is_wrapped);
	r = protect_check(l->v, section, inside, is_wrapped);
	if (m->has_protection)
		section = inside;
	if (r == 0)
		r = set_field(&m->from, section, "From");
	if (r == 0)
		r = set_field(&m->sender, section, "Sender");
	if (r == 0)
		r = set_field(&m->subject, section, "Subject");
	if (r == 0)
		r = set_field(&m->date, section, "Date");
	return r;
}

/* The message that the line is of, or in. */
static const struct line *
line_get_message(const struct line *l)
{
	while (l->outer != NULL && !l->v->mail->is_message)
		l = l->outer;
	return l;
}

/*
 * A signature around an encryption says nothing about what is inside: anybody
 * can sign what somebody else encrypted (RFC 8551 3.7).
 */
static int
line_warn(struct verdict *v)
{
	size_t i, outside = SIZE_MAX, encrypted = 0;

	for (i = 0; i < v->layers_len; i++) {
		if (v->layers[i].kind == VERDICT_ENCRYPTED)
			encrypted = i + 1;
		else if (!verdict_layer_is_intact(&v->layers[i]))
			continue;
		else if (encrypted != 0)
			return 0;
		else
			outside = i;
	}
	if (outside == SIZE_MAX || encrypted == 0)
		return 0;
	return verdict_warn(v,
	    "the signature is outside of the encryption: who signed may never "
	    "have seen what it holds");
}

/*
 * The protected From is what a program shows that knows of it, the outer one
 * what others show. What is signed may begin with a From that protects nothing
 * as well: programs that open it when it was written show that. All have to be
 * the signer's.
 */
static int
line_judge_origin(const struct tree *t, struct line *l, const struct line *of,
    const char *from)
{
	struct verdict *v = l->v;
	bool is_wrapped, is_shown = of == l && v->mail->has_protection;
	struct bytes inside = is_shown ? line_get_protected(t, l, &is_wrapped)
				       : origin_find_author(buf_get(&l->front));
	int r;

	if (from != NULL || (!is_shown && inside.len == 0))
		return origin_judge(
		    v, buf_get(&of->header), of->is_clear, from);
	r = origin_judge_both(v, inside, buf_get(&of->header), of->is_clear);
	if (r != 0 || is_shown)
		return r;
	return verdict_warn(v,
	    "what was signed begins with a header that no header protection "
	    "speaks of: programs that open it take it for the mail's");
}

static int
line_judge(struct message *m, struct line *l)
{
	const struct line *of = line_get_message(l);
	const char *from = of == m->tree.lines[0] ? m->tree.params->from : NULL;
	bool is_wrapped;
	int r = 0;

	if (l->v->mail->is_message)
		r = line_describe(&m->tree, l);
	if (r == 0)
		r = legacy_judge(
		    l->v, line_get_protected(&m->tree, l, &is_wrapped));
	/* A CMS object by itself says nothing of who sent it. */
	if (r == 0 &&
	    (m->cms == NULL || of != m->tree.lines[0] || from != NULL))
		r = line_judge_origin(&m->tree, l, of, from);
	return r == 0 ? line_warn(l->v) : r;
}

static int
require_signed(struct verdict *v)
{
	size_t i;
	int r;

	if (v->summary == VERDICT_BAD)
		return 0;
	for (i = 0; i < v->layers_len; i++)
		if (verdict_layer_is_intact(&v->layers[i]))
			return 0;
	r = verdict_set_fault(v, -CS_ERR_NOT_SIGNED,
	    "a signature is required, and none covers the whole message");
	verdict_judge_mail(v);
	return r;
}

static int
message_judge(struct message *m, struct err *e)
{
	struct tree *t = &m->tree;
	unsigned passes = 0;
	size_t i;
	int r;

	do {
		r = message_run(m, e);
		if (r == 0)
			tree_find_deferred(t, t->root);
	} while (r == 0 && t->wants_rerun && ++passes < MESSAGE_PASSES_MAX);
	if (r == 0)
		r = input_check_unchanged(m->in, e);
	if (r != 0)
		return r;
	t->verdict->mail->is_message = m->cms == NULL;
	for (i = 0; r == 0 && i < t->lines_len; i++)
		r = line_judge(m, t->lines[i]);
	if (r == 0 && t->wants_rerun)
		r = verdict_set_fault(t->verdict, -CS_ERR_TOO_DEEP,
		    "it takes too many runs over the message to open all that "
		    "is in it");
	if (r != 0)
		return err_set(e, r, NULL);
	verdict_judge_mail(t->verdict);
	if (t->params->requires_signed)
		r = require_signed(t->verdict);
	return r == 0 ? 0 : err_set(e, r, NULL);
}

/* --- letting out --- */

static bool
is_let_out(const struct verdict *v)
{
	return v->summary != VERDICT_BAD && !v->is_withheld;
}

/* The parts that have a line of their own, for a message. */
static void
list_parts(const struct tree *t, char *text, size_t size)
{
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 1; i < t->lines_len && n < size; i++)
		n += (size_t)snprintf(text + n, size - n, "%s%s",
		    i > 1 ? ", " : "", t->lines[i]->v->mail->part);
}

/* Which line is meant: *line NULL, none and all is well. */
static int
find_line(const struct message *m, struct line **line, struct err *e)
{
	const struct tree *t = &m->tree;
	const char *part = t->params->part;
	char list[200];
	struct line *l, *one = NULL;
	size_t i, n = 0;

	*line = t->lines[0];
	for (i = 1; i < t->lines_len; i++) {
		l = t->lines[i];
		if (part != NULL && strcmp(l->v->mail->part, part) == 0) {
			*line = l;
			return 0;
		}
		if (!verdict_is_protected(l->v))
			continue;
		one = l;
		n++;
	}
	list_parts(t, list, sizeof(list));
	if (part != NULL)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "nothing in part %.60s is signed, encrypted or a message%s"
		    "%s",
		    part, list[0] != '\0' ? say("; these are: ") : "", list);
	if (t->verdict->layers_len != 0 || n == 0)
		return 0;
	if (n == 1) {
		*line = one;
		return 0;
	}
	return err_set(e, -CS_ERR_ARGUMENT,
	    "several parts of the message are signed or encrypted by "
	    "themselves; choose the one to be written with --part: %s",
	    list);
}

static int
compare_holds(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to == y->to ? 0 : x->to > y->to ? -1 : 1;
}

/*
 * Leaves of the holds those that count for what goes out: in its stream, and
 * not authenticated. Returns from where on all is held.
 */
static uint64_t
choose_holds(struct tree *t, const struct node *target)
{
	uint64_t base = target->base == UINT64_MAX ? 0 : target->base;
	uint64_t all_from = t->has_all_holds ? UINT64_MAX : 0, last = 0;
	struct hold h;
	size_t i, n = 0;

	for (i = 0; i < t->holds_len; i++) {
		h = t->holds[i];
		if (h.stream != target->stream ||
		    !verdict_is_unauthenticated(h.v) ||
		    (h.has_range && h.to <= base))
			continue;
		if (h.part != SIZE_MAX)
			h.v->mail->parts[h.part].is_held_back = true;
		if (!h.has_range || target->base == UINT64_MAX)
			all_from = 0;
		h.from = h.from > base ? h.from - base : 0;
		h.to -= base;
		t->holds[n++] = h;
	}
	if (n > 1)
		qsort(t->holds, n, sizeof(h), compare_holds);
	t->holds_len = 0;
	for (i = 0; i < n; i++)
		if (t->holds[i].from >= last) {
			last = t->holds[i].to;
			t->holds[t->holds_len++] = t->holds[i];
		}
	return all_from;
}

static int
message_copy(struct message *m, struct sink *to, struct err *e)
{
	struct sink *check = to;
	int r;

	if (m->guard != NULL)
		check = guard_get_checker(m->guard, to);
	r = input_run(m->in, m->start, INPUT_TO_END, check, e);
	return r == 0 && m->guard != NULL ? sink_finish(check, e) : r;
}

static int
message_release_line(struct message *m, struct line *line, struct err *e)
{
	struct tree *t = &m->tree;
	struct sink *to = output_get_sink(m->out), *hold = NULL;
	struct node *n;
	uint64_t all_from = UINT64_MAX;
	int r;

	t->target = line->end;
	for (n = t->target; n != NULL; n = n->parent)
		n->is_on_path = true;
	if (!t->params->is_unsafe && verdict_is_unauthenticated(line->v)) {
		all_from = choose_holds(t, t->target);
		if (t->holds_len > 0 || all_from != UINT64_MAX)
			hold =
			    sink_new_hold(t->holds, t->holds_len, all_from, to);
		if (hold != NULL &&
		    verdict_warn(t->verdict,
			"what can make a mail program fetch things is held "
			"back: the encryption does not show whether it was "
			"changed on the way") != 0)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	t->out = hold != NULL ? hold : to;
	t->verdict = NULL; /* nothing is judged any more */
	r = message_run(m, e);
	sink_free(hold);
	return r;
}

static int
message_release(struct message *m, struct err *e)
{
	struct tree *t = &m->tree;
	struct verdict *given = t->verdict;
	struct line *line;
	int r;

	if (m->out == NULL || !is_let_out(given))
		return 0;
	r = find_line(m, &line, e);
	if (r != 0)
		return r;
	/* The part that was asked for, of a mail that is not bad itself. */
	if (!is_let_out(line->v))
		return err_set(e, line->v->code, "part %.60s: %s",
		    line->v->mail->part, line->v->text);
	if (line->end == NULL)
		return message_copy(m, output_get_sink(m->out), e);
	r = message_release_line(m, line, e);
	t->verdict = given;
	return r;
}

/* --- the whole --- */

static int
message_open(struct message *m, struct err *e)
{
	int r = tree_init(&m->tree, e);

	if (r != 0)
		return r;
	if (m->form == INPUT_MESSAGE) {
		r = reading_find_start(m->in, &m->start, e);
		m->is_mbox = m->start != 0;
	} else {
		m->cms = cms_source_new(m->in, m->form, e);
		if (m->cms == NULL)
			return e->code;
	}
	if (r == 0 && !input_is_stable(m->in)) {
		m->guard = guard_new();
		if (m->guard == NULL)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	return r;
}

int
smime_read_message(struct input *in, enum input_form form,
    const struct smime_message_params *params, struct output *out,
    struct verdict *v, struct err *e)
{
	struct err own = ERR_INIT;
	struct message m = {
	    .tree = {.params = params, .in = in, .verdict = v},
	    .in = in,
	    .form = form,
	    .out = out,
	};
	int r;

	if (e == NULL)
		e = &own;
	r = message_open(&m, e);
	if (r == 0)
		r = message_judge(&m, e);
	if (r == 0)
		r = message_release(&m, e);
	tree_clear(&m.tree);
	cms_source_free(m.cms);
	guard_free(m.guard);
	if (r != 0 && e->code != r)
		err_set(e, r, NULL);
	if (err_class(r) == ERR_CLASS_FORMAT)
		err_context(e, "%s", input_get_name(in));
	return r;
}
