#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/pkix/crl_int.h"

struct crl_source *
crl_source_new_fd(int fd, uint64_t len)
{
	struct crl_source *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(fd);
		return NULL;
	}
	*s = (struct crl_source){.refs = 1, .fd = fd, .len = len};
	return s;
}

struct crl_source *
crl_source_new_copy(struct bytes data)
{
	struct crl_source *s = calloc(1, sizeof(*s));
	uint8_t *copy = malloc(data.len != 0 ? data.len : 1);

	if (s == NULL || copy == NULL) {
		free(s);
		free(copy);
		return NULL;
	}
	if (data.len != 0)
		memcpy(copy, data.p, data.len);
	*s = (struct crl_source){
	    .refs = 1, .fd = -1, .data = copy, .len = data.len};
	return s;
}

void
crl_source_free(struct crl_source *s)
{
	if (s == NULL || --s->refs != 0)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->data);
	free(s);
}

int
crl_source_read(const struct crl_source *s, uint64_t at, void *dst, size_t len)
{
	uint8_t *to = dst;
	ssize_t n;

	if (at > s->len || len > s->len - at)
		return -CS_ERR_TRUNCATED;
	if (s->fd < 0) {
		if (len != 0)
			memcpy(to, s->data + at, len);
		return 0;
	}
	while (len != 0) {
		n = pread(s->fd, to, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -CS_ERR_IO;
		if (n == 0)
			return -CS_ERR_CHANGED;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}
