#include "agent/pin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

/*
 * A model of the world beside the machine: what a person and a token would
 * see. Its invariants are asserted after each event in each reachable pair of
 * machine state and model state.
 */
struct model {
	bool has_typed;	   /* a typed PIN, never sent */
	bool is_sent;	   /* a PIN is at the token, no answer yet */
	bool sent_context; /* and a private-key operation with it */
	bool sent_typed;   /* it was not proven */
	bool has_proven;   /* succeeded, never failed since */
	bool is_granted;   /* typed for the context that waits now */
	bool is_cached;	   /* which does with a PIN that is known */
	bool is_prompted;  /* a prompt is open */
	bool prompt_context;
	bool has_yes; /* consent that was not used */
	bool is_checking;
	bool waits_login;
	bool waits_context;
	bool is_revoked; /* lock or expiry since the PIN was sent */
};

struct node {
	struct pin_state state;
	struct model model;
};

#define NODES_MAX 400000
#define TABLE_SIZE (1U << 20)
static struct node *nodes;
static uint32_t *table; /* index + 1 */
static size_t node_count, step_count;

struct way {
	size_t from;
	uint8_t event, flags;
};
static struct way way, *ways; /* how each node was reached; the step at hand */

static void
explain(size_t at)
{
	if (at != 0)
		explain(ways[at].from);
	printf("# event %u flags %u\n", ways[at].event, ways[at].flags);
}

/* As ck_assert_msg, and tells the way that led to the breach. */
#define rule(condition, text)                                                  \
	do {                                                                   \
		if (!(condition)) {                                            \
			explain(way.from);                                     \
			printf("# event %u flags %u\n", way.event, way.flags); \
			fflush(stdout);                                        \
			ck_abort_msg("broken: %s", text);                      \
		}                                                              \
	} while (0)

#define must(condition) rule(condition, #condition)

static uint32_t
hash(const void *p, size_t len)
{
	const uint8_t *bytes = p;
	uint32_t h = 2166136261U;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 16777619U;
	return h;
}

static void
add_node(const struct node *node)
{
	uint32_t at = hash(node, sizeof(*node)) % TABLE_SIZE;

	while (table[at] != 0) {
		if (memcmp(&nodes[table[at] - 1], node, sizeof(*node)) == 0)
			return;
		at = (at + 1) % TABLE_SIZE;
	}
	ck_assert_uint_lt(node_count, NODES_MAX);
	ways[node_count] = way;
	nodes[node_count++] = *node;
	table[at] = (uint32_t)node_count;
}

static unsigned
bit_count(unsigned bits)
{
	return (unsigned)__builtin_popcount(bits);
}

/* What the event itself means, before the machine acts. */
static void
model_event(struct model *m, enum pin_event event, unsigned flags)
{
	switch (event) {
	case PIN_NEED_LOGIN:
		m->waits_login = true;
		break;
	case PIN_NO_LOGIN:
		m->waits_login = false;
		break;
	case PIN_NEED_CONTEXT:
		if (!m->waits_context)
			m->is_cached = (flags & PIN_FLAG_CACHED) != 0;
		m->waits_context = true;
		break;
	case PIN_NO_CONTEXT:
		m->waits_context = m->is_granted = m->is_cached = false;
		break;
	case PIN_CHECKED:
	case PIN_CHECK_FAILED:
		m->is_checking = false;
		break;
	case PIN_TYPED:
		m->has_typed = true;
		m->is_granted = m->prompt_context && m->waits_context;
		m->is_prompted = false;
		break;
	case PIN_BAD:
	case PIN_CANCELLED:
		m->is_prompted = false;
		break;
	case PIN_YES:
		m->is_prompted = false;
		m->has_yes = true;
		break;
	case PIN_OK:
		m->is_sent = false;
		break;
	case PIN_WRONG:
	case PIN_FAILED:
	case PIN_LOST:
		m->is_sent = false;
		m->has_proven = false;
		break;
	case PIN_UNSENT:
		m->is_sent = false;
		m->has_typed = m->sent_typed;
		break;
	case PIN_LOCK:
	case PIN_EXPIRED:
		m->is_revoked = true;
		if (event == PIN_LOCK)
			m->sent_typed = false;
		break;
	default:
		break;
	}
}

static bool
event_is_possible(const struct node *n, enum pin_event event)
{
	switch (event) {
	case PIN_CHECKED:
	case PIN_CHECK_FAILED:
		return n->model.is_checking;
	case PIN_TYPED:
	case PIN_BAD:
		return n->model.is_prompted && n->state.phase == PIN_ASK;
	case PIN_YES:
		return n->model.is_prompted && n->state.phase == PIN_CONFIRM;
	case PIN_CANCELLED:
		return n->model.is_prompted;
	case PIN_OK:
	case PIN_WRONG:
	case PIN_FAILED:
	case PIN_LOST:
	case PIN_UNSENT:
		return n->model.is_sent;
	default:
		return true;
	}
}

/* The rules about sending: before, event and flags, actions. */
static void
check_send(const struct node *before, enum pin_event event, unsigned flags,
    const struct model *m, unsigned actions)
{
	unsigned send = actions & PIN_DO_SEND;

	if (send == 0)
		return;
	must(bit_count(send) == 1);
	/* only right after the flags were asked for */
	must(event == PIN_CHECKED);
	/* one at a time, and never while a prompt is open */
	must(!before->model.is_sent);
	must(!m->is_prompted);
	rule(!(flags & PIN_FLAG_LOCKED), "sent to a locked token");
	if (flags & PIN_FLAG_FINAL)
		rule(before->model.has_yes, "final try without a yes");
	rule(before->model.is_checking, "the flags are not fresh");
	if (send & PIN_DO_SEND_TYPED)
		rule(m->has_typed, "nothing was typed");
	if (send & PIN_DO_LOGIN_TYPED)
		rule(m->waits_login || m->is_granted, "nobody waits for it");
	if (send & PIN_DO_SEND_PROVEN) {
		rule(before->model.has_proven, "not proven");
		must(!(flags & (PIN_FLAG_LOW | PIN_FLAG_FINAL)));
		rule(m->waits_login || m->is_granted || m->is_cached,
		    "nobody waits for it");
	}
	if (send & PIN_DO_SEND_PAD)
		must(flags & PIN_FLAG_PAD);
	if (send & PIN_DO_SEND_CONTEXT) {
		rule(m->waits_context, "no context waits");
		if (!(send & PIN_DO_CONTEXT_PAD))
			rule(m->is_granted ||
				 (m->is_cached &&
				     (send & PIN_DO_CONTEXT_PROVEN)),
			    "a PIN that was not typed for this use");
	}
}

static void
model_actions(struct model *m, enum pin_event event, unsigned actions,
    const struct pin_state *s)
{
	if (actions & PIN_DO_PROVE) {
		must(event == PIN_OK);
		m->has_proven = true;
	}
	if (actions & PIN_DO_WIPE_TYPED)
		m->has_typed = false;
	if (actions & PIN_DO_WIPE_PROVEN)
		m->has_proven = false;
	if (!m->has_proven && !m->has_typed && !m->is_sent)
		m->is_granted = false;
	if (actions & (PIN_DO_RUN_LOGINS | PIN_DO_FAIL_LOGINS)) {
		must(m->waits_login);
		m->waits_login = false;
	}
	if (actions & (PIN_DO_END_CONTEXT | PIN_DO_FAIL_CONTEXT)) {
		if (actions & PIN_DO_FAIL_CONTEXT)
			must(m->waits_context);
		m->waits_context = m->is_granted = m->is_cached = false;
	}
	if (actions & PIN_DO_CLOSE)
		m->is_prompted = false;
	if (actions & PIN_DO_CHECK)
		m->is_checking = true;
	if (actions & (PIN_DO_ASK | PIN_DO_CONFIRM)) {
		must(!m->is_prompted && !m->is_sent);
		m->is_prompted = true;
		m->prompt_context = s->is_for_context;
	}
	if (actions & PIN_DO_SEND) {
		m->is_sent = true;
		m->is_revoked = false;
		m->has_yes = false;
		m->sent_context = (actions & PIN_DO_SEND_CONTEXT) != 0;
		m->sent_typed = (actions & PIN_DO_SEND_TYPED) != 0;
		if (actions & PIN_DO_SEND_TYPED)
			m->has_typed = false; /* never again */
	}
	if (!m->is_sent)
		m->is_revoked = m->sent_context = m->sent_typed = false;
	if (s->phase == PIN_IDLE)
		m->has_yes = m->is_granted = m->prompt_context = false;
}

static void
check_after(const struct node *before, const struct node *after,
    enum pin_event event, unsigned flags, unsigned actions)
{
	const struct model *m = &after->model;
	const struct pin_state *s = &after->state;

	/* somebody who waits is always on the way to an answer */
	must(s->wants_login == m->waits_login);
	must(s->wants_context == m->waits_context);
	if (m->waits_login || m->waits_context)
		must(s->phase != PIN_IDLE);
	/* and what is told to be under way is */
	must((s->phase == PIN_CHECK) == m->is_checking);
	must((s->phase == PIN_SENT) == m->is_sent);
	must(
	    (s->phase == PIN_ASK || s->phase == PIN_CONFIRM) == m->is_prompted);
	/* after a failure no PIN is left */
	if (event == PIN_WRONG || event == PIN_FAILED || event == PIN_LOST)
		must((actions & (PIN_DO_WIPE_TYPED | PIN_DO_WIPE_PROVEN)) ==
		     (PIN_DO_WIPE_TYPED | PIN_DO_WIPE_PROVEN));
	if (event == PIN_LOCK) {
		must(actions & PIN_DO_WIPE_TYPED);
		must(actions & PIN_DO_WIPE_PROVEN);
		must(!m->waits_login && !m->waits_context);
		must(!m->is_prompted);
	}
	/* who shared a prompt that was cancelled is told */
	if (event == PIN_CANCELLED)
		must(!m->waits_login &&
		     !(before->model.prompt_context && m->waits_context));
	if (event == PIN_EXPIRED)
		must(actions & PIN_DO_WIPE_PROVEN);
	/* a lock that came while the PIN was away still counts */
	if (event == PIN_OK && before->state.is_dropped) {
		must(actions & PIN_DO_LOGOUT);
		must(!m->has_proven);
	}
	/* what was lost was one request's */
	if (actions & PIN_DO_FAIL_FIRST) {
		must(event == PIN_LOST && m->waits_login);
		must(!(actions & (PIN_DO_FAIL_LOGINS | PIN_DO_FAIL_CONTEXT)));
	}
	if (event == PIN_LOST && !(before->state.sent & PIN_DO_SEND_PAD))
		must(!(actions & PIN_DO_FAIL_LOGINS));
	/* the caller's secrets are what the machine thinks they are */
	if (!s->has_typed)
		must(!m->has_typed);
	must(s->has_proven == m->has_proven);
	if (flags & PIN_FLAG_LOCKED && event == PIN_CHECKED) {
		must(!(actions & (PIN_DO_ASK | PIN_DO_CONFIRM)));
		must(!m->has_proven || !(before->model.waits_login ||
					   before->model.waits_context));
	}
	must(s->asks <= PIN_ASKS_MAX);
}

static void
walk(const struct node *node, enum pin_event event, unsigned flags)
{
	struct node after = *node;
	unsigned actions;

	step_count++;
	way.from = (size_t)(node - nodes);
	way.event = (uint8_t)event;
	way.flags = (uint8_t)flags;
	if (!event_is_possible(node, event)) {
		/* An answer to nothing, or a late one. */
		if (event != PIN_TYPED)
			must(pin_step(&after.state, event, flags) == 0);
		return;
	}
	model_event(&after.model, event, flags);
	actions = pin_step(&after.state, event, flags);
	check_send(node, event, flags, &after.model, actions);
	model_actions(&after.model, event, actions, &after.state);
	check_after(node, &after, event, flags, actions);
	if (after.state.phase != PIN_SENT)
		after.state.sent = 0;
	add_node(&after);
}

START_TEST(every_state_keeps_the_rules)
{
	struct node first;
	size_t at;
	unsigned event, flags;

	nodes = calloc(NODES_MAX, sizeof(*nodes));
	table = calloc(TABLE_SIZE, sizeof(*table));
	ways = calloc(NODES_MAX, sizeof(*ways));
	ck_assert(nodes != NULL && table != NULL && ways != NULL);
	memset(&first, 0, sizeof(first));
	add_node(&first);
	for (at = 0; at < node_count; at++) {
		walk(&nodes[at], PIN_NEED_CONTEXT, PIN_FLAG_CACHED);
		for (event = 0; event < PIN_EVENT_COUNT; event++)
			for (flags = 0;
			     flags < (event == PIN_CHECKED ? 16U : 1U); flags++)
				walk(&nodes[at], (enum pin_event)event, flags);
	}
	/* The walk went somewhere. */
	ck_assert_uint_gt(node_count, 500);
	printf("# %zu states, %zu steps\n", node_count, step_count);
	free(nodes);
	free(table);
	free(ways);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pin");
	TCase *tcase = tcase_create("pin");

	tcase_add_test(tcase, every_state_keeps_the_rules);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
