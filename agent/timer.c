#include "agent/timer.h"

#include <stddef.h>
#include <time.h>

#include "asn1/err.h"

#define TIMER_ACCURACY_US 1000

static struct timer *
timer_merge(struct timer *a, struct timer *b)
{
	struct timer *t;

	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	if (b->at_us < a->at_us) {
		t = a;
		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (b->next != NULL)
		b->next->prev = b;
	a->child = b;
	return a;
}

/* Joins a list of siblings to one heap. */
static struct timer *
timer_merge_list(struct timer *t)
{
	struct timer *pairs = NULL, *a, *b, *rest, *root = NULL;

	for (; t != NULL; t = rest) {
		a = t;
		b = a->next;
		rest = b != NULL ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b != NULL)
			b->next = b->prev = NULL;
		a = timer_merge(a, b);
		a->next = pairs;
		pairs = a;
	}
	for (; pairs != NULL; pairs = rest) {
		rest = pairs->next;
		pairs->next = NULL;
		root = timer_merge(root, pairs);
	}
	return root;
}

static void
timer_unlink(struct timers *ts, struct timer *t)
{
	struct timer *children = timer_merge_list(t->child);

	if (t == ts->root) {
		ts->root = children;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next != NULL)
			t->next->prev = t->prev;
		ts->root = timer_merge(ts->root, children);
	}
	if (ts->root != NULL)
		ts->root->prev = NULL;
	t->child = t->next = t->prev = NULL;
	t->is_set = false;
}

static void
timers_arm(struct timers *ts)
{
	uint64_t at = ts->root != NULL ? ts->root->at_us : UINT64_MAX;

	if (at >= ts->armed_us || ts->source == NULL)
		return;
	ts->armed_us = at;
	(void)sd_event_source_set_time(ts->source, at);
	(void)sd_event_source_set_enabled(ts->source, SD_EVENT_ONESHOT);
}

static int
timers_fire(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct timers *ts = userdata;
	struct timer *t;
	uint64_t now = timers_now(ts);

	(void)source;
	(void)usec;
	ts->armed_us = UINT64_MAX;
	while ((t = ts->root) != NULL && t->at_us <= now) {
		timer_unlink(ts, t);
		t->fire(t);
	}
	timers_arm(ts);
	return 0;
}

int
timers_init(struct timers *ts, sd_event *event)
{
	*ts = (struct timers){.event = event, .armed_us = UINT64_MAX};
	if (sd_event_add_time(event, &ts->source, CLOCK_BOOTTIME, UINT64_MAX,
		TIMER_ACCURACY_US, timers_fire, ts) < 0 ||
	    sd_event_source_set_enabled(ts->source, SD_EVENT_OFF) < 0)
		return -CS_ERR_INTERNAL;
	return 0;
}

void
timers_clear(struct timers *ts)
{
	ts->source = sd_event_source_unref(ts->source);
	ts->root = NULL;
}

uint64_t
timers_now(const struct timers *ts)
{
	uint64_t now = 0;

	(void)sd_event_now(ts->event, CLOCK_BOOTTIME, &now);
	return now;
}

void
timer_set(struct timers *ts, struct timer *t, uint64_t at_us)
{
	timer_stop(ts, t);
	t->at_us = at_us;
	t->is_set = true;
	ts->root = timer_merge(ts->root, t);
	timers_arm(ts);
}

void
timer_set_in_ms(struct timers *ts, struct timer *t, uint64_t ms)
{
	timer_set(ts, t, timers_now(ts) + ms * 1000);
}

void
timer_stop(struct timers *ts, struct timer *t)
{
	if (t->is_set)
		timer_unlink(ts, t);
}
