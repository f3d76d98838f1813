#include "client/pkix/hash.h"

#include <pthread.h>
#include <string.h>

#include "asn1/alg/random.h"
#include "asn1/name.h"

static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void
hash_draw_key(void)
{
	random_fill(hash_key, sizeof(hash_key));
}

static uint64_t
rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void
sip_rounds(uint64_t v[static 4], unsigned n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[0] = rotl(v[0], 32);
		v[2] += v[3];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

uint64_t
pkix_hash(struct bytes in)
{
	uint64_t v[4], word;
	size_t at, left;

	pthread_once(&hash_once, hash_draw_key);
	v[0] = hash_key[0] ^ 0x736f6d6570736575;
	v[1] = hash_key[1] ^ 0x646f72616e646f6d;
	v[2] = hash_key[0] ^ 0x6c7967656e657261;
	v[3] = hash_key[1] ^ 0x7465646279746573;
	for (at = 0; in.len - at >= 8; at += 8) {
		memcpy(&word, in.p + at, 8);
		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}
	left = in.len - at;
	word = 0;
	if (left != 0)
		memcpy(&word, in.p + at, left);
	word |= (uint64_t)in.len << 56;
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

int
pkix_hash_name(struct bytes name, uint64_t *hash)
{
	return pkix_hash_issuer_serial(name, BYTES_NONE, hash);
}

int
pkix_hash_issuer_serial(
    struct bytes issuer, struct bytes serial, uint64_t *hash)
{
	struct buf b = {0};
	int r;

	*hash = 0;
	r = name_normalise(&b, issuer);
	if (r == 0)
		r = buf_add_bytes(&b, serial);
	if (r == 0)
		*hash = pkix_hash(buf_get(&b));
	buf_clear(&b);
	return r;
}
