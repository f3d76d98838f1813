#include "client/smime/utf8_stream.h"

#include <string.h>

static void
take_first(struct utf8_stream *s, uint8_t c)
{
	s->low = 0x80;
	s->high = 0xbf;
	if (c < 0x80)
		return;
	if (c >= 0xc2 && c <= 0xdf) {
		s->need = 1;
	} else if (c >= 0xe0 && c <= 0xef) {
		s->need = 2;
		if (c == 0xe0)
			s->low = 0xa0; /* no overlong forms */
		else if (c == 0xed)
			s->high = 0x9f; /* no surrogates */
	} else if (c >= 0xf0 && c <= 0xf4) {
		s->need = 3;
		if (c == 0xf0)
			s->low = 0x90;
		else if (c == 0xf4)
			s->high = 0x8f; /* up to U+10FFFF */
	} else {
		s->is_bad = true;
	}
}

void
utf8_stream_write(struct utf8_stream *s, struct bytes in)
{
	uint64_t word;
	size_t i = 0;

	while (i < in.len && !s->is_bad) {
		if (s->need == 0 && in.len - i >= sizeof(word)) {
			memcpy(&word, in.p + i, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		if (s->need == 0) {
			take_first(s, in.p[i]);
		} else if (in.p[i] < s->low || in.p[i] > s->high) {
			s->is_bad = true;
		} else {
			s->need--;
			s->low = 0x80;
			s->high = 0xbf;
		}
		i++;
	}
}

bool
utf8_stream_is_valid(const struct utf8_stream *s)
{
	return !s->is_bad && s->need == 0;
}
