#include "asn1/signer_info.h"

/* [0] IMPLICIT SignedAttributes: SIZE (1..MAX). */
static void
signer_get_signed_attrs(struct der *d, struct signer_info *info)
{
	info->has_signed_attrs =
	    der_get_opt(d, DER_CONTEXT_C(0), &info->signed_attrs);
	if (info->has_signed_attrs && info->signed_attrs.len == 0)
		der_fail(d, -CS_ERR_ENCODING);
}

int
signer_info_decode(struct bytes raw, struct signer_info *info, struct err *e)
{
	struct der d, in;
	int r;

	*info = (struct signer_info){.raw = raw};
	der_init(&d, raw);
	in = der_enter(&d, DER_SEQUENCE);
	info->version = (unsigned)der_get_uint(&in, SIGNER_INFO_VERSION_MAX);
	if (in.err == -CS_ERR_TOO_LARGE)
		in.err = -CS_ERR_UNSUPPORTED;
	der_get_cert_id(&in, &info->sid);
	der_get_alg_id(&in, &info->digest_alg);
	signer_get_signed_attrs(&in, info);
	der_get_alg_id(&in, &info->signature_alg);
	info->signature = der_get(&in, DER_OCTET_STRING);
	if (info->signature.len > SIGNER_INFO_SIGNATURE_MAX)
		der_fail(&in, -CS_ERR_TOO_LARGE);
	der_get_opt(&in, DER_CONTEXT_C(1), &info->unsigned_attrs);
	der_leave(&d, &in);
	r = der_end(&d);
	if (r == 0)
		return 0;
	*info = (struct signer_info){0};
	return der_err(&d, e, "SignerInfo");
}

void
der_put_signer_info(struct buf *b, const struct signer_info *info)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	/* RFC 5652 5.3: 1 by issuer and serial number, 3 by key id */
	der_put_uint(b, DER_INTEGER, cert_id_has_key_id(&info->sid) ? 3 : 1);
	der_put_cert_id(b, &info->sid);
	der_put_raw(b, info->digest_alg.raw);
	if (info->has_signed_attrs)
		der_put(b, DER_CONTEXT_C(0), info->signed_attrs);
	der_put_raw(b, info->signature_alg.raw);
	der_put(b, DER_OCTET_STRING, info->signature);
	if (info->unsigned_attrs.len != 0)
		der_put(b, DER_CONTEXT_C(1), info->unsigned_attrs);
	der_close(b, mark);
}
