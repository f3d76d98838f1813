/* HTTP by libcurl, within the request's limits. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/fetch/serve.h"

struct http {
	struct serve *serve;
	CURL *curl;
	struct curl_slist *headers;
	int code; /* what serve_body said */
	char text[CURL_ERROR_SIZE];
};

/* A server that says no sends a page for people, which nobody asked for. */
static size_t
http_on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;
	long status = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 != 2)
		return size * n;
	h->code = serve_body(h->serve, bytes_of(p, size * n));
	return h->code == 0 ? size * n : CURL_WRITEFUNC_ERROR;
}

static curl_socket_t
http_on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http *h = ctx;

	(void)purpose;
	if (h->serve->request->is_public && !serve_is_public(&a->addr)) {
		h->serve->is_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
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
	const struct fetch_request *q = h->serve->request;

	if (q->method == FETCH_GET)
		return curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L) == 0;
	return curl_easy_setopt(h->curl, CURLOPT_POST, 1L) == 0 &&
	       /* a redirected POST stays one (RFC 9110 15.4) */
	       curl_easy_setopt(h->curl, CURLOPT_POSTREDIR,
		   (long)CURL_REDIR_POST_ALL) == 0 &&
	       curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		   (curl_off_t)q->body.len) == 0 &&
	       curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS,
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
	const struct fetch_request *q = h->serve->request;
	CURL *c = h->curl;

	return curl_easy_setopt(c, CURLOPT_URL, h->serve->url) == 0 &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == 0 &&
	       curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
		   http_redirect_schemes(h->serve->url)) == 0 &&
	       curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == 0 &&
	       curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION,
		   q->redirects_max != 0 ? 1L : 0) == 0 &&
	       curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)q->redirects_max) ==
		   0 &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms) ==
		   0 &&
	       curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE,
		   (curl_off_t)q->octets_max) == 0 &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == 0 &&
	       curl_easy_setopt(c, CURLOPT_USERAGENT, "cardseal") == 0 &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->text) == 0 &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, http_on_body) == 0 &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, h) == 0 &&
	       curl_easy_setopt(
		   c, CURLOPT_OPENSOCKETFUNCTION, http_on_socket) == 0 &&
	       curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, h) == 0 &&
	       http_set_body(h) && http_add_header(h, "Accept", q->accept) &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) == 0;
}

static void
http_note(struct http *h)
{
	const char *url = NULL, *type = NULL;
	long status = 0;

	(void)curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(h->curl, CURLINFO_EFFECTIVE_URL, &url);
	(void)curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type);
	h->serve->status = status > 0 && status <= 999 ? (unsigned)status : 0;
	if (url != NULL)
		snprintf(h->serve->url, sizeof(h->serve->url), "%s", url);
	if (type != NULL)
		snprintf(h->serve->content_type, sizeof(h->serve->content_type),
		    "%s", type);
}

static int
http_result(const struct http *h, CURLcode code, struct err *e)
{
	const struct fetch_request *q = h->serve->request;
	char quoted[256];
	const char *url = err_quote(
	    quoted, sizeof(quoted), h->serve->url, strlen(h->serve->url));

	if (h->serve->is_refused)
		return err_set(e, -CS_ERR_REFUSED,
		    "%s is not fetched: it leads to an address of this machine "
		    "or its own network",
		    url);
	if (h->serve->is_over || code == CURLE_FILESIZE_EXCEEDED)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "%s is larger than %llu bytes", url,
		    (unsigned long long)q->octets_max);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, -CS_ERR_TIMEOUT,
		    "%s did not answer within %u ms", url, q->timeout_ms);
	if (code == CURLE_OUT_OF_MEMORY)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (h->code != 0)
		return err_set(e, h->code, NULL);
	if (code != CURLE_OK)
		return err_set(e, -CS_ERR_NETWORK, "%s cannot be fetched: %s",
		    url,
		    h->text[0] != '\0' ? h->text : curl_easy_strerror(code));
	if (h->serve->status / 100 != 2)
		return err_set(e, -CS_ERR_NETWORK,
		    "the server of %s answered with status %u", url,
		    h->serve->status);
	return 0;
}

int
serve_http(struct serve *s, struct err *e)
{
	struct http h = {.serve = s};
	CURLcode code = CURLE_OUT_OF_MEMORY;
	int r;

	h.curl = curl_easy_init();
	if (h.curl == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (http_set_up(&h)) {
		code = curl_easy_perform(h.curl);
		http_note(&h);
		r = http_result(&h, code, e);
	} else {
		r = err_set(e, -CS_ERR_ARGUMENT,
		    "the request has a header line that cannot be sent");
	}
	curl_easy_cleanup(h.curl);
	curl_slist_free_all(h.headers);
	return r;
}
