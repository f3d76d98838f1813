#include "asn1/alg/hash.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/sha3.h>
#include <string.h>

union hash_ctx {
	struct md5_ctx md5;
	struct sha1_ctx sha1;
	struct sha256_ctx sha256;
	struct sha512_ctx sha512;
	struct sha3_224_ctx sha3_224;
	struct sha3_256_ctx sha3_256;
	struct sha3_384_ctx sha3_384;
	struct sha3_512_ctx sha3_512;
};

const struct nettle_hash *
hash_get(enum alg digest)
{
	switch (digest) {
	case ALG_MD5:
		return &nettle_md5;
	case ALG_SHA1:
		return &nettle_sha1;
	case ALG_SHA224:
		return &nettle_sha224;
	case ALG_SHA256:
		return &nettle_sha256;
	case ALG_SHA384:
		return &nettle_sha384;
	case ALG_SHA512:
		return &nettle_sha512;
	case ALG_SHA3_224:
		return &nettle_sha3_224;
	case ALG_SHA3_256:
		return &nettle_sha3_256;
	case ALG_SHA3_384:
		return &nettle_sha3_384;
	case ALG_SHA3_512:
		return &nettle_sha3_512;
	default:
		return NULL;
	}
}

static void
hash_update(const struct nettle_hash *hash, union hash_ctx *ctx,
    const struct bytes *parts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (parts[i].len != 0)
			hash->update(ctx, parts[i].len, parts[i].p);
}

size_t
hash_parts(enum alg digest, const struct bytes *parts, size_t n, uint8_t *out)
{
	const struct nettle_hash *hash = hash_get(digest);
	union hash_ctx ctx;

	if (hash == NULL)
		return 0;
	hash->init(&ctx);
	hash_update(hash, &ctx, parts, n);
	hash->digest(&ctx, hash->digest_size, out);
	mem_wipe(&ctx, sizeof(ctx));
	return hash->digest_size;
}

/* One pass of HMAC: H((key ^ pad) || parts). */
static void
hmac_pass(const struct nettle_hash *hash, const uint8_t *key, uint8_t pad,
    const struct bytes *parts, size_t n, uint8_t *out)
{
	uint8_t block[HASH_BLOCK_MAX];
	union hash_ctx ctx;
	size_t i;

	for (i = 0; i < hash->block_size; i++)
		block[i] = key[i] ^ pad;
	hash->init(&ctx);
	hash->update(&ctx, hash->block_size, block);
	hash_update(hash, &ctx, parts, n);
	hash->digest(&ctx, hash->digest_size, out);
	mem_wipe(&ctx, sizeof(ctx));
	mem_wipe(block, sizeof(block));
}

size_t
hmac_of(enum alg digest, struct bytes key, const struct bytes *parts, size_t n,
    uint8_t *out)
{
	const struct nettle_hash *hash = hash_get(digest);
	uint8_t block[HASH_BLOCK_MAX] = {0}, inner[DIGEST_LEN_MAX];
	struct bytes result;

	if (hash == NULL)
		return 0;
	if (key.len > hash->block_size)
		hash_parts(digest, &key, 1, block);
	else if (key.len != 0)
		memcpy(block, key.p, key.len);
	hmac_pass(hash, block, 0x36, parts, n, inner);
	result = bytes_of(inner, hash->digest_size);
	hmac_pass(hash, block, 0x5c, &result, 1, out);
	mem_wipe(block, sizeof(block));
	mem_wipe(inner, sizeof(inner));
	return hash->digest_size;
}

bool
mgf1_xor(enum alg digest, struct bytes seed, uint8_t *out, size_t len)
{
	uint8_t counter[4], mask[DIGEST_LEN_MAX];
	struct bytes parts[2] = {seed, bytes_of(counter, sizeof(counter))};
	size_t done = 0, hash_len, i;
	uint32_t n;

	if (hash_get(digest) == NULL)
		return false;
	for (n = 0; done < len; n++) {
		hash_put_be32(counter, n);
		hash_len = hash_parts(digest, parts, 2, mask);
		for (i = 0; i < hash_len && done < len; i++)
			out[done++] ^= mask[i];
	}
	mem_wipe(mask, sizeof(mask));
	return true;
}
