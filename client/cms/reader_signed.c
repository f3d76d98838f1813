/* Judging SignerInfos: RFC 5652 5.4 and 5.6, RFC 8933, 5035, 6211, 8419. */
#include "config.h"

#include "asn1/say.h"
#include "client/cms/judge_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/pkix/address.h"

static const struct cms_trust no_trust;

const struct cms_trust *
judge_trust(const struct judge *j)
{
	return j->r->params.trust != NULL ? j->r->params.trust : &no_trust;
}

int
judge_fail(struct judge *j, int code, const char *text)
{
	return err_set(&j->err, code, "%s", say(text));
}

/* --- names --- */

static int
judge_name_algorithms(struct judge *j)
{
	char name[OID_TEXT_MAX], full[OID_TEXT_MAX + 64];
	int code;

	alg_id_describe(name, sizeof(name), &j->info.digest_alg);
	code = reader_set_text(&j->s->digest_name, name);
	if (code != 0)
		return code;
	if (j->scheme.alg == ALG_NONE)
		alg_id_describe(full, sizeof(full), &j->info.signature_alg);
	else if (j->scheme.alg == ALG_RSA_PSS)
		snprintf(full, sizeof(full), "%s with %s, salt of %u",
		    alg_name(j->scheme.alg), alg_name(j->scheme.digest),
		    j->scheme.salt_len);
	else
		snprintf(full, sizeof(full), "%s", alg_name(j->scheme.alg));
	return reader_set_text(&j->s->signature_name, full);
}

static int
judge_add_address(void *ctx, struct bytes address)
{
	struct buf *b = ctx;
	char quoted[ADDRESS_LEN_MAX];

	if (b->len != 0)
		buf_add_str(b, ", ");
	return buf_add_str(
	    b, err_quote(quoted, sizeof(quoted), address.p, address.len));
}

static int
judge_name_addresses(struct judge *j)
{
	struct buf b = {0};
	int code = cert_walk_addresses(j->s->cert, judge_add_address, &b);

	if (code == 0 && b.len != 0) {
		j->s->address_certified = bytes_dup_str(buf_get(&b));
		if (j->s->address_certified == NULL)
			code = -CS_ERR_NO_MEMORY;
	}
	buf_clear(&b);
	return code;
}

/* --- what was signed --- */

/* An EdDSA signature without attributes is over the content as it is. */
static bool
judge_needs_content(const struct judge *j)
{
	return !j->info.has_signed_attrs && sig_scheme_is_pure(&j->scheme);
}

/* Of a countersignature: what it signs is there. */
static int
judge_get_counter_digest(struct judge *j, struct bytes *hash)
{
	size_t len = digest_of(j->digest_alg, j->countered, j->counter_hash);

	if (len == 0)
		return judge_fail(j, -CS_ERR_NO_MEMORY, "no memory is left");
	*hash = judge_needs_content(j) ? j->countered
				       : bytes_of(j->counter_hash, len);
	return 0;
}

/* The content's digest, or the content; or a reason why there is none. */
static int
judge_get_content_digest(struct judge *j, struct bytes *hash)
{
	struct cms_reader *r = j->r;
	struct cms_memo *memo = r->params.memo;
	struct digest *d = r->has_content ? r->digest : r->params.detached;
	enum alg need = judge_needs_content(j) ? DIGEST_CONTENT : j->digest_alg;

	*hash = BYTES_NONE;
	if (j->is_counter)
		return judge_get_counter_digest(j, hash);
	if (d != NULL && digest_has(d, need)) {
		if (need == DIGEST_CONTENT && digest_is_over(d))
			return judge_fail(j, -CS_ERR_TOO_LARGE,
			    "an EdDSA signature without signed attributes can "
			    "be checked over 64 MiB of content at most, and "
			    "there is more");
		*hash = digest_get(d, need);
		return 0;
	}
	if (r->has_content && memo != NULL && cms_memo_want_digest(memo, need))
		r->wants_rerun = true;
	return judge_fail(j, -CS_ERR_ALGORITHM,
	    "the signer's digest is not among those that the message announced "
	    "ahead of its content");
}

static int
judge_decode_scheme(struct judge *j)
{
	int code;

	j->digest_alg = alg_id_get_digest(&j->info.digest_alg);
	code = sig_scheme_decode(
	    &j->info.signature_alg, j->digest_alg, &j->scheme, &j->err);
	if (code != 0) {
		j->scheme = (struct sig_scheme){0};
		return code;
	}
	if (j->digest_alg == ALG_NONE)
		return judge_fail(j, -CS_ERR_ALGORITHM,
		    "the digest algorithm is not supported");
	if (!sig_scheme_is_pure(&j->scheme) &&
	    j->scheme.digest != j->digest_alg)
		return judge_fail(j, -CS_ERR_ALGORITHM,
		    "the signature algorithm has another digest than the one "
		    "that the signer names");
	return 0;
}

/* RFC 5652 11.1, 11.4 */
static int
judge_check_content_type(struct judge *j)
{
	struct bytes attrs = j->info.signed_attrs, type;
	struct attr attr;
	bool has;
	int code;

	if (j->is_counter) {
		code =
		    attrs_find(attrs, OID_CONTENT_TYPE, &attr, &has, &j->err);
		if (code == 0 && has)
			code = judge_fail(j, -CS_ERR_ATTRIBUTES,
			    "a countersignature must not have a content type");
		return code;
	}
	code = attrs_get_content_type(attrs, &type, &j->err);
	if (code == 0 && !bytes_is_equal(type, buf_get(&j->r->content_type)))
		code = judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the signed content type is another than the content's");
	return code;
}

/* RFC 5652 5.3, 11.2; RFC 6211. */
static int
judge_check_attrs(struct judge *j, struct bytes content_hash)
{
	struct bytes attrs = j->info.signed_attrs, hash;
	bool has_protection;
	int code = attrs_check_signed(attrs, &j->err);

	if (code == 0)
		code = judge_check_content_type(j);
	if (code == 0)
		code =
		    attrs_check_algorithm_protection(attrs, &j->info.digest_alg,
			&j->info.signature_alg, &has_protection, &j->err);
	if (code == 0)
		code = attrs_get_message_digest(attrs, &hash, &j->err);
	if (code == 0 && !bytes_is_equal(hash, content_hash))
		code = judge_fail(j, -CS_ERR_DIGEST_MISMATCH,
		    j->is_counter
			? "it is a countersignature of another signature"
			: N_("the content is not what was signed: it was "
			     "changed "
			     "on the way, or belongs to another signature"));
	return code;
}

/* Behind that tag and a length of any form, if they stand at *at. */
static bool
skip_tag(struct bytes in, uint8_t tag, size_t *at)
{
	if (*at + 2 > in.len || in.p[*at] != tag)
		return false;
	*at += 2 + (in.p[*at + 1] > 0x80 ? in.p[*at + 1] & 0x7fU : 0);
	return true;
}

/*
 * A signature over attributes can be passed off as one without attributes,
 * over content that is their encoding. No real content begins like it.
 */
static bool
judge_is_attrs_lookalike(const struct cms_reader *r)
{
	struct bytes head = r->params.detached_head;
	size_t at = 0;

	if (r->has_content)
		head = bytes_of(r->head, r->content_len < CMS_HEAD_LEN
					     ? (size_t)r->content_len
					     : CMS_HEAD_LEN);
	return head.len == CMS_HEAD_LEN && skip_tag(head, DER_SET, &at) &&
	       skip_tag(head, DER_SEQUENCE, &at) && at < head.len &&
	       head.p[at] == DER_OID;
}

static int
judge_add_input(struct judge *j, struct bytes octets)
{
	uint8_t *hash = j->hashes[j->inputs_len];
	size_t len;

	if (sig_scheme_is_pure(&j->scheme)) {
		j->inputs[j->inputs_len++] = octets;
		return 0;
	}
	len = digest_of(j->scheme.digest, octets, hash);
	if (len == 0)
		return judge_fail(j, -CS_ERR_NO_MEMORY, "no memory is left");
	j->inputs[j->inputs_len++] = bytes_of(hash, len);
	return 0;
}

static int
judge_prepare_attrs(struct judge *j, struct bytes content_hash)
{
	struct bytes attrs = j->info.signed_attrs;
	int code = judge_check_attrs(j, content_hash);

	if (code != 0)
		return code;
	code = attrs_put_set_of(&j->sets[0], attrs);
	if (code != 0)
		return judge_fail(j, code, "the signed attributes are broken");
	der_put(&j->sets[1], DER_SET, attrs);
	if (j->sets[1].err != 0)
		return judge_fail(j, j->sets[1].err, "no memory is left");
	code = judge_add_input(j, buf_get(&j->sets[0]));
	if (code == 0 &&
	    !bytes_is_equal(buf_get(&j->sets[0]), buf_get(&j->sets[1])))
		code = judge_add_input(j, buf_get(&j->sets[1]));
	return code;
}

/* RFC 5652 5.3: attributes MUST be there for any other type than data. */
static int
judge_prepare_bare(struct judge *j, struct bytes hash)
{
	if (!j->is_counter &&
	    !bytes_is_equal(buf_get(&j->r->content_type), oid_get(OID_DATA)))
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "content of this type must be signed with attributes, and "
		    "there are none");
	if (!j->is_counter && judge_is_attrs_lookalike(j->r))
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the content is itself a set of signed attributes: the "
		    "signature was made over something else");
	j->inputs[j->inputs_len++] = hash;
	return 0;
}

static int
judge_prepare(struct judge *j)
{
	struct bytes hash;
	int code = attrs_check_unsigned(j->info.unsigned_attrs, &j->err);

	if (code == 0 && j->r->params.is_token && !j->is_counter &&
	    !bytes_is_equal(
		buf_get(&j->r->content_type), oid_get(OID_TST_INFO)))
		code = judge_fail(j, -CS_ERR_ATTRIBUTES, "it is no time stamp");
	if (code == 0)
		code = judge_get_content_digest(j, &hash);
	if (code != 0)
		return code;
	return j->info.has_signed_attrs ? judge_prepare_attrs(j, hash)
					: judge_prepare_bare(j, hash);
}

/* --- findings --- */

static void
judge_integrity(struct judge *j)
{
	struct err first;
	int code = judge_decode_scheme(j);

	if (code == 0)
		code = judge_prepare(j);
	if (code == 0) {
		code = judge_find_cert(j, true);
	} else {
		first = j->err;
		(void)!judge_find_cert(j, false);
		j->err = first;
	}
	if (code == 0)
		finding_set(&j->s->integrity, FINDING_GOOD, 0,
		    "the signature fits the content");
	else
		finding_set(&j->s->integrity, FINDING_BAD, code, "%s",
		    err_get_text(&j->err));
}

static int
judge_set_signing_time(struct judge *j)
{
	if (j->info.has_signed_attrs &&
	    attrs_get_signing_time(j->info.signed_attrs,
		&j->s->has_signing_time, &j->s->signing_time, NULL) != 0)
		j->s->has_signing_time = false;
	return j->s->cert != NULL ? judge_name_addresses(j) : 0;
}

/* Who signed is known; what speaks for him? */
static int
judge_trusted(struct judge *j)
{
	int code = judge_claims(j);

	if (code == 0)
		code = judge_ess(j);
	judge_algorithm(j);
	if (code == 0)
		code = judge_stamps(j);
	if (code == 0)
		code = judge_chain(j);
	judge_profile(j);
	return code == 0 ? judge_counters(j) : code;
}

static int
judge_decoded(struct judge *j)
{
	int code;

	j->s->sid = reader_describe_id(&j->info.sid);
	if (j->s->sid == NULL)
		return -CS_ERR_NO_MEMORY;
	judge_integrity(j);
	code = judge_name_algorithms(j);
	j->s->digest_alg = j->digest_alg;
	if (code == 0)
		code = judge_set_signing_time(j);
	if (code != 0 || j->s->integrity.state != FINDING_GOOD)
		return code;
	return judge_trusted(j);
}

int
judge_signer_info(struct judge *j, struct bytes raw)
{
	int code;

	buf_init(&j->sets[0], CMS_ELEMENT_MAX);
	buf_init(&j->sets[1], CMS_ELEMENT_MAX);
	err_clear(&j->err);
	code = signer_info_decode(raw, &j->info, &j->err);
	if (code == 0) {
		code = judge_decoded(j);
	} else {
		finding_set(&j->s->integrity, FINDING_BAD, code, "%s",
		    err_get_text(&j->err));
		code = reader_set_text(&j->s->digest_name, "unknown");
		if (code == 0)
			code =
			    reader_set_text(&j->s->signature_name, "unknown");
	}
	buf_clear(&j->sets[0]);
	buf_clear(&j->sets[1]);
	return code;
}

static int
judge_signer(struct cms_reader *r, struct bytes raw, struct judge_work *work)
{
	struct judge j = {.r = r, .work = work};

	j.s = verdict_add_signer(reader_layer(r));
	return j.s != NULL ? judge_signer_info(&j, raw) : -CS_ERR_NO_MEMORY;
}

int
reader_judge_signers(struct cms_reader *r)
{
	struct judge_work work = {0};
	size_t i;
	int code = 0;

	reader_layer(r)->covered_len =
	    r->has_content ? r->content_len : r->params.detached_len;
	if (r->params.is_token && r->signers.len != 1)
		return err_set(&r->err, -CS_ERR_ENCODING,
		    "a time stamp has one signer, not %zu", r->signers.len);
	if (r->signers.len != 0 && !r->has_content &&
	    r->params.detached == NULL)
		return err_set(&r->err, -CS_ERR_USAGE,
		    "the signature is detached: the content that it belongs to "
		    "must be given, too (--content FILE)");
	for (i = 0; code == 0 && i < r->signers.len; i++)
		code = judge_signer(r, buf_get(&r->signers.items[i]), &work);
	return code == 0 ? reader_judge_receipt(r) : code;
}
