/*
 * verdict_mail.h: what the verdict on a whole mail has beside its layers: the
 * header fields that a person sees, the parts of what the layers hold, and a
 * verdict of its own for everything inside that is signed or encrypted by
 * itself, or is a message.
 */
#ifndef CLIENT_CMS_VERDICT_MAIL_H
#define CLIENT_CMS_VERDICT_MAIL_H

#include "asn1/say.h"
#include "client/cms/verdict.h"

#define VERDICT_PARTS_MAX 1000 /* listed; all are counted */
#define VERDICT_INNER_MAX 100  /* verdicts inside of one verdict */

struct verdict_part {
	char *path;	   /* "1", "2.1": as IMAP counts (RFC 9051 6.4.5) */
	char *type;	   /* "text/plain"; "" when it is not clear */
	char *name;	   /* file name, quoted; NULL: none */
	uint64_t len;	   /* octets as they stand, with transfer encoding */
	bool is_outside;   /* beside what the signature covers */
	bool is_held_back; /* not let out (message.h) */
	bool is_signed;	   /* set by verdict_judge_mail */
	bool is_encrypted;
	/* Its text begins with header fields for older programs, and programs
	 * that know leave them out (RFC 9788 4.5.3), so it says: */
	enum part_legacy {
		LEGACY_NONE,	/* it does not say so */
		LEGACY_IGNORED, /* without an encryption it means nothing */
		LEGACY_ABSENT,	/* nothing is left out */
		LEGACY_MATCHES, /* they are fields that are protected */
		LEGACY_DIFFERS, /* they are something else */
	} legacy;
	char *legacy_text; /* what is left out, to be judged; or NULL */
};

/* One header field that may stand in several places. */
struct verdict_header {
	char *name;
	char *outer; /* quoted; NULL: not there */
	char *inner; /* the protected one */
	enum header_state {
		HEADER_SAME,
		HEADER_DIFFERS,
		HEADER_CONFIDENTIAL, /* the outer one was made to differ */
		HEADER_ADDED,	     /* outside only */
		HEADER_INNER_ONLY,
	} state;
	bool is_signed; /* the inner one */
	bool is_encrypted;
};

struct verdict_mail {
	char *part; /* where it is in the mail around it; NULL: it is all */
	bool is_message; /* it has a header of its own */
	/* As the header says them, quoted; NULL: there is none. */
	char *from, *sender, *subject, *date;
	/* RFC 9788: */
	bool has_protection; /* the innermost layer holds header fields */
	bool is_hp_cipher;   /* hp="cipher", else "clear" */
	bool is_legacy_wrap; /* RFC 8551 3.1: a whole message/rfc822 */
	struct finding protection;
	struct verdict_header *headers;
	size_t headers_len;

	struct verdict_part *parts;
	size_t parts_len;
	size_t parts_count; /* all, listed or not */
	struct verdict **inner;
	size_t inner_len;
	const struct verdict *outer; /* what it is inside of; NULL */
};

/* Gives v one (v->mail). */
int CS_MUST_USE verdict_mail_new(struct verdict *v);
void verdict_mail_free(struct verdict_mail *mail);
/* A verdict inside v, which owns it; NULL: no memory. */
struct verdict *verdict_add_inner(
    struct verdict *v, const char *part, bool is_message);
/* A part listed; NULL: no memory, or *is_full. Counted in any case. */
struct verdict_part *verdict_add_part(struct verdict *v, bool *is_full);
struct verdict_header *verdict_add_header(struct verdict *v);
static inline const char *
verdict_header_state_name(enum header_state s)
{
	static const char *const names[] = {"same", N_("differs"),
	    N_("confidential"), N_("added"), N_("inner-only")};

	return names[s];
}

/* NULL: LEGACY_NONE. Static. */
static inline const char *
part_legacy_name(enum part_legacy l)
{
	static const char *const names[] = {
	    NULL, "ignored", "absent", "matches", "differs"};

	return names[l];
}

/* How far v was filled, to take it back to there. */
struct verdict_mark {
	size_t layers, warnings, parts, parts_count, inner;
	int fault;
};
struct verdict_mark verdict_mail_mark(const struct verdict *v);
void verdict_mail_cut(struct verdict *v, const struct verdict_mark *mark);

/* Is what the layers hold authentic: does an AEAD, or a signature that fits,
 * stand inside of every other encryption? False for what CBC alone holds. */
bool verdict_is_unauthenticated(const struct verdict *v);
/* At least one signer, and every one's integrity is good. */
bool verdict_layer_is_intact(const struct verdict_layer *layer);
/* Is anything in its layers signed or encrypted (certificates alone are
 * neither), or checked by a digest or a MAC; or can it not be read? */
bool verdict_is_protected(const struct verdict *v);
/* Is it encrypted, by a layer of its own or around it, and opened? */
bool verdict_is_encrypted(const struct verdict *v);

/*
 * verdict_judge for v and all inside it, and then for the whole: a mail that
 * has no layers, and something in it that has, is PARTIAL (CS_ERR_PARTLY), or
 * what the worst of these is, if one is bad or not trusted. Of which something
 * is withheld is withheld as a whole; what the verdict would tell of the
 * content (subjects, names of files) is taken out of it.
 */
int verdict_judge_mail(struct verdict *v);

#endif
