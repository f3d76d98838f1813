/* check_message.c: whole mails: layers in each other, and parts beside. */
#include "config.h"

#include <string.h>

#include "tests/unit/message_util.h"

/* --- one line of layers --- */

START_TEST(unsigned_mail)
{
	start(MAIL);
	expect_code(VERDICT_NONE, 0, buf_get(&mail));
	ck_assert_uint_eq(v->mail->parts_count, 1);
	ck_assert(!v->mail->parts[0].is_signed);
	ck_assert_str_eq(v->mail->from, "Bob <bob@example.org>");
	params.requires_signed = true;
	expect_code(VERDICT_BAD, -CS_ERR_NOT_SIGNED, BYTES_NONE);
}
END_TEST

START_TEST(signed_mail)
{
	start(MAIL);
	wrap_sign(BOB, _i == 0 ? SMIME_DETACHED : SMIME_OPAQUE);
	params.requires_signed = true;
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 1);
	ck_assert_str_eq(v->mail->parts[0].type, "text/plain");
	ck_assert(v->mail->parts[0].is_signed);
	ck_assert(!v->mail->parts[0].is_encrypted);
}
END_TEST

static const enum alg ciphers[] = {ALG_AES256_CBC, ALG_AES256_GCM};

START_TEST(encrypted_mail)
{
	start(MAIL);
	wrap_encrypt(ALICE, ciphers[_i]);
	expect(VERDICT_DECRYPTED, BYTES_LIT(BODY));
	ck_assert_uint_eq(opened, 2); /* once each time it is read */
	ck_assert(v->mail->parts[0].is_encrypted);
	params.requires_signed = true;
	expect_code(VERDICT_BAD, -CS_ERR_NOT_SIGNED, BYTES_NONE);
}
END_TEST

START_TEST(signed_then_encrypted)
{
	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	wrap_encrypt(ALICE, ciphers[_i]);
	params.requires_signed = true;
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert_int_eq(v->layers[0].kind, VERDICT_ENCRYPTED);
	ck_assert_str_eq(v->layers[1].format, "multipart/signed");
	ck_assert(v->mail->parts[0].is_signed);
	ck_assert(v->mail->parts[0].is_encrypted);
}
END_TEST

START_TEST(encrypted_then_signed)
{
	start(MAIL);
	wrap_encrypt(ALICE, ciphers[_i]);
	wrap_sign(BOB, SMIME_DETACHED);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert(has_warning("may never have seen"));
}
END_TEST

START_TEST(triple_wrapped)
{
	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	wrap_encrypt(ALICE, ciphers[_i]);
	wrap_sign(BOB, SMIME_OPAQUE);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 3);
}
END_TEST

/* What AEAD holds is not to choose what is opened before its tag is good. */
START_TEST(encrypted_twice)
{
	start(MAIL);
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	wrap_encrypt(ALICE, ciphers[_i]);
	expect(VERDICT_DECRYPTED, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 2);
	ck_assert_uint_eq(opened, 4);
}
END_TEST

START_TEST(nothing_is_opened_in_a_changed_aead)
{
	start(MAIL);
	wrap_encrypt(ALICE, ALG_AES256_CBC);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	spoil_tag();
	expect_code(VERDICT_BAD, -CS_ERR_AUTH_TAG, BYTES_NONE);
	ck_assert_uint_eq(opened, 2); /* the outer one, each time */
	ck_assert_uint_eq(v->layers_len, 1);
	ck_assert_uint_eq(v->mail->parts_count, 0);
}
END_TEST

START_TEST(no_recipient)
{
	struct cert_set *none = cert_set_new();

	start(MAIL);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	params.cms.own = none;
	expect_code(VERDICT_BAD, -CS_ERR_NO_RECIPIENT, BYTES_NONE);
	cert_set_free(none);
}
END_TEST

static int
no_agent(void *ctx, struct err *err)
{
	++*(unsigned *)ctx;
	return err_set(err, -CS_ERR_NO_AGENT, "no agent");
}

START_TEST(no_agent_is_asked_for_signed_mail)
{
	struct cert_set *none = cert_set_new();
	unsigned asked = 0;

	params.cms.own = none;
	params.load_own = no_agent;
	params.ctx = &asked;
	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
	ck_assert_uint_eq(asked, 0);
	/* As a part it is a finding, for the whole mail a failure. */
	start(MAIL);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	wrap_mixed(NULL, BODY);
	expect_code(VERDICT_BAD, -CS_ERR_NO_RECIPIENT, BYTES_NONE);
	ck_assert_uint_eq(asked, 2);
	start(MAIL);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	unit_assert_code(read_as(false), -CS_ERR_NO_AGENT);
	cert_set_free(none);
}
END_TEST

START_TEST(changed_inside)
{
	uint8_t *at;

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	at = memmem(mail.data, mail.len, "hello", 5);
	at[0] = 'j';
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	expect_code(VERDICT_BAD, -CS_ERR_DIGEST_MISMATCH, BYTES_NONE);
}
END_TEST

START_TEST(line_ends)
{
	struct buf lf = {0};

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	if (_i == 1)
		wrap_encrypt(ALICE, ALG_AES256_CBC);
	mail_put_lf(&lf, buf_get(&mail));
	buf_clear(&mail);
	mail = lf;
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

/* A digest that micalg does not announce takes one more run. */
START_TEST(wrong_micalg)
{
	uint8_t *at;

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	at = memmem(mail.data, mail.len, "sha-256", 7);
	memcpy(at, "sha-512", 7);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	expect(VERDICT_VERIFIED, BYTES_LIT(BODY));
}
END_TEST

START_TEST(not_from_the_signer)
{
	start("From: alice@example.org\r\n\r\nhello\r\n");
	wrap_sign(BOB, SMIME_DETACHED);
	wrap_encrypt(ALICE, ALG_AES256_GCM);
	expect_code(VERDICT_UNTRUSTED, -CS_ERR_ADDRESS, BYTES_LIT(BODY));
}
END_TEST

/* --- parts --- */

START_TEST(footer)
{
	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	wrap_mixed(NULL, "Content-Type: text/plain\r\n\r\nthe list");
	expect_code(VERDICT_PARTIAL, -CS_ERR_PARTLY, BYTES_LIT(BODY));
	ck_assert_uint_eq(v->layers_len, 0);
	ck_assert_uint_eq(v->mail->inner_len, 1);
	ck_assert_str_eq(v->mail->inner[0]->mail->part, "1");
	unit_assert_summary(v->mail->inner[0], VERDICT_VERIFIED);
	ck_assert_uint_eq(v->mail->parts_count, 1);
	ck_assert_str_eq(v->mail->parts[0].path, "2");
	params.requires_signed = true;
	expect_code(VERDICT_BAD, -CS_ERR_NOT_SIGNED, BYTES_NONE);
}
END_TEST

START_TEST(bad_part)
{
	uint8_t *at;

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	at = memmem(mail.data, mail.len, "hello", 5);
	at[0] = 'j';
	wrap_mixed(NULL, "Content-Type: text/plain\r\n\r\nthe list");
	expect_code(VERDICT_BAD, -CS_ERR_DIGEST_MISMATCH, BYTES_NONE);
}
END_TEST

/* Asked for by its name, inside of what is good. */
START_TEST(bad_part_of_a_signed_mail)
{
	uint8_t *at;

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	at = memmem(mail.data, mail.len, "hello", 5);
	ck_assert_ptr_nonnull(at);
	at[0] = 'j';
	wrap_mixed(NULL, BODY);
	wrap_sign(BOB, SMIME_OPAQUE);
	ck_assert_int_eq(read_as(_i == 1), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	params.part = "1";
	unit_assert_code(read_as(_i == 1), -CS_ERR_DIGEST_MISMATCH);
	unit_assert_bytes(buf_get(&content), BYTES_NONE);
}
END_TEST

START_TEST(forwarded)
{
	start("From: alice@example.org\r\nSubject: old\r\n\r\nold\r\n");
	wrap_sign(ALICE, SMIME_DETACHED);
	wrap_forward(MIXED);
	expect_code(VERDICT_PARTIAL, -CS_ERR_PARTLY,
	    BYTES_LIT("Content-Type: text/plain; charset=us-ascii\r\n\r\n"
		      "old\r\n"));
	ck_assert_uint_eq(v->mail->inner_len, 1);
	ck_assert(v->mail->inner[0]->mail->is_message);
	ck_assert_str_eq(v->mail->inner[0]->mail->subject, "old");
	unit_assert_summary(v->mail->inner[0], VERDICT_VERIFIED);
	/* Now Bob vouches for all of it. */
	wrap_sign(BOB, SMIME_DETACHED);
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	unit_assert_summary(v->mail->inner[0], VERDICT_VERIFIED);
	ck_assert(mail_has(&content, "look at this"));
	params.part = "2";
	ck_assert_int_eq(read_as(true), 0);
	ck_assert(!mail_has(&content, "look at this"));
	ck_assert(mail_has(&content, "old\r\n"));
	params.part = "7";
	unit_assert_code(read_as(false), -CS_ERR_ARGUMENT);
}
END_TEST

/* The encrypted part is its own: what stands around it never comes to it. */
START_TEST(direct_exfiltration)
{
	start(MAIL);
	wrap_encrypt(ALICE, ciphers[_i]);
	wrap_mixed(HTML, "Content-Type: text/html\r\n\r\n\">");
	expect_code(VERDICT_PARTIAL, -CS_ERR_PARTLY, BYTES_LIT(BODY));
	unit_assert_summary(v->mail->inner[0], VERDICT_DECRYPTED);
}
END_TEST

START_TEST(several_parts)
{
	struct buf entity = {0};

	start(MAIL);
	wrap_sign(BOB, SMIME_DETACHED);
	get_entity(&entity);
	buf_add_byte(&entity, 0);
	wrap_mixed((const char *)entity.data, BODY);
	unit_assert_code(read_as(false), -CS_ERR_ARGUMENT);
	params.part = "2";
	ck_assert_int_eq(read_as(false), 0);
	unit_assert_bytes(buf_get(&content), BYTES_LIT(BODY));
	buf_clear(&entity);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("message");
	TCase *t = tcase_create("layers");

	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_test(t, unsigned_mail);
	tcase_add_loop_test(t, signed_mail, 0, 2);
	tcase_add_loop_test(t, encrypted_mail, 0, 2);
	tcase_add_loop_test(t, signed_then_encrypted, 0, 2);
	tcase_add_loop_test(t, encrypted_then_signed, 0, 2);
	tcase_add_loop_test(t, triple_wrapped, 0, 2);
	tcase_add_loop_test(t, encrypted_twice, 0, 2);
	tcase_add_test(t, nothing_is_opened_in_a_changed_aead);
	tcase_add_test(t, no_recipient);
	tcase_add_test(t, no_agent_is_asked_for_signed_mail);
	tcase_add_test(t, changed_inside);
	tcase_add_loop_test(t, line_ends, 0, 2);
	tcase_add_test(t, wrong_micalg);
	tcase_add_test(t, not_from_the_signer);
	suite_add_tcase(s, t);
	t = tcase_create("parts");
	tcase_add_checked_fixture(t, message_setup, message_teardown);
	tcase_add_test(t, footer);
	tcase_add_test(t, bad_part);
	tcase_add_loop_test(t, bad_part_of_a_signed_mail, 0, 2);
	tcase_add_test(t, forwarded);
	tcase_add_loop_test(t, direct_exfiltration, 0, 2);
	tcase_add_test(t, several_parts);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(suite());
	world_free();
	return status;
}
