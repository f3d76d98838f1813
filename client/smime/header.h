/*
 * header.h: header sections of mails and MIME parts (RFC 5322 2.2, RFC 2045
 * 3): lines, fields, media types and parameters (RFC 2231).
 *
 * Everything works on octets in memory that somebody else holds and bounds,
 * takes CRLF, LF and folding as they come, and gives borrowed parts of the
 * input unless it says so. Nothing here recurses.
 */
#ifndef CLIENT_SMIME_HEADER_H
#define CLIENT_SMIME_HEADER_H

#include "asn1/buf.h"

/* What one line is, seen from inside a header section. */
enum header_line {
	HEADER_FIELD, /* name ":" ... */
	HEADER_FOLD,  /* goes on with the field before */
	HEADER_BLANK, /* ends the section */
	HEADER_BAD,   /* no header line at all: the body has begun */
};

/* line: with or without its line end, or the first part of a longer line if
 * it has HEADER_NAME_MAX octets or more. */
#define HEADER_NAME_MAX 998
enum header_line header_judge_line(struct bytes line);

struct header_field {
	struct bytes raw;   /* with its last line end, if there was one */
	struct bytes name;  /* without the colon and space before it */
	struct bytes value; /* behind the colon, folded, no last line end */
};

/* Takes the next field off the front of *section; false at the end. What is
 * no field is skipped. */
bool header_next(struct bytes *section, struct header_field *field);
/* Is it the field's name? ASCII case does not count. */
bool header_is_named(const struct header_field *field, const char *name);
/* Does the name begin with the prefix? */
bool header_has_prefix(const struct header_field *field, const char *prefix);
/* How many fields have the name; the first goes to *field (may be NULL). */
size_t header_find(
    struct bytes section, const char *name, struct header_field *field);

/* --- values --- */

bool header_is_space(uint8_t c); /* SP, HT, CR, LF */
/* Skips white space and comments (nested, with quoted pairs). A comment that
 * never ends goes to the end. *has_comment is set, never cleared. */
void header_skip_cfws(struct bytes *in, bool *has_comment);
/* ASCII only: compares without case. */
bool header_is_equal_nocase(struct bytes a, const char *b);

#define MEDIA_NAME_MAX 127 /* RFC 6838 4.2 */
struct media_type {
	char type[MEDIA_NAME_MAX + 1]; /* lower case; "" if not valid */
	char subtype[MEDIA_NAME_MAX + 1];
	struct bytes params; /* what follows, for header_get_param */
};
/* A Content-Type's value. CS_ERR_ENCODING: no type "/" subtype. */
int CS_MUST_USE media_type_decode(struct bytes value, struct media_type *mt);
bool media_type_is(
    const struct media_type *mt, const char *type, const char *subtype);
/* Behind the first token of a Content-Disposition, for header_get_param. */
struct bytes header_get_disposition_params(struct bytes value);

#define PARAM_SECTIONS_MAX 64 /* RFC 2231 3: name*0, name*1 ... */
#define PARAM_LEN_MAX 4096
#define PARAMS_LEN_MAX ((size_t)64 << 10) /* all of a field's */
/*
 * A parameter's value, unquoted, unfolded, sections joined and percent
 * signs decoded (the character set is left to the reader), appended to
 * value. Returns 1, or 0 if there is none, or CS_ERR_TOO_LARGE.
 * *is_ambiguous (may be NULL): it stands there twice, in one form or in
 * two, so that other readers may take another value than this first (or,
 * of two forms, the extended) one.
 */
int header_get_param(struct bytes params, const char *name, struct buf *value,
    bool *is_ambiguous);

enum transfer_encoding {
	CTE_NONE, /* no such field */
	CTE_7BIT,
	CTE_8BIT,
	CTE_BINARY,
	CTE_QP,
	CTE_BASE64,
	CTE_OTHER, /* unknown, not valid, or several fields that differ */
};
/* Of a header section: RFC 2045 6. */
enum transfer_encoding header_get_cte(struct bytes section);
/*
 * Does any such field begin with quoted-printable or base64? A multipart must
 * not have one (RFC 2045 6.4): some programs decode it, others do not.
 */
bool header_may_be_encoded(struct bytes section);
/* The media type of a section, "text/plain" by default (RFC 2045 5.2).
 * Returns false, and an empty type, if there are several Content-Type fields
 * or one that can't be understood as any type. */
bool header_get_media_type(struct bytes section, struct media_type *mt);

#endif
