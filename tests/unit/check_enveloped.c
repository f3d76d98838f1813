#include "config.h"

#include "client/cms/enveloped.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/ber.h"
#include "tests/unit/cms_util.h"

static struct err e;

static void
setup(void)
{
	world_reset();
	err_clear(&e);
}

static const enum alg ciphers[] = {ALG_AES128_CBC, ALG_AES192_CBC,
    ALG_AES256_CBC, ALG_AES128_GCM, ALG_AES192_GCM, ALG_AES256_GCM,
    ALG_CHACHA20_POLY1305};
#define CIPHERS_LEN ((int)(sizeof(ciphers) / sizeof(ciphers[0])))

static const size_t lengths[] = {0, 1, 15, 16, 17, 65535, 65536, 150001};
#define LENGTHS_LEN (sizeof(lengths) / sizeof(lengths[0]))

START_TEST(test_round_trip)
{
	struct cert *to[] = {world_cert(ALICE), world_cert(ERIN)};
	struct buf cms = {0}, content = {0};
	uint8_t *text = malloc(200000);
	struct bytes want;
	struct verdict *v;
	size_t i;
	int form;

	memset(text, 'y', 200000);
	for (i = 0; i < LENGTHS_LEN; i++)
		for (form = FORM_DER; form <= FORM_BER; form++) {
			want = bytes_of(text, lengths[i]);
			world_encrypt(
			    ciphers[_i], to, 2, (enum form)form, want, &cms);
			unit_assert_code(world_read(&world.decrypt,
					     buf_get(&cms), &v, &content, &e),
			    0);
			unit_assert_summary(v, VERDICT_DECRYPTED);
			ck_assert(bytes_is_equal(buf_get(&content), want));
			ck_assert_uint_eq(v->layers[0].recipients_len, 2);
			ck_assert_str_eq(
			    v->layers[0].cipher_name, alg_name(ciphers[_i]));
			ck_assert_int_eq(v->layers[0].is_authenticated,
			    cipher_is_aead(ciphers[_i]));
			verdict_free(v);
			buf_reset(&cms);
			buf_reset(&content);
		}
	buf_clear(&cms);
	buf_clear(&content);
	free(text);
}
END_TEST

/* The DER form is DER throughout: the whole can be taken apart strictly. */
START_TEST(test_der_is_der)
{
	struct cert *to[] = {world_cert(ALICE)};
	struct buf cms = {0}, again = {0};

	world_encrypt(ciphers[_i], to, 1, FORM_DER, BYTES_LIT("hello"), &cms);
	unit_assert_code(ber_to_der(buf_get(&cms), &again, 0, &e), 0);
	unit_assert_bytes(buf_get(&cms), buf_get(&again));
	buf_clear(&cms);
	buf_clear(&again);
}
END_TEST

START_TEST(test_keys_are_fresh)
{
	struct cert *to[] = {world_cert(ALICE)};
	struct buf a = {0}, b = {0};

	world_encrypt(ALG_AES256_GCM, to, 1, FORM_DER, BYTES_LIT("hello"), &a);
	world_encrypt(ALG_AES256_GCM, to, 1, FORM_DER, BYTES_LIT("hello"), &b);
	ck_assert_uint_eq(a.len, b.len);
	/* the last octets are the tag, before them the content */
	ck_assert(memcmp(a.data + a.len - 24, b.data + b.len - 24, 24) != 0);
	buf_clear(&a);
	buf_clear(&b);
}
END_TEST

static int
encrypt_with(struct cms_encrypt_params *params, struct bytes_source *source,
    uint64_t len)
{
	struct sink *out = sink_new_null();
	int r = cms_encrypt_der(params, &source->source, len, out, &e);

	if (r == -CS_ERR_ARGUMENT || r == -CS_ERR_ALGORITHM)
		unit_assert_code(
		    cms_encrypt_ber(params, &source->source, out, &e), r);
	sink_free(out);
	return r;
}

START_TEST(test_refused_parameters)
{
	struct cert *alice = world_cert(ALICE), *dave = world_cert(DAVE);
	struct cms_encrypt_params params = {
	    .recipients = &alice,
	    .recipients_len = 0,
	    .cipher = ALG_AES256_CBC,
	    .content_type = OID_DATA,
	};
	struct bytes_source source;

	bytes_source_init(&source, BYTES_LIT("abc"), 2);
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ARGUMENT);
	params.recipients_len = CMS_RECIPIENTS_MAX + 1;
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ARGUMENT);
	params.recipients_len = 1;
	params.cipher = ALG_DES_EDE3_CBC;
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ALGORITHM);
	params.cipher = ALG_SHA256;
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ALGORITHM);
	/* nothing authenticates them */
	params.cipher = ALG_AES128_CBC;
	params.auth_attrs = BYTES_LIT("\x30\x00");
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ARGUMENT);
	params.cipher = ALG_AES128_GCM;
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ATTRIBUTES);
	params.auth_attrs = BYTES_NONE;
	params.recipients = &dave;
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_ALGORITHM);
	ck_assert_ptr_nonnull(strstr(e.text, "Dave"));
	ck_assert_uint_eq(source.runs, 0);
}
END_TEST

START_TEST(test_content_that_changes)
{
	struct cert *alice = world_cert(ALICE);
	struct cms_encrypt_params params = {
	    .recipients = &alice,
	    .recipients_len = 1,
	    .cipher = ALG_AES256_CBC,
	    .content_type = OID_DATA,
	};
	struct bytes_source source;

	bytes_source_init(&source, BYTES_LIT("abcdef"), 4);
	unit_assert_code(encrypt_with(&params, &source, 7), -CS_ERR_CHANGED);
	unit_assert_code(encrypt_with(&params, &source, 5), -CS_ERR_CHANGED);
	unit_assert_code(encrypt_with(&params, &source, 6), 0);
	ck_assert_uint_eq(source.runs, 3);
	bytes_source_init(&source, BYTES_LIT("abcdef"), 4);
	source.later = BYTES_LIT("abcdefg");
	unit_assert_code(
	    encrypt_with(&params, &source, UINT64_MAX), -CS_ERR_CHANGED);
	bytes_source_init(&source, BYTES_LIT("abcdef"), 4);
	unit_assert_code(
	    encrypt_with(&params, &source, CMS_CONTENT_LEN_MAX + 1),
	    -CS_ERR_TOO_LARGE);
}
END_TEST

/* Another type in EnvelopedData: version 2 is for other things. */
START_TEST(test_another_content_type)
{
	struct cert *alice = world_cert(ALICE);
	struct cms_encrypt_params params = {
	    .recipients = &alice,
	    .recipients_len = 1,
	    .cipher = ALG_AES256_CBC,
	    .content_type = OID_SIGNED_DATA,
	};
	struct buf cms = {0}, content = {0};
	struct sink *out = sink_new_buf(&cms);
	struct bytes_source source;
	struct verdict *v;

	bytes_source_init(&source, BYTES_LIT("abcdef"), 4);
	unit_assert_code(cms_encrypt_ber(&params, &source.source, out, &e), 0);
	unit_assert_code(
	    world_read(&world.decrypt, buf_get(&cms), &v, &content, &e), 0);
	ck_assert_str_eq(v->layers[0].content_type, "signedData");
	unit_assert_bytes(buf_get(&content), BYTES_LIT("abcdef"));
	verdict_free(v);
	sink_free(out);
	buf_clear(&cms);
	buf_clear(&content);
}
END_TEST

START_TEST(test_many_recipients)
{
	static struct cert *to[CMS_RECIPIENTS_MAX];
	struct buf cms = {0}, content = {0};
	struct cms_reader_params params = world.decrypt;
	struct cert_set *own = cert_set_new();
	struct verdict *v;
	size_t i;

	for (i = 0; i < CMS_RECIPIENTS_MAX; i++)
		to[i] = world_cert(i == 700 ? ERIN : ALICE);
	unit_assert_code(cert_set_add(own, world_cert(ERIN)), 0);
	params.own = own;
	world_encrypt(ALG_AES256_GCM, to, CMS_RECIPIENTS_MAX, FORM_BER,
	    BYTES_LIT("hello"), &cms);
	unit_assert_code(
	    world_read(&params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	ck_assert_uint_eq(world.ring.opens, 1);
	ck_assert_uint_eq(v->layers[0].recipients_len, CMS_RECIPIENTS_MAX);
	verdict_free(v);
	buf_clear(&cms);
	buf_clear(&content);
	cert_set_free(own);
}
END_TEST

START_TEST(test_failures_of_the_output)
{
	struct cert *alice = world_cert(ALICE);
	struct cms_encrypt_params params = {
	    .recipients = &alice,
	    .recipients_len = 1,
	    .cipher = _i == 0 ? ALG_AES256_CBC : ALG_AES256_GCM,
	    .content_type = OID_DATA,
	};
	struct bytes_source source;
	struct buf some;
	struct sink *out;
	size_t room;

	bytes_source_init(&source, BYTES_LIT("abcdef"), 4);
	for (room = 1; room < 400; room += 13) {
		buf_init(&some, room);
		out = sink_new_buf(&some);
		unit_assert_code(
		    cms_encrypt_ber(&params, &source.source, out, &e),
		    -CS_ERR_TOO_LARGE);
		buf_reset(&some);
		unit_assert_code(
		    cms_encrypt_der(&params, &source.source, 6, out, &e),
		    -CS_ERR_TOO_LARGE);
		sink_free(out);
		buf_clear(&some);
	}
}
END_TEST

static Suite *
enveloped_suite(void)
{
	Suite *s = suite_create("enveloped");
	TCase *tc = tcase_create("making");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_round_trip, 0, CIPHERS_LEN);
	tcase_add_loop_test(tc, test_der_is_der, 0, CIPHERS_LEN);
	tcase_add_test(tc, test_keys_are_fresh);
	tcase_add_test(tc, test_another_content_type);
	tcase_add_test(tc, test_many_recipients);
	suite_add_tcase(s, tc);
	tc = tcase_create("failures");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_refused_parameters);
	tcase_add_test(tc, test_content_that_changes);
	tcase_add_loop_test(tc, test_failures_of_the_output, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(enveloped_suite());
	world_free();
	return status;
}
