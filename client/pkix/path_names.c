/*
 * Name constraints (RFC 5280 4.2.1.10, 7.2 to 7.5, RFC 9598 6): each name of
 * a certificate against the subtrees of one CA above it. Intersecting the
 * permitted subtrees of several CAs comes to the same as asking each.
 *
 * Where a name of some form cannot be compared (its form is not supported,
 * or it is malformed), and that form is constrained, the path is refused.
 */
#include <stdio.h>
#include <string.h>

#include "asn1/say.h"
#include "client/pkix/cert_int.h"
#include "client/pkix/domain.h"
#include "client/pkix/general_name.h"
#include "client/pkix/path_int.h"

#define IP_LEN_MAX 16
/* Names as such cost more to compare than texts. */
#define WORK_TEXT 1
#define WORK_NAME 8

enum names_match {
	NAMES_DIFFER,
	NAMES_MATCH,
	NAMES_UNDECIDED,
};

/* A name being checked. */
struct name_query {
	struct path_ctx *ctx;
	struct err *e;
	const struct name_constraints *nc;
	bool is_excluding; /* at the excluded subtrees now */
};

static bool
starts_with_dot(struct bytes s)
{
	return s.len != 0 && s.p[0] == '.';
}

static struct bytes
without_front(struct bytes s, size_t n)
{
	return bytes_of(s.p + n, s.len - n);
}

/* One dot at the end makes no other host of it. */
static bool
host_normalise(struct bytes in, struct domain *out)
{
	if (in.len > 1 && in.p[in.len - 1] == '.')
		in.len--;
	return domain_normalise(in, out);
}

/* "host" or ".domain", for mailboxes and URIs. */
static enum names_match
match_host(
    const struct name_query *q, const struct domain *host, struct bytes base)
{
	struct domain want;

	/* Not defined by the standard: it excludes all and permits none. */
	if (base.len == 0)
		return q->is_excluding ? NAMES_MATCH : NAMES_DIFFER;
	if (!starts_with_dot(base)) {
		if (!host_normalise(base, &want))
			return NAMES_UNDECIDED;
		return domain_is_equal(host, &want) ? NAMES_MATCH
						    : NAMES_DIFFER;
	}
	if (!host_normalise(without_front(base, 1), &want))
		return NAMES_UNDECIDED;
	return !domain_is_equal(host, &want) && domain_is_within(host, &want)
		   ? NAMES_MATCH
		   : NAMES_DIFFER;
}

static bool
split_at(struct bytes s, char c, struct bytes *front, struct bytes *back)
{
	size_t at = s.len;

	while (at > 0 && s.p[at - 1] != (uint8_t)c)
		at--;
	*front = bytes_of(s.p, at != 0 ? at - 1 : 0);
	*back = without_front(s, at);
	return at != 0;
}

static enum names_match
match_mailbox(const struct name_query *q, struct bytes name, struct bytes base)
{
	struct bytes local, host, base_local, base_host;
	struct domain domain, want;

	if (!split_at(name, '@', &local, &host) || local.len == 0 ||
	    !host_normalise(host, &domain))
		return NAMES_UNDECIDED;
	if (!split_at(base, '@', &base_local, &base_host))
		return match_host(q, &domain, base);
	if (base_local.len == 0)
		return match_host(q, &domain, base_host);
	if (!host_normalise(base_host, &want))
		return NAMES_UNDECIDED;
	return bytes_is_equal(local, base_local) &&
		       domain_is_equal(&domain, &want)
		   ? NAMES_MATCH
		   : NAMES_DIFFER;
}

static enum names_match
match_dns(const struct name_query *q, struct bytes name, struct bytes base)
{
	struct domain domain, want;
	bool is_wildcard = name.len > 2 && name.p[0] == '*' && name.p[1] == '.';
	bool is_strict = starts_with_dot(base);

	if (base.len == 0)
		return NAMES_MATCH;
	if (is_strict)
		base = without_front(base, 1);
	if (is_wildcard)
		name = without_front(name, 2);
	if (!host_normalise(name, &domain) || !host_normalise(base, &want))
		return NAMES_UNDECIDED;
	if (domain_is_within(&domain, &want))
		return is_strict && !is_wildcard &&
			       domain_is_equal(&domain, &want)
			   ? NAMES_DIFFER
			   : NAMES_MATCH;
	/* *.example.org stands for the excluded a.example.org, too. */
	if (is_wildcard && q->is_excluding && domain_is_within(&want, &domain))
		return NAMES_MATCH;
	return NAMES_DIFFER;
}

/* A backslash is none by the standard, and one to many programs. */
static bool
ends_authority(uint8_t c)
{
	return c == '/' || c == '?' || c == '#' || c == '\\';
}

/* The host of scheme://userinfo@host:port/...; false: there is none, or it
 * is an address. */
static bool
uri_host(struct bytes uri, struct domain *host)
{
	struct bytes s = uri, front, back;
	size_t i;

	for (i = 0; i + 2 < s.len &&
		    !bytes_is_equal(bytes_of(s.p + i, 3), BYTES_LIT("://"));
	     i++) {
		if (s.p[i] == '/' || s.p[i] == '?' || s.p[i] == '#')
			return false;
	}
	if (i + 2 >= s.len)
		return false;
	s = without_front(s, i + 3);
	for (i = 0; i < s.len && !ends_authority(s.p[i]); i++)
		;
	s.len = i;
	if (split_at(s, '@', &front, &back))
		s = back;
	if (s.len == 0 || s.p[0] == '[')
		return false;
	if (split_at(s, ':', &front, &back))
		s = front;
	if (!host_normalise(s, host) || host->len == 0)
		return false;
	/* No top-level domain ends in a digit; an IPv4 address does. */
	return host->text[host->len - 1] < '0' ||
	       host->text[host->len - 1] > '9';
}

static enum names_match
match_uri(const struct name_query *q, struct bytes name, struct bytes base)
{
	struct domain host;

	if (!uri_host(name, &host))
		return NAMES_UNDECIDED;
	return match_host(q, &host, base);
}

static enum names_match
match_ip(struct bytes name, struct bytes base)
{
	const uint8_t *mask;
	size_t i;

	if ((name.len != 4 && name.len != IP_LEN_MAX) ||
	    (base.len != 8 && base.len != 2 * (size_t)IP_LEN_MAX))
		return NAMES_UNDECIDED;
	if (base.len != 2 * name.len)
		return NAMES_DIFFER;
	mask = base.p + name.len;
	for (i = 0; i < name.len; i++) {
		if (((name.p[i] ^ base.p[i]) & mask[i]) != 0)
			return NAMES_DIFFER;
	}
	return NAMES_MATCH;
}

/* Is base, RDN by RDN, the front of name? */
static enum names_match
match_directory(struct bytes name, struct bytes base)
{
	struct der d, base_rdns, rdns;
	struct buf front = {0};
	enum names_match match = NAMES_DIFFER;
	const uint8_t *start;
	size_t n = 0;

	der_init(&d, base);
	base_rdns = der_enter(&d, DER_SEQUENCE);
	for (; der_has_more(&base_rdns); n++)
		der_skip(&base_rdns);
	if (der_end(&base_rdns) != 0 || name_check(base, NULL) != 0)
		return NAMES_UNDECIDED;
	der_init(&d, name);
	rdns = der_enter(&d, DER_SEQUENCE);
	start = rdns.p;
	for (; n > 0 && der_has_more(&rdns); n--)
		der_skip(&rdns);
	if (n > 0 || der_check(&rdns) != 0)
		return NAMES_DIFFER;
	der_put(
	    &front, DER_SEQUENCE, bytes_of(start, (size_t)(rdns.p - start)));
	if (front.err != 0)
		match = NAMES_UNDECIDED;
	else if (name_is_equal(buf_get(&front), base))
		match = NAMES_MATCH;
	buf_clear(&front);
	return match;
}

/* Do they have the same form at all? smtpUTF8Mailbox is constrained by
 * rfc822Name. */
static bool
is_same_form(const struct general_name *name, const struct general_name *base)
{
	if (name->type != GN_OTHER)
		return name->type == base->type;
	if (name->other_known == OID_ON_SMTP_UTF8_MAILBOX &&
	    base->type == GN_RFC822)
		return true;
	return base->type == GN_OTHER &&
	       bytes_is_equal(name->other_oid, base->other_oid);
}

static enum names_match
match_name(const struct name_query *q, const struct general_name *name,
    const struct general_name *base)
{
	struct bytes mailbox;

	switch (base->type) {
	case GN_RFC822:
		mailbox = general_name_get_mailbox(name);
		return mailbox.len != 0 ? match_mailbox(q, mailbox, base->value)
					: NAMES_UNDECIDED;
	case GN_DNS:
		return match_dns(q, name->value, base->value);
	case GN_URI:
		return match_uri(q, name->value, base->value);
	case GN_IP:
		return match_ip(name->value, base->value);
	case GN_DIRECTORY:
		return match_directory(name->value, base->value);
	default:
		return NAMES_UNDECIDED;
	}
}

/* Takes a GeneralSubtree. RFC 5280: minimum 0, no maximum. */
static bool
subtree_get(struct der *d, struct general_name *base)
{
	struct der in = der_enter(d, DER_SEQUENCE);

	der_get_general_name(&in, base);
	if (der_peek(&in) == DER_CONTEXT(0))
		der_get_uint_tag(&in, DER_CONTEXT(0), 0);
	if (der_end(&in) != 0)
		der_fail(d, in.err);
	return der_check(d) == 0;
}

int
name_constraints_decode(
    struct bytes value, struct name_constraints *nc, struct err *e)
{
	struct general_name base;
	struct der d, in, list;
	bool has_permitted, has_excluded;

	*nc = (struct name_constraints){.permitted = BYTES_NONE};
	der_init(&d, value);
	in = der_enter(&d, DER_SEQUENCE);
	has_permitted = der_get_opt(&in, DER_CONTEXT_C(0), &nc->permitted);
	has_excluded = der_get_opt(&in, DER_CONTEXT_C(1), &nc->excluded);
	if (der_end(&in) != 0 || der_end(&d) != 0 ||
	    (!has_permitted && !has_excluded) ||
	    (has_permitted && nc->permitted.len == 0) ||
	    (has_excluded && nc->excluded.len == 0))
		return err_set(
		    e, -CS_ERR_PATH, "its nameConstraints are broken");
	der_init(&list, nc->permitted);
	while (der_has_more(&list))
		subtree_get(&list, &base);
	if (der_end(&list) == 0) {
		der_init(&list, nc->excluded);
		while (der_has_more(&list))
			subtree_get(&list, &base);
	}
	if (der_end(&list) != 0)
		return err_set(
		    e, -CS_ERR_PATH, "its nameConstraints are broken");
	return 0;
}

static const char *
form_name(const struct general_name *name)
{
	static const char *const names[] = {"otherName", N_("mail address"),
	    N_("host name"), N_("X.400 address"), N_("directory name"),
	    N_("EDI party name"), "URI", N_("IP address"), N_("registered ID")};

	if (name->other_known == OID_ON_SMTP_UTF8_MAILBOX)
		return names[GN_RFC822];
	return names[name->type];
}

static int
say_outside(const struct name_query *q, const struct general_name *name,
    const char *what)
{
	char shown[128], quoted[140] = "";
	bool is_text = name->type == GN_RFC822 || name->type == GN_DNS ||
		       name->type == GN_URI;

	if (is_text)
		snprintf(quoted, sizeof(quoted), " \"%s\"",
		    err_quote(
			shown, sizeof(shown), name->value.p, name->value.len));
	return err_set(q->e, -CS_ERR_PATH, "its %s%s %s", say(form_name(name)),
	    quoted, say(what));
}

/* Walks one list of subtrees. *is_constrained: some have the name's form. */
static int
query_list(struct name_query *q, struct bytes subtrees,
    const struct general_name *name, bool *is_constrained, bool *is_matched)
{
	struct general_name base;
	enum names_match match;
	struct der d;

	*is_constrained = *is_matched = false;
	der_init(&d, subtrees);
	while (der_has_more(&d) && subtree_get(&d, &base)) {
		if (!path_spend(q->ctx,
			name->type == GN_DIRECTORY ? WORK_NAME : WORK_TEXT))
			return -CS_ERR_NO_PATH;
		if (!is_same_form(name, &base))
			continue;
		*is_constrained = true;
		match = match_name(q, name, &base);
		if (match == NAMES_UNDECIDED)
			return say_outside(q, name,
			    "cannot be compared with the name constraints "
			    "of a CA above it");
		if (match == NAMES_MATCH) {
			*is_matched = true;
			return 0;
		}
	}
	return 0;
}

static int
query_name(struct name_query *q, const struct general_name *name)
{
	bool is_constrained, is_matched;
	int r;

	q->is_excluding = true;
	r = query_list(q, q->nc->excluded, name, &is_constrained, &is_matched);
	if (r != 0)
		return r;
	if (is_matched)
		return say_outside(q, name, "is excluded by a CA above it");
	q->is_excluding = false;
	r = query_list(q, q->nc->permitted, name, &is_constrained, &is_matched);
	if (r == 0 && is_constrained && !is_matched)
		r = say_outside(q, name, "is not permitted by a CA above it");
	return r;
}

static int
query_email_attribute(void *ctx, struct bytes utf8)
{
	struct general_name name = {.type = GN_RFC822, .value = utf8};

	return query_name(ctx, &name);
}

int
name_constraints_check(struct path_ctx *ctx, const struct name_constraints *nc,
    const struct cert *cert, struct err *e)
{
	struct name_query q = {.ctx = ctx, .e = e, .nc = nc};
	struct general_name name = {
	    .type = GN_DIRECTORY, .value = cert->subject};
	struct der d, list;
	int r = 0;

	if (!name_is_empty(cert->subject))
		r = query_name(&q, &name);
	/* Asked for where there is no alternative name; done always. */
	if (r == 0)
		r = name_walk(
		    cert->subject, OID_AT_EMAIL, query_email_attribute, &q);
	if (r != 0 || cert->alt_names.len == 0)
		return r;
	der_init(&d, cert->alt_names);
	list = der_enter(&d, DER_SEQUENCE);
	while (r == 0 && der_has_more(&list)) {
		der_get_general_name(&list, &name);
		r = query_name(&q, &name);
	}
	return r;
}
