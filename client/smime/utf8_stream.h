/*
 * utf8_stream.h: is a stream well-formed UTF-8 (RFC 3629)?
 */
#ifndef CLIENT_SMIME_UTF8_STREAM_H
#define CLIENT_SMIME_UTF8_STREAM_H

#include "asn1/buf.h"

/* All zero is the start. */
struct utf8_stream {
	bool is_bad;
	unsigned need;	   /* continuation octets still to come */
	uint8_t low, high; /* what the next one may be */
};

void utf8_stream_write(struct utf8_stream *s, struct bytes in);
/* Of what was written, taken as whole. */
bool utf8_stream_is_valid(const struct utf8_stream *s);

#endif
