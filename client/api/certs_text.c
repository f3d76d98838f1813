#include <string.h>

#include "asn1/say.h"
#include "client/api/certs.h"
#include "client/cms/verdict_json.h"

#define JSON_VERSION 1

static void
put_code(struct json *j, int code)
{
	json_put_text(j, "code", code != 0 ? err_name(code) : NULL);
}

static void
put_steps(struct json *j, const struct path_log *log)
{
	const struct path_step *step;
	size_t i;

	json_open_array(j, "steps");
	for (i = 0; log != NULL && i < log->len; i++) {
		step = &log->steps[i];
		json_open_object(j, NULL);
		json_put_int(j, "certificate", (int64_t)step->at);
		json_put_text(j, "step", step->what);
		json_put_text(j, "section", step->section);
		put_code(j, step->code);
		json_put_text(j, "text", step->text);
		json_close_object(j);
	}
	json_close_array(j);
}

static void
put_policies(struct json *j, const struct cardseal_path *path)
{
	const struct path_log *log = path->result.log;
	const char *text;
	size_t at;

	json_open_array(j, "policies");
	for (at = 0;
	     log != NULL && path->result.code == 0 && at < log->policies.len;
	     at += strlen(text) + 1) {
		text = (const char *)log->policies.data + at;
		json_put_text(j, NULL, text);
	}
	json_close_array(j);
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

static void
put_revocation(struct json *j, const struct cardseal_path *path)
{
	json_open_object(j, "revocation");
	json_put_text(j, "state", revocation_state(path));
	put_code(j, path->result.revocation_code);
	json_put_text(j, "text", path->result.revocation_text);
	json_close_object(j);
}

static void
put_search(struct json *j, const struct path_log *log)
{
	json_open_object(j, "search");
	json_put_int(
	    j, "signatures", log != NULL ? (int64_t)log->signatures : 0);
	json_put_int(j, "work", log != NULL ? (int64_t)log->work : 0);
	json_close_object(j);
}

int
path_to_json(const struct cardseal_path *path, struct buf *b)
{
	const struct path_result *r = &path->result;
	struct json j = {.out = b};
	char time[TIME_TEXT_MAX];

	json_open_object(&j, NULL);
	json_put_int(&j, "version", JSON_VERSION);
	verdict_put_cert(&j, "certificate", cert_set_get(path->certs, 0));
	put_code(&j, r->code);
	json_put_int(&j, "exit_status", err_exit_status(r->code));
	json_put_text(&j, "text", r->text);
	json_put_text(&j, "time", time_format(time, path->time));
	verdict_put_certs(&j, "path", r->path);
	put_policies(&j, path);
	put_revocation(&j, path);
	put_steps(&j, r->log);
	put_search(&j, r->log);
	json_close_object(&j);
	return b->err;
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
