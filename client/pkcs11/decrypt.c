/*
 * decrypt.c: RSA decryption and ECDH (PKCS#11 v2.40, 5.9, 5.13), both through
 * the agent's raw verb: its policy decides who may.
 */
#include <string.h>

#include "asn1/alg/padding.h"
#include "client/pkcs11/op.h"

static CK_RV
put_oaep(const CK_MECHANISM *mechanism, struct buf *out)
{
	CK_RSA_PKCS_OAEP_PARAMS in;
	struct oaep_params params;

	if (mechanism->pParameter == NULL ||
	    mechanism->ulParameterLen != sizeof(in))
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&in, mechanism->pParameter, sizeof(in));
	params = (struct oaep_params){
	    .digest = p11_hash_alg(in.hashAlg),
	    .mgf_digest = p11_mgf_alg(in.mgf),
	    .label = bytes_of(in.pSourceData, in.ulSourceDataLen),
	};
	if (params.digest == ALG_NONE || params.mgf_digest == ALG_NONE ||
	    (in.source != CKZ_DATA_SPECIFIED && in.ulSourceDataLen != 0) ||
	    (in.pSourceData == NULL && in.ulSourceDataLen != 0) ||
	    in.ulSourceDataLen > P11_DATA_MAX)
		return CKR_MECHANISM_PARAM_INVALID;
	der_put_oaep_params(out, &params);
	return out->err == 0 ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV
p11_decrypt_init(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	const struct p11_mechanism *m;
	struct p11_session *s;
	CK_RV rv =
	    op_begin(session, mechanism, key, CKF_DECRYPT, CKA_DECRYPT, &s, &m);

	if (rv != CKR_OK)
		return rv;
	buf_init(&s->op.data, P11_DATA_MAX);
	if (m->has_parameter)
		rv = put_oaep(mechanism, &s->op.parameter);
	if (rv == CKR_OK)
		s->op.kind = P11_DECRYPT;
	return op_leave(s, rv, true);
}

/* Decrypts op->data once; the result stays until there is room for it. */
static CK_RV
finish(struct p11_session *s, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct agt_msg request = {
	    .type = AGT_RAW, .operation = TOK_RAW_DECRYPT};
	struct buf result = {0};
	struct spki spki;
	CK_RV rv = CKR_OK;

	if (out == NULL && !s->op.has_result) {
		/* At most so much. */
		if (op_get_spki(&s->op, &spki) != 0)
			return op_leave(s, CKR_KEY_HANDLE_INVALID, false);
		*out_len = spki.modulus.len;
		return op_leave(s, CKR_OK, true);
	}
	if (!s->op.has_result) {
		request.mechanism = s->op.mechanism;
		request.parameter = buf_get(&s->op.parameter);
		request.input = buf_get(&s->op.data);
		rv = op_ask(&s, &request, &result);
	}
	if (rv == CKR_OK && !s->op.has_result) {
		s->op.has_result = true;
		if (buf_add_bytes(&s->op.result, buf_get(&result)) != 0)
			rv = CKR_HOST_MEMORY;
	}
	buf_clear(&result);
	if (rv == CKR_OK)
		rv = op_give(buf_get(&s->op.result), out, out_len);
	return op_leave(s, rv, out == NULL);
}

static CK_RV
add(struct p11_op *op, struct bytes part)
{
	switch (buf_add_bytes(&op->data, part)) {
	case 0:
		return CKR_OK;
	case -CS_ERR_TOO_LARGE:
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	default:
		return CKR_HOST_MEMORY;
	}
}

CK_RV
p11_decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct p11_session *s;
	CK_RV rv;

	if (out_len == NULL || (in == NULL && in_len > 0))
		return CKR_ARGUMENTS_BAD;
	rv = op_continue(session, P11_DECRYPT, &s);
	if (rv != CKR_OK)
		return rv;
	if (s->op.is_multi)
		return p11_leave(CKR_OPERATION_ACTIVE);
	/* The same data comes again when only the length was asked for. */
	buf_reset(&s->op.data);
	rv = add(&s->op, bytes_of(in, in_len));
	if (rv != CKR_OK)
		return op_leave(s, rv, false);
	return finish(s, out, out_len);
}

CK_RV
p11_decrypt_update(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct p11_session *s;
	CK_RV rv;

	if (out_len == NULL || (in == NULL && in_len > 0))
		return CKR_ARGUMENTS_BAD;
	rv = op_continue(session, P11_DECRYPT, &s);
	if (rv != CKR_OK)
		return rv;
	*out_len = 0;
	/* Where only the length is asked for, the part comes again. */
	if (out == NULL)
		return op_leave(s, CKR_OK, true);
	s->op.is_multi = true;
	return op_leave(s, add(&s->op, bytes_of(in, in_len)), true);
}

CK_RV
p11_decrypt_final(
    CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct p11_session *s;
	CK_RV rv;

	if (out_len == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = op_continue(session, P11_DECRYPT, &s);
	if (rv != CKR_OK)
		return rv;
	return finish(s, out, out_len);
}

/* The other side's point: raw, or inside an OCTET STRING, as both occur. A raw
 * one begins with that tag too, so that the length tells. */
static CK_RV
get_point(
    const struct p11_op *op, const CK_MECHANISM *mechanism, struct bytes *point)
{
	CK_ECDH1_DERIVE_PARAMS params;
	struct bytes inner;
	struct spki spki;
	struct der d;

	if (mechanism->pParameter == NULL ||
	    mechanism->ulParameterLen != sizeof(params))
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&params, mechanism->pParameter, sizeof(params));
	if (params.kdf != CKD_NULL || params.pPublicData == NULL ||
	    params.ulPublicDataLen > P11_DATA_MAX ||
	    params.ulSharedDataLen != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (op_get_spki(op, &spki) != 0)
		return CKR_KEY_HANDLE_INVALID;
	*point = bytes_of(params.pPublicData, params.ulPublicDataLen);
	if (point->len == spki.point.len)
		return CKR_OK;
	der_init(&d, *point);
	inner = der_get(&d, DER_OCTET_STRING);
	if (der_end(&d) != 0 || inner.len != spki.point.len)
		return CKR_MECHANISM_PARAM_INVALID;
	*point = inner;
	return CKR_OK;
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
 * too many (2.3.4), and what the template says. */
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

CK_RV
p11_derive_key(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE base, CK_ATTRIBUTE_PTR attrs, CK_ULONG n,
    CK_OBJECT_HANDLE_PTR key)
{
	struct agt_msg request = {.type = AGT_RAW,
	    .operation = TOK_RAW_DERIVE,
	    .mechanism = CKM_ECDH1_DERIVE};
	const struct p11_mechanism *m;
	struct buf secret = {0};
	struct p11_session *s;
	CK_RV rv;

	if (key == NULL || (attrs == NULL && n > 0))
		return CKR_ARGUMENTS_BAD;
	rv = op_begin(session, mechanism, base, CKF_DERIVE, CKA_DERIVE, &s, &m);
	if (rv != CKR_OK)
		return rv;
	/* The cofactor of the curves there are is 1. */
	rv = get_point(&s->op, mechanism, &request.parameter);
	if (rv == CKR_OK)
		rv = op_ask(&s, &request, &secret);
	if (rv == CKR_OK)
		rv = add_secret(s, buf_get(&secret), attrs, n, key);
	buf_clear(&secret);
	return op_leave(s, rv, false);
}
