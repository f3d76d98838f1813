#include "asn1/say.h"
#include "client/cms/verdict_mail.h"

#include <stdlib.h>
#include <string.h>

int
verdict_mail_new(struct verdict *v)
{
	verdict_mail_free(v->mail);
	v->mail = calloc(1, sizeof(*v->mail));
	return v->mail != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

static void
part_clear(struct verdict_part *p)
{
	free(p->path);
	free(p->type);
	free(p->name);
	free(p->legacy_text);
}

static void
header_clear(struct verdict_header *h)
{
	free(h->name);
	free(h->outer);
	free(h->inner);
}

static void
mail_cut(struct verdict_mail *m, size_t parts, size_t inner)
{
	while (m->parts_len > parts)
		part_clear(&m->parts[--m->parts_len]);
	while (m->inner_len > inner)
		verdict_free(m->inner[--m->inner_len]);
}

void
verdict_mail_free(struct verdict_mail *m)
{
	if (m == NULL)
		return;
	mail_cut(m, 0, 0);
	while (m->headers_len > 0)
		header_clear(&m->headers[--m->headers_len]);
	free(m->headers);
	free(m->parts);
	free(m->inner);
	free(m->part);
	free(m->from);
	free(m->sender);
	free(m->subject);
	free(m->date);
	free(m);
}

/* Room for one more in an array that grows by doubling. */
static void *
grow(void *array, size_t len, size_t size)
{
	if (len != 0 && (len & (len - 1)) != 0)
		return array;
	return reallocarray(array, len != 0 ? 2 * len : 1, size);
}

struct verdict *
verdict_add_inner(struct verdict *v, const char *part, bool is_message)
{
	struct verdict_mail *m = v->mail;
	struct verdict **inner =
	    grow(m->inner, m->inner_len, sizeof(struct verdict *));
	struct verdict *one = verdict_new();

	if (inner != NULL)
		m->inner = inner;
	if (inner == NULL || one == NULL || verdict_mail_new(one) != 0) {
		verdict_free(one);
		return NULL;
	}
	one->mail->part = strdup(part);
	one->mail->is_message = is_message;
	one->mail->outer = v;
	if (one->mail->part == NULL) {
		verdict_free(one);
		return NULL;
	}
	m->inner[m->inner_len++] = one;
	return one;
}

struct verdict_part *
verdict_add_part(struct verdict *v, bool *is_full)
{
	struct verdict_mail *m = v->mail;
	struct verdict_part *parts;

	*is_full = m->parts_len == VERDICT_PARTS_MAX;
	m->parts_count++;
	if (*is_full)
		return NULL;
	parts = grow(m->parts, m->parts_len, sizeof(*parts));
	if (parts == NULL)
		return NULL;
	m->parts = parts;
	parts[m->parts_len] = (struct verdict_part){0};
	return &parts[m->parts_len++];
}

struct verdict_header *
verdict_add_header(struct verdict *v)
{
	struct verdict_mail *m = v->mail;
	struct verdict_header *headers =
	    grow(m->headers, m->headers_len, sizeof(*headers));

	if (headers == NULL)
		return NULL;
	m->headers = headers;
	headers[m->headers_len] = (struct verdict_header){0};
	return &headers[m->headers_len++];
}

struct verdict_mark
verdict_mail_mark(const struct verdict *v)
{
	return (struct verdict_mark){v->layers_len, v->warnings_len,
	    v->mail->parts_len, v->mail->parts_count, v->mail->inner_len,
	    v->fault};
}

void
verdict_mail_cut(struct verdict *v, const struct verdict_mark *mark)
{
	verdict_cut(v, mark->layers, mark->warnings);
	mail_cut(v->mail, mark->parts, mark->inner);
	v->mail->parts_count = mark->parts_count;
	if (mark->fault == 0) {
		free(v->fault_text);
		v->fault_text = NULL;
		v->fault = 0;
	}
}

/* --- judging --- */

bool
verdict_layer_is_intact(const struct verdict_layer *layer)
{
	size_t i;

	for (i = 0; i < layer->signers_len; i++)
		if (layer->signers[i].integrity.state != FINDING_GOOD)
			return false;
	return layer->kind == VERDICT_SIGNED && layer->signers_len > 0;
}

bool
verdict_is_unauthenticated(const struct verdict *v)
{
	const struct verdict *outer = v->mail != NULL ? v->mail->outer : NULL;
	bool is = outer != NULL && verdict_is_unauthenticated(outer);
	size_t i;

	for (i = 0; i < v->layers_len; i++) {
		if (v->layers[i].kind == VERDICT_ENCRYPTED)
			is = !v->layers[i].is_authenticated;
		else if (verdict_layer_is_intact(&v->layers[i]))
			is = false;
	}
	return is;
}

bool
verdict_is_encrypted(const struct verdict *v)
{
	const struct verdict *outer = v->mail != NULL ? v->mail->outer : NULL;
	size_t i;

	for (i = 0; i < v->layers_len; i++)
		if (v->layers[i].kind == VERDICT_ENCRYPTED &&
		    v->layers[i].decryption.state == FINDING_GOOD)
			return true;
	return outer != NULL && verdict_is_encrypted(outer);
}

/* Does a signature that is more than there cover all that v holds? */
static bool
is_signed(const struct verdict *v)
{
	const struct verdict *outer = v->mail->outer;
	size_t i;

	for (i = 0; i < v->layers_len; i++)
		if (verdict_layer_is_intact(&v->layers[i]))
			return true;
	return outer != NULL && is_signed(outer);
}

/* What the mail as a whole is, by what is in it. */
struct tally {
	const struct verdict *worst;	/* bad, else untrusted; NULL: neither */
	const struct verdict *first;	/* something with layers */
	const struct verdict *withheld; /* the first; NULL: nothing */
	size_t count;
};

bool
verdict_is_protected(const struct verdict *v)
{
	size_t i;

	for (i = 0; i < v->layers_len; i++)
		if ((v->layers[i].kind != VERDICT_COMPRESSED &&
			v->layers[i].kind != VERDICT_SIGNED) ||
		    v->layers[i].signers_len != 0)
			return true;
	return v->fault != 0;
}

static void
tally_add(struct tally *t, const struct verdict *v)
{
	size_t i;

	if (verdict_is_protected(v)) {
		t->count++;
		if (t->first == NULL)
			t->first = v;
		if (v->summary == VERDICT_BAD &&
		    (t->worst == NULL || t->worst->summary != VERDICT_BAD))
			t->worst = v;
		if (v->summary == VERDICT_UNTRUSTED && t->worst == NULL)
			t->worst = v;
		if (v->is_withheld && t->withheld == NULL)
			t->withheld = v;
	}
	for (i = 0; i < v->mail->inner_len; i++)
		tally_add(t, v->mail->inner[i]);
}

static int
set_text(struct verdict *v, const char *text, const struct verdict *about)
{
	struct buf b = {0};

	buf_printf(&b, "%s%s %s: %s", say(text),
	    about->mail->is_message ? say("The message in part") : say("Part"),
	    about->mail->part, about->text != NULL ? about->text : "?");
	free(v->text);
	v->text = b.err == 0 ? bytes_dup_str(buf_get(&b)) : NULL;
	buf_clear(&b);
	return v->text != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

static void
forget(char **text)
{
	free(*text);
	*text = NULL;
}

/* What tells of the content: all of a mail that is inside, and of one that
 * holds it what is protected with it. */
static void
forget_content(struct verdict *v, bool is_inside)
{
	struct verdict_mail *m = v->mail;
	size_t i;

	if (is_inside || m->has_protection)
		forget(&m->subject);
	if (is_inside) {
		forget(&m->from);
		forget(&m->sender);
		forget(&m->date);
	}
	for (i = 0; i < m->headers_len; i++) {
		forget(&m->headers[i].inner);
		if (is_inside)
			forget(&m->headers[i].outer);
	}
	for (i = 0; i < m->parts_len; i++)
		forget(&m->parts[i].name);
	for (i = 0; i < m->inner_len; i++)
		forget_content(m->inner[i], true);
}

/* A part of it is withheld, so all of it is. */
static int
withhold(struct verdict *v, const struct verdict *about)
{
	v->is_withheld = true;
	if (v->summary == VERDICT_BAD)
		return 0;
	v->summary = VERDICT_UNTRUSTED;
	v->code = -CS_ERR_LABEL;
	return set_text(v, "", about);
}

static int
judge_tally(struct verdict *v, const struct tally *t)
{
	if (t->count == 0 || v->fault != 0)
		return 0;
	if (v->layers_len != 0)
		return t->worst == NULL
			   ? 0
			   : verdict_warn(v, "part %s: %s",
				 t->worst->mail->part, t->worst->text);
	v->summary = VERDICT_PARTIAL;
	v->code = -CS_ERR_PARTLY;
	if (t->worst != NULL) {
		v->summary = t->worst->summary;
		v->code = t->worst->code;
	}
	return set_text(v,
	    N_("Only a part of the message is protected, and anybody may have "
	       "written the rest. "),
	    t->worst != NULL ? t->worst : t->first);
}

static int
judge_parts_of(struct verdict *v)
{
	struct tally t = {0};
	size_t i;
	int r;

	for (i = 0; i < v->mail->inner_len; i++)
		tally_add(&t, v->mail->inner[i]);
	r = judge_tally(v, &t);
	return r == 0 && t.withheld != NULL ? withhold(v, t.withheld) : r;
}

int
verdict_judge_mail(struct verdict *v)
{
	struct verdict_mail *m = v->mail;
	struct verdict_part *p;
	size_t i;
	int r;

	verdict_judge(v);
	if (v->is_withheld)
		forget_content(v, false);
	/* A mail that is not signed is nothing wrong. */
	if (v->summary == VERDICT_NONE)
		v->code = 0;
	for (i = 0; i < m->inner_len; i++)
		verdict_judge_mail(m->inner[i]);
	r = judge_parts_of(v);
	for (i = 0; i < m->parts_len; i++) {
		p = &m->parts[i];
		p->is_signed = !p->is_outside && is_signed(v);
		p->is_encrypted = verdict_is_encrypted(v);
	}
	if (r != 0) {
		v->summary = VERDICT_BAD;
		v->code = r;
	}
	return v->code;
}
