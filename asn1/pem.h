/*
 * pem.h: PEM (RFC 7468), several objects per file, and files that hold
 * either PEM or DER.
 */
#ifndef ASN1_PEM_H
#define ASN1_PEM_H

#include "asn1/buf.h"

#define PEM_LABEL_MAX 64		  /* octets */
#define PEM_OBJECT_MAX ((size_t)16 << 20) /* octets decoded */

/*
 * Called for each object. label is what stands after BEGIN, borrowed; der
 * is borrowed for the call. A negative result ends the walk and is returned.
 */
typedef int pem_object_fn(void *ctx, const char *label, struct bytes der);

/* Does the text hold a "-----BEGIN " line? */
bool pem_is_pem(struct bytes text);
/*
 * Walks all objects in text; text before, between and after is skipped. With
 * label not NULL only objects with that label count ("CERTIFICATE" also
 * takes "X509 CERTIFICATE"; "TRUSTED CERTIFICATE", which has more in it, is
 * refused by name with CS_ERR_UNSUPPORTED).
 *
 * No object at all, or an END that does not fit: CS_ERR_ENCODING; no END:
 * CS_ERR_TRUNCATED; CS_ERR_BASE64, with the offset in text; CS_ERR_TOO_LARGE.
 */
int CS_MUST_USE pem_walk(struct bytes text, const char *label,
    pem_object_fn *fn, void *ctx, struct err *e);
/* Appends one object, lines of 64 characters, LF. Returns b's error. */
int pem_write(struct buf *b, const char *label, struct bytes der);
/*
 * text is PEM (walked with label) or one or more DER SEQUENCEs one after the
 * other (each given with label, or "" where that is NULL). CS_ERR_ENCODING
 * if it is neither.
 */
int CS_MUST_USE pem_walk_any(struct bytes text, const char *label,
    pem_object_fn *fn, void *ctx, struct err *e);

#endif
