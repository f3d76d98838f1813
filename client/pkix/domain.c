#include "client/pkix/domain.h"

#include <string.h>

#include "asn1/der.h"

/* RFC 3492 5 */
#define PUNY_BASE 36
#define PUNY_TMIN 1
#define PUNY_TMAX 26
#define PUNY_SKEW 38
#define PUNY_DAMP 700
#define PUNY_BIAS 72
#define PUNY_N 128

struct label {
	char text[DOMAIN_LABEL_MAX + 1];
	size_t len;
};

static bool
label_add(struct label *l, char c)
{
	if (l->len >= DOMAIN_LABEL_MAX)
		return false;
	l->text[l->len++] = c;
	return true;
}

static char
small(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* The characters of well-formed UTF-8; 0: too many for a label. */
static size_t
utf8_points(struct bytes in, uint32_t points[static DOMAIN_LABEL_MAX])
{
	static const uint8_t mask[] = {0x7f, 0x1f, 0x0f, 0x07};
	size_t n = 0, at = 0, more;
	uint32_t c;

	while (at < in.len) {
		if (n == DOMAIN_LABEL_MAX)
			return 0;
		c = in.p[at++];
		more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		c &= mask[more];
		for (; more > 0 && at < in.len; more--)
			c = c << 6 | (in.p[at++] & 0x3fU);
		points[n++] = c;
	}
	return n;
}

/* RFC 3492 6.1 */
static uint32_t
puny_adapt(uint32_t delta, uint32_t n, bool is_first)
{
	uint32_t k = 0;

	delta = is_first ? delta / PUNY_DAMP : delta / 2;
	delta += delta / n;
	for (; delta > (PUNY_BASE - PUNY_TMIN) * PUNY_TMAX / 2; k += PUNY_BASE)
		delta /= PUNY_BASE - PUNY_TMIN;
	return k + (PUNY_BASE - PUNY_TMIN + 1) * delta / (delta + PUNY_SKEW);
}

static char
puny_digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

static bool
puny_add_number(struct label *l, uint32_t delta, uint32_t bias)
{
	uint32_t q = delta, k, t;

	for (k = PUNY_BASE;; k += PUNY_BASE) {
		t = k <= bias		    ? PUNY_TMIN
		    : k >= bias + PUNY_TMAX ? PUNY_TMAX
					    : k - bias;
		if (q < t)
			return label_add(l, puny_digit(q));
		if (!label_add(l, puny_digit(t + (q - t) % (PUNY_BASE - t))))
			return false;
		q = (q - t) / (PUNY_BASE - t);
	}
}

static uint32_t
least_from(const uint32_t *points, size_t n, uint32_t from)
{
	uint32_t least = UINT32_MAX;
	size_t i;

	for (i = 0; i < n; i++) {
		if (points[i] >= from && points[i] < least)
			least = points[i];
	}
	return least;
}

/*
 * RFC 3492 6.3. Nothing can overflow: 63 characters below 0x110000 keep
 * delta below 64 * 64 * 0x110000 < 2^33, and label_add's limit ends it long
 * before; the sum is checked all the same.
 */
static bool
puny_encode(const uint32_t *points, size_t n, struct label *l)
{
	uint32_t code = PUNY_N, delta = 0, bias = PUNY_BIAS, next;
	size_t i, basic = 0, done;
	uint64_t sum;

	for (i = 0; i < n; i++) {
		if (points[i] >= PUNY_N)
			continue;
		if (!label_add(l, small((uint8_t)points[i])))
			return false;
		basic++;
	}
	if (basic != 0 && !label_add(l, '-'))
		return false;
	for (done = basic; done < n; delta++, code++) {
		next = least_from(points, n, code);
		sum = delta + (uint64_t)(next - code) * (done + 1);
		if (sum > UINT32_MAX - n)
			return false;
		delta = (uint32_t)sum;
		code = next;
		for (i = 0; i < n; i++) {
			if (points[i] < code)
				delta++;
			if (points[i] != code)
				continue;
			if (!puny_add_number(l, delta, bias))
				return false;
			bias = puny_adapt(
			    delta, (uint32_t)done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return true;
}

static bool
label_normalise(struct bytes in, struct label *out)
{
	uint32_t points[DOMAIN_LABEL_MAX];
	bool is_ascii = true;
	size_t i, n;

	*out = (struct label){.len = 0};
	if (in.len == 0)
		return false;
	for (i = 0; i < in.len; i++)
		is_ascii = is_ascii && in.p[i] < 0x80;
	for (i = 0; is_ascii && i < in.len; i++) {
		if (!label_add(out, small(in.p[i])))
			return false;
	}
	if (is_ascii)
		return true;
	n = utf8_points(in, points);
	memcpy(out->text, "xn--", 4);
	out->len = 4;
	return n != 0 && puny_encode(points, n, out);
}

bool
domain_normalise(struct bytes in, struct domain *out)
{
	struct label label;
	size_t at = 0, end;

	*out = (struct domain){.len = 0};
	if (in.len == 0 || !utf8_is_valid(in))
		return false;
	/* [192.0.2.1] */
	if (in.p[0] == '[') {
		if (in.len > DOMAIN_LEN_MAX)
			return false;
		for (; at < in.len; at++)
			out->text[out->len++] = small(in.p[at]);
		return true;
	}
	for (;; at = end + 1) {
		for (end = at; end < in.len && in.p[end] != '.'; end++)
			;
		if (!label_normalise(bytes_of(in.p + at, end - at), &label) ||
		    out->len + label.len + 1 > DOMAIN_LEN_MAX)
			return false;
		memcpy(out->text + out->len, label.text, label.len);
		out->len += label.len;
		if (end == in.len)
			return true;
		out->text[out->len++] = '.';
	}
}

bool
domain_is_equal(const struct domain *a, const struct domain *b)
{
	return bytes_is_equal(
	    bytes_of(a->text, a->len), bytes_of(b->text, b->len));
}

bool
domain_is_within(const struct domain *d, const struct domain *suffix)
{
	size_t skip;

	if (domain_is_equal(d, suffix))
		return true;
	if (d->len <= suffix->len)
		return false;
	skip = d->len - suffix->len;
	return d->text[skip - 1] == '.' &&
	       bytes_is_equal(bytes_of(d->text + skip, suffix->len),
		   bytes_of(suffix->text, suffix->len));
}
