#include "asn1/secret.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(new_ones_are_zero)
{
	static const size_t lens[] = {0, 1, 32, 4000, SECRET_LEN_MAX};
	struct secret *s = secret_new(lens[_i]);
	size_t i;

	ck_assert_ptr_nonnull(s);
	ck_assert_uint_eq(secret_get_len(s), lens[_i]);
	ck_assert_uint_eq(secret_get_bytes(s).len, lens[_i]);
	for (i = 0; i < lens[_i]; i++)
		ck_assert_uint_eq(secret_get(s)[i], 0);
	memset(secret_get(s), 0xff, lens[_i]);
	secret_free(s);
}
END_TEST

START_TEST(they_have_a_limit)
{
	static uint8_t big[SECRET_LEN_MAX + 1];

	ck_assert_ptr_null(secret_new(SECRET_LEN_MAX + 1));
	ck_assert_ptr_null(secret_new(SIZE_MAX));
	ck_assert_ptr_null(secret_new_from(big, sizeof(big)));
	secret_free(NULL);
}
END_TEST

START_TEST(copies_are_equal)
{
	struct secret *a = secret_new_from("1234", 4), *b = secret_dup(a);
	struct secret *c = secret_new_from("1235", 4);
	struct secret *d = secret_new_from("123", 3);
	struct secret *none = secret_new_from(NULL, 0);

	ck_assert(secret_is_equal(a, b));
	ck_assert(secret_get(a) != secret_get(b));
	ck_assert(!secret_is_equal(a, c));
	ck_assert(!secret_is_equal(a, d));
	ck_assert(!secret_is_equal(a, none));
	unit_assert_bytes(secret_get_bytes(b), BYTES_LIT("1234"));
	secret_free(a);
	secret_free(b);
	secret_free(c);
	secret_free(d);
	secret_free(none);
}
END_TEST

START_TEST(a_cut_wipes_the_rest)
{
	struct secret *s = secret_new_from("12345678", 8);
	const uint8_t *p = secret_get(s);

	secret_cut(s, 9); /* longer: nothing happens */
	ck_assert_uint_eq(secret_get_len(s), 8);
	secret_cut(s, 3);
	unit_assert_bytes(secret_get_bytes(s), BYTES_LIT("123"));
	ck_assert(p[3] == 0 && p[7] == 0);
	secret_cut(s, 0);
	ck_assert_uint_eq(secret_get_len(s), 0);
	secret_free(s);
}
END_TEST

/* How fn ends in a child: an exit status, or 256 and a signal. */
static int
in_child(void (*fn)(struct secret *s), struct secret *s)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* no core dump, no report of a sanitizer about it */
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		close(STDERR_FILENO);
		fn(s);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* No signal, and no exit status of a sanitizer. */
#define READABLE 77

/* Computed by the parent: a child does not see the secret's own length. */
static uint8_t *place;

static void
read_place(struct secret *s)
{
	(void)s;
	(void)*(volatile uint8_t *)place;
	_exit(READABLE);
}

START_TEST(guards_stand_around_it)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct secret *s = secret_new(page / 2);
	uintptr_t start = (uintptr_t)secret_get(s) / page * page;

	place = (uint8_t *)start;
	ck_assert_int_eq(in_child(read_place, s), READABLE); /* its own */
	place = (uint8_t *)(start - 1);
	ck_assert_int_ne(in_child(read_place, s), READABLE);
	place = (uint8_t *)(start + page);
	ck_assert_int_ne(in_child(read_place, s), READABLE);
	secret_free(s);
}
END_TEST

static void
look_inside(struct secret *s)
{
	(void)s;
	_exit(memcmp(place, "1234", 4) == 0 ? 7 : 0);
}

START_TEST(forks_do_not_have_it)
{
	struct secret *s = secret_new_from("1234", 4);

	place = secret_get(s);
	ck_assert_int_eq(in_child(look_inside, s), 0);
	ck_assert_int_eq(memcmp(place, "1234", 4), 0);
	secret_free(s);
}
END_TEST

/* The kernel's own word: "lo" locked, "dd" not in core dumps, "wf". */
START_TEST(the_kernel_agrees)
{
	struct secret *s = secret_new(100);
	unsigned long from, to, at = (unsigned long)secret_get(s);
	char line[512];
	bool is_mine = false, found = false;
	FILE *f = fopen("/proc/self/smaps", "r");

	if (f == NULL) { /* no /proc here */
		secret_free(s);
		return;
	}
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, "VmFlags:", 8) == 0 && is_mine) {
			ck_assert_ptr_nonnull(strstr(line, " dd"));
			ck_assert_ptr_nonnull(strstr(line, " wf"));
#if !CS_IS_SANITIZED /* which makes nothing of mlock */
			ck_assert((strstr(line, " lo") != NULL) ==
				  secret_is_locked(s));
#endif
			found = true;
		} else if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			is_mine = at >= from && at < to;
		}
	}
	fclose(f);
	ck_assert(found);
	secret_free(s);
}
END_TEST

START_TEST(without_locked_memory_it_goes_on)
{
	struct rlimit none = {0, 0};
	struct secret *s;

	/* root may lock in spite of the limit, and AddressSanitizer's mlock
	 * locks nothing and says that it did */
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	s = secret_new_from("1234", 4);
	ck_assert_ptr_nonnull(s);
	if (geteuid() != 0 && !CS_IS_SANITIZED)
		ck_assert(!secret_is_locked(s));
	unit_assert_bytes(secret_get_bytes(s), BYTES_LIT("1234"));
	secret_free(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tcase = tcase_create("secret");

	tcase_add_loop_test(tcase, new_ones_are_zero, 0, 5);
	tcase_add_test(tcase, they_have_a_limit);
	tcase_add_test(tcase, copies_are_equal);
	tcase_add_test(tcase, a_cut_wipes_the_rest);
	tcase_add_test(tcase, guards_stand_around_it);
	tcase_add_test(tcase, forks_do_not_have_it);
	tcase_add_test(tcase, the_kernel_agrees);
	tcase_add_test(tcase, without_locked_memory_it_goes_on);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
