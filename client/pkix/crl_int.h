/*
 * crl_int.h: one list, and where its octets are.
 */
#ifndef CLIENT_PKIX_CRL_INT_H
#define CLIENT_PKIX_CRL_INT_H

#include "client/pkix/crl.h"

/* Octets in a file or in memory, shared by the lists found in them. */
struct crl_source {
	unsigned refs;
	int fd;	       /* or -1 */
	uint8_t *data; /* without fd; owned */
	uint64_t len;
};

/* Takes fd over. NULL: no memory (fd is closed). */
struct crl_source *crl_source_new_fd(int fd, uint64_t len);
struct crl_source *crl_source_new_copy(struct bytes data);
void crl_source_free(struct crl_source *s); /* drops one reference */
/* Reads exactly len octets. CS_ERR_CHANGED when they are gone. */
int CS_MUST_USE crl_source_read(
    const struct crl_source *s, uint64_t at, void *dst, size_t len);

struct crl_span {
	uint64_t at; /* in the source */
	uint64_t len;
};

struct crl {
	struct crl_source *source; /* one reference */
	uint8_t *head, *tail;	   /* owned; what the fields borrow from */
	struct crl_span whole, tbs, entries;
	struct bytes issuer; /* Name, element */
	struct alg_id signature_alg;
	struct bytes signature;
	int64_t this_update, next_update;
	bool has_next_update;
	char unusable[CRL_TEXT_MAX]; /* "" or why */
	/* After crl_load: */
	bool is_loaded;
	uint64_t *index; /* owned; hash << 32 | offset in entries, sorted */
	size_t index_len;
	uint8_t digest[DIGEST_LEN_MAX]; /* of tbs */
	size_t digest_len;
	/* The key that was tried last, and how it went. */
	bool is_tried;
	uint8_t tried_key[SPKI_FINGERPRINT_LEN];
	int tried_code;
};

/* Decodes head and tail of the list that starts at; *end is behind it. */
int CS_MUST_USE crl_new(struct crl_source *source, uint64_t at,
    struct crl **crl, uint64_t *end, struct err *e);
void crl_free(struct crl *crl);
/*
 * Reads the list once: digest of what is signed, index of the entries. What
 * makes it unusable goes into crl->unusable. Negative: no memory only.
 */
int CS_MUST_USE crl_load(struct crl *crl);
/* Is it signed by that key? 0, or why not; remembers the answer. */
int CS_MUST_USE crl_verify(
    struct crl *crl, const struct cert *issuer, bool is_legacy);
/*
 * 1: listed, and when and why. 0: not listed. Negative: it cannot be told
 * (crl->unusable). After crl_load.
 */
int CS_MUST_USE crl_find(
    struct crl *crl, struct bytes serial, int64_t *revoked_at, int *reason);

#endif
