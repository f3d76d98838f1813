/*
 * cert_id.h: how CMS names a certificate: by issuer and serial number, or by
 * subject key identifier (RFC 5652 5.3, 6.2.1, 6.2.2, 10.2.4).
 */
#ifndef ASN1_CERT_ID_H
#define ASN1_CERT_ID_H

#include "asn1/der.h"

#define CERT_ID_SERIAL_MAX 64  /* octets; RFC 5280 says 20 */
#define CERT_ID_KEY_ID_MAX 128 /* octets; 20 as a rule */

/* All borrowed. Either key_id is empty or the other two are. */
struct cert_id {
	struct bytes issuer; /* Name, the whole SEQUENCE */
	struct bytes serial; /* the INTEGER's content octets, as they came */
	struct bytes key_id; /* octets of the subjectKeyIdentifier */
};

/* Takes IssuerAndSerialNumber, or [0] IMPLICIT SubjectKeyIdentifier. */
void der_get_cert_id(struct der *d, struct cert_id *id);
/* Takes IssuerAndSerialNumber, under SEQUENCE or an IMPLICIT tag. */
void der_get_issuer_serial(struct der *d, int tag, struct cert_id *id);
/* Writes what is there. */
void der_put_cert_id(struct buf *b, const struct cert_id *id);
bool cert_id_has_key_id(const struct cert_id *id);

#endif
