/*
 * ber.h: BER (X.690 8) as a stream, and into DER.
 *
 * The push parser takes input in pieces of any size and tells its owner what
 * it meets; it holds about 2 KiB, and what it captures, whatever the size of
 * the message.
 * The owner's header callback decides per element: ENTER (be told of what is
 * inside), CAPTURE (have the element whole, as DER) or STREAM (have an OCTET
 * STRING's content octets piece by piece, over any legal nesting of
 * constructed and indefinite segments).
 *
 * Refused, with the byte offset: tags of more than one octet, an indefinite
 * length on a primitive, an element longer than the one around it,
 * end-of-contents where none is due, segments of a string with another tag
 * (all CS_ERR_ENCODING); lengths over 2^62 and captures over their limit
 * (CS_ERR_TOO_LARGE); more than BER_DEPTH_MAX constructed elements inside one
 * another (CS_ERR_TOO_DEEP).
 */
#ifndef ASN1_BER_H
#define ASN1_BER_H

#include "asn1/der.h"

#define BER_DEPTH_MAX 32
#define BER_LEN_INDEFINITE UINT64_MAX
#define BER_LEN_MAX ((uint64_t)1 << 62)

struct ber_header {
	int tag;	     /* the octet, with class and constructed bit */
	uint64_t len;	     /* of the content, or BER_LEN_INDEFINITE */
	uint64_t offset;     /* of the tag octet in the whole input */
	unsigned header_len; /* octets of tag and length */
	unsigned depth;	     /* 0 for the outermost element */
	bool is_der_len;     /* definite and minimal? */
};

enum ber_action {
	BER_ENTER,   /* report its elements, then its end; a primitive
		      * element fails with CS_ERR_ENCODING */
	BER_CAPTURE, /* whole, normalised to DER, then the captured callback */
	BER_STREAM,  /* content octets to the content callback, then the end */
	BER_SKIP,    /* read over; nothing is reported, structure is checked */
};

/*
 * Each callback returns 0 (header: also an enum ber_action) or a negative
 * code, which ends the parse and is what ber_write returns. A callback may
 * fill the err that ber_new was given. One that is never needed may be NULL.
 * None may call ber_write or ber_free on its own parser.
 */
struct ber_owner {
	/* An element starts inside an entered one (or at the top). */
	int (*header)(void *ctx, const struct ber_header *h);
	/* A captured element, tag to end, as DER. Borrowed for the call. */
	int (*captured)(
	    void *ctx, const struct ber_header *h, struct bytes element);
	/* A run of a streamed element's content octets. Borrowed. */
	int (*content)(void *ctx, struct bytes run);
	/* An entered or streamed element has ended. */
	int (*end)(void *ctx, const struct ber_header *h);
};

struct ber;

/*
 * capture_max bounds one captured element in bytes. e (may be NULL) must
 * outlive the parser. NULL: no memory. The owner's struct is copied.
 */
struct ber *ber_new(const struct ber_owner *owner, void *ctx,
    size_t capture_max, struct err *e);
void ber_free(struct ber *b);
/*
 * Takes all of in. After the outermost element has ended, further bytes fail
 * with CS_ERR_TRAILING, unless ber_allow_trailing was called. *used (never
 * NULL) is how many bytes were taken: with trailing allowed, those that
 * belong to the element; after a failure, those up to it. Failures stick.
 */
int CS_MUST_USE ber_write(struct ber *b, struct bytes in, size_t *used);
void ber_allow_trailing(struct ber *b);
/* CS_ERR_TRUNCATED unless the outermost element has ended. */
int CS_MUST_USE ber_finish(struct ber *b);
bool ber_is_done(const struct ber *b);
uint64_t ber_get_offset(const struct ber *b); /* bytes taken so far */

/*
 * Re-encodes one BER element in memory as DER lengths and string forms:
 * definite minimal lengths, primitive strings of the universal types, unused
 * bits of a BIT STRING zero, BOOLEAN true as ff. Constructed [n] IMPLICIT
 * strings cannot be told from other constructed elements and stay; so does
 * the order of SET OF. Appends to out at most max bytes (0: BUF_MAX_DEFAULT).
 *
 * Refused as above, and: CS_ERR_TRUNCATED, CS_ERR_TRAILING, a universal type
 * in a form (primitive or constructed) that it can't have, BOOLEAN of another
 * length than one octet, BIT STRING without its first octet or with unused
 * bits before the last segment (CS_ERR_ENCODING).
 */
int CS_MUST_USE ber_to_der(
    struct bytes element, struct buf *out, size_t max, struct err *e);
/* The same into der, which is empty and gets parts on failure too, for an
 * element that stands, whole, at offset base of something larger: errors tell
 * offsets in that. */
int CS_MUST_USE ber_to_der_at(
    struct bytes element, uint64_t base, struct buf *der, struct err *e);

#endif
