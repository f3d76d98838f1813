/*
 * starter.h: the small process that starts all others. It is forked before
 * the agent confines itself, since what the agent gives up its children would
 * lose too; it holds no secrets and listens to the agent alone.
 *
 * Over a SOCK_SEQPACKET pair. A request is one packet; its answer has the same
 * id and brings two descriptors: our end of the new process's socket, and its
 * pidfd. When a process ends, the starter says so unasked.
 */
#ifndef AGENT_STARTER_H
#define AGENT_STARTER_H

#include "agent/dialog.h"
#include "agent/settings.h"

enum starter_op {
	STARTER_WORKER, /* cardseal-token; a stream socket as descriptor 3 */
	STARTER_LIST,	/* cardseal-token --list-modules; its output */
	STARTER_DIALOG, /* payload: struct dialog_request; a packet socket */
	STARTER_AUDIT,	/* the audit log's writer; a packet socket */
	STARTER_STARTED,
	STARTER_FAILED, /* status: errno */
	STARTER_ENDED,	/* status: of waitpid */
};

struct starter_msg {
	uint32_t op;
	uint32_t id;
	int32_t pid;
	int32_t status;
};

#define STARTER_PACKET_MAX (sizeof(struct starter_msg) + DIALOG_REQUEST_MAX)

/*
 * Forks the starter, which closes the unwanted descriptors (-1: none). *fd is
 * the agent's end, non-blocking; *pid is to be waited for after closing it: all
 * processes have ended by then.
 */
int CS_MUST_USE starter_fork(const struct settings *settings,
    const int unwanted[2], int *fd, int *pid, struct err *e);

#endif
