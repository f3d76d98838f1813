#include "client/cms/label.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/craft.h"

#define CONTENT BYTES_LIT("content")
/* Policies by their last arc: 1.2.1, 1.2.2 ... */
#define OID_OF(n) bytes_of((const uint8_t[]){0x2a, (n)}, 2)
#define KNOWN 1
#define OTHER 2
#define UNKNOWN 9
#define NONE ESS_CLASSIFICATION_NONE

static struct err e;
static struct label_rules rules, above;

static void
setup(void)
{
	world_reset();
	err_clear(&e);
	rules = above = (struct label_rules){0};
}

static void
teardown(void)
{
	label_rules_clear(&rules);
	label_rules_clear(&above);
}

static struct label_policy *
add_policy(struct label_rules *to, uint8_t n, int clearance)
{
	struct label_policy *policy = label_rules_add(to, OID_OF(n));

	ck_assert_ptr_nonnull(policy);
	policy->clearance = clearance;
	return policy;
}

static void
name_class(struct label_policy *policy, int value, const char *name)
{
	ck_assert_uint_eq(policy->classes_len, 0);
	policy->classes = calloc(1, sizeof(*policy->classes));
	ck_assert_ptr_nonnull(policy->classes);
	policy->classes[0] = (struct label_class){value, strdup(name)};
	policy->classes_len = 1;
}

static void
allow_category(struct label_policy *policy, uint8_t n)
{
	policy->categories = calloc(1, sizeof(*policy->categories));
	ck_assert_ptr_nonnull(policy->categories);
	policy->categories_len = 1;
	buf_add_bytes(&policy->categories[0], OID_OF(n));
}

/* A list of one label of that policy. */
static void
put_equivalent(struct buf *b, uint8_t n, int class)
{
	struct ess_label label = {.policy = OID_OF(n), .classification = class};

	der_put_label(b, &label);
	ck_assert_int_eq(b->err, 0);
}

static enum finding_state
check_with(uint8_t n, int class, const struct buf *equivalents, bool is_trusted)
{
	struct ess_label label = {.policy = OID_OF(n), .classification = class};
	struct finding f = {0};

	label_check(&rules, &label,
	    equivalents != NULL ? buf_get(equivalents) : BYTES_NONE, is_trusted,
	    &f);
	unit_assert_code(f.code, f.state == FINDING_BAD ? -CS_ERR_LABEL : 0);
	ck_assert_int_ne(f.text[0], '\0');
	return f.state;
}

static enum finding_state
check(uint8_t n, int class)
{
	return check_with(n, class, NULL, true);
}

static const struct {
	int clearance, class;
	enum finding_state want;
} clearances[] = {
    {3, 0, FINDING_GOOD},
    {3, 3, FINDING_GOOD},
    {3, 4, FINDING_BAD},
    {3, 256, FINDING_BAD},
    {3, NONE, FINDING_BAD},
    {0, 0, FINDING_GOOD},
    {0, 1, FINDING_BAD},
    {256, 256, FINDING_GOOD},
    {LABEL_CLEARANCE_ANY, 256, FINDING_GOOD},
    {LABEL_CLEARANCE_ANY, NONE, FINDING_GOOD},
    {LABEL_CLEARANCE_NONE, 0, FINDING_BAD},
    {LABEL_CLEARANCE_NONE, NONE, FINDING_BAD},
};

START_TEST(clearance_is_the_highest)
{
	add_policy(&rules, KNOWN, clearances[_i].clearance);
	ck_assert_int_eq(
	    check(KNOWN, clearances[_i].class), clearances[_i].want);
}
END_TEST

START_TEST(policies_have_their_own_classes)
{
	struct label_policy *policy = add_policy(&rules, KNOWN, 4);

	ck_assert_str_eq(label_class_name(policy, 4), "secret");
	ck_assert_int_eq(label_class_find(policy, "top-secret"), 5);
	ck_assert_int_eq(label_class_find(policy, "256"), 256);
	ck_assert_int_eq(label_class_find(policy, "257"), -1);
	ck_assert_int_eq(label_class_find(policy, "99999999999999999999"), -1);
	ck_assert_int_eq(label_class_find(policy, "4x"), -1);
	ck_assert_int_eq(label_class_find(policy, ""), -1);
	ck_assert_int_eq(check(KNOWN, 3), FINDING_GOOD);
	name_class(policy, 4, "hush");
	ck_assert_str_eq(label_class_name(policy, 4), "hush");
	ck_assert_int_eq(label_class_find(policy, "hush"), 4);
	ck_assert_int_eq(label_class_find(policy, "top-secret"), -1);
	ck_assert_int_eq(check(KNOWN, 4), FINDING_GOOD);
	/* below the clearance, and nobody knows what it is */
	ck_assert_int_eq(check(KNOWN, 3), FINDING_BAD);
}
END_TEST

START_TEST(categories_are_allowed_by_type)
{
	struct ess_category category = {OID_OF(5), unit_hex("05 00")};
	struct ess_label label = {.policy = OID_OF(KNOWN)};
	struct label_policy *policy = add_policy(&rules, KNOWN, 3);
	struct buf categories = {0};
	struct finding f = {0};

	der_put_category(&categories, &category);
	label.categories = buf_get(&categories);
	label_check(&rules, &label, BYTES_NONE, true, &f);
	ck_assert_int_eq(f.state, FINDING_BAD);
	allow_category(policy, 5);
	label_check(&rules, &label, BYTES_NONE, true, &f);
	ck_assert_int_eq(f.state, FINDING_GOOD);
	category.type = OID_OF(6);
	der_put_category(&categories, &category);
	label.categories = buf_get(&categories);
	label_check(&rules, &label, BYTES_NONE, true, &f);
	ck_assert_int_eq(f.state, FINDING_BAD);
	buf_clear(&categories);
}
END_TEST

START_TEST(unknown_policies_are_withheld)
{
	ck_assert_int_eq(check(UNKNOWN, 0), FINDING_BAD);
	rules.unknown = LABEL_UNKNOWN_WITHHOLD;
	ck_assert_int_eq(check(UNKNOWN, 0), FINDING_BAD);
	rules.unknown = LABEL_UNKNOWN_SHOW;
	ck_assert_int_eq(check(UNKNOWN, 0), FINDING_UNKNOWN);
}
END_TEST

/* RFC 2634 3.4 */
START_TEST(equivalents_stand_in_for_an_unknown_policy)
{
	struct label_policy *policy = add_policy(&rules, KNOWN, 3);
	struct buf low = {0}, high = {0};

	put_equivalent(&low, KNOWN, 3);
	put_equivalent(&high, KNOWN, 4);
	ck_assert_int_eq(check_with(UNKNOWN, 0, &low, true), FINDING_BAD);
	policy->takes_equivalents = true;
	ck_assert_int_eq(check_with(UNKNOWN, 0, &low, true), FINDING_GOOD);
	ck_assert_int_eq(check_with(UNKNOWN, 0, &low, false), FINDING_BAD);
	ck_assert_int_eq(check_with(UNKNOWN, 0, &high, true), FINDING_BAD);
	/* what is cleared by one of two is not cleared */
	add_policy(&rules, OTHER, 3)->takes_equivalents = true;
	put_equivalent(&low, OTHER, 4);
	ck_assert_int_eq(check_with(UNKNOWN, 0, &low, true), FINDING_BAD);
	/* where the label's policy is known they do not count */
	ck_assert_int_eq(check_with(KNOWN, 4, &low, true), FINDING_BAD);
	ck_assert_int_eq(check_with(KNOWN, 3, &high, true), FINDING_GOOD);
	/* that such labels are shown does not show one that is known */
	rules.unknown = LABEL_UNKNOWN_SHOW;
	ck_assert_int_eq(check_with(UNKNOWN, 0, &high, true), FINDING_BAD);
	buf_clear(&low);
	buf_clear(&high);
}
END_TEST

START_TEST(the_stricter_rules_count)
{
	rules.above = &above;
	add_policy(&above, KNOWN, 3);
	add_policy(&rules, OTHER, LABEL_CLEARANCE_ANY);
	/* known above alone */
	ck_assert_int_eq(check(KNOWN, 3), FINDING_GOOD);
	ck_assert_int_eq(check(KNOWN, 4), FINDING_BAD);
	rules.unknown = LABEL_UNKNOWN_WITHHOLD;
	ck_assert_int_eq(check(KNOWN, 3), FINDING_GOOD);
	/* known here alone: above it is an unknown one */
	ck_assert_int_eq(check(OTHER, 0), FINDING_BAD);
	above.unknown = LABEL_UNKNOWN_SHOW;
	ck_assert_int_eq(check(OTHER, 0), FINDING_UNKNOWN);
	/* known nowhere */
	ck_assert_int_eq(check(UNKNOWN, 0), FINDING_BAD);
	rules.unknown = LABEL_UNKNOWN_UNSAID;
	ck_assert_int_eq(check(UNKNOWN, 0), FINDING_UNKNOWN);
	above.unknown = LABEL_UNKNOWN_UNSAID;
	rules.unknown = LABEL_UNKNOWN_SHOW;
	ck_assert_int_eq(check(UNKNOWN, 0), FINDING_BAD);
	/* in both */
	add_policy(&rules, KNOWN, LABEL_CLEARANCE_ANY);
	ck_assert_int_eq(check(KNOWN, 3), FINDING_GOOD);
	ck_assert_int_eq(check(KNOWN, 4), FINDING_BAD);
	add_policy(&above, OTHER, LABEL_CLEARANCE_ANY);
	rules.policies[0].clearance = 1;
	ck_assert_int_eq(check(OTHER, 1), FINDING_GOOD);
	ck_assert_int_eq(check(OTHER, 2), FINDING_BAD);
}
END_TEST

START_TEST(some_want_encryption)
{
	struct ess_label label = {.policy = OID_OF(KNOWN), .classification = 3};

	ck_assert(!label_wants_encryption(NULL, &label));
	add_policy(&above, KNOWN, 3);
	ck_assert(!label_wants_encryption(&above, &label));
	above.policies[0].encrypt_from = 3;
	rules.above = &above;
	ck_assert(label_wants_encryption(&rules, &label));
	label.classification = 2;
	ck_assert(!label_wants_encryption(&rules, &label));
	label.classification = NONE;
	ck_assert(label_wants_encryption(&rules, &label));
	label.policy = OID_OF(OTHER);
	ck_assert(!label_wants_encryption(&rules, &label));
}
END_TEST

/* --- whole messages --- */

static struct verdict *
read_with(enum person who, struct buf *more, struct buf *unsigned_attrs,
    const struct label_rules *by, struct buf *content)
{
	struct cms_reader_params params = world.params;
	struct buf attrs = {0}, cms = {0};
	struct craft_signed c = {
	    .who = who,
	    .content = CONTENT,
	    .attrs = &attrs,
	    .unsigned_attrs = unsigned_attrs,
	};
	struct verdict *v;

	params.labels = by;
	craft_attrs(&attrs, CONTENT);
	buf_add_bytes(&attrs, buf_get(more));
	craft_signed(&c, &cms);
	unit_assert_code(
	    world_read(&params, buf_get(&cms), &v, content, &e), 0);
	buf_clear(&attrs);
	buf_clear(&cms);
	return v;
}

static void
put_label_attr(struct buf *attrs, uint8_t n, int class)
{
	struct ess_label label = {.policy = OID_OF(n), .classification = class};
	struct buf value = {0};

	der_put_label(&value, &label);
	attr_put(attrs, OID_SECURITY_LABEL, buf_get(&value));
	buf_clear(&value);
}

static void
assert_withheld(struct buf *attrs, const char *why)
{
	struct buf content = {0};
	struct verdict *v = read_with(ALICE, attrs, NULL, &rules, &content);

	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_LABEL);
	ck_assert(v->is_withheld);
	ck_assert(!verdict_lets_out(v));
	ck_assert_uint_eq(content.len, 0);
	ck_assert_msg(
	    strstr(v->text, "withheld for its security label") != NULL &&
		strstr(v->text, why) != NULL,
	    "%s", v->text);
	verdict_free(v);
	/* without rules it is shown */
	v = read_with(ALICE, attrs, NULL, NULL, &content);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(!v->is_withheld);
	unit_assert_bytes(buf_get(&content), CONTENT);
	verdict_free(v);
	buf_clear(&content);
	buf_reset(attrs);
}

START_TEST(what_is_not_cleared_is_withheld)
{
	struct buf attrs = {0}, content = {0};
	struct verdict *v;

	add_policy(&rules, KNOWN, 3);
	put_label_attr(&attrs, KNOWN, 3);
	v = read_with(ALICE, &attrs, NULL, &rules, &content);
	unit_assert_summary(v, VERDICT_VERIFIED);
	unit_assert_bytes(buf_get(&content), CONTENT);
	verdict_free(v);
	buf_reset(&attrs);
	put_label_attr(&attrs, KNOWN, 4);
	assert_withheld(&attrs, "above the clearance");
	put_label_attr(&attrs, UNKNOWN, 0);
	assert_withheld(&attrs, "not known here");
	attr_put(&attrs, OID_SECURITY_LABEL, unit_hex("31 03 02 01 03"));
	assert_withheld(&attrs, "broken");
	attr_put(
	    &attrs, OID_EQUIVALENT_LABELS, unit_hex("30 06 31 04 06 02 2a 01"));
	assert_withheld(&attrs, "no label");
	buf_clear(&attrs);
	buf_clear(&content);
}
END_TEST

/* One attribute with two labels. */
START_TEST(two_values_are_broken)
{
	struct buf attrs = {0};
	size_t sequence = der_open(&attrs, DER_SEQUENCE), set;

	add_policy(&rules, KNOWN, 3);
	der_put_oid(&attrs, OID_SECURITY_LABEL);
	set = der_open(&attrs, DER_SET);
	der_put_raw(&attrs, unit_hex("31 04 06 02 2a 01"));
	der_put_raw(&attrs, unit_hex("31 04 06 02 2a 02"));
	der_close(&attrs, set);
	der_close(&attrs, sequence);
	assert_withheld(&attrs, "more than one value");
	buf_clear(&attrs);
}
END_TEST

/* Where a label must not stand it spoils the signature, with rules and
 * without. */
START_TEST(two_or_unsigned_ones_are_a_bad_message)
{
	const struct label_rules *by = _i == 0 ? NULL : &rules;
	struct buf attrs = {0}, none = {0}, content = {0};
	struct verdict *v;

	add_policy(&rules, KNOWN, LABEL_CLEARANCE_ANY);
	put_label_attr(&attrs, KNOWN, 0);
	v = read_with(ALICE, &none, &attrs, by, &content);
	unit_assert_summary(v, VERDICT_BAD);
	verdict_free(v);
	put_label_attr(&attrs, KNOWN, 0);
	v = read_with(ALICE, &attrs, NULL, by, &content);
	unit_assert_summary(v, VERDICT_BAD);
	verdict_free(v);
	ck_assert_uint_eq(content.len, 0);
	buf_clear(&attrs);
	buf_clear(&content);
}
END_TEST

/* Nobody vouches for who translates the label. */
START_TEST(only_who_is_trusted_translates)
{
	struct buf attrs = {0}, content = {0};
	struct verdict *v;
	enum person who = _i == 0 ? ALICE : MALLORY;

	add_policy(&rules, KNOWN, 3)->takes_equivalents = true;
	put_label_attr(&attrs, UNKNOWN, 5);
	attr_put(&attrs, OID_EQUIVALENT_LABELS,
	    unit_hex("30 09 31 07 02 01 03 06 02 2a 01"));
	v = read_with(who, &attrs, NULL, &rules, &content);
	ck_assert_int_eq(v->is_withheld, who == MALLORY);
	ck_assert_int_eq(content.len == 0, who == MALLORY);
	ck_assert_int_eq(
	    v->summary, who == MALLORY ? VERDICT_UNTRUSTED : VERDICT_VERIFIED);
	verdict_free(v);
	buf_clear(&attrs);
	buf_clear(&content);
}
END_TEST

/* RFC 2634 3.1: all signers' labels must be the same. */
START_TEST(signers_must_label_alike)
{
	struct verdict_signer *signers = calloc(2, sizeof(*signers));
	struct verdict_layer layer = {
	    .kind = VERDICT_SIGNED, .signers = signers, .signers_len = 2};
	struct buf one = {0}, other = {0};
	struct verdict *a, *b;
	enum finding_state want = _i == 0 ? FINDING_GOOD : FINDING_BAD;

	add_policy(&rules, KNOWN, 3);
	ck_assert_ptr_nonnull(signers);
	put_label_attr(&one, KNOWN, 1);
	put_label_attr(&other, KNOWN, _i == 0 ? 1 : 2);
	a = read_with(ALICE, &one, NULL, &rules, NULL);
	b = read_with(BOB, &other, NULL, &rules, NULL);
	signers[0] = a->layers[0].signers[0];
	signers[1] = b->layers[0].signers[0];
	verdict_compare_ess(&layer);
	unit_assert_code(label_judge(&rules, &layer), 0);
	ck_assert_int_eq(signers[0].ess->label.state, want);
	ck_assert_int_eq(signers[0].ess->clearance.state, want);
	ck_assert_int_eq(signers[1].ess->clearance.state, want);
	free(signers);
	verdict_free(a);
	verdict_free(b);
	buf_clear(&one);
	buf_clear(&other);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("label");
	TCase *tcase = tcase_create("label");
	int status;

	world_init();
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	unit_add_loop(tcase, clearance_is_the_highest, clearances);
	tcase_add_test(tcase, policies_have_their_own_classes);
	tcase_add_test(tcase, categories_are_allowed_by_type);
	tcase_add_test(tcase, unknown_policies_are_withheld);
	tcase_add_test(tcase, equivalents_stand_in_for_an_unknown_policy);
	tcase_add_test(tcase, the_stricter_rules_count);
	tcase_add_test(tcase, some_want_encryption);
	tcase_add_test(tcase, what_is_not_cleared_is_withheld);
	tcase_add_test(tcase, two_values_are_broken);
	tcase_add_loop_test(
	    tcase, two_or_unsigned_ones_are_a_bad_message, 0, 2);
	tcase_add_loop_test(tcase, only_who_is_trusted_translates, 0, 2);
	tcase_add_loop_test(tcase, signers_must_label_alike, 0, 2);
	suite_add_tcase(suite, tcase);
	status = unit_run(suite);
	world_free();
	return status;
}
