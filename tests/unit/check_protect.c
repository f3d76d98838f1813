/* check_protect.c: header protection (RFC 9788), made and checked. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/message_util.h"

#define TOP                                                          \
	"Received: by x\r\nFrom: Bob <bob@example.org>\r\n"          \
	"To: alice@example.org\r\nSubject: the real\r\n subject\r\n" \
	"Keywords: secret\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n"
#define TEXT \
	TOP "Content-Type: text/plain;\r\n charset=utf-8 ;\r\n\r\nhello\r\n"

static const struct verdict_header *
get(const char *name)
{
	size_t i;

	for (i = 0; i < v->mail->headers_len; i++)
		if (strcmp(v->mail->headers[i].name, name) == 0)
			return &v->mail->headers[i];
	ck_abort_msg("no header %s in the verdict", name);
}

/* Once, in the header outside. */
static void
change(const char *from, const char *to)
{
	const uint8_t *at = memmem(mail.data, mail.len, from, strlen(from));
	struct buf b = {0};

	ck_assert_msg(at != NULL, "the mail has no %s", from);
	buf_add(&b, mail.data, (size_t)(at - mail.data));
	buf_add_str(&b, to);
	at += strlen(from);
	buf_add(&b, at, (size_t)(mail.data + mail.len - at));
	buf_clear(&mail);
	mail = b;
}

START_TEST(plain)
{
	make_protected(TEXT, SMIME_HEADERS_PLAIN, true, false);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(!v->mail->has_protection);
	ck_assert_int_eq(v->mail->protection.state, FINDING_NOT_CHECKED);
	ck_assert_ptr_nonnull(
	    strstr(v->mail->protection.text, "only the text"));
}
END_TEST

START_TEST(protected_by_signature)
{
	make_protected(TEXT, SMIME_HEADERS_PROTECT, true, false);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(v->mail->has_protection);
	ck_assert(!v->mail->is_hp_cipher);
	ck_assert_int_eq(v->mail->protection.state, FINDING_GOOD);
	ck_assert_int_eq(get("Subject")->state, HEADER_SAME);
	ck_assert(get("Subject")->is_signed);
	ck_assert(!get("Subject")->is_encrypted);
	ck_assert_str_eq(get("Subject")->inner, "the real subject");
	ck_assert(mail_has(&content, "charset=utf-8;\r\n hp=\"clear\"\r\n"));
	ck_assert(!mail_has(&content, "Received"));
	ck_assert(mail_has(&mail, "\r\nKeywords: secret"));
}
END_TEST

START_TEST(hidden)
{
	make_protected(TEXT, SMIME_HEADERS_HIDE, _i == 1, true);
	ck_assert(!mail_has(&mail, "the real"));
	ck_assert(!mail_has(&mail, "secret"));
	ck_assert(mail_has(&mail, "\r\nSubject: [...]\r\n"));
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, _i == 1 ? VERDICT_VERIFIED : VERDICT_DECRYPTED);
	ck_assert(v->mail->is_hp_cipher);
	ck_assert_int_eq(v->mail->protection.state, FINDING_GOOD);
	ck_assert_int_eq(get("Subject")->state, HEADER_CONFIDENTIAL);
	ck_assert_int_eq(get("Keywords")->state, HEADER_CONFIDENTIAL);
	ck_assert(get("Subject")->is_encrypted);
	ck_assert(get("Keywords")->is_encrypted);
	ck_assert(!get("From")->is_encrypted);
	ck_assert_int_eq(get("From")->state, HEADER_SAME);
	ck_assert_str_eq(get("Subject")->outer, "[...]");
	ck_assert_str_eq(v->mail->subject, "the real subject");
	ck_assert(mail_has(&content, "\r\nHP-Outer: Subject: [...]\r\n"));
	ck_assert(mail_has(&content, "\r\nHP-Outer: From: Bob "));
	ck_assert(!mail_has(&content, "HP-Outer: Keywords"));
}
END_TEST

START_TEST(changed_on_the_way)
{
	make_protected(TEXT,
	    _i == 0 ? SMIME_HEADERS_PROTECT : SMIME_HEADERS_HIDE, true,
	    _i == 1);
	change(_i == 0 ? "Subject: the real\r\n subject" : "Subject: [...]",
	    "Subject: pay now");
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_int_eq(v->mail->protection.state, FINDING_BAD);
	unit_assert_code(v->mail->protection.code, -CS_ERR_HEADER);
	ck_assert_int_eq(get("Subject")->state, HEADER_DIFFERS);
	ck_assert_str_eq(get("Subject")->outer, "pay now");
	ck_assert_str_eq(v->mail->subject, "the real subject");
}
END_TEST

START_TEST(added_and_taken_away)
{
	make_protected(TEXT, SMIME_HEADERS_PROTECT, true, false);
	change("To: alice@example.org\r\n",
	    "Reply-To: mallory@example.org\r\nX-Spam: no\r\n");
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->protection.state, FINDING_BAD);
	ck_assert_int_eq(get("Reply-To")->state, HEADER_ADDED);
	ck_assert_int_eq(get("To")->state, HEADER_INNER_ONLY);
}
END_TEST

/* Folding is no difference. */
START_TEST(folded_anew)
{
	make_protected(TEXT, SMIME_HEADERS_PROTECT, true, false);
	change("the real\r\n subject", "the\r\n\treal  subject");
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_int_eq(v->mail->protection.state, FINDING_GOOD);
}
END_TEST

/* Whoever shows the From inside shows somebody who has not signed. */
START_TEST(another_from_inside)
{
	make_protected("From: ceo@example.org\r\nSubject: x\r\n\r\nhello\r\n",
	    SMIME_HEADERS_PROTECT, true, false);
	change("From: ceo@example.org", "From: bob@example.org");
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	unit_assert_code(v->code, -CS_ERR_ADDRESS);
	ck_assert_int_eq(get("From")->state, HEADER_DIFFERS);
}
END_TEST

START_TEST(another_from_outside)
{
	make_protected(TEXT, SMIME_HEADERS_PROTECT, true, false);
	change("From: Bob <bob@example.org>", "From: ceo@example.org");
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
	ck_assert_str_eq(v->mail->from, "Bob <bob@example.org>");
}
END_TEST

/* hp="cipher" says nothing where nothing is encrypted. */
START_TEST(cipher_without_encryption)
{
	start("From: bob@example.org\r\nSubject: [...]\r\n"
	      "Content-Type: text/plain; hp=\"cipher\"\r\n\r\nhello\r\n");
	wrap_sign(BOB, SMIME_DETACHED);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(v->mail->has_protection);
	ck_assert_int_eq(v->mail->protection.state, FINDING_BAD);
}
END_TEST

/* The older way: the whole message inside. */
START_TEST(wrapped_message)
{
	start("From: bob@example.org\r\nSubject: outside\r\n"
	      "Content-Type: message/rfc822; forwarded=no\r\n\r\n"
	      "From: bob@example.org\r\nSubject: inside\r\n\r\nhello\r\n");
	wrap_sign(BOB, SMIME_DETACHED);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(v->mail->is_legacy_wrap);
	ck_assert_str_eq(v->mail->subject, "inside");
	ck_assert_int_eq(get("Subject")->state, HEADER_DIFFERS);
}
END_TEST

/* Nobody says forwarded=no: then it is the mail itself by its Message-ID. */
static const struct {
	const char *outer, *payload, *enclosed;
	bool is_wrapped;
} wraps[] = {
    {"Message-ID: <1@x>\r\n", "", "Message-ID:\r\n <1@x>\r\n", true},
    {"Message-ID: <2@x>\r\n", "", "Message-ID: <1@x>\r\n", false},
    {"Message-ID: <1@x>\r\n", "", "", false},
    {"", "", "Message-ID: <1@x>\r\n", false},
    {"", "", "", false},
    {"Message-ID: <1@x>\r\nMessage-ID: <2@x>\r\n", "", "Message-ID: <1@x>\r\n",
	false},
    {"Message-ID: <1@x>\r\n", "; forwarded=yes", "Message-ID: <1@x>\r\n",
	false},
    {"Message-ID: <1@x>\r\n", "",
	"Message-ID: <1@x>\r\n"
	"Content-Type: text/plain; hp=clear\r\n",
	false},
};

START_TEST(wrapped_by_its_id)
{
	char text[600];

	snprintf(text, sizeof(text),
	    "From: bob@example.org\r\nSubject: outside\r\n%s"
	    "Content-Type: message/rfc822%s\r\n\r\n"
	    "From: bob@example.org\r\nSubject: inside\r\n%s\r\nhello\r\n",
	    wraps[_i].outer, wraps[_i].payload, wraps[_i].enclosed);
	start(text);
	wrap_sign(BOB, SMIME_DETACHED);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(v->mail->is_legacy_wrap == wraps[_i].is_wrapped);
	ck_assert_str_eq(
	    v->mail->subject, wraps[_i].is_wrapped ? "inside" : "outside");
	ck_assert_int_eq(v->mail->protection.state,
	    wraps[_i].is_wrapped ? FINDING_BAD : FINDING_NOT_CHECKED);
}
END_TEST

/* What one signs that another wrote is not the signer's. */
START_TEST(wrapped_of_another)
{
	start("From: bob@example.org\r\nMessage-ID: <1@x>\r\n"
	      "Content-Type: message/rfc822\r\n\r\n"
	      "From: alice@example.org\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n");
	wrap_sign(BOB, SMIME_DETACHED);
	ck_assert_int_eq(read_as(false), 0);
	ck_assert(v->mail->is_legacy_wrap);
	unit_assert_summary(v, VERDICT_UNTRUSTED);
}
END_TEST

/* Encrypted, what is hidden is told from what is outside. */
START_TEST(wrapped_and_encrypted)
{
	static const struct {
		const char *outer;
		enum header_state subject, comments;
	} cases[] = {
	    {"Subject: [...]\r\n", HEADER_CONFIDENTIAL, HEADER_CONFIDENTIAL},
	    {"Subject: inside\r\nComments: c\r\n", HEADER_SAME, HEADER_SAME},
	    {"Subject: other\r\nComments: d\r\n", HEADER_DIFFERS,
		HEADER_DIFFERS},
	};
	char text[600];

	snprintf(text, sizeof(text),
	    "From: alice@example.org\r\nTo: bob@example.org\r\n%s"
	    "Content-Type: message/rfc822; forwarded=no\r\n\r\n"
	    "From: alice@example.org\r\nTo: bob@example.org\r\n"
	    "Subject: inside\r\nComments: c\r\n\r\nhello\r\n",
	    cases[_i].outer);
	start(text);
	wrap_sign(ALICE, SMIME_DETACHED);
	wrap_encrypt(BOB, ALG_AES256_CBC);
	ck_assert_int_eq(read_as(true), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert(v->mail->is_legacy_wrap);
	ck_assert_str_eq(v->mail->subject, "inside");
	ck_assert_int_eq(get("Subject")->state, cases[_i].subject);
	ck_assert_int_eq(get("Comments")->state, cases[_i].comments);
	ck_assert_int_eq(v->mail->protection.state,
	    cases[_i].subject == HEADER_DIFFERS ? FINDING_BAD : FINDING_GOOD);
}
END_TEST

START_TEST(without_a_type)
{
	make_protected("From: bob@example.org\r\nSubject: x\r\n\r\nhello\r\n",
	    SMIME_HEADERS_PROTECT, true, false);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_bytes(buf_get(&content),
	    BYTES_LIT("Content-Type: text/plain; charset=us-ascii;\r\n"
		      " hp=\"clear\"\r\nFrom: bob@example.org\r\n"
		      "Subject: x\r\n\r\nhello\r\n"));
	ck_assert_int_eq(v->mail->protection.state, FINDING_GOOD);
}
END_TEST

/* What mail transport may harm does not stand in multipart/signed. */
START_TEST(unsafe_fields)
{
	static const char *const fields[] = {
	    "Subject: gr\xc3\xbc\xc3\x9f", "X: a\rb", "Keywords: "};
	char text[1200];
	int pad = _i == 2 ? 1000 : 0;

	snprintf(text, sizeof(text),
	    "From: bob@example.org\r\n%s%*s\r\n\r\nhi\r\n", fields[_i], pad,
	    "x");
	make_protected(text, SMIME_HEADERS_PROTECT, true, false);
	ck_assert(mail_has(&mail, "smime-type=signed-data"));
	ck_assert_int_eq(read_as(false), 0);
	ck_assert_uint_eq(v->layers_len, 1);
	ck_assert_int_eq(v->mail->protection.state, FINDING_GOOD);
	make_protected(text, SMIME_HEADERS_PLAIN, true, false);
	ck_assert(mail_has(&mail, "multipart/signed"));
}
END_TEST

/* Where hp= would not be found. */
START_TEST(types_that_cannot_tell)
{
	static const struct {
		const char *type;
		bool can;
	} types[] = {
	    {"", true},
	    {"Content-Type: text/plain; x=y;\n", true},
	    {"Content-Type: text\n", false},
	    {"Content-Type: what?\n", false},
	    {"Content-Type: text/plain; x=\"y\n", false},
	    {"Content-Type: text/plain (c\n", false},
	    {"Content-Type: text/plain\nContent-Type: text/plain\n", false},
	};
	char text[200];
	struct smime_mail *m;
	struct input *in;

	snprintf(text, sizeof(text), "From: a@b.c\n%s\nhi\n", types[_i].type);
	in = input_new_bytes(bytes_of_str(text), "mail");
	ck_assert_int_eq(smime_mail_scan(in, &m, &e), 0);
	smime_mail_set_headers(m, SMIME_HEADERS_PROTECT);
	ck_assert_int_eq(smime_mail_can_protect(m), types[_i].can);
	smime_mail_free(m);
	input_free(in);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("protect");
	TCase *t = tcase_create("protect");
	int status;

	world_init();
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_test(t, plain);
	tcase_add_test(t, protected_by_signature);
	tcase_add_loop_test(t, hidden, 0, 2);
	tcase_add_loop_test(t, changed_on_the_way, 0, 2);
	tcase_add_test(t, added_and_taken_away);
	tcase_add_test(t, folded_anew);
	tcase_add_test(t, another_from_inside);
	tcase_add_test(t, another_from_outside);
	tcase_add_test(t, cipher_without_encryption);
	tcase_add_test(t, wrapped_message);
	tcase_add_loop_test(t, wrapped_by_its_id, 0, UNIT_COUNT(wraps));
	tcase_add_test(t, wrapped_of_another);
	tcase_add_loop_test(t, wrapped_and_encrypted, 0, 3);
	tcase_add_test(t, without_a_type);
	tcase_add_loop_test(t, unsafe_fields, 0, 3);
	tcase_add_loop_test(t, types_that_cannot_tell, 0, 7);
	suite_add_tcase(suite, t);
	status = unit_run(suite);
	world_free();
	return status;
}
