#include "asn1/say.h"
#include "client/api/signing.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cms/sign_info.h"
#include "client/fetch/fetch.h"

#define CHAIN_LEN_MAX 16

void
signing_clear(struct signing *s)
{
	size_t i;

	for (i = 0; i < SIGNING_ATTRS_MAX; i++)
		buf_clear(&s->values[i]);
	fetch_free(s->fetch);
	own_keys_clear(&s->own);
	free(s->candidates);
	free(s->signers);
	cert_set_free(s->chain);
}

static int
signing_load(struct signing *s)
{
	size_t i;
	int r = own_keys_load(s->job, &s->own);

	if (r != 0)
		return r;
	if (s->own.len == 0)
		return err_set(&s->job->err, -CS_ERR_NO_TOKEN,
		    "the agent has no token with a key; put the card into the "
		    "reader, then see \"cardseal status\"");
	s->candidates = calloc(s->own.len, sizeof(*s->candidates));
	s->chain = cert_set_new();
	if (s->candidates == NULL || s->chain == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; i < s->own.len; i++) {
		const struct own_key *own = &s->own.keys[i];

		s->candidates[i] = (struct choose_candidate){
		    .cert = own->cert,
		    .key_id = own->key.key_id,
		    .role = own->key.role,
		    .label = own->key.label,
		    .can_sign = (own->key.flags & TOK_KEY_SIGN) != 0,
		    .can_decrypt = (own->key.flags &
				       (TOK_KEY_DECRYPT | TOK_KEY_DERIVE)) != 0,
		};
	}
	return 0;
}

/* The candidates that have a certificate, and that KEY names if there is
 * one. */
static int
signing_filter(struct signing *s, const char *key,
    struct choose_candidate *chosen, size_t *len)
{
	size_t i;
	int match;

	*len = 0;
	for (i = 0; i < s->own.len; i++) {
		/* Nobody could tell whose signature it is. */
		if (s->own.keys[i].cert == NULL)
			continue;
		match = key == NULL ? 1
				    : choose_matches(&s->candidates[i], key,
					  s->own.keys[i].key.uri, &s->job->err);
		if (match < 0)
			return match;
		if (match != 0)
			chosen[(*len)++] = s->candidates[i];
	}
	return 0;
}

static int
signing_note(
    struct signing *s, const struct cms_signer *signer, enum alg digest)
{
	struct buf text = {0};
	int r;

	cert_describe(signer->cert, &text);
	r = strings_printf(&s->job->notes, "signing as %.*s with %s",
	    (int)text.len, (const char *)text.data,
	    alg_name(signer->scheme.alg));
	buf_clear(&text);
	if (r == 0)
		r = signers_add_made(&s->job->signers, signer->cert, digest,
		    s->params.signing_time);
	return r;
}

/* The issuers we know of, so that the reader need not look for them. */
static int
signing_add_chain(
    struct signing *s, struct cert *cert, const struct cert_set *pool)
{
	struct cert *c = cert, *issuer;
	size_t at, depth;
	int r;

	for (depth = 0; depth < CHAIN_LEN_MAX && !cert_is_self_issued(c);
	     depth++) {
		at = 0;
		issuer = cert_set_next_subject(pool, cert_get_issuer(c), &at);
		if (issuer == NULL || cert_is_self_issued(issuer))
			return 0;
		r = cert_set_add(s->chain, issuer);
		if (r != 0)
			return r;
		c = issuer;
	}
	return 0;
}

static int
take_first(void *ctx, struct bytes address)
{
	struct buf *first = ctx;

	return first->len == 0 ? buf_add_bytes(first, address) : 0;
}

/*
 * Where the signer's certificate is not for being encrypted to: the latest one
 * of the same person that is (RFC 8551 2.5.3).
 */
static int
signing_choose_encryption(struct signing *s, struct cms_signer *signer)
{
	int64_t now = s->params.signing_time;
	struct buf address = {.max = ADDRESS_LEN_MAX};
	const struct own_key *own;
	struct cert *best = NULL;
	size_t i;
	int r = 0;

	if (!s->is_mail || cert_may_encrypt(signer->cert, now, NULL) == 0)
		return 0;
	r = cert_walk_addresses(signer->cert, take_first, &address);
	for (i = 0; r == 0 && address.len != 0 && i < s->own.len; i++) {
		own = &s->own.keys[i];
		if (own->cert == NULL || !s->candidates[i].can_decrypt ||
		    address_match_cert(own->cert, buf_get(&address)) !=
			ADDRESS_MATCH ||
		    cert_may_encrypt(own->cert, now, NULL) != 0)
			continue;
		if (best == NULL ||
		    cert_get_not_before(own->cert) > cert_get_not_before(best))
			best = own->cert;
	}
	signer->encryption = best;
	buf_clear(&address);
	return r;
}

/* As asked, or what suits the key. EdDSA has a digest of its own. */
static enum alg
signing_choose_digest(const struct signing *s, const struct cert *cert)
{
	const char *wanted = job_get(s->job, CARDSEAL_DIGEST);
	const struct spki *spki = cert_get_spki(cert);
	enum alg digest = wanted != NULL
			      ? alg_find_name(wanted, ALG_KIND_DIGEST)
			      : sig_default_digest(spki);
	bool is_edwards =
	    spki->alg == ALG_ED25519_KEY || spki->alg == ALG_ED448_KEY;

	return is_edwards && digest != sig_default_digest(spki) ? ALG_NONE
								: digest;
}

/* Chooses one signer: by KEY, or by the address the mail comes from. */
static int
signing_choose(struct signing *s, const char *key, struct bytes address)
{
	struct choose_candidate *some;
	struct cms_signer *signer = &s->signers[s->signers_len];
	char quoted[128];
	size_t len, which;
	enum alg digest;
	int r;

	some = calloc(s->own.len, sizeof(*some));
	if (some == NULL)
		return -CS_ERR_NO_MEMORY;
	r = signing_filter(s, key, some, &len);
	if (r == 0 && len == 0 && key != NULL)
		r = err_set(&s->job->err, -CS_ERR_NO_KEY,
		    "no key here is \"%s\"; see \"cardseal keys\"",
		    err_quote(quoted, sizeof(quoted), key, strlen(key)));
	if (r == 0)
		r = choose_signer(some, len, key == NULL ? address : BYTES_NONE,
		    s->params.signing_time, &which, &s->job->err);
	if (r == 0) {
		signer->cert = some[which].cert;
		digest = signing_choose_digest(s, signer->cert);
		r = digest == ALG_NONE
			? -CS_ERR_ALGORITHM
			: sig_scheme_choose(cert_get_spki(signer->cert), digest,
			      job_is_set(s->job, CARDSEAL_PSS),
			      &signer->scheme);
		if (r != 0)
			err_set(&s->job->err, r,
			    "the chosen key has an algorithm that cannot "
			    "sign mail%s",
			    job_get(s->job, CARDSEAL_DIGEST) != NULL
				? say(" with that digest")
				: "");
	}
	free(some);
	if (r == 0)
		r = signing_choose_encryption(s, signer);
	if (r != 0)
		return r;
	s->signers_len++;
	return signing_note(s, signer, digest);
}

static int
signing_choose_all(struct signing *s, struct bytes address)
{
	const struct strings *keys = &s->job->options[CARDSEAL_KEY];
	struct cert_set *pool = cert_set_new();
	size_t i;
	int r;

	s->signers = calloc(keys->len + 1, sizeof(*s->signers));
	if (s->signers == NULL || pool == NULL) {
		cert_set_free(pool);
		return -CS_ERR_NO_MEMORY;
	}
	r = keys->len == 0 ? signing_choose(s, NULL, address) : 0;
	for (i = 0; r == 0 && i < keys->len; i++)
		r = signing_choose(s, keys->items[i], address);
	if (r == 0)
		r = cert_set_add_all(pool, s->own.others);
	if (r == 0)
		r = job_load_intermediates(s->job, pool);
	for (i = 0; r == 0 && i < s->signers_len; i++)
		r = signing_add_chain(s, s->signers[i].cert, pool);
	for (i = 0; r == 0 && i < s->signers_len; i++)
		if (s->signers[i].encryption != NULL)
			r = signing_add_chain(
			    s, s->signers[i].encryption, pool);
	cert_set_free(pool);
	s->params.signers = s->signers;
	s->params.signers_len = s->signers_len;
	s->params.certificates = s->chain;
	return r;
}

int
signing_add_attr(struct signing *s, enum oid type, struct buf *value)
{
	size_t i = s->params.attrs_len;

	if (value->err != 0 || i == SIGNING_ATTRS_MAX) {
		int r = value->err != 0 ? value->err : -CS_ERR_INTERNAL;

		buf_clear(value);
		return r;
	}
	s->values[i] = *value;
	*value = (struct buf){0};
	s->attrs[i] = (struct cms_attr){type, buf_get(&s->values[i])};
	s->params.attrs = s->attrs;
	s->params.attrs_len++;
	return 0;
}

int
signing_prepare(struct signing *s, struct bytes address)
{
	int r = signing_load(s);

	s->ops = job_key_ops(s->job);
	s->params.ops = &s->ops;
	s->params.content_type = OID_DATA;
	s->params.signing_time = (int64_t)time(NULL);
	s->params.has_capabilities = s->is_mail;
	if (r == 0)
		r = signing_set_stamps(s);
	return r != 0 ? r : signing_choose_all(s, address);
}
