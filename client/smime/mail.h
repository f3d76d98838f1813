/*
 * mail.h: what scan.c found out about a mail and entity.c and the writers
 * use: internal to this folder.
 *
 * The record of a mail is small whatever its size: its header section, and a
 * list of edits, which are the places where the entity to be signed is not
 * the input with CRLF line ends.
 */
#ifndef CLIENT_SMIME_MAIL_H
#define CLIENT_SMIME_MAIL_H

#include "client/cms/compressed.h"
#include "client/smime/header.h"
#include "client/smime/parser.h"
#include "client/smime/smime.h"

enum edit_kind {
	EDIT_NONE,	 /* a place kept for a decision that was not needed */
	EDIT_CTE,	 /* a Content-Transfer-Encoding field, or its place */
	EDIT_QP,	 /* a text: quoted-printable */
	EDIT_QP_AGAIN,	 /* quoted-printable, done better */
	EDIT_BASE64,	 /* lines in CRLF form: base64 */
	EDIT_BASE64_RAW, /* octets as they are: base64 */
};

struct edit {
	uint64_t from, to; /* in the input; sorted, no overlap */
	uint8_t kind;	   /* enum edit_kind */
	uint8_t cte;	   /* EDIT_CTE: enum transfer_encoding */
	bool is_7bit_only; /* not when 8-bit text may stay */
};

/* A CTE field, the body and a container's field for each part. */
#define EDITS_MAX (2 * (size_t)SMIME_PARTS_MAX + 64)

/* Octets in place of a range of the input, which may be empty; like the input
 * they come before all that the edits do. */
struct insertion {
	uint64_t from, to; /* in the input; sorted, no overlap */
	struct buf octets;
};
#define INSERTIONS_MAX 32

struct entity {
	struct source source; /* first */
	struct smime_mail *mail;
	bool is_7bit;
};

/* The entity as application/pkcs7-mime; smime-type=compressed-data. */
struct compressed_entity {
	struct source source; /* first */
	struct compressed_source cms;
};

struct smime_mail {
	struct input *in;
	bool is_cr;	   /* CR alone ends lines */
	bool has_lone_lf;  /* not everything is CRLF already */
	struct buf header; /* the section, CR as LF where is_cr */
	uint64_t body, end;
	/* The entity's own header, by is_7bit: */
	enum transfer_encoding cte[2]; /* CTE_NONE: what is there stays */
	const char *charset;	       /* no Content-Type: what text it is */
	struct edit *edits;
	size_t edits_len, edits_cap;
	enum smime_headers headers;
	/* Legacy Display elements (legacy_make.h) */
	bool wants_legacy;
	struct insertion insertions[INSERTIONS_MAX];
	size_t insertions_len;
	struct buf legacy_type; /* the entity's Content-Type, marked; or "" */
	bool has_legacy_text;	/* it has none, and is to be marked */
	bool is_blocked;	/* cannot be detached, since: */
	struct err why;
	struct entity entities[2]; /* by is_7bit */
	bool is_compressed;
	struct compressed_entity compressed;
	/* The scan: */
	bool has_header;    /* header and body are known */
	bool is_scanned;    /* so is the rest */
	bool will_edit;	    /* it is clear that there will be edits */
	struct sink *ahead; /* gets the 7-bit entity meanwhile, or NULL */
	bool is_ahead;	    /* and what it got is the entity */
};

/* The stage before the parser that gives the entity out (ahead.c). */
struct ahead {
	struct sink sink;
	struct smime_mail *mail;
	struct parser *parser;
	struct sink *to, *canon, *first;
	struct buf header; /* as it was given */
	uint64_t offset;   /* of the next octet in the input */
	bool is_on;	   /* nothing spoke against it so far */
	bool has_begun;	   /* the header was given */
	bool is_canonical; /* no lone LF is expected */
};

/* at: offset of what comes first. Everything is borrowed. */
void ahead_init(struct ahead *a, struct smime_mail *mail, struct parser *parser,
    uint64_t at);
/* After the parser's finish: sets mail->is_ahead if it is so. */
int CS_MUST_USE ahead_end(struct ahead *a, struct err *e);
void ahead_clear(struct ahead *a);

/* Where the mail begins in the input; sets is_cr where it is not known yet. */
int CS_MUST_USE mail_scan_start(
    struct smime_mail *m, uint64_t *start, struct err *e);
/* Scans all of the mail, of which the header is known or not. */
int CS_MUST_USE mail_scan_rest(struct smime_mail *mail, struct err *e);

/* "Content-Transfer-Encoding: base64" CRLF and so on; static. */
const char *mail_cte_line(enum transfer_encoding cte);
/* Is it one of the entity's own fields (Content-...)? One that only a mailbox
 * file knows (Content-Length) is neither inside nor outside. */
bool mail_is_inner_field(const struct header_field *field);
bool mail_is_dropped_field(const struct header_field *field);

/* What of LINES_UNSAFE the flags have, in words; static. */
const char *mail_describe_unsafe(unsigned flags);

/* The entity's own header section and the empty line behind it. */
int CS_MUST_USE entity_write_header(
    const struct entity *t, struct sink *out, struct err *e);

int entity_run(struct source *source, struct sink *sink, struct err *e);
/*
 * Writes the mail's fields that stay outside, in CRLF form: all but those of
 * the entity and MIME-Version.
 */
int CS_MUST_USE mail_write_outer(
    struct bytes section, struct sink *out, struct err *e);
/* Writes text. */
int CS_MUST_USE mail_write_str(
    struct sink *out, const char *text, struct err *e);

#endif
