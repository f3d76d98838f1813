#include <string.h>

#include "agent/agent.h"
#include "agent/inventory.h"
#include "agent/request.h"

/* Keys beyond this go to the next page. */
#define LIST_PAGE_LEN ((size_t)65536)
/* Of those with one id no more are told: with the tokens they must fit into an
 * answer. */
#define LIST_KEYS_MAX (2 * LIST_PAGE_LEN)
/* Of an answer, for all but the three lists. */
#define LIST_FRAME_LEN ((size_t)1024)

struct listing {
	struct agent *agent;
	struct bytes token; /* only this one's; empty: all */
	struct bytes after;
	struct buf tokens, keys, certificates;
	bool has_more;
};

static bool
list_wants(const struct listing *l, const struct token *t)
{
	return t != NULL && (l->token.len == 0 ||
				bytes_is_equal(l->token, bytes_of_str(t->uri)));
}

static struct bytes
key_get_id(const struct key *k)
{
	return bytes_of(k->id, sizeof(k->id));
}

/* The module's first key behind the id, or NULL. */
static struct key *
list_first(struct module *m, struct bytes after)
{
	struct key *k;
	size_t i;

	for (i = 0; i < m->key_count; i++) {
		k = &m->keys[i];
		if (after.len == 0 || bytes_compare(key_get_id(k), after) > 0)
			return k;
	}
	return NULL;
}

/* The least id behind l->after among all modules; false: there is none. */
static bool
list_next_id(struct listing *l, uint8_t id[AGT_KEY_ID_LEN])
{
	struct module *m;
	struct key *k, *best = NULL;

	TAILQ_FOREACH (m, &l->agent->modules.list, link) {
		k = list_first(m, l->after);
		if (k != NULL && (best == NULL || bytes_compare(key_get_id(k),
						      key_get_id(best)) < 0))
			best = k;
	}
	if (best != NULL)
		memcpy(id, best->id, AGT_KEY_ID_LEN);
	return best != NULL;
}

/* All keys with that id, which may be on several tokens: one page has them
 * all, since the id is where the next page goes on. */
static void
list_add_id(struct listing *l, struct bytes id)
{
	struct module *m;
	struct key *k;
	size_t i;

	TAILQ_FOREACH (m, &l->agent->modules.list, link)
		for (i = 0; i < m->key_count; i++) {
			k = &m->keys[i];
			if (bytes_is_equal(key_get_id(k), id) &&
			    list_wants(l, k->token) &&
			    k->element.len < LIST_PAGE_LEN &&
			    k->element.len <= LIST_KEYS_MAX - l->keys.len)
				buf_add_bytes(&l->keys, k->element);
		}
}

static void
list_add_keys(struct listing *l)
{
	static uint8_t id[AGT_KEY_ID_LEN];
	size_t before;

	while (list_next_id(l, id)) {
		before = l->keys.len;
		list_add_id(l, bytes_of(id, sizeof(id)));
		if (before != 0 && l->keys.len > LIST_PAGE_LEN) {
			l->keys.len = before;
			l->has_more = true;
			return;
		}
		l->after = bytes_of(id, sizeof(id));
	}
}

static void
list_add_tokens(struct listing *l)
{
	struct token *t = NULL;

	while ((t = inventory_next(l->agent, t)) != NULL)
		if (list_wants(l, t) && l->tokens.len < LIST_PAGE_LEN)
			token_put(&l->tokens, t);
}

/* As many as the answer has room for. */
static void
list_add_certificates(struct listing *l)
{
	size_t room =
	    AGT_ANSWER_MAX - LIST_FRAME_LEN - l->keys.len - l->tokens.len;
	struct bytes cert;
	struct module *m;
	struct der d;

	TAILQ_FOREACH (m, &l->agent->modules.list, link) {
		der_init(&d, buf_get(&m->certificates));
		while (agt_cert_next(&d, &cert))
			if (l->certificates.len + cert.len + 8 < room)
				agt_cert_put(&l->certificates, cert);
	}
}

static void
list_answer(struct request *r, const struct agt_msg *msg)
{
	struct listing l = {
	    .agent = r->conn->agent, .token = msg->token, .after = msg->after};
	struct agt_msg answer = {0};

	list_add_keys(&l);
	if (msg->after.len == 0)
		list_add_tokens(&l);
	if (!l.has_more)
		list_add_certificates(&l);
	answer.tokens = buf_get(&l.tokens);
	answer.keys = buf_get(&l.keys);
	answer.certificates = buf_get(&l.certificates);
	answer.more = l.has_more;
	request_answer(r, &answer);
	buf_clear(&l.tokens);
	buf_clear(&l.keys);
	buf_clear(&l.certificates);
}

static void
list_run(struct request *r)
{
	struct agent *a = r->conn->agent;
	struct err e = ERR_INIT;
	struct agt_msg msg;

	request_decode(r, &msg);
	/* The pages of one listing come from one look at the tokens. */
	if (msg.after.len == 0 && !modules_are_fresh(a, MODULE_FRESH_MS)) {
		request_wait(r);
		return;
	}
	if (msg.token.len != 0 && inventory_find_token(a, msg.token) == NULL) {
		err_set(&e, -CS_ERR_NO_TOKEN, "no such token is here");
		request_fail(r, &e, NULL);
		return;
	}
	list_answer(r, &msg);
}

void
req_list(struct conn *c, const struct agt_msg *msg, struct bytes frame)
{
	request_new(c, msg, frame, list_run);
}
