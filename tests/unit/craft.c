#include "tests/unit/craft.h"

#include <string.h>

#include "asn1/alg/cipher.h"
#include "asn1/alg/padding.h"
#include "asn1/alg/random.h"
#include "asn1/recipient_info.h"
#include "asn1/signer_info.h"

void
craft_attrs_with(struct buf *attrs, enum alg digest, struct bytes content)
{
	uint8_t hash[DIGEST_LEN_MAX];
	size_t len = digest_of(digest, content, hash);

	attr_put_content_type(attrs, OID_DATA);
	attr_put_message_digest(attrs, bytes_of(hash, len));
}

void
craft_attrs(struct buf *attrs, struct bytes content)
{
	craft_attrs_with(attrs, ALG_SHA256, content);
}

/* RSA takes any digest, as SignerInfos name it; others what we sign with. */
static void
craft_choose(const struct spki *key, enum alg digest, struct sig_scheme *scheme)
{
	struct alg_id rsa = {.known = OID_RSA};
	struct err e = ERR_INIT;

	if (key->alg == ALG_RSA)
		ck_assert_int_eq(
		    sig_scheme_decode(&rsa, digest, scheme, &e), 0);
	else
		ck_assert_int_eq(
		    sig_scheme_choose(key, digest, false, scheme), 0);
}

/* Signs what the reader is to check. */
static void
craft_sign(const struct craft_signed *c, enum alg digest, struct buf *signature)
{
	const struct spki *key = cert_get_spki(world_cert(c->who));
	uint8_t hash[DIGEST_LEN_MAX];
	struct buf set = {0}, alg = {0};
	struct bytes over = c->content;
	struct sig_scheme scheme;
	struct err e = ERR_INIT;
	int r;

	craft_choose(key, digest, &scheme);
	if (c->signs.len != 0) {
		over = c->signs;
	} else if (c->attrs != NULL && c->signs_as_sent) {
		der_put(&set, DER_SET, buf_get(c->attrs));
		over = buf_get(&set);
	} else if (c->attrs != NULL) {
		ck_assert_int_eq(attrs_put_set_of(&set, buf_get(c->attrs)), 0);
		over = buf_get(&set);
	}
	if (!sig_scheme_is_pure(&scheme))
		over = bytes_of(hash, digest_of(digest, over, hash));
	der_put_sig_scheme(&alg, &scheme);
	r = world.ops.sign(world.ops.ctx, cert_get_key_hash(world_cert(c->who)),
	    buf_get(&alg), over, signature, &e);
	ck_assert_msg(r == 0, "signing: %s", err_get_text(&e));
	buf_clear(&set);
	buf_clear(&alg);
}

static void
craft_put_info(const struct craft_signed *c, enum alg digest, struct buf *out)
{
	struct cert *cert = world_cert(c->who);
	struct buf digest_alg = {0}, signature_alg = {0}, signature = {0};
	struct signer_info info = {.has_signed_attrs = c->attrs != NULL};
	struct sig_scheme scheme;

	der_put_alg(&digest_alg, digest);
	if (cert_get_spki(cert)->alg == ALG_RSA) {
		der_put_alg(&signature_alg, ALG_RSA);
	} else {
		craft_choose(cert_get_spki(cert), digest, &scheme);
		der_put_sig_scheme(&signature_alg, &scheme);
	}
	craft_sign(c, digest, &signature);
	if (c->key_id.len != 0) {
		info.sid.key_id = c->key_id;
	} else {
		info.sid.issuer = cert_get_issuer(cert);
		info.sid.serial = cert_get_serial(cert);
	}
	info.digest_alg.raw = buf_get(&digest_alg);
	if (c->attrs != NULL)
		info.signed_attrs = buf_get(c->attrs);
	if (c->unsigned_attrs != NULL)
		info.unsigned_attrs = buf_get(c->unsigned_attrs);
	info.signature_alg.raw = c->signature_alg.len != 0
				     ? c->signature_alg
				     : buf_get(&signature_alg);
	info.signature = buf_get(&signature);
	der_put_signer_info(out, &info);
	buf_clear(&digest_alg);
	buf_clear(&signature_alg);
	buf_clear(&signature);
}

static void
craft_put_certs(const struct craft_signed *c, struct buf *out)
{
	size_t mark = der_open(out, DER_CONTEXT_C(0)), i;

	der_put_raw(out, c->raw_cert);
	for (i = 0; c->certs != NULL && c->certs[i] != NULL; i++)
		der_put_raw(out, cert_get_raw(c->certs[i]));
	if (!c->has_no_certs)
		der_put_raw(out, cert_get_raw(world_cert(c->who)));
	der_close(out, mark);
}

void
craft_signed(const struct craft_signed *c, struct buf *out)
{
	enum alg digest = c->digest != 0 ? c->digest : ALG_SHA256;
	unsigned n = c->signers != 0 ? c->signers : 1;
	size_t info = der_open(out, DER_SEQUENCE), explicit, data, mark, inner;

	der_put_oid(out, OID_SIGNED_DATA);
	explicit = der_open(out, DER_CONTEXT_C(0));
	data = der_open(out, DER_SEQUENCE);
	der_put_uint(out, DER_INTEGER, c->version != 0 ? c->version : 1);
	mark = der_open(out, DER_SET);
	der_put_alg(out, c->announced != 0 ? c->announced : digest);
	der_close(out, mark);
	mark = der_open(out, DER_SEQUENCE);
	der_put_oid(out, c->content_type != 0 ? c->content_type : OID_DATA);
	if (!c->is_detached) {
		inner = der_open(out, DER_CONTEXT_C(0));
		der_put(out, DER_OCTET_STRING, c->content);
		der_close(out, inner);
	}
	der_close(out, mark);
	craft_put_certs(c, out);
	if (c->raw_crl.len != 0) {
		mark = der_open(out, DER_CONTEXT_C(1));
		der_put_raw(out, c->raw_crl);
		der_close(out, mark);
	}
	mark = der_open(out, DER_SET);
	for (; !c->has_no_signer && n > 0; n--)
		craft_put_info(c, digest, out);
	der_close(out, mark);
	der_close(out, data);
	der_close(out, explicit);
	der_close(out, info);
	ck_assert_int_eq(out->err, 0);
}

/* --- encrypted --- */

static void
craft_put_recipient(struct buf *out, const struct secret *key)
{
	struct cert *alice = world_cert(ALICE);
	struct recipient_info info = {.kind = RECIPIENT_KTRI};
	struct buf alg = {0}, encrypted = {0};

	ck_assert_int_eq(
	    rsa_encrypt_pkcs1(cert_get_spki(alice), key, &encrypted), 0);
	der_put_alg(&alg, ALG_RSA_PKCS1);
	info.rid.issuer = cert_get_issuer(alice);
	info.rid.serial = cert_get_serial(alice);
	info.key_enc_alg.raw = buf_get(&alg);
	info.encrypted_key = buf_get(&encrypted);
	der_put_ktri(out, &info);
	buf_clear(&alg);
	buf_clear(&encrypted);
}

static void
craft_encrypt(const struct craft_enveloped *c,
    const struct cipher_params *params, const struct secret *key,
    struct buf *ciphertext, struct buf *tag)
{
	uint8_t piece[1024 + CIPHER_BLOCK_MAX];
	struct cipher *cipher;
	struct buf aad = {0};
	size_t len;

	ck_assert_uint_le(c->content.len, 1024);
	if (c->attrs != NULL && attrs_put_set_of(&aad, buf_get(c->attrs)) != 0)
		buf_clear(&aad); /* broken on purpose */
	cipher = cipher_new_encrypt(params, key, buf_get(&aad));
	ck_assert_ptr_nonnull(cipher);
	ck_assert_int_eq(cipher_write(cipher, c->content, piece, &len), 0);
	buf_add(ciphertext, piece, len);
	ck_assert_int_eq(cipher_finish_encrypt(cipher, piece, &len), 0);
	buf_add(ciphertext, piece, len);
	if (cipher_is_aead(params->alg))
		buf_add_bytes(tag, cipher_get_tag(cipher));
	if (c->changes_tag)
		tag->data[0] ^= 1;
	if (c->tag_len != 0)
		tag->len = c->tag_len;
	cipher_free(cipher);
	buf_clear(&aad);
}

static void
craft_put_recipients(
    const struct craft_enveloped *c, const struct secret *key, struct buf *out)
{
	size_t mark = der_open(out, DER_SET);
	struct secret *wrong;

	if (c->has_decoy) {
		wrong = random_secret(secret_get_len(key));
		craft_put_recipient(out, wrong);
		secret_free(wrong);
	}
	der_put_raw(out, c->recipient);
	craft_put_recipient(out, key);
	der_close(out, mark);
}

void
craft_enveloped(const struct craft_enveloped *c, struct buf *out)
{
	size_t info = der_open(out, DER_SEQUENCE), explicit, data, mark;
	struct buf ciphertext = {0}, tag = {0};
	struct cipher_params params;
	struct secret *key;

	ck_assert_int_eq(cipher_params_new(c->cipher, &params), 0);
	key = c->key != NULL ? secret_dup(c->key)
			     : random_secret(cipher_key_len(c->cipher));
	ck_assert_ptr_nonnull(key);
	craft_encrypt(c, &params, key, &ciphertext, &tag);
	der_put_oid(
	    out, c->is_auth ? OID_AUTH_ENVELOPED_DATA : OID_ENVELOPED_DATA);
	explicit = der_open(out, DER_CONTEXT_C(0));
	data = der_open(out, DER_SEQUENCE);
	der_put_uint(out, DER_INTEGER, c->version);
	craft_put_recipients(c, key, out);
	mark = der_open(out, DER_SEQUENCE);
	der_put_oid(out, OID_DATA);
	if (c->params.len != 0)
		der_put_raw(out, c->params);
	else
		der_put_cipher_params(out, &params);
	if (!c->has_no_content)
		der_put(out, DER_CONTEXT(0), buf_get(&ciphertext));
	der_close(out, mark);
	if (c->attrs != NULL)
		der_put(out, DER_CONTEXT_C(1), buf_get(c->attrs));
	if (c->is_auth)
		der_put(out, DER_OCTET_STRING, buf_get(&tag));
	der_close(out, data);
	der_close(out, explicit);
	der_close(out, info);
	ck_assert_int_eq(out->err, 0);
	secret_free(key);
	buf_clear(&ciphertext);
	buf_clear(&tag);
}

/* --- BER --- */

static void
put_segments(struct bytes content, size_t seg_len, struct buf *out)
{
	size_t at, len;

	for (at = 0; at < content.len; at += len) {
		len = content.len - at < seg_len ? content.len - at : seg_len;
		der_put(out, DER_OCTET_STRING, bytes_of(content.p + at, len));
	}
}

void
craft_ber(struct bytes der, size_t seg_len, struct buf *out)
{
	struct bytes element, content;
	struct der d, in;
	int tag;

	der_init(&d, der);
	while (der_has_more(&d)) {
		element = der_get_any(&d, &tag);
		der_init(&in, element);
		content = der_get(&in, tag);
		if (tag != DER_OCTET_STRING && (tag & DER_CONSTRUCTED) == 0) {
			der_put_raw(out, element);
			continue;
		}
		buf_add_byte(out, (uint8_t)(tag | DER_CONSTRUCTED));
		buf_add_byte(out, 0x80);
		if (tag == DER_OCTET_STRING)
			put_segments(content, seg_len, out);
		else
			craft_ber(content, seg_len, out);
		buf_add_bytes(out, BYTES_LIT("\0\0"));
	}
	ck_assert_int_eq(der_end(&d), 0);
}
