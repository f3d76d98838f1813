#include "asn1/ess_label.h"

#include <string.h>

static const struct ess_label no_label;

/* X.680 41.4 */
static bool
is_printable_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != 0 && strchr(" '()+,-./:=?", c));
}

static bool
is_printable_string(struct bytes s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!is_printable_char(s.p[i]))
			return false;
	return s.len != 0 && s.len <= ESS_MARK_PRINTABLE_MAX;
}

static void
get_mark(struct der *d, int tag, struct ess_label *label)
{
	if (tag == DER_UTF8_STRING) {
		label->mark = der_get_utf8(d, tag, ESS_MARK_MAX);
	} else {
		label->mark = der_get(d, tag);
		if (label->mark.len > ESS_MARK_PRINTABLE_MAX)
			der_fail(d, -CS_ERR_TOO_LARGE);
		else if (!is_printable_string(label->mark))
			der_fail(d, -CS_ERR_ENCODING);
	}
	if (der_check(d) == 0 && label->mark.len == 0)
		der_fail(d, -CS_ERR_ENCODING);
}

/* type [0] IMPLICIT, value [1] EXPLICIT: ANY has no implicit tag. */
bool
ess_category_next(struct der *list, struct ess_category *category)
{
	struct bytes type, value;
	struct der in, oid;
	int tag;

	*category = (struct ess_category){0};
	if (!der_has_more(list))
		return false;
	in = der_enter(list, DER_SEQUENCE);
	type = der_get(&in, DER_CONTEXT(0));
	oid = der_enter(&in, DER_CONTEXT_C(1));
	value = der_get_any(&oid, &tag);
	der_leave(&in, &oid);
	der_leave(list, &in);
	if (der_check(list) != 0)
		return false;
	*category = (struct ess_category){type, value};
	return true;
}

/* The octets of an OID without its own tag: whole arcs. */
static bool
is_oid_content(struct bytes content)
{
	uint8_t octets[DER_OID_MAX + 2];
	struct der d;

	if (content.len == 0 || content.len > DER_OID_MAX)
		return false;
	octets[0] = DER_OID;
	octets[1] = (uint8_t)content.len;
	memcpy(octets + 2, content.p, content.len);
	der_init(&d, bytes_of(octets, content.len + 2));
	(void)der_get_oid(&d);
	return der_end(&d) == 0;
}

static void
get_categories(struct der *d, struct ess_label *label)
{
	struct ess_category category;
	size_t count = 0;
	struct der list;

	label->categories = der_get(d, DER_SET);
	der_init_in(&list, d, label->categories);
	while (ess_category_next(&list, &category)) {
		if (!is_oid_content(category.type))
			der_fail(&list, -CS_ERR_ENCODING);
		else if (++count > ESS_CATEGORIES_MAX)
			der_fail(&list, -CS_ERR_TOO_LARGE);
	}
	if (der_end(&list) != 0)
		der_fail(d, list.err);
	else if (der_check(d) == 0 && count == 0)
		der_fail(d, -CS_ERR_ENCODING);
}

/* The elements of the SET, each of which may be there once. */
enum {
	HAS_POLICY = 1,
	HAS_CLASSIFICATION = 2,
	HAS_MARK = 4,
	HAS_CATEGORIES = 8,
};

static unsigned
get_element(struct der *d, struct ess_label *label)
{
	int tag = der_peek(d);

	switch (tag) {
	case DER_OID:
		label->policy = der_get_oid(d);
		return HAS_POLICY;
	case DER_INTEGER:
		label->classification =
		    (int)der_get_uint(d, ESS_CLASSIFICATION_MAX);
		return HAS_CLASSIFICATION;
	case DER_UTF8_STRING:
	case DER_PRINTABLE_STRING:
		get_mark(d, tag, label);
		return HAS_MARK;
	case DER_SET:
		get_categories(d, label);
		return HAS_CATEGORIES;
	default:
		der_fail(d, -CS_ERR_ENCODING);
		return 0;
	}
}

bool
ess_label_next(struct der *labels, struct ess_label *label)
{
	struct ess_label got = {.classification = ESS_CLASSIFICATION_NONE};
	unsigned has = 0, one;
	struct der in;

	*label = no_label;
	if (!der_has_more(labels))
		return false;
	in = der_enter(labels, DER_SET);
	while (der_has_more(&in)) {
		one = get_element(&in, &got);
		if ((has & one) != 0)
			der_fail(&in, -CS_ERR_ENCODING);
		has |= one;
	}
	if (der_check(&in) == 0 && (has & HAS_POLICY) == 0)
		der_fail(&in, -CS_ERR_ENCODING);
	der_leave(labels, &in);
	if (der_check(labels) != 0)
		return false;
	*label = got;
	return true;
}

int
ess_label_decode(struct bytes value, struct ess_label *label)
{
	struct der d;

	der_init(&d, value);
	if (!ess_label_next(&d, label))
		der_fail(&d, -CS_ERR_TRUNCATED);
	if (der_end(&d) != 0)
		*label = no_label;
	return d.err;
}

/* --- equivalent labels --- */

static bool
is_among(const struct bytes *policies, size_t len, struct bytes policy)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes_is_equal(policies[i], policy))
			return true;
	return false;
}

int
ess_equivalents_decode(
    struct bytes value, struct bytes own, struct bytes *labels)
{
	struct bytes policies[ESS_EQUIVALENTS_MAX];
	struct ess_label label;
	struct der d, in;
	size_t n = 0;

	der_init(&d, value);
	*labels = der_get(&d, DER_SEQUENCE);
	der_init_in(&in, &d, *labels);
	while (ess_label_next(&in, &label)) {
		if (n == ESS_EQUIVALENTS_MAX)
			der_fail(&in, -CS_ERR_TOO_LARGE);
		else if (bytes_is_equal(label.policy, own) ||
			 is_among(policies, n, label.policy))
			der_fail(&in, -CS_ERR_ENCODING);
		else
			policies[n++] = label.policy;
	}
	if (der_end(&in) != 0)
		der_fail(&d, in.err);
	else if (der_check(&d) == 0 && n == 0)
		der_fail(&d, -CS_ERR_ENCODING);
	if (der_end(&d) != 0)
		*labels = BYTES_NONE;
	return d.err;
}

/* --- written --- */

void
der_put_category(struct buf *b, const struct ess_category *category)
{
	size_t mark = der_open(b, DER_SEQUENCE), value;

	der_put(b, DER_CONTEXT(0), category->type);
	value = der_open(b, DER_CONTEXT_C(1));
	der_put_raw(b, category->value);
	der_close(b, value);
	der_close(b, mark);
}

/* DER puts a SET's elements into the order of their tags. */
void
der_put_label(struct buf *b, const struct ess_label *label)
{
	bool is_printable = is_printable_string(label->mark);
	size_t mark = der_open(b, DER_SET), set;

	if (label->classification != ESS_CLASSIFICATION_NONE)
		der_put_uint(b, DER_INTEGER, (uint64_t)label->classification);
	der_put(b, DER_OID, label->policy);
	if (label->mark.len != 0 && !is_printable)
		der_put(b, DER_UTF8_STRING, label->mark);
	if (label->categories.len != 0) {
		set = der_open(b, DER_SET);
		der_put_raw(b, label->categories);
		(void)!der_close_set_of(b, set);
	}
	if (is_printable)
		der_put(b, DER_PRINTABLE_STRING, label->mark);
	der_close(b, mark);
}
