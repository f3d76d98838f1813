/*
 * cardseal-token writes: keys made and brought, certificates, and what is left
 * of them when the token does not do as it should.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/pem.h"
#include "tests/wire/worker.h"

#define PIN "123456"

static struct peer peer;
static struct tok_info token;
static struct buf objects, rsa, ec, rsa_cert, ec_cert, held, held_cert,
    held_self;

static int
keep_first(void *ctx, const char *label, struct bytes der)
{
	struct buf *b = ctx;

	(void)label;
	return b->len == 0 ? buf_add_bytes(b, der) : 0;
}

/* The first object of a file of the fixture's folder. */
static void
read_pem(const char *name, struct buf *b)
{
	static char text[16384];
	FILE *f = fopen(fixture_path(name), "r");
	size_t n = f != NULL ? fread(text, 1, sizeof(text), f) : 0;

	ck_assert_uint_ne(n, 0);
	fclose(f);
	buf_reset(b);
	ck_assert_int_eq(
	    pem_walk(bytes_of(text, n), NULL, keep_first, b, NULL), 0);
}

/* A place-holder for the key of that name. */
static void
make_self_signed(const char *name)
{
	char command[1024], key[256];

	snprintf(key, sizeof(key), "%s.pem", name);
	snprintf(command, sizeof(command),
	    "cd '%s' && openssl req -x509 -key '%s' -subj /CN=self -out "
	    "../self.pem",
	    fixture_path("keys"), key);
	ck_assert_int_eq(system(command), 0);
}

static void
make_tokens(void)
{
	static const char *const args[] = {"--token", "Written", "--identity",
	    "name=own,key=p256", "--identity",
	    "name=rsa,key=rsa2048,usage=encrypt,store=file", "--identity",
	    "name=ec,key=p256,usage=both,store=file", "--identity",
	    "name=held,key=p256,usage=both,store=file", NULL};

	fixture_make(args);
	fixture_set_faults("");
	read_pem("keys/rsa.pem", &rsa);
	read_pem("keys/ec.pem", &ec);
	read_pem("certs/rsa.pem", &rsa_cert);
	read_pem("certs/ec.pem", &ec_cert);
	read_pem("keys/held.pem", &held);
	read_pem("certs/held.pem", &held_cert);
	make_self_signed("held");
	read_pem("self.pem", &held_self);
}

static void
begin(void)
{
	buf_reset(&objects);
	fixture_set_faults("");
	peer_begin(&peer, &token);
	unit_assert_code(peer_login(&peer, &token, PIN), 0);
}

static void
end(void)
{
	fixture_set_faults("");
	ck_assert_int_eq(peer_end(&peer), 0);
}

static void
put(const char *label, const char *type, struct bytes key, struct bytes cert)
{
	struct tok_object o = {.label = bytes_of_str(label),
	    .key_type = bytes_of_str(type),
	    .private_key = key,
	    .certificate = cert};

	tok_object_put(&objects, &o);
}

/* Writes what was put; the answer's text, if it has one, is kept. */
static char said[512];

static int
write_to_token(enum tok_write_op operation, struct tok_msg *answer)
{
	struct tok_msg req = {.type = TOK_WRITE,
	    .token = token.uri,
	    .insertion = token.insertion,
	    .operation = operation,
	    .objects = buf_get(&objects)};
	int r = peer_call(&peer, &req, answer);

	snprintf(said, sizeof(said), "%.*s", (int)answer->text.len,
	    (const char *)answer->text.p);
	buf_reset(&objects);
	return r;
}

/* What was written of the n-th object. */
static struct tok_written
written(const struct tok_msg *answer, unsigned n)
{
	struct tok_written w = {.flags = 0};
	struct der d;

	der_init(&d, answer->written);
	do
		ck_assert(tok_written_next(&d, &w));
	while (n-- > 0);
	return w;
}

static void
assert_key(
    struct bytes key_id, unsigned flags, const char *label, struct bytes cert)
{
	static uint8_t kept[32];
	struct tok_key key;
	struct bytes first;
	struct der d;

	memcpy(kept, key_id.p, sizeof(kept)); /* the answer goes */
	ck_assert(peer_find_key(&peer, bytes_of(kept, sizeof(kept)), &key));
	ck_assert_uint_eq(key.flags, flags | TOK_KEY_PRESENT);
	unit_assert_bytes(key.label, bytes_of_str(label));
	ck_assert_uint_ne(key.id.len, 0);
	der_init(&d, key.certificates);
	first = der_has_more(&d) ? der_get(&d, DER_OCTET_STRING) : BYTES_NONE;
	unit_assert_bytes(first, cert);
}

static bool
has_key(const char *identity)
{
	struct tok_key key;

	return peer_find_key(&peer, fixture_key_id(identity), &key);
}

static const struct {
	const char *type;
	unsigned flags;
} types[] = {
    {"rsa2048", TOK_KEY_SIGN | TOK_KEY_DECRYPT},
    {"p256", TOK_KEY_SIGN | TOK_KEY_DERIVE},
    {"p384", TOK_KEY_SIGN | TOK_KEY_DERIVE},
    {"p521", TOK_KEY_SIGN | TOK_KEY_DERIVE},
    {"ed25519", TOK_KEY_SIGN},
};

START_TEST(makes_keys)
{
	struct tok_msg answer;
	struct tok_written w;

	begin();
	put("made", types[_i].type, BYTES_NONE, BYTES_NONE);
	unit_assert_code(write_to_token(TOK_WRITE_GENERATE, &answer), 0);
	w = written(&answer, 0);
	ck_assert_uint_eq(w.flags, TOK_WRITTEN_KEY);
	assert_key(w.key_id, types[_i].flags, "made", BYTES_NONE);
	end();
}
END_TEST

/* Nothing half is left, and what is there is not written over. */
START_TEST(brings_keys)
{
	struct tok_msg answer;

	begin();
	put("r", "", buf_get(&rsa), buf_get(&rsa_cert));
	put("broken", "", buf_get(&rsa_cert), BYTES_NONE);
	unit_assert_code(
	    write_to_token(TOK_WRITE_IMPORT, &answer), -CS_ERR_ENCODING);
	ck_assert(!has_key("rsa"));
	put("r", "", buf_get(&rsa), buf_get(&ec_cert));
	unit_assert_code(
	    write_to_token(TOK_WRITE_IMPORT, &answer), -CS_ERR_ARGUMENT);
	ck_assert(!has_key("rsa"));
	put("r", "", buf_get(&rsa), buf_get(&rsa_cert));
	put("e", "", buf_get(&ec), BYTES_NONE);
	unit_assert_code(write_to_token(TOK_WRITE_IMPORT, &answer), 0);
	ck_assert_uint_eq(written(&answer, 0).flags,
	    TOK_WRITTEN_KEY | TOK_WRITTEN_CERTIFICATE);
	ck_assert_uint_eq(written(&answer, 1).flags, TOK_WRITTEN_KEY);
	unit_assert_bytes(written(&answer, 0).key_id, fixture_key_id("rsa"));
	assert_key(
	    fixture_key_id("rsa"), TOK_KEY_DECRYPT, "r", buf_get(&rsa_cert));
	assert_key(fixture_key_id("ec"), TOK_KEY_SIGN | TOK_KEY_DERIVE, "e",
	    BYTES_NONE);
	put("other", "", buf_get(&rsa), buf_get(&rsa_cert));
	put("other", "", buf_get(&ec), buf_get(&ec_cert));
	unit_assert_code(write_to_token(TOK_WRITE_IMPORT, &answer), 0);
	ck_assert_uint_eq(written(&answer, 0).flags, 0);
	ck_assert_uint_eq(written(&answer, 1).flags, TOK_WRITTEN_CERTIFICATE);
	assert_key(
	    fixture_key_id("rsa"), TOK_KEY_DECRYPT, "r", buf_get(&rsa_cert));
	assert_key(fixture_key_id("ec"), TOK_KEY_SIGN | TOK_KEY_DERIVE, "e",
	    buf_get(&ec_cert));
	end();
}
END_TEST

/* They go when all is written, and not before: what fails later in the same
 * request could not bring them back. */
START_TEST(place_holders_stay_until_all_is_written)
{
	struct tok_msg answer;

	begin();
	put("h", "", buf_get(&held), buf_get(&held_self));
	unit_assert_code(write_to_token(TOK_WRITE_IMPORT, &answer), 0);
	assert_key(fixture_key_id("held"), TOK_KEY_SIGN | TOK_KEY_DERIVE, "h",
	    buf_get(&held_self));
	put("h", "", buf_get(&held), buf_get(&held_cert));
	put("broken", "", buf_get(&rsa_cert), BYTES_NONE);
	unit_assert_code(
	    write_to_token(TOK_WRITE_IMPORT, &answer), -CS_ERR_ENCODING);
	assert_key(fixture_key_id("held"), TOK_KEY_SIGN | TOK_KEY_DERIVE, "h",
	    buf_get(&held_self));
	put("h", "", buf_get(&held), buf_get(&held_cert));
	unit_assert_code(write_to_token(TOK_WRITE_IMPORT, &answer), 0);
	assert_key(fixture_key_id("held"), TOK_KEY_SIGN | TOK_KEY_DERIVE, "h",
	    buf_get(&held_cert));
	end();
}
END_TEST

START_TEST(wants_sense)
{
	struct tok_msg answer;

	begin();
	put("", "dsa1024", BYTES_NONE, BYTES_NONE);
	unit_assert_code(
	    write_to_token(TOK_WRITE_GENERATE, &answer), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    write_to_token(TOK_WRITE_IMPORT, &answer), -CS_ERR_ENCODING);
	buf_add_str(&objects, "nonsense");
	unit_assert_code(
	    write_to_token(TOK_WRITE_IMPORT, &answer), -CS_ERR_ENCODING);
	put("", "", BYTES_NONE, buf_get(&rsa));
	unit_assert_code(
	    write_to_token(TOK_WRITE_INSTALL, &answer), -CS_ERR_CERTIFICATE);
	end();
}
END_TEST

/* Of a module that refuses: the rule, and what becomes of it. */
static const struct {
	const char *rules;
	int code;
	const char *text;
} refusals[] = {
    {"flags 0x2\n", -CS_ERR_READ_ONLY, "write-protected"},
    {"C_OpenSession 0xe2\n", -CS_ERR_READ_ONLY, "write-protected"},
    {"C_CreateObject 0xb5\n", -CS_ERR_READ_ONLY, "lets nobody write"},
    {"C_CreateObject 0x101\n", -CS_ERR_MECHANISM, "security officer"},
    {"C_CreateObject 0x54\n", -CS_ERR_MECHANISM, "does not take the key"},
    {"C_CreateObject 0xd1\n", -CS_ERR_MECHANISM, "does not take the key"},
    {"C_CreateObject 0x31\n", -CS_ERR_DEVICE, "memory"},
    {"C_CreateObject 0x30\n", -CS_ERR_DEVICE, "error"},
};

START_TEST(refusals_are_typed)
{
	struct tok_msg answer;

	begin();
	fixture_set_faults(refusals[_i].rules);
	put("x", "", buf_get(&rsa), buf_get(&rsa_cert));
	unit_assert_code(
	    write_to_token(TOK_WRITE_IMPORT, &answer), refusals[_i].code);
	ck_assert_msg(strstr(said, refusals[_i].text) != NULL, "%s", said);
	end();
}
END_TEST

static const struct {
	const char *rules;
	int code;
	const char *text;
} no_keys[] = {
    {"C_GenerateKeyPair 0x70\n", -CS_ERR_MECHANISM, "does not make such keys"},
    {"C_GenerateKeyPair 0x140\n", -CS_ERR_MECHANISM, "does not make such"},
    {"C_GenerateKeyPair 0x54\n", -CS_ERR_MECHANISM, "does not make such keys"},
    {"C_GenerateKeyPair 0x101\n", -CS_ERR_MECHANISM, "security officer"},
    {"C_GenerateKeyPair 0xb5\n", -CS_ERR_READ_ONLY, "lets nobody write"},
    {"flags 0x2\n", -CS_ERR_READ_ONLY, "write-protected"},
};

START_TEST(tells_why_there_is_no_key)
{
	struct tok_msg answer;

	begin();
	fixture_set_faults(no_keys[_i].rules);
	put("x", "p256", BYTES_NONE, BYTES_NONE);
	unit_assert_code(
	    write_to_token(TOK_WRITE_GENERATE, &answer), no_keys[_i].code);
	ck_assert_msg(strstr(said, no_keys[_i].text) != NULL, "%s", said);
	end();
}
END_TEST

START_TEST(wants_the_pin)
{
	struct tok_msg answer;

	fixture_set_faults("");
	peer_begin(&peer, &token);
	put("", "p256", BYTES_NONE, BYTES_NONE);
	unit_assert_code(
	    write_to_token(TOK_WRITE_GENERATE, &answer), -CS_ERR_PIN_NEEDED);
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("worker_write");
	TCase *tcase = tcase_create("worker_write");

	tcase_add_unchecked_fixture(tcase, make_tokens, fixture_end);
	tcase_set_timeout(tcase, 120);
	unit_add_loop(tcase, makes_keys, types);
	tcase_add_test(tcase, wants_sense);
	tcase_add_test(tcase, wants_the_pin);
	unit_add_loop(tcase, refusals_are_typed, refusals);
	unit_add_loop(tcase, tells_why_there_is_no_key, no_keys);
	tcase_add_test(tcase, brings_keys);
	tcase_add_test(tcase, place_holders_stay_until_all_is_written);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
