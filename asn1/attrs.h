/*
 * attrs.h: Attributes (RFC 5652 5.3 and 11): sets walked by the cursor, one
 * attribute at a time, and the signed attributes of S/MIME by type.
 *
 * A set of attributes is handled as its content octets, without the SET's
 * (or the IMPLICIT tag's) header; an absent set is the empty run. It must be
 * in DER but for its order. Everything given out is borrowed.
 *
 * Whatever is wrong in a set or a value, broken encoding too, is
 * CS_ERR_ATTRIBUTES here: it spoils one signature and not the message.
 */
#ifndef ASN1_ATTRS_H
#define ASN1_ATTRS_H

#include "asn1/alg/alg.h"
#include "asn1/cert_id.h"

#define ATTRS_MAX 128	     /* attributes in a set */
#define ATTR_VALUES_MAX 1024 /* values in an attribute */

struct attr {
	enum oid type; /* OID_UNKNOWN when not in oid.def */
	struct bytes type_raw;
	struct bytes values; /* content of SET OF AttributeValue */
	size_t values_count;
	struct bytes first; /* the first value, an element; may be empty */
};

/* der_init(&d, attrs), then until false; then der_end(). */
bool attrs_next(struct der *d, struct attr *attr);
/* Is the whole set well-formed, and no type in it twice? */
int CS_MUST_USE attrs_check(struct bytes attrs, struct err *e);
/*
 * As attrs_check for signed attributes, and none that must be unsigned is
 * there; unsigned ones: well-formed (of some types there may be several), and
 * none that must be signed.
 */
int CS_MUST_USE attrs_check_signed(struct bytes attrs, struct err *e);
int CS_MUST_USE attrs_check_unsigned(struct bytes attrs, struct err *e);
/*
 * The attribute of the type. None: attr is all empty, *found false. More than
 * one instance fails.
 */
int CS_MUST_USE attrs_find(struct bytes attrs, enum oid type, struct attr *attr,
    bool *found, struct err *e);
/* As attrs_find, for an attribute that must have exactly one value. None:
 * value is empty. */
int CS_MUST_USE attrs_get_single(
    struct bytes attrs, enum oid type, struct bytes *value, struct err *e);

/* contentType (11.1), required: its content octets. */
int CS_MUST_USE attrs_get_content_type(
    struct bytes attrs, struct bytes *type, struct err *e);
/* messageDigest (11.2), required. */
int CS_MUST_USE attrs_get_message_digest(
    struct bytes attrs, struct bytes *digest, struct err *e);
/* signingTime (11.3): *has false if there is none. */
int CS_MUST_USE attrs_get_signing_time(
    struct bytes attrs, bool *has, int64_t *t, struct err *e);

/* ESSCertID or ESSCertIDv2 (RFC 5035 4, 5) of the signer's certificate: the
 * first of the list. */
struct ess_cert_id {
	bool is_present;
	struct alg_id digest; /* v2; raw is empty when it is the default */
	enum alg digest_alg;  /* SHA-1 for v1; ALG_NONE: not known */
	struct bytes hash;
	bool has_issuer_serial;
	struct bytes issuer; /* Name, the whole SEQUENCE */
	struct bytes serial; /* INTEGER content octets */
};
/* signingCertificateV2, else signingCertificate. */
int CS_MUST_USE attrs_get_signing_certificate(
    struct bytes attrs, struct ess_cert_id *id, struct err *e);

/*
 * CMSAlgorithmProtection (RFC 6211): fails if the attribute is there and does
 * not name the SignerInfo's digestAlgorithm and signatureAlgorithm
 * (parameters absent and NULL take each other). *has: was it there?
 */
int CS_MUST_USE attrs_check_algorithm_protection(struct bytes attrs,
    const struct alg_id *digest, const struct alg_id *signature, bool *has,
    struct err *e);

#define CAPABILITIES_MAX 256
/*
 * SMIMECapabilities (RFC 8551 2.5.2), in the signer's order of preference:
 * the list's content octets, checked, to be walked: der_init(&d, list), then
 * capabilities_next until false. Empty if there are none.
 */
int CS_MUST_USE attrs_get_capabilities(
    struct bytes attrs, struct bytes *list, struct err *e);
bool capabilities_next(struct der *list, struct alg_id *id);
/* SMIMEEncryptionKeyPreference (RFC 8551 2.5.3): which certificate. */
int CS_MUST_USE attrs_get_encryption_preference(
    struct bytes attrs, struct cert_id *id, bool *has, struct err *e);

/*
 * The set as what is hashed for a signature (5.4): SET OF with the tag 31, in
 * DER order. Appends to b.
 */
int CS_MUST_USE attrs_put_set_of(struct buf *b, struct bytes attrs);

/*
 * Builders append one Attribute each. Between der_open(b, DER_SET) and
 * der_close_set_of() they make a set in DER order.
 */
void attr_put(struct buf *b, enum oid type, struct bytes value);
void attr_put_content_type(struct buf *b, enum oid type);
void attr_put_message_digest(struct buf *b, struct bytes digest);
void attr_put_signing_time(struct buf *b, int64_t t);
/* issuer: Name element; serial: INTEGER content octets. SHA-256 is written by
 * leaving it out (DEFAULT), as DER wants. */
void attr_put_signing_certificate_v2(struct buf *b, enum alg digest,
    struct bytes hash, struct bytes issuer, struct bytes serial);
/* Ciphers, best first. */
void attr_put_capabilities(struct buf *b, const enum alg *algs, size_t n);
void attr_put_encryption_preference(
    struct buf *b, struct bytes issuer, struct bytes serial);
/* Both are whole AlgorithmIdentifiers in DER. */
void attr_put_algorithm_protection(
    struct buf *b, struct bytes digest, struct bytes signature);

#endif
