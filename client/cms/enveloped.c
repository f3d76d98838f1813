/* Making EnvelopedData and AuthEnvelopedData. */
#include "client/cms/enveloped.h"

#include <stdlib.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/random.h"
#include "asn1/attrs.h"
#include "client/cms/segment.h"

struct encrypt {
	const struct cms_encrypt_params *params;
	struct cipher_params cipher_params;
	bool is_aead;
	struct secret *key;
	struct cipher *cipher;
	struct buf head;       /* all before encryptedContentInfo */
	struct buf info;       /* contentType and contentEncryptionAlgorithm */
	struct buf auth_attrs; /* SET OF; empty: none */
	uint8_t *piece;	       /* ENCRYPT_PIECE_LEN */
};

#define ENCRYPT_PIECE_LEN (SINK_PIECE_LEN + CIPHER_BLOCK_MAX)

/* --- before the content --- */

static int
encrypt_check(const struct cms_encrypt_params *params, struct err *e)
{
	const struct alg_row *row = alg_get(params->cipher);

	if ((row->kind != ALG_KIND_CIPHER && row->kind != ALG_KIND_AEAD) ||
	    row->strength != ALG_GOOD)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "%s is no cipher to encrypt with",
		    alg_name(params->cipher));
	if (row->kind != ALG_KIND_AEAD && params->auth_attrs.len != 0)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "authenticated attributes want an authenticating cipher, "
		    "which %s is not",
		    row->name);
	return 0;
}

/* The authenticated attributes, as a SET OF: what they are hashed as. RFC 5083
 * 2.1: content types but data must be told there. */
static int
encrypt_make_auth_attrs(struct encrypt *s, struct err *e)
{
	const struct cms_encrypt_params *params = s->params;
	struct buf all = {.max = CMS_ELEMENT_MAX};
	struct attr attr;
	bool found;
	int r;

	r = attrs_find(params->auth_attrs, OID_CONTENT_TYPE, &attr, &found, e);
	if (r != 0)
		return r;
	buf_add_bytes(&all, params->auth_attrs);
	if (!found && params->content_type != OID_DATA)
		attr_put_content_type(&all, params->content_type);
	r = all.err;
	if (r == 0 && all.len != 0)
		r = attrs_put_set_of(&s->auth_attrs, buf_get(&all));
	buf_clear(&all);
	return r != 0 ? err_set(e, r, NULL) : 0;
}

/* What stands behind the content: attributes, and the tag later. */
static void
encrypt_put_attrs(struct buf *b, int tag, struct bytes attrs)
{
	size_t mark = der_open(b, tag);

	buf_add_bytes(b, attrs);
	der_close(b, mark);
}

/* version, originatorInfo, recipientInfos */
static int
encrypt_make_head(struct encrypt *s, struct err *e)
{
	const struct cms_encrypt_params *params = s->params;
	struct buf all = {.max = CMS_RECIPIENTS_MADE_MAX};
	size_t mark = der_open(&all, DER_SET), inner;
	unsigned version;
	int r = cms_put_recipients(params, s->key, &all, &version, e);

	if (r == 0)
		r = der_close_set_of(&all, mark);
	if (version == 0 &&
	    (params->originator.len != 0 || params->unprotected_attrs.len != 0))
		version = 2;
	/* RFC 5652 6.1; RFC 5083 2.1: always 0 */
	der_put_uint(&s->head, DER_INTEGER, s->is_aead ? 0 : version);
	if (params->originator.len != 0) {
		mark = der_open(&s->head, DER_CONTEXT_C(0));
		inner = der_open(&s->head, DER_CONTEXT_C(0));
		buf_add_bytes(&s->head, params->originator);
		der_close(&s->head, inner);
		der_close(&s->head, mark);
	}
	der_put_raw(&s->head, buf_get(&all));
	if (r == 0)
		r = all.err != 0 ? all.err : s->head.err;
	buf_clear(&all);
	if (r != 0 && (e == NULL || e->code != r))
		err_set(e, r, NULL);
	return r;
}

static int
encrypt_start(
    struct encrypt *s, const struct cms_encrypt_params *params, struct err *e)
{
	struct bytes aad;
	int r;

	*s = (struct encrypt){.params = params};
	buf_init(&s->head, CMS_RECIPIENTS_MADE_MAX);
	buf_init(&s->auth_attrs, CMS_ELEMENT_MAX);
	r = encrypt_check(params, e);
	if (r != 0)
		return r;
	s->is_aead = cipher_is_aead(params->cipher);
	r = cipher_params_new(params->cipher, &s->cipher_params);
	if (r != 0)
		return err_set(e, r, NULL);
	if (s->is_aead) {
		r = encrypt_make_auth_attrs(s, e);
		if (r != 0)
			return r;
	}
	aad = buf_get(&s->auth_attrs);
	s->key = random_secret(cipher_key_len(params->cipher));
	s->piece = malloc(ENCRYPT_PIECE_LEN);
	if (s->key != NULL)
		s->cipher = cipher_new_encrypt(&s->cipher_params, s->key, aad);
	if (s->cipher == NULL || s->piece == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	der_put_oid(&s->info, params->content_type);
	der_put_cipher_params(&s->info, &s->cipher_params);
	if (s->info.err != 0)
		return err_set(e, s->info.err, NULL);
	return encrypt_make_head(s, e);
}

static void
encrypt_clear(struct encrypt *s)
{
	cipher_free(s->cipher);
	secret_free(s->key);
	buf_clear(&s->head);
	buf_clear(&s->info);
	buf_clear(&s->auth_attrs);
	if (s->piece != NULL)
		mem_wipe(s->piece, ENCRYPT_PIECE_LEN);
	free(s->piece);
}

/* --- the content --- */

struct encrypt_sink {
	struct sink sink;
	struct encrypt *s;
	struct sink *next;
	uint64_t left; /* content that may still come */
};

static int
encrypt_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct encrypt_sink *k = (struct encrypt_sink *)sink;
	size_t len, out_len;
	int r = 0;

	if (in.len > k->left)
		return err_set(e, -CS_ERR_CHANGED,
		    "the content grew while it was encrypted");
	k->left -= in.len;
	while (r == 0 && in.len != 0) {
		len = in.len < SINK_PIECE_LEN ? in.len : SINK_PIECE_LEN;
		r = cipher_write(
		    k->s->cipher, bytes_of(in.p, len), k->s->piece, &out_len);
		if (r != 0)
			return err_set(e, r, NULL);
		r = sink_write(k->next, bytes_of(k->s->piece, out_len), e);
		in = bytes_of(in.p + len, in.len - len);
	}
	return r;
}

static int
encrypt_run(struct encrypt *s, struct source *content, uint64_t len,
    struct sink *out, struct err *e)
{
	struct encrypt_sink k = {
	    .sink = {.write = encrypt_sink_write},
	    .s = s,
	    .next = out,
	    .left = len,
	};
	size_t out_len;
	int r = source_run(content, &k.sink, e);

	if (r == 0 && len != UINT64_MAX && k.left != 0)
		return err_set(e, -CS_ERR_CHANGED,
		    "the content became shorter while it was encrypted");
	if (r != 0)
		return r;
	r = cipher_finish_encrypt(s->cipher, s->piece, &out_len);
	if (r != 0)
		return err_set(e, r, NULL);
	return sink_write(out, bytes_of(s->piece, out_len), e);
}

/* --- writing --- */

static int
encrypt_write_buf(struct sink *out, struct buf *b, struct err *e)
{
	int r = b->err != 0 ? err_set(e, b->err, NULL)
			    : sink_write(out, buf_get(b), e);

	buf_clear(b);
	return r;
}

/* What stands behind the content: authAttrs, mac and unauthAttrs, or
 * unprotectedAttrs. */
static void
encrypt_put_tail(struct encrypt *s, struct buf *b)
{
	struct bytes unprotected = s->params->unprotected_attrs, attrs;
	struct der d;

	if (s->auth_attrs.len != 0) {
		der_init(&d, buf_get(&s->auth_attrs));
		attrs = der_get(&d, DER_SET);
		encrypt_put_attrs(b, DER_CONTEXT_C(1), attrs);
	}
	if (s->is_aead)
		der_put(b, DER_OCTET_STRING, cipher_get_tag(s->cipher));
	if (unprotected.len != 0)
		encrypt_put_attrs(
		    b, DER_CONTEXT_C(s->is_aead ? 2 : 1), unprotected);
}

static int
encrypt_write_tail(struct encrypt *s, struct sink *out, struct err *e)
{
	struct buf b = {0};

	encrypt_put_tail(s, &b);
	return encrypt_write_buf(out, &b, e);
}

static enum oid
encrypt_get_type(const struct encrypt *s)
{
	return s->is_aead ? OID_AUTH_ENVELOPED_DATA : OID_ENVELOPED_DATA;
}

int
cms_encrypt_ber(const struct cms_encrypt_params *params, struct source *content,
    struct sink *out, struct err *e)
{
	struct buf head = {.max = CMS_RECIPIENTS_MADE_MAX};
	struct sink *segments = sink_new_segments(out);
	struct encrypt s;
	int r = encrypt_start(&s, params, e);

	if (r == 0 && segments == NULL)
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (r == 0) {
		buf_add_bytes(&head, BYTES_LIT("\x30\x80"));
		der_put_oid(&head, encrypt_get_type(&s));
		buf_add_bytes(&head, BYTES_LIT("\xa0\x80\x30\x80"));
		der_put_raw(&head, buf_get(&s.head));
		buf_add_bytes(&head, BYTES_LIT("\x30\x80"));
		der_put_raw(&head, buf_get(&s.info));
		buf_add_bytes(&head, BYTES_LIT("\xa0\x80"));
		r = encrypt_write_buf(out, &head, e);
	}
	if (r == 0)
		r = encrypt_run(&s, content, UINT64_MAX, segments, e);
	if (r == 0)
		r = sink_finish(segments, e);
	if (r == 0) /* encryptedContent, EncryptedContentInfo */
		r = sink_write(out, BYTES_LIT("\0\0\0\0"), e);
	if (r == 0)
		r = encrypt_write_tail(&s, out, e);
	if (r == 0) /* EnvelopedData, [0], ContentInfo */
		r = sink_write(out, BYTES_LIT("\0\0\0\0\0\0"), e);
	sink_free(segments);
	encrypt_clear(&s);
	return r;
}

/* Octets of an element with that content. */
static uint64_t
element_len(uint64_t content_len)
{
	return der_header_len(content_len) + content_len;
}

/* Everything before the content, whose length is known. */
static void
encrypt_put_head_der(struct encrypt *s, uint64_t len, struct buf *b)
{
	size_t block_len = alg_get(s->params->cipher)->block_len;
	uint64_t cipher_len = len, info, data;
	struct buf type = {0}, tail = {0};

	if (!s->is_aead) /* RFC 5652 6.3: at least one octet of padding */
		cipher_len = (len / block_len + 1) * block_len;
	der_put_oid(&type, encrypt_get_type(s));
	encrypt_put_tail(s, &tail); /* as long as it will be */
	info = s->info.len + element_len(cipher_len);
	data = s->head.len + element_len(info) + tail.len;
	der_put_header(
	    b, DER_SEQUENCE, type.len + element_len(element_len(data)));
	der_put_raw(b, buf_get(&type));
	der_put_header(b, DER_CONTEXT_C(0), element_len(data));
	der_put_header(b, DER_SEQUENCE, data);
	der_put_raw(b, buf_get(&s->head));
	der_put_header(b, DER_SEQUENCE, info);
	der_put_raw(b, buf_get(&s->info));
	der_put_header(b, DER_CONTEXT(0), cipher_len);
	if (b->err == 0)
		b->err = tail.err != 0 ? tail.err : type.err;
	buf_clear(&tail);
	buf_clear(&type);
}

static int
encrypt_count(struct source *content, uint64_t *len, struct err *e)
{
	struct sink *count = sink_new_count(len, NULL);
	int r;

	if (count == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = source_run(content, count, e);
	sink_free(count);
	return r;
}

int
cms_encrypt_der(const struct cms_encrypt_params *params, struct source *content,
    uint64_t content_len, struct sink *out, struct err *e)
{
	struct buf head = {.max = CMS_RECIPIENTS_MADE_MAX};
	struct encrypt s;
	int r = encrypt_start(&s, params, e);

	if (r == 0 && content_len == UINT64_MAX)
		r = encrypt_count(content, &content_len, e);
	if (r == 0 && content_len > CMS_CONTENT_LEN_MAX)
		r = err_set(e, -CS_ERR_TOO_LARGE, NULL);
	if (r == 0) {
		encrypt_put_head_der(&s, content_len, &head);
		r = encrypt_write_buf(out, &head, e);
	}
	if (r == 0)
		r = encrypt_run(&s, content, content_len, out, e);
	if (r == 0)
		r = encrypt_write_tail(&s, out, e);
	encrypt_clear(&s);
	return r;
}
