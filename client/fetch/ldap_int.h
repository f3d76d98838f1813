/*
 * ldap_int.h: the parts of ldap.c that need no network. Private to
 * cardseal-fetch.
 */
#ifndef CLIENT_FETCH_LDAP_INT_H
#define CLIENT_FETCH_LDAP_INT_H

#include "client/fetch/proto.h"

#define LDAP_ATTRIBUTES_MAX 8 /* that one URL names */

/* An LDAP URL (RFC 4516), as far as it says what is wanted. */
struct ldap_url {
	struct bytes host;   /* with its port */
	struct bytes search; /* the URL without its extensions */
	struct bytes attributes[LDAP_ATTRIBUTES_MAX];
	size_t attributes_len;
};

/*
 * Borrows from text. CS_ERR_ARGUMENT: it names no server, no attribute or more
 * than LDAP_ATTRIBUTES_MAX, all attributes ("*"), or has an extension that is
 * critical; e says so.
 */
int CS_MUST_USE ldap_url_parse(
    struct bytes text, struct ldap_url *url, struct err *e);

/*
 * What libcurl writes for the entries found: a line "DN: ..." each, lines with
 * a tab and "ATTRIBUTE: TEXT" or "ATTRIBUTE:: BASE64", and an empty line. No
 * line goes on in a next one. Lines are not to be relied upon to be of the
 * entry before them, since names are written as the server gave them; nor
 * is anything else that came from the server.
 */
struct ldap_text {
	const struct ldap_url *url;
	size_t line_max;
	struct buf line; /* what is there of the current one */
	int (*take)(void *ctx, struct bytes value);
	void *ctx;
};

/* take gets each value of an attribute that the URL names, options like
 * ";binary" left aside; its failure is passed on. CS_ERR_TOO_LARGE: a line over
 * line_max; CS_ERR_NETWORK: not as above. */
int CS_MUST_USE ldap_text_write(struct ldap_text *t, struct bytes octets);
void ldap_text_clear(struct ldap_text *t);

#endif
