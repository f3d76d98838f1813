#include "client/smime/boundary.h"

#include <string.h>

#include "client/smime/lines.h"

static bool
is_boundary(struct bytes b)
{
	size_t i;

	if (b.len == 0 || b.len > BOUNDARY_MAX || b.p[b.len - 1] == ' ')
		return false;
	for (i = 0; i < b.len; i++)
		if (b.p[i] < ' ' || b.p[i] == 0x7f)
			return false;
	return true;
}

/* Is long_one = short_one, or that with "--" behind it? */
static bool
is_ambiguous(struct bytes short_one, struct bytes long_one)
{
	struct bytes front = bytes_of(long_one.p, short_one.len);

	if (long_one.len == short_one.len)
		return bytes_is_equal(short_one, long_one);
	return long_one.len == short_one.len + 2 &&
	       bytes_is_equal(short_one, front) &&
	       long_one.p[short_one.len] == '-' &&
	       long_one.p[short_one.len + 1] == '-';
}

bool
boundary_push(struct boundary_stack *s, struct bytes text)
{
	struct boundary *b;
	struct bytes other;
	size_t i;

	if (s->len == BOUNDARY_DEPTH_MAX || !is_boundary(text))
		return false;
	for (i = 0; i < s->len; i++) {
		other = bytes_of(s->items[i].text, s->items[i].len);
		if (s->items[i].is_open &&
		    (is_ambiguous(other, text) || is_ambiguous(text, other)))
			return false;
	}
	b = &s->items[s->len++];
	memcpy(b->text, text.p, text.len);
	b->len = text.len;
	b->is_open = true;
	return true;
}

/* What stands behind a boundary: "--", white space, line end. */
static enum line_verdict
judge_rest(struct bytes head, size_t at, bool is_all, struct delimiter *d)
{
	d->is_close =
	    head.len - at >= 2 && head.p[at] == '-' && head.p[at + 1] == '-';
	if (d->is_close)
		at += 2;
	else if (head.len - at == 1 && head.p[at] == '-')
		return is_all ? LINE_TEXT : LINE_OPEN;
	while (at < head.len && (head.p[at] == ' ' || head.p[at] == '\t'))
		at++;
	d->line_end = LINES_BARE_LF;
	if (at < head.len && head.p[at] == '\r') {
		d->line_end = LINES_CRLF;
		at++;
	}
	d->len = at + 1;
	if (at < head.len)
		return head.p[at] == '\n' ? LINE_DELIMITER : LINE_TEXT;
	/* A CR at the end of everything ends no line. */
	if (is_all && d->line_end == LINES_CRLF)
		return LINE_TEXT;
	d->line_end = 0;
	d->len = at;
	return is_all ? LINE_DELIMITER : LINE_OPEN;
}

static enum line_verdict
judge_one(const struct boundary *b, struct bytes head, bool is_all,
    struct delimiter *d)
{
	size_t len = head.len - 2 < b->len ? head.len - 2 : b->len;

	if (!b->is_open ||
	    !bytes_is_equal(bytes_of(head.p + 2, len), bytes_of(b->text, len)))
		return LINE_TEXT;
	if (len < b->len)
		return is_all ? LINE_TEXT : LINE_OPEN;
	return judge_rest(head, 2 + len, is_all, d);
}

enum line_verdict
boundary_judge(const struct boundary_stack *s, struct bytes head, bool is_all,
    struct delimiter *d)
{
	enum line_verdict one, all = LINE_TEXT;
	size_t i;

	*d = (struct delimiter){0};
	if (head.len < 2)
		return is_all || s->len == 0 ? LINE_TEXT : LINE_OPEN;
	if (head.p[1] != '-')
		return LINE_TEXT;
	for (i = s->len; i-- > 0;) {
		one = judge_one(&s->items[i], head, is_all, d);
		d->item = i;
		if (one == LINE_DELIMITER)
			return d->len <= BOUNDARY_LINE_MAX ? one : LINE_TEXT;
		if (one == LINE_OPEN)
			all = one;
	}
	return head.len < BOUNDARY_LINE_MAX ? all : LINE_TEXT;
}

bool
boundary_is_separator(struct bytes line)
{
	bool has_time = false, has_year = false;
	size_t i, digits = 0;

	for (i = 5; i < line.len; i++) {
		if (line.p[i] >= '0' && line.p[i] <= '9') {
			digits++;
			continue;
		}
		if (line.p[i] == ':' && digits > 0 && digits <= 2)
			has_time = true;
		has_year |= digits == 4;
		digits = 0;
	}
	return has_time && (has_year || digits == 4);
}

enum line_verdict
boundary_judge_line(const struct boundary_stack *s, bool is_mbox,
    struct bytes head, bool is_all, unsigned *flags, struct delimiter *d)
{
	static const struct bytes from = {(const uint8_t *)"From ", 5};
	size_t len = head.len < from.len ? head.len : from.len;
	const uint8_t *lf;

	if (head.p[0] == '-')
		return boundary_judge(s, head, is_all, d);
	if (!bytes_is_equal(bytes_of(head.p, len), bytes_of(from.p, len)))
		return LINE_TEXT;
	if (head.len < from.len)
		return is_all ? LINE_TEXT : LINE_OPEN;
	*flags |= LINES_FROM;
	if (!is_mbox)
		return LINE_TEXT;
	lf = memchr(head.p, '\n', head.len);
	if (lf != NULL)
		head.len = (size_t)(lf - head.p);
	if (head.len >= BOUNDARY_LINE_MAX)
		return LINE_TEXT;
	if (lf == NULL && !is_all)
		return LINE_OPEN;
	return boundary_is_separator(head) ? LINE_SEPARATOR : LINE_TEXT;
}
