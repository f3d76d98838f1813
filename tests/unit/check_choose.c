#include <string.h>

#include "client/pkix/choose.h"
#include "tests/unit/unit_cert.h"

#define N(a) (sizeof(a) / sizeof(*(a)))
#define ALICE BYTES_LIT("alice@example.org")

static const struct {
	const char *cert;
	int sign, encrypt;
	const char *text; /* of the refusal to sign */
} may[] = {
    {"leaf", 0, -CS_ERR_KEY_USAGE, NULL},
    {"leaf-encrypt", -CS_ERR_KEY_USAGE, 0, "key usage"},
    {"leaf-any-eku", 0, 0, NULL},
    {"leaf-no-eku", 0, 0, NULL},
    {"leaf-dn-email", 0, 0, NULL},
    {"leaf-tls", -CS_ERR_KEY_USAGE, -CS_ERR_KEY_USAGE,
	"extended key usage does not include mail"},
    {"leaf-expired", -CS_ERR_EXPIRED, -CS_ERR_EXPIRED, "expired on 2021-01-01"},
    {"leaf-future", -CS_ERR_EXPIRED, -CS_ERR_EXPIRED,
	"not valid before 2080-01-01"},
    {"int", -CS_ERR_KEY_USAGE, -CS_ERR_KEY_USAGE, "CA"},
    {"leaf-rsa1024", -CS_ERR_WEAK, -CS_ERR_KEY_USAGE, "weak"},
    {"leaf-rsa2048", 0, -CS_ERR_KEY_USAGE, NULL},
    {"leaf-rsa2048-agree", -CS_ERR_KEY_USAGE, -CS_ERR_ALGORITHM, NULL},
    {"leaf-x25519", -CS_ERR_ALGORITHM, 0, "X25519"},
};

START_TEST(tells_what_a_certificate_may)
{
	struct cert *c = unit_cert(may[_i].cert);
	struct err e = ERR_INIT;

	unit_assert_code(cert_may_encrypt(c, UNIT_TIME, &e), may[_i].encrypt);
	err_clear(&e);
	unit_assert_code(cert_may_sign(c, UNIT_TIME, &e), may[_i].sign);
	if (may[_i].text != NULL)
		ck_assert_msg(
		    strstr(e.text, may[_i].text) != NULL, "%s", e.text);
	cert_free(c);
}
END_TEST

/* The candidates of one test. */
static struct choose_candidate all[6];
static size_t len;

static void
setup(void)
{
	memset(all, 0, sizeof(all));
	len = 0;
}

static void
teardown(void)
{
	while (len > 0)
		cert_free(all[--len].cert);
}

static void
add(const char *cert, const char *role)
{
	all[len++] = (struct choose_candidate){
	    .cert = unit_cert(cert),
	    .role = bytes_of_str(role),
	    .can_sign = true,
	    .can_decrypt = true,
	    .code = 1,
	};
}

START_TEST(prefers_role_then_newest)
{
	size_t chosen = 99;
	struct err e = ERR_INIT;

	add("leaf", "9a");
	add("leaf-encrypt", "9d");
	add("leaf", "9c");
	add("leaf-no-eku", "");
	unit_assert_code(
	    choose_signer(all, len, ALICE, UNIT_TIME, &chosen, &e), 0);
	ck_assert_uint_eq(chosen, 2);
	ck_assert_int_eq(all[0].code, 0);
	unit_assert_code(all[1].code, -CS_ERR_KEY_USAGE);
	/* without a 9c key, any before 9a */
	all[2].can_sign = false;
	unit_assert_code(
	    choose_signer(all, len, ALICE, UNIT_TIME, &chosen, &e), 0);
	ck_assert_uint_eq(chosen, 3);
	ck_assert_msg(
	    strstr(all[2].why, "does not let") != NULL, "%s", all[2].why);
	/* the latest notBefore */
	add("leaf-negative", "");
	unit_assert_code(
	    choose_signer(all, len, ALICE, UNIT_TIME, &chosen, &e), 0);
	ck_assert_uint_eq(chosen, 4);
}
END_TEST

START_TEST(an_empty_address_is_any)
{
	size_t chosen = 99;

	add("leaf-no-email", "");
	unit_assert_code(
	    choose_signer(all, len, BYTES_NONE, UNIT_TIME, &chosen, NULL), 0);
	ck_assert_uint_eq(chosen, 0);
	unit_assert_code(
	    choose_signer(all, len, ALICE, UNIT_TIME, &chosen, NULL),
	    -CS_ERR_NO_KEY);
	unit_assert_code(all[0].code, -CS_ERR_ADDRESS);
}
END_TEST

START_TEST(names_all_refusals)
{
	struct err e = ERR_INIT;
	size_t chosen;

	add("leaf-expired", "9c");
	add("leaf-encrypt", "9d");
	unit_assert_code(choose_signer(all, len, ALICE, UNIT_TIME, &chosen, &e),
	    -CS_ERR_KEY_USAGE);
	ck_assert_msg(
	    strstr(e.text, "for alice@example.org") != NULL &&
		strstr(e.text, "Alice Example (P-256, serial 1004): expired on "
			       "2021-01-01") != NULL &&
		strstr(e.text, "its key usage") != NULL,
	    "%s", e.text);
	err_clear(&e);
	unit_assert_code(choose_signer(all, len, BYTES_LIT("x@example.com"),
			     UNIT_TIME, &chosen, &e),
	    -CS_ERR_NO_KEY);
	ck_assert_msg(strstr(e.text, "another address") != NULL, "%s", e.text);
	err_clear(&e);
	unit_assert_code(choose_signer(all, 0, ALICE, UNIT_TIME, &chosen, &e),
	    -CS_ERR_NO_KEY);
	ck_assert_msg(strstr(e.text, "insert a card") != NULL, "%s", e.text);
}
END_TEST

#define URI                                                               \
	"pkcs11:token=PIV%20card;serial=0123;id=%01%02;object=SIGN;type=" \
	"private"

static const struct {
	const char *key;
	int want;
} keys[] = {
    {"sign", 1},
    {"SIGN", 1},
    {"decrypt", 0},
    {"9c", 1},
    {"9C", 1},
    {"9a", 0},
    {"alice@example.org", 1},
    {"alice@EXAMPLE.org", 1},
    {"bob@example.org", 0},
    {"pkcs11:", 1},
    {"pkcs11:token=PIV%20card", 1},
    {"PKCS11:token=P%49V%20card?pin-source=x", 1},
    {"pkcs11:object=SIGN;serial=0123", 1},
    {"pkcs11:object=OTHER", 0},
    {"pkcs11:id=%01%02", 1},
    {"pkcs11:id=%01", 0},
    {"pkcs11:id=%01%02%03", 0},
    {"pkcs11:manufacturer=x", 0},
    {"pkcs11:type=private", 1},
    {"pkcs11:id=%0", -CS_ERR_ARGUMENT},
    {"0x00", -CS_ERR_ARGUMENT},
    {"alice", -CS_ERR_ARGUMENT},
    {"", -CS_ERR_ARGUMENT},
    {"00112233445566778899aabbccddeeff00112233", 0},
};

START_TEST(understands_keys)
{
	struct err e = ERR_INIT;

	add("leaf", "9c");
	unit_assert_code(
	    choose_matches(&all[0], keys[_i].key, BYTES_LIT(URI), &e),
	    keys[_i].want);
	if (keys[_i].want < 0)
		ck_assert_int_ne(e.text[0], '\0');
}
END_TEST

/* Hexadecimal text, NUL-terminated, into b. */
static const char *
hex_text(struct buf *b, const uint8_t *p, size_t n, const char *front,
    const char *between, bool is_large)
{
	size_t i;

	buf_reset(b);
	buf_add_str(b, front);
	for (i = 0; i < n; i++)
		buf_printf(b, is_large ? "%s%02X" : "%s%02x",
		    i != 0 ? between : "", p[i]);
	ck_assert_int_eq(buf_add_byte(b, 0), 0);
	return (const char *)b->data;
}

START_TEST(understands_fingerprints)
{
	static const size_t lens[] = {32, 20, 32};
	struct buf b = {0};
	const uint8_t *prints[3];
	uint8_t other[32], sha1[CERT_SHA1_LEN];
	size_t i, n;

	add("leaf", "");
	cert_get_sha1(all[0].cert, sha1);
	prints[0] = cert_get_sha256(all[0].cert);
	prints[1] = sha1;
	prints[2] = cert_get_key_hash(all[0].cert);
	for (i = 0; i < 3; i++) {
		n = lens[i];
		ck_assert_int_eq(choose_matches(&all[0],
				     hex_text(&b, prints[i], n, "0x", "", true),
				     BYTES_NONE, NULL),
		    1);
		ck_assert_int_eq(choose_matches(&all[0],
				     hex_text(&b, prints[i], n, "", ":", false),
				     BYTES_NONE, NULL),
		    1);
		memcpy(other, prints[i], n);
		other[n - 1] ^= 1;
		ck_assert_int_eq(choose_matches(&all[0],
				     hex_text(&b, other, n, "", "", false),
				     BYTES_NONE, NULL),
		    0);
	}
	buf_clear(&b);
}
END_TEST

START_TEST(bounds_uris)
{
	struct buf b = {0};
	int i;

	add("leaf", "");
	buf_add_str(&b, "pkcs11:");
	for (i = 0; i < 70; i++)
		buf_add_str(&b, "a=b;");
	buf_add_byte(&b, 0);
	unit_assert_code(choose_matches(&all[0], (const char *)b.data,
			     BYTES_LIT("pkcs11:a=b"), NULL),
	    -CS_ERR_ARGUMENT);
	buf_clear(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("choose");
	TCase *t = tcase_create("choose");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, tells_what_a_certificate_may, 0, N(may));
	tcase_add_test(t, prefers_role_then_newest);
	tcase_add_test(t, an_empty_address_is_any);
	tcase_add_test(t, names_all_refusals);
	tcase_add_loop_test(t, understands_keys, 0, N(keys));
	tcase_add_test(t, understands_fingerprints);
	tcase_add_test(t, bounds_uris);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
