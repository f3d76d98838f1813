/*
 * digest.h and bulk.h on libgcrypt, the fastest of the libraries here
 * (doc/architecture.md). No other file includes its header.
 */
#include "asn1/alg/bulk.h"

#include <gcrypt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"

#define BULK_DIGESTS_MAX 8

static pthread_once_t bulk_once = PTHREAD_ONCE_INIT;
static bool bulk_is_ready;

static void
bulk_init_once(void)
{
	/* The program around us may have set it up to its own taste. */
	if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
		if (gcry_check_version("1.10.0") == NULL)
			return;
		/* No secure memory (secrets stand in asn1/secret.h) and no
		 * random numbers are asked of it, so no pool and no entropy
		 * gathering is set up. */
		gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
		gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	}
	bulk_is_ready = true;
}

int
bulk_init(struct err *e)
{
	pthread_once(&bulk_once, bulk_init_once);
	if (!bulk_is_ready)
		return err_set(e, -CS_ERR_INTERNAL,
		    "libgcrypt %s is older than the 1.10 this needs",
		    gcry_check_version(NULL));
	return 0;
}

int
alg_init(struct err *e)
{
	return bulk_init(e);
}

static int
bulk_md(enum alg alg)
{
	switch (alg) {
	case ALG_MD5:
		return GCRY_MD_MD5;
	case ALG_SHA1:
		return GCRY_MD_SHA1;
	case ALG_SHA224:
		return GCRY_MD_SHA224;
	case ALG_SHA256:
		return GCRY_MD_SHA256;
	case ALG_SHA384:
		return GCRY_MD_SHA384;
	case ALG_SHA512:
		return GCRY_MD_SHA512;
	case ALG_SHA3_224:
		return GCRY_MD_SHA3_224;
	case ALG_SHA3_256:
		return GCRY_MD_SHA3_256;
	case ALG_SHA3_384:
		return GCRY_MD_SHA3_384;
	case ALG_SHA3_512:
		return GCRY_MD_SHA3_512;
	case ALG_SHAKE256:
	case ALG_SHAKE256_LEN:
		return GCRY_MD_SHAKE256;
	default:
		return GCRY_MD_NONE;
	}
}

struct digest {
	gcry_md_hd_t md;
	enum alg algs[BULK_DIGESTS_MAX];
	size_t count;
	struct buf content; /* for DIGEST_CONTENT */
	bool is_over;	    /* the content did not fit */
	bool is_shake_read; /* it can be read once only */
	uint8_t shake[DIGEST_LEN_MAX];
};

bool
digest_has(const struct digest *d, enum alg alg)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (d->algs[i] == alg)
			return true;
	return false;
}

/* Both names of SHAKE256 are one digest. */
static int
digest_enable(struct digest *d, enum alg alg)
{
	int md = bulk_md(alg);

	if (alg == DIGEST_CONTENT)
		return 0;
	if (md == GCRY_MD_NONE)
		return -CS_ERR_ALGORITHM;
	if (gcry_md_is_enabled(d->md, md))
		return 0;
	return gcry_md_enable(d->md, md) == 0 ? 0 : -CS_ERR_NO_MEMORY;
}

struct digest *
digest_new_all(const enum alg *algs, size_t n)
{
	struct digest *d;
	size_t i;

	if (n > BULK_DIGESTS_MAX || bulk_init(NULL) != 0)
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return NULL;
	buf_init(&d->content, DIGEST_CONTENT_MAX);
	if (gcry_md_open(&d->md, 0, 0) != 0) {
		free(d);
		return NULL;
	}
	for (i = 0; i < n; i++) {
		if (digest_has(d, algs[i]))
			continue;
		if (digest_enable(d, algs[i]) != 0) {
			digest_free(d);
			return NULL;
		}
		d->algs[d->count++] = algs[i];
	}
	return d;
}

struct digest *
digest_new(enum alg alg)
{
	return digest_new_all(&alg, 1);
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	gcry_md_close(d->md);
	buf_clear(&d->content);
	free(d);
}

/* What does not fit is not kept in part either. */
static void
digest_keep(struct digest *d, struct bytes in)
{
	if (d->is_over || !digest_has(d, DIGEST_CONTENT) ||
	    buf_add_bytes(&d->content, in) == 0)
		return;
	d->is_over = true;
	buf_clear(&d->content);
}

void
digest_write(struct digest *d, struct bytes in)
{
	if (in.len == 0)
		return;
	gcry_md_write(d->md, in.p, in.len);
	digest_keep(d, in);
}

static struct bytes
digest_get_shake(struct digest *d)
{
	if (!d->is_shake_read && gcry_md_extract(d->md, GCRY_MD_SHAKE256,
				     d->shake, sizeof(d->shake)) != 0)
		return BYTES_NONE;
	d->is_shake_read = true;
	return bytes_of(d->shake, sizeof(d->shake));
}

struct bytes
digest_get(struct digest *d, enum alg alg)
{
	if (!digest_has(d, alg))
		return BYTES_NONE;
	if (alg == DIGEST_CONTENT)
		return buf_get(&d->content);
	if (bulk_md(alg) == GCRY_MD_SHAKE256)
		return digest_get_shake(d);
	return bytes_of(
	    gcry_md_read(d->md, bulk_md(alg)), alg_get(alg)->output_len);
}

bool
digest_is_over(const struct digest *d)
{
	return d->is_over;
}

void
digest_reset(struct digest *d)
{
	gcry_md_reset(d->md);
	buf_clear(&d->content);
	d->is_over = d->is_shake_read = false;
}

static size_t
shake_of(enum alg alg, struct bytes in, uint8_t *out)
{
	struct digest *d = digest_new(alg);
	struct bytes hash;

	if (d == NULL)
		return 0;
	digest_write(d, in);
	hash = digest_get(d, alg);
	if (hash.len != 0)
		memcpy(out, hash.p, hash.len);
	digest_free(d);
	return hash.len;
}

size_t
digest_of(enum alg alg, struct bytes in, uint8_t *out)
{
	int md = bulk_md(alg);

	if (md == GCRY_MD_NONE || bulk_init(NULL) != 0 ||
	    gcry_md_test_algo(md) != 0)
		return 0;
	if (md == GCRY_MD_SHAKE256)
		return shake_of(alg, in, out);
	gcry_md_hash_buffer(md, out, in.len != 0 ? in.p : out, in.len);
	return alg_get(alg)->output_len;
}

static int
bulk_algo(enum alg alg, int *mode)
{
	*mode = GCRY_CIPHER_MODE_CBC;
	switch (alg) {
	case ALG_AES128_GCM:
		*mode = GCRY_CIPHER_MODE_GCM;
		return GCRY_CIPHER_AES128;
	case ALG_AES128_CBC:
		return GCRY_CIPHER_AES128;
	case ALG_AES192_GCM:
		*mode = GCRY_CIPHER_MODE_GCM;
		return GCRY_CIPHER_AES192;
	case ALG_AES192_CBC:
		return GCRY_CIPHER_AES192;
	case ALG_AES256_GCM:
		*mode = GCRY_CIPHER_MODE_GCM;
		return GCRY_CIPHER_AES256;
	case ALG_AES256_CBC:
		return GCRY_CIPHER_AES256;
	case ALG_CHACHA20_POLY1305:
		*mode = GCRY_CIPHER_MODE_POLY1305;
		return GCRY_CIPHER_CHACHA20;
	case ALG_DES_EDE3_CBC:
		return GCRY_CIPHER_3DES;
	case ALG_RC2_CBC:
		/* keys of any length, with as many effective bits */
		return GCRY_CIPHER_RFC2268_128;
	default:
		return GCRY_CIPHER_NONE;
	}
}

struct bulk_cipher {
	gcry_cipher_hd_t hd;
};

static int
bulk_error(gcry_error_t error)
{
	switch (gcry_err_code(error)) {
	case GPG_ERR_NO_ERROR:
		return 0;
	case GPG_ERR_INV_LENGTH:
		return -CS_ERR_TOO_LARGE;
	default:
		return -CS_ERR_INTERNAL;
	}
}

struct bulk_cipher *
bulk_cipher_new(enum alg alg, struct bytes key, struct bytes iv)
{
	struct bulk_cipher *c;
	int mode, algo = bulk_algo(alg, &mode);

	if (algo == GCRY_CIPHER_NONE || bulk_init(NULL) != 0)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	if (gcry_cipher_open(&c->hd, algo, mode, 0) != 0 ||
	    gcry_cipher_setkey(c->hd, key.p, key.len) != 0 ||
	    gcry_cipher_setiv(c->hd, iv.p, iv.len) != 0) {
		bulk_cipher_free(c);
		return NULL;
	}
	return c;
}

void
bulk_cipher_free(struct bulk_cipher *c)
{
	if (c == NULL)
		return;
	gcry_cipher_close(c->hd); /* wipes the key */
	free(c);
}

int
bulk_cipher_aad(struct bulk_cipher *c, struct bytes aad)
{
	if (aad.len == 0)
		return 0;
	return bulk_error(gcry_cipher_authenticate(c->hd, aad.p, aad.len));
}

int
bulk_cipher_encrypt(struct bulk_cipher *c, struct bytes in, uint8_t *out)
{
	if (in.len == 0)
		return 0;
	return bulk_error(gcry_cipher_encrypt(c->hd, out, in.len,
	    in.p == out ? NULL : in.p, in.p == out ? 0 : in.len));
}

int
bulk_cipher_decrypt(struct bulk_cipher *c, struct bytes in, uint8_t *out)
{
	if (in.len == 0)
		return 0;
	return bulk_error(gcry_cipher_decrypt(c->hd, out, in.len,
	    in.p == out ? NULL : in.p, in.p == out ? 0 : in.len));
}

int
bulk_cipher_tag(struct bulk_cipher *c, uint8_t tag[BULK_TAG_LEN])
{
	return bulk_error(gcry_cipher_gettag(c->hd, tag, BULK_TAG_LEN));
}
