/*
 * signer_info.h: SignerInfo (RFC 5652 5.3) in and out of DER.
 *
 * Input that may be BER goes through ber_to_der() first (the push parser's
 * BER_CAPTURE does that).
 */
#ifndef ASN1_SIGNER_INFO_H
#define ASN1_SIGNER_INFO_H

#include "asn1/attrs.h"

#define SIGNER_INFO_VERSION_MAX 255
#define SIGNER_INFO_SIGNATURE_MAX ((size_t)65536) /* octets */

/* Everything borrowed from the input. */
struct signer_info {
	struct bytes raw;	  /* the whole element */
	unsigned version;	  /* as it came; 1 or 3 by the RFC */
	struct cert_id sid;	  /* the signer's certificate */
	struct alg_id digest_alg; /* digestAlgorithm */
	bool has_signed_attrs;
	struct bytes signed_attrs; /* content octets, see attrs.h */
	struct alg_id signature_alg;
	struct bytes signature;
	struct bytes unsigned_attrs; /* content octets */
};

/*
 * Decodes one whole SignerInfo. The attributes are taken as they are:
 * attrs_check() judges them. Present but empty signedAttrs are refused
 * (CS_ERR_ENCODING, SIZE (1..MAX)); so is a version over the limit
 * (CS_ERR_UNSUPPORTED). The version is not held against the form of sid,
 * since signers in the wild get it wrong.
 */
int CS_MUST_USE signer_info_decode(
    struct bytes raw, struct signer_info *info, struct err *e);
/*
 * Appends a SignerInfo. Used are sid, digest_alg.raw, signed_attrs (content
 * octets in DER order; with has_signed_attrs), signature_alg.raw, signature
 * and unsigned_attrs (none if empty). The version follows from sid.
 */
void der_put_signer_info(struct buf *b, const struct signer_info *info);

#endif
