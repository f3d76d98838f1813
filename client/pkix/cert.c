#include "client/pkix/cert.h"

#include <stdlib.h>
#include <string.h>

#include "client/pkix/cert_int.h"

#define KU_ALL 0x1ffU

struct cert *
cert_ref(struct cert *c)
{
	if (c != NULL)
		atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	free(c->extensions);
	free(c);
}

struct bytes
cert_get_raw(const struct cert *c)
{
	return c->raw;
}

struct bytes
cert_get_tbs(const struct cert *c)
{
	return c->tbs;
}

struct bytes
cert_get_subject(const struct cert *c)
{
	return c->subject;
}

struct bytes
cert_get_issuer(const struct cert *c)
{
	return c->issuer;
}

struct bytes
cert_get_serial(const struct cert *c)
{
	return c->serial;
}

const struct spki *
cert_get_spki(const struct cert *c)
{
	return &c->spki;
}

const struct alg_id *
cert_get_signature_alg(const struct cert *c)
{
	return &c->signature_alg;
}

struct bytes
cert_get_signature(const struct cert *c)
{
	return c->signature;
}

int64_t
cert_get_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t
cert_get_not_after(const struct cert *c)
{
	return c->not_after;
}

unsigned
cert_get_version(const struct cert *c)
{
	return c->version;
}

bool
cert_is_ca(const struct cert *c)
{
	return c->is_ca;
}

int
cert_get_path_len(const struct cert *c)
{
	return c->path_len;
}

unsigned
cert_get_key_usage(const struct cert *c, bool *has)
{
	if (has != NULL)
		*has = c->has_key_usage;
	return c->has_key_usage ? c->key_usage : KU_ALL;
}

bool
cert_has_eku(const struct cert *c)
{
	return c->eku.len != 0;
}

bool
cert_allows_purpose(const struct cert *c, enum oid purpose)
{
	struct der d, list;
	enum oid oid;

	if (c->eku.len == 0)
		return true;
	der_init(&d, c->eku);
	list = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&list)) {
		oid = der_get_known_oid(&list, NULL);
		if (oid == OID_KP_ANY || (oid == purpose && oid != OID_UNKNOWN))
			return true;
	}
	return false;
}

struct bytes
cert_get_key_id(const struct cert *c)
{
	return c->key_id;
}

struct bytes
cert_get_authority_key_id(const struct cert *c)
{
	return c->authority_key_id;
}

const struct cert_extension *
cert_find_extension(const struct cert *c, enum oid oid)
{
	return cert_extension_of(c->extensions, c->extensions_len, oid);
}

size_t
cert_get_extensions(
    const struct cert *c, const struct cert_extension **extensions)
{
	*extensions = c->extensions;
	return c->extensions_len;
}

bool
cert_is_self_issued(const struct cert *c)
{
	return c->is_self_issued;
}

const uint8_t *
cert_get_sha256(const struct cert *c)
{
	return c->sha256;
}

void
cert_get_sha1(const struct cert *c, uint8_t sha1[CERT_SHA1_LEN])
{
	if (digest_of(ALG_SHA1, c->raw, sha1) != CERT_SHA1_LEN)
		memset(sha1, 0, CERT_SHA1_LEN);
}

const uint8_t *
cert_get_key_hash(const struct cert *c)
{
	return c->key_hash;
}

bool
cert_has_same_key(const struct cert *a, const struct cert *b)
{
	return bytes_is_equal(a->spki.raw, b->spki.raw);
}

bool
cert_is_same(const struct cert *a, const struct cert *b)
{
	return a == b || bytes_is_equal(a->raw, b->raw);
}
