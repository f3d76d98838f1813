/*
 * mail_util.h: mails signed, encrypted and read in memory, on top of
 * cms_util.h.
 */
#ifndef TESTS_UNIT_MAIL_UTIL_H
#define TESTS_UNIT_MAIL_UTIL_H

#include "client/smime/smime.h"
#include "tests/unit/cms_util.h"

/* Signs as one person into out (emptied first); the test fails if that does
 * not work. */
void mail_sign(
    enum person who, enum smime_form form, struct bytes mail, struct buf *out);
int mail_sign_by(const struct cms_signer *signers, size_t n,
    enum smime_form form, struct bytes mail, struct buf *out, struct err *e);
void mail_encrypt(
    enum person to, enum alg cipher, struct bytes mail, struct buf *out);
/* Signs detached, or (cipher not ALG_NONE) encrypts, what was compressed. */
void mail_compress(
    enum person who, enum alg cipher, struct bytes mail, struct buf *out);
/* The entity that is signed, into out (emptied first). */
void mail_entity(struct bytes mail, struct buf *out);

/* To verify, with the address check. */
struct smime_read_params mail_verify_params(void);
struct smime_read_params mail_decrypt_params(void);
/*
 * Reads; content (may be NULL, emptied first) gets what is let out. is_file:
 * out is a file, which is written before the verdict and committed after it;
 * else a function. The verdict is new.
 */
int mail_read(const struct smime_read_params *params, struct bytes mail,
    bool is_file, struct buf *content, struct verdict **v, struct err *e);

/* The text with each LF that has no CR given one, or each CRLF made LF. */
void mail_put_crlf(struct buf *b, struct bytes text);
void mail_put_lf(struct buf *b, struct bytes text);
bool mail_has(const struct buf *b, const char *text);

#endif
