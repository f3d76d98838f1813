#include "client/fetch/ldap_int.h"

#include <string.h>
#include <strings.h>

#include "asn1/base64.h"

/* Takes what stands before the first c, and c, off the front; all of it if
 * there is no c. */
static struct bytes
cut(struct bytes *rest, char c)
{
	const uint8_t *at =
	    rest->len != 0 ? memchr(rest->p, c, rest->len) : NULL;
	size_t len = at != NULL ? (size_t)(at - rest->p) : rest->len;
	struct bytes head = bytes_of(rest->p, len);

	*rest = at != NULL ? bytes_of(at + 1, rest->len - len - 1) : BYTES_NONE;
	return head;
}

/* --- URLs --- */

static int
parse_attributes(struct bytes list, struct ldap_url *url, struct err *e)
{
	struct bytes name;

	if (list.len == 0)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "the LDAP URL does not name the attribute that is wanted");
	while (list.len != 0) {
		name = cut(&list, ',');
		if (name.len == 0 || name.p[0] == '*' || name.p[0] == '%' ||
		    url->attributes_len == LDAP_ATTRIBUTES_MAX)
			return err_set(e, -CS_ERR_ARGUMENT,
			    "the attributes of the LDAP URL are not a few "
			    "names");
		url->attributes[url->attributes_len++] = name;
	}
	return 0;
}

/* RFC 4516 2: "!" makes one critical, and none is known here. */
static bool
has_critical(struct bytes extensions)
{
	struct bytes one;

	while (extensions.len != 0) {
		one = cut(&extensions, ',');
		if (one.len != 0 && one.p[0] == '!')
			return true;
	}
	return false;
}

int
ldap_url_parse(struct bytes text, struct ldap_url *url, struct err *e)
{
	struct bytes rest = text, attributes, path;

	*url = (struct ldap_url){0};
	(void)cut(&rest, '/');
	(void)cut(&rest, '/');
	path = cut(&rest, '?');
	url->host = cut(&path, '/');
	if (url->host.len == 0)
		return err_set(e, -CS_ERR_ARGUMENT,
		    "the LDAP URL names no server, so that it cannot be "
		    "fetched");
	attributes = cut(&rest, '?');
	(void)cut(&rest, '?'); /* scope */
	url->search = text;
	if (rest.len != 0) {
		(void)cut(&rest, '?'); /* filter */
		if (has_critical(rest))
			return err_set(e, -CS_ERR_ARGUMENT,
			    "the LDAP URL has an extension that is critical, "
			    "and none is known");
		if (rest.len != 0)
			url->search.len -= rest.len + 1;
	}
	return parse_attributes(attributes, url, e);
}

/* --- what libcurl writes --- */

/* Attribute descriptions (RFC 4512 2.5) without their options. */
static bool
is_same_attribute(struct bytes a, struct bytes b)
{
	struct bytes x = cut(&a, ';'), y = cut(&b, ';');

	return x.len == y.len && x.len != 0 &&
	       strncasecmp((const char *)x.p, (const char *)y.p, x.len) == 0;
}

static bool
is_wanted(const struct ldap_text *t, struct bytes name)
{
	size_t i;

	for (i = 0; i < t->url->attributes_len; i++)
		if (is_same_attribute(t->url->attributes[i], name))
			return true;
	return false;
}

static int
take_base64(struct ldap_text *t, struct bytes text)
{
	struct buf value = {.max = BASE64_DECODED_MAX(text.len)};
	int r = base64_decode(&value, text);

	if (r != 0 && r != -CS_ERR_NO_MEMORY)
		r = -CS_ERR_NETWORK;
	if (r == 0)
		r = t->take(t->ctx, buf_get(&value));
	buf_clear(&value);
	return r;
}

static int
take_line(struct ldap_text *t, struct bytes line)
{
	struct bytes name;
	bool is_base64;

	if (line.len == 0 ||
	    (line.len >= 3 &&
		bytes_is_equal(bytes_of(line.p, 3), BYTES_LIT("DN:"))))
		return 0;
	if (line.p[0] != '\t')
		return -CS_ERR_NETWORK;
	line = bytes_of(line.p + 1, line.len - 1);
	name = cut(&line, ':');
	is_base64 = line.len != 0 && line.p[0] == ':';
	if (is_base64)
		line = bytes_of(line.p + 1, line.len - 1);
	if (name.len == 0 || line.len == 0 || line.p[0] != ' ')
		return -CS_ERR_NETWORK;
	line = bytes_of(line.p + 1, line.len - 1);
	if (!is_wanted(t, name))
		return 0;
	return is_base64 ? take_base64(t, line) : t->take(t->ctx, line);
}

int
ldap_text_write(struct ldap_text *t, struct bytes octets)
{
	struct bytes piece;
	bool is_end;
	int r = 0;

	t->line.max = t->line_max;
	while (r == 0 && octets.len != 0) {
		is_end = memchr(octets.p, '\n', octets.len) != NULL;
		piece = cut(&octets, '\n');
		if (piece.len > t->line_max - t->line.len)
			return -CS_ERR_TOO_LARGE;
		r = buf_add_bytes(&t->line, piece);
		if (r == 0 && is_end) {
			r = take_line(t, buf_get(&t->line));
			buf_reset(&t->line);
		}
	}
	return r;
}

void
ldap_text_clear(struct ldap_text *t)
{
	buf_clear(&t->line);
}
