/* object.c: objects and their attributes (PKCS#11 v2.40, 4, 5.7). */
#include <stdlib.h>
#include <string.h>

#include "client/pkcs11/p11.h"

struct p11_object *
p11_object_new(CK_OBJECT_CLASS class)
{
	struct p11_object *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->class = class;
	p11_object_put_ulong(o, CKA_CLASS, class);
	return o;
}

void
p11_object_free(struct p11_object *o)
{
	if (o == NULL)
		return;
	buf_clear(&o->data);
	free(o);
}

void
p11_objects_clear(struct p11_objects *objects)
{
	size_t i;

	for (i = 0; i < objects->len; i++)
		p11_object_free(objects->items[i]);
	free(objects->items);
	*objects = (struct p11_objects){0};
}

int
p11_objects_add(struct p11_objects *objects, struct p11_object *o)
{
	struct p11_object **grown;
	int r = o != NULL ? o->data.err : -CS_ERR_NO_MEMORY;

	if (r == 0 && objects->len >= P11_OBJECTS_MAX)
		r = -CS_ERR_TOO_LARGE;
	grown = r == 0 ? realloc(objects->items,
			     (objects->len + 1) * sizeof(struct p11_object *))
		       : NULL;
	if (grown == NULL) {
		p11_object_free(o);
		return r != 0 ? r : -CS_ERR_NO_MEMORY;
	}
	objects->items = grown;
	grown[objects->len++] = o;
	return 0;
}

void
p11_object_put(
    struct p11_object *o, CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	if (o->attrs_len >= P11_ATTRS_MAX) {
		o->data.err = -CS_ERR_TOO_LARGE;
		return;
	}
	o->attrs[o->attrs_len++] = (struct p11_attr){type, o->data.len, len};
	buf_add(&o->data, value, len);
}

void
p11_object_put_bool(struct p11_object *o, CK_ATTRIBUTE_TYPE type, bool value)
{
	CK_BBOOL b = value ? CK_TRUE : CK_FALSE;

	p11_object_put(o, type, &b, sizeof(b));
}

void
p11_object_put_ulong(
    struct p11_object *o, CK_ATTRIBUTE_TYPE type, CK_ULONG value)
{
	p11_object_put(o, type, &value, sizeof(value));
}

void
p11_object_put_bytes(
    struct p11_object *o, CK_ATTRIBUTE_TYPE type, struct bytes value)
{
	p11_object_put(o, type, value.p, value.len);
}

bool
p11_object_get(
    const struct p11_object *o, CK_ATTRIBUTE_TYPE type, struct bytes *value)
{
	size_t i;

	*value = BYTES_NONE;
	for (i = 0; i < o->attrs_len; i++)
		if (o->attrs[i].type == type) {
			*value = bytes_of(
			    o->data.data + o->attrs[i].at, o->attrs[i].len);
			return true;
		}
	return false;
}

bool
p11_object_get_bool(const struct p11_object *o, CK_ATTRIBUTE_TYPE type)
{
	struct bytes value;

	return p11_object_get(o, type, &value) && value.len == 1 &&
	       value.p[0] == CK_TRUE;
}

bool
p11_object_is_visible(const struct p11_object *o, const struct p11_session *s)
{
	/* The program is one application: its session objects are there for
	 * all of its sessions with the token (PKCS#11 v2.40, 4.1). */
	if (o->session != NULL)
		return true;
	return !o->is_private || p11_slot_is_open(s->slot);
}

struct p11_object *
p11_object_find(const struct p11_session *s, CK_OBJECT_HANDLE handle)
{
	const struct p11_objects *objects = &s->slot->objects;
	size_t i;

	for (i = 0; i < objects->len; i++)
		if (objects->items[i]->handle == handle)
			return p11_object_is_visible(objects->items[i], s)
				   ? objects->items[i]
				   : NULL;
	return NULL;
}

/* What no key here gives away. */
static bool
is_sensitive(const struct p11_object *o, CK_ATTRIBUTE_TYPE type)
{
	if (o->class != CKO_PRIVATE_KEY)
		return false;
	switch (type) {
	case CKA_VALUE:
	case CKA_PRIVATE_EXPONENT:
	case CKA_PRIME_1:
	case CKA_PRIME_2:
	case CKA_EXPONENT_1:
	case CKA_EXPONENT_2:
	case CKA_COEFFICIENT:
		return true;
	default:
		return false;
	}
}

static CK_RV
get_attribute(const struct p11_object *o, CK_ATTRIBUTE *attr)
{
	struct bytes value;
	CK_RV rv = CKR_OK;

	if (is_sensitive(o, attr->type))
		rv = CKR_ATTRIBUTE_SENSITIVE;
	else if (!p11_object_get(o, attr->type, &value))
		rv = CKR_ATTRIBUTE_TYPE_INVALID;
	else if (attr->pValue != NULL && attr->ulValueLen < value.len)
		rv = CKR_BUFFER_TOO_SMALL;
	if (rv != CKR_OK) {
		attr->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return rv;
	}
	if (attr->pValue != NULL && value.len > 0)
		memcpy(attr->pValue, value.p, value.len);
	attr->ulValueLen = value.len;
	return CKR_OK;
}

/* Enters, and finds session and object; the lock is held on CKR_OK only. */
static CK_RV
enter_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    struct p11_session **s, struct p11_object **o)
{
	CK_RV rv = p11_enter();

	*s = NULL;
	*o = NULL;
	if (rv != CKR_OK)
		return rv;
	*s = p11_session_get(session);
	if (*s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	*o = p11_object_find(*s, object);
	if (*o == NULL)
		return p11_leave(CKR_OBJECT_HANDLE_INVALID);
	return CKR_OK;
}

CK_RV
p11_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_PTR attrs, CK_ULONG n)
{
	struct p11_session *s;
	struct p11_object *o;
	CK_RV rv, one;
	CK_ULONG i;

	if (attrs == NULL && n > 0)
		return CKR_ARGUMENTS_BAD;
	rv = enter_object(session, object, &s, &o);
	if (rv != CKR_OK)
		return rv;
	for (i = 0; i < n; i++) {
		one = get_attribute(o, &attrs[i]);
		if (one != CKR_OK)
			rv = one;
	}
	return p11_leave(rv);
}

CK_RV
p11_get_object_size(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR size)
{
	struct p11_session *s;
	struct p11_object *o;
	CK_RV rv;

	if (size == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = enter_object(session, object, &s, &o);
	if (rv != CKR_OK)
		return rv;
	*size = o->data.len;
	return p11_leave(CKR_OK);
}

/* Only what was derived in a session can go. */
CK_RV
p11_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	struct p11_objects *objects;
	struct p11_session *s;
	struct p11_object *o;
	size_t i;
	CK_RV rv = enter_object(session, object, &s, &o);

	if (rv != CKR_OK)
		return rv;
	if (o->session == NULL)
		return p11_leave(CKR_ACTION_PROHIBITED);
	objects = &s->slot->objects;
	for (i = 0; objects->items[i] != o; i++)
		;
	objects->items[i] = objects->items[--objects->len];
	p11_object_free(o);
	return p11_leave(CKR_OK);
}

static bool
matches(const struct p11_object *o, const CK_ATTRIBUTE *attrs, CK_ULONG n)
{
	struct bytes value;
	CK_ULONG i;

	for (i = 0; i < n; i++)
		if (is_sensitive(o, attrs[i].type) ||
		    !p11_object_get(o, attrs[i].type, &value) ||
		    !bytes_is_equal(
			value, bytes_of(attrs[i].pValue, attrs[i].ulValueLen)))
			return false;
	return true;
}

static CK_RV
find(struct p11_session *s, const CK_ATTRIBUTE *attrs, CK_ULONG n)
{
	const struct p11_objects *objects = &s->slot->objects;
	size_t i;

	s->found = calloc(objects->len + 1, sizeof(*s->found));
	if (s->found == NULL)
		return CKR_HOST_MEMORY;
	s->found_len = s->found_at = 0;
	for (i = 0; i < objects->len; i++)
		if (p11_object_is_visible(objects->items[i], s) &&
		    matches(objects->items[i], attrs, n))
			s->found[s->found_len++] = objects->items[i]->handle;
	s->is_finding = true;
	return CKR_OK;
}

CK_RV
p11_find_objects_init(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR attrs, CK_ULONG n)
{
	struct p11_session *s;
	CK_ULONG i;
	CK_RV rv;

	if (attrs == NULL && n > 0)
		return CKR_ARGUMENTS_BAD;
	for (i = 0; i < n; i++)
		if (attrs[i].pValue == NULL && attrs[i].ulValueLen != 0)
			return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	p11_look_at_objects();
	if (!p11.is_initialized)
		return p11_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if (s->is_finding)
		return p11_leave(CKR_OPERATION_ACTIVE);
	return p11_leave(find(s, attrs, n));
}

CK_RV
p11_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR objects,
    CK_ULONG max, CK_ULONG_PTR n)
{
	struct p11_session *s;
	CK_RV rv;

	if (n == NULL || (objects == NULL && max > 0))
		return CKR_ARGUMENTS_BAD;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if (!s->is_finding)
		return p11_leave(CKR_OPERATION_NOT_INITIALIZED);
	*n = 0;
	while (*n < max && s->found_at < s->found_len)
		objects[(*n)++] = s->found[s->found_at++];
	return p11_leave(CKR_OK);
}

CK_RV
p11_find_objects_final(CK_SESSION_HANDLE session)
{
	struct p11_session *s;
	CK_RV rv = p11_enter();

	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	if (!s->is_finding)
		return p11_leave(CKR_OPERATION_NOT_INITIALIZED);
	free(s->found);
	s->found = NULL;
	s->is_finding = false;
	return p11_leave(CKR_OK);
}
