#include "client/api/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cms/compressed.h"
#include "client/smime/canon.h"
#include "client/smime/smime.h"

/* Among CARDSEAL_ENVELOPE's: those of the header. */
#define ENVELOPE_HEADER "header"

/* "auto" leaves it open. */
static int
encrypt_choose_cipher(struct cardseal_job *job, bool *is_auto, enum alg *cipher)
{
	const char *name = job_get(job, CARDSEAL_CIPHER);

	*cipher = job_choose_cipher(0);
	*is_auto = name == NULL || strcmp(name, "auto") == 0;
	if (*is_auto)
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

struct encrypting {
	struct cardseal_job *job;
	struct input *in;
	struct cms_encrypt_params params;
	struct oaep_params oaep;
	struct job_secrets secrets;
	bool is_auto;	  /* the cipher depends on the recipients: */
	unsigned ciphers; /* bits of what they can read (job.h) */
	struct cert_set *recipients;
	struct cert **array;
	struct source *entity; /* instead of the mail's own; or NULL */
	/* Who signs what is encrypted; NULL: nobody. */
	const struct cms_sign_params *outer;
	struct strings bcc;
	struct cert_set **bcc_certs; /* for each of bcc one with one in it */
};

/* Does an option name a recipient? Else a mail's header does. */
static bool
encrypt_has_recipients(const struct cardseal_job *job)
{
	return job->options[CARDSEAL_RECIPIENT].len != 0 ||
	       job->options[CARDSEAL_RECIPIENT_FILE].len != 0 ||
	       job->options[CARDSEAL_KEK_FILE].len != 0 ||
	       job->options[CARDSEAL_PASSWORD_FILE].len != 0;
}

/* How keys are encrypted to. */
static int
encrypting_set_algs(struct encrypting *c)
{
	struct cardseal_job *job = c->job;
	const char *digest = job_get(job, CARDSEAL_OAEP_DIGEST);
	const char *mgf = job_get(job, CARDSEAL_OAEP_MGF);
	const char *label = job_get(job, CARDSEAL_OAEP_LABEL);
	const char *agreement = job_get(job, CARDSEAL_KEY_AGREEMENT);

	c->params.uses_key_ids = job_is_set(job, CARDSEAL_KEY_IDS);
	if (agreement != NULL)
		c->params.agreement =
		    alg_find_name(agreement, ALG_KIND_KEY_AGREEMENT);
	if (!job_is_set(job, CARDSEAL_OAEP)) {
		if (digest == NULL && mgf == NULL && label == NULL)
			return 0;
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "the parameters of RSAES-OAEP go with --oaep");
	}
	c->oaep.digest = digest != NULL ? alg_find_name(digest, ALG_KIND_DIGEST)
					: ALG_SHA256;
	c->oaep.mgf_digest =
	    mgf != NULL ? alg_find_name(mgf, ALG_KIND_DIGEST) : c->oaep.digest;
	if (label != NULL)
		c->oaep.label = bytes_of_str(label);
	c->params.oaep = &c->oaep;
	return 0;
}

/* Whom a key or a password alone lets in is not known. */
static void
encrypting_set_cipher(struct encrypting *c)
{
	if (c->is_auto && c->params.keks_len + c->params.passwords_len == 0)
		c->params.cipher = job_choose_cipher(c->ciphers);
}

/* The options' recipients, or with none given those in `others`; NULL: then
 * it is an error. */
static int
encrypting_prepare(struct encrypting *c, const struct strings *others)
{
	static const struct strings none = {0};
	struct cardseal_job *job = c->job;
	const struct strings *given = &job->options[CARDSEAL_RECIPIENT];
	bool has_given = job->options[CARDSEAL_ENVELOPE].len == 0 &&
			 encrypt_has_recipients(job);
	int r;

	if (others == NULL && !encrypt_has_recipients(job))
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "no recipients; give them with -r ADDR, -R FILE, "
		    "--password-file or --kek-file");
	if (others == NULL)
		others = &none;
	c->params.content_type = OID_DATA;
	c->ciphers = JOB_CIPHERS_ALL;
	r = encrypt_choose_cipher(job, &c->is_auto, &c->params.cipher);
	if (r == 0)
		r = encrypting_set_algs(c);
	if (r == 0)
		r = job_secrets_load(job, CARDSEAL_KEK_FILE,
		    CARDSEAL_PASSWORD_FILE, true, &c->secrets);
	if (r != 0)
		return r;
	c->params.keks = c->secrets.keks;
	c->params.keks_len = c->secrets.keks_len;
	c->params.passwords =
	    (const struct secret *const *)c->secrets.passwords;
	c->params.passwords_len = c->secrets.passwords_len;
	c->recipients = cert_set_new();
	if (c->recipients == NULL)
		return -CS_ERR_NO_MEMORY;
	r = job_find_recipients(job, has_given ? given : others, has_given,
	    c->recipients, &c->ciphers);
	encrypting_set_cipher(c);
	if (r == 0)
		r = encrypt_params_fill(&c->params, &c->array, c->recipients);
	return r;
}

static int
encrypt_cms_write(void *ctx, struct sink *out, struct err *e)
{
	struct encrypting *c = ctx;
	struct compressed_source compressed;
	struct canon_source canon;
	struct input_source source;
	struct source *from = &source.source;
	bool is_der = job_is_set(c->job, CARDSEAL_DER);
	uint64_t len = UINT64_MAX; /* not known */
	int r;

	input_source_init(&source, c->in, 0, INPUT_TO_END);
	if (job_is(c->job, CARDSEAL_FORMAT, "entity")) {
		canon_source_init(&canon, from);
		from = &canon.source;
	}
	if (job_is_set(c->job, CARDSEAL_COMPRESS)) {
		compressed_source_init(&compressed, from, false);
		from = &compressed.source;
		c->params.content_type = OID_COMPRESSED_DATA;
	}
	if (!is_der && (from != &source.source || !input_is_direct(c->in))) {
		input_set_last_run(c->in);
		return cms_encrypt_ber(&c->params, from, out, e);
	}
	r = from == &source.source ? input_get_len(c->in, &len, e) : 0;
	return r != 0 ? r : cms_encrypt_der(&c->params, from, len, out, e);
}

static int
encrypt_cms(struct encrypting *c, struct output *out)
{
	int r = encrypting_prepare(c, NULL);

	if (r == 0)
		r = job_write_armored(c->job, false, out, encrypt_cms_write, c);
	return r;
}

/* A file of its own for a Bcc recipient's copy: DIR/ADDRESS.eml. */
static int
bcc_open(struct cardseal_job *job, const char *address, struct output **out)
{
	const char *dir = job_get(job, CARDSEAL_BCC_DIR);
	char quoted[ADDRESS_LEN_MAX];
	char *path;
	int r;

	*out = NULL;
	if (address[0] == '.' || strchr(address, '/') != NULL)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "no file can be named after the Bcc recipient %s",
		    err_quote(
			quoted, sizeof(quoted), address, strlen(address)));
	if (asprintf(&path, "%s/%s.eml", dir, address) < 0)
		return -CS_ERR_NO_MEMORY;
	r = output_open(path, out, &job->err);
	free(path);
	return r;
}

static int
encrypt_mail(struct encrypting *c, struct smime_mail *mail,
    const struct cms_encrypt_params *params, struct output *out)
{
	struct source *entity =
	    c->entity != NULL ? c->entity : smime_mail_get_entity(mail, false);
	struct sink *sink = output_get_sink(out);

	if (c->outer != NULL)
		return smime_encrypt_and_sign(
		    mail, entity, params, c->outer, sink, &c->job->err);
	return smime_encrypt_entity(mail, entity, params, sink, &c->job->err);
}

/* One copy, encrypted to its recipient alone. */
static int
bcc_write_copy(struct encrypting *c, struct smime_mail *mail,
    const char *address, struct cert *cert)
{
	struct cms_encrypt_params params = c->params;
	struct output *out;
	int r = bcc_open(c->job, address, &out);

	if (r != 0)
		return r;
	params.recipients = &cert;
	params.recipients_len = 1;
	r = encrypt_mail(c, mail, &params, out);
	if (r == 0)
		r = output_commit(out, &c->job->err);
	output_free(out);
	return r;
}

static int
bcc_write_copies(struct encrypting *c, struct smime_mail *mail)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < c->bcc.len; i++)
		r = bcc_write_copy(
		    c, mail, c->bcc.items[i], cert_set_get(c->bcc_certs[i], 0));
	return r;
}

/* A certificate for each, before anything is written. */
static int
bcc_prepare(struct encrypting *c)
{
	struct strings one = {.len = 1};
	size_t i;
	int r = 0;

	c->bcc_certs = calloc(c->bcc.len + 1, sizeof(*c->bcc_certs));
	if (c->bcc_certs == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < c->bcc.len; i++) {
		c->bcc_certs[i] = cert_set_new();
		if (c->bcc_certs[i] == NULL)
			return -CS_ERR_NO_MEMORY;
		one.items = &c->bcc.items[i];
		r = job_find_recipients(
		    c->job, &one, false, c->bcc_certs[i], &c->ciphers);
	}
	return r;
}

/* Whom the header names. Bcc cannot be served by one message for all. */
static int
encrypt_header_recipients(
    struct encrypting *c, struct smime_mail *mail, struct strings *addresses)
{
	struct err *e = &c->job->err;
	int r;

	r = smime_mail_walk_addresses(mail, "To", address_collect, addresses);
	if (r == 0)
		r = smime_mail_walk_addresses(
		    mail, "Cc", address_collect, addresses);
	if (r == 0)
		r = smime_mail_walk_addresses(
		    mail, "Bcc", address_collect, &c->bcc);
	if (r == 0 && c->bcc.len != 0 &&
	    job_get(c->job, CARDSEAL_BCC_DIR) == NULL)
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "the mail has Bcc recipients, whom the others would see; "
		    "--bcc-dir DIR takes a copy for each");
	if (r == 0 && addresses->len == 0)
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "the mail names no recipients in To or Cc; give them with "
		    "-r ADDR or -R FILE");
	return r;
}

static bool
has_address(const struct strings *list, const char *address)
{
	size_t i;

	for (i = 0; i < list->len; i++)
		if (address_is_equal(
			bytes_of_str(list->items[i]), bytes_of_str(address)))
			return true;
	return false;
}

/* Where the mail really goes: who is not in To or Cc was a blind copy. */
static int
encrypt_envelope_recipients(
    struct encrypting *c, struct smime_mail *mail, struct strings *addresses)
{
	const struct strings *envelope = &c->job->options[CARDSEAL_ENVELOPE];
	struct strings named = {0};
	size_t i;
	int r = smime_mail_walk_addresses(mail, "To", address_collect, &named);

	if (r == 0)
		r = smime_mail_walk_addresses(
		    mail, "Cc", address_collect, &named);
	for (i = 0; r == 0 && i < envelope->len; i++)
		if (strcmp(envelope->items[i], ENVELOPE_HEADER) != 0)
			r = strings_add(has_address(&named, envelope->items[i])
					    ? addresses
					    : &c->bcc,
			    envelope->items[i]);
	strings_clear(&named);
	if (r == 0 && c->bcc.len != 0 &&
	    job_get(c->job, CARDSEAL_BCC_DIR) == NULL)
		r = err_set(&c->job->err, -CS_ERR_ARGUMENT,
		    "the mail goes to addresses that are neither in To nor in "
		    "Cc, whom the others would see; --bcc-dir DIR takes a copy "
		    "for each");
	return r;
}

static bool
envelope_has_header(const struct cardseal_job *job)
{
	const struct strings *envelope = &job->options[CARDSEAL_ENVELOPE];
	size_t i;

	for (i = 0; i < envelope->len; i++)
		if (strcmp(envelope->items[i], ENVELOPE_HEADER) == 0)
			return true;
	return false;
}

/* All recipients, before anything is asked for or written. */
static int
encrypt_find_recipients(struct encrypting *c, struct smime_mail *mail)
{
	struct cardseal_job *job = c->job;
	struct strings addresses = {0};
	int r = 0;

	if (envelope_has_header(job) ||
	    (job->options[CARDSEAL_ENVELOPE].len == 0 &&
		!encrypt_has_recipients(job)))
		r = encrypt_header_recipients(c, mail, &addresses);
	if (r == 0 && job->options[CARDSEAL_ENVELOPE].len != 0)
		r = encrypt_envelope_recipients(c, mail, &addresses);
	/* Whoever the recipients are: no copy tells of them. */
	if (r == 0)
		r = smime_mail_remove_header(mail, "Bcc");
	if (r == 0)
		r = encrypting_prepare(c, &addresses);
	if (r == 0)
		r = bcc_prepare(c);
	encrypting_set_cipher(c);
	strings_clear(&addresses);
	return r;
}

static int
encrypt_smime(struct encrypting *c, struct output *out)
{
	struct smime_mail *mail;
	int r = smime_mail_open(c->in, &mail, &c->job->err);

	if (r != 0)
		return r;
	r = job_set_headers(c->job, mail, true);
	if (r == 0)
		r = smime_mail_scan_rest(mail, &c->job->err);
	if (r == 0)
		r = encrypt_find_recipients(c, mail);
	if (r == 0 && job_is_set(c->job, CARDSEAL_COMPRESS))
		smime_mail_compress(mail);
	if (r == 0)
		r = encrypt_mail(c, mail, &c->params, out);
	if (r == 0)
		r = bcc_write_copies(c, mail);
	smime_mail_free(mail);
	return r;
}

static void
encrypting_clear(struct encrypting *c)
{
	size_t i;

	for (i = 0; c->bcc_certs != NULL && i < c->bcc.len; i++)
		cert_set_free(c->bcc_certs[i]);
	free(c->bcc_certs);
	strings_clear(&c->bcc);
	cert_set_free(c->recipients);
	free(c->array);
	job_secrets_clear(&c->secrets);
}

/* The sender can read what was sent, if a certificate for that is here. */
static int
encrypting_add_self(struct encrypting *c, struct bytes sender)
{
	struct strings one = {0};
	struct cert_set *self = cert_set_new();
	char *address = bytes_dup_str(sender);
	int r = -CS_ERR_NO_MEMORY;

	if (self != NULL && address != NULL && strings_add(&one, address) == 0)
		r = job_find_recipients(c->job, &one, false, self, &c->ciphers);
	if (r == 0)
		r = cert_set_add_all(c->recipients, self);
	else if (r == -CS_ERR_NO_CERT)
		r = strings_printf(&c->job->warnings,
		    "not encrypted to yourself: %s",
		    err_get_text(&c->job->err));
	encrypting_set_cipher(c);
	free(c->array);
	c->array = NULL;
	if (r == 0)
		r = encrypt_params_fill(&c->params, &c->array, c->recipients);
	if (r == 0)
		err_clear(&c->job->err);
	strings_clear(&one);
	cert_set_free(self);
	free(address);
	return r;
}

int
job_encrypting_new(struct cardseal_job *job, struct smime_mail *mail,
    struct bytes sender, struct encrypting **result)
{
	struct encrypting *c = calloc(1, sizeof(*c));
	int r;

	*result = NULL;
	if (c == NULL)
		return -CS_ERR_NO_MEMORY;
	c->job = job;
	r = encrypt_find_recipients(c, mail);
	if (r == 0 && sender.len != 0 && !job_is(job, CARDSEAL_TO_SELF, "0"))
		r = encrypting_add_self(c, sender);
	if (r == 0)
		*result = c;
	else
		job_encrypting_free(c);
	return r;
}

int
job_encrypting_new_to(struct cardseal_job *job, const struct strings *addresses,
    struct encrypting **result)
{
	struct encrypting *c = calloc(1, sizeof(*c));
	int r;

	*result = NULL;
	if (c == NULL)
		return -CS_ERR_NO_MEMORY;
	c->job = job;
	r = encrypting_prepare(c, addresses);
	if (r == 0)
		*result = c;
	else
		job_encrypting_free(c);
	return r;
}

const struct cms_encrypt_params *
job_encrypting_get_params(const struct encrypting *c)
{
	return &c->params;
}

void
job_encrypting_set_outer(
    struct encrypting *c, const struct cms_sign_params *outer)
{
	c->outer = outer;
}

int
job_encrypting_write(struct encrypting *c, struct smime_mail *mail,
    struct source *entity, struct output *out)
{
	int r;

	c->entity = entity;
	/* All may be blind copies. */
	r = c->params.recipients_len + c->params.keks_len +
			c->params.passwords_len !=
		    0
		? encrypt_mail(c, mail, &c->params, out)
		: 0;
	return r == 0 ? bcc_write_copies(c, mail) : r;
}

void
job_encrypting_free(struct encrypting *c)
{
	if (c == NULL)
		return;
	encrypting_clear(c);
	free(c);
}

int
cardseal_encrypt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out)
{
	struct encrypting c = {.job = job, .in = in->in};
	int r;

	job_start(job);
	r = job_check_apart(job, in, out);
	if (r != 0)
		return job_end(job, r);
	if (!job_is_smime(job))
		r = encrypt_cms(&c, out->out);
	else
		r = encrypt_smime(&c, out->out);
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	if (r == 0)
		r = output_commit(out->out, &job->err);
	encrypting_clear(&c);
	return job_end(job, r);
}
