/*
 * online_issuers.c: certificates of CAs that are missing in a path: upwards,
 * by what certificates say of their issuers (RFC 5280 4.2.2.1), and downwards,
 * by what known CAs say of those that they have certified (4.2.2.2).
 */
#include <time.h>

#include "asn1/alg/signature.h"
#include "client/api/online_int.h"

#define ONLINE_CERTS_MAX ((size_t)256 << 10) /* octets of one answer */
#define ONLINE_ISSUED_MAX 256 /* certificates of one that are looked at */
/* What is fetched so is good for so long. */
#define ONLINE_CERT_SECONDS 604800

/* Has its key signed child? Anything else is of no use. */
static bool
is_issuer(const struct cert *c, const struct cert *child)
{
	struct sig_scheme scheme;

	return name_is_equal(cert_get_subject(c), cert_get_issuer(child)) &&
	       sig_scheme_decode(cert_get_signature_alg(child), ALG_NONE,
		   &scheme, NULL) == 0 &&
	       sig_verify_data(cert_get_spki(c), &scheme, cert_get_tbs(child),
		   cert_get_signature(child), NULL) == 0;
}

/* A value of cACertificate, or one of crossCertificatePair: SEQUENCE { forward
 * [0] Certificate OPTIONAL, reverse [1] Certificate OPTIONAL } (RFC 4523 2.3,
 * 4.5). */
static int
load_value(struct cert_set *got, struct bytes value, struct err *e)
{
	struct der d, pair, one;
	int tag, r = 0;

	der_init(&d, value);
	pair = der_enter(&d, DER_SEQUENCE);
	tag = der_peek(&pair);
	if (tag != DER_CONTEXT_C(0) && tag != DER_CONTEXT_C(1))
		return cert_set_add_octets(got, value, e);
	for (tag = 0; r == 0 && tag < 2; tag++)
		if (der_enter_opt(&pair, DER_CONTEXT_C(tag), &one))
			r = cert_set_add_der(
			    got, der_get_raw(&one, DER_SEQUENCE), e);
	return r != 0 ? r : der_end(&pair);
}

/* What came from a URL; of an LDAP server the first FETCH_VALUES_MAX, and those
 * that are no certificates do not spoil the others. NULL: no memory. */
static struct cert_set *
load_certs(struct online *o, struct bytes url, struct bytes octets)
{
	struct cert_set *got = cert_set_new();
	struct err e = ERR_INIT;
	struct bytes value;
	size_t i;
	int r = 0;

	if (got == NULL)
		return NULL;
	if (!fetch_is_ldap(url))
		r = cert_set_add_octets(got, octets, &e);
	else
		for (i = 0;
		     i < FETCH_VALUES_MAX && fetch_next_value(&octets, &value);
		     i++)
			r = load_value(got, value, &e);
	if (r != 0)
		online_fail(o, err_get_text(&e));
	return got;
}

/* Of the first max certificates those that are wanted: how many are new. */
static size_t
add_wanted(struct online *o, const struct cert *of, const struct cert_set *got,
    size_t max, bool (*is_wanted)(const struct cert *c, const struct cert *of))
{
	struct cert_set *set = o->t->intermediates;
	size_t i, found = 0;

	for (i = 0; i < cert_set_get_len(got) && i < max; i++) {
		struct cert *c = cert_set_get(got, i);

		if (!cert_set_has(set, c) && is_wanted(c, of) &&
		    cert_set_add(set, c) == 0)
			found++;
	}
	return found;
}

static size_t
add_issuers(
    struct online *o, const struct cert *child, const struct cert_set *got)
{
	return add_wanted(o, child, got, CERT_URLS_MAX, is_issuer);
}

static bool
is_ca_of(const struct cert *c, const struct cert *ca)
{
	return cert_is_ca(c) && is_issuer(ca, c);
}

/* What one CA has issued, and says so, to other CAs: steps of paths downwards
 * from an anchor, as over a bridge. */
static size_t
add_issued(struct online *o, const struct cert *ca, const struct cert_set *got)
{
	return add_wanted(o, ca, got, ONLINE_ISSUED_MAX, is_ca_of);
}

/* How one answer is judged: what was got of that certificate. */
typedef size_t online_add(
    struct online *o, const struct cert *of, const struct cert_set *got);

static size_t
add_body(struct online *o, const struct cert *of, struct bytes url,
    struct bytes octets, online_add *add)
{
	struct cert_set *got = load_certs(o, url, octets);
	size_t found = add(o, of, got);

	cert_set_free(got);
	return found;
}

/* Certificates at that URL, once: add judges them by what they are for, and
 * tells how many there are. */
static size_t
get_certs(
    struct online *o, const struct cert *of, struct bytes url, online_add *add)
{
	struct online_want want = {.url = url,
	    .accept = "application/pkix-cert, application/pkcs7-mime",
	    .type = "",
	    .octets_max = ONLINE_CERTS_MAX};
	struct buf body = {.max = ONLINE_CERTS_MAX + 1};
	struct fetched_entry entry;
	int64_t now = (int64_t)time(NULL);
	size_t found = 0;

	if (!online_is_new(o, &want))
		return 0;
	if (fetched_get(o->cache, url, BYTES_NONE, &entry, &body) &&
	    now < entry.next_update)
		found = add_body(o, of, url, buf_get(&body), add);
	buf_reset(&body);
	if (found == 0 && online_run(o, &want, &body) == 0) {
		found = add_body(o, of, url, buf_get(&body), add);
		entry = (struct fetched_entry){now, now + ONLINE_CERT_SECONDS};
		if (found != 0)
			fetched_put(o->cache, url, BYTES_NONE, &entry,
			    buf_get(&body), now);
	}
	buf_clear(&body);
	return found;
}

/* By CAs that are known here, and by those that come so while it goes on. */
static size_t
get_issued_by(struct online *o, const struct cert_set *cas)
{
	const struct cert *ca;
	struct bytes url;
	size_t i, k, found = 0;

	for (i = 0; i < cert_set_get_len(cas) && found < ONLINE_ISSUED_MAX;
	     i++) {
		ca = cert_set_get(cas, i);
		for (k = 0;; k++) {
			url = cert_get_url(ca, CERT_URL_ISSUED, k);
			if (url.len == 0)
				break;
			found += get_certs(o, ca, url, add_issued);
		}
	}
	return found;
}

size_t
online_get_issuers(void *ctx, const struct cert *child)
{
	struct online *o = ctx;
	struct bytes url;
	size_t i, found = 0;

	o->asked = child;
	for (i = 0; found == 0; i++) {
		url = cert_get_url(child, CERT_URL_ISSUERS, i);
		if (url.len == 0)
			break;
		found = get_certs(o, child, url, add_issuers);
	}
	if (found != 0)
		return found;
	anchor_index_draw_all(o->t->anchor_index);
	found = get_issued_by(o, o->t->anchors);
	return found + get_issued_by(o, o->t->intermediates);
}
