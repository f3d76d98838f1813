/*
 * kari.h: from a shared secret to the key-encryption key of a
 * KeyAgreeRecipientInfo (RFC 5753 7.2, RFC 8418 2), for both sides.
 */
#ifndef ASN1_KARI_H
#define ASN1_KARI_H

#include "asn1/recipient_info.h"
#include "asn1/secret.h"

/* keyEncryptionAlgorithm, decoded. */
struct kari_algs {
	enum alg agreement;    /* of kind KEY_AGREEMENT: names the KDF */
	enum alg wrap;	       /* of kind KEY_WRAP */
	struct bytes wrap_raw; /* its AlgorithmIdentifier as it came */
};

/* CS_ERR_ALGORITHM: an agreement or a wrap that is not served, named in e;
 * else the cursor's codes. */
int CS_MUST_USE kari_algs_decode(
    const struct alg_id *key_enc_alg, struct kari_algs *algs, struct err *e);
/* The AlgorithmIdentifier of an agreement with a wrap. */
void der_put_kari_algs(struct buf *b, enum alg agreement, enum alg wrap);
/* With info's ukm, if there is one. HKDF has no salt; the ukm stands in
 * ECC-CMS-SharedInfo. NULL: no memory. */
struct secret *kari_derive(const struct kari_algs *algs,
    const struct recipient_info *info, const struct secret *shared);

#endif
