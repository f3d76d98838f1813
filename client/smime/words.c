/* words.c: encoded words (RFC 2047), decoded to octets. */
#include <string.h>

#include "client/smime/address_list.h"
#include "client/smime/header.h"
#include "client/smime/utf8_stream.h"

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
base64_digit(uint8_t c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c != 0 ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static void
put_q(struct bytes in, struct buf *out)
{
	size_t i;
	int hi, lo;

	for (i = 0; i < in.len; i++) {
		hi = i + 2 < in.len ? hex_digit(in.p[i + 1]) : -1;
		lo = i + 2 < in.len ? hex_digit(in.p[i + 2]) : -1;
		if (in.p[i] == '=' && hi >= 0 && lo >= 0) {
			buf_add_byte(out, (uint8_t)(hi << 4 | lo));
			i += 2;
		} else {
			buf_add_byte(out, in.p[i] == '_' ? ' ' : in.p[i]);
		}
	}
}

/* Programs pass over what is no base64, and do without the padding. */
static void
put_b(struct bytes in, struct buf *out)
{
	unsigned bits = 0, n = 0;
	size_t i;
	int digit;

	for (i = 0; i < in.len; i++) {
		digit = base64_digit(in.p[i]);
		if (digit < 0)
			continue;
		bits = (bits & 0xff) << 6 | (unsigned)digit;
		n += 6;
		if (n < 8)
			continue;
		n -= 8;
		buf_add_byte(out, (uint8_t)(bits >> n));
	}
}

struct word {
	struct bytes charset;
	uint8_t how; /* 'q' or 'b' */
	struct bytes text;
};

/* "=?charset?Q?text?=" at the front of in: its length and parts, or 0. */
static size_t
find_word(struct bytes in, struct word *w)
{
	size_t i = 2, start;

	if (in.len < 8 || in.p[0] != '=' || in.p[1] != '?')
		return 0;
	while (i < in.len && in.p[i] > ' ' && in.p[i] != '?')
		i++;
	if (i + 3 >= in.len || in.p[i] != '?' || in.p[i + 2] != '?')
		return 0;
	w->charset = bytes_of(in.p + 2, i - 2);
	w->how = in.p[i + 1] | 0x20;
	start = i += 3;
	while (i < in.len && in.p[i] != '?' && in.p[i] != '\n')
		i++;
	if (i + 1 >= in.len || in.p[i] != '?' || in.p[i + 1] != '=' ||
	    (w->how != 'q' && w->how != 'b'))
		return 0;
	w->text = bytes_of(in.p + start, i - start);
	return i + 2;
}

/* White space between two encoded words is not shown (6.2). */
static size_t
find_gap(struct bytes in)
{
	struct word next;
	size_t i = 0;

	while (
	    i < in.len && strchr(" \t\r\n", in.p[i]) != NULL && in.p[i] != '\0')
		i++;
	return find_word(bytes_of(in.p + i, in.len - i), &next) > 0 ? i : 0;
}

/* What they begin with. */
bool
words_is_ascii_based(struct bytes charset)
{
	static const char *const known[] = {"utf-8", "utf8", "us-ascii",
	    "ascii", "iso-8859-", "iso8859-", "windows-", "cp125", "koi8-",
	    "gb", "big5", "euc-", "shift_jis", "shift-jis", "sjis", "ks_c_5601",
	    "iso-2022-", "tis-620", "macintosh", "x-mac-", "unknown",
	    "x-unknown"};
	size_t i, len;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		len = strlen(known[i]);
		if (charset.len >= len &&
		    header_is_equal_nocase(bytes_of(charset.p, len), known[i]))
			return true;
	}
	return false;
}

bool
words_are_clear(struct bytes text)
{
	struct word w;
	size_t len;

	while (text.len > 0) {
		len = find_word(text, &w);
		if (len > 0 && !words_is_ascii_based(w.charset))
			return false;
		if (len == 0)
			len = 1;
		text = bytes_of(text.p + len, text.len - len);
	}
	return true;
}

bool
words_is_latin1(struct bytes charset)
{
	return header_is_equal_nocase(charset, "iso-8859-1") ||
	       header_is_equal_nocase(charset, "windows-1252");
}

void
words_put_latin1(struct buf *out, uint8_t c)
{
	if (c < 0x80) {
		buf_add_byte(out, c);
		return;
	}
	buf_add_byte(out, c >= 0xc0 ? 0xc3 : 0xc2);
	buf_add_byte(out, c & 0xbf);
}

static void
put_word(const struct word *w, struct buf *out)
{
	if (w->how == 'q')
		put_q(w->text, out);
	else
		put_b(w->text, out);
}

/* False: in a character set that is not converted. */
static bool
put_word_utf8(const struct word *w, struct buf *out)
{
	struct buf octets = {.max = w->text.len + 1};
	size_t i;

	if (header_is_equal_nocase(w->charset, "utf-8") ||
	    header_is_equal_nocase(w->charset, "us-ascii")) {
		put_word(w, out);
		return true;
	}
	if (!words_is_latin1(w->charset))
		return false;
	put_word(w, &octets);
	for (i = 0; i < octets.len; i++)
		words_put_latin1(out, octets.data[i]);
	if (octets.err != 0)
		out->err = octets.err;
	buf_clear(&octets);
	return true;
}

static int
decode(struct bytes in, bool is_utf8, struct buf *out)
{
	struct word w = {.how = 0};
	size_t len;

	while (in.len > 0) {
		len = find_word(in, &w);
		if (len > 0 && !is_utf8)
			put_word(&w, out);
		else if (len > 0 && !put_word_utf8(&w, out))
			return -CS_ERR_ENCODING;
		if (len > 0) {
			len += find_gap(bytes_of(in.p + len, in.len - len));
		} else {
			len = 1;
			if (in.p[0] != '\r' && in.p[0] != '\n')
				buf_add_byte(out, in.p[0]);
		}
		in = bytes_of(in.p + len, in.len - len);
	}
	return out->err;
}

int
words_decode(struct bytes text, struct buf *out)
{
	return decode(text, false, out);
}

int
words_to_utf8(struct bytes text, struct buf *out)
{
	struct utf8_stream utf8 = {0};
	size_t from = out->len;
	int r = decode(text, true, out);

	if (r != 0)
		return r;
	if (out->len > from)
		utf8_stream_write(
		    &utf8, bytes_of(out->data + from, out->len - from));
	return utf8_stream_is_valid(&utf8) ? 0 : -CS_ERR_ENCODING;
}
