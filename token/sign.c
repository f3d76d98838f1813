/*
 * SIGN: a digest (for EdDSA the message) to a signature in the form that CMS
 * wants. There are several ways to one signature, tried in order: what the
 * token pads itself, else padded here and made with the raw mechanism.
 */
#include <string.h>

#include "token/use.h"

#define SIGN_OUT_MAX (SPKI_RSA_BITS_MAX / 8)

enum sign_family { SIGN_PKCS1, SIGN_PSS, SIGN_ECDSA, SIGN_EDDSA };

struct sign_way {
	enum sign_family family;
	enum slot_mech mech;
	/* Appends what goes to C_Sign; sets *param for the mechanism if it
	 * has one. */
	int (*prepare)(const struct key *key, const struct sig_scheme *scheme,
	    struct bytes input, struct buf *data,
	    CK_RSA_PKCS_PSS_PARAMS *param);
	bool has_param;
};

static int
sign_digest_info(const struct key *key, const struct sig_scheme *scheme,
    struct bytes input, struct buf *data, CK_RSA_PKCS_PSS_PARAMS *param)
{
	(void)key, (void)param;
	return pkcs1_digest_info(data, scheme->digest, input);
}

static int
sign_padded_pkcs1(const struct key *key, const struct sig_scheme *scheme,
    struct bytes input, struct buf *data, CK_RSA_PKCS_PSS_PARAMS *param)
{
	struct buf info = {0};
	int r = pkcs1_digest_info(&info, scheme->digest, input);

	(void)param;
	if (r == 0)
		r = pkcs1_pad_sign(data, buf_get(&info), key->spki.modulus.len);
	buf_clear(&info);
	return r;
}

static int
sign_pss_param(const struct key *key, const struct sig_scheme *scheme,
    struct bytes input, struct buf *data, CK_RSA_PKCS_PSS_PARAMS *param)
{
	(void)key;
	if (!use_get_pss_param(scheme, param))
		return -CS_ERR_MECHANISM;
	return buf_add_bytes(data, input);
}

static int
sign_padded_pss(const struct key *key, const struct sig_scheme *scheme,
    struct bytes input, struct buf *data, CK_RSA_PKCS_PSS_PARAMS *param)
{
	(void)param;
	return pss_encode(data, scheme->digest, scheme->mgf_digest,
	    scheme->salt_len, input, key->spki.bits);
}

/* Octets of the order of the curve; of its field as well. */
static size_t
sign_field_len(const struct key *key)
{
	return (key->spki.bits + 7) / 8;
}

/* FIPS 186-4 6.4: the leftmost bits of a digest longer than the order. Some
 * modules cut by themselves, some refuse. */
static int
sign_cut_digest(const struct key *key, const struct sig_scheme *scheme,
    struct bytes input, struct buf *data, CK_RSA_PKCS_PSS_PARAMS *param)
{
	(void)scheme, (void)param;
	if (input.len > sign_field_len(key))
		input.len = sign_field_len(key);
	return buf_add_bytes(data, input);
}

static int
sign_message(const struct key *key, const struct sig_scheme *scheme,
    struct bytes input, struct buf *data, CK_RSA_PKCS_PSS_PARAMS *param)
{
	(void)key, (void)scheme, (void)param;
	return buf_add_bytes(data, input);
}

static const struct sign_way sign_ways[] = {
    {SIGN_PKCS1, SLOT_RSA_PKCS, sign_digest_info, false},
    {SIGN_PKCS1, SLOT_RSA_X_509, sign_padded_pkcs1, false},
    {SIGN_PSS, SLOT_RSA_PSS, sign_pss_param, true},
    {SIGN_PSS, SLOT_RSA_X_509, sign_padded_pss, false},
    {SIGN_ECDSA, SLOT_ECDSA, sign_cut_digest, false},
    {SIGN_EDDSA, SLOT_EDDSA, sign_message, false},
};
#define SIGN_WAYS (sizeof(sign_ways) / sizeof(sign_ways[0]))

static enum sign_family
sign_family(const struct sig_scheme *scheme)
{
	if (sig_scheme_is_pure(scheme))
		return SIGN_EDDSA;
	if (scheme->public_key == ALG_EC)
		return SIGN_ECDSA;
	return scheme->alg == ALG_RSA_PSS ? SIGN_PSS : SIGN_PKCS1;
}

/* Does the key make such signatures at all? */
static bool
sign_fits(const struct key *key, const struct sig_scheme *scheme)
{
	if (alg_get(scheme->alg)->strength == ALG_BROKEN)
		return false;
	return key->spki.alg == scheme->public_key ||
	       (key->spki.alg == ALG_RSA_PSS_KEY && scheme->alg == ALG_RSA_PSS);
}

/* The scheme of the request: the one of last time, or decoded. */
static bool
sign_get_scheme(struct use *u, struct sig_scheme *scheme)
{
	const struct key_sign_plan *plan = &u->key->plan;
	struct alg_id id;
	int r;

	if (plan->algorithm_len != 0 &&
	    bytes_is_equal(u->req->algorithm,
		bytes_of(plan->algorithm, plan->algorithm_len))) {
		*scheme = plan->scheme;
		return true;
	}
	r = alg_id_decode(u->req->algorithm, &id);
	if (r == 0)
		r = sig_scheme_decode(&id, ALG_NONE, scheme, u->e);
	else
		err_set(u->e, r, "the signature algorithm: %s", err_text(r));
	if (r == 0 && !sign_fits(u->key, scheme))
		r = err_set(u->e, -CS_ERR_ALGORITHM,
		    "the key does not make %s signatures",
		    alg_name(scheme->alg));
	u->code = r;
	return r == 0;
}

static bool
sign_check_input(struct use *u, const struct sig_scheme *scheme)
{
	if (scheme->digest == ALG_NONE ||
	    u->req->input.len == alg_get(scheme->digest)->output_len)
		return true;
	u->code = err_set(u->e, -CS_ERR_ARGUMENT,
	    "a %s digest has %u octets, not %zu", alg_name(scheme->digest),
	    alg_get(scheme->digest)->output_len, u->req->input.len);
	return false;
}

/* The raw signature to the form that CMS wants; its length is checked. */
static bool
sign_put_result(
    struct use *u, const struct sig_scheme *scheme, struct bytes raw)
{
	struct buf *out = &u->w->result;
	size_t len = u->key->spki.modulus.len;
	bool is_good = false;

	switch (sign_family(scheme)) {
	case SIGN_PKCS1:
	case SIGN_PSS:
		/* Some modules leave out leading zeroes. */
		is_good = raw.len > 0 && raw.len <= len;
		while (is_good && len-- > raw.len)
			buf_add_byte(out, 0);
		break;
	case SIGN_ECDSA:
		is_good = raw.len > 0 && raw.len % 2 == 0 &&
			  raw.len <= 2 * sign_field_len(u->key);
		if (is_good)
			return sig_ecdsa_to_der(raw, out) == 0;
		break;
	case SIGN_EDDSA:
		is_good = raw.len == (scheme->alg == ALG_ED25519 ? 64 : 114);
		break;
	}
	if (is_good)
		buf_add_bytes(out, raw);
	return is_good && out->err == 0;
}

/* One way: C_SignInit, the context login if the key wants it, and C_Sign,
 * with nothing between. */
static CK_RV
sign_by(struct use *u, const struct sig_scheme *scheme,
    const struct sign_way *way, struct buf *data)
{
	static uint8_t raw[SIGN_OUT_MAX];
	CK_FUNCTION_LIST *f = u->w->module.f;
	CK_RSA_PKCS_PSS_PARAMS param;
	CK_MECHANISM mech = {slot_mech_type(way->mech), NULL, 0};
	CK_ULONG len = sizeof(raw);
	CK_RV rv;

	if (way->prepare(u->key, scheme, u->req->input, data, &param) != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (way->has_param) {
		mech.pParameter = &param;
		mech.ulParameterLen = sizeof(param);
	}
	rv = f->C_SignInit(u->slot->session, &mech, u->key->private->handle);
	if (rv == CKR_OK)
		rv = use_context_login(u);
	if (rv == CKR_OK)
		rv = f->C_Sign(
		    u->slot->session, data->data, data->len, raw, &len);
	if (rv != CKR_OK)
		return rv;
	if (len > sizeof(raw) ||
	    !sign_put_result(u, scheme, bytes_of(raw, len)))
		return use_refuse(u, -CS_ERR_DEVICE,
		    "the module gave a signature of %lu octets, which cannot "
		    "be one",
		    len);
	return CKR_OK;
}

static void
sign_keep_plan(struct use *u, const struct sig_scheme *scheme, size_t way)
{
	struct key_sign_plan *plan = &u->key->plan;

	plan->way = way;
	plan->scheme = *scheme;
	plan->algorithm_len = 0;
	if (u->req->algorithm.len > sizeof(plan->algorithm))
		return;
	memcpy(plan->algorithm, u->req->algorithm.p, u->req->algorithm.len);
	plan->algorithm_len = u->req->algorithm.len;
}

/* All ways that fit, from the one that worked last time on. */
static CK_RV
sign_try(struct use *u, const struct sig_scheme *scheme, struct buf *data)
{
	size_t way =
	    u->key->plan.algorithm_len != 0 ? u->key->plan.way : SIGN_WAYS;
	CK_RV rv = CKR_MECHANISM_INVALID;

	if (way >= SIGN_WAYS || sign_ways[way].family != sign_family(scheme))
		way = 0;
	for (; way < SIGN_WAYS; way++) {
		if (sign_ways[way].family != sign_family(scheme) ||
		    !slot_has_mech(
			&u->w->slots, u->slot, sign_ways[way].mech, CKF_SIGN))
			continue;
		buf_reset(data);
		rv = sign_by(u, scheme, &sign_ways[way], data);
		if (rv == CKR_OK)
			sign_keep_plan(u, scheme, way);
		if (rv == CKR_OK || u->code != 0 || u->has_sent_pin ||
		    !ckr_is_mechanism(rv))
			return rv;
	}
	u->key->plan.algorithm_len = 0;
	if (u->code == 0)
		(void)use_fail(u, rv, CKR_OP_ANY, alg_name(scheme->alg));
	return rv;
}

static CK_RV
sign_op(struct use *u)
{
	struct sig_scheme scheme;
	struct buf data = {0};
	CK_RV rv;

	if (!sign_get_scheme(u, &scheme) || !sign_check_input(u, &scheme) ||
	    !use_has_context_pin(u))
		return CKR_FUNCTION_FAILED;
	buf_reset(&u->w->result);
	rv = sign_try(u, &scheme, &data);
	buf_clear(&data);
	return rv;
}

int
worker_sign(struct worker *w, const struct tok_msg *req, struct tok_msg *answer,
    struct err *e)
{
	int r = use_key(w, req, answer, sign_op, e);

	if (r == 0)
		answer->output = buf_get(&w->result);
	return r;
}
