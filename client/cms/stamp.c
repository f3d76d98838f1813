#include "config.h"

#include "client/cms/stamp.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/alg/random.h"
#include "asn1/tst_info.h"
#include "client/cms/reader.h"

#define TST_INFO_MAX ((size_t)64 << 10)

/* --- asking --- */

int
stamp_put_request(struct buf *b, struct bytes signature,
    struct stamp_query *query, struct err *e)
{
	uint8_t hash[DIGEST_LEN_MAX];

	if (digest_of(ALG_SHA256, signature, hash) != sizeof(query->hash))
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	memcpy(query->hash, hash, sizeof(query->hash));
	random_fill(query->nonce, sizeof(query->nonce));
	/* positive, and minimal */
	query->nonce[0] = (uint8_t)((query->nonce[0] & 0x7f) | 0x40);
	der_put_time_stamp_req(b, ALG_SHA256,
	    bytes_of(query->hash, sizeof(query->hash)),
	    bytes_of(query->nonce, sizeof(query->nonce)));
	return b->err != 0 ? err_set(e, b->err, NULL) : 0;
}

/* --- a token as a message --- */

struct token {
	struct verdict *verdict;
	struct buf content; /* TSTInfo, DER */
	struct tst_info info;
};

static void
token_clear(struct token *t)
{
	verdict_free(t->verdict);
	buf_clear(&t->content);
}

/* Reads and judges it; then there is one signer in the verdict. */
static int
token_read(struct token *t, struct bytes raw, const struct cms_trust *trust,
    struct err *e)
{
	struct cms_reader_params params = {.trust = trust, .is_token = true};
	struct cms_reader *reader = NULL;
	struct sink *sink;
	int r = -CS_ERR_NO_MEMORY;

	*t = (struct token){.verdict = verdict_new()};
	buf_init(&t->content, TST_INFO_MAX);
	sink = sink_new_buf(&t->content);
	if (t->verdict != NULL && sink != NULL)
		r = cms_reader_new(&params, t->verdict, sink, &reader, e);
	if (r == 0)
		r = cms_reader_write(reader, raw, e);
	if (r == 0)
		r = cms_reader_finish(reader, e);
	if (r == 0 && t->verdict->layers[0].signers_len != 1)
		r = err_set(e, -CS_ERR_NOT_SIGNED, NULL);
	if (r == 0)
		r = tst_info_decode(buf_get(&t->content), &t->info, e);
	cms_reader_free(reader);
	sink_free(sink);
	return r;
}

/* Is the token over this value? */
static bool
token_is_over(const struct token *t, struct bytes signature)
{
	enum alg alg = alg_id_get_digest(&t->info.digest);
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(alg, signature, hash);

	return len != 0 && bytes_is_equal(t->info.hash, bytes_of(hash, len));
}

int
stamp_take_response(struct bytes response, const struct stamp_query *query,
    struct buf *token, struct err *e)
{
	const struct finding *f;
	struct bytes raw;
	struct token t;
	int r = time_stamp_resp_decode(response, &raw, e);

	if (r != 0)
		return r;
	r = token_read(&t, raw, NULL, e);
	if (r == 0) {
		f = &t.verdict->layers[0].signers[0].integrity;
		if (f->state != FINDING_GOOD)
			r = err_set(e, f->code, "the time stamp: %s", f->text);
	}
	if (r == 0 && (alg_id_get_digest(&t.info.digest) != ALG_SHA256 ||
			  !bytes_is_equal(t.info.hash,
			      bytes_of(query->hash, sizeof(query->hash))) ||
			  !bytes_is_equal(t.info.nonce,
			      bytes_of(query->nonce, sizeof(query->nonce)))))
		r = err_set(e, -CS_ERR_NETWORK,
		    "the time-stamping authority answered with a time stamp "
		    "for something else");
	if (r == 0 && buf_add_bytes(token, raw) != 0)
		r = err_set(e, token->err, NULL);
	token_clear(&t);
	return r;
}

/* --- judging --- */

/* RFC 3161 2.3: critical, and for nothing else. */
static bool
cert_is_for_stamps(const struct cert *c)
{
	const struct cert_extension *x =
	    cert_find_extension(c, OID_CE_EXT_KEY_USAGE);
	struct der d, in;

	if (x == NULL || !x->is_critical)
		return false;
	der_init(&d, x->value);
	in = der_enter(&d, DER_SEQUENCE);
	return der_get_known_oid(&in, NULL) == OID_KP_TIME_STAMPING &&
	       der_leave(&d, &in) == 0 && der_end(&d) == 0;
}

/* What names the signature must be as hard to forge as a signature. */
static bool
imprint_is_weak(enum alg digest, const struct cms_trust *trust)
{
	switch (alg_get(digest)->strength) {
	case ALG_GOOD:
		return false;
	case ALG_WEAK:
		return trust == NULL || !trust->is_legacy;
	case ALG_BROKEN:
		break;
	}
	return true;
}

static void
stamp_judge_signer(struct verdict_stamp *out, const struct cms_trust *trust,
    enum alg imprint, int64_t now)
{
	const struct verdict_signer *s = out->signer;
	char when[TIME_TEXT_MAX];

	time_format(when, out->time);
	if (!cert_is_for_stamps(s->cert))
		finding_set(&out->finding, FINDING_BAD, -CS_ERR_KEY_USAGE,
		    "it is by a certificate that is not for time stamps");
	else if (out->time > now + STAMP_AHEAD_MAX)
		finding_set(&out->finding, FINDING_BAD, -CS_ERR_EXPIRED,
		    "it is of %s, which is yet to come", when);
	else if (trust == NULL)
		finding_set(&out->finding, FINDING_UNKNOWN, -CS_ERR_UNTRUSTED,
		    "no trust anchors were given");
	else if (imprint_is_weak(imprint, trust))
		finding_set(&out->finding, FINDING_UNKNOWN, -CS_ERR_WEAK,
		    "%s, by which it names the signature, is weak",
		    alg_name(imprint));
	else if (s->algorithm.state != FINDING_GOOD)
		finding_set(&out->finding, FINDING_UNKNOWN, s->algorithm.code,
		    "%s", s->algorithm.text);
	else if (s->chain.state != FINDING_GOOD)
		finding_set(&out->finding, FINDING_UNKNOWN, s->chain.code,
		    "its authority is not trusted: %s", s->chain.text);
	else if (s->revocation.state == FINDING_BAD)
		finding_set(&out->finding, FINDING_UNKNOWN, s->revocation.code,
		    "%s", s->revocation.text);
	else
		finding_set(&out->finding, FINDING_GOOD, 0,
		    "the signature was there on %s", when);
}

static int
stamp_take(struct verdict_stamp *out, struct token *t)
{
	struct verdict_layer *layer = &t->verdict->layers[0];
	char policy[OID_TEXT_MAX];

	out->signer = layer->signers; /* the array of one */
	layer->signers = NULL;
	layer->signers_len = 0;
	out->time = t->info.time;
	oid_format(policy, sizeof(policy), t->info.policy);
	out->policy = strdup(policy);
	return out->policy != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

int
stamp_judge(struct bytes token, struct bytes signature,
    const struct cms_trust *trust, struct verdict_stamp *out)
{
	struct cms_trust own = {0};
	struct err e = ERR_INIT;
	enum alg imprint = ALG_NONE;
	bool is_over = false;
	struct token t;
	int r;

	if (trust != NULL) {
		own = *trust;
		own.path.purpose = PATH_TIME_STAMP;
		if (!own.has_time)
			own.path.time = (int64_t)time(NULL);
	}
	r = token_read(&t, token, trust != NULL ? &own : NULL, &e);
	if (r == 0) {
		is_over = token_is_over(&t, signature);
		imprint = alg_id_get_digest(&t.info.digest);
		r = stamp_take(out, &t);
	}
	token_clear(&t);
	if (r == -CS_ERR_NO_MEMORY)
		return r;
	if (r != 0)
		finding_set(
		    &out->finding, FINDING_BAD, r, "%s", err_get_text(&e));
	else if (out->signer->integrity.state != FINDING_GOOD)
		finding_set(&out->finding, FINDING_BAD,
		    out->signer->integrity.code, "%s",
		    out->signer->integrity.text);
	else if (!is_over)
		finding_set(&out->finding, FINDING_BAD, -CS_ERR_DIGEST_MISMATCH,
		    "it is for another signature");
	else
		stamp_judge_signer(out, trust, imprint,
		    own.has_time ? own.path.time : (int64_t)time(NULL));
	return 0;
}
