/*
 * cmsdrive: client/cms by itself, with keys in files, for comparison with
 * other programs and for measuring. Not installed.
 *
 *	cmsdrive sign [-f detached|der|ber] [-p] [-i CERTS] -k KEY,CERT ...
 *	    [-o OUT] [IN]
 *	cmsdrive verify [-c CONTENT] [-a ANCHORS] [-i CERTS] [-l] [-o OUT] [IN]
 *	cmsdrive encrypt [-f der|ber] [-e CIPHER] -r CERTS ... [-o OUT] [IN]
 *	cmsdrive decrypt [-l] -k KEY,CERT ... [-o OUT] [IN]
 *
 * verify and decrypt print the verdict as JSON to standard error.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/cms/detect.h"
#include "client/cms/enveloped.h"
#include "client/cms/release.h"
#include "tests/unit/soft_key.h"

#define SIGNATURE_MAX ((size_t)4 << 20)

struct drive {
	const char *form, *cipher, *content, *out_path;
	bool wants_pss, is_legacy;
	struct soft_ring ring;
	struct cms_key_ops ops;
	struct cert_set *anchors, *others, *recipients, *own;
	struct input *in;
	struct output *out;
	struct buf head; /* of the content that was given */
	struct err e;
};

static int
drive_add_key(struct drive *d, char *arg)
{
	char *comma = strchr(arg, ',');
	struct soft_key *k;

	if (comma == NULL || d->ring.len >= 8)
		return err_set(&d->e, -CS_ERR_USAGE, "-k KEY,CERT");
	*comma = '\0';
	k = soft_key_load(arg, comma + 1);
	if (k == NULL)
		return err_set(
		    &d->e, -CS_ERR_NO_FILE, "%s: no key can be read", arg);
	d->ring.keys[d->ring.len++] = k;
	return cert_set_add(d->own, soft_key_get_cert(k));
}

static int
drive_options(struct drive *d, int argc, char **argv)
{
	int c, r = 0;

	while (r == 0 && (c = getopt(argc, argv, "a:c:e:f:i:k:lo:pr:")) != -1)
		switch (c) {
		case 'a':
			r = cert_set_add_file(d->anchors, optarg, &d->e);
			break;
		case 'c':
			d->content = optarg;
			break;
		case 'e':
			d->cipher = optarg;
			break;
		case 'f':
			d->form = optarg;
			break;
		case 'i':
			r = cert_set_add_file(d->others, optarg, &d->e);
			break;
		case 'k':
			r = drive_add_key(d, optarg);
			break;
		case 'l':
			d->is_legacy = true;
			break;
		case 'o':
			d->out_path = optarg;
			break;
		case 'p':
			d->wants_pss = true;
			break;
		case 'r':
			r = cert_set_add_file(d->recipients, optarg, &d->e);
			break;
		default:
			r = err_set(&d->e, -CS_ERR_USAGE, "bad option");
		}
	if (r == 0)
		r = input_open(
		    optind < argc ? argv[optind] : "-", &d->in, &d->e);
	return r;
}

/* --- sign --- */

struct feed {
	struct sink sink;
	struct cms_sign *sign;
};

static int
feed_write(struct sink *sink, struct bytes in, struct err *e)
{
	return cms_sign_write(((struct feed *)sink)->sign, in, e);
}

static int
drive_sign_detached(struct drive *d, const struct cms_sign_params *params)
{
	struct feed feed = {.sink = {.write = feed_write}};
	int r = cms_sign_new(params, &feed.sign, &d->e);

	if (r == 0)
		r = input_run(d->in, 0, INPUT_TO_END, &feed.sink, &d->e);
	if (r == 0)
		r = cms_sign_finish(feed.sign, output_get_sink(d->out), &d->e);
	cms_sign_free(feed.sign);
	return r;
}

static int
drive_sign(struct drive *d)
{
	struct cms_signer signers[8] = {0};
	struct cms_sign_params params = {
	    .signers = signers,
	    .signers_len = d->ring.len,
	    .certificates = d->others,
	    .content_type = OID_DATA,
	    .signing_time = (int64_t)time(NULL),
	    .ops = &d->ops,
	};
	struct sink *out = output_get_sink(d->out);
	struct input_source source;
	const struct spki *key;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < d->ring.len; i++) {
		signers[i].cert = soft_key_get_cert(d->ring.keys[i]);
		key = cert_get_spki(signers[i].cert);
		r = sig_scheme_choose(key, sig_default_digest(key),
		    d->wants_pss, &signers[i].scheme);
	}
	input_source_init(&source, d->in, 0, INPUT_TO_END);
	if (strcmp(d->form, "der") != 0)
		input_set_last_run(d->in);
	if (r != 0)
		return err_set(&d->e, r, NULL);
	if (strcmp(d->form, "der") == 0)
		return cms_sign_opaque_der(&params, &source.source, out, &d->e);
	if (strcmp(d->form, "ber") == 0)
		return cms_sign_opaque_ber(&params, &source.source, out, &d->e);
	return drive_sign_detached(d, &params);
}

/* --- encrypt --- */

static int
drive_encrypt(struct drive *d)
{
	static struct cert *to[CMS_RECIPIENTS_MAX];
	struct cms_encrypt_params params = {
	    .recipients = to,
	    .cipher = alg_find_name(d->cipher, ALG_KIND_CIPHER),
	    .content_type = OID_DATA,
	};
	struct sink *out = output_get_sink(d->out);
	struct input_source source;
	uint64_t len;
	int r;

	if (params.cipher == ALG_NONE)
		params.cipher = alg_find_name(d->cipher, ALG_KIND_AEAD);
	for (; params.recipients_len < cert_set_get_len(d->recipients) &&
	       params.recipients_len < CMS_RECIPIENTS_MAX;
	     params.recipients_len++)
		to[params.recipients_len] =
		    cert_set_get(d->recipients, params.recipients_len);
	input_source_init(&source, d->in, 0, INPUT_TO_END);
	if (strcmp(d->form, "der") != 0) {
		input_set_last_run(d->in);
		return cms_encrypt_ber(&params, &source.source, out, &d->e);
	}
	r = input_get_len(d->in, &len, &d->e);
	if (r != 0)
		return r;
	return cms_encrypt_der(&params, &source.source, len, out, &d->e);
}

/* --- reading --- */

static int
drive_hash(struct drive *d, struct bytes cms, struct cms_reader_params *params)
{
	enum alg algs[CMS_DIGESTS_MAX];
	struct input *content;
	struct sink *hash = NULL, *head = NULL, *count = NULL;
	int n = cms_peek_digests(cms, algs, &d->e), r;

	if (n < 0)
		return n;
	params->detached = digest_new_all(algs, (size_t)n);
	r = input_open(d->content, &content, &d->e);
	if (r != 0)
		return r;
	input_set_last_run(content);
	hash = sink_new_digest(params->detached, NULL);
	head = sink_new_head(&d->head, hash);
	count = sink_new_count(&params->detached_len, head);
	r = input_run(content, 0, INPUT_TO_END, count, &d->e);
	params->detached_head = buf_get(&d->head);
	sink_free(count);
	sink_free(head);
	sink_free(hash);
	input_free(content);
	return r;
}

static int
drive_print(const struct verdict *v)
{
	struct buf json = {0};
	int r = verdict_to_json(v, &json);

	if (r == 0)
		fwrite(json.data, 1, json.len, stderr);
	buf_clear(&json);
	return r;
}

static int
drive_read(struct drive *d, struct cms_reader_params *params)
{
	struct verdict *v = verdict_new();
	struct buf cms = {.max = SIGNATURE_MAX};
	struct sink *whole = sink_new_buf(&cms);
	enum release_rule rule = RELEASE_GOOD;
	struct source *source = NULL;
	enum input_form form;
	int r = input_detect(d->in, &form, &d->e);

	if (r == 0) {
		source = cms_source_new(d->in, form, &d->e);
		r = source == NULL ? d->e.code : 0;
	}
	if (r == 0 && d->content != NULL) {
		rule = RELEASE_NEVER;
		r = source_run(source, whole, &d->e);
		if (r == 0)
			r = drive_hash(d, buf_get(&cms), params);
	}
	if (r == 0)
		r = cms_read(params, source, rule,
		    rule == RELEASE_GOOD ? d->out : NULL, v, &d->e);
	if (r == 0)
		r = drive_print(v);
	if (r == 0 && v->code != 0)
		r = err_set(&d->e, v->code, "%s", v->text);
	/* what is bad has left nothing in it */
	if ((r == 0 || err_class(r) == ERR_CLASS_UNTRUSTED) &&
	    output_commit(d->out, &d->e) != 0)
		r = d->e.code;
	digest_free(params->detached);
	cms_source_free(source);
	sink_free(whole);
	buf_clear(&cms);
	verdict_free(v);
	return r;
}

static int
drive_verify(struct drive *d)
{
	struct cms_trust trust = {
	    .path = {.anchors = d->anchors,
		.intermediates = d->others,
		.purpose = PATH_SIGN},
	    .known = d->others,
	    .is_legacy = d->is_legacy,
	};
	struct cms_reader_params params = {
	    .trust = &trust, .is_legacy = d->is_legacy};

	return drive_read(d, &params);
}

static int
drive_decrypt(struct drive *d)
{
	struct cms_reader_params params = {
	    .ops = &d->ops, .own = d->own, .is_legacy = d->is_legacy};

	return drive_read(d, &params);
}

static void
drive_clear(struct drive *d)
{
	buf_clear(&d->head);
	size_t i;

	output_free(d->out);
	input_free(d->in);
	for (i = 0; i < d->ring.len; i++)
		soft_key_free(d->ring.keys[i]);
	cert_set_free(d->anchors);
	cert_set_free(d->others);
	cert_set_free(d->recipients);
	cert_set_free(d->own);
}

static int
drive_run(struct drive *d, const char *verb)
{
	int r;

	if (strcmp(verb, "verify") == 0)
		return drive_verify(d);
	if (strcmp(verb, "decrypt") == 0)
		return drive_decrypt(d);
	if (strcmp(verb, "sign") == 0)
		r = drive_sign(d);
	else if (strcmp(verb, "encrypt") == 0)
		r = drive_encrypt(d);
	else
		return err_set(&d->e, -CS_ERR_USAGE, "no such verb");
	if (r == 0)
		r = input_check_unchanged(d->in, &d->e);
	return r == 0 ? output_commit(d->out, &d->e) : r;
}

int
main(int argc, char **argv)
{
	struct drive d = {
	    .form = "der", .cipher = "aes256-cbc", .head.max = CMS_HEAD_LEN};
	int r;

	signal(SIGPIPE, SIG_IGN);
	err_clear(&d.e);
	if (argc < 2)
		return 2;
	d.anchors = cert_set_new();
	d.others = cert_set_new();
	d.recipients = cert_set_new();
	d.own = cert_set_new();
	d.ops = soft_ring_ops(&d.ring);
	r = alg_init(&d.e);
	if (r == 0)
		r = drive_options(&d, argc - 1, argv + 1);
	if (r == 0)
		r = output_open(d.out_path, &d.out, &d.e);
	if (r == 0)
		r = drive_run(&d, argv[1]);
	if (r != 0)
		fprintf(stderr, "cmsdrive: %s: %s\n", err_name(r),
		    d.e.code == r ? err_get_text(&d.e) : err_text(r));
	drive_clear(&d);
	return err_exit_status(r);
}
