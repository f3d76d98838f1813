/* talk.c: requests and results in parts. */
#include "client/owa/owa.h"

#include <stdlib.h>
#include <string.h>

/* What is uploaded, and what is to be downloaded then. */
struct request {
	struct request *next; /* a newer one */
	char *key;	      /* port and number, as the browser has them */
	struct buf text;
	uint64_t units; /* of UTF-16, as a browser counts */
	int parts;
	char *result; /* ASCII; NULL: it was not done yet */
	size_t sent;
	int sent_parts;
};

struct owa_talk {
	struct request *first; /* the oldest */
	size_t len;
};

struct owa_talk *
owa_talk_new(void)
{
	return calloc(1, sizeof(struct owa_talk));
}

static void
request_free(struct request *r)
{
	buf_clear(&r->text);
	free(r->key);
	free(r->result);
	free(r);
}

static struct request *
find(struct owa_talk *t, const char *key)
{
	struct request *r = t->first;

	while (r != NULL && strcmp(r->key, key) != 0)
		r = r->next;
	return r;
}

static void
drop(struct owa_talk *t, struct request *r)
{
	struct request **at = &t->first;

	while (*at != NULL && *at != r)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = r->next;
	t->len--;
	request_free(r);
}

/* Behind the others. A page that went away never fetches what it asked for:
 * then the oldest goes. NULL: no memory. */
static struct request *
add(struct owa_talk *t, const char *key)
{
	struct request *r = calloc(1, sizeof(*r)), **at;

	if (r != NULL)
		r->key = strdup(key);
	if (r == NULL || r->key == NULL) {
		free(r);
		return NULL;
	}
	buf_init(&r->text, OWA_REQUEST_MAX);
	if (t->len == OWA_REQUESTS_MAX)
		drop(t, t->first);
	for (at = &t->first; *at != NULL; at = &(*at)->next)
		;
	*at = r;
	t->len++;
	return r;
}

void
owa_talk_free(struct owa_talk *t)
{
	while (t != NULL && t->first != NULL)
		drop(t, t->first);
	free(t);
}

/* --- parts --- */

/* Of text in UTF-8, each character beyond the first plane is two. */
static uint64_t
count_units(const char *text, size_t len)
{
	uint64_t units = 0;
	size_t i;

	for (i = 0; i < len; i++)
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			units += (uint8_t)text[i] >= 0xf0 ? 2 : 1;
	return units;
}

static json_t *
acknowledge(int part, json_int_t from, json_int_t next, int status)
{
	return json_pack("{s:s, s:i, s:I, s:I, s:i}", "__type",
	    "AcknowledgePartialSmimeRequestArrived" OWA_NAMESPACE, "PartIndex",
	    part, "StartOffset", from, "NextStartOffset", next, "Status",
	    status);
}

static json_t *
fail(int code, const char *text)
{
	return json_pack("{s:n, s:i, s:s}", "Data", "ErrorCode",
	    cardseal_exit_status(code), "ErrorMessage", text);
}

/* The last part is acknowledged when the request was done. */
static json_t *
upload(struct owa_talk *t, const char *key, const json_t *data)
{
	const json_t *part = json_object_get(data, "PartialData"),
		     *start = json_object_get(data, "StartOffset");
	bool is_last = json_is_true(json_object_get(data, "IsLastPart"));
	struct request *r = find(t, key);
	json_int_t from;

	/* A number is used again when its result was fetched, or given up. */
	if (r != NULL &&
	    (r->result != NULL || json_integer_value(start) == 0)) {
		drop(t, r);
		r = NULL;
	}
	if (r == NULL)
		r = add(t, key);
	if (r == NULL)
		return NULL;
	from = (json_int_t)r->units;
	if ((part != NULL && !json_is_string(part)) ||
	    (start != NULL && json_integer_value(start) != from)) {
		drop(t, r);
		return fail(-CS_ERR_ARGUMENT, "the parts are not in order");
	}
	buf_add(&r->text, json_string_value(part), json_string_length(part));
	r->units +=
	    count_units(json_string_value(part), json_string_length(part));
	if (r->text.err != 0) {
		drop(t, r);
		return fail(-CS_ERR_TOO_LARGE, "the message is too large");
	}
	if (!is_last)
		return acknowledge(r->parts++, from, (json_int_t)r->units, 0);
	r->result = owa_request_do(buf_get(&r->text));
	buf_clear(&r->text);
	if (r->result == NULL) {
		drop(t, r);
		return fail(-CS_ERR_NO_MEMORY, "no memory is left");
	}
	return acknowledge(-1, -1, -1, 1);
}

static json_t *
download(struct owa_talk *t, const char *key, const json_t *data)
{
	const json_t *most = json_object_get(data, "MaxPartSize");
	struct request *r = find(t, key);
	size_t size = OWA_PART_MAX, total, left;
	json_t *answer;

	if (r == NULL || r->result == NULL)
		return fail(-CS_ERR_ARGUMENT, "there is no such result");
	if (json_integer_value(most) > 0 &&
	    json_integer_value(most) < OWA_PART_MAX)
		size = (size_t)json_integer_value(most);
	total = strlen(r->result);
	left = total - r->sent;
	if (size > left)
		size = left;
	answer = json_pack("{s:s, s:i, s:I, s:I, s:b, s:s%, s:I}", "__type",
	    "ReturnPartialSmimeResult" OWA_NAMESPACE, "PartIndex",
	    r->sent_parts++, "StartOffset", (json_int_t)r->sent, "EndOffset",
	    (json_int_t)r->sent + (json_int_t)size, "IsLastPart",
	    (int)(size == left), "PartialData", r->result + r->sent, size,
	    "TotalSize", (json_int_t)total);
	r->sent += size;
	if (size == left)
		drop(t, r);
	return answer;
}

/* --- frames --- */

/* The browser's tab and its request; NULL: there are none, or no memory. */
static char *
get_key(const json_t *message)
{
	json_t *key = json_pack("[O?, O?]", json_object_get(message, "portId"),
	    json_object_get(message, "requestId"));
	char *text = key != NULL ? json_dumps(key, JSON_COMPACT) : NULL;

	json_decref(key);
	return text;
}

/* What was asked, with its numbers. */
static json_t *
wrap(const json_t *message, json_t *data)
{
	if (data == NULL)
		data = fail(-CS_ERR_NO_MEMORY, "no memory is left");
	return json_pack("{s:o, s:O?, s:O?, s:O?}", "data", data, "messageType",
	    json_object_get(message, "messageType"), "portId",
	    json_object_get(message, "portId"), "requestId",
	    json_object_get(message, "requestId"));
}

json_t *
owa_talk_answer(struct owa_talk *t, struct bytes frame)
{
	json_t *message = json_loadb((const char *)frame.p, frame.len, 0, NULL),
	       *answer = NULL;
	const json_t *data = json_object_get(message, "data");
	const char *type = owa_get_text(message, "messageType");
	char *key = get_key(message);

	if (type == NULL || key == NULL)
		fputs(OWA_PROGRAM ": the browser sent what is no message\n",
		    stderr);
	else if (strcmp(type, "GetSettings") == 0)
		/* A person names the domains in the extension itself. */
		answer = json_pack("{s:[]}", "AllowedDomainsByPolicy");
	else if (strcmp(type, "UploadPartialRequest") == 0)
		answer = wrap(message, upload(t, key, data));
	else if (strcmp(type, "DownloadPartialResult") == 0)
		answer = wrap(message, download(t, key, data));
	else
		answer = wrap(
		    message, fail(-CS_ERR_UNSUPPORTED,
				 "this host does not know such a message"));
	free(key);
	json_decref(message);
	return answer;
}
