/*
 * decrypt.c: RSA decryption (PKCS#11 v2.40, 5.9) through the agent's raw verb:
 * its policy decides who may.
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
