/*
 * secret.h: PINs, content-encryption keys, shared secrets.
 *
 * The memory is locked (never swapped), left out of core dumps and of forked
 * children, stands between two unreadable pages, and is wiped on free. A
 * secret is not printed, not copied by assignment and compared only in
 * constant time. Where the lock limit (RLIMIT_MEMLOCK) is used up, it goes on
 * unlocked; secret_is_locked tells.
 */
#ifndef ASN1_SECRET_H
#define ASN1_SECRET_H

#include "asn1/buf.h"

struct secret; /* opaque */

#define SECRET_LEN_MAX 32768

/* len bytes of zeroes, at most SECRET_LEN_MAX. NULL: no memory or too long. */
struct secret *secret_new(size_t len);
/* A copy of p; the caller wipes its own. NULL as above. */
struct secret *secret_new_from(const void *p, size_t len);
struct secret *secret_dup(const struct secret *s);
/* Wipes and frees. NULL is fine. */
void secret_free(struct secret *s);

/* Borrowed, until secret_free. */
uint8_t *secret_get(struct secret *s);
struct bytes secret_get_bytes(const struct secret *s);
size_t secret_get_len(const struct secret *s);
/* Shortens; the bytes beyond are wiped. len <= the present length. */
void secret_cut(struct secret *s, size_t len);
bool secret_is_equal(const struct secret *a, const struct secret *b);
bool secret_is_locked(const struct secret *s);

#endif
