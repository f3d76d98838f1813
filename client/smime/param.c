/* param.c: parameters of structured header fields, with RFC 2231. */
#include "client/smime/header.h"

#include <string.h>

struct param {
	struct bytes name;  /* without section number and asterisk */
	struct bytes value; /* as it stands, quotes included */
	int section;	    /* -1: none */
	bool is_extended;   /* percent signs, and a character set in front */
};

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind a quoted string that begins at in[0]. */
static size_t
quoted_len(struct bytes in)
{
	size_t i;

	for (i = 1; i < in.len; i++) {
		if (in.p[i] == '\\')
			i++;
		else if (in.p[i] == '"')
			return i + 1;
	}
	return in.len;
}

/* Splits "name*12*" into its parts (RFC 2231 7). */
static void
split_name(struct bytes name, struct param *p)
{
	const uint8_t *star =
	    name.len > 0 ? memchr(name.p, '*', name.len) : NULL;
	size_t i;
	int section = 0;

	p->name = name;
	p->section = -1;
	if (star == NULL)
		return;
	p->name.len = (size_t)(star - name.p);
	i = p->name.len + 1;
	if (i == name.len) {
		p->is_extended = true;
		return;
	}
	for (; i < name.len && name.p[i] >= '0' && name.p[i] <= '9'; i++)
		if (section < PARAM_SECTIONS_MAX)
			section = section * 10 + (name.p[i] - '0');
	p->is_extended = i + 1 == name.len && name.p[i] == '*';
	if (i != name.len && !p->is_extended)
		p->name = BYTES_NONE; /* no such form */
	p->section = section;
}

static void
skip(struct bytes *in, size_t n)
{
	if (n > 0)
		*in = bytes_of(in->p + n, in->len - n);
}

/* Up to the next ";" outside of quotes and comments. */
static void
skip_to_semicolon(struct bytes *in)
{
	while (in->len > 0 && in->p[0] != ';') {
		if (in->p[0] == '"')
			skip(in, quoted_len(*in));
		else if (in->p[0] == '(')
			header_skip_cfws(in, NULL);
		else
			skip(in, 1);
	}
}

/* The next parameter that has a name and a value. */
static bool
param_next(struct bytes *in, struct param *p)
{
	struct bytes name, value;

	for (;;) {
		skip_to_semicolon(in);
		if (in->len == 0)
			return false;
		skip(in, 1);
		header_skip_cfws(in, NULL);
		*p = (struct param){0};
		name = bytes_of(in->p, 0);
		while (name.len < in->len && in->p[name.len] > ' ' &&
		       in->p[name.len] < 0x7f &&
		       strchr("=;\"(", in->p[name.len]) == NULL)
			name.len++;
		skip(in, name.len);
		header_skip_cfws(in, NULL);
		if (in->len == 0 || in->p[0] != '=' || name.len == 0)
			continue;
		skip(in, 1);
		header_skip_cfws(in, NULL);
		value = bytes_of(in->p, 0);
		/* Unquoted values with "=", "/", "?" are common. */
		if (in->len > 0 && in->p[0] == '"')
			value.len = quoted_len(*in);
		else
			while (value.len < in->len && in->p[value.len] != ';' &&
			       in->p[value.len] != '(' &&
			       !header_is_space(in->p[value.len]))
				value.len++;
		skip(in, value.len);
		p->value = value;
		split_name(name, p);
		return true;
	}
}

/* Appends the value without quotes, quoted pairs and line ends. */
static void
put_plain(struct bytes v, struct buf *out)
{
	bool is_quoted = v.len > 0 && v.p[0] == '"';
	size_t i = is_quoted ? 1 : 0;

	for (; i < v.len; i++) {
		if (is_quoted && v.p[i] == '"')
			return;
		if (is_quoted && v.p[i] == '\\' && i + 1 < v.len)
			i++;
		else if (v.p[i] == '\r' || v.p[i] == '\n')
			continue;
		buf_add_byte(out, v.p[i]);
	}
}

/* Likewise, decodes %HH, and drops charset'language' of a first section. */
static int
put_extended(struct bytes v, bool is_first, struct buf *out)
{
	struct buf plain = {.max = PARAM_LEN_MAX};
	size_t i = 0, quotes = 0;
	int r, hi, lo;

	put_plain(v, &plain);
	r = plain.err;
	while (is_first && quotes < 2 && i < plain.len)
		quotes += plain.data[i++] == '\'';
	if (is_first && quotes < 2)
		i = 0;
	for (; r == 0 && i < plain.len; i++) {
		hi = i + 2 < plain.len ? hex_value(plain.data[i + 1]) : -1;
		lo = i + 2 < plain.len ? hex_value(plain.data[i + 2]) : -1;
		if (plain.data[i] == '%' && hi >= 0 && lo >= 0) {
			buf_add_byte(out, (uint8_t)(hi << 4 | lo));
			i += 2;
		} else {
			buf_add_byte(out, plain.data[i]);
		}
	}
	buf_clear(&plain);
	return r;
}

/* The first parameter of that name and section; counts all of them. */
static size_t
param_find(struct bytes in, const char *name, int section, struct param *found)
{
	struct param p;
	size_t n = 0;

	while (param_next(&in, &p)) {
		if (p.section != section ||
		    !header_is_equal_nocase(p.name, name))
			continue;
		if (n++ == 0 || (p.is_extended && !found->is_extended))
			*found = p;
	}
	return n;
}

static int
put_param(const struct param *p, struct buf *out)
{
	if (p->is_extended)
		return put_extended(p->value, p->section <= 0, out);
	put_plain(p->value, out);
	return 0;
}

int
header_get_param(struct bytes params, const char *name, struct buf *value,
    bool *is_ambiguous)
{
	struct buf out = {.max = PARAM_LEN_MAX};
	struct param p;
	size_t plain, first;
	bool is_twice;
	int section = 0, r = 0;

	if (is_ambiguous != NULL)
		*is_ambiguous = false;
	if (params.len > PARAMS_LEN_MAX)
		return -CS_ERR_TOO_LARGE;
	plain = param_find(params, name, -1, &p);
	first = plain > 0 ? 0 : param_find(params, name, 0, &p);
	if (plain == 0 && first == 0)
		return 0;
	is_twice = plain + first > 1;
	if (plain > 0) {
		struct param other;

		is_twice |= param_find(params, name, 0, &other) > 0;
		r = put_param(&p, &out);
	} else {
		do {
			r = put_param(&p, &out);
			if (r != 0 || ++section >= PARAM_SECTIONS_MAX)
				break;
			first = param_find(params, name, section, &p);
			is_twice |= first > 1;
		} while (first > 0);
	}
	if (r == 0)
		r = out.err;
	if (r == 0 && section >= PARAM_SECTIONS_MAX)
		r = -CS_ERR_TOO_LARGE;
	if (r == 0 && buf_add(value, out.data, out.len) != 0)
		r = value->err;
	buf_clear(&out);
	if (is_ambiguous != NULL)
		*is_ambiguous = is_twice;
	return r == 0 ? 1 : r;
}
