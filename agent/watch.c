#include "config.h"

#include "agent/watch.h"

#include <errno.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/log.h"

#define WATCH_REST_MS_MIN 1000
#define WATCH_REST_MS_MAX 60000
#define WATCH_FRAME_MAX 4096

static void
watch_drop(struct watch *w)
{
	launch_forget(&w->agent->launcher, &w->launch);
	w->source = sd_event_source_disable_unref(w->source);
	if (w->pidfd >= 0) {
		(void)pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0);
		(void)close(w->pidfd);
	}
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = w->pidfd = -1;
	w->pid = 0;
	w->has_started = false;
	buf_clear(&w->in);
}

static void
watch_fail(struct watch *w, const char *reason)
{
	uint64_t rest_ms = (uint64_t)WATCH_REST_MS_MIN << w->failures;

	agt_log("the process that waits for cards %s", reason);
	watch_drop(w);
	if (rest_ms < WATCH_REST_MS_MAX)
		w->failures++;
	else
		rest_ms = WATCH_REST_MS_MAX;
	timer_set_in_ms(&w->agent->timers, &w->rest, rest_ms);
}

/* --- what it tells --- */

static void
watch_changed(struct agent *a)
{
	struct module *m;

	TAILQ_FOREACH (m, &a->modules.list, link)
		module_changed(m);
}

static void
watch_service_ended(struct agent *a)
{
	struct module *m;

	agt_log("the PC/SC service (pcscd) ended");
	TAILQ_FOREACH (m, &a->modules.list, link)
		if (m->uses_pcsc)
			module_renew(m);
}

static bool
watch_event(struct watch *w, const struct tok_msg *m)
{
	struct agent *a = w->agent;

	if (m->type == TOK_START_OK && !w->has_started) {
		w->has_started = true;
		w->failures = 0;
		return true;
	}
	if (m->type != TOK_EVENT || !w->has_started)
		return false;
	switch (m->operation) {
	case TOK_EVENT_SERVICE:
		watch_service_ended(a);
		break;
	case TOK_EVENT_GONE:
		inventory_reader_gone(a, m->reader);
		watch_changed(a);
		break;
	default:
		watch_changed(a);
		break;
	}
	return true;
}

/* Takes whole frames off w->in. */
static bool
watch_frames(struct watch *w)
{
	struct tok_msg m;
	size_t len;

	while (w->in.len != 0) {
		if (tok_frame_len(buf_get(&w->in), &len) != 0)
			return false;
		if (len == 0 || len > w->in.len)
			return true;
		if (tok_msg_decode(bytes_of(w->in.data, len), &m, NULL) != 0 ||
		    !watch_event(w, &m))
			return false;
		buf_consume(&w->in, len);
	}
	return true;
}

static int
watch_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct watch *w = userdata;
	uint8_t bytes[1024];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	(void)source;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		watch_fail(w, "ended");
	else if (buf_add(&w->in, bytes, (size_t)n) != 0 || !watch_frames(w))
		watch_fail(w, "told what makes no sense and was ended");
	return 0;
}

/* --- the process --- */

static bool
watch_send_start(struct watch *w)
{
	/* It opens nothing, and so needs no secret. */
	static const uint8_t none[TOK_SECRET_LEN];
	struct tok_msg m = {
	    .id = 1,
	    .type = TOK_START,
	    .secret = bytes_of(none, sizeof(none)),
	    .watch = true,
	};
	struct buf *tx = agent_tx(w->agent);
	bool is_sent;

	is_sent =
	    tok_msg_encode(&m, tx) == 0 &&
	    send(w->fd, tx->data, tx->len, MSG_NOSIGNAL) == (ssize_t)tx->len;
	buf_reset(tx);
	return is_sent;
}

static void
watch_launched(struct launch *launch, const struct launched *launched)
{
	struct watch *w =
	    (void *)((char *)launch - offsetof(struct watch, launch));

	if (launched->error != 0) {
		watch_fail(w, "cannot be started");
		return;
	}
	w->fd = launched->fd;
	w->pidfd = launched->pidfd;
	w->pid = launched->pid;
	if (sd_event_add_io(
		w->agent->event, &w->source, w->fd, EPOLLIN, watch_io, w) < 0 ||
	    !watch_send_start(w))
		watch_fail(w, "cannot be started");
}

static void
watch_start(struct watch *w)
{
	w->launch.done = watch_launched;
	if (launch_start(&w->agent->launcher, &w->launch, STARTER_WORKER,
		BYTES_NONE) != 0)
		watch_fail(w, "cannot be started");
}

static void
watch_rested(struct timer *t)
{
	watch_start((void *)((char *)t - offsetof(struct watch, rest)));
}

void
watch_want(struct watch *w)
{
	if (w->is_wanted)
		return;
	w->is_wanted = true;
	watch_start(w);
}

void
watch_init(struct watch *w, struct agent *agent)
{
	*w = (struct watch){.agent = agent, .fd = -1, .pidfd = -1};
	buf_init(&w->in, WATCH_FRAME_MAX);
	w->rest.fire = watch_rested;
}

void
watch_clear(struct watch *w)
{
	if (w->agent == NULL)
		return;
	watch_drop(w);
	timer_stop(&w->agent->timers, &w->rest);
}
