/*
 * crl.h: certificate revocation lists (RFC 5280 5), judged by 6.3.
 *
 * Complete direct lists are used. A list with a critical extension that is
 * not understood, in itself or in any entry, is not used at all and the
 * answer says so; so are, for now, delta lists, lists with an
 * issuingDistributionPoint and indirect ones.
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
/*
 * Copies der. CS_ERR_ENCODING and its kin: no CRL. Whether it can be used is
 * told by crl_set_check only.
 */
int CS_MUST_USE crl_set_add_der(
    struct crl_set *s, struct bytes der, struct err *e);
/* PEM or DER, one or several. CS_ERR_NO_FILE, CS_ERR_IO, or as above. */
int CS_MUST_USE crl_set_add_file(
    struct crl_set *s, const char *path, struct err *e);

enum crl_status {
	CRL_UNKNOWN, /* no list that is usable says anything */
	CRL_GOOD,
	CRL_REVOKED,
};

#define CRL_TEXT_MAX 200
struct crl_answer {
	enum crl_status status;
	int64_t revoked_at;	 /* REVOKED */
	int reason;		 /* REVOKED: CRLReason, 0 if not told */
	char text[CRL_TEXT_MAX]; /* for people: why unknown, since when */
};

/*
 * Is cert, issued by issuer, revoked as of time? The lists that count bear
 * issuer's name and are signed by its key, which must be allowed to.
 *
 * A list is fresh if time is before its nextUpdate; only fresh ones make a
 * certificate GOOD. REVOKED is taken from stale lists too, and from those
 * issued after time, whatever the revocation date: a judgement that errs
 * should err on this side. A hold counts in the newest list only.
 */
void crl_set_check(const struct crl_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    struct crl_answer *answer);

#endif
