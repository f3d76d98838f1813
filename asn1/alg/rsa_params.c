#include "asn1/alg/padding.h"
#include "asn1/alg/rsa.h"

/* The digest of an element that must be one AlgorithmIdentifier. */
static int
rsa_params_digest(struct bytes raw, enum alg *digest, struct err *e)
{
	char text[OID_TEXT_MAX];
	struct alg_id id;
	int r = alg_id_decode(raw, &id);

	if (r != 0)
		return err_set(e, r, "RSA parameters: %s", err_text(r));
	*digest = alg_id_get_digest(&id);
	if (*digest == ALG_NONE)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "RSA parameters: the digest %s is not supported",
		    alg_id_describe(text, sizeof(text), &id));
	return 0;
}

static int
rsa_params_mgf(struct bytes raw, enum alg *mgf_digest, struct err *e)
{
	char text[OID_TEXT_MAX];
	struct alg_id id;
	int r = alg_id_decode(raw, &id);

	if (r != 0)
		return err_set(e, r, "RSA parameters: %s", err_text(r));
	if (id.known != OID_MGF1)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "RSA parameters: the mask generation function %s is not "
		    "supported",
		    alg_id_describe(text, sizeof(text), &id));
	return rsa_params_digest(id.params, mgf_digest, e);
}

int
rsa_params_get(
    struct der *d, enum alg *digest, enum alg *mgf_digest, struct err *e)
{
	struct bytes raw;
	int r = 0;

	*digest = *mgf_digest = ALG_SHA1; /* the DEFAULTs */
	if (der_get_opt(d, DER_CONTEXT_C(0), &raw))
		r = rsa_params_digest(raw, digest, e);
	if (r == 0 && der_get_opt(d, DER_CONTEXT_C(1), &raw))
		r = rsa_params_mgf(raw, mgf_digest, e);
	return r;
}

/* With NULL, which RFC 4055 2.1 wants here. */
static void
rsa_params_put_digest(struct buf *b, enum alg digest)
{
	der_put_alg_params(b, digest, BYTES_LIT("\x05\x00"));
}

void
der_put_rsa_params(struct buf *b, enum alg digest, enum alg mgf_digest)
{
	size_t mark, inner;

	if (digest != ALG_SHA1) {
		mark = der_open(b, DER_CONTEXT_C(0));
		rsa_params_put_digest(b, digest);
		der_close(b, mark);
	}
	if (mgf_digest != ALG_SHA1) {
		mark = der_open(b, DER_CONTEXT_C(1));
		inner = der_open(b, DER_SEQUENCE);
		der_put_oid(b, OID_MGF1);
		rsa_params_put_digest(b, mgf_digest);
		der_close(b, inner);
		der_close(b, mark);
	}
}

/* An INTEGER in [n] EXPLICIT, or the default. */
static uint64_t
rsa_params_uint(struct der *d, int tag, uint64_t value)
{
	struct der in;

	if (!der_enter_opt(d, tag, &in))
		return value;
	value = der_get_uint(&in, UINT32_MAX);
	if (der_end(&in) != 0)
		der_fail(d, der_check(&in));
	return value;
}

int
pss_params_decode(struct bytes params, struct pss_params *out, struct err *e)
{
	uint64_t salt_len, trailer;
	struct der d, in;
	int r;

	*out = (struct pss_params){0};
	der_init(&d, params);
	in = der_enter(&d, DER_SEQUENCE);
	r = rsa_params_get(&in, &out->digest, &out->mgf_digest, e);
	if (r != 0)
		return r;
	salt_len = rsa_params_uint(&in, DER_CONTEXT_C(2), 20);
	trailer = rsa_params_uint(&in, DER_CONTEXT_C(3), 1);
	if (der_end(&in) != 0)
		return der_err(&in, e, "RSASSA-PSS parameters");
	if (der_end(&d) != 0)
		return der_err(&d, e, "RSASSA-PSS parameters");
	if (salt_len > PSS_SALT_MAX)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "RSASSA-PSS parameters: a salt over %d octets",
		    PSS_SALT_MAX);
	if (trailer != 1)
		return err_set(e, -CS_ERR_UNSUPPORTED,
		    "RSASSA-PSS parameters: an unknown trailer field");
	out->salt_len = (unsigned)salt_len;
	return 0;
}

void
der_put_pss_params(struct buf *b, const struct pss_params *params)
{
	size_t outer = der_open(b, DER_SEQUENCE), mark;

	der_put_rsa_params(b, params->digest, params->mgf_digest);
	if (params->salt_len != 20) {
		mark = der_open(b, DER_CONTEXT_C(2));
		der_put_uint(b, DER_INTEGER, params->salt_len);
		der_close(b, mark);
	}
	der_close(b, outer);
}

/* [2] pSource: pSpecified with the label, by default an empty one. */
static int
oaep_params_label(struct der *d, struct bytes *label)
{
	struct alg_id id;
	struct der in;

	*label = BYTES_NONE;
	if (!der_enter_opt(d, DER_CONTEXT_C(2), &in))
		return 0;
	der_get_alg_id(&in, &id);
	if (der_end(&in) != 0)
		return der_check(&in);
	if (id.known != OID_PSPECIFIED)
		return -CS_ERR_UNSUPPORTED;
	der_init_in(&in, d, id.params);
	*label = der_get(&in, DER_OCTET_STRING);
	return der_end(&in);
}

static int
oaep_params_parse(struct bytes raw, struct oaep_params *params, struct err *e)
{
	struct der d, in;
	int r;

	der_init(&d, raw);
	in = der_enter(&d, DER_SEQUENCE);
	r = rsa_params_get(&in, &params->digest, &params->mgf_digest, e);
	if (r != 0)
		return r;
	r = oaep_params_label(&in, &params->label);
	if (r != 0)
		return err_set(e, r, "RSAES-OAEP parameters: %s", err_text(r));
	if (der_end(&in) != 0)
		return der_err(&in, e, "RSAES-OAEP parameters");
	if (der_end(&d) != 0)
		return der_err(&d, e, "RSAES-OAEP parameters");
	if (alg_get(params->digest)->strength == ALG_BROKEN ||
	    alg_get(params->mgf_digest)->strength == ALG_BROKEN)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "RSAES-OAEP parameters: the digest is broken");
	return 0;
}

int
oaep_params_decode(
    const struct alg_id *id, struct oaep_params *params, struct err *e)
{
	int r;

	*params = (struct oaep_params){0};
	if (id->known != OID_RSA_OAEP)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the key transport is not RSAES-OAEP");
	r = oaep_params_parse(id->params, params, e);
	if (r != 0)
		*params = (struct oaep_params){0};
	return r;
}

void
oaep_params_choose(const struct spki *key, struct oaep_params *params)
{
	if (key->alg == ALG_RSA_OAEP_KEY && key->alg_id.params.len != 0 &&
	    oaep_params_decode(&key->alg_id, params, NULL) == 0)
		return;
	*params = (struct oaep_params){
	    .digest = ALG_SHA256, .mgf_digest = ALG_SHA256};
}

void
der_put_oaep_params(struct buf *b, const struct oaep_params *params)
{
	size_t outer = der_open(b, DER_SEQUENCE), mark, source, inner;

	der_put_oid(b, OID_RSA_OAEP);
	mark = der_open(b, DER_SEQUENCE);
	der_put_rsa_params(b, params->digest, params->mgf_digest);
	if (params->label.len != 0) {
		source = der_open(b, DER_CONTEXT_C(2));
		inner = der_open(b, DER_SEQUENCE);
		der_put_oid(b, OID_PSPECIFIED);
		der_put(b, DER_OCTET_STRING, params->label);
		der_close(b, inner);
		der_close(b, source);
	}
	der_close(b, mark);
	der_close(b, outer);
}
