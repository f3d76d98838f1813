/*
 * Which modules there are: those of the command line, or what a process that
 * asks p11-kit tells.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/module.h"
#include "agent/request.h"

static struct bytes
module_base_name(struct bytes path)
{
	size_t i;

	for (i = path.len; i > 0 && path.p[i - 1] != '/'; i--)
		;
	return bytes_of(path.p + i, path.len - i);
}

/* A line of --list-modules: NAME, tab, PATH. */
static void
modules_add_line(struct agent *a, struct bytes line)
{
	const uint8_t *tab =
	    line.len != 0 ? memchr(line.p, '\t', line.len) : NULL;
	struct bytes name, path;
	struct module *m;
	unsigned count = 0;

	TAILQ_FOREACH (m, &a->modules.list, link)
		count++;
	if (tab == NULL || count >= SETTINGS_MODULES_MAX)
		return;
	name = bytes_of(line.p, (size_t)(tab - line.p));
	path = bytes_of(tab + 1, line.len - name.len - 1);
	if (name.len == 0 || path.len == 0 || !agt_text_is_valid(name) ||
	    !agt_text_is_valid(path) || module_add(a, name, path) != 0)
		agt_log("a module that p11-kit has configured was left out");
}

static void
modules_listed(struct agent *a, const char *fault)
{
	struct modules *ms = &a->modules;
	struct bytes rest = buf_get(&ms->listing_text);
	const uint8_t *end;
	size_t len;

	timer_stop(&a->timers, &ms->listing_deadline);
	ms->listing_source = sd_event_source_disable_unref(ms->listing_source);
	if (ms->listing_fd >= 0)
		(void)close(ms->listing_fd);
	if (ms->listing_pidfd >= 0) {
		(void)pidfd_send_signal(ms->listing_pidfd, SIGKILL, NULL, 0);
		(void)close(ms->listing_pidfd);
	}
	ms->listing_fd = ms->listing_pidfd = -1;
	if (fault != NULL)
		agt_log("the PKCS#11 modules of this system cannot be listed: "
			"%s",
		    fault);
	while (
	    rest.len != 0 && (end = memchr(rest.p, '\n', rest.len)) != NULL) {
		len = (size_t)(end - rest.p);
		modules_add_line(a, bytes_of(rest.p, len));
		rest.p += len + 1;
		rest.len -= len + 1;
	}
	buf_clear(&ms->listing_text);
	if (TAILQ_EMPTY(&ms->list))
		agt_log("no PKCS#11 module is configured: see "
			"pkcs11.conf(5), or use --module");
	ms->is_known = true;
	requests_resume(a);
}

static int
modules_listing_io(
    sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct agent *a = userdata;
	uint8_t chunk[2048];
	ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

	(void)source;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0 && buf_add(&a->modules.listing_text, chunk, (size_t)n) == 0)
		return 0;
	modules_listed(a, n < 0	  ? "it ended"
			  : n > 0 ? "the list is too long"
				  : NULL);
	return 0;
}

static void
modules_listing_late(struct timer *t)
{
	struct modules *ms =
	    (void *)((char *)t - offsetof(struct modules, listing_deadline));
	struct agent *a =
	    (void *)((char *)ms - offsetof(struct agent, modules));

	modules_listed(a, "no answer in time");
}

static void
modules_launched(struct launch *launch, const struct launched *launched)
{
	struct modules *ms =
	    (void *)((char *)launch - offsetof(struct modules, listing));
	struct agent *a =
	    (void *)((char *)ms - offsetof(struct agent, modules));

	ms->listing_fd = launched->fd;
	ms->listing_pidfd = launched->pidfd;
	if (launched->error != 0 ||
	    sd_event_add_io(a->event, &ms->listing_source, ms->listing_fd,
		EPOLLIN, modules_listing_io, a) < 0)
		modules_listed(a, "cardseal-token cannot be started");
}

int
modules_start(struct agent *a)
{
	struct modules *ms = &a->modules;
	struct bytes path;
	unsigned i;
	int r = 0;

	TAILQ_INIT(&ms->list);
	buf_init(&ms->listing_text, 65536);
	ms->listing_fd = ms->listing_pidfd = -1;
	for (i = 0; r == 0 && i < a->settings.module_count; i++) {
		path = bytes_of_str(a->settings.modules[i]);
		r = module_add(a, module_base_name(path), path);
	}
	ms->is_known = a->settings.module_count != 0;
	if (ms->is_known || r != 0)
		return r;
	ms->listing.done = modules_launched;
	ms->listing_deadline.fire = modules_listing_late;
	timer_set_in_ms(&a->timers, &ms->listing_deadline, WORKER_START_MS);
	return launch_start(
	    &a->launcher, &ms->listing, STARTER_LIST, BYTES_NONE);
}

void
modules_clear(struct agent *a)
{
	struct modules *ms = &a->modules;
	struct module *m;

	while ((m = TAILQ_FIRST(&ms->list)) != NULL) {
		TAILQ_REMOVE(&ms->list, m, link);
		module_free(m);
	}
	launch_forget(&a->launcher, &ms->listing);
	timer_stop(&a->timers, &ms->listing_deadline);
	ms->listing_source = sd_event_source_disable_unref(ms->listing_source);
	if (ms->listing_fd >= 0)
		(void)close(ms->listing_fd);
	if (ms->listing_pidfd >= 0)
		(void)close(ms->listing_pidfd);
	buf_clear(&ms->listing_text);
}

void
modules_process_ended(struct agent *a, int pid, int status)
{
	struct module *m;
	struct worker *w;

	TAILQ_FOREACH (m, &a->modules.list, link)
		for (w = m->workers; w < m->workers + m->worker_count; w++) {
			if ((w->pid == pid || w->last_pid == pid) &&
			    WIFSIGNALED(status))
				agt_log("module %s: token process %d was ended "
					"by signal %d",
				    m->name, pid, WTERMSIG(status));
			if (w->pid == pid && w->state != WORKER_NONE)
				worker_kill(w, false, "ended");
		}
}
