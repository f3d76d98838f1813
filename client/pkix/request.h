/*
 * request.h: requests for certificates, PKCS #10 (RFC 2986). Building only;
 * signing is the caller's.
 */
#ifndef CLIENT_PKIX_REQUEST_H
#define CLIENT_PKIX_REQUEST_H

#include "asn1/alg/signature.h"

#define REQUEST_ADDRESSES_MAX 64

struct request_params {
	struct bytes subject; /* Name, element; may be the empty name */
	struct bytes spki;    /* SubjectPublicKeyInfo, element */
	/* for subjectAltName; rfc822Name, or smtpUTF8Mailbox (RFC 9598) where
	 * the local part is not ASCII; domains as A-labels */
	const struct bytes *addresses;
	size_t addresses_len;
	/* for keyUsage, which is critical, and with it an extKeyUsage of
	 * emailProtection: enum cert_key_usage up to KU_ENCIPHER_ONLY; 0:
	 * neither is asked for */
	unsigned usage;
};

/*
 * Appends the CertificationRequestInfo, which is what is signed: with addresses
 * or usage an extensionRequest (RFC 2985 5.4.2) for a subjectAltName, critical
 * if the subject is empty (RFC 5280 4.2.1.6), and for the usage (4.2.1.3,
 * 4.2.1.12). CS_ERR_ARGUMENT: an address is none, or neither subject nor
 * address is there.
 */
int CS_MUST_USE request_put_info(
    struct buf *b, const struct request_params *params, struct err *e);
/* Appends the CertificationRequest. */
int CS_MUST_USE request_put(struct buf *b, struct bytes info,
    const struct sig_scheme *scheme, struct bytes signature);

#endif
