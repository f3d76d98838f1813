#include "agent/timer.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

#define COUNT 2000

static sd_event *event;
static struct timers timers;
static struct timer all[COUNT];
static uint64_t last_us;
static unsigned fired;
static uint32_t seed = 20240229;

static uint32_t
next_random(void)
{
	seed = seed * 1664525U + 1013904223U;
	return seed >> 8;
}

static void
note(struct timer *t)
{
	ck_assert(!t->is_set);
	ck_assert_uint_ge(t->at_us, last_us);
	last_us = t->at_us;
	fired++;
}

static void
again(struct timer *t)
{
	if (++fired < 5)
		timer_set(&timers, t, t->at_us);
}

static void
stop_next(struct timer *t)
{
	fired++;
	timer_stop(&timers, t + 1);
}

static void
setup(void)
{
	ck_assert_int_ge(sd_event_new(&event), 0);
	unit_assert_code(timers_init(&timers, event), 0);
	last_us = 0;
	fired = 0;
}

static void
teardown(void)
{
	timers_clear(&timers);
	sd_event_unref(event);
}

static void
run_once(void)
{
	ck_assert_int_ge(sd_event_run(event, 1000000), 0);
}

/* Set, set anew and stopped in any order: what is left fires in order. */
START_TEST(order)
{
	unsigned i, at, wanted = 0;

	for (i = 0; i < COUNT; i++)
		all[i].fire = note;
	for (i = 0; i < 10 * COUNT; i++) {
		at = next_random() % COUNT;
		if (next_random() % 3 == 0)
			timer_stop(&timers, &all[at]);
		else
			timer_set(&timers, &all[at], 1 + next_random());
	}
	for (i = 0; i < COUNT; i++)
		wanted += all[i].is_set;
	ck_assert_uint_gt(wanted, COUNT / 2);
	run_once();
	ck_assert_uint_eq(fired, wanted);
	ck_assert_ptr_null(timers.root);
}
END_TEST

START_TEST(waits_for_its_time)
{
	uint64_t begin;

	all[0] = (struct timer){.fire = note};
	all[1] = (struct timer){.fire = note};
	begin = timers_now(&timers);
	timer_set_in_ms(&timers, &all[1], 3600000);
	timer_set_in_ms(&timers, &all[0], 30);
	while (fired == 0)
		run_once();
	ck_assert_uint_ge(timers_now(&timers) - begin, 30000);
	ck_assert(all[1].is_set);
	timer_stop(&timers, &all[1]);
	timer_stop(&timers, &all[1]);
	ck_assert_ptr_null(timers.root);
}
END_TEST

START_TEST(set_and_stopped_from_fire)
{
	all[0] = (struct timer){.fire = again};
	timer_set(&timers, &all[0], 1);
	run_once();
	ck_assert_uint_eq(fired, 5);
	fired = 0;
	all[0] = (struct timer){.fire = stop_next};
	all[1] = (struct timer){.fire = stop_next};
	timer_set(&timers, &all[0], 1);
	timer_set(&timers, &all[1], 2);
	run_once();
	ck_assert_uint_eq(fired, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("timer");
	TCase *tcase = tcase_create("timer");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, order);
	tcase_add_test(tcase, waits_for_its_time);
	tcase_add_test(tcase, set_and_stopped_from_fire);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
