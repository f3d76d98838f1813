/*
 * label.h: rules for security labels (RFC 2634 3), and what they say of the
 * labels of a message that was read.
 *
 * Without rules labels are shown and nobody enforces them. Where there are
 * rules, everything fails closed: what is broken, not known or not allowed is
 * not cleared. The rules are plain data; who reads them from where is not
 * known here.
 */
#ifndef CLIENT_CMS_LABEL_H
#define CLIENT_CMS_LABEL_H

#include "asn1/ess_label.h"
#include "asn1/oid.h"
#include "client/cms/verdict_ess.h"

/* A name that a policy gives to a classification. */
struct label_class {
	int value; /* 0 to ESS_CLASSIFICATION_MAX */
	char *name;
};

/* Beside the numbers of classifications: */
#define LABEL_CLEARANCE_NONE (-1) /* nothing of the policy is cleared */
/* Everything, with a classification or without. */
#define LABEL_CLEARANCE_ANY (ESS_CLASSIFICATION_MAX + 1)
/* No label of the policy asks for encryption. */
#define LABEL_ENCRYPT_NEVER (ESS_CLASSIFICATION_MAX + 1)

struct label_policy {
	struct buf oid;		     /* content octets */
	char *name;		     /* NULL: it has none */
	struct label_class *classes; /* none: those of the RFC */
	size_t classes_len;
	int clearance;		/* the highest classification that is cleared */
	struct buf *categories; /* content octets of the types allowed */
	size_t categories_len;
	bool takes_equivalents; /* an equivalent label of it counts */
	int encrypt_from;	/* signed only where encrypted as well */
};

enum label_unknown {
	LABEL_UNKNOWN_UNSAID,
	LABEL_UNKNOWN_WITHHOLD,
	LABEL_UNKNOWN_SHOW,
};

/* All zero but for above: a set that knows no policy. */
struct label_rules {
	struct label_policy *policies;
	size_t policies_len;
	enum label_unknown unknown; /* labels of other policies */
	/* Rules that count as well, and cannot be loosened by these: what is
	 * to be cleared has to be cleared by both. Borrowed; NULL: none. */
	const struct label_rules *above;
};

/* A policy more, with the defaults: nothing is cleared; NULL: no memory. */
struct label_policy *label_rules_add(
    struct label_rules *rules, struct bytes oid);
/* Frees what it holds, and not what stands above. */
void label_rules_clear(struct label_rules *rules);

/* In these rules and in those above, these first; NULL: none. */
const struct label_policy *label_find_policy(
    const struct label_rules *rules, struct bytes oid);
const struct label_policy *label_find_policy_name(
    const struct label_rules *rules, const char *name);
/* The policy's (may be NULL) name of a classification, else the RFC's
 * ("secret"); NULL: none. Borrowed. */
const char *label_class_name(const struct label_policy *policy, int value);
/* By a number, or a name of the policy's; where it (or NULL) has none, of the
 * RFC's; -1: it is none. */
int label_class_find(const struct label_policy *policy, const char *text);

/* "Policy, secret (4)", for a person. */
void label_format(struct buf *b, const struct label_rules *rules,
    const struct ess_label *label);

/*
 * Is a message with that label cleared? equivalents (may be empty): the list
 * of EquivalentLabels, which stands in only for a policy that is not known,
 * and counts only where is_trusted says that its signer is (RFC 2634 3.4).
 * GOOD; BAD with CS_ERR_LABEL; UNKNOWN: the policy is not known, and shown all
 * the same.
 */
void label_check(const struct label_rules *rules, const struct ess_label *label,
    struct bytes equivalents, bool is_trusted, struct finding *clearance);
/* Does a rule want that label to be sent encrypted only? Without a
 * classification: wherever one of its policy does. */
bool label_wants_encryption(
    const struct label_rules *rules, const struct ess_label *label);

/*
 * Every signer of the layer is judged, and verdict_compare_ess done: fills
 * clearance and the names of those that have a label. rules NULL: names only.
 * Only CS_ERR_NO_MEMORY.
 */
int CS_MUST_USE label_judge(
    const struct label_rules *rules, struct verdict_layer *layer);

#endif
