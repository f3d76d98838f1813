/*
 * crl.h: certificate revocation lists (RFC 5280 5), judged by 6.3.
 *
 * Complete lists, direct and indirect, those for a part of the certificates
 * or reasons (issuingDistributionPoint), and delta lists beside a complete
 * one. A list with a critical extension that is not understood, in itself or
 * in any entry, is not used at all and the answer says so.
 *
 * A list may be large: only its head and tail are held, and 8 bytes per
 * entry once it is asked something. A DER file stays open and is read when
 * needed; it may be replaced meanwhile, but not overwritten (that is found
 * out, and makes the list unusable). PEM is decoded into memory.
 *
 * A set and its lists belong to one thread at a time, even where the set is
 * const: answers are remembered inside.
 */
#ifndef CLIENT_PKIX_CRL_H
#define CLIENT_PKIX_CRL_H

#include "client/pkix/cert.h"

#define CRL_LEN_MAX ((size_t)256 << 20)
#define CRL_HEAD_MAX ((size_t)64 << 10)	 /* before the entries */
#define CRL_TAIL_MAX ((size_t)128 << 10) /* behind them */
#define CRL_ENTRY_MAX 3072
#define CRL_SET_MAX 10000
/* EdDSA signs the list as a whole, which must then fit in memory. */
#define CRL_PURE_MAX ((size_t)32 << 20)

struct crl_set;
struct crl_set *crl_set_new(void);
void crl_set_free(struct crl_set *s);
size_t crl_set_get_len(const struct crl_set *s);
/* The lists of base (may be NULL), which must outlive s, belong to s too. Those
 * of s itself then count as what a message brought along. */
void crl_set_set_base(struct crl_set *s, const struct crl_set *base);
/*
 * Copies der. CS_ERR_ENCODING and its kin: no CRL. Whether it can be used is
 * told by crl_set_check only.
 */
int CS_MUST_USE crl_set_add_der(
    struct crl_set *s, struct bytes der, struct err *e);
/* PEM or DER, one or several. CS_ERR_NO_FILE, CS_ERR_IO, or as above. */
int CS_MUST_USE crl_set_add_file(
    struct crl_set *s, const char *path, struct err *e);

/* Of list i, counted without those of base: has it been found to be signed by
 * somebody who may? And its dates; without nextUpdate *next_update is
 * thisUpdate. */
bool crl_set_is_admitted(const struct crl_set *s, size_t i,
    int64_t *this_update, int64_t *next_update);

enum crl_status {
	CRL_UNKNOWN, /* no list that is usable says anything */
	CRL_GOOD,
	CRL_REVOKED,
};

#define CRL_TEXT_MAX 448
struct crl_answer {
	enum crl_status status;
	int64_t revoked_at;	 /* REVOKED */
	int reason;		 /* REVOKED: CRLReason, 0 if not told */
	int64_t as_of;		 /* not UNKNOWN: thisUpdate of what says so */
	char text[CRL_TEXT_MAX]; /* for people: why unknown, since when */
};

/* How far the clock of a CA may be ahead of ours, in seconds. */
#define CRL_SKEW_MAX 300

/* Where crl_signers.next stands; all zero at the start. */
struct crl_signer_at {
	unsigned source;
	size_t at;
};

/* Who beside a certificate's issuer may have signed a list about it. */
struct crl_signers {
	/* The next certificate with that subject, borrowed; NULL: no more. */
	struct cert *(*next)(
	    void *ctx, struct bytes subject, struct crl_signer_at *at);
	/* Is it to be trusted with that (RFC 5280 6.3.3 (f))? 0, or why not. */
	int (*judge)(void *ctx, struct cert *signer);
	/* Another list or answer is looked at, ours or what came along with a
	 * message. May be NULL. */
	void (*turn)(void *ctx, bool came_along);
	/* Takes one signature check by that key, before it is made; false: out
	 * of bounds. NULL: there are none. */
	bool (*spend)(void *ctx, const struct spki *key);
	void *ctx;
	int64_t now; /* the clock's; before the time asked about: that */
	/* The issuer's key with inherited parameters; NULL: as it is. */
	const struct spki *issuer_key;
};

/*
 * Is cert, issued by issuer, revoked as of time? The lists that count are
 * those that cert's distribution points lead to and those of its issuer, each
 * within its scope. They are signed by issuer's key, or by one of signers
 * (may be NULL), which must be allowed to. GOOD takes lists that cover all
 * reasons between them.
 *
 * A list is fresh if time is before its nextUpdate; only fresh ones make a
 * certificate GOOD. REVOKED is taken from stale lists too, and from those
 * issued after time, whatever the revocation date: a judgement that errs
 * should err on this side. A hold counts in the newest list only. A delta list
 * counts together with a complete one that it goes on from (5.2.4), and
 * makes a stale one fresh. One whose thisUpdate is still to come, by more than
 * CRL_SKEW_MAX, makes nothing good.
 */
void crl_set_check_by(const struct crl_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    const struct crl_signers *signers, struct crl_answer *answer);
/* As above: signed by issuer's key. */
void crl_set_check(const struct crl_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    struct crl_answer *answer);

#endif
