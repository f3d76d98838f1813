/* read.c: S/MIME mails read: what kind, and who it says it is from. */
#include <stdlib.h>
#include <string.h>

#include "client/smime/origin.h"
#include "client/smime/read_int.h"
#include "client/smime/transfer.h"

/* The header is all that is wanted: ends the run. */
#define READING_STOP (-CS_ERR_TRY_AGAIN)

int
reading_set_format(struct reading *r, const char *format, struct err *e)
{
	struct verdict *v = r->verdict;
	struct verdict_layer *layer;

	if (v->layers_len == 0)
		return 0;
	layer = &v->layers[v->layers_len - 1];
	free(layer->format);
	layer->format = strdup(format);
	return layer->format != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

void
reading_split_part(struct bytes part, struct bytes *section, struct bytes *body)
{
	const uint8_t *lf;
	struct bytes line;
	size_t at = 0;

	*section = *body = BYTES_NONE;
	while (at < part.len) {
		*section = bytes_of(part.p, at);
		*body = bytes_of(part.p + at, part.len - at);
		lf = memchr(body->p, '\n', body->len);
		line = bytes_of(body->p,
		    lf != NULL ? (size_t)(lf - body->p) + 1 : body->len);
		switch (header_judge_line(line)) {
		case HEADER_BLANK:
			*body =
			    bytes_of(body->p + line.len, body->len - line.len);
			return;
		case HEADER_BAD:
			return;
		default:
			at += line.len;
		}
	}
	*section = part;
	*body = BYTES_NONE;
}

int
reading_new_decoder(enum transfer_encoding cte, struct bytes front,
    struct sink *out, struct sink **stage, struct err *e)
{
	*stage = NULL;
	while (front.len > 0 && header_is_space(front.p[0]))
		front = bytes_of(front.p + 1, front.len - 1);
	/*
	 * A ContentInfo begins with the octet 0x30, so its base64 with "M":
	 * what stands there says more than a field that some gateway lost.
	 */
	if (cte == CTE_QP)
		*stage = sink_new_qp_dec(out);
	else if (front.len > 0 && front.p[0] == 'M')
		*stage = sink_new_base64_dec(out);
	else if (cte != CTE_BASE64 ||
		 (front.len > 1 && front.p[0] == 0x30 && front.p[1] >= 0x80))
		return 0;
	else
		*stage = sink_new_base64_dec(out);
	return *stage != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

int
reading_find_start(struct input *in, uint64_t *start, struct err *e)
{
	uint8_t front[BOUNDARY_LINE_MAX];
	const uint8_t *lf;
	size_t got;
	int r = input_read_at(in, 0, front, sizeof(front), &got, e);

	*start = 0;
	if (r != 0 || got < 5 ||
	    !bytes_is_equal(bytes_of(front, 5), BYTES_LIT("From ")) ||
	    header_judge_line(bytes_of(front, got)) == HEADER_FIELD)
		return r;
	lf = memchr(front, '\n', got);
	if (lf != NULL)
		*start = (uint64_t)(lf - front) + 1;
	return 0;
}

static int
reading_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct reading *r = ctx;
	struct header_field f;

	if (buf_add_bytes(&r->header, h->section) != 0)
		return err_set(e, r->header.err, NULL);
	r->is_clear = h->end == PARSER_HEADER_BLANK;
	r->header_flags = h->flags;
	r->body = h->body;
	r->types = header_find(buf_get(&r->header), "Content-Type", &f);
	header_get_media_type(buf_get(&r->header), &r->type);
	return READING_STOP;
}

static int
reading_get_header(struct reading *r, struct err *e)
{
	struct parser_events events = {.header = reading_header, .ctx = r};
	struct parser *p;
	int ret = reading_find_start(r->in, &r->start, e);

	if (ret != 0)
		return ret;
	p = parser_new(&events, r->start, false);
	if (p == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	ret = input_run(r->in, r->start, INPUT_TO_END, parser_get_sink(p), e);
	if (ret == 0)
		ret = sink_finish(parser_get_sink(p), e);
	parser_free(p);
	return ret == READING_STOP ? 0 : ret;
}

/* Does the name or the file name end in ".p7m"? */
static bool
has_p7m_name(const struct reading *r)
{
	struct buf name = {.max = PARAM_LEN_MAX};
	struct header_field f;
	struct bytes end;
	int n = header_get_param(r->type.params, "name", &name, NULL);

	if (n == 0 &&
	    header_find(buf_get(&r->header), "Content-Disposition", &f) == 1)
		n = header_get_param(header_get_disposition_params(f.value),
		    "filename", &name, NULL);
	end = n == 1 && name.len >= 4 ? bytes_of(name.data + name.len - 4, 4)
				      : BYTES_NONE;
	n = header_is_equal_nocase(end, ".p7m");
	buf_clear(&name);
	return n != 0;
}

static bool
is_pkcs7(const struct reading *r)
{
	const struct media_type *t = &r->type;

	if (media_type_is(t, "application", "pkcs7-mime") ||
	    media_type_is(t, "application", "x-pkcs7-mime"))
		return true;
	return media_type_is(t, "application", "octet-stream") &&
	       has_p7m_name(r);
}

/* Neither signed nor encrypted as S/MIME. */
static int
refuse_type(const struct reading *r, struct err *e)
{
	int code = r->params->wants_encrypted ? -CS_ERR_NOT_ENCRYPTED
					      : -CS_ERR_NOT_SIGNED;
	const char *what = r->params->wants_encrypted ? "encrypted" : "signed";

	if (r->types > 1)
		return err_set(e, code,
		    "%s has %zu Content-Type fields; mail programs may take "
		    "any of them",
		    input_get_name(r->in), r->types);
	if (media_type_is(&r->type, "multipart", "signed"))
		return err_set(e, code,
		    "%s is multipart/signed with a transfer encoding, which "
		    "programs decode or do not",
		    input_get_name(r->in));
	if (r->type.type[0] == '\0')
		return err_set(e, code,
		    "%s has a Content-Type that cannot be understood",
		    input_get_name(r->in));
	return err_set(e, code, "%s is not %s: it is a mail of type %s/%s",
	    input_get_name(r->in), what, r->type.type, r->type.subtype);
}

static int
reading_dispatch(struct reading *r, struct err *e)
{
	if (media_type_is(&r->type, "multipart", "signed")) {
		if (r->params->wants_encrypted)
			return err_set(e, -CS_ERR_NOT_ENCRYPTED,
			    "%s is signed and not encrypted; see cardseal "
			    "verify",
			    input_get_name(r->in));
		if (!header_may_be_encoded(buf_get(&r->header)))
			return reading_signed(r, e);
	}
	return is_pkcs7(r) ? reading_pkcs7(r, e) : refuse_type(r, e);
}

int
smime_read(struct input *in, const struct smime_read_params *params,
    struct output *out, struct verdict *verdict, struct err *e)
{
	struct reading r = {
	    .in = in, .params = params, .out = out, .verdict = verdict};
	int ret;

	buf_init(&r.header, PARSER_HEADER_MAX);
	ret = reading_get_header(&r, e);
	if (ret == 0)
		ret = reading_dispatch(&r, e);
	if (ret == 0)
		ret = input_check_unchanged(in, e);
	if (ret == 0 && params->checks_address) {
		ret = origin_judge(
		    verdict, buf_get(&r.header), r.is_clear, params->from);
		verdict_judge(verdict);
	}
	buf_clear(&r.header);
	if (ret != 0 && e != NULL && e->code != ret)
		err_set(e, ret, NULL);
	return ret;
}
