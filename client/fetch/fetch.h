/*
 * fetch.h: something from the network, by way of cardseal-fetch.
 *
 * A program with libcardseal never opens a network connection itself: it
 * starts cardseal-fetch, which can do nothing else, and talks to it over a
 * socket. It is started at the first request, serves any number of them one
 * after the other, and is ended with the object. For one thread at a time.
 */
#ifndef CLIENT_FETCH_FETCH_H
#define CLIENT_FETCH_FETCH_H

#include "client/fetch/proto.h"

struct fetch;
/* Starts nothing yet. NULL: no memory. */
struct fetch *fetch_new(void);
/* Ends the process. */
void fetch_free(struct fetch *f);

/* What came with the body. */
struct fetch_answer {
	unsigned status;    /* HTTP's; 0: none */
	char *url;	    /* where it came from in the end; "" */
	char *content_type; /* "" if nobody said */
};
void fetch_answer_clear(struct fetch_answer *answer);

/*
 * Runs one request. take gets the body piece by piece, in order; it may
 * already have had some of it when the result tells that it is not whole. Its
 * own failure ends the request. answer is always filled, to be cleared.
 *
 * CS_ERR_ARGUMENT: a URL that is none, or of a scheme that is not served;
 * something over the limits of proto.h. CS_ERR_NETWORK: the server could not
 * be reached, or said no (answer->status tells). CS_ERR_TOO_LARGE: more than
 * octets_max. CS_ERR_TIMEOUT. CS_ERR_REFUSED: is_public, and it is not.
 * CS_ERR_UNTRUSTED: the DNS said something that DNSSEC does not prove.
 * CS_ERR_CONFIG: there is no trust anchor for that, or a broken one.
 * CS_ERR_WORKER: cardseal-fetch cannot be started, or broke down.
 */
int CS_MUST_USE fetch_run(struct fetch *f, const struct fetch_request *request,
    struct fetch_answer *answer,
    int (*take)(void *ctx, struct bytes piece, struct err *e), void *ctx,
    struct err *e);
/* As fetch_run; appends the body to b, which is to be thrown away after a
 * failure. */
int CS_MUST_USE fetch_to_buf(struct fetch *f,
    const struct fetch_request *request, struct fetch_answer *answer,
    struct buf *b, struct err *e);

#endif
