#include "agent/login.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/request.h"

static void login_step(struct login *l, enum pin_event event, unsigned flags);
static void login_run(struct login *l, bool only_those_in);
static void login_submit(struct login *l, unsigned action, unsigned index);
static unsigned login_choose(struct login *l);
static void login_fail_first(struct login *l);
static void login_end_context(struct login *l, bool is_done);
static void login_retire_workers(const struct login *l);

static struct agent *
login_agent(struct login *l)
{
	return l->token->module->agent;
}

static struct worker *
login_worker(struct login *l, unsigned index)
{
	return &l->token->module->workers[index];
}

/* --- jobs --- */

/* While it was in the queue those whom it was for have gone, or the PIN was
 * wiped. One that was typed for a signature is for no other. */
static bool
login_is_moot(const struct login *l, const struct secret *pin)
{
	if (l->sent & PIN_DO_SEND_CONTEXT)
		return l->is_context_gone || TAILQ_EMPTY(&l->contexts);
	return (pin == NULL && !(l->sent & PIN_DO_SEND_PAD)) ||
	       (TAILQ_EMPTY(&l->logins) && TAILQ_EMPTY(&l->contexts));
}

/* For the first of those that wait. */
static unsigned
login_context_flags(const struct login *l)
{
	const struct request *r = TAILQ_FIRST(&l->contexts);

	return r != NULL && r->takes_cached_pin ? PIN_FLAG_CACHED : 0;
}

static bool
login_build(struct job *job, struct worker *w, struct tok_msg *m)
{
	struct login *l = (void *)((char *)job - offsetof(struct login, job));
	const struct secret *pin = NULL;

	(void)w;
	m->token = bytes_of_str(l->token->uri);
	m->insertion = l->token->at[l->worker].insertion;
	if (l->sent == PIN_DO_CHECK) {
		m->type = TOK_INFO;
		return true;
	}
	if (l->sent & PIN_DO_SEND_TYPED)
		pin = l->typed;
	else if (l->sent & PIN_DO_SEND_PROVEN)
		pin = l->proven;
	if (login_is_moot(l, pin)) {
		login_step(l, PIN_UNSENT, 0);
		inventory_release(l->token);
		return false;
	}
	if ((l->sent & PIN_DO_SEND_TYPED) && !login_source_sends(l)) {
		login_step(l, PIN_FAILED, 0);
		inventory_release(l->token);
		return false;
	}
	m->type = TOK_LOGIN;
	if (l->sent & PIN_DO_SEND_CONTEXT) {
		request_fill(TAILQ_FIRST(&l->contexts), m);
		request_expect_touch(TAILQ_FIRST(&l->contexts));
	}
	if (l->sent & PIN_DO_SEND_PAD)
		requests_event(login_agent(l), AGT_EVENT_TOUCH, l->token,
		    "the PIN is typed at the reader");
	if (pin != NULL)
		m->pin = secret_get_bytes(pin);
	/* An empty one asks for the pinpad, but only beside an operation. */
	m->has_pin = pin != NULL || (l->sent & PIN_DO_CONTEXT_PAD);
	return true;
}

static enum pin_event
login_result(const struct err *e)
{
	switch (e->code) {
	case -CS_ERR_PIN_WRONG:
	case -CS_ERR_PIN_LENGTH:
	case -CS_ERR_PIN_INVALID:
		return PIN_WRONG;
	case -CS_ERR_WORKER:
	case -CS_ERR_TIMEOUT:
		return PIN_LOST;
	default:
		return PIN_FAILED;
	}
}

static bool
login_is_wanted(const struct login *l)
{
	return !TAILQ_EMPTY(&l->logins) || !TAILQ_EMPTY(&l->contexts);
}

static void
login_check_failed(struct login *l, const struct err *e)
{
	l->err = *e;
	/* No PIN was there: it may be asked again. */
	if (e->code == -CS_ERR_WORKER && l->pin.phase == PIN_CHECK &&
	    l->rechecks++ >= LOGIN_RECHECKS_MAX) {
		l->rechecks = 0;
		login_fail_first(l);
	}
	if (e->code == -CS_ERR_WORKER && l->pin.phase == PIN_CHECK &&
	    login_is_wanted(l)) {
		login_submit(l, PIN_DO_CHECK, login_choose(l));
		return;
	}
	l->rechecks = 0;
	login_step(l, PIN_CHECK_FAILED, 0);
}

static void
login_checked(struct login *l, const struct err *e)
{
	struct token *t = l->token;
	unsigned flags = 0;

	if (e != NULL) {
		login_check_failed(l, e);
		return;
	}
	l->rechecks = 0;
	/* Somebody else may have logged in, by the same worker. */
	login_run(l, true);
	if (TAILQ_EMPTY(&l->logins) && l->pin.wants_login)
		login_step(l, PIN_NO_LOGIN, 0);
	/* The one that these flags are of is not the one to log in. */
	if (l->pin.phase == PIN_CHECK && login_is_wanted(l) &&
	    login_choose(l) != l->worker) {
		login_submit(l, PIN_DO_CHECK, login_choose(l));
		return;
	}
	if (t->flags & TOK_PIN_COUNT_LOW)
		flags |= PIN_FLAG_LOW;
	if (t->flags & TOK_PIN_FINAL_TRY)
		flags |= PIN_FLAG_FINAL;
	if (t->flags & TOK_PIN_LOCKED)
		flags |= PIN_FLAG_LOCKED;
	if (t->flags & TOK_PROTECTED_PATH)
		flags |= PIN_FLAG_PAD;
	if (flags & PIN_FLAG_LOCKED)
		err_set(&l->err, -CS_ERR_PIN_LOCKED,
		    "token \"%s\" (serial %s): the PIN is locked; it can be "
		    "unblocked with the PUK",
		    t->label, t->serial);
	login_step(l, PIN_CHECKED, flags);
}

/* When the proven PIN has been kept for long enough. */
static uint64_t
login_expiry_us(const struct login *l, const struct settings *settings)
{
	uint64_t at = l->used_us + (uint64_t)settings->cache_ttl_s * 1000000;
	uint64_t max = l->since_us + (uint64_t)settings->cache_max_s * 1000000;

	return at < max ? at : max;
}

/* A PIN that was kept is no younger for having been used again. */
static void
login_start_expiry(struct login *l)
{
	struct agent *a = login_agent(l);

	l->used_us = timers_now(&a->timers);
	if (!(l->sent & PIN_DO_SEND_PROVEN) || !l->expiry.is_set)
		l->since_us = l->used_us;
	timer_set(&a->timers, &l->expiry, login_expiry_us(l, &a->settings));
}

static void
login_succeeded(struct login *l, const struct tok_msg *answer)
{
	login_start_expiry(l);
	l->may_be_open = true;
	if (l->sent & PIN_DO_SEND_TYPED)
		login_source_proved(l);
	if (!(l->sent & PIN_DO_SEND_CONTEXT)) {
		login_set_in(l, l->worker, true);
		/* More may show now. */
		module_set_stale(l->token->module);
		requests_event(
		    login_agent(l), AGT_EVENT_UNLOCKED, l->token, NULL);
	}
	l->answer = answer;
	login_step(l, PIN_OK, 0);
}

static void
login_done(struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct login *l = (void *)((char *)job - offsetof(struct login, job));

	l->depth++;
	if ((l->sent & PIN_DO_SEND_CONTEXT) && !TAILQ_EMPTY(&l->contexts))
		timer_stop(
		    &login_agent(l)->timers, &TAILQ_FIRST(&l->contexts)->touch);
	if (l->sent == PIN_DO_CHECK) {
		login_checked(l, e);
	} else if (e != NULL && !job->was_sent) {
		l->err = *e;
		login_step(l, PIN_UNSENT, 0);
	} else if (e != NULL) {
		l->err = *e;
		/* A failed login ends one that was, on many cards. */
		login_step(l, login_result(e), 0);
	} else {
		login_succeeded(l, answer);
	}
	l->answer = NULL;
	l->depth--;
	login_retire_workers(l);
	inventory_release(l->token);
}

static void
login_submit(struct login *l, unsigned action, unsigned index)
{
	struct agent *a = login_agent(l);

	l->sent = action;
	l->worker = index;
	l->job.build = login_build;
	l->job.done = login_done;
	l->job.call_ms =
	    action & PIN_DO_SEND_PAD ? LOGIN_PAD_MS : a->settings.deadline_ms;
	worker_submit_first(login_worker(l, index), &l->job);
}

/* Through the worker of the first of those whose turn it is. */
static unsigned
login_choose(struct login *l)
{
	struct request *r = TAILQ_FIRST(&l->logins);

	return r != NULL && !pin_serves_context(&l->pin) ? r->worker->index
							 : LOGIN_CONTEXT_WORKER;
}

/* --- those who wait --- */

static void
login_take(struct request_waits *from, struct request *r)
{
	TAILQ_REMOVE(from, r, wait);
	r->login = NULL;
}

static void
login_run(struct login *l, bool only_those_in)
{
	struct request_waits ready = TAILQ_HEAD_INITIALIZER(ready);
	struct request *r, *next;

	for (r = TAILQ_FIRST(&l->logins); r != NULL; r = next) {
		next = TAILQ_NEXT(r, wait);
		if (only_those_in && !l->token->at[r->worker->index].is_in)
			continue;
		login_take(&l->logins, r);
		TAILQ_INSERT_TAIL(&ready, r, wait);
	}
	while ((r = TAILQ_FIRST(&ready)) != NULL) {
		TAILQ_REMOVE(&ready, r, wait);
		if (only_those_in)
			request_resume(r);
		else
			request_fail(r, &l->err, l->token);
	}
}

/* The worker was lost while it worked for the first who waits. */
static void
login_fail_first(struct login *l)
{
	struct request *r = TAILQ_FIRST(&l->logins);

	if (r == NULL) {
		login_end_context(l, false);
		login_step(l, PIN_NO_CONTEXT, 0);
		return;
	}
	login_take(&l->logins, r);
	request_fail(r, &l->err, l->token);
	if (TAILQ_EMPTY(&l->logins))
		login_step(l, PIN_NO_LOGIN, 0);
}

static void
login_end_context(struct login *l, bool is_done)
{
	struct request *r = TAILQ_FIRST(&l->contexts);

	if (l->is_context_gone || r == NULL)
		return;
	login_take(&l->contexts, r);
	if (is_done)
		request_finish(r, l->answer);
	else
		request_fail(r, &l->err, l->token);
}

/* --- steps --- */

static void
login_secrets(struct login *l, unsigned actions)
{
	if (actions & PIN_DO_PROVE) {
		secret_free(l->proven);
		l->proven = l->typed;
		l->typed = NULL;
	}
	if (actions & PIN_DO_WIPE_TYPED) {
		secret_free(l->typed);
		l->typed = NULL;
	}
	if (actions & PIN_DO_WIPE_PROVEN) {
		secret_free(l->proven);
		l->proven = NULL;
	}
}

/* Each may have been overtaken by what the requests did meanwhile. */
static void
login_begin(struct login *l, unsigned actions)
{
	unsigned phase = l->pin.phase;

	if ((actions & PIN_DO_CHECK) && phase == PIN_CHECK &&
	    l->job.worker == NULL)
		login_submit(l, PIN_DO_CHECK, login_choose(l));
	if ((actions & PIN_DO_ASK) && phase == PIN_ASK)
		login_prompt(l, false);
	if ((actions & PIN_DO_CONFIRM) && phase == PIN_CONFIRM)
		login_prompt(l, true);
	if ((actions & PIN_DO_SEND) && phase == PIN_SENT)
		login_submit(l, actions & PIN_DO_SEND, l->worker);
}

static void
login_act(struct login *l, unsigned actions)
{
	login_secrets(l, actions);
	if (actions & PIN_DO_CLOSE)
		prompt_close(&l->prompt);
	if (actions & PIN_DO_LOGOUT)
		login_logout(l, NULL);
	if (actions & PIN_DO_RUN_LOGINS)
		login_run(l, true);
	if (actions & PIN_DO_FAIL_LOGINS)
		login_run(l, false);
	if (actions & PIN_DO_FAIL_FIRST)
		login_fail_first(l);
	if (actions & (PIN_DO_END_CONTEXT | PIN_DO_FAIL_CONTEXT))
		login_end_context(l, (actions & PIN_DO_END_CONTEXT) != 0);
	login_begin(l, actions);
}

/* Does the worker serve a login, or is it about to? */
static bool
login_needs_worker(const struct module *m, unsigned index)
{
	const struct token *t;

	TAILQ_FOREACH (t, &m->tokens, link)
		if (t->at[index].is_in || t->login.pin.phase != PIN_IDLE)
			return true;
	return false;
}

/* What was sent brought no login, and nothing follows: modules may keep even a
 * wrong PIN in their memory. A worker that is to log out ends by that. */
static void
login_retire_workers(const struct login *l)
{
	const struct module *m = l->token->module;
	struct worker *w;

	if (l->depth != 0 || l->pin.phase != PIN_IDLE)
		return;
	for (w = m->workers; w < m->workers + m->worker_count; w++)
		if (w->has_pin && w->load == 0 &&
		    !(w->is_busy && w->sent_type == TOK_LOGOUT) &&
		    !login_needs_worker(m, w->index))
			worker_retire(w);
}

static void
login_step(struct login *l, enum pin_event event, unsigned flags)
{
	l->depth++;
	login_act(l, pin_step(&l->pin, event, flags));
	if (event == PIN_OK || event == PIN_WRONG || event == PIN_FAILED ||
	    event == PIN_LOST || event == PIN_UNSENT)
		l->is_context_gone = false;
	/* Whoever still waits was not meant. */
	if (!TAILQ_EMPTY(&l->logins) && !l->pin.wants_login)
		login_act(l, pin_step(&l->pin, PIN_NEED_LOGIN, 0));
	if (!TAILQ_EMPTY(&l->contexts) && !l->pin.wants_context)
		login_act(l, pin_step(&l->pin, PIN_NEED_CONTEXT,
				 login_context_flags(l)));
	l->depth--;
}

static bool
login_is_sent_context(const struct login *l)
{
	return l->pin.phase == PIN_SENT && (l->pin.sent & PIN_DO_SEND_CONTEXT);
}

void
login_wait(struct login *l, struct request *r)
{
	request_hold(r);
	r->login = l;
	r->is_context = false;
	TAILQ_INSERT_TAIL(&l->logins, r, wait);
	login_step(l, PIN_NEED_LOGIN, 0);
}

void
login_wait_again(struct token *t, struct request *r, struct worker *w)
{
	struct err e = ERR_INIT;

	if (r->logins++ < REQUEST_LOGINS_MAX) {
		r->worker = w;
		login_wait(&t->login, r);
		return;
	}
	err_set(&e, -CS_ERR_PIN_NEEDED,
	    "the token does not stay unlocked: another program ends it");
	request_fail(r, &e, t);
}

void
login_wait_context(struct login *l, struct request *r)
{
	request_hold(r);
	r->login = l;
	r->is_context = true;
	TAILQ_INSERT_TAIL(&l->contexts, r, wait);
	login_step(l, PIN_NEED_CONTEXT, login_context_flags(l));
}

void
login_leave(struct login *l, struct request *r)
{
	bool was_first = TAILQ_FIRST(&l->contexts) == r;

	login_take(r->is_context ? &l->contexts : &l->logins, r);
	if (r->is_context) {
		if (!was_first)
			return;
		if (login_is_sent_context(l) && !l->is_context_gone)
			l->is_context_gone = true;
		login_step(l, PIN_NO_CONTEXT, 0);
	} else if (TAILQ_EMPTY(&l->logins)) {
		login_step(l, PIN_NO_LOGIN, 0);
	}
	login_retire_workers(l);
}

void
login_lock(struct login *l, const struct err *e)
{
	struct request *r;

	l->err = *e;
	/* All of them, not only the first. */
	if (login_is_sent_context(l))
		l->is_context_gone = true;
	while ((r = TAILQ_FIRST(&l->contexts)) != NULL) {
		login_take(&l->contexts, r);
		request_fail(r, e, l->token);
	}
	login_step(l, PIN_LOCK, 0);
}

void
login_set_in(struct login *l, unsigned worker, bool is_in)
{
	l->token->at[worker].is_in = is_in;
	l->may_be_open = l->may_be_open || is_in;
	if (worker == LOGIN_CONTEXT_WORKER)
		login_step(l, is_in ? PIN_LOGGED_IN : PIN_LOGGED_OUT, 0);
}

static void
login_take_answer(struct login *l, const struct dialog_answer *answer)
{
	struct token *t = l->token;
	size_t len = answer->pin.len;
	bool is_confirm = l->pin.phase == PIN_CONFIRM;

	if (answer->code != 0) {
		login_prompt_failed(l, answer, is_confirm);
		login_step(l,
		    answer->code == -CS_ERR_PIN_LENGTH ? PIN_BAD
						       : PIN_CANCELLED,
		    0);
		return;
	}
	if (is_confirm) {
		login_step(l, PIN_YES, 0);
		return;
	}
	if (len == 0 || len < t->pin_len_min ||
	    (t->pin_len_max != 0 && len > t->pin_len_max)) {
		err_set(&l->err, -CS_ERR_PIN_LENGTH,
		    "the PIN must have %u to %u characters", t->pin_len_min,
		    t->pin_len_max);
		login_step(l, PIN_BAD, 0);
		return;
	}
	secret_free(l->typed);
	l->typed = secret_new_from(answer->pin.p, len);
	if (l->typed != NULL) {
		login_step(l, PIN_TYPED, 0);
		return;
	}
	err_set(&l->err, -CS_ERR_NO_MEMORY, NULL);
	login_step(l, PIN_CANCELLED, 0);
}

static void
login_prompted(struct prompt *p, const struct dialog_answer *answer)
{
	struct login *l = (void *)((char *)p - offsetof(struct login, prompt));

	login_take_answer(l, answer);
	login_retire_workers(l);
}

static void
login_expires(struct timer *timer)
{
	struct login *l =
	    (void *)((char *)timer - offsetof(struct login, expiry));
	struct agent *a = login_agent(l);
	uint64_t at = login_expiry_us(l, &a->settings);

	if (at > timers_now(&a->timers)) {
		timer_set(&a->timers, &l->expiry, at);
		return;
	}
	login_step(l, PIN_EXPIRED, 0);
	login_logout(l, NULL);
	requests_event(a, AGT_EVENT_LOCKED, l->token, NULL);
}

bool
login_is_busy(const struct login *l)
{
	return l->depth != 0 || l->job.worker != NULL;
}

void
login_init(struct login *l, struct token *t)
{
	*l = (struct login){.token = t, .err = ERR_INIT};
	TAILQ_INIT(&l->logins);
	TAILQ_INIT(&l->contexts);
	prompt_init(&l->prompt, t->module->agent);
	l->prompt.done = login_prompted;
	l->expiry.fire = login_expires;
}

void
login_clear(struct login *l)
{
	worker_forget(&l->job);
	prompt_close(&l->prompt);
	timer_stop(&login_agent(l)->timers, &l->expiry);
	secret_free(l->typed);
	secret_free(l->proven);
	l->typed = l->proven = NULL;
}
