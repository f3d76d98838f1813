#include "asn1/alg/mac.h"

#include <nettle/hmac.h>
#include <stdlib.h>

#include "asn1/alg/digest.h"

struct mac {
	enum alg alg;
	union {
		struct hmac_sha1_ctx sha1;
		struct hmac_sha224_ctx sha224;
		struct hmac_sha256_ctx sha256;
		struct hmac_sha384_ctx sha384;
		struct hmac_sha512_ctx sha512;
	} ctx;
};

static bool
mac_set_key(struct mac *m, struct bytes key)
{
	switch (m->alg) {
	case ALG_HMAC_SHA1:
		hmac_sha1_set_key(&m->ctx.sha1, key.len, key.p);
		return true;
	case ALG_HMAC_SHA224:
		hmac_sha224_set_key(&m->ctx.sha224, key.len, key.p);
		return true;
	case ALG_HMAC_SHA256:
		hmac_sha256_set_key(&m->ctx.sha256, key.len, key.p);
		return true;
	case ALG_HMAC_SHA384:
		hmac_sha384_set_key(&m->ctx.sha384, key.len, key.p);
		return true;
	case ALG_HMAC_SHA512:
		hmac_sha512_set_key(&m->ctx.sha512, key.len, key.p);
		return true;
	default:
		return false;
	}
}

struct mac *
mac_new(enum alg alg, const struct secret *key)
{
	struct mac *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->alg = alg;
	if (mac_set_key(m, secret_get_bytes(key)))
		return m;
	free(m);
	return NULL;
}

void
mac_free(struct mac *m)
{
	if (m == NULL)
		return;
	mem_wipe(m, sizeof(*m));
	free(m);
}

void
mac_write(struct mac *m, struct bytes in)
{
	if (in.len == 0)
		return;
	switch (m->alg) {
	case ALG_HMAC_SHA1:
		hmac_sha1_update(&m->ctx.sha1, in.len, in.p);
		break;
	case ALG_HMAC_SHA224:
	case ALG_HMAC_SHA256:
		hmac_sha256_update(&m->ctx.sha256, in.len, in.p);
		break;
	default:
		hmac_sha512_update(&m->ctx.sha512, in.len, in.p);
	}
}

bool
mac_check(struct mac *m, struct bytes want)
{
	size_t len = alg_get(m->alg)->output_len;
	uint8_t got[DIGEST_LEN_MAX];
	bool ok;

	switch (m->alg) {
	case ALG_HMAC_SHA1:
		hmac_sha1_digest(&m->ctx.sha1, len, got);
		break;
	case ALG_HMAC_SHA224:
		hmac_sha224_digest(&m->ctx.sha224, len, got);
		break;
	case ALG_HMAC_SHA256:
		hmac_sha256_digest(&m->ctx.sha256, len, got);
		break;
	case ALG_HMAC_SHA384:
		hmac_sha384_digest(&m->ctx.sha384, len, got);
		break;
	default:
		hmac_sha512_digest(&m->ctx.sha512, len, got);
	}
	ok = want.len == len && mem_is_equal_ct(got, want.p, len);
	mem_wipe(got, sizeof(got));
	return ok;
}
