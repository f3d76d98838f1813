#include "agent/policy.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define POLICY_DELETED " (deleted)" /* Linux says so behind the path */
#define POLICY_QUOTE_MAX 128
#define POLICY_PATH_MAX 512

bool
policy_wants_digests(const struct policy *p)
{
	unsigned i, j;

	for (i = 0; i < p->len; i++)
		for (j = 0; j < p->rules[i].keys.len; j++)
			if (strlen(p->rules[i].keys.items[j]) >=
				(size_t)POLICY_HASH_LEN * 2 &&
			    !policy_is_uri(p->rules[i].keys.items[j]))
				return true;
	return false;
}

/* One octet of a URI, percent-decoded. */
static int
policy_uri_octet(const char **at, const char *end)
{
	const char *p = *at;
	int high, low;

	if (*p == '%' && end - p >= 3) {
		high = policy_hex_digit(p[1]);
		low = policy_hex_digit(p[2]);
		if (high >= 0 && low >= 0) {
			*at += 3;
			return high << 4 | low;
		}
	}
	*at += 1;
	return (unsigned char)*p;
}

static bool
policy_uri_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_end = a + a_len, *b_end = b + b_len;

	while (a < a_end && b < b_end)
		if (policy_uri_octet(&a, a_end) != policy_uri_octet(&b, b_end))
			return false;
	return a == a_end && b == b_end;
}

/* Is the attribute, NAME=VALUE, one of the URI's path? */
static bool
policy_uri_has(const char *attribute, size_t len, const char *uri)
{
	size_t n;

	for (uri += strlen("pkcs11:"); *uri != '\0' && *uri != '?';
	     uri += n + (uri[n] == ';')) {
		n = strcspn(uri, ";?");
		if (policy_uri_same(attribute, len, uri, n))
			return true;
	}
	return false;
}

bool
policy_uri_matches(const char *wanted, struct bytes uri)
{
	char *whole = bytes_dup_str(uri);
	bool matches = whole != NULL && policy_is_uri(whole);
	size_t n;

	for (wanted += strlen("pkcs11:");
	     matches && *wanted != '\0' && *wanted != '?';
	     wanted += n + (wanted[n] == ';')) {
		n = strcspn(wanted, ";?");
		matches = n == 0 || policy_uri_has(wanted, n, whole);
	}
	free(whole);
	return matches;
}

static bool
policy_key_matches(const char *wanted, const struct policy_query *q)
{
	uint8_t digest[POLICY_HASH_LEN];
	size_t i;

	if (strcmp(wanted, "*") == 0)
		return true;
	if (policy_is_uri(wanted))
		return policy_uri_matches(wanted, q->uri);
	if (!policy_digest(wanted, digest))
		return strlen(wanted) == q->role.len && q->role.len != 0 &&
		       strncasecmp(
			   wanted, (const char *)q->role.p, q->role.len) == 0;
	if (bytes_is_equal(bytes_of(digest, sizeof(digest)), q->key_id))
		return true;
	for (i = 0; i + POLICY_HASH_LEN <= q->certificates.len;
	     i += POLICY_HASH_LEN)
		if (bytes_is_equal(
			bytes_of(q->certificates.p + i, POLICY_HASH_LEN),
			bytes_of(digest, sizeof(digest))))
			return true;
	return false;
}

/* Is the rule about that key and verb? */
static bool
policy_applies(const struct policy_rule *r, const struct policy_query *q)
{
	unsigned i;

	if (r->verbs != 0 && !(r->verbs & q->verb))
		return false;
	if (r->keys.len == 0)
		return true;
	for (i = 0; i < r->keys.len; i++)
		if (policy_key_matches(r->keys.items[i], q))
			return true;
	return false;
}

/* A program that was upgraded while it runs is still that program. */
static bool
policy_has_program(const struct policy_list *list, const char *exe)
{
	size_t len = strlen(exe), tail = strlen(POLICY_DELETED);
	char path[POLICY_PATH_MAX];
	unsigned i;

	if (len == 0 || len >= sizeof(path))
		return false;
	memcpy(path, exe, len + 1);
	if (len > tail && strcmp(path + len - tail, POLICY_DELETED) == 0)
		path[len - tail] = '\0';
	for (i = 0; i < list->len; i++)
		if (fnmatch(list->items[i], path, FNM_PATHNAME) == 0)
			return true;
	return false;
}

static bool
policy_has_user(const struct policy_list *list, unsigned long uid)
{
	unsigned i;

	for (i = 0; i < list->len; i++)
		if (strtoul(list->items[i], NULL, 10) == uid)
			return true;
	return false;
}

static enum policy_why
policy_rule_refuses(const struct policy_rule *r, const struct policy_query *q)
{
	if (r->denies)
		return POLICY_DENIED;
	if (r->programs.len != 0 && !policy_has_program(&r->programs, q->exe))
		return POLICY_PROGRAM;
	if (r->users.len != 0 && !policy_has_user(&r->users, q->uid))
		return POLICY_USER;
	return POLICY_ALLOWED;
}

struct policy_sum {
	bool allows_raw;
	bool names_write;
	enum policy_confirm confirm;
	unsigned window_s;
	enum policy_pin pin;
};

static void
policy_add_rule(struct policy_sum *sum, const struct policy_rule *r)
{
	if (r->allows_raw)
		sum->allows_raw = true;
	if ((r->verbs & POLICY_WRITE) && r->confirm != POLICY_CONFIRM_UNSET)
		sum->names_write = true;
	if (r->confirm > sum->confirm)
		sum->confirm = r->confirm;
	if (r->pin > sum->pin)
		sum->pin = r->pin;
	if (r->window_s != 0 &&
	    (sum->window_s == 0 || r->window_s < sum->window_s))
		sum->window_s = r->window_s;
}

static void
policy_conclude(const struct policy_sum *sum, const struct policy_query *q,
    struct policy_verdict *v)
{
	v->takes_cached_pin =
	    q->always_authenticates && sum->pin == POLICY_PIN_CACHED;
	v->window_s = sum->window_s != 0 ? sum->window_s : POLICY_WINDOW_S;
	v->confirm = sum->confirm;
	/* The button takes the place of the PIN. */
	if (v->confirm == POLICY_CONFIRM_UNSET)
		v->confirm = v->takes_cached_pin ? POLICY_CONFIRM_ALWAYS
						 : POLICY_CONFIRM_NEVER;
	if (q->is_restricted || (q->verb == POLICY_WRITE && !sum->names_write))
		v->confirm = POLICY_CONFIRM_ALWAYS;
	if (v->why != POLICY_ALLOWED)
		return;
	if (q->is_restricted && q->verb != POLICY_SIGN)
		v->why = POLICY_FORWARDED;
	else if (q->verb == POLICY_RAW && !sum->allows_raw)
		v->why = POLICY_RAW_OFF;
}

void
policy_judge(const struct policy *p, const struct policy_query *q,
    struct policy_verdict *v)
{
	struct policy_sum sum = {0};
	const struct policy_rule *r;
	unsigned i;

	*v = (struct policy_verdict){.rule = ""};
	for (i = 0; i < p->len; i++) {
		r = &p->rules[i];
		if (!policy_applies(r, q))
			continue;
		policy_add_rule(&sum, r);
		if (v->why == POLICY_ALLOWED) {
			v->why = policy_rule_refuses(r, q);
			if (v->why != POLICY_ALLOWED)
				v->rule = r->name;
		}
	}
	policy_conclude(&sum, q, v);
}

int
policy_err(
    const struct policy_verdict *v, const struct policy_query *q, struct err *e)
{
	char exe[POLICY_QUOTE_MAX];

	err_quote(exe, sizeof(exe), q->exe, strlen(q->exe));
	switch (v->why) {
	case POLICY_ALLOWED:
		return 0;
	case POLICY_RAW_OFF:
		return err_set(e, -CS_ERR_POLICY,
		    "raw operations are off: no rule of agent.conf has \"raw "
		    "= yes\" for this key");
	case POLICY_DENIED:
		return err_set(e, -CS_ERR_POLICY,
		    "rule \"%s\" of agent.conf allows nobody to do this with "
		    "the %s",
		    v->rule, q->verb == POLICY_WRITE ? "token" : "key");
	case POLICY_PROGRAM:
		return err_set(e, -CS_ERR_POLICY,
		    "rule \"%s\" of agent.conf allows this only to other "
		    "programs than %s",
		    v->rule, exe[0] != '\0' ? exe : "one that is not known");
	case POLICY_USER:
		return err_set(e, -CS_ERR_POLICY,
		    "rule \"%s\" of agent.conf allows this only to other users "
		    "than %lu",
		    v->rule, q->uid);
	case POLICY_FORWARDED:
		break;
	}
	return err_set(e, -CS_ERR_POLICY,
	    "the agent's restricted socket serves only lists and signatures");
}
