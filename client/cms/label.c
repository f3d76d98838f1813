#include "asn1/say.h"
#include "client/cms/label.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* SecurityClassification (RFC 2634 3.2) */
static const char *const basic_names[] = {"unmarked", "unclassified",
    "restricted", "confidential", "secret", "top-secret"};
#define BASIC_LEN ((int)(sizeof(basic_names) / sizeof(basic_names[0])))

struct label_policy *
label_rules_add(struct label_rules *rules, struct bytes oid)
{
	struct label_policy *policies, *policy;

	policies = reallocarray(
	    rules->policies, rules->policies_len + 1, sizeof(*policies));
	if (policies == NULL)
		return NULL;
	rules->policies = policies;
	policy = &policies[rules->policies_len];
	*policy = (struct label_policy){
	    .clearance = LABEL_CLEARANCE_NONE,
	    .encrypt_from = LABEL_ENCRYPT_NEVER,
	};
	if (buf_add_bytes(&policy->oid, oid) != 0)
		return NULL;
	rules->policies_len++;
	return policy;
}

static void
policy_clear(struct label_policy *policy)
{
	size_t i;

	for (i = 0; i < policy->classes_len; i++)
		free(policy->classes[i].name);
	for (i = 0; i < policy->categories_len; i++)
		buf_clear(&policy->categories[i]);
	free(policy->classes);
	free(policy->categories);
	free(policy->name);
	buf_clear(&policy->oid);
}

void
label_rules_clear(struct label_rules *rules)
{
	size_t i;

	for (i = 0; i < rules->policies_len; i++)
		policy_clear(&rules->policies[i]);
	free(rules->policies);
	*rules = (struct label_rules){0};
}

/* --- names --- */

/* In these rules alone. */
static const struct label_policy *
find_own(const struct label_rules *rules, struct bytes oid)
{
	size_t i;

	for (i = 0; i < rules->policies_len; i++)
		if (bytes_is_equal(buf_get(&rules->policies[i].oid), oid))
			return &rules->policies[i];
	return NULL;
}

const struct label_policy *
label_find_policy(const struct label_rules *rules, struct bytes oid)
{
	const struct label_policy *policy = NULL;

	for (; policy == NULL && rules != NULL; rules = rules->above)
		policy = find_own(rules, oid);
	return policy;
}

const struct label_policy *
label_find_policy_name(const struct label_rules *rules, const char *name)
{
	const struct label_policy *p;
	size_t i;

	for (; rules != NULL; rules = rules->above)
		for (i = 0; i < rules->policies_len; i++) {
			p = &rules->policies[i];
			if (p->name != NULL && strcmp(p->name, name) == 0)
				return p;
		}
	return NULL;
}

const char *
label_class_name(const struct label_policy *policy, int value)
{
	size_t i;

	if (policy != NULL && policy->classes_len != 0) {
		for (i = 0; i < policy->classes_len; i++)
			if (policy->classes[i].value == value)
				return policy->classes[i].name;
		return NULL;
	}
	return value >= 0 && value < BASIC_LEN ? basic_names[value] : NULL;
}

int
label_class_find(const struct label_policy *policy, const char *text)
{
	char *end;
	long n;
	int i;

	if (text[0] >= '0' && text[0] <= '9') {
		errno = 0;
		n = strtol(text, &end, 10);
		if (errno == 0 && *end == '\0' && n <= ESS_CLASSIFICATION_MAX)
			return (int)n;
	}
	for (i = 0; policy != NULL && i < (int)policy->classes_len; i++)
		if (strcmp(policy->classes[i].name, text) == 0)
			return policy->classes[i].value;
	if (policy != NULL && policy->classes_len != 0)
		return -1;
	for (i = 0; i < BASIC_LEN; i++)
		if (strcmp(basic_names[i], text) == 0)
			return i;
	return -1;
}

void
label_format(struct buf *b, const struct label_rules *rules,
    const struct ess_label *label)
{
	const struct label_policy *policy =
	    label_find_policy(rules, label->policy);
	const char *name = label_class_name(policy, label->classification);
	char oid[OID_TEXT_MAX];

	buf_add_str(b, policy != NULL && policy->name != NULL
			   ? policy->name
			   : oid_format(oid, sizeof(oid), label->policy));
	if (label->classification == ESS_CLASSIFICATION_NONE)
		buf_add_str(b, ", no classification");
	else if (name != NULL)
		buf_printf(b, ", %s (%d)", name, label->classification);
	else
		buf_printf(b, ", classification %d", label->classification);
}

/* --- is it cleared? --- */

/* What label_check asks about. */
struct check {
	const struct label_rules *all; /* for names */
	const struct ess_label *label;
	struct bytes equivalents;
	bool is_trusted;
	struct finding *clearance;
};

/* False: it is not cleared, for that reason. */
static bool
refuse(const struct check *c, const struct ess_label *label, const char *why)
{
	struct buf b = {0};

	label_format(&b, c->all, label);
	finding_set(c->clearance, FINDING_BAD, -CS_ERR_LABEL, "%s: %.*s",
	    say(why), (int)b.len, (const char *)b.data);
	buf_clear(&b);
	return false;
}

static bool
allows_category(const struct label_policy *policy, struct bytes type)
{
	size_t i;

	for (i = 0; i < policy->categories_len; i++)
		if (bytes_is_equal(buf_get(&policy->categories[i]), type))
			return true;
	return false;
}

static bool
check_categories(const struct check *c, const struct label_policy *policy,
    const struct ess_label *label)
{
	struct ess_category category;
	struct der d;

	der_init(&d, label->categories);
	while (ess_category_next(&d, &category))
		if (!allows_category(policy, category.type))
			return refuse(c, label,
			    N_("the label has a category that is not allowed "
			       "here"));
	return true;
}

static bool
check_policy(const struct check *c, const struct label_policy *policy,
    const struct ess_label *label)
{
	int class = label->classification;

	if (policy->clearance == LABEL_CLEARANCE_NONE)
		return refuse(c, label,
		    N_("nothing under the label's policy is cleared"));
	if (policy->clearance != LABEL_CLEARANCE_ANY) {
		if (class == ESS_CLASSIFICATION_NONE)
			return refuse(c, label,
			    N_("the label does not tell its classification"));
		if (policy->classes_len != 0 &&
		    label_class_name(policy, class) == NULL)
			return refuse(c, label,
			    N_("the label's classification is not one of its "
			       "policy's"));
		if (class > policy->clearance)
			return refuse(
			    c, label, N_("the label is above the clearance"));
	}
	return check_categories(c, policy, label);
}

/* Through labels that the signer says are equivalent: all that these rules
 * know have to be cleared. *found: there is one. */
static bool
check_equivalents(
    const struct check *c, const struct label_rules *rules, bool *found)
{
	const struct label_policy *policy;
	struct ess_label label;
	struct der d;

	*found = false;
	if (!c->is_trusted)
		return true;
	der_init(&d, c->equivalents);
	while (ess_label_next(&d, &label)) {
		policy = find_own(rules, label.policy);
		if (policy == NULL || !policy->takes_equivalents)
			continue;
		*found = true;
		if (!check_policy(c, policy, &label))
			return false;
	}
	return true;
}

/* What these rules say of a policy that they do not know. */
static bool
check_unknown(const struct check *c, const struct label_rules *rules)
{
	enum label_unknown unknown = rules->unknown;

	/* It is for those above, unless these have a word on it. */
	if (label_find_policy(rules->above, c->label->policy) != NULL ||
	    (rules->above != NULL && unknown == LABEL_UNKNOWN_UNSAID))
		return true;
	if (unknown != LABEL_UNKNOWN_SHOW)
		return refuse(
		    c, c->label, N_("the label's policy is not known here"));
	finding_set(c->clearance, FINDING_UNKNOWN, 0,
	    N_("the label's policy is not known here, and such labels are "
	       "shown"));
	return true;
}

static bool
check_rules(const struct check *c, const struct label_rules *rules)
{
	const struct label_policy *policy = find_own(rules, c->label->policy);
	bool found;

	if (policy != NULL)
		return check_policy(c, policy, c->label);
	if (!check_equivalents(c, rules, &found))
		return false;
	return found || check_unknown(c, rules);
}

void
label_check(const struct label_rules *rules, const struct ess_label *label,
    struct bytes equivalents, bool is_trusted, struct finding *clearance)
{
	struct check c = {rules, label, equivalents, is_trusted, clearance};

	finding_set(clearance, FINDING_GOOD, 0, "the label is cleared");
	while (rules != NULL && check_rules(&c, rules))
		rules = rules->above;
}

bool
label_wants_encryption(
    const struct label_rules *rules, const struct ess_label *label)
{
	const struct label_policy *policy;

	for (; rules != NULL; rules = rules->above) {
		policy = find_own(rules, label->policy);
		if (policy != NULL &&
		    policy->encrypt_from != LABEL_ENCRYPT_NEVER &&
		    (label->classification == ESS_CLASSIFICATION_NONE ||
			label->classification >= policy->encrypt_from))
			return true;
	}
	return false;
}

/* --- a message's --- */

static int
keep_name(char **kept, const char *name)
{
	free(*kept);
	*kept = name != NULL ? strdup(name) : NULL;
	return name != NULL && *kept == NULL ? -CS_ERR_NO_MEMORY : 0;
}

static int
judge_label(const struct label_rules *rules, const struct verdict_signer *s)
{
	struct verdict_ess *ess = s->ess;
	const struct label_policy *policy;
	struct ess_label label;
	struct bytes equivalents;
	int code;

	if (!verdict_get_label(s, &label)) {
		if (rules != NULL)
			finding_set(&ess->clearance, FINDING_BAD, -CS_ERR_LABEL,
			    "%s",
			    ess->label.state == FINDING_BAD
				? ess->label.text
				: say("it has equivalent labels, and no "
				      "label"));
		return 0;
	}
	policy = label_find_policy(rules, label.policy);
	code =
	    keep_name(&ess->policy_name, policy != NULL ? policy->name : NULL);
	if (code == 0)
		code = keep_name(&ess->class_name,
		    label_class_name(policy, label.classification));
	if (rules == NULL)
		return code;
	(void)verdict_get_equivalents(s, &equivalents);
	label_check(rules, &label, equivalents,
	    verdict_signer_fault(s, &(int){0}) == NULL, &ess->clearance);
	return code;
}

int
label_judge(const struct label_rules *rules, struct verdict_layer *layer)
{
	const struct verdict_signer *s;
	size_t i;
	int code = 0;

	for (i = 0; code == 0 && i < layer->signers_len; i++) {
		s = &layer->signers[i];
		if (s->ess != NULL &&
		    (s->ess->label.state != FINDING_NOT_CHECKED ||
			s->ess->equivalents.state != FINDING_NOT_CHECKED))
			code = judge_label(rules, s);
	}
	return code;
}
