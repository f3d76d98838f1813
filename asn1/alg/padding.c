/* RSA padding that is made; unpad.c takes it off. */
#include "asn1/alg/padding.h"

#include <string.h>

#include "asn1/alg/rsa.h"

int
pkcs1_digest_info(struct buf *b, enum alg digest, struct bytes hash)
{
	size_t mark;

	if (alg_get(digest)->kind != ALG_KIND_DIGEST)
		return -CS_ERR_ALGORITHM;
	if (hash.len != alg_get(digest)->output_len)
		return -CS_ERR_ARGUMENT;
	mark = der_open(b, DER_SEQUENCE);
	der_put_alg_params(b, digest, BYTES_LIT("\x05\x00"));
	der_put(b, DER_OCTET_STRING, hash);
	der_close(b, mark);
	return b->err;
}

int
pkcs1_digest_info_decode(struct bytes der, enum alg *digest, struct bytes *hash)
{
	struct alg_id id;
	struct der d, in;

	der_init(&d, der);
	in = der_enter(&d, DER_SEQUENCE);
	der_get_alg_id(&in, &id);
	*hash = der_get(&in, DER_OCTET_STRING);
	der_leave(&d, &in);
	if (der_end(&d) != 0)
		return -CS_ERR_ENCODING;
	*digest = alg_id_get_digest(&id);
	return *digest != ALG_NONE && hash->len == alg_get(*digest)->output_len
		   ? 0
		   : -CS_ERR_ENCODING;
}

int
pkcs1_pad_sign(struct buf *b, struct bytes digest_info, size_t em_len)
{
	uint8_t *em;

	if (em_len > RSA_LEN_MAX || em_len < RSA_PKCS1_OVERHEAD ||
	    digest_info.len > em_len - RSA_PKCS1_OVERHEAD ||
	    digest_info.len == 0)
		return -CS_ERR_ARGUMENT;
	em = buf_reserve(b, em_len);
	if (em == NULL)
		return b->err;
	memset(em, 0xff, em_len);
	em[0] = 0;
	em[1] = 1;
	em[em_len - digest_info.len - 1] = 0;
	memcpy(em + em_len - digest_info.len, digest_info.p, digest_info.len);
	buf_grow_len(b, em_len);
	return 0;
}
