/*
 * The string types of a name: into UTF-8, and prepared for comparison.
 */
#include "asn1/name_string.h"

/* Code points of a fixed width, big-endian; 2 octets may be UTF-16. */
static int
string_from_wide(struct buf *b, struct bytes s, size_t width)
{
	uint8_t utf8[4];
	uint32_t c, low;
	size_t at, i, n;

	if (s.len % width != 0)
		return -CS_ERR_ENCODING;
	for (at = 0; at < s.len; at += width) {
		for (c = 0, i = 0; i < width; i++)
			c = c << 8 | s.p[at + i];
		if (width == 2 && c >= 0xd800 && c < 0xdc00 &&
		    s.len - at >= 4) {
			at += 2;
			low = (uint32_t)s.p[at] << 8 | s.p[at + 1];
			if (low < 0xdc00 || low > 0xdfff)
				return -CS_ERR_ENCODING;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
		n = c != 0 ? utf8_encode(utf8, c) : 0;
		if (n == 0)
			return -CS_ERR_ENCODING;
		buf_add(b, utf8, n);
	}
	return 0;
}

/* One octet per character, none of them NUL or over max. */
static int
string_from_octets(struct buf *b, struct bytes s, uint8_t max)
{
	uint8_t utf8[4];
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] == 0 || s.p[i] > max)
			return -CS_ERR_ENCODING;
		buf_add(b, utf8, utf8_encode(utf8, s.p[i]));
	}
	return 0;
}

static int
string_from_utf8(struct buf *b, struct bytes s)
{
	size_t i;

	if (!utf8_is_valid(s))
		return -CS_ERR_ENCODING;
	for (i = 0; i < s.len; i++)
		if (s.p[i] == 0)
			return -CS_ERR_ENCODING;
	return buf_add_bytes(b, s);
}

int
name_string_to_utf8(struct buf *b, int tag, struct bytes content)
{
	size_t before = b->len;
	int r;

	switch (tag) {
	case DER_UTF8_STRING:
		r = string_from_utf8(b, content);
		break;
	case DER_NUMERIC_STRING:
	case DER_PRINTABLE_STRING:
	case DER_IA5_STRING:
	case DER_VISIBLE_STRING:
		r = string_from_octets(b, content, 0x7f);
		break;
	case DER_TELETEX_STRING:
		r = string_from_octets(b, content, 0xff);
		break;
	case DER_BMP_STRING:
		r = string_from_wide(b, content, 2);
		break;
	case DER_UNIVERSAL_STRING:
		r = string_from_wide(b, content, 4);
		break;
	default:
		return -CS_ERR_ENCODING;
	}
	if (r == 0)
		return b->err;
	if (b->err == 0)
		b->len = before;
	return r;
}

static bool
string_is_white(uint32_t c)
{
	return c == ' ' || (c >= 0x09 && c <= 0x0d) || c == 0x85 || c == 0xa0 ||
	       c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Lower case by the layout of the blocks; letters without a simple rule
 * stay. */
static uint32_t
string_fold(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c + 32;
	if (c >= 0xc0 && c <= 0xde && c != 0xd7)
		return c + 32;
	if ((c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) ||
	    (c >= 0x14a && c <= 0x177))
		return c | 1;
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + c % 2;
	if (c == 0x178)
		return 0xff;
	if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2)
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	if (c >= 0x410 && c <= 0x42f)
		return c + 32;
	return c;
}

int
name_string_prepare(struct buf *b, struct bytes utf8)
{
	bool is_first = true, is_gap = false;
	uint8_t folded[4];
	uint32_t c;
	size_t n;

	while (utf8.len != 0) {
		n = utf8_decode(utf8.p, utf8.len, &c);
		if (n == 0)
			return -CS_ERR_ENCODING;
		utf8 = bytes_of(utf8.p + n, utf8.len - n);
		if (string_is_white(c)) {
			is_gap = true;
			continue;
		}
		if (is_gap && !is_first)
			buf_add_byte(b, ' ');
		is_gap = is_first = false;
		buf_add(b, folded, utf8_encode(folded, string_fold(c)));
	}
	return b->err;
}
