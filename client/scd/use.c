/* use.c: the commands that use a private key. */
#include <ctype.h>
#include <p11-kit/pkcs11.h>
#include <string.h>

#include "asn1/alg/padding.h"
#include "asn1/alg/signature.h"
#include "client/scd/scd.h"

static gpg_error_t
make_error(gpg_err_code_t code)
{
	return gpg_err_make(GPG_ERR_SOURCE_SCD, code);
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

gpg_error_t
scd_cmd_setdata(assuan_context_t ctx, char *line)
{
	struct scd *s = assuan_get_pointer(ctx);
	const char *p;
	uint8_t octet;
	char none[2];

	if (scd_get_option(line, "--append", none, sizeof(none)) == NULL) {
		buf_clear(&s->data);
		buf_init(&s->data, SCD_DATA_MAX);
	}
	for (p = scd_get_word(line); *p != '\0'; p += 2) {
		if (digit_value(p[0]) < 0 || digit_value(p[1]) < 0)
			return make_error(GPG_ERR_INV_VALUE);
		octet = (uint8_t)(digit_value(p[0]) << 4 | digit_value(p[1]));
		if (buf_add(&s->data, &octet, 1) != 0)
			return make_error(GPG_ERR_TOO_LARGE);
	}
	return 0;
}

/* The digest to be signed, and which one it is: a DigestInfo says so, else
 * the option, else its length. */
static int
find_digest(struct scd *s, const char *option, enum alg *digest,
    struct bytes *hash, struct err *e)
{
	struct bytes data = buf_get(&s->data);

	if (pkcs1_digest_info_decode(data, digest, hash) == 0)
		return 0;
	*hash = data;
	*digest = option != NULL ? alg_find_name(option, ALG_KIND_DIGEST)
				 : alg_find_sha(data.len);
	if (*digest != ALG_NONE && alg_get(*digest)->output_len == data.len)
		return 0;
	return err_set(e, -CS_ERR_UNSUPPORTED,
	    "what is to be signed is no digest of an algorithm known here");
}

/* The request for a key and what is to be signed. */
static int
prepare_sign(struct scd *s, const struct spki *spki, const char *option,
    struct buf *algorithm, struct agt_msg *request, struct err *e)
{
	enum alg digest = sig_default_digest(spki);
	struct sig_scheme scheme;
	int r = 0;

	request->input = buf_get(&s->data);
	if (spki->alg != ALG_ED25519_KEY)
		r = find_digest(s, option, &digest, &request->input, e);
	if (r != 0)
		return r;
	r = sig_scheme_choose(spki, digest, false, &scheme);
	if (r != 0)
		return err_set(
		    e, r, "the key does not sign digests of this algorithm");
	der_put_sig_scheme(algorithm, &scheme);
	request->algorithm = buf_get(algorithm);
	return algorithm->err;
}

/* To the agent and back; answer borrows from the link. */
static int
call(struct scd *s, const struct scd_key *key, struct agt_msg *request,
    struct agt_msg *answer, struct err *e)
{
	int r = scd_connect(s, e);

	if (r != 0)
		return r;
	request->key_id = bytes_of(key->id, sizeof(key->id));
	request->has_context = true;
	link_fill_context(s->link, &request->context, NULL);
	return link_call(s->link, request, answer, e);
}

/* GnuPG wants ECDSA's two numbers at their full length. */
static gpg_error_t
send_signature(
    assuan_context_t ctx, const struct spki *spki, struct bytes signature)
{
	struct buf raw = {0};
	gpg_error_t rc;

	if (spki->alg != ALG_EC)
		return assuan_send_data(ctx, signature.p, signature.len);
	if (sig_ecdsa_from_der(signature, (spki->bits + 7) / 8, &raw) != 0)
		rc = make_error(GPG_ERR_INV_RESPONSE);
	else
		rc = assuan_send_data(ctx, raw.data, raw.len);
	buf_clear(&raw);
	return rc;
}

gpg_error_t
scd_cmd_sign(assuan_context_t ctx, char *line)
{
	struct scd *s = assuan_get_pointer(ctx);
	struct agt_msg answer, request = {.type = AGT_SIGN};
	struct buf algorithm = {0};
	const struct scd_key *key;
	struct err e = ERR_INIT;
	struct spki spki = {0};
	const char *option;
	gpg_error_t rc;
	char hash[32];
	int r;

	option = scd_get_option(line, "--hash", hash, sizeof(hash));
	r = scd_find(s, scd_get_word(line), &key, &e);
	if (r == 0)
		r = spki_decode(key->spki_der, &spki, &e);
	if (r == 0)
		r = prepare_sign(s, &spki, option, &algorithm, &request, &e);
	if (r == 0)
		r = call(s, key, &request, &answer, &e);
	rc = r == 0 ? send_signature(ctx, &spki, answer.output)
		    : scd_error(s, &e);
	buf_clear(&algorithm);
	return rc;
}

/* As long as the modulus: gpg-agent leaves zeros in front out, or adds one. */
static int
fit(struct bytes in, size_t len, struct buf *out)
{
	size_t i;

	while (in.len > len && in.p[0] == 0)
		in = bytes_of(in.p + 1, in.len - 1);
	if (in.len > len)
		return -CS_ERR_ARGUMENT;
	for (i = in.len; i < len; i++)
		buf_add(out, "", 1);
	return buf_add_bytes(out, in);
}

/* What the key is asked for: RSA's bare result, or ECDH with the point that
 * gpg-agent has of the message. */
static int
prepare_decrypt(struct scd *s, const struct spki *spki, struct buf *fitted,
    struct agt_msg *request, struct err *e)
{
	int r;

	switch (spki->alg) {
	case ALG_RSA:
		request->operation = TOK_RAW_DECRYPT;
		request->mechanism = CKM_RSA_PKCS;
		r = fit(buf_get(&s->data), spki->modulus.len, fitted);
		if (r != 0)
			return err_set(e, r,
			    "what is to be decrypted is longer than the key");
		request->input = buf_get(fitted);
		return 0;
	case ALG_EC:
		request->operation = TOK_RAW_DERIVE;
		request->mechanism = CKM_ECDH1_DERIVE;
		request->parameter = buf_get(&s->data);
		if (request->parameter.len != spki->point.len)
			return err_set(e, -CS_ERR_ARGUMENT,
			    "what is to be decrypted is no point of the key's "
			    "curve");
		return 0;
	default:
		return err_set(
		    e, -CS_ERR_UNSUPPORTED, "a key of this kind only signs");
	}
}

/* An RSA result has its padding taken off; of ECDH's point there is X alone,
 * which GnuPG wants to be told by an octet 0x41 before it. */
static gpg_error_t
send_opened(assuan_context_t ctx, enum alg alg, struct bytes opened)
{
	gpg_error_t rc = alg == ALG_RSA
			     ? assuan_write_status(ctx, "PADDING", "0")
			     : assuan_send_data(ctx, "\x41", 1);

	return rc != 0 ? rc : assuan_send_data(ctx, opened.p, opened.len);
}

gpg_error_t
scd_cmd_decrypt(assuan_context_t ctx, char *line)
{
	struct scd *s = assuan_get_pointer(ctx);
	struct agt_msg answer, request = {.type = AGT_RAW};
	const struct scd_key *key;
	struct err e = ERR_INIT;
	struct buf fitted = {0};
	struct spki spki = {0};
	gpg_error_t rc;
	int r = scd_find(s, scd_get_word(line), &key, &e);

	if (r == 0)
		r = spki_decode(key->spki_der, &spki, &e);
	if (r == 0)
		r = prepare_decrypt(s, &spki, &fitted, &request, &e);
	if (r == 0)
		r = call(s, key, &request, &answer, &e);
	rc = r == 0 ? send_opened(ctx, spki.alg, answer.output)
		    : scd_error(s, &e);
	buf_clear(&fitted);
	return rc;
}
