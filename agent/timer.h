/*
 * timer.h: all deadlines of the agent behind one sd-event source.
 *
 * Starting and stopping a timer costs no system call unless the new one is
 * earlier than what the kernel was last told; a deadline that was never
 * reached costs one wake-up at most. Timers are part of their owner (no
 * memory of their own): a pairing heap.
 */
#ifndef AGENT_TIMER_H
#define AGENT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

struct timer {
	uint64_t at_us; /* CLOCK_BOOTTIME */
	bool is_set;
	void (*fire)(struct timer *t); /* it is no longer set by then */
	struct timer *child, *next, *prev;
};

struct timers {
	sd_event_source *source;
	sd_event *event;
	struct timer *root;
	uint64_t armed_us; /* what the kernel knows; UINT64_MAX: nothing */
};

/* 0 or -CS_ERR_INTERNAL. */
int timers_init(struct timers *ts, sd_event *event);
void timers_clear(struct timers *ts);
/* Microseconds of CLOCK_BOOTTIME, as of the present turn of the loop. */
uint64_t timers_now(const struct timers *ts);
/* (Re)starts t, to fire at at_us or soon after. */
void timer_set(struct timers *ts, struct timer *t, uint64_t at_us);
void timer_set_in_ms(struct timers *ts, struct timer *t, uint64_t ms);
/* Fine for one that is not set. */
void timer_stop(struct timers *ts, struct timer *t);

#endif
