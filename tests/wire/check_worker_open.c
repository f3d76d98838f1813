/*
 * cardseal-token's OPEN and RAW: messages that OpenSSL encrypted to keys of a
 * SoftHSM token.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/padding.h"
#include "asn1/ber.h"
#include "asn1/recipient_info.h"
#include "tests/unit/temp.h"
#include "tests/wire/worker.h"

#define PIN "123456"
#define TEXT "what is secret\n"

static void
make_tokens(void)
{
	static const char *const args[] = {"--token", "Open test", "--identity",
	    "name=rsa,key=rsa2048", "--identity", "name=other,key=rsa2048",
	    "--identity", "name=p256,key=p256", "--identity",
	    "name=p384,key=p384", "--identity", "name=p521,key=p521", NULL};

	fixture_make(args);
}

/* The same without the raw RSA mechanism: the module unpads. */
static void
make_tokens_without_raw(void)
{
	make_tokens();
	fixture_set_faults("without 0x3\n");
}

/* And one that leaves out leading zero octets of raw results. */
static void
make_tokens_with_short_results(void)
{
	make_tokens();
	fixture_set_faults("short\n");
}

/* openssl's own options for the recipient, and which cipher. */
static const struct {
	const char *identity, *keyopt, *cipher;
} messages[] = {
    {"rsa", "", "-aes-256-cbc"},
    {"rsa", "", "-aes-128-cbc"},
    {"rsa", "-keyopt rsa_padding_mode:oaep", "-aes-256-gcm"},
    {"rsa",
	"-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256 "
	"-keyopt rsa_mgf1_md:sha1",
	"-aes-128-gcm"},
    {"rsa",
	"-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha512 "
	"-keyopt rsa_oaep_label:cafe",
	"-aes-256-cbc"},
    {"p256", "", "-aes-256-cbc"},
    {"p256", "-keyopt ecdh_kdf_md:sha256 -aes256-wrap", "-aes-256-gcm"},
    {"p384", "-keyopt ecdh_kdf_md:sha384 -aes256-wrap", "-aes-256-gcm"},
    {"p521", "-keyopt ecdh_kdf_md:sha512 -aes128-wrap", "-aes-192-cbc"},
};

/* The parts of an EnvelopedData or AuthEnvelopedData, borrowed. */
struct envelope {
	struct bytes recipient_info, content_algorithm, ciphertext, tag;
};

static void
take_apart(struct bytes der, struct envelope *env)
{
	struct der d, info, outer, data, content, set;
	struct bytes oid;
	bool is_auth;

	der_init(&d, der);
	info = der_enter(&d, DER_SEQUENCE);
	is_auth = der_get_known_oid(&info, &oid) == OID_AUTH_ENVELOPED_DATA;
	outer = der_enter(&info, DER_CONTEXT_C(0));
	data = der_enter(&outer, DER_SEQUENCE);
	(void)der_get_uint(&data, 9);
	set = der_enter(&data, DER_SET);
	env->recipient_info = der_get_raw(&set, der_peek(&set));
	unit_assert_code(der_end(&set), 0);
	content = der_enter(&data, DER_SEQUENCE);
	(void)der_get_oid(&content);
	env->content_algorithm = der_get_raw(&content, DER_SEQUENCE);
	env->ciphertext = der_get(&content, DER_CONTEXT(0));
	env->tag = is_auth ? der_get(&data, DER_OCTET_STRING) : BYTES_NONE;
	unit_assert_code(der_end(&data), 0);
}

/* Encrypts TEXT and gives the message in der. */
static void
encrypt(const char *identity, const char *keyopt, const char *cipher,
    struct buf *der)
{
	static char command[2048];

	snprintf(command, sizeof(command),
	    "printf '" TEXT "' | openssl cms -encrypt %s -outform DER "
	    "-recip %s/%s.pem %s -out %s >&2",
	    cipher, fixture_path("certs"), identity, keyopt,
	    fixture_path("message"));
	ck_assert_int_eq(system(command), 0);
	ck_assert(temp_read(fixture_path("message"), der));
}

static void
check_content(const struct envelope *env, struct bytes key_octets)
{
	struct secret *key = secret_new_from(key_octets.p, key_octets.len);
	struct cipher_params params;
	struct cipher *cipher;
	uint8_t out[256];
	struct alg_id id;
	size_t n, rest;

	unit_assert_code(alg_id_decode(env->content_algorithm, &id), 0);
	unit_assert_code(cipher_params_decode(&id, &params, NULL), 0);
	cipher = cipher_new_decrypt(&params, key, BYTES_NONE);
	ck_assert_ptr_nonnull(cipher);
	unit_assert_code(cipher_write(cipher, env->ciphertext, out, &n), 0);
	unit_assert_code(
	    cipher_finish_decrypt(cipher, env->tag, out + n, &rest), 0);
	/* openssl cms makes line ends canonical. */
	unit_assert_bytes(
	    bytes_of(out, n + rest), BYTES_LIT("what is secret\r\n"));
	cipher_free(cipher);
	secret_free(key);
}

static struct tok_msg
open_request(const struct tok_info *token, const char *identity,
    const struct envelope *env)
{
	return (struct tok_msg){.type = TOK_OPEN,
	    .token = token->uri,
	    .insertion = token->insertion,
	    .key_id = fixture_key_id(identity),
	    .recipient_info = env->recipient_info,
	    .content_algorithm = env->content_algorithm};
}

/* What all cases begin with. */
static struct peer peer;
static struct tok_info token;
static struct buf message;
static struct envelope env;

static void
begin(const char *identity, const char *keyopt, const char *cipher)
{
	unit_assert_code(alg_init(NULL), 0);
	encrypt(identity, keyopt, cipher, &message);
	take_apart(buf_get(&message), &env);
	peer_begin(&peer, &token);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
}

static void
end(void)
{
	ck_assert_int_eq(peer_end(&peer), 0);
	buf_clear(&message);
}

START_TEST(opens)
{
	struct tok_msg req, answer;

	begin(messages[_i].identity, messages[_i].keyopt, messages[_i].cipher);
	req = open_request(&token, messages[_i].identity, &env);
	ck_assert_msg(peer_call(&peer, &req, &answer) == 0, "%.*s",
	    (int)answer.text.len, answer.text.p);
	check_content(&env, answer.output);
	end();
}
END_TEST

/* The octet of the message that is offset from the end of a part. */
static uint8_t *
at_end(struct bytes part, size_t offset)
{
	return message.data + (part.p + part.len - 1 - offset - message.data);
}

/* Any change of a PKCS#1 ciphertext gives a key of the right length, always
 * the same for the same ciphertext, after a restart too. */
START_TEST(pkcs1_faults_give_keys)
{
	uint8_t first[3][32];
	struct tok_msg req, answer;
	int i, run;

	begin("rsa", "", "-aes-256-cbc");
	for (run = 0; run < 2; run++) {
		for (i = 0; i < 3; i++) {
			*at_end(env.recipient_info, 7) ^= (uint8_t)(i + 1);
			req = open_request(&token, "rsa", &env);
			unit_assert_code(peer_call(&peer, &req, &answer), 0);
			ck_assert_uint_eq(answer.output.len, 32);
			*at_end(env.recipient_info, 7) ^= (uint8_t)(i + 1);
			if (run == 0)
				memcpy(first[i], answer.output.p, 32);
			else
				unit_assert_bytes(
				    answer.output, bytes_of(first[i], 32));
		}
		ck_assert_int_ne(memcmp(first[0], first[1], 32), 0);
		ck_assert_int_eq(peer_end(&peer), 0);
		peer_begin(&peer, &token);
		unit_assert_code(peer_login(&peer, &token, PIN), 0);
	}
	/* Another key's ciphertext, and a cipher with another length. */
	req = open_request(&token, "other", &env);
	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	ck_assert_uint_eq(answer.output.len, 32);
	req = open_request(&token, "rsa", &env);
	req.content_algorithm =
	    unit_hex("30 1d 06 09 60 86 48 01 65 03 04 01 02 04 10"
		     "00000000000000000000000000000000");
	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	ck_assert_uint_eq(answer.output.len, 16);
	end();
}
END_TEST

/* One byte more or less of ciphertext, or a number above the modulus. */
START_TEST(pkcs1_lengths_give_keys)
{
	static uint8_t ciphertext[257];
	static const size_t lens[] = {256, 255, 257, 1};
	struct recipient_info info;
	struct tok_msg req, answer;
	struct buf der = {0};
	size_t i;

	begin("rsa", "", "-aes-256-cbc");
	memset(ciphertext, 0xff, sizeof(ciphertext));
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		unit_assert_code(
		    recipient_info_decode(env.recipient_info, &info, NULL), 0);
		info.encrypted_key = bytes_of(ciphertext, lens[i]);
		der_put_ktri(&der, &info);
		req = open_request(&token, "rsa", &env);
		req.recipient_info = buf_get(&der);
		unit_assert_code(peer_call(&peer, &req, &answer), 0);
		ck_assert_uint_eq(answer.output.len, 32);
		buf_reset(&der);
	}
	buf_clear(&der);
	end();
}
END_TEST

/* All other faults look alike. */
static const struct {
	const char *identity, *keyopt;
	size_t at; /* from the end of the RecipientInfo */
} faults[] = {
    {"rsa", "-keyopt rsa_padding_mode:oaep", 9},
    {"rsa", "-keyopt rsa_padding_mode:oaep", 255},
    {"p256", "", 1}, /* the wrapped key */
    {"p384", "", 12},
};

START_TEST(faults_are_alike)
{
	struct tok_msg req, answer;

	begin(faults[_i].identity, faults[_i].keyopt, "-aes-256-cbc");
	*at_end(env.recipient_info, faults[_i].at) ^= 1;
	req = open_request(&token, faults[_i].identity, &env);
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_DECRYPT);
	unit_assert_bytes(answer.text, bytes_of_str(err_text(-CS_ERR_DECRYPT)));
	ck_assert_uint_eq(answer.ckr, 0);
	ck_assert(!answer.has_info);
	*at_end(env.recipient_info, faults[_i].at) ^= 1;
	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	end();
}
END_TEST

/* A point off the curve, one of another curve, another kind of key. */
START_TEST(bad_points_are_faults)
{
	struct recipient_info info;
	struct recipient_key key;
	struct tok_msg req, answer;
	struct buf der = {0};
	uint8_t point[65];
	int i;

	begin("p256", "", "-aes-256-cbc");
	unit_assert_code(
	    recipient_info_decode(env.recipient_info, &info, NULL), 0);
	unit_assert_code(recipient_info_get_key(&info, 0, &key), 0);
	ck_assert_uint_eq(info.originator_key.len, sizeof(point));
	memcpy(point, info.originator_key.p, sizeof(point));
	for (i = 0; i < 4; i++) {
		info.originator_key = bytes_of(point, sizeof(point));
		point[64] ^= i == 0;
		if (i == 1)
			info.originator_key.len = 64;
		if (i == 2)
			memset(point + 1, 0, 64);
		point[0] = i == 3 ? 0 : 4;
		der_put_kari(&der, &info, &key);
		req = open_request(&token, "p256", &env);
		req.recipient_info = buf_get(&der);
		unit_assert_code(
		    peer_call(&peer, &req, &answer), -CS_ERR_DECRYPT);
		buf_reset(&der);
	}
	req = open_request(&token, "p384", &env);
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_DECRYPT);
	req = open_request(&token, "rsa", &env);
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_DECRYPT);
	req = open_request(&token, "p256", &env);
	req.index = 1;
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_ARGUMENT);
	req.index = 0;
	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	buf_clear(&der);
	end();
}
END_TEST

#define NO_CIPHER "30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00" /* SHA-256 */
#define RC2 "30 0a 06 08 2a 86 48 86 f7 0d 03 02"

START_TEST(open_refuses_typed)
{
	struct tok_msg req, answer;

	begin("rsa", "", "-aes-256-cbc");
	req = open_request(&token, "rsa", &env);
	req.content_algorithm = unit_hex(NO_CIPHER);
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_ALGORITHM);
	req.content_algorithm = unit_hex(RC2);
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_ALGORITHM);
	req.content_algorithm = BYTES_NONE;
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_TRUNCATED);
	req = open_request(&token, "rsa", &env);
	req.recipient_info.len--;
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_TRUNCATED);
	req.recipient_info = BYTES_NONE;
	ck_assert_int_ne(peer_call(&peer, &req, &answer), 0);
	req = open_request(&token, "rsa", &env);
	req.type = TOK_LOGOUT;
	unit_assert_code(peer_call(&peer, &req, &answer), 0);
	req.type = TOK_OPEN;
	unit_assert_code(peer_call(&peer, &req, &answer), -CS_ERR_PIN_NEEDED);
	end();
}
END_TEST

static int
raw(const char *identity, enum tok_raw_op op, unsigned long mechanism,
    struct bytes parameter, struct bytes input, struct tok_msg *answer)
{
	struct tok_msg req = {.type = TOK_RAW,
	    .token = token.uri,
	    .insertion = token.insertion,
	    .key_id = fixture_key_id(identity),
	    .operation = op,
	    .mechanism = mechanism,
	    .parameter = parameter,
	    .input = input};

	return peer_call(&peer, &req, answer);
}

#define RSA_PKCS 0x1UL
#define RSA_X_509 0x3UL
#define RSA_OAEP 0x9UL
#define ECDSA 0x1041UL
#define ECDH1 0x1050UL
#define OAEP_SHA1 "30 0d 06 09 2a 86 48 86 f7 0d 01 01 07 30 00"

START_TEST(raw_operations)
{
	static const uint8_t digest[32] = {1};
	struct recipient_info info;
	struct tok_msg answer;

	begin("rsa", "", "-aes-256-cbc");
	unit_assert_code(
	    recipient_info_decode(env.recipient_info, &info, NULL), 0);
	unit_assert_code(raw("rsa", TOK_RAW_DECRYPT, RSA_PKCS, BYTES_NONE,
			     info.encrypted_key, &answer),
	    0);
	check_content(&env, answer.output);
	unit_assert_code(raw("rsa", TOK_RAW_DECRYPT, RSA_X_509, BYTES_NONE,
			     info.encrypted_key, &answer),
	    0);
	ck_assert_uint_eq(answer.output.len, 256);
	ck_assert_uint_eq(answer.output.p[0], 0);
	ck_assert_uint_eq(answer.output.p[1], 2);
	unit_assert_code(raw("rsa", TOK_RAW_SIGN, RSA_PKCS, BYTES_NONE,
			     bytes_of(digest, 32), &answer),
	    0);
	ck_assert_uint_eq(answer.output.len, 256);
	unit_assert_code(raw("p256", TOK_RAW_SIGN, ECDSA, BYTES_NONE,
			     bytes_of(digest, 32), &answer),
	    0);
	ck_assert_uint_eq(answer.output.len, 64);
	/* What is not in the table, or has a parameter that is none. */
	unit_assert_code(raw("rsa", TOK_RAW_SIGN, RSA_PKCS, BYTES_LIT("x"),
			     bytes_of(digest, 32), &answer),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(raw("rsa", TOK_RAW_SIGN, RSA_OAEP, BYTES_NONE,
			     bytes_of(digest, 32), &answer),
	    -CS_ERR_MECHANISM);
	unit_assert_code(raw("p256", TOK_RAW_DERIVE, 0x1234, BYTES_NONE,
			     BYTES_NONE, &answer),
	    -CS_ERR_MECHANISM);
	unit_assert_code(raw("p256", TOK_RAW_SIGN, RSA_PKCS, BYTES_NONE,
			     bytes_of(digest, 32), &answer),
	    -CS_ERR_MECHANISM);
	unit_assert_code(raw("rsa", TOK_RAW_DECRYPT, RSA_OAEP, BYTES_NONE,
			     info.encrypted_key, &answer),
	    -CS_ERR_ARGUMENT);
	end();
}
END_TEST

START_TEST(raw_oaep_and_ecdh)
{
	struct recipient_info info;
	struct tok_msg answer;

	begin("rsa", "-keyopt rsa_padding_mode:oaep", "-aes-256-cbc");
	unit_assert_code(
	    recipient_info_decode(env.recipient_info, &info, NULL), 0);
	unit_assert_code(raw("rsa", TOK_RAW_DECRYPT, RSA_OAEP,
			     unit_hex(OAEP_SHA1), info.encrypted_key, &answer),
	    0);
	check_content(&env, answer.output);
	buf_reset(&message);
	encrypt("p256", "", "-aes-256-cbc", &message);
	take_apart(buf_get(&message), &env);
	unit_assert_code(
	    recipient_info_decode(env.recipient_info, &info, NULL), 0);
	unit_assert_code(raw("p256", TOK_RAW_DERIVE, ECDH1, info.originator_key,
			     BYTES_NONE, &answer),
	    0);
	ck_assert_uint_eq(answer.output.len, 32);
	unit_assert_code(
	    raw("p256", TOK_RAW_DERIVE, ECDH1, BYTES_NONE, BYTES_NONE, &answer),
	    -CS_ERR_ARGUMENT);
	end();
}
END_TEST

#define ROWS(a) ((int)(sizeof(a) / sizeof((a)[0])))

static void
add_case(Suite *suite, const char *name, void (*make)(void), int count)
{
	TCase *tcase = tcase_create(name);

	tcase_add_unchecked_fixture(tcase, make, fixture_end);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, opens, 0, count);
	tcase_add_test(tcase, pkcs1_faults_give_keys);
	tcase_add_test(tcase, pkcs1_lengths_give_keys);
	tcase_add_loop_test(tcase, faults_are_alike, 0, ROWS(faults));
	tcase_add_test(tcase, raw_oaep_and_ecdh);
	suite_add_tcase(suite, tcase);
}

int
main(void)
{
	Suite *suite = suite_create("worker_open");
	TCase *tcase = tcase_create("worker_open");

	add_case(suite, "plain", make_tokens, ROWS(messages));
	/* SoftHSM's own OAEP knows SHA-1 only. */
	add_case(suite, "without_raw", make_tokens_without_raw, 3);
	add_case(suite, "short", make_tokens_with_short_results, 5);
	tcase_add_unchecked_fixture(tcase, make_tokens, fixture_end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, bad_points_are_faults);
	tcase_add_test(tcase, open_refuses_typed);
	tcase_add_test(tcase, raw_operations);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
