/*
 * legacy_make.c: header fields that are hidden outside, put at the front of
 * the parts that a person reads first, and those parts marked (RFC 9788 5.2).
 */
#include "client/smime/legacy_make.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/base64.h"
#include "client/smime/address_list.h"
#include "client/smime/legacy.h"
#include "client/smime/protect.h"
#include "client/smime/transfer.h"

#define START_MAX 200 /* start= of multipart/related */

/* How the text around the element is encoded. */
enum text_charset {
	TEXT_ASCII,
	TEXT_UTF8,
	TEXT_LATIN1,
	TEXT_OTHER, /* in which ASCII is what it is elsewhere */
	TEXT_UNKNOWN,
};

struct legacy_level {
	bool is_main;	       /* what stands here may be a Main Body Part */
	bool takes_all;	       /* multipart/alternative: every part of it may */
	size_t parts;	       /* seen so far */
	char start[START_MAX]; /* multipart/related: Content-ID; or "" */
};

struct legacy_scan {
	struct smime_mail *mail;
	struct legacy_fields fields;
	struct legacy_level levels[BOUNDARY_DEPTH_MAX + 1];
	/* The part at hand: */
	bool is_on;
	bool is_html;
	bool is_typed; /* it has a Content-Type */
	enum text_charset charset;
	enum transfer_encoding cte;
	struct insertion *type; /* its Content-Type; level 0: NULL */
	struct buf field;	/* as it came */
	struct legacy_finder finder;
};

/* --- the whole --- */

int
legacy_scan_new(struct smime_mail *mail, struct legacy_scan **scan)
{
	struct legacy_scan *s;
	int r;

	*scan = NULL;
	if (!mail->wants_legacy || mail->headers != SMIME_HEADERS_HIDE)
		return 0;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -CS_ERR_NO_MEMORY;
	s->mail = mail;
	r = legacy_fields_init(&s->fields, buf_get(&mail->header));
	if (r != 0 || s->fields.utf8.len == 0) {
		legacy_scan_free(s);
		return r;
	}
	mail->will_edit = true;
	*scan = s;
	return 0;
}

void
legacy_scan_free(struct legacy_scan *s)
{
	if (s == NULL)
		return;
	legacy_fields_clear(&s->fields);
	buf_clear(&s->field);
	free(s);
}

/* --- which parts (RFC 9787 7.1, RFC 9788 5.2.4) --- */

static bool
is_inline(struct bytes section)
{
	struct header_field f;
	size_t n = header_find(section, "Content-Disposition", &f), len = 0;
	bool has_comment = false;

	if (n != 1)
		return n == 0;
	header_skip_cfws(&f.value, &has_comment);
	while (len < f.value.len && f.value.p[len] != ';' &&
	       f.value.p[len] != '(' && !header_is_space(f.value.p[len]))
		len++;
	return header_is_equal_nocase(bytes_of(f.value.p, len), "inline");
}

static struct bytes
trim(struct bytes in)
{
	while (in.len > 0 && header_is_space(in.p[0]))
		bytes_skip(&in, 1);
	while (in.len > 0 && header_is_space(in.p[in.len - 1]))
		in.len--;
	return in;
}

/* Of multipart/related the part that start= names is shown, which need not be
 * the first. */
static bool
is_start(const struct legacy_level *l, struct bytes section)
{
	struct header_field f;

	return l->start[0] == '\0' ||
	       (header_find(section, "Content-ID", &f) == 1 &&
		   bytes_is_equal(trim(f.value), bytes_of_str(l->start)));
}

static bool
is_main(const struct legacy_scan *s, const struct parser_header *h)
{
	const struct legacy_level *outer;

	if (!is_inline(h->section) || h->end != PARSER_HEADER_BLANK)
		return false;
	if (h->level == 0)
		return true;
	outer = &s->levels[h->level - 1];
	return outer->is_main && (outer->takes_all || outer->parts == 1) &&
	       is_start(outer, h->section);
}

static void
open_level(struct legacy_level *l, const struct media_type *mt)
{
	struct buf start = {.max = PARAM_LEN_MAX};

	l->takes_all = media_type_is(mt, "multipart", "alternative");
	l->is_main &= l->takes_all || media_type_is(mt, "multipart", "mixed") ||
		      media_type_is(mt, "multipart", "related");
	if (media_type_is(mt, "multipart", "related") &&
	    header_get_param(mt->params, "start", &start, NULL) == 1) {
		if (start.len > 0 && start.len < START_MAX) {
			memcpy(l->start, start.data, start.len);
			l->start[start.len] = '\0';
		} else {
			l->is_main = false;
		}
	}
	buf_clear(&start);
}

static enum text_charset
get_charset(const struct media_type *mt)
{
	struct buf name = {.max = PARAM_LEN_MAX};
	enum text_charset charset = TEXT_UNKNOWN;
	bool is_ambiguous;
	int n = header_get_param(mt->params, "charset", &name, &is_ambiguous);

	if (n == 0 || (n == 1 && !is_ambiguous &&
			  header_is_equal_nocase(buf_get(&name), "us-ascii")))
		charset = TEXT_ASCII;
	else if (n != 1 || is_ambiguous)
		charset = TEXT_UNKNOWN;
	else if (header_is_equal_nocase(buf_get(&name), "utf-8"))
		charset = TEXT_UTF8;
	else if (words_is_latin1(buf_get(&name)))
		charset = TEXT_LATIN1;
	else if (words_is_ascii_based(buf_get(&name)))
		charset = TEXT_OTHER;
	buf_clear(&name);
	return charset;
}

/* --- its Content-Type --- */

/* charset=us-ascii, or none, becomes utf-8. False: it is not clear how. */
static bool
put_type_utf8(struct bytes field, struct buf *out)
{
	static const char ascii[] = "us-ascii";
	size_t i, len = sizeof(ascii) - 1, at = SIZE_MAX;

	for (i = 0; i + len <= field.len; i++) {
		if (!header_is_equal_nocase(bytes_of(field.p + i, len), ascii))
			continue;
		if (at != SIZE_MAX)
			return false;
		at = i;
	}
	if (at == SIZE_MAX) {
		buf_add_bytes(out, field);
		buf_add_str(out, "; charset=utf-8");
		return true;
	}
	buf_add(out, field.p, at);
	buf_add_str(out, "utf-8");
	at += len;
	buf_add(out, field.p + at, field.len - at);
	return true;
}

/* The field with the mark, if readers will find it there. */
static bool
make_type(struct bytes field, bool wants_utf8, const char *eol, struct buf *out)
{
	struct media_type mt;

	buf_reset(out);
	while (field.len > 0 && (header_is_space(field.p[field.len - 1]) ||
				    field.p[field.len - 1] == ';'))
		field.len--;
	if (!wants_utf8)
		buf_add_bytes(out, field);
	else if (!put_type_utf8(field, out))
		return false;
	buf_printf(out, ";%s hp-legacy-display=\"1\"%s", eol, eol);
	return out->err == 0 && header_get_media_type(buf_get(out), &mt) &&
	       legacy_is_marked(&mt) &&
	       (!wants_utf8 || get_charset(&mt) == TEXT_UTF8);
}

static const char *
get_eol(const struct legacy_scan *s)
{
	/* CR alone is made LF where the input is. */
	return s->mail->is_cr ? "\n" : "\r\n";
}

static struct insertion *
add_insertion(struct smime_mail *m)
{
	struct insertion *i = &m->insertions[m->insertions_len];

	*i = (struct insertion){0};
	m->insertions_len++;
	return i;
}

/* The place of its Content-Type is kept: what becomes of it depends on the
 * body. */
static int
start_part(struct legacy_scan *s, const struct parser_header *h)
{
	struct smime_mail *m = s->mail;
	struct buf marked = {.max = PARSER_HEADER_MAX};
	struct header_field f;
	size_t n = header_find(h->section, "Content-Type", &f);

	s->is_typed = n == 1;
	s->type = NULL;
	buf_clear(&s->field);
	s->field.max = PARSER_HEADER_MAX;
	if (n == 0 && h->level == 0) {
		s->is_on = true;
		return 0;
	}
	/* A part without a type gets none: where would the mark stand? */
	s->is_on = n == 1 && make_type(f.raw, false, get_eol(s), &marked) &&
		   m->insertions_len + 2 <= INSERTIONS_MAX;
	buf_clear(&marked);
	if (!s->is_on)
		return marked.err;
	buf_add_bytes(&s->field, f.raw);
	if (h->level > 0) {
		s->type = add_insertion(m);
		s->type->from = h->from + (uint64_t)(f.raw.p - h->section.p);
		s->type->to = s->type->from;
	}
	return s->field.err;
}

int
legacy_scan_header(struct legacy_scan *s, const struct parser_header *h,
    const struct media_type *mt, enum transfer_encoding cte, bool is_open)
{
	struct legacy_level *l = &s->levels[h->level];

	s->is_on = false;
	*l = (struct legacy_level){0};
	if (h->level > 0)
		s->levels[h->level - 1].parts++;
	l->is_main = is_main(s, h);
	if (is_open) {
		open_level(l, mt);
		return 0;
	}
	s->is_html = media_type_is(mt, "text", "html");
	if (!l->is_main || cte == CTE_OTHER || legacy_is_marked(mt) ||
	    (!s->is_html && !media_type_is(mt, "text", "plain")))
		return 0;
	s->charset = get_charset(mt);
	s->cte = cte;
	return s->charset == TEXT_UNKNOWN ? 0 : start_part(s, h);
}

void
legacy_scan_begin(struct legacy_scan *s, const struct parser_area *a)
{
	if (s->is_on)
		legacy_finder_init(&s->finder, s->is_html, s->cte, a->from);
}

void
legacy_scan_text(struct legacy_scan *s, struct bytes in)
{
	if (s->is_on)
		legacy_finder_write(&s->finder, in);
}

/* --- put in --- */

/* Through a stage of the kind that the part is encoded with. */
static int
encode(struct sink *stage, struct bytes text)
{
	int r =
	    stage != NULL ? sink_write(stage, text, NULL) : -CS_ERR_NO_MEMORY;

	if (r == 0)
		r = sink_finish(stage, NULL);
	sink_free(stage);
	return r;
}

static int
put_qp(struct bytes text, struct buf *out)
{
	struct sink *to = sink_new_buf(out);
	int r = to != NULL ? encode(sink_new_qp_enc(to, QP_TEXT), text)
			   : -CS_ERR_NO_MEMORY;

	sink_free(to);
	return r;
}

static int
make_text(
    const struct legacy_scan *s, bool is_utf8, size_t pad, struct buf *out)
{
	struct legacy_form form = {
	    .is_html = s->is_html,
	    .is_start = s->finder.place.is_start,
	    .is_utf8 = is_utf8,
	    .is_latin1 = s->charset == TEXT_LATIN1,
	    .pad = pad,
	    .eol = get_eol(s),
	};

	buf_reset(out);
	return legacy_put_text(&s->fields, &form, out);
}

/* Whole groups: what stands before and behind is left as it is. */
static int
put_base64(
    struct legacy_scan *s, bool is_utf8, struct buf *text, struct buf *out)
{
	const struct legacy_place *p = &s->finder.place;
	struct buf octets = {.max = LEGACY_TEXT_MAX};
	struct sink *to = sink_new_buf(out);
	size_t odd = (text->len + p->before_len + p->behind_len) % 3;
	int r = make_text(s, is_utf8, odd == 0 ? 0 : 3 - odd, text);

	buf_add(&octets, p->octets, p->before_len);
	buf_add_bytes(&octets, buf_get(text));
	buf_add(&octets, p->octets + p->before_len, p->behind_len);
	if (!p->is_start)
		buf_add_str(out, get_eol(s));
	if (r == 0)
		r = octets.err;
	if (r == 0)
		r = to != NULL ? encode(sink_new_base64_enc(
					    to, BASE64_LINE_MIME, get_eol(s)),
				     buf_get(&octets))
			       : -CS_ERR_NO_MEMORY;
	sink_free(to);
	buf_clear(&octets);
	return r;
}

static int
put_element(struct legacy_scan *s, bool is_utf8, unsigned *flags)
{
	const struct legacy_place *p = &s->finder.place;
	struct insertion *i = add_insertion(s->mail);
	struct buf text = {.max = LEGACY_TEXT_MAX};
	int r = make_text(s, is_utf8, 0, &text);

	i->from = p->from;
	i->to = p->to;
	buf_init(&i->octets, 4 * LEGACY_TEXT_MAX);
	if (r == 0 && s->cte == CTE_QP) {
		r = put_qp(buf_get(&text), &i->octets);
	} else if (r == 0 && s->cte == CTE_BASE64) {
		r = put_base64(s, is_utf8, &text, &i->octets);
	} else if (r == 0) {
		if (s->cte != CTE_BINARY)
			*flags = lines_judge(buf_get(&text));
		r = buf_add_bytes(&i->octets, buf_get(&text));
	}
	buf_clear(&text);
	return r != 0 ? r : i->octets.err;
}

/* The type says what the text now is; false: it cannot. */
static bool
put_type(struct legacy_scan *s, bool becomes_utf8, int *r)
{
	struct buf *to = &s->mail->legacy_type;

	*r = 0;
	if (!s->is_typed)
		return true; /* write_type_of_text does it */
	if (s->type != NULL)
		to = &s->type->octets;
	to->max = PARSER_HEADER_MAX;
	if (!make_type(buf_get(&s->field), becomes_utf8, get_eol(s), to)) {
		*r = to->err;
		buf_reset(to);
		return false;
	}
	if (s->type != NULL)
		s->type->to = s->type->from + s->field.len;
	return true;
}

/*
 * A text in ASCII may be called UTF-8 for the sake of the element; what is not
 * ASCII although it says so, and what cannot be looked at here, stays.
 */
static bool
may_become_utf8(const struct legacy_scan *s, const struct parser_area *a)
{
	return !s->is_html && s->charset == TEXT_ASCII && s->fields.is_8bit &&
	       (a->flags & LINES_8BIT) == 0 && s->cte != CTE_QP &&
	       s->cte != CTE_BASE64;
}

int
legacy_scan_end(struct legacy_scan *s, const struct parser_area *a,
    bool is_utf8, unsigned *flags)
{
	bool becomes = may_become_utf8(s, a), is_text_utf8;
	int r = 0;

	*flags = 0;
	if (!s->is_on)
		return 0;
	s->is_on = false;
	if (!put_type(s, becomes, &r) && r == 0) {
		becomes = false;
		if (!put_type(s, false, &r))
			return r;
	}
	if (r != 0)
		return r;
	/* A body without a type is called what it is. */
	is_text_utf8 =
	    becomes || s->charset == TEXT_UTF8 ||
	    (!s->is_typed && (a->flags & LINES_8BIT) != 0 && is_utf8);
	s->mail->has_legacy_text = !s->is_typed;
	return put_element(s, is_text_utf8, flags);
}
