/*
 * transfer.h: what requests of every scheme have in common with libcurl: the
 * limits, the rule for addresses, and what is told of failures. Private to
 * cardseal-fetch.
 */
#ifndef CLIENT_FETCH_TRANSFER_H
#define CLIENT_FETCH_TRANSFER_H

#include <curl/curl.h>

#include "client/fetch/serve.h"

struct transfer {
	struct serve *serve;
	CURL *curl;
	int code; /* what ended it from our side; 0: nothing */
	char text[CURL_ERROR_SIZE];
};

/* A handle with the request's limits, for a list of schemes as libcurl has it
 * ("http,https"). False: no memory. transfer_clear is for either. */
bool transfer_init(struct transfer *t, struct serve *s, const char *schemes);
void transfer_clear(struct transfer *t);
/* Where the body goes: on_body gets ctx, and returns less than size * n to end
 * it, with t->code set. */
bool transfer_set_sink(struct transfer *t,
    size_t (*on_body)(char *p, size_t size, size_t n, void *ctx), void *ctx);
/* Runs it. The codes of fetch.h, with a text that names serve->url. */
int CS_MUST_USE transfer_run(struct transfer *t, struct err *e);

#endif
