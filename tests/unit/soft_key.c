#include "tests/unit/soft_key_int.h"

#include <nettle/curve25519.h>
#include <nettle/curve448.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <nettle/pss.h>
#include <nettle/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/pem.h"

#define DAY ((int64_t)24 * 60 * 60)

static void
soft_die(const char *what)
{
	fprintf(stderr, "soft_key: %s\n", what);
	abort();
}

void
soft_random(void *ctx, size_t len, uint8_t *p)
{
	(void)ctx;
	random_fill(p, len);
}

/* --- public keys --- */

static void
soft_put_rsa(struct soft_key *k)
{
	uint8_t n[1024], e[16];
	size_t n_len = nettle_mpz_sizeinbase_256_u(k->rsa_pub.n);
	size_t e_len = nettle_mpz_sizeinbase_256_u(k->rsa_pub.e);

	if (n_len > sizeof(n) || e_len > sizeof(e))
		soft_die("RSA key too long");
	nettle_mpz_get_str_256(n_len, n, k->rsa_pub.n);
	nettle_mpz_get_str_256(e_len, e, k->rsa_pub.e);
	(void)!spki_encode_rsa(
	    &k->spki, bytes_of(n, n_len), bytes_of(e, e_len));
}

static void
soft_put_ec(struct soft_key *k)
{
	const struct ecc_curve *curve = soft_curve(k->curve);
	size_t len = (ecc_bit_size(curve) + 7) / 8;
	uint8_t point[1 + 2 * 66];
	struct ecc_point pub;
	mpz_t x, y;

	ecc_point_init(&pub, curve);
	ecc_point_mul_g(&pub, &k->ec);
	mpz_init(x);
	mpz_init(y);
	ecc_point_get(&pub, x, y);
	point[0] = 4;
	nettle_mpz_get_str_256(len, point + 1, x);
	nettle_mpz_get_str_256(len, point + 1 + len, y);
	(void)!spki_encode_ec(&k->spki, k->curve, bytes_of(point, 1 + 2 * len));
	mpz_clear(x);
	mpz_clear(y);
	ecc_point_clear(&pub);
}

static void
soft_put_ed(struct soft_key *k)
{
	uint8_t pub[ED448_KEY_SIZE];

	if (k->alg == ALG_ED448_KEY)
		ed448_shake256_public_key(pub, k->ed);
	else
		ed25519_sha512_public_key(pub, k->ed);
	(void)!spki_encode_okp(
	    &k->spki, k->alg, bytes_of(pub, spki_okp_len(k->alg)));
}

static void
soft_put_x(struct soft_key *k)
{
	uint8_t pub[56];

	if (k->alg == ALG_X25519_KEY)
		curve25519_mul_g(pub, k->ed);
	else
		curve448_mul_g(pub, k->ed);
	(void)!spki_encode_okp(
	    &k->spki, k->alg, bytes_of(pub, spki_okp_len(k->alg)));
}

/* The same key for RSAES-OAEP alone (RFC 4055 1.2). */
static void
soft_put_oaep(struct soft_key *k, const struct oaep_params *params)
{
	struct buf rsa = {0};
	struct spki spki;
	size_t mark;

	buf_add_bytes(&rsa, buf_get(&k->spki));
	buf_reset(&k->spki);
	if (spki_decode(buf_get(&rsa), &spki, NULL) != 0)
		soft_die("bad SubjectPublicKeyInfo");
	mark = der_open(&k->spki, DER_SEQUENCE);
	der_put_oaep_params(&k->spki, params);
	der_put_bits(&k->spki, DER_BIT_STRING, spki.key_bits, 0);
	der_close(&k->spki, mark);
	buf_clear(&rsa);
}

static void
soft_put_spki(struct soft_key *k)
{
	if (k->alg == ALG_RSA)
		soft_put_rsa(k);
	else if (k->alg == ALG_EC)
		soft_put_ec(k);
	else if (k->alg == ALG_X25519_KEY || k->alg == ALG_X448_KEY)
		soft_put_x(k);
	else
		soft_put_ed(k);
	if (k->spki.err != 0 || k->spki.len == 0)
		soft_die("no SubjectPublicKeyInfo");
}

static void
soft_generate(struct soft_key *k, enum soft_kind kind)
{
	k->curve = kind == SOFT_P384   ? OID_P384
		   : kind == SOFT_P521 ? OID_P521
				       : OID_P256;
	switch (kind) {
	case SOFT_RSA:
	case SOFT_RSA_SHORT:
		k->alg = ALG_RSA;
		mpz_set_ui(k->rsa_pub.e, 65537);
		if (rsa_generate_keypair(&k->rsa_pub, &k->rsa, NULL,
			soft_random, NULL, NULL, kind == SOFT_RSA ? 2048 : 1024,
			0) != 1)
			soft_die("no RSA key");
		break;
	case SOFT_P256:
	case SOFT_P384:
	case SOFT_P521:
		k->alg = ALG_EC;
		ecc_scalar_init(&k->ec, soft_curve(k->curve));
		ecc_scalar_random(&k->ec, NULL, soft_random);
		break;
	case SOFT_ED25519:
	case SOFT_ED448:
		k->alg = kind == SOFT_ED448 ? ALG_ED448_KEY : ALG_ED25519_KEY;
		random_fill(k->ed, sizeof(k->ed));
		break;
	case SOFT_X25519:
	case SOFT_X448:
		k->alg = kind == SOFT_X448 ? ALG_X448_KEY : ALG_X25519_KEY;
		random_fill(k->ed, sizeof(k->ed));
		break;
	}
	soft_put_spki(k);
}

/* --- signing --- */

static int
soft_sign_rsa(const struct soft_key *k, const struct sig_scheme *s,
    struct bytes hash, struct buf *out)
{
	uint8_t octets[1024];
	struct buf info = {0};
	mpz_t m;
	int ok = 0;

	mpz_init(m);
	if (s->alg == ALG_RSA_PSS) {
		uint8_t salt[64];

		random_fill(salt, sizeof(salt));
		switch (s->digest) {
		case ALG_SHA384:
			ok = rsa_pss_sha384_sign_digest_tr(&k->rsa_pub, &k->rsa,
			    NULL, soft_random, s->salt_len, salt, hash.p, m);
			break;
		case ALG_SHA512:
			ok = rsa_pss_sha512_sign_digest_tr(&k->rsa_pub, &k->rsa,
			    NULL, soft_random, s->salt_len, salt, hash.p, m);
			break;
		default:
			ok = rsa_pss_sha256_sign_digest_tr(&k->rsa_pub, &k->rsa,
			    NULL, soft_random, s->salt_len, salt, hash.p, m);
		}
	} else if (pkcs1_digest_info(&info, s->digest, hash) == 0) {
		ok = rsa_pkcs1_sign_tr(&k->rsa_pub, &k->rsa, NULL, soft_random,
		    info.len, info.data, m);
	}
	buf_clear(&info);
	if (ok) {
		nettle_mpz_get_str_256(k->rsa_pub.size, octets, m);
		buf_add(out, octets, k->rsa_pub.size);
	}
	mpz_clear(m);
	return ok ? out->err : -CS_ERR_DEVICE;
}

static int
soft_sign_ec(const struct soft_key *k, struct bytes hash, struct buf *out)
{
	size_t len = (ecc_bit_size(soft_curve(k->curve)) + 7) / 8;
	struct dsa_signature sig;
	uint8_t raw[2 * 66];
	int r;

	dsa_signature_init(&sig);
	ecdsa_sign(&k->ec, NULL, soft_random, hash.len, hash.p, &sig);
	nettle_mpz_get_str_256(len, raw, sig.r);
	nettle_mpz_get_str_256(len, raw + len, sig.s);
	r = sig_ecdsa_to_der(bytes_of(raw, 2 * len), out);
	dsa_signature_clear(&sig);
	return r;
}

static int
soft_sign(const struct soft_key *k, const struct sig_scheme *s,
    struct bytes input, struct buf *out)
{
	uint8_t pub[ED448_KEY_SIZE], sig[ED448_SIGNATURE_SIZE];

	if (k->lender != NULL)
		k = k->lender;
	if (k->alg == ALG_RSA)
		return soft_sign_rsa(k, s, input, out);
	if (k->alg == ALG_EC)
		return soft_sign_ec(k, input, out);
	if (k->alg == ALG_ED448_KEY) {
		ed448_shake256_public_key(pub, k->ed);
		ed448_shake256_sign(pub, k->ed, input.len, input.p, sig);
		return buf_add(out, sig, ED448_SIGNATURE_SIZE);
	}
	ed25519_sha512_public_key(pub, k->ed);
	ed25519_sha512_sign(pub, k->ed, input.len, input.p, sig);
	return buf_add(out, sig, ED25519_SIGNATURE_SIZE);
}

/* --- certificates --- */

static void
put_name(struct buf *b, const char *cn)
{
	size_t name = der_open(b, DER_SEQUENCE), rdn, ava;

	rdn = der_open(b, DER_SET);
	ava = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_AT_CN);
	der_put_str(b, DER_UTF8_STRING, cn);
	der_close(b, ava);
	der_close(b, rdn);
	der_close(b, name);
}

static void
put_extension(struct buf *b, enum oid oid, bool is_critical, struct buf *value)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_oid(b, oid);
	if (is_critical)
		der_put_bool(b, DER_BOOLEAN, true);
	der_put(b, DER_OCTET_STRING, buf_get(value));
	der_close(b, mark);
	buf_clear(value);
}

static void
put_extensions(
    struct buf *b, const struct soft_key *k, const struct soft_spec *spec)
{
	static const uint8_t ca_usage = 0x06; /* certificates and CRLs */
	static const uint8_t usage = 0xf0;    /* digitalSignature to dataEnc. */
	struct buf value = {0};
	struct spki spki;
	uint8_t id[20];
	size_t mark;

	mark = der_open(&value, DER_SEQUENCE);
	if (spec->is_ca)
		der_put_bool(&value, DER_BOOLEAN, true);
	der_close(&value, mark);
	put_extension(b, OID_CE_BASIC_CONSTRAINTS, true, &value);
	der_put_bits(&value, DER_BIT_STRING,
	    bytes_of(spec->is_ca ? &ca_usage : &usage, 1), spec->is_ca ? 1 : 4);
	put_extension(b, OID_CE_KEY_USAGE, true, &value);
	if (!spec->has_no_key_id) {
		if (spki_decode(buf_get(&k->spki), &spki, NULL) != 0)
			soft_die("bad SubjectPublicKeyInfo");
		spki_key_id(&spki, id);
		der_put(&value, DER_OCTET_STRING,
		    spec->key_id.len != 0 ? spec->key_id
					  : bytes_of(id, sizeof(id)));
		put_extension(b, OID_CE_SUBJECT_KEY_ID, false, &value);
	}
	if (spec->ext_key_usage.len != 0) {
		der_put_raw(&value, spec->ext_key_usage);
		put_extension(
		    b, OID_CE_EXT_KEY_USAGE, spec->is_usage_critical, &value);
	}
	if (spec->email != NULL) {
		mark = der_open(&value, DER_SEQUENCE);
		der_put_str(&value, DER_CONTEXT(1), spec->email);
		der_close(&value, mark);
		put_extension(b, OID_CE_SUBJECT_ALT_NAME, false, &value);
	}
}

static void
put_tbs(struct buf *b, const struct soft_key *k, const struct soft_spec *spec,
    const struct sig_scheme *scheme)
{
	const char *name = spec->name != NULL ? spec->name : "Test";
	int64_t now = (int64_t)time(NULL);
	size_t tbs = der_open(b, DER_SEQUENCE), mark, list;

	mark = der_open(b, DER_CONTEXT_C(0));
	der_put_uint(b, DER_INTEGER, 2);
	der_close(b, mark);
	der_put_uint(b, DER_INTEGER, spec->serial != 0 ? spec->serial : 1);
	der_put_sig_scheme(b, scheme);
	if (spec->issuer != NULL)
		der_put_raw(b, cert_get_subject(spec->issuer->cert));
	else
		put_name(b, name);
	mark = der_open(b, DER_SEQUENCE);
	der_put_time(b, spec->not_before != 0 ? spec->not_before : now - DAY);
	der_put_time(
	    b, spec->not_after != 0 ? spec->not_after : now + 365 * DAY);
	der_close(b, mark);
	put_name(b, name);
	der_put_raw(b, buf_get(&k->spki));
	mark = der_open(b, DER_CONTEXT_C(3));
	list = der_open(b, DER_SEQUENCE);
	put_extensions(b, k, spec);
	der_close(b, list);
	der_close(b, mark);
	der_close(b, tbs);
}

static void
soft_certify(struct soft_key *k, const struct soft_spec *spec)
{
	const struct soft_key *issuer = spec->issuer != NULL ? spec->issuer : k;
	struct buf tbs = {0}, cert = {0}, signature = {0};
	uint8_t hash[DIGEST_LEN_MAX];
	struct sig_scheme scheme;
	struct bytes input;
	struct spki spki;
	size_t mark;

	if (spki_decode(buf_get(&issuer->spki), &spki, NULL) != 0 ||
	    sig_scheme_choose(
		&spki, sig_default_digest(&spki), false, &scheme) != 0)
		soft_die("no signature scheme");
	put_tbs(&tbs, k, spec, &scheme);
	input = buf_get(&tbs);
	if (!sig_scheme_is_pure(&scheme))
		input = bytes_of(
		    hash, digest_of(scheme.digest, buf_get(&tbs), hash));
	if (soft_sign(issuer, &scheme, input, &signature) != 0)
		soft_die("no signature");
	mark = der_open(&cert, DER_SEQUENCE);
	der_put_raw(&cert, buf_get(&tbs));
	der_put_sig_scheme(&cert, &scheme);
	der_put_bits(&cert, DER_BIT_STRING, buf_get(&signature), 0);
	der_close(&cert, mark);
	if (cert.err != 0 || cert_decode(buf_get(&cert), &k->cert, NULL) != 0)
		soft_die("no certificate");
	buf_clear(&tbs);
	buf_clear(&cert);
	buf_clear(&signature);
}

static struct soft_key *
soft_key_alloc(void)
{
	struct soft_key *k = calloc(1, sizeof(*k));

	if (k == NULL)
		soft_die("no memory");
	rsa_public_key_init(&k->rsa_pub);
	rsa_private_key_init(&k->rsa);
	return k;
}

struct soft_key *
soft_key_new(const struct soft_spec *spec)
{
	struct soft_key *k = soft_key_alloc();

	if (spec->key != NULL) {
		k->lender = spec->key;
		k->alg = spec->key->alg;
		buf_add_bytes(&k->spki, buf_get(&spec->key->spki));
	} else if (spec->spki.len != 0) {
		buf_add_bytes(&k->spki, spec->spki);
	} else {
		soft_generate(k, spec->kind);
	}
	if (spec->oaep != NULL)
		soft_put_oaep(k, spec->oaep);
	soft_certify(k, spec);
	return k;
}

void
soft_key_free(struct soft_key *k)
{
	if (k == NULL)
		return;
	if (k->alg == ALG_EC && k->lender == NULL)
		ecc_scalar_clear(&k->ec);
	rsa_public_key_clear(&k->rsa_pub);
	rsa_private_key_clear(&k->rsa);
	buf_clear(&k->spki);
	cert_free(k->cert);
	free(k);
}

struct cert *
soft_key_get_cert(const struct soft_key *k)
{
	return k->cert;
}

/* --- loading --- */

static bool
soft_decode_ec(struct soft_key *k, enum oid curve, struct bytes octets)
{
	struct der d, in;
	struct bytes scalar;
	bool ok;
	mpz_t z;

	der_init(&d, octets);
	in = der_enter(&d, DER_SEQUENCE);
	der_get_uint(&in, 1);
	scalar = der_get(&in, DER_OCTET_STRING);
	if (der_check(&in) != 0)
		return false;
	k->alg = ALG_EC;
	k->curve = curve;
	ecc_scalar_init(&k->ec, soft_curve(curve));
	mpz_init(z);
	nettle_mpz_set_str_256_u(z, scalar.len, scalar.p);
	ok = ecc_scalar_set(&k->ec, z) == 1;
	mpz_clear(z);
	return ok;
}

/* PKCS#8: RFC 5958, RFC 5915, RFC 8410. */
static int
soft_decode(void *ctx, const char *label, struct bytes der)
{
	struct soft_key *k = ctx;
	struct bytes octets, seed;
	struct der d, in, inner;
	struct alg_id id;

	(void)label;
	der_init(&d, der);
	in = der_enter(&d, DER_SEQUENCE);
	der_get_uint(&in, 1);
	der_get_alg_id(&in, &id);
	octets = der_get(&in, DER_OCTET_STRING);
	if (der_check(&in) != 0)
		return -CS_ERR_ENCODING;
	der_init(&inner, octets);
	switch (id.known) {
	case OID_RSA:
		k->alg = ALG_RSA;
		if (rsa_keypair_from_der(
			&k->rsa_pub, &k->rsa, 0, octets.len, octets.p) != 1)
			return -CS_ERR_ENCODING;
		break;
	case OID_EC_PUBLIC_KEY:
		der_init(&inner, id.params);
		if (!soft_decode_ec(k, der_get_known_oid(&inner, NULL), octets))
			return -CS_ERR_ENCODING;
		break;
	case OID_ED25519:
		k->alg = ALG_ED25519_KEY;
		seed = der_get(&inner, DER_OCTET_STRING);
		if (seed.len != 32)
			return -CS_ERR_ENCODING;
		memcpy(k->ed, seed.p, seed.len);
		break;
	default:
		return -CS_ERR_ALGORITHM;
	}
	soft_put_spki(k);
	return 0;
}

static int
soft_read_file(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");
	char chunk[2048];
	size_t n;

	if (f == NULL)
		return -CS_ERR_NO_FILE;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	fclose(f);
	return b->err;
}

struct soft_key *
soft_key_load(const char *key_path, const char *cert_path)
{
	struct soft_key *k = soft_key_alloc();
	struct cert_set *set = cert_set_new();
	struct buf b = {0};
	int r = soft_read_file(key_path, &b);

	if (r == 0)
		r = pem_walk(buf_get(&b), "PRIVATE KEY", soft_decode, k, NULL);
	if (r == 0)
		r = cert_set_add_file(set, cert_path, NULL);
	if (r == 0)
		k->cert = cert_ref(cert_set_get(set, 0));
	cert_set_free(set);
	buf_clear(&b);
	if (r == 0)
		return k;
	soft_key_free(k);
	return NULL;
}

/* --- operations --- */

static int
ring_sign(void *ctx, const uint8_t key_id[32], struct bytes algorithm,
    struct bytes input, struct buf *signature, struct err *e)
{
	struct soft_ring *ring = ctx;
	struct soft_key *k = soft_ring_find(ring, key_id);
	struct sig_scheme scheme;
	struct alg_id id;
	int r;

	ring->signs++;
	if (ring->fail_with != 0)
		return err_set(e, ring->fail_with, "told to fail");
	if (k == NULL)
		return err_set(e, -CS_ERR_NO_KEY, "no such soft key");
	if (alg_id_decode(algorithm, &id) != 0 ||
	    sig_scheme_decode(&id, ALG_NONE, &scheme, e) != 0)
		return err_set(e, -CS_ERR_ALGORITHM, "bad algorithm");
	r = soft_sign(k, &scheme, input, signature);
	if (r == 0 && ring->is_broken)
		signature->data[signature->len - 1] ^= 1;
	return r;
}

struct cms_key_ops
soft_ring_ops(struct soft_ring *ring)
{
	return (struct cms_key_ops){
	    .sign = ring_sign, .open = soft_ring_open, .ctx = ring};
}
