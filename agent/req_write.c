#include "agent/agent.h"
#include "agent/consent.h"
#include "agent/inventory.h"

/*
 * write: makes keys on a token, or puts keys and certificates there. What is
 * to be written may be a private key: it moves into a secret as soon as the
 * request is here, and is wiped where it came.
 */

/* A card takes minutes to find the primes of a long key. */
#define WRITE_MS 300000

static void write_run(struct request *r);

static struct request *
write_request(struct job *job)
{
	return (void *)((char *)job - offsetof(struct request, job));
}

/* False: the request has ended. */
static bool
write_take_objects(struct request *r)
{
	struct err e = ERR_INIT;
	struct agt_msg msg;

	request_decode(r, &msg);
	if (r->objects != NULL || msg.objects.len == 0)
		return true;
	r->objects = secret_new_from(msg.objects.p, msg.objects.len);
	mem_wipe((uint8_t *)msg.objects.p, msg.objects.len);
	if (r->objects != NULL)
		return true;
	err_set(&e, -CS_ERR_NO_MEMORY, NULL);
	request_fail(r, &e, NULL);
	return false;
}

static struct token *
write_find_token(const struct request *r)
{
	struct agt_msg msg;

	request_decode(r, &msg);
	return inventory_find_token(r->conn->agent, msg.token);
}

static bool
write_build(struct job *job, struct worker *w, struct tok_msg *m)
{
	struct request *r = write_request(job);
	struct token *t = write_find_token(r);
	struct agt_msg msg;

	/* The world may have changed while it was in the queue. */
	if (t == NULL || t->module != w->module) {
		write_run(r);
		return false;
	}
	if ((t->flags & TOK_LOGIN_REQUIRED) && !t->at[w->index].is_in) {
		login_wait_again(t, r, w);
		return false;
	}
	request_decode(r, &msg);
	m->type = TOK_WRITE;
	m->token = bytes_of_str(t->uri);
	m->insertion = t->at[w->index].insertion;
	m->operation = msg.operation;
	if (r->objects != NULL)
		m->objects = secret_get_bytes(r->objects);
	r->worker = w;
	return true;
}

static void
write_failed(struct request *r, const struct err *e)
{
	struct token *t = write_find_token(r);

	/* Somebody else logged the token out. */
	if (e->code == -CS_ERR_PIN_NEEDED && t != NULL) {
		login_set_in(&t->login, r->worker->index, false);
		login_wait_again(t, r, r->worker);
		return;
	}
	request_fail(r, e, t);
}

static void
write_done(struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct request *r = write_request(job);
	struct agent *a = r->conn->agent;
	struct token *t = write_find_token(r);
	struct agt_msg msg = {.tries_left = ERR_TRIES_UNKNOWN};

	/* Even a write that failed may have changed what is there. */
	if (t != NULL)
		module_set_stale(t->module);
	if (answer == NULL) {
		write_failed(r, e);
		return;
	}
	if (t != NULL)
		login_used(&t->login, timers_now(&a->timers));
	msg.written = answer->written;
	request_answer(r, &msg);
}

static void
write_submit(struct request *r, struct token *t)
{
	r->job.build = write_build;
	r->job.done = write_done;
	r->job.call_ms = WRITE_MS;
	r->job.until_us = r->has_own_deadline ? r->deadline.at_us : 0;
	if (!r->has_own_deadline)
		timer_set_in_ms(
		    &r->conn->agent->timers, &r->deadline, WRITE_MS);
	worker_submit(module_get_worker(t->module, t), &r->job);
}

static void
write_run(struct request *r)
{
	struct agent *a = r->conn->agent;
	enum consent_answer allowed;
	struct err e = ERR_INIT;
	struct token *t;

	if (!write_take_objects(r))
		return;
	t = write_find_token(r);
	if (t == NULL && !modules_are_fresh(a, MODULE_MISSING_MS)) {
		request_wait(r);
		return;
	}
	if (t == NULL) {
		err_set(&e, -CS_ERR_NO_TOKEN, "no such token is here");
		request_fail(r, &e, NULL);
		return;
	}
	allowed = consent_check_token(r, t, &e);
	if (allowed == CONSENT_NO)
		request_fail(r, &e, t);
	else if (allowed == CONSENT_YES)
		write_submit(r, t);
}

void
req_write(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	request_new(c, msg, frame, write_run);
}
