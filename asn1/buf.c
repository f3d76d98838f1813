#include "asn1/buf.h"
#include "asn1/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_CAP_MIN 64

struct bytes
bytes_of_str(const char *s)
{
	return bytes_of(s, s != NULL ? strlen(s) : 0);
}

bool
bytes_is_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int
bytes_compare(struct bytes a, struct bytes b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int r = len == 0 ? 0 : memcmp(a.p, b.p, len);

	if (r != 0)
		return r;
	return a.len < b.len ? -1 : a.len > b.len;
}

char *
bytes_dup_str(struct bytes bytes)
{
	char *s = malloc(bytes.len + 1);

	if (s == NULL)
		return NULL;
	if (bytes.len != 0)
		memcpy(s, bytes.p, bytes.len);
	s[bytes.len] = '\0';
	return s;
}

void
mem_wipe(void *p, size_t len)
{
	if (len == 0)
		return;
	/* not explicit_bzero: the sanitizers look at memset alone */
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

bool
mem_is_equal_ct(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;
	size_t i;

	for (i = 0; i < len; i++)
		diff = (uint8_t)(diff | (x[i] ^ y[i]));
	return diff == 0;
}

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_clear(struct buf *b)
{
	mem_wipe(b->data, b->cap);
	free(b->data);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	mem_wipe(b->data, b->len);
	b->len = 0;
	b->err = 0;
}

/* Not realloc: the old memory would stay behind unwiped. */
static int
buf_grow_cap(struct buf *b, size_t need)
{
	size_t max = b->max != 0 ? b->max : BUF_MAX_DEFAULT;
	size_t cap = b->cap != 0 ? b->cap : BUF_CAP_MIN;
	uint8_t *data;

	if (need > max)
		return b->err = -CS_ERR_TOO_LARGE;
	while (cap < need)
		cap = cap > max / 2 ? max : cap * 2;
	if (cap > max)
		cap = max;
	data = malloc(cap);
	if (data == NULL)
		return b->err = -CS_ERR_NO_MEMORY;
	if (b->len != 0)
		memcpy(data, b->data, b->len);
	mem_wipe(b->data, b->cap);
	free(b->data);
	b->data = data;
	b->cap = cap;
	return 0;
}

uint8_t *
buf_reserve(struct buf *b, size_t len)
{
	if (b->err != 0)
		return NULL;
	if (len > SIZE_MAX - b->len) {
		b->err = -CS_ERR_TOO_LARGE;
		return NULL;
	}
	if (b->len + len > b->cap && buf_grow_cap(b, b->len + len) != 0)
		return NULL;
	return b->data + b->len;
}

void
buf_grow_len(struct buf *b, size_t len)
{
	if (b->err == 0 && len <= b->cap - b->len)
		b->len += len;
}

int
buf_add(struct buf *b, const void *p, size_t len)
{
	uint8_t *room;

	if (len == 0)
		return b->err;
	room = buf_reserve(b, len);
	if (room == NULL)
		return b->err;
	memcpy(room, p, len);
	b->len += len;
	return 0;
}

int
buf_add_byte(struct buf *b, uint8_t byte)
{
	return buf_add(b, &byte, 1);
}

int
buf_add_bytes(struct buf *b, struct bytes bytes)
{
	return buf_add(b, bytes.p, bytes.len);
}

int
buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

static void
put_hex(struct bytes octets, uint8_t *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < octets.len; i++) {
		hex[2 * i] = (uint8_t)digits[octets.p[i] >> 4];
		hex[2 * i + 1] = (uint8_t)digits[octets.p[i] & 0xf];
	}
}

int
buf_add_hex(struct buf *b, struct bytes octets)
{
	uint8_t *hex = octets.len != 0 ? buf_reserve(b, 2 * octets.len) : NULL;

	if (hex != NULL) {
		put_hex(octets, hex);
		buf_grow_len(b, 2 * octets.len);
	}
	return b->err;
}

char *
bytes_to_hex(struct bytes octets, char *hex, size_t size)
{
	if (octets.len > (size - 1) / 2)
		octets.len = (size - 1) / 2;
	put_hex(octets, (uint8_t *)hex);
	hex[2 * octets.len] = '\0';
	return hex;
}

static int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list measured;
	uint8_t *room;
	int n;

	va_copy(measured, ap);
	n = vsnprintf(NULL, 0, fmt, measured);
	va_end(measured);
	if (n < 0)
		return b->err = -CS_ERR_NO_MEMORY;
	room = buf_reserve(b, (size_t)n + 1);
	if (room == NULL)
		return b->err;
	vsnprintf((char *)room, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

int
buf_say(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vprintf(b, say(fmt), ap);
	va_end(ap);
	return r;
}

void
buf_consume(struct buf *b, size_t n)
{
	if (n > b->len)
		n = b->len;
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	mem_wipe(b->data + (b->len - n), n);
	b->len -= n;
}
