#include "client/cms/verdict_json.h"
#include "client/cms/verdict_ess.h"
#include "client/cms/verdict_mail.h"

#include "asn1/attrs.h"

#define JSON_VERSION 1

/* Puts what b holds, and clears it. */
static void
put_buf(struct json *j, const char *key, struct buf *b)
{
	json_put_bytes(j, key, buf_get(b));
	if (b->err != 0 && j->out->err == 0)
		j->out->err = b->err;
	buf_clear(b);
}

static void
put_time(struct json *j, const char *key, int64_t t)
{
	char text[TIME_TEXT_MAX];

	json_put_text(j, key, time_format(text, t));
}

static void
put_code(struct json *j, int code)
{
	json_put_text(j, "code", code != 0 ? err_name(code) : NULL);
}

/* The caller may add to the object, and closes it. */
static void
open_finding(struct json *j, const char *key, const struct finding *f)
{
	json_open_object(j, key);
	json_put_text(j, "state", finding_state_name(f->state));
	put_code(j, f->code);
	json_put_text(j, "text", f->text);
}

static void
put_finding(struct json *j, const char *key, const struct finding *f)
{
	open_finding(j, key, f);
	json_close_object(j);
}

void
verdict_put_cert(struct json *j, const char *key, const struct cert *c)
{
	struct buf name = {0}, subject = {0}, issuer = {0};

	if (c == NULL) {
		json_put_null(j, key);
		return;
	}
	cert_get_display_name(c, &name);
	name_format(&subject, cert_get_subject(c));
	name_format(&issuer, cert_get_issuer(c));
	json_open_object(j, key);
	put_buf(j, "name", &name);
	put_buf(j, "subject", &subject);
	put_buf(j, "issuer", &issuer);
	json_put_hex(j, "serial", cert_get_serial(c));
	put_time(j, "not_before", cert_get_not_before(c));
	put_time(j, "not_after", cert_get_not_after(c));
	json_put_hex(
	    j, "sha256", bytes_of(cert_get_sha256(c), CERT_FINGERPRINT_LEN));
	json_put_hex(j, "key_sha256",
	    bytes_of(cert_get_key_hash(c), CERT_FINGERPRINT_LEN));
	json_close_object(j);
}

void
verdict_put_certs(struct json *j, const char *key, const struct cert_set *certs)
{
	size_t i;

	json_open_array(j, key);
	for (i = 0; i < cert_set_get_len(certs); i++)
		verdict_put_cert(j, NULL, cert_set_get(certs, i));
	json_close_array(j);
}

/* Names of what the signer can read, best first. */
static void
put_capabilities(struct json *j, const struct verdict_signer *s)
{
	char name[OID_TEXT_MAX];
	struct alg_id id;
	struct der d;

	json_open_array(j, "capabilities");
	der_init(&d, buf_get(&s->capabilities));
	while (capabilities_next(&d, &id))
		json_put_text(
		    j, NULL, alg_id_describe(name, sizeof(name), &id));
	json_close_array(j);
}

static void put_signer(
    struct json *j, const char *key, const struct verdict_signer *s);

static void
put_stamps(struct json *j, const struct verdict_signer *s)
{
	const struct verdict_stamp *stamp;
	size_t i;

	json_open_array(j, "time_stamps");
	for (i = 0; i < s->stamps_len; i++) {
		stamp = &s->stamps[i];
		open_finding(j, NULL, &stamp->finding);
		if (stamp->signer != NULL)
			put_time(j, "time", stamp->time);
		else
			json_put_null(j, "time");
		json_put_text(j, "policy", stamp->policy);
		if (stamp->signer != NULL)
			put_signer(j, "signer", stamp->signer);
		else
			json_put_null(j, "signer");
		json_close_object(j);
	}
	json_close_array(j);
}

static void
put_signers(
    struct json *j, const char *key, const struct verdict_signer *s, size_t len)
{
	size_t i;

	json_open_array(j, key);
	for (i = 0; i < len; i++)
		put_signer(j, NULL, &s[i]);
	json_close_array(j);
}

/* --- Enhanced Security Services (RFC 2634) --- */

static const struct verdict_ess *
ess_of(const struct verdict_signer *s)
{
	static const struct verdict_ess none;

	return s->ess != NULL ? s->ess : &none;
}

/* Opens what a signer's ESS attribute was found to be; null, and false, where
 * he has none. */
static bool
open_ess(struct json *j, const char *key, const struct finding *f)
{
	if (f->state != FINDING_NOT_CHECKED) {
		open_finding(j, key, f);
		return true;
	}
	json_put_null(j, key);
	return false;
}

/* The rfc822Names of a list of GeneralNames. */
static void
put_addresses(struct json *j, const char *key, struct bytes list)
{
	struct bytes names, address;
	struct der d, in;

	json_open_array(j, key);
	der_init(&d, list);
	while (ess_names_next(&d, &names)) {
		der_init(&in, names);
		while (ess_address_next(&in, &address))
			json_put_bytes(j, NULL, address);
	}
	json_close_array(j);
}

static void
put_request(struct json *j, const struct verdict_signer *s)
{
	static const char *const from[] = {"all", "first-tier", "list"};
	struct ess_receipt_request request;

	if (!open_ess(j, "receipt_request", &ess_of(s)->request))
		return;
	if (verdict_get_request(s, &request)) {
		json_put_text(j, "from", from[request.from]);
		put_addresses(j, "from_addresses", request.from_list);
		put_addresses(j, "to_addresses", request.to);
		json_put_hex(j, "content_id", request.content_id);
	}
	json_close_object(j);
}

static void
put_lists(struct json *j, const struct verdict_signer *s)
{
	static const char *const receipts[] = {
	    "as-asked", "none", "instead-of", "in-addition-to"};
	struct ess_list list;
	struct bytes lists;
	struct der d;

	if (!open_ess(j, "mailing_lists", &ess_of(s)->history))
		return;
	json_open_array(j, "lists");
	(void)verdict_get_lists(s, &lists, &list);
	der_init(&d, lists);
	while (ess_list_next(&d, &list)) {
		json_open_object(j, NULL);
		put_time(j, "time", list.time);
		json_put_text(j, "receipts", receipts[list.policy]);
		put_addresses(j, "to_addresses", list.to);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

/* Fields of one label; name and class: what the rules call them. */
static void
put_label(struct json *j, const struct ess_label *label, const char *name,
    const char *class)
{
	struct ess_category category;
	char oid[OID_TEXT_MAX];
	struct der d;

	json_put_text(j, "policy", oid_format(oid, sizeof(oid), label->policy));
	json_put_text(j, "policy_name", name);
	if (label->classification != ESS_CLASSIFICATION_NONE)
		json_put_int(j, "classification", label->classification);
	else
		json_put_null(j, "classification");
	json_put_text(j, "classification_name", class);
	if (label->mark.len != 0)
		json_put_bytes(j, "privacy_mark", label->mark);
	else
		json_put_null(j, "privacy_mark");
	json_open_array(j, "categories");
	der_init(&d, label->categories);
	while (ess_category_next(&d, &category)) {
		json_open_object(j, NULL);
		json_put_text(
		    j, "type", oid_format(oid, sizeof(oid), category.type));
		json_put_hex(j, "value", category.value);
		json_close_object(j);
	}
	json_close_array(j);
}

static void
put_security_label(struct json *j, const struct verdict_signer *s)
{
	struct ess_label label;

	if (!open_ess(j, "security_label", &ess_of(s)->label))
		return;
	if (verdict_get_label(s, &label))
		put_label(j, &label, s->ess->policy_name, s->ess->class_name);
	json_close_object(j);
}

static void
put_equivalents(struct json *j, const struct verdict_signer *s)
{
	struct ess_label label;
	struct bytes labels;
	struct der d;

	if (!open_ess(j, "equivalent_labels", &ess_of(s)->equivalents))
		return;
	json_open_array(j, "labels");
	(void)verdict_get_equivalents(s, &labels);
	der_init(&d, labels);
	while (ess_label_next(&d, &label)) {
		json_open_object(j, NULL);
		put_label(j, &label, NULL, NULL);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

static void
put_clearance(struct json *j, const struct verdict_signer *s)
{
	if (open_ess(j, "clearance", &ess_of(s)->clearance))
		json_close_object(j);
}

static void
put_receipt(struct json *j, const struct verdict_layer *layer)
{
	struct ess_receipt receipt;
	char type[OID_TEXT_MAX];

	if (layer->receipt == NULL) {
		json_put_null(j, "receipt");
		return;
	}
	open_finding(j, "receipt", &layer->receipt->form);
	put_finding(j, "match", &layer->receipt->match);
	if (verdict_get_receipt(layer, &receipt)) {
		json_put_text(j, "content_type",
		    oid_describe(type, sizeof(type), receipt.content_type));
		json_put_hex(j, "content_id", receipt.content_id);
		json_put_hex(j, "signature", receipt.signature);
	}
	json_close_object(j);
}

/* --- layers --- */

static void
put_signer(struct json *j, const char *key, const struct verdict_signer *s)
{
	json_open_object(j, key);
	verdict_put_cert(j, "certificate", s->cert);
	json_put_text(j, "sid", s->sid);
	json_put_text(j, "digest", s->digest_name);
	json_put_text(j, "signature", s->signature_name);
	if (s->has_signing_time)
		put_time(j, "signing_time", s->signing_time);
	else
		json_put_null(j, "signing_time");
	put_finding(j, "integrity", &s->integrity);
	put_finding(j, "chain", &s->chain);
	put_finding(j, "revocation", &s->revocation);
	put_finding(j, "address", &s->address);
	put_finding(j, "algorithm", &s->algorithm);
	json_put_text(j, "address_claimed", s->address_claimed);
	json_put_text(j, "address_certified", s->address_certified);
	verdict_put_certs(j, "path", s->path);
	json_put_text(j, "profile", s->profile);
	put_capabilities(j, s);
	verdict_put_cert(j, "encryption_certificate", s->encryption_cert);
	put_stamps(j, s);
	put_signers(j, "countersigners", s->counters, s->counters_len);
	put_request(j, s);
	put_lists(j, s);
	put_security_label(j, s);
	put_equivalents(j, s);
	put_clearance(j, s);
	json_close_object(j);
}

static void
put_recipients(struct json *j, const struct verdict_layer *layer)
{
	const struct verdict_recipient *r;
	size_t i;

	json_open_array(j, "recipients");
	for (i = 0; i < layer->recipients_len; i++) {
		r = &layer->recipients[i];
		json_open_object(j, NULL);
		json_put_text(j, "rid", r->rid);
		json_put_text(j, "algorithm", r->alg_name);
		json_put_bool(j, "is_ours", r->is_ours);
		json_close_object(j);
	}
	json_close_array(j);
}

static void
put_signed(struct json *j, const struct verdict_layer *layer)
{
	json_put_int(j, "covered_len", (int64_t)layer->covered_len);
	put_signers(j, "signers", layer->signers, layer->signers_len);
	put_receipt(j, layer);
}

static void
put_checked(struct json *j, const struct verdict_layer *layer)
{
	json_put_text(j, "algorithm", layer->algorithm_name);
	put_finding(j, "integrity", &layer->integrity);
	if (layer->kind == VERDICT_AUTHENTICATED)
		put_recipients(j, layer);
}

static void
put_encrypted(struct json *j, const struct verdict_layer *layer)
{
	json_put_text(j, "cipher", layer->cipher_name);
	json_put_bool(j, "is_authenticated", layer->is_authenticated);
	put_finding(j, "decryption", &layer->decryption);
	put_recipients(j, layer);
}

static void
put_layer(struct json *j, const struct verdict_layer *layer)
{
	json_open_object(j, NULL);
	json_put_text(j, "kind", verdict_kind_name(layer->kind));
	json_put_text(j, "format", layer->format);
	json_put_text(j, "content_type", layer->content_type);
	if (layer->kind == VERDICT_SIGNED)
		put_signed(j, layer);
	else if (layer->kind == VERDICT_ENCRYPTED)
		put_encrypted(j, layer);
	else if (layer->kind != VERDICT_COMPRESSED)
		put_checked(j, layer);
	json_close_object(j);
}

/* --- the mail around them --- */

static void
put_part(struct json *j, const struct verdict_part *p)
{
	json_open_object(j, NULL);
	json_put_text(j, "part", p->path);
	json_put_text(j, "type", p->type);
	json_put_text(j, "name", p->name);
	json_put_int(j, "len", (int64_t)p->len);
	json_put_bool(j, "is_signed", p->is_signed);
	json_put_bool(j, "is_encrypted", p->is_encrypted);
	json_put_bool(j, "is_outside", p->is_outside);
	json_put_bool(j, "is_held_back", p->is_held_back);
	json_put_text(j, "legacy_display", part_legacy_name(p->legacy));
	json_close_object(j);
}

static void
put_header(struct json *j, const struct verdict_header *h)
{
	json_open_object(j, NULL);
	json_put_text(j, "name", h->name);
	json_put_text(j, "state", verdict_header_state_name(h->state));
	json_put_text(j, "inner", h->inner);
	json_put_text(j, "outer", h->outer);
	json_put_bool(j, "is_signed", h->is_signed);
	json_put_bool(j, "is_encrypted", h->is_encrypted);
	json_close_object(j);
}

static void
put_protection(struct json *j, const struct verdict_mail *m)
{
	size_t i;

	json_open_object(j, "header_protection");
	json_put_text(j, "kind",
	    !m->has_protection	? NULL
	    : m->is_legacy_wrap ? "wrapped"
	    : m->is_hp_cipher	? "cipher"
				: "clear");
	put_finding(j, "finding", &m->protection);
	json_open_array(j, "headers");
	for (i = 0; i < m->headers_len; i++)
		put_header(j, &m->headers[i]);
	json_close_array(j);
	json_close_object(j);
}

static void put_verdict(struct json *j, const struct verdict *v);

static void
put_mail(struct json *j, const struct verdict_mail *m)
{
	size_t i;

	json_put_text(j, "part", m->part);
	json_put_bool(j, "is_message", m->is_message);
	json_put_text(j, "from", m->from);
	json_put_text(j, "sender", m->sender);
	json_put_text(j, "subject", m->subject);
	json_put_text(j, "date", m->date);
	put_protection(j, m);
	json_open_array(j, "parts");
	for (i = 0; i < m->parts_len; i++)
		put_part(j, &m->parts[i]);
	json_close_array(j);
	json_put_int(j, "parts_count", (int64_t)m->parts_count);
	json_open_array(j, "inner");
	for (i = 0; i < m->inner_len; i++)
		put_verdict(j, m->inner[i]);
	json_close_array(j);
}

static void
put_verdict(struct json *j, const struct verdict *v)
{
	size_t i;

	json_open_object(j, NULL);
	json_put_int(j, "version", JSON_VERSION);
	json_put_text(j, "summary", verdict_summary_name(v->summary));
	put_code(j, v->code);
	json_put_int(j, "exit_status", err_exit_status(v->code));
	json_put_text(j, "text", v->text);
	json_put_bool(j, "is_withheld", v->is_withheld);
	json_open_array(j, "layers");
	for (i = 0; i < v->layers_len; i++)
		put_layer(j, &v->layers[i]);
	json_close_array(j);
	json_open_array(j, "warnings");
	for (i = 0; i < v->warnings_len; i++)
		json_put_text(j, NULL, v->warnings[i]);
	json_close_array(j);
	if (v->mail != NULL)
		put_mail(j, v->mail);
	json_close_object(j);
}

int
verdict_to_json(const struct verdict *v, struct buf *b)
{
	struct json j = {.out = b};

	put_verdict(&j, v);
	return buf_add_byte(b, '\n');
}
