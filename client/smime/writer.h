/*
 * writer.h: what the makers of mails share: internal to this folder.
 */
#ifndef CLIENT_SMIME_WRITER_H
#define CLIENT_SMIME_WRITER_H

#include "client/smime/smime.h"

#define WRITER_BOUNDARY_SIZE 48
/* A boundary nobody can foresee: 128 random bits. */
void writer_make_boundary(char boundary[WRITER_BOUNDARY_SIZE]);

/* The header of a multipart/signed's second part, with its empty line. */
extern const char writer_signature_header[];

/*
 * The mail's outer header and an application/pkcs7-mime body (RFC 8551 3.2)
 * of what make writes, in base64.
 */
int CS_MUST_USE writer_write_pkcs7(struct smime_mail *mail,
    const char *smime_type,
    int (*make)(void *ctx, struct sink *out, struct err *e), void *ctx,
    struct sink *out, struct err *e);

/*
 * The entity that is application/pkcs7-mime, without the mail's header: its
 * own fields, the empty line and what make writes, in base64.
 */
int CS_MUST_USE writer_write_pkcs7_entity(const char *smime_type,
    int (*make)(void *ctx, struct sink *out, struct err *e), void *ctx,
    struct sink *out, struct err *e);
/* Such an entity, with that one encrypted in it. */
int CS_MUST_USE writer_write_encrypted_entity(struct source *entity,
    const struct cms_encrypt_params *params, struct sink *out, struct err *e);
/* smime_signed_new around any entity in canonical form, which must outlive
 * the result and be the same each time. For smime_signed_get_entity only. */
int CS_MUST_USE writer_sign_entity(struct source *entity,
    const struct cms_sign_params *params, struct smime_signed **result,
    struct err *e);

/* The header of a multipart/signed and all before its content. */
void writer_put_signed_top(
    struct buf *b, const struct cms_sign_params *params, const char *boundary);
/* All behind its content: asks for the signature. Does not finish out. */
int CS_MUST_USE writer_write_signature(struct cms_sign *sign,
    const char *boundary, struct sink *out, struct err *e);

#endif
