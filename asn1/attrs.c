#include "asn1/attrs.h"

#include "asn1/say.h"
#include "asn1/time.h"

#include <stdlib.h>

bool
attrs_next(struct der *d, struct attr *attr)
{
	struct der in, values;
	int tag;

	*attr = (struct attr){0};
	if (!der_has_more(d))
		return false;
	in = der_enter(d, DER_SEQUENCE);
	attr->type = der_get_known_oid(&in, &attr->type_raw);
	attr->values = der_get(&in, DER_SET);
	der_leave(d, &in);
	der_init_in(&values, d, attr->values);
	while (der_has_more(&values)) {
		struct bytes value = der_get_any(&values, &tag);

		if (attr->values_count++ == 0)
			attr->first = value;
		if (attr->values_count > ATTR_VALUES_MAX)
			der_fail(&values, -CS_ERR_TOO_LARGE);
	}
	if (der_leave(d, &values) == 0)
		return true;
	*attr = (struct attr){0};
	return false;
}

/* Anything wrong in a set has one code; the text tells what. */
static int
attrs_fail(const struct der *d, struct err *e)
{
	return err_set_at(e, -CS_ERR_ATTRIBUTES, d->err_offset,
	    "the attributes are broken: %s", err_text(d->err));
}

static int
attr_fail(struct err *e, enum oid type, const char *what)
{
	return err_set(e, -CS_ERR_ATTRIBUTES, "the attribute %s %s",
	    oid_name(type), say(what));
}

static int
attrs_compare_type(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;

	return bytes_compare(*x, *y);
}

int
attrs_check(struct bytes attrs, struct err *e)
{
	struct bytes types[ATTRS_MAX];
	char text[OID_TEXT_MAX];
	struct attr attr;
	struct der d;
	size_t count = 0, i;

	der_init(&d, attrs);
	while (attrs_next(&d, &attr)) {
		if (count == ATTRS_MAX)
			return err_set(e, -CS_ERR_ATTRIBUTES,
			    "there are more than %d attributes", ATTRS_MAX);
		types[count++] = attr.type_raw;
	}
	if (der_end(&d) != 0)
		return attrs_fail(&d, e);
	qsort(types, count, sizeof(types[0]), attrs_compare_type);
	for (i = 1; i < count; i++)
		if (bytes_is_equal(types[i - 1], types[i]))
			return err_set(e, -CS_ERR_ATTRIBUTES,
			    "the attribute %s is there twice",
			    oid_describe(text, sizeof(text), types[i]));
	return 0;
}

int
attrs_find(struct bytes attrs, enum oid type, struct attr *found_attr,
    bool *found, struct err *e)
{
	struct attr attr;
	struct der d;
	size_t count = 0;

	*found_attr = (struct attr){0};
	*found = false;
	der_init(&d, attrs);
	while (attrs_next(&d, &attr)) {
		if (attr.type != type)
			continue;
		if (count++ == 0)
			*found_attr = attr;
	}
	if (der_end(&d) == 0 && count <= 1) {
		*found = count == 1;
		return 0;
	}
	*found_attr = (struct attr){0};
	if (der_check(&d) != 0)
		return attrs_fail(&d, e);
	return attr_fail(e, type, "is there more than once");
}

int
attrs_get_single(
    struct bytes attrs, enum oid type, struct bytes *value, struct err *e)
{
	struct attr attr;
	bool found;
	int r;

	*value = BYTES_NONE;
	r = attrs_find(attrs, type, &attr, &found, e);
	if (r != 0 || !found)
		return r;
	if (attr.values_count != 1)
		return attr_fail(e, type,
		    attr.values_count == 0 ? "has no value"
					   : N_("has more than one value"));
	*value = attr.first;
	return 0;
}

/* As attrs_get_single for one that must be there; a cursor on its value. */
static int
attrs_get_required(
    struct bytes attrs, enum oid type, struct der *d, struct err *e)
{
	struct bytes value;
	int r;

	r = attrs_get_single(attrs, type, &value, e);
	der_init(d, value);
	if (r == 0 && value.len == 0)
		r = attr_fail(e, type, "is missing");
	return r;
}

int
attrs_get_content_type(struct bytes attrs, struct bytes *type, struct err *e)
{
	struct der d;
	int r;

	*type = BYTES_NONE;
	r = attrs_get_required(attrs, OID_CONTENT_TYPE, &d, e);
	if (r != 0)
		return r;
	*type = der_get_oid(&d);
	if (der_end(&d) == 0)
		return 0;
	*type = BYTES_NONE;
	return attr_fail(e, OID_CONTENT_TYPE, "is no object identifier");
}

int
attrs_get_message_digest(
    struct bytes attrs, struct bytes *digest, struct err *e)
{
	struct der d;
	int r;

	*digest = BYTES_NONE;
	r = attrs_get_required(attrs, OID_MESSAGE_DIGEST, &d, e);
	if (r != 0)
		return r;
	*digest = der_get(&d, DER_OCTET_STRING);
	if (der_end(&d) == 0)
		return 0;
	*digest = BYTES_NONE;
	return attr_fail(e, OID_MESSAGE_DIGEST, "is no octet string");
}

int
attrs_get_signing_time(struct bytes attrs, bool *has, int64_t *t, struct err *e)
{
	struct bytes value;
	struct der d;
	int r;

	*has = false;
	*t = 0;
	r = attrs_get_single(attrs, OID_SIGNING_TIME, &value, e);
	if (r != 0 || value.len == 0)
		return r;
	der_init(&d, value);
	*t = der_get_time(&d);
	if (der_end(&d) != 0) {
		*t = 0;
		return attr_fail(e, OID_SIGNING_TIME, "is no time");
	}
	*has = true;
	return 0;
}

int
attrs_put_set_of(struct buf *b, struct bytes attrs)
{
	size_t mark = der_open(b, DER_SET);
	int r;

	buf_add_bytes(b, attrs);
	r = der_close_set_of(b, mark);
	return r == -CS_ERR_NO_MEMORY || r == 0 ? r : -CS_ERR_ATTRIBUTES;
}
