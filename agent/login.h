/*
 * login.h: the PIN of one insertion of one token: what carries out the rules
 * of pin.h. Requests wait here until the token is logged in, or for their turn
 * with a key that always authenticates.
 */
#ifndef AGENT_LOGIN_H
#define AGENT_LOGIN_H

#include "agent/conn.h"
#include "agent/pin.h"
#include "agent/prompt.h"
#include "agent/worker.h"
#include "asn1/secret.h"

#define LOGIN_PAD_MS 120000 /* a person types at the reader */
/* A worker that dies while it is asked for the token's flags costs nothing,
 * so often; then the first of those who wait is told. */
#define LOGIN_RECHECKS_MAX 2
/* Keys that always authenticate are used through this worker alone. */
#define LOGIN_CONTEXT_WORKER 0

struct request;
struct token;

struct login {
	struct token *token;
	struct pin_state pin;
	struct secret *typed, *proven;
	struct request_waits logins;   /* wait for the token to be logged in */
	struct request_waits contexts; /* the first is the one of pin.h */
	/* A PIN opened the card since the last logout that succeeded: it may
	 * stay so though the worker that logged in is gone. */
	bool may_be_open;
	bool is_context_gone; /* it left while its PIN was at the token */
	unsigned depth;	      /* of steps under way */
	unsigned rechecks;    /* in a row */
	struct job job;	      /* INFO, LOGIN, or the operation itself */
	unsigned sent;	      /* the enum pin_action that job carries out */
	unsigned worker;      /* index of the one that job went to; a PIN goes
			       * to the one that told the flags before */
	const struct tok_msg *answer; /* while PIN_OK is told */
	struct prompt prompt;
	struct err source_err; /* of the last file that had no PIN */
	struct err err; /* of the last failure: for prompt and requests */
	struct timer expiry;
	uint64_t since_us, used_us;
};

void login_init(struct login *l, struct token *t);
void login_clear(struct login *l);
/* Something is under way that will come back to l. */
bool login_is_busy(const struct login *l);

/* Puts the request, whose worker is set, among those that wait; it is resumed
 * (request.h) when that worker is logged in, or fails. */
void login_wait(struct login *l, struct request *r);
/* The same for a request that found the worker logged out; it fails with
 * CS_ERR_PIN_NEEDED where that happened REQUEST_LOGINS_MAX times. */
void login_wait_again(struct token *t, struct request *r, struct worker *w);
/* The same for a key that always authenticates: the request ends here. */
void login_wait_context(struct login *l, struct request *r);
/* The request, which is in one of the lists, does not wait any longer. */
void login_leave(struct login *l, struct request *r);

/* Forgets the PIN; those who wait fail with e. The token stays logged in. */
void login_lock(struct login *l, const struct err *e);
/* What a worker says about its login. */
void login_set_in(struct login *l, unsigned worker, bool is_in);
/* The PIN's time to live begins anew. */
static inline void
login_used(struct login *l, uint64_t now_us)
{
	l->used_us = now_us;
}

/* Counts logouts under way; part of its owner, who counts as one himself
 * until he has no more to add. */
struct logout {
	unsigned count;
	void (*done)(struct logout *end); /* when the count is 0 again */
};
void logout_drop(struct logout *end);
/* Has every worker that is logged in log out; end (may be NULL) counts. */
void login_logout(struct login *l, struct logout *end);

/* login_source.c: the PIN from a file (pin_source.h). Gives the answer to the
 * prompt that l->pin wants; false: a person is to be asked. */
bool login_source_ask(struct login *l, bool is_confirm);
/* The typed PIN is about to go to the token; false: it must not, l->err. */
bool login_source_sends(struct login *l);
/* The typed PIN succeeded. */
void login_source_proved(struct login *l);

/* login_text.c: shows the prompt that l->pin wants, and says in l->err why it
 * brought nothing. */
void login_prompt(struct login *l, bool is_confirm);
void login_prompt_failed(
    struct login *l, const struct dialog_answer *answer, bool is_confirm);

#endif
