/*
 * anchor_index.h: many trust anchors, of which only those are decoded whose
 * name is asked for: a mail needs one of the hundreds that are configured.
 *
 * Their form is for caches of our own, not for what others sent: it holds
 * certificates that were decoded before, and whoever gives it answers for that.
 * No I/O here, and one thread at a time.
 */
#ifndef CLIENT_PKIX_ANCHOR_INDEX_H
#define CLIENT_PKIX_ANCHOR_INDEX_H

#include "client/pkix/cert.h"

struct anchor_index;

/*
 * Appends certs in the form that anchor_index_add takes: a count, the table (by
 * a hash of the subject), the certificates. unmarked (may be NULL): those of
 * them that nobody marked for mail, see path.h. CS_ERR_NO_MEMORY,
 * CS_ERR_TOO_LARGE.
 */
int CS_MUST_USE anchor_index_encode(struct buf *b, const struct cert_set *certs,
    const struct cert_set *unmarked);

/*
 * Those that are asked for are added to these sets, which are borrowed. One
 * that is in anchors already is nothing new, and not unmarked for that. NULL:
 * no memory.
 */
struct anchor_index *anchor_index_new(
    struct cert_set *anchors, struct cert_set *unmarked);
void anchor_index_free(struct anchor_index *x); /* NULL is fine */

/*
 * Takes the content of octets, which is empty then, from which the first skip
 * are passed over. takes_unmarked: those that are unmarked count, too.
 * CS_ERR_ENCODING: it is not what anchor_index_encode has made, and is left as
 * it was; CS_ERR_NO_MEMORY; CS_ERR_TOO_LARGE: more than ANCHOR_INDEX_MAX.
 */
#define ANCHOR_INDEX_MAX 4 /* such stretches of octets in one index */
int CS_MUST_USE anchor_index_add(struct anchor_index *x, struct buf *octets,
    size_t skip, bool takes_unmarked);

/* Is there any that may be used, decoded or not? */
bool anchor_index_has_any(const struct anchor_index *x); /* NULL: no */

/*
 * Decodes those with that subject (a Name), or all of them, that are not
 * decoded yet. A failure stays: anchor_index_get_error. x may be NULL.
 */
void anchor_index_draw(struct anchor_index *x, struct bytes subject);
void anchor_index_draw_all(struct anchor_index *x);
/* 0, or CS_ERR_NO_MEMORY, CS_ERR_TOO_LARGE: some may be missing. */
int anchor_index_get_error(const struct anchor_index *x);

#endif
