#include "asn1/der.h"

#include <string.h>

void
der_init(struct der *d, struct bytes in)
{
	*d = (struct der){.p = in.p, .start = in.p};
	d->end = in.len != 0 ? in.p + in.len : in.p;
	if (in.len > DER_LEN_MAX)
		der_fail(d, -CS_ERR_TOO_LARGE);
}

void
der_init_in(struct der *d, const struct der *outer, struct bytes in)
{
	der_init(d, in);
	d->start = outer->start;
	if (outer->err != 0) {
		d->err = outer->err;
		d->err_offset = outer->err_offset;
		d->p = d->end;
	}
}

bool
der_has_more(const struct der *d)
{
	return d->err == 0 && d->p != d->end;
}

int
der_peek(const struct der *d)
{
	return der_has_more(d) ? d->p[0] : -1;
}

int
der_fail(struct der *d, int code)
{
	if (d->err == 0) {
		d->err = code;
		d->err_offset = d->p != NULL ? (size_t)(d->p - d->start) : 0;
	}
	d->p = d->end;
	return d->err;
}

int
der_end(struct der *d)
{
	if (d->err == 0 && d->p != d->end)
		der_fail(d, -CS_ERR_TRAILING);
	return d->err;
}

int
der_leave(struct der *d, struct der *inner)
{
	if (der_end(inner) != 0 && d->err == 0) {
		d->err = inner->err;
		d->err_offset = inner->err_offset;
		d->p = d->end;
	}
	return d->err;
}

int
der_check(const struct der *d)
{
	return d->err;
}

int
der_err(const struct der *d, struct err *e, const char *what)
{
	return err_set_at(e, d->err, d->err_offset, "%s: %s at byte %zu", what,
	    err_text(d->err), d->err_offset);
}

/* Parses tag and length at d->p without moving. Sets *header_len. */
static int
der_header(struct der *d, size_t *header_len, size_t *content_len)
{
	size_t left, len, n, i;

	if (d->err != 0)
		return d->err;
	left = (size_t)(d->end - d->p);
	if (left < 2)
		return der_fail(d, -CS_ERR_TRUNCATED);
	if ((d->p[0] & 0x1f) == 0x1f || (d->p[0] & ~DER_CONSTRUCTED) == 0)
		return der_fail(d, -CS_ERR_ENCODING);
	if (d->p[1] < 0x80) {
		*header_len = 2;
		len = d->p[1];
	} else {
		n = d->p[1] & 0x7fU;
		if (n == 0)
			return der_fail(d, -CS_ERR_NOT_DER);
		if (n > 4)
			return der_fail(d, -CS_ERR_TOO_LARGE);
		if (left < 2 + n)
			return der_fail(d, -CS_ERR_TRUNCATED);
		for (len = 0, i = 0; i < n; i++)
			len = len << 8 | d->p[2 + i];
		if (len < 0x80 || d->p[2] == 0)
			return der_fail(d, -CS_ERR_NOT_DER);
		*header_len = 2 + n;
	}
	if (len > left - *header_len)
		return der_fail(d, -CS_ERR_TRUNCATED);
	*content_len = len;
	return 0;
}

/* The next element: whole and content. Empty after a failure. */
static bool
der_next(struct der *d, int tag, struct bytes *whole, struct bytes *content)
{
	size_t header_len, len;

	*whole = *content = BYTES_NONE;
	if (der_header(d, &header_len, &len) != 0)
		return false;
	if (tag >= 0 && d->p[0] != tag) {
		der_fail(d, -CS_ERR_ENCODING);
		return false;
	}
	*whole = bytes_of(d->p, header_len + len);
	*content = bytes_of(d->p + header_len, len);
	d->p += header_len + len;
	return true;
}

/* Fails the cursor at an element already taken. */
static void
der_fail_at(struct der *d, struct bytes whole, int code)
{
	if (whole.p != NULL)
		d->p = whole.p;
	der_fail(d, code);
}

struct bytes
der_get(struct der *d, int tag)
{
	struct bytes whole, content;

	der_next(d, tag, &whole, &content);
	return content;
}

struct bytes
der_get_raw(struct der *d, int tag)
{
	struct bytes whole, content;

	der_next(d, tag, &whole, &content);
	return whole;
}

struct der
der_enter(struct der *d, int tag)
{
	struct der inner;
	struct bytes content = der_get(d, tag);

	der_init_in(&inner, d, content);
	return inner;
}

struct bytes
der_get_any(struct der *d, int *tag)
{
	struct bytes whole, content;

	*tag = der_peek(d);
	if (!der_next(d, -1, &whole, &content))
		*tag = -1;
	return whole;
}

bool
der_get_opt(struct der *d, int tag, struct bytes *content)
{
	*content = BYTES_NONE;
	if (der_peek(d) != tag)
		return false;
	*content = der_get(d, tag);
	return d->err == 0;
}

bool
der_enter_opt(struct der *d, int tag, struct der *inner)
{
	struct bytes content;
	bool has = der_get_opt(d, tag, &content);

	der_init_in(inner, d, content);
	return has;
}

void
der_skip(struct der *d)
{
	struct bytes whole, content;

	der_next(d, -1, &whole, &content);
}

bool
der_get_bool(struct der *d)
{
	struct bytes whole, c;

	if (!der_next(d, DER_BOOLEAN, &whole, &c))
		return false;
	if (c.len != 1 || (c.p[0] != 0 && c.p[0] != 0xff)) {
		der_fail_at(d, whole, -CS_ERR_NOT_DER);
		return false;
	}
	return c.p[0] != 0;
}

void
der_get_null(struct der *d)
{
	struct bytes whole, c;

	if (der_next(d, DER_NULL, &whole, &c) && c.len != 0)
		der_fail_at(d, whole, -CS_ERR_ENCODING);
}

static struct bytes
der_integer_tag(struct der *d, int tag)
{
	struct bytes whole, c;

	if (!der_next(d, tag, &whole, &c))
		return BYTES_NONE;
	if (c.len == 0) {
		der_fail_at(d, whole, -CS_ERR_ENCODING);
		return BYTES_NONE;
	}
	if (c.len > 1 && ((c.p[0] == 0 && c.p[1] < 0x80) ||
			     (c.p[0] == 0xff && c.p[1] >= 0x80))) {
		der_fail_at(d, whole, -CS_ERR_NOT_DER);
		return BYTES_NONE;
	}
	return c;
}

struct bytes
der_get_integer(struct der *d)
{
	return der_integer_tag(d, DER_INTEGER);
}

struct bytes
der_get_unsigned(struct der *d)
{
	const uint8_t *at = d->p;
	struct bytes c = der_get_integer(d);

	if (c.len != 0 && c.p[0] >= 0x80) {
		d->p = at;
		der_fail(d, -CS_ERR_ENCODING);
		return BYTES_NONE;
	}
	if (c.len > 1 && c.p[0] == 0)
		return bytes_of(c.p + 1, c.len - 1);
	return c;
}

uint64_t
der_get_uint_tag(struct der *d, int tag, uint64_t max)
{
	const uint8_t *at = d->p;
	struct bytes c = der_integer_tag(d, tag);
	uint64_t value = 0;
	size_t i;
	int code = 0;

	if (c.len == 0)
		return 0;
	if (c.p[0] >= 0x80)
		code = -CS_ERR_ENCODING;
	else if (c.len > 8)
		code = -CS_ERR_TOO_LARGE;
	for (i = 0; code == 0 && i < c.len; i++)
		value = value << 8 | c.p[i];
	if (code == 0 && value > max)
		code = -CS_ERR_TOO_LARGE;
	if (code != 0) {
		d->p = at;
		der_fail(d, code);
		return 0;
	}
	return value;
}

uint64_t
der_get_uint(struct der *d, uint64_t max)
{
	return der_get_uint_tag(d, DER_INTEGER, max);
}

int64_t
der_get_int(struct der *d)
{
	const uint8_t *at = d->p;
	struct bytes c = der_get_integer(d);
	uint64_t value;
	size_t i;

	if (c.len == 0)
		return 0;
	if (c.len > 8) {
		d->p = at;
		der_fail(d, -CS_ERR_TOO_LARGE);
		return 0;
	}
	value = c.p[0] >= 0x80 ? UINT64_MAX : 0;
	for (i = 0; i < c.len; i++)
		value = value << 8 | c.p[i];
	return (int64_t)value;
}

struct bytes
der_get_oid(struct der *d)
{
	struct bytes whole, c;
	size_t i;
	bool is_start = true;

	if (!der_next(d, DER_OID, &whole, &c))
		return BYTES_NONE;
	for (i = 0; i < c.len; i++) {
		if (is_start && c.p[i] == 0x80)
			break; /* an arc with a leading zero */
		is_start = c.p[i] < 0x80;
	}
	if (i < c.len || c.len == 0 || c.len > DER_OID_MAX || !is_start) {
		der_fail_at(d, whole, -CS_ERR_ENCODING);
		return BYTES_NONE;
	}
	return c;
}

struct bytes
der_get_bits_tag(struct der *d, int tag, unsigned *unused)
{
	struct bytes whole, c;
	unsigned n;

	*unused = 0;
	if (!der_next(d, tag, &whole, &c))
		return BYTES_NONE;
	if (c.len == 0 || c.p[0] > 7 || (c.len == 1 && c.p[0] != 0)) {
		der_fail_at(d, whole, -CS_ERR_ENCODING);
		return BYTES_NONE;
	}
	n = c.p[0];
	if (n != 0 && (c.p[c.len - 1] & ((1U << n) - 1)) != 0) {
		der_fail_at(d, whole, -CS_ERR_NOT_DER);
		return BYTES_NONE;
	}
	*unused = n;
	return bytes_of(c.p + 1, c.len - 1);
}

struct bytes
der_get_bits(struct der *d, unsigned *unused)
{
	return der_get_bits_tag(d, DER_BIT_STRING, unused);
}

struct bytes
der_get_utf8(struct der *d, int tag, size_t max)
{
	struct bytes whole, c;

	if (!der_next(d, tag, &whole, &c))
		return BYTES_NONE;
	if (c.len > max) {
		der_fail_at(d, whole, -CS_ERR_TOO_LARGE);
		return BYTES_NONE;
	}
	if (!utf8_is_valid(c) || (c.len != 0 && memchr(c.p, 0, c.len))) {
		der_fail_at(d, whole, -CS_ERR_ENCODING);
		return BYTES_NONE;
	}
	return c;
}
