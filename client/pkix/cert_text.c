/*
 * What people see of a certificate. Names come from strangers: everything is
 * escaped here, so that callers can print it as it is.
 */
#include <string.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/general_name.h"

#define DISPLAY_NAME_MAX 256

struct address_walk {
	int (*fn)(void *ctx, struct bytes address);
	void *ctx;
};

static int
walk_email_attribute(void *ctx, struct bytes utf8)
{
	struct address_walk *w = ctx;

	if (utf8.len == 0 || bytes_has_control(utf8))
		return 0;
	return w->fn(w->ctx, utf8);
}

/* Does the certificate hold a mailbox in its alternative names at all? */
static bool
has_mailbox_form(const struct cert *c)
{
	struct general_name gn;
	struct der d, list;

	der_init(&d, c->alt_names);
	list = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&list)) {
		der_get_general_name(&list, &gn);
		if (gn.type == GN_RFC822 ||
		    gn.other_known == OID_ON_SMTP_UTF8_MAILBOX)
			return true;
	}
	return false;
}

static int
walk_alt_names(const struct cert *c, enum general_name_type type,
    const struct address_walk *w)
{
	struct general_name gn;
	struct der d, list;
	struct bytes mailbox;
	int r;

	der_init(&d, c->alt_names);
	list = der_enter(&d, DER_SEQUENCE);
	while (der_has_more(&list)) {
		der_get_general_name(&list, &gn);
		mailbox = general_name_get_mailbox(&gn);
		if (gn.type != type || mailbox.len == 0)
			continue;
		r = w->fn(w->ctx, mailbox);
		if (r < 0)
			return r;
	}
	return 0;
}

int
cert_walk_addresses(
    const struct cert *c, int (*fn)(void *ctx, struct bytes address), void *ctx)
{
	struct address_walk w = {.fn = fn, .ctx = ctx};
	int r;

	if (!has_mailbox_form(c))
		return name_walk(
		    c->subject, OID_AT_EMAIL, walk_email_attribute, &w);
	r = walk_alt_names(c, GN_RFC822, &w);
	if (r >= 0)
		r = walk_alt_names(c, GN_OTHER, &w);
	return r;
}

static int
add_quoted(struct buf *b, struct bytes text)
{
	char shown[DISPLAY_NAME_MAX];

	err_quote(shown, sizeof(shown), text.p, text.len);
	return buf_add_str(b, shown);
}

static int
keep_first(void *ctx, struct bytes address)
{
	struct buf *b = ctx;

	if (b->len == 0)
		buf_add_bytes(b, address);
	return b->err;
}

int
cert_get_display_name(const struct cert *c, struct buf *b)
{
	struct buf name = {0};
	char shown[DISPLAY_NAME_MAX];

	if (name_get_last(c->subject, OID_AT_CN, &name) && name.len != 0) {
		add_quoted(b, buf_get(&name));
	} else {
		buf_reset(&name);
		/* Escaped already, and may have line-end escapes cut. */
		if (name_format(&name, c->subject) == 0 && name.len != 0) {
			err_quote(shown, sizeof(shown), name.data, name.len);
			buf_add_str(b, shown);
		}
	}
	buf_clear(&name);
	return b->err;
}

/* In quotes where it has what stands around addresses here, so that nobody
 * takes it for one. */
static void
add_name(struct buf *b, struct bytes name)
{
	size_t i;
	bool is_odd = false;

	for (i = 0; i < name.len; i++)
		is_odd |= name.p[i] == '<' || name.p[i] == '>';
	buf_add_str(b, is_odd ? "\"" : "");
	for (i = 0; i < name.len; i++)
		if (is_odd && name.p[i] == '"')
			buf_add_str(b, "\\x22");
		else
			buf_add_byte(b, name.p[i]);
	buf_add_str(b, is_odd ? "\"" : "");
}

int
cert_describe(const struct cert *c, struct buf *b)
{
	struct buf address = {0}, name = {0};
	bool has_name;

	cert_get_display_name(c, &name);
	has_name = name.len != 0;
	add_name(b, buf_get(&name));
	buf_clear(&name);
	cert_walk_addresses(c, keep_first, &address);
	if (address.len != 0) {
		buf_add_str(b, has_name ? " <" : "<");
		add_quoted(b, buf_get(&address));
		buf_add_str(b, ">");
	} else if (!has_name) {
		buf_say(b, "a certificate without a name");
	}
	buf_clear(&address);
	return b->err;
}
