#include "client/cms/sink.h"

#include "tests/unit/unit.h"

static int
failing_write(struct sink *sink, struct bytes in, struct err *e)
{
	(void)sink;
	(void)in;
	return err_set(e, -CS_ERR_NO_SPACE, "no room");
}

static int
failing_finish(struct sink *sink, struct err *e)
{
	(void)sink;
	return err_set(e, -CS_ERR_IO, "no end");
}

static struct sink failing = {.write = failing_write, .finish = failing_finish};

START_TEST(test_null_takes_all)
{
	struct sink *s = sink_new_null();

	ck_assert_int_eq(sink_write(s, BYTES_LIT("abc"), NULL), 0);
	ck_assert_int_eq(sink_write(s, BYTES_NONE, NULL), 0);
	ck_assert_int_eq(sink_finish(s, NULL), 0);
	sink_free(s);
	sink_free(NULL);
}
END_TEST

START_TEST(test_buf_appends_up_to_its_limit)
{
	struct err e = ERR_INIT;
	struct buf b;
	struct sink *s;

	buf_init(&b, 5);
	s = sink_new_buf(&b);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("ab"), &e), 0);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("cde"), &e), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abcde"));
	unit_assert_code(sink_write(s, BYTES_LIT("f"), &e), -CS_ERR_TOO_LARGE);
	unit_assert_code(e.code, -CS_ERR_TOO_LARGE);
	ck_assert_int_eq(sink_finish(s, &e), 0);
	sink_free(s);
	buf_clear(&b);
}
END_TEST

START_TEST(test_tee_writes_to_both)
{
	struct buf a = {0}, b = {0};
	struct sink *x = sink_new_buf(&a), *y = sink_new_buf(&b);
	struct sink *s = sink_new_tee(x, y);

	ck_assert_int_eq(sink_write(s, BYTES_LIT("ab"), NULL), 0);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("c"), NULL), 0);
	ck_assert_int_eq(sink_finish(s, NULL), 0);
	unit_assert_bytes(buf_get(&a), BYTES_LIT("abc"));
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abc"));
	sink_free(s);
	sink_free(x);
	sink_free(y);
	buf_clear(&a);
	buf_clear(&b);
}
END_TEST

START_TEST(test_tee_stops_at_the_first_failure)
{
	struct buf b = {0};
	struct sink *y = sink_new_buf(&b);
	struct sink *s = sink_new_tee(&failing, y);
	struct sink *t = sink_new_tee(y, &failing);

	unit_assert_code(
	    sink_write(s, BYTES_LIT("ab"), NULL), -CS_ERR_NO_SPACE);
	ck_assert_uint_eq(b.len, 0);
	unit_assert_code(sink_finish(s, NULL), -CS_ERR_IO);
	unit_assert_code(
	    sink_write(t, BYTES_LIT("ab"), NULL), -CS_ERR_NO_SPACE);
	unit_assert_code(sink_finish(t, NULL), -CS_ERR_IO);
	sink_free(s);
	sink_free(t);
	sink_free(y);
	buf_clear(&b);
}
END_TEST

START_TEST(test_count_counts_and_passes_on)
{
	uint64_t count = 77, alone;
	struct buf b = {0};
	struct sink *y = sink_new_buf(&b), *s = sink_new_count(&count, y);
	struct sink *t = sink_new_count(&alone, NULL);
	struct sink *f = sink_new_count(&alone, &failing);

	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("abcd"), NULL), 0);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("e"), NULL), 0);
	ck_assert_int_eq(sink_finish(s, NULL), 0);
	ck_assert_uint_eq(count, 5);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abcde"));
	ck_assert_int_eq(sink_write(t, BYTES_LIT("xy"), NULL), 0);
	ck_assert_int_eq(sink_finish(t, NULL), 0);
	ck_assert_uint_eq(alone, 2);
	unit_assert_code(sink_finish(f, NULL), -CS_ERR_IO);
	sink_free(s);
	sink_free(t);
	sink_free(f);
	sink_free(y);
	buf_clear(&b);
}
END_TEST

static Suite *
sink_suite(void)
{
	Suite *s = suite_create("sink");
	TCase *tc = tcase_create("plain");

	tcase_add_test(tc, test_null_takes_all);
	tcase_add_test(tc, test_buf_appends_up_to_its_limit);
	tcase_add_test(tc, test_tee_writes_to_both);
	tcase_add_test(tc, test_tee_stops_at_the_first_failure);
	tcase_add_test(tc, test_count_counts_and_passes_on);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(sink_suite());
}
