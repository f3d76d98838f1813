#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/pkix/path.h"
#include "tests/unit/temp.h"
#include "tests/unit/unit_cert.h"

static struct cert_set *set;

static void
setup(void)
{
	temp_setup();
	set = cert_set_new();
	ck_assert_ptr_nonnull(set);
}

static void
teardown(void)
{
	cert_set_free(set);
	temp_teardown();
}

/* The path of a vector in the source tree; static memory. */
static const char *
vector(const char *name)
{
	static char path[1024];
	const char *dir = getenv("CS_SRCDIR");

	snprintf(path, sizeof(path), "%s/tests/vectors/pkix/%s",
	    dir != NULL ? dir : ".", name);
	return path;
}

START_TEST(keeps_order_without_doubles)
{
	struct cert *a = unit_cert("leaf"), *b = unit_cert("int");
	struct cert *a2 = unit_cert("leaf");

	ck_assert(!cert_set_has(set, a));
	ck_assert_ptr_null(cert_set_get(set, 0));
	unit_assert_code(cert_set_add(set, a), 0);
	unit_assert_code(cert_set_add(set, b), 0);
	unit_assert_code(cert_set_add(set, a2), 0);
	ck_assert_uint_eq(cert_set_get_len(set), 2);
	ck_assert_ptr_eq(cert_set_get(set, 0), a);
	ck_assert_ptr_eq(cert_set_get(set, 1), b);
	ck_assert_ptr_null(cert_set_get(set, 2));
	ck_assert(cert_set_has(set, a2));
	cert_free(a);
	cert_free(b);
	cert_free(a2);
}
END_TEST

START_TEST(finds_by_subject_and_key_id)
{
	struct cert_set *all =
	    unit_certs("root", "int", "int-twin", "leaf", "root-new", NULL);
	struct cert *c, *leaf = cert_set_get(all, 3);
	size_t at = 0, n = 0;

	while ((c = cert_set_next_subject(all, cert_get_issuer(leaf), &at)) !=
	       NULL) {
		ck_assert(
		    c == cert_set_get(all, 1) || c == cert_set_get(all, 2));
		n++;
	}
	ck_assert_uint_eq(n, 2);
	/* and stays at the end */
	ck_assert_ptr_null(
	    cert_set_next_subject(all, cert_get_issuer(leaf), &at));
	at = 0;
	c = cert_set_next_key_id(all, cert_get_authority_key_id(leaf), &at);
	ck_assert_ptr_eq(c, cert_set_get(all, 1));
	ck_assert_ptr_null(
	    cert_set_next_key_id(all, cert_get_authority_key_id(leaf), &at));
	at = 0;
	ck_assert_ptr_null(cert_set_next_key_id(all, BYTES_NONE, &at));
	ck_assert_ptr_eq(cert_set_find_issuer_serial(
			     all, cert_get_issuer(leaf), cert_get_serial(leaf)),
	    leaf);
	ck_assert_ptr_null(cert_set_find_issuer_serial(
	    all, cert_get_issuer(leaf), BYTES_LIT("\x7f")));
	unit_assert_code(cert_set_add_all(set, all), 0);
	cert_set_free(all);
	ck_assert_uint_eq(cert_set_get_len(set), 5);
}
END_TEST

/* RFC 5280 7.1: names that differ in case and space are one. */
START_TEST(finds_by_prepared_name)
{
	struct cert *ca = unit_cert_make("x", "Some  CA", 1, NULL, 0);
	struct cert *leaf = unit_cert_make("some CA ", "leaf", 2, NULL, 0);
	size_t at = 0;

	unit_assert_code(cert_set_add(set, ca), 0);
	ck_assert_ptr_eq(
	    cert_set_next_subject(set, cert_get_issuer(leaf), &at), ca);
	ck_assert_ptr_eq(cert_set_find_issuer_serial(
			     set, cert_get_issuer(ca), cert_get_serial(ca)),
	    ca);
	cert_free(ca);
	cert_free(leaf);
}
END_TEST

START_TEST(grows)
{
	struct buf der = {0};
	struct cert *c;
	size_t at = 0, n = 0;
	uint64_t i;
	char name[32];

	for (i = 1; i <= 3000; i++) {
		buf_reset(&der);
		snprintf(name, sizeof(name), "n%u", (unsigned)(i % 7));
		unit_cert_make_der(&der, "CA", name, i, NULL, 0);
		unit_assert_code(cert_set_add_der(set, buf_get(&der), NULL), 0);
	}
	ck_assert_uint_eq(cert_set_get_len(set), 3000);
	c = cert_set_get(set, 2);
	while (cert_set_next_subject(set, cert_get_subject(c), &at) != NULL)
		n++;
	ck_assert_uint_eq(n, 3000 / 7 + 1);
	ck_assert(cert_set_has(set, c));
	buf_clear(&der);
}
END_TEST

static const struct {
	const char *file;
	size_t len;
} files[] = {
    {"leaf.pem", 1},
    {"three.der", 3},
    {"three.p7.pem", 3},
    {"three.p7b", 3},
    {"three.p7ber", 3},
};

START_TEST(loads_files)
{
	struct err e = ERR_INIT;
	int r = cert_set_add_file(set, vector(files[_i].file), &e);

	ck_assert_msg(r == 0, "%s: %s", files[_i].file, err_get_text(&e));
	ck_assert_uint_eq(cert_set_get_len(set), files[_i].len);
}
END_TEST

static const struct {
	const char *file;
	int code;
	const char *text;
} bad_files[] = {
    {"no-such.pem", -CS_ERR_NO_FILE, "no-such.pem"},
    {"", -CS_ERR_NO_FILE, "directory"},
    {"trusted.pem", -CS_ERR_UNSUPPORTED, "openssl x509"},
    {"crl-int.pem", -CS_ERR_NO_CERT, "crl-int.pem"},
    {"make-vectors", -CS_ERR_ENCODING, "make-vectors"},
};

START_TEST(refuses_files)
{
	struct err e = ERR_INIT;

	unit_assert_code(cert_set_add_file(set, vector(bad_files[_i].file), &e),
	    bad_files[_i].code);
	ck_assert_msg(strstr(e.text, bad_files[_i].text) != NULL, "%s", e.text);
	ck_assert_uint_eq(cert_set_get_len(set), 0);
}
END_TEST

/* A broken certificate behind a good one is told by its number. */
START_TEST(names_the_broken_one)
{
	struct buf der = {0};
	struct err e = ERR_INIT;

	unit_cert_der(&der, "leaf");
	buf_add(&der, "\x30\x02\x30\x00", 4);
	unit_assert_code(
	    cert_set_add_file(set, temp_write("two", buf_get(&der)), &e),
	    -CS_ERR_CERTIFICATE);
	ck_assert_msg(strstr(e.text, "certificate 2") != NULL, "%s", e.text);
	ck_assert_msg(strstr(e.text, temp_path("two")) != NULL, "%s", e.text);
	buf_clear(&der);
}
END_TEST

static int
add_file(void *anchors, const char *path, struct err *e)
{
	return cert_set_add_file_opt(anchors, path, e);
}

/* How many anchors there are; the machine may have some of its own. */
static size_t
count_anchors(int code)
{
	struct cert_set *anchors = cert_set_new();
	struct err e = ERR_INIT;
	size_t found;

	unit_assert_code(anchors_walk_files(add_file, anchors, &e), code);
	found = cert_set_get_len(anchors);
	cert_set_free(anchors);
	return found;
}

START_TEST(loads_default_anchors)
{
	struct buf der = {0};
	size_t before;

	unit_cert_der(&der, "root");
	unit_cert_der(&der, "int");
	setenv("HOME", temp_path(""), 1);
	unsetenv("XDG_CONFIG_HOME");
	before = count_anchors(0);
	ck_assert_int_eq(mkdir(temp_path(".config"), 0700), 0);
	ck_assert_int_eq(mkdir(temp_path(".config/cardseal"), 0700), 0);
	temp_write(".config/cardseal/anchors.pem", buf_get(&der));
	ck_assert_uint_eq(count_anchors(0), before + 2);
	/* this goes before, and a relative one counts as unset */
	setenv("XDG_CONFIG_HOME", temp_path("none"), 1);
	ck_assert_uint_eq(count_anchors(0), before);
	setenv("XDG_CONFIG_HOME", "none", 1);
	ck_assert_uint_eq(count_anchors(0), before + 2);
	/* one that is there and cannot be read is an error */
	setenv("XDG_CONFIG_HOME", temp_path(""), 1);
	ck_assert_int_eq(mkdir(temp_path("cardseal"), 0700), 0);
	ck_assert_int_eq(mkdir(temp_path("cardseal/anchors.pem"), 0700), 0);
	count_anchors(-CS_ERR_NO_FILE);
	/* temp_teardown leaves folders alone */
	unlink(temp_path(".config/cardseal/anchors.pem"));
	rmdir(temp_path(".config/cardseal"));
	rmdir(temp_path(".config"));
	rmdir(temp_path("cardseal/anchors.pem"));
	rmdir(temp_path("cardseal"));
	buf_clear(&der);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cert_set");
	TCase *t = tcase_create("cert_set");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, keeps_order_without_doubles);
	tcase_add_test(t, finds_by_subject_and_key_id);
	tcase_add_test(t, finds_by_prepared_name);
	tcase_add_test(t, grows);
	tcase_add_loop_test(t, loads_files, 0, sizeof(files) / sizeof(*files));
	tcase_add_loop_test(
	    t, refuses_files, 0, sizeof(bad_files) / sizeof(*bad_files));
	tcase_add_test(t, names_the_broken_one);
	tcase_add_test(t, loads_default_anchors);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
