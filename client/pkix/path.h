/*
 * path.h: building and validating certification paths (RFC 5280 6).
 *
 * Where the standard leaves room, this is decided:
 *
 * - An anchor is trusted by identity, and by name and key: a path may end at
 *   any certificate whose issuer has the anchor's name and key. An anchor's
 *   own signature, validity and policies are not looked at (RFC 5280 6.1); a
 *   path below an anchor that has expired is good, and the text says so.
 * - An anchor's own restrictions bind all the same, as RFC 5937 allows: a v3
 *   anchor that is no CA (basicConstraints, keyUsage), and an older one that
 *   isn't self-issued, is trusted for itself alone; pathLenConstraint,
 *   nameConstraints, extendedKeyUsage and critical extensions that are not
 *   understood count as in any CA.
 * - A CA's extendedKeyUsage restricts what is below it: for a mail purpose it
 *   must hold emailProtection or anyExtendedKeyUsage. NSS, OpenSSL and the
 *   root programs read it so; RFC 5280 says nothing about it.
 * - Only v3 certificates with cA can be intermediates.
 * - Weak algorithms and keys (strength.h) are CS_ERR_WEAK for every
 *   certificate below the anchor, and for the anchor's key.
 * - A DSA key without parameters takes those of the key that signed it. EC
 *   keys have named curves (RFC 5480); others verify nothing.
 */
#ifndef CLIENT_PKIX_PATH_H
#define CLIENT_PKIX_PATH_H

#include "client/pkix/anchor_index.h"
#include "client/pkix/cert.h"

enum path_purpose {
	PATH_ANY,
	PATH_SIGN,	 /* mail: digitalSignature or nonRepudiation, EKU */
	PATH_ENCRYPT,	 /* mail: keyEncipherment or keyAgreement, EKU */
	PATH_TIME_STAMP, /* as PATH_SIGN with timeStamping as EKU */
};

enum path_revocation {
	PATH_REVOCATION_OFF,
	PATH_REVOCATION_SOFT, /* unknown is no fault */
	PATH_REVOCATION_HARD,
};

struct crl_set;	 /* see crl.h */
struct ocsp_set; /* see ocsp.h */

/*
 * Where more comes from while a path is looked for: the network. Each call may
 * take as long as its maker allows, all of them together, and none has to give
 * anything.
 */
struct path_source {
	/* Adds certificates that may have issued child to the set that
	 * params->intermediates names, at its end. How many there are. */
	size_t (*get_issuers)(void *ctx, const struct cert *child);
	/* Adds something about cert to what params->crls and params->ocsps
	 * name, and moves *at, which starts at 0, on. False: there is no more.
	 */
	bool (*get_revocation)(void *ctx, const struct cert *cert,
	    const struct cert *issuer, unsigned *at);
	/* Why something did not come, of late; "" if nothing was wrong. */
	const char *(*get_failure)(void *ctx);
	void *ctx;
};

struct path_params {
	const struct cert_set *anchors;	 /* may be NULL: none */
	const struct cert_set *unmarked; /* those of them that nobody marked for
					    mail: a path to one of these has a
					    remark; may be NULL */
	struct anchor_index *anchor_index;    /* adds to anchors when a name is
						 asked for; may be NULL */
	const struct cert_set *intermediates; /* may be NULL */
	const struct cert_set *extra; /* those in the message; may be NULL */
	const struct crl_set *crls;   /* may be NULL */
	const struct ocsp_set *ocsps; /* may be NULL */
	int64_t time;		      /* seconds since 1970 */
	int64_t now; /* the clock's, where time is another; 0: time */
	enum path_purpose purpose;
	enum path_revocation revocation;
	bool is_legacy; /* admit weak algorithms */
	/* RFC 5280 6.1.1 (c), (e) to (g): content octets of the OIDs; none
	 * stands for anyPolicy. */
	const struct bytes *policies;
	size_t policies_len;
	bool is_explicit_policy;
	bool is_mapping_inhibited;
	bool is_any_policy_inhibited;
	bool wants_log;
	/* Bounds of this search below those that are below, for who makes many;
	 * 0: those. */
	unsigned signatures_max, work_max;
	struct path_cache *cache;	  /* path_cache.h; may be NULL */
	const struct path_source *source; /* NULL: offline */
};

/* Bounds on the search; reaching one is CS_ERR_NO_PATH with a text. */
#define PATH_LEN_MAX 16		/* certificates in a path, anchor apart */
#define PATH_SIGNATURES_MAX 512 /* signature checks in one search */
#define PATH_NODES_MAX 20000	/* certificates put into partial paths */
/* Comparisons of names with constraints, policies and mappings looked at. */
#define PATH_WORK_MAX (1U << 20)
/* More of these for the lists and OCSP answers that we have ourselves: nothing
 * that comes along with a message can use it up. */
#define PATH_SIGNATURES_RESERVE 128
#define PATH_WORK_RESERVE (1U << 18)

#define PATH_TEXT_MAX 512

/* One step of the validation of the path that is told. */
struct path_step {
	size_t at;	     /* of the certificate in the path; 0: the leaf */
	const char *what;    /* "signature", "validity" ... static */
	const char *section; /* of RFC 5280 if it is a number; or "" */
	int code;	     /* 0: passed */
	char *text;	     /* "", or why not */
};

struct path_log {
	struct path_step *steps;
	size_t len, cap;
	/* The policies that hold along a good path, dotted, in the anchor's
	 * terms (RFC 5280 6.1.5, user-constrained-policy-set). */
	struct buf policies; /* each followed by a NUL */
	unsigned signatures; /* checked in the whole search */
	unsigned work;
};

struct path_result {
	int code;		  /* 0, or why the best path failed */
	char text[PATH_TEXT_MAX]; /* which certificate, what, what to do; with
				     code 0 a remark, or "" */
	struct cert_set *path;	  /* leaf first, anchor last when it is there;
				     NULL when nothing was found */
	struct cert *anchor;	  /* NULL unless code is 0; borrowed of path */
	/*
	 * 0: nobody asked (OFF), or no certificate of the path is revoked.
	 * CS_ERR_REVOKED. CS_ERR_UNTRUSTED: some certificate's status is
	 * unknown (no list, a stale one, an unusable one); a fault if HARD.
	 */
	int revocation_code;
	bool is_revocation_checked; /* the status of all is known */
	char revocation_text[PATH_TEXT_MAX];
	unsigned signatures, work; /* what the search took of its bounds */
	bool is_given_up;	   /* code is not 0, and a bound was reached */
	struct path_log *log;	   /* NULL unless params want it */
};

/*
 * Finds a path from leaf to an anchor, best first, and validates it. Several
 * issuers with one name or key are all tried. An anchor that is the leaf
 * itself counts. The failure told is that of the path that came furthest.
 * Returns result->code; result is always filled, to be cleared.
 *
 * CS_ERR_NO_PATH: no anchor is reached, or a bound was. CS_ERR_PATH: a
 * signature, constraint, policy or usage. CS_ERR_EXPIRED (not yet valid, too),
 * CS_ERR_WEAK, CS_ERR_CRITICAL, CS_ERR_REVOKED; CS_ERR_UNTRUSTED: a status is
 * unknown with PATH_REVOCATION_HARD; CS_ERR_NO_MEMORY.
 */
int path_find(struct cert *leaf, const struct path_params *params,
    struct path_result *result);
void path_result_clear(struct path_result *result);
/*
 * The leaf's key with the parameters that it inherits along a good path;
 * borrows from that. CS_ERR_ALGORITHM: there is no good path, or nothing to
 * be inherited and nothing of its own.
 */
int CS_MUST_USE path_get_leaf_key(
    const struct path_result *result, struct spki *key);

/*
 * Calls fn with the paths where our own anchor files may be (doc: cardseal(1),
 * FILES), the user's first; e is passed on to it. A result that is not 0 ends
 * it and is returned.
 */
int CS_MUST_USE anchors_walk_files(
    int (*fn)(void *ctx, const char *path, struct err *e), void *ctx,
    struct err *e);

/* Likewise intermediates.pem: certificates that help to find paths and are
 * sent along with signatures; they are not trusted for that. */
int CS_MUST_USE intermediates_load_default(
    struct cert_set *intermediates, struct err *e);

#endif
