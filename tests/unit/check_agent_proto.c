#include "agent/proto.h"

#include <libtasn1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define KEY_ID \
	"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"

static struct buf out;

static void
setup(void)
{
	buf_init(&out, 0);
}

static void
teardown(void)
{
	buf_clear(&out);
}

static struct bytes
text(const char *s)
{
	return bytes_of_str(s);
}

/* Every field that any message has. */
static struct agt_msg
full_msg(enum agt_type type)
{
	struct agt_msg m = {
	    .id = 0xfffffffeU,
	    .type = type,
	    .code = -CS_ERR_PIN_WRONG,
	    .ckr = 0xa0,
	    .tries_left = 2,
	    .holder = text("gpg-agent"),
	    .text = text("wrong PIN, 2 tries left"),
	    .version_min = 1,
	    .version_max = 255,
	    .version = 1,
	    .program = text("mutt"),
	    .agent_version = text("0.1.0"),
	    .restricted = true,
	    .has_context = true,
	    .context = {.deadline_ms = 1000,
		.purpose = text("sign a mail to B\xc3\xb6rge"),
		.display = text(":0"),
		.tty_name = text("/dev/pts/1"),
		.tty_type = text("xterm"),
		.lc_ctype = text("de_DE.UTF-8"),
		.lc_messages = text("de_DE"),
		.xauthority = text("/run/x"),
		.on_behalf_of = text("thunderbird")},
	    .token = text("pkcs11:token=a"),
	    .more = true,
	    .algorithm = text("algorithm"),
	    .input = text("input"),
	    .output = text("output"),
	    .recipient_info = text("recipient info"),
	    .index = 65535,
	    .content_algorithm = text("content algorithm"),
	    .operation = 1,
	    .mechanism = 0x80000001UL,
	    .parameter = text("parameter"),
	    .pid = 4711,
	    .started = 1700000000,
	    .clients = 500,
	    .kinds = 0x41,
	    .kind = 6,
	    .target = 7,
	};

	m.key_id = m.after = unit_hex(KEY_ID);
	m.tokens = unit_hex("30 00");
	m.keys = unit_hex("30 01 00");
	m.certificates = unit_hex("04 01 61");
	m.modules = unit_hex("30 02 05 00");
	m.objects = unit_hex("30 03 0c 01 61");
	m.written = unit_hex("30 00");
	return m;
}

/* What one side writes, the other reads, and writes the same again. */
START_TEST(all_messages_round_trip)
{
	struct agt_msg m = full_msg((enum agt_type)_i), got;
	struct err e = ERR_INIT;
	struct buf again = {0};
	size_t frame_len;

	unit_assert_code(agt_msg_encode(&m, &out), 0);
	unit_assert_code(
	    agt_frame_len(buf_get(&out), AGT_REQUEST_MAX, &frame_len), 0);
	ck_assert_uint_eq(frame_len, out.len);
	ck_assert_msg(
	    agt_msg_decode(buf_get(&out), &got, &e) == 0, "%s", e.text);
	ck_assert_uint_eq(got.id, m.id);
	ck_assert_int_eq(got.type, m.type);
	unit_assert_code(agt_msg_encode(&got, &again), 0);
	unit_assert_bytes(buf_get(&again), buf_get(&out));
	buf_clear(&again);
}
END_TEST

/* What we write is what agent.asn says, in the eyes of libtasn1. */
START_TEST(is_what_the_module_says)
{
	struct agt_msg m = full_msg((enum agt_type)_i);
	asn1_node module = NULL, message = NULL;
	char path[1024], why[ASN1_MAX_ERROR_DESCRIPTION_SIZE] = "";
	static uint8_t again[8192];
	int len = sizeof(again), r;

	snprintf(path, sizeof(path), "%s/asn1/agent.asn", getenv("CS_SRCDIR"));
	ck_assert_msg(asn1_parser2tree(path, &module, why) == ASN1_SUCCESS,
	    "%s: %s", path, why);
	ck_assert_int_eq(
	    asn1_create_element(module, "CardsealAgent.Message", &message),
	    ASN1_SUCCESS);
	/* It wants lists whose elements are what they should be. */
	m.tokens = m.keys = m.certificates = m.modules = BYTES_NONE;
	unit_assert_code(agt_msg_encode(&m, &out), 0);
	r = asn1_der_decoding(&message, out.data, (int)out.len, why);
	ck_assert_msg(r == ASN1_SUCCESS, "%s: %s", agt_type_name(m.type), why);
	r = asn1_der_coding(message, "", again, &len, why);
	ck_assert_msg(r == ASN1_SUCCESS, "%s: %s", agt_type_name(m.type), why);
	unit_assert_bytes(bytes_of(again, (size_t)len), buf_get(&out));
	asn1_delete_structure(&message);
	asn1_delete_structure(&module);
}
END_TEST

/* The least of each: optional fields left out. */
START_TEST(empty_messages_round_trip)
{
	struct agt_msg m = {.type = (enum agt_type)_i, .code = -1}, got;

	m.key_id = unit_hex(KEY_ID);
	m.tries_left = ERR_TRIES_UNKNOWN;
	unit_assert_code(agt_msg_encode(&m, &out), 0);
	unit_assert_code(agt_msg_decode(buf_get(&out), &got, NULL), 0);
	ck_assert_uint_eq(got.token.len, 0);
	ck_assert_uint_eq(got.context.purpose.len, 0);
	if (_i == AGT_ERROR)
		ck_assert_int_eq(got.tries_left, ERR_TRIES_UNKNOWN);
}
END_TEST

START_TEST(fields_arrive)
{
	struct agt_msg m = full_msg(AGT_SIGN), got;

	unit_assert_code(agt_msg_encode(&m, &out), 0);
	unit_assert_code(agt_msg_decode(buf_get(&out), &got, NULL), 0);
	unit_assert_bytes(got.key_id, m.key_id);
	unit_assert_bytes(got.algorithm, m.algorithm);
	unit_assert_bytes(got.input, m.input);
	ck_assert_uint_eq(got.context.deadline_ms, 1000);
	unit_assert_bytes(got.context.purpose, m.context.purpose);
	unit_assert_bytes(got.context.on_behalf_of, m.context.on_behalf_of);

	buf_reset(&out);
	m.type = AGT_ERROR;
	unit_assert_code(agt_msg_encode(&m, &out), 0);
	unit_assert_code(agt_msg_decode(buf_get(&out), &got, NULL), 0);
	unit_assert_code(got.code, -CS_ERR_PIN_WRONG);
	ck_assert_uint_eq(got.ckr, 0xa0);
	ck_assert_int_eq(got.tries_left, 2);
	unit_assert_bytes(got.token, m.token);
	unit_assert_bytes(got.holder, m.holder);
	unit_assert_bytes(got.text, m.text);
}
END_TEST

/* Made by hand from agent.asn. */
START_TEST(known_bytes)
{
	struct agt_msg m = {.id = 1, .type = AGT_HELLO, .version_min = 1}, got;

	m.version_max = 1;
	m.program = text("mutt");
	unit_assert_code(agt_msg_encode(&m, &out), 0);
	unit_assert_bytes(
	    buf_get(&out), unit_hex("30 11 02 01 01 a1 0c 02 01 01 02 01 01"
				    "0c 04 6d 75 74 74"));
	unit_assert_code(agt_msg_decode(unit_hex("30 08 02 01 02 a5 00 02 01"
						 "00"),
			     &got, NULL),
	    -CS_ERR_PROTOCOL);
	unit_assert_code(
	    agt_msg_decode(
		unit_hex("30 0b 02 01 02 b3 06 a0 04 80 02 0b b8"), &got, NULL),
	    -CS_ERR_PROTOCOL);
	unit_assert_code(
	    agt_msg_decode(
		unit_hex("30 0b 02 01 02 b1 06 a0 04 80 02 0b b8"), &got, NULL),
	    0);
	ck_assert_int_eq(got.type, AGT_STATUS);
	ck_assert_uint_eq(got.context.deadline_ms, 3000);
}
END_TEST

static const struct {
	const char *hex;
	int code;
	uint32_t id;
} bad[] = {
    {"", -CS_ERR_PROTOCOL, 0},
    {"30 00", -CS_ERR_PROTOCOL, 0},
    {"30 03 02 01 09", -CS_ERR_PROTOCOL, 9},
    /* no tag of the body's */
    {"30 05 02 01 09 30 00", -CS_ERR_PROTOCOL, 9},
    {"30 05 02 01 09 91 00", -CS_ERR_PROTOCOL, 9},
    /* types after the last */
    {"30 05 02 01 09 bb 00", -CS_ERR_UNSUPPORTED, 9},
    {"30 05 02 01 09 be 00", -CS_ERR_UNSUPPORTED, 9},
    /* something behind the body, behind the message */
    {"30 07 02 01 09 b1 00 05 00", -CS_ERR_PROTOCOL, 9},
    {"30 05 02 01 09 b1 00 00", -CS_ERR_PROTOCOL, 0},
    {"30 04 02 01 09 b1 00", -CS_ERR_PROTOCOL, 0},
    /* id: negative, too long */
    {"30 05 02 01 ff b1 00", -CS_ERR_PROTOCOL, 0},
    {"30 09 02 05 01 00 00 00 00 b1 00", -CS_ERR_PROTOCOL, 0},
    /* an unknown field in status and in its context */
    {"30 07 02 01 09 b1 02 81 00", -CS_ERR_PROTOCOL, 9},
    {"30 09 02 01 09 b1 04 a0 02 89 00", -CS_ERR_PROTOCOL, 9},
    /* context out of order */
    {"30 0d 02 01 09 b1 08 a0 06 82 01 61 81 01 61", -CS_ERR_PROTOCOL, 9},
    /* deadline over its limit */
    {"30 0d 02 01 09 b1 08 a0 06 80 04 05 26 5c 01", -CS_ERR_PROTOCOL, 9},
    /* text: not UTF-8, NUL, line feed, DEL, C1 control */
    {"30 08 02 01 09 ad 03 80 01 ff", -CS_ERR_PROTOCOL, 9},
    {"30 08 02 01 09 ad 03 80 01 00", -CS_ERR_PROTOCOL, 9},
    {"30 08 02 01 09 ad 03 80 01 0a", -CS_ERR_PROTOCOL, 9},
    {"30 08 02 01 09 ad 03 80 01 7f", -CS_ERR_PROTOCOL, 9},
    {"30 09 02 01 09 ad 04 80 02 c2 80", -CS_ERR_PROTOCOL, 9},
    /* unlock without its context */
    {"30 08 02 01 09 ad 03 80 01 61", -CS_ERR_PROTOCOL, 9},
    /* list after a key id that is too short */
    {"30 08 02 01 09 a3 03 81 01 61", -CS_ERR_PROTOCOL, 9},
    /* error with code 0, cancel of a negative id */
    {"30 08 02 01 09 a0 03 02 01 00", -CS_ERR_PROTOCOL, 9},
    {"30 08 02 01 09 b5 03 02 01 ff", -CS_ERR_PROTOCOL, 9},
    /* pin: an operation that is none */
    {"30 0d 02 01 09 ab 08 0c 01 61 0a 01 02 30 00", -CS_ERR_PROTOCOL, 9},
    /* lockOk with something in it */
    {"30 07 02 01 09 b0 02 81 00", -CS_ERR_PROTOCOL, 9},
};

START_TEST(refuses_bad_messages)
{
	struct agt_msg got;
	struct err e = ERR_INIT;

	unit_assert_code(
	    agt_msg_decode(unit_hex(bad[_i].hex), &got, &e), bad[_i].code);
	ck_assert_uint_eq(got.id, bad[_i].id);
	unit_assert_code(e.code, bad[_i].code);
	ck_assert_str_ne(e.text, "");
}
END_TEST

/* Every message cut anywhere is refused, and never read beyond. */
START_TEST(refuses_every_cut)
{
	struct agt_msg m = full_msg((enum agt_type)_i), got;
	size_t len, frame_len;
	uint8_t *copy;

	unit_assert_code(agt_msg_encode(&m, &out), 0);
	for (len = 0; len < out.len; len++) {
		copy = malloc(len + 1); /* so that ASan sees the end */
		memcpy(copy, out.data, len);
		copy = realloc(copy, len != 0 ? len : 1);
		unit_assert_code(
		    agt_msg_decode(bytes_of(copy, len), &got, NULL),
		    -CS_ERR_PROTOCOL);
		unit_assert_code(agt_frame_len(bytes_of(copy, len),
				     AGT_ANSWER_MAX, &frame_len),
		    0);
		ck_assert(frame_len == 0 || frame_len == out.len);
		free(copy);
	}
}
END_TEST

/* The error text names the message and the field. */
START_TEST(names_the_field)
{
	struct agt_msg got;
	struct err e = ERR_INIT;

	unit_assert_code(
	    agt_msg_decode(
		unit_hex("30 0a 02 01 09 b1 05 a0 03 81 01 0a"), &got, &e),
	    -CS_ERR_PROTOCOL);
	ck_assert_msg(strstr(e.text, "STATUS") != NULL, "%s", e.text);
	ck_assert_msg(strstr(e.text, "purpose") != NULL, "%s", e.text);
}
END_TEST

static const struct {
	const char *hex;
	size_t max;
	int code;
	size_t len;
} frames[] = {
    {"", 100, 0, 0},
    {"30", 100, 0, 0},
    {"30 05", 100, 0, 7},
    {"30 7f", 128, -CS_ERR_PROTOCOL, 0},
    {"30 7f", 129, 0, 129},
    {"31", 100, -CS_ERR_PROTOCOL, 0},
    {"30 80", 100, -CS_ERR_PROTOCOL, 0},
    {"30 81", 1000, 0, 0},
    {"30 81 7f", 1000, -CS_ERR_PROTOCOL, 0},
    {"30 81 80", 1000, 0, 131},
    {"30 82 00 ff", 1000, -CS_ERR_PROTOCOL, 0},
    {"30 82 01", 1000, 0, 0},
    {"30 82 03 e4", 1000, 0, 1000},
    {"30 82 03 e5", 1000, -CS_ERR_PROTOCOL, 0},
    {"30 84 ff ff ff ff", SIZE_MAX, 0, (size_t)UINT32_MAX + 6},
    {"30 85", SIZE_MAX, -CS_ERR_PROTOCOL, 0},
    {"30 ff", SIZE_MAX, -CS_ERR_PROTOCOL, 0},
};

START_TEST(frame_lengths)
{
	size_t len;

	unit_assert_code(
	    agt_frame_len(unit_hex(frames[_i].hex), frames[_i].max, &len),
	    frames[_i].code);
	if (frames[_i].code == 0)
		ck_assert_uint_eq(len, frames[_i].len);
}
END_TEST

START_TEST(encode_refuses_bad_text)
{
	struct agt_msg m = full_msg(AGT_SIGN);
	char long_text[AGT_TEXT_MAX + 2];
	struct buf b = {0};

	buf_add_str(&b, "before");
	memset(long_text, 'a', sizeof(long_text));
	m.context.purpose = bytes_of(long_text, AGT_TEXT_MAX + 1);
	unit_assert_code(agt_msg_encode(&m, &b), -CS_ERR_ARGUMENT);
	m.context.purpose = text("two\nlines");
	unit_assert_code(agt_msg_encode(&m, &b), -CS_ERR_ARGUMENT);
	m = full_msg(AGT_SIGN);
	m.key_id.len--;
	unit_assert_code(agt_msg_encode(&m, &b), -CS_ERR_ARGUMENT);
	unit_assert_bytes(buf_get(&b), text("before"));
	m.key_id.len++;
	m.context.purpose = bytes_of(long_text, AGT_TEXT_MAX);
	unit_assert_code(agt_msg_encode(&m, &b), 0);
	buf_clear(&b);
	buf_init(&b, 20);
	unit_assert_code(agt_msg_encode(&m, &b), -CS_ERR_TOO_LARGE);
	buf_clear(&b);
}
END_TEST

START_TEST(lists_round_trip)
{
	struct agt_token t = {.uri = text("pkcs11:a"),
			     .label = text("PIV"),
			     .flags = TOK_LOGIN_REQUIRED | TOK_LOGGED_IN,
			     .tries_left = 0},
			 got;
	struct agt_module m = {.name = text("opensc"),
			      .path = text("/usr/lib/x.so"),
			      .state = AGT_MODULE_RESTARTING,
			      .pid = 7,
			      .restarts = 3,
			      .last_error = text("signal 9")},
			  got_m;
	struct bytes cert;
	struct der d;

	agt_token_put(&out, &t);
	t.tries_left = ERR_TRIES_UNKNOWN;
	agt_token_put(&out, &t);
	der_init(&d, buf_get(&out));
	ck_assert(agt_token_next(&d, &got));
	unit_assert_bytes(got.label, t.label);
	ck_assert_uint_eq(got.flags, t.flags);
	ck_assert_int_eq(got.tries_left, 0);
	ck_assert(agt_token_next(&d, &got));
	ck_assert_int_eq(got.tries_left, ERR_TRIES_UNKNOWN);
	ck_assert(!agt_token_next(&d, &got));
	unit_assert_code(der_end(&d), 0);

	buf_reset(&out);
	agt_module_put(&out, &m);
	der_init(&d, buf_get(&out));
	ck_assert(agt_module_next(&d, &got_m));
	ck_assert_int_eq(got_m.state, AGT_MODULE_RESTARTING);
	unit_assert_bytes(got_m.last_error, m.last_error);
	ck_assert(!agt_module_next(&d, &got_m));

	buf_reset(&out);
	agt_cert_put(&out, text("certificate"));
	der_init(&d, buf_get(&out));
	ck_assert(agt_cert_next(&d, &cert));
	unit_assert_bytes(cert, text("certificate"));
	ck_assert(!agt_cert_next(&d, &cert));
	unit_assert_code(der_end(&d), 0);
}
END_TEST

START_TEST(keys_round_trip)
{
	struct tok_key k = {.token = text("pkcs11:a"),
			   .uri = text("pkcs11:a;id=%01"),
			   .label = text("key"),
			   .id = text("\001"),
			   .flags =
			       TOK_KEY_PRESENT | TOK_KEY_ALWAYS_AUTHENTICATE,
			   .spki = text("spki"),
			   .role = text("9c")},
		       got;
	struct bytes cert;
	struct der d, certs;

	k.key_id = unit_hex(KEY_ID);
	k.certificates = unit_hex("04 01 61 04 01 62");
	agt_key_put(&out, &k);
	der_init(&d, buf_get(&out));
	ck_assert(agt_key_next(&d, &got));
	unit_assert_bytes(got.key_id, k.key_id);
	ck_assert_uint_eq(got.flags, k.flags);
	unit_assert_bytes(got.role, k.role);
	der_init(&certs, got.certificates);
	ck_assert(agt_cert_next(&certs, &cert));
	unit_assert_bytes(cert, text("a"));
	ck_assert(!agt_key_next(&d, &got));
	unit_assert_code(der_end(&d), 0);
}
END_TEST

START_TEST(broken_lists_stop)
{
	struct agt_token t;
	struct agt_module m;
	struct bytes cert;
	struct der d;

	der_init(&d, unit_hex("30 02 0c 00"));
	ck_assert(!agt_token_next(&d, &t));
	unit_assert_code(der_end(&d), -CS_ERR_TRUNCATED);
	der_init(&d, unit_hex("30 05 0c 00 0c 00 02"));
	ck_assert(!agt_module_next(&d, &m));
	ck_assert_int_ne(der_end(&d), 0);
	der_init(&d, unit_hex("30 00"));
	ck_assert(!agt_cert_next(&d, &cert));
	unit_assert_code(der_end(&d), -CS_ERR_ENCODING);
}
END_TEST

START_TEST(table_is_whole)
{
	ck_assert_str_eq(agt_type_name(AGT_SIGN_OK), "SIGN_OK");
	ck_assert_int_eq(agt_type_answer(AGT_EVENTS), AGT_EVENT);
	ck_assert_int_eq(agt_type_direction(AGT_LOCK), AGT_REQUEST);
	ck_assert_int_eq(agt_type_direction(AGT_LOCK_OK), AGT_ANSWER);
	ck_assert_str_eq(agt_type_name((enum agt_type)27), "unknown");
	ck_assert_int_eq(agt_type_direction((enum agt_type)27), AGT_ANSWER);
	ck_assert_int_eq(agt_type_answer((enum agt_type)27), AGT_ERROR);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("agent_proto");
	TCase *tcase = tcase_create("agent_proto");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
	    tcase, all_messages_round_trip, AGT_ERROR, AGT_WRITE_OK + 1);
	tcase_add_loop_test(
	    tcase, empty_messages_round_trip, AGT_ERROR, AGT_WRITE_OK + 1);
	tcase_add_loop_test(
	    tcase, is_what_the_module_says, AGT_ERROR, AGT_WRITE_OK + 1);
	tcase_add_test(tcase, fields_arrive);
	tcase_add_test(tcase, known_bytes);
	unit_add_loop(tcase, refuses_bad_messages, bad);
	tcase_add_loop_test(
	    tcase, refuses_every_cut, AGT_ERROR, AGT_WRITE_OK + 1);
	tcase_add_test(tcase, names_the_field);
	unit_add_loop(tcase, frame_lengths, frames);
	tcase_add_test(tcase, encode_refuses_bad_text);
	tcase_add_test(tcase, lists_round_trip);
	tcase_add_test(tcase, keys_round_trip);
	tcase_add_test(tcase, broken_lists_stop);
	tcase_add_test(tcase, table_is_whole);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
