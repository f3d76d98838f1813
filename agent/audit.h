/*
 * audit.h: the audit log: who used which key for what, and how it ended.
 *
 * The lines are written by a process of their own (audit_main), which the
 * starter starts, so that a slow or full disk holds up nobody. What it has not
 * said to be on the disk waits here, up to a limit; beyond that records are
 * counted and the log says how many are missing. If the process ends, another
 * one takes its place and gets what the first one may have lost, behind a
 * record "resent" with their number, since some may be in the log already. No
 * PIN, no message and no key gets into a record.
 *
 * Over a SOCK_SEQPACKET pair. To the writer: whole records, each ended by a
 * line feed. From it: "+N", N more octets of them are on the disk; anything
 * else is for the agent's own log.
 */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

#include <sys/types.h>

#include "agent/launch.h"
#include "agent/proto_audit.h"
#include "agent/timer.h"

#define AUDIT_PENDING_MAX ((size_t)4 << 20)
#define AUDIT_RETRY_MS 2000
/* At its end the agent waits so long for the writer to take the last ones. */
#define AUDIT_END_MS 1000

struct agent;
struct request;

struct audit {
	bool is_on;
	struct launch launch;
	int fd, pidfd;
	sd_event_source *source;
	struct timer retry;
	struct buf pending; /* records, each ended by a line feed */
	size_t sent;	    /* octets of pending that the writer has */
	size_t marker_len;  /* octets of "resent" in front of them */
	uint64_t lost;	    /* that found no room */
};

/* What the writer needs of the settings. */
struct audit_settings {
	const char *folder;
	uint64_t size_max;
	unsigned keep;
	bool to_journal;
};

void audit_start(struct agent *a);
/* Gives the writer what waits; it ends by itself when it is done. */
void audit_clear(struct agent *a);
/* The request ends: code is 0 or an error's. Those that use no key and no PIN
 * leave no record. */
void audit_request(struct request *r, int code);
/* Something without a request. fields: as of audit_put_text, or empty. */
void audit_event(struct agent *a, const char *event, struct bytes fields);

/* The writer: takes records from fd until the other end is closed. */
_Noreturn void audit_main(int fd, const struct audit_settings *settings);

#endif
