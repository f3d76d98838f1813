/* HTTP by libcurl, within the request's limits. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/fetch/transfer.h"

struct http {
	struct transfer transfer;
	struct curl_slist *headers;
};

/* A server that says no sends a page for people, which nobody asked for. */
static size_t
http_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;
	long status = 0;

	(void)curl_easy_getinfo(
	    h->transfer.curl, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 != 2)
		return size * n;
	h->transfer.code = serve_body(h->transfer.serve, bytes_of(p, size * n));
	return h->transfer.code == 0 ? size * n : CURL_WRITEFUNC_ERROR;
}

static bool
http_add_header(struct http *h, const char *name, struct bytes value)
{
	char line[FETCH_TYPE_MAX + 32];
	struct curl_slist *more;
	int n;

	if (value.len == 0)
		return true;
	n = snprintf(line, sizeof(line), "%s: %.*s", name, (int)value.len,
	    (const char *)value.p);
	if (n < 0 || n >= (int)sizeof(line) || strpbrk(line, "\r\n") != NULL)
		return false;
	more = curl_slist_append(h->headers, line);
	if (more == NULL)
		return false;
	h->headers = more;
	return true;
}

static bool
http_set_body(struct http *h)
{
	const struct fetch_request *q = h->transfer.serve->request;
	CURL *c = h->transfer.curl;

	if (q->method == FETCH_GET)
		return curl_easy_setopt(c, CURLOPT_HTTPGET, 1L) == 0;
	return curl_easy_setopt(c, CURLOPT_POST, 1L) == 0 &&
	       /* a redirected POST stays one (RFC 9110 15.4) */
	       curl_easy_setopt(
		   c, CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL) == 0 &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
		   (curl_off_t)q->body.len) == 0 &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDS,
		   q->body.len != 0 ? (const char *)q->body.p : "") == 0 &&
	       /* without "Expect: 100-continue" */
	       http_add_header(h, "Expect", BYTES_LIT(" ")) &&
	       http_add_header(h, "Content-Type", q->content_type);
}

/* Who was asked over TLS does not lead to who is asked without. */
static const char *
http_redirect_schemes(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0 ? "https" : "http,https";
}

static bool
http_set_up(struct http *h)
{
	const struct fetch_request *q = h->transfer.serve->request;
	CURL *c = h->transfer.curl;

	return curl_easy_setopt(c, CURLOPT_URL, h->transfer.serve->url) == 0 &&
	       curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
		   http_redirect_schemes(h->transfer.serve->url)) == 0 &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION,
		   q->redirects_max != 0 ? 1L : 0) == 0 &&
	       curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)q->redirects_max) ==
		   0 &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "cardseal") == 0 &&
	       transfer_set_sink(&h->transfer, http_on_body, h) &&
	       http_set_body(h) && http_add_header(h, "Accept", q->accept) &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) == 0;
}

static void
http_note(struct http *h)
{
	struct serve *s = h->transfer.serve;
	CURL *c = h->transfer.curl;
	const char *url = NULL, *type = NULL;
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c, CURLINFO_EFFECTIVE_URL, &url);
	(void)curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	s->status = status > 0 && status <= 999 ? (unsigned)status : 0;
	if (url != NULL)
		snprintf(s->url, sizeof(s->url), "%s", url);
	if (type != NULL)
		snprintf(s->content_type, sizeof(s->content_type), "%s", type);
}

int
serve_http(struct serve *s, struct err *e)
{
	struct http h = {0};
	char quoted[256];
	int r;

	if (!transfer_init(&h.transfer, s, "http,https")) {
		transfer_clear(&h.transfer);
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	}
	if (http_set_up(&h)) {
		r = transfer_run(&h.transfer, e);
		http_note(&h);
		if (r == 0 && s->status / 100 != 2)
			r = err_set(e, -CS_ERR_NETWORK,
			    "the server of %s answered with status %u",
			    err_quote(
				quoted, sizeof(quoted), s->url, strlen(s->url)),
			    s->status);
	} else {
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "the request has a header line that cannot be sent");
	}
	transfer_clear(&h.transfer);
	curl_slist_free_all(h.headers);
	return r;
}
