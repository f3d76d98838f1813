#include "client/cms/sink.h"

#include <stdlib.h>

#include "asn1/alg/digest.h"
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

START_TEST(test_head_keeps_the_first_octets)
{
	struct buf head = {.max = 4}, b = {0};
	struct sink *y = sink_new_buf(&b), *s, *f;

	buf_add_str(&head, "old");
	s = sink_new_head(&head, y);
	f = sink_new_head(&head, &failing);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("abc"), NULL), 0);
	ck_assert_int_eq(sink_write(s, BYTES_NONE, NULL), 0);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("def"), NULL), 0);
	ck_assert_int_eq(sink_write(s, BYTES_LIT("g"), NULL), 0);
	ck_assert_int_eq(sink_finish(s, NULL), 0);
	unit_assert_bytes(buf_get(&head), BYTES_LIT("abcd"));
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abcdefg"));
	unit_assert_code(
	    sink_write(f, BYTES_LIT("ab"), NULL), -CS_ERR_NO_SPACE);
	unit_assert_code(sink_finish(f, NULL), -CS_ERR_IO);
	sink_free(s);
	sink_free(f);
	sink_free(y);
	buf_clear(&head);
	buf_clear(&b);
}
END_TEST

/* Longer than what the codecs take at once. */
#define LONG_LEN ((size_t)200003)

static struct bytes
make_long(void)
{
	uint8_t *p = malloc(LONG_LEN);
	size_t i;

	for (i = 0; i < LONG_LEN; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
	return bytes_of(p, LONG_LEN);
}

static int
feed(struct sink *s, struct bytes in, size_t piece, struct err *e)
{
	size_t at, len;
	int r = 0;

	for (at = 0; r == 0 && at < in.len; at += len) {
		len = in.len - at < piece ? in.len - at : piece;
		r = sink_write(s, bytes_of(in.p + at, len), e);
	}
	return r != 0 ? r : sink_finish(s, e);
}

START_TEST(test_base64_there_and_back)
{
	static const size_t pieces[] = {1, 100, 65536, LONG_LEN};
	struct bytes text = make_long();
	struct buf encoded = {0}, decoded = {0};
	struct sink *to_encoded = sink_new_buf(&encoded);
	struct sink *to_decoded = sink_new_buf(&decoded);
	struct sink *enc = sink_new_base64_enc(
	    to_encoded, _i % 2 == 0 ? 57 : 48, _i % 2 == 0 ? "\r\n" : "\n");
	struct sink *dec = sink_new_base64_dec(to_decoded);
	struct err e = ERR_INIT;

	unit_assert_code(feed(enc, text, pieces[_i], &e), 0);
	ck_assert_uint_eq(encoded.data[encoded.len - 1], '\n');
	unit_assert_code(feed(dec, buf_get(&encoded), pieces[_i], &e), 0);
	ck_assert(bytes_is_equal(buf_get(&decoded), text));
	sink_free(enc);
	sink_free(dec);
	sink_free(to_encoded);
	sink_free(to_decoded);
	buf_clear(&encoded);
	buf_clear(&decoded);
	free((void *)(uintptr_t)text.p);
}
END_TEST

START_TEST(test_base64_failures)
{
	struct err e = ERR_INIT;
	struct sink *null = sink_new_null();
	struct sink *dec = sink_new_base64_dec(null);

	unit_assert_code(
	    sink_write(dec, BYTES_LIT("QUJD*"), &e), -CS_ERR_BASE64);
	ck_assert_uint_eq(e.offset, 4);
	sink_free(dec);
	dec = sink_new_base64_dec(null);
	unit_assert_code(sink_write(dec, BYTES_LIT("QUJDQ"), &e), 0);
	unit_assert_code(sink_finish(dec, &e), -CS_ERR_BASE64);
	sink_free(dec);
	/* the sink behind fails */
	dec = sink_new_base64_dec(&failing);
	unit_assert_code(
	    sink_write(dec, BYTES_LIT("QUJD"), &e), -CS_ERR_NO_SPACE);
	sink_free(dec);
	dec = sink_new_base64_enc(&failing, 57, "\n");
	unit_assert_code(sink_write(dec, BYTES_LIT("abc"), &e), 0);
	unit_assert_code(sink_finish(dec, &e), -CS_ERR_NO_SPACE);
	sink_free(dec);
	sink_free(null);
}
END_TEST

START_TEST(test_digest_passes_on)
{
	struct digest *d = digest_new(ALG_SHA256);
	uint8_t hash[DIGEST_LEN_MAX];
	struct buf b = {0};
	struct sink *y = sink_new_buf(&b), *s = sink_new_digest(d, y);
	struct sink *alone = sink_new_digest(d, NULL);
	size_t len;

	ck_assert_int_eq(sink_write(s, BYTES_LIT("abc"), NULL), 0);
	ck_assert_int_eq(sink_finish(s, NULL), 0);
	ck_assert_int_eq(sink_write(alone, BYTES_LIT("def"), NULL), 0);
	ck_assert_int_eq(sink_finish(alone, NULL), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abc"));
	len = digest_of(ALG_SHA256, BYTES_LIT("abcdef"), hash);
	unit_assert_bytes(digest_get(d, ALG_SHA256), bytes_of(hash, len));
	sink_free(s);
	sink_free(alone);
	sink_free(y);
	buf_clear(&b);
	digest_free(d);
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
	tcase_add_test(tc, test_head_keeps_the_first_octets);
	suite_add_tcase(s, tc);
	tc = tcase_create("codecs");
	tcase_add_loop_test(tc, test_base64_there_and_back, 0, 4);
	tcase_add_test(tc, test_base64_failures);
	tcase_add_test(tc, test_digest_passes_on);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (alg_init(NULL) != 0)
		return 99;
	return unit_run(sink_suite());
}
