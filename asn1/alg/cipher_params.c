#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/random.h"

/* The tag's length that an absent aes-ICVlen stands for (RFC 5084 3.2). */
#define GCM_TAG_DEFAULT 12
#define AEAD_TAG_MIN 12

bool
cipher_is_aead(enum alg alg)
{
	return alg_get(alg)->kind == ALG_KIND_AEAD;
}

size_t
cipher_key_len(enum alg alg)
{
	const struct alg_row *row = alg_get(alg);

	if (row->kind != ALG_KIND_CIPHER && row->kind != ALG_KIND_AEAD)
		return 0;
	return row->key_len;
}

size_t
cipher_params_key_len(const struct cipher_params *params)
{
	if (params->alg == ALG_RC2_CBC)
		return params->rc2_bits / 8;
	return cipher_key_len(params->alg);
}

size_t
content_key_len(const struct alg_id *id)
{
	enum alg mac = alg_find_oid(id->known, ALG_KIND_MAC);
	enum alg alg = alg_find_oid(id->known, ALG_KIND_CIPHER);
	struct cipher_params params;

	if (alg == ALG_NONE)
		alg = alg_find_oid(id->known, ALG_KIND_AEAD);
	if (cipher_key_len(alg) != 0)
		return cipher_key_len(alg);
	if (mac != ALG_NONE && alg_id_is_plain(id))
		return alg_get(mac)->output_len;
	if (cipher_params_decode(id, &params, NULL) != 0)
		return 0;
	return cipher_params_key_len(&params);
}

/* rc2ParameterVersion for each number of effective key bits (RFC 3370 5.2) */
static unsigned
cipher_rc2_bits(uint64_t version)
{
	switch (version) {
	case 160:
		return 40;
	case 120:
		return 64;
	case 58:
		return 128;
	default:
		return 0;
	}
}

static bool
cipher_is_gcm(enum alg alg)
{
	return alg == ALG_AES128_GCM || alg == ALG_AES192_GCM ||
	       alg == ALG_AES256_GCM;
}

bool
cipher_params_is_valid(const struct cipher_params *params)
{
	const struct alg_row *row = alg_get(params->alg);

	if (cipher_params_key_len(params) == 0)
		return false;
	if (row->kind == ALG_KIND_CIPHER)
		return params->iv_len == row->iv_len && params->tag_len == 0;
	if (!cipher_is_gcm(params->alg))
		return params->iv_len == row->iv_len &&
		       params->tag_len == row->tag_len;
	return params->iv_len >= row->iv_len &&
	       params->iv_len <= CIPHER_IV_MAX &&
	       params->tag_len >= AEAD_TAG_MIN &&
	       params->tag_len <= row->tag_len;
}

static int
cipher_params_parse(
    struct bytes raw, struct cipher_params *params, struct bytes *iv)
{
	const struct alg_row *row = alg_get(params->alg);
	struct der d, in;

	der_init(&d, raw);
	if (params->alg == ALG_RC2_CBC) {
		in = der_enter(&d, DER_SEQUENCE);
		params->rc2_bits =
		    cipher_rc2_bits(der_get_uint(&in, UINT16_MAX));
		*iv = der_get(&in, DER_OCTET_STRING);
		return der_end(&in) != 0 ? der_check(&in) : der_end(&d);
	}
	if (!cipher_is_gcm(params->alg)) {
		*iv = der_get(&d, DER_OCTET_STRING);
		params->tag_len = row->tag_len;
		return der_end(&d);
	}
	in = der_enter(&d, DER_SEQUENCE);
	*iv = der_get(&in, DER_OCTET_STRING);
	params->tag_len = GCM_TAG_DEFAULT;
	if (der_has_more(&in))
		params->tag_len = (size_t)der_get_uint(&in, UINT8_MAX);
	return der_end(&in) != 0 ? der_check(&in) : der_end(&d);
}

int
cipher_params_decode(
    const struct alg_id *id, struct cipher_params *params, struct err *e)
{
	char text[OID_TEXT_MAX];
	struct bytes iv;

	*params = (struct cipher_params){0};
	params->alg = alg_find_oid(id->known, ALG_KIND_CIPHER);
	if (params->alg == ALG_NONE)
		params->alg = alg_find_oid(id->known, ALG_KIND_AEAD);
	if (params->alg == ALG_NONE) {
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the content encryption %s is not supported",
		    alg_id_describe(text, sizeof(text), id));
	}
	if (cipher_params_parse(id->params, params, &iv) == 0 &&
	    iv.len <= CIPHER_IV_MAX) {
		params->iv_len = iv.len;
		if (iv.len != 0)
			memcpy(params->iv, iv.p, iv.len);
		if (cipher_params_is_valid(params))
			return 0;
	}
	err_set(e, -CS_ERR_ENCODING,
	    "the content encryption %s has wrong parameters",
	    alg_name(params->alg));
	*params = (struct cipher_params){0};
	return -CS_ERR_ENCODING;
}

int
cipher_params_new(enum alg alg, struct cipher_params *params)
{
	const struct alg_row *row = alg_get(alg);

	*params = (struct cipher_params){0};
	if (cipher_key_len(alg) == 0)
		return -CS_ERR_ALGORITHM;
	params->alg = alg;
	params->iv_len = row->iv_len;
	params->tag_len = row->tag_len;
	random_fill(params->iv, params->iv_len);
	return 0;
}

void
der_put_cipher_params(struct buf *b, const struct cipher_params *params)
{
	struct bytes iv = bytes_of(params->iv, params->iv_len);
	size_t outer = der_open(b, DER_SEQUENCE), mark;

	der_put_oid(b, alg_get(params->alg)->oid);
	if (!cipher_is_gcm(params->alg)) {
		der_put(b, DER_OCTET_STRING, iv);
	} else {
		mark = der_open(b, DER_SEQUENCE);
		der_put(b, DER_OCTET_STRING, iv);
		if (params->tag_len != GCM_TAG_DEFAULT)
			der_put_uint(b, DER_INTEGER, params->tag_len);
		der_close(b, mark);
	}
	der_close(b, outer);
}
