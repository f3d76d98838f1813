#include "asn1/say.h"
#include "client/cms/verdict_ess.h"
#include "client/cms/verdict_mail.h"

#include <string.h>

static void
put_finding(struct buf *b, const char *what, const struct finding *f)
{
	buf_printf(
	    b, "    %-11s %s", say(what), say(finding_state_name(f->state)));
	if (f->text[0] != '\0')
		buf_printf(b, ": %s", f->text);
	else if (f->code != 0)
		buf_printf(b, ": %s", err_text(f->code));
	buf_add_str(b, "\n");
}

/* What a person should know even without asking. */
static bool
is_worth_telling(const struct finding *f)
{
	return f->state == FINDING_BAD || f->state == FINDING_UNKNOWN;
}

static void
put_signer_name(struct buf *b, const struct verdict_signer *s, const char *what)
{
	buf_printf(b, "  %s: ", say(what));
	if (s->cert != NULL)
		cert_describe(s->cert, b);
	else
		buf_say(
		    b, "%s (no certificate)", s->sid != NULL ? s->sid : "?");
	buf_add_str(b, "\n");
}

static void
put_path(struct buf *b, const struct cert_set *path)
{
	size_t i;

	for (i = 0; i < cert_set_get_len(path); i++) {
		buf_printf(b, "      %zu ", i);
		cert_describe(cert_set_get(path, i), b);
		buf_add_str(b, "\n");
	}
}

static void
put_signer_details(struct buf *b, const struct verdict_signer *s)
{
	char time[TIME_TEXT_MAX];

	if (s->sid != NULL)
		buf_say(b, "    named as    %s\n", s->sid);
	if (s->signature_name != NULL && s->digest_name != NULL)
		buf_say(b, "    algorithms  %s, content digest %s\n",
		    s->signature_name, s->digest_name);
	if (s->address_certified != NULL)
		buf_say(b, "    addresses   %s\n", s->address_certified);
	if (s->profile != NULL)
		buf_say(b, "    profile     %s\n", s->profile);
	if (s->has_signing_time)
		buf_say(b, "    signed at   %s (the signer says)\n",
		    time_format(time, s->signing_time));
}

static void
put_stamps(struct buf *b, const struct verdict_signer *s, bool is_verbose)
{
	const struct verdict_stamp *stamp;
	size_t i;

	for (i = 0; i < s->stamps_len; i++) {
		stamp = &s->stamps[i];
		put_finding(b, N_("time stamp"), &stamp->finding);
		if (is_verbose && stamp->signer != NULL &&
		    stamp->signer->cert != NULL) {
			buf_say(b, "      by ");
			cert_describe(stamp->signer->cert, b);
			buf_add_str(b, "\n");
		}
	}
}

static void
put_signer(struct buf *b, const struct verdict_signer *s, const char *what,
    bool is_verbose)
{
	static const char *const names[] = {N_("signature"), N_("algorithm"),
	    N_("chain"), N_("revocation"), N_("address")};
	const struct finding *findings[] = {&s->integrity, &s->algorithm,
	    &s->chain, &s->revocation, &s->address};
	size_t i;

	put_signer_name(b, s, what);
	if (is_verbose)
		put_signer_details(b, s);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_verbose || is_worth_telling(findings[i]))
			put_finding(b, names[i], findings[i]);
	put_stamps(b, s, is_verbose);
	verdict_put_ess(b, s);
	if (is_verbose && s->path != NULL)
		put_path(b, s->path);
	for (i = 0; i < s->counters_len; i++)
		put_signer(b, &s->counters[i], N_("countersigner"), is_verbose);
}

static void
put_signed(struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{
	size_t i;

	buf_say(b, "signed: %s, %llu bytes covered\n",
	    layer->format != NULL ? layer->format : "?",
	    (unsigned long long)layer->covered_len);
	for (i = 0; i < layer->signers_len; i++)
		put_signer(b, &layer->signers[i], N_("signer"), is_verbose);
	verdict_put_receipt(b, layer);
}

static void
put_recipients(
    struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{
	const struct verdict_recipient *r;
	size_t i;

	for (i = 0; i < layer->recipients_len; i++) {
		r = &layer->recipients[i];
		if (is_verbose || r->is_ours)
			buf_say(b, "  recipient: %s (%s)%s\n",
			    r->rid != NULL ? r->rid : "?",
			    r->alg_name != NULL ? r->alg_name : "?",
			    r->is_ours ? say(", ours") : "");
	}
}

/* With a digest or a MAC. */
static void
put_checked(struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{
	buf_printf(b, "%s: %s, %s\n", say(verdict_kind_name(layer->kind)),
	    layer->format != NULL ? layer->format : "?",
	    layer->algorithm_name != NULL ? layer->algorithm_name : "?");
	if (is_verbose || is_worth_telling(&layer->integrity))
		put_finding(b, N_("integrity"), &layer->integrity);
	put_recipients(b, layer, is_verbose);
}

static void
put_encrypted(struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{
	buf_say(b, "encrypted: %s, %s, %s\n",
	    layer->format != NULL ? layer->format : "?",
	    layer->cipher_name != NULL ? layer->cipher_name : "?",
	    layer->is_authenticated ? say("authenticated")
				    : say("not authenticated"));
	if (is_verbose || is_worth_telling(&layer->decryption))
		put_finding(b, N_("decryption"), &layer->decryption);
	put_recipients(b, layer, is_verbose);
}

static void
put_layers(struct buf *b, const struct verdict *v, bool is_verbose)
{
	size_t i;

	for (i = 0; i < v->layers_len; i++)
		switch (v->layers[i].kind) {
		case VERDICT_SIGNED:
			put_signed(b, &v->layers[i], is_verbose);
			break;
		case VERDICT_ENCRYPTED:
			put_encrypted(b, &v->layers[i], is_verbose);
			break;
		case VERDICT_COMPRESSED:
			buf_say(b, "compressed\n");
			break;
		case VERDICT_DIGESTED:
		case VERDICT_AUTHENTICATED:
			put_checked(b, &v->layers[i], is_verbose);
			break;
		}
}

/* --- whole mails --- */

static void
put_field(struct buf *b, const char *name, const char *text)
{
	if (text != NULL)
		buf_printf(b, "%s: %s\n", name, text);
}

/* Who signed, in the words of somebody who knows no certificates. */
static void
put_signers(struct buf *b, const struct verdict *v)
{
	const struct verdict_signer *s;
	struct buf issuer;
	char time[TIME_TEXT_MAX];
	size_t i, k;

	for (i = 0; i < v->layers_len; i++)
		for (k = 0; k < v->layers[i].signers_len; k++) {
			s = &v->layers[i].signers[k];
			if (s->cert == NULL)
				continue;
			issuer = (struct buf){0};
			name_format(&issuer, cert_get_issuer(s->cert));
			buf_say(b, "signed by ");
			cert_describe(s->cert, b);
			buf_say(b, ", certificate issued by %.*s",
			    (int)issuer.len, (const char *)issuer.data);
			buf_clear(&issuer);
			if (s->has_signing_time)
				buf_say(b, ", at %s (the signer says)",
				    time_format(time, s->signing_time));
			buf_add_str(b, "\n");
			if (s->address.state != FINDING_NOT_CHECKED)
				buf_say(b, "  address: %s: %s\n",
				    say(finding_state_name(s->address.state)),
				    s->address.text);
		}
}

static void
put_protection(struct buf *b, const struct verdict_mail *m)
{
	const struct verdict_header *h;
	size_t i;

	if (m->protection.text[0] != '\0')
		buf_say(b, "header protection: %s: %s\n",
		    say(finding_state_name(m->protection.state)),
		    m->protection.text);
	for (i = 0; i < m->headers_len; i++) {
		h = &m->headers[i];
		if (h->state == HEADER_SAME)
			continue;
		buf_say(b, "  %s (%s): inside %s, outside %s\n", h->name,
		    say(verdict_header_state_name(h->state)),
		    h->inner != NULL ? h->inner : say("nothing"),
		    h->outer != NULL ? h->outer : say("nothing"));
	}
}

static void
put_part(struct buf *b, const struct verdict_part *p)
{
	buf_printf(b, "  %s  %s", p->path,
	    p->type[0] != '\0' ? p->type : say("of no clear type"));
	if (p->name != NULL)
		buf_printf(b, " \"%s\"", p->name);
	buf_printf(b, ": %s%s%s%s\n",
	    p->is_outside  ? say("beside the signature, not signed")
	    : p->is_signed ? say("signed")
			   : say("not signed"),
	    p->is_encrypted ? say(", encrypted") : "",
	    p->is_held_back ? say(", held back") : "",
	    p->legacy == LEGACY_MATCHES ? say(", begins with the header") : "");
}

/* Which parts are covered: in one line where all are alike. */
static void
put_parts(struct buf *b, const struct verdict_mail *m, bool is_verbose)
{
	size_t i, n = 0;

	for (i = 0; i < m->parts_len; i++)
		if (m->parts[i].is_signed)
			n++;
	if (m->parts_count == 0)
		return;
	if (m->parts_len == m->parts_count && (n == 0 || n == m->parts_len))
		buf_say(b, "parts: %zu, %s\n", m->parts_count,
		    n != 0 ? say("all signed") : say("none signed"));
	else
		buf_say(b, "parts: %zu, %zu of the first %zu signed\n",
		    m->parts_count, n, m->parts_len);
	for (i = 0; i < m->parts_len; i++)
		if (is_verbose || m->parts[i].is_held_back ||
		    (n != 0 && n != m->parts_len && i < 20))
			put_part(b, &m->parts[i]);
}

static void
put_indented(struct buf *b, struct bytes text)
{
	const uint8_t *lf;
	size_t n;

	while (text.len > 0) {
		lf = memchr(text.p, '\n', text.len);
		n = lf != NULL ? (size_t)(lf - text.p) + 1 : text.len;
		buf_add_str(b, "  ");
		buf_add_bytes(b, bytes_of(text.p, n));
		text = bytes_of(text.p + n, text.len - n);
	}
}

static void
put_inner(struct buf *b, const struct verdict *v, bool is_verbose)
{
	struct buf text = {0};

	buf_say(b, "part %s, %s:\n", v->mail->part,
	    v->mail->is_message ? say("an enclosed message")
				: say("by itself"));
	if (verdict_to_text(v, is_verbose, &text) == 0)
		put_indented(b, buf_get(&text));
	buf_clear(&text);
}

static void
put_mail(struct buf *b, const struct verdict *v, bool is_verbose)
{
	const struct verdict_mail *m = v->mail;
	size_t i;

	put_field(b, "From", m->from);
	put_field(b, "Sender", m->sender);
	put_field(b, "Subject", m->subject);
	put_field(b, "Date", m->date);
	put_signers(b, v);
	put_layers(b, v, is_verbose);
	put_protection(b, m);
	put_parts(b, m, is_verbose);
	for (i = 0; i < m->inner_len; i++)
		put_inner(b, m->inner[i], is_verbose);
}

int
verdict_to_text(const struct verdict *v, bool is_verbose, struct buf *b)
{
	size_t i;

	if (v->text != NULL)
		buf_printf(b, "%s\n", v->text);
	if (v->mail != NULL)
		put_mail(b, v, is_verbose);
	else
		put_layers(b, v, is_verbose);
	for (i = 0; i < v->warnings_len; i++)
		buf_say(b, "warning: %s\n", v->warnings[i]);
	return b->err;
}
