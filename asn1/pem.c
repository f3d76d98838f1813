#include "config.h"

#include "asn1/pem.h"

#include <inttypes.h>
#include <string.h>

#include "asn1/base64.h"
#include "asn1/der.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* The rest of a text that is read from front to back. */
struct pem {
	const uint8_t *start;
	struct bytes rest;
	char label[PEM_LABEL_MAX + 1]; /* of the object at hand */
	struct bytes body;
};

static void
pem_skip(struct pem *pem, size_t n)
{
	pem->rest = bytes_of(pem->rest.p + n, pem->rest.len - n);
}

static size_t
pem_offset(const struct pem *pem)
{
	return pem->rest.len != 0 ? (size_t)(pem->rest.p - pem->start) : 0;
}

/* Moves to the next occurrence of what; false if there is none. */
static bool
pem_find(struct pem *pem, const char *what)
{
	const uint8_t *p;

	if (pem->rest.len == 0)
		return false;
	p = memmem(pem->rest.p, pem->rest.len, what, strlen(what));
	if (p == NULL)
		return false;
	pem_skip(pem, (size_t)(p - pem->rest.p));
	return true;
}

static bool
pem_is_line_start(const struct pem *pem)
{
	return pem->rest.p == pem->start || pem->rest.p[-1] == '\n' ||
	       pem->rest.p[-1] == '\r';
}

/*
 * Takes "LABEL-----" and blanks up to the line end; false, and no move, if
 * that is not there. RFC 7468 3: printable characters.
 */
static bool
pem_take_label(struct pem *pem, char *label)
{
	struct bytes in = pem->rest;
	size_t n = 0;

	while (n < in.len && in.p[n] >= 0x20 && in.p[n] < 0x7f &&
	       in.p[n] != '-' && n < PEM_LABEL_MAX)
		n++;
	if (in.len - n < 5 ||
	    bytes_compare(bytes_of(in.p + n, 5), BYTES_LIT(DASHES)) != 0)
		return false;
	memcpy(label, in.p, n);
	label[n] = '\0';
	for (n += 5; n < in.len && (in.p[n] == ' ' || in.p[n] == '\t'); n++)
		continue;
	if (n < in.len && in.p[n] != '\n' && in.p[n] != '\r')
		return false;
	pem_skip(pem, n);
	return true;
}

/* Moves behind the next BEGIN line and keeps its label. */
static bool
pem_next_begin(struct pem *pem)
{
	bool is_start;

	while (pem_find(pem, BEGIN)) {
		is_start = pem_is_line_start(pem);
		pem_skip(pem, sizeof(BEGIN) - 1);
		if (is_start && pem_take_label(pem, pem->label))
			return true;
	}
	return false;
}

bool
pem_is_pem(struct bytes text)
{
	struct pem pem = {.start = text.p, .rest = text};

	return pem_next_begin(&pem);
}

/* Behind a BEGIN line: sets the body and moves behind the END line. */
static int
pem_take_body(struct pem *pem, struct err *e)
{
	const uint8_t *from = pem->rest.p;
	char label[PEM_LABEL_MAX + 1];
	size_t at = pem_offset(pem);

	if (!pem_find(pem, DASHES))
		return err_set_at(e, -CS_ERR_TRUNCATED, at,
		    "PEM: the end line of \"%s\" is missing", pem->label);
	pem->body = bytes_of(from, (size_t)(pem->rest.p - from));
	if (pem->rest.len >= sizeof(END) - 1 &&
	    bytes_is_equal(
		bytes_of(pem->rest.p, sizeof(END) - 1), BYTES_LIT(END))) {
		pem_skip(pem, sizeof(END) - 1);
		if (pem_take_label(pem, label) &&
		    strcmp(label, pem->label) == 0)
			return 0;
	}
	return err_set_at(e, -CS_ERR_ENCODING, pem_offset(pem),
	    "PEM: \"%s\" does not end with its own end line", pem->label);
}

static int
pem_decode_body(const struct pem *pem, struct buf *der, struct err *e)
{
	struct base64_dec d;
	uint8_t *room;
	uint64_t at = (uint64_t)(pem->body.p - pem->start);
	size_t len;
	int r;

	buf_reset(der);
	if (pem->body.len / 4 * 3 > PEM_OBJECT_MAX)
		return err_set_at(e, -CS_ERR_TOO_LARGE, at,
		    "PEM: \"%s\" is too large", pem->label);
	room = buf_reserve(der, BASE64_DECODED_MAX(pem->body.len));
	if (room == NULL)
		return err_set(e, der->err, NULL);
	base64_dec_init(&d);
	r = base64_dec_write(&d, pem->body, room, &len);
	if (r == 0)
		r = base64_dec_finish(&d);
	if (r != 0)
		return err_set_at(e, r, at + d.offset,
		    "PEM: the base64 of \"%s\" is broken at byte %" PRIu64,
		    pem->label, at + d.offset);
	buf_grow_len(der, len);
	return 0;
}

/* Does the caller want this object? Negative: it must not be taken so. */
static int
pem_is_wanted(const struct pem *pem, const char *label, struct err *e)
{
	if (label == NULL || strcmp(pem->label, label) == 0)
		return true;
	if (strcmp(label, "CERTIFICATE") != 0)
		return false;
	if (strcmp(pem->label, "TRUSTED CERTIFICATE") == 0)
		return err_set_at(e, -CS_ERR_UNSUPPORTED, pem_offset(pem),
		    "PEM: \"TRUSTED CERTIFICATE\" is OpenSSL's own format; "
		    "convert it with \"openssl x509\"");
	return strcmp(pem->label, "X509 CERTIFICATE") == 0;
}

int
pem_walk(struct bytes text, const char *label, pem_object_fn *fn, void *ctx,
    struct err *e)
{
	struct pem pem = {.start = text.p, .rest = text};
	struct buf der = {.max = PEM_OBJECT_MAX + 3};
	size_t count = 0;
	int r = 0;

	while (r == 0 && pem_next_begin(&pem)) {
		r = pem_is_wanted(&pem, label, e);
		if (r <= 0)
			continue;
		r = pem_take_body(&pem, e);
		if (r == 0)
			r = pem_decode_body(&pem, &der, e);
		if (r == 0)
			r = fn(ctx, pem.label, buf_get(&der));
		count++;
	}
	buf_clear(&der);
	if (r != 0 || count != 0)
		return r;
	return err_set(e, -CS_ERR_ENCODING, "PEM: there is no \"%s\" in it",
	    label != NULL ? label : "BEGIN");
}

int
pem_write(struct buf *b, const char *label, struct bytes der)
{
	struct base64_enc enc;
	uint8_t *room;
	size_t len;

	buf_printf(b, "-----BEGIN %s-----\n", label);
	if (der.len > DER_LEN_MAX)
		return b->err = b->err != 0 ? b->err : -CS_ERR_TOO_LARGE;
	room = buf_reserve(b, BASE64_ENCODED_MAX(57 + der.len) + 96);
	if (room == NULL)
		return b->err;
	base64_enc_init(&enc, BASE64_LINE_PEM, "\n");
	base64_enc_write(&enc, der, room, &len);
	buf_grow_len(b, len);
	base64_enc_finish(&enc, room + len, &len);
	buf_grow_len(b, len);
	return buf_printf(b, "-----END %s-----\n", label);
}

/* Is text nothing but whole DER SEQUENCEs? */
static bool
pem_is_der(struct bytes text)
{
	struct der d;

	der_init(&d, text);
	while (der_has_more(&d))
		der_get(&d, DER_SEQUENCE);
	return text.len != 0 && der_end(&d) == 0;
}

int
pem_walk_any(struct bytes text, const char *label, pem_object_fn *fn, void *ctx,
    struct err *e)
{
	struct der d;
	int r = 0;

	if (!pem_is_der(text)) {
		if (pem_is_pem(text))
			return pem_walk(text, label, fn, ctx, e);
		return err_set(
		    e, -CS_ERR_ENCODING, "it is neither PEM nor DER");
	}
	der_init(&d, text);
	while (r == 0 && der_has_more(&d))
		r = fn(ctx, label != NULL ? label : "",
		    der_get_raw(&d, DER_SEQUENCE));
	return r;
}
