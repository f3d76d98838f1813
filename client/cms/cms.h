/*
 * cms.h: what all of client/cms shares: limits, and how private-key
 * operations reach the agent.
 */
#ifndef CLIENT_CMS_CMS_H
#define CLIENT_CMS_CMS_H

#include "asn1/secret.h"
#include "client/cms/sink.h"
#include "client/cms/verdict.h"

/* What a stranger may make us hold at once. */
#define CMS_ELEMENT_MAX ((size_t)256 << 10) /* a certificate, SignerInfo .. */
#define CMS_CERTIFICATES_MAX 512
/* CRLs in a message beyond these, or larger than CMS_ELEMENT_MAX, are passed
 * over. */
#define CMS_CRLS_MAX 64
#define CMS_CRLS_LEN_MAX ((size_t)1 << 20)
#define CMS_CERTIFICATES_LEN_MAX ((size_t)2 << 20) /* all together */
#define CMS_SIGNERS_MAX 64
#define CMS_SIGNERS_LEN_MAX ((size_t)1 << 20)
#define CMS_RECIPIENTS_MAX 1024
#define CMS_RECIPIENTS_LEN_MAX ((size_t)1 << 20)
#define CMS_DIGESTS_MAX 8
/* Content in DER, so that no length runs over. */
#define CMS_CONTENT_LEN_MAX ((uint64_t)1 << 60)

/*
 * The private-key operations, so that this folder needs no agent to be
 * tested. client/link has the one that asks the agent.
 */
struct cms_key_ops {
	/*
	 * Signs a digest (for EdDSA the message) with the key whose SPKI has
	 * that SHA-256. algorithm: AlgorithmIdentifier, DER. Appends the
	 * signature in CMS' form.
	 */
	int (*sign)(void *ctx, const uint8_t key_id[32], struct bytes algorithm,
	    struct bytes input, struct buf *signature, struct err *e);
	/*
	 * Opens a RecipientInfo (DER) and gives the content-encryption key of
	 * exactly the length of the algorithm. index: which recipient of a
	 * key agreement.
	 */
	int (*open)(void *ctx, const uint8_t key_id[32],
	    struct bytes recipient_info, unsigned index,
	    struct bytes content_algorithm, struct secret **key, struct err *e);
	void *ctx;
};

#endif
