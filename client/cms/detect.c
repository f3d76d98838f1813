#include "asn1/say.h"
#include "client/cms/detect.h"

#include <stdlib.h>
#include <string.h>

#include "asn1/base64.h"
#include "asn1/der.h"

#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "
#define PEM_DASHES "-----"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define DETECT_BASE64_LEN 64 /* characters that are tried */
#define PEM_LINE_MAX 128     /* BEGIN and END lines */

/* What a ContentInfo in PEM is called: RFC 7468 8 and 9, and older tools. */
static const char *const pem_labels[] = {
    "CMS", "PKCS7", "PKCS #7 SIGNED DATA", "SIGNED MESSAGE"};

static bool
pem_is_label(struct bytes label)
{
	size_t i;

	for (i = 0; i < sizeof(pem_labels) / sizeof(pem_labels[0]); i++)
		if (bytes_is_equal(label, bytes_of_str(pem_labels[i])))
			return true;
	return false;
}

/* --- detection --- */

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
starts_with(struct bytes text, const char *prefix)
{
	size_t len = strlen(prefix);

	return text.len >= len &&
	       bytes_is_equal(bytes_of(text.p, len), bytes_of_str(prefix));
}

static struct bytes
skip_spaces(struct bytes text)
{
	while (text.len != 0 && is_space(text.p[0])) {
		text.p++;
		text.len--;
	}
	return text;
}

/* A SEQUENCE that begins with an OBJECT IDENTIFIER; no text does. */
static bool
looks_like_der(struct bytes head)
{
	size_t at = 2;

	if (head.len < 3 || head.p[0] != DER_SEQUENCE || head.p[1] == 0xff)
		return false;
	if (head.p[1] > 0x80)
		at += head.p[1] & 0x7fU;
	return at < head.len && head.p[at] == DER_OID;
}

/* "Name: value", or mbox' "From " line. */
static bool
looks_like_header(struct bytes head)
{
	size_t i;

	if (starts_with(head, "From "))
		return true;
	for (i = 0; i < head.len; i++)
		if (head.p[i] <= ' ' || head.p[i] >= 0x7f || head.p[i] == ':')
			break;
	/* RFC 5322 4.5 lets white space stand before the colon */
	if (i == 0)
		return false;
	while (i < head.len && (head.p[i] == ' ' || head.p[i] == '\t'))
		i++;
	return i < head.len && head.p[i] == ':';
}

/* Is there a line that begins a ContentInfo in PEM? */
static bool
has_pem_line(struct bytes head)
{
	const uint8_t *p = head.p, *end = head.p + head.len, *at;

	for (; p != NULL && p < end; p++) {
		at = p;
		if (starts_with(bytes_of(at, (size_t)(end - at)), PEM_BEGIN))
			return true;
		p = memchr(p, '\n', (size_t)(end - p));
		if (p == NULL)
			break;
	}
	return false;
}

/* Base64 of what looks like DER, as far as its head tells. */
static bool
looks_like_base64(struct bytes head)
{
	struct buf encoded = {0}, decoded = {0};
	bool looks;
	size_t i;

	for (i = 0; i < head.len && encoded.len < DETECT_BASE64_LEN; i++)
		if (!is_space(head.p[i]))
			buf_add_byte(&encoded, head.p[i]);
	encoded.len -= encoded.len % 4;
	looks = base64_decode(&decoded, buf_get(&encoded)) == 0 &&
		looks_like_der(buf_get(&decoded));
	buf_clear(&encoded);
	buf_clear(&decoded);
	return looks;
}

static enum input_form
detect(struct bytes head)
{
	struct bytes text = skip_spaces(head);

	if (looks_like_der(head))
		return INPUT_DER;
	if (starts_with(text, BYTE_ORDER_MARK))
		text = bytes_of(text.p + 3, text.len - 3);
	if (text.len == 0)
		return INPUT_EMPTY;
	if (starts_with(text, PEM_BEGIN))
		return INPUT_PEM;
	if (looks_like_header(text))
		return INPUT_MESSAGE;
	if (has_pem_line(text))
		return INPUT_PEM;
	if (looks_like_base64(text))
		return INPUT_BASE64;
	return INPUT_UNKNOWN;
}

int
input_detect(struct input *in, enum input_form *form, struct err *e)
{
	uint8_t *head = malloc(DETECT_LEN);
	size_t len;
	int r;

	*form = INPUT_UNKNOWN;
	if (head == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	r = input_read_at(in, 0, head, DETECT_LEN, &len, e);
	if (r == 0)
		*form = detect(bytes_of(head, len));
	mem_wipe(head, DETECT_LEN);
	free(head);
	return r;
}

/* --- PEM as a stream --- */

enum pem_state {
	PEM_BEFORE, /* lines before the BEGIN line */
	PEM_BODY,
	PEM_ENDING, /* the END line */
	PEM_AFTER,
};

struct pem_sink {
	struct sink sink;
	struct sink *base64;
	enum pem_state state;
	size_t line_len; /* of line; more than PEM_LINE_MAX: too long */
	char line[PEM_LINE_MAX];
};

static int
pem_fail(struct err *e, const char *what)
{
	return err_set(e, -CS_ERR_ENCODING, "the PEM %s", say(what));
}

/* The label of "-----BEGIN LABEL-----", or false. */
static bool
pem_get_label(const struct pem_sink *s, const char *prefix, struct bytes *label)
{
	size_t prefix_len = strlen(prefix), tail_len = strlen(PEM_DASHES);
	struct bytes line = bytes_of(s->line, s->line_len);

	if (line.len > PEM_LINE_MAX)
		return false;
	while (line.len > 0 && is_space(line.p[line.len - 1]))
		line.len--;
	if (line.len < prefix_len + tail_len || !starts_with(line, prefix))
		return false;
	line.len -= tail_len;
	*label = bytes_of(line.p + prefix_len, line.len - prefix_len);
	return starts_with(bytes_of(line.p + line.len, tail_len), PEM_DASHES);
}

/* Detection looks past a byte order mark and white space; so must this. */
static void
pem_trim_line(struct pem_sink *s)
{
	struct bytes line =
	    bytes_of(s->line, s->line_len <= PEM_LINE_MAX ? s->line_len : 0);

	if (starts_with(line, BYTE_ORDER_MARK))
		line = bytes_of(line.p + 3, line.len - 3);
	line = skip_spaces(line);
	memmove(s->line, line.p, line.len);
	s->line_len = line.len;
}

static int
pem_line(struct pem_sink *s, struct err *e)
{
	struct bytes label;
	int r;

	switch (s->state) {
	case PEM_BEFORE:
		pem_trim_line(s);
		if (pem_get_label(s, PEM_BEGIN, &label) && pem_is_label(label))
			s->state = PEM_BODY;
		break;
	case PEM_ENDING:
		if (!pem_get_label(s, PEM_END, &label) || !pem_is_label(label))
			return pem_fail(e, "has no proper END line");
		s->state = PEM_AFTER;
		r = sink_finish(s->base64, e);
		if (r != 0)
			return r;
		break;
	case PEM_AFTER:
		if (pem_get_label(s, PEM_BEGIN, &label) && pem_is_label(label))
			return err_set(e, -CS_ERR_MULTIPLE, NULL);
		break;
	case PEM_BODY:
		break;
	}
	s->line_len = 0;
	return 0;
}

/* Collects a line; returns how many bytes were taken. */
static size_t
pem_collect(struct pem_sink *s, struct bytes in, bool *is_whole)
{
	const uint8_t *end = memchr(in.p, '\n', in.len);
	size_t len = end != NULL ? (size_t)(end - in.p) : in.len;

	if (len <= PEM_LINE_MAX - s->line_len && s->line_len <= PEM_LINE_MAX) {
		memcpy(s->line + s->line_len, in.p, len);
		s->line_len += len;
	} else {
		s->line_len = PEM_LINE_MAX + 1;
	}
	*is_whole = end != NULL;
	return end != NULL ? len + 1 : len;
}

static int
pem_write(struct sink *sink, struct bytes in, struct err *e)
{
	struct pem_sink *s = (struct pem_sink *)sink;
	const uint8_t *dash;
	bool is_whole;
	size_t len;
	int r = 0;

	while (r == 0 && in.len != 0) {
		if (s->state == PEM_BODY) {
			dash = memchr(in.p, '-', in.len);
			len = dash != NULL ? (size_t)(dash - in.p) : in.len;
			r = sink_write(s->base64, bytes_of(in.p, len), e);
			if (dash != NULL)
				s->state = PEM_ENDING;
		} else {
			len = pem_collect(s, in, &is_whole);
			if (is_whole)
				r = pem_line(s, e);
		}
		in = bytes_of(in.p + len, in.len - len);
	}
	return r;
}

static int
pem_finish(struct sink *sink, struct err *e)
{
	struct pem_sink *s = (struct pem_sink *)sink;
	int r = s->line_len != 0 ? pem_line(s, e) : 0;

	if (r == 0 && s->state != PEM_AFTER)
		return err_set(e, -CS_ERR_TRUNCATED,
		    s->state == PEM_BEFORE
			? "no PEM of a CMS message is in the input"
			: N_("the PEM ends before its END line"));
	return r;
}

/* --- the source --- */

struct cms_source {
	struct source source;
	struct input *in;
	enum input_form form;
};

static int
cms_source_run_pem(struct cms_source *s, struct sink *base64, struct err *e)
{
	struct pem_sink pem = {
	    .sink = {.write = pem_write, .finish = pem_finish},
	    .base64 = base64,
	};
	int r = input_run(s->in, 0, INPUT_TO_END, &pem.sink, e);

	return r != 0 ? r : sink_finish(&pem.sink, e);
}

static int
cms_source_run(struct source *source, struct sink *sink, struct err *e)
{
	struct cms_source *s = (struct cms_source *)source;
	struct sink *base64;
	int r;

	if (s->form == INPUT_DER)
		return input_run(s->in, 0, INPUT_TO_END, sink, e);
	base64 = sink_new_base64_dec(sink);
	if (base64 == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (s->form == INPUT_PEM) {
		r = cms_source_run_pem(s, base64, e);
	} else {
		r = input_run(s->in, 0, INPUT_TO_END, base64, e);
		if (r == 0)
			r = sink_finish(base64, e);
	}
	sink_free(base64);
	return r;
}

struct source *
cms_source_new(struct input *in, enum input_form form, struct err *e)
{
	struct cms_source *s;

	if (form != INPUT_DER && form != INPUT_PEM && form != INPUT_BASE64) {
		err_set(e, -CS_ERR_NOT_MESSAGE,
		    form == INPUT_EMPTY ? "%s is empty"
					: N_("%s is no CMS message"),
		    input_get_name(in));
		return NULL;
	}
	s = malloc(sizeof(*s));
	if (s == NULL) {
		err_set(e, -CS_ERR_NO_MEMORY, NULL);
		return NULL;
	}
	*s = (struct cms_source){
	    .source = {.run = cms_source_run, .is_stable = input_is_stable(in)},
	    .in = in,
	    .form = form,
	};
	return &s->source;
}

void
cms_source_free(struct source *source)
{
	free(source);
}
