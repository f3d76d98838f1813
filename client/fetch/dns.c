/*
 * Records of the DNS by libunbound, which validates them (RFC 4035): what is
 * not proved does not count, and is not handed on.
 *
 * The answer is looked for in a thread of libunbound's, so that the request's
 * time holds whatever servers do.
 */
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unbound.h>
#include <unistd.h>

#include "client/fetch/dns_int.h"
#include "client/fetch/serve.h"

#define DNS_CLASS_IN 1
#define DNS_RESOLVERS "/etc/resolv.conf"
#define DNS_ANCHOR_MAX 2048 /* octets of one line */

struct dns {
	struct serve *serve;
	struct dns_url url;
	struct ub_ctx *ctx;
	struct ub_result *result; /* NULL: none yet, or none at all */
	bool is_done;
	int error; /* libunbound's */
};

static int64_t
dns_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- what is asked, and whom --- */

/* With is_public a server that the URL names is judged; the machine's own are
 * not, since names of every kind are looked up there. */
static int
dns_check_server(const struct dns *d, struct err *e)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
	char host[DNS_SERVER_MAX + 1];
	bool is_public = false;

	snprintf(host, sizeof(host), "%s", d->url.server);
	host[strcspn(host, "@")] = '\0';
	if (host[0] == '\0' || !d->serve->request->is_public)
		return 0;
	if (getaddrinfo(host, NULL, &hints, &found) == 0) {
		is_public = serve_is_public(found->ai_addr);
		freeaddrinfo(found);
	}
	return is_public ? 0
			 : err_set(e, -CS_ERR_REFUSED,
			       "%s is not asked: it is an address of this "
			       "machine or its own network",
			       host);
}

static int
dns_check(int error, const char *what, struct err *e)
{
	if (error == UB_NOERROR)
		return 0;
	if (error == UB_NOMEM)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	return err_set(e, -CS_ERR_NETWORK, "%s: %s", what, ub_strerror(error));
}

/* libunbound tells of one that is not there when it is too late to say so. */
static bool
dns_is_readable(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* One line of a zone's text; comments and empty ones are none. */
static int
dns_add_anchor(struct dns *d, struct bytes text, struct err *e)
{
	char line[DNS_ANCHOR_MAX + 1];
	size_t start;

	if (text.len > DNS_ANCHOR_MAX || memchr(text.p, '\0', text.len) != NULL)
		return err_set(e, -CS_ERR_CONFIG,
		    "a DNSSEC trust anchor is no line of text");
	memcpy(line, text.p, text.len);
	line[text.len] = '\0';
	start = strspn(line, " \t\r");
	if (line[start] == '\0' || line[start] == ';')
		return 0;
	return dns_check(ub_ctx_add_ta(d->ctx, line), "DNS", e);
}

/* The machine's, where the request has none. */
static int
dns_add_anchors(struct dns *d, struct err *e)
{
	/* Debian's dns-root-data, and where others have it */
	static const char *const files[] = {
	    "/usr/share/dns/root.key", "/etc/trusted-key.key"};
	struct bytes left = d->serve->request->body;
	const uint8_t *end;
	size_t i, len;
	int r = 0;

	for (i = 0; left.len == 0 && i < sizeof(files) / sizeof(*files); i++)
		if (dns_is_readable(files[i]))
			return dns_check(
			    ub_ctx_add_ta_file(d->ctx, files[i]), files[i], e);
	if (left.len == 0)
		return err_set(e, -CS_ERR_CONFIG,
		    "there is no trust anchor for DNSSEC: %s (Debian: "
		    "dns-root-data) is missing",
		    files[0]);
	while (r == 0 && left.len != 0) {
		end = memchr(left.p, '\n', left.len);
		len = end != NULL ? (size_t)(end - left.p) : left.len;
		r = len != 0 ? dns_add_anchor(d, bytes_of(left.p, len), e) : 0;
		(void)bytes_skip(&left, len + 1);
	}
	return r;
}

/* Without a server and without resolv.conf it begins at the roots. */
static int
dns_set_up(struct dns *d, struct err *e)
{
	int r;

	d->ctx = ub_ctx_create();
	if (d->ctx == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	(void)ub_ctx_debugout(d->ctx, NULL);
	/* resolvers of this machine are on loopback as a rule */
	r = dns_check(
	    ub_ctx_set_option(d->ctx, "do-not-query-localhost:", "no"), "DNS",
	    e);
	if (r == 0)
		r = dns_check(ub_ctx_async(d->ctx, 1), "DNS", e);
	if (r == 0 && d->url.server[0] != '\0')
		r = dns_check(
		    ub_ctx_set_fwd(d->ctx, d->url.server), d->url.server, e);
	else if (r == 0 && dns_is_readable(DNS_RESOLVERS))
		r = dns_check(
		    ub_ctx_resolvconf(d->ctx, DNS_RESOLVERS), DNS_RESOLVERS, e);
	return r != 0 ? r : dns_add_anchors(d, e);
}

/* --- the answer --- */

static void
dns_on_answer(void *ctx, int error, struct ub_result *result)
{
	struct dns *d = ctx;

	d->is_done = true;
	d->error = error;
	d->result = result;
}

static int
dns_ask(struct dns *d, struct err *e)
{
	unsigned timeout_ms = d->serve->request->timeout_ms;
	int64_t left, until = dns_now_ms() + timeout_ms;
	struct pollfd p = {.events = POLLIN};
	int r, error = ub_resolve_async(d->ctx, d->url.name, d->url.type,
		   DNS_CLASS_IN, d, dns_on_answer, NULL);

	/* what anchors are is looked at now */
	if (error == UB_INITFAIL)
		return err_set(e, -CS_ERR_CONFIG,
		    "a DNSSEC trust anchor is no DS or DNSKEY record");
	r = dns_check(error, d->url.name, e);
	p.fd = ub_fd(d->ctx);
	while (r == 0 && !d->is_done) {
		left = until - dns_now_ms();
		if (left <= 0)
			return err_set(e, -CS_ERR_TIMEOUT,
			    "the DNS did not answer about %s within %u ms",
			    d->url.name, timeout_ms);
		if (poll(&p, 1, (int)left) > 0)
			r = dns_check(ub_process(d->ctx), d->url.name, e);
	}
	return r != 0 ? r : dns_check(d->error, d->url.name, e);
}

/* Why an answer does not count; 0: it does. */
static int
dns_judge(const struct dns *d, struct err *e)
{
	const struct ub_result *got = d->result;
	const char *name = d->url.name;
	char quoted[256];

	if (got->bogus)
		return err_set(e, -CS_ERR_UNTRUSTED,
		    "the DNS's answer about %s is not genuine: %s", name,
		    got->why_bogus != NULL
			? err_quote(quoted, sizeof(quoted), got->why_bogus,
			      strlen(got->why_bogus))
			: "DNSSEC does not prove it");
	if (got->rcode != 0 && !got->nxdomain)
		return err_set(e, -CS_ERR_NETWORK,
		    "the DNS has no answer about %s (code %d)", name,
		    got->rcode);
	if (!got->secure)
		return err_set(e, -CS_ERR_UNTRUSTED,
		    "the DNS's answer about %s does not count: its zone is not "
		    "signed",
		    name);
	if (!got->havedata)
		return err_set(
		    e, -CS_ERR_NETWORK, "the DNS has no records of %s", name);
	return 0;
}

/* fetch.asn: each record's RDATA is an OCTET STRING. */
static int
dns_give(struct dns *d, struct err *e)
{
	const struct ub_result *got = d->result;
	struct buf frame = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && got->data[i] != NULL; i++) {
		der_put(&frame, DER_OCTET_STRING,
		    bytes_of(got->data[i], (size_t)got->len[i]));
		r = frame.err != 0 ? frame.err
				   : serve_body(d->serve, buf_get(&frame));
		buf_reset(&frame);
	}
	buf_clear(&frame);
	if (r == -CS_ERR_TOO_LARGE)
		return err_set(e, r, "the DNS has more than %llu bytes of %s",
		    (unsigned long long)d->serve->request->octets_max,
		    d->url.name);
	return r == 0 ? 0 : err_set(e, r, NULL);
}

int
serve_dns(struct serve *s, struct err *e)
{
	struct dns d = {.serve = s};
	int r = dns_url_parse(bytes_of_str(s->url), &d.url, e);

	if (r == 0 && s->request->method != FETCH_GET)
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "nothing can be sent to a server by DNS");
	if (r == 0)
		r = dns_check_server(&d, e);
	if (r == 0)
		r = dns_set_up(&d, e);
	if (r == 0)
		r = dns_ask(&d, e);
	if (r == 0)
		r = dns_judge(&d, e);
	if (r == 0)
		r = dns_give(&d, e);
	ub_resolve_free(d.result);
	if (d.ctx != NULL)
		ub_ctx_delete(d.ctx);
	return r;
}
