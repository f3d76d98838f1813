/*
 * ocsp_int.h: one answer, decoded.
 */
#ifndef CLIENT_PKIX_OCSP_INT_H
#define CLIENT_PKIX_OCSP_INT_H

#include "client/pkix/ocsp.h"

enum ocsp_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

/* A SingleResponse; borrowed. */
struct ocsp_single {
	struct alg_id hash; /* CertID */
	struct bytes name_hash, key_hash, serial;
	enum ocsp_status status;
	int64_t revoked_at; /* OCSP_REVOKED */
	int reason;
	int64_t this_update, next_update, archive_cutoff;
	bool has_next_update, has_archive_cutoff;
	bool is_critical; /* has a critical extension that is not known */
};

struct ocsp_response {
	uint8_t *data; /* owned; what the fields borrow from */
	struct bytes tbs;
	struct bytes name;     /* responderID: a Name, or */
	struct bytes key_hash; /* the SHA-1 of the key */
	struct bytes singles;  /* content */
	struct bytes nonce;    /* octets; empty: none */
	bool is_critical, is_extended_revoke;
	struct alg_id signature_alg;
	struct bytes signature;
	struct cert_set *certs;
	/* The key that was tried last, and how it went. */
	bool is_tried;
	uint8_t tried_key[SPKI_FINGERPRINT_LEN];
	int tried_code;
	bool is_admitted; /* by somebody who may sign it */
};

/*
 * Takes an OCSPResponse whole and checks every element of it; errors as
 * ocsp_set_add_der. free(NULL) is fine.
 */
int CS_MUST_USE ocsp_response_decode(
    struct bytes der, struct ocsp_response **response, struct err *e);
void ocsp_response_free(struct ocsp_response *response);
/* Takes one SingleResponse. */
void der_get_ocsp_single(struct der *d, struct ocsp_single *single);

struct ocsp_response *ocsp_set_get(const struct ocsp_set *s, size_t i);
bool ocsp_set_came_along(const struct ocsp_set *s, size_t i);

#endif
