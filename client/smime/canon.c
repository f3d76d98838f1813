#include "client/smime/canon.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

/* A piece with a CR more for each of its lines. */
#define CANON_OUT_LEN (SINK_PIECE_LEN + SINK_PIECE_LEN / 16)
#define CANON_STEP 64

struct canon {
	struct sink sink;
	struct sink *next;
	size_t (*steps)(struct canon *c, struct bytes in);
	bool is_after_cr;
	size_t len;
	uint8_t out[CANON_OUT_LEN + 4 * CANON_STEP]; /* two steps doubled */
};

static int
canon_flush(struct canon *c, struct err *e)
{
	size_t len = c->len;

	c->len = 0;
	return len == 0 ? 0 : sink_write(c->next, bytes_of(c->out, len), e);
}

/* One octet at a time; room for twice the input. */
static void
canon_octets(struct canon *c, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] == '\n' && !c->is_after_cr)
			c->out[c->len++] = '\r';
		c->out[c->len++] = p[i];
		c->is_after_cr = p[i] == '\r';
	}
}

#ifdef __SSE2__
/* Where in a step there are LFs and CRs: a bit for each octet. */
struct ends {
	uint64_t lf, cr;
};

static inline struct ends
find_ends_sse2(const uint8_t *p)
{
	const __m128i lf = _mm_set1_epi8('\n'), cr = _mm_set1_epi8('\r');
	struct ends ends = {0};
	__m128i v;
	unsigned i;

	for (i = 0; i < CANON_STEP; i += sizeof(v)) {
		v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		ends.lf |=
		    (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, lf))
		    << i;
		ends.cr |=
		    (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, cr))
		    << i;
	}
	return ends;
}

__attribute__((target("avx2"))) static inline struct ends
find_ends_avx2(const uint8_t *p)
{
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	struct ends ends = {0};
	__m256i v;
	unsigned i;

	for (i = 0; i < CANON_STEP; i += sizeof(v)) {
		v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
		ends.lf |= (uint64_t)(uint32_t)_mm256_movemask_epi8(
			       _mm256_cmpeq_epi8(v, lf))
			   << i;
		ends.cr |= (uint64_t)(uint32_t)_mm256_movemask_epi8(
			       _mm256_cmpeq_epi8(v, cr))
			   << i;
	}
	return ends;
}

static inline __attribute__((always_inline)) void
canon_step(struct canon *c, const uint8_t *p, struct ends ends)
{
	uint64_t after_cr = ends.cr << 1 | (c->is_after_cr ? 1U : 0);
	uint64_t lone = ends.lf & ~after_cr;
	uint8_t *to = c->out + c->len;
	unsigned from = 0, at;

	c->is_after_cr = ends.cr >> (CANON_STEP - 1) != 0;
	for (; lone != 0; lone &= lone - 1) {
		at = (unsigned)__builtin_ctzll(lone);
		/* Whole steps: what is written too much is overwritten. */
		memcpy(to, p + from, CANON_STEP);
		to += at - from;
		*to++ = '\r';
		from = at;
	}
	memcpy(to, p + from, CANON_STEP);
	c->len = (size_t)(to - c->out) + CANON_STEP - from;
}

/* Whole steps, behind each of which as many octets can be read, while there is
 * room. They go out as they are in runs between lone LFs. Returns how many
 * octets were taken. */
static inline __attribute__((always_inline)) size_t
canon_steps_with(
    struct canon *c, struct bytes in, struct ends (*find)(const uint8_t *p))
{
	size_t i = 0;

	for (; in.len - i >= 2 * CANON_STEP && c->len < CANON_OUT_LEN;
	     i += CANON_STEP)
		canon_step(c, in.p + i, find(in.p + i));
	return i;
}

static size_t
canon_steps_sse2(struct canon *c, struct bytes in)
{
	return canon_steps_with(c, in, find_ends_sse2);
}

__attribute__((target("avx2"))) static size_t
canon_steps_avx2(struct canon *c, struct bytes in)
{
	return canon_steps_with(c, in, find_ends_avx2);
}
#else
static size_t
canon_steps_portable(struct canon *c, struct bytes in)
{
	size_t i = 0;

	for (; in.len - i >= 2 * CANON_STEP && c->len < CANON_OUT_LEN;
	     i += CANON_STEP)
		canon_octets(c, in.p + i, CANON_STEP);
	return i;
}
#endif

static int
canon_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct canon *c = (struct canon *)sink;
	size_t n;
	int r = 0;

	while (r == 0 && in.len > 0) {
		n = c->steps(c, in);
		in = bytes_of(in.p + n, in.len - n);
		n = in.len < 2 * CANON_STEP ? in.len : 0;
		if (n > 0 && c->len < CANON_OUT_LEN) {
			canon_octets(c, in.p, n);
			in = BYTES_NONE;
		}
		r = canon_flush(c, e);
	}
	return r;
}

static int
canon_finish(struct sink *sink, struct err *e)
{
	(void)sink;
	(void)e;
	return 0;
}

static void
canon_free(struct sink *sink)
{
	struct canon *c = (struct canon *)sink;

	mem_wipe(c->out, sizeof(c->out));
	free(c);
}

static struct sink *
canon_new(struct sink *next, size_t (*steps)(struct canon *c, struct bytes in))
{
	struct canon *c = malloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->sink = (struct sink){canon_write, canon_finish, canon_free};
	c->next = next;
	c->steps = steps;
	c->is_after_cr = false;
	c->len = 0;
	return &c->sink;
}

struct sink *
sink_new_canon_plain(struct sink *next)
{
#ifdef __SSE2__
	return canon_new(next, canon_steps_sse2);
#else
	return canon_new(next, canon_steps_portable);
#endif
}

struct sink *
sink_new_canon(struct sink *next)
{
#ifdef __SSE2__
	if (__builtin_cpu_supports("avx2"))
		return canon_new(next, canon_steps_avx2);
#endif
	return sink_new_canon_plain(next);
}

static int
canon_source_run(struct source *source, struct sink *to, struct err *e)
{
	struct canon_source *s = (struct canon_source *)source;
	struct sink *canon = sink_new_canon(to);
	int r;

	if (canon == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = source_run(s->inner, canon, e);
	if (r == 0)
		r = sink_finish(canon, e);
	sink_free(canon);
	return r;
}

void
canon_source_init(struct canon_source *s, struct source *inner)
{
	s->source = (struct source){
	    .run = canon_source_run, .is_stable = inner->is_stable};
	s->inner = inner;
}

struct cr_to_lf {
	struct sink sink;
	struct sink *next;
	uint8_t out[SINK_PIECE_LEN];
};

static int
cr_to_lf_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct cr_to_lf *c = (struct cr_to_lf *)sink;
	size_t n, i, done = 0;
	int r;

	for (; done < in.len; done += n) {
		n = in.len - done < sizeof(c->out) ? in.len - done
						   : sizeof(c->out);
		for (i = 0; i < n; i++)
			c->out[i] =
			    in.p[done + i] == '\r' ? '\n' : in.p[done + i];
		r = sink_write(c->next, bytes_of(c->out, n), e);
		if (r != 0)
			return r;
	}
	return 0;
}

static void
cr_to_lf_free(struct sink *sink)
{
	struct cr_to_lf *c = (struct cr_to_lf *)sink;

	mem_wipe(c->out, sizeof(c->out));
	free(c);
}

struct sink *
sink_new_cr_to_lf(struct sink *next)
{
	struct cr_to_lf *c = malloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->sink = (struct sink){cr_to_lf_write, canon_finish, cr_to_lf_free};
	c->next = next;
	return &c->sink;
}
