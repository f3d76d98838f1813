/*
 * nfc.h: Unicode's Normalization Form C (Unicode Standard Annex 15).
 */
#ifndef CLIENT_PKIX_NFC_H
#define CLIENT_PKIX_NFC_H

#include "asn1/buf.h"

/*
 * Appends text, which is well-formed UTF-8, in that form. libunistring makes it
 * and is loaded for text beyond ASCII alone; where it is not installed the text
 * stays as it is. CS_ERR_NO_MEMORY, CS_ERR_TOO_LARGE.
 */
int CS_MUST_USE nfc_add(struct buf *b, struct bytes text);

#endif
