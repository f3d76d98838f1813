/*
 * A certificate set: an array in order of addition, and four hash tables
 * over it whose chains run through the entries. Chains hold indices + 1, so
 * that 0 is their end.
 */
#include <stdlib.h>
#include <string.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/hash.h"

enum set_table {
	SET_SAME, /* the whole certificate */
	SET_SUBJECT,
	SET_KEY_ID,
	SET_ISSUER_SERIAL,
	SET_TABLES,
};

struct set_entry {
	struct cert *cert;
	uint64_t hash[SET_TABLES];
	uint32_t next[SET_TABLES];
};

struct cert_set {
	struct set_entry *entries;
	size_t len, cap;
	uint32_t *heads[SET_TABLES]; /* bucket_len each, one allocation */
	size_t buckets_len;	     /* a power of two, or 0 */
	atomic_uint more_refs;	     /* beside the first */
};

#define SET_CAP_MIN 8

struct cert_set *
cert_set_new(void)
{
	return calloc(1, sizeof(struct cert_set));
}

struct cert_set *
cert_set_ref(struct cert_set *s)
{
	atomic_fetch_add(&s->more_refs, 1);
	return s;
}

void
cert_set_free(struct cert_set *s)
{
	size_t i;

	if (s == NULL)
		return;
	if (atomic_load(&s->more_refs) != 0) {
		atomic_fetch_sub(&s->more_refs, 1);
		return;
	}
	for (i = 0; i < s->len; i++)
		cert_free(s->entries[i].cert);
	free(s->entries);
	free(s->heads[0]);
	free(s);
}

static uint32_t *
set_bucket(const struct cert_set *s, enum set_table table, uint64_t hash)
{
	return &s->heads[table][hash & (s->buckets_len - 1)];
}

static void
set_link(struct cert_set *s, size_t i)
{
	struct set_entry *entry = &s->entries[i];
	uint32_t *head;
	int t;

	for (t = 0; t < SET_TABLES; t++) {
		head = set_bucket(s, (enum set_table)t, entry->hash[t]);
		entry->next[t] = *head;
		*head = (uint32_t)i + 1;
	}
}

static int
set_grow(struct cert_set *s)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : SET_CAP_MIN, i;
	struct set_entry *entries;
	uint32_t *heads;
	int t;

	heads = calloc(cap * SET_TABLES, sizeof(*heads));
	entries = realloc(s->entries, cap * sizeof(*entries));
	if (entries != NULL)
		s->entries = entries;
	if (heads == NULL || entries == NULL) {
		free(heads);
		return -CS_ERR_NO_MEMORY;
	}
	free(s->heads[0]);
	for (t = 0; t < SET_TABLES; t++)
		s->heads[t] = heads + (size_t)t * cap;
	s->cap = s->buckets_len = cap;
	for (i = 0; i < s->len; i++)
		set_link(s, i);
	return 0;
}

static uint64_t
set_hash_same(const struct cert *c)
{
	return pkix_hash(bytes_of(c->sha256, sizeof(c->sha256)));
}

/* The next entry of a chain with that hash, *at as in the look-ups. */
static struct set_entry *
set_next(
    const struct cert_set *s, enum set_table table, uint64_t hash, size_t *at)
{
	uint32_t i;

	if (s->buckets_len == 0 || *at == SIZE_MAX)
		return NULL;
	i = *at == 0 ? *set_bucket(s, table, hash)
		     : s->entries[*at - 1].next[table];
	while (i != 0 && s->entries[i - 1].hash[table] != hash)
		i = s->entries[i - 1].next[table];
	*at = i != 0 ? i : SIZE_MAX;
	return i != 0 ? &s->entries[i - 1] : NULL;
}

bool
cert_set_has(const struct cert_set *s, const struct cert *c)
{
	struct set_entry *entry;
	uint64_t hash;
	size_t at = 0;

	if (s == NULL || s->len == 0)
		return false;
	hash = set_hash_same(c);
	while ((entry = set_next(s, SET_SAME, hash, &at)) != NULL) {
		if (cert_is_same(entry->cert, c))
			return true;
	}
	return false;
}

int
cert_set_add(struct cert_set *s, struct cert *c)
{
	struct set_entry entry = {.cert = c};
	int r;

	if (cert_set_has(s, c))
		return 0;
	if (s->len >= CERT_SET_MAX)
		return -CS_ERR_TOO_LARGE;
	entry.hash[SET_SAME] = set_hash_same(c);
	entry.hash[SET_KEY_ID] = pkix_hash(c->key_id);
	r = pkix_hash_name(c->subject, &entry.hash[SET_SUBJECT]);
	if (r == 0)
		r = pkix_hash_issuer_serial(
		    c->issuer, c->serial, &entry.hash[SET_ISSUER_SERIAL]);
	if (r == 0 && s->len == s->cap)
		r = set_grow(s);
	if (r != 0)
		return r;
	s->entries[s->len] = entry;
	cert_ref(c);
	set_link(s, s->len++);
	return 0;
}

int
cert_set_add_der(struct cert_set *s, struct bytes der, struct err *e)
{
	struct cert *c;
	int r = cert_decode(der, &c, e);

	if (r != 0)
		return r;
	r = cert_set_add(s, c);
	cert_free(c);
	if (r == -CS_ERR_TOO_LARGE)
		return err_set(e, r, "more than %d certificates", CERT_SET_MAX);
	return r != 0 ? err_set(e, r, NULL) : 0;
}

int
cert_set_add_all(struct cert_set *s, const struct cert_set *t)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < cert_set_get_len(t); i++)
		r = cert_set_add(s, t->entries[i].cert);
	return r;
}

size_t
cert_set_get_len(const struct cert_set *s)
{
	return s != NULL ? s->len : 0;
}

struct cert *
cert_set_get(const struct cert_set *s, size_t i)
{
	return i < cert_set_get_len(s) ? s->entries[i].cert : NULL;
}

struct cert *
cert_set_next_subject(
    const struct cert_set *s, struct bytes subject, size_t *at)
{
	struct set_entry *entry;
	uint64_t hash;

	if (s == NULL || s->len == 0 || *at == SIZE_MAX)
		return NULL;
	/* The one given last had the same subject. */
	if (*at != 0)
		hash = s->entries[*at - 1].hash[SET_SUBJECT];
	else if (pkix_hash_name(subject, &hash) != 0)
		return NULL;
	while ((entry = set_next(s, SET_SUBJECT, hash, at)) != NULL) {
		if (name_is_equal(entry->cert->subject, subject))
			return entry->cert;
	}
	return NULL;
}

struct cert *
cert_set_next_key_id(const struct cert_set *s, struct bytes key_id, size_t *at)
{
	struct set_entry *entry;
	uint64_t hash;

	if (s == NULL || s->len == 0 || key_id.len == 0)
		return NULL;
	hash = pkix_hash(key_id);
	while ((entry = set_next(s, SET_KEY_ID, hash, at)) != NULL) {
		if (bytes_is_equal(entry->cert->key_id, key_id))
			return entry->cert;
	}
	return NULL;
}

struct cert *
cert_set_find_issuer_serial(
    const struct cert_set *s, struct bytes issuer, struct bytes serial)
{
	struct set_entry *entry;
	uint64_t hash;
	size_t at = 0;

	if (s == NULL || s->len == 0 ||
	    pkix_hash_issuer_serial(issuer, serial, &hash) != 0)
		return NULL;
	while ((entry = set_next(s, SET_ISSUER_SERIAL, hash, &at)) != NULL) {
		if (bytes_is_equal(entry->cert->serial, serial) &&
		    name_is_equal(entry->cert->issuer, issuer))
			return entry->cert;
	}
	return NULL;
}
