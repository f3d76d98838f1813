#include "asn1/base64_kernel.h"
#include "asn1/der.h"

#include <string.h>

/* Classes of octets beside the values 0 to 63. */
#define WHITE 64
#define PADDING 65
#define BAD 66

/* The table is made from the alphabet when the program starts. */
static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t base64_values[256];

__attribute__((constructor)) static void
base64_make_values(void)
{
	uint8_t i;

	memset(base64_values, BAD, sizeof(base64_values));
	for (i = 0; i < 64; i++)
		base64_values[(uint8_t)base64_alphabet[i]] = i;
	base64_values[' '] = base64_values['\t'] = WHITE;
	base64_values['\r'] = base64_values['\n'] = WHITE;
	base64_values['='] = PADDING;
}

static const uint8_t *
base64_decode_portable(const uint8_t *in, const uint8_t *end, uint8_t **out)
{
	const uint8_t *values = base64_values;
	uint8_t *o = *out;
	uint32_t a, b, c, d, bits;

	while (end - in >= 4) {
		a = values[in[0]];
		b = values[in[1]];
		c = values[in[2]];
		d = values[in[3]];
		if ((a | b | c | d) < 64) {
			bits = a << 18 | b << 12 | c << 6 | d;
			o[0] = (uint8_t)(bits >> 16);
			o[1] = (uint8_t)(bits >> 8);
			o[2] = (uint8_t)bits;
			in += 4;
			o += 3;
		} else if (in[0] == '\n') {
			in++;
		} else if (in[0] == '\r' && in[1] == '\n') {
			in += 2;
		} else {
			break;
		}
	}
	*out = o;
	return in;
}

static void
base64_encode_portable(const uint8_t *in, size_t len, uint8_t *out)
{
	const char *alphabet = base64_alphabet;
	uint32_t bits;

	for (; len >= 3; len -= 3, in += 3, out += 4) {
		bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		out[0] = (uint8_t)alphabet[bits >> 18];
		out[1] = (uint8_t)alphabet[bits >> 12 & 63];
		out[2] = (uint8_t)alphabet[bits >> 6 & 63];
		out[3] = (uint8_t)alphabet[bits & 63];
	}
}

static const struct base64_kernel base64_portable = {
    base64_decode_portable, base64_encode_portable};
/* Chosen at the first use; every thread chooses the same. */
static const struct base64_kernel *base64_chosen;

static const struct base64_kernel *
base64_find(enum base64_impl impl)
{
	switch (impl) {
	case BASE64_AVX2:
		return base64_kernel_avx2();
	case BASE64_SSSE3:
		return base64_kernel_ssse3();
	case BASE64_PORTABLE:
		break;
	}
	return &base64_portable;
}

static const struct base64_kernel *
base64_get(void)
{
	const struct base64_kernel *k =
	    __atomic_load_n(&base64_chosen, __ATOMIC_RELAXED);

	if (k != NULL)
		return k;
	k = base64_find(BASE64_AVX2);
	if (k == NULL)
		k = base64_find(BASE64_SSSE3);
	if (k == NULL)
		k = &base64_portable;
	__atomic_store_n(&base64_chosen, k, __ATOMIC_RELAXED);
	return k;
}

bool
base64_use(enum base64_impl impl)
{
	const struct base64_kernel *k = base64_find(impl);

	if (k == NULL)
		return false;
	__atomic_store_n(&base64_chosen, k, __ATOMIC_RELAXED);
	return true;
}

void
base64_dec_init(struct base64_dec *d)
{
	*d = (struct base64_dec){0};
}

/* A group has ended: count characters of it hold data, bits in bits. */
static uint8_t *
base64_dec_group(struct base64_dec *d, uint8_t *o)
{
	uint32_t bits = d->bits << 6 * (4 - d->count);
	unsigned i;

	for (i = 0; i + 1 < d->count; i++)
		*o++ = (uint8_t)(bits >> (16 - 8 * i));
	d->bits = 0;
	d->count = 0;
	return o;
}

/* '=' may only fill up a group of 2 or 3, over bits that are zero. */
static bool
base64_dec_padding(struct base64_dec *d, uint8_t **o)
{
	if (d->count < 2 || d->is_done)
		return false;
	if ((d->bits & (d->count == 2 ? 0xf : 0x3)) != 0)
		return false;
	if (d->count + ++d->padding < 4)
		return true;
	*o = base64_dec_group(d, *o);
	d->is_done = true;
	return true;
}

/* One character, of any kind; false if it may not stand here. */
static bool
base64_dec_one(struct base64_dec *d, uint8_t character, uint8_t **o)
{
	uint8_t value = base64_values[character];

	if (value == WHITE)
		return true;
	if (value == PADDING)
		return base64_dec_padding(d, o);
	if (value == BAD || d->padding != 0)
		return false;
	d->bits = d->bits << 6 | value;
	if (++d->count == 4)
		*o = base64_dec_group(d, *o);
	return true;
}

int
base64_dec_write(
    struct base64_dec *d, struct bytes in, uint8_t *out, size_t *out_len)
{
	const struct base64_kernel *kernel = base64_get();
	const uint8_t *p = in.p, *end = in.len != 0 ? p + in.len : p;
	uint8_t *o = out;
	int r = 0;

	while (p != end) {
		if (d->count == 0 && d->padding == 0) {
			p = kernel->decode(p, end, &o);
			p = base64_decode_portable(p, end, &o);
			if (p == end)
				break;
		}
		if (!base64_dec_one(d, *p, &o)) {
			r = -CS_ERR_BASE64;
			break;
		}
		p++;
	}
	d->offset += (uint64_t)(p - in.p);
	*out_len = (size_t)(o - out);
	return r;
}

int
base64_dec_finish(struct base64_dec *d)
{
	return d->count != 0 ? -CS_ERR_BASE64 : 0;
}

void
base64_enc_init(struct base64_enc *e, size_t line_len, const char *eol)
{
	*e = (struct base64_enc){.line_len = line_len, .eol = eol};
}

static uint8_t *
base64_put_eol(const struct base64_enc *e, uint8_t *o)
{
	const char *eol;

	for (eol = e->eol; *eol != '\0'; eol++)
		*o++ = (uint8_t)*eol;
	return o;
}

/* One whole line; readable: bytes of input from in on. */
static uint8_t *
base64_put_line(
    const struct base64_enc *e, const uint8_t *in, size_t readable, uint8_t *o)
{
	uint8_t line[BASE64_LINE_MIME + BASE64_SLOP];

	if (readable < e->line_len + BASE64_SLOP) {
		memset(line, 0, sizeof(line));
		memcpy(line, in, e->line_len);
		in = line;
	}
	base64_get()->encode(in, e->line_len, o);
	return base64_put_eol(e, o + e->line_len / 3 * 4);
}

void
base64_enc_write(
    struct base64_enc *e, struct bytes in, uint8_t *out, size_t *out_len)
{
	uint8_t *o = out;
	size_t n;

	if (e->held_len != 0 && in.len != 0) {
		n = e->line_len - e->held_len;
		n = n < in.len ? n : in.len;
		memcpy(e->held + e->held_len, in.p, n);
		e->held_len += n;
		in = bytes_of(in.p + n, in.len - n);
		if (e->held_len == e->line_len) {
			o = base64_put_line(e, e->held, e->held_len, o);
			e->held_len = 0;
		}
	}
	while (in.len >= e->line_len) {
		o = base64_put_line(e, in.p, in.len, o);
		in = bytes_of(in.p + e->line_len, in.len - e->line_len);
	}
	if (in.len != 0) {
		memcpy(e->held, in.p, in.len);
		e->held_len = in.len;
	}
	*out_len = (size_t)(o - out);
}

/* The end of a run, padded; no octet is touched beside it. */
static uint8_t *
base64_put_rest(const uint8_t *in, size_t len, uint8_t *o)
{
	uint8_t last[3] = {0}, group[4];
	size_t whole = len / 3 * 3, rest = len - whole;

	base64_encode_portable(in, whole, o);
	o += whole / 3 * 4;
	if (rest == 0)
		return o;
	memcpy(last, in + whole, rest);
	base64_encode_portable(last, 3, group);
	group[3] = '=';
	if (rest == 1)
		group[2] = '=';
	memcpy(o, group, 4);
	return o + 4;
}

void
base64_enc_finish(struct base64_enc *e, uint8_t *out, size_t *out_len)
{
	uint8_t *o = out;

	if (e->held_len != 0)
		o = base64_put_eol(e, base64_put_rest(e->held, e->held_len, o));
	mem_wipe(e->held, sizeof(e->held));
	e->held_len = 0;
	*out_len = (size_t)(o - out);
}

int
base64_encode(struct buf *b, struct bytes in)
{
	size_t len = (in.len + 2) / 3 * 4;
	/* what comes behind covers what the kernel may touch there */
	size_t bulk =
	    in.len > 2 * BASE64_SLOP ? (in.len - 2 * BASE64_SLOP) / 3 * 3 : 0;
	uint8_t *o;

	if (in.len == 0)
		return b->err;
	if (in.len > DER_LEN_MAX)
		return b->err = b->err != 0 ? b->err : -CS_ERR_TOO_LARGE;
	o = buf_reserve(b, len);
	if (o == NULL)
		return b->err;
	base64_get()->encode(in.p, bulk, o);
	base64_put_rest(in.p + bulk, in.len - bulk, o + bulk / 3 * 4);
	buf_grow_len(b, len);
	return 0;
}

int
base64_decode(struct buf *b, struct bytes in)
{
	struct base64_dec d;
	uint8_t *o;
	size_t len;
	int r;

	if (b->err != 0)
		return b->err;
	if (in.len > DER_LEN_MAX)
		return b->err = -CS_ERR_TOO_LARGE;
	o = buf_reserve(b, BASE64_DECODED_MAX(in.len));
	if (o == NULL)
		return b->err;
	base64_dec_init(&d);
	r = base64_dec_write(&d, in, o, &len);
	if (r == 0)
		r = base64_dec_finish(&d);
	if (r == 0)
		buf_grow_len(b, len);
	else
		mem_wipe(o, len);
	return r;
}
