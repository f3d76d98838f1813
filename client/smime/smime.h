/*
 * smime.h: S/MIME 4.0 (RFC 8551): mails in, mails out.
 */
#ifndef CLIENT_SMIME_SMIME_H
#define CLIENT_SMIME_SMIME_H

#include "client/cms/edit.h"
#include "client/cms/enveloped.h"
#include "client/cms/input.h"
#include "client/cms/output.h"
#include "client/cms/release.h"
#include "client/cms/signed.h"

#define SMIME_HEADER_MAX ((size_t)1 << 20) /* one header section, held */
#define SMIME_DEPTH_MAX 32		   /* nested multiparts */
#define SMIME_PARTS_MAX 20000
#define SMIME_SIGNATURE_MAX ((size_t)4 << 20) /* smime.p7s, decoded */

/* --- sending --- */

/* What scanning the mail found, before anything is signed. */
struct smime_mail;
/*
 * Reads the whole input once: header section, MIME structure, what is not
 * transport-safe and where. Takes an RFC 5322 message or a bare MIME entity;
 * a leading mbox "From " line is dropped. Mail that breaks the syntax in the
 * body is still taken, as text; CS_ERR_NOT_MESSAGE only if there is not even
 * a header (empty input, or first line no header field), CS_ERR_MULTIPLE for
 * an mbox with several messages.
 */
/* CS_ERR_TOO_LARGE: its header section is over SMIME_HEADER_MAX. The input
 * must outlive the mail. */
int CS_MUST_USE smime_mail_scan(
    struct input *in, struct smime_mail **mail, struct err *e);
/*
 * The same in two steps, for who wants to know the header first: open reads
 * it, scan_rest everything. Between them only the header's functions and
 * smime_sign in the form SMIME_OPAQUE may be called: that one then hashes what
 * is signed in the run that scans, which saves it one over large mails.
 */
int CS_MUST_USE smime_mail_open(
    struct input *in, struct smime_mail **mail, struct err *e);
int CS_MUST_USE smime_mail_scan_rest(struct smime_mail *mail, struct err *e);
void smime_mail_free(struct smime_mail *mail);
/* The addr-specs of a header (From, Sender, To, Cc, Bcc): fn for each, of all
 * fields of that name. A negative result of fn ends it and is returned;
 * CS_ERR_ENCODING: an address list that cannot be understood. */
int smime_mail_walk_addresses(const struct smime_mail *mail, const char *header,
    int (*fn)(void *ctx, struct bytes address), void *ctx);
bool smime_mail_has_header(const struct smime_mail *mail, const char *header);
/* Takes every field of that name out of what is written (not of the input),
 * such as Bcc. Content- fields are not for this. */
int CS_MUST_USE smime_mail_remove_header(
    struct smime_mail *mail, const char *header);
/* Header protection (RFC 9788). */
enum smime_headers {
	SMIME_HEADERS_PLAIN,   /* none */
	SMIME_HEADERS_PROTECT, /* a copy inside: hp="clear" */
	SMIME_HEADERS_HIDE,    /* and, of an encrypted mail, the subject not
				  outside: hp="cipher", hcp_baseline */
};
void smime_mail_set_headers(
    struct smime_mail *mail, enum smime_headers headers);
/*
 * With SMIME_HEADERS_HIDE, set before it as well as smime_mail_scan_rest: the
 * texts that a reader sees first begin with what is hidden outside, for
 * programs that do not know header protection (RFC 9788 5.2.2, 5.2.3).
 */
void smime_mail_set_legacy(struct smime_mail *mail, bool is_on);
/* Readers are told of the copy by Content-Type: false if that is not clear,
 * so that they would not look for it. */
bool smime_mail_can_protect(const struct smime_mail *mail);
/*
 * Can it be signed as multipart/signed? False if something that must not be
 * re-encoded (a multipart/signed, a message/rfc822, 8-bit text outside of
 * parts, a protected header field) is not transport-safe; why (may be NULL)
 * says what.
 */
bool smime_mail_can_detach(const struct smime_mail *mail, struct err *why);
/*
 * The MIME entity to be signed or encrypted: the mail's own Content- headers
 * and body, canonical (CRLF), parts made transport-safe by base64 or
 * quoted-printable where is_7bit asks for it and re-encoding is allowed.
 * Binary parts become base64 in any case, since CRLF form would harm them.
 * Borrowed of mail; may be run any number of times.
 */
struct source *smime_mail_get_entity(struct smime_mail *mail, bool is_7bit);
/* From now on the entity is a compressed one (RFC 8551 3.6) around that; it can
 * always be detached. */
void smime_mail_compress(struct smime_mail *mail);

enum smime_form { SMIME_DETACHED, SMIME_OPAQUE };

/*
 * SMIME_DETACHED of a mail that cannot be detached is written opaque.
 * Writes the mail signed: its headers but Content-*, then MIME-Version and
 * multipart/signed (RFC 8551 3.5.3; micalg, protocol, boundary) or
 * application/pkcs7-mime; smime-type=signed-data. Line ends: CRLF. This is
 * the last that is done with a mail: what was read of a pipe is let go.
 */
int CS_MUST_USE smime_sign(struct smime_mail *mail, enum smime_form form,
    const struct cms_sign_params *params, struct sink *out, struct err *e);
/*
 * Certificates alone (RFC 8551 3.8): a MIME entity, application/pkcs7-mime;
 * smime-type=certs-only, with no header but its own. certs is not changed.
 */
int CS_MUST_USE smime_write_certs_only(
    struct cert_set *certs, struct sink *out, struct err *e);
/*
 * Adds the certificates of such a mail; whom to trust is not asked.
 * CS_ERR_NO_CERT: there is none, or the mail is signed, so that what it
 * carries is its signers'; else what smime_read returns.
 */
int CS_MUST_USE smime_read_certs_only(
    struct input *in, struct cert_set *certs, struct err *e);

/* Likewise application/pkcs7-mime; enveloped-data or authEnveloped-data. */
int CS_MUST_USE smime_encrypt(struct smime_mail *mail,
    const struct cms_encrypt_params *params, struct sink *out, struct err *e);

/* Likewise, with this entity instead of the mail's own. */
int CS_MUST_USE smime_encrypt_entity(struct smime_mail *mail,
    struct source *entity, const struct cms_encrypt_params *params,
    struct sink *out, struct err *e);
/*
 * Likewise, and signed again outside, as multipart/signed: a triple wrap
 * (RFC 2634 1.1) where the entity is a signed one. The encrypted entity is
 * kept in a spool (client/cms/spool.h) meanwhile, and nothing is written
 * before there is a signature.
 */
int CS_MUST_USE smime_encrypt_and_sign(struct smime_mail *mail,
    struct source *entity, const struct cms_encrypt_params *encrypt,
    const struct cms_sign_params *sign, struct sink *out, struct err *e);
/*
 * The mail's entity as multipart/signed, to be encrypted: detached, which
 * every reader takes inside of an encryption, whatever transport would do to
 * it. It is signed once, here; the source gives the same as often as it is
 * run. Borrows mail.
 */
struct smime_signed;
int CS_MUST_USE smime_signed_new(struct smime_mail *mail,
    const struct cms_sign_params *params, struct smime_signed **result,
    struct err *e);
struct source *smime_signed_get_entity(struct smime_signed *s);
/*
 * Writes what smime_sign writes for SMIME_DETACHED, at the price of one more
 * run over the mail: for an output that cannot take back what was written
 * when no signature can be had. The last that is done with the mail as well.
 */
int CS_MUST_USE smime_signed_write(
    struct smime_signed *s, struct sink *out, struct err *e);
void smime_signed_free(struct smime_signed *s);

/* A signed receipt (RFC 2634 2.4); everything is borrowed. */
struct smime_receipt {
	struct bytes value;		    /* Receipt, DER */
	const struct cms_sign_params *sign; /* content_type OID_RECEIPT */
	/* Addresses that address_is_valid takes. */
	const char *from; /* NULL: none */
	const char *const *to;
	size_t to_len;
	/* NULL: it goes as it is. Else it is encrypted, and outer signs that,
	 * with contentHints among its attributes (step 11). */
	const struct cms_encrypt_params *encrypt;
	const struct cms_sign_params *outer;
};
/* A whole mail: application/pkcs7-mime; smime-type=signed-receipt, or what
 * smime_encrypt_and_sign makes around such an entity. */
int CS_MUST_USE smime_write_receipt(
    const struct smime_receipt *receipt, struct sink *out, struct err *e);

/* --- reading --- */

struct smime_edit;
struct smime_read_params {
	struct cms_reader_params cms; /* detached is not used */
	bool wants_signed;	      /* verify: opens no encryption */
	bool wants_encrypted;	      /* decrypt: stops at the inner entity */
	const char *from; /* address to match instead of From; NULL: headers */
	bool checks_address; /* mail mode */
	/* In the released output, keep the outer headers (decrypt). */
	bool keeps_headers;
	const struct smime_edit *edit; /* of smime_edit alone */
	/*
	 * Instead of reading application/pkcs7-mime: gets the CMS object and
	 * the mail's header section. out is not used then.
	 */
	int (*take)(
	    void *ctx, struct source *cms, struct bytes header, struct err *e);
	void *take_ctx;
};
/* The header section with Content-Transfer-Encoding: base64, the empty line,
 * and what make writes, in base64. Line ends as in header. */
int CS_MUST_USE smime_write_again(struct bytes header,
    int (*make)(void *ctx, struct sink *out, struct err *e), void *ctx,
    struct sink *out, struct err *e);

/*
 * Reads an S/MIME mail: multipart/signed, application/pkcs7-mime
 * (x-pkcs7-mime, octet-stream with a .p7m name). A signed mail's covered
 * entity, or an encrypted mail's inner entity, goes to out by the rule of
 * release.h. LF line ends are taken as CRLF in what was signed.
 * CS_ERR_NOT_SIGNED / CS_ERR_NOT_ENCRYPTED when the mail is something else;
 * otherwise as cms_read. out NULL: only judge.
 */
int CS_MUST_USE smime_read(struct input *in,
    const struct smime_read_params *params, struct output *out,
    struct verdict *verdict, struct err *e);

/* --- more signatures --- */

/*
 * Reads a signed mail and writes it with more signatures (client/cms/edit.h):
 * params->sign's signers beside those that are there, or countersigning
 * them. A multipart/signed keeps its content octet by octet; the header is
 * written anew as smime_sign writes it. Errors: those of smime_read and
 * cms_edit_read.
 */
int CS_MUST_USE smime_edit(struct input *in,
    const struct cms_edit_params *params, bool is_counter, struct sink *out,
    struct err *e);

#endif
