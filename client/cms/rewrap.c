#include "client/cms/rewrap.h"

#include "asn1/ber.h"
#include "client/cms/reader_int.h"
#include "client/cms/release.h"

/* All before encryptedContentInfo is held at once. */
#define REWRAP_HEAD_MAX ((size_t)4 << 20)
/* An element's header, for the end of the head. */
#define REWRAP_STOP (-CS_ERR_TRY_AGAIN)

struct rewrap {
	struct sink sink;
	struct sink *out;
	struct ber *ber;
	struct buf head; /* as it came, until it is whole */
	bool is_copying; /* the new head is written */
	struct bytes added;
	unsigned version; /* that the added recipients ask for */
	bool is_auth;
	/* the headers: ContentInfo, [0], the type's SEQUENCE, the SET */
	struct ber_header outer[3], set;
	uint64_t version_offset, version_end, set_end, end;
	unsigned old_version;
	struct err err;
};

/* --- where is what? --- */

/* In what was read before, the version and recipientInfos stand once, in that
 * order. */
static bool
rewrap_is_in_order(const struct rewrap *w, const struct ber_header *h)
{
	bool has_version = w->version_end != 0, has_set = w->set.tag != 0;

	return !has_set && has_version == (h->tag == DER_SET);
}

static int
rewrap_on_header(void *ctx, const struct ber_header *h)
{
	struct rewrap *w = ctx;

	if (h->depth <= 2 && (h->tag & DER_CONSTRUCTED) != 0) {
		w->outer[h->depth] = *h;
		return BER_ENTER;
	}
	if (h->depth != 3)
		return h->depth == 1 ? BER_CAPTURE : BER_SKIP;
	if ((h->tag == DER_INTEGER || h->tag == DER_SET) &&
	    !rewrap_is_in_order(w, h))
		return -CS_ERR_CHANGED;
	if (h->tag == DER_INTEGER) {
		w->version_offset = h->offset;
		return BER_CAPTURE;
	}
	if (h->tag == DER_SET) {
		w->set = *h;
		return BER_ENTER;
	}
	if (w->set.tag == 0)
		return BER_SKIP; /* originatorInfo */
	w->end = h->offset;
	return REWRAP_STOP;
}

static int
rewrap_on_captured(void *ctx, const struct ber_header *h, struct bytes element)
{
	struct rewrap *w = ctx;
	struct der d;

	der_init(&d, element);
	if (h->depth == 1) {
		w->is_auth =
		    der_get_known_oid(&d, NULL) == OID_AUTH_ENVELOPED_DATA;
		return 0;
	}
	w->old_version = (unsigned)der_get_uint(&d, 10);
	w->version_end = h->offset + h->header_len + h->len;
	return der_end(&d);
}

static int
rewrap_on_end(void *ctx, const struct ber_header *h)
{
	struct rewrap *w = ctx;

	if (h->depth == 3)
		w->set_end = ber_get_offset(w->ber);
	return 0;
}

/* --- the new head --- */

static bool
is_definite(const struct ber_header *h)
{
	return h->len != BER_LEN_INDEFINITE;
}

/* A header with the length changed by that much; how much longer it is. */
static int64_t
rewrap_put_header(struct buf *b, const struct ber_header *h, int64_t more)
{
	size_t before = b->len;

	if (is_definite(h)) {
		der_put_header(b, h->tag, h->len + (uint64_t)more);
	} else {
		buf_add_byte(b, (uint8_t)h->tag);
		buf_add_byte(b, 0x80);
	}
	return (int64_t)(b->len - before) - (int64_t)h->header_len;
}

/* A run of the old head. */
static struct bytes
rewrap_old(const struct rewrap *w, uint64_t from, uint64_t to)
{
	return bytes_of(w->head.data + from, (size_t)(to - from));
}

static void
rewrap_put_set(const struct rewrap *w, struct buf *b)
{
	uint64_t from = w->set.offset + w->set.header_len;
	struct bytes old = rewrap_old(
	    w, from, is_definite(&w->set) ? w->set_end : w->set_end - 2);
	struct buf sorted = {.max = b->max};
	size_t mark;

	if (!is_definite(&w->set)) {
		buf_add_bytes(b, BYTES_LIT("\x31\x80"));
		buf_add_bytes(b, old);
		buf_add_bytes(b, w->added);
		buf_add_bytes(b, BYTES_LIT("\0\0"));
		return;
	}
	/* What is in DER stays so; what is not, is not sorted. */
	mark = der_open(&sorted, DER_SET);
	buf_add_bytes(&sorted, old);
	buf_add_bytes(&sorted, w->added);
	if (der_close_set_of(&sorted, mark) != 0) {
		buf_clear(&sorted);
		sorted = (struct buf){.max = b->max};
		mark = der_open(&sorted, DER_SET);
		buf_add_bytes(&sorted, old);
		buf_add_bytes(&sorted, w->added);
		der_close(&sorted, mark);
	}
	buf_add_bytes(b, buf_get(&sorted));
	if (b->err == 0)
		b->err = sorted.err;
	buf_clear(&sorted);
}

/* From version to the end of recipientInfos. */
static void
rewrap_put_inside(const struct rewrap *w, struct buf *b)
{
	unsigned version = w->old_version;

	if (!w->is_auth && version < w->version)
		version = w->version;
	der_put_uint(b, DER_INTEGER, version);
	buf_add_bytes(b, rewrap_old(w, w->version_end, w->set.offset));
	rewrap_put_set(w, b);
}

static int
rewrap_write_head(struct rewrap *w, struct err *e)
{
	struct buf inside = {.max = 2 * REWRAP_HEAD_MAX};
	struct buf b[3] = {{0}, {0}, {0}};
	uint64_t oid = w->outer[0].offset + w->outer[0].header_len;
	int64_t more;
	int r = 0;

	rewrap_put_inside(w, &inside);
	more = (int64_t)inside.len - (int64_t)(w->end - w->version_offset);
	more += rewrap_put_header(&b[2], &w->outer[2], more);
	more += rewrap_put_header(&b[1], &w->outer[1], more);
	(void)rewrap_put_header(&b[0], &w->outer[0], more);
	if (inside.err != 0)
		r = err_set(e, inside.err, NULL);
	if (r == 0)
		r = sink_write(w->out, buf_get(&b[0]), e);
	if (r == 0)
		r = sink_write(
		    w->out, rewrap_old(w, oid, w->outer[1].offset), e);
	if (r == 0)
		r = sink_write(w->out, buf_get(&b[1]), e);
	if (r == 0)
		r = sink_write(w->out, buf_get(&b[2]), e);
	if (r == 0)
		r = sink_write(w->out, buf_get(&inside), e);
	if (r == 0)
		r = sink_write(w->out, rewrap_old(w, w->end, w->head.len), e);
	buf_clear(&inside);
	buf_clear(&b[0]);
	buf_clear(&b[1]);
	buf_clear(&b[2]);
	return r;
}

static int
rewrap_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct rewrap *w = (struct rewrap *)sink;
	size_t used;
	int r;

	if (w->is_copying)
		return sink_write(w->out, in, e);
	r = buf_add_bytes(&w->head, in);
	if (r != 0)
		return err_set(e, r, NULL);
	r = ber_write(w->ber, in, &used);
	if (r == 0)
		return 0;
	/* It was read before, as a whole, and was well-formed then. */
	if (r != REWRAP_STOP || w->version_end == 0 || w->set_end == 0)
		return err_set(e, -CS_ERR_CHANGED,
		    "the message was changed while it was read");
	w->is_copying = true;
	r = rewrap_write_head(w, e);
	buf_clear(&w->head);
	return r;
}

static int
rewrap_run(struct rewrap *w, struct source *cms, struct err *e)
{
	static const struct ber_owner owner = {
	    .header = rewrap_on_header,
	    .captured = rewrap_on_captured,
	    .end = rewrap_on_end,
	};
	int r;

	w->ber = ber_new(&owner, w, CMS_ELEMENT_MAX, &w->err);
	if (w->ber == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = source_run(cms, &w->sink, e);
	if (r == 0 && !w->is_copying)
		r = err_set(e, -CS_ERR_CHANGED,
		    "the message was changed while it was read");
	ber_free(w->ber);
	buf_clear(&w->head);
	return r;
}

/* Has it recipients, of whom we are one? */
static int
rewrap_check(const struct verdict *v, struct cms_memo *memo, struct err *e)
{
	if (v->layers_len != 0 && v->layers[0].recipients_len != 0 &&
	    v->layers[0].kind == VERDICT_ENCRYPTED && memo->key != NULL)
		return 0;
	return err_set(e, -CS_ERR_UNSUPPORTED,
	    "recipients can be added to EnvelopedData and AuthEnvelopedData "
	    "only");
}

int
cms_rewrap(const struct cms_reader_params *reader,
    const struct cms_encrypt_params *added, struct source *cms,
    struct sink *out, struct verdict *verdict, struct err *e)
{
	struct cms_reader_params params = *reader;
	struct rewrap w = {.sink.write = rewrap_write, .out = out};
	struct buf recipients = {.max = CMS_RECIPIENTS_MADE_MAX};
	int r;

	err_clear(&w.err);
	buf_init(&w.head, REWRAP_HEAD_MAX);
	params.memo = cms_memo_new();
	if (params.memo == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = cms_read(&params, cms, RELEASE_NEVER, NULL, verdict, e);
	if (r == 0 && verdict->summary == VERDICT_DECRYPTED) {
		r = rewrap_check(verdict, params.memo, e);
		if (r == 0)
			r = cms_put_recipients(added, params.memo->key,
			    &recipients, &w.version, e);
		w.added = buf_get(&recipients);
		if (r == 0)
			r = rewrap_run(&w, cms, e);
	}
	buf_clear(&recipients);
	cms_memo_free(params.memo);
	return r;
}
