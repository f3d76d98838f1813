#include "agent/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define DIGEST \
	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct policy policy;
static struct policy_query query;
static struct policy_verdict verdict;
static uint8_t key_id[POLICY_HASH_LEN], certificate[POLICY_HASH_LEN];

static void
set(const char *section, const char *name, const char *text)
{
	struct err e = ERR_INIT;

	ck_assert_msg(
	    policy_set(&policy, section, name, text, &e) == 0, "%s", e.text);
}

static void
set_fails(
    const char *section, const char *name, const char *text, const char *words)
{
	struct err e = ERR_INIT;

	ck_assert_int_eq(
	    policy_set(&policy, section, name, text, &e), -CS_ERR_CONFIG);
	ck_assert_msg(strstr(e.text, words) != NULL, "%s", e.text);
}

static enum policy_why
judge(void)
{
	policy_judge(&policy, &query, &verdict);
	return verdict.why;
}

static void
setup(void)
{
	unsigned i;

	policy_clear(&policy);
	policy_next_file(&policy);
	for (i = 0; i < POLICY_HASH_LEN; i++) {
		key_id[i] = (uint8_t)(i % 16 * 0x11);
		certificate[i] = 0xcc;
	}
	query = (struct policy_query){
	    .verb = POLICY_SIGN,
	    .exe = "/usr/bin/git",
	    .uid = 1000,
	    .key_id = bytes_of(key_id, sizeof(key_id)),
	    .certificates = bytes_of(certificate, sizeof(certificate)),
	    .role = BYTES_LIT("9c"),
	    .uri = BYTES_LIT("pkcs11:model=PIV;serial=0123;token=PIV%20card;"
			     "id=%02;object=SIGN%20key;type=private"),
	};
}

static void
teardown(void)
{
	policy_clear(&policy);
}

START_TEST(without_rules)
{
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_NEVER);
	ck_assert(!verdict.takes_cached_pin);
	query.verb = POLICY_OPEN;
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	query.verb = POLICY_RAW;
	ck_assert_int_eq(judge(), POLICY_RAW_OFF);
}
END_TEST

static const struct {
	const char *keys;
	bool matches;
} keys[] = {
    {"*", true},
    {"9c", true},
    {"9C", true},
    {"9a", false},
    {"9", false},
    {"9a, 9c", true},
    {DIGEST, true},
    {"0x" DIGEST, true},
    {"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
     "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
	true},
    {"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", true},
    {"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccd", false},
    {"pkcs11:", true},
    {"pkcs11:serial=0123", true},
    {"pkcs11:serial=012", false},
    {"pkcs11:serial=0124", false},
    {"pkcs11:token=PIV%20card;serial=0123", true},
    {"pkcs11:token=%50IV%20card", true},
    {"pkcs11:id=%02;object=SIGN%20key?module-name=opensc", true},
    {"pkcs11:id=%02;object=KEY%20MAN%20key", false},
    {"pkcs11:manufacturer=piv_II", false},
};

START_TEST(which_keys)
{
	set("rule a", "keys", keys[_i].keys);
	set("rule a", "deny", "yes");
	ck_assert_int_eq(
	    judge(), keys[_i].matches ? POLICY_DENIED : POLICY_ALLOWED);
}
END_TEST

START_TEST(a_key_without_role)
{
	query.role = BYTES_NONE;
	set("rule a", "keys", "9c");
	set("rule a", "deny", "yes");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
}
END_TEST

START_TEST(wants_digests)
{
	set("rule a", "keys",
	    "9c, pkcs11:token=a-long-name-that-is-longer-"
	    "than-any-digest-would-ever-be-in-hexadecimal");
	ck_assert(!policy_wants_digests(&policy));
	set("rule b", "keys", DIGEST);
	ck_assert(policy_wants_digests(&policy));
}
END_TEST

START_TEST(which_verbs)
{
	set("rule a", "for", "open, raw");
	set("rule a", "deny", "yes");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	query.verb = POLICY_OPEN;
	ck_assert_int_eq(judge(), POLICY_DENIED);
	ck_assert_str_eq(verdict.rule, "a");
}
END_TEST

static const struct {
	const char *programs, *exe;
	bool matches;
} programs[] = {
    {"/usr/bin/git", "/usr/bin/git", true},
    {"/usr/bin/git", "/usr/bin/git (deleted)", true},
    {"/usr/bin/git", "/usr/bin/git2", false},
    {"/usr/bin/git", "/tmp/usr/bin/git", false},
    {"/usr/bin/git", "", false},
    {"/usr/lib/thunderbird/*", "/usr/lib/thunderbird/thunderbird", true},
    {"/usr/lib/thunderbird/*", "/usr/lib/thunderbird/a/b", false},
    {"/usr/bin/a, /usr/bin/git", "/usr/bin/git", true},
    {"/opt/my mail/run", "/opt/my mail/run", true},
    {"/*", "/usr/bin/git", false},
};

START_TEST(which_programs)
{
	query.exe = programs[_i].exe;
	set("rule a", "programs", programs[_i].programs);
	ck_assert_int_eq(
	    judge(), programs[_i].matches ? POLICY_ALLOWED : POLICY_PROGRAM);
}
END_TEST

START_TEST(which_users)
{
	set("rule a", "users", "0, 1001");
	ck_assert_int_eq(judge(), POLICY_USER);
	set("rule a", "users", "1000");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	policy_clear(&policy);
	set("rule a", "users", "root");
	ck_assert_int_eq(judge(), POLICY_USER);
	query.uid = 0;
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
}
END_TEST

/* A file that is read later can't widen what an earlier one narrows. */
START_TEST(files_do_not_widen)
{
	set("rule mail", "programs", "/usr/bin/thunderbird");
	set("rule mail", "confirm", "always");
	policy_next_file(&policy);
	set("rule mail", "programs", "/usr/bin/git");
	set("rule mail", "confirm", "never");
	ck_assert_int_eq(judge(), POLICY_PROGRAM);
	query.exe = "/usr/bin/thunderbird";
	ck_assert_int_eq(judge(), POLICY_PROGRAM);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
}
END_TEST

START_TEST(lists_grow_in_one_rule)
{
	set("rule mail", "programs", "/usr/bin/thunderbird");
	set("rule mail", "programs", "/usr/bin/git");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
}
END_TEST

START_TEST(raw)
{
	query.verb = POLICY_RAW;
	set("rule a", "keys", "9d");
	set("rule a", "raw", "yes");
	ck_assert_int_eq(judge(), POLICY_RAW_OFF);
	set("rule b", "raw", "yes");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	set("rule c", "for", "raw");
	set("rule c", "programs", "/usr/bin/ssh");
	ck_assert_int_eq(judge(), POLICY_PROGRAM);
	query.exe = "/usr/bin/ssh";
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
}
END_TEST

START_TEST(confirm)
{
	set("rule a", "confirm", "once");
	judge();
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ONCE);
	ck_assert_uint_eq(verdict.window_s, POLICY_WINDOW_S);
	set("rule a", "confirm-window", "60");
	set("rule b", "confirm", "never");
	set("rule b", "confirm-window", "600");
	judge();
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ONCE);
	ck_assert_uint_eq(verdict.window_s, 60);
	set("rule b", "confirm", "always");
	judge();
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
}
END_TEST

START_TEST(cached_pin)
{
	set("rule a", "pin", "cached");
	judge();
	ck_assert(!verdict.takes_cached_pin);
	query.always_authenticates = true;
	judge();
	ck_assert(verdict.takes_cached_pin);
	/* the button instead of the PIN */
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
	set("rule a", "confirm", "never");
	judge();
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_NEVER);
	set("rule b", "pin", "each");
	judge();
	ck_assert(!verdict.takes_cached_pin);
}
END_TEST

START_TEST(restricted)
{
	query.is_restricted = true;
	set("rule a", "confirm", "never");
	set("rule a", "raw", "yes");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
	query.verb = POLICY_OPEN;
	ck_assert_int_eq(judge(), POLICY_FORWARDED);
	query.verb = POLICY_RAW;
	ck_assert_int_eq(judge(), POLICY_FORWARDED);
}
END_TEST

START_TEST(refusals_have_words)
{
	static const char *const words[] = {
	    [POLICY_RAW_OFF] = "raw = yes",
	    [POLICY_DENIED] = "\"mail\"",
	    [POLICY_PROGRAM] = "/usr/bin/git",
	    [POLICY_USER] = "1000",
	    [POLICY_FORWARDED] = "restricted",
	};
	struct err e = ERR_INIT;
	unsigned why;

	verdict = (struct policy_verdict){.rule = "mail"};
	ck_assert_int_eq(policy_err(&verdict, &query, &e), 0);
	for (why = POLICY_RAW_OFF; why <= POLICY_FORWARDED; why++) {
		verdict.why = (enum policy_why)why;
		ck_assert_int_eq(
		    policy_err(&verdict, &query, &e), -CS_ERR_POLICY);
		ck_assert_msg(strstr(e.text, words[why]) != NULL, "%s", e.text);
	}
	query.exe = "";
	verdict.why = POLICY_PROGRAM;
	policy_err(&verdict, &query, &e);
	ck_assert(strstr(e.text, "not known") != NULL);
}
END_TEST

START_TEST(wrong_lines)
{
	char name[16], many[1024] = "/a";
	struct err e = ERR_INIT;
	unsigned i;

	ck_assert(!policy_has_section("agent"));
	ck_assert(policy_has_section("rule x"));
	set_fails("agent", "keys", "9c", "no rule");
	set_fails("rule ", "keys", "9c", "name");
	set_fails("rule aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "keys", "9c", "name");
	set_fails("rule a", "key", "9c", "no key of a rule");
	set_fails("rule a", "keys", "9cccc", "neither a role");
	set_fails("rule a", "keys", DIGEST "0", "neither a role");
	set_fails("rule a", "keys", " , ", "empty");
	set_fails("rule a", "for", "sign, decrypt", "none of sign, open");
	set_fails("rule a", "for", "", "empty");
	set_fails("rule a", "programs", "git", "whole path");
	set_fails("rule a", "users", "nobody-has-this-name", "not a user");
	set_fails("rule a", "confirm", "sometimes", "never, once, always");
	set_fails("rule a", "confirm-window", "0", "1 to 86400");
	set_fails("rule a", "confirm-window", "86401", "1 to 86400");
	set_fails("rule a", "confirm-window", "1m", "1 to 86400");
	set_fails("rule a", "pin", "yes", "cached, each");
	set_fails("rule a", "raw", "maybe", "no, yes");
	for (i = 0; i < POLICY_ITEMS_MAX; i++)
		strcat(many, ",/a");
	set_fails("rule b", "programs", many, "more than");
	for (i = 2; i < POLICY_RULES_MAX; i++) {
		snprintf(name, sizeof(name), "rule %u", i);
		set(name, "deny", "no");
	}
	ck_assert_int_eq(
	    policy_set(&policy, "rule z", "deny", "no", &e), -CS_ERR_CONFIG);
	ck_assert(strstr(e.text, "more than 64 rules") != NULL);
}
END_TEST

/* A person is asked, unless a rule that names the verb says otherwise. */
START_TEST(writing_is_asked_for)
{
	query.verb = POLICY_WRITE;
	query.key_id = query.certificates = query.role = BYTES_NONE;
	query.uri = BYTES_LIT("pkcs11:model=PIV;serial=0123;token=PIV%20card");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
	set("rule a", "confirm", "never");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
	set("rule b", "for", "write");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ALWAYS);
	set("rule b", "confirm", "once");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	ck_assert_int_eq(verdict.confirm, POLICY_CONFIRM_ONCE);
	set("rule c", "keys", "pkcs11:serial=0123");
	set("rule c", "for", "write, raw");
	set("rule c", "deny", "yes");
	ck_assert_int_eq(judge(), POLICY_DENIED);
	query.uri = BYTES_LIT("pkcs11:model=PIV;serial=9;token=other");
	ck_assert_int_eq(judge(), POLICY_ALLOWED);
	query.is_restricted = true;
	ck_assert_int_eq(judge(), POLICY_FORWARDED);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("policy");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_rules);
	tcase_add_loop_test(
	    tcase, which_keys, 0, (int)(sizeof(keys) / sizeof(keys[0])));
	tcase_add_test(tcase, a_key_without_role);
	tcase_add_test(tcase, wants_digests);
	tcase_add_test(tcase, which_verbs);
	tcase_add_loop_test(tcase, which_programs, 0,
	    (int)(sizeof(programs) / sizeof(programs[0])));
	tcase_add_test(tcase, which_users);
	tcase_add_test(tcase, files_do_not_widen);
	tcase_add_test(tcase, lists_grow_in_one_rule);
	tcase_add_test(tcase, raw);
	tcase_add_test(tcase, confirm);
	tcase_add_test(tcase, cached_pin);
	tcase_add_test(tcase, restricted);
	tcase_add_test(tcase, refusals_have_words);
	tcase_add_test(tcase, writing_is_asked_for);
	tcase_add_test(tcase, wrong_lines);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
