/* Time stamps fetched from the authority that the job names. */
#include "client/cms/stamp.h"
#include "client/api/signing.h"
#include "client/fetch/fetch.h"

#define STAMP_TIMEOUT_MS 30000
#define STAMP_REDIRECTS_MAX 5

static int
stamp_fetch(void *ctx, struct bytes signature, struct buf *token, struct err *e)
{
	struct signing *s = ctx;
	struct stamp_query query;
	struct buf ask = {0}, answer = {.max = STAMP_TOKEN_MAX};
	struct fetch_answer got = {0};
	struct fetch_request request = {
	    .method = FETCH_POST,
	    .url = bytes_of_str(job_get(s->job, CARDSEAL_TIMESTAMP_URL)),
	    .octets_max = STAMP_TOKEN_MAX,
	    .timeout_ms = STAMP_TIMEOUT_MS,
	    .redirects_max = STAMP_REDIRECTS_MAX,
	    .accept = BYTES_LIT("application/timestamp-reply"),
	    .content_type = BYTES_LIT("application/timestamp-query"),
	};
	int r = stamp_put_request(&ask, signature, &query, e);

	request.body = buf_get(&ask);
	if (r == 0)
		r = fetch_to_buf(s->fetch, &request, &got, &answer, e);
	if (r == 0)
		r = stamp_take_response(buf_get(&answer), &query, token, e);
	if (r != 0)
		err_context(e, "no time stamp");
	fetch_answer_clear(&got);
	buf_clear(&ask);
	buf_clear(&answer);
	return r;
}

int
signing_set_stamps(struct signing *s)
{
	if (job_get(s->job, CARDSEAL_TIMESTAMP_URL) == NULL)
		return 0;
	s->fetch = fetch_new();
	if (s->fetch == NULL)
		return -CS_ERR_NO_MEMORY;
	s->stamps = (struct cms_stamp_ops){stamp_fetch, s};
	s->params.stamps = &s->stamps;
	return 0;
}
