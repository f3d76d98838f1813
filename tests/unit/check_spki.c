#include <stdio.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/alg/spki.h"
#include "tests/unit/unit.h"

/* RFC 8410 10.1 */
#define ED25519                         \
	"302a 3005 0603 2b6570 0321 00" \
	"19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
/* The base points (SEC 2 2.4.2, 2.5.1, 2.6.1). */
#define P256_X \
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define P256_Y \
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define P384_X                                                             \
	"aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38" \
	"5502f25dbf55296c3a545e3872760ab7"
#define P384_Y                                                             \
	"3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0" \
	"0a60b1ce1d7e819d7a431d7c90ea0e5f"
#define P521_X_TAIL                                                        \
	"c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3d" \
	"baa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd"
#define P521_Y                                                             \
	"011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e" \
	"662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd1" \
	"6650"
#define P256_ID "3013 0607 2a8648ce3d0201 0608 2a8648ce3d030107"

START_TEST(reads_okp_keys)
{
	struct bytes raw = unit_hex(ED25519);
	uint8_t got[SPKI_FINGERPRINT_LEN], want[DIGEST_LEN_MAX];
	struct buf b = {0};
	struct spki key;
	char text[OID_TEXT_MAX];

	unit_assert_code(spki_decode(raw, &key, NULL), 0);
	ck_assert_int_eq(key.alg, ALG_ED25519_KEY);
	ck_assert_uint_eq(key.bits, 255);
	ck_assert_uint_eq(key.point.len, 32);
	unit_assert_bytes(key.raw, raw);
	ck_assert_uint_eq(spki_signature_len_max(&key), 64);
	ck_assert_str_eq(spki_describe(text, sizeof(text), &key), "Ed25519");
	unit_assert_code(spki_encode_okp(&b, ALG_ED25519_KEY, key.point), 0);
	unit_assert_bytes(buf_get(&b), raw);
	spki_fingerprint(raw, got);
	digest_of(ALG_SHA256, raw, want);
	ck_assert_mem_eq(got, want, SPKI_FINGERPRINT_LEN);
	spki_key_id(&key, got);
	digest_of(ALG_SHA1, key.point, want);
	ck_assert_mem_eq(got, want, 20);
	buf_clear(&b);
}
END_TEST

static const struct {
	enum alg alg;
	size_t len;
	unsigned bits;
	size_t signature_len;
	const char *name;
} okps[] = {
    {ALG_ED25519_KEY, 32, 255, 64, "Ed25519"},
    {ALG_ED448_KEY, 57, 448, 114, "Ed448"},
    {ALG_X25519_KEY, 32, 255, 0, "X25519"},
    {ALG_X448_KEY, 56, 448, 0, "X448"},
};

START_TEST(okp_lengths)
{
	static const uint8_t zero[64];
	struct buf b = {0};
	struct spki key;
	char text[OID_TEXT_MAX];

	unit_assert_code(
	    spki_encode_okp(&b, okps[_i].alg, bytes_of(zero, okps[_i].len)), 0);
	unit_assert_code(spki_decode(buf_get(&b), &key, NULL), 0);
	ck_assert_int_eq(key.alg, okps[_i].alg);
	ck_assert_uint_eq(key.bits, okps[_i].bits);
	ck_assert_uint_eq(spki_signature_len_max(&key), okps[_i].signature_len);
	ck_assert_str_eq(
	    spki_describe(text, sizeof(text), &key), okps[_i].name);
	ck_assert_uint_eq(spki_okp_len(okps[_i].alg), okps[_i].len);
	unit_assert_code(
	    spki_encode_okp(&b, okps[_i].alg, bytes_of(zero, okps[_i].len - 1)),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(spki_encode_okp(&b, ALG_RSA, bytes_of(zero, 32)),
	    -CS_ERR_ALGORITHM);
	buf_clear(&b);
}
END_TEST

static void
make_rsa(struct buf *b, size_t n_len, uint8_t first, uint8_t last,
    struct bytes exponent)
{
	uint8_t n[SPKI_RSA_BITS_MAX / 8 + 1];

	memset(n, 0x5a, sizeof(n));
	n[0] = first;
	n[n_len - 1] = last;
	buf_reset(b);
	unit_assert_code(spki_encode_rsa(b, bytes_of(n, n_len), exponent), 0);
}

static const struct {
	size_t n_len;
	uint8_t first, last;
	size_t e_len;
	uint8_t e_first, e_last;
	int code;
	unsigned bits;
} rsas[] = {
    {64, 0x80, 1, 3, 1, 1, 0, 512},
    {64, 0x40, 1, 3, 1, 1, -CS_ERR_UNSUPPORTED, 0},
    {1, 0x01, 1, 3, 1, 1, -CS_ERR_UNSUPPORTED, 0},
    {129, 0x01, 1, 3, 1, 1, 0, 1025},
    {256, 0xff, 1, 3, 1, 1, 0, 2048},
    {256, 0xff, 0xff, 1, 3, 3, 0, 2048},
    {2048, 0x80, 1, 3, 1, 1, 0, 16384},
    {2049, 0x01, 1, 3, 1, 1, -CS_ERR_UNSUPPORTED, 0},
    {256, 0xff, 0xfe, 3, 1, 1, -CS_ERR_ENCODING, 0}, /* even modulus */
    {256, 0xff, 1, 1, 1, 1, -CS_ERR_ENCODING, 0},    /* e = 1 */
    {256, 0xff, 1, 1, 0, 0, -CS_ERR_ENCODING, 0},    /* e = 0 */
    {256, 0xff, 1, 1, 2, 2, -CS_ERR_ENCODING, 0},    /* e = 2 */
    {256, 0xff, 1, 3, 1, 0, -CS_ERR_ENCODING, 0},    /* e even */
    {256, 0xff, 1, 32, 0xff, 1, 0, 2048},
    {256, 0xff, 1, 33, 1, 1, -CS_ERR_UNSUPPORTED, 0},
    {512, 0xff, 1, 32, 0xff, 1, 0, 4096},
    {513, 0x01, 1, 8, 0xff, 1, 0, 4097},
    {513, 0x01, 1, 9, 1, 1, -CS_ERR_UNSUPPORTED, 0},
};

START_TEST(rsa_bounds)
{
	struct err e = ERR_INIT;
	struct buf b = {0};
	struct spki key;
	uint8_t exponent[64];
	char text[OID_TEXT_MAX], want[32];
	int r;

	memset(exponent, 0x33, sizeof(exponent));
	exponent[0] = rsas[_i].e_first;
	exponent[rsas[_i].e_len - 1] = rsas[_i].e_last;
	make_rsa(&b, rsas[_i].n_len, rsas[_i].first, rsas[_i].last,
	    bytes_of(exponent, rsas[_i].e_len));
	r = spki_decode(buf_get(&b), &key, &e);
	unit_assert_code(r, rsas[_i].code);
	ck_assert_int_eq(e.code, r);
	ck_assert_uint_eq(key.bits, rsas[_i].bits);
	if (r == 0) {
		ck_assert_int_eq(key.alg, ALG_RSA);
		ck_assert_uint_eq(key.modulus.len, rsas[_i].n_len);
		ck_assert_uint_eq(key.exponent.len, rsas[_i].e_len);
		ck_assert_uint_eq(spki_signature_len_max(&key), rsas[_i].n_len);
		snprintf(want, sizeof(want), "RSA-%u", rsas[_i].bits);
		ck_assert_str_eq(spki_describe(text, sizeof(text), &key), want);
	} else {
		ck_assert_ptr_null(key.raw.p);
		ck_assert_int_eq(key.alg, ALG_NONE);
	}
	buf_clear(&b);
}
END_TEST

static const struct {
	enum oid curve;
	const char *point;
	unsigned bits;
	size_t signature_len;
} curves[] = {
    {OID_P256, "04" P256_X P256_Y, 256, 72},
    {OID_P384, "04" P384_X P384_Y, 384, 104},
    {OID_P521, "04 00" P521_X_TAIL "66" P521_Y, 521, 139},
};

START_TEST(reads_points)
{
	struct bytes point = unit_hex(curves[_i].point);
	struct buf b = {0};
	struct spki key;
	uint8_t copy[256];
	size_t i;
	char text[OID_TEXT_MAX];

	unit_assert_code(spki_encode_ec(&b, curves[_i].curve, point), 0);
	unit_assert_code(spki_decode(buf_get(&b), &key, NULL), 0);
	ck_assert_int_eq(key.alg, ALG_EC);
	ck_assert_int_eq(key.curve, curves[_i].curve);
	ck_assert_uint_eq(key.bits, curves[_i].bits);
	unit_assert_bytes(key.point, point);
	ck_assert_uint_eq(
	    spki_signature_len_max(&key), curves[_i].signature_len);
	ck_assert_str_eq(spki_describe(text, sizeof(text), &key),
	    oid_name(curves[_i].curve));
	/* each changed bit leaves the curve or the form */
	memcpy(copy, b.data, b.len);
	for (i = b.len - point.len; i < b.len; i++) {
		copy[i] = (uint8_t)(copy[i] ^ 1U << i % 8);
		unit_assert_code(spki_decode(bytes_of(copy, b.len), &key, NULL),
		    -CS_ERR_ENCODING);
		copy[i] = (uint8_t)(copy[i] ^ 1U << i % 8);
	}
	unit_assert_code(spki_encode_ec(&b, curves[_i].curve,
			     bytes_of(point.p, point.len - 1)),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(
	    spki_encode_ec(&b, OID_X25519, point), -CS_ERR_ALGORITHM);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *hex;
	int code;
} bad_keys[] = {
    {"", -CS_ERR_TRUNCATED},
    {"30 00", -CS_ERR_TRUNCATED},
    {ED25519 "00", -CS_ERR_TRAILING},
    /* unused bits, a second element, parameters, lengths */
    {"302a 3005 0603 2b6570 0321 01"
     "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e0",
	-CS_ERR_ENCODING},
    {"302c 3005 0603 2b6570 0321 00"
     "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1 0500",
	-CS_ERR_TRAILING},
    {"302c 3007 0603 2b6570 0500 0321 00"
     "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1",
	-CS_ERR_ENCODING},
    {"3029 3005 0603 2b6570 0320 00"
     "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166",
	-CS_ERR_ENCODING},
    {"300b 3005 0603 2b6570 0302 0000", -CS_ERR_ENCODING},
    /* Ed448: the last octet is 0 or 80 */
    {"3043 3005 0603 2b6571 033a 00"
     "00000000000000000000000000000000000000000000000000000000"
     "00000000000000000000000000000000000000000000000000000000 40",
	-CS_ERR_ENCODING},
    /* points: at infinity, compressed, hybrid, too short, x and y outside */
    {"3019 " P256_ID "0302 00 00", -CS_ERR_ENCODING},
    {"3039 " P256_ID "0322 00 03" P256_X, -CS_ERR_UNSUPPORTED},
    {"3039 " P256_ID "0322 00 02" P256_X, -CS_ERR_UNSUPPORTED},
    {"3059 " P256_ID "0342 00 07" P256_X P256_Y, -CS_ERR_ENCODING},
    {"3039 " P256_ID "0322 00 04" P256_X, -CS_ERR_ENCODING},
    {"3018 " P256_ID "0301 00", -CS_ERR_ENCODING},
    {"3059 " P256_ID "0342 00 04"
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",
	-CS_ERR_ENCODING},
    {"3059 " P256_ID "0342 00 04"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	-CS_ERR_ENCODING},
    /* P-521's base point with x + p */
    {"30819b 3010 0607 2a8648ce3d0201 0605 2b81040023 038186 00 04 "
     "02" P521_X_TAIL "65" P521_Y,
	-CS_ERR_ENCODING},
    /* RSA: no SEQUENCE, one number, a negative one, three, trailing */
    {"3014 300d 0609 2a864886f70d010101 0500 0303 00 0500", -CS_ERR_ENCODING},
    {"3017 300d 0609 2a864886f70d010101 0500 0306 00 3003 020103",
	-CS_ERR_TRUNCATED},
    {"301a 300d 0609 2a864886f70d010101 0500 0309 00 3006 0201ff 020103",
	-CS_ERR_ENCODING},
    {"301c 300d 0609 2a864886f70d010101 0500 030b 00 3006 020103 020103 0500",
	-CS_ERR_TRAILING},
    {"301d 300d 0609 2a864886f70d010101 0500 030c 00 3009 020103 020103 020103",
	-CS_ERR_TRAILING},
    {"301b 300e 0609 2a864886f70d010101 020101 0309 00 3006 020103 020103",
	-CS_ERR_ENCODING},
    /* RSASSA-PSS key with broken parameters */
    {"301a 300d 0609 2a864886f70d01010a 0500 0309 00 3006 020103 020103",
	-CS_ERR_ENCODING},
};

START_TEST(refuses_bad_keys)
{
	struct err e = ERR_INIT;
	struct spki key;
	int r = spki_decode(unit_hex(bad_keys[_i].hex), &key, &e);

	unit_assert_code(r, bad_keys[_i].code);
	ck_assert_int_eq(e.code, r);
	ck_assert(e.text[0] != '\0');
	ck_assert_ptr_null(key.raw.p);
	ck_assert_int_eq(key.alg, ALG_NONE);
	ck_assert_uint_eq(key.key_bits.len, 0);
}
END_TEST

/* Nothing to use, but no reason to refuse a certificate as broken. */
static const struct {
	const char *hex, *name;
} unknown_keys[] = {
    {"300a 3005 0603 2a0304 0301 00", "1.2.3.4"},
    /* secp256k1; implicit curve; explicit parameters; none */
    {"3016 3010 0607 2a8648ce3d0201 0605 2b8104000a 0302 00 04", "ecPublicKey"},
    {"3011 300b 0607 2a8648ce3d0201 0500 0302 00 04", "ecPublicKey"},
    {"3011 300b 0607 2a8648ce3d0201 3000 0302 00 04", "ecPublicKey"},
    {"300f 3009 0607 2a8648ce3d0201 0302 00 04", "ecPublicKey"},
    /* RSASSA-PSS for a digest that is not known */
    {"3020 3014 0609 2a864886f70d01010a 3007 a005 3003 06012a"
     "0308 00 3005 020103 0500",
	"rsassaPss"},
};

START_TEST(unknown_keys_are_no_error)
{
	struct err e = ERR_INIT;
	struct spki key;
	char text[OID_TEXT_MAX];

	unit_assert_code(
	    spki_decode(unit_hex(unknown_keys[_i].hex), &key, &e), 0);
	ck_assert_int_eq(e.code, 0);
	ck_assert_int_eq(key.alg, ALG_NONE);
	ck_assert_ptr_nonnull(key.raw.p);
	ck_assert_uint_eq(spki_signature_len_max(&key), 0);
	ck_assert_str_eq(
	    spki_describe(text, sizeof(text), &key), unknown_keys[_i].name);
}
END_TEST

/* p, q, g, y as octets repeated, first and last as given. */
struct dsa_case {
	size_t p_len, q_len, g_len, y_len;
	uint8_t p_first, p_last, q_first, q_last, g_first, y_first;
	int code;
	unsigned bits;
};

static void
put_number(struct buf *b, size_t len, uint8_t first, uint8_t last)
{
	uint8_t octets[1024];

	memset(octets, 0x5a, sizeof(octets));
	octets[len - 1] = last;
	octets[0] = first;
	der_put_unsigned(b, DER_INTEGER, bytes_of(octets, len));
}

static void
make_dsa(struct buf *b, const struct dsa_case *c)
{
	size_t outer = der_open(b, DER_SEQUENCE);
	size_t id = der_open(b, DER_SEQUENCE), params;
	struct buf y = {0};

	der_put_oid(b, OID_DSA);
	params = der_open(b, DER_SEQUENCE);
	put_number(b, c->p_len, c->p_first, c->p_last);
	put_number(b, c->q_len, c->q_first, c->q_last);
	put_number(b, c->g_len, c->g_first, 1);
	der_close(b, params);
	der_close(b, id);
	put_number(&y, c->y_len, c->y_first, 1);
	der_put_bits(b, DER_BIT_STRING, buf_get(&y), 0);
	der_close(b, outer);
	buf_clear(&y);
}

static const struct dsa_case dsas[] = {
    {128, 20, 128, 128, 0x80, 1, 0x80, 1, 0x70, 0x70, 0, 1024},
    {512, 32, 100, 100, 0x80, 1, 0x80, 1, 0x70, 0x70, 0, 4096},
    {64, 20, 1, 1, 0x80, 1, 0x80, 1, 2, 2, 0, 512},
    /* p too long, too short, even; q too long, too short, even */
    {513, 32, 128, 128, 1, 1, 0x80, 1, 0x70, 0x70, -CS_ERR_UNSUPPORTED, 0},
    {63, 20, 60, 60, 0x80, 1, 0x80, 1, 0x70, 0x70, -CS_ERR_UNSUPPORTED, 0},
    {128, 20, 128, 128, 0x80, 2, 0x80, 1, 0x70, 0x70, -CS_ERR_ENCODING, 0},
    {128, 33, 128, 128, 0x80, 1, 1, 1, 0x70, 0x70, -CS_ERR_UNSUPPORTED, 0},
    {128, 19, 128, 128, 0x80, 1, 0xff, 1, 0x70, 0x70, -CS_ERR_UNSUPPORTED, 0},
    {128, 20, 128, 128, 0x80, 1, 0x80, 2, 0x70, 0x70, -CS_ERR_ENCODING, 0},
    /* g and y: 1, above p, longer than p */
    {128, 20, 1, 128, 0x80, 1, 0x80, 1, 1, 0x70, -CS_ERR_ENCODING, 0},
    {128, 20, 128, 1, 0x80, 1, 0x80, 1, 0x70, 1, -CS_ERR_ENCODING, 0},
    {128, 20, 1, 128, 0x80, 1, 0x80, 1, 0, 0x70, -CS_ERR_ENCODING, 0},
    {128, 20, 128, 128, 0x80, 1, 0x80, 1, 0x81, 0x70, -CS_ERR_ENCODING, 0},
    {128, 20, 128, 128, 0x80, 1, 0x80, 1, 0x70, 0x81, -CS_ERR_ENCODING, 0},
    {128, 20, 128, 129, 0x80, 1, 0x80, 1, 0x70, 1, -CS_ERR_ENCODING, 0},
};

START_TEST(dsa_bounds)
{
	struct err e = ERR_INIT;
	struct buf b = {0};
	struct spki key;
	int r;

	make_dsa(&b, &dsas[_i]);
	r = spki_decode(buf_get(&b), &key, &e);
	unit_assert_code(r, dsas[_i].code);
	ck_assert_int_eq(e.code, r);
	ck_assert_uint_eq(key.bits, dsas[_i].bits);
	if (r == 0)
		ck_assert_uint_eq(spki_signature_len_max(&key), 72);
	buf_clear(&b);
}
END_TEST

START_TEST(dsa_with_inherited_parameters)
{
	struct spki key;

	unit_assert_code(spki_decode(unit_hex("3011 3009 0607 2a8648ce380401 "
					      "0304 00 020103"),
			     &key, NULL),
	    0);
	ck_assert_int_eq(key.alg, ALG_DSA);
	ck_assert_uint_eq(key.bits, 0);
	ck_assert_uint_eq(spki_signature_len_max(&key), 0);
	unit_assert_code(spki_decode(unit_hex("3010 3009 0607 2a8648ce380401 "
					      "0303 00 0500"),
			     &key, NULL),
	    -CS_ERR_ENCODING);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spki");
	TCase *tcase = tcase_create("spki");

	tcase_add_test(tcase, reads_okp_keys);
	tcase_add_loop_test(
	    tcase, okp_lengths, 0, sizeof(okps) / sizeof(okps[0]));
	tcase_add_loop_test(
	    tcase, rsa_bounds, 0, sizeof(rsas) / sizeof(rsas[0]));
	tcase_add_loop_test(
	    tcase, reads_points, 0, sizeof(curves) / sizeof(curves[0]));
	tcase_add_loop_test(
	    tcase, refuses_bad_keys, 0, sizeof(bad_keys) / sizeof(bad_keys[0]));
	tcase_add_loop_test(tcase, unknown_keys_are_no_error, 0,
	    sizeof(unknown_keys) / sizeof(unknown_keys[0]));
	tcase_add_loop_test(
	    tcase, dsa_bounds, 0, sizeof(dsas) / sizeof(dsas[0]));
	tcase_add_test(tcase, dsa_with_inherited_parameters);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
