/* Requests and answers of OCSP in their encoding (RFC 6960 4), and sets. */
#include "asn1/say.h"
#include "client/pkix/ocsp_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asn1/alg/digest.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/file.h"

#define STATUS_MAX 255
#define REASON_MAX 10
#define SHA1_LEN 20

/* --- the request --- */

static void
put_hash(struct buf *b, struct bytes in)
{
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(ALG_SHA1, in, hash);

	der_put(b, DER_OCTET_STRING, bytes_of(hash, len));
}

static void
put_cert_id(struct buf *b, const struct cert *cert, const struct cert *issuer)
{
	size_t mark = der_open(b, DER_SEQUENCE);

	der_put_alg_params(b, ALG_SHA1, BYTES_LIT("\x05\0"));
	put_hash(b, cert->issuer);
	put_hash(b, issuer->spki.key_bits);
	der_put(b, DER_INTEGER, cert->serial);
	der_close(b, mark);
}

static void
put_nonce(struct buf *b, struct bytes nonce)
{
	size_t outer = der_open(b, DER_CONTEXT_C(2));
	size_t list = der_open(b, DER_SEQUENCE);
	size_t one = der_open(b, DER_SEQUENCE), value;

	der_put_oid(b, OID_OCSP_NONCE);
	value = der_open(b, DER_OCTET_STRING);
	der_put(b, DER_OCTET_STRING, nonce);
	der_close(b, value);
	der_close(b, one);
	der_close(b, list);
	der_close(b, outer);
}

void
der_put_ocsp_request(struct buf *b, const struct cert *cert,
    const struct cert *issuer, struct bytes nonce)
{
	size_t outer = der_open(b, DER_SEQUENCE);
	size_t tbs = der_open(b, DER_SEQUENCE);
	size_t list = der_open(b, DER_SEQUENCE);
	size_t one = der_open(b, DER_SEQUENCE);

	put_cert_id(b, cert, issuer);
	der_close(b, one);
	der_close(b, list);
	if (nonce.len != 0)
		put_nonce(b, nonce);
	der_close(b, tbs);
	der_close(b, outer);
}

/* --- the answer --- */

static int64_t
get_time(struct der *d)
{
	struct bytes text = der_get(d, DER_GENERALIZED_TIME);
	int64_t t = 0;

	if (d->err == 0 && time_decode(DER_GENERALIZED_TIME, text, &t) != 0)
		der_fail(d, -CS_ERR_ENCODING);
	return t;
}

/* CertStatus */
static void
get_status(struct der *d, struct ocsp_single *single)
{
	struct der in, reason;

	switch (der_peek(d)) {
	case DER_CONTEXT_C(1):
		single->status = OCSP_REVOKED;
		in = der_enter(d, DER_CONTEXT_C(1));
		single->revoked_at = get_time(&in);
		if (der_enter_opt(&in, DER_CONTEXT_C(0), &reason)) {
			single->reason = (int)der_get_uint_tag(
			    &reason, DER_ENUMERATED, REASON_MAX);
			der_leave(&in, &reason);
		}
		der_leave(d, &in);
		break;
	case DER_CONTEXT(2):
		single->status = OCSP_UNKNOWN;
		der_skip(d);
		break;
	default:
		single->status = OCSP_GOOD;
		if (der_get(d, DER_CONTEXT(0)).len != 0)
			der_fail(d, -CS_ERR_ENCODING);
	}
}

/* singleExtensions and responseExtensions: [1] EXPLICIT Extensions OPTIONAL.
 * take reads the value of those that it knows, and says that it does. */
static void
get_extensions(struct der *d,
    bool (*take)(void *ctx, enum oid oid, struct der *value), void *ctx,
    bool *is_critical)
{
	struct der outer, list, value;
	struct cert_extension ext;

	if (!der_enter_opt(d, DER_CONTEXT_C(1), &outer))
		return;
	list = der_enter(&outer, DER_SEQUENCE);
	while (der_has_more(&list)) {
		der_get_cert_extension(&list, &ext);
		der_init_in(&value, &list, ext.value);
		if (take(ctx, ext.oid, &value))
			der_leave(&list, &value);
		else if (ext.is_critical)
			*is_critical = true;
	}
	der_leave(&outer, &list);
	der_leave(d, &outer);
}

static bool
take_single_extension(void *ctx, enum oid oid, struct der *value)
{
	struct ocsp_single *single = ctx;

	if (oid != OID_OCSP_ARCHIVE_CUTOFF)
		return false;
	single->archive_cutoff = get_time(value);
	single->has_archive_cutoff = true;
	return true;
}

void
der_get_ocsp_single(struct der *d, struct ocsp_single *single)
{
	struct der in = der_enter(d, DER_SEQUENCE), id, next;

	*single = (struct ocsp_single){.status = OCSP_UNKNOWN};
	id = der_enter(&in, DER_SEQUENCE);
	der_get_alg_id(&id, &single->hash);
	single->name_hash = der_get(&id, DER_OCTET_STRING);
	single->key_hash = der_get(&id, DER_OCTET_STRING);
	single->serial = der_get_integer(&id);
	der_leave(&in, &id);
	get_status(&in, single);
	single->this_update = get_time(&in);
	if (der_enter_opt(&in, DER_CONTEXT_C(0), &next)) {
		single->next_update = get_time(&next);
		single->has_next_update = true;
		der_leave(&in, &next);
	}
	get_extensions(
	    &in, take_single_extension, single, &single->is_critical);
	der_leave(d, &in);
}

static void
get_responder_id(struct der *d, struct ocsp_response *r)
{
	struct der in;

	if (der_enter_opt(d, DER_CONTEXT_C(1), &in)) {
		r->name = der_get_raw(&in, DER_SEQUENCE);
		if (in.err == 0 && name_check(r->name, NULL) != 0)
			der_fail(&in, -CS_ERR_ENCODING);
	} else {
		in = der_enter(d, DER_CONTEXT_C(2));
		r->key_hash = der_get(&in, DER_OCTET_STRING);
		if (in.err == 0 && r->key_hash.len != SHA1_LEN)
			der_fail(&in, -CS_ERR_ENCODING);
	}
	der_leave(d, &in);
}

/* Every one of them is well-formed, or the answer is not taken. */
static void
get_singles(struct der *d, struct ocsp_response *r)
{
	struct der list = der_enter(d, DER_SEQUENCE);
	struct ocsp_single single;
	size_t n = 0;

	r->singles = bytes_of(list.p, (size_t)(list.end - list.p));
	while (der_has_more(&list)) {
		if (++n > OCSP_SINGLES_MAX)
			der_fail(&list, -CS_ERR_TOO_LARGE);
		der_get_ocsp_single(&list, &single);
	}
	der_leave(d, &list);
}

static bool
take_extension(void *ctx, enum oid oid, struct der *value)
{
	struct ocsp_response *r = ctx;

	if (oid == OID_OCSP_NONCE)
		r->nonce = der_get(value, DER_OCTET_STRING);
	else if (oid == OID_OCSP_EXTENDED_REVOKE)
		r->is_extended_revoke = der_get(value, DER_NULL).len == 0;
	else
		return false;
	return true;
}

static int
tbs_decode(struct ocsp_response *r, struct err *e)
{
	struct der d, in, version;

	der_init(&d, r->tbs);
	in = der_enter(&d, DER_SEQUENCE);
	if (der_enter_opt(&in, DER_CONTEXT_C(0), &version)) {
		der_get_uint(&version, 0);
		der_leave(&in, &version);
	}
	get_responder_id(&in, r);
	(void)get_time(&in); /* producedAt */
	get_singles(&in, r);
	get_extensions(&in, take_extension, r, &r->is_critical);
	der_leave(&d, &in);
	return der_end(&d) == 0 ? 0 : der_err(&d, e, "OCSP answer");
}

/* Those that are broken can only be no help. */
static int
certs_decode(struct ocsp_response *r, struct der *d, struct err *e)
{
	struct der list;
	struct bytes one;
	int tag, code = 0, n = 0;

	r->certs = cert_set_new();
	if (r->certs == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	list = der_enter(d, DER_SEQUENCE);
	while (der_has_more(&list) && code != -CS_ERR_NO_MEMORY) {
		one = der_get_any(&list, &tag);
		if (list.err == 0 && n++ < OCSP_CERTS_MAX)
			code = cert_set_add_der(r->certs, one, NULL);
	}
	der_leave(d, &list);
	return code == -CS_ERR_NO_MEMORY ? err_set(e, code, NULL) : 0;
}

/* BasicOCSPResponse */
static int
basic_decode(struct ocsp_response *r, struct bytes basic, struct err *e)
{
	struct der d, in, certs;
	unsigned unused;
	int code = 0;

	der_init(&d, basic);
	in = der_enter(&d, DER_SEQUENCE);
	r->tbs = der_get_raw(&in, DER_SEQUENCE);
	der_get_alg_id(&in, &r->signature_alg);
	r->signature = der_get_bits(&in, &unused);
	if (in.err == 0 && unused != 0)
		der_fail(&in, -CS_ERR_ENCODING);
	if (der_enter_opt(&in, DER_CONTEXT_C(0), &certs)) {
		code = certs_decode(r, &certs, e);
		der_leave(&in, &certs);
	}
	der_leave(&d, &in);
	if (code != 0)
		return code;
	return der_end(&d) == 0 ? tbs_decode(r, e)
				: der_err(&d, e, "OCSP answer");
}

static int
say_refused(uint64_t status, struct err *e)
{
	static const char *const words[] = {"", "malformedRequest",
	    "internalError", "tryLater", "4", "sigRequired", "unauthorized"};

	return err_set(e, -CS_ERR_NETWORK, "the OCSP responder refused: %s",
	    status < sizeof(words) / sizeof(*words) ? words[status]
						    : say("unknown reason"));
}

/* OCSPResponse; *basic borrows from der. */
static int
outer_decode(struct bytes der, struct bytes *basic, struct err *e)
{
	struct der d, in, outer, bytes;
	enum oid type = OID_UNKNOWN;
	uint64_t status;

	*basic = BYTES_NONE;
	der_init(&d, der);
	in = der_enter(&d, DER_SEQUENCE);
	status = der_get_uint_tag(&in, DER_ENUMERATED, STATUS_MAX);
	if (der_enter_opt(&in, DER_CONTEXT_C(0), &outer)) {
		bytes = der_enter(&outer, DER_SEQUENCE);
		type = der_get_known_oid(&bytes, NULL);
		*basic = der_get(&bytes, DER_OCTET_STRING);
		der_leave(&outer, &bytes);
		der_leave(&in, &outer);
	}
	der_leave(&d, &in);
	if (der_end(&d) != 0)
		return der_err(&d, e, "OCSP answer");
	if (status != 0)
		return say_refused(status, e);
	return type == OID_OCSP_BASIC
		   ? 0
		   : err_set(e, -CS_ERR_UNSUPPORTED,
			 "the OCSP answer is of a type that is not supported");
}

int
ocsp_response_decode(
    struct bytes der, struct ocsp_response **response, struct err *e)
{
	struct ocsp_response *r;
	struct bytes basic;
	int code;

	*response = NULL;
	if (der.len > OCSP_LEN_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "OCSP answer: larger than %zu bytes", OCSP_LEN_MAX);
	code = outer_decode(der, &basic, e);
	if (code != 0)
		return code;
	r = calloc(1, sizeof(*r));
	if (r != NULL)
		r->data = malloc(basic.len + 1);
	if (r == NULL || r->data == NULL) {
		free(r);
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	if (basic.len != 0)
		memcpy(r->data, basic.p, basic.len);
	code = basic_decode(r, bytes_of(r->data, basic.len), e);
	if (code != 0) {
		ocsp_response_free(r);
		return code;
	}
	*response = r;
	return 0;
}

void
ocsp_response_free(struct ocsp_response *r)
{
	if (r == NULL)
		return;
	cert_set_free(r->certs);
	free(r->data);
	free(r);
}

bool
ocsp_is_no_check(const struct cert *responder)
{
	return cert_find_extension(responder, OID_OCSP_NO_CHECK) != NULL;
}

/* --- sets --- */

struct ocsp_set {
	struct ocsp_response **items;
	size_t len, cap;
	const struct ocsp_set *base; /* or NULL */
	bool has_base;		     /* though that be NULL */
};

struct ocsp_set *
ocsp_set_new(void)
{
	return calloc(1, sizeof(struct ocsp_set));
}

void
ocsp_set_free(struct ocsp_set *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->len; i++)
		ocsp_response_free(s->items[i]);
	free(s->items);
	free(s);
}

size_t
ocsp_set_get_len(const struct ocsp_set *s)
{
	return s != NULL ? s->len + ocsp_set_get_len(s->base) : 0;
}

void
ocsp_set_set_base(struct ocsp_set *s, const struct ocsp_set *base)
{
	s->base = base;
	s->has_base = true;
}

bool
ocsp_set_came_along(const struct ocsp_set *s, size_t i)
{
	return s->has_base && i < s->len;
}

struct ocsp_response *
ocsp_set_get(const struct ocsp_set *s, size_t i)
{
	if (s == NULL)
		return NULL;
	return i < s->len ? s->items[i] : ocsp_set_get(s->base, i - s->len);
}

bool
ocsp_set_is_admitted(const struct ocsp_set *s, size_t i, int64_t *this_update,
    int64_t *next_update)
{
	const struct ocsp_response *r = s->items[i];
	struct ocsp_single single;
	struct der list;
	int64_t next;

	*this_update = *next_update = INT64_MAX;
	der_init(&list, r->singles);
	while (der_has_more(&list)) {
		der_get_ocsp_single(&list, &single);
		next = single.has_next_update ? single.next_update
					      : single.this_update;
		if (single.this_update < *this_update)
			*this_update = single.this_update;
		if (next < *next_update)
			*next_update = next;
	}
	return r->is_admitted;
}

static int
set_add(struct ocsp_set *s, struct ocsp_response *r, struct err *e)
{
	size_t cap = s->cap != 0 ? s->cap * 2 : 8;
	struct ocsp_response **items;

	if (s->len >= OCSP_SET_MAX)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "more than %d OCSP answers", OCSP_SET_MAX);
	if (s->len == s->cap) {
		items = realloc(s->items, cap * sizeof(struct ocsp_response *));
		if (items == NULL)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
		s->items = items;
		s->cap = cap;
	}
	s->items[s->len++] = r;
	return 0;
}

int
ocsp_set_add_der(
    struct ocsp_set *s, struct bytes der, struct bytes nonce, struct err *e)
{
	struct ocsp_response *r;
	int code = ocsp_response_decode(der, &r, e);

	if (code != 0)
		return code;
	if (nonce.len != 0 && r->nonce.len != 0 &&
	    !bytes_is_equal(nonce, r->nonce))
		code = err_set(e, -CS_ERR_NETWORK,
		    "the OCSP answer is one to another question (its nonce "
		    "differs)");
	if (code == 0)
		code = set_add(s, r, e);
	if (code != 0)
		ocsp_response_free(r);
	return code;
}

int
ocsp_set_add_file(struct ocsp_set *s, const char *path, struct err *e)
{
	struct buf der = {.max = OCSP_LEN_MAX};
	int fd, r = pkix_file_open(path, &fd, e);

	if (r != 0)
		return r;
	r = pkix_fd_read(&der, fd, path, e);
	(void)close(fd);
	if (r == 0) {
		r = ocsp_set_add_der(s, buf_get(&der), BYTES_NONE, e);
		if (r != 0)
			pkix_file_context(e, path);
	}
	buf_clear(&der);
	return r;
}
