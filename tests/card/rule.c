#include "tests/card/rule.h"

#include <string.h>

#include "tests/card/words.h"

#define RULE_MS_MAX 600000
#define RULE_TIMES_MAX 1000000

static const char *const rule_words[] = {
    [RULE_DELAY] = "delay",
    [RULE_HANG] = "hang",
    [RULE_FAIL] = "fail",
    [RULE_PULL] = "pull",
    [RULE_EARLY] = "early",
};
#define RULE_WORDS (sizeof(rule_words) / sizeof(rule_words[0]))

static bool
rule_find(const char *word, enum rule_action *action)
{
	size_t i;

	for (i = 0; i < RULE_WORDS; i++) {
		if (strcmp(word, rule_words[i]) == 0) {
			*action = (enum rule_action)i;
			return true;
		}
	}
	return false;
}

bool
rule_is_word(const char *word)
{
	enum rule_action action;

	return rule_find(word, &action);
}

/* What stands right after the action's word. */
static bool
rule_get_value(struct rule *r, const char *word)
{
	bool is_there = word != NULL && strchr(word, '=') == NULL;

	switch (r->action) {
	case RULE_DELAY:
		return is_there && word_get_uint(word, 10, RULE_MS_MAX, &r->ms);
	case RULE_FAIL:
		return is_there && word_get_uint(word, 16, 0xffff, &r->sw);
	case RULE_PULL:
	case RULE_EARLY:
		return !is_there ||
		       word_get_uint(word, 10, RULE_MS_MAX, &r->ms);
	default:
		return !is_there;
	}
}

static bool
rule_get_uint(char *const *words, size_t len, const char *name, int base,
    unsigned max, unsigned *value)
{
	const char *text = words_get(words, len, name);

	return text == NULL || word_get_uint(text, base, max, value);
}

bool
rules_add(struct rules *r, char *const *words, size_t len)
{
	struct rule rule = {.times = 1};

	if (r->len == RULES_MAX || len == 0 ||
	    !rule_find(words[0], &rule.action) ||
	    !rule_get_value(&rule, len > 1 ? words[1] : NULL))
		return false;
	rule.has_ins = words_get(words, len, "ins") != NULL;
	rule.is_endless =
	    rule.action == RULE_DELAY && words_get(words, len, "times") == NULL;
	if (!rule_get_uint(words, len, "ins", 16, 255, &rule.ins) ||
	    !rule_get_uint(
		words, len, "skip", 10, RULE_TIMES_MAX, &rule.skip) ||
	    !rule_get_uint(
		words, len, "times", 10, RULE_TIMES_MAX, &rule.times))
		return false;
	r->list[r->len++] = rule;
	return true;
}

static void
rules_drop(struct rules *r, size_t i)
{
	r->len--;
	memmove(
	    r->list + i, r->list + i + 1, (r->len - i) * sizeof(r->list[0]));
}

bool
rules_take(struct rules *r, unsigned ins, struct rule *found)
{
	struct rule *rule;
	size_t i;

	for (i = 0; i < r->len; i++) {
		rule = &r->list[i];
		if (rule->has_ins && rule->ins != ins)
			continue;
		if (rule->skip > 0) {
			rule->skip--;
			continue;
		}
		*found = *rule;
		if (!rule->is_endless && --rule->times == 0)
			rules_drop(r, i);
		return true;
	}
	return false;
}
