/* Checking signatures; signature.c has the schemes. */
#include <nettle/bignum.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/dsa.h"
#include "asn1/alg/ec.h"
#include "asn1/alg/rsa.h"
#include "asn1/alg/signature.h"

/* DigestInfo of SHA-512 is 83 octets. */
#define VERIFY_DIGEST_INFO_MAX 96

/* Is em what EMSA-PKCS1-v1_5 makes of the hash? Built anew, compared whole. */
static bool
verify_pkcs1_em(struct bytes em, struct bytes digest_info)
{
	uint8_t want[RSA_LEN_MAX];

	if (em.len < digest_info.len + RSA_PKCS1_OVERHEAD ||
	    em.len > sizeof(want))
		return false;
	memset(want, 0xff, em.len);
	want[0] = 0;
	want[1] = 1;
	want[em.len - digest_info.len - 1] = 0;
	memcpy(want + em.len - digest_info.len, digest_info.p, digest_info.len);
	return mem_is_equal_ct(em.p, want, em.len);
}

static bool
verify_pkcs1_as(
    struct bytes em, enum alg digest, struct bytes params, struct bytes hash)
{
	struct buf b = {.max = VERIFY_DIGEST_INFO_MAX};
	size_t mark = der_open(&b, DER_SEQUENCE);
	bool ok;

	der_put_alg_params(&b, digest, params);
	der_put(&b, DER_OCTET_STRING, hash);
	der_close(&b, mark);
	ok = b.err == 0 && verify_pkcs1_em(em, buf_get(&b));
	buf_clear(&b);
	return ok;
}

/* RFC 8017 9.2 note 2: some leave the NULL out. */
static bool
verify_pkcs1(struct bytes em, enum alg digest, struct bytes hash)
{
	return verify_pkcs1_as(em, digest, BYTES_LIT("\x05\x00"), hash) ||
	       verify_pkcs1_as(em, digest, BYTES_NONE, hash);
}

static bool
verify_rsa(const struct spki *key, const struct sig_scheme *scheme,
    struct bytes hash, struct bytes signature)
{
	struct pss_params pss = {
	    scheme->digest, scheme->mgf_digest, scheme->salt_len};
	uint8_t *em = malloc(key->modulus.len);
	struct bytes em_bytes = bytes_of(em, key->modulus.len);
	bool ok = false;

	if (em != NULL && rsa_public(key, signature, em))
		ok = scheme->alg == ALG_RSA_PSS
			 ? pss_verify(em_bytes, key->bits, &pss, hash)
			 : verify_pkcs1(em_bytes, scheme->digest, hash);
	free(em);
	return ok;
}

/* r and s of an ECDSA-Sig-Value or Dss-Sig-Value (RFC 3279 2.2.2, 2.2.3). */
static bool
verify_get_pair(
    struct bytes signature, size_t len_max, struct bytes *r, struct bytes *s)
{
	struct der d, in;

	der_init(&d, signature);
	in = der_enter(&d, DER_SEQUENCE);
	*r = der_get_unsigned(&in);
	*s = der_get_unsigned(&in);
	return der_end(&in) == 0 && der_end(&d) == 0 && r->len <= len_max &&
	       s->len <= len_max;
}

static bool
verify_ecdsa(const struct spki *key, struct bytes hash, struct bytes signature)
{
	struct dsa_signature pair;
	struct ecc_point point;
	struct bytes r, s;
	bool ok;

	if (!verify_get_pair(signature, EC_LEN_MAX, &r, &s) ||
	    !ec_point_init(&point, key->curve, key->point))
		return false;
	dsa_signature_init(&pair);
	nettle_mpz_set_str_256_u(pair.r, r.len, r.p);
	nettle_mpz_set_str_256_u(pair.s, s.len, s.p);
	/* checks 0 < r, s < n itself */
	ok = ecdsa_verify(&point, hash.len, hash.p, &pair) != 0;
	dsa_signature_clear(&pair);
	ecc_point_clear(&point);
	return ok;
}

static bool
verify_dsa(const struct spki *key, struct bytes hash, struct bytes signature)
{
	struct bytes r, s;

	return verify_get_pair(signature, DSA_Q_LEN_MAX, &r, &s) &&
	       dsa_check_signature(key, hash, r, s);
}

static bool
verify_eddsa(
    const struct spki *key, struct bytes message, struct bytes signature)
{
	static const uint8_t none;
	const uint8_t *p = message.len != 0 ? message.p : &none;

	if (key->alg == ALG_ED25519_KEY)
		return signature.len == ED25519_SIGNATURE_SIZE &&
		       ed25519_sha512_verify(
			   key->point.p, message.len, p, signature.p) != 0;
	/* S is below 2^446 (RFC 8032 5.2.7); nettle 3.8 leaves its last octet
	 * unread, so that 255 more signatures would be good. */
	return signature.len == ED448_SIGNATURE_SIZE &&
	       signature.p[ED448_SIGNATURE_SIZE - 1] == 0 &&
	       ed448_shake256_verify(
		   key->point.p, message.len, p, signature.p) != 0;
}

/* An RSASSA-PSS key signs in its own way only (RFC 4055 3.3). */
static bool
verify_is_for_pss_key(const struct spki *key, const struct sig_scheme *scheme)
{
	struct pss_params limit;

	if (scheme->alg != ALG_RSA_PSS)
		return false;
	if (key->alg_id.params.len == 0)
		return true;
	return pss_params_decode(key->alg_id.params, &limit, NULL) == 0 &&
	       limit.digest == scheme->digest &&
	       limit.mgf_digest == scheme->mgf_digest &&
	       limit.salt_len <= scheme->salt_len;
}

static int
verify_check(
    const struct spki *key, const struct sig_scheme *scheme, struct err *e)
{
	char text[OID_TEXT_MAX];
	bool ok;

	ok = alg_get(scheme->alg)->kind == ALG_KIND_SIGNATURE &&
	     (key->alg == ALG_RSA_PSS_KEY ? verify_is_for_pss_key(key, scheme)
					  : key->alg == scheme->public_key);
	if (!ok || (key->alg == ALG_DSA && key->bits == 0))
		return err_set(e, -CS_ERR_ALGORITHM,
		    "a signature with %s cannot be by this %s key",
		    alg_name(scheme->alg),
		    spki_describe(text, sizeof(text), key));
	if (alg_get(scheme->digest)->strength == ALG_BROKEN ||
	    alg_get(scheme->mgf_digest)->strength == ALG_BROKEN)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "%s is broken: anybody could have made the signature",
		    alg_name(scheme->digest));
	return 0;
}

int
sig_verify(const struct spki *key, const struct sig_scheme *scheme,
    struct bytes hash, struct bytes signature, struct err *e)
{
	char text[OID_TEXT_MAX];
	bool ok = false;
	int r = verify_check(key, scheme, e);

	if (r != 0)
		return r;
	if (!sig_scheme_is_pure(scheme) &&
	    hash.len != alg_get(scheme->digest)->output_len)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a digest of %zu octets is not %s", hash.len,
		    alg_name(scheme->digest));
	switch (scheme->public_key) {
	case ALG_RSA:
		ok = verify_rsa(key, scheme, hash, signature);
		break;
	case ALG_EC:
		ok = verify_ecdsa(key, hash, signature);
		break;
	case ALG_DSA:
		ok = verify_dsa(key, hash, signature);
		break;
	case ALG_ED25519_KEY:
	case ALG_ED448_KEY:
		ok = verify_eddsa(key, hash, signature);
		break;
	default:
		break;
	}
	if (ok)
		return 0;
	return err_set(e, -CS_ERR_BAD_SIGNATURE,
	    "the signature does not fit what was signed and this %s key",
	    spki_describe(text, sizeof(text), key));
}

int
sig_verify_data(const struct spki *key, const struct sig_scheme *scheme,
    struct bytes data, struct bytes signature, struct err *e)
{
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len;

	if (sig_scheme_is_pure(scheme))
		return sig_verify(key, scheme, data, signature, e);
	len = digest_of(scheme->digest, data, hash);
	if (len == 0)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "the digest %s is not supported", alg_name(scheme->digest));
	return sig_verify(key, scheme, bytes_of(hash, len), signature, e);
}
