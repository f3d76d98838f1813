/*
 * urls.h: where a certificate says that something about it can be had.
 */
#ifndef CLIENT_PKIX_URLS_H
#define CLIENT_PKIX_URLS_H

#include "client/pkix/cert.h"

enum cert_url {
	CERT_URL_OCSP,	    /* authorityInfoAccess (RFC 5280 4.2.2.1) */
	CERT_URL_ISSUERS,   /* likewise: id-ad-caIssuers */
	CERT_URL_CRL,	    /* cRLDistributionPoints, fullName (4.2.1.13) */
	CERT_URL_DELTA_CRL, /* freshestCRL, fullName (4.2.1.15) */
	CERT_URL_ISSUED,    /* subjectInfoAccess: id-ad-caRepository (4.2.2.2),
			       certificates that this CA has issued */
};

#define CERT_URLS_MAX 8 /* of one kind that are looked at */

/* The i-th URL of the kind, borrowed from c; empty: there are no more. URLs of
 * every scheme are given. */
struct bytes cert_get_url(const struct cert *c, enum cert_url kind, size_t i);

#endif
