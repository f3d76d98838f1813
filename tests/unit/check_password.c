#include "config.h"

#include <string.h>

#include "asn1/alg/keywrap.h"
#include "asn1/alg/pbkdf2.h"
#include "asn1/alg/pwri.h"
#include "asn1/alg/random.h"
#include "tests/unit/unit.h"

/* --- PBKDF2 --- */

/* RFC 6070 2, RFC 7914 11, RFC 3211 3; those with other digests were made with
 * Python's hashlib. */
static const struct {
	enum alg prf;
	const char *password;
	const char *salt;
	unsigned iterations;
	const char *key;
} derivations[] = {
    {ALG_HMAC_SHA1, "password", "73616c74", 1,
	"0c60c80f961f0e71f3a9b524af6012062fe037a6"},
    {ALG_HMAC_SHA1, "password", "73616c74", 4096,
	"4b007901b765489abead49d926f721d065a429c1"},
    {ALG_HMAC_SHA1, "password", "1234567878563412", 5, "d1daa78615f287e6"},
    {ALG_HMAC_SHA1,
	"All n-entities must communicate with other n-entities via n-1 "
	"entiteeheehees",
	"1234567878563412", 500,
	"6a8970bf68c92caea84a8df28510858607126380cc47ab2d"},
    {ALG_HMAC_SHA256, "passwd", "73616c74", 1,
	"55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
	"49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
    {ALG_HMAC_SHA224, "passwd", "73616c74", 3,
	"177f1ce2e29ffaa39be0f337881f14707d97f431"},
    {ALG_HMAC_SHA384, "passwd", "73616c74", 3,
	"5329c1b022a728be4534cd3cfd55bc3877f3ec1d"},
    {ALG_HMAC_SHA512, "passwd", "73616c74", 3,
	"2ad6a1074a28addf332db771afaa5928b0bebc60"},
};

START_TEST(pbkdf2_vectors)
{
	struct bytes want = unit_hex(derivations[_i].key);
	struct pbkdf2_params params = {
	    .prf = derivations[_i].prf,
	    .salt = unit_hex(derivations[_i].salt),
	    .iterations = derivations[_i].iterations,
	};
	const char *text = derivations[_i].password;
	struct secret *password = secret_new_from(text, strlen(text));
	struct secret *key = pbkdf2_derive(&params, password, want.len);

	ck_assert_ptr_nonnull(key);
	unit_assert_bytes(secret_get_bytes(key), want);
	secret_free(key);
	secret_free(password);
}
END_TEST

static int
decode_pbkdf2(const char *hex, struct pbkdf2_params *params)
{
	struct alg_id id;

	unit_assert_code(alg_id_decode(unit_hex(hex), &id), 0);
	return pbkdf2_params_decode(&id, params, NULL);
}

START_TEST(pbkdf2_params_round_trip)
{
	struct pbkdf2_params params = {.prf = ALG_HMAC_SHA256,
	    .salt = BYTES_LIT("12345678"),
	    .iterations = 600000};
	struct pbkdf2_params got;
	struct buf b = {0};
	struct alg_id id;

	der_put_pbkdf2_params(&b, DER_SEQUENCE, &params);
	unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
	unit_assert_code(pbkdf2_params_decode(&id, &got, NULL), 0);
	ck_assert_int_eq(got.prf, ALG_HMAC_SHA256);
	ck_assert_uint_eq(got.iterations, 600000);
	unit_assert_bytes(got.salt, params.salt);
	ck_assert_uint_eq(got.key_len, 0);
	buf_clear(&b);
}
END_TEST

START_TEST(pbkdf2_params_bounds)
{
	struct pbkdf2_params got;

	/* the PRF left out is HMAC-SHA-1; a key length is allowed */
	unit_assert_code(decode_pbkdf2("301a 06092a864886f70d01050c 300d"
				       "0404 01020304 0202 0800 020110",
			     &got),
	    0);
	ck_assert_int_eq(got.prf, ALG_HMAC_SHA1);
	ck_assert_uint_eq(got.iterations, 2048);
	ck_assert_uint_eq(got.key_len, 16);
	/* no iteration; 2^31; a salt to be chosen otherwise; another PRF */
	unit_assert_code(decode_pbkdf2("3016 06092a864886f70d01050c 3009"
				       "0404 01020304 0201 00",
			     &got),
	    -CS_ERR_ENCODING);
	unit_assert_code(decode_pbkdf2("301a 06092a864886f70d01050c 300d"
				       "0404 01020304 0205 0080000000",
			     &got),
	    -CS_ERR_TOO_LARGE);
	unit_assert_code(decode_pbkdf2("3019 06092a864886f70d01050c 300c"
				       "3006 06022a03 0500 0202 0800",
			     &got),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(decode_pbkdf2("301d 06092a864886f70d01050c 3010"
				       "0404 01020304 0202 0800"
				       "3004 0602 2a03",
			     &got),
	    -CS_ERR_ALGORITHM);
	/* scrypt */
	unit_assert_code(decode_pbkdf2("300b 06092b06010401da47040b", &got),
	    -CS_ERR_ALGORITHM);
}
END_TEST

START_TEST(pbkdf2_limits)
{
	struct pbkdf2_params params = {
	    .prf = ALG_HMAC_SHA256, .salt = BYTES_LIT("x"), .iterations = 1};
	struct secret *password = secret_new_from("p", 1);

	ck_assert_ptr_null(pbkdf2_derive(&params, password, 0));
	ck_assert_ptr_null(pbkdf2_derive(&params, password, 65));
	params.prf = ALG_SHA256;
	ck_assert_ptr_null(pbkdf2_derive(&params, password, 16));
	params.prf = ALG_HMAC_SHA256;
	params.iterations = 0;
	ck_assert_ptr_null(pbkdf2_derive(&params, password, 16));
	secret_free(password);
}
END_TEST

/* --- PWRI-KEK --- */

static const enum alg blocks[] = {
    ALG_AES128_CBC, ALG_AES192_CBC, ALG_AES256_CBC, ALG_DES_EDE3_CBC};

START_TEST(pwri_round_trip)
{
	struct cipher_params cipher, got;
	struct secret *kek, *key, *back;
	struct buf b = {0}, wrapped = {0};
	struct alg_id id;
	size_t len;

	unit_assert_code(cipher_params_new(blocks[_i], &cipher), 0);
	der_put_pwri_params(&b, &cipher);
	unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
	unit_assert_code(pwri_params_decode(&id, &got, NULL), 0);
	ck_assert_int_eq(got.alg, cipher.alg);
	kek = random_secret(cipher_key_len(cipher.alg));
	for (len = PWRI_KEY_MIN; len <= PWRI_KEY_MAX; len++) {
		key = random_secret(len);
		unit_assert_code(pwri_wrap(&got, kek, key, &wrapped), 0);
		back = pwri_unwrap(&got, kek, buf_get(&wrapped));
		ck_assert_ptr_nonnull(back);
		ck_assert(secret_is_equal(key, back));
		secret_free(back);
		/* not longer, not of part of a block */
		ck_assert_ptr_null(pwri_unwrap(
		    &got, kek, bytes_of(wrapped.data, wrapped.len - 1)));
		secret_free(key);
		buf_reset(&wrapped);
	}
	secret_free(kek);
	buf_clear(&b);
	buf_clear(&wrapped);
}
END_TEST

START_TEST(pwri_refuses)
{
	struct secret *kek = random_secret(32), *other = random_secret(32);
	struct secret *key = random_secret(32), *shorter = random_secret(2);
	struct buf wrapped = {0}, b = {0};
	struct cipher_params cipher;
	struct alg_id id;
	struct err e = ERR_INIT;
	unsigned i, passed = 0;

	unit_assert_code(cipher_params_new(ALG_AES256_CBC, &cipher), 0);
	unit_assert_code(
	    pwri_wrap(&cipher, kek, shorter, &wrapped), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    pwri_wrap(&cipher, key, kek, &wrapped), 0); /* any key */
	buf_reset(&wrapped);
	unit_assert_code(pwri_wrap(&cipher, kek, key, &wrapped), 0);
	ck_assert_ptr_null(pwri_unwrap(&cipher, other, buf_get(&wrapped)));
	ck_assert_ptr_null(pwri_unwrap(&cipher, shorter, buf_get(&wrapped)));
	for (i = 0; i < 8 * wrapped.len; i++) {
		struct secret *back;

		wrapped.data[i / 8] ^= (uint8_t)(1U << i % 8);
		back = pwri_unwrap(&cipher, kek, buf_get(&wrapped));
		/* the check covers three octets of the key */
		if (back != NULL && secret_is_equal(back, key))
			passed++;
		secret_free(back);
		wrapped.data[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	ck_assert_uint_eq(passed, 0);
	/* another wrap; a cipher without blocks */
	unit_assert_code(
	    alg_id_decode(unit_hex("300b 0609608648016503040105"), &id), 0);
	unit_assert_code(
	    pwri_params_decode(&id, &cipher, &e), -CS_ERR_ALGORITHM);
	ck_assert_ptr_nonnull(strstr(e.text, "aes128-wrap"));
	unit_assert_code(cipher_params_new(ALG_AES256_GCM, &cipher), 0);
	der_put_pwri_params(&b, &cipher);
	unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
	unit_assert_code(
	    pwri_params_decode(&id, &cipher, &e), -CS_ERR_ALGORITHM);
	secret_free(kek);
	secret_free(other);
	secret_free(key);
	secret_free(shorter);
	buf_clear(&wrapped);
	buf_clear(&b);
}
END_TEST

/* --- Triple-DES key wrap --- */

START_TEST(rfc3217_vector)
{
	/* RFC 3217 3.4 */
	struct bytes cek = unit_hex("2923bf85e06dd6ae 529149f1f1bae9ea"
				    "b3a7da3d860d3e98");
	struct bytes kek = unit_hex("255e0d1c07b646df b3134cc843ba8aa7"
				    "1f025b7c0838251f");
	struct bytes wrapped = unit_hex("690107618ef092b3 b48ca1796b234ae9"
					"fa33ebb415960403 7db5d6a84eb3aac2"
					"768c632775a467d4");
	struct secret *k = secret_new_from(kek.p, kek.len);
	struct secret *key = key_unwrap(ALG_DES3_WRAP, k, wrapped);
	uint8_t bad[40];

	ck_assert_ptr_nonnull(key);
	unit_assert_bytes(secret_get_bytes(key), cek);
	memcpy(bad, wrapped.p, sizeof(bad));
	bad[20] ^= 1;
	ck_assert_ptr_null(des3_unwrap(k, bytes_of(bad, sizeof(bad))));
	ck_assert_ptr_null(des3_unwrap(k, bytes_of(bad, 32)));
	ck_assert_ptr_null(key_unwrap(ALG_AES128_WRAP, k, wrapped));
	ck_assert_ptr_null(key_unwrap(ALG_AES128_CBC, k, wrapped));
	secret_free(k);
	secret_free(key);
}
END_TEST

/* --- RC2 (RFC 3370 5.2) --- */

static const struct {
	const char *version; /* INTEGER */
	size_t key_len;
} rc2s[] = {{"020200a0", 5}, {"020178", 8}, {"02013a", 16}, {"02013b", 0},
    {"020180", 0}};

START_TEST(rc2_lengths)
{
	struct bytes version = unit_hex(rc2s[_i].version);
	struct buf b = {0};
	struct alg_id id;
	size_t mark = der_open(&b, DER_SEQUENCE), inner;

	der_put_oid(&b, OID_RC2_CBC);
	inner = der_open(&b, DER_SEQUENCE);
	buf_add_bytes(&b, version);
	der_put(&b, DER_OCTET_STRING, BYTES_LIT("12345678"));
	der_close(&b, inner);
	der_close(&b, mark);
	unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
	ck_assert_uint_eq(content_key_len(&id), rc2s[_i].key_len);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("password");
	TCase *tcase = tcase_create("password");

	if (alg_init(NULL) != 0)
		return 1;
	tcase_add_loop_test(tcase, pbkdf2_vectors, 0,
	    sizeof(derivations) / sizeof(derivations[0]));
	tcase_add_test(tcase, pbkdf2_params_round_trip);
	tcase_add_test(tcase, pbkdf2_params_bounds);
	tcase_add_test(tcase, pbkdf2_limits);
	tcase_add_loop_test(
	    tcase, pwri_round_trip, 0, sizeof(blocks) / sizeof(blocks[0]));
	tcase_add_test(tcase, pwri_refuses);
	tcase_add_test(tcase, rfc3217_vector);
	tcase_add_loop_test(
	    tcase, rc2_lengths, 0, sizeof(rc2s) / sizeof(rc2s[0]));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
