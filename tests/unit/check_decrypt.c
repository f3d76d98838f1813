#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "client/cms/reader.h"
#include "tests/unit/craft.h"

#define TEXT "Hello, decrypted reader\r\n"

static struct err e;
static struct buf cms, attrs, content;
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
	buf_clear(&attrs);
	buf_clear(&content);
	verdict_free(v);
}

static int
decrypt(void)
{
	verdict_free(v);
	buf_reset(&content);
	return world_read(&world.decrypt, buf_get(&cms), &v, &content, &e);
}

static void
assert_opens(const struct craft_enveloped *c)
{
	buf_reset(&cms);
	craft_enveloped(c, &cms);
	unit_assert_code(decrypt(), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	unit_assert_bytes(buf_get(&content), c->content);
}

/* It is read, and the verdict says with that code that it cannot be opened. */
static void
assert_does_not_open(const struct craft_enveloped *c, int code)
{
	buf_reset(&cms);
	craft_enveloped(c, &cms);
	unit_assert_code(decrypt(), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, code);
	ck_assert_uint_eq(content.len, 0);
}

START_TEST(test_recipient_by_key_id)
{
	/* a KeyTransRecipientInfo that names Alice by her key's SHA-1 */
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES128_CBC};
	struct cert *alice = world_cert(ALICE);
	struct bytes serial = cert_get_serial(alice);
	struct buf by_id = {0}, by_serial = {0}, swapped = {0};
	uint8_t *at;
	size_t mark, before;

	craft_enveloped(&c, &cms);
	mark = der_open(&by_serial, DER_SEQUENCE);
	der_put_raw(&by_serial, cert_get_issuer(alice));
	der_put(&by_serial, DER_INTEGER, serial);
	der_close(&by_serial, mark);
	der_put(&by_id, DER_CONTEXT(0), cert_get_key_id(alice));
	at = memmem(cms.data, cms.len, by_serial.data, by_serial.len);
	ck_assert_ptr_nonnull(at);
	/* the lengths around it change: so in BER, which has none */
	before = (size_t)(at - cms.data);
	buf_add_bytes(&swapped, BYTES_LIT("\x30\x80\x06\x09"));
	buf_add_bytes(&swapped, oid_get(OID_ENVELOPED_DATA));
	buf_add_bytes(&swapped, BYTES_LIT("\xa0\x80\x30\x80\x02\x01\x02"
					  "\x31\x80\x30\x80\x02\x01\x02"));
	buf_add_bytes(&swapped, buf_get(&by_id));
	at += by_serial.len;
	/* the rest of the recipient: an algorithm and 256 octets */
	buf_add(&swapped, at, 15 + 4 + 256);
	buf_add_bytes(&swapped, BYTES_LIT("\0\0\0\0"));
	buf_add(&swapped, at + 15 + 4 + 256,
	    cms.len - before - by_serial.len - 15 - 4 - 256);
	buf_add_bytes(&swapped, BYTES_LIT("\0\0\0\0\0\0"));
	buf_reset(&cms);
	buf_add_bytes(&cms, buf_get(&swapped));
	unit_assert_code(decrypt(), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	unit_assert_bytes(buf_get(&content), c.content);
	ck_assert(v->layers[0].recipients[0].is_ours);
	ck_assert_ptr_nonnull(
	    strstr(v->layers[0].recipients[0].rid, "key id "));
	buf_clear(&by_id);
	buf_clear(&by_serial);
	buf_clear(&swapped);
}
END_TEST

START_TEST(test_recipients_that_are_not_ours)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES128_GCM};
	struct cms_reader_params params = world.decrypt;
	struct cert_set *own = cert_set_new();

	c.is_auth = true;
	craft_enveloped(&c, &cms);
	unit_assert_code(cert_set_add(own, world_cert(ERIN)), 0);
	params.own = own;
	unit_assert_code(
	    world_read(&params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, -CS_ERR_NO_RECIPIENT);
	ck_assert_uint_eq(v->layers[0].recipients_len, 1);
	ck_assert(!v->layers[0].recipients[0].is_ours);
	ck_assert_uint_eq(world.ring.opens, 0); /* nothing was asked */
	verdict_free(v);
	params.own = NULL;
	unit_assert_code(
	    world_read(&params, buf_get(&cms), &v, &content, &e), 0);
	unit_assert_code(v->code, -CS_ERR_NO_RECIPIENT);
	cert_set_free(own);
}
END_TEST

/* Kinds of recipients that nobody here can serve are listed. */
static const char *const other_recipients[] = {
    /* KEKRecipientInfo */
    ("a2 1e 02 01 04 30 06 04 04 6b 65 79 31 30 0b 06 09 60864801650304012d "
     "04 04 00 01 02 03"),
    /* OtherRecipientInfo of type 1.2.3 */
    "a4 06 06 02 2a 03 05 00",
    /* not a RecipientInfo */
    "a9 02 05 00",
    "04 02 05 00",
};

START_TEST(test_other_recipients)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = ALG_AES256_CBC,
	    .recipient = unit_hex(other_recipients[_i])};

	assert_opens(&c);
	ck_assert_uint_eq(v->layers[0].recipients_len, 2);
	ck_assert(!v->layers[0].recipients[0].is_ours);
	ck_assert(v->layers[0].recipients[1].is_ours);
}
END_TEST

START_TEST(test_every_recipient_that_is_ours_is_tried)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = _i == 0 ? ALG_AES256_GCM : ALG_AES256_CBC,
	    .is_auth = _i == 0,
	    .has_decoy = true};

	/* CBC with a wrong key has right padding in one of 256 cases */
	if (_i == 0) {
		assert_opens(&c);
		/* judging takes both keys, giving out only the right one */
		ck_assert_uint_eq(world.ring.opens, 2);
	} else {
		buf_reset(&cms);
		craft_enveloped(&c, &cms);
		unit_assert_code(decrypt(), 0);
		unit_assert_summary(v, VERDICT_DECRYPTED);
	}
}
END_TEST

START_TEST(test_wrong_key)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES256_GCM};

	c.is_auth = true;
	world.ring.is_broken = true;
	assert_does_not_open(&c, -CS_ERR_AUTH_TAG);
	world.ring.is_broken = false;
	assert_opens(&c);
	ck_assert_uint_eq(world.ring.opens, 2); /* one key for both runs */
	ck_assert(v->layers[0].is_authenticated);
}
END_TEST

START_TEST(test_cbc_is_never_called_authenticated)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES256_CBC};
	unsigned bad = 0, i;

	assert_opens(&c);
	ck_assert(!v->layers[0].is_authenticated);
	ck_assert_ptr_nonnull(strstr(v->text, "does not show"));
	/* a changed last block is found by its padding, as a rule */
	for (i = 0; i < 32; i++) {
		cms.data[cms.len - 1 - i] ^= 0x55;
		unit_assert_code(decrypt(), 0);
		if (v->summary == VERDICT_BAD) {
			unit_assert_code(v->code, -CS_ERR_DECRYPT);
			ck_assert_uint_eq(content.len, 0);
			bad++;
		} else {
			ck_assert(!v->layers[0].is_authenticated);
		}
		cms.data[cms.len - 1 - i] ^= 0x55;
	}
	ck_assert_uint_gt(bad, 10);
}
END_TEST

START_TEST(test_failures_of_the_key)
{
	static const int codes[] = {-CS_ERR_NO_TOKEN, -CS_ERR_CANCELLED,
	    -CS_ERR_PIN_WRONG, -CS_ERR_NO_AGENT};
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = ALG_AES256_CBC,
	    .has_decoy = true};

	craft_enveloped(&c, &cms);
	world.ring.fail_with = codes[_i];
	unit_assert_code(decrypt(), codes[_i]);
	ck_assert_str_eq(e.text, "told to fail");
	ck_assert_uint_eq(content.len, 0);
	/* who said no is not asked again */
	ck_assert_uint_eq(world.ring.opens, _i == 1 || _i == 3 ? 1 : 2);
	world.ring.fail_with = 0;
}
END_TEST

START_TEST(test_cipher_and_type_go_together)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES256_GCM};

	assert_does_not_open(&c, -CS_ERR_ALGORITHM);
	c.cipher = ALG_CHACHA20_POLY1305;
	assert_does_not_open(&c, -CS_ERR_ALGORITHM);
	c.cipher = ALG_AES256_CBC;
	c.is_auth = true;
	assert_does_not_open(&c, -CS_ERR_ALGORITHM);
	ck_assert_uint_eq(world.ring.opens, 0);
}
END_TEST

static const struct {
	const char *hex; /* contentEncryptionAlgorithm */
	int code;
} bad_params[] = {
    /* aes256-gcm: no parameters, no nonce, a short one, bad tag lengths */
    {"30 0b 06 09 60864801650304012e", -CS_ERR_ENCODING},
    {"30 11 06 09 60864801650304012e 30 04 04 00 02 00", -CS_ERR_ENCODING},
    {"30 14 06 09 60864801650304012e 30 07 04 02 01 02 02 01 10",
	-CS_ERR_ENCODING},
    {"30 1e 06 09 60864801650304012e "
     "30 11 04 0c 010203040506070809101112 02 01 01",
	-CS_ERR_ENCODING},
    {"30 1e 06 09 60864801650304012e "
     "30 11 04 0c 010203040506070809101112 02 01 11",
	-CS_ERR_ENCODING},
    /* a cipher without a name */
    {"30 04 06 02 2a 03", -CS_ERR_ALGORITHM},
    /* 3DES, with an IV */
    {"30 14 06 08 2a864886f70d0307 04 08 0102030405060708", -CS_ERR_ALGORITHM},
};

START_TEST(test_bad_parameters)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = ALG_AES256_GCM,
	    .is_auth = true,
	    .params = unit_hex(bad_params[_i].hex)};

	assert_does_not_open(&c, bad_params[_i].code);
	ck_assert_uint_eq(world.ring.opens, 0);
}
END_TEST

START_TEST(test_tags)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = ALG_AES256_GCM,
	    .is_auth = true,
	    .changes_tag = true};

	assert_does_not_open(&c, -CS_ERR_AUTH_TAG);
	c.changes_tag = false;
	c.tag_len = 12; /* and 16 were announced */
	assert_does_not_open(&c, -CS_ERR_AUTH_TAG);
	c.tag_len = 1;
	assert_does_not_open(&c, -CS_ERR_AUTH_TAG);
}
END_TEST

/* Attributes that are authenticated stand behind what they authenticate. */
START_TEST(test_authenticated_attributes)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = _i == 0 ? ALG_AES128_GCM : ALG_CHACHA20_POLY1305,
	    .is_auth = true,
	    .attrs = &attrs};
	struct cms_reader_params params = world.decrypt;
	struct sink *out = sink_new_buf(&content);
	struct cms_reader *r;

	attr_put_signing_time(&attrs, 1700000000);
	attr_put_content_type(&attrs, OID_DATA); /* not in DER's order */
	assert_opens(&c);
	ck_assert(v->layers[0].is_authenticated);
	ck_assert_uint_eq(v->layers_len, 1);
	ck_assert_uint_eq(v->layers[0].recipients_len, 1);
	ck_assert(v->layers[0].recipients[0].is_ours);
	ck_assert_uint_eq(world.ring.opens, 1);
	/* one of them changed */
	bytes_replace(&cms, BYTES_LIT("231114"), BYTES_LIT("231115"));
	unit_assert_code(decrypt(), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, -CS_ERR_AUTH_TAG);
	ck_assert_uint_eq(content.len, 0);
	bytes_replace(&cms, BYTES_LIT("231115"), BYTES_LIT("231114"));
	/* in one run it cannot be opened */
	verdict_free(v);
	v = verdict_new();
	unit_assert_code(cms_reader_new(&params, v, out, &r, &e), 0);
	unit_assert_code(cms_reader_write(r, buf_get(&cms), &e), 0);
	unit_assert_code(cms_reader_finish(r, &e), 0);
	ck_assert(!cms_reader_wants_rerun(r));
	verdict_judge(v);
	unit_assert_code(v->code, -CS_ERR_UNSUPPORTED);
	cms_reader_free(r);
	sink_free(out);
}
END_TEST

START_TEST(test_attributes_for_another_type)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = ALG_AES128_GCM,
	    .is_auth = true,
	    .attrs = &attrs};

	attr_put_content_type(&attrs, OID_SIGNED_DATA);
	assert_does_not_open(&c, -CS_ERR_ATTRIBUTES);
	/* broken ones */
	buf_reset(&attrs);
	buf_add_bytes(&attrs, BYTES_LIT("\x05\x00"));
	buf_reset(&cms);
	craft_enveloped(&c, &cms);
	unit_assert_code(decrypt(), -CS_ERR_ATTRIBUTES);
}
END_TEST

START_TEST(test_no_content)
{
	struct craft_enveloped c = {.content = BYTES_LIT(TEXT),
	    .cipher = ALG_AES256_CBC,
	    .has_no_content = true};

	assert_does_not_open(&c, -CS_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(test_signed_and_encrypted_are_told_apart)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES256_CBC};

	craft_enveloped(&c, &cms);
	v = NULL;
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, &content, &e),
	    -CS_ERR_NOT_SIGNED);
	buf_reset(&cms);
	world_sign_as(BOB, BYTES_LIT(TEXT), &cms);
	unit_assert_code(decrypt(), -CS_ERR_NOT_ENCRYPTED);
	/* who can do both gets both */
	world.decrypt.trust = &world.trust;
	unit_assert_code(decrypt(), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	world.decrypt.trust = NULL;
}
END_TEST

START_TEST(test_too_many_recipients)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES256_CBC};
	struct buf many = {0};
	size_t i;

	for (i = 0; i < CMS_RECIPIENTS_MAX; i++)
		buf_add_bytes(&many, BYTES_LIT("\xa9\x00"));
	c.recipient = buf_get(&many);
	craft_enveloped(&c, &cms);
	unit_assert_code(decrypt(), -CS_ERR_TOO_LARGE);
	buf_clear(&many);
}
END_TEST

START_TEST(test_versions)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES256_CBC, .version = 4};

	assert_opens(&c);
	c.version = 6;
	buf_reset(&cms);
	craft_enveloped(&c, &cms);
	unit_assert_code(decrypt(), -CS_ERR_UNSUPPORTED);
}
END_TEST

static Suite *
decrypt_suite(void)
{
	Suite *s = suite_create("decrypt");
	TCase *tc = tcase_create("recipients");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_recipient_by_key_id);
	tcase_add_test(tc, test_recipients_that_are_not_ours);
	tcase_add_loop_test(tc, test_other_recipients, 0, 4);
	tcase_add_loop_test(
	    tc, test_every_recipient_that_is_ours_is_tried, 0, 2);
	tcase_add_test(tc, test_wrong_key);
	tcase_add_loop_test(tc, test_failures_of_the_key, 0, 4);
	tcase_add_test(tc, test_too_many_recipients);
	suite_add_tcase(s, tc);
	tc = tcase_create("content");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_cbc_is_never_called_authenticated);
	tcase_add_test(tc, test_cipher_and_type_go_together);
	tcase_add_loop_test(tc, test_bad_parameters, 0,
	    (int)(sizeof(bad_params) / sizeof(bad_params[0])));
	tcase_add_test(tc, test_tags);
	tcase_add_loop_test(tc, test_authenticated_attributes, 0, 2);
	tcase_add_test(tc, test_attributes_for_another_type);
	tcase_add_test(tc, test_no_content);
	tcase_add_test(tc, test_signed_and_encrypted_are_told_apart);
	tcase_add_test(tc, test_versions);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(decrypt_suite());
	world_free();
	return status;
}
