/*
 * buf.h: borrowed and owned runs of bytes.
 *
 * struct bytes borrows: it is valid as long as what it points into.
 * struct buf owns: it grows up to a limit, remembers its first failure
 * (append freely, check once), and wipes its memory on growth and on clear,
 * since most of what passes through was meant for one reader. It is not
 * locked in memory; secrets live in secret.h.
 */
#ifndef ASN1_BUF_H
#define ASN1_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "asn1/err.h"

struct bytes {
	const uint8_t *p;
	size_t len; /* bytes */
};

/* The empty run; p may be NULL exactly when len is 0. */
#define BYTES_NONE ((struct bytes){NULL, 0})
/* A string literal without its NUL. */
#define BYTES_LIT(s) ((struct bytes){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct bytes
bytes_of(const void *p, size_t len)
{
	return (struct bytes){p, len};
}

/* Takes up to len octets off its front; how many. */
static inline size_t
bytes_skip(struct bytes *bytes, size_t len)
{
	if (len > bytes->len)
		len = bytes->len;
	if (len != 0) { /* so that p may be NULL */
		bytes->p += len;
		bytes->len -= len;
	}
	return len;
}

struct bytes bytes_of_str(const char *s);
bool bytes_is_equal(struct bytes a, struct bytes b); /* not constant time */
int bytes_compare(struct bytes a, struct bytes b);   /* as memcmp, then len */

/* All zero is a valid empty buffer with the default limit. */
struct buf {
	uint8_t *data;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
	size_t max; /* most bytes it may hold; 0 means BUF_MAX_DEFAULT */
	int err;    /* sticky: 0, -CS_ERR_NO_MEMORY, -CS_ERR_TOO_LARGE, or
		       what a builder (der.h) found */
};

#define BUF_MAX_DEFAULT ((size_t)16 << 20)

void buf_init(struct buf *b, size_t max);
/* Wipes, frees and leaves an empty buffer with the same limit. */
void buf_clear(struct buf *b);
/* Wipes the content, keeps the memory, forgets the failure. */
void buf_reset(struct buf *b);
/* Each returns 0 or the sticky error. What is added must not be b's own. */
int buf_add(struct buf *b, const void *p, size_t len);
int buf_add_byte(struct buf *b, uint8_t byte);
int buf_add_bytes(struct buf *b, struct bytes bytes);
int buf_add_str(struct buf *b, const char *s); /* without the NUL */
/* Two lower-case hexadecimal digits for each octet. */
int buf_add_hex(struct buf *b, struct bytes octets);
int buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for text that a person reads: in the person's language (say.h). */
int buf_say(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Makes room for len more bytes and returns where they go, or NULL; the
 * caller writes up to len bytes there and then calls buf_grow_len.
 */
uint8_t *buf_reserve(struct buf *b, size_t len);
void buf_grow_len(struct buf *b, size_t len);
/* Takes n bytes off the front (moves the rest). n <= len. */
void buf_consume(struct buf *b, size_t n);
/* Borrowed until the next change of b. */
static inline struct bytes
buf_get(const struct buf *b)
{
	return (struct bytes){b->data, b->len};
}
/* A NUL-terminated copy for the caller to free(), or NULL. */
char *bytes_dup_str(struct bytes bytes);
/* As buf_add_hex, and a NUL: as many octets as there is room for in size, which
 * is not 0. Returns hex. */
char *bytes_to_hex(struct bytes octets, char *hex, size_t size);

/* Zeroes memory in a way the compiler may not leave out. */
void mem_wipe(void *p, size_t len);
/* Equal? In time that depends on len alone. */
bool mem_is_equal_ct(const void *a, const void *b, size_t len);

#endif
