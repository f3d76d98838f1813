/*
 * pin: changes a PIN, or unblocks it with the PUK. The person types the old
 * one (or the PUK), the new one, and the new one again; the token is asked for
 * its flags before the first prompt and again right before anything is sent.
 * What was typed goes to the token once. A PIN that was known is forgotten
 * before the first prompt, and all logins of the token are ended, since they
 * rest on it; and again at the end, for what came between.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/prompt_text.h"
#include "asn1/say.h"

#define PIN_OP_NEW_MAX 3 /* times the new PIN may be typed wrong */

enum pin_step_at {
	PIN_AT_CHECK, /* of flags, before the first prompt */
	PIN_AT_CONFIRM,
	PIN_AT_OLD,
	PIN_AT_NEW,
	PIN_AT_REPEAT,
	PIN_AT_RECHECK, /* right before it is sent */
	PIN_AT_RECONFIRM,
	PIN_AT_SENT,
};

struct pin_op {
	struct request *request;
	enum pin_step_at at;
	bool unblocks;
	bool has_pad;
	bool has_consent; /* to the final try */
	unsigned bad_new;
	const char *complaint; /* about what was typed last; NULL: none */
	char *uri;
	uint32_t insertion; /* at worker: what is typed is for this card */
	unsigned worker;
	struct secret *old, *new;
	struct prompt prompt;
	struct job job;
};

static void pin_op_prompt(struct pin_op *op);
static void pin_op_submit(struct pin_op *op, enum pin_step_at at);

/* The end; request_fail calls pin_op_forget. */
static void
pin_op_fail(struct pin_op *op, const struct err *e)
{
	struct request *r = op->request;

	request_fail(
	    r, e, inventory_find_token(r->conn->agent, bytes_of_str(op->uri)));
}

/* The token, if it is still the one that was there first. */
static struct token *
pin_op_token(const struct pin_op *op)
{
	struct token *t = inventory_find_token(
	    op->request->conn->agent, bytes_of_str(op->uri));

	if (t == NULL || !t->at[op->worker].is_known ||
	    t->at[op->worker].insertion != op->insertion)
		return NULL;
	return t;
}

/* The PIN that is known, and the logins by it, are of no use any more. */
static void
pin_lock(struct token *t)
{
	struct err e = ERR_INIT;

	err_set(&e, -CS_ERR_CANCELLED, "the PIN of the token is being changed");
	login_lock(&t->login, &e);
	login_logout(&t->login, NULL);
}

/* Nobody waits any more. A change that is at the token may be made all the
 * same, so that what is known of its PIN is of no use from now on. */
void
pin_op_forget(struct pin_op *op)
{
	bool is_under_way = op->at == PIN_AT_SENT && op->job.is_in_flight;
	struct token *t = is_under_way ? pin_op_token(op) : NULL;

	worker_forget(&op->job);
	prompt_close(&op->prompt);
	secret_free(op->old);
	secret_free(op->new);
	free(op->uri);
	free(op);
	if (t != NULL)
		pin_lock(t);
}

static struct token *
pin_op_need_token(struct pin_op *op)
{
	struct token *t = pin_op_token(op);
	struct err e = ERR_INIT;

	if (t != NULL)
		return t;
	err_set(&e, -CS_ERR_TOKEN_REMOVED, NULL);
	pin_op_fail(op, &e);
	return NULL;
}

/* --- prompts --- */

static int
pin_op_ask(const struct pin_op *op, struct buf *b, const char *token)
{
	switch (op->at) {
	case PIN_AT_CONFIRM:
	case PIN_AT_RECONFIRM:
		return buf_say(b,
		    "Only one try is left for the PIN of the token %s. If it "
		    "is wrong, the token locks itself. Go on?",
		    token);
	case PIN_AT_OLD:
		if (op->unblocks)
			return buf_say(b,
			    "Please enter the PUK (or SO PIN) that unblocks "
			    "the token %s.",
			    token);
		return buf_say(
		    b, "Please enter the present PIN of the token %s.", token);
	case PIN_AT_REPEAT:
		return buf_say(b,
		    "Please enter the new PIN once more, of the token %s.",
		    token);
	default:
		return buf_say(
		    b, "Please enter the new PIN of the token %s.", token);
	}
}

static const char *
pin_op_label(const struct pin_op *op)
{
	if (op->at == PIN_AT_OLD)
		return op->unblocks ? say("PUK:") : say("PIN:");
	return say("New PIN:");
}

static void
pin_op_show(struct pin_op *op, struct token *t)
{
	struct agent *a = t->module->agent;
	bool is_confirm =
	    op->at == PIN_AT_CONFIRM || op->at == PIN_AT_RECONFIRM;
	struct buf text = {.max = DIALOG_TEXT_MAX};
	char name[PROMPT_TOKEN_MAX];
	struct dialog_request request;
	struct agt_msg msg;

	request_decode(op->request, &msg);
	prompt_begin(op->request, &msg.context);
	prompt_name_token(name, t);
	(void)pin_op_ask(op, &text, name);
	prompt_add_holder(&text, t, NULL);
	if (op->at == PIN_AT_NEW)
		buf_say(&text, "\nIt has %u to %u characters.", t->pin_len_min,
		    t->pin_len_max);
	if (op->at == PIN_AT_OLD && !op->unblocks)
		prompt_add_tries(&text, t);
	prompt_add_program(&text, op->request, &msg.context);
	request = prompt_place(a, is_confirm ? DIALOG_CONFIRM : DIALOG_PIN,
	    op->request, &msg.context);
	request.description = prompt_get_text(&text);
	request.prompt = bytes_of_str(pin_op_label(op));
	if (op->complaint != NULL)
		request.error = bytes_of_str(say(op->complaint));
	op->complaint = NULL;
	prompt_end();
	prompt_open(&op->prompt, &request);
	buf_clear(&text);
}

static void
pin_op_prompt(struct pin_op *op)
{
	struct token *t = pin_op_need_token(op);

	if (t == NULL)
		return;
	request_hold(op->request);
	pin_op_show(op, t);
}

static void
pin_op_prompt_at(struct pin_op *op, enum pin_step_at at)
{
	op->at = at;
	pin_op_prompt(op);
}

/* The new PIN was not fit: once more, but not for ever. */
static void
pin_op_new_again(struct pin_op *op, const char *complaint, int code)
{
	struct err e = ERR_INIT;

	secret_free(op->new);
	op->new = NULL;
	if (++op->bad_new < PIN_OP_NEW_MAX) {
		op->complaint = complaint;
		pin_op_prompt_at(op, PIN_AT_NEW);
		return;
	}
	err_set(&e, code, "%s; the PIN was not changed", complaint);
	pin_op_fail(op, &e);
}

static bool
pin_op_has_length(const struct token *t, size_t len)
{
	return len != 0 && len >= t->pin_len_min &&
	       (t->pin_len_max == 0 || len <= t->pin_len_max);
}

static void
pin_op_typed(struct pin_op *op, struct token *t, struct bytes pin)
{
	struct secret *s = NULL;
	struct err e = ERR_INIT;

	if (op->at == PIN_AT_NEW && !pin_op_has_length(t, pin.len)) {
		pin_op_new_again(op,
		    N_("The new PIN has a length that the token does not "
		       "take"),
		    -CS_ERR_PIN_LENGTH);
		return;
	}
	if (pin.len != 0)
		s = secret_new_from(pin.p, pin.len);
	if (s == NULL) {
		err_set(&e,
		    pin.len != 0 ? -CS_ERR_NO_MEMORY : -CS_ERR_PIN_LENGTH,
		    pin.len != 0 ? NULL : "nothing was typed");
		pin_op_fail(op, &e);
	} else if (op->at == PIN_AT_OLD) {
		op->old = s;
		pin_op_prompt_at(op, PIN_AT_NEW);
	} else if (op->at == PIN_AT_NEW) {
		op->new = s;
		pin_op_prompt_at(op, PIN_AT_REPEAT);
	} else {
		if (secret_is_equal(op->new, s))
			pin_op_submit(op, PIN_AT_RECHECK);
		else
			pin_op_new_again(op, N_("The two were not the same"),
			    -CS_ERR_PIN_INVALID);
		secret_free(s);
	}
}

static void
pin_op_no(struct pin_op *op, const struct dialog_answer *answer)
{
	bool is_confirm =
	    op->at == PIN_AT_CONFIRM || op->at == PIN_AT_RECONFIRM;
	struct err e = ERR_INIT;

	if (is_confirm && answer->code == -CS_ERR_CANCELLED)
		err_set(&e, -CS_ERR_PIN_FINAL,
		    "only one PIN try is left, and it was not to be used");
	else if (answer->code == -CS_ERR_CANCELLED)
		err_set(&e, answer->code,
		    "the prompt was cancelled; the PIN was not changed");
	else if (answer->code == -CS_ERR_TIMEOUT)
		err_set(&e, answer->code,
		    "nobody typed the PIN in time; it was not changed");
	else
		err_set(&e, answer->code, "%.*s", (int)answer->text.len,
		    answer->text.len != 0 ? (const char *)answer->text.p : "");
	pin_op_fail(op, &e);
}

static void
pin_op_prompted(struct prompt *p, const struct dialog_answer *answer)
{
	struct pin_op *op =
	    (void *)((char *)p - offsetof(struct pin_op, prompt));
	struct token *t;

	if (answer->code != 0) {
		pin_op_no(op, answer);
		return;
	}
	t = pin_op_need_token(op);
	if (t == NULL)
		return;
	if (op->at == PIN_AT_CONFIRM || op->at == PIN_AT_RECONFIRM) {
		op->has_consent = true;
		if (op->at == PIN_AT_RECONFIRM || op->has_pad)
			pin_op_submit(op, PIN_AT_RECHECK);
		else
			pin_op_prompt_at(op, PIN_AT_OLD);
		return;
	}
	pin_op_typed(op, t, answer->pin);
}

/* --- at the token --- */

static bool
pin_op_build(struct job *job, struct worker *w, struct tok_msg *m)
{
	struct pin_op *op =
	    (void *)((char *)job - offsetof(struct pin_op, job));

	(void)w;
	m->token = bytes_of_str(op->uri);
	m->insertion = op->insertion;
	if (op->at != PIN_AT_SENT) {
		m->type = TOK_INFO;
		return true;
	}
	m->type = TOK_SET_PIN;
	m->operation = op->unblocks ? TOK_PIN_UNBLOCK : TOK_PIN_CHANGE;
	m->has_pin = op->old != NULL;
	m->has_new_pin = op->new != NULL;
	if (op->old != NULL)
		m->pin = secret_get_bytes(op->old);
	if (op->new != NULL)
		m->new_pin = secret_get_bytes(op->new);
	return true;
}

/* What the token says about itself now; false: the end. */
static bool
pin_op_may(struct pin_op *op, const struct token *t)
{
	struct err e = ERR_INIT;

	if (op->unblocks || !(t->flags & TOK_PIN_LOCKED))
		return true;
	err_set(&e, -CS_ERR_PIN_LOCKED,
	    "the PIN is locked; \"cardseal pin unblock\" takes the PUK");
	pin_op_fail(op, &e);
	return false;
}

static bool
pin_op_needs_consent(const struct pin_op *op, const struct token *t)
{
	return !op->unblocks && !op->has_consent &&
	       (t->flags & TOK_PIN_FINAL_TRY);
}

static void
pin_op_checked(struct pin_op *op)
{
	bool is_first = op->at == PIN_AT_CHECK;
	/* op ends where there is none. */
	struct token *t = pin_op_need_token(op);

	if (t == NULL || !pin_op_may(op, t))
		return;
	op->has_pad = (t->flags & TOK_PROTECTED_PATH) != 0;
	if (pin_op_needs_consent(op, t)) {
		pin_op_prompt_at(
		    op, is_first ? PIN_AT_CONFIRM : PIN_AT_RECONFIRM);
	} else if (is_first && !op->has_pad) {
		pin_op_prompt_at(op, PIN_AT_OLD);
	} else {
		if (op->has_pad)
			requests_event(t->module->agent, AGT_EVENT_TOUCH, t,
			    "the old and the new PIN are typed at the reader");
		pin_op_submit(op, PIN_AT_SENT);
	}
}

static void
pin_op_done(struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct pin_op *op =
	    (void *)((char *)job - offsetof(struct pin_op, job));
	struct token *t = pin_op_token(op);
	struct agt_msg ok = {0};

	(void)answer;
	if (t != NULL && op->at == PIN_AT_SENT)
		pin_lock(t);
	if (e != NULL)
		pin_op_fail(op, e);
	else if (op->at != PIN_AT_SENT)
		pin_op_checked(op);
	else
		request_answer(op->request, &ok);
}

static void
pin_op_submit(struct pin_op *op, enum pin_step_at at)
{
	struct token *t = pin_op_need_token(op);
	struct agent *a = op->request->conn->agent;

	if (t == NULL)
		return;
	op->at = at;
	op->job.build = pin_op_build;
	op->job.done = pin_op_done;
	op->job.call_ms = op->has_pad ? LOGIN_PAD_MS : a->settings.deadline_ms;
	worker_submit(&t->module->workers[op->worker], &op->job);
}

/* --- beginning --- */

/* Is it used by nobody, so that no process has a PIN of it? */
static bool
pin_is_idle(const struct token *t)
{
	unsigned i;

	for (i = 0; i < t->module->worker_count; i++)
		if (t->at[i].is_in || t->module->workers[i].has_pin)
			return false;
	return true;
}

/* One that knows the token; NULL: none yet. */
static struct worker *
pin_find_worker(const struct token *t)
{
	struct worker *w;
	unsigned i;

	for (i = 0; i < t->module->worker_count; i++) {
		w = &t->module->workers[i];
		if (w->state == WORKER_READY && !w->is_retiring &&
		    t->at[i].is_known)
			return w;
	}
	return NULL;
}

static void
pin_begin(struct request *r, struct token *t, struct worker *w, bool unblocks)
{
	struct pin_op *op = calloc(1, sizeof(*op));
	struct err e = ERR_INIT;

	if (op != NULL)
		op->uri = bytes_dup_str(bytes_of_str(t->uri));
	if (op == NULL || op->uri == NULL) {
		free(op);
		err_set(&e, -CS_ERR_NO_MEMORY, NULL);
		request_fail(r, &e, t);
		return;
	}
	op->request = r;
	op->unblocks = unblocks;
	op->worker = w->index;
	op->insertion = t->at[w->index].insertion;
	prompt_init(&op->prompt, r->conn->agent);
	op->prompt.done = pin_op_prompted;
	r->pin_op = op;
	pin_op_submit(op, PIN_AT_CHECK);
}

/* Locks the token first; then the workers that had its PIN start anew. */
static void
pin_token(struct request *r, struct token *t, bool unblocks)
{
	struct worker *w = pin_find_worker(t);
	struct err e = ERR_INIT;

	if (!pin_is_idle(t) && !r->was_looked_for) {
		r->was_looked_for = true;
		pin_lock(t);
		request_wait(r);
	} else if (pin_is_idle(t) && w != NULL) {
		pin_begin(r, t, w, unblocks);
	} else if (t->module->state == AGT_MODULE_FAILED) {
		module_err(t->module, &e);
		request_fail(r, &e, t);
	} else {
		request_wait(r);
	}
}

static void
pin_run(struct request *r)
{
	struct agent *a = r->conn->agent;
	struct err e = ERR_INIT;
	struct agt_msg msg;
	struct token *t;

	request_decode(r, &msg);
	if (!modules_are_fresh(a, MODULE_FRESH_MS)) {
		request_wait(r);
		return;
	}
	if (msg.token.len == 0) {
		t = unlock_choose(a, &e);
	} else {
		t = inventory_find_token(a, msg.token);
		if (t == NULL)
			err_set(&e, -CS_ERR_NO_TOKEN, "no such token is here");
	}
	if (t == NULL)
		request_fail(r, &e, NULL);
	else
		pin_token(r, t, msg.operation == TOK_PIN_UNBLOCK);
}

void
req_pin(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	request_new(c, msg, frame, pin_run);
}
