#include "asn1/time.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <time.h>

static const struct {
	int tag;
	const char *text;
	int64_t t;
} good[] = {
    {DER_UTC_TIME, "700101000000Z", 0},
    {DER_UTC_TIME, "500101000000Z", -631152000},
    {DER_UTC_TIME, "491231235959Z", 2524607999},
    {DER_UTC_TIME, "000229120000Z", 951825600},
    {DER_GENERALIZED_TIME, "20500101000000Z", 2524608000},
    {DER_GENERALIZED_TIME, "19491231235959Z", -631152001},
    {DER_GENERALIZED_TIME, "00000101000000Z", -62167219200},
    {DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
    {DER_GENERALIZED_TIME, "24000229000000Z", 13574563200},
};

START_TEST(times_go_in_and_out)
{
	struct bytes text = bytes_of_str(good[_i].text);
	struct buf b = {0}, want = {0};
	struct der d;
	int64_t t;

	unit_assert_code(time_decode(good[_i].tag, text, &t), 0);
	ck_assert_int_eq(t, good[_i].t);
	der_put(&want, good[_i].tag, text);
	der_init(&d, buf_get(&want));
	ck_assert_int_eq(der_get_time(&d), good[_i].t);
	unit_assert_code(der_end(&d), 0);
	der_put_time(&b, t);
	unit_assert_bytes(buf_get(&b), buf_get(&want));
	buf_clear(&b);
	buf_clear(&want);
}
END_TEST

static const struct {
	int tag;
	const char *text;
} bad[] = {
    {DER_UTC_TIME, ""},
    {DER_UTC_TIME, "7001010000Z"},	 /* no seconds */
    {DER_UTC_TIME, "700101000000"},	 /* no zone */
    {DER_UTC_TIME, "700101000000+0000"}, /* not in Z */
    {DER_UTC_TIME, "700101000000ZZ"},
    {DER_UTC_TIME, "19700101000000Z"},
    {DER_UTC_TIME, "701301000000Z"},
    {DER_UTC_TIME, "700001000000Z"},
    {DER_UTC_TIME, "700100000000Z"},
    {DER_UTC_TIME, "700132000000Z"},
    {DER_UTC_TIME, "700229000000Z"}, /* no leap year */
    {DER_UTC_TIME, "700431000000Z"},
    {DER_UTC_TIME, "700101240000Z"},
    {DER_UTC_TIME, "700101006000Z"},
    {DER_UTC_TIME, "700101000060Z"},
    {DER_UTC_TIME, "7001010000 0Z"},
    {DER_UTC_TIME, "-00101000000Z"},
    {DER_GENERALIZED_TIME, "700101000000Z"},
    {DER_GENERALIZED_TIME, "20500101000000.5Z"},
    {DER_GENERALIZED_TIME, "21000229000000Z"},
    {DER_GENERALIZED_TIME, "20500101000000z"},
    {DER_UTF8_STRING, "700101000000Z"},
};

START_TEST(what_is_no_time_is_refused)
{
	struct bytes text = bytes_of_str(bad[_i].text);
	struct buf b = {0};
	struct der d;
	int64_t t = 1;

	unit_assert_code(time_decode(bad[_i].tag, text, &t), -CS_ERR_ENCODING);
	ck_assert_int_eq(t, 0);
	der_put_null(&b);
	der_put(&b, bad[_i].tag, text);
	der_init(&d, buf_get(&b));
	der_get_null(&d);
	ck_assert_int_eq(der_get_time(&d), 0);
	unit_assert_code(der_end(&d), -CS_ERR_ENCODING);
	ck_assert_uint_eq(d.err_offset, 2);
	buf_clear(&b);
}
END_TEST

START_TEST(a_missing_time_is_truncated)
{
	struct der d;

	der_init(&d, BYTES_NONE);
	ck_assert_int_eq(der_get_time(&d), 0);
	unit_assert_code(der_end(&d), -CS_ERR_TRUNCATED);
}
END_TEST

START_TEST(years_have_limits)
{
	struct buf b = {0};

	der_put_time(&b, 253402300800);
	ck_assert_int_eq(b.err, -CS_ERR_ARGUMENT);
	buf_reset(&b);
	der_put_time(&b, -62167219201);
	ck_assert_int_eq(b.err, -CS_ERR_ARGUMENT);
	buf_clear(&b);
}
END_TEST

/* Each day of 1,200 years, and odd seconds, against the C library. */
START_TEST(agrees_with_the_c_library)
{
	char text[TIME_TEXT_MAX], want[TIME_TEXT_MAX];
	int64_t t, back;
	struct tm tm;
	time_t c;

	for (t = -18934560000; t < 18934560000; t += 86399) {
		c = (time_t)t;
		ck_assert_ptr_nonnull(gmtime_r(&c, &tm));
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		time_format(text, t);
		if (strcmp(text, want) != 0)
			ck_assert_str_eq(text, want);
		if (time_parse(text, &back) != 0 || back != t)
			ck_assert_int_eq(back, t);
	}
}
END_TEST

/* Times that no calendar has still fit the text. */
START_TEST(extremes_are_formatted)
{
	char text[TIME_TEXT_MAX];

	ck_assert_uint_lt(strlen(time_format(text, INT64_MAX)), TIME_TEXT_MAX);
	ck_assert_uint_lt(strlen(time_format(text, INT64_MIN)), TIME_TEXT_MAX);
}
END_TEST

static const struct {
	const char *text;
	int64_t t;
	int code;
} rfc3339[] = {
    {"1970-01-01", 0, 0},
    {"2026-11-24T01:02:03Z", 1795482123, 0},
    {"2026-11-24t01:02:03z", 1795482123, 0},
    {"2026-11-24 01:02:03.999Z", 1795482123, 0},
    {"2026-11-24T02:02:03+01:00", 1795482123, 0},
    {"2026-11-23T16:32:03-08:30", 1795482123, 0},
    {"1990-12-31T23:59:60Z", 662688000, 0},
    {"", 0, -CS_ERR_ARGUMENT},
    {"2026", 0, -CS_ERR_ARGUMENT},
    {"2026-11", 0, -CS_ERR_ARGUMENT},
    {"2026-02-29", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02Z", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:03", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:03.Z", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:03Zx", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:61Z", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T24:00:00Z", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:03+0100", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:03+24:00", 0, -CS_ERR_ARGUMENT},
    {"2026-11-24T01:02:03+", 0, -CS_ERR_ARGUMENT},
    {"26-11-24", 0, -CS_ERR_ARGUMENT},
    {"tomorrow", 0, -CS_ERR_ARGUMENT},
};

START_TEST(text_is_parsed)
{
	int64_t t = 1;

	unit_assert_code(time_parse(rfc3339[_i].text, &t), rfc3339[_i].code);
	ck_assert_int_eq(t, rfc3339[_i].t);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *suite = suite_create("time");
	TCase *tcase = tcase_create("time");

	tcase_add_loop_test(tcase, times_go_in_and_out, 0, COUNT(good));
	tcase_add_loop_test(tcase, what_is_no_time_is_refused, 0, COUNT(bad));
	tcase_add_test(tcase, a_missing_time_is_truncated);
	tcase_add_test(tcase, years_have_limits);
	tcase_add_test(tcase, agrees_with_the_c_library);
	tcase_add_test(tcase, extremes_are_formatted);
	tcase_add_loop_test(tcase, text_is_parsed, 0, COUNT(rfc3339));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
