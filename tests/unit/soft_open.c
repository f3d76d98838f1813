/* Opening RecipientInfos with the keys of soft_key.c, as an agent would. */
#include <nettle/curve25519.h>
#include <nettle/curve448.h>
#include <nettle/ecc-curve.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/keywrap.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/kari.h"
#include "tests/unit/soft_key_int.h"

const struct ecc_curve *
soft_curve(enum oid curve)
{
	switch (curve) {
	case OID_P384:
		return nettle_get_secp_384r1();
	case OID_P521:
		return nettle_get_secp_521r1();
	default:
		return nettle_get_secp_256r1();
	}
}

struct soft_key *
soft_ring_find(struct soft_ring *ring, const uint8_t key_id[32])
{
	size_t i;

	for (i = 0; i < ring->len; i++)
		if (memcmp(cert_get_key_hash(ring->keys[i]->cert), key_id,
			32) == 0)
			return ring->keys[i];
	return NULL;
}

/* As agents do: what is wrong with the padding shows nowhere. */
static struct secret *
soft_open_pkcs1(const struct soft_key *k, struct bytes encrypted, size_t want)
{
	struct secret *key = random_secret(want);
	size_t got = want;
	mpz_t c;

	mpz_init(c);
	nettle_mpz_set_str_256_u(c, encrypted.len, encrypted.p);
	if (rsa_decrypt_tr(&k->rsa_pub, &k->rsa, NULL, soft_random, &got,
		secret_get(key), c) != 1 ||
	    got != want)
		random_fill(secret_get(key), want);
	mpz_clear(c);
	return key;
}

static struct secret *
soft_open_oaep(const struct soft_key *k, const struct recipient_info *info)
{
	struct secret *em = secret_new(k->rsa_pub.size), *key = NULL;
	struct oaep_params params;
	mpz_t c, m;

	mpz_init(c);
	mpz_init(m);
	nettle_mpz_set_str_256_u(
	    c, info->encrypted_key.len, info->encrypted_key.p);
	if (oaep_params_decode(&info->key_enc_alg, &params, NULL) == 0 &&
	    rsa_compute_root_tr(
		&k->rsa_pub, &k->rsa, NULL, soft_random, m, c) == 1) {
		nettle_mpz_get_str_256(k->rsa_pub.size, secret_get(em), m);
		key = oaep_unpad(em, &params);
	}
	mpz_clear(c);
	mpz_clear(m);
	secret_free(em);
	return key;
}

static struct secret *
soft_derive_ec(const struct soft_key *k, struct bytes peer)
{
	const struct ecc_curve *curve = soft_curve(k->curve);
	size_t len = (ecc_bit_size(curve) + 7) / 8;
	struct secret *shared = NULL;
	struct ecc_point point;
	mpz_t x, y;

	ecc_point_init(&point, curve);
	mpz_init(x);
	mpz_init(y);
	if (peer.len == 1 + 2 * len && peer.p[0] == 4) {
		nettle_mpz_set_str_256_u(x, len, peer.p + 1);
		nettle_mpz_set_str_256_u(y, len, peer.p + 1 + len);
		if (ecc_point_set(&point, x, y) == 1) {
			ecc_point_mul(&point, &k->ec, &point);
			ecc_point_get(&point, x, y);
			shared = secret_new(len);
			nettle_mpz_get_str_256(len, secret_get(shared), x);
		}
	}
	mpz_clear(x);
	mpz_clear(y);
	ecc_point_clear(&point);
	return shared;
}

static struct secret *
soft_derive(const struct soft_key *k, struct bytes peer)
{
	struct secret *shared;

	if (k->alg == ALG_EC)
		return soft_derive_ec(k, peer);
	if (peer.len != spki_okp_len(k->alg) ||
	    (k->alg != ALG_X25519_KEY && k->alg != ALG_X448_KEY))
		return NULL;
	shared = secret_new(peer.len);
	if (k->alg == ALG_X25519_KEY)
		curve25519_mul(secret_get(shared), k->ed, peer.p);
	else
		curve448_mul(secret_get(shared), k->ed, peer.p);
	return shared;
}

static struct secret *
soft_open_kari(
    const struct soft_key *k, const struct recipient_info *info, unsigned index)
{
	struct secret *shared, *kek = NULL, *key = NULL;
	struct recipient_key wrapped;
	struct kari_algs algs;

	if (recipient_info_get_key(info, index, &wrapped) != 0 ||
	    kari_algs_decode(&info->key_enc_alg, &algs, NULL) != 0)
		return NULL;
	shared = soft_derive(k, info->originator_key);
	if (shared != NULL)
		kek = kari_derive(&algs, info, shared);
	if (kek != NULL)
		key = key_unwrap(algs.wrap, kek, wrapped.encrypted_key);
	secret_free(shared);
	secret_free(kek);
	return key;
}

int
soft_ring_open(void *ctx, const uint8_t key_id[32], struct bytes recipient_info,
    unsigned index, struct bytes content_algorithm, struct secret **key,
    struct err *e)
{
	struct soft_ring *ring = ctx;
	const struct soft_key *k = soft_ring_find(ring, key_id);
	struct recipient_info info;
	struct alg_id id;
	size_t want;

	*key = NULL;
	ring->opens++;
	if (ring->fail_with != 0)
		return err_set(e, ring->fail_with, "told to fail");
	if (k == NULL)
		return err_set(e, -CS_ERR_NO_KEY, "no such soft key");
	if (k->lender != NULL)
		k = k->lender;
	if (recipient_info_decode(recipient_info, &info, e) != 0 ||
	    alg_id_decode(content_algorithm, &id) != 0)
		return err_set(e, -CS_ERR_ENCODING, "bad recipient");
	want = content_key_len(&id);
	if (info.kind == RECIPIENT_KARI)
		*key = soft_open_kari(k, &info, index);
	else if (k->alg == ALG_RSA && info.key_enc_alg.known == OID_RSA)
		*key = soft_open_pkcs1(k, info.encrypted_key, want);
	else if (k->alg == ALG_RSA && info.key_enc_alg.known == OID_RSA_OAEP)
		*key = soft_open_oaep(k, &info);
	if (*key != NULL && secret_get_len(*key) == want) {
		if (ring->is_broken)
			random_fill(secret_get(*key), want);
		return 0;
	}
	secret_free(*key);
	*key = NULL;
	return err_set(e, -CS_ERR_DECRYPT, "the message cannot be decrypted");
}
