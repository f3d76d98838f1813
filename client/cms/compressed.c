#include "client/cms/compressed.h"

#include "asn1/alg/alg.h"
#include "client/cms/segment.h"
#include "client/cms/zlib.h"

/* RFC 3274 1.1: version 0, always; the content is data. */
static void
compressed_put_head(const struct compressed_source *s, struct buf *b)
{
	if (s->has_content_info) {
		buf_add_bytes(b, BYTES_LIT("\x30\x80"));
		der_put_oid(b, OID_COMPRESSED_DATA);
		buf_add_bytes(b, BYTES_LIT("\xa0\x80"));
	}
	buf_add_bytes(b, BYTES_LIT("\x30\x80"));
	der_put_uint(b, DER_INTEGER, 0);
	der_put_alg(b, ALG_ZLIB);
	buf_add_bytes(b, BYTES_LIT("\x30\x80"));
	der_put_oid(b, OID_DATA);
	buf_add_bytes(b, BYTES_LIT("\xa0\x80\x24\x80"));
}

static int
compressed_write_tail(
    const struct compressed_source *s, struct sink *out, struct err *e)
{
	/* OCTET STRING, [0], EncapsulatedContentInfo, CompressedData */
	int r = sink_write(out, BYTES_LIT("\0\0\0\0\0\0\0\0"), e);

	if (r == 0 && s->has_content_info)
		r = sink_write(out, BYTES_LIT("\0\0\0\0"), e);
	return r;
}

static int
compressed_source_run(struct source *source, struct sink *out, struct err *e)
{
	const struct compressed_source *s =
	    (const struct compressed_source *)source;
	struct sink *segments = sink_new_segments(out), *deflate = NULL;
	struct buf head = {0};
	int r = -CS_ERR_NO_MEMORY;

	compressed_put_head(s, &head);
	if (segments != NULL && head.err == 0)
		r = sink_new_deflate(segments, &deflate, e);
	else
		err_set(e, r, NULL);
	if (r == 0)
		r = sink_write(out, buf_get(&head), e);
	if (r == 0)
		r = source_run(s->content, deflate, e);
	if (r == 0)
		r = sink_finish(deflate, e);
	if (r == 0)
		r = sink_finish(segments, e);
	if (r == 0)
		r = compressed_write_tail(s, out, e);
	sink_free(deflate);
	sink_free(segments);
	buf_clear(&head);
	return r;
}

void
compressed_source_init(
    struct compressed_source *s, struct source *content, bool has_content_info)
{
	*s = (struct compressed_source){
	    .source = {.run = compressed_source_run,
		.is_stable = content->is_stable},
	    .content = content,
	    .has_content_info = has_content_info,
	};
}
