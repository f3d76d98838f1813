/* Keys and passwords that the caller keeps in files. */
#include "client/api/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn1/alg/digest.h"

#define SECRET_FILE_MAX 1024 /* octets of a password, or of a key in hex */
#define KEK_ID_LEN 16

/* The whole file as a secret. */
static int
secret_read_file(
    struct cardseal_job *job, const char *path, struct secret **out)
{
	struct secret *s = secret_new(SECRET_FILE_MAX + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = -1;
	int code;

	*out = NULL;
	if (fd < 0)
		code = err_set_errno(&job->err, errno, path);
	else
		code = s != NULL ? 0 : -CS_ERR_NO_MEMORY;
	while (code == 0 && len <= SECRET_FILE_MAX) {
		n = read(fd, secret_get(s) + len, SECRET_FILE_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			code = err_set_errno(&job->err, errno, path);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (code == 0 && len > SECRET_FILE_MAX)
		code = err_set(&job->err, -CS_ERR_ARGUMENT,
		    "%s: more than %d octets", path, SECRET_FILE_MAX);
	if (code != 0) {
		secret_free(s);
		return code;
	}
	secret_cut(s, len);
	*out = s;
	return 0;
}

static void
secret_cut_line_end(struct secret *s)
{
	struct bytes b = secret_get_bytes(s);

	if (b.len != 0 && b.p[b.len - 1] == '\n')
		b.len--;
	if (b.len != 0 && b.p[b.len - 1] == '\r')
		b.len--;
	secret_cut(s, b.len);
}

/* --- passwords --- */

static int
password_load(
    struct cardseal_job *job, const char *path, struct secret **password)
{
	int r = secret_read_file(job, path, password);

	if (r != 0)
		return r;
	secret_cut_line_end(*password);
	if (secret_get_len(*password) != 0)
		return 0;
	secret_free(*password);
	*password = NULL;
	return err_set(
	    &job->err, -CS_ERR_ARGUMENT, "%s: the password is empty", path);
}

/* --- keys --- */

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* in to out, half as many octets; false: it is no hex. */
static bool
hex_decode(struct bytes in, uint8_t *out)
{
	size_t i;

	for (i = 0; i + 1 < in.len; i += 2) {
		int high = hex_digit(in.p[i]), low = hex_digit(in.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return in.len % 2 == 0;
}

static bool
is_kek_len(size_t len)
{
	return len == 16 || len == 24 || len == 32;
}

/* 16, 24 or 32 octets as they are, or as hex in a line. */
static int
kek_load(struct cardseal_job *job, const char *path, struct secret **key)
{
	struct secret *hex = NULL;
	struct bytes text;
	int r = secret_read_file(job, path, key);

	if (r != 0 || is_kek_len(secret_get_len(*key)))
		return r;
	secret_cut_line_end(*key);
	text = secret_get_bytes(*key);
	if (is_kek_len(text.len))
		return 0;
	if (text.len % 2 == 0 && is_kek_len(text.len / 2)) {
		hex = secret_new(text.len / 2);
		if (hex != NULL && hex_decode(text, secret_get(hex))) {
			secret_free(*key);
			*key = hex;
			return 0;
		}
	}
	secret_free(hex);
	secret_free(*key);
	*key = NULL;
	return err_set(&job->err, -CS_ERR_ARGUMENT,
	    "%s: a key has 16, 24 or 32 octets, raw or as hexadecimal digits",
	    path);
}

/* The name of the i-th key: as given, or made of the key. */
static int
kek_name(struct cardseal_job *job, size_t i, bool wants_ids,
    const struct secret *key, struct buf *id)
{
	const struct strings *ids = &job->options[CARDSEAL_KEK_ID];
	struct bytes what = BYTES_LIT("cardseal kek id"), text;
	uint8_t out[DIGEST_LEN_MAX], *p;

	if (i < ids->len) {
		text = bytes_of_str(ids->items[i]);
		p = buf_reserve(id, text.len / 2 + 1);
		if (p == NULL)
			return id->err;
		if (text.len == 0 || !hex_decode(text, p))
			return err_set(&job->err, -CS_ERR_ARGUMENT,
			    "the name of a key is not in hexadecimal digits");
		buf_grow_len(id, text.len / 2);
		return 0;
	}
	if (!wants_ids)
		return 0;
	hmac_of(ALG_SHA256, secret_get_bytes(key), &what, 1, out);
	return buf_add(id, out, KEK_ID_LEN);
}

static int
secrets_load_kek(struct cardseal_job *job, bool wants_ids,
    struct job_secrets *secrets, const char *path)
{
	size_t i = secrets->keks_len;
	struct secret *key;
	int r = kek_load(job, path, &key);

	if (r != 0)
		return r;
	secrets->keks[i].key = key;
	secrets->keks_len++;
	r = kek_name(job, i, wants_ids, key, &secrets->ids[i]);
	secrets->keks[i].id = buf_get(&secrets->ids[i]);
	return r;
}

int
job_secrets_load(struct cardseal_job *job, enum cardseal_option kek_option,
    enum cardseal_option password_option, bool wants_ids,
    struct job_secrets *secrets)
{
	const struct strings *keks = &job->options[kek_option];
	const struct strings *files = &job->options[password_option];
	size_t i;
	int r = 0;

	*secrets = (struct job_secrets){0};
	secrets->keks = calloc(keks->len + 1, sizeof(*secrets->keks));
	secrets->ids = calloc(keks->len + 1, sizeof(*secrets->ids));
	secrets->passwords = calloc(files->len + 1, sizeof(struct secret *));
	if (secrets->keks == NULL || secrets->ids == NULL ||
	    secrets->passwords == NULL)
		r = -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < keks->len; i++)
		r = secrets_load_kek(job, wants_ids, secrets, keks->items[i]);
	for (i = 0; r == 0 && i < files->len; i++) {
		r = password_load(job, files->items[i], &secrets->passwords[i]);
		if (r == 0)
			secrets->passwords_len++;
	}
	if (r != 0)
		job_secrets_clear(secrets);
	return r;
}

void
job_secrets_clear(struct job_secrets *secrets)
{
	size_t i;

	for (i = 0; i < secrets->keks_len; i++) {
		secret_free((struct secret *)secrets->keks[i].key);
		buf_clear(&secrets->ids[i]);
	}
	for (i = 0; i < secrets->passwords_len; i++)
		secret_free(secrets->passwords[i]);
	free(secrets->keks);
	free(secrets->ids);
	free(secrets->passwords);
	*secrets = (struct job_secrets){0};
}
