/*
 * object.h: what is on a token: certificates, public and private keys, read
 * through C_FindObjects and C_GetAttributeValue and brought into one form.
 *
 * Whatever sizes and counts the module tells, reading ends and stays within
 * the limits below.
 */
#ifndef TOKEN_OBJECT_H
#define TOKEN_OBJECT_H

#include "asn1/alg/spki.h"
#include "token/module.h"

#define OBJECT_CLASS_MAX 512 /* objects of one class on one token */
#define OBJECT_ID_MAX 128    /* octets of CKA_ID */
#define OBJECT_LABEL_MAX 512 /* octets of CKA_LABEL */

/* PKCS#11 v3.0, which p11-kit's header may not have. */
#define OBJECT_KEY_MONTGOMERY ((CK_KEY_TYPE)0x41)

enum object_class { OBJECT_CERT, OBJECT_PUBLIC, OBJECT_PRIVATE };

/* The bufs own; what is borrowed below them points into value. */
struct object {
	enum object_class class;
	CK_OBJECT_HANDLE handle;
	struct buf id;	      /* CKA_ID, or empty */
	struct buf label;     /* CKA_LABEL, or empty */
	struct buf value;     /* certificate, SubjectPublicKeyInfo or modulus */
	bool is_ca;	      /* OBJECT_CERT */
	unsigned flags;	      /* what the object says it is for: tok_key_flag */
	enum alg type;	      /* ALG_RSA, ALG_EC ... or ALG_NONE */
	enum oid curve;	      /* ALG_EC */
	struct spki spki;     /* raw is empty where it is not known */
	struct bytes modulus; /* ALG_RSA, where only that is known too */
};

struct objects {
	struct object *all; /* n of them */
	size_t n;
};

/*
 * Reads all objects that the session shows: public keys first, then
 * certificates, then private keys. Objects that make no sense are left out.
 * Returns CKR_OK or the module's value (then o is empty); CKR_HOST_MEMORY.
 */
CK_RV object_read_all(
    const struct module *m, CK_SESSION_HANDLE session, struct objects *o);
void objects_clear(struct objects *o);

/*
 * The parts that need no module. object_add appends an empty one (NULL: no
 * memory, or one too many). object_set_* copy what they are given and fill the
 * rest; false: it makes no sense, and nothing was set.
 */
struct object *object_add(struct objects *o, enum object_class class);
void object_drop_last(struct objects *o);
bool object_set_cert(struct object *obj, struct bytes cert);
bool object_set_rsa(
    struct object *obj, struct bytes modulus, struct bytes exponent);
/* params: CKA_EC_PARAMS; point: CKA_EC_POINT, an OCTET STRING as the standard
 * says or the bare octets. key_type tells Weierstrass, Edwards, Montgomery. */
bool object_set_ec(struct object *obj, CK_KEY_TYPE key_type,
    struct bytes params, struct bytes point);
/* What keys of a type can do at all: tok_key_flag. */
unsigned object_type_flags(enum alg type);
/* CKA_PUBLIC_KEY_INFO. */
bool object_set_spki(struct object *obj, struct bytes spki);

#endif
