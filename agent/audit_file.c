#include "config.h"

#include "agent/audit_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void
audit_file_init(
    struct audit_file *f, const char *folder, uint64_t size_max, unsigned keep)
{
	*f = (struct audit_file){
	    .folder = folder, .size_max = size_max, .keep = keep, .fd = -1};
}

void
audit_file_close(struct audit_file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

static const char *
audit_path(
    const struct audit_file *f, const char *name, char out[AUDIT_PATH_MAX])
{
	snprintf(out, AUDIT_PATH_MAX, "%s/%s", f->folder, name);
	return out;
}

static int
audit_lock(const struct audit_file *f, struct err *e)
{
	char path[AUDIT_PATH_MAX];
	int fd = open(audit_path(f, "audit.lock", path),
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set_errno(e, errno, path);
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			(void)close(fd);
			return err_set_errno(e, errno, path);
		}
	return fd;
}

/* --- old files --- */

static int
audit_is_old(const struct dirent *d)
{
	size_t digits = strspn(d->d_name, "audit-0123456789");

	return strlen(d->d_name) == AUDIT_OLD_LEN && digits == 26 &&
	       strcmp(d->d_name + digits, ".jsonl") == 0;
}

static void
audit_prune(const struct audit_file *f)
{
	char path[AUDIT_PATH_MAX];
	struct dirent **list;
	int n = scandir(f->folder, &list, audit_is_old, alphasort), i;

	for (i = 0; i < n; i++) {
		if (n - i > (int)f->keep)
			(void)unlink(audit_path(f, list[i]->d_name, path));
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static int
audit_sync_folder(const struct audit_file *f)
{
	int fd = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd >= 0 ? fsync(fd) : -1;

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* --- the present file --- */

/* The last line of an open file, and what stands behind it unfinished. */
static int
audit_read_tail(int fd, off_t size, struct buf *tail, size_t *torn_len)
{
	size_t len = size < (off_t)AUDIT_LINE_MAX * 2 ? (size_t)size
						      : AUDIT_LINE_MAX * 2;
	uint8_t *p = buf_reserve(tail, len), *nl;
	ssize_t n;

	*torn_len = 0;
	if (p == NULL)
		return tail->err;
	n = pread(fd, p, len, size - (off_t)len);
	if (n != (ssize_t)len)
		return -CS_ERR_IO;
	buf_grow_len(tail, len);
	nl = memrchr(tail->data, '\n', len);
	*torn_len = nl != NULL ? len - (size_t)(nl - tail->data) - 1 : len;
	tail->len -= *torn_len;
	if (tail->len == 0)
		return 0;
	nl = memrchr(tail->data, '\n', tail->len - 1);
	if (nl != NULL)
		buf_consume(tail, (size_t)(nl - tail->data) + 1);
	return 0;
}

/* 0; -CS_ERR_LOG if the last line is not the log's; others as errno. */
static int
audit_read_chain(int fd, off_t size, struct audit_chain *chain,
    size_t *torn_len, struct err *e)
{
	struct buf tail = {.max = AUDIT_LINE_MAX * 2};
	char prev[AUDIT_HASH_LEN + 1];
	int r = audit_read_tail(fd, size, &tail, torn_len);

	if (r == 0 && tail.len != 0)
		r = audit_line_read(
		    bytes_of(tail.data, tail.len - 1), prev, chain, e);
	else if (r == 0 && *torn_len > AUDIT_LINE_MAX)
		r = -CS_ERR_LOG;
	buf_clear(&tail);
	return r;
}

/* Where a new file goes on: behind the last of the old ones. */
static void
audit_read_chain_before(struct audit_file *f)
{
	char path[AUDIT_PATH_MAX];
	struct dirent **list;
	struct stat st;
	size_t torn;
	int n = scandir(f->folder, &list, audit_is_old, alphasort), i, fd = -1;

	f->chain = (struct audit_chain){0};
	if (n > 0)
		fd = open(audit_path(f, list[n - 1]->d_name, path),
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    audit_read_chain(fd, st.st_size, &f->chain, &torn, NULL) != 0)
		f->chain = (struct audit_chain){0};
	if (fd >= 0)
		(void)close(fd);
	for (i = 0; i < n; i++)
		free(list[i]);
	if (n >= 0)
		free(list);
}

static int
audit_open(struct audit_file *f, struct stat *st, struct err *e)
{
	char path[AUDIT_PATH_MAX];

	audit_file_close(f);
	f->fd = open(audit_path(f, AUDIT_NAME, path),
	    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0 || fstat(f->fd, st) != 0)
		return err_set_errno(e, errno, path);
	if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() ||
	    (st->st_mode & 077) != 0)
		return err_set(
		    e, -CS_ERR_CONFIG, "%s is not a file of ours alone", path);
	return 0;
}

/* Somebody was at it: out of the way, but not lost. */
static int
audit_put_aside(
    struct audit_file *f, struct stat *st, struct buf *first, struct err *e)
{
	char from[AUDIT_PATH_MAX], to[AUDIT_PATH_MAX], name[64];

	snprintf(name, sizeof(name), "audit-broken-%lld-%ld.jsonl",
	    (long long)time(NULL), (long)getpid());
	if (rename(audit_path(f, AUDIT_NAME, from), audit_path(f, name, to)) !=
	    0)
		return err_set_errno(e, errno, from);
	audit_read_chain_before(f);
	buf_printf(first, "\"event\":\"broken\",\"aside\":\"%s\"\n", name);
	return audit_open(f, st, e);
}

/* Is what we know of the file still so? */
static bool
audit_is_known(const struct audit_file *f)
{
	char path[AUDIT_PATH_MAX];
	struct stat st;

	return f->fd >= 0 && lstat(audit_path(f, AUDIT_NAME, path), &st) == 0 &&
	       st.st_ino == f->ino && st.st_size == f->size;
}

/* Opens the file anew where needed; first gets records to begin with. */
static int
audit_sync(struct audit_file *f, struct buf *first, struct err *e)
{
	struct stat st;
	size_t torn = 0;
	int r;

	if (audit_is_known(f))
		return 0;
	r = audit_open(f, &st, e);
	if (r != 0)
		return r;
	if (st.st_size == 0) {
		audit_read_chain_before(f);
	} else {
		r = audit_read_chain(f->fd, st.st_size, &f->chain, &torn, e);
		if (r == -CS_ERR_LOG)
			r = audit_put_aside(f, &st, first, e);
		if (r != 0)
			return r;
	}
	if (torn != 0 && st.st_size != 0) {
		if (ftruncate(f->fd, st.st_size - (off_t)torn) != 0)
			return err_set_errno(e, errno, AUDIT_NAME);
		st.st_size -= (off_t)torn;
		buf_printf(first, "\"event\":\"repaired\",\"cut\":%zu\n", torn);
		if (st.st_size == 0)
			audit_read_chain_before(f);
	}
	f->ino = st.st_ino;
	f->size = st.st_size;
	return first->err;
}

static int
audit_rotate(struct audit_file *f, struct err *e)
{
	char from[AUDIT_PATH_MAX], to[AUDIT_PATH_MAX], name[AUDIT_OLD_LEN + 1];
	struct stat st;
	int r;

	snprintf(name, sizeof(name), AUDIT_OLD_FORMAT,
	    (unsigned long long)f->chain.seq);
	if (rename(audit_path(f, AUDIT_NAME, from), audit_path(f, name, to)) !=
	    0)
		return err_set_errno(e, errno, from);
	r = audit_open(f, &st, e);
	if (r != 0)
		return r;
	(void)audit_sync_folder(f);
	f->ino = st.st_ino;
	f->size = 0;
	audit_prune(f);
	return 0;
}

static int
audit_put_lines(
    struct audit_chain *chain, struct bytes records, struct buf *lines)
{
	const uint8_t *nl;
	size_t len;

	while (records.len != 0 &&
	       (nl = memchr(records.p, '\n', records.len)) != NULL) {
		len = (size_t)(nl - records.p);
		if (audit_line_put(lines, chain, bytes_of(records.p, len)) != 0)
			break;
		records.p += len + 1;
		records.len -= len + 1;
	}
	return lines->err;
}

/* All of it and to the disk, or nothing. */
static int
audit_write(struct audit_file *f, const struct buf *lines, struct err *e)
{
	ssize_t n = write(f->fd, lines->data, lines->len);
	int errnum = n < 0 ? errno : ENOSPC;

	if (n == (ssize_t)lines->len && fdatasync(f->fd) == 0) {
		f->size += (off_t)lines->len;
		return 0;
	}
	if (n == (ssize_t)lines->len)
		errnum = errno;
	/* Known no more; what is torn is cut off when it is opened again. */
	if (n > 0 && ftruncate(f->fd, f->size) != 0)
		audit_file_close(f);
	return err_set_errno(e, errnum, AUDIT_NAME);
}

static int
audit_append(struct audit_file *f, struct bytes records, struct buf *lines,
    struct err *e)
{
	struct buf first = {0};
	struct audit_chain chain;
	int r = audit_sync(f, &first, e);

	if (r == 0 && f->size != 0 &&
	    (uint64_t)f->size + records.len > f->size_max)
		r = audit_rotate(f, e);
	chain = f->chain;
	if (r == 0)
		r = audit_put_lines(&chain, buf_get(&first), lines);
	if (r == 0)
		r = audit_put_lines(&chain, records, lines);
	if (r == 0)
		r = audit_write(f, lines, e);
	if (r == 0)
		f->chain = chain;
	buf_clear(&first);
	return r;
}

int
audit_file_append(struct audit_file *f, struct bytes records, struct buf *lines,
    struct err *e)
{
	struct buf own = {0};
	struct buf *out = lines != NULL ? lines : &own;
	int lock = audit_lock(f, e), r;

	if (lock < 0)
		return lock;
	buf_reset(out);
	r = audit_append(f, records, out, e);
	(void)close(lock);
	if (r != 0)
		audit_file_close(f);
	buf_clear(&own);
	return r;
}
