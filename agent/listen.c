#include "config.h"

#include "agent/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "agent/agent.h"
#include "agent/log.h"

#define LISTEN_BACKLOG 512
#define LISTEN_ACCEPTS 64 /* in one turn of the loop */
#define LISTEN_PAUSE_MS 100

static int
listen_take_one(struct listener *l, int fd, struct err *e)
{
	struct sockaddr_un addr = {0};
	socklen_t len = sizeof(addr);

	if (l->fd >= 0 || sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) <= 0)
		return err_set(e, -CS_ERR_CONFIG,
		    "socket activation: one listening Unix stream socket is "
		    "wanted, and perhaps one named \"restricted\"");
	l->fd = fd;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0)
		snprintf(l->path, sizeof(l->path), "%.*s",
		    (int)sizeof(addr.sun_path) - 1, addr.sun_path);
	return 0;
}

int
listen_take(struct listener *l, struct listener *restricted, struct err *e)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names), i, r = 0;
	bool is_restricted;

	l->fd = restricted->fd = -1;
	for (i = 0; i < n; i++) {
		is_restricted =
		    names != NULL && strcmp(names[i], "restricted") == 0;
		if (r == 0)
			r = listen_take_one(is_restricted ? restricted : l,
			    SD_LISTEN_FDS_START + i, e);
		if (names != NULL)
			free(names[i]);
	}
	free(names);
	if (r == 0 && n > 0 && l->fd < 0)
		r = err_set(e, -CS_ERR_CONFIG,
		    "socket activation: only the restricted socket came");
	return r;
}

static void
listen_address(const struct listener *l, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(addr->sun_path, l->path, strlen(l->path));
}

/* The folder, opened and locked against another agent that starts. */
static int
listen_folder(const struct listener *l, int *fd, struct err *e)
{
	char folder[AGT_SOCKET_PATH_MAX];
	char *slash;
	struct stat st;

	*fd = -1;
	snprintf(folder, sizeof(folder), "%s", l->path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	if (mkdir(folder, l->is_open ? 0755 : 0700) != 0 && errno != EEXIST)
		return err_set_errno(e, errno, folder);
	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &st) != 0)
		return err_set_errno(e, errno, folder);
	if (st.st_uid != geteuid() ||
	    (st.st_mode & (l->is_open ? 022 : 077)) != 0)
		return err_set(e, -CS_ERR_CONFIG,
		    "the socket's folder %s must belong to us and be closed to "
		    "others (chmod 700)",
		    folder);
	if (flock(*fd, LOCK_EX) != 0)
		return err_set_errno(e, errno, folder);
	return 0;
}

/* What stands in the way? Removes a socket that nobody listens on. */
static int
listen_clean(const struct listener *l, struct err *e)
{
	struct sockaddr_un addr;
	struct stat st;
	int fd, r, errnum;

	if (lstat(l->path, &st) != 0)
		return errno == ENOENT ? 0 : err_set_errno(e, errno, l->path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, -CS_ERR_CONFIG,
		    "%s is there already and is no socket", l->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(e, errno, l->path);
	listen_address(l, &addr);
	r = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	errnum = errno;
	(void)close(fd);
	if (r == 0 || errnum != ECONNREFUSED)
		return err_set(e, -CS_ERR_BUSY,
		    "another agent answers at %s already", l->path);
	if (unlink(l->path) != 0)
		return err_set_errno(e, errno, l->path);
	return 0;
}

static int
listen_bind(struct listener *l, struct err *e)
{
	struct sockaddr_un addr;
	struct stat st;
	mode_t mask;
	int r;

	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return err_set_errno(e, errno, l->path);
	listen_address(l, &addr);
	mask = umask(l->is_open ? 0111 : 0177);
	r = bind(l->fd, (struct sockaddr *)&addr, sizeof(addr));
	(void)umask(mask);
	if (r != 0 || lstat(l->path, &st) != 0 ||
	    listen(l->fd, LISTEN_BACKLOG) != 0)
		return err_set_errno(e, errno, l->path);
	l->is_ours = true;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

int
listen_make(struct listener *l, struct err *e)
{
	int folder, r;

	r = listen_folder(l, &folder, e);
	if (r == 0)
		r = listen_clean(l, e);
	if (r == 0)
		r = listen_bind(l, e);
	if (folder >= 0)
		(void)close(folder);
	return r;
}

static void
listen_resume(struct timer *t)
{
	struct listener *l =
	    (void *)((char *)t - offsetof(struct listener, pause));

	(void)sd_event_source_set_enabled(l->source, SD_EVENT_ON);
}

static int
listen_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct listener *l = userdata;
	struct agent *a = l->agent;
	int i, client;

	(void)revents;
	for (i = 0; i < LISTEN_ACCEPTS; i++) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client >= 0) {
			conn_new(a, client, l->is_restricted);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EAGAIN)
			return 0;
		/* No descriptors: somebody makes room, or time does. */
		if (conns_evict(a))
			continue;
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
		timer_set_in_ms(&a->timers, &l->pause, LISTEN_PAUSE_MS);
		return 0;
	}
	return 0;
}

int
listen_start(struct agent *a, struct listener *l)
{
	l->agent = a;
	l->pause.fire = listen_resume;
	return sd_event_add_io(
		   a->event, &l->source, l->fd, EPOLLIN, listen_io, l) < 0
		   ? -CS_ERR_INTERNAL
		   : 0;
}

void
listen_clear(struct agent *a, struct listener *l)
{
	struct stat st;

	timer_stop(&a->timers, &l->pause);
	l->source = sd_event_source_disable_unref(l->source);
	if (l->is_ours && lstat(l->path, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		(void)unlink(l->path);
	l->is_ours = false;
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}
