/* What answers of OCSP say about a certificate (RFC 6960 3.2, 4.2.2). */
#include <stdio.h>
#include <string.h>

#include "asn1/alg/digest.h"
#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/ocsp_int.h"
#include "client/pkix/strength.h"

#define DATE_LEN 10	  /* of RFC 3339 text */
#define RESPONDERS_MAX 16 /* tried for one answer */

struct ocsp_query {
	const struct cert *cert, *issuer;
	int64_t time;
	bool is_legacy;
	const struct crl_signers *signers; /* or NULL */
	struct crl_answer *answer;
	bool has_any;
	/* thisUpdate of the newest that says so; INT64_MIN: none does. */
	int64_t good_as_of, hold_as_of;
	int64_t hold_at;
	/* The CertID's hashes by the digest that was wanted last. */
	enum alg digest;
	uint8_t name_hash[DIGEST_LEN_MAX], key_hash[DIGEST_LEN_MAX];
	size_t hash_len;
};

/* Keeps the first cause, until something better is known. */
static void
say_unknown(struct ocsp_query *q, const char *text)
{
	struct crl_answer *a = q->answer;

	if (a->status == CRL_UNKNOWN && a->text[0] == '\0')
		snprintf(a->text, sizeof(a->text), "%s", say(text));
}

/* Is it about the certificate? */
static bool
is_about(struct ocsp_query *q, const struct ocsp_single *single)
{
	enum alg digest;

	if (!bytes_is_equal(single->serial, q->cert->serial))
		return false;
	digest = alg_id_get_digest(&single->hash);
	if (digest == ALG_NONE || alg_get(digest)->strength == ALG_BROKEN)
		return false;
	if (digest != q->digest) {
		q->digest = digest;
		q->hash_len = digest_of(digest, q->cert->issuer, q->name_hash);
		(void)digest_of(digest, q->issuer->spki.key_bits, q->key_hash);
	}
	return bytes_is_equal(
		   single->name_hash, bytes_of(q->name_hash, q->hash_len)) &&
	       bytes_is_equal(
		   single->key_hash, bytes_of(q->key_hash, q->hash_len));
}

/* --- who signed it --- */

/* ResponderID: the name, or the SHA-1 of the key. */
static bool
is_responder(const struct ocsp_response *r, const struct cert *c)
{
	uint8_t id[20];

	if (r->name.len != 0)
		return name_is_equal(r->name, c->subject);
	spki_key_id(&c->spki, id);
	return bytes_is_equal(r->key_hash, bytes_of(id, sizeof(id)));
}

static int
response_verify(struct ocsp_query *q, struct ocsp_response *r,
    const struct cert *signer, const struct spki *key)
{
	struct sig_scheme scheme;
	struct bytes id = bytes_of(signer->key_hash, SPKI_FINGERPRINT_LEN);
	int code;

	code = sig_scheme_decode(&r->signature_alg, ALG_NONE, &scheme, NULL);
	if (code == 0)
		code = strength_check(&scheme, key, q->is_legacy);
	if (code != 0)
		return code;
	if (r->is_tried &&
	    bytes_is_equal(id, bytes_of(r->tried_key, SPKI_FINGERPRINT_LEN)))
		return r->tried_code;
	/* It has one signer. */
	if (r->is_tried && r->tried_code == 0)
		return -CS_ERR_BAD_SIGNATURE;
	if (!crl_spend(q->signers, key)) {
		say_unknown(q, "there are too many OCSP answers to check");
		return -CS_ERR_NO_PATH;
	}
	code = sig_verify_data(key, &scheme, r->tbs, r->signature, NULL);
	if (code == -CS_ERR_NO_MEMORY)
		return code;
	r->is_tried = true;
	memcpy(r->tried_key, id.p, sizeof(r->tried_key));
	return r->tried_code = code;
}

/* anyExtendedKeyUsage does not make a responder. */
static bool
has_responder_eku(const struct cert *c)
{
	struct der d, in;

	der_init(&d, c->eku);
	in = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&in))
		if (der_get_known_oid(&in, NULL) == OID_KP_OCSP_SIGNING)
			return true;
	return false;
}

/* 4.2.2.2: a responder to whom the CA gave a certificate for this. */
static int
delegate_admits(
    struct ocsp_query *q, struct ocsp_response *r, struct cert *signer)
{
	unsigned usage = cert_get_key_usage(signer, NULL);
	int code = response_verify(q, r, signer, &signer->spki);

	if (code != 0)
		return code;
	code = -CS_ERR_KEY_USAGE;
	if (!name_is_equal(signer->issuer, q->issuer->subject))
		say_unknown(q,
		    "the OCSP answer is signed by somebody whom the CA did not "
		    "appoint");
	else if (!has_responder_eku(signer) ||
		 (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0)
		say_unknown(q, "the OCSP answer's signer may not sign such");
	else
		code = q->signers->judge(q->signers->ctx, signer);
	if (code == -CS_ERR_REVOKED)
		say_unknown(
		    q, "the certificate of the OCSP responder is revoked");
	else if (code != 0)
		say_unknown(
		    q, "the certificate of the OCSP responder is not trusted");
	return code;
}

/* The certificates that came along, then those that are known here. */
static int
find_delegate(struct ocsp_query *q, struct ocsp_response *r)
{
	struct crl_signer_at at = {0};
	struct cert *signer;
	size_t i;
	int code = -CS_ERR_BAD_SIGNATURE, n = 0;

	if (q->signers == NULL)
		return code;
	for (i = 0; code != 0 && i < cert_set_get_len(r->certs); i++) {
		signer = cert_set_get(r->certs, i);
		if (is_responder(r, signer))
			code = delegate_admits(q, r, signer);
	}
	while (code != 0 && r->name.len != 0 && n++ < RESPONDERS_MAX &&
	       (signer = q->signers->next(q->signers->ctx, r->name, &at)) !=
		   NULL) {
		if (!cert_set_has(r->certs, signer) && signer != q->issuer)
			code = delegate_admits(q, r, signer);
	}
	return code;
}

/* May the answer be believed at all? Says why not. */
static bool
query_admits(struct ocsp_query *q, struct ocsp_response *r)
{
	const struct spki *key = &q->issuer->spki;
	int code = -CS_ERR_BAD_SIGNATURE;

	if (q->signers != NULL && q->signers->issuer_key != NULL)
		key = q->signers->issuer_key;
	if (r->is_critical) {
		say_unknown(q,
		    "the OCSP answer has a critical extension that is not "
		    "understood");
		return false;
	}
	if (is_responder(r, q->issuer))
		code = response_verify(q, r, q->issuer, key);
	if (code == -CS_ERR_BAD_SIGNATURE || code == -CS_ERR_ALGORITHM)
		code = find_delegate(q, r);
	if (code == -CS_ERR_WEAK)
		say_unknown(
		    q, "the OCSP answer is signed with a weak algorithm");
	else if (code != 0)
		say_unknown(q,
		    "the OCSP answer is not signed by the CA or a responder "
		    "of its");
	if (code == 0)
		r->is_admitted = true;
	return code == 0;
}

/* --- what it says --- */

static void
say_stale(struct ocsp_query *q, int64_t since)
{
	char date[TIME_TEXT_MAX], text[CRL_TEXT_MAX];

	snprintf(text, sizeof(text), say("the OCSP answer is stale since %.*s"),
	    DATE_LEN, time_format(date, since));
	say_unknown(q, text);
}

static void
take_good(struct ocsp_query *q, const struct ocsp_single *single)
{
	int64_t until = single->has_next_update
			    ? single->next_update
			    : single->this_update + OCSP_AGE_MAX;
	int64_t end = q->cert->not_after;

	if (q->time >= until)
		say_stale(q, until);
	else if (crl_is_early(single->this_update, q->time, q->signers))
		say_unknown(
		    q, "the OCSP answer is from a time that is still to come");
	else if (single->this_update > end &&
		 (!single->has_archive_cutoff || single->archive_cutoff > end))
		say_unknown(q,
		    "the OCSP answer was made after the certificate expired");
	else if (single->this_update > q->good_as_of)
		q->good_as_of = single->this_update;
}

/* 2.2: "revoked" may be told of what was never issued. */
static void
take_revoked(struct ocsp_query *q, const struct ocsp_response *r,
    const struct ocsp_single *single)
{
	struct crl_answer *a = q->answer;

	if (r->is_extended_revoke && single->revoked_at == 0 &&
	    single->reason == CRL_REASON_HOLD) {
		crl_answer_set_revoked(a, 0, 0, single->this_update);
		snprintf(a->text, sizeof(a->text),
		    say("the CA has never issued it, its OCSP responder says"));
	} else if (single->reason != CRL_REASON_HOLD) {
		crl_answer_set_revoked(
		    a, single->revoked_at, single->reason, single->this_update);
	} else if (single->this_update > q->hold_as_of) {
		q->hold_as_of = single->this_update;
		q->hold_at = single->revoked_at;
	}
}

static void
take_single(struct ocsp_query *q, struct ocsp_response *r,
    const struct ocsp_single *single)
{
	if (single->is_critical)
		say_unknown(q,
		    "the OCSP answer has a critical extension that is not "
		    "understood");
	else if (single->status == OCSP_GOOD)
		take_good(q, single);
	else if (single->status == OCSP_REVOKED)
		take_revoked(q, r, single);
	else
		say_unknown(
		    q, "the OCSP responder does not know the certificate");
}

static void
query_response(struct ocsp_query *q, struct ocsp_response *r)
{
	struct ocsp_single single;
	bool is_admitted = false;
	struct der list;

	der_init(&list, r->singles);
	while (der_has_more(&list) && q->answer->status != CRL_REVOKED) {
		der_get_ocsp_single(&list, &single);
		if (der_check(&list) != 0 || !is_about(q, &single))
			continue;
		q->has_any = true;
		/* once for all of them */
		if (!is_admitted && !query_admits(q, r))
			return;
		is_admitted = true;
		take_single(q, r, &single);
	}
}

static void
query_end(struct ocsp_query *q)
{
	struct crl_answer *a = q->answer;
	char date[TIME_TEXT_MAX];

	if (a->status == CRL_REVOKED)
		return;
	if (q->hold_as_of != INT64_MIN && q->hold_as_of >= q->good_as_of) {
		crl_answer_set_revoked(
		    a, q->hold_at, CRL_REASON_HOLD, q->hold_as_of);
	} else if (q->good_as_of != INT64_MIN) {
		a->status = CRL_GOOD;
		a->as_of = q->good_as_of;
		snprintf(a->text, sizeof(a->text),
		    say("not revoked by the OCSP answer of %.*s"), DATE_LEN,
		    time_format(date, a->as_of));
	} else {
		say_unknown(q, "no OCSP answer about it is at hand");
	}
}

void
ocsp_set_check(const struct ocsp_set *s, const struct cert *cert,
    const struct cert *issuer, int64_t time, bool is_legacy,
    const struct crl_signers *signers, struct crl_answer *answer, bool *has_any)
{
	struct ocsp_query q = {.cert = cert,
	    .issuer = issuer,
	    .time = time,
	    .is_legacy = is_legacy,
	    .signers = signers,
	    .answer = answer,
	    .good_as_of = INT64_MIN,
	    .hold_as_of = INT64_MIN,
	    .digest = ALG_NONE};
	size_t i;

	*answer = (struct crl_answer){.status = CRL_UNKNOWN};
	for (i = 0; i < ocsp_set_get_len(s); i++) {
		crl_turn(signers, ocsp_set_came_along(s, i));
		query_response(&q, ocsp_set_get(s, i));
	}
	query_end(&q);
	*has_any = q.has_any;
}
