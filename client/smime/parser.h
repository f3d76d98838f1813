/*
 * parser.h: the MIME structure of a mail (RFC 2046 5.1), as its octets are
 * pushed through.
 *
 * A mail is an entity: a header section and a body. The body of a multipart
 * is a preamble, parts that are entities again, and an epilogue. The parser
 * finds header sections and the lines that delimit parts, and tells its user
 * by events; the user decides which entities are opened. Memory: one header
 * section, one line, and a stack of boundaries.
 *
 * A delimiter is a line of "--", a boundary, perhaps "--", and white space;
 * nothing else is. The innermost multipart that is open goes first; one of an
 * outer multipart ends the inner ones. The line end before a delimiter
 * belongs to it. After a closing delimiter the same boundary means nothing.
 */
#ifndef CLIENT_SMIME_PARSER_H
#define CLIENT_SMIME_PARSER_H

#include "client/cms/sink.h"
#include "client/smime/boundary.h"
#include "client/smime/header.h"
#include "client/smime/lines.h"

/* One header section; mail transport takes a tenth of that. */
#define PARSER_HEADER_MAX ((size_t)1 << 20)

/* How a header section came to its end. */
enum parser_header_end {
	PARSER_HEADER_BLANK,	 /* as it should, by an empty line */
	PARSER_HEADER_BAD_LINE,	 /* the body begins without one */
	PARSER_HEADER_CUT,	 /* by a delimiter or the input's end */
	PARSER_HEADER_TOO_LARGE, /* a part's; what is held is its front */
};

struct parser_header {
	size_t level;	      /* 0: the mail itself */
	struct bytes section; /* the fields, as they came */
	uint64_t from;	      /* offset in the input */
	uint64_t body;	      /* where the body begins */
	enum parser_header_end end;
	unsigned flags; /* enum lines_flag, of the section */
};

enum parser_area_kind {
	PARSER_LEAF,
	PARSER_PREAMBLE,
	PARSER_EPILOGUE,
};

struct parser_area {
	enum parser_area_kind kind;
	size_t level;  /* of the entity it belongs to */
	uint64_t from; /* offset in the input */
	uint64_t to;   /* set at the end */
	unsigned flags;
};

struct parser;

/* The events. Each may be NULL; negative results end the run. */
struct parser_events {
	/* May call parser_open. */
	int (*header)(
	    void *ctx, const struct parser_header *header, struct err *e);
	int (*begin)(void *ctx, const struct parser_area *area, struct err *e);
	/* The octets of the area, in order, in pieces. */
	int (*text)(void *ctx, struct bytes in, struct err *e);
	int (*end)(void *ctx, const struct parser_area *area, struct err *e);
	/* A multipart is over; is_closed: by its closing delimiter. */
	int (*leave)(void *ctx, size_t level, bool is_closed, struct err *e);
	void *ctx;
};

/*
 * origin: the offset in the input of what is pushed first. is_mbox: a line
 * that separates messages in an mbox is CS_ERR_MULTIPLE. NULL: no memory.
 */
struct parser *parser_new(
    const struct parser_events *events, uint64_t origin, bool is_mbox);
void parser_free(struct parser *p);
/*
 * What is pushed is an entity out of a mail, as some programs make them: it
 * may have no header at all, and begin with the empty line or its text. A
 * header that is too large is one of PARSER_HEADER_TOO_LARGE.
 */
void parser_set_entity(struct parser *p);
/*
 * The sink to push into; finish ends the mail: CS_ERR_NOT_MESSAGE if there
 * was no header. CS_ERR_TOO_LARGE: the mail's header section.
 */
struct sink *parser_get_sink(struct parser *p);

/*
 * In the header event: the entity is a multipart with this boundary. False,
 * and it stays a leaf, if the boundary can't be one or is that of a
 * multipart outside, or the depth is reached. is_raw: the parts' headers are
 * no events, but the front of their area. (One such at a time.)
 */
bool parser_open(struct parser *p, struct bytes boundary, bool is_raw);
/* In an event: from here on nothing delimits anything. */
void parser_flatten(struct parser *p);
/* What line ends stood in the input so far (LINES_CRLF, LINES_BARE_LF), and all
 * enum lines_flag of the present area. */
unsigned parser_get_flags(const struct parser *p);
/* Offset behind what was taken. */
uint64_t parser_get_offset(const struct parser *p);

#endif
