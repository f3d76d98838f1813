/*
 * enveloped.h: EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083),
 * made as a stream.
 */
#ifndef CLIENT_CMS_ENVELOPED_H
#define CLIENT_CMS_ENVELOPED_H

#include "asn1/alg/padding.h"
#include "client/cms/cms.h"

/* A key-encryption key that both sides have (RFC 5652 6.2.3). */
struct cms_kek {
	const struct secret *key; /* 16, 24 or 32 octets, for AES key wrap */
	struct bytes id;	  /* its name; reading, empty: not known */
};

struct cms_encrypt_params {
	/*
	 * To whom: certificates with keys for RSA PKCS#1 v1.5, RSAES-OAEP or
	 * ECDH (P-256, P-384, P-521, X25519, X448), others are CS_ERR_ALGORITHM
	 * by name; keys; passwords. 1 to CMS_RECIPIENTS_MAX of all.
	 */
	struct cert *const *recipients;
	size_t recipients_len;
	const struct cms_kek *keks;
	size_t keks_len;
	const struct secret *const *passwords;
	size_t passwords_len;
	/* By key identifier (computed where a certificate has none) instead of
	 * issuer and serial number. */
	bool uses_key_ids;
	/* RSAES-OAEP for all RSA keys; those of id-RSAES-OAEP certificates get
	 * it anyway. NULL: not. */
	const struct oaep_params *oaep;
	/* Of kind KEY_AGREEMENT; ALG_NONE: by the curve (X9.63 with the SHA-2
	 * of its size on NIST curves, HKDF with SHA-256 for X25519, SHA-512 for
	 * X448). */
	enum alg agreement;
	unsigned iterations; /* of PBKDF2; 0: PBKDF2_ITERATIONS */

	enum alg
	    cipher; /* of kind CIPHER or AEAD; AEAD makes AuthEnvelopedData */
	enum oid content_type;	 /* OID_DATA */
	struct bytes originator; /* CertificateSet's elements; empty: none */
	/* The contents of a SET OF Attribute in DER. auth_attrs only with an
	 * AEAD; content types but data get a contentType there (RFC 5083 2.1)
	 * by themselves. */
	struct bytes auth_attrs;
	struct bytes unprotected_attrs;
};

/* Octets of what all RecipientInfos of a message may have together. */
#define CMS_RECIPIENTS_MADE_MAX ((size_t)8 << 20)

/*
 * Appends the RecipientInfos (elements of the SET OF, in no order) that give
 * key to all of params; *version: what RFC 5652 6.1 makes of them, 0, 2 or 3.
 * Only the recipients' fields of params and its cipher count; that may also be
 * of kind MAC.
 */
int CS_MUST_USE cms_put_recipients(const struct cms_encrypt_params *params,
    const struct secret *key, struct buf *b, unsigned *version, struct err *e);

/*
 * Runs content once and writes BER with indefinite lengths where the content
 * stands. A fresh key each time. Does not finish out.
 */
int CS_MUST_USE cms_encrypt_ber(const struct cms_encrypt_params *params,
    struct source *content, struct sink *out, struct err *e);
/* DER: content is run twice, counted and then encrypted. With a content
 * length known beforehand (not UINT64_MAX), once. */
int CS_MUST_USE cms_encrypt_der(const struct cms_encrypt_params *params,
    struct source *content, uint64_t content_len, struct sink *out,
    struct err *e);

#endif
