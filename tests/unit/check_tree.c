#include "asn1/tree.h"
#include "asn1/attrs.h"
#include "asn1/recipient_info.h"
#include "asn1/signer_info.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define DIR "tests/vectors/"
#define SHA256 "30 0b 06 09 60 86 48 01 65 03 04 02 01 "
#define RSA "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 "
#define NAME "30 0d 31 0b 30 09 06 03 55 04 03 0c 02 41 42 "

static struct tree *
decode(enum tree_module module, const char *type, struct bytes der)
{
	struct err e = ERR_INIT;
	struct tree *tree;
	int r = tree_decode(module, type, der, &tree, &e);

	ck_assert_msg(r == 0, "%s: %s", type, err_get_text(&e));
	return tree;
}

static void
check(enum tree_module module, const char *type, struct bytes der)
{
	struct err e = ERR_INIT;
	int r = tree_check(module, type, der, &e);

	ck_assert_msg(r == 0, "%s: %s", type, err_get_text(&e));
}

static void
assert_field(const struct tree *tree, const char *field, struct bytes want)
{
	struct buf b = {0};

	unit_assert_code(tree_get_bytes(tree, field, &b, NULL), 0);
	unit_assert_bytes(buf_get(&b), want);
	buf_clear(&b);
}

static void
assert_encoding(const struct tree *tree, const char *field, struct bytes want)
{
	struct buf b = {0};

	unit_assert_code(tree_encode(tree, field, &b, NULL), 0);
	unit_assert_bytes(buf_get(&b), want);
	buf_clear(&b);
}

/* Which type an extension's value has. */
static const struct {
	const char *oid;
	const char *type;
} extensions[] = {
    {"2.5.29.19", "BasicConstraints"},
    {"2.5.29.15", "KeyUsage"},
    {"2.5.29.37", "ExtKeyUsageSyntax"},
    {"2.5.29.17", "SubjectAltName"},
    {"2.5.29.14", "SubjectKeyIdentifier"},
    {"2.5.29.35", "AuthorityKeyIdentifier"},
    {"2.5.29.32", "CertificatePolicies"},
    {"2.5.29.33", "PolicyMappings"},
    {"2.5.29.36", "PolicyConstraints"},
    {"2.5.29.54", "InhibitAnyPolicy"},
    {"2.5.29.30", "NameConstraints"},
    {"2.5.29.31", "CRLDistributionPoints"},
    {"1.3.6.1.5.5.7.1.1", "AuthorityInfoAccessSyntax"},
    {"2.5.29.20", "CRLNumber"},
    {"2.5.29.28", "IssuingDistributionPoint"},
    {"2.5.29.21", "CRLReason"},
};

static void
check_extension(const char *oid, struct bytes value)
{
	size_t i;

	for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (strcmp(extensions[i].oid, oid) != 0)
			continue;
		check(TREE_PKIX1, extensions[i].type, value);
		return;
	}
	ck_abort_msg("extension %s", oid);
}

/* Every extension under a field, each by its own type. */
static size_t
check_extensions(const struct tree *tree, const char *field)
{
	char oid[OID_TEXT_MAX], path[TREE_PATH_MAX];
	struct buf value = {0};
	size_t count, i;

	unit_assert_code(tree_get_count(tree, field, &count, NULL), 0);
	for (i = 1; i <= count; i++) {
		snprintf(path, sizeof(path), "%s.?%zu.extnID", field, i);
		unit_assert_code(tree_get_oid(tree, path, oid, NULL), 0);
		snprintf(path, sizeof(path), "%s.?%zu.extnValue", field, i);
		buf_reset(&value);
		unit_assert_code(tree_get_bytes(tree, path, &value, NULL), 0);
		check_extension(oid, buf_get(&value));
	}
	buf_clear(&value);
	return count;
}

START_TEST(reads_a_certificate)
{
	struct buf file = {0};
	struct tree *tree;
	char text[OID_TEXT_MAX];
	uint64_t n;
	bool flag;

	unit_read_file(&file, DIR "pkix1/extensions.crt.der");
	check(TREE_PKIX1, "Certificate", buf_get(&file));
	tree = decode(TREE_PKIX1, "Certificate", buf_get(&file));
	unit_assert_code(
	    tree_get_uint(tree, "tbsCertificate.version", 2, &n, NULL), 0);
	ck_assert_uint_eq(n, 2);
	unit_assert_code(
	    tree_get_oid(tree, "signatureAlgorithm.algorithm", text, NULL), 0);
	ck_assert_str_eq(text, "1.2.840.10045.4.3.2");
	unit_assert_code(
	    tree_get_choice(tree, "tbsCertificate.subject", text, NULL), 0);
	ck_assert_str_eq(text, "rdnSequence");
	assert_field(tree, "tbsCertificate.subject.rdnSequence.?1.?1.value",
	    unit_hex("13 02 44 45"));
	ck_assert_uint_eq(
	    check_extensions(tree, "tbsCertificate.extensions"), 13);
	unit_assert_code(
	    tree_get_bool(
		tree, "tbsCertificate.extensions.?1.critical", &flag, NULL),
	    0);
	ck_assert(flag);
	unit_assert_code(
	    tree_get_bool(
		tree, "tbsCertificate.extensions.?3.critical", &flag, NULL),
	    0);
	ck_assert(!flag);
	ck_assert(tree_has(tree, "tbsCertificate.extensions"));
	ck_assert(!tree_has(tree, "tbsCertificate.issuerUniqueID"));
	tree_free(tree);
	buf_clear(&file);
}
END_TEST

START_TEST(reads_a_crl)
{
	struct buf file = {0};
	struct tree *tree;
	size_t count;

	unit_read_file(&file, DIR "pkix1/crl.der");
	check(TREE_PKIX1, "CertificateList", buf_get(&file));
	tree = decode(TREE_PKIX1, "CertificateList", buf_get(&file));
	unit_assert_code(tree_get_count(tree, "tbsCertList.revokedCertificates",
			     &count, NULL),
	    0);
	ck_assert_uint_eq(count, 2);
	assert_field(tree, "tbsCertList.revokedCertificates.?2.userCertificate",
	    unit_hex("02 ff"));
	assert_field(tree,
	    "tbsCertList.revokedCertificates.?1.revocationDate.utcTime",
	    BYTES_LIT("261124010203Z"));
	ck_assert_uint_eq(
	    check_extensions(tree, "tbsCertList.revokedCertificates.?1."
				   "crlEntryExtensions"),
	    1);
	ck_assert_uint_eq(
	    check_extensions(tree, "tbsCertList.crlExtensions"), 2);
	tree_free(tree);
	buf_clear(&file);
}
END_TEST

/* The hand-made codec and the module read the same from a SignerInfo. */
START_TEST(agrees_on_signer_infos)
{
	static const char *const paths[] = {DIR "cms/signer-info-cades.der",
	    DIR "cms/signer-info-pss.der", DIR "cms/signer-info-noattr.der"};
	struct signer_info info;
	struct buf file = {0}, set = {0};
	struct tree *tree;

	unit_read_file(&file, paths[_i]);
	check(TREE_CMS, "SignerInfo", buf_get(&file));
	tree = decode(TREE_CMS, "SignerInfo", buf_get(&file));
	unit_assert_code(signer_info_decode(buf_get(&file), &info, NULL), 0);
	assert_field(tree, "signature", info.signature);
	assert_encoding(tree, "digestAlgorithm", info.digest_alg.raw);
	assert_encoding(tree, "signatureAlgorithm", info.signature_alg.raw);
	ck_assert(tree_has(tree, "signedAttrs") == info.has_signed_attrs);
	ck_assert(!tree_has(tree, "unsignedAttrs"));
	if (cert_id_has_key_id(&info.sid)) {
		assert_field(tree, "sid.subjectKeyIdentifier", info.sid.key_id);
	} else {
		assert_field(tree, "sid.issuerAndSerialNumber.serialNumber",
		    info.sid.serial);
		assert_encoding(
		    tree, "sid.issuerAndSerialNumber.issuer", info.sid.issuer);
	}
	if (info.has_signed_attrs) {
		unit_assert_code(attrs_put_set_of(&set, info.signed_attrs), 0);
		check(TREE_CMS, "SignedAttributes", buf_get(&set));
	}
	tree_free(tree);
	buf_clear(&file);
	buf_clear(&set);
}
END_TEST

START_TEST(agrees_on_recipient_infos)
{
	static const struct {
		const char *path;
		const char *choice;
	} vectors[] = {
	    {DIR "cms/ktri.der", "ktri"},
	    {DIR "cms/ktri-keyid.der", "ktri"},
	    {DIR "cms/kari.der", "kari"},
	    {DIR "cms/kari-keyid.der", "kari"},
	    {DIR "cms/kekri.der", "kekri"},
	    {DIR "cms/pwri.der", "pwri"},
	};
	char text[TREE_PATH_MAX], path[TREE_PATH_MAX + 32];
	struct recipient_info info;
	struct recipient_key key;
	struct buf file = {0};
	struct tree *tree;

	unit_read_file(&file, vectors[_i].path);
	check(TREE_CMS, "RecipientInfo", buf_get(&file));
	tree = decode(TREE_CMS, "RecipientInfo", buf_get(&file));
	unit_assert_code(recipient_info_decode(buf_get(&file), &info, NULL), 0);
	unit_assert_code(tree_get_choice(tree, "", text, NULL), 0);
	ck_assert_str_eq(text, vectors[_i].choice);
	snprintf(path, sizeof(path), "%s.keyEncryptionAlgorithm", text);
	assert_encoding(tree, path, info.key_enc_alg.raw);
	if (info.kind == RECIPIENT_KARI) {
		unit_assert_code(recipient_info_get_key(&info, 0, &key), 0);
		assert_field(tree,
		    "kari.recipientEncryptedKeys.?1.encryptedKey",
		    key.encrypted_key);
		assert_field(tree, "kari.originator.originatorKey.publicKey",
		    info.originator_key);
	} else {
		snprintf(path, sizeof(path), "%s.encryptedKey", text);
		assert_field(tree, path, info.encrypted_key);
	}
	tree_free(tree);
	buf_clear(&file);
}
END_TEST

/* What our builders write is what the modules say. */
START_TEST(agrees_on_what_we_write)
{
	struct recipient_info info = {0};
	struct recipient_key key = {0};
	struct signer_info signer = {0};
	struct buf b = {0};
	size_t mark = der_open(&b, DER_SET);

	attr_put_content_type(&b, OID_DATA);
	attr_put_message_digest(&b, unit_hex("01 02"));
	attr_put_signing_time(&b, 1795482123);
	attr_put_signing_certificate_v2(
	    &b, ALG_SHA512, unit_hex("01"), unit_hex(NAME), unit_hex("05"));
	attr_put_algorithm_protection(&b, unit_hex(SHA256), unit_hex(RSA));
	unit_assert_code(der_close_set_of(&b, mark), 0);
	check(TREE_CMS, "SignedAttributes", buf_get(&b));

	buf_reset(&b);
	signer.sid.key_id = unit_hex("01 02");
	signer.digest_alg.raw = unit_hex(SHA256);
	signer.signature_alg.raw = unit_hex(RSA);
	signer.signature = unit_hex("01");
	signer.unsigned_attrs = unit_hex("30 07 06 03 2a 03 04 31 00");
	der_put_signer_info(&b, &signer);
	check(TREE_CMS, "SignerInfo", buf_get(&b));

	buf_reset(&b);
	info.originator_alg.raw = unit_hex(RSA);
	info.originator_key = unit_hex("04 01");
	info.has_ukm = true;
	info.ukm = unit_hex("0a");
	info.key_enc_alg.raw = unit_hex(RSA);
	key.rid.key_id = unit_hex("01");
	key.encrypted_key = unit_hex("02");
	der_put_kari(&b, &info, &key);
	check(TREE_CMS, "RecipientInfo", buf_get(&b));
	buf_clear(&b);
}
END_TEST

/* The protocols' modules compile, and a frame by hand is read. */
START_TEST(reads_the_protocols)
{
	/* id 7, sign: keyId of 32 octets, algorithm, input, empty context */
	struct buf b = {0};
	uint8_t key_id[32] = {1};
	size_t frame, body;
	struct tree *tree;
	char text[TREE_PATH_MAX];
	uint64_t id;

	frame = der_open(&b, DER_SEQUENCE);
	der_put_uint(&b, DER_INTEGER, 7);
	body = der_open(&b, DER_CONTEXT_C(5));
	der_put(&b, DER_OCTET_STRING, bytes_of(key_id, 32));
	der_put(&b, DER_OCTET_STRING, unit_hex(RSA));
	der_put(&b, DER_OCTET_STRING, unit_hex("aa"));
	der_put(&b, DER_SEQUENCE, BYTES_NONE);
	der_close(&b, body);
	der_close(&b, frame);
	check(TREE_AGENT, "Message", buf_get(&b));
	tree = decode(TREE_AGENT, "Message", buf_get(&b));
	unit_assert_code(tree_get_uint(tree, "id", UINT32_MAX, &id, NULL), 0);
	ck_assert_uint_eq(id, 7);
	unit_assert_code(tree_get_choice(tree, "body", text, NULL), 0);
	ck_assert_str_eq(text, "sign");
	assert_field(tree, "body.sign.input", unit_hex("aa"));
	ck_assert(!tree_has(tree, "body.sign.context.deadline"));
	tree_free(tree);
	check(TREE_TOKEN, "TokenMessage",
	    unit_hex("30 0a 02 01 01 ac 05 04 03 01 02 03"));
	buf_clear(&b);
}
END_TEST

START_TEST(flags_are_bits)
{
	struct tree *tree =
	    decode(TREE_PKIX1, "KeyUsage", unit_hex("03 03 07 05 80"));
	struct buf b = {0};
	uint32_t flags;

	unit_assert_code(tree_get_flags(tree, "", &flags, NULL), 0);
	ck_assert_uint_eq(flags, 1U << 5 | 1U << 7 | 1U << 8);
	unit_assert_code(tree_get_bytes(tree, "", &b, NULL), -CS_ERR_ENCODING);
	tree_free(tree);
	tree =
	    decode(TREE_PKIX1, "KeyUsage", unit_hex("03 06 00 01 02 03 04 05"));
	unit_assert_code(
	    tree_get_flags(tree, "", &flags, NULL), -CS_ERR_TOO_LARGE);
	tree_free(tree);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *type;
	const char *hex;
	int code;
} bad[] = {
    {"IssuerSerial", "", -CS_ERR_ENCODING},
    {"AlgorithmIdentifier", "30", -CS_ERR_ENCODING},
    {"AlgorithmIdentifier", RSA "00", -CS_ERR_ENCODING},
    {"AlgorithmIdentifier", "31 05 06 03 2a 03 04", -CS_ERR_ENCODING},
    {"AlgorithmIdentifier", "30 80 06 03 2a 03 04 00 00", -CS_ERR_ENCODING},
    {"AlgorithmIdentifier", "30 05 06 03 2a 03", -CS_ERR_ENCODING},
    {"NoSuchType", "30 00", -CS_ERR_ARGUMENT},
};

START_TEST(broken_ones_are_refused)
{
	struct err e = ERR_INIT;
	struct tree *tree;

	unit_assert_code(tree_decode(TREE_CMS, bad[_i].type,
			     unit_hex(bad[_i].hex), &tree, &e),
	    bad[_i].code);
	ck_assert_ptr_null(tree);
	ck_assert_int_eq(e.code, bad[_i].code);
	/* it names the type */
	ck_assert_ptr_nonnull(strstr(e.text, bad[_i].type));
}
END_TEST

/* What libtasn1 lets pass fails at the field. */
START_TEST(an_empty_sequence_has_no_fields)
{
	struct tree *tree =
	    decode(TREE_CMS, "AlgorithmIdentifier", unit_hex("30 00"));
	char text[OID_TEXT_MAX];

	unit_assert_code(
	    tree_get_oid(tree, "algorithm", text, NULL), -CS_ERR_ARGUMENT);
	tree_free(tree);
}
END_TEST

/* And the field, where libtasn1 knows it. */
START_TEST(the_field_is_named)
{
	struct err e = ERR_INIT;
	struct tree *tree;

	unit_assert_code(tree_decode(TREE_CMS, "SignerInfo",
			     unit_hex("30 03 05 01 01"), &tree, &e),
	    -CS_ERR_ENCODING);
	ck_assert_msg(strstr(e.text, "version") != NULL, "%s", e.text);
}
END_TEST

START_TEST(encoding_again_must_be_the_same)
{
	struct err e = ERR_INIT;

	/* a SET OF in another order than DER's */
	unit_assert_code(tree_check(TREE_CMS, "DigestAlgorithmIdentifiers",
			     unit_hex("31 0e 30 05 06 03 2a 03 05 "
				      "30 05 06 03 2a 03 04"),
			     &e),
	    -CS_ERR_NOT_DER);
	unit_assert_code(tree_check(TREE_CMS, "DigestAlgorithmIdentifiers",
			     unit_hex("31 0e 30 05 06 03 2a 03 04 "
				      "30 05 06 03 2a 03 05"),
			     &e),
	    0);
}
END_TEST

START_TEST(wrong_getters_say_so)
{
	struct tree *tree =
	    decode(TREE_CMS, "AlgorithmIdentifier", unit_hex(RSA));
	char text[OID_TEXT_MAX];
	struct err e = ERR_INIT;
	struct buf b = {0};
	uint32_t flags;
	uint64_t n;
	size_t count;
	bool flag;

	unit_assert_code(
	    tree_get_bytes(tree, "none", &b, &e), -CS_ERR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(e.text, "none"));
	unit_assert_code(
	    tree_get_bytes(tree, "algorithm", &b, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    tree_get_uint(tree, "algorithm", 1, &n, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    tree_get_flags(tree, "algorithm", &flags, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    tree_get_bool(tree, "algorithm", &flag, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    tree_get_choice(tree, "algorithm", text, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    tree_get_oid(tree, "parameters", text, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    tree_get_count(tree, "none", &count, &e), -CS_ERR_ARGUMENT);
	ck_assert_uint_eq(b.len, 0);
	tree_free(tree);
	tree_free(NULL);
	buf_clear(&b);
}
END_TEST

START_TEST(numbers_have_limits)
{
	static const struct {
		const char *hex;
		uint64_t max;
		int code;
		uint64_t value;
	} numbers[] = {
	    {"02 01 05", 5, 0, 5},
	    {"02 01 05", 4, -CS_ERR_TOO_LARGE, 0},
	    {"02 01 ff", 300, -CS_ERR_ENCODING, 0},
	    {"02 02 00 ff", 255, 0, 255},
	    {"02 09 00 ff ff ff ff ff ff ff ff", UINT64_MAX, 0, UINT64_MAX},
	    {"02 09 01 00 00 00 00 00 00 00 00", UINT64_MAX, -CS_ERR_TOO_LARGE,
		0},
	};
	struct tree *tree;
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		tree =
		    decode(TREE_PKIX1, "CRLNumber", unit_hex(numbers[i].hex));
		unit_assert_code(
		    tree_get_uint(tree, "", numbers[i].max, &n, NULL),
		    numbers[i].code);
		ck_assert_uint_eq(n, numbers[i].value);
		tree_free(tree);
	}
}
END_TEST

START_TEST(structures_have_a_limit)
{
	static uint8_t big[TREE_LEN_MAX + 1];
	struct tree *tree;

	unit_assert_code(tree_decode(TREE_CMS, "SignerInfo",
			     bytes_of(big, sizeof(big)), &tree, NULL),
	    -CS_ERR_TOO_LARGE);
	ck_assert_ptr_null(tree);
}
END_TEST

/* Any one bit changed, or any end cut off: read or not, no harm. */
START_TEST(broken_anywhere)
{
	struct buf file = {0};
	struct tree *tree;
	size_t i;

	unit_read_file(&file, DIR "pkix1/extensions.crt.der");
	for (i = 0; i < file.len; i++)
		ck_assert_int_lt(tree_decode(TREE_PKIX1, "Certificate",
				     bytes_of(file.data, i), &tree, NULL),
		    0);
	for (i = 0; i < 8 * file.len; i += 3) {
		file.data[i / 8] ^= (uint8_t)(1U << i % 8);
		if (tree_decode(TREE_PKIX1, "Certificate", buf_get(&file),
			&tree, NULL) == 0)
			tree_free(tree);
		file.data[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	buf_clear(&file);
}
END_TEST

static void *
decode_often(void *arg)
{
	static const uint8_t frame[] = {0x30, 0x03, 0x04, 0x01, 0x05};
	struct tree *tree;
	int i, *failures = arg;

	for (i = 0; i < 50; i++) {
		if (tree_decode(TREE_TOKEN, "Result",
			bytes_of(frame, sizeof(frame)), &tree, NULL) != 0)
			++*failures;
		else
			tree_free(tree);
	}
	return NULL;
}

START_TEST(loads_once_under_threads)
{
	pthread_t threads[4];
	int failures[4] = {0}, i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, decode_often,
				     &failures[i]),
		    0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(failures[i], 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = tcase_create("tree");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, reads_a_certificate);
	tcase_add_test(tcase, reads_a_crl);
	tcase_add_loop_test(tcase, agrees_on_signer_infos, 0, 3);
	tcase_add_loop_test(tcase, agrees_on_recipient_infos, 0, 6);
	tcase_add_test(tcase, agrees_on_what_we_write);
	tcase_add_test(tcase, reads_the_protocols);
	tcase_add_test(tcase, flags_are_bits);
	unit_add_loop(tcase, broken_ones_are_refused, bad);
	tcase_add_test(tcase, an_empty_sequence_has_no_fields);
	tcase_add_test(tcase, the_field_is_named);
	tcase_add_test(tcase, encoding_again_must_be_the_same);
	tcase_add_test(tcase, wrong_getters_say_so);
	tcase_add_test(tcase, numbers_have_limits);
	tcase_add_test(tcase, structures_have_a_limit);
	tcase_add_test(tcase, broken_anywhere);
	tcase_add_test(tcase, loads_once_under_threads);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
