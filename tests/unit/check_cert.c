#include <stdlib.h>
#include <string.h>

#include "client/pkix/cert.h"
#include "tests/unit/unit_cert.h"

START_TEST(decodes_a_leaf)
{
	struct cert *c = unit_cert("leaf"), *ca = unit_cert("int");
	struct buf text = {0};
	bool has;

	ck_assert_uint_eq(cert_get_version(c), 3);
	unit_assert_bytes(cert_get_serial(c), unit_hex("10 03"));
	ck_assert_int_eq(cert_get_not_before(c), INT64_C(1577836800));
	ck_assert_int_eq(cert_get_not_after(c), INT64_C(4733510399));
	ck_assert(!cert_is_ca(c));
	ck_assert_int_eq(cert_get_path_len(c), CERT_PATH_LEN_NONE);
	ck_assert_uint_eq(cert_get_key_usage(c, &has),
	    KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
	ck_assert(has);
	ck_assert(cert_has_eku(c));
	ck_assert(cert_allows_purpose(c, OID_KP_EMAIL_PROTECTION));
	ck_assert(!cert_allows_purpose(c, OID_KP_SERVER_AUTH));
	ck_assert(!cert_is_self_issued(c));
	ck_assert_int_eq(cert_get_spki(c)->alg, ALG_EC);
	unit_assert_bytes(cert_get_authority_key_id(c), cert_get_key_id(ca));
	ck_assert_uint_eq(cert_get_key_id(c).len, 20);
	ck_assert_int_eq(cert_describe(c, &text), 0);
	unit_assert_bytes(
	    buf_get(&text), BYTES_LIT("Alice Example <alice@example.org>"));
	buf_clear(&text);
	cert_free(c);
	cert_free(ca);
}
END_TEST

START_TEST(decodes_a_ca)
{
	struct cert *c = unit_cert("int-len0"), *root = unit_cert("root");
	const struct cert_extension *ext;

	ck_assert(cert_is_ca(c));
	ck_assert_int_eq(cert_get_path_len(c), 0);
	ck_assert_uint_eq(
	    cert_get_key_usage(c, NULL), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	ck_assert(!cert_has_eku(c));
	ck_assert(cert_allows_purpose(c, OID_KP_EMAIL_PROTECTION));
	ck_assert(cert_is_self_issued(root));
	ext = cert_find_extension(c, OID_CE_BASIC_CONSTRAINTS);
	ck_assert_ptr_nonnull(ext);
	ck_assert(ext->is_critical);
	ck_assert_ptr_null(cert_find_extension(c, OID_CE_EXT_KEY_USAGE));
	ck_assert_uint_eq(cert_get_extensions(c, &ext), 4);
	cert_free(c);
	cert_free(root);
}
END_TEST

START_TEST(knows_fingerprints)
{
	struct cert *c = unit_cert("leaf"), *d;
	uint8_t hash[DIGEST_LEN_MAX], sha1[CERT_SHA1_LEN];

	ck_assert_uint_eq(digest_of(ALG_SHA256, cert_get_raw(c), hash), 32);
	unit_assert_bytes(bytes_of(cert_get_sha256(c), 32), bytes_of(hash, 32));
	ck_assert_uint_eq(digest_of(ALG_SHA1, cert_get_raw(c), hash), 20);
	cert_get_sha1(c, sha1);
	unit_assert_bytes(bytes_of(sha1, 20), bytes_of(hash, 20));
	ck_assert_uint_eq(
	    digest_of(ALG_SHA256, cert_get_spki(c)->raw, hash), 32);
	unit_assert_bytes(
	    bytes_of(cert_get_key_hash(c), 32), bytes_of(hash, 32));
	d = unit_cert("leaf");
	ck_assert(cert_is_same(c, d));
	cert_free(d);
	d = unit_cert("leaf-revoked");
	ck_assert(!cert_is_same(c, d));
	cert_free(d);
	cert_free(c);
}
END_TEST

START_TEST(takes_odd_ones)
{
	struct cert *c = unit_cert("leaf-negative");

	unit_assert_bytes(cert_get_serial(c), unit_hex("fb"));
	cert_free(c);
	c = unit_cert("int-v1");
	ck_assert_uint_eq(cert_get_version(c), 1);
	ck_assert(!cert_is_ca(c));
	/* no extension: the SHA-1 of the key, and every usage */
	ck_assert_uint_eq(cert_get_key_id(c).len, 20);
	ck_assert_uint_eq(cert_get_key_usage(c, NULL), 0x1ff);
	cert_free(c);
}
END_TEST

static void
assert_refused(struct buf *der, const char *text)
{
	struct err e = ERR_INIT;
	struct cert *c;

	unit_assert_code(
	    cert_decode(buf_get(der), &c, &e), -CS_ERR_CERTIFICATE);
	ck_assert_ptr_null(c);
	ck_assert_msg(strstr(e.text, text) != NULL, "want \"%s\" in \"%s\"",
	    text, e.text);
	ck_assert_int_eq(e.code, -CS_ERR_CERTIFICATE);
}

/* Replaces the only occurrence of octets by others as long. */
static void
patch(struct buf *der, const char *from, const char *to)
{
	struct bytes old = unit_hex(from), new = unit_hex(to);
	size_t i = 0;

	ck_assert_uint_eq(old.len, new.len);
	while (i + old.len <= der->len &&
	       !bytes_is_equal(bytes_of(der->data + i, old.len), old))
		i++;
	ck_assert_uint_le(i + old.len, der->len);
	memcpy(der->data + i, new.p, new.len);
}

static const struct {
	const char *from, *to, *text;
} patches[] = {
    /* extKeyUsage becomes a second subjectAltName */
    {"06 03 55 1d 25", "06 03 55 1d 11", "subjectAltName"},
    /* subjectKeyIdentifier becomes a second keyUsage: broken, then double */
    {"06 03 55 1d 0e", "06 03 55 1d 0f", "keyUsage"},
    /* an address with an octet beyond ASCII */
    {"61 6c 69 63 65 40 65", "e1 6c 69 63 65 40 65", "subjectAltName"},
    /* version 4, version 1 with extensions */
    {"a0 03 02 01 02", "a0 03 02 01 03", "tbsCertificate"},
    {"a0 03 02 01 02", "a0 03 02 01 00", "extensions in version 1"},
    /* the 32nd of January */
    {"32 30 30 31 30 31 30 30", "32 30 30 31 33 32 30 30", "validity"},
    /* SHA-384 inside, SHA-256 outside */
    {"02 02 10 03 30 0a 06 08 2a 86 48 ce 3d 04 03 02",
	"02 02 10 03 30 0a 06 08 2a 86 48 ce 3d 04 03 03",
	"two different signature algorithms"},
    /* a serial number that is not minimal */
    {"02 02 10 03", "02 02 00 03", "tbsCertificate"},
    /* the country's string type in the issuer: a name that is none */
    {"31 11 30 0f 06 03 55 04 0a 0c", "31 11 31 0f 06 03 55 04 0a 0c",
	"issuer"},
};

START_TEST(refuses_patched)
{
	struct buf der = {0};

	unit_cert_der(&der, "leaf");
	patch(&der, patches[_i].from, patches[_i].to);
	assert_refused(&der, patches[_i].text);
	buf_clear(&der);
}
END_TEST

START_TEST(refuses_trailing)
{
	struct buf der = {0};
	struct cert *c;

	unit_cert_der(&der, "leaf");
	buf_add_byte(&der, 0);
	assert_refused(&der, "after the end");
	buf_reset(&der);
	assert_refused(&der, "0 bytes");
	/* without an err to fill */
	unit_assert_code(
	    cert_decode(unit_hex("30 00"), &c, NULL), -CS_ERR_CERTIFICATE);
	buf_clear(&der);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	struct buf der = {0};
	struct cert *c;
	uint8_t *exact;
	size_t len;

	unit_cert_der(&der, "leaf-addresses");
	for (len = 0; len < der.len; len++) {
		/* its own block, so that a read beyond is seen */
		exact = malloc(len != 0 ? len : 1);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, der.data, len);
		ck_assert_int_ne(
		    cert_decode(bytes_of(exact, len), &c, NULL), 0);
		ck_assert_ptr_null(c);
		free(exact);
	}
	buf_clear(&der);
}
END_TEST

/* Any single octet changed: refused or decoded, but never a wild read. */
START_TEST(survives_every_change)
{
	static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};
	struct buf der = {0}, text = {0};
	struct cert *c;
	size_t i, m, decoded = 0;

	unit_cert_der(&der, "int-names");
	for (i = 0; i < der.len * 4; i++) {
		m = i % 4;
		der.data[i / 4] ^= masks[m];
		if (cert_decode(buf_get(&der), &c, NULL) == 0) {
			decoded++;
			buf_reset(&text);
			cert_describe(c, &text);
			cert_free(c);
		}
		der.data[i / 4] ^= masks[m];
	}
	/* keys and signatures are free octets */
	ck_assert_uint_gt(decoded, 100);
	buf_clear(&der);
	buf_clear(&text);
}
END_TEST

static int
join(void *ctx, struct bytes address)
{
	struct buf *b = ctx;

	if (b->len != 0)
		buf_add_byte(b, ' ');
	return buf_add_bytes(b, address);
}

START_TEST(walks_addresses)
{
	static const struct {
		const char *name, *want;
	} all[] = {
	    {"leaf", "alice@example.org"},
	    {"leaf-dn-email", "alice@example.org"},
	    {"leaf-no-email", ""},
	    {"leaf-addresses", "a1@xn--bcher-kva.example a2@EXAMPLE.org "
			       "\xc3\xa4lice@example.org"},
	};
	struct cert *c = unit_cert(all[_i].name);
	struct buf got = {0};

	ck_assert_int_eq(cert_walk_addresses(c, join, &got), 0);
	unit_assert_bytes(buf_get(&got), bytes_of_str(all[_i].want));
	buf_clear(&got);
	cert_free(c);
}
END_TEST

START_TEST(leaves_out_deceptive_addresses)
{
	/* alice@example.org NUL .evil.test; then a good one */
	struct unit_extension san = {OID_CE_SUBJECT_ALT_NAME, false,
	    unit_hex("30 26 81 1b 61 6c 69 63 65 40 65 78 61 6d 70 6c 65 2e "
		     "6f 72 67 00 2e 65 76 69 6c 2e 74 65 73 81 07 62 40 65 "
		     "2e 6f 72 67")};
	struct cert *c = unit_cert_make("CA", "Eve\x1b[2J", 1, &san, 1);
	struct buf got = {0};

	ck_assert_int_eq(cert_walk_addresses(c, join, &got), 0);
	unit_assert_bytes(buf_get(&got), BYTES_LIT("b@e.org"));
	buf_reset(&got);
	ck_assert_int_eq(cert_describe(c, &got), 0);
	unit_assert_bytes(buf_get(&got), BYTES_LIT("Eve\\x1b[2J <b@e.org>"));
	buf_clear(&got);
	cert_free(c);
}
END_TEST

static int
stop(void *ctx, struct bytes address)
{
	(void)address;
	++*(int *)ctx;
	return -CS_ERR_CANCELLED;
}

START_TEST(walk_ends_early)
{
	struct cert *c = unit_cert("leaf-addresses");
	int calls = 0;

	unit_assert_code(
	    cert_walk_addresses(c, stop, &calls), -CS_ERR_CANCELLED);
	ck_assert_int_eq(calls, 1);
	cert_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cert");
	TCase *t = tcase_create("cert");

	tcase_add_test(t, decodes_a_leaf);
	tcase_add_test(t, decodes_a_ca);
	tcase_add_test(t, knows_fingerprints);
	tcase_add_test(t, takes_odd_ones);
	tcase_add_loop_test(
	    t, refuses_patched, 0, sizeof(patches) / sizeof(*patches));
	tcase_add_test(t, refuses_trailing);
	tcase_add_test(t, refuses_every_truncation);
	tcase_add_test(t, survives_every_change);
	tcase_add_loop_test(t, walks_addresses, 0, 4);
	tcase_add_test(t, leaves_out_deceptive_addresses);
	tcase_add_test(t, walk_ends_early);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
