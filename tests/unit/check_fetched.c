#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/pkix/fetched.h"
#include "tests/unit/temp.h"
#include "tests/unit/unit.h"

#define URL BYTES_LIT("http://example.org/crl")
#define NOW INT64_C(1813060800)
#define WRITERS 4
#define WRITES 50
#define OPENS 100

static struct fetched *cache;
static struct buf body;
static struct fetched_entry entry;

static void
setup(void)
{
	temp_setup();
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", temp_path("cache"), 1), 0);
	cache = fetched_open();
	ck_assert_ptr_nonnull(cache);
	buf_init(&body, 0);
}

static void
teardown(void)
{
	buf_clear(&body);
	fetched_free(cache);
	temp_teardown();
}

static void
put(struct fetched *f, struct bytes question, int64_t this_update,
    const char *octets)
{
	struct fetched_entry e = {this_update, NOW + 1000};

	fetched_put(f, URL, question, &e, bytes_of_str(octets), NOW);
}

static bool
has(struct bytes question, const char *octets)
{
	buf_reset(&body);
	return fetched_get(cache, URL, question, &entry, &body) &&
	       bytes_is_equal(buf_get(&body), bytes_of_str(octets));
}

START_TEST(keeps)
{
	struct stat st;

	ck_assert(!fetched_get(cache, URL, BYTES_NONE, &entry, &body));
	put(cache, BYTES_NONE, NOW - 10, "one");
	ck_assert(has(BYTES_NONE, "one"));
	ck_assert_int_eq(entry.this_update, NOW - 10);
	ck_assert_int_eq(entry.next_update, NOW + 1000);
	ck_assert(!fetched_get(cache, BYTES_LIT("http://example.org/"),
	    BYTES_NONE, &entry, &body));
	ck_assert_int_eq(stat(temp_path("cache/cardseal/fetched.db"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(tells_questions_apart)
{
	put(cache, BYTES_LIT("\0a"), NOW, "a");
	put(cache, BYTES_LIT("\0b"), NOW, "b");
	ck_assert(has(BYTES_LIT("\0a"), "a"));
	ck_assert(has(BYTES_LIT("\0b"), "b"));
	ck_assert(!has(BYTES_NONE, "a"));
}
END_TEST

START_TEST(takes_nothing_older)
{
	put(cache, BYTES_NONE, NOW - 10, "one");
	put(cache, BYTES_NONE, NOW - 20, "older");
	ck_assert(has(BYTES_NONE, "one"));
	put(cache, BYTES_NONE, NOW - 10, "as old");
	ck_assert(has(BYTES_NONE, "one"));
	put(cache, BYTES_NONE, NOW - 5, "newer");
	ck_assert(has(BYTES_NONE, "newer"));
}
END_TEST

START_TEST(forgets_what_is_old)
{
	struct fetched_entry old = {
	    NOW - FETCHED_KEPT - 20, NOW - FETCHED_KEPT - 10};

	fetched_put(cache, BYTES_LIT("http://example.org/old"), BYTES_NONE,
	    &old, BYTES_LIT("old"), NOW - FETCHED_KEPT - 20);
	ck_assert(fetched_get(cache, BYTES_LIT("http://example.org/old"),
	    BYTES_NONE, &entry, &body));
	put(cache, BYTES_NONE, NOW, "new");
	ck_assert(!fetched_get(cache, BYTES_LIT("http://example.org/old"),
	    BYTES_NONE, &entry, &body));
	ck_assert(has(BYTES_NONE, "new"));
}
END_TEST

START_TEST(does_without)
{
	/* a folder that cannot be made */
	temp_write("file", BYTES_LIT("x"));
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", temp_path("file"), 1), 0);
	ck_assert_ptr_null(fetched_open());
	put(NULL, BYTES_NONE, NOW, "x");
	ck_assert(!fetched_get(NULL, URL, BYTES_NONE, &entry, &body));
	fetched_free(NULL);
}
END_TEST

/* Several processes at once: the newest of all is there in the end. */
START_TEST(is_shared)
{
	struct fetched *own;
	pid_t pids[WRITERS];
	char text[32];
	int i, k, status;

	for (i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] != 0)
			continue;
		/* one that is busy for long is done without */
		for (k = 0, own = NULL; own == NULL && k < OPENS; k++)
			own = fetched_open();
		for (k = 0; k < WRITES && own != NULL; k++) {
			snprintf(text, sizeof(text), "%d", k * WRITERS + i);
			put(own, BYTES_NONE, NOW + k * WRITERS + i, text);
		}
		fetched_free(own);
		_exit(own != NULL ? 0 : 1);
	}
	for (i = 0; i < WRITERS; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	/* one that was busy for too long may have lost a write of its own */
	ck_assert(fetched_get(cache, URL, BYTES_NONE, &entry, &body));
	snprintf(text, sizeof(text), "%d", (int)(entry.this_update - NOW));
	unit_assert_bytes(buf_get(&body), bytes_of_str(text));
	put(cache, BYTES_NONE, NOW, "older than all");
	ck_assert(has(BYTES_NONE, text));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("fetched");
	TCase *t = tcase_create("fetched");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, keeps);
	tcase_add_test(t, tells_questions_apart);
	tcase_add_test(t, takes_nothing_older);
	tcase_add_test(t, forgets_what_is_old);
	tcase_add_test(t, does_without);
	tcase_add_test(t, is_shared);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
