#include "client/cms/sink.h"

#include <stdlib.h>

static void
sink_free_plain(struct sink *sink)
{
	free(sink);
}

static int
sink_finish_nothing(struct sink *sink, struct err *e)
{
	(void)sink;
	(void)e;
	return 0;
}

/* --- throw away --- */

static int
null_write(struct sink *sink, struct bytes in, struct err *e)
{
	(void)sink;
	(void)in;
	(void)e;
	return 0;
}

struct sink *
sink_new_null(void)
{
	struct sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->write = null_write;
	s->finish = sink_finish_nothing;
	s->free = sink_free_plain;
	return s;
}

/* --- into a buffer --- */

struct buf_sink {
	struct sink sink;
	struct buf *b;
};

static int
buf_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct buf_sink *s = (struct buf_sink *)sink;

	if (buf_add_bytes(s->b, in) != 0)
		return err_set(e, s->b->err, NULL);
	return 0;
}

struct sink *
sink_new_buf(struct buf *b)
{
	struct buf_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink.write = buf_sink_write;
	s->sink.finish = sink_finish_nothing;
	s->sink.free = sink_free_plain;
	s->b = b;
	return &s->sink;
}

/* --- into two --- */

struct tee_sink {
	struct sink sink;
	struct sink *a, *b;
};

static int
tee_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct tee_sink *s = (struct tee_sink *)sink;
	int r = sink_write(s->a, in, e);

	return r != 0 ? r : sink_write(s->b, in, e);
}

static int
tee_finish(struct sink *sink, struct err *e)
{
	struct tee_sink *s = (struct tee_sink *)sink;
	int r = sink_finish(s->a, e);

	return r != 0 ? r : sink_finish(s->b, e);
}

struct sink *
sink_new_tee(struct sink *a, struct sink *b)
{
	struct tee_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink.write = tee_write;
	s->sink.finish = tee_finish;
	s->sink.free = sink_free_plain;
	s->a = a;
	s->b = b;
	return &s->sink;
}

/* --- counted --- */

struct count_sink {
	struct sink sink;
	uint64_t *count;
	struct sink *next;
};

static int
count_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct count_sink *s = (struct count_sink *)sink;

	*s->count += in.len;
	return s->next != NULL ? sink_write(s->next, in, e) : 0;
}

static int
count_finish(struct sink *sink, struct err *e)
{
	struct count_sink *s = (struct count_sink *)sink;

	return s->next != NULL ? sink_finish(s->next, e) : 0;
}

struct sink *
sink_new_count(uint64_t *count, struct sink *next)
{
	struct count_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink.write = count_write;
	s->sink.finish = count_finish;
	s->sink.free = sink_free_plain;
	s->count = count;
	s->next = next;
	*count = 0;
	return &s->sink;
}

/* --- the first octets kept --- */

struct head_sink {
	struct sink sink;
	struct buf *head;
	struct sink *next;
};

static int
head_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct head_sink *s = (struct head_sink *)sink;
	size_t room = s->head->max - s->head->len;
	size_t len = in.len < room ? in.len : room;

	if (len != 0 && buf_add(s->head, in.p, len) != 0)
		return err_set(e, s->head->err, NULL);
	return sink_write(s->next, in, e);
}

static int
head_finish(struct sink *sink, struct err *e)
{
	return sink_finish(((struct head_sink *)sink)->next, e);
}

struct sink *
sink_new_head(struct buf *head, struct sink *next)
{
	struct head_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink.write = head_write;
	s->sink.finish = head_finish;
	s->sink.free = sink_free_plain;
	s->head = head;
	s->next = next;
	buf_reset(head);
	return &s->sink;
}
