/*
 * signature.h: signature algorithms: which digest and padding an
 * AlgorithmIdentifier means, and checking a signature.
 */
#ifndef ASN1_ALG_SIGNATURE_H
#define ASN1_ALG_SIGNATURE_H

#include "asn1/alg/digest.h"
#include "asn1/alg/spki.h"

/* What exactly is signed and how; no borrowed parts. */
struct sig_scheme {
	enum alg alg;	     /* of kind SIGNATURE */
	enum alg public_key; /* ALG_RSA, ALG_EC, ALG_ED25519_KEY ... */
	enum alg digest;     /* ALG_NONE for pure EdDSA */
	enum alg mgf_digest; /* PSS */
	unsigned salt_len;   /* PSS, octets */
};

/*
 * Decodes a signature AlgorithmIdentifier. CMS also lets SignerInfo name the
 * key's algorithm alone (rsaEncryption, ecPublicKey, dsa): then digest_hint,
 * the SignerInfo's digestAlgorithm, completes it; ALG_NONE elsewhere. It is
 * not compared with a digest the algorithm itself names.
 * CS_ERR_ALGORITHM: unknown (named in e). CS_ERR_ENCODING: bad parameters;
 * NULL and absent take each other but for EdDSA. PSS: RFC 4055, MGF1 only;
 * CS_ERR_UNSUPPORTED: a trailer other than 1, a salt over 512 octets.
 */
int CS_MUST_USE sig_scheme_decode(const struct alg_id *id, enum alg digest_hint,
    struct sig_scheme *scheme, struct err *e);
/*
 * The scheme we sign with for a key and digest: RSA PKCS#1 v1.5, or PSS with
 * salt = digest length; ECDSA; EdDSA. An RSASSA-PSS key takes PSS within what
 * it allows. CS_ERR_ALGORITHM if there is none, if the key's kind is only for
 * reading (DSA), if the digest is broken or does not fit into the modulus.
 */
int CS_MUST_USE sig_scheme_choose(const struct spki *key, enum alg digest,
    bool wants_pss, struct sig_scheme *scheme);
/* The digest to use by default: SHA-256; SHA-384 for P-384, SHA-512 for
 * P-521 and Ed25519, SHAKE256 with 512 bits for Ed448 (RFC 8419 3); what an
 * RSASSA-PSS key insists on. */
enum alg sig_default_digest(const struct spki *key);
void der_put_sig_scheme(struct buf *b, const struct sig_scheme *scheme);
bool sig_scheme_is_pure(const struct sig_scheme *scheme); /* EdDSA */

/*
 * Checks a signature. For schemes with a digest, hash is the digest; for
 * EdDSA the message itself. 0: good. CS_ERR_BAD_SIGNATURE: wrong.
 * CS_ERR_ALGORITHM: key and scheme do not go together, not supported, or the
 * digest is ALG_BROKEN; ALG_WEAK is left to the caller. CS_ERR_ARGUMENT: hash
 * has not the digest's length.
 * RSA: the signature has exactly the modulus' length and is below it. PKCS#1:
 * the encoded message is rebuilt and compared whole (no parsing of padding);
 * the DigestInfo's NULL may be absent. PSS: exactly the scheme's salt length.
 * ECDSA, DSA: strict DER.
 */
int CS_MUST_USE sig_verify(const struct spki *key,
    const struct sig_scheme *scheme, struct bytes hash, struct bytes signature,
    struct err *e);
/* As above over data in memory: hashes first if the scheme wants it. */
int CS_MUST_USE sig_verify_data(const struct spki *key,
    const struct sig_scheme *scheme, struct bytes data, struct bytes signature,
    struct err *e);

/* PKCS#11's r || s to the DER form CMS wants (RFC 3279 2.2.3); appends.
 * CS_ERR_ENCODING: odd, over 132 octets, or one of them zero. */
int CS_MUST_USE sig_ecdsa_to_der(struct bytes raw, struct buf *out);
/* And back, each number filled up to len octets, those of the curve's field;
 * appends. CS_ERR_ENCODING: it is no such DER, or a number is longer. */
int CS_MUST_USE sig_ecdsa_from_der(
    struct bytes der, size_t len, struct buf *out);

#endif
