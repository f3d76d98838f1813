/*
 * zlib.h: the compression of CompressedData (RFC 3274, RFC 1950) as stages.
 *
 * zlib is loaded when a stage is made for the first time, so that programs
 * that meet no compressed message start without it. CS_ERR_UNSUPPORTED: it
 * is not installed.
 */
#ifndef CLIENT_CMS_ZLIB_H
#define CLIENT_CMS_ZLIB_H

#include "client/cms/sink.h"

/*
 * What is opened may be this many times as long as what was sent, beyond
 * INFLATE_FREE_LEN octets; text and mail stay below 20. More is a bomb. What is
 * compressed in each other is counted together: each time by itself could grow
 * so much again.
 */
#define INFLATE_RATIO_MAX 200
#define INFLATE_FREE_LEN ((uint64_t)16 << 20)

/* Octets that an opening stage has taken, and that it and those inside of what
 * it opened have given. */
struct inflate_count {
	uint64_t in_len, out_len;
};

/*
 * Sinks that write to next and do not finish it; finish writes the rest.
 * Opening: CS_ERR_ENCODING (no zlib stream, or data behind it),
 * CS_ERR_TRUNCATED at finish, CS_ERR_TOO_LARGE (a bomb). around: the count of
 * the outermost stage that this one is inside of, which outlives it; NULL: it
 * is the outermost.
 */
int CS_MUST_USE sink_new_deflate(
    struct sink *next, struct sink **sink, struct err *e);
int CS_MUST_USE sink_new_inflate(struct sink *next,
    struct inflate_count *around, struct sink **sink, struct err *e);
/* For those inside of an opening stage: what it counts into. Borrowed. */
struct inflate_count *sink_get_inflate_count(struct sink *inflate);

#endif
