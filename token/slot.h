/*
 * slot.h: the slots of the module, the tokens in them, and our one session
 * with each.
 *
 * A token is named by its URI and an insertion: a number that changes each
 * time a token is seen to have come or come back. It begins at a random
 * value, so that a worker's numbers mean nothing to the worker after it.
 *
 * Before C_GetTokenInfo always comes C_GetSlotInfo: OpenSC's module goes on
 * telling about the old card otherwise, when one was pulled and inserted
 * again (or another one) between two calls.
 */
#ifndef TOKEN_SLOT_H
#define TOKEN_SLOT_H

#include "token/key.h"
#include "token/module.h"
#include "token/proto.h"

#define SLOT_LIST_MAX 1024 /* slots that a module may list */
#define SLOT_MAX 64	   /* slots with a token that are kept */

/* The mechanisms that are used here. */
enum slot_mech {
	SLOT_RSA_PKCS,
	SLOT_RSA_X_509,
	SLOT_RSA_PSS,
	SLOT_RSA_OAEP,
	SLOT_ECDSA,
	SLOT_EDDSA,
	SLOT_ECDH1,
	SLOT_ECDH1_COFACTOR,
	SLOT_MECH_COUNT,
};

struct slot {
	CK_SLOT_ID id;
	bool has_token;
	bool has_session;
	bool is_logged_in; /* as far as we know */
	bool has_keys;	   /* keys is what the session shows now */
	bool has_mechs;
	int tries_left; /* as the card told, or ERR_TRIES_UNKNOWN */
	uint32_t insertion;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	CK_SLOT_INFO reader;
	CK_FLAGS mechs[SLOT_MECH_COUNT]; /* CKF_SIGN ..., 0: has it not */
	struct keys keys;
	struct buf uri, label, serial, manufacturer, model, reader_name;
};

struct slots {
	const struct module *m;
	struct slot *all[SLOT_MAX];
	size_t n;
	uint32_t insertion; /* the last one given out */
};

void slots_init(struct slots *s, const struct module *m);
/* Forgets all; calls nothing of the module. */
void slots_clear(struct slots *s);
/*
 * Looks at all slots: who came, who went. Slots that fail count as empty.
 * Fails only if there is no list at all (the codes of ckr.h), or on
 * CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE slots_refresh(struct slots *s, struct err *e);
/* The slot with the token of that URI, or NULL. No call to the module. */
struct slot *slots_find(const struct slots *s, struct bytes uri);

/*
 * Looks at one slot: is the token there, and the same? If not, or if the
 * session has died, all handles are dropped and the insertion changes.
 */
void slot_check(struct slots *s, struct slot *slot);
/* Opens the session if there is none. */
CK_RV slot_open(struct slots *s, struct slot *slot);
/*
 * Replaces the session by a new one, which ends whatever operation is active
 * in it. The login stays if the module takes two sessions at once.
 */
CK_RV slot_reopen(struct slots *s, struct slot *slot);
/* Closes the session and forgets handles and login; for a session that is
 * broken or must not stay logged in. */
void slot_close(struct slots *s, struct slot *slot);
/* Reads the keys if they are not known. */
CK_RV slot_load_keys(struct slots *s, struct slot *slot);
/* To be called when the login state changed: what shows may differ. */
void slot_set_login(struct slot *slot, bool is_logged_in);
/* Does the token have the mechanism for CKF_SIGN, CKF_DECRYPT, CKF_DERIVE? */
bool slot_has_mech(
    struct slots *s, struct slot *slot, enum slot_mech mech, CK_FLAGS flag);
CK_MECHANISM_TYPE slot_mech_type(enum slot_mech mech);

/* Reads flags anew (C_GetTokenInfo sees other programs' PIN errors too). */
void slot_refresh_flags(struct slots *s, struct slot *slot);
/*
 * Asks the card for the tries left where PKCS#11 does not tell them: of a PIV
 * card in a reader of PC/SC that is not unlocked. Costs the card no try; to be
 * called between operations only.
 */
void slot_ask_tries(struct slot *slot);
/* Ends what a PIN opened on a card in a reader of PC/SC (pcsc.h), for all
 * programs. Nothing to do with other tokens: 0. */
int CS_MUST_USE slot_end_verified(const struct slot *slot, struct err *e);
/* Gives a PIV card in a reader of PC/SC a new PIN by its PUK (pcsc.h); is_piv
 * false: it is no such card, and nothing was done. */
int CS_MUST_USE slot_unblock_piv(const struct slot *slot, struct bytes puk,
    struct bytes pin, bool *is_piv, struct err *e);
/* Fills info, borrowed from slot until its next check. */
void slot_get_info(const struct slot *slot, struct tok_info *info);
/* "token "label" (serial 0123)" for messages, into dst; returns it. */
char *slot_describe(char *dst, size_t size, const struct slot *slot);

#endif
