/* Requests for certificates, signed by a token's key. */
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/pem.h"
#include "client/api/job.h"
#include "client/pkix/request.h"

struct requesting {
	struct cardseal_job *job;
	struct own_keys own;
	const struct own_key *key;
	struct spki spki;
	struct sig_scheme scheme;
	struct buf subject, info, signature, request;
};

static void
requesting_clear(struct requesting *q)
{
	own_keys_clear(&q->own);
	buf_clear(&q->subject);
	buf_clear(&q->info);
	buf_clear(&q->signature);
	buf_clear(&q->request);
}

/* 1: it is meant, 0: it is not. */
static int
request_matches(const struct requesting *q, const struct own_key *own)
{
	const char *key = job_get(q->job, CARDSEAL_KEY);
	struct choose_candidate candidate = {
	    .cert = own->cert,
	    .key_id = own->key.key_id,
	    .role = own->key.role,
	    .label = own->key.label,
	    .can_sign = (own->key.flags & TOK_KEY_SIGN) != 0,
	    .can_decrypt =
		(own->key.flags & (TOK_KEY_DECRYPT | TOK_KEY_DERIVE)) != 0,
	};

	return key == NULL ? candidate.can_sign
			   : choose_matches(
				 &candidate, key, own->key.uri, &q->job->err);
}

static int
request_none(struct requesting *q)
{
	const char *key = job_get(q->job, CARDSEAL_KEY);
	char quoted[128];

	if (key == NULL)
		return err_set(&q->job->err, -CS_ERR_NO_KEY,
		    "no key here can sign; \"cardseal keys generate\" makes "
		    "one");
	return err_set(&q->job->err, -CS_ERR_NO_KEY,
	    "no key here is \"%s\"; see \"cardseal keys\"",
	    err_quote(quoted, sizeof(quoted), key, strlen(key)));
}

/* The one key that is meant; it may stand there with several certificates. */
static int
request_choose_key(struct requesting *q)
{
	const struct own_key *own;
	size_t i;
	int r;

	for (i = 0; i < q->own.len; i++) {
		own = &q->own.keys[i];
		r = request_matches(q, own);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (q->key != NULL &&
		    !bytes_is_equal(q->key->key.key_id, own->key.key_id))
			return err_set(&q->job->err, -CS_ERR_ARGUMENT,
			    "more than one key is meant; name it by the "
			    "SHA-256 that \"cardseal keys\" shows");
		q->key = own;
	}
	return q->key != NULL ? 0 : request_none(q);
}

static int
request_choose_scheme(struct requesting *q)
{
	const char *wanted = job_get(q->job, CARDSEAL_DIGEST);
	struct err *e = &q->job->err;
	enum alg digest;
	int r = spki_decode(q->key->key.spki, &q->spki, e);

	if (r != 0)
		return r;
	digest = wanted != NULL ? alg_find_name(wanted, ALG_KIND_DIGEST)
				: sig_default_digest(&q->spki);
	r = sig_scheme_choose(
	    &q->spki, digest, job_is_set(q->job, CARDSEAL_PSS), &q->scheme);
	return r == 0 ? 0
		      : err_set(e, r,
			    "the key does not make signatures that a request "
			    "can have");
}

/* By what the kind of key can do (RFC 5280 4.2.1.3), whatever an earlier
 * certificate of it says. 0 in *usage: nobody asked. */
static int
request_choose_usage(struct requesting *q, unsigned *usage)
{
	const char *wanted = job_get(q->job, CARDSEAL_USAGE);

	*usage = 0;
	if (wanted == NULL)
		return 0;
	if (strcmp(wanted, "encrypt") != 0)
		*usage |= KU_DIGITAL_SIGNATURE;
	if (strcmp(wanted, "sign") == 0)
		return 0;
	if (q->spki.alg == ALG_RSA)
		*usage |= KU_KEY_ENCIPHERMENT;
	else if (q->spki.alg == ALG_EC)
		*usage |= KU_KEY_AGREEMENT;
	else
		return err_set(&q->job->err, -CS_ERR_KEY_USAGE,
		    "nothing can be encrypted to the key: ask for a "
		    "certificate to sign with");
	return 0;
}

static int
request_make_info(struct requesting *q)
{
	const struct strings *emails = &q->job->options[CARDSEAL_EMAIL];
	const char *subject = job_get(q->job, CARDSEAL_SUBJECT);
	struct bytes addresses[REQUEST_ADDRESSES_MAX];
	struct request_params params = {
	    .spki = q->key->key.spki,
	    .addresses = addresses,
	    .addresses_len = emails->len,
	};
	size_t i;
	int r;

	for (i = 0; i < emails->len && i < REQUEST_ADDRESSES_MAX; i++)
		addresses[i] = bytes_of_str(emails->items[i]);
	r = request_choose_usage(q, &params.usage);
	if (r == 0)
		r = name_parse(
		    &q->subject, subject != NULL ? subject : "", &q->job->err);
	if (r != 0)
		return r;
	params.subject = buf_get(&q->subject);
	return request_put_info(&q->info, &params, &q->job->err);
}

static int
request_sign(struct requesting *q)
{
	struct cms_key_ops ops = job_key_ops(q->job);
	uint8_t digest[DIGEST_LEN_MAX];
	struct bytes input = buf_get(&q->info);
	struct buf algorithm = {0};
	int r;

	der_put_sig_scheme(&algorithm, &q->scheme);
	if (!sig_scheme_is_pure(&q->scheme))
		input = bytes_of(
		    digest, digest_of(q->scheme.digest, input, digest));
	r = algorithm.err;
	if (r == 0)
		r = ops.sign(ops.ctx, q->key->key.key_id.p, buf_get(&algorithm),
		    input, &q->signature, &q->job->err);
	buf_clear(&algorithm);
	if (r == 0)
		r = request_put(&q->request, buf_get(&q->info), &q->scheme,
		    buf_get(&q->signature));
	return r;
}

static int
request_write(struct requesting *q, struct output *out)
{
	struct buf pem = {0};
	bool is_der = job_is_set(q->job, CARDSEAL_DER);
	int r = is_der ? 0
		       : pem_write(
			     &pem, "CERTIFICATE REQUEST", buf_get(&q->request));

	if (r == 0)
		r = sink_write(output_get_sink(out),
		    is_der ? buf_get(&q->request) : buf_get(&pem),
		    &q->job->err);
	if (r == 0)
		r = output_commit(out, &q->job->err);
	buf_clear(&pem);
	return r;
}

int
cardseal_certificate_request(
    struct cardseal_job *job, struct cardseal_output *out)
{
	struct requesting q = {.job = job};
	int r;

	job_start(job);
	r = own_keys_load(job, &q.own);
	if (r == 0)
		r = request_choose_key(&q);
	if (r == 0)
		r = request_choose_scheme(&q);
	if (r == 0)
		r = request_make_info(&q);
	if (r == 0)
		r = request_sign(&q);
	if (r == 0)
		r = request_write(&q, out->out);
	requesting_clear(&q);
	return job_end(job, r);
}
