/* scan.c: what a mail is made of, and what of it mail transport may harm. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/smime/canon.h"
#include "client/smime/legacy_make.h"
#include "client/smime/mail.h"
#include "client/smime/utf8_stream.h"

/* An entity on the way from the mail to the part at hand. */
struct scan_level {
	bool is_text;
	bool is_digest;	   /* parts without a type are message/rfc822 */
	bool is_never;	   /* must not be re-encoded, since it is: */
	const char *never; /* N_("a signed part") ... */
	bool keeps_8bit;   /* something inside stays unsafe */
	enum transfer_encoding cte;
	uint64_t cte_from, cte_to; /* where the field is or would be */
	size_t cte_edit;	   /* the place kept in the list of edits */
};

struct scan {
	struct smime_mail *mail;
	struct parser *parser;
	struct scan_level levels[BOUNDARY_DEPTH_MAX + 1];
	size_t parts;
	bool wants_utf8; /* is the body of an untyped mail UTF-8? */
	struct utf8_stream utf8;
	struct legacy_scan *legacy; /* NULL: nothing is put in */
	unsigned legacy_flags;	    /* enum lines_flag of what was put in */
};

/* --- what is written down --- */

static void __attribute__((format(printf, 2, 3)))
scan_block(struct scan *s, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (s->mail->is_blocked)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), say(fmt), ap);
	va_end(ap);
	s->mail->is_blocked = true;
	err_set(&s->mail->why, -CS_ERR_UNSUPPORTED, "%s", text);
}

static int
scan_add_edit(struct scan *s, struct edit edit, struct err *e)
{
	struct smime_mail *m = s->mail;
	size_t cap = m->edits_cap != 0 ? 2 * m->edits_cap : 32;
	struct edit *edits;

	if (m->edits_len == EDITS_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "it has more than %d parts", SMIME_PARTS_MAX);
	if (m->edits_len == m->edits_cap) {
		edits = realloc(m->edits, cap * sizeof(*edits));
		if (edits == NULL)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
		m->edits = edits;
		m->edits_cap = cap;
	}
	m->edits[m->edits_len++] = edit;
	return 0;
}

/* The entity at that level gets another transfer encoding. */
static int
scan_set_cte(struct scan *s, size_t level, enum transfer_encoding cte,
    bool is_7bit_only, struct err *e)
{
	const struct scan_level *l = &s->levels[level];
	struct edit edit = {.from = l->cte_from, .to = l->cte_to};

	if (level == 0) {
		s->mail->cte[1] = cte;
		if (!is_7bit_only)
			s->mail->cte[0] = cte;
		return 0;
	}
	edit.kind = EDIT_CTE;
	edit.cte = (uint8_t)cte;
	edit.is_7bit_only = is_7bit_only;
	if (l->cte_edit == SIZE_MAX)
		return scan_add_edit(s, edit, e);
	s->mail->edits[l->cte_edit] = edit;
	return 0;
}

static int
scan_encode(struct scan *s, const struct parser_area *a, enum edit_kind kind,
    bool is_7bit_only, struct err *e)
{
	struct edit edit = {.from = a->from,
	    .to = a->to,
	    .kind = (uint8_t)kind,
	    .is_7bit_only = is_7bit_only};

	return scan_add_edit(s, edit, e);
}

const char *
mail_describe_unsafe(unsigned flags)
{
	if ((flags & LINES_NUL) != 0)
		return N_("NUL octets");
	if ((flags & LINES_8BIT) != 0)
		return N_("8-bit text");
	if ((flags & LINES_BARE_CR) != 0)
		return N_("a CR without LF");
	if ((flags & LINES_LONG) != 0)
		return N_("lines over 998 octets");
	return N_("lines that begin with \"From \"");
}

/* Something unsafe stays as it is. */
static void
scan_leave_unsafe(
    struct scan *s, size_t level, const char *what, unsigned flags)
{
	size_t i;

	for (i = 0; i <= level; i++)
		s->levels[i].keeps_8bit = true;
	scan_block(
	    s, "%s with %s", say(what), say(mail_describe_unsafe(flags)));
}

/* --- headers --- */

static void
find_cte(const struct parser_header *h, struct scan_level *l)
{
	struct header_field f;
	size_t n = header_find(h->section, "Content-Transfer-Encoding", &f);

	l->cte = header_get_cte(h->section);
	l->cte_from = l->cte_to = h->from + h->section.len;
	if (n == 0)
		return;
	l->cte_from = h->from + (uint64_t)(f.raw.p - h->section.p);
	l->cte_to = l->cte_from + f.raw.len;
	if (n > 1) /* whatever they say, one of them would be left */
		l->cte = CTE_OTHER;
}

static bool
may_open(const struct scan_level *l, const struct media_type *mt)
{
	if (media_type_is(mt, "multipart", "signed") ||
	    media_type_is(mt, "multipart", "encrypted"))
		return false;
	return media_type_is(mt, "multipart", NULL) && l->cte != CTE_QP &&
	       l->cte != CTE_BASE64 && l->cte != CTE_OTHER;
}

static bool
open_multipart(struct scan *s, const struct media_type *mt)
{
	struct buf boundary = {.max = PARAM_LEN_MAX};
	bool is_ambiguous, is_open;

	is_open = header_get_param(
		      mt->params, "boundary", &boundary, &is_ambiguous) == 1 &&
		  !is_ambiguous &&
		  parser_open(s->parser, buf_get(&boundary), false);
	buf_clear(&boundary);
	return is_open;
}

static void
judge_type(const struct parser_header *h, struct scan_level *l,
    const struct media_type *mt)
{
	l->is_text = media_type_is(mt, "text", NULL);
	if (media_type_is(mt, "multipart", "signed"))
		l->never = N_("a signed part");
	else if (media_type_is(mt, "multipart", "encrypted"))
		l->never = N_("an encrypted part");
	else if (media_type_is(mt, "multipart", NULL))
		l->never = N_("a multipart that cannot be taken apart");
	else if (media_type_is(mt, "message", NULL))
		l->never = N_("an enclosed message");
	else if (mt->type[0] == '\0')
		l->never = N_("a part whose type is not clear");
	else if (h->level > 0 && h->end != PARSER_HEADER_BLANK &&
		 h->end != PARSER_HEADER_CUT)
		l->never = N_("a part whose header is not clear");
	l->is_never = l->never != NULL;
}

static int
keep_header(struct scan *s, const struct parser_header *h, struct err *e)
{
	struct smime_mail *m = s->mail;
	struct bytes rest = h->section;
	struct header_field f;
	unsigned flags = 0;

	if (!m->has_header) {
		m->body = h->body;
		buf_init(&m->header, PARSER_HEADER_MAX);
		if (buf_add_bytes(&m->header, h->section) != 0)
			return err_set(e, m->header.err, NULL);
		m->has_header = true;
	}
	s->wants_utf8 = header_find(h->section, "Content-Type", NULL) == 0;
	if (s->wants_utf8)
		m->charset = "us-ascii"; /* until choose_charset knows */
	/* Of the header only the entity's own fields are signed. */
	while (header_next(&rest, &f))
		if (mail_is_inner_field(&f))
			flags |= lines_judge(f.raw);
	return (flags & LINES_UNSAFE) == 0 ? 0 : (int)(flags & LINES_UNSAFE);
}

static int
scan_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct scan *s = ctx;
	struct scan_level *l = &s->levels[h->level];
	struct edit place = {.kind = EDIT_NONE};
	unsigned unsafe = h->flags & LINES_UNSAFE;
	struct media_type mt;
	bool is_open;
	int r;

	*l = (struct scan_level){.cte_edit = SIZE_MAX};
	if (h->level == 0) {
		r = keep_header(s, h, e);
		if (r < 0)
			return r;
		unsafe = (unsigned)r;
	} else if (++s->parts == SMIME_PARTS_MAX) {
		scan_block(s, "it has %d parts or more", SMIME_PARTS_MAX);
		parser_flatten(s->parser);
	}
	if (unsafe != 0)
		scan_leave_unsafe(s, h->level, "a header", unsafe);
	if (h->end == PARSER_HEADER_TOO_LARGE)
		scan_block(s, "a part's header is larger than %zu KiB",
		    PARSER_HEADER_MAX >> 10);
	find_cte(h, l);
	if (l->cte == CTE_8BIT || l->cte == CTE_BINARY)
		s->mail->will_edit = true; /* this field, if nothing else */
	header_get_media_type(h->section, &mt);
	if (h->level > 0 && s->levels[h->level - 1].is_digest &&
	    header_find(h->section, "Content-Type", NULL) == 0)
		mt = (struct media_type){.type = "message"};
	is_open = may_open(l, &mt) && open_multipart(s, &mt);
	if (s->legacy != NULL &&
	    legacy_scan_header(s->legacy, h, &mt, l->cte, is_open) != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (!is_open) {
		judge_type(h, l, &mt);
		return 0;
	}
	l->is_digest = media_type_is(&mt, "multipart", "digest");
	if (h->level == 0 || (l->cte != CTE_8BIT && l->cte != CTE_BINARY))
		return 0;
	/* Its field stands before the edits that decide about it. */
	l->cte_edit = s->mail->edits_len;
	place.from = l->cte_from;
	place.to = l->cte_from;
	return scan_add_edit(s, place, e);
}

/* --- bodies --- */

static int
scan_begin(void *ctx, const struct parser_area *a, struct err *e)
{
	struct scan *s = ctx;

	(void)e;
	s->legacy_flags = 0;
	if (s->legacy != NULL && a->kind == PARSER_LEAF)
		legacy_scan_begin(s->legacy, a);
	return 0;
}

static int
scan_text(void *ctx, struct bytes in, struct err *e)
{
	struct scan *s = ctx;

	(void)e;
	if (s->wants_utf8)
		utf8_stream_write(&s->utf8, in);
	if (s->legacy != NULL)
		legacy_scan_text(s->legacy, in);
	return 0;
}

/* An entity that must not be re-encoded. */
static int
judge_never(struct scan *s, const struct parser_area *a, struct err *e)
{
	const struct scan_level *l = &s->levels[a->level];

	if ((a->flags & LINES_UNSAFE) != 0) {
		scan_leave_unsafe(
		    s, a->level, l->never, a->flags & LINES_UNSAFE);
		return 0;
	}
	/* What is 7-bit may be called so: no gateway will touch it then. */
	if (l->cte == CTE_8BIT || l->cte == CTE_BINARY)
		return scan_set_cte(s, a->level, CTE_7BIT, true, e);
	return 0;
}

static int
judge_plain(struct scan *s, const struct parser_area *a, struct err *e)
{
	const struct scan_level *l = &s->levels[a->level];
	enum edit_kind kind = EDIT_BASE64;
	enum transfer_encoding cte = CTE_BASE64;
	/* What was put in is not what the part's encoding says. */
	bool is_7bit_only = (s->legacy_flags & LINES_UNSAFE) == 0;
	int r;

	if ((a->flags & LINES_UNSAFE) == 0 && is_7bit_only)
		return l->cte == CTE_8BIT
			   ? scan_set_cte(s, a->level, CTE_7BIT, true, e)
			   : 0;
	if (l->is_text) {
		kind = EDIT_QP;
		cte = CTE_QP;
	} else if ((a->flags & (LINES_NUL | LINES_BARE_CR)) != 0) {
		kind = EDIT_BASE64_RAW; /* these are no lines */
	}
	r = scan_set_cte(s, a->level, cte, is_7bit_only, e);
	return r == 0 ? scan_encode(s, a, kind, is_7bit_only, e) : r;
}

static int
judge_leaf(struct scan *s, const struct parser_area *a, struct err *e)
{
	const struct scan_level *l = &s->levels[a->level];
	bool is_unsafe = (a->flags & LINES_UNSAFE) != 0;
	int r;

	if (l->is_never)
		return judge_never(s, a, e);
	switch (l->cte) {
	case CTE_BINARY:
		r = scan_set_cte(s, a->level, CTE_BASE64, false, e);
		return r == 0 ? scan_encode(s, a, EDIT_BASE64_RAW, false, e)
			      : r;
	case CTE_QP:
		return is_unsafe ? scan_encode(s, a, EDIT_QP_AGAIN, true, e)
				 : 0;
	case CTE_BASE64:
	case CTE_OTHER:
		if (is_unsafe)
			scan_leave_unsafe(s, a->level, N_("an encoded part"),
			    a->flags & LINES_UNSAFE);
		return 0;
	default:
		return judge_plain(s, a, e);
	}
}

/* What a body without Content-Type is (RFC 2045 5.2, RFC 1428). */
static void
choose_charset(struct scan *s, const struct parser_area *a)
{
	struct smime_mail *m = s->mail;

	m->charset = (s->legacy_flags & LINES_8BIT) != 0 ? "utf-8" : "us-ascii";
	if ((a->flags & LINES_8BIT) == 0)
		return;
	m->charset = utf8_stream_is_valid(&s->utf8) ? "utf-8" : "unknown-8bit";
	if (m->cte[0] == CTE_NONE && s->levels[0].cte == CTE_NONE)
		m->cte[0] = CTE_8BIT;
}

static int
scan_end(void *ctx, const struct parser_area *a, struct err *e)
{
	struct scan *s = ctx;
	int r = 0;

	if (a->kind == PARSER_LEAF && s->legacy != NULL &&
	    legacy_scan_end(s->legacy, a, utf8_stream_is_valid(&s->utf8),
		&s->legacy_flags) != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (a->kind == PARSER_LEAF)
		r = judge_leaf(s, a, e);
	else if ((a->flags & LINES_UNSAFE) != 0)
		scan_leave_unsafe(s, a->level, N_("text outside of all parts"),
		    a->flags & LINES_UNSAFE);
	if (r == 0 && a->level == 0 && s->wants_utf8)
		choose_charset(s, a);
	return r;
}

static int
scan_leave(void *ctx, size_t level, bool is_closed, struct err *e)
{
	struct scan *s = ctx;
	const struct scan_level *l = &s->levels[level];

	(void)is_closed;
	if (l->keeps_8bit || (l->cte != CTE_8BIT && l->cte != CTE_BINARY))
		return 0;
	return scan_set_cte(s, level, CTE_7BIT, true, e);
}

/* --- the whole --- */

static int
scan_run(struct scan *s, uint64_t start, struct err *e)
{
	struct smime_mail *m = s->mail;
	struct sink *cr = NULL;
	struct ahead ahead;
	int r = 0;

	ahead_init(&ahead, m, s->parser, start);
	if (m->is_cr) {
		cr = sink_new_cr_to_lf(&ahead.sink);
		r = cr != NULL ? 0 : -CS_ERR_NO_MEMORY;
	}
	if (r == 0)
		r = input_run(m->in, start, INPUT_TO_END,
		    cr != NULL ? cr : &ahead.sink, e);
	if (r == 0)
		r = sink_finish(parser_get_sink(s->parser), e);
	m->end = parser_get_offset(s->parser);
	m->has_lone_lf = (parser_get_flags(s->parser) & LINES_BARE_LF) != 0;
	if (r == 0)
		r = ahead_end(&ahead, e);
	ahead_clear(&ahead);
	sink_free(cr);
	return r;
}

static int
scan_mail(
    struct smime_mail *m, const struct parser_events *given, struct err *e)
{
	struct parser_events events = *given;
	struct scan s = {.mail = m};
	uint64_t start;
	int r = mail_scan_start(m, &start, e);

	if (r != 0)
		return r;
	r = m->has_header ? legacy_scan_new(m, &s.legacy) : 0;
	if (r != 0)
		return r;
	events.ctx = &s;
	s.parser = parser_new(&events, start, start != 0);
	r = s.parser != NULL ? scan_run(&s, start, e) : -CS_ERR_NO_MEMORY;
	parser_free(s.parser);
	legacy_scan_free(s.legacy);
	return r;
}

/* Of a scan that failed. */
static int
scan_fail(const struct smime_mail *m, int r, struct err *e)
{
	if (e != NULL && e->code != r)
		err_set(e, r, NULL);
	if (err_class(r) == ERR_CLASS_FORMAT)
		err_context(e, "%s", input_get_name(m->in));
	return r;
}

int
mail_scan_rest(struct smime_mail *m, struct err *e)
{
	static const struct parser_events events = {
	    .header = scan_header,
	    .begin = scan_begin,
	    .text = scan_text,
	    .end = scan_end,
	    .leave = scan_leave,
	};
	int r = scan_mail(m, &events, e);

	m->is_scanned = r == 0;
	return r == 0 ? 0 : scan_fail(m, r, e);
}

/* The header is all that is wanted: ends the run. */
#define SCAN_STOP (-CS_ERR_TRY_AGAIN)

static int
open_header(void *ctx, const struct parser_header *h, struct err *e)
{
	int r = keep_header(ctx, h, e);

	return r < 0 ? r : SCAN_STOP;
}

int
smime_mail_open(struct input *in, struct smime_mail **mail, struct err *e)
{
	static const struct parser_events events = {.header = open_header};
	struct smime_mail *m = calloc(1, sizeof(*m));
	int i, r;

	*mail = NULL;
	if (m == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	m->in = in;
	for (i = 0; i < 2; i++)
		m->entities[i] =
		    (struct entity){{.run = entity_run}, m, .is_7bit = i == 1};
	r = scan_mail(m, &events, e);
	if (r == SCAN_STOP) {
		*mail = m;
		return 0;
	}
	r = scan_fail(m, r == 0 ? -CS_ERR_INTERNAL : r, e);
	smime_mail_free(m);
	return r;
}

int
smime_mail_scan(struct input *in, struct smime_mail **mail, struct err *e)
{
	int r = smime_mail_open(in, mail, e);

	if (r == 0)
		r = mail_scan_rest(*mail, e);
	if (r != 0) {
		smime_mail_free(*mail);
		*mail = NULL;
	}
	return r;
}

int
smime_mail_scan_rest(struct smime_mail *mail, struct err *e)
{
	return mail->is_scanned ? 0 : mail_scan_rest(mail, e);
}

void
smime_mail_free(struct smime_mail *mail)
{
	if (mail == NULL)
		return;
	buf_clear(&mail->header);
	while (mail->insertions_len > 0)
		buf_clear(&mail->insertions[--mail->insertions_len].octets);
	buf_clear(&mail->legacy_type);
	free(mail->edits);
	free(mail);
}
