#include "config.h"

#include "agent/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/log.h"

static struct launch *
launcher_find(struct launcher *l, uint32_t id)
{
	struct launch *launch;

	TAILQ_FOREACH (launch, &l->pending, link)
		if (launch->id == id)
			return launch;
	return NULL;
}

static void
launcher_answer(
    struct launcher *l, const struct starter_msg *m, const int fds[2])
{
	struct launch *launch = launcher_find(l, m->id);
	struct launched launched = {0, m->pid, fds[0], fds[1]};

	if (m->op == STARTER_FAILED || fds[0] < 0 || fds[1] < 0) {
		launched = (struct launched){EIO, -1, -1, -1};
		if (m->op == STARTER_FAILED && m->status != 0)
			launched.error = m->status;
	}
	if (launch == NULL || launched.error != 0) {
		/* Nobody waits any more. A dialogue would not see the end of
		 * its socket before pinentry's. */
		if (fds[1] >= 0)
			(void)pidfd_send_signal(fds[1], SIGKILL, NULL, 0);
		if (fds[0] >= 0)
			(void)close(fds[0]);
		if (fds[1] >= 0)
			(void)close(fds[1]);
	}
	if (launch == NULL)
		return;
	TAILQ_REMOVE(&l->pending, launch, link);
	launch->is_pending = false;
	if (launched.error == 0)
		(void)fcntl(launched.fd, F_SETFL, O_NONBLOCK);
	launch->done(launch, &launched);
}

static void
launcher_get_fds(struct msghdr *msg, int fds[2])
{
	struct cmsghdr *head;
	size_t count;

	fds[0] = fds[1] = -1;
	for (head = CMSG_FIRSTHDR(msg); head != NULL;
	     head = CMSG_NXTHDR(msg, head)) {
		if (head->cmsg_level != SOL_SOCKET ||
		    head->cmsg_type != SCM_RIGHTS)
			continue;
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (count >= 1 && count <= 2)
			memcpy(fds, CMSG_DATA(head), count * sizeof(int));
	}
}

/* False: nothing more there. */
static bool
launcher_read(struct launcher *l)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct starter_msg m;
	struct iovec iov = {&m, sizeof(m)};
	struct msghdr msg = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space),
	};
	int fds[2];
	ssize_t n = recvmsg(l->fd, &msg, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EINTR;
	if (n == 0) {
		l->source = sd_event_source_disable_unref(l->source);
		l->lost(l);
		return false;
	}
	launcher_get_fds(&msg, fds);
	if (n != sizeof(m))
		return true;
	if (m.op == STARTER_ENDED)
		l->ended(l, m.pid, m.status);
	else
		launcher_answer(l, &m, fds);
	return true;
}

static int
launcher_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct launcher *l = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	while (l->source != NULL && launcher_read(l))
		;
	return 0;
}

int
launcher_init(struct launcher *l, sd_event *event, int fd, int pid)
{
	l->fd = fd;
	l->pid = pid;
	TAILQ_INIT(&l->pending);
	if (sd_event_add_io(event, &l->source, fd, EPOLLIN, launcher_io, l) < 0)
		return -CS_ERR_INTERNAL;
	return 0;
}

void
launcher_clear(struct launcher *l)
{
	l->source = sd_event_source_disable_unref(l->source);
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	while (l->pid > 0 && waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	l->pid = -1;
}

int
launch_start(struct launcher *l, struct launch *launch, uint32_t op,
    struct bytes payload)
{
	struct starter_msg m = {.op = op, .id = ++l->last_id};
	struct iovec iov[2] = {
	    {&m, sizeof(m)}, {(void *)(uintptr_t)payload.p, payload.len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

	if (sendmsg(l->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		agt_log("the starter takes no requests (errno %d)", errno);
		return -CS_ERR_WORKER;
	}
	launch->id = m.id;
	launch->is_pending = true;
	TAILQ_INSERT_TAIL(&l->pending, launch, link);
	return 0;
}

void
launch_forget(struct launcher *l, struct launch *launch)
{
	if (!launch->is_pending)
		return;
	TAILQ_REMOVE(&l->pending, launch, link);
	launch->is_pending = false;
}

bool
launch_is_stopped(int pid)
{
	char path[64], stat[512];
	const char *after;
	ssize_t n;
	int fd;

	if (pid == 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, stat, sizeof(stat) - 1);
	(void)close(fd);
	stat[n > 0 ? n : 0] = '\0';
	/* proc(5): pid (comm) state ... */
	after = strrchr(stat, ')');
	return after != NULL && after[1] == ' ' && after[2] == 'T';
}
