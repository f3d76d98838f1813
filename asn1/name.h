/*
 * name.h: distinguished names (RFC 5280 4.1.2.4, 7.1; RFC 4514 text).
 *
 * A name is handled as its DER: a Name is a SEQUENCE element, borrowed from
 * the certificate it stands in.
 */
#ifndef ASN1_NAME_H
#define ASN1_NAME_H

#include "asn1/oid.h"

#define NAME_RDN_MAX 64	 /* RDNs in one name */
#define NAME_AVA_MAX 128 /* attributes in one name */

/* Is it a well-formed Name within the limits? */
int CS_MUST_USE name_check(struct bytes name, struct err *e);
/*
 * RFC 5280 7.1: equal after the preparation of PrintableString and UTF8String
 * values (case, inner and outer white space); other values octet by octet.
 */
bool name_is_equal(struct bytes a, struct bytes b);
bool name_is_empty(struct bytes name);
/*
 * RFC 4514 text, most specific first, into b: UTF-8; attribute values of any
 * string type converted, unknown types as #hex. Control characters escaped,
 * so it is safe to show.
 */
int name_format(struct buf *b, struct bytes name);
/*
 * The last value of an attribute type (the most specific), as UTF-8 appended
 * to b; false when there is none or it is no string.
 */
bool name_get_last(struct bytes name, enum oid type, struct buf *b);
/* Calls fn with each value of the type, as UTF-8. Negative results end it. */
int name_walk(struct bytes name, enum oid type,
    int (*fn)(void *ctx, struct bytes utf8), void *ctx);
/* Appends a string element of any string tag as UTF-8. */
int CS_MUST_USE name_string_to_utf8(
    struct buf *b, int tag, struct bytes content);
/*
 * A form that is equal octet by octet exactly when name_is_equal holds, for
 * use as a hash or look-up key. Appends to b.
 */
int CS_MUST_USE name_normalise(struct buf *b, struct bytes name);

#endif
