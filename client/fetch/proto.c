#include "client/fetch/proto.h"

#include <strings.h>

static bool
fetch_is_within(const struct fetch_request *q)
{
	return q->url.len != 0 && q->url.len <= FETCH_URL_MAX &&
	       q->octets_max != 0 && q->octets_max <= FETCH_OCTETS_MAX &&
	       q->timeout_ms != 0 && q->timeout_ms <= FETCH_TIMEOUT_MS_MAX &&
	       q->redirects_max <= FETCH_REDIRECTS_MAX &&
	       q->accept.len <= FETCH_TYPE_MAX &&
	       q->content_type.len <= FETCH_TYPE_MAX &&
	       q->body.len <= FETCH_BODY_MAX;
}

static void
fetch_put_opt(struct buf *b, int tag, struct bytes value)
{
	if (value.len != 0)
		der_put(b, tag, value);
}

int
fetch_put_request(struct buf *b, const struct fetch_request *q)
{
	size_t mark;

	if (!fetch_is_within(q))
		return -CS_ERR_ARGUMENT;
	mark = der_open(b, FETCH_REQUEST);
	der_put_uint(b, DER_INTEGER, FETCH_VERSION);
	der_put_uint(b, DER_ENUMERATED, q->method);
	der_put(b, DER_UTF8_STRING, q->url);
	der_put_uint(b, DER_INTEGER, q->octets_max);
	der_put_uint(b, DER_INTEGER, q->timeout_ms);
	der_put_uint(b, DER_INTEGER, q->redirects_max);
	der_put_bool(b, DER_BOOLEAN, q->is_public);
	fetch_put_opt(b, DER_CONTEXT(0), q->accept);
	fetch_put_opt(b, DER_CONTEXT(1), q->content_type);
	fetch_put_opt(b, DER_CONTEXT(2), q->body);
	der_close(b, mark);
	return b->err;
}

void
fetch_put_piece(struct buf *b, struct bytes piece)
{
	der_put(b, FETCH_PIECE, piece);
}

/* Text of servers goes through err_quote or is cut; it stays UTF-8. */
static void
fetch_put_text(struct buf *b, int tag, struct bytes text, size_t max)
{
	char clean[FETCH_URL_MAX + 1];

	if (text.len == 0)
		return;
	err_quote(clean, max + 1, text.p, text.len);
	der_put_str(b, tag, clean);
}

void
fetch_put_done(struct buf *b, const struct fetch_done *d)
{
	size_t mark = der_open(b, FETCH_DONE);

	der_put_uint(b, DER_INTEGER, (uint64_t)-d->code);
	der_put_uint(b, DER_INTEGER, d->status);
	fetch_put_text(b, DER_CONTEXT(0), d->url, FETCH_URL_MAX);
	fetch_put_text(b, DER_CONTEXT(1), d->content_type, FETCH_TYPE_MAX);
	fetch_put_text(b, DER_CONTEXT(2), d->text, FETCH_TEXT_MAX);
	der_close(b, mark);
}

int
fetch_frame_len(struct bytes in, size_t *frame_len)
{
	size_t n, i, len = 0;

	*frame_len = 0;
	if (in.len != 0 && in.p[0] != FETCH_REQUEST && in.p[0] != FETCH_PIECE &&
	    in.p[0] != FETCH_DONE)
		return -CS_ERR_PROTOCOL;
	if (in.len < 2)
		return 0;
	n = in.p[1] < 0x80 ? 0 : in.p[1] & 0x7fU;
	if (in.p[1] == 0x80 || n > 4)
		return -CS_ERR_PROTOCOL;
	if (in.len < 2 + n)
		return 0;
	for (i = 0; i < n; i++)
		len = len << 8 | in.p[2 + i];
	if (n == 0)
		len = in.p[1];
	if (len > FETCH_FRAME_MAX)
		return -CS_ERR_PROTOCOL;
	*frame_len = 2 + n + len;
	return 0;
}

static struct bytes
fetch_get_text(struct der *d, int tag, size_t max)
{
	if (der_peek(d) != tag)
		return BYTES_NONE;
	return der_get_utf8(d, tag, max);
}

static void
fetch_get_request(struct der *d, struct fetch_request *q)
{
	struct der in = der_enter(d, FETCH_REQUEST);

	if (der_get_uint(&in, 255) != FETCH_VERSION)
		der_fail(&in, -CS_ERR_PROTOCOL);
	q->method = (enum fetch_method)der_get_uint_tag(
	    &in, DER_ENUMERATED, FETCH_POST);
	q->url = der_get_utf8(&in, DER_UTF8_STRING, FETCH_URL_MAX);
	q->octets_max = der_get_uint(&in, FETCH_OCTETS_MAX);
	q->timeout_ms = (uint32_t)der_get_uint(&in, FETCH_TIMEOUT_MS_MAX);
	q->redirects_max = (unsigned)der_get_uint(&in, FETCH_REDIRECTS_MAX);
	q->is_public = der_get_bool(&in);
	q->accept = fetch_get_text(&in, DER_CONTEXT(0), FETCH_TYPE_MAX);
	q->content_type = fetch_get_text(&in, DER_CONTEXT(1), FETCH_TYPE_MAX);
	der_get_opt(&in, DER_CONTEXT(2), &q->body);
	der_leave(d, &in);
	if (d->err == 0 && !fetch_is_within(q))
		der_fail(d, -CS_ERR_PROTOCOL);
}

static void
fetch_get_done(struct der *d, struct fetch_done *done)
{
	struct der in = der_enter(d, FETCH_DONE);

	done->code = -(int)der_get_uint(&in, 65535);
	done->status = (unsigned)der_get_uint(&in, 999);
	done->url = fetch_get_text(&in, DER_CONTEXT(0), FETCH_URL_MAX);
	done->content_type =
	    fetch_get_text(&in, DER_CONTEXT(1), FETCH_TYPE_MAX);
	done->text = fetch_get_text(&in, DER_CONTEXT(2), FETCH_TEXT_MAX);
	der_leave(d, &in);
}

int
fetch_decode(struct bytes frame, struct fetch_msg *msg)
{
	struct der d;
	int tag;

	*msg = (struct fetch_msg){0};
	der_init(&d, frame);
	tag = der_peek(&d);
	if (tag == FETCH_REQUEST)
		fetch_get_request(&d, &msg->request);
	else if (tag == FETCH_DONE)
		fetch_get_done(&d, &msg->done);
	else
		msg->piece = der_get(&d, FETCH_PIECE);
	if (tag == FETCH_PIECE &&
	    (msg->piece.len == 0 || msg->piece.len > FETCH_PIECE_MAX))
		der_fail(&d, -CS_ERR_PROTOCOL);
	if (der_end(&d) != 0) {
		*msg = (struct fetch_msg){0};
		return -CS_ERR_PROTOCOL;
	}
	msg->type = (enum fetch_type)tag;
	return 0;
}

/* --- bodies of LDAP and DNS --- */

bool
fetch_is_ldap(struct bytes url)
{
	return url.len > 6 &&
	       (strncasecmp((const char *)url.p, "ldap:", 5) == 0 ||
		   strncasecmp((const char *)url.p, "ldaps:", 6) == 0);
}

bool
fetch_next_value(struct bytes *body, struct bytes *value)
{
	struct bytes raw;
	struct der d;

	*value = BYTES_NONE;
	if (body->len == 0)
		return false;
	der_init(&d, *body);
	raw = der_get_raw(&d, DER_OCTET_STRING);
	if (der_check(&d) != 0)
		return false;
	der_init(&d, raw);
	*value = der_get(&d, DER_OCTET_STRING);
	*body = bytes_of(body->p + raw.len, body->len - raw.len);
	return true;
}
