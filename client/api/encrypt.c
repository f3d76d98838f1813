#include "client/api/job.h"

#include <stdlib.h>
#include <string.h>

#include "client/smime/smime.h"

/*
 * What to use where nothing says what the recipients can read: every S/MIME
 * program in use opens AES-256-CBC, few open GCM (doc/architecture.md).
 */
#define ENCRYPT_CIPHER_AUTO ALG_AES256_CBC

static int
encrypt_choose_cipher(struct cardseal_job *job, enum alg *cipher)
{
	const char *name = job_get(job, CARDSEAL_CIPHER);

	*cipher = ENCRYPT_CIPHER_AUTO;
	if (name == NULL || strcmp(name, "auto") == 0)
		return 0;
	*cipher = alg_find_name(name, ALG_KIND_AEAD);
	if (*cipher == ALG_NONE)
		*cipher = alg_find_name(name, ALG_KIND_CIPHER);
	if (*cipher == ALG_NONE || alg_get(*cipher)->strength != ALG_GOOD)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "%s is not a cipher to encrypt with", name);
	return 0;
}

/* A set of certificates as the array that client/cms wants. */
static int
encrypt_params_fill(struct cms_encrypt_params *params, struct cert ***array,
    const struct cert_set *recipients)
{
	size_t i, len = cert_set_get_len(recipients);

	*array = calloc(len + 1, sizeof(**array));
	if (*array == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; i < len; i++)
		(*array)[i] = cert_set_get(recipients, i);
	params->recipients = *array;
	params->recipients_len = len;
	return 0;
}

static int
address_collect(void *ctx, struct bytes address)
{
	char *copy = bytes_dup_str(address);
	int r;

	if (copy == NULL)
		return -CS_ERR_NO_MEMORY;
	r = strings_add(ctx, copy);
	free(copy);
	return r;
}

/* Whom the header names; Bcc cannot be served by one message for all. */
static int
encrypt_header_recipients(struct cardseal_job *job,
    const struct smime_mail *mail, struct strings *addresses)
{
	struct strings bcc = {0};
	int r;

	r = smime_mail_walk_addresses(mail, "To", address_collect, addresses);
	if (r == 0)
		r = smime_mail_walk_addresses(
		    mail, "Cc", address_collect, addresses);
	if (r == 0)
		r = smime_mail_walk_addresses(
		    mail, "Bcc", address_collect, &bcc);
	if (r == 0 && bcc.len != 0)
		r = err_set(&job->err, -CS_ERR_ARGUMENT,
		    "the mail has Bcc recipients, who would be seen by the "
		    "others; take Bcc out and encrypt a copy for each with -r");
	if (r == 0 && addresses->len == 0)
		r = err_set(&job->err, -CS_ERR_ARGUMENT,
		    "the mail names no recipients; give them with -r ADDR or "
		    "-R FILE");
	strings_clear(&bcc);
	return r;
}

struct encrypting {
	struct cardseal_job *job;
	struct input *in;
	struct cms_encrypt_params params;
	struct cert_set *recipients;
	struct cert **array;
};

/* The options' recipients, or with none given those in `others`. */
static int
encrypting_prepare(struct encrypting *c, const struct strings *others)
{
	struct cardseal_job *job = c->job;
	const struct strings *given = &job->options[CARDSEAL_RECIPIENT];
	bool has_given =
	    given->len != 0 || job->options[CARDSEAL_RECIPIENT_FILE].len != 0;
	int r;

	c->params.content_type = OID_DATA;
	r = encrypt_choose_cipher(job, &c->params.cipher);
	if (r != 0)
		return r;
	c->recipients = cert_set_new();
	if (c->recipients == NULL)
		return -CS_ERR_NO_MEMORY;
	r = job_find_recipients(
	    job, has_given ? given : others, has_given, c->recipients);
	if (r == 0)
		r = encrypt_params_fill(&c->params, &c->array, c->recipients);
	return r;
}

static int
encrypt_cms_write(void *ctx, struct sink *out, struct err *e)
{
	struct encrypting *c = ctx;
	struct input_source source;
	uint64_t len;
	int r;

	input_source_init(&source, c->in, 0, INPUT_TO_END);
	if (!input_is_direct(c->in) && !job_is_set(c->job, CARDSEAL_DER))
		return cms_encrypt_ber(&c->params, &source.source, out, e);
	r = input_get_len(c->in, &len, e);
	if (r == 0)
		r = cms_encrypt_der(&c->params, &source.source, len, out, e);
	return r;
}

static int
encrypt_cms(struct encrypting *c, struct output *out)
{
	static const struct strings none = {0};
	struct cardseal_job *job = c->job;
	int r;

	if (job->options[CARDSEAL_RECIPIENT].len == 0 &&
	    job->options[CARDSEAL_RECIPIENT_FILE].len == 0)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "no recipients; give them with -r ADDR or -R FILE");
	r = encrypting_prepare(c, &none);
	if (r == 0)
		r = job_write_armored(job, out, encrypt_cms_write, c);
	return r;
}

static int
encrypt_smime(struct encrypting *c, struct output *out)
{
	struct cardseal_job *job = c->job;
	struct strings addresses = {0};
	struct smime_mail *mail;
	int r = smime_mail_scan(c->in, &mail, &job->err);

	if (r != 0)
		return r;
	if (job->options[CARDSEAL_RECIPIENT].len == 0 &&
	    job->options[CARDSEAL_RECIPIENT_FILE].len == 0)
		r = encrypt_header_recipients(job, mail, &addresses);
	if (r == 0)
		r = encrypting_prepare(c, &addresses);
	if (r == 0)
		r = smime_encrypt(
		    mail, &c->params, output_get_sink(out), &job->err);
	strings_clear(&addresses);
	smime_mail_free(mail);
	return r;
}

int
cardseal_encrypt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out)
{
	struct encrypting c = {.job = job, .in = in->in};
	int r;

	job_start(job);
	if (job_is(job, CARDSEAL_FORMAT, "cms"))
		r = encrypt_cms(&c, out->out);
	else
		r = encrypt_smime(&c, out->out);
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	if (r == 0)
		r = output_commit(out->out, &job->err);
	cert_set_free(c.recipients);
	free(c.array);
	return job_end(job, r);
}
