#include "tests/card/vpcd.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/card/words.h"

#define VPCD_READ_LEN 4096

int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
vpcd_init(struct vpcd *v, const char *port_file)
{
	*v = (struct vpcd){.fd = -1, .port_file = port_file};
}

static void
vpcd_hang_up(struct vpcd *v, int64_t after_ms)
{
	if (v->fd < 0)
		return;
	(void)close(v->fd);
	v->fd = -1;
	v->next_ms = now_ms() + after_ms;
	buf_clear(&v->in);
}

void
vpcd_insert(struct vpcd *v, int64_t after_ms)
{
	v->is_wanted = true;
	if (v->fd < 0 && after_ms >= 0)
		v->next_ms = now_ms() + after_ms;
}

void
vpcd_remove(struct vpcd *v)
{
	v->is_wanted = false;
	vpcd_hang_up(v, VPCD_GAP_MS);
}

/* 0: there is no driver yet. */
static unsigned
vpcd_read_port(const struct vpcd *v)
{
	FILE *f = fopen(v->port_file, "re");
	char line[16] = "", *words[WORDS_MAX];
	unsigned port = 0;

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) != NULL &&
	    words_split(line, words) == 1)
		(void)word_get_uint(words[0], 10, 65535, &port);
	(void)fclose(f);
	return port;
}

/* The driver sends length and body apart. Without acknowledging the first at
 * once each command would take 40 ms longer. The kernel forgets it. */
static void
vpcd_hurry(const struct vpcd *v)
{
	int one = 1;

	(void)setsockopt(v->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

void
vpcd_step(struct vpcd *v)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	unsigned port;
	int one = 1;

	if (!v->is_wanted || v->fd >= 0 || now_ms() < v->next_ms)
		return;
	v->next_ms = now_ms() + VPCD_RETRY_MS;
	port = vpcd_read_port(v);
	if (port == 0)
		return;
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->fd >= 0 &&
	    connect(v->fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
		vpcd_hang_up(v, VPCD_RETRY_MS);
	if (v->fd < 0)
		return;
	(void)setsockopt(v->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	vpcd_hurry(v);
}

int
vpcd_timeout(const struct vpcd *v)
{
	int64_t left;

	if (!v->is_wanted || v->fd >= 0)
		return -1;
	left = v->next_ms - now_ms();
	return left > 0 ? (int)left : 0;
}

bool
vpcd_read(struct vpcd *v)
{
	uint8_t *p = buf_reserve(&v->in, VPCD_READ_LEN);
	ssize_t n = -1;

	if (p != NULL)
		n = recv(v->fd, p, VPCD_READ_LEN, MSG_DONTWAIT);
	if (n <= 0) {
		vpcd_hang_up(v, VPCD_RETRY_MS);
		return false;
	}
	vpcd_hurry(v);
	buf_grow_len(&v->in, (size_t)n);
	return true;
}

bool
vpcd_next(struct vpcd *v, struct bytes *message)
{
	size_t len;

	*message = BYTES_NONE;
	if (v->in.len < 2)
		return false;
	len = (size_t)v->in.data[0] << 8 | v->in.data[1];
	if (v->in.len < 2 + len)
		return false;
	*message = bytes_of(v->in.data + 2, len);
	return true;
}

void
vpcd_done(struct vpcd *v, size_t message_len)
{
	if (v->in.len >= 2 + message_len)
		buf_consume(&v->in, 2 + message_len);
}

void
vpcd_send(struct vpcd *v, struct bytes message)
{
	struct buf b = {0};

	buf_add_byte(&b, (uint8_t)(message.len >> 8));
	buf_add_byte(&b, (uint8_t)message.len);
	buf_add_bytes(&b, message);
	if (v->fd >= 0 &&
	    send(v->fd, b.data, b.len, MSG_NOSIGNAL) != (ssize_t)b.len)
		vpcd_hang_up(v, VPCD_RETRY_MS);
	buf_clear(&b);
}
