/*
 * The smaller types: CompressedData (RFC 3274), DigestedData, EncryptedData
 * and AuthenticatedData (RFC 5652 7, 8, 9).
 */
#include <stddef.h>

#include "asn1/alg/pbkdf2.h"
#include "asn1/attrs.h"
#include "asn1/say.h"
#include "client/cms/reader_int.h"
#include "client/cms/zlib.h"

static int
reader_set_algorithm(struct cms_reader *r, const char *name)
{
	if (r->verdict == NULL)
		return 0;
	return reader_set_text(&reader_layer(r)->algorithm_name, name);
}

/* Says of the content what its digest or MAC tells; NULL: it is as it was. */
static int
reader_set_integrity(
    struct cms_reader *r, int code, const char *good, const char *bad)
{
	if (r->verdict != NULL)
		finding_set(&reader_layer(r)->integrity,
		    code == 0 ? FINDING_GOOD : FINDING_BAD, code, "%s",
		    say(code == 0 ? good : bad));
	return 0;
}

/* --- CompressedData --- */

int
reader_take_compression(struct cms_reader *r, struct bytes element)
{
	char name[OID_TEXT_MAX];
	struct alg_id id;
	int code = alg_id_decode(element, &id);

	if (code != 0)
		return err_set(&r->err, code, "the compression algorithm: %s",
		    err_text(code));
	if (alg_find_oid(id.known, ALG_KIND_COMPRESSION) == ALG_ZLIB)
		return 0;
	return err_set(&r->err, -CS_ERR_UNSUPPORTED,
	    "the compression %s is not supported",
	    alg_id_describe(name, sizeof(name), &id));
}

static int
reader_after_inflate(struct sink *sink, struct bytes in, struct err *e)
{
	struct cms_reader *r =
	    (void *)((char *)sink - offsetof(struct cms_reader, after_inflate));

	(void)e; /* is r's own */
	return reader_pass(r, in);
}

int
reader_start_inflate(struct cms_reader *r)
{
	r->after_inflate.write = reader_after_inflate;
	return sink_new_inflate(
	    &r->after_inflate, r->params.inflated, &r->inflate, &r->err);
}

struct inflate_count *
cms_reader_get_inflated(const struct cms_reader *r)
{
	if (r->inner != NULL)
		return cms_reader_get_inflated(r->inner);
	return r->inflate != NULL ? sink_get_inflate_count(r->inflate)
				  : r->params.inflated;
}

/* --- DigestedData --- */

int
reader_finish_digested(struct cms_reader *r)
{
	enum alg alg = r->digests_len != 0 ? r->digests[0] : ALG_NONE;
	int code;

	if (r->verdict == NULL)
		return 0;
	if (!r->has_content)
		return err_set(&r->err, -CS_ERR_UNSUPPORTED,
		    "the content is not in the message");
	code = reader_set_algorithm(r, alg_name(alg));
	if (code != 0)
		return code;
	if (alg == ALG_NONE)
		return reader_set_integrity(
		    r, -CS_ERR_ALGORITHM, NULL, "the digest is not supported");
	return reader_set_integrity(r,
	    r->digest != NULL &&
		    bytes_is_equal(digest_get(r->digest, alg), buf_get(&r->mac))
		? 0
		: -CS_ERR_DIGEST_MISMATCH,
	    N_("its digest fits, which whoever changes it can make anew"),
	    N_("the content is not what the digest was made of"));
}

/* --- EncryptedData --- */

int
reader_take_pbes2(struct cms_reader *r)
{
	struct buf scheme = {.max = CMS_ELEMENT_MAX};
	struct bytes kdf, cipher;
	struct der d, in;
	struct alg_id id;
	int tag, code = alg_id_decode(buf_get(&r->cipher_alg), &id);

	if (code != 0 || id.known != OID_PBES2)
		return 0; /* who looks at it next tells what is wrong */
	der_init(&d, id.params);
	in = der_enter(&d, DER_SEQUENCE);
	kdf = der_get_any(&in, &tag);
	cipher = der_get_any(&in, &tag);
	if (der_end(&in) != 0)
		return der_err(&in, &r->err, "PBES2 parameters");
	code = buf_add_bytes(&r->kdf, kdf);
	if (code == 0)
		code = buf_add_bytes(&scheme, cipher);
	if (code == 0) {
		buf_reset(&r->cipher_alg);
		code = buf_add_bytes(&r->cipher_alg, buf_get(&scheme));
	}
	buf_clear(&scheme);
	return code;
}

/* The password's key, by the derivation that the message names. */
static int
reader_derive_direct(struct cms_reader *r, const struct secret *password,
    size_t len, struct secret **key)
{
	struct pbkdf2_params params;
	struct err e = ERR_INIT;
	struct alg_id id;
	int code = alg_id_decode(buf_get(&r->kdf), &id);

	if (code == 0)
		code = pbkdf2_params_decode(&id, &params, &e);
	if (code != 0)
		return reader_cannot_open(r, code, err_get_text(&e));
	*key = pbkdf2_derive(&params, password, len);
	return *key != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/*
 * The n-th of what could be the key: it does not tell which is right before
 * the end, so that each gets a run of its own.
 */
int
reader_get_direct_key(struct cms_reader *r, struct secret **key)
{
	const struct cms_reader_params *p = &r->params;
	size_t len = cipher_params_key_len(&r->cipher_params), n = 0, i;
	size_t at = p->memo == NULL	   ? 0
		    : p->memo->key != NULL ? p->memo->used
					   : p->memo->skip;
	bool is_password = r->kdf.len != 0;
	int code = 0;

	*key = NULL;
	for (i = 0; !is_password && i < p->keks_len; i++)
		if (secret_get_len(p->keks[i].key) == len && n++ == at)
			*key = secret_dup(p->keks[i].key);
	for (i = 0; code == 0 && is_password && i < p->passwords_len; i++)
		if (n++ == at)
			code =
			    reader_derive_direct(r, p->passwords[i], len, key);
	r->has_more = n > at + 1;
	if (*key != NULL && p->memo != NULL) {
		p->memo->used = at;
		if (p->memo->key == NULL)
			p->memo->key = secret_dup(*key);
	}
	if (code != 0 || *key != NULL || n > at)
		return code;
	return reader_cannot_open(r, -CS_ERR_NO_RECIPIENT,
	    is_password
		? "the message is encrypted with a password: give "
		  "--password-file"
		: N_("the message is encrypted with a key that both sides "
		     "have: give --kek-file with one of its length"));
}

/* --- AuthenticatedData --- */

int
reader_take_auth_digest(struct cms_reader *r, struct bytes element)
{
	struct alg_id id;
	struct der d;
	enum alg alg;

	der_init(&d, element);
	der_get_alg_id_tag(&d, DER_CONTEXT_C(1), &id);
	if (der_end(&d) != 0)
		return der_err(&d, &r->err, "digestAlgorithm");
	r->has_auth_digest = true;
	alg = alg_id_get_digest(&id);
	if (alg != ALG_NONE)
		r->digests[r->digests_len++] = alg;
	return 0;
}

int
reader_take_mac_attrs(struct cms_reader *r, struct bytes element)
{
	struct bytes attrs;
	struct der d;

	buf_init(&r->auth_attrs, CMS_ELEMENT_MAX);
	der_init(&d, element);
	attrs = der_get(&d, DER_CONTEXT_C(2));
	return attrs_put_set_of(&r->auth_attrs, attrs);
}

int
reader_start_mac(struct cms_reader *r)
{
	char name[OID_TEXT_MAX];
	struct secret *key;
	struct alg_id id;
	enum alg alg;
	int code;

	if (r->verdict == NULL)
		return 0;
	code = alg_id_decode(buf_get(&r->cipher_alg), &id);
	if (code != 0)
		return err_set(
		    &r->err, code, "macAlgorithm: %s", err_text(code));
	alg = alg_find_oid(id.known, ALG_KIND_MAC);
	code =
	    reader_set_algorithm(r, alg_id_describe(name, sizeof(name), &id));
	if (code == 0 && alg == ALG_NONE)
		return reader_set_integrity(r, -CS_ERR_ALGORITHM, NULL,
		    "the authentication is not supported");
	if (code == 0)
		code = reader_get_key(
		    r, alg_get(alg)->output_len, buf_get(&r->cipher_alg), &key);
	if (code != 0 || key == NULL)
		return code;
	r->mac_stream = mac_new(alg, key);
	secret_free(key);
	return r->mac_stream != NULL ? 0 : -CS_ERR_NO_MEMORY;
}

/* RFC 5652 9.2: with attributes, these are what is authenticated, and they
 * hold the digest of the content. */
static int
reader_check_mac_attrs(struct cms_reader *r, struct err *e)
{
	struct bytes set = buf_get(&r->auth_attrs), attrs, digest, type;
	struct der d;
	int code;

	if (!r->has_auth_digest || r->digest == NULL)
		return err_set(e, -CS_ERR_ATTRIBUTES,
		    "there are attributes, and no digest that is supported");
	der_init(&d, set);
	attrs = der_get(&d, DER_SET);
	code = attrs_check(attrs, e);
	if (code == 0)
		code = attrs_get_content_type(attrs, &type, e);
	if (code == 0)
		code = attrs_get_message_digest(attrs, &digest, e);
	if (code == 0 && !bytes_is_equal(type, buf_get(&r->content_type)))
		code = err_set(e, -CS_ERR_ATTRIBUTES,
		    "the authenticated content type is another than the "
		    "content's");
	if (code == 0 &&
	    !bytes_is_equal(digest, digest_get(r->digest, r->digests[0])))
		code = err_set(e, -CS_ERR_DIGEST_MISMATCH,
		    "the content was changed, or its key is another");
	if (code == 0)
		mac_write(r->mac_stream, set);
	return code;
}

int
reader_finish_authenticated(struct cms_reader *r)
{
	struct err e = ERR_INIT;
	int code = 0;

	if (r->verdict == NULL)
		return 0;
	if (!r->has_content)
		return err_set(&r->err, -CS_ERR_UNSUPPORTED,
		    "the content is not in the message");
	if (r->mac_stream == NULL)
		return 0; /* why is told already */
	if (r->auth_attrs.len != 0)
		code = reader_check_mac_attrs(r, &e);
	else if (r->has_auth_digest)
		code = err_set(&e, -CS_ERR_ATTRIBUTES,
		    "a digest is announced, and there are no attributes");
	else if (r->inner != NULL)
		code = err_set(&e, -CS_ERR_ATTRIBUTES,
		    "that the content is compressed is not authenticated");
	if (code == 0 && !mac_check(r->mac_stream, buf_get(&r->mac)))
		code = err_set(&e, -CS_ERR_AUTH_TAG,
		    "the message was changed on the way, or its key is "
		    "another");
	return reader_set_integrity(r, code,
	    N_("it is as it was made by someone who has its key"),
	    err_get_text(&e));
}

/* --- CompressedData inside something else --- */

/* Compressed content is read by a reader of its own, which begins with the
 * content's type known. */
int
reader_start_inner(struct cms_reader *r)
{
	int code;

	if (r->params.is_raw ||
	    oid_find(buf_get(&r->content_type)) != OID_COMPRESSED_DATA)
		return 0;
	code = cms_reader_new(
	    &r->params, r->verdict, r->content, &r->inner, &r->err);
	if (code != 0)
		return code;
	err_clear(&r->inner_err);
	r->inner->type = CMS_COMPRESSED;
	r->inner->levels[0].place = PLACE_CONTENT;
	return reader_add_layer(r->inner, VERDICT_COMPRESSED, "CompressedData");
}

/* What goes wrong with the form of what is inside counts only when all around
 * it is good: under a wrong key it is noise. */
int
reader_pass_inner(struct cms_reader *r, struct bytes run)
{
	struct err e = ERR_INIT;
	int code;

	if (r->inner_err.code != 0)
		return 0;
	code = cms_reader_write(r->inner, run, &e);
	if (code == 0 || err_class(code) != ERR_CLASS_FORMAT)
		return code == 0
			   ? 0
			   : err_set(&r->err, code, "%s", err_get_text(&e));
	r->inner_err = e;
	return 0;
}

/* Is what is around the content bad already? */
static bool
reader_is_bad(const struct cms_reader *r)
{
	const struct verdict_layer *layer;
	size_t i;

	if (r->verdict == NULL)
		return false;
	layer = reader_layer(r);
	for (i = 0; i < layer->signers_len; i++)
		if (layer->signers[i].integrity.state != FINDING_GOOD)
			return true;
	return layer->decryption.state == FINDING_BAD ||
	       layer->integrity.state == FINDING_BAD;
}

int
reader_finish_inner(struct cms_reader *r)
{
	struct err e = r->inner_err;
	int code = e.code;

	if (code == 0)
		code = cms_reader_finish(r->inner, &e);
	if (code == 0 || reader_is_bad(r))
		return 0;
	r->err = e;
	return code;
}
