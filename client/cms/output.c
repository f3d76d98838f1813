#include "config.h"

#include "asn1/say.h"
#include "client/cms/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "asn1/alg/random.h"

#define OUTPUT_NAME_MAX 256
/* Files are written in multiples of it, at multiples of it: whole runs of
 * pages cost the kernel two thirds of what runs with ragged ends do. */
#define OUTPUT_BLOCK_LEN ((size_t)64 << 10)
#define OUTPUT_TEMP_TRIES 16
#define OUTPUT_MODE_MAX 0777 /* no set-id bits are carried over */

struct output {
	struct sink sink;
	char *name; /* quoted, for messages */
	int (*write)(void *ctx, const void *p, size_t len);
	void *ctx;
	int fd; /* -1: a function, or a link's target not made yet */
	bool owns_fd;
	bool is_held;
	bool is_committed;
	bool needs_truncate; /* something that is written through */
	bool has_written;    /* is anything beyond the buffer? */
	char *path;	     /* the target, when it has one */
	char *temp; /* held: the file beside it; NULL: it has no name yet */
	int err;
	size_t used;
	uint8_t piece[OUTPUT_BLOCK_LEN];
};

static int output_sink_write(struct sink *sink, struct bytes in, struct err *e);
static int output_sink_finish(struct sink *sink, struct err *e);

static struct output *
output_new(const char *name)
{
	struct output *out = malloc(sizeof(*out));
	char quoted[OUTPUT_NAME_MAX];

	if (out == NULL)
		return NULL;
	memset(out, 0, offsetof(struct output, piece));
	out->sink.write = output_sink_write;
	out->sink.finish = output_sink_finish;
	out->fd = -1;
	err_quote(quoted, sizeof(quoted), name, strlen(name));
	out->name = strdup(quoted);
	if (out->name == NULL) {
		free(out);
		return NULL;
	}
	return out;
}

struct output *
output_new_fd(int fd, const char *name)
{
	struct output *out = output_new(name != NULL ? name : "output");

	if (out != NULL)
		out->fd = fd;
	return out;
}

struct output *
output_new_fn(int (*write)(void *ctx, const void *p, size_t len), void *ctx)
{
	struct output *out = output_new("output");

	if (out != NULL) {
		out->write = write;
		out->ctx = ctx;
	}
	return out;
}

void
output_free(struct output *out)
{
	if (out == NULL)
		return;
	if (out->temp != NULL && !out->is_committed)
		unlink(out->temp);
	if (out->owns_fd && out->fd != -1)
		close(out->fd);
	mem_wipe(out->piece, sizeof(out->piece));
	free(out->temp);
	free(out->path);
	free(out->name);
	free(out);
}

struct sink *
output_get_sink(struct output *out)
{
	return &out->sink;
}

bool
output_is_held(const struct output *out)
{
	return out->is_held;
}

int
output_get_through_fd(const struct output *out)
{
	return out->is_held ? -1 : out->fd;
}

/* --- opening --- */

/* Gives the file beside the target the target's owner and mode. */
static void
output_take_mode(int fd, const struct stat *target)
{
	mode_t mode = target->st_mode & OUTPUT_MODE_MAX;
	struct stat st;

	if (fstat(fd, &st) == 0 &&
	    (st.st_uid != target->st_uid || st.st_gid != target->st_gid) &&
	    fchown(fd, target->st_uid, target->st_gid) == -1)
		mode &= ~(mode_t)070; /* it would be another group's */
	if (fchmod(fd, mode) == -1)
		return; /* it stays private */
}

/* A name for a file beside path, to be freed. */
static char *
output_make_temp_name(const char *path)
{
	static const char hex[] = "0123456789abcdef";
	const char *slash = strrchr(path, '/');
	size_t dir_len = slash != NULL ? (size_t)(slash - path) + 1 : 0, i;
	uint8_t random[8];
	char digits[2 * sizeof(random) + 1], *name = NULL;

	random_fill(random, sizeof(random));
	for (i = 0; i < sizeof(random); i++) {
		digits[2 * i] = hex[random[i] >> 4];
		digits[2 * i + 1] = hex[random[i] & 15];
	}
	digits[2 * i] = '\0';
	if (asprintf(&name, "%.*s.cardseal-%s", (int)dir_len, path, digits) ==
	    -1)
		return NULL;
	return name;
}

static char *
output_get_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A file without a name, so that not even SIGKILL leaves anything; it gets
 * its name through /proc. */
static int
output_open_nameless(const char *path, mode_t mode)
{
	char proc[32], *dir;
	struct stat st;
	int fd;

	dir = output_get_dir(path);
	if (dir == NULL)
		return -1;
	fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	free(dir);
	if (fd == -1)
		return -1;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (stat(proc, &st) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
output_open_held(struct output *out, const struct stat *target, struct err *e)
{
	mode_t mode = target != NULL ? 0600 : 0666;
	unsigned tries;

	out->is_held = true;
	out->owns_fd = true;
	if (target != NULL &&
	    faccessat(AT_FDCWD, out->path, W_OK, AT_EACCESS) == -1)
		return err_set_errno(e, errno, out->name);
	out->fd = output_open_nameless(out->path, mode);
	for (tries = 0; out->fd == -1 && tries < OUTPUT_TEMP_TRIES; tries++) {
		free(out->temp);
		out->temp = output_make_temp_name(out->path);
		if (out->temp == NULL)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
		out->fd = open(out->temp,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (out->fd == -1 && errno != EEXIST)
			break;
	}
	if (out->fd == -1) {
		free(out->temp);
		out->temp = NULL;
		return err_set_errno(e, errno, out->name);
	}
	if (target != NULL)
		output_take_mode(out->fd, target);
	return 0;
}

/* A device, a FIFO, or what a link points to. */
static int
output_open_through(struct output *out, struct err *e)
{
	struct stat st;

	out->owns_fd = true;
	out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (out->fd == -1 && errno == ENOENT)
		return 0; /* a link to nothing: made when written */
	if (out->fd == -1)
		return err_set_errno(e, errno, out->name);
	out->needs_truncate = fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

int
output_open(const char *path, struct output **out, struct err *e)
{
	struct stat st;
	bool exists;
	int r;

	*out = NULL;
	if (path == NULL || strcmp(path, "-") == 0) {
		*out = output_new_fd(STDOUT_FILENO, say("standard output"));
		return *out != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	*out = output_new(path);
	if (*out != NULL)
		(*out)->path = strdup(path);
	if (*out == NULL || (*out)->path == NULL) {
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
		goto out;
	}
	exists = lstat(path, &st) == 0;
	if (!exists && errno != ENOENT)
		r = err_set_errno(e, errno, (*out)->name);
	else if (exists && S_ISDIR(st.st_mode))
		r = err_set_errno(e, EISDIR, (*out)->name);
	else if (exists && !S_ISREG(st.st_mode))
		r = output_open_through(*out, e);
	else
		r = output_open_held(*out, exists ? &st : NULL, e);
out:
	if (r != 0) {
		output_free(*out);
		*out = NULL;
	}
	return r;
}

/* --- writing --- */

static int
output_fail(struct output *out, int errnum, struct err *e)
{
	return out->err = err_set_errno(e, errnum, out->name);
}

/* What must happen before the first byte goes through. */
static int
output_begin(struct output *out, struct err *e)
{
	out->has_written = true;
	if (out->fd == -1) {
		out->fd = open(out->path,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
		if (out->fd == -1)
			return output_fail(out, errno, e);
	} else if (out->needs_truncate && ftruncate(out->fd, 0) == -1) {
		return output_fail(out, errno, e);
	}
	return 0;
}

/* Writes a and then b, all of it. */
static int
output_write_fd(
    struct output *out, struct bytes a, struct bytes b, struct err *e)
{
	struct pollfd pfd = {.fd = out->fd, .events = POLLOUT};
	struct iovec parts[2];
	ssize_t n;
	size_t done;

	while (a.len + b.len != 0) {
		/* the cast takes const away; writev only reads */
		parts[0] = (struct iovec){(void *)(uintptr_t)a.p, a.len};
		parts[1] = (struct iovec){(void *)(uintptr_t)b.p, b.len};
		n = writev(out->fd, parts, 2);
		if (n > 0) {
			done = (size_t)n - bytes_skip(&a, (size_t)n);
			(void)bytes_skip(&b, done);
		} else if (n == 0) {
			return output_fail(out, ENOSPC, e);
		} else if (errno == EAGAIN) {
			poll(&pfd, 1, -1);
		} else if (errno != EINTR) {
			return output_fail(out, errno, e);
		}
	}
	return 0;
}

static int
output_call(struct output *out, struct bytes in, struct err *e)
{
	int r = in.len != 0 ? out->write(out->ctx, in.p, in.len) : 0;

	if (r == 0)
		return 0;
	return out->err = err_set(e, r < 0 ? r : -CS_ERR_IO,
		   "the receiver of the output refused it");
}

/* What is held, and then in. */
static int
output_flush_and(struct output *out, struct bytes in, struct err *e)
{
	struct bytes held = bytes_of(out->piece, out->used);
	int r = 0;

	out->used = 0;
	if (held.len + in.len == 0)
		return 0;
	if (out->write != NULL) {
		out->has_written = true;
		r = output_call(out, held, e);
		return r != 0 ? r : output_call(out, in, e);
	}
	if (!out->has_written)
		r = output_begin(out, e);
	return r != 0 ? r : output_write_fd(out, held, in, e);
}

static int
output_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct output *out = (struct output *)sink;
	size_t len;
	int r = 0;

	if (out->err != 0)
		return err_set(e, out->err, NULL);
	if (in.len >= OUTPUT_BLOCK_LEN - out->used) {
		len = in.len - (out->used + in.len) % OUTPUT_BLOCK_LEN;
		r = output_flush_and(out, bytes_of(in.p, len), e);
		in = bytes_of(in.p + len, in.len - len);
	}
	if (r != 0 || in.len == 0)
		return r;
	memcpy(out->piece + out->used, in.p, in.len);
	out->used += in.len;
	return 0;
}

static int
output_sink_finish(struct sink *sink, struct err *e)
{
	struct output *out = (struct output *)sink;

	if (out->err != 0)
		return err_set(e, out->err, NULL);
	return output_flush_and(out, BYTES_NONE, e);
}

int
output_reset(struct output *out, struct err *e)
{
	if (out->err != 0)
		return err_set(e, out->err, NULL);
	if (out->has_written && !out->is_held)
		return err_set(e, -CS_ERR_INTERNAL,
		    "%s: what went out cannot be taken back", out->name);
	mem_wipe(out->piece, out->used);
	out->used = 0;
	if (out->has_written &&
	    (ftruncate(out->fd, 0) == -1 || lseek(out->fd, 0, SEEK_SET) == -1))
		return output_fail(out, errno, e);
	return 0;
}

/* --- committing --- */

/* Gives a nameless file a name beside the target. */
static int
output_name_temp(struct output *out, struct err *e)
{
	char proc[32];
	unsigned tries;

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", out->fd);
	for (tries = 0; tries < OUTPUT_TEMP_TRIES; tries++) {
		free(out->temp);
		out->temp = output_make_temp_name(out->path);
		if (out->temp == NULL)
			return out->err = err_set(e, -CS_ERR_NO_MEMORY, NULL);
		if (linkat(AT_FDCWD, proc, AT_FDCWD, out->temp,
			AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	free(out->temp);
	out->temp = NULL;
	return output_fail(out, errno, e);
}

static int
output_commit_held(struct output *out, struct err *e)
{
	int r = 0, fd;

	if (out->temp == NULL)
		r = output_name_temp(out, e);
	if (r != 0)
		return r;
	fd = out->fd;
	out->fd = -1;
	if (close(fd) == -1)
		return output_fail(out, errno, e);
	if (rename(out->temp, out->path) == -1)
		return output_fail(out, errno, e);
	return 0;
}

static int
output_commit_through(struct output *out, struct err *e)
{
	int fd;

	/* A file that is given anew, with nothing in it. */
	if (!out->has_written && (out->needs_truncate || out->path != NULL) &&
	    output_begin(out, e) != 0)
		return out->err;
	/* Some file systems tell of a failure only at a close. */
	fd = out->owns_fd ? out->fd : dup(out->fd);
	if (out->owns_fd)
		out->fd = -1;
	if (fd != -1 && close(fd) == -1 && errno != EINTR)
		return output_fail(out, errno, e);
	return 0;
}

int
output_commit(struct output *out, struct err *e)
{
	int r;

	if (out->is_committed)
		return err_set(e, -CS_ERR_INTERNAL, NULL);
	r = output_sink_finish(&out->sink, e);
	if (r != 0)
		return r;
	if (out->is_held)
		r = output_commit_held(out, e);
	else if (out->write == NULL)
		r = output_commit_through(out, e);
	if (r == 0)
		out->is_committed = true;
	return r;
}
