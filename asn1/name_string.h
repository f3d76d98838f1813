/*
 * name_string.h: strings prepared for comparison. Private to name.c.
 */
#ifndef ASN1_NAME_STRING_H
#define ASN1_NAME_STRING_H

#include "asn1/name.h"

/* Appends utf8 with its case folded and white space as name_is_equal wants
 * it. CS_ERR_ENCODING: not UTF-8. */
int CS_MUST_USE name_string_prepare(struct buf *b, struct bytes utf8);

#endif
