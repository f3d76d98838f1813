#include "config.h"

#include "tests/card/control.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
control_listen(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, saved;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(fd, 64) != 0) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

bool
control_open(struct control *c, const char *path, control_fn *fn, void *ctx)
{
	size_t i;

	c->fn = fn;
	c->ctx = ctx;
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		c->clients[i].fd = -1;
	c->fd = control_listen(path);
	return c->fd >= 0;
}

void
control_poll(const struct control *c, struct pollfd *fds)
{
	size_t i;

	fds[0] = (struct pollfd){.fd = c->fd, .events = POLLIN};
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[1 + i] =
		    (struct pollfd){.fd = c->clients[i].fd, .events = POLLIN};
}

static void
client_end(struct control_client *client)
{
	(void)close(client->fd);
	client->fd = -1;
	client->len = 0;
}

static void
client_answer(struct control *c, struct control_client *client)
{
	char *words[WORDS_MAX];
	struct buf reply = {0}, text = {0};
	size_t len = words_split(client->line, words);
	bool done = len > 0 && c->fn(c->ctx, words, len, &reply);

	buf_add_str(&text, done ? "ok" : "error");
	if (reply.len > 0)
		buf_add_byte(&text, ' ');
	buf_add(&text, reply.data, reply.len);
	buf_add_byte(&text, '\n');
	if (send(client->fd, text.data, text.len,
		MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)text.len)
		client_end(client);
	buf_clear(&reply);
	buf_clear(&text);
}

static void
client_read(struct control *c, struct control_client *client)
{
	size_t room = sizeof(client->line) - 1 - client->len;
	ssize_t n = recv(client->fd, client->line + client->len, room, 0);
	char *end;
	size_t used;

	if (n <= 0 || room == 0) {
		client_end(client);
		return;
	}
	client->len += (size_t)n;
	client->line[client->len] = '\0';
	while (client->fd >= 0 && (end = strchr(client->line, '\n')) != NULL) {
		*end = '\0';
		used = (size_t)(end - client->line) + 1;
		client_answer(c, client);
		if (client->fd < 0)
			return;
		client->len -= used;
		memmove(client->line, end + 1, client->len + 1);
	}
}

static void
control_accept(struct control *c)
{
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
	size_t i;

	for (i = 0; fd >= 0 && i < CONTROL_CLIENTS_MAX; i++) {
		if (c->clients[i].fd < 0) {
			c->clients[i].fd = fd;
			return;
		}
	}
	if (fd >= 0)
		(void)close(fd);
}

void
control_serve(struct control *c, const struct pollfd *fds)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (fds[1 + i].fd >= 0 && fds[1 + i].revents != 0)
			client_read(c, &c->clients[i]);
	if (fds[0].revents != 0)
		control_accept(c);
}
