/*
 * inventory.h: tokens, keys and certificates, as the workers reported them.
 *
 * A token lives from the report that it came to the one that it went; the
 * requests that wait for it are told then. Keys live until the next report:
 * they are looked up by their id each time.
 */
#ifndef AGENT_INVENTORY_H
#define AGENT_INVENTORY_H

#include "agent/login.h"
#include "agent/module.h"

#define INVENTORY_TOKENS_MAX 64
#define INVENTORY_KEYS_MAX 4096

/* What one worker knows of a token. */
struct token_at {
	bool is_known;
	bool is_in; /* logged in */
	uint32_t insertion;
};

struct token {
	TAILQ_ENTRY(token) link;
	struct module *module;
	bool is_gone; /* out of all lists; only its login still ends */
	bool was_seen;
	/* Text without control characters, in one piece of memory. */
	char *uri, *label, *serial, *manufacturer, *model, *reader;
	unsigned flags; /* enum tok_flag */
	int tries_left;
	unsigned pin_len_min, pin_len_max;
	struct token_at *at; /* by the worker's index */
	struct login login;
};

/* In the order of their ids. */
struct key {
	uint8_t id[AGT_KEY_ID_LEN];
	struct token *token;
	unsigned flags; /* enum tok_key_flag */
	struct bytes label;
	struct bytes role;
	struct bytes element; /* agt_key_put */
};

/* Replaces what is known by a PROBE_OK. CS_ERR_PROTOCOL, CS_ERR_NO_MEMORY. */
int CS_MUST_USE inventory_take_probe(
    struct module *m, unsigned worker, const struct tok_msg *probe);
/* Fresh state of one token. */
void inventory_take_info(
    struct module *m, unsigned worker, const struct tok_info *info);
/* The worker's process is gone, and its logins with it. */
void inventory_forget_worker(struct module *m, unsigned worker);
/* The module serves no more: all its tokens count as removed. */
void inventory_lose_all(struct module *m);
/* The card in that reader of PC/SC went. */
void inventory_reader_gone(struct agent *a, struct bytes reader);
void inventory_clear(struct module *m);
/* Frees a token that is gone, unless its login still waits for a worker. */
void inventory_release(struct token *t);

/* Among all modules; of several alike, one that is unlocked. NULL: none. */
struct key *inventory_find_key(struct agent *a, const uint8_t *id);
struct token *inventory_find_token(struct agent *a, struct bytes uri);
struct token *inventory_next(
    struct agent *a, struct token *t);		      /* NULL: first */
bool token_is_in(const struct token *t);	      /* logged in anywhere */
void token_put(struct buf *b, const struct token *t); /* agt_token_put */
/* token "label" (serial 0123), for messages; returns dst. */
char *token_describe(char *dst, size_t size, const struct token *t);

#endif
