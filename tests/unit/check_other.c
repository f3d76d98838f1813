#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/keywrap.h"
#include "asn1/alg/pbkdf2.h"
#include "asn1/alg/random.h"
#include "asn1/attrs.h"
#include "asn1/ber.h"
#include "asn1/recipient_info.h"
#include "client/cms/compressed.h"
#include "client/cms/zlib.h"
#include "tests/unit/craft.h"

/* CompressedData, DigestedData, EncryptedData, AuthenticatedData. */

#define TEXT "Hello, other reader\r\n"

static struct err e;
static struct buf cms, content;
static struct verdict *v;
static struct secret *key, *other;
static const struct secret *passwords[2];
static struct cms_kek keks[2];
static struct cms_reader_params opens;

static void
setup(void)
{
	err_clear(&e);
	v = NULL;
	key = random_secret(32);
	other = random_secret(32);
	passwords[0] = secret_new_from("wrong", 5);
	passwords[1] = secret_new_from("secret", 6);
	keks[0] = (struct cms_kek){other, BYTES_NONE};
	keks[1] = (struct cms_kek){key, BYTES_NONE};
	opens = (struct cms_reader_params){.keks = keks,
	    .keks_len = 2,
	    .passwords = passwords,
	    .passwords_len = 2};
}

static void
teardown(void)
{
	buf_clear(&cms);
	buf_clear(&content);
	verdict_free(v);
	secret_free(key);
	secret_free(other);
	secret_free((struct secret *)passwords[0]);
	secret_free((struct secret *)passwords[1]);
}

static int
read_it(void)
{
	verdict_free(v);
	buf_reset(&content);
	return world_read(&opens, buf_get(&cms), &v, &content, &e);
}

static void
assert_reads(enum verdict_summary summary)
{
	unit_assert_code(read_it(), 0);
	unit_assert_summary(v, summary);
	unit_assert_code(v->code, 0);
	unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
}

static void
assert_bad(int code)
{
	unit_assert_code(read_it(), 0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(v->code, code);
	ck_assert_uint_eq(content.len, 0);
}

/* --- making --- */

static size_t outer_mark, explicit_mark, body_mark;

static void
begin(enum oid type)
{
	buf_reset(&cms);
	outer_mark = der_open(&cms, DER_SEQUENCE);
	der_put_oid(&cms, type);
	explicit_mark = der_open(&cms, DER_CONTEXT_C(0));
	body_mark = der_open(&cms, DER_SEQUENCE);
}

static void
end(void)
{
	der_close(&cms, body_mark);
	der_close(&cms, explicit_mark);
	der_close(&cms, outer_mark);
	ck_assert_int_eq(cms.err, 0);
}

static void
put_encap(struct bytes octets)
{
	size_t mark = der_open(&cms, DER_SEQUENCE), inner;

	der_put_oid(&cms, OID_DATA);
	inner = der_open(&cms, DER_CONTEXT_C(0));
	der_put(&cms, DER_OCTET_STRING, octets);
	der_close(&cms, inner);
	der_close(&cms, mark);
}

static void
make_digested(enum alg alg)
{
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(alg, BYTES_LIT(TEXT), hash);

	begin(OID_DIGESTED_DATA);
	der_put_uint(&cms, DER_INTEGER, 0);
	der_put_alg(&cms, alg);
	put_encap(BYTES_LIT(TEXT));
	der_put(&cms, DER_OCTET_STRING, bytes_of(hash, len));
	end();
}

/* EncryptedData with the key; or, with kdf, with a PBES2 around the cipher. */
static void
make_encrypted(
    enum alg alg, const struct secret *with, const struct pbkdf2_params *kdf)
{
	uint8_t out[200];
	struct cipher_params params;
	struct cipher *c;
	size_t len, more, mark, pbes2, inner;

	unit_assert_code(cipher_params_new(alg, &params), 0);
	c = cipher_new_encrypt(&params, with, BYTES_NONE);
	ck_assert_ptr_nonnull(c);
	unit_assert_code(cipher_write(c, BYTES_LIT(TEXT), out, &len), 0);
	unit_assert_code(cipher_finish_encrypt(c, out + len, &more), 0);
	begin(OID_ENCRYPTED_DATA);
	der_put_uint(&cms, DER_INTEGER, 0);
	mark = der_open(&cms, DER_SEQUENCE);
	der_put_oid(&cms, OID_DATA);
	if (kdf != NULL) {
		pbes2 = der_open(&cms, DER_SEQUENCE);
		der_put_oid(&cms, OID_PBES2);
		inner = der_open(&cms, DER_SEQUENCE);
		der_put_pbkdf2_params(&cms, DER_SEQUENCE, kdf);
		der_put_cipher_params(&cms, &params);
		der_close(&cms, inner);
		der_close(&cms, pbes2);
	} else {
		der_put_cipher_params(&cms, &params);
	}
	der_put(&cms, DER_CONTEXT(0), bytes_of(out, len + more));
	der_close(&cms, mark);
	end();
	cipher_free(c);
}

struct authenticated {
	enum alg mac;
	bool has_attrs, has_no_digest, has_no_attrs, has_other_type;
	bool has_other_digest;
};

/* AuthenticatedData for the holder of the key. */
static void
make_authenticated(const struct authenticated *a)
{
	struct secret *mac_key = random_secret(alg_get(a->mac)->output_len);
	uint8_t hash[DIGEST_LEN_MAX], mac[DIGEST_LEN_MAX];
	struct recipient_info info = {.kek_id = BYTES_LIT("k")};
	struct buf wrap = {0}, wrapped = {0}, attrs = {0}, set = {0};
	struct bytes signs = BYTES_LIT(TEXT);
	size_t mark, len;
	struct der d;

	if (a->has_other_digest)
		signs = BYTES_LIT("another");
	len = digest_of(ALG_SHA256, signs, hash);
	signs = BYTES_LIT(TEXT);
	attr_put_content_type(
	    &attrs, a->has_other_type ? OID_SIGNED_DATA : OID_DATA);
	attr_put_message_digest(&attrs, bytes_of(hash, len));
	unit_assert_code(attrs_put_set_of(&set, buf_get(&attrs)), 0);
	if (a->has_attrs)
		signs = buf_get(&set);
	len = hmac_of(
	    alg_get(a->mac)->digest, secret_get_bytes(mac_key), &signs, 1, mac);
	der_put_alg(&wrap, ALG_AES256_WRAP);
	/* a key of 20 octets is no multiple of 8, and so SHA-1 is not here */
	unit_assert_code(aes_wrap(key, mac_key, &wrapped), 0);
	info.key_enc_alg.raw = buf_get(&wrap);
	info.encrypted_key = buf_get(&wrapped);

	begin(OID_AUTH_DATA);
	der_put_uint(&cms, DER_INTEGER, 0);
	mark = der_open(&cms, DER_SET);
	der_put_kekri(&cms, &info);
	der_close(&cms, mark);
	der_put_alg(&cms, a->mac);
	if (a->has_attrs && !a->has_no_digest)
		der_put_alg_tag(&cms, DER_CONTEXT_C(1), ALG_SHA256);
	put_encap(BYTES_LIT(TEXT));
	if (a->has_attrs && !a->has_no_attrs) {
		der_init(&d, buf_get(&set));
		mark = der_open(&cms, DER_CONTEXT_C(2));
		buf_add_bytes(&cms, der_get(&d, DER_SET));
		der_close(&cms, mark);
	}
	der_put(&cms, DER_OCTET_STRING, bytes_of(mac, len));
	end();
	secret_free(mac_key);
	buf_clear(&wrap);
	buf_clear(&wrapped);
	buf_clear(&attrs);
	buf_clear(&set);
}

/* Content as CompressedData. */
static void
compress(struct bytes octets, bool has_content_info, struct buf *out)
{
	struct compressed_source compressed;
	struct sink *sink = sink_new_buf(out);
	struct bytes_source source;

	bytes_source_init(&source, octets, 100000);
	compressed_source_init(&compressed, &source.source, has_content_info);
	unit_assert_code(source_run(&compressed.source, sink, &e), 0);
	sink_free(sink);
}

/* --- DigestedData --- */

START_TEST(test_digested)
{
	static const enum alg algs[] = {
	    ALG_SHA1, ALG_SHA256, ALG_SHA512, ALG_SHA3_256};
	struct buf ber = {0};

	make_digested(algs[_i]);
	assert_reads(VERDICT_NONE);
	ck_assert_int_eq(v->layers[0].kind, VERDICT_DIGESTED);
	ck_assert_str_eq(v->layers[0].algorithm_name, alg_name(algs[_i]));
	craft_ber(buf_get(&cms), 5, &ber);
	buf_reset(&cms);
	buf_add_bytes(&cms, buf_get(&ber));
	assert_reads(VERDICT_NONE);
	make_digested(algs[_i]);
	bytes_replace(&cms, BYTES_LIT("Hello"), BYTES_LIT("Hullo"));
	assert_bad(-CS_ERR_DIGEST_MISMATCH);
	buf_clear(&ber);
}
END_TEST

/* --- EncryptedData --- */

START_TEST(test_encrypted)
{
	size_t both = opens.keks_len, i = 0;

	/* Only the wrong key: its padding tells, but for once in 256 times, and
	 * nothing else can. Not with this one. */
	opens.keks_len = 1;
	do {
		make_encrypted(ALG_AES256_CBC, key, NULL);
		unit_assert_code(read_it(), 0);
	} while (v->summary != VERDICT_BAD && ++i < 20);
	ck_assert_uint_eq(v->summary, VERDICT_BAD);
	opens.keks_len = both;
	assert_reads(VERDICT_DECRYPTED);
	ck_assert_str_eq(v->layers[0].format, "EncryptedData");
	ck_assert_int_eq(v->layers[0].is_authenticated, 0);
	/* none of that length */
	opens.keks_len = 0;
	assert_bad(-CS_ERR_NO_RECIPIENT);
	ck_assert_ptr_nonnull(strstr(v->text, "--kek-file"));
}
END_TEST

START_TEST(test_encrypted_aead)
{
	make_encrypted(ALG_AES256_GCM, key, NULL);
	assert_bad(-CS_ERR_ALGORITHM);
}
END_TEST

START_TEST(test_encrypted_password)
{
	struct pbkdf2_params kdf = {.prf = ALG_HMAC_SHA256,
	    .salt = BYTES_LIT("salt"),
	    .iterations = 1000};
	struct secret *derived = pbkdf2_derive(&kdf, passwords[1], 16);

	make_encrypted(ALG_AES128_CBC, derived, &kdf);
	/* a wrong password's padding passes once in 256 times */
	passwords[0] = passwords[1];
	assert_reads(VERDICT_DECRYPTED);
	opens.passwords_len = 0;
	assert_bad(-CS_ERR_NO_RECIPIENT);
	ck_assert_ptr_nonnull(strstr(v->text, "--password-file"));
	passwords[0] = secret_new_from("wrong", 5);
	kdf.iterations = PBKDF2_ITERATIONS_MAX + 1;
	make_encrypted(ALG_AES128_CBC, derived, &kdf);
	opens.passwords_len = 1;
	assert_bad(-CS_ERR_TOO_LARGE);
	secret_free(derived);
}
END_TEST

/* --- AuthenticatedData --- */

START_TEST(test_authenticated)
{
	static const enum alg algs[] = {
	    ALG_HMAC_SHA256, ALG_HMAC_SHA384, ALG_HMAC_SHA512};
	struct authenticated a = {.mac = algs[_i % 3], .has_attrs = _i >= 3};

	make_authenticated(&a);
	assert_reads(VERDICT_NONE);
	ck_assert_int_eq(v->layers[0].kind, VERDICT_AUTHENTICATED);
	ck_assert_uint_eq(v->layers[0].recipients_len, 1);
	ck_assert(v->layers[0].recipients[0].is_ours);
	bytes_replace(&cms, BYTES_LIT("Hello"), BYTES_LIT("Hullo"));
	assert_bad(a.has_attrs ? -CS_ERR_DIGEST_MISMATCH : -CS_ERR_AUTH_TAG);
	make_authenticated(&a);
	cms.data[cms.len - 1] ^= 1;
	assert_bad(-CS_ERR_AUTH_TAG);
	make_authenticated(&a);
	opens.keks_len = 1;
	unit_assert_code(read_it(), -CS_ERR_DECRYPT);
	opens.keks_len = 0;
	assert_bad(-CS_ERR_NO_RECIPIENT);
}
END_TEST

START_TEST(test_authenticated_faults)
{
	struct authenticated a = {.mac = ALG_HMAC_SHA256, .has_attrs = true};

	a.has_no_digest = true;
	make_authenticated(&a);
	assert_bad(-CS_ERR_ATTRIBUTES);
	a.has_no_digest = false;
	a.has_no_attrs = true;
	make_authenticated(&a);
	assert_bad(-CS_ERR_ATTRIBUTES);
	a.has_no_attrs = false;
	a.has_other_type = true;
	make_authenticated(&a);
	assert_bad(-CS_ERR_ATTRIBUTES);
	a.has_other_type = false;
	a.has_other_digest = true;
	make_authenticated(&a);
	assert_bad(-CS_ERR_DIGEST_MISMATCH);
}
END_TEST

/* --- CompressedData --- */

START_TEST(test_compressed)
{
	size_t len = 3000000, i;
	uint8_t *text = malloc(len);
	struct buf der = {0};

	compress(BYTES_LIT(TEXT), true, &cms);
	assert_reads(VERDICT_NONE);
	ck_assert_int_eq(v->layers[0].kind, VERDICT_COMPRESSED);
	buf_reset(&cms);
	compress(BYTES_NONE, true, &cms);
	unit_assert_code(read_it(), 0);
	ck_assert_uint_eq(content.len, 0);
	for (i = 0; i < len; i++)
		text[i] = (uint8_t)(i % 251 + i / 1000);
	buf_reset(&cms);
	compress(bytes_of(text, len), true, &cms);
	ck_assert_uint_lt(cms.len, len / 2);
	unit_assert_code(read_it(), 0);
	ck_assert(bytes_is_equal(buf_get(&content), bytes_of(text, len)));
	/* in DER, too */
	unit_assert_code(ber_to_der(buf_get(&cms), &der, 0, &e), 0);
	buf_reset(&cms);
	buf_add_bytes(&cms, buf_get(&der));
	unit_assert_code(read_it(), 0);
	ck_assert(bytes_is_equal(buf_get(&content), bytes_of(text, len)));
	buf_clear(&der);
	free(text);
}
END_TEST

START_TEST(test_bomb)
{
	size_t len = (size_t)INFLATE_FREE_LEN + 9000000;
	uint8_t *text = calloc(1, len);

	compress(bytes_of(text, len), true, &cms);
	unit_assert_code(read_it(), -CS_ERR_TOO_LARGE);
	ck_assert_ptr_nonnull(strstr(e.text, "200"));
	/* that much is allowed whatever it was */
	buf_reset(&cms);
	compress(bytes_of(text, (size_t)INFLATE_FREE_LEN), true, &cms);
	content.max = (size_t)INFLATE_FREE_LEN + 1;
	unit_assert_code(read_it(), 0);
	free(text);
}
END_TEST

START_TEST(test_compressed_faults)
{
	/* a zlib stream: its first octet, the middle, the check at the end */
	struct buf good = {0};
	struct bytes zlib;
	uint8_t *at;

	compress(BYTES_LIT(TEXT TEXT TEXT), true, &good);
	at = memmem(good.data, good.len, "\x24\x80\x04", 3);
	ck_assert_ptr_nonnull(at);
	zlib = bytes_of(at + 4, at[3]);
	for (size_t i = 0; i < 3; i++) {
		size_t where = i == 0	? 0
			       : i == 1 ? zlib.len / 2
					: zlib.len - 1;

		buf_reset(&cms);
		buf_add_bytes(&cms, buf_get(&good));
		cms.data[(size_t)(zlib.p - good.data) + where] ^= 0x41;
		unit_assert_code(read_it(), -CS_ERR_ENCODING);
		ck_assert_uint_eq(content.len, 0);
	}
	/* an octet is missing; one is too many; another algorithm */
	begin(OID_COMPRESSED_DATA);
	der_put_uint(&cms, DER_INTEGER, 0);
	der_put_alg(&cms, ALG_ZLIB);
	put_encap(bytes_of(zlib.p, zlib.len - 1));
	end();
	unit_assert_code(read_it(), -CS_ERR_TRUNCATED);
	begin(OID_COMPRESSED_DATA);
	der_put_uint(&cms, DER_INTEGER, 0);
	der_put_alg(&cms, ALG_ZLIB);
	put_encap(bytes_of(zlib.p, zlib.len + 1));
	end();
	unit_assert_code(read_it(), -CS_ERR_ENCODING);
	begin(OID_COMPRESSED_DATA);
	der_put_uint(&cms, DER_INTEGER, 0);
	der_put_alg(&cms, ALG_SHA256);
	put_encap(zlib);
	end();
	unit_assert_code(read_it(), -CS_ERR_UNSUPPORTED);
	buf_clear(&good);
}
END_TEST

/* Compressed content in another message is given out as it was. */
START_TEST(test_compressed_inside)
{
	static const enum alg ciphers[] = {ALG_AES128_CBC, ALG_AES256_GCM};
	struct cert *to = world_cert(ALICE);
	struct cms_encrypt_params params = {.recipients = &to,
	    .recipients_len = 1,
	    .cipher = ciphers[_i],
	    .content_type = OID_COMPRESSED_DATA};
	struct sink *out = sink_new_buf(&cms);
	struct bytes_source source;
	struct buf inner = {0};

	opens.ops = &world.ops;
	opens.own = world.own;
	compress(BYTES_LIT(TEXT), false, &inner);
	bytes_source_init(&source, buf_get(&inner), 7);
	unit_assert_code(cms_encrypt_ber(&params, &source.source, out, &e), 0);
	assert_reads(VERDICT_DECRYPTED);
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert_int_eq(v->layers[1].kind, VERDICT_COMPRESSED);
	/* what is inside is broken, and all around it is good */
	buf_reset(&cms);
	inner.data[inner.len - 20] ^= 0x41;
	bytes_source_init(&source, buf_get(&inner), 7);
	unit_assert_code(cms_encrypt_ber(&params, &source.source, out, &e), 0);
	ck_assert_int_ne(read_it(), 0);
	ck_assert_uint_eq(content.len, 0);
	sink_free(out);
	buf_clear(&inner);
}
END_TEST

/* What is wrong with the encoding is told with its place and its field. */
START_TEST(test_fields)
{
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES128_CBC};
	static const struct {
		size_t at; /* this octet is changed to that, or cut before */
		uint8_t to;
		bool is_cut;
		const char *field;
	} faults[] = {
	    {100, 0, true, "RecipientInfo"},
	    {20, 0xff, false, "at byte"},
	    /* the length of the version */
	    {26, 0x7f, false, "version"},
	};
	size_t i;

	opens.ops = &world.ops;
	opens.own = world.own;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		buf_reset(&cms);
		craft_enveloped(&c, &cms);
		if (faults[i].is_cut)
			cms.len = faults[i].at;
		else
			cms.data[faults[i].at] = faults[i].to;
		err_clear(&e);
		ck_assert_int_ne(read_it(), 0);
		ck_assert_msg(strstr(e.text, "at byte") != NULL, "%s", e.text);
		ck_assert_uint_ne(e.offset, ERR_NO_OFFSET);
		ck_assert_msg(
		    strstr(e.text, faults[i].field) != NULL, "%s", e.text);
	}
}
END_TEST

/* Who wants a signature is told what there is instead. */
START_TEST(test_verify)
{
	compress(BYTES_LIT(TEXT), true, &cms);
	unit_assert_code(world_read(&world.params, buf_get(&cms), &v, NULL, &e),
	    -CS_ERR_NOT_SIGNED);
	ck_assert_ptr_nonnull(strstr(e.text, "compressed"));
	verdict_free(v);
	make_digested(ALG_SHA256);
	unit_assert_code(world_read(&world.params, buf_get(&cms), &v, NULL, &e),
	    -CS_ERR_NOT_SIGNED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("other");
	TCase *tcase = tcase_create("other");
	int r;

	world_init();
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_digested, 0, 4);
	tcase_add_test(tcase, test_encrypted);
	tcase_add_test(tcase, test_encrypted_aead);
	tcase_add_test(tcase, test_encrypted_password);
	tcase_add_loop_test(tcase, test_authenticated, 0, 6);
	tcase_add_test(tcase, test_authenticated_faults);
	tcase_add_test(tcase, test_compressed);
	tcase_add_test(tcase, test_bomb);
	tcase_add_test(tcase, test_compressed_faults);
	tcase_add_loop_test(tcase, test_compressed_inside, 0, 2);
	tcase_add_test(tcase, test_fields);
	tcase_add_test(tcase, test_verify);
	suite_add_tcase(suite, tcase);
	r = unit_run(suite);
	world_free();
	return r;
}
