/*
 * compressed.h: CompressedData (RFC 3274) made as a stream.
 */
#ifndef CLIENT_CMS_COMPRESSED_H
#define CLIENT_CMS_COMPRESSED_H

#include "client/cms/cms.h"

/* A source that gives content as CompressedData in BER of indefinite length,
 * the same octets each time; content must outlive it. Plain data. */
struct compressed_source {
	struct source source;
	struct source *content;
	bool has_content_info; /* a ContentInfo around it; else the bare
				  CompressedData, for content types */
};
void compressed_source_init(
    struct compressed_source *s, struct source *content, bool has_content_info);

#endif
