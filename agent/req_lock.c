#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/request.h"

/* unlock and lock */

/* "token "a" (serial 1), token "b" (serial 2)" */
static void
unlock_name_all(struct agent *a, char *dst, size_t size)
{
	struct token *t = NULL;
	char name[256];
	size_t used = 0;
	int n;

	dst[0] = '\0';
	while ((t = inventory_next(a, t)) != NULL && used < size) {
		token_describe(name, sizeof(name), t);
		n = snprintf(dst + used, size - used, "%s%s",
		    used != 0 ? ", " : "", name);
		used += n > 0 ? (size_t)n : 0;
	}
}

/* The only one that has a PIN; NULL with the reason in e. */
struct token *
unlock_choose(struct agent *a, struct err *e)
{
	struct token *t = NULL, *found = NULL;
	unsigned count = 0;
	char names[512];

	while ((t = inventory_next(a, t)) != NULL)
		if (t->flags & TOK_LOGIN_REQUIRED) {
			found = t;
			count++;
		}
	if (count == 1)
		return found;
	unlock_name_all(a, names, sizeof(names));
	if (count == 0)
		err_set(
		    e, -CS_ERR_NO_TOKEN, "no token that has a PIN is inserted");
	else
		err_set(e, -CS_ERR_NO_TOKEN,
		    "there are %u tokens, say which one: %s", count, names);
	return NULL;
}

static bool
unlock_is_done(struct request *r, const struct token *t)
{
	if (!(t->flags & TOK_LOGIN_REQUIRED) || token_is_in(t))
		return true;
	return r->logins >= REQUEST_LOGINS_MAX;
}

static void
unlock_token(struct request *r, struct token *t)
{
	struct agt_msg answer = {0};

	if (unlock_is_done(r, t)) {
		answer.token = bytes_of_str(t->uri);
		request_answer(r, &answer);
		return;
	}
	r->logins++;
	r->worker = module_get_worker(t->module, t);
	login_wait(&t->login, r);
}

static void
unlock_run(struct request *r)
{
	struct agent *a = r->conn->agent;
	struct err e = ERR_INIT;
	struct agt_msg msg;
	struct token *t;

	request_decode(r, &msg);
	if (r->logins == 0 && !modules_are_fresh(a, MODULE_FRESH_MS)) {
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
		unlock_token(r, t);
}

void
req_unlock(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	request_new(c, msg, frame, unlock_run);
}

/* Outlives its request, if the client goes away meanwhile. */
struct lock_op {
	struct logout logout;
	struct request *request;
};

void
lock_forget(struct lock_op *op)
{
	op->request = NULL;
}

static void
lock_done(struct logout *end)
{
	struct lock_op *op =
	    (void *)((char *)end - offsetof(struct lock_op, logout));
	struct request *r = op->request;
	struct agt_msg answer = {0};

	free(op);
	if (r == NULL)
		return;
	r->lock = NULL;
	request_answer(r, &answer);
}

static void
lock_token(struct token *t, struct lock_op *op)
{
	struct err e = ERR_INIT;
	char name[384];

	err_set(&e, -CS_ERR_CANCELLED, "%s was locked meanwhile",
	    token_describe(name, sizeof(name), t));
	login_lock(&t->login, &e);
	login_logout(&t->login, &op->logout);
	requests_event(t->module->agent, AGT_EVENT_LOCKED, t, NULL);
}

static void
lock_run(struct request *r)
{
	struct agent *a = r->conn->agent;
	struct token *t = NULL, *next;
	struct err e = ERR_INIT;
	struct agt_msg msg;
	struct lock_op *op;

	request_decode(r, &msg);
	if (msg.token.len != 0)
		t = inventory_find_token(a, msg.token);
	if (msg.token.len != 0 && t == NULL) {
		err_set(&e, -CS_ERR_NO_TOKEN, "no such token is here");
		request_fail(r, &e, NULL);
		return;
	}
	op = calloc(1, sizeof(*op));
	if (op == NULL) {
		err_set(&e, -CS_ERR_NO_MEMORY, NULL);
		request_fail(r, &e, NULL);
		return;
	}
	consents_forget(a);
	op->request = r;
	op->logout.count = 1;
	op->logout.done = lock_done;
	r->lock = op;
	if (t != NULL)
		lock_token(t, op);
	for (t = msg.token.len == 0 ? inventory_next(a, NULL) : NULL; t != NULL;
	     t = next) {
		next = inventory_next(a, t);
		lock_token(t, op);
	}
	logout_drop(&op->logout);
}

void
req_lock(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	request_new(c, msg, frame, lock_run);
}
