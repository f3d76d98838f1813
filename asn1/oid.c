#include "asn1/oid.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct oid_row {
	struct bytes content;
	const char *dotted;
	const char *name;
};

static const struct oid_row oid_rows[OID_COUNT] = {
    [OID_UNKNOWN] = {{NULL, 0}, "", "unknown"},
#define OID(name, dotted, octets, text) \
	[OID_##name] = {                \
	    {(const uint8_t *)octets, sizeof(octets) - 1}, dotted, text},
#include "asn1/oid.def"
#undef OID
};

/* The rows' numbers in the order of their octets; filled at first use. */
static uint16_t oid_order[OID_COUNT];

static int
oid_compare(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return bytes_compare(oid_rows[*x].content, oid_rows[*y].content);
}

__attribute__((constructor)) static void
oid_sort(void)
{
	unsigned i;

	for (i = 0; i < OID_COUNT; i++)
		oid_order[i] = (uint16_t)i;
	qsort(oid_order, OID_COUNT, sizeof(oid_order[0]), oid_compare);
}

enum oid
oid_find(struct bytes content)
{
	size_t low = 0, high = OID_COUNT, mid;
	int r;

	while (low < high) {
		mid = (low + high) / 2;
		r = bytes_compare(content, oid_rows[oid_order[mid]].content);
		if (r == 0)
			return (enum oid)oid_order[mid];
		if (r < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return OID_UNKNOWN;
}

struct bytes
oid_get(enum oid oid)
{
	return oid_rows[oid].content;
}

const char *
oid_name(enum oid oid)
{
	return oid_rows[oid].name;
}

enum oid
oid_find_name(const char *name)
{
	int i;

	for (i = 1; i < OID_COUNT; i++)
		if (strcasecmp(oid_rows[i].name, name) == 0 ||
		    strcmp(oid_rows[i].dotted, name) == 0)
			return (enum oid)i;
	return OID_UNKNOWN;
}

enum oid
der_get_known_oid(struct der *d, struct bytes *raw)
{
	struct bytes content = der_get_oid(d);

	if (raw != NULL)
		*raw = content;
	return content.len != 0 ? oid_find(content) : OID_UNKNOWN;
}

void
der_put_oid(struct buf *b, enum oid oid)
{
	der_put(b, DER_OID, oid_get(oid));
}

/* Reads one arc; *is_big if it does not fit. Returns the octets used. */
static size_t
oid_arc(struct bytes content, uint64_t *arc, bool *is_big)
{
	size_t i;

	*arc = 0;
	*is_big = false;
	for (i = 0; i < content.len; i++) {
		*is_big |= *arc >> 57 != 0;
		*arc = *arc << 7 | (content.p[i] & 0x7f);
		if (content.p[i] < 0x80)
			return i + 1;
	}
	return i;
}

char *
oid_format(char *dst, size_t size, struct bytes content)
{
	size_t used = 0, n;
	uint64_t arc;
	bool is_big, is_first = true;
	int r;

	if (size == 0)
		return dst;
	dst[0] = '\0';
	while (content.len != 0 && used < size) {
		n = oid_arc(content, &arc, &is_big);
		content = bytes_of(content.p + n, content.len - n);
		if (is_big)
			r = snprintf(dst + used, size - used, "%s?",
			    is_first ? "" : ".");
		else if (is_first)
			r = snprintf(dst + used, size - used, "%u.%" PRIu64,
			    arc < 80 ? (unsigned)(arc / 40) : 2U,
			    arc < 80 ? arc % 40 : arc - 80);
		else
			r = snprintf(dst + used, size - used, ".%" PRIu64, arc);
		used += r > 0 ? (size_t)r : 0;
		is_first = false;
	}
	return dst;
}

char *
oid_describe(char *dst, size_t size, struct bytes content)
{
	enum oid oid = oid_find(content);

	if (oid == OID_UNKNOWN)
		return oid_format(dst, size, content);
	snprintf(dst, size, "%s", oid_name(oid));
	return dst;
}

/* One arc of up to 64 bits; *text moves behind it and its dot. */
static bool
parse_arc(const char **text, uint64_t *arc)
{
	const char *p = *text;

	*arc = 0;
	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (*arc > (UINT64_MAX - digit) / 10)
			return false;
		*arc = *arc * 10 + digit;
	}
	if (*p == '.' && p[1] != '\0')
		p++;
	else if (*p != '\0')
		return false;
	*text = p;
	return true;
}

static void
put_arc(struct buf *b, uint64_t arc)
{
	unsigned shift = 63;

	while (shift > 0 && arc >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		buf_add_byte(b, (uint8_t)(0x80 | (arc >> shift & 0x7f)));
	buf_add_byte(b, (uint8_t)(arc & 0x7f));
}

int
oid_parse(struct buf *b, const char *dotted)
{
	size_t before = b->len;
	uint64_t first, second, arc;
	bool is_good;

	is_good = parse_arc(&dotted, &first) && parse_arc(&dotted, &second) &&
		  first <= 2 && (first == 2 || second < 40) &&
		  second <= UINT64_MAX - 80;
	if (is_good)
		put_arc(b, first * 40 + second);
	while (is_good && *dotted != '\0') {
		is_good = parse_arc(&dotted, &arc);
		if (is_good)
			put_arc(b, arc);
	}
	if (b->err != 0)
		return b->err;
	if (is_good && b->len - before <= DER_OID_MAX)
		return 0;
	b->len = before;
	return -CS_ERR_ARGUMENT;
}
