#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/policy.h"
#include "agent/request.h"

/* sign, open and raw: one operation with one private key. */

static void key_run(struct request *r);

unsigned
request_verb(const struct request *r)
{
	return r->type == AGT_SIGN    ? POLICY_SIGN
	       : r->type == AGT_OPEN  ? POLICY_OPEN
	       : r->type == AGT_WRITE ? POLICY_WRITE
				      : POLICY_RAW;
}

void
request_fill(const struct request *r, struct tok_msg *m)
{
	struct agt_msg msg;

	request_decode(r, &msg);
	m->key_id = msg.key_id;
	if (msg.type == AGT_RAW) {
		m->type = TOK_RAW;
		m->operation = msg.operation;
		m->mechanism = msg.mechanism;
		m->parameter = msg.parameter;
		m->input = msg.input;
		return;
	}
	if (msg.type == AGT_SIGN) {
		m->type = TOK_SIGN;
		m->algorithm = msg.algorithm;
		m->input = msg.input;
		return;
	}
	m->type = TOK_OPEN;
	m->recipient_info = msg.recipient_info;
	m->index = msg.index;
	m->content_algorithm = msg.content_algorithm;
}

static struct request *
key_request(struct job *job)
{
	return (void *)((char *)job - offsetof(struct request, job));
}

static struct key *
key_find(struct request *r)
{
	struct agt_msg msg;

	request_decode(r, &msg);
	return inventory_find_key(r->conn->agent, msg.key_id.p);
}

/* A module that cannot be used may have it; whoever looks for it should know.
 */
static void
key_say_missing(const struct agent *a, struct err *e)
{
	const struct module *m = modules_find_failed(a);
	struct err why = ERR_INIT;

	if (m == NULL) {
		err_set(e, -CS_ERR_NO_KEY,
		    "no token that is inserted has the key; insert the card "
		    "and try again");
		return;
	}
	module_err(m, &why);
	err_set(e, -CS_ERR_NO_KEY,
	    "no token that is inserted has the key, and %s",
	    err_get_text(&why));
}

/* Not here: the token may have come since the last look. */
static void
key_missing(struct request *r)
{
	unsigned age_ms =
	    r->was_looked_for ? MODULE_FRESH_MS : MODULE_MISSING_MS;
	struct err e = ERR_INIT;

	r->was_looked_for = true;
	if (!modules_are_fresh(r->conn->agent, age_ms)) {
		request_wait(r);
		return;
	}
	key_say_missing(r->conn->agent, &e);
	request_fail(r, &e, NULL);
}

static bool
key_build(struct job *job, struct worker *w, struct tok_msg *m)
{
	struct request *r = key_request(job);
	struct key *k = key_find(r);
	struct token *t = k != NULL ? k->token : NULL;

	/* The world may have changed while it was in the queue. */
	if (t == NULL || t->module != w->module ||
	    (k->flags & TOK_KEY_ALWAYS_AUTHENTICATE)) {
		key_run(r);
		return false;
	}
	if ((t->flags & TOK_LOGIN_REQUIRED) && !t->at[w->index].is_in) {
		login_wait_again(t, r, w);
		return false;
	}
	request_fill(r, m);
	m->token = bytes_of_str(t->uri);
	m->insertion = t->at[w->index].insertion;
	r->worker = w;
	request_expect_touch(r);
	return true;
}

/* The module's list is not right any more: goes on with a new one. */
static void
key_look_again(struct request *r, struct token *t)
{
	struct agent *a = r->conn->agent;

	if (t != NULL)
		module_set_stale(t->module);
	request_wait(r);
	if (modules_are_fresh(a, MODULE_FRESH_MS))
		requests_resume(a);
}

static void
key_failed(struct request *r, const struct err *e)
{
	struct key *k = key_find(r);
	struct token *t = k != NULL ? k->token : NULL;
	bool wants_pin = e->code == -CS_ERR_PIN_NEEDED && t != NULL;

	if ((e->code == -CS_ERR_TOKEN_REMOVED || e->code == -CS_ERR_NO_TOKEN) &&
	    !r->was_looked_for) {
		r->was_looked_for = true;
		key_look_again(r, t);
		return;
	}
	/* Logged in, and yet: a key that always authenticates. On some tokens
	 * that shows only after login. */
	if (wants_pin && t->at[r->worker->index].is_in && !r->was_pin_needed) {
		r->was_pin_needed = true;
		key_look_again(r, t);
		return;
	}
	/* Somebody else logged the token out. */
	if (wants_pin && !(k->flags & TOK_KEY_ALWAYS_AUTHENTICATE)) {
		login_set_in(&t->login, r->worker->index, false);
		login_wait_again(t, r, r->worker);
		return;
	}
	request_fail(r, e, t);
}

static void
key_done(struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct request *r = key_request(job);
	struct agent *a = r->conn->agent;
	struct key *k;

	timer_stop(&a->timers, &r->touch);
	if (answer == NULL) {
		key_failed(r, e);
		return;
	}
	k = key_find(r);
	if (k != NULL)
		login_used(&k->token->login, timers_now(&a->timers));
	request_finish(r, answer);
}

static void
key_run(struct request *r)
{
	struct agent *a = r->conn->agent;
	struct key *k = key_find(r);
	struct err e = ERR_INIT;
	enum consent_answer allowed;

	if (k == NULL) {
		key_missing(r);
		return;
	}
	allowed = consent_check(r, k, &e);
	if (allowed == CONSENT_WAITS)
		return;
	if (allowed == CONSENT_NO) {
		request_fail(r, &e, k->token);
		return;
	}
	if (k->flags & TOK_KEY_ALWAYS_AUTHENTICATE) {
		login_wait_context(&k->token->login, r);
		return;
	}
	r->job.build = key_build;
	r->job.done = key_done;
	r->job.is_movable = true;
	r->job.call_ms = a->settings.deadline_ms;
	r->job.until_us = r->has_own_deadline ? r->deadline.at_us : 0;
	worker_submit(module_get_worker(k->token->module, k->token), &r->job);
}

void
req_key(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	request_new(c, msg, frame, key_run);
}
