/* worker_queue.c: what waits for a process (worker.h). */
#include "config.h"

#include "agent/agent.h"
#include "agent/module.h"
#include "agent/worker.h"

static void
worker_take_job(struct worker *w, struct job *job)
{
	job->worker = w;
	job->is_in_flight = job->was_sent = false;
	job->queued_us = timers_now(&w->module->agent->timers);
	w->load++;
}

void
worker_submit(struct worker *w, struct job *job)
{
	worker_take_job(w, job);
	TAILQ_INSERT_TAIL(&w->queue, job, link);
	worker_run(w);
}

void
worker_submit_first(struct worker *w, struct job *job)
{
	worker_take_job(w, job);
	TAILQ_INSERT_HEAD(&w->queue, job, link);
	worker_run(w);
}

void
worker_forget(struct job *job)
{
	struct worker *w = job->worker;

	if (w == NULL)
		return;
	if (job->is_in_flight) {
		w->current = NULL;
	} else {
		TAILQ_REMOVE(&w->queue, job, link);
		w->load--;
	}
	job->worker = NULL;
	job->is_in_flight = false;
}

static struct job *
worker_find_waiting(const struct worker *w, uint64_t since_us)
{
	struct job *job;

	TAILQ_FOREACH (job, &w->queue, link)
		if (job->queued_us <= since_us)
			return job;
	return NULL;
}

void
worker_fail_queue(struct worker *w, uint64_t since_us, const struct err *e)
{
	struct job *job;

	/* The end of one may be the end of another. */
	while ((job = worker_find_waiting(w, since_us)) != NULL) {
		worker_forget(job);
		job->done(job, NULL, e);
	}
}
