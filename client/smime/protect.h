/*
 * protect.h: header protection (RFC 9788): the mail's header fields once more
 * inside of what is signed or encrypted, made and checked: internal to this
 * folder.
 */
#ifndef CLIENT_SMIME_PROTECT_H
#define CLIENT_SMIME_PROTECT_H

#include "client/cms/verdict_mail.h"
#include "client/smime/header.h"
#include "client/smime/mail.h"

/* Is it about the mail, not its structure (Content-), nor about its way
 * (Received, DKIM-Signature ...) or blind copies? */
bool protect_is_field(const struct header_field *field);
/* One that a person sees or acts on. */
bool protect_is_user_facing(const struct header_field *field);
/* One that a Legacy Display element may show: such a one, or what
 * hcp_baseline takes out (RFC 9788 1.9). */
bool protect_is_shown(const struct header_field *field);

/* --- making (protect.c) --- */

/* Does hcp_baseline take it out, or make another of it (RFC 9788 3.2.1)? */
bool protect_is_hidden(const struct header_field *field);

/*
 * Writes what stands in the payload's header beside its own Content- fields:
 * the protected fields, and with SMIME_HEADERS_HIDE those outside as HP-Outer
 * (RFC 9788 2.2).
 */
int CS_MUST_USE protect_write_inner(
    const struct smime_mail *mail, struct sink *out, struct err *e);
/* What in these fields mail transport may harm: enum lines_flag, 0 nothing. */
unsigned protect_find_unsafe(const struct smime_mail *mail);
/* The payload's Content-Type field with hp="clear" or "cipher". */
int CS_MUST_USE protect_write_type(const struct smime_mail *mail,
    struct bytes field, struct sink *out, struct err *e);
/* The header outside of an encryption: hcp_baseline (RFC 9788 3.2.1). */
int CS_MUST_USE protect_write_outer(
    const struct smime_mail *mail, struct sink *out, struct err *e);

/* --- checking (protect_check.c) --- */

/*
 * Compares the payload's header section with that of the mail and fills
 * v->mail's has_protection ... headers. is_wrapped: inner is the header of a
 * message/rfc822 that is the whole payload (RFC 8551 3.1); what is hidden then
 * is told from what is outside (RFC 9788 4.10.2): fields that are not there,
 * and a Subject that says nothing. Only CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE protect_check(
    struct verdict *v, struct bytes outer, struct bytes inner, bool is_wrapped);

/* --- the older way (protect_wrap.c) --- */

/*
 * Is the message that is the whole payload the mail itself (RFC 8551 3.1)?
 * Where the payload's Content-Type says forwarded=no; or where it does not
 * say, as RFC 9788 4.10.1 has it: is_plain (nothing signs or encrypts the
 * enclosed message once more) and no hp= in either. That fits a mail forwarded
 * as it is, too. So the Message-ID, which is there once in each, has to be the
 * same: what is forwarded in another mail has one of its own.
 */
bool protect_is_wrapped(struct bytes outer, struct bytes payload,
    struct bytes enclosed, bool is_plain);

#endif
