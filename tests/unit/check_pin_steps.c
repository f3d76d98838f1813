/* The rules for PINs, story by story; check_pin.c walks all states. */
#include "agent/pin.h"

#include "tests/unit/unit.h"

static unsigned
login(struct pin_state *s)
{
	pin_step(s, PIN_NEED_LOGIN, 0);
	pin_step(s, PIN_CHECKED, 0);
	pin_step(s, PIN_TYPED, 0);
	pin_step(s, PIN_CHECKED, 0);
	return pin_step(s, PIN_OK, 0);
}

START_TEST(plain_login)
{
	struct pin_state s = {0};

	ck_assert_uint_eq(pin_step(&s, PIN_NEED_LOGIN, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
	ck_assert_uint_eq(pin_step(&s, PIN_NEED_LOGIN, 0), 0); /* shared */
	ck_assert_uint_eq(pin_step(&s, PIN_TYPED, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_TYPED);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_OK, 0), PIN_DO_PROVE | PIN_DO_RUN_LOGINS);
	/* logged out by somebody: again, without a prompt */
	ck_assert_uint_eq(pin_step(&s, PIN_NEED_LOGIN, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_PROVEN);
}
END_TEST

START_TEST(count_low_is_never_automatic)
{
	struct pin_state s = {0};

	login(&s);
	pin_step(&s, PIN_NEED_LOGIN, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, PIN_FLAG_LOW),
	    PIN_DO_WIPE_PROVEN | PIN_DO_ASK);
}
END_TEST

START_TEST(final_try_needs_a_yes)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_FINAL), PIN_DO_CONFIRM);
	ck_assert_uint_eq(pin_step(&s, PIN_YES, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_FINAL), PIN_DO_ASK);
	ck_assert_uint_eq(pin_step(&s, PIN_TYPED, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_FINAL), PIN_DO_LOGIN_TYPED);
}
END_TEST

/* It became the final try while the person was typing. */
/* 9C with "pin = cached": one prompt, then none. */
START_TEST(cached_context)
{
	struct pin_state s = {0};

	login(&s);
	pin_step(&s, PIN_LOGGED_IN, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_NEED_CONTEXT, PIN_FLAG_CACHED), PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_CONTEXT_PROVEN);
	ck_assert_uint_eq(pin_step(&s, PIN_OK, 0), PIN_DO_END_CONTEXT);
	/* logged out meanwhile */
	pin_step(&s, PIN_LOGGED_OUT, 0);
	pin_step(&s, PIN_NEED_CONTEXT, PIN_FLAG_CACHED);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_PROVEN);
	ck_assert_uint_eq(pin_step(&s, PIN_OK, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_CONTEXT_PROVEN);
	ck_assert_uint_eq(pin_step(&s, PIN_OK, 0), PIN_DO_END_CONTEXT);
	/* another key, whose PIN is to be typed each time */
	pin_step(&s, PIN_NEED_CONTEXT, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
	pin_step(&s, PIN_CANCELLED, 0);
	/* never by itself when few tries are left */
	pin_step(&s, PIN_NEED_CONTEXT, PIN_FLAG_CACHED);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, PIN_FLAG_LOW),
	    PIN_DO_WIPE_PROVEN | PIN_DO_ASK);
}
END_TEST

START_TEST(final_try_after_typing)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_CHECKED, 0);
	pin_step(&s, PIN_TYPED, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_FINAL), PIN_DO_CONFIRM);
	pin_step(&s, PIN_YES, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_FINAL), PIN_DO_LOGIN_TYPED);
}
END_TEST

START_TEST(wrong_pin_asks_anew_and_ends)
{
	struct pin_state s = {0};
	unsigned actions = 0;
	int i;

	pin_step(&s, PIN_NEED_LOGIN, 0);
	for (i = 0; i < PIN_ASKS_MAX; i++) {
		ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
		pin_step(&s, PIN_TYPED, 0);
		pin_step(&s, PIN_CHECKED, 0);
		actions = pin_step(&s, PIN_WRONG, 0);
		ck_assert_uint_eq(actions,
		    PIN_DO_WIPE_TYPED | PIN_DO_WIPE_PROVEN | PIN_DO_CHECK);
	}
	actions = pin_step(&s, PIN_CHECKED, 0);
	ck_assert_uint_eq(actions, PIN_DO_WIPE_TYPED | PIN_DO_FAIL_LOGINS);
	ck_assert_int_eq(s.phase, PIN_IDLE);
}
END_TEST

START_TEST(one_prompt_logs_in_and_signs)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_CONTEXT, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
	pin_step(&s, PIN_TYPED, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_TYPED);
	ck_assert_uint_eq(pin_step(&s, PIN_OK, 0), PIN_DO_PROVE | PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_CONTEXT_PROVEN);
	ck_assert_uint_eq(pin_step(&s, PIN_OK, 0), PIN_DO_END_CONTEXT);
	/* the next one asks again */
	pin_step(&s, PIN_NEED_CONTEXT, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
	pin_step(&s, PIN_TYPED, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_CONTEXT_TYPED);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_OK, 0), PIN_DO_PROVE | PIN_DO_END_CONTEXT);
}
END_TEST

START_TEST(pinpad)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_PAD), PIN_DO_LOGIN_PAD);
	ck_assert_uint_eq(pin_step(&s, PIN_OK, 0), PIN_DO_RUN_LOGINS);
	pin_step(&s, PIN_NEED_LOGIN, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_PAD | PIN_FLAG_FINAL),
	    PIN_DO_CONFIRM);
	pin_step(&s, PIN_YES, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_CHECKED, PIN_FLAG_PAD | PIN_FLAG_FINAL),
	    PIN_DO_LOGIN_PAD);
	ck_assert(pin_step(&s, PIN_WRONG, 0) & PIN_DO_FAIL_LOGINS);
}
END_TEST

START_TEST(cancel_and_leave)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_CHECKED, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CANCELLED, 0),
	    PIN_DO_WIPE_TYPED | PIN_DO_FAIL_LOGINS);
	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_CHECKED, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_NO_LOGIN, 0), PIN_DO_CLOSE | PIN_DO_WIPE_TYPED);
	ck_assert_int_eq(s.phase, PIN_IDLE);
	/* the prompt of a signature that is gone serves nobody else */
	pin_step(&s, PIN_NEED_CONTEXT, 0);
	pin_step(&s, PIN_CHECKED, 0);
	pin_step(&s, PIN_NEED_LOGIN, 0);
	ck_assert(pin_step(&s, PIN_NO_CONTEXT, 0) & PIN_DO_CLOSE);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
}
END_TEST

START_TEST(lock_while_the_pin_is_away)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_CHECKED, 0);
	pin_step(&s, PIN_TYPED, 0);
	pin_step(&s, PIN_CHECKED, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_LOCK, 0),
	    PIN_DO_WIPE_TYPED | PIN_DO_WIPE_PROVEN | PIN_DO_FAIL_LOGINS);
	ck_assert(pin_step(&s, PIN_OK, 0) & PIN_DO_LOGOUT);
	ck_assert(!s.has_proven);
	ck_assert_int_eq(s.phase, PIN_IDLE);
}
END_TEST

/* Whoever else waits is asked anew; the PIN itself never goes again. */
START_TEST(worker_lost_with_the_pin)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_CHECKED, 0);
	pin_step(&s, PIN_TYPED, 0);
	pin_step(&s, PIN_CHECKED, 0);
	ck_assert_uint_eq(
	    pin_step(&s, PIN_LOST, 0), PIN_DO_WIPE_TYPED | PIN_DO_WIPE_PROVEN |
					   PIN_DO_FAIL_FIRST | PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
}
END_TEST

/* The PIN never left: it is still good for those who wait. */
START_TEST(unsent)
{
	struct pin_state s = {0};

	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_CHECKED, 0);
	pin_step(&s, PIN_TYPED, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_TYPED);
	ck_assert_uint_eq(pin_step(&s, PIN_UNSENT, 0), PIN_DO_CHECK);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_TYPED);
}
END_TEST

/* One that always authenticates leaves while its PIN is in the queue; the
 * others do not pay for it. */
START_TEST(unsent_context)
{
	struct pin_state s = {0};

	login(&s);
	pin_step(&s, PIN_LOGGED_IN, 0);
	pin_step(&s, PIN_NEED_CONTEXT, 0);
	pin_step(&s, PIN_CHECKED, 0);
	pin_step(&s, PIN_TYPED, 0);
	ck_assert(pin_serves_context(&s));
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_CONTEXT_TYPED);
	pin_step(&s, PIN_NEED_LOGIN, 0);
	pin_step(&s, PIN_NO_CONTEXT, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_UNSENT, 0), PIN_DO_CHECK);
	ck_assert(!pin_serves_context(&s));
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_LOGIN_TYPED);
}
END_TEST

START_TEST(expiry)
{
	struct pin_state s = {0};

	login(&s);
	ck_assert_uint_eq(pin_step(&s, PIN_EXPIRED, 0), PIN_DO_WIPE_PROVEN);
	pin_step(&s, PIN_NEED_LOGIN, 0);
	ck_assert_uint_eq(pin_step(&s, PIN_CHECKED, 0), PIN_DO_ASK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pin_steps");
	TCase *tcase = tcase_create("pin_steps");

	tcase_add_test(tcase, plain_login);
	tcase_add_test(tcase, count_low_is_never_automatic);
	tcase_add_test(tcase, final_try_needs_a_yes);
	tcase_add_test(tcase, final_try_after_typing);
	tcase_add_test(tcase, cached_context);
	tcase_add_test(tcase, wrong_pin_asks_anew_and_ends);
	tcase_add_test(tcase, one_prompt_logs_in_and_signs);
	tcase_add_test(tcase, pinpad);
	tcase_add_test(tcase, cancel_and_leave);
	tcase_add_test(tcase, lock_while_the_pin_is_away);
	tcase_add_test(tcase, worker_lost_with_the_pin);
	tcase_add_test(tcase, unsent);
	tcase_add_test(tcase, unsent_context);
	tcase_add_test(tcase, expiry);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
