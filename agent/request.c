#include "agent/request.h"

#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/consent.h"
#include "agent/inventory.h"
#include "agent/log.h"

static void
req_unsupported(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	struct err e = ERR_INIT;

	(void)frame;
	err_set(&e, -CS_ERR_UNSUPPORTED, "this agent does not serve %s",
	    agt_type_name(msg->type));
	conn_send_error(c, msg->id, &e, BYTES_NONE);
}

/* The message table again: what serves each request. */
static void (*const request_rows[])(
    struct conn *c, const struct agt_msg *msg, struct bytes frame) = {
    [AGT_HELLO] = req_hello,
    [AGT_LIST] = req_list,
    [AGT_SIGN] = req_key,
    [AGT_OPEN] = req_key,
    [AGT_RAW] = req_key,
    [AGT_PIN] = req_pin,
    [AGT_UNLOCK] = req_unlock,
    [AGT_LOCK] = req_lock,
    [AGT_STATUS] = req_status,
    [AGT_EVENTS] = req_events,
    [AGT_CANCEL] = req_cancel,
    [AGT_DECAPSULATE] = req_unsupported,
    [AGT_WRITE] = req_write,
};

static bool
request_id_is_used(const struct conn *c, uint32_t id)
{
	const struct request *r;

	if (c->event_kinds != 0 && c->events_id == id)
		return true;
	TAILQ_FOREACH (r, &c->requests, link)
		if (r->id == id)
			return true;
	return false;
}

void
request_handle(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	struct err e = ERR_INIT;

	if (request_id_is_used(c, msg->id)) {
		err_set(&e, -CS_ERR_PROTOCOL,
		    "the id %lu is in use by another request",
		    (unsigned long)msg->id);
		conn_send_error(c, msg->id, &e, BYTES_NONE);
		conn_close(c);
		return;
	}
	if (admit_request(c, msg->type, &e) != 0) {
		conn_send_error(c, msg->id, &e, BYTES_NONE);
		return;
	}
	request_rows[msg->type](c, msg, frame);
}

static void requests_send_event(struct agent *a, enum agt_event_kind kind,
    const struct token *token, struct bytes key_id, const char *text);

/* --- life --- */

static struct conns *
request_conns(const struct request *r)
{
	return &r->conn->agent->conns;
}

/* Out of whatever it waits for. */
static void
request_unhook(struct request *r)
{
	if (r->consent != NULL)
		consent_leave(r);
	if (r->login != NULL)
		login_leave(r->login, r);
	if (r->is_waiting)
		TAILQ_REMOVE(&request_conns(r)->waiting, r, wait);
	r->is_waiting = false;
	worker_forget(&r->job);
	if (r->pin_op != NULL)
		pin_op_forget(r->pin_op);
	r->pin_op = NULL;
	if (r->lock != NULL)
		lock_forget(r->lock);
	r->lock = NULL;
}

static void
request_free(struct request *r)
{
	struct conn *c = r->conn;

	request_unhook(r);
	timer_stop(&c->agent->timers, &r->deadline);
	timer_stop(&c->agent->timers, &r->touch);
	secret_free(r->objects);
	request_conns(r)->request_bytes -= sizeof(*r) + r->frame_len;
	request_conns(r)->restricted_requests -= c->is_restricted;
	TAILQ_REMOVE(&c->requests, r, link);
	c->request_count--;
	free(r);
}

/* Key and token of a request that uses one. */
static void
request_key_event(struct request *r, enum agt_event_kind kind, const char *text)
{
	struct agent *a = r->conn->agent;
	struct agt_msg msg;
	struct key *k = NULL;

	if (a->conns.listeners == 0)
		return;
	request_decode(r, &msg);
	if (msg.key_id.len == AGT_KEY_ID_LEN)
		k = inventory_find_key(a, msg.key_id.p);
	if (k != NULL)
		requests_send_event(a, kind, k->token, msg.key_id, text);
}

static void
request_waits_long(struct timer *t)
{
	request_key_event((void *)((char *)t - offsetof(struct request, touch)),
	    AGT_EVENT_TOUCH,
	    "the token does not answer yet: it may want to be touched");
}

void
request_expect_touch(struct request *r)
{
	r->touch.fire = request_waits_long;
	timer_set_in_ms(&r->conn->agent->timers, &r->touch, REQUEST_TOUCH_MS);
}

static void
request_set_deadline(struct request *r)
{
	timer_set_in_ms(&r->conn->agent->timers, &r->deadline, r->time_ms);
}

static void
request_is_late(struct timer *t)
{
	struct request *r =
	    (void *)((char *)t - offsetof(struct request, deadline));
	struct err e = ERR_INIT;

	err_set(&e, -CS_ERR_TIMEOUT,
	    r->consent != NULL ? "nobody allowed this use of the key in time"
	    : r->login != NULL ? "the token was not unlocked in time"
	    : r->is_waiting    ? "the token processes did not answer in time"
			       : "the token did not answer in time");
	request_fail(r, &e, NULL);
}

void
request_new(struct conn *c, const struct agt_msg *msg, struct bytes frame,
    void (*run)(struct request *r))
{
	struct conns *cs = &c->agent->conns;
	struct request *r = NULL;
	struct err e = ERR_INIT;

	if (c->request_count < REQUESTS_PER_CONN_MAX &&
	    (!c->is_restricted ||
		cs->restricted_requests < REQUESTS_RESTRICTED_MAX) &&
	    cs->request_bytes + sizeof(*r) + frame.len <= REQUESTS_BYTES_MAX)
		r = malloc(sizeof(*r) + frame.len);
	if (r == NULL) {
		err_set(&e, -CS_ERR_BUSY,
		    "too many requests are waiting: at most %d of one client, "
		    "%d over the restricted socket",
		    REQUESTS_PER_CONN_MAX, REQUESTS_RESTRICTED_MAX);
		conn_send_error(c, msg->id, &e, BYTES_NONE);
		return;
	}
	*r = (struct request){
	    .conn = c,
	    .id = msg->id,
	    .type = msg->type,
	    .run = run,
	    .frame_len = frame.len,
	    .began_us = timers_now(&c->agent->timers),
	    .time_ms = msg->context.deadline_ms,
	    .has_own_deadline = msg->context.deadline_ms != 0,
	};
	memcpy(r->frame, frame.p, frame.len);
	if (r->time_ms == 0)
		r->time_ms = c->agent->settings.deadline_ms;
	r->deadline.fire = request_is_late;
	cs->request_bytes += sizeof(*r) + frame.len;
	cs->restricted_requests += c->is_restricted;
	c->request_count++;
	TAILQ_INSERT_TAIL(&c->requests, r, link);
	request_set_deadline(r);
	r->run(r);
}

void
request_decode(const struct request *r, struct agt_msg *msg)
{
	struct err e = ERR_INIT;

	/* It was decoded before, so that this can't fail. */
	if (agt_msg_decode(bytes_of(r->frame, r->frame_len), msg, &e) != 0)
		agt_log("a request changed under us: %s", e.text);
}

void
request_answer(struct request *r, struct agt_msg *msg)
{
	struct conn *c = r->conn;

	audit_request(r, 0);
	msg->id = r->id;
	msg->type = agt_type_answer(r->type);
	request_free(r);
	conn_send_msg(c, msg);
}

void
request_finish(struct request *r, const struct tok_msg *answer)
{
	struct agt_msg msg = {.output = answer->output};

	request_key_event(r, AGT_EVENT_KEY_USED, NULL);
	request_answer(r, &msg);
}

void
request_fail(struct request *r, const struct err *e, const struct token *token)
{
	struct conn *c = r->conn;
	struct err copy = *e; /* it may be the login's */
	uint32_t id = r->id;

	audit_request(r, copy.code);
	request_free(r);
	conn_send_error(c, id, &copy,
	    token != NULL ? bytes_of_str(token->uri) : BYTES_NONE);
}

void
requests_drop(struct conn *c)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&c->requests)) != NULL) {
		/* The analyzer does not follow TAILQ_REMOVE. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		audit_request(r, -CS_ERR_CLOSED);
		request_free(r); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
}

/* --- waiting --- */

void
request_wait(struct request *r)
{
	r->is_waiting = true;
	TAILQ_INSERT_TAIL(&request_conns(r)->waiting, r, wait);
}

/* Those that wait now; the same may wait again afterwards. */
static void
requests_run_waiting(struct conns *cs)
{
	struct request *r, *last = TAILQ_LAST(&cs->waiting, request_waits);
	bool is_last = last == NULL;

	while (!is_last && (r = TAILQ_FIRST(&cs->waiting)) != NULL) {
		is_last = r == last;
		TAILQ_REMOVE(&cs->waiting, r, wait);
		r->is_waiting = false;
		r->run(r);
	}
}

void
requests_resume(struct agent *a)
{
	struct conns *cs = &a->conns;

	cs->resumes_again = true;
	if (cs->is_resuming)
		return;
	cs->is_resuming = true;
	while (cs->resumes_again) {
		cs->resumes_again = false;
		requests_run_waiting(cs);
	}
	cs->is_resuming = false;
}

void
request_hold(struct request *r)
{
	if (!r->has_own_deadline)
		timer_stop(&r->conn->agent->timers, &r->deadline);
}

void
request_resume(struct request *r)
{
	if (!r->has_own_deadline)
		request_set_deadline(r);
	r->run(r);
}

/* --- events --- */

static void
requests_send_event(struct agent *a, enum agt_event_kind kind,
    const struct token *token, struct bytes key_id, const char *text)
{
	struct agt_msg msg = {
	    .type = AGT_EVENT, .kind = kind, .key_id = key_id};
	struct conn *c, *next;

	if (a->conns.listeners == 0)
		return;
	if (token != NULL)
		msg.token = bytes_of_str(token->uri);
	if (text != NULL)
		msg.text = bytes_of_str(text);
	for (c = TAILQ_FIRST(&a->conns.active); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		/* A client that does not read misses some. */
		if (!(c->event_kinds & (1U << kind)) || c->out.len != 0)
			continue;
		msg.id = c->events_id;
		conn_send_msg(c, &msg);
	}
}

void
requests_event(struct agent *a, enum agt_event_kind kind,
    const struct token *token, const char *text)
{
	requests_send_event(a, kind, token, BYTES_NONE, text);
}
