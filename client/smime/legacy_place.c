/*
 * legacy_place.c: where in a part's octets an element goes: at the front of a
 * text, behind <body> in HTML. The octets go by as they stand; of base64 it is
 * a group of four that may have to be written anew.
 */
#include <string.h>

#include "client/smime/legacy_make.h"

enum html_state {
	HTML_TEXT,
	HTML_TAG,  /* its name */
	HTML_REST, /* what follows the name */
	HTML_COMMENT,
	HTML_RAW, /* of <style>, <script>, <title>: no tags in it */
};

void
legacy_finder_init(struct legacy_finder *f, bool is_html,
    enum transfer_encoding cte, uint64_t from)
{
	*f = (struct legacy_finder){
	    .is_over = !is_html,
	    .cte = cte,
	    .at = from,
	    .place = {.from = from, .to = from, .is_start = true},
	};
}

/* --- HTML --- */

static bool
is_name_char(const struct legacy_finder *f, uint8_t c)
{
	uint8_t lower = c | 0x20;

	if ((lower >= 'a' && lower <= 'z') ||
	    (f->name_len == 0 && (c == '/' || c == '!' || c == '?')))
		return true;
	return f->name_len > 0 &&
	       ((c >= '0' && c <= '9') || c == '-' || c == ':');
}

/* The tag is over: does an element fit behind it? */
static bool
end_tag(struct legacy_finder *f)
{
	static const char *const raw[] = {"style", "script", "title", NULL};
	size_t i;

	f->state = HTML_TEXT;
	if (strcmp(f->name, "body") == 0) {
		f->is_over = true;
		return true;
	}
	for (i = 0; raw[i] != NULL; i++)
		if (strcmp(f->name, raw[i]) == 0) {
			f->state = HTML_RAW;
			f->matched = 0;
		}
	return strcmp(f->name, "html") == 0 || strcmp(f->name, "/head") == 0 ||
	       strcmp(f->name, "!doctype") == 0 || strcmp(f->name, "?xml") == 0;
}

static bool
take_name(struct legacy_finder *f, uint8_t c)
{
	if (is_name_char(f, c)) {
		if (f->name_len < LEGACY_NAME_MAX)
			f->name[f->name_len++] =
			    (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
		f->name[f->name_len] = '\0';
		if (strcmp(f->name, "!--") == 0) {
			f->state = HTML_COMMENT;
			f->matched = 2; /* "<!-->" is one */
		}
		return false;
	}
	if (c == '>' && f->name_len > 0)
		return end_tag(f);
	f->state = f->name_len == 0 ? HTML_TEXT : HTML_REST;
	f->quote = f->last = 0;
	return false;
}

static bool
take_rest(struct legacy_finder *f, uint8_t c)
{
	if (f->quote != 0) {
		if (c == f->quote)
			f->quote = 0;
		return false;
	}
	if (c == '>')
		return end_tag(f);
	if ((c == '"' || c == '\'') && f->last == '=')
		f->quote = c;
	if (!header_is_space(c))
		f->last = c;
	return false;
}

/* Until "</" and the name that the tag had. */
static void
take_raw(struct legacy_finder *f, uint8_t c)
{
	const char *want =
	    f->matched < 2 ? &"</"[f->matched] : f->name + f->matched - 2;

	if (c >= 'A' && c <= 'Z')
		c |= 0x20;
	f->matched = c == (uint8_t)*want ? f->matched + 1 : c == '<';
	if (f->matched == 2 + f->name_len)
		f->state = HTML_REST;
	if (f->state == HTML_REST)
		f->name[0] = '\0';
}

static void
take_comment(struct legacy_finder *f, uint8_t c)
{
	if (c == '-')
		f->matched++;
	else if (c == '>' && f->matched >= 2)
		f->state = HTML_TEXT;
	else
		f->matched = 0;
}

/* True: an element fits behind it. */
static bool
take_html(struct legacy_finder *f, uint8_t c)
{
	switch (f->state) {
	case HTML_TAG:
		return take_name(f, c);
	case HTML_REST:
		return take_rest(f, c);
	case HTML_COMMENT:
		take_comment(f, c);
		return false;
	case HTML_RAW:
		take_raw(f, c);
		return false;
	default:
		if (c == '<') {
			f->state = HTML_TAG;
			f->name_len = 0;
			f->name[0] = '\0';
		}
		return false;
	}
}

/* --- transfer encodings --- */

/* Behind the octet that was taken last. */
static void
set_place(struct legacy_finder *f)
{
	f->place = (struct legacy_place){.from = f->at, .to = f->at};
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
take_qp(struct legacy_finder *f, uint8_t c)
{
	int value = hex_value(c);

	if (f->group_len == 0 && c == '=') {
		f->group_len = 1;
	} else if (f->group_len == 1 && value >= 0) {
		f->group[0] = (uint8_t)value;
		f->group_len = 2;
	} else if (f->group_len == 2 && value >= 0) {
		f->group_len = 0;
		if (take_html(f, (uint8_t)(f->group[0] << 4 | value)))
			set_place(f);
	} else if (f->group_len != 0 && header_is_space(c)) {
		f->group_len = c == '\n' ? 0 : 1; /* a soft line break */
	} else {
		f->group_len = 0;
		if (take_html(f, c))
			set_place(f);
	}
}

static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static void
take_group(struct legacy_finder *f)
{
	uint32_t bits = (uint32_t)f->group[0] << 18 |
			(uint32_t)f->group[1] << 12 |
			(uint32_t)f->group[2] << 6 | f->group[3];
	uint8_t octets[3] = {
	    (uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
	size_t n = f->pad < 3 ? 3 - f->pad : 0, k;

	for (k = 0; k < sizeof(octets) && k < n && !f->is_over; k++) {
		if (!take_html(f, octets[k]))
			continue;
		set_place(f);
		if (k == 2)
			continue;
		f->place.from = f->group_from;
		f->place.before_len = k + 1;
		f->place.behind_len = n - k - 1;
		memcpy(f->place.octets, octets, sizeof(octets));
	}
}

static void
take_base64(struct legacy_finder *f, uint8_t c)
{
	int value = base64_value(c);

	if (value < 0 && c != '=')
		return;
	if (f->group_len == 0) {
		f->group_from = f->at - 1;
		f->pad = 0;
	}
	f->pad += c == '=';
	f->group[f->group_len++] = (uint8_t)(value < 0 ? 0 : value);
	if (f->group_len < 4)
		return;
	f->group_len = 0;
	take_group(f);
}

void
legacy_finder_write(struct legacy_finder *f, struct bytes in)
{
	size_t i;

	for (i = 0; i < in.len && !f->is_over; i++) {
		f->at++;
		if (f->cte == CTE_QP)
			take_qp(f, in.p[i]);
		else if (f->cte == CTE_BASE64)
			take_base64(f, in.p[i]);
		else if (take_html(f, in.p[i]))
			set_place(f);
	}
}
