/*
 * origin.h: does the signer's certificate belong to whom the mail says it is
 * from (RFC 8550 3)?
 *
 * What a mail program shows as the author is the header's From, so that every
 * address in it must be a signer's. Where there is no From, Sender counts. A
 * header that programs are known to read differently from each other is never
 * good: several From fields, control characters, encoded words or comments
 * within an address, a name that shows another address. A certificate that
 * is for the Sender and not for From is told so, and is not good either.
 */
#ifndef CLIENT_SMIME_ORIGIN_H
#define CLIENT_SMIME_ORIGIN_H

#include "client/cms/verdict.h"

#define ORIGIN_CLAIMS_MAX 32 /* addresses in From */

/*
 * Sets the address findings of all signers in v from the mail's header
 * section; is_clear: the section ended as it should. from: an address to
 * match instead of the header, or NULL. Only CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE origin_judge(
    struct verdict *v, struct bytes section, bool is_clear, const char *from);

/*
 * The header section that a file with what is signed begins with, for programs
 * that open it as a mail: front's own, or what is behind an mbox's first line.
 * Empty: it has neither From nor Sender.
 */
struct bytes origin_find_author(struct bytes front);
/* Likewise for a mail that has such a header inside of the signature: what
 * origin_judge finds of one counts where the other is good. */
int CS_MUST_USE origin_judge_both(struct verdict *v, struct bytes inside,
    struct bytes section, bool is_clear);

#endif
