/*
 * parts.h: a MIME entity, taken apart for showing: internal to this folder.
 *
 * The body is the HTML, or else the text, that is to be shown first; what else
 * there is comes as parts with names. In a multipart/alternative what is not
 * the body is left out. Enclosed messages are parts.
 */
#ifndef CLIENT_OWA_PARTS_H
#define CLIENT_OWA_PARTS_H

#include "asn1/buf.h"

#define OWA_PARTS_MAX 1000

struct owa_part {
	char *name;	    /* UTF-8, for people */
	char *type;	    /* "image/png" */
	char *content_id;   /* without < and >; NULL: none */
	struct buf content; /* decoded */
};

/* All zero is empty. */
struct owa_parts {
	struct buf body; /* UTF-8 */
	bool is_html;
	struct owa_part *items; /* what is not the body */
	size_t len;
};

/* CS_ERR_TOO_LARGE, also for more than OWA_PARTS_MAX parts; CS_ERR_NO_MEMORY.
 * parts is to be cleared in any case. */
int CS_MUST_USE owa_parts_read(
    struct owa_parts *parts, struct bytes entity, struct err *e);
void owa_parts_clear(struct owa_parts *parts);

/* text.c: appends text in that character set as UTF-8, with U+FFFD for what is
 * none. charset may be "". */
int owa_text_put(struct buf *out, const char *charset, struct bytes in);

/* pictures.c: appends the body; in HTML what names a picture among the parts
 * ("cid:") has the picture itself, since Outlook cannot fetch it. */
int owa_put_pictures(struct buf *out, const struct owa_parts *parts);

#endif
