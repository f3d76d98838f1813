#include "asn1/ber.h"
#include "asn1/say.h"

#include <stdlib.h>

/* Tag, first length octet, and as many length octets as that can announce. */
#define BER_HEADER_MAX 128
#define BER_TAG_EOC 0x00

enum ber_state {
	BER_TAG,
	BER_LEN_FIRST,
	BER_LEN_MORE,
	BER_CONTENT,
	BER_DONE,
};

/* An element that has begun and not ended, primitive ones too. */
struct ber_frame {
	struct ber_header h;
	/* Where it must end; if indefinite, where the nearest definite one
	 * around it does. */
	uint64_t limit;
	enum ber_action action;
	bool is_root; /* did the owner decide on it? */
};

struct ber {
	struct ber_owner owner;
	void *ctx;
	struct err *e;
	struct buf capture; /* of the element being captured, as it came */
	struct buf der;
	uint64_t offset;
	enum ber_state state;
	int err;
	bool is_trailing_allowed;
	uint8_t raw[BER_HEADER_MAX]; /* the header being read */
	unsigned raw_len;
	unsigned len_octets; /* still to come */
	uint64_t len;
	unsigned depth; /* frames in use */
	struct ber_frame frames[BER_DEPTH_MAX + 1];
};

struct ber *
ber_new(
    const struct ber_owner *owner, void *ctx, size_t capture_max, struct err *e)
{
	struct ber *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->owner = *owner;
	b->ctx = ctx;
	b->e = e;
	if (capture_max == 0)
		capture_max = 1; /* 0 means a default to a buf */
	buf_init(&b->capture, capture_max);
	buf_init(&b->der, capture_max);
	return b;
}

void
ber_free(struct ber *b)
{
	if (b == NULL)
		return;
	buf_clear(&b->capture);
	buf_clear(&b->der);
	free(b);
}

void
ber_allow_trailing(struct ber *b)
{
	b->is_trailing_allowed = true;
}

bool
ber_is_done(const struct ber *b)
{
	return b->state == BER_DONE && b->err == 0;
}

uint64_t
ber_get_offset(const struct ber *b)
{
	return b->offset;
}

int
ber_finish(struct ber *b)
{
	if (b->err == 0 && b->state != BER_DONE)
		b->err = err_set_at(b->e, -CS_ERR_TRUNCATED, b->offset,
		    "the data ends at byte %llu, inside an element",
		    (unsigned long long)b->offset);
	return b->err;
}

static struct ber_frame *
ber_top(struct ber *b)
{
	return b->depth != 0 ? &b->frames[b->depth - 1] : NULL;
}

static int
ber_fail(struct ber *b, int code, const char *what)
{
	uint64_t at = b->offset - b->raw_len; /* of the tag octet */

	return err_set_at(b->e, code, at, "%s at byte %llu", say(what),
	    (unsigned long long)at);
}

static int
ber_emit_captured(struct ber *b, const struct ber_header *h)
{
	int r;

	r = ber_to_der_at(buf_get(&b->capture), h->offset, &b->der, b->e);
	if (r == 0 && b->owner.captured != NULL)
		r = b->owner.captured(b->ctx, h, buf_get(&b->der));
	buf_reset(&b->capture);
	buf_reset(&b->der);
	return r;
}

/* The top frame has ended. */
static int
ber_pop(struct ber *b)
{
	struct ber_frame f = b->frames[--b->depth];

	b->state = b->depth == 0 ? BER_DONE : BER_TAG;
	if (!f.is_root || f.action == BER_SKIP)
		return 0;
	if (f.action == BER_CAPTURE)
		return ber_emit_captured(b, &f.h);
	return b->owner.end != NULL ? b->owner.end(b->ctx, &f.h) : 0;
}

/* Ends every element whose content is complete at this offset. */
static int
ber_pop_complete(struct ber *b)
{
	struct ber_frame *f;
	int r;

	while ((f = ber_top(b)) != NULL && b->offset >= f->limit) {
		if (f->h.len == BER_LEN_INDEFINITE)
			return ber_fail(b, -CS_ERR_ENCODING,
			    "no end-of-contents where the outer element ends");
		r = ber_pop(b);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
ber_capture(
    struct ber *b, const struct ber_frame *f, const uint8_t *p, size_t len)
{
	if (f->action != BER_CAPTURE || buf_add(&b->capture, p, len) == 0)
		return 0;
	if (b->capture.err != -CS_ERR_TOO_LARGE)
		return err_set(b->e, b->capture.err, NULL);
	return ber_fail(b, -CS_ERR_TOO_LARGE, "an element is too large");
}

/* What to do with an element: as the one around it, or as the owner says. */
static int
ber_decide(struct ber *b, const struct ber_frame *outer, struct ber_frame *f)
{
	int action;

	f->is_root = outer == NULL || outer->action == BER_ENTER;
	if (!f->is_root) {
		f->action = outer->action;
		if (f->action == BER_STREAM &&
		    (f->h.tag & ~DER_CONSTRUCTED) != DER_OCTET_STRING)
			return ber_fail(b, -CS_ERR_ENCODING,
			    "a segment of a string has another tag");
		return 0;
	}
	action = b->owner.header(b->ctx, &f->h);
	if (action < 0)
		return action;
	f->action = (enum ber_action)action;
	if (f->action == BER_ENTER && (f->h.tag & DER_CONSTRUCTED) == 0)
		return ber_fail(b, -CS_ERR_ENCODING,
		    "a primitive element where a constructed one is due");
	if (f->action == BER_CAPTURE && f->h.len != BER_LEN_INDEFINITE &&
	    f->h.len > b->capture.max)
		return ber_fail(
		    b, -CS_ERR_TOO_LARGE, "an element is too large");
	return 0;
}

/* The header is complete and stands in raw; offset is behind it. */
static int
ber_begin(struct ber *b, bool is_indefinite)
{
	struct ber_frame *outer = ber_top(b), f = {0};
	int r;

	f.h.tag = b->raw[0];
	f.h.len = is_indefinite ? BER_LEN_INDEFINITE : b->len;
	f.h.offset = b->offset - b->raw_len;
	f.h.header_len = b->raw_len;
	f.h.depth = b->depth;
	f.h.is_der_len = !is_indefinite &&
			 (b->raw_len == 2 ? b->raw[1] < 0x80
					  : b->raw[2] != 0 && b->len >= 0x80);
	f.limit = outer != NULL ? outer->limit : UINT64_MAX;
	if (!is_indefinite) {
		if (b->len > f.limit - b->offset)
			return ber_fail(b, -CS_ERR_ENCODING,
			    "an element is longer than the one around it");
		f.limit = b->offset + b->len;
	}
	if ((f.h.tag & DER_CONSTRUCTED) != 0 && b->depth == BER_DEPTH_MAX)
		return ber_fail(b, -CS_ERR_TOO_DEEP, "the nesting is too deep");
	r = ber_decide(b, outer, &f);
	if (r == 0)
		r = ber_capture(b, &f, b->raw, b->raw_len);
	if (r != 0)
		return r;
	b->frames[b->depth++] = f;
	b->raw_len = 0;
	/* What is captured with a known length is looked into when it is whole.
	 */
	b->state = (f.h.tag & DER_CONSTRUCTED) != 0 &&
			   (f.action != BER_CAPTURE || is_indefinite)
		       ? BER_TAG
		       : BER_CONTENT;
	return ber_pop_complete(b);
}

static int
ber_end_of_contents(struct ber *b)
{
	static const uint8_t octets[2];
	struct ber_frame *f = ber_top(b);
	int r = ber_capture(b, f, octets, sizeof(octets));

	b->raw_len = 0;
	if (r == 0)
		r = ber_pop(b);
	return r != 0 ? r : ber_pop_complete(b);
}

static int
ber_tag_octet(struct ber *b, uint8_t octet)
{
	struct ber_frame *f = ber_top(b);

	if ((octet & 0x1f) == 0x1f)
		return ber_fail(
		    b, -CS_ERR_ENCODING, "a tag of more than one octet");
	if ((octet & ~DER_CONSTRUCTED) == BER_TAG_EOC &&
	    (octet != BER_TAG_EOC || f == NULL ||
		f->h.len != BER_LEN_INDEFINITE))
		return ber_fail(
		    b, -CS_ERR_ENCODING, "end-of-contents where none is due");
	b->state = BER_LEN_FIRST;
	return 0;
}

static int
ber_len_first_octet(struct ber *b, uint8_t octet)
{
	if (b->raw[0] == BER_TAG_EOC) {
		if (octet != 0)
			return ber_fail(b, -CS_ERR_ENCODING,
			    "end-of-contents with a length");
		return ber_end_of_contents(b);
	}
	if (octet == 0xff)
		return ber_fail(b, -CS_ERR_ENCODING, "a reserved length");
	if (octet == 0x80) {
		if ((b->raw[0] & DER_CONSTRUCTED) == 0)
			return ber_fail(b, -CS_ERR_ENCODING,
			    "an indefinite length on a primitive element");
		return ber_begin(b, true);
	}
	b->len = octet < 0x80 ? octet : 0;
	if (octet < 0x80)
		return ber_begin(b, false);
	b->len_octets = octet & 0x7fU;
	b->state = BER_LEN_MORE;
	return 0;
}

static int
ber_len_octet(struct ber *b, uint8_t octet)
{
	if (b->len > BER_LEN_MAX >> 8)
		return ber_fail(b, -CS_ERR_TOO_LARGE, "a length is too large");
	b->len = b->len << 8 | octet;
	if (b->len > BER_LEN_MAX)
		return ber_fail(b, -CS_ERR_TOO_LARGE, "a length is too large");
	if (--b->len_octets != 0)
		return 0;
	return ber_begin(b, false);
}

static int
ber_header_octet(struct ber *b, uint8_t octet)
{
	struct ber_frame *f = ber_top(b);

	if (f != NULL && b->offset >= f->limit)
		return ber_fail(b, -CS_ERR_ENCODING,
		    "an element is longer than the one around it");
	b->raw[b->raw_len++] = octet;
	b->offset++;
	switch (b->state) {
	case BER_TAG:
		return ber_tag_octet(b, octet);
	case BER_LEN_FIRST:
		return ber_len_first_octet(b, octet);
	default:
		return ber_len_octet(b, octet);
	}
}

/* The content of a primitive element, which is the top frame. */
static int
ber_content(struct ber *b, struct bytes in, size_t *taken)
{
	struct ber_frame *f = ber_top(b);
	uint64_t left = f->limit - b->offset;
	struct bytes run =
	    bytes_of(in.p, in.len < left ? in.len : (size_t)left);
	int r;

	if (f->action == BER_STREAM && b->owner.content != NULL)
		r = b->owner.content(b->ctx, run);
	else
		r = ber_capture(b, f, run.p, run.len);
	if (r != 0)
		return r;
	b->offset += run.len;
	*taken = run.len;
	return ber_pop_complete(b);
}

int
ber_write(struct ber *b, struct bytes in, size_t *used)
{
	uint64_t from = b->offset;
	size_t at = 0, taken;

	while (b->err == 0 && b->state != BER_DONE && at < in.len) {
		taken = 0;
		if (b->state == BER_CONTENT)
			b->err = ber_content(
			    b, bytes_of(in.p + at, in.len - at), &taken);
		else
			b->err = ber_header_octet(b, in.p[at]);
		at = (size_t)(b->offset - from);
	}
	*used = at;
	if (b->err == 0 && at < in.len && !b->is_trailing_allowed)
		b->err = ber_fail(
		    b, -CS_ERR_TRAILING, "there is data after the end");
	return b->err;
}
