/*
 * rewrap.h: recipients added to an EnvelopedData or AuthEnvelopedData that
 * exists, whose content stays octet for octet as it is.
 */
#ifndef CLIENT_CMS_REWRAP_H
#define CLIENT_CMS_REWRAP_H

#include "client/cms/enveloped.h"
#include "client/cms/reader.h"

/*
 * Opens cms with reader (its ops, own, keks, passwords and is_legacy) once from
 * end to end, so that nobody is handed a key that does not open it; then writes
 * it to out with the recipients of added behind those it has. Lengths are
 * changed where they are definite; only the version (RFC 5652 6.1) and
 * recipientInfos are new. What opening found goes into the verdict; where it is
 * not DECRYPTED, nothing is written and the result is 0.
 *
 * CS_ERR_UNSUPPORTED: a type without recipients; CS_ERR_CHANGED: cms gave
 * something else the second time; else as cms_reader_write and
 * cms_put_recipients. Does not finish out.
 */
int CS_MUST_USE cms_rewrap(const struct cms_reader_params *reader,
    const struct cms_encrypt_params *added, struct source *cms,
    struct sink *out, struct verdict *verdict, struct err *e);

#endif
