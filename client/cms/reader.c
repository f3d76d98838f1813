/* The structure of CMS messages; what is in them is judged elsewhere. */
#include "asn1/say.h"
#include "client/cms/reader_int.h"

#include <stdlib.h>
#include <string.h>

#define READER_VERSION_MAX 5

int
reader_pass(struct cms_reader *r, struct bytes run)
{
	if (r->inner != NULL && run.len != 0)
		return reader_pass_inner(r, run);
	if (r->content == NULL || run.len == 0)
		return 0;
	return sink_write(r->content, run, &r->err);
}

static enum reader_place
reader_place_by_type(const struct cms_reader *r)
{
	switch (r->type) {
	case CMS_SIGNED:
		return PLACE_SIGNED;
	case CMS_ENVELOPED:
		return PLACE_ENVELOPED;
	case CMS_COMPRESSED:
		return PLACE_COMPRESSED;
	case CMS_DIGESTED:
		return PLACE_DIGESTED;
	case CMS_ENCRYPTED:
		return PLACE_ENCRYPTED_DATA;
	case CMS_AUTHENTICATED:
		return PLACE_AUTHENTICATED;
	default:
		return PLACE_AUTH_ENVELOPED;
	}
}

/* Content begins: what must be known of it is known now. */
static int
reader_start_digests(struct cms_reader *r)
{
	enum alg algs[2 * CMS_DIGESTS_MAX];
	const struct cms_memo *memo = r->params.memo;
	size_t n = 0, i;

	if (r->verdict == NULL)
		return 0;
	for (i = 0; i < r->digests_len; i++)
		algs[n++] = r->digests[i];
	for (i = 0; memo != NULL && i < memo->digests_len; i++)
		algs[n++] = memo->digests[i];
	if (n > CMS_DIGESTS_MAX)
		n = CMS_DIGESTS_MAX;
	if (n == 0)
		return 0;
	r->digest = digest_new_all(algs, n);
	return r->digest != NULL ? 0
				 : err_set(&r->err, -CS_ERR_NO_MEMORY, NULL);
}

static int
reader_start_content(struct cms_reader *r)
{
	int code = 0;

	r->has_content = true;
	if (r->params.detached != NULL)
		return err_set(&r->err, -CS_ERR_ENCODING,
		    "the signature holds content of its own, beside the "
		    "content that it was given with");
	if (r->type == CMS_COMPRESSED)
		return reader_start_inflate(r);
	if (r->type == CMS_AUTHENTICATED)
		code = reader_start_mac(r);
	if (code == 0)
		code = reader_start_digests(r);
	return code == 0 ? reader_start_inner(r) : code;
}

static int
reader_on_header(void *ctx, const struct ber_header *h)
{
	struct cms_reader *r = ctx;
	const struct reader_field *f = reader_find_field(r, h);
	struct reader_level *inner = &r->levels[h->depth + 1];
	int result = 0;

	if (f == NULL)
		return r->err.code;
	if (f->action == BER_ENTER) {
		inner->place = f->place == PLACE_BY_TYPE
				   ? reader_place_by_type(r)
				   : f->place;
		inner->step = 0;
		return BER_ENTER;
	}
	r->item = f->item;
	if ((r->item == ITEM_CRL && !reader_wants_crl(r, h)) ||
	    (r->item == ITEM_CERTIFICATE && !reader_wants_certificate(r))) {
		r->item = ITEM_NONE;
		return BER_SKIP;
	}
	if (r->item == ITEM_CONTENT)
		result = reader_start_content(r);
	else if (r->item == ITEM_CIPHERTEXT)
		result = reader_start_decrypt(r);
	return result != 0 ? result : (int)f->action;
}

static int
reader_on_end(void *ctx, const struct ber_header *h)
{
	struct cms_reader *r = ctx;
	const struct reader_level *level = &r->levels[h->depth + 1];
	enum reader_item streamed = r->item;
	int code;

	r->item = ITEM_NONE;
	if (streamed == ITEM_CONTENT)
		return r->inflate != NULL ? sink_finish(r->inflate, &r->err)
					  : 0;
	if (streamed == ITEM_CIPHERTEXT)
		return reader_end_ciphertext(r);
	code = reader_check_end(r, h);
	if (code != 0)
		return code;
	if (level->place == PLACE_ENCAP)
		r->is_encap_ended = true;
	return 0;
}

/* --- what was captured --- */

static struct bytes
reader_get_content(struct bytes element)
{
	struct der d;
	int tag = element.len != 0 ? element.p[0] : 0;

	der_init(&d, element);
	return der_get(&d, tag);
}

static int
reader_refuse_type(struct cms_reader *r, struct bytes oid)
{
	char name[OID_TEXT_MAX];

	r->type = CMS_OTHER;
	return err_set(&r->err, -CS_ERR_UNSUPPORTED,
	    "the message is of type %s, which cannot be read",
	    oid_describe(name, sizeof(name), oid));
}

int
reader_add_layer(struct cms_reader *r, enum verdict_kind kind, const char *name)
{
	struct verdict_layer *layer;

	if (r->verdict == NULL)
		return 0;
	layer = verdict_add_layer(r->verdict, kind);
	if (layer == NULL)
		return err_set(&r->err, -CS_ERR_NO_MEMORY, NULL);
	r->layer = r->verdict->layers_len - 1;
	return reader_set_text(&layer->format, name);
}

/* Is anything here that could open what is encrypted? */
static bool
reader_can_open(const struct cms_reader *r)
{
	return r->params.ops != NULL || r->params.keks_len != 0 ||
	       r->params.passwords_len != 0;
}

/* What each type is, and what verify says of it. */
static const struct {
	enum oid oid;
	enum cms_type type;
	enum verdict_kind kind;
	const char *name;
	const char *is;
} types[] = {
    {OID_SIGNED_DATA, CMS_SIGNED, VERDICT_SIGNED, "SignedData", "signed"},
    {OID_ENVELOPED_DATA, CMS_ENVELOPED, VERDICT_ENCRYPTED, "EnvelopedData",
	"encrypted"},
    {OID_AUTH_ENVELOPED_DATA, CMS_AUTH_ENVELOPED, VERDICT_ENCRYPTED,
	"AuthEnvelopedData", "encrypted"},
    {OID_ENCRYPTED_DATA, CMS_ENCRYPTED, VERDICT_ENCRYPTED, "EncryptedData",
	"encrypted"},
    {OID_COMPRESSED_DATA, CMS_COMPRESSED, VERDICT_COMPRESSED, "CompressedData",
	"compressed"},
    {OID_DIGESTED_DATA, CMS_DIGESTED, VERDICT_DIGESTED, "DigestedData",
	N_("with a digest and not signed")},
    {OID_AUTH_DATA, CMS_AUTHENTICATED, VERDICT_AUTHENTICATED,
	"AuthenticatedData", N_("authenticated by a key and not signed")},
};
#define TYPES_LEN (sizeof(types) / sizeof(types[0]))

static int
reader_take_type(struct cms_reader *r, struct bytes oid)
{
	const struct cms_reader_params *p = &r->params;
	enum oid known = oid_find(oid);
	size_t i;

	for (i = 0; i < TYPES_LEN && types[i].oid != known; i++)
		;
	if (i == TYPES_LEN)
		return reader_refuse_type(r, oid);
	r->type = types[i].type;
	if (r->type == CMS_SIGNED) {
		if (r->verdict != NULL && reader_can_open(r) &&
		    p->trust == NULL)
			return err_set(&r->err, -CS_ERR_NOT_ENCRYPTED,
			    "the message is signed and not encrypted");
	} else if (p->detached != NULL || !reader_can_open(r)) {
		return err_set(&r->err, -CS_ERR_NOT_SIGNED,
		    "the message is %s; whether something in it is signed "
		    "shows when it is opened",
		    say(types[i].is));
	}
	return reader_add_layer(r, types[i].kind, types[i].name);
}

static int
reader_take_version(struct cms_reader *r, struct bytes element)
{
	struct der d;

	der_init(&d, element);
	if (der_get_uint(&d, READER_VERSION_MAX) <= READER_VERSION_MAX &&
	    der_end(&d) == 0)
		return 0;
	return err_set(&r->err, -CS_ERR_UNSUPPORTED,
	    "the message has a version that is not supported");
}

static void
reader_take_digest(struct cms_reader *r, struct bytes element)
{
	struct alg_id id;
	enum alg alg;
	size_t i;

	if (r->params.parts != NULL)
		(void)!elements_add(&r->params.parts->digests, element,
		    CMS_DIGESTS_MAX * 4, CMS_ELEMENT_MAX, "digests", NULL);
	if (alg_id_decode(element, &id) != 0)
		return; /* no SignerInfo can need it */
	alg = alg_id_get_digest(&id);
	if (alg == ALG_NONE)
		return;
	for (i = 0; i < r->digests_len; i++)
		if (r->digests[i] == alg)
			return;
	if (r->digests_len < CMS_DIGESTS_MAX)
		r->digests[r->digests_len++] = alg;
}

static int
reader_take_content_type(struct cms_reader *r, struct bytes oid)
{
	char name[OID_TEXT_MAX];

	if (buf_add_bytes(&r->content_type, oid) != 0)
		return err_set(&r->err, r->content_type.err, NULL);
	if (r->verdict == NULL)
		return 0;
	return reader_set_text(&reader_layer(r)->content_type,
	    oid_describe(name, sizeof(name), oid));
}

static int
reader_on_captured(void *ctx, const struct ber_header *h, struct bytes element)
{
	struct cms_reader *r = ctx;
	enum reader_item item = r->item;

	(void)h;
	r->item = ITEM_NONE;
	switch (item) {
	case ITEM_TYPE:
		return reader_take_type(r, reader_get_content(element));
	case ITEM_VERSION:
		return reader_take_version(r, element);
	case ITEM_DIGEST:
		reader_take_digest(r, element);
		return 0;
	case ITEM_CONTENT_TYPE:
		return reader_take_content_type(r, reader_get_content(element));
	case ITEM_CERTIFICATE:
		return reader_take_certificate(r, element);
	case ITEM_CRL:
		return reader_take_crl(r, element);
	case ITEM_SIGNER:
		return elements_add(&r->signers, element, CMS_SIGNERS_MAX,
		    CMS_SIGNERS_LEN_MAX, "signers", &r->err);
	case ITEM_RECIPIENT:
		return elements_add(&r->recipients, element, CMS_RECIPIENTS_MAX,
		    CMS_RECIPIENTS_LEN_MAX, "recipients", &r->err);
	case ITEM_CIPHER:
		buf_add_bytes(&r->cipher_alg, element);
		return r->cipher_alg.err;
	case ITEM_AUTH_ATTRS:
		return r->type == CMS_AUTHENTICATED
			   ? reader_take_mac_attrs(r, element)
			   : reader_take_auth_attrs(r, element);
	case ITEM_COMPRESSION:
		return reader_take_compression(r, element);
	case ITEM_AUTH_DIGEST:
		return reader_take_auth_digest(r, element);
	case ITEM_MAC:
		buf_add_bytes(&r->mac, reader_get_content(element));
		return r->mac.err;
	default:
		return -CS_ERR_INTERNAL;
	}
}

static int
reader_on_content(void *ctx, struct bytes run)
{
	struct cms_reader *r = ctx;
	size_t len;

	if (r->item == ITEM_CIPHERTEXT)
		return reader_decrypt(r, run);
	if (r->content_len < CMS_HEAD_LEN) {
		len = CMS_HEAD_LEN - (size_t)r->content_len;
		len = run.len < len ? run.len : len;
		if (len != 0)
			memcpy(r->head + r->content_len, run.p, len);
	}
	r->content_len += run.len;
	reader_keep_receipt(r, run);
	if (r->digest != NULL)
		digest_write(r->digest, run);
	if (r->mac_stream != NULL && !r->has_auth_digest)
		mac_write(r->mac_stream, run);
	return r->inflate != NULL ? sink_write(r->inflate, run, &r->err)
				  : reader_pass(r, run);
}

/* --- the reader --- */

int
cms_reader_new(const struct cms_reader_params *params, struct verdict *verdict,
    struct sink *content, struct cms_reader **reader, struct err *e)
{
	static const struct ber_owner owner = {
	    .header = reader_on_header,
	    .captured = reader_on_captured,
	    .content = reader_on_content,
	    .end = reader_on_end,
	};
	struct cms_reader *r = calloc(1, sizeof(*r));

	*reader = NULL;
	if (r != NULL) {
		err_clear(&r->err);
		r->ber = ber_new(&owner, r, CMS_ELEMENT_MAX, &r->err);
		r->certificates = cert_set_new();
	}
	if (r == NULL || r->ber == NULL || r->certificates == NULL) {
		cms_reader_free(r);
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	r->params = *params;
	if (params->parts != NULL)
		cms_parts_clear(params->parts);
	r->verdict = verdict;
	r->content = content;
	r->levels[0].place = PLACE_TOP;
	*reader = r;
	return 0;
}

void
cms_reader_free(struct cms_reader *r)
{
	if (r == NULL)
		return;
	ber_free(r->ber);
	buf_clear(&r->content_type);
	digest_free(r->digest);
	cert_set_free(r->certificates);
	crl_set_free(r->crls);
	ocsp_set_free(r->ocsps);
	elements_clear(&r->signers);
	buf_clear(&r->receipt);
	elements_clear(&r->recipients);
	buf_clear(&r->cipher_alg);
	buf_clear(&r->mac);
	buf_clear(&r->kdf);
	buf_clear(&r->auth_attrs);
	sink_free(r->inflate);
	mac_free(r->mac_stream);
	cms_reader_free(r->inner);
	cipher_free(r->cipher);
	if (r->plain != NULL)
		mem_wipe(r->plain, READER_PLAIN_LEN);
	free(r->plain);
	free(r);
}

/* Hands on what went wrong; a code without its own story gets the list's. */
static int
reader_result(struct cms_reader *r, int code, struct err *e)
{
	if (code == 0)
		return 0;
	if (r->err.code != code)
		err_set(&r->err, code, NULL);
	if (e != NULL)
		*e = r->err;
	return code;
}

/* What the encoding's reader finds has an offset; here is the field, too. */
static void
reader_tell_field(struct cms_reader *r, int code)
{
	if (code != 0 && code == r->err.code && !r->is_field_told &&
	    r->field != NULL && code != -CS_ERR_TRAILING &&
	    r->err.offset != ERR_NO_OFFSET) {
		err_context(&r->err, "%s", r->field);
		r->is_field_told = true;
	}
}

int
cms_reader_write(struct cms_reader *r, struct bytes in, struct err *e)
{
	size_t used;
	int code = ber_write(r->ber, in, &used);

	reader_tell_field(r, code);
	/* Broken attributes make a bad message, and no other format. */
	if (code != 0 && r->item == ITEM_AUTH_ATTRS &&
	    err_class(code) == ERR_CLASS_FORMAT) {
		err_context(&r->err, "the authenticated attributes");
		code = r->err.code = -CS_ERR_ATTRIBUTES;
	}
	return reader_result(r, code, e);
}

static int
reader_finish_by_type(struct cms_reader *r)
{
	int code;

	switch (r->type) {
	case CMS_SIGNED:
		code = r->verdict != NULL ? reader_judge_signers(r) : 0;
		return code == 0 ? reader_keep_rest(r) : code;
	case CMS_DIGESTED:
		return reader_finish_digested(r);
	case CMS_AUTHENTICATED:
		return reader_finish_authenticated(r);
	case CMS_COMPRESSED:
		return r->has_content ? 0
				      : err_set(&r->err, -CS_ERR_UNSUPPORTED,
					    "the compressed content is not in "
					    "the message");
	default:
		return reader_finish_enveloped(r);
	}
}

int
cms_reader_finish(struct cms_reader *r, struct err *e)
{
	int code = ber_finish(r->ber);

	reader_tell_field(r, code);
	if (code == 0)
		code = reader_finish_by_type(r);
	if (code == 0 && r->inner != NULL && !r->wants_rerun)
		code = reader_finish_inner(r);
	return reader_result(r, code, e);
}

enum cms_type
cms_reader_get_type(const struct cms_reader *r)
{
	return r->type;
}

bool
cms_reader_is_detached(const struct cms_reader *r)
{
	return r->type == CMS_SIGNED && r->is_encap_ended && !r->has_content;
}

bool
cms_reader_wants_rerun(const struct cms_reader *r)
{
	return r->wants_rerun;
}
