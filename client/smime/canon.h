/*
 * canon.h: line ends in the form that is signed (RFC 8551 3.1.1): CRLF.
 */
#ifndef CLIENT_SMIME_CANON_H
#define CLIENT_SMIME_CANON_H

#include "client/cms/sink.h"

/*
 * A stage that puts a CR before each LF that has none, and hands on to next.
 * A CR without LF stays as it is. finish does not finish next. NULL: no
 * memory.
 */
struct sink *sink_new_canon(struct sink *next);
/* The same as on a processor without AVX2, for the tests. */
struct sink *sink_new_canon_plain(struct sink *next);

/* The same of what another source gives; plain data, borrows inner. */
struct canon_source {
	struct source source;
	struct source *inner;
};
void canon_source_init(struct canon_source *s, struct source *inner);

/*
 * A stage for texts whose lines end in CR alone: each CR becomes LF, so that
 * everything behind it finds lines, and offsets stay what they were.
 */
struct sink *sink_new_cr_to_lf(struct sink *next);

#endif
