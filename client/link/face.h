/*
 * face.h: what the programs share that speak another protocol on behalf of
 * cardseal-agent (cardseal-scd, cardseal-ssh-agent): a local socket that only
 * its user reaches, and a process for each connection.
 *
 * A process that serves a connection, and one that accepts them, ends with the
 * one that made it.
 */
#ifndef CLIENT_LINK_FACE_H
#define CLIENT_LINK_FACE_H

#include <signal.h>
#include <sys/types.h>

#define FACE_CLIENTS_MAX 64

struct face {
	int listener; /* borrowed */
	/* Serves a connection, in a process of its own, and returns its exit
	 * status. */
	int (*serve)(void *ctx, int fd);
	void *ctx;
	sigset_t usual_mask; /* set by face_hold */
};

/* fork(2), with a child that gets SIGTERM when the caller ends. */
pid_t face_fork(void);
/* A listening socket that is made at that path, mode 0600; -1 with errno. */
int face_listen(const char *path);
/*
 * Blocks SIGTERM, SIGINT and SIGHUP, so that none is lost before face_accept
 * waits for them, and gives them back.
 */
void face_hold(struct face *face);
void face_release(const struct face *face);
/*
 * Accepts connections of this user and has them served, FACE_CLIENTS_MAX at a
 * time; the others are closed. Between face_hold and face_release; returns when
 * one of the three signals comes.
 */
void face_accept(struct face *face);

#endif
