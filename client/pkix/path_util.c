/*
 * What search and validation share: the budget, the signatures checked so
 * far, and the failure to be told.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/hash.h"
#include "client/pkix/path_cache.h"
#include "client/pkix/path_int.h"
#include "client/pkix/strength.h"

#define SERIAL_SHOWN_MAX 20 /* octets */
#define NAME_SHOWN_MAX 200
/* RSA keys of this size cost one check, larger ones the square. */
#define RSA_BITS_UNIT 4096

char *
path_describe(char *dst, size_t size, const struct cert *cert)
{
	struct bytes serial = cert_get_serial(cert);
	char hex[2 * SERIAL_SHOWN_MAX + 1];
	struct buf name = {0};

	bytes_to_hex(serial, hex, sizeof(hex));
	cert_describe(cert, &name);
	snprintf(dst, size, say("certificate \"%.*s\" (serial %s%s)"),
	    name.len < NAME_SHOWN_MAX ? (int)name.len : NAME_SHOWN_MAX,
	    name.len != 0 ? (const char *)name.data : "", hex,
	    serial.len > SERIAL_SHOWN_MAX ? "..." : "");
	buf_clear(&name);
	return dst;
}

struct cert *
path_next_anchor(
    const struct path_params *params, struct bytes subject, size_t *at)
{
	if (*at == 0)
		anchor_index_draw(params->anchor_index, subject);
	return cert_set_next_subject(params->anchors, subject, at);
}

enum oid
path_purpose_oid(const struct path_params *params)
{
	return params->purpose == PATH_TIME_STAMP ? OID_KP_TIME_STAMPING
						  : OID_KP_EMAIL_PROTECTION;
}

const char *
path_purpose_name(const struct path_params *params)
{
	return params->purpose == PATH_TIME_STAMP ? N_("time stamping")
						  : N_("mail");
}

int
path_fail(struct path_ctx *ctx, int rank, const struct path_chain *chain,
    int code, const struct cert *cert, const char *fmt, ...)
{
	struct path_fault *fault = &ctx->fault;
	char what[PATH_TEXT_MAX / 2];
	size_t used;
	va_list ap;

	if (fault->code != 0 && fault->rank >= rank)
		return code;
	fault->code = code;
	fault->rank = rank;
	fault->chain = *chain;
	fault->text[0] = '\0';
	if (cert != NULL) {
		path_describe(what, sizeof(what), cert);
		snprintf(fault->text, sizeof(fault->text), "%s: ", what);
	}
	used = strlen(fault->text);
	va_start(ap, fmt);
	vsnprintf(fault->text + used, sizeof(fault->text) - used, say(fmt), ap);
	va_end(ap);
	return code;
}

bool
path_spend(struct path_ctx *ctx, size_t units)
{
	unsigned max = PATH_WORK_MAX;

	if (ctx->what_for == PATH_FOR_OURS)
		max += PATH_WORK_RESERVE;
	if (ctx->work >= max || units > max - ctx->work) {
		if (ctx->work < max)
			ctx->work = max;
		ctx->is_over = true;
		return false;
	}
	ctx->work += (unsigned)units;
	return true;
}

static struct path_memo *
memo_slot(
    struct path_ctx *ctx, const struct cert *child, const struct cert *issuer)
{
	struct path_memo *slot;
	uint64_t id[2];
	size_t i;

	id[0] = (uint64_t)(uintptr_t)child;
	memcpy(&id[1], issuer->key_hash, sizeof(id[1]));
	i = (size_t)pkix_hash(bytes_of(id, sizeof(id)));
	/* There is one for each that is made, and a free one. */
	for (;; i++) {
		slot = &ctx->memo[i % PATH_MEMO_LEN];
		if (slot->child == NULL ||
		    (slot->child == child &&
			cert_has_same_key(slot->issuer, issuer)))
			return slot;
	}
}

static unsigned
signature_cost(const struct spki *key)
{
	unsigned n = key->bits / RSA_BITS_UNIT;

	if (key->alg != ALG_RSA && key->alg != ALG_RSA_PSS_KEY)
		return 1;
	return n > 1 ? n * n : 1;
}

bool
path_spend_signature(struct path_ctx *ctx, const struct spki *key)
{
	unsigned cost = signature_cost(key), max = PATH_SIGNATURES_MAX;

	if (ctx->what_for == PATH_FOR_OURS)
		max += PATH_SIGNATURES_RESERVE;
	if (ctx->signatures >= max || cost > max - ctx->signatures) {
		ctx->is_over = true;
		return false;
	}
	ctx->signatures += cost;
	return true;
}

static int
signature_check(
    struct path_ctx *ctx, const struct cert *child, const struct spki *key)
{
	struct sig_scheme scheme;
	int r;

	r = sig_scheme_decode(&child->signature_alg, ALG_NONE, &scheme, NULL);
	if (r == 0)
		r = strength_check(&scheme, key, ctx->params->is_legacy);
	if (r == 0 && !path_spend_signature(ctx, key))
		return -CS_ERR_NO_PATH;
	if (r == 0)
		r = sig_verify_data(
		    key, &scheme, child->tbs, child->signature, NULL);
	if (r != 0 && r != -CS_ERR_BAD_SIGNATURE && r != -CS_ERR_WEAK &&
	    r != -CS_ERR_NO_MEMORY)
		return -CS_ERR_ALGORITHM;
	return r;
}

int
path_signature(struct path_ctx *ctx, const struct cert *child,
    const struct cert *issuer, const struct spki *working)
{
	const struct spki *key = &issuer->spki;
	struct path_cache *cache = ctx->params->cache;
	struct path_memo *slot;
	int r;

	/* Without parameters it depends on the path what the key is. */
	if (key->alg == ALG_DSA && key->bits == 0)
		return working == NULL ? -CS_ERR_ALGORITHM
				       : signature_check(ctx, child, working);
	slot = memo_slot(ctx, child, issuer);
	if (slot->child != NULL)
		return slot->code;
	if (cache != NULL && path_cache_has_signature(
				 cache, child, issuer, ctx->params->is_legacy))
		return 0;
	r = signature_check(ctx, child, key);
	/* Weak ones cost nothing, and are not worth a slot. */
	if (r != 0 && r != -CS_ERR_BAD_SIGNATURE)
		return r;
	if (r == 0 && cache != NULL)
		path_cache_add_signature(
		    cache, child, issuer, ctx->params->is_legacy);
	*slot = (struct path_memo){child, issuer, r};
	return r;
}
