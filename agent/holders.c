#include "config.h"

#include "agent/holders.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/log.h"

#define HOLDERS_LEN_MAX 8192
#define HOLDERS_AGE_MS 5000

static void
holders_drop(struct holders *h)
{
	launch_forget(&h->agent->launcher, &h->launch);
	h->source = sd_event_source_disable_unref(h->source);
	if (h->pidfd >= 0) {
		(void)pidfd_send_signal(h->pidfd, SIGKILL, NULL, 0);
		(void)close(h->pidfd);
	}
	if (h->fd >= 0)
		(void)close(h->fd);
	h->fd = h->pidfd = -1;
	buf_clear(&h->in);
}

/* A line: PID, tab, NAME. */
static void
holders_add_line(struct holders *h, const uint8_t *p, size_t len)
{
	const uint8_t *tab = memchr(p, '\t', len);
	size_t used = strlen(h->text);
	char name[128];
	int n;

	if (tab == NULL)
		return;
	err_quote(name, sizeof(name), tab + 1, len - (size_t)(tab + 1 - p));
	n = snprintf(h->text + used, sizeof(h->text) - used, "%s%s (pid %.*s)",
	    used != 0 ? ", " : "", name, (int)(tab - p), (const char *)p);
	/* Not half of one. */
	if (n < 0 || (size_t)n >= sizeof(h->text) - used)
		h->text[used] = '\0';
}

static void
holders_told(struct holders *h)
{
	struct bytes rest = buf_get(&h->in);
	const uint8_t *end;
	size_t len;

	h->text[0] = '\0';
	while (
	    rest.len != 0 && (end = memchr(rest.p, '\n', rest.len)) != NULL) {
		len = (size_t)(end - rest.p);
		holders_add_line(h, rest.p, len);
		rest.p += len + 1;
		rest.len -= len + 1;
	}
	holders_drop(h);
}

static int
holders_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct holders *h = userdata;
	uint8_t bytes[1024];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	(void)source;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0 || buf_add(&h->in, bytes, (size_t)n) != 0)
		holders_told(h);
	return 0;
}

static void
holders_launched(struct launch *launch, const struct launched *launched)
{
	struct holders *h =
	    (void *)((char *)launch - offsetof(struct holders, launch));

	if (launched->error != 0)
		return;
	h->fd = launched->fd;
	h->pidfd = launched->pidfd;
	if (sd_event_add_io(
		h->agent->event, &h->source, h->fd, EPOLLIN, holders_io, h) < 0)
		holders_drop(h);
}

void
holders_ask(struct holders *h)
{
	uint64_t now = timers_now(&h->agent->timers);

	if (h->asked_us != 0 &&
	    now - h->asked_us < (uint64_t)HOLDERS_AGE_MS * 1000)
		return;
	holders_drop(h); /* one that did not answer for so long */
	h->asked_us = now;
	h->text[0] = '\0';
	h->launch.done = holders_launched;
	if (launch_start(&h->agent->launcher, &h->launch, STARTER_USERS,
		BYTES_NONE) != 0)
		agt_log("nobody can be asked which programs use cards");
}

void
holders_init(struct holders *h, struct agent *agent)
{
	*h = (struct holders){.agent = agent, .fd = -1, .pidfd = -1};
	buf_init(&h->in, HOLDERS_LEN_MAX);
}

void
holders_clear(struct holders *h)
{
	if (h->agent != NULL)
		holders_drop(h);
}
