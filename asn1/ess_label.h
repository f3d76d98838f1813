/*
 * ess_label.h: security labels (RFC 2634 3; the module of RFC 5035): the
 * values of the attributes ESSSecurityLabel and EquivalentLabels.
 *
 * As in asn1/ess.h: a decoder takes one whole value, checks all of it and
 * gives borrowed parts; what is broken, or over a limit, is negative and
 * leaves the result all zero. What a label means, and whether it may be
 * believed, is for others.
 */
#ifndef ASN1_ESS_LABEL_H
#define ASN1_ESS_LABEL_H

#include "asn1/der.h"

#define ESS_CLASSIFICATION_MAX 256 /* ub-integer-options (RFC 2634 3.2) */
#define ESS_CLASSIFICATION_NONE (-1)
#define ESS_MARK_PRINTABLE_MAX 128 /* ub-privacy-mark-length */
#define ESS_MARK_MAX 1024	   /* octets of one in UTF-8 */
#define ESS_CATEGORIES_MAX 64	   /* ub-security-categories */
#define ESS_EQUIVALENTS_MAX 64	   /* labels in EquivalentLabels */

/* ESSSecurityLabel (3.2) */
struct ess_label {
	struct bytes policy;	 /* content octets of the OID */
	int classification;	 /* 0 to 256, or ESS_CLASSIFICATION_NONE */
	struct bytes mark;	 /* privacy-mark, UTF-8; empty: none */
	struct bytes categories; /* list, 1 to 64; empty: none */
};

/* SecurityCategory: what the value is depends on the type. */
struct ess_category {
	struct bytes type;  /* content octets of the OID */
	struct bytes value; /* one whole element */
};

/*
 * A SET: its elements may stand in any order, each at most once. Tags that are
 * not a label's and a missing policy are CS_ERR_ENCODING.
 */
int CS_MUST_USE ess_label_decode(struct bytes value, struct ess_label *label);
/* The next of a label's categories, which were checked: der_init(&d, list),
 * then until false. */
bool ess_category_next(struct der *list, struct ess_category *category);

/*
 * EquivalentLabels (3.4): the list of its labels, of which there is one at
 * least. No two have one policy, and none has own, which is the policy of the
 * label that they stand beside (empty: not known): CS_ERR_ENCODING.
 */
int CS_MUST_USE ess_equivalents_decode(
    struct bytes value, struct bytes own, struct bytes *labels);
/* The next of these, which were checked. */
bool ess_label_next(struct der *labels, struct ess_label *label);

/*
 * In DER: a mark that a PrintableString can hold becomes one, another a
 * UTF8String; categories get into order. Not checked: the caller keeps to the
 * limits above.
 */
void der_put_label(struct buf *b, const struct ess_label *label);
/* One more for a label's list of categories. */
void der_put_category(struct buf *b, const struct ess_category *category);

#endif
