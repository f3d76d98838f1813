#include "client/cms/verdict.h"

static void
put_finding(struct buf *b, const char *what, const struct finding *f)
{
	buf_printf(b, "    %-11s %s", what, finding_state_name(f->state));
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
put_signer_name(struct buf *b, const struct verdict_signer *s)
{
	buf_add_str(b, "  signer: ");
	if (s->cert != NULL)
		cert_describe(s->cert, b);
	else
		buf_printf(
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
		buf_printf(b, "    named as    %s\n", s->sid);
	if (s->signature_name != NULL && s->digest_name != NULL)
		buf_printf(b, "    algorithms  %s, content digest %s\n",
		    s->signature_name, s->digest_name);
	if (s->address_certified != NULL)
		buf_printf(b, "    addresses   %s\n", s->address_certified);
	if (s->has_signing_time)
		buf_printf(b, "    signed at   %s (the signer says)\n",
		    time_format(time, s->signing_time));
}

static void
put_signer(struct buf *b, const struct verdict_signer *s, bool is_verbose)
{
	static const char *const names[] = {
	    "signature", "algorithm", "chain", "revocation", "address"};
	const struct finding *findings[] = {&s->integrity, &s->algorithm,
	    &s->chain, &s->revocation, &s->address};
	size_t i;

	put_signer_name(b, s);
	if (is_verbose)
		put_signer_details(b, s);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is_verbose || is_worth_telling(findings[i]))
			put_finding(b, names[i], findings[i]);
	if (is_verbose && s->path != NULL)
		put_path(b, s->path);
}

static void
put_signed(struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{
	size_t i;

	buf_printf(b, "signed: %s, %llu bytes covered\n",
	    layer->format != NULL ? layer->format : "?",
	    (unsigned long long)layer->covered_len);
	for (i = 0; i < layer->signers_len; i++)
		put_signer(b, &layer->signers[i], is_verbose);
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
			buf_printf(b, "  recipient: %s (%s)%s\n",
			    r->rid != NULL ? r->rid : "?",
			    r->alg_name != NULL ? r->alg_name : "?",
			    r->is_ours ? ", ours" : "");
	}
}

/* With a digest or a MAC. */
static void
put_checked(struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{
	buf_printf(b, "%s: %s, %s\n", verdict_kind_name(layer->kind),
	    layer->format != NULL ? layer->format : "?",
	    layer->algorithm_name != NULL ? layer->algorithm_name : "?");
	if (is_verbose || is_worth_telling(&layer->integrity))
		put_finding(b, "integrity", &layer->integrity);
	put_recipients(b, layer, is_verbose);
}

static void
put_encrypted(struct buf *b, const struct verdict_layer *layer, bool is_verbose)
{

	buf_printf(b, "encrypted: %s, %s, %s\n",
	    layer->format != NULL ? layer->format : "?",
	    layer->cipher_name != NULL ? layer->cipher_name : "?",
	    layer->is_authenticated ? "authenticated" : "not authenticated");
	if (is_verbose || is_worth_telling(&layer->decryption))
		put_finding(b, "decryption", &layer->decryption);
	put_recipients(b, layer, is_verbose);
}

int
verdict_to_text(const struct verdict *v, bool is_verbose, struct buf *b)
{
	size_t i;

	if (v->text != NULL)
		buf_printf(b, "%s\n", v->text);
	for (i = 0; i < v->layers_len; i++)
		switch (v->layers[i].kind) {
		case VERDICT_SIGNED:
			put_signed(b, &v->layers[i], is_verbose);
			break;
		case VERDICT_ENCRYPTED:
			put_encrypted(b, &v->layers[i], is_verbose);
			break;
		case VERDICT_COMPRESSED:
			buf_add_str(b, "compressed\n");
			break;
		case VERDICT_DIGESTED:
		case VERDICT_AUTHENTICATED:
			put_checked(b, &v->layers[i], is_verbose);
			break;
		}
	for (i = 0; i < v->warnings_len; i++)
		buf_printf(b, "warning: %s\n", v->warnings[i]);
	return b->err;
}
