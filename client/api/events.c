/* What the agent tells unasked, and the PIN itself. */
#include <stdlib.h>

#include "client/api/job.h"

static const char *const event_names[] = {
    "tokenInserted",
    "tokenRemoved",
    "unlocked",
    "locked",
    "keyUsed",
    "workerRestarted",
    "touchWanted",
};
#define EVENT_KINDS (sizeof(event_names) / sizeof(event_names[0]))

static const char *
event_hex(struct bytes id, char out[AGT_KEY_ID_LEN * 2 + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < id.len && i < AGT_KEY_ID_LEN; i++) {
		out[2 * i] = digits[id.p[i] >> 4];
		out[2 * i + 1] = digits[id.p[i] & 15];
	}
	out[2 * i] = '\0';
	return out;
}

static int
event_pass(const struct agt_msg *msg,
    int (*event)(void *ctx, const struct cardseal_event *event), void *ctx)
{
	char key[AGT_KEY_ID_LEN * 2 + 1];
	char *token = bytes_dup_str(msg->token);
	char *text = bytes_dup_str(msg->text);
	struct cardseal_event e = {
	    .kind = msg->kind < EVENT_KINDS ? event_names[msg->kind] : "",
	    .token_uri = token,
	    .key_id = event_hex(msg->key_id, key),
	    .text = text,
	};
	int r = -CS_ERR_NO_MEMORY;

	if (token != NULL && text != NULL)
		r = event(ctx, &e);
	free(token);
	free(text);
	return r;
}

int
cardseal_events(struct cardseal_job *job,
    int (*event)(void *ctx, const struct cardseal_event *event), void *ctx)
{
	struct agt_msg msg, request = {
				.type = AGT_EVENTS,
				.kinds = (1U << EVENT_KINDS) - 1,
			    };
	int r;

	job_start(job);
	r = job_connect(job);
	if (r == 0)
		r = link_listen(job->link, &request, &job->err);
	while (r == 0) {
		r = link_next(job->link, &request, &msg, &job->err);
		if (r == 0)
			r = event_pass(&msg, event, ctx);
	}
	/* What else comes is for nobody. */
	link_free(job->link);
	job->link = NULL;
	return r > 0 ? 0 : job_end(job, r);
}
