/*
 * The outside of a list: what stands before and behind its entries, and who
 * signed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/crl_int.h"
#include "client/pkix/hash.h"
#include "client/pkix/strength.h"

/* Tag and length of a SEQUENCE whose content may lie beyond the octets. */
static int
sequence_header(struct bytes in, size_t *header_len, uint64_t *len)
{
	size_t n, i;

	*header_len = 0;
	*len = 0;
	if (in.len < 2)
		return -CS_ERR_TRUNCATED;
	if (in.p[0] != DER_SEQUENCE)
		return -CS_ERR_ENCODING;
	*header_len = 2;
	*len = in.p[1];
	if (in.p[1] < 0x80)
		return 0;
	n = in.p[1] & 0x7fU;
	if (n == 0)
		return -CS_ERR_NOT_DER;
	if (n > 4)
		return -CS_ERR_TOO_LARGE;
	if (in.len < 2 + n)
		return -CS_ERR_TRUNCATED;
	for (*len = 0, i = 0; i < n; i++)
		*len = *len << 8 | in.p[2 + i];
	*header_len = 2 + n;
	if (*len < 0x80 || in.p[2] == 0)
		return -CS_ERR_NOT_DER;
	return 0;
}

/* The span of the SEQUENCE at the front of in, which stands at. */
static int
sequence_span(struct bytes in, uint64_t at, uint64_t end,
    struct crl_span *whole, struct crl_span *content)
{
	size_t header_len;
	int r = sequence_header(in, &header_len, &content->len);

	if (r != 0)
		return r;
	content->at = at + header_len;
	*whole = (struct crl_span){at, header_len + content->len};
	if (content->len > end || content->at > end - content->len)
		return -CS_ERR_TRUNCATED;
	return 0;
}

static struct bytes
bytes_from(struct bytes in, uint64_t start, uint64_t at)
{
	size_t skip = at - start < in.len ? (size_t)(at - start) : in.len;

	return bytes_of(in.p + skip, in.len - skip);
}

/* version to nextUpdate, then where the entries are. The window may end
 * anywhere behind that. */
static int
head_decode(struct crl *crl, struct bytes window, struct crl_span tbs,
    struct alg_id *inner, struct err *e)
{
	struct bytes in = bytes_from(window, crl->whole.at, tbs.at);
	struct crl_span entries;
	uint64_t at, end = tbs.at + tbs.len;
	struct der d;
	int r;

	if (in.len > tbs.len)
		in.len = (size_t)tbs.len;
	der_init(&d, in);
	if (der_peek(&d) == DER_INTEGER)
		der_get_uint(&d, 1);
	der_get_alg_id(&d, inner);
	crl->issuer = der_get_raw(&d, DER_SEQUENCE);
	crl->this_update = der_get_time(&d);
	crl->has_next_update = der_peek(&d) == DER_UTC_TIME ||
			       der_peek(&d) == DER_GENERALIZED_TIME;
	if (crl->has_next_update)
		crl->next_update = der_get_time(&d);
	if (der_check(&d) != 0)
		return der_err(&d, e, "CRL");
	r = name_check(crl->issuer, e);
	if (r == 0)
		r = pkix_hash_name(crl->issuer, &crl->issuer_hash);
	if (r != 0)
		return r;
	at = tbs.at + (uint64_t)(d.p - in.p);
	crl->entries = (struct crl_span){at, 0};
	if (der_peek(&d) != DER_SEQUENCE)
		return 0;
	r = sequence_span(bytes_from(window, crl->whole.at, at), at, end,
	    &entries, &crl->entries);
	return r != 0 ? err_set(e, r, "CRL: its list of entries") : 0;
}

static void
crl_mark(struct crl *crl, const char *why)
{
	if (crl->unusable[0] == '\0')
		snprintf(crl->unusable, sizeof(crl->unusable), "%s", say(why));
}

static void
crl_mark_extension(struct crl *crl, struct bytes oid)
{
	char name[OID_TEXT_MAX];

	oid_describe(name, sizeof(name), oid);
	snprintf(crl->unusable, sizeof(crl->unusable),
	    say("it has the critical extension %.100s, which is not "
		"understood"),
	    name);
}

/* The value of one extension that is understood. */
static int
extension_value(struct crl *crl, enum oid oid, struct bytes value)
{
	struct der d, in;

	der_init(&d, value);
	switch (oid) {
	case OID_CE_DELTA_CRL:
		crl->is_delta = true;
		crl->base = der_get_unsigned(&d);
		return der_end(&d);
	case OID_CE_CRL_NUMBER:
		crl->number = der_get_unsigned(&d);
		return der_end(&d);
	case OID_CE_ISSUING_DISTRIBUTION_POINT:
		crl->scope_raw = value;
		return crl_scope_decode(value, &crl->scope);
	case OID_CE_AUTHORITY_KEY_ID:
		in = der_enter(&d, DER_SEQUENCE);
		der_get_opt(&in, DER_CONTEXT(0), &crl->key_id);
		return der_check(&in);
	default:
		return 0;
	}
}

static bool
extension_is_understood(enum oid oid)
{
	switch (oid) {
	case OID_CE_DELTA_CRL:
	case OID_CE_CRL_NUMBER:
	case OID_CE_ISSUING_DISTRIBUTION_POINT:
	case OID_CE_AUTHORITY_KEY_ID:
	case OID_CE_ISSUER_ALT_NAME:
	case OID_CE_FRESHEST_CRL:
		return true;
	default:
		return false;
	}
}

/* crlExtensions. Their order does not matter; the first fault is told. */
static void
extensions_decode(struct crl *crl, struct der *list)
{
	struct der in;
	struct bytes raw, value;
	enum oid oid;
	bool is_critical;

	while (der_has_more(list)) {
		in = der_enter(list, DER_SEQUENCE);
		oid = der_get_known_oid(&in, &raw);
		is_critical = der_peek(&in) == DER_BOOLEAN && der_get_bool(&in);
		value = der_get(&in, DER_OCTET_STRING);
		if (der_end(&in) != 0) {
			der_fail(list, in.err);
			return;
		}
		if (extension_value(crl, oid, value) != 0)
			crl_mark(crl, "one of its extensions is broken");
		else if (is_critical && !extension_is_understood(oid) &&
			 crl->unusable[0] == '\0')
			crl_mark_extension(crl, raw);
	}
}

static int
tail_decode(struct crl *crl, struct bytes tail, uint64_t in_tbs,
    const struct alg_id *inner, struct err *e)
{
	struct der d, ext, list;
	unsigned unused;

	if (in_tbs > tail.len)
		return err_set(e, -CS_ERR_TRUNCATED, "CRL: it ends too early");
	der_init(&d, bytes_of(tail.p, (size_t)in_tbs));
	if (der_enter_opt(&d, DER_CONTEXT_C(0), &ext)) {
		list = der_enter(&ext, DER_SEQUENCE);
		extensions_decode(crl, &list);
		if (der_end(&list) != 0 || der_end(&ext) != 0)
			return der_err(
			    list.err != 0 ? &list : &ext, e, "CRL: extensions");
	}
	if (der_end(&d) != 0)
		return der_err(&d, e, "CRL: behind its entries");
	der_init(&d, bytes_of(tail.p + in_tbs, tail.len - (size_t)in_tbs));
	der_get_alg_id(&d, &crl->signature_alg);
	crl->signature = der_get_bits(&d, &unused);
	if (unused != 0)
		crl->signature = BYTES_NONE;
	if (der_end(&d) != 0)
		return der_err(&d, e, "CRL: signature");
	if (!bytes_is_equal(inner->raw, crl->signature_alg.raw))
		return err_set(e, -CS_ERR_ENCODING,
		    "CRL: it names two different signature algorithms");
	return 0;
}

static int
crl_decode(struct crl *crl, uint64_t at, struct err *e)
{
	struct crl_span tbs, content;
	struct alg_id inner;
	struct bytes window;
	uint64_t end, tail_at, left = crl->source->len - at;
	size_t head_len, tail_len;
	int r;

	head_len = left < CRL_HEAD_MAX ? (size_t)left : CRL_HEAD_MAX;
	crl->head = malloc(head_len != 0 ? head_len : 1);
	if (crl->head == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = crl_source_read(crl->source, at, crl->head, head_len);
	if (r != 0)
		return err_set(e, r, NULL);
	window = bytes_of(crl->head, head_len);
	r = sequence_span(window, at, crl->source->len, &crl->whole, &content);
	if (r != 0)
		return err_set(e, r, "CRL: %s", err_text(r));
	end = crl->whole.at + crl->whole.len;
	r = sequence_span(bytes_from(window, at, content.at), content.at, end,
	    &crl->tbs, &tbs);
	if (r != 0)
		return err_set(e, r, "CRL: %s", err_text(r));
	r = head_decode(crl, window, tbs, &inner, e);
	if (r != 0)
		return r;
	tail_at = crl->entries.at + crl->entries.len;
	if (end - tail_at > CRL_TAIL_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "CRL: more than %zu bytes behind its entries",
		    CRL_TAIL_MAX);
	tail_len = (size_t)(end - tail_at);
	crl->tail = malloc(tail_len != 0 ? tail_len : 1);
	if (crl->tail == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = crl_source_read(crl->source, tail_at, crl->tail, tail_len);
	if (r != 0)
		return err_set(e, r, NULL);
	return tail_decode(crl, bytes_of(crl->tail, tail_len),
	    tbs.at + tbs.len - tail_at, &inner, e);
}

int
crl_new(struct crl_source *source, uint64_t at, struct crl **crl, uint64_t *end,
    struct err *e)
{
	struct crl *c = calloc(1, sizeof(*c));
	int r;

	*crl = NULL;
	*end = 0;
	if (c == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	c->source = source;
	source->refs++;
	c->scope.reasons = CRL_REASONS_ALL;
	r = at > source->len ? err_set(e, -CS_ERR_TRUNCATED, NULL)
			     : crl_decode(c, at, e);
	if (r == 0 && c->whole.len > CRL_LEN_MAX)
		r = err_set(e, -CS_ERR_TOO_LARGE, "CRL: larger than %zu bytes",
		    CRL_LEN_MAX);
	if (r != 0) {
		crl_free(c);
		return r;
	}
	*end = c->whole.at + c->whole.len;
	*crl = c;
	return 0;
}

void
crl_free(struct crl *crl)
{
	if (crl == NULL)
		return;
	crl_source_free(crl->source);
	free(crl->head);
	free(crl->tail);
	free(crl->index);
	free(crl->turns);
	free(crl);
}

static int
crl_verify_pure(const struct crl *crl, const struct spki *key,
    const struct sig_scheme *scheme)
{
	uint8_t *tbs;
	int r;

	if (crl->tbs.len > CRL_PURE_MAX)
		return -CS_ERR_TOO_LARGE;
	tbs = malloc((size_t)crl->tbs.len);
	if (tbs == NULL)
		return -CS_ERR_NO_MEMORY;
	r = crl_source_read(
	    crl->source, crl->tbs.at, tbs, (size_t)crl->tbs.len);
	if (r == 0)
		r = sig_verify(key, scheme, bytes_of(tbs, (size_t)crl->tbs.len),
		    crl->signature, NULL);
	free(tbs);
	return r;
}

int
crl_verify(struct crl *crl, const struct cert *issuer, const struct spki *key,
    bool is_legacy)
{
	const uint8_t *hash = cert_get_key_hash(issuer);
	struct sig_scheme scheme;
	int r;

	r = sig_scheme_decode(&crl->signature_alg, ALG_NONE, &scheme, NULL);
	if (r == 0)
		r = strength_check(&scheme, key, is_legacy);
	if (r != 0)
		return r;
	if (crl->is_tried &&
	    bytes_is_equal(bytes_of(hash, SPKI_FINGERPRINT_LEN),
		bytes_of(crl->tried_key, SPKI_FINGERPRINT_LEN)))
		return crl->tried_code;
	if (crl->is_tried && crl->tried_code == 0)
		return -CS_ERR_BAD_SIGNATURE;
	if (sig_scheme_is_pure(&scheme))
		r = crl_verify_pure(crl, key, &scheme);
	else
		r = sig_verify(key, &scheme,
		    bytes_of(crl->digest, crl->digest_len), crl->signature,
		    NULL);
	if (r == -CS_ERR_NO_MEMORY)
		return r;
	crl->is_tried = true;
	memcpy(crl->tried_key, hash, sizeof(crl->tried_key));
	return crl->tried_code = r;
}
