#include "config.h"

#include "agent/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/audit.h"
#include "agent/confine.h"
#include "agent/log.h"

#define STARTER_CHILDREN_MAX 1024
#define STARTER_END_MS 1000 /* for dialogues to end by themselves */
#define WORKER_FD 3

struct starter {
	int fd; /* to the agent */
	int signals;
	const struct settings *settings;
	char worker_path[PATH_MAX];
	pid_t children[STARTER_CHILDREN_MAX]; /* 0: free */
};

static void
starter_default_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	(void)sigaction(SIGPIPE, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Ends with the starter, even if that is killed. */
static void
starter_child_hygiene(pid_t parent, int death_signal)
{
	starter_default_signals();
	(void)prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
}

static _Noreturn void
starter_exec_worker(struct starter *s, pid_t parent, int fd, bool is_list)
{
	char *argv[] = {
	    s->worker_path, is_list ? "--list-modules" : NULL, NULL};
	int null;

	starter_child_hygiene(parent, SIGKILL);
	confine_restore_limits();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(is_list ? fd : STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	if (!is_list && fd == WORKER_FD)
		(void)fcntl(fd, F_SETFD, 0);
	else if (!is_list && dup2(fd, WORKER_FD) < 0)
		_exit(126);
	(void)close_range(is_list ? WORKER_FD : WORKER_FD + 1, ~0U, 0);
	execv(s->worker_path, argv);
	agt_log("%s cannot be executed (errno %d)", s->worker_path, errno);
	_exit(127);
}

static _Noreturn void
starter_exec_dialog(
    struct starter *s, pid_t parent, int fd, struct bytes request)
{
	starter_child_hygiene(parent, SIGTERM);
	/* libassuan must not take one of its pipes for standard output. */
	confine_restore_limits();
	dialog_main(fd, s->settings->pinentry, request);
}

static _Noreturn void
starter_fork_audit(struct starter *s, int fd)
{
	struct audit_settings settings = {
	    .folder = s->settings->state_folder,
	    .size_max = (uint64_t)s->settings->audit_size_kib * 1024,
	    .keep = s->settings->audit_keep,
	    .to_journal = s->settings->audit_journal,
	};

	starter_default_signals();
	(void)close(s->fd);
	(void)close(s->signals);
	audit_main(fd, &settings);
}

static void
starter_send(struct starter *s, const struct starter_msg *m, const int *fds,
    size_t count)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)(uintptr_t)m, sizeof(*m)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count != 0) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
	}
	while (sendmsg(s->fd, &msg, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static pid_t *
starter_find(struct starter *s, pid_t pid)
{
	size_t i;

	for (i = 0; i < STARTER_CHILDREN_MAX; i++)
		if (s->children[i] == pid)
			return &s->children[i];
	return NULL;
}

/* Gives 0 or an errno; the descriptors are the caller's to close. */
static int
starter_start(struct starter *s, uint32_t op, struct bytes payload, int fds[2],
    pid_t *pid)
{
	int type = op == STARTER_DIALOG || op == STARTER_AUDIT ? SOCK_SEQPACKET
							       : SOCK_STREAM;
	pid_t *slot = starter_find(s, 0), parent = getpid();
	int pair[2];

	fds[0] = fds[1] = -1;
	if (slot == NULL)
		return EAGAIN;
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0)
		return errno;
	fds[0] = pair[0];
	*pid = fork();
	if (*pid == 0) {
		if (op == STARTER_DIALOG)
			starter_exec_dialog(s, parent, pair[1], payload);
		(void)close(pair[0]);
		if (op == STARTER_AUDIT)
			starter_fork_audit(s, pair[1]);
		starter_exec_worker(s, parent, pair[1], op == STARTER_LIST);
	}
	(void)close(pair[1]);
	if (*pid < 0)
		return errno;
	*slot = *pid;
	fds[1] = pidfd_open(*pid, 0);
	if (fds[1] < 0) {
		(void)kill(*pid, SIGKILL);
		return errno;
	}
	return 0;
}

static void
starter_request(struct starter *s, const uint8_t *packet, size_t len)
{
	struct starter_msg m;
	struct bytes payload;
	int fds[2];
	pid_t pid = -1;

	memcpy(&m, packet, sizeof(m));
	payload = bytes_of(packet + sizeof(m), len - sizeof(m));
	if (m.op > STARTER_AUDIT)
		return;
	m.status = starter_start(s, m.op, payload, fds, &pid);
	m.op = m.status == 0 ? STARTER_STARTED : STARTER_FAILED;
	m.pid = pid;
	starter_send(s, &m, fds, m.status == 0 ? 2 : 0);
	if (fds[0] >= 0)
		(void)close(fds[0]);
	if (fds[1] >= 0)
		(void)close(fds[1]);
}

static void
starter_reap(struct starter *s)
{
	struct starter_msg m = {.op = STARTER_ENDED};
	pid_t pid, *slot;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		slot = starter_find(s, pid);
		if (slot != NULL)
			*slot = 0;
		m.pid = pid;
		m.status = status;
		starter_send(s, &m, NULL, 0);
	}
}

static void
starter_kill_all(struct starter *s, int sig)
{
	size_t i;

	for (i = 0; i < STARTER_CHILDREN_MAX; i++)
		if (s->children[i] > 0)
			(void)kill(s->children[i], sig);
}

/* Every child has ended when this returns. */
static void
starter_end(struct starter *s)
{
	struct timespec nap = {.tv_nsec = 5000000};
	pid_t pid;
	int i;

	starter_kill_all(s, SIGTERM);
	for (i = 0; i < STARTER_END_MS / 5; i++) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			if (starter_find(s, pid) != NULL)
				*starter_find(s, pid) = 0;
		if (pid < 0)
			return;
		(void)nanosleep(&nap, NULL);
	}
	starter_kill_all(s, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* False: the agent is gone, or wants no more. */
static bool
starter_turn(struct starter *s)
{
	static uint8_t packet[STARTER_PACKET_MAX];
	struct pollfd fds[2] = {{s->fd, POLLIN, 0}, {s->signals, POLLIN, 0}};
	struct signalfd_siginfo info;
	ssize_t n;

	if (poll(fds, 2, -1) < 0)
		return errno == EINTR;
	if (fds[1].revents != 0) {
		if (read(s->signals, &info, sizeof(info)) == sizeof(info) &&
		    info.ssi_signo != SIGCHLD)
			return false;
		starter_reap(s);
	}
	if (fds[0].revents == 0)
		return true;
	n = recv(s->fd, packet, sizeof(packet), 0);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if ((size_t)n < sizeof(struct starter_msg))
		return false;
	starter_request(s, packet, (size_t)n);
	mem_wipe(packet, (size_t)n);
	return true;
}

static _Noreturn void
starter_main(int fd, pid_t agent, const struct settings *settings)
{
	static struct starter s;
	const char *folder = getenv("CARDSEAL_LIBEXECDIR");
	sigset_t set;

	/* No terminal: a pinentry opens the one its client names, and Ctrl-C
	 * is for the agent, which then ends us. */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	s.fd = fd;
	s.settings = settings;
	snprintf(s.worker_path, sizeof(s.worker_path), "%s/cardseal-token",
	    folder != NULL && folder[0] == '/' ? folder : CS_PKGLIBEXECDIR);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	s.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (s.signals < 0 || getppid() != agent)
		_exit(1);
	while (starter_turn(&s))
		;
	(void)close(fd);
	starter_end(&s);
	_exit(0);
}

int
starter_fork(const struct settings *settings, const int unwanted[2], int *fd,
    int *pid, struct err *e)
{
	pid_t agent = getpid();
	int pair[2];

	*fd = *pid = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set_errno(e, errno, "no socket for the starter");
	*pid = fork();
	if (*pid == 0) {
		(void)close(pair[0]);
		if (unwanted[0] >= 0)
			(void)close(unwanted[0]);
		if (unwanted[1] >= 0)
			(void)close(unwanted[1]);
		starter_main(pair[1], agent, settings);
	}
	(void)close(pair[1]);
	if (*pid < 0) {
		(void)close(pair[0]);
		return err_set_errno(e, errno, "the starter cannot be forked");
	}
	if (fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) {
		(void)close(pair[0]);
		return err_set_errno(e, errno, "the starter's socket");
	}
	*fd = pair[0];
	return 0;
}
