#include "config.h"

#include "client/cms/reader.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/craft.h"

#define TEXT "Hello, reader\r\n"

static struct err e;
static struct buf cms, attrs, content;
static struct verdict *v;

static void
setup(void)
{
	err_clear(&e);
	v = NULL;
}

static void
teardown(void)
{
	buf_clear(&cms);
	buf_clear(&attrs);
	buf_clear(&content);
	verdict_free(v);
}

static struct verdict_signer *
signer(size_t i)
{
	ck_assert_uint_gt(v->layers_len, 0);
	ck_assert_uint_gt(v->layers[0].signers_len, i);
	return &v->layers[0].signers[i];
}

static void
verify(void)
{
	verdict_free(v);
	buf_reset(&content);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
}

/* The crafted message has that summary and code. */
static void
assert_crafted(
    const struct craft_signed *c, enum verdict_summary summary, int code)
{
	buf_reset(&cms);
	craft_signed(c, &cms);
	verify();
	ck_assert_msg(v->summary == summary && v->code == code,
	    "got %s %s (%s)", verdict_summary_name(v->summary),
	    err_name(v->code), v->text);
	if (summary == VERDICT_BAD || summary == VERDICT_NONE)
		ck_assert_uint_eq(content.len, 0);
	else
		unit_assert_bytes(buf_get(&content), c->content);
}

#define assert_good(c) assert_crafted((c), VERDICT_VERIFIED, 0)
#define assert_bad(c, code) assert_crafted((c), VERDICT_BAD, (code))

/* Reads in one run, without the rule that asks for another. */
static int
read_once(const struct cms_reader_params *params)
{
	struct cms_reader *r;
	int code;

	verdict_free(v);
	v = verdict_new();
	unit_assert_code(cms_reader_new(params, v, NULL, &r, &e), 0);
	code = cms_reader_write(r, buf_get(&cms), &e);
	if (code == 0)
		code = cms_reader_finish(r, &e);
	if (code == 0)
		verdict_judge(v);
	cms_reader_free(r);
	return code;
}

/* Whatever a signer may have used, over the content and over attributes. */
static const struct {
	enum person who;
	enum alg digest;
} kinds[] = {
    {ALICE, ALG_SHA256},
    {ALICE, ALG_SHA3_224},
    {ALICE, ALG_SHA3_256},
    {ALICE, ALG_SHA3_384},
    {ALICE, ALG_SHA3_512},
    {BOB, ALG_SHA256},
    {BOB, ALG_SHA3_256},
    {CAROL, ALG_SHA256},
    {CAROL, ALG_SHA3_384},
    {DAVE, ALG_SHA512},
    {DAVE, ALG_SHA3_256},
    {GRACE, ALG_SHAKE256_LEN},
    {GRACE, ALG_SHAKE256},
    {ERIN, ALG_SHA256},
};

START_TEST(test_kinds)
{
	struct craft_signed c = {.who = kinds[_i].who,
	    .digest = kinds[_i].digest,
	    .content = BYTES_LIT(TEXT)};

	assert_good(&c);
	c.signs = BYTES_LIT("something else");
	assert_bad(&c, -CS_ERR_BAD_SIGNATURE);
	c.signs = BYTES_NONE;
	craft_attrs_with(&attrs, c.digest, c.content);
	c.attrs = &attrs;
	assert_good(&c);
	buf_reset(&attrs);
	craft_attrs_with(&attrs, c.digest, BYTES_LIT("something else"));
	assert_bad(&c, -CS_ERR_DIGEST_MISMATCH);
}
END_TEST

START_TEST(test_attributes_missing_or_wrong)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .attrs = &attrs};
	uint8_t hash[32];
	size_t mark;

	(void)!digest_of(ALG_SHA256, c.content, hash);
	attr_put_content_type(&attrs, OID_DATA); /* no messageDigest */
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	buf_reset(&attrs);
	attr_put_message_digest(&attrs, bytes_of(hash, 32));
	assert_bad(&c, -CS_ERR_ATTRIBUTES); /* no contentType */
	attr_put_content_type(&attrs, OID_SIGNED_DATA);
	assert_bad(&c, -CS_ERR_ATTRIBUTES); /* another one */
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	assert_good(&c);
	attr_put_message_digest(&attrs, bytes_of(hash, 32));
	assert_bad(&c, -CS_ERR_ATTRIBUTES); /* twice */
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	attr_put_content_type(&attrs, OID_DATA);
	assert_bad(&c, -CS_ERR_ATTRIBUTES); /* twice */
	buf_reset(&attrs);
	craft_attrs(&attrs, BYTES_LIT("something else"));
	assert_bad(&c, -CS_ERR_DIGEST_MISMATCH);
	/* two values in one messageDigest */
	buf_reset(&attrs);
	attr_put_content_type(&attrs, OID_DATA);
	mark = der_open(&attrs, DER_SEQUENCE);
	der_put_oid(&attrs, OID_MESSAGE_DIGEST);
	der_put_header(&attrs, DER_SET, 2 * 34);
	der_put(&attrs, DER_OCTET_STRING, bytes_of(hash, 32));
	der_put(&attrs, DER_OCTET_STRING, bytes_of(hash, 32));
	der_close(&attrs, mark);
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
}
END_TEST

START_TEST(test_order_of_attributes)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .attrs = &attrs};

	/* messageDigest is the longer one and should stand behind */
	craft_attrs(&content, c.content);
	attr_put_signing_time(&attrs, 1700000000);
	craft_attrs(&attrs, c.content);
	c.signs_as_sent = false;
	assert_good(&c);
	ck_assert(signer(0)->has_signing_time);
	ck_assert_int_eq(signer(0)->signing_time, 1700000000);
	c.signs_as_sent = true;
	assert_good(&c);
	c.signs_as_sent = false;
	c.signs = BYTES_LIT("anything");
	assert_bad(&c, -CS_ERR_BAD_SIGNATURE);
}
END_TEST

START_TEST(test_no_attributes_over_other_types)
{
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .content_type = OID_TST_INFO};

	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	c.content_type = 0;
	assert_good(&c);
}
END_TEST

/* A signature over attributes, passed off as one over their encoding. */
START_TEST(test_attributes_as_content)
{
	struct craft_signed c = {.who = BOB};

	craft_attrs(&attrs, BYTES_LIT(TEXT));
	unit_assert_code(attrs_put_set_of(&content, buf_get(&attrs)), 0);
	buf_reset(&attrs);
	buf_add_bytes(&attrs, buf_get(&content));
	c.content = buf_get(&attrs);
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	/* nor beside the signature */
	c.is_detached = true;
	buf_reset(&cms);
	craft_signed(&c, &cms);
	verdict_free(v);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), c.content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, -CS_ERR_ATTRIBUTES);
	c.is_detached = false;
	/* longer ones */
	attr_put(&attrs, OID_SMIME_CAPABILITIES,
	    BYTES_LIT("\x04\x50"
		      "0123456789012345678901234567890123456789"
		      "0123456789012345678901234567890123456789"));
	buf_reset(&content);
	unit_assert_code(
	    attrs_put_set_of(&content, bytes_of(attrs.data + 2, attrs.len - 2)),
	    0);
	buf_reset(&attrs);
	buf_add_bytes(&attrs, buf_get(&content));
	c.content = buf_get(&attrs);
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	/* a text that begins with the same letter is none */
	c.content = BYTES_LIT("1000 ways to begin a text with a digit");
	assert_good(&c);
}
END_TEST

START_TEST(test_algorithm_protection)
{
	struct craft_signed c = {
	    .who = ALICE, .content = BYTES_LIT(TEXT), .attrs = &attrs};
	struct buf sha256 = {0}, sha512 = {0}, rsa = {0};

	der_put_alg(&sha256, ALG_SHA256);
	der_put_alg(&sha512, ALG_SHA512);
	der_put_alg(&rsa, ALG_RSA);
	craft_attrs(&attrs, c.content);
	attr_put_algorithm_protection(&attrs, buf_get(&sha256), buf_get(&rsa));
	assert_good(&c);
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	attr_put_algorithm_protection(&attrs, buf_get(&sha512), buf_get(&rsa));
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	buf_clear(&sha256);
	buf_clear(&sha512);
	buf_clear(&rsa);
}
END_TEST

START_TEST(test_signing_certificate)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .attrs = &attrs};
	struct cert *bob = world_cert(BOB), *alice = world_cert(ALICE);

	craft_attrs(&attrs, c.content);
	attr_put_signing_certificate_v2(&attrs, ALG_SHA256,
	    bytes_of(cert_get_sha256(bob), 32), cert_get_issuer(bob),
	    cert_get_serial(bob));
	assert_good(&c);
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	attr_put_signing_certificate_v2(&attrs, ALG_SHA256,
	    bytes_of(cert_get_sha256(alice), 32), cert_get_issuer(bob),
	    cert_get_serial(bob));
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	attr_put_signing_certificate_v2(&attrs, ALG_SHA256,
	    bytes_of(cert_get_sha256(bob), 32), cert_get_issuer(bob),
	    cert_get_serial(alice));
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
}
END_TEST

/* Certificates that share a key identifier, or even a key. */
START_TEST(test_every_match_is_tried)
{
	struct cert *bob = world_cert(BOB), *decoys[4] = {NULL};
	struct bytes key_id = cert_get_key_id(bob);
	struct soft_key *a, *b, *same;
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .key_id = key_id,
	    .certs = decoys};

	assert_good(&c);
	a = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_P256, .key_id = key_id, .serial = 11});
	b = soft_key_new(&(struct soft_spec){.kind = SOFT_P256,
	    .key_id = key_id,
	    .issuer = world.ca,
	    .serial = 11});
	decoys[0] = soft_key_get_cert(a);
	decoys[1] = soft_key_get_cert(b);
	assert_good(&c);
	ck_assert(cert_is_same(signer(0)->cert, bob));
	/* the same issuer and serial number */
	c.key_id = BYTES_NONE;
	assert_good(&c);
	ck_assert(cert_is_same(signer(0)->cert, bob));
	/* another certificate for Bob's key: the attribute decides */
	same = soft_key_new(
	    &(struct soft_spec){.name = "Not Bob", .key = world.people[BOB]});
	decoys[2] = soft_key_get_cert(same);
	c.key_id = key_id;
	craft_attrs(&attrs, c.content);
	attr_put_signing_certificate_v2(&attrs, ALG_SHA256,
	    bytes_of(cert_get_sha256(bob), 32), cert_get_issuer(bob),
	    cert_get_serial(bob));
	c.attrs = &attrs;
	assert_good(&c);
	ck_assert(cert_is_same(signer(0)->cert, bob));
	soft_key_free(a);
	soft_key_free(b);
	soft_key_free(same);
}
END_TEST

START_TEST(test_computed_key_id)
{
	uint8_t id[20];
	struct craft_signed c = {.who = ERIN,
	    .content = BYTES_LIT(TEXT),
	    .key_id = bytes_of(id, sizeof(id))};

	spki_key_id(cert_get_spki(world_cert(ERIN)), id);
	assert_good(&c);
	id[0] ^= 1;
	assert_bad(&c, -CS_ERR_NO_SIGNER_CERT);
}
END_TEST

START_TEST(test_certificate_from_elsewhere)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .has_no_certs = true};

	assert_bad(&c, -CS_ERR_NO_SIGNER_CERT);
	ck_assert_ptr_null(signer(0)->cert);
	ck_assert_ptr_nonnull(strstr(v->text, "CN=Test CA"));
	world.trust.known = world.own;
	assert_good(&c);
	c.key_id = cert_get_key_id(world_cert(BOB));
	assert_good(&c);
	world.trust.known = NULL;
}
END_TEST

START_TEST(test_broken_certificate_beside)
{
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .raw_cert = unit_hex("30 03 02 01 05 a1 02 05 00")};

	assert_good(&c);
	ck_assert_uint_eq(v->warnings_len, 1);
}
END_TEST

START_TEST(test_digest_that_was_not_announced)
{
	struct craft_signed c = {
	    .who = ALICE, .content = BYTES_LIT(TEXT), .announced = ALG_SHA512};

	assert_good(&c); /* by a second run */
	unit_assert_code(read_once(&world.params), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, -CS_ERR_ALGORITHM);
}
END_TEST

START_TEST(test_weak_digests)
{
	struct craft_signed c = {
	    .who = ALICE, .content = BYTES_LIT(TEXT), .digest = ALG_SHA1};

	assert_crafted(&c, VERDICT_UNTRUSTED, -CS_ERR_WEAK);
	ck_assert_ptr_nonnull(strstr(v->text, "sha1 is weak"));
	world.params.is_legacy = true;
	assert_good(&c);
	/* MD5 stays refused */
	c.digest = ALG_MD5;
	assert_bad(&c, -CS_ERR_ALGORITHM);
	world.params.is_legacy = false;
	ck_assert_ptr_nonnull(strstr(v->text, "md5"));
	assert_bad(&c, -CS_ERR_ALGORITHM);
}
END_TEST

START_TEST(test_algorithms_that_do_not_fit)
{
	struct buf alg = {0};
	struct craft_signed c = {.who = BOB, .content = BYTES_LIT(TEXT)};
	struct cms_signer dave = world_signer(DAVE, false);

	/* another digest inside */
	der_put_alg(&alg, ALG_SHA512_WITH_ECDSA);
	c.signature_alg = buf_get(&alg);
	assert_bad(&c, -CS_ERR_ALGORITHM);
	/* another kind of key */
	buf_reset(&alg);
	der_put_alg(&alg, ALG_SHA256_WITH_RSA);
	c.signature_alg = buf_get(&alg);
	assert_bad(&c, -CS_ERR_ALGORITHM);
	buf_reset(&alg);
	der_put_sig_scheme(&alg, &dave.scheme);
	c.signature_alg = buf_get(&alg);
	craft_attrs(&attrs, c.content);
	c.attrs = &attrs;
	assert_bad(&c, -CS_ERR_ALGORITHM);
	/* an unknown one */
	c.signature_alg = unit_hex("30 04 06 02 2a03");
	assert_bad(&c, -CS_ERR_ALGORITHM);
	ck_assert_ptr_nonnull(strstr(signer(0)->signature_name, "1.2.3"));
	buf_clear(&alg);
}
END_TEST

/* Many signers without a path: the search ends, the verdict stays. */
START_TEST(test_many_untrusted_signers)
{
	struct craft_signed c = {
	    .who = MALLORY, .content = BYTES_LIT(TEXT), .signers = 12};

	assert_crafted(&c, VERDICT_UNTRUSTED, -CS_ERR_NO_PATH);
	ck_assert_int_eq(signer(7)->chain.state, FINDING_BAD);
	ck_assert_int_eq(signer(8)->chain.state, FINDING_UNKNOWN);
	ck_assert_int_eq(signer(11)->integrity.state, FINDING_GOOD);
}
END_TEST

/* 64 signers, each with many certificates to try. */
START_TEST(test_checks_are_bounded)
{
	static struct soft_key *keys[20];
	static struct cert *decoys[21];
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .signers = CMS_SIGNERS_MAX};
	size_t i;

	for (i = 0; i < 20; i++) {
		keys[i] = soft_key_new(&(struct soft_spec){
		    .kind = SOFT_P256,
		    .key_id = cert_get_key_id(world_cert(BOB)),
		});
		decoys[i] = soft_key_get_cert(keys[i]);
	}
	c.key_id = cert_get_key_id(world_cert(BOB));
	c.certs = decoys;
	assert_bad(&c, -CS_ERR_TOO_LARGE);
	ck_assert_int_eq(signer(0)->integrity.state, FINDING_GOOD);
	for (i = 0; i < 20; i++)
		soft_key_free(keys[i]);
}
END_TEST

START_TEST(test_no_signers)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .has_no_signer = true};

	assert_crafted(&c, VERDICT_NONE, -CS_ERR_NOT_SIGNED);
	c.is_detached = true;
	c.content = BYTES_NONE;
	assert_crafted(&c, VERDICT_NONE, -CS_ERR_NOT_SIGNED);
}
END_TEST

START_TEST(test_expired_stays_expired)
{
	struct craft_signed c = {
	    .who = FRANK, .content = BYTES_LIT(TEXT), .attrs = &attrs};
	struct cert *frank = world_cert(FRANK);

	craft_attrs(&attrs, c.content);
	assert_crafted(&c, VERDICT_UNTRUSTED, -CS_ERR_EXPIRED);
	attr_put_signing_time(&attrs, cert_get_not_before(frank) + 1);
	assert_crafted(&c, VERDICT_UNTRUSTED, -CS_ERR_EXPIRED);
	ck_assert_ptr_nonnull(strstr(v->text, "the signer says"));
	/* unless it is judged as of then */
	world.trust.has_time = true;
	world.trust.path.time = cert_get_not_before(frank) + 1;
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	assert_good(&c);
	world.trust.has_time = false;
}
END_TEST

START_TEST(test_untrusted_without_anchors)
{
	struct craft_signed c = {.who = MALLORY, .content = BYTES_LIT(TEXT)};
	struct cms_reader_params params = {0};

	assert_crafted(&c, VERDICT_UNTRUSTED, -CS_ERR_NO_PATH);
	verdict_free(v);
	unit_assert_code(
	    world_read(&params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_UNTRUSTED);
}
END_TEST

START_TEST(test_broken_signer_beside_a_good_one)
{
	struct craft_signed c = {.who = BOB, .content = BYTES_LIT(TEXT)};
	struct der d;
	struct bytes last = BYTES_NONE, version, whole;
	int tag;

	/* two signers, then the second one's signature changed */
	c.signers = 2;
	craft_signed(&c, &cms);
	cms.data[cms.len - 1] ^= 1;
	verify();
	unit_assert_summary(v, VERDICT_BAD);
	ck_assert_int_eq(signer(0)->integrity.state, FINDING_GOOD);
	ck_assert_int_eq(signer(1)->integrity.state, FINDING_BAD);
	ck_assert_uint_eq(content.len, 0);
	/* and one that is no SignerInfo at all */
	whole = buf_get(&cms);
	der_init(&d, whole);
	d = der_enter(&d, DER_SEQUENCE);
	der_skip(&d);
	d = der_enter(&d, DER_CONTEXT_C(0));
	d = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&d))
		last = der_get_any(&d, &tag);
	ck_assert_int_eq(tag, DER_SET);
	/* version INTEGER of the first one becomes an OCTET STRING */
	der_init(&d, last);
	d = der_enter(&d, DER_SET);
	d = der_enter(&d, DER_SEQUENCE);
	version = der_get(&d, DER_INTEGER);
	ck_assert_uint_eq(version.len, 1);
	cms.data[version.p - 2 - cms.data] = 0x04;
	verify();
	unit_assert_summary(v, VERDICT_BAD);
	ck_assert_uint_eq(v->layers[0].signers_len, 2);
}
END_TEST

static Suite *
signer_suite(void)
{
	Suite *s = suite_create("signer");
	TCase *tc = tcase_create("judging");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, test_kinds, 0, sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_test(tc, test_attributes_missing_or_wrong);
	tcase_add_test(tc, test_order_of_attributes);
	tcase_add_test(tc, test_no_attributes_over_other_types);
	tcase_add_test(tc, test_attributes_as_content);
	tcase_add_test(tc, test_algorithm_protection);
	tcase_add_test(tc, test_signing_certificate);
	tcase_add_test(tc, test_every_match_is_tried);
	tcase_add_test(tc, test_computed_key_id);
	tcase_add_test(tc, test_certificate_from_elsewhere);
	tcase_add_test(tc, test_broken_certificate_beside);
	tcase_add_test(tc, test_digest_that_was_not_announced);
	tcase_add_test(tc, test_weak_digests);
	tcase_add_test(tc, test_algorithms_that_do_not_fit);
	tcase_add_test(tc, test_many_untrusted_signers);
	tcase_add_test(tc, test_checks_are_bounded);
	tcase_add_test(tc, test_no_signers);
	tcase_add_test(tc, test_expired_stays_expired);
	tcase_add_test(tc, test_untrusted_without_anchors);
	tcase_add_test(tc, test_broken_signer_beside_a_good_one);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(signer_suite());
	world_free();
	return status;
}
