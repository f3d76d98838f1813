/*
 * segment.h: content octets into segments of a constructed OCTET STRING
 * (X.690 8.7.3), for BER of indefinite length.
 */
#ifndef CLIENT_CMS_SEGMENT_H
#define CLIENT_CMS_SEGMENT_H

#include "client/cms/sink.h"

#define SEGMENT_LEN SINK_PIECE_LEN
/* A run at least this long becomes segments without being copied. */
#define SEGMENT_DIRECT_MIN ((size_t)16 << 10)

/*
 * Writes primitive OCTET STRINGs to next, each at most SEGMENT_LEN octets;
 * what stands around them is the caller's. finish writes the last segment and
 * does not finish next. NULL: no memory.
 */
struct sink *sink_new_segments(struct sink *next);

#endif
