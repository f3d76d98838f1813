/*
 * Certificate policies (RFC 5280 6.1.2 to 6.1.5).
 *
 * The standard's tree repeats a policy for each way that leads to it, and
 * grows exponentially when certificates map everything to everything. What
 * hangs below a node depends only on its depth and its policy, so one node
 * for each of these is enough, with an edge to each parent: a graph whose
 * size is bounded by the size of the certificates. Nodes without children
 * are not pruned; what counts is found by walking up from the last depth.
 */
#include <stdlib.h>
#include <string.h>

#include "client/pkix/path_int.h"

#define PARENT_ANY UINT32_MAX

/* A policy that the next certificate may assert, and the node it's from; in
 * a level: an edge. */
struct policy_edge {
	struct bytes oid;
	uint32_t parent; /* node of the level before, or PARENT_ANY */
};

struct policy_node {
	struct bytes oid;
	uint32_t first, len; /* its edges in the level */
	bool is_reached;
};

struct policy_level {
	struct policy_edge *edges; /* sorted by oid */
	size_t edges_len, edges_cap;
	struct policy_node *nodes; /* one per oid, sorted */
	size_t nodes_len;
	bool has_any; /* is there a node of anyPolicy? */
};

struct policy_graph {
	struct path_ctx *ctx;
	struct policy_level levels[PATH_LEN_MAX + 1];
	size_t len;
	struct policy_level expected; /* edges of the next level */
};

struct policy_graph *
policy_graph_new(struct path_ctx *ctx)
{
	struct policy_graph *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->ctx = ctx;
	g->levels[0].has_any = true;
	g->len = 1;
	return g;
}

static void
level_clear(struct policy_level *level)
{
	free(level->edges);
	free(level->nodes);
	*level = (struct policy_level){.edges = NULL};
}

void
policy_graph_free(struct policy_graph *g)
{
	size_t i;

	if (g == NULL)
		return;
	for (i = 0; i < g->len; i++)
		level_clear(&g->levels[i]);
	level_clear(&g->expected);
	free(g);
}

static int
edge_compare(const void *a, const void *b)
{
	const struct policy_edge *x = a, *y = b;
	int r = bytes_compare(x->oid, y->oid);

	if (r != 0)
		return r;
	return x->parent < y->parent ? -1 : x->parent > y->parent;
}

static int
level_add(struct policy_graph *g, struct policy_level *level, struct bytes oid,
    uint32_t parent)
{
	size_t cap = level->edges_cap;
	struct policy_edge *edges;

	if (!path_spend(g->ctx, 1))
		return -CS_ERR_NO_PATH;
	if (level->edges_len == cap) {
		cap = cap != 0 ? cap * 2 : 8;
		edges = realloc(level->edges, cap * sizeof(*edges));
		if (edges == NULL)
			return -CS_ERR_NO_MEMORY;
		level->edges = edges;
		level->edges_cap = cap;
	}
	level->edges[level->edges_len++] = (struct policy_edge){oid, parent};
	return 0;
}

static void
level_sort(struct policy_level *level)
{
	if (level->edges_len > 1)
		qsort(level->edges, level->edges_len, sizeof(*level->edges),
		    edge_compare);
}

/* Makes the nodes from the edges. */
static int
level_group(struct policy_level *level)
{
	struct policy_node *node = NULL;
	size_t i;

	level_sort(level);
	if (level->edges_len == 0)
		return 0;
	level->nodes = calloc(level->edges_len, sizeof(*level->nodes));
	if (level->nodes == NULL)
		return -CS_ERR_NO_MEMORY;
	for (i = 0; i < level->edges_len; i++) {
		if (node == NULL ||
		    !bytes_is_equal(node->oid, level->edges[i].oid)) {
			node = &level->nodes[level->nodes_len++];
			node->oid = level->edges[i].oid;
			node->first = (uint32_t)i;
		}
		node->len++;
	}
	return 0;
}

/* The first edge with that oid in a sorted list; edges_len: none. */
static size_t
level_find(const struct policy_level *level, struct bytes oid)
{
	size_t low = 0, high = level->edges_len, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (bytes_compare(level->edges[mid].oid, oid) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < level->edges_len &&
	    bytes_is_equal(level->edges[low].oid, oid))
		return low;
	return level->edges_len;
}

static bool
level_has(const struct policy_level *level, struct bytes oid)
{
	return level_find(level, oid) < level->edges_len;
}

/* PolicyInformation's qualifiers must be ones we know if critical. */
static bool
qualifiers_are_known(struct der *d)
{
	struct bytes cps = BYTES_LIT("\x2b\x06\x01\x05\x05\x07\x02\x01");
	struct bytes notice = BYTES_LIT("\x2b\x06\x01\x05\x05\x07\x02\x02");
	struct der list = der_enter(d, DER_SEQUENCE), in;
	struct bytes oid;
	int tag;

	while (der_has_more(&list)) {
		in = der_enter(&list, DER_SEQUENCE);
		oid = der_get_oid(&in);
		der_get_any(&in, &tag);
		if (der_end(&in) != 0 ||
		    (!bytes_is_equal(oid, cps) && !bytes_is_equal(oid, notice)))
			return false;
	}
	return der_end(&list) == 0;
}

/* The policies of a certificate, sorted; *has_any is taken out of them. */
static int
policies_decode(struct policy_graph *g, const struct cert_extension *ext,
    struct policy_level *asserted, bool *has_any, struct err *e)
{
	struct der d, list, in;
	struct bytes oid;
	size_t i;
	int r = 0;

	*has_any = false;
	der_init(&d, ext->value);
	list = der_enter(&d, DER_SEQUENCE);
	if (!der_has_more(&list))
		der_fail(&list, -CS_ERR_ENCODING);
	while (r == 0 && der_has_more(&list)) {
		in = der_enter(&list, DER_SEQUENCE);
		oid = der_get_oid(&in);
		if (der_has_more(&in) && !qualifiers_are_known(&in) &&
		    ext->is_critical)
			return err_set(e, -CS_ERR_CRITICAL,
			    "its critical certificatePolicies have a "
			    "qualifier that is not understood");
		if (der_check(&in) != 0)
			der_fail(&list, in.err);
		else
			r = level_add(g, asserted, oid, 0);
	}
	if (r != 0)
		return r;
	if (der_end(&list) != 0 || der_end(&d) != 0)
		return err_set(
		    e, -CS_ERR_PATH, "its certificatePolicies are broken");
	level_sort(asserted);
	for (i = 1; i < asserted->edges_len; i++) {
		if (bytes_is_equal(
			asserted->edges[i - 1].oid, asserted->edges[i].oid))
			return err_set(e, -CS_ERR_PATH,
			    "its certificatePolicies name a policy twice");
	}
	*has_any = level_has(asserted, oid_get(OID_CE_ANY_POLICY));
	return 0;
}

/* 6.1.3 (d) (1) and (2): the new level from what was expected. */
static int
level_build(struct policy_graph *g, const struct policy_level *asserted,
    bool keeps_any, struct policy_level *level)
{
	const struct policy_level *above = &g->levels[g->len - 1];
	const struct policy_level *expected = &g->expected;
	struct bytes any = oid_get(OID_CE_ANY_POLICY);
	const struct policy_edge *edge;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < expected->edges_len; i++) {
		edge = &expected->edges[i];
		if (keeps_any || level_has(asserted, edge->oid))
			r = level_add(g, level, edge->oid, edge->parent);
	}
	for (i = 0; r == 0 && above->has_any && i < asserted->edges_len; i++) {
		edge = &asserted->edges[i];
		if (!bytes_is_equal(edge->oid, any) &&
		    !level_has(expected, edge->oid))
			r = level_add(g, level, edge->oid, PARENT_ANY);
	}
	level->has_any = above->has_any && keeps_any;
	return r;
}

int
policy_graph_add_cert(struct policy_graph *g, const struct cert *cert,
    bool is_any_allowed, struct err *e)
{
	const struct cert_extension *ext =
	    cert_find_extension(cert, OID_CE_CERTIFICATE_POLICIES);
	struct policy_level level = {.edges = NULL};
	struct policy_level asserted = {.edges = NULL};
	bool has_any;
	int r = 0;

	if (g->len > PATH_LEN_MAX)
		return -CS_ERR_INTERNAL;
	/* 6.1.3 (e): without the extension nothing is left. */
	if (ext != NULL)
		r = policies_decode(g, ext, &asserted, &has_any, e);
	if (r == 0 && ext != NULL)
		r = level_build(
		    g, &asserted, has_any && is_any_allowed, &level);
	if (r == 0)
		r = level_group(&level);
	level_clear(&asserted);
	level_clear(&g->expected);
	if (r != 0) {
		level_clear(&level);
		return r;
	}
	g->levels[g->len++] = level;
	return 0;
}

static struct policy_node *
level_find_node(const struct policy_level *level, struct bytes oid)
{
	size_t low = 0, high = level->nodes_len, mid;
	int r;

	while (low < high) {
		mid = low + (high - low) / 2;
		r = bytes_compare(level->nodes[mid].oid, oid);
		if (r == 0)
			return &level->nodes[mid];
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

struct policy_mapping {
	struct bytes issuer, subject;
};

static int
mapping_compare(const void *a, const void *b)
{
	const struct policy_mapping *x = a, *y = b;

	return bytes_compare(x->issuer, y->issuer);
}

static int
mappings_decode(struct policy_graph *g, struct bytes value,
    struct policy_mapping **mappings, size_t *n, struct err *e)
{
	struct bytes any = oid_get(OID_CE_ANY_POLICY);
	struct policy_mapping *m;
	struct der d, list, in;
	size_t cap = value.len / 8 + 1;

	/* The shortest pair takes 8 octets. */
	*n = 0;
	*mappings = m = calloc(cap, sizeof(*m));
	if (m == NULL)
		return -CS_ERR_NO_MEMORY;
	der_init(&d, value);
	list = der_enter(&d, DER_SEQUENCE);
	if (!der_has_more(&list))
		der_fail(&list, -CS_ERR_ENCODING);
	while (der_has_more(&list) && *n < cap) {
		in = der_enter(&list, DER_SEQUENCE);
		m[*n].issuer = der_get_oid(&in);
		m[*n].subject = der_get_oid(&in);
		if (der_end(&in) != 0)
			der_fail(&list, in.err);
		else if (bytes_is_equal(m[*n].issuer, any) ||
			 bytes_is_equal(m[*n].subject, any))
			return err_set(e, -CS_ERR_PATH,
			    "it maps a policy from or to anyPolicy");
		(*n)++;
	}
	if (der_end(&list) != 0 || der_end(&d) != 0)
		return err_set(
		    e, -CS_ERR_PATH, "its policyMappings are broken");
	if (!path_spend(g->ctx, *n))
		return -CS_ERR_NO_PATH;
	qsort(m, *n, sizeof(*m), mapping_compare);
	return 0;
}

/* 6.1.4 (b) (1): an issuer's policy that only anyPolicy stands for gets a
 * node of its own. Rebuilds the nodes, since their order changes. */
static int
level_add_mapped(struct policy_graph *g, struct policy_level *level,
    const struct policy_mapping *m, size_t n)
{
	size_t i;
	int r = 0;

	if (!level->has_any)
		return 0;
	for (i = 0; r == 0 && i < n; i++) {
		if (i != 0 && bytes_is_equal(m[i - 1].issuer, m[i].issuer))
			continue;
		if (level_find_node(level, m[i].issuer) == NULL)
			r = level_add(g, level, m[i].issuer, PARENT_ANY);
	}
	if (r != 0)
		return r;
	free(level->nodes);
	level->nodes = NULL;
	level->nodes_len = 0;
	return level_group(level);
}

/* Both lists are sorted: one walk. Without a mapping allowed the policies
 * that would be mapped are left out, 6.1.4 (b) (2). */
static int
expect_next(struct policy_graph *g, const struct policy_level *level,
    const struct policy_mapping *m, size_t n, bool is_mapping_allowed)
{
	const struct policy_node *node;
	size_t i, j = 0;
	bool is_mapped;
	int r = 0;

	for (i = 0; r == 0 && i < level->nodes_len; i++) {
		node = &level->nodes[i];
		while (j < n && bytes_compare(m[j].issuer, node->oid) < 0)
			j++;
		is_mapped = j < n && bytes_is_equal(m[j].issuer, node->oid);
		if (!is_mapped)
			r = level_add(g, &g->expected, node->oid, (uint32_t)i);
		for (; r == 0 && j < n && is_mapping_allowed &&
		       bytes_is_equal(m[j].issuer, node->oid);
		     j++)
			r = level_add(
			    g, &g->expected, m[j].subject, (uint32_t)i);
	}
	level_sort(&g->expected);
	return r;
}

int
policy_graph_map(struct policy_graph *g, const struct cert *cert,
    bool is_mapping_allowed, struct err *e)
{
	const struct cert_extension *ext =
	    cert_find_extension(cert, OID_CE_POLICY_MAPPINGS);
	struct policy_level *level = &g->levels[g->len - 1];
	struct policy_mapping *m = NULL;
	size_t n = 0;
	int r = 0;

	if (ext != NULL)
		r = mappings_decode(g, ext->value, &m, &n, e);
	if (r == 0 && is_mapping_allowed)
		r = level_add_mapped(g, level, m, n);
	if (r == 0)
		r = expect_next(g, level, m, n, is_mapping_allowed);
	free(m);
	return r;
}

static bool
is_asked_for(struct bytes oid, const struct bytes *policies, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (bytes_is_equal(policies[i], oid) ||
		    bytes_is_equal(policies[i], oid_get(OID_CE_ANY_POLICY)))
			return true;
	}
	return n == 0;
}

/* Marks the parents of a node; true if it hangs on anyPolicy and so is one
 * of the policies in the anchor's terms, and asked for. */
static bool
reach_parents(struct policy_graph *g, size_t depth,
    const struct policy_node *node, const struct bytes *policies, size_t n)
{
	const struct policy_level *level = &g->levels[depth];
	bool is_valid = false;
	uint32_t i, parent;

	for (i = node->first; i < node->first + node->len; i++) {
		parent = level->edges[i].parent;
		if (parent == PARENT_ANY)
			is_valid =
			    is_valid || is_asked_for(node->oid, policies, n);
		else
			g->levels[depth - 1].nodes[parent].is_reached = true;
	}
	return is_valid;
}

void
policy_graph_walk_valid(struct policy_graph *g, const struct bytes *policies,
    size_t policies_len, void (*fn)(void *ctx, struct bytes oid), void *ctx)
{
	struct policy_level *level = &g->levels[g->len - 1];
	struct bytes any = oid_get(OID_CE_ANY_POLICY);
	size_t depth, i;

	/* anyPolicy stands for whatever is asked for. */
	for (i = 0; level->has_any && i < policies_len; i++)
		fn(ctx, policies[i]);
	if (level->has_any && policies_len == 0)
		fn(ctx, any);
	for (i = 0; i < level->nodes_len; i++)
		level->nodes[i].is_reached = true;
	for (depth = g->len - 1; depth > 0; depth--) {
		level = &g->levels[depth];
		for (i = 0; i < level->nodes_len; i++) {
			if (level->nodes[i].is_reached &&
			    reach_parents(g, depth, &level->nodes[i], policies,
				policies_len))
				fn(ctx, level->nodes[i].oid);
		}
	}
}

static void
set_true(void *ctx, struct bytes oid)
{
	bool *is_valid = ctx;

	(void)oid;
	*is_valid = true;
}

bool
policy_graph_has_valid(
    struct policy_graph *g, const struct bytes *policies, size_t policies_len)
{
	bool is_valid = false;

	policy_graph_walk_valid(g, policies, policies_len, set_true, &is_valid);
	return is_valid;
}
