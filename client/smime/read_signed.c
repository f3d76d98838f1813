/* read_signed.c: multipart/signed (RFC 1847 2.1, RFC 8551 3.5.3). */
#include <stdlib.h>
#include <string.h>

#include "asn1/say.h"
#include "client/smime/canon.h"
#include "client/smime/read_int.h"

struct signed_parts {
	struct reading *reading;
	struct parser *parser;
	struct bytes boundary;
	size_t layers_from; /* of the verdict's layers: ours */
	bool is_canonical;  /* lone LFs of the content are taken as CRLF */
	/* where the content goes */
	struct sink *first;
	uint64_t content_len;
	struct buf content_head;
	/* what was found */
	size_t parts;
	uint64_t content_from, content_to;
	uint64_t signature_from, signature_to; /* the part, with its header */
	unsigned content_flags;
	struct buf signature;
	bool is_closed, has_text_behind;
};

static int
on_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct signed_parts *s = ctx;

	(void)h;
	if (!parser_open(s->parser, s->boundary, true))
		return err_set(e, -CS_ERR_NOT_SIGNED,
		    "it is multipart/signed with a boundary that is none");
	return 0;
}

static int
on_begin(void *ctx, const struct parser_area *a, struct err *e)
{
	struct signed_parts *s = ctx;

	(void)e;
	if (a->kind == PARSER_EPILOGUE)
		s->is_closed = true;
	if (a->kind == PARSER_LEAF && ++s->parts == 1)
		s->content_from = a->from;
	else if (a->kind == PARSER_LEAF && s->parts == 2)
		s->signature_from = a->from;
	return 0;
}

static bool
is_white(struct bytes in)
{
	size_t i;

	for (i = 0; i < in.len; i++)
		if (!header_is_space(in.p[i]))
			return false;
	return true;
}

static int
on_text(void *ctx, struct bytes in, struct err *e)
{
	struct signed_parts *s = ctx;

	if (s->is_closed || s->parts > 2) {
		if (!s->has_text_behind)
			s->has_text_behind = !is_white(in);
		return 0;
	}
	if (s->parts == 1)
		return sink_write(s->first, in, e);
	if (s->parts == 2 && buf_add_bytes(&s->signature, in) != 0)
		return err_set(e, s->signature.err,
		    "its signature part is larger than %zu MiB",
		    SIGNATURE_PART_MAX >> 20);
	return 0;
}

static int
on_end(void *ctx, const struct parser_area *a, struct err *e)
{
	struct signed_parts *s = ctx;

	(void)e;
	if (a->kind == PARSER_LEAF && s->parts == 1) {
		s->content_to = a->to;
		s->content_flags = a->flags;
	}
	if (a->kind == PARSER_LEAF && s->parts == 2)
		s->signature_to = a->to;
	return 0;
}

/* --- one run over the mail --- */

/* What a run over the content hashes and feeds. */
struct signed_run {
	struct digest *digest;
	struct guard *guard; /* NULL: not needed */
};

static void
run_clear(struct signed_run *run)
{
	digest_free(run->digest);
	guard_free(run->guard);
	*run = (struct signed_run){0};
}

static int
run_parse(struct signed_parts *s, struct err *e)
{
	struct parser_events events = {
	    .header = on_header,
	    .begin = on_begin,
	    .text = on_text,
	    .end = on_end,
	    .ctx = s,
	};
	int r = -CS_ERR_NO_MEMORY;

	s->parts = 0;
	s->is_closed = s->has_text_behind = false;
	buf_reset(&s->signature);
	s->parser =
	    parser_new(&events, s->reading->start, s->reading->start != 0);
	if (s->parser != NULL)
		r = input_run(s->reading->in, s->reading->start, INPUT_TO_END,
		    parser_get_sink(s->parser), e);
	if (r == 0)
		r = sink_finish(parser_get_sink(s->parser), e);
	parser_free(s->parser);
	return r;
}

/* Finds the parts, and pushes the content into the digest and to `to`. */
static int
run_into(struct signed_parts *s, struct digest *digest, struct sink *to,
    struct err *e)
{
	struct sink *hash, *head = NULL, *count = NULL, *canon = NULL;
	int r = -CS_ERR_NO_MEMORY;

	hash = sink_new_digest(digest, to);
	if (hash != NULL)
		head = sink_new_head(&s->content_head, hash);
	if (head != NULL)
		count = sink_new_count(&s->content_len, head);
	s->first = count;
	if (count != NULL && s->is_canonical)
		s->first = canon = sink_new_canon(count);
	if (s->first != NULL)
		r = run_parse(s, e);
	sink_free(canon);
	sink_free(count);
	sink_free(head);
	sink_free(hash);
	return r;
}

static int
signed_run(struct signed_parts *s, const enum alg *algs, size_t n,
    struct signed_run *run, struct err *e)
{
	struct output *out = s->reading->out;
	struct sink *to = NULL;
	int r = 0;

	run_clear(run);
	run->digest = digest_new_all(algs, n);
	if (run->digest == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (out != NULL && output_is_held(out)) {
		to = output_get_sink(out);
		r = output_reset(out, e);
	} else if (out != NULL && !input_is_stable(s->reading->in)) {
		run->guard = guard_new();
		if (run->guard == NULL)
			return err_set(e, -CS_ERR_NO_MEMORY, NULL);
		to = guard_get_learner(run->guard);
	}
	if (r == 0)
		r = run_into(s, run->digest, to, e);
	if (r == 0 && run->guard != NULL)
		r = sink_finish(to, e);
	return r;
}

/* --- the signature --- */

static int
signature_check_parts(const struct signed_parts *s, struct err *e)
{
	if (s->parts >= 2)
		return 0;
	return err_set(e, s->is_closed ? -CS_ERR_NOT_SIGNED : -CS_ERR_TRUNCATED,
	    "%s is multipart/signed and %s", input_get_name(s->reading->in),
	    s->is_closed ? say("has no signature")
			 : say("ends before its signature"));
}

int
reading_decode_signature(
    struct bytes part, const char *name, struct buf *der, struct err *e)
{
	struct bytes section, body, front;
	struct sink *end, *stage = NULL;
	struct media_type mt;
	int r;

	reading_split_part(part, &section, &body);
	if (header_get_media_type(section, &mt) &&
	    media_type_is(&mt, "application", "pgp-signature"))
		return err_set(e, -CS_ERR_NOT_SIGNED,
		    "%s is signed with OpenPGP, not S/MIME", name);
	buf_reset(der);
	front = bytes_of(body.p, body.len < 64 ? body.len : 64);
	end = sink_new_buf(der);
	if (end == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = reading_new_decoder(header_get_cte(section), front, end, &stage, e);
	if (r == 0)
		r = sink_write(stage != NULL ? stage : end, body, e);
	if (r == 0 && stage != NULL)
		r = sink_finish(stage, e);
	sink_free(stage);
	sink_free(end);
	if (r != 0)
		err_context(e, "the signature part");
	return r;
}

struct bytes_source {
	struct source source;
	struct bytes bytes;
};

static int
bytes_source_run(struct source *source, struct sink *sink, struct err *e)
{
	return sink_write(sink, ((struct bytes_source *)source)->bytes, e);
}

static int
signature_judge(const struct signed_parts *s, struct digest *digest,
    const struct buf *der, struct err *e)
{
	struct cms_reader_params params = s->reading->params->cms;
	struct bytes_source source = {
	    .source = {.run = bytes_source_run, .is_stable = true},
	    .bytes = buf_get(der)};

	params.ops = NULL;
	params.detached = digest;
	params.detached_len = s->content_len;
	params.detached_head = buf_get(&s->content_head);
	return cms_read(&params, &source.source, RELEASE_NEVER, NULL,
	    s->reading->verdict, e);
}

/* --- all of it --- */

size_t
reading_find_hints(const struct media_type *type, enum alg *algs)
{
	struct buf micalg = {.max = PARAM_LEN_MAX};
	size_t n = 0;

	if (header_get_param(type->params, "micalg", &micalg, NULL) == 1)
		n = alg_parse_micalg(buf_get(&micalg), algs, READING_HINTS_MAX);
	buf_clear(&micalg);
	if (n == 0)
		algs[n++] = ALG_SHA256;
	return n;
}

/* New signers have digests of their own. */
static size_t
add_edit_digests(const struct reading *r, enum alg *algs, size_t n)
{
	const struct smime_edit *edit = r->params->edit;
	enum alg more[CMS_DIGESTS_MAX];
	size_t i, m = 0;

	if (edit != NULL)
		m = cms_edit_want_digests(edit->params->sign, more);
	for (i = 0; i < m && n < CMS_DIGESTS_MAX; i++)
		algs[n++] = more[i];
	return n;
}

bool
reading_has_all(const struct digest *digest, const enum alg *algs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!digest_has(digest, algs[i]))
			return false;
	return true;
}

static bool
is_mismatch(const struct verdict *v, size_t layers_from)
{
	const struct verdict_layer *l;
	size_t i, k;

	for (i = layers_from; i < v->layers_len; i++) {
		l = &v->layers[i];
		for (k = 0; k < l->signers_len; k++)
			if (l->signers[k].integrity.code ==
			    -CS_ERR_DIGEST_MISMATCH)
				return true;
	}
	return false;
}

/* Runs and decodes until the digests that the signature needs are there. */
static int
signed_hash(struct signed_parts *s, enum alg *algs, size_t *n,
    struct signed_run *run, struct buf *der, struct err *e)
{
	enum alg needed[CMS_DIGESTS_MAX];
	int r, m = 0, tries;

	for (tries = 0; tries < 2; tries++) {
		r = signed_run(s, algs, *n, run, e);
		if (r == 0)
			r = signature_check_parts(s, e);
		if (r == 0)
			r = reading_decode_signature(buf_get(&s->signature),
			    input_get_name(s->reading->in), der, e);
		if (r == 0)
			m = r = cms_peek_digests(buf_get(der), needed, e);
		if (r < 0)
			return r;
		if (reading_has_all(run->digest, needed, (size_t)m))
			return 0;
		memcpy(algs, needed, (size_t)m * sizeof(*needed));
		*n = add_edit_digests(s->reading, algs, (size_t)m);
	}
	return err_set(e, -CS_ERR_CHANGED, "%s was changed while it was read",
	    input_get_name(s->reading->in));
}

/*
 * Judges the content as it is signed in the canon; where that fails and lone
 * LFs stand in it, in its other form: programs have signed either, and mail
 * stores have changed either.
 */
static int
signed_judge(struct signed_parts *s, struct signed_run *run, struct buf *der,
    struct err *e)
{
	struct verdict *v = s->reading->verdict;
	size_t warnings = v->warnings_len;
	enum alg algs[CMS_DIGESTS_MAX];
	size_t n = reading_find_hints(&s->reading->type, algs);
	int r, tries;

	n = add_edit_digests(s->reading, algs, n);
	for (tries = 0; tries < 2; tries++) {
		r = signed_hash(s, algs, &n, run, der, e);
		if (r == 0)
			r = signature_judge(s, run->digest, der, e);
		if (r != 0 || tries > 0 || !is_mismatch(v, s->layers_from) ||
		    (s->content_flags & LINES_BARE_LF) == 0)
			break;
		verdict_cut(v, s->layers_from, warnings);
		s->is_canonical = !s->is_canonical;
	}
	return r;
}

static int
signed_edit(struct signed_parts *s, const struct signed_run *run,
    struct bytes der, struct err *e)
{
	struct edit_signed edit = {
	    .boundary = s->boundary,
	    .signature = der,
	    .part_from = s->signature_from,
	    .part_to = s->signature_to,
	    .is_canonical = s->is_canonical,
	    .digest = run->digest,
	    .content_len = s->content_len,
	    .content_head = buf_get(&s->content_head),
	};

	return s->parts > 2
		   ? err_set(e, -CS_ERR_NOT_SIGNED,
			 "the mail has parts behind the signature, which it "
			 "does not cover")
		   : reading_edit_signed(s->reading, &edit, e);
}

/* The content once more, only as far as it is what was judged. */
static int
signed_release(struct signed_parts *s, struct guard *guard, struct err *e)
{
	struct sink *to = output_get_sink(s->reading->out), *canon = NULL;
	int r;

	if (guard != NULL)
		to = guard_get_checker(guard, to);
	if (s->is_canonical)
		canon = sink_new_canon(to);
	if (s->is_canonical && canon == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = input_run(s->reading->in, s->content_from, s->content_to,
	    canon != NULL ? canon : to, e);
	if (r == 0 && guard != NULL)
		r = sink_finish(to, e);
	sink_free(canon);
	return r;
}

void
reading_refuse_parts(struct verdict *v, size_t layers_from)
{
	struct verdict_layer *l;
	size_t i, k;

	for (i = layers_from; i < v->layers_len; i++) {
		l = &v->layers[i];
		for (k = 0; k < l->signers_len; k++)
			if (l->signers[k].integrity.state == FINDING_GOOD)
				finding_set(&l->signers[k].integrity,
				    FINDING_BAD, -CS_ERR_NOT_SIGNED,
				    "the mail has parts behind the signature, "
				    "which it does not cover");
	}
	verdict_judge(v);
}

static int
signed_end(struct signed_parts *s, struct signed_run *run, struct err *e)
{
	struct reading *reading = s->reading;
	struct verdict *v = reading->verdict;
	bool is_good;
	int r = 0;

	if (s->parts > 2)
		reading_refuse_parts(v, s->layers_from);
	is_good = verdict_lets_out(v);
	if (s->has_text_behind && s->parts <= 2)
		r = verdict_warn(v,
		    "text behind the signed part is not covered by the "
		    "signature");
	if (r == 0 && !s->is_closed)
		r = verdict_warn(v, "the mail ends without its last boundary");
	if (r != 0)
		return err_set(e, r, NULL);
	if (reading->out == NULL)
		return 0;
	if (output_is_held(reading->out))
		return is_good ? 0 : output_reset(reading->out, e);
	return is_good ? signed_release(s, run->guard, e) : 0;
}

static int
find_boundary(const struct reading *r, struct buf *boundary, struct err *e)
{
	bool is_ambiguous;

	if (header_get_param(
		r->type.params, "boundary", boundary, &is_ambiguous) != 1)
		return err_set(e, -CS_ERR_NOT_SIGNED,
		    "%s is multipart/signed without a boundary",
		    input_get_name(r->in));
	if (is_ambiguous)
		return err_set(e, -CS_ERR_NOT_SIGNED,
		    "%s is multipart/signed with two boundaries",
		    input_get_name(r->in));
	return 0;
}

int
reading_signed(struct reading *r, struct err *e)
{
	struct signed_parts s = {
	    .reading = r, .layers_from = r->verdict->layers_len};
	struct signed_run run = {0};
	struct buf boundary = {.max = PARAM_LEN_MAX};
	struct buf der = {.max = SMIME_SIGNATURE_MAX};
	int ret = find_boundary(r, &boundary, e);

	buf_init(&s.signature, SIGNATURE_PART_MAX);
	buf_init(&s.content_head, CMS_HEAD_LEN);
	s.boundary = buf_get(&boundary);
	/* As the mail's own line ends are, so are the content's. */
	s.is_canonical = (r->header_flags & LINES_CRLF) == 0;
	if (ret == 0)
		ret = signed_judge(&s, &run, &der, e);
	if (ret == 0)
		ret = reading_set_format(r, "multipart/signed", e);
	if (ret == 0)
		ret = r->params->edit != NULL
			  ? signed_edit(&s, &run, buf_get(&der), e)
			  : signed_end(&s, &run, e);
	buf_clear(&der);
	run_clear(&run);
	buf_clear(&s.signature);
	buf_clear(&s.content_head);
	buf_clear(&boundary);
	return ret;
}
