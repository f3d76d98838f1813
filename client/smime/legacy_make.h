/*
 * legacy_make.h: Legacy Display elements put into a mail while it is scanned
 * (RFC 9788 5.2.1 to 5.2.5): internal to this folder.
 *
 * What becomes of a mail is written down as octets that stand in place of a
 * range of the input (struct insertion), in the transfer encoding that is
 * there: so everything that is done with the input is done with them as well.
 */
#ifndef CLIENT_SMIME_LEGACY_MAKE_H
#define CLIENT_SMIME_LEGACY_MAKE_H

#include "client/smime/mail.h"

/* --- legacy_place.c --- */

struct legacy_place {
	uint64_t from, to; /* in the input */
	bool is_start;	   /* nothing stands before it */
	/* Of a base64 group that is written anew: those before the element,
	 * and those behind it. */
	uint8_t octets[3];
	size_t before_len, behind_len;
};

#define LEGACY_NAME_MAX 15 /* of a tag, as far as it matters */

/* Plain data; place is what was found so far. */
struct legacy_finder {
	struct legacy_place place;
	bool is_over; /* it is found */
	enum transfer_encoding cte;
	uint64_t at; /* behind the octet at hand */
	uint8_t group[4];
	unsigned group_len, pad;
	uint64_t group_from;
	unsigned state; /* enum html_state */
	char name[LEGACY_NAME_MAX + 1];
	size_t name_len, matched;
	uint8_t quote, last;
};

/* from: where the part's body begins. */
void legacy_finder_init(struct legacy_finder *f, bool is_html,
    enum transfer_encoding cte, uint64_t from);
/* The body's octets as they stand, in pieces. */
void legacy_finder_write(struct legacy_finder *f, struct bytes in);

/* --- legacy_text.c --- */

/* What is hidden, a line for each field, with LF. */
struct legacy_fields {
	struct buf utf8;
	struct buf ascii; /* as the header has them, in encoded words */
	bool is_8bit;	  /* utf8 is not ASCII */
};
/* All empty: nothing is hidden that a person sees, or too much to be shown.
 * Only CS_ERR_NO_MEMORY; clear it in any case. */
int CS_MUST_USE legacy_fields_init(
    struct legacy_fields *fields, struct bytes header);
void legacy_fields_clear(struct legacy_fields *fields);

struct legacy_form {
	bool is_html;
	bool is_start;		 /* nothing stands before it */
	bool is_utf8, is_latin1; /* text/plain: else ASCII is all there is */
	size_t pad;		 /* spaces more */
	const char *eol;
};
/* The element as it is shown, in the part's character set. */
int CS_MUST_USE legacy_put_text(const struct legacy_fields *fields,
    const struct legacy_form *form, struct buf *out);

/* --- legacy_make.c --- */

/* Finds the Main Body Parts of a mail while it is scanned. */
struct legacy_scan;
/* *scan NULL: the mail hides nothing that a person sees, or is not to have
 * elements. Free it by legacy_scan_free. */
int CS_MUST_USE legacy_scan_new(
    struct smime_mail *mail, struct legacy_scan **scan);
void legacy_scan_free(struct legacy_scan *scan);
/* Of every entity, after it was decided whether it is opened. */
int CS_MUST_USE legacy_scan_header(struct legacy_scan *scan,
    const struct parser_header *h, const struct media_type *mt,
    enum transfer_encoding cte, bool is_open);
/* Of every leaf. */
void legacy_scan_begin(struct legacy_scan *scan, const struct parser_area *a);
void legacy_scan_text(struct legacy_scan *scan, struct bytes in);
/*
 * is_utf8: the body is, as far as it is not ASCII. *flags: enum lines_flag of
 * what was put into a part that stands without a transfer encoding; 0 where
 * nothing was.
 */
int CS_MUST_USE legacy_scan_end(struct legacy_scan *scan,
    const struct parser_area *a, bool is_utf8, unsigned *flags);

#endif
