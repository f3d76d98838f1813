#include "asn1/signer_info.h"
#include "tests/unit/unit.h"

#define DIR "tests/vectors/cms/"
#define NAME "30 0d 31 0b 30 09 06 03 55 04 03 0c 02 41 42 "
#define SHA256 "30 0b 06 09 60 86 48 01 65 03 04 02 01 "
#define RSA "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 "

static const struct {
	const char *path;
	unsigned version;
	bool has_key_id;
	bool has_signed_attrs;
	enum oid signature;
	size_t signature_len;
} vectors[] = {
    {DIR "signer-info-cades.der", 1, false, true, OID_RSA, 256},
    {DIR "signer-info-pss.der", 3, true, true, OID_RSA_PSS, 256},
    {DIR "signer-info-noattr.der", 1, false, false, OID_SHA256_WITH_ECDSA, 71},
};

START_TEST(reads_and_writes_openssls)
{
	struct buf file = {0}, again = {0};
	struct signer_info info;

	unit_read_file(&file, vectors[_i].path);
	unit_assert_code(signer_info_decode(buf_get(&file), &info, NULL), 0);
	ck_assert_uint_eq(info.version, vectors[_i].version);
	ck_assert(cert_id_has_key_id(&info.sid) == vectors[_i].has_key_id);
	ck_assert_uint_eq(info.sid.serial.len, vectors[_i].has_key_id ? 0 : 20);
	ck_assert_uint_eq(info.sid.key_id.len, vectors[_i].has_key_id ? 20 : 0);
	ck_assert_int_eq(info.digest_alg.known, OID_SHA256);
	ck_assert(info.has_signed_attrs == vectors[_i].has_signed_attrs);
	ck_assert_int_eq(info.signature_alg.known, vectors[_i].signature);
	ck_assert_uint_eq(info.signature.len, vectors[_i].signature_len);
	ck_assert_uint_eq(info.unsigned_attrs.len, 0);
	der_put_signer_info(&again, &info);
	unit_assert_bytes(buf_get(&again), buf_get(&file));
	buf_clear(&file);
	buf_clear(&again);
}
END_TEST

/* Cut off anywhere it fails; with any one bit changed it may be read or not,
 * but nothing outside is touched (that is for the sanitizers to see). */
START_TEST(broken_anywhere)
{
	struct buf file = {0};
	struct signer_info info;
	struct err e = ERR_INIT;
	size_t i, bit;

	unit_read_file(&file, vectors[_i].path);
	for (i = 0; i < file.len; i++) {
		ck_assert_int_lt(
		    signer_info_decode(bytes_of(file.data, i), &info, &e), 0);
		ck_assert_int_ne(e.code, 0);
		ck_assert_uint_eq(info.raw.len, 0);
	}
	for (bit = 0; bit < 8 * file.len; bit++) {
		file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (signer_info_decode(buf_get(&file), &info, NULL) == 0) {
			ck_assert_uint_le(info.signature.len, file.len);
			ck_assert(info.sid.issuer.len != 0 ||
				  info.sid.key_id.len != 0);
		}
		file.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	buf_add_byte(&file, 0);
	unit_assert_code(
	    signer_info_decode(buf_get(&file), &info, NULL), -CS_ERR_TRAILING);
	buf_clear(&file);
}
END_TEST

START_TEST(unsigned_attributes_come_along)
{
	struct buf b = {0};
	struct signer_info info = {0}, got;

	info.sid.issuer = unit_hex(NAME);
	info.sid.serial = unit_hex("00 ff");
	info.digest_alg.raw = unit_hex(SHA256);
	info.signature_alg.raw = unit_hex(RSA);
	info.signature = unit_hex("01 02");
	info.unsigned_attrs = unit_hex("30 00");
	der_put_signer_info(&b, &info);
	unit_assert_code(signer_info_decode(buf_get(&b), &got, NULL), 0);
	ck_assert(!got.has_signed_attrs);
	unit_assert_bytes(got.unsigned_attrs, info.unsigned_attrs);
	unit_assert_bytes(got.sid.serial, info.sid.serial);
	unit_assert_bytes(got.signature, info.signature);
	buf_clear(&b);
}
END_TEST

#define SID "30 12 " NAME "02 01 01 "
static const struct {
	const char *body;
	int code;
} bad[] = {
    {"02 02 01 00 " SID SHA256 RSA "04 01 00", -CS_ERR_UNSUPPORTED},
    {"02 01 ff " SID SHA256 RSA "04 01 00", -CS_ERR_ENCODING},
    /* sid: a serial number without octets, with too many, of another type */
    {"02 01 01 30 11 " NAME "02 00 " SHA256 RSA "04 01 00", -CS_ERR_ENCODING},
    {"02 01 01 30 12 " NAME "04 01 01 " SHA256 RSA "04 01 00",
	-CS_ERR_ENCODING},
    {"02 01 03 80 00 " SHA256 RSA "04 01 00", -CS_ERR_ENCODING},
    {"02 01 03 81 01 00 " SHA256 RSA "04 01 00", -CS_ERR_ENCODING},
    /* signedAttrs are there and empty */
    {"02 01 01 " SID SHA256 "a0 00 " RSA "04 01 00", -CS_ERR_ENCODING},
    {"02 01 01 " SID SHA256 RSA, -CS_ERR_TRUNCATED},
    {"02 01 01 " SID SHA256 RSA "03 02 00 00", -CS_ERR_ENCODING},
    {"02 01 01 " SID SHA256 RSA "04 01 00 a2 00", -CS_ERR_TRAILING},
};

START_TEST(bad_fields_are_refused)
{
	struct buf b = {0};
	struct signer_info info;
	struct err e = ERR_INIT;

	der_put(&b, DER_SEQUENCE, unit_hex(bad[_i].body));
	unit_assert_code(
	    signer_info_decode(buf_get(&b), &info, &e), bad[_i].code);
	ck_assert_uint_le(e.offset, b.len);
	ck_assert_uint_gt(e.offset, 0);
	buf_clear(&b);
}
END_TEST

START_TEST(lengths_have_limits)
{
	static uint8_t big[SIGNER_INFO_SIGNATURE_MAX + 1];
	struct signer_info info = {0}, got;
	struct buf b = {0};

	info.sid.issuer = unit_hex(NAME);
	info.sid.serial = bytes_of(big, CERT_ID_SERIAL_MAX);
	info.digest_alg.raw = unit_hex(SHA256);
	info.signature_alg.raw = unit_hex(RSA);
	info.signature = bytes_of(big, SIGNER_INFO_SIGNATURE_MAX);
	der_put_signer_info(&b, &info);
	unit_assert_code(signer_info_decode(buf_get(&b), &got, NULL), 0);
	buf_reset(&b);
	info.signature = bytes_of(big, sizeof(big));
	der_put_signer_info(&b, &info);
	unit_assert_code(
	    signer_info_decode(buf_get(&b), &got, NULL), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	info.signature = bytes_of(big, 1);
	info.sid.serial = bytes_of(big, CERT_ID_SERIAL_MAX + 1);
	der_put_signer_info(&b, &info);
	unit_assert_code(
	    signer_info_decode(buf_get(&b), &got, NULL), -CS_ERR_ENCODING);
	buf_reset(&b);
	info.sid =
	    (struct cert_id){.key_id = bytes_of(big, CERT_ID_KEY_ID_MAX + 1)};
	der_put_signer_info(&b, &info);
	unit_assert_code(
	    signer_info_decode(buf_get(&b), &got, NULL), -CS_ERR_ENCODING);
	buf_clear(&b);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("signer_info");
	TCase *tcase = tcase_create("signer_info");

	tcase_add_loop_test(
	    tcase, reads_and_writes_openssls, 0, COUNT(vectors));
	tcase_add_loop_test(tcase, broken_anywhere, 0, COUNT(vectors));
	tcase_add_test(tcase, unsigned_attributes_come_along);
	tcase_add_loop_test(tcase, bad_fields_are_refused, 0, COUNT(bad));
	tcase_add_test(tcase, lengths_have_limits);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
