/* entity.c: the MIME entity that is signed or encrypted, as a source. */
#include <stdio.h>
#include <string.h>

#include "asn1/base64.h"
#include "asn1/say.h"
#include "client/smime/address_list.h"
#include "client/smime/canon.h"
#include "client/smime/mail.h"
#include "client/smime/protect.h"
#include "client/smime/transfer.h"

const char *
mail_cte_line(enum transfer_encoding cte)
{
	switch (cte) {
	case CTE_8BIT:
		return "Content-Transfer-Encoding: 8bit\r\n";
	case CTE_QP:
		return "Content-Transfer-Encoding: quoted-printable\r\n";
	case CTE_BASE64:
		return "Content-Transfer-Encoding: base64\r\n";
	default:
		return "Content-Transfer-Encoding: 7bit\r\n";
	}
}

bool
mail_is_dropped_field(const struct header_field *field)
{
	return header_is_named(field, "Content-Length");
}

bool
mail_is_inner_field(const struct header_field *field)
{
	return header_has_prefix(field, "Content-") &&
	       !mail_is_dropped_field(field);
}

int
mail_write_str(struct sink *out, const char *text, struct err *e)
{
	return sink_write(out, bytes_of_str(text), e);
}

/* A field in CRLF form, with a line end whatever came. */
static int
write_field(struct sink *canon, const struct header_field *f, struct err *e)
{
	int r = sink_write(canon, f->raw, e);

	if (r == 0 && f->raw.p[f->raw.len - 1] != '\n')
		r = mail_write_str(canon, "\n", e);
	return r;
}

int
mail_write_outer(struct bytes section, struct sink *out, struct err *e)
{
	struct sink *canon = sink_new_canon(out);
	struct header_field f;
	int r = 0;

	if (canon == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (r == 0 && header_next(&section, &f))
		if (!header_has_prefix(&f, "Content-") &&
		    !header_is_named(&f, "MIME-Version"))
			r = write_field(canon, &f, e);
	sink_free(canon);
	return r;
}

/* Of a body that has no Content-Type. */
static int
write_type_of_text(const struct smime_mail *m, struct sink *out, struct err *e)
{
	char text[80];

	snprintf(text, sizeof(text),
	    "Content-Type: text/plain; charset=%s%s\r\n", m->charset,
	    m->has_legacy_text ? "; hp-legacy-display=\"1\"" : "");
	if (m->headers != SMIME_HEADERS_PLAIN)
		return protect_write_type(m, bytes_of_str(text), out, e);
	return mail_write_str(out, text, e);
}

int
entity_write_header(const struct entity *t, struct sink *out, struct err *e)
{
	const struct smime_mail *m = t->mail;
	enum transfer_encoding cte = m->cte[t->is_7bit ? 1 : 0];
	struct bytes rest = buf_get(&m->header);
	struct sink *canon = sink_new_canon(out);
	struct header_field f;
	bool is_cte;
	int r = 0;

	if (canon == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (m->charset != NULL)
		r = write_type_of_text(m, out, e);
	while (r == 0 && header_next(&rest, &f)) {
		is_cte = header_is_named(&f, "Content-Transfer-Encoding");
		if (!mail_is_inner_field(&f) || (is_cte && cte != CTE_NONE))
			continue;
		if (m->headers != SMIME_HEADERS_PLAIN &&
		    header_is_named(&f, "Content-Type"))
			r = protect_write_type(m,
			    m->legacy_type.len > 0 ? buf_get(&m->legacy_type)
						   : f.raw,
			    out, e);
		else
			r = write_field(canon, &f, e);
	}
	if (r == 0 && cte != CTE_NONE)
		r = mail_write_str(out, mail_cte_line(cte), e);
	if (r == 0 && m->headers != SMIME_HEADERS_PLAIN)
		r = protect_write_inner(m, out, e);
	if (r == 0)
		r = mail_write_str(out, "\r\n", e);
	sink_free(canon);
	return r;
}

/* Stages in front of each other, first behind. */
struct chain {
	struct sink *stages[4];
	size_t len;
	bool is_broken;
};

static struct sink *
chain_first(const struct chain *c, struct sink *end)
{
	return c->len > 0 ? c->stages[c->len - 1] : end;
}

static void
chain_add(struct chain *c, struct sink *stage)
{
	if (stage == NULL)
		c->is_broken = true;
	else
		c->stages[c->len++] = stage;
}

/* One run over the mail. */
struct run {
	const struct smime_mail *mail;
	size_t insertion; /* the next one */
	bool is_last;	  /* of the ranges */
};

/* A range of the input with what is put into it. */
static int
run_range(struct run *run, uint64_t from, uint64_t to, struct sink *out,
    struct err *e)
{
	const struct smime_mail *m = run->mail;
	const struct insertion *i;
	bool is_empty = from == to;
	int r = 0;

	for (; r == 0 && run->insertion < m->insertions_len; run->insertion++) {
		i = &m->insertions[run->insertion];
		if (i->from > to || (i->from == to && !is_empty))
			break;
		if (from < i->from)
			r = input_run(m->in, from, i->from, out, e);
		if (r == 0)
			r = sink_write(out, buf_get(&i->octets), e);
		from = i->to;
	}
	if (r == 0 && from < to)
		r = input_run(m->in, from, to, out, e);
	return r;
}

/* Pushes a range of the input through the stages and ends them. */
static int
chain_run(struct chain *c, struct run *run, uint64_t from, uint64_t to,
    struct sink *end, struct err *e)
{
	int r = c->is_broken ? err_set(e, -CS_ERR_NO_MEMORY, NULL) : 0;
	size_t i;

	if (r == 0)
		r = run_range(run, from, to, chain_first(c, end), e);
	for (i = c->len; r == 0 && i-- > 0;)
		r = sink_finish(c->stages[i], e);
	for (i = 0; i < c->len; i++)
		sink_free(c->stages[i]);
	c->len = 0;
	return r;
}

static void
chain_add_canon(struct chain *c, const struct smime_mail *m, struct sink *end)
{
	if (m->has_lone_lf || m->is_cr)
		chain_add(c, sink_new_canon(chain_first(c, end)));
	if (m->is_cr && !c->is_broken)
		chain_add(c, sink_new_cr_to_lf(chain_first(c, end)));
}

static int
run_encoded(
    struct run *run, const struct edit *edit, struct sink *out, struct err *e)
{
	const struct smime_mail *m = run->mail;
	struct chain c = {0};

	switch (edit->kind) {
	case EDIT_QP:
		chain_add(&c, sink_new_qp_enc(out, QP_TEXT));
		if (m->is_cr && !c.is_broken)
			chain_add(&c, sink_new_cr_to_lf(chain_first(&c, out)));
		break;
	case EDIT_QP_AGAIN:
		chain_add(&c, sink_new_qp_enc(out, QP_DATA));
		if (!c.is_broken)
			chain_add(&c, sink_new_qp_dec(chain_first(&c, out)));
		if (m->is_cr && !c.is_broken)
			chain_add(&c, sink_new_cr_to_lf(chain_first(&c, out)));
		break;
	default:
		chain_add(
		    &c, sink_new_base64_enc(out, BASE64_LINE_MIME, "\r\n"));
		if (edit->kind == EDIT_BASE64 && !c.is_broken)
			chain_add_canon(&c, m, out);
		break;
	}
	return chain_run(&c, run, edit->from, edit->to, out, e);
}

static int
run_plain(struct run *run, uint64_t from, uint64_t to, struct sink *out,
    struct err *e)
{
	struct chain c = {0};

	/* What is put in at the end belongs to what follows. */
	if (from > to || (from == to && !run->is_last))
		return 0;
	chain_add_canon(&c, run->mail, out);
	return chain_run(&c, run, from, to, out, e);
}

int
entity_run(struct source *source, struct sink *sink, struct err *e)
{
	const struct entity *t = (const struct entity *)source;
	const struct smime_mail *m = t->mail;
	const struct edit *edit;
	struct run run = {.mail = m};
	uint64_t at = m->body;
	size_t i;
	int r = entity_write_header(t, sink, e);

	for (i = 0; r == 0 && i < m->edits_len; i++) {
		edit = &m->edits[i];
		if (edit->kind == EDIT_NONE ||
		    (edit->is_7bit_only && !t->is_7bit))
			continue;
		r = run_plain(&run, at, edit->from, sink, e);
		at = edit->to;
		if (r == 0 && edit->kind == EDIT_CTE)
			r = mail_write_str(sink, mail_cte_line(edit->cte), e);
		else if (r == 0)
			r = run_encoded(&run, edit, sink, e);
	}
	run.is_last = true;
	if (r == 0)
		r = run_plain(&run, at, m->end, sink, e);
	return r == 0 ? input_check_unchanged(m->in, e) : r;
}

struct source *
smime_mail_get_entity(struct smime_mail *mail, bool is_7bit)
{
	if (mail->is_compressed)
		return &mail->compressed.source;
	return &mail->entities[is_7bit ? 1 : 0].source;
}

void
smime_mail_set_headers(struct smime_mail *mail, enum smime_headers headers)
{
	mail->headers = headers;
}

void
smime_mail_set_legacy(struct smime_mail *mail, bool is_on)
{
	mail->wants_legacy = is_on;
}

bool
smime_mail_can_detach(const struct smime_mail *mail, struct err *why)
{
	unsigned unsafe = protect_find_unsafe(mail);

	if (mail->is_compressed)
		return true;
	if (mail->is_blocked && why != NULL)
		*why = mail->why;
	else if (unsafe != 0)
		err_set(why, -CS_ERR_UNSUPPORTED, "a protected header with %s",
		    say(mail_describe_unsafe(unsafe)));
	return !mail->is_blocked && unsafe == 0;
}

bool
smime_mail_has_header(const struct smime_mail *mail, const char *header)
{
	return header_find(buf_get(&mail->header), header, NULL) > 0;
}

struct walk {
	int (*fn)(void *ctx, struct bytes address);
	void *ctx;
};

static int
give_address(void *ctx, const struct mailbox *m)
{
	const struct walk *w = ctx;

	return w->fn(w->ctx, m->addr_spec);
}

int
smime_mail_remove_header(struct smime_mail *mail, const char *header)
{
	struct bytes rest = buf_get(&mail->header);
	struct buf kept = {.max = mail->header.max};
	struct header_field f;

	while (header_next(&rest, &f))
		if (!header_is_named(&f, header))
			buf_add_bytes(&kept, f.raw);
	if (kept.err != 0) {
		int r = kept.err;

		buf_clear(&kept);
		return r;
	}
	buf_clear(&mail->header);
	mail->header = kept;
	return 0;
}

int
smime_mail_walk_addresses(const struct smime_mail *mail, const char *header,
    int (*fn)(void *ctx, struct bytes address), void *ctx)
{
	struct walk w = {fn, ctx};
	struct bytes rest = buf_get(&mail->header);
	struct header_field f;
	int r = 0;

	while (r == 0 && header_next(&rest, &f))
		if (header_is_named(&f, header))
			r = address_list_walk(f.value, give_address, &w);
	return r;
}
