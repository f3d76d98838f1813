#include <string.h>

#include "client/smime/address_list.h"
#include "tests/unit/unit.h"

static int
collect(void *ctx, const struct mailbox *m)
{
	struct buf *log = ctx;

	if (log->len > 0)
		buf_add_byte(log, '|');
	buf_add_bytes(log, m->addr_spec);
	if (m->odd != 0)
		buf_printf(log, "!%x", m->odd);
	return 0;
}

static const struct {
	const char *value, *log;
	int code;
} lists[] = {
    {" alice@example.org", "alice@example.org", 0},
    {"Alice <alice@example.org>", "alice@example.org", 0},
    {"\"A, l <x>\" <alice@example.org>,\r\n bob@example.org",
	"alice@example.org|bob@example.org", 0},
    {"alice@example.org (Alice), , bob@example.org,",
	"alice@example.org|bob@example.org", 0},
    {"Dr. A. Example <a@b.c>", "a@b.c", 0},
    {"", "", 0},
    {"(nobody)", "", 0},
    {"<a.b@[192.0.2.1]>", "a.b@[192.0.2.1]", 0},
    {"j\xc3\xbcrgen@b\xc3\xbc.example", "j\xc3\xbcrgen@b\xc3\xbc.example", 0},
    /* quotes only where they are needed */
    {"\"a.b\"@c.d", "a.b@c.d", 0},
    {"\"a b\"@c.d", "\"a b\"@c.d!4", 0},
    {"\"a\\\"b\"@c.d", "\"a\\\"b\"@c.d!4", 0},
    {"\"\"@c.d", "\"\"@c.d!4", 0},
    {"\"a@b.c\"@c.d", "\"a@b.c\"@c.d!4", 0},
    {"a..b.@c.d", "a..b.@c.d", 0},
    /* groups */
    {"Undisclosed recipients:;", "", 0},
    {"G: a@b.c, X <d@e.f>;, g@h.i", "a@b.c!80|d@e.f!80|g@h.i", 0},
    {"G: a@b.c; g@h.i", "a@b.c!80|g@h.i", 0},
    {"G: H: a@b.c;;", "", -CS_ERR_ENCODING},
    {"G: a@b.c", "a@b.c!80", -CS_ERR_ENCODING},
    /* what is odd */
    {"<a(c)@b.c>", "a@b.c!1", 0},
    {"<a@b.c (c)>", "a@b.c!1", 0},
    {"a (c) @ b.c", "a@b.c!101", 0},
    {"a@b . c", "a@b.c!100", 0},
    {"<@x,@y:a@b.c>", "a@b.c!2", 0},
    {"=?utf-8?q?x=40victim.example?=@evil.example",
	"=?utf-8?q?x=40victim.example?=@evil.example!8", 0},
    {"\"ceo@victim.example\" <a@evil.example>", "a@evil.example!40", 0},
    {"ceo\\@victim.example <a@evil.example>", "", -CS_ERR_ENCODING},
    {"=?utf-8?q?ceo=40victim.example?= <a@evil.example>", "a@evil.example!40",
	0},
    {"=?utf-8?b?Y2VvQHZpY3RpbS5leGFtcGxl?= <a@evil.example>",
	"a@evil.example!40", 0},
    {"=?utf-8?b?!!!?= <a@b.c>", "a@b.c", 0},
    /* what programs join is one text */
    {"=?utf-8?q?ceo?= =?utf-8?q?=40?=\r\n =?utf-8?q?victim.example?= <a@b.c>",
	"a@b.c!40", 0},
    {"=?utf-8?q?at?= =?utf-8?q?_=40_work?= <a@b.c>", "a@b.c", 0},
    /* character sets in which ASCII may be something else */
    {"=?utf-7?q?ceo+AEA-victim.example?= <a@b.c>", "a@b.c!200", 0},
    {"=?cp037?q?ceo=7Cvictim.example?= <a@b.c>", "a@b.c!200", 0},
    {"A =?UTF-7*en?b?YQ=?= <a@b.c>", "a@b.c!200", 0},
    {"=?ISO-8859-1*de?q?J=F6rg?= <a@b.c>", "a@b.c", 0},
    /* as those read it who put up with broken base64 */
    {"=?utf-8?b?Y2VvQHZpY3RpbS5leGFtcGxlIQ?= <a@b.c>", "a@b.c!40", 0},
    {"=?utf-8?b?Y2!VvQHZp Y3RpbS5leGFtcGxl=?= <a@b.c>", "a@b.c!40", 0},
    {"=?utf-8?b?Y2VvQHZpY3RpbS5leGFtcGxlI?= <a@b.c>", "a@b.c!40", 0},
    /* what looks like an "@" */
    {"ceo\xef\xbc\xa0victim.example <a@b.c>", "a@b.c!40", 0},
    {"ceo\xef\xb9\xabvictim.example <a@b.c>", "a@b.c!40", 0},
    {"ceo\xef\xbc\xa0victim\xe3\x80\x82 example <a@b.c>", "a@b.c!40", 0},
    {"\"ceo @ victim.example\" <a@b.c>", "a@b.c!40", 0},
    {"\"ceo\t(@) victim.example\" <a@b.c>", "a@b.c!40", 0},
    {"\"ceo \xef\xbc\xa0 victim.example\" <a@b.c>", "a@b.c!40", 0},
    {"\"ceo \xef\xb9\xab victim\xef\xbc\x8e"
     "example\" <a@b.c>",
	"a@b.c!40", 0},
    {"\"ceo @ victim\xe3\x80\x82"
     "example\" <a@b.c>",
	"a@b.c!40", 0},
    {"\"ceo\xc2\xa0@\xc2\xa0victim.example\" <a@b.c>", "a@b.c!40", 0},
    {"=?utf-8?q?ceo_=40_victim.example?= <a@b.c>", "a@b.c!40", 0},
    {"\"A @ b.c\" <a@b.c>", "a@b.c", 0},
    {"\"Alice @ work\" <a@b.c>", "a@b.c", 0},
    {"\"Alice @ work.\" <a@b.c>", "a@b.c", 0},
    {"\"@ b.c.d\" <a@b.c>", "a@b.c", 0},
    {"\"Alice @\" <a@b.c>", "a@b.c", 0},
    {"=?utf-8?q?ceo=EF=B9=ABvictim.example?= <a@b.c>", "a@b.c!40", 0},
    {"a\xef\xbc\xa1z <a@b.c>", "a@b.c", 0},
    /* controls that are not ASCII; a mark of direction is none */
    {"=?utf-8?q?=E2=80=AEelpmaxe.mitciv?= <a@b.c>", "a@b.c!10", 0},
    {"\xc2\x9b"
     "1m <a@b.c>",
	"a@b.c!10", 0},
    {"\xd7\x90\xe2\x80\x8f <a@b.c>", "a@b.c", 0},
    {"=?utf-8?q?a=00b?= <a@b.c>", "a@b.c!10", 0},
    {"a@b.c (ceo@victim.example)", "a@b.c!40", 0},
    {"\"A@B.c\" <a@b.c>", "a@b.c", 0},
    {"\"x a@b.c.evil\" <a@b.c>", "a@b.c!40", 0},
    {"\"Team @ Work\" <a@b.c>", "a@b.c", 0},
    {"Team @ Work <a@b.c>", "Team@Work!100", -CS_ERR_ENCODING},
    {"gr\xfc\xdf@b.c", "gr\xfc\xdf@b.c!20", 0},
    {"\"a\x01z\"@b.c", "\"a\x01z\"@b.c!14", 0},
    /* no list */
    {"alice", "", -CS_ERR_ENCODING},
    {"alice@", "", -CS_ERR_ENCODING},
    {"@b.c", "", -CS_ERR_ENCODING},
    {"<alice>", "", -CS_ERR_ENCODING},
    {"<a@b.c", "", -CS_ERR_ENCODING},
    {"<a@b.c> x", "a@b.c", -CS_ERR_ENCODING},
    {"a@b.c d@e.f", "", -CS_ERR_ENCODING},
    {"a b@c.d", "", -CS_ERR_ENCODING},
    {"a@b@c.d", "a@b", -CS_ERR_ENCODING},
    {"\"open <a@b.c>", "", -CS_ERR_ENCODING},
    {"a@[1.2", "", -CS_ERR_ENCODING},
    {"a@b.c; d@e.f", "a@b.c", -CS_ERR_ENCODING},
    {"<>", "", -CS_ERR_ENCODING},
};

START_TEST(walks_lists)
{
	struct buf log = {0};
	int r = address_list_walk(bytes_of_str(lists[_i].value), collect, &log);

	ck_assert_msg(
	    r == lists[_i].code, "%s: %s", lists[_i].value, err_name(r));
	unit_assert_bytes(buf_get(&log), bytes_of_str(lists[_i].log));
	buf_clear(&log);
}
END_TEST

START_TEST(nul_is_no_address)
{
	struct buf log = {0};

	unit_assert_code(
	    address_list_walk(BYTES_LIT("a@b.c\0.evil"), collect, &log),
	    -CS_ERR_ENCODING);
	buf_clear(&log);
}
END_TEST

static int
stop(void *ctx, const struct mailbox *m)
{
	(void)m;
	++*(int *)ctx;
	return -CS_ERR_POLICY;
}

START_TEST(the_caller_can_stop)
{
	int n = 0;

	unit_assert_code(
	    address_list_walk(BYTES_LIT("a@b, c@d"), stop, &n), -CS_ERR_POLICY);
	ck_assert_int_eq(n, 1);
}
END_TEST

static int
count(void *ctx, const struct mailbox *m)
{
	(void)m;
	++*(int *)ctx;
	return 0;
}

START_TEST(limits)
{
	struct buf b = {0};
	int i, n = 0;

	buf_printf(&b, "%0*d@b.c", ADDRESS_SPEC_MAX, 0);
	unit_assert_code(
	    address_list_walk(buf_get(&b), count, &n), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	buf_printf(&b, "b@%0*d", ADDRESS_SPEC_MAX, 0);
	unit_assert_code(
	    address_list_walk(buf_get(&b), count, &n), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	buf_printf(&b, "%0*d <a@b.c>", DISPLAY_LEN_MAX, 0);
	unit_assert_code(
	    address_list_walk(buf_get(&b), count, &n), -CS_ERR_TOO_LARGE);
	buf_reset(&b);
	for (i = 0; i <= ADDRESS_LIST_MAX; i++)
		buf_add_str(&b, "a@b.c,");
	unit_assert_code(
	    address_list_walk(buf_get(&b), count, &n), -CS_ERR_TOO_LARGE);
	ck_assert_int_eq(n, ADDRESS_LIST_MAX);
	/* deep comments are counted, not recursed into */
	buf_reset(&b);
	for (i = 0; i < 1000; i++)
		buf_add_byte(&b, '(');
	ck_assert_int_eq(address_list_walk(buf_get(&b), count, &n), 0);
	buf_clear(&b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("address_list");
	TCase *tcase = tcase_create("address_list");

	tcase_add_loop_test(
	    tcase, walks_lists, 0, sizeof(lists) / sizeof(lists[0]));
	tcase_add_test(tcase, nul_is_no_address);
	tcase_add_test(tcase, the_caller_can_stop);
	tcase_add_test(tcase, limits);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
