#include "config.h"

#include "client/cms/detect.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cms_util.h"

static struct err e;
static struct buf got;

static void
setup(void)
{
	err_clear(&e);
}

static void
teardown(void)
{
	buf_clear(&got);
}

#define IN(text, form)                       \
	{                                    \
		text, sizeof(text) - 1, form \
	}
static const struct {
	const char *text;
	size_t len;
	enum input_form form;
} inputs[] = {
    IN("", INPUT_EMPTY),
    IN(" \r\n\t\n", INPUT_EMPTY),
    IN("\x30\x80\x06\x09\x2a", INPUT_DER),
    IN("\x30\x0b\x06\x09\x2a", INPUT_DER),
    IN("\x30\x82\x01\x00\x06\x09\x2a", INPUT_DER),
    IN("\x30\x84\x00\x01\x00\x00\x06\x09", INPUT_DER),
    IN("\x30\x03\x02\x01\x01", INPUT_UNKNOWN),
    IN("0", INPUT_UNKNOWN),
    IN("From: a@b\r\n\r\nhello", INPUT_MESSAGE),
    IN("Content-Type: text/plain\n\nhello", INPUT_MESSAGE),
    IN("X : obsolete\n\nhello", INPUT_MESSAGE),
    IN("From alice Thu Jan  1 00:00:00 1970\nTo: b\n\n", INPUT_MESSAGE),
    IN("Subject: x\n\n-----BEGIN PKCS7-----\n", INPUT_MESSAGE),
    IN("-----BEGIN PKCS7-----\nMIIB\n", INPUT_PEM),
    IN("\xef\xbb\xbf-----BEGIN CMS-----\nMIIB\n", INPUT_PEM),
    IN("\n\n-----BEGIN CMS-----\nMIIB\n", INPUT_PEM),
    IN("some words before\n-----BEGIN CMS-----\nMIIB\n", INPUT_PEM),
    IN("MIIBAAYJKoZIhvcNAQcC\nAAAA\n", INPUT_BASE64),
    IN("\nMIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgE=", INPUT_BASE64),
    IN("MIME is a word", INPUT_UNKNOWN),
    IN("Mist, and more of it", INPUT_UNKNOWN),
    IN("hello world", INPUT_UNKNOWN),
    IN(":no name", INPUT_UNKNOWN),
};

START_TEST(test_detection)
{
	struct input *in =
	    input_new_bytes(bytes_of(inputs[_i].text, inputs[_i].len), "x");
	enum input_form form;

	unit_assert_code(input_detect(in, &form, &e), 0);
	ck_assert_int_eq(form, inputs[_i].form);
	input_free(in);
}
END_TEST

/* Runs the source of a text, twice, into got. */
static int
run(struct bytes text, enum input_form want)
{
	struct input *in = input_new_bytes(text, "the text");
	struct sink *sink = sink_new_buf(&got);
	enum input_form form;
	struct source *source;
	int r, again;

	buf_reset(&got);
	unit_assert_code(input_detect(in, &form, &e), 0);
	ck_assert_int_eq(form, want);
	source = cms_source_new(in, form, &e);
	ck_assert_ptr_nonnull(source);
	again = source_run(source, sink, &e);
	buf_reset(&got);
	r = source_run(source, sink, &e);
	ck_assert_int_eq(r, again);
	cms_source_free(source);
	sink_free(sink);
	input_free(in);
	return r;
}

START_TEST(test_sources)
{
	struct bytes der = unit_hex("30 0b 06 09 2a864886f70d010702");

	unit_assert_code(run(der, INPUT_DER), 0);
	unit_assert_bytes(buf_get(&got), der);
	unit_assert_code(
	    run(BYTES_LIT("MAsGCSqG\r\nSIb3DQEHAg==\r\n"), INPUT_BASE64), 0);
	unit_assert_bytes(buf_get(&got), der);
	unit_assert_code(run(BYTES_LIT("text\n-----BEGIN X-----\nfoo\n"
				       "-----BEGIN CMS-----\r\n"
				       "MAsGCSqG\r\nSIb3DQEHAg==\r\n"
				       "-----END CMS-----\r\nafter\n"),
			     INPUT_PEM),
	    0);
	unit_assert_bytes(buf_get(&got), der);
	unit_assert_code(run(BYTES_LIT("\xef\xbb\xbf-----BEGIN PKCS7-----\n"
				       "MAsGCSqGSIb3DQEHAg==\n"
				       "-----END PKCS7-----"),
			     INPUT_PEM),
	    0);
	unit_assert_bytes(buf_get(&got), der);
}
END_TEST

static const struct {
	const char *text;
	int code;
} bad_pem[] = {
    {"-----BEGIN X-----\nMAsG\n-----END X-----\n", -CS_ERR_TRUNCATED},
    {"-----BEGIN CMS-----\nMAsG\n", -CS_ERR_TRUNCATED},
    {"-----BEGIN CMS-----\nMAsG\n-----END CERTIFICATE-----\n",
	-CS_ERR_ENCODING},
    {"-----BEGIN CMS-----\nMAsG\n-----END CMS", -CS_ERR_ENCODING},
    {"-----BEGIN CMS-----\nMA:sG\n-----END CMS-----\n", -CS_ERR_BASE64},
    {"-----BEGIN CMS-----\nMAs\n-----END CMS-----\n", -CS_ERR_BASE64},
    {"-----BEGIN CMS-----\nMAsG\n-----END CMS-----\n"
     "-----BEGIN CMS-----\nMAsG\n-----END CMS-----\n",
	-CS_ERR_MULTIPLE},
};

START_TEST(test_bad_pem)
{
	unit_assert_code(
	    run(bytes_of_str(bad_pem[_i].text), INPUT_PEM), bad_pem[_i].code);
}
END_TEST

START_TEST(test_bad_base64)
{
	unit_assert_code(
	    run(BYTES_LIT("MAsGCSqG\nSIb"), INPUT_BASE64), -CS_ERR_BASE64);
}
END_TEST

START_TEST(test_no_source)
{
	struct input *in = input_new_bytes(BYTES_LIT("hello"), "letter");

	ck_assert_ptr_null(cms_source_new(in, INPUT_MESSAGE, &e));
	unit_assert_code(e.code, -CS_ERR_NOT_MESSAGE);
	ck_assert_ptr_null(cms_source_new(in, INPUT_UNKNOWN, &e));
	unit_assert_code(e.code, -CS_ERR_NOT_MESSAGE);
	ck_assert_ptr_null(cms_source_new(in, INPUT_EMPTY, &e));
	unit_assert_code(e.code, -CS_ERR_NOT_MESSAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "letter is empty"));
	input_free(in);
}
END_TEST

/* A whole message in PEM, in pieces of every size. */
START_TEST(test_pem_in_pieces)
{
	struct buf cms = {0}, pem = {0}, content = {0};
	struct sink *sink = sink_new_buf(&pem), *enc;
	static struct buf decoded;
	struct input *in;
	struct source *source;
	size_t len;

	world_sign_as(ALICE, BYTES_LIT("hello"), &cms);
	buf_add_str(&pem, "-----BEGIN CMS-----\n");
	enc = sink_new_base64_enc(sink, 48, "\n");
	unit_assert_code(sink_write(enc, buf_get(&cms), &e), 0);
	unit_assert_code(sink_finish(enc, &e), 0);
	buf_add_str(&pem, "-----END CMS-----\n");
	sink_free(enc);
	sink_free(sink);
	sink = sink_new_buf(&decoded);
	for (len = 0; len < pem.len; len += 101) {
		in = input_new_bytes(bytes_of(pem.data, pem.len - len), "x");
		source = cms_source_new(in, INPUT_PEM, &e);
		buf_reset(&decoded);
		if (len == 0) {
			unit_assert_code(source_run(source, sink, &e), 0);
			unit_assert_bytes(buf_get(&decoded), buf_get(&cms));
		} else {
			ck_assert_int_lt(source_run(source, sink, &e), 0);
		}
		cms_source_free(source);
		input_free(in);
	}
	sink_free(sink);
	buf_clear(&decoded);
	buf_clear(&cms);
	buf_clear(&pem);
	buf_clear(&content);
}
END_TEST

static Suite *
detect_suite(void)
{
	Suite *s = suite_create("detect");
	TCase *tc = tcase_create("forms");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, test_detection, 0, (int)(sizeof(inputs) / sizeof(inputs[0])));
	tcase_add_test(tc, test_sources);
	tcase_add_loop_test(
	    tc, test_bad_pem, 0, (int)(sizeof(bad_pem) / sizeof(bad_pem[0])));
	tcase_add_test(tc, test_bad_base64);
	tcase_add_test(tc, test_no_source);
	tcase_add_test(tc, test_pem_in_pieces);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(detect_suite());
	world_free();
	return status;
}
