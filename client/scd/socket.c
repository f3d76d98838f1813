/* socket.c: the processes beside the first connection. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/link/face.h"
#include "client/scd/scd.h"

#define SOCKET_FOLDER "cardseal-scd.XXXXXX"
#define SOCKET_FILE "/S.scdaemon"
#define SOCKET_NAME_MAX sizeof(((struct sockaddr_un *)0)->sun_path)
/* An agent that is not there is looked for so often. */
#define WATCH_AGAIN_S 10

static pid_t acceptor, watcher;

/* --- more connections --- */

static int
serve(void *ctx, int fd)
{
	return scd_serve(fd, fd, true, ctx);
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
	struct face face = {.serve = serve, .ctx = name};

	face.listener = name != NULL ? face_listen(name) : -1;
	face_hold(&face);
	acceptor = face.listener >= 0 ? face_fork() : -1;
	if (acceptor == 0) {
		/* The first connection is not held open here. */
		(void)close(STDIN_FILENO);
		(void)close(STDOUT_FILENO);
		face_accept(&face);
		remove_socket(name);
		_exit(0);
	}
	face_release(&face);
	if (face.listener >= 0)
		(void)close(face.listener);
	if (acceptor > 0)
		return name;
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
	watcher = face_fork();
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
