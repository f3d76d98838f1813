#include <string.h>

#include "asn1/alg/cipher.h"
#include "tests/unit/unit.h"

static const enum alg ciphers[] = {ALG_AES128_CBC, ALG_AES192_CBC,
    ALG_AES256_CBC, ALG_DES_EDE3_CBC, ALG_AES128_GCM, ALG_AES192_GCM,
    ALG_AES256_GCM, ALG_CHACHA20_POLY1305};
#define CIPHERS (int)(sizeof(ciphers) / sizeof(ciphers[0]))

static const struct {
	const char *hex;
	int code;
	enum alg alg;
	size_t iv_len, tag_len;
} ids[] = {
    {"301d 0609 60864801650304012a 0410 000102030405060708090a0b0c0d0e0f", 0,
	ALG_AES256_CBC, 16, 0},
    {"3014 0608 2a864886f70d0307 0408 0001020304050607", 0, ALG_DES_EDE3_CBC, 8,
	0},
    {"301e 0609 60864801650304012e 3011 040c 000102030405060708090a0b 020110",
	0, ALG_AES256_GCM, 12, 16},
    /* absent and explicit default tag length */
    {"301b 0609 60864801650304012e 300e 040c 000102030405060708090a0b", 0,
	ALG_AES256_GCM, 12, 12},
    {"301e 0609 60864801650304012e 3011 040c 000102030405060708090a0b 02010c",
	0, ALG_AES256_GCM, 12, 12},
    {"3022 0609 60864801650304012e 3015 0410 000102030405060708090a0b0c0d0e0f"
     "02010d",
	0, ALG_AES256_GCM, 16, 13},
    {"301b 060b 2a864886f70d0109100312 040c 000102030405060708090a0b", 0,
	ALG_CHACHA20_POLY1305, 12, 16},
    /* faults */
    {"301c 0609 60864801650304012a 040f 000102030405060708090a0b0c0d0e",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301e 0609 60864801650304012a 0411 000102030405060708090a0b0c0d0e0f10",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"300b 0609 60864801650304012a", -CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"300d 0609 60864801650304012a 0500", -CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"300d 0609 60864801650304012a 0400", -CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"300b 0609 60864801650304012e", -CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301e 0609 60864801650304012e 3011 040c 000102030405060708090a0b 02010b",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301e 0609 60864801650304012e 3011 040c 000102030405060708090a0b 020111",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301e 0609 60864801650304012e 3011 040c 000102030405060708090a0b 020100",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301f 0609 60864801650304012e 3012 040c 000102030405060708090a0b "
     "02020110",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301e 0609 60864801650304012e 3011 040c 000102030405060708090a0b 020190",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301d 0609 60864801650304012e 3010 040b 000102030405060708090a 020110",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"3023 0609 60864801650304012e 3016 0411 "
     "000102030405060708090a0b0c0d0e0f10 020110",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"3020 0609 60864801650304012e 3013 040c 000102030405060708090a0b 020110 "
     "0500",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"3019 0609 60864801650304012e 040c 000102030405060708090a0b",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"301f 060b 2a864886f70d0109100312 0410 000102030405060708090a0b0c0d0e0f",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    /* RC2 with 40 bits; with other numbers of them; without the version */
    {"301a 0608 2a864886f70d0302 300e 0202 00a0 0408 0001020304050607", 0,
	ALG_RC2_CBC, 8, 0},
    {"301a 0608 2a864886f70d0302 300e 0202 00a1 0408 0001020304050607",
	-CS_ERR_ENCODING, ALG_NONE, 0, 0},
    {"3016 0608 2a864886f70d0302 300a 0408 0001020304050607", -CS_ERR_ENCODING,
	ALG_NONE, 0, 0},
    {"3014 0608 2a864886f70d0302 0408 0001020304050607", -CS_ERR_ENCODING,
	ALG_NONE, 0, 0},
    {"300b 0609 608648016503040201", -CS_ERR_ALGORITHM, ALG_NONE, 0, 0},
    {"3005 0603 2a0304", -CS_ERR_ALGORITHM, ALG_NONE, 0, 0},
};

START_TEST(decodes_parameters)
{
	struct cipher_params params;
	struct err e = ERR_INIT;
	struct alg_id id;

	unit_assert_code(alg_id_decode(unit_hex(ids[_i].hex), &id), 0);
	unit_assert_code(cipher_params_decode(&id, &params, &e), ids[_i].code);
	ck_assert_int_eq(e.code, ids[_i].code);
	ck_assert_int_eq(params.alg, ids[_i].alg);
	ck_assert_uint_eq(params.iv_len, ids[_i].iv_len);
	ck_assert_uint_eq(params.tag_len, ids[_i].tag_len);
	if (ids[_i].iv_len != 0)
		ck_assert_uint_eq(
		    params.iv[ids[_i].iv_len - 1], ids[_i].iv_len - 1);
}
END_TEST

START_TEST(parameters_come_back)
{
	struct cipher_params params, back;
	struct buf b = {0};
	struct alg_id id;

	unit_assert_code(cipher_params_new(ciphers[_i], &params), 0);
	der_put_cipher_params(&b, &params);
	unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
	unit_assert_code(cipher_params_decode(&id, &back, NULL), 0);
	ck_assert_int_eq(back.alg, ciphers[_i]);
	ck_assert_uint_eq(back.tag_len, params.tag_len);
	unit_assert_bytes(
	    bytes_of(back.iv, back.iv_len), bytes_of(params.iv, params.iv_len));
	buf_clear(&b);
	/* a new IV each time */
	unit_assert_code(cipher_params_new(ciphers[_i], &back), 0);
	ck_assert_mem_ne(back.iv, params.iv, params.iv_len);
}
END_TEST

START_TEST(no_parameters_for_others)
{
	struct cipher_params params;

	unit_assert_code(
	    cipher_params_new(ALG_RC2_CBC, &params), -CS_ERR_ALGORITHM);
	unit_assert_code(
	    cipher_params_new(ALG_SHA256, &params), -CS_ERR_ALGORITHM);
	ck_assert_uint_eq(cipher_key_len(ALG_AES128_WRAP), 0);
	ck_assert(!cipher_is_aead(ALG_AES128_CBC));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cipher_params");
	TCase *tcase = tcase_create("cipher_params");

	tcase_add_loop_test(
	    tcase, decodes_parameters, 0, sizeof(ids) / sizeof(ids[0]));
	tcase_add_loop_test(tcase, parameters_come_back, 0, CIPHERS);
	tcase_add_test(tcase, no_parameters_for_others);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
