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
	uint64_t start; /* behind an mbox's first line; 0: there is none */
	uint64_t body;
	struct media_type type; /* params borrowed of header */
	size_t types;		/* how many Content-Type fields */
};

/* *start: behind the line that begins a mail in an mbox; 0: there is none. */
int CS_MUST_USE reading_find_start(
    struct input *in, uint64_t *start, struct err *e);
/* What the last layer is called: copied. */
int CS_MUST_USE reading_set_format(
    struct reading *r, const char *format, struct err *e);
/* A part's front: fields up to the empty line, and what follows. */
void reading_split_part(
    struct bytes part, struct bytes *section, struct bytes *body);

/* edit.c: what smime_edit wants while the mail is read. */
struct smime_edit {
	const struct cms_edit_params *params;
	bool is_counter;
	struct sink *out;
};
/* What a multipart/signed was found to be. */
struct edit_signed {
	struct bytes boundary;
	struct bytes signature;	     /* ContentInfo */
	uint64_t part_from, part_to; /* the signature's part, with its header */
	bool is_canonical;	     /* lone LFs were taken as CRLF */
	struct digest *digest;
	uint64_t content_len;
	struct bytes content_head;
};
int CS_MUST_USE reading_edit_signed(
    struct reading *r, const struct edit_signed *s, struct err *e);
int CS_MUST_USE reading_edit_pkcs7(
    struct reading *r, struct source *cms, struct err *e);

/* read_signed.c: multipart/signed. */
int CS_MUST_USE reading_signed(struct reading *r, struct err *e);
/* The signature part as it stands: base64, its line ends, its header. */
#define SIGNATURE_PART_MAX (SMIME_SIGNATURE_MAX / 2 * 3)
/* Its DER; name is for messages. CS_ERR_NOT_SIGNED: it is no CMS. */
int CS_MUST_USE reading_decode_signature(
    struct bytes part, const char *name, struct buf *der, struct err *e);
/* Which digests the header announces; SHA-256 if none that is known. */
#define READING_HINTS_MAX 4
size_t reading_find_hints(const struct media_type *type, enum alg *algs);
bool reading_has_all(
    const struct digest *digest, const enum alg *algs, size_t n);
/*
 * Mail programs may show every part, and the one mark of a good signature
 * above all of them: what has more than the two of RFC 1847 is not signed.
 */
void reading_refuse_parts(struct verdict *v, size_t layers_from);
/* read_pkcs7.c: the body is one CMS object. */
int CS_MUST_USE reading_pkcs7(struct reading *r, struct err *e);
/* Stages that undo a transfer encoding, in front of out, which they do not
 * finish. front: where the encoded octets begin, to tell a body whose field
 * is wrong or missing. *stage NULL: nothing to undo. */
int CS_MUST_USE reading_new_decoder(enum transfer_encoding cte,
    struct bytes front, struct sink *out, struct sink **stage, struct err *e);

#endif
