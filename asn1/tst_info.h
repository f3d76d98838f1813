/*
 * tst_info.h: time stamps (RFC 3161, 5816): the request, the response around
 * a token, and what a token says (TSTInfo).
 */
#ifndef ASN1_TST_INFO_H
#define ASN1_TST_INFO_H

#include "asn1/alg/alg.h"

/* Everything borrowed from the input. */
struct tst_info {
	struct bytes policy;  /* OID, content octets */
	struct alg_id digest; /* messageImprint */
	struct bytes hash;
	struct bytes serial; /* INTEGER, content octets */
	int64_t time;	     /* genTime; a fraction of a second is cut off */
	struct bytes nonce;  /* INTEGER, content octets; may be empty */
};

/*
 * Decodes one TSTInfo in DER. CS_ERR_ENCODING and the cursor's other errors;
 * CS_ERR_UNSUPPORTED: a version other than 1; CS_ERR_CRITICAL: an extension
 * that must be understood.
 */
int CS_MUST_USE tst_info_decode(
    struct bytes raw, struct tst_info *info, struct err *e);

/* Appends a TimeStampReq that asks for the authority's certificate, too.
 * nonce: INTEGER, content octets. */
void der_put_time_stamp_req(
    struct buf *b, enum alg digest, struct bytes hash, struct bytes nonce);

/*
 * The token in a TimeStampResp: its ContentInfo. CS_ERR_NETWORK: the
 * authority did not grant it; e has its words. CS_ERR_ENCODING and kin.
 */
int CS_MUST_USE time_stamp_resp_decode(
    struct bytes raw, struct bytes *token, struct err *e);

#endif
