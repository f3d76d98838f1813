/*
 * policy.h: which program may use which key for what, and whether a person
 * is asked before: rules from the configuration. Pure code: no I/O, no clock.
 *
 *	[rule NAME]
 *	keys = 9c, SHA-256, pkcs11:...	what it is about; without: all keys
 *	for = sign, open, raw, write	and which verbs; without: all
 *	programs = /usr/bin/git, ...	only these executables (fnmatch(3))
 *	users = 1000, alice		only these users
 *	deny = yes			nobody
 *	raw = yes			raw operations are not off
 *	confirm = never | once | always
 *	confirm-window = 300		seconds that one yes is good for
 *	pin = each | cached		of keys that always authenticate
 *
 * Every rule that is about the key and the verb holds, and the strictest word
 * counts, so that no rule can widen what another one narrows: programs and
 * users must be in every list, "always" goes before "once" before "never",
 * "each" before "cached". Only raw has to be allowed, by at least one rule.
 * A rule stands in one file: the same name in another file is another rule.
 *
 * Writing is about a token: of rules that name keys those hold whose URI is the
 * token's. A person is always asked, unless a rule that names write in its
 * "for" says otherwise.
 *
 * The path of a program narrows and never grants: a process can execute
 * another program after it connected (doc/threats.md).
 */
#ifndef AGENT_POLICY_H
#define AGENT_POLICY_H

#include "asn1/buf.h"

#define POLICY_RULES_MAX 64
#define POLICY_ITEMS_MAX 64 /* of one list */
#define POLICY_NAME_MAX 48
#define POLICY_HASH_LEN 32
#define POLICY_WINDOW_S 300
#define POLICY_WINDOW_S_MAX 86400

enum policy_verb {
	POLICY_SIGN = 1 << 0,
	POLICY_OPEN = 1 << 1,
	POLICY_RAW = 1 << 2,
	POLICY_WRITE = 1 << 3, /* to a token */
	POLICY_VERBS_ALL = (1 << 4) - 1,
};

/* In the order of growing strictness; 0: the rule does not say. */
enum policy_confirm {
	POLICY_CONFIRM_UNSET,
	POLICY_CONFIRM_NEVER,
	POLICY_CONFIRM_ONCE,
	POLICY_CONFIRM_ALWAYS,
};

enum policy_pin { POLICY_PIN_UNSET, POLICY_PIN_CACHED, POLICY_PIN_EACH };

struct policy_list {
	char *items[POLICY_ITEMS_MAX];
	unsigned len;
};

struct policy_rule {
	char name[POLICY_NAME_MAX];
	unsigned file; /* which file it came from */
	struct policy_list keys, programs, users;
	unsigned verbs; /* 0: all */
	bool denies, allows_raw;
	enum policy_confirm confirm;
	unsigned window_s; /* 0: unset */
	enum policy_pin pin;
};

/* All zero is a policy without rules. */
struct policy {
	struct policy_rule *rules;
	unsigned len;
	unsigned file;
};

/* One wish to use a key, or (POLICY_WRITE) a token, which has a URI and nothing
 * else of a key. Text may be empty, not NULL. */
struct policy_query {
	enum policy_verb verb;
	const char *exe; /* as the kernel says; "": not known */
	unsigned long uid;
	struct bytes key_id; /* POLICY_HASH_LEN octets, or empty */
	/* SHA-256 of each of its certificates, one behind the other */
	struct bytes certificates;
	struct bytes role;
	struct bytes uri; /* of the key or token, RFC 7512 */
	bool always_authenticates;
	bool is_restricted; /* came over the socket for forwarding */
};

enum policy_why {
	POLICY_ALLOWED,
	POLICY_RAW_OFF,
	POLICY_DENIED,
	POLICY_PROGRAM,
	POLICY_USER,
	POLICY_FORWARDED,
};

struct policy_verdict {
	enum policy_why why;
	const char *rule;	     /* that refuses, or "" */
	enum policy_confirm confirm; /* never UNSET */
	unsigned window_s;
	bool takes_cached_pin; /* for a key that always authenticates */
};

void policy_clear(struct policy *p);
/* What follows comes from another file. */
void policy_next_file(struct policy *p);
/* Is that section the policy's? */
bool policy_has_section(const char *section);
/* One line of such a section; lists grow, others are replaced.
 * CS_ERR_CONFIG: e says what is wrong. NO_MEMORY. */
int CS_MUST_USE policy_set(struct policy *p, const char *section,
    const char *name, const char *text, struct err *e);
/* Does any rule name a key by a digest (of the key or a certificate)? */
bool policy_wants_digests(const struct policy *p);

void policy_judge(const struct policy *p, const struct policy_query *q,
    struct policy_verdict *v);
/* The refusal as an error: CS_ERR_POLICY and why, and what to do. */
int policy_err(const struct policy_verdict *v, const struct policy_query *q,
    struct err *e);

/* For policy_*.c: a SHA-256 digest in hex, colons and 0x allowed. */
bool policy_digest(const char *text, uint8_t out[POLICY_HASH_LEN]);
int policy_hex_digit(char c); /* -1: none */
bool policy_is_uri(const char *key);
/* RFC 7512: all that the wanted one names must be the same in uri. */
bool policy_uri_matches(const char *wanted, struct bytes uri);

#endif
