#include "config.h"

#include "agent/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/log.h"
#include "agent/request.h"

#define MODULE_REST_MS_MIN 100
#define MODULE_REST_MS_MAX 30000
/* The least rest when somebody waits for the module. */
#define MODULE_RETRY_MS 1000
/* A worker that served a request, or lived so long, starts a new count of
 * failures. */
#define MODULE_STEADY_MS 10000
/* So many workers in a row that were never ready, and clients are told at
 * once; so many, and the tokens count as removed. */
#define MODULE_BAD_STARTS_MAX 4
#define MODULE_LOSES_TOKENS 8

/* --- workers --- */

/* The next worker that does not run, unless one is starting. */
static void
module_start_next(struct module *m)
{
	struct worker *w, *next = NULL;

	for (w = m->workers; w < m->workers + m->worker_count; w++) {
		if (w->state == WORKER_LAUNCHING || w->state == WORKER_STARTING)
			return;
		if (w->state == WORKER_NONE && next == NULL)
			next = w;
	}
	if (next == NULL || m->rest.is_set)
		return;
	m->began_us = timers_now(&m->agent->timers);
	if (worker_launch(next) != 0) {
		snprintf(m->last_error, sizeof(m->last_error),
		    "the starter process does not work");
		m->state = AGT_MODULE_FAILED;
		m->ended_us = timers_now(&m->agent->timers);
		timer_set_in_ms(
		    &m->agent->timers, &m->rest, MODULE_REST_MS_MAX);
	}
}

static void
module_rested(struct timer *t)
{
	struct module *m = (void *)((char *)t - offsetof(struct module, rest));

	module_start_next(m);
	if (m->state == AGT_MODULE_FAILED)
		requests_resume(m->agent);
}

static uint64_t
module_get_retry(const struct module *m)
{
	return m->ended_us + (uint64_t)MODULE_RETRY_MS * 1000;
}

static bool
module_failed_lately(const struct module *m)
{
	return m->state == AGT_MODULE_FAILED &&
	       module_get_retry(m) > timers_now(&m->agent->timers);
}

/* Somebody waits: what rests is started soon. */
static void
module_hurry(struct module *m)
{
	uint64_t at = module_get_retry(m);

	if (m->state == AGT_MODULE_FAILED && !module_failed_lately(m)) {
		m->state = AGT_MODULE_RESTARTING;
		/* It failed quickly, so that one may wait for it again. */
		if (m->ended_us - m->began_us < (uint64_t)MODULE_SLOW_MS * 1000)
			m->is_slow = false;
	}
	if (m->rest.is_set && m->rest.at_us > at)
		timer_set(&m->agent->timers, &m->rest, at);
}

static bool
module_has_worker(const struct module *m)
{
	unsigned i;

	for (i = 0; i < m->worker_count; i++)
		if (m->workers[i].state == WORKER_READY)
			return true;
	return false;
}

void
module_worker_ready(struct worker *w)
{
	struct module *m = w->module;

	m->state = AGT_MODULE_READY;
	m->bad_starts = 0;
	if (m->probe.worker == NULL) {
		timer_stop(&m->agent->timers, &m->slow);
		m->is_slow = false;
	}
	module_start_next(m);
	requests_resume(m->agent);
}

static void
module_fail(struct module *m)
{
	struct err e = ERR_INIT;
	unsigned i;

	m->state = AGT_MODULE_FAILED;
	module_err(m, &e);
	/* What came since the start began waits for the next one: nothing was
	 * tried for it yet. */
	for (i = 0; i < m->worker_count; i++)
		worker_fail_queue(&m->workers[i], m->began_us, &e);
	if (m->bad_starts >= MODULE_LOSES_TOKENS)
		inventory_lose_all(m);
}

static bool
module_is_wanted(const struct module *m)
{
	unsigned i;

	for (i = 0; i < m->worker_count; i++)
		if (m->workers[i].load != 0)
			return true;
	return false;
}

static struct job *
module_find_movable(struct worker *from)
{
	struct job *job;

	TAILQ_FOREACH (job, &from->queue, link)
		if (job->is_movable)
			return job;
	return NULL;
}

/* What waits for a worker that is gone goes to one that is there. Each may
 * turn out to be gone as well, and the queue be emptied by that. */
static void
module_move_jobs(struct module *m, struct worker *from)
{
	struct job *job;

	while (
	    module_has_worker(m) && (job = module_find_movable(from)) != NULL) {
		worker_forget(job);
		worker_submit(module_get_worker(m, NULL), job);
	}
}

void
module_worker_ended(struct worker *w, const struct err *e)
{
	struct module *m = w->module;
	struct timers *timers = &m->agent->timers;
	uint64_t rest_ms = 0;
	bool was_steady =
	    w->has_served ||
	    (w->ready_us != 0 && timers_now(timers) - w->ready_us >
				     (uint64_t)MODULE_STEADY_MS * 1000);

	if (was_steady)
		m->failures = 0;
	m->bad_starts = w->ready_us != 0 ? 0 : m->bad_starts + 1;
	if (w->ready_us != 0 || m->last_error[0] == '\0')
		snprintf(m->last_error, sizeof(m->last_error), "%.*s",
		    MODULE_ERROR_MAX - 1, err_get_text(e));
	agt_log("%s", err_get_text(e));
	if (m->failures > 0)
		rest_ms = m->failures > 8 ? MODULE_REST_MS_MAX
					  : (uint64_t)MODULE_REST_MS_MIN
						<< (m->failures - 1);
	m->failures++;
	m->restarts++;
	m->ended_us = timers_now(timers);
	w->ready_us = 0;
	w->has_served = false;
	if (!module_has_worker(m))
		m->state = m->state == AGT_MODULE_FAILED
			       ? AGT_MODULE_FAILED
			       : AGT_MODULE_RESTARTING;
	if (rest_ms > MODULE_REST_MS_MAX)
		rest_ms = MODULE_REST_MS_MAX;
	timer_set_in_ms(timers, &m->rest, rest_ms);
	if (m->bad_starts >= MODULE_BAD_STARTS_MAX && !module_has_worker(m))
		module_fail(m);
	module_move_jobs(m, w);
	if (module_is_wanted(m))
		module_hurry(m);
	requests_event(m->agent, AGT_EVENT_RESTARTED, NULL, m->name);
	requests_resume(m->agent);
}

/* That is no failure. */
void
module_worker_retired(struct worker *w)
{
	struct module *m = w->module;

	w->ready_us = 0;
	w->has_served = false;
	if (m->state == AGT_MODULE_READY && !module_has_worker(m))
		m->state = AGT_MODULE_RESTARTING;
	module_move_jobs(m, w);
	module_start_next(m);
}

void
module_renew(struct module *m)
{
	unsigned i;

	for (i = 0; i < m->worker_count; i++)
		worker_retire(&m->workers[i]);
	module_set_stale(m);
	inventory_lose_all(m);
}

void
module_start_failed(struct module *m, const struct err *e)
{
	snprintf(m->last_error, sizeof(m->last_error), "%.*s",
	    MODULE_ERROR_MAX - 1, err_get_text(e));
	agt_log("module %s: %s", m->name, m->last_error);
	/* Waiting does not mend a module that can't be loaded. */
	if (m->failures < MODULE_BAD_STARTS_MAX)
		m->failures = MODULE_BAD_STARTS_MAX;
	if (m->bad_starts < MODULE_BAD_STARTS_MAX)
		m->bad_starts = MODULE_BAD_STARTS_MAX;
}

struct worker *
module_get_worker(struct module *m, const struct token *t)
{
	struct worker *w, *best = NULL;

	for (w = m->workers; w < m->workers + m->worker_count; w++)
		if (w->state == WORKER_READY &&
		    (t == NULL || t->at[w->index].is_known) &&
		    (best == NULL ||
			w->load + w->is_busy < best->load + best->is_busy))
			best = w;
	if (best != NULL)
		return best;
	module_hurry(m);
	return m->workers;
}

void
module_err(const struct module *m, struct err *e)
{
	err_set(e, -CS_ERR_MODULE, "module %s (%s) cannot be used: %s", m->name,
	    m->path, m->last_error);
}

/* --- lists --- */

static bool
module_build_probe(struct job *job, struct worker *w, struct tok_msg *msg)
{
	(void)job;
	(void)w;
	msg->type = TOK_PROBE;
	return true;
}

static void
module_probed(
    struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct module *m =
	    (void *)((char *)job - offsetof(struct module, probe));
	unsigned worker = m->probe_worker;

	timer_stop(&m->agent->timers, &m->slow);
	m->is_slow = false;
	if (e == NULL && inventory_take_probe(m, worker, answer) != 0)
		worker_kill(&m->workers[worker], false,
		    "sent a broken list and was ended");
	if (e != NULL) {
		agt_log("module %s: %s", m->name, err_get_text(e));
		/* Not again at once. */
		m->is_stale = false;
		m->probed_us = timers_now(&m->agent->timers);
	}
	requests_resume(m->agent);
}

static void
module_is_slow(struct timer *t)
{
	struct module *m = (void *)((char *)t - offsetof(struct module, slow));

	m->is_slow = true;
	requests_resume(m->agent);
}

static void
module_refresh(struct module *m)
{
	struct worker *w = module_get_worker(m, NULL);

	if (!m->slow.is_set)
		timer_set_in_ms(&m->agent->timers, &m->slow, MODULE_SLOW_MS);
	/* One that is starting asks by itself. */
	if (w->state != WORKER_READY || m->probe.worker != NULL)
		return;
	m->probe.build = module_build_probe;
	m->probe.done = module_probed;
	m->probe.call_ms = m->agent->settings.deadline_ms;
	m->probe_worker = w->index;
	worker_submit(w, &m->probe);
}

static bool
module_is_fresh(struct module *m, unsigned age_ms)
{
	uint64_t now = timers_now(&m->agent->timers);

	if (module_failed_lately(m))
		return true;
	if (m->state == AGT_MODULE_FAILED)
		module_hurry(m);
	if (m->is_slow)
		return true;
	return !m->is_stale && m->probed_us != 0 && m->probe.worker == NULL &&
	       now - m->probed_us < (uint64_t)age_ms * 1000;
}

bool
modules_are_fresh(struct agent *a, unsigned age_ms)
{
	struct module *m;
	bool are_fresh = a->modules.is_known;

	TAILQ_FOREACH (m, &a->modules.list, link) {
		if (module_is_fresh(m, age_ms))
			continue;
		module_refresh(m);
		/* The probe may have come and gone meanwhile. */
		if (!module_is_fresh(m, age_ms))
			are_fresh = false;
	}
	return are_fresh;
}

const struct module *
modules_find_failed(const struct agent *a)
{
	const struct module *m;

	TAILQ_FOREACH (m, &a->modules.list, link)
		if (m->state == AGT_MODULE_FAILED)
			return m;
	return NULL;
}

void
module_set_stale(struct module *m)
{
	m->is_stale = true;
}

void
module_changed(struct module *m)
{
	m->is_stale = true;
	module_refresh(m);
}

/* --- beginning and end --- */

void
module_free(struct module *m)
{
	unsigned i;

	for (i = 0; i < m->worker_count; i++)
		worker_clear(&m->workers[i]);
	inventory_clear(m);
	timer_stop(&m->agent->timers, &m->rest);
	timer_stop(&m->agent->timers, &m->slow);
	free(m->workers);
	free(m->name);
	free(m->path);
	free(m);
}

int
module_add(struct agent *a, struct bytes name, struct bytes path)
{
	struct module *m = calloc(1, sizeof(*m));
	unsigned i;

	if (m == NULL)
		return -CS_ERR_NO_MEMORY;
	m->agent = a;
	m->name = bytes_dup_str(name);
	m->path = bytes_dup_str(path);
	m->workers = calloc(a->settings.workers, sizeof(*m->workers));
	if (m->name == NULL || m->path == NULL || m->workers == NULL) {
		module_free(m);
		return -CS_ERR_NO_MEMORY;
	}
	m->worker_count = a->settings.workers;
	for (i = 0; i < m->worker_count; i++)
		worker_init(&m->workers[i], m, i);
	TAILQ_INIT(&m->tokens);
	TAILQ_INIT(&m->gone);
	m->rest.fire = module_rested;
	m->slow.fire = module_is_slow;
	TAILQ_INSERT_TAIL(&a->modules.list, m, link);
	/* So that a module that never comes up holds up no list for long. */
	timer_set_in_ms(&a->timers, &m->slow, MODULE_SLOW_MS);
	module_start_next(m);
	return 0;
}
