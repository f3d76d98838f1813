/*
 * derive.c: ECDH (PKCS#11 v2.40, 5.13) through the agent's raw verb, whose
 * policy decides who may; and what can be done with the secret that comes of
 * it, here in the process, which has it anyway.
 */
#include <string.h>

#include "asn1/alg/keywrap.h"
#include "client/pkcs11/op.h"

/* What C_DeriveKey's mechanism asks for. Borrows from the caller. */
struct agreement {
	struct bytes point; /* the other side's */
	enum alg digest;    /* of the X9.63 KDF; ALG_NONE: no KDF */
	struct bytes shared;
};

/* CKD_NULL, CKD_SHA1_KDF, ... (5.9.2 and PKCS#11 3.0, 2.3.10) */
static bool
get_kdf(CK_ULONG kdf, enum alg *digest)
{
	static const enum alg digests[] = {[CKD_NULL] = ALG_NONE,
	    [CKD_SHA1_KDF] = ALG_SHA1,
	    [CKD_SHA224_KDF] = ALG_SHA224,
	    [CKD_SHA256_KDF] = ALG_SHA256,
	    [CKD_SHA384_KDF] = ALG_SHA384,
	    [CKD_SHA512_KDF] = ALG_SHA512};

	*digest = kdf < sizeof(digests) / sizeof(digests[0]) ? digests[kdf]
							     : ALG_NONE;
	return *digest != ALG_NONE || kdf == CKD_NULL;
}

/* The point is raw, or inside an OCTET STRING, as both occur. A raw one begins
 * with that tag too, so that the length tells. */
static CK_RV
get_point(const struct p11_op *op, struct bytes *point)
{
	struct bytes inner;
	struct spki spki;
	struct der d;

	if (op_get_spki(op, &spki) != 0)
		return CKR_KEY_HANDLE_INVALID;
	if (point->len == spki.point.len)
		return CKR_OK;
	der_init(&d, *point);
	inner = der_get(&d, DER_OCTET_STRING);
	if (der_end(&d) != 0 || inner.len != spki.point.len)
		return CKR_MECHANISM_PARAM_INVALID;
	*point = inner;
	return CKR_OK;
}

static CK_RV
get_agreement(const struct p11_op *op, const CK_MECHANISM *mechanism,
    struct agreement *out)
{
	CK_ECDH1_DERIVE_PARAMS params;

	if (mechanism->pParameter == NULL ||
	    mechanism->ulParameterLen != sizeof(params))
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&params, mechanism->pParameter, sizeof(params));
	if (!get_kdf(params.kdf, &out->digest) || params.pPublicData == NULL ||
	    params.ulPublicDataLen > P11_DATA_MAX ||
	    (params.pSharedData == NULL && params.ulSharedDataLen != 0) ||
	    (params.kdf == CKD_NULL && params.ulSharedDataLen != 0) ||
	    params.ulSharedDataLen > P11_DATA_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	out->shared = bytes_of(params.pSharedData, params.ulSharedDataLen);
	out->point = bytes_of(params.pPublicData, params.ulPublicDataLen);
	return get_point(op, &out->point);
}

static bool
template_ulong(
    const CK_ATTRIBUTE *attrs, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *v)
{
	CK_ULONG i;

	for (i = 0; i < n; i++)
		if (attrs[i].type == type && attrs[i].pValue != NULL &&
		    attrs[i].ulValueLen == sizeof(*v)) {
			memcpy(v, attrs[i].pValue, sizeof(*v));
			return true;
		}
	return false;
}

/* What the key is made of: the secret without its leading octets that are
 * too many (2.3.4), and what the template says. It is visible to all sessions
 * and goes with this one. */
static CK_RV
add_secret(struct p11_session *s, struct bytes secret,
    const CK_ATTRIBUTE *attrs, CK_ULONG n, CK_OBJECT_HANDLE_PTR key)
{
	CK_ULONG len = secret.len, type = CKK_GENERIC_SECRET, class;
	struct p11_object *o;

	if (template_ulong(attrs, n, CKA_CLASS, &class) &&
	    class != CKO_SECRET_KEY)
		return CKR_TEMPLATE_INCONSISTENT;
	(void)template_ulong(attrs, n, CKA_KEY_TYPE, &type);
	if (template_ulong(attrs, n, CKA_VALUE_LEN, &len) &&
	    (len == 0 || len > secret.len))
		return CKR_TEMPLATE_INCONSISTENT;
	o = p11_object_new(CKO_SECRET_KEY);
	if (o == NULL)
		return CKR_HOST_MEMORY;
	o->session = s;
	o->handle = ++p11.next_handle;
	memcpy(o->identity, &o->handle, sizeof(o->handle));
	p11_object_put_bool(o, CKA_TOKEN, false);
	p11_object_put_bool(o, CKA_PRIVATE, false);
	p11_object_put_bool(o, CKA_SENSITIVE, false);
	p11_object_put_bool(o, CKA_EXTRACTABLE, true);
	p11_object_put_ulong(o, CKA_KEY_TYPE, type);
	p11_object_put_ulong(o, CKA_VALUE_LEN, len);
	p11_object_put(o, CKA_VALUE, secret.p + (secret.len - len), len);
	*key = o->handle;
	return p11_objects_add(&s->slot->objects, o) == 0 ? CKR_OK
							  : CKR_HOST_MEMORY;
}

/* The KDF makes as many octets as the template wants, of all of the agent's. */
static CK_RV
add_derived(struct p11_session *s, const struct agreement *a,
    struct bytes agreed, const CK_ATTRIBUTE *attrs, CK_ULONG n,
    CK_OBJECT_HANDLE_PTR key)
{
	struct secret *shared, *made;
	CK_ULONG len;
	CK_RV rv = CKR_HOST_MEMORY;

	if (a->digest == ALG_NONE)
		return add_secret(s, agreed, attrs, n, key);
	if (!template_ulong(attrs, n, CKA_VALUE_LEN, &len))
		return CKR_TEMPLATE_INCOMPLETE;
	if (len == 0 || len > SECRET_LEN_MAX)
		return CKR_TEMPLATE_INCONSISTENT;
	shared = secret_new_from(agreed.p, agreed.len);
	made =
	    shared == NULL ? NULL : kdf_x963(a->digest, shared, a->shared, len);
	if (made != NULL)
		rv = add_secret(s, secret_get_bytes(made), attrs, n, key);
	secret_free(shared);
	secret_free(made);
	return rv;
}

CK_RV
p11_derive_key(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE base, CK_ATTRIBUTE_PTR attrs, CK_ULONG n,
    CK_OBJECT_HANDLE_PTR key)
{
	struct agt_msg request = {.type = AGT_RAW,
	    .operation = TOK_RAW_DERIVE,
	    .mechanism = CKM_ECDH1_DERIVE};
	const struct p11_mechanism *m;
	struct agreement agreement = {.digest = ALG_NONE};
	struct buf secret = {0};
	struct p11_session *s;
	CK_RV rv;

	if (key == NULL || (attrs == NULL && n > 0))
		return CKR_ARGUMENTS_BAD;
	rv = op_begin(session, mechanism, base, CKF_DERIVE, CKA_DERIVE, &s, &m);
	if (rv != CKR_OK)
		return rv;
	/* The cofactor of the curves there are is 1. */
	rv = get_agreement(&s->op, mechanism, &agreement);
	request.parameter = agreement.point;
	if (rv == CKR_OK)
		rv = op_ask(&s, &request, &secret);
	if (rv == CKR_OK)
		rv =
		    add_derived(s, &agreement, buf_get(&secret), attrs, n, key);
	buf_clear(&secret);
	return op_leave(s, rv, false);
}

/* The octets of an AES key that was derived or unwrapped here before. */
static CK_RV
get_unwrapping_key(
    const struct p11_session *s, CK_OBJECT_HANDLE handle, struct bytes *value)
{
	const struct p11_object *o = p11_object_find(s, handle);
	const CK_KEY_TYPE aes = CKK_AES;
	struct bytes type;

	if (o == NULL || o->session == NULL ||
	    !p11_object_get(o, CKA_VALUE, value))
		return CKR_UNWRAPPING_KEY_HANDLE_INVALID;
	if (!p11_object_get(o, CKA_KEY_TYPE, &type) ||
	    !bytes_is_equal(type, bytes_of(&aes, sizeof(aes))))
		return CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	return CKR_OK;
}

static CK_RV
unwrap(struct p11_session *s, CK_OBJECT_HANDLE unwrapping, struct bytes wrapped,
    const CK_ATTRIBUTE *attrs, CK_ULONG n, CK_OBJECT_HANDLE_PTR key)
{
	struct secret *kek, *made = NULL;
	struct bytes value;
	CK_ULONG len;
	CK_RV rv = get_unwrapping_key(s, unwrapping, &value);

	if (rv != CKR_OK)
		return rv;
	kek = secret_new_from(value.p, value.len);
	if (kek == NULL)
		return CKR_HOST_MEMORY;
	made = aes_unwrap(kek, wrapped);
	secret_free(kek);
	if (made == NULL)
		return CKR_WRAPPED_KEY_INVALID;
	if (template_ulong(attrs, n, CKA_VALUE_LEN, &len) &&
	    len != secret_get_len(made))
		rv = CKR_TEMPLATE_INCONSISTENT;
	else
		rv = add_secret(s, secret_get_bytes(made), attrs, n, key);
	secret_free(made);
	return rv;
}

/*
 * Only by AES key wrap (RFC 3394, with its own initial value), and only with
 * what came of C_DeriveKey: NSS does so with a message to a key on a curve. No
 * token has such a key, so that C_GetMechanismList does not have it.
 */
CK_RV
p11_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE unwrapping, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
    CK_ATTRIBUTE_PTR attrs, CK_ULONG n, CK_OBJECT_HANDLE_PTR key)
{
	struct p11_session *s;
	CK_RV rv;

	if (mechanism == NULL || wrapped == NULL || key == NULL ||
	    (attrs == NULL && n > 0))
		return CKR_ARGUMENTS_BAD;
	if (mechanism->mechanism != CKM_AES_KEY_WRAP)
		return CKR_MECHANISM_INVALID;
	if (mechanism->ulParameterLen != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (wrapped_len > P11_DATA_MAX)
		return CKR_WRAPPED_KEY_LEN_RANGE;
	rv = p11_enter();
	if (rv != CKR_OK)
		return rv;
	s = p11_session_get(session);
	if (s == NULL)
		return p11_leave(CKR_SESSION_HANDLE_INVALID);
	rv = unwrap(
	    s, unwrapping, bytes_of(wrapped, wrapped_len), attrs, n, key);
	return p11_leave(rv);
}
