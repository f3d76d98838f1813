/*
 * launch.h: the agent's side of the starter (starter.h).
 */
#ifndef AGENT_LAUNCH_H
#define AGENT_LAUNCH_H

#include <sys/queue.h>

#include <systemd/sd-event.h>

#include "agent/starter.h"

struct launched {
	int error; /* 0 or an errno; then the rest is -1 */
	int pid;
	int fd;	   /* our end of its socket, non-blocking; ours to close */
	int pidfd; /* ours to close */
};

/* One process that is to be started; part of its owner. */
struct launch {
	TAILQ_ENTRY(launch) link;
	uint32_t id;
	bool is_pending;
	void (*done)(struct launch *l, const struct launched *launched);
};

struct launcher {
	int fd;
	int pid; /* of the starter */
	uint32_t last_id;
	sd_event_source *source;
	TAILQ_HEAD(launches, launch) pending;
	/* A process ended; status as waitpid gives it. */
	void (*ended)(struct launcher *l, int pid, int status);
	/* The starter is gone: nothing can be started any more. */
	void (*lost)(struct launcher *l);
};

/* Takes fd over. */
int CS_MUST_USE launcher_init(
    struct launcher *l, sd_event *event, int fd, int pid);
/* Ends the starter and waits until it and all it started have ended. */
void launcher_clear(struct launcher *l);
/*
 * Asks for a process; l->done is called later, never from here. op: enum
 * starter_op. CS_ERR_WORKER: the starter can't take it; done is not called.
 */
int CS_MUST_USE launch_start(struct launcher *l, struct launch *launch,
    uint32_t op, struct bytes payload);
/* Its done is not called any more; what was started sees its end. */
void launch_forget(struct launcher *l, struct launch *launch);
/* Was it stopped by a signal, so that it will not answer however long one
 * waits? 0 is no process, and was not. */
bool launch_is_stopped(int pid);

#endif
