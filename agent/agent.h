/*
 * agent.h: the whole agent in one structure, which its parts get at.
 *
 * One thread, one sd-event loop, nothing that blocks. The parts, from the
 * bottom: timers and launcher; workers, grouped by module; modules with what
 * their tokens hold (inventory.h); logins with the PIN rules; connections;
 * requests, which run through the others.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/audit.h"
#include "agent/conn.h"
#include "agent/consent.h"
#include "agent/launch.h"
#include "agent/listen.h"
#include "agent/module.h"
#include "agent/prompt.h"
#include "agent/session.h"
#include "agent/settings.h"
#include "agent/timer.h"
#include "agent/watch.h"
#include "asn1/secret.h"

/* What one read takes; also the most that goes out in one piece. */
#define AGENT_IO_LEN ((size_t)65536)

struct agent {
	struct settings settings;
	sd_event *event;
	struct timers timers;
	struct launcher launcher;
	struct modules modules;
	struct watch watch;
	struct prompts prompts;
	struct consents consents;
	struct audit audit;
	struct session session;
	struct conns conns;
	struct listener listener, restricted;
	struct secret *secret; /* for START */
	int64_t started;       /* seconds since 1970 */
	/* Memory that is locked and not dumped, since PINs and content keys
	 * pass through; each use ends before the next begins. */
	uint8_t *rx;   /* AGENT_IO_LEN octets, wiped by who puts secrets in */
	struct buf tx; /* agent_tx() */
};

/* CS_ERR_NO_MEMORY. */
int CS_MUST_USE agent_io_init(struct agent *a);
void agent_io_clear(struct agent *a);
/* The empty out buffer, of AGENT_IO_LEN octets at most. */
struct buf *agent_tx(struct agent *a);

#endif
