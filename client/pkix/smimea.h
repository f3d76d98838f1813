/*
 * smimea.h: what a mail domain says in the DNS about the certificates for its
 * addresses (RFC 8162, whose records are those of RFC 6698).
 *
 * Records count only if DNSSEC has proved them; that is up to who got them. No
 * I/O here.
 */
#ifndef CLIENT_PKIX_SMIMEA_H
#define CLIENT_PKIX_SMIMEA_H

#include "client/pkix/cert.h"

/* Which certificate a record is about, and what else has to hold (RFC 6698
 * 2.1.1). */
enum smimea_usage {
	SMIMEA_PKIX_TA, /* a CA on the path, which is good anyway */
	SMIMEA_PKIX_EE, /* the certificate, whose path is good anyway */
	SMIMEA_DANE_TA, /* a CA on the path, which is its anchor */
	SMIMEA_DANE_EE, /* the certificate, whatever its path */
};

/* One record. */
struct smimea {
	enum smimea_usage usage;
	bool is_key;	   /* selector 1: about the SubjectPublicKeyInfo */
	bool is_digest;	   /* of a certificate or key, else all of it */
	enum alg digest;   /* ALG_SHA256, ALG_SHA512 */
	struct bytes data; /* borrowed: the certificate, key or digest */
};

/*
 * Appends the name of an address's records, without a dot at its end (RFC 8162
 * 3): the local part is hashed without quotes and in Unicode's form C (nfc.h);
 * letters are not made small. CS_ERR_ARGUMENT: no address, or one whose domain
 * is no host name in the DNS.
 */
int CS_MUST_USE smimea_put_name(struct buf *b, struct bytes address);

/*
 * Decodes RDATA (RFC 6698 2.1). CS_ERR_UNSUPPORTED: a usage, selector or
 * matching type beyond those of the RFC, so that the record says nothing (4.1);
 * CS_ERR_ENCODING: too short, or a digest of another length.
 */
int CS_MUST_USE smimea_decode(struct bytes rdata, struct smimea *record);

/* Is it about this certificate, by selector and matching type? */
bool smimea_matches(const struct smimea *record, const struct cert *c);

/* Has it a whole certificate? That is in data then. */
bool smimea_has_cert(const struct smimea *record);

/* Usages 1 and 3: about the certificate for the address, no CA's. */
bool smimea_is_about_leaf(const struct smimea *record);

#endif
