/*
 * sign_info.h: one SignerInfo, made: for new messages, for a signer more in
 * an old one, and for countersignatures. Not for others.
 */
#ifndef CLIENT_CMS_SIGN_INFO_H
#define CLIENT_CMS_SIGN_INFO_H

#include "client/cms/signed.h"

/* The digest over the content that this signer signs. RFC 8419 3.1: EdDSA
 * hashes by itself, and the content's digest is another. */
enum alg sign_get_digest(const struct cms_signer *signer);

/*
 * Appends signer's SignerInfo. content_type: content octets of the OID; empty
 * for a countersignature, which has no such attribute (RFC 5652 11.4). digest
 * is what messageDigest says. Asks params->ops for the signature, and
 * params->stamps, if there, for a time stamp on it; returns what these do.
 */
int CS_MUST_USE sign_put_info(struct buf *infos,
    const struct cms_sign_params *params, const struct cms_signer *signer,
    struct bytes content_type, struct bytes digest, struct err *e);

/* The signers' certificates and the others of params, roots left out unless a
 * signer's own: appended to set. */
int CS_MUST_USE sign_collect_certificates(
    const struct cms_sign_params *params, struct cert_set *set);

/* Does not free; for content's second run: as long as on the first, or
 * CS_ERR_CHANGED. */
struct exact_sink {
	struct sink sink;
	struct sink *next;
	uint64_t left;
};
void exact_sink_init(
    struct exact_sink *s, struct sink *next, uint64_t content_len);
int CS_MUST_USE exact_sink_end(const struct exact_sink *s, struct err *e);

/*
 * What stands in DER before the content of a SignedData with it: front is
 * version and digestAlgorithms, tail_len the octets behind
 * encapContentInfo.
 */
void sign_put_head(struct buf *b, struct bytes front, struct bytes content_type,
    uint64_t content_len, size_t tail_len);

#endif
