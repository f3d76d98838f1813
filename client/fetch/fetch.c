#include "client/fetch/fetch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* For a process that does not keep its own time. */
#define FETCH_GRACE_MS 3000

extern char **environ;

struct fetch {
	pid_t pid; /* 0: not started */
	int fd;
	struct buf in;
};

struct fetch *
fetch_new(void)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->fd = -1;
	buf_init(&f->in, FETCH_FRAME_MAX + 4096);
	return f;
}

static void
fetch_stop(struct fetch *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
	if (f->pid > 0) {
		(void)kill(f->pid, SIGKILL);
		while (waitpid(f->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	f->pid = 0;
	buf_reset(&f->in);
}

void
fetch_free(struct fetch *f)
{
	if (f == NULL)
		return;
	fetch_stop(f);
	buf_clear(&f->in);
	free(f);
}

void
fetch_answer_clear(struct fetch_answer *a)
{
	free(a->url);
	free(a->content_type);
	*a = (struct fetch_answer){0};
}

/* --- the process --- */

#define FETCH_PATH_SIZE 1024

/* Where it is; false: too long. */
static bool
fetch_get_path(char path[static FETCH_PATH_SIZE])
{
	const char *folder = secure_getenv("CARDSEAL_LIBEXECDIR");
	int n = snprintf(path, FETCH_PATH_SIZE, "%s/cardseal-fetch",
	    folder != NULL && folder[0] == '/' ? folder : CS_PKGLIBEXECDIR);

	return n >= 0 && n < FETCH_PATH_SIZE;
}

static int
fetch_spawn(struct fetch *f, int fd, struct err *e)
{
	posix_spawn_file_actions_t actions;
	char path[FETCH_PATH_SIZE], *argv[] = {"cardseal-fetch", NULL};
	int r;

	if (!fetch_get_path(path))
		return err_set(e, -CS_ERR_WORKER,
		    "the path of cardseal-fetch is too long");
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(
		    &actions, fd, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(&f->pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r == 0)
		return 0;
	f->pid = 0;
	return err_set(
	    e, -CS_ERR_WORKER, "%s cannot be started: %s", path, strerror(r));
}

static int
fetch_start(struct fetch *f, struct err *e)
{
	int pair[2], r;

	if (f->pid != 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set_errno(e, errno, "a socket for cardseal-fetch");
	r = fetch_spawn(f, pair[1], e);
	(void)close(pair[1]);
	f->fd = pair[0];
	if (r != 0)
		fetch_stop(f);
	return r;
}

/* --- frames --- */

static int64_t
fetch_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
fetch_wait(const struct fetch *f, short events, int64_t until, struct err *e)
{
	struct pollfd p = {.fd = f->fd, .events = events};
	int64_t left = until - fetch_now_ms();
	int r = left > 0 ? poll(&p, 1, (int)left) : 0;

	if (r > 0 || (r < 0 && errno == EINTR))
		return 0;
	return err_set(
	    e, -CS_ERR_TIMEOUT, "cardseal-fetch did not answer in time");
}

static int
fetch_gone(struct err *e)
{
	char path[FETCH_PATH_SIZE];

	(void)fetch_get_path(path);
	return err_set(
	    e, -CS_ERR_WORKER, "%s ended before it had answered", path);
}

static int
fetch_send(
    const struct fetch *f, struct bytes frame, int64_t until, struct err *e)
{
	ssize_t n;
	int r;

	while (frame.len != 0) {
		n = send(
		    f->fd, frame.p, frame.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			frame = bytes_of(frame.p + n, frame.len - (size_t)n);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return fetch_gone(e);
		r = fetch_wait(f, POLLOUT, until, e);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Waits until one whole frame stands at the front of f->in. */
static int
fetch_receive(struct fetch *f, int64_t until, size_t *len, struct err *e)
{
	uint8_t *room;
	ssize_t n;
	int r;

	for (;;) {
		r = fetch_frame_len(buf_get(&f->in), len);
		if (r != 0)
			return err_set(e, -CS_ERR_WORKER,
			    "cardseal-fetch's answer is not understood");
		if (*len != 0 && f->in.len >= *len)
			return 0;
		room = buf_reserve(&f->in, FETCH_PIECE_MAX);
		if (room == NULL)
			return err_set(e, f->in.err, NULL);
		n = recv(f->fd, room, FETCH_PIECE_MAX, MSG_DONTWAIT);
		if (n > 0) {
			buf_grow_len(&f->in, (size_t)n);
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return fetch_gone(e);
		r = fetch_wait(f, POLLIN, until, e);
		if (r != 0)
			return r;
	}
}

/* --- one request --- */

struct fetch_run {
	const struct fetch_request *request;
	struct fetch_answer *answer;
	int (*take)(void *ctx, struct bytes piece, struct err *e);
	void *ctx;
	uint64_t taken;
	int64_t until;
};

static int
fetch_take_piece(struct fetch_run *run, struct bytes piece, struct err *e)
{
	if (piece.len > run->request->octets_max - run->taken)
		return err_set(
		    e, -CS_ERR_WORKER, "cardseal-fetch gave more than asked");
	run->taken += piece.len;
	return run->take(run->ctx, piece, e);
}

static int
fetch_take_done(
    struct fetch_run *run, const struct fetch_done *done, struct err *e)
{
	struct fetch_answer *a = run->answer;

	a->status = done->status;
	a->url = bytes_dup_str(done->url);
	a->content_type = bytes_dup_str(done->content_type);
	if (a->url == NULL || a->content_type == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (done->code == 0)
		return 0;
	if (!err_is_known(done->code))
		return err_set(e, -CS_ERR_WORKER, NULL);
	if (done->text.len == 0)
		return err_set(e, done->code, NULL);
	return err_set(e, done->code, "%.*s", (int)done->text.len,
	    (const char *)done->text.p);
}

/* Until done. *keep: the process can take another request. */
static int
fetch_answers(struct fetch *f, struct fetch_run *run, bool *keep, struct err *e)
{
	struct fetch_msg msg;
	bool is_done = false;
	size_t len;
	int r = 0;

	while (r == 0 && !is_done) {
		r = fetch_receive(f, run->until, &len, e);
		if (r != 0)
			return r;
		if (fetch_decode(bytes_of(f->in.data, len), &msg) != 0 ||
		    msg.type == FETCH_REQUEST)
			return err_set(e, -CS_ERR_WORKER,
			    "cardseal-fetch's answer is not understood");
		is_done = msg.type == FETCH_DONE;
		r = is_done ? fetch_take_done(run, &msg.done, e)
			    : fetch_take_piece(run, msg.piece, e);
		buf_consume(&f->in, len);
	}
	*keep = is_done;
	return r;
}

int
fetch_run(struct fetch *f, const struct fetch_request *request,
    struct fetch_answer *answer,
    int (*take)(void *ctx, struct bytes piece, struct err *e), void *ctx,
    struct err *e)
{
	struct fetch_run run = {
	    .request = request,
	    .answer = answer,
	    .take = take,
	    .ctx = ctx,
	    .until = fetch_now_ms() + request->timeout_ms + FETCH_GRACE_MS,
	};
	struct buf frame = {.max = FETCH_FRAME_MAX};
	bool keep = false;
	int r;

	*answer = (struct fetch_answer){0};
	r = fetch_put_request(&frame, request);
	if (r != 0)
		err_set(e, r,
		    r == -CS_ERR_ARGUMENT
			? "the URL, or what goes with it, is over a limit"
			: NULL);
	if (r == 0)
		r = fetch_start(f, e);
	if (r == 0)
		r = fetch_send(f, buf_get(&frame), run.until, e);
	if (r == 0)
		r = fetch_answers(f, &run, &keep, e);
	buf_clear(&frame);
	if (!keep)
		fetch_stop(f);
	return r;
}

static int
fetch_into_buf(void *ctx, struct bytes piece, struct err *e)
{
	struct buf *b = ctx;

	return buf_add_bytes(b, piece) != 0 ? err_set(e, b->err, NULL) : 0;
}

int
fetch_to_buf(struct fetch *f, const struct fetch_request *request,
    struct fetch_answer *answer, struct buf *b, struct err *e)
{
	return fetch_run(f, request, answer, fetch_into_buf, b, e);
}
