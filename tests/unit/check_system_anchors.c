#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "asn1/pem.h"
#include "client/api/job.h"
#include "tests/unit/temp.h"
#include "tests/unit/unit_cert.h"

static struct cert_set *anchors, *unmarked;

/* A program `trust` that notes that it was asked, and does what else. */
static void
make_trust(const char *what)
{
	struct buf text = {0};
	const char *path;

	buf_printf(&text, "#!/bin/sh\necho >>%s\nfor file; do :; done\n%s\n",
	    temp_path("asked"), what);
	path = temp_write("trust", buf_get(&text));
	ck_assert_int_eq(chmod(path, 0700), 0);
	buf_clear(&text);
}

/* One that tells an anchor. */
static void
make_trust_that_works(const char *before)
{
	struct buf text = {0};

	buf_printf(
	    &text, "%s\ncp %s \"$file\"%c", before, temp_path("bundle"), '\0');
	make_trust((const char *)text.data);
	buf_clear(&text);
}

static void
set_folder(const char *variable, const char *name)
{
	ck_assert_int_eq(setenv(variable, temp_path(name), 1), 0);
}

static void
setup(void)
{
	struct buf der = {0}, pem = {0};

	temp_setup();
	set_folder("HOME", "home");
	set_folder("XDG_CACHE_HOME", "cache");
	set_folder("XDG_CONFIG_HOME", "config");
	set_folder("TMPDIR", "tmp");
	ck_assert_int_eq(mkdir(temp_path("tmp"), 0700), 0);
	ck_assert_int_eq(mkdir(temp_path("config"), 0700), 0);
	ck_assert_int_eq(mkdir(temp_path("config/pkcs11"), 0700), 0);
	pem.max = 65536;
	buf_printf(&pem, "%s:%s%c", temp_path(""), getenv("PATH"), '\0');
	ck_assert_int_eq(setenv("PATH", (const char *)pem.data, 1), 0);
	buf_reset(&pem);
	unit_cert_make_der(&der, "root", "root", 1, NULL, 0);
	unit_assert_code(pem_write(&pem, "CERTIFICATE", buf_get(&der)), 0);
	(void)temp_write("bundle", buf_get(&pem));
	buf_clear(&der);
	buf_clear(&pem);
}

static void
teardown(void)
{
	static const char *const made[] = {"cache/cardseal/system-anchors",
	    "cache/cardseal", "cache", "config/pkcs11/pkcs11.conf",
	    "config/pkcs11/modules", "config/pkcs11", "config", "tmp"};
	size_t i;

	(void)signal(SIGCHLD, SIG_DFL);
	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		(void)remove(temp_path(made[i]));
	temp_teardown();
}

/* How many anchors it finds. */
static size_t
load(enum system_anchors_rule rule)
{
	struct err e = ERR_INIT;
	struct anchor_index *x;
	size_t len;

	anchors = cert_set_new();
	unmarked = cert_set_new();
	ck_assert(anchors != NULL && unmarked != NULL);
	x = anchor_index_new(anchors, unmarked);
	unit_assert_code(system_anchors_load(rule, x, &e), 0);
	ck_assert_uint_eq(cert_set_get_len(anchors), 0);
	len = anchor_index_has_any(x) ? 1 : 0;
	anchor_index_draw_all(x);
	ck_assert_uint_eq(cert_set_get_len(anchors), len);
	ck_assert_uint_eq(cert_set_get_len(unmarked), len);
	anchor_index_free(x);
	cert_set_free(anchors);
	cert_set_free(unmarked);
	return len;
}

/* How often the program was asked. */
static size_t
get_asked(void)
{
	struct stat st;

	return stat(temp_path("asked"), &st) == 0 ? (size_t)st.st_size : 0;
}

static void
set_age(time_t seconds)
{
	struct timeval times[2] = {
	    {.tv_sec = time(NULL) - seconds}, {.tv_sec = time(NULL) - seconds}};

	ck_assert_int_eq(
	    utimes(temp_path("cache/cardseal/system-anchors"), times), 0);
}

START_TEST(keeps_what_was_told)
{
	make_trust_that_works("");
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	set_age(3600);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_uint_eq(get_asked(), 1);
	set_age(25 * 3600);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_uint_eq(get_asked(), 2);
}
END_TEST

START_TEST(forgets_soon_that_nothing_was_told)
{
	make_trust("exit 1");
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_EMAIL), 0);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_EMAIL), 0);
	ck_assert_uint_eq(get_asked(), 1);
	set_age(61);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_EMAIL), 0);
	ck_assert_uint_eq(get_asked(), 2);
}
END_TEST

START_TEST(sees_the_users_configuration)
{
	make_trust_that_works("");
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	(void)temp_write("config/pkcs11/pkcs11.conf", BYTES_LIT("x"));
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_uint_eq(get_asked(), 2);
	ck_assert_int_eq(mkdir(temp_path("config/pkcs11/modules"), 0700), 0);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_uint_eq(get_asked(), 3);
}
END_TEST

/* Whoever can write into the cache folder could bring anchors. */
START_TEST(takes_nobody_elses_cache)
{
	if (geteuid() != 0)
		return; /* nobody else's file can be made */
	make_trust_that_works("");
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_int_eq(
	    chown(temp_path("cache/cardseal/system-anchors"), 65534, (gid_t)-1),
	    0);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_uint_eq(get_asked(), 2);
}
END_TEST

START_TEST(works_where_children_are_ignored)
{
	make_trust_that_works("");
	ck_assert(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	make_trust("exit 1");
	set_age(25 * 3600);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_EMAIL), 0);
	ck_assert_uint_eq(get_asked(), 2);
}
END_TEST

static void
on_alarm(int sig)
{
	(void)sig;
}

START_TEST(works_where_signals_come)
{
	struct itimerval often = {{0, 20000}, {0, 20000}};
	struct itimerval never = {{0, 0}, {0, 0}};

	make_trust_that_works("sleep 0.5");
	ck_assert(signal(SIGALRM, on_alarm) != SIG_ERR);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_ALL), 1);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}
END_TEST

START_TEST(leaves_nothing)
{
	make_trust("echo >\"$file.123456\"; exit 1");
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_EMAIL), 0);
	ck_assert_uint_eq(get_asked(), 1);
	ck_assert_int_eq(rmdir(temp_path("tmp")), 0);
}
END_TEST

START_TEST(ends_what_takes_long)
{
	make_trust_that_works("exec sleep 20");
	ck_assert_uint_eq(load(SYSTEM_ANCHORS_EMAIL), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("system_anchors");
	TCase *t = tcase_create("system_anchors");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, keeps_what_was_told);
	tcase_add_test(t, forgets_soon_that_nothing_was_told);
	tcase_add_test(t, sees_the_users_configuration);
	tcase_add_test(t, takes_nobody_elses_cache);
	tcase_add_test(t, works_where_children_are_ignored);
	tcase_add_test(t, works_where_signals_come);
	tcase_add_test(t, leaves_nothing);
	tcase_add_test(t, ends_what_takes_long);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
