#include "config.h"

#include "asn1/say.h"
#include "client/cms/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SPOOL_TMPFS_MAGIC 0x01021994
#define SPOOL_RAMFS_MAGIC 0x858458f6UL
/* Pieces in which space is given back. */
#define SPOOL_DROP_LEN ((uint64_t)8 << 20)

void
spool_init(struct spool *s)
{
	*s = (struct spool){.fd = -1};
	buf_init(&s->head, SPOOL_MEMORY_MAX);
}

void
spool_clear(struct spool *s)
{
	if (s->fd != -1)
		close(s->fd);
	buf_clear(&s->head);
	spool_init(s);
}

static bool
spool_is_in_memory(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) == 0 &&
	       ((unsigned long)fs.f_type == SPOOL_TMPFS_MAGIC ||
		   (unsigned long)fs.f_type == SPOOL_RAMFS_MAGIC);
}

/* An unlinked file in dir, or -1 with errno. */
static int
spool_open_in(const char *dir)
{
	char path[sizeof(((struct spool *)0)->dir_copy) + 32];
	int fd;

	fd = open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd != -1 ||
	    (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	snprintf(path, sizeof(path), "%s/cardseal.XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		unlink(path);
	return fd;
}

static int
spool_fail(const struct spool *s, int errnum, struct err *e)
{
	char what[ERR_TEXT_MAX / 2];

	snprintf(what, sizeof(what),
	    say("what must be read twice cannot be put aside in %s (set TMPDIR "
		"to "
		"use another folder)"),
	    s->dir);
	return err_set_errno(e, errnum, what);
}

static int
spool_open(struct spool *s, struct err *e)
{
	const char *dirs[2] = {NULL, "/var/tmp"};
	const char *env = secure_getenv("TMPDIR");
	size_t i, pass;
	int first_errno = 0;

	if (env != NULL && env[0] == '/' && strlen(env) < sizeof(s->dir_copy)) {
		memcpy(s->dir_copy, env, strlen(env) + 1);
		dirs[0] = s->dir_copy;
	}
	/* First those on a disk, then whatever there is. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < 2; i++) {
			if (dirs[i] == NULL ||
			    spool_is_in_memory(dirs[i]) != (pass == 1))
				continue;
			s->dir = dirs[i];
			s->fd = spool_open_in(dirs[i]);
			if (s->fd != -1)
				return 0;
			if (first_errno == 0)
				first_errno = errno;
		}
	return spool_fail(s, first_errno, e);
}

static int
spool_write(struct spool *s, struct bytes in, struct err *e)
{
	ssize_t n;

	while (in.len != 0) {
		n = pwrite(s->fd, in.p, in.len, (off_t)s->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return spool_fail(s, n == 0 ? ENOSPC : errno, e);
		in = bytes_of(in.p + n, in.len - (size_t)n);
		s->len += (uint64_t)n;
	}
	return 0;
}

int
spool_add(struct spool *s, struct bytes in, struct err *e)
{
	int r;

	if (s->fd == -1 && in.len <= SPOOL_MEMORY_MAX - s->head.len) {
		if (buf_add_bytes(&s->head, in) != 0)
			return err_set(e, s->head.err, NULL);
		s->len += in.len;
		return 0;
	}
	if (s->fd == -1) {
		r = spool_open(s, e);
		if (r != 0)
			return r;
		s->len = 0;
		r = spool_write(s, buf_get(&s->head), e);
		buf_clear(&s->head);
		if (r != 0)
			return r;
	}
	return spool_write(s, in, e);
}

void
spool_drop(struct spool *s, uint64_t offset)
{
	offset -= offset % SPOOL_DROP_LEN;
	if (s->fd == -1 || offset <= s->dropped)
		return;
	/* What was not written to the disk so far never has to be. */
	(void)fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	    (off_t)s->dropped, (off_t)(offset - s->dropped));
	s->dropped = offset;
}

int
spool_read_at(
    const struct spool *s, uint64_t offset, void *p, size_t len, struct err *e)
{
	uint8_t *to = p;
	ssize_t n;

	if (offset < s->dropped || offset > s->len || len > s->len - offset)
		return err_set(e, -CS_ERR_INTERNAL, NULL);
	if (s->fd == -1) {
		if (len != 0)
			memcpy(p, s->head.data + offset, len);
		return 0;
	}
	while (len != 0) {
		n = pread(s->fd, to, len, (off_t)offset);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_set_errno(e, errno, s->dir);
		if (n == 0)
			return err_set(e, -CS_ERR_IO,
			    "%s: what was put aside is cut off", s->dir);
		to += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}
