/* Records of the DNS about certificates: names, decoding, what they match. */
#include "asn1/alg/digest.h"
#include "client/pkix/smimea.h"
#include "tests/unit/unit_cert.h"

#include <stdio.h>

static void
assert_name(const char *address, const char *want)
{
	struct buf name = {0};

	unit_assert_code(smimea_put_name(&name, bytes_of_str(address)), 0);
	unit_assert_bytes(buf_get(&name), bytes_of_str(want));
	buf_clear(&name);
}

START_TEST(names)
{
	/* the example of RFC 8162 3 */
	assert_name("hugh@example.com",
	    "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6."
	    "_smimecert.example.com");
	/* quotes do not count (step 2), the domain's case neither */
	assert_name("\"hugh\"@EXAMPLE.Com",
	    "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6."
	    "_smimecert.example.com");
	assert_name("\"h\\ugh\"@example.com",
	    "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6."
	    "_smimecert.example.com");
	/* the local part's case does; values by Python's hashlib */
	assert_name("Hugh@example.com",
	    "7063a398942ba5c6125429518d0608563f3974bb48013ddf58fb01d4."
	    "_smimecert.example.com");
	assert_name("\"a@b\\\"\"@b\xc3\xbc"
		    "cher.example",
	    "6fe600b5d3b1e5e509d6a16d2648ca4a910cba34a28af823ac8038b6."
	    "_smimecert.xn--bcher-kva.example");
}
END_TEST

/* Step 3: one name, however its letters are put together. */
START_TEST(names_beyond_ascii)
{
	/* "Andr\u00e9", "\uac01" (a Hangul syllable of three letters), and
	 * marks in another order; values by Python's unicodedata */
	static const struct {
		const char *composed, *other, *hash;
	} known[] = {
	    {"Andr\xc3\xa9", "Andre\xcc\x81",
		"7d918307f08192d8259055ff77363a59bc388762dd613bd5905aa1c1"},
	    {"\xea\xb0\x81", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8",
		"45ec909f30174e6585c67833638ece2b73752a2e17b142f2071d0587"},
	    {"q\xcc\xa3\xcc\x87", "q\xcc\x87\xcc\xa3",
		"17fa794263891ccf20d647f694ca6f8a8d24326df1d732b05020c065"},
	};
	char address[80], want[120];
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		snprintf(want, sizeof(want), "%s._smimecert.example.org",
		    known[i].hash);
		snprintf(address, sizeof(address), "%s@example.org",
		    known[i].composed);
		assert_name(address, want);
		snprintf(
		    address, sizeof(address), "%s@example.org", known[i].other);
		assert_name(address, want);
		snprintf(address, sizeof(address), "\"%s\"@example.org",
		    known[i].other);
		assert_name(address, want);
	}
}
END_TEST

START_TEST(names_refused)
{
	static const char *const bad[] = {"", "a", "a@", "@b", "a@[192.0.2.1]",
	    "a b@example.org", "a@b/c", "a@b?c", "a@b%00", "a@b..c",
	    ("a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	     "example.org")};
	struct buf name = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(smimea_put_name(&name, bytes_of_str(bad[i])) ==
				  -CS_ERR_ARGUMENT,
		    "%s", bad[i]);
		ck_assert_uint_eq(name.len, 0);
	}
}
END_TEST

START_TEST(records_refused)
{
	static const uint8_t digest[3 + 32] = {3, 0, 1};
	struct smimea record;

	unit_assert_code(smimea_decode(BYTES_NONE, &record), -CS_ERR_ENCODING);
	unit_assert_code(
	    smimea_decode(BYTES_LIT("\3\0\0"), &record), -CS_ERR_ENCODING);
	unit_assert_code(
	    smimea_decode(BYTES_LIT("\4\0\0x"), &record), -CS_ERR_UNSUPPORTED);
	unit_assert_code(
	    smimea_decode(BYTES_LIT("\3\2\0x"), &record), -CS_ERR_UNSUPPORTED);
	unit_assert_code(
	    smimea_decode(BYTES_LIT("\3\0\3x"), &record), -CS_ERR_UNSUPPORTED);
	unit_assert_code(
	    smimea_decode(BYTES_LIT("\3\0\1x"), &record), -CS_ERR_ENCODING);
	unit_assert_code(
	    smimea_decode(BYTES_LIT("\3\0\2x"), &record), -CS_ERR_ENCODING);
	unit_assert_code(
	    smimea_decode(bytes_of(digest, sizeof(digest)), &record), 0);
	unit_assert_code(
	    smimea_decode(bytes_of(digest, sizeof(digest) - 1), &record),
	    -CS_ERR_ENCODING);
}
END_TEST

/* _i: selector and matching type */
START_TEST(records_match)
{
	static const enum alg digests[] = {ALG_NONE, ALG_SHA256, ALG_SHA512};
	struct cert *leaf = unit_cert("leaf"), *root = unit_cert("root");
	unsigned selector = (unsigned)_i / 3, matching = (unsigned)_i % 3;
	struct bytes part =
	    selector == 1 ? cert_get_spki(leaf)->raw : cert_get_raw(leaf);
	uint8_t hash[DIGEST_LEN_MAX];
	struct buf rdata = {0};
	struct smimea record;
	uint8_t usage;

	for (usage = 0; usage < 4; usage++) {
		buf_reset(&rdata);
		buf_add_byte(&rdata, usage);
		buf_add_byte(&rdata, (uint8_t)selector);
		buf_add_byte(&rdata, (uint8_t)matching);
		if (matching == 0)
			buf_add_bytes(&rdata, part);
		else
			buf_add(&rdata, hash,
			    digest_of(digests[matching], part, hash));
		unit_assert_code(smimea_decode(buf_get(&rdata), &record), 0);
		ck_assert_uint_eq(record.usage, usage);
		ck_assert(smimea_has_cert(&record) == (_i == 0));
		ck_assert(smimea_is_about_leaf(&record) ==
			  (usage == 1 || usage == 3));
		ck_assert(smimea_matches(&record, leaf));
		ck_assert(!smimea_matches(&record, root));
		rdata.data[rdata.len - 1] ^= 1;
		ck_assert(!smimea_matches(&record, leaf));
	}
	buf_clear(&rdata);
	cert_free(leaf);
	cert_free(root);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("smimea");
	TCase *tcase = tcase_create("smimea");

	tcase_add_test(tcase, names);
	tcase_add_test(tcase, names_beyond_ascii);
	tcase_add_test(tcase, names_refused);
	tcase_add_test(tcase, records_refused);
	tcase_add_loop_test(tcase, records_match, 0, 6);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
