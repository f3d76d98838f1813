/* check_ssh.c: ssh's types, keys, and what is signed for it. */
#include <string.h>

#include "client/ssh/ssh.h"
#include "tests/unit/unit.h"

static struct err e;
static struct buf b, blob;

static void
setup(void)
{
	e = (struct err)ERR_INIT;
	b = (struct buf){0};
	blob = (struct buf){0};
	ssh_put_string(&blob, BYTES_LIT("ssh-ed25519"));
	ssh_put_string(&blob, BYTES_LIT("01234567890123456789012345678901"));
}

static void
teardown(void)
{
	buf_clear(&b);
	buf_clear(&blob);
}

/* The examples of RFC 4251 5, those that are not negative. */
START_TEST(test_mpint)
{
	static const struct {
		const char *magnitude, *want;
	} rows[] = {
	    {"", "00 00 00 00"},
	    {"00", "00 00 00 00"},
	    {"09a378f9b2e332a7", "00 00 00 08 09 a3 78 f9 b2 e3 32 a7"},
	    {"000009a378f9b2e332a7", "00 00 00 08 09 a3 78 f9 b2 e3 32 a7"},
	    {"80", "00 00 00 02 00 80"},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		ssh_put_mpint(&b, unit_hex(rows[i].magnitude));
		unit_assert_bytes(buf_get(&b), unit_hex(rows[i].want));
	}
}
END_TEST

START_TEST(test_reading_stops_at_the_end)
{
	struct bytes in = unit_hex("00 00 00 02 41 42 07");
	struct bytes cut = unit_hex("00 00 00 03 41 42"), s;
	struct bytes huge = unit_hex("ff ff ff ff 41"), before = cut;
	uint32_t number;
	uint8_t byte;

	ck_assert(ssh_get_string(&in, &s));
	unit_assert_bytes(s, BYTES_LIT("AB"));
	ck_assert(!ssh_get_u32(&in, &number));
	ck_assert(ssh_get_byte(&in, &byte));
	ck_assert_uint_eq(byte, 7);
	ck_assert(!ssh_get_byte(&in, &byte));
	ck_assert(!ssh_get_string(&cut, &s));
	unit_assert_bytes(cut, before);
	ck_assert(!ssh_get_string(&huge, &s));
}
END_TEST

static void
put_login(const char *user, const char *method, struct bytes host)
{
	ssh_put_string(&b, BYTES_LIT("01234567890123456789"));
	buf_add_byte(&b, 50);
	ssh_put_string(&b, bytes_of_str(user));
	ssh_put_string(&b, BYTES_LIT("ssh-connection"));
	ssh_put_string(&b, bytes_of_str(method));
	buf_add_byte(&b, 1);
	ssh_put_string(&b, BYTES_LIT("ssh-ed25519"));
	ssh_put_string(&b, buf_get(&blob));
	if (host.len != 0)
		ssh_put_string(&b, host);
}

static void
put_signature(const char *space, const char *algorithm, size_t hash_len)
{
	uint8_t hash[65] = {0};

	buf_add_str(&b, "SSHSIG");
	ssh_put_string(&b, bytes_of_str(space));
	ssh_put_string(&b, BYTES_NONE);
	ssh_put_string(&b, bytes_of_str(algorithm));
	ssh_put_string(&b, bytes_of(hash, hash_len));
}

/* What is described is whole: nothing shorter or longer is. */
static void
assert_described(const char *want)
{
	char purpose[SSH_PURPOSE_MAX];
	size_t len;

	unit_assert_code(
	    ssh_describe(buf_get(&b), buf_get(&blob), purpose, &e), 0);
	ck_assert_str_eq(purpose, want);
	for (len = 0; len < b.len; len++)
		unit_assert_code(ssh_describe(bytes_of(b.data, len),
				     buf_get(&blob), purpose, &e),
		    -CS_ERR_POLICY);
	buf_add_byte(&b, 0);
	unit_assert_code(ssh_describe(buf_get(&b), buf_get(&blob), purpose, &e),
	    -CS_ERR_POLICY);
}

START_TEST(test_login)
{
	put_login("alice", "publickey", BYTES_NONE);
	assert_described("SSH login as alice");
}
END_TEST

START_TEST(test_login_at_a_host)
{
	put_login(
	    "alice", "publickey-hostbound-v00@openssh.com", BYTES_LIT("key"));
	/* SHA-256 of "key" */
	assert_described("SSH login as alice at the host whose key is SHA256:"
			 "LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM");
}
END_TEST

START_TEST(test_login_under_an_odd_name)
{
	put_login("al\nice", "publickey", BYTES_NONE);
	assert_described("SSH login as a name that cannot be shown");
}
END_TEST

START_TEST(test_signature)
{
	put_signature("git", "sha512", 64);
	assert_described("SSH signature for git");
	buf_reset(&b);
	put_signature("file", "sha256", 32);
	assert_described("SSH signature for file");
}
END_TEST

/* What could be read as something else than SSH's is not signed. */
START_TEST(test_nothing_else)
{
	static const struct {
		const char *space, *algorithm;
		size_t hash_len;
	} rows[] = {
	    {"", "sha512", 64},
	    {"git", "sha1", 20},
	    {"git", "sha256", 64},
	};
	char purpose[SSH_PURPOSE_MAX];
	struct buf other = {0};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		put_signature(
		    rows[i].space, rows[i].algorithm, rows[i].hash_len);
		unit_assert_code(
		    ssh_describe(buf_get(&b), buf_get(&blob), purpose, &e),
		    -CS_ERR_POLICY);
	}
	/* CMS's signed attributes, and a login with another key */
	unit_assert_code(ssh_describe(unit_hex("31 18 30 16 06 09"),
			     buf_get(&blob), purpose, &e),
	    -CS_ERR_POLICY);
	buf_reset(&b);
	put_login("alice", "publickey", BYTES_NONE);
	buf_add_str(&other, "another key");
	unit_assert_code(
	    ssh_describe(buf_get(&b), buf_get(&other), purpose, &e),
	    -CS_ERR_POLICY);
	buf_reset(&b);
	put_login("alice", "password", BYTES_NONE);
	unit_assert_code(ssh_describe(buf_get(&b), buf_get(&blob), purpose, &e),
	    -CS_ERR_POLICY);
	buf_clear(&other);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ssh");
	TCase *tcase = tcase_create("ssh");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_mpint);
	tcase_add_test(tcase, test_reading_stops_at_the_end);
	tcase_add_test(tcase, test_login);
	tcase_add_test(tcase, test_login_at_a_host);
	tcase_add_test(tcase, test_login_under_an_odd_name);
	tcase_add_test(tcase, test_signature);
	tcase_add_test(tcase, test_nothing_else);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
