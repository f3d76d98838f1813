/*
 * control.h: a Unix socket by which a test steers one of the programs here.
 * A line of words comes in; "ok ..." or "error ..." goes back.
 */
#ifndef TESTS_CARD_CONTROL_H
#define TESTS_CARD_CONTROL_H

#include <poll.h>

#include "asn1/buf.h"
#include "tests/card/words.h"

#define CONTROL_CLIENTS_MAX 8
#define CONTROL_LINE_MAX 1024
#define CONTROL_FDS (CONTROL_CLIENTS_MAX + 1)

/* Appends to reply; false makes it an error. */
typedef bool control_fn(void *ctx, char **words, size_t len, struct buf *reply);

struct control {
	int fd;
	control_fn *fn;
	void *ctx;
	struct control_client {
		int fd; /* -1: free */
		char line[CONTROL_LINE_MAX];
		size_t len;
	} clients[CONTROL_CLIENTS_MAX];
};

/* A listening Unix socket at path, where nothing may be; -1 and errno. */
int control_listen(const char *path);
/* The same, and who answers. False: errno says why. */
bool control_open(
    struct control *c, const char *path, control_fn *fn, void *ctx);
/* What to poll for: fills CONTROL_FDS entries, and afterwards serves them. */
void control_poll(const struct control *c, struct pollfd *fds);
void control_serve(struct control *c, const struct pollfd *fds);

#endif
