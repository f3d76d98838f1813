#include "asn1/say.h"
#include "client/cms/receipt.h"

#include "client/cms/verdict_mail.h"
#include "client/pkix/address.h"

/* The innermost layer that somebody signed; NULL: none. */
static struct verdict_layer *
find_signed(const struct verdict *v)
{
	size_t i;

	for (i = v->layers_len; i > 0; i--)
		if (v->layers[i - 1].kind == VERDICT_SIGNED &&
		    v->layers[i - 1].signers_len != 0)
			return &v->layers[i - 1];
	return NULL;
}

static const struct verdict_signer *
find_request(const struct verdict_layer *layer,
    struct ess_receipt_request *request, const struct finding **broken)
{
	const struct verdict_signer *s;
	size_t i;

	*broken = NULL;
	for (i = 0; i < layer->signers_len; i++) {
		s = &layer->signers[i];
		if (verdict_get_request(s, request))
			return s;
		if (s->ess != NULL && s->ess->request.state == FINDING_BAD)
			*broken = &s->ess->request;
	}
	return NULL;
}

/* Why there is no request; the one of an outer signature is not the
 * author's. */
static const char *
explain_no_request(const struct verdict *v, const struct finding *broken)
{
	struct ess_receipt_request request;
	const struct finding *other;
	size_t i;

	if (broken != NULL)
		return broken->text;
	for (i = 0; i < v->layers_len; i++)
		if (find_request(&v->layers[i], &request, &other) != NULL)
			return N_(
			    "only a signature outside of the author's asks "
			    "for one, which does not count");
	return N_("no signature of the message asks for one");
}

/* What mailing lists say, by the outermost signature that tells of one. */
static const struct verdict_signer *
find_history(const struct verdict *v, const struct finding **broken)
{
	const struct verdict_signer *s;
	size_t i, k;

	*broken = NULL;
	for (i = 0; i < v->layers_len; i++)
		for (k = 0; k < v->layers[i].signers_len; k++) {
			s = &v->layers[i].signers[k];
			if (s->ess == NULL ||
			    s->ess->history.state == FINDING_NOT_CHECKED)
				continue;
			if (s->ess->history.state == FINDING_GOOD)
				return s;
			*broken = &s->ess->history;
			return NULL;
		}
	return NULL;
}

/* RFC 2634 2.3 and 2.5. */
static int
plan_by_list(const struct verdict *v, struct receipt_plan *plan, struct err *e)
{
	const struct finding *broken;
	const struct verdict_signer *s = find_history(v, &broken);
	struct ess_list last;
	struct bytes lists;

	plan->to[plan->to_len++] = plan->request.to;
	if (broken != NULL)
		return err_set(e, -CS_ERR_NOT_ASKED, "no receipt is made: %s",
		    broken->text);
	if (s == NULL || !verdict_get_lists(s, &lists, &last))
		return 0;
	if (last.policy == ESS_LIST_NONE)
		return err_set(e, -CS_ERR_NOT_ASKED,
		    "no receipt is made: the mailing list wants none");
	if (plan->request.from == ESS_FROM_FIRST_TIER)
		return err_set(e, -CS_ERR_NOT_ASKED,
		    "no receipt is made: it is asked for from those that the "
		    "message was sent to directly, and it came by a mailing "
		    "list");
	if (last.policy == ESS_LIST_INSTEAD_OF)
		plan->to[0] = last.to;
	else if (last.policy == ESS_LIST_IN_ADDITION_TO)
		plan->to[plan->to_len++] = last.to;
	return 0;
}

/* Is there an encryption around that layer? */
static bool
is_encrypted_around(const struct verdict *v, const struct verdict_layer *layer)
{
	const struct verdict_layer *l;

	for (l = v->layers; l < layer; l++)
		if (l->kind == VERDICT_ENCRYPTED)
			return true;
	return false;
}

int
receipt_plan(const struct verdict *v, struct receipt_plan *plan, struct err *e)
{
	int code;

	const struct verdict_layer *layer = find_signed(v);
	const struct finding *broken = NULL;

	*plan = (struct receipt_plan){0};
	if (v->code != 0)
		return err_set(e, v->code, "%s", v->text);
	if (layer != NULL && layer->receipt != NULL)
		return err_set(e, -CS_ERR_NOT_ASKED,
		    "no receipt is made: the message is a receipt itself");
	if (layer != NULL)
		plan->signer = find_request(layer, &plan->request, &broken);
	if (plan->signer == NULL)
		return err_set(e, -CS_ERR_NOT_ASKED, "no receipt is made: %s",
		    explain_no_request(v, broken));
	plan->was_encrypted = is_encrypted_around(v, layer);
	code = plan_by_list(v, plan, e);
	if (code != 0)
		*plan = (struct receipt_plan){0};
	return code;
}

static bool
is_address_of(void *ctx, struct bytes address)
{
	return address_match_cert(ctx, address) == ADDRESS_MATCH;
}

static bool
is_asked(const struct ess_receipt_request *request, const struct cert *cert)
{
	return request->from != ESS_FROM_LIST ||
	       ess_list_has(
		   request->from_list, is_address_of, (void *)(uintptr_t)cert);
}

int
receipt_check_asked(
    const struct receipt_plan *plan, const struct cert *cert, struct err *e)
{
	if (is_asked(&plan->request, cert))
		return 0;
	return err_set(e, -CS_ERR_NOT_ASKED,
	    "no receipt is made: it is asked for from others, and the key's "
	    "certificate has none of their addresses");
}

void
receipt_put(const struct receipt_plan *plan, struct buf *receipt,
    struct buf *msg_sig_digest)
{
	const struct verdict_ess *ess = plan->signer->ess;
	struct ess_receipt r = {
	    .content_type = buf_get(&ess->content_type),
	    .content_id = plan->request.content_id,
	    .signature = buf_get(&ess->signature),
	};

	der_put_receipt(receipt, &r);
	der_put(msg_sig_digest, DER_OCTET_STRING,
	    bytes_of(ess->sig_digest, ess->sig_digest_len));
}

/* --- matching --- */

/* What the receipt is for, among those who signed what was sent. */
static const struct verdict_signer *
find_signature(const struct verdict_layer *sent, struct bytes signature)
{
	struct ess_receipt_request request;
	const struct verdict_signer *s;
	size_t i;

	for (i = 0; i < sent->signers_len; i++) {
		s = &sent->signers[i];
		if (verdict_get_request(s, &request) &&
		    bytes_is_equal(buf_get(&s->ess->signature), signature))
			return s;
	}
	return NULL;
}

/* Does every signer of the receipt say so of what the sender signed? */
static bool
has_digest(const struct verdict_layer *layer, const struct verdict_ess *sent)
{
	const struct verdict_ess *ess;
	size_t i;

	for (i = 0; i < layer->signers_len; i++) {
		ess = layer->signers[i].ess;
		if (ess == NULL ||
		    !bytes_is_equal(buf_get(&ess->msg_sig_digest),
			bytes_of(sent->sig_digest, sent->sig_digest_len)))
			return false;
	}
	return true;
}

static const char *
compare(const struct verdict_layer *sent, const struct verdict_layer *layer,
    struct ess_receipt_request *request)
{
	const struct verdict_signer *s;
	struct ess_receipt receipt;

	*request = (struct ess_receipt_request){0};
	if (!verdict_get_receipt(layer, &receipt))
		return N_("the receipt is broken");
	s = find_signature(sent, receipt.signature);
	if (s == NULL)
		return N_("the receipt is for another message");
	if (!verdict_get_request(s, request) ||
	    !bytes_is_equal(request->content_id, receipt.content_id))
		return N_("the receipt names another request for one");
	if (!bytes_is_equal(
		buf_get(&s->ess->content_type), receipt.content_type))
		return N_("the receipt names another type of content");
	if (!has_digest(layer, s->ess))
		return N_(
		    "the receipt was not made over the message's signature "
		    "(msgSigDigest)");
	return NULL;
}

/* Somebody's receipt is one, asked or not; so it is only told. */
static int
warn_unasked(struct verdict *received, const struct verdict_layer *layer,
    const struct ess_receipt_request *request)
{
	const struct cert *cert;
	size_t i;
	int code = 0;

	for (i = 0; code == 0 && i < layer->signers_len; i++) {
		cert = layer->signers[i].cert;
		if (cert != NULL && !is_asked(request, cert))
			code = verdict_warn(received,
			    "the receipt is by somebody from whom none was "
			    "asked for");
	}
	return code;
}

int
receipt_match(
    const struct verdict *sent, struct verdict *received, struct err *e)
{
	const struct verdict_layer *original = find_signed(sent);
	struct verdict_layer *layer = find_signed(received);
	struct ess_receipt_request request;
	const struct finding *broken;
	const char *fault;
	int code;

	if (layer == NULL || layer->receipt == NULL)
		return err_set(
		    e, -CS_ERR_RECEIPT, "what was received is no receipt");
	if (original == NULL ||
	    find_request(original, &request, &broken) == NULL)
		return err_set(
		    e, -CS_ERR_RECEIPT, "what was sent asks for no receipt");
	fault = compare(original, layer, &request);
	if (fault == NULL) {
		finding_set(&layer->receipt->match, FINDING_GOOD, 0,
		    "it is for the message that was sent");
		return warn_unasked(received, layer, &request);
	}
	finding_set(&layer->receipt->match, FINDING_BAD, -CS_ERR_RECEIPT, "%s",
	    say(fault));
	code = verdict_set_fault(received, -CS_ERR_RECEIPT, fault);
	if (code == 0 && received->mail != NULL)
		verdict_judge_mail(received);
	else if (code == 0)
		verdict_judge(received);
	return code;
}
