#include <string.h>

#include "asn1/alg/alg.h"
#include "asn1/alg/random.h"
#include "tests/unit/unit.h"

START_TEST(rows_are_whole)
{
	const struct alg_row *row = alg_get((enum alg)_i);

	ck_assert_int_eq(row->alg, _i);
	ck_assert_int_ne(row->kind, ALG_KIND_NONE);
	ck_assert_int_ne(row->oid, OID_UNKNOWN);
	ck_assert(row->name[0] != '\0');
	ck_assert_int_eq(alg_find_oid(row->oid, row->kind), _i);
	ck_assert_int_eq(alg_find_name(row->name, row->kind), _i);
	switch (row->kind) {
	case ALG_KIND_DIGEST:
		ck_assert_uint_ne(row->output_len, 0);
		break;
	case ALG_KIND_CIPHER:
		ck_assert_uint_eq(row->iv_len, row->block_len);
		ck_assert_uint_eq(row->tag_len, 0);
		break;
	case ALG_KIND_AEAD:
		ck_assert_uint_eq(row->iv_len, 12);
		ck_assert_uint_eq(row->tag_len, 16);
		ck_assert_uint_eq(row->block_len, 1);
		break;
	case ALG_KIND_MAC:
		ck_assert_uint_eq(
		    row->output_len, alg_get(row->digest)->output_len);
		break;
	case ALG_KIND_SIGNATURE:
		ck_assert_int_eq(
		    alg_get(row->public_key)->kind, ALG_KIND_PUBLIC_KEY);
		/* a signature is no better than its digest */
		ck_assert_int_ge(row->strength, alg_get(row->digest)->strength);
		break;
	default:
		break;
	}
}
END_TEST

START_TEST(no_row_for_none_or_beyond)
{
	ck_assert_int_eq(alg_get(ALG_NONE)->kind, ALG_KIND_NONE);
	ck_assert_int_eq(alg_get(ALG_COUNT)->kind, ALG_KIND_NONE);
	ck_assert_int_eq(alg_get((enum alg) - 1)->kind, ALG_KIND_NONE);
	ck_assert_str_eq(alg_name(ALG_NONE), "none");
	ck_assert_int_eq(alg_find_oid(OID_UNKNOWN, ALG_KIND_NONE), ALG_NONE);
	ck_assert_int_eq(alg_find_oid(OID_DATA, ALG_KIND_DIGEST), ALG_NONE);
	ck_assert_int_eq(alg_find_name("sha256", ALG_KIND_CIPHER), ALG_NONE);
}
END_TEST

START_TEST(one_oid_has_a_row_for_each_kind)
{
	ck_assert_int_eq(alg_find_oid(OID_RSA, ALG_KIND_PUBLIC_KEY), ALG_RSA);
	ck_assert_int_eq(
	    alg_find_oid(OID_RSA, ALG_KIND_KEY_TRANSPORT), ALG_RSA_PKCS1);
	ck_assert_int_eq(
	    alg_find_oid(OID_RSA_PSS, ALG_KIND_PUBLIC_KEY), ALG_RSA_PSS_KEY);
	ck_assert_int_eq(
	    alg_find_oid(OID_RSA_PSS, ALG_KIND_SIGNATURE), ALG_RSA_PSS);
	ck_assert_int_eq(alg_find_name("SHA256", ALG_KIND_DIGEST), ALG_SHA256);
	ck_assert_int_eq(alg_get(ALG_AES256_GCM)->key_len, 32);
	ck_assert_int_eq(alg_get(ALG_MD5_WITH_RSA)->strength, ALG_BROKEN);
	ck_assert_int_eq(alg_get(ALG_SHA1_WITH_ECDSA)->strength, ALG_WEAK);
}
END_TEST

/* RFC 8551 3.5.3.2 */
START_TEST(micalg_both_ways)
{
	enum alg out[4];

	ck_assert_str_eq(alg_micalg(ALG_SHA1), "sha-1");
	ck_assert_str_eq(alg_micalg(ALG_SHA512), "sha-512");
	ck_assert_str_eq(alg_micalg(ALG_AES128_CBC), "unknown");
	ck_assert_uint_eq(
	    alg_parse_micalg(
		BYTES_LIT(" SHA-256,md4 ,, rsa-sha1\t,sha384"), out, 4),
	    3);
	ck_assert_int_eq(out[0], ALG_SHA256);
	ck_assert_int_eq(out[1], ALG_SHA1);
	ck_assert_int_eq(out[2], ALG_SHA384);
	ck_assert_uint_eq(
	    alg_parse_micalg(BYTES_LIT("md5,sha1,sha-1"), out, 2), 2);
	ck_assert_uint_eq(alg_parse_micalg(BYTES_NONE, out, 4), 0);
	ck_assert_uint_eq(alg_parse_micalg(BYTES_LIT("sha-25"), out, 4), 0);
	ck_assert_uint_eq(alg_parse_micalg(BYTES_LIT("sha-256\0"), out, 4), 0);
}
END_TEST

START_TEST(reads_algorithm_identifiers)
{
	struct alg_id id;
	char text[OID_TEXT_MAX];

	unit_assert_code(alg_id_decode(unit_hex("30 0d 06 09 60 86 48 01 65 03 "
						"04 02 01 05 00"),
			     &id),
	    0);
	ck_assert_int_eq(id.known, OID_SHA256);
	ck_assert_uint_eq(id.raw.len, 15);
	ck_assert(alg_id_is_plain(&id));
	ck_assert_int_eq(alg_id_get_digest(&id), ALG_SHA256);
	ck_assert_str_eq(alg_id_describe(text, sizeof(text), &id), "sha256");

	unit_assert_code(
	    alg_id_decode(unit_hex("30 07 06 05 2b 0e 03 02 1a"), &id), 0);
	ck_assert_int_eq(alg_id_get_digest(&id), ALG_SHA1);

	/* parameters that are neither absent nor NULL */
	unit_assert_code(alg_id_decode(unit_hex("30 0a 06 05 2b 0e 03 02 1a "
						"02 01 00"),
			     &id),
	    0);
	ck_assert(!alg_id_is_plain(&id));
	ck_assert_int_eq(alg_id_get_digest(&id), ALG_NONE);

	/* an OID nobody knows, and one that names no algorithm */
	unit_assert_code(
	    alg_id_decode(unit_hex("30 05 06 03 2a 03 04"), &id), 0);
	ck_assert_str_eq(alg_id_describe(text, sizeof(text), &id), "1.2.3.4");
	unit_assert_code(
	    alg_id_decode(unit_hex("30 05 06 03 55 04 03"), &id), 0);
	ck_assert_str_eq(alg_id_describe(text, sizeof(text), &id), "CN");
}
END_TEST

static const struct {
	const char *hex;
	int code;
} bad_ids[] = {
    {"", -CS_ERR_TRUNCATED},
    {"30 00", -CS_ERR_TRUNCATED},
    {"30 02 05 00", -CS_ERR_ENCODING},
    {"30 0b 06 05 2b 0e 03 02 1a 05 00 05 00", -CS_ERR_TRAILING},
    {"30 09 06 05 2b 0e 03 02 1a 05 00 05 00", -CS_ERR_TRAILING},
    {"30 08 06 05 2b 0e 03 02 1a 05", -CS_ERR_TRUNCATED},
    {"31 07 06 05 2b 0e 03 02 1a", -CS_ERR_ENCODING},
    {"30 80 06 05 2b 0e 03 02 1a 00 00", -CS_ERR_NOT_DER},
};

START_TEST(refuses_bad_algorithm_identifiers)
{
	struct bytes raw = unit_hex(bad_ids[_i].hex);
	struct alg_id id;

	unit_assert_code(alg_id_decode(raw, &id), bad_ids[_i].code);
	ck_assert_uint_eq(id.raw.len + id.oid.len + id.params.len, 0);
}
END_TEST

START_TEST(failure_sticks_in_the_cursor)
{
	struct alg_id id;
	struct der d;

	der_init(&d, unit_hex("02 01 01 30 02 05 00 02 01 07"));
	der_skip(&d);
	der_get_alg_id(&d, &id);
	ck_assert_uint_eq(der_get_uint(&d, 10), 0);
	unit_assert_code(der_end(&d), -CS_ERR_ENCODING);
	ck_assert_uint_eq(d.err_offset, 5);
}
END_TEST

START_TEST(writes_algorithm_identifiers)
{
	struct buf b = {0};

	der_put_alg(&b, ALG_SHA256);
	der_put_alg(&b, ALG_RSA_PKCS1);
	der_put_alg_tag(&b, DER_CONTEXT_C(1), ALG_ED25519);
	der_put_alg_params(&b, ALG_AES128_CBC, unit_hex("04 02 01 02"));
	ck_assert_int_eq(b.err, 0);
	unit_assert_bytes(buf_get(&b),
	    unit_hex("30 0b 06 09 60 86 48 01 65 03 04 02 01"
		     "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00"
		     "a1 05 06 03 2b 65 70"
		     "30 0f 06 09 60 86 48 01 65 03 04 01 02 04 02 01 02"));
	buf_reset(&b);
	der_put_alg(&b, ALG_RSA_PSS);
	unit_assert_code(b.err, -CS_ERR_INTERNAL);
	buf_reset(&b);
	der_put_alg(&b, ALG_NONE);
	unit_assert_code(b.err, -CS_ERR_INTERNAL);
	buf_reset(&b);
	der_put_alg_params(&b, ALG_NONE, BYTES_NONE);
	unit_assert_code(b.err, -CS_ERR_INTERNAL);
	buf_clear(&b);
}
END_TEST

START_TEST(random_octets_differ)
{
	struct secret *a = random_secret(32), *b = random_secret(32);
	uint8_t zero[32] = {0};

	ck_assert_ptr_nonnull(a);
	ck_assert_ptr_nonnull(b);
	ck_assert(!secret_is_equal(a, b));
	ck_assert_mem_ne(secret_get(a), zero, 32);
	ck_assert_ptr_null(random_secret(SECRET_LEN_MAX + 1));
	secret_free(a);
	secret_free(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("alg_table");
	TCase *tcase = tcase_create("alg_table");

	tcase_add_loop_test(tcase, rows_are_whole, 1, ALG_COUNT);
	tcase_add_test(tcase, no_row_for_none_or_beyond);
	tcase_add_test(tcase, one_oid_has_a_row_for_each_kind);
	tcase_add_test(tcase, micalg_both_ways);
	tcase_add_test(tcase, reads_algorithm_identifiers);
	tcase_add_loop_test(tcase, refuses_bad_algorithm_identifiers, 0,
	    sizeof(bad_ids) / sizeof(bad_ids[0]));
	tcase_add_test(tcase, failure_sticks_in_the_cursor);
	tcase_add_test(tcase, writes_algorithm_identifiers);
	tcase_add_test(tcase, random_octets_differ);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
