/*
 * legacy_judge.c: is what a reader leaves out of a text nothing but protected
 * header fields? One reader leaves it out and another shows it, so that an
 * element that says something else shows two texts under one signature.
 */
#include <string.h>

#include "client/smime/address_list.h"
#include "client/smime/legacy.h"
#include "client/smime/protect.h"

#define REFERENCE_MAX 8 /* digits of a character reference */

static void
put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_add_byte(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_add_byte(out, (uint8_t)(0xf0 | c >> 18));
			buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

/* In HTML. What is not known stays as it is, and will not be found. */
static size_t
take_reference(struct bytes in, struct buf *out)
{
	static const struct {
		const char *name, *text;
	} names[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"},
	    {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", " "}};
	size_t i, len, start;
	unsigned value = 0;
	bool is_hex;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		len = strlen(names[i].name);
		if (in.len >= len && bytes_is_equal(bytes_of(in.p, len),
					 bytes_of_str(names[i].name))) {
			buf_add_str(out, names[i].text);
			return len;
		}
	}
	if (in.len < 4 || in.p[1] != '#')
		return 0;
	is_hex = (in.p[2] | 0x20) == 'x';
	start = i = is_hex ? 3 : 2;
	while (i < in.len && i < start + REFERENCE_MAX &&
	       legacy_take_digit(&value, is_hex, in.p[i]))
		i++;
	if (i == start || i == in.len || in.p[i] != ';' || value < ' ' ||
	    value > 0x10ffff)
		return 0;
	put_utf8(out, value);
	return i + 1;
}

/* A text without its folds: one space for any white space, none around. */
static void
put_words(struct bytes in, bool is_html, struct buf *out)
{
	bool has_space = false;
	size_t i, len;

	for (i = 0; i < in.len; i += len) {
		len = 1;
		if (header_is_space(in.p[i])) {
			has_space = out->len > 0;
			continue;
		}
		if (has_space)
			buf_add_byte(out, ' ');
		has_space = false;
		if (is_html && in.p[i] == '&') {
			len =
			    take_reference(bytes_of(in.p + i, in.len - i), out);
			if (len > 0)
				continue;
			len = 1;
		}
		buf_add_byte(out, in.p[i]);
	}
}

/* Once more for spaces that were encoded. */
static bool
is_same_words(struct bytes a, struct bytes b)
{
	struct buf x = {.max = 1 << 20}, y = {.max = 1 << 20};
	bool is_same;

	put_words(a, false, &x);
	put_words(b, false, &y);
	is_same = x.err == 0 && y.err == 0 &&
		  bytes_is_equal(buf_get(&x), buf_get(&y));
	buf_clear(&x);
	buf_clear(&y);
	return is_same;
}

/* As it stands, as its octets, or as UTF-8: it depends on who made it. */
static bool
is_same_value(struct bytes shown, bool is_html, struct bytes value)
{
	struct buf text = {.max = 2 * LEGACY_TEXT_MAX}, b = {.max = 1 << 20};
	bool is_same;

	put_words(shown, is_html, &text);
	is_same = is_same_words(buf_get(&text), value);
	if (!is_same && words_decode(value, &b) == 0)
		is_same = is_same_words(buf_get(&text), buf_get(&b));
	buf_reset(&b);
	if (!is_same && words_to_utf8(value, &b) == 0)
		is_same = is_same_words(buf_get(&text), buf_get(&b));
	is_same &= text.err == 0;
	buf_clear(&text);
	buf_clear(&b);
	return is_same;
}

static bool
is_protected(
    struct bytes section, const struct header_field *shown, bool is_html)
{
	char name[HEADER_NAME_MAX + 1];
	struct header_field f;

	if (shown->name.len > HEADER_NAME_MAX || !protect_is_shown(shown))
		return false;
	memcpy(name, shown->name.p, shown->name.len);
	name[shown->name.len] = '\0';
	while (header_next(&section, &f))
		if (header_is_named(&f, name) &&
		    is_same_value(shown->value, is_html, f.value))
			return true;
	return false;
}

static bool
is_blank_line(struct bytes line)
{
	size_t i;

	for (i = 0; i < line.len && header_is_space(line.p[i]); i++)
		;
	return i == line.len;
}

/* Are all lines protected fields? What is none is skipped by header_next: so
 * every octet has to be accounted for. */
static bool
is_all_protected(struct bytes section, struct bytes text, bool is_html)
{
	struct header_field f;
	struct bytes line;
	const uint8_t *lf;

	while (text.len > 0) {
		lf = memchr(text.p, '\n', text.len);
		line = bytes_of(
		    text.p, lf != NULL ? (size_t)(lf - text.p) + 1 : text.len);
		if (is_blank_line(line)) {
			bytes_skip(&text, line.len);
			continue;
		}
		if (header_judge_line(line) != HEADER_FIELD ||
		    !header_next(&text, &f) || f.raw.p != line.p ||
		    !is_protected(section, &f, is_html))
			return false;
	}
	return true;
}

static int
judge_part(struct verdict *v, struct verdict_part *p, struct bytes section)
{
	bool is_html = strcmp(p->type, "text/html") == 0;

	if (p->legacy == LEGACY_NONE)
		return 0;
	if (!verdict_is_encrypted(v)) {
		p->legacy = LEGACY_IGNORED;
		return 0;
	}
	if (p->legacy_text != NULL &&
	    !is_all_protected(section, bytes_of_str(p->legacy_text), is_html))
		p->legacy = LEGACY_DIFFERS;
	if (p->legacy != LEGACY_DIFFERS)
		return 0;
	return verdict_warn(v,
	    "part %s has a text that programs do not show which take it for "
	    "the protected header (RFC 9788); it is not that header",
	    p->path);
}

int
legacy_judge(struct verdict *v, struct bytes section)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < v->mail->parts_len; i++)
		r = judge_part(v, &v->mail->parts[i], section);
	return r;
}
