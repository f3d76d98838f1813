#include "config.h"

#include "client/cms/reader.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/craft.h"

#define TEXT "Hello, reader\r\n"

static struct err e;
static struct buf cms, content;
static struct verdict *v;

static void
setup(void)
{
	world_reset();
	err_clear(&e);
	v = NULL;
}

static void
teardown(void)
{
	buf_clear(&cms);
	buf_clear(&content);
	verdict_free(v);
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

/* Reads in given pieces, without any rule. */
static int
read_pieces(const struct cms_reader_params *params, struct bytes in,
    size_t first, size_t piece)
{
	struct sink *sink = sink_new_buf(&content);
	struct cms_reader *r;
	size_t at, len;
	int code;

	verdict_free(v);
	v = verdict_new();
	buf_reset(&content);
	unit_assert_code(cms_reader_new(params, v, sink, &r, &e), 0);
	code = cms_reader_write(r, bytes_of(in.p, first), &e);
	for (at = first; code == 0 && at < in.len; at += len) {
		len = in.len - at < piece ? in.len - at : piece;
		code = cms_reader_write(r, bytes_of(in.p + at, len), &e);
	}
	if (code == 0)
		code = cms_reader_finish(r, &e);
	if (code == 0)
		verdict_judge(v);
	else
		unit_assert_code(e.code, code);
	cms_reader_free(r);
	sink_free(sink);
	return code;
}

START_TEST(test_every_split)
{
	struct cms_signer bob = world_signer(BOB, false);
	size_t at;

	world_sign(
	    &bob, 1, _i == 0 ? FORM_DER : FORM_BER, BYTES_LIT(TEXT), &cms);
	for (at = 0; at <= cms.len; at++) {
		unit_assert_code(
		    read_pieces(&world.params, buf_get(&cms), at, SIZE_MAX), 0);
		unit_assert_summary(v, VERDICT_VERIFIED);
		unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	}
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, 1), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
}
END_TEST

START_TEST(test_every_split_of_encrypted)
{
	struct cert *to[] = {world_cert(ALICE)};
	struct cms_reader_params params = world.decrypt;
	size_t at;

	params.memo = cms_memo_new(); /* so that the key is opened once */
	world_encrypt(_i == 0 ? ALG_AES128_CBC : ALG_AES128_GCM, to, 1,
	    FORM_BER, BYTES_LIT(TEXT), &cms);
	for (at = 0; at <= cms.len; at++) {
		unit_assert_code(
		    read_pieces(&params, buf_get(&cms), at, SIZE_MAX), 0);
		unit_assert_summary(v, VERDICT_DECRYPTED);
		unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	}
	unit_assert_code(read_pieces(&params, buf_get(&cms), 0, 1), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	ck_assert_uint_eq(world.ring.opens, 1);
	cms_memo_free(params.memo);
}
END_TEST

START_TEST(test_every_truncation)
{
	struct cms_signer bob = world_signer(BOB, false);
	size_t len;

	world_sign(
	    &bob, 1, _i == 0 ? FORM_DER : FORM_BER, BYTES_LIT(TEXT), &cms);
	for (len = 0; len < cms.len; len++)
		unit_assert_code(read_pieces(&world.params,
				     bytes_of(cms.data, len), 0, SIZE_MAX),
		    -CS_ERR_TRUNCATED);
	buf_add_byte(&cms, 0);
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX),
	    -CS_ERR_TRAILING);
}
END_TEST

/* A changed bit makes the message bad or leaves its content as it was. */
START_TEST(test_every_bit)
{
	size_t i;
	unsigned bit;
	int code;

	world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
	for (i = 0; i < cms.len; i++)
		for (bit = 0; bit < 8; bit += 3) {
			cms.data[i] = (uint8_t)(cms.data[i] ^ 1U << bit);
			code = read_pieces(
			    &world.params, buf_get(&cms), 0, SIZE_MAX);
			if (code == 0 && v->summary == VERDICT_VERIFIED)
				unit_assert_bytes(
				    buf_get(&content), BYTES_LIT(TEXT));
			cms.data[i] = (uint8_t)(cms.data[i] ^ 1U << bit);
		}
	unit_assert_code(
	    read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
}
END_TEST

/* An authenticated message lets nothing out that is not the original. */
START_TEST(test_every_bit_of_encrypted)
{
	struct cert *to[] = {world_cert(ALICE)};
	size_t i;
	int code;

	world_encrypt(ALG_AES128_GCM, to, 1, FORM_DER, BYTES_LIT(TEXT), &cms);
	for (i = 0; i < cms.len; i++) {
		cms.data[i] ^= 0x10;
		verdict_free(v);
		buf_reset(&content);
		code =
		    world_read(&world.decrypt, buf_get(&cms), &v, &content, &e);
		if (code != 0 || v->summary != VERDICT_DECRYPTED)
			ck_assert_uint_eq(content.len, 0);
		else
			unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
		cms.data[i] ^= 0x10;
	}
}
END_TEST

/* Any legal nesting of BER reads like the DER it came from. */
START_TEST(test_ber_of_all_kinds)
{
	struct cert *to[] = {world_cert(ALICE)};
	struct buf der = {0};
	size_t seg;

	world_sign_as(ALICE, BYTES_LIT(TEXT), &der);
	for (seg = 1; seg < 20; seg += 6) {
		buf_reset(&cms);
		craft_ber(buf_get(&der), seg, &cms);
		verify();
		unit_assert_summary(v, VERDICT_VERIFIED);
		unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
	}
	buf_reset(&der);
	buf_reset(&cms);
	world_encrypt(ALG_AES256_GCM, to, 1, FORM_DER, BYTES_LIT(TEXT), &der);
	craft_ber(buf_get(&der), 3, &cms);
	verdict_free(v);
	unit_assert_code(
	    world_read(&world.decrypt, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	buf_clear(&der);
}
END_TEST

static const struct {
	const char *hex;
	int code;
} broken_forms[] = {
    {"04 00", -CS_ERR_NOT_MESSAGE},
    {"48 65 6c 6c 6f", -CS_ERR_NOT_MESSAGE},
    {"30 03 02 01 01", -CS_ERR_ENCODING},
    {"30 00", -CS_ERR_ENCODING},
    /* ContentInfo without content */
    {"30 0b 06 09 2a864886f70d010702", -CS_ERR_ENCODING},
    /* data, digestedData, an unknown type */
    {"30 0f 06 09 2a864886f70d010701 a0 02 04 00", -CS_ERR_UNSUPPORTED},
    {"30 0f 06 09 2a864886f70d010704 a0 02 30 00", -CS_ERR_UNSUPPORTED},
    {"30 0f 06 09 2a864886f70d010705 a0 02 30 00", -CS_ERR_NOT_SIGNED},
    {"30 08 06 02 2a03 a0 02 30 00", -CS_ERR_UNSUPPORTED},
    /* SignedData that is no SEQUENCE, or is empty */
    {"30 0f 06 09 2a864886f70d010702 a0 02 31 00", -CS_ERR_ENCODING},
    {"30 0f 06 09 2a864886f70d010702 a0 02 30 00", -CS_ERR_ENCODING},
    /* version 9; digestAlgorithms missing */
    {"30 12 06 09 2a864886f70d010702 a0 05 30 03 02 01 09",
	-CS_ERR_UNSUPPORTED},
    {"30 14 06 09 2a864886f70d010702 a0 07 30 05 02 01 01 30 00",
	-CS_ERR_ENCODING},
    /* content that is no OCTET STRING */
    {"30 27 06 09 2a864886f70d010702 a0 1a 30 18 02 01 01 31 00 "
     "30 0f 06 09 2a864886f70d010701 a0 02 30 00 31 00",
	-CS_ERR_ENCODING},
    /* signerInfos missing; a field behind them */
    {"30 21 06 09 2a864886f70d010702 a0 14 30 12 02 01 01 31 00 "
     "30 0b 06 09 2a864886f70d010701",
	-CS_ERR_ENCODING},
    {"30 25 06 09 2a864886f70d010702 a0 18 30 16 02 01 01 31 00 "
     "30 0b 06 09 2a864886f70d010701 31 00 31 00",
	-CS_ERR_ENCODING},
};

START_TEST(test_broken_form)
{
	struct bytes in = unit_hex(broken_forms[_i].hex);

	unit_assert_code(
	    read_pieces(&world.params, in, 0, SIZE_MAX), broken_forms[_i].code);
	unit_assert_code(
	    read_pieces(&world.params, in, 0, 1), broken_forms[_i].code);
	ck_assert_str_ne(e.text, "");
}
END_TEST

START_TEST(test_too_deep)
{
	size_t i;

	world_sign_as(BOB, BYTES_LIT(TEXT), &content);
	/* the same with an OCTET STRING of many segments inside another */
	buf_add_bytes(&cms, BYTES_LIT("\x30\x80\x06\x09"));
	buf_add_bytes(&cms, oid_get(OID_SIGNED_DATA));
	buf_add_bytes(&cms, BYTES_LIT("\xa0\x80\x30\x80\x02\x01\x01\x31\x00"
				      "\x30\x80\x06\x09"));
	buf_add_bytes(&cms, oid_get(OID_DATA));
	buf_add_bytes(&cms, BYTES_LIT("\xa0\x80"));
	for (i = 0; i < 64; i++)
		buf_add_bytes(&cms, BYTES_LIT("\x24\x80"));
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX),
	    -CS_ERR_TOO_DEEP);
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

START_TEST(test_too_many_signers)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .signers = CMS_SIGNERS_MAX};

	craft_signed(&c, &cms);
	unit_assert_code(
	    read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	buf_reset(&cms);
	c.signers++;
	craft_signed(&c, &cms);
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX),
	    -CS_ERR_TOO_LARGE);
}
END_TEST

START_TEST(test_too_many_certificates)
{
	static struct cert *certs[CMS_CERTIFICATES_MAX + 1];
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .certs = certs};
	size_t i;

	for (i = 0; i < CMS_CERTIFICATES_MAX - 1; i++)
		certs[i] = world_cert(ALICE);
	assert_good(&c);
	certs[i] = world_cert(ALICE);
	buf_reset(&cms);
	craft_signed(&c, &cms);
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX),
	    -CS_ERR_TOO_LARGE);
}
END_TEST

START_TEST(test_element_too_large)
{
	struct buf big = {0};
	struct craft_signed c = {.who = BOB, .content = BYTES_LIT(TEXT)};
	uint8_t *zeroes = calloc(1, CMS_ELEMENT_MAX + 1);

	der_put(&big, DER_SEQUENCE, bytes_of(zeroes, CMS_ELEMENT_MAX + 1));
	c.raw_cert = buf_get(&big);
	craft_signed(&c, &cms);
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX),
	    -CS_ERR_TOO_LARGE);
	buf_clear(&big);
	free(zeroes);
}
END_TEST

START_TEST(test_detached)
{
	struct craft_signed c = {
	    .who = BOB, .content = BYTES_LIT(TEXT), .is_detached = true};
	enum alg algs[CMS_DIGESTS_MAX];

	craft_signed(&c, &cms);
	ck_assert_int_eq(cms_peek_digests(buf_get(&cms), algs, &e), 1);
	ck_assert_int_eq(algs[0], ALG_SHA256);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), BYTES_LIT(TEXT), &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(v->layers[0].covered_len, strlen(TEXT));
	verdict_free(v);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), BYTES_LIT("xx"), &v, &e), 0);
	unit_assert_summary(v, VERDICT_BAD);
	/* without content */
	unit_assert_code(read_pieces(&world.params, buf_get(&cms), 0, SIZE_MAX),
	    -CS_ERR_USAGE);
	/* content both inside and beside */
	c.is_detached = false;
	buf_reset(&cms);
	craft_signed(&c, &cms);
	verdict_free(v);
	unit_assert_code(
	    world_read_detached(buf_get(&cms), BYTES_LIT(TEXT), &v, &e),
	    -CS_ERR_ENCODING);
	unit_assert_code(cms_peek_digests(BYTES_LIT("\x30\x80"), algs, &e),
	    -CS_ERR_TRUNCATED);
	c.has_no_signer = true;
	buf_reset(&cms);
	craft_signed(&c, &cms);
	ck_assert_int_eq(cms_peek_digests(buf_get(&cms), algs, &e), 1);
}
END_TEST

static Suite *
reader_suite(void)
{
	Suite *s = suite_create("reader");
	TCase *tc = tcase_create("form");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, test_every_split, 0, 2);
	tcase_add_loop_test(tc, test_every_split_of_encrypted, 0, 2);
	tcase_add_loop_test(tc, test_every_truncation, 0, 2);
	tcase_add_test(tc, test_every_bit);
	tcase_add_test(tc, test_every_bit_of_encrypted);
	tcase_add_test(tc, test_ber_of_all_kinds);
	tcase_add_loop_test(tc, test_broken_form, 0,
	    (int)(sizeof(broken_forms) / sizeof(broken_forms[0])));
	tcase_add_test(tc, test_too_deep);
	tcase_add_test(tc, test_no_signers);
	tcase_add_test(tc, test_too_many_signers);
	tcase_add_test(tc, test_too_many_certificates);
	tcase_add_test(tc, test_element_too_large);
	tcase_add_test(tc, test_detached);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(reader_suite());
	world_free();
	return status;
}
