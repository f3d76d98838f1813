#include "asn1/say.h"
#include "client/api/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/pem.h"

struct cardseal_keys {
	struct cardseal_key *keys;
	size_t len;
	struct strings texts; /* what the keys' fields point to */
};

static const char *
keys_keep_refusal(struct cardseal_keys *keys, int code, const struct err *why)
{
	return code == 0 ? ""
			 : strings_keep(
			       &keys->texts, bytes_of_str(err_get_text(why)));
}

static void
key_fill_certificate(struct cardseal_keys *keys, struct cardseal_key *key,
    const struct cert *cert)
{
	int64_t now = (int64_t)time(NULL);
	struct err why = ERR_INIT;
	struct buf pem = {0};

	key->certificate_sha256 =
	    strings_keep_hex(&keys->texts, bytes_of(cert_get_sha256(cert), 32));
	key->certificate_sha1 = strings_keep_sha1(&keys->texts, cert);
	key->subject = strings_keep_name(&keys->texts, cert_get_subject(cert));
	key->issuer = strings_keep_name(&keys->texts, cert_get_issuer(cert));
	key->serial = strings_keep_hex(&keys->texts, cert_get_serial(cert));
	key->addresses = strings_keep_addresses(&keys->texts, cert);
	pem_write(&pem, "CERTIFICATE", cert_get_raw(cert));
	key->pem = strings_keep(&keys->texts, buf_get(&pem));
	buf_clear(&pem);
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
	    .key_id = strings_keep_hex(&keys->texts, own->key.key_id),
	    .uri = strings_keep(&keys->texts, own->key.uri),
	    .token_uri = strings_keep(&keys->texts, own->key.token),
	    .token_label = strings_keep(&keys->texts, own->token_label),
	    .label = strings_keep(&keys->texts, own->key.label),
	    .role = strings_keep(&keys->texts, own->key.role),
	    .type = strings_keep(&keys->texts, bytes_of_str(type)),
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
	    .pem = "",
	    .sign_refused = say("it has no certificate"),
	    .encrypt_refused = say("it has no certificate"),
	};
	if (own->cert != NULL)
		key_fill_certificate(keys, key, own->cert);
}

/* For qsort: what signs rather comes first, what has no certificate last. */
static int
key_compare(const void *left, const void *right)
{
	const struct own_key *a = left, *b = right;
	struct choose_candidate x = {.cert = a->cert, .role = a->key.role},
				y = {.cert = b->cert, .role = b->key.role};

	if (a->cert == NULL || b->cert == NULL) {
		if ((a->cert == NULL) != (b->cert == NULL))
			return a->cert == NULL ? 1 : -1;
	} else if (choose_is_better(&x, &y)) {
		return -1;
	} else if (choose_is_better(&y, &x)) {
		return 1;
	}
	return bytes_compare(a->key.key_id, b->key.key_id);
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
	if (own.len != 0)
		qsort(own.keys, own.len, sizeof(*own.keys), key_compare);
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
