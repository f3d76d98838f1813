#include "asn1/alg/pwri.h"

#include <string.h>

#include "asn1/alg/bulk.h"
#include "asn1/alg/random.h"

/* The count, and the complement of the key's first three octets. */
#define PWRI_HEAD 4
#define PWRI_WRAPPED_MAX (PWRI_HEAD + PWRI_KEY_MAX + 2 * CIPHER_BLOCK_MAX)

int
pwri_params_decode(
    const struct alg_id *id, struct cipher_params *cipher, struct err *e)
{
	char text[OID_TEXT_MAX];
	struct alg_id inner;
	int r;

	*cipher = (struct cipher_params){0};
	if (id->known != OID_PWRI_KEK)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the key wrap %s is not supported",
		    alg_id_describe(text, sizeof(text), id));
	r = alg_id_decode(id->params, &inner);
	if (r != 0)
		return err_set(e, r, "PWRI-KEK parameters: %s", err_text(r));
	r = cipher_params_decode(&inner, cipher, e);
	if (r == 0 && cipher_is_aead(cipher->alg)) {
		*cipher = (struct cipher_params){0};
		r = err_set(e, -CS_ERR_ALGORITHM,
		    "PWRI-KEK parameters: %s is no cipher with blocks",
		    alg_id_describe(text, sizeof(text), &inner));
	}
	return r;
}

void
der_put_pwri_params(struct buf *b, const struct cipher_params *cipher)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_oid(b, OID_PWRI_KEK);
	der_put_cipher_params(b, cipher);
	der_close(b, mark);
}

/* One pass of CBC over p, in place. */
static bool
pwri_crypt(const struct cipher_params *cipher, const struct secret *kek,
    const uint8_t *iv, uint8_t *p, size_t len, bool is_decrypt)
{
	size_t block = alg_get(cipher->alg)->block_len;
	struct bulk_cipher *c = bulk_cipher_new(
	    cipher->alg, secret_get_bytes(kek), bytes_of(iv, block));
	int r = -CS_ERR_NO_MEMORY;

	if (c != NULL)
		r = is_decrypt ? bulk_cipher_decrypt(c, bytes_of(p, len), p)
			       : bulk_cipher_encrypt(c, bytes_of(p, len), p);
	bulk_cipher_free(c);
	return r == 0;
}

static bool
pwri_fits(const struct cipher_params *cipher, const struct secret *kek)
{
	return cipher_params_is_valid(cipher) && !cipher_is_aead(cipher->alg) &&
	       secret_get_len(kek) == cipher_params_key_len(cipher);
}

int
pwri_wrap(const struct cipher_params *cipher, const struct secret *kek,
    const struct secret *key, struct buf *out)
{
	size_t block = alg_get(cipher->alg)->block_len, i, len, mark;
	struct bytes in = secret_get_bytes(key);
	uint8_t last[CIPHER_BLOCK_MAX], *p;

	if (!pwri_fits(cipher, kek) || in.len < PWRI_KEY_MIN ||
	    in.len > PWRI_KEY_MAX)
		return -CS_ERR_ARGUMENT;
	len = (PWRI_HEAD + in.len + block - 1) / block * block;
	if (len < 2 * block)
		len = 2 * block;
	mark = out->len;
	p = buf_reserve(out, len);
	if (p == NULL)
		return out->err;
	p[0] = (uint8_t)in.len;
	for (i = 0; i < 3; i++)
		p[1 + i] = (uint8_t)~in.p[i];
	memcpy(p + PWRI_HEAD, in.p, in.len);
	random_fill(p + PWRI_HEAD + in.len, len - PWRI_HEAD - in.len);
	if (pwri_crypt(cipher, kek, cipher->iv, p, len, false)) {
		memcpy(last, p + len - block, block);
		if (pwri_crypt(cipher, kek, last, p, len, false)) {
			buf_grow_len(out, len);
			return 0;
		}
	}
	mem_wipe(p, len);
	out->len = mark;
	return -CS_ERR_NO_MEMORY;
}

struct secret *
pwri_unwrap(const struct cipher_params *cipher, const struct secret *kek,
    struct bytes wrapped)
{
	size_t block = alg_get(cipher->alg)->block_len, len = wrapped.len;
	uint8_t p[PWRI_WRAPPED_MAX], last[CIPHER_BLOCK_MAX];
	struct secret *key = NULL;
	unsigned check;

	if (!pwri_fits(cipher, kek) || len < 2 * block || len % block != 0 ||
	    len > sizeof(p))
		return NULL;
	memcpy(p, wrapped.p, len);
	/* RFC 3211 2.3.2: the last block of the inner pass is the outer's IV */
	memcpy(last, p + len - block, block);
	if (!pwri_crypt(cipher, kek, p + len - 2 * block, last, block, true) ||
	    !pwri_crypt(cipher, kek, last, p, len, true) ||
	    !pwri_crypt(cipher, kek, cipher->iv, p, len, true))
		goto out;
	check = (p[1] ^ p[4] ^ 0xffU) | (p[2] ^ p[5] ^ 0xffU) |
		(p[3] ^ p[6] ^ 0xffU);
	if (check == 0 && p[0] >= PWRI_KEY_MIN && p[0] + PWRI_HEAD <= (int)len)
		key = secret_new_from(p + PWRI_HEAD, p[0]);
out:
	mem_wipe(p, sizeof(p));
	mem_wipe(last, sizeof(last));
	return key;
}
