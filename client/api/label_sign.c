/* Security labels (RFC 2634 3) on what is signed. */
#include <stdlib.h>
#include <string.h>

#include "asn1/ess_label.h"
#include "client/api/labels.h"
#include "client/api/signing.h"

#define CATEGORY_VALUE_MAX 4096 /* octets */

struct labelling {
	struct signing *signing;
	const struct label_rules *rules; /* NULL: none */
	bool is_encrypted;
	struct err *e;
};

/* What a label that is made borrows from. */
struct label_parts {
	struct ess_label label;
	struct buf policy;
	struct buf categories;
};

static void
parts_clear(struct label_parts *p)
{
	buf_clear(&p->policy);
	buf_clear(&p->categories);
}

/* POLICY: a name of the configuration, or dotted. */
static int
find_policy(const struct labelling *l, const char *name,
    const struct label_policy **policy, struct buf *oid)
{
	char quoted[128];

	*policy = label_find_policy_name(l->rules, name);
	if (*policy != NULL)
		return buf_add_bytes(oid, buf_get(&(*policy)->oid));
	if (oid_parse(oid, name) != 0)
		return err_set(l->e, -CS_ERR_ARGUMENT,
		    "\"%s\" is no policy: it is neither an object identifier "
		    "nor a name in labels.conf",
		    err_quote(quoted, sizeof(quoted), name, strlen(name)));
	*policy = label_find_policy(l->rules, buf_get(oid));
	return 0;
}

/* POLICY[:CLASS] */
static int
parse_label(const struct labelling *l, const char *value, struct label_parts *p)
{
	const char *colon = strchr(value, ':');
	const struct label_policy *policy;
	struct bytes name = bytes_of_str(value);
	char quoted[128], *copy;
	int r;

	if (colon != NULL)
		name.len = (size_t)(colon - value);
	copy = bytes_dup_str(name);
	if (copy == NULL)
		return -CS_ERR_NO_MEMORY;
	r = find_policy(l, copy, &policy, &p->policy);
	free(copy);
	p->label = (struct ess_label){.policy = buf_get(&p->policy),
	    .classification = ESS_CLASSIFICATION_NONE};
	if (r != 0 || colon == NULL)
		return r;
	p->label.classification = label_class_find(policy, colon + 1);
	if (p->label.classification >= 0)
		return 0;
	return err_set(l->e, -CS_ERR_ARGUMENT,
	    "\"%s\" is no classification of that policy: it takes a number up "
	    "to %d, or a name",
	    err_quote(quoted, sizeof(quoted), colon + 1, strlen(colon + 1)),
	    ESS_CLASSIFICATION_MAX);
}

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c != '\0' ? strchr(digits, c) : NULL;
	return at != NULL ? (int)(at - digits) : -1;
}

/* The octets of one whole element; false: they are none. */
static bool
parse_element(struct buf *b, const char *hex)
{
	int tag, high, low;
	struct der d;

	for (; hex[0] != '\0'; hex += 2) {
		high = hex_digit(hex[0]);
		low = high >= 0 ? hex_digit(hex[1]) : -1;
		if (low < 0)
			return false;
		buf_add_byte(b, (uint8_t)(high * 16 + low));
	}
	der_init(&d, buf_get(b));
	(void)der_get_any(&d, &tag);
	return b->err == 0 && der_end(&d) == 0;
}

/* OID:HEX */
static int
add_category(
    const struct labelling *l, const char *value, struct label_parts *p)
{
	const char *colon = strchr(value, ':');
	struct buf type = {0}, element = {.max = CATEGORY_VALUE_MAX};
	char quoted[128], *oid = NULL;
	bool is_good;

	if (colon != NULL)
		oid = bytes_dup_str(bytes_of(value, (size_t)(colon - value)));
	is_good = oid != NULL && oid_parse(&type, oid) == 0 &&
		  parse_element(&element, colon + 1);
	if (is_good) {
		struct ess_category category = {
		    buf_get(&type), buf_get(&element)};

		der_put_category(&p->categories, &category);
	}
	free(oid);
	buf_clear(&element);
	buf_clear(&type);
	if (is_good)
		return p->categories.err;
	return err_set(l->e, -CS_ERR_ARGUMENT,
	    "\"%s\" is no category of a label: it takes OID:HEX, where HEX is "
	    "one element in DER",
	    err_quote(quoted, sizeof(quoted), value, strlen(value)));
}

static int
add_categories(const struct labelling *l, struct label_parts *p)
{
	const struct strings *given =
	    &l->signing->job->options[CARDSEAL_LABEL_CATEGORY];
	size_t i;
	int r = 0;

	if (given->len > ESS_CATEGORIES_MAX)
		return err_set(l->e, -CS_ERR_ARGUMENT,
		    "a label has %d categories at most", ESS_CATEGORIES_MAX);
	for (i = 0; r == 0 && i < given->len; i++)
		r = add_category(l, given->items[i], p);
	p->label.categories = buf_get(&p->categories);
	return r;
}

static int
set_mark(const struct labelling *l, struct label_parts *p)
{
	const char *text = job_get(l->signing->job, CARDSEAL_PRIVACY_MARK);

	if (text == NULL)
		return 0;
	p->label.mark = bytes_of_str(text);
	if (p->label.mark.len == 0 || p->label.mark.len > ESS_MARK_MAX ||
	    !utf8_is_valid(p->label.mark))
		return err_set(l->e, -CS_ERR_ARGUMENT,
		    "a privacy mark is text in UTF-8, 1 to %d octets",
		    ESS_MARK_MAX);
	return 0;
}

static int
check_encryption(const struct labelling *l, const struct ess_label *label)
{
	struct buf text = {0};
	int r;

	if (l->is_encrypted || !label_wants_encryption(l->rules, label))
		return 0;
	label_format(&text, l->rules, label);
	r = err_set(l->e, -CS_ERR_POLICY,
	    "what has the label \"%.*s\" goes out encrypted only, as "
	    "labels.conf says; sign with --encrypt",
	    (int)text.len, (const char *)text.data);
	buf_clear(&text);
	return r;
}

/* value gets the whole ESSSecurityLabel. */
static int
make_label(const struct labelling *l, struct label_parts *p, struct buf *value)
{
	int r = parse_label(l, job_get(l->signing->job, CARDSEAL_LABEL), p);

	if (r == 0)
		r = set_mark(l, p);
	if (r == 0)
		r = add_categories(l, p);
	if (r == 0)
		r = check_encryption(l, &p->label);
	if (r == 0)
		der_put_label(value, &p->label);
	return r == 0 ? value->err : r;
}

static int
add_equivalent(const struct labelling *l, const char *given, struct buf *value)
{
	struct label_parts p = {0};
	int r = parse_label(l, given, &p);

	if (r == 0)
		r = check_encryption(l, &p.label);
	if (r == 0)
		der_put_label(value, &p.label);
	parts_clear(&p);
	return r == 0 ? value->err : r;
}

static int
make_equivalents(
    const struct labelling *l, const struct ess_label *label, struct buf *value)
{
	const struct strings *given =
	    &l->signing->job->options[CARDSEAL_EQUIVALENT_LABEL];
	size_t mark = der_open(value, DER_SEQUENCE), i;
	struct bytes labels;
	int r = 0;

	for (i = 0; r == 0 && i < given->len; i++)
		r = add_equivalent(l, given->items[i], value);
	der_close(value, mark);
	if (r == 0)
		r = value->err;
	if (r == 0 &&
	    ess_equivalents_decode(buf_get(value), label->policy, &labels) != 0)
		r = err_set(l->e, -CS_ERR_ARGUMENT,
		    "equivalent labels are %d at most, each of a policy of "
		    "its own that is not the label's",
		    ESS_EQUIVALENTS_MAX);
	return r;
}

static int
add_labels(struct labelling *l)
{
	struct cardseal_job *job = l->signing->job;
	struct buf label = {0}, equivalents = {0};
	struct label_parts p = {0};
	int r = make_label(l, &p, &label);

	if (r == 0 && job->options[CARDSEAL_EQUIVALENT_LABEL].len != 0)
		r = make_equivalents(l, &p.label, &equivalents);
	if (r == 0)
		r = signing_add_attr(l->signing, OID_SECURITY_LABEL, &label);
	if (r == 0 && equivalents.len != 0)
		r = signing_add_attr(
		    l->signing, OID_EQUIVALENT_LABELS, &equivalents);
	buf_clear(&equivalents);
	buf_clear(&label);
	parts_clear(&p);
	return r;
}

int
signing_set_labels(struct signing *s, bool is_encrypted)
{
	static const enum cardseal_option more[] = {CARDSEAL_PRIVACY_MARK,
	    CARDSEAL_LABEL_CATEGORY, CARDSEAL_EQUIVALENT_LABEL};
	struct labelling l = {
	    .signing = s, .is_encrypted = is_encrypted, .e = &s->job->err};
	struct job_labels *labels;
	size_t i;
	int r;

	if (job_get(s->job, CARDSEAL_LABEL) == NULL) {
		for (i = 0; i < sizeof(more) / sizeof(more[0]); i++)
			if (job_get(s->job, more[i]) != NULL)
				return err_set(&s->job->err, -CS_ERR_ARGUMENT,
				    "a mark, a category or an equivalent "
				    "stands with a label: they go with "
				    "--label");
		return 0;
	}
	r = job_labels_load(&labels, &s->job->err);
	if (r != 0)
		return r;
	l.rules = job_labels_get(labels);
	r = add_labels(&l);
	job_labels_free(labels);
	s->labels_len = s->params.attrs_len;
	return r;
}
