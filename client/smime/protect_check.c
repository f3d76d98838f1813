/* protect_check.c: what is protected, beside what stands outside (RFC 9788
 * 4). */
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/smime/address_list.h"
#include "client/smime/protect.h"

#define FIELDS_MAX 200 /* compared; mails have a tenth of that */
#define VALUE_QUOTED_MAX 400

/* A field's value on one line, with single spaces; "" if there is none. */
static int
unfold(struct bytes value, struct buf *b)
{
	bool has_space = false;
	size_t i;

	buf_reset(b);
	for (i = 0; i < value.len; i++) {
		if (header_is_space(value.p[i])) {
			has_space = b->len > 0;
			continue;
		}
		if (has_space)
			buf_add_byte(b, ' ');
		has_space = false;
		buf_add_byte(b, value.p[i]);
	}
	return b->err;
}

/* The n-th field of that name, from 0. */
static bool
find_nth(struct bytes section, struct bytes name, size_t n, struct bytes *value)
{
	struct header_field f;
	char text[HEADER_NAME_MAX + 1];

	if (name.len > HEADER_NAME_MAX)
		return false;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	while (header_next(&section, &f)) {
		if (!header_is_named(&f, text))
			continue;
		*value = f.value;
		if (n-- == 0)
			return true;
	}
	return false;
}

/* The n-th HP-Outer of that name: its value is a field by itself. */
static bool
find_hp_outer(
    struct bytes section, struct bytes name, size_t n, struct bytes *value)
{
	struct header_field f, inside;
	struct bytes rest;
	char text[HEADER_NAME_MAX + 1];

	if (name.len > HEADER_NAME_MAX)
		return false;
	memcpy(text, name.p, name.len);
	text[name.len] = '\0';
	while (header_next(&section, &f)) {
		if (!header_is_named(&f, "HP-Outer"))
			continue;
		rest = f.value;
		while (rest.len > 0 && header_is_space(rest.p[0]))
			rest = bytes_of(rest.p + 1, rest.len - 1);
		if (!header_next(&rest, &inside) ||
		    !header_is_named(&inside, text))
			continue;
		*value = inside.value;
		if (n-- == 0)
			return true;
	}
	return false;
}

struct check {
	struct verdict *v;
	struct bytes outer, inner;
	bool is_cipher;	 /* the payload says so, and it was encrypted */
	bool is_wrapped; /* there are no HP-Outer */
	bool is_signed, is_encrypted;
	size_t differ, hidden;
	struct buf a, b, c; /* values */
};

static int
set_text(char **to, struct bytes value)
{
	struct buf text = {.max = (size_t)64 << 10};
	char quoted[VALUE_QUOTED_MAX];

	if (value.len > 4 * VALUE_QUOTED_MAX)
		value.len = 4 * VALUE_QUOTED_MAX;
	if (words_decode(value, &text) != 0)
		buf_reset(&text);
	err_quote(quoted, sizeof(quoted), text.data, text.len);
	buf_clear(&text);
	*to = strdup(quoted);
	return *to != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* What programs that wrapped mails put in the place of a Subject. */
static bool
is_obscured(struct bytes name, struct bytes value)
{
	return header_is_equal_nocase(name, "Subject") &&
	       (header_is_equal_nocase(value, "[...]") ||
		   header_is_equal_nocase(value, "..."));
}

/*
 * HP-Outer tells what the sender put outside. What is outside now and differs
 * from that was changed on the way; what was put there and differs from the
 * protected field was hidden on purpose.
 */
static enum header_state
compare(struct check *c, struct bytes name, size_t n, bool *is_hidden)
{
	struct bytes value;
	bool has_outer = find_nth(c->outer, name, n, &value), has_hp;

	*is_hidden = false;
	if (has_outer)
		unfold(value, &c->b);
	has_hp = c->is_cipher && find_hp_outer(c->inner, name, n, &value);
	if (has_hp)
		unfold(value, &c->c);
	else if (c->is_wrapped && c->is_cipher && has_outer &&
		 (is_obscured(name, buf_get(&c->b)) ||
		     bytes_is_equal(buf_get(&c->a), buf_get(&c->b)))) {
		has_hp = true;
		unfold(buf_get(&c->b), &c->c);
	}
	if (c->is_cipher)
		*is_hidden =
		    !has_hp || !bytes_is_equal(buf_get(&c->a), buf_get(&c->c));
	if (!has_outer)
		return *is_hidden && !has_hp ? HEADER_CONFIDENTIAL
					     : HEADER_INNER_ONLY;
	if (bytes_is_equal(buf_get(&c->a), buf_get(&c->b)))
		return HEADER_SAME;
	if (has_hp && bytes_is_equal(buf_get(&c->b), buf_get(&c->c)))
		return HEADER_CONFIDENTIAL;
	return HEADER_DIFFERS;
}

static size_t
count_before(struct bytes section, const struct header_field *field)
{
	struct header_field f;
	char text[HEADER_NAME_MAX + 1];
	size_t n = 0;

	memcpy(text, field->name.p, field->name.len);
	text[field->name.len] = '\0';
	while (header_next(&section, &f) && f.raw.p != field->raw.p)
		if (header_is_named(&f, text))
			n++;
	return n;
}

static int
check_inner(struct check *c, const struct header_field *f)
{
	struct verdict_header *h;
	struct bytes value;
	bool is_hidden;
	size_t n;
	int r;

	if (f->name.len > HEADER_NAME_MAX || unfold(f->value, &c->a) != 0)
		return 0;
	n = count_before(c->inner, f);
	h = verdict_add_header(c->v);
	if (h == NULL)
		return -CS_ERR_NO_MEMORY;
	h->state = compare(c, f->name, n, &is_hidden);
	h->is_signed = c->is_signed;
	h->is_encrypted = is_hidden;
	c->hidden += is_hidden;
	c->differ +=
	    h->state == HEADER_DIFFERS ||
	    (h->state == HEADER_INNER_ONLY && protect_is_user_facing(f));
	h->name = bytes_dup_str(f->name);
	r = h->name != NULL ? set_text(&h->inner, buf_get(&c->a))
			    : -CS_ERR_NO_MEMORY;
	if (r == 0 && find_nth(c->outer, f->name, n, &value) &&
	    unfold(value, &c->b) == 0)
		r = set_text(&h->outer, buf_get(&c->b));
	return r;
}

/* One that a person would see, and that nobody protects. */
static int
check_outer(struct check *c, const struct header_field *f)
{
	struct verdict_header *h;
	struct bytes value;

	if (!protect_is_user_facing(f) || f->name.len > HEADER_NAME_MAX ||
	    find_nth(c->inner, f->name, count_before(c->outer, f), &value) ||
	    unfold(f->value, &c->b) != 0)
		return 0;
	h = verdict_add_header(c->v);
	if (h == NULL)
		return -CS_ERR_NO_MEMORY;
	h->state = HEADER_ADDED;
	c->differ++;
	h->name = bytes_dup_str(f->name);
	return h->name != NULL ? set_text(&h->outer, buf_get(&c->b))
			       : -CS_ERR_NO_MEMORY;
}

static int
check_fields(struct check *c)
{
	struct bytes rest = c->inner;
	struct header_field f;
	size_t n = 0;
	int r = 0;

	while (r == 0 && n < FIELDS_MAX && header_next(&rest, &f))
		if (protect_is_field(&f)) {
			r = check_inner(c, &f);
			n++;
		}
	rest = c->outer;
	while (r == 0 && n < 2 * FIELDS_MAX && header_next(&rest, &f)) {
		r = check_outer(c, &f);
		n++;
	}
	return r;
}

static void
check_end(const struct check *c)
{
	struct finding *f = &c->v->mail->protection;

	if (c->differ != 0)
		finding_set(f, FINDING_BAD, -CS_ERR_HEADER,
		    c->differ == 1
			? "%zu header field outside of the protection differs "
			  "from what is protected"
			: N_("%zu header fields outside of the protection "
			     "differ from what are protected"),
		    c->differ);
	else
		finding_set(f, FINDING_GOOD, 0, "the header is %s%s%s",
		    c->is_signed ? say("signed") : "",
		    c->is_signed && c->hidden != 0 ? say(", and ") : "",
		    c->hidden != 0  ? say("hidden where the sender wanted it")
		    : !c->is_signed ? say("what was encrypted with the text")
				    : "");
}

/* hp=, of the payload's Content-Type: 1 clear, 2 cipher, 0 none. */
static int
get_kind(struct bytes inner)
{
	struct buf hp = {.max = PARAM_LEN_MAX};
	struct media_type mt;
	int kind = 0;

	if (header_get_media_type(inner, &mt) &&
	    header_get_param(mt.params, "hp", &hp, NULL) == 1)
		kind = header_is_equal_nocase(buf_get(&hp), "clear")	? 1
		       : header_is_equal_nocase(buf_get(&hp), "cipher") ? 2
									: 0;
	buf_clear(&hp);
	return kind;
}

int
protect_check(
    struct verdict *v, struct bytes outer, struct bytes inner, bool is_wrapped)
{
	struct check c = {.v = v,
	    .outer = outer,
	    .inner = inner,
	    .is_wrapped = is_wrapped,
	    .is_encrypted = verdict_is_encrypted(v)};
	struct verdict_mail *m = v->mail;
	int kind = get_kind(inner), r;
	size_t i;

	if (v->layers_len == 0)
		return 0;
	if (is_wrapped)
		kind = c.is_encrypted ? 2 : 1;
	if (kind == 0) {
		finding_set(&m->protection, FINDING_NOT_CHECKED, 0,
		    "only the text is protected: From, To, Subject and Date "
		    "are what whoever had the mail last says");
		return 0;
	}
	m->has_protection = true;
	m->is_legacy_wrap = is_wrapped;
	m->is_hp_cipher = kind == 2;
	c.is_cipher = kind == 2 && c.is_encrypted;
	for (i = 0; i < v->layers_len; i++)
		if (verdict_layer_is_intact(&v->layers[i]))
			c.is_signed = true;
	c.a.max = c.b.max = c.c.max = (size_t)1 << 20;
	r = check_fields(&c);
	if (r == 0)
		check_end(&c);
	buf_clear(&c.a);
	buf_clear(&c.b);
	buf_clear(&c.c);
	return r;
}
