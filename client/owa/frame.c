/* frame.c: Chrome's native messaging on a pair of descriptors. */
#include "client/owa/owa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads all of it. 1; 0: nothing came; negative. */
static int
read_all(int fd, uint8_t *p, size_t len, struct err *e)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = read(fd, p + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, errno, "the browser");
		if (n == 0 && got == 0)
			return 0;
		if (n == 0)
			return err_set(e, -CS_ERR_CLOSED,
			    "the browser closed in the middle of a message");
		got += (size_t)n;
	}
	return 1;
}

int
owa_frame_read(int fd, struct buf *frame, struct err *e)
{
	uint32_t len;
	uint8_t *p;
	int r;

	buf_clear(frame);
	r = read_all(fd, (uint8_t *)&len, sizeof(len), e);
	if (r <= 0)
		return r;
	if (len > OWA_FRAME_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "a message of the browser has %u octets, and %zu is the "
		    "most",
		    len, OWA_FRAME_MAX);
	p = buf_reserve(frame, (size_t)len + 1);
	if (p == NULL)
		return err_set(e, frame->err, NULL);
	r = len != 0 ? read_all(fd, p, len, e) : 1;
	if (r == 0)
		return err_set(e, -CS_ERR_CLOSED,
		    "the browser closed in the middle of a message");
	buf_grow_len(frame, len);
	return r;
}

static int
write_all(int fd, const uint8_t *p, size_t len, struct err *e)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			return err_set_errno(e, errno, "the browser");
		if (n < 0)
			n = 0;
	}
	return 0;
}

int
owa_frame_write(int fd, const json_t *value, struct err *e)
{
	char *text = json_dumps(value, JSON_COMPACT);
	uint32_t len = text != NULL ? (uint32_t)strlen(text) : 0;
	int r = text != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);

	if (r == 0)
		r = write_all(fd, (const uint8_t *)&len, sizeof(len), e);
	if (r == 0)
		r = write_all(fd, (const uint8_t *)text, len, e);
	free(text);
	return r;
}
