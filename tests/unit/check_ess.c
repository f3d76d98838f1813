#include <string.h>

#include "asn1/ess.h"
#include "asn1/oid.h"
#include "tests/unit/unit.h"

static const char *const both[] = {"a@example.org", "b@example.org"};

static void
put_wish(
    struct buf *b, enum ess_receipts_from from, size_t from_len, size_t to_len)
{
	struct ess_receipt_wish wish = {
	    .content_id = BYTES_LIT("id"),
	    .from = from,
	    .from_list = both,
	    .from_len = from_len,
	    .to = both,
	    .to_len = to_len,
	};

	der_put_receipt_request(b, &wish);
	ck_assert_int_eq(b->err, 0);
}

static bool
is_b(void *ctx, struct bytes address)
{
	(*(unsigned *)ctx)++;
	return bytes_is_equal(address, BYTES_LIT("b@example.org"));
}

START_TEST(requests_come_back)
{
	enum ess_receipts_from from = (enum ess_receipts_from)_i;
	struct ess_receipt_request request;
	unsigned asked = 0;
	struct buf b = {0};

	put_wish(&b, from, 2, 2);
	unit_assert_code(ess_receipt_request_decode(buf_get(&b), &request), 0);
	ck_assert_int_eq(request.from, from);
	unit_assert_bytes(request.content_id, BYTES_LIT("id"));
	ck_assert_int_eq(ess_list_has(request.from_list, is_b, &asked),
	    from == ESS_FROM_LIST);
	ck_assert_uint_eq(asked, from == ESS_FROM_LIST ? 2 : 0);
	ck_assert(ess_list_has(request.to, is_b, &asked));
	buf_clear(&b);
}
END_TEST

/* The form that openssl cms -sign -receipt_request_all writes. */
START_TEST(reads_what_openssl_writes)
{
	struct ess_receipt_request request;
	struct bytes names, address;
	struct der d, in;

	unit_assert_code(
	    ess_receipt_request_decode(unit_hex("30 1c 04 04 30 31 32 33 "
						"80 01 00 30 11 30 0f 81 0d "
						"61 40 65 78 61 6d 70 6c 65 "
						"2e 6f 72 67"),
		&request),
	    0);
	ck_assert_int_eq(request.from, ESS_FROM_ALL);
	der_init(&d, request.to);
	ck_assert(ess_names_next(&d, &names));
	der_init(&in, names);
	ck_assert(ess_address_next(&in, &address));
	unit_assert_bytes(address, BYTES_LIT("a@example.org"));
	ck_assert(!ess_address_next(&in, &address));
	ck_assert(!ess_names_next(&d, &names));
}
END_TEST

static const struct {
	const char *what, *hex;
	int code;
} broken[] = {
    {"nothing", "", -CS_ERR_TRUNCATED},
    {"receiptsTo is missing", "30 06 04 01 41 80 01 00", -CS_ERR_TRUNCATED},
    {"receiptsTo is empty", "30 08 04 01 41 80 01 00 30 00", -CS_ERR_ENCODING},
    {"GeneralNames is empty", "30 0a 04 01 41 80 01 00 30 02 30 00",
	-CS_ERR_ENCODING},
    {"a name that is none", "30 0d 04 01 41 80 01 00 30 05 30 03 04 01 41",
	-CS_ERR_ENCODING},
    {"another AllOrFirstTier", "30 0d 04 01 41 80 01 02 30 05 30 03 81 01 41",
	-CS_ERR_TOO_LARGE},
    {"something behind", "30 0d 04 01 41 80 01 00 30 05 30 03 81 01 41 05 00",
	-CS_ERR_TRAILING},
};

START_TEST(broken_requests_are_refused)
{
	struct ess_receipt_request request;

	ck_assert_msg(ess_receipt_request_decode(unit_hex(broken[_i].hex),
			  &request) == broken[_i].code,
	    "%s", broken[_i].what);
	ck_assert_uint_eq(request.to.len, 0);
}
END_TEST

static void
put_many(struct buf *b, size_t from, size_t to)
{
	size_t mark = der_open(b, DER_SEQUENCE), list, names, i;

	der_put(b, DER_OCTET_STRING, BYTES_LIT("id"));
	list = der_open(b, DER_CONTEXT_C(1));
	for (i = 0; i < from; i++) {
		names = der_open(b, DER_SEQUENCE);
		der_put_str(b, DER_CONTEXT(1), "a@b");
		der_close(b, names);
	}
	der_close(b, list);
	list = der_open(b, DER_SEQUENCE);
	for (i = 0; i < to; i++) {
		names = der_open(b, DER_SEQUENCE);
		der_put_str(b, DER_CONTEXT(1), "a@b");
		der_close(b, names);
	}
	der_close(b, list);
	der_close(b, mark);
}

START_TEST(lists_have_limits)
{
	static const struct {
		size_t from, to;
		int code;
	} rows[] = {
	    {ESS_ENTITIES_MAX, ESS_RECEIPTS_TO_MAX, 0},
	    {ESS_ENTITIES_MAX + 1, 1, -CS_ERR_TOO_LARGE},
	    {1, ESS_RECEIPTS_TO_MAX + 1, -CS_ERR_TOO_LARGE},
	    {100000, 1, -CS_ERR_TOO_LARGE},
	};
	struct ess_receipt_request request;
	struct buf b = {0};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&b);
		put_many(&b, rows[i].from, rows[i].to);
		unit_assert_code(
		    ess_receipt_request_decode(buf_get(&b), &request),
		    rows[i].code);
	}
	buf_clear(&b);
}
END_TEST

/* What could end a header line is no address. */
START_TEST(addresses_are_visible_ascii)
{
	struct bytes address;
	struct der d;

	der_init(&d, unit_hex("81 04 61 40 0a 62 81 00 82 01 61 81 03 61 40 "
			      "62"));
	ck_assert(ess_address_next(&d, &address));
	unit_assert_bytes(address, BYTES_LIT("a@b"));
	ck_assert(!ess_address_next(&d, &address));
}
END_TEST

START_TEST(receipts_come_back)
{
	struct ess_receipt in = {oid_get(OID_DATA), BYTES_LIT("id"),
			       BYTES_LIT("sig")},
			   out;
	struct buf b = {0};

	der_put_receipt(&b, &in);
	unit_assert_code(ess_receipt_decode(buf_get(&b), &out), 0);
	unit_assert_bytes(out.content_type, in.content_type);
	unit_assert_bytes(out.content_id, in.content_id);
	unit_assert_bytes(out.signature, in.signature);
	buf_clear(&b);
	unit_assert_code(
	    ess_receipt_decode(unit_hex("30 0c 02 01 00 06 01 2a 04 01 41 04 "
					"01 42"),
		&out),
	    -CS_ERR_UNSUPPORTED);
	ck_assert_uint_eq(out.signature.len, 0);
}
END_TEST

/* An MLData of a list with key id 4b 4c, at 2026-11-29 01:02:03. */
#define LIST "04 02 4b 4c 18 0f 32 30 32 36 31 31 32 39 30 31 30 32 30 33 5a "
#define TO_A "30 05 81 03 61 40 62 "

static const struct {
	const char *hex;
	int code;
	size_t lists;
	enum ess_list_policy policy;
} histories[] = {
    {"30 17 30 15 " LIST, 0, 1, ESS_LIST_AS_ASKED},
    {"30 19 30 17 " LIST "80 00", 0, 1, ESS_LIST_NONE},
    {"30 20 30 1e " LIST "a1 07 " TO_A, 0, 1, ESS_LIST_INSTEAD_OF},
    {"30 20 30 1e " LIST "a2 07 " TO_A, 0, 1, ESS_LIST_IN_ADDITION_TO},
    {"30 30 30 15 " LIST "30 17 " LIST "80 00", 0, 2, ESS_LIST_NONE},
    {"30 00", -CS_ERR_ENCODING, 0, ESS_LIST_AS_ASKED},
    {"30 19 30 17 " LIST "a1 00", -CS_ERR_ENCODING, 0, ESS_LIST_AS_ASKED},
    {"30 1a 30 18 " LIST "80 01 00", -CS_ERR_ENCODING, 0, ESS_LIST_AS_ASKED},
    {"30 19 30 17 " LIST "a3 00", -CS_ERR_ENCODING, 0, ESS_LIST_AS_ASKED},
    /* UTCTime */
    {"30 15 30 13 04 02 4b 4c 17 0d 32 36 31 31 32 39 30 31 30 32 30 33 5a",
	-CS_ERR_ENCODING, 0, ESS_LIST_AS_ASKED},
};

START_TEST(histories_are_read)
{
	struct ess_list last, list;
	struct bytes lists;
	size_t n = 0;
	struct der d;

	unit_assert_code(
	    ess_history_decode(unit_hex(histories[_i].hex), &lists, &last),
	    histories[_i].code);
	ck_assert_int_eq(last.policy, histories[_i].policy);
	der_init(&d, lists);
	while (ess_list_next(&d, &list)) {
		unit_assert_bytes(list.id.key_id, BYTES_LIT("KL"));
		ck_assert_int_eq(list.time, 1795914123);
		n++;
	}
	ck_assert_uint_eq(n, histories[_i].lists);
}
END_TEST

START_TEST(histories_have_a_limit)
{
	struct bytes lists, one = unit_hex("30 15 " LIST);
	struct ess_list last;
	struct buf b = {0};
	size_t mark = der_open(&b, DER_SEQUENCE), i;

	for (i = 0; i <= ESS_LISTS_MAX; i++)
		der_put_raw(&b, one);
	der_close(&b, mark);
	unit_assert_code(
	    ess_history_decode(buf_get(&b), &lists, &last), -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(lists.len, 0);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ess");
	TCase *tcase = tcase_create("ess");

	tcase_add_loop_test(tcase, requests_come_back, 0, ESS_FROM_LIST + 1);
	tcase_add_test(tcase, reads_what_openssl_writes);
	tcase_add_loop_test(tcase, broken_requests_are_refused, 0,
	    sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(tcase, lists_have_limits);
	tcase_add_test(tcase, addresses_are_visible_ascii);
	tcase_add_test(tcase, receipts_come_back);
	tcase_add_loop_test(tcase, histories_are_read, 0,
	    sizeof(histories) / sizeof(histories[0]));
	tcase_add_test(tcase, histories_have_a_limit);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
