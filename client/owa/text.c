/* text.c: text of any mail as UTF-8. */
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "asn1/utf8.h"
#include "client/owa/parts.h"

#define PIECE 1024
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Character sets are named by strangers, and loading one runs code: those that
 * mail has. */
static bool
is_known(const char *charset)
{
	static const char *const names[] = {"iso-8859-", "windows-125", "koi8-",
	    "iso-2022-jp", "shift_jis", "euc-", "gb", "big5", "utf-16", NULL};
	size_t i;

	for (i = 0; names[i] != NULL; i++)
		if (strncasecmp(charset, names[i], strlen(names[i])) == 0)
			return strspn(charset,
				   "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789-_") == strlen(charset);
	return false;
}

/* What is no UTF-8, and NUL, which JSON's readers are not all ready for,
 * become U+FFFD. */
static int
put_utf8(struct buf *out, struct bytes in)
{
	uint32_t c;
	size_t n;

	for (; in.len > 0; bytes_skip(&in, n != 0 ? n : 1)) {
		n = utf8_decode(in.p, in.len, &c);
		if (n != 0 && c != 0)
			buf_add(out, in.p, n);
		else
			buf_add_str(out, REPLACEMENT);
	}
	return out->err;
}

/* An octet that begins no character is one itself, unknown. */
static int
convert(iconv_t cd, struct buf *out, struct bytes in)
{
	char *from = (char *)(uintptr_t)in.p, *to, piece[PIECE];
	size_t left = in.len, room, n;

	while (left > 0 && out->err == 0) {
		to = piece;
		room = sizeof(piece);
		n = left;
		(void)iconv(cd, &from, &left, &to, &room);
		(void)put_utf8(out, bytes_of(piece, sizeof(piece) - room));
		if (n == left && room == sizeof(piece)) {
			buf_add_str(out, REPLACEMENT);
			from++;
			left--;
		}
	}
	return out->err;
}

int
owa_text_put(struct buf *out, const char *charset, struct bytes in)
{
	iconv_t cd = (iconv_t)-1;
	int r;

	/* Much that says it is something else is UTF-8. */
	if (is_known(charset) && !utf8_is_valid(in))
		cd = iconv_open("UTF-8", charset);
	else if (is_known(charset) && strncasecmp(charset, "iso-2022", 8) == 0)
		cd = iconv_open("UTF-8", charset);
	if (cd == (iconv_t)-1)
		return put_utf8(out, in);
	r = convert(cd, out, in);
	iconv_close(cd);
	return r;
}
