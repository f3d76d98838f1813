#include "config.h"

#include "agent/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"

static void prompts_next(struct agent *a);

void
prompts_init(struct prompts *ps)
{
	TAILQ_INIT(&ps->open);
}

static void
prompt_drop_process(struct prompt *p)
{
	launch_forget(&p->agent->launcher, &p->launch);
	timer_stop(&p->agent->timers, &p->deadline);
	p->source = sd_event_source_disable_unref(p->source);
	if (p->pidfd >= 0) {
		(void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
		(void)close(p->pidfd);
	}
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = p->pidfd = -1;
	p->is_running = false;
}

void
prompt_close(struct prompt *p)
{
	if (!p->is_open)
		return;
	prompt_drop_process(p);
	TAILQ_REMOVE(&p->agent->prompts.open, p, link);
	p->is_open = p->is_given = false;
	secret_free(p->given_pin);
	p->given_pin = NULL;
	buf_clear(&p->request);
	prompts_next(p->agent);
}

static void
prompt_finish(struct prompt *p, const struct dialog_answer *answer)
{
	prompt_close(p);
	p->done(p, answer);
}

static void
prompt_fail(struct prompt *p, int code, const char *text)
{
	struct dialog_answer answer = {
	    .code = code, .text = bytes_of_str(text)};

	prompt_finish(p, &answer);
}

/* The PIN outlives the prompt's end, but not done. */
static void
prompt_finish_given(struct prompt *p)
{
	struct dialog_answer answer = p->given;
	struct secret *pin = p->given_pin;

	p->given_pin = NULL;
	if (pin != NULL)
		answer.pin = secret_get_bytes(pin);
	prompt_finish(p, &answer);
	secret_free(pin);
}

static void
prompt_is_late(struct timer *t)
{
	struct prompt *p =
	    (void *)((char *)t - offsetof(struct prompt, deadline));

	if (p->is_given) {
		prompt_finish_given(p);
		return;
	}
	prompt_fail(p, -CS_ERR_TIMEOUT, "nobody typed the PIN in time");
}

static int
prompt_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct prompt *p = userdata;
	struct agent *a = p->agent;
	struct dialog_answer answer;
	ssize_t n = recv(fd, a->rx, AGENT_IO_LEN, 0);

	(void)source;
	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0 ||
	    dialog_answer_decode(bytes_of(a->rx, (size_t)n), &answer) != 0)
		prompt_fail(p, -CS_ERR_NO_PINENTRY,
		    "the process that asks for the PIN ended without an "
		    "answer");
	else
		prompt_finish(p, &answer);
	if (n > 0)
		mem_wipe(a->rx, (size_t)n);
	return 0;
}

static void
prompt_launched(struct launch *launch, const struct launched *launched)
{
	struct prompt *p =
	    (void *)((char *)launch - offsetof(struct prompt, launch));

	p->fd = launched->fd;
	p->pidfd = launched->pidfd;
	if (launched->error != 0 || sd_event_add_io(p->agent->event, &p->source,
					p->fd, EPOLLIN, prompt_io, p) < 0)
		prompt_fail(p, -CS_ERR_NO_PINENTRY,
		    "the process that asks for the PIN cannot be started");
}

/* Is another prompt there already? */
static bool
prompt_must_wait(struct prompt *p)
{
	struct prompt *other;

	TAILQ_FOREACH (other, &p->agent->prompts.open, link)
		if (other->is_running && strcmp(other->place, p->place) == 0)
			return true;
	return false;
}

static void
prompt_run(struct prompt *p)
{
	struct agent *a = p->agent;

	p->is_running = true;
	p->launch.done = prompt_launched;
	/* If the starter does not take it, the deadline ends it at once. */
	timer_set_in_ms(&a->timers, &p->deadline,
	    launch_start(&a->launcher, &p->launch, STARTER_DIALOG,
		buf_get(&p->request)) == 0
		? a->settings.prompt_timeout_ms + PROMPT_GRACE_MS
		: 0);
}

static void
prompts_next(struct agent *a)
{
	struct prompt *p;

	TAILQ_FOREACH (p, &a->prompts.open, link)
		if (!p->is_running && !prompt_must_wait(p))
			prompt_run(p);
}

void
prompt_init(struct prompt *p, struct agent *a)
{
	*p = (struct prompt){.agent = a, .fd = -1, .pidfd = -1};
	p->deadline.fire = prompt_is_late;
	buf_init(&p->request, DIALOG_REQUEST_MAX);
}

void
prompt_open(struct prompt *p, const struct dialog_request *request)
{
	struct agent *a = p->agent;

	snprintf(p->place, sizeof(p->place), "%.*s %.*s",
	    (int)request->display.len, (const char *)request->display.p,
	    (int)request->tty_name.len, (const char *)request->tty_name.p);
	buf_reset(&p->request);
	p->is_open = true;
	TAILQ_INSERT_TAIL(&a->prompts.open, p, link);
	if (dialog_request_encode(request, &p->request) != 0) {
		p->is_running = true;
		timer_set_in_ms(&a->timers, &p->deadline, 0);
		return;
	}
	prompts_next(a);
}

void
prompt_give(struct prompt *p, int code, struct secret *pin, const char *text)
{
	struct agent *a = p->agent;

	p->is_open = p->is_given = true;
	/* No other prompt waits for this one. */
	snprintf(p->place, sizeof(p->place), "%p", (void *)p);
	p->is_running = true;
	p->given =
	    (struct dialog_answer){.code = code, .text = bytes_of_str(text)};
	p->given_pin = pin;
	TAILQ_INSERT_TAIL(&a->prompts.open, p, link);
	timer_set_in_ms(&a->timers, &p->deadline, 0);
}
