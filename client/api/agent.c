#include "client/api/job.h"

#include <stdlib.h>
#include <string.h>

/* More keys than any token lists. */
#define OWN_KEYS_MAX 100000

int
job_connect(struct cardseal_job *job)
{
	const char *program = job_get(job, CARDSEAL_PROGRAM);

	if (job->link != NULL)
		return 0;
	return link_new(job_get(job, CARDSEAL_SOCKET),
	    program != NULL ? program : "libcardseal", &job->link, &job->err);
}

void
own_keys_clear(struct own_keys *keys)
{
	size_t i;

	for (i = 0; i < keys->len; i++)
		cert_free(keys->keys[i].cert);
	free(keys->keys);
	link_list_clear(&keys->list);
	cert_set_free(keys->certs);
	cert_set_free(keys->others);
	*keys = (struct own_keys){0};
}

static int
own_keys_append(struct own_keys *keys, const struct tok_key *key,
    struct bytes token_label, struct cert *cert)
{
	struct own_key *grown;

	if (keys->len >= OWN_KEYS_MAX)
		return -CS_ERR_TOO_LARGE;
	grown = realloc(keys->keys, (keys->len + 1) * sizeof(*grown));
	if (grown == NULL)
		return -CS_ERR_NO_MEMORY;
	keys->keys = grown;
	grown[keys->len++] = (struct own_key){
	    .key = *key,
	    .token_label = token_label,
	    .cert = cert != NULL ? cert_ref(cert) : NULL,
	};
	return cert != NULL ? cert_set_add(keys->certs, cert) : 0;
}

static struct bytes
own_keys_get_token_label(const struct own_keys *keys, struct bytes uri)
{
	struct agt_token token;
	struct der d;

	der_init(&d, buf_get(&keys->list.tokens));
	while (agt_token_next(&d, &token))
		if (bytes_is_equal(token.uri, uri))
			return token.label;
	return BYTES_NONE;
}

/* A certificate that cannot be read is as good as none; the key stays. */
static int
own_keys_add_key(
    struct cardseal_job *job, struct own_keys *keys, const struct tok_key *key)
{
	struct bytes label = own_keys_get_token_label(keys, key->token), der;
	struct cert *cert;
	struct der d;
	size_t added = 0;
	int r = 0;

	der_init(&d, key->certificates);
	while (r == 0 && agt_cert_next(&d, &der)) {
		struct err why = ERR_INIT;

		if (cert_decode(der, &cert, &why) != 0) {
			r = strings_printf(&job->warnings,
			    "a certificate on the token cannot be used: %s",
			    err_get_text(&why));
			continue;
		}
		r = own_keys_append(keys, key, label, cert);
		cert_free(cert);
		added++;
	}
	if (r == 0 && added == 0)
		r = own_keys_append(keys, key, label, NULL);
	return r;
}

static int
own_keys_take(struct cardseal_job *job, struct own_keys *keys)
{
	struct tok_key key;
	struct bytes der;
	struct der d;
	int r = 0;

	der_init(&d, buf_get(&keys->list.keys));
	while (r == 0 && agt_key_next(&d, &key))
		r = own_keys_add_key(job, keys, &key);
	if (r == 0)
		r = der_end(&d);
	der_init(&d, buf_get(&keys->list.certificates));
	while (r == 0 && agt_cert_next(&d, &der))
		/* Not ours to judge: what can't be read is left out. */
		if (cert_set_add_der(keys->others, der, NULL) ==
		    -CS_ERR_NO_MEMORY)
			r = -CS_ERR_NO_MEMORY;
	return r;
}

int
own_keys_load(struct cardseal_job *job, struct own_keys *keys)
{
	struct agt_msg request = {.has_context = true};
	int r;

	*keys = (struct own_keys){0};
	r = job_connect(job);
	if (r != 0)
		return r;
	keys->certs = cert_set_new();
	keys->others = cert_set_new();
	if (keys->certs == NULL || keys->others == NULL)
		r = -CS_ERR_NO_MEMORY;
	link_fill_context(
	    job->link, &request.context, job_get(job, CARDSEAL_PURPOSE));
	if (r == 0)
		r = link_list_ask(job->link, &request, &keys->list, &job->err);
	if (r == 0)
		r = own_keys_take(job, keys);
	if (r != 0)
		own_keys_clear(keys);
	return job_end(job, r);
}

static int
key_ops_sign(void *ctx, const uint8_t key_id[32], struct bytes algorithm,
    struct bytes input, struct buf *signature, struct err *e)
{
	struct cardseal_job *job = ctx;
	struct agt_msg answer, request = {
				   .type = AGT_SIGN,
				   .key_id = bytes_of(key_id, AGT_KEY_ID_LEN),
				   .algorithm = algorithm,
				   .input = input,
				   .has_context = true,
			       };
	int r = job_connect(job);

	if (r != 0) {
		if (e != NULL && e != &job->err)
			*e = job->err;
		return r;
	}
	link_fill_context(
	    job->link, &request.context, job_get(job, CARDSEAL_PURPOSE));
	r = link_call(job->link, &request, &answer, e);
	if (r == 0)
		r = buf_add_bytes(signature, answer.output);
	return r;
}

static int
key_ops_open(void *ctx, const uint8_t key_id[32], struct bytes recipient_info,
    unsigned index, struct bytes content_algorithm, struct secret **key,
    struct err *e)
{
	struct cardseal_job *job = ctx;
	struct agt_msg answer, request = {
				   .type = AGT_OPEN,
				   .key_id = bytes_of(key_id, AGT_KEY_ID_LEN),
				   .recipient_info = recipient_info,
				   .index = index,
				   .content_algorithm = content_algorithm,
				   .has_context = true,
			       };
	int r = job_connect(job);

	*key = NULL;
	if (r != 0) {
		if (e != NULL && e != &job->err)
			*e = job->err;
		return r;
	}
	link_fill_context(
	    job->link, &request.context, job_get(job, CARDSEAL_PURPOSE));
	r = link_call(job->link, &request, &answer, e);
	if (r != 0)
		return r;
	*key = secret_new_from(answer.output.p, answer.output.len);
	return *key != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

struct cms_key_ops
job_key_ops(struct cardseal_job *job)
{
	return (struct cms_key_ops){
	    .sign = key_ops_sign,
	    .open = key_ops_open,
	    .ctx = job,
	};
}
