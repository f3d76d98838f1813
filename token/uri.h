/*
 * uri.h: RFC 7512 URIs of tokens and keys, by p11-kit. Pure.
 *
 * A token's name everywhere is its URI with model, manufacturer, serial and
 * token (label). Never a slot number.
 */
#ifndef TOKEN_URI_H
#define TOKEN_URI_H

#include <p11-kit/pkcs11.h>

#include "asn1/buf.h"

/*
 * Appends the token's URI. reader: NULL, or the 64 octets of slotDescription
 * to tell tokens apart that are alike in all else. CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE uri_put_token(
    struct buf *b, const CK_TOKEN_INFO *info, const unsigned char *reader);
/*
 * Appends the URI of a private key: the token's, id and object (label). What
 * would make it longer than TOK_TEXT_MAX is left out, the label first.
 */
int CS_MUST_USE uri_put_key(struct buf *b, const CK_TOKEN_INFO *info,
    struct bytes id, struct bytes label);

#endif
