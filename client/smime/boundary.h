/*
 * boundary.h: the lines that delimit the parts of multiparts (RFC 2046
 * 5.1.1), and those that separate the messages of an mbox.
 */
#ifndef CLIENT_SMIME_BOUNDARY_H
#define CLIENT_SMIME_BOUNDARY_H

#include "asn1/buf.h"

#define BOUNDARY_DEPTH_MAX 32 /* nested multiparts */
#define BOUNDARY_MAX 256      /* octets; RFC 2046 says 70, seen longer */
/* Longest line that can delimit: "--", boundary, "--", white space. */
#define BOUNDARY_LINE_MAX 1024

struct boundary {
	uint8_t text[BOUNDARY_MAX];
	size_t len;
	bool is_open; /* its closing delimiter was not met */
};

/* Innermost last. All zero is empty. */
struct boundary_stack {
	struct boundary items[BOUNDARY_DEPTH_MAX];
	size_t len;
};

/*
 * False, and nothing changes, if it can't be a boundary, if a line could be
 * both its delimiter and that of one that is open, or if the stack is full.
 */
bool boundary_push(struct boundary_stack *s, struct bytes text);

enum line_verdict {
	LINE_TEXT,
	LINE_DELIMITER,
	LINE_SEPARATOR, /* of messages in an mbox */
	LINE_OPEN,	/* more octets are needed */
};

struct delimiter {
	size_t item; /* of the stack */
	bool is_close;
	size_t len;	   /* of the line with its end */
	unsigned line_end; /* LINES_CRLF, LINES_BARE_LF, or 0 */
};

/*
 * What is the line that begins with head, which begins with "-"? is_all: the
 * input ends behind head. The innermost boundary that fits wins.
 */
enum line_verdict boundary_judge(const struct boundary_stack *s,
    struct bytes head, bool is_all, struct delimiter *d);

/* Is the line ("From ...") one that separates messages: with a time of day
 * and a year? */
bool boundary_is_separator(struct bytes line);

/*
 * Judges the front of a line that lines_scan stopped at: as boundary_judge,
 * and for what begins with "From ", which sets LINES_FROM in *flags; is_mbox:
 * such a line may separate messages.
 */
enum line_verdict boundary_judge_line(const struct boundary_stack *s,
    bool is_mbox, struct bytes head, bool is_all, unsigned *flags,
    struct delimiter *d);

#endif
