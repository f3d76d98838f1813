#include "agent/policy.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POLICY_PREFIX "rule "
#define POLICY_QUOTE_MAX 128

void
policy_clear(struct policy *p)
{
	struct policy_list *lists[3];
	unsigned i, j, k;

	for (i = 0; i < p->len; i++) {
		lists[0] = &p->rules[i].keys;
		lists[1] = &p->rules[i].programs;
		lists[2] = &p->rules[i].users;
		for (j = 0; j < 3; j++)
			for (k = 0; k < lists[j]->len; k++)
				free(lists[j]->items[k]);
	}
	free(p->rules);
	*p = (struct policy){0};
}

void
policy_next_file(struct policy *p)
{
	p->file++;
}

bool
policy_has_section(const char *section)
{
	return strncmp(section, POLICY_PREFIX, strlen(POLICY_PREFIX)) == 0;
}

/* --- reading --- */

static struct policy_rule *
policy_rule_get(struct policy *p, const char *name)
{
	struct policy_rule *r;
	unsigned i;

	for (i = 0; i < p->len; i++)
		if (p->rules[i].file == p->file &&
		    strcmp(p->rules[i].name, name) == 0)
			return &p->rules[i];
	if (p->rules == NULL)
		p->rules = calloc(POLICY_RULES_MAX, sizeof(*p->rules));
	if (p->rules == NULL || p->len == POLICY_RULES_MAX)
		return NULL;
	r = &p->rules[p->len++];
	r->file = p->file;
	memcpy(r->name, name, strlen(name));
	return r;
}

static bool
policy_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next of the items between commas; false at the end. */
static bool
policy_item(const char **text, struct bytes *item)
{
	const char *start = *text, *end;

	while (policy_is_blank(*start) || *start == ',')
		start++;
	*text = end = start + strcspn(start, ",");
	while (end > start && policy_is_blank(end[-1]))
		end--;
	*item = bytes_of(start, (size_t)(end - start));
	return item->len != 0;
}

static int
policy_bad(struct err *e, const char *name, struct bytes item, const char *what)
{
	char quoted[POLICY_QUOTE_MAX];

	return err_set(e, -CS_ERR_CONFIG, "%s: \"%s\" is %s", name,
	    err_quote(quoted, sizeof(quoted), item.p, item.len), what);
}

int
policy_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A SHA-256 digest in hex, colons and 0x allowed. */
bool
policy_digest(const char *text, uint8_t out[POLICY_HASH_LEN])
{
	size_t n = 0;
	int digit;

	memset(out, 0, POLICY_HASH_LEN);
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	for (; *text != '\0'; text++) {
		if (*text == ':')
			continue;
		digit = policy_hex_digit(*text);
		if (digit < 0 || n == (size_t)POLICY_HASH_LEN * 2)
			return false;
		out[n / 2] = (uint8_t)(out[n / 2] << 4 | digit);
		n++;
	}
	return n == (size_t)POLICY_HASH_LEN * 2;
}

bool
policy_is_uri(const char *key)
{
	return strncasecmp(key, "pkcs11:", 7) == 0;
}

/* A role has few characters: a digest with a typing error is none. */
static bool
policy_is_key(const char *key)
{
	uint8_t digest[POLICY_HASH_LEN];

	return strcmp(key, "*") == 0 || policy_is_uri(key) ||
	       strlen(key) <= 4 || policy_digest(key, digest);
}

/* A name becomes its number. */
static char *
policy_user(char *user)
{
	struct passwd *pw;
	char number[24];

	if (user[strspn(user, "0123456789")] == '\0')
		return user;
	pw = getpwnam(user);
	free(user);
	if (pw == NULL)
		return NULL;
	snprintf(number, sizeof(number), "%lu", (unsigned long)pw->pw_uid);
	return strdup(number);
}

static int
policy_add(struct policy_list *list, const char *name, struct bytes item,
    struct err *e)
{
	char *s;

	if (list->len == POLICY_ITEMS_MAX)
		return err_set(e, -CS_ERR_CONFIG, "%s: more than %d in a list",
		    name, POLICY_ITEMS_MAX);
	s = bytes_dup_str(item);
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (name[0] == 'k' && !policy_is_key(s)) {
		free(s);
		return policy_bad(e, name, item,
		    "neither a role such as 9c, nor a SHA-256 digest, nor a "
		    "pkcs11: URI");
	}
	if (name[0] == 'p' && s[0] != '/') {
		free(s);
		return policy_bad(e, name, item, "not a whole path");
	}
	if (name[0] == 'u') {
		s = policy_user(s);
		if (s == NULL)
			return policy_bad(e, name, item, "not a user");
	}
	list->items[list->len++] = s;
	return 0;
}

static int
policy_add_all(
    struct policy_list *list, const char *name, const char *text, struct err *e)
{
	unsigned before = list->len;
	struct bytes item;
	int r = 0;

	while (r == 0 && policy_item(&text, &item))
		r = policy_add(list, name, item, e);
	if (r == 0 && list->len == before)
		r = err_set(e, -CS_ERR_CONFIG, "%s: the list is empty", name);
	return r;
}

struct policy_word {
	const char *word;
	unsigned value;
};

static const struct policy_word policy_verbs[] = {{"sign", POLICY_SIGN},
    {"open", POLICY_OPEN}, {"raw", POLICY_RAW}, {"write", POLICY_WRITE}, {0}};
static const struct policy_word policy_booleans[] = {
    {"no", 0}, {"yes", 1}, {0}};
static const struct policy_word policy_confirms[] = {
    {"never", POLICY_CONFIRM_NEVER}, {"once", POLICY_CONFIRM_ONCE},
    {"always", POLICY_CONFIRM_ALWAYS}, {0}};
static const struct policy_word policy_pins[] = {
    {"cached", POLICY_PIN_CACHED}, {"each", POLICY_PIN_EACH}, {0}};

static int
policy_get_word(const struct policy_word *words, const char *name,
    struct bytes item, unsigned *value, struct err *e)
{
	char wanted[POLICY_QUOTE_MAX] = "";
	size_t used = 0;

	for (; words->word != NULL; words++) {
		*value = words->value;
		if (bytes_is_equal(item, bytes_of_str(words->word)))
			return 0;
		used += (size_t)snprintf(wanted + used, sizeof(wanted) - used,
		    "%s%s", used != 0 ? ", " : "none of ", words->word);
	}
	return policy_bad(e, name, item, wanted);
}

static int
policy_set_verbs(struct policy_rule *r, const char *text, struct err *e)
{
	struct bytes item;
	unsigned verb, verbs = 0;
	int code = 0;

	while (code == 0 && policy_item(&text, &item)) {
		code = policy_get_word(policy_verbs, "for", item, &verb, e);
		if (code == 0)
			verbs |= verb;
	}
	r->verbs |= verbs;
	if (code == 0 && verbs == 0)
		code = err_set(e, -CS_ERR_CONFIG, "for: the list is empty");
	return code;
}

static int
policy_set_window(struct policy_rule *r, const char *text, struct err *e)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    value == 0 || value > POLICY_WINDOW_S_MAX)
		return policy_bad(e, "confirm-window", bytes_of_str(text),
		    "not a number from 1 to 86400");
	r->window_s = (unsigned)value;
	return 0;
}

static int
policy_set_rule(
    struct policy_rule *r, const char *name, const char *text, struct err *e)
{
	struct bytes word = bytes_of_str(text);
	unsigned value = 0;
	int code;

	if (strcmp(name, "keys") == 0)
		return policy_add_all(&r->keys, name, text, e);
	if (strcmp(name, "programs") == 0)
		return policy_add_all(&r->programs, name, text, e);
	if (strcmp(name, "users") == 0)
		return policy_add_all(&r->users, name, text, e);
	if (strcmp(name, "for") == 0)
		return policy_set_verbs(r, text, e);
	if (strcmp(name, "confirm-window") == 0)
		return policy_set_window(r, text, e);
	if (strcmp(name, "confirm") == 0) {
		code = policy_get_word(policy_confirms, name, word, &value, e);
		r->confirm = (enum policy_confirm)value;
		return code;
	}
	if (strcmp(name, "pin") == 0) {
		code = policy_get_word(policy_pins, name, word, &value, e);
		r->pin = (enum policy_pin)value;
		return code;
	}
	if (strcmp(name, "deny") != 0 && strcmp(name, "raw") != 0)
		return policy_bad(
		    e, r->name, bytes_of_str(name), "no key of a rule");
	code = policy_get_word(policy_booleans, name, word, &value, e);
	if (name[0] == 'd')
		r->denies = value != 0;
	else
		r->allows_raw = value != 0;
	return code;
}

int
policy_set(struct policy *p, const char *section, const char *name,
    const char *text, struct err *e)
{
	struct policy_rule *r;
	const char *rule;

	if (!policy_has_section(section))
		return err_set(e, -CS_ERR_CONFIG, "no rule's section");
	rule = section + strlen(POLICY_PREFIX);
	rule += strspn(rule, " ");
	if (rule[0] == '\0' || strlen(rule) >= POLICY_NAME_MAX)
		return err_set(
		    e, -CS_ERR_CONFIG, "a rule must have a name: [rule NAME]");
	r = policy_rule_get(p, rule);
	if (r == NULL)
		return err_set(e, -CS_ERR_CONFIG,
		    "there are more than %d rules", POLICY_RULES_MAX);
	return policy_set_rule(r, name, text, e);
}
