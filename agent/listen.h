/*
 * listen.h: the sockets that clients connect to: made by us, or handed over
 * by systemd (sd_listen_fds(3)). There may be a second, restricted one, for
 * forwarding to other machines: it serves lists and signatures only, and a
 * person confirms each.
 */
#ifndef AGENT_LISTEN_H
#define AGENT_LISTEN_H

#include <sys/types.h>

#include <systemd/sd-event.h>

#include "agent/path.h"
#include "agent/timer.h"

struct agent;

struct listener {
	struct agent *agent;
	bool is_restricted;
	bool is_open; /* other users are admitted (admit.h) */
	int fd;
	sd_event_source *source;
	struct timer pause; /* no descriptors are left: try again then */
	char path[AGT_SOCKET_PATH_MAX];
	bool is_ours; /* made by us, and to be removed */
	dev_t dev;
	ino_t ino;
};

/*
 * Takes the sockets that systemd hands over, if it does; a listener's fd is
 * -1 if not. One that is named "restricted" (FileDescriptorName) is that one.
 * To be called before anything is forked. CS_ERR_CONFIG: what was handed over
 * is no listening Unix stream socket, or they are too many.
 */
int CS_MUST_USE listen_take(
    struct listener *l, struct listener *restricted, struct err *e);
/*
 * Makes the socket (mode 0600) at l->path, and the folder it is in (0700)
 * where that is missing; where other users are admitted the socket has 0666 and
 * the folder 0755. A socket that nobody listens on any more is replaced.
 * CS_ERR_BUSY: another agent answers there. CS_ERR_CONFIG: the folder is not
 * ours alone, or what stands there is no socket. IO ...: as the system said.
 */
int CS_MUST_USE listen_make(struct listener *l, struct err *e);
int CS_MUST_USE listen_start(struct agent *a, struct listener *l);
/* Closes, and removes the socket if it is still the one we made. */
void listen_clear(struct agent *a, struct listener *l);

#endif
