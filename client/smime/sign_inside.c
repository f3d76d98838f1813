/* sign_inside.c: a mail signed once, before any of it is written, and written
 * as often as it takes: to be encrypted (RFC 8551 3.7), or to a pipe. */
#include <stdlib.h>

#include "client/smime/mail.h"
#include "client/smime/writer.h"

struct smime_signed {
	struct source source;	 /* first */
	struct smime_mail *mail; /* NULL: around an entity of none */
	struct source *entity;
	struct buf top;	   /* multipart/signed's header, and what begins it */
	struct buf bottom; /* the signature's part, and what ends it */
};

static int
signed_run(struct source *source, struct sink *sink, struct err *e)
{
	struct smime_signed *s = (struct smime_signed *)source;
	int r = sink_write(sink, buf_get(&s->top), e);

	if (r == 0)
		r = source_run(s->entity, sink, e);
	return r == 0 ? sink_write(sink, buf_get(&s->bottom), e) : r;
}

struct feed {
	struct sink sink;
	struct cms_sign *sign;
};

static int
feed_write(struct sink *sink, struct bytes in, struct err *e)
{
	return cms_sign_write(((struct feed *)sink)->sign, in, e);
}

static int
signed_make(
    struct smime_signed *s, const struct cms_sign_params *params, struct err *e)
{
	struct feed feed = {.sink.write = feed_write};
	char boundary[WRITER_BOUNDARY_SIZE];
	struct sink *bottom;
	int r = cms_sign_new(params, &feed.sign, e);

	if (r != 0)
		return r;
	writer_make_boundary(boundary);
	writer_put_signed_top(&s->top, params, boundary);
	r = source_run(s->entity, &feed.sink, e);
	bottom = sink_new_buf(&s->bottom);
	if (r == 0 && (bottom == NULL || s->top.err != 0))
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (r == 0)
		r = writer_write_signature(feed.sign, boundary, bottom, e);
	sink_free(bottom);
	cms_sign_free(feed.sign);
	return r;
}

int
writer_sign_entity(struct source *entity, const struct cms_sign_params *params,
    struct smime_signed **result, struct err *e)
{
	struct smime_signed *s = calloc(1, sizeof(*s));
	int r;

	*result = NULL;
	if (s == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	s->source = (struct source){.run = signed_run};
	s->entity = entity;
	r = signed_make(s, params, e);
	if (r == 0)
		*result = s;
	else
		smime_signed_free(s);
	return r;
}

int
smime_signed_new(struct smime_mail *mail, const struct cms_sign_params *params,
    struct smime_signed **result, struct err *e)
{
	int r = writer_sign_entity(
	    smime_mail_get_entity(mail, true), params, result, e);

	if (r == 0)
		(*result)->mail = mail;
	return r;
}

int
smime_signed_write(struct smime_signed *s, struct sink *out, struct err *e)
{
	int r = mail_write_outer(buf_get(&s->mail->header), out, e);

	if (r == 0)
		r = mail_write_str(out, "MIME-Version: 1.0\r\n", e);
	return r == 0 ? source_run(&s->source, out, e) : r;
}

struct source *
smime_signed_get_entity(struct smime_signed *s)
{
	return &s->source;
}

void
smime_signed_free(struct smime_signed *s)
{
	if (s == NULL)
		return;
	buf_clear(&s->top);
	buf_clear(&s->bottom);
	free(s);
}
