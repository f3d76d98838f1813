/*
 * edit.h: a SignedData that gets more signatures, while its content and the
 * signatures that it has stay what they are.
 *
 * First it is read and judged (cms_edit_read), then signatures are added,
 * then it is written, in DER: for content inside, by reading it again. What
 * is written has the same content octets, certificates and CRLs, and each
 * SignerInfo as it was but for unsigned attributes that were added.
 */
#ifndef CLIENT_CMS_EDIT_H
#define CLIENT_CMS_EDIT_H

#include "client/cms/reader.h"

struct cms_edit_params {
	const struct cms_sign_params *sign; /* who; content_type is not used */
	/* How to judge what is there; detached: with the content's digests
	 * (cms_edit_want_digests), as ever. ops, memo and parts are not used.
	 */
	struct cms_reader_params read;
};

struct cms_edit;
/*
 * Reads the message. cms must outlive the edit; params are copied.
 * CS_ERR_NOT_SIGNED: nobody has signed it (certificates only), or it is
 * something else; the code of an integrity that is not good: nobody should
 * sign beside, or confirm, a signature that is not good; and what
 * cms_reader_write returns.
 */
int CS_MUST_USE cms_edit_read(const struct cms_edit_params *params,
    struct source *cms, struct cms_edit **edit, struct err *e);
void cms_edit_free(struct cms_edit *edit);
/* The digests of the content that new signers need, into algs; how many. */
size_t cms_edit_want_digests(
    const struct cms_sign_params *sign, enum alg algs[CMS_DIGESTS_MAX]);
/* Each signer of params signs the content, too (RFC 5652 5.4). */
int CS_MUST_USE cms_edit_add_signers(struct cms_edit *edit, struct err *e);
/* Each signer of params countersigns each signature there is (11.4). */
int CS_MUST_USE cms_edit_countersign(struct cms_edit *edit, struct err *e);
/* All signers' digests, in order, each once; how many. For micalg. */
size_t cms_edit_get_digests(
    const struct cms_edit *edit, enum alg algs[CMS_DIGESTS_MAX]);
/* Does not finish out. CS_ERR_CHANGED: the content is not what was read. */
int CS_MUST_USE cms_edit_write(
    struct cms_edit *edit, struct sink *out, struct err *e);

#endif
