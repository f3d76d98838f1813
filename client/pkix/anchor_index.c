/*
 * The form: the number of certificates (4 octets); for each its entry, in the
 * order of the hashes; the certificates, one after the other. Numbers have
 * their most significant octet first.
 */
#include "client/pkix/anchor_index.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "client/pkix/cert_int.h"

#define COUNT_LEN 4
#define NAME_HASH_LEN 8 /* octets of the SHA-256 of the normalised subject */
#define ENTRY_OFFSET_AT NAME_HASH_LEN /* within the certificates */
#define ENTRY_LEN_AT (ENTRY_OFFSET_AT + 4)
#define ENTRY_UNMARKED_AT (ENTRY_LEN_AT + 4) /* 0 or 1 */
#define ENTRY_LEN (ENTRY_UNMARKED_AT + 1)

struct anchor_file {
	struct buf octets;	  /* what follows points into it */
	struct bytes table, ders; /* entries; certificates */
	size_t len;
	bool takes_unmarked;
	bool *is_drawn; /* owned, one for each entry */
};

struct anchor_index {
	struct cert_set *anchors, *unmarked; /* borrowed */
	struct anchor_file files[ANCHOR_INDEX_MAX];
	size_t len;
	int err;
};

/* --- numbers and names --- */

static uint64_t
get_number(const uint8_t *p, size_t len)
{
	uint64_t n = 0;

	while (len-- > 0)
		n = n << 8 | *p++;
	return n;
}

static void
put_number(uint8_t *p, size_t len, uint64_t n)
{
	while (len-- > 0) {
		p[len] = (uint8_t)n;
		n >>= 8;
	}
}

/* The same in each process. Whoever makes names that collide makes us decode
 * one of our own anchors in vain. */
static int
hash_name(struct bytes name, uint8_t hash[static DIGEST_LEN_MAX])
{
	struct buf normal = {0};
	int r = name_normalise(&normal, name);

	if (r == 0)
		digest_of(ALG_SHA256, buf_get(&normal), hash);
	buf_clear(&normal);
	return r;
}

/* --- writing --- */

static int
compare_entries(const void *a, const void *b)
{
	return bytes_compare(
	    bytes_of(a, NAME_HASH_LEN), bytes_of(b, NAME_HASH_LEN));
}

static int
make_table(uint8_t *table, const struct cert_set *certs,
    const struct cert_set *unmarked)
{
	uint8_t hash[DIGEST_LEN_MAX], *entry;
	size_t i, offset = 0, len = cert_set_get_len(certs);
	const struct cert *c;
	int r = 0;

	for (i = 0; r == 0 && i < len; i++) {
		c = cert_set_get(certs, i);
		r = hash_name(c->subject, hash);
		entry = table + i * ENTRY_LEN;
		memcpy(entry, hash, NAME_HASH_LEN);
		put_number(entry + ENTRY_OFFSET_AT, 4, offset);
		put_number(entry + ENTRY_LEN_AT, 4, c->raw.len);
		entry[ENTRY_UNMARKED_AT] = cert_set_has(unmarked, c);
		offset += c->raw.len;
		if (offset > UINT32_MAX)
			return -CS_ERR_TOO_LARGE;
	}
	qsort(table, len, ENTRY_LEN, compare_entries);
	return r;
}

int
anchor_index_encode(struct buf *b, const struct cert_set *certs,
    const struct cert_set *unmarked)
{
	size_t i, len = cert_set_get_len(certs);
	uint8_t count[COUNT_LEN], *table = calloc(len + 1, ENTRY_LEN);
	int r = table == NULL ? -CS_ERR_NO_MEMORY
			      : make_table(table, certs, unmarked);

	if (r == 0) {
		put_number(count, COUNT_LEN, len);
		buf_add(b, count, COUNT_LEN);
		buf_add(b, table, len * ENTRY_LEN);
		for (i = 0; i < len; i++)
			buf_add_bytes(b, cert_get_raw(cert_set_get(certs, i)));
		r = b->err;
	}
	free(table);
	return r;
}

/* --- reading --- */

struct anchor_index *
anchor_index_new(struct cert_set *anchors, struct cert_set *unmarked)
{
	struct anchor_index *x = calloc(1, sizeof(*x));

	if (x != NULL) {
		x->anchors = anchors;
		x->unmarked = unmarked;
	}
	return x;
}

void
anchor_index_free(struct anchor_index *x)
{
	size_t i;

	if (x == NULL)
		return;
	for (i = 0; i < x->len; i++) {
		buf_clear(&x->files[i].octets);
		free(x->files[i].is_drawn);
	}
	free(x);
}

static const uint8_t *
get_entry(const struct anchor_file *f, size_t i)
{
	return f->table.p + i * ENTRY_LEN;
}

static struct bytes
get_der(const struct anchor_file *f, size_t i)
{
	const uint8_t *entry = get_entry(f, i);

	return bytes_of(f->ders.p + get_number(entry + ENTRY_OFFSET_AT, 4),
	    (size_t)get_number(entry + ENTRY_LEN_AT, 4));
}

static bool
is_entry_valid(const struct anchor_file *f, size_t i)
{
	const uint8_t *entry = get_entry(f, i);

	return get_number(entry + ENTRY_OFFSET_AT, 4) +
		       get_number(entry + ENTRY_LEN_AT, 4) <=
		   f->ders.len &&
	       entry[ENTRY_UNMARKED_AT] <= 1 &&
	       (i == 0 || compare_entries(get_entry(f, i - 1), entry) <= 0);
}

/* Fills f but for octets, which all of it borrows from. */
static int
open_file(struct anchor_file *f, struct bytes in)
{
	size_t i;

	if (in.len < COUNT_LEN)
		return -CS_ERR_ENCODING;
	f->len = (size_t)get_number(in.p, COUNT_LEN);
	bytes_skip(&in, COUNT_LEN);
	if (f->len > in.len / ENTRY_LEN)
		return -CS_ERR_ENCODING;
	f->table = bytes_of(in.p, f->len * ENTRY_LEN);
	bytes_skip(&in, f->table.len);
	f->ders = in;
	for (i = 0; i < f->len; i++)
		if (!is_entry_valid(f, i))
			return -CS_ERR_ENCODING;
	f->is_drawn = calloc(f->len + 1, sizeof(*f->is_drawn));
	return f->is_drawn != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

int
anchor_index_add(struct anchor_index *x, struct buf *octets, size_t skip,
    bool takes_unmarked)
{
	struct anchor_file *f = &x->files[x->len];
	struct bytes in = buf_get(octets);
	int r;

	if (x->len == ANCHOR_INDEX_MAX)
		return -CS_ERR_TOO_LARGE;
	if (skip > in.len)
		return -CS_ERR_ENCODING;
	bytes_skip(&in, skip);
	*f = (struct anchor_file){.takes_unmarked = takes_unmarked};
	r = open_file(f, in);
	if (r != 0)
		return r;
	f->octets = *octets;
	*octets = (struct buf){.max = octets->max};
	x->len++;
	return 0;
}

static bool
is_usable(const struct anchor_file *f, size_t i)
{
	return f->takes_unmarked || get_entry(f, i)[ENTRY_UNMARKED_AT] == 0;
}

bool
anchor_index_has_any(const struct anchor_index *x)
{
	size_t file, i;

	for (file = 0; x != NULL && file < x->len; file++)
		for (i = 0; i < x->files[file].len; i++)
			if (is_usable(&x->files[file], i))
				return true;
	return false;
}

/* --- drawing --- */

static void
draw(struct anchor_index *x, struct anchor_file *f, size_t i)
{
	size_t before = cert_set_get_len(x->anchors);
	int r;

	if (f->is_drawn[i] || !is_usable(f, i))
		return;
	f->is_drawn[i] = true;
	r = cert_set_add_der(x->anchors, get_der(f, i), NULL);
	if (r == 0 && get_entry(f, i)[ENTRY_UNMARKED_AT] != 0 &&
	    cert_set_get_len(x->anchors) != before)
		r = cert_set_add(x->unmarked, cert_set_get(x->anchors, before));
	/* One that nobody could use is no reason to go without the others. */
	if (r == -CS_ERR_NO_MEMORY || r == -CS_ERR_TOO_LARGE)
		x->err = r;
}

/* The first entry whose hash is not below that. */
static size_t
find_first(const struct anchor_file *f, const uint8_t *hash)
{
	size_t low = 0, high = f->len, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_entries(get_entry(f, middle), hash) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
anchor_index_draw(struct anchor_index *x, struct bytes subject)
{
	uint8_t hash[DIGEST_LEN_MAX];
	struct anchor_file *f;
	size_t file, i;
	int r;

	if (x == NULL || x->len == 0)
		return;
	r = hash_name(subject, hash);
	if (r == -CS_ERR_NO_MEMORY)
		x->err = r;
	if (r != 0)
		return;
	for (file = 0; file < x->len; file++) {
		f = &x->files[file];
		for (i = find_first(f, hash);
		     i < f->len && compare_entries(get_entry(f, i), hash) == 0;
		     i++)
			draw(x, f, i);
	}
}

void
anchor_index_draw_all(struct anchor_index *x)
{
	size_t file, i;

	for (file = 0; x != NULL && file < x->len; file++)
		for (i = 0; i < x->files[file].len; i++)
			draw(x, &x->files[file], i);
}

int
anchor_index_get_error(const struct anchor_index *x)
{
	return x != NULL ? x->err : 0;
}
