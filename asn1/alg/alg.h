/*
 * alg.h: the one table of algorithms, and AlgorithmIdentifier (RFC 5280
 * 4.1.1.2) in and out of it.
 *
 * A new algorithm is a row in alg.def plus the operation behind it in this
 * folder; nothing else in the tree names an algorithm's OID. Only files of
 * this folder include headers of nettle or libgcrypt.
 */
#ifndef ASN1_ALG_ALG_H
#define ASN1_ALG_ALG_H

#include "asn1/oid.h"

enum alg {
	ALG_NONE = 0,
#define ALG(name, ...) ALG_##name,
#include "asn1/alg/alg.def"
#undef ALG
	ALG_COUNT,
};

enum alg_kind {
	ALG_KIND_NONE,
	ALG_KIND_DIGEST,
	ALG_KIND_PUBLIC_KEY, /* what a SubjectPublicKeyInfo names */
	ALG_KIND_SIGNATURE,  /* what a SignerInfo or certificate names */
	ALG_KIND_CIPHER,     /* content encryption, unauthenticated */
	ALG_KIND_AEAD,	     /* content encryption, authenticated */
	ALG_KIND_KEY_TRANSPORT,
	ALG_KIND_KEY_AGREEMENT,
	ALG_KIND_KEY_WRAP,
	ALG_KIND_MAC,
	ALG_KIND_COMPRESSION,
};

/* What stands in the parameters field, when we write it; when reading,
 * ABSENT and NULL take each other where the RFCs ask for that. */
enum alg_params {
	ALG_PARAMS_ABSENT,
	ALG_PARAMS_NULL,
	ALG_PARAMS_OWN, /* a structure of the algorithm's own */
};

enum alg_strength {
	ALG_GOOD,
	ALG_WEAK,   /* read with a warning: only under --legacy */
	ALG_BROKEN, /* refused even so, but named */
};

struct alg_row {
	enum alg alg;
	enum oid oid;
	enum alg_kind kind;
	const char *name; /* for people and options: "sha256", "aes256-gcm" */
	enum alg_params params;
	enum alg_strength strength;
	enum alg digest;     /* signature, KDF, MAC: the digest in it */
	enum alg public_key; /* signature, transport: ALG_RSA, ALG_EC ... */
	unsigned key_len;    /* cipher, wrap: octets of the key */
	unsigned iv_len;     /* cipher: octets of IV or nonce we write */
	unsigned block_len;  /* CBC: the block; else 1 */
	unsigned tag_len;    /* AEAD: octets of the tag we write */
	unsigned output_len; /* digest: octets */
};

/* The row; ALG_NONE and out-of-range give a row of kind NONE. Static. */
const struct alg_row *alg_get(enum alg alg);
const char *alg_name(enum alg alg); /* "none" for ALG_NONE */
/* ALG_NONE if there is none of that kind. Names without regard to case. */
enum alg alg_find_oid(enum oid oid, enum alg_kind kind);
enum alg alg_find_name(const char *name, enum alg_kind kind);
/* The SHA-1 or SHA-2 of that length, for a digest that comes without its name;
 * ALG_NONE: there is none. */
enum alg alg_find_sha(size_t len);
/* The micalg parameter's name (RFC 8551 3.5.3.2): "sha-256"; "unknown" for
 * anything that is no digest. */
const char *alg_micalg(enum alg digest);
/* A list "sha-256, sha1" as in micalg to digests; unknown names are left
 * out. Returns how many were put into out. */
size_t alg_parse_micalg(struct bytes text, enum alg *out, size_t max);

/* A decoded AlgorithmIdentifier; everything borrowed from the input. */
struct alg_id {
	struct bytes raw;    /* the whole SEQUENCE */
	struct bytes oid;    /* content octets */
	enum oid known;	     /* OID_UNKNOWN when not in oid.def */
	struct bytes params; /* the element, empty if absent */
};

/*
 * Takes an AlgorithmIdentifier SEQUENCE (or a tag in its place). After a
 * failure, which sticks in d, id is empty. alg_id_decode: raw is exactly one;
 * CS_ERR_ENCODING and the cursor's other errors.
 */
void der_get_alg_id(struct der *d, struct alg_id *id);
void der_get_alg_id_tag(struct der *d, int tag, struct alg_id *id);
int CS_MUST_USE alg_id_decode(struct bytes raw, struct alg_id *id);
/* Are the parameters absent or NULL? */
bool alg_id_is_plain(const struct alg_id *id);
/* The digest an AlgorithmIdentifier names (parameters absent or NULL), or
 * ALG_NONE. */
enum alg alg_id_get_digest(const struct alg_id *id);
/* Writes the algorithm with ABSENT or NULL parameters as its row says; one
 * with parameters of its own fails as CS_ERR_INTERNAL in b. */
void der_put_alg(struct buf *b, enum alg alg);
/* As der_put_alg with another tag (IMPLICIT) or with given parameters. */
void der_put_alg_tag(struct buf *b, int tag, enum alg alg);
void der_put_alg_params(struct buf *b, enum alg alg, struct bytes params);
/* The name for people: table name, else OID text, into dst. */
char *alg_id_describe(char *dst, size_t size, const struct alg_id *id);

/*
 * To be called once by main before anything of this folder: initialises
 * libgcrypt (some 50 us), unless the program around us has. Library users get
 * it from cardseal_new. Thread-safe, idempotent. Whoever forgets it gets it at
 * the first digest or cipher, without the reason if it fails. CS_ERR_INTERNAL:
 * libgcrypt is too old.
 */
int CS_MUST_USE alg_init(struct err *e);

#endif
