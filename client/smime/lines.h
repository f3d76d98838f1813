/*
 * lines.h: what is in a run of text lines, told 64 octets at a time, and
 * where lines begin that need a closer look.
 */
#ifndef CLIENT_SMIME_LINES_H
#define CLIENT_SMIME_LINES_H

#include "asn1/buf.h"

#define LINE_LEN_MAX 998 /* RFC 5322 2.1.1, without CRLF */

enum lines_flag {
	LINES_8BIT = 1 << 0,
	LINES_NUL = 1 << 1,
	LINES_BARE_CR = 1 << 2,
	LINES_BARE_LF = 1 << 3,
	LINES_CRLF = 1 << 4,
	LINES_LONG = 1 << 5, /* over LINE_LEN_MAX */
	LINES_FROM = 1 << 6, /* "From " at a line's start; set by the caller */
};
/* What mail transport may change or refuse (RFC 8551 3.1.3, RFC 5321). */
#define LINES_UNSAFE \
	(LINES_8BIT | LINES_NUL | LINES_BARE_CR | LINES_LONG | LINES_FROM)

/* All zero is the state at the start of a line. */
struct lines {
	unsigned flags;
	uint64_t line_len; /* octets of the present line, a CR too */
	bool is_after_cr;
	bool is_checked; /* the caller has judged the line that begins here */
};

/*
 * Takes octets up to the first line start, not counting one that
 * is_checked, where "--" or "From " stands or may stand, were there more
 * input. Returns how many it took; in.len if all.
 */
size_t lines_scan(struct lines *l, struct bytes in);
/* The text ends here: judges the last line's length and a last CR. */
void lines_finish(struct lines *l);
/* The flags of a whole text in memory, LINES_FROM too. */
unsigned lines_judge(struct bytes in);

/* The same as lines_scan without vector instructions, and without those that
 * not every processor has; for tests. */
size_t lines_scan_portable(struct lines *l, struct bytes in);
size_t lines_scan_sse2(struct lines *l, struct bytes in);

#endif
