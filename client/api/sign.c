#include "client/api/signing.h"

#include <string.h>

#include "asn1/base64.h"
#include "client/cms/compressed.h"
#include "client/cms/sign_info.h"
#include "client/smime/canon.h"
#include "client/smime/smime.h"

/* Feeds what is signed detached. */
struct sign_feed {
	struct sink sink;
	struct cms_sign *sign;
};

static int
sign_feed_write(struct sink *sink, struct bytes in, struct err *e)
{
	return cms_sign_write(((struct sign_feed *)sink)->sign, in, e);
}

/* Opaque, in the length form that the input allows. */
static int
sign_cms_opaque(
    struct signing *s, struct source *from, bool is_der, struct sink *out)
{
	struct err *e = &s->job->err;

	return is_der ? cms_sign_opaque_der(&s->params, from, out, e)
		      : cms_sign_opaque_ber(&s->params, from, out, e);
}

static int
sign_cms_detached(struct signing *s, struct source *from, struct sink *out)
{
	struct sign_feed feed = {.sink = {.write = sign_feed_write}};
	struct err *e = &s->job->err;
	int r = cms_sign_new(&s->params, &feed.sign, e);

	if (r != 0)
		return r;
	r = source_run(from, &feed.sink, e);
	if (r == 0)
		r = cms_sign_finish(feed.sign, out, e);
	cms_sign_free(feed.sign);
	return r;
}

static int
sign_cms_to(struct signing *s, struct input *in, struct sink *out)
{
	bool is_opaque = job_is(s->job, CARDSEAL_FORM, "opaque");
	bool is_der = input_is_direct(in) || job_is_set(s->job, CARDSEAL_DER);
	struct input_source source;
	struct compressed_source compressed;
	struct canon_source canon;
	struct source *from = &source.source;

	input_source_init(&source, in, 0, INPUT_TO_END);
	if (job_is(s->job, CARDSEAL_FORMAT, "entity")) {
		canon_source_init(&canon, from);
		from = &canon.source;
	}
	if (job_is_set(s->job, CARDSEAL_COMPRESS)) {
		if (!is_opaque)
			return err_set(&s->job->err, -CS_ERR_ARGUMENT,
			    "compressed content stands in the message: "
			    "--compress goes with --opaque");
		compressed_source_init(&compressed, from, false);
		from = &compressed.source;
		s->params.content_type = OID_COMPRESSED_DATA;
	}
	if (!is_opaque || !is_der)
		input_set_last_run(in);
	return is_opaque ? sign_cms_opaque(s, from, is_der, out)
			 : sign_cms_detached(s, from, out);
}

int
job_write_armored(struct cardseal_job *job, bool is_pem, struct output *out,
    int (*write)(void *ctx, struct sink *out, struct err *e), void *ctx)
{
	struct sink *plain = output_get_sink(out), *armor;
	const char *armor_is = job_get(job, CARDSEAL_ARMOR);
	const char *label = "CMS";
	struct buf line = {0};
	struct err *e = &job->err;
	int r;

	if (!is_pem && (armor_is == NULL || strcmp(armor_is, "0") == 0))
		return write(ctx, plain, e);
	if (job_is(job, CARDSEAL_ARMOR, "gpgsm"))
		label = "SIGNED MESSAGE";
	else if (job_is(job, CARDSEAL_ARMOR, "pkcs7"))
		label = "PKCS7";
	armor = sink_new_base64_enc(plain, BASE64_LINE_PEM, "\n");
	if (armor == NULL)
		return -CS_ERR_NO_MEMORY;
	buf_printf(&line, "-----BEGIN %s-----\n", label);
	r = sink_write(plain, buf_get(&line), e);
	if (r == 0)
		r = write(ctx, armor, e);
	if (r == 0)
		r = sink_finish(armor, e);
	buf_reset(&line);
	buf_printf(&line, "-----END %s-----\n", label);
	if (r == 0)
		r = sink_write(plain, buf_get(&line), e);
	buf_clear(&line);
	sink_free(armor);
	return r;
}

struct sign_cms_ctx {
	struct signing *signing;
	struct input *in;
};

static int
sign_cms_write(void *ctx, struct sink *out, struct err *e)
{
	struct sign_cms_ctx *c = ctx;

	(void)e;
	return sign_cms_to(c->signing, c->in, out);
}

static int
sign_cms(struct signing *s, struct input *in, struct output *out)
{
	struct sign_cms_ctx ctx = {s, in};
	int r = signing_prepare(s, BYTES_NONE);

	if (r == 0)
		r = signing_set_labels(s, false);
	if (r == 0)
		r = signing_set_receipts(s, BYTES_NONE);
	if (r == 0)
		r = job_write_armored(s->job, false, out, sign_cms_write, &ctx);
	return r;
}

static int
sign_certs_write(void *ctx, struct sink *out, struct err *e)
{
	return cms_write_certs_only(ctx, out, e);
}

/* The signers' certificates and their chain, and no signature: a MIME entity,
 * or the bare ContentInfo. */
static int
sign_certs(struct signing *s, struct output *out)
{
	struct cert_set *all = cert_set_new();
	int r =
	    all != NULL ? signing_prepare(s, BYTES_NONE) : -CS_ERR_NO_MEMORY;

	if (r == 0)
		r = sign_collect_certificates(&s->params, all);
	if (r == 0 && s->is_mail)
		r = smime_write_certs_only(
		    all, output_get_sink(out), &s->job->err);
	else if (r == 0)
		r = job_write_armored(
		    s->job, false, out, sign_certs_write, all);
	cert_set_free(all);
	return r;
}

static int
sender_take(void *ctx, struct bytes address)
{
	struct buf *sender = ctx;

	if (sender->len == 0)
		buf_add_bytes(sender, address);
	return sender->err;
}

/* Who sends: the first address of From; where there is none, Sender's. */
static int
mail_find_sender(
    const struct smime_mail *mail, struct buf *sender, struct err *e)
{
	int r = smime_mail_walk_addresses(mail, "From", sender_take, sender);

	if (r == 0 && sender->len == 0)
		r = smime_mail_walk_addresses(
		    mail, "Sender", sender_take, sender);
	if (r == -CS_ERR_ENCODING)
		err_set(e, r,
		    "the mail's From cannot be understood, so that no key can "
		    "be chosen by it; name one with -k KEY");
	return r;
}

static int
sign_choose_form(struct cardseal_job *job, const struct smime_mail *mail,
    enum smime_form *form)
{
	struct err why = ERR_INIT;

	*form = SMIME_DETACHED;
	if (job_is(job, CARDSEAL_FORM, "opaque")) {
		*form = SMIME_OPAQUE;
		return 0;
	}
	if (smime_mail_can_detach(mail, &why))
		return 0;
	if (job_is(job, CARDSEAL_FORM, "detach"))
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "this mail cannot be signed detached: %s; leave --detach "
		    "out to have it signed opaque",
		    err_get_text(&why));
	*form = SMIME_OPAQUE;
	return strings_printf(
	    &job->warnings, "signed opaque, since %s", err_get_text(&why));
}

/*
 * Where the output cannot be taken back, nothing is written before there is a
 * signature: whoever reads a pipe may send on what came without one.
 */
static int
sign_detached(struct signing *s, struct smime_mail *mail, struct output *out)
{
	struct err *e = &s->job->err;
	struct smime_signed *ahead;
	int r;

	if (output_is_held(out))
		return smime_sign(
		    mail, SMIME_DETACHED, &s->params, output_get_sink(out), e);
	r = smime_signed_new(mail, &s->params, &ahead, e);
	if (r == 0)
		r = smime_signed_write(ahead, output_get_sink(out), e);
	smime_signed_free(ahead);
	return r;
}

static int
sign_plain(struct signing *s, struct smime_mail *mail, struct bytes key_address,
    struct bytes sender, struct output *out)
{
	struct cardseal_job *job = s->job;
	enum smime_form form;
	int r = signing_prepare(s, key_address);

	if (r == 0)
		r = signing_set_labels(s, false);
	if (r == 0)
		r = signing_set_receipts(s, sender);
	/* What is signed opaque is hashed while it is scanned. */
	if (r == 0 && !job_is(job, CARDSEAL_FORM, "opaque"))
		r = smime_mail_scan_rest(mail, &job->err);
	if (r == 0)
		r = sign_choose_form(job, mail, &form);
	if (r == 0 && form == SMIME_DETACHED)
		r = sign_detached(s, mail, out);
	else if (r == 0)
		r = smime_sign(
		    mail, form, &s->params, output_get_sink(out), &job->err);
	return r;
}

/* Signed inside. Whom it goes to is found before a PIN is asked for. */
static int
sign_and_encrypt(struct signing *s, struct smime_mail *mail,
    struct bytes key_address, struct bytes sender, struct output *out)
{
	struct cardseal_job *job = s->job;
	struct encrypting *c = NULL;
	struct smime_signed *inside = NULL;
	struct cms_sign_params outer;
	int r = smime_mail_scan_rest(mail, &job->err);

	if (r == 0)
		r = job_encrypting_new(job, mail, sender, &c);
	if (r == 0)
		r = signing_prepare(s, key_address);
	if (r == 0)
		r = signing_set_labels(s, true);
	if (r == 0)
		r = signing_set_receipts(s, sender);
	if (r == 0 && job_is_set(job, CARDSEAL_TRIPLE)) {
		/* What is asked of readers stands inside; labels outside as
		 * well, for who passes it on (RFC 2634 1.3.4). */
		outer = s->params;
		outer.attrs_len = s->labels_len;
		job_encrypting_set_outer(c, &outer);
	}
	if (r == 0)
		r = smime_signed_new(mail, &s->params, &inside, &job->err);
	if (r == 0)
		r = job_encrypting_write(
		    c, mail, smime_signed_get_entity(inside), out);
	smime_signed_free(inside);
	job_encrypting_free(c);
	return r;
}

/* What goes with one way of signing is not passed over in another: somebody
 * relies on it. */
static int
sign_check_options(struct cardseal_job *job)
{
	static const enum cardseal_option encrypting[] = {CARDSEAL_RECIPIENT,
	    CARDSEAL_RECIPIENT_FILE, CARDSEAL_CIPHER, CARDSEAL_BCC_DIR};
	bool is_cms = !job_is_smime(job);
	size_t i;

	if (is_cms && job_is_set(job, CARDSEAL_ENCRYPT))
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "signed and encrypted in one step are mails only; use "
		    "cardseal sign and cardseal encrypt one after the other");
	if (is_cms && job_get_headers(job) != SMIME_HEADERS_PLAIN)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "only a mail has headers to be protected; leave --headers "
		    "or -f cms out");
	if (job_is_set(job, CARDSEAL_TRIPLE) &&
	    !job_is_set(job, CARDSEAL_ENCRYPT))
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "a triple wrap is encrypted: --triple goes with --encrypt");
	if (job_is(job, CARDSEAL_FORM, "certs") &&
	    job->options[CARDSEAL_RECEIPT_REQUEST].len != 0)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "certificates alone have no signature, which could ask "
		    "for a receipt");
	if (job_is(job, CARDSEAL_FORM, "certs") &&
	    job_get(job, CARDSEAL_LABEL) != NULL)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "certificates alone have no signature, which could hold a "
		    "label");
	/* ENCRYPT "0" says that they are not meant. */
	for (i = 0; i < sizeof(encrypting) / sizeof(encrypting[0]); i++)
		if (job_get(job, CARDSEAL_ENCRYPT) == NULL &&
		    job_get(job, encrypting[i]) != NULL)
			return err_set(&job->err, -CS_ERR_ARGUMENT,
			    "recipients and how to encrypt to them go with "
			    "--encrypt; without it nothing is encrypted");
	return 0;
}

static int
sign_smime(struct signing *s, struct input *in, struct output *out)
{
	struct cardseal_job *job = s->job;
	/* Who names a key means it, whatever From looks like. */
	bool has_key = job->options[CARDSEAL_KEY].len != 0;
	struct buf sender = {0};
	struct smime_mail *mail;
	struct bytes by;
	int r = smime_mail_open(in, &mail, &job->err);

	if (r != 0)
		return r;
	r = job_set_headers(job, mail, job_is_set(job, CARDSEAL_ENCRYPT));
	if (r == 0)
		r = mail_find_sender(mail, &sender, &job->err);
	if (r == -CS_ERR_ENCODING && has_key)
		r = 0;
	if (r == 0 && job_is_set(job, CARDSEAL_COMPRESS)) {
		r = smime_mail_scan_rest(mail, &job->err);
		smime_mail_compress(mail);
	}
	by = has_key ? BYTES_NONE : buf_get(&sender);
	if (r == 0 && job_is_set(job, CARDSEAL_ENCRYPT))
		r = sign_and_encrypt(s, mail, by, buf_get(&sender), out);
	else if (r == 0)
		r = sign_plain(s, mail, by, buf_get(&sender), out);
	buf_clear(&sender);
	smime_mail_free(mail);
	return r;
}

int
cardseal_sign(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out)
{
	struct signing s = {.job = job};
	int r;

	job_start(job);
	r = job_check_apart(job, in, out);
	if (r != 0)
		return job_end(job, r);
	s.is_mail = !job_is(job, CARDSEAL_FORMAT, "cms");
	r = sign_check_options(job);
	if (r == 0 && job_is(job, CARDSEAL_FORM, "certs"))
		r = sign_certs(&s, out->out);
	else if (r == 0 && !job_is_smime(job))
		r = sign_cms(&s, in->in, out->out);
	else if (r == 0)
		r = sign_smime(&s, in->in, out->out);
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	if (r == 0)
		r = output_commit(out->out, &job->err);
	signing_clear(&s);
	return job_end(job, r);
}
