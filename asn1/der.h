/*
 * der.h: a bounded cursor over DER in memory (X.690), and a builder.
 *
 * The cursor never copies, never recurses and never reads outside the bytes
 * it was given. Its first failure sticks: every later call returns it and
 * gives nothing, so a decoder reads a whole structure and checks once, with
 * der_end(), which also insists that nothing is left over.
 *
 * Strict: lengths are definite and minimal, BOOLEAN is 00 or ff, INTEGER is
 * minimal. Input that may be BER goes through ber_to_der() (asn1/ber.h)
 * first. Tags have one octet, as everywhere in CMS and PKIX, and are not 0.
 */
#ifndef ASN1_DER_H
#define ASN1_DER_H

#include "asn1/utf8.h"

enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_NUMERIC_STRING = 0x12,
	DER_PRINTABLE_STRING = 0x13,
	DER_TELETEX_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_VISIBLE_STRING = 0x1a,
	DER_UNIVERSAL_STRING = 0x1c,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31,
};
#define DER_CONSTRUCTED 0x20
/* [n], primitive (IMPLICIT of a primitive) and constructed (the others). */
#define DER_CONTEXT(n) (0x80 | (n))
#define DER_CONTEXT_C(n) (0xa0 | (n))

/* Long enough for any structure here, short enough to add safely. */
#define DER_LEN_MAX ((size_t)1 << 30)

struct der {
	const uint8_t *p;     /* the next byte */
	const uint8_t *end;   /* behind the last */
	const uint8_t *start; /* of the outermost input, for offsets */
	int err;	      /* sticky, 0 or negative */
	size_t err_offset;    /* of the element at fault, from start */
};

void der_init(struct der *d, struct bytes in);
/* A cursor inside content that d gave out; offsets count on from d's start. */
void der_init_in(struct der *d, const struct der *outer, struct bytes in);

bool der_has_more(const struct der *d); /* false after a failure */
/* The next element's tag, or -1 at the end or after a failure. */
int der_peek(const struct der *d);
/* Makes the cursor fail at the present place; returns the sticky error. */
int der_fail(struct der *d, int code);
/* 0 if all is well and nothing is left; else the sticky error. */
int CS_MUST_USE der_end(struct der *d);
/* As der_end, on a cursor that der_enter gave out; its failure becomes d's. */
int der_leave(struct der *d, struct der *inner);
/* As der_end without asking for the end. */
int CS_MUST_USE der_check(const struct der *d);
/* Records d's failure in e as "WHAT: text" with the offset; returns it. */
int der_err(const struct der *d, struct err *e, const char *what);

/*
 * Each takes the next element, which must have the tag, and gives its content
 * (der_get), the whole element with tag and length (der_get_raw), or a cursor
 * on the content (der_enter). After a failure the outputs are empty.
 */
struct bytes der_get(struct der *d, int tag);
struct bytes der_get_raw(struct der *d, int tag);
struct der der_enter(struct der *d, int tag);
/* The next element whatever its tag: *tag is set, the whole element given. */
struct bytes der_get_any(struct der *d, int *tag);
/* As der_get if the next element has the tag, else false and no move. */
bool der_get_opt(struct der *d, int tag, struct bytes *content);
bool der_enter_opt(struct der *d, int tag, struct der *inner);
void der_skip(struct der *d);

bool der_get_bool(struct der *d);
void der_get_null(struct der *d);
/* Non-negative, below 2^63. Fails with TOO_LARGE beyond max. */
uint64_t der_get_uint(struct der *d, uint64_t max);
uint64_t der_get_uint_tag(struct der *d, int tag, uint64_t max);
/* Signed, 64 bit. */
int64_t der_get_int(struct der *d);
/* The content octets of an INTEGER: minimal two's complement, len >= 1. */
struct bytes der_get_integer(struct der *d);
/* A non-negative INTEGER without its leading zero octet. */
struct bytes der_get_unsigned(struct der *d);
/* The content octets of an OID: whole arcs, at most DER_OID_MAX octets. */
struct bytes der_get_oid(struct der *d);
#define DER_OID_MAX 64
/* BIT STRING: the bytes, and how many bits of the last are unused (0-7). */
struct bytes der_get_bits(struct der *d, unsigned *unused);
struct bytes der_get_bits_tag(struct der *d, int tag, unsigned *unused);
/* UTF8String checked to be UTF-8 without NUL, at most max octets. */
struct bytes der_get_utf8(struct der *d, int tag, size_t max);

/*
 * The builder writes into a buf. Constructed elements are opened and closed;
 * lengths are fixed up at the close, so that content can be of any size.
 * Failures stick in the buf.
 */
#define DER_MARK_NONE SIZE_MAX
/* Opens a constructed (or encapsulating) element; give the mark to close. */
size_t der_open(struct buf *b, int tag);
void der_close(struct buf *b, size_t mark);
/* As der_close, and puts the elements inside in DER's SET OF order. */
int CS_MUST_USE der_close_set_of(struct buf *b, size_t mark);
/* Only tag and length, for content that is written by other means. */
void der_put_header(struct buf *b, int tag, uint64_t len);
/* The octets der_put_header would write for that length: 2 to 10. */
size_t der_header_len(uint64_t len);
void der_put(struct buf *b, int tag, struct bytes content);
void der_put_raw(struct buf *b, struct bytes element); /* already DER */
void der_put_bool(struct buf *b, int tag, bool value);
void der_put_null(struct buf *b);
void der_put_uint(struct buf *b, int tag, uint64_t value);
void der_put_int(struct buf *b, int tag, int64_t value);
/* Big-endian magnitude; leading zeroes are taken off or one put on. */
void der_put_unsigned(struct buf *b, int tag, struct bytes magnitude);
void der_put_bits(struct buf *b, int tag, struct bytes bits, unsigned unused);
void der_put_str(struct buf *b, int tag, const char *s);

#endif
