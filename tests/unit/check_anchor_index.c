#include "client/pkix/anchor_index.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit_cert.h"

static struct cert_set *certs, *marked_not, *anchors, *unmarked;
static struct anchor_index *x;

/* A certificate with that subject, and a key of its own, into a set. */
static void
add(struct cert_set *set, const char *subject, unsigned serial)
{
	struct buf der = {0};

	unit_cert_make_der(&der, subject, subject, serial, NULL, 0);
	unit_assert_code(cert_set_add_der(set, buf_get(&der), NULL), 0);
	buf_clear(&der);
}

static void
setup(void)
{
	certs = cert_set_new();
	marked_not = cert_set_new();
	anchors = cert_set_new();
	unmarked = cert_set_new();
	x = anchor_index_new(anchors, unmarked);
}

static void
teardown(void)
{
	anchor_index_free(x);
	cert_set_free(certs);
	cert_set_free(marked_not);
	cert_set_free(anchors);
	cert_set_free(unmarked);
}

static void
encode(struct buf *b)
{
	b->max = 1 << 20;
	unit_assert_code(anchor_index_encode(b, certs, marked_not), 0);
}

static void
index_certs(bool takes_unmarked)
{
	struct buf b = {0};

	encode(&b);
	unit_assert_code(anchor_index_add(x, &b, 0, takes_unmarked), 0);
	ck_assert_uint_eq(b.len, 0);
}

static void
draw(size_t i)
{
	anchor_index_draw(x, cert_get_subject(cert_set_get(certs, i)));
}

START_TEST(decodes_what_is_asked_for)
{
	static const char *const names[] = {"one", "two", "three", "four"};
	size_t i;

	for (i = 0; i < 40; i++)
		add(certs, names[i % 4], (unsigned)i + 1);
	index_certs(false);
	ck_assert(anchor_index_has_any(x));
	ck_assert_uint_eq(cert_set_get_len(anchors), 0);
	for (i = 0; i < 4; i++) {
		draw(i);
		draw(i);
		ck_assert_uint_eq(cert_set_get_len(anchors), 10 * (i + 1));
	}
	for (i = 0; i < 40; i++)
		ck_assert(cert_set_has(anchors, cert_set_get(certs, i)));
	ck_assert_int_eq(anchor_index_get_error(x), 0);
}
END_TEST

START_TEST(decodes_all)
{
	add(certs, "one", 1);
	add(certs, "two", 2);
	index_certs(false);
	draw(1);
	ck_assert_uint_eq(cert_set_get_len(anchors), 1);
	anchor_index_draw_all(x);
	ck_assert_uint_eq(cert_set_get_len(anchors), 2);
}
END_TEST

START_TEST(knows_no_other_name)
{
	struct cert_set *other = cert_set_new();

	add(certs, "one", 1);
	add(other, "none", 1);
	index_certs(false);
	anchor_index_draw(x, cert_get_subject(cert_set_get(other, 0)));
	anchor_index_draw(x, BYTES_LIT("no name"));
	anchor_index_draw(x, BYTES_NONE);
	ck_assert_uint_eq(cert_set_get_len(anchors), 0);
	ck_assert_int_eq(anchor_index_get_error(x), 0);
	cert_set_free(other);
}
END_TEST

START_TEST(tells_the_unmarked)
{
	add(certs, "one", 1);
	add(certs, "two", 2);
	unit_assert_code(cert_set_add(marked_not, cert_set_get(certs, 1)), 0);
	index_certs(_i != 0);
	anchor_index_draw_all(x);
	ck_assert_uint_eq(cert_set_get_len(anchors), _i != 0 ? 2 : 1);
	ck_assert_uint_eq(cert_set_get_len(unmarked), _i != 0 ? 1 : 0);
	ck_assert(cert_set_has(unmarked, cert_set_get(certs, 1)) == (_i != 0));
}
END_TEST

START_TEST(has_none_that_count)
{
	ck_assert(!anchor_index_has_any(NULL));
	ck_assert(!anchor_index_has_any(x));
	index_certs(true);
	ck_assert(!anchor_index_has_any(x));
	add(certs, "one", 1);
	unit_assert_code(cert_set_add(marked_not, cert_set_get(certs, 0)), 0);
	index_certs(false);
	ck_assert(!anchor_index_has_any(x));
	draw(0);
	ck_assert_uint_eq(cert_set_get_len(anchors), 0);
	index_certs(true);
	ck_assert(anchor_index_has_any(x));
}
END_TEST

/* Who trusts one by name and by the system's word trusts it by name. */
START_TEST(leaves_what_is_there_marked)
{
	add(certs, "one", 1);
	unit_assert_code(cert_set_add(marked_not, cert_set_get(certs, 0)), 0);
	unit_assert_code(cert_set_add(anchors, cert_set_get(certs, 0)), 0);
	index_certs(true);
	draw(0);
	ck_assert_uint_eq(cert_set_get_len(anchors), 1);
	ck_assert_uint_eq(cert_set_get_len(unmarked), 0);
}
END_TEST

START_TEST(takes_several)
{
	struct buf b = {0};
	size_t i;

	add(certs, "one", 1);
	for (i = 0; i < ANCHOR_INDEX_MAX; i++)
		index_certs(false);
	encode(&b);
	unit_assert_code(anchor_index_add(x, &b, 0, false), -CS_ERR_TOO_LARGE);
	ck_assert_uint_ne(b.len, 0);
	draw(0);
	ck_assert_uint_eq(cert_set_get_len(anchors), 1);
	buf_clear(&b);
}
END_TEST

/* What has another form, or points elsewhere, is not taken; nothing is read
 * that is not there (with a sanitizer). */
START_TEST(takes_nothing_broken)
{
	struct buf b = {0}, broken = {.max = 1 << 20};
	size_t i, len;
	int r;

	add(certs, "one", 1);
	add(certs, "two", 2);
	encode(&b);
	len = 4 + 2 * 17 + cert_get_raw(cert_set_get(certs, 0)).len;
	unit_assert_code(
	    anchor_index_add(x, &b, b.len + 1, false), -CS_ERR_ENCODING);
	for (i = 0; i <= len; i++) {
		buf_reset(&broken);
		buf_add(&broken, b.data, i);
		unit_assert_code(
		    anchor_index_add(x, &broken, 0, false), -CS_ERR_ENCODING);
	}
	/* Whatever number is another: none but of these two comes of it. */
	for (i = 0; i < 4 + 2 * 17; i++) {
		buf_reset(&broken);
		buf_add(&broken, b.data, b.len);
		broken.data[i] ^= 0xff;
		r = anchor_index_add(x, &broken, 0, false);
		ck_assert(r == 0 || r == -CS_ERR_ENCODING);
		anchor_index_draw_all(x);
		ck_assert_uint_le(cert_set_get_len(anchors), 2);
		anchor_index_free(x);
		x = anchor_index_new(anchors, unmarked);
	}
	buf_clear(&broken);
	buf_clear(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("anchor_index");
	TCase *t = tcase_create("anchor_index");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, decodes_what_is_asked_for);
	tcase_add_test(t, decodes_all);
	tcase_add_test(t, knows_no_other_name);
	tcase_add_loop_test(t, tells_the_unmarked, 0, 2);
	tcase_add_test(t, has_none_that_count);
	tcase_add_test(t, leaves_what_is_there_marked);
	tcase_add_test(t, takes_several);
	tcase_add_test(t, takes_nothing_broken);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
