/*
 * cert_int.h: what struct cert holds, for the files of this folder alone.
 */
#ifndef CLIENT_PKIX_CERT_INT_H
#define CLIENT_PKIX_CERT_INT_H

#include <stdatomic.h>

#include "client/pkix/cert.h"

struct cert {
	atomic_uint refs;
	struct bytes raw; /* owned, follows the struct in memory */
	struct bytes tbs, issuer, subject, serial, signature;
	struct alg_id signature_alg;
	struct spki spki;
	int64_t not_before, not_after;
	unsigned version;
	bool is_ca, is_self_issued, has_key_usage;
	int path_len;
	unsigned key_usage;
	struct bytes eku;	/* the SEQUENCE; empty: no extension */
	struct bytes alt_names; /* the GeneralNames; empty: none */
	struct bytes key_id, authority_key_id;
	struct cert_extension *extensions; /* owned */
	size_t extensions_len;
	uint8_t sha256[CERT_FINGERPRINT_LEN];
	uint8_t key_hash[SPKI_FINGERPRINT_LEN];
	uint8_t key_sha1[CERT_SHA1_LEN]; /* where there is no key id */
};

/* Takes one Extension; oid is OID_UNKNOWN where it is not known. */
void der_get_cert_extension(struct der *d, struct cert_extension *ext);
/* Takes Extensions and fills what struct cert keeps of them. */
int CS_MUST_USE cert_extensions_decode(
    struct cert *c, struct der *d, struct err *e);
/* Do they hold the same key? */
bool cert_has_same_key(const struct cert *a, const struct cert *b);
/* As cert_find_extension, in c while it is being decoded. */
const struct cert_extension *cert_extension_of(
    const struct cert_extension *ext, size_t n, enum oid oid);

#endif
