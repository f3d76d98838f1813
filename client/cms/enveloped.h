/*
 * enveloped.h: EnvelopedData (RFC 5652 6) and AuthEnvelopedData (RFC 5083),
 * made as a stream.
 */
#ifndef CLIENT_CMS_ENVELOPED_H
#define CLIENT_CMS_ENVELOPED_H

#include "client/cms/cms.h"

struct cms_encrypt_params {
	struct cert *const *recipients; /* certificates with RSA keys;
					   others: CS_ERR_ALGORITHM by name */
	size_t recipients_len;		/* 1 to CMS_RECIPIENTS_MAX */
	enum alg
	    cipher; /* of kind CIPHER or AEAD; AEAD makes AuthEnvelopedData */
	enum oid content_type; /* OID_DATA */
};

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
