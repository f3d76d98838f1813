/*
 * input.h: what is read: a file, a pipe, memory, or what a library caller
 * pushed; always re-readable.
 *
 * A regular file is read in place, and input_check_unchanged tells whether it
 * was changed in between; a small one (64 KiB) that input_open opened is read
 * once, into memory, and what is done to it later does not matter. Anything
 * else is spooled, as it came, to an unlinked file in $TMPDIR or /var/tmp
 * (O_TMPFILE, mode 0600; not a tmpfs unless there is nothing else) while it is
 * read for the first time; the first SPOOL_MEMORY_MAX bytes (spool.h) stay in
 * memory, so that small input needs no file. What is spooled is what was
 * received: never anything decrypted.
 *
 * Errors of everything that reads: CS_ERR_IO, CS_ERR_NO_FILE, CS_ERR_NO_SPACE
 * (the spool; its folder is named), CS_ERR_CHANGED (a regular file became
 * shorter), CS_ERR_NO_MEMORY, and what a caller's function returned.
 */
#ifndef CLIENT_CMS_INPUT_H
#define CLIENT_CMS_INPUT_H

#include "client/cms/sink.h"

#define INPUT_TO_END UINT64_MAX

struct input;

/* Reads fd from its present position; name is for messages ("mail.eml",
 * "standard input"), copied. The fd stays the caller's, and only a file's
 * position is left alone. NULL: no memory. */
struct input *input_new_fd(int fd, const char *name);
/* Opens a path for reading ("-": standard input) and owns the fd.
 * CS_ERR_NO_FILE: there is none, or it is a folder. */
int CS_MUST_USE input_open(const char *path, struct input **in, struct err *e);
/* Borrowed memory. */
struct input *input_new_bytes(struct bytes bytes, const char *name);
/* Reads by callback until it returns 0; negative: -CS_ERR_x. Spooled. */
struct input *input_new_fn(int64_t (*read)(void *ctx, void *p, size_t len),
    void *ctx, const char *name);
void input_free(struct input *in);

/*
 * Promises that from now on it is run once, from start to end (what
 * input_read_at sees within the first SPOOL_MEMORY_MAX bytes before does not
 * count): then what is still to come from a pipe is not spooled beyond these,
 * the spool gives its space back as it is read, and reading again is
 * CS_ERR_INTERNAL.
 */
void input_set_last_run(struct input *in);

/* Safe to show: quoted. */
const char *input_get_name(const struct input *in);
/*
 * Pushes the bytes from offset `from` (counted from the input's start) up to
 * `to` or the end into sink; does not finish it. May be called often, with
 * any range; a range past what was read so far of a pipe reads on.
 */
int CS_MUST_USE input_run(struct input *in, uint64_t from, uint64_t to,
    struct sink *sink, struct err *e);
/* Up to len bytes at offset into p; *got < len only at the end. */
int CS_MUST_USE input_read_at(struct input *in, uint64_t offset, void *p,
    size_t len, size_t *got, struct err *e);
/* The whole length; reads a pipe to its end (into the spool) to tell. */
int CS_MUST_USE input_get_len(struct input *in, uint64_t *len, struct err *e);
/* CS_ERR_ARGUMENT if fd (-1: none) is open on the regular file that is read:
 * writing there would destroy what is still to be read. */
int CS_MUST_USE input_check_apart(
    const struct input *in, int fd, struct err *e);
/* Is the length known without reading (regular file, memory)? */
bool input_is_direct(const struct input *in);
/* Can nobody else change what it gives (memory, a spool)? For sources. */
bool input_is_stable(const struct input *in);
/* CS_ERR_CHANGED if a regular file's size or times are not what they were
 * at the first read. */
int CS_MUST_USE input_check_unchanged(struct input *in, struct err *e);
/* A source over a range; the input must outlive it. Plain data. */
struct input_source {
	struct source source;
	struct input *in;
	uint64_t from, to;
};
void input_source_init(
    struct input_source *s, struct input *in, uint64_t from, uint64_t to);

#endif
