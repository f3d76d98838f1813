/*
 * cardseal-token on a SoftHSM token: all that the agent asks of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asn1/alg/signature.h"
#include "tests/wire/worker.h"

#define PIN "123456"

static void
make_tokens(void)
{
	static const char *const args[] = {"--token", "Worker test",
	    "--identity", "name=rsa,key=rsa2048,cn=Key \xc3\xa4", "--identity",
	    "name=p256,key=p256", "--identity", "name=p384,key=p384",
	    "--identity", "name=p521,key=p521", "--identity",
	    "name=ed,key=ed25519,usage=sign", "--identity",
	    "name=always,key=p256,always-auth=yes", "--identity",
	    "name=second,same-key=rsa,usage=encrypt", "--identity",
	    "name=bare,key=p256,cert=no", "--identity",
	    "name=other-id,key=p256,id=a1,cert-id=b2", NULL};

	fixture_make(args);
}

START_TEST(probe_lists_all)
{
	struct tok_msg answer, req = {.type = TOK_PROBE};
	struct tok_info token;
	struct tok_key key;
	struct bytes cert, cert_token;
	struct peer p;
	struct der d;
	size_t n = 0;

	peer_begin(&p, &token);
	unit_assert_bytes(token.label, BYTES_LIT("Worker test"));
	ck_assert_uint_eq(token.flags & (TOK_LOGIN_REQUIRED | TOK_LOGGED_IN),
	    TOK_LOGIN_REQUIRED);
	ck_assert_int_eq(memcmp(token.uri.p, "pkcs11:model=SoftHSM", 20), 0);
	ck_assert_uint_eq(token.pin_len_min, 4);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	der_init(&d, answer.keys);
	while (tok_key_next(&d, &key)) {
		n++;
		unit_assert_bytes(key.token, token.uri);
		ck_assert_uint_ne(key.flags & TOK_KEY_PRESENT, 0);
		ck_assert_uint_eq(key.role.len, 0);
	}
	unit_assert_code(der_end(&d), 0);
	ck_assert_uint_eq(n, 8);
	der_init(&d, answer.certificates);
	ck_assert(!tok_cert_next(&d, &cert_token, &cert));
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

static unsigned
count_certs(const struct tok_key *key)
{
	struct der d;
	unsigned n = 0;

	for (der_init(&d, key->certificates); der_has_more(&d); n++)
		(void)der_get(&d, DER_OCTET_STRING);
	unit_assert_code(der_end(&d), 0);
	return n;
}

/* Private keys show after login only; certificates tell of them before. */
START_TEST(keys_change_with_login)
{
	struct tok_info token;
	struct tok_key key;
	struct peer p;

	peer_begin(&p, &token);
	ck_assert(peer_find_key(&p, fixture_key_id("rsa"), &key));
	ck_assert_uint_eq(key.flags & TOK_KEY_PRESENT, 0);
	ck_assert_uint_ne(key.flags & TOK_KEY_SIGN, 0);
	ck_assert_uint_eq(count_certs(&key), 2);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	ck_assert(peer_find_key(&p, fixture_key_id("rsa"), &key));
	ck_assert_uint_eq(
	    key.flags, TOK_KEY_PRESENT | TOK_KEY_SIGN | TOK_KEY_DECRYPT);
	ck_assert_uint_eq(count_certs(&key), 2);
	unit_assert_bytes(key.label, BYTES_LIT("Key \xc3\xa4"));
	unit_assert_bytes(key.id, unit_hex("01"));
	ck_assert(peer_find_key(&p, fixture_key_id("always"), &key));
	ck_assert_uint_ne(key.flags & TOK_KEY_ALWAYS_AUTHENTICATE, 0);
	ck_assert(peer_find_key(&p, fixture_key_id("p384"), &key));
	ck_assert_uint_eq(
	    key.flags, TOK_KEY_PRESENT | TOK_KEY_SIGN | TOK_KEY_DERIVE);
	ck_assert(peer_find_key(&p, fixture_key_id("bare"), &key));
	ck_assert_uint_eq(count_certs(&key), 0);
	/* Matched by the public key, whatever CKA_ID says. */
	ck_assert(peer_find_key(&p, fixture_key_id("other-id"), &key));
	ck_assert_uint_eq(count_certs(&key), 1);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

static const struct {
	const char *identity;
	enum alg digest;
	bool pss;
} schemes[] = {
    {"rsa", ALG_SHA256, false},
    {"rsa", ALG_SHA512, false},
    {"rsa", ALG_SHA1, false},
    {"rsa", ALG_SHA256, true},
    {"rsa", ALG_SHA384, true},
    {"p256", ALG_SHA256, false},
    {"p256", ALG_SHA512, false}, /* longer than the order */
    {"p384", ALG_SHA384, false},
    {"p384", ALG_SHA256, false}, /* shorter */
    {"p521", ALG_SHA512, false},
    {"ed", ALG_SHA512, false},
};

/* A SIGN request for an identity; input must live on. */
static struct tok_msg
sign_request(const struct tok_info *token, const char *identity,
    struct bytes algorithm, struct bytes input)
{
	return (struct tok_msg){.type = TOK_SIGN,
	    .token = token->uri,
	    .insertion = token->insertion,
	    .key_id = fixture_key_id(identity),
	    .algorithm = algorithm,
	    .input = input};
}

static void
verify_with_openssl(
    const char *identity, bool pss, struct bytes data, struct bytes signature)
{
	static char command[2048];
	FILE *f = fopen(fixture_path("data"), "w");

	ck_assert_ptr_nonnull(f);
	fwrite(data.p, 1, data.len, f);
	fclose(f);
	f = fopen(fixture_path("signature"), "w");
	ck_assert_ptr_nonnull(f);
	fwrite(signature.p, 1, signature.len, f);
	fclose(f);
	snprintf(command, sizeof(command),
	    "openssl pkeyutl -verify -pubin -inkey %s/%s.pem %s -in %s "
	    "-sigfile %s >&2",
	    fixture_path("pub"), identity,
	    pss ? "-rawin -digest sha256 "
		  "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32"
		: "-rawin",
	    fixture_path("data"), fixture_path("signature"));
	ck_assert_int_eq(system(command), 0);
}

START_TEST(signs)
{
	static uint8_t hash[DIGEST_LEN_MAX];
	const char *identity = schemes[_i].identity;
	struct bytes data = BYTES_LIT("what is signed"), input = data;
	struct buf algorithm = {0}, spki_der = {0};
	static struct tok_msg req, answer;
	struct sig_scheme scheme;
	static struct err e = ERR_INIT;
	struct tok_info token;
	struct tok_key key;
	static struct spki spki;
	struct peer p;
	int round;

	unit_assert_code(alg_init(&e), 0);
	peer_begin(&p, &token);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	ck_assert(peer_find_key(&p, fixture_key_id(identity), &key));
	buf_add_bytes(&spki_der, key.spki);
	unit_assert_code(spki_decode(buf_get(&spki_der), &spki, &e), 0);
	unit_assert_code(sig_scheme_choose(&spki, schemes[_i].digest,
			     schemes[_i].pss, &scheme),
	    0);
	der_put_sig_scheme(&algorithm, &scheme);
	if (!sig_scheme_is_pure(&scheme))
		input =
		    bytes_of(hash, digest_of(schemes[_i].digest, data, hash));
	/* Twice: found, and from what was kept. */
	for (round = 0; round < 2; round++) {
		req =
		    sign_request(&token, identity, buf_get(&algorithm), input);
		ck_assert_msg(peer_call(&p, &req, &answer) == 0, "%.*s",
		    (int)answer.text.len, answer.text.p);
		unit_assert_code(
		    sig_verify(&spki, &scheme, input, answer.output, &e), 0);
	}
	if (schemes[_i].digest == ALG_SHA256 || sig_scheme_is_pure(&scheme))
		verify_with_openssl(
		    identity, schemes[_i].pss, data, answer.output);
	buf_clear(&algorithm);
	buf_clear(&spki_der);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

#define ECDSA_SHA256 "30 0a 06 08 2a 86 48 ce 3d 04 03 02"
#define RSA_SHA256 "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00"
#define RSA_MD5 "30 0d 06 09 2a 86 48 86 f7 0d 01 01 04 05 00"
#define DIGEST \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct {
	const char *identity, *algorithm, *input;
	int code;
} bad_signs[] = {
    {"p256", RSA_SHA256, DIGEST, -CS_ERR_ALGORITHM},
    {"rsa", ECDSA_SHA256, DIGEST, -CS_ERR_ALGORITHM},
    {"rsa", RSA_MD5, "00112233445566778899aabbccddeeff", -CS_ERR_ALGORITHM},
    {"p256", ECDSA_SHA256, "00", -CS_ERR_ARGUMENT},
    {"p256", ECDSA_SHA256, "", -CS_ERR_ARGUMENT},
    {"p256", "30 05 06 03 2a 03 04", DIGEST, -CS_ERR_ALGORITHM},
    {"p256", "30 0a 06 08 2a", DIGEST, -CS_ERR_TRUNCATED},
    {"p256", "", DIGEST, -CS_ERR_TRUNCATED},
};

START_TEST(refuses_bad_signs)
{
	struct tok_info token;
	struct tok_msg req, answer;
	struct peer p;

	peer_begin(&p, &token);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	req = sign_request(&token, bad_signs[_i].identity,
	    unit_hex(bad_signs[_i].algorithm), unit_hex(bad_signs[_i].input));
	unit_assert_code(peer_call(&p, &req, &answer), bad_signs[_i].code);
	req = sign_request(
	    &token, "p256", unit_hex(ECDSA_SHA256), unit_hex(DIGEST));
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

START_TEST(sign_wants_login)
{
	struct tok_info token;
	struct tok_msg req, answer;
	struct peer p;

	peer_begin(&p, &token);
	req = sign_request(
	    &token, "p256", unit_hex(ECDSA_SHA256), unit_hex(DIGEST));
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_PIN_NEEDED);
	ck_assert(answer.has_info);
	unit_assert_bytes(answer.info.uri, token.uri);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	req.type = TOK_LOGOUT;
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	ck_assert_uint_eq(answer.info.flags & TOK_LOGGED_IN, 0);
	req.type = TOK_SIGN;
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_PIN_NEEDED);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

START_TEST(sign_with_context_pin)
{
	struct tok_info token;
	struct tok_msg req, answer;
	struct peer p;

	peer_begin(&p, &token);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	req = sign_request(
	    &token, "always", unit_hex(ECDSA_SHA256), unit_hex(DIGEST));
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_PIN_NEEDED);
	req.has_pin = true; /* and empty: no pinpad is here */
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_PIN_LENGTH);
	req.pin = BYTES_LIT(PIN);
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	req.pin = BYTES_LIT("999999");
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_PIN_WRONG);
	ck_assert(answer.has_info);
	/* The token counts as locked then; the agent decides. */
	req.pin = BYTES_LIT(PIN);
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_PIN_NEEDED);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

START_TEST(login_fails_typed)
{
	struct tok_info token, other;
	struct tok_msg answer, req = {.type = TOK_INFO};
	struct peer p;

	peer_begin(&p, &token);
	unit_assert_code(peer_login(&p, &token, "999999"), -CS_ERR_PIN_WRONG);
	unit_assert_code(peer_login(&p, &token, "1"), -CS_ERR_PIN_WRONG);
	unit_assert_code(peer_login(&p, &token, ""), -CS_ERR_PIN_LENGTH);
	unit_assert_code(peer_login(&p, &token, NULL), -CS_ERR_PIN_NEEDED);
	other = token;
	other.insertion++;
	unit_assert_code(peer_login(&p, &other, PIN), -CS_ERR_TOKEN_REMOVED);
	other = token;
	other.uri.len--;
	unit_assert_code(peer_login(&p, &other, PIN), -CS_ERR_NO_TOKEN);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	/* Once more: the PIN is looked at again. */
	unit_assert_code(peer_login(&p, &token, "999999"), -CS_ERR_PIN_WRONG);
	req.token = token.uri;
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	ck_assert_uint_eq(answer.info.flags & TOK_LOGGED_IN, 0);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	ck_assert_uint_eq(answer.info.flags & TOK_LOGGED_IN, TOK_LOGGED_IN);
	ck_assert_uint_eq(answer.info.insertion, token.insertion);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

START_TEST(wrong_names_are_typed)
{
	static const uint8_t nobody[TOK_KEY_ID_LEN];
	struct tok_info token;
	struct tok_msg req, answer;
	struct peer p;

	peer_begin(&p, &token);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	req = sign_request(
	    &token, "p256", unit_hex(ECDSA_SHA256), unit_hex(DIGEST));
	req.key_id = bytes_of(nobody, sizeof(nobody));
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_NO_KEY);
	req.key_id = fixture_key_id("p256");
	req.insertion++;
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_TOKEN_REMOVED);
	ck_assert(answer.has_info);
	ck_assert_uint_eq(answer.info.insertion, token.insertion);
	req.insertion--;
	req.token = BYTES_LIT("pkcs11:token=\x01");
	unit_assert_code(peer_call(&p, &req, &answer), -CS_ERR_NO_TOKEN);
	ck_assert_ptr_null(memchr(answer.text.p, 1, answer.text.len));
	req.token = token.uri;
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

static int
set_pin(struct peer *p, const struct tok_info *token, enum tok_pin_op op,
    const char *old, const char *new)
{
	struct tok_msg answer, req = {.type = TOK_SET_PIN,
				   .token = token->uri,
				   .insertion = token->insertion,
				   .operation = op,
				   .has_pin = old != NULL,
				   .pin = bytes_of_str(old),
				   .has_new_pin = new != NULL,
				   .new_pin = bytes_of_str(new)};

	return peer_call(p, &req, &answer);
}

START_TEST(changes_pins)
{
	struct tok_info token;
	struct peer p;

	peer_begin(&p, &token);
	unit_assert_code(set_pin(&p, &token, TOK_PIN_CHANGE, "999999", "5555"),
	    -CS_ERR_PIN_WRONG);
	unit_assert_code(
	    set_pin(&p, &token, TOK_PIN_CHANGE, PIN, ""), -CS_ERR_PIN_LENGTH);
	unit_assert_code(set_pin(&p, &token, TOK_PIN_CHANGE, NULL, "5555"),
	    -CS_ERR_PIN_NEEDED);
	unit_assert_code(
	    set_pin(&p, &token, TOK_PIN_CHANGE, PIN, "1"), -CS_ERR_PIN_LENGTH);
	unit_assert_code(set_pin(&p, &token, TOK_PIN_CHANGE, PIN, "5555"), 0);
	unit_assert_code(peer_login(&p, &token, PIN), -CS_ERR_PIN_WRONG);
	unit_assert_code(peer_login(&p, &token, "5555"), 0);
	/* With the SO PIN, logged in or not. */
	unit_assert_code(set_pin(&p, &token, TOK_PIN_UNBLOCK, "11111111", PIN),
	    -CS_ERR_PIN_WRONG);
	unit_assert_code(
	    set_pin(&p, &token, TOK_PIN_UNBLOCK, "87654321", PIN), 0);
	unit_assert_code(peer_login(&p, &token, PIN), 0);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

/* Frames that are no requests: an error each, and the worker goes on. */
START_TEST(answers_bad_frames)
{
	static const char *const frames[] = {
	    "30 03 02 01 05",			   /* no body */
	    "30 05 02 01 06 bf 00",		   /* long tag */
	    "30 05 02 01 06 b4 00",		   /* unknown */
	    "30 05 02 01 06 a5 00",		   /* without fields */
	    "30 08 02 01 06 b3 03 0a 01 00",	   /* an event */
	    "30 0a 02 01 06 ac 05 04 03 41 42 43", /* an answer */
	};
	struct tok_msg answer, req = {.type = TOK_PROBE};
	struct tok_info token;
	struct peer p;
	size_t i;

	peer_begin(&p, &token);
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		peer_send(&p, unit_hex(frames[i]));
		ck_assert(peer_receive(&p, &answer));
		unit_assert_code(answer.code, -CS_ERR_PROTOCOL);
	}
	unit_assert_code(peer_call(&p, &req, &answer), 0);
	/* What is no frame ends it. */
	peer_send(&p, BYTES_LIT("GET / HTTP/1.0\r\n"));
	ck_assert(!peer_receive(&p, &answer));
	ck_assert_int_eq(peer_end(&p), 70);
}
END_TEST

START_TEST(start_comes_first_and_once)
{
	static const uint8_t secret[TOK_SECRET_LEN];
	struct tok_msg answer, probe = {.type = TOK_PROBE},
			       start = {.type = TOK_START,
				   .module = bytes_of_str(fixture_module()),
				   .secret = bytes_of(secret, sizeof(secret))};
	struct peer p;

	peer_start(&p);
	unit_assert_code(peer_call(&p, &probe, &answer), -CS_ERR_PROTOCOL);
	unit_assert_code(peer_call(&p, &start, &answer), 0);
	ck_assert_uint_gt(answer.description.len, 0);
	ck_assert_uint_gt(answer.version.len, 2);
	unit_assert_code(peer_call(&p, &start, &answer), -CS_ERR_PROTOCOL);
	unit_assert_code(peer_call(&p, &probe, &answer), 0);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

static const char *const bad_modules[] = {"/nonexistent/module.so",
    "libsofthsm2.so", "/etc/passwd", "p11-kit:nothing of that name", ""};

START_TEST(start_fails_typed)
{
	static const uint8_t secret[TOK_SECRET_LEN];
	struct tok_msg answer, start = {.type = TOK_START,
				   .module = bytes_of_str(bad_modules[_i]),
				   .secret = bytes_of(secret, sizeof(secret))};
	struct peer p;

	peer_start(&p);
	unit_assert_code(peer_call(&p, &start, &answer), -CS_ERR_MODULE);
	ck_assert(!peer_receive(&p, &answer));
	ck_assert_int_eq(peer_end(&p), 1);
}
END_TEST

/* Does a line of the worker's /proc file begin so? */
static bool
proc_says(const struct peer *p, const char *file, const char *text)
{
	char path[64], line[256];
	bool says = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)p->pid, file);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (!says && fgets(line, sizeof(line), f) != NULL)
		says = strncmp(line, text, strlen(text)) == 0;
	fclose(f);
	return says;
}

static bool
proc_has_fd(const struct peer *p, int fd)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)p->pid, fd);
	return lstat(path, &st) == 0;
}

/* No core file, nobody looks in, and no descriptor that it was not meant to
 * have. */
START_TEST(keeps_to_itself)
{
	struct tok_msg answer, probe = {.type = TOK_PROBE};
	int stray = dup2(open("/dev/null", O_RDONLY), 77);
	struct stat st;
	struct peer p;
	char path[64];
	int fd;

	ck_assert_int_eq(stray, 77);
	peer_start(&p);
	/* An answer, even this, says that it is ready. */
	unit_assert_code(peer_call(&p, &probe, &answer), -CS_ERR_PROTOCOL);
	ck_assert(proc_says(
	    &p, "limits", "Max core file size        0                    0"));
	/* Only root may look at these, for the reason below. */
	for (fd = 0; geteuid() == 0 && fd < 256; fd++)
		ck_assert_msg(
		    proc_has_fd(&p, fd) == (fd < 4), "descriptor %d", fd);
	/* The files of a process that is not dumpable are root's. */
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)p.pid);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 0);
	ck_assert_int_eq(peer_end(&p), 0);
}
END_TEST

#define ROWS(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("worker");
	TCase *tcase = tcase_create("worker");

	tcase_add_unchecked_fixture(tcase, make_tokens, fixture_end);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, probe_lists_all);
	tcase_add_test(tcase, keys_change_with_login);
	tcase_add_loop_test(tcase, signs, 0, ROWS(schemes));
	tcase_add_loop_test(tcase, refuses_bad_signs, 0, ROWS(bad_signs));
	tcase_add_test(tcase, sign_wants_login);
	tcase_add_test(tcase, sign_with_context_pin);
	tcase_add_test(tcase, login_fails_typed);
	tcase_add_test(tcase, wrong_names_are_typed);
	tcase_add_test(tcase, changes_pins);
	tcase_add_test(tcase, answers_bad_frames);
	tcase_add_test(tcase, start_comes_first_and_once);
	tcase_add_loop_test(tcase, start_fails_typed, 0, ROWS(bad_modules));
	tcase_add_test(tcase, keeps_to_itself);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
