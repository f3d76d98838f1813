/*
 * use.h: one operation with a token or a key: finding it, and what to do when
 * the module says that it is gone.
 */
#ifndef TOKEN_USE_H
#define TOKEN_USE_H

#include "asn1/alg/padding.h"
#include "token/ckr.h"
#include "token/worker.h"

struct use {
	struct worker *w;
	const struct tok_msg *req;
	struct slot *slot;
	struct key *key;   /* use_key: with its private object */
	bool has_sent_pin; /* then nothing is tried again */
	bool is_once;	   /* nor is this, whatever happens */
	int code;	   /* own failure, e filled; else 0 */
	struct err *e;
};

/*
 * Finds the token of req->token; looks at the slots anew if it is not known.
 * CS_ERR_NO_TOKEN; CS_ERR_TOKEN_REMOVED: it is not the insertion that the
 * request means (checked only if wants_insertion).
 */
int CS_MUST_USE use_token(
    struct use *u, struct tok_msg *answer, bool wants_insertion);
/* Looks at the slot: CS_ERR_TOKEN_REMOVED if the token is not there, is
 * another, or (wants_insertion) was away. */
int CS_MUST_USE use_check(
    struct use *u, struct tok_msg *answer, bool wants_insertion);
/*
 * Calls op with the key of req->key_id. op returns the module's value, or
 * sets u->code. Where handles turn out to be dead, and no PIN was sent, they
 * are found again and op is called once more, if it is still the same token.
 * CS_ERR_NO_KEY; CS_ERR_PIN_NEEDED: the key does not show before login, or
 * the login is gone; CS_ERR_TOKEN_REMOVED; else by ckr.h.
 */
int CS_MUST_USE use_key(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, CK_RV (*op)(struct use *u), struct err *e);

/*
 * The same for what is no matter of one key: calls op, once, with the token
 * logged in if it wants that, and its keys read (slot_load_keys).
 */
int CS_MUST_USE use_slot(struct worker *w, const struct tok_msg *req,
    struct tok_msg *answer, CK_RV (*op)(struct use *u), struct err *e);

/*
 * The PIN for a C_Login or C_SetPIN: NULL and 0 for a pinpad. -CS_ERR_PIN_x:
 * none came and there is no pinpad, or an empty one came.
 */
struct use_pin {
	CK_UTF8CHAR *p;
	CK_ULONG len;
};
int CS_MUST_USE use_get_pin(
    struct use *u, struct secret *pin, bool has_pin, struct use_pin *out);
/*
 * The context login of keys that always authenticate; without effect for
 * others. Comes straight after C_SignInit or C_DecryptInit. After a failure
 * the session is closed, since the operation in it must not go on.
 */
CK_RV use_context_login(struct use *u);
/* May the key be used at all, before anything is begun? Sets u->code if a PIN
 * is needed that did not come. */
bool use_has_context_pin(struct use *u);

/*
 * C_DecryptInit, the context login if the key wants it, and C_Decrypt with
 * nothing between: what comes out, as a new secret. pads: the mechanism
 * takes padding off; else the result has the modulus' length, with zeroes
 * in front. CKR_HOST_MEMORY; out is NULL after a failure.
 */
CK_RV use_decrypt(struct use *u, CK_MECHANISM *mech, bool pads, struct bytes in,
    struct secret **out);
/*
 * ECDH (SEC 1 3.3.1) with the other side's public octets (uncompressed point,
 * or as RFC 7748 has them), which must be of the key's curve: the shared
 * secret, of the field's length. Octets that are no such point, all-zero
 * results: CKR_ENCRYPTED_DATA_INVALID.
 */
CK_RV use_derive(struct use *u, struct bytes peer, struct secret **out);
/* CK_RSA_PKCS_OAEP_PARAMS; false: PKCS#11 has no name for the digests. */
bool use_get_oaep_param(
    const struct oaep_params *params, CK_RSA_PKCS_OAEP_PARAMS *out);
/* As above for PSS. */
bool use_get_pss_param(
    const struct sig_scheme *scheme, CK_RSA_PKCS_PSS_PARAMS *out);

/* Records the failure rv of an operation on u's token; gives the code. */
int use_fail(struct use *u, CK_RV rv, enum ckr_op op, const char *what);
/* As err_set, with the token before the text; also sets u->code. */
CK_RV use_refuse(struct use *u, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The token's state into answer, after an error or as the answer. */
void use_put_info(struct use *u, struct tok_msg *answer);

#endif
