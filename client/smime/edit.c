/* edit.c: signed mails that get more signatures. */
#include "asn1/base64.h"
#include "client/smime/canon.h"
#include "client/smime/mail.h"
#include "client/smime/read_int.h"
#include "client/smime/writer.h"

static int
edit_apply(const struct smime_edit *edit, struct cms_edit *cms, struct err *e)
{
	return edit->is_counter ? cms_edit_countersign(cms, e)
				: cms_edit_add_signers(cms, e);
}

/* --- application/pkcs7-mime --- */

static int
edit_make(void *ctx, struct sink *out, struct err *e)
{
	return cms_edit_write(ctx, out, e);
}

int
reading_edit_pkcs7(struct reading *r, struct source *cms, struct err *e)
{
	const struct smime_edit *edit = r->params->edit;
	/* the writer takes nothing but the header of it */
	struct smime_mail mail = {.header = r->header};
	struct cms_edit *message;
	int ret = cms_edit_read(edit->params, cms, &message, e);

	if (ret == 0)
		ret = edit_apply(edit, message, e);
	if (ret == 0)
		ret = writer_write_pkcs7(
		    &mail, "signed-data", edit_make, message, edit->out, e);
	cms_edit_free(message);
	return ret;
}

/* --- multipart/signed --- */

struct memory_source {
	struct source source;
	struct bytes bytes;
};

static int
memory_source_run(struct source *source, struct sink *sink, struct err *e)
{
	return sink_write(sink, ((struct memory_source *)source)->bytes, e);
}

static int
edit_write_top(struct reading *r, const struct edit_signed *s,
    const struct cms_edit *message, struct sink *out, struct err *e)
{
	enum alg algs[CMS_DIGESTS_MAX];
	size_t i, n = cms_edit_get_digests(message, algs);
	struct buf b = {0};
	int ret = mail_write_outer(buf_get(&r->header), out, e);

	buf_add_str(&b, "MIME-Version: 1.0\r\nContent-Type: multipart/signed; "
			"protocol=\"application/pkcs7-signature\";\r\n"
			" micalg=\"");
	for (i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", alg_micalg(algs[i]));
	buf_add_str(&b, "\"; boundary=\"");
	for (i = 0; i < s->boundary.len; i++) {
		if (s->boundary.p[i] == '"' || s->boundary.p[i] == '\\')
			buf_add_byte(&b, '\\');
		buf_add_byte(&b, s->boundary.p[i]);
	}
	buf_add_str(&b, "\"\r\n\r\n");
	if (ret == 0)
		ret = b.err != 0 ? err_set(e, b.err, NULL)
				 : sink_write(out, buf_get(&b), e);
	buf_clear(&b);
	return ret;
}

static int
edit_copy(struct reading *r, const struct edit_signed *s, uint64_t from,
    uint64_t to, struct sink *out, struct err *e)
{
	struct sink *canon = NULL;
	int ret;

	if (s->is_canonical) {
		canon = sink_new_canon(out);
		if (canon == NULL)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	ret = input_run(r->in, from, to, canon != NULL ? canon : out, e);
	if (ret == 0 && canon != NULL)
		ret = sink_finish(canon, e);
	sink_free(canon);
	return ret;
}

static int
edit_write_part(struct cms_edit *message, struct sink *out, struct err *e)
{
	struct sink *base64 =
	    sink_new_base64_enc(out, BASE64_LINE_MIME, "\r\n");
	int ret;

	if (base64 == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	ret = mail_write_str(out, writer_signature_header, e);
	if (ret == 0)
		ret = cms_edit_write(message, base64, e);
	if (ret == 0)
		ret = sink_finish(base64, e);
	sink_free(base64);
	return ret;
}

static int
edit_write_signed(struct reading *r, const struct edit_signed *s,
    struct cms_edit *message, struct err *e)
{
	struct sink *out = r->params->edit->out;
	int ret = edit_write_top(r, s, message, out, e);

	if (ret == 0)
		ret = edit_copy(r, s, r->body, s->part_from, out, e);
	if (ret == 0)
		ret = edit_write_part(message, out, e);
	return ret == 0 ? edit_copy(r, s, s->part_to, INPUT_TO_END, out, e)
			: ret;
}

int
reading_edit_signed(
    struct reading *r, const struct edit_signed *s, struct err *e)
{
	const struct smime_edit *edit = r->params->edit;
	struct cms_edit_params params = *edit->params;
	struct memory_source source = {
	    .source = {.run = memory_source_run, .is_stable = true},
	    .bytes = s->signature};
	struct cms_edit *message;
	int ret;

	params.read.detached = s->digest;
	params.read.detached_len = s->content_len;
	params.read.detached_head = s->content_head;
	ret = cms_edit_read(&params, &source.source, &message, e);
	if (ret == 0)
		ret = edit_apply(edit, message, e);
	if (ret == 0)
		ret = edit_write_signed(r, s, message, e);
	cms_edit_free(message);
	return ret;
}

int
smime_edit(struct input *in, const struct cms_edit_params *params,
    bool is_counter, struct sink *out, struct err *e)
{
	static const struct cms_trust nobody;
	struct smime_edit edit = {params, is_counter, out};
	struct smime_read_params read = {
	    .cms = params->read, .wants_signed = true, .edit = &edit};
	struct verdict *v = verdict_new();
	int r;

	if (v == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (read.cms.trust == NULL)
		read.cms.trust = &nobody;
	r = smime_read(in, &read, NULL, v, e);
	verdict_free(v);
	return r;
}
