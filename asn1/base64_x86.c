/*
 * The SSSE3 and AVX2 kernels. Both treat 16 characters per lane alike:
 *
 * Decoding. A character is valid if its low nibble allows its high nibble: a
 * look-up by each gives a set and a member of it as bits. (A look-up by a
 * byte over 127 gives 0, so these are invalid too.) What must be added to get
 * the value depends on the high nibble alone, but for '/' and '+', which share
 * one. Multiply-adds then join 6-bit values to 24 bits, and a shuffle puts
 * the bytes in order.
 *
 * Encoding. A shuffle spreads three bytes over four, multiplications move each
 * 6-bit field to its place, and what must be added to get the character is
 * looked up by a small class number.
 */
#include "asn1/base64_kernel.h"

#ifdef __x86_64__

#include <immintrin.h>

/* Sets of high nibbles, as 1 << nibble, by low nibble; see RFC 4648 4. */
#define PLUS_OR_SLASH (1 << 2)	       /* 2b, 2f */
#define DIGITS (1 << 3)		       /* 30 to 39 */
#define LETTERS_LOW (1 << 4 | 1 << 6)  /* 41 to 4f, 61 to 6f */
#define LETTERS_HIGH (1 << 5 | 1 << 7) /* 50 to 5a, 70 to 7a */
#define NIBBLE_0 (DIGITS | LETTERS_HIGH)
#define NIBBLE_1_TO_9 (DIGITS | LETTERS_LOW | LETTERS_HIGH)
#define NIBBLE_A (LETTERS_LOW | LETTERS_HIGH)
#define NIBBLE_B (LETTERS_LOW | PLUS_OR_SLASH)
#define NIBBLE_F (LETTERS_LOW | PLUS_OR_SLASH)

#define ALLOWED_HIGH                                                          \
	(char)NIBBLE_0, (char)NIBBLE_1_TO_9, (char)NIBBLE_1_TO_9,             \
	    (char)NIBBLE_1_TO_9, (char)NIBBLE_1_TO_9, (char)NIBBLE_1_TO_9,    \
	    (char)NIBBLE_1_TO_9, (char)NIBBLE_1_TO_9, (char)NIBBLE_1_TO_9,    \
	    (char)NIBBLE_1_TO_9, (char)NIBBLE_A, (char)NIBBLE_B, LETTERS_LOW, \
	    LETTERS_LOW, LETTERS_LOW, (char)NIBBLE_F
#define HIGH_BIT 1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0
/* By high nibble; '/' comes as 1. */
#define TO_VALUE                                                               \
	0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, \
	    0, 0, 0, 0, 0, 0
/* Three bytes of each 32-bit group, most significant first. */
#define JOIN_BYTES 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1
/* Bytes 1 0 2 1 of each three. */
#define SPREAD_BYTES 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10
/* By class: 0 for 'a' to 'z', 1 to 10 digits, 11 '+', 12 '/', 13 'A' .. */
#define TO_CHARACTER                                                          \
	'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, \
	    '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A',  \
	    0, 0

/* Output that a full store touches is there as long as so much input is. */
#define SSSE3_IN_MIN 24
#define AVX2_IN_MIN 48

/* Behind a CRLF or LF at p, or p. At least two bytes are there. */
static inline const uint8_t *
skip_line_end(const uint8_t *p)
{
	if (p[0] == '\r' && p[1] == '\n')
		return p + 2;
	return p[0] == '\n' ? p + 1 : p;
}

/* Decodes one vector; *bad gets a bit per character that is none. */
__attribute__((target("ssse3"))) static inline __m128i
decode16(__m128i in, unsigned *bad)
{
	const __m128i allowed = _mm_setr_epi8(ALLOWED_HIGH);
	const __m128i bit = _mm_setr_epi8(HIGH_BIT);
	const __m128i to_value = _mm_setr_epi8(TO_VALUE);
	__m128i high =
	    _mm_and_si128(_mm_srli_epi32(in, 4), _mm_set1_epi8(0x0f));
	__m128i ok = _mm_and_si128(
	    _mm_shuffle_epi8(allowed, in), _mm_shuffle_epi8(bit, high));
	__m128i is_slash = _mm_cmpeq_epi8(in, _mm_set1_epi8('/'));
	__m128i v = _mm_add_epi8(
	    in, _mm_shuffle_epi8(to_value, _mm_add_epi8(high, is_slash)));

	*bad = (unsigned)_mm_movemask_epi8(
	    _mm_cmpeq_epi8(ok, _mm_setzero_si128()));
	v = _mm_maddubs_epi16(v, _mm_set1_epi32(0x01400140));
	v = _mm_madd_epi16(v, _mm_set1_epi32(0x00011000));
	return _mm_shuffle_epi8(v, _mm_setr_epi8(JOIN_BYTES));
}

__attribute__((target("ssse3"))) static const uint8_t *
decode_ssse3(const uint8_t *in, const uint8_t *end, uint8_t **out)
{
	uint8_t *o = *out;
	const uint8_t *next;
	unsigned bad, good;

	while (end - in >= SSSE3_IN_MIN) {
		_mm_storeu_si128((void *)o,
		    decode16(_mm_loadu_si128((const void *)in), &bad));
		if (bad == 0) {
			in += 16;
			o += 12;
			continue;
		}
		good = (unsigned)__builtin_ctz(bad);
		in += good / 4 * 4;
		o += good / 4 * 3;
		next = good % 4 == 0 ? skip_line_end(in) : in;
		if (next == in)
			break;
		in = next;
	}
	*out = o;
	return in;
}

__attribute__((target("avx2"))) static inline __m256i
twice(__m128i half)
{
	return _mm256_broadcastsi128_si256(half);
}

__attribute__((target("avx2"))) static inline __m256i
decode32(__m256i in, unsigned *bad)
{
	const __m256i allowed = twice(_mm_setr_epi8(ALLOWED_HIGH));
	const __m256i bit = twice(_mm_setr_epi8(HIGH_BIT));
	const __m256i to_value = twice(_mm_setr_epi8(TO_VALUE));
	const __m256i join = twice(_mm_setr_epi8(JOIN_BYTES));
	__m256i high =
	    _mm256_and_si256(_mm256_srli_epi32(in, 4), _mm256_set1_epi8(0x0f));
	__m256i ok = _mm256_and_si256(
	    _mm256_shuffle_epi8(allowed, in), _mm256_shuffle_epi8(bit, high));
	__m256i is_slash = _mm256_cmpeq_epi8(in, _mm256_set1_epi8('/'));
	__m256i v = _mm256_add_epi8(
	    in, _mm256_shuffle_epi8(to_value, _mm256_add_epi8(high, is_slash)));

	*bad = (unsigned)_mm256_movemask_epi8(
	    _mm256_cmpeq_epi8(ok, _mm256_setzero_si256()));
	v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
	v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
	/* 12 bytes in each lane, brought together to 24 */
	return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, join),
	    _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

__attribute__((target("avx2"))) static const uint8_t *
decode_avx2(const uint8_t *in, const uint8_t *end, uint8_t **out)
{
	uint8_t *o = *out;
	const uint8_t *next;
	unsigned bad, good;

	while (end - in >= AVX2_IN_MIN) {
		_mm256_storeu_si256((void *)o,
		    decode32(_mm256_loadu_si256((const void *)in), &bad));
		if (bad == 0) {
			in += 32;
			o += 24;
			continue;
		}
		good = (unsigned)__builtin_ctz(bad);
		in += good / 4 * 4;
		o += good / 4 * 3;
		next = good % 4 == 0 ? skip_line_end(in) : in;
		if (next == in)
			break;
		in = next;
	}
	*out = o;
	return in;
}

__attribute__((target("ssse3"))) static inline __m128i
encode12(__m128i in)
{
	__m128i v = _mm_shuffle_epi8(in, _mm_setr_epi8(SPREAD_BYTES));
	__m128i odd = _mm_and_si128(v, _mm_set1_epi32(0x0fc0fc00));
	__m128i even = _mm_and_si128(v, _mm_set1_epi32(0x003f03f0));
	__m128i is_upper, class;

	odd = _mm_mulhi_epu16(odd, _mm_set1_epi32(0x04000040));
	even = _mm_mullo_epi16(even, _mm_set1_epi32(0x01000010));
	v = _mm_or_si128(odd, even);
	is_upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), v);
	class = _mm_or_si128(_mm_subs_epu8(v, _mm_set1_epi8(51)),
	    _mm_and_si128(is_upper, _mm_set1_epi8(13)));
	return _mm_add_epi8(
	    v, _mm_shuffle_epi8(_mm_setr_epi8(TO_CHARACTER), class));
}

__attribute__((target("ssse3"))) static void
encode_ssse3(const uint8_t *in, size_t len, uint8_t *out)
{
	while (len > 0) {
		size_t n = len < 12 ? len : 12;

		_mm_storeu_si128(
		    (void *)out, encode12(_mm_loadu_si128((const void *)in)));
		in += n;
		len -= n;
		out += n / 3 * 4;
	}
}

__attribute__((target("avx2"))) static inline __m256i
encode24(__m256i in)
{
	const __m256i spread = twice(_mm_setr_epi8(SPREAD_BYTES));
	const __m256i to_character = twice(_mm_setr_epi8(TO_CHARACTER));
	__m256i v = _mm256_shuffle_epi8(in, spread);
	__m256i odd = _mm256_and_si256(v, _mm256_set1_epi32(0x0fc0fc00));
	__m256i even = _mm256_and_si256(v, _mm256_set1_epi32(0x003f03f0));
	__m256i is_upper, class;

	odd = _mm256_mulhi_epu16(odd, _mm256_set1_epi32(0x04000040));
	even = _mm256_mullo_epi16(even, _mm256_set1_epi32(0x01000010));
	v = _mm256_or_si256(odd, even);
	is_upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), v);
	class = _mm256_or_si256(_mm256_subs_epu8(v, _mm256_set1_epi8(51)),
	    _mm256_and_si256(is_upper, _mm256_set1_epi8(13)));
	return _mm256_add_epi8(v, _mm256_shuffle_epi8(to_character, class));
}

__attribute__((target("avx2"))) static void
encode_avx2(const uint8_t *in, size_t len, uint8_t *out)
{
	__m256i v;

	while (len >= 24) {
		v = _mm256_inserti128_si256(
		    _mm256_castsi128_si256(_mm_loadu_si128((const void *)in)),
		    _mm_loadu_si128((const void *)(in + 12)), 1);
		_mm256_storeu_si256((void *)out, encode24(v));
		in += 24;
		len -= 24;
		out += 32;
	}
	while (len > 0) {
		size_t n = len < 12 ? len : 12;

		_mm_storeu_si128(
		    (void *)out, encode12(_mm_loadu_si128((const void *)in)));
		in += n;
		len -= n;
		out += n / 3 * 4;
	}
}

const struct base64_kernel *
base64_kernel_ssse3(void)
{
	static const struct base64_kernel kernel = {decode_ssse3, encode_ssse3};

	return __builtin_cpu_supports("ssse3") ? &kernel : NULL;
}

const struct base64_kernel *
base64_kernel_avx2(void)
{
	static const struct base64_kernel kernel = {decode_avx2, encode_avx2};

	return __builtin_cpu_supports("avx2") ? &kernel : NULL;
}

#else

const struct base64_kernel *
base64_kernel_ssse3(void)
{
	return NULL;
}

const struct base64_kernel *
base64_kernel_avx2(void)
{
	return NULL;
}

#endif
