/*
 * conn.h: connections of clients: frames in, frames out, limits.
 *
 * Nothing a client does or leaves undone holds up others: reads and writes
 * never block; a connection with unsent output is not read; a frame, once
 * begun, must come whole within a time; all that is buffered for all
 * connections has one limit, beyond which the connection that has been stuck
 * for longest is closed.
 */
#ifndef AGENT_CONN_H
#define AGENT_CONN_H

#include <sys/queue.h>
#include <sys/types.h>

#include <systemd/sd-event.h>

#include "agent/proto.h"
#include "agent/timer.h"

#define CONNS_MAX 1024
/* Of them, over the restricted socket; and of each user but the agent's own. */
#define CONNS_PEER_MAX 256
#define CONNS_BUFFER_MAX ((size_t)8 << 20)
#define CONN_OUT_MAX ((size_t)1 << 20)
#define CONN_READ_LEN ((size_t)16384)
#define CONN_HELLO_MS 10000
#define CONN_FRAME_MS 10000

struct agent;
struct request;

struct conn {
	TAILQ_ENTRY(conn) link;
	struct agent *agent;
	int fd;
	sd_event_source *source;
	pid_t pid;	    /* the kernel says */
	uid_t uid;	    /* the same */
	char *exe;	    /* the same; empty: not known */
	char *program;	    /* its own claim; empty: none */
	bool is_restricted; /* came over the socket for forwarding */
	bool has_hello;
	bool is_dead;	       /* to be freed by the loop */
	struct buf in;	       /* frames not yet served, or a part of one */
	struct buf out;	       /* what the socket did not take */
	size_t accounted;      /* of in and out, in conns.buffered */
	uint64_t stuck_us;     /* since when there is something in in or out */
	struct timer deadline; /* of hello, or of a frame once begun */
	TAILQ_HEAD(conn_requests, request) requests;
	unsigned request_count;
	unsigned event_kinds; /* 1 << kind; of the events request */
	uint32_t events_id;
};

struct conns {
	TAILQ_HEAD(conn_list, conn) fresh; /* without hello, oldest first */
	struct conn_list active;	   /* least recently used first */
	struct conn_list dead;
	unsigned count;
	size_t buffered;
	sd_event_source *reaper;
	/* request.h */
	TAILQ_HEAD(request_waits, request) waiting; /* for modules' lists */
	size_t request_bytes;
	unsigned restricted_requests; /* of the restricted socket */
	unsigned listeners;	      /* connections with an events request */
	bool is_resuming, resumes_again;
};

int CS_MUST_USE conns_init(struct agent *a);
void conns_clear(struct agent *a);
/* Takes fd over. At the limit, a connection that is not needed gives way;
 * if there is none, or its peer has too many, the new one is closed. */
void conn_new(struct agent *a, int fd, bool is_restricted);
/* Closes the connection that is needed least. False: all have work. */
bool conns_evict(struct agent *a);

/* A whole frame to the client; wipes nothing. The connection may be dead
 * afterwards. */
void conn_send(struct conn *c, struct bytes frame);
/* Encodes and sends. */
void conn_send_msg(struct conn *c, const struct agt_msg *msg);
void conn_send_error(
    struct conn *c, uint32_t id, const struct err *e, struct bytes token);
/* Frees the connection and all that hangs on it, in the loop's next turn. */
void conn_close(struct conn *c);

#endif
