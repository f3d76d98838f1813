/*
 * reader_int.h: what the files of the reader share. Not for others.
 */
#ifndef CLIENT_CMS_READER_INT_H
#define CLIENT_CMS_READER_INT_H

#include "asn1/alg/cipher.h"
#include "asn1/alg/mac.h"
#include "asn1/ber.h"
#include "asn1/cert_id.h"
#include "client/cms/reader.h"
#include "client/pkix/ocsp.h"

/* What one run over a message learns for the next. */
struct cms_memo {
	struct secret *key;    /* the content-encryption key, once opened */
	size_t used;	       /* which of the recipients that are ours */
	size_t skip;	       /* those of ours that were tried in vain */
	struct buf auth_attrs; /* SET OF, in DER: the AAD */
	bool has_auth_attrs;
	enum alg digests[CMS_DIGESTS_MAX]; /* needed though not announced */
	size_t digests_len;
};

/* Where the parser is: the element around the present one. */
enum reader_place {
	PLACE_TOP,
	PLACE_CONTENT_INFO,
	PLACE_CONTENT,
	PLACE_SIGNED,
	PLACE_DIGESTS,
	PLACE_ENCAP,
	PLACE_ECONTENT,
	PLACE_CERTIFICATES,
	PLACE_CRLS,
	PLACE_SIGNERS,
	PLACE_ENVELOPED,
	PLACE_AUTH_ENVELOPED,
	PLACE_RECIPIENTS,
	PLACE_ENCRYPTED,
	PLACE_COMPRESSED,
	PLACE_DIGESTED,
	PLACE_ENCRYPTED_DATA,
	PLACE_AUTHENTICATED,
	PLACE_BY_TYPE, /* as contentType said */
};

/* What is captured or streamed. */
enum reader_item {
	ITEM_NONE,
	ITEM_TYPE,
	ITEM_VERSION,
	ITEM_DIGEST,
	ITEM_CONTENT_TYPE,
	ITEM_CONTENT,
	ITEM_CERTIFICATE,
	ITEM_CRL,
	ITEM_SIGNER,
	ITEM_RECIPIENT,
	ITEM_CIPHER,
	ITEM_CIPHERTEXT,
	ITEM_AUTH_ATTRS,
	ITEM_MAC,
	ITEM_COMPRESSION,
	ITEM_AUTH_DIGEST,
};

/* One field of a SEQUENCE, or the elements of a SET OF. */
struct reader_field {
	const char *name; /* NULL: there are no more fields */
	int tag;	  /* -1: any */
	int tag_other;	  /* constructed form of a string; else 0 */
	enum ber_action action;
	enum reader_place place; /* BER_ENTER */
	enum reader_item item;	 /* BER_CAPTURE, BER_STREAM */
	bool is_optional;
	bool is_repeated;
};

struct reader_level {
	enum reader_place place;
	unsigned step; /* the next field that may come */
};

struct cms_reader {
	struct cms_reader_params params;
	struct verdict *verdict; /* NULL: content only */
	size_t layer;		 /* index in it */
	struct sink *content;	 /* may be NULL */
	struct err err;
	const char *field; /* the one being read, for messages; static */
	bool is_field_told;
	struct ber *ber;
	struct reader_level levels[BER_DEPTH_MAX + 2];
	enum reader_item item;
	enum cms_type type;
	struct buf content_type; /* OID content octets */
	bool wants_rerun;

	/* SignedData */
	enum alg digests[CMS_DIGESTS_MAX]; /* announced and known */
	size_t digests_len;
	struct digest *digest; /* of the content inside */
	bool has_content, is_encap_ended;
	uint64_t content_len;
	uint8_t head[CMS_HEAD_LEN];
	struct cert_set *certificates;
	size_t certificates_count, certificates_len;
	struct crl_set *crls;	/* NULL: none came */
	struct ocsp_set *ocsps; /* likewise */
	size_t crls_count, crls_len;
	struct elements signers;
	struct buf receipt; /* the content, where it is one */

	/* EnvelopedData and AuthEnvelopedData */
	struct elements recipients;
	struct buf cipher_alg; /* AlgorithmIdentifier, DER */
	struct cipher_params cipher_params;
	struct cipher *cipher; /* NULL: not opened, or ended */
	bool is_started;       /* did encryptedContent begin? */
	bool has_more;	       /* another recipient could be tried */
	bool is_type_told;     /* contentType is authenticated */
	struct buf mac;
	uint8_t *plain; /* READER_PLAIN_LEN, once needed */

	/* EncryptedData under a password: its key derivation */
	struct buf kdf;
	/* CompressedData: the stage, which writes to after_inflate */
	struct sink *inflate;
	struct sink after_inflate;
	/* AuthenticatedData */
	struct mac *mac_stream; /* NULL: no key */
	bool has_auth_digest;
	struct buf auth_attrs; /* SET OF, in DER */
	/* content that is CompressedData itself: read by another reader, whose
	 * failure counts only if this layer is good */
	struct cms_reader *inner;
	struct err inner_err;
};

#define READER_PLAIN_LEN (SINK_PIECE_LEN + CIPHER_BLOCK_MAX)

/* reader_fields.c: the field that an element with this tag is, or NULL: then
 * r->err tells what is wrong. */
const struct reader_field *reader_find_field(
    struct cms_reader *r, const struct ber_header *h);
/* Is nothing missing in the element that has ended? */
int CS_MUST_USE reader_check_end(
    struct cms_reader *r, const struct ber_header *h);

static inline struct verdict_layer *
reader_layer(const struct cms_reader *r)
{
	return &r->verdict->layers[r->layer];
}

/* Puts name into a field of the verdict. */
int CS_MUST_USE reader_set_text(char **field, const char *text);
/* "issuer CN=..., serial 01ab" or "key id 01ab"; to be freed, or NULL. */
char *reader_describe_id(const struct cert_id *id);
/* Does the identifier mean this certificate? A key id may be the one in it or
 * the SHA-1 of the key (some senders invent it: RFC 5280 4.2.1.2). */
bool reader_is_id_of(const struct cert_id *id, const struct cert *c);
/* reader_certs.c: is the certificate, or the list, wanted; and what came. */
bool reader_wants_certificate(const struct cms_reader *r);
bool reader_wants_crl(struct cms_reader *r, const struct ber_header *h);
int CS_MUST_USE reader_take_certificate(
    struct cms_reader *r, struct bytes element);
int CS_MUST_USE reader_take_crl(struct cms_reader *r, struct bytes element);

/* reader_keep.c: a copy for params.parts, where they are wanted. */
int CS_MUST_USE reader_keep(
    struct cms_reader *r, enum reader_item item, struct bytes element);
int CS_MUST_USE reader_keep_rest(struct cms_reader *r);
/* Gives content octets to the next stage. */
int CS_MUST_USE reader_pass(struct cms_reader *r, struct bytes run);

/* --- reader_path.c --- */

/* As path_find, with what came in the message; as_of (NULL: the trust's time,
 * or now) is when it has to be valid. */
int reader_find_path(const struct cms_reader *r, struct cert *leaf,
    const int64_t *as_of, struct path_result *path);
/*
 * The key to check a signature by c with. A DSA key that inherits its
 * parameters is none without a path, since whoever could choose them could
 * make any signature fit: CS_ERR_ALGORITHM. path, to be cleared, must outlive
 * the key.
 */
int CS_MUST_USE reader_get_signer_key(const struct cms_reader *r,
    struct cert *c, struct path_result *path, struct spki *key);
/* Only the signer says when; so an expired certificate stays expired. */
void reader_add_time_remark(
    struct verdict_signer *s, const struct path_result *path);
void reader_judge_revocation(struct finding *f, const struct path_result *path,
    enum path_revocation rule);

/* reader_signed.c: adds a signer to the verdict for each SignerInfo. */
int CS_MUST_USE reader_judge_signers(struct cms_reader *r);

/* judge_ess.c: keeps content that is a Receipt; when all signers are judged:
 * compares what they ask for, and judges the Receipt. */
void reader_keep_receipt(struct cms_reader *r, struct bytes run);
int CS_MUST_USE reader_judge_receipt(struct cms_reader *r);

/* The message cannot be opened: a finding, and no failure to read on. */
int CS_MUST_USE reader_cannot_open(
    struct cms_reader *r, int code, const char *text);
/*
 * reader_recipients.c: lists the recipients in the verdict and gives the key of
 * key_len octets that the message is encrypted (or authenticated) with, from
 * an earlier run, from the agent, or by a key or password of the params. NULL
 * with code 0: the verdict tells why there is none. alg: the content's
 * AlgorithmIdentifier.
 */
int CS_MUST_USE reader_get_key(struct cms_reader *r, size_t key_len,
    struct bytes alg, struct secret **key);

/* reader_other.c */
int CS_MUST_USE reader_take_compression(
    struct cms_reader *r, struct bytes element);
int CS_MUST_USE reader_take_auth_digest(
    struct cms_reader *r, struct bytes element);
int CS_MUST_USE reader_take_mac_attrs(
    struct cms_reader *r, struct bytes element);
/* Before the first octet of content, by type. */
int CS_MUST_USE reader_start_inflate(struct cms_reader *r);
int CS_MUST_USE reader_start_mac(struct cms_reader *r);
/* The key of EncryptedData, as reader_get_key. */
int CS_MUST_USE reader_get_direct_key(
    struct cms_reader *r, struct secret **key);
/* EncryptedData under a password names its cipher inside of PBES2 (RFC 8018
 * 6.2): cipher_alg becomes the inner one. */
int CS_MUST_USE reader_take_pbes2(struct cms_reader *r);
int CS_MUST_USE reader_finish_digested(struct cms_reader *r);
int CS_MUST_USE reader_finish_authenticated(struct cms_reader *r);

/* Makes the inner reader if the content's type asks for one; feeds it; ends
 * it. */
int CS_MUST_USE reader_start_inner(struct cms_reader *r);
int CS_MUST_USE reader_pass_inner(struct cms_reader *r, struct bytes run);
int CS_MUST_USE reader_finish_inner(struct cms_reader *r);

/* reader.c: adds the layer that the reader fills. */
int CS_MUST_USE reader_add_layer(
    struct cms_reader *r, enum verdict_kind kind, const char *name);

/* reader_enveloped.c */
int CS_MUST_USE reader_start_decrypt(struct cms_reader *r);
int CS_MUST_USE reader_decrypt(struct cms_reader *r, struct bytes run);
int CS_MUST_USE reader_end_ciphertext(struct cms_reader *r);
int CS_MUST_USE reader_take_auth_attrs(
    struct cms_reader *r, struct bytes element);
int CS_MUST_USE reader_finish_enveloped(struct cms_reader *r);

#endif
