/* ctl SOCKET WORD...: sends the words as one line to a control socket, and
 * prints the answer. Exit status 1: it was an error; 2: there is nobody, or no
 * answer within CTL_MS. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "asn1/buf.h"

#define CTL_MS 20000
#define CTL_ANSWER_MAX 65536

static int
ctl_connect(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = CTL_MS / 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		return -1;
	memcpy(a.sun_path, path, strlen(path));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static bool
ctl_receive(int fd, struct buf *answer)
{
	uint8_t *p;
	ssize_t n;

	do {
		p = buf_reserve(answer, 4096);
		n = p == NULL ? -1 : recv(fd, p, 4096, 0);
		if (n <= 0)
			return false;
		buf_grow_len(answer, (size_t)n);
	} while (answer->data[answer->len - 1] != '\n');
	return true;
}

int
main(int argc, char **argv)
{
	struct buf line = {0}, answer = {.max = CTL_ANSWER_MAX};
	size_t skip;
	bool is_ok;
	int i, fd;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: %s SOCKET WORD...\n", argv[0]);
		return 2;
	}
	for (i = 2; i < argc; i++) {
		buf_add_str(&line, argv[i]);
		buf_add_byte(&line, i + 1 < argc ? ' ' : '\n');
	}
	fd = ctl_connect(argv[1]);
	if (fd < 0 ||
	    send(fd, line.data, line.len, MSG_NOSIGNAL) != (ssize_t)line.len ||
	    !ctl_receive(fd, &answer)) {
		(void)fprintf(stderr, "%s: no answer\n", argv[1]);
		return 2;
	}
	is_ok = bytes_is_equal(bytes_of(answer.data, 2), BYTES_LIT("ok"));
	skip = is_ok ? 2 : 5;
	if (answer.len > skip && answer.data[skip] == ' ')
		skip++;
	if (answer.len > skip + 1)
		(void)fwrite(answer.data + skip, 1, answer.len - skip, stdout);
	buf_clear(&line);
	buf_clear(&answer);
	(void)close(fd);
	return is_ok ? 0 : 1;
}
