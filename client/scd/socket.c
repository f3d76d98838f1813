/* socket.c: the processes beside the first connection. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/scd/scd.h"

#define SOCKET_FOLDER "cardseal-scd.XXXXXX"
#define SOCKET_FILE "/S.scdaemon"
#define SOCKET_NAME_MAX sizeof(((struct sockaddr_un *)0)->sun_path)
#define SOCKET_CLIENTS_MAX 32
/* An agent that is not there is looked for so often. */
#define WATCH_AGAIN_S 10

static pid_t acceptor, watcher;
static volatile sig_atomic_t must_end;
static sigset_t usual_mask; /* of the signals, before SIGTERM was held */

static void
on_end(int sig)
{
	(void)sig;
	must_end = 1;
}

/* In a child: what the parent's end means for it. */
static void
follow(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
}

static pid_t
fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		follow(parent);
	return pid;
}

/* --- more connections --- */

static bool
is_own(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       peer.uid == geteuid();
}

static void
serve_one(int listener, int fd, const char *name)
{
	pid_t pid = fork_child();

	if (pid == 0) {
		(void)sigaction(
		    SIGTERM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		(void)sigprocmask(SIG_SETMASK, &usual_mask, NULL);
		(void)close(listener);
		_exit(scd_serve(fd, fd, true, name));
	}
	(void)close(fd);
}

/* Until the parent ends, or this process is told to. */
static void
accept_all(int listener, const char *name)
{
	static const struct timespec second = {.tv_sec = 1};
	struct pollfd wait = {.fd = listener, .events = POLLIN};
	unsigned clients = 0;
	int fd;

	while (!must_end) {
		while (clients > 0 && waitpid(-1, NULL, WNOHANG) > 0)
			clients--;
		/* SIGTERM comes here and nowhere else, so that it is seen. */
		if (ppoll(&wait, 1, clients > 0 ? &second : NULL,
			&usual_mask) <= 0)
			continue;
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		if (clients < SOCKET_CLIENTS_MAX && is_own(fd)) {
			clients++;
			serve_one(listener, fd, name);
		} else {
			(void)close(fd);
		}
	}
}

static void
remove_socket(const char *name)
{
	char folder[SOCKET_NAME_MAX];
	size_t len = strlen(name) - (sizeof(SOCKET_FILE) - 1);

	(void)unlink(name);
	memcpy(folder, name, len);
	folder[len] = '\0';
	(void)rmdir(folder);
}

static int
open_socket(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, strlen(name) + 1);
	if (fd >= 0 &&
	    (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, 8) != 0)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* The path of the socket in a folder that is made for it; NULL: none. */
static char *
make_name(void)
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	char folder[SOCKET_NAME_MAX], *name = NULL;

	if (base == NULL || base[0] != '/')
		base = "/tmp";
	if ((size_t)snprintf(
		folder, sizeof(folder), "%s/" SOCKET_FOLDER, base) +
		sizeof(SOCKET_FILE) >
	    SOCKET_NAME_MAX)
		return NULL;
	if (mkdtemp(folder) != NULL &&
	    asprintf(&name, "%s" SOCKET_FILE, folder) < 0) {
		(void)rmdir(folder);
		name = NULL;
	}
	return name;
}

char *
scd_listen(void)
{
	char *name = make_name();
	sigset_t held;
	int fd = name != NULL ? open_socket(name) : -1;

	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &held, &usual_mask);
	acceptor = fd >= 0 ? fork_child() : -1;
	if (acceptor == 0) {
		(void)sigaction(
		    SIGTERM, &(struct sigaction){.sa_handler = on_end}, NULL);
		/* The first connection is not held open here. */
		(void)close(STDIN_FILENO);
		(void)close(STDOUT_FILENO);
		accept_all(fd, name);
		remove_socket(name);
		_exit(0);
	}
	(void)sigprocmask(SIG_SETMASK, &usual_mask, NULL);
	if (acceptor > 0) {
		(void)close(fd);
		return name;
	}
	if (name != NULL)
		remove_socket(name);
	free(name);
	return NULL;
}

static void
end_child(pid_t *pid)
{
	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGTERM);
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

void
scd_unlisten(char *name)
{
	end_child(&acceptor);
	end_child(&watcher);
	/* Where it was too young to do so itself. */
	if (name != NULL)
		remove_socket(name);
	free(name);
}

/* --- cards --- */

/* Until the agent is gone. */
static void
tell_events(struct link *link, pid_t parent, int signal)
{
	struct agt_msg event,
	    request = {
		.type = AGT_EVENTS,
		.kinds = 1U << AGT_EVENT_INSERTED | 1U << AGT_EVENT_REMOVED,
	    };
	struct err e = ERR_INIT;
	int r = link_listen(link, &request, &e);

	while (r == 0) {
		r = link_next(link, &request, &event, &e);
		if (r == 0)
			(void)kill(parent, signal);
	}
}

void
scd_watch(pid_t parent, int signal)
{
	struct link *link;

	if (watcher > 0)
		return;
	watcher = fork_child();
	if (watcher != 0)
		return;
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	for (;;) {
		if (link_new(NULL, SCD_PROGRAM, &link, NULL) == 0) {
			tell_events(link, parent, signal);
			link_free(link);
		}
		(void)sleep(WATCH_AGAIN_S);
	}
}
