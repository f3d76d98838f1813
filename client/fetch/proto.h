/*
 * proto.h: the messages between a program and cardseal-fetch (asn1/fetch.asn
 * is the contract; this is its form in C).
 *
 * Decoded messages borrow from the frame. No I/O here.
 */
#ifndef CLIENT_FETCH_PROTO_H
#define CLIENT_FETCH_PROTO_H

#include "asn1/der.h"

#define FETCH_VERSION 1
#define FETCH_URL_MAX 2048
#define FETCH_TYPE_MAX 255
#define FETCH_TEXT_MAX 1024
#define FETCH_BODY_MAX ((size_t)16 << 20) /* of a request */
#define FETCH_PIECE_MAX ((size_t)64 << 10)
#define FETCH_OCTETS_MAX ((uint64_t)1 << 30) /* of an answer's body */
#define FETCH_TIMEOUT_MS_MAX 3600000U
#define FETCH_REDIRECTS_MAX 20
#define FETCH_FRAME_MAX (FETCH_BODY_MAX + 16384)

enum fetch_method { FETCH_GET, FETCH_POST };

/* What is to be fetched, and how much of everything it may take. */
struct fetch_request {
	enum fetch_method method;
	struct bytes url; /* absolute, ASCII without blanks */
	uint64_t octets_max;
	uint32_t timeout_ms; /* for all of it */
	unsigned redirects_max;
	bool is_public; /* no loopback, private or link-local address */
	struct bytes accept, content_type, body; /* may be empty */
};

struct fetch_done {
	int code;	 /* 0 or negative */
	unsigned status; /* HTTP's; 0: none */
	struct bytes url, content_type, text;
};

enum fetch_type {
	FETCH_REQUEST = DER_CONTEXT_C(0),
	FETCH_PIECE = DER_CONTEXT(1),
	FETCH_DONE = DER_CONTEXT_C(2),
};

struct fetch_msg {
	enum fetch_type type;
	struct fetch_request request;
	struct bytes piece;
	struct fetch_done done;
};

/* Appends a frame. Failures stick in b; CS_ERR_ARGUMENT: over a limit. */
int CS_MUST_USE fetch_put_request(
    struct buf *b, const struct fetch_request *request);
void fetch_put_piece(struct buf *b, struct bytes piece);
/* Texts are cut at their limits. */
void fetch_put_done(struct buf *b, const struct fetch_done *done);
/* How long the frame is that in begins with: 0, more octets are needed.
 * CS_ERR_PROTOCOL: no frame, or larger than FETCH_FRAME_MAX. */
int CS_MUST_USE fetch_frame_len(struct bytes in, size_t *len);
/* One whole frame. CS_ERR_PROTOCOL: not as fetch.asn says. */
int CS_MUST_USE fetch_decode(struct bytes frame, struct fetch_msg *msg);

/* Does an LDAP server have it, so that the body is a list of values? */
bool fetch_is_ldap(struct bytes url);
/* Takes the next value off the front of such a body, or of one of the DNS;
 * false at its end, or where it is none (is in *body then). */
bool fetch_next_value(struct bytes *body, struct bytes *value);
/* How many values of one answer anybody looks at: each of them is work. */
#define FETCH_VALUES_MAX 256

#endif
