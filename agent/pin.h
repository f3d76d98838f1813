/*
 * pin.h: the rules for PINs, as a pure state machine: no I/O, no secrets, no
 * clock. There is one state per insertion of a token. The caller (login.c)
 * tells what happened and does what it is told; it keeps two secrets beside
 * the state, the typed PIN (not yet proven) and the proven one.
 *
 * What holds in every state (tests/unit/check_pin.c walks all of them):
 * - A PIN goes to the token only right after the token's flags were asked
 *   for, and only one at a time.
 * - A typed PIN goes once. If it succeeds it is proven, else both PINs are
 *   wiped, also when it is not known whether it counted.
 * - A proven PIN goes again until it fails once, and never by itself when the
 *   token says count low, final try or locked.
 * - At the final try nothing goes before the person said yes to that, and
 *   the yes serves one try.
 * - Nothing goes to a locked token, and nobody is asked for its PIN.
 * - Keys that always authenticate get a PIN typed for that one use; the
 *   same typing may log in first where that is needed. Where the policy says
 *   so (PIN_FLAG_CACHED), the proven PIN serves them instead.
 */
#ifndef AGENT_PIN_H
#define AGENT_PIN_H

#include <stdbool.h>
#include <stdint.h>

/* Prompts in a row, before those who wait are told that it failed. */
#define PIN_ASKS_MAX 3

enum pin_phase {
	PIN_IDLE,
	PIN_CHECK,   /* the token is asked for its flags */
	PIN_ASK,     /* a PIN prompt is open */
	PIN_CONFIRM, /* "only one try is left, go on?" is open */
	PIN_SENT,    /* a PIN is at the token */
};

enum pin_event {
	/* Requests wait for the token to be logged in; none does any more. */
	PIN_NEED_LOGIN,
	PIN_NO_LOGIN,
	/* The first of the requests for a key that always authenticates waits
	 * for its PIN; it has gone away. */
	PIN_NEED_CONTEXT,
	PIN_NO_CONTEXT,
	/* The worker that such keys are used through is logged in, or not. */
	PIN_LOGGED_IN,
	PIN_LOGGED_OUT,
	/* Answers to PIN_DO_CHECK; the flags come with the event. */
	PIN_CHECKED,
	PIN_CHECK_FAILED,
	/* Answers to PIN_DO_ASK. BAD: empty, or of a length that the token
	 * does not take. CANCELLED: or no pinentry, or its time is up. */
	PIN_TYPED,
	PIN_BAD,
	PIN_CANCELLED,
	/* Answers to PIN_DO_CONFIRM (or PIN_CANCELLED). */
	PIN_YES,
	/* Results of what was sent. FAILED: anything but a clear wrong PIN. */
	PIN_OK,
	PIN_WRONG,
	PIN_FAILED,
	/* The worker was lost with it: whether it counted is not known. The
	 * others who wait can be asked for the PIN anew. */
	PIN_LOST,
	/* It did not go out after all. */
	PIN_UNSENT,
	/* Lock, removal, sleep: nothing is kept, nobody waits any longer. */
	PIN_LOCK,
	/* The proven PIN was kept long enough. */
	PIN_EXPIRED,
	PIN_EVENT_COUNT,
};

enum pin_flag { /* come with PIN_CHECKED, but for CACHED */
	PIN_FLAG_LOW = 1 << 0,
	PIN_FLAG_FINAL = 1 << 1,
	PIN_FLAG_LOCKED = 1 << 2,
	PIN_FLAG_PAD = 1 << 3, /* the reader's own pinpad takes the PIN */
	/* With PIN_NEED_CONTEXT: the first of them takes the proven PIN. */
	PIN_FLAG_CACHED = 1 << 4,
};

/* What to do now, in the order of the bits. */
enum pin_action {
	PIN_DO_PROVE = 1 << 0, /* the typed PIN becomes the proven one */
	PIN_DO_WIPE_TYPED = 1 << 1,
	PIN_DO_WIPE_PROVEN = 1 << 2,
	PIN_DO_CLOSE = 1 << 3,	/* the prompt */
	PIN_DO_LOGOUT = 1 << 4, /* it was locked while the PIN was away */
	PIN_DO_RUN_LOGINS = 1 << 5,
	PIN_DO_FAIL_LOGINS = 1 << 6,
	PIN_DO_END_CONTEXT = 1 << 7,
	PIN_DO_FAIL_CONTEXT = 1 << 8,
	PIN_DO_CHECK = 1 << 9,
	PIN_DO_ASK = 1 << 10,
	PIN_DO_CONFIRM = 1 << 11,
	PIN_DO_LOGIN_TYPED = 1 << 12,
	PIN_DO_LOGIN_PROVEN = 1 << 13,
	PIN_DO_LOGIN_PAD = 1 << 14,
	/* The private-key operation itself, with the PIN beside it. */
	PIN_DO_CONTEXT_TYPED = 1 << 15,
	PIN_DO_CONTEXT_PROVEN = 1 << 16,
	PIN_DO_CONTEXT_PAD = 1 << 17,
	/* Only the first of those who wait for the login, whose it was. */
	PIN_DO_FAIL_FIRST = 1 << 18,
};
#define PIN_DO_SEND_TYPED (PIN_DO_LOGIN_TYPED | PIN_DO_CONTEXT_TYPED)
#define PIN_DO_SEND_PROVEN (PIN_DO_LOGIN_PROVEN | PIN_DO_CONTEXT_PROVEN)
#define PIN_DO_SEND_PAD (PIN_DO_LOGIN_PAD | PIN_DO_CONTEXT_PAD)
#define PIN_DO_SEND_CONTEXT \
	(PIN_DO_CONTEXT_TYPED | PIN_DO_CONTEXT_PROVEN | PIN_DO_CONTEXT_PAD)
#define PIN_DO_SEND (PIN_DO_SEND_TYPED | PIN_DO_SEND_PROVEN | PIN_DO_SEND_PAD)

/* All zero is the state of a token just seen. */
struct pin_state {
	uint8_t phase; /* enum pin_phase */
	uint8_t flags; /* enum pin_flag, as last told */
	uint8_t asks;  /* prompts in a row */
	bool has_typed;
	bool has_proven;
	bool has_consent; /* yes to the final try, not yet used */
	bool wants_login;
	bool wants_context;
	bool is_for_context; /* the prompt, the typed PIN or what is sent */
	bool takes_cached;   /* the context waiting does with the proven PIN */
	bool is_fresh;	 /* the proven PIN was typed for the context waiting */
	bool is_in;	 /* see PIN_LOGGED_IN */
	bool is_dropped; /* locked or expired while a PIN is at the token */
	uint32_t sent;	 /* PIN_SENT: the action */
};

/* Changes s and returns actions. Every event is allowed in every state. */
unsigned pin_step(struct pin_state *s, enum pin_event event, unsigned flags);
/* What would be sent or asked for now is for the first of the requests for a
 * key that always authenticates; else for those who wait for the login. */
bool pin_serves_context(const struct pin_state *s);

#endif
