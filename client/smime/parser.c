#include "asn1/say.h"
#include "client/smime/parser.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_MAX BOUNDARY_LINE_MAX
#define NAME_UNDECIDED_MAX HEADER_NAME_MAX
/* Parsers stand inside of each other; what is not needed is given back. */
#define HEADER_KEPT_MAX ((size_t)16 << 10)

enum parser_state {
	STATE_HEADER,
	STATE_TEXT,
};

struct parser {
	struct sink sink; /* first: the sink is the parser */
	struct parser_events events;
	struct boundary_stack stack; /* item n: of the multipart at level n */
	enum parser_state state;
	bool is_raw, is_mbox, is_flat, is_entity;
	size_t raw_item; /* the multipart that is_raw is about */
	bool is_opened;	 /* by the user, in the present header event */
	uint64_t offset; /* of the next octet to be judged */
	unsigned line_ends;

	struct buf header; /* the section so far, with the line begun */
	size_t line_at;	   /* where in it the present line begins */
	uint64_t header_from;

	struct lines lines;
	struct parser_area area;
	/*
	 * Octets of the area whose meaning is open: a line end (or CR), and
	 * behind it the front of a line that may be a delimiter.
	 */
	uint8_t held[2 + HEAD_MAX];
	size_t held_eol; /* octets of the line end */
	size_t held_len; /* all of them */
};

static int parser_write(struct sink *sink, struct bytes in, struct err *e);
static int parser_finish(struct sink *sink, struct err *e);

struct parser *
parser_new(const struct parser_events *events, uint64_t origin, bool is_mbox)
{
	struct parser *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->sink.write = parser_write;
	p->sink.finish = parser_finish;
	p->events = *events;
	p->offset = p->header_from = origin;
	p->is_mbox = is_mbox;
	buf_init(&p->header, PARSER_HEADER_MAX);
	return p;
}

void
parser_free(struct parser *p)
{
	if (p == NULL)
		return;
	buf_clear(&p->header);
	mem_wipe(p->held, sizeof(p->held));
	free(p);
}

void
parser_set_entity(struct parser *p)
{
	p->is_entity = true;
}

struct sink *
parser_get_sink(struct parser *p)
{
	return &p->sink;
}

unsigned
parser_get_flags(const struct parser *p)
{
	return p->line_ends | p->lines.flags;
}

uint64_t
parser_get_offset(const struct parser *p)
{
	return p->offset;
}

void
parser_flatten(struct parser *p)
{
	size_t i;

	for (i = 0; i < p->stack.len; i++)
		p->stack.items[i].is_open = false;
	p->is_flat = true;
}

bool
parser_open(struct parser *p, struct bytes boundary, bool is_raw)
{
	if (p->is_flat || !boundary_push(&p->stack, boundary))
		return false;
	p->is_opened = true;
	if (is_raw) {
		p->is_raw = true;
		p->raw_item = p->stack.len - 1;
	}
	return true;
}

static enum line_verdict
judge_line(
    struct parser *p, struct bytes head, bool is_all, struct delimiter *d)
{
	return boundary_judge_line(
	    &p->stack, p->is_mbox, head, is_all, &p->lines.flags, d);
}

/* --- events --- */

static int
give_text(struct parser *p, const uint8_t *at, size_t len, struct err *e)
{
	if (len == 0 || p->events.text == NULL)
		return 0;
	return p->events.text(p->events.ctx, bytes_of(at, len), e);
}

static int
begin_area(struct parser *p, enum parser_area_kind kind, size_t level,
    uint64_t from, struct err *e)
{
	p->state = STATE_TEXT;
	p->lines = (struct lines){0};
	p->area =
	    (struct parser_area){.kind = kind, .level = level, .from = from};
	p->held_len = p->held_eol = 0;
	if (p->events.begin == NULL)
		return 0;
	return p->events.begin(p->events.ctx, &p->area, e);
}

static int
end_area(struct parser *p, uint64_t to, struct err *e)
{
	lines_finish(&p->lines);
	p->area.to = to;
	p->area.flags = p->lines.flags;
	p->line_ends |= p->lines.flags & (LINES_CRLF | LINES_BARE_LF);
	if (p->events.end == NULL)
		return 0;
	return p->events.end(p->events.ctx, &p->area, e);
}

/* Ends multiparts until only n are left. */
static int
leave_to(struct parser *p, size_t n, struct err *e)
{
	bool is_closed;
	int r = 0;

	while (r == 0 && p->stack.len > n) {
		p->stack.len--;
		is_closed =
		    !p->stack.items[p->stack.len].is_open && !p->is_flat;
		if (p->events.leave != NULL)
			r = p->events.leave(
			    p->events.ctx, p->stack.len, is_closed, e);
	}
	return r;
}

/* A delimiter line has ended at p->offset, outside of any area. */
static int
take_delimiter(struct parser *p, const struct delimiter *d, struct err *e)
{
	int r = leave_to(p, d->item + 1, e);

	if (r != 0)
		return r;
	if (d->is_close) {
		p->stack.items[d->item].is_open = false;
		return begin_area(p, PARSER_EPILOGUE, d->item, p->offset, e);
	}
	if (p->is_raw && d->item == p->raw_item)
		return begin_area(p, PARSER_LEAF, d->item + 1, p->offset, e);
	/* One of a multipart outside: the raw one is over. */
	p->is_raw = p->is_raw && d->item > p->raw_item;
	p->state = STATE_HEADER;
	buf_reset(&p->header);
	p->line_at = 0;
	p->header_from = p->offset;
	return 0;
}

static int
end_header(
    struct parser *p, size_t len, enum parser_header_end end, struct err *e)
{
	struct parser_header h = {.level = p->stack.len, .end = end};
	int r = 0;

	if (p->stack.len == 0 && len == 0 && !p->is_entity)
		return err_set(e, -CS_ERR_NOT_MESSAGE,
		    p->header.len == 0
			? "there is nothing in it"
			: N_("it does not begin with a header field"));
	h.section = bytes_of(p->header.data, len);
	h.from = p->header_from;
	h.body = p->offset;
	h.flags = lines_judge(h.section);
	p->line_ends |= h.flags & (LINES_CRLF | LINES_BARE_LF);
	p->is_opened = false;
	if (p->events.header != NULL)
		r = p->events.header(p->events.ctx, &h, e);
	if (r != 0)
		return r;
	return begin_area(p, p->is_opened ? PARSER_PREAMBLE : PARSER_LEAF,
	    h.level, p->offset, e);
}

/* --- text --- */

/* Gives what is held as text after all; is_all: even a CR at its end, which
 * can no longer be half of a line end. */
static int
release_held(struct parser *p, bool is_all, struct err *e)
{
	struct bytes head =
	    bytes_of(p->held + p->held_eol, p->held_len - p->held_eol);
	size_t len = p->held_len;
	int r;

	if (head.len > 0) {
		p->lines.is_checked = true;
		lines_scan(&p->lines, head);
		p->offset += head.len;
	}
	p->held_len = p->held_eol = 0;
	if (is_all || head.len == 0 || head.p[head.len - 1] != '\r')
		return give_text(p, p->held, len, e);
	r = give_text(p, p->held, len - 1, e);
	p->held[0] = '\r';
	p->held_len = p->held_eol = 1;
	return r;
}

static void
hold(struct parser *p, const uint8_t *at, size_t len, size_t eol)
{
	memcpy(p->held, at, len);
	p->held_len = len;
	p->held_eol = eol;
}

static int
refuse_mbox(struct err *e, uint64_t offset)
{
	return err_set_at(
	    e, -CS_ERR_MULTIPLE, offset, "it is an mbox with several messages");
}

/* A delimiter was found, behind a line end of eol_len octets. */
static int
found_delimiter(
    struct parser *p, const struct delimiter *d, size_t eol_len, struct err *e)
{
	uint64_t to = p->offset - eol_len;
	int r;

	p->held_len = p->held_eol = 0;
	p->offset += d->len;
	p->line_ends |= d->line_end;
	r = end_area(p, to, e);
	return r != 0 ? r : take_delimiter(p, d, e);
}

/*
 * Goes on with what is held, taking from in what it needs; *used says how
 * much.
 */
static int
feed_held(struct parser *p, struct bytes in, size_t *used, struct err *e)
{
	struct delimiter d;
	struct bytes head;
	const uint8_t *lf;
	size_t n, had;

	*used = 0;
	if (p->held_len == p->held_eol && p->held[p->held_eol - 1] == '\r') {
		if (in.p[0] != '\n')
			return release_held(p, true, e);
		lines_scan(&p->lines, bytes_of(in.p, 1));
		p->held[1] = '\n';
		p->held_len = p->held_eol = 2;
		p->offset++;
		*used = 1;
		return 0;
	}
	if (p->held_len == p->held_eol && in.p[0] != '-' && in.p[0] != 'F')
		return release_held(p, true, e);
	n = sizeof(p->held) - p->held_len;
	n = in.len < n ? in.len : n;
	lf = memchr(in.p, '\n', n);
	if (lf != NULL)
		n = (size_t)(lf - in.p) + 1;
	had = p->held_len - p->held_eol;
	memcpy(p->held + p->held_len, in.p, n);
	head = bytes_of(p->held + p->held_eol, had + n);
	switch (judge_line(p, head, false, &d)) {
	case LINE_DELIMITER:
		*used = d.len - had;
		return found_delimiter(p, &d, p->held_eol, e);
	case LINE_SEPARATOR:
		return refuse_mbox(e, p->offset);
	case LINE_OPEN:
		p->held_len += n;
		*used = n;
		return 0;
	default:
		/* Of the line only what was held before is ours to give. */
		return release_held(p, false, e);
	}
}

/* Octets of the line end right before at. */
static size_t
eol_len_before(const uint8_t *start, const uint8_t *at)
{
	if (at == start || at[-1] != '\n')
		return 0;
	return at - start >= 2 && at[-2] == '\r' ? 2 : 1;
}

/*
 * Takes text up to a delimiter or the end of in; *used says how much.
 * Nothing is held when this is called.
 */
static int
feed_text(struct parser *p, struct bytes in, size_t *used, struct err *e)
{
	const uint8_t *start = in.p, *end = in.p + in.len, *at = in.p;
	struct delimiter d;
	size_t n, eol;
	int r;

	*used = in.len;
	for (;;) {
		n = lines_scan(&p->lines, bytes_of(at, (size_t)(end - at)));
		at += n;
		p->offset += n;
		if (at == end)
			break;
		eol = eol_len_before(start, at);
		switch (judge_line(
		    p, bytes_of(at, (size_t)(end - at)), false, &d)) {
		case LINE_TEXT:
			p->lines.is_checked = true;
			continue;
		case LINE_SEPARATOR:
			return refuse_mbox(e, p->offset);
		case LINE_OPEN:
			hold(p, at - eol, (size_t)(end - at) + eol, eol);
			return give_text(
			    p, start, (size_t)(at - start) - eol, e);
		case LINE_DELIMITER:
			r = give_text(p, start, (size_t)(at - start) - eol, e);
			if (r != 0)
				return r;
			*used = (size_t)(at - start) + d.len;
			return found_delimiter(p, &d, eol, e);
		}
	}
	eol = eol_len_before(start, at);
	if (at[-1] == '\r')
		eol = 1;
	hold(p, at - eol, eol, eol);
	return give_text(p, start, (size_t)(at - start) - eol, e);
}

/* --- headers --- */

/* The body begins with octets that are in the header's buffer. */
static int
header_to_text(
    struct parser *p, size_t at, enum parser_header_end end, struct err *e)
{
	struct buf rest = p->header; /* outlives the event */
	size_t used, len = rest.len;
	int r;

	p->offset -= len - at;
	r = end_header(p, at, end, e);
	p->header = (struct buf){.max = PARSER_HEADER_MAX};
	/* It is one line or less, and judged anew: it may be a delimiter's
	 * front. */
	while (r == 0 && at < len && p->state == STATE_TEXT) {
		struct bytes in = bytes_of(rest.data + at, len - at);

		r = p->held_len > 0 ? feed_held(p, in, &used, e)
				    : feed_text(p, in, &used, e);
		at += used;
	}
	buf_clear(&rest);
	return r;
}

/* The line that has begun. */
static struct bytes
header_get_line(const struct parser *p)
{
	if (p->line_at == p->header.len)
		return BYTES_NONE;
	return bytes_of(
	    p->header.data + p->line_at, p->header.len - p->line_at);
}

static int
header_too_large(struct parser *p, struct err *e)
{
	if (p->stack.len == 0 && !p->is_entity)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "its header section is larger than %zu MiB",
		    PARSER_HEADER_MAX >> 20);
	/* Between two lines, so that the lines' order stays plain. */
	return header_to_text(p, p->line_at, PARSER_HEADER_TOO_LARGE, e);
}

static int
judge_header_delimiter(struct parser *p, struct bytes line, bool is_all,
    bool *is_it, struct err *e)
{
	struct delimiter d;
	int r;

	*is_it = line.len > 1 && line.p[0] == '-' && line.p[1] == '-' &&
		 boundary_judge(&p->stack, line, is_all, &d) == LINE_DELIMITER;
	if (!*is_it)
		return 0;
	/* end_header takes the body from p->offset: before the delimiter. */
	p->offset -= line.len;
	r = end_header(p, p->line_at, PARSER_HEADER_CUT, e);
	if (r != 0)
		return r;
	return found_delimiter(p, &d, 0, e);
}

/* The line in the header's buffer is whole, or as long as a line that can
 * still be a field. */
static int
take_header_line(struct parser *p, struct err *e)
{
	struct bytes line = header_get_line(p);
	bool is_delimiter;
	int r;

	r = judge_header_delimiter(p, line, false, &is_delimiter, e);
	if (r != 0 || is_delimiter)
		return r;
	switch (header_judge_line(line)) {
	case HEADER_BLANK:
		p->line_ends |= line.len > 1 ? LINES_CRLF : LINES_BARE_LF;
		r = end_header(p, p->line_at, PARSER_HEADER_BLANK, e);
		if (p->header.cap > HEADER_KEPT_MAX)
			buf_clear(&p->header);
		return r;
	case HEADER_FOLD:
		if (p->line_at == 0)
			return header_to_text(
			    p, p->line_at, PARSER_HEADER_BAD_LINE, e);
		break;
	case HEADER_BAD:
		return header_to_text(p, p->line_at, PARSER_HEADER_BAD_LINE, e);
	default:
		break;
	}
	if (line.len > 0 && line.p[line.len - 1] == '\n')
		p->line_at = p->header.len;
	return 0;
}

static int
feed_header(struct parser *p, struct bytes in, size_t *used, struct err *e)
{
	const uint8_t *lf = memchr(in.p, '\n', in.len);
	size_t n = lf != NULL ? (size_t)(lf - in.p) + 1 : in.len;
	size_t line_len = p->header.len - p->line_at;
	bool was_short = line_len <= NAME_UNDECIDED_MAX;

	/* So that an endless line is judged when it can be. */
	if (was_short && n > NAME_UNDECIDED_MAX + 1 - line_len)
		n = NAME_UNDECIDED_MAX + 1 - line_len;
	*used = n;
	if (n > PARSER_HEADER_MAX - p->header.len) {
		*used = 0;
		return header_too_large(p, e);
	}
	if (buf_add(&p->header, in.p, n) != 0)
		return err_set(e, p->header.err, NULL);
	p->offset += n;
	if (in.p[n - 1] != '\n' &&
	    !(was_short && line_len + n > NAME_UNDECIDED_MAX))
		return 0;
	return take_header_line(p, e);
}

/* --- the sink --- */

static int
parser_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct parser *p = (struct parser *)sink;
	size_t used;
	int r = 0;

	while (r == 0 && in.len > 0) {
		if (p->state == STATE_HEADER)
			r = feed_header(p, in, &used, e);
		else if (p->held_len > 0)
			r = feed_held(p, in, &used, e);
		else
			r = feed_text(p, in, &used, e);
		if (r == 0)
			in = bytes_of(in.p + used, in.len - used);
	}
	return r;
}

static int
finish_header(struct parser *p, struct err *e)
{
	struct bytes line = header_get_line(p);
	bool is_delimiter;
	int r;

	r = judge_header_delimiter(p, line, true, &is_delimiter, e);
	if (r != 0 || is_delimiter)
		return r;
	if (line.len > 0 &&
	    (header_judge_line(line) == HEADER_BAD ||
		(p->line_at == 0 && header_judge_line(line) == HEADER_FOLD)))
		return header_to_text(p, p->line_at, PARSER_HEADER_BAD_LINE, e);
	return end_header(p, p->header.len, PARSER_HEADER_CUT, e);
}

static int
finish_text(struct parser *p, struct err *e)
{
	struct bytes head =
	    bytes_of(p->held + p->held_eol, p->held_len - p->held_eol);
	struct delimiter d;

	if (head.len > 0) {
		switch (judge_line(p, head, true, &d)) {
		case LINE_DELIMITER:
			return found_delimiter(p, &d, p->held_eol, e);
		case LINE_SEPARATOR:
			return refuse_mbox(e, p->offset);
		default:
			break;
		}
	}
	return release_held(p, true, e);
}

static int
parser_finish(struct sink *sink, struct err *e)
{
	struct parser *p = (struct parser *)sink;
	int r = 0;

	/* A delimiter at the very end begins a part that has nothing. */
	if (p->state == STATE_TEXT)
		r = finish_text(p, e);
	if (r == 0 && p->state == STATE_HEADER)
		r = finish_header(p, e);
	if (r == 0 && p->state == STATE_TEXT && p->held_len > 0)
		r = finish_text(p, e);
	if (r == 0 && p->state == STATE_HEADER)
		r = finish_header(p, e);
	if (r == 0)
		r = end_area(p, p->offset, e);
	return r == 0 ? leave_to(p, 0, e) : r;
}
