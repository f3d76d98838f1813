#include "client/cms/segment.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/der.h"

struct segment_sink {
	struct sink sink;
	struct sink *next;
	struct buf header;
	size_t held_len;
	uint8_t held[SEGMENT_LEN];
};

static int
segment_put(struct segment_sink *s, struct bytes content, struct err *e)
{
	int r;

	buf_reset(&s->header);
	der_put_header(&s->header, DER_OCTET_STRING, content.len);
	if (s->header.err != 0)
		return err_set(e, s->header.err, NULL);
	r = sink_write(s->next, buf_get(&s->header), e);
	return r != 0 ? r : sink_write(s->next, content, e);
}

static int
segment_flush(struct segment_sink *s, struct err *e)
{
	size_t len = s->held_len;

	s->held_len = 0;
	return len != 0 ? segment_put(s, bytes_of(s->held, len), e) : 0;
}

static int
segment_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct segment_sink *s = (struct segment_sink *)sink;
	size_t len;
	int r = 0;

	while (r == 0 && in.len != 0) {
		if (s->held_len == 0 && in.len >= SEGMENT_DIRECT_MIN) {
			len = in.len < SEGMENT_LEN ? in.len : SEGMENT_LEN;
			r = segment_put(s, bytes_of(in.p, len), e);
		} else {
			len = SEGMENT_LEN - s->held_len;
			len = in.len < len ? in.len : len;
			memcpy(s->held + s->held_len, in.p, len);
			s->held_len += len;
			if (s->held_len == SEGMENT_LEN)
				r = segment_flush(s, e);
		}
		in = bytes_of(in.p + len, in.len - len);
	}
	return r;
}

static int
segment_finish(struct sink *sink, struct err *e)
{
	return segment_flush((struct segment_sink *)sink, e);
}

static void
segment_free(struct sink *sink)
{
	struct segment_sink *s = (struct segment_sink *)sink;

	buf_clear(&s->header);
	mem_wipe(s->held, sizeof(s->held));
	free(s);
}

struct sink *
sink_new_segments(struct sink *next)
{
	struct segment_sink *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink = (struct sink){segment_write, segment_finish, segment_free};
	s->next = next;
	buf_init(&s->header, 0);
	s->held_len = 0;
	return &s->sink;
}
