#include "config.h"

#include "client/cms/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cms_util.h"

static struct verdict *v;
static struct buf b;

static void
setup(void)
{
	v = verdict_new();
	buf_init(&b, 0);
}

static void
teardown(void)
{
	verdict_free(v);
	buf_clear(&b);
}

/* A signer with nothing to find fault with. */
static struct verdict_signer *
add_good_signer(struct verdict_layer *layer, enum person who)
{
	struct verdict_signer *s = verdict_add_signer(layer);

	s->cert = cert_ref(world_cert(who));
	s->sid = strdup("issuer CN=Test CA, serial 0a");
	s->digest_name = strdup("sha256");
	s->signature_name = strdup("rsa-sha256");
	finding_set(&s->integrity, FINDING_GOOD, 0, "fits");
	finding_set(&s->algorithm, FINDING_GOOD, 0, "%s", "");
	finding_set(&s->chain, FINDING_GOOD, 0, "%s", "");
	return s;
}

static struct verdict_layer *
add_signed(void)
{
	struct verdict_layer *layer = verdict_add_layer(v, VERDICT_SIGNED);

	layer->format = strdup("SignedData");
	layer->content_type = strdup("data");
	layer->covered_len = 42;
	return layer;
}

static struct verdict_layer *
add_encrypted(bool is_authenticated)
{
	struct verdict_layer *layer = verdict_add_layer(v, VERDICT_ENCRYPTED);
	struct verdict_recipient *r = verdict_add_recipient(layer);

	r->rid = strdup("key id 01");
	r->alg_name = strdup("rsa");
	r->is_ours = true;
	layer->format = strdup("EnvelopedData");
	layer->cipher_name =
	    strdup(is_authenticated ? "aes256-gcm" : "aes256-cbc");
	layer->is_authenticated = is_authenticated;
	finding_set(&layer->decryption, FINDING_GOOD, 0, "opened");
	return layer;
}

static void
assert_verdict(enum verdict_summary summary, int code, const char *text)
{
	unit_assert_code(verdict_judge(v), code);
	unit_assert_summary(v, summary);
	unit_assert_code(v->code, code);
	ck_assert_msg(strstr(v->text, text) != NULL, "\"%s\" lacks \"%s\"",
	    v->text, text);
}

START_TEST(test_nothing)
{
	assert_verdict(VERDICT_NONE, 0, "not signed");
	add_signed();
	assert_verdict(VERDICT_NONE, -CS_ERR_NOT_SIGNED, "no signature");
}
END_TEST

START_TEST(test_unsigned)
{
	add_good_signer(add_signed(), ALICE);
	verdict_warn(v, "a remark");
	ck_assert_int_eq(verdict_set_unsigned(v, "a mail of text"), 0);
	unit_assert_summary(v, VERDICT_NONE);
	unit_assert_code(v->code, -CS_ERR_NOT_SIGNED);
	ck_assert_str_eq(v->text, "a mail of text");
	ck_assert_uint_eq(v->layers_len, 0);
	ck_assert_uint_eq(v->warnings_len, 0);
}
END_TEST

START_TEST(test_good)
{
	struct verdict_layer *layer = add_signed();

	add_good_signer(layer, ALICE);
	assert_verdict(VERDICT_VERIFIED, 0, "Good signature by Alice");
	add_good_signer(layer, BOB);
	assert_verdict(VERDICT_VERIFIED, 0, "Bob");
	verdict_warn(v, "a %s", "remark");
	add_encrypted(true);
	assert_verdict(VERDICT_VERIFIED, 0, "encrypted with aes256-gcm");
}
END_TEST

/* Which finding, set how, gives which verdict? */
static const struct {
	size_t finding; /* offset */
	enum finding_state state;
	int code;
	enum verdict_summary summary;
	int want;
} faults[] = {
#define AT(field) offsetof(struct verdict_signer, field)
    {AT(integrity), FINDING_BAD, -CS_ERR_DIGEST_MISMATCH, VERDICT_BAD,
	-CS_ERR_DIGEST_MISMATCH},
    {AT(integrity), FINDING_NOT_CHECKED, 0, VERDICT_BAD, -CS_ERR_BAD_SIGNATURE},
    {AT(integrity), FINDING_UNKNOWN, 0, VERDICT_BAD, -CS_ERR_BAD_SIGNATURE},
    {AT(chain), FINDING_BAD, -CS_ERR_EXPIRED, VERDICT_UNTRUSTED,
	-CS_ERR_EXPIRED},
    {AT(chain), FINDING_NOT_CHECKED, 0, VERDICT_UNTRUSTED, -CS_ERR_UNTRUSTED},
    {AT(algorithm), FINDING_BAD, -CS_ERR_WEAK, VERDICT_UNTRUSTED, -CS_ERR_WEAK},
    {AT(revocation), FINDING_BAD, -CS_ERR_REVOKED, VERDICT_UNTRUSTED,
	-CS_ERR_REVOKED},
    {AT(revocation), FINDING_UNKNOWN, -CS_ERR_UNTRUSTED, VERDICT_VERIFIED, 0},
    {AT(address), FINDING_BAD, -CS_ERR_ADDRESS, VERDICT_UNTRUSTED,
	-CS_ERR_ADDRESS},
    {AT(address), FINDING_UNKNOWN, 0, VERDICT_UNTRUSTED, -CS_ERR_ADDRESS},
    {AT(address), FINDING_NOT_CHECKED, 0, VERDICT_VERIFIED, 0},
};

START_TEST(test_faults)
{
	struct verdict_layer *layer = add_signed();
	struct verdict_signer *s;

	add_good_signer(layer, ALICE);
	s = add_good_signer(layer, BOB);
	finding_set((struct finding *)(void *)((char *)s + faults[_i].finding),
	    faults[_i].state, faults[_i].code, "the reason");
	assert_verdict(faults[_i].summary, faults[_i].want,
	    faults[_i].summary == VERDICT_VERIFIED ? "Good" : "Bob");
	if (faults[_i].summary != VERDICT_VERIFIED)
		ck_assert_ptr_nonnull(strstr(v->text, "the reason"));
}
END_TEST

START_TEST(test_bad_outweighs_untrusted)
{
	struct verdict_layer *layer = add_signed();
	struct verdict_signer *s = add_good_signer(layer, ALICE);

	finding_set(&s->chain, FINDING_BAD, -CS_ERR_NO_PATH, "no path");
	s = add_good_signer(layer, BOB);
	finding_set(&s->integrity, FINDING_BAD, -CS_ERR_BAD_SIGNATURE, "wrong");
	assert_verdict(VERDICT_BAD, -CS_ERR_BAD_SIGNATURE, "Bob");
	/* and the first of a kind is told */
	s = add_good_signer(layer, CAROL);
	finding_set(
	    &s->integrity, FINDING_BAD, -CS_ERR_DIGEST_MISMATCH, "other");
	assert_verdict(VERDICT_BAD, -CS_ERR_BAD_SIGNATURE, "Bob");
}
END_TEST

START_TEST(test_signer_without_certificate)
{
	struct verdict_signer *s = add_good_signer(add_signed(), ALICE);

	cert_free(s->cert);
	s->cert = NULL;
	finding_set(&s->integrity, FINDING_BAD, -CS_ERR_NO_SIGNER_CERT, "none");
	assert_verdict(
	    VERDICT_BAD, -CS_ERR_NO_SIGNER_CERT, "the signer issuer CN=Test");
}
END_TEST

START_TEST(test_encrypted)
{
	struct verdict_layer *layer = add_encrypted(true);

	assert_verdict(VERDICT_DECRYPTED, 0, "not signed");
	layer->is_authenticated = false;
	assert_verdict(VERDICT_DECRYPTED, 0, "does not show");
	finding_set(&layer->decryption, FINDING_BAD, -CS_ERR_AUTH_TAG, "tag");
	assert_verdict(VERDICT_BAD, -CS_ERR_AUTH_TAG, "cannot be opened: tag");
	finding_set(&layer->decryption, FINDING_NOT_CHECKED, 0, "%s", "");
	assert_verdict(VERDICT_BAD, -CS_ERR_DECRYPT, "cannot be opened");
}
END_TEST

START_TEST(test_cut)
{
	add_signed();
	verdict_warn(v, "one");
	add_good_signer(add_signed(), ALICE);
	add_encrypted(true);
	verdict_warn(v, "two");
	verdict_cut(v, 1, 1);
	ck_assert_uint_eq(v->layers_len, 1);
	ck_assert_uint_eq(v->warnings_len, 1);
	ck_assert_str_eq(v->warnings[0], "one");
}
END_TEST

START_TEST(test_warnings_are_bounded)
{
	unsigned i;

	for (i = 0; i < 2 * VERDICT_WARNINGS_MAX; i++)
		unit_assert_code(verdict_warn(v, "%u", i), 0);
	ck_assert_uint_eq(v->warnings_len, VERDICT_WARNINGS_MAX);
}
END_TEST

START_TEST(test_finding_is_cut_at_a_character)
{
	char text[FINDING_TEXT_MAX + 10];
	struct finding f;
	size_t i;

	for (i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	finding_set(&f, FINDING_BAD, -CS_ERR_PATH, "x%s", text);
	ck_assert_uint_eq(strlen(f.text), FINDING_TEXT_MAX - 1);
	finding_set(&f, FINDING_BAD, -CS_ERR_PATH, "%s", text);
	ck_assert_uint_eq(strlen(f.text), FINDING_TEXT_MAX - 2);
	unit_assert_code(f.code, -CS_ERR_PATH);
}
END_TEST

START_TEST(test_text)
{
	struct verdict_signer *s = add_good_signer(add_signed(), ALICE);
	const char *text;

	finding_set(&s->chain, FINDING_BAD, -CS_ERR_EXPIRED, "it expired");
	s->has_signing_time = true;
	s->signing_time = 1700000000;
	s->address_certified = strdup("alice@example.org");
	s->path = cert_set_new();
	unit_assert_code(cert_set_add(s->path, world_cert(ALICE)), 0);
	add_encrypted(false);
	verdict_warn(v, "be careful");
	verdict_judge(v);
	unit_assert_code(verdict_to_text(v, false, &b), 0);
	buf_add_byte(&b, 0);
	text = (const char *)b.data;
	ck_assert_ptr_nonnull(strstr(text, "chain       bad: it expired\n"));
	ck_assert_ptr_null(strstr(text, "sha256"));
	ck_assert_ptr_nonnull(strstr(text, "warning: be careful\n"));
	ck_assert_ptr_nonnull(strstr(text, "not authenticated\n"));
	ck_assert_ptr_nonnull(strstr(text, "recipient: key id 01 (rsa), ours"));
	buf_reset(&b);
	unit_assert_code(verdict_to_text(v, true, &b), 0);
	buf_add_byte(&b, 0);
	text = (const char *)b.data;
	ck_assert_ptr_nonnull(strstr(text, "content digest sha256\n"));
	ck_assert_ptr_nonnull(strstr(text, "2023-11-14T22:13:20Z"));
	ck_assert_ptr_nonnull(strstr(text, "alice@example.org"));
	/* no room for it */
	buf_clear(&b);
	buf_init(&b, 10);
	unit_assert_code(verdict_to_text(v, true, &b), -CS_ERR_TOO_LARGE);
}
END_TEST

START_TEST(test_json)
{
	struct verdict_signer *s = add_good_signer(add_signed(), ALICE);

	s->address_claimed = strdup("caf\xe9"); /* not UTF-8 */
	verdict_judge(v);
	unit_assert_code(verdict_to_json(v, &b), 0);
	ck_assert_uint_eq(b.data[b.len - 1], '\n');
	ck_assert_ptr_eq(memchr(b.data, '\n', b.len), b.data + b.len - 1);
	buf_add_byte(&b, 0);
	ck_assert_ptr_nonnull(
	    strstr((char *)b.data, "\"summary\":\"verified\""));
	ck_assert_ptr_nonnull(strstr((char *)b.data, "\"code\":null"));
	ck_assert_ptr_nonnull(
	    strstr((char *)b.data, "\"address_claimed\":\"caf\\\\xe9\""));
	buf_clear(&b);
	buf_init(&b, 10);
	unit_assert_code(verdict_to_json(v, &b), -CS_ERR_TOO_LARGE);
}
END_TEST

static Suite *
verdict_suite(void)
{
	Suite *s = suite_create("verdict");
	TCase *tc = tcase_create("judging");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_nothing);
	tcase_add_test(tc, test_unsigned);
	tcase_add_test(tc, test_good);
	tcase_add_loop_test(
	    tc, test_faults, 0, (int)(sizeof(faults) / sizeof(faults[0])));
	tcase_add_test(tc, test_bad_outweighs_untrusted);
	tcase_add_test(tc, test_signer_without_certificate);
	tcase_add_test(tc, test_encrypted);
	suite_add_tcase(s, tc);
	tc = tcase_create("forms");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_cut);
	tcase_add_test(tc, test_warnings_are_bounded);
	tcase_add_test(tc, test_finding_is_cut_at_a_character);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_json);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(verdict_suite());
	world_free();
	return status;
}
