/*
 * dns_int.h: the part of dns.c that needs no network. Private to
 * cardseal-fetch.
 */
#ifndef CLIENT_FETCH_DNS_INT_H
#define CLIENT_FETCH_DNS_INT_H

#include "client/fetch/proto.h"

#define DNS_NAME_MAX 253 /* as text, without a dot at its end (RFC 1035) */
#define DNS_SERVER_MAX 63

/* What a dns: URL (RFC 4501) asks for. */
struct dns_url {
	char name[DNS_NAME_MAX + 1];
	int type; /* of records, a number */
	/* Whom to ask, "ADDRESS" or "ADDRESS@PORT"; "": the machine's own. */
	char server[DNS_SERVER_MAX + 1];
};

/*
 * CS_ERR_ARGUMENT: not "dns:[//ADDRESS[:PORT]/]NAME?type=SMIMEA", where
 * NAME has letters, digits, hyphens, underscores and dots only; e says so.
 */
int CS_MUST_USE dns_url_parse(
    struct bytes text, struct dns_url *url, struct err *e);

#endif
