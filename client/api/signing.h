/*
 * signing.h: who signs, chosen and ready: shared by what makes signatures.
 */
#ifndef CLIENT_API_SIGNING_H
#define CLIENT_API_SIGNING_H

#include "client/api/job.h"
#include "client/cms/signed.h"

#define SIGNING_ATTRS_MAX 4

struct fetch;
struct signing {
	struct cardseal_job *job;
	struct own_keys own;
	struct choose_candidate *candidates; /* one per own key */
	struct cms_signer *signers;
	size_t signers_len;
	struct cert_set *chain; /* sent beside the signers' certificates */
	struct cms_sign_params params;
	struct cms_key_ops ops;
	struct cms_stamp_ops stamps;
	struct fetch *fetch; /* NULL until a time stamp is wanted */
	bool is_mail;	     /* says what its signers can read */
	/* Signed attributes more, and what their values are in. */
	struct cms_attr attrs[SIGNING_ATTRS_MAX];
	struct buf values[SIGNING_ATTRS_MAX];
	size_t labels_len; /* the first of them, which are labels */
};

/*
 * Loads the agent's keys and chooses the signers: by the job's KEY options,
 * else by address (empty: any). s has its job and is_mail, and nothing else.
 */
int CS_MUST_USE signing_prepare(struct signing *s, struct bytes address);
void signing_clear(struct signing *s);

/*
 * Adds a signed attribute, once signing_prepare is done: value, DER, is taken
 * over, and gives its failure. None of one type twice.
 */
int CS_MUST_USE signing_add_attr(
    struct signing *s, enum oid type, struct buf *value);

/* receipt.c: the request for receipts that the job's options are, after
 * signing_prepare; sender (may be empty: the signer) gets them by default. */
int CS_MUST_USE signing_set_receipts(struct signing *s, struct bytes sender);

/* label_sign.c: the security labels that the job's options are, after
 * signing_prepare and before other attributes. CS_ERR_POLICY: such a label
 * wants encryption, and is_encrypted is false. */
int CS_MUST_USE signing_set_labels(struct signing *s, bool is_encrypted);

/* stamp.c: has signatures stamped, if the job has a URL for that. */
int CS_MUST_USE signing_set_stamps(struct signing *s);

#endif
