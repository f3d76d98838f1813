/*
 * Path building: best-first search from the leaf towards an anchor. A node is
 * a certificate on top of a partial path; nodes wait in a heap by score, and
 * one that is taken out must first prove that its key signed what is below
 * it. Key identifiers, dates and the rest only order the search: whether a
 * path is good is path_validate's to say, so no hint can hide a good path,
 * and a bad one still tells what is wrong with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/path_cache.h"
#include "client/pkix/path_int.h"

#define NODE_NONE UINT32_MAX
#define WORK_VALIDATION 64
#define WORK_EXPANSION 8
#define WORK_CANDIDATE 4

#define SCORE_FROM_MESSAGE 3 /* sent along, not ours */

struct path_node {
	struct cert *cert;
	uint32_t below; /* NODE_NONE: it is the leaf */
	int score;
	unsigned depth; /* certificates below it */
};

struct path_search {
	struct path_ctx ctx;
	struct path_node *nodes;
	uint32_t len, cap;
	uint32_t *heap; /* nodes by score, then by age */
	uint32_t heap_len;
	const char *bound; /* the bound that was reached, for people */
	bool is_circle;	   /* an issuer was left out for being there already */
	uint32_t fetched;  /* nodes whose issuers were fetched */
	struct path_result *result;
};

static bool
heap_is_before(const struct path_search *s, uint32_t a, uint32_t b)
{
	if (s->nodes[a].score != s->nodes[b].score)
		return s->nodes[a].score < s->nodes[b].score;
	return a < b;
}

static void
heap_put(struct path_search *s, uint32_t node)
{
	uint32_t i = s->heap_len++, up;

	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!heap_is_before(s, node, s->heap[up]))
			break;
		s->heap[i] = s->heap[up];
	}
	s->heap[i] = node;
}

static uint32_t
heap_take(struct path_search *s)
{
	uint32_t top = s->heap[0], last = s->heap[--s->heap_len];
	uint32_t i = 0, down;

	for (;; i = down) {
		down = 2 * i + 1;
		if (down >= s->heap_len)
			break;
		if (down + 1 < s->heap_len &&
		    heap_is_before(s, s->heap[down + 1], s->heap[down]))
			down++;
		if (!heap_is_before(s, s->heap[down], last))
			break;
		s->heap[i] = s->heap[down];
	}
	s->heap[i] = last;
	return top;
}

static int
search_grow(struct path_search *s)
{
	uint32_t cap = s->cap != 0 ? s->cap * 2 : 32;
	struct path_node *nodes;
	uint32_t *heap;

	nodes = realloc(s->nodes, cap * sizeof(*nodes));
	if (nodes == NULL)
		return -CS_ERR_NO_MEMORY;
	s->nodes = nodes;
	heap = realloc(s->heap, cap * sizeof(*heap));
	if (heap == NULL)
		return -CS_ERR_NO_MEMORY;
	s->heap = heap;
	s->cap = cap;
	return 0;
}

static int
search_push(struct path_search *s, struct cert *cert, uint32_t below, int score)
{
	struct path_node node = {.cert = cert, .below = below, .score = score};
	int r;

	if (s->len >= PATH_NODES_MAX) {
		s->bound = N_("too many certificates to try");
		return -CS_ERR_NO_PATH;
	}
	if (s->len == s->cap) {
		r = search_grow(s);
		if (r != 0)
			return r;
	}
	if (below != NODE_NONE)
		node.depth = s->nodes[below].depth + 1;
	s->nodes[s->len] = node;
	heap_put(s, s->len++);
	return 0;
}

/* The partial path that ends at a node, leaf first. */
static void
chain_of(const struct path_search *s, uint32_t node, struct path_chain *chain)
{
	*chain = (struct path_chain){.len = s->nodes[node].depth + 1};
	for (; node != NODE_NONE; node = s->nodes[node].below)
		chain->certs[s->nodes[node].depth] = s->nodes[node].cert;
}

/* One name with one key twice in a path leads nowhere new. */
static bool
is_in_path(const struct path_search *s, uint32_t node, const struct cert *c)
{
	const struct cert *seen;

	for (; node != NODE_NONE; node = s->nodes[node].below) {
		seen = s->nodes[node].cert;
		if (seen == c || (cert_has_same_key(seen, c) &&
				     name_is_equal(seen->subject, c->subject)))
			return true;
	}
	return false;
}

/* Is there an anchor with that certificate's name and key? Then the anchor
 * itself ends the path. */
static bool
is_anchor_key(const struct path_search *s, const struct cert *c)
{
	const struct cert *anchor;
	size_t at = 0;

	while ((anchor = path_next_anchor(s->ctx.params, c->subject, &at)) !=
	       NULL) {
		if (cert_has_same_key(anchor, c))
			return true;
	}
	return false;
}

/* Pushes the issuers of a node that are in a set. */
static int
push_issuers(struct path_search *s, uint32_t node, const struct cert_set *set,
    int extra_score, size_t *found)
{
	struct cert *child = s->nodes[node].cert, *c;
	size_t at = 0;
	int score, r = 0;

	while (r == 0 &&
	       (c = cert_set_next_subject(set, child->issuer, &at)) != NULL) {
		if (!path_spend(&s->ctx, WORK_CANDIDATE)) {
			s->bound = N_("too many certificates to try");
			return -CS_ERR_NO_PATH;
		}
		if (is_in_path(s, node, c)) {
			s->is_circle = true;
			continue;
		}
		if (is_anchor_key(s, c))
			continue;
		++*found;
		/* Once is enough for a certificate in two sets. */
		if (set == s->ctx.params->extra &&
		    cert_set_has(s->ctx.params->intermediates, c))
			continue;
		score = s->nodes[node].score + extra_score +
			path_score_issuer(s->ctx.params, child, c);
		r = search_push(s, c, node, score);
	}
	return r;
}

static bool
is_over(int code)
{
	return code == 0 || code == -CS_ERR_NO_MEMORY;
}

static int
result_set_path(struct path_result *result, const struct path_chain *chain)
{
	size_t i;
	int r = 0;

	cert_set_free(result->path);
	result->path = cert_set_new();
	if (result->path == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < chain->len; i++)
		r = cert_set_add(result->path, chain->certs[i]);
	if (r == 0 && chain->anchor != NULL)
		r = cert_set_add(result->path, chain->anchor);
	return r;
}

/* Judges one whole path. 0: it is good, and the result is filled. */
static int
try_chain(struct path_search *s, const struct path_chain *chain)
{
	struct path_result *result = s->result;
	int r;

	if (!path_spend(&s->ctx, WORK_VALIDATION)) {
		s->bound = N_("too many paths to try");
		return -CS_ERR_NO_PATH;
	}
	r = path_validate(&s->ctx, chain);
	if (r == 0)
		r = path_revocation(&s->ctx, chain, result);
	if (r == 0)
		r = result_set_path(result, chain);
	if (r != 0)
		return r;
	result->anchor = chain->anchor;
	snprintf(result->text, sizeof(result->text), "%s", s->ctx.remark);
	return 0;
}

/*
 * Tries all anchors that may have issued the node, those whose key identifier
 * fits first. *found counts them.
 */
static int
try_anchors(struct path_search *s, uint32_t node, size_t *found)
{
	const struct cert *child = s->nodes[node].cert;
	struct path_chain chain;
	struct cert *anchor;
	size_t at;
	int round, r = -CS_ERR_NO_PATH;

	chain_of(s, node, &chain);
	for (round = 0; round < 2 && !is_over(r); round++) {
		at = 0;
		while (!is_over(r) && s->ctx.work < PATH_WORK_MAX &&
		       (anchor = path_next_anchor(
			    s->ctx.params, child->issuer, &at)) != NULL) {
			if ((path_score_key_id(child, anchor) != 0) !=
			    (round == 1))
				continue;
			++*found;
			chain.anchor = anchor;
			r = try_chain(s, &chain);
		}
	}
	return r;
}

static void
say_no_issuer(struct path_search *s, uint32_t node)
{
	const struct cert *top = s->nodes[node].cert;
	struct path_chain chain;
	struct buf name = {0};
	char shown[200];

	chain_of(s, node, &chain);
	if (top->is_self_issued) {
		path_fail(&s->ctx, PATH_RANK_ISSUER + (int)chain.len, &chain,
		    -CS_ERR_NO_PATH, top,
		    "the path ends here, and this is not a trust anchor");
		return;
	}
	/* Any other end tells more. */
	if (s->is_circle) {
		path_fail(&s->ctx, PATH_RANK_ISSUER, &chain, -CS_ERR_NO_PATH,
		    top, "the path runs in a circle");
		return;
	}
	if (name_format(&name, top->issuer) != 0)
		buf_reset(&name);
	err_quote(shown, sizeof(shown), name.data, name.len);
	path_fail(&s->ctx, PATH_RANK_ISSUER + (int)chain.len, &chain,
	    -CS_ERR_NO_PATH, top,
	    "the certificate of its issuer \"%s\" is missing", shown);
	buf_clear(&name);
}

/* Has the node's key signed what is below it? */
static bool
is_proven(struct path_search *s, uint32_t node)
{
	const struct path_node *n = &s->nodes[node];
	const struct cert *child;
	struct path_chain chain;
	char what[PATH_TEXT_MAX / 2];
	int r;

	if (n->below == NODE_NONE)
		return true;
	child = s->nodes[n->below].cert;
	r = path_signature(&s->ctx, child, n->cert, NULL);
	if (r == -CS_ERR_NO_PATH)
		s->bound = N_("too many signatures to check");
	if (r == -CS_ERR_NO_PATH || r == -CS_ERR_NO_MEMORY)
		return false;
	/* Weakness is for the validation to report. */
	if (r == 0 || r == -CS_ERR_WEAK || r == -CS_ERR_ALGORITHM)
		return true;
	chain_of(s, n->below, &chain);
	path_fail(&s->ctx, PATH_RANK_SIGNATURE + (int)chain.len, &chain,
	    -CS_ERR_PATH, child, "the signature is not by the key of %s",
	    path_describe(what, sizeof(what), n->cert));
	return false;
}

/* Goes on from one node: to anchors, and to more nodes. */
static int
search_expand(struct path_search *s, uint32_t node)
{
	const struct path_params *params = s->ctx.params;
	size_t found = 0;
	int r;

	if (!path_spend(&s->ctx, WORK_EXPANSION)) {
		s->bound = N_("too many paths to try");
		return -CS_ERR_NO_PATH;
	}
	if (!is_proven(s, node))
		return -CS_ERR_NO_PATH;
	r = try_anchors(s, node, &found);
	if (is_over(r))
		return r;
	s->is_circle = false;
	if (s->nodes[node].depth + 1 < PATH_LEN_MAX) {
		r = push_issuers(s, node, params->intermediates, 0, &found);
		if (r == 0)
			r = push_issuers(
			    s, node, params->extra, SCORE_FROM_MESSAGE, &found);
	} else {
		s->bound = N_("a path is too long");
		found++;
	}
	if (found == 0)
		say_no_issuer(s, node);
	return r == -CS_ERR_NO_MEMORY ? r : -CS_ERR_NO_PATH;
}

/* Those of a node that can be had elsewhere. */
static int
fetch_issuers(struct path_search *s, uint32_t node, size_t *found)
{
	const struct path_source *source = s->ctx.params->source;
	const struct cert_set *set = s->ctx.params->intermediates;
	struct cert *child = s->nodes[node].cert, *c;
	size_t len, i;
	int r = 0;

	if (child->is_self_issued || s->nodes[node].depth + 1 >= PATH_LEN_MAX)
		return 0;
	*found = source->get_issuers(source->ctx, child);
	len = cert_set_get_len(set);
	for (i = len - *found; r == 0 && i < len; i++) {
		c = cert_set_get(set, i);
		if (name_is_equal(c->subject, child->issuer) &&
		    !is_in_path(s, node, c))
			r = search_push(s, c, node,
			    s->nodes[node].score +
				path_score_issuer(s->ctx.params, child, c));
	}
	return r;
}

/* Nothing at hand led anywhere: is there more to go on with? */
static int
search_fetch(struct path_search *s)
{
	size_t found = 0;
	int r = 0;

	if (s->ctx.params->source == NULL ||
	    s->ctx.fault.code == -CS_ERR_REVOKED ||
	    s->ctx.fault.code == -CS_ERR_UNTRUSTED)
		return 0;
	while (r == 0 && found == 0 && s->fetched < s->len)
		r = fetch_issuers(s, s->fetched++, &found);
	return r;
}

static int
search_heap(struct path_search *s)
{
	int r = -CS_ERR_NO_PATH;

	while (!is_over(r) && s->heap_len != 0 && s->ctx.work < PATH_WORK_MAX)
		r = search_expand(s, heap_take(s));
	return r;
}

static int
search_run(struct path_search *s, struct cert *leaf)
{
	struct path_chain self = {.certs = {leaf}, .len = 1, .anchor = leaf};
	int r = -CS_ERR_NO_PATH;

	anchor_index_draw(s->ctx.params->anchor_index, leaf->subject);
	if (cert_set_has(s->ctx.params->anchors, leaf)) {
		r = try_chain(s, &self);
		if (is_over(r))
			return r;
	}
	r = search_push(s, leaf, NODE_NONE, 0);
	if (r != 0)
		return r;
	do {
		r = search_heap(s);
		if (!is_over(r) && search_fetch(s) == -CS_ERR_NO_MEMORY)
			r = -CS_ERR_NO_MEMORY;
	} while (
	    !is_over(r) && s->heap_len != 0 && s->ctx.work < PATH_WORK_MAX);
	return r;
}

/* No path was good: tells of the one that came furthest. */
static int
search_fail(struct path_search *s, int r)
{
	struct path_result *result = s->result;
	struct path_fault *fault = &s->ctx.fault;

	result->code = r;
	if (r == -CS_ERR_NO_MEMORY) {
		snprintf(result->text, sizeof(result->text), "%s", err_text(r));
		return r;
	}
	result->code = s->bound != NULL ? -CS_ERR_NO_PATH : fault->code;
	if (s->bound != NULL)
		snprintf(result->text, sizeof(result->text),
		    say("%s; the search for a path was given up%s%.300s"),
		    say(s->bound), fault->code != 0 ? say("; the best: ") : "",
		    fault->text);
	else
		snprintf(result->text, sizeof(result->text), "%s", fault->text);
	/* Other paths may have been asked about since. */
	result->revocation_code = 0;
	result->revocation_text[0] = '\0';
	result->is_revocation_checked = fault->code == -CS_ERR_REVOKED;
	if (fault->code == -CS_ERR_REVOKED ||
	    fault->code == -CS_ERR_UNTRUSTED) {
		result->revocation_code = fault->code;
		snprintf(result->revocation_text,
		    sizeof(result->revocation_text), "%.*s",
		    (int)sizeof(result->revocation_text) - 1, fault->text);
	}
	if (fault->code != 0 && fault->chain.len != 0 &&
	    result_set_path(result, &fault->chain) != 0)
		result->code = -CS_ERR_NO_MEMORY;
	return result->code;
}

/* Validates the path that is told once more, and takes notes. */
static void
search_log(struct path_search *s)
{
	struct path_result *result = s->result, again = {.code = 0};
	struct path_chain chain = s->ctx.fault.chain;
	struct path_log *log = calloc(1, sizeof(*log));
	size_t i;

	if (log == NULL)
		return;
	log->signatures = result->signatures;
	log->work = result->work;
	result->log = s->ctx.log = log;
	if (result->code == 0) {
		chain = (struct path_chain){.anchor = result->anchor};
		for (i = 0; i < cert_set_get_len(result->path); i++)
			chain.certs[i] = cert_set_get(result->path, i);
		/* The anchor stands for itself, or behind the others. */
		chain.len = i > 1 ? i - 1 : 1;
	}
	s->ctx.fault = (struct path_fault){.code = 0};
	if (chain.anchor != NULL && path_validate(&s->ctx, &chain) == 0 &&
	    path_revocation(&s->ctx, &chain, &again) == 0)
		return;
	if (chain.anchor == NULL && result->code != 0)
		path_log_add(&s->ctx, chain.len, "trustAnchor", "6.1.1 (d)",
		    result->code, result->text);
}

/* A search with a lower bound begins with the difference as done. */
static unsigned
begin_at(unsigned lower, unsigned max)
{
	return lower != 0 && lower < max ? max - lower : 0;
}

int
path_find(struct cert *leaf, const struct path_params *params,
    struct path_result *result)
{
	unsigned signatures =
	    begin_at(params->signatures_max, PATH_SIGNATURES_MAX);
	unsigned work = begin_at(params->work_max, PATH_WORK_MAX);
	struct path_search s = {.ctx.params = params,
	    .ctx.signatures = signatures,
	    .ctx.work = work,
	    .result = result};
	int r = -CS_ERR_NO_MEMORY;

	if (params->cache != NULL &&
	    path_cache_get(params->cache, leaf, params, result))
		return 0;
	*result = (struct path_result){.code = 0};
	s.ctx.memo = calloc(PATH_MEMO_LEN, sizeof(*s.ctx.memo));
	if (s.ctx.memo != NULL)
		r = search_run(&s, leaf);
	if (r != 0 && anchor_index_get_error(params->anchor_index) != 0)
		r = -CS_ERR_NO_MEMORY;
	result->signatures = s.ctx.signatures - signatures;
	result->work = s.ctx.work - work;
	result->is_given_up = r != 0 && (s.ctx.is_over || s.bound != NULL);
	if (r != 0)
		r = search_fail(&s, r);
	if (params->wants_log && s.ctx.memo != NULL)
		search_log(&s);
	if (r == 0 && params->cache != NULL)
		path_cache_put(params->cache, leaf, params, result);
	free(s.ctx.memo);
	free(s.ctx.signers);
	free(s.nodes);
	free(s.heap);
	return r;
}

struct path_params
path_params_inside(const struct path_ctx *outer)
{
	struct path_params params = *outer->params;

	params.purpose = PATH_ANY;
	params.policies = NULL;
	params.policies_len = 0;
	params.is_explicit_policy = params.is_mapping_inhibited =
	    params.is_any_policy_inhibited = false;
	return params;
}

int
path_find_signer(
    struct path_ctx *outer, struct cert *signer, struct cert *anchor)
{
	struct path_params params = path_params_inside(outer);
	struct path_result result = {.code = 0};
	struct path_search s = {.ctx = *outer, .result = &result};
	struct cert_set *anchors = cert_set_new();
	int r = -CS_ERR_NO_MEMORY;

	params.anchors = anchors;
	params.anchor_index = NULL;
	s.ctx.params = &params;
	s.ctx.log = NULL;
	s.ctx.fault = (struct path_fault){.code = 0};
	if (anchors != NULL)
		r = cert_set_add(anchors, anchor);
	if (r == 0)
		r = search_run(&s, signer);
	if (r != 0 && r != -CS_ERR_NO_MEMORY && s.ctx.fault.code != 0)
		r = s.ctx.fault.code;
	outer->signatures = s.ctx.signatures;
	outer->work = s.ctx.work;
	cert_set_free(result.path);
	cert_set_free(anchors);
	free(s.nodes);
	free(s.heap);
	return r;
}
