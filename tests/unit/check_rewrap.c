#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/random.h"
#include "asn1/ber.h"
#include "client/cms/rewrap.h"
#include "tests/unit/craft.h"

static struct err e;
static struct buf cms, more, content;
static struct verdict *v;
static struct secret *password;
static const struct secret *passwords[1];

static void
setup(void)
{
	err_clear(&e);
	v = verdict_new();
	password = secret_new_from("secret", 6);
	passwords[0] = password;
}

static void
teardown(void)
{
	buf_clear(&cms);
	buf_clear(&more);
	buf_clear(&content);
	verdict_free(v);
	secret_free(password);
}

/* Adds Bob and a password to cms, into more. */
static int
rewrap(const struct cms_reader_params *reader, size_t piece_len)
{
	struct cert *to = world_cert(BOB);
	struct cms_encrypt_params added = {.recipients = &to,
	    .recipients_len = 1,
	    .passwords = passwords,
	    .passwords_len = 1,
	    .iterations = 1000};
	struct sink *out = sink_new_buf(&more);
	struct bytes_source source;
	int r;

	buf_reset(&more);
	verdict_cut(v, 0, 0);
	bytes_source_init(&source, buf_get(&cms), piece_len);
	r = cms_rewrap(reader, &added, &source.source, out, v, &e);
	sink_free(out);
	return r;
}

static void
assert_opens(struct cert *who, struct bytes want)
{
	struct cms_reader_params by_key = {.ops = &world.ops};
	struct cms_reader_params by_password = {
	    .passwords = passwords, .passwords_len = 1};
	struct cert_set *own = cert_set_new();
	struct verdict *verdict;

	if (who != NULL)
		unit_assert_code(cert_set_add(own, who), 0);
	by_key.own = own;
	buf_reset(&content);
	unit_assert_code(world_read(who != NULL ? &by_key : &by_password,
			     buf_get(&more), &verdict, &content, &e),
	    0);
	unit_assert_summary(verdict, VERDICT_DECRYPTED);
	ck_assert(bytes_is_equal(buf_get(&content), want));
	verdict_free(verdict);
	cert_set_free(own);
}

static const enum alg ciphers[] = {ALG_AES128_CBC, ALG_AES256_GCM};
static const size_t pieces[] = {1, 100, 100000};

START_TEST(test_rewrap)
{
	struct cert *to[] = {world_cert(ALICE), world_cert(ERIN)};
	enum alg cipher = ciphers[_i % 2];
	enum form form = _i < 2 ? FORM_DER : FORM_BER;
	size_t len = 70000, i, tail = 60000;
	uint8_t *text = malloc(len);
	struct buf der = {0};

	random_fill(text, len);
	world_encrypt(
	    cipher, to, 1 + (size_t)_i % 2, form, bytes_of(text, len), &cms);
	for (i = 0; i < 3; i++) {
		unit_assert_code(rewrap(&world.decrypt, pieces[i]), 0);
		unit_assert_summary(v, VERDICT_DECRYPTED);
		assert_opens(world_cert(ALICE), bytes_of(text, len));
		assert_opens(world_cert(BOB), bytes_of(text, len));
		assert_opens(NULL, bytes_of(text, len));
		/* the content's octets are the same */
		ck_assert(
		    bytes_is_equal(bytes_of(cms.data + cms.len - tail, tail),
			bytes_of(more.data + more.len - tail, tail)));
		if (form == FORM_DER) {
			buf_reset(&der);
			unit_assert_code(
			    ber_to_der(buf_get(&more), &der, 0, &e), 0);
			unit_assert_bytes(buf_get(&der), buf_get(&more));
		}
	}
	/* and once more, what was rewrapped */
	buf_reset(&cms);
	buf_add_bytes(&cms, buf_get(&more));
	unit_assert_code(rewrap(&world.decrypt, 1000), 0);
	assert_opens(world_cert(ALICE), bytes_of(text, len));
	buf_clear(&der);
	free(text);
}
END_TEST

/* Who cannot open it can add nobody, and who could but for a changed message
 * hands no wrong key on. */
START_TEST(test_cannot_open)
{
	struct cert *to = world_cert(ALICE);
	struct cms_reader_params params = world.decrypt;
	struct cert_set *own = cert_set_new();

	world_encrypt(ALG_AES256_GCM, &to, 1, FORM_DER, BYTES_LIT("abc"), &cms);
	unit_assert_code(cert_set_add(own, world_cert(CAROL)), 0);
	params.own = own;
	unit_assert_code(rewrap(&params, 1000), 0);
	unit_assert_code(v->code, -CS_ERR_NO_RECIPIENT);
	ck_assert_uint_eq(more.len, 0);
	cms.data[cms.len - 1] ^= 1;
	unit_assert_code(rewrap(&world.decrypt, 1000), 0);
	unit_assert_code(v->code, -CS_ERR_AUTH_TAG);
	ck_assert_uint_eq(more.len, 0);
	cert_set_free(own);
}
END_TEST

/* What may stand there when the message is read again. */
static const char *const changed[] = {
    "30 03 02 01 00",
    /* recipientInfos before the version, twice, and a version after them */
    "30 18 06 09 2a 86 48 86 f7 0d 01 07 03 a0 0b 30 09 31 00 02 01 00 30 02 "
    "05 00",
    "30 18 06 09 2a 86 48 86 f7 0d 01 07 03 a0 0b 30 09 02 01 00 31 00 31 00 "
    "30 00",
    "30 1b 06 09 2a 86 48 86 f7 0d 01 07 03 a0 0e 30 0c 02 01 00 31 00 02 01 "
    "00 30 02 05 00",
};

START_TEST(test_changed)
{
	struct cert *to = world_cert(ALICE);
	struct cms_encrypt_params added = {
	    .recipients = &to, .recipients_len = 1};
	struct sink *out = sink_new_buf(&more);
	struct bytes_source source;

	world_encrypt(ALG_AES256_GCM, &to, 1, FORM_DER, BYTES_LIT("abc"), &cms);
	bytes_source_init(&source, buf_get(&cms), 1000);
	source.later = unit_hex(changed[_i]);
	unit_assert_code(
	    cms_rewrap(&world.decrypt, &added, &source.source, out, v, &e),
	    -CS_ERR_CHANGED);
	ck_assert_uint_eq(more.len, 0);
	sink_free(out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rewrap");
	TCase *tcase = tcase_create("rewrap");
	int r;

	world_init();
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_rewrap, 0, 4);
	tcase_add_test(tcase, test_cannot_open);
	tcase_add_loop_test(
	    tcase, test_changed, 0, sizeof(changed) / sizeof(changed[0]));
	suite_add_tcase(suite, tcase);
	r = unit_run(suite);
	world_free();
	return r;
}
