#include "token/key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
key_is_rsa(enum alg alg)
{
	return alg == ALG_RSA || alg == ALG_RSA_PSS_KEY ||
	       alg == ALG_RSA_OAEP_KEY;
}

/* Two public keys, of which the first may be known in part only. */
static bool
key_fits(const struct object *private, const struct object *other)
{
	if (other->spki.raw.len == 0)
		return false;
	if (key_is_rsa(private->type)) {
		if (!key_is_rsa(other->type))
			return false;
		return private->modulus.len == 0 ||
		       bytes_is_equal(private->modulus, other->modulus);
	}
	return private->type == other->type &&
	       (private->curve == OID_UNKNOWN ||
		   private->curve == other->curve);
}

/* The same key? SubjectPublicKeyInfos may differ in their parameters (RSA
 * keys that are for PSS or OAEP alone). */
static bool
key_is_same(const struct spki *a, const struct spki *b)
{
	return bytes_is_equal(a->key_bits, b->key_bits) &&
	       a->curve == b->curve &&
	       (a->modulus.len != 0 || a->alg == b->alg);
}

static struct key *
keys_find_spki(const struct keys *k, struct bytes spki)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (bytes_is_equal(k->all[i].spki.raw, spki))
			return &k->all[i];
	return NULL;
}

/* The room for all keys is made beforehand: one per object. */
static struct key *
keys_add(struct keys *k, const struct object *obj)
{
	struct key *key = keys_find_spki(k, obj->spki.raw);

	if (key != NULL)
		return key;
	key = &k->all[k->n++];
	*key = (struct key){.spki = obj->spki};
	spki_fingerprint(obj->spki.raw, key->key_id);
	return key;
}

/* How well does another object name the private key's public part? 0: not. */
static int
key_rank(const struct object *private, const struct object *other)
{
	bool has_id =
	    private->id.len != 0 &&
	    bytes_is_equal(buf_get(&private->id), buf_get(&other->id));
	bool has_label =
	    private->label.len != 0 &&
	    bytes_is_equal(buf_get(&private->label), buf_get(&other->label));

	if (other->class == OBJECT_PRIVATE || !key_fits(private, other))
		return 0;
	if (private->modulus.len != 0)
		return 8; /* it is the key, whatever it is called */
	if (private->id.len != 0 && other->id.len != 0 && !has_id)
		return 0;
	if (!has_id && !has_label)
		return 0;
	return (has_id ? 4 : 0) + (has_label ? 2 : 0) +
	       (other->class == OBJECT_PUBLIC ? 1 : 0);
}

/* The object that tells a private key's public part, or NULL. */
static const struct object *
key_find_public(const struct objects *o, const struct object *private)
{
	const struct object *best = NULL;
	int rank, best_rank = 0;
	size_t i;

	if (private->spki.raw.len != 0)
		return private;
	for (i = 0; i < o->n; i++) {
		rank = key_rank(private, &o->all[i]);
		if (rank > best_rank) {
			best_rank = rank;
			best = &o->all[i];
		}
	}
	return best;
}

static void
keys_add_private(struct keys *k, const struct object *private)
{
	const struct object *public = key_find_public(&k->objects, private);
	struct key *key;

	if (public == NULL)
		return; /* of no use: nobody could name it */
	key = keys_add(k, public);
	if (key->private == NULL)
		key->private = private;
}

/* Public keys and certificates, each with the key that is theirs. */
static void
keys_add_public(struct keys *k, const struct object *obj, bool sees_private)
{
	struct key *key = NULL;
	size_t i;

	for (i = 0; i < k->n && key == NULL; i++)
		if (key_is_same(&k->all[i].spki, &obj->spki))
			key = &k->all[i];
	if (key == NULL && (sees_private || obj->is_ca))
		return;
	/* The certificate's own form of the key is what its users hash. */
	if (key == NULL || !bytes_is_equal(key->spki.raw, obj->spki.raw)) {
		const struct object *private =
		    key != NULL ? key->private : NULL;

		key = keys_add(k, obj);
		if (key->private == NULL)
			key->private = private;
	}
	if (obj->class == OBJECT_PUBLIC && key->public == NULL)
		key->public = obj;
	if (obj->class == OBJECT_CERT && key->cert == NULL)
		key->cert = obj;
}

static unsigned
key_flags(const struct key *key)
{
	unsigned flags = 0;

	if (key->private != NULL)
		return key->private->flags | TOK_KEY_PRESENT;
	if (key->public != NULL)
		flags = key->public->flags;
	return flags == 0 && key->cert != NULL ? key->cert->flags : flags;
}

static int
key_compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int r = bytes_compare(key_get_id(x), key_get_id(y));

	return r != 0 ? r
		      : bytes_compare(bytes_of(x->key_id, TOK_KEY_ID_LEN),
			    bytes_of(y->key_id, TOK_KEY_ID_LEN));
}

/* PIV's signature key wants the PIN each time (SP 800-73-4 part 1, 3.2.2); its
 * private object, which says so, may not show before login. */
static void
key_set_role(struct key *key)
{
	key->role = key_piv_role(key_get_id(key));
	if (key->private == NULL && key->role != NULL &&
	    strcmp(key->role, "9c") == 0)
		key->flags |= TOK_KEY_ALWAYS_AUTHENTICATE;
}

int
keys_make(struct keys *k, struct objects *objects, bool sees_private,
    bool has_piv_ids)
{
	size_t i, n = objects->n;

	*k = (struct keys){.objects = *objects};
	*objects = (struct objects){0};
	if (n == 0)
		return 0;
	k->all = calloc(n, sizeof(*k->all));
	if (k->all == NULL) {
		keys_clear(k);
		return -CS_ERR_NO_MEMORY;
	}
	for (i = 0; i < n; i++)
		if (k->objects.all[i].class == OBJECT_PRIVATE)
			keys_add_private(k, &k->objects.all[i]);
	/* CAs last: they are keys only if something else says so. */
	for (i = 0; i < n; i++)
		if (k->objects.all[i].class != OBJECT_PRIVATE &&
		    !k->objects.all[i].is_ca)
			keys_add_public(k, &k->objects.all[i], sees_private);
	for (i = 0; i < n; i++)
		if (k->objects.all[i].is_ca)
			keys_add_public(k, &k->objects.all[i], sees_private);
	for (i = 0; i < k->n; i++) {
		k->all[i].flags = key_flags(&k->all[i]);
		if (has_piv_ids)
			key_set_role(&k->all[i]);
	}
	qsort(k->all, k->n, sizeof(*k->all), key_compare);
	return 0;
}

void
keys_clear(struct keys *k)
{
	objects_clear(&k->objects);
	free(k->all);
	*k = (struct keys){0};
}

struct key *
keys_find(const struct keys *k, struct bytes key_id)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (bytes_is_equal(
			bytes_of(k->all[i].key_id, TOK_KEY_ID_LEN), key_id))
			return &k->all[i];
	return NULL;
}

struct key *
keys_find_private(const struct keys *k, const struct spki *spki)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (k->all[i].private != NULL &&
		    key_is_same(&k->all[i].spki, spki))
			return &k->all[i];
	return NULL;
}

bool
key_has_cert(const struct key *key, const struct object *cert)
{
	return cert->class == OBJECT_CERT &&
	       bytes_is_equal(key->spki.raw, cert->spki.raw);
}

bool
keys_is_apart(const struct keys *k, const struct object *cert)
{
	return cert->class == OBJECT_CERT &&
	       keys_find_spki(k, cert->spki.raw) == NULL;
}

struct bytes
key_get_id(const struct key *key)
{
	if (key->private != NULL && key->private->id.len != 0)
		return buf_get(&key->private->id);
	if (key->public != NULL && key->public->id.len != 0)
		return buf_get(&key->public->id);
	return key->cert != NULL ? buf_get(&key->cert->id) : BYTES_NONE;
}

struct bytes
key_get_label(const struct key *key)
{
	if (key->private != NULL && key->private->label.len != 0)
		return buf_get(&key->private->label);
	if (key->public != NULL && key->public->label.len != 0)
		return buf_get(&key->public->label);
	return key->cert != NULL ? buf_get(&key->cert->label) : BYTES_NONE;
}

static bool
key_begins(const unsigned char *field, const char *text)
{
	return strncasecmp((const char *)field, text, strlen(text)) == 0;
}

bool
key_has_piv_ids(const CK_TOKEN_INFO *info)
{
	return key_begins(info->manufacturerID, "piv_ii") ||
	       (key_begins(info->manufacturerID, "yubico") &&
		   key_begins(info->model, "yubikey"));
}

const char *
key_piv_role(struct bytes id)
{
	static const char roles[][3] = {"9a", "9c", "9d", "9e", "82", "83",
	    "84", "85", "86", "87", "88", "89", "8a", "8b", "8c", "8d", "8e",
	    "8f", "90", "91", "92", "93", "94", "95"};

	if (id.len != 1 || id.p[0] < 1 ||
	    id.p[0] > sizeof(roles) / sizeof(roles[0]))
		return NULL;
	return roles[id.p[0] - 1];
}
