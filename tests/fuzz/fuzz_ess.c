/*
 * fuzz_ess.c: hostile octets as what signed attributes of Enhanced Security
 * Services say (RFC 2634), and as the content of a receipt; the first octet
 * chooses which. Beside memory errors it finds broken promises:
 * - what is taken ends where it ends: one octet more is refused;
 * - lists that were checked can be walked to their end, and keep to their
 *   limits;
 * - receipts and labels are the same when they are written again;
 * - what a person is told of it is text;
 * - no label is cleared but those that the rules name.
 */
#include <stdlib.h>
#include <string.h>

#include "asn1/utf8.h"
#include "client/cms/label.h"
#include "client/pkix/general_name.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "ess";
bool fuzz_is_planted;

const char *const fuzz_words[] = {"\x30\x80", "\x30\x84\x7f\xff\xff\xff",
    "\x31\x82\x01", "\xa0\x03\x02\x01\x01", "\x80\x01\x01", "\x80\x01\x02",
    "\xa1\x00",
    "\xa2\x07\x30\x05\x81\x03"
    "a@b",
    "\x30\x05\x81\x03"
    "a@b",
    "\x81\x04"
    "a\r\nb",
    "\x04\x00", "\x02\x01\x01", "\x02\x02\x01\x00", "\x06\x02\x2a\x03",
    "\x06\x80", "\x0c\x02\xc3\xa4", "\x0c\x03\xe2\x80\xae", "\x13\x01A",
    "\x30\x08\x80\x02\x2a\x05\xa1\x02\x05\x00",
    "\x18\x0f"
    "20270615120000Z",
    NULL};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* With one octet more behind it. */
static void
lengthen(struct buf *longer, struct bytes in)
{
	buf_add_bytes(longer, in);
	buf_add_byte(longer, 0);
	require(longer->err == 0);
}

/* How many there are, all of them walked to the end. */
static size_t
walk_entities(struct bytes list)
{
	struct bytes names, address;
	struct der d, in;
	size_t n = 0;

	der_init(&d, list);
	for (; ess_names_next(&d, &names); n++) {
		der_init(&in, names);
		while (ess_address_next(&in, &address))
			require(utf8_is_valid(address) &&
				!bytes_has_control(address));
		require(der_end(&in) == 0);
	}
	require(der_end(&d) == 0);
	return n;
}

/* What is told of, and of whom; large, and so not on the stack. */
static struct verdict_ess ess;
static struct verdict_signer signer = {.ess = &ess};

/* A person sees lines of text. Nothing is told of after that. */
static void
check_told(void)
{
	struct buf b = {0};
	size_t i;

	verdict_put_ess(&b, &signer);
	require(b.err == 0 && utf8_is_valid(buf_get(&b)));
	for (i = 0; i < b.len; i++)
		require(b.data[i] == '\n' || b.data[i] >= 0x20);
	buf_clear(&b);
	buf_clear(&ess.request_value);
	buf_clear(&ess.history_value);
	buf_clear(&ess.label_value);
	buf_clear(&ess.equivalents_value);
	ess.request.state = ess.history.state = ess.label.state =
	    ess.equivalents.state = FINDING_NOT_CHECKED;
}

static void
fuzz_request(struct bytes in)
{
	struct ess_receipt_request request;
	struct buf longer = {0};
	size_t n;

	if (ess_receipt_request_decode(in, &request) != 0) {
		require(request.to.len == 0 && request.content_id.len == 0);
		return;
	}
	n = walk_entities(request.to);
	require(n >= 1 && n <= ESS_RECEIPTS_TO_MAX);
	require(!fuzz_is_planted || n == 1);
	require(walk_entities(request.from_list) <= ESS_ENTITIES_MAX);
	require(request.from == ESS_FROM_LIST || request.from_list.len == 0);
	lengthen(&longer, in);
	require(ess_receipt_request_decode(buf_get(&longer), &request) != 0);
	ess.request.state = FINDING_GOOD;
	buf_add_bytes(&ess.request_value, in);
	check_told();
	buf_clear(&longer);
}

static void
fuzz_receipt(struct bytes in)
{
	struct ess_receipt receipt;
	struct buf again = {0};

	if (ess_receipt_decode(in, &receipt) != 0) {
		require(receipt.signature.len == 0);
		return;
	}
	require(receipt.content_id.len <= ESS_CONTENT_ID_MAX);
	der_put_receipt(&again, &receipt);
	require(bytes_is_equal(buf_get(&again), in));
	buf_clear(&again);
}

static void
fuzz_history(struct bytes in)
{
	struct ess_list list, last;
	struct buf longer = {0};
	struct bytes lists;
	struct der d;
	size_t n = 0;

	if (ess_history_decode(in, &lists, &last) != 0) {
		require(lists.len == 0 && last.to.len == 0);
		return;
	}
	der_init(&d, lists);
	for (; ess_list_next(&d, &list); n++) {
		(void)walk_entities(list.to);
		require(
		    (list.policy >= ESS_LIST_INSTEAD_OF) == (list.to.len != 0));
		require(list.id.key_id.len <= CERT_ID_KEY_ID_MAX);
	}
	require(der_end(&d) == 0 && n >= 1 && n <= ESS_LISTS_MAX);
	lengthen(&longer, in);
	require(ess_history_decode(buf_get(&longer), &lists, &list) != 0);
	ess.history.state = FINDING_GOOD;
	buf_add_bytes(&ess.history_value, in);
	check_told();
	buf_clear(&longer);
}

/* 1.2.3, up to 4, with categories of 1.2.5 only. */
static const struct label_rules *
get_rules(void)
{
	static struct label_rules rules;
	static struct buf category;
	struct label_policy *policy;

	if (rules.policies_len != 0)
		return &rules;
	policy = label_rules_add(&rules, BYTES_LIT("\x2a\x03"));
	require(policy != NULL);
	buf_add_bytes(&category, BYTES_LIT("\x2a\x05"));
	policy->clearance = 4;
	policy->categories = &category;
	policy->categories_len = 1;
	return &rules;
}

static void
check_label(const struct ess_label *label)
{
	struct ess_label again;
	struct finding clearance;
	struct buf b = {0};

	der_put_label(&b, label);
	require(ess_label_decode(buf_get(&b), &again) == 0);
	require(bytes_is_equal(again.policy, label->policy));
	require(again.classification == label->classification);
	require(bytes_is_equal(again.mark, label->mark));
	require(again.categories.len == label->categories.len);
	buf_clear(&b);
	label_check(get_rules(), label, BYTES_NONE, true, &clearance);
	if (clearance.state == FINDING_GOOD)
		require(bytes_is_equal(label->policy, BYTES_LIT("\x2a\x03")) &&
			label->classification != ESS_CLASSIFICATION_NONE &&
			label->classification <= 4);
	(void)label_wants_encryption(get_rules(), label);
}

static void
fuzz_labels(struct bytes in)
{
	struct ess_label label;
	struct bytes labels;
	struct der d;

	if (ess_label_decode(in, &label) == 0) {
		check_label(&label);
		ess.label.state = FINDING_GOOD;
		buf_add_bytes(&ess.label_value, in);
		check_told();
	}
	if (ess_equivalents_decode(in, BYTES_NONE, &labels) != 0)
		return;
	der_init(&d, labels);
	while (ess_label_next(&d, &label))
		check_label(&label);
	require(der_end(&d) == 0);
	ess.label.state = ess.equivalents.state = FINDING_GOOD;
	buf_add_bytes(&ess.label_value, BYTES_LIT("\x31\x04\x06\x02\x2a\x01"));
	buf_add_bytes(&ess.equivalents_value, in);
	check_told();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const fuzz_decoder decoders[] = {
	    fuzz_request, fuzz_receipt, fuzz_history, fuzz_labels};

	return fuzz_choose(
	    decoders, sizeof(decoders) / sizeof(decoders[0]), data, len);
}
