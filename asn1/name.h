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

/*
 * Is it a well-formed Name within the limits (CS_ERR_TOO_LARGE)? No RDN is
 * empty. The values are elements of any type; strings are not checked.
 */
int CS_MUST_USE name_check(struct bytes name, struct err *e);
/*
 * RFC 5280 7.1: equal after the preparation of PrintableString and UTF8String
 * values, which compare with each other; values of other types octet by
 * octet, but for domainComponent without regard to ASCII case (7.3).
 *
 * Prepared are case (of Latin, Greek and Cyrillic letters) and white space:
 * trimmed, runs inside as one space. There is no Unicode normalisation.
 * False if either is no Name.
 */
bool name_is_equal(struct bytes a, struct bytes b);
bool name_is_empty(struct bytes name);
/*
 * RFC 4514 text, most specific first, into b: UTF-8. Values of known types
 * and any string type are converted, others are #hex. What must not be shown
 * is escaped, so it is safe to show. On failure b is as it was.
 */
int name_format(struct buf *b, struct bytes name);
/*
 * RFC 4514 text ("CN=Alice,O=Example,C=DE"; nothing: the empty name) to a Name,
 * appended. Types are those of oid.def, E and email for emailAddress, and
 * dotted ones; values are UTF8String, but PrintableString and IA5String where
 * RFC 5280 wants these. ";" separates like ",". Neither #hex nor quotation
 * marks are taken. CS_ERR_ARGUMENT: e says where it ends to make sense;
 * CS_ERR_TOO_LARGE. b is then as it was.
 */
int CS_MUST_USE name_parse(struct buf *b, const char *text, struct err *e);
/*
 * The last value of an attribute type (the most specific) that is a string,
 * as UTF-8 appended to b; false when there is none.
 */
bool name_get_last(struct bytes name, enum oid type, struct buf *b);
/* Calls fn with each value of the type that is a string, as UTF-8, in the
 * order of the name. Negative results end it and are returned. */
int name_walk(struct bytes name, enum oid type,
    int (*fn)(void *ctx, struct bytes utf8), void *ctx);
/*
 * Appends a string of any string tag as UTF-8. TeletexString is taken for
 * ISO 8859-1, as everyone does. CS_ERR_ENCODING: no string type, not what
 * the type allows, or a NUL in it; b is then as it was.
 */
int CS_MUST_USE name_string_to_utf8(
    struct buf *b, int tag, struct bytes content);
/*
 * A form that is equal octet by octet exactly when name_is_equal holds, for
 * use as a hash or look-up key; a Name itself. Appends to b.
 */
int CS_MUST_USE name_normalise(struct buf *b, struct bytes name);

#endif
