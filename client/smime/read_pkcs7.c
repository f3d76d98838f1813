/* read_pkcs7.c: application/pkcs7-mime: the body is one CMS object. */
#include <stdlib.h>
#include <string.h>

#include "client/smime/mail.h"
#include "client/smime/read_int.h"

/* The octets of the CMS object. */
struct pkcs7_source {
	struct source source;
	struct input *in;
	uint64_t body;
	enum transfer_encoding cte;
};

static int
pkcs7_source_run(struct source *source, struct sink *sink, struct err *e)
{
	struct pkcs7_source *p = (struct pkcs7_source *)source;
	struct sink *stage;
	uint8_t front[64];
	size_t got;
	int r;

	r = input_read_at(p->in, p->body, front, sizeof(front), &got, e);
	if (r == 0)
		r = reading_new_decoder(
		    p->cte, bytes_of(front, got), sink, &stage, e);
	if (r != 0)
		return r;
	r = input_run(
	    p->in, p->body, INPUT_TO_END, stage != NULL ? stage : sink, e);
	if (r == 0 && stage != NULL)
		r = sink_finish(stage, e);
	sink_free(stage);
	return r;
}

/* --- an opened mail with the headers it came with --- */

struct rejoin {
	struct release_front front;
	const struct reading *reading;
};

/* Does the opened entity begin with its own header, or with the empty line
 * behind one? Some programs encrypt mere text. */
static bool
has_own_header(struct bytes front)
{
	switch (header_judge_line(front)) {
	case HEADER_FIELD:
		return true;
	case HEADER_BLANK:
		return front.len > 0;
	default:
		return front.len > 0 && front.p[0] == '\n';
	}
}

static int
rejoin_write(struct release_front *front, struct bytes first, struct sink *out,
    struct err *e)
{
	const struct rejoin *j = (const struct rejoin *)front;
	int r = mail_write_outer(buf_get(&j->reading->header), out, e);
	const uint8_t *lf =
	    first.len > 0 ? memchr(first.p, '\n', first.len) : NULL;

	if (lf != NULL)
		first.len = (size_t)(lf - first.p) + 1;
	if (r == 0)
		r = mail_write_str(out, "MIME-Version: 1.0\r\n", e);
	if (r == 0 && !has_own_header(first))
		r = mail_write_str(out, "\r\n", e);
	return r;
}

int
reading_pkcs7(struct reading *r, struct err *e)
{
	const struct smime_read_params *params = r->params;
	struct cms_reader_params cms = params->cms;
	struct pkcs7_source source = {
	    .source.run = pkcs7_source_run,
	    .source.is_stable = input_is_stable(r->in),
	    .in = r->in,
	    .body = r->body,
	    .cte = header_get_cte(buf_get(&r->header)),
	};
	struct rejoin rejoin = {{rejoin_write}, r};
	int ret;

	if (params->edit != NULL)
		return reading_edit_pkcs7(r, &source.source, e);
	if (params->take != NULL)
		return params->take(
		    params->take_ctx, &source.source, buf_get(&r->header), e);
	/* What is not wanted is refused by name (reader.h). */
	if (params->wants_signed)
		cms.ops = NULL;
	if (params->wants_encrypted)
		cms.trust = NULL;
	if (params->keeps_headers && r->out != NULL)
		ret = cms_read_behind(
		    &cms, &source.source, &rejoin.front, r->out, r->verdict, e);
	else
		ret = cms_read(
		    &cms, &source.source, RELEASE_GOOD, r->out, r->verdict, e);
	return ret == 0 ? reading_set_format(r, "application/pkcs7-mime", e)
			: ret;
}
