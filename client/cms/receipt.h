/*
 * receipt.h: signed receipts (RFC 2634 2.3 to 2.6): is one to be made for a
 * message, and does one belong to a message. Both by verdicts alone.
 */
#ifndef CLIENT_CMS_RECEIPT_H
#define CLIENT_CMS_RECEIPT_H

#include "client/cms/verdict_ess.h"

/* Which signature asks for a receipt, and where it is to go; borrowed of the
 * verdict. */
struct receipt_plan {
	const struct verdict_signer *signer;
	struct ess_receipt_request request;
	/* Lists of GeneralNames (2.5): the request's, or what the last mailing
	 * list put in its place, or beside it. */
	struct bytes to[2];
	size_t to_len;
	bool was_encrypted; /* what is signed so, within an encryption (2.4) */
};
/*
 * Of the innermost signature of the mail's own layers, which is the author's
 * (1.3.4), by the rules of the last mailing list that passed it on (2.3, 4).
 * CS_ERR_NOT_ASKED: there is no request that counts; e says why. The
 * verdict's own code: the message is not verified, so that nothing in it may
 * ask for anything (2.3).
 */
int CS_MUST_USE receipt_plan(
    const struct verdict *v, struct receipt_plan *plan, struct err *e);
/* Is the certificate's holder asked? CS_ERR_NOT_ASKED: not he. */
int CS_MUST_USE receipt_check_asked(
    const struct receipt_plan *plan, const struct cert *cert, struct err *e);
/* The Receipt, and the msgSigDigest attribute's value, in DER. */
void receipt_put(const struct receipt_plan *plan, struct buf *receipt,
    struct buf *msg_sig_digest);

/*
 * Does the receipt belong to the message that was sent (2.6)? Sets the match
 * finding in received, and makes it bad where it does not: CS_ERR_RECEIPT in
 * its verdict, which is judged again. Only CS_ERR_NO_MEMORY, and
 * CS_ERR_RECEIPT with e: received is no receipt, or sent asks for none.
 */
int CS_MUST_USE receipt_match(
    const struct verdict *sent, struct verdict *received, struct err *e);

#endif
