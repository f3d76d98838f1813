#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/alg/padding.h"
#include "asn1/alg/signature.h"
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

/* A line of the vectors, split at spaces. */
static int
split(char *line, char *words[8])
{
	char *save;
	int n = 0;

	for (words[n] = strtok_r(line, " ", &save); words[n] != NULL && n < 7;
	     words[n] = strtok_r(NULL, " ", &save))
		n++;
	return n;
}

static struct bytes
hex_or_none(const char *word)
{
	return strcmp(word, "-") == 0 ? BYTES_NONE : unit_hex(word);
}

static void
check_oaep(
    const struct oaep_params *params, struct bytes message, struct bytes em)
{
	struct secret *in = secret_of(em), *out;
	struct oaep_params other = *params;
	uint8_t *p = secret_get(in);
	size_t i;

	out = oaep_unpad(in, params);
	ck_assert_ptr_nonnull(out);
	unit_assert_bytes(secret_get_bytes(out), message);
	secret_free(out);
	for (i = 0; i < em.len; i++) {
		p[i] = (uint8_t)(p[i] ^ 1U << i % 8);
		out = oaep_unpad(in, params);
		/* the message's own octets are not protected */
		ck_assert(out == NULL || i >= em.len - message.len);
		secret_free(out);
		p[i] = em.p[i];
	}
	other.label = BYTES_LIT("another");
	ck_assert_ptr_null(oaep_unpad(in, &other));
	other = *params;
	other.digest = params->digest == ALG_SHA1 ? ALG_SHA256 : ALG_SHA1;
	ck_assert_ptr_null(oaep_unpad(in, &other));
	other = *params;
	other.mgf_digest = ALG_SHA224;
	ck_assert_ptr_null(oaep_unpad(in, &other));
	secret_free(in);
}

START_TEST(openssl_paddings)
{
	struct buf file = {0};
	struct oaep_params params;
	char *text, *line, *save, *words[8];
	int count = 0, n;

	unit_read_file(&file, VECTORS);
	text = bytes_dup_str(buf_get(&file));
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			continue;
		n = split(line, words);
		count++;
		if (n == 3) {
			struct bytes m = unit_hex(words[1]);

			unit_assert_bytes(
			    unpad(unit_hex(words[2]), m.len, BYTES_NONE), m);
			continue;
		}
		ck_assert_int_eq(n, 6);
		params.digest = alg_find_name(words[1], ALG_KIND_DIGEST);
		params.mgf_digest = alg_find_name(words[2], ALG_KIND_DIGEST);
		params.label = hex_or_none(words[3]);
		check_oaep(&params, hex_or_none(words[4]), unit_hex(words[5]));
	}
	ck_assert_int_ge(count, 11);
	free(text);
	buf_clear(&file);
}
END_TEST

/* DB of one's own choice, masked as the key owner's peer would. */
static struct secret *
oaep_of_db(uint8_t first, const uint8_t *db, size_t db_len)
{
	uint8_t em[LEN_MAX] = {0}, seed[32], mask[DIGEST_LEN_MAX];
	uint8_t counter[4] = {0}, input[LEN_MAX];
	size_t i, j;

	memset(seed, 0x5a, sizeof(seed));
	em[0] = first;
	for (i = 0; i < db_len; i += 32) {
		counter[3] = (uint8_t)(i / 32);
		memcpy(input, seed, 32);
		memcpy(input + 32, counter, 4);
		digest_of(ALG_SHA256, bytes_of(input, 36), mask);
		for (j = i; j < i + 32 && j < db_len; j++)
			em[33 + j] = db[j] ^ mask[j - i];
	}
	memcpy(input, em + 33, db_len);
	memset(input + db_len, 0, 4);
	digest_of(ALG_SHA256, bytes_of(input, db_len + 4), mask);
	for (i = 0; i < 32; i++)
		em[1 + i] = seed[i] ^ mask[i];
	return secret_of(bytes_of(em, 33 + db_len));
}

static bool
oaep_takes(uint8_t first, const uint8_t *db, size_t db_len, size_t want_len)
{
	const struct oaep_params params = {ALG_SHA256, ALG_SHA256, BYTES_NONE};
	struct secret *em = oaep_of_db(first, db, db_len);
	struct secret *out = oaep_unpad(em, &params);
	bool ok = out != NULL;

	if (ok) {
		ck_assert_uint_eq(secret_get_len(out), want_len);
		ck_assert_mem_eq(
		    secret_get(out), db + db_len - want_len, want_len);
	}
	secret_free(em);
	secret_free(out);
	return ok;
}

START_TEST(oaep_faults)
{
	uint8_t db[95] = {0};
	const struct oaep_params params = {ALG_SHA256, ALG_SHA256, BYTES_NONE};
	const struct oaep_params none = {ALG_NONE, ALG_SHA256, BYTES_NONE};
	struct secret *em;
	size_t i;

	digest_of(ALG_SHA256, BYTES_NONE, db);
	ck_assert(!oaep_takes(0, db, 95, 0)); /* no 01 */
	db[94] = 1;
	ck_assert(oaep_takes(0, db, 95, 0));  /* empty message */
	ck_assert(!oaep_takes(1, db, 95, 0)); /* leading octet */
	ck_assert(!oaep_takes(0x80, db, 95, 0));
	db[60] = 1;
	ck_assert(oaep_takes(0, db, 95, 34));
	db[32] = 1; /* the first 01 counts */
	ck_assert(oaep_takes(0, db, 95, 62));
	db[32] = 2;
	ck_assert(!oaep_takes(0, db, 95, 0));
	db[32] = 0;
	for (i = 33; i < 60; i++) {
		db[i] = 0x80;
		ck_assert(!oaep_takes(0, db, 95, 0));
		db[i] = 0;
	}
	for (i = 0; i < 32; i++) {
		db[i] ^= 1;
		ck_assert(!oaep_takes(0, db, 95, 0));
		db[i] ^= 1;
	}
	em = secret_new(65); /* one octet below the least */
	ck_assert_ptr_null(oaep_unpad(em, &params));
	secret_free(em);
	em = secret_new(66);
	ck_assert_ptr_null(oaep_unpad(em, &params));
	ck_assert_ptr_null(oaep_unpad(em, &none));
	secret_free(em);
}
END_TEST

/* A key made on the spot; p has p_bits with both top bits set. */
struct test_key {
	mpz_t n, d;
	struct buf spki;
	struct spki key;
};

static void
test_prime(mpz_t x, gmp_randstate_t state, unsigned bits)
{
	mpz_urandomb(x, state, bits);
	mpz_setbit(x, bits - 1);
	mpz_setbit(x, bits - 2);
	mpz_nextprime(x, x);
}

static void
test_key_init(struct test_key *k, unsigned p_bits, unsigned q_bits)
{
	gmp_randstate_t state;
	uint8_t octets[LEN_MAX], e[3] = {1, 0, 1};
	mpz_t p, q, phi;
	size_t len;

	gmp_randinit_default(state);
	gmp_randseed_ui(state, 20240607);
	mpz_inits(k->n, k->d, p, q, phi, NULL);
	do {
		test_prime(p, state, p_bits);
		test_prime(q, state, q_bits);
		mpz_mul(k->n, p, q);
		mpz_sub_ui(p, p, 1);
		mpz_sub_ui(q, q, 1);
		mpz_mul(phi, p, q);
		mpz_set_ui(k->d, 65537);
	} while (mpz_invert(k->d, k->d, phi) == 0);
	mpz_export(octets, &len, 1, 1, 1, 0, k->n);
	buf_init(&k->spki, 0);
	unit_assert_code(
	    spki_encode_rsa(&k->spki, bytes_of(octets, len), bytes_of(e, 3)),
	    0);
	unit_assert_code(spki_decode(buf_get(&k->spki), &k->key, NULL), 0);
	ck_assert_uint_eq(k->key.bits, p_bits + q_bits);
	mpz_clears(p, q, phi, NULL);
	gmp_randclear(state);
}

static void
test_key_clear(struct test_key *k)
{
	mpz_clears(k->n, k->d, NULL);
	buf_clear(&k->spki);
}

/* The private operation: in and out have the modulus' length. */
static void
test_key_apply(const struct test_key *k, struct bytes in, uint8_t *out)
{
	size_t len = k->key.modulus.len, got;
	mpz_t x;

	ck_assert_uint_eq(in.len, len);
	mpz_init(x);
	mpz_import(x, in.len, 1, 1, 1, 0, in.p);
	mpz_powm(x, x, k->d, k->n);
	memset(out, 0, len);
	got = (mpz_sizeinbase(x, 2) + 7) / 8;
	mpz_export(out + len - got, NULL, 1, 1, 1, 0, x);
	mpz_clear(x);
}

START_TEST(encrypts_pkcs1)
{
	struct secret *msg =
	    secret_of(unit_hex("00112233445566778899aabbccddeeff"));
	struct secret *big = secret_new(128 - 10);
	uint8_t em[LEN_MAX];
	struct buf out = {0};
	struct test_key k;
	size_t i;

	test_key_init(&k, 512, 512);
	for (i = 0; i < 20; i++) {
		buf_reset(&out);
		buf_add_str(&out, "x"); /* it appends */
		unit_assert_code(rsa_encrypt_pkcs1(&k.key, msg, &out), 0);
		ck_assert_uint_eq(out.len, 1 + 128);
		test_key_apply(&k, bytes_of(out.data + 1, 128), em);
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
	test_key_clear(&k);
}
END_TEST

START_TEST(encrypts_oaep)
{
	struct oaep_params params = {ALG_SHA256, ALG_SHA1, BYTES_LIT("label")};
	struct secret *msg =
	    secret_of(unit_hex("00112233445566778899aabbccddeeff"));
	struct secret *big = secret_new(128 - 65), *em, *back;
	struct buf out = {0};
	struct test_key k;

	test_key_init(&k, 512, 512);
	unit_assert_code(rsa_encrypt_oaep(&k.key, &params, msg, &out), 0);
	ck_assert_uint_eq(out.len, 128);
	em = secret_new(128);
	test_key_apply(&k, buf_get(&out), secret_get(em));
	back = oaep_unpad(em, &params);
	ck_assert_ptr_nonnull(back);
	ck_assert(secret_is_equal(back, msg));
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, big, &out), -CS_ERR_ARGUMENT);
	secret_cut(big, 128 - 66);
	unit_assert_code(rsa_encrypt_oaep(&k.key, &params, big, &out), 0);
	params.digest = ALG_SHA512; /* 2 * 64 + 2 > 128 */
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, msg, &out), -CS_ERR_ARGUMENT);
	params.digest = ALG_NONE;
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, msg, &out), -CS_ERR_ALGORITHM);
	params = (struct oaep_params){ALG_SHA256, ALG_RSA, BYTES_NONE};
	unit_assert_code(
	    rsa_encrypt_oaep(&k.key, &params, msg, &out), -CS_ERR_ALGORITHM);
	secret_free(msg);
	secret_free(big);
	secret_free(em);
	secret_free(back);
	buf_clear(&out);
	test_key_clear(&k);
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
	struct test_key k;

	test_key_init(&k, 512 + (unsigned)_i, 512);
	for (scheme.salt_len = 0; scheme.salt_len < 94; scheme.salt_len += 31) {
		buf_reset(&em);
		unit_assert_code(
		    pss_encode(&em, ALG_SHA256, ALG_SHA1, scheme.salt_len,
			bytes_of(hash, len), k.key.bits),
		    0);
		ck_assert_uint_eq(em.len, k.key.modulus.len);
		test_key_apply(&k, buf_get(&em), signature);
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
	test_key_clear(&k);
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

#define OAEP_OID "06 09 2a864886f70d010107"
static const struct {
	const char *hex;
	int code;
	enum alg digest, mgf_digest;
	size_t label_len;
} oaeps[] = {
    {"30 0d " OAEP_OID "30 00", 0, ALG_SHA1, ALG_SHA1, 0},
    {"30 1e " OAEP_OID "30 11 a0 0f 30 0d 06 09 608648016503040201 05 00", 0,
	ALG_SHA256, ALG_SHA1, 0},
    {"30 1c " OAEP_OID "30 0f a0 0d 30 0b 06 09 608648016503040201", 0,
	ALG_SHA256, ALG_SHA1, 0},
    {"30 1f " OAEP_OID "30 12 a2 10 30 0e 06 09 2a864886f70d010109 04 01 78", 0,
	ALG_SHA1, ALG_SHA1, 1},
    {"30 1e " OAEP_OID "30 11 a2 0f 30 0d 06 09 2a864886f70d010109 04 00", 0,
	ALG_SHA1, ALG_SHA1, 0},
    {"30 0b " OAEP_OID, -CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE, 0},
    {"30 0d " OAEP_OID "05 00", -CS_ERR_ENCODING, ALG_NONE, ALG_NONE, 0},
    {"30 0d 06 09 2a864886f70d010101 05 00", -CS_ERR_ALGORITHM, ALG_NONE,
	ALG_NONE, 0},
    {"30 1d " OAEP_OID "30 10 a0 0e 30 0c 06 08 2a864886f70d0205 05 00",
	-CS_ERR_ALGORITHM, ALG_NONE, ALG_NONE, 0},
    {"30 1c " OAEP_OID "30 0f a2 0d 30 0b 06 09 2a864886f70d010109",
	-CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE, 0},
    {"30 1e " OAEP_OID "30 11 a2 0f 30 0d 06 09 2a864886f70d010109 05 00",
	-CS_ERR_ENCODING, ALG_NONE, ALG_NONE, 0},
    {"30 1e " OAEP_OID "30 11 a2 0f 30 0d 06 09 2a864886f70d010108 04 00",
	-CS_ERR_UNSUPPORTED, ALG_NONE, ALG_NONE, 0},
    {"30 0f " OAEP_OID "30 02 05 00", -CS_ERR_TRAILING, ALG_NONE, ALG_NONE, 0},
    {"30 0f " OAEP_OID "30 02 a2 00", -CS_ERR_TRUNCATED, ALG_NONE, ALG_NONE, 0},
};

START_TEST(decodes_oaep_parameters)
{
	struct oaep_params params;
	struct err e = ERR_INIT;
	struct alg_id id;

	unit_assert_code(alg_id_decode(unit_hex(oaeps[_i].hex), &id), 0);
	unit_assert_code(oaep_params_decode(&id, &params, &e), oaeps[_i].code);
	ck_assert_int_eq(e.code, oaeps[_i].code);
	ck_assert_int_eq(params.digest, oaeps[_i].digest);
	ck_assert_int_eq(params.mgf_digest, oaeps[_i].mgf_digest);
	ck_assert_uint_eq(params.label.len, oaeps[_i].label_len);
}
END_TEST

START_TEST(oaep_parameters_come_back)
{
	static const struct oaep_params all[] = {
	    {ALG_SHA1, ALG_SHA1, {NULL, 0}},
	    {ALG_SHA256, ALG_SHA256, {NULL, 0}},
	    {ALG_SHA384, ALG_SHA1, {(const uint8_t *)"abc", 3}},
	};
	struct oaep_params back;
	struct buf b = {0};
	struct alg_id id;
	size_t i;

	for (i = 0; i < 3; i++) {
		buf_reset(&b);
		der_put_oaep_params(&b, &all[i]);
		unit_assert_code(alg_id_decode(buf_get(&b), &id), 0);
		unit_assert_code(oaep_params_decode(&id, &back, NULL), 0);
		ck_assert_int_eq(back.digest, all[i].digest);
		ck_assert_int_eq(back.mgf_digest, all[i].mgf_digest);
		unit_assert_bytes(back.label, all[i].label);
	}
	/* all defaults: an empty SEQUENCE, but there */
	buf_reset(&b);
	der_put_oaep_params(&b, &all[0]);
	unit_assert_bytes(buf_get(&b), unit_hex(oaeps[0].hex));
	buf_clear(&b);
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
	tcase_add_test(tcase, oaep_faults);
	tcase_add_test(tcase, encrypts_pkcs1);
	tcase_add_test(tcase, encrypts_oaep);
	tcase_add_loop_test(tcase, pss_signs, 0, 9);
	tcase_add_test(tcase, pss_limits);
	tcase_add_test(tcase, pkcs1_signs);
	tcase_add_loop_test(tcase, decodes_oaep_parameters, 0,
	    sizeof(oaeps) / sizeof(oaeps[0]));
	tcase_add_test(tcase, oaep_parameters_come_back);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
