/*
 * cardseal-agent: holds the tokens' sessions and does every private-key
 * operation, for the clients of one user. See cardseal-agent(8).
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "agent/agent.h"
#include "agent/confine.h"
#include "agent/log.h"
#include "agent/path.h"
#include "agent/state.h"

int
agent_io_init(struct agent *a)
{
	size_t len = 2 * AGENT_IO_LEN;
	uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -CS_ERR_NO_MEMORY;
	(void)madvise(map, len, MADV_DONTDUMP);
	(void)mlock(map, len);
	a->rx = map;
	a->tx = (struct buf){
	    .data = map + AGENT_IO_LEN,
	    .cap = AGENT_IO_LEN,
	    .max = AGENT_IO_LEN,
	};
	return 0;
}

void
agent_io_clear(struct agent *a)
{
	if (a->rx == NULL)
		return;
	mem_wipe(a->rx, 2 * AGENT_IO_LEN);
	(void)munmap(a->rx, 2 * AGENT_IO_LEN);
	a->rx = NULL;
	a->tx = (struct buf){0};
}

struct buf *
agent_tx(struct agent *a)
{
	buf_reset(&a->tx);
	return &a->tx;
}

static void
agent_process_ended(struct launcher *l, int pid, int status)
{
	struct agent *a =
	    (void *)((char *)l - offsetof(struct agent, launcher));

	modules_process_ended(a, pid, status);
}

/* Nothing could be started or restarted any more: better an end that a
 * service manager sees. */
static void
agent_starter_lost(struct launcher *l)
{
	struct agent *a =
	    (void *)((char *)l - offsetof(struct agent, launcher));

	agt_log("the starter process ended; the agent cannot go on");
	(void)sd_event_exit(a->event, -CS_ERR_INTERNAL);
}

static int
agent_signal(sd_event_source *source, const struct signalfd_siginfo *info,
    void *userdata)
{
	struct agent *a = userdata;

	(void)source;
	agt_log("ended by signal %u", info->ssi_signo);
	session_end(a);
	return 0;
}

static int
agent_add_signals(struct agent *a)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -CS_ERR_INTERNAL;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sd_event_add_signal(
			a->event, NULL, signals[i], agent_signal, a) < 0)
			return -CS_ERR_INTERNAL;
	return 0;
}

/* All that needs no privileges and no other process. */
static int
agent_init(struct agent *a, int starter_fd, int starter_pid)
{
	int r;

	a->started = (int64_t)time(NULL);
	watch_init(&a->watch, a);
	prompts_init(&a->prompts);
	consents_init(&a->consents);
	if (sd_event_new(&a->event) < 0)
		return -CS_ERR_NO_MEMORY;
	r = agent_io_init(a);
	if (r == 0)
		r = timers_init(&a->timers, a->event);
	if (r == 0)
		r = agent_add_signals(a);
	if (r == 0)
		r = launcher_init(
		    &a->launcher, a->event, starter_fd, starter_pid);
	a->launcher.ended = agent_process_ended;
	a->launcher.lost = agent_starter_lost;
	if (r == 0)
		r = conns_init(a);
	return r;
}

static void
agent_clear(struct agent *a)
{
	if (a->conns.reaper != NULL)
		conns_clear(a);
	audit_clear(a);
	session_clear(a);
	listen_clear(a, &a->listener);
	listen_clear(a, &a->restricted);
	if (a->modules.list.tqh_last != NULL)
		modules_clear(a);
	watch_clear(&a->watch);
	if (a->consents.kept.tqh_last != NULL)
		consents_clear(a);
	policy_clear(&a->settings.policy);
	launcher_clear(&a->launcher);
	timers_clear(&a->timers);
	agent_io_clear(a);
	secret_free(a->secret);
	a->event = sd_event_unref(a->event);
}

/* From here on, the socket is there and clients are served. */
static int
agent_run(struct agent *a, struct err *e)
{
	int r;

	r = a->listener.fd < 0 ? listen_make(&a->listener, e) : 0;
	if (r == 0 && a->restricted.fd < 0 && a->restricted.path[0] != '\0')
		r = listen_make(&a->restricted, e);
	if (r != 0)
		return r;
	audit_start(a);
	session_init(a);
	r = listen_start(a, &a->listener);
	if (r == 0 && a->restricted.fd >= 0)
		r = listen_start(a, &a->restricted);
	if (r == 0)
		r = modules_start(a);
	if (r != 0)
		return err_set(e, r, NULL);
	confine_agent();
	agt_log("ready on %s", a->listener.path);
	(void)sd_notify(0, "READY=1");
	r = sd_event_loop(a->event);
	(void)sd_notify(0, "STOPPING=1");
	return r < 0 ? err_set(e, -CS_ERR_INTERNAL, "the event loop ended") : 0;
}

static int
agent_start(struct agent *a, struct err *e)
{
	int unwanted[2] = {a->listener.fd, a->restricted.fd};
	int fd, pid, r;

	r = agt_state_folder(a->settings.state_folder, e);
	if (r == 0)
		r = state_get_secret(&a->secret, a->settings.state_folder, e);
	if (r != 0)
		return r;
	if (a->listener.fd < 0)
		r = agt_socket_path(a->settings.socket, a->listener.path, e);
	if (r == 0 && a->restricted.fd < 0 && a->settings.restricted[0] != '\0')
		r = agt_socket_path(
		    a->settings.restricted, a->restricted.path, e);
	a->listener.is_open = admit_has_others(&a->settings.admit);
	a->restricted.is_restricted = true;
	if (r != 0)
		return r;
	r = starter_fork(&a->settings, unwanted, &fd, &pid, e);
	if (r != 0)
		return r;
	r = agent_init(a, fd, pid);
	if (r != 0)
		return err_set(e, r, NULL);
	return agent_run(a, e);
}

int
main(int argc, char **argv)
{
	static struct agent a = {.launcher = {.fd = -1, .pid = -1}};
	enum settings_outcome outcome;
	struct err e = ERR_INIT;
	int r;

	r = settings_load(&a.settings, argc, argv, &outcome, &e);
	if (r == 0 && outcome == SETTINGS_DONE)
		return fflush(stdout) == 0 ? 0 : err_exit_status(-CS_ERR_IO);
	a.listener.fd = a.restricted.fd = -1;
	if (r == 0)
		r = listen_take(&a.listener, &a.restricted, &e);
	if (r == 0) {
		/* Whoever started us may have left more open. */
		(void)close_range((unsigned)SD_LISTEN_FDS_START +
				      (unsigned)(a.listener.fd >= 0) +
				      (unsigned)(a.restricted.fd >= 0),
		    ~0U, 0);
		confine_early();
		r = agent_start(&a, &e);
	}
	agent_clear(&a);
	if (r != 0)
		agt_log("%s", err_get_text(&e));
	return err_exit_status(r);
}
