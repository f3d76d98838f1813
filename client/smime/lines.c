#include "client/smime/lines.h"

#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define BLOCK_LEN 64

/* Bit n stands for octet n of a block. */
struct block {
	uint64_t lf, cr;
	uint64_t mark;	/* "-" and "F" */
	unsigned flags; /* LINES_8BIT, LINES_NUL */
};

static inline void
block_load_portable(const uint8_t *p, struct block *b)
{
	unsigned i;

	*b = (struct block){0};
	for (i = 0; i < BLOCK_LEN; i++) {
		b->lf |= (uint64_t)(p[i] == '\n') << i;
		b->cr |= (uint64_t)(p[i] == '\r') << i;
		b->mark |= (uint64_t)(p[i] == '-' || p[i] == 'F') << i;
		b->flags |= p[i] >= 0x80 ? LINES_8BIT : 0;
		b->flags |= p[i] == 0 ? LINES_NUL : 0;
	}
}

#ifdef __SSE2__
static inline void
block_load_sse2(const uint8_t *p, struct block *b)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	const __m128i dash = _mm_set1_epi8('-'), f = _mm_set1_epi8('F');
	__m128i all = _mm_setzero_si128(), least = _mm_set1_epi8(-1), v, m;
	unsigned i;

	*b = (struct block){0};
	for (i = 0; i < BLOCK_LEN; i += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		all = _mm_or_si128(all, v);
		least = _mm_min_epu8(least, v);
		m = _mm_or_si128(_mm_cmpeq_epi8(v, dash), _mm_cmpeq_epi8(v, f));
		b->lf |=
		    (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, lf))
		    << i;
		b->cr |=
		    (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, cr))
		    << i;
		b->mark |= (uint64_t)(unsigned)_mm_movemask_epi8(m) << i;
	}
	if (_mm_movemask_epi8(all) != 0)
		b->flags |= LINES_8BIT;
	least = _mm_cmpeq_epi8(least, _mm_setzero_si128());
	if (_mm_movemask_epi8(least) != 0)
		b->flags |= LINES_NUL;
}

__attribute__((target("avx2"))) static inline uint64_t
bits32(__m256i mask)
{
	return (uint32_t)_mm256_movemask_epi8(mask);
}

__attribute__((target("avx2"))) static inline void
block_load_avx2(const uint8_t *p, struct block *b)
{
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	const __m256i dash = _mm256_set1_epi8('-'), f = _mm256_set1_epi8('F');
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
	__m256i w = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));
	__m256i least = _mm256_min_epu8(v, w);

	b->lf = bits32(_mm256_cmpeq_epi8(v, lf)) |
		bits32(_mm256_cmpeq_epi8(w, lf)) << 32;
	b->cr = bits32(_mm256_cmpeq_epi8(v, cr)) |
		bits32(_mm256_cmpeq_epi8(w, cr)) << 32;
	b->mark = bits32(_mm256_or_si256(
		      _mm256_cmpeq_epi8(v, dash), _mm256_cmpeq_epi8(v, f))) |
		  bits32(_mm256_or_si256(
		      _mm256_cmpeq_epi8(w, dash), _mm256_cmpeq_epi8(w, f)))
		      << 32;
	b->flags = bits32(_mm256_or_si256(v, w)) != 0 ? LINES_8BIT : 0;
	if (bits32(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) != 0)
		b->flags |= LINES_NUL;
}
#endif

/* "From ", or the front of it that is there. */
static bool
is_from(const uint8_t *p, size_t len)
{
	static const struct bytes from = {(const uint8_t *)"From ", 5};

	if (len > from.len)
		len = from.len;
	return bytes_is_equal(bytes_of(p, len), bytes_of(from.p, len));
}

/* May the line at p, of which len octets are there, begin with "--" or
 * "From "? */
static bool
needs_a_look(const uint8_t *p, size_t len)
{
	if (p[0] == '-')
		return len < 2 || p[1] == '-';
	return p[0] == 'F' && is_from(p, len);
}

static void
line_ends(struct lines *l, uint64_t len, bool has_cr)
{
	if (len - (has_cr ? 1 : 0) > LINE_LEN_MAX)
		l->flags |= LINES_LONG;
	l->flags |= has_cr ? LINES_CRLF : LINES_BARE_LF;
}

/* Octet by octet: the ends of pieces, and blocks that are stopped in. */
static size_t
scan_octets(struct lines *l, struct bytes in)
{
	size_t i;
	uint8_t c;

	for (i = 0; i < in.len; i++) {
		c = in.p[i];
		if (l->line_len == 0 && !l->is_checked &&
		    needs_a_look(in.p + i, in.len - i))
			return i;
		l->is_checked = false;
		if (c == '\n') {
			line_ends(l, l->line_len, l->is_after_cr);
			l->line_len = 0;
			l->is_after_cr = false;
			continue;
		}
		if (l->is_after_cr)
			l->flags |= LINES_BARE_CR;
		if (c == 0)
			l->flags |= LINES_NUL;
		else if (c >= 0x80)
			l->flags |= LINES_8BIT;
		l->is_after_cr = c == '\r';
		l->line_len++;
	}
	return i;
}

/*
 * Where in the block, whose line starts are given, a line begins that needs a
 * look; BLOCK_LEN if nowhere. rest goes from the block to the input's end.
 */
static inline unsigned
block_find_mark(const struct block *b, uint64_t starts, struct bytes rest)
{
	uint64_t marks = b->mark & starts;
	unsigned i;

	for (; marks != 0; marks &= marks - 1) {
		i = (unsigned)__builtin_ctzll(marks);
		if (needs_a_look(rest.p + i, rest.len - i))
			return i;
	}
	return BLOCK_LEN;
}

static inline void
block_take(struct lines *l, const struct block *b)
{
	uint64_t after_cr = b->cr << 1 | (l->is_after_cr ? 1 : 0);
	unsigned first, last;

	l->flags |= b->flags;
	if ((after_cr & ~b->lf) != 0)
		l->flags |= LINES_BARE_CR;
	l->is_after_cr = b->cr >> (BLOCK_LEN - 1) != 0;
	if (b->lf == 0) {
		l->line_len += BLOCK_LEN;
		return;
	}
	if ((after_cr & b->lf) != 0)
		l->flags |= LINES_CRLF;
	if ((b->lf & ~after_cr) != 0)
		l->flags |= LINES_BARE_LF;
	/* Only the first line that ends here can be a long one. */
	first = (unsigned)__builtin_ctzll(b->lf);
	last = BLOCK_LEN - 1 - (unsigned)__builtin_clzll(b->lf);
	if (l->line_len + first - (after_cr >> first & 1) > LINE_LEN_MAX)
		l->flags |= LINES_LONG;
	l->line_len = BLOCK_LEN - 1 - last;
}

static inline __attribute__((always_inline)) size_t
scan_with(struct lines *l, struct bytes in,
    void (*load)(const uint8_t *p, struct block *b))
{
	size_t i = 0;
	struct block b;
	uint64_t starts;
	unsigned stop;

	while (in.len - i >= BLOCK_LEN) {
		load(in.p + i, &b);
		starts = b.lf << 1;
		if (l->line_len == 0 && !l->is_checked)
			starts |= 1;
		stop =
		    block_find_mark(&b, starts, bytes_of(in.p + i, in.len - i));
		if (stop < BLOCK_LEN)
			return i +
			       scan_octets(l, bytes_of(in.p + i, in.len - i));
		l->is_checked = false;
		block_take(l, &b);
		i += BLOCK_LEN;
	}
	return i + scan_octets(l, bytes_of(in.p + i, in.len - i));
}

size_t
lines_scan_portable(struct lines *l, struct bytes in)
{
	return in.len == 0 ? 0 : scan_with(l, in, block_load_portable);
}

#ifdef __SSE2__
__attribute__((target("avx2"))) static size_t
scan_avx2(struct lines *l, struct bytes in)
{
	return scan_with(l, in, block_load_avx2);
}
#endif

size_t
lines_scan_sse2(struct lines *l, struct bytes in)
{
#ifdef __SSE2__
	return in.len == 0 ? 0 : scan_with(l, in, block_load_sse2);
#else
	return lines_scan_portable(l, in);
#endif
}

size_t
lines_scan(struct lines *l, struct bytes in)
{
#ifdef __SSE2__
	if (in.len != 0 && __builtin_cpu_supports("avx2"))
		return scan_avx2(l, in);
#endif
	return lines_scan_sse2(l, in);
}

void
lines_finish(struct lines *l)
{
	uint64_t len = l->line_len;

	if (l->is_after_cr) {
		l->flags |= LINES_BARE_CR;
		l->is_after_cr = false;
	}
	if (len > LINE_LEN_MAX)
		l->flags |= LINES_LONG;
	l->line_len = 0;
	l->is_checked = false;
}

unsigned
lines_judge(struct bytes in)
{
	struct lines l = {0};
	size_t at = 0;

	if (in.len == 0)
		return 0;
	while (
	    (at += lines_scan(&l, bytes_of(in.p + at, in.len - at))) < in.len) {
		if (in.len - at >= 5 && is_from(in.p + at, in.len - at))
			l.flags |= LINES_FROM;
		l.is_checked = true;
	}
	lines_finish(&l);
	return l.flags;
}
