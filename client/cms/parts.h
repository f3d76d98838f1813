/*
 * parts.h: what stands around the content of a SignedData, kept as it came.
 */
#ifndef CLIENT_CMS_PARTS_H
#define CLIENT_CMS_PARTS_H

#include "client/cms/cms.h"

/* Runs of bytes from the message, each kept whole. */
struct elements {
	struct buf *items;
	size_t len;	  /* how many */
	size_t total_len; /* octets of all */
};
/* CS_ERR_TOO_LARGE beyond max elements or octets; what names them in e. */
int CS_MUST_USE elements_add(struct elements *list, struct bytes element,
    size_t max, size_t total_max, const char *what, struct err *e);
void elements_clear(struct elements *list);
bool elements_has(const struct elements *list, struct bytes element);

struct digest;
/*
 * All elements in DER. All zero is empty. The digest is that of the content
 * inside, over what was announced and what the memo wanted; NULL if there is
 * none. To be cleared; a reader that fills it clears it first.
 */
struct cms_parts {
	struct buf content_type; /* OID, content octets */
	struct elements digests; /* AlgorithmIdentifier */
	struct elements certificates;
	struct elements crls;
	struct elements signers;
	bool has_content;
	uint64_t content_len;
	struct digest *digest;
};
void cms_parts_clear(struct cms_parts *parts);

#endif
