#include "client/smime/transfer.h"

#include <stdlib.h>
#include <string.h>

#define QP_COLUMNS 76
#define QP_LOOK 6 /* octets seen ahead: "From " and one more */
#define QP_IN_LEN 4096
#define QP_OUT_LEN 8192
#define QP_SPACE_MAX 1000 /* white space held until it is clear where it is */

struct qp_enc {
	struct sink sink;
	struct sink *next;
	enum qp_lines lines;
	size_t column;
	size_t in_len, out_len;
	uint8_t in[QP_LOOK + QP_IN_LEN];
	uint8_t out[QP_OUT_LEN];
};

static int
qp_enc_flush(struct qp_enc *q, struct err *e)
{
	size_t len = q->out_len;

	q->out_len = 0;
	return len == 0 ? 0 : sink_write(q->next, bytes_of(q->out, len), e);
}

/* Octets of a line end at the front, or 0. */
static size_t
qp_line_end(const struct qp_enc *q, struct bytes in)
{
	if (in.len >= 2 && in.p[0] == '\r' && in.p[1] == '\n')
		return 2;
	return in.len >= 1 && in.p[0] == '\n' && q->lines == QP_TEXT ? 1 : 0;
}

static bool
qp_is_plain(const struct qp_enc *q, struct bytes in)
{
	struct bytes rest = bytes_of(in.p + 1, in.len - 1);
	uint8_t c = in.p[0];

	if (c == ' ' || c == '\t')
		return rest.len > 0 && qp_line_end(q, rest) == 0;
	if (c <= ' ' || c >= 0x7f || c == '=')
		return false;
	if (q->column > 0)
		return true;
	if (c == 'F')
		return in.len < 5 ||
		       !bytes_is_equal(bytes_of(in.p, 5), BYTES_LIT("From "));
	if (c == '-')
		return rest.len == 0 || rest.p[0] != '-';
	if (c == '.')
		return rest.len > 0 && qp_line_end(q, rest) == 0;
	return true;
}

static void
qp_put(struct qp_enc *q, uint8_t c)
{
	q->out[q->out_len++] = c;
	q->column++;
}

static void
qp_put_break(struct qp_enc *q)
{
	qp_put(q, '\r');
	qp_put(q, '\n');
	q->column = 0;
}

/* Encodes the octet at the front, seeing what follows. */
static void
qp_put_octet(struct qp_enc *q, struct bytes in)
{
	static const char hex[] = "0123456789ABCDEF";
	bool is_plain = qp_is_plain(q, in);

	if (q->column + (is_plain ? 1 : 3) > QP_COLUMNS - 1) {
		qp_put(q, '=');
		qp_put_break(q);
		is_plain = qp_is_plain(q, in);
	}
	if (is_plain) {
		qp_put(q, in.p[0]);
		return;
	}
	qp_put(q, '=');
	qp_put(q, (uint8_t)hex[in.p[0] >> 4]);
	qp_put(q, (uint8_t)hex[in.p[0] & 15]);
}

/* Encodes what is in q->in but the last keep octets. */
static int
qp_enc_run(struct qp_enc *q, size_t keep, struct err *e)
{
	size_t i = 0, n;
	struct bytes in;
	int r = 0;

	while (r == 0 && q->in_len - i > keep) {
		in = bytes_of(q->in + i, q->in_len - i);
		n = qp_line_end(q, in);
		if (n > 0) {
			qp_put_break(q);
		} else {
			qp_put_octet(q, in);
			n = 1;
		}
		i += n;
		if (q->out_len > QP_OUT_LEN - 16)
			r = qp_enc_flush(q, e);
	}
	q->in_len -= i;
	memmove(q->in, q->in + i, q->in_len);
	return r != 0 ? r : qp_enc_flush(q, e);
}

static int
qp_enc_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct qp_enc *q = (struct qp_enc *)sink;
	size_t n, done;
	int r;

	for (done = 0; done < in.len; done += n) {
		n = sizeof(q->in) - q->in_len;
		n = in.len - done < n ? in.len - done : n;
		memcpy(q->in + q->in_len, in.p + done, n);
		q->in_len += n;
		r = qp_enc_run(q, QP_LOOK, e);
		if (r != 0)
			return r;
	}
	return 0;
}

static int
qp_enc_finish(struct sink *sink, struct err *e)
{
	return qp_enc_run((struct qp_enc *)sink, 0, e);
}

static void
qp_enc_free(struct sink *sink)
{
	mem_wipe(sink, sizeof(struct qp_enc));
	free(sink);
}

struct sink *
sink_new_qp_enc(struct sink *next, enum qp_lines lines)
{
	struct qp_enc *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->sink = (struct sink){qp_enc_write, qp_enc_finish, qp_enc_free};
	q->next = next;
	q->lines = lines;
	return &q->sink;
}

/* --- decoding --- */

struct qp_dec {
	struct sink sink;
	struct sink *next;
	/* "=", perhaps a hex digit or white space behind it; or white space,
	 * perhaps a CR. */
	size_t held_len, out_len;
	uint8_t held[QP_SPACE_MAX];
	uint8_t out[QP_OUT_LEN];
};

static int
qp_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
qp_dec_flush(struct qp_dec *q, struct err *e)
{
	size_t len = q->out_len;

	q->out_len = 0;
	return len == 0 ? 0 : sink_write(q->next, bytes_of(q->out, len), e);
}

static void
qp_dec_release(struct qp_dec *q)
{
	memcpy(q->out + q->out_len, q->held, q->held_len);
	q->out_len += q->held_len;
	q->held_len = 0;
}

static void
qp_dec_octet(struct qp_dec *q, uint8_t c)
{
	bool is_code = q->held_len > 0 && q->held[0] == '=';
	bool is_space = c == ' ' || c == '\t';
	bool is_after_cr = q->held_len > 0 && q->held[q->held_len - 1] == '\r';

	if (c == '\n') {
		q->held_len = 0;
		if (!is_code) {
			q->out[q->out_len++] = '\r';
			q->out[q->out_len++] = '\n';
		}
		return;
	}
	if (is_code && !is_after_cr) {
		if (q->held_len == 2 && qp_digit(q->held[1]) >= 0 &&
		    qp_digit(c) >= 0) {
			q->out[q->out_len++] =
			    (uint8_t)(qp_digit(q->held[1]) << 4 | qp_digit(c));
			q->held_len = 0;
			return;
		}
		if ((q->held_len == 1 && qp_digit(c) >= 0) ||
		    ((is_space || c == '\r') &&
			(q->held_len == 1 || qp_digit(q->held[1]) < 0))) {
			q->held[q->held_len++] = c;
			return;
		}
		qp_dec_release(q);
	}
	if (is_after_cr || (!is_space && c != '\r'))
		qp_dec_release(q);
	if (is_space || c == '\r' || c == '=') {
		if (c == '=')
			qp_dec_release(q);
		q->held[q->held_len++] = c;
	} else {
		q->out[q->out_len++] = c;
	}
}

static int
qp_dec_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct qp_dec *q = (struct qp_dec *)sink;
	size_t i;
	int r;

	for (i = 0; i < in.len; i++) {
		if (q->held_len == QP_SPACE_MAX)
			qp_dec_release(q);
		qp_dec_octet(q, in.p[i]);
		if (q->out_len <= QP_OUT_LEN - QP_SPACE_MAX - 2)
			continue;
		r = qp_dec_flush(q, e);
		if (r != 0)
			return r;
	}
	return qp_dec_flush(q, e);
}

static int
qp_dec_finish(struct sink *sink, struct err *e)
{
	struct qp_dec *q = (struct qp_dec *)sink;

	/* "=" at the very end is a soft break; space there is padding. */
	if (q->held_len > 0 && q->held[0] != '=' &&
	    q->held[q->held_len - 1] != '\r')
		q->held_len = 0;
	if (q->held_len == 1 && q->held[0] == '=')
		q->held_len = 0;
	qp_dec_release(q);
	return qp_dec_flush(q, e);
}

static void
qp_dec_free(struct sink *sink)
{
	mem_wipe(sink, sizeof(struct qp_dec));
	free(sink);
}

struct sink *
sink_new_qp_dec(struct sink *next)
{
	struct qp_dec *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->sink = (struct sink){qp_dec_write, qp_dec_finish, qp_dec_free};
	q->next = next;
	return &q->sink;
}
