/* face.c: local sockets, and the processes behind them. */
#include "config.h"

#include "client/link/face.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const int end_signals[] = {SIGTERM, SIGINT, SIGHUP};
#define END_SIGNALS_LEN (sizeof(end_signals) / sizeof(end_signals[0]))

static volatile sig_atomic_t must_end;

static void
on_end(int sig)
{
	(void)sig;
	must_end = 1;
}

static void
handle_end(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	size_t i;

	/* Who was started with it ignored would never see a client end. */
	(void)sigaction(
	    SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	for (i = 0; i < END_SIGNALS_LEN; i++)
		(void)sigaction(end_signals[i], &action, NULL);
}

pid_t
face_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(0);
	}
	return pid;
}

int
face_listen(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, errnum;
	mode_t mask;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 8) != 0) {
		errnum = errno;
		(void)close(fd);
		fd = -1;
		errno = errnum;
	}
	(void)umask(mask);
	return fd;
}

void
face_hold(struct face *face)
{
	sigset_t held;
	size_t i;

	(void)sigemptyset(&held);
	for (i = 0; i < END_SIGNALS_LEN; i++)
		(void)sigaddset(&held, end_signals[i]);
	(void)sigprocmask(SIG_BLOCK, &held, &face->usual_mask);
}

void
face_release(const struct face *face)
{
	(void)sigprocmask(SIG_SETMASK, &face->usual_mask, NULL);
}

static bool
is_own(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.uid == geteuid();
}

static bool
serve_one(const struct face *face, int fd)
{
	pid_t pid = face_fork();

	if (pid == 0) {
		handle_end(SIG_DFL);
		face_release(face);
		(void)close(face->listener);
		_exit(face->serve(face->ctx, fd));
	}
	return pid > 0;
}

void
face_accept(struct face *face)
{
	static const struct timespec second = {.tv_sec = 1};
	struct pollfd wait = {.fd = face->listener, .events = POLLIN};
	unsigned clients = 0;
	int fd;

	handle_end(on_end);
	while (!must_end) {
		while (clients > 0 && waitpid(-1, NULL, WNOHANG) > 0)
			clients--;
		/* The signals come here and nowhere else, so that they are
		 * seen. */
		if (ppoll(&wait, 1, clients > 0 ? &second : NULL,
			&face->usual_mask) <= 0)
			continue;
		fd = accept4(face->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (clients < FACE_CLIENTS_MAX && is_own(fd) &&
		    serve_one(face, fd))
			clients++;
		(void)close(fd);
	}
}
