/*
 * pem.h: PEM (RFC 7468), several objects per file, and files that hold
 * either PEM or DER.
 */
#ifndef ASN1_PEM_H
#define ASN1_PEM_H

#include "asn1/buf.h"

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
 * takes "X509 CERTIFICATE" and "TRUSTED CERTIFICATE" is refused by name).
 * No object at all: CS_ERR_ENCODING.
 */
int CS_MUST_USE pem_walk(struct bytes text, const char *label,
    pem_object_fn *fn, void *ctx, struct err *e);
/* Appends one object, lines of 64 characters, LF. */
int pem_write(struct buf *b, const char *label, struct bytes der);
/*
 * text is PEM (walked with label) or one or more DER values one after the
 * other (each given with the label).
 */
int CS_MUST_USE pem_walk_any(struct bytes text, const char *label,
    pem_object_fn *fn, void *ctx, struct err *e);

#endif
