/* What cardseal-fetch makes of dns: URLs (RFC 4501). */
#include "asn1/err.h"
#include "client/fetch/dns_int.h"
#include "tests/unit/unit.h"

static int
parse(const char *text, struct dns_url *url)
{
	struct err e = ERR_INIT;

	return dns_url_parse(bytes_of_str(text), url, &e);
}

START_TEST(test_url)
{
	static const struct {
		const char *text, *name, *server;
	} good[] = {
	    {"dns:a._smimecert.example.org?type=SMIMEA",
		"a._smimecert.example.org", ""},
	    {"DNS:A.Example.ORG.?TYPE=smimea", "A.Example.ORG.", ""},
	    {"dns://192.0.2.1/a?type=SMIMEA", "a", "192.0.2.1"},
	    {"dns://192.0.2.1:5300/a?type=SMIMEA", "a", "192.0.2.1@5300"},
	    {"dns://[2001:DB8::1]/a?type=SMIMEA", "a", "2001:DB8::1"},
	    {"dns://[2001:db8::1]:53/a?type=SMIMEA", "a", "2001:db8::1@53"},
	};
	struct dns_url url;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(
		    parse(good[i].text, &url) == 0, "%s", good[i].text);
		ck_assert_str_eq(url.name, good[i].name);
		ck_assert_str_eq(url.server, good[i].server);
		ck_assert_int_eq(url.type, 53);
	}
}
END_TEST

START_TEST(test_url_refused)
{
	static const char *const bad[] = {"dns:", "dns:a", "dns:a?",
	    "dns:a?type=", "dns:a?type=SMIME", "dns:a?type=SMIMEAX",
	    "dns:a?class=IN", "dns:a?type=SMIMEA;class=IN", "dns:?type=SMIMEA",
	    "dns:a%20b?type=SMIMEA", "dns:a\\032b?type=SMIMEA",
	    "dns:a/b?type=SMIMEA", "dns:///a?type=SMIMEA", "dns://?type=SMIMEA",
	    "dns://192.0.2.1?type=SMIMEA", "dns://ns.example/a?type=SMIMEA",
	    "dns://192.0.2.1:x/a?type=SMIMEA", "dns://[::1/a?type=SMIMEA",
	    "dns://[::1]x/a?type=SMIMEA", "dns://[]/a?type=SMIMEA",
	    "dns://192.0.[.1/a?type=SMIMEA", "dns://[[::1]/a?type=SMIMEA",
	    "dns://192.0.2.1]/a?type=SMIMEA", "dns://:53/a?type=SMIMEA",
	    "dns://192.0.2.1@53/a?type=SMIMEA"};
	struct dns_url url;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(
		    parse(bad[i], &url) == -CS_ERR_ARGUMENT, "%s", bad[i]);
}
END_TEST

START_TEST(test_long)
{
	struct dns_url url;
	struct buf text = {0};
	size_t i;

	buf_add_str(&text, "dns:");
	for (i = 0; i < DNS_NAME_MAX; i++)
		buf_add_byte(&text, 'a');
	buf_add_str(&text, "?type=SMIMEA");
	ck_assert_int_eq(
	    dns_url_parse(buf_get(&text), &url, &(struct err)ERR_INIT), 0);
	buf_reset(&text);
	buf_add_str(&text, "dns:");
	for (i = 0; i < DNS_NAME_MAX + 1; i++)
		buf_add_byte(&text, 'a');
	buf_add_str(&text, "?type=SMIMEA");
	ck_assert_int_eq(
	    dns_url_parse(buf_get(&text), &url, &(struct err)ERR_INIT),
	    -CS_ERR_ARGUMENT);
	buf_clear(&text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fetch_dns");
	TCase *tcase = tcase_create("fetch_dns");

	tcase_add_test(tcase, test_url);
	tcase_add_test(tcase, test_url_refused);
	tcase_add_test(tcase, test_long);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
