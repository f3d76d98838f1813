#include "client/pkix/address.h"

#include <string.h>

#include "client/pkix/cert_int.h"
#include "client/pkix/domain.h"
#include "client/pkix/general_name.h"

/* At the last @: a quoted local part may hold others. */
static bool
address_split(struct bytes a, struct bytes *local, struct bytes *domain)
{
	size_t at = a.len;

	*local = *domain = BYTES_NONE;
	while (at > 0 && a.p[at - 1] != '@')
		at--;
	if (at < 2 || at == a.len)
		return false;
	*local = bytes_of(a.p, at - 1);
	*domain = bytes_of(a.p + at, a.len - at);
	return true;
}

bool
address_is_equal(struct bytes a, struct bytes b)
{
	struct bytes local_a, local_b, domain_a, domain_b;
	struct domain x, y;

	if (!address_split(a, &local_a, &domain_a) ||
	    !address_split(b, &local_b, &domain_b))
		return false;
	return bytes_is_equal(local_a, local_b) &&
	       domain_normalise(domain_a, &x) &&
	       domain_normalise(domain_b, &y) && domain_is_equal(&x, &y);
}

int
address_normalise(struct bytes a, struct buf *b)
{
	struct bytes local, domain;
	struct domain normal;

	if (!address_split(a, &local, &domain) ||
	    !domain_normalise(domain, &normal))
		return -CS_ERR_ARGUMENT;
	buf_add_bytes(b, local);
	buf_add_byte(b, '@');
	return buf_add(b, normal.text, normal.len);
}

/* RFC 5322 atext, and everything beyond ASCII (RFC 6532). */
static bool
is_atext(uint8_t c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* 1*atext *("." 1*atext) */
static bool
is_dot_atom(struct bytes s)
{
	bool was_dot = true;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '.' && was_dot)
			return false;
		if (s.p[i] != '.' && !is_atext(s.p[i]))
			return false;
		was_dot = s.p[i] == '.';
	}
	return !was_dot;
}

static bool
is_quoted_string(struct bytes s)
{
	size_t i;

	if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"')
		return false;
	for (i = 1; i < s.len - 1; i++) {
		if (s.p[i] == '"')
			return false;
		if (s.p[i] == '\\' && ++i == s.len - 1)
			return false;
	}
	return true;
}

static bool
is_domain_literal(struct bytes s)
{
	size_t i;

	if (s.len < 3 || s.p[0] != '[' || s.p[s.len - 1] != ']')
		return false;
	for (i = 1; i < s.len - 1; i++) {
		if (s.p[i] == '[' || s.p[i] == ']' || s.p[i] == '\\' ||
		    s.p[i] <= ' ')
			return false;
	}
	return true;
}

bool
address_is_valid(struct bytes a)
{
	struct bytes local, domain;
	struct domain normal;

	if (a.len > ADDRESS_LEN_MAX || !utf8_is_valid(a) ||
	    bytes_has_control(a) || !address_split(a, &local, &domain))
		return false;
	if (!is_dot_atom(local) && !is_quoted_string(local))
		return false;
	if (!is_domain_literal(domain) && !is_dot_atom(domain))
		return false;
	return domain_normalise(domain, &normal);
}

struct address_search {
	struct bytes wanted;
	bool has_any;
};

static int
match_one(void *ctx, struct bytes address)
{
	struct address_search *search = ctx;

	search->has_any = true;
	/* Any negative value ends the walk. */
	return address_is_equal(search->wanted, address) ? -1 : 0;
}

enum address_match
address_match_cert(const struct cert *c, struct bytes address)
{
	struct address_search search = {.wanted = address};

	if (cert_walk_addresses(c, match_one, &search) < 0)
		return ADDRESS_MATCH;
	return search.has_any ? ADDRESS_MISMATCH : ADDRESS_NONE;
}
