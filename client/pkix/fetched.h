/*
 * fetched.h: what was fetched from the network, kept in SQLite: fetched.db in
 * the XDG cache folder.
 *
 * An entry is known by its URL and the octets of the question (an OCSP
 * request; empty elsewhere). It is put in only by who has found it to be
 * genuine. One is never replaced by an older one, whoever asks for it: the
 * comparison is made inside the transaction, so two processes may put at once.
 *
 * A cache that cannot be used is done without: NULL stands for an empty one.
 * For one thread at a time.
 */
#ifndef CLIENT_PKIX_FETCHED_H
#define CLIENT_PKIX_FETCHED_H

#include <stdbool.h>

#include "asn1/buf.h"

#define FETCHED_BODY_MAX ((size_t)32 << 20)
#define FETCHED_ENTRIES_MAX 2000
/* Entries are forgotten so long after they went stale, in seconds. */
#define FETCHED_KEPT 2592000

struct fetched;
/* NULL: there is none, and none can be made, or no memory. */
struct fetched *fetched_open(void);
void fetched_free(struct fetched *f);

struct fetched_entry {
	int64_t this_update; /* of two, the one with the higher is newer */
	int64_t next_update; /* is stale from then on */
};
/* Appends the body to b. False: it is not there. */
bool fetched_get(struct fetched *f, struct bytes url, struct bytes question,
    struct fetched_entry *entry, struct buf *b);
/* Puts an entry in, unless one at least as new is there; and forgets what is
 * too old as of now. Failures leave the cache as it was. */
void fetched_put(struct fetched *f, struct bytes url, struct bytes question,
    const struct fetched_entry *entry, struct bytes body, int64_t now);

#endif
