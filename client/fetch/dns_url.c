#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/fetch/dns_int.h"

#define DNS_PREFIX "dns:"

static const struct dns_type {
	const char *name;
	int number;
} dns_types[] = {
    {"SMIMEA", 53}, /* RFC 8162 */
};

/* Copies text into dst, if it fits and has only these characters. */
static bool
dns_copy(char *dst, size_t size, struct bytes text, const char *allowed)
{
	size_t i;

	if (text.len == 0 || text.len >= size)
		return false;
	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\0' || strchr(allowed, text.p[i]) == NULL)
			return false;
		dst[i] = (char)text.p[i];
	}
	dst[i] = '\0';
	return true;
}

/* "192.0.2.1:53", "[2001:db8::1]:53" as libunbound has them: with "@". */
static bool
dns_parse_server(struct bytes text, char dst[DNS_SERVER_MAX + 1])
{
	static const char digits[] = "0123456789abcdefABCDEF.:[]";
	char plain[DNS_SERVER_MAX + 1], *host = plain, *end, *port;

	if (!dns_copy(plain, sizeof(plain), text, digits))
		return false;
	if (plain[0] == '[') {
		host = plain + 1;
		end = strchr(host, ']');
		if (end == NULL || (end[1] != ':' && end[1] != '\0'))
			return false;
		port = end[1] == ':' ? end + 2 : end + 1;
	} else {
		end = host + strcspn(host, ":");
		port = *end == ':' ? end + 1 : end;
	}
	if (strspn(port, "0123456789") != strlen(port) || end == host)
		return false;
	*end = '\0';
	if (strpbrk(host, "[]") != NULL)
		return false;
	return snprintf(dst, DNS_SERVER_MAX + 1, "%s%s%s", host,
		   *port != '\0' ? "@" : "", port) <= DNS_SERVER_MAX;
}

static int
dns_parse_type(struct bytes text)
{
	static const char key[] = "type=";
	size_t i, len = sizeof(key) - 1;
	struct bytes name;

	if (text.len <= len || strncasecmp((const char *)text.p, key, len) != 0)
		return 0;
	name = bytes_of(text.p + len, text.len - len);
	for (i = 0; i < sizeof(dns_types) / sizeof(*dns_types); i++)
		if (name.len == strlen(dns_types[i].name) &&
		    strncasecmp(
			(const char *)name.p, dns_types[i].name, name.len) == 0)
			return dns_types[i].number;
	return 0;
}

/* Takes what stands before c, and c, off the front; false: there is no c. */
static bool
dns_cut(struct bytes *rest, char c, struct bytes *head)
{
	const uint8_t *at =
	    rest->len != 0 ? memchr(rest->p, c, rest->len) : NULL;

	if (at == NULL)
		return false;
	*head = bytes_of(rest->p, (size_t)(at - rest->p));
	(void)bytes_skip(rest, head->len + 1);
	return true;
}

int
dns_url_parse(struct bytes text, struct dns_url *url, struct err *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	struct bytes rest = text, server, name;
	bool is_good;

	*url = (struct dns_url){0};
	(void)bytes_skip(&rest, sizeof(DNS_PREFIX) - 1);
	is_good = true;
	if (rest.len >= 2 && rest.p[0] == '/' && rest.p[1] == '/') {
		(void)bytes_skip(&rest, 2);
		is_good = dns_cut(&rest, '/', &server) &&
			  dns_parse_server(server, url->server);
	}
	is_good = is_good && dns_cut(&rest, '?', &name) &&
		  dns_copy(url->name, sizeof(url->name), name, letters);
	if (is_good)
		url->type = dns_parse_type(rest);
	if (is_good && url->type != 0)
		return 0;
	return err_set(e, -CS_ERR_ARGUMENT,
	    "not \"dns:[//ADDRESS[:PORT]/]NAME?type=SMIMEA\"");
}
