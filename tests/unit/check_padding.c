#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/padding.h"
#include "asn1/alg/signature.h"
#include "tests/unit/rsa_key.h"
#include "tests/unit/unit.h"

/* Under valgrind, secrets are made "undefined", so that it reports each
 * branch and each address that depends on them. */
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define MARK_SECRET(p, len) VALGRIND_MAKE_MEM_UNDEFINED((p), (len))
#define MARK_PUBLIC(p, len) VALGRIND_MAKE_MEM_DEFINED((p), (len))
#else
#define MARK_SECRET(p, len) ((void)(p), (void)(len))
#define MARK_PUBLIC(p, len) ((void)(p), (void)(len))
#endif

#define VECTORS "tests/vectors/paddings.txt"
#define LEN_MAX 512

static struct secret *
secret_of(struct bytes b)
{
	struct secret *s = secret_new_from(b.p, b.len);

	ck_assert_ptr_nonnull(s);
	return s;
}

static const char prf_hex[] = "000102030405060708090a0b0c0d0e0f"
			      "101112131415161718191a1b1c1d1e1f";
static const uint8_t ciphertext[] = {0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f};

/* Decodes em and gives the answer in static memory; empty for NULL. */
static struct bytes
unpad(struct bytes em, size_t want_len, struct bytes c)
{
	static uint8_t answer[LEN_MAX];
	struct secret *prf = secret_of(unit_hex(prf_hex)), *out;
	struct secret *in = secret_of(em);

	MARK_SECRET(secret_get(in), em.len);
	MARK_SECRET(secret_get(prf), 32);
	out = pkcs1_unpad_implicit(in, want_len, c, prf);
	secret_free(in);
	secret_free(prf);
	if (out == NULL)
		return BYTES_NONE;
	ck_assert_uint_eq(secret_get_len(out), want_len);
	MARK_PUBLIC(secret_get(out), want_len);
	memcpy(answer, secret_get(out), want_len);
	secret_free(out);
	return bytes_of(answer, want_len);
}

/* The construction in padding.h, computed with Python's hmac module. */
static const struct {
	size_t len;
	const char *hex;
} rejections[] = {
    {16, "d388928e18579326afa6c91c95d15233"},
    {24, "2dfa99a4b88ad20e1d42a3eee12237ebebf2f17365802a29"},
    {32, "8b7140778dd9eded0a772a5070262220a742bcdd403031314972b40708df8e16"},
    {50, "f92394dfe967ed916862d2e2039313bcc785d860054c47c6a24ce3fd1adbffb4"
	 "a6b9918601f5ab7f32a1d501d62df9a932a3"},
};
#define REJECTIONS (int)(sizeof(rejections) / sizeof(rejections[0]))

static struct bytes
rejection(int i)
{
	return unit_hex(rejections[i].hex);
}

START_TEST(rejection_is_as_documented)
{
	static const uint8_t zero[128];
	struct bytes c = bytes_of(ciphertext, sizeof(ciphertext));
	size_t len = rejections[_i].len;
	struct secret *prf = secret_of(unit_hex(prf_hex)), *out, *msg;

	unit_assert_bytes(unpad(bytes_of(zero, 128), len, c), rejection(_i));
	/* leading zeroes of the ciphertext do not count */
	unit_assert_bytes(
	    unpad(bytes_of(zero, 128), len, bytes_of(c.p + 1, c.len - 1)),
	    rejection(_i));
	/* the module's own verdict: none, too long, too short, right */
	out = pkcs1_implicit_result(NULL, len, c, prf);
	unit_assert_bytes(secret_get_bytes(out), rejection(_i));
	secret_free(out);
	msg = secret_new(len + 1);
	out = pkcs1_implicit_result(msg, len, c, prf);
	unit_assert_bytes(secret_get_bytes(out), rejection(_i));
	secret_free(out);
	secret_cut(msg, len - 1);
	out = pkcs1_implicit_result(msg, len, c, prf);
	unit_assert_bytes(secret_get_bytes(out), rejection(_i));
	secret_free(out);
	secret_free(msg);
	msg = secret_of(bytes_of(zero, len));
	out = pkcs1_implicit_result(msg, len, c, prf);
	unit_assert_bytes(secret_get_bytes(out), bytes_of(zero, len));
	secret_free(out);
	secret_free(msg);
	secret_free(prf);
}
END_TEST

/* Another ciphertext or another key is another answer. */
START_TEST(rejection_depends_on_all)
{
	struct secret *prf = secret_of(unit_hex(prf_hex)), *out;
	struct bytes c = bytes_of(ciphertext, sizeof(ciphertext));

	secret_get(prf)[31] ^= 1;
	out = pkcs1_implicit_result(NULL, 32, c, prf);
	ck_assert_mem_ne(secret_get(out), rejection(2).p, 32);
	secret_free(out);
	secret_get(prf)[31] ^= 1;
	out = pkcs1_implicit_result(NULL, 32, bytes_of(c.p, c.len - 1), prf);
	ck_assert_mem_ne(secret_get(out), rejection(2).p, 32);
	secret_free(out);
	/* no answer is the start of a longer one */
	ck_assert_mem_ne(rejection(0).p, rejection(2).p, 16);
	ck_assert_ptr_null(
	    pkcs1_implicit_result(NULL, SECRET_LEN_MAX + 1, c, prf));
	secret_free(prf);
}
END_TEST

/* A well-formed EM of 128 octets for a message of len octets. */
static void
make_em(uint8_t em[128], size_t len)
{
	size_t i;

	for (i = 0; i < 128; i++)
		em[i] = (uint8_t)(i + 1);
	em[0] = 0;
	em[1] = 2;
	em[128 - len - 1] = 0;
}

START_TEST(every_padding_fault_is_rejected)
{
	struct bytes c = bytes_of(ciphertext, sizeof(ciphertext));
	size_t len = rejections[_i].len, i, bit;
	uint8_t em[128], old;

	make_em(em, len);
	unit_assert_bytes(
	    unpad(bytes_of(em, 128), len, c), bytes_of(em + 128 - len, len));
	for (i = 0; i < 128 - len; i++) {
		old = em[i];
		for (bit = 0; bit < 8; bit++) {
			em[i] = (uint8_t)(old ^ 1U << bit);
			if (i >= 2 && i < 128 - len - 1 && em[i] != 0)
				continue;
			unit_assert_bytes(
			    unpad(bytes_of(em, 128), len, c), rejection(_i));
		}
		em[i] = 0; /* an early end, also within the first eight */
		if (i >= 2 && i < 128 - len - 1)
			unit_assert_bytes(
			    unpad(bytes_of(em, 128), len, c), rejection(_i));
		em[i] = old;
	}
	/* a message of one octet more, one less, or none */
	make_em(em, len + 1);
	unit_assert_bytes(unpad(bytes_of(em, 128), len, c), rejection(_i));
	make_em(em, len - 1);
	unit_assert_bytes(unpad(bytes_of(em, 128), len, c), rejection(_i));
	make_em(em, 0);
	unit_assert_bytes(unpad(bytes_of(em, 128), len, c), rejection(_i));
	/* a zero in the message is the message's */
	make_em(em, len);
	em[128 - len] = em[127] = 0;
	unit_assert_bytes(
	    unpad(bytes_of(em, 128), len, c), bytes_of(em + 128 - len, len));
}
END_TEST

START_TEST(shortest_padding)
{
	struct bytes c = bytes_of(ciphertext, sizeof(ciphertext));
	uint8_t em[128];

	make_em(em, 128 - 11);
	unit_assert_bytes(
	    unpad(bytes_of(em, 128), 128 - 11, c), bytes_of(em + 11, 128 - 11));
	ck_assert_ptr_null(unpad(bytes_of(em, 128), 128 - 10, c).p);
	ck_assert_ptr_null(unpad(bytes_of(em, 10), 0, c).p);
	ck_assert_ptr_null(unpad(bytes_of(em, 128), SIZE_MAX, c).p);
}
END_TEST

/* Lines "pkcs1 MESSAGE EM" of the vectors. */
START_TEST(openssl_paddings)
{
	struct buf file = {0};
	char *text, *line, *save, message[128], em[2048];
	struct bytes m;
	int count = 0;

	unit_read_file(&file, VECTORS);
	text = bytes_dup_str(buf_get(&file));
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "pkcs1 %127s %2047s", message, em) != 2)
			continue;
		m = unit_hex(message);
		unit_assert_bytes(unpad(unit_hex(em), m.len, BYTES_NONE), m);
		count++;
	}
	ck_assert_int_eq(count, 3);
	free(text);
	buf_clear(&file);
}
END_TEST

START_TEST(encrypts_pkcs1)
{
	struct secret *msg =
	    secret_of(unit_hex("00112233445566778899aabbccddeeff"));
	struct secret *big = secret_new(128 - 10);
	uint8_t em[LEN_MAX];
	struct buf out = {0};
	struct rsa_key k;
	size_t i;

	rsa_key_init(&k, 512, 512);
	for (i = 0; i < 20; i++) {
		buf_reset(&out);
		buf_add_str(&out, "x"); /* it appends */
		unit_assert_code(rsa_encrypt_pkcs1(&k.key, msg, &out), 0);
		ck_assert_uint_eq(out.len, 1 + 128);
		rsa_key_apply(&k, bytes_of(out.data + 1, 128), em);
		unit_assert_bytes(unpad(bytes_of(em, 128), 16, BYTES_NONE),
		    secret_get_bytes(msg));
	}
	unit_assert_code(
	    rsa_encrypt_pkcs1(&k.key, big, &out), -CS_ERR_ARGUMENT);
	secret_cut(big, 128 - 11);
	unit_assert_code(rsa_encrypt_pkcs1(&k.key, big, &out), 0);
	k.key.alg = ALG_RSA_PSS_KEY;
	unit_assert_code(
	    rsa_encrypt_pkcs1(&k.key, msg, &out), -CS_ERR_ALGORITHM);
	secret_free(msg);
	secret_free(big);
	buf_clear(&out);
	rsa_key_clear(&k);
}
END_TEST

/* PSS made here is good for sig_verify, whatever the modulus' odd bits. */
START_TEST(pss_signs)
{
	struct sig_scheme scheme = {.alg = ALG_RSA_PSS,
	    .public_key = ALG_RSA,
	    .digest = ALG_SHA256,
	    .mgf_digest = ALG_SHA1};
	uint8_t hash[DIGEST_LEN_MAX], signature[LEN_MAX];
	size_t len = digest_of(ALG_SHA256, BYTES_LIT("hello"), hash);
	struct buf em = {0};
	struct rsa_key k;

	rsa_key_init(&k, 512 + (unsigned)_i, 512);
	for (scheme.salt_len = 0; scheme.salt_len < 94; scheme.salt_len += 31) {
		buf_reset(&em);
		unit_assert_code(
		    pss_encode(&em, ALG_SHA256, ALG_SHA1, scheme.salt_len,
			bytes_of(hash, len), k.key.bits),
		    0);
		ck_assert_uint_eq(em.len, k.key.modulus.len);
		rsa_key_apply(&k, buf_get(&em), signature);
		unit_assert_code(
		    sig_verify(&k.key, &scheme, bytes_of(hash, len),
			bytes_of(signature, em.len), NULL),
		    0);
		scheme.salt_len++;
		unit_assert_code(
		    sig_verify(&k.key, &scheme, bytes_of(hash, len),
			bytes_of(signature, em.len), NULL),
		    -CS_ERR_BAD_SIGNATURE);
		scheme.salt_len--;
	}
	buf_clear(&em);
	rsa_key_clear(&k);
}
END_TEST

START_TEST(pss_limits)
{
	static const uint8_t hash[64];
	struct bytes h = bytes_of(hash, 32);
	struct buf b = {0};

	/* 1024 bits: em_len 128 = 32 + 94 + 2 */
	unit_assert_code(
	    pss_encode(&b, ALG_SHA256, ALG_SHA256, 94, h, 1024), 0);
	unit_assert_code(pss_encode(&b, ALG_SHA256, ALG_SHA256, 95, h, 1024),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(pss_encode(&b, ALG_SHA256, ALG_SHA256, 94, h, 1017),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(pss_encode(&b, ALG_SHA256, ALG_SHA256, 600, h, 16384),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(pss_encode(&b, ALG_SHA256, ALG_SHA256, 32, h, 16385),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(
	    pss_encode(&b, ALG_SHA256, ALG_SHA256, 32, h, 0), -CS_ERR_ARGUMENT);
	unit_assert_code(pss_encode(&b, ALG_SHA512, ALG_SHA256, 32, h, 1024),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(pss_encode(&b, ALG_NONE, ALG_SHA256, 32, h, 1024),
	    -CS_ERR_ALGORITHM);
	unit_assert_code(pss_encode(&b, ALG_SHA256, ALG_RSA, 32, h, 1024),
	    -CS_ERR_ALGORITHM);
	ck_assert_uint_eq(b.len, 128);
	buf_clear(&b);
}
END_TEST

/* RFC 8017 9.2 note 1 has the prefix for SHA-256. */
START_TEST(pkcs1_signs)
{
	static const uint8_t hash[64];
	struct buf info = {0}, em = {0};
	size_t i;

	unit_assert_code(
	    pkcs1_digest_info(&info, ALG_SHA256, bytes_of(hash, 32)), 0);
	ck_assert_uint_eq(info.len, 19 + 32);
	unit_assert_bytes(bytes_of(info.data, 19),
	    unit_hex("30 31 30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00 "
		     "04 20"));
	unit_assert_code(pkcs1_pad_sign(&em, buf_get(&info), 62), 0);
	ck_assert_uint_eq(em.len, 62);
	ck_assert(em.data[0] == 0 && em.data[1] == 1 && em.data[10] == 0);
	for (i = 2; i < 10; i++)
		ck_assert_uint_eq(em.data[i], 0xff);
	unit_assert_bytes(bytes_of(em.data + 11, 51), buf_get(&info));
	unit_assert_code(
	    pkcs1_pad_sign(&em, buf_get(&info), 61), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    pkcs1_pad_sign(&em, buf_get(&info), 5), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    pkcs1_pad_sign(&em, buf_get(&info), 2049), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    pkcs1_pad_sign(&em, BYTES_NONE, 128), -CS_ERR_ARGUMENT);
	unit_assert_code(
	    pkcs1_digest_info(&info, ALG_SHA256, bytes_of(hash, 31)),
	    -CS_ERR_ARGUMENT);
	unit_assert_code(pkcs1_digest_info(&info, ALG_RSA, bytes_of(hash, 32)),
	    -CS_ERR_ALGORITHM);
	buf_clear(&info);
	buf_clear(&em);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("padding");
	TCase *tcase = tcase_create("padding");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, rejection_is_as_documented, 0, REJECTIONS);
	tcase_add_test(tcase, rejection_depends_on_all);
	tcase_add_loop_test(
	    tcase, every_padding_fault_is_rejected, 0, REJECTIONS);
	tcase_add_test(tcase, shortest_padding);
	tcase_add_test(tcase, openssl_paddings);
	tcase_add_test(tcase, encrypts_pkcs1);
	tcase_add_loop_test(tcase, pss_signs, 0, 9);
	tcase_add_test(tcase, pss_limits);
	tcase_add_test(tcase, pkcs1_signs);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
