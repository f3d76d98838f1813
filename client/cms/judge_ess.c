/*
 * What a signer asks for in his signed attributes (RFC 2634). Called where
 * his signature fits; what is broken here is no fault of the signature.
 */
#include "config.h"

#include "asn1/alg/digest.h"
#include "asn1/say.h"
#include "client/cms/judge_int.h"
#include "client/cms/label.h"
#include "client/cms/verdict_ess.h"

/* What a receipt for this signature would say, and msgSigDigest (2.4). */
static int
judge_keep_signature(struct judge *j, struct verdict_ess *ess)
{
	struct buf set = {.max = CMS_ELEMENT_MAX};
	int code = attrs_put_set_of(&set, j->info.signed_attrs);

	if (code == 0)
		ess->sig_digest_len =
		    digest_of(j->digest_alg, buf_get(&set), ess->sig_digest);
	buf_clear(&set);
	if (code == 0)
		code = buf_add_bytes(&ess->signature, j->info.signature);
	if (code == 0)
		code = buf_add_bytes(
		    &ess->content_type, buf_get(&j->r->content_type));
	if (code == 0 && ess->sig_digest_len == 0)
		code = -CS_ERR_NO_MEMORY;
	return code;
}

/*
 * An attribute's one value, checked by decode: what stands beside a good
 * finding. Empty with 0: there is none. CS_ERR_ATTRIBUTES.
 */
static int
judge_value(struct judge *j, enum oid type, int (*decode)(struct bytes value),
    struct bytes *value, struct err *e)
{
	int code = attrs_get_single(j->info.signed_attrs, type, value, e);

	if (code != 0 || value->len == 0)
		return code;
	code = decode(*value);
	if (code == 0)
		return 0;
	return err_set(e, -CS_ERR_ATTRIBUTES, "the attribute %s is broken: %s",
	    oid_name(type), err_text(code));
}

/* What came of looking for the attribute; false: it is not to be believed. */
static bool
say_found(struct finding *f, int code, const struct err *e, const char *good)
{
	if (code == 0)
		finding_set(f, FINDING_GOOD, 0, "%s", say(good));
	else
		finding_set(f, FINDING_BAD, code, "%s", err_get_text(e));
	return code == 0;
}

static int
check_request(struct bytes value)
{
	struct ess_receipt_request request;

	return ess_receipt_request_decode(value, &request);
}

static int
judge_receipt_request(struct judge *j)
{
	struct verdict_ess *ess;
	struct bytes value;
	struct err e = ERR_INIT;
	int code =
	    judge_value(j, OID_RECEIPT_REQUEST, check_request, &value, &e);

	if (code == 0 && value.len == 0)
		return 0;
	ess = verdict_signer_ess(j->s);
	if (ess == NULL)
		return -CS_ERR_NO_MEMORY;
	if (!say_found(&ess->request, code, &e, N_("a receipt is asked for")))
		return 0;
	code = buf_add_bytes(&ess->request_value, value);
	return code == 0 ? judge_keep_signature(j, ess) : code;
}

static int
check_history(struct bytes value)
{
	struct ess_list last;
	struct bytes lists;

	return ess_history_decode(value, &lists, &last);
}

static int
judge_history(struct judge *j)
{
	struct verdict_ess *ess;
	struct bytes value;
	struct err e = ERR_INIT;
	int code =
	    judge_value(j, OID_MLEXPANSION_HISTORY, check_history, &value, &e);

	if (code == 0 && value.len == 0)
		return 0;
	ess = verdict_signer_ess(j->s);
	if (ess == NULL)
		return -CS_ERR_NO_MEMORY;
	if (!say_found(
		&ess->history, code, &e, N_("mailing lists passed it on")))
		return 0;
	return buf_add_bytes(&ess->history_value, value);
}

static int
check_label(struct bytes value)
{
	struct ess_label label;

	return ess_label_decode(value, &label);
}

static int
check_equivalents(struct bytes value)
{
	struct bytes labels;

	return ess_equivalents_decode(value, BYTES_NONE, &labels);
}

/* Where the label is good: that its own policy is not among them (3.4). */
static void
judge_equivalents(const struct verdict_signer *s)
{
	struct ess_label label;
	struct bytes labels;
	int code;

	if (s->ess->equivalents.state != FINDING_GOOD ||
	    !verdict_get_label(s, &label))
		return;
	code = ess_equivalents_decode(
	    buf_get(&s->ess->equivalents_value), label.policy, &labels);
	if (code != 0)
		finding_set(&s->ess->equivalents, FINDING_BAD,
		    -CS_ERR_ATTRIBUTES,
		    "the label's own policy is among the equivalent labels");
}

/* A value that was looked for; empty: there is none. */
static int
judge_keep(struct finding *f, struct buf *kept, int code, struct bytes value,
    const struct err *e, const char *good)
{
	if (code == 0 && value.len == 0)
		return 0;
	return say_found(f, code, e, good) ? buf_add_bytes(kept, value) : 0;
}

static int
judge_labels(struct judge *j)
{
	struct err e = ERR_INIT, e_equivalents = ERR_INIT;
	struct bytes label, equivalents;
	struct verdict_ess *ess;
	int code = judge_value(j, OID_SECURITY_LABEL, check_label, &label, &e);
	int code_equivalents = judge_value(j, OID_EQUIVALENT_LABELS,
	    check_equivalents, &equivalents, &e_equivalents);
	int r;

	if (code == 0 && code_equivalents == 0 && label.len == 0 &&
	    equivalents.len == 0)
		return 0;
	ess = verdict_signer_ess(j->s);
	if (ess == NULL)
		return -CS_ERR_NO_MEMORY;
	r = judge_keep(&ess->label, &ess->label_value, code, label, &e,
	    "it has a security label");
	if (r == 0)
		r = judge_keep(&ess->equivalents, &ess->equivalents_value,
		    code_equivalents, equivalents, &e_equivalents,
		    "it has equivalent labels");
	judge_equivalents(j->s);
	return r;
}

/* Of a receipt: over what it was made (2.10). */
static int
judge_msg_sig_digest(struct judge *j)
{
	struct verdict_ess *ess;
	struct bytes value, digest;
	struct der d;

	if (!bytes_is_equal(
		buf_get(&j->r->content_type), oid_get(OID_RECEIPT)) ||
	    attrs_get_single(
		j->info.signed_attrs, OID_MSG_SIG_DIGEST, &value, NULL) != 0)
		return 0;
	der_init(&d, value);
	digest = der_get(&d, DER_OCTET_STRING);
	if (der_end(&d) != 0)
		return 0;
	ess = verdict_signer_ess(j->s);
	return ess != NULL ? buf_add_bytes(&ess->msg_sig_digest, digest)
			   : -CS_ERR_NO_MEMORY;
}

int
judge_ess(struct judge *j)
{
	int code = 0;

	if (!j->info.has_signed_attrs || j->is_counter || j->r->params.is_token)
		return 0;
	code = judge_receipt_request(j);
	if (code == 0)
		code = judge_history(j);
	if (code == 0)
		code = judge_labels(j);
	return code == 0 ? judge_msg_sig_digest(j) : code;
}

/* The content of a receipt, all of it; empty: it is none. */
void
reader_keep_receipt(struct cms_reader *r, struct bytes run)
{
	if (r->verdict == NULL || r->type != CMS_SIGNED ||
	    !cms_reader_is_receipt(r))
		return;
	r->receipt.max = ESS_RECEIPT_MAX;
	(void)!buf_add_bytes(&r->receipt, run);
}

int
reader_judge_receipt(struct cms_reader *r)
{
	struct verdict_layer *layer = reader_layer(r);
	struct ess_receipt receipt;
	int code;

	verdict_compare_ess(layer);
	code = label_judge(r->params.labels, layer);
	if (code != 0)
		return err_set(&r->err, code, NULL);
	if (!cms_reader_is_receipt(r))
		return 0;
	layer->receipt = verdict_receipt_new();
	if (layer->receipt == NULL)
		return err_set(&r->err, -CS_ERR_NO_MEMORY, NULL);
	code = r->receipt.err;
	if (code == 0)
		code = ess_receipt_decode(buf_get(&r->receipt), &receipt);
	if (code != 0) {
		finding_set(&layer->receipt->form, FINDING_BAD, code, "%s",
		    err_text(code));
		return 0;
	}
	finding_set(&layer->receipt->form, FINDING_GOOD, 0, "a receipt");
	code = buf_add_bytes(&layer->receipt->value, buf_get(&r->receipt));
	return code == 0 ? 0 : err_set(&r->err, code, NULL);
}

bool
cms_reader_is_receipt(const struct cms_reader *r)
{
	return r->type == CMS_SIGNED &&
	       bytes_is_equal(buf_get(&r->content_type), oid_get(OID_RECEIPT));
}
