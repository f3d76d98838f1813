/* Making EnvelopedData and AuthEnvelopedData. */
#include "client/cms/enveloped.h"

#include <stdlib.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/recipient_info.h"
#include "client/cms/segment.h"

struct encrypt {
	const struct cms_encrypt_params *params;
	struct cipher_params cipher_params;
	bool is_aead;
	struct secret *key;
	struct cipher *cipher;
	struct buf recipients; /* recipientInfos */
	struct buf info;       /* contentType and contentEncryptionAlgorithm */
	uint64_t len;	       /* of the content so far */
	uint8_t *piece;	       /* ENCRYPT_PIECE_LEN */
};

#define ENCRYPT_PIECE_LEN (SINK_PIECE_LEN + CIPHER_BLOCK_MAX)
/* Each a serial number, a name, and a key of 2 KiB at most. */
#define ENCRYPT_RECIPIENTS_LEN_MAX ((size_t)8 << 20)

/* --- before the content --- */

static int
encrypt_refuse_recipient(const struct cert *c, const char *why, struct err *e)
{
	char key[64];
	struct buf name = {0};

	spki_describe(key, sizeof(key), cert_get_spki(c));
	cert_describe(c, &name);
	buf_add_byte(&name, 0);
	err_set(e, -CS_ERR_ALGORITHM,
	    "the recipient %s cannot be encrypted to: %s (%s)",
	    name.err == 0 ? (const char *)name.data : "?", why, key);
	buf_clear(&name);
	return -CS_ERR_ALGORITHM;
}

static int
encrypt_put_recipient(struct encrypt *s, const struct cert *c, struct err *e)
{
	const struct spki *spki = cert_get_spki(c);
	struct recipient_info info = {.kind = RECIPIENT_KTRI};
	struct buf alg = {0}, encrypted = {0};
	int r;

	if (spki->alg != ALG_RSA)
		return encrypt_refuse_recipient(
		    c, "only RSA keys can be encrypted to so far", e);
	der_put_alg(&alg, ALG_RSA_PKCS1);
	r = rsa_encrypt_pkcs1(spki, s->key, &encrypted);
	if (r == 0) {
		info.rid.issuer = cert_get_issuer(c);
		info.rid.serial = cert_get_serial(c);
		info.key_enc_alg.raw = buf_get(&alg);
		info.encrypted_key = buf_get(&encrypted);
		der_put_ktri(&s->recipients, &info);
		r = alg.err != 0 ? alg.err : s->recipients.err;
		if (r != 0)
			err_set(e, r, NULL);
	} else {
		encrypt_refuse_recipient(c, "its key is too short", e);
	}
	buf_clear(&alg);
	buf_clear(&encrypted);
	return r;
}

static int
encrypt_check(const struct cms_encrypt_params *params, struct err *e)
{
	const struct alg_row *row = alg_get(params->cipher);

	if (params->recipients_len == 0 ||
	    params->recipients_len > CMS_RECIPIENTS_MAX)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "a message has 1 to %d recipients, not %zu",
		    CMS_RECIPIENTS_MAX, params->recipients_len);
	if ((row->kind != ALG_KIND_CIPHER && row->kind != ALG_KIND_AEAD) ||
	    row->strength != ALG_GOOD)
		return err_set(e, -CS_ERR_ALGORITHM,
		    "%s is no cipher to encrypt with",
		    alg_name(params->cipher));
	/* RFC 5083 2.1: other types want authenticated attributes. */
	if (row->kind == ALG_KIND_AEAD && params->content_type != OID_DATA)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "content of type %s cannot be encrypted with %s",
		    oid_name(params->content_type), row->name);
	return 0;
}

static int
encrypt_start(
    struct encrypt *s, const struct cms_encrypt_params *params, struct err *e)
{
	size_t mark, i;
	int r;

	*s = (struct encrypt){.params = params};
	buf_init(&s->recipients, ENCRYPT_RECIPIENTS_LEN_MAX);
	r = encrypt_check(params, e);
	if (r != 0)
		return r;
	s->is_aead = cipher_is_aead(params->cipher);
	r = cipher_params_new(params->cipher, &s->cipher_params);
	if (r != 0)
		return err_set(e, r, NULL);
	s->key = random_secret(cipher_key_len(params->cipher));
	s->piece = malloc(ENCRYPT_PIECE_LEN);
	if (s->key != NULL)
		s->cipher =
		    cipher_new_encrypt(&s->cipher_params, s->key, BYTES_NONE);
	if (s->cipher == NULL || s->piece == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	mark = der_open(&s->recipients, DER_SET);
	for (i = 0; r == 0 && i < params->recipients_len; i++)
		r = encrypt_put_recipient(s, params->recipients[i], e);
	if (r != 0)
		return r;
	r = der_close_set_of(&s->recipients, mark);
	der_put_oid(&s->info, params->content_type);
	der_put_cipher_params(&s->info, &s->cipher_params);
	if (r == 0)
		r = s->info.err;
	return r != 0 ? err_set(e, r, NULL) : 0;
}

static void
encrypt_clear(struct encrypt *s)
{
	cipher_free(s->cipher);
	secret_free(s->key);
	buf_clear(&s->recipients);
	buf_clear(&s->info);
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

/* The MAC of AuthEnvelopedData; EnvelopedData has nothing there. */
static int
encrypt_write_mac(struct encrypt *s, struct sink *out, struct err *e)
{
	struct buf b = {0};

	if (s->is_aead)
		der_put(&b, DER_OCTET_STRING, cipher_get_tag(s->cipher));
	return encrypt_write_buf(out, &b, e);
}

static enum oid
encrypt_get_type(const struct encrypt *s)
{
	return s->is_aead ? OID_AUTH_ENVELOPED_DATA : OID_ENVELOPED_DATA;
}

/* RFC 5652 6.1, RFC 5083 2.1: both versions are 0 for such recipients. */
static void
encrypt_put_version(const struct encrypt *s, struct buf *b)
{
	der_put_uint(b, DER_INTEGER, 0);
	der_put_raw(b, buf_get(&s->recipients));
}

int
cms_encrypt_ber(const struct cms_encrypt_params *params, struct source *content,
    struct sink *out, struct err *e)
{
	struct buf head = {.max = ENCRYPT_RECIPIENTS_LEN_MAX};
	struct sink *segments = sink_new_segments(out);
	struct encrypt s;
	int r = encrypt_start(&s, params, e);

	if (r == 0 && segments == NULL)
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (r == 0) {
		buf_add_bytes(&head, BYTES_LIT("\x30\x80"));
		der_put_oid(&head, encrypt_get_type(&s));
		buf_add_bytes(&head, BYTES_LIT("\xa0\x80\x30\x80"));
		encrypt_put_version(&s, &head);
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
		r = encrypt_write_mac(&s, out, e);
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
encrypt_put_head_der(const struct encrypt *s, uint64_t len, struct buf *b)
{
	size_t block_len = alg_get(s->params->cipher)->block_len;
	uint64_t cipher_len = len, info, data;
	struct buf version = {.max = ENCRYPT_RECIPIENTS_LEN_MAX}, type = {0};

	if (!s->is_aead) /* RFC 5652 6.3: at least one octet of padding */
		cipher_len = (len / block_len + 1) * block_len;
	encrypt_put_version(s, &version);
	der_put_oid(&type, encrypt_get_type(s));
	info = s->info.len + element_len(cipher_len);
	data = version.len + element_len(info);
	if (s->is_aead)
		data += element_len(s->cipher_params.tag_len);
	der_put_header(
	    b, DER_SEQUENCE, type.len + element_len(element_len(data)));
	der_put_raw(b, buf_get(&type));
	der_put_header(b, DER_CONTEXT_C(0), element_len(data));
	der_put_header(b, DER_SEQUENCE, data);
	der_put_raw(b, buf_get(&version));
	der_put_header(b, DER_SEQUENCE, info);
	der_put_raw(b, buf_get(&s->info));
	der_put_header(b, DER_CONTEXT(0), cipher_len);
	if (b->err == 0)
		b->err = version.err != 0 ? version.err : type.err;
	buf_clear(&version);
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
	struct buf head = {.max = ENCRYPT_RECIPIENTS_LEN_MAX};
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
		r = encrypt_write_mac(&s, out, e);
	encrypt_clear(&s);
	return r;
}
