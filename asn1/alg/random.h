/*
 * random.h: random octets from the kernel (getrandom).
 */
#ifndef ASN1_ALG_RANDOM_H
#define ASN1_ALG_RANDOM_H

#include "asn1/secret.h"

/* Never fails on a running system; ends the process rather than go on with
 * anything predictable. */
void random_fill(void *p, size_t len);
/* A fresh secret of len octets, or NULL without memory. */
struct secret *random_secret(size_t len);

#endif
