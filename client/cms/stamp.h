/*
 * stamp.h: time stamps over signatures (RFC 3161, 5816; ETSI EN 319 122-1
 * 5.3): asking for one, and judging it, offline.
 */
#ifndef CLIENT_CMS_STAMP_H
#define CLIENT_CMS_STAMP_H

#include "client/cms/signed.h"

#define STAMP_NONCE_LEN 8
#define STAMP_TOKEN_MAX ((size_t)96 << 10)
/* What a clock may be ahead of ours. */
#define STAMP_AHEAD_MAX 300

/* What was asked, to hold the answer against. */
struct stamp_query {
	uint8_t hash[32]; /* SHA-256 of the signature's value */
	uint8_t nonce[STAMP_NONCE_LEN];
};

/* Appends a TimeStampReq over a signature's value; fills query. */
int CS_MUST_USE stamp_put_request(struct buf *b, struct bytes signature,
    struct stamp_query *query, struct err *e);
/*
 * Takes the token out of a TimeStampResp, appends it to token (ContentInfo).
 * It must be for what was asked, and its signature must fit; whether anybody
 * trusts the authority is not asked. CS_ERR_NETWORK: not granted, or for
 * something else; CS_ERR_BAD_SIGNATURE and kin; CS_ERR_ENCODING and kin.
 */
int CS_MUST_USE stamp_take_response(struct bytes response,
    const struct stamp_query *query, struct buf *token, struct err *e);

/*
 * Judges a token over a signature's value, by trust (NULL: whom to trust is
 * not known) as of trust's time or now; fills out, which is zeroed. Good is
 * only what is for this signature, named by a digest that is not weak, by a
 * certificate for nothing but time stamps (RFC 3161 2.3) that leads to an
 * anchor. Only CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE stamp_judge(struct bytes token, struct bytes signature,
    const struct cms_trust *trust, struct verdict_stamp *out);

#endif
