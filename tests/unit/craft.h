/*
 * craft.h: messages that no honest program makes, for tests of readers.
 */
#ifndef TESTS_UNIT_CRAFT_H
#define TESTS_UNIT_CRAFT_H

#include "asn1/attrs.h"
#include "tests/unit/cms_util.h"

/* A SignedData with one signer. All zero but who and content is a good one
 * without signed attributes. */
struct craft_signed {
	enum person who;
	struct bytes content;
	enum oid content_type;	    /* 0: data */
	enum alg digest;	    /* 0: SHA-256 */
	enum alg announced;	    /* 0: the same */
	struct bytes signature_alg; /* AlgorithmIdentifier; empty: fitting */
	struct buf *attrs; /* content of the SET, as it is sent; or NULL */
	struct buf *unsigned_attrs; /* content of the SET; or NULL */
	bool signs_as_sent;  /* over attrs in their order, not in DER's */
	struct bytes signs;  /* not empty: over this */
	struct bytes key_id; /* not empty: names the signer by it */
	bool is_detached;
	bool has_no_signer;
	bool has_no_certs;
	struct cert *const *certs; /* before the signer's; NULL at the end */
	struct bytes raw_cert;	   /* anything, in the certificates */
	struct bytes raw_crl;	   /* anything, in the CRLs */
	unsigned signers;	   /* the same one several times; 0: 1 */
	unsigned version;	   /* 0: 1 */
};
void craft_signed(const struct craft_signed *c, struct buf *out);
/* contentType (data) and messageDigest (SHA-256) of content, as they stand
 * before anything else is added. */
void craft_attrs(struct buf *attrs, struct bytes content);
void craft_attrs_with(struct buf *attrs, enum alg digest, struct bytes content);

/* An EnvelopedData or AuthEnvelopedData for Alice. */
struct craft_enveloped {
	struct bytes content;
	enum alg cipher;
	bool is_auth;	     /* AuthEnvelopedData, whatever the cipher */
	struct buf *attrs;   /* authAttrs' content, as sent; or NULL */
	struct bytes params; /* not empty: the AlgorithmIdentifier written */
	size_t tag_len;	     /* octets written; 0: all */
	bool has_decoy; /* a first recipient, Alice too, with a wrong key */
	bool has_no_content;
	bool changes_tag;
	struct bytes recipient;	  /* raw, before the good one */
	const struct secret *key; /* the content's; NULL: a random one */
	unsigned version;
};
void craft_enveloped(const struct craft_enveloped *c, struct buf *out);

/* DER to BER: indefinite lengths, OCTET STRINGs in segments of seg_len. */
void craft_ber(struct bytes der, size_t seg_len, struct buf *out);

#endif
