/*
 * ec.h: NIST curves and points for this folder.
 */
#ifndef ASN1_ALG_EC_H
#define ASN1_ALG_EC_H

#include <nettle/ecc.h>

#include "asn1/oid.h"

/* Octets of a coordinate, and of r and s, on the largest curve (P-521). */
#define EC_LEN_MAX 66

/* NULL for an unknown curve. */
const struct ecc_curve *ec_curve(enum oid curve);
/* Bits of the field: 256, 384, 521; 0 for an unknown curve. */
unsigned ec_bits(enum oid curve);
/*
 * Sets p from 04 x y (SEC 1 2.3.4). False, and nothing to clear: unknown
 * curve, wrong form or length, a coordinate outside the field, or a point
 * that is not on the curve. Else the caller calls ecc_point_clear.
 */
bool CS_MUST_USE ec_point_init(
    struct ecc_point *p, enum oid curve, struct bytes octets);

#endif
