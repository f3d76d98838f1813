/*
 * utf8.h: UTF-8 (RFC 3629), strictly.
 */
#ifndef ASN1_UTF8_H
#define ASN1_UTF8_H

#include "asn1/buf.h"

/*
 * The character at p: its length in octets and *c, or 0 when there is no
 * well-formed one (overlong, surrogate, beyond 10FFFF, cut off; len 0).
 */
size_t utf8_decode(const uint8_t *p, size_t len, uint32_t *c);
bool utf8_is_valid(struct bytes s);
/* Writes c at p; returns the octets, 0 when c is no character. */
size_t utf8_encode(uint8_t p[static 4], uint32_t c);
/*
 * Must not be shown as it is: control characters, and what reorders, hides or
 * breaks the text around it.
 */
bool utf8_is_control(uint32_t c);

#endif
