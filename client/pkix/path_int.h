/*
 * path_int.h: what the parts of path_find share. path_build.c searches,
 * path_validate.c judges one path and knows nothing of the search.
 */
#ifndef CLIENT_PKIX_PATH_INT_H
#define CLIENT_PKIX_PATH_INT_H

#include "client/pkix/path.h"

/* A path, leaf first. Everything borrowed. */
struct path_chain {
	struct cert *certs[PATH_LEN_MAX];
	size_t len;
	struct cert *anchor; /* NULL: none; certs[0]: trusted by itself */
};

/* The failure to be told: that with the highest rank. */
#define PATH_RANK_ISSUER 0	 /* + length: no issuer */
#define PATH_RANK_SIGNATURE 100	 /* + length: wrong signature */
#define PATH_RANK_VALIDATION 200 /* + how close to the leaf it came */
struct path_fault {
	int code;
	int rank;
	char text[PATH_TEXT_MAX];
	struct path_chain chain;
};

/* A power of two, larger than all signatures that there can be. */
#define PATH_MEMO_LEN 1024
struct path_memo {
	const struct cert *child;  /* NULL: free */
	const struct cert *issuer; /* whose key it was */
	int code;
};

/* What is being looked at. */
enum path_for {
	PATH_FOR_SEARCH,
	PATH_FOR_OURS,	/* a list or answer of ours: may use the reserves */
	PATH_FOR_ALONG, /* one that came along, and all that follows from it */
};

/* Whose signatures on lists and OCSP answers are believed: path_revoke.c. One
 * for all nested searches. */
#define PATH_SIGNERS_MAX 64
#define PATH_SIGNERS_RESERVE 32 /* for our own lists and answers */
#define PATH_SIGNER_DEPTH_MAX 4
struct path_signers {
	struct path_signer {
		const struct cert *signer, *anchor;
		const struct cert *issuer; /* of a responder; or NULL */
		int code;
		bool is_open; /* is being judged */
		enum path_for what_for;
	} known[PATH_SIGNERS_MAX + PATH_SIGNERS_RESERVE];
	size_t len;
	unsigned depth;
};

struct path_ctx {
	const struct path_params *params;
	struct path_log *log;	      /* NULL: steps are not noted */
	struct path_signers *signers; /* NULL until a list was asked */
	unsigned signatures;	      /* done so far */
	unsigned work;		      /* likewise */
	bool is_over;		      /* more of one of them was wanted */
	enum path_for what_for;
	struct path_memo *memo;
	struct path_fault fault;
	char remark[PATH_TEXT_MAX]; /* of the path validated last */
};

/*
 * Records the failure if none of a higher or the same rank is there: cert's
 * description, then the text. Returns code.
 */
int path_fail(struct path_ctx *ctx, int rank, const struct path_chain *chain,
    int code, const struct cert *cert, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* "certificate "Alice <alice@example.org>" (serial 2a)" into dst. */
char *path_describe(char *dst, size_t size, const struct cert *cert);
/* Takes units of work; false when the bound is reached. */
bool path_spend(struct path_ctx *ctx, size_t units);

/* Takes one signature check by that key. */
bool path_spend_signature(struct path_ctx *ctx, const struct spki *key);

/*
 * Is child signed by issuer's key? Remembered by key. working is that key
 * with the parameters that it inherits along the path, or NULL where that is
 * not known yet. CS_ERR_WEAK, CS_ERR_ALGORITHM, CS_ERR_BAD_SIGNATURE,
 * CS_ERR_NO_PATH: out of bounds.
 */
int CS_MUST_USE path_signature(struct path_ctx *ctx, const struct cert *child,
    const struct cert *issuer, const struct spki *working);

/* RFC 5280 6.1. 0, or the code of the failure recorded in ctx. */
int CS_MUST_USE path_validate(
    struct path_ctx *ctx, const struct path_chain *chain);

/* As cert_set_next_subject in the anchors, those of the index too. */
struct cert *path_next_anchor(
    const struct path_params *params, struct bytes subject, size_t *at);

/* How much speaks against a certificate as child's issuer; and its key
 * identifier alone, 0 if it fits. */
int path_score_issuer(const struct path_params *params,
    const struct cert *child, const struct cert *issuer);
int path_score_key_id(const struct cert *child, const struct cert *issuer);

/* The extended key usage that the purpose wants, and its name. */
enum oid path_purpose_oid(const struct path_params *params);
const char *path_purpose_name(const struct path_params *params);
/*
 * Is signer, which signed a list, below that anchor and not revoked itself?
 * A search of its own within what is left of the outer one's bounds.
 */
int CS_MUST_USE path_find_signer(
    struct path_ctx *outer, struct cert *signer, struct cert *anchor);
/* The outer search's params for one inside it: any purpose, any policy. */
struct path_params path_params_inside(const struct path_ctx *outer);

/* Fills result's revocation part. Returns what it makes of the path. */
int CS_MUST_USE path_revocation(struct path_ctx *ctx,
    const struct path_chain *chain, struct path_result *result);

/* Name constraints (RFC 5280 4.2.1.10), borrowed from the certificate. */
struct name_constraints {
	struct bytes permitted, excluded; /* GeneralSubtrees, content */
};
int CS_MUST_USE name_constraints_decode(
    struct bytes value, struct name_constraints *nc, struct err *e);
/* Are all names of cert within? CS_ERR_PATH; CS_ERR_NO_PATH: out of bounds. */
int CS_MUST_USE name_constraints_check(struct path_ctx *ctx,
    const struct name_constraints *nc, const struct cert *cert, struct err *e);

/* Policies (RFC 5280 6.1.2 to 6.1.5) as a graph: path_policy.c. It borrows
 * from the certificates. */
struct policy_graph;
struct policy_graph *policy_graph_new(struct path_ctx *ctx);
void policy_graph_free(struct policy_graph *g);
/* 6.1.3 (d), (e). CS_ERR_PATH: broken; CS_ERR_NO_PATH: out of bounds. */
int CS_MUST_USE policy_graph_add_cert(struct policy_graph *g,
    const struct cert *cert, bool is_any_allowed, struct err *e);
/* 6.1.4 (a), (b), after each certificate but the last. */
int CS_MUST_USE policy_graph_map(struct policy_graph *g,
    const struct cert *cert, bool is_mapping_allowed, struct err *e);
/* 6.1.5 (g): is anything left within the policies asked for? */
bool policy_graph_has_valid(
    struct policy_graph *g, const struct bytes *policies, size_t policies_len);

/* Calls fn with each of these, in the anchor's terms; anyPolicy for all. */
void policy_graph_walk_valid(struct policy_graph *g,
    const struct bytes *policies, size_t policies_len,
    void (*fn)(void *ctx, struct bytes oid), void *ctx);

/* Notes a step with its result, which it returns; nothing without a log. */
int path_log_step(struct path_ctx *ctx, size_t at, const char *what,
    const char *section, int code);
/* Likewise, with a text of its own. */
void path_log_add(struct path_ctx *ctx, size_t at, const char *what,
    const char *section, int code, const char *text);
void path_log_policies(struct path_log *log, struct policy_graph *g,
    const struct path_params *params);

#endif
