/* legacy_text.c: what a Legacy Display element says (RFC 9788 5.2.2, 5.2.3). */
#include "client/smime/address_list.h"
#include "client/smime/legacy.h"
#include "client/smime/legacy_make.h"
#include "client/smime/protect.h"

#define FIELDS_LEN_MAX ((size_t)4 << 10) /* longer ones make no element */

/* --- the fields --- */

/* A value on one line: white space and controls are single spaces. */
static void
put_value(struct bytes in, bool is_ascii, struct buf *out)
{
	bool has_space = true; /* behind the colon */
	size_t i;
	uint8_t c;

	for (i = 0; i < in.len; i++) {
		c = in.p[i];
		if (c <= ' ' || c == 0x7f) {
			has_space = true;
			continue;
		}
		if (has_space)
			buf_add_byte(out, ' ');
		has_space = false;
		buf_add_byte(out, c >= 0x80 && is_ascii ? '?' : c);
	}
}

static void
put_field(struct legacy_fields *s, const struct header_field *f)
{
	struct buf text = {.max = PARSER_HEADER_MAX};

	buf_add_bytes(&s->utf8, f->name);
	buf_add_str(&s->utf8, ":");
	buf_add_bytes(&s->ascii, f->name);
	buf_add_str(&s->ascii, ":");
	if (words_to_utf8(f->value, &text) == 0)
		put_value(buf_get(&text), false, &s->utf8);
	else
		put_value(f->value, true, &s->utf8);
	put_value(f->value, true, &s->ascii);
	buf_add_str(&s->utf8, "\n");
	buf_add_str(&s->ascii, "\n");
	buf_clear(&text);
}

int
legacy_fields_init(struct legacy_fields *s, struct bytes header)
{
	struct header_field f;
	int r;

	*s = (struct legacy_fields){0};
	buf_init(&s->utf8, PARSER_HEADER_MAX * 2);
	buf_init(&s->ascii, PARSER_HEADER_MAX * 2);
	while (header_next(&header, &f))
		if (protect_is_field(&f) && protect_is_hidden(&f))
			put_field(s, &f);
	r = s->utf8.err != 0 ? s->utf8.err : s->ascii.err;
	if (s->utf8.len > FIELDS_LEN_MAX || s->ascii.len > FIELDS_LEN_MAX)
		legacy_fields_clear(s);
	s->is_8bit = (lines_judge(buf_get(&s->utf8)) & LINES_8BIT) != 0;
	return r;
}

void
legacy_fields_clear(struct legacy_fields *s)
{
	buf_clear(&s->utf8);
	buf_clear(&s->ascii);
}

/* --- the element --- */

static size_t
take_utf8(struct bytes in, unsigned *c)
{
	size_t len = in.p[0] < 0x80   ? 1
		     : in.p[0] < 0xe0 ? 2
		     : in.p[0] < 0xf0 ? 3
				      : 4,
	       i;

	*c = len == 1 ? in.p[0] : in.p[0] & (0xffU >> (len + 1));
	for (i = 1; i < len && i < in.len; i++)
		*c = *c << 6 | (in.p[i] & 0x3f);
	return i;
}

/* In ASCII, whatever the character set around it. */
static void
put_html(struct bytes lines, const char *eol, struct buf *out)
{
	unsigned c;

	while (lines.len > 0) {
		bytes_skip(&lines, take_utf8(lines, &c));
		if (c == '\n')
			buf_add_str(out, eol);
		else if (c == '<' || c == '>' || c == '&' || c >= 0x7f)
			buf_printf(out, "&#%u;", c);
		else
			buf_add_byte(out, (uint8_t)c);
	}
}

/* False: not all of it is in Latin-1. */
static bool
put_latin1(struct bytes lines, struct buf *out)
{
	unsigned c;

	while (lines.len > 0) {
		bytes_skip(&lines, take_utf8(lines, &c));
		if (c > 0xff || (c >= 0x80 && c < 0xa0))
			return false;
		buf_add_byte(out, (uint8_t)c);
	}
	return true;
}

/* The lines in the part's character set; where that has not all that is in
 * them, as encoded words. */
static int
put_plain_lines(const struct legacy_fields *s, const struct legacy_form *form,
    struct buf *out)
{
	if (form->is_utf8 || !s->is_8bit)
		return buf_add_bytes(out, buf_get(&s->utf8));
	if (form->is_latin1 && put_latin1(buf_get(&s->utf8), out))
		return out->err;
	buf_reset(out);
	return buf_add_bytes(out, buf_get(&s->ascii));
}

/*
 * pad: how many spaces more, where a reader sees least of them: at the end of
 * a line they would mean something in a flowed text (RFC 3676).
 */
static void
put_plain(struct bytes lines, const struct legacy_form *form, struct buf *out)
{
	size_t pad = form->pad;

	for (; lines.len > 0; bytes_skip(&lines, 1)) {
		if (lines.p[0] == '\n')
			buf_add_str(out, form->eol);
		else
			buf_add_byte(out, lines.p[0]);
		for (; lines.p[0] == ':' && pad > 0; pad--)
			buf_add_byte(out, ' ');
	}
	buf_add_str(out, form->eol);
}

int
legacy_put_text(const struct legacy_fields *s, const struct legacy_form *form,
    struct buf *out)
{
	struct buf lines = {.max = 2 * FIELDS_LEN_MAX};
	int r;

	if (form->is_html) {
		buf_printf(out, "%s<div class=\"" LEGACY_CLASS "\">%s<pre>",
		    form->is_start ? "" : form->eol, form->eol);
		r = buf_add_bytes(&lines, buf_get(&s->utf8));
		if (r == 0 && lines.len > 0)
			lines.len--; /* the last line's end */
		put_html(buf_get(&lines), form->eol, out);
		buf_printf(out, "</pre>%s</div>%*s%s", form->eol,
		    (int)form->pad, "", form->eol);
	} else {
		r = put_plain_lines(s, form, &lines);
		put_plain(buf_get(&lines), form, out);
	}
	buf_clear(&lines);
	return r != 0 ? r : out->err;
}
