#include <stdlib.h>
#include <string.h>

#include "asn1/alg/cipher.h"
#include "tests/unit/unit.h"

#define MESSAGE_MAX 512

static struct secret *
key_of(const char *hex)
{
	struct bytes b = unit_hex(hex);
	struct secret *key = secret_new_from(b.p, b.len);

	ck_assert_ptr_nonnull(key);
	return key;
}

static struct cipher_params
params_of(enum alg alg, const char *iv_hex, size_t tag_len)
{
	struct cipher_params params = {.alg = alg, .tag_len = tag_len};
	struct bytes iv = unit_hex(iv_hex);

	memcpy(params.iv, iv.p, iv.len);
	params.iv_len = iv.len;
	return params;
}

/* Writes in, in pieces of step octets (0: in one go), to out. */
static size_t
push(struct cipher *c, struct bytes in, size_t step, uint8_t *out)
{
	size_t at = 0, n, got, used = 0;

	while (at < in.len) {
		n = step == 0 || step > in.len - at ? in.len - at : step;
		unit_assert_code(
		    cipher_write(c, bytes_of(in.p + at, n), out + used, &got),
		    0);
		ck_assert_uint_le(got, n + CIPHER_BLOCK_MAX);
		used += got;
		at += n;
	}
	return used;
}

static size_t
encrypt(const struct cipher_params *params, const struct secret *key,
    struct bytes aad, struct bytes in, size_t step, uint8_t *out, uint8_t *tag)
{
	struct cipher *c = cipher_new_encrypt(params, key, aad);
	size_t used, got;

	ck_assert_ptr_nonnull(c);
	used = push(c, in, step, out);
	unit_assert_code(cipher_finish_encrypt(c, out + used, &got), 0);
	ck_assert_uint_eq(cipher_get_tag(c).len, params->tag_len);
	memcpy(tag, cipher_get_tag(c).p, params->tag_len);
	cipher_free(c);
	return used + got;
}

static int
decrypt(const struct cipher_params *params, const struct secret *key,
    struct bytes aad, struct bytes in, size_t step, uint8_t *out,
    size_t *out_len, struct bytes tag)
{
	struct cipher *c = cipher_new_decrypt(params, key, aad);
	size_t got;
	int r;

	ck_assert_ptr_nonnull(c);
	*out_len = push(c, in, step, out);
	r = cipher_finish_decrypt(c, tag, out + *out_len, &got);
	*out_len += got;
	cipher_free(c);
	return r;
}

/*
 * CBC: SP 800-38A F.2 (AES; there without padding, so the last block here is
 * what follows), and the openssl command (3DES). GCM: McGrew and Viega, "The
 * Galois/Counter Mode of Operation", test cases 1, 2, 4, 13 and 14.
 * ChaCha20-Poly1305: RFC 8439 2.8.2.
 */
#define SP800_38A                                                          \
	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
	"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define GCM_KEY "feffe9928665731c6d6a8f9467308308"
#define GCM_MESSAGE                                                        \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_OUT                                                            \
	"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" \
	"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
static const struct {
	enum alg alg;
	const char *key, *iv, *aad, *in, *out, *tag;
} vectors[] = {
    {ALG_AES128_CBC, "2b7e151628aed2a6abf7158809cf4f3c",
	"000102030405060708090a0b0c0d0e0f", "", SP800_38A,
	"7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	"73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
	""},
    {ALG_AES192_CBC, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
	"000102030405060708090a0b0c0d0e0f", "", SP800_38A,
	"4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
	"571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
	""},
    {ALG_AES256_CBC,
	"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
	"000102030405060708090a0b0c0d0e0f", "", SP800_38A,
	"f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	"39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
	""},
    {ALG_DES_EDE3_CBC, "0123456789abcdef23456789abcdef01456789abcdef0123",
	"fedcba9876543210", "",
	"4e6f77206973207468652074696d6520666f7220616c6c20676f6f64206d656e",
	"521aa2041b4963af4f5390823188b5a62e765f4b9bcef20712ee0397bf514b3c", ""},
    {ALG_AES128_GCM, "00000000000000000000000000000000",
	"000000000000000000000000", "", "", "",
	"58e2fccefa7e3061367f1d57a4e7455a"},
    {ALG_AES128_GCM, "00000000000000000000000000000000",
	"000000000000000000000000", "", "00000000000000000000000000000000",
	"0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"},
    {ALG_AES128_GCM, GCM_KEY, "cafebabefacedbaddecaf888", GCM_AAD, GCM_MESSAGE,
	GCM_OUT, "5bc94fbc3221a5db94fae95ae7121a47"},
    {ALG_AES256_GCM,
	"00000000000000000000000000000000"
	"00000000000000000000000000000000",
	"000000000000000000000000", "", "", "",
	"530f8afbc74536b9a963b4f1c4cb738b"},
    {ALG_AES256_GCM,
	"00000000000000000000000000000000"
	"00000000000000000000000000000000",
	"000000000000000000000000", "", "00000000000000000000000000000000",
	"cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    {ALG_CHACHA20_POLY1305,
	"808182838485868788898a8b8c8d8e8f"
	"909192939495969798999a9b9c9d9e9f",
	"070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
	"4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	"73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	"6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	"637265656e20776f756c642062652069742e",
	"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	"3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	"92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	"3ff4def08e4b7a9de576d26586cec64b6116",
	"1ae10b594f09e26a7e902ecbd0600691"},
};

START_TEST(known_vectors)
{
	struct cipher_params params = params_of(
	    vectors[_i].alg, vectors[_i].iv, strlen(vectors[_i].tag) / 2);
	struct secret *key = key_of(vectors[_i].key);
	struct bytes in = unit_hex(vectors[_i].in);
	struct bytes want = unit_hex(vectors[_i].out);
	struct bytes aad = unit_hex(vectors[_i].aad);
	uint8_t out[MESSAGE_MAX], back[MESSAGE_MAX], tag[CIPHER_TAG_MAX];
	size_t len, back_len, block = alg_get(params.alg)->block_len;

	len = encrypt(&params, key, aad, in, 0, out, tag);
	if (cipher_is_aead(params.alg))
		ck_assert_uint_eq(len, in.len);
	else
		ck_assert_uint_eq(len, in.len + block);
	unit_assert_bytes(bytes_of(out, want.len), want);
	unit_assert_bytes(
	    bytes_of(tag, params.tag_len), unit_hex(vectors[_i].tag));
	unit_assert_code(decrypt(&params, key, aad, bytes_of(out, len), 0, back,
			     &back_len, bytes_of(tag, params.tag_len)),
	    0);
	unit_assert_bytes(bytes_of(back, back_len), in);
	secret_free(key);
}
END_TEST

static const enum alg ciphers[] = {ALG_AES128_CBC, ALG_AES192_CBC,
    ALG_AES256_CBC, ALG_DES_EDE3_CBC, ALG_AES128_GCM, ALG_AES192_GCM,
    ALG_AES256_GCM, ALG_CHACHA20_POLY1305};
#define CIPHERS (int)(sizeof(ciphers) / sizeof(ciphers[0]))

struct sample {
	struct cipher_params params;
	struct secret *key;
	uint8_t in[MESSAGE_MAX], out[MESSAGE_MAX], tag[CIPHER_TAG_MAX];
	size_t len, out_len;
};

static void
sample_init(struct sample *s, enum alg alg, size_t len)
{
	size_t i;

	unit_assert_code(cipher_params_new(alg, &s->params), 0);
	s->key = secret_new(cipher_key_len(alg));
	ck_assert_ptr_nonnull(s->key);
	for (i = 0; i < cipher_key_len(alg); i++)
		secret_get(s->key)[i] = (uint8_t)(i * 37 + 11);
	for (i = 0; i < len; i++)
		s->in[i] = (uint8_t)(i * 5 + 3);
	s->len = len;
	s->out_len = encrypt(&s->params, s->key, BYTES_NONE,
	    bytes_of(s->in, len), 0, s->out, s->tag);
}

static struct bytes
sample_tag(const struct sample *s)
{
	return bytes_of(s->tag, s->params.tag_len);
}

START_TEST(pieces_of_any_size)
{
	static const size_t steps[] = {1, 3, 7, 8, 15, 16, 17, 31, 32, 33, 64};
	uint8_t out[MESSAGE_MAX], tag[CIPHER_TAG_MAX];
	struct sample s;
	size_t len, i, out_len;

	for (len = 0; len < 130; len++) {
		sample_init(&s, ciphers[_i], len);
		for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
			out_len = encrypt(&s.params, s.key, BYTES_NONE,
			    bytes_of(s.in, len), steps[i], out, tag);
			unit_assert_bytes(
			    bytes_of(out, out_len), bytes_of(s.out, s.out_len));
			ck_assert_mem_eq(tag, s.tag, s.params.tag_len);
			unit_assert_code(
			    decrypt(&s.params, s.key, BYTES_NONE,
				bytes_of(s.out, s.out_len), steps[i], out,
				&out_len, sample_tag(&s)),
			    0);
			unit_assert_bytes(
			    bytes_of(out, out_len), bytes_of(s.in, len));
		}
		secret_free(s.key);
	}
}
END_TEST

/* In place: pieces of whole blocks, then a last one of any length. */
static void
in_place(const struct sample *s, bool is_decrypt)
{
	const uint8_t *from = is_decrypt ? s->out : s->in;
	const uint8_t *want = is_decrypt ? s->in : s->out;
	size_t len = is_decrypt ? s->out_len : s->len;
	size_t want_len = is_decrypt ? s->len : s->out_len;
	struct cipher *c =
	    is_decrypt ? cipher_new_decrypt(&s->params, s->key, BYTES_NONE)
		       : cipher_new_encrypt(&s->params, s->key, BYTES_NONE);
	uint8_t room[64 + CIPHER_BLOCK_MAX], all[MESSAGE_MAX];
	size_t at, n, got, used = 0;

	for (at = 0; at < len; at += n) {
		n = len - at < 48 ? len - at : 48;
		memcpy(room, from + at, n);
		unit_assert_code(
		    cipher_write(c, bytes_of(room, n), room, &got), 0);
		memcpy(all + used, room, got);
		used += got;
	}
	if (is_decrypt)
		unit_assert_code(
		    cipher_finish_decrypt(c, sample_tag(s), room, &got), 0);
	else
		unit_assert_code(cipher_finish_encrypt(c, room, &got), 0);
	memcpy(all + used, room, got);
	unit_assert_bytes(bytes_of(all, used + got), bytes_of(want, want_len));
	cipher_free(c);
}

START_TEST(works_in_place)
{
	struct sample s;
	size_t len;

	for (len = 0; len < 200; len++) {
		sample_init(&s, ciphers[_i], len);
		in_place(&s, false);
		in_place(&s, true);
		secret_free(s.key);
	}
}
END_TEST

START_TEST(aead_finds_every_changed_bit)
{
	uint8_t out[MESSAGE_MAX];
	struct sample s;
	size_t i, out_len;

	if (!cipher_is_aead(ciphers[_i]))
		return;
	sample_init(&s, ciphers[_i], 77);
	for (i = 0; i < 8 * s.out_len; i++) {
		s.out[i / 8] = (uint8_t)(s.out[i / 8] ^ 1U << i % 8);
		unit_assert_code(decrypt(&s.params, s.key, BYTES_NONE,
				     bytes_of(s.out, s.out_len), 0, out,
				     &out_len, sample_tag(&s)),
		    -CS_ERR_AUTH_TAG);
		s.out[i / 8] = (uint8_t)(s.out[i / 8] ^ 1U << i % 8);
	}
	for (i = 0; i < 8 * s.params.tag_len; i++) {
		s.tag[i / 8] = (uint8_t)(s.tag[i / 8] ^ 1U << i % 8);
		unit_assert_code(decrypt(&s.params, s.key, BYTES_NONE,
				     bytes_of(s.out, s.out_len), 0, out,
				     &out_len, sample_tag(&s)),
		    -CS_ERR_AUTH_TAG);
		s.tag[i / 8] = (uint8_t)(s.tag[i / 8] ^ 1U << i % 8);
	}
	for (i = 0; i < s.params.tag_len; i++)
		unit_assert_code(decrypt(&s.params, s.key, BYTES_NONE,
				     bytes_of(s.out, s.out_len), 0, out,
				     &out_len, bytes_of(s.tag, i)),
		    -CS_ERR_AUTH_TAG);
	unit_assert_code(
	    decrypt(&s.params, s.key, BYTES_LIT("aad"),
		bytes_of(s.out, s.out_len), 0, out, &out_len, sample_tag(&s)),
	    -CS_ERR_AUTH_TAG);
	unit_assert_code(decrypt(&s.params, s.key, BYTES_NONE,
			     bytes_of(s.out, s.out_len - 1), 0, out, &out_len,
			     sample_tag(&s)),
	    -CS_ERR_AUTH_TAG);
	secret_free(s.key);
}
END_TEST

/* RFC 5084 allows tags of 12 to 16 octets: cut ones. */
START_TEST(gcm_with_a_short_tag)
{
	uint8_t out[MESSAGE_MAX];
	struct sample s;
	size_t out_len;

	sample_init(&s, ALG_AES256_GCM, 50);
	for (s.params.tag_len = 12; s.params.tag_len < 16; s.params.tag_len++) {
		unit_assert_code(decrypt(&s.params, s.key, BYTES_NONE,
				     bytes_of(s.out, s.out_len), 0, out,
				     &out_len, sample_tag(&s)),
		    0);
		/* a longer one is another one */
		unit_assert_code(
		    decrypt(&s.params, s.key, BYTES_NONE,
			bytes_of(s.out, s.out_len), 0, out, &out_len,
			bytes_of(s.tag, s.params.tag_len + 1)),
		    -CS_ERR_AUTH_TAG);
	}
	secret_free(s.key);
}
END_TEST

/* CBC ciphertext of a plaintext whose end, padding and all, is ours. */
static int
try_padding(struct sample *s, const uint8_t *end, size_t *out_len)
{
	uint8_t out[MESSAGE_MAX], tag[CIPHER_TAG_MAX], back[MESSAGE_MAX];
	size_t block = alg_get(s->params.alg)->block_len, len = 2 * block;

	memcpy(s->in + block, end, block);
	encrypt(
	    &s->params, s->key, BYTES_NONE, bytes_of(s->in, len), 0, out, tag);
	return decrypt(&s->params, s->key, BYTES_NONE, bytes_of(out, len), 0,
	    back, out_len, BYTES_NONE);
}

START_TEST(cbc_padding_is_checked_whole)
{
	size_t block = alg_get(ciphers[_i])->block_len, i, out_len, pad;
	uint8_t end[CIPHER_BLOCK_MAX];
	struct sample s;

	if (cipher_is_aead(ciphers[_i]))
		return;
	sample_init(&s, ciphers[_i], 2 * block);
	for (pad = 0; pad < 256; pad++) {
		memset(end, (int)pad, block);
		unit_assert_code(try_padding(&s, end, &out_len),
		    pad >= 1 && pad <= block ? 0 : -CS_ERR_DECRYPT);
		ck_assert_uint_eq(out_len,
		    pad >= 1 && pad <= block ? 2 * block - pad : block);
		for (i = 0; i < block && pad >= 1 && pad <= block; i++) {
			end[i] ^= 0x40;
			unit_assert_code(try_padding(&s, end, &out_len),
			    i < block - pad ? 0 : -CS_ERR_DECRYPT);
			end[i] ^= 0x40;
		}
	}
	secret_free(s.key);
}
END_TEST

START_TEST(cbc_wants_whole_blocks)
{
	uint8_t out[MESSAGE_MAX];
	struct sample s;
	size_t i, out_len;

	if (cipher_is_aead(ciphers[_i]))
		return;
	sample_init(&s, ciphers[_i], 40);
	for (i = 0; i < s.out_len; i++)
		unit_assert_code(
		    decrypt(&s.params, s.key, BYTES_NONE, bytes_of(s.out, i), 0,
			out, &out_len, BYTES_NONE),
		    -CS_ERR_DECRYPT);
	/* good padding, then a piece of a block */
	for (i = 1; i < alg_get(ciphers[_i])->block_len; i++)
		unit_assert_code(decrypt(&s.params, s.key, BYTES_NONE,
				     bytes_of(s.out, s.out_len + i), 0, out,
				     &out_len, BYTES_NONE),
		    -CS_ERR_DECRYPT);
	secret_free(s.key);
}
END_TEST

START_TEST(refuses_wrong_use)
{
	struct sample s;
	struct cipher_params bad;
	struct secret *shorter = secret_new(cipher_key_len(ciphers[_i]) - 1);
	struct cipher *c;
	uint8_t out[64];
	size_t got;

	sample_init(&s, ciphers[_i], 10);
	ck_assert_ptr_null(cipher_new_encrypt(&s.params, shorter, BYTES_NONE));
	ck_assert_ptr_null(cipher_new_decrypt(&s.params, shorter, BYTES_NONE));
	bad = s.params;
	bad.iv_len--;
	ck_assert_ptr_null(cipher_new_encrypt(&bad, s.key, BYTES_NONE));
	bad = s.params;
	bad.tag_len = 11;
	ck_assert_ptr_null(cipher_new_encrypt(&bad, s.key, BYTES_NONE));
	bad.tag_len = 17;
	ck_assert_ptr_null(cipher_new_encrypt(&bad, s.key, BYTES_NONE));
	bad = s.params;
	bad.alg = ALG_SHA256;
	ck_assert_ptr_null(cipher_new_encrypt(&bad, s.key, BYTES_NONE));
	bad.alg = ALG_RC2_CBC;
	ck_assert_ptr_null(cipher_new_encrypt(&bad, s.key, BYTES_NONE));
	if (!cipher_is_aead(ciphers[_i]))
		ck_assert_ptr_null(
		    cipher_new_encrypt(&s.params, s.key, BYTES_LIT("aad")));
	c = cipher_new_encrypt(&s.params, s.key, BYTES_NONE);
	unit_assert_code(
	    cipher_finish_decrypt(c, BYTES_NONE, out, &got), -CS_ERR_INTERNAL);
	cipher_free(c);
	c = cipher_new_decrypt(&s.params, s.key, BYTES_NONE);
	unit_assert_code(cipher_finish_encrypt(c, out, &got), -CS_ERR_INTERNAL);
	cipher_free(c);
	cipher_free(NULL);
	secret_free(shorter);
	secret_free(s.key);
}
END_TEST

/* Known weak: the two halves of the key undo each other. */
START_TEST(refuses_weak_des_keys)
{
	struct cipher_params params;
	struct secret *key = key_of("0101010101010101 0101010101010101 "
				    "0101010101010101");

	unit_assert_code(cipher_params_new(ALG_DES_EDE3_CBC, &params), 0);
	ck_assert_ptr_null(cipher_new_decrypt(&params, key, BYTES_NONE));
	secret_free(key);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cipher");
	TCase *tcase = tcase_create("cipher");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(
	    tcase, known_vectors, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_loop_test(tcase, pieces_of_any_size, 0, CIPHERS);
	tcase_add_loop_test(tcase, works_in_place, 0, CIPHERS);
	tcase_add_loop_test(tcase, aead_finds_every_changed_bit, 4, CIPHERS);
	tcase_add_test(tcase, gcm_with_a_short_tag);
	tcase_add_loop_test(tcase, cbc_padding_is_checked_whole, 0, 4);
	tcase_add_loop_test(tcase, cbc_wants_whole_blocks, 0, 4);
	tcase_add_loop_test(tcase, refuses_wrong_use, 0, CIPHERS);
	tcase_add_test(tcase, refuses_weak_des_keys);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
