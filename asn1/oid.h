/*
 * oid.h: the object identifiers cardseal knows, by number and name.
 */
#ifndef ASN1_OID_H
#define ASN1_OID_H

#include "asn1/der.h"

enum oid {
	OID_UNKNOWN = 0,
#define OID(name, dotted, octets, text) OID_##name,
#include "asn1/oid.def"
#undef OID
	OID_COUNT,
};

/* The content octets (without tag and length) to a number; O(log n). */
enum oid oid_find(struct bytes content);
/* Content octets of a known OID: borrowed, static. */
struct bytes oid_get(enum oid oid);
/* The standard's name, "unknown" for OID_UNKNOWN: borrowed, static. */
const char *oid_name(enum oid oid);
/* By name without regard to case, or dotted; OID_UNKNOWN if not known. */
enum oid oid_find_name(const char *name);

/* Takes an OBJECT IDENTIFIER; *raw (may be NULL) gets its octets. */
enum oid der_get_known_oid(struct der *d, struct bytes *raw);
void der_put_oid(struct buf *b, enum oid oid);

/* Long enough for any OID of DER_OID_MAX octets. */
#define OID_TEXT_MAX 640
/*
 * "1.2.840...", whole and NUL-terminated, into dst (at least OID_TEXT_MAX
 * for no cut). Arcs beyond 64 bits come as "?". Returns dst.
 */
char *oid_format(char *dst, size_t size, struct bytes content);
/* Dotted text to content octets, appended. CS_ERR_ARGUMENT: it is none, or
 * longer than DER_OID_MAX; b is then as it was. */
int CS_MUST_USE oid_parse(struct buf *b, const char *dotted);
/* The known name, else the dotted form. Returns dst. */
char *oid_describe(char *dst, size_t size, struct bytes content);

#endif
