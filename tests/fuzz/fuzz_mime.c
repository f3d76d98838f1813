/*
 * fuzz_mime.c: a hostile mail, through everything of client/smime that takes
 * mails apart. Beside memory errors it finds broken promises:
 * - the structure does not depend on the pieces the mail comes in;
 * - an entity that can be detached is fit for transport, and stays the same
 *   when it is scanned again;
 * - quoted-printable gives back what it got;
 * - what is taken apart for showing is UTF-8;
 * - nothing comes out of a mail whose signature is not good.
 */
#include <stdlib.h>
#include <string.h>

#include "asn1/utf8.h"
#include "client/owa/parts.h"
#include "client/smime/address_list.h"
#include "client/smime/parser.h"
#include "client/smime/smime.h"
#include "client/smime/transfer.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "mime";
bool fuzz_is_planted;

#define SPACES "                                                            "

const char *const fuzz_words[] = {"\n", "\r\n", "\r", "\n\n", "--b", "\n--b\n",
    "\n--b--\n", "--", "From ", "\nFrom x Sat Jan  3 01:05:34 1996\n",
    "Content-Type: ", "multipart/mixed; boundary=b\n", "message/rfc822\n",
    "multipart/signed; boundary=b\n", "text/plain\n", "image/png\n",
    "Content-Transfer-Encoding: ", "binary\n", "8bit\n", "base64\n",
    "quoted-printable\n", "boundary=", "boundary*0*=utf-8''%62", "=\r\n", "=41",
    "From: ", "<a@b>", "\"", "(", ")", ";", ":", ",", "@", "\xe4", "\xff",
    "Subject: \xc3\xbc\n", "text/html; charset=utf-8\n", "<body a=\"", ">",
    "=3Cbody=\n>", "PGJvZHk+", "<!--", "charset=iso-8859-1",
    "=?utf-8?q?a=40b?=", "application/pkcs7-mime\n", "MIIB",
    SPACES SPACES SPACES SPACES SPACES SPACES SPACES SPACES SPACES, NULL};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* --- structure --- */

struct trace {
	struct parser *parser;
	struct buf log;
	bool is_raw;
};

static int
on_header(void *ctx, const struct parser_header *h, struct err *e)
{
	struct trace *t = ctx;
	struct buf boundary = {0};
	struct media_type mt;
	bool is_ambiguous;

	(void)e;
	if (header_get_media_type(h->section, &mt) &&
	    media_type_is(&mt, "multipart", NULL) &&
	    header_get_param(mt.params, "boundary", &boundary, &is_ambiguous) ==
		1)
		parser_open(t->parser, buf_get(&boundary), t->is_raw);
	buf_printf(&t->log, "H%zu,%zu,%llu,%u,%u,%d;", h->level, h->section.len,
	    (unsigned long long)h->body, h->end, h->flags,
	    header_get_cte(h->section));
	buf_clear(&boundary);
	return 0;
}

static int
on_begin(void *ctx, const struct parser_area *a, struct err *e)
{
	(void)e;
	buf_printf(&((struct trace *)ctx)->log, "%u,%zu[", a->kind, a->level);
	return 0;
}

static int
on_text(void *ctx, struct bytes in, struct err *e)
{
	(void)e;
	buf_add_bytes(&((struct trace *)ctx)->log, in);
	return 0;
}

static int
on_end(void *ctx, const struct parser_area *a, struct err *e)
{
	(void)e;
	buf_printf(&((struct trace *)ctx)->log, "]%llu,%u;",
	    (unsigned long long)a->to, a->flags);
	return 0;
}

static int
on_leave(void *ctx, size_t level, bool is_closed, struct err *e)
{
	(void)e;
	buf_printf(&((struct trace *)ctx)->log, "x%zu,%d;", level, is_closed);
	return 0;
}

static int
parse(struct bytes in, size_t piece, bool is_raw, struct buf *log)
{
	struct trace t = {.log = {.max = 64 << 20}, .is_raw = is_raw};
	struct parser_events events = {
	    on_header, on_begin, on_text, on_end, on_leave, &t};
	size_t at, n;
	int r = 0;

	t.parser = parser_new(&events, 0, true);
	for (at = 0; r == 0 && at < in.len; at += n) {
		n = in.len - at < piece ? in.len - at : piece;
		/* Planted: a piece of one octet is lost. */
		if (fuzz_is_planted && n == 1 && in.p[at] == '\r')
			continue;
		r = sink_write(
		    parser_get_sink(t.parser), bytes_of(in.p + at, n), NULL);
	}
	if (r == 0)
		r = sink_finish(parser_get_sink(t.parser), NULL);
	parser_free(t.parser);
	*log = t.log;
	return r;
}

static void
fuzz_structure(struct bytes in)
{
	static const size_t pieces[] = {1, 3, 64, 1000};
	struct buf whole, log;
	size_t i, k;
	int r;

	for (i = 0; i < 2; i++) {
		r = parse(in, in.len + 1, i == 1, &whole);
		for (k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
			require(parse(in, pieces[k], i == 1, &log) == r);
			require(r != 0 ||
				bytes_is_equal(buf_get(&log), buf_get(&whole)));
			buf_clear(&log);
		}
		buf_clear(&whole);
	}
}

/* --- sending --- */

static bool
make_entity(struct bytes in, bool is_7bit, bool is_hidden, struct buf *out,
    bool *can_detach)
{
	struct input *input = input_new_bytes(in, "fuzz");
	struct sink *end = sink_new_buf(out);
	struct smime_mail *mail;
	struct err e = ERR_INIT;
	bool is_mail = smime_mail_open(input, &mail, &e) == 0;

	buf_init(out, 64 << 20);
	if (is_mail && is_hidden) {
		smime_mail_set_headers(mail, SMIME_HEADERS_HIDE);
		smime_mail_set_legacy(mail, true);
	}
	is_mail = is_mail && smime_mail_scan_rest(mail, &e) == 0;
	if (is_mail) {
		*can_detach = smime_mail_can_detach(mail, NULL);
		require(source_run(smime_mail_get_entity(mail, is_7bit), end,
			    &e) == 0);
	}
	smime_mail_free(mail);
	sink_free(end);
	input_free(input);
	return is_mail;
}

static void
fuzz_entity(struct bytes in)
{
	struct buf entity, again;
	bool can_detach, is_still;

	if (!make_entity(in, true, false, &entity, &can_detach))
		return;
	if (can_detach) {
		require((lines_judge(buf_get(&entity)) &
			    (LINES_UNSAFE | LINES_BARE_LF)) == 0);
		require(make_entity(
		    buf_get(&entity), true, false, &again, &is_still));
		require(is_still &&
			bytes_is_equal(buf_get(&entity), buf_get(&again)));
		buf_clear(&again);
	}
	buf_clear(&entity);
	require(make_entity(in, false, false, &entity, &can_detach));
	buf_clear(&entity);
}

/* The same with what is hidden in the texts. */
static void
fuzz_hidden(struct bytes in)
{
	struct buf entity;
	bool can_detach;

	if (make_entity(in, true, true, &entity, &can_detach) && can_detach)
		require((lines_judge(buf_get(&entity)) &
			    (LINES_UNSAFE | LINES_BARE_LF)) == 0);
	buf_clear(&entity);
	if (make_entity(in, false, true, &entity, &can_detach))
		require(entity.len > 0);
	buf_clear(&entity);
}

static void
fuzz_qp(struct bytes in)
{
	struct buf out = {.max = 64 << 20};
	struct sink *end = sink_new_buf(&out);
	struct sink *dec = sink_new_qp_dec(end);
	struct sink *enc = sink_new_qp_enc(dec, QP_DATA);

	require(sink_write(enc, in, NULL) == 0);
	require(sink_finish(enc, NULL) == 0 && sink_finish(dec, NULL) == 0);
	require(bytes_is_equal(buf_get(&out), in));
	buf_reset(&out);
	require(sink_write(dec, in, NULL) == 0 && sink_finish(dec, NULL) == 0);
	sink_free(enc);
	sink_free(dec);
	sink_free(end);
	buf_clear(&out);
}

/* For Outlook on the web: JSON takes nothing but UTF-8. */
static void
fuzz_parts(struct bytes in)
{
	struct owa_parts parts = {0};
	struct buf shown = {.max = 64 << 20};
	const struct owa_part *part;
	size_t i;

	if (owa_parts_read(&parts, in, NULL) == 0) {
		require(utf8_is_valid(buf_get(&parts.body)));
		require(owa_put_pictures(&shown, &parts) == 0);
		require(shown.len >= parts.body.len);
	}
	for (i = 0; i < parts.len; i++) {
		part = &parts.items[i];
		require(part->type != NULL && part->name != NULL);
		require(utf8_is_valid(bytes_of_str(part->name)));
		require(part->content_id == NULL ||
			utf8_is_valid(bytes_of_str(part->content_id)));
	}
	owa_parts_clear(&parts);
	buf_clear(&shown);
}

/* --- reading --- */

static int
take(void *ctx, const void *p, size_t len)
{
	return buf_add(ctx, p, len);
}

static void
fuzz_read(struct bytes in)
{
	struct cms_trust trust = {.path = {.purpose = PATH_SIGN}};
	struct smime_read_params params = {.cms = {.trust = &trust},
	    .wants_signed = true,
	    .checks_address = true};
	struct buf content = {.max = 64 << 20};
	struct input *input = input_new_bytes(in, "fuzz");
	struct output *out = output_new_fn(take, &content);
	struct verdict *v = verdict_new();
	struct err e = ERR_INIT;
	int r = smime_read(input, &params, out, v, &e);

	require(r != 0 || v->summary != VERDICT_VERIFIED);
	if (r == 0)
		require(output_commit(out, NULL) == 0);
	require(
	    content.len == 0 || (r == 0 && v->summary == VERDICT_UNTRUSTED));
	verdict_free(v);
	output_free(out);
	input_free(input);
	buf_clear(&content);
}

static int
check_mailbox(void *ctx, const struct mailbox *m)
{
	(void)ctx;
	require(m->addr_spec.len <= ADDRESS_SPEC_MAX &&
		m->display.len <= DISPLAY_LEN_MAX);
	return 0;
}

static void
fuzz_header(struct bytes in)
{
	struct buf value = {0};
	struct header_field f;
	size_t n;

	for (n = 0; n < 20 && header_next(&in, &f); n++) {
		require(f.raw.len >= f.name.len + f.value.len);
		(void)!address_list_walk(f.value, check_mailbox, NULL);
		header_get_param(f.value, "boundary", &value, NULL);
		buf_reset(&value);
		words_decode(f.value, &value);
		buf_reset(&value);
	}
	buf_clear(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes in = bytes_of(data, len);

	if (alg_init(NULL) != 0 || len == 0)
		return 0;
	fuzz_structure(in);
	fuzz_entity(in);
	fuzz_hidden(in);
	fuzz_qp(in);
	fuzz_parts(in);
	fuzz_read(in);
	fuzz_header(in);
	return 0;
}
