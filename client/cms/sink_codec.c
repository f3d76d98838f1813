/* The sinks that need a codec or a digest behind them. */
#include "client/cms/sink.h"

#include <stdlib.h>

#include "asn1/alg/digest.h"
#include "asn1/base64.h"

/* Input bytes handled at once, so that the output room is fixed: for the
 * encoder a multiple of both line lengths, for the decoder of 4. */
#define BASE64_STEP_LEN (BASE64_LINE_PEM * (size_t)BASE64_LINE_MIME * 48)

struct base64_sink {
	struct sink sink;
	struct sink *next;
	union {
		struct base64_enc enc;
		struct base64_dec dec;
	} u;
	uint8_t out[];
};

static void
base64_sink_free(struct sink *sink)
{
	free(sink);
}

static struct base64_sink *
base64_sink_new(struct sink *next, size_t room)
{
	struct base64_sink *s = malloc(sizeof(*s) + room);

	if (s == NULL)
		return NULL;
	*s = (struct base64_sink){.next = next};
	s->sink.free = base64_sink_free;
	return s;
}

static size_t
step_len(size_t len)
{
	return len < BASE64_STEP_LEN ? len : BASE64_STEP_LEN;
}

static int
base64_enc_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct base64_sink *s = (struct base64_sink *)sink;
	size_t at, step, len;
	int r = 0;

	for (at = 0; r == 0 && at < in.len; at += step) {
		step = step_len(in.len - at);
		base64_enc_write(
		    &s->u.enc, bytes_of(in.p + at, step), s->out, &len);
		if (len != 0)
			r = sink_write(s->next, bytes_of(s->out, len), e);
	}
	return r;
}

static int
base64_enc_sink_finish(struct sink *sink, struct err *e)
{
	struct base64_sink *s = (struct base64_sink *)sink;
	size_t len;

	base64_enc_finish(&s->u.enc, s->out, &len);
	return len != 0 ? sink_write(s->next, bytes_of(s->out, len), e) : 0;
}

struct sink *
sink_new_base64_enc(struct sink *next, size_t line_len, const char *eol)
{
	struct base64_sink *s = base64_sink_new(
	    next, BASE64_ENCODED_MAX(BASE64_LINE_MIME + BASE64_STEP_LEN));

	if (s == NULL)
		return NULL;
	s->sink.write = base64_enc_sink_write;
	s->sink.finish = base64_enc_sink_finish;
	base64_enc_init(&s->u.enc, line_len, eol);
	return &s->sink;
}

static int
base64_dec_sink_fail(struct base64_sink *s, int code, struct err *e)
{
	return err_set_at(e, code, s->u.dec.offset,
	    "the base64 is broken at byte %llu of the encoded part",
	    (unsigned long long)s->u.dec.offset);
}

static int
base64_dec_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct base64_sink *s = (struct base64_sink *)sink;
	size_t at, step, len;
	int r = 0;

	for (at = 0; r == 0 && at < in.len; at += step) {
		step = step_len(in.len - at);
		r = base64_dec_write(
		    &s->u.dec, bytes_of(in.p + at, step), s->out, &len);
		if (r != 0)
			return base64_dec_sink_fail(s, r, e);
		if (len != 0)
			r = sink_write(s->next, bytes_of(s->out, len), e);
	}
	return r;
}

static int
base64_dec_sink_finish(struct sink *sink, struct err *e)
{
	struct base64_sink *s = (struct base64_sink *)sink;
	int r = base64_dec_finish(&s->u.dec);

	return r != 0 ? base64_dec_sink_fail(s, r, e) : 0;
}

struct sink *
sink_new_base64_dec(struct sink *next)
{
	struct base64_sink *s =
	    base64_sink_new(next, BASE64_DECODED_MAX(BASE64_STEP_LEN));

	if (s == NULL)
		return NULL;
	s->sink.write = base64_dec_sink_write;
	s->sink.finish = base64_dec_sink_finish;
	base64_dec_init(&s->u.dec);
	return &s->sink;
}

/* --- digests --- */

struct digest_sink {
	struct sink sink;
	struct digest *digest;
	struct sink *next;
};

static int
digest_sink_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct digest_sink *s = (struct digest_sink *)sink;

	digest_write(s->digest, in);
	return s->next != NULL ? sink_write(s->next, in, e) : 0;
}

static int
digest_sink_finish(struct sink *sink, struct err *e)
{
	struct digest_sink *s = (struct digest_sink *)sink;

	return s->next != NULL ? sink_finish(s->next, e) : 0;
}

static void
digest_sink_free(struct sink *sink)
{
	free(sink);
}

struct sink *
sink_new_digest(struct digest *digest, struct sink *next)
{
	struct digest_sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->sink.write = digest_sink_write;
	s->sink.finish = digest_sink_finish;
	s->sink.free = digest_sink_free;
	s->digest = digest;
	s->next = next;
	return &s->sink;
}
