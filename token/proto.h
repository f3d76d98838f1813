/*
 * proto.h: the messages between cardseal-agent and cardseal-token
 * (asn1/token.asn is the contract; this is its form in C).
 *
 * Decoded messages borrow from the frame. Lists are kept as their encoding
 * and walked one element at a time with the _next functions. No I/O here.
 */
#ifndef TOKEN_PROTO_H
#define TOKEN_PROTO_H

#include "asn1/der.h"

#define TOK_FRAME_MAX ((size_t)1 << 20)
#define TOK_KEY_ID_LEN 32
#define TOK_SECRET_LEN 32
#define TOK_TEXT_MAX 1024
#define TOK_PIN_MAX 255

/* The message table: TOK_MSG(name, tag). */
#define TOK_MESSAGES(TOK_MSG)   \
	TOK_MSG(ERROR, 0)       \
	TOK_MSG(START, 1)       \
	TOK_MSG(START_OK, 2)    \
	TOK_MSG(PROBE, 3)       \
	TOK_MSG(PROBE_OK, 4)    \
	TOK_MSG(INFO, 5)        \
	TOK_MSG(INFO_OK, 6)     \
	TOK_MSG(LOGIN, 7)       \
	TOK_MSG(LOGIN_OK, 8)    \
	TOK_MSG(LOGOUT, 9)      \
	TOK_MSG(LOGOUT_OK, 10)  \
	TOK_MSG(SIGN, 11)       \
	TOK_MSG(SIGN_OK, 12)    \
	TOK_MSG(OPEN, 13)       \
	TOK_MSG(OPEN_OK, 14)    \
	TOK_MSG(RAW, 15)        \
	TOK_MSG(RAW_OK, 16)     \
	TOK_MSG(SET_PIN, 17)    \
	TOK_MSG(SET_PIN_OK, 18) \
	TOK_MSG(EVENT, 19)      \
	TOK_MSG(WRITE, 20)      \
	TOK_MSG(WRITE_OK, 21)

enum tok_type {
#define TOK_ENUM(name, tag) TOK_##name = tag,
	TOK_MESSAGES(TOK_ENUM)
#undef TOK_ENUM
};

enum tok_flag { /* bit n of the BIT STRING is 1 << n */
	TOK_LOGIN_REQUIRED = 1 << 0,
	TOK_PROTECTED_PATH = 1 << 1,
	TOK_PIN_COUNT_LOW = 1 << 2,
	TOK_PIN_FINAL_TRY = 1 << 3,
	TOK_PIN_LOCKED = 1 << 4,
	TOK_PIN_TO_BE_CHANGED = 1 << 5,
	TOK_REMOVABLE = 1 << 6,
	TOK_LOGGED_IN = 1 << 7,
	TOK_OWN_UNPADDING = 1 << 8,
};

enum tok_key_flag {
	TOK_KEY_PRESENT = 1 << 0,
	TOK_KEY_SIGN = 1 << 1,
	TOK_KEY_DECRYPT = 1 << 2,
	TOK_KEY_DERIVE = 1 << 3,
	TOK_KEY_ALWAYS_AUTHENTICATE = 1 << 4,
};

enum tok_raw_op { TOK_RAW_SIGN, TOK_RAW_DECRYPT, TOK_RAW_DERIVE };
enum tok_pin_op { TOK_PIN_CHANGE, TOK_PIN_UNBLOCK };
enum tok_write_op { TOK_WRITE_GENERATE, TOK_WRITE_INSTALL, TOK_WRITE_IMPORT };
enum tok_written_flag {
	TOK_WRITTEN_KEY = 1 << 0,
	TOK_WRITTEN_CERTIFICATE = 1 << 1,
};
enum tok_event_kind {
	TOK_EVENT_CHANGED, /* a token may have come or gone */
	TOK_EVENT_GONE,	   /* the card in the reader, or the reader */
	TOK_EVENT_SERVICE, /* PC/SC ended: modules that use it are of no use */
};

struct tok_info {
	struct bytes uri; /* text fields: UTF-8 */
	struct bytes label;
	struct bytes serial;
	struct bytes manufacturer;
	struct bytes model;
	struct bytes reader;
	uint32_t insertion;
	unsigned pin_len_min;
	unsigned pin_len_max;
	unsigned flags; /* enum tok_flag */
	int tries_left; /* or ERR_TRIES_UNKNOWN */
};

struct tok_key {
	struct bytes key_id; /* TOK_KEY_ID_LEN: SHA-256 of spki */
	struct bytes token;  /* its URI */
	struct bytes uri;
	struct bytes label;
	struct bytes id;	   /* CKA_ID */
	unsigned flags;		   /* enum tok_key_flag */
	struct bytes spki;	   /* DER */
	struct bytes certificates; /* content of SEQUENCE OF OCTET STRING */
	struct bytes role;	   /* "9c"; empty: none */
};

/* One thing to write; what an operation does not use is empty. */
struct tok_object {
	struct bytes label;	  /* UTF-8 */
	struct bytes key_type;	  /* generate: "rsa2048", "p256" ... */
	struct bytes private_key; /* import: PrivateKeyInfo, RFC 5208 */
	struct bytes certificate; /* import, install: DER */
};

/* What became of it. */
struct tok_written {
	struct bytes key_id; /* TOK_KEY_ID_LEN */
	struct bytes spki;   /* DER */
	unsigned flags;	     /* enum tok_written_flag: what is new */
};

struct tok_msg {
	uint32_t id;
	enum tok_type type;
	/* Fields by use; those a message has not are empty or 0. */
	int code; /* ERROR: negative, -CS_ERR_x */
	unsigned long ckr;
	bool has_info;	      /* ERROR */
	struct tok_info info; /* ERROR, INFO_OK, LOGIN_OK, LOGOUT_OK,
				 SET_PIN_OK */
	struct bytes text;    /* ERROR */
	struct bytes module;  /* START: path; may be empty to watch */
	struct bytes secret;  /* START: TOK_SECRET_LEN */
	bool watch;	      /* START */
	bool uses_pcsc;	      /* PROBE_OK */
	struct bytes reader;  /* EVENT: its name; empty: any */
	struct bytes description, manufacturer, version; /* START_OK */
	struct bytes tokens;	   /* PROBE_OK: content, tok_info_next */
	struct bytes keys;	   /* PROBE_OK: content, tok_key_next */
	struct bytes certificates; /* PROBE_OK: content, tok_cert_next */
	struct bytes token;	   /* requests: URI */
	uint32_t insertion;	   /* requests: as last reported */
	struct bytes key_id;
	struct bytes algorithm;		/* SIGN: AlgorithmIdentifier, DER */
	struct bytes input;		/* SIGN, RAW */
	struct bytes recipient_info;	/* OPEN: DER */
	unsigned index;			/* OPEN */
	struct bytes content_algorithm; /* OPEN: DER */
	unsigned operation;		/* RAW: tok_raw_op, SET_PIN: tok_pin_op,
					   EVENT: tok_event_kind,
					   WRITE: tok_write_op */
	struct bytes objects;		/* WRITE: content, tok_object_next */
	struct bytes written;	 /* WRITE_OK: content, tok_written_next */
	unsigned long mechanism; /* RAW */
	struct bytes parameter;	 /* RAW */
	bool has_pin;		 /* LOGIN, SIGN, OPEN, RAW, SET_PIN (old) */
	struct bytes pin;
	bool has_new_pin; /* SET_PIN */
	struct bytes new_pin;
	struct bytes output; /* SIGN_OK, OPEN_OK, RAW_OK */
};

/*
 * How long is the frame that starts in the bytes? 0: not yet to be told, more
 * bytes are needed. CS_ERR_PROTOCOL: no frame, or one over TOK_FRAME_MAX.
 */
int CS_MUST_USE tok_frame_len(struct bytes in, size_t *frame_len);
/* Whole frame. Failure: -CS_ERR_PROTOCOL, e names the field. */
int CS_MUST_USE tok_msg_decode(
    struct bytes frame, struct tok_msg *msg, struct err *e);
/*
 * Appends a frame; the buf's failure is sticky. The lists are taken as they
 * are (already encoded content). CS_ERR_TOO_LARGE: a text, PIN or the whole is
 * over its limit; numbers over theirs are cut to it (field.h).
 */
int CS_MUST_USE tok_msg_encode(const struct tok_msg *msg, struct buf *out);
const char *tok_type_name(enum tok_type type); /* "SIGN_OK" */

/* Walk lists: der_init(&d, msg.tokens), then until false; then der_end. */
bool tok_info_next(struct der *d, struct tok_info *info);
bool tok_key_next(struct der *d, struct tok_key *key);
bool tok_cert_next(struct der *d, struct bytes *token, struct bytes *cert);
bool tok_object_next(struct der *d, struct tok_object *object);
bool tok_written_next(struct der *d, struct tok_written *written);
/* Build lists: append one element. */
void tok_object_put(struct buf *b, const struct tok_object *object);
void tok_written_put(struct buf *b, const struct tok_written *written);
void tok_info_put(struct buf *b, const struct tok_info *info);
void tok_key_put(struct buf *b, const struct tok_key *key);
void tok_cert_put(struct buf *b, struct bytes token, struct bytes cert);

/*
 * BIT STRING of named bits (bit 0 first) to flags and back. At most 32 bits:
 * more fail as CS_ERR_TOO_LARGE. Trailing zero bits are taken, not written.
 */
unsigned der_get_flags(struct der *d);
void der_put_flags(struct buf *b, int tag, unsigned flags);

#endif
