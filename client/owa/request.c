/* request.c: what is asked for, whole. */
#include "client/owa/owa.h"

#include <stdlib.h>
#include <string.h>

/* What Outlook asks of the host's version: that of Microsoft's that speaks as
 * this one does. */
#define CONTROL_VERSION "4.0700.19.19.814.1"

const char *
owa_get_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int
owa_keep_error(const struct cardseal_job *job, int code, struct err *e)
{
	return err_set(e, code, "%s", cardseal_job_get_error(job));
}

struct cardseal_job *
owa_new_job(const char *purpose)
{
	struct cardseal_job *job = cardseal_job_new();

	if (job == NULL)
		return NULL;
	cardseal_job_set(job, CARDSEAL_PROGRAM, OWA_CLAIM);
	cardseal_job_set(job, CARDSEAL_PURPOSE, purpose);
	return job;
}

void
owa_put_certificate(struct buf *b, const char *pem)
{
	const char *line;
	size_t len;

	for (line = pem; *line != '\0'; line += len) {
		len = strcspn(line, "\n");
		if (line[0] != '-')
			buf_add(b, line, len);
		len += line[len] == '\n';
	}
}

static int
tell_capabilities(json_t **data, struct err *e)
{
	*data = json_pack("{s:s, s:b, s:s}", "__type",
	    "SmimeControlCapabilities:#Microsoft.Exchange.Clients.Smime",
	    "SupportsAsyncMethods", 1, "Version", CONTROL_VERSION);
	return *data != NULL ? 0 : err_set(e, -CS_ERR_NO_MEMORY, NULL);
}

/* Is it that type? Its namespace does not count. */
static bool
is_type(const char *type, const char *name)
{
	size_t len = strlen(name);

	return strncmp(type, name, len) == 0 &&
	       (type[len] == ':' || type[len] == '\0');
}

static int
dispatch(const json_t *params, json_t **data, struct err *e)
{
	const char *type = owa_get_text(params, "__type");

	if (type == NULL)
		return err_set(e, -CS_ERR_ARGUMENT, "the request is no JSON");
	if (is_type(type, "InitializeParams"))
		return tell_capabilities(data, e);
	if (is_type(type, "GetSigningCertificateParams"))
		return owa_get_certificate(data, e);
	if (is_type(type, "CreateMessageFromSmimeParams"))
		return owa_show(params, data, e);
	if (is_type(type, "CreateSmimeFromMessageParams"))
		return owa_make(params, data, e);
	return err_set(
	    e, -CS_ERR_UNSUPPORTED, "this host does not know such a request");
}

char *
owa_request_do(struct bytes request)
{
	json_t *params =
		   json_loadb((const char *)request.p, request.len, 0, NULL),
	       *data = NULL, *result;
	struct err e = ERR_INIT;
	char *text;
	int r = dispatch(params, &data, &e);

	if (r == 0) {
		result = json_pack("{s:o, s:i}", "Data", data, "ErrorCode", 0);
	} else {
		fprintf(stderr, OWA_PROGRAM ": %s\n", err_get_text(&e));
		result = json_pack("{s:n, s:i, s:s}", "Data", "ErrorCode",
		    err_exit_status(r), "ErrorMessage", err_get_text(&e));
	}
	text = result != NULL
		   ? json_dumps(result, JSON_COMPACT | JSON_ENSURE_ASCII)
		   : NULL;
	json_decref(result);
	json_decref(params);
	return text;
}
