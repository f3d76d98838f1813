#include "client/api/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct cardseal_keys {
	struct cardseal_key *keys;
	size_t len;
	struct strings texts; /* what the keys' fields point to */
};

/* Each text is owned by the list; without memory the field stays "". */
static const char *
keys_keep(struct cardseal_keys *keys, struct bytes text)
{
	char *copy = bytes_dup_str(text);
	const char *kept = "";

	if (copy != NULL && strings_add(&keys->texts, copy) == 0)
		kept = keys->texts.items[keys->texts.len - 1];
	free(copy);
	return kept;
}

static const char *
keys_keep_hex(struct cardseal_keys *keys, struct bytes octets)
{
	struct buf hex = {0};
	const char *kept;
	size_t i;

	for (i = 0; i < octets.len; i++)
		buf_printf(&hex, "%02x", octets.p[i]);
	kept = keys_keep(keys, buf_get(&hex));
	buf_clear(&hex);
	return kept;
}

static const char *
keys_keep_name(struct cardseal_keys *keys, struct bytes name)
{
	struct buf text = {0};
	const char *kept;

	name_format(&text, name);
	kept = keys_keep(keys, buf_get(&text));
	buf_clear(&text);
	return kept;
}

static int
address_join(void *ctx, struct bytes address)
{
	struct buf *list = ctx;

	if (list->len != 0)
		buf_add_str(list, ", ");
	return buf_add_bytes(list, address);
}

static const char *
keys_keep_addresses(struct cardseal_keys *keys, const struct cert *cert)
{
	struct buf list = {0};
	const char *kept;

	(void)cert_walk_addresses(cert, address_join, &list);
	kept = keys_keep(keys, buf_get(&list));
	buf_clear(&list);
	return kept;
}

static const char *
keys_keep_refusal(struct cardseal_keys *keys, int code, const struct err *why)
{
	return code == 0 ? ""
			 : keys_keep(keys, bytes_of_str(err_get_text(why)));
}

static void
key_fill_certificate(struct cardseal_keys *keys, struct cardseal_key *key,
    const struct cert *cert)
{
	int64_t now = (int64_t)time(NULL);
	struct err why = ERR_INIT;

	key->certificate_sha256 =
	    keys_keep_hex(keys, bytes_of(cert_get_sha256(cert), 32));
	key->certificate_sha1 =
	    keys_keep_hex(keys, bytes_of(cert_get_sha1(cert), 20));
	key->subject = keys_keep_name(keys, cert_get_subject(cert));
	key->issuer = keys_keep_name(keys, cert_get_issuer(cert));
	key->serial = keys_keep_hex(keys, cert_get_serial(cert));
	key->addresses = keys_keep_addresses(keys, cert);
	key->not_before = cert_get_not_before(cert);
	key->not_after = cert_get_not_after(cert);
	key->sign_refused =
	    keys_keep_refusal(keys, cert_may_sign(cert, now, &why), &why);
	key->encrypt_refused =
	    keys_keep_refusal(keys, cert_may_encrypt(cert, now, &why), &why);
}

static void
key_fill(struct cardseal_keys *keys, struct cardseal_key *key,
    const struct own_key *own)
{
	char type[64] = "unknown";
	unsigned flags = own->key.flags;
	struct spki spki;

	if (spki_decode(own->key.spki, &spki, NULL) == 0)
		spki_describe(type, sizeof(type), &spki);
	*key = (struct cardseal_key){
	    .key_id = keys_keep_hex(keys, own->key.key_id),
	    .uri = keys_keep(keys, own->key.uri),
	    .token_uri = keys_keep(keys, own->key.token),
	    .token_label = keys_keep(keys, own->token_label),
	    .label = keys_keep(keys, own->key.label),
	    .role = keys_keep(keys, own->key.role),
	    .type = keys_keep(keys, bytes_of_str(type)),
	    .can_sign = (flags & TOK_KEY_SIGN) != 0,
	    .can_decrypt = (flags & (TOK_KEY_DECRYPT | TOK_KEY_DERIVE)) != 0,
	    .always_authenticate = (flags & TOK_KEY_ALWAYS_AUTHENTICATE) != 0,
	    .is_present = (flags & TOK_KEY_PRESENT) != 0,
	    .certificate_sha256 = "",
	    .certificate_sha1 = "",
	    .subject = "",
	    .issuer = "",
	    .serial = "",
	    .addresses = "",
	    .sign_refused = "it has no certificate",
	    .encrypt_refused = "it has no certificate",
	};
	if (own->cert != NULL)
		key_fill_certificate(keys, key, own->cert);
}

int
cardseal_keys_get(struct cardseal_job *job, struct cardseal_keys **result)
{
	struct cardseal_keys *keys = calloc(1, sizeof(*keys));
	struct own_keys own;
	size_t i;
	int r;

	*result = NULL;
	job_start(job);
	if (keys == NULL)
		return job_end(job, -CS_ERR_NO_MEMORY);
	r = own_keys_load(job, &own);
	if (r != 0) {
		free(keys);
		return r;
	}
	keys->keys = calloc(own.len + 1, sizeof(*keys->keys));
	if (keys->keys == NULL)
		r = -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < own.len; i++)
		key_fill(keys, &keys->keys[keys->len++], &own.keys[i]);
	own_keys_clear(&own);
	if (r != 0) {
		cardseal_keys_free(keys);
		return job_end(job, r);
	}
	*result = keys;
	return 0;
}

void
cardseal_keys_free(struct cardseal_keys *keys)
{
	if (keys == NULL)
		return;
	strings_clear(&keys->texts);
	free(keys->keys);
	free(keys);
}

size_t
cardseal_keys_get_len(const struct cardseal_keys *keys)
{
	return keys->len;
}

const struct cardseal_key *
cardseal_keys_get_key(const struct cardseal_keys *keys, size_t i)
{
	return i < keys->len ? &keys->keys[i] : NULL;
}
