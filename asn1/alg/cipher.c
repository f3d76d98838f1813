#include "asn1/alg/cipher.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/bulk.h"
#include "asn1/alg/ct.h"

struct cipher {
	struct bulk_cipher *bulk;
	size_t block; /* CBC: its length; AEAD: 0, there are no blocks */
	size_t tag_len;
	bool is_decrypt;
	/* CBC: input short of a block; the last plaintext block so far */
	uint8_t part[CIPHER_BLOCK_MAX];
	size_t part_len;
	uint8_t held[CIPHER_BLOCK_MAX];
	bool has_held;
	uint8_t tag[BULK_TAG_LEN];
};

static struct cipher *
cipher_new(const struct cipher_params *params, const struct secret *key,
    struct bytes aad, bool is_decrypt)
{
	struct cipher *c;

	if (!cipher_params_is_valid(params) ||
	    secret_get_len(key) != cipher_params_key_len(params) ||
	    (aad.len != 0 && !cipher_is_aead(params->alg)))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->is_decrypt = is_decrypt;
	c->tag_len = params->tag_len;
	if (!cipher_is_aead(params->alg))
		c->block = alg_get(params->alg)->block_len;
	c->bulk = bulk_cipher_new(params->alg, secret_get_bytes(key),
	    bytes_of(params->iv, params->iv_len));
	if (c->bulk == NULL || bulk_cipher_aad(c->bulk, aad) != 0) {
		cipher_free(c);
		return NULL;
	}
	return c;
}

struct cipher *
cipher_new_encrypt(const struct cipher_params *params, const struct secret *key,
    struct bytes aad)
{
	return cipher_new(params, key, aad, false);
}

struct cipher *
cipher_new_decrypt(const struct cipher_params *params, const struct secret *key,
    struct bytes aad)
{
	return cipher_new(params, key, aad, true);
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	bulk_cipher_free(c->bulk);
	mem_wipe(c, sizeof(*c));
	free(c);
}

/*
 * Whole blocks of CBC. When decrypting, what comes out is the block held
 * before and all of this but its last block, which is held now.
 */
static int
cipher_blocks(struct cipher *c, struct bytes in, uint8_t *out, size_t *out_len)
{
	size_t shift = c->has_held ? c->block : 0;
	size_t body = in.len - c->block;
	uint8_t last[CIPHER_BLOCK_MAX];
	int r;

	if (!c->is_decrypt) {
		*out_len += in.len;
		return bulk_cipher_encrypt(c->bulk, in, out);
	}
	if (in.p == out) {
		/* The result stands a block further on than the input. */
		r = bulk_cipher_decrypt(c->bulk, in, out);
		memcpy(last, out + body, c->block);
		if (shift != 0)
			memmove(out + shift, out, body);
	} else {
		r = bulk_cipher_decrypt(
		    c->bulk, bytes_of(in.p, body), out + shift);
		if (r == 0)
			r = bulk_cipher_decrypt(
			    c->bulk, bytes_of(in.p + body, c->block), last);
	}
	if (r != 0)
		return r;
	memcpy(out, c->held, shift);
	memcpy(c->held, last, c->block);
	mem_wipe(last, sizeof(last));
	c->has_held = true;
	*out_len += shift + body;
	return 0;
}

static int
cipher_write_cbc(
    struct cipher *c, struct bytes in, uint8_t *out, size_t *out_len)
{
	size_t take, whole;
	int r = 0;

	if (c->part_len != 0) {
		take = c->block - c->part_len;
		take = take < in.len ? take : in.len;
		memcpy(c->part + c->part_len, in.p, take);
		c->part_len += take;
		in = bytes_of(in.p + take, in.len - take);
		if (c->part_len < c->block)
			return 0;
		c->part_len = 0;
		r = cipher_blocks(c, bytes_of(c->part, c->block), out, out_len);
	}
	whole = in.len / c->block * c->block;
	if (r == 0 && whole != 0)
		r = cipher_blocks(
		    c, bytes_of(in.p, whole), out + *out_len, out_len);
	if (r == 0 && whole < in.len) {
		c->part_len = in.len - whole;
		memcpy(c->part, in.p + whole, c->part_len);
	}
	return r;
}

int
cipher_write(struct cipher *c, struct bytes in, uint8_t *out, size_t *out_len)
{
	*out_len = 0;
	if (in.len == 0)
		return 0;
	if (c->block != 0)
		return cipher_write_cbc(c, in, out, out_len);
	*out_len = in.len;
	return c->is_decrypt ? bulk_cipher_decrypt(c->bulk, in, out)
			     : bulk_cipher_encrypt(c->bulk, in, out);
}

int
cipher_finish_encrypt(struct cipher *c, uint8_t *out, size_t *out_len)
{
	size_t pad = c->block - c->part_len;

	*out_len = 0;
	if (c->is_decrypt)
		return -CS_ERR_INTERNAL;
	if (c->block == 0)
		return bulk_cipher_tag(c->bulk, c->tag);
	memset(c->part + c->part_len, (int)pad, pad);
	*out_len = c->block;
	return bulk_cipher_encrypt(c->bulk, bytes_of(c->part, c->block), out);
}

struct bytes
cipher_get_tag(struct cipher *c)
{
	return bytes_of(c->tag, c->tag_len);
}

/* Every octet of the padding counts (RFC 5652 6.3), each looked at alike. */
static int
cipher_unpad(struct cipher *c, uint8_t *out, size_t *out_len)
{
	uint32_t pad, bad, i, block = (uint32_t)c->block;

	if (!c->has_held || c->part_len != 0)
		return -CS_ERR_DECRYPT;
	pad = c->held[block - 1];
	bad = ct_is_zero(pad) | ct_is_less(block, pad);
	for (i = 0; i < block; i++)
		bad |= ct_is_less(block - 1 - i, pad) &
		       ~ct_is_equal(c->held[i], pad);
	if (bad != 0)
		return -CS_ERR_DECRYPT;
	*out_len = block - pad;
	memcpy(out, c->held, *out_len);
	return 0;
}

int
cipher_finish_decrypt(
    struct cipher *c, struct bytes tag, uint8_t *out, size_t *out_len)
{
	uint8_t want[BULK_TAG_LEN];
	int r;

	*out_len = 0;
	if (!c->is_decrypt)
		return -CS_ERR_INTERNAL;
	if (c->block != 0)
		return cipher_unpad(c, out, out_len);
	r = bulk_cipher_tag(c->bulk, want);
	if (r == 0 &&
	    (tag.len != c->tag_len || !mem_is_equal_ct(tag.p, want, tag.len)))
		r = -CS_ERR_AUTH_TAG;
	mem_wipe(want, sizeof(want));
	return r;
}
