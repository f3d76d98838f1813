/*
 * What worker_serve does without a module: the order of things, and PINs.
 */
#include <config.h>

#include "token/worker.h"

#include <string.h>

#include "tests/unit/unit.h"

#define PIN "a PIN of the test"

static bool
has_pin(struct bytes b)
{
	return b.len != 0 && memmem(b.p, b.len, PIN, strlen(PIN)) != NULL;
}

/* Serves the message; gives the error it is answered with. */
static int
serve(struct tok_msg *req)
{
	struct buf in = {0}, out = {0};
	struct worker w = {0};
	struct tok_msg answer;
	int code;

	unit_assert_code(tok_msg_encode(req, &in), 0);
	ck_assert(has_pin(buf_get(&in)));
	unit_assert_code(worker_serve(&w, in.data, in.len, &out), 0);
	unit_assert_code(tok_msg_decode(buf_get(&out), &answer, NULL), 0);
	ck_assert_uint_eq(answer.id, req->id);
	ck_assert_int_eq(answer.type, TOK_ERROR);
	code = answer.code;
	/* The PIN is gone from the frame, and stands in no answer. */
	ck_assert(!has_pin(buf_get(&in)));
	ck_assert(!has_pin(buf_get(&out)));
	ck_assert_ptr_null(w.pin);
	ck_assert_ptr_null(w.new_pin);
	worker_clear(&w);
	buf_clear(&in);
	buf_clear(&out);
	return code;
}

START_TEST(wipes_pins)
{
	struct tok_msg login = {
	    .id = 5, .type = TOK_LOGIN, .has_pin = true, .pin = BYTES_LIT(PIN)};
	struct tok_msg set_pin = {.id = 6,
	    .type = TOK_SET_PIN,
	    .has_pin = true,
	    .pin = BYTES_LIT(PIN),
	    .has_new_pin = true,
	    .new_pin = BYTES_LIT(PIN)};

	unit_assert_code(serve(&login), -CS_ERR_PROTOCOL);
	unit_assert_code(serve(&set_pin), -CS_ERR_PROTOCOL);
}
END_TEST

/* A frame that ends in nonsense: the whole of it is wiped, since nobody
 * knows where in it a PIN may be. */
START_TEST(wipes_broken_frames)
{
	struct tok_msg login = {
	    .id = 5, .type = TOK_LOGIN, .has_pin = true, .pin = BYTES_LIT(PIN)};
	struct buf in = {0}, out = {0};
	struct worker w = {0};

	unit_assert_code(tok_msg_encode(&login, &in), 0);
	in.data[2] = DER_NULL;
	ck_assert(has_pin(buf_get(&in)));
	unit_assert_code(worker_serve(&w, in.data, in.len, &out), 0);
	ck_assert(!has_pin(buf_get(&in)));
	worker_clear(&w);
	buf_clear(&in);
	buf_clear(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("token_worker");
	TCase *tcase = tcase_create("token_worker");

	tcase_add_test(tcase, wipes_pins);
	tcase_add_test(tcase, wipes_broken_frames);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
