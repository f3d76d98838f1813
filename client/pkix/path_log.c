/* The record of a validation, for people who want to know why. */
#include <stdlib.h>
#include <string.h>

#include "client/pkix/path_int.h"

#define LOG_MAX 1000

void
path_log_add(struct path_ctx *ctx, size_t at, const char *what,
    const char *section, int code, const char *text)
{
	struct path_log *log = ctx->log;
	size_t cap = log != NULL && log->cap != 0 ? log->cap * 2 : 32;
	struct path_step *steps;

	if (log == NULL || log->len >= LOG_MAX)
		return;
	if (log->len == log->cap) {
		steps = realloc(log->steps, cap * sizeof(*steps));
		if (steps == NULL)
			return;
		log->steps = steps;
		log->cap = cap;
	}
	log->steps[log->len] = (struct path_step){
	    .at = at, .what = what, .section = section, .code = code};
	log->steps[log->len].text = strdup(text);
	if (log->steps[log->len].text != NULL)
		log->len++;
}

int
path_log_step(struct path_ctx *ctx, size_t at, const char *what,
    const char *section, int code)
{
	path_log_add(
	    ctx, at, what, section, code, code != 0 ? ctx->fault.text : "");
	return code;
}

static void
add_policy(void *ctx, struct bytes oid)
{
	struct buf *b = ctx;
	char text[OID_TEXT_MAX];

	buf_add_str(b, oid_format(text, sizeof(text), oid));
	buf_add_byte(b, 0);
}

void
path_log_policies(struct path_log *log, struct policy_graph *g,
    const struct path_params *params)
{
	buf_reset(&log->policies);
	policy_graph_walk_valid(g, params->policies, params->policies_len,
	    add_policy, &log->policies);
	/* A lack of memory leaves a shorter record. */
	if (log->policies.err != 0)
		buf_clear(&log->policies);
}

static void
log_free(struct path_log *log)
{
	size_t i;

	if (log == NULL)
		return;
	for (i = 0; i < log->len; i++)
		free(log->steps[i].text);
	free(log->steps);
	buf_clear(&log->policies);
	free(log);
}

void
path_result_clear(struct path_result *result)
{
	cert_set_free(result->path);
	log_free(result->log);
	*result = (struct path_result){.code = 0};
}

int
path_get_leaf_key(const struct path_result *result, struct spki *key)
{
	size_t i = cert_set_get_len(result->path);
	struct spki working = {.alg = ALG_NONE};

	*key = working;
	if (result->code != 0 || i == 0)
		return -CS_ERR_ALGORITHM;
	while (i-- > 0) {
		if (spki_inherit(cert_get_spki(cert_set_get(result->path, i)),
			&working, key) != 0)
			*key = *cert_get_spki(cert_set_get(result->path, i));
		working = *key;
	}
	return working.alg == ALG_DSA && working.bits == 0 ? -CS_ERR_ALGORITHM
							   : 0;
}
