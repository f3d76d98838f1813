#include "asn1/say.h"
#include "client/smime/origin.h"

#include <stdlib.h>
#include <string.h>

#include "client/pkix/address.h"
#include "client/smime/address_list.h"
#include "client/smime/header.h"
#include "client/smime/lines.h"
#include "client/smime/read_int.h"

#define QUOTED_MAX 160

struct origin {
	const char *field; /* "From", "Sender", or what --from gave */
	char *claims[ORIGIN_CLAIMS_MAX];
	bool is_signed[ORIGIN_CLAIMS_MAX]; /* by a signer with integrity */
	size_t claims_len;
	const char *fault; /* why no claim is good; NULL: nothing */
	char *sender;	   /* beside From; NULL: none, or not clear */
	int err;
};

static struct bytes
claim_get(const struct origin *o, size_t i)
{
	return bytes_of_str(o->claims[i]);
}

static const char *
describe_odd(unsigned odd)
{
	if ((odd & (MAILBOX_CONTROL | MAILBOX_NOT_UTF8)) != 0)
		return N_("has octets that are no text");
	if ((odd & MAILBOX_ENCODED) != 0)
		return N_("has an encoded word inside an address");
	if ((odd & MAILBOX_COMMENT) != 0)
		return N_("has a comment inside an address");
	if ((odd & MAILBOX_DISPLAY_AT) != 0)
		return N_("shows another address in the name");
	if ((odd & MAILBOX_GROUP) != 0)
		return N_("has a group of addresses");
	if ((odd & MAILBOX_CHARSET) != 0)
		return N_("has a name in a character set that is not known "
			  "here");
	return N_("has an address in a form that programs read differently");
}

static int
take_claim(void *ctx, const struct mailbox *m)
{
	struct origin *o = ctx;

	if (m->odd != 0)
		o->fault = describe_odd(m->odd);
	if (o->claims_len == ORIGIN_CLAIMS_MAX) {
		o->fault = N_("has too many addresses");
		return 0;
	}
	o->claims[o->claims_len] = bytes_dup_str(m->addr_spec);
	if (o->claims[o->claims_len] == NULL)
		return -CS_ERR_NO_MEMORY;
	o->claims_len++;
	return 0;
}

static int
take_sender(void *ctx, const struct mailbox *m)
{
	struct origin *o = ctx;

	if (m->odd == 0 && o->sender == NULL)
		o->sender = bytes_dup_str(m->addr_spec);
	return 0;
}

/* A line of white space alone ends the header for some programs. */
static bool
has_blank_fold(struct bytes section)
{
	bool is_blank = true, is_start = true;
	size_t i;

	for (i = 0; i < section.len; i++) {
		if (section.p[i] == '\n') {
			if (is_blank && !is_start)
				return true;
			is_blank = is_start = true;
			continue;
		}
		is_blank = is_blank && header_is_space(section.p[i]);
		is_start = false;
	}
	return false;
}

/* Sender beside From: only to be told apart from it. */
static void
origin_find_sender(struct origin *o, struct bytes section)
{
	struct header_field f;

	if (header_find(section, "Sender", &f) != 1)
		return;
	if (address_list_walk(f.value, take_sender, o) != 0) {
		free(o->sender);
		o->sender = NULL;
	}
}

static void
origin_find(struct origin *o, struct bytes section, bool is_clear)
{
	struct header_field f;
	size_t n;
	int r;

	o->field = "From";
	n = header_find(section, "From", &f);
	if (n > 0) {
		origin_find_sender(o, section);
	} else {
		o->field = "Sender";
		n = header_find(section, "Sender", &f);
	}
	if (n == 0) {
		o->fault = N_("is not there, nor is From");
		return;
	}
	r = address_list_walk(f.value, take_claim, o);
	if (r == -CS_ERR_NO_MEMORY)
		o->err = r;
	else if (r != 0)
		o->fault = N_("cannot be understood");
	else if (o->claims_len == 0)
		o->fault = N_("has no address");
	if (n > 1)
		o->fault = N_("is there several times");
	/* Some programs end a line, or the header, at such octets. */
	if (!is_clear || has_blank_fold(section) ||
	    (lines_judge(section) & (LINES_NUL | LINES_BARE_CR)) != 0)
		o->fault = N_("may not be what is shown, since the header has "
			      "lines that are none");
	if ((lines_judge(f.raw) & (LINES_NUL | LINES_BARE_CR)) != 0)
		o->fault = N_("has octets that are no text");
}

static void
origin_set(struct origin *o, const char *from)
{
	o->field = N_("the address asked for");
	o->claims[0] = strdup(from);
	if (o->claims[0] == NULL)
		o->err = -CS_ERR_NO_MEMORY;
	else
		o->claims_len = 1;
}

static void
origin_clear(struct origin *o)
{
	size_t i;

	for (i = 0; i < o->claims_len; i++)
		free(o->claims[i]);
	free(o->sender);
}

static bool
is_match(const struct verdict_signer *s, struct bytes address)
{
	return address_match_cert(s->cert, address) == ADDRESS_MATCH;
}

/* Which claims does a signature stand behind? */
static void
origin_mark(struct origin *o, struct verdict_signer *s)
{
	size_t i;

	if (s->cert == NULL || s->integrity.state != FINDING_GOOD)
		return;
	for (i = 0; i < o->claims_len; i++)
		if (is_match(s, claim_get(o, i)))
			o->is_signed[i] = true;
}

static int
put_address(void *ctx, struct bytes address)
{
	struct buf *b = ctx;
	char quoted[QUOTED_MAX];

	if (b->len > 0)
		buf_add_str(b, ", ");
	err_quote(quoted, sizeof(quoted), address.p, address.len);
	return buf_add_str(b, quoted);
}

/* What is looked for, and what the certificate has. */
static int
signer_describe(struct origin *o, struct verdict_signer *s, const char *claim)
{
	struct buf certified = {.max = 4096};
	struct bytes all;

	free(s->address_claimed);
	s->address_claimed = claim != NULL ? strdup(claim) : NULL;
	if (claim != NULL && s->address_claimed == NULL)
		return o->err = -CS_ERR_NO_MEMORY;
	if (s->address_certified != NULL)
		return 0;
	cert_walk_addresses(s->cert, put_address, &certified);
	all = buf_get(&certified);
	if (all.len > 0) {
		s->address_certified = bytes_dup_str(all);
		if (s->address_certified == NULL)
			o->err = -CS_ERR_NO_MEMORY;
	}
	buf_clear(&certified);
	return o->err;
}

/* The certificate is for none of the claims. */
static void
signer_mismatch(struct origin *o, struct verdict_signer *s)
{
	char claim[QUOTED_MAX];
	const char *certified =
	    s->address_certified != NULL ? s->address_certified : "?";

	err_quote(claim, sizeof(claim), o->claims[0], strlen(o->claims[0]));
	if (o->sender != NULL && is_match(s, bytes_of_str(o->sender)))
		finding_set(&s->address, FINDING_BAD, -CS_ERR_ADDRESS,
		    "the certificate is for Sender, %s, and not for From, %s",
		    certified, claim);
	else
		finding_set(&s->address, FINDING_BAD, -CS_ERR_ADDRESS,
		    "the certificate is for %s, and not for %s, %s", certified,
		    say(o->field), claim);
}

static void
signer_judge(struct origin *o, struct verdict_signer *s)
{
	char quoted[QUOTED_MAX];
	size_t i, hit = SIZE_MAX;

	if (s->cert == NULL)
		return;
	for (i = o->claims_len; i-- > 0;)
		if (is_match(s, claim_get(o, i)))
			hit = i;
	if (signer_describe(o, s,
		o->claims_len > 0 ? o->claims[hit != SIZE_MAX ? hit : 0]
				  : NULL) != 0)
		return;
	if (o->fault != NULL || o->claims_len == 0) {
		finding_set(&s->address, FINDING_BAD, -CS_ERR_ADDRESS,
		    "%s %s, so that it says nothing about the signer",
		    say(o->field), say(o->fault));
		return;
	}
	if (address_match_cert(s->cert, claim_get(o, 0)) == ADDRESS_NONE) {
		finding_set(&s->address, FINDING_UNKNOWN, -CS_ERR_ADDRESS,
		    "the certificate has no mail address to compare");
		return;
	}
	if (hit == SIZE_MAX) {
		signer_mismatch(o, s);
		return;
	}
	for (i = 0; i < o->claims_len && o->is_signed[i]; i++)
		;
	if (i < o->claims_len) {
		err_quote(
		    quoted, sizeof(quoted), o->claims[i], strlen(o->claims[i]));
		finding_set(&s->address, FINDING_BAD, -CS_ERR_ADDRESS,
		    "%s also names %s, who has not signed", say(o->field),
		    quoted);
		return;
	}
	finding_set(
	    &s->address, FINDING_GOOD, 0, "it is that of %s", say(o->field));
}

/* Calls fn for every signer of every layer. */
static void
each_signer(struct verdict *v, struct origin *o,
    void (*fn)(struct origin *o, struct verdict_signer *s))
{
	size_t i, k;

	for (i = 0; i < v->layers_len; i++)
		for (k = 0; k < v->layers[i].signers_len; k++)
			fn(o, &v->layers[i].signers[k]);
}

struct bytes
origin_find_author(struct bytes front)
{
	struct bytes section, body;
	const uint8_t *lf;
	size_t at;

	if (front.len > 5 &&
	    bytes_is_equal(bytes_of(front.p, 5), BYTES_LIT("From ")) &&
	    header_judge_line(front) != HEADER_FIELD) {
		lf = memchr(front.p, '\n', front.len);
		at = lf != NULL ? (size_t)(lf - front.p) + 1 : front.len;
		front = bytes_of(front.p + at, front.len - at);
	}
	reading_split_part(front, &section, &body);
	return header_find(section, "From", NULL) > 0 ||
		       header_find(section, "Sender", NULL) > 0
		   ? section
		   : BYTES_NONE;
}

int
origin_judge_both(
    struct verdict *v, struct bytes inside, struct bytes section, bool is_clear)
{
	struct verdict_signer *s;
	struct finding *found;
	size_t i, k, n = 0, at = 0;
	int r;

	for (i = 0; i < v->layers_len; i++)
		n += v->layers[i].signers_len;
	found = calloc(n + 1, sizeof(*found));
	r = found != NULL ? origin_judge(v, inside, true, NULL)
			  : -CS_ERR_NO_MEMORY;
	for (i = 0; r == 0 && i < v->layers_len; i++)
		for (k = 0; k < v->layers[i].signers_len; k++)
			found[at++] = v->layers[i].signers[k].address;
	if (r == 0)
		r = origin_judge(v, section, is_clear, NULL);
	at = 0;
	for (i = 0; r == 0 && i < v->layers_len; i++)
		for (k = 0; k < v->layers[i].signers_len; k++, at++) {
			s = &v->layers[i].signers[k];
			if (s->address.state == FINDING_GOOD)
				s->address = found[at];
		}
	free(found);
	return r;
}

int
origin_judge(
    struct verdict *v, struct bytes section, bool is_clear, const char *from)
{
	struct origin o = {0};

	if (from != NULL)
		origin_set(&o, from);
	else
		origin_find(&o, section, is_clear);
	if (o.err == 0)
		each_signer(v, &o, origin_mark);
	if (o.err == 0)
		each_signer(v, &o, signer_judge);
	origin_clear(&o);
	return o.err;
}
