/*
 * mac.h: HMAC (RFC 2104) as a stream, for AuthenticatedData (RFC 5652 9).
 */
#ifndef ASN1_ALG_MAC_H
#define ASN1_ALG_MAC_H

#include "asn1/alg/alg.h"
#include "asn1/secret.h"

struct mac;

/* alg: of kind MAC. NULL: no such algorithm, or no memory. */
struct mac *mac_new(enum alg alg, const struct secret *key);
void mac_free(struct mac *m);
void mac_write(struct mac *m, struct bytes in);
/* Ends the stream: is want the MAC, whole? In constant time. */
bool mac_check(struct mac *m, struct bytes want);

#endif
