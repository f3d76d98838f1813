#include "config.h"

#include "agent/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/log.h"

static void worker_start_sent(
    struct job *job, const struct tok_msg *answer, const struct err *e);

static struct agent *
worker_agent(struct worker *w)
{
	return w->module->agent;
}

/* --- the process --- */

static void
worker_drop_process(struct worker *w)
{
	struct timers *timers = &worker_agent(w)->timers;

	launch_forget(&worker_agent(w)->launcher, &w->launch);
	timer_stop(timers, &w->deadline);
	w->source = sd_event_source_disable_unref(w->source);
	if (w->pidfd >= 0) {
		(void)pidfd_send_signal(w->pidfd, SIGKILL, NULL, 0);
		(void)close(w->pidfd);
	}
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = w->pidfd = -1;
	timer_stop(timers, &w->retirement);
	if (w->pid != 0)
		w->last_pid = w->pid;
	w->pid = 0;
	w->state = WORKER_NONE;
	w->is_busy = w->has_pin = w->is_retiring = false;
	buf_clear(&w->in);
	buf_clear(&w->out);
}

void
worker_kill(struct worker *w, bool is_late, const char *reason)
{
	struct job *job = w->current;
	struct err e = ERR_INIT;

	if (w->state == WORKER_NONE)
		return;
	worker_drop_process(w);
	inventory_forget_worker(w->module, w->index);
	w->current = NULL;
	err_set(&e, is_late ? -CS_ERR_TIMEOUT : -CS_ERR_WORKER,
	    "the token process of module %s %s", w->module->name, reason);
	if (job != NULL) {
		job->worker = NULL;
		job->is_in_flight = false;
		if (job != &w->start)
			job->done(job, NULL, &e);
	}
	module_worker_ended(w, &e);
}

void
worker_retire_now(struct worker *w)
{
	w->is_retiring = w->state == WORKER_READY;
	if (w->state != WORKER_READY || w->is_busy)
		return;
	worker_drop_process(w);
	inventory_forget_worker(w->module, w->index);
	module_worker_retired(w);
}

void
worker_retire(struct worker *w)
{
	w->is_retiring = w->state == WORKER_READY;
	if (w->is_retiring)
		timer_set_in_ms(&worker_agent(w)->timers, &w->retirement, 0);
}

static void
worker_retires(struct timer *t)
{
	worker_retire_now(
	    (void *)((char *)t - offsetof(struct worker, retirement)));
}

/* The process has not got the whole request: the next one may do it. */
static void
worker_take_back(struct worker *w)
{
	struct job *job = w->current;

	if (job == NULL || !job->is_movable)
		return;
	w->current = NULL;
	job->is_in_flight = job->was_sent = false;
	TAILQ_INSERT_HEAD(&w->queue, job, link);
	w->load++;
}

/* Is a part of the request still in the socket, unread (unix(7))? */
static bool
worker_has_unread(const struct worker *w)
{
	int n = 0;

	return w->fd >= 0 &&
	       (w->out.len != 0 || (ioctl(w->fd, SIOCOUTQ, &n) == 0 && n > 0));
}

static void
worker_kill_stopped(struct worker *w)
{
	if (worker_has_unread(w))
		worker_take_back(w);
	worker_kill(w, false, "was stopped by a signal and was ended");
}

static void
worker_set_timer(struct worker *w)
{
	struct timers *timers = &worker_agent(w)->timers;
	uint64_t at = timers_now(timers) + WORKER_LOOK_MS * 1000;

	timer_set(timers, &w->deadline, at < w->late_us ? at : w->late_us);
}

static void
worker_is_slow(struct timer *t)
{
	struct worker *w =
	    (void *)((char *)t - offsetof(struct worker, deadline));

	if (timers_now(&worker_agent(w)->timers) >= w->late_us)
		worker_kill(w, true,
		    w->state == WORKER_LAUNCHING
			? "was not started in time"
			: "did not answer in time and was ended");
	else if (launch_is_stopped(w->pid))
		worker_kill_stopped(w);
	else
		worker_set_timer(w);
}

/* --- out --- */

/* What the socket takes now. False: the connection is broken. */
static bool
worker_flush(struct worker *w)
{
	ssize_t n;

	while (w->out.len != 0) {
		n = send(w->fd, w->out.data, w->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		buf_consume(&w->out, (size_t)n);
	}
	(void)sd_event_source_set_io_events(w->source, EPOLLIN);
	return true;
}

/* The frame in tx; PINs are in no other memory. */
static bool
worker_write(struct worker *w, struct buf *tx, bool has_pin)
{
	ssize_t n = send(w->fd, tx->data, tx->len, MSG_NOSIGNAL);
	bool is_whole = n >= 0 && (size_t)n == tx->len;

	/* A worker without a request has an empty socket, so that a PIN always
	 * fits. */
	if (!is_whole && !has_pin && (n >= 0 || errno == EAGAIN)) {
		n = n < 0 ? 0 : n;
		if (buf_add(&w->out, tx->data + n, tx->len - (size_t)n) == 0 &&
		    sd_event_source_set_io_events(
			w->source, EPOLLIN | EPOLLOUT) >= 0)
			is_whole = true;
	}
	buf_reset(tx);
	return is_whole;
}

static void
worker_set_deadline(struct worker *w, const struct job *job)
{
	struct timers *timers = &worker_agent(w)->timers;
	uint64_t now = timers_now(timers);
	uint64_t at = now + job->call_ms * 1000;
	uint64_t until = now + WORKER_CALL_MS_MIN * 1000;

	if (job->until_us > until)
		until = job->until_us;
	w->late_us = job->until_us != 0 && until < at ? until : at;
	worker_set_timer(w);
}

/* The job is in no queue. False: the process had to be killed. */
static bool
worker_send(struct worker *w, struct job *job)
{
	struct buf *tx = agent_tx(worker_agent(w));
	struct tok_msg m = {.id = w->last_id + 1};
	struct err e = ERR_INIT;
	int r;

	job->was_sent = false;
	m.info.tries_left = ERR_TRIES_UNKNOWN;
	if (!job->build(job, w, &m))
		return true;
	r = tok_msg_encode(&m, tx);
	if (r != 0) {
		buf_reset(tx);
		err_set(&e, r, "the request to the token process");
		job->done(job, NULL, &e);
		return true;
	}
	w->last_id++;
	w->sent_type = m.type;
	w->is_busy = true;
	w->current = job;
	w->has_pin = w->has_pin || m.has_pin || m.has_new_pin;
	job->worker = w;
	job->is_in_flight = true;
	worker_set_deadline(w, job);
	job->was_sent = worker_write(w, tx, m.has_pin || m.has_new_pin);
	if (job->was_sent)
		return true;
	/* It was gone already. */
	worker_take_back(w);
	worker_kill(w, false, "took no request and was ended");
	return false;
}

void
worker_run(struct worker *w)
{
	struct job *job;

	if (w->is_running)
		return;
	if (w->is_retiring)
		worker_retire_now(w);
	w->is_running = true;
	while (w->state == WORKER_READY && !w->is_busy &&
	       (job = TAILQ_FIRST(&w->queue)) != NULL) {
		TAILQ_REMOVE(&w->queue, job, link);
		w->load--;
		job->worker = NULL;
		if (!worker_send(w, job))
			break;
	}
	w->is_running = false;
}

/* --- in --- */

static void
worker_finish(
    struct worker *w, const struct tok_msg *answer, const struct err *e)
{
	struct job *job = w->current;

	timer_stop(&worker_agent(w)->timers, &w->deadline);
	w->is_busy = false;
	w->current = NULL;
	if (job != &w->start)
		w->has_served = true;
	if (job == NULL)
		return;
	job->worker = NULL;
	job->is_in_flight = false;
	job->done(job, answer, e);
}

static void
worker_answer(struct worker *w, const struct tok_msg *m)
{
	struct err e = ERR_INIT;

	if (m->type == TOK_ERROR) {
		err_set(&e, m->code, "%.*s", (int)m->text.len,
		    m->text.len != 0 ? (const char *)m->text.p : "");
		e.ckr = m->ckr;
		if (m->has_info) {
			e.tries_left = m->info.tries_left;
			inventory_take_info(w->module, w->index, &m->info);
		}
		worker_finish(w, NULL, &e);
		return;
	}
	if (m->type == TOK_INFO_OK || m->type == TOK_LOGIN_OK ||
	    m->type == TOK_LOGOUT_OK || m->type == TOK_SET_PIN_OK)
		inventory_take_info(w->module, w->index, &m->info);
	worker_finish(w, m, NULL);
}

/* False: the worker was killed. */
static bool
worker_frame(struct worker *w, struct bytes frame)
{
	struct tok_msg m;
	int pid = w->pid;

	if (tok_msg_decode(frame, &m, NULL) != 0) {
		worker_kill(w, false, "sent a broken answer and was ended");
		return false;
	}
	if (m.type == TOK_EVENT && m.id == 0) {
		module_changed(w->module);
		return w->fd >= 0 && w->pid == pid;
	}
	if (!w->is_busy || m.id != w->last_id ||
	    (m.type != TOK_ERROR && m.type != w->sent_type + 1)) {
		worker_kill(w, false,
		    "answered what was not asked and was "
		    "ended");
		return false;
	}
	worker_answer(w, &m);
	return w->fd >= 0 && w->pid == pid;
}

/* Takes whole frames off in. False: the worker was killed. */
static bool
worker_frames(struct worker *w, struct bytes *in)
{
	size_t len;

	while (in->len != 0) {
		if (tok_frame_len(*in, &len) != 0) {
			worker_kill(w, false, "sent no frame and was ended");
			return false;
		}
		if (len == 0 || len > in->len)
			return true;
		if (!worker_frame(w, bytes_of(in->p, len)))
			return false;
		in->p += len;
		in->len -= len;
	}
	return true;
}

static void
worker_take(struct worker *w, const uint8_t *p, size_t n)
{
	struct bytes rest = bytes_of(p, n);
	struct buf in = w->in;

	/* Moved out of w, whose buffer is cleared if it is killed meanwhile. */
	buf_init(&w->in, TOK_FRAME_MAX + AGENT_IO_LEN);
	if (in.len != 0) {
		if (buf_add(&in, p, n) != 0) {
			buf_clear(&in);
			worker_kill(w, false, "sent too much and was ended");
			return;
		}
		rest = buf_get(&in);
	}
	if (worker_frames(w, &rest) && rest.len != 0 &&
	    buf_add_bytes(&w->in, rest) != 0)
		worker_kill(w, false, "sent too much and was ended");
	buf_clear(&in);
}

static void
worker_readable(struct worker *w)
{
	uint8_t *rx = worker_agent(w)->rx;
	ssize_t n = recv(w->fd, rx, AGENT_IO_LEN, 0);
	bool is_secret = w->sent_type == TOK_OPEN || w->sent_type == TOK_RAW;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		worker_kill(w, false, "ended");
		return;
	}
	worker_take(w, rx, (size_t)n);
	if (is_secret)
		mem_wipe(rx, (size_t)n);
}

static int
worker_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct worker *w = userdata;

	(void)source;
	(void)fd;
	if ((revents & EPOLLOUT) && !worker_flush(w))
		worker_kill(w, false, "ended");
	else if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		worker_readable(w);
	worker_run(w);
	return 0;
}

/* --- start --- */

static bool
worker_build_start(struct job *job, struct worker *w, struct tok_msg *m)
{
	(void)job;
	m->type = TOK_START;
	m->module = bytes_of_str(w->module->path);
	m->secret = secret_get_bytes(worker_agent(w)->secret);
	return true;
}

static bool
worker_build_probe(struct job *job, struct worker *w, struct tok_msg *m)
{
	(void)job;
	(void)w;
	m->type = TOK_PROBE;
	return true;
}

static void
worker_start_sent(
    struct job *job, const struct tok_msg *answer, const struct err *e)
{
	struct worker *w =
	    (void *)((char *)job - offsetof(struct worker, start));

	if (e != NULL) {
		module_start_failed(w->module, e);
		worker_kill(w, false, "was ended");
		return;
	}
	if (answer->type == TOK_START_OK) {
		job->build = worker_build_probe;
		(void)worker_send(w, job);
		return;
	}
	if (inventory_take_probe(w->module, w->index, answer) != 0) {
		worker_kill(w, false, "sent a broken list and was ended");
		return;
	}
	w->state = WORKER_READY;
	w->ready_us = timers_now(&worker_agent(w)->timers);
	module_worker_ready(w);
	worker_run(w);
}

static void
worker_launched(struct launch *launch, const struct launched *launched)
{
	struct worker *w =
	    (void *)((char *)launch - offsetof(struct worker, launch));
	struct agent *a = worker_agent(w);

	if (launched->error != 0) {
		agt_log("cardseal-token cannot be started (errno %d)",
		    launched->error);
		worker_kill(w, false, "could not be started");
		return;
	}
	w->fd = launched->fd;
	w->pidfd = launched->pidfd;
	w->pid = launched->pid;
	w->state = WORKER_STARTING;
	if (sd_event_add_io(
		a->event, &w->source, w->fd, EPOLLIN, worker_io, w) < 0) {
		worker_kill(w, false, "could not be watched");
		return;
	}
	w->start = (struct job){
	    .call_ms = WORKER_START_MS,
	    .build = worker_build_start,
	    .done = worker_start_sent,
	};
	(void)worker_send(w, &w->start);
}

int
worker_launch(struct worker *w)
{
	struct agent *a = worker_agent(w);
	int r;

	w->launch.done = worker_launched;
	r = launch_start(&a->launcher, &w->launch, STARTER_WORKER, BYTES_NONE);
	if (r != 0)
		return r;
	w->state = WORKER_LAUNCHING;
	w->late_us = timers_now(&a->timers) + (uint64_t)WORKER_LAUNCH_MS * 1000;
	worker_set_timer(w);
	return 0;
}

void
worker_init(struct worker *w, struct module *module, unsigned index)
{
	*w = (struct worker){
	    .module = module, .index = index, .fd = -1, .pidfd = -1};
	TAILQ_INIT(&w->queue);
	w->deadline.fire = worker_is_slow;
	w->retirement.fire = worker_retires;
	buf_init(&w->in, TOK_FRAME_MAX + AGENT_IO_LEN);
}

static void
worker_drop(struct job *job)
{
	worker_forget(job);
	if (job->drop != NULL)
		job->drop(job);
}

void
worker_clear(struct worker *w)
{
	if (w->current != NULL)
		worker_drop(w->current);
	while (!TAILQ_EMPTY(&w->queue))
		worker_drop(TAILQ_FIRST(&w->queue));
	worker_drop_process(w);
}
