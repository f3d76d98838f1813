/*
 * The messages of cardseal-fetch against their published module
 * (asn1/fetch.asn), and what it looks at before it asks anybody.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/tree.h"
#include "client/fetch/fetch.h"
#include "client/fetch/serve.h"
#include "tests/unit/unit.h"

static const struct fetch_request full = {
    .method = FETCH_POST,
    .url = BYTES_LIT("http://127.0.0.1:80/x"),
    .octets_max = 65536,
    .timeout_ms = 5000,
    .redirects_max = 3,
    .is_public = true,
    .accept = BYTES_LIT("application/timestamp-reply"),
    .content_type = BYTES_LIT("application/timestamp-query"),
    .body = BYTES_LIT("\x30\x00"),
};

static void
assert_module(const struct buf *frame)
{
	struct tree *tree;
	struct err e = ERR_INIT;

	ck_assert_int_eq(frame->err, 0);
	ck_assert_msg(
	    tree_decode(TREE_FETCH, "Message", buf_get(frame), &tree, &e) == 0,
	    "%s", e.text);
	tree_free(tree);
}

START_TEST(test_request)
{
	struct buf b = {0};
	struct fetch_msg m;
	size_t len;

	ck_assert_int_eq(fetch_put_request(&b, &full), 0);
	assert_module(&b);
	ck_assert_int_eq(fetch_frame_len(buf_get(&b), &len), 0);
	ck_assert_uint_eq(len, b.len);
	ck_assert_int_eq(fetch_decode(buf_get(&b), &m), 0);
	ck_assert_int_eq(m.type, FETCH_REQUEST);
	ck_assert_int_eq(m.request.method, FETCH_POST);
	unit_assert_bytes(m.request.url, full.url);
	ck_assert_uint_eq(m.request.octets_max, 65536);
	ck_assert_uint_eq(m.request.timeout_ms, 5000);
	ck_assert_uint_eq(m.request.redirects_max, 3);
	ck_assert(m.request.is_public);
	unit_assert_bytes(m.request.accept, full.accept);
	unit_assert_bytes(m.request.content_type, full.content_type);
	unit_assert_bytes(m.request.body, full.body);
	buf_clear(&b);
}
END_TEST

START_TEST(test_request_limits)
{
	struct fetch_request q = full;
	struct buf b = {0};

	q.octets_max = FETCH_OCTETS_MAX + 1;
	unit_assert_code(fetch_put_request(&b, &q), -CS_ERR_ARGUMENT);
	q = full;
	q.octets_max = 0;
	unit_assert_code(fetch_put_request(&b, &q), -CS_ERR_ARGUMENT);
	q = full;
	q.timeout_ms = 0;
	unit_assert_code(fetch_put_request(&b, &q), -CS_ERR_ARGUMENT);
	q = full;
	q.redirects_max = FETCH_REDIRECTS_MAX + 1;
	unit_assert_code(fetch_put_request(&b, &q), -CS_ERR_ARGUMENT);
	q = full;
	q.url = BYTES_NONE;
	unit_assert_code(fetch_put_request(&b, &q), -CS_ERR_ARGUMENT);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(test_done)
{
	struct fetch_done done = {
	    .code = -CS_ERR_NETWORK,
	    .status = 404,
	    .url = BYTES_LIT("http://x/"),
	    .content_type = BYTES_LIT("text/\x01html"),
	    .text = BYTES_LIT("no"),
	};
	struct buf b = {0};
	struct fetch_msg m;

	fetch_put_done(&b, &done);
	assert_module(&b);
	ck_assert_int_eq(fetch_decode(buf_get(&b), &m), 0);
	ck_assert_int_eq(m.type, FETCH_DONE);
	ck_assert_int_eq(m.done.code, -CS_ERR_NETWORK);
	ck_assert_uint_eq(m.done.status, 404);
	unit_assert_bytes(m.done.content_type, BYTES_LIT("text/\\x01html"));
	buf_reset(&b);
	fetch_put_piece(&b, BYTES_LIT("abc"));
	assert_module(&b);
	ck_assert_int_eq(fetch_decode(buf_get(&b), &m), 0);
	unit_assert_bytes(m.piece, BYTES_LIT("abc"));
	buf_clear(&b);
}
END_TEST

/* Every frame cut short, and every octet changed, is refused or decodes. */
START_TEST(test_broken)
{
	struct buf b = {0}, copy = {0};
	struct fetch_msg m;
	size_t i, len;

	ck_assert_int_eq(fetch_put_request(&b, &full), 0);
	for (i = 0; i < b.len; i++)
		unit_assert_code(
		    fetch_decode(bytes_of(b.data, i), &m), -CS_ERR_PROTOCOL);
	for (i = 0; i < b.len * 255; i++) {
		buf_reset(&copy);
		buf_add_bytes(&copy, buf_get(&b));
		copy.data[i % b.len] ^= (uint8_t)(1 + i / b.len);
		(void)!fetch_decode(buf_get(&copy), &m);
	}
	buf_add_byte(&b, 0);
	unit_assert_code(fetch_decode(buf_get(&b), &m), -CS_ERR_PROTOCOL);
	unit_assert_code(
	    fetch_frame_len(unit_hex("30 03"), &len), -CS_ERR_PROTOCOL);
	unit_assert_code(
	    fetch_frame_len(unit_hex("a0 80"), &len), -CS_ERR_PROTOCOL);
	unit_assert_code(fetch_frame_len(unit_hex("a0 84 7f ff ff ff"), &len),
	    -CS_ERR_PROTOCOL);
	ck_assert_int_eq(fetch_frame_len(unit_hex("a0 84 00"), &len), 0);
	ck_assert_uint_eq(len, 0);
	buf_clear(&copy);
	buf_clear(&b);
}
END_TEST

START_TEST(test_schemes)
{
	ck_assert_ptr_nonnull(serve_find_scheme(BYTES_LIT("http://a/")));
	ck_assert_ptr_nonnull(serve_find_scheme(BYTES_LIT("HTTPS://a/")));
	ck_assert_ptr_null(serve_find_scheme(BYTES_LIT("file:///etc/passwd")));
	ck_assert_ptr_null(serve_find_scheme(BYTES_LIT("httpx://a/")));
	ck_assert_ptr_null(serve_find_scheme(BYTES_LIT("http:/a/")));
	ck_assert_ptr_null(serve_find_scheme(BYTES_LIT("")));
	ck_assert(serve_is_url(BYTES_LIT("http://a/")));
	ck_assert(!serve_is_url(BYTES_LIT("http://a/ b")));
	ck_assert(!serve_is_url(BYTES_LIT("http://a/\r\nHost: b")));
	ck_assert(!serve_is_url(BYTES_LIT("http://\xc3\xa4/")));
	ck_assert(!serve_is_url(BYTES_NONE));
}
END_TEST

static bool
is_public(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return serve_is_public((void *)&v4);
	ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return serve_is_public((void *)&v6);
}

START_TEST(test_addresses)
{
	static const char *const local[] = {"127.0.0.1", "127.255.0.1",
	    "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
	    "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
	    "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1",
	    "::ffff:127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::"};
	static const char *const open[] = {"8.8.8.8", "172.32.0.1",
	    "100.128.0.1", "193.0.0.1", "2001:4860::1", "::ffff:8.8.8.8",
	    "2002:808:808::", "64:ff9b::8.8.8.8"};
	struct sockaddr other = {.sa_family = AF_UNIX};
	size_t i;

	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		ck_assert_msg(!is_public(local[i]), "%s", local[i]);
	for (i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		ck_assert_msg(is_public(open[i]), "%s", open[i]);
	ck_assert(!serve_is_public(&other));
}
END_TEST

/* No program to start. */
START_TEST(test_no_program)
{
	struct fetch *f = fetch_new();
	struct fetch_answer answer;
	struct buf b = {0};
	struct err e = ERR_INIT;

	setenv("CARDSEAL_LIBEXECDIR", "/nowhere", 1);
	unit_assert_code(
	    fetch_to_buf(f, &full, &answer, &b, &e), -CS_ERR_WORKER);
	ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/cardseal-fetch"));
	fetch_answer_clear(&answer);
	/* one that says nothing */
	setenv("CARDSEAL_LIBEXECDIR", "/nowhere/..", 1);
	unit_assert_code(
	    fetch_to_buf(f, &full, &answer, &b, &e), -CS_ERR_WORKER);
	fetch_answer_clear(&answer);
	fetch_free(f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fetch_proto");
	TCase *c = tcase_create("proto");

	tcase_add_test(c, test_request);
	tcase_add_test(c, test_request_limits);
	tcase_add_test(c, test_done);
	tcase_add_test(c, test_broken);
	tcase_add_test(c, test_schemes);
	tcase_add_test(c, test_addresses);
	tcase_add_test(c, test_no_program);
	suite_add_tcase(s, c);
	return unit_run(s);
}
