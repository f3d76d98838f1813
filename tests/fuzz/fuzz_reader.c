/*
 * fuzz_reader: a CMS message as it comes from a stranger. Beside crashes and
 * hangs it finds forgeries: content called signed or authentic that nobody
 * signed or encrypted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cms/detect.h"
#include "client/cms/release.h"
#include "tests/fuzz/fuzz.h"

/* Within the validity of the corpus' certificates. */
#define READER_TIME 1767225600
#define CONTENT_MAX ((size_t)1 << 20)

const char fuzz_name[] = "reader";
/* Tags and lengths, indefinite ones among them, and pieces of identifiers. */
const char *const fuzz_words[] = {"\x30\x80", "\x24\x80", "\xa0\x80",
    "\x31\x80", "\xa1\x80", "\x04\x01x", "\x30\x82\x01\x01", "\x02\x01\x03",
    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01",
    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03",
    "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17",
    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03",
    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04",
    "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01", "\x84\xff\xff\xff\xff",
    "-----BEGIN CMS-----\n", "\x80", "\x81\x14", "\xff", NULL};
bool fuzz_is_planted;

static const char *const contents[] = {"", "Hello, reader\r\n",
    "Content-Type: text/plain\r\n\r\nsigned\r\n", NULL};

static struct cms_trust trust;
static struct cms_reader_params params;
static struct cms_key_ops ops;

/* The corpus' keys are all zero. */
static int
zero_open(void *ctx, const uint8_t key_id[32], struct bytes recipient_info,
    unsigned index, struct bytes content_algorithm, struct secret **key,
    struct err *e)
{
	struct alg_id id;
	unsigned len;

	(void)ctx;
	(void)key_id;
	(void)recipient_info;
	(void)index;
	*key = NULL;
	if (alg_id_decode(content_algorithm, &id) != 0)
		return err_set(e, -CS_ERR_ENCODING, NULL);
	len = alg_get(alg_find_oid(id.known, ALG_KIND_AEAD))->key_len;
	if (len == 0)
		len = alg_get(alg_find_oid(id.known, ALG_KIND_CIPHER))->key_len;
	*key = secret_new(len);
	return *key != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

static struct cert_set *
load_certificate(const char *name)
{
	const char *top = getenv("CS_SRCDIR");
	struct cert_set *set = cert_set_new();
	char path[1024];

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/reader/%s",
	    top != NULL ? top : ".", name);
	if (set == NULL || cert_set_add_file(set, path, NULL) != 0) {
		fprintf(stderr, "cannot read %s\n", path);
		abort();
	}
	return set;
}

static void
start(void)
{
	if (params.trust != NULL)
		return;
	if (alg_init(NULL) != 0)
		abort();
	trust.path.anchors = load_certificate("anchor.der");
	trust.path.purpose = PATH_SIGN;
	trust.path.time = READER_TIME;
	trust.has_time = true;
	ops.open = zero_open;
	params.ops = &ops;
	params.own = load_certificate("own.der");
	params.trust = &trust;
}

/* Pushes the message in pieces whose lengths follow from it. */
struct pieces {
	struct source source;
	struct bytes bytes;
};

static int
pieces_run(struct source *source, struct sink *sink, struct err *e)
{
	struct bytes in = ((struct pieces *)source)->bytes;
	uint32_t seed = (uint32_t)in.len;
	size_t len;
	int r = 0;

	while (r == 0 && in.len != 0) {
		seed = seed * 1664525 + 1013904223;
		len = (seed >> 8) % 300;
		len = len < in.len ? len : in.len;
		r = sink_write(sink, bytes_of(in.p, len), e);
		in = bytes_of(in.p + len, in.len - len);
	}
	return r;
}

static int
take(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

static bool
is_known(struct bytes content)
{
	size_t i;

	for (i = 0; contents[i] != NULL; i++)
		if (bytes_is_equal(content, bytes_of_str(contents[i])))
			return true;
	return false;
}

/* Does the verdict say of the content that it is the sender's? */
static bool
is_vouched_for(const struct verdict *v)
{
	if (fuzz_is_planted && v->code == -CS_ERR_DIGEST_MISMATCH)
		return true;
	return v->summary == VERDICT_VERIFIED ||
	       v->summary == VERDICT_UNTRUSTED ||
	       (v->summary == VERDICT_DECRYPTED &&
		   v->layers[0].is_authenticated);
}

static void
check(const struct verdict *v, int code, const struct buf *content,
    const struct buf *all)
{
	if (code != 0 || v->summary == VERDICT_BAD ||
	    v->summary == VERDICT_NONE) {
		if (content->len != 0)
			abort(); /* let out though it was not good */
	}
	if (code == 0 && is_vouched_for(v) && !is_known(buf_get(all)))
		abort(); /* a forgery */
}

static void
run_reader(struct bytes in)
{
	struct pieces source = {.source = {.run = pieces_run}, .bytes = in};
	struct buf content = {.max = CONTENT_MAX}, all = {.max = CONTENT_MAX};
	struct sink *sink = sink_new_buf(&all);
	struct output *out = output_new_fn(take, &content);
	struct verdict *v = verdict_new();
	struct buf told = {0};
	struct cms_reader *r;
	struct err e = ERR_INIT;
	int code;

	/* what the reader itself gives out, judged or not */
	code = cms_reader_new(&params, v, sink, &r, &e);
	if (code == 0)
		code = cms_reader_write(r, in, &e);
	if (code == 0)
		code = cms_reader_finish(r, &e);
	cms_reader_free(r);
	verdict_free(v);
	if (sink == NULL || out == NULL)
		abort();
	/* and what the rule lets out */
	v = verdict_new();
	code = cms_read(&params, &source.source, RELEASE_GOOD, out, v, &e);
	if (code == 0)
		code = output_commit(out, &e);
	/* what was held back, a defect would let out */
	check(v, code, &content, fuzz_is_planted ? &all : &content);
	if (verdict_to_text(v, true, &told) != 0 ||
	    verdict_to_json(v, &told) != 0)
		abort();
	buf_clear(&told);
	verdict_free(v);
	output_free(out);
	sink_free(sink);
	buf_clear(&content);
	buf_clear(&all);
}

static void
run_source(struct bytes in)
{
	struct input *input = input_new_bytes(in, "fuzz");
	struct buf all = {.max = CONTENT_MAX};
	struct sink *sink = sink_new_buf(&all);
	enum alg algs[CMS_DIGESTS_MAX];
	struct err e = ERR_INIT;
	struct source *source;
	enum input_form form;

	if (input == NULL || sink == NULL ||
	    input_detect(input, &form, &e) != 0)
		abort();
	source = cms_source_new(input, form, &e);
	if (source != NULL && source_run(source, sink, &e) == 0 &&
	    cms_peek_digests(buf_get(&all), algs, &e) > CMS_DIGESTS_MAX)
		abort();
	cms_source_free(source);
	sink_free(sink);
	input_free(input);
	buf_clear(&all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	start();
	run_reader(bytes_of(data, len));
	run_source(bytes_of(data, len));
	return 0;
}
