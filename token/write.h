/*
 * write.h: what WRITE makes on a token, and takes away again if not all of it
 * could be made. For write*.c alone.
 */
#ifndef TOKEN_WRITE_H
#define TOKEN_WRITE_H

#include "token/use.h"

#define WRITE_OBJECTS_MAX 32 /* of one request */
/* Of each a private and a public key and a certificate. */
#define WRITE_MADE_MAX (WRITE_OBJECTS_MAX * 3)
#define WRITE_ATTRIBUTES_MAX 24
#define WRITE_ID_LEN 20

struct writing {
	struct use *u;
	CK_SESSION_HANDLE session; /* read-write */
	CK_OBJECT_HANDLE made[WRITE_MADE_MAX];
	size_t made_len;
	/* Place-holders that go once all is made. */
	CK_OBJECT_HANDLE old[WRITE_MADE_MAX];
	size_t old_len;
};

/* Attributes of an object to be; what they point to is borrowed. */
struct template
{
	CK_ATTRIBUTE attributes[WRITE_ATTRIBUTES_MAX];
	CK_ULONG len;
};
void template_add(
    struct template *t, CK_ATTRIBUTE_TYPE type, struct bytes value);
/* value lives as long as t. */
void template_add_ulong(
    struct template *t, CK_ATTRIBUTE_TYPE type, const CK_ULONG *value);
void template_add_bool(struct template *t, CK_ATTRIBUTE_TYPE type, bool value);
/* CKA_TOKEN, CKA_ID and CKA_LABEL; an empty label is left out. */
void template_add_names(
    struct template *t, struct bytes id, struct bytes label);
/* What a private key may be used for (tok_key_flag), that it stays on the
 * token and is not seen without a login. */
void template_add_private(struct template *t, unsigned flags);
void template_add_public(struct template *t, unsigned flags);

/* C_CreateObject, noted for the case that a later one fails. */
CK_RV write_create(struct writing *w, struct template *t);
/* Likewise for an object that was made otherwise. */
void write_note(struct writing *w, CK_OBJECT_HANDLE object);
/* The certificate beside the key, unless it is there; *flags (tok_written_flag)
 * tells. Empty label: the key's. Self-signed place-holders for the same key go
 * when the whole request is done. */
CK_RV write_certificate(struct writing *w, const struct key *key,
    struct bytes id, struct bytes label, struct bytes cert, unsigned *flags);

/* write_key.c: the operations with keys; they append to the worker's result. */
CK_RV write_generate(struct writing *w, const struct tok_object *o);
CK_RV write_import(struct writing *w, const struct tok_object *o);

#endif
