/*
 * prompt.h: prompts for PINs, by pinentry in a process of its own. Prompts
 * for one display or terminal come one after the other.
 */
#ifndef AGENT_PROMPT_H
#define AGENT_PROMPT_H

#include <sys/queue.h>

#include "agent/dialog.h"
#include "agent/launch.h"
#include "agent/timer.h"
#include "asn1/secret.h"

/* pinentry's own time-out comes first; then its process is killed. */
#define PROMPT_GRACE_MS 3000
#define PROMPT_PLACE_MAX 256

struct agent;

struct prompt {
	TAILQ_ENTRY(prompt) link;
	struct agent *agent;
	bool is_open;	 /* wanted, and not answered yet */
	bool is_running; /* its process was asked for */
	struct buf request;
	char place[PROMPT_PLACE_MAX]; /* display and terminal */
	struct launch launch;
	int fd, pidfd;
	sd_event_source *source;
	struct timer deadline;
	bool is_given; /* the answer is here already: prompt_give */
	struct dialog_answer given;
	struct secret *given_pin;
	/* Called once unless it is closed before. The PIN is borrowed from
	 * memory that is wiped afterwards. */
	void (*done)(struct prompt *p, const struct dialog_answer *answer);
};

struct prompts {
	TAILQ_HEAD(prompt_list, prompt) open;
};

void prompts_init(struct prompts *ps);
void prompt_init(struct prompt *p, struct agent *a);
/* Shows the prompt as soon as its place is free; done is called later, never
 * from here. */
void prompt_open(struct prompt *p, const struct dialog_request *request);
/* As if a person had answered; done is called later. Takes pin over; text is
 * borrowed until then. */
void prompt_give(
    struct prompt *p, int code, struct secret *pin, const char *text);
/* Takes it away; fine for one that is not open. */
void prompt_close(struct prompt *p);

#endif
