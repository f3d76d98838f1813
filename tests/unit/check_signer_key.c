/* Signers whose keys or certificates say too little. */
#include "config.h"

#include "client/cms/reader.h"

#include <string.h>

#include "tests/unit/craft.h"

#define TEXT "Hello, reader\r\n"
/* RFC 3279 2.3.2: a DSA key, y = 5, without parameters */
#define DSA_BARE "30 11 30 09 06 07 2a 86 48 ce 38 04 01 03 04 00 02 01 05"

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

static const struct verdict_signer *
judge(const struct craft_signed *c)
{
	buf_reset(&cms);
	craft_signed(c, &cms);
	verdict_free(v);
	buf_reset(&content);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	ck_assert_uint_eq(v->layers_len, 1);
	ck_assert_uint_eq(v->layers[0].signers_len, 1);
	return &v->layers[0].signers[0];
}

/* 1024 bits prove nothing any more; --legacy admits them, in the certificate
 * as in the signature. */
START_TEST(test_short_key)
{
	struct soft_key *mallory = world.people[MALLORY];
	struct craft_signed c = {.who = MALLORY, .content = BYTES_LIT(TEXT)};
	struct soft_key *key = soft_key_new(&(struct soft_spec){
	    .kind = SOFT_RSA_SHORT, .issuer = world.ca, .serial = 21});
	const struct verdict_signer *s;

	world.people[MALLORY] = key;
	world.ring.keys[world.ring.len++] = key;
	s = judge(&c);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	ck_assert_int_eq(s->integrity.state, FINDING_GOOD);
	ck_assert_int_eq(s->algorithm.state, FINDING_BAD);
	unit_assert_code(s->algorithm.code, -CS_ERR_WEAK);
	ck_assert_ptr_nonnull(strstr(s->algorithm.text, "RSA-1024 is weak"));
	world.params.is_legacy = true;
	s = judge(&c);
	ck_assert_int_eq(s->algorithm.state, FINDING_GOOD);
	world.params.is_legacy = false;
	world.ring.len--;
	world.people[MALLORY] = mallory;
	soft_key_free(key);
}
END_TEST

/* A key with parameters to inherit, and a CA that has none to give. */
START_TEST(test_nothing_to_inherit)
{
	struct soft_key *key =
	    soft_key_new(&(struct soft_spec){.spki = unit_hex(DSA_BARE),
		.issuer = world.ca,
		.serial = 22,
		.key_id = BYTES_LIT("bare")});
	struct cert *certs[] = {soft_key_get_cert(key), NULL};
	struct craft_signed c = {.who = BOB,
	    .content = BYTES_LIT(TEXT),
	    .key_id = BYTES_LIT("bare"),
	    .signature_alg = unit_hex("30 0b 06 09 60 86 48 01 65 03 04 03 02"),
	    .certs = certs,
	    .has_no_certs = true};
	const struct verdict_signer *s;

	world.params.is_legacy = true;
	s = judge(&c);
	world.params.is_legacy = false;
	unit_assert_summary(v, VERDICT_BAD);
	ck_assert_int_eq(s->integrity.state, FINDING_BAD);
	ck_assert_ptr_nonnull(
	    strstr(s->integrity.text, "no parameters of its own"));
	ck_assert_uint_eq(content.len, 0);
	soft_key_free(key);
}
END_TEST

/* RFC 5035 5.4, with a digest that nobody here knows: not passed over. */
START_TEST(test_certificate_named_by_unknown_digest)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .attrs = &attrs};
	const struct verdict_signer *s;

	craft_attrs(&attrs, c.content);
	attr_put(&attrs, OID_SIGNING_CERTIFICATE_V2,
	    unit_hex("30 0e 30 0c 30 0a 30 04 06 02 2a 03 04 02 01 02"));
	s = judge(&c);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(s->integrity.code, -CS_ERR_ATTRIBUTES);
	ck_assert_ptr_nonnull(
	    strstr(s->integrity.text, "a digest that is not supported"));
	ck_assert_uint_eq(content.len, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("signer_key");
	TCase *c = tcase_create("keys");
	int r;

	world_init();
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_short_key);
	tcase_add_test(c, test_nothing_to_inherit);
	tcase_add_test(c, test_certificate_named_by_unknown_digest);
	suite_add_tcase(s, c);
	r = unit_run(s);
	world_free();
	return r;
}
