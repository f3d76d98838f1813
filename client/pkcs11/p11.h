/*
 * p11.h: what the files of cardseal-pkcs11.so share.
 *
 * The module (PKCS#11 v2.40, and the v3.0 interface) is a face of the agent:
 * it holds no key and no PIN. Slots and tokens are what the agent last said
 * of them, so no slot, token or find call waits for a card; signing and
 * decrypting are requests to the agent, which asks the person itself.
 *
 * One lock guards everything here and is never held while the agent is asked.
 * Each request takes a connection of its own from a small pool, so that a
 * thread that waits for a PIN holds up no other. A child of fork starts
 * anew: it has to call C_Initialize (PKCS#11 v2.40, 2.4).
 */
#ifndef CLIENT_PKCS11_P11_H
#define CLIENT_PKCS11_P11_H

#include <p11-kit/pkcs11.h>
#include <pthread.h>

#include "asn1/alg/signature.h"
#include "client/link/list.h"

#define P11_SLOTS_MAX 32
/* Empty slots that stand ready for readers that come later. */
#define P11_SLOTS_SPARE 2
#define P11_SESSIONS_MAX 1024
#define P11_OBJECTS_MAX 4096
#define P11_FOUND_MAX P11_OBJECTS_MAX
#define P11_LINKS_MAX 8
/* Data of an operation that is not hashed here. */
#define P11_DATA_MAX ((size_t)16384)
/* How long slot, token and find calls let the agent look for changes. */
#define P11_LOOK_MS 30
/* The same while the agent's modules are still starting, and for the first
 * list of a token's objects. */
#define P11_START_MS 5000

struct p11_attr {
	CK_ATTRIBUTE_TYPE type;
	size_t at, len; /* in the object's data */
};

#define P11_ATTRS_MAX 40

struct p11_object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	uint8_t identity[DIGEST_LEN_MAX]; /* SHA-256: key.c, add */
	bool is_private;		  /* seen after login only */
	/* of a key, borrowed from data */
	uint8_t key_id[AGT_KEY_ID_LEN];
	size_t spki_at, spki_len;
	struct buf data;
	struct p11_attr attrs[P11_ATTRS_MAX];
	size_t attrs_len;
	struct p11_session *session; /* NULL: a token object */
};

struct p11_objects {
	struct p11_object **items;
	size_t len;
};

struct p11_slot {
	CK_SLOT_ID id;
	char *reader; /* NULL: not used yet */
	char *uri;    /* of its token; NULL: none is in */
	char *label, *serial, *manufacturer, *model;
	unsigned flags;	    /* enum tok_flag */
	bool is_logged_in;  /* this program did it, by C_Login */
	bool is_logged_out; /* by C_Logout, whatever the agent has */
	bool has_event;
	bool is_listed; /* its objects are those of this token */
	struct p11_objects objects;
};

enum p11_op_kind { P11_NONE, P11_SIGN, P11_DECRYPT };

/* One signature or decryption that was begun. */
struct p11_op {
	enum p11_op_kind kind;
	CK_MECHANISM_TYPE mechanism;
	uint8_t key_id[AGT_KEY_ID_LEN];
	struct sig_scheme scheme; /* alg ALG_NONE: told by the data */
	struct buf spki;
	struct digest *digest; /* it hashes; else data collects */
	struct buf data;
	struct buf parameter; /* of the raw verb */
	struct buf result;    /* kept where the caller's room was too small */
	bool has_result;
	bool is_multi;
};

struct p11_session {
	CK_SESSION_HANDLE handle;
	struct p11_slot *slot;
	CK_FLAGS flags;
	bool is_busy; /* a thread is in the agent for it */
	bool is_dead; /* closed meanwhile */
	bool is_finding;
	CK_OBJECT_HANDLE *found;
	size_t found_len, found_at;
	struct p11_op op;
	struct p11_session *next;
};

struct p11 {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* slot events, the end */
	bool is_initialized;
	unsigned waiting;    /* threads in C_WaitForSlotEvent */
	unsigned generation; /* counts C_Initialize */
	struct p11_slot slots[P11_SLOTS_MAX];
	size_t slots_len; /* shown to the program */
	struct p11_session *sessions;
	size_t sessions_len;
	CK_ULONG next_handle;
	struct link *links[P11_LINKS_MAX]; /* idle */
	size_t links_len;
	bool is_listing;
	struct buf listed; /* the answers the objects were made from */
};

extern struct p11 p11;

/* module.c */
/* Locks; CKR_CRYPTOKI_NOT_INITIALIZED without the lock if it is not. */
CK_RV CS_MUST_USE p11_enter(void);
/* Unlocks and gives rv back. */
static inline CK_RV
p11_leave(CK_RV rv)
{
	pthread_mutex_unlock(&p11.lock);
	return rv;
}

/* agent.c: the lock is not held. */
/* A connection from the pool, or a new one. */
int CS_MUST_USE p11_link_take(struct link **link, struct err *e);
/* Back into the pool. NULL is fine. */
void p11_link_put(struct link *link);
void p11_links_close(void); /* with the lock; all idle ones */
/* The request with this program as what it is for. */
void p11_fill_context(
    struct link *link, struct agt_msg *request, uint32_t deadline_ms);
CK_RV p11_rv(int code); /* of an error of the agent's, for an operation */

/* slot.c and inventory.c */
/* Asks the agent for what is in; with the lock, which is given up meanwhile.
 * May be called by any number of threads. */
void p11_look_at_slots(void);
/* The same, and for keys and certificates. */
void p11_look_at_objects(void);
struct p11_slot *p11_slot_get(CK_SLOT_ID id); /* NULL: no such slot */
/*
 * Is the user logged in? By this program, or in the agent by another one: then
 * nothing is asked, and a program need not log in. Mozilla's must not: they
 * show a window while they do, and wait for ever for one whose login was over
 * before it was shown.
 */
bool p11_slot_is_in(const struct p11_slot *slot);
bool p11_slot_is_open(const struct p11_slot *slot); /* are private objects
						       to be seen? */
/* A token is gone: its sessions end, its objects go. */
void p11_slot_clear(struct p11_slot *slot);
void p11_slots_free(void);

/* object.c */
void p11_objects_clear(struct p11_objects *objects);
/* Takes o over in either case. */
int CS_MUST_USE p11_objects_add(
    struct p11_objects *objects, struct p11_object *o);
struct p11_object *p11_object_new(CK_OBJECT_CLASS class);
void p11_object_free(struct p11_object *o);
void p11_object_put(struct p11_object *o, CK_ATTRIBUTE_TYPE type,
    const void *value, size_t len);
void p11_object_put_bool(
    struct p11_object *o, CK_ATTRIBUTE_TYPE type, bool value);
void p11_object_put_ulong(
    struct p11_object *o, CK_ATTRIBUTE_TYPE type, CK_ULONG value);
void p11_object_put_bytes(
    struct p11_object *o, CK_ATTRIBUTE_TYPE type, struct bytes value);
/* False: it has no such attribute. */
bool p11_object_get(
    const struct p11_object *o, CK_ATTRIBUTE_TYPE type, struct bytes *value);
bool p11_object_get_bool(const struct p11_object *o, CK_ATTRIBUTE_TYPE type);
/* To be seen in that session? */
bool p11_object_is_visible(
    const struct p11_object *o, const struct p11_session *s);
struct p11_object *p11_object_find(
    const struct p11_session *s, CK_OBJECT_HANDLE handle);

/* key.c: the objects of a key and of certificates; add to objects. */
int CS_MUST_USE p11_add_key(
    struct p11_objects *objects, const struct tok_key *key);
int CS_MUST_USE p11_add_certificate(struct p11_objects *objects,
    struct bytes der, struct bytes id, struct bytes label);
int CS_MUST_USE p11_add_profile(struct p11_objects *objects);

/* session.c */
struct p11_session *p11_session_get(CK_SESSION_HANDLE handle);
void p11_session_end(struct p11_session *s);
void p11_sessions_end(struct p11_slot *slot); /* NULL: all */
/* While a thread is in the agent for it, s is kept; after release it may be
 * gone: then false. */
void p11_session_hold(struct p11_session *s);
bool CS_MUST_USE p11_session_release(struct p11_session *s);

/* op.c */
void p11_op_clear(struct p11_op *op);

/* mechanism.c */
struct p11_mechanism {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key;
	CK_FLAGS flags;	    /* CKF_SIGN, CKF_DECRYPT, CKF_DERIVE */
	enum alg digest;    /* it hashes with; ALG_NONE: it does not */
	bool has_parameter; /* PSS, OAEP, ECDH */
};
const struct p11_mechanism *p11_mechanism_find(CK_MECHANISM_TYPE type);
const struct p11_mechanism *p11_mechanism_next(
    const struct p11_mechanism *m); /* NULL: the first, the last */
/* CKM_SHA256 ... and CKG_MGF1_SHA256 ... */
enum alg p11_hash_alg(CK_MECHANISM_TYPE hash);
enum alg p11_mgf_alg(CK_RSA_PKCS_MGF_TYPE mgf);

/* The functions, by topic; table.c puts them together. */
CK_RV p11_initialize(CK_VOID_PTR args);
CK_RV p11_finalize(CK_VOID_PTR reserved);
CK_RV p11_get_info(CK_INFO_PTR info);
CK_RV p11_get_slot_list(CK_BBOOL present, CK_SLOT_ID_PTR list, CK_ULONG_PTR n);
CK_RV p11_get_slot_info(CK_SLOT_ID id, CK_SLOT_INFO_PTR info);
CK_RV p11_get_token_info(CK_SLOT_ID id, CK_TOKEN_INFO_PTR info);
CK_RV p11_get_mechanism_list(
    CK_SLOT_ID id, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR n);
CK_RV p11_get_mechanism_info(
    CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR info);
CK_RV p11_wait_for_slot_event(
    CK_FLAGS flags, CK_SLOT_ID_PTR id, CK_VOID_PTR reserved);
CK_RV p11_open_session(CK_SLOT_ID id, CK_FLAGS flags, CK_VOID_PTR application,
    CK_NOTIFY notify, CK_SESSION_HANDLE_PTR session);
CK_RV p11_close_session(CK_SESSION_HANDLE session);
CK_RV p11_close_all_sessions(CK_SLOT_ID id);
CK_RV p11_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR info);
CK_RV p11_login(CK_SESSION_HANDLE session, CK_USER_TYPE user,
    CK_UTF8CHAR_PTR pin, CK_ULONG pin_len);
CK_RV p11_logout(CK_SESSION_HANDLE session);
CK_RV p11_get_attribute_value(CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR attrs, CK_ULONG n);
CK_RV p11_get_object_size(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size);
CK_RV p11_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);
CK_RV p11_find_objects_init(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attrs, CK_ULONG n);
CK_RV p11_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects,
    CK_ULONG max, CK_ULONG_PTR n);
CK_RV p11_find_objects_final(CK_SESSION_HANDLE session);
CK_RV p11_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE key);
CK_RV p11_sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG len,
    CK_BYTE_PTR signature, CK_ULONG_PTR signature_len);
CK_RV p11_sign_update(
    CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG len);
CK_RV p11_sign_final(CK_SESSION_HANDLE session, CK_BYTE_PTR signature,
    CK_ULONG_PTR signature_len);
CK_RV p11_decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE key);
CK_RV p11_decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len);
CK_RV p11_decrypt_update(CK_SESSION_HANDLE session, CK_BYTE_PTR in,
    CK_ULONG in_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len);
CK_RV p11_decrypt_final(
    CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len);
CK_RV p11_derive_key(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE base, CK_ATTRIBUTE_PTR attrs, CK_ULONG n,
    CK_OBJECT_HANDLE_PTR key);
CK_RV p11_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE unwrapping, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
    CK_ATTRIBUTE_PTR attrs, CK_ULONG n, CK_OBJECT_HANDLE_PTR key);
CK_RV p11_generate_random(
    CK_SESSION_HANDLE session, CK_BYTE_PTR random, CK_ULONG len);

#endif
