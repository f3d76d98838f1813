/*
 * worker.h: one cardseal-token process: its queue of jobs, the one at the
 * process, its deadline. A process that is late, gone or confused is killed;
 * the job in flight fails, the queue waits for the next process.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include <sys/queue.h>

#include "agent/launch.h"
#include "agent/timer.h"
#include "token/proto.h"

/* A call is never cut shorter than this by a client's deadline, since the
 * worker and its logins are lost with it, and a card may be merely slow. */
#define WORKER_CALL_MS_MIN 5000
/* From the request to the starter to the process, and from there until it is
 * ready. */
#define WORKER_LAUNCH_MS 10000
#define WORKER_START_MS 20000
/* So often a worker that does not answer is looked at. */
#define WORKER_LOOK_MS 1000

struct agent;
struct module;
struct worker;

/*
 * Something a worker is to do; part of its owner. build fills m but for the
 * id, right before it is sent; it returns false if the job is not to be sent
 * (any more), then the job is off the queue and in nobody's hands. done is
 * called once, with the answer (borrowed; not of type ERROR) or e; was_sent
 * tells then whether the process may have seen the request.
 */
struct job {
	TAILQ_ENTRY(job) link;
	struct worker *worker; /* NULL: neither queued nor in flight */
	bool is_in_flight, was_sent;
	bool is_movable;    /* another worker of the module may do it */
	uint64_t queued_us; /* since when it waits for a process */
	uint64_t call_ms;   /* the longest that it may take */
	uint64_t until_us;  /* or until then, if not 0 */
	bool (*build)(struct job *job, struct worker *w, struct tok_msg *m);
	void (*done)(
	    struct job *job, const struct tok_msg *answer, const struct err *e);
	/* Frees one that nobody else holds, at the agent's end; or NULL. */
	void (*drop)(struct job *job);
};
TAILQ_HEAD(jobs, job);

enum worker_state {
	WORKER_NONE,
	WORKER_LAUNCHING,
	WORKER_STARTING, /* START, then the first PROBE are under way */
	WORKER_READY,
};

struct worker {
	struct module *module;
	unsigned index;
	enum worker_state state;
	struct launch launch;
	int pid;      /* 0: no process */
	int last_pid; /* of the process before, whose end is told late */
	int fd, pidfd;
	sd_event_source *source;
	struct buf in;	 /* a part of a frame */
	struct buf out;	 /* what the socket did not take */
	bool is_busy;	 /* a frame is at the process */
	bool is_running; /* worker_run is under way */
	uint32_t last_id;
	enum tok_type sent_type;
	struct job *current; /* NULL though busy: nobody waits any more */
	struct jobs queue;
	unsigned load;	       /* jobs in the queue */
	struct timer deadline; /* or the next look */
	uint64_t late_us;      /* the deadline itself */
	struct job start;      /* START, then PROBE */
	uint64_t ready_us;
	bool has_served; /* a request, since it was started */
	bool has_pin;	 /* one was sent to it, and may be in its memory */
	bool is_retiring;
	struct timer retirement;
};

void worker_init(struct worker *w, struct module *module, unsigned index);
/* Kills the process; jobs are forgotten without being told. */
void worker_clear(struct worker *w);
/* WORKER_NONE to LAUNCHING; how it goes on, module.h is told. */
int CS_MUST_USE worker_launch(struct worker *w);
/*
 * Kills the process. The job in flight fails with WORKER and the reason (or
 * TIMEOUT, if is_late), then the module is told.
 */
void worker_kill(struct worker *w, bool is_late, const char *reason);
/*
 * Ends the process as soon as it has nothing to do, and has another one
 * started: for one whose module keeps what it should forget. Nothing fails; the
 * queue waits for the next process. worker_retire is for any time;
 * worker_retire_now for a job's done of this very worker.
 */
void worker_retire(struct worker *w);
void worker_retire_now(struct worker *w);

/* To the end of the queue, or to its front; starts it if the worker is
 * ready and has nothing to do. */
void worker_submit(struct worker *w, struct job *job);
void worker_submit_first(struct worker *w, struct job *job);
/* The job's done is not called any more. In flight, its answer goes nowhere. */
void worker_forget(struct job *job);
/* All jobs fail that were in the queue already at that time. */
void worker_fail_queue(
    struct worker *w, uint64_t since_us, const struct err *e);
/* Goes on with the queue. */
void worker_run(struct worker *w);

#endif
