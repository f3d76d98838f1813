#include "client/cms/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/craft.h"

#define CONTENT BYTES_LIT("content")

static struct err e;

static void
setup(void)
{
	world_reset();
	err_clear(&e);
}

static void
put_request(
    struct buf *b, const char *id, enum ess_receipts_from from, const char *of)
{
	static const char *const to[] = {"alice@example.org"};
	struct ess_receipt_wish wish = {
	    .content_id = bytes_of_str(id),
	    .from = from,
	    .from_list = &of,
	    .from_len = 1,
	    .to = to,
	    .to_len = 1,
	};

	der_put_receipt_request(b, &wish);
}

/* A message by that person, with signed and unsigned attributes more. */
static struct verdict *
read_with(enum person who, const struct buf *more, struct buf *unsigned_attrs)
{
	struct buf attrs = {0}, cms = {0};
	struct craft_signed c = {
	    .who = who,
	    .content = CONTENT,
	    .attrs = &attrs,
	    .unsigned_attrs = unsigned_attrs,
	};
	struct verdict *v;

	craft_attrs(&attrs, CONTENT);
	buf_add_bytes(&attrs, buf_get(more));
	craft_signed(&c, &cms);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, NULL, &e), 0);
	buf_clear(&attrs);
	buf_clear(&cms);
	return v;
}

static struct verdict *
read_request(enum person who, const char *id, enum ess_receipts_from from,
    const char *of)
{
	struct buf value = {0}, attrs = {0};
	struct verdict *v;

	put_request(&value, id, from, of);
	attr_put(&attrs, OID_RECEIPT_REQUEST, buf_get(&value));
	v = read_with(who, &attrs, NULL);
	buf_clear(&value);
	buf_clear(&attrs);
	return v;
}

START_TEST(asked_ones_are_found)
{
	static const struct {
		enum ess_receipts_from from;
		const char *of;
		int code;
	} rows[] = {
	    {ESS_FROM_ALL, NULL, 0},
	    {ESS_FROM_FIRST_TIER, NULL, 0},
	    {ESS_FROM_LIST, "BOB@example.org", -CS_ERR_NOT_ASKED},
	    {ESS_FROM_LIST, "bob@example.org", 0},
	    {ESS_FROM_LIST, "carol@example.org", -CS_ERR_NOT_ASKED},
	};
	struct receipt_plan plan;
	struct verdict *v;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = read_request(ALICE, "id", rows[i].from, rows[i].of);
		unit_assert_summary(v, VERDICT_VERIFIED);
		unit_assert_code(receipt_plan(v, &plan, &e), 0);
		ck_assert(!plan.was_encrypted);
		unit_assert_code(
		    receipt_check_asked(&plan, world_cert(BOB), &e),
		    rows[i].code);
		verdict_free(v);
	}
}
END_TEST

/* The outcome of each has a name. */
static void
assert_refused(struct verdict *v, int code, const char *why)
{
	struct receipt_plan plan;

	unit_assert_code(receipt_plan(v, &plan, &e), code);
	ck_assert_msg(
	    strstr(err_get_text(&e), why) != NULL, "%s", err_get_text(&e));
	ck_assert_ptr_null(plan.signer);
	verdict_free(v);
}

START_TEST(without_a_request_there_is_none)
{
	struct buf none = {0};

	assert_refused(read_with(ALICE, &none, NULL), -CS_ERR_NOT_ASKED,
	    "no signature of the message asks for one");
}
END_TEST

START_TEST(an_untrusted_signer_gets_none)
{
	assert_refused(read_request(MALLORY, "id", ESS_FROM_ALL, NULL),
	    -CS_ERR_NO_PATH, "");
}
END_TEST

START_TEST(two_values_are_no_request)
{
	struct buf one = {0}, attrs = {0};
	size_t sequence, set;
	struct verdict *v;

	put_request(&one, "id", ESS_FROM_ALL, NULL);
	sequence = der_open(&attrs, DER_SEQUENCE);
	der_put_oid(&attrs, OID_RECEIPT_REQUEST);
	set = der_open(&attrs, DER_SET);
	der_put_raw(&attrs, buf_get(&one));
	der_put_raw(&attrs, buf_get(&one));
	der_close(&attrs, set);
	der_close(&attrs, sequence);
	v = read_with(ALICE, &attrs, NULL);
	unit_assert_summary(v, VERDICT_VERIFIED);
	assert_refused(v, -CS_ERR_NOT_ASKED, "receiptRequest");
	buf_clear(&attrs);
	buf_clear(&one);
}
END_TEST

/* Two attributes of one type, and one where it must not stand, spoil the
 * signature. */
START_TEST(two_or_unsigned_ones_are_a_bad_message)
{
	struct buf one = {0}, attrs = {0}, none = {0};
	struct verdict *v;

	put_request(&one, "id", ESS_FROM_ALL, NULL);
	attr_put(&attrs, OID_RECEIPT_REQUEST, buf_get(&one));
	v = read_with(ALICE, &none, &attrs);
	unit_assert_summary(v, VERDICT_BAD);
	assert_refused(v, -CS_ERR_ATTRIBUTES, "unsigned");
	attr_put(&attrs, OID_RECEIPT_REQUEST, buf_get(&one));
	v = read_with(ALICE, &attrs, NULL);
	unit_assert_summary(v, VERDICT_BAD);
	assert_refused(v, -CS_ERR_ATTRIBUTES, "");
	buf_clear(&attrs);
	buf_clear(&one);
}
END_TEST

START_TEST(giant_lists_are_no_request)
{
	struct buf value = {0}, attrs = {0};
	size_t mark = der_open(&value, DER_SEQUENCE), list, names, i;

	der_put(&value, DER_OCTET_STRING, BYTES_LIT("id"));
	list = der_open(&value, DER_CONTEXT_C(1));
	for (i = 0; i < 10000; i++) {
		names = der_open(&value, DER_SEQUENCE);
		der_put_str(&value, DER_CONTEXT(1), "bob@example.org");
		der_close(&value, names);
	}
	der_close(&value, list);
	list = der_open(&value, DER_SEQUENCE);
	names = der_open(&value, DER_SEQUENCE);
	der_put_str(&value, DER_CONTEXT(1), "alice@example.org");
	der_close(&value, names);
	der_close(&value, list);
	der_close(&value, mark);
	attr_put(&attrs, OID_RECEIPT_REQUEST, buf_get(&value));
	assert_refused(
	    read_with(ALICE, &attrs, NULL), -CS_ERR_NOT_ASKED, "limit");
	buf_clear(&attrs);
	buf_clear(&value);
}
END_TEST

/* RFC 2634 2.2.1: they MUST be identical. */
START_TEST(signers_must_ask_alike)
{
	struct verdict *a = read_request(ALICE, "id", ESS_FROM_ALL, NULL);
	struct verdict *b =
	    read_request(BOB, _i == 0 ? "id" : "other", ESS_FROM_ALL, NULL);
	struct verdict_signer *signers = calloc(2, sizeof(*signers));
	struct verdict_layer layer = {
	    .kind = VERDICT_SIGNED, .signers = signers, .signers_len = 2};
	struct ess_receipt_request request;

	ck_assert_ptr_nonnull(signers);
	signers[0] = a->layers[0].signers[0];
	signers[1] = b->layers[0].signers[0];
	verdict_compare_ess(&layer);
	ck_assert_int_eq(verdict_get_request(&signers[0], &request), _i == 0);
	ck_assert_int_eq(verdict_get_request(&signers[1], &request), _i == 0);
	free(signers);
	verdict_free(a);
	verdict_free(b);
}
END_TEST

/* --- mailing lists --- */

#define MLDATA "04 02 4b 4c 18 0f 32 30 32 36 31 31 32 39 30 31 30 32 30 33 5a "
#define TO_CAROL \
	"30 13 81 11 63 61 72 6f 6c 40 65 78 61 6d 70 6c 65 2e 6f 72 67"

static const struct {
	enum ess_receipts_from from;
	const char *history;
	int code;
	const char *to[2]; /* the first octets of the lists */
	const char *why;
} lists[] = {
    {ESS_FROM_ALL, "30 17 30 15 " MLDATA, 0, {"alice@example.org"}, ""},
    {ESS_FROM_FIRST_TIER, "30 17 30 15 " MLDATA, -CS_ERR_NOT_ASKED, {NULL},
	"came by a mailing list"},
    {ESS_FROM_ALL, "30 19 30 17 " MLDATA "80 00", -CS_ERR_NOT_ASKED, {NULL},
	"wants none"},
    {ESS_FROM_ALL, "30 2e 30 2c " MLDATA "a1 15 " TO_CAROL, 0,
	{"carol@example.org"}, ""},
    {ESS_FROM_ALL, "30 2e 30 2c " MLDATA "a2 15 " TO_CAROL, 0,
	{"alice@example.org", "carol@example.org"}, ""},
    {ESS_FROM_ALL, "30 00", -CS_ERR_NOT_ASKED, {NULL}, "mlExpandHistory"},
};

static bool
is_the_one(void *ctx, struct bytes address)
{
	return bytes_is_equal(address, bytes_of_str(ctx));
}

START_TEST(the_last_list_decides)
{
	struct buf value = {0}, attrs = {0};
	struct receipt_plan plan;
	struct verdict *v;
	size_t i;

	put_request(&value, "id", lists[_i].from, NULL);
	attr_put(&attrs, OID_RECEIPT_REQUEST, buf_get(&value));
	attr_put(&attrs, OID_MLEXPANSION_HISTORY, unit_hex(lists[_i].history));
	v = read_with(ALICE, &attrs, NULL);
	unit_assert_summary(v, VERDICT_VERIFIED);
	unit_assert_code(receipt_plan(v, &plan, &e), lists[_i].code);
	if (lists[_i].code != 0)
		ck_assert_msg(strstr(err_get_text(&e), lists[_i].why) != NULL,
		    "%s", err_get_text(&e));
	for (i = 0; i < plan.to_len; i++)
		ck_assert(ess_list_has(plan.to[i], is_the_one,
		    (void *)(uintptr_t)lists[_i].to[i]));
	ck_assert(i == 2 || lists[_i].to[i] == NULL);
	verdict_free(v);
	buf_clear(&value);
	buf_clear(&attrs);
}
END_TEST

/* --- matching --- */

/* Bob's receipt by that plan; digest: of the attribute, or NULL. */
static struct verdict *
receive(const struct receipt_plan *plan, const struct buf *digest)
{
	struct buf value = {0}, own = {0}, cms = {0};
	struct cms_signer bob = world_signer(BOB, false);
	struct cms_sign_params params = world_sign_params(&bob, 1);
	struct cms_attr attr = {.type = OID_MSG_SIG_DIGEST};
	struct bytes_source source;
	struct sink *sink = sink_new_buf(&cms);
	struct verdict *v;

	receipt_put(plan, &value, &own);
	attr.value = buf_get(digest != NULL ? digest : &own);
	params.content_type = OID_RECEIPT;
	params.attrs = &attr;
	params.attrs_len = 1;
	bytes_source_init(&source, buf_get(&value), 7);
	unit_assert_code(
	    cms_sign_opaque_der(&params, &source.source, sink, &e), 0);
	sink_free(sink);
	unit_assert_code(
	    world_read(&world.params, buf_get(&cms), &v, NULL, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	buf_clear(&cms);
	buf_clear(&value);
	buf_clear(&own);
	return v;
}

static void
assert_mismatch(
    const struct verdict *sent, struct verdict *received, const char *why)
{
	unit_assert_code(receipt_match(sent, received, &e), 0);
	unit_assert_summary(received, VERDICT_BAD);
	unit_assert_code(received->code, -CS_ERR_RECEIPT);
	ck_assert_msg(
	    strstr(received->text, why) != NULL, "%s", received->text);
	verdict_free(received);
}

START_TEST(receipts_match_their_message)
{
	struct verdict *sent =
	    read_request(ALICE, "id", ESS_FROM_LIST, "bob@example.org");
	struct verdict *other = read_request(ALICE, "id2", ESS_FROM_ALL, NULL);
	struct verdict *received;
	struct receipt_plan plan;
	struct buf digest = {0};

	unit_assert_code(receipt_plan(sent, &plan, &e), 0);
	received = receive(&plan, NULL);
	unit_assert_code(receipt_match(sent, received, &e), 0);
	unit_assert_summary(received, VERDICT_VERIFIED);
	ck_assert_int_eq(
	    received->layers[0].receipt->match.state, FINDING_GOOD);
	ck_assert_uint_eq(received->warnings_len, 0);
	/* no receipt is made for a receipt */
	assert_refused(received, -CS_ERR_NOT_ASKED, "receipt itself");

	assert_mismatch(other, receive(&plan, NULL), "another message");
	der_put(&digest, DER_OCTET_STRING, BYTES_LIT("of something else"));
	assert_mismatch(sent, receive(&plan, &digest), "msgSigDigest");
	unit_assert_code(receipt_plan(sent, &plan, &e), 0);
	plan.request.content_id = BYTES_LIT("id2");
	assert_mismatch(sent, receive(&plan, NULL), "another request");
	buf_clear(&digest);
	verdict_free(other);
	verdict_free(sent);
}
END_TEST

START_TEST(what_is_none_does_not_match)
{
	struct verdict *sent = read_request(ALICE, "id", ESS_FROM_ALL, NULL);
	struct buf none = {0};
	struct verdict *plain = read_with(ALICE, &none, NULL), *received;
	struct receipt_plan plan;

	unit_assert_code(receipt_match(sent, plain, &e), -CS_ERR_RECEIPT);
	unit_assert_code(receipt_plan(sent, &plan, &e), 0);
	received = receive(&plan, NULL);
	unit_assert_code(receipt_match(plain, received, &e), -CS_ERR_RECEIPT);
	verdict_free(received);
	verdict_free(plain);
	verdict_free(sent);
}
END_TEST

START_TEST(who_was_not_asked_is_told)
{
	struct verdict *sent =
	    read_request(ALICE, "id", ESS_FROM_LIST, "carol@example.org");
	struct verdict *received;
	struct receipt_plan plan;

	unit_assert_code(receipt_plan(sent, &plan, &e), 0);
	received = receive(&plan, NULL);
	unit_assert_code(receipt_match(sent, received, &e), 0);
	unit_assert_summary(received, VERDICT_VERIFIED);
	ck_assert_uint_eq(received->warnings_len, 1);
	verdict_free(received);
	verdict_free(sent);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("receipt");
	TCase *tcase = tcase_create("receipt");
	int failed;

	world_init();
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, asked_ones_are_found);
	tcase_add_test(tcase, without_a_request_there_is_none);
	tcase_add_test(tcase, an_untrusted_signer_gets_none);
	tcase_add_test(tcase, two_values_are_no_request);
	tcase_add_test(tcase, two_or_unsigned_ones_are_a_bad_message);
	tcase_add_test(tcase, giant_lists_are_no_request);
	tcase_add_loop_test(tcase, signers_must_ask_alike, 0, 2);
	tcase_add_loop_test(
	    tcase, the_last_list_decides, 0, sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(tcase, receipts_match_their_message);
	tcase_add_test(tcase, what_is_none_does_not_match);
	tcase_add_test(tcase, who_was_not_asked_is_told);
	suite_add_tcase(suite, tcase);
	failed = unit_run(suite);
	world_free();
	return failed;
}
