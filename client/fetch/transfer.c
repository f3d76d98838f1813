#include "client/fetch/transfer.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static curl_socket_t
transfer_on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = ctx;

	(void)purpose;
	if (t->serve->request->is_public && !serve_is_public(&a->addr)) {
		t->serve->is_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

bool
transfer_init(struct transfer *t, struct serve *s, const char *schemes)
{
	const struct fetch_request *q = s->request;
	CURL *c = curl_easy_init();

	*t = (struct transfer){.serve = s, .curl = c};
	return c != NULL &&
	       curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes) == 0 &&
	       curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) == 0 &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms) ==
		   0 &&
	       curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE,
		   (curl_off_t)q->octets_max) == 0 &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == 0 &&
	       /* else a resolver that hangs is waited for, whatever the time */
	       curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L) == 0 &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->text) == 0 &&
	       curl_easy_setopt(
		   c, CURLOPT_OPENSOCKETFUNCTION, transfer_on_socket) == 0 &&
	       curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t) == 0;
}

void
transfer_clear(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	t->curl = NULL;
}

bool
transfer_set_sink(struct transfer *t,
    size_t (*on_body)(char *p, size_t size, size_t n, void *ctx), void *ctx)
{
	return curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body) == 0 &&
	       curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, ctx) == 0;
}

int
transfer_run(struct transfer *t, struct err *e)
{
	const struct fetch_request *q = t->serve->request;
	CURLcode code = curl_easy_perform(t->curl);
	char quoted[128]; /* so that the reason still has room */
	const char *url = err_quote(
	    quoted, sizeof(quoted), t->serve->url, strlen(t->serve->url));

	if (t->serve->is_refused)
		return err_set(e, -CS_ERR_REFUSED,
		    "%s is not fetched: it leads to an address of this machine "
		    "or its own network",
		    url);
	if (t->serve->is_over || code == CURLE_FILESIZE_EXCEEDED)
		return err_set(e, -CS_ERR_TOO_LARGE,
		    "%s is larger than %llu bytes", url,
		    (unsigned long long)q->octets_max);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, -CS_ERR_TIMEOUT,
		    "%s did not answer within %u ms", url, q->timeout_ms);
	if (code == CURLE_OUT_OF_MEMORY)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	if (t->code == -CS_ERR_NETWORK)
		return err_set(e, t->code,
		    "the answer of the server of %s is not understood", url);
	if (t->code != 0)
		return err_set(e, t->code, NULL);
	if (code != CURLE_OK)
		return err_set(e, -CS_ERR_NETWORK, "%s cannot be fetched: %s",
		    url,
		    t->text[0] != '\0' ? t->text : curl_easy_strerror(code));
	return 0;
}
