/*
 * serve.h: what cardseal-fetch is made of. Not for other programs.
 */
#ifndef CLIENT_FETCH_SERVE_H
#define CLIENT_FETCH_SERVE_H

#include "client/fetch/proto.h"

/* One request being served: where its body goes, and what is known of it. */
struct serve {
	const struct fetch_request *request;
	/* Sends a piece to who asked; false: nobody is there any more. */
	bool (*send)(struct bytes piece);
	uint64_t sent;
	bool is_over;	 /* octets_max would have been passed */
	bool is_refused; /* an address that is not public was met */
	unsigned status; /* HTTP's */
	char url[FETCH_URL_MAX + 1];
	char content_type[FETCH_TYPE_MAX + 1];
};

/*
 * Gives octets on, at most FETCH_PIECE_MAX in a piece. CS_ERR_TOO_LARGE, and
 * is_over; CS_ERR_CLOSED.
 */
int CS_MUST_USE serve_body(struct serve *s, struct bytes octets);

/*
 * A scheme that is served. run fills status, url and content_type of s and
 * returns 0 when the whole body was given on, or a code with a text in e
 * (fetch.h lists them).
 */
struct serve_scheme {
	const char *start; /* of its URLs: "http://" */
	int (*run)(struct serve *s, struct err *e);
};
/* By the URL's scheme without regard to case; NULL: it is not served. */
const struct serve_scheme *serve_find_scheme(struct bytes url);
/* A URL is printable ASCII without blanks, and as long as it says. */
bool serve_is_url(struct bytes url);
/* May a URL of a stranger lead to this address? */
struct sockaddr;
bool serve_is_public(const struct sockaddr *address);

/* http.c: http and https, GET and POST. */
int CS_MUST_USE serve_http(struct serve *s, struct err *e);
/* ldap.c: ldap and ldaps, a search for what the URL names (RFC 4516). The body
 * is as fetch.asn says. */
int CS_MUST_USE serve_ldap(struct serve *s, struct err *e);
/*
 * dns.c: dns (RFC 4501), the records that a name has, if DNSSEC proves them.
 * The request's body may have trust anchors; the answer's is as fetch.asn says.
 * CS_ERR_UNTRUSTED: what came is not signed, or not genuine; CS_ERR_NETWORK:
 * there is nothing, as DNSSEC proves, or no answer; CS_ERR_CONFIG: trust
 * anchors that are none.
 */
int CS_MUST_USE serve_dns(struct serve *s, struct err *e);

/*
 * confine.c: for the whole process, once, before any request: no programs, no
 * other processes, no files but those that name servers and certificate
 * authorities, for reading; no file at all for writing; no core file. A
 * kernel that lacks a part does without it.
 */
void serve_confine(void);

#endif
