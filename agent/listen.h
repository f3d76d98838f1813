/*
 * listen.h: the socket that clients connect to: made by us, or handed over by
 * systemd (sd_listen_fds(3)).
 */
#ifndef AGENT_LISTEN_H
#define AGENT_LISTEN_H

#include <sys/types.h>

#include <systemd/sd-event.h>

#include "agent/path.h"
#include "agent/timer.h"

struct agent;

struct listener {
	int fd;
	sd_event_source *source;
	struct timer pause; /* no descriptors are left: try again then */
	char path[AGT_SOCKET_PATH_MAX];
	bool is_ours; /* made by us, and to be removed */
	dev_t dev;
	ino_t ino;
};

/*
 * Takes the socket that systemd hands over, if it does; l->fd is -1 if not.
 * To be called before anything is forked. CS_ERR_CONFIG: what was handed over
 * is no listening Unix stream socket, or more than one.
 */
int CS_MUST_USE listen_take(struct listener *l, struct err *e);
/*
 * Makes the socket (mode 0600) at l->path, and the folder it is in (0700)
 * where that is missing. A socket that nobody listens on any more is replaced.
 * CS_ERR_BUSY: another agent answers there. CS_ERR_CONFIG: the folder is not
 * ours alone, or what stands there is no socket. IO ...: as the system said.
 */
int CS_MUST_USE listen_make(struct listener *l, struct err *e);
int CS_MUST_USE listen_start(struct agent *a);
/* Closes, and removes the socket if it is still the one we made. */
void listen_clear(struct agent *a);

#endif
