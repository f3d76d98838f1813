/*
 * What is fetched while certificates are judged: OCSP answers, lists, and the
 * certificates of issuers, by the URLs that certificates name (RFC
 * 5280 4.2.2.1, 4.2.1.13; RFC 6960 appendix A.1), or from the cache.
 *
 * Nothing that comes is believed: it goes into the sets that are judged as if
 * it had been given in a file. Only what was then found to be signed by who may
 * is kept in the cache, so that nobody on the way can put anything there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asn1/alg/random.h"
#include "asn1/say.h"
#include "client/api/online_int.h"

#define ONLINE_REDIRECTS_MAX 5
#define ONLINE_REQUESTS_MAX 2000 /* of one job, to cache and network */

void
online_fail(struct online *o, const char *text)
{
	if (o->failed == o->asked)
		return;
	o->failed = o->asked;
	snprintf(o->failure, sizeof(o->failure), "%s", say(text));
}

/* --- requests --- */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left of the operation's time; 0: nothing. */
static unsigned
time_left(struct online *o)
{
	int64_t now = now_ms();

	if (o->until_ms == 0)
		o->until_ms = now + o->timeout_ms;
	return now < o->until_ms ? (unsigned)(o->until_ms - now) : 0;
}

int
online_run(struct online *o, const struct online_want *want, struct buf *body)
{
	struct err e = ERR_INIT;
	struct fetch_answer got = {0};
	struct fetch_request request = {
	    .method = want->body.len != 0 ? FETCH_POST : FETCH_GET,
	    .url = want->url,
	    .octets_max = want->octets_max,
	    .timeout_ms = time_left(o),
	    .redirects_max = ONLINE_REDIRECTS_MAX,
	    .is_public = o->is_public,
	    .accept = bytes_of_str(want->accept),
	    .content_type = bytes_of_str(want->type),
	    .body = want->body,
	};
	int r;

	/* Time is left for what matters more. */
	if (want->is_extra)
		request.timeout_ms /= 2;
	if (request.timeout_ms == 0) {
		online_fail(o, N_("the time for fetching is over"));
		return -CS_ERR_TIMEOUT;
	}
	if (o->fetch == NULL)
		o->fetch = fetch_new();
	if (o->fetch == NULL)
		return -CS_ERR_NO_MEMORY;
	r = fetch_to_buf(o->fetch, &request, &got, body, &e);
	fetch_answer_clear(&got);
	if (r != 0)
		online_fail(o, err_get_text(&e));
	return r;
}

bool
online_is_new(struct online *o, const struct online_want *want)
{
	struct buf name = {0};
	bool is = false;
	size_t i;

	buf_add_str(&name, want->is_cached ? "cached " : "");
	buf_add_bytes(&name, want->url);
	buf_add_byte(&name, ' ');
	buf_add_hex(&name, want->question);
	if (buf_add_byte(&name, '\0') == 0 &&
	    o->tried.len < ONLINE_REQUESTS_MAX) {
		for (i = 0; i < o->tried.len; i++)
			if (strcmp(o->tried.items[i],
				(const char *)name.data) == 0)
				break;
		is = i == o->tried.len &&
		     strings_add(&o->tried, (const char *)name.data) == 0;
	}
	buf_clear(&name);
	return is;
}

static bool
add(struct online *o, const struct online_want *want, struct bytes octets)
{
	struct err e = ERR_INIT;
	int r = want->add(o, want, octets, &e);

	if (r != 0)
		online_fail(o, err_get_text(&e));
	return r == 0;
}

static void
item_clear(struct online_item *item)
{
	buf_clear(&item->url);
	buf_clear(&item->question);
	buf_clear(&item->body);
}

/* Without memory it is not kept. */
static void
remember(struct online *o, const struct online_want *want, struct buf *body)
{
	struct online_item *items =
	    realloc(o->items, (o->len + 1) * sizeof(*items));
	struct online_item *item;

	if (items == NULL)
		return;
	o->items = items;
	item = &items[o->len];
	*item =
	    (struct online_item){.is_ocsp = want->is_ocsp, .asked = o->asked};
	item->at = (want->is_ocsp ? ocsp_set_get_len(o->t->ocsps)
				  : crl_set_get_len(o->t->crls)) -
		   1;
	buf_add_bytes(&item->url, want->url);
	buf_add_bytes(&item->question, want->question);
	if (item->url.err != 0 || item->question.err != 0) {
		item_clear(item);
		return;
	}
	item->body = *body;
	*body = (struct buf){0};
	o->len++;
}

/* What the cache has, fresh or not as wanted. */
static bool
get_kept(struct online *o, const struct online_want *want, bool is_fresh)
{
	struct buf kept = {.max = FETCHED_BODY_MAX};
	struct online_want old = *want;
	struct fetched_entry entry;
	bool is_added;

	old.nonce = BYTES_NONE; /* that one was another */
	is_added =
	    fetched_get(o->cache, want->url, want->question, &entry, &kept) &&
	    (entry.next_update > (int64_t)time(NULL)) == is_fresh &&
	    add(o, &old, buf_get(&kept));
	buf_clear(&kept);
	return is_added;
}

/* Which of several would turn out to be genuine is not known of the whole. */
static bool
is_one(const struct online_want *want, struct bytes body)
{
	struct bytes value;

	return !fetch_is_ldap(want->url) ||
	       (fetch_next_value(&body, &value) && body.len == 0);
}

/*
 * From the cache while it is fresh there; and from the network, where that did
 * not help. What is stale in the cache counts beside what came: it may be newer
 * than that, or the only one that knows of a revocation.
 */
static bool
get(struct online *o, const struct online_want *want)
{
	struct buf body = {.max = want->octets_max + 1};
	bool is_added;

	if (!online_is_new(o, want))
		return false;
	if (want->is_cached)
		return get_kept(o, want, true);
	is_added =
	    online_run(o, want, &body) == 0 && add(o, want, buf_get(&body));
	if (is_added && is_one(want, buf_get(&body)))
		remember(o, want, &body);
	if (get_kept(o, want, false))
		is_added = true;
	buf_clear(&body);
	return is_added;
}

/* --- revocation --- */

static int
add_ocsp(struct online *o, const struct online_want *want, struct bytes octets,
    struct err *e)
{
	return ocsp_set_add_der(o->t->ocsps, octets, want->nonce, e);
}

/* The lists that an LDAP server has there, the first FETCH_VALUES_MAX of them;
 * those that are none do not spoil the others. */
static int
add_crl(struct online *o, const struct online_want *want, struct bytes octets,
    struct err *e)
{
	struct err why = ERR_INIT;
	struct bytes value;
	size_t i, added = 0;

	if (!fetch_is_ldap(want->url))
		return crl_set_add_der(o->t->crls, octets, e);
	for (i = 0; i < FETCH_VALUES_MAX && fetch_next_value(&octets, &value);
	     i++)
		added += crl_set_add_der(o->t->crls, value, &why) == 0;
	if (added != 0)
		return 0;
	return err_set(e, why.code != 0 ? why.code : -CS_ERR_ENCODING, "%s",
	    why.code != 0 ? err_get_text(&why) : say("no list came"));
}

static bool
get_ocsp(struct online *o, const struct cert *cert, const struct cert *issuer,
    struct bytes url, bool is_cached)
{
	uint8_t nonce[OCSP_NONCE_LEN];
	struct buf question = {0}, body = {0};
	struct online_want want = {
	    .url = url,
	    .nonce = bytes_of(nonce, sizeof(nonce)),
	    .accept = "application/ocsp-response",
	    .type = "application/ocsp-request",
	    .octets_max = OCSP_LEN_MAX,
	    .is_ocsp = true,
	    .is_cached = is_cached,
	    .add = add_ocsp,
	};
	bool is_added;

	random_fill(nonce, sizeof(nonce));
	der_put_ocsp_request(&question, cert, issuer, BYTES_NONE);
	der_put_ocsp_request(&body, cert, issuer, want.nonce);
	want.question = buf_get(&question);
	want.body = buf_get(&body);
	is_added = question.err == 0 && body.err == 0 && get(o, &want);
	buf_clear(&question);
	buf_clear(&body);
	return is_added;
}

static bool
get_crl(struct online *o, struct bytes url, bool is_delta, bool is_cached)
{
	struct online_want want = {
	    .url = url,
	    .accept = "application/pkix-crl",
	    .type = "",
	    .octets_max = FETCHED_BODY_MAX,
	    .is_cached = is_cached,
	    .is_extra = is_delta,
	    .add = add_crl,
	};

	return get(o, &want);
}

/* What has changed since the complete lists: it says nothing by itself, and
 * costs no answer that is at hand. */
static void
get_delta_crls(struct online *o, const struct cert *cert)
{
	struct bytes url;
	size_t i;

	for (i = 0;; i++) {
		url = cert_get_url(cert, CERT_URL_DELTA_CRL, i);
		if (url.len == 0)
			return;
		if (!get_crl(o, url, true, true))
			(void)get_crl(o, url, true, false);
	}
}

/* Nothing that came for the certificate has told about it so far. */
static void
note_no_help(struct online *o, const struct cert *cert)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		if (o->items[i].asked == cert)
			o->items[i].is_no_help = true;
}

/* Answers first, being small: *at counts their URLs, then those of lists, each
 * for the cache and for the network. Delta lists come before the complete ones,
 * so that these are never looked at without. */
static bool
get_revocation(
    void *ctx, const struct cert *cert, const struct cert *issuer, unsigned *at)
{
	struct online *o = ctx;
	const unsigned steps = 2 * CERT_URLS_MAX; /* of one kind */
	bool is_ocsp, is_cached, is_added = false;
	struct bytes url;

	o->asked = cert;
	if (*at != 0)
		note_no_help(o, cert);
	while (!is_added && *at < 2 * steps) {
		if (*at == steps)
			get_delta_crls(o, cert);
		is_ocsp = *at < steps;
		is_cached = *at % 2 == 0;
		url = cert_get_url(cert, is_ocsp ? CERT_URL_OCSP : CERT_URL_CRL,
		    *at % steps / 2);
		++*at;
		if (url.len == 0)
			*at = is_ocsp ? steps : 2 * steps;
		else
			is_added =
			    is_ocsp ? get_ocsp(o, cert, issuer, url, is_cached)
				    : get_crl(o, url, false, is_cached);
	}
	return is_added;
}

/* --- the whole --- */

static const char *
get_failure(void *ctx)
{
	struct online *o = ctx;

	return o->failed == o->asked ? o->failure : "";
}

struct online *
online_new(const struct job_trust *t, bool is_public, unsigned timeout_ms)
{
	struct online *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->t = t;
	o->is_public = is_public;
	o->timeout_ms = timeout_ms;
	o->cache = fetched_open();
	o->source = (struct path_source){.get_issuers = online_get_issuers,
	    .get_revocation = get_revocation,
	    .get_failure = get_failure,
	    .ctx = o};
	return o;
}

static void
forget_items(struct online *o)
{
	size_t i;

	for (i = 0; i < o->len; i++)
		item_clear(&o->items[i]);
	free(o->items);
	o->items = NULL;
	o->len = 0;
}

void
online_free(struct online *o)
{
	if (o == NULL)
		return;
	forget_items(o);
	strings_clear(&o->tried);
	fetch_free(o->fetch);
	fetched_free(o->cache);
	free(o);
}

const struct path_source *
online_get_source(const struct online *o)
{
	return &o->source;
}

void
online_begin(struct online *o)
{
	if (o == NULL)
		return;
	o->until_ms = 0;
	o->asked = o->failed = NULL;
}

void
online_keep(struct online *o)
{
	const struct online_item *item;
	struct fetched_entry entry;
	int64_t now = (int64_t)time(NULL);
	bool is_genuine;
	size_t i;

	for (i = 0; o != NULL && i < o->len; i++) {
		item = &o->items[i];
		is_genuine = item->is_ocsp
				 ? ocsp_set_is_admitted(o->t->ocsps, item->at,
				       &entry.this_update, &entry.next_update)
				 : crl_set_is_admitted(o->t->crls, item->at,
				       &entry.this_update, &entry.next_update);
		/* What is fresh and does not help is something else, however
		 * genuine, which must not stand in the true one's place. */
		if (is_genuine &&
		    (!item->is_no_help || entry.next_update <= now))
			fetched_put(o->cache, buf_get(&item->url),
			    buf_get(&item->question), &entry,
			    buf_get(&item->body), now);
	}
	if (o != NULL)
		forget_items(o);
}
