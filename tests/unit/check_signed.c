#include "config.h"

#include "client/cms/signed.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/signer_info.h"
#include "tests/unit/cms_util.h"

static struct err e;

static void
setup(void)
{
	err_clear(&e);
}

#define TEXT "Content-Type: text/plain\r\n\r\nHello\r\n"

/* Every kind of key in every form comes back as it should. */
static const struct {
	enum person who;
	bool wants_pss;
} kinds[] = {{ALICE, false}, {ALICE, true}, {BOB, false}, {CAROL, false},
    {DAVE, false}, {GRACE, false}};

#define KINDS_LEN ((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(test_round_trip)
{
	struct cms_signer signer =
	    world_signer(kinds[_i].who, kinds[_i].wants_pss);
	struct buf cms = {0}, content = {0};
	struct verdict *v;
	int form;

	for (form = 0; form < FORMS_LEN; form++) {
		world_sign(&signer, 1, (enum form)form, BYTES_LIT(TEXT), &cms);
		if (form == FORM_DETACHED)
			unit_assert_code(world_read_detached(buf_get(&cms),
					     BYTES_LIT(TEXT), &v, &e),
			    0);
		else
			unit_assert_code(world_read(&world.params,
					     buf_get(&cms), &v, &content, &e),
			    0);
		unit_assert_summary(v, VERDICT_VERIFIED);
		ck_assert_uint_eq(v->layers_len, 1);
		ck_assert_uint_eq(v->layers[0].signers_len, 1);
		ck_assert_uint_eq(v->layers[0].covered_len, strlen(TEXT));
		ck_assert(cert_is_same(
		    v->layers[0].signers[0].cert, world_cert(kinds[_i].who)));
		if (form != FORM_DETACHED)
			unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
		verdict_free(v);
		buf_reset(&cms);
		buf_reset(&content);
	}
	buf_clear(&cms);
	buf_clear(&content);
}
END_TEST

START_TEST(test_changed_content_is_bad)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct buf cms = {0}, content = {0};
	struct verdict *v;

	world_sign(
	    &signer, 1, _i == 0 ? FORM_DER : FORM_BER, BYTES_LIT(TEXT), &cms);
	bytes_replace(&cms, BYTES_LIT("Hello"), BYTES_LIT("Hullo"));
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, -CS_ERR_DIGEST_MISMATCH);
	ck_assert_uint_eq(content.len, 0);
	ck_assert(cert_is_same(v->layers[0].signers[0].cert, world_cert(BOB)));
	verdict_free(v);
	buf_clear(&cms);

	world_sign(&signer, 1, FORM_DETACHED, BYTES_LIT(TEXT), &cms);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), BYTES_LIT("other"), &v, &e), 0);
	unit_assert_code(v->code, -CS_ERR_DIGEST_MISMATCH);
	verdict_free(v);
	buf_clear(&cms);
	buf_clear(&content);
}
END_TEST

START_TEST(test_several_signers)
{
	struct cms_signer signers[] = {world_signer(ALICE, false),
	    world_signer(BOB, false), world_signer(CAROL, false),
	    world_signer(DAVE, false)};
	struct buf cms = {0}, content = {0};
	struct verdict *v;
	size_t i;

	world_sign(signers, 4, FORM_BER, BYTES_LIT(TEXT), &cms);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].signers_len, 4);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(
		    v->layers[0].signers[i].integrity.state, FINDING_GOOD);
	verdict_free(v);
	buf_clear(&cms);
	buf_clear(&content);

	/* one who is not trusted among them */
	signers[3] = world_signer(MALLORY, false);
	world_sign(signers, 4, FORM_DER, BYTES_LIT(TEXT), &cms);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_NO_PATH);
	unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	verdict_free(v);
	buf_clear(&cms);
	buf_clear(&content);
}
END_TEST

/* What stands in the one SignerInfo of a detached signature. */
static void
get_signer_info(struct bytes cms, struct signer_info *info)
{
	struct bytes any, last = BYTES_NONE;
	struct der d, in;
	int tag;

	der_init(&d, cms);
	in = der_enter(&d, DER_SEQUENCE);
	der_skip(&in);
	in = der_enter(&in, DER_CONTEXT_C(0));
	in = der_enter(&in, DER_SEQUENCE);
	while (der_has_more(&in)) {
		any = der_get_any(&in, &tag);
		last = any;
	}
	der_init(&d, last);
	in = der_enter(&d, DER_SET);
	unit_assert_code(
	    signer_info_decode(der_get_raw(&in, DER_SEQUENCE), info, &e), 0);
	ck_assert_int_eq(der_end(&in), 0);
}

START_TEST(test_attributes)
{
	struct cms_signer signer = world_signer(ALICE, false);
	struct bytes type, digest, want;
	struct buf cms = {0}, set = {0};
	uint8_t hash[DIGEST_LEN_MAX];
	struct ess_cert_id ess;
	struct signer_info info;
	bool has;
	int64_t t;

	world_sign(&signer, 1, FORM_DETACHED, BYTES_LIT(TEXT), &cms);
	get_signer_info(buf_get(&cms), &info);
	ck_assert_uint_eq(info.version, 1);
	/* PKCS#1 v1.5 goes by the key's name */
	ck_assert_int_eq(info.signature_alg.known, OID_RSA);
	unit_assert_code(attrs_check(info.signed_attrs, &e), 0);
	unit_assert_code(
	    attrs_get_content_type(info.signed_attrs, &type, &e), 0);
	unit_assert_bytes(type, oid_get(OID_DATA));
	unit_assert_code(
	    attrs_get_message_digest(info.signed_attrs, &digest, &e), 0);
	want = bytes_of(hash, digest_of(ALG_SHA256, BYTES_LIT(TEXT), hash));
	unit_assert_bytes(digest, want);
	unit_assert_code(
	    attrs_get_signing_time(info.signed_attrs, &has, &t, &e), 0);
	ck_assert(has);
	unit_assert_code(
	    attrs_get_signing_certificate(info.signed_attrs, &ess, &e), 0);
	ck_assert(ess.is_present && ess.has_issuer_serial);
	unit_assert_bytes(
	    ess.hash, bytes_of(cert_get_sha256(world_cert(ALICE)), 32));
	unit_assert_code(attrs_check_algorithm_protection(info.signed_attrs,
			     &info.digest_alg, &info.signature_alg, &has, &e),
	    0);
	ck_assert(has);
	/* in DER order as they stand */
	unit_assert_code(attrs_put_set_of(&set, info.signed_attrs), 0);
	ck_assert(memmem(cms.data, cms.len, info.signed_attrs.p,
		      info.signed_attrs.len) != NULL);
	unit_assert_bytes(bytes_of(set.data + set.len - info.signed_attrs.len,
			      info.signed_attrs.len),
	    info.signed_attrs);
	buf_clear(&set);
	buf_clear(&cms);
}
END_TEST

static bool
has_cert(const struct buf *cms, const struct cert *c)
{
	struct bytes raw = cert_get_raw(c);

	return memmem(cms->data, cms->len, raw.p, raw.len) != NULL;
}

START_TEST(test_roots_are_left_out)
{
	struct cms_signer signer = world_signer(ALICE, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct cert_set *others = cert_set_new();
	struct buf cms = {0};
	struct sink *out = sink_new_buf(&cms);
	struct cms_sign *sign;

	unit_assert_code(cert_set_add(others, soft_key_get_cert(world.ca)), 0);
	unit_assert_code(cert_set_add(others, world_cert(BOB)), 0);
	params.certificates = others;
	unit_assert_code(cms_sign_new(&params, &sign, &e), 0);
	unit_assert_code(cms_sign_finish(sign, out, &e), 0);
	cms_sign_free(sign);
	ck_assert(has_cert(&cms, world_cert(ALICE)));
	ck_assert(has_cert(&cms, world_cert(BOB)));
	ck_assert(!has_cert(&cms, soft_key_get_cert(world.ca)));
	sink_free(out);
	buf_clear(&cms);
	cert_set_free(others);
	/* but the signer's own is there, even if it is one */
	world_sign_as(MALLORY, BYTES_LIT("x"), &cms);
	ck_assert(has_cert(&cms, world_cert(MALLORY)));
	buf_clear(&cms);
}
END_TEST

START_TEST(test_another_content_type)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct buf cms = {0}, content = {0};
	struct sink *out = sink_new_buf(&cms);
	struct bytes_source source;
	struct verdict *v;

	params.content_type = OID_TST_INFO;
	bytes_source_init(&source, BYTES_LIT("xyz"), 1);
	unit_assert_code(
	    cms_sign_opaque_der(&params, &source.source, out, &e), 0);
	/* SignedData version 3: RFC 5652 5.1 */
	ck_assert_ptr_nonnull(memmem(cms.data, cms.len, "\x02\x01\x03\x31", 4));
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_str_eq(v->layers[0].content_type, oid_name(OID_TST_INFO));
	verdict_free(v);
	sink_free(out);
	buf_clear(&cms);
	buf_clear(&content);
}
END_TEST

START_TEST(test_long_content_in_pieces)
{
	size_t len = 200001, pieces[] = {1, 777, 16384, 65536, 100000};
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	uint8_t *text = malloc(len);
	struct buf cms = {0}, content = {0};
	struct sink *out = sink_new_buf(&cms);
	struct bytes_source source;
	struct verdict *v;

	memset(text, 'x', len);
	bytes_source_init(&source, bytes_of(text, len), pieces[_i]);
	unit_assert_code(
	    cms_sign_opaque_ber(&params, &source.source, out, &e), 0);
	ck_assert_uint_eq(source.runs, 1);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(bytes_is_equal(buf_get(&content), bytes_of(text, len)));
	verdict_free(v);
	sink_free(out);
	buf_clear(&cms);
	buf_clear(&content);
	free(text);
}
END_TEST

START_TEST(test_empty_content)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct buf cms = {0}, content = {0};
	struct verdict *v;
	int form;

	for (form = FORM_DER; form <= FORM_BER; form++) {
		world_sign(&signer, 1, (enum form)form, BYTES_NONE, &cms);
		unit_assert_code(
		    world_read(&world.params, buf_get(&cms), &v, &content, &e),
		    0);
		unit_assert_summary(v, VERDICT_VERIFIED);
		ck_assert_uint_eq(v->layers[0].covered_len, 0);
		verdict_free(v);
		buf_reset(&cms);
	}
	buf_clear(&cms);
	buf_clear(&content);
}
END_TEST

START_TEST(test_number_of_signers)
{
	static struct cms_signer signers[CMS_SIGNERS_MAX + 1];
	struct cms_sign_params params = world_sign_params(signers, 0);
	struct cms_sign *sign;
	size_t i;

	unit_assert_code(cms_sign_new(&params, &sign, &e), -CS_ERR_ARGUMENT);
	ck_assert_ptr_null(sign);
	for (i = 0; i <= CMS_SIGNERS_MAX; i++)
		signers[i] = world_signer(BOB, false);
	params.signers_len = CMS_SIGNERS_MAX + 1;
	unit_assert_code(cms_sign_new(&params, &sign, &e), -CS_ERR_ARGUMENT);
	params.signers_len = CMS_SIGNERS_MAX;
	unit_assert_code(cms_sign_new(&params, &sign, &e), 0);
	cms_sign_free(sign);
	cms_sign_free(NULL);
}
END_TEST

START_TEST(test_content_that_changes_between_the_runs)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct sink *out = sink_new_null();
	struct bytes_source source;

	bytes_source_init(&source, BYTES_LIT("abcdef"), 4);
	source.later = _i == 0 ? BYTES_LIT("abcde") : BYTES_LIT("abcdefg");
	unit_assert_code(cms_sign_opaque_der(&params, &source.source, out, &e),
	    -CS_ERR_CHANGED);
	sink_free(out);
}
END_TEST

START_TEST(test_failures_of_the_key)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct sink *out = sink_new_null();
	struct bytes_source source;
	struct cms_sign *sign;

	world.ring.fail_with = -CS_ERR_CANCELLED;
	bytes_source_init(&source, BYTES_LIT("abc"), 4);
	unit_assert_code(cms_sign_opaque_der(&params, &source.source, out, &e),
	    -CS_ERR_CANCELLED);
	ck_assert_str_eq(e.text, "told to fail");
	unit_assert_code(cms_sign_opaque_ber(&params, &source.source, out, &e),
	    -CS_ERR_CANCELLED);
	unit_assert_code(cms_sign_new(&params, &sign, &e), 0);
	unit_assert_code(cms_sign_finish(sign, out, &e), -CS_ERR_CANCELLED);
	cms_sign_free(sign);
	world.ring.fail_with = 0;
	sink_free(out);
}
END_TEST

/* A sink that takes only so much. */
START_TEST(test_failures_of_the_output)
{
	struct cms_signer signer = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&signer, 1);
	struct bytes_source source;
	struct buf whole = {0}, some;
	struct sink *out;
	size_t room;

	world_sign(&signer, 1, FORM_BER, BYTES_LIT("abc"), &whole);
	for (room = 1; room + 16 < whole.len; room += 7) {
		buf_init(&some, room);
		out = sink_new_buf(&some);
		bytes_source_init(&source, BYTES_LIT("abc"), 4);
		unit_assert_code(
		    cms_sign_opaque_ber(&params, &source.source, out, &e),
		    -CS_ERR_TOO_LARGE);
		buf_reset(&some);
		unit_assert_code(
		    cms_sign_opaque_der(&params, &source.source, out, &e),
		    -CS_ERR_TOO_LARGE);
		sink_free(out);
		buf_clear(&some);
	}
	buf_clear(&whole);
}
END_TEST

static Suite *
signed_suite(void)
{
	Suite *s = suite_create("signed");
	TCase *tc = tcase_create("making");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_round_trip, 0, KINDS_LEN);
	tcase_add_loop_test(tc, test_changed_content_is_bad, 0, 2);
	tcase_add_test(tc, test_several_signers);
	tcase_add_test(tc, test_attributes);
	tcase_add_test(tc, test_roots_are_left_out);
	tcase_add_test(tc, test_another_content_type);
	tcase_add_loop_test(tc, test_long_content_in_pieces, 0, 5);
	tcase_add_test(tc, test_empty_content);
	suite_add_tcase(s, tc);
	tc = tcase_create("failures");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_number_of_signers);
	tcase_add_loop_test(
	    tc, test_content_that_changes_between_the_runs, 0, 2);
	tcase_add_test(tc, test_failures_of_the_key);
	tcase_add_test(tc, test_failures_of_the_output);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(signed_suite());
	world_free();
	return status;
}
