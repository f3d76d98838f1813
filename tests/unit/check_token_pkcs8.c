#include "token/pkcs8.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/pem.h"
#include "tests/unit/unit.h"

/* RFC 5915 3, RFC 5208 5: the key 1 on P-256, whose public part is the
 * generator (SEC 2 2.4.2). */
#define EC_HEAD                                                     \
	"30 81 87 02 01 00 30 13 06 07 2a 86 48 ce 3d 02 01 06 08 " \
	"2a 86 48 ce 3d 03 01 07 04 6d 30 6b 02 01 01 04 20 "
#define ONE                                                \
	"00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 " \
	"00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 "
#define GENERATOR                                                            \
	"04 6b 17 d1 f2 e1 2c 42 47 f8 bc e6 e5 63 a4 40 f2 77 03 7d 81 2d " \
	"eb 33 a0 f4 a1 39 45 d8 98 c2 96 4f e3 42 e2 fe 1a 7f 9b 8e e7 eb " \
	"4a 7c 0f 9e 16 2b ce 33 57 6b 31 5e ce cb b6 40 68 37 bf 51 f5 "

static int
take(void *ctx, const char *label, struct bytes der)
{
	(void)label;
	return buf_add_bytes(ctx, der);
}

START_TEST(reads_ec)
{
	struct buf spki = {0};
	struct pkcs8 key;
	struct spki public;

	unit_assert_code(
	    pkcs8_decode(
		unit_hex(EC_HEAD ONE "a1 44 03 42 00 " GENERATOR), &key, NULL),
	    0);
	ck_assert_int_eq(key.alg, ALG_EC);
	ck_assert_int_eq(key.curve, OID_P256);
	unit_assert_bytes(key.scalar, unit_hex(ONE));
	unit_assert_code(pkcs8_put_spki(&key, &spki), 0);
	unit_assert_code(spki_decode(buf_get(&spki), &public, NULL), 0);
	unit_assert_bytes(public.point, unit_hex(GENERATOR));
	buf_clear(&spki);
}
END_TEST

/* Every cut of a real key, and the key itself. */
START_TEST(reads_rsa)
{
	struct buf pem = {0}, der = {0}, spki = {0};
	struct pkcs8 key;
	struct spki public;
	size_t len;

	unit_read_file(&pem, "tests/vectors/rfc9216/alice-encrypt.key");
	unit_assert_code(pem_walk(buf_get(&pem), NULL, take, &der, NULL), 0);
	for (len = 0; len < der.len; len++) {
		ck_assert_int_ne(
		    pkcs8_decode(bytes_of(der.data, len), &key, NULL), 0);
		ck_assert_int_eq(key.alg, ALG_NONE);
	}
	unit_assert_code(pkcs8_decode(buf_get(&der), &key, NULL), 0);
	ck_assert_int_eq(key.alg, ALG_RSA);
	ck_assert_uint_eq(key.prime1.len + key.prime2.len, key.modulus.len);
	unit_assert_code(pkcs8_put_spki(&key, &spki), 0);
	unit_assert_code(spki_decode(buf_get(&spki), &public, NULL), 0);
	unit_assert_bytes(public.modulus, key.modulus);
	buf_clear(&pem);
	buf_clear(&der);
	buf_clear(&spki);
}
END_TEST

/* Is it for its algorithm that it is refused? */
static const struct {
	const char *hex;
	bool is_algorithm;
} bad[] = {
    {"30 00", false},
    /* Ed25519, RFC 8410 10.3 */
    {"30 2e 02 01 00 30 05 06 03 2b 65 70 04 22 04 20 d4 ee 72 db f9 13 58 "
     "4a d5 b6 d8 f1 f7 69 f8 ad 3a fe 7c 28 cb f1 d4 fb e0 97 a8 8f 44 75 "
     "58 42",
	true},
    /* no public part */
    {"30 41 02 01 00 30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d "
     "03 01 07 04 27 30 25 02 01 01 04 20 " ONE,
	false},
    /* three primes (RFC 8017 A.1.2: version 1), cut behind that */
    {"30 19 02 01 00 30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 04 05 30 "
     "03 02 01 01",
	false},
};

START_TEST(refuses)
{
	struct err e = ERR_INIT;
	struct pkcs8 key;
	int r = pkcs8_decode(unit_hex(bad[_i].hex), &key, &e);

	ck_assert_int_ne(r, 0);
	ck_assert(bad[_i].is_algorithm == (r == -CS_ERR_ALGORITHM));
	ck_assert_int_eq(e.code, r);
	ck_assert_int_eq(key.alg, ALG_NONE);
}
END_TEST

/* Every octet of it wrong: never more than an error, and what is told lies
 * inside of the input. */
START_TEST(survives_mutations)
{
	struct bytes in = unit_hex(EC_HEAD ONE "a1 44 03 42 00 " GENERATOR);
	struct pkcs8 key;
	uint8_t *copy;
	size_t at;

	copy = malloc(in.len);
	ck_assert_ptr_nonnull(copy);
	for (at = 0; at < in.len; at++) {
		memcpy(copy, in.p, in.len);
		copy[at] ^= 0xff;
		if (pkcs8_decode(bytes_of(copy, in.len), &key, NULL) != 0)
			continue;
		ck_assert(key.point.p >= copy &&
			  key.point.p + key.point.len <= copy + in.len);
		ck_assert(key.scalar.p >= copy &&
			  key.scalar.p + key.scalar.len <= copy + in.len);
	}
	free(copy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_pkcs8");
	TCase *tcase = tcase_create("token_pkcs8");

	tcase_add_test(tcase, reads_ec);
	tcase_add_test(tcase, reads_rsa);
	unit_add_loop(tcase, refuses, bad);
	tcase_add_test(tcase, survives_mutations);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
