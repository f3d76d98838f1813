/*
 * lookup.c: certificates of correspondents that are not at hand, from LDAP
 * directories (RFC 4523 4.1, RFC 2798 2.8) and from the DNS (RFC 8162).
 *
 * Nothing that comes is believed for where it came from: lookup_judge.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/api/lookup_int.h"
#include "client/fetch/fetch.h"
#include "client/pkix/file.h"

#define LOOKUP_OCTETS_MAX ((size_t)1 << 20) /* of one answer */
#define LOOKUP_ANCHOR_MAX ((size_t)64 << 10)
#define LOOKUP_ATTRIBUTES                         \
	"userCertificate;binary,userCertificate," \
	"userSMIMECertificate;binary,userSMIMECertificate"

/* --- asking --- */

static int64_t
lookup_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One that says nothing takes no time from the share of those to come. 0: the
 * time is over. */
static uint32_t
lookup_share(struct lookup *l, size_t left)
{
	int64_t now = lookup_now_ms(), share;

	if (l->until_ms == 0)
		l->until_ms = now + l->config.fetch_timeout_ms;
	share = (l->until_ms - now) / (int64_t)left;
	return share > 0 ? (uint32_t)share : 0;
}

int
lookup_miss(struct lookup *l, const struct err *e)
{
	if (l->miss.code == 0)
		err_set(&l->miss, e->code, "%s", err_get_text(e));
	return strings_printf(&l->job->notes, "%s", err_get_text(e));
}

/* Fetches; that there is nothing is no failure. left: how many are still to be
 * asked, this one among them. *is_silent (may be NULL) is set if nothing came
 * in time. */
static int
lookup_ask(struct lookup *l, struct bytes url, struct bytes body, size_t left,
    struct buf *answer, bool *is_silent)
{
	struct fetch_request request = {
	    .method = FETCH_GET,
	    .url = url,
	    .octets_max = LOOKUP_OCTETS_MAX,
	    .timeout_ms = lookup_share(l, left),
	    .body = body,
	};
	struct fetch_answer got = {0};
	struct err e = ERR_INIT;
	int r;

	if (request.timeout_ms == 0) {
		err_set(&e, -CS_ERR_TIMEOUT,
		    "the time for looking certificates up was over");
		return lookup_miss(l, &e);
	}
	r = fetch_to_buf(l->fetch, &request, &got, answer, &e);
	fetch_answer_clear(&got);
	if (r == -CS_ERR_NO_MEMORY)
		return r;
	if (r == 0)
		return strings_printf(&l->job->notes, "%.*s has something",
		    (int)url.len, (const char *)url.p);
	buf_reset(answer);
	if (r == -CS_ERR_TIMEOUT && is_silent != NULL)
		*is_silent = true;
	return lookup_miss(l, &e);
}

/* --- directories --- */

/* A value in a filter (RFC 4515 3) of a URL (RFC 4516 2.1): what means
 * something in the former is written as "\2a", and what does in the latter, the
 * backslash too, as "%5c". */
static void
put_filter_value(struct buf *b, struct bytes value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~@";
	size_t i;
	uint8_t c;

	for (i = 0; i < value.len; i++) {
		c = value.p[i];
		if (c == '\0' || strchr("*()\\", c) != NULL)
			buf_printf(b, "%%5c%02x", c);
		else if (strchr(plain, c) != NULL)
			buf_add_byte(b, c);
		else
			buf_printf(b, "%%%02x", c);
	}
}

static int
put_ldap_url(struct buf *url, const char *base, struct bytes address)
{
	struct buf normal = {0};
	int r = address_normalise(address, &normal);

	buf_add_str(url, base);
	if (strchr(strstr(base, "://") + 3, '/') == NULL)
		buf_add_byte(url, '/');
	buf_add_str(url, "?" LOOKUP_ATTRIBUTES "?sub?(mail=");
	put_filter_value(url, buf_get(&normal));
	buf_add_byte(url, ')');
	buf_clear(&normal);
	return r != 0 ? r : url->err;
}

/* Values that are no certificates do not spoil the others; those beyond
 * FETCH_VALUES_MAX are not looked at. */
static int
take_values(struct lookup *l, struct bytes body)
{
	struct err e = ERR_INIT;
	struct bytes value;
	size_t i;
	int r = 0;

	for (i = 0; r != -CS_ERR_NO_MEMORY && fetch_next_value(&body, &value);
	     i++) {
		err_clear(&e);
		if (i == FETCH_VALUES_MAX) {
			err_set(&e, -CS_ERR_TOO_LARGE,
			    "a directory has more than %d values, of which "
			    "the others are not looked at",
			    FETCH_VALUES_MAX);
			return lookup_miss(l, &e);
		}
		r = cert_set_add_octets(l->certs, value, &e);
		if (r != 0 && lookup_miss(l, &e) != 0)
			r = -CS_ERR_NO_MEMORY;
	}
	return r == -CS_ERR_NO_MEMORY ? r : 0;
}

static int
ask_directory(struct lookup *l, size_t at, struct bytes address, size_t left)
{
	const char *base = l->config.lookup.ldap[at];
	struct buf url = {.max = FETCH_URL_MAX},
		   answer = {.max = LOOKUP_OCTETS_MAX + 1};
	struct err e = ERR_INIT;
	int r;

	if (l->is_silent[at]) {
		err_set(
		    &e, -CS_ERR_TIMEOUT, "%s has not answered before", base);
		return lookup_miss(l, &e);
	}
	r = put_ldap_url(&url, base, address);
	if (r == 0)
		r = lookup_ask(l, buf_get(&url), BYTES_NONE, left, &answer,
		    &l->is_silent[at]);
	if (r == 0)
		r = take_values(l, buf_get(&answer));
	buf_clear(&answer);
	buf_clear(&url);
	return r;
}

/* --- the DNS --- */

static int
read_anchors(struct lookup *l, struct buf *anchors)
{
	const char *path = l->config.lookup.dns_anchor;
	struct err *e = &l->job->err;
	int fd, r;

	if (path[0] == '\0')
		return 0;
	r = pkix_file_open_opt(path, &fd, e);
	if (r != 0)
		return r;
	if (fd < 0)
		return err_set(
		    e, -CS_ERR_NO_FILE, "%s: %s", path, strerror(ENOENT));
	r = pkix_fd_read(anchors, fd, path, e);
	(void)close(fd);
	/* Without any the machine's would be taken. */
	if (r == 0 && anchors->len == 0)
		r = err_set(
		    e, -CS_ERR_CONFIG, "%s has no DNSSEC trust anchor", path);
	return r;
}

/* Records that say nothing that is understood are none (RFC 6698 4.1). */
static int
take_records(struct lookup *l)
{
	struct bytes body = buf_get(&l->answer), rdata;
	struct smimea *record;
	struct err e = ERR_INIT;
	int r = 0;

	while (r == 0 && l->records_len < LOOKUP_RECORDS_MAX &&
	       fetch_next_value(&body, &rdata)) {
		record = &l->records[l->records_len];
		if (smimea_decode(rdata, record) != 0)
			continue;
		l->records_len++;
		if (!smimea_has_cert(record))
			continue;
		err_clear(&e);
		r = cert_set_add_der(l->certs, record->data, &e);
		if (r != 0 && r != -CS_ERR_NO_MEMORY)
			r = lookup_miss(l, &e);
	}
	return r;
}

static int
ask_dns(struct lookup *l, struct bytes address, size_t left)
{
	const char *server = l->config.lookup.dns_server;
	struct buf url = {.max = FETCH_URL_MAX}, name = {0},
		   anchors = {.max = LOOKUP_ANCHOR_MAX};
	struct err e = ERR_INIT;
	int r = smimea_put_name(&name, address);

	if (r == -CS_ERR_ARGUMENT) {
		err_set(&e, -CS_ERR_NO_CERT,
		    "the domain of the address is no name in the DNS");
		return lookup_miss(l, &e);
	}
	if (server[0] != '\0')
		buf_printf(&url, "dns://%s/", server);
	else
		buf_add_str(&url, "dns:");
	buf_add_bytes(&url, buf_get(&name));
	if (buf_add_str(&url, "?type=SMIMEA") != 0)
		r = url.err;
	if (r == 0)
		r = read_anchors(l, &anchors);
	if (r == 0)
		r = lookup_ask(l, buf_get(&url), buf_get(&anchors), left,
		    &l->answer, NULL);
	if (r == 0)
		r = take_records(l);
	buf_clear(&anchors);
	buf_clear(&name);
	buf_clear(&url);
	return r;
}

/* --- the whole --- */

int
lookup_new(struct cardseal_job *job, const struct job_trust *trust,
    struct lookup **lookup)
{
	struct lookup *l = calloc(1, sizeof(*l));
	int r = -CS_ERR_NO_MEMORY;

	*lookup = NULL;
	if (l != NULL) {
		l->job = job;
		l->trust = trust;
		l->answer.max = LOOKUP_OCTETS_MAX + 1;
		r = job_config_load(&l->config, &job->err);
	}
	if (r != 0 || !(job_get(job, CARDSEAL_LOOKUP) != NULL
			      ? job_is(job, CARDSEAL_LOOKUP, "yes")
			      : l->config.lookup.is_on)) {
		free(l);
		return r;
	}
	l->fetch = fetch_new();
	if (l->fetch == NULL) {
		free(l);
		return -CS_ERR_NO_MEMORY;
	}
	*lookup = l;
	return 0;
}

void
lookup_free(struct lookup *l)
{
	if (l == NULL)
		return;
	fetch_free(l->fetch);
	buf_clear(&l->answer);
	free(l);
}

/* Directories to be asked, from one on. */
static size_t
count_left(const struct lookup *l, size_t from)
{
	size_t i, n = 0;

	for (i = from; i < l->config.lookup.ldap_len; i++)
		n += !l->is_silent[i];
	return n;
}

static int
ask_all(struct lookup *l, struct bytes address)
{
	const struct lookup_config *config = &l->config.lookup;
	size_t i;
	struct err e = ERR_INIT;
	int r = 0;

	if (!address_is_valid(address)) {
		err_set(&e, -CS_ERR_ARGUMENT,
		    "it is no address that can be looked up");
		return lookup_miss(l, &e);
	}
	if (config->has_dns)
		r = ask_dns(l, address, count_left(l, 0) + 1);
	for (i = 0; r == 0 && i < config->ldap_len; i++)
		r = ask_directory(l, i, address, count_left(l, i));
	return r;
}

int
lookup_find(struct lookup *l, struct bytes address, struct cert_set *recipients,
    bool *is_found, struct err *why)
{
	int r;

	err_clear(&l->miss);
	l->records_len = 0;
	buf_reset(&l->answer);
	l->certs = cert_set_new();
	if (l->certs == NULL)
		return -CS_ERR_NO_MEMORY;
	r = ask_all(l, address);
	if (r == 0)
		r = lookup_choose(l, address, recipients, is_found, why);
	if (r == 0 && why->code == 0 && l->miss.code != 0)
		err_set(why, l->miss.code, "%s", err_get_text(&l->miss));
	cert_set_free(l->certs);
	l->certs = NULL;
	return r;
}
