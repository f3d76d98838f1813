/*
 * x509.h: the few facts about a certificate that match it with a key (RFC
 * 5280 4.1): public key, CA or not, key usage,
 * names and number. It judges nothing; client/pkix
 * does. Pure.
 */
#ifndef TOKEN_X509_H
#define TOKEN_X509_H

#include "asn1/der.h"

#define X509_LEN_MAX ((size_t)65536) /* octets of a certificate */

/* RFC 5280 4.2.1.3, as der_get_flags gives it. */
enum x509_usage {
	X509_DIGITAL_SIGNATURE = 1 << 0,
	X509_NON_REPUDIATION = 1 << 1,
	X509_KEY_ENCIPHERMENT = 1 << 2,
	X509_DATA_ENCIPHERMENT = 1 << 3,
	X509_KEY_AGREEMENT = 1 << 4,
};

/* Everything borrowed from the certificate. */
struct x509 {
	struct bytes spki; /* SubjectPublicKeyInfo, the element */
	struct bytes serial, issuer, subject; /* elements, too */
	bool is_ca;			      /* basicConstraints says so */
	bool has_usage;
	unsigned usage; /* enum x509_usage, and the bits behind it */
};

/* CS_ERR_CERTIFICATE: not one, or with a broken extension; CS_ERR_TOO_LARGE.
 * x is empty then. */
int CS_MUST_USE x509_peek(struct bytes cert, struct x509 *x);

#endif
