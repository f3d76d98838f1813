#include <stdlib.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/login.h"

/*
 * Ends logins; the caller has forgotten the PIN. A worker that dies takes its
 * login with it, but what the PIN opened on the card itself stays open to all
 * who reach it, so that another worker has to end that.
 */

#define LOGOUT_TRIES_MAX 3

struct logout_job {
	struct job job;
	struct worker *worker;
	struct logout *end;
	char *uri;
	unsigned tries;
};

void
logout_drop(struct logout *end)
{
	if (--end->count == 0)
		end->done(end);
}

static bool
logout_build(struct job *job, struct worker *w, struct tok_msg *m)
{
	struct logout_job *j =
	    (void *)((char *)job - offsetof(struct logout_job, job));

	(void)w;
	m->type = TOK_LOGOUT;
	m->token = bytes_of_str(j->uri);
	return true;
}

static void
logout_free(struct job *job)
{
	struct logout_job *j =
	    (void *)((char *)job - offsetof(struct logout_job, job));

	free(j->uri);
	free(j);
}

/* At the agent's end. */
static void
logout_forget(struct job *job)
{
	struct logout_job *j =
	    (void *)((char *)job - offsetof(struct logout_job, job));
	struct logout *end = j->end;

	logout_free(job);
	if (end != NULL)
		logout_drop(end);
}

/* By another process; false: there is no use. */
static bool
logout_try_again(struct logout_job *j, struct module *m)
{
	struct token *t = inventory_find_token(m->agent, bytes_of_str(j->uri));

	if (t == NULL || ++j->tries >= LOGOUT_TRIES_MAX)
		return false;
	j->worker = module_get_worker(m, NULL);
	worker_submit_first(j->worker, &j->job);
	return true;
}

static void
logout_done(struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct logout_job *j =
	    (void *)((char *)job - offsetof(struct logout_job, job));
	struct worker *w = j->worker;
	struct logout *end = j->end;
	bool is_out = answer != NULL || e->code == -CS_ERR_NO_TOKEN ||
		      e->code == -CS_ERR_TOKEN_REMOVED;

	/* Without its process there is no login. The module may keep the PIN
	 * in its memory even so. */
	if (!is_out)
		worker_kill(w, false, "did not log out and was ended");
	else
		worker_retire_now(w);
	if (!is_out && logout_try_again(j, w->module))
		return;
	logout_free(job);
	if (end != NULL)
		logout_drop(end);
}

static void
login_logout_worker(struct login *l, struct worker *w, struct logout *end)
{
	struct logout_job *j = calloc(1, sizeof(*j));

	if (j != NULL)
		j->uri = bytes_dup_str(bytes_of_str(l->token->uri));
	if (j == NULL || j->uri == NULL) {
		free(j);
		worker_kill(w, false, "was ended, for want of memory");
		return;
	}
	j->worker = w;
	j->end = end;
	j->job = (struct job){
	    .build = logout_build,
	    .done = logout_done,
	    .drop = logout_forget,
	    .call_ms = l->token->module->agent->settings.deadline_ms,
	};
	if (end != NULL)
		end->count++;
	worker_submit_first(w, &j->job);
}

void
login_logout(struct login *l, struct logout *end)
{
	struct token *t = l->token;
	bool was_asked = false;
	unsigned i;

	timer_stop(&t->module->agent->timers, &l->expiry);
	for (i = 0; i < t->module->worker_count; i++) {
		if (!t->at[i].is_in && !t->module->workers[i].has_pin)
			continue;
		login_set_in(l, i, false);
		login_logout_worker(l, &t->module->workers[i], end);
		was_asked = true;
	}
	if (!was_asked && l->may_be_open)
		login_logout_worker(l, module_get_worker(t->module, NULL), end);
	l->may_be_open = false;
}
