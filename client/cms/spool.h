/*
 * spool.h: bytes kept for a second reading: in memory up to SPOOL_MEMORY_MAX,
 * beyond that in an unlinked file of mode 0600 in $TMPDIR or /var/tmp (one
 * that is no tmpfs, where there is a choice).
 */
#ifndef CLIENT_CMS_SPOOL_H
#define CLIENT_CMS_SPOOL_H

#include "asn1/buf.h"

#define SPOOL_MEMORY_MAX ((size_t)256 << 10)

/* Plain data; init, then clear. */
struct spool {
	struct buf head; /* everything, as long as it is in memory */
	uint64_t len;
	uint64_t dropped;   /* what lies before is gone */
	int fd;		    /* -1: in memory */
	const char *dir;    /* where fd is; static or in dir_copy */
	char dir_copy[256]; /* of $TMPDIR */
};

void spool_init(struct spool *s);
void spool_clear(struct spool *s);
/* CS_ERR_NO_SPACE and CS_ERR_IO name the folder. */
int CS_MUST_USE spool_add(struct spool *s, struct bytes in, struct err *e);
/* What lies before offset is not read again: most of its space is given back,
 * where the file system can. */
void spool_drop(struct spool *s, uint64_t offset);
/* Exactly len bytes, which must be there. CS_ERR_INTERNAL: they are not, or
 * were dropped. */
int CS_MUST_USE spool_read_at(
    const struct spool *s, uint64_t offset, void *p, size_t len, struct err *e);

#endif
