/* Making SignedData. */
#include "client/cms/signed.h"

#include <stdlib.h>

#include "client/cms/segment.h"
#include "client/cms/sign_info.h"

/* SignedData without its content: what stands before and behind. */
#define SIGNED_SHELL_MAX ((size_t)8 << 20)

struct cms_sign {
	struct cms_sign_params params;
	struct digest *digest;
	uint64_t len;		 /* of the content so far */
	struct buf digests;	 /* digestAlgorithms */
	struct buf certificates; /* [0], or empty */
	struct buf infos;	 /* signerInfos, made by sign_make_infos */
};

/* --- what does not depend on the content --- */

static int
sign_put_digests(struct cms_sign *s)
{
	size_t mark = der_open(&s->digests, DER_SET), i, k;
	enum alg alg;

	for (i = 0; i < s->params.signers_len; i++) {
		alg = sign_get_digest(&s->params.signers[i]);
		for (k = 0; k < i; k++)
			if (sign_get_digest(&s->params.signers[k]) == alg)
				break;
		if (k == i)
			der_put_alg(&s->digests, alg);
	}
	return der_close_set_of(&s->digests, mark);
}

static int
sign_put_certificates(struct cms_sign *s)
{
	struct cert_set *all = cert_set_new();
	size_t mark, i;
	int r = -CS_ERR_NO_MEMORY;

	if (all != NULL)
		r = sign_collect_certificates(&s->params, all);
	if (r == 0) {
		mark = der_open(&s->certificates, DER_CONTEXT_C(0));
		for (i = 0; i < cert_set_get_len(all); i++)
			der_put_raw(&s->certificates,
			    cert_get_raw(cert_set_get(all, i)));
		r = der_close_set_of(&s->certificates, mark);
	}
	cert_set_free(all);
	return r;
}

static int
sign_start_digest(struct cms_sign *s)
{
	enum alg algs[CMS_DIGESTS_MAX], alg;
	size_t n = 0, i, k;

	for (i = 0; i < s->params.signers_len; i++) {
		alg = sign_get_digest(&s->params.signers[i]);
		for (k = 0; k < n && algs[k] != alg; k++)
			;
		if (k < n)
			continue;
		if (n == CMS_DIGESTS_MAX)
			return -CS_ERR_TOO_LARGE;
		algs[n++] = alg;
	}
	s->digest = digest_new_all(algs, n);
	return s->digest != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

int
cms_sign_new(
    const struct cms_sign_params *params, struct cms_sign **sign, struct err *e)
{
	struct cms_sign *s;
	int r;

	*sign = NULL;
	if (params->signers_len == 0 || params->signers_len > CMS_SIGNERS_MAX)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a message has 1 to %d signers, not %zu", CMS_SIGNERS_MAX,
		    params->signers_len);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	s->params = *params;
	buf_init(&s->certificates, SIGNED_SHELL_MAX);
	r = sign_start_digest(s);
	if (r == 0)
		r = sign_put_digests(s);
	if (r == 0)
		r = sign_put_certificates(s);
	if (r != 0) {
		cms_sign_free(s);
		return err_set(e, r, NULL);
	}
	*sign = s;
	return 0;
}

void
cms_sign_free(struct cms_sign *s)
{
	if (s == NULL)
		return;
	digest_free(s->digest);
	buf_clear(&s->digests);
	buf_clear(&s->certificates);
	buf_clear(&s->infos);
	free(s);
}

int
cms_sign_restart(struct cms_sign *s, struct err *e)
{
	int r;

	digest_free(s->digest);
	s->len = 0;
	r = sign_start_digest(s);
	return r != 0 ? err_set(e, r, NULL) : 0;
}

int
cms_sign_write(struct cms_sign *s, struct bytes content, struct err *e)
{
	(void)e;
	digest_write(s->digest, content);
	s->len += content.len;
	return 0;
}

/* Makes every signature: the content must have ended. */
static int
sign_make_infos(struct cms_sign *s, struct err *e)
{
	size_t mark = der_open(&s->infos, DER_SET), i;
	int r = 0;

	for (i = 0; r == 0 && i < s->params.signers_len; i++)
		r = sign_put_info(&s->infos, &s->params, &s->params.signers[i],
		    oid_get(s->params.content_type),
		    digest_get(
			s->digest, sign_get_digest(&s->params.signers[i])),
		    e);
	if (r != 0)
		return r;
	r = der_close_set_of(&s->infos, mark);
	return r != 0 ? err_set(e, r, NULL) : 0;
}

/* --- writing --- */

/* Version to EncapsulatedContentInfo's type: RFC 5652 5.1. */
static void
sign_put_version(const struct cms_sign *s, struct buf *b)
{
	der_put_uint(
	    b, DER_INTEGER, s->params.content_type == OID_DATA ? 1 : 3);
	der_put_raw(b, buf_get(&s->digests));
}

static int
sign_write_buf(struct sink *out, struct buf *b, struct err *e)
{
	int r = b->err != 0 ? err_set(e, b->err, NULL)
			    : sink_write(out, buf_get(b), e);

	buf_clear(b);
	return r;
}

int
cms_sign_finish(struct cms_sign *s, struct sink *out, struct err *e)
{
	struct buf b = {.max = SIGNED_SHELL_MAX};
	size_t info, explicit, data, encap;
	int r = sign_make_infos(s, e);

	if (r != 0)
		return r;
	info = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, OID_SIGNED_DATA);
	explicit = der_open(&b, DER_CONTEXT_C(0));
	data = der_open(&b, DER_SEQUENCE);
	sign_put_version(s, &b);
	encap = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, s->params.content_type);
	der_close(&b, encap);
	der_put_raw(&b, buf_get(&s->certificates));
	der_put_raw(&b, buf_get(&s->infos));
	der_close(&b, data);
	der_close(&b, explicit);
	der_close(&b, info);
	return sign_write_buf(out, &b, e);
}

/* What stands behind the content, in DER and in BER. */
static int
sign_write_tail(
    struct cms_sign *s, struct sink *out, unsigned closes, struct err *e)
{
	int r = sink_write(out, buf_get(&s->certificates), e);

	if (r == 0)
		r = sink_write(out, buf_get(&s->infos), e);
	for (; r == 0 && closes > 0; closes--)
		r = sink_write(out, BYTES_LIT("\0\0"), e);
	return r;
}

/* --- opaque, DER --- */

struct hash_sink {
	struct sink sink;
	struct cms_sign *sign;
	struct sink *next; /* NULL: only hashed */
};

static int
hash_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct hash_sink *s = (struct hash_sink *)sink;
	int r = cms_sign_write(s->sign, in, e);

	return r == 0 && s->next != NULL ? sink_write(s->next, in, e) : r;
}

static int
sign_write_exactly(
    struct cms_sign *s, struct source *content, struct sink *out, struct err *e)
{
	struct exact_sink exact;
	int r;

	exact_sink_init(&exact, out, s->len);
	r = source_run(content, &exact.sink, e);
	return r == 0 ? exact_sink_end(&exact, e) : r;
}

static void
sign_put_head_der(const struct cms_sign *s, struct buf *b)
{
	struct buf front = {0};

	sign_put_version(s, &front);
	sign_put_head(b, buf_get(&front), oid_get(s->params.content_type),
	    s->len, s->certificates.len + s->infos.len);
	if (b->err == 0 && front.err != 0)
		b->err = front.err;
	buf_clear(&front);
}

int
cms_sign_finish_der(
    struct cms_sign *s, struct source *content, struct sink *out, struct err *e)
{
	struct buf head = {0};
	int r = sign_make_infos(s, e);

	if (r == 0) {
		sign_put_head_der(s, &head);
		r = sign_write_buf(out, &head, e);
	}
	if (r == 0)
		r = sign_write_exactly(s, content, out, e);
	if (r == 0)
		r = sign_write_tail(s, out, 0, e);
	return r;
}

int
cms_sign_opaque_der(const struct cms_sign_params *params,
    struct source *content, struct sink *out, struct err *e)
{
	struct hash_sink hash = {.sink = {.write = hash_sink_write}};
	int r = cms_sign_new(params, &hash.sign, e);

	if (r == 0)
		r = source_run(content, &hash.sink, e);
	if (r == 0)
		r = cms_sign_finish_der(hash.sign, content, out, e);
	cms_sign_free(hash.sign);
	return r;
}

/* --- opaque, BER --- */

#define BER_OPEN "\x80" /* an indefinite length */

static void
sign_put_head_ber(const struct cms_sign *s, struct buf *b)
{
	buf_add_bytes(b, BYTES_LIT("\x30" BER_OPEN));
	der_put_oid(b, OID_SIGNED_DATA);
	buf_add_bytes(b, BYTES_LIT("\xa0" BER_OPEN "\x30" BER_OPEN));
	sign_put_version(s, b);
	buf_add_bytes(b, BYTES_LIT("\x30" BER_OPEN));
	der_put_oid(b, s->params.content_type);
	buf_add_bytes(b, BYTES_LIT("\xa0" BER_OPEN "\x24" BER_OPEN));
}

int
cms_sign_opaque_ber(const struct cms_sign_params *params,
    struct source *content, struct sink *out, struct err *e)
{
	struct hash_sink hash = {.sink = {.write = hash_sink_write}};
	struct buf head = {0};
	int r = cms_sign_new(params, &hash.sign, e);

	if (r != 0)
		return r;
	hash.next = sink_new_segments(out);
	if (hash.next == NULL)
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (r == 0) {
		sign_put_head_ber(hash.sign, &head);
		r = sign_write_buf(out, &head, e);
	}
	if (r == 0)
		r = source_run(content, &hash.sink, e);
	if (r == 0)
		r = sink_finish(hash.next, e);
	if (r == 0)
		r = sign_make_infos(hash.sign, e);
	if (r == 0) /* OCTET STRING, [0], EncapsulatedContentInfo */
		r = sink_write(out, BYTES_LIT("\0\0\0\0\0\0"), e);
	if (r == 0) /* SignedData, [0], ContentInfo */
		r = sign_write_tail(hash.sign, out, 3, e);
	sink_free(hash.next);
	cms_sign_free(hash.sign);
	return r;
}

/* --- certificates alone --- */

int
cms_write_certs_only(
    const struct cert_set *certs, struct sink *out, struct err *e)
{
	struct buf b = {.max = SIGNED_SHELL_MAX};
	size_t info, explicit, data, mark, i;
	int r;

	info = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, OID_SIGNED_DATA);
	explicit = der_open(&b, DER_CONTEXT_C(0));
	data = der_open(&b, DER_SEQUENCE);
	der_put_uint(&b, DER_INTEGER, 1);
	der_put(&b, DER_SET, BYTES_NONE);
	mark = der_open(&b, DER_SEQUENCE);
	der_put_oid(&b, OID_DATA);
	der_close(&b, mark);
	mark = der_open(&b, DER_CONTEXT_C(0));
	for (i = 0; i < cert_set_get_len(certs); i++)
		der_put_raw(&b, cert_get_raw(cert_set_get(certs, i)));
	r = der_close_set_of(&b, mark);
	der_put(&b, DER_SET, BYTES_NONE);
	der_close(&b, data);
	der_close(&b, explicit);
	der_close(&b, info);
	if (r == 0)
		return sign_write_buf(out, &b, e);
	buf_clear(&b);
	return err_set(e, r, NULL);
}
