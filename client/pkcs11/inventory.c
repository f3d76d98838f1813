/*
 * inventory.c: what the agent says is in, as slots, tokens and objects.
 *
 * A reader keeps its slot for as long as the program runs, so that a program
 * that listed the slots before a card came in finds it there; some empty
 * slots stand ready for readers that come later.
 */
#include <stdlib.h>
#include <string.h>

#include "client/pkcs11/p11.h"

bool
p11_slot_is_in(const struct p11_slot *slot)
{
	return slot->is_logged_in ||
	       ((slot->flags & TOK_LOGGED_IN) != 0 && !slot->is_logged_out);
}

bool
p11_slot_is_open(const struct p11_slot *slot)
{
	return p11_slot_is_in(slot) || !(slot->flags & TOK_LOGIN_REQUIRED);
}

struct p11_slot *
p11_slot_get(CK_SLOT_ID id)
{
	return id < p11.slots_len ? &p11.slots[id] : NULL;
}

static void
slot_forget_token(struct p11_slot *slot)
{
	free(slot->uri);
	free(slot->label);
	free(slot->serial);
	free(slot->manufacturer);
	free(slot->model);
	slot->uri = slot->label = slot->serial = NULL;
	slot->manufacturer = slot->model = NULL;
	slot->flags = 0;
	slot->is_logged_in = slot->is_logged_out = slot->is_listed = false;
}

void
p11_slot_clear(struct p11_slot *slot)
{
	p11_sessions_end(slot);
	p11_objects_clear(&slot->objects);
	slot_forget_token(slot);
}

void
p11_slots_free(void)
{
	size_t i;

	for (i = 0; i < P11_SLOTS_MAX; i++) {
		p11_slot_clear(&p11.slots[i]);
		free(p11.slots[i].reader);
		p11.slots[i] = (struct p11_slot){.id = i};
	}
	p11.slots_len = 0;
}

static bool
is_str(const char *s, struct bytes bytes)
{
	return s != NULL && bytes_is_equal(bytes_of_str(s), bytes);
}

/* The slot for a token that is in none yet: its reader's, else a new one. */
static struct p11_slot *
slot_for(const struct agt_token *token)
{
	struct bytes reader =
	    token->reader.len > 0 ? token->reader : token->uri;
	size_t i;

	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (p11.slots[i].uri == NULL &&
		    is_str(p11.slots[i].reader, reader))
			return &p11.slots[i];
	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (p11.slots[i].reader == NULL) {
			p11.slots[i].id = i;
			p11.slots[i].reader = bytes_dup_str(reader);
			return p11.slots[i].reader != NULL ? &p11.slots[i]
							   : NULL;
		}
	return NULL;
}

static struct p11_slot *
slot_of_token(struct bytes uri)
{
	size_t i;

	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (is_str(p11.slots[i].uri, uri))
			return &p11.slots[i];
	return NULL;
}

/* Without memory for its texts the token is as good as not there. */
static void
slot_insert(struct p11_slot *slot, const struct agt_token *token)
{
	slot->uri = bytes_dup_str(token->uri);
	slot->label = bytes_dup_str(token->label);
	slot->serial = bytes_dup_str(token->serial);
	slot->manufacturer = bytes_dup_str(token->manufacturer);
	slot->model = bytes_dup_str(token->model);
	if (slot->uri == NULL || slot->label == NULL || slot->serial == NULL ||
	    slot->manufacturer == NULL || slot->model == NULL) {
		slot_forget_token(slot);
		return;
	}
	slot->flags = token->flags;
	slot->has_event = true;
	buf_reset(&p11.listed);
}

static bool
is_among(const char *uri, struct bytes tokens)
{
	struct agt_token token;
	struct der d;

	der_init(&d, tokens);
	while (agt_token_next(&d, &token))
		if (is_str(uri, token.uri))
			return true;
	return false;
}

static void
show_slots(void)
{
	size_t i, used = 0;

	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (p11.slots[i].reader != NULL)
			used = i + 1;
	used += P11_SLOTS_SPARE;
	if (used > P11_SLOTS_MAX)
		used = P11_SLOTS_MAX;
	/* None that was shown goes away. */
	for (; p11.slots_len < used; p11.slots_len++)
		p11.slots[p11.slots_len].id = p11.slots_len;
}

/* With the lock. */
static void
take_tokens(struct bytes tokens)
{
	struct agt_token token;
	struct p11_slot *slot;
	struct der d;
	size_t i;

	for (i = 0; i < P11_SLOTS_MAX; i++) {
		slot = &p11.slots[i];
		if (slot->uri == NULL || is_among(slot->uri, tokens))
			continue;
		p11_slot_clear(slot);
		slot->has_event = true;
	}
	der_init(&d, tokens);
	while (agt_token_next(&d, &token)) {
		slot = slot_of_token(token.uri);
		if (slot != NULL) {
			slot->flags = token.flags;
			continue;
		}
		slot = slot_for(&token);
		if (slot != NULL)
			slot_insert(slot, &token);
	}
	show_slots();
	for (i = 0; i < p11.slots_len; i++)
		if (p11.slots[i].has_event)
			pthread_cond_broadcast(&p11.changed);
}

/* Is a module only just starting, or is none known yet? */
static bool
is_starting(struct bytes modules)
{
	struct agt_module module;
	struct der d;
	bool has_any = false;

	der_init(&d, modules);
	while (agt_module_next(&d, &module)) {
		has_any = true;
		if (module.state == AGT_MODULE_STARTING)
			return true;
	}
	return !has_any;
}

/*
 * STATUS, which the agent answers at once. Without the lock. False: the agent
 * is only just starting its modules. Where there is no agent there is no
 * token.
 */
static bool
ask_status(struct link *link, unsigned generation)
{
	struct agt_msg answer, request = {.type = AGT_STATUS};
	int r = -CS_ERR_NO_AGENT;

	if (link != NULL) {
		p11_fill_context(link, &request, 0);
		r = link_call(link, &request, &answer, NULL);
	}
	pthread_mutex_lock(&p11.lock);
	if (p11.generation == generation)
		take_tokens(r == 0 ? answer.tokens : BYTES_NONE);
	pthread_mutex_unlock(&p11.lock);
	return r != 0 || !is_starting(answer.modules);
}

static CK_OBJECT_HANDLE
handle_before(const struct p11_objects *old, const struct p11_object *o)
{
	size_t i;

	for (i = 0; i < old->len; i++)
		if (bytes_is_equal(
			bytes_of(old->items[i]->identity, sizeof(o->identity)),
			bytes_of(o->identity, sizeof(o->identity))))
			return old->items[i]->handle;
	return ++p11.next_handle;
}

/* What was derived in a session moves to the new list. */
static int
move_derived(struct p11_objects *old, struct p11_objects *fresh)
{
	struct p11_object *o;
	size_t i = 0;
	int r = 0;

	while (r == 0 && i < old->len) {
		o = old->items[i];
		if (o->session == NULL) {
			i++;
			continue;
		}
		old->items[i] = old->items[--old->len];
		r = p11_objects_add(fresh, o);
	}
	return r;
}

/* Objects that were there before keep their handles. */
static int
slot_take_objects(struct p11_slot *slot, struct p11_objects *fresh)
{
	struct p11_objects *old = &slot->objects;
	size_t i;
	int r;

	for (i = 0; i < fresh->len; i++)
		fresh->items[i]->handle = handle_before(old, fresh->items[i]);
	r = move_derived(old, fresh);
	p11_objects_clear(old);
	*old = *fresh;
	*fresh = (struct p11_objects){0};
	slot->is_listed = true;
	return r;
}

/* The agent does not say which token a certificate without a key is on; they
 * are shown where there is but one token. */
static int
slot_add_certificates(
    const struct p11_slot *slot, struct bytes certs, struct p11_objects *fresh)
{
	struct bytes der;
	struct der d;
	size_t i;
	int r = 0;

	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (p11.slots[i].uri != NULL && &p11.slots[i] != slot)
			return 0;
	der_init(&d, certs);
	while (r == 0 && agt_cert_next(&d, &der))
		r = p11_add_certificate(fresh, der, BYTES_NONE, BYTES_NONE);
	return r;
}

static void
slot_list(struct p11_slot *slot, struct bytes keys, struct bytes certs)
{
	struct p11_objects fresh = {0};
	struct tok_key key;
	struct der d;
	int r = p11_add_profile(&fresh);

	der_init(&d, keys);
	while (r == 0 && agt_key_next(&d, &key))
		if (is_str(slot->uri, key.token))
			r = p11_add_key(&fresh, &key);
	if (r == 0)
		r = slot_add_certificates(slot, certs, &fresh);
	if (r == 0)
		r = slot_take_objects(slot, &fresh);
	/* Without memory: what there is, and again the next time. */
	if (r != 0)
		slot->is_listed = false;
	p11_objects_clear(&fresh);
}

/* With the lock. An unchanged list leaves all as it is. */
static void
take_list(const struct link_list *list)
{
	struct bytes keys = buf_get(&list->keys);
	struct bytes certs = buf_get(&list->certificates);
	struct buf all = {0};
	size_t i;
	bool is_same;

	buf_add_bytes(&all, keys);
	buf_add_bytes(&all, certs);
	is_same =
	    all.err == 0 && bytes_is_equal(buf_get(&all), buf_get(&p11.listed));
	buf_clear(&p11.listed);
	p11.listed = all;
	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (p11.slots[i].uri != NULL &&
		    (!is_same || !p11.slots[i].is_listed))
			slot_list(&p11.slots[i], keys, certs);
}

/* Have the objects of all tokens been listed once? */
static bool
is_listed(void)
{
	bool result = true;
	size_t i;

	pthread_mutex_lock(&p11.lock);
	for (i = 0; i < P11_SLOTS_MAX; i++)
		if (p11.slots[i].uri != NULL && !p11.slots[i].is_listed)
			result = false;
	pthread_mutex_unlock(&p11.lock);
	return result;
}

/* Without the lock. */
static void
ask(bool wants_objects, unsigned generation)
{
	struct agt_msg request = {0};
	struct link_list list = {0};
	struct link *link;
	bool is_ready;
	int r;

	if (p11_link_take(&link, NULL) != 0)
		link = NULL;
	is_ready = ask_status(link, generation);
	if (link == NULL || (is_ready && !wants_objects))
		goto out;
	p11_fill_context(link, &request,
	    is_ready && is_listed() ? P11_LOOK_MS : P11_START_MS);
	r = link_list_ask(link, &request, &list, NULL);
	if (!is_ready)
		(void)ask_status(link, generation);
	pthread_mutex_lock(&p11.lock);
	if (r == 0 && p11.generation == generation)
		take_list(&list);
	pthread_mutex_unlock(&p11.lock);
out:
	p11_link_put(link);
	link_list_clear(&list);
}

static void
look(bool wants_objects)
{
	unsigned generation = p11.generation;

	/* Another thread is at it: what it finds will do. */
	if (p11.is_listing) {
		while (p11.is_listing && p11.generation == generation)
			pthread_cond_wait(&p11.changed, &p11.lock);
		return;
	}
	p11.is_listing = true;
	pthread_mutex_unlock(&p11.lock);
	ask(wants_objects, generation);
	pthread_mutex_lock(&p11.lock);
	if (p11.generation != generation)
		return;
	p11.is_listing = false;
	pthread_cond_broadcast(&p11.changed);
}

void
p11_look_at_slots(void)
{
	look(false);
}

void
p11_look_at_objects(void)
{
	look(true);
}
