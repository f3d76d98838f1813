#include <string.h>

#include "asn1/alg/keywrap.h"
#include "tests/unit/unit.h"

static struct secret *
secret_hex(const char *hex)
{
	struct bytes b = unit_hex(hex);
	struct secret *s = secret_new_from(b.p, b.len);

	ck_assert_ptr_nonnull(s);
	return s;
}

/* RFC 3394 4.1 to 4.6 */
#define DATA_16 "00112233445566778899AABBCCDDEEFF"
#define KEK_16 "000102030405060708090A0B0C0D0E0F"
#define KEK_24 KEK_16 "1011121314151617"
#define KEK_32 KEK_24 "18191A1B1C1D1E1F"
static const struct {
	const char *kek, *key, *wrapped;
} wraps[] = {
    {KEK_16, DATA_16, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"},
    {KEK_24, DATA_16, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D"},
    {KEK_32, DATA_16, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"},
    {KEK_24, DATA_16 "0001020304050607",
	"031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2"},
    {KEK_32, DATA_16 "0001020304050607",
	"A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1"},
    {KEK_32, DATA_16 "000102030405060708090A0B0C0D0E0F",
	"28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326"
	"CBC7F0E71A99F43BFB988B9B7A02DD21"},
};

START_TEST(rfc3394_vectors)
{
	struct secret *kek = secret_hex(wraps[_i].kek);
	struct secret *key = secret_hex(wraps[_i].key), *back;
	struct bytes wrapped = unit_hex(wraps[_i].wrapped);
	struct buf b = {0};
	uint8_t copy[64];
	size_t i;

	buf_add_str(&b, "x"); /* it appends */
	unit_assert_code(aes_wrap(kek, key, &b), 0);
	unit_assert_bytes(bytes_of(b.data + 1, b.len - 1), wrapped);
	back = aes_unwrap(kek, wrapped);
	ck_assert_ptr_nonnull(back);
	ck_assert(secret_is_equal(back, key));
	secret_free(back);
	memcpy(copy, wrapped.p, wrapped.len);
	for (i = 0; i < 8 * wrapped.len; i++) {
		copy[i / 8] = (uint8_t)(copy[i / 8] ^ 1U << i % 8);
		ck_assert_ptr_null(
		    aes_unwrap(kek, bytes_of(copy, wrapped.len)));
		copy[i / 8] = (uint8_t)(copy[i / 8] ^ 1U << i % 8);
	}
	for (i = 0; i < wrapped.len; i++)
		ck_assert_ptr_null(aes_unwrap(kek, bytes_of(copy, i)));
	secret_get(kek)[0] ^= 1;
	ck_assert_ptr_null(aes_unwrap(kek, wrapped));
	secret_free(kek);
	secret_free(key);
	buf_clear(&b);
}
END_TEST

START_TEST(wrap_lengths)
{
	static const uint8_t zero[SECRET_LEN_MAX + 16];
	struct secret *kek = secret_hex(KEK_16), *odd = secret_new(20);
	struct secret *small = secret_new(8), *none = secret_new(0);
	struct secret *bad_kek = secret_new(17);
	struct buf b = {0};

	unit_assert_code(aes_wrap(kek, odd, &b), -CS_ERR_ARGUMENT);
	unit_assert_code(aes_wrap(kek, small, &b), -CS_ERR_ARGUMENT);
	unit_assert_code(aes_wrap(kek, none, &b), -CS_ERR_ARGUMENT);
	unit_assert_code(aes_wrap(bad_kek, kek, &b), -CS_ERR_ARGUMENT);
	ck_assert_ptr_null(aes_unwrap(bad_kek, unit_hex(wraps[0].wrapped)));
	ck_assert_ptr_null(aes_unwrap(kek, bytes_of(zero, 16)));
	ck_assert_ptr_null(aes_unwrap(kek, bytes_of(zero, sizeof(zero))));
	ck_assert_uint_eq(b.len, 0);
	secret_free(kek);
	secret_free(odd);
	secret_free(small);
	secret_free(none);
	secret_free(bad_kek);
}
END_TEST

/* NIST CAVP, "ANSI X9.63 KDF" (CAVS 12.0), first of their groups. */
static const struct {
	enum alg digest;
	const char *shared, *info, *out;
} x963s[] = {
    {ALG_SHA256, "96c05619d56c328ab95fe84b18264b08725b85e33fd34f08", "",
	"443024c3dae66b95e6f5670601558f71"},
    {ALG_SHA256, "22518b10e70f2a3f243810ae3254139efbee04aa57c7af7d",
	"75eef81aa3041e33b80971203d2c0c52",
	"c498af77161cc59f2962b9a713e2b215152d139766ce34a776df11866a69bf2e"
	"52a13d9c7c6fc878c50c5ea0bc7b00e0da2447cfd874f6cf92f30d0097111485"
	"500c90c3af8b487872d04685d14c8d1dc8d7fa08beb0ce0ababc11f0bd496269"
	"142d43525a78e5bc79a17f59676a5706dc54d54d4d1f0bd7e386128ec26afc21"},
};

START_TEST(x963_vectors)
{
	struct secret *shared = secret_hex(x963s[_i].shared), *out;
	struct bytes want = unit_hex(x963s[_i].out);

	out = kdf_x963(
	    x963s[_i].digest, shared, unit_hex(x963s[_i].info), want.len);
	ck_assert_ptr_nonnull(out);
	unit_assert_bytes(secret_get_bytes(out), want);
	secret_free(out);
	secret_free(shared);
}
END_TEST

/* RFC 5869 A.1, A.2, A.3 and A.4 */
static const struct {
	enum alg digest;
	const char *shared, *salt, *info, *out;
} hkdfs[] = {
    {ALG_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
	"000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
	"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	"34007208d5b887185865"},
    {ALG_SHA256,
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
	"404142434445464748494a4b4c4d4e4f",
	"606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
	"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
	"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	"b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
	"d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
	"59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
	"cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {ALG_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	"9d201395faa4b61a96c8"},
    {ALG_SHA1, "0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
	"f0f1f2f3f4f5f6f7f8f9",
	"085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2"
	"c22e422478d305f3f896"},
};

START_TEST(hkdf_vectors)
{
	struct secret *shared = secret_hex(hkdfs[_i].shared), *out;
	struct bytes want = unit_hex(hkdfs[_i].out);

	out = kdf_hkdf(hkdfs[_i].digest, shared, unit_hex(hkdfs[_i].salt),
	    unit_hex(hkdfs[_i].info), want.len);
	ck_assert_ptr_nonnull(out);
	unit_assert_bytes(secret_get_bytes(out), want);
	secret_free(out);
	secret_free(shared);
}
END_TEST

START_TEST(kdf_limits)
{
	struct secret *shared = secret_new(32), *out;

	ck_assert_ptr_null(kdf_x963(ALG_NONE, shared, BYTES_NONE, 16));
	ck_assert_ptr_null(kdf_x963(ALG_SHA256, shared, BYTES_NONE, 0));
	ck_assert_ptr_null(
	    kdf_x963(ALG_SHA256, shared, BYTES_NONE, SECRET_LEN_MAX + 1));
	ck_assert_ptr_null(
	    kdf_hkdf(ALG_RSA, shared, BYTES_NONE, BYTES_NONE, 16));
	ck_assert_ptr_null(
	    kdf_hkdf(ALG_SHA256, shared, BYTES_NONE, BYTES_NONE, 0));
	ck_assert_ptr_null(
	    kdf_hkdf(ALG_MD5, shared, BYTES_NONE, BYTES_NONE, 255 * 16 + 1));
	out = kdf_hkdf(ALG_MD5, shared, BYTES_NONE, BYTES_NONE, 255 * 16);
	ck_assert_ptr_nonnull(out);
	secret_free(out);
	secret_free(shared);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("keywrap");
	TCase *tcase = tcase_create("keywrap");

	tcase_add_loop_test(
	    tcase, rfc3394_vectors, 0, sizeof(wraps) / sizeof(wraps[0]));
	tcase_add_test(tcase, wrap_lengths);
	tcase_add_loop_test(
	    tcase, x963_vectors, 0, sizeof(x963s) / sizeof(x963s[0]));
	tcase_add_loop_test(
	    tcase, hkdf_vectors, 0, sizeof(hkdfs) / sizeof(hkdfs[0]));
	tcase_add_test(tcase, kdf_limits);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
