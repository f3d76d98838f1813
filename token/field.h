/*
 * field.h: messages as rows of fields.
 *
 * A SEQUENCE is described once, as a table that says for each field its kind,
 * tag, limit and place in a struct; encoder and decoder walk the same table,
 * so they cannot drift apart. The protocols of worker and agent are written
 * this way. Decoded byte fields borrow from the input. No I/O here.
 */
#ifndef TOKEN_FIELD_H
#define TOKEN_FIELD_H

#include "asn1/der.h"

enum field_kind {
	FIELD_UTF8,	    /* struct bytes */
	FIELD_UTF8_OPT,	    /* the same; empty: left out */
	FIELD_OCTETS,	    /* struct bytes */
	FIELD_OCTETS_EXACT, /* struct bytes of max octets */
	FIELD_OCTETS_OPT,   /* struct bytes; empty: left out */
	FIELD_OCTETS_HAS,   /* struct bytes and a bool that says "present" */
	FIELD_LIST,	    /* struct bytes: content of a SEQUENCE OF */
	FIELD_UINT,	    /* unsigned or uint32_t, at most max */
	FIELD_UINT_OPT,	    /* the same; 0: left out */
	FIELD_ULONG,	    /* unsigned long, at most max */
	FIELD_ULONG_OPT,    /* the same; 0: left out */
	FIELD_INT64,	    /* int64_t */
	FIELD_CODE,	    /* int, an error: negative here, not in the frame */
	FIELD_TRIES_OPT,    /* int; ERR_TRIES_UNKNOWN: left out */
	FIELD_BOOL,	    /* bool */
	FIELD_FLAGS,	    /* unsigned: BIT STRING, bit n is 1 << n */
	FIELD_RECORD,	    /* a struct with a table of its own */
	FIELD_RECORD_HAS,   /* the same and a bool that says "present" */
	FIELD_RESERVED,	    /* OPTIONAL; never written, skipped when read */
};

struct field_record;

struct field {
	enum field_kind kind;
	int tag;
	size_t offset;	   /* of the value in its struct */
	size_t has_offset; /* _HAS: of the bool */
	uint64_t max;	   /* octets, or the highest value */
	const char *name;
	const struct field_record *record;
};

struct field_record {
	const struct field *fields;
	size_t n;
};

#define FIELD(kind, tag, type, member, max)                               \
	{                                                                 \
		FIELD_##kind, tag, offsetof(struct type, member), 0, max, \
		    #member, NULL                                         \
	}
/* With the bool has_MEMBER. */
#define FIELD_WITH_HAS(kind, tag, type, member, max)                        \
	{                                                                   \
		FIELD_##kind, tag, offsetof(struct type, member),           \
		    offsetof(struct type, has_##member), max, #member, NULL \
	}
#define FIELD_OF_RECORD(tag, type, member, record)                      \
	{                                                               \
		FIELD_RECORD, tag, offsetof(struct type, member), 0, 0, \
		    #member, record                                     \
	}
#define FIELD_OF_RECORD_HAS(tag, type, member, record)                      \
	{                                                                   \
		FIELD_RECORD_HAS, tag, offsetof(struct type, member),       \
		    offsetof(struct type, has_##member), 0, #member, record \
	}
#define FIELD_RESERVED_OCTETS(tag)                             \
	{                                                      \
		FIELD_RESERVED, tag, 0, 0, 0, "reserved", NULL \
	}
/* struct field_record from an array. */
#define FIELD_RECORD_OF(array)                            \
	{                                                 \
		array, sizeof(array) / sizeof((array)[0]) \
	}

/*
 * Reads d to its end into base, whose fields the caller set to their values
 * for "absent" (most: 0). Returns NULL, or the name of the field at fault
 * with d's error set. Limits: CS_ERR_TOO_LARGE; octets of a wrong exact
 * length, an error code of 0: CS_ERR_ENCODING.
 */
const char *field_get_all(
    struct der *d, const struct field_record *record, void *base);
/*
 * Writes all fields. Octets and text over their limit fail as
 * CS_ERR_TOO_LARGE (b's failure is sticky); numbers over theirs are cut to it,
 * since they may be what a module invented.
 */
void field_put_all(
    struct buf *b, const struct field_record *record, const void *base);
/* The next element of a list, a SEQUENCE: false at its end, or with d's error
 * set. */
bool field_get_next(
    struct der *d, const struct field_record *record, void *base);
/* Appends one element of a list. */
void field_put_next(
    struct buf *b, const struct field_record *record, const void *base);

#endif
