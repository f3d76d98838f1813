#include "client/cms/verdict_json.h"
#include "client/cms/verdict_ess.h"
#include "client/cms/verdict_mail.h"

#include <jansson.h>
#include <string.h>

#include "asn1/attrs.h"

#define JSON_VERSION 1
/* Longest text that is shown in full when it is not UTF-8. */
#define JSON_QUOTED_MAX 1024

/* NULL becomes null; what is no UTF-8 is quoted. New references throughout:
 * jansson's _new functions take them over, NULL (no memory) too. */
static json_t *
text_to_json(const char *s)
{
	char quoted[JSON_QUOTED_MAX];
	json_t *json;

	if (s == NULL)
		return json_null();
	json = json_string(s);
	if (json != NULL)
		return json;
	return json_string(err_quote(quoted, sizeof(quoted), s, strlen(s)));
}

static json_t *
buf_to_json(struct buf *b)
{
	json_t *json;

	buf_add_byte(b, 0);
	json = b->err == 0 ? text_to_json((const char *)b->data) : NULL;
	buf_clear(b);
	return json;
}

static json_t *
hex_to_json(struct bytes bytes)
{
	struct buf b = {0};

	buf_add_hex(&b, bytes);
	return buf_to_json(&b);
}

static json_t *
time_to_json(int64_t t)
{
	char text[TIME_TEXT_MAX];

	return json_string(time_format(text, t));
}

/* Sets a key; remembers a failure in *ok. */
static void
put(json_t *object, const char *key, json_t *value, bool *ok)
{
	if (json_object_set_new(object, key, value) != 0)
		*ok = false;
}

static void
append(json_t *array, json_t *value, bool *ok)
{
	if (json_array_append_new(array, value) != 0)
		*ok = false;
}

static json_t *
finding_to_json(const struct finding *f, bool *ok)
{
	json_t *o = json_object();

	put(o, "state", json_string(finding_state_name(f->state)), ok);
	put(o, "code",
	    f->code != 0 ? json_string(err_name(f->code)) : json_null(), ok);
	put(o, "text", text_to_json(f->text), ok);
	return o;
}

static json_t *
cert_to_json(const struct cert *c, bool *ok)
{
	struct buf name = {0}, subject = {0}, issuer = {0};
	json_t *o;

	if (c == NULL)
		return json_null();
	o = json_object();
	cert_get_display_name(c, &name);
	name_format(&subject, cert_get_subject(c));
	name_format(&issuer, cert_get_issuer(c));
	put(o, "name", buf_to_json(&name), ok);
	put(o, "subject", buf_to_json(&subject), ok);
	put(o, "issuer", buf_to_json(&issuer), ok);
	put(o, "serial", hex_to_json(cert_get_serial(c)), ok);
	put(o, "not_before", time_to_json(cert_get_not_before(c)), ok);
	put(o, "not_after", time_to_json(cert_get_not_after(c)), ok);
	put(o, "sha256",
	    hex_to_json(bytes_of(cert_get_sha256(c), CERT_FINGERPRINT_LEN)),
	    ok);
	put(o, "key_sha256",
	    hex_to_json(bytes_of(cert_get_key_hash(c), CERT_FINGERPRINT_LEN)),
	    ok);
	return o;
}

static json_t *
path_to_json(const struct cert_set *path, bool *ok)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; path != NULL && i < cert_set_get_len(path); i++)
		append(a, cert_to_json(cert_set_get(path, i), ok), ok);
	return a;
}

/* Names of what the signer can read, best first. */
static json_t *
capabilities_to_json(const struct verdict_signer *s, bool *ok)
{
	json_t *a = json_array();
	char name[OID_TEXT_MAX];
	struct alg_id id;
	struct der d;

	der_init(&d, buf_get(&s->capabilities));
	while (capabilities_next(&d, &id))
		append(a, json_string(alg_id_describe(name, sizeof(name), &id)),
		    ok);
	return a;
}

static json_t *signer_to_json(const struct verdict_signer *s, bool *ok);

static json_t *
stamps_to_json(const struct verdict_signer *s, bool *ok)
{
	json_t *a = json_array(), *o;
	size_t i;

	for (i = 0; i < s->stamps_len; i++) {
		o = finding_to_json(&s->stamps[i].finding, ok);
		put(o, "time",
		    s->stamps[i].signer != NULL
			? time_to_json(s->stamps[i].time)
			: json_null(),
		    ok);
		put(o, "policy", text_to_json(s->stamps[i].policy), ok);
		put(o, "signer",
		    s->stamps[i].signer != NULL
			? signer_to_json(s->stamps[i].signer, ok)
			: json_null(),
		    ok);
		append(a, o, ok);
	}
	return a;
}

static json_t *
counters_to_json(const struct verdict_signer *s, bool *ok)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < s->counters_len; i++)
		append(a, signer_to_json(&s->counters[i], ok), ok);
	return a;
}

/* --- Enhanced Security Services (RFC 2634) --- */

/* The rfc822Names of a list of GeneralNames. */
static json_t *
addresses_to_json(struct bytes list, bool *ok)
{
	json_t *a = json_array();
	struct bytes names, address;
	struct der d, in;

	der_init(&d, list);
	while (ess_names_next(&d, &names)) {
		der_init(&in, names);
		while (ess_address_next(&in, &address))
			append(a,
			    json_stringn((const char *)address.p, address.len),
			    ok);
	}
	return a;
}

static json_t *
request_to_json(const struct verdict_signer *s, bool *ok)
{
	static const char *const from[] = {"all", "first-tier", "list"};
	struct ess_receipt_request request;
	json_t *o;

	if (s->ess == NULL || s->ess->request.state == FINDING_NOT_CHECKED)
		return json_null();
	o = finding_to_json(&s->ess->request, ok);
	if (verdict_get_request(s, &request)) {
		put(o, "from", json_string(from[request.from]), ok);
		put(o, "from_addresses",
		    addresses_to_json(request.from_list, ok), ok);
		put(o, "to_addresses", addresses_to_json(request.to, ok), ok);
		put(o, "content_id", hex_to_json(request.content_id), ok);
	}
	return o;
}

static json_t *
lists_to_json(const struct verdict_signer *s, bool *ok)
{
	static const char *const receipts[] = {
	    "as-asked", "none", "instead-of", "in-addition-to"};
	json_t *o, *a, *one;
	struct ess_list list;
	struct bytes lists;
	struct der d;

	if (s->ess == NULL || s->ess->history.state == FINDING_NOT_CHECKED)
		return json_null();
	o = finding_to_json(&s->ess->history, ok);
	a = json_array();
	(void)verdict_get_lists(s, &lists, &list);
	der_init(&d, lists);
	while (ess_list_next(&d, &list)) {
		one = json_object();
		put(one, "time", time_to_json(list.time), ok);
		put(one, "receipts", json_string(receipts[list.policy]), ok);
		put(one, "to_addresses", addresses_to_json(list.to, ok), ok);
		append(a, one, ok);
	}
	put(o, "lists", a, ok);
	return o;
}

/* Fields of one label into o; name and class: what the rules call them. */
static void
put_label(json_t *o, const struct ess_label *label, const char *name,
    const char *class, bool *ok)
{
	json_t *categories = json_array(), *one;
	struct ess_category category;
	struct buf mark = {0};
	char oid[OID_TEXT_MAX];
	struct der d;

	put(o, "policy",
	    json_string(oid_format(oid, sizeof(oid), label->policy)), ok);
	put(o, "policy_name", text_to_json(name), ok);
	put(o, "classification",
	    label->classification != ESS_CLASSIFICATION_NONE
		? json_integer(label->classification)
		: json_null(),
	    ok);
	put(o, "classification_name", text_to_json(class), ok);
	buf_add_bytes(&mark, label->mark);
	put(o, "privacy_mark", mark.len != 0 ? buf_to_json(&mark) : json_null(),
	    ok);
	der_init(&d, label->categories);
	while (ess_category_next(&d, &category)) {
		one = json_object();
		put(one, "type",
		    json_string(oid_format(oid, sizeof(oid), category.type)),
		    ok);
		put(one, "value", hex_to_json(category.value), ok);
		append(categories, one, ok);
	}
	put(o, "categories", categories, ok);
}

static json_t *
label_to_json(const struct verdict_signer *s, bool *ok)
{
	struct ess_label label;
	json_t *o;

	if (s->ess == NULL || s->ess->label.state == FINDING_NOT_CHECKED)
		return json_null();
	o = finding_to_json(&s->ess->label, ok);
	if (verdict_get_label(s, &label))
		put_label(
		    o, &label, s->ess->policy_name, s->ess->class_name, ok);
	return o;
}

static json_t *
equivalents_to_json(const struct verdict_signer *s, bool *ok)
{
	json_t *o, *a, *one;
	struct ess_label label;
	struct bytes labels;
	struct der d;

	if (s->ess == NULL || s->ess->equivalents.state == FINDING_NOT_CHECKED)
		return json_null();
	o = finding_to_json(&s->ess->equivalents, ok);
	a = json_array();
	(void)verdict_get_equivalents(s, &labels);
	der_init(&d, labels);
	while (ess_label_next(&d, &label)) {
		one = json_object();
		put_label(one, &label, NULL, NULL, ok);
		append(a, one, ok);
	}
	put(o, "labels", a, ok);
	return o;
}

static json_t *
clearance_to_json(const struct verdict_signer *s, bool *ok)
{
	if (s->ess == NULL || s->ess->clearance.state == FINDING_NOT_CHECKED)
		return json_null();
	return finding_to_json(&s->ess->clearance, ok);
}

static json_t *
receipt_to_json(const struct verdict_layer *layer, bool *ok)
{
	struct ess_receipt receipt;
	char type[OID_TEXT_MAX];
	json_t *o;

	if (layer->receipt == NULL)
		return json_null();
	o = finding_to_json(&layer->receipt->form, ok);
	put(o, "match", finding_to_json(&layer->receipt->match, ok), ok);
	if (verdict_get_receipt(layer, &receipt)) {
		put(o, "content_type",
		    json_string(
			oid_describe(type, sizeof(type), receipt.content_type)),
		    ok);
		put(o, "content_id", hex_to_json(receipt.content_id), ok);
		put(o, "signature", hex_to_json(receipt.signature), ok);
	}
	return o;
}

static json_t *
signer_to_json(const struct verdict_signer *s, bool *ok)
{
	json_t *o = json_object();

	put(o, "certificate", cert_to_json(s->cert, ok), ok);
	put(o, "sid", text_to_json(s->sid), ok);
	put(o, "digest", text_to_json(s->digest_name), ok);
	put(o, "signature", text_to_json(s->signature_name), ok);
	put(o, "signing_time",
	    s->has_signing_time ? time_to_json(s->signing_time) : json_null(),
	    ok);
	put(o, "integrity", finding_to_json(&s->integrity, ok), ok);
	put(o, "chain", finding_to_json(&s->chain, ok), ok);
	put(o, "revocation", finding_to_json(&s->revocation, ok), ok);
	put(o, "address", finding_to_json(&s->address, ok), ok);
	put(o, "algorithm", finding_to_json(&s->algorithm, ok), ok);
	put(o, "address_claimed", text_to_json(s->address_claimed), ok);
	put(o, "address_certified", text_to_json(s->address_certified), ok);
	put(o, "path", path_to_json(s->path, ok), ok);
	put(o, "profile", text_to_json(s->profile), ok);
	put(o, "capabilities", capabilities_to_json(s, ok), ok);
	put(o, "encryption_certificate", cert_to_json(s->encryption_cert, ok),
	    ok);
	put(o, "time_stamps", stamps_to_json(s, ok), ok);
	put(o, "countersigners", counters_to_json(s, ok), ok);
	put(o, "receipt_request", request_to_json(s, ok), ok);
	put(o, "mailing_lists", lists_to_json(s, ok), ok);
	put(o, "security_label", label_to_json(s, ok), ok);
	put(o, "equivalent_labels", equivalents_to_json(s, ok), ok);
	put(o, "clearance", clearance_to_json(s, ok), ok);
	return o;
}

static void
put_signed(json_t *o, const struct verdict_layer *layer, bool *ok)
{
	json_t *signers = json_array();
	size_t i;

	for (i = 0; i < layer->signers_len; i++)
		append(signers, signer_to_json(&layer->signers[i], ok), ok);
	put(o, "covered_len", json_integer((json_int_t)layer->covered_len), ok);
	put(o, "signers", signers, ok);
	put(o, "receipt", receipt_to_json(layer, ok), ok);
}

static json_t *
recipients_to_json(const struct verdict_layer *layer, bool *ok)
{
	json_t *recipients = json_array(), *recipient;
	const struct verdict_recipient *r;
	size_t i;

	for (i = 0; i < layer->recipients_len; i++) {
		r = &layer->recipients[i];
		recipient = json_object();
		put(recipient, "rid", text_to_json(r->rid), ok);
		put(recipient, "algorithm", text_to_json(r->alg_name), ok);
		put(recipient, "is_ours", json_boolean(r->is_ours), ok);
		append(recipients, recipient, ok);
	}
	return recipients;
}

static void
put_checked(json_t *o, const struct verdict_layer *layer, bool *ok)
{
	put(o, "algorithm", text_to_json(layer->algorithm_name), ok);
	put(o, "integrity", finding_to_json(&layer->integrity, ok), ok);
	if (layer->kind == VERDICT_AUTHENTICATED)
		put(o, "recipients", recipients_to_json(layer, ok), ok);
}

static void
put_encrypted(json_t *o, const struct verdict_layer *layer, bool *ok)
{
	put(o, "cipher", text_to_json(layer->cipher_name), ok);
	put(o, "is_authenticated", json_boolean(layer->is_authenticated), ok);
	put(o, "decryption", finding_to_json(&layer->decryption, ok), ok);
	put(o, "recipients", recipients_to_json(layer, ok), ok);
}

static json_t *
layer_to_json(const struct verdict_layer *layer, bool *ok)
{
	json_t *o = json_object();

	put(o, "kind", json_string(verdict_kind_name(layer->kind)), ok);
	put(o, "format", text_to_json(layer->format), ok);
	put(o, "content_type", text_to_json(layer->content_type), ok);
	if (layer->kind == VERDICT_SIGNED)
		put_signed(o, layer, ok);
	else if (layer->kind == VERDICT_ENCRYPTED)
		put_encrypted(o, layer, ok);
	else if (layer->kind != VERDICT_COMPRESSED)
		put_checked(o, layer, ok);
	return o;
}

static json_t *
part_to_json(const struct verdict_part *p, bool *ok)
{
	json_t *o = json_object();

	put(o, "part", text_to_json(p->path), ok);
	put(o, "type", text_to_json(p->type), ok);
	put(o, "name", text_to_json(p->name), ok);
	put(o, "len", json_integer((json_int_t)p->len), ok);
	put(o, "is_signed", json_boolean(p->is_signed), ok);
	put(o, "is_encrypted", json_boolean(p->is_encrypted), ok);
	put(o, "is_outside", json_boolean(p->is_outside), ok);
	put(o, "is_held_back", json_boolean(p->is_held_back), ok);
	put(o, "legacy_display", text_to_json(part_legacy_name(p->legacy)), ok);
	return o;
}

static json_t *
protection_to_json(const struct verdict_mail *m, bool *ok)
{
	json_t *o = json_object(), *headers = json_array(), *header;
	const struct verdict_header *h;
	size_t i;

	for (i = 0; i < m->headers_len; i++) {
		h = &m->headers[i];
		header = json_object();
		put(header, "name", text_to_json(h->name), ok);
		put(header, "state",
		    json_string(verdict_header_state_name(h->state)), ok);
		put(header, "inner", text_to_json(h->inner), ok);
		put(header, "outer", text_to_json(h->outer), ok);
		put(header, "is_signed", json_boolean(h->is_signed), ok);
		put(header, "is_encrypted", json_boolean(h->is_encrypted), ok);
		append(headers, header, ok);
	}
	put(o, "kind",
	    !m->has_protection	? json_null()
	    : m->is_legacy_wrap ? json_string("wrapped")
	    : m->is_hp_cipher	? json_string("cipher")
				: json_string("clear"),
	    ok);
	put(o, "finding", finding_to_json(&m->protection, ok), ok);
	put(o, "headers", headers, ok);
	return o;
}

static json_t *verdict_to_object(const struct verdict *v, bool *ok);

static void
put_mail(json_t *o, const struct verdict_mail *m, bool *ok)
{
	json_t *parts = json_array(), *inner = json_array();
	size_t i;

	for (i = 0; i < m->parts_len; i++)
		append(parts, part_to_json(&m->parts[i], ok), ok);
	for (i = 0; i < m->inner_len; i++)
		append(inner, verdict_to_object(m->inner[i], ok), ok);
	put(o, "part", text_to_json(m->part), ok);
	put(o, "is_message", json_boolean(m->is_message), ok);
	put(o, "from", text_to_json(m->from), ok);
	put(o, "sender", text_to_json(m->sender), ok);
	put(o, "subject", text_to_json(m->subject), ok);
	put(o, "date", text_to_json(m->date), ok);
	put(o, "header_protection", protection_to_json(m, ok), ok);
	put(o, "parts", parts, ok);
	put(o, "parts_count", json_integer((json_int_t)m->parts_count), ok);
	put(o, "inner", inner, ok);
}

static json_t *
verdict_to_object(const struct verdict *v, bool *ok)
{
	json_t *o = json_object(), *layers = json_array();
	json_t *warnings = json_array();
	size_t i;

	for (i = 0; i < v->layers_len; i++)
		append(layers, layer_to_json(&v->layers[i], ok), ok);
	for (i = 0; i < v->warnings_len; i++)
		append(warnings, text_to_json(v->warnings[i]), ok);
	put(o, "version", json_integer(JSON_VERSION), ok);
	put(o, "summary", json_string(verdict_summary_name(v->summary)), ok);
	put(o, "code",
	    v->code != 0 ? json_string(err_name(v->code)) : json_null(), ok);
	put(o, "exit_status", json_integer(err_exit_status(v->code)), ok);
	put(o, "text", text_to_json(v->text), ok);
	put(o, "is_withheld", json_boolean(v->is_withheld), ok);
	put(o, "layers", layers, ok);
	put(o, "warnings", warnings, ok);
	if (v->mail != NULL)
		put_mail(o, v->mail, ok);
	return o;
}

static int
json_into_buf(const char *text, size_t len, void *ctx)
{
	return buf_add(ctx, text, len) == 0 ? 0 : -1;
}

int
verdict_to_json(const struct verdict *v, struct buf *b)
{
	bool ok = true;
	json_t *o = verdict_to_object(v, &ok);

	if (ok && json_dump_callback(o, json_into_buf, b, JSON_COMPACT) != 0)
		ok = false;
	json_decref(o);
	if (ok)
		buf_add_str(b, "\n");
	if (b->err != 0)
		return b->err;
	return ok ? 0 : -CS_ERR_NO_MEMORY;
}

struct json_t *
verdict_json_cert(const struct cert *c, bool *ok)
{
	return cert_to_json(c, ok);
}
