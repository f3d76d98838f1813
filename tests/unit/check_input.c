#include "config.h"

#include "client/cms/input.h"
#include "client/cms/spool.h"
#include "tests/unit/temp.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than the spool keeps in memory, and no multiple of a piece. */
#define LONG_LEN ((size_t)700001)

static uint8_t long_bytes[LONG_LEN];
static struct err e;

static void
setup(void)
{
	uint32_t x = 1;
	size_t i;

	temp_setup();
	setenv("TMPDIR", temp_path(""), 1);
	for (i = 0; i < LONG_LEN; i++) {
		x = x * 1664525U + 1013904223U;
		long_bytes[i] = (uint8_t)(x >> 24);
	}
	err_clear(&e);
}

static void
assert_range(struct input *in, uint64_t from, uint64_t to, struct bytes want)
{
	struct buf b = {0};
	struct sink *s = sink_new_buf(&b);

	unit_assert_code(input_run(in, from, to, s, &e), 0);
	unit_assert_bytes(buf_get(&b), want);
	sink_free(s);
	buf_clear(&b);
}

/* Ranges in every order give what they should. */
static void
assert_long(struct input *in)
{
	uint8_t some[100];
	size_t got;
	uint64_t len;

	unit_assert_code(
	    input_read_at(in, 10, some, sizeof(some), &got, &e), 0);
	unit_assert_bytes(bytes_of(some, got), bytes_of(long_bytes + 10, 100));
	assert_range(in, 5, 5, BYTES_NONE);
	assert_range(in, 5, 70000, bytes_of(long_bytes + 5, 69995));
	assert_range(in, 300000, 300010, bytes_of(long_bytes + 300000, 10));
	assert_range(in, 0, 400000, bytes_of(long_bytes, 400000));
	assert_range(in, 0, INPUT_TO_END, bytes_of(long_bytes, LONG_LEN));
	assert_range(in, 0, INPUT_TO_END, bytes_of(long_bytes, LONG_LEN));
	assert_range(in, LONG_LEN - 3, LONG_LEN + 100,
	    bytes_of(long_bytes + LONG_LEN - 3, 3));
	assert_range(in, LONG_LEN, INPUT_TO_END, BYTES_NONE);
	assert_range(in, LONG_LEN + 9, INPUT_TO_END, BYTES_NONE);
	unit_assert_code(
	    input_read_at(in, LONG_LEN - 7, some, sizeof(some), &got, &e), 0);
	unit_assert_bytes(
	    bytes_of(some, got), bytes_of(long_bytes + LONG_LEN - 7, 7));
	unit_assert_code(
	    input_read_at(in, LONG_LEN + 1, some, sizeof(some), &got, &e), 0);
	ck_assert_uint_eq(got, 0);
	unit_assert_code(input_get_len(in, &len, &e), 0);
	ck_assert_uint_eq(len, LONG_LEN);
	unit_assert_code(input_check_unchanged(in, &e), 0);
}

static struct bytes
get_long(void)
{
	return bytes_of(long_bytes, LONG_LEN);
}

/* A pipe that gives the bytes in pieces of that many, from a child. */
static int
open_pipe(struct bytes bytes, size_t piece, pid_t *pid)
{
	int fds[2];
	size_t at, n;

	ck_assert_int_eq(pipe(fds), 0);
	*pid = fork();
	ck_assert_int_ne(*pid, -1);
	if (*pid == 0) {
		for (at = 0; at < bytes.len; at += n) {
			n = bytes.len - at < piece ? bytes.len - at : piece;
			if (write(fds[1], bytes.p + at, n) != (ssize_t)n)
				_exit(1);
		}
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

START_TEST(test_file)
{
	struct input *in;

	unit_assert_code(
	    input_open(temp_write("a\nb", get_long()), &in, &e), 0);
	ck_assert(input_is_direct(in));
	ck_assert_ptr_null(strchr(input_get_name(in), '\n'));
	assert_long(in);
	input_free(in);
	input_free(NULL);
}
END_TEST

START_TEST(test_file_from_its_position)
{
	int fd = open(temp_write("a", BYTES_LIT("0123456789")), O_RDONLY);
	struct input *in;
	uint64_t len;

	ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
	in = input_new_fd(fd, "a");
	assert_range(in, 0, INPUT_TO_END, BYTES_LIT("456789"));
	assert_range(in, 1, 2, BYTES_LIT("5"));
	unit_assert_code(input_get_len(in, &len, &e), 0);
	ck_assert_uint_eq(len, 6);
	unit_assert_code(input_check_unchanged(in, &e), 0);
	input_free(in);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 4);
	close(fd);
}
END_TEST

START_TEST(test_empty_file_and_proc)
{
	struct input *in;
	struct buf b = {0};
	struct sink *s = sink_new_buf(&b);
	uint64_t len;

	unit_assert_code(input_open(temp_write("a", BYTES_NONE), &in, &e), 0);
	assert_range(in, 0, INPUT_TO_END, BYTES_NONE);
	input_free(in);
	/* says that it has no bytes, and has some */
	unit_assert_code(input_open("/proc/self/status", &in, &e), 0);
	unit_assert_code(input_run(in, 0, INPUT_TO_END, s, &e), 0);
	ck_assert_uint_gt(b.len, 0);
	unit_assert_code(input_get_len(in, &len, &e), 0);
	ck_assert_uint_eq(len, b.len);
	input_free(in);
	sink_free(s);
	buf_clear(&b);
}
END_TEST

START_TEST(test_apart_from_output)
{
	const char *path = temp_write("f", BYTES_LIT("abc"));
	int same = open(path, O_WRONLY), other = open("/dev/null", O_WRONLY);
	struct input *in;

	unit_assert_code(input_open(path, &in, &e), 0);
	unit_assert_code(input_check_apart(in, same, &e), -CS_ERR_ARGUMENT);
	unit_assert_code(input_check_apart(in, other, &e), 0);
	unit_assert_code(input_check_apart(in, -1, &e), 0);
	input_free(in);
	in = input_new_bytes(BYTES_LIT("abc"), NULL);
	unit_assert_code(input_check_apart(in, same, &e), 0);
	input_free(in);
	close(same);
	close(other);
}
END_TEST

START_TEST(test_no_file)
{
	struct input *in;

	unit_assert_code(
	    input_open(temp_path("none"), &in, &e), -CS_ERR_NO_FILE);
	ck_assert_ptr_null(in);
	ck_assert_ptr_nonnull(strstr(e.text, "/none"));
	unit_assert_code(input_open(temp_path(""), &in, &e), -CS_ERR_NO_FILE);
	ck_assert_ptr_null(in);
}
END_TEST

START_TEST(test_bytes)
{
	struct input *in = input_new_bytes(get_long(), NULL);

	ck_assert(input_is_direct(in));
	assert_long(in);
	input_free(in);
}
END_TEST

START_TEST(test_pipe)
{
	pid_t pid;
	int fd = open_pipe(get_long(), _i == 0 ? 65536 : 777, &pid), status;
	struct input *in = input_new_fd(fd, "standard input");

	ck_assert(!input_is_direct(in));
	assert_long(in);
	ck_assert_uint_eq(temp_count(), 0); /* the spool has no name */
	input_free(in);
	close(fd);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

struct pieces_sink {
	struct sink sink;
	size_t at;
};

static int
pieces_write(struct sink *sink, struct bytes in, struct err *err)
{
	struct pieces_sink *s = (struct pieces_sink *)sink;

	(void)err;
	s->at += in.len;
	ck_assert(s->at % SINK_PIECE_LEN == 0 || s->at == LONG_LEN);
	return 0;
}

/* Whole pieces, however few bytes the pipe gives at once, and wherever the
 * first read of it ended. */
START_TEST(test_pipe_in_whole_pieces)
{
	pid_t pid;
	int fd = open_pipe(get_long(), 777, &pid);
	struct input *in = input_new_fd(fd, "standard input");
	struct pieces_sink s = {.sink.write = pieces_write};
	uint8_t some[5];
	size_t got;

	unit_assert_code(input_read_at(in, 0, some, sizeof(some), &got, &e), 0);
	s.at = sizeof(some);
	unit_assert_code(
	    input_run(in, sizeof(some), INPUT_TO_END, &s.sink, &e), 0);
	ck_assert_uint_eq(s.at, LONG_LEN);
	input_free(in);
	close(fd);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(test_pipe_that_does_not_block)
{
	pid_t pid;
	int fd = open_pipe(get_long(), 4096, &pid);
	struct input *in = input_new_fd(fd, "standard input");

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_long(in);
	input_free(in);
	close(fd);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(test_small_pipe_needs_no_file)
{
	pid_t pid;
	int fd = open_pipe(BYTES_LIT("small"), 2, &pid);
	struct input *in = input_new_fd(fd, "standard input");

	setenv("TMPDIR", "/nonexistent", 1);
	assert_range(in, 0, INPUT_TO_END, BYTES_LIT("small"));
	assert_range(in, 1, INPUT_TO_END, BYTES_LIT("mall"));
	input_free(in);
	close(fd);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(test_pipe_read_once)
{
	pid_t pid;
	int fd = open_pipe(get_long(), 65536, &pid);
	struct input *in = input_new_fd(fd, "standard input");
	struct sink *s = sink_new_null();
	uint8_t head[3000];
	size_t got;

	input_set_last_run(in);
	unit_assert_code(input_read_at(in, 0, head, sizeof(head), &got, &e), 0);
	ck_assert_uint_eq(got, sizeof(head));
	assert_range(in, 0, INPUT_TO_END, get_long());
	unit_assert_code(
	    input_run(in, 0, INPUT_TO_END, s, &e), -CS_ERR_INTERNAL);
	input_free(in);
	sink_free(s);
	close(fd);
	waitpid(pid, NULL, 0);
}
END_TEST

/* What was spooled before is given back while it is read for the last time. */
START_TEST(test_spool_is_let_go)
{
	static const uint8_t piece[1 << 20] = {1};
	struct spool s;
	struct stat before, after;
	uint8_t some[16];
	size_t i;

	spool_init(&s);
	for (i = 0; i < 20; i++)
		unit_assert_code(
		    spool_add(&s, bytes_of(piece, sizeof(piece)), &e), 0);
	ck_assert_int_eq(fstat(s.fd, &before), 0);
	spool_drop(&s, (17 << 20) + 5);
	ck_assert_int_eq(fstat(s.fd, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_le(after.st_blocks, (5 << 20) / 512);
	unit_assert_code(
	    spool_read_at(&s, 16 << 20, some, sizeof(some), &e), 0);
	ck_assert_mem_eq(some, piece, sizeof(some));
	unit_assert_code(
	    spool_read_at(&s, (16 << 20) - 1, some, sizeof(some), &e),
	    -CS_ERR_INTERNAL);
	spool_clear(&s);
}
END_TEST

START_TEST(test_pipe_last_run)
{
	pid_t pid;
	int fd = open_pipe(get_long(), 65536, &pid);
	struct input *in = input_new_fd(fd, "standard input");

	assert_range(in, 0, INPUT_TO_END, get_long());
	input_set_last_run(in);
	assert_range(in, 0, INPUT_TO_END, get_long());
	input_free(in);
	close(fd);
	waitpid(pid, NULL, 0);
}
END_TEST

/* Reading the same pipe again from inside a run. */
struct nested_sink {
	struct sink sink;
	struct input *in;
	uint64_t seen;
};

static int
nested_write(struct sink *sink, struct bytes in, struct err *err)
{
	struct nested_sink *s = (struct nested_sink *)sink;
	uint8_t some[50];
	size_t got;

	(void)err;
	ck_assert_int_eq(memcmp(in.p, long_bytes + s->seen, in.len), 0);
	s->seen += in.len;
	unit_assert_code(
	    input_read_at(s->in, s->seen + 1000, some, sizeof(some), &got, &e),
	    0);
	ck_assert_int_eq(memcmp(some, long_bytes + s->seen + 1000, got), 0);
	return 0;
}

START_TEST(test_pipe_read_from_inside_a_run)
{
	pid_t pid;
	int fd = open_pipe(get_long(), 65536, &pid);
	struct input *in = input_new_fd(fd, "standard input");
	struct nested_sink s = {.sink = {.write = nested_write}, .in = in};

	unit_assert_code(input_run(in, 0, INPUT_TO_END, &s.sink, &e), 0);
	ck_assert_uint_eq(s.seen, LONG_LEN);
	input_free(in);
	close(fd);
	waitpid(pid, NULL, 0);
}
END_TEST

struct fn_state {
	size_t at;
	int64_t fail_with; /* at the end; 0: none */
};

static int64_t
fn_read(void *ctx, void *p, size_t len)
{
	struct fn_state *s = ctx;
	size_t n = LONG_LEN - s->at;

	if (n == 0)
		return s->fail_with;
	n = n < len ? n : len;
	n = n < 1000 ? n : 1000;
	memcpy(p, long_bytes + s->at, n);
	s->at += n;
	return (int64_t)n;
}

START_TEST(test_function)
{
	struct fn_state state = {0};
	struct input *in = input_new_fn(fn_read, &state, "caller");

	assert_long(in);
	input_free(in);
}
END_TEST

START_TEST(test_function_that_fails)
{
	struct fn_state state = {.fail_with = -CS_ERR_CANCELLED};
	struct input *in = input_new_fn(fn_read, &state, "caller");
	struct sink *s = sink_new_null();

	unit_assert_code(
	    input_run(in, 0, INPUT_TO_END, s, &e), -CS_ERR_CANCELLED);
	input_free(in);
	/* more than it was asked for */
	state = (struct fn_state){.fail_with = INT64_MAX};
	in = input_new_fn(fn_read, &state, "caller");
	unit_assert_code(
	    input_run(in, 0, INPUT_TO_END, s, &e), -CS_ERR_INTERNAL);
	input_free(in);
	sink_free(s);
}
END_TEST

START_TEST(test_bad_descriptor)
{
	struct input *in = input_new_fd(-1, "gone");
	struct sink *s = sink_new_null();

	unit_assert_code(input_run(in, 0, INPUT_TO_END, s, &e), -CS_ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "gone"));
	input_free(in);
	sink_free(s);
}
END_TEST

START_TEST(test_file_that_changes)
{
	const char *path = temp_write("a", get_long());
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct sink *s = sink_new_null();
	struct input *in;

	unit_assert_code(input_open(path, &in, &e), 0);
	assert_range(in, 0, INPUT_TO_END, get_long());
	ck_assert_int_eq(truncate(path, 100000), 0);
	unit_assert_code(input_check_unchanged(in, &e), -CS_ERR_CHANGED);
	unit_assert_code(
	    input_run(in, 0, INPUT_TO_END, s, &e), -CS_ERR_CHANGED);
	input_free(in);

	unit_assert_code(input_open(path, &in, &e), 0);
	assert_range(in, 0, INPUT_TO_END, bytes_of(long_bytes, 100000));
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
	unit_assert_code(input_check_unchanged(in, &e), -CS_ERR_CHANGED);
	input_free(in);

	/* what is added later is not part of it */
	unit_assert_code(input_open(path, &in, &e), 0);
	assert_range(in, 0, 10, bytes_of(long_bytes, 10));
	ck_assert_int_eq(truncate(path, 200000), 0);
	assert_range(in, 0, INPUT_TO_END, bytes_of(long_bytes, 100000));
	unit_assert_code(input_check_unchanged(in, &e), -CS_ERR_CHANGED);
	input_free(in);
	sink_free(s);
}
END_TEST

START_TEST(test_small_file_is_held)
{
	struct bytes all = bytes_of(long_bytes, 5000);
	const char *path = temp_write("a", all);
	struct input *in;
	uint64_t len;
	int fd;

	unit_assert_code(input_open(path, &in, &e), 0);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	unit_assert_code(input_check_apart(in, fd, &e), -CS_ERR_ARGUMENT);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(truncate(path, 10), 0);
	ck_assert(input_is_direct(in) && input_is_stable(in));
	unit_assert_code(input_get_len(in, &len, &e), 0);
	ck_assert_uint_eq(len, all.len);
	assert_range(in, 0, INPUT_TO_END, all);
	assert_range(in, 4000, 4010, bytes_of(long_bytes + 4000, 10));
	unit_assert_code(input_check_unchanged(in, &e), 0);
	input_free(in);
}
END_TEST

START_TEST(test_spool_without_room)
{
	struct rlimit limit, before;
	struct fn_state state = {0};
	struct input *in = input_new_fn(fn_read, &state, "caller");
	struct sink *s = sink_new_null();

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 300000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	unit_assert_code(
	    input_run(in, 0, INPUT_TO_END, s, &e), -CS_ERR_NO_SPACE);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_ptr_nonnull(strstr(e.text, temp_path("")));
	input_free(in);
	sink_free(s);
}
END_TEST

START_TEST(test_spool_elsewhere_when_tmpdir_is_unusable)
{
	struct fn_state state = {0};
	struct input *in = input_new_fn(fn_read, &state, "caller");

	setenv("TMPDIR", "/nonexistent", 1);
	assert_long(in);
	input_free(in);
}
END_TEST

START_TEST(test_source_runs_its_range)
{
	struct input *in = input_new_bytes(BYTES_LIT("0123456789"), "x");
	struct input_source source;
	struct buf b = {0};
	struct sink *s = sink_new_buf(&b);

	input_source_init(&source, in, 2, 6);
	unit_assert_code(source_run(&source.source, s, &e), 0);
	unit_assert_code(source_run(&source.source, s, &e), 0);
	unit_assert_bytes(buf_get(&b), BYTES_LIT("23452345"));
	input_free(in);
	sink_free(s);
	buf_clear(&b);
}
END_TEST

static Suite *
input_suite(void)
{
	Suite *s = suite_create("input");
	TCase *tc = tcase_create("kinds");

	tcase_add_checked_fixture(tc, setup, temp_teardown);
	tcase_add_test(tc, test_file);
	tcase_add_test(tc, test_file_from_its_position);
	tcase_add_test(tc, test_empty_file_and_proc);
	tcase_add_test(tc, test_apart_from_output);
	tcase_add_test(tc, test_no_file);
	tcase_add_test(tc, test_bytes);
	tcase_add_loop_test(tc, test_pipe, 0, 2);
	tcase_add_test(tc, test_pipe_that_does_not_block);
	tcase_add_test(tc, test_pipe_in_whole_pieces);
	tcase_add_test(tc, test_small_pipe_needs_no_file);
	tcase_add_test(tc, test_pipe_read_once);
	tcase_add_test(tc, test_pipe_last_run);
	tcase_add_test(tc, test_spool_is_let_go);
	tcase_add_test(tc, test_pipe_read_from_inside_a_run);
	tcase_add_test(tc, test_function);
	tcase_add_test(tc, test_source_runs_its_range);
	suite_add_tcase(s, tc);
	tc = tcase_create("failures");
	tcase_add_checked_fixture(tc, setup, temp_teardown);
	tcase_add_test(tc, test_function_that_fails);
	tcase_add_test(tc, test_bad_descriptor);
	tcase_add_test(tc, test_file_that_changes);
	tcase_add_test(tc, test_small_file_is_held);
	tcase_add_test(tc, test_spool_without_room);
	tcase_add_test(tc, test_spool_elsewhere_when_tmpdir_is_unusable);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(input_suite());
}
