#include <jansson.h>
#include <string.h>

#include "asn1/say.h"
#include "client/api/certs.h"
#include "client/cms/verdict_json.h"

#define JSON_VERSION 1

static void
put(json_t *object, const char *key, json_t *value, bool *ok)
{
	if (json_object_set_new(object, key, value) != 0)
		*ok = false;
}

static void
append(json_t *array, json_t *value, bool *ok)
{
	if (json_array_append_new(array, value) != 0)
		*ok = false;
}

static json_t *
code_to_json(int code)
{
	return code != 0 ? json_string(err_name(code)) : json_null();
}

/* Texts quote what strangers wrote, escaped: they are UTF-8. */
static json_t *
step_to_json(const struct path_step *step, bool *ok)
{
	json_t *o = json_object();

	put(o, "certificate", json_integer((json_int_t)step->at), ok);
	put(o, "step", json_string(step->what), ok);
	put(o, "section", json_string(step->section), ok);
	put(o, "code", code_to_json(step->code), ok);
	put(o, "text", json_string(step->text), ok);
	return o;
}

static json_t *
steps_to_json(const struct path_log *log, bool *ok)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; log != NULL && i < log->len; i++)
		append(a, step_to_json(&log->steps[i], ok), ok);
	return a;
}

static json_t *
policies_to_json(const struct cardseal_path *path, bool *ok)
{
	const struct path_log *log = path->result.log;
	json_t *a = json_array();
	const char *text;
	size_t at;

	for (at = 0;
	     log != NULL && path->result.code == 0 && at < log->policies.len;
	     at += strlen(text) + 1) {
		text = (const char *)log->policies.data + at;
		append(a, json_string(text), ok);
	}
	return a;
}

static json_t *
certs_to_json(const struct cert_set *certs, bool *ok)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < cert_set_get_len(certs); i++)
		append(a, verdict_json_cert(cert_set_get(certs, i), ok), ok);
	return a;
}

static const char *
revocation_state(const struct cardseal_path *path)
{
	const struct path_result *r = &path->result;

	if (path->revocation == PATH_REVOCATION_OFF)
		return "not-checked";
	if (r->revocation_code == -CS_ERR_REVOKED)
		return "revoked";
	if (r->revocation_code != 0)
		return "unknown";
	return r->is_revocation_checked ? "good" : "not-checked";
}

static json_t *
revocation_to_json(const struct cardseal_path *path, bool *ok)
{
	json_t *o = json_object();

	put(o, "state", json_string(revocation_state(path)), ok);
	put(o, "code", code_to_json(path->result.revocation_code), ok);
	put(o, "text", json_string(path->result.revocation_text), ok);
	return o;
}

static json_t *
search_to_json(const struct path_log *log, bool *ok)
{
	json_t *o = json_object();

	put(o, "signatures",
	    json_integer(log != NULL ? (json_int_t)log->signatures : 0), ok);
	put(o, "work", json_integer(log != NULL ? (json_int_t)log->work : 0),
	    ok);
	return o;
}

int
path_to_json(const struct cardseal_path *path, struct buf *b)
{
	const struct path_result *r = &path->result;
	char time[TIME_TEXT_MAX];
	json_t *o = json_object();
	char *text = NULL;
	bool ok = true;
	int code;

	put(o, "version", json_integer(JSON_VERSION), &ok);
	put(o, "certificate",
	    verdict_json_cert(cert_set_get(path->certs, 0), &ok), &ok);
	put(o, "code", code_to_json(r->code), &ok);
	put(o, "exit_status", json_integer(err_exit_status(r->code)), &ok);
	put(o, "text", json_string(r->text), &ok);
	put(o, "time", json_string(time_format(time, path->time)), &ok);
	put(o, "path", certs_to_json(r->path, &ok), &ok);
	put(o, "policies", policies_to_json(path, &ok), &ok);
	put(o, "revocation", revocation_to_json(path, &ok), &ok);
	put(o, "steps", steps_to_json(r->log, &ok), &ok);
	put(o, "search", search_to_json(r->log, &ok), &ok);
	if (ok)
		text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	code = text != NULL ? buf_add_str(b, text) : -CS_ERR_NO_MEMORY;
	free(text);
	return code;
}

static void
add_chain(const struct cert_set *certs, struct buf *b)
{
	size_t i;

	for (i = 0; i < cert_set_get_len(certs); i++) {
		buf_printf(b, "  %*s", (int)(2 * i), "");
		cert_describe(cert_set_get(certs, i), b);
		buf_add_byte(b, '\n');
	}
}

static void
add_steps(const struct path_log *log, struct buf *b)
{
	const struct path_step *step;
	size_t i;

	for (i = 0; log != NULL && i < log->len; i++) {
		step = &log->steps[i];
		buf_printf(b, "  %zu %s%s%s%s: %s%s%s\n", step->at, step->what,
		    step->section[0] != '\0' ? " (" : "", step->section,
		    step->section[0] != '\0' ? ")" : "",
		    step->code == 0 ? "passed" : err_name(step->code),
		    step->text[0] != '\0' ? ": " : "", step->text);
	}
}

int
path_to_text(const struct cardseal_path *path, bool is_verbose, struct buf *b)
{
	const struct path_result *r = &path->result;

	if (r->code == 0)
		buf_say(b, "trusted%s%s\n", r->text[0] != '\0' ? "; " : "",
		    r->text);
	else
		buf_say(b, "not trusted: %s\n", r->text);
	if (r->revocation_text[0] != '\0' && r->revocation_code != r->code)
		buf_say(b, "revocation: unknown: %s\n", r->revocation_text);
	if (!is_verbose)
		return b->err;
	add_chain(r->path, b);
	add_steps(r->log, b);
	return b->err;
}
