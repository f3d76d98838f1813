#include "asn1/say.h"
#include "asn1/tree.h"

#include <libtasn1.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What asn1Parser made of the modules (asn1/local.mk). */
extern const asn1_static_node agent_asn1[];
extern const asn1_static_node cms_asn1[];
extern const asn1_static_node fetch_asn1[];
extern const asn1_static_node ocsp_asn1[];
extern const asn1_static_node pkix1_asn1[];
extern const asn1_static_node token_asn1[];

struct tree {
	asn1_node node;
	const char *type; /* for messages */
};

static const struct {
	const asn1_static_node *array;
	const char *name;
} tree_modules[TREE_MODULE_COUNT] = {
    [TREE_PKIX1] = {pkix1_asn1, "PKIX1"},
    [TREE_CMS] = {cms_asn1, "CMS"},
    [TREE_AGENT] = {agent_asn1, "CardsealAgent"},
    [TREE_TOKEN] = {token_asn1, "CardsealToken"},
    [TREE_FETCH] = {fetch_asn1, "CardsealFetch"},
    [TREE_OCSP] = {ocsp_asn1, "OCSP"},
};

/* Loaded once; only read from then on. */
static asn1_node tree_loaded[TREE_MODULE_COUNT];
static pthread_mutex_t tree_lock = PTHREAD_MUTEX_INITIALIZER;

static int
tree_load(enum tree_module module, asn1_node *definitions, struct err *e)
{
	char text[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	int r = ASN1_SUCCESS;

	pthread_mutex_lock(&tree_lock);
	if (tree_loaded[module] == NULL)
		r = asn1_array2tree(
		    tree_modules[module].array, &tree_loaded[module], text);
	*definitions = tree_loaded[module];
	pthread_mutex_unlock(&tree_lock);
	if (r == ASN1_SUCCESS)
		return 0;
	return err_set(e, -CS_ERR_INTERNAL, "ASN.1 module %s: %s %s",
	    tree_modules[module].name, asn1_strerror(r), text);
}

__attribute__((destructor)) static void
tree_unload(void)
{
	int i;

	for (i = 0; i < TREE_MODULE_COUNT; i++)
		asn1_delete_structure(&tree_loaded[i]);
}

/* libtasn1's codes to ours. */
static int
tree_code(int r)
{
	switch (r) {
	case ASN1_MEM_ALLOC_ERROR:
		return -CS_ERR_NO_MEMORY;
	case ASN1_ELEMENT_NOT_FOUND:
		return -CS_ERR_ARGUMENT;
	default:
		return -CS_ERR_ENCODING;
	}
}

/* libtasn1 tells the field as ":: 'a.b' " or the like: untrusted in no part,
 * but quoted all the same. */
static int
tree_decode_fail(struct err *e, const char *type, int r, const char *text)
{
	char quoted[ASN1_MAX_ERROR_DESCRIPTION_SIZE * 2];

	return err_set(e, tree_code(r), "%s: %s%s%s", type, asn1_strerror(r),
	    text[0] != '\0' ? say(" at ") : "",
	    err_quote(quoted, sizeof(quoted), text, strlen(text)));
}

/* libtasn1 takes some beginnings of a structure for the whole. */
static bool
tree_is_whole(struct bytes der)
{
	struct der d;

	der_init(&d, der);
	der_skip(&d);
	return der_end(&d) == 0;
}

int
tree_decode(enum tree_module module, const char *type, struct bytes der,
    struct tree **tree, struct err *e)
{
	char text[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	char full[TREE_PATH_MAX];
	asn1_node definitions, node = NULL;
	int r, len = (int)der.len;

	*tree = NULL;
	if (der.len > TREE_LEN_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE, "%s: too large", type);
	r = tree_load(module, &definitions, e);
	if (r != 0)
		return r;
	snprintf(full, sizeof(full), "%s.%s", tree_modules[module].name, type);
	r = asn1_create_element(definitions, full, &node);
	if (r != ASN1_SUCCESS)
		return tree_decode_fail(e, full, r, "");
	r = ASN1_DER_ERROR;
	if (tree_is_whole(der))
		r = asn1_der_decoding2(
		    &node, der.p, &len, ASN1_DECODE_FLAG_STRICT_DER, text);
	if (r == ASN1_SUCCESS && (size_t)len != der.len)
		r = ASN1_DER_ERROR;
	if (r == ASN1_SUCCESS)
		*tree = malloc(sizeof(**tree));
	if (*tree != NULL) {
		**tree = (struct tree){node, type};
		return 0;
	}
	asn1_delete_structure(&node);
	return tree_decode_fail(
	    e, type, r == ASN1_SUCCESS ? ASN1_MEM_ALLOC_ERROR : r, text);
}

void
tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	asn1_delete_structure2(&tree->node, ASN1_DELETE_FLAG_ZEROIZE);
	free(tree);
}

static int
tree_fail(const struct tree *tree, const char *field, int code,
    const char *what, struct err *e)
{
	return err_set(
	    e, code, "%s: the field \"%s\" %s", tree->type, field, say(what));
}

/* A raw value as libtasn1 gives it. */
struct tree_value {
	uint8_t *p;  /* with one zero octet behind it */
	size_t size; /* octets */
	int len;     /* bits of a BIT STRING, else octets */
	unsigned type;
};

static int
tree_read(const struct tree *tree, const char *field, struct tree_value *v,
    struct err *e)
{
	int r, len = 0;

	*v = (struct tree_value){.type = ASN1_ETYPE_INVALID};
	r = asn1_read_value_type(tree->node, field, NULL, &len, &v->type);
	if (r != ASN1_SUCCESS && r != ASN1_MEM_ERROR)
		return tree_fail(tree, field, tree_code(r), "is not there", e);
	if (v->type == ASN1_ETYPE_BIT_STRING)
		len = (len + 7) / 8;
	v->size = (size_t)len;
	v->p = calloc(1, v->size + 1);
	if (v->p == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = asn1_read_value_type(tree->node, field, v->p, &len, &v->type);
	v->len = len;
	if (r == ASN1_SUCCESS)
		return 0;
	free(v->p);
	v->p = NULL;
	return tree_fail(tree, field, tree_code(r), asn1_strerror(r), e);
}

static void
tree_value_clear(struct tree_value *v)
{
	mem_wipe(v->p, v->size);
	free(v->p);
}

bool
tree_has(const struct tree *tree, const char *field)
{
	int n;

	/* counts nothing for most types, but finds the field */
	return asn1_number_of_elements(tree->node, field, &n) == ASN1_SUCCESS;
}

int
tree_get_count(
    const struct tree *tree, const char *field, size_t *count, struct err *e)
{
	int n = 0, r;

	*count = 0;
	r = asn1_number_of_elements(tree->node, field, &n);
	if (r != ASN1_SUCCESS)
		return tree_fail(tree, field, tree_code(r), "is no list", e);
	*count = (size_t)n;
	return 0;
}

/* Types whose value tree_read gives as octets. */
static bool
tree_is_octets(unsigned type)
{
	switch (type) {
	case ASN1_ETYPE_INTEGER:
	case ASN1_ETYPE_ENUMERATED:
	case ASN1_ETYPE_OCTET_STRING:
	case ASN1_ETYPE_ANY:
		return true;
	default:
		return type >= ASN1_ETYPE_GENERALSTRING &&
		       type <= ASN1_ETYPE_VISIBLE_STRING;
	}
}

int
tree_get_bytes(
    const struct tree *tree, const char *field, struct buf *b, struct err *e)
{
	struct tree_value v;
	int r;

	r = tree_read(tree, field, &v, e);
	if (v.p == NULL)
		return r;
	if (v.type == ASN1_ETYPE_BIT_STRING && v.len % 8 != 0)
		r = tree_fail(
		    tree, field, -CS_ERR_ENCODING, "is not of whole octets", e);
	else if (v.type == ASN1_ETYPE_BIT_STRING)
		v.len /= 8;
	else if (v.type == ASN1_ETYPE_UTC_TIME ||
		 v.type == ASN1_ETYPE_GENERALIZED_TIME)
		v.len = (int)strlen((const char *)v.p);
	else if (!tree_is_octets(v.type))
		r = tree_fail(tree, field, -CS_ERR_ARGUMENT,
		    "has no octets of its own", e);
	if (r == 0 && buf_add(b, v.p, (size_t)v.len) != 0)
		r = err_set(e, b->err, NULL);
	tree_value_clear(&v);
	return r;
}

int
tree_get_flags(
    const struct tree *tree, const char *field, uint32_t *flags, struct err *e)
{
	struct tree_value v;
	int i, r;

	*flags = 0;
	r = tree_read(tree, field, &v, e);
	if (v.p == NULL)
		return r;
	if (v.type != ASN1_ETYPE_BIT_STRING)
		r = tree_fail(
		    tree, field, -CS_ERR_ARGUMENT, "is no BIT STRING", e);
	else if (v.len > 32)
		r = tree_fail(
		    tree, field, -CS_ERR_TOO_LARGE, "has too many bits", e);
	for (i = 0; r == 0 && i < v.len; i++)
		if ((v.p[i / 8] & (0x80U >> i % 8)) != 0)
			*flags |= (uint32_t)1 << i;
	tree_value_clear(&v);
	return r;
}

int
tree_get_uint(const struct tree *tree, const char *field, uint64_t max,
    uint64_t *out, struct err *e)
{
	uint64_t sum = 0;
	struct tree_value v;
	int i, r;

	*out = 0;
	r = tree_read(tree, field, &v, e);
	if (v.p == NULL)
		return r;
	if (v.type != ASN1_ETYPE_INTEGER && v.type != ASN1_ETYPE_ENUMERATED)
		r = tree_fail(tree, field, -CS_ERR_ARGUMENT, "is no number", e);
	else if (v.len == 0 || v.p[0] >= 0x80)
		r = tree_fail(tree, field, -CS_ERR_ENCODING, "is negative", e);
	for (i = 0; r == 0 && i < v.len; i++) {
		if (sum > max >> 8)
			r = tree_fail(tree, field, -CS_ERR_TOO_LARGE,
			    "is over its limit", e);
		sum = sum << 8 | v.p[i];
	}
	if (r == 0 && sum > max)
		r = tree_fail(
		    tree, field, -CS_ERR_TOO_LARGE, "is over its limit", e);
	if (r == 0)
		*out = sum;
	tree_value_clear(&v);
	return r;
}

/* A value that libtasn1 gives as text, into dst. */
static int
tree_get_text(const struct tree *tree, const char *field, unsigned want,
    char *dst, size_t size, struct err *e)
{
	struct tree_value v;
	int r;

	dst[0] = '\0';
	r = tree_read(tree, field, &v, e);
	if (v.p == NULL)
		return r;
	if (v.type != want)
		r = tree_fail(
		    tree, field, -CS_ERR_ARGUMENT, "is of another type", e);
	else if (strlen((const char *)v.p) >= size)
		r = tree_fail(tree, field, -CS_ERR_TOO_LARGE, "is too long", e);
	else
		memcpy(dst, v.p, strlen((const char *)v.p) + 1);
	tree_value_clear(&v);
	return r;
}

int
tree_get_bool(
    const struct tree *tree, const char *field, bool *value, struct err *e)
{
	char text[8];
	int r;

	r = tree_get_text(
	    tree, field, ASN1_ETYPE_BOOLEAN, text, sizeof(text), e);
	*value = r == 0 && strcmp(text, "TRUE") == 0;
	return r;
}

int
tree_get_oid(const struct tree *tree, const char *field,
    char dst[static OID_TEXT_MAX], struct err *e)
{
	return tree_get_text(
	    tree, field, ASN1_ETYPE_OBJECT_ID, dst, OID_TEXT_MAX, e);
}

int
tree_get_choice(const struct tree *tree, const char *field,
    char dst[static TREE_PATH_MAX], struct err *e)
{
	return tree_get_text(
	    tree, field, ASN1_ETYPE_CHOICE, dst, TREE_PATH_MAX, e);
}

int
tree_encode(
    const struct tree *tree, const char *field, struct buf *b, struct err *e)
{
	char text[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	int len = 0, r;
	uint8_t *room;

	r = asn1_der_coding(tree->node, field, NULL, &len, text);
	if (r != ASN1_MEM_ERROR && r != ASN1_SUCCESS)
		return tree_decode_fail(e, tree->type, r, text);
	room = buf_reserve(b, (size_t)len);
	if (room == NULL)
		return err_set(e, b->err, NULL);
	r = asn1_der_coding(tree->node, field, room, &len, text);
	if (r != ASN1_SUCCESS)
		return tree_decode_fail(e, tree->type, r, text);
	buf_grow_len(b, (size_t)len);
	return 0;
}

int
tree_check(
    enum tree_module module, const char *type, struct bytes der, struct err *e)
{
	struct buf again = {0};
	struct tree *tree;
	int r;

	r = tree_decode(module, type, der, &tree, e);
	if (tree == NULL)
		return r;
	r = tree_encode(tree, "", &again, e);
	if (r == 0 && !bytes_is_equal(buf_get(&again), der))
		r = err_set(e, -CS_ERR_NOT_DER,
		    "%s: encoded again, it is another", type);
	buf_clear(&again);
	tree_free(tree);
	return r;
}
