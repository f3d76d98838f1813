#include "asn1/alg/keywrap.h"

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/des.h>
#include <nettle/nist-keywrap.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/alg/hash.h"

#define WRAP_BLOCK ((size_t)8)

/* RFC 3394 2.2.3.1 */
static const uint8_t wrap_iv[WRAP_BLOCK] = {
    0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6};

struct wrap_ctx {
	union {
		struct aes128_ctx aes128;
		struct aes192_ctx aes192;
		struct aes256_ctx aes256;
	} aes;
	nettle_cipher_func *crypt;
};

static bool
wrap_init(struct wrap_ctx *ctx, const struct secret *kek, bool is_decrypt)
{
	struct bytes key = secret_get_bytes(kek);
	const struct nettle_cipher *cipher;

	switch (key.len) {
	case AES128_KEY_SIZE:
		cipher = &nettle_aes128;
		break;
	case AES192_KEY_SIZE:
		cipher = &nettle_aes192;
		break;
	case AES256_KEY_SIZE:
		cipher = &nettle_aes256;
		break;
	default:
		return false;
	}
	if (is_decrypt)
		cipher->set_decrypt_key(&ctx->aes, key.p);
	else
		cipher->set_encrypt_key(&ctx->aes, key.p);
	ctx->crypt = is_decrypt ? cipher->decrypt : cipher->encrypt;
	return true;
}

int
aes_wrap(const struct secret *kek, const struct secret *key, struct buf *out)
{
	struct bytes in = secret_get_bytes(key);
	struct wrap_ctx ctx;
	uint8_t *p;

	if (in.len < 2 * WRAP_BLOCK || in.len % WRAP_BLOCK != 0 ||
	    !wrap_init(&ctx, kek, false))
		return -CS_ERR_ARGUMENT;
	p = buf_reserve(out, in.len + WRAP_BLOCK);
	if (p != NULL) {
		nist_keywrap16(
		    &ctx.aes, ctx.crypt, wrap_iv, in.len + WRAP_BLOCK, p, in.p);
		buf_grow_len(out, in.len + WRAP_BLOCK);
	}
	mem_wipe(&ctx, sizeof(ctx));
	return out->err;
}

struct secret *
aes_unwrap(const struct secret *kek, struct bytes wrapped)
{
	struct secret *key;
	struct wrap_ctx ctx;

	if (wrapped.len < 3 * WRAP_BLOCK || wrapped.len % WRAP_BLOCK != 0 ||
	    !wrap_init(&ctx, kek, true))
		return NULL;
	key = secret_new(wrapped.len - WRAP_BLOCK);
	if (key != NULL &&
	    nist_keyunwrap16(&ctx.aes, ctx.crypt, wrap_iv,
		wrapped.len - WRAP_BLOCK, secret_get(key), wrapped.p) == 0) {
		secret_free(key);
		key = NULL;
	}
	mem_wipe(&ctx, sizeof(ctx));
	return key;
}

#define DES3_WRAPPED_LEN 40
#define DES3_CHECK_LEN ((size_t)8)

/* RFC 3217 3.2 */
struct secret *
des3_unwrap(const struct secret *kek, struct bytes wrapped)
{
	static const uint8_t iv[DES_BLOCK_SIZE] = {
	    0x4a, 0xdd, 0xa2, 0x2c, 0x79, 0xe8, 0x21, 0x05};
	uint8_t temp[DES3_WRAPPED_LEN], turned[DES3_WRAPPED_LEN];
	uint8_t chain[DES_BLOCK_SIZE], hash[DIGEST_LEN_MAX];
	struct secret *key = NULL;
	struct des3_ctx ctx;
	struct bytes cek;
	size_t i;

	if (wrapped.len != DES3_WRAPPED_LEN ||
	    secret_get_len(kek) != DES3_KEY_SIZE)
		return NULL;
	(void)des3_set_key(&ctx, secret_get_bytes(kek).p); /* weak: so be it */
	memcpy(chain, iv, sizeof(chain));
	cbc_decrypt(&ctx, (nettle_cipher_func *)des3_decrypt, DES_BLOCK_SIZE,
	    chain, sizeof(temp), temp, wrapped.p);
	for (i = 0; i < sizeof(temp); i++)
		turned[i] = temp[sizeof(temp) - 1 - i];
	memcpy(chain, turned, sizeof(chain));
	cbc_decrypt(&ctx, (nettle_cipher_func *)des3_decrypt, DES_BLOCK_SIZE,
	    chain, sizeof(temp) - sizeof(chain), temp, turned + sizeof(chain));
	cek = bytes_of(temp, DES3_KEY_SIZE);
	hash_parts(ALG_SHA1, &cek, 1, hash);
	if (mem_is_equal_ct(hash, temp + DES3_KEY_SIZE, DES3_CHECK_LEN))
		key = secret_new_from(temp, DES3_KEY_SIZE);
	mem_wipe(&ctx, sizeof(ctx));
	mem_wipe(temp, sizeof(temp));
	mem_wipe(turned, sizeof(turned));
	mem_wipe(hash, sizeof(hash));
	return key;
}

struct secret *
key_unwrap(enum alg wrap, const struct secret *kek, struct bytes wrapped)
{
	if (alg_get(wrap)->kind != ALG_KIND_KEY_WRAP ||
	    secret_get_len(kek) != alg_get(wrap)->key_len)
		return NULL;
	return wrap == ALG_DES3_WRAP ? des3_unwrap(kek, wrapped)
				     : aes_unwrap(kek, wrapped);
}

struct secret *
kdf_x963(
    enum alg digest, const struct secret *shared, struct bytes info, size_t len)
{
	uint8_t counter[4], block[DIGEST_LEN_MAX];
	struct bytes parts[3] = {
	    secret_get_bytes(shared), bytes_of(counter, sizeof(counter)), info};
	struct secret *out;
	size_t at, n;
	uint32_t count = 0;

	if (hash_get(digest) == NULL || len == 0)
		return NULL;
	out = secret_new(len);
	if (out == NULL)
		return NULL;
	for (at = 0; at < len; at += n) {
		count++;
		hash_put_be32(counter, count);
		n = hash_parts(digest, parts, 3, block);
		n = n < len - at ? n : len - at;
		memcpy(secret_get(out) + at, block, n);
	}
	mem_wipe(block, sizeof(block));
	return out;
}

struct secret *
kdf_hkdf(enum alg digest, const struct secret *shared, struct bytes salt,
    struct bytes info, size_t len)
{
	uint8_t prk[DIGEST_LEN_MAX], block[DIGEST_LEN_MAX], count = 0;
	struct bytes in = secret_get_bytes(shared);
	struct bytes parts[3] = {BYTES_NONE, info, bytes_of(&count, 1)};
	struct secret *out;
	size_t at, n, hash_len = alg_get(digest)->output_len;

	if (hash_get(digest) == NULL || len == 0 || len > 255 * hash_len)
		return NULL;
	out = secret_new(len);
	if (out == NULL)
		return NULL;
	hmac_of(digest, salt, &in, 1, prk);
	for (at = 0; at < len; at += n) {
		count++;
		n = hmac_of(digest, bytes_of(prk, hash_len), parts, 3, block);
		parts[0] = bytes_of(block, hash_len);
		n = n < len - at ? n : len - at;
		memcpy(secret_get(out) + at, block, n);
	}
	mem_wipe(prk, sizeof(prk));
	mem_wipe(block, sizeof(block));
	return out;
}
