/*
 * trusted.h: certificates with the purposes that somebody marked them for, in
 * OpenSSL's form ("TRUSTED CERTIFICATE", x509v3_config(5), openssl-x509(1)
 * -trustout), which `trust extract --format=openssl-bundle` of p11-kit writes.
 */
#ifndef CLIENT_PKIX_TRUSTED_H
#define CLIENT_PKIX_TRUSTED_H

#include "asn1/buf.h"

enum trusted_mark {
	TRUSTED_FOR_EMAIL, /* emailProtection is among its purposes */
	TRUSTED_UNMARKED,  /* no purposes are told, or any */
	TRUSTED_FOR_OTHER, /* for others, or not for e-mail */
};

/*
 * Called for each certificate, which is DER, borrowed for the call, and not
 * decoded yet. A negative result ends the walk and is returned.
 */
typedef int trusted_fn(
    void *ctx, struct bytes certificate, enum trusted_mark mark);
/*
 * text: PEM; plain certificates are unmarked, other objects are passed over,
 * and so is an object that is malformed. As pem_walk, but for text without any
 * object, which is no error.
 */
int CS_MUST_USE trusted_walk(
    struct bytes text, trusted_fn *fn, void *ctx, struct err *e);

#endif
