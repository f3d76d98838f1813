/* Signed receipts (RFC 2634 2): asked for, made and matched. */
#include "client/cms/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/alg/random.h"
#include "client/api/signing.h"
#include "client/pkix/address.h"
#include "client/smime/smime.h"

/* --- asked for --- */

#define ID_KEY_LEN 20	 /* octets of the signing key's name */
#define ID_RANDOM_LEN 16 /* octets */

/* signedContentIdentifier (2.7): who, when, and a number of no other. */
static void
put_content_id(struct buf *b, const struct signing *s)
{
	uint8_t octets[ID_RANDOM_LEN];
	char time[TIME_TEXT_MAX];

	random_fill(octets, sizeof(octets));
	buf_add(b, cert_get_key_hash(s->signers[0].cert), ID_KEY_LEN);
	buf_add_str(b, time_format(time, s->params.signing_time));
	buf_add(b, octets, sizeof(octets));
}

static bool
is_word(const char *value)
{
	return strcmp(value, "all") == 0 || strcmp(value, "first-tier") == 0;
}

static int
wish_set_from(
    const struct strings *from, struct ess_receipt_wish *wish, struct err *e)
{
	size_t i;

	wish->from = ESS_FROM_LIST;
	for (i = 0; i < from->len; i++)
		if (is_word(from->items[i]) && from->len != 1)
			return err_set(e, -CS_ERR_ARGUMENT,
			    "receipts are asked for from all, from those of "
			    "the first tier, or from the addresses that are "
			    "given: of these only one");
	if (from->len > ESS_ENTITIES_MAX)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "receipts can be asked for from %d addresses at most",
		    ESS_ENTITIES_MAX);
	if (!is_word(from->items[0])) {
		wish->from_list = (const char *const *)from->items;
		wish->from_len = from->len;
	} else {
		wish->from = strcmp(from->items[0], "all") == 0
				 ? ESS_FROM_ALL
				 : ESS_FROM_FIRST_TIER;
	}
	return 0;
}

static int
take_first_address(void *ctx, struct bytes address)
{
	struct buf *first = ctx;

	if (first->len == 0 && address_is_valid(address))
		buf_add_bytes(first, address);
	return first->err;
}

/* Where receipts go: as asked, or to the sender, or the signer. */
static int
find_receipts_to(struct signing *s, struct bytes sender, struct strings *to)
{
	const struct strings *asked = &s->job->options[CARDSEAL_RECEIPT_TO];
	struct buf own = {.max = ADDRESS_LEN_MAX};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < asked->len; i++)
		r = strings_add(to, asked->items[i]);
	if (r == 0 && to->len == 0 && sender.len == 0)
		r = cert_walk_addresses(
		    s->signers[0].cert, take_first_address, &own);
	if (r == 0 && to->len == 0) {
		strings_keep(to, sender.len != 0 ? sender : buf_get(&own));
		if (to->len == 0 || to->items[0][0] == '\0')
			r = err_set(&s->job->err, -CS_ERR_ARGUMENT,
			    "nobody is known whom receipts could go to; name "
			    "an address with --receipt-to");
	}
	if (r == 0 && to->len > ESS_RECEIPTS_TO_MAX)
		r = err_set(&s->job->err, -CS_ERR_ARGUMENT,
		    "receipts can go to %d addresses at most",
		    ESS_RECEIPTS_TO_MAX);
	buf_clear(&own);
	return r;
}

int
signing_set_receipts(struct signing *s, struct bytes sender)
{
	const struct strings *from = &s->job->options[CARDSEAL_RECEIPT_REQUEST];
	struct ess_receipt_wish wish = {0};
	struct buf id = {0}, value = {0};
	struct strings to = {0};
	int r;

	if (from->len == 0) {
		if (s->job->options[CARDSEAL_RECEIPT_TO].len == 0)
			return 0;
		return err_set(&s->job->err, -CS_ERR_ARGUMENT,
		    "where receipts go does not ask for any: --receipt-to "
		    "goes with --receipt-request");
	}
	r = wish_set_from(from, &wish, &s->job->err);
	if (r == 0)
		r = find_receipts_to(s, sender, &to);
	if (r == 0) {
		put_content_id(&id, s);
		wish.content_id = buf_get(&id);
		wish.to = (const char *const *)to.items;
		wish.to_len = to.len;
		der_put_receipt_request(&value, &wish);
		r = id.err != 0
			? id.err
			: signing_add_attr(s, OID_RECEIPT_REQUEST, &value);
	}
	buf_clear(&value);
	buf_clear(&id);
	strings_clear(&to);
	return r;
}

/* --- made --- */

struct receipting {
	struct signing signing;
	struct receipt_plan plan;
	struct strings to;
	struct buf from;
	struct encrypting *encrypting; /* NULL: it goes as it is */
};

/* Who asks may name anybody: what is no address goes into no header. */
static int
find_to_in(struct receipting *c, struct bytes list)
{
	struct cardseal_job *job = c->signing.job;
	struct bytes names, address;
	struct der d, in;
	size_t before;
	int r = 0;

	der_init(&d, list);
	while (r == 0 && ess_names_next(&d, &names)) {
		before = c->to.len;
		der_init(&in, names);
		while (before == c->to.len && ess_address_next(&in, &address))
			if (address_is_valid(address))
				strings_keep(&c->to, address);
		if (before == c->to.len)
			r = strings_printf(&job->warnings,
			    "the receipt is to go to somebody without a mail "
			    "address, too");
		else if (address_match_cert(c->plan.signer->cert, address) !=
			 ADDRESS_MATCH)
			r = strings_printf(&job->warnings,
			    "the receipt is to go to %s, which is no address "
			    "of who asks for it",
			    c->to.items[before]);
	}
	return r;
}

static int
find_to(struct receipting *c)
{
	struct cardseal_job *job = c->signing.job;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < c->plan.to_len; i++)
		r = find_to_in(c, c->plan.to[i]);
	if (r == 0 && c->to.len == 0)
		r = err_set(&job->err, -CS_ERR_NOT_ASKED,
		    "no receipt is made: the request names no mail address "
		    "that it could go to");
	return r;
}

struct own_address {
	const struct receipt_plan *plan;
	struct buf *address;
};

static bool
is_same_address(void *ctx, struct bytes address)
{
	return address_is_equal(*(const struct bytes *)ctx, address);
}

static int
take_asked_address(void *ctx, struct bytes address)
{
	struct own_address *own = ctx;

	if (own->address->len == 0 && ess_list_has(own->plan->request.from_list,
					  is_same_address, &address))
		buf_add_bytes(own->address, address);
	return own->address->err;
}

/* Which of our addresses is asked, where not everybody is; none: any. */
static int
find_own_address(struct receipting *c, struct buf *address)
{
	struct cardseal_job *job = c->signing.job;
	struct own_address own = {&c->plan, address};
	struct own_keys keys;
	size_t i;
	int r;

	if (c->plan.request.from != ESS_FROM_LIST ||
	    job->options[CARDSEAL_KEY].len != 0)
		return 0;
	r = own_keys_load(job, &keys);
	if (r != 0)
		return r;
	for (i = 0; r == 0 && i < keys.len; i++)
		if (keys.keys[i].cert != NULL)
			r = cert_walk_addresses(
			    keys.keys[i].cert, take_asked_address, &own);
	own_keys_clear(&keys);
	if (r == 0 && address->len == 0)
		r = err_set(&job->err, -CS_ERR_NOT_ASKED,
		    "no receipt is made: it is asked for from others, and no "
		    "key here has a certificate for one of their addresses");
	return r;
}

/* One key, of somebody who is asked. */
static int
choose_key(struct receipting *c)
{
	struct signing *s = &c->signing;
	struct buf address = {.max = ADDRESS_LEN_MAX};
	int r = find_own_address(c, &address);

	if (r == 0)
		r = signing_prepare(s, buf_get(&address));
	buf_clear(&address);
	if (r == 0 && s->signers_len != 1)
		r = err_set(&s->job->err, -CS_ERR_ARGUMENT,
		    "a receipt is signed with one key");
	if (r == 0)
		r = receipt_check_asked(
		    &c->plan, s->signers[0].cert, &s->job->err);
	if (r == 0)
		r = cert_walk_addresses(
		    s->signers[0].cert, take_first_address, &c->from);
	return r;
}

/*
 * Certificates for all who get it, if it is to be encrypted: where the message
 * was, since a receipt tells the digest of what it signed (2.4). A person may
 * have it otherwise; whom the message names may not.
 */
static int
find_encrypting(struct receipting *c)
{
	struct cardseal_job *job = c->signing.job;
	bool has_files = job->options[CARDSEAL_RECIPIENT_FILE].len != 0;
	bool is_never = job_is(job, CARDSEAL_RECEIPT_ENCRYPT, "never");
	bool is_always =
	    has_files || job_is(job, CARDSEAL_RECEIPT_ENCRYPT, "always");
	int r;

	if (is_never && has_files)
		return err_set(&job->err, -CS_ERR_ARGUMENT,
		    "certificates to encrypt the receipt to do not go with "
		    "--encrypt never");
	if (is_never || (!is_always && !c->plan.was_encrypted))
		return 0;
	r = job_encrypting_new_to(job, &c->to, &c->encrypting);
	if (r == -CS_ERR_NO_CERT && !is_always)
		err_context(&job->err,
		    "the message was encrypted, so its receipt would be, too "
		    "(not with --encrypt never)");
	return r;
}

/* ContentHints (2.9): what the encryption holds. */
static void
put_hints(struct buf *b)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_oid(b, OID_RECEIPT);
	der_close(b, mark);
}

/* Encrypted, and signed again around that, by the same key. */
static int
write_encrypted(struct receipting *c, struct smime_receipt *receipt,
    struct cms_sign_params *outer, struct output *out)
{
	struct err *e = &c->signing.job->err;
	struct cms_attr hints = {.type = OID_CONTENT_HINT};
	struct buf value = {0};
	int r;

	put_hints(&value);
	hints.value = buf_get(&value);
	outer->attrs = &hints;
	outer->attrs_len = 1;
	receipt->outer = outer;
	receipt->encrypt = job_encrypting_get_params(c->encrypting);
	r = value.err != 0
		? value.err
		: smime_write_receipt(receipt, output_get_sink(out), e);
	buf_clear(&value);
	outer->attrs = NULL;
	outer->attrs_len = 0;
	return r;
}

static int
write_receipt(struct receipting *c, struct output *out)
{
	struct signing *s = &c->signing;
	struct cms_sign_params outer = s->params;
	struct smime_receipt receipt = {
	    .sign = &s->params,
	    .to = (const char *const *)c->to.items,
	    .to_len = c->to.len,
	};
	struct buf value = {0}, digest = {0};
	char *from = c->from.len != 0 ? bytes_dup_str(buf_get(&c->from)) : NULL;
	int r;

	receipt_put(&c->plan, &value, &digest);
	receipt.value = buf_get(&value);
	receipt.from = from;
	s->params.content_type = OID_RECEIPT;
	r = value.err != 0 ? value.err
			   : signing_add_attr(s, OID_MSG_SIG_DIGEST, &digest);
	if (r == 0 && c->encrypting != NULL)
		r = write_encrypted(c, &receipt, &outer, out);
	else if (r == 0)
		r = smime_write_receipt(
		    &receipt, output_get_sink(out), &s->job->err);
	free(from);
	buf_clear(&digest);
	buf_clear(&value);
	return r;
}

static int
make_receipt(
    struct cardseal_job *job, const struct verdict *v, struct output *out)
{
	struct receipting c = {
	    .signing = {.job = job}, .from = {.max = ADDRESS_LEN_MAX}};
	int r = receipt_plan(v, &c.plan, &job->err);

	if (r == 0)
		r = find_to(&c);
	/* Before a PIN is asked for. */
	if (r == 0)
		r = find_encrypting(&c);
	if (r == 0)
		r = choose_key(&c);
	if (r == 0)
		r = write_receipt(&c, out);
	job_encrypting_free(c.encrypting);
	buf_clear(&c.from);
	strings_clear(&c.to);
	signing_clear(&c.signing);
	return r;
}

int
cardseal_receipt(struct cardseal_job *job, struct cardseal_input *in,
    struct cardseal_output *out, struct cardseal_verdict **verdict)
{
	struct cardseal_verdict *wrap;
	int r;

	*verdict = NULL;
	job_start(job);
	r = job_check_apart(job, in, out);
	if (r != 0)
		return job_end(job, r);
	wrap = job_new_verdict();
	if (wrap == NULL)
		return job_end(job, -CS_ERR_NO_MEMORY);
	r = job_read(job, in->in, NULL, wrap->verdict);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	*verdict = wrap;
	r = make_receipt(job, wrap->verdict, out->out);
	if (r == 0)
		r = input_check_unchanged(in->in, &job->err);
	if (r == 0)
		r = output_commit(out->out, &job->err);
	return job_end(job, r);
}

/* --- matched --- */

int
cardseal_receipt_match(struct cardseal_job *job, struct cardseal_input *sent,
    struct cardseal_input *in, struct cardseal_verdict **verdict)
{
	struct cardseal_verdict *wrap = job_new_verdict();
	struct verdict *original = verdict_new();
	int r = -CS_ERR_NO_MEMORY;

	*verdict = NULL;
	job_start(job);
	if (wrap != NULL && original != NULL)
		r = job_read(job, sent->in, NULL, original);
	if (r == 0)
		r = job_read(job, in->in, NULL, wrap->verdict);
	if (r == 0)
		r = receipt_match(original, wrap->verdict, &job->err);
	verdict_free(original);
	if (r != 0) {
		cardseal_verdict_free(wrap);
		return job_end(job, r);
	}
	return verdict_end(job, wrap, NULL, verdict);
}
