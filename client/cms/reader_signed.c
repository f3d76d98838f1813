/* Judging SignerInfos: RFC 5652 5.4 and 5.6, RFC 8933, 5035, 6211, 8419. */
#include "config.h"

#include "client/cms/reader_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/signer_info.h"
#include "client/pkix/address.h"
#include "client/pkix/strength.h"

/* Signature checks over all signers and certificates of one message. */
#define READER_VERIFIES_MAX 512
/*
 * A search for a path may be long. Once so many have failed the message is
 * not trusted, and no more are made.
 */
#define READER_FAILED_PATHS_MAX 8

/* What judging has cost so far, over the whole message. */
struct judge_work {
	unsigned verifies, failed_paths;
};

struct judge {
	struct cms_reader *r;
	struct verdict_signer *s;
	struct signer_info info;
	struct sig_scheme scheme;
	enum alg digest_alg;
	/* What may have been signed: the attributes in DER order, and as they
	 * came, since some signers do not sort them. For EdDSA the octets
	 * themselves, else their digests. */
	struct bytes inputs[2];
	size_t inputs_len;
	struct buf sets[2];
	uint8_t hashes[2][DIGEST_LEN_MAX];
	struct judge_work *work;
	struct err err;
};

static const struct cms_trust no_trust;

static const struct cms_trust *
judge_trust(const struct judge *j)
{
	return j->r->params.trust != NULL ? j->r->params.trust : &no_trust;
}

static int
judge_fail(struct judge *j, int code, const char *text)
{
	return err_set(&j->err, code, "%s", text);
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

/* The content's digest, or a reason why there is none. */
static int
judge_get_content_digest(struct judge *j, struct bytes *hash)
{
	struct cms_reader *r = j->r;
	struct cms_memo *memo = r->params.memo;
	struct digest *d = r->has_content ? r->digest : r->params.detached;

	*hash = BYTES_NONE;
	if (d != NULL && digest_has(d, j->digest_alg)) {
		*hash = digest_get(d, j->digest_alg);
		return 0;
	}
	if (r->has_content && memo != NULL &&
	    memo->digests_len < CMS_DIGESTS_MAX) {
		memo->digests[memo->digests_len++] = j->digest_alg;
		r->wants_rerun = true;
	}
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

/* RFC 5652 5.3, 11.1, 11.2; RFC 6211. */
static int
judge_check_attrs(struct judge *j, struct bytes content_hash)
{
	struct bytes attrs = j->info.signed_attrs, type, hash;
	bool has_protection;
	int code = attrs_check(attrs, &j->err);

	if (code == 0)
		code = attrs_get_content_type(attrs, &type, &j->err);
	if (code == 0 && !bytes_is_equal(type, buf_get(&j->r->content_type)))
		code = judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the signed content type is another than the content's");
	if (code == 0)
		code =
		    attrs_check_algorithm_protection(attrs, &j->info.digest_alg,
			&j->info.signature_alg, &has_protection, &j->err);
	if (code == 0)
		code = attrs_get_message_digest(attrs, &hash, &j->err);
	if (code == 0 && !bytes_is_equal(hash, content_hash))
		code = judge_fail(j, -CS_ERR_DIGEST_MISMATCH,
		    "the content is not what was signed: it was changed on "
		    "the way, or belongs to another signature");
	return code;
}

/*
 * A signature over attributes can be passed off as one without attributes,
 * over content that is their encoding. No real content begins like it.
 */
static bool
judge_is_attrs_lookalike(const struct cms_reader *r)
{
	struct bytes head = r->params.detached_head;
	size_t at = 2;

	if (r->has_content)
		head = bytes_of(r->head, r->content_len < CMS_HEAD_LEN
					     ? (size_t)r->content_len
					     : CMS_HEAD_LEN);
	if (head.len < CMS_HEAD_LEN || head.p[0] != DER_SET)
		return false;
	if (head.p[1] > 0x80)
		at += head.p[1] & 0x7fU;
	return at + 4 <= head.len && head.p[at] == DER_SEQUENCE &&
	       head.p[at + 1] < 0x80 && head.p[at + 2] == DER_OID;
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

static int
judge_prepare(struct judge *j)
{
	struct bytes hash;
	int code = judge_get_content_digest(j, &hash);

	if (code != 0)
		return code;
	if (j->info.has_signed_attrs)
		return judge_prepare_attrs(j, hash);
	/* RFC 5652 5.3: attributes MUST be there for any other type */
	if (!bytes_is_equal(buf_get(&j->r->content_type), oid_get(OID_DATA)))
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "content of this type must be signed with attributes, and "
		    "there are none");
	if (sig_scheme_is_pure(&j->scheme))
		return judge_fail(j, -CS_ERR_UNSUPPORTED,
		    "an EdDSA signature without signed attributes is not "
		    "supported");
	if (judge_is_attrs_lookalike(j->r))
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the content is itself a set of signed attributes: the "
		    "signature was made over something else");
	j->inputs[j->inputs_len++] = hash;
	return 0;
}

/* --- the signer's certificate --- */

/* RFC 5035 5.4: the signature names the one certificate it is for. */
static int
judge_check_ess(struct judge *j, const struct cert *c)
{
	struct bytes raw = cert_get_raw(c);
	uint8_t hash[DIGEST_LEN_MAX];
	struct ess_cert_id ess;
	size_t len;
	int code;

	if (!j->info.has_signed_attrs)
		return 0;
	code =
	    attrs_get_signing_certificate(j->info.signed_attrs, &ess, &j->err);
	if (code != 0 || !ess.is_present)
		return code;
	len = digest_of(ess.digest_alg, raw, hash);
	if (len == 0)
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the signed attributes name the certificate by a digest "
		    "that is not supported");
	if (!bytes_is_equal(ess.hash, bytes_of(hash, len)) ||
	    (ess.has_issuer_serial &&
		(!name_is_equal(ess.issuer, cert_get_issuer(c)) ||
		    !bytes_is_equal(ess.serial, cert_get_serial(c)))))
		return judge_fail(j, -CS_ERR_ATTRIBUTES,
		    "the signed attributes name another certificate");
	return 0;
}

static int
judge_verify_with(struct judge *j, const struct spki *key)
{
	size_t i;
	int code = strength_check_key(key, true);

	/* A weak key is told of later; an absurd one only costs time. */
	if (code == -CS_ERR_ALGORITHM)
		return judge_fail(j, code, "the signer's key cannot be used");
	code = -CS_ERR_BAD_SIGNATURE;
	for (i = 0; code == -CS_ERR_BAD_SIGNATURE && i < j->inputs_len; i++) {
		if (++j->work->verifies > READER_VERIFIES_MAX)
			return judge_fail(j, -CS_ERR_TOO_LARGE,
			    "the message has too many signatures and "
			    "certificates to try them all");
		code = sig_verify(
		    key, &j->scheme, j->inputs[i], j->info.signature, &j->err);
	}
	if (code == -CS_ERR_BAD_SIGNATURE)
		judge_fail(j, code,
		    "it does not fit the key in the signer's certificate");
	return code;
}

static int
judge_verify(struct judge *j, struct cert *c)
{
	struct path_result path = {.code = 0};
	struct spki key;
	int code = reader_get_signer_key(j->r, c, &path, &key);

	if (code == 0)
		code = judge_verify_with(j, &key);
	else
		judge_fail(j, code,
		    "the signer's key has no parameters of its own, and there "
		    "is no good path to inherit them along");
	path_result_clear(&path);
	return code;
}

/* Tries one certificate; the first is kept to be named if none is right. */
static int
judge_try(struct judge *j, struct cert *c, bool verifies, int *code)
{
	if (j->s->cert == NULL)
		j->s->cert = cert_ref(c);
	if (!verifies)
		return 1;
	*code = judge_verify(j, c);
	if (*code == 0)
		*code = judge_check_ess(j, c);
	if (*code != 0)
		return 0;
	cert_free(j->s->cert);
	j->s->cert = cert_ref(c);
	return 1;
}

/* The certificates of the message that sid may mean: all are tried. */
static int
judge_try_message(struct judge *j, bool verifies, int *code)
{
	const struct cert_set *set = j->r->certificates;
	struct cert *c;
	size_t i;

	for (i = 0; i < cert_set_get_len(set); i++) {
		c = cert_set_get(set, i);
		if (reader_is_id_of(&j->info.sid, c) &&
		    judge_try(j, c, verifies, code))
			return 1;
	}
	return 0;
}

static int
judge_try_known(struct judge *j, bool verifies, int *code)
{
	const struct cert_set *set = judge_trust(j)->known;
	const struct cert_id *sid = &j->info.sid;
	struct cert *c;
	size_t at = 0;

	if (set == NULL)
		return 0;
	if (!cert_id_has_key_id(sid)) {
		c = cert_set_find_issuer_serial(set, sid->issuer, sid->serial);
		return c != NULL && judge_try(j, c, verifies, code);
	}
	while ((c = cert_set_next_key_id(set, sid->key_id, &at)) != NULL)
		if (judge_try(j, c, verifies, code))
			return 1;
	return 0;
}

/*
 * With verifies: finds the certificate whose key made the signature. Without:
 * only one to name the signer by.
 */
static int
judge_find_cert(struct judge *j, bool verifies)
{
	int code = -CS_ERR_NO_SIGNER_CERT;

	if (judge_try_message(j, verifies, &code) ||
	    judge_try_known(j, verifies, &code))
		return 0;
	if (code == -CS_ERR_NO_SIGNER_CERT)
		judge_fail(j, code,
		    "the signer's certificate is neither in the message nor "
		    "known here (--intermediate FILE gives it)");
	return code;
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

static void
judge_algorithm(struct judge *j)
{
	bool is_legacy = j->r->params.is_legacy || judge_trust(j)->is_legacy;
	const struct alg_row *row = alg_get(j->digest_alg);
	const struct spki *key = cert_get_spki(j->s->cert);
	char name[64];

	if (row->strength == ALG_BROKEN ||
	    (row->strength == ALG_WEAK && !is_legacy))
		finding_set(&j->s->algorithm, FINDING_BAD, -CS_ERR_WEAK,
		    "%s is weak: a forger may have made another content with "
		    "the same digest%s",
		    row->name,
		    row->strength == ALG_WEAK ? " (--legacy admits it)" : "");
	else if (strength_check(&j->scheme, key, is_legacy) != 0)
		finding_set(&j->s->algorithm, FINDING_BAD, -CS_ERR_WEAK,
		    "%s with a key of %s is weak", j->s->signature_name,
		    spki_describe(name, sizeof(name), key));
	else
		finding_set(&j->s->algorithm, FINDING_GOOD, 0, "%s",
		    j->s->signature_name);
}

static int
judge_chain(struct judge *j)
{
	const struct cms_trust *trust = judge_trust(j);
	struct path_result path;
	int code;

	if (j->r->params.trust == NULL) {
		finding_set(&j->s->chain, FINDING_NOT_CHECKED, 0,
		    "no trust anchors were given");
		return 0;
	}
	if (j->work->failed_paths >= READER_FAILED_PATHS_MAX) {
		finding_set(&j->s->chain, FINDING_UNKNOWN, -CS_ERR_UNTRUSTED,
		    "not looked for, since %d other signers have no path",
		    READER_FAILED_PATHS_MAX);
		return 0;
	}
	code = reader_find_path(j->r, j->s->cert, &path);
	j->work->failed_paths += code != 0;
	if (code == 0)
		finding_set(&j->s->chain, FINDING_GOOD, 0, "%s", path.text);
	else
		finding_set(&j->s->chain, FINDING_BAD, code, "%s", path.text);
	reader_add_time_remark(j->s, &path);
	reader_judge_revocation(
	    &j->s->revocation, &path, trust->path.revocation);
	j->s->path = path.path;
	path.path = NULL;
	path.anchor = NULL;
	path_result_clear(&path);
	return code == -CS_ERR_NO_MEMORY ? code : 0;
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
	if (code == 0 && j->info.has_signed_attrs &&
	    attrs_get_signing_time(j->info.signed_attrs,
		&j->s->has_signing_time, &j->s->signing_time, NULL) != 0)
		j->s->has_signing_time = false;
	if (code == 0 && j->s->cert != NULL)
		code = judge_name_addresses(j);
	if (code != 0 || j->s->integrity.state != FINDING_GOOD)
		return code;
	judge_algorithm(j);
	return judge_chain(j);
}

static int
judge_signer(struct cms_reader *r, struct bytes raw, struct judge_work *work)
{
	struct judge j = {.r = r, .work = work};
	int code;

	j.s = verdict_add_signer(reader_layer(r));
	if (j.s == NULL)
		return -CS_ERR_NO_MEMORY;
	buf_init(&j.sets[0], CMS_ELEMENT_MAX);
	buf_init(&j.sets[1], CMS_ELEMENT_MAX);
	err_clear(&j.err);
	code = signer_info_decode(raw, &j.info, &j.err);
	if (code == 0) {
		code = judge_decoded(&j);
	} else {
		finding_set(&j.s->integrity, FINDING_BAD, code, "%s",
		    err_get_text(&j.err));
		code = reader_set_text(&j.s->digest_name, "unknown");
		if (code == 0)
			code = reader_set_text(&j.s->signature_name, "unknown");
	}
	buf_clear(&j.sets[0]);
	buf_clear(&j.sets[1]);
	return code;
}

int
reader_judge_signers(struct cms_reader *r)
{
	struct judge_work work = {0};
	size_t i;
	int code = 0;

	reader_layer(r)->covered_len =
	    r->has_content ? r->content_len : r->params.detached_len;
	if (r->signers.len != 0 && !r->has_content &&
	    r->params.detached == NULL)
		return err_set(&r->err, -CS_ERR_USAGE,
		    "the signature is detached: the content that it belongs to "
		    "must be given, too (--content FILE)");
	for (i = 0; code == 0 && i < r->signers.len; i++)
		code = judge_signer(r, buf_get(&r->signers.items[i]), &work);
	return code;
}
