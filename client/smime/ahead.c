/*
 * ahead.c: the entity given out while the mail is scanned.
 *
 * Most mails are signed as they are but for their line ends. What comes out of
 * them is known as they are read, so that it can be hashed in the same run;
 * whether that was right is known at the end.
 */
#include <string.h>

#include "client/smime/canon.h"
#include "client/smime/mail.h"

#define AHEAD_HEADER_MAX ((size_t)2 << 20)

static int
ahead_write_header(struct ahead *a, struct buf *b, struct err *e)
{
	struct sink *sink = sink_new_buf(b);
	int r;

	buf_init(b, AHEAD_HEADER_MAX);
	if (sink == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = entity_write_header(&a->mail->entities[1], sink, e);
	sink_free(sink);
	return r;
}

/* The header has been read; how the body's lines end is taken from it. */
static int
ahead_begin(struct ahead *a, struct err *e)
{
	int r = ahead_write_header(a, &a->header, e);

	a->has_begun = true;
	a->is_canonical =
	    (lines_judge(buf_get(&a->mail->header)) & LINES_BARE_LF) == 0;
	a->first = a->to;
	if (r == 0 && !a->is_canonical) {
		a->canon = sink_new_canon(a->to);
		a->first = a->canon;
		if (a->canon == NULL)
			r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	return r != 0 ? r : sink_write(a->to, buf_get(&a->header), e);
}

static bool
ahead_may_go_on(const struct ahead *a)
{
	unsigned flags = parser_get_flags(a->parser);

	if (a->mail->will_edit || a->mail->is_cr || (flags & LINES_UNSAFE) != 0)
		return false;
	return !a->is_canonical || (flags & LINES_BARE_LF) == 0;
}

static int
ahead_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct ahead *a = (struct ahead *)sink;
	uint64_t at = a->offset, body;
	int r = sink_write(parser_get_sink(a->parser), in, e);

	a->offset += in.len;
	if (r != 0 || !a->is_on || !a->mail->has_header)
		return r;
	if (!ahead_may_go_on(a)) {
		a->is_on = false;
		return 0;
	}
	if (!a->has_begun)
		r = ahead_begin(a, e);
	body = a->mail->body;
	if (r != 0 || a->offset <= body)
		return r;
	if (at < body)
		in = bytes_of(in.p + (body - at), (size_t)(a->offset - body));
	return sink_write(a->first, in, e);
}

void
ahead_init(struct ahead *a, struct smime_mail *mail, struct parser *parser,
    uint64_t at)
{
	*a = (struct ahead){
	    .sink.write = ahead_write,
	    .mail = mail,
	    .parser = parser,
	    .to = mail->ahead,
	    .offset = at,
	    .is_on = mail->ahead != NULL,
	};
}

int
ahead_end(struct ahead *a, struct err *e)
{
	const struct smime_mail *m = a->mail;
	struct buf header = {0};
	size_t i;
	int r = 0;

	if (!a->is_on || !a->has_begun || m->end != a->offset ||
	    (a->is_canonical && m->has_lone_lf))
		return 0;
	for (i = 0; i < m->edits_len; i++)
		if (m->edits[i].kind != EDIT_NONE)
			return 0;
	r = ahead_write_header(a, &header, e);
	a->mail->is_ahead =
	    r == 0 && bytes_is_equal(buf_get(&header), buf_get(&a->header));
	buf_clear(&header);
	return r;
}

void
ahead_clear(struct ahead *a)
{
	sink_free(a->canon);
	buf_clear(&a->header);
}
