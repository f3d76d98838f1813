#include "config.h"

#include "asn1/say.h"
#include "client/cms/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/cms/spool.h"

#define INPUT_NAME_MAX 256
/* A file of at most so many octets is read at once, and from then on is memory
 * that nobody else can change. */
#define INPUT_HELD_MAX ((size_t)64 << 10)
/* What is asked of a pipe: fewer and larger pieces. */
#define INPUT_PIPE_LEN (1 << 20)

enum input_kind {
	INPUT_KIND_FILE,   /* read in place */
	INPUT_KIND_BYTES,  /* memory, borrowed or held */
	INPUT_KIND_STREAM, /* read once, and spooled */
};

struct input {
	char *name;
	enum input_kind kind;
	int fd;
	bool owns_fd;
	/* file */
	uint64_t base; /* where the input starts in it */
	uint64_t len;  /* set at the first read */
	bool is_stamped;
	struct timespec mtime;
	/* memory */
	struct bytes bytes;
	uint8_t *held; /* owned: a whole file's */
	/* stream */
	int64_t (*read)(void *ctx, void *p, size_t len);
	void *ctx;
	uint64_t pos; /* bytes read so far */
	bool is_at_end;
	bool is_last_run;
	struct spool spool;
};

static struct input *
input_new(enum input_kind kind, const char *name)
{
	struct input *in = calloc(1, sizeof(*in));
	char quoted[INPUT_NAME_MAX];

	if (in == NULL)
		return NULL;
	if (name == NULL)
		name = "input";
	err_quote(quoted, sizeof(quoted), name, strlen(name));
	in->name = strdup(quoted);
	if (in->name == NULL) {
		free(in);
		return NULL;
	}
	in->kind = kind;
	in->fd = -1;
	spool_init(&in->spool);
	return in;
}

/* Holds a small file. One that cannot be read, or was changed meanwhile, is
 * read in place, which tells what is wrong. */
static void
input_hold(struct input *in, off_t size)
{
	size_t len = (size_t)size;
	uint8_t *held;

	if (size <= 0 || len > INPUT_HELD_MAX)
		return;
	held = malloc(len);
	if (held == NULL)
		return;
	if (pread(in->fd, held, len, 0) != (ssize_t)len) {
		mem_wipe(held, len);
		free(held);
		return;
	}
	in->held = held;
	in->bytes = bytes_of(held, len);
	in->kind = INPUT_KIND_BYTES;
}

struct input *
input_new_fd(int fd, const char *name)
{
	struct input *in = input_new(INPUT_KIND_STREAM, name);
	struct stat st;
	off_t at;

	if (in == NULL)
		return NULL;
	in->fd = fd;
	/* Files without a size (/proc) are read as streams. */
	if (fstat(fd, &st) != 0)
		return in;
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		at = lseek(fd, 0, SEEK_CUR);
		if (at >= 0) {
			in->kind = INPUT_KIND_FILE;
			in->base = (uint64_t)at;
		}
	}
	if (S_ISFIFO(st.st_mode))
		/* It may be refused; then the pipe stays as it is. */
		(void)fcntl(fd, F_SETPIPE_SZ, INPUT_PIPE_LEN);
	return in;
}

int
input_open(const char *path, struct input **in, struct err *e)
{
	char quoted[INPUT_NAME_MAX];
	struct stat st = {0};
	int fd;

	*in = NULL;
	if (strcmp(path, "-") == 0) {
		*in = input_new_fd(STDIN_FILENO, say("standard input"));
		return *in != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	err_quote(quoted, sizeof(quoted), path, strlen(path));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return err_set_errno(e, errno, quoted);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set_errno(e, EISDIR, quoted);
	}
	*in = input_new_fd(fd, path);
	if (*in == NULL) {
		close(fd);
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	(*in)->owns_fd = true;
	if ((*in)->kind == INPUT_KIND_FILE)
		input_hold(*in, st.st_size);
	return 0;
}

struct input *
input_new_bytes(struct bytes bytes, const char *name)
{
	struct input *in = input_new(INPUT_KIND_BYTES, name);

	if (in != NULL)
		in->bytes = bytes;
	return in;
}

struct input *
input_new_fn(int64_t (*read)(void *ctx, void *p, size_t len), void *ctx,
    const char *name)
{
	struct input *in = input_new(INPUT_KIND_STREAM, name);

	if (in == NULL)
		return NULL;
	in->read = read;
	in->ctx = ctx;
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	if (in->owns_fd)
		close(in->fd);
	spool_clear(&in->spool);
	if (in->held != NULL)
		mem_wipe(in->held, in->bytes.len);
	free(in->held);
	free(in->name);
	free(in);
}

const char *
input_get_name(const struct input *in)
{
	return in->name;
}

bool
input_is_direct(const struct input *in)
{
	return in->kind != INPUT_KIND_STREAM;
}

bool
input_is_stable(const struct input *in)
{
	return in->kind != INPUT_KIND_FILE;
}

int
input_check_apart(const struct input *in, int fd, struct err *e)
{
	struct stat from, to;

	if ((in->kind != INPUT_KIND_FILE && in->held == NULL) || fd == -1 ||
	    fstat(in->fd, &from) == -1 || fstat(fd, &to) == -1 ||
	    from.st_dev != to.st_dev || from.st_ino != to.st_ino)
		return 0;
	return err_set(e, -CS_ERR_ARGUMENT,
	    "%s is also where the output would be written to, through a link "
	    "or a redirection; name the file itself with -o, or another one",
	    in->name);
}

void
input_set_last_run(struct input *in)
{
	in->is_last_run = true;
}

/* --- files --- */

static int
input_stamp(struct input *in, struct err *e)
{
	struct stat st;
	uint64_t size;

	if (in->is_stamped)
		return 0;
	if (fstat(in->fd, &st) == -1)
		return err_set_errno(e, errno, in->name);
	size = (uint64_t)st.st_size;
	in->len = size > in->base ? size - in->base : 0;
	in->mtime = st.st_mtim;
	in->is_stamped = true;
	return 0;
}

static int
input_fail_changed(const struct input *in, struct err *e)
{
	return err_set(e, -CS_ERR_CHANGED,
	    "%s was changed while it was read; nothing of it can be relied on",
	    in->name);
}

int
input_check_unchanged(struct input *in, struct err *e)
{
	struct stat st;

	if (in->kind != INPUT_KIND_FILE || !in->is_stamped)
		return 0;
	if (fstat(in->fd, &st) == -1)
		return err_set_errno(e, errno, in->name);
	if ((uint64_t)st.st_size < in->base ||
	    (uint64_t)st.st_size - in->base != in->len ||
	    st.st_mtim.tv_sec != in->mtime.tv_sec ||
	    st.st_mtim.tv_nsec != in->mtime.tv_nsec)
		return input_fail_changed(in, e);
	return 0;
}

static int
input_pread(
    struct input *in, uint64_t offset, uint8_t *p, size_t len, struct err *e)
{
	ssize_t n;

	while (len != 0) {
		n = pread(in->fd, p, len, (off_t)(in->base + offset));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set_errno(e, errno, in->name);
		if (n == 0) /* it was longer before */
			return input_fail_changed(in, e);
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* --- streams --- */

static int
input_read_fd(
    struct input *in, uint8_t *p, size_t len, size_t *got, struct err *e)
{
	struct pollfd pfd = {.fd = in->fd, .events = POLLIN};
	ssize_t n;

	*got = 0;
	for (;;) {
		n = read(in->fd, p, len);
		if (n >= 0) {
			*got = (size_t)n;
			return 0;
		}
		if (errno == EAGAIN) /* somebody made it non-blocking */
			poll(&pfd, 1, -1);
		else if (errno != EINTR)
			return err_set_errno(e, errno, in->name);
	}
}

static int
input_read_fn(
    struct input *in, uint8_t *p, size_t len, size_t *got, struct err *e)
{
	int64_t n = in->read(in->ctx, p, len);

	*got = 0;
	if (n < 0 || (uint64_t)n > len)
		return err_set(e, n < 0 ? (int)n : -CS_ERR_INTERNAL,
		    "%s: it cannot be read", in->name);
	*got = (size_t)n;
	return 0;
}

/*
 * Takes up to len bytes of the stream into p, and spools them: whole pieces,
 * however little the other end gives at once, at multiples of their length,
 * which is how the spool is cheapest to write.
 */
static int
input_take(struct input *in, uint8_t *p, size_t len, size_t *got, struct err *e)
{
	size_t room = SINK_PIECE_LEN - (size_t)(in->pos % SINK_PIECE_LEN);
	size_t n = 0;
	int r = 0;

	*got = 0;
	if (len > room)
		len = room;
	while (r == 0 && *got < len && !in->is_at_end) {
		r = in->read != NULL
			? input_read_fn(in, p + *got, len - *got, &n, e)
			: input_read_fd(in, p + *got, len - *got, &n, e);
		in->is_at_end = r == 0 && n == 0;
		*got += n;
	}
	if (r != 0 || *got == 0)
		return r;
	in->pos += *got;
	if (in->is_last_run && in->pos > SPOOL_MEMORY_MAX)
		return 0;
	return spool_add(&in->spool, bytes_of(p, *got), e);
}

/*
 * Up to len bytes at offset: from the spool, or new ones, if offset is where
 * the stream stands or before; 0 only at the end.
 */
static int
input_get_piece(struct input *in, uint64_t offset, uint8_t *p, size_t len,
    size_t *got, struct err *e)
{
	uint64_t left;

	*got = 0;
	if (in->kind != INPUT_KIND_STREAM) {
		left = offset < in->len ? in->len - offset : 0;
		*got = left < len ? (size_t)left : len;
		return input_pread(in, offset, p, *got, e);
	}
	if (offset < in->spool.len) {
		left = in->spool.len - offset;
		*got = left < len ? (size_t)left : len;
		if (in->is_last_run)
			spool_drop(&in->spool, offset);
		return spool_read_at(&in->spool, offset, p, *got, e);
	}
	if (offset < in->pos)
		return err_set(e, -CS_ERR_INTERNAL,
		    "%s: read again though it was said to be read once",
		    in->name);
	return input_take(in, p, len, got, e);
}

/* --- all kinds --- */

static int
input_run_bytes(struct bytes bytes, uint64_t from, uint64_t to,
    struct sink *sink, struct err *e)
{
	size_t len;
	int r = 0;

	if (to > bytes.len)
		to = bytes.len;
	while (r == 0 && from < to) {
		len = to - from < SINK_PIECE_LEN ? (size_t)(to - from)
						 : SINK_PIECE_LEN;
		r = sink_write(sink, bytes_of(bytes.p + from, len), e);
		from += len;
	}
	return r;
}

/* Moves a stream on until it stands at offset or has ended. */
static int
input_skip_to(
    struct input *in, uint64_t offset, uint8_t *p, size_t len, struct err *e)
{
	size_t got = 1;
	int r = 0;

	while (r == 0 && got != 0 && in->pos < offset)
		r = input_take(in, p,
		    offset - in->pos < len ? (size_t)(offset - in->pos) : len,
		    &got, e);
	return r;
}

int
input_run(struct input *in, uint64_t from, uint64_t to, struct sink *sink,
    struct err *e)
{
	size_t room = SINK_PIECE_LEN, got, want, used = 0;
	uint8_t *piece;
	int r = 0;

	if (in->kind == INPUT_KIND_BYTES)
		return input_run_bytes(in->bytes, from, to, sink, e);
	if (in->kind == INPUT_KIND_FILE)
		r = input_stamp(in, e);
	if (r != 0 || from >= to)
		return r;
	if (to - from < room)
		room = (size_t)(to - from);
	piece = malloc(room);
	if (piece == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (in->kind == INPUT_KIND_STREAM) {
		used = room;
		r = input_skip_to(in, from, piece, room, e);
	}
	for (got = 1; r == 0 && got != 0 && from < to; from += got) {
		want = to - from < room ? (size_t)(to - from) : room;
		r = input_get_piece(in, from, piece, want, &got, e);
		used = got > used ? got : used;
		if (r == 0 && got != 0)
			r = sink_write(sink, bytes_of(piece, got), e);
	}
	/* A small message has touched little of the room. */
	mem_wipe(piece, used);
	free(piece);
	return r;
}

int
input_read_at(struct input *in, uint64_t offset, void *p, size_t len,
    size_t *got, struct err *e)
{
	uint8_t *to = p;
	size_t n;
	int r = 0;

	*got = 0;
	if (in->kind == INPUT_KIND_BYTES) {
		if (offset < in->bytes.len) {
			*got = in->bytes.len - (size_t)offset;
			if (*got > len)
				*got = len;
			memcpy(p, in->bytes.p + offset, *got);
		}
		return 0;
	}
	if (in->kind == INPUT_KIND_FILE)
		r = input_stamp(in, e);
	else if (len != 0)
		r = input_skip_to(in, offset, to, len, e);
	for (n = 1; r == 0 && n != 0 && *got < len; *got += n)
		r = input_get_piece(
		    in, offset + *got, to + *got, len - *got, &n, e);
	return r;
}

int
input_get_len(struct input *in, uint64_t *len, struct err *e)
{
	uint8_t *piece;
	int r;

	*len = 0;
	if (in->kind == INPUT_KIND_BYTES) {
		*len = in->bytes.len;
		return 0;
	}
	if (in->kind == INPUT_KIND_FILE) {
		r = input_stamp(in, e);
		*len = in->len;
		return r;
	}
	piece = malloc(SINK_PIECE_LEN);
	if (piece == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = input_skip_to(in, UINT64_MAX, piece, SINK_PIECE_LEN, e);
	mem_wipe(piece, SINK_PIECE_LEN);
	free(piece);
	if (r == 0)
		*len = in->pos;
	return r;
}

static int
input_source_run(struct source *source, struct sink *sink, struct err *e)
{
	struct input_source *s = (struct input_source *)source;

	return input_run(s->in, s->from, s->to, sink, e);
}

void
input_source_init(
    struct input_source *s, struct input *in, uint64_t from, uint64_t to)
{
	*s = (struct input_source){
	    .source = {.run = input_source_run,
		.is_stable = input_is_stable(in)},
	    .in = in,
	    .from = from,
	    .to = to,
	};
}
