/*
 * sign.c: signatures (PKCS#11 v2.40, 5.11). A mechanism that hashes does so
 * here; the agent is given the digest. A DigestInfo under CKM_RSA_PKCS and a
 * digest under CKM_ECDSA are the agent's ordinary sign; anything else under
 * these is its raw verb, which the agent's policy has to allow.
 */
#include <string.h>

#include "asn1/alg/padding.h"
#include "client/pkcs11/op.h"

/* The scheme of a mechanism that says all; ALG_NONE where data tells more. */
static enum alg
signature_alg(CK_KEY_TYPE key, enum alg digest)
{
	enum alg alg;

	for (alg = ALG_NONE + 1; alg < ALG_COUNT; alg++) {
		const struct alg_row *row = alg_get(alg);

		if (row->kind == ALG_KIND_SIGNATURE && row->digest == digest &&
		    row->public_key == (key == CKK_RSA ? ALG_RSA : ALG_EC))
			return alg;
	}
	return ALG_NONE;
}

static CK_RV
get_pss(
    const CK_MECHANISM *mechanism, enum alg digest, struct sig_scheme *scheme)
{
	CK_RSA_PKCS_PSS_PARAMS params;

	if (mechanism->pParameter == NULL ||
	    mechanism->ulParameterLen != sizeof(params))
		return CKR_MECHANISM_PARAM_INVALID;
	memcpy(&params, mechanism->pParameter, sizeof(params));
	*scheme = (struct sig_scheme){
	    .alg = ALG_RSA_PSS,
	    .public_key = ALG_RSA,
	    .digest = p11_hash_alg(params.hashAlg),
	    .mgf_digest = p11_mgf_alg(params.mgf),
	    .salt_len = (unsigned)params.sLen,
	};
	if (scheme->digest == ALG_NONE || scheme->mgf_digest == ALG_NONE ||
	    params.sLen > 512 ||
	    (digest != ALG_NONE && digest != scheme->digest))
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}

static CK_RV
init(struct p11_op *op, const CK_MECHANISM *mechanism,
    const struct p11_mechanism *m)
{
	struct spki spki;
	CK_RV rv = CKR_OK;

	if (op_get_spki(op, &spki) != 0)
		return CKR_KEY_HANDLE_INVALID;
	buf_init(&op->data, P11_DATA_MAX);
	if (m->has_parameter)
		rv = get_pss(mechanism, m->digest, &op->scheme);
	else if (m->type == CKM_EDDSA)
		op->scheme = (struct sig_scheme){
		    .alg = spki.alg == ALG_ED448_KEY ? ALG_ED448 : ALG_ED25519,
		    .public_key = spki.alg,
		};
	else if (m->digest != ALG_NONE)
		op->scheme = (struct sig_scheme){
		    .alg = signature_alg(m->key, m->digest),
		    .public_key = spki.alg,
		    .digest = m->digest,
		};
	if (rv == CKR_OK && m->digest != ALG_NONE) {
		op->digest = digest_new(m->digest);
		if (op->digest == NULL)
			rv = CKR_HOST_MEMORY;
	}
	if (rv == CKR_OK)
		op->kind = P11_SIGN;
	return rv;
}

CK_RV
p11_sign_init(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	const struct p11_mechanism *m;
	struct p11_session *s;
	CK_RV rv =
	    op_begin(session, mechanism, key, CKF_SIGN, CKA_SIGN, &s, &m);

	if (rv != CKR_OK)
		return rv;
	return op_leave(s, init(&s->op, mechanism, m), true);
}

/* Sets scheme and input where the data tells them; else it stays raw. */
static void
read_data(struct p11_op *op, struct bytes *input)
{
	enum alg digest = ALG_NONE;
	bool is_rsa = op->mechanism == CKM_RSA_PKCS;

	if (is_rsa && pkcs1_digest_info_decode(*input, &digest, input) != 0)
		return;
	if (!is_rsa)
		digest = alg_find_sha(input->len);
	if (digest == ALG_NONE)
		return;
	op->scheme = (struct sig_scheme){
	    .alg = signature_alg(is_rsa ? CKK_RSA : CKK_EC, digest),
	    .public_key = is_rsa ? ALG_RSA : ALG_EC,
	    .digest = digest,
	};
}

static size_t
field_len(const struct spki *spki)
{
	return (spki->bits + 7) / 8;
}

/* The whole signature into op->result; *s as op_ask leaves it. */
static CK_RV
make(struct p11_session **s, struct bytes input)
{
	struct p11_op *op = &(*s)->op;
	struct agt_msg request = {.type = AGT_SIGN};
	struct buf algorithm = {0}, out = {0};
	struct spki spki;
	bool is_raw;
	CK_RV rv;

	if (op->digest != NULL)
		input = digest_get(op->digest, op->scheme.digest);
	else if (op->scheme.alg == ALG_NONE)
		read_data(op, &input);
	is_raw = op->scheme.alg == ALG_NONE;
	if (op->scheme.alg == ALG_RSA_PSS &&
	    input.len != alg_get(op->scheme.digest)->output_len)
		return CKR_DATA_LEN_RANGE;
	if (is_raw) {
		request.type = AGT_RAW;
		request.operation = TOK_RAW_SIGN;
		request.mechanism = op->mechanism;
	} else {
		der_put_sig_scheme(&algorithm, &op->scheme);
		request.algorithm = buf_get(&algorithm);
	}
	request.input = input;
	rv = op_ask(s, &request, &out);
	if (rv == CKR_OK && !is_raw && op_get_spki(op, &spki) == 0 &&
	    spki.alg == ALG_EC) {
		if (sig_ecdsa_from_der(
			buf_get(&out), field_len(&spki), &op->result) != 0)
			rv = CKR_DEVICE_ERROR;
	} else if (rv == CKR_OK) {
		if (buf_add_bytes(&op->result, buf_get(&out)) != 0)
			rv = CKR_HOST_MEMORY;
	}
	if (rv == CKR_OK)
		op->has_result = true;
	buf_clear(&algorithm);
	buf_clear(&out);
	return rv;
}

/* What a signature will have. */
static CK_ULONG
signature_len(const struct p11_op *op)
{
	struct spki spki;

	if (op_get_spki(op, &spki) != 0)
		return 0;
	if (spki.alg == ALG_EC)
		return 2 * field_len(&spki);
	return spki_signature_len_max(&spki);
}

/* Room for it? CKR_OK with out NULL tells the length only. */
static CK_RV
check_room(const struct p11_op *op, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	CK_ULONG want = signature_len(op), room = *out_len;

	if (out == NULL || room < want)
		*out_len = want;
	return out != NULL && room < want ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

static CK_RV
add(struct p11_op *op, struct bytes part)
{
	if (op->digest != NULL) {
		digest_write(op->digest, part);
		return CKR_OK;
	}
	switch (buf_add_bytes(&op->data, part)) {
	case 0:
		return CKR_OK;
	case -CS_ERR_TOO_LARGE:
		return CKR_DATA_LEN_RANGE;
	default:
		return CKR_HOST_MEMORY;
	}
}

/* Makes it if that was not done before, and gives it. */
static CK_RV
finish(struct p11_session *s, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	CK_RV rv = check_room(&s->op, out, out_len);

	if (rv != CKR_OK || out == NULL)
		return op_leave(s, rv, true);
	rv = make(&s, buf_get(&s->op.data));
	if (rv == CKR_OK)
		rv = op_give(buf_get(&s->op.result), out, out_len);
	return op_leave(s, rv, false);
}

CK_RV
p11_sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG len,
    CK_BYTE_PTR signature, CK_ULONG_PTR signature_len)
{
	struct p11_session *s;
	CK_RV rv;

	if (signature_len == NULL || (data == NULL && len > 0))
		return CKR_ARGUMENTS_BAD;
	rv = op_continue(session, P11_SIGN, &s);
	if (rv != CKR_OK)
		return rv;
	if (s->op.is_multi)
		return p11_leave(CKR_OPERATION_ACTIVE);
	rv = check_room(&s->op, signature, signature_len);
	if (rv != CKR_OK || signature == NULL)
		return op_leave(s, rv, true);
	rv = add(&s->op, bytes_of(data, len));
	if (rv != CKR_OK)
		return op_leave(s, rv, false);
	return finish(s, signature, signature_len);
}

CK_RV
p11_sign_update(CK_SESSION_HANDLE session, CK_BYTE_PTR part, CK_ULONG len)
{
	struct p11_session *s;
	CK_RV rv;

	if (part == NULL && len > 0)
		return CKR_ARGUMENTS_BAD;
	rv = op_continue(session, P11_SIGN, &s);
	if (rv != CKR_OK)
		return rv;
	s->op.is_multi = true;
	return op_leave(s, add(&s->op, bytes_of(part, len)), true);
}

CK_RV
p11_sign_final(CK_SESSION_HANDLE session, CK_BYTE_PTR signature,
    CK_ULONG_PTR signature_len)
{
	struct p11_session *s;
	CK_RV rv;

	if (signature_len == NULL)
		return CKR_ARGUMENTS_BAD;
	rv = op_continue(session, P11_SIGN, &s);
	if (rv != CKR_OK)
		return rv;
	return finish(s, signature, signature_len);
}
