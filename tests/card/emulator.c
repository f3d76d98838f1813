#include "tests/card/emulator.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/card/apdu.h"
#include "tests/card/control.h"
#include "tests/card/rule.h"
#include "tests/card/vpcd.h"

#define EMULATOR_MS_MAX 600000

/* An answer that is held back. */
struct pending {
	bool is_there, is_hung, is_pull;
	int64_t due_ms;
	unsigned ins;
	struct buf answer;
};

struct emulator {
	const struct card_ops *ops;
	void *card;
	struct vpcd vpcd;
	struct control control;
	struct rules rules;
	struct pending pending;
	FILE *trace;
	bool is_powered;
};

static volatile sig_atomic_t is_over;

static void
on_signal(int number)
{
	(void)number;
	is_over = 1;
}

/* --- commands --- */

/* What came and what went, without data: there may be a PIN in it. */
static void
emulator_trace(struct emulator *e, struct bytes raw, const struct buf *answer)
{
	size_t i;

	if (e->trace == NULL)
		return;
	for (i = 0; i < 4 && i < raw.len; i++)
		(void)fprintf(e->trace, "%02x ", raw.p[i]);
	(void)fprintf(e->trace, "+%zu", raw.len);
	if (answer->len >= 2)
		(void)fprintf(e->trace, " %02x%02x",
		    answer->data[answer->len - 2],
		    answer->data[answer->len - 1]);
	(void)fputc('\n', e->trace);
	(void)fflush(e->trace);
}

static void
pending_forget(struct emulator *e)
{
	buf_clear(&e->pending.answer);
	e->pending = (struct pending){0};
}

static void
emulator_remove(struct emulator *e)
{
	pending_forget(e);
	vpcd_remove(&e->vpcd);
	e->is_powered = false;
	e->ops->reset(e->card);
}

static void
emulator_do(struct emulator *e, struct bytes raw, const struct rule *rule,
    bool has_rule)
{
	struct pending *p = &e->pending;

	if (has_rule && rule->action == RULE_FAIL) {
		buf_add_byte(&p->answer, (uint8_t)(rule->sw >> 8));
		buf_add_byte(&p->answer, (uint8_t)rule->sw);
	} else if (!has_rule || rule->action != RULE_EARLY) {
		e->ops->command(e->card, raw, &p->answer);
	}
	emulator_trace(e, raw, &p->answer);
	p->is_there = true;
	p->ins = raw.p[1];
	p->due_ms = now_ms();
	if (has_rule) {
		p->due_ms += rule->ms;
		p->is_hung = rule->action == RULE_HANG;
		p->is_pull =
		    rule->action == RULE_PULL || rule->action == RULE_EARLY;
	}
}

static void
emulator_power(struct emulator *e, uint8_t what)
{
	switch (what) {
	case VPCD_ATR:
		vpcd_send(&e->vpcd, e->ops->atr(e->card));
		break;
	case VPCD_POWER_OFF:
	case VPCD_POWER_ON:
	case VPCD_RESET:
		e->is_powered = what != VPCD_POWER_OFF;
		e->ops->reset(e->card);
		break;
	default:
		break;
	}
}

static void
emulator_message(struct emulator *e, struct bytes message)
{
	static const uint8_t no_command[] = {0x67, 0x00};
	struct rule rule = {0};
	bool has_rule = false;

	if (message.len == 1) {
		emulator_power(e, message.p[0]);
	} else if (message.len < 4) {
		vpcd_send(&e->vpcd, bytes_of(no_command, 2));
	} else {
		if ((message.p[0] & APDU_CLA_CHAIN) == 0)
			has_rule = rules_take(&e->rules, message.p[1], &rule);
		emulator_do(e, message, &rule, has_rule);
	}
}

/* Sends, or pulls, what is due. False: it is not yet time. */
static bool
emulator_settle(struct emulator *e)
{
	struct pending *p = &e->pending;

	if (!p->is_there)
		return true;
	if (p->is_hung || now_ms() < p->due_ms)
		return false;
	if (p->is_pull)
		emulator_remove(e);
	else
		vpcd_send(&e->vpcd, buf_get(&p->answer));
	pending_forget(e);
	return true;
}

static void
emulator_drain(struct emulator *e)
{
	struct bytes message;

	while (emulator_settle(e) && vpcd_next(&e->vpcd, &message)) {
		emulator_message(e, message);
		vpcd_done(&e->vpcd, message.len);
	}
}

/* --- control --- */

static bool
get_ms(char *const *words, size_t len, size_t at, int64_t *ms)
{
	unsigned n;

	*ms = -1;
	if (len <= at)
		return true;
	if (!word_get_uint(words[at], 10, EMULATOR_MS_MAX, &n))
		return false;
	*ms = n;
	return true;
}

static void
control_status(struct emulator *e, struct buf *reply)
{
	buf_printf(reply,
	    "inserted=%d connected=%d powered=%d pending=", e->vpcd.is_wanted,
	    e->vpcd.fd >= 0, e->is_powered);
	if (e->pending.is_there)
		buf_printf(reply, "%02x", e->pending.ins);
	buf_printf(reply, " rules=%zu", e->rules.len);
	e->ops->status(e->card, reply);
}

static bool
control_insert(struct emulator *e, char **words, size_t len)
{
	int64_t ms;

	if (!get_ms(words, len, 1, &ms))
		return false;
	vpcd_insert(&e->vpcd, ms);
	return true;
}

static bool
control_swap(struct emulator *e, char **words, size_t len, struct buf *reply)
{
	struct err err = ERR_INIT;
	int64_t ms;

	if (len < 2 || !get_ms(words, len, 2, &ms))
		return false;
	emulator_remove(e);
	if (!e->ops->load(e->card, words[1], &err)) {
		buf_add_str(reply, err.text);
		return false;
	}
	vpcd_insert(&e->vpcd, ms);
	return true;
}

static void
control_clear(struct emulator *e)
{
	e->rules.len = 0;
	e->pending.is_hung = e->pending.is_pull = false;
	e->pending.due_ms = 0;
}

static bool
on_control(void *ctx, char **words, size_t len, struct buf *reply)
{
	struct emulator *e = ctx;

	if (rule_is_word(words[0]))
		return rules_add(&e->rules, words, len);
	if (strcmp(words[0], "status") == 0)
		control_status(e, reply);
	else if (strcmp(words[0], "remove") == 0)
		emulator_remove(e);
	else if (strcmp(words[0], "insert") == 0)
		return control_insert(e, words, len);
	else if (strcmp(words[0], "swap") == 0)
		return control_swap(e, words, len, reply);
	else if (strcmp(words[0], "reset") == 0)
		e->ops->reset(e->card);
	else if (strcmp(words[0], "clear") == 0)
		control_clear(e);
	else if (strcmp(words[0], "set") == 0)
		return len == 3 && e->ops->set(e->card, words[1], words[2]);
	else
		return false;
	return true;
}

/* --- the loop --- */

static int
emulator_timeout(const struct emulator *e)
{
	const struct pending *p = &e->pending;
	int64_t left;
	int timeout = vpcd_timeout(&e->vpcd);

	if (p->is_there && !p->is_hung) {
		left = p->due_ms - now_ms();
		if (left < 0)
			left = 0;
		if (timeout < 0 || left < timeout)
			timeout = (int)left;
	}
	return timeout;
}

static void
emulator_step(struct emulator *e)
{
	struct pollfd fds[1 + CONTROL_FDS];

	vpcd_step(&e->vpcd);
	fds[0] = (struct pollfd){.fd = e->vpcd.fd, .events = POLLIN};
	control_poll(&e->control, fds + 1);
	if (poll(fds, 1 + CONTROL_FDS, emulator_timeout(e)) < 0)
		return;
	if (fds[0].revents != 0 && !vpcd_read(&e->vpcd)) {
		pending_forget(e);
		e->is_powered = false;
		e->ops->reset(e->card);
	}
	control_serve(&e->control, fds + 1);
	emulator_drain(e);
}

static void
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
}

struct options {
	const char *port_file, *control, *trace, *card;
	bool is_absent;
};

static bool
get_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"port-file", required_argument, NULL, 'p'},
	    {"control", required_argument, NULL, 'c'},
	    {"trace", required_argument, NULL, 't'},
	    {"absent", no_argument, NULL, 'a'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'p')
			o->port_file = optarg;
		else if (c == 'c')
			o->control = optarg;
		else if (c == 't')
			o->trace = optarg;
		else if (c == 'a')
			o->is_absent = true;
		else
			return false;
	}
	if (optind + 1 != argc)
		return false;
	o->card = argv[optind];
	return o->port_file != NULL && o->control != NULL;
}

int
emulator_main(int argc, char **argv, const struct card_ops *ops, void *card)
{
	static struct emulator e;
	struct options o = {0};
	struct err err = ERR_INIT;

	if (!get_options(&o, argc, argv)) {
		(void)fprintf(stderr,
		    "usage: %s --port-file FILE --control SOCKET"
		    " [--trace FILE] [--absent] CARD\n",
		    argv[0]);
		return 2;
	}
	e.ops = ops;
	e.card = card;
	vpcd_init(&e.vpcd, o.port_file);
	if (!ops->load(card, o.card, &err)) {
		(void)fprintf(stderr, "%s: %s\n", argv[0], err.text);
		return 1;
	}
	if (o.trace != NULL)
		e.trace = fopen(o.trace, "ae");
	if (!control_open(&e.control, o.control, on_control, &e)) {
		(void)fprintf(stderr, "%s: %s: %s\n", argv[0], o.control,
		    strerror(errno));
		return 1;
	}
	catch_signals();
	if (!o.is_absent)
		vpcd_insert(&e.vpcd, -1);
	while (!is_over)
		emulator_step(&e);
	emulator_remove(&e);
	if (e.trace != NULL)
		(void)fclose(e.trace);
	return 0;
}
