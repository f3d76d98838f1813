/* Opening EnvelopedData and AuthEnvelopedData: RFC 5652 6, 5083, 5084, 8103. */
#include "client/cms/reader_int.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/attrs.h"
#include "asn1/recipient_info.h"

/* Recipients of one message that are ours and are tried one after another. */
#define READER_TRIES_MAX 16

static struct finding *
reader_decryption(struct cms_reader *r)
{
	return r->verdict != NULL ? &reader_layer(r)->decryption : NULL;
}

/* The message cannot be opened: a finding, and no failure to read on. */
static int
reader_cannot_open(struct cms_reader *r, int code, const char *text)
{
	struct finding *f = reader_decryption(r);

	if (f != NULL)
		finding_set(f, FINDING_BAD, code, "%s", text);
	else
		/* content was let out by an earlier run that went well */
		return err_set(&r->err, -CS_ERR_CHANGED, "%s", text);
	return 0;
}

/* --- recipients --- */

static int
reader_list_recipient(
    struct cms_reader *r, const struct cert_id *id, const char *alg_name)
{
	struct verdict_recipient *to;

	if (r->verdict == NULL)
		return 0;
	to = verdict_add_recipient(reader_layer(r));
	if (to == NULL)
		return -CS_ERR_NO_MEMORY;
	to->rid = id != NULL ? reader_describe_id(id) : strdup("?");
	to->alg_name = strdup(alg_name);
	return to->rid != NULL && to->alg_name != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* How RecipientInfos that name no certificate are told of. */
static int
reader_list_other(struct cms_reader *r, const struct recipient_info *info)
{
	char name[OID_TEXT_MAX + 32];

	switch (info->kind) {
	case RECIPIENT_KEMRI:
		alg_id_describe(name, sizeof(name), &info->kem);
		return reader_list_recipient(r, &info->rid, name);
	case RECIPIENT_ORI:
		oid_describe(name, sizeof(name), info->ori_type);
		return reader_list_recipient(r, NULL, name);
	default:
		return reader_list_recipient(
		    r, NULL, recipient_kind_name(info->kind));
	}
}

/* The search for a recipient that is ours, over all RecipientInfos. */
struct search {
	struct cms_reader *r;
	size_t skip;	/* matches that were tried in vain by earlier runs */
	size_t matches; /* so far */
	size_t used;	/* the match whose key is taken */
	size_t listed;	/* recipients in the verdict so far */
	size_t ours;	/* the one of them that is taken */
	struct secret *key;
	int code;	 /* why the first could not be opened */
	bool has_failed; /* cancelled or refused: no other is tried */
	struct err err;
};

/* What makes it pointless, or a nuisance, to go on to the next recipient. */
static bool
is_final(int code)
{
	switch (code) {
	case -CS_ERR_CANCELLED:
	case -CS_ERR_REFUSED:
	case -CS_ERR_NO_AGENT:
	case -CS_ERR_AGENT_GONE:
	case -CS_ERR_TIMEOUT:
	case -CS_ERR_NO_MEMORY:
		return true;
	default:
		return false;
	}
}

static void
search_open(struct search *s, const struct recipient_info *info, unsigned index,
    const struct cert *own)
{
	const struct cms_reader *r = s->r;
	const struct cms_key_ops *ops = r->params.ops;
	size_t key_len = cipher_key_len(r->cipher_params.alg);
	struct err e = ERR_INIT;
	int code = ops->open(ops->ctx, cert_get_key_hash(own), info->raw, index,
	    buf_get(&r->cipher_alg), &s->key, &e);

	if (code == 0 &&
	    (s->key == NULL || secret_get_len(s->key) != key_len)) {
		secret_free(s->key);
		s->key = NULL;
		code = err_set(&e, -CS_ERR_PROTOCOL,
		    "the content-encryption key that came back has a wrong "
		    "length");
	}
	if (code != 0 && s->code == 0) {
		s->code = code;
		s->err = e;
	}
	s->has_failed = is_final(code);
}

/* Is the recipient that was just listed ours? Then it is tried. */
static void
search_try(struct search *s, const struct recipient_info *info, unsigned index,
    const struct cert_id *id)
{
	const struct cert_set *own = s->r->params.own;
	const struct cert *c = NULL;
	size_t i, match;

	for (i = 0; own != NULL && i < cert_set_get_len(own); i++) {
		c = cert_set_get(own, i);
		if (reader_is_id_of(id, c))
			break;
		c = NULL;
	}
	if (c == NULL)
		return;
	match = s->matches++;
	if (s->key == NULL && !s->has_failed && match >= s->skip &&
	    match < READER_TRIES_MAX) {
		s->used = match;
		search_open(s, info, index, c);
	}
	if (match == s->used)
		s->ours = s->listed - 1;
}

static int
search_key_agreement(struct search *s, const struct recipient_info *info)
{
	char name[OID_TEXT_MAX];
	struct recipient_key key;
	unsigned index = 0;
	struct der d;
	int code;

	alg_id_describe(name, sizeof(name), &info->key_enc_alg);
	der_init(&d, info->keys);
	for (; recipient_key_next(&d, &key); index++) {
		code = reader_list_recipient(s->r, &key.rid, name);
		if (code != 0)
			return code;
		s->listed++;
		search_try(s, info, index, &key.rid);
	}
	return 0;
}

static int
search_element(struct search *s, struct bytes element)
{
	struct recipient_info info;
	char name[OID_TEXT_MAX];
	int code;

	/* What cannot be read may still be somebody else's. */
	if (recipient_info_decode(element, &info, NULL) != 0)
		info.kind = RECIPIENT_NONE;
	if (info.kind == RECIPIENT_KARI)
		return search_key_agreement(s, &info);
	s->listed++;
	if (info.kind != RECIPIENT_KTRI)
		return reader_list_other(s->r, &info);
	alg_id_describe(name, sizeof(name), &info.key_enc_alg);
	code = reader_list_recipient(s->r, &info.rid, name);
	if (code == 0)
		search_try(s, &info, 0, &info.rid);
	return code;
}

/* Keeps the key for the next run. */
static int
search_remember(struct search *s)
{
	struct cms_memo *memo = s->r->params.memo;

	s->r->has_more =
	    s->matches > s->used + 1 && s->used + 1 < READER_TRIES_MAX;
	if (memo == NULL)
		return 0;
	memo->used = s->used;
	if (memo->key == NULL)
		memo->key = secret_dup(s->key);
	return memo->key != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/*
 * The content-encryption key, from an earlier run or from the agent. NULL
 * with code 0: the verdict tells why there is none.
 */
static int
reader_get_key(struct cms_reader *r, struct secret **key)
{
	struct cms_memo *memo = r->params.memo;
	struct search s = {.r = r, .used = SIZE_MAX - 1};
	int code = 0;
	size_t i;

	*key = NULL;
	err_clear(&s.err);
	if (memo != NULL && memo->key != NULL) {
		s.used = memo->used;
		s.key = secret_dup(memo->key);
		if (s.key == NULL)
			return -CS_ERR_NO_MEMORY;
	} else if (memo != NULL) {
		s.skip = memo->skip;
	}
	for (i = 0; code == 0 && i < r->recipients.len; i++)
		code = search_element(&s, buf_get(&r->recipients.items[i]));
	if (code == 0 && s.key != NULL)
		code = search_remember(&s);
	if (code != 0) {
		secret_free(s.key);
		return code;
	}
	if (s.key != NULL && r->verdict != NULL)
		reader_layer(r)->recipients[s.ours].is_ours = true;
	*key = s.key;
	if (s.key == NULL && s.code != 0)
		return err_set(&r->err, s.code, "%s", err_get_text(&s.err));
	if (s.key == NULL)
		return reader_cannot_open(r, -CS_ERR_NO_RECIPIENT,
		    "none of the recipients that the message is encrypted to "
		    "has its key here");
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
		    wants_aead ? "AuthEnvelopedData with a cipher that does "
				 "not authenticate"
			       : "EnvelopedData with an authenticating cipher, "
				 "which belongs into AuthEnvelopedData");
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
	if (!reader_take_cipher(r, &code))
		return code;
	code = reader_get_key(r, &key);
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
	return 0;
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
			    is_aead ? "opened, and unchanged"
				    : "opened; whether it was changed "
				      "on the way does not show");
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
		    : "the message is damaged, or its key is another");
}

int
reader_end_ciphertext(struct cms_reader *r)
{
	if (r->type != CMS_ENVELOPED || r->cipher == NULL)
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
	return reader_end_cipher(r, buf_get(&r->mac));
}
