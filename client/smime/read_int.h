/*
 * read_int.h: what the readers of S/MIME mails share: internal to this
 * folder.
 */
#ifndef CLIENT_SMIME_READ_INT_H
#define CLIENT_SMIME_READ_INT_H

#include "client/smime/parser.h"
#include "client/smime/smime.h"

struct reading {
	struct input *in;
	const struct smime_read_params *params;
	struct output *out; /* NULL: only judge */
	struct verdict *verdict;
	/* Of the mail's header: */
	struct buf header;
	bool is_clear; /* an empty line ended it */
	unsigned header_flags;
	uint64_t body;
	struct media_type type; /* params borrowed of header */
	size_t types;		/* how many Content-Type fields */
};

/* Is it what verdict_judge called fit to be let out (release.h)? */
bool reading_is_good(const struct verdict *v);
/* What the last layer is called: copied. */
int CS_MUST_USE reading_set_format(
    struct reading *r, const char *format, struct err *e);
/* A part's front: fields up to the empty line, and what follows. */
void reading_split_part(
    struct bytes part, struct bytes *section, struct bytes *body);

/* read_signed.c: multipart/signed. */
int CS_MUST_USE reading_signed(struct reading *r, struct err *e);
/* read_pkcs7.c: the body is one CMS object. */
int CS_MUST_USE reading_pkcs7(struct reading *r, struct err *e);
/* Stages that undo a transfer encoding, in front of out, which they do not
 * finish. front: where the encoded octets begin, to tell a body whose field
 * is wrong or missing. *stage NULL: nothing to undo. */
int CS_MUST_USE reading_new_decoder(enum transfer_encoding cte,
    struct bytes front, struct sink *out, struct sink **stage, struct err *e);

#endif
