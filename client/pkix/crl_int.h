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

/* ReasonFlags: bit n of the BIT STRING is 1 << n; bit 0 is not used. */
#define CRL_REASONS_ALL 0x1feU

/* DistributionPointName; empty where there is none. */
struct dp_name {
	struct bytes full;     /* GeneralNames, content */
	struct bytes relative; /* RelativeDistinguishedName, content */
};

/* A DistributionPoint of a certificate (RFC 5280 4.2.1.13). */
struct dist_point {
	struct dp_name name;
	unsigned reasons;    /* CRL_REASONS_ALL where there are none */
	struct bytes issuer; /* cRLIssuer: GeneralNames, content; or empty */
};

/* What an issuingDistributionPoint says (RFC 5280 5.2.5). */
struct crl_scope {
	struct dp_name name;
	unsigned reasons;
	bool is_user_only, is_ca_only, is_attribute_only, is_indirect;
};

struct crl {
	struct crl_source *source; /* one reference */
	uint8_t *head, *tail;	   /* owned; what the fields borrow from */
	struct crl_span whole, tbs, entries;
	struct bytes issuer;  /* Name, element */
	uint64_t issuer_hash; /* pkix_hash_name */
	struct crl_scope scope;
	struct bytes scope_raw; /* the extension's value; empty: none */
	struct bytes key_id;	/* authorityKeyIdentifier's; empty: none */
	bool is_delta;
	struct bytes number; /* cRLNumber, unsigned; empty: none */
	struct bytes base;   /* BaseCRLNumber of a delta list */
	struct alg_id signature_alg;
	struct bytes signature;
	int64_t this_update, next_update;
	bool has_next_update;
	char unusable[CRL_TEXT_MAX]; /* "" or why */
	/* After crl_load: */
	bool is_loaded;
	uint64_t *index; /* owned; hash << 32 | offset in entries, sorted */
	size_t index_len;
	/* Of an indirect list: the offsets of the entries that change the
	 * certificate issuer (RFC 5280 5.3.3), ascending; owned. */
	uint32_t *turns;
	size_t turns_len;
	uint8_t digest[DIGEST_LEN_MAX]; /* of tbs */
	size_t digest_len;
	/* The key that was tried last, and how it went. A list has one signer,
	 * so once one is found no other is tried. */
	bool is_tried;
	uint8_t tried_key[SPKI_FINGERPRINT_LEN];
	int tried_code;
	bool is_admitted; /* by somebody who may sign it */
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
/* Is it signed by issuer's key, which key is? 0, or why not; remembers the
 * answer. */
int CS_MUST_USE crl_verify(struct crl *crl, const struct cert *issuer,
    const struct spki *key, bool is_legacy);
/*
 * 1: listed, and when and why. 0: not listed. Negative: it cannot be told
 * (crl->unusable). After crl_load. issuer and its pkix_hash_name matter in
 * indirect lists only.
 */
int CS_MUST_USE crl_find(struct crl *crl, struct bytes issuer,
    uint64_t issuer_hash, struct bytes serial, int64_t *revoked_at,
    int *reason);

#define CRL_REASON_HOLD 6
/* Makes it REVOKED, with a text. */
void crl_answer_set_revoked(
    struct crl_answer *a, int64_t at, int reason, int64_t as_of);

/* Of one set: for crl_check.c. */
struct crl *crl_set_get(const struct crl_set *s, size_t i);
bool crl_set_came_along(const struct crl_set *s, size_t i);

/* Is it from a time that is still to come? signers may be NULL. */
bool crl_is_early(
    int64_t this_update, int64_t time, const struct crl_signers *signers);
/* What signers has of that name; it may be NULL. */
void crl_turn(const struct crl_signers *signers, bool came_along);
bool crl_spend(const struct crl_signers *signers, const struct spki *key);

/* --- crl_scope.c --- */

#define CRL_NAMES_MAX 16 /* names looked at in one list of them */

/* The value of an issuingDistributionPoint. The cursor's errors. */
int CS_MUST_USE crl_scope_decode(struct bytes value, struct crl_scope *scope);
/* Takes one DistributionPoint. */
void der_get_dist_point(struct der *d, struct dist_point *dp);
/*
 * RFC 5280 6.3.3 (b): is the list about that certificate, by way of dp? NULL
 * stands for the point that every issuer has by its name.
 */
bool crl_covers(const struct crl *crl, const struct cert *cert,
    uint64_t cert_issuer_hash, const struct dist_point *dp);
/* Is the Name one of the GeneralNames? */
bool general_names_have(struct bytes names, struct bytes name);

#endif
