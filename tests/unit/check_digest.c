#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "tests/unit/unit.h"

/*
 * Origins: the digests of "abc" are those of FIPS 180-4's and FIPS 202's
 * published examples (csrc.nist.gov, "Examples with Intermediate Values") and
 * RFC 1321 A.5; of the empty message the same standards'.
 */
static const struct {
	enum alg alg;
	const char *message;
	const char *hex;
} digests[] = {
    {ALG_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {ALG_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {ALG_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {ALG_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {ALG_SHA224, "abc",
	"23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {ALG_SHA256, "",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {ALG_SHA256, "abc",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {ALG_SHA384, "abc",
	"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	"8086072ba1e7cc2358baeca134c825a7"},
    {ALG_SHA512, "abc",
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {ALG_SHA3_224, "abc",
	"e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"},
    {ALG_SHAKE256, "abc",
	"483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739"
	"d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4"},
    {ALG_SHAKE256_LEN, "abc",
	"483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739"
	"d5a15bef186a5386c75744c0527e1faa9f8726e462a12a4feb06bd8801e751e4"},
    {ALG_SHA3_256, "abc",
	"3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {ALG_SHA3_384, "abc",
	"ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b2"
	"98d88cea927ac7f539f1edf228376d25"},
    {ALG_SHA3_512, "abc",
	"b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
	"10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"},
};

START_TEST(known_digests)
{
	struct bytes message = bytes_of_str(digests[_i].message);
	uint8_t out[DIGEST_LEN_MAX];
	struct digest *d = digest_new(digests[_i].alg);
	size_t len;

	len = digest_of(digests[_i].alg, message, out);
	unit_assert_bytes(bytes_of(out, len), unit_hex(digests[_i].hex));
	ck_assert_ptr_nonnull(d);
	digest_write(d, message);
	unit_assert_bytes(
	    digest_get(d, digests[_i].alg), unit_hex(digests[_i].hex));
	/* the result stays */
	unit_assert_bytes(
	    digest_get(d, digests[_i].alg), unit_hex(digests[_i].hex));
	digest_reset(d);
	digest_write(d, message);
	unit_assert_bytes(
	    digest_get(d, digests[_i].alg), unit_hex(digests[_i].hex));
	digest_free(d);
}
END_TEST

/* All lengths around the blocks, in pieces and in one go. */
START_TEST(pieces_make_the_same)
{
	static const enum alg algs[] = {ALG_SHA256, ALG_SHA1, ALG_SHA512,
	    ALG_SHA3_256, ALG_SHA256, ALG_MD5};
	uint8_t data[300], out[DIGEST_LEN_MAX];
	struct digest *d = digest_new_all(algs, 6);
	size_t len, at, step, i, out_len;

	ck_assert_ptr_nonnull(d);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (len = 0; len <= sizeof(data); len++) {
		digest_reset(d);
		for (at = 0, step = 1; at < len; at += step, step += 3) {
			if (step > len - at)
				step = len - at;
			digest_write(d, bytes_of(data + at, step));
			digest_write(d, BYTES_NONE);
		}
		for (i = 0; i < 6; i++) {
			out_len = digest_of(algs[i], bytes_of(data, len), out);
			unit_assert_bytes(
			    digest_get(d, algs[i]), bytes_of(out, out_len));
		}
	}
	digest_free(d);
}
END_TEST

START_TEST(only_digests)
{
	static const enum alg nine[9] = {ALG_SHA256};
	static const enum alg mixed[2] = {ALG_SHA256, ALG_AES128_CBC};
	uint8_t out[DIGEST_LEN_MAX];
	struct digest *d;

	ck_assert_ptr_null(digest_new(ALG_NONE));
	ck_assert_ptr_null(digest_new(ALG_AES128_CBC));
	ck_assert_ptr_null(digest_new_all(mixed, 2));
	ck_assert_ptr_null(digest_new_all(nine, 9));
	ck_assert_uint_eq(digest_of(ALG_RSA, BYTES_NONE, out), 0);
	ck_assert_uint_eq(hmac_of(ALG_RSA, BYTES_NONE, NULL, 0, out), 0);
	d = digest_new(ALG_SHA256);
	ck_assert(digest_has(d, ALG_SHA256));
	ck_assert(!digest_has(d, ALG_SHA1));
	ck_assert_uint_eq(digest_get(d, ALG_SHA1).len, 0);
	digest_free(d);
	digest_free(NULL);
}
END_TEST

/* RFC 2202 2 and 3 (MD5, SHA-1), RFC 4231 4 (SHA-2). */
static const struct {
	enum alg alg;
	uint8_t key_byte; /* repeated */
	size_t key_len;
	const char *message;
	const char *hex;
} hmacs[] = {
    {ALG_MD5, 0x0b, 16, "Hi There", "9294727a3638bb1c13f48ef8158bfc9d"},
    {ALG_SHA1, 0x0b, 20, "Hi There",
	"b617318655057264e28bc0b6fb378c8ef146be00"},
    {ALG_SHA1, 0xaa, 80,
	"Test Using Larger Than Block-Size Key - Hash Key First",
	"aa4ae5e15272d00e95705637ce8a3b55ed402112"},
    {ALG_SHA224, 0x0b, 20, "Hi There",
	"896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"},
    {ALG_SHA256, 0x0b, 20, "Hi There",
	"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {ALG_SHA384, 0x0b, 20, "Hi There",
	"afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	"faea9ea9076ede7f4af152e8b2fa9cb6"},
    {ALG_SHA512, 0x0b, 20, "Hi There",
	"87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	"daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
    {ALG_SHA256, 0xaa, 131,
	"Test Using Larger Than Block-Size Key - Hash Key First",
	"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {ALG_SHA512, 0xaa, 131,
	"Test Using Larger Than Block-Size Key - Hash Key First",
	"80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	"6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
};

START_TEST(known_hmacs)
{
	struct bytes parts[3];
	uint8_t key[256], out[DIGEST_LEN_MAX];
	size_t len;

	memset(key, hmacs[_i].key_byte, hmacs[_i].key_len);
	parts[0] = bytes_of_str(hmacs[_i].message);
	len = hmac_of(
	    hmacs[_i].alg, bytes_of(key, hmacs[_i].key_len), parts, 1, out);
	unit_assert_bytes(bytes_of(out, len), unit_hex(hmacs[_i].hex));
	/* parts are one message */
	parts[2] = bytes_of(parts[0].p + 3, parts[0].len - 3);
	parts[1] = BYTES_NONE;
	parts[0].len = 3;
	len = hmac_of(
	    hmacs[_i].alg, bytes_of(key, hmacs[_i].key_len), parts, 3, out);
	unit_assert_bytes(bytes_of(out, len), unit_hex(hmacs[_i].hex));
}
END_TEST

/* RFC 4231 4.3: key and message shorter than the output. */
START_TEST(hmac_with_a_short_key)
{
	struct bytes message = BYTES_LIT("what do ya want for nothing?");
	uint8_t out[DIGEST_LEN_MAX];
	size_t len;

	len = hmac_of(ALG_SHA256, BYTES_LIT("Jefe"), &message, 1, out);
	unit_assert_bytes(
	    bytes_of(out, len), unit_hex("5bdcc146bf60754e6a042426089575c7"
					 "5a003f089d2739839dec58b964ec3843"));
}
END_TEST

START_TEST(init_can_be_repeated)
{
	struct err e = ERR_INIT;

	unit_assert_code(alg_init(&e), 0);
	unit_assert_code(alg_init(NULL), 0);
}
END_TEST

/* The stream itself among the digests: kept whole, or not at all. */
START_TEST(content_is_kept)
{
	const enum alg algs[] = {ALG_SHA256, DIGEST_CONTENT};
	struct digest *d = digest_new_all(algs, 2);
	uint8_t *big = calloc(1, DIGEST_CONTENT_MAX);

	ck_assert_ptr_nonnull(big);
	digest_write(d, BYTES_LIT("Hello, "));
	digest_write(d, BYTES_LIT("all"));
	unit_assert_bytes(
	    digest_get(d, DIGEST_CONTENT), BYTES_LIT("Hello, all"));
	ck_assert(digest_has(d, DIGEST_CONTENT));
	ck_assert(!digest_is_over(d));
	digest_reset(d);
	digest_write(d, bytes_of(big, DIGEST_CONTENT_MAX));
	ck_assert_uint_eq(
	    digest_get(d, DIGEST_CONTENT).len, DIGEST_CONTENT_MAX);
	ck_assert(!digest_is_over(d));
	digest_reset(d);
	digest_write(d, bytes_of(big, DIGEST_CONTENT_MAX));
	digest_write(d, BYTES_LIT("x"));
	ck_assert_uint_eq(digest_get(d, DIGEST_CONTENT).len, 0);
	ck_assert(digest_is_over(d));
	digest_free(d);
	free(big);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("digest");
	TCase *tcase = tcase_create("digest");

	tcase_add_loop_test(
	    tcase, known_digests, 0, sizeof(digests) / sizeof(digests[0]));
	tcase_add_test(tcase, pieces_make_the_same);
	tcase_add_test(tcase, only_digests);
	tcase_add_test(tcase, content_is_kept);
	tcase_add_loop_test(
	    tcase, known_hmacs, 0, sizeof(hmacs) / sizeof(hmacs[0]));
	tcase_add_test(tcase, hmac_with_a_short_key);
	tcase_add_test(tcase, init_can_be_repeated);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
