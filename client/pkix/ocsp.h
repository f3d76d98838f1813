/*
 * ocsp.h: the Online Certificate Status Protocol (RFC 6960): the request, and
 * answers, judged by sections 3.2 and 4.2.
 *
 * Where the standard leaves room, this is decided:
 *
 * - An answer is signed by the CA that issued the certificate, or by a
 *   responder whose certificate that CA issued with id-kp-OCSPSigning (2.2
 *   of 4.2.2; anyExtendedKeyUsage is not enough). A responder that is trusted
 *   by configuration alone (first of 4.2.2.2) is not served.
 * - A responder's certificate without id-pkix-ocsp-nocheck is itself asked
 *   about, as any other; an answer by its own key does not count for that.
 * - An answer without nextUpdate is fresh for OCSP_AGE_MAX. One whose
 *   thisUpdate is still to come, by more than CRL_SKEW_MAX, makes nothing good
 *   (4.2.2.1).
 * - Good says nothing about a certificate that had expired before, unless the
 *   archive cutoff (4.4.4) lies before that.
 * - As with lists (crl.h), revoked is taken from stale answers too; a hold
 *   counts unless something newer says good.
 *
 * A set and its answers belong to one thread at a time, even where the set is
 * const: what was found out is remembered inside.
 */
#ifndef CLIENT_PKIX_OCSP_H
#define CLIENT_PKIX_OCSP_H

#include "client/pkix/crl.h"

#define OCSP_LEN_MAX ((size_t)1 << 20) /* of one answer */
#define OCSP_SINGLES_MAX 4096	       /* certificates in one answer */
#define OCSP_CERTS_MAX 16	       /* that come along with it */
#define OCSP_SET_MAX 1000
#define OCSP_AGE_MAX 86400 /* seconds */
#define OCSP_NONCE_LEN 32  /* RFC 9654 2.1 */
#define OCSP_NONCE_LEN_MAX 128

/*
 * Appends an OCSPRequest, unsigned, for one certificate. The CertID's hash is
 * SHA-1, which every responder knows (RFC 5019 2.1.1); nothing rests on it.
 * nonce: its octets; empty: none. Failures stick in b.
 */
void der_put_ocsp_request(struct buf *b, const struct cert *cert,
    const struct cert *issuer, struct bytes nonce);

struct ocsp_set;
struct ocsp_set *ocsp_set_new(void); /* NULL: no memory */
void ocsp_set_free(struct ocsp_set *s);
size_t ocsp_set_get_len(const struct ocsp_set *s);
/* As crl_set_set_base. */
void ocsp_set_set_base(struct ocsp_set *s, const struct ocsp_set *base);
/*
 * Copies an OCSPResponse. nonce is what was sent, if anything was: an answer
 * with another one is none to that question (one without may be, 4.4.1).
 * CS_ERR_NETWORK: the responder refused, or answered another question;
 * CS_ERR_UNSUPPORTED: no basic answer; CS_ERR_TOO_LARGE; CS_ERR_ENCODING and
 * its kin. Whether it can be used is told by ocsp_set_check only.
 */
int CS_MUST_USE ocsp_set_add_der(
    struct ocsp_set *s, struct bytes der, struct bytes nonce, struct err *e);
/* As crl_set_is_admitted; the dates are those of the certificate in it that
 * is to be asked about again first. */
bool ocsp_set_is_admitted(const struct ocsp_set *s, size_t i,
    int64_t *this_update, int64_t *next_update);
/* DER, one answer. CS_ERR_NO_FILE, CS_ERR_IO, or as above. */
int CS_MUST_USE ocsp_set_add_file(
    struct ocsp_set *s, const char *path, struct err *e);

/*
 * Is cert, issued by issuer, revoked as of time? signers gives responders'
 * certificates that did not come along (by subject), and judges those that
 * are not the issuer itself: 0, or why an answer by that certificate is not to
 * be believed. It may be NULL: then the issuer's own answers count only.
 * *has_any: there was an answer about the certificate.
 */
void ocsp_set_check(const struct ocsp_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    const struct crl_signers *signers, struct crl_answer *answer,
    bool *has_any);

/* Does the responder's certificate say id-pkix-ocsp-nocheck (4.2.2.2.1)? */
bool ocsp_is_no_check(const struct cert *responder);

#endif
