#include "client/api/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cms/compressed.h"
#include "client/cms/detect.h"
#include "client/cms/rewrap.h"
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

struct encrypting {
	struct cardseal_job *job;
	struct input *in;
	struct cms_encrypt_params params;
	struct oaep_params oaep;
	struct job_secrets secrets;
	struct cert_set *recipients;
	struct cert **array;
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

/* The options' recipients, or with none given those in `others`. */
static int
encrypting_prepare(struct encrypting *c, const struct strings *others)
{
	struct cardseal_job *job = c->job;
	const struct strings *given = &job->options[CARDSEAL_RECIPIENT];
	bool has_given = encrypt_has_recipients(job);
	int r;

	c->params.content_type = OID_DATA;
	r = encrypt_choose_cipher(job, &c->params.cipher);
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
	struct compressed_source compressed;
	struct input_source source;
	uint64_t len;
	int r;

	input_source_init(&source, c->in, 0, INPUT_TO_END);
	if (job_is_set(c->job, CARDSEAL_COMPRESS)) {
		compressed_source_init(&compressed, &source.source, false);
		c->params.content_type = OID_COMPRESSED_DATA;
		if (job_is_set(c->job, CARDSEAL_DER))
			return cms_encrypt_der(
			    &c->params, &compressed.source, UINT64_MAX, out, e);
		return cms_encrypt_ber(&c->params, &compressed.source, out, e);
	}
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

	if (!encrypt_has_recipients(job))
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "no recipients; give them with -r ADDR, -R FILE, "
		    "--password-file or --kek-file");
	r = encrypting_prepare(c, &none);
	if (r == 0)
		r = job_write_armored(job, out, encrypt_cms_write, c);
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
	r = smime_encrypt(mail, &params, output_get_sink(out), &c->job->err);
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
		r = job_find_recipients(c->job, &one, false, c->bcc_certs[i]);
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
	if (r == 0)
		r = smime_mail_remove_header(mail, "Bcc");
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
	if (!encrypt_has_recipients(job))
		r = encrypt_header_recipients(c, mail, &addresses);
	if (r == 0)
		r = encrypting_prepare(c, &addresses);
	if (r == 0)
		r = bcc_prepare(c);
	if (r == 0 && job_is_set(job, CARDSEAL_COMPRESS))
		smime_mail_compress(mail);
	if (r == 0)
		r = smime_encrypt(
		    mail, &c->params, output_get_sink(out), &job->err);
	if (r == 0)
		r = bcc_write_copies(c, mail);
	strings_clear(&addresses);
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
	if (job_is(job, CARDSEAL_FORMAT, "cms"))
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

/* --- rewrap --- */

struct rewrapping {
	struct encrypting c; /* the recipients to be added */
	struct cms_reader_params reader;
	struct source *cms;
	struct output *out;
	struct verdict *verdict;
};

static int
rewrap_write(void *ctx, struct sink *out, struct err *e)
{
	struct rewrapping *w = ctx;

	return cms_rewrap(&w->reader, &w->c.params, w->cms, out, w->verdict, e);
}

/* The CMS object of a mail. */
static int
rewrap_take(void *ctx, struct source *cms, struct bytes header, struct err *e)
{
	struct rewrapping *w = ctx;

	w->cms = cms;
	return smime_write_again(
	    header, rewrap_write, w, output_get_sink(w->out), e);
}

static int
rewrap_any(struct rewrapping *w)
{
	struct cardseal_job *job = w->c.job;
	struct smime_read_params mail = {
	    .wants_encrypted = true, .take = rewrap_take, .take_ctx = w};
	enum input_form form;
	int r = input_detect(w->c.in, &form, &job->err);

	if (r != 0)
		return r;
	if (form == INPUT_MESSAGE)
		return smime_read(w->c.in, &mail, NULL, w->verdict, &job->err);
	w->cms = cms_source_new(w->c.in, form, &job->err);
	if (w->cms == NULL)
		return job->err.code;
	if (form != INPUT_DER && !job_is_set(job, CARDSEAL_ARMOR))
		r = cardseal_job_set(job, CARDSEAL_ARMOR, "1");
	if (r == 0)
		r = job_write_armored(job, w->out, rewrap_write, w);
	cms_source_free(w->cms);
	return r;
}

static int
rewrap_prepare(struct rewrapping *w, struct job_secrets *secrets,
    struct own_keys *own, struct cms_key_ops *ops)
{
	static const struct strings none = {0};
	struct cardseal_job *job = w->c.job;
	int r;

	if (!encrypt_has_recipients(job))
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "no recipients to add; give them with -r ADDR, -R FILE, "
		    "--password-file or --kek-file");
	r = encrypting_prepare(&w->c, &none);
	if (r == 0)
		r = job_secrets_load(job, CARDSEAL_OPEN_KEK_FILE,
		    CARDSEAL_OPEN_PASSWORD_FILE, false, secrets);
	w->reader.ops = ops;
	w->reader.is_legacy = job_is_set(job, CARDSEAL_LEGACY);
	if (r == 0)
		r = job_load_openers(job, secrets, own, &w->reader);
	return r;
}

int
cardseal_rewrap(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict)
{
	struct rewrapping w = {.c = {.job = job, .in = in->in}};
	struct cms_key_ops ops = job_key_ops(job);
	struct cardseal_verdict *wrap = verdict_wrap_new();
	struct job_secrets secrets = {0};
	struct own_keys own = {0};
	int r;

	*verdict = NULL;
	job_start(job);
	r = wrap != NULL ? job_check_apart(job, in, out) : -CS_ERR_NO_MEMORY;
	if (r == 0)
		r = rewrap_prepare(&w, &secrets, &own, &ops);
	if (r == 0) {
		w.out = out->out;
		w.verdict = wrap->verdict;
		r = rewrap_any(&w);
	}
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	own_keys_clear(&own);
	job_secrets_clear(&secrets);
	encrypting_clear(&w.c);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	return verdict_end(job, wrap, out->out, verdict);
}
