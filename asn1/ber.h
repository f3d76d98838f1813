/*
 * ber.h: BER (X.690 8) as a stream, and into DER.
 *
 * The push parser takes input in pieces of any size and tells its owner what
 * it meets; it holds a few hundred bytes whatever the size of the message.
 * The owner's header callback decides per element: ENTER (be told of what is
 * inside), CAPTURE (have the element whole, as DER) or STREAM (have an OCTET
 * STRING's content octets piece by piece, over any legal nesting of
 * constructed and indefinite segments).
 *
 * Refused, with the byte offset: tags of more than one octet, lengths over
 * 2^62, an indefinite length on a primitive, nesting deeper than
 * BER_DEPTH_MAX, an element longer than the one around it, end-of-contents
 * where none is due, segments of a string with another tag.
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
	BER_ENTER,   /* constructed only: report its elements, then its end */
	BER_CAPTURE, /* whole, normalised to DER, then the captured callback */
	BER_STREAM,  /* content octets to the content callback, then the end */
	BER_SKIP,    /* read over; nothing is reported, structure is checked */
};

/*
 * Each callback returns 0 (header: also an enum ber_action) or a negative
 * code, which ends the parse and is what ber_write returns. A callback may
 * fill the err that ber_new was given.
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
 * with CS_ERR_TRAILING, unless ber_allow_trailing was called: then *used
 * (never NULL) is how many bytes belonged to it.
 */
int CS_MUST_USE ber_write(struct ber *b, struct bytes in, size_t *used);
void ber_allow_trailing(struct ber *b);
/* CS_ERR_TRUNCATED unless the outermost element has ended. */
int CS_MUST_USE ber_finish(struct ber *b);
bool ber_is_done(const struct ber *b);
uint64_t ber_get_offset(const struct ber *b); /* bytes taken so far */

/*
 * Re-encodes one BER element in memory as DER lengths and string forms:
 * definite minimal lengths, primitive strings (universal string types, and
 * [n] IMPLICIT strings cannot be told from constructed ones and stay),
 * BOOLEAN true as ff. The order of SET OF is left as it is. Appends to out.
 * max bounds out.
 */
int CS_MUST_USE ber_to_der(
    struct bytes element, struct buf *out, size_t max, struct err *e);

#endif
