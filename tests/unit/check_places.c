/*
 * Attributes in their places, what signers say of themselves, and EdDSA over
 * the content itself.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/craft.h"

#define TEXT "Hello, reader\r\n"

static struct err e;
static struct buf cms, attrs, more, content;
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
	buf_clear(&more);
	buf_clear(&content);
	verdict_free(v);
}

static const struct verdict_signer *
signer(void)
{
	ck_assert_uint_eq(v->layers[0].signers_len, 1);
	return &v->layers[0].signers[0];
}

static void
assert_crafted(
    const struct craft_signed *c, enum verdict_summary summary, int code)
{
	buf_reset(&cms);
	craft_signed(c, &cms);
	verdict_free(v);
	buf_reset(&content);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	ck_assert_msg(v->summary == summary && v->code == code,
	    "got %s %s (%s)", verdict_summary_name(v->summary),
	    err_name(v->code), v->text);
}

#define assert_good(c) assert_crafted((c), VERDICT_VERIFIED, 0)
#define assert_bad(c, code) assert_crafted((c), VERDICT_BAD, (code))

static void
put_marker(struct buf *b)
{
	attr_put(b, OID_COUNTER_SIGNATURE, unit_hex("30 00"));
}

static void
put_stamp(struct buf *b)
{
	attr_put(b, OID_TIME_STAMP_TOKEN, unit_hex("30 00"));
}

static void
put_time(struct buf *b)
{
	attr_put_signing_time(b, 1);
}

static void
put_digest(struct buf *b)
{
	attr_put_message_digest(b, BYTES_LIT("abc"));
}

static void
put_type(struct buf *b)
{
	attr_put_content_type(b, OID_DATA);
}

static void
put_capabilities(struct buf *b)
{
	attr_put_capabilities(b, NULL, 0);
}

static void
put_broken(struct buf *b)
{
	buf_add_bytes(b, unit_hex("30 03 06 01 2a"));
}

static const struct {
	bool is_signed;
	void (*put)(struct buf *b);
} misplaced[] = {
    {true, put_marker},
    {true, put_stamp},
    {false, put_time},
    {false, put_digest},
    {false, put_type},
    {false, put_capabilities},
    {false, put_broken},
};

START_TEST(test_misplaced)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .attrs = &attrs};

	craft_attrs(&attrs, c.content);
	assert_good(&c);
	if (!misplaced[_i].is_signed)
		c.unsigned_attrs = &more;
	misplaced[_i].put(misplaced[_i].is_signed ? &attrs : &more);
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
	ck_assert_uint_eq(content.len, 0);
}
END_TEST

/* Others may be there, and more than once. */
START_TEST(test_unknown_unsigned)
{
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .attrs = &attrs,
	    .unsigned_attrs = &more};
	int i;

	craft_attrs(&attrs, c.content);
	buf_add_bytes(&more, unit_hex("30 07 06 01 2a 31 02 05 00"));
	buf_add_bytes(&more, unit_hex("30 07 06 01 2a 31 02 05 00"));
	assert_good(&c);
	for (i = 0; i < ATTRS_MAX; i++)
		buf_add_bytes(&more, unit_hex("30 07 06 01 2a 31 02 05 00"));
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
}
END_TEST

/* A stamp that is none proves nothing, and changes nothing. */
START_TEST(test_no_stamp)
{
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .attrs = &attrs,
	    .unsigned_attrs = &more};

	craft_attrs(&attrs, c.content);
	put_stamp(&more);
	assert_good(&c);
	ck_assert_uint_eq(signer()->stamps_len, 1);
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_BAD);
	ck_assert_ptr_null(signer()->stamps[0].signer);
	/* nor does a signature of another kind */
	buf_reset(&more);
	buf_reset(&content);
	world_sign_as(CAROL, BYTES_LIT(TEXT), &content);
	attr_put(&more, OID_TIME_STAMP_TOKEN, buf_get(&content));
	assert_good(&c);
	ck_assert_int_eq(signer()->stamps[0].finding.state, FINDING_BAD);
}
END_TEST

/* What the signer can read; what cannot be understood of it is left out. */
START_TEST(test_claims)
{
	const enum alg algs[] = {ALG_AES256_GCM, ALG_AES128_CBC};
	struct cert *certs[] = {world_cert(ALICE), NULL};
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .attrs = &attrs,
	    .certs = certs};

	craft_attrs(&attrs, c.content);
	attr_put_capabilities(&attrs, algs, 2);
	attr_put_encryption_preference(
	    &attrs, cert_get_issuer(certs[0]), cert_get_serial(certs[0]));
	assert_good(&c);
	ck_assert(cert_is_same(signer()->encryption_cert, certs[0]));
	unit_assert_code(verdict_to_json(v, &more), 0);
	buf_add_byte(&more, 0);
	ck_assert_ptr_nonnull(strstr((char *)more.data,
	    "\"capabilities\":[\"aes256-gcm\",\"aes128-cbc\"]"));
	/* by key id */
	buf_reset(&more);
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	der_put(&more, DER_CONTEXT(2), cert_get_key_id(certs[0]));
	attr_put(&attrs, OID_ENCRYPTION_KEY_PREFERENCE, buf_get(&more));
	assert_good(&c);
	ck_assert(cert_is_same(signer()->encryption_cert, certs[0]));
	buf_reset(&attrs);
	craft_attrs(&attrs, c.content);
	attr_put(&attrs, OID_SMIME_CAPABILITIES, unit_hex("30 02 30 00"));
	attr_put(&attrs, OID_ENCRYPTION_KEY_PREFERENCE, unit_hex("05 00"));
	assert_good(&c);
	ck_assert_uint_eq(signer()->capabilities.len, 0);
	ck_assert_ptr_null(signer()->encryption_cert);
	ck_assert_ptr_null(signer()->profile);
}
END_TEST

/* A CRL in the message that is none is somebody's fault, not a bad message. */
START_TEST(test_broken_crl)
{
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .raw_crl = unit_hex("30 03 02 01 01")};

	assert_good(&c);
	c.raw_crl = unit_hex("a1 03 06 01 2a"); /* another form */
	assert_good(&c);
	ck_assert_uint_eq(v->warnings_len, 0);
}
END_TEST

/* Over the content itself: the message is read again for it. */
START_TEST(test_pure)
{
	struct craft_signed c = {
	    .who = DAVE, .digest = ALG_SHA512, .content = BYTES_LIT(TEXT)};

	assert_good(&c);
	c.signs = BYTES_LIT("anything");
	assert_bad(&c, -CS_ERR_BAD_SIGNATURE);
	c.signs = BYTES_NONE;
	c.content_type = OID_TST_INFO;
	assert_bad(&c, -CS_ERR_ATTRIBUTES);
}
END_TEST

START_TEST(test_pure_detached)
{
	struct craft_signed c = {.who = DAVE,
	    .digest = ALG_SHA512,
	    .content = BYTES_LIT(TEXT),
	    .is_detached = true};
	enum alg algs[CMS_DIGESTS_MAX];
	uint8_t *big = calloc(1, DIGEST_CONTENT_MAX + 1);

	ck_assert_ptr_nonnull(big);
	craft_signed(&c, &cms);
	ck_assert_int_eq(cms_peek_digests(buf_get(&cms), algs, &e), 1);
	ck_assert_int_eq(algs[0], DIGEST_CONTENT);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), BYTES_LIT(TEXT), &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	verdict_free(v);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), BYTES_LIT("other"), &v, &e), 0);
	unit_assert_code(v->code, -CS_ERR_BAD_SIGNATURE);
	verdict_free(v);
	unit_assert_code(world_read_detached(buf_get(&cms),
			     bytes_of(big, DIGEST_CONTENT_MAX + 1), &v, &e),
	    0);
	unit_assert_code(v->code, -CS_ERR_TOO_LARGE);
	ck_assert_ptr_nonnull(strstr(v->text, "64 MiB"));
	free(big);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("places");
	TCase *c = tcase_create("places");
	int r;

	world_init();
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(
	    c, test_misplaced, 0, sizeof(misplaced) / sizeof(misplaced[0]));
	tcase_add_test(c, test_unknown_unsigned);
	tcase_add_test(c, test_no_stamp);
	tcase_add_test(c, test_claims);
	tcase_add_test(c, test_broken_crl);
	tcase_add_test(c, test_pure);
	tcase_add_test(c, test_pure_detached);
	suite_add_tcase(s, c);
	r = unit_run(s);
	world_free();
	return r;
}
