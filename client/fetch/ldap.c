/*
 * LDAP by libcurl, whose backend is OpenLDAP's library, within the request's
 * limits. Referrals and continuations are not followed by it.
 */
#include <stdlib.h>
#include <sys/resource.h>

#include "client/fetch/ldap_int.h"
#include "client/fetch/transfer.h"

/* What the process has anyway, and lists in libldap, libcurl and here at once:
 * libldap reads a message whole, of any length that it announces. */
#define LDAP_DATA_BASE ((rlim_t)96 << 20)
#define LDAP_DATA_COPIES 5
/* Before a value: a name and a few signs. */
#define LDAP_LINE_EXTRA 4096

struct ldap {
	struct transfer transfer;
	struct ldap_text text;
	size_t values;
};

/* fetch.asn: each value is an OCTET STRING. */
static int
ldap_take(void *ctx, struct bytes value)
{
	struct ldap *l = ctx;
	struct buf frame = {.max = value.len + 16};
	int r;

	if (value.len > l->transfer.serve->request->octets_max) {
		l->transfer.serve->is_over = true;
		return -CS_ERR_TOO_LARGE;
	}
	der_put(&frame, DER_OCTET_STRING, value);
	r = frame.err != 0 ? frame.err
			   : serve_body(l->transfer.serve, buf_get(&frame));
	buf_clear(&frame);
	l->values++;
	return r;
}

static size_t
ldap_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct ldap *l = ctx;

	l->transfer.code = ldap_text_write(&l->text, bytes_of(p, size * n));
	if (l->transfer.code == -CS_ERR_TOO_LARGE)
		l->transfer.serve->is_over = true;
	return l->transfer.code == 0 ? size * n : CURL_WRITEFUNC_ERROR;
}

/* Memory for data while this request runs; what cannot be had ends it. */
static void
ldap_limit(uint64_t octets_max, bool is_on)
{
	struct rlimit data;

	if (CS_IS_SANITIZED || getrlimit(RLIMIT_DATA, &data) != 0)
		return;
	data.rlim_cur = is_on ? LDAP_DATA_BASE + LDAP_DATA_COPIES * octets_max
			      : data.rlim_max;
	if (data.rlim_cur > data.rlim_max)
		data.rlim_cur = data.rlim_max;
	(void)setrlimit(RLIMIT_DATA, &data);
}

static int
ldap_run(struct ldap *l, const char *url, struct err *e)
{
	struct serve *s = l->transfer.serve;
	uint64_t octets_max = s->request->octets_max;
	int r;

	if (curl_easy_setopt(l->transfer.curl, CURLOPT_URL, url) != 0 ||
	    !transfer_set_sink(&l->transfer, ldap_on_body, l))
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	ldap_limit(octets_max, true);
	r = transfer_run(&l->transfer, e);
	ldap_limit(octets_max, false);
	if (r == 0 && l->values == 0)
		r = err_set(e, -CS_ERR_NETWORK,
		    "the server has no value of the attribute that the LDAP "
		    "URL names");
	return r;
}

int
serve_ldap(struct serve *s, struct err *e)
{
	struct ldap_url url;
	struct ldap l = {
	    .text = {.url = &url, .take = ldap_take, .ctx = &l},
	};
	char *search;
	int r = ldap_url_parse(bytes_of_str(s->url), &url, e);

	if (r == 0 && s->request->method != FETCH_GET)
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "nothing can be sent to a server by LDAP");
	if (r != 0)
		return r;
	l.text.line_max =
	    (size_t)s->request->octets_max / 3 * 4 + LDAP_LINE_EXTRA;
	search = bytes_dup_str(url.search);
	/* Neither ldap.conf of a user nor variables have a say. */
	if (search == NULL || setenv("LDAPNOINIT", "1", 1) != 0 ||
	    !transfer_init(&l.transfer, s, "ldap,ldaps"))
		r = err_set(e, -CS_ERR_NO_MEMORY, NULL);
	else
		r = ldap_run(&l, search, e);
	transfer_clear(&l.transfer);
	ldap_text_clear(&l.text);
	free(search);
	return r;
}
