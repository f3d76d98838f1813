#include "config.h"

#include "client/cms/output.h"
#include "tests/unit/temp.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;
static uint8_t long_bytes[200001];

static void
setup(void)
{
	temp_setup();
	umask(027);
	signal(SIGPIPE, SIG_IGN);
	memset(long_bytes, 'x', sizeof(long_bytes));
	err_clear(&e);
}

static void
put(struct output *out, struct bytes bytes)
{
	unit_assert_code(sink_write(output_get_sink(out), bytes, &e), 0);
}

static void
assert_file(const char *path, struct bytes want)
{
	struct buf b = {0};

	ck_assert(temp_read(path, &b));
	unit_assert_bytes(buf_get(&b), want);
	buf_clear(&b);
}

START_TEST(test_file_appears_at_commit)
{
	const char *path = temp_path("out");
	struct output *out;
	struct stat st;

	unit_assert_code(output_open(path, &out, &e), 0);
	ck_assert(output_is_held(out));
	put(out, BYTES_LIT("he"));
	put(out, BYTES_NONE);
	put(out, BYTES_LIT("llo"));
	put(out, bytes_of(long_bytes, sizeof(long_bytes)));
	put(out, BYTES_LIT("end"));
	ck_assert_int_eq(access(path, F_OK), -1);
	unit_assert_code(output_commit(out, &e), 0);
	unit_assert_code(output_commit(out, &e), -CS_ERR_INTERNAL);
	output_free(out);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 5 + (off_t)sizeof(long_bytes) + 3);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(temp_count(), 1);
}
END_TEST

START_TEST(test_nothing_is_left_without_commit)
{
	const char *old = temp_write("old", BYTES_LIT("before"));
	struct output *out;

	unit_assert_code(output_open(temp_path("out"), &out, &e), 0);
	put(out, bytes_of(long_bytes, sizeof(long_bytes)));
	unit_assert_code(sink_finish(output_get_sink(out), &e), 0);
	output_free(out);
	unit_assert_code(output_open(old, &out, &e), 0);
	put(out, bytes_of(long_bytes, sizeof(long_bytes)));
	output_free(out);
	output_free(NULL);
	assert_file(old, BYTES_LIT("before"));
	ck_assert_uint_eq(temp_count(), 1);
}
END_TEST

START_TEST(test_an_empty_file_is_written_too)
{
	const char *path = temp_write("out", BYTES_LIT("before"));
	struct output *out;

	unit_assert_code(output_open(path, &out, &e), 0);
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	assert_file(path, BYTES_NONE);
}
END_TEST

START_TEST(test_the_mode_of_the_target_is_kept)
{
	const char *path = temp_write("out", BYTES_LIT("before"));
	struct output *out;
	struct stat st;

	ck_assert_int_eq(chmod(path, 04604), 0);
	unit_assert_code(output_open(path, &out, &e), 0);
	put(out, BYTES_LIT("after"));
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	assert_file(path, BYTES_LIT("after"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0604);
}
END_TEST

START_TEST(test_the_target_of_a_link_is_written_through)
{
	const char *target = temp_write("target", BYTES_LIT("before, longer"));
	const char *path = temp_path("link");
	struct output *out;
	struct stat st;

	ck_assert_int_eq(symlink("target", path), 0);
	unit_assert_code(output_open(path, &out, &e), 0);
	ck_assert(!output_is_held(out));
	put(out, BYTES_LIT("after"));
	output_free(out); /* nothing went beyond the buffer */
	assert_file(target, BYTES_LIT("before, longer"));

	unit_assert_code(output_open(path, &out, &e), 0);
	put(out, BYTES_LIT("after"));
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	assert_file(target, BYTES_LIT("after"));

	unit_assert_code(output_open(path, &out, &e), 0);
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	assert_file(target, BYTES_NONE);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	ck_assert_uint_eq(temp_count(), 2);
}
END_TEST

START_TEST(test_a_link_to_nothing)
{
	const char *path = temp_path("link");
	struct output *out;

	ck_assert_int_eq(symlink("target", path), 0);
	unit_assert_code(output_open(path, &out, &e), 0);
	put(out, BYTES_LIT("after"));
	output_free(out);
	ck_assert_uint_eq(temp_count(), 1);
	unit_assert_code(output_open(path, &out, &e), 0);
	put(out, BYTES_LIT("after"));
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	assert_file(temp_path("target"), BYTES_LIT("after"));
}
END_TEST

START_TEST(test_a_pipe_is_written_through)
{
	const char *path = temp_path("fifo");
	struct output *out;
	char got[8] = "";
	int fd;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ne(fd, -1);
	unit_assert_code(output_open(path, &out, &e), 0);
	ck_assert(!output_is_held(out));
	put(out, BYTES_LIT("hello"));
	unit_assert_code(output_commit(out, &e), 0);
	ck_assert_int_eq(read(fd, got, sizeof(got)), 5);
	ck_assert_str_eq(got, "hello");
	output_free(out);
	close(fd);
}
END_TEST

START_TEST(test_standard_output)
{
	struct output *out;
	char got[8] = "";
	int fds[2], saved = dup(STDOUT_FILENO);

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_ne(dup2(fds[1], STDOUT_FILENO), -1);
	unit_assert_code(output_open(_i == 0 ? NULL : "-", &out, &e), 0);
	ck_assert(!output_is_held(out));
	put(out, BYTES_LIT("hello"));
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFD), 0); /* still open */
	dup2(saved, STDOUT_FILENO);
	ck_assert_int_eq(read(fds[0], got, sizeof(got)), 5);
	ck_assert_str_eq(got, "hello");
}
END_TEST

START_TEST(test_reset_starts_again)
{
	const char *path = temp_path("out");
	struct output *out;
	int fds[2];

	unit_assert_code(output_open(path, &out, &e), 0);
	put(out, bytes_of(long_bytes, sizeof(long_bytes)));
	unit_assert_code(output_reset(out, &e), 0);
	put(out, BYTES_LIT("x"));
	unit_assert_code(output_reset(out, &e), 0);
	put(out, BYTES_LIT("again"));
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	assert_file(path, BYTES_LIT("again"));

	/* elsewhere only what is still in the buffer */
	ck_assert_int_eq(pipe(fds), 0);
	out = output_new_fd(fds[1], "pipe");
	put(out, BYTES_LIT("x"));
	unit_assert_code(output_reset(out, &e), 0);
	put(out, BYTES_LIT("y"));
	unit_assert_code(sink_finish(output_get_sink(out), &e), 0);
	unit_assert_code(output_reset(out, &e), -CS_ERR_INTERNAL);
	output_free(out);
}
END_TEST

static int
take(void *ctx, const void *p, size_t len)
{
	struct buf *b = ctx;

	return buf_add(b, p, len);
}

START_TEST(test_function)
{
	struct buf b = {.max = 1000};
	struct output *out = output_new_fn(take, &b);

	ck_assert(!output_is_held(out));
	put(out, BYTES_LIT("abc"));
	ck_assert_uint_eq(b.len, 0);
	unit_assert_code(output_commit(out, &e), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("abc"));
	output_free(out);

	out = output_new_fn(take, &b);
	put(out, BYTES_LIT("abc"));
	unit_assert_code(sink_write(output_get_sink(out),
			     bytes_of(long_bytes, sizeof(long_bytes)), &e),
	    -CS_ERR_TOO_LARGE);
	unit_assert_code(output_commit(out, &e), -CS_ERR_TOO_LARGE);
	output_free(out);
	buf_clear(&b);
}
END_TEST

/* Whole blocks go out, whatever comes in. */
START_TEST(test_blocks)
{
	static const size_t lens[] = {3, 65532, 1, 1, 70000, 131072, 199999};
	struct buf b = {0};
	struct output *out = output_new_fn(take, &b);
	size_t i, at;

	for (i = at = 0; i < sizeof(lens) / sizeof(lens[0]); at += lens[i++]) {
		ck_assert_uint_le(lens[i], sizeof(long_bytes));
		put(out, bytes_of(long_bytes, lens[i]));
		ck_assert_uint_eq(b.len, (at + lens[i]) / 65536 * 65536);
	}
	unit_assert_code(output_commit(out, &e), 0);
	ck_assert_uint_eq(b.len, at);
	for (i = at = 0; i < sizeof(lens) / sizeof(lens[0]); at += lens[i++])
		unit_assert_bytes(bytes_of(b.data + at, lens[i]),
		    bytes_of(long_bytes, lens[i]));
	output_free(out);
	buf_clear(&b);
}
END_TEST

START_TEST(test_full_disk)
{
	struct output *out;

	unit_assert_code(output_open("/dev/full", &out, &e), 0);
	put(out, BYTES_LIT("abc"));
	unit_assert_code(output_commit(out, &e), -CS_ERR_NO_SPACE);
	ck_assert_ptr_nonnull(strstr(e.text, "/dev/full"));
	output_free(out);
}
END_TEST

START_TEST(test_closed_pipe)
{
	struct output *out;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	out = output_new_fd(fds[1], "standard output");
	unit_assert_code(sink_write(output_get_sink(out),
			     bytes_of(long_bytes, sizeof(long_bytes)), &e),
	    -CS_ERR_CLOSED);
	unit_assert_code(output_commit(out, &e), -CS_ERR_CLOSED);
	output_free(out);
}
END_TEST

START_TEST(test_a_pipe_that_does_not_block)
{
	struct output *out;
	uint8_t piece[3000];
	size_t got = 0;
	ssize_t n;
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		while ((n = read(fds[0], piece, sizeof(piece))) > 0)
			got += (size_t)n;
		_exit(got == sizeof(long_bytes) ? 0 : 1);
	}
	close(fds[0]);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	out = output_new_fd(fds[1], "pipe");
	put(out, bytes_of(long_bytes, sizeof(long_bytes)));
	unit_assert_code(output_commit(out, &e), 0);
	output_free(out);
	close(fds[1]);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_places_that_cannot_be_opened)
{
	struct output *out;

	unit_assert_code(output_open(temp_path(""), &out, &e), -CS_ERR_NO_FILE);
	ck_assert_ptr_null(out);
	unit_assert_code(
	    output_open(temp_path("no/out"), &out, &e), -CS_ERR_NO_FILE);
	ck_assert_ptr_null(out);
	unit_assert_code(
	    output_open(temp_path("out/"), &out, &e), -CS_ERR_NO_FILE);
	ck_assert_ptr_null(out);
	ck_assert_uint_eq(temp_count(), 0);
}
END_TEST

START_TEST(test_a_target_that_became_a_folder)
{
	const char *path = temp_path("out");
	struct output *out;

	unit_assert_code(output_open(path, &out, &e), 0);
	put(out, BYTES_LIT("abc"));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	unit_assert_code(output_commit(out, &e), -CS_ERR_NO_FILE);
	output_free(out);
	ck_assert_uint_eq(temp_count(), 1);
	rmdir(path);
}
END_TEST

static Suite *
output_suite(void)
{
	Suite *s = suite_create("output");
	TCase *tc = tcase_create("places");

	tcase_add_checked_fixture(tc, setup, temp_teardown);
	tcase_add_test(tc, test_file_appears_at_commit);
	tcase_add_test(tc, test_nothing_is_left_without_commit);
	tcase_add_test(tc, test_an_empty_file_is_written_too);
	tcase_add_test(tc, test_the_mode_of_the_target_is_kept);
	tcase_add_test(tc, test_the_target_of_a_link_is_written_through);
	tcase_add_test(tc, test_a_link_to_nothing);
	tcase_add_test(tc, test_a_pipe_is_written_through);
	tcase_add_loop_test(tc, test_standard_output, 0, 2);
	tcase_add_test(tc, test_reset_starts_again);
	tcase_add_test(tc, test_function);
	tcase_add_test(tc, test_blocks);
	suite_add_tcase(s, tc);
	tc = tcase_create("failures");
	tcase_add_checked_fixture(tc, setup, temp_teardown);
	tcase_add_test(tc, test_full_disk);
	tcase_add_test(tc, test_closed_pipe);
	tcase_add_test(tc, test_a_pipe_that_does_not_block);
	tcase_add_test(tc, test_places_that_cannot_be_opened);
	tcase_add_test(tc, test_a_target_that_became_a_folder);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(output_suite());
}
