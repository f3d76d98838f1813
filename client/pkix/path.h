/*
 * path.h: building and validating certification paths (RFC 5280 6).
 */
#ifndef CLIENT_PKIX_PATH_H
#define CLIENT_PKIX_PATH_H

#include "client/pkix/cert.h"

enum path_purpose {
	PATH_ANY,
	PATH_SIGN,    /* mail: digitalSignature or nonRepudiation, EKU */
	PATH_ENCRYPT, /* mail: keyEncipherment or keyAgreement, EKU */
};

enum path_revocation {
	PATH_REVOCATION_OFF,
	PATH_REVOCATION_SOFT, /* unknown is no fault */
	PATH_REVOCATION_HARD,
};

struct crl_set; /* see crl.h */

struct path_params {
	const struct cert_set *anchors;	      /* may be NULL: none */
	const struct cert_set *intermediates; /* may be NULL */
	const struct cert_set *extra; /* those in the message; may be NULL */
	const struct crl_set *crls;   /* may be NULL */
	int64_t time;		      /* seconds since 1970 */
	enum path_purpose purpose;
	enum path_revocation revocation;
	bool is_legacy; /* admit weak algorithms */
};

/* Bounds on the search; reaching one is CS_ERR_NO_PATH with a text. */
#define PATH_LEN_MAX 16		/* certificates in a path */
#define PATH_SIGNATURES_MAX 512 /* signature checks in one search */

struct path_result {
	int code;	       /* 0, or why the best path failed */
	char text[512];	       /* which certificate, what, what to do */
	struct cert_set *path; /* leaf first, anchor last when it is there;
				  NULL when nothing was found */
	struct cert *anchor;   /* NULL unless code is 0; borrowed of path */
	int revocation_code;   /* 0 good, CS_ERR_REVOKED ... */
	bool is_revocation_checked;
	char revocation_text[256];
};

/*
 * Finds a path from leaf to an anchor, best first, and validates it. Several
 * issuers with one name or key are all tried. An anchor that is the leaf
 * itself counts. The failure told is that of the path that came furthest.
 * Returns result->code; result is always filled, to be cleared.
 */
int path_find(struct cert *leaf, const struct path_params *params,
    struct path_result *result);
void path_result_clear(struct path_result *result);

/* Whole default anchors: our own anchor files (doc: cardseal(1), FILES),
 * those that exist. *found tells how many certificates. */
int CS_MUST_USE anchors_load_default(
    struct cert_set *anchors, size_t *found, struct err *e);

#endif
