#include "asn1/der.h"

#include <stdlib.h>
#include <string.h>

/* Writes a length at p; returns the octets used. */
static size_t
der_write_len(uint8_t p[static 9], uint64_t len)
{
	size_t n = 0, i;

	if (len < 0x80) {
		p[0] = (uint8_t)len;
		return 1;
	}
	while (n < 8 && len >> (8 * n) != 0)
		n++;
	p[0] = (uint8_t)(0x80 | n);
	for (i = 0; i < n; i++)
		p[1 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	return 1 + n;
}

size_t
der_header_len(uint64_t len)
{
	uint8_t scratch[9];

	return 1 + der_write_len(scratch, len);
}

void
der_put_header(struct buf *b, int tag, uint64_t len)
{
	uint8_t header[10];

	header[0] = (uint8_t)tag;
	buf_add(b, header, 1 + der_write_len(header + 1, len));
}

size_t
der_open(struct buf *b, int tag)
{
	size_t mark;

	buf_add_byte(b, (uint8_t)tag);
	mark = b->len;
	buf_add_byte(b, 0);
	return b->err != 0 ? DER_MARK_NONE : mark;
}

void
der_close(struct buf *b, size_t mark)
{
	uint8_t len_octets[9];
	size_t content_len, n;

	if (b->err != 0 || mark == DER_MARK_NONE || mark >= b->len)
		return;
	content_len = b->len - mark - 1;
	n = der_write_len(len_octets, content_len);
	if (n > 1) {
		if (buf_reserve(b, n - 1) == NULL)
			return;
		memmove(b->data + mark + n, b->data + mark + 1, content_len);
		buf_grow_len(b, n - 1);
	}
	memcpy(b->data + mark, len_octets, n);
}

static int
der_compare_elements(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;

	return bytes_compare(*x, *y);
}

/* X.690 11.6: ascending by encoding. */
static int
der_sort(struct buf *b, size_t from)
{
	struct bytes content = bytes_of(b->data + from, b->len - from);
	struct bytes *elements;
	struct buf sorted;
	struct der d;
	size_t count = 0, i;
	int tag, r;

	der_init(&d, content);
	while (der_has_more(&d)) {
		der_skip(&d);
		count++;
	}
	r = der_end(&d);
	if (r != 0 || count < 2)
		return r;
	elements = calloc(count, sizeof(*elements));
	if (elements == NULL)
		return -CS_ERR_NO_MEMORY;
	der_init(&d, content);
	for (i = 0; i < count; i++)
		elements[i] = der_get_any(&d, &tag);
	qsort(elements, count, sizeof(*elements), der_compare_elements);
	buf_init(&sorted, content.len);
	for (i = 0; i < count; i++)
		buf_add_bytes(&sorted, elements[i]);
	r = sorted.err;
	if (r == 0)
		memcpy(b->data + from, sorted.data, sorted.len);
	buf_clear(&sorted);
	free(elements);
	return r;
}

int
der_close_set_of(struct buf *b, size_t mark)
{
	int r;

	if (b->err != 0)
		return b->err;
	if (mark == DER_MARK_NONE || mark >= b->len)
		return -CS_ERR_INTERNAL;
	r = der_sort(b, mark + 1);
	if (r != 0)
		return b->err = r;
	der_close(b, mark);
	return b->err;
}

void
der_put(struct buf *b, int tag, struct bytes content)
{
	der_put_header(b, tag, content.len);
	buf_add_bytes(b, content);
}

void
der_put_raw(struct buf *b, struct bytes element)
{
	buf_add_bytes(b, element);
}

void
der_put_bool(struct buf *b, int tag, bool value)
{
	uint8_t octet = value ? 0xff : 0;

	der_put(b, tag, bytes_of(&octet, 1));
}

void
der_put_null(struct buf *b)
{
	der_put(b, DER_NULL, BYTES_NONE);
}

void
der_put_int(struct buf *b, int tag, int64_t value)
{
	uint8_t octets[8];
	size_t i, skip = 0;

	for (i = 0; i < 8; i++)
		octets[i] = (uint8_t)((uint64_t)value >> (8 * (7 - i)));
	while (
	    skip < 7 && ((octets[skip] == 0 && octets[skip + 1] < 0x80) ||
			    (octets[skip] == 0xff && octets[skip + 1] >= 0x80)))
		skip++;
	der_put(b, tag, bytes_of(octets + skip, 8 - skip));
}

void
der_put_uint(struct buf *b, int tag, uint64_t value)
{
	uint8_t octets[8];
	size_t i;

	for (i = 0; i < 8; i++)
		octets[i] = (uint8_t)(value >> (8 * (7 - i)));
	der_put_unsigned(b, tag, bytes_of(octets, 8));
}

void
der_put_unsigned(struct buf *b, int tag, struct bytes magnitude)
{
	bool needs_zero;

	while (magnitude.len != 0 && magnitude.p[0] == 0) {
		magnitude.p++;
		magnitude.len--;
	}
	needs_zero = magnitude.len == 0 || magnitude.p[0] >= 0x80;
	der_put_header(b, tag, magnitude.len + needs_zero);
	if (needs_zero)
		buf_add_byte(b, 0);
	buf_add_bytes(b, magnitude);
}

void
der_put_bits(struct buf *b, int tag, struct bytes bits, unsigned unused)
{
	der_put_header(b, tag, bits.len + 1);
	buf_add_byte(b, (uint8_t)unused);
	buf_add_bytes(b, bits);
}

void
der_put_str(struct buf *b, int tag, const char *s)
{
	der_put(b, tag, bytes_of_str(s));
}
