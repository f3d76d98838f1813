#include "config.h"

#include "agent/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <systemd/sd-login.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/log.h"
#include "agent/request.h"

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_MANAGER "org.freedesktop.login1.Manager"
#define LOGIND_SESSION "org.freedesktop.login1.Session"

static void session_connect(struct agent *a);

void
session_lock_all(struct agent *a, const char *reason, struct logout *end)
{
	struct token *t = inventory_next(a, NULL), *next;
	struct err e = ERR_INIT;
	char name[384];

	consents_forget(a);
	for (; t != NULL; t = next) {
		next = inventory_next(a, t);
		err_set(&e, -CS_ERR_CANCELLED, "%s was locked: %s",
		    token_describe(name, sizeof(name), t), reason);
		login_lock(&t->login, &e);
		login_logout(&t->login, end);
		requests_event(a, AGT_EVENT_LOCKED, t, reason);
	}
}

/* --- the end --- */

static void
session_is_over(struct session *s)
{
	struct agent *a = (void *)((char *)s - offsetof(struct agent, session));

	timer_stop(&a->timers, &s->end);
	(void)sd_event_exit(a->event, 0);
}

static void
session_end_is_late(struct timer *t)
{
	agt_log("a token did not log out before the end");
	session_is_over((void *)((char *)t - offsetof(struct session, end)));
}

static void
session_logged_out(struct logout *last)
{
	session_is_over(
	    (void *)((char *)last - offsetof(struct session, last)));
}

void
session_end(struct agent *a)
{
	struct session *s = &a->session;

	if (s->is_ending) {
		session_is_over(s);
		return;
	}
	s->is_ending = true;
	s->end.fire = session_end_is_late;
	timer_set_in_ms(&a->timers, &s->end, SESSION_END_MS);
	s->last = (struct logout){.count = 1, .done = session_logged_out};
	session_lock_all(a, "the agent ends", &s->last);
	logout_drop(&s->last);
}

/* --- sleep --- */

static void
session_let_sleep(struct session *s)
{
	if (s->inhibitor >= 0)
		(void)close(s->inhibitor);
	s->inhibitor = -1;
}

static void
session_is_late(struct timer *t)
{
	struct session *s =
	    (void *)((char *)t - offsetof(struct session, delay));

	session_let_sleep(s);
}

static void
session_locked(struct logout *end)
{
	struct session *s =
	    (void *)((char *)end - offsetof(struct session, logout));

	session_let_sleep(s);
}

static int
session_inhibited(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct session *s = &((struct agent *)userdata)->session;
	int fd;

	(void)error;
	if (sd_bus_message_is_method_error(m, NULL) ||
	    sd_bus_message_read(m, "h", &fd) < 0)
		return 0;
	session_let_sleep(s);
	/* It came too late for this time. */
	if (!s->is_asleep)
		s->inhibitor = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static void
session_inhibit(struct agent *a)
{
	(void)sd_bus_call_method_async(a->session.bus, NULL, LOGIND_NAME,
	    LOGIND_PATH, LOGIND_MANAGER, "Inhibit", session_inhibited, a,
	    "ssss", "sleep", "cardseal", "PINs are wiped, cards are locked",
	    "delay");
}

static void
session_sleep(struct agent *a)
{
	struct session *s = &a->session;

	s->is_asleep = true;
	agt_log("the machine goes to sleep: all tokens are locked");
	audit_event(a, "sleep", BYTES_NONE);
	/* Those of the last time may still be under way. */
	if (s->logout.count != 0) {
		session_lock_all(a, "the machine goes to sleep", NULL);
	} else {
		s->logout.count = 1;
		s->logout.done = session_locked;
		session_lock_all(a, "the machine goes to sleep", &s->logout);
		logout_drop(&s->logout);
	}
	if (s->inhibitor >= 0)
		timer_set_in_ms(&a->timers, &s->delay, SESSION_DELAY_MS);
}

static int
session_prepare(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct agent *a = userdata;
	int begins;

	(void)error;
	if (sd_bus_message_read(m, "b", &begins) < 0)
		return 0;
	if (begins) {
		session_sleep(a);
		return 0;
	}
	a->session.is_asleep = false;
	timer_stop(&a->timers, &a->session.delay);
	session_inhibit(a);
	return 0;
}

/* --- the session --- */

/* Only a session that is known to be another user's is no matter. */
static bool
session_is_ours(sd_bus_message *m)
{
	const char *path = sd_bus_message_get_path(m);
	char *id = NULL;
	uid_t uid;
	bool is_ours = true;

	if (path != NULL &&
	    sd_bus_path_decode(path, LOGIND_PATH "/session", &id) > 0)
		is_ours = sd_session_get_uid(id, &uid) < 0 || uid == geteuid();
	free(id);
	return is_ours;
}

static void
session_is_locked(struct agent *a, sd_bus_message *m)
{
	if (!session_is_ours(m))
		return;
	agt_log("the session was locked: so are all tokens");
	audit_event(a, "session-lock", BYTES_NONE);
	session_lock_all(a, "the session was locked", NULL);
}

static int
session_lock_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	session_is_locked(userdata, m);
	return 0;
}

/* Is LockedHint among the properties that changed, and true? */
static bool
session_has_hint(sd_bus_message *m)
{
	const char *name;
	int value = 0, hint = 0;

	if (sd_bus_message_read(m, "s", &name) < 0 ||
	    strcmp(name, LOGIND_SESSION) != 0 ||
	    sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return false;
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		if (sd_bus_message_read(m, "s", &name) < 0)
			return false;
		if (strcmp(name, "LockedHint") != 0) {
			if (sd_bus_message_skip(m, "v") < 0)
				return false;
		} else if (sd_bus_message_read(m, "v", "b", &value) >= 0) {
			hint = value;
		}
		if (sd_bus_message_exit_container(m) < 0)
			return false;
	}
	return hint != 0;
}

/* Some desktops lock by themselves and only say so. */
static int
session_changed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	(void)error;
	if (session_has_hint(m))
		session_is_locked(userdata, m);
	return 0;
}

/* --- the bus --- */

static void
session_disconnect(struct agent *a)
{
	struct session *s = &a->session;

	session_let_sleep(s);
	s->is_asleep = false;
	if (s->bus != NULL) {
		(void)sd_bus_detach_event(s->bus);
		s->bus = sd_bus_close_unref(s->bus);
	}
}

static void
session_retry(struct timer *t)
{
	struct session *s =
	    (void *)((char *)t - offsetof(struct session, retry));
	struct agent *a = (void *)((char *)s - offsetof(struct agent, session));

	session_disconnect(a);
	session_connect(a);
}

static void
session_fail(struct agent *a, int errnum)
{
	if (!a->session.was_told)
		agt_log("no news of sleep and of locked sessions: the system "
			"bus or logind does not answer (%s)",
		    strerror(errnum));
	a->session.was_told = true;
	timer_set_in_ms(&a->timers, &a->session.retry, SESSION_RETRY_MS);
}

static int
session_lost(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct agent *a = userdata;

	(void)m;
	(void)error;
	/* Not from inside of the bus. */
	timer_set_in_ms(&a->timers, &a->session.retry, SESSION_RETRY_MS);
	return 0;
}

static int
session_matched(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	const sd_bus_error *why = sd_bus_message_get_error(m);
	struct agent *a = userdata;

	(void)error;
	if (why != NULL)
		session_fail(a, sd_bus_error_get_errno(why));
	return 0;
}

static int
session_match(struct agent *a)
{
	sd_bus *bus = a->session.bus;
	int r;

	r = sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local",
	    "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
	    "Disconnected", session_lost, a);
	if (r >= 0 && a->settings.lock_on_sleep) {
		r = sd_bus_match_signal_async(bus, NULL, LOGIND_NAME,
		    LOGIND_PATH, LOGIND_MANAGER, "PrepareForSleep",
		    session_prepare, session_matched, a);
		session_inhibit(a);
	}
	if (r >= 0 && a->settings.lock_on_session)
		r = sd_bus_match_signal_async(bus, NULL, LOGIND_NAME, NULL,
		    LOGIND_SESSION, "Lock", session_lock_signal,
		    session_matched, a);
	if (r >= 0 && a->settings.lock_on_session)
		r = sd_bus_add_match_async(bus, NULL,
		    "type='signal',sender='" LOGIND_NAME
		    "',path_namespace='" LOGIND_PATH "/session',interface="
		    "'org.freedesktop.DBus.Properties',member="
		    "'PropertiesChanged'",
		    session_changed, session_matched, a);
	return r;
}

/* Asks nobody and waits for nobody: the loop does the rest. */
static void
session_connect(struct agent *a)
{
	struct session *s = &a->session;
	int r = sd_bus_open_system_with_description(&s->bus, "cardseal");

	if (r >= 0)
		r = sd_bus_attach_event(
		    s->bus, a->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = session_match(a);
	if (r < 0) {
		session_disconnect(a);
		session_fail(a, -r);
	}
}

void
session_init(struct agent *a)
{
	struct session *s = &a->session;

	s->inhibitor = -1;
	s->delay.fire = session_is_late;
	s->retry.fire = session_retry;
	if (a->settings.lock_on_sleep || a->settings.lock_on_session)
		session_connect(a);
}

void
session_clear(struct agent *a)
{
	if (a->session.retry.fire == NULL)
		return;
	timer_stop(&a->timers, &a->session.delay);
	timer_stop(&a->timers, &a->session.retry);
	session_disconnect(a);
}
