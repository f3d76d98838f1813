/*
 * address.h: mail addresses against certificates (RFC 8550 3, RFC 9598).
 */
#ifndef CLIENT_PKIX_ADDRESS_H
#define CLIENT_PKIX_ADDRESS_H

#include "client/pkix/cert.h"

#define ADDRESS_LEN_MAX 512

/*
 * Equal? Local parts octet by octet (RFC 5321 2.4), domains without regard
 * to ASCII case, A-labels and U-labels of IDNA taken as the same.
 */
bool address_is_equal(struct bytes a, struct bytes b);
/* A form that is equal octet by octet exactly when address_is_equal holds;
 * appends to b. CS_ERR_ARGUMENT: it is no address. */
int CS_MUST_USE address_normalise(struct bytes a, struct buf *b);
/* An addr-spec that can stand in a header and a certificate? */
bool address_is_valid(struct bytes a);
enum address_match {
	ADDRESS_MATCH,
	ADDRESS_MISMATCH,
	ADDRESS_NONE, /* the certificate has no address */
};
enum address_match address_match_cert(
    const struct cert *c, struct bytes address);

#endif
