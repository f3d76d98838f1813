#include "token/object.h"

#include <string.h>

#include "token/proto.h"
#include "token/x509.h"

#define OBJECT_NUMBER_MAX (SPKI_RSA_BITS_MAX / 8 + 1)
#define OBJECT_PARAMS_MAX 128
#define OBJECT_POINT_MAX 160
#define OBJECT_BATCH 32

struct object_reader {
	const struct module *m;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE handle;
};

/*
 * One attribute into room; empty when the object has none, or one that is too
 * long. Each is asked for by itself: some modules give up at the first one
 * that they do not know.
 */
static struct bytes
object_attr(const struct object_reader *r, CK_ATTRIBUTE_TYPE type,
    uint8_t *room, size_t room_len)
{
	CK_ATTRIBUTE attr = {type, room, room_len};
	CK_RV rv =
	    r->m->f->C_GetAttributeValue(r->session, r->handle, &attr, 1);

	if (rv != CKR_OK || attr.ulValueLen > room_len)
		return BYTES_NONE;
	return bytes_of(room, attr.ulValueLen);
}

static bool
object_attr_ulong(
    const struct object_reader *r, CK_ATTRIBUTE_TYPE type, CK_ULONG *value)
{
	uint8_t room[sizeof(*value)];
	struct bytes got = object_attr(r, type, room, sizeof(room));

	if (got.len != sizeof(*value))
		return false;
	memcpy(value, got.p, sizeof(*value));
	return true;
}

/* A CK_BBOOL as the flag, if true. */
static unsigned
object_attr_flag(
    const struct object_reader *r, CK_ATTRIBUTE_TYPE type, unsigned flag)
{
	uint8_t room[sizeof(CK_BBOOL)];
	struct bytes got = object_attr(r, type, room, sizeof(room));

	return got.len == sizeof(CK_BBOOL) && got.p[0] != CK_FALSE ? flag : 0;
}

static bool
object_read_cert(const struct object_reader *r, struct object *obj)
{
	static uint8_t room[X509_LEN_MAX];
	CK_ULONG type;

	/* Cards of old leave the type out. */
	if (object_attr_ulong(r, CKA_CERTIFICATE_TYPE, &type) &&
	    type != CKC_X_509)
		return false;
	return object_set_cert(
	    obj, object_attr(r, CKA_VALUE, room, sizeof(room)));
}

static bool
object_read_rsa(const struct object_reader *r, struct object *obj)
{
	uint8_t modulus[OBJECT_NUMBER_MAX], exponent[64];

	obj->type = ALG_RSA;
	return object_set_rsa(obj,
	    object_attr(r, CKA_MODULUS, modulus, sizeof(modulus)),
	    object_attr(r, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)));
}

static bool
object_read_ec(
    const struct object_reader *r, struct object *obj, CK_KEY_TYPE type)
{
	uint8_t params[OBJECT_PARAMS_MAX], point[OBJECT_POINT_MAX];

	return object_set_ec(obj, type,
	    object_attr(r, CKA_EC_PARAMS, params, sizeof(params)),
	    object_attr(r, CKA_EC_POINT, point, sizeof(point)));
}

/* v2.40 has it on both halves of a key pair; often it is empty. */
static bool
object_read_spki(const struct object_reader *r, struct object *obj)
{
	uint8_t room[OBJECT_NUMBER_MAX + 128];
	struct bytes spki =
	    object_attr(r, CKA_PUBLIC_KEY_INFO, room, sizeof(room));

	return spki.len != 0 && object_set_spki(obj, spki);
}

static bool
object_read_key(const struct object_reader *r, struct object *obj)
{
	bool is_private = obj->class == OBJECT_PRIVATE;
	CK_KEY_TYPE type;

	if (!object_attr_ulong(r, CKA_KEY_TYPE, &type))
		return false;
	if (type == CKK_RSA)
		(void)object_read_rsa(r, obj);
	else if (type == CKK_EC || type == CKK_EC_EDWARDS ||
		 type == OBJECT_KEY_MONTGOMERY)
		(void)object_read_ec(r, obj, type);
	else
		return false;
	if (obj->spki.raw.len == 0)
		(void)object_read_spki(r, obj);
	if (is_private)
		obj->flags = object_attr_flag(r, CKA_SIGN, TOK_KEY_SIGN) |
			     object_attr_flag(r, CKA_DECRYPT, TOK_KEY_DECRYPT);
	else
		obj->flags = object_attr_flag(r, CKA_VERIFY, TOK_KEY_SIGN) |
			     object_attr_flag(r, CKA_ENCRYPT, TOK_KEY_DECRYPT);
	obj->flags |= object_attr_flag(r, CKA_DERIVE, TOK_KEY_DERIVE);
	obj->flags &= object_type_flags(obj->type);
	if (is_private)
		obj->flags |= object_attr_flag(
		    r, CKA_ALWAYS_AUTHENTICATE, TOK_KEY_ALWAYS_AUTHENTICATE);
	/* A private key may be matched by its CKA_ID alone. */
	return is_private ? obj->type != ALG_NONE : obj->spki.raw.len != 0;
}

static void
object_read_one(
    const struct object_reader *r, struct objects *o, enum object_class class)
{
	uint8_t room[OBJECT_LABEL_MAX];
	struct object *obj = object_add(o, class);
	bool is_good;

	if (obj == NULL)
		return;
	obj->handle = r->handle;
	is_good = class == OBJECT_CERT ? object_read_cert(r, obj)
				       : object_read_key(r, obj);
	if (!is_good) {
		object_drop_last(o);
		return;
	}
	buf_add_bytes(&obj->id, object_attr(r, CKA_ID, room, OBJECT_ID_MAX));
	buf_add_bytes(
	    &obj->label, object_attr(r, CKA_LABEL, room, sizeof(room)));
}

/* Gives the handles of one class: up to max. */
static CK_RV
object_find(const struct module *m, CK_SESSION_HANDLE session,
    CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *handles, size_t max, size_t *n)
{
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_ULONG got, want;
	CK_RV rv, final;

	*n = 0;
	rv = m->f->C_FindObjectsInit(session, &template, 1);
	if (rv != CKR_OK)
		return rv;
	while (*n < max) {
		want = max - *n < OBJECT_BATCH ? max - *n : OBJECT_BATCH;
		got = 0;
		rv = m->f->C_FindObjects(session, handles + *n, want, &got);
		if (rv != CKR_OK || got == 0 || got > want)
			break;
		*n += got;
	}
	final = m->f->C_FindObjectsFinal(session);
	return rv != CKR_OK ? rv : final;
}

CK_RV
object_read_all(
    const struct module *m, CK_SESSION_HANDLE session, struct objects *o)
{
	static const struct {
		enum object_class class;
		CK_OBJECT_CLASS value;
	} classes[] = {
	    {OBJECT_PUBLIC, CKO_PUBLIC_KEY},
	    {OBJECT_CERT, CKO_CERTIFICATE},
	    {OBJECT_PRIVATE, CKO_PRIVATE_KEY},
	};
	static CK_OBJECT_HANDLE handles[OBJECT_CLASS_MAX];
	struct object_reader r = {.m = m, .session = session};
	size_t c, i, n;
	CK_RV rv;

	*o = (struct objects){0};
	for (c = 0; c < sizeof(classes) / sizeof(classes[0]); c++) {
		rv = object_find(m, session, classes[c].value, handles,
		    OBJECT_CLASS_MAX, &n);
		if (rv != CKR_OK) {
			objects_clear(o);
			return rv;
		}
		for (i = 0; i < n; i++) {
			r.handle = handles[i];
			object_read_one(&r, o, classes[c].class);
		}
	}
	return CKR_OK;
}
