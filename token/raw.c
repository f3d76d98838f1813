/*
 * RAW: a PKCS#11 mechanism by number. Only those of the table, with a
 * parameter of exactly the form it says: modules read parameters as C
 * structures with pointers in them, so nothing is passed on unseen.
 *
 * Parameter: for PSS and OAEP the AlgorithmIdentifier (RFC 4055) in DER, for
 * CKM_ECDH1_DERIVE the other side's public octets, else empty. Results are as
 * the module gives them (ECDSA: r and s), but RSA ones are filled up to the
 * modulus' length and checked for it.
 */
#include <string.h>

#include "token/use.h"

#define RAW_OUT_MAX (SPKI_RSA_BITS_MAX / 8)

enum raw_param { RAW_NONE, RAW_PSS, RAW_OAEP, RAW_POINT };

struct raw_row {
	enum tok_raw_op op;
	enum slot_mech mech;
	enum raw_param param;
	CK_FLAGS flag;
	bool is_full; /* the result has the modulus' length */
};

static const struct raw_row raw_rows[] = {
    {TOK_RAW_SIGN, SLOT_RSA_PKCS, RAW_NONE, CKF_SIGN, true},
    {TOK_RAW_SIGN, SLOT_RSA_X_509, RAW_NONE, CKF_SIGN, true},
    {TOK_RAW_SIGN, SLOT_RSA_PSS, RAW_PSS, CKF_SIGN, true},
    {TOK_RAW_SIGN, SLOT_ECDSA, RAW_NONE, CKF_SIGN, false},
    {TOK_RAW_SIGN, SLOT_EDDSA, RAW_NONE, CKF_SIGN, false},
    {TOK_RAW_DECRYPT, SLOT_RSA_PKCS, RAW_NONE, CKF_DECRYPT, false},
    {TOK_RAW_DECRYPT, SLOT_RSA_X_509, RAW_NONE, CKF_DECRYPT, true},
    {TOK_RAW_DECRYPT, SLOT_RSA_OAEP, RAW_OAEP, CKF_DECRYPT, false},
    {TOK_RAW_DERIVE, SLOT_ECDH1, RAW_POINT, CKF_DERIVE, false},
};

/* What the mechanism's pParameter points to, while it is used. */
struct raw_call {
	const struct raw_row *row;
	CK_MECHANISM mech;
	CK_RSA_PKCS_PSS_PARAMS pss;
	CK_RSA_PKCS_OAEP_PARAMS oaep;
	struct oaep_params oaep_params;
};

static const struct raw_row *
raw_find(const struct tok_msg *req)
{
	size_t i;

	for (i = 0; i < sizeof(raw_rows) / sizeof(raw_rows[0]); i++)
		if (raw_rows[i].op == req->operation &&
		    slot_mech_type(raw_rows[i].mech) == req->mechanism)
			return &raw_rows[i];
	return NULL;
}

/* Fills the parameter; sets u->code if it has the wrong form. */
static bool
raw_get_param(struct use *u, struct raw_call *call)
{
	struct bytes in = u->req->parameter;
	struct sig_scheme scheme;
	struct alg_id id;
	bool is_good = true;

	switch (call->row->param) {
	case RAW_NONE:
		is_good = in.len == 0;
		break;
	case RAW_POINT:
		is_good = in.len != 0;
		break;
	case RAW_PSS:
		is_good =
		    alg_id_decode(in, &id) == 0 &&
		    sig_scheme_decode(&id, ALG_NONE, &scheme, NULL) == 0 &&
		    scheme.alg == ALG_RSA_PSS &&
		    use_get_pss_param(&scheme, &call->pss);
		call->mech.pParameter = &call->pss;
		call->mech.ulParameterLen = sizeof(call->pss);
		break;
	case RAW_OAEP:
		is_good =
		    alg_id_decode(in, &id) == 0 &&
		    oaep_params_decode(&id, &call->oaep_params, NULL) == 0 &&
		    use_get_oaep_param(&call->oaep_params, &call->oaep);
		call->mech.pParameter = &call->oaep;
		call->mech.ulParameterLen = sizeof(call->oaep);
		break;
	}
	if (!is_good)
		(void)use_refuse(u, -CS_ERR_ARGUMENT,
		    "the parameter of mechanism 0x%lx is not as it must be",
		    u->req->mechanism);
	return is_good;
}

static CK_RV
raw_sign(struct use *u, struct raw_call *call)
{
	static uint8_t out[RAW_OUT_MAX];
	CK_FUNCTION_LIST *f = u->w->module.f;
	size_t full_len = u->key->spki.modulus.len;
	CK_ULONG len = sizeof(out);
	CK_RV rv;

	rv = f->C_SignInit(
	    u->slot->session, &call->mech, u->key->private->handle);
	if (rv == CKR_OK)
		rv = use_context_login(u);
	if (rv == CKR_OK)
		rv = f->C_Sign(u->slot->session, (CK_BYTE *)u->req->input.p,
		    u->req->input.len, out, &len);
	if (rv != CKR_OK)
		return rv;
	if (len > sizeof(out) || (call->row->is_full && len > full_len))
		return CKR_BUFFER_TOO_SMALL;
	for (; call->row->is_full && full_len > len; full_len--)
		buf_add_byte(&u->w->result, 0);
	buf_add(&u->w->result, out, len);
	mem_wipe(out, len);
	return CKR_OK;
}

static CK_RV
raw_secret(struct use *u, struct raw_call *call)
{
	struct secret *out = NULL;
	CK_RV rv;

	rv = call->row->op == TOK_RAW_DERIVE
		 ? use_derive(u, u->req->parameter, &out)
		 : use_decrypt(u, &call->mech, !call->row->is_full,
		       u->req->input, &out);
	if (rv == CKR_OK)
		buf_add_bytes(&u->w->result, secret_get_bytes(out));
	secret_free(out);
	return rv;
}

static CK_RV
raw_op(struct use *u)
{
	struct raw_call call = {.row = raw_find(u->req)};
	bool is_rsa = u->key->spki.modulus.len != 0;
	CK_RV rv;

	if (call.row == NULL)
		return use_refuse(u, -CS_ERR_MECHANISM,
		    "mechanism 0x%lx is not offered for this",
		    u->req->mechanism);
	call.mech.mechanism = u->req->mechanism;
	if (is_rsa != (call.row->mech <= SLOT_RSA_OAEP))
		return CKR_KEY_TYPE_INCONSISTENT;
	if (!slot_has_mech(
		&u->w->slots, u->slot, call.row->mech, call.row->flag))
		return CKR_MECHANISM_INVALID;
	if (!raw_get_param(u, &call) || !use_has_context_pin(u))
		return CKR_FUNCTION_FAILED;
	buf_reset(&u->w->result);
	rv = call.row->op == TOK_RAW_SIGN ? raw_sign(u, &call)
					  : raw_secret(u, &call);
	return rv == CKR_OK && u->w->result.err != 0 ? CKR_HOST_MEMORY : rv;
}

int
worker_raw(struct worker *w, const struct tok_msg *req, struct tok_msg *answer,
    struct err *e)
{
	int r = use_key(w, req, answer, raw_op, e);

	if (r == 0)
		answer->output = buf_get(&w->result);
	return r;
}
