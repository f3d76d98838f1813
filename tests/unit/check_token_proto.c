#include "token/proto.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define KEY_ID "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

/* Frames made by asn1Coding of libtasn1 from asn1/token.asn, but for the
 * flags, which that tool cannot write as bits. */
static const char sign_hex[] = "30 50 02 01 07 ab 4b 0c 0e 70 6b 63 73 31 31 3a"
			       "74 6f 6b 65 6e 3d 61 02 02 01 2c 04 20 6b 6b 6b"
			       "6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b"
			       "6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 04 03 61"
			       "6c 67 04 06 64 69 67 65 73 74 80 06 31 32 33 34"
			       "35 36";
static const char error_hex[] =
    "30 3c 02 05 00 ff ff ff ff a0 33 02 01 46 80 02"
    "00 a0 a1 23 0c 01 75 0c 01 6c 0c 01 73 0c 01 6d"
    "0c 01 6f 0c 01 72 02 01 01 02 01 04 02 02 00 c8"
    "03 02 04 90 80 01 02 82 05 77 72 6f 6e 67";
static const char probe_ok_hex[] =
    "30 7b 02 01 01 a4 76 30 20 30 1e 0c 01 75 0c 01"
    "6c 0c 01 73 0c 01 6d 0c 01 6f 0c 01 72 02 01 01"
    "02 01 00 02 01 00 03 01 00 30 45 30 43 04 20"
    "6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b"
    "6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b"
    "0c 01 75 0c 01 76 0c 01 6c 04 01 69 03 02 06 c0"
    "04 01 70 30 08 04 02 63 31 04 02 63 32 80 02 39"
    "63 30 08 30 06 0c 01 75 04 01 63 01 01 ff";

/* Decodes, and checks that encoding gives the same again. */
static void
decode(struct tok_msg *msg, struct bytes frame)
{
	struct buf b = {0};

	unit_assert_code(tok_msg_decode(frame, msg, NULL), 0);
	unit_assert_code(tok_msg_encode(msg, &b), 0);
	unit_assert_bytes(buf_get(&b), frame);
	buf_clear(&b);
}

START_TEST(decodes_sign)
{
	struct tok_msg msg;

	decode(&msg, unit_hex(sign_hex));
	ck_assert_uint_eq(msg.id, 7);
	ck_assert_int_eq(msg.type, TOK_SIGN);
	unit_assert_bytes(msg.token, BYTES_LIT("pkcs11:token=a"));
	ck_assert_uint_eq(msg.insertion, 300);
	unit_assert_bytes(msg.key_id, BYTES_LIT(KEY_ID));
	unit_assert_bytes(msg.algorithm, BYTES_LIT("alg"));
	unit_assert_bytes(msg.input, BYTES_LIT("digest"));
	ck_assert(msg.has_pin);
	unit_assert_bytes(msg.pin, BYTES_LIT("123456"));
	ck_assert_str_eq(tok_type_name(msg.type), "SIGN");
}
END_TEST

START_TEST(decodes_error)
{
	struct tok_msg msg;

	decode(&msg, unit_hex(error_hex));
	ck_assert_uint_eq(msg.id, UINT32_MAX);
	unit_assert_code(msg.code, -CS_ERR_PIN_WRONG);
	ck_assert_uint_eq(msg.ckr, 0xa0);
	ck_assert(msg.has_info);
	unit_assert_bytes(msg.info.reader, BYTES_LIT("r"));
	ck_assert_uint_eq(msg.info.pin_len_max, 200);
	ck_assert_uint_eq(
	    msg.info.flags, TOK_LOGIN_REQUIRED | TOK_PIN_FINAL_TRY);
	ck_assert_int_eq(msg.info.tries_left, 2);
	unit_assert_bytes(msg.text, BYTES_LIT("wrong"));
}
END_TEST

START_TEST(walks_probe_ok)
{
	struct bytes token, cert;
	struct tok_info info;
	struct tok_key key;
	struct tok_msg msg;
	struct der d;

	decode(&msg, unit_hex(probe_ok_hex));
	der_init(&d, msg.tokens);
	ck_assert(tok_info_next(&d, &info));
	unit_assert_bytes(info.label, BYTES_LIT("l"));
	ck_assert_int_eq(info.tries_left, ERR_TRIES_UNKNOWN);
	ck_assert(!tok_info_next(&d, &info));
	unit_assert_code(der_end(&d), 0);
	der_init(&d, msg.keys);
	ck_assert(tok_key_next(&d, &key));
	unit_assert_bytes(key.uri, BYTES_LIT("v"));
	ck_assert_uint_eq(key.flags, TOK_KEY_PRESENT | TOK_KEY_SIGN);
	unit_assert_bytes(key.role, BYTES_LIT("9c"));
	ck_assert(!tok_key_next(&d, &key));
	unit_assert_code(der_end(&d), 0);
	der_init(&d, msg.certificates);
	ck_assert(tok_cert_next(&d, &token, &cert));
	unit_assert_bytes(token, BYTES_LIT("u"));
	unit_assert_bytes(cert, BYTES_LIT("c"));
	ck_assert(msg.uses_pcsc);
	ck_assert(!tok_cert_next(&d, &token, &cert));
	unit_assert_code(der_end(&d), 0);
}
END_TEST

START_TEST(builds_lists)
{
	struct bytes token = BYTES_LIT("u"), cert = BYTES_LIT("c"), got, got2;
	struct tok_info info = {.label = BYTES_LIT("l"), .tries_left = 0};
	struct tok_key key = {.key_id = BYTES_LIT(KEY_ID), .flags = 1U << 31};
	struct buf b = {0};
	struct der d;

	tok_info_put(&b, &info);
	tok_info_put(&b, &info);
	der_init(&d, buf_get(&b));
	ck_assert(tok_info_next(&d, &info) && tok_info_next(&d, &info));
	ck_assert_int_eq(info.tries_left, 0);
	unit_assert_code(der_end(&d), 0);
	buf_reset(&b);
	tok_key_put(&b, &key);
	der_init(&d, buf_get(&b));
	ck_assert(tok_key_next(&d, &key));
	ck_assert_uint_eq(key.flags, 1U << 31);
	ck_assert_uint_eq(key.role.len, 0);
	buf_reset(&b);
	tok_cert_put(&b, token, cert);
	der_init(&d, buf_get(&b));
	ck_assert(tok_cert_next(&d, &got, &got2));
	unit_assert_bytes(got, token);
	unit_assert_bytes(got2, cert);
	buf_clear(&b);
}
END_TEST

/* Each type with every field set comes back as it was. */
START_TEST(round_trips)
{
	static const struct tok_msg all = {.id = 9,
	    .code = -CS_ERR_DEVICE,
	    .module = BYTES_LIT("/m.so"),
	    .secret = BYTES_LIT(KEY_ID),
	    .watch = true,
	    .description = BYTES_LIT("d"),
	    .token = BYTES_LIT("t"),
	    .insertion = 1,
	    .key_id = BYTES_LIT(KEY_ID),
	    .algorithm = BYTES_LIT("a"),
	    .index = 65535,
	    .mechanism = 0xffffffffUL,
	    .has_pin = true, /* and empty: a pinpad */
	    .has_new_pin = true,
	    .new_pin = BYTES_LIT("n"),
	    .output = BYTES_LIT("o")};
	struct tok_msg msg = all, got;
	struct buf b = {0};

	msg.type = (enum tok_type)_i;
	msg.info.tries_left = ERR_TRIES_UNKNOWN;
	unit_assert_code(tok_msg_encode(&msg, &b), 0);
	decode(&got, buf_get(&b));
	ck_assert_int_eq(got.type, msg.type);
	if (got.type == TOK_LOGIN) {
		ck_assert(got.has_pin);
		ck_assert_uint_eq(got.pin.len, 0);
	}
	if (got.type == TOK_START)
		ck_assert(got.watch);
	if (got.type == TOK_RAW)
		ck_assert_uint_eq(got.mechanism, 0xffffffffUL);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *hex;
	const char *text; /* in the story */
} bad_frames[] = {
    {"", "frame.length"},
    {"31 00", "frame.length"},
    {"30 00", "frame.id"},
    {"30 03 02 01 01", "frame.type"},
    {"30 05 02 01 ff a3 00", "frame.id"},
    {"30 09 02 05 01 00 00 00 00 a3 00", "frame.id"},
    {"30 05 02 01 01 83 00", "frame.type"},
    {"30 05 02 01 01 b6 00", "frame.type"},
    {"30 05 02 01 01 be 00", "frame.type"},
    {"30 07 02 01 01 a3 00 05 00", "frame.body"},
    {"30 05 02 01 01 a3 00 00", "frame.length"},
    {"30 07 02 01 01 a3 02 05 00", "PROBE.end"},
    {"30 08 02 01 01 a0 03 02 01 00", "ERROR.code"},
    {"30 0a 02 01 01 a0 05 02 03 01 00 00", "ERROR.code"},
    {"30 08 02 01 01 a5 03 0c 01 ff", "INFO.token"},
    {"30 08 02 01 01 a5 03 0c 01 00", "INFO.token"},
    {"30 08 02 01 01 a5 03 04 01 41", "INFO.token"},
    {"30 08 02 01 01 b3 03 0a 01 03", "EVENT.operation"},
    {"30 0a 02 01 01 ac 05 04 03 61 62 63 00", "frame.length"},
};

START_TEST(refuses_bad_frames)
{
	struct err e = ERR_INIT;
	struct tok_msg msg;

	unit_assert_code(tok_msg_decode(unit_hex(bad_frames[_i].hex), &msg, &e),
	    -CS_ERR_PROTOCOL);
	ck_assert_msg(strstr(e.text, bad_frames[_i].text) != NULL,
	    "%s is not in: %s", bad_frames[_i].text, e.text);
}
END_TEST

/* Every prefix is refused; every changed byte is refused or taken, and then
 * comes back the same, but never reads outside (the sanitizers tell). */
static void
mutate(const char *hex)
{
	struct bytes good = unit_hex(hex);
	struct buf b = {0};
	struct tok_msg msg;
	uint8_t *copy;
	size_t i, bit;

	for (i = 0; i < good.len; i++) {
		copy = malloc(i + 1);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, good.p, i);
		unit_assert_code(tok_msg_decode(bytes_of(copy, i), &msg, NULL),
		    -CS_ERR_PROTOCOL);
		free(copy);
	}
	copy = malloc(good.len);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, good.p, good.len);
	for (i = 0; i < good.len * 8; i++) {
		bit = i % 8;
		copy[i / 8] ^= (uint8_t)(1U << bit);
		if (tok_msg_decode(bytes_of(copy, good.len), &msg, NULL) == 0)
			unit_assert_code(tok_msg_encode(&msg, &b), 0);
		buf_clear(&b);
		copy[i / 8] ^= (uint8_t)(1U << bit);
	}
	free(copy);
}

START_TEST(survives_mutations)
{
	mutate(sign_hex);
	mutate(error_hex);
	mutate(probe_ok_hex);
}
END_TEST

START_TEST(keeps_limits)
{
	static uint8_t big[TOK_FRAME_MAX];
	struct tok_msg msg = {.type = TOK_LOGIN,
	    .has_pin = true,
	    .pin = bytes_of(big, TOK_PIN_MAX + 1)};
	struct buf b = {0};

	memset(big, 'a', sizeof(big));
	unit_assert_code(tok_msg_encode(&msg, &b), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	msg.has_pin = false;
	msg.token = bytes_of(big, TOK_TEXT_MAX + 1);
	unit_assert_code(tok_msg_encode(&msg, &b), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	msg = (struct tok_msg){
	    .type = TOK_SIGN_OK, .output = bytes_of(big, TOK_FRAME_MAX - 4)};
	unit_assert_code(tok_msg_encode(&msg, &b), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	msg.type = TOK_SIGN; /* without a key id */
	msg.output = BYTES_NONE;
	unit_assert_code(tok_msg_encode(&msg, &b), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	msg.type = (enum tok_type)22;
	unit_assert_code(tok_msg_encode(&msg, &b), -CS_ERR_INTERNAL);
	ck_assert_str_eq(tok_type_name(msg.type), "?");
	/* A CK_RV that no module should give goes as the highest. */
	msg = (struct tok_msg){.type = TOK_ERROR, .code = -1, .ckr = ~0UL};
	unit_assert_code(tok_msg_encode(&msg, &b), 0);
	unit_assert_code(tok_msg_decode(buf_get(&b), &msg, NULL), 0);
	ck_assert_uint_eq(msg.ckr, UINT32_MAX);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *hex;
	int code;
	size_t len;
} lens[] = {
    {"", 0, 0},
    {"30", 0, 0},
    {"31", -CS_ERR_PROTOCOL, 0},
    {"30 03", 0, 5},
    {"30 80", -CS_ERR_PROTOCOL, 0},
    {"30 81", 0, 0},
    {"30 81 90", 0, 147},
    {"30 83 0f ff", 0, 0},
    {"30 83 0f ff fb", 0, TOK_FRAME_MAX},
    {"30 83 0f ff fc", -CS_ERR_PROTOCOL, 0},
    {"30 83 ff ff ff", -CS_ERR_PROTOCOL, 0},
    {"30 84 00 00 00 01", -CS_ERR_PROTOCOL, 0},
};

START_TEST(tells_frame_length)
{
	size_t len = 1;

	unit_assert_code(
	    tok_frame_len(unit_hex(lens[_i].hex), &len), lens[_i].code);
	ck_assert_uint_eq(len, lens[_i].len);
}
END_TEST

static const struct {
	const char *hex;
	int code;
	unsigned flags;
} flag_rows[] = {
    {"03 01 00", 0, 0},
    {"03 02 07 80", 0, 1},
    {"03 02 04 90", 0, 9},
    {"03 02 00 01", 0, 128},
    {"03 03 07 00 80", 0, 256},
    {"03 02 00 80", 0, 1}, /* trailing zeroes */
    {"03 05 00 00 00 00 01", 0, 1U << 31},
    {"03 06 07 00 00 00 00 80", -CS_ERR_TOO_LARGE, 0},
    {"03 00", -CS_ERR_ENCODING, 0},
    {"03 02 08 00", -CS_ERR_ENCODING, 0},
    {"04 01 00", -CS_ERR_ENCODING, 0},
};

START_TEST(reads_flags)
{
	struct buf b = {0};
	struct der d;

	der_init(&d, unit_hex(flag_rows[_i].hex));
	ck_assert_uint_eq(der_get_flags(&d), flag_rows[_i].flags);
	unit_assert_code(der_end(&d), flag_rows[_i].code);
	der_put_flags(&b, DER_BIT_STRING, flag_rows[_i].flags);
	der_init(&d, buf_get(&b));
	ck_assert_uint_eq(der_get_flags(&d), flag_rows[_i].flags);
	unit_assert_code(der_end(&d), 0);
	buf_clear(&b);
}
END_TEST

START_TEST(walks_what_is_written)
{
	struct tok_object full = {.label = BYTES_LIT("l"),
	    .key_type = BYTES_LIT("p256"),
	    .private_key = BYTES_LIT("k"),
	    .certificate = BYTES_LIT("c")};
	struct tok_object bare = {.label = BYTES_LIT("")}, got;
	struct tok_written written = {.key_id = BYTES_LIT(KEY_ID),
	    .spki = BYTES_LIT("s"),
	    .flags = TOK_WRITTEN_KEY | TOK_WRITTEN_CERTIFICATE};
	struct buf b = {0};
	struct der d;

	tok_object_put(&b, &full);
	tok_object_put(&b, &bare);
	der_init(&d, buf_get(&b));
	ck_assert(tok_object_next(&d, &got));
	unit_assert_bytes(got.key_type, full.key_type);
	unit_assert_bytes(got.private_key, full.private_key);
	unit_assert_bytes(got.certificate, full.certificate);
	ck_assert(tok_object_next(&d, &got));
	ck_assert_uint_eq(got.private_key.len + got.certificate.len, 0);
	ck_assert(!tok_object_next(&d, &got));
	unit_assert_code(der_end(&d), 0);
	buf_reset(&b);
	tok_written_put(&b, &written);
	der_init(&d, buf_get(&b));
	ck_assert(tok_written_next(&d, &written));
	unit_assert_bytes(written.key_id, BYTES_LIT(KEY_ID));
	ck_assert_uint_eq(written.flags, 3);
	unit_assert_code(der_end(&d), 0);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_proto");
	TCase *tcase = tcase_create("token_proto");

	tcase_add_test(tcase, decodes_sign);
	tcase_add_test(tcase, decodes_error);
	tcase_add_test(tcase, walks_probe_ok);
	tcase_add_test(tcase, builds_lists);
	tcase_add_loop_test(tcase, round_trips, 0, TOK_WRITE_OK + 1);
	tcase_add_test(tcase, walks_what_is_written);
	unit_add_loop(tcase, refuses_bad_frames, bad_frames);
	tcase_add_test(tcase, survives_mutations);
	tcase_add_test(tcase, keeps_limits);
	unit_add_loop(tcase, tells_frame_length, lens);
	unit_add_loop(tcase, reads_flags, flag_rows);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
