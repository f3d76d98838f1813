/*
 * path_cache.h: what was found out about certificates, kept for the next
 * message: what they decode to, signatures that are good, and whole paths.
 *
 * All are facts about octets and about the sets that are searched: a cache
 * belongs to one set of anchors, intermediates and lists, which must not
 * change while it is used. For one thread at a time.
 */
#ifndef CLIENT_PKIX_PATH_CACHE_H
#define CLIENT_PKIX_PATH_CACHE_H

#include "client/pkix/path.h"

/* A path is taken again for this long, and not beyond the dates of its
 * certificates; a list may have become stale in between. */
#define PATH_CACHE_SECONDS 60
#define PATH_CACHE_PATHS_MAX 8192
#define PATH_CACHE_SIGNATURES_MAX 16384
#define PATH_CACHE_CERTS_MAX 4096
#define PATH_CACHE_CERT_LEN_MAX 4096 /* octets; larger ones are not kept */

struct path_cache;
struct path_cache *path_cache_new(void); /* NULL: no memory */
void path_cache_free(struct path_cache *cache);

/* As cert_decode (cert.h), and kept: the same octets give the same struct cert
 * again. cache may be NULL. */
int CS_MUST_USE path_cache_decode(struct path_cache *cache, struct bytes der,
    struct cert **cert, struct err *e);

/*
 * The good result of an earlier search for the leaf with equal params (but
 * for extra, which can only have helped), as if found now. False: none.
 */
bool path_cache_get(struct path_cache *cache, const struct cert *leaf,
    const struct path_params *params, struct path_result *result);
/* Keeps a good result; without memory nothing is kept. */
void path_cache_put(struct path_cache *cache, const struct cert *leaf,
    const struct path_params *params, const struct path_result *result);

/* Is it known that child is signed by issuer's key, which is strong enough
 * for is_legacy? */
bool path_cache_has_signature(const struct path_cache *cache,
    const struct cert *child, const struct cert *issuer, bool is_legacy);
void path_cache_add_signature(struct path_cache *cache,
    const struct cert *child, const struct cert *issuer, bool is_legacy);

#endif
