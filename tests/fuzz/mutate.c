#include "tests/fuzz/mutate.h"

#include <string.h>

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t
below(uint64_t *state, size_t n)
{
	return n != 0 ? (size_t)(next_random(state) % n) : 0;
}

static void
mutate_once(struct buf *b, uint64_t *state)
{
	size_t at = below(state, b->len), n = 1 + below(state, 16), from;
	struct buf tail = {0};

	switch (below(state, 6)) {
	case 0: /* a bit */
		b->data[at] ^= (uint8_t)(1U << below(state, 8));
		break;
	case 1: /* an octet */
		b->data[at] = (uint8_t)next_random(state);
		break;
	case 2: /* a length or a tag that means something */
		b->data[at] =
		    (uint8_t) "\x00\x01\x30\x80\x81\x84\xa0\xff"[below(
			state, 8)];
		break;
	case 3: /* cut out */
		n = n < b->len - at ? n : b->len - at;
		memmove(b->data + at, b->data + at + n, b->len - at - n);
		b->len -= n;
		break;
	case 4: /* doubled */
		n = n < b->len - at ? n : b->len - at;
		buf_add(&tail, b->data + at, b->len - at);
		b->len = at + n;
		buf_add_bytes(b, buf_get(&tail));
		break;
	default: /* copied over something else */
		from = below(state, b->len);
		n = n < b->len - at ? n : b->len - at;
		n = n < b->len - from ? n : b->len - from;
		memmove(b->data + at, b->data + from, n);
	}
	buf_clear(&tail);
}

void
mutate(struct bytes from, uint64_t seed, struct buf *out)
{
	uint64_t state = seed;
	size_t n;

	buf_reset(out);
	buf_add_bytes(out, from);
	for (n = 1 + below(&state, 3); n > 0 && out->len > 0; n--)
		mutate_once(out, &state);
}
