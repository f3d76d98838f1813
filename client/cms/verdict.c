#include "config.h"

#include "asn1/say.h"
#include "client/cms/verdict_ess.h"
#include "client/cms/verdict_mail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERDICT_TEXT_MAX ((size_t)8192)

/* Takes an incomplete UTF-8 character off the end of a text that was cut. */
static void
finding_trim(char *text)
{
	size_t len = strlen(text), back = 1, want;

	while (back < 4 && back < len &&
	       ((unsigned char)text[len - back] & 0xc0) == 0x80)
		back++;
	if (len == 0 || (unsigned char)text[len - back] < 0xc0)
		return;
	want = (unsigned char)text[len - back] < 0xe0	? 2
	       : (unsigned char)text[len - back] < 0xf0 ? 3
							: 4;
	if (back < want)
		text[len - back] = '\0';
}

int
finding_set(
    struct finding *f, enum finding_state state, int code, const char *fmt, ...)
{
	va_list ap;

	f->state = state;
	f->code = code;
	va_start(ap, fmt);
	if (vsnprintf(f->text, sizeof(f->text), say(fmt), ap) >=
	    (int)sizeof(f->text))
		finding_trim(f->text);
	va_end(ap);
	return code;
}

struct verdict *
verdict_new(void)
{
	return calloc(1, sizeof(struct verdict));
}

static void
signer_clear(struct verdict_signer *s)
{
	size_t i;

	for (i = 0; i < s->counters_len; i++)
		signer_clear(&s->counters[i]);
	for (i = 0; i < s->stamps_len; i++) {
		free(s->stamps[i].policy);
		if (s->stamps[i].signer != NULL)
			signer_clear(s->stamps[i].signer);
		free(s->stamps[i].signer);
	}
	free(s->counters);
	free(s->stamps);
	verdict_ess_free(s->ess);
	buf_clear(&s->capabilities);
	cert_free(s->encryption_cert);
	cert_free(s->cert);
	cert_set_free(s->path);
	free(s->sid);
	free(s->digest_name);
	free(s->signature_name);
	free(s->address_claimed);
	free(s->address_certified);
}

static void
layer_clear(struct verdict_layer *layer)
{
	size_t i;

	for (i = 0; i < layer->signers_len; i++)
		signer_clear(&layer->signers[i]);
	for (i = 0; i < layer->recipients_len; i++) {
		free(layer->recipients[i].rid);
		free(layer->recipients[i].alg_name);
	}
	free(layer->signers);
	free(layer->recipients);
	verdict_receipt_free(layer->receipt);
	free(layer->format);
	free(layer->content_type);
	free(layer->cipher_name);
	free(layer->algorithm_name);
}

void
verdict_cut(struct verdict *v, size_t layers_len, size_t warnings_len)
{
	while (v->layers_len > layers_len)
		layer_clear(&v->layers[--v->layers_len]);
	while (v->warnings_len > warnings_len)
		free(v->warnings[--v->warnings_len]);
}

void
verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	verdict_cut(v, 0, 0);
	verdict_mail_free(v->mail);
	free(v->layers);
	free(v->warnings);
	free(v->fault_text);
	free(v->text);
	free(v);
}

/* One more zeroed element behind *len others; NULL: no memory. */
static void *
grow(void *array, size_t *len, size_t size)
{
	char *bigger = reallocarray(array, *len + 1, size);

	if (bigger != NULL)
		memset(bigger + (*len)++ * size, 0, size);
	return bigger;
}

struct verdict_layer *
verdict_add_layer(struct verdict *v, enum verdict_kind kind)
{
	struct verdict_layer *layers =
	    grow(v->layers, &v->layers_len, sizeof(*layers));

	if (layers == NULL)
		return NULL;
	v->layers = layers;
	layers[v->layers_len - 1].kind = kind;
	return &layers[v->layers_len - 1];
}

struct verdict_signer *
verdict_add_signer(struct verdict_layer *layer)
{
	struct verdict_signer *signers =
	    grow(layer->signers, &layer->signers_len, sizeof(*signers));

	if (signers == NULL)
		return NULL;
	layer->signers = signers;
	return &signers[layer->signers_len - 1];
}

struct verdict_signer *
verdict_add_counter(struct verdict_signer *signer)
{
	struct verdict_signer *counters =
	    grow(signer->counters, &signer->counters_len, sizeof(*counters));

	if (counters == NULL)
		return NULL;
	signer->counters = counters;
	return &counters[signer->counters_len - 1];
}

struct verdict_stamp *
verdict_add_stamp(struct verdict_signer *signer)
{
	struct verdict_stamp *stamps =
	    grow(signer->stamps, &signer->stamps_len, sizeof(*stamps));

	if (stamps == NULL)
		return NULL;
	signer->stamps = stamps;
	return &stamps[signer->stamps_len - 1];
}

struct verdict_recipient *
verdict_add_recipient(struct verdict_layer *layer)
{
	struct verdict_recipient *recipients = grow(
	    layer->recipients, &layer->recipients_len, sizeof(*recipients));

	if (recipients == NULL)
		return NULL;
	layer->recipients = recipients;
	return &recipients[layer->recipients_len - 1];
}

int
verdict_warn(struct verdict *v, const char *fmt, ...)
{
	char *text, **warnings;
	va_list ap;
	int n;

	if (v->warnings_len >= VERDICT_WARNINGS_MAX)
		return 0;
	va_start(ap, fmt);
	n = vasprintf(&text, say(fmt), ap);
	va_end(ap);
	if (n == -1)
		return -CS_ERR_NO_MEMORY;
	warnings = grow(v->warnings, &v->warnings_len, sizeof(*warnings));
	if (warnings == NULL) {
		free(text);
		return -CS_ERR_NO_MEMORY;
	}
	v->warnings = warnings;
	warnings[v->warnings_len - 1] = text;
	return 0;
}

/* --- judging --- */

/* The worst there is so far, and why. */
struct judgement {
	enum verdict_summary summary;
	int code;
	const struct verdict_signer *signer; /* whose fault; NULL: none */
	const struct finding *finding;
	size_t signers; /* good ones */
	const struct verdict_layer *encrypted;
	const struct verdict_layer *other; /* the first, of another kind */
	bool is_empty;			   /* a signed layer has no signer */
};

/* BAD outweighs UNTRUSTED, and the first of a kind is told. */
static void
judge_blame(struct judgement *j, enum verdict_summary summary, int code,
    const struct verdict_signer *signer, const struct finding *finding)
{
	if (j->summary == VERDICT_BAD || j->summary == summary)
		return;
	j->summary = summary;
	j->code = finding->code != 0 ? finding->code : code;
	j->signer = signer;
	j->finding = finding;
}

const struct finding *
verdict_signer_fault(const struct verdict_signer *s, int *code)
{
	const struct finding *fault = NULL;

	*code = 0;
	if (s->integrity.state != FINDING_GOOD) {
		fault = &s->integrity;
		*code = -CS_ERR_BAD_SIGNATURE;
	} else if (s->algorithm.state != FINDING_GOOD) {
		fault = &s->algorithm;
		*code = -CS_ERR_WEAK;
	} else if (s->revocation.state == FINDING_BAD) {
		fault = &s->revocation;
		*code = -CS_ERR_REVOKED;
	} else if (s->chain.state != FINDING_GOOD) {
		fault = &s->chain;
		*code = -CS_ERR_UNTRUSTED;
	} else if (s->address.state == FINDING_BAD ||
		   s->address.state == FINDING_UNKNOWN) {
		fault = &s->address;
		*code = -CS_ERR_ADDRESS;
	}
	if (fault != NULL && fault->code != 0)
		*code = fault->code;
	return fault;
}

static void
judge_signer(struct judgement *j, const struct verdict_signer *s)
{
	int code;
	const struct finding *fault = verdict_signer_fault(s, &code);
	size_t i;

	if (fault == &s->integrity) {
		judge_blame(j, VERDICT_BAD, code, s, fault);
		return;
	}
	j->signers++;
	for (i = 0; i < s->counters_len; i++)
		judge_signer(j, &s->counters[i]);
	if (fault != NULL)
		judge_blame(j, VERDICT_UNTRUSTED, code, s, fault);
}

/* Whoever may not see it need not know what else is wrong with it. */
static void
judge_labels(struct judgement *j, struct verdict *v)
{
	const struct verdict_signer *s;
	size_t i, k;

	v->is_withheld = false;
	for (i = 0; i < v->layers_len; i++)
		for (k = 0; k < v->layers[i].signers_len; k++) {
			s = &v->layers[i].signers[k];
			if (s->ess == NULL ||
			    s->ess->clearance.state != FINDING_BAD)
				continue;
			v->is_withheld = true;
			judge_blame(j, VERDICT_UNTRUSTED, -CS_ERR_LABEL, s,
			    &s->ess->clearance);
		}
}

static void
judge_layer(struct judgement *j, const struct verdict_layer *layer)
{
	size_t i;

	switch (layer->kind) {
	case VERDICT_SIGNED:
		if (layer->signers_len == 0)
			j->is_empty = true;
		for (i = 0; i < layer->signers_len; i++)
			judge_signer(j, &layer->signers[i]);
		break;
	case VERDICT_ENCRYPTED:
		if (layer->decryption.state == FINDING_GOOD)
			j->encrypted = layer;
		else
			judge_blame(j, VERDICT_BAD, -CS_ERR_DECRYPT, NULL,
			    &layer->decryption);
		break;
	case VERDICT_DIGESTED:
	case VERDICT_AUTHENTICATED:
		if (layer->integrity.state != FINDING_GOOD)
			judge_blame(j, VERDICT_BAD, -CS_ERR_AUTH_TAG, NULL,
			    &layer->integrity);
		break;
	case VERDICT_COMPRESSED:
		break;
	}
	if (layer->kind != VERDICT_SIGNED && j->other == NULL)
		j->other = layer;
}

/* "Alice <a@example.org>", or the identifier where no certificate is. */
static void
judge_put_signer(struct buf *b, const struct verdict_signer *s)
{
	if (s->cert != NULL)
		cert_describe(s->cert, b);
	else
		buf_say(b, "the signer %s", s->sid != NULL ? s->sid : "?");
}

static void
judge_put_good_signers(struct buf *b, const struct verdict *v)
{
	const struct verdict_layer *layer;
	const char *between = "";
	size_t i, k;

	for (i = 0; i < v->layers_len; i++) {
		layer = &v->layers[i];
		for (k = 0; k < layer->signers_len; k++) {
			buf_add_str(b, between);
			judge_put_signer(b, &layer->signers[k]);
			between = ", ";
		}
	}
}

static void
judge_put_finding(struct buf *b, const struct judgement *j)
{
	buf_add_str(b, ": ");
	buf_add_str(b,
	    j->finding->text[0] != '\0' ? j->finding->text : err_text(j->code));
}

static void
judge_put_cipher(struct buf *b, const struct verdict_layer *layer)
{
	const char *name = layer->cipher_name;

	buf_say(b, "encrypted with %s", name != NULL ? name : "?");
	if (!layer->is_authenticated)
		buf_say(b, ", which does not show whether it was changed");
}

/* What it is instead of signed. */
static void
judge_put_other(struct buf *b, const struct verdict_layer *layer)
{
	const char *name = layer->algorithm_name;

	if (layer->kind == VERDICT_COMPRESSED)
		buf_say(b, "; it was compressed");
	else
		buf_printf(b, "; %s (%s)", layer->integrity.text,
		    name != NULL ? name : "?");
}

static void
judge_put_text(
    struct buf *b, const struct verdict *v, const struct judgement *j)
{
	switch (j->summary) {
	case VERDICT_NONE:
		buf_say(b, j->is_empty ? "The message has no signature"
				       : N_("The message is not signed"));
		if (j->other != NULL)
			judge_put_other(b, j->other);
		break;
	case VERDICT_VERIFIED:
		buf_say(b, j->signers > 1 ? "Good signatures by "
					  : N_("Good signature by "));
		judge_put_good_signers(b, v);
		break;
	case VERDICT_UNTRUSTED:
		buf_say(b, v->is_withheld ? "The message signed by "
					  : N_("The signature by "));
		judge_put_signer(b, j->signer);
		buf_say(b, v->is_withheld
			       ? " is withheld for its security label"
			       : N_(" fits the content but is not trusted"));
		judge_put_finding(b, j);
		break;
	case VERDICT_BAD:
		if (j->signer != NULL) {
			buf_say(b, "The signature by ");
			judge_put_signer(b, j->signer);
			buf_say(b, " is not good");
		} else {
			buf_say(b, "The message cannot be opened");
		}
		judge_put_finding(b, j);
		break;
	case VERDICT_DECRYPTED:
		buf_say(b, "Decrypted; the message was ");
		judge_put_cipher(b, j->encrypted);
		if (j->encrypted->is_authenticated)
			buf_say(b, "; it is not signed");
		break;
	case VERDICT_PARTIAL:
		break; /* verdict_mail.c */
	}
	if (j->signers != 0 && j->encrypted != NULL &&
	    j->summary == VERDICT_VERIFIED)
		buf_say(b, "; encrypted with %s",
		    j->encrypted->cipher_name != NULL
			? j->encrypted->cipher_name
			: "?");
}

int
verdict_set_fault(struct verdict *v, int code, const char *text)
{
	if (v->fault != 0)
		return 0;
	v->fault_text = strdup(say(text));
	if (v->fault_text == NULL)
		return -CS_ERR_NO_MEMORY;
	v->fault = code;
	return 0;
}

static void
judge_fault(struct judgement *j, const struct verdict *v, struct finding *f)
{
	if (v->fault == 0)
		return;
	finding_set(f, FINDING_BAD, v->fault, "%s", v->fault_text);
	judge_blame(j, VERDICT_BAD, v->fault, NULL, f);
}

int
verdict_judge(struct verdict *v)
{
	struct judgement j = {.summary = VERDICT_NONE};
	struct finding fault;
	struct buf b;
	size_t i;

	judge_labels(&j, v);
	for (i = 0; i < v->layers_len; i++)
		judge_layer(&j, &v->layers[i]);
	judge_fault(&j, v, &fault);
	if (j.summary == VERDICT_NONE && j.signers != 0)
		j.summary = VERDICT_VERIFIED;
	else if (j.summary == VERDICT_NONE && j.encrypted != NULL)
		j.summary = VERDICT_DECRYPTED;
	else if (j.summary == VERDICT_NONE && j.is_empty)
		j.code = -CS_ERR_NOT_SIGNED;
	buf_init(&b, VERDICT_TEXT_MAX);
	judge_put_text(&b, v, &j);
	free(v->text);
	/* A list of signers may be too long for a sentence. */
	v->text =
	    b.err == 0 ? bytes_dup_str(buf_get(&b)) : strdup(err_text(j.code));
	buf_clear(&b);
	v->summary = j.summary;
	v->code = j.code;
	if (v->text == NULL) {
		v->summary = VERDICT_BAD;
		v->code = -CS_ERR_NO_MEMORY;
	}
	return v->code;
}

bool
verdict_lets_out(const struct verdict *v)
{
	if (v->is_withheld)
		return false;
	switch (v->summary) {
	case VERDICT_VERIFIED:
	case VERDICT_UNTRUSTED:
	case VERDICT_DECRYPTED:
	case VERDICT_PARTIAL:
		return true;
	case VERDICT_NONE:
		return v->layers_len != 0 && v->code == 0;
	case VERDICT_BAD:
		break;
	}
	return false;
}

int
verdict_set_unsigned(struct verdict *v, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		return -CS_ERR_NO_MEMORY;
	verdict_cut(v, 0, 0);
	free(v->text);
	v->text = copy;
	v->summary = VERDICT_NONE;
	v->code = -CS_ERR_NOT_SIGNED;
	return 0;
}

const char *
verdict_summary_name(enum verdict_summary summary)
{
	switch (summary) {
	case VERDICT_NONE:
		return "unsigned";
	case VERDICT_VERIFIED:
		return "verified";
	case VERDICT_UNTRUSTED:
		return "untrusted";
	case VERDICT_BAD:
		return "bad";
	case VERDICT_DECRYPTED:
		return "decrypted";
	case VERDICT_PARTIAL:
		return "partial";
	}
	return "bad";
}

const char *
verdict_kind_name(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_SIGNED:
		return N_("signed");
	case VERDICT_ENCRYPTED:
		return N_("encrypted");
	case VERDICT_COMPRESSED:
		return N_("compressed");
	case VERDICT_DIGESTED:
		return N_("digested");
	case VERDICT_AUTHENTICATED:
		return N_("authenticated");
	}
	return "unknown";
}

const char *
finding_state_name(enum finding_state state)
{
	switch (state) {
	case FINDING_NOT_CHECKED:
		return N_("not-checked");
	case FINDING_GOOD:
		return N_("good");
	case FINDING_BAD:
		return N_("bad");
	case FINDING_UNKNOWN:
		return N_("unknown");
	}
	return "unknown";
}
