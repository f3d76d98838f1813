#include "config.h"

#include <unistd.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/request.h"

/* status, cancel and events: answered at once. */

/* What goes into a status, at most. */
#define STATUS_LEN_MAX ((size_t)131072)

static void
status_add_module(struct buf *b, const struct module *m)
{
	const struct worker *w = m->workers;
	struct agt_module out = {
	    .name = bytes_of_str(m->name),
	    .path = bytes_of_str(m->path),
	    .state = m->state,
	    .pid = w->state != WORKER_NONE && w->pid > 0 ? (uint32_t)w->pid : 0,
	    .restarts = m->restarts,
	};
	char text[MODULE_ERROR_MAX * 2];

	out.last_error = bytes_of_str(err_quote(text, sizeof(text),
	    m->last_error, bytes_of_str(m->last_error).len));
	agt_module_put(b, &out);
}

void
req_status(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	struct agent *a = c->agent;
	struct agt_msg answer = {
	    .id = msg->id,
	    .type = AGT_STATUS_OK,
	    .agent_version = BYTES_LIT(PACKAGE_VERSION),
	    .pid = (uint32_t)getpid(),
	    .started = a->started,
	    .clients = a->conns.count,
	};
	struct buf modules = {0}, tokens = {0};
	struct module *m;
	struct token *t = NULL;

	(void)frame;
	TAILQ_FOREACH (m, &a->modules.list, link)
		status_add_module(&modules, m);
	while ((t = inventory_next(a, t)) != NULL)
		if (tokens.len < STATUS_LEN_MAX)
			token_put(&tokens, t);
	answer.modules = buf_get(&modules);
	answer.tokens = buf_get(&tokens);
	conn_send_msg(c, &answer);
	buf_clear(&modules);
	buf_clear(&tokens);
}

static void
cancel_events(struct conn *c)
{
	struct err e = ERR_INIT;

	c->event_kinds = 0;
	c->agent->conns.listeners--;
	err_set(&e, -CS_ERR_CANCELLED, NULL);
	conn_send_error(c, c->events_id, &e, BYTES_NONE);
}

void
req_cancel(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	struct agt_msg answer = {.id = msg->id, .type = AGT_CANCEL_OK};
	struct err e = ERR_INIT;
	struct request *r;

	(void)frame;
	TAILQ_FOREACH (r, &c->requests, link)
		if (r->id == msg->target)
			break;
	if (r != NULL) {
		err_set(&e, -CS_ERR_CANCELLED, "cancelled by the client");
		request_fail(r, &e, NULL);
	} else if (c->event_kinds != 0 && c->events_id == msg->target) {
		cancel_events(c);
	}
	conn_send_msg(c, &answer);
}

void
req_events(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	struct err e = ERR_INIT;

	(void)frame;
	if (msg->kinds == 0 || c->event_kinds != 0) {
		err_set(&e, -CS_ERR_ARGUMENT,
		    msg->kinds == 0 ? "no kind of event was asked for"
				    : "this connection gets events already");
		conn_send_error(c, msg->id, &e, BYTES_NONE);
		return;
	}
	c->event_kinds = msg->kinds;
	c->events_id = msg->id;
	c->agent->conns.listeners++;
}
