/* kind.c: what an entity is, by its header alone. */
#include <stdlib.h>
#include <string.h>

#include "client/smime/address_list.h"
#include "client/smime/tree.h"

#define NAME_QUOTED_MAX 200

/* The name of the file that it would be: of the type or the disposition. */
static int
find_name(struct bytes section, const struct media_type *mt, struct buf *name)
{
	struct header_field f;
	int n = 0;

	if (header_find(section, "Content-Disposition", &f) > 0)
		n = header_get_param(header_get_disposition_params(f.value),
		    "filename", name, NULL);
	if (n == 0)
		n = header_get_param(mt->params, "name", name, NULL);
	return n;
}

static bool
has_ending(struct bytes section, const struct media_type *mt,
    const char *const *endings)
{
	struct buf name = {.max = PARAM_LEN_MAX};
	bool has = false;
	size_t len;

	/* Spaces and full stops at the end do not count for every system. */
	if (find_name(section, mt, &name) == 1)
		while (name.len > 0 && (name.data[name.len - 1] == ' ' ||
					   name.data[name.len - 1] == '.'))
			name.len--;
	for (; !has && *endings != NULL; endings++) {
		len = strlen(*endings);
		has = name.len >= len &&
		      header_is_equal_nocase(
			  bytes_of(name.data + name.len - len, len), *endings);
	}
	buf_clear(&name);
	return has;
}

/* Is it OpenPGP's (RFC 3156), by what the header announces? */
static bool
is_pgp(const struct media_type *mt)
{
	struct buf protocol = {.max = PARAM_LEN_MAX};
	bool is =
	    header_get_param(mt->params, "protocol", &protocol, NULL) == 1 &&
	    header_is_equal_nocase(
		buf_get(&protocol), "application/pgp-signature");

	buf_clear(&protocol);
	return is;
}

/*
 * RFC 8551 3.2 and 3.2.1, the older names, and what gateways make of them.
 * Detached signatures beside nothing (.p7s) are for multipart/signed.
 */
static bool
is_cms(struct bytes section, const struct media_type *mt)
{
	static const char *const endings[] = {
	    ".p7m", ".p7c", ".p7z", ".p7s", NULL};

	if (media_type_is(mt, "application", "pkcs7-mime") ||
	    media_type_is(mt, "application", "x-pkcs7-mime"))
		return true;
	if (!media_type_is(mt, "application", "octet-stream") &&
	    !media_type_is(mt, "application", "pkcs7-signature") &&
	    !media_type_is(mt, "application", "x-pkcs7-signature"))
		return false;
	return has_ending(section, mt, endings);
}

enum entity_kind
entity_judge(struct bytes section, struct media_type *mt, bool is_digest)
{
	header_get_media_type(section, mt);
	if (is_digest && header_find(section, "Content-Type", NULL) == 0)
		return ENTITY_MESSAGE;
	if (is_cms(section, mt))
		return ENTITY_CMS;
	if (media_type_is(mt, "message", "rfc822") ||
	    media_type_is(mt, "message", "global"))
		return ENTITY_MESSAGE;
	if (!media_type_is(mt, "multipart", NULL) ||
	    header_may_be_encoded(section))
		return ENTITY_LEAF;
	if (media_type_is(mt, "multipart", "signed") && !is_pgp(mt))
		return ENTITY_SIGNED;
	return ENTITY_MULTIPART;
}

int
entity_get_name(struct bytes section, const struct media_type *mt, char **name)
{
	struct buf raw = {.max = PARAM_LEN_MAX}, text = {.max = PARAM_LEN_MAX};
	char quoted[NAME_QUOTED_MAX];
	int r = 0;

	*name = NULL;
	if (find_name(section, mt, &raw) == 1 &&
	    words_decode(buf_get(&raw), &text) == 0) {
		err_quote(quoted, sizeof(quoted), text.data, text.len);
		*name = strdup(quoted);
		r = *name != NULL ? 0 : -CS_ERR_NO_MEMORY;
	}
	buf_clear(&raw);
	buf_clear(&text);
	return r;
}

/* Messages of types that are not taken apart here may be so elsewhere, but
 * for reports, which are fields alone. */
static bool
is_unknown_message(const struct media_type *mt)
{
	static const char *const known[] = {"rfc822", "global",
	    "delivery-status", "global-delivery-status",
	    "disposition-notification", "global-disposition-notification",
	    "feedback-report", NULL};
	size_t i;

	for (i = 0; known[i] != NULL; i++)
		if (strcmp(mt->subtype, known[i]) == 0)
			return false;
	return media_type_is(mt, "message", NULL);
}

bool
entity_is_active(struct bytes section, const struct media_type *mt)
{
	static const char *const endings[] = {".htm", ".html", ".xhtml", ".xht",
	    ".shtml", ".mht", ".mhtml", ".svg", ".svgz", ".xml", ".xsl",
	    ".xslt", ".js", ".rtf", "winmail.dat", NULL};
	static const char *const subtypes[] = {"html", "xhtml", "xml", "svg",
	    "css", "javascript", "ecmascript", "x-javascript", "richtext",
	    "enriched", "rtf", "x-server-parsed-html", "ms-tnef", "vnd.ms-tnef",
	    NULL};
	size_t i, len, sub_len = strlen(mt->subtype);

	/* Programs differ in what they take: so it may be anything. */
	if (mt->type[0] == '\0' || is_unknown_message(mt))
		return true;
	for (i = 0; subtypes[i] != NULL; i++)
		if (strcmp(mt->subtype, subtypes[i]) == 0)
			return true;
	for (i = 0; i < 3; i++) { /* application/xhtml+xml, image/svg+xml */
		static const char *const suffixes[] = {"+xml", "-html", "-xml"};

		len = strlen(suffixes[i]);
		if (sub_len > len &&
		    strcmp(mt->subtype + sub_len - len, suffixes[i]) == 0)
			return true;
	}
	/* An address to fetch the part from (RFC 2557). */
	if (header_find(section, "Content-Location", NULL) > 0 ||
	    header_find(section, "Content-Base", NULL) > 0)
		return true;
	return has_ending(section, mt, endings);
}

bool
sniff_write(struct sniff *s, struct bytes in)
{
	static const char field[] = "content-";
	size_t i;
	uint8_t c;

	for (i = 0; i < in.len && !s->is_over; i++) {
		c = in.p[i];
		if (c == '\n') {
			s->is_over = s->has_line && !s->has_octet;
			s->has_line |= s->has_octet;
			s->has_octet = false;
		}
		if (c == '\n' || c == '\r') {
			s->matched = 0;
			continue;
		}
		s->has_octet = true;
		if (s->matched == sizeof(field))
			continue; /* it is another line */
		s->matched = (c | 0x20) == field[s->matched] ? s->matched + 1
							     : sizeof(field);
		if (s->matched == sizeof(field) - 1)
			return true;
	}
	return false;
}
