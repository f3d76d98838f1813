#include "asn1/recipient_info.h"
#include "tests/unit/unit.h"

#include <string.h>

#define DIR "tests/vectors/cms/"
#define NAME "30 0d 31 0b 30 09 06 03 55 04 03 0c 02 41 42 "
#define ISSUER_SERIAL "30 12 " NAME "02 01 01 "
#define RSA "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 "
#define WRAP "30 0b 06 09 60 86 48 01 65 03 04 01 2d "

static struct buf file;

static struct recipient_info
read_vector(const char *path)
{
	struct recipient_info info;
	struct err e = ERR_INIT;

	buf_reset(&file);
	unit_read_file(&file, path);
	unit_assert_code(recipient_info_decode(buf_get(&file), &info, &e), 0);
	unit_assert_bytes(info.raw, buf_get(&file));
	return info;
}

START_TEST(reads_key_transport)
{
	struct recipient_info info = read_vector(DIR "ktri.der");
	struct buf again = {0};

	ck_assert_int_eq(info.kind, RECIPIENT_KTRI);
	ck_assert_uint_eq(info.version, 0);
	ck_assert(!cert_id_has_key_id(&info.rid));
	ck_assert_uint_eq(info.rid.serial.len, 20);
	ck_assert_int_eq(info.key_enc_alg.known, OID_RSA);
	ck_assert_uint_eq(info.encrypted_key.len, 256);
	der_put_ktri(&again, &info);
	unit_assert_bytes(buf_get(&again), buf_get(&file));
	buf_reset(&again);

	info = read_vector(DIR "ktri-keyid.der");
	ck_assert_uint_eq(info.version, 2);
	ck_assert_uint_eq(info.rid.key_id.len, 20);
	ck_assert_int_eq(info.key_enc_alg.known, OID_RSA_OAEP);
	der_put_ktri(&again, &info);
	unit_assert_bytes(buf_get(&again), buf_get(&file));
	buf_clear(&again);
	buf_clear(&file);
}
END_TEST

START_TEST(reads_key_agreement)
{
	static const char *const paths[] = {
	    DIR "kari.der", DIR "kari-keyid.der"};
	struct recipient_info info = read_vector(paths[_i]);
	struct recipient_key key, walked;
	struct buf again = {0};
	struct der d;

	ck_assert_int_eq(info.kind, RECIPIENT_KARI);
	ck_assert_uint_eq(info.version, 3);
	ck_assert_uint_eq(info.originator_key.len, 65);
	ck_assert_int_eq(info.originator_alg.known, OID_EC_PUBLIC_KEY);
	ck_assert_int_eq(info.key_enc_alg.known, OID_ECDH_STD_SHA1_KDF);
	ck_assert(!info.has_ukm);
	ck_assert_uint_eq(info.keys_count, 1);
	unit_assert_code(recipient_info_get_key(&info, 0, &key), 0);
	ck_assert(cert_id_has_key_id(&key.rid) == (_i == 1));
	ck_assert_uint_eq(key.encrypted_key.len, 40);
	der_init(&d, info.keys);
	ck_assert(recipient_key_next(&d, &walked));
	unit_assert_bytes(walked.encrypted_key, key.encrypted_key);
	ck_assert(!recipient_key_next(&d, &walked));
	unit_assert_code(der_end(&d), 0);
	unit_assert_code(
	    recipient_info_get_key(&info, 1, &walked), -CS_ERR_ARGUMENT);
	ck_assert_uint_eq(walked.encrypted_key.len, 0);
	der_put_kari(&again, &info, &key);
	unit_assert_bytes(buf_get(&again), buf_get(&file));
	buf_clear(&again);
	buf_clear(&file);
}
END_TEST

START_TEST(writes_user_keying_material)
{
	struct recipient_info info = read_vector(DIR "kari.der"), got;
	struct recipient_key key;
	struct buf b = {0};

	unit_assert_code(recipient_info_get_key(&info, 0, &key), 0);
	info.has_ukm = true;
	info.ukm = unit_hex("01 02 03");
	der_put_kari(&b, &info, &key);
	unit_assert_code(recipient_info_decode(buf_get(&b), &got, NULL), 0);
	ck_assert(got.has_ukm);
	unit_assert_bytes(got.ukm, info.ukm);
	buf_clear(&b);
	buf_clear(&file);
}
END_TEST

START_TEST(reads_symmetric_kinds)
{
	struct recipient_info info = read_vector(DIR "kekri.der");

	ck_assert_int_eq(info.kind, RECIPIENT_KEKRI);
	ck_assert_uint_eq(info.version, 4);
	unit_assert_bytes(info.kek_id, unit_hex("0a 0b 0c"));
	ck_assert_int_eq(info.key_enc_alg.known, OID_AES128_WRAP);
	ck_assert_uint_eq(info.encrypted_key.len, 40);

	info = read_vector(DIR "pwri.der");
	ck_assert_int_eq(info.kind, RECIPIENT_PWRI);
	ck_assert_uint_eq(info.version, 0);
	ck_assert(info.has_kdf);
	ck_assert_int_eq(info.kdf.known, OID_PBKDF2);
	ck_assert_int_eq(info.key_enc_alg.known, OID_PWRI_KEK);
	ck_assert_uint_eq(info.encrypted_key.len, 48);
	buf_clear(&file);
}
END_TEST

/* KARI with the originator by certificate, all optional fields of
 * RecipientKeyIdentifier, and two recipients. */
#define KARI_STATIC                                                     \
	"a1 77 02 01 03 a0 14 " ISSUER_SERIAL "a1 04 04 02 aa bb " WRAP \
	"30 49 "                                                        \
	"30 2e a0 28 04 02 01 02 "                                      \
	"18 0f 32 30 32 36 30 31 30 31 30 30 30 30 30 30 5a "           \
	"30 11 06 03 2a 03 04 04 0a 00 00 00 00 00 00 00 00 00 00 "     \
	"04 02 c0 c1 "                                                  \
	"30 17 " ISSUER_SERIAL "04 01 d0 "

START_TEST(reads_static_key_agreement)
{
	struct recipient_info info;
	struct recipient_key key;

	unit_assert_code(
	    recipient_info_decode(unit_hex(KARI_STATIC), &info, NULL), 0);
	unit_assert_bytes(info.originator.serial, unit_hex("01"));
	ck_assert_uint_eq(info.originator_key.len, 0);
	ck_assert(info.has_ukm);
	unit_assert_bytes(info.ukm, unit_hex("aa bb"));
	ck_assert_uint_eq(info.keys_count, 2);
	unit_assert_code(recipient_info_get_key(&info, 0, &key), 0);
	unit_assert_bytes(key.rid.key_id, unit_hex("01 02"));
	unit_assert_code(recipient_info_get_key(&info, 1, &key), 0);
	unit_assert_bytes(key.rid.serial, unit_hex("01"));
	unit_assert_bytes(key.encrypted_key, unit_hex("d0"));
}
END_TEST

/* RFC 9629 3, with an RSA-KEM that nobody here knows. */
#define KEMRI                                                   \
	"a4 5c 06 0b 2a 86 48 86 f7 0d 01 09 10 0d 03 "         \
	"30 4d 02 01 00 " ISSUER_SERIAL "30 05 06 03 2a 03 04 " \
	"04 03 01 02 03 30 05 06 03 2a 03 05 02 01 20 "         \
	"a0 07 04 05 68 65 6c 6c 6f " WRAP "04 08 00 01 02 03 04 05 06 07 "

START_TEST(reads_other_kinds)
{
	struct recipient_info info;

	unit_assert_code(
	    recipient_info_decode(unit_hex(KEMRI), &info, NULL), 0);
	ck_assert_int_eq(info.kind, RECIPIENT_KEMRI);
	unit_assert_bytes(info.ori_type, oid_get(OID_ORI_KEM));
	unit_assert_bytes(info.rid.serial, unit_hex("01"));
	unit_assert_bytes(info.kem.oid, unit_hex("2a 03 04"));
	unit_assert_bytes(info.kem_ct, unit_hex("01 02 03"));
	unit_assert_bytes(info.kdf.oid, unit_hex("2a 03 05"));
	ck_assert_uint_eq(info.kek_len, 32);
	ck_assert(info.has_ukm);
	ck_assert_int_eq(info.key_enc_alg.known, OID_AES256_WRAP);
	ck_assert_uint_eq(info.encrypted_key.len, 8);
	unit_assert_code(
	    recipient_info_decode(
		unit_hex("a4 08 06 03 2a 03 09 02 01 05"), &info, NULL),
	    0);
	ck_assert_int_eq(info.kind, RECIPIENT_ORI);
	unit_assert_bytes(info.ori_type, unit_hex("2a 03 09"));
	unit_assert_bytes(info.ori_value, unit_hex("02 01 05"));
}
END_TEST

static const struct {
	const char *hex;
	int code;
} bad[] = {
    {"", -CS_ERR_TRUNCATED},
    {"a5 00", -CS_ERR_UNSUPPORTED},
    {"05 00", -CS_ERR_UNSUPPORTED},
    {"a5", -CS_ERR_TRUNCATED},
    {"30 00", -CS_ERR_TRUNCATED},
    {"30 04 02 02 01 00", -CS_ERR_UNSUPPORTED},
    /* no octets of encrypted key */
    {"30 28 02 01 00 " ISSUER_SERIAL RSA "04 00", -CS_ERR_ENCODING},
    /* a KARI without recipients */
    {"a1 28 02 01 03 a0 14 " ISSUER_SERIAL WRAP "30 00", -CS_ERR_ENCODING},
    /* a KARI without originator */
    {"a1 12 02 01 03 " WRAP "30 00", -CS_ERR_ENCODING},
    /* an originator's key of 7 bits */
    {"a1 12 02 01 03 a0 0d a1 0b 30 05 06 03 2a 03 04 03 02 01 00",
	-CS_ERR_ENCODING},
    {"a1 13 02 01 03 a0 0e a1 0c 30 05 06 03 2a 03 04 03 01 00 05 00",
	-CS_ERR_ENCODING},
    {"a2 05 02 01 04 30 00", -CS_ERR_TRUNCATED},
    {"a3 05 02 01 00 a0 00", -CS_ERR_TRUNCATED},
    {"a4 05 06 03 2a 03 09", -CS_ERR_TRUNCATED},
    {"a4 09 06 03 2a 03 09 05 00 05 00", -CS_ERR_TRAILING},
};

START_TEST(bad_ones_are_refused)
{
	struct recipient_info info;
	struct err e = ERR_INIT;

	unit_assert_code(
	    recipient_info_decode(unit_hex(bad[_i].hex), &info, &e),
	    bad[_i].code);
	ck_assert_int_eq(info.kind, RECIPIENT_NONE);
	ck_assert_int_eq(e.code, bad[_i].code);
	ck_assert(strncmp(e.text, "RecipientInfo", 13) == 0);
}
END_TEST

static void
break_anywhere(struct bytes good)
{
	struct recipient_info info;
	struct recipient_key key;
	struct buf b = {0};
	size_t i, bit;

	buf_add_bytes(&b, good);
	for (i = 0; i < b.len; i++)
		ck_assert_int_lt(
		    recipient_info_decode(bytes_of(b.data, i), &info, NULL), 0);
	for (bit = 0; bit < 8 * b.len; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (recipient_info_decode(buf_get(&b), &info, NULL) == 0) {
			ck_assert_int_ne(info.kind, RECIPIENT_NONE);
			for (i = 0; i < info.keys_count; i++)
				unit_assert_code(
				    recipient_info_get_key(&info, i, &key), 0);
		}
		b.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	buf_add_byte(&b, 0);
	unit_assert_code(
	    recipient_info_decode(buf_get(&b), &info, NULL), -CS_ERR_TRAILING);
	buf_clear(&b);
}

START_TEST(broken_anywhere)
{
	static const char *const paths[] = {DIR "ktri.der", DIR "kari.der",
	    DIR "kekri.der", DIR "pwri.der", DIR "ktri-keyid.der",
	    DIR "kari-keyid.der"};

	unit_read_file(&file, paths[_i]);
	break_anywhere(buf_get(&file));
	buf_clear(&file);
}
END_TEST

START_TEST(broken_anywhere_in_memory)
{
	break_anywhere(unit_hex(_i == 0 ? KARI_STATIC : KEMRI));
}
END_TEST

START_TEST(lengths_have_limits)
{
	static uint8_t big[RECIPIENT_KEY_MAX + 1];
	struct recipient_info info = read_vector(DIR "ktri.der"), got;
	struct recipient_key key;
	struct buf b = {0};
	size_t over;

	for (over = 0; over <= 1; over++) {
		int code = over ? -CS_ERR_TOO_LARGE : 0;

		info = read_vector(DIR "ktri.der");
		info.encrypted_key = bytes_of(big, RECIPIENT_KEY_MAX + over);
		buf_reset(&b);
		der_put_ktri(&b, &info);
		unit_assert_code(
		    recipient_info_decode(buf_get(&b), &got, NULL), code);

		info = read_vector(DIR "kari.der");
		unit_assert_code(recipient_info_get_key(&info, 0, &key), 0);
		info.has_ukm = true;
		info.ukm = bytes_of(big, RECIPIENT_UKM_MAX + over);
		buf_reset(&b);
		der_put_kari(&b, &info, &key);
		unit_assert_code(
		    recipient_info_decode(buf_get(&b), &got, NULL), code);

		info.has_ukm = false;
		info.originator_key =
		    bytes_of(big, RECIPIENT_ORIGINATOR_MAX + over);
		buf_reset(&b);
		der_put_kari(&b, &info, &key);
		unit_assert_code(
		    recipient_info_decode(buf_get(&b), &got, NULL), code);
	}
	buf_clear(&b);
	buf_clear(&file);
}
END_TEST

/* As many recipients as allowed, and one more. */
START_TEST(recipients_have_a_limit)
{
	struct buf keys = {0}, b = {0};
	struct recipient_info got;
	size_t i, mark;

	for (i = 0; i <= RECIPIENT_KARI_KEYS_MAX; i++) {
		buf_add_bytes(
		    &keys, unit_hex("30 17 " ISSUER_SERIAL "04 01 d0"));
		if (i + 1 < RECIPIENT_KARI_KEYS_MAX)
			continue;
		buf_reset(&b);
		mark = der_open(&b, DER_CONTEXT_C(1));
		buf_add_bytes(
		    &b, unit_hex("02 01 03 a0 14 " ISSUER_SERIAL WRAP));
		der_put(&b, DER_SEQUENCE, buf_get(&keys));
		der_close(&b, mark);
		unit_assert_code(recipient_info_decode(buf_get(&b), &got, NULL),
		    i < RECIPIENT_KARI_KEYS_MAX ? 0 : -CS_ERR_TOO_LARGE);
	}
	buf_clear(&b);
	buf_clear(&keys);
}
END_TEST

START_TEST(kinds_have_names)
{
	int kind;

	for (kind = RECIPIENT_NONE; kind <= RECIPIENT_KEMRI; kind++)
		ck_assert_str_ne(
		    recipient_kind_name((enum recipient_kind)kind), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("recipient_info");
	TCase *tcase = tcase_create("recipient_info");

	tcase_add_test(tcase, reads_key_transport);
	tcase_add_loop_test(tcase, reads_key_agreement, 0, 2);
	tcase_add_test(tcase, writes_user_keying_material);
	tcase_add_test(tcase, reads_symmetric_kinds);
	tcase_add_test(tcase, reads_static_key_agreement);
	tcase_add_test(tcase, reads_other_kinds);
	unit_add_loop(tcase, bad_ones_are_refused, bad);
	tcase_add_loop_test(tcase, broken_anywhere, 0, 6);
	tcase_add_loop_test(tcase, broken_anywhere_in_memory, 0, 2);
	tcase_add_test(tcase, lengths_have_limits);
	tcase_add_test(tcase, recipients_have_a_limit);
	tcase_add_test(tcase, kinds_have_names);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
