#include <stdio.h>
#include <string.h>

#include "asn1/alg/dsa.h"
#include "asn1/alg/ec.h"
#include "asn1/alg/hash.h"
#include "asn1/alg/spki.h"

void
spki_fingerprint(struct bytes raw, uint8_t out[SPKI_FINGERPRINT_LEN])
{
	uint8_t hash[DIGEST_LEN_MAX];

	hash_parts(ALG_SHA256, &raw, 1, hash);
	memcpy(out, hash, SPKI_FINGERPRINT_LEN);
}

void
spki_key_id(const struct spki *key, uint8_t out[20])
{
	uint8_t hash[DIGEST_LEN_MAX];

	hash_parts(ALG_SHA1, &key->key_bits, 1, hash);
	memcpy(out, hash, 20);
}

/* Opens a BIT STRING that encapsulates; close it with der_close. */
static size_t
spki_open_bits(struct buf *b)
{
	size_t mark = der_open(b, DER_BIT_STRING);

	buf_add_byte(b, 0); /* no unused bits */
	return mark;
}

int
spki_encode_rsa(struct buf *b, struct bytes modulus, struct bytes exponent)
{
	size_t outer = der_open(b, DER_SEQUENCE), bits, inner;

	der_put_alg(b, ALG_RSA);
	bits = spki_open_bits(b);
	inner = der_open(b, DER_SEQUENCE);
	der_put_unsigned(b, DER_INTEGER, modulus);
	der_put_unsigned(b, DER_INTEGER, exponent);
	der_close(b, inner);
	der_close(b, bits);
	der_close(b, outer);
	return b->err;
}

int
spki_encode_ec(struct buf *b, enum oid curve, struct bytes point)
{
	size_t outer, inner;

	if (ec_curve(curve) == NULL)
		return -CS_ERR_ALGORITHM;
	if (point.len != 1 + 2 * ((ec_bits(curve) + 7) / 8))
		return -CS_ERR_ARGUMENT;
	outer = der_open(b, DER_SEQUENCE);
	inner = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_EC_PUBLIC_KEY);
	der_put_oid(b, curve);
	der_close(b, inner);
	der_put_bits(b, DER_BIT_STRING, point, 0);
	der_close(b, outer);
	return b->err;
}

int
spki_encode_okp(struct buf *b, enum alg key_alg, struct bytes octets)
{
	size_t outer;

	if (spki_okp_len(key_alg) == 0)
		return -CS_ERR_ALGORITHM;
	if (octets.len != spki_okp_len(key_alg))
		return -CS_ERR_ARGUMENT;
	outer = der_open(b, DER_SEQUENCE);
	der_put_alg(b, key_alg);
	der_put_bits(b, DER_BIT_STRING, octets, 0);
	der_close(b, outer);
	return b->err;
}

char *
spki_describe(char *dst, size_t size, const struct spki *key)
{
	switch (key->alg) {
	case ALG_RSA:
		snprintf(dst, size, "RSA-%u", key->bits);
		return dst;
	case ALG_RSA_PSS_KEY:
		snprintf(dst, size, "RSA-PSS-%u", key->bits);
		return dst;
	case ALG_RSA_OAEP_KEY:
		snprintf(dst, size, "RSA-OAEP-%u", key->bits);
		return dst;
	case ALG_DSA:
		snprintf(dst, size, "DSA-%u", key->bits);
		return dst;
	case ALG_EC:
		snprintf(dst, size, "%s", oid_name(key->curve));
		return dst;
	case ALG_NONE:
		return oid_describe(dst, size, key->alg_id.oid);
	default:
		snprintf(dst, size, "%s", oid_name(key->alg_id.known));
		return dst;
	}
}

size_t
spki_signature_len_max(const struct spki *key)
{
	size_t len = 0;

	switch (key->alg) {
	case ALG_RSA:
	case ALG_RSA_PSS_KEY:
		return key->modulus.len;
	case ALG_EC:
		len = key->bits / 8 + 1;
		break;
	case ALG_DSA:
		len = key->bits != 0 ? DSA_Q_LEN_MAX + 1 : 0;
		break;
	case ALG_ED25519_KEY:
		return 64;
	case ALG_ED448_KEY:
		return 114;
	default:
		break;
	}
	if (len == 0)
		return 0;
	/* two INTEGERs in a SEQUENCE */
	len = 2 * (der_header_len(len) + len);
	return der_header_len(len) + len;
}
