#include "asn1/ber.h"
#include "asn1/say.h"

/* BER in memory; the first failure ends the conversion. */
struct ber_in {
	const uint8_t *p;
	const uint8_t *end;
	const uint8_t *start; /* of the whole input, for offsets */
	const uint8_t *last;  /* its end, where it may have been cut off */
	uint64_t base;	      /* where that start is in something larger */
	struct err *e;
};

struct ber_element {
	const uint8_t *at; /* the tag octet */
	int tag;
	bool is_indefinite;
	/* Definite: the content. Indefinite: from its start to the end of
	 * what is around it. */
	struct ber_in content;
};

static int
ber_in_fail(
    const struct ber_in *in, const uint8_t *at, int code, const char *what)
{
	uint64_t offset = in->base + (size_t)(at - in->start);

	return err_set_at(in->e, code, offset, "%s at byte %llu", say(what),
	    (unsigned long long)offset);
}

static int
ber_in_cut(const struct ber_in *in, const uint8_t *at)
{
	if (in->end == in->last)
		return ber_in_fail(
		    in, at, -CS_ERR_TRUNCATED, "an element is cut off");
	return ber_in_fail(in, at, -CS_ERR_ENCODING,
	    "an element is longer than the one around it");
}

static int
ber_read_len(struct ber_in *in, const uint8_t *at, struct ber_element *el)
{
	unsigned octets = *in->p++;
	uint64_t len = octets;

	el->is_indefinite = octets == 0x80;
	if (octets == 0xff || (octets == 0x80 && (el->tag & 0x20) == 0))
		return ber_in_fail(
		    in, at, -CS_ERR_ENCODING, "a length that is not allowed");
	if (octets > 0x80) {
		octets &= 0x7fU;
		if ((size_t)(in->end - in->p) < octets)
			return ber_in_cut(in, at);
		for (len = 0; octets > 0; octets--) {
			if (len > BER_LEN_MAX >> 8)
				return ber_in_fail(in, at, -CS_ERR_TOO_LARGE,
				    "a length is too large");
			len = len << 8 | *in->p++;
		}
	}
	el->content = *in;
	if (el->is_indefinite)
		return 0;
	if (len > (size_t)(in->end - in->p))
		return ber_in_cut(in, at);
	el->content.end = in->p + len;
	in->p += len;
	return 0;
}

/*
 * Takes a header and, if the length is definite, the content. An indefinite
 * element's content is taken by whoever reads el->content to its end, and
 * ber_leave() then moves in behind it.
 */
static int
ber_read(struct ber_in *in, struct ber_element *el)
{
	const uint8_t *at = in->p;

	*el = (struct ber_element){.at = at};
	if (in->end - at < 2)
		return ber_in_cut(in, at);
	el->tag = *in->p++;
	if ((el->tag & 0x1f) == 0x1f)
		return ber_in_fail(
		    in, at, -CS_ERR_ENCODING, "a tag of more than one octet");
	if ((el->tag & ~DER_CONSTRUCTED) == 0)
		return ber_in_fail(in, at, -CS_ERR_ENCODING,
		    "end-of-contents where none is due");
	return ber_read_len(in, at, el);
}

/* Is there another element in el? Takes the end-of-contents octets. */
static bool
ber_has_next(struct ber_element *el)
{
	struct ber_in *c = &el->content;

	if (!el->is_indefinite)
		return c->p != c->end;
	if (c->end - c->p >= 2 && c->p[0] == 0 && c->p[1] == 0) {
		c->p += 2;
		return false;
	}
	return true; /* or cut off, as reading it will tell */
}

static void
ber_leave(struct ber_in *in, const struct ber_element *el)
{
	if (el->is_indefinite)
		in->p = el->content.p;
}

/* A segment of a BIT STRING; *unused is that of the segment before. */
static int
ber_put_bit_segment(struct ber_element *el, struct buf *out, unsigned *unused)
{
	const struct ber_in *c = &el->content;
	size_t len = (size_t)(c->end - c->p);

	if (len == 0 || c->p[0] > 7 || (len == 1 && c->p[0] != 0) ||
	    *unused != 0)
		return ber_in_fail(
		    c, el->at, -CS_ERR_ENCODING, "a broken BIT STRING");
	*unused = c->p[0];
	buf_add(out, c->p + 1, len - 1);
	return 0;
}

/*
 * Appends the content of a string, whose segments have the universal tag
 * segment_tag, without their headers. Recursion ends at BER_DEPTH_MAX.
 */
static int
ber_put_segments(struct ber_element *el, int segment_tag, struct buf *out,
    unsigned *unused, unsigned depth)
{
	struct ber_in *c = &el->content;
	struct ber_element inner;
	int r;

	if ((el->tag & DER_CONSTRUCTED) == 0) {
		if (segment_tag == DER_BIT_STRING)
			return ber_put_bit_segment(el, out, unused);
		buf_add(out, c->p, (size_t)(c->end - c->p));
		return 0;
	}
	if (depth >= BER_DEPTH_MAX)
		return ber_in_fail(
		    c, el->at, -CS_ERR_TOO_DEEP, "the nesting is too deep");
	while (ber_has_next(el)) {
		r = ber_read(c, &inner);
		if (r == 0 && (inner.tag & ~DER_CONSTRUCTED) != segment_tag)
			r = ber_in_fail(c, inner.at, -CS_ERR_ENCODING,
			    "a segment of a string has another tag");
		if (r == 0)
			r = ber_put_segments(
			    &inner, segment_tag, out, unused, depth + 1);
		if (r != 0)
			return r;
		ber_leave(c, &inner);
	}
	return 0;
}

static int
ber_put_string(struct ber_element *el, struct buf *out, unsigned depth)
{
	int tag = el->tag & ~DER_CONSTRUCTED, r;
	unsigned unused = 0;
	size_t mark = der_open(out, tag);

	if (tag != DER_BIT_STRING) {
		/* X.690 8.23.6: the segments of every other string */
		r = ber_put_segments(el, DER_OCTET_STRING, out, &unused, depth);
	} else {
		buf_add_byte(out, 0);
		r = ber_put_segments(el, tag, out, &unused, depth);
	}
	if (r == 0 && out->err == 0 && unused != 0) {
		out->data[mark + 1] = (uint8_t)unused;
		out->data[out->len - 1] &= (uint8_t)(0xffU << unused);
	}
	der_close(out, mark);
	return r;
}

static bool
ber_is_string(int tag)
{
	switch (tag & ~DER_CONSTRUCTED) {
	case DER_BIT_STRING:
	case DER_OCTET_STRING:
	case DER_UTF8_STRING:
	case DER_NUMERIC_STRING:
	case DER_PRINTABLE_STRING:
	case DER_TELETEX_STRING:
	case 0x15: /* VideotexString */
	case DER_IA5_STRING:
	case DER_UTC_TIME:
	case DER_GENERALIZED_TIME:
	case 0x07: /* ObjectDescriptor */
	case 0x19: /* GraphicString */
	case DER_VISIBLE_STRING:
	case 0x1b: /* GeneralString */
	case DER_UNIVERSAL_STRING:
	case DER_BMP_STRING:
		return true;
	default:
		return false;
	}
}

/* May this universal type stand in this form? */
static bool
ber_is_form_legal(int tag)
{
	switch (tag & ~DER_CONSTRUCTED) {
	case DER_SEQUENCE & ~DER_CONSTRUCTED:
	case DER_SET & ~DER_CONSTRUCTED:
	case 0x08: /* EXTERNAL */
	case 0x0b: /* EMBEDDED PDV */
	case 0x1d: /* CHARACTER STRING */
		return (tag & DER_CONSTRUCTED) != 0;
	default:
		return (tag & DER_CONSTRUCTED) == 0;
	}
}

static int
ber_put_primitive(struct ber_element *el, struct buf *out)
{
	const struct ber_in *c = &el->content;
	size_t len = (size_t)(c->end - c->p);

	if (el->tag != DER_BOOLEAN) {
		der_put(out, el->tag, bytes_of(c->p, len));
		return 0;
	}
	if (len != 1)
		return ber_in_fail(
		    c, el->at, -CS_ERR_ENCODING, "a broken BOOLEAN");
	der_put_bool(out, DER_BOOLEAN, c->p[0] != 0);
	return 0;
}

/* Converts the next element of in. Recursion ends at BER_DEPTH_MAX. */
static int
ber_put(struct ber_in *in, struct buf *out, unsigned depth)
{
	struct ber_element el;
	size_t mark;
	int r;

	r = ber_read(in, &el);
	if (r != 0)
		return r;
	if ((el.tag & 0xc0) == 0 && ber_is_string(el.tag)) {
		r = ber_put_string(&el, out, depth);
		ber_leave(in, &el);
		return r;
	}
	if ((el.tag & 0xc0) == 0 && !ber_is_form_legal(el.tag))
		return ber_in_fail(in, el.at, -CS_ERR_ENCODING,
		    "a type in a form that it cannot have");
	if ((el.tag & DER_CONSTRUCTED) == 0)
		return ber_put_primitive(&el, out);
	if (depth >= BER_DEPTH_MAX)
		return ber_in_fail(
		    in, el.at, -CS_ERR_TOO_DEEP, "the nesting is too deep");
	mark = der_open(out, el.tag);
	while (ber_has_next(&el)) {
		r = ber_put(&el.content, out, depth + 1);
		if (r != 0)
			return r;
	}
	ber_leave(in, &el);
	der_close(out, mark);
	return 0;
}

static int
ber_put_whole(struct ber_in *in, struct buf *der)
{
	int r;

	if (in->end - in->start > (ptrdiff_t)DER_LEN_MAX)
		return err_set(in->e, -CS_ERR_TOO_LARGE, NULL);
	r = ber_put(in, der, 0);
	if (r == 0 && in->p != in->end)
		r = ber_in_fail(
		    in, in->p, -CS_ERR_TRAILING, "there is data after the end");
	return r == 0 && der->err != 0 ? err_set(in->e, der->err, NULL) : r;
}

static struct ber_in
ber_in_of(struct bytes element, struct err *e)
{
	return (struct ber_in){
	    .p = element.p,
	    .end = element.len != 0 ? element.p + element.len : element.p,
	    .start = element.p,
	    .e = e,
	};
}

int
ber_to_der_at(
    struct bytes element, uint64_t base, struct buf *der, struct err *e)
{
	struct ber_in in = ber_in_of(element, e);

	in.base = base;
	return ber_put_whole(&in, der);
}

int
ber_to_der(struct bytes element, struct buf *out, size_t max, struct err *e)
{
	struct ber_in in = ber_in_of(element, e);
	struct buf der;
	int r;

	if (out->err != 0)
		return out->err;
	in.last = in.end;
	buf_init(&der, max);
	r = ber_put_whole(&in, &der);
	if (r == 0 && buf_add_bytes(out, buf_get(&der)) != 0)
		r = err_set(e, out->err, NULL);
	buf_clear(&der);
	return r;
}
