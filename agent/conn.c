#include "config.h"

#include "agent/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/request.h"

#define CONN_EXE_MAX 512
#define CONN_HEADER_LEN 6 /* a tag and the longest length */

static void conn_serve_kept(struct conn *c);

/* --- room --- */

void
conn_close(struct conn *c)
{
	struct conns *cs = &c->agent->conns;

	if (c->is_dead)
		return;
	c->is_dead = true;
	c->source = sd_event_source_disable_unref(c->source);
	timer_stop(&c->agent->timers, &c->deadline);
	(void)close(c->fd);
	c->fd = -1;
	if (c->event_kinds != 0)
		cs->listeners--;
	c->event_kinds = 0;
	TAILQ_REMOVE(c->has_hello ? &cs->active : &cs->fresh, c, link);
	TAILQ_INSERT_TAIL(&cs->dead, c, link);
	cs->count--;
	(void)sd_event_source_set_enabled(cs->reaper, SD_EVENT_ONESHOT);
}

/* Counts what in and out take. */
static void
conn_account(struct conn *c)
{
	struct conns *cs = &c->agent->conns;
	size_t now = c->in.cap + c->out.cap;

	cs->buffered += now - c->accounted;
	c->accounted = now;
	if (c->in.len == 0 && c->out.len == 0)
		c->stuck_us = 0;
	else if (c->stuck_us == 0)
		c->stuck_us = timers_now(&c->agent->timers);
}

static void
conn_drop_buffers(struct conn *c)
{
	buf_clear(&c->in);
	buf_clear(&c->out);
	conn_account(c);
}

static struct conn *
conns_find_stuck(struct conn_list *list, struct conn *found)
{
	struct conn *c;

	TAILQ_FOREACH (c, list, link)
		if (c->stuck_us != 0 &&
		    (found == NULL || c->stuck_us < found->stuck_us))
			found = c;
	return found;
}

/* After in or out has grown. */
static void
conns_make_room(struct agent *a)
{
	struct conns *cs = &a->conns;
	struct conn *c;

	while (cs->buffered > CONNS_BUFFER_MAX) {
		c = conns_find_stuck(
		    &cs->fresh, conns_find_stuck(&cs->active, NULL));
		if (c == NULL)
			return;
		conn_close(c);
		conn_drop_buffers(c);
	}
}

/* The one that was idle for longest. */
static struct conn *
conns_find_idle(struct conns *cs, bool is_listener)
{
	struct conn *c;

	TAILQ_FOREACH (c, &cs->active, link)
		if (c->request_count == 0 &&
		    (c->event_kinds != 0) == is_listener)
			return c;
	return NULL;
}

bool
conns_evict(struct agent *a)
{
	struct conns *cs = &a->conns;
	struct conn *c = TAILQ_FIRST(&cs->fresh);
	struct err e = ERR_INIT;

	if (c == NULL)
		c = conns_find_idle(cs, false);
	if (c == NULL) {
		c = conns_find_idle(cs, true);
		if (c == NULL)
			return false;
		err_set(&e, -CS_ERR_BUSY,
		    "too many connections: this one only waited for events");
		conn_send_error(c, c->events_id, &e, BYTES_NONE);
	}
	conn_close(c);
	return true;
}

static void
conn_free(struct conn *c)
{
	struct conns *cs = &c->agent->conns;

	requests_drop(c);
	conn_drop_buffers(c);
	TAILQ_REMOVE(&cs->dead, c, link);
	free(c->exe);
	free(c->program);
	free(c);
}

static int
conns_reap(sd_event_source *source, void *userdata)
{
	struct agent *a = userdata;
	struct conn *c;

	(void)source;
	while ((c = TAILQ_FIRST(&a->conns.dead)) != NULL)
		/* The analyzer does not follow TAILQ_REMOVE. */
		conn_free(c); /* NOLINT(clang-analyzer-unix.Malloc) */
	return 0;
}

/* --- out --- */

static void
conn_set_io(struct conn *c, uint32_t events)
{
	if (sd_event_source_set_io_events(c->source, events) < 0)
		conn_close(c);
}

void
conn_send(struct conn *c, struct bytes frame)
{
	ssize_t n = 0;

	if (c->is_dead)
		return;
	if (c->out.len == 0) {
		do
			n = send(c->fd, frame.p, frame.len, MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		if (n >= 0 && (size_t)n == frame.len)
			return;
		if (n < 0 && errno != EAGAIN) {
			conn_close(c);
			return;
		}
		n = n < 0 ? 0 : n;
		conn_set_io(c, EPOLLOUT);
	}
	if (c->is_dead ||
	    buf_add(&c->out, frame.p + n, frame.len - (size_t)n) != 0) {
		conn_close(c);
		return;
	}
	conn_account(c);
	conns_make_room(c->agent);
}

/* A listing may be longer than what tx takes. */
static void
conn_send_long(struct conn *c, const struct agt_msg *msg)
{
	struct agt_msg error = {
	    .id = msg->id,
	    .type = AGT_ERROR,
	    .code = -CS_ERR_INTERNAL,
	    .tries_left = ERR_TRIES_UNKNOWN,
	};
	struct buf out = {.max = AGT_ANSWER_MAX};
	int r = agt_msg_encode(msg, &out);

	if (r != 0) {
		agt_log("an answer (%s) cannot be encoded: %s",
		    agt_type_name(msg->type), err_text(r));
		buf_reset(&out);
		r = agt_msg_encode(&error, &out);
	}
	if (r == 0)
		conn_send(c, buf_get(&out));
	else
		conn_close(c);
	buf_clear(&out);
}

void
conn_send_msg(struct conn *c, const struct agt_msg *msg)
{
	struct buf *tx = agent_tx(c->agent);
	int r = agt_msg_encode(msg, tx);

	if (r == 0)
		conn_send(c, buf_get(tx));
	buf_reset(tx);
	if (r != 0)
		conn_send_long(c, msg);
}

void
conn_send_error(
    struct conn *c, uint32_t id, const struct err *e, struct bytes token)
{
	char text[ERR_TEXT_MAX];
	struct agt_msg msg = {
	    .id = id,
	    .type = AGT_ERROR,
	    .code = e->code,
	    .ckr = e->ckr,
	    .tries_left = e->tries_left,
	    .token = token,
	};

	/* A worker's text, or quoted input: no control characters. */
	msg.text = bytes_of_str(err_quote(
	    text, sizeof(text), err_get_text(e), strlen(err_get_text(e))));
	conn_send_msg(c, &msg);
}

static void
conn_writable(struct conn *c)
{
	ssize_t n;

	while (c->out.len != 0) {
		n = send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			conn_close(c);
		if (n < 0)
			return;
		buf_consume(&c->out, (size_t)n);
	}
	buf_clear(&c->out);
	conn_account(c);
	conn_set_io(c, EPOLLIN);
	/* What came before the socket was full. */
	conn_serve_kept(c);
}

/* --- in --- */

/* Says why, then closes. */
static void
conn_refuse(struct conn *c, uint32_t id, const struct err *e)
{
	conn_send_error(c, id, e, BYTES_NONE);
	conn_close(c);
}

static void
conn_frame(struct conn *c, struct bytes frame)
{
	struct conns *cs = &c->agent->conns;
	struct err e = ERR_INIT;
	struct agt_msg msg;
	int r = agt_msg_decode(frame, &msg, &e);

	if (r == -CS_ERR_UNSUPPORTED) {
		conn_send_error(c, msg.id, &e, BYTES_NONE);
		return;
	}
	if (r == 0 && agt_type_direction(msg.type) != AGT_REQUEST)
		r = err_set(&e, -CS_ERR_PROTOCOL, "%s is no request",
		    agt_type_name(msg.type));
	if (r == 0 && c->has_hello == (msg.type == AGT_HELLO))
		r = err_set(&e, -CS_ERR_PROTOCOL,
		    c->has_hello ? "hello came twice"
				 : "the first message must be hello");
	if (r != 0) {
		conn_refuse(c, msg.id, &e);
		return;
	}
	if (c->has_hello && TAILQ_NEXT(c, link) != NULL) {
		TAILQ_REMOVE(&cs->active, c, link);
		TAILQ_INSERT_TAIL(&cs->active, c, link);
	}
	request_handle(c, &msg, frame);
}

/* Serves whole frames, until the client is to read first; takes them off. */
static void
conn_serve(struct conn *c, struct bytes *in)
{
	struct err e = ERR_INIT;
	size_t len;

	while (in->len != 0 && !c->is_dead && c->out.len == 0) {
		if (agt_frame_len(*in, AGT_REQUEST_MAX, &len) != 0) {
			err_set(&e, -CS_ERR_PROTOCOL,
			    "this is no message, or one over %zu octets",
			    AGT_REQUEST_MAX);
			conn_refuse(c, 0, &e);
			return;
		}
		if (len == 0 || len > in->len)
			return;
		conn_frame(c, bytes_of(in->p, len));
		in->p += len;
		in->len -= len;
	}
}

/* A frame that has begun must end; but what is not read can't. */
static void
conn_start_deadline(struct conn *c)
{
	if (c->has_hello && !c->deadline.is_set && c->in.len != 0 &&
	    c->out.len == 0)
		timer_set_in_ms(&c->agent->timers, &c->deadline, CONN_FRAME_MS);
}

/* Keeps what is left. */
static void
conn_keep(struct conn *c, struct bytes rest)
{
	if (c->is_dead)
		return;
	if (buf_add_bytes(&c->in, rest) != 0) {
		conn_close(c);
		return;
	}
	conn_start_deadline(c);
	conn_account(c);
	conns_make_room(c->agent);
}

/* More of what is in c->in: no more than its first frame lacks. */
static size_t
conn_missing(struct conn *c)
{
	size_t len;

	if (agt_frame_len(buf_get(&c->in), AGT_REQUEST_MAX, &len) != 0)
		return 1; /* conn_serve() will say so */
	if (len == 0)
		len = CONN_HEADER_LEN;
	return len > c->in.len ? len - c->in.len : 1;
}

/* What is in c->in. */
static void
conn_serve_kept(struct conn *c)
{
	struct buf in = c->in;
	struct bytes rest = buf_get(&in);

	/* Out of c, whose buffers may be cleared while a frame is served. */
	buf_init(&c->in, in.max);
	conn_serve(c, &rest);
	if (rest.len == in.len && !c->is_dead) {
		c->in = in;
		conn_start_deadline(c);
		return;
	}
	/* That of hello goes on until hello has come. */
	if (c->has_hello)
		timer_stop(&c->agent->timers, &c->deadline);
	if (rest.len != 0)
		conn_keep(c, rest);
	buf_clear(&in);
	conn_account(c);
}

static void
conn_take(struct conn *c, const uint8_t *p, size_t n)
{
	struct bytes rest = bytes_of(p, n);

	if (c->in.len == 0) {
		conn_serve(c, &rest);
		if (rest.len != 0)
			conn_keep(c, rest);
		return;
	}
	conn_keep(c, rest);
	if (!c->is_dead)
		conn_serve_kept(c);
}

static void
conn_readable(struct conn *c)
{
	uint8_t *rx = c->agent->rx;
	size_t room = c->in.len == 0 ? CONN_READ_LEN : conn_missing(c);
	ssize_t n;

	n = recv(c->fd, rx, room < CONN_READ_LEN ? room : CONN_READ_LEN, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_close(c);
		return;
	}
	conn_take(c, rx, (size_t)n);
	mem_wipe(rx, (size_t)n); /* there may be a key in it, to be written */
}

static int
conn_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct conn *c = userdata;

	(void)source;
	(void)fd;
	if (revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN))
		conn_close(c);
	if (!c->is_dead && (revents & EPOLLOUT))
		conn_writable(c);
	if (!c->is_dead && c->out.len == 0 && (revents & EPOLLIN))
		conn_readable(c);
	return 0;
}

/* --- beginning and end --- */

static void
conn_is_late(struct timer *t)
{
	struct conn *c = (void *)((char *)t - offsetof(struct conn, deadline));
	struct err e = ERR_INIT;

	err_set(&e, -CS_ERR_PROTOCOL,
	    c->has_hello ? "the message did not come whole in time"
			 : "hello did not come in time");
	conn_refuse(c, 0, &e);
}

static char *
conn_get_exe(pid_t pid)
{
	char link[64], target[CONN_EXE_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
	n = readlink(link, target, sizeof(target));
	return bytes_dup_str(bytes_of(target, n > 0 ? (size_t)n : 0));
}

static struct conn *
conn_make(struct agent *a, int fd, const struct ucred *cred)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->agent = a;
	c->fd = fd;
	c->pid = cred->pid;
	c->uid = cred->uid;
	c->exe = conn_get_exe(cred->pid);
	c->program = bytes_dup_str(BYTES_NONE);
	c->deadline.fire = conn_is_late;
	buf_init(&c->in, AGT_REQUEST_MAX + CONN_READ_LEN);
	buf_init(&c->out, CONN_OUT_MAX);
	TAILQ_INIT(&c->requests);
	if (c->exe == NULL || c->program == NULL ||
	    sd_event_add_io(a->event, &c->source, fd, EPOLLIN, conn_io, c) <
		0) {
		free(c->exe);
		free(c->program);
		free(c);
		return NULL;
	}
	return c;
}

static bool
conn_is_of_peer(
    const struct conn *c, const struct ucred *cred, bool is_restricted)
{
	return c->is_restricted == is_restricted && c->uid == cred->uid;
}

/* Not to be for ever in the way of the agent's own user. */
static bool
conns_has_too_many(
    const struct conns *cs, const struct ucred *cred, bool is_restricted)
{
	const struct conn *c;
	unsigned count = 0;

	if (!is_restricted && cred->uid == geteuid())
		return false;
	TAILQ_FOREACH (c, &cs->fresh, link)
		count += conn_is_of_peer(c, cred, is_restricted);
	TAILQ_FOREACH (c, &cs->active, link)
		count += conn_is_of_peer(c, cred, is_restricted);
	return count >= CONNS_PEER_MAX;
}

void
conn_new(struct agent *a, int fd, bool is_restricted)
{
	struct conns *cs = &a->conns;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct conn *c = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 ||
	    !admit_is_peer(&a->settings.admit, fd, &cred))
		agt_log("a connection of user %ld was refused",
		    len == sizeof(cred) ? (long)cred.uid : -1L);
	else if (!conns_has_too_many(cs, &cred, is_restricted) &&
		 (cs->count < CONNS_MAX || conns_evict(a)))
		c = conn_make(a, fd, &cred);
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	c->is_restricted = is_restricted;
	TAILQ_INSERT_TAIL(&cs->fresh, c, link);
	cs->count++;
	timer_set_in_ms(&a->timers, &c->deadline, CONN_HELLO_MS);
}

int
conns_init(struct agent *a)
{
	struct conns *cs = &a->conns;

	TAILQ_INIT(&cs->fresh);
	TAILQ_INIT(&cs->active);
	TAILQ_INIT(&cs->dead);
	TAILQ_INIT(&cs->waiting);
	if (sd_event_add_defer(a->event, &cs->reaper, conns_reap, a) < 0 ||
	    sd_event_source_set_enabled(cs->reaper, SD_EVENT_OFF) < 0)
		return -CS_ERR_INTERNAL;
	return 0;
}

void
conns_clear(struct agent *a)
{
	struct conns *cs = &a->conns;
	struct conn *c;

	while ((c = TAILQ_FIRST(&cs->fresh)) != NULL)
		conn_close(c);
	while ((c = TAILQ_FIRST(&cs->active)) != NULL)
		conn_close(c);
	(void)conns_reap(NULL, a);
	cs->reaper = sd_event_source_disable_unref(cs->reaper);
}
