/*
 * rule.h: what an emulated card does wrong, and when. A rule in words:
 *
 *	delay MS | hang | fail SW | pull [MS] | early [MS]
 *	    [ins=XX] [skip=N] [times=N]
 *
 * delay	the answer comes MS milliseconds later
 * hang		it never comes
 * fail		the command is not done; the answer is this status word
 * pull		the card is pulled MS after the command was done, before the
 *		answer
 * early	the card is pulled MS after the command came, which is not done
 *
 * A rule holds for commands with that INS (parts of a chained command but
 * the last are no matter), after the first N of them, and then for N times:
 * "delay" for ever, the others once, if nothing else is said.
 */
#ifndef TESTS_CARD_RULE_H
#define TESTS_CARD_RULE_H

#include <stdbool.h>
#include <stddef.h>

#define RULES_MAX 32

enum rule_action { RULE_DELAY, RULE_HANG, RULE_FAIL, RULE_PULL, RULE_EARLY };

struct rule {
	enum rule_action action;
	bool has_ins, is_endless;
	unsigned ins, skip, times, ms, sw;
};

struct rules {
	struct rule list[RULES_MAX];
	size_t len;
};

/* False: these words are no rule, or there is no room. */
bool rules_add(struct rules *r, char *const *words, size_t len);
/* The rule for a command that comes now; counts it. False: none. */
bool rules_take(struct rules *r, unsigned ins, struct rule *found);
/* "delay", "hang" ... */
bool rule_is_word(const char *word);

#endif
