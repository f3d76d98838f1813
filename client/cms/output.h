/*
 * output.h: where results go: `-o FILE`, standard output, or a library
 * caller's function.
 *
 * A regular file is written beside its target (same folder, mode of the
 * target or 0666 less umask) and renamed by output_commit; without commit
 * nothing is left. Devices, FIFOs and the targets of links are written
 * through. output_is_held tells which: what goes to a held output may be
 * written before it is judged, since it is not seen until the commit.
 */
#ifndef CLIENT_CMS_OUTPUT_H
#define CLIENT_CMS_OUTPUT_H

#include "client/cms/sink.h"

struct output;

/* path NULL or "-": standard output. */
int CS_MUST_USE output_open(
    const char *path, struct output **out, struct err *e);
struct output *output_new_fd(int fd, const char *name); /* fd not owned */
struct output *output_new_fn(
    int (*write)(void *ctx, const void *p, size_t len), void *ctx);
/* Removes what was not committed. */
void output_free(struct output *out);
/* Borrowed; buffered in pieces of SINK_PIECE_LEN. */
struct sink *output_get_sink(struct output *out);
bool output_is_held(const struct output *out);
/* What is written to in place, -1 if there is none: it is held, or goes to a
 * function, or to a file not made yet. */
int output_get_through_fd(const struct output *out);
/* Throws away what a held output has so far, to start again. */
int CS_MUST_USE output_reset(struct output *out, struct err *e);
/* Flushes, checks every write and the close, renames. */
int CS_MUST_USE output_commit(struct output *out, struct err *e);

#endif
