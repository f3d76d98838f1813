#include "agent/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/request.h"

#define INVENTORY_READER_LEN 64 /* of CK_SLOT_INFO's slotDescription */

static struct token *
inventory_find_in(struct module *m, struct bytes uri)
{
	struct token *t;

	TAILQ_FOREACH (t, &m->tokens, link)
		if (bytes_is_equal(bytes_of_str(t->uri), uri))
			return t;
	return NULL;
}

static void
token_free(struct token *t)
{
	login_clear(&t->login);
	free(t->uri);
	free(t->at);
	free(t);
}

/* With room for what is quoted, and never too long for the protocol. */
static size_t
token_text_size(struct bytes text)
{
	size_t size = 4 * text.len + 8;

	return size < AGT_TEXT_MAX ? size : AGT_TEXT_MAX;
}

/* The texts of info, cleaned, one behind the other. */
static int
token_set_text(struct token *t, const struct tok_info *info)
{
	const struct bytes from[] = {info->uri, info->label, info->serial,
	    info->manufacturer, info->model, info->reader};
	char **const to[] = {&t->uri, &t->label, &t->serial, &t->manufacturer,
	    &t->model, &t->reader};
	char *all, *p;
	size_t i, len = 0;

	for (i = 0; i < 6; i++)
		len += token_text_size(from[i]);
	all = p = malloc(len);
	if (all == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; i < 6; i++) {
		*to[i] = err_quote(
		    p, token_text_size(from[i]), from[i].p, from[i].len);
		p += strlen(p) + 1;
	}
	return 0;
}

static struct token *
token_new(struct module *m, const struct tok_info *info)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->module = m;
	t->tries_left = ERR_TRIES_UNKNOWN;
	t->at = calloc(m->worker_count, sizeof(*t->at));
	if (t->at == NULL || token_set_text(t, info) != 0) {
		free(t->at);
		free(t);
		return NULL;
	}
	login_init(&t->login, t);
	TAILQ_INSERT_TAIL(&m->tokens, t, link);
	return t;
}

void
inventory_release(struct token *t)
{
	if (!t->is_gone || login_is_busy(&t->login))
		return;
	TAILQ_REMOVE(&t->module->gone, t, link);
	token_free(t);
}

/* Modules keep PINs in their memory. */
static void
token_retire_workers(struct token *t)
{
	unsigned i;

	for (i = 0; i < t->module->worker_count; i++)
		if (t->module->workers[i].has_pin)
			worker_retire(&t->module->workers[i]);
}

static void
token_gone(struct token *t)
{
	struct agent *a = t->module->agent;
	struct err e = ERR_INIT;
	char name[384];
	size_t i;

	for (i = 0; i < t->module->key_count; i++)
		if (t->module->keys[i].token == t)
			t->module->keys[i].token = NULL;
	err_set(&e, -CS_ERR_TOKEN_REMOVED, "%s was removed",
	    token_describe(name, sizeof(name), t));
	TAILQ_REMOVE(&t->module->tokens, t, link);
	TAILQ_INSERT_TAIL(&t->module->gone, t, link);
	t->is_gone = true;
	requests_event(a, AGT_EVENT_REMOVED, t, NULL);
	login_lock(&t->login, &e);
	token_retire_workers(t);
	inventory_release(t);
}

static void
token_set_state(struct token *t, unsigned worker, const struct tok_info *info)
{
	struct token_at *at = &t->at[worker];
	struct err e = ERR_INIT;

	/* Seen before by this very process under another number: it was away
	 * in between. */
	if (at->is_known && at->insertion != info->insertion) {
		err_set(&e, -CS_ERR_TOKEN_REMOVED,
		    "the token was removed and came back");
		login_lock(&t->login, &e);
	}
	at->is_known = true;
	at->insertion = info->insertion;
	t->flags = info->flags & ~(unsigned)TOK_LOGGED_IN;
	/* A process that has not asked does not know; the last one did. */
	if (info->tries_left != ERR_TRIES_UNKNOWN)
		t->tries_left = info->tries_left;
	t->pin_len_min = info->pin_len_min;
	t->pin_len_max = info->pin_len_max;
	t->was_seen = true;
	login_set_in(&t->login, worker, (info->flags & TOK_LOGGED_IN) != 0);
}

void
inventory_take_info(
    struct module *m, unsigned worker, const struct tok_info *info)
{
	struct token *t = inventory_find_in(m, info->uri);

	if (t != NULL)
		token_set_state(t, worker, info);
	else
		module_set_stale(m);
}

static bool
key_has_id(const struct key *k, const uint8_t *id)
{
	return bytes_is_equal(
	    bytes_of(k->id, sizeof(k->id)), bytes_of(id, sizeof(k->id)));
}

/* The place of the first of the module's keys with that id, or where it would
 * be. */
static size_t
inventory_find_first(struct module *m, const uint8_t *id)
{
	size_t low = 0, high = m->key_count, middle;
	struct bytes want = bytes_of(id, AGT_KEY_ID_LEN);

	while (low < high) {
		middle = low + (high - low) / 2;
		if (bytes_compare(
			bytes_of(m->keys[middle].id, AGT_KEY_ID_LEN), want) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
token_has_key(const struct token *t, const uint8_t *id)
{
	const struct module *m = t->module;
	size_t i = inventory_find_first(t->module, id);

	for (; i < m->key_count && key_has_id(&m->keys[i], id); i++)
		if (m->keys[i].token == t)
			return true;
	return false;
}

/*
 * A process that is new did not see what happened before. A key that the token
 * did not have says that this is another one of the same name.
 */
static bool
token_was_swapped(const struct token *t, unsigned worker, struct bytes key_list)
{
	struct tok_key key;
	struct der d;

	if (t->at[worker].is_known)
		return false;
	der_init(&d, key_list);
	while (tok_key_next(&d, &key))
		if (bytes_is_equal(bytes_of_str(t->uri), key.token) &&
		    !token_has_key(t, key.key_id.p))
			return true;
	return false;
}

static int
inventory_take_tokens(
    struct module *m, unsigned worker, struct bytes list, struct bytes key_list)
{
	struct token *t, *next;
	struct tok_info info;
	unsigned count = 0;
	struct der d;

	TAILQ_FOREACH (t, &m->tokens, link)
		t->was_seen = false;
	der_init(&d, list);
	while (tok_info_next(&d, &info) && count++ < INVENTORY_TOKENS_MAX) {
		/* A URI is plain text; anything else could not be named. */
		if (!agt_text_is_valid(info.uri) || info.uri.len == 0 ||
		    memchr(info.uri.p, '\\', info.uri.len) != NULL)
			continue;
		t = inventory_find_in(m, info.uri);
		if (t != NULL && token_was_swapped(t, worker, key_list)) {
			token_gone(t);
			t = NULL;
		}
		if (t != NULL) {
			token_set_state(t, worker, &info);
			continue;
		}
		t = token_new(m, &info);
		if (t == NULL)
			return -CS_ERR_NO_MEMORY;
		token_set_state(t, worker, &info);
		requests_event(m->agent, AGT_EVENT_INSERTED, t, NULL);
	}
	for (t = TAILQ_FIRST(&m->tokens); t != NULL; t = next) {
		next = TAILQ_NEXT(t, link);
		if (!t->was_seen)
			token_gone(t);
	}
	return der_check(&d) == 0 ? 0 : -CS_ERR_PROTOCOL;
}

static int
key_compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return bytes_compare(
	    bytes_of(x->id, sizeof(x->id)), bytes_of(y->id, sizeof(y->id)));
}

static int
inventory_take_keys(struct module *m, struct bytes list)
{
	struct key *k;
	struct tok_key from;
	struct der d;
	const uint8_t *start;

	free(m->keys);
	m->keys = NULL;
	m->key_count = 0;
	buf_reset(&m->elements);
	if (list.len == 0)
		return 0;
	if (buf_add_bytes(&m->elements, list) != 0)
		return m->elements.err;
	der_init(&d, list);
	while (tok_key_next(&d, &from) && m->key_count < INVENTORY_KEYS_MAX)
		m->key_count++;
	if (der_check(&d) != 0 || m->key_count == 0)
		return der_check(&d);
	m->keys = calloc(m->key_count, sizeof(*m->keys));
	if (m->keys == NULL) {
		m->key_count = 0;
		return -CS_ERR_NO_MEMORY;
	}
	der_init(&d, buf_get(&m->elements));
	for (k = m->keys; k < m->keys + m->key_count; k++) {
		start = d.p;
		if (!tok_key_next(&d, &from))
			break;
		memcpy(k->id, from.key_id.p, sizeof(k->id));
		k->token = inventory_find_in(m, from.token);
		k->flags = from.flags;
		k->label = from.label;
		k->role = from.role;
		k->element = bytes_of(start, (size_t)(d.p - start));
	}
	qsort(m->keys, m->key_count, sizeof(*m->keys), key_compare);
	return 0;
}

static int
inventory_take_certs(struct module *m, struct bytes list)
{
	struct bytes token, cert;
	struct der d;

	buf_reset(&m->certificates);
	der_init(&d, list);
	while (tok_cert_next(&d, &token, &cert))
		agt_cert_put(&m->certificates, cert);
	return der_check(&d) != 0 ? der_check(&d) : m->certificates.err;
}

int
inventory_take_probe(
    struct module *m, unsigned worker, const struct tok_msg *probe)
{
	int r = inventory_take_tokens(m, worker, probe->tokens, probe->keys);

	if (r == 0)
		r = inventory_take_keys(m, probe->keys);
	if (r == 0)
		r = inventory_take_certs(m, probe->certificates);
	m->probed_us = timers_now(&m->agent->timers);
	m->is_stale = false;
	m->uses_pcsc = probe->uses_pcsc;
	if (m->uses_pcsc)
		watch_want(&m->agent->watch);
	return r;
}

void
inventory_forget_worker(struct module *m, unsigned worker)
{
	struct token *t;

	TAILQ_FOREACH (t, &m->tokens, link) {
		t->at[worker].is_known = false;
		login_set_in(&t->login, worker, false);
	}
}

void
inventory_lose_all(struct module *m)
{
	while (!TAILQ_EMPTY(&m->tokens))
		/* The analyzer does not follow TAILQ_REMOVE. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		token_gone(TAILQ_FIRST(&m->tokens));
	buf_reset(&m->certificates);
}

/* PKCS#11 has less room for a reader's name than PC/SC, and pads it. */
static bool
token_is_in_reader(const struct token *t, struct bytes reader)
{
	if (reader.len > INVENTORY_READER_LEN)
		reader.len = INVENTORY_READER_LEN;
	while (reader.len != 0 && reader.p[reader.len - 1] == ' ')
		reader.len--;
	return bytes_is_equal(bytes_of_str(t->reader), reader);
}

void
inventory_reader_gone(struct agent *a, struct bytes reader)
{
	struct token *t, *next;
	struct module *m;

	for (t = inventory_next(a, NULL); t != NULL; t = next) {
		next = inventory_next(a, t);
		m = t->module;
		if (m->uses_pcsc && token_is_in_reader(t, reader))
			token_gone(t);
	}
}

void
inventory_clear(struct module *m)
{
	struct token *t;

	while ((t = TAILQ_FIRST(&m->tokens)) != NULL) {
		TAILQ_REMOVE(&m->tokens, t, link);
		token_free(t);
	}
	while ((t = TAILQ_FIRST(&m->gone)) != NULL) {
		TAILQ_REMOVE(&m->gone, t, link);
		token_free(t);
	}
	free(m->keys);
	m->keys = NULL;
	m->key_count = 0;
	buf_clear(&m->elements);
	buf_clear(&m->certificates);
}

struct key *
inventory_find_key(struct agent *a, const uint8_t *id)
{
	struct key *k, *found = NULL;
	struct module *m;
	size_t i;

	TAILQ_FOREACH (m, &a->modules.list, link)
		for (i = inventory_find_first(m, id);
		     i < m->key_count && key_has_id(&m->keys[i], id); i++) {
			k = &m->keys[i];
			if (k->token != NULL &&
			    (found == NULL || (token_is_in(k->token) &&
						  !token_is_in(found->token))))
				found = k;
		}
	return found;
}

struct token *
inventory_next(struct agent *a, struct token *t)
{
	struct module *m = t != NULL ? t->module : NULL;

	if (t != NULL)
		t = TAILQ_NEXT(t, link);
	while (t == NULL) {
		m = m != NULL ? TAILQ_NEXT(m, link)
			      : TAILQ_FIRST(&a->modules.list);
		if (m == NULL)
			return NULL;
		t = TAILQ_FIRST(&m->tokens);
	}
	return t;
}

struct token *
inventory_find_token(struct agent *a, struct bytes uri)
{
	struct token *t = NULL;

	while ((t = inventory_next(a, t)) != NULL)
		if (bytes_is_equal(bytes_of_str(t->uri), uri))
			return t;
	return NULL;
}

bool
token_is_in(const struct token *t)
{
	unsigned i;

	for (i = 0; i < t->module->worker_count; i++)
		if (t->at[i].is_in)
			return true;
	return false;
}

void
token_put(struct buf *b, const struct token *t)
{
	struct agt_token out = {
	    .uri = bytes_of_str(t->uri),
	    .label = bytes_of_str(t->label),
	    .serial = bytes_of_str(t->serial),
	    .manufacturer = bytes_of_str(t->manufacturer),
	    .model = bytes_of_str(t->model),
	    .module = bytes_of_str(t->module->name),
	    .reader = bytes_of_str(t->reader),
	    .flags = t->flags | (token_is_in(t) ? TOK_LOGGED_IN : 0U),
	    .tries_left = t->tries_left,
	};

	agt_token_put(b, &out);
}

char *
token_describe(char *dst, size_t size, const struct token *t)
{
	snprintf(dst, size,
	    t->serial[0] != '\0' ? "token \"%s\" (serial %s)" : "token \"%s\"",
	    t->label, t->serial);
	return dst;
}
