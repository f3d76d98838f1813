/* Opening EnvelopedData and AuthEnvelopedData: RFC 5652 6, 5083, 5084, 8103. */
#include "asn1/say.h"
#include "client/cms/reader_int.h"

#include <stdlib.h>

#include "asn1/attrs.h"

static struct finding *
reader_decryption(struct cms_reader *r)
{
	return r->verdict != NULL ? &reader_layer(r)->decryption : NULL;
}

int
reader_cannot_open(struct cms_reader *r, int code, const char *text)
{
	struct finding *f = reader_decryption(r);

	if (f != NULL && r->type == CMS_AUTHENTICATED)
		f = &reader_layer(r)->integrity;
	if (f != NULL)
		finding_set(f, FINDING_BAD, code, "%s", say(text));
	else
		/* content was let out by an earlier run that went well */
		return err_set(&r->err, -CS_ERR_CHANGED, "%s", say(text));
	return 0;
}

/* --- content --- */

/* Which algorithm? False: the verdict tells what is wrong with it. */
static bool
reader_take_cipher(struct cms_reader *r, int *code)
{
	bool wants_aead = r->type == CMS_AUTH_ENVELOPED;
	struct cipher_params *params = &r->cipher_params;
	struct err e = ERR_INIT;
	struct alg_id id;

	*code = alg_id_decode(buf_get(&r->cipher_alg), &id);
	if (*code == 0)
		*code = cipher_params_decode(&id, params, &e);
	if (*code != 0) {
		*code = reader_cannot_open(r, *code, err_get_text(&e));
		return false;
	}
	if (r->verdict != NULL)
		*code = reader_set_text(
		    &reader_layer(r)->cipher_name, alg_name(params->alg));
	if (*code != 0)
		return false;
	if (cipher_is_aead(params->alg) != wants_aead) {
		*code = reader_cannot_open(r, -CS_ERR_ALGORITHM,
		    wants_aead
			? "AuthEnvelopedData with a cipher that does "
			  "not authenticate"
			: N_("an authenticating cipher, which belongs into "
			     "AuthEnvelopedData, in another type"));
		return false;
	}
	if (alg_get(params->alg)->strength != ALG_GOOD &&
	    !r->params.is_legacy) {
		*code = reader_cannot_open(r, -CS_ERR_ALGORITHM,
		    "the cipher is weak; --legacy reads it");
		return false;
	}
	return true;
}

int
reader_start_decrypt(struct cms_reader *r)
{
	const struct cms_memo *memo = r->params.memo;
	struct bytes aad = BYTES_NONE;
	struct secret *key;
	int code;

	r->is_started = true;
	if (r->type == CMS_ENCRYPTED) {
		code = reader_take_pbes2(r);
		if (code != 0)
			return code;
	}
	if (!reader_take_cipher(r, &code))
		return code;
	if (r->type == CMS_ENCRYPTED)
		code = reader_get_direct_key(r, &key);
	else
		code =
		    reader_get_key(r, cipher_params_key_len(&r->cipher_params),
			buf_get(&r->cipher_alg), &key);
	if (code != 0 || key == NULL)
		return code;
	if (r->type == CMS_AUTH_ENVELOPED && memo != NULL)
		aad = buf_get(&memo->auth_attrs);
	r->plain = malloc(READER_PLAIN_LEN);
	if (r->plain != NULL)
		r->cipher = cipher_new_decrypt(&r->cipher_params, key, aad);
	secret_free(key);
	if (r->plain == NULL)
		return -CS_ERR_NO_MEMORY;
	if (r->cipher == NULL)
		return reader_cannot_open(r, -CS_ERR_ALGORITHM,
		    "the cipher is known by name but cannot be used");
	return reader_start_inner(r);
}

int
reader_decrypt(struct cms_reader *r, struct bytes run)
{
	size_t len, plain_len;
	int code = 0;

	while (code == 0 && r->cipher != NULL && run.len != 0) {
		len = run.len < SINK_PIECE_LEN ? run.len : SINK_PIECE_LEN;
		code = cipher_write(
		    r->cipher, bytes_of(run.p, len), r->plain, &plain_len);
		if (code == 0)
			code = reader_pass(r, bytes_of(r->plain, plain_len));
		run = bytes_of(run.p + len, run.len - len);
	}
	return code;
}

/* The cipher has ended: with a fault, or well. */
static int
reader_end_cipher(struct cms_reader *r, struct bytes tag)
{
	bool is_aead = r->type == CMS_AUTH_ENVELOPED;
	struct cms_memo *memo = r->params.memo;
	size_t len = 0;
	int code = -CS_ERR_AUTH_TAG;

	/* A tag of another length than announced is no tag. */
	if (!is_aead || tag.len == r->cipher_params.tag_len)
		code = cipher_finish_decrypt(r->cipher, tag, r->plain, &len);
	cipher_free(r->cipher);
	r->cipher = NULL;
	if (code == 0) {
		if (r->verdict != NULL) {
			reader_layer(r)->is_authenticated = is_aead;
			finding_set(reader_decryption(r), FINDING_GOOD, 0, "%s",
			    is_aead ? say("opened, and unchanged")
				    : say("opened; whether it was changed "
					  "on the way does not show"));
		}
		return reader_pass(r, bytes_of(r->plain, len));
	}
	if (code != -CS_ERR_AUTH_TAG && code != -CS_ERR_DECRYPT)
		return code;
	if (memo != NULL && r->has_more) {
		memo->skip = memo->used + 1;
		secret_free(memo->key);
		memo->key = NULL;
		r->wants_rerun = true;
	}
	return reader_cannot_open(r, code,
	    is_aead ? "the message was changed on the way, or its key is "
		      "another"
		    : N_("the message is damaged, or its key is another"));
}

int
reader_end_ciphertext(struct cms_reader *r)
{
	if (r->type == CMS_AUTH_ENVELOPED || r->cipher == NULL)
		return 0;
	return reader_end_cipher(r, BYTES_NONE);
}

/*
 * RFC 5083 2.2: what is authenticated beside the content is the DER of the
 * attributes as a SET OF. They come after the content, and the cipher must
 * have them before: so the message is read once more with what was found.
 */
int
reader_take_auth_attrs(struct cms_reader *r, struct bytes element)
{
	struct cms_memo *memo = r->params.memo;
	struct buf set = {.max = CMS_ELEMENT_MAX};
	struct bytes attrs, type = BYTES_NONE;
	struct attr attr;
	struct der d;
	bool found;
	int code;

	der_init(&d, element);
	attrs = der_get(&d, DER_CONTEXT_C(1));
	code = attrs_put_set_of(&set, attrs);
	if (code == 0)
		code =
		    attrs_find(attrs, OID_CONTENT_TYPE, &attr, &found, &r->err);
	if (code == 0 && found)
		code = attrs_get_content_type(attrs, &type, &r->err);
	if (code != 0) {
		buf_clear(&set);
		return code;
	}
	r->is_type_told = found;
	if (found && !bytes_is_equal(type, buf_get(&r->content_type))) {
		cipher_free(r->cipher);
		r->cipher = NULL;
		code = reader_cannot_open(r, -CS_ERR_ATTRIBUTES,
		    "the authenticated content type is another than the "
		    "content's");
	} else if (memo != NULL && memo->has_auth_attrs) {
		if (!bytes_is_equal(buf_get(&set), buf_get(&memo->auth_attrs)))
			code = err_set(&r->err, -CS_ERR_CHANGED,
			    "the message was changed while it was read");
	} else if (r->cipher != NULL && memo != NULL) {
		code = buf_add_bytes(&memo->auth_attrs, buf_get(&set));
		memo->has_auth_attrs = true;
		r->wants_rerun = true;
	} else if (r->cipher != NULL) {
		cipher_free(r->cipher);
		r->cipher = NULL;
		code = reader_cannot_open(r, -CS_ERR_UNSUPPORTED,
		    "the message has authenticated attributes behind its "
		    "content, and can be read only once");
	}
	buf_clear(&set);
	return code;
}

int
reader_finish_enveloped(struct cms_reader *r)
{
	if (!r->is_started)
		return reader_cannot_open(r, -CS_ERR_UNSUPPORTED,
		    "the encrypted content is not in the message");
	if (r->cipher == NULL || r->wants_rerun)
		return 0;
	if (r->type == CMS_AUTH_ENVELOPED && r->inner != NULL &&
	    !r->is_type_told)
		return reader_cannot_open(r, -CS_ERR_ATTRIBUTES,
		    "that the content is compressed is not authenticated");
	return reader_end_cipher(r, buf_get(&r->mac));
}
