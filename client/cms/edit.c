#include "client/cms/edit.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/signer_info.h"
#include "client/cms/release.h"
#include "client/cms/sign_info.h"

#define EDIT_SHELL_MAX ((size_t)8 << 20)

struct cms_edit {
	struct cms_edit_params params;
	struct source *cms;
	struct cms_parts parts;
};

void
cms_edit_free(struct cms_edit *edit)
{
	if (edit == NULL)
		return;
	cms_parts_clear(&edit->parts);
	free(edit);
}

/* --- reading --- */

static size_t
add_digest(enum alg algs[CMS_DIGESTS_MAX], size_t n, enum alg alg)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (algs[i] == alg)
			return n;
	if (n == CMS_DIGESTS_MAX || alg == ALG_NONE)
		return n;
	algs[n] = alg;
	return n + 1;
}

size_t
cms_edit_want_digests(
    const struct cms_sign_params *sign, enum alg algs[CMS_DIGESTS_MAX])
{
	size_t i, n = 0;

	for (i = 0; i < sign->signers_len; i++)
		n = add_digest(algs, n, sign_get_digest(&sign->signers[i]));
	return n;
}

/* The first signature that is not good, if any. */
static int
edit_check(const struct verdict *v, struct err *e)
{
	const struct verdict_layer *layer = &v->layers[0];
	const struct finding *f;
	size_t i;

	for (i = 0; i < layer->signers_len; i++) {
		f = &layer->signers[i].integrity;
		if (f->state != FINDING_GOOD)
			return err_set(e, f->code,
			    "a signature that is there is not good (%s): "
			    "nothing was added",
			    f->text);
	}
	if (layer->signers_len == 0)
		return err_set(e, -CS_ERR_NOT_SIGNED,
		    "the message has certificates and no signature");
	return 0;
}

static int
edit_judge(struct cms_edit *edit, struct err *e)
{
	static const struct cms_trust nobody;
	struct cms_reader_params read = edit->params.read;
	struct verdict *v = verdict_new();
	enum alg algs[CMS_DIGESTS_MAX];
	size_t i, n = cms_edit_want_digests(edit->params.sign, algs);
	int r = -CS_ERR_NO_MEMORY;

	read.ops = NULL;
	read.parts = &edit->parts;
	read.is_raw = true;
	read.memo = cms_memo_new();
	if (read.trust == NULL)
		read.trust = &nobody;
	if (v != NULL && read.memo != NULL)
		r = 0;
	/* SHA-256 to tell that the content is the same when it is written */
	if (r == 0)
		(void)cms_memo_want_digest(read.memo, ALG_SHA256);
	for (i = 0; r == 0 && i < n; i++)
		(void)cms_memo_want_digest(read.memo, algs[i]);
	if (r == 0)
		r = cms_read(&read, edit->cms, RELEASE_NEVER, NULL, v, e);
	if (r == 0)
		r = edit_check(v, e);
	cms_memo_free(read.memo);
	verdict_free(v);
	return r;
}

int
cms_edit_read(const struct cms_edit_params *params, struct source *cms,
    struct cms_edit **edit, struct err *e)
{
	struct cms_edit *new = calloc(1, sizeof(*new));
	int r;

	*edit = NULL;
	if (new == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	new->params = *params;
	new->cms = cms;
	r = edit_judge(new, e);
	if (r != 0) {
		cms_edit_free(new);
		return r;
	}
	*edit = new;
	return 0;
}

/* --- signing --- */

static struct digest *
edit_get_digest(const struct cms_edit *edit)
{
	return edit->parts.has_content ? edit->parts.digest
				       : edit->params.read.detached;
}

static int
edit_add_certificates(struct cms_edit *edit, struct err *e)
{
	struct elements *list = &edit->parts.certificates;
	struct cert_set *all = cert_set_new();
	struct bytes raw;
	size_t i;
	int r = -CS_ERR_NO_MEMORY;

	if (all != NULL)
		r = sign_collect_certificates(edit->params.sign, all);
	if (r != 0)
		err_set(e, r, NULL);
	for (i = 0; r == 0 && i < cert_set_get_len(all); i++) {
		raw = cert_get_raw(cert_set_get(all, i));
		if (!elements_has(list, raw))
			r = elements_add(list, raw, CMS_CERTIFICATES_MAX,
			    CMS_CERTIFICATES_LEN_MAX, "certificates", e);
	}
	cert_set_free(all);
	return r;
}

/* digestAlgorithms announce what is needed ahead of the content. */
static int
edit_announce(struct cms_edit *edit, enum alg alg, struct err *e)
{
	struct elements *list = &edit->parts.digests;
	struct alg_id id;
	struct buf b = {0};
	size_t i;
	int r;

	for (i = 0; i < list->len; i++)
		if (alg_id_decode(buf_get(&list->items[i]), &id) == 0 &&
		    alg_id_get_digest(&id) == alg)
			return 0;
	der_put_alg(&b, alg);
	r = b.err != 0 ? err_set(e, b.err, NULL)
		       : elements_add(list, buf_get(&b), CMS_DIGESTS_MAX * 4,
			     CMS_ELEMENT_MAX, "digests", e);
	buf_clear(&b);
	return r;
}

static int
edit_add_signer(
    struct cms_edit *edit, const struct cms_signer *signer, struct err *e)
{
	enum alg alg = sign_get_digest(signer);
	struct digest *digest = edit_get_digest(edit);
	struct buf info = {.max = CMS_ELEMENT_MAX};
	int r = 0;

	if (digest == NULL || !digest_has(digest, alg))
		r = err_set(e, -CS_ERR_INTERNAL, NULL);
	if (r == 0)
		r = sign_put_info(&info, edit->params.sign, signer,
		    buf_get(&edit->parts.content_type), digest_get(digest, alg),
		    e);
	if (r == 0)
		r = elements_add(&edit->parts.signers, buf_get(&info),
		    CMS_SIGNERS_MAX, CMS_SIGNERS_LEN_MAX, "signers", e);
	if (r == 0)
		r = edit_announce(edit, alg, e);
	buf_clear(&info);
	return r;
}

int
cms_edit_add_signers(struct cms_edit *edit, struct err *e)
{
	const struct cms_sign_params *sign = edit->params.sign;
	size_t i;
	int r = edit_add_certificates(edit, e);

	for (i = 0; r == 0 && i < sign->signers_len; i++)
		r = edit_add_signer(edit, &sign->signers[i], e);
	return r;
}

/* --- countersigning --- */

static int
counter_put(const struct cms_edit *edit, struct bytes signature,
    struct buf *attrs, struct err *e)
{
	const struct cms_sign_params *sign = edit->params.sign;
	uint8_t hash[DIGEST_LEN_MAX];
	struct buf info;
	size_t i, len;
	int r = 0;

	buf_init(&info, CMS_ELEMENT_MAX);
	for (i = 0; r == 0 && i < sign->signers_len; i++) {
		buf_reset(&info);
		len = digest_of(
		    sign_get_digest(&sign->signers[i]), signature, hash);
		r = len == 0 ? err_set(e, -CS_ERR_NO_MEMORY, NULL)
			     : sign_put_info(&info, sign, &sign->signers[i],
				   BYTES_NONE, bytes_of(hash, len), e);
		if (r == 0)
			attr_put(attrs, OID_COUNTER_SIGNATURE, buf_get(&info));
	}
	buf_clear(&info);
	return r;
}

/* The SignerInfo as it is up to its signature, with these attributes. */
static int
counter_rebuild(
    const struct signer_info *info, struct bytes attrs, struct buf *out)
{
	const uint8_t *end = info->signature.p + info->signature.len;
	struct der d, in;
	size_t mark;

	der_init(&d, info->raw);
	in = der_enter(&d, DER_SEQUENCE);
	mark = der_open(out, DER_SEQUENCE);
	der_put_raw(out, bytes_of(in.p, (size_t)(end - in.p)));
	der_put(out, DER_CONTEXT_C(1), attrs);
	der_close(out, mark);
	return out->err;
}

static int
counter_signer(const struct cms_edit *edit, struct bytes raw,
    struct buf *rebuilt, struct err *e)
{
	struct buf set = {.max = CMS_ELEMENT_MAX};
	struct signer_info info;
	struct der d, in;
	size_t mark;
	int r = signer_info_decode(raw, &info, e);

	if (r != 0)
		return r;
	mark = der_open(&set, DER_SET);
	der_put_raw(&set, info.unsigned_attrs);
	r = counter_put(edit, info.signature, &set, e);
	if (r == 0) {
		r = der_close_set_of(&set, mark);
		der_init(&d, buf_get(&set));
		in = der_enter(&d, DER_SET);
		if (r == 0)
			r = counter_rebuild(&info,
			    bytes_of(in.p, (size_t)(in.end - in.p)), rebuilt);
		if (r != 0)
			err_set(e, r, NULL);
	}
	buf_clear(&set);
	return r;
}

int
cms_edit_countersign(struct cms_edit *edit, struct err *e)
{
	struct elements *list = &edit->parts.signers, done = {0};
	struct buf rebuilt;
	size_t i;
	int r = edit_add_certificates(edit, e);

	buf_init(&rebuilt, CMS_ELEMENT_MAX);
	for (i = 0; r == 0 && i < list->len; i++) {
		buf_reset(&rebuilt);
		r = counter_signer(edit, buf_get(&list->items[i]), &rebuilt, e);
		if (r == 0)
			r = elements_add(&done, buf_get(&rebuilt),
			    CMS_SIGNERS_MAX, CMS_SIGNERS_LEN_MAX, "signers", e);
	}
	buf_clear(&rebuilt);
	if (r == 0) {
		elements_clear(list);
		*list = done;
	} else {
		elements_clear(&done);
	}
	return r;
}

/* --- writing --- */

size_t
cms_edit_get_digests(
    const struct cms_edit *edit, enum alg algs[CMS_DIGESTS_MAX])
{
	const struct elements *list = &edit->parts.signers;
	struct signer_info info;
	size_t i, n = 0;

	for (i = 0; i < list->len; i++)
		if (signer_info_decode(buf_get(&list->items[i]), &info, NULL) ==
		    0)
			n = add_digest(
			    algs, n, alg_id_get_digest(&info.digest_alg));
	return n;
}

static int
first_tag(const struct elements *list, size_t i)
{
	return list->items[i].len != 0 ? list->items[i].data[0] : 0;
}

/* RFC 5652 5.1 */
static unsigned
edit_get_version(const struct cms_parts *p)
{
	struct signer_info info;
	unsigned version = 1, tag;
	size_t i;

	if (!bytes_is_equal(buf_get(&p->content_type), oid_get(OID_DATA)))
		version = 3;
	for (i = 0; i < p->signers.len; i++)
		if (signer_info_decode(
			buf_get(&p->signers.items[i]), &info, NULL) == 0 &&
		    cert_id_has_key_id(&info.sid))
			version = 3;
	for (i = 0; i < p->certificates.len; i++) {
		tag = (unsigned)first_tag(&p->certificates, i);
		if (tag == DER_CONTEXT_C(3))
			return 5;
		if (tag == DER_CONTEXT_C(2))
			version = 4;
		else if (tag == DER_CONTEXT_C(1) && version < 3)
			version = 3;
	}
	for (i = 0; i < p->crls.len; i++)
		if (first_tag(&p->crls, i) == DER_CONTEXT_C(1))
			return 5;
	return version;
}

static int
put_set(struct buf *b, int tag, const struct elements *list)
{
	size_t mark, i;

	if (list->len == 0 && tag != DER_SET)
		return 0;
	mark = der_open(b, tag);
	for (i = 0; i < list->len; i++)
		der_put_raw(b, buf_get(&list->items[i]));
	return der_close_set_of(b, mark);
}

static void
put_shell(struct buf *b, const struct cms_parts *p, struct bytes front,
    struct bytes tail)
{
	size_t info, explicit, data, encap;

	info = der_open(b, DER_SEQUENCE);
	der_put_oid(b, OID_SIGNED_DATA);
	explicit = der_open(b, DER_CONTEXT_C(0));
	data = der_open(b, DER_SEQUENCE);
	der_put_raw(b, front);
	encap = der_open(b, DER_SEQUENCE);
	der_put(b, DER_OID, buf_get(&p->content_type));
	der_close(b, encap);
	der_put_raw(b, tail);
	der_close(b, data);
	der_close(b, explicit);
	der_close(b, info);
}

/* The content again, by a reader that judges nothing. */
struct again_sink {
	struct sink sink;
	struct cms_reader *reader;
};

static int
again_write(struct sink *sink, struct bytes in, struct err *e)
{
	return cms_reader_write(((struct again_sink *)sink)->reader, in, e);
}

static int
again_run(struct cms_edit *edit, struct sink *content, struct err *e)
{
	struct cms_reader_params raw = {.is_raw = true};
	struct again_sink again = {.sink = {.write = again_write}};
	int r = cms_reader_new(&raw, NULL, content, &again.reader, e);

	if (r == 0)
		r = source_run(edit->cms, &again.sink, e);
	if (r == 0)
		r = cms_reader_finish(again.reader, e);
	cms_reader_free(again.reader);
	return r;
}

/* As long as it was, and with the same digest. */
static int
edit_write_content(struct cms_edit *edit, struct sink *out, struct err *e)
{
	struct digest *digest = digest_new(ALG_SHA256);
	struct sink *hash = NULL;
	struct exact_sink exact;
	int r = -CS_ERR_NO_MEMORY;

	exact_sink_init(&exact, out, edit->parts.content_len);
	if (digest != NULL)
		hash = sink_new_digest(digest, &exact.sink);
	if (hash != NULL)
		r = again_run(edit, hash, e);
	if (r == 0)
		r = exact_sink_end(&exact, e);
	if (r == 0 && !bytes_is_equal(digest_get(digest, ALG_SHA256),
			  digest_get(edit->parts.digest, ALG_SHA256)))
		r = err_set(e, -CS_ERR_CHANGED,
		    "the message was changed while it was read");
	sink_free(hash);
	digest_free(digest);
	return r;
}

static int
edit_write_parts(struct cms_edit *edit, struct bytes front, struct bytes tail,
    struct sink *out, struct err *e)
{
	const struct cms_parts *p = &edit->parts;
	struct buf head = {.max = EDIT_SHELL_MAX};
	int r;

	if (p->has_content)
		sign_put_head(&head, front, buf_get(&p->content_type),
		    p->content_len, tail.len);
	else
		put_shell(&head, p, front, tail);
	r = head.err != 0 ? err_set(e, head.err, NULL)
			  : sink_write(out, buf_get(&head), e);
	buf_clear(&head);
	if (r != 0 || !p->has_content)
		return r;
	r = edit_write_content(edit, out, e);
	return r == 0 ? sink_write(out, tail, e) : r;
}

int
cms_edit_write(struct cms_edit *edit, struct sink *out, struct err *e)
{
	const struct cms_parts *p = &edit->parts;
	struct buf front = {0}, tail = {.max = EDIT_SHELL_MAX};
	int r;

	der_put_uint(&front, DER_INTEGER, edit_get_version(p));
	r = put_set(&front, DER_SET, &p->digests);
	if (r == 0)
		r = put_set(&tail, DER_CONTEXT_C(0), &p->certificates);
	if (r == 0)
		r = put_set(&tail, DER_CONTEXT_C(1), &p->crls);
	if (r == 0)
		r = put_set(&tail, DER_SET, &p->signers);
	r = r != 0 ? err_set(e, r, NULL)
		   : edit_write_parts(
			 edit, buf_get(&front), buf_get(&tail), out, e);
	buf_clear(&front);
	buf_clear(&tail);
	return r;
}
