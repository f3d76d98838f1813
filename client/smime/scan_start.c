/* scan_start.c: where a mail begins, and how its lines end. */
#include <string.h>

#include "client/smime/mail.h"

struct find_lf {
	struct sink sink;
	bool has_lf;
};

static int
find_lf_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct find_lf *f = (struct find_lf *)sink;

	(void)e;
	if (in.len > 0 && memchr(in.p, '\n', in.len) != NULL)
		f->has_lf = true;
	return 0;
}

/* Do lines end in CR alone: is there no LF anywhere? */
static int
find_line_ends(struct smime_mail *m, struct bytes head, struct err *e)
{
	struct find_lf f = {.sink.write = find_lf_write};
	int r;

	if (head.len == 0 || memchr(head.p, '\n', head.len) != NULL)
		return 0;
	r = input_run(m->in, 0, INPUT_TO_END, &f.sink, e);
	m->is_cr = !f.has_lf;
	return r;
}

/* Where the mail begins: behind an mbox's first line, if there is one. */
static size_t
find_start(const struct smime_mail *m, struct bytes head)
{
	const uint8_t *end;

	if (head.len < 5 ||
	    !bytes_is_equal(bytes_of(head.p, 5), BYTES_LIT("From ")) ||
	    header_judge_line(head) == HEADER_FIELD)
		return 0;
	end = memchr(head.p, m->is_cr ? '\r' : '\n', head.len);
	return end != NULL ? (size_t)(end - head.p) + 1 : 0;
}

int
mail_scan_start(struct smime_mail *m, uint64_t *start, struct err *e)
{
	struct buf head = {0};
	size_t got = 0;
	uint8_t *room = buf_reserve(&head, SINK_PIECE_LEN);
	int r = -CS_ERR_NO_MEMORY;

	if (room != NULL)
		r = input_read_at(m->in, 0, room, SINK_PIECE_LEN, &got, e);
	buf_grow_len(&head, got);
	if (r == 0 && !m->has_header)
		r = find_line_ends(m, buf_get(&head), e);
	*start = find_start(m, buf_get(&head));
	buf_clear(&head);
	return r;
}
