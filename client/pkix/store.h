/*
 * store.h: the certificates of correspondents, in SQLite.
 *
 * One file, certificates.db in the XDG data folder (0700; the file 0600). It
 * holds certificates by fingerprint and the addresses that each is for; what
 * may be done with one is judged when it is used, not when it is stored.
 * Several processes may use it at once, and one that is killed loses at most
 * what it had not finished.
 *
 * SQLite is loaded when the store is opened. For one thread at a time.
 */
#ifndef CLIENT_PKIX_STORE_H
#define CLIENT_PKIX_STORE_H

#include "client/pkix/cert.h"

struct store;

enum store_source {
	STORE_IMPORTED, /* from a file, by a person */
	STORE_MAIL,	/* came with a mail whose signature is good */
};

/* What is known about a certificate beside itself. */
struct store_entry {
	enum store_source source;
	int64_t added; /* seconds since 1970 */
};

/*
 * Opens the store, and makes it if is_written. A store that is not there and
 * not to be made is no error: *store is NULL, and every function takes NULL
 * for an empty store. CS_ERR_STORE: SQLite is missing, or the file is none of
 * ours or broken; CS_ERR_IO.
 */
int CS_MUST_USE store_open(
    bool is_written, struct store **store, struct err *e);
void store_free(struct store *store);
/*
 * Puts a certificate in; one that is there stays as it is, but for one from
 * mail that is imported now. *is_new tells (may be NULL).
 */
int CS_MUST_USE store_add(struct store *store, struct cert *c,
    enum store_source source, int64_t now, bool *is_new, struct err *e);
/*
 * What came with a mail whose signature is good: the certificate (STORE_MAIL),
 * and SMIMECapabilities (RFC 8551 2.5.2, content octets; may be empty) signed
 * at that time, unless some are there that are as new. Writes nothing where
 * nothing is new.
 */
int CS_MUST_USE store_keep(struct store *store, struct cert *c,
    int64_t signed_at, struct bytes capabilities, int64_t now, struct err *e);
/* Appends the capabilities kept with a certificate; false: there are none. */
bool store_get_capabilities(
    struct store *store, const struct cert *c, struct buf *list);
/* One transaction around several; end with is_good false takes all back. */
int CS_MUST_USE store_begin(struct store *store, struct err *e);
int CS_MUST_USE store_end(struct store *store, bool is_good, struct err *e);
int CS_MUST_USE store_remove(
    struct store *store, const struct cert *c, struct err *e);
/* Adds those for exactly that address (address.h), the newest first. */
int CS_MUST_USE store_find_address(struct store *store, struct bytes address,
    struct cert_set *found, struct err *e);
/* Adds all, in order of fingerprint. */
int CS_MUST_USE store_get_all(
    struct store *store, struct cert_set *found, struct err *e);
/* False: it is not in the store. */
bool store_get_entry(
    struct store *store, const struct cert *c, struct store_entry *entry);

#endif
