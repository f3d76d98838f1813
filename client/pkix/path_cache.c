/*
 * Tables with open addressing by a hash that strangers cannot prepare for
 * (hash.h); a run is bounded, and what does not fit is not kept or takes
 * another's place.
 */
#include "client/pkix/path_cache.h"

#include <stdlib.h>
#include <string.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/hash.h"

#define RUN_MAX 16

struct cached_path {
	uint8_t leaf[CERT_FINGERPRINT_LEN];
	struct cert_set *path; /* NULL: free */
	struct cert *anchor;   /* borrowed from path */
	int64_t from, until;   /* both within */
	enum path_purpose purpose;
	enum path_revocation revocation;
	bool is_legacy;
	const struct crl_set *crls; /* to compare only, likewise */
	const struct ocsp_set *ocsps;
	int revocation_code;
	bool is_revocation_checked;
	char *text, *revocation_text; /* owned */
};

struct cached_signature {
	uint8_t child[CERT_FINGERPRINT_LEN]; /* and the key's: all zero: free */
	uint8_t key[SPKI_FINGERPRINT_LEN];
	bool is_used, is_legacy;
};

struct path_cache {
	struct cert *certs[PATH_CACHE_CERTS_MAX]; /* by their octets */
	struct cached_path paths[PATH_CACHE_PATHS_MAX];
	struct cached_signature signatures[PATH_CACHE_SIGNATURES_MAX];
};

struct path_cache *
path_cache_new(void)
{
	return calloc(1, sizeof(struct path_cache));
}

static void
path_clear(struct cached_path *p)
{
	cert_set_free(p->path);
	free(p->text);
	free(p->revocation_text);
	*p = (struct cached_path){.path = NULL};
}

void
path_cache_free(struct path_cache *cache)
{
	size_t i;

	if (cache == NULL)
		return;
	for (i = 0; i < PATH_CACHE_PATHS_MAX; i++)
		path_clear(&cache->paths[i]);
	for (i = 0; i < PATH_CACHE_CERTS_MAX; i++)
		cert_free(cache->certs[i]);
	free(cache);
}

/* Where it stands, a free slot, or the one whose owner has to leave. */
static struct cert **
find_cert(struct path_cache *cache, struct bytes der)
{
	size_t slot = (size_t)pkix_hash(der), i;
	struct cert **c;

	for (i = 0; i < RUN_MAX; i++) {
		c = &cache->certs[(slot + i) % PATH_CACHE_CERTS_MAX];
		if (*c == NULL || bytes_is_equal((*c)->raw, der))
			return c;
	}
	return &cache->certs[slot % PATH_CACHE_CERTS_MAX];
}

int
path_cache_decode(struct path_cache *cache, struct bytes der,
    struct cert **cert, struct err *e)
{
	struct cert **kept;
	int r;

	if (cache == NULL || der.len > PATH_CACHE_CERT_LEN_MAX)
		return cert_decode(der, cert, e);
	kept = find_cert(cache, der);
	if (*kept != NULL && bytes_is_equal((*kept)->raw, der)) {
		*cert = cert_ref(*kept);
		return 0;
	}
	r = cert_decode(der, cert, e);
	if (r != 0)
		return r;
	cert_free(*kept);
	*kept = cert_ref(*cert);
	return 0;
}

static bool
is_same_fingerprint(const uint8_t *a, const uint8_t *b)
{
	return bytes_is_equal(bytes_of(a, CERT_FINGERPRINT_LEN),
	    bytes_of(b, CERT_FINGERPRINT_LEN));
}

static bool
is_for(const struct cached_path *p, const struct cert *leaf,
    const struct path_params *params)
{
	return is_same_fingerprint(p->leaf, leaf->sha256) &&
	       p->purpose == params->purpose &&
	       p->revocation == params->revocation &&
	       p->is_legacy == params->is_legacy && p->crls == params->crls &&
	       p->ocsps == params->ocsps;
}

/* Only plain questions are kept. */
static bool
is_cacheable(const struct path_params *params)
{
	return params->policies_len == 0 && !params->is_explicit_policy &&
	       !params->is_mapping_inhibited &&
	       !params->is_any_policy_inhibited && !params->wants_log;
}

static size_t
slot_of(const uint8_t *fingerprint)
{
	return (size_t)pkix_hash(bytes_of(fingerprint, CERT_FINGERPRINT_LEN));
}

bool
path_cache_get(struct path_cache *cache, const struct cert *leaf,
    const struct path_params *params, struct path_result *result)
{
	struct cached_path *p;
	size_t slot = slot_of(leaf->sha256), i;

	*result = (struct path_result){.code = 0};
	if (!is_cacheable(params))
		return false;
	for (i = 0; i < RUN_MAX; i++) {
		p = &cache->paths[(slot + i) % PATH_CACHE_PATHS_MAX];
		if (p->path == NULL)
			return false;
		if (is_for(p, leaf, params))
			break;
	}
	if (i == RUN_MAX || params->time < p->from || params->time > p->until)
		return false;
	result->path = cert_set_ref(p->path);
	result->anchor = p->anchor;
	result->revocation_code = p->revocation_code;
	result->is_revocation_checked = p->is_revocation_checked;
	memccpy(result->text, p->text, 0, sizeof(result->text));
	memccpy(result->revocation_text, p->revocation_text, 0,
	    sizeof(result->revocation_text));
	return true;
}

/* When the answer holds: near the time it was given for. */
static void
set_window(struct cached_path *p, int64_t time)
{
	const struct cert *c;
	size_t i;

	p->from = time - PATH_CACHE_SECONDS;
	p->until = time + PATH_CACHE_SECONDS;
	for (i = 0; i < cert_set_get_len(p->path); i++) {
		c = cert_set_get(p->path, i);
		if (c == p->anchor && i != 0)
			continue;
		p->from = c->not_before > p->from ? c->not_before : p->from;
		p->until = c->not_after < p->until ? c->not_after : p->until;
	}
}

void
path_cache_put(struct path_cache *cache, const struct cert *leaf,
    const struct path_params *params, const struct path_result *result)
{
	struct cached_path *p = NULL;
	size_t slot = slot_of(leaf->sha256), i;

	if (!is_cacheable(params) || result->code != 0)
		return;
	for (i = 0; i < RUN_MAX; i++) {
		p = &cache->paths[(slot + i) % PATH_CACHE_PATHS_MAX];
		if (p->path == NULL || is_for(p, leaf, params))
			break;
	}
	if (i == RUN_MAX)
		p = &cache->paths[slot % PATH_CACHE_PATHS_MAX];
	path_clear(p);
	p->text = strdup(result->text);
	p->revocation_text = strdup(result->revocation_text);
	if (p->text == NULL || p->revocation_text == NULL) {
		path_clear(p);
		return;
	}
	memcpy(p->leaf, leaf->sha256, sizeof(p->leaf));
	p->path = cert_set_ref(result->path);
	p->anchor = result->anchor;
	p->purpose = params->purpose;
	p->revocation = params->revocation;
	p->is_legacy = params->is_legacy;
	p->crls = params->crls;
	p->ocsps = params->ocsps;
	p->revocation_code = result->revocation_code;
	p->is_revocation_checked = result->is_revocation_checked;
	set_window(p, params->time);
}

/* The slot of the pair, or the first free one; NULL: the run is full. */
static struct cached_signature *
find_signature(const struct path_cache *cache, const struct cert *child,
    const struct cert *issuer)
{
	const struct cached_signature *s;
	size_t slot = slot_of(child->sha256), i;

	for (i = 0; i < RUN_MAX; i++) {
		s = &cache->signatures[(slot + i) % PATH_CACHE_SIGNATURES_MAX];
		if (!s->is_used ||
		    (is_same_fingerprint(s->child, child->sha256) &&
			is_same_fingerprint(s->key, issuer->key_hash)))
			return (struct cached_signature *)s;
	}
	return NULL;
}

bool
path_cache_has_signature(const struct path_cache *cache,
    const struct cert *child, const struct cert *issuer, bool is_legacy)
{
	const struct cached_signature *s = find_signature(cache, child, issuer);

	return s != NULL && s->is_used && (is_legacy || !s->is_legacy);
}

void
path_cache_add_signature(struct path_cache *cache, const struct cert *child,
    const struct cert *issuer, bool is_legacy)
{
	struct cached_signature *s = find_signature(cache, child, issuer);

	if (s == NULL)
		return;
	memcpy(s->child, child->sha256, sizeof(s->child));
	memcpy(s->key, issuer->key_hash, sizeof(s->key));
	s->is_legacy = s->is_used ? s->is_legacy && is_legacy : is_legacy;
	s->is_used = true;
}
