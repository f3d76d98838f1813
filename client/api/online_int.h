/*
 * online_int.h: what the parts of online.c share.
 */
#ifndef CLIENT_API_ONLINE_INT_H
#define CLIENT_API_ONLINE_INT_H

#include "client/api/job.h"
#include "client/fetch/fetch.h"
#include "client/pkix/fetched.h"
#include "client/pkix/urls.h"

/* What was fetched, to be kept if it proves to be genuine. */
struct online_item {
	bool is_ocsp;
	size_t at;		  /* in its set */
	const struct cert *asked; /* compared only */
	bool is_no_help;	  /* it did not tell about that one */
	struct buf url, question, body;
};

struct online {
	const struct job_trust *t;
	struct path_source source;
	struct fetch *fetch;
	struct fetched *cache;
	bool is_public;
	unsigned timeout_ms;
	int64_t until_ms; /* 0: no request yet */
	struct strings tried;
	struct online_item *items;
	size_t len;
	/* Compared only: what is asked about, and what went wrong for whom. */
	const struct cert *asked, *failed;
	char failure[CRL_TEXT_MAX / 2];
};

/* One thing that is wanted. */
struct online_want {
	struct bytes url;
	struct bytes question; /* what the cache knows it by, beside the URL */
	struct bytes body;     /* to be posted; empty: GET */
	struct bytes nonce;
	const char *accept, *type;
	size_t octets_max;
	bool is_ocsp, is_cached;
	bool is_extra; /* there is an answer without it */
	int (*add)(struct online *o, const struct online_want *want,
	    struct bytes octets, struct err *e);
};

/* Says what went wrong for what is asked about; the first of a certificate
 * tells most. */
void online_fail(struct online *o, const char *text);
/* Once is enough, whether it came or not. */
bool online_is_new(struct online *o, const struct online_want *want);
/* From the network; what came is appended to body. */
int online_run(
    struct online *o, const struct online_want *want, struct buf *body);

/* online_issuers.c: certificates of CAs; for path_source, whose ctx is o. */
size_t online_get_issuers(void *ctx, const struct cert *child);

#endif
