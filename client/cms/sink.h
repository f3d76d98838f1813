/*
 * sink.h: the push pipeline. A message moves through stages; each is a sink
 * that takes bytes and hands on what it makes of them to the sink behind it.
 *
 * Rules: write takes any length, 0 too, in pieces of any size, and takes all
 * of it or fails; after a failure nothing more is written, and finish is not
 * called. finish ends the stream, once; it does not finish the sink behind
 * unless the stage's header says so. free releases the stage alone and may
 * come at any time.
 *
 * The other end is a source: something that can push a whole stream into a
 * sink, as often as it is asked, and gives the same bytes each time or fails.
 */
#ifndef CLIENT_CMS_SINK_H
#define CLIENT_CMS_SINK_H

#include "asn1/buf.h"

struct sink {
	int (*write)(struct sink *sink, struct bytes in, struct err *e);
	int (*finish)(struct sink *sink, struct err *e);
	void (*free)(struct sink *sink); /* NULL: nothing to release */
};

static inline int CS_MUST_USE
sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	return sink->write(sink, in, e);
}

static inline int CS_MUST_USE
sink_finish(struct sink *sink, struct err *e)
{
	return sink->finish(sink, e);
}

static inline void
sink_free(struct sink *sink)
{
	if (sink != NULL && sink->free != NULL)
		sink->free(sink);
}

struct source {
	/* Pushes everything into sink; does not finish it. */
	int (*run)(struct source *source, struct sink *sink, struct err *e);
	/* Nobody else can change it between two runs: memory, or a spool. */
	bool is_stable;
};

static inline int CS_MUST_USE
source_run(struct source *source, struct sink *sink, struct err *e)
{
	return source->run(source, sink, e);
}

/*
 * Piece size of everything that reads, in bytes: as large as stays in a
 * processor's second cache together with what is made of it.
 */
#define SINK_PIECE_LEN ((size_t)128 << 10)

/* The plain sinks. NULL: no memory. */
struct sink *sink_new_null(void);
/* Appends to b, which must outlive the sink. */
struct sink *sink_new_buf(struct buf *b);
/* Writes to both, first to a; owns neither. finish finishes both. */
struct sink *sink_new_tee(struct sink *a, struct sink *b);
/* Counts into *count (64 bit) and passes on to next (may be NULL). finish
 * finishes next. */
struct sink *sink_new_count(uint64_t *count, struct sink *next);
/* Keeps the first octets in head, as many as its max says, and passes all on
 * to next. finish finishes next. */
struct sink *sink_new_head(struct buf *head, struct sink *next);
/* Base64 with line ends (asn1/base64.h), out to next. finish writes the last
 * line and does not finish next. */
struct sink *sink_new_base64_enc(
    struct sink *next, size_t line_len, const char *eol);
/* finish checks that the last group is whole; does not finish next. */
struct sink *sink_new_base64_dec(struct sink *next);
struct digest;
/* Feeds a digest (asn1/alg/digest.h), passes on to next (may be NULL). */
struct sink *sink_new_digest(struct digest *digest, struct sink *next);

#endif
