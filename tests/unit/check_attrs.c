#include "asn1/attrs.h"
#include "asn1/signer_info.h"
#include "tests/unit/unit.h"

#define CONTENT_TYPE                                          \
	"30 18 06 09 2a 86 48 86 f7 0d 01 09 03 31 0b 06 09 " \
	"2a 86 48 86 f7 0d 01 07 01 "
#define SIGNING_TIME                                          \
	"30 1c 06 09 2a 86 48 86 f7 0d 01 09 05 31 0f 17 0d " \
	"32 36 31 31 32 34 30 31 30 32 30 33 5a "
#define DIGEST                                                \
	"30 12 06 09 2a 86 48 86 f7 0d 01 09 04 31 05 04 03 " \
	"61 62 63 "
#define SHA256 "30 0b 06 09 60 86 48 01 65 03 04 02 01 "
#define SHA256_NULL "30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00 "
#define RSA "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 "
#define NAME "30 0d 31 0b 30 09 06 03 55 04 03 0c 02 41 42 "

static struct buf file;
static struct signer_info signer;

static void
read_signer(const char *path)
{
	unit_read_file(&file, path);
	unit_assert_code(signer_info_decode(buf_get(&file), &signer, NULL), 0);
}

static void
drop_signer(void)
{
	buf_clear(&file);
}

START_TEST(reads_what_openssl_wrote)
{
	struct bytes type, digest;
	struct ess_cert_id id;
	bool has;
	int64_t t;

	read_signer("tests/vectors/cms/signer-info-cades.der");
	unit_assert_code(attrs_check(signer.signed_attrs, NULL), 0);
	unit_assert_code(
	    attrs_get_content_type(signer.signed_attrs, &type, NULL), 0);
	unit_assert_bytes(type, oid_get(OID_DATA));
	unit_assert_code(
	    attrs_get_message_digest(signer.signed_attrs, &digest, NULL), 0);
	/* SHA-256 of "hello\n" */
	unit_assert_bytes(digest, unit_hex("5891b5b522d5df086d0ff0b110fbd9d2"
					   "1bb4fc7163af34d08286a2e846f6be03"));
	unit_assert_code(
	    attrs_get_signing_time(signer.signed_attrs, &has, &t, NULL), 0);
	ck_assert(has);
	ck_assert_int_eq(t, 1795487395); /* 2026-11-24T02:29:55Z */
	unit_assert_code(
	    attrs_get_signing_certificate(signer.signed_attrs, &id, NULL), 0);
	ck_assert(id.is_present && id.has_issuer_serial);
	ck_assert_int_eq(id.digest_alg, ALG_SHA256);
	ck_assert_uint_eq(id.hash.len, 32);
	unit_assert_bytes(id.issuer, signer.sid.issuer);
	unit_assert_bytes(id.serial, signer.sid.serial);
	unit_assert_code(
	    attrs_check_algorithm_protection(signer.signed_attrs,
		&signer.digest_alg, &signer.signature_alg, &has, NULL),
	    0);
	ck_assert(!has);
	drop_signer();
}
END_TEST

/* The set as it is signed: the same octets under tag 31. */
START_TEST(set_of_is_what_was_signed)
{
	struct buf b = {0};
	struct der d;

	read_signer("tests/vectors/cms/signer-info-pss.der");
	unit_assert_code(attrs_put_set_of(&b, signer.signed_attrs), 0);
	der_init(&d, buf_get(&b));
	unit_assert_bytes(der_get(&d, DER_SET), signer.signed_attrs);
	unit_assert_code(der_end(&d), 0);
	buf_clear(&b);
	drop_signer();
}
END_TEST

START_TEST(set_of_is_sorted)
{
	struct buf b = {0};

	unit_assert_code(
	    attrs_put_set_of(&b, unit_hex(SIGNING_TIME CONTENT_TYPE)), 0);
	unit_assert_bytes(
	    buf_get(&b), unit_hex("31 38 " CONTENT_TYPE SIGNING_TIME));
	buf_reset(&b);
	unit_assert_code(
	    attrs_put_set_of(&b, unit_hex("30 80 00 00")), -CS_ERR_ATTRIBUTES);
	buf_clear(&b);
}
END_TEST

/* What we write we read, octet by octet as the RFCs have it. */
START_TEST(writes_the_attributes)
{
	struct bytes sha256 = unit_hex(SHA256), rsa = unit_hex(RSA);
	struct bytes name = unit_hex(NAME), hash = unit_hex("01 02 03");
	struct alg_id digest_id, signature_id;
	struct ess_cert_id id;
	struct buf b = {0};
	struct bytes set;
	struct der d;
	size_t mark = der_open(&b, DER_SET);
	bool has;

	attr_put_signing_certificate_v2(
	    &b, ALG_SHA256, hash, name, unit_hex("7f"));
	attr_put_algorithm_protection(&b, sha256, rsa);
	attr_put_message_digest(&b, unit_hex("61 62 63"));
	attr_put_signing_time(&b, 1795482123);
	attr_put_content_type(&b, OID_DATA);
	unit_assert_code(der_close_set_of(&b, mark), 0);
	der_init(&d, buf_get(&b));
	set = der_get(&d, DER_SET);
	unit_assert_code(der_end(&d), 0);
	unit_assert_bytes(set,
	    unit_hex(DIGEST CONTENT_TYPE SIGNING_TIME
		/* cmsAlgorithmProtection, [1] IMPLICIT */
		"30 2b 06 09 2a 86 48 86 f7 0d 01 09 34 31 1e 30 1c " SHA256
		"a1 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00"
		/* signingCertificateV2 without the default hashAlgorithm */
		"30 32 06 0b 2a 86 48 86 f7 0d 01 09 10 02 2f 31 23 30 21 "
		"30 1f 30 1d 04 03 01 02 03 30 16 30 11 a4 0f " NAME
		"02 01 7f"));
	unit_assert_code(attrs_check(set, NULL), 0);
	unit_assert_code(alg_id_decode(sha256, &digest_id), 0);
	unit_assert_code(alg_id_decode(rsa, &signature_id), 0);
	unit_assert_code(attrs_check_algorithm_protection(
			     set, &digest_id, &signature_id, &has, NULL),
	    0);
	ck_assert(has);
	unit_assert_code(attrs_get_signing_certificate(set, &id, NULL), 0);
	unit_assert_bytes(id.hash, hash);
	unit_assert_bytes(id.issuer, name);
	unit_assert_bytes(id.serial, unit_hex("7f"));
	buf_clear(&b);
}
END_TEST

START_TEST(other_digest_is_named)
{
	struct buf b = {0};
	struct ess_cert_id id;

	attr_put_signing_certificate_v2(
	    &b, ALG_SHA512, unit_hex("01"), unit_hex(NAME), unit_hex("05"));
	unit_assert_code(
	    attrs_get_signing_certificate(buf_get(&b), &id, NULL), 0);
	ck_assert_int_eq(id.digest_alg, ALG_SHA512);
	buf_clear(&b);
}
END_TEST

/* signingCertificate (v1, SHA-1), without IssuerSerial, with policies. */
START_TEST(reads_the_old_signing_certificate)
{
	struct ess_cert_id id;

	unit_assert_code(
	    attrs_get_signing_certificate(
		unit_hex("30 1a 06 0b 2a 86 48 86 f7 0d 01 09 10 02 0c 31 0b "
			 "30 09 30 05 30 03 04 01 aa 30 00"),
		&id, NULL),
	    0);
	ck_assert_int_eq(id.digest_alg, ALG_SHA1);
	ck_assert(!id.has_issuer_serial);
	unit_assert_bytes(id.hash, unit_hex("aa"));
}
END_TEST

START_TEST(absent_is_no_failure_where_optional)
{
	struct ess_cert_id id;
	struct alg_id digest, signature;
	struct bytes value = BYTES_LIT("x");
	struct attr attr;
	bool has = true;
	int64_t t = 1;

	unit_assert_code(alg_id_decode(unit_hex(SHA256), &digest), 0);
	unit_assert_code(alg_id_decode(unit_hex(RSA), &signature), 0);
	unit_assert_code(attrs_check(BYTES_NONE, NULL), 0);
	unit_assert_code(
	    attrs_find(BYTES_NONE, OID_SIGNING_TIME, &attr, &has, NULL), 0);
	ck_assert(!has);
	unit_assert_code(attrs_get_signing_time(BYTES_NONE, &has, &t, NULL), 0);
	ck_assert(!has && t == 0);
	unit_assert_code(
	    attrs_get_single(BYTES_NONE, OID_SIGNING_TIME, &value, NULL), 0);
	ck_assert_uint_eq(value.len, 0);
	unit_assert_code(
	    attrs_get_signing_certificate(BYTES_NONE, &id, NULL), 0);
	ck_assert(!id.is_present);
	unit_assert_code(attrs_check_algorithm_protection(
			     BYTES_NONE, &digest, &signature, &has, NULL),
	    0);
	unit_assert_code(attrs_get_content_type(BYTES_NONE, &value, NULL),
	    -CS_ERR_ATTRIBUTES);
	unit_assert_code(attrs_get_message_digest(BYTES_NONE, &value, NULL),
	    -CS_ERR_ATTRIBUTES);
}
END_TEST

/* NULL and absent parameters are one; other algorithms are not. */
START_TEST(algorithm_protection_is_compared)
{
	struct alg_id digest, digest_null, signature;
	struct err e = ERR_INIT;
	struct buf b = {0};
	bool has;

	unit_assert_code(alg_id_decode(unit_hex(SHA256), &digest), 0);
	unit_assert_code(alg_id_decode(unit_hex(SHA256_NULL), &digest_null), 0);
	unit_assert_code(alg_id_decode(unit_hex(RSA), &signature), 0);
	attr_put_algorithm_protection(&b, digest.raw, signature.raw);
	unit_assert_code(attrs_check_algorithm_protection(
			     buf_get(&b), &digest_null, &signature, &has, &e),
	    0);
	ck_assert(has);
	unit_assert_code(attrs_check_algorithm_protection(
			     buf_get(&b), &signature, &signature, &has, &e),
	    -CS_ERR_ATTRIBUTES);
	unit_assert_code(attrs_check_algorithm_protection(
			     buf_get(&b), &digest, &digest, &has, &e),
	    -CS_ERR_ATTRIBUTES);
	ck_assert(!has && e.text[0] != '\0');
	/* a retagged thing must be a SEQUENCE: ours alone to break */
	attr_put_algorithm_protection(&b, digest.raw, unit_hex("05 00"));
	ck_assert_int_eq(b.err, -CS_ERR_INTERNAL);
	buf_clear(&b);
}
END_TEST

static const char *const broken_sets[] = {
    CONTENT_TYPE CONTENT_TYPE,
    CONTENT_TYPE DIGEST CONTENT_TYPE,
    "30 0b 06 09 2a 86 48 86 f7 0d 01 09 03", /* no SET */
    "31 00",
    "30 18 06 09 2a 86 48 86 f7 0d 01 09 03 31 0b",
    "30 0d 06 09 2a 86 48 86 f7 0d 01 09 03 31 00 05 00",
    "30 0f 06 09 2a 86 48 86 f7 0d 01 09 03 31 02 06 09",
    "05 00",
};

START_TEST(broken_sets_are_refused)
{
	struct bytes set = unit_hex(broken_sets[_i]), value;
	struct err e = ERR_INIT;

	unit_assert_code(attrs_check(set, &e), -CS_ERR_ATTRIBUTES);
	ck_assert_int_eq(e.code, -CS_ERR_ATTRIBUTES);
	ck_assert(e.text[0] != '\0');
	unit_assert_code(
	    attrs_get_content_type(set, &value, &e), -CS_ERR_ATTRIBUTES);
	ck_assert_uint_eq(value.len, 0);
}
END_TEST

START_TEST(values_are_counted)
{
	struct bytes value;
	struct attr attr;
	struct der d;
	bool has;

	/* contentType with two values, then with none */
	struct bytes two = unit_hex("30 11 06 09 2a 86 48 86 f7 0d 01 09 03 "
				    "31 04 05 00 05 00");
	struct bytes none = unit_hex("30 0d 06 09 2a 86 48 86 f7 0d 01 09 03 "
				     "31 00");

	der_init(&d, two);
	ck_assert(attrs_next(&d, &attr));
	ck_assert_uint_eq(attr.values_count, 2);
	ck_assert_int_eq(attr.type, OID_CONTENT_TYPE);
	unit_assert_bytes(attr.first, unit_hex("05 00"));
	ck_assert(!attrs_next(&d, &attr));
	unit_assert_code(der_end(&d), 0);
	unit_assert_code(
	    attrs_find(none, OID_CONTENT_TYPE, &attr, &has, NULL), 0);
	ck_assert(has && attr.values_count == 0);
	unit_assert_code(attrs_get_single(two, OID_CONTENT_TYPE, &value, NULL),
	    -CS_ERR_ATTRIBUTES);
	unit_assert_code(attrs_get_single(none, OID_CONTENT_TYPE, &value, NULL),
	    -CS_ERR_ATTRIBUTES);
}
END_TEST

/* Values of another form than their attribute's. */
START_TEST(broken_values_are_refused)
{
	struct alg_id digest, signature;
	struct ess_cert_id id;
	struct buf b = {0};
	struct bytes value;
	int64_t t;
	bool has;

	unit_assert_code(alg_id_decode(unit_hex(SHA256), &digest), 0);
	unit_assert_code(alg_id_decode(unit_hex(RSA), &signature), 0);
	attr_put(&b, OID_CONTENT_TYPE, unit_hex("05 00"));
	attr_put(&b, OID_MESSAGE_DIGEST, unit_hex("05 00"));
	attr_put(&b, OID_SIGNING_TIME, unit_hex("17 01 5a"));
	attr_put(&b, OID_SIGNING_CERTIFICATE_V2, unit_hex("30 02 30 00"));
	attr_put(&b, OID_CMS_ALGORITHM_PROTECTION, unit_hex(SHA256));
	unit_assert_code(attrs_check(buf_get(&b), NULL), 0);
	unit_assert_code(attrs_get_content_type(buf_get(&b), &value, NULL),
	    -CS_ERR_ATTRIBUTES);
	unit_assert_code(attrs_get_message_digest(buf_get(&b), &value, NULL),
	    -CS_ERR_ATTRIBUTES);
	unit_assert_code(attrs_get_signing_time(buf_get(&b), &has, &t, NULL),
	    -CS_ERR_ATTRIBUTES);
	unit_assert_code(attrs_get_signing_certificate(buf_get(&b), &id, NULL),
	    -CS_ERR_ATTRIBUTES);
	ck_assert(!id.is_present);
	unit_assert_code(attrs_check_algorithm_protection(
			     buf_get(&b), &digest, &signature, &has, NULL),
	    -CS_ERR_ATTRIBUTES);
	buf_clear(&b);
}
END_TEST

START_TEST(sets_have_limits)
{
	struct buf b = {0}, values = {0};
	uint8_t last[3] = {0x2a, 0x03, 0};
	size_t mark, i;
	struct attr attr;
	struct der d;

	for (i = 0; i <= ATTRS_MAX; i++) {
		mark = der_open(&b, DER_SEQUENCE);
		last[2] = (uint8_t)(i & 0x7f);
		last[1] = (uint8_t)(3 + i / 0x80);
		der_put(&b, DER_OID, bytes_of(last, 3));
		der_put(&b, DER_SET, BYTES_NONE);
		der_close(&b, mark);
		unit_assert_code(attrs_check(buf_get(&b), NULL),
		    i < ATTRS_MAX ? 0 : -CS_ERR_ATTRIBUTES);
	}
	for (i = 0; i <= ATTR_VALUES_MAX; i++)
		der_put_null(&values);
	buf_reset(&b);
	attr_put(&b, OID_CONTENT_TYPE, buf_get(&values));
	der_init(&d, buf_get(&b));
	ck_assert(!attrs_next(&d, &attr));
	unit_assert_code(der_end(&d), -CS_ERR_TOO_LARGE);
	buf_clear(&b);
	buf_clear(&values);
}
END_TEST

START_TEST(capabilities_have_a_limit)
{
	enum alg algs[CAPABILITIES_MAX + 1];
	struct err e = ERR_INIT;
	struct buf b = {0};
	struct bytes list;
	struct alg_id id;
	struct der d;
	size_t i;

	for (i = 0; i <= CAPABILITIES_MAX; i++)
		algs[i] = ALG_AES256_CBC;
	attr_put_capabilities(&b, algs, CAPABILITIES_MAX);
	unit_assert_code(attrs_get_capabilities(buf_get(&b), &list, &e), 0);
	der_init(&d, list);
	for (i = 0; capabilities_next(&d, &id); i++)
		ck_assert_int_eq(id.known, OID_AES256_CBC);
	ck_assert_uint_eq(i, CAPABILITIES_MAX);
	buf_reset(&b);
	attr_put_capabilities(&b, algs, CAPABILITIES_MAX + 1);
	unit_assert_code(
	    attrs_get_capabilities(buf_get(&b), &list, &e), -CS_ERR_ATTRIBUTES);
	ck_assert_uint_eq(list.len, 0);
	/* one that is none */
	buf_reset(&b);
	attr_put(&b, OID_SMIME_CAPABILITIES, unit_hex("30 02 05 00"));
	unit_assert_code(
	    attrs_get_capabilities(buf_get(&b), &list, &e), -CS_ERR_ATTRIBUTES);
	buf_clear(&b);
}
END_TEST

/* RFC 8551 2.5.3: issuerAndSerialNumber, RecipientKeyIdentifier with a date
 * and something else behind the identifier, subjectAltKeyIdentifier. */
static const struct {
	const char *value;
	int code;
	const char *key_id, *serial;
} preferences[] = {
    {"a0 12 " NAME "02 01 07", 0, "", "07"},
    {"a1 04 04 02 aa bb", 0, "aa bb", ""},
    {"a1 19 04 02 aa bb 18 0f 32303236313132343031303230335a 30 02 05 00", 0,
	"aa bb", ""},
    {"82 02 aa bb", 0, "aa bb", ""},
    {"a1 02 04 00", -CS_ERR_ATTRIBUTES, "", ""},
    {"a1 02 05 00", -CS_ERR_ATTRIBUTES, "", ""},
    {"a1 04 04 02 aa bb 05 00", -CS_ERR_ATTRIBUTES, "", ""},
    {"a0 02 30 00", -CS_ERR_ATTRIBUTES, "", ""},
    {"82 00", -CS_ERR_ATTRIBUTES, "", ""},
    {"04 02 aa bb", -CS_ERR_ATTRIBUTES, "", ""},
};

START_TEST(preferences_of_each_form)
{
	struct err e = ERR_INIT;
	struct buf b = {0};
	struct cert_id id;
	bool has;

	attr_put(
	    &b, OID_ENCRYPTION_KEY_PREFERENCE, unit_hex(preferences[_i].value));
	unit_assert_code(
	    attrs_get_encryption_preference(buf_get(&b), &id, &has, &e),
	    preferences[_i].code);
	ck_assert_int_eq(has, preferences[_i].code == 0);
	unit_assert_bytes(id.key_id, unit_hex(preferences[_i].key_id));
	unit_assert_bytes(id.serial, unit_hex(preferences[_i].serial));
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attrs");
	TCase *tcase = tcase_create("attrs");

	tcase_add_test(tcase, reads_what_openssl_wrote);
	tcase_add_test(tcase, set_of_is_what_was_signed);
	tcase_add_test(tcase, set_of_is_sorted);
	tcase_add_test(tcase, writes_the_attributes);
	tcase_add_test(tcase, other_digest_is_named);
	tcase_add_test(tcase, reads_the_old_signing_certificate);
	tcase_add_test(tcase, absent_is_no_failure_where_optional);
	tcase_add_test(tcase, algorithm_protection_is_compared);
	tcase_add_loop_test(tcase, broken_sets_are_refused, 0,
	    sizeof(broken_sets) / sizeof(broken_sets[0]));
	tcase_add_test(tcase, values_are_counted);
	tcase_add_test(tcase, broken_values_are_refused);
	tcase_add_test(tcase, sets_have_limits);
	tcase_add_test(tcase, capabilities_have_a_limit);
	tcase_add_loop_test(tcase, preferences_of_each_form, 0,
	    sizeof(preferences) / sizeof(preferences[0]));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
