#include "client/cms/verdict_ess.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "asn1/time.h"

/* Addresses of one list that are shown to a person. */
#define ADDRESSES_SHOWN_MAX 10
/* Octets of a privacy mark, quoted, that are. */
#define MARK_SHOWN_MAX 400

struct verdict_ess *
verdict_signer_ess(struct verdict_signer *s)
{
	if (s->ess == NULL)
		s->ess = calloc(1, sizeof(*s->ess));
	return s->ess;
}

void
verdict_ess_free(struct verdict_ess *ess)
{
	if (ess == NULL)
		return;
	buf_clear(&ess->request_value);
	buf_clear(&ess->content_type);
	buf_clear(&ess->signature);
	buf_clear(&ess->msg_sig_digest);
	buf_clear(&ess->history_value);
	buf_clear(&ess->label_value);
	buf_clear(&ess->equivalents_value);
	free(ess->policy_name);
	free(ess->class_name);
	free(ess);
}

struct verdict_receipt *
verdict_receipt_new(void)
{
	return calloc(1, sizeof(struct verdict_receipt));
}

void
verdict_receipt_free(struct verdict_receipt *receipt)
{
	if (receipt == NULL)
		return;
	buf_clear(&receipt->value);
	free(receipt);
}

bool
verdict_get_request(
    const struct verdict_signer *s, struct ess_receipt_request *request)
{
	if (s->ess == NULL || s->ess->request.state != FINDING_GOOD) {
		*request = (struct ess_receipt_request){0};
		return false;
	}
	return ess_receipt_request_decode(
		   buf_get(&s->ess->request_value), request) == 0;
}

bool
verdict_get_lists(
    const struct verdict_signer *s, struct bytes *lists, struct ess_list *last)
{
	if (s->ess == NULL || s->ess->history.state != FINDING_GOOD) {
		*lists = BYTES_NONE;
		*last = (struct ess_list){0};
		return false;
	}
	return ess_history_decode(
		   buf_get(&s->ess->history_value), lists, last) == 0;
}

bool
verdict_get_label(const struct verdict_signer *s, struct ess_label *label)
{
	if (s->ess == NULL || s->ess->label.state != FINDING_GOOD) {
		*label = (struct ess_label){0};
		return false;
	}
	return ess_label_decode(buf_get(&s->ess->label_value), label) == 0;
}

bool
verdict_get_equivalents(const struct verdict_signer *s, struct bytes *labels)
{
	struct ess_label label;

	if (!verdict_get_label(s, &label) ||
	    s->ess->equivalents.state != FINDING_GOOD) {
		*labels = BYTES_NONE;
		return false;
	}
	return ess_equivalents_decode(buf_get(&s->ess->equivalents_value),
		   label.policy, labels) == 0;
}

bool
verdict_get_receipt(
    const struct verdict_layer *layer, struct ess_receipt *receipt)
{
	if (layer->receipt == NULL ||
	    layer->receipt->form.state != FINDING_GOOD) {
		*receipt = (struct ess_receipt){0};
		return false;
	}
	return ess_receipt_decode(buf_get(&layer->receipt->value), receipt) ==
	       0;
}

/* --- several signers --- */

struct ess_part {
	struct finding *finding;
	struct bytes value;
};

static struct ess_part
get_request_part(struct verdict_ess *ess)
{
	return (struct ess_part){&ess->request, buf_get(&ess->request_value)};
}

static struct ess_part
get_history_part(struct verdict_ess *ess)
{
	return (struct ess_part){&ess->history, buf_get(&ess->history_value)};
}

static struct ess_part
get_label_part(struct verdict_ess *ess)
{
	return (struct ess_part){&ess->label, buf_get(&ess->label_value)};
}

static struct ess_part
get_equivalents_part(struct verdict_ess *ess)
{
	return (struct ess_part){
	    &ess->equivalents, buf_get(&ess->equivalents_value)};
}

/* Is it the same with all signers who have it? */
static bool
is_alike(const struct verdict_layer *layer,
    struct ess_part (*get)(struct verdict_ess *ess))
{
	struct ess_part part, first = {0};
	size_t i;

	for (i = 0; i < layer->signers_len; i++) {
		if (layer->signers[i].ess == NULL)
			continue;
		part = get(layer->signers[i].ess);
		if (part.finding->state == FINDING_NOT_CHECKED)
			continue;
		if (first.finding == NULL)
			first = part;
		else if (first.finding->state != part.finding->state ||
			 !bytes_is_equal(first.value, part.value))
			return false;
	}
	return true;
}

static void
compare_part(struct verdict_layer *layer,
    struct ess_part (*get)(struct verdict_ess *ess), const char *text)
{
	struct ess_part part;
	size_t i;

	if (is_alike(layer, get))
		return;
	for (i = 0; i < layer->signers_len; i++) {
		if (layer->signers[i].ess == NULL)
			continue;
		part = get(layer->signers[i].ess);
		if (part.finding->state == FINDING_GOOD)
			finding_set(part.finding, FINDING_BAD,
			    -CS_ERR_ATTRIBUTES, "%s", say(text));
	}
}

void
verdict_compare_ess(struct verdict_layer *layer)
{
	compare_part(layer, get_request_part,
	    N_("the signers ask for different receipts, so none of them gets "
	       "one"));
	compare_part(layer, get_history_part,
	    N_("the signers tell of different mailing lists"));
	compare_part(layer, get_label_part,
	    N_("the signers give it different security labels"));
	compare_part(layer, get_equivalents_part,
	    N_("the signers give it different equivalent labels"));
}

/* --- for people --- */

static void
put_addresses(struct buf *b, struct bytes list)
{
	struct bytes names, address;
	char quoted[256];
	size_t n = 0;
	struct der d, in;

	der_init(&d, list);
	while (ess_names_next(&d, &names)) {
		der_init(&in, names);
		if (!ess_address_next(&in, &address)) {
			buf_printf(b, "%s%s", n != 0 ? ", " : "",
			    say("somebody without an address"));
		} else if (n < ADDRESSES_SHOWN_MAX) {
			buf_printf(b, "%s%s", n != 0 ? ", " : "",
			    err_quote(quoted, sizeof(quoted), address.p,
				address.len));
		}
		n++;
	}
	if (n > ADDRESSES_SHOWN_MAX)
		buf_say(b, " and others: %zu in all", n);
}

static void
put_lists(struct buf *b, const struct verdict_signer *s)
{
	static const char *const policies[] = {N_("go as asked for"),
	    N_("are not to be made"), N_("go instead to "),
	    N_("go as well to ")};
	char time[TIME_TEXT_MAX];
	struct ess_list list;
	struct bytes lists;
	struct der d;

	if (s->ess->history.state == FINDING_BAD)
		buf_say(
		    b, "    lists       unclear: %s\n", s->ess->history.text);
	if (!verdict_get_lists(s, &lists, &list))
		return;
	der_init(&d, lists);
	while (ess_list_next(&d, &list)) {
		buf_say(b,
		    "    list        passed on at %s (the list says); receipts "
		    "%s",
		    time_format(time, list.time), say(policies[list.policy]));
		put_addresses(b, list.to);
		buf_add_str(b, "\n");
	}
}

static void
put_categories(struct buf *b, struct bytes categories)
{
	struct ess_category category;
	const char *before = say("; categories ");
	char type[OID_TEXT_MAX];
	struct der d;

	der_init(&d, categories);
	while (ess_category_next(&d, &category)) {
		buf_printf(b, "%s%s", before,
		    oid_format(type, sizeof(type), category.type));
		before = ", ";
	}
}

/* name and class: what the rules call them; NULL: nothing. */
static void
put_label(struct buf *b, const struct ess_label *label, const char *name,
    const char *class)
{
	char text[OID_TEXT_MAX], quoted[MARK_SHOWN_MAX];

	oid_format(text, sizeof(text), label->policy);
	if (name != NULL)
		buf_printf(b, "%s (%s)", name, text);
	else
		buf_add_str(b, text);
	if (label->classification == ESS_CLASSIFICATION_NONE)
		buf_say(b, ", no classification");
	else if (class != NULL)
		buf_printf(b, ", %s (%d)", class, label->classification);
	else
		buf_say(b, ", classification %d", label->classification);
	if (label->mark.len != 0)
		buf_printf(b, ", \"%s\"",
		    err_quote(quoted, sizeof(quoted), label->mark.p,
			label->mark.len));
	put_categories(b, label->categories);
	buf_add_str(b, "\n");
}

static void
put_labels(struct buf *b, const struct verdict_signer *s)
{
	const struct verdict_ess *ess = s->ess;
	struct ess_label label;
	struct bytes labels;
	struct der d;

	if (ess->label.state == FINDING_BAD)
		buf_say(b, "    label       unclear: %s\n", ess->label.text);
	if (verdict_get_label(s, &label)) {
		buf_say(b, "    label       ");
		put_label(b, &label, ess->policy_name, ess->class_name);
	}
	if (ess->equivalents.state == FINDING_BAD)
		buf_say(
		    b, "    equivalent  unclear: %s\n", ess->equivalents.text);
	(void)verdict_get_equivalents(s, &labels);
	der_init(&d, labels);
	while (ess_label_next(&d, &label)) {
		buf_say(b, "    equivalent  ");
		put_label(b, &label, NULL, NULL);
	}
	if (ess->clearance.state != FINDING_NOT_CHECKED)
		buf_say(b, "    clearance   %s: %s\n",
		    say(finding_state_name(ess->clearance.state)),
		    ess->clearance.text);
}

void
verdict_put_ess(struct buf *b, const struct verdict_signer *s)
{
	struct ess_receipt_request request;

	if (s->ess == NULL)
		return;
	put_labels(b, s);
	put_lists(b, s);
	if (verdict_get_request(s, &request)) {
		buf_say(b, "    receipt     asked for from ");
		if (request.from == ESS_FROM_ALL)
			buf_say(b, "all who get the message");
		else if (request.from == ESS_FROM_FIRST_TIER)
			buf_say(b, "those that it was sent to directly");
		else
			put_addresses(b, request.from_list);
		buf_say(b, "; to go to ");
		put_addresses(b, request.to);
		buf_add_str(b, "\n");
	} else if (s->ess->request.state == FINDING_BAD) {
		buf_say(b, "    receipt     none: %s\n", s->ess->request.text);
	}
}

void
verdict_put_receipt(struct buf *b, const struct verdict_layer *layer)
{
	const struct verdict_receipt *receipt = layer->receipt;

	if (receipt == NULL)
		return;
	if (receipt->form.state != FINDING_GOOD)
		buf_say(b, "  receipt: broken: %s\n", receipt->form.text);
	else if (receipt->match.state == FINDING_NOT_CHECKED)
		buf_say(b,
		    "  receipt: of a message that it was not compared with\n");
	else
		buf_say(b, "  receipt: %s: %s\n",
		    say(finding_state_name(receipt->match.state)),
		    receipt->match.text);
}
