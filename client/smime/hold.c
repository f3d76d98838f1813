/* hold.c: what is held back of an entity that goes out. */
#include <stdlib.h>

#include "client/smime/tree.h"

static const char notice[] =
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "[This part is held back: it can make a mail program fetch things, and\r\n"
    "its encryption does not show whether somebody changed it on the way.\r\n"
    "\"cardseal read --unsafe\" lets it out.]\r\n";

struct hold_sink {
	struct sink sink;
	struct sink *next;
	const struct hold *holds;
	size_t len, at; /* holds[at] is the next one, or the present */
	bool is_inside;
	uint64_t offset, all_from;
};

/* Where the present run of octets, held or not, ends. */
static uint64_t
find_end(const struct hold_sink *s)
{
	if (s->is_inside)
		return s->at < s->len ? s->holds[s->at].to : UINT64_MAX;
	if (s->at < s->len && s->holds[s->at].from < s->all_from)
		return s->holds[s->at].from;
	return s->all_from;
}

static int
hold_enter(struct hold_sink *s, struct err *e)
{
	if (s->at < s->len && s->holds[s->at].from >= s->all_from)
		s->at = s->len;
	s->is_inside = true;
	return sink_write(s->next, bytes_of(notice, sizeof(notice) - 1), e);
}

static int
hold_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct hold_sink *s = (struct hold_sink *)sink;
	uint64_t end;
	size_t n;
	int r = 0;

	while (r == 0 && in.len > 0) {
		end = find_end(s);
		n = end - s->offset < in.len ? (size_t)(end - s->offset)
					     : in.len;
		if (n > 0 && !s->is_inside)
			r = sink_write(s->next, bytes_of(in.p, n), e);
		s->offset += n;
		in = bytes_of(in.p + n, in.len - n);
		if (r != 0 || s->offset < end)
			continue;
		if (!s->is_inside) {
			r = hold_enter(s, e);
		} else {
			s->is_inside = false;
			s->at++;
		}
	}
	return r;
}

static int
hold_finish(struct sink *sink, struct err *e)
{
	(void)sink;
	(void)e;
	return 0;
}

static void
hold_free(struct sink *sink)
{
	free(sink);
}

struct sink *
sink_new_hold(
    const struct hold *holds, size_t len, uint64_t all_from, struct sink *next)
{
	struct hold_sink *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct hold_sink){
	    .sink = {hold_write, hold_finish, hold_free},
	    .next = next,
	    .holds = holds,
	    .len = len,
	    .all_from = all_from,
	};
	return &s->sink;
}
