#include "agent/proto_audit.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct buf log_text;
static struct audit_chain chain;

static void
setup(void)
{
	buf_init(&log_text, 0);
	chain = (struct audit_chain){0};
	ck_assert_int_eq(
	    audit_line_put(&log_text, &chain, BYTES_LIT("\"event\":\"start\"")),
	    0);
	ck_assert_int_eq(audit_line_put(&log_text, &chain, BYTES_NONE), 0);
}

static void
teardown(void)
{
	buf_clear(&log_text);
}

/* The nth line, without its line feed. */
static struct bytes
line(unsigned n)
{
	const uint8_t *p = log_text.data, *nl;

	for (;;) {
		nl =
		    memchr(p, '\n', log_text.len - (size_t)(p - log_text.data));
		ck_assert_ptr_nonnull(nl);
		if (n-- == 0)
			return bytes_of(p, (size_t)(nl - p));
		p = nl + 1;
	}
}

/* The digests are those of sha256sum. */
START_TEST(a_chain)
{
	static const char first[] =
	    "{\"v\":1,\"seq\":1,\"prev\":\"00000000000000000000000000000000"
	    "00000000000000000000000000000000\",\"event\":\"start\",\"hash\":"
	    "\"HASH1\"}";
	char prev[AUDIT_HASH_LEN + 1];
	struct audit_chain at = {0}, next;

	ck_assert_uint_eq(line(0).len, sizeof(first) - 1 - 5 + 64);
	ck_assert_int_eq(memcmp(line(0).p, first, sizeof(first) - 1 - 7), 0);
	ck_assert_int_eq(audit_line_read(line(0), prev, &next, NULL), 0);
	ck_assert_str_eq(next.hash,
	    "e37ad67d40e8f6831f9d8dd850bf53b846b345def9b7ccf4688f148a83ede2bd");
	ck_assert(audit_follows(&at, prev, &next));
	at = next;
	ck_assert_int_eq(audit_line_read(line(1), prev, &next, NULL), 0);
	ck_assert_str_eq(prev, at.hash);
	ck_assert(audit_follows(&at, prev, &next));
	ck_assert_uint_eq(next.seq, 2);
	ck_assert_str_eq(next.hash, chain.hash);
	/* left out, or twice */
	at.seq = 0;
	ck_assert(!audit_follows(&at, prev, &next));
	at.seq = 1;
	at.hash[0] ^= 1;
	ck_assert(!audit_follows(&at, prev, &next));
}
END_TEST

START_TEST(every_octet_counts)
{
	struct bytes whole = line(0);
	char prev[AUDIT_HASH_LEN + 1];
	struct audit_chain next;
	struct err e = ERR_INIT;
	uint8_t *copy = malloc(whole.len);
	size_t i;

	ck_assert_ptr_nonnull(copy);
	for (i = 0; i < whole.len; i++) {
		memcpy(copy, whole.p, whole.len);
		copy[i] ^= 4;
		ck_assert_int_eq(
		    audit_line_read(bytes_of(copy, whole.len), prev, &next, &e),
		    -CS_ERR_LOG);
		ck_assert_str_eq(next.hash, "");
		ck_assert_int_eq(
		    audit_line_read(bytes_of(whole.p, i), prev, &next, &e),
		    -CS_ERR_LOG);
	}
	free(copy);
	ck_assert_int_eq(
	    audit_line_read(BYTES_NONE, prev, &next, &e), -CS_ERR_LOG);
}
END_TEST

START_TEST(too_long)
{
	size_t len = AUDIT_LINE_MAX + 1;
	char prev[AUDIT_HASH_LEN + 1];
	struct audit_chain next;
	uint8_t *text = calloc(1, len);

	ck_assert_ptr_nonnull(text);
	memset(text, '{', len);
	ck_assert_int_eq(
	    audit_line_read(bytes_of(text, len), prev, &next, NULL),
	    -CS_ERR_LOG);
	free(text);
}
END_TEST

static const struct {
	struct bytes in;
	const char *out;
} strings[] = {
    {BYTES_LIT(""), "\"\""},
    {BYTES_LIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
    {BYTES_LIT("a\nb\x7f"), "\"a\\u000ab\\u007f\""},
    {BYTES_LIT("\xc3\xa9"), "\"\xc3\xa9\""},
    {BYTES_LIT("a\xff\"b"), "\"a\xef\xbf\xbd\xef\xbf\xbd"
			    "b\""},
};

START_TEST(json_strings)
{
	struct buf b = {0};

	audit_put_string(&b, strings[_i].in);
	ck_assert_uint_eq(b.len, strlen(strings[_i].out));
	ck_assert_int_eq(memcmp(b.data, strings[_i].out, b.len), 0);
	buf_clear(&b);
}
END_TEST

START_TEST(members)
{
	struct buf b = {0};

	audit_put_text(&b, "a", BYTES_NONE);
	audit_put_hex(&b, "b", BYTES_NONE);
	ck_assert_uint_eq(b.len, 0);
	audit_put_text(&b, "a", BYTES_LIT("x"));
	audit_put_hex(&b, "b", BYTES_LIT("\x01\xfe"));
	ck_assert_int_eq(
	    memcmp(b.data, ",\"a\":\"x\",\"b\":\"01fe\"", b.len), 0);
	buf_clear(&b);
}
END_TEST

START_TEST(long_texts)
{
	static const char end[] = "\xc3\xa9\xe2\x80\xa6\"";
	char text[4001] = "";
	struct buf b = {0};
	size_t i;

	for (i = 0; i < 4000; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	audit_put_text(&b, "a", bytes_of(text, 4000));
	ck_assert_uint_gt(b.len, AUDIT_TEXT_MAX);
	ck_assert_uint_lt(b.len, AUDIT_TEXT_MAX + 16);
	ck_assert_int_eq(
	    memcmp(b.data + b.len - (sizeof(end) - 1), end, sizeof(end) - 1),
	    0);
	buf_clear(&b);
}
END_TEST

START_TEST(no_room)
{
	struct buf small = {.max = 100};
	struct audit_chain before = chain;

	ck_assert_int_eq(
	    audit_line_put(&small, &chain, BYTES_NONE), -CS_ERR_TOO_LARGE);
	ck_assert_uint_eq(chain.seq, before.seq);
	buf_clear(&small);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("audit");
	TCase *tcase = tcase_create("audit");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_chain);
	tcase_add_test(tcase, every_octet_counts);
	tcase_add_test(tcase, too_long);
	tcase_add_loop_test(tcase, json_strings, 0,
	    (int)(sizeof(strings) / sizeof(strings[0])));
	tcase_add_test(tcase, members);
	tcase_add_test(tcase, long_texts);
	tcase_add_test(tcase, no_room);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
