/*
 * key.h: the keys of a token, put together from its objects. Pure.
 *
 * A key is a public key (its SubjectPublicKeyInfo, named by the SHA-256 of
 * it) with the private key object, where the token shows one, and all
 * certificates for it. Objects belong together by the public key itself;
 * CKA_ID decides only for private keys that do not tell their public part.
 */
#ifndef TOKEN_KEY_H
#define TOKEN_KEY_H

#include "asn1/alg/signature.h"
#include "token/object.h"
#include "token/proto.h"

#define KEY_SIGN_PLAN_ALG_MAX 128

/* How the last signature was made, to make the next one of its kind without
 * looking again (sign.c). */
struct key_sign_plan {
	uint8_t algorithm[KEY_SIGN_PLAN_ALG_MAX];
	size_t algorithm_len; /* 0: none */
	struct sig_scheme scheme;
	size_t way; /* of sign.c's table */
};

struct key {
	uint8_t key_id[TOK_KEY_ID_LEN];
	struct spki spki;	      /* borrowed from an object */
	const struct object *private; /* NULL: not seen */
	const struct object *public;  /* NULL: none */
	const struct object *cert;    /* the first, or NULL */
	unsigned flags;		      /* enum tok_key_flag */
	const char *role;	      /* "9c", static; NULL: none */
	struct key_sign_plan plan;
};

struct keys {
	struct objects objects; /* owned; the keys point into it */
	struct key *all;	/* n, by CKA_ID and key_id */
	size_t n;
};

/*
 * Makes the keys of the objects, which it takes over in any case.
 * sees_private: whether private keys would show if there were any (logged in,
 * or no login needed); if not, certificates and public keys without a private
 * one count as keys too, but for certificates of CAs. has_piv_ids: CKA_ID 01
 * is 9a and so on (key_has_piv_ids). CS_ERR_NO_MEMORY: k is empty.
 */
int CS_MUST_USE keys_make(struct keys *k, struct objects *objects,
    bool sees_private, bool has_piv_ids);
void keys_clear(struct keys *k);
struct key *keys_find(const struct keys *k, struct bytes key_id);
/* The key with that public part whose private object was seen, or NULL. */
struct key *keys_find_private(const struct keys *k, const struct spki *spki);
/* Does the certificate belong to the key? */
bool key_has_cert(const struct key *key, const struct object *cert);
/* Does a certificate belong to none of the keys? */
bool keys_is_apart(const struct keys *k, const struct object *cert);
/* The key's CKA_ID and label: the private object's, else another one's. */
struct bytes key_get_id(const struct key *key);
struct bytes key_get_label(const struct key *key);

/* Is it a PIV card of OpenSC's module, or of Yubico's, which number alike? */
bool key_has_piv_ids(const CK_TOKEN_INFO *info);
/* "9a" for 01 ... "9e" for 04, "82" for 05 ... "95" for 18 (hexadecimal);
 * else NULL. Static. */
const char *key_piv_role(struct bytes id);

#endif
