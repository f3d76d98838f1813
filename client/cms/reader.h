/*
 * reader.h: any CMS message (RFC 5652 ContentInfo), read as a stream.
 *
 * The reader is a sink for the octets of one ContentInfo, BER or DER. It
 * judges SignedData, opens EnvelopedData, AuthEnvelopedData and EncryptedData,
 * checks DigestedData and AuthenticatedData, inflates CompressedData, and
 * refuses other types by name (CS_ERR_UNSUPPORTED). Content of type
 * CompressedData inside one of the others is inflated on the way. Content comes
 * out of it piece by piece as it is met: before it is judged. Who releases it
 * decides by the caller's rule (client/cms/release.h).
 */
#ifndef CLIENT_CMS_READER_H
#define CLIENT_CMS_READER_H

#include "client/cms/enveloped.h"
#include "client/cms/parts.h"
#include "client/cms/signed.h"

enum cms_type {
	CMS_UNKNOWN,
	CMS_SIGNED,
	CMS_ENVELOPED,
	CMS_AUTH_ENVELOPED,
	CMS_COMPRESSED,
	CMS_DIGESTED,
	CMS_ENCRYPTED,
	CMS_AUTHENTICATED,
	CMS_OTHER, /* known by name, not read */
};

struct label_rules; /* label.h */

/* What has to be seen of the content to tell what it is not. */
#define CMS_HEAD_LEN 16

struct cms_reader_params {
	const struct cms_trust *trust; /* for SignedData */
	/* What is withheld for its security label; NULL: nothing. */
	const struct label_rules *labels;
	const struct cms_key_ops *ops; /* for opening; may be NULL */
	/*
	 * The certificates whose keys the agent has: recipients are matched
	 * against them, without any card operation. May be NULL.
	 */
	const struct cert_set *own;
	/* Keys and passwords that the caller has; each is tried. */
	const struct cms_kek *keks;
	size_t keks_len;
	const struct secret *const *passwords;
	size_t passwords_len;
	/*
	 * Detached SignedData: the digests of the content, computed before
	 * (all that may be needed). NULL: the content is inside. detached_head
	 * is the content's front, CMS_HEAD_LEN octets of it or all.
	 */
	struct digest *detached;
	uint64_t detached_len;
	struct bytes detached_head;
	bool is_legacy; /* admits weak digests, signatures and ciphers */
	/* A time stamp's token: one signer, TSTInfo within, its certificate
	 * named (RFC 3161); nothing that others say of it is looked at. */
	bool is_token;
	/* Content of type CompressedData inside another type comes out as it
	 * stands, and not inflated. */
	bool is_raw;
	/* SignedData: gets what stands around the content; or NULL. */
	struct cms_parts *parts;
	/* What was inflated around this message; NULL: nothing. */
	struct inflate_count *inflated;
	/*
	 * What is carried from one run over the message to the next; NULL for
	 * a single run. A run needs another one where authenticated
	 * attributes (RFC 5083) stand behind the content, where a signer uses
	 * a digest that was not announced, and where another recipient can be
	 * tried.
	 */
	struct cms_memo *memo;
};

struct cms_memo;
/* Another digest (or DIGEST_CONTENT) is wanted from the next run on; false if
 * there is no room for it. */
bool cms_memo_want_digest(struct cms_memo *memo, enum alg alg);
struct cms_memo *cms_memo_new(void);
void cms_memo_free(struct cms_memo *memo);

struct cms_reader;

/*
 * content (may be NULL: throw away) gets the content octets and is not
 * finished by the reader. A layer is added to the verdict and filled as the
 * message is read; it and all in params must outlive the reader. verdict
 * NULL: nothing is judged and only the content is wanted, again; what cannot
 * be opened then is CS_ERR_CHANGED.
 */
int CS_MUST_USE cms_reader_new(const struct cms_reader_params *params,
    struct verdict *verdict, struct sink *content, struct cms_reader **reader,
    struct err *e);
void cms_reader_free(struct cms_reader *reader);
/*
 * Negative results are about the form of the message, about I/O or the agent.
 * What is wrong in substance (a bad signature, an untrusted chain, a wrong
 * key) is told by the verdict and is no failure here.
 *
 * CS_ERR_NOT_MESSAGE: no ContentInfo; CS_ERR_UNSUPPORTED: another type or
 * version; CS_ERR_ENCODING, CS_ERR_TOO_DEEP, CS_ERR_TOO_LARGE (cms.h),
 * CS_ERR_TRAILING; CS_ERR_NOT_SIGNED: encrypted, compressed or something else,
 * and there is trust and nothing to open with; CS_ERR_NOT_ENCRYPTED: signed,
 * and there is something to open with and no trust;
 * CS_ERR_ATTRIBUTES: broken authenticated attributes; what ops->open and the
 * content sink return.
 */
int CS_MUST_USE cms_reader_write(
    struct cms_reader *reader, struct bytes in, struct err *e);
/* Ends the message: truncated is CS_ERR_TRUNCATED; judges. CS_ERR_USAGE: a
 * detached signature without its content. */
int CS_MUST_USE cms_reader_finish(struct cms_reader *reader, struct err *e);
enum cms_type cms_reader_get_type(const struct cms_reader *reader);
/* True once the outer type is known to be SignedData without content. */
bool cms_reader_is_detached(const struct cms_reader *reader);
/* SignedData whose content is the Receipt of RFC 2634, no MIME entity. */
bool cms_reader_is_receipt(const struct cms_reader *reader);
/* For a message inside of the content, once there is content: its params'
 * inflated. Borrowed from the reader. */
struct inflate_count *cms_reader_get_inflated(const struct cms_reader *reader);
/* SignedData: was a SignerInfo met? */
bool cms_reader_has_signers(const struct cms_reader *reader);
/* After finish: the verdict's layer does not count, and the message should be
 * read again with the same memo. */
bool cms_reader_wants_rerun(const struct cms_reader *reader);

/*
 * A detached signature's needs, from its bytes alone, before the content is
 * hashed: the digest algorithms of all SignerInfos (and DIGEST_CONTENT, where
 * the content itself is signed), SHA-256 if there is none that is known.
 * Returns how many (1 to CMS_DIGESTS_MAX) or a negative code.
 */
int CS_MUST_USE cms_peek_digests(
    struct bytes cms, enum alg *digests, struct err *e);

#endif
