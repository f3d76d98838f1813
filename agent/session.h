/*
 * session.h: what logind tells: the machine goes to sleep, the person's
 * session is locked. Then PINs are wiped, logins ended and answers to
 * questions forgotten, as by cardseal lock.
 *
 * Sleep is delayed (an inhibitor of logind) until the tokens have logged out,
 * but no longer than SESSION_DELAY_MS. Without a system bus or logind there
 * is nothing to tell, and the agent runs on; a bus that goes is looked for
 * again.
 *
 * The agent's own end waits for the same, no longer than SESSION_END_MS.
 */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include <systemd/sd-bus.h>

#include "agent/login.h"
#include "agent/timer.h"

/* logind's own patience is five seconds. */
#define SESSION_DELAY_MS 4000
#define SESSION_RETRY_MS 30000
#define SESSION_END_MS 3000

struct agent;

struct session {
	sd_bus *bus;
	int inhibitor;	/* -1: none; closing it lets the machine sleep */
	bool is_asleep; /* or about to */
	bool was_told;	/* that there is no logind */
	struct timer delay, retry;
	struct logout logout; /* of all tokens, before sleep */
	bool is_ending;	      /* the agent is, and takes no requests */
	struct timer end;
	struct logout last; /* of all tokens, before the end */
};

void session_init(struct agent *a);
void session_clear(struct agent *a);
/* Wipes PINs, ends all logins; end (may be NULL) counts them. reason goes to
 * those who wait. */
void session_lock_all(struct agent *a, const char *reason, struct logout *end);
/* Locks everything, then ends the agent's loop; at once when asked again. */
void session_end(struct agent *a);

#endif
