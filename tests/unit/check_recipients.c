#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/random.h"
#include "asn1/attrs.h"
#include "asn1/recipient_info.h"
#include "tests/unit/craft.h"

/* Each kind of recipient made and opened, in all its ways. */

#define TEXT "Hello, recipient\r\n"

static struct err e;
static struct buf cms, content;
static struct verdict *v;
static struct soft_key *more[5]; /* P-521, X25519, X448, OAEP, OAEP bare */
static struct oaep_params oaep = {.digest = ALG_SHA384, .mgf_digest = ALG_SHA1};

enum { P521, X25519, X448, OAEP, MORE_LEN };

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
	buf_clear(&content);
	verdict_free(v);
}

static void
encrypt(struct cms_encrypt_params *params)
{
	struct sink *out = sink_new_buf(&cms);
	struct bytes_source source;

	bytes_source_init(&source, BYTES_LIT(TEXT), 1000);
	if (params->cipher == ALG_NONE)
		params->cipher = ALG_AES256_GCM;
	if (params->content_type == OID_UNKNOWN)
		params->content_type = OID_DATA;
	params->iterations = 1000;
	buf_reset(&cms);
	unit_assert_code(
	    cms_encrypt_der(params, &source.source, sizeof(TEXT) - 1, out, &e),
	    0);
	sink_free(out);
}

static int
read_with(const struct cms_reader_params *params)
{
	verdict_free(v);
	buf_reset(&content);
	return world_read(params, buf_get(&cms), &v, &content, &e);
}

static void
assert_opens(const struct cms_reader_params *params)
{
	unit_assert_code(read_with(params), 0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	unit_assert_bytes(buf_get(&content), BYTES_LIT(TEXT));
}

/* The RecipientInfo of a message with one. */
static void
get_recipient(struct buf *raw, struct recipient_info *info, unsigned *version)
{
	struct der d, in, data, set;
	int tag;

	der_init(&d, buf_get(&cms));
	in = der_enter(&d, DER_SEQUENCE);
	der_skip(&in);
	data = der_enter(&in, DER_CONTEXT_C(0));
	data = der_enter(&data, DER_SEQUENCE);
	*version = (unsigned)der_get_uint(&data, 10);
	set = der_enter(&data, DER_SET);
	buf_add_bytes(raw, der_get_any(&set, &tag));
	unit_assert_code(recipient_info_decode(buf_get(raw), info, &e), 0);
}

static const struct {
	int who; /* enum person; or, negative, ~ of more[] */
	enum alg agreement;
	const char *name; /* of keyEncryptionAlgorithm */
} agreements[] = {
    {BOB, ALG_NONE, "ecdh-sha256"},
    {CAROL, ALG_NONE, "ecdh-sha384"},
    {~P521, ALG_NONE, "ecdh-sha512"},
    {~X25519, ALG_NONE, "ecdh-hkdf-sha256"},
    {~X448, ALG_NONE, "ecdh-hkdf-sha512"},
    {BOB, ALG_ECDH_STD_SHA1_KDF, "ecdh-sha1"},
    {BOB, ALG_ECDH_COF_SHA1_KDF, "ecdh-cofactor-sha1"},
    {CAROL, ALG_ECDH_COF_SHA384_KDF, "ecdh-cofactor-sha384"},
    {~P521, ALG_ECDH_COF_SHA512_KDF, "ecdh-cofactor-sha512"},
    {BOB, ALG_ECDH_HKDF_SHA256, "ecdh-hkdf-sha256"},
    {~X25519, ALG_ECDH_STD_SHA256_KDF, "ecdh-sha256"},
    {~X25519, ALG_ECDH_HKDF_SHA384, "ecdh-hkdf-sha384"},
    {~X448, ALG_ECDH_STD_SHA512_KDF, "ecdh-sha512"},
};

static struct cert *
cert_of(int who)
{
	return who < 0 ? soft_key_get_cert(more[~who])
		       : world_cert((enum person)who);
}

START_TEST(test_agreement)
{
	static const enum alg ciphers[] = {
	    ALG_AES128_GCM, ALG_AES192_CBC, ALG_CHACHA20_POLY1305};
	struct cert *to = cert_of(agreements[_i].who);
	struct recipient_info info;
	struct buf raw = {0};
	unsigned version;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct cms_encrypt_params params = {.recipients = &to,
		    .recipients_len = 1,
		    .agreement = agreements[_i].agreement,
		    .uses_key_ids = i == 1,
		    .cipher = ciphers[i]};

		encrypt(&params);
		assert_opens(&world.decrypt);
		ck_assert_str_eq(
		    v->layers[0].recipients[0].alg_name, agreements[_i].name);
		ck_assert(v->layers[0].recipients[0].is_ours);
		buf_reset(&raw);
		get_recipient(&raw, &info, &version);
		ck_assert_int_eq(info.kind, RECIPIENT_KARI);
		ck_assert_uint_eq(info.version, 3);
		/* RFC 5652 6.1, RFC 5083 2.1 */
		ck_assert_uint_eq(version, i == 1 ? 2 : 0);
	}
	buf_clear(&raw);
}
END_TEST

START_TEST(test_agreement_that_does_not_fit)
{
	struct cert *to = cert_of(~X25519);
	struct cms_encrypt_params params = {.recipients = &to,
	    .recipients_len = 1,
	    .agreement = ALG_ECDH_COF_SHA256_KDF,
	    .cipher = ALG_AES128_CBC};
	struct secret *key = random_secret(16);
	unsigned version;

	unit_assert_code(cms_put_recipients(&params, key, &cms, &version, &e),
	    -CS_ERR_ALGORITHM);
	ck_assert_ptr_nonnull(strstr(e.text, "key agreement"));
	to = world_cert(DAVE);
	params.agreement = ALG_NONE;
	unit_assert_code(cms_put_recipients(&params, key, &cms, &version, &e),
	    -CS_ERR_ALGORITHM);
	ck_assert_ptr_nonnull(strstr(e.text, "Ed25519"));
	params.recipients_len = 0;
	unit_assert_code(cms_put_recipients(&params, key, &cms, &version, &e),
	    -CS_ERR_ARGUMENT);
	secret_free(key);
}
END_TEST

START_TEST(test_oaep)
{
	static const enum alg digests[] = {
	    ALG_SHA1, ALG_SHA224, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	struct oaep_params want = {
	    .digest = digests[_i % 5], .mgf_digest = digests[_i / 5]};
	struct cert *to = world_cert(ALICE);
	struct cms_encrypt_params params = {
	    .recipients = &to, .recipients_len = 1, .oaep = &want};
	struct oaep_params got;
	struct recipient_info info;
	struct buf raw = {0};
	unsigned version;

	if (_i % 2 == 0)
		want.label = BYTES_LIT("label");
	encrypt(&params);
	assert_opens(&world.decrypt);
	get_recipient(&raw, &info, &version);
	unit_assert_code(oaep_params_decode(&info.key_enc_alg, &got, &e), 0);
	ck_assert_int_eq(got.digest, want.digest);
	ck_assert_int_eq(got.mgf_digest, want.mgf_digest);
	unit_assert_bytes(got.label, want.label);
	buf_clear(&raw);
}
END_TEST

/* The certificate says what its key is for. */
START_TEST(test_oaep_certificate)
{
	struct cert *to = cert_of(~OAEP);
	struct cms_encrypt_params params = {
	    .recipients = &to, .recipients_len = 1};
	struct oaep_params got;
	struct recipient_info info;
	struct buf raw = {0};
	unsigned version;

	encrypt(&params);
	assert_opens(&world.decrypt);
	get_recipient(&raw, &info, &version);
	unit_assert_code(oaep_params_decode(&info.key_enc_alg, &got, &e), 0);
	ck_assert_int_eq(got.digest, ALG_SHA384);
	ck_assert_int_eq(got.mgf_digest, ALG_SHA1);
	buf_clear(&raw);
}
END_TEST

START_TEST(test_key_ids)
{
	/* Erin's certificate has none: it is computed */
	struct cert *to[] = {world_cert(ERIN), world_cert(BOB)};
	struct cms_encrypt_params params = {.recipients = to,
	    .recipients_len = 2,
	    .uses_key_ids = true,
	    .cipher = ALG_AES128_CBC};

	encrypt(&params);
	assert_opens(&world.decrypt);
	ck_assert_ptr_nonnull(
	    strstr(v->layers[0].recipients[0].rid, "key id "));
	ck_assert_ptr_nonnull(
	    strstr(v->layers[0].recipients[1].rid, "key id "));
}
END_TEST

START_TEST(test_keks)
{
	struct secret *a = random_secret(16), *b = random_secret(32);
	struct secret *c = random_secret(24);
	struct cms_kek keks[] = {{a, BYTES_LIT("a")}, {b, BYTES_LIT("b")}};
	struct cms_kek mine[] = {{c, BYTES_NONE}, {b, BYTES_LIT("b")}};
	struct cms_reader_params params = {.keks = mine, .keks_len = 2};
	struct cms_encrypt_params to = {.keks = keks, .keks_len = 2};
	struct recipient_info info;
	struct buf raw = {0};
	unsigned version;

	encrypt(&to);
	assert_opens(&params);
	ck_assert_uint_eq(v->layers[0].recipients_len, 2);
	get_recipient(&raw, &info, &version);
	ck_assert_int_eq(info.kind, RECIPIENT_KEKRI);
	ck_assert_uint_eq(info.version, 4);
	/* without a name it is tried, too; under a wrong one it is not */
	mine[1].id = BYTES_NONE;
	assert_opens(&params);
	mine[1].id = BYTES_LIT("x");
	params.keks_len = 1;
	unit_assert_code(read_with(&params), -CS_ERR_DECRYPT);
	ck_assert_ptr_nonnull(strstr(e.text, "key-encryption key"));
	params.keks = mine + 1;
	unit_assert_code(read_with(&params), 0);
	unit_assert_code(v->code, -CS_ERR_NO_RECIPIENT);
	ck_assert_ptr_nonnull(strstr(v->text, "--kek-file"));
	secret_free(a);
	secret_free(b);
	secret_free(c);
	buf_clear(&raw);
}
END_TEST

START_TEST(test_kek_faults)
{
	struct secret *key = random_secret(16), *odd = random_secret(20);
	struct cms_kek kek = {odd, BYTES_LIT("a")};
	struct cms_encrypt_params to = {.keks = &kek, .keks_len = 1};
	unsigned version;

	unit_assert_code(
	    cms_put_recipients(&to, key, &cms, &version, &e), -CS_ERR_ARGUMENT);
	kek.key = key;
	kek.id = BYTES_NONE;
	unit_assert_code(
	    cms_put_recipients(&to, key, &cms, &version, &e), -CS_ERR_ARGUMENT);
	secret_free(key);
	secret_free(odd);
}
END_TEST

START_TEST(test_passwords)
{
	struct secret *a = secret_new_from("secret", 6);
	struct secret *b = secret_new_from("hush", 4);
	struct secret *c = secret_new_from("other", 5);
	const struct secret *all[] = {a, b}, *mine[] = {c, b};
	struct cms_reader_params params = {
	    .passwords = mine, .passwords_len = 2};
	struct cms_encrypt_params to = {
	    .passwords = all, .passwords_len = 2, .cipher = ALG_AES256_CBC};
	struct recipient_info info;
	struct buf raw = {0};
	unsigned version;

	encrypt(&to);
	assert_opens(&params);
	get_recipient(&raw, &info, &version);
	ck_assert_int_eq(info.kind, RECIPIENT_PWRI);
	ck_assert_uint_eq(info.version, 0);
	ck_assert_uint_eq(version, 3);
	params.passwords_len = 1;
	unit_assert_code(read_with(&params), -CS_ERR_DECRYPT);
	ck_assert_ptr_nonnull(strstr(e.text, "password"));
	unit_assert_code(read_with(&world.decrypt), 0);
	unit_assert_code(v->code, -CS_ERR_NO_RECIPIENT);
	ck_assert_ptr_nonnull(strstr(v->text, "--password-file"));
	secret_free(a);
	secret_free(b);
	secret_free(c);
	buf_clear(&raw);
}
END_TEST

/* A stranger may ask for as much work as he likes, and gets a bit of it. */
START_TEST(test_iterations_are_bounded)
{
	struct secret *a = secret_new_from("secret", 6);
	const struct secret *all[] = {a};
	struct cms_reader_params params = {
	    .passwords = all, .passwords_len = 1};
	struct cms_encrypt_params to = {.passwords = all, .passwords_len = 1};

	encrypt(&to);
	/* 1000 iterations as 32767: six recipients would be no matter */
	bytes_replace(
	    &cms, BYTES_LIT("\x02\x02\x03\xe8"), BYTES_LIT("\x02\x02\x7f\xff"));
	unit_assert_code(read_with(&params), -CS_ERR_DECRYPT);
	secret_free(a);
}
END_TEST

/* Everybody of one message can open it. */
START_TEST(test_mixed)
{
	struct secret *kek_key = random_secret(32);
	struct secret *pw = secret_new_from("secret", 6);
	const struct secret *passwords[] = {pw};
	struct cms_kek kek = {kek_key, BYTES_LIT("k")};
	struct cert *to[] = {world_cert(ALICE), world_cert(BOB), cert_of(~P521),
	    cert_of(~X25519), cert_of(~X448), cert_of(~OAEP)};
	struct cms_encrypt_params params = {.recipients = to,
	    .recipients_len = 6,
	    .keks = &kek,
	    .keks_len = 1,
	    .passwords = passwords,
	    .passwords_len = 1};
	struct cms_reader_params mine = {.ops = &world.ops};
	struct cms_reader_params by_kek = {.keks = &kek, .keks_len = 1};
	struct cms_reader_params by_password = {
	    .passwords = passwords, .passwords_len = 1};
	struct cert_set *one;
	size_t i;

	encrypt(&params);
	for (i = 0; i < 6; i++) {
		one = cert_set_new();
		unit_assert_code(cert_set_add(one, to[i]), 0);
		mine.own = one;
		assert_opens(&mine);
		ck_assert_uint_eq(v->layers[0].recipients_len, 8);
		cert_set_free(one);
	}
	assert_opens(&by_kek);
	assert_opens(&by_password);
	secret_free(kek_key);
	secret_free(pw);
}
END_TEST

/* Attributes: AAD on one side, unprotected on the other. */
START_TEST(test_attributes)
{
	struct cert *to = world_cert(ALICE);
	struct buf auth = {0}, unprotected = {0};
	struct cms_encrypt_params params = {
	    .recipients = &to, .recipients_len = 1};

	attr_put_signing_time(&auth, 1700000000);
	attr_put_content_type(&auth, OID_DATA);
	attr_put_signing_time(&unprotected, 1700000001);
	params.auth_attrs = buf_get(&auth);
	params.unprotected_attrs = buf_get(&unprotected);
	params.originator = cert_get_raw(world_cert(BOB));
	encrypt(&params);
	assert_opens(&world.decrypt);
	/* 20231114221320Z: the UTCTime of the authenticated one */
	bytes_replace(
	    &cms, BYTES_LIT("231114221320Z"), BYTES_LIT("231114221322Z"));
	unit_assert_code(read_with(&world.decrypt), 0);
	unit_assert_code(v->code, -CS_ERR_AUTH_TAG);
	ck_assert_uint_eq(content.len, 0);
	/* another content type tells so itself */
	params.auth_attrs = BYTES_NONE;
	params.content_type = OID_TST_INFO;
	encrypt(&params);
	assert_opens(&world.decrypt);
	ck_assert_str_eq(v->layers[0].content_type, "tSTInfo");
	/* no AEAD: no such attributes, but the others */
	params.cipher = ALG_AES128_CBC;
	encrypt(&params);
	assert_opens(&world.decrypt);
	buf_clear(&auth);
	buf_clear(&unprotected);
}
END_TEST

/* RFC 9629: told by name. */
START_TEST(test_kem)
{
	struct cert *to = world_cert(ALICE);
	struct craft_enveloped c = {
	    .content = BYTES_LIT(TEXT), .cipher = ALG_AES128_CBC};
	struct buf kem = {0};
	struct cms_reader_params params = world.decrypt;
	struct cert_set *own = cert_set_new();
	size_t ori = der_open(&kem, DER_CONTEXT_C(4)), mark, alg;

	der_put_oid(&kem, OID_ORI_KEM);
	mark = der_open(&kem, DER_SEQUENCE);
	der_put_uint(&kem, DER_INTEGER, 0);
	der_put(&kem, DER_CONTEXT(0), cert_get_key_id(world_cert(BOB)));
	alg = der_open(&kem, DER_SEQUENCE);
	der_put_oid(&kem, OID_ML_KEM_768);
	der_close(&kem, alg);
	der_put(&kem, DER_OCTET_STRING, BYTES_LIT("ciphertext"));
	alg = der_open(&kem, DER_SEQUENCE);
	der_put_oid(&kem, OID_HMAC_SHA256);
	der_close(&kem, alg);
	der_put_uint(&kem, DER_INTEGER, 32);
	der_put_alg(&kem, ALG_AES256_WRAP);
	der_put(&kem, DER_OCTET_STRING, BYTES_LIT("0123456789abcdef01234567"));
	der_close(&kem, mark);
	der_close(&kem, ori);
	ck_assert_int_eq(kem.err, 0);
	c.recipient = buf_get(&kem);
	craft_enveloped(&c, &cms);
	/* somebody else can open it */
	assert_opens(&world.decrypt);
	ck_assert_str_eq(v->layers[0].recipients[0].alg_name, "ML-KEM-768");
	/* Bob is the KEM's only one */
	unit_assert_code(cert_set_add(own, world_cert(BOB)), 0);
	params.own = own;
	unit_assert_code(read_with(&params), 0);
	unit_assert_code(v->code, -CS_ERR_ALGORITHM);
	ck_assert_ptr_nonnull(strstr(v->text, "ML-KEM-768"));
	/* and for Carol it is none of hers, and named */
	cert_set_free(own);
	own = cert_set_new();
	unit_assert_code(cert_set_add(own, world_cert(CAROL)), 0);
	params.own = own;
	unit_assert_code(read_with(&params), 0);
	unit_assert_code(v->code, -CS_ERR_NO_RECIPIENT);
	ck_assert_ptr_nonnull(strstr(v->text, "ML-KEM-768"));
	cert_set_free(own);
	buf_clear(&kem);
	(void)to;
}
END_TEST

static void
more_init(void)
{
	static const enum soft_kind kinds[] = {
	    SOFT_P521, SOFT_X25519, SOFT_X448, SOFT_RSA};
	size_t i;

	for (i = 0; i < MORE_LEN; i++) {
		more[i] = soft_key_new(&(struct soft_spec){.kind = kinds[i],
		    .issuer = world.ca,
		    .serial = 100 + (unsigned)i,
		    .oaep = i == OAEP ? &oaep : NULL});
		world.ring.keys[world.ring.len++] = more[i];
		if (cert_set_add(world.own, soft_key_get_cert(more[i])) != 0)
			abort();
	}
}

int
main(void)
{
	Suite *suite = suite_create("recipients");
	TCase *tcase = tcase_create("recipients");
	size_t i;
	int r;

	world_init();
	more_init();
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, test_agreement, 0,
	    sizeof(agreements) / sizeof(agreements[0]));
	tcase_add_test(tcase, test_agreement_that_does_not_fit);
	tcase_add_loop_test(tcase, test_oaep, 0, 25);
	tcase_add_test(tcase, test_oaep_certificate);
	tcase_add_test(tcase, test_key_ids);
	tcase_add_test(tcase, test_keks);
	tcase_add_test(tcase, test_kek_faults);
	tcase_add_test(tcase, test_passwords);
	tcase_add_test(tcase, test_iterations_are_bounded);
	tcase_add_test(tcase, test_mixed);
	tcase_add_test(tcase, test_attributes);
	tcase_add_test(tcase, test_kem);
	suite_add_tcase(suite, tcase);
	r = unit_run(suite);
	for (i = 0; i < MORE_LEN; i++)
		soft_key_free(more[i]);
	world_free();
	return r;
}
