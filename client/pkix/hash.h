/*
 * hash.h: hashes for look-up tables whose keys strangers choose.
 *
 * SipHash-2-4 with a key that is drawn once per process, so that nobody can
 * prepare names or serial numbers that all fall into one bucket. Not for
 * anything that is stored or sent.
 */
#ifndef CLIENT_PKIX_HASH_H
#define CLIENT_PKIX_HASH_H

#include "asn1/buf.h"

uint64_t pkix_hash(struct bytes in);
/* Of a Name: equal for names that name_is_equal takes as equal. */
int CS_MUST_USE pkix_hash_name(struct bytes name, uint64_t *hash);
/* Of issuer and serial number together. */
int CS_MUST_USE pkix_hash_issuer_serial(
    struct bytes issuer, struct bytes serial, uint64_t *hash);

#endif
