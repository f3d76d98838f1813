/*
 * watch.h: a cardseal-token process that waits for cards to come and go
 * (token/watch.h), so that nobody has to ask. One, for PC/SC's readers, once
 * a module was seen to use them.
 *
 * When a card goes, its token is forgotten at once, with its PIN. When
 * the PC/SC service ends, the workers of the modules that use it are replaced.
 * Without the process, cards are noticed when somebody asks for a list.
 */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include "agent/launch.h"
#include "agent/timer.h"
#include "asn1/buf.h"

struct agent;

struct watch {
	struct agent *agent;
	bool is_wanted;
	struct launch launch;
	int fd, pidfd; /* -1: no process */
	int pid;
	sd_event_source *source;
	struct buf in;
	bool has_started;  /* START was answered */
	unsigned failures; /* in a row */
	struct timer rest; /* until the next start */
};

void watch_init(struct watch *w, struct agent *agent);
void watch_clear(struct watch *w);
/* Starts the process, if there is none. */
void watch_want(struct watch *w);

#endif
