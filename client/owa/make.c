/* make.c: mail signed and encrypted. */
#include "client/owa/owa.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PEM_LINE 64
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----\n"
#define PEM_END "-----END CERTIFICATE-----\n"

/* --- certificates --- */

/* The key that is preferred for signing, or the one whose certificate, in
 * base64, is wanted. NULL: there is none. *raw gets the certificate. */
static const struct cardseal_key *
find_key(const struct cardseal_keys *keys, const char *wanted, struct buf *raw)
{
	const struct cardseal_key *key;
	size_t i;

	for (i = 0; i < cardseal_keys_get_len(keys); i++) {
		key = cardseal_keys_get_key(keys, i);
		buf_reset(raw);
		owa_put_certificate(raw, key->pem);
		if (wanted == NULL
			? key->can_sign && key->certificate_sha256[0] != '\0' &&
			      key->sign_refused[0] == '\0'
			: raw->len != 0 && bytes_is_equal(buf_get(raw),
					       bytes_of_str(wanted)))
			return key;
	}
	return NULL;
}

int
owa_get_certificate(json_t **data, struct err *e)
{
	struct cardseal_job *job = owa_new_job("find the key that signs");
	struct cardseal_keys *keys = NULL;
	struct buf raw = {0};
	int r = job != NULL ? cardseal_keys_get(job, &keys)
			    : err_set(e, -CS_ERR_NO_MEMORY, NULL);

	*data = NULL;
	if (r != 0 && job != NULL)
		owa_keep_error(job, r, e);
	if (r == 0 && find_key(keys, NULL, &raw) == NULL)
		r = err_set(e, -CS_ERR_NO_KEY,
		    "no key is there that may sign mail; \"cardseal keys\" and "
		    "\"cardseal doctor\" say why");
	if (r == 0) {
		*data = json_stringn((const char *)raw.data, raw.len);
		if (*data == NULL)
			r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	buf_clear(&raw);
	cardseal_keys_free(keys);
	cardseal_job_free(job);
	return r;
}

/* Has the job sign with the key of this certificate. */
static int
choose_key(struct cardseal_job *job, const char *wanted, struct err *e)
{
	const struct cardseal_key *key;
	struct cardseal_keys *keys = NULL;
	struct buf raw = {0};
	int r = cardseal_keys_get(job, &keys);

	if (r != 0) {
		owa_keep_error(job, r, e);
	} else {
		key = find_key(keys, wanted, &raw);
		if (key == NULL)
			r = err_set(e, -CS_ERR_NO_KEY,
			    "the key of the certificate that Outlook wants to "
			    "sign with is not there");
		else
			r = cardseal_job_set(
			    job, CARDSEAL_KEY, key->certificate_sha256);
	}
	buf_clear(&raw);
	cardseal_keys_free(keys);
	return r;
}

static void
put_pem(struct buf *b, const char *base64)
{
	size_t len = strlen(base64), n;

	buf_add_str(b, PEM_BEGIN);
	for (; len > 0; len -= n, base64 += n) {
		n = len < PEM_LINE ? len : PEM_LINE;
		buf_add(b, base64, n);
		buf_add_byte(b, '\n');
	}
	buf_add_str(b, PEM_END);
}

/* The recipients' certificates, which come as a JSON text in JSON, as PEM;
 * empty: none. */
static int
read_recipients(const json_t *params, struct buf *pem, struct err *e)
{
	const char *text = owa_get_text(params, "EncryptionCertificates");
	json_t *list = text != NULL ? json_loads(text, 0, NULL) : NULL;
	const json_t *item;
	int r = 0;
	size_t i;

	if (text != NULL && text[0] != '\0' && !json_is_array(list))
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "the recipients' certificates are no list");
	json_array_foreach(list, i, item)
	{
		if (!json_is_string(item) && r == 0)
			r = err_set(e, -CS_ERR_ARGUMENT,
			    "a recipient's certificate is no text");
		if (r == 0)
			put_pem(pem, json_string_value(item));
	}
	json_decref(list);
	return r == 0 && pem->err != 0 ? err_set(e, pem->err, NULL) : r;
}

/* A file that only this process has, for an option that names one. */
static int
set_recipients(
    struct cardseal_job *job, int fd, struct bytes pem, struct err *e)
{
	char path[32];
	ssize_t n;

	for (; pem.len > 0; bytes_skip(&pem, (size_t)n)) {
		n = write(fd, pem.p, pem.len);
		if (n <= 0)
			return err_set(
			    e, -CS_ERR_IO, "the certificates cannot be kept");
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return cardseal_job_set(job, CARDSEAL_RECIPIENT_FILE, path);
}

/* --- making --- */

struct order {
	const char *certificate; /* to sign with; NULL: not signed */
	struct buf recipients;	 /* PEM; empty: not encrypted */
	struct buf mail;
};

static int
put_result(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

static int
set_options(
    struct cardseal_job *job, const struct order *o, int fd, struct err *e)
{
	int r = o->certificate != NULL ? choose_key(job, o->certificate, e) : 0;

	if (r == 0 && o->certificate != NULL && o->recipients.len == 0)
		/* As Outlook's own signs. */
		r = cardseal_job_set(job, CARDSEAL_FORM, "opaque");
	if (r == 0 && o->recipients.len != 0)
		r = set_recipients(job, fd, buf_get(&o->recipients), e);
	if (r == 0 && o->recipients.len != 0 && o->certificate != NULL)
		r = cardseal_job_set(job, CARDSEAL_ENCRYPT, "1");
	/* Outlook names the sender among the recipients. */
	if (r == 0 && o->recipients.len != 0)
		r = cardseal_job_set(job, CARDSEAL_TO_SELF, "0");
	return r;
}

static int
run(const struct order *o, struct buf *result, struct err *e)
{
	struct cardseal_job *job = owa_new_job(
	    o->certificate != NULL ? "sign a mail" : "encrypt a mail");
	int fd = memfd_create("recipients", MFD_CLOEXEC),
	    r = job != NULL && fd >= 0 ? set_options(job, o, fd, e)
				       : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	struct cardseal_input *in = NULL;
	struct cardseal_output *out = NULL;

	if (r == 0) {
		in = cardseal_input_memory(job, o->mail.data, o->mail.len);
		out = cardseal_output_function(job, put_result, result);
		if (in == NULL || out == NULL)
			r = -CS_ERR_NO_MEMORY;
		else if (o->certificate != NULL)
			r = cardseal_sign(job, in, out);
		else
			r = cardseal_encrypt(job, in, out);
		if (r != 0)
			owa_keep_error(job, r, e);
	}
	cardseal_output_free(out);
	cardseal_input_free(in);
	cardseal_job_free(job);
	if (fd >= 0)
		close(fd);
	return r;
}

static int
read_order(const json_t *params, struct order *o, struct err *e)
{
	const char *text = owa_get_text(params, "EmailMessage"),
		   *certificate = owa_get_text(params, "SigningCertificate");
	json_t *message = text != NULL ? json_loads(text, 0, NULL) : NULL;
	int r = read_recipients(params, &o->recipients, e);

	if (certificate != NULL && certificate[0] != '\0')
		o->certificate = certificate;
	if (r == 0 && !json_is_object(message))
		r = err_set(e, -CS_ERR_ARGUMENT, "the request has no message");
	/* What a person wants sealed does not go out open. */
	if (r == 0 && o->certificate == NULL && o->recipients.len == 0)
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "the request names no certificate, neither to sign with "
		    "nor to encrypt to");
	if (r == 0)
		r = owa_compose(message, &o->mail, e);
	json_decref(message);
	return r;
}

int
owa_make(const json_t *params, json_t **data, struct err *e)
{
	struct order o = {
	    .recipients = {.max = OWA_REQUEST_MAX},
	    .mail = {.max = OWA_REQUEST_MAX * 2},
	};
	struct buf result = {.max = OWA_REQUEST_MAX * 4};
	int r = read_order(params, &o, e);

	*data = NULL;
	if (r == 0)
		r = run(&o, &result, e);
	if (r == 0 && result.err != 0)
		r = err_set(e, result.err, NULL);
	if (r == 0) {
		*data = json_stringn((const char *)result.data, result.len);
		if (*data == NULL)
			r = err_set(
			    e, -CS_ERR_INTERNAL, "what was made is no text");
	}
	buf_clear(&o.recipients);
	buf_clear(&o.mail);
	buf_clear(&result);
	return r;
}
