/* check_origin.c: whose mail is it, and whose signature? */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "client/smime/origin.h"
#include "tests/unit/mail_util.h"

static struct err e;

/* A verdict as cms_read leaves it, with these signers. */
static struct verdict *
make_verdict(const enum person *who, size_t n)
{
	struct verdict *v = verdict_new();
	struct verdict_layer *layer = verdict_add_layer(v, VERDICT_SIGNED);
	struct verdict_signer *s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = verdict_add_signer(layer);
		s->cert = cert_ref(world_cert(who[i]));
		s->integrity.state = FINDING_GOOD;
	}
	return v;
}

#define GOOD FINDING_GOOD
#define BAD FINDING_BAD

/* Signed by Bob alone. */
static const struct {
	const char *header;
	enum finding_state state;
	const char *text;
} cases[] = {
    {"From: bob@example.org\n", GOOD, "that of From"},
    {"From: Bob <bob@EXAMPLE.org>\r\n", GOOD, ""},
    {"From: \"Bob (work)\" <bob@example.org>\n", GOOD, ""},
    {"From: bob@example.org (Bob)\n", GOOD, ""},
    {"From: \"bob@example.org\" <bob@example.org>\n", GOOD, ""},
    {"From:\n bob@example.org\n", GOOD, ""},
    {"Sender: bob@example.org\n", GOOD, "that of Sender"},
    {"From: bob@example.org\nSender: alice@example.org\n", GOOD, ""},
    {"From: BOB@example.org\n", BAD, "bob@example.org, and not for"},
    {"From: alice@example.org\n", BAD, "not for From, alice@example.org"},
    {"From: alice@example.org\nSender: bob@example.org\n", BAD,
	"is for Sender, bob@example.org, and not for From"},
    {"From: bob@example.org, alice@example.org\n", BAD,
	"also names alice@example.org"},
    {"From: alice@example.org, bob@example.org\n", BAD,
	"also names alice@example.org"},
    {"From: bob@example.org\nFrom: alice@example.org\n", BAD,
	"is there several times"},
    {"From: bob@example.org\nFrom: bob@example.org\n", BAD,
	"is there several times"},
    {"Subject: none\n", BAD, "is not there"},
    {"From: \n", BAD, "has no address"},
    {"From: bob\n", BAD, "cannot be understood"},
    {"From: <bob@example.org\n", BAD, "cannot be understood"},
    {"From: bob(x)@example.org\n", BAD, "a comment inside"},
    {"From: <bob@example.org(.evil)>\n", BAD, "a comment inside"},
    {"From: \"ceo@victim.example\" <bob@example.org>\n", BAD,
	"shows another address"},
    {"From: =?utf-8?q?ceo=40victim.example?= <bob@example.org>\n", BAD,
	"shows another address"},
    {"From: bob@example.org (ceo@victim.example)\n", BAD,
	"shows another address"},
    {"From: =?utf-8?b?Ym9i?=@example.org\n", BAD, "encoded word"},
    {"From: =?utf-8?q?x=00?= <bob@example.org>\n", BAD, "no text"},
    {"From: x\rFrom: y <bob@example.org>\n", BAD, "no text"},
    {"X: y\rFrom: alice@example.org\r\nFrom: bob@example.org\r\n", BAD,
	"may not be what is shown"},
    {"From: G: bob@example.org;\n", BAD, "a group"},
    {"From: <@evil.example:bob@example.org>\n", BAD, "differently"},
    {"From: bob@example.org\n \t\nFrom: alice@example.org\n", BAD, "lines"},
    {"From: bob@example.org\n \n", BAD, "lines that are none"},
};

START_TEST(one_signer)
{
	enum person who = BOB;
	struct verdict *v = make_verdict(&who, 1);
	const struct finding *f;

	ck_assert_int_eq(
	    origin_judge(v, bytes_of_str(cases[_i].header), true, NULL), 0);
	f = &v->layers[0].signers[0].address;
	ck_assert_msg(f->state == cases[_i].state, "%s", f->text);
	ck_assert_msg(strstr(f->text, cases[_i].text) != NULL, "%s", f->text);
	unit_assert_code(
	    f->code, f->state == FINDING_GOOD ? 0 : -CS_ERR_ADDRESS);
	ck_assert_str_eq(
	    v->layers[0].signers[0].address_certified, "bob@example.org");
	verdict_free(v);
}
END_TEST

static const struct {
	const char *front, *author; /* "" : none */
} fronts[] = {
    {"From: a@b.c\r\n\r\nhi", "From: a@b.c\r\n"},
    {"Subject: x\nSender: a@b.c\n", "Subject: x\nSender: a@b.c\n"},
    {"From a@b.c Mon Nov 30 12:00:00 2026\nFrom: x\n\n", "From: x\n"},
    {"From a@b.c Mon Nov 30 12:00:00 2026", ""},
    {"From the desk of Bob\n\nFrom: x\n", ""},
    {"From : a@b.c\n\n", "From : a@b.c\n"},
    {"Content-Type: text/plain\r\n\r\nFrom: a@b.c\r\n", ""},
    {"\r\nFrom: a@b.c\r\n", ""},
    {"hello\nFrom: a@b.c\n", ""},
    {"", ""},
};

START_TEST(finds_author)
{
	struct bytes got = origin_find_author(bytes_of_str(fronts[_i].front));

	unit_assert_bytes(got, bytes_of_str(fronts[_i].author));
}
END_TEST

START_TEST(both_headers)
{
	enum person who = BOB;
	struct verdict *v = make_verdict(&who, 1);
	struct verdict_signer *s = v->layers[0].signers;
	struct bytes bob = BYTES_LIT("From: bob@example.org\n"),
		     alice = BYTES_LIT("From: alice@example.org\n");

	ck_assert_int_eq(origin_judge_both(v, bob, bob, true), 0);
	ck_assert_int_eq(s->address.state, FINDING_GOOD);
	ck_assert_int_eq(origin_judge_both(v, alice, bob, true), 0);
	ck_assert_int_eq(s->address.state, FINDING_BAD);
	ck_assert_str_eq(s->address_claimed, "bob@example.org");
	ck_assert_int_eq(origin_judge_both(v, bob, alice, true), 0);
	ck_assert_int_eq(s->address.state, FINDING_BAD);
	ck_assert_str_eq(s->address_claimed, "alice@example.org");
	verdict_free(v);
}
END_TEST

START_TEST(nul_in_from)
{
	enum person who = BOB;
	struct verdict *v = make_verdict(&who, 1);

	ck_assert_int_eq(
	    origin_judge(
		v, BYTES_LIT("From: bob@example.org\0.evil\n"), true, NULL),
	    0);
	ck_assert_int_eq(v->layers[0].signers[0].address.state, FINDING_BAD);
	ck_assert_int_eq(
	    origin_judge(
		v, BYTES_LIT("X: \0\nFrom: bob@example.org\n"), true, NULL),
	    0);
	ck_assert_int_eq(v->layers[0].signers[0].address.state, FINDING_BAD);
	verdict_free(v);
}
END_TEST

START_TEST(unclear_header)
{
	enum person who = BOB;
	struct verdict *v = make_verdict(&who, 1);

	ck_assert_int_eq(
	    origin_judge(v, BYTES_LIT("From: bob@example.org\n"), false, NULL),
	    0);
	ck_assert_int_eq(v->layers[0].signers[0].address.state, FINDING_BAD);
	/* what was asked for does not depend on it */
	ck_assert_int_eq(
	    origin_judge(v, BYTES_LIT("From: x\n"), false, "bob@example.org"),
	    0);
	ck_assert_int_eq(v->layers[0].signers[0].address.state, FINDING_GOOD);
	verdict_free(v);
}
END_TEST

START_TEST(several_signers)
{
	static const enum person both[] = {BOB, ALICE};
	struct verdict *v = make_verdict(both, 2);
	struct verdict_signer *s = v->layers[0].signers;

	ck_assert_int_eq(
	    origin_judge(v,
		BYTES_LIT("From: alice@example.org, bob@example.org\n"), true,
		NULL),
	    0);
	ck_assert_int_eq(s[0].address.state, FINDING_GOOD);
	ck_assert_str_eq(s[0].address_claimed, "bob@example.org");
	ck_assert_int_eq(s[1].address.state, FINDING_GOOD);
	/* a signature that does not fit stands behind nothing */
	s[1].integrity.state = FINDING_BAD;
	ck_assert_int_eq(
	    origin_judge(v,
		BYTES_LIT("From: alice@example.org, bob@example.org\n"), true,
		NULL),
	    0);
	ck_assert_int_eq(s[0].address.state, FINDING_BAD);
	/* one of the two is somebody else */
	s[1].integrity.state = FINDING_GOOD;
	ck_assert_int_eq(
	    origin_judge(v, BYTES_LIT("From: bob@example.org\n"), true, NULL),
	    0);
	ck_assert_int_eq(s[0].address.state, FINDING_GOOD);
	ck_assert_int_eq(s[1].address.state, FINDING_BAD);
	verdict_free(v);
}
END_TEST

START_TEST(no_address_and_no_certificate)
{
	enum person who = ERIN;
	struct verdict *v = make_verdict(&who, 1);
	struct verdict_signer *s = verdict_add_signer(&v->layers[0]);

	ck_assert_int_eq(
	    origin_judge(v, BYTES_LIT("From: erin@example.org\n"), true, NULL),
	    0);
	s = v->layers[0].signers;
	ck_assert_int_eq(s[0].address.state, FINDING_UNKNOWN);
	unit_assert_code(s[0].address.code, -CS_ERR_ADDRESS);
	ck_assert_int_eq(s[1].address.state, FINDING_NOT_CHECKED);
	verdict_free(v);
}
END_TEST

START_TEST(too_many_claims)
{
	enum person who = BOB;
	struct verdict *v = make_verdict(&who, 1);
	struct buf b = {0};
	int i;

	buf_add_str(&b, "From: bob@example.org");
	for (i = 0; i < ORIGIN_CLAIMS_MAX; i++)
		buf_add_str(&b, ", bob@example.org");
	buf_add_str(&b, "\n");
	ck_assert_int_eq(origin_judge(v, buf_get(&b), true, NULL), 0);
	ck_assert_int_eq(v->layers[0].signers[0].address.state, FINDING_BAD);
	verdict_free(v);
	buf_clear(&b);
}
END_TEST

/* All the way: the verdict's summary follows. */
START_TEST(in_a_mail)
{
	struct smime_read_params params = mail_verify_params();
	struct buf out = {0}, content = {0};
	struct verdict *v;

	mail_sign(BOB, _i == 0 ? SMIME_DETACHED : SMIME_OPAQUE,
	    BYTES_LIT("From: alice@example.org\n\nx\n"), &out);
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_ADDRESS);
	ck_assert_uint_gt(content.len, 0);
	verdict_free(v);
	params.from = "bob@example.org";
	ck_assert_int_eq(
	    mail_read(&params, buf_get(&out), false, &content, &v, &e), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	verdict_free(v);
	buf_clear(&out);
	buf_clear(&content);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("origin");
	TCase *tcase = tcase_create("origin");

	world_init();
	tcase_add_loop_test(
	    tcase, one_signer, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tcase, finds_author, 0, UNIT_COUNT(fronts));
	tcase_add_test(tcase, both_headers);
	tcase_add_test(tcase, nul_in_from);
	tcase_add_test(tcase, unclear_header);
	tcase_add_test(tcase, several_signers);
	tcase_add_test(tcase, no_address_and_no_certificate);
	tcase_add_test(tcase, too_many_claims);
	tcase_add_loop_test(tcase, in_a_mail, 0, 2);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
