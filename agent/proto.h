/*
 * proto.h: the messages between clients and cardseal-agent (asn1/agent.asn is
 * the contract, doc/protocol.md its explanation; this is its form in C).
 *
 * Decoded messages borrow from the frame. Lists are kept as their encoding
 * and walked one element at a time with the _next functions. No I/O here.
 * The same codec serves agent and client, so they cannot drift apart.
 */
#ifndef AGENT_PROTO_H
#define AGENT_PROTO_H

#include "token/proto.h"

#define AGT_VERSION 1
#define AGT_REQUEST_MAX ((size_t)32768)
#define AGT_ANSWER_MAX ((size_t)262144)
#define AGT_TEXT_MAX 1024
#define AGT_KEY_ID_LEN TOK_KEY_ID_LEN
#define AGT_DEADLINE_MS_MAX 86400000U

enum agt_direction { AGT_REQUEST, AGT_ANSWER };

/*
 * The message table: AGT_MSG(name, tag, direction, answer). A new message is
 * a line here, a type in agent.asn, and its fields in proto.c.
 */
#define AGT_MESSAGES(AGT_MSG)                             \
	AGT_MSG(ERROR, 0, ANSWER, ERROR)                  \
	AGT_MSG(HELLO, 1, REQUEST, HELLO_OK)              \
	AGT_MSG(HELLO_OK, 2, ANSWER, ERROR)               \
	AGT_MSG(LIST, 3, REQUEST, LIST_OK)                \
	AGT_MSG(LIST_OK, 4, ANSWER, ERROR)                \
	AGT_MSG(SIGN, 5, REQUEST, SIGN_OK)                \
	AGT_MSG(SIGN_OK, 6, ANSWER, ERROR)                \
	AGT_MSG(OPEN, 7, REQUEST, OPEN_OK)                \
	AGT_MSG(OPEN_OK, 8, ANSWER, ERROR)                \
	AGT_MSG(RAW, 9, REQUEST, RAW_OK)                  \
	AGT_MSG(RAW_OK, 10, ANSWER, ERROR)                \
	AGT_MSG(PIN, 11, REQUEST, PIN_OK)                 \
	AGT_MSG(PIN_OK, 12, ANSWER, ERROR)                \
	AGT_MSG(UNLOCK, 13, REQUEST, UNLOCK_OK)           \
	AGT_MSG(UNLOCK_OK, 14, ANSWER, ERROR)             \
	AGT_MSG(LOCK, 15, REQUEST, LOCK_OK)               \
	AGT_MSG(LOCK_OK, 16, ANSWER, ERROR)               \
	AGT_MSG(STATUS, 17, REQUEST, STATUS_OK)           \
	AGT_MSG(STATUS_OK, 18, ANSWER, ERROR)             \
	AGT_MSG(EVENTS, 19, REQUEST, EVENT)               \
	AGT_MSG(EVENT, 20, ANSWER, ERROR)                 \
	AGT_MSG(CANCEL, 21, REQUEST, CANCEL_OK)           \
	AGT_MSG(CANCEL_OK, 22, ANSWER, ERROR)             \
	AGT_MSG(DECAPSULATE, 23, REQUEST, DECAPSULATE_OK) \
	AGT_MSG(DECAPSULATE_OK, 24, ANSWER, ERROR)        \
	AGT_MSG(WRITE, 25, REQUEST, WRITE_OK)             \
	AGT_MSG(WRITE_OK, 26, ANSWER, ERROR)

enum agt_type {
#define AGT_ENUM(name, tag, direction, answer) AGT_##name = tag,
	AGT_MESSAGES(AGT_ENUM)
#undef AGT_ENUM
};

enum agt_module_state {
	AGT_MODULE_STARTING,
	AGT_MODULE_READY,
	AGT_MODULE_FAILED,
	AGT_MODULE_RESTARTING,
};

/* EVENT's kinds; EVENTS asks for 1 << kind. */
enum agt_event_kind { /* agent.asn, Event */
	AGT_EVENT_INSERTED,
	AGT_EVENT_REMOVED,
	AGT_EVENT_UNLOCKED,
	AGT_EVENT_LOCKED,
	AGT_EVENT_KEY_USED,
	AGT_EVENT_RESTARTED,
	AGT_EVENT_TOUCH,
};

/* Claims of the client; text fields may be empty. */
struct agt_context {
	uint32_t deadline_ms; /* 0: the agent's own */
	struct bytes purpose;
	struct bytes display;
	struct bytes tty_name;
	struct bytes tty_type;
	struct bytes lc_ctype;
	struct bytes lc_messages;
	struct bytes xauthority;
	struct bytes on_behalf_of;
};

/* Flags are those of token/proto.h; TOK_LOGGED_IN says "unlocked". */
struct agt_token {
	struct bytes uri; /* RFC 7512: the token's name */
	struct bytes label;
	struct bytes serial;
	struct bytes manufacturer;
	struct bytes model;
	struct bytes module;
	struct bytes reader;
	unsigned flags;
	int tries_left; /* or ERR_TRIES_UNKNOWN */
};

struct agt_module {
	struct bytes name;
	struct bytes path;
	enum agt_module_state state;
	uint32_t pid; /* 0: none runs */
	uint32_t restarts;
	struct bytes last_error;
};

struct agt_msg {
	uint32_t id;
	enum agt_type type;
	/* Fields by use; those a message has not are empty or 0. */
	int code; /* ERROR: negative, -CS_ERR_x (unknown numbers are kept) */
	unsigned long ckr;		   /* ERROR */
	int tries_left;			   /* ERROR */
	struct bytes holder;		   /* ERROR */
	struct bytes text;		   /* ERROR, EVENT */
	unsigned version_min, version_max; /* HELLO */
	unsigned version;		   /* HELLO_OK */
	struct bytes program;		   /* HELLO */
	struct bytes agent_version;	   /* HELLO_OK, STATUS_OK */
	bool restricted;		   /* HELLO_OK */
	bool has_context; /* where context is OPTIONAL: it was there */
	struct agt_context context;
	struct bytes token;	   /* URI; empty: none given */
	struct bytes after;	   /* LIST: key id or empty */
	struct bytes tokens;	   /* LIST_OK, STATUS_OK: agt_token_next */
	struct bytes keys;	   /* LIST_OK: agt_key_next */
	struct bytes certificates; /* LIST_OK: agt_cert_next */
	bool more;		   /* LIST_OK */
	struct bytes key_id;
	struct bytes algorithm; /* SIGN: AlgorithmIdentifier, DER */
	struct bytes input;	/* SIGN, RAW */
	struct bytes output;	/* SIGN_OK, OPEN_OK, RAW_OK, DECAPSULATE_OK */
	struct bytes recipient_info;	/* OPEN, DECAPSULATE: DER */
	unsigned index;			/* OPEN */
	struct bytes content_algorithm; /* OPEN, DECAPSULATE: DER */
	unsigned operation;		/* RAW: tok_raw_op, PIN: tok_pin_op,
					   WRITE: tok_write_op */
	struct bytes objects;		/* WRITE: tok_object_next */
	struct bytes written;		/* WRITE_OK: tok_written_next */
	unsigned long mechanism;	/* RAW */
	struct bytes parameter;		/* RAW */
	uint32_t pid;			/* STATUS_OK */
	int64_t started;		/* STATUS_OK: seconds since 1970 */
	unsigned clients;		/* STATUS_OK */
	struct bytes modules;		/* STATUS_OK: agt_module_next */
	unsigned kinds;			/* EVENTS: 1 << kind */
	unsigned kind;			/* EVENT */
	uint32_t target;		/* CANCEL */
};

/*
 * How long is the frame that starts in the bytes? 0: more bytes are needed.
 * CS_ERR_PROTOCOL: no frame, or longer than max.
 */
int CS_MUST_USE agt_frame_len(struct bytes in, size_t max, size_t *frame_len);
/* Whole frame. CS_ERR_PROTOCOL; e names the field. If at least the id could
 * be read, msg->id is set even so. An unknown body tag: CS_ERR_UNSUPPORTED. */
int CS_MUST_USE agt_msg_decode(
    struct bytes frame, struct agt_msg *msg, struct err *e);
/*
 * Appends a frame; lists are taken as they are (already encoded content).
 * CS_ERR_ARGUMENT: a text is no valid text or too long, or a key id has the
 * wrong length: nothing was appended. Else the buf's failure, which sticks.
 */
int CS_MUST_USE agt_msg_encode(const struct agt_msg *msg, struct buf *out);
/* Is it text as the protocol wants it: UTF-8 without control characters, at
 * most AGT_TEXT_MAX octets? */
bool agt_text_is_valid(struct bytes s);
const char *agt_type_name(enum agt_type type); /* "SIGN_OK" */
enum agt_direction agt_type_direction(enum agt_type type);
enum agt_type agt_type_answer(enum agt_type request);

/* Walk lists: der_init(&d, msg.tokens), then until false; then der_end. */
bool agt_token_next(struct der *d, struct agt_token *token);
bool agt_key_next(struct der *d, struct tok_key *key);
bool agt_cert_next(struct der *d, struct bytes *cert);
bool agt_module_next(struct der *d, struct agt_module *module);
/* Build lists: append one element. */
void agt_token_put(struct buf *b, const struct agt_token *token);
void agt_key_put(struct buf *b, const struct tok_key *key);
void agt_cert_put(struct buf *b, struct bytes cert);
void agt_module_put(struct buf *b, const struct agt_module *module);

#endif
