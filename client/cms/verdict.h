/*
 * verdict.h: what reading a message found: one structure for library, text
 * and JSON (doc/verdict.md, doc/verdict.schema.json).
 *
 * A message is a list of layers, outermost first. Each finding is a state
 * with a code of err.def (0 where the state is good) and a sentence.
 */
#ifndef CLIENT_CMS_VERDICT_H
#define CLIENT_CMS_VERDICT_H

#include "asn1/alg/alg.h"
#include "client/pkix/cert.h"

enum finding_state {
	FINDING_NOT_CHECKED, /* nobody asked, or it could not be reached */
	FINDING_GOOD,
	FINDING_BAD,
	FINDING_UNKNOWN, /* checked, and could not be decided */
};

#define FINDING_TEXT_MAX 400
struct finding {
	enum finding_state state;
	int code; /* negative -CS_ERR_x, 0 when good or not checked */
	char text[FINDING_TEXT_MAX];
};

/* Sets all three; text by format. Returns code. */
int finding_set(struct finding *f, enum finding_state state, int code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

struct verdict_stamp;
struct verdict_ess;
struct verdict_receipt;
struct verdict_signer {
	struct cert *cert;    /* NULL when it was not found; owned */
	char *sid;	      /* issuer and serial, or key id, for people */
	enum alg digest_alg;  /* ALG_NONE: not known */
	char *digest_name;    /* for people; always set */
	char *signature_name; /* "RSA-PSS with SHA-256", always set */
	bool has_signing_time;
	int64_t signing_time;	  /* the signer's claim */
	struct finding integrity; /* message digest and signature */
	struct finding chain;	  /* path to an anchor, purpose */
	struct finding revocation;
	struct finding address;	  /* From or Sender, or --from */
	struct finding algorithm; /* weak or not */
	char *address_claimed;	  /* the address looked for; NULL: none */
	char *address_certified;  /* all addresses in the certificate, ", " */
	struct cert_set *path;	  /* leaf first; NULL when there is none */
	/* Where the integrity is good: */
	const char *profile;	 /* "CAdES B-B", "CAdES B-T"; NULL: neither */
	struct buf capabilities; /* attrs_get_capabilities: what it can read */
	struct cert *encryption_cert; /* to be encrypted to; NULL; owned */
	struct verdict_stamp *stamps;
	size_t stamps_len;
	struct verdict_signer *counters; /* countersignatures on it */
	size_t counters_len;
	struct verdict_ess *ess; /* verdict_ess.h; NULL: nothing of it */
};

/* A time stamp on a signature. */
struct verdict_stamp {
	struct finding finding; /* does it prove anything? */
	int64_t time;
	char *policy;		       /* the authority's, dotted; or NULL */
	struct verdict_signer *signer; /* the authority; NULL: unreadable */
};

struct verdict_recipient {
	char *rid;	/* issuer and serial, or key id, for people */
	char *alg_name; /* "rsaEncryption" ... */
	bool is_ours;	/* opened with this one */
};

enum verdict_kind {
	VERDICT_SIGNED,
	VERDICT_ENCRYPTED,
	VERDICT_COMPRESSED,
	VERDICT_DIGESTED,
	VERDICT_AUTHENTICATED, /* by a MAC: AuthenticatedData */
};

struct verdict_layer {
	enum verdict_kind kind;
	char *format;	    /* "multipart/signed", "application/pkcs7-mime",
			       "SignedData" ... */
	char *content_type; /* eContentType for people */
	/* signed */
	struct verdict_signer *signers;
	size_t signers_len;
	uint64_t covered_len; /* octets of content under the signature */
	struct verdict_receipt *receipt; /* verdict_ess.h; NULL: it is none */
	/* encrypted; recipients of authenticated, too */
	char *cipher_name;     /* "aes256-gcm" */
	bool is_authenticated; /* AEAD, tag checked */
	struct finding decryption;
	struct verdict_recipient *recipients;
	size_t recipients_len;
	/* digested, authenticated */
	char *algorithm_name; /* "sha256", "hmac-sha256" */
	struct finding integrity;
};

enum verdict_summary {
	VERDICT_NONE,	   /* nothing signed, nothing encrypted; where
			      digested or authenticated: unchanged */
	VERDICT_VERIFIED,  /* signed, everything good and trusted */
	VERDICT_UNTRUSTED, /* integrity good; chain, address ... not */
	VERDICT_BAD,	   /* integrity or decryption bad */
	VERDICT_DECRYPTED, /* encrypted only, opened */
	VERDICT_PARTIAL,   /* of a whole mail: something in it is signed or
			      encrypted, and the mail is not */
};

struct verdict_mail; /* verdict_mail.h */

struct verdict {
	struct verdict_layer *layers;
	size_t layers_len;
	char **warnings;
	size_t warnings_len;
	/* Why it cannot be read any further, innermost layer; 0: nothing. */
	int fault;
	char *fault_text;
	struct verdict_mail *mail; /* of a whole mail that was read; or NULL */
	/* Set by verdict_judge */
	bool is_withheld; /* a security label in it is not cleared */
	enum verdict_summary summary;
	int code;   /* 0, or the first that matters; gives the exit
		       status through err_exit_status */
	char *text; /* one sentence for a person */
};

struct verdict *verdict_new(void);
void verdict_free(struct verdict *v);
/* Takes back the layers and warnings beyond these, to fill them anew. */
void verdict_cut(struct verdict *v, size_t layers_len, size_t warnings_len);
/* Appends; NULL: no memory. The pointer is good until the next append. */
struct verdict_layer *verdict_add_layer(
    struct verdict *v, enum verdict_kind kind);
struct verdict_signer *verdict_add_signer(struct verdict_layer *layer);
struct verdict_signer *verdict_add_counter(struct verdict_signer *signer);
struct verdict_stamp *verdict_add_stamp(struct verdict_signer *signer);
struct verdict_recipient *verdict_add_recipient(struct verdict_layer *layer);
/* Beyond VERDICT_WARNINGS_MAX they are dropped. */
#define VERDICT_WARNINGS_MAX 100
int verdict_warn(struct verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Every signer of every signed layer counts, and every countersigner: one bad
 * signer, bad message. A time stamp that proves nothing changes nothing.
 * Fills summary, code, text. Returns code.
 *
 * A signer is bad whose integrity is not good; untrusted, where algorithm or
 * chain is not good, revocation is bad, or address is bad or unknown. An
 * encrypted layer whose decryption is not good is bad, and so is a digested or
 * authenticated one whose integrity is not. A signer whose security label is
 * not cleared (verdict_ess.h) makes it untrusted before all else, with
 * CS_ERR_LABEL, and withheld. A message without any
 * layer has code 0; one whose signed layers have no signers (certificates
 * only) CS_ERR_NOT_SIGNED, both with summary NONE.
 */
int verdict_judge(struct verdict *v);
/* What counts first against that signer, countersigners left out, and its
 * code; NULL and 0: nothing. */
const struct finding *verdict_signer_fault(
    const struct verdict_signer *s, int *code);
/* What follows the layers cannot be read; the first fault stays, and makes the
 * message bad. Only CS_ERR_NO_MEMORY. */
int CS_MUST_USE verdict_set_fault(
    struct verdict *v, int code, const char *text);
/* Judged so that the content may go out: not withheld, and VERIFIED, UNTRUSTED,
 * DECRYPTED, PARTIAL, and NONE of a message with layers and no fault. */
bool verdict_lets_out(const struct verdict *v);
/* What is read is no signed message, for the reason that text tells: without
 * layers, summary NONE, code CS_ERR_NOT_SIGNED. CS_ERR_NO_MEMORY. */
int CS_MUST_USE verdict_set_unsigned(struct verdict *v, const char *text);
/* Static names, as in JSON: "verified", "signed", "not-checked". */
const char *verdict_summary_name(enum verdict_summary summary);
const char *verdict_kind_name(enum verdict_kind kind);
const char *finding_state_name(enum finding_state state);
/* JSON, one line, into b: doc/verdict.schema.json. */
int CS_MUST_USE verdict_to_json(const struct verdict *v, struct buf *b);
/* Lines for a person, without colour; verbose adds chain and algorithms. */
int CS_MUST_USE verdict_to_text(
    const struct verdict *v, bool is_verbose, struct buf *b);

#endif
