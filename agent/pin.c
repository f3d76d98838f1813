#include "agent/pin.h"

static unsigned
pin_wipe(struct pin_state *s)
{
	s->has_typed = s->has_proven = s->is_fresh = false;
	return PIN_DO_WIPE_TYPED | PIN_DO_WIPE_PROVEN;
}

static unsigned
pin_wipe_typed(struct pin_state *s)
{
	s->has_typed = false;
	return PIN_DO_WIPE_TYPED;
}

static unsigned
pin_wipe_proven(struct pin_state *s)
{
	s->has_proven = s->is_fresh = false;
	return PIN_DO_WIPE_PROVEN;
}

/* Those who waited have been told; what follows starts anew. */
static void
pin_rest(struct pin_state *s)
{
	s->phase = PIN_IDLE;
	s->asks = 0;
	s->has_consent = false;
	s->is_for_context = false;
}

/* Everybody who waits fails. */
static unsigned
pin_fail_all(struct pin_state *s)
{
	unsigned actions = pin_wipe_typed(s);

	if (s->wants_login)
		actions |= PIN_DO_FAIL_LOGINS;
	if (s->wants_context)
		actions |= PIN_DO_FAIL_CONTEXT;
	s->wants_login = s->wants_context = s->is_fresh = false;
	s->takes_cached = false;
	pin_rest(s);
	return actions;
}

static unsigned
pin_check(struct pin_state *s)
{
	s->phase = PIN_CHECK;
	return PIN_DO_CHECK;
}

/* On to the next thing that is wanted, if any. */
static unsigned
pin_next(struct pin_state *s)
{
	if (s->wants_login || s->wants_context)
		return pin_check(s);
	pin_rest(s);
	return s->has_typed ? pin_wipe_typed(s) : 0;
}

static unsigned
pin_send(struct pin_state *s, unsigned action)
{
	s->phase = PIN_SENT;
	s->sent = action;
	s->has_consent = false;
	return action;
}

/* Asks the person: for consent at the final try, else for the PIN. */
static unsigned
pin_ask(struct pin_state *s)
{
	if ((s->flags & PIN_FLAG_FINAL) && !s->has_consent) {
		s->phase = PIN_CONFIRM;
		return PIN_DO_CONFIRM;
	}
	if (s->flags & PIN_FLAG_PAD)
		return pin_send(s, s->is_for_context && s->is_in
				       ? PIN_DO_CONTEXT_PAD
				       : PIN_DO_LOGIN_PAD);
	if (s->asks >= PIN_ASKS_MAX)
		return pin_fail_all(s);
	s->asks++;
	s->phase = PIN_ASK;
	return PIN_DO_ASK;
}

/* A PIN that was typed for a context serves that first; one that is known
 * serves those who wait for the login first. */
static bool
pin_proven_is_for_context(const struct pin_state *s)
{
	return s->is_fresh || (s->takes_cached && !s->wants_login);
}

/* What to do without asking anybody, with the proven PIN; or 0. */
static unsigned
pin_use_proven(struct pin_state *s)
{
	bool is_context = pin_proven_is_for_context(s);

	if (!s->has_proven || !(is_context || s->wants_login))
		return 0;
	s->is_for_context = is_context;
	return pin_send(s, is_context && s->is_in ? PIN_DO_CONTEXT_PROVEN
						  : PIN_DO_LOGIN_PROVEN);
}

bool
pin_serves_context(const struct pin_state *s)
{
	if (s->has_typed && (s->is_for_context || s->wants_login))
		return s->is_for_context;
	if (s->has_proven && (s->wants_login || s->is_fresh || s->takes_cached))
		return pin_proven_is_for_context(s);
	return s->wants_context;
}

/* The flags are fresh: the one place from where a PIN goes out. */
static unsigned
pin_decide(struct pin_state *s)
{
	unsigned actions = 0, use;

	if (!s->wants_login && !s->wants_context)
		return pin_next(s);
	if (s->flags & PIN_FLAG_LOCKED)
		return pin_wipe(s) | pin_fail_all(s);
	if (s->has_typed && !s->is_for_context && !s->wants_login)
		actions |= pin_wipe_typed(s);
	if (s->has_typed) {
		if ((s->flags & PIN_FLAG_FINAL) && !s->has_consent)
			return pin_ask(s);
		return pin_send(s, s->is_for_context && s->is_in
				       ? PIN_DO_CONTEXT_TYPED
				       : PIN_DO_LOGIN_TYPED);
	}
	if (s->has_proven && (s->flags & (PIN_FLAG_LOW | PIN_FLAG_FINAL)))
		actions |= pin_wipe_proven(s);
	use = pin_use_proven(s);
	if (use != 0)
		return actions | use;
	s->is_for_context = s->wants_context;
	return actions | pin_ask(s);
}

/* The prompt was closed without a PIN: for those who shared it. */
static unsigned
pin_cancelled(struct pin_state *s)
{
	unsigned actions = pin_wipe_typed(s);
	bool keeps_context = s->wants_context && !s->is_for_context;

	if (s->wants_login)
		actions |= PIN_DO_FAIL_LOGINS;
	if (s->wants_context && !keeps_context)
		actions |= PIN_DO_FAIL_CONTEXT;
	s->wants_login = false;
	s->wants_context = keeps_context;
	s->takes_cached = s->takes_cached && keeps_context;
	pin_rest(s);
	return actions | pin_next(s);
}

/* Nobody waits any more for what the prompt asks. */
static unsigned
pin_abandoned(struct pin_state *s)
{
	bool is_open = s->phase == PIN_ASK || s->phase == PIN_CONFIRM;

	if (!is_open || (s->wants_context && s->is_for_context) ||
	    (s->wants_login && !s->is_for_context))
		return 0;
	pin_rest(s);
	return PIN_DO_CLOSE | pin_wipe_typed(s) | pin_next(s);
}

/* What was typed for one signature serves no other. */
static unsigned
pin_no_context(struct pin_state *s)
{
	s->wants_context = s->is_fresh = s->takes_cached = false;
	if (s->phase == PIN_CHECK || s->phase == PIN_SENT)
		s->is_for_context = false;
	return pin_abandoned(s);
}

static unsigned
pin_ok(struct pin_state *s)
{
	unsigned actions = 0;

	if (s->sent & PIN_DO_SEND_TYPED) {
		s->has_typed = false;
		s->has_proven = true;
		actions |= PIN_DO_PROVE;
	}
	s->asks = 0;
	if (s->sent & PIN_DO_SEND_CONTEXT) {
		actions |= PIN_DO_END_CONTEXT;
		s->wants_context = s->is_fresh = s->takes_cached = false;
	}
	if (s->is_dropped) {
		s->is_dropped = s->is_in = false;
		return actions | pin_wipe(s) | PIN_DO_LOGOUT | pin_next(s);
	}
	if (s->sent & PIN_DO_SEND_CONTEXT)
		return actions | pin_next(s);
	if (s->is_for_context) {
		s->is_in = true;
		s->is_fresh = s->wants_context && !s->takes_cached &&
			      !(s->sent & PIN_DO_SEND_PAD);
	}
	if (s->wants_login)
		actions |= PIN_DO_RUN_LOGINS;
	s->wants_login = false;
	return actions | pin_next(s);
}

static unsigned
pin_result(struct pin_state *s, enum pin_event event)
{
	unsigned actions;

	if (s->phase != PIN_SENT)
		return 0;
	if (event == PIN_OK)
		return pin_ok(s);
	s->is_dropped = false;
	actions = pin_wipe(s);
	if (event == PIN_FAILED)
		return actions | pin_fail_all(s);
	/* A pinpad has no prompt of ours that would tell of the failure. */
	if (s->sent & PIN_DO_SEND_PAD)
		return actions | pin_fail_all(s);
	return actions | pin_next(s);
}

static unsigned
pin_lost(struct pin_state *s)
{
	unsigned actions;

	if (s->phase != PIN_SENT)
		return 0;
	/* Whoever asks at a pinpad can't say for whom it is. */
	if (s->sent & PIN_DO_SEND_PAD)
		return pin_result(s, PIN_FAILED);
	actions = pin_wipe(s);
	s->is_dropped = false;
	s->asks = 0;
	if (s->is_for_context && s->wants_context) {
		s->wants_context = s->takes_cached = false;
		actions |= PIN_DO_FAIL_CONTEXT;
	} else if (!s->is_for_context && s->wants_login) {
		actions |= PIN_DO_FAIL_FIRST;
	}
	s->is_for_context = false;
	return actions | pin_next(s);
}

/* A typed PIN is kept for those who still wait. */
static unsigned
pin_unsent(struct pin_state *s)
{
	if (s->phase != PIN_SENT)
		return 0;
	s->is_dropped = false;
	return pin_next(s);
}

static unsigned
pin_lock(struct pin_state *s)
{
	enum pin_phase phase = (enum pin_phase)s->phase;
	uint32_t sent = s->sent;
	unsigned actions = pin_wipe(s) | pin_fail_all(s);

	if (phase == PIN_ASK || phase == PIN_CONFIRM)
		return actions | PIN_DO_CLOSE;
	/* The answer is still to come. */
	if (phase == PIN_SENT || phase == PIN_CHECK) {
		s->phase = (uint8_t)phase;
		s->sent = sent;
		s->is_dropped = phase == PIN_SENT;
	}
	return actions;
}

static unsigned
pin_expired(struct pin_state *s)
{
	if (s->phase == PIN_SENT && (s->sent & PIN_DO_SEND_PROVEN))
		s->is_dropped = true;
	return pin_wipe_proven(s);
}

/* What the person did; too late an answer changes nothing. */
static unsigned
pin_answered(struct pin_state *s, enum pin_event event)
{
	bool is_asked = s->phase == PIN_ASK || s->phase == PIN_CONFIRM;

	switch (event) {
	case PIN_TYPED:
		if (s->phase != PIN_ASK)
			return s->has_typed ? 0 : PIN_DO_WIPE_TYPED;
		s->has_typed = true;
		return pin_check(s);
	case PIN_BAD:
		return s->phase == PIN_ASK ? pin_check(s) : 0;
	case PIN_YES:
		if (s->phase != PIN_CONFIRM)
			return 0;
		s->has_consent = true;
		return pin_check(s);
	default:
		return is_asked ? pin_cancelled(s) : 0;
	}
}

unsigned
pin_step(struct pin_state *s, enum pin_event event, unsigned flags)
{
	switch (event) {
	case PIN_NEED_LOGIN:
		s->wants_login = true;
		return s->phase == PIN_IDLE ? pin_next(s) : 0;
	case PIN_NEED_CONTEXT:
		/* The first of them stays the first. */
		if (!s->wants_context)
			s->takes_cached = (flags & PIN_FLAG_CACHED) != 0;
		s->wants_context = true;
		return s->phase == PIN_IDLE ? pin_next(s) : 0;
	case PIN_NO_LOGIN:
		s->wants_login = false;
		return pin_abandoned(s);
	case PIN_NO_CONTEXT:
		return pin_no_context(s);
	case PIN_LOGGED_IN:
		s->is_in = true;
		return 0;
	case PIN_LOGGED_OUT:
		s->is_in = false;
		return 0;
	case PIN_CHECKED:
		s->flags = (uint8_t)flags;
		return s->phase == PIN_CHECK ? pin_decide(s) : 0;
	case PIN_CHECK_FAILED:
		return s->phase == PIN_CHECK ? pin_fail_all(s) : 0;
	case PIN_TYPED:
	case PIN_BAD:
	case PIN_CANCELLED:
	case PIN_YES:
		return pin_answered(s, event);
	case PIN_OK:
	case PIN_WRONG:
	case PIN_FAILED:
		return pin_result(s, event);
	case PIN_LOST:
		return pin_lost(s);
	case PIN_UNSENT:
		return pin_unsent(s);
	case PIN_LOCK:
		return pin_lock(s);
	case PIN_EXPIRED:
		return pin_expired(s);
	case PIN_EVENT_COUNT:
		break;
	}
	return 0;
}
