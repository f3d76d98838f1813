#include "client/smime/protect.h"

#include <string.h>

#include "client/smime/canon.h"
#include "client/smime/lines.h"
#include "client/smime/parser.h"

/* --- which fields --- */

static bool
is_one_of(const struct header_field *field, const char *const *names)
{
	for (; *names != NULL; names++)
		if (header_is_named(field, *names))
			return true;
	return false;
}

bool
protect_is_field(const struct header_field *field)
{
	static const char *const others[] = {"MIME-Version", "Bcc",
	    "Resent-Bcc", "HP-Outer", "Received", "Return-Path", "Delivered-To",
	    "Envelope-To", "X-Original-To", "DKIM-Signature",
	    "Authentication-Results", "Received-SPF", "Status", "X-Status",
	    "Autocrypt", NULL};

	return !header_has_prefix(field, "Content-") &&
	       !header_has_prefix(field, "ARC-") &&
	       !header_has_prefix(field, "X-Mozilla-") &&
	       !is_one_of(field, others);
}

bool
protect_is_user_facing(const struct header_field *field)
{
	static const char *const names[] = {"Subject", "From", "To", "Cc",
	    "Date", "Reply-To", "Followup-To", "Sender", "Mail-Followup-To",
	    "Mail-Reply-To", "Resent-From", "Resent-To", "Resent-Cc",
	    "Resent-Date", "Resent-Sender", NULL};

	return is_one_of(field, names);
}

/* --- making --- */

/* What hcp_baseline takes out, and what it puts in place of Subject. */
static bool
is_removed(const struct header_field *field)
{
	static const char *const names[] = {"Keywords", "Comments", NULL};

	return is_one_of(field, names);
}
#define OBSCURED "[...]"
#define OBSCURED_SUBJECT "Subject: " OBSCURED "\r\n"

bool
protect_is_hidden(const struct header_field *field)
{
	struct bytes value = field->value;

	while (value.len > 0 && header_is_space(value.p[0]))
		bytes_skip(&value, 1);
	return is_removed(field) ||
	       (header_is_named(field, "Subject") &&
		   !bytes_is_equal(value, bytes_of_str(OBSCURED)));
}

bool
protect_is_shown(const struct header_field *field)
{
	return protect_is_user_facing(field) || is_removed(field);
}

static int
write_field(struct sink *canon, const struct header_field *f, struct err *e)
{
	int r = sink_write(canon, f->raw, e);

	if (r == 0 && f->raw.p[f->raw.len - 1] != '\n')
		r = mail_write_str(canon, "\n", e);
	return r;
}

/* "HP-Outer: " and the field as it is outside. */
static int
write_hp_outer(struct sink *canon, const struct header_field *f, struct err *e)
{
	int r;

	if (is_removed(f))
		return 0;
	r = mail_write_str(canon, "HP-Outer: ", e);
	if (r != 0)
		return r;
	if (header_is_named(f, "Subject"))
		return mail_write_str(canon, OBSCURED_SUBJECT, e);
	return write_field(canon, f, e);
}

int
protect_write_inner(
    const struct smime_mail *mail, struct sink *out, struct err *e)
{
	struct sink *canon = sink_new_canon(out);
	struct bytes rest = buf_get(&mail->header);
	struct header_field f;
	int r = 0;

	if (canon == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (r == 0 && header_next(&rest, &f))
		if (protect_is_field(&f))
			r = write_field(canon, &f, e);
	rest = buf_get(&mail->header);
	while (r == 0 && mail->headers == SMIME_HEADERS_HIDE &&
	       header_next(&rest, &f))
		if (protect_is_field(&f))
			r = write_hp_outer(canon, &f, e);
	sink_free(canon);
	return r;
}

unsigned
protect_find_unsafe(const struct smime_mail *mail)
{
	struct bytes rest = buf_get(&mail->header);
	struct header_field f;
	unsigned flags = 0;

	while (mail->headers != SMIME_HEADERS_PLAIN && header_next(&rest, &f))
		if (protect_is_field(&f))
			flags |= lines_judge(f.raw);
	return flags & LINES_UNSAFE;
}

int
protect_write_type(const struct smime_mail *mail, struct bytes field,
    struct sink *out, struct err *e)
{
	struct sink *canon = sink_new_canon(out);
	int r;

	if (canon == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	while (field.len > 0 && (header_is_space(field.p[field.len - 1]) ||
				    field.p[field.len - 1] == ';'))
		field.len--;
	r = sink_write(canon, field, e);
	if (r == 0)
		r = mail_write_str(canon,
		    mail->headers == SMIME_HEADERS_HIDE ? ";\n hp=\"cipher\"\n"
							: ";\n hp=\"clear\"\n",
		    e);
	sink_free(canon);
	return r;
}

int
protect_write_outer(
    const struct smime_mail *mail, struct sink *out, struct err *e)
{
	struct buf kept = {.max = mail->header.max};
	struct bytes rest = buf_get(&mail->header);
	struct header_field f;
	int r;

	while (header_next(&rest, &f)) {
		if (is_removed(&f))
			continue;
		if (header_is_named(&f, "Subject"))
			buf_add_str(&kept, OBSCURED_SUBJECT);
		else
			buf_add_bytes(&kept, f.raw);
	}
	r = kept.err != 0 ? err_set(e, kept.err, NULL)
			  : mail_write_outer(buf_get(&kept), out, e);
	buf_clear(&kept);
	return r;
}

bool
smime_mail_can_protect(const struct smime_mail *mail)
{
	struct buf field = {.max = PARSER_HEADER_MAX}, hp = {.max = 64};
	struct sink *sink = sink_new_buf(&field);
	struct header_field f;
	struct media_type mt;
	size_t n = header_find(buf_get(&mail->header), "Content-Type", &f);
	bool can = n == 0;

	if (n == 1 && sink != NULL &&
	    protect_write_type(mail, f.raw, sink, NULL) == 0)
		can = header_get_media_type(buf_get(&field), &mt) &&
		      header_get_param(mt.params, "hp", &hp, NULL) == 1;
	sink_free(sink);
	buf_clear(&field);
	buf_clear(&hp);
	return can;
}
