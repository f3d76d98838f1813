#include "config.h"

#include "client/cms/release.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cms_util.h"
#include "tests/unit/temp.h"

/* Three whole pieces and a part. */
#define LONG_LEN (3 * RELEASE_PIECE_LEN + 12345)

static struct err e;
static uint8_t *text;
static struct buf got;
static struct sink *out;

static void
setup(void)
{
	uint32_t x = 7;
	size_t i;

	temp_setup();
	err_clear(&e);
	text = malloc(LONG_LEN + 1);
	for (i = 0; i <= LONG_LEN; i++) {
		x = x * 1664525U + 1013904223U;
		text[i] = (uint8_t)(x >> 24);
	}
	buf_init(&got, 2 * LONG_LEN);
	out = sink_new_buf(&got);
}

static void
teardown(void)
{
	free(text);
	sink_free(out);
	buf_clear(&got);
	temp_teardown();
}

static int
feed(struct sink *sink, struct bytes in, size_t piece)
{
	size_t at, len;
	int r = 0;

	for (at = 0; r == 0 && at < in.len; at += len) {
		len = in.len - at < piece ? in.len - at : piece;
		r = sink_write(sink, bytes_of(in.p + at, len), &e);
	}
	return r != 0 ? r : sink_finish(sink, &e);
}

static struct guard *
learn(size_t len)
{
	struct guard *g = guard_new();

	unit_assert_code(
	    feed(guard_get_learner(g), bytes_of(text, len), 65536), 0);
	return g;
}

START_TEST(test_guard_passes_the_same)
{
	static const size_t lens[] = {0, 1, RELEASE_PIECE_LEN - 1,
	    RELEASE_PIECE_LEN, RELEASE_PIECE_LEN + 1, LONG_LEN};
	static const size_t pieces[] = {1000, 65536, LONG_LEN};
	struct guard *g;
	size_t i, k;

	for (i = 0; i < 6; i++)
		for (k = 0; k < 3; k++) {
			g = learn(lens[i]);
			buf_reset(&got);
			unit_assert_code(
			    feed(guard_get_checker(g, out),
				bytes_of(text, lens[i]), pieces[k]),
			    0);
			ck_assert(bytes_is_equal(
			    buf_get(&got), bytes_of(text, lens[i])));
			guard_free(g);
		}
	guard_free(NULL);
}
END_TEST

START_TEST(test_guard_holds_back_what_is_not)
{
	static const size_t places[] = {0, RELEASE_PIECE_LEN - 1,
	    RELEASE_PIECE_LEN, 2 * RELEASE_PIECE_LEN + 5, LONG_LEN - 1};
	struct guard *g = learn(LONG_LEN);
	size_t at = places[_i];

	text[at] ^= 1;
	unit_assert_code(
	    feed(guard_get_checker(g, out), bytes_of(text, LONG_LEN), 65536),
	    -CS_ERR_CHANGED);
	/* whole pieces before the change are out, and nothing of its own */
	ck_assert_uint_eq(got.len, at - at % RELEASE_PIECE_LEN);
	guard_free(g);
}
END_TEST

START_TEST(test_guard_knows_the_length)
{
	struct guard *g = learn(LONG_LEN);

	unit_assert_code(feed(guard_get_checker(g, out),
			     bytes_of(text, LONG_LEN + 1), 65536),
	    -CS_ERR_CHANGED);
	guard_free(g);
	g = learn(LONG_LEN);
	buf_reset(&got);
	unit_assert_code(feed(guard_get_checker(g, out),
			     bytes_of(text, LONG_LEN - 1), 65536),
	    -CS_ERR_CHANGED);
	guard_free(g);
	/* cut off where a piece ends */
	g = learn(LONG_LEN);
	buf_reset(&got);
	unit_assert_code(feed(guard_get_checker(g, out),
			     bytes_of(text, 3 * RELEASE_PIECE_LEN), 65536),
	    -CS_ERR_CHANGED);
	guard_free(g);
	/* pieces in another order */
	g = learn(2 * RELEASE_PIECE_LEN);
	buf_reset(&got);
	unit_assert_code(
	    sink_write(guard_get_checker(g, out),
		bytes_of(text + RELEASE_PIECE_LEN, RELEASE_PIECE_LEN), &e),
	    -CS_ERR_CHANGED);
	ck_assert_uint_eq(got.len, 0);
	guard_free(g);
}
END_TEST

START_TEST(test_guard_must_be_sealed)
{
	struct guard *g = guard_new();
	struct sink *learner = guard_get_learner(g);
	struct sink *checker = guard_get_checker(g, out);

	unit_assert_code(
	    sink_write(checker, BYTES_LIT("x"), &e), -CS_ERR_INTERNAL);
	unit_assert_code(sink_finish(checker, &e), -CS_ERR_INTERNAL);
	unit_assert_code(sink_finish(learner, &e), 0);
	unit_assert_code(
	    sink_write(learner, BYTES_LIT("x"), &e), -CS_ERR_INTERNAL);
	unit_assert_code(sink_finish(learner, &e), -CS_ERR_INTERNAL);
	guard_free(g);
}
END_TEST

/* --- cms_read --- */

static int
take(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

START_TEST(test_held_output_is_written_in_one_run)
{
	const char *path = temp_path("out");
	struct buf cms = {.max = LONG_LEN + 100000};
	struct bytes_source source;
	struct output *to;
	struct verdict *v = verdict_new();

	world_sign_as(BOB, bytes_of(text, LONG_LEN), &cms);
	unit_assert_code(output_open(path, &to, &e), 0);
	bytes_source_init(&source, buf_get(&cms), 65536);
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_GOOD, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(source.runs, 1);
	unit_assert_code(output_commit(to, &e), 0);
	output_free(to);
	ck_assert(temp_read(path, &got));
	ck_assert(bytes_is_equal(buf_get(&got), bytes_of(text, LONG_LEN)));
	verdict_free(v);
	buf_clear(&cms);
}
END_TEST

START_TEST(test_held_output_is_emptied_when_bad)
{
	const char *path = temp_path("out");
	struct buf cms = {.max = LONG_LEN + 100000};
	struct bytes_source source;
	struct output *to;
	struct verdict *v = verdict_new();

	world_sign_as(BOB, bytes_of(text, LONG_LEN), &cms);
	cms.data[LONG_LEN / 2] ^= 1;
	unit_assert_code(output_open(path, &to, &e), 0);
	bytes_source_init(&source, buf_get(&cms), 65536);
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_GOOD, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_BAD);
	/* even if somebody commits it */
	unit_assert_code(output_commit(to, &e), 0);
	output_free(to);
	ck_assert(temp_read(path, &got));
	ck_assert_uint_eq(got.len, 0);
	verdict_free(v);
	buf_clear(&cms);
}
END_TEST

START_TEST(test_message_that_changes_between_the_runs)
{
	struct buf cms = {.max = LONG_LEN + 100000}, later = cms;
	struct bytes_source source;
	struct output *to = output_new_fn(take, &got);
	struct verdict *v = verdict_new();

	world_sign_as(BOB, bytes_of(text, LONG_LEN), &cms);
	buf_add_bytes(&later, buf_get(&cms));
	later.data[2 * RELEASE_PIECE_LEN + 5000] ^= 1;
	bytes_source_init(&source, buf_get(&cms), 65536);
	source.later = buf_get(&later);
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_GOOD, to, v, &e),
	    -CS_ERR_CHANGED);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(source.runs, 2);
	ck_assert_uint_le(got.len, 2 * RELEASE_PIECE_LEN);
	ck_assert(bytes_is_equal(buf_get(&got), bytes_of(text, got.len)));
	output_free(to);
	verdict_free(v);
	buf_clear(&cms);
	buf_clear(&later);
}
END_TEST

START_TEST(test_only_judging)
{
	struct buf cms = {0};
	struct bytes_source source;
	struct output *to = output_new_fn(take, &got);
	struct verdict *v = verdict_new();

	world_sign_as(BOB, BYTES_LIT("hello"), &cms);
	bytes_source_init(&source, buf_get(&cms), 65536);
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_NEVER, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(source.runs, 1);
	unit_assert_code(output_commit(to, &e), 0);
	ck_assert_uint_eq(got.len, 0);
	output_free(to);
	verdict_free(v);
	buf_clear(&cms);
}
END_TEST

/* Nothing of an authenticated message goes out before its tag is checked. */
START_TEST(test_encrypted_is_let_out_by_the_same_rule)
{
	struct cert *alice[] = {world_cert(ALICE)};
	struct buf cms = {.max = LONG_LEN + 100000};
	struct bytes_source source;
	struct output *to = output_new_fn(take, &got);
	struct verdict *v = verdict_new();

	world_encrypt(
	    ALG_AES256_GCM, alice, 1, FORM_BER, bytes_of(text, LONG_LEN), &cms);
	bytes_source_init(&source, buf_get(&cms), 65536);
	unit_assert_code(
	    cms_read(&world.decrypt, &source.source, RELEASE_GOOD, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_DECRYPTED);
	ck_assert_uint_eq(source.runs, 2);
	unit_assert_code(output_commit(to, &e), 0);
	ck_assert(bytes_is_equal(buf_get(&got), bytes_of(text, LONG_LEN)));
	verdict_free(v);
	output_free(to);
	buf_reset(&got);
	cms.data[cms.len - 20] ^= 1; /* in the tag */
	v = verdict_new();
	to = output_new_fn(take, &got);
	bytes_source_init(&source, buf_get(&cms), 65536);
	unit_assert_code(
	    cms_read(&world.decrypt, &source.source, RELEASE_GOOD, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_BAD);
	unit_assert_code(output_commit(to, &e), 0);
	ck_assert_uint_eq(got.len, 0);
	verdict_free(v);
	output_free(to);
	buf_clear(&cms);
}
END_TEST

/* What nobody else can change is read twice all the same, but not guarded. */
START_TEST(test_stable_source)
{
	struct buf cms = {0};
	struct bytes_source source;
	struct output *to = output_new_fn(take, &got);
	struct verdict *v = verdict_new();

	world_sign_as(BOB, BYTES_LIT("hello"), &cms);
	bytes_source_init(&source, buf_get(&cms), 65536);
	source.source.is_stable = true;
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_GOOD, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_VERIFIED);
	ck_assert_uint_eq(source.runs, 2);
	unit_assert_code(output_commit(to, &e), 0);
	unit_assert_bytes(buf_get(&got), BYTES_LIT("hello"));
	output_free(to);
	verdict_free(v);
	/* and nothing goes out when it is bad */
	bytes_replace(&cms, BYTES_LIT("hello"), BYTES_LIT("hullo"));
	buf_reset(&got);
	to = output_new_fn(take, &got);
	v = verdict_new();
	bytes_source_init(&source, buf_get(&cms), 65536);
	source.source.is_stable = true;
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_GOOD, to, v, &e),
	    0);
	unit_assert_summary(v, VERDICT_BAD);
	ck_assert_uint_eq(source.runs, 1);
	unit_assert_code(output_commit(to, &e), 0);
	ck_assert_uint_eq(got.len, 0);
	output_free(to);
	verdict_free(v);
	buf_clear(&cms);
}
END_TEST

START_TEST(test_output_that_fails)
{
	struct buf cms = {.max = LONG_LEN + 100000}, small;
	struct bytes_source source;
	struct output *to;
	struct verdict *v = verdict_new();

	buf_init(&small, 10);
	to = output_new_fn(take, &small);
	world_sign_as(BOB, bytes_of(text, LONG_LEN), &cms);
	bytes_source_init(&source, buf_get(&cms), 65536);
	unit_assert_code(
	    cms_read(&world.params, &source.source, RELEASE_GOOD, to, v, &e),
	    -CS_ERR_TOO_LARGE);
	verdict_free(v);
	output_free(to);
	buf_clear(&small);
	buf_clear(&cms);
}
END_TEST

static Suite *
release_suite(void)
{
	Suite *s = suite_create("release");
	TCase *tc = tcase_create("guard");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_guard_passes_the_same);
	tcase_add_loop_test(tc, test_guard_holds_back_what_is_not, 0, 5);
	tcase_add_test(tc, test_guard_knows_the_length);
	tcase_add_test(tc, test_guard_must_be_sealed);
	suite_add_tcase(s, tc);
	tc = tcase_create("rule");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_held_output_is_written_in_one_run);
	tcase_add_test(tc, test_held_output_is_emptied_when_bad);
	tcase_add_test(tc, test_message_that_changes_between_the_runs);
	tcase_add_test(tc, test_only_judging);
	tcase_add_test(tc, test_encrypted_is_let_out_by_the_same_rule);
	tcase_add_test(tc, test_stable_source);
	tcase_add_test(tc, test_output_that_fails);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	int status;

	world_init();
	status = unit_run(release_suite());
	world_free();
	return status;
}
