#include "asn1/say.h"
#include "client/api/job.h"

#include <stdlib.h>
#include <string.h>

/* No agent has more; what lies is not followed for ever. */
#define STATUS_LIST_MAX 4096

struct cardseal_status {
	struct strings texts;
	const char *version;
	const char *socket;
	uint32_t pid;
	int64_t started;
	unsigned clients;
	struct cardseal_token *tokens;
	size_t tokens_len;
	struct cardseal_module *modules;
	size_t modules_len;
};

/* A copy that the status owns; "" without memory. */
static const char *
status_keep(struct cardseal_status *s, struct bytes text)
{
	char *copy = bytes_dup_str(text);
	const char *kept = "";

	if (copy != NULL && strings_add(&s->texts, copy) == 0)
		kept = s->texts.items[s->texts.len - 1];
	free(copy);
	return kept;
}

static void
status_fill_token(struct cardseal_status *s, struct cardseal_token *to,
    const struct agt_token *token)
{
	unsigned flags = token->flags;

	*to = (struct cardseal_token){
	    .uri = status_keep(s, token->uri),
	    .label = status_keep(s, token->label),
	    .serial = status_keep(s, token->serial),
	    .manufacturer = status_keep(s, token->manufacturer),
	    .model = status_keep(s, token->model),
	    .module = status_keep(s, token->module),
	    .reader = status_keep(s, token->reader),
	    .needs_login = (flags & TOK_LOGIN_REQUIRED) != 0,
	    .is_unlocked = (flags & TOK_LOGGED_IN) != 0,
	    .has_pinpad = (flags & TOK_PROTECTED_PATH) != 0,
	    .is_pin_locked = (flags & TOK_PIN_LOCKED) != 0,
	    .is_final_try = (flags & TOK_PIN_FINAL_TRY) != 0,
	    .is_count_low = (flags & TOK_PIN_COUNT_LOW) != 0,
	    .tries_left = token->tries_left,
	    .has_own_unpadding = (flags & TOK_OWN_UNPADDING) != 0,
	};
}

static void
status_fill_module(struct cardseal_status *s, struct cardseal_module *to,
    const struct agt_module *module)
{
	static const char *const states[] = {
	    [AGT_MODULE_STARTING] = "starting",
	    [AGT_MODULE_READY] = "ready",
	    [AGT_MODULE_FAILED] = "failed",
	    [AGT_MODULE_RESTARTING] = "restarting",
	};

	*to = (struct cardseal_module){
	    .name = status_keep(s, module->name),
	    .path = status_keep(s, module->path),
	    .state = states[module->state],
	    .pid = module->pid,
	    .restarts = module->restarts,
	    .last_error = status_keep(s, module->last_error),
	};
}

static int
status_fill(struct cardseal_status *s, const struct agt_msg *answer)
{
	struct agt_module module;
	struct agt_token token;
	struct der d;
	int r;

	s->version = status_keep(s, answer->agent_version);
	s->pid = answer->pid;
	s->started = answer->started;
	s->clients = answer->clients;
	s->tokens = calloc(STATUS_LIST_MAX, sizeof(*s->tokens));
	s->modules = calloc(STATUS_LIST_MAX, sizeof(*s->modules));
	if (s->tokens == NULL || s->modules == NULL)
		return -CS_ERR_NO_MEMORY;
	s->tokens_len = s->modules_len = 0;
	der_init(&d, answer->tokens);
	while (s->tokens_len < STATUS_LIST_MAX && agt_token_next(&d, &token))
		status_fill_token(s, &s->tokens[s->tokens_len++], &token);
	r = der_end(&d);
	der_init(&d, answer->modules);
	while (s->modules_len < STATUS_LIST_MAX && agt_module_next(&d, &module))
		status_fill_module(s, &s->modules[s->modules_len++], &module);
	return r != 0 ? r : der_end(&d);
}

int
cardseal_status_get(struct cardseal_job *job, struct cardseal_status **result)
{
	struct agt_msg answer, request = {.type = AGT_STATUS};
	struct cardseal_status *s = calloc(1, sizeof(*s));
	int r;

	*result = NULL;
	job_start(job);
	if (s == NULL)
		return job_end(job, -CS_ERR_NO_MEMORY);
	r = job_connect(job);
	if (r == 0) {
		request.has_context = true;
		link_fill_context(job->link, &request.context,
		    job_get(job, CARDSEAL_PURPOSE));
		r = link_call(job->link, &request, &answer, &job->err);
	}
	if (r == 0)
		r = status_fill(s, &answer);
	if (r == 0)
		s->socket = status_keep(
		    s, bytes_of_str(link_get_socket_path(job->link)));
	if (r != 0) {
		cardseal_status_free(s);
		return job_end(job, r);
	}
	*result = s;
	return 0;
}

void
cardseal_status_free(struct cardseal_status *s)
{
	if (s == NULL)
		return;
	strings_clear(&s->texts);
	free(s->tokens);
	free(s->modules);
	free(s);
}

const char *
cardseal_status_get_version(const struct cardseal_status *s)
{
	return s->version;
}

uint32_t
cardseal_status_get_pid(const struct cardseal_status *s)
{
	return s->pid;
}

int64_t
cardseal_status_get_started(const struct cardseal_status *s)
{
	return s->started;
}

unsigned
cardseal_status_get_clients(const struct cardseal_status *s)
{
	return s->clients;
}

const char *
cardseal_status_get_socket(const struct cardseal_status *s)
{
	return s->socket;
}

size_t
cardseal_status_get_tokens_len(const struct cardseal_status *s)
{
	return s->tokens_len;
}

const struct cardseal_token *
cardseal_status_get_token(const struct cardseal_status *s, size_t i)
{
	return i < s->tokens_len ? &s->tokens[i] : NULL;
}

size_t
cardseal_status_get_modules_len(const struct cardseal_status *s)
{
	return s->modules_len;
}

const struct cardseal_module *
cardseal_status_get_module(const struct cardseal_status *s, size_t i)
{
	return i < s->modules_len ? &s->modules[i] : NULL;
}

/* Is the token what the person called it: URI, label or serial? */
static bool
token_is_named(const struct cardseal_token *token, const char *name)
{
	return strcmp(token->uri, name) == 0 ||
	       strcmp(token->label, name) == 0 ||
	       strcmp(token->serial, name) == 0;
}

/* How many tokens that the agent knows are called so (NULL: that there are);
 * *uri is one of theirs. */
static int
find_token(
    struct cardseal_job *job, const char *name, char **uri, size_t *matches)
{
	const struct cardseal_token *token;
	struct cardseal_status *s;
	size_t i;
	int r = cardseal_status_get(job, &s);

	*matches = 0;
	free(*uri);
	*uri = NULL;
	if (r != 0)
		return r;
	for (i = 0; i < s->tokens_len; i++) {
		token = &s->tokens[i];
		if (name != NULL && !token_is_named(token, name))
			continue;
		(*matches)++;
		free(*uri);
		*uri = strdup(token->uri);
	}
	cardseal_status_free(s);
	return *matches != 0 && *uri == NULL ? -CS_ERR_NO_MEMORY : 0;
}

/* Returns when the agent has looked at what is there: it may have been started
 * a moment ago, or the card have come. */
static int
await_tokens(struct cardseal_job *job)
{
	struct agt_msg request = {.has_context = true};
	struct link_list list = {0};
	int r = job_connect(job);

	if (r != 0)
		return r;
	link_fill_context(
	    job->link, &request.context, job_get(job, CARDSEAL_PURPOSE));
	r = link_list_ask(job->link, &request, &list, &job->err);
	link_list_clear(&list);
	return r;
}

static int
tell_no_token(struct cardseal_job *job, const char *name, size_t matches)
{
	char quoted[128];

	if (name == NULL)
		return err_set(&job->err, -CS_ERR_NO_TOKEN,
		    matches != 0
			? "there are several tokens; say which one, see "
			  "\"cardseal status\""
			: N_("there is no token; see \"cardseal status\""));
	err_quote(quoted, sizeof(quoted), name, strlen(name));
	if (matches > 1)
		return err_set(&job->err, -CS_ERR_NO_TOKEN,
		    "%zu tokens are called \"%s\"; name one by its URI from "
		    "\"cardseal status\"",
		    matches, quoted);
	return err_set(&job->err, -CS_ERR_NO_TOKEN,
	    "no token is called \"%s\"; see \"cardseal status\"", quoted);
}

static int
token_request(struct cardseal_job *job, enum agt_type type, unsigned operation,
    const char *token)
{
	struct agt_msg answer,
	    request = {
		.type = type, .operation = operation, .has_context = true};
	char *uri = NULL;
	int r = 0;

	job_start(job);
	if (token != NULL)
		r = job_resolve_token(job, token, &uri);
	if (r == 0)
		r = job_connect(job);
	if (r == 0) {
		request.token = bytes_of_str(uri);
		link_fill_context(job->link, &request.context,
		    job_get(job, CARDSEAL_PURPOSE));
		r = link_call(job->link, &request, &answer, &job->err);
	}
	free(uri);
	return job_end(job, r);
}

/* Two tokens of one name are told apart by URI only. */
int
job_resolve_token(struct cardseal_job *job, const char *name, char **uri)
{
	size_t matches;
	int r;

	*uri = NULL;
	r = find_token(job, name, uri, &matches);
	/* Where it is known by name nothing is waited for: it may be a card to
	 * be locked, while another one hangs. */
	if (r == 0 && (name == NULL || matches == 0)) {
		r = await_tokens(job);
		if (r == 0)
			r = find_token(job, name, uri, &matches);
	}
	if (r == 0 && matches != 1)
		r = tell_no_token(job, name, matches);
	if (r != 0) {
		free(*uri);
		*uri = NULL;
	}
	return r;
}

int
cardseal_unlock(struct cardseal_job *job, const char *token)
{
	return token_request(job, AGT_UNLOCK, 0, token);
}

int
cardseal_lock(struct cardseal_job *job, const char *token)
{
	return token_request(job, AGT_LOCK, 0, token);
}

int
cardseal_pin_change(struct cardseal_job *job, const char *token)
{
	return token_request(job, AGT_PIN, TOK_PIN_CHANGE, token);
}

int
cardseal_pin_unblock(struct cardseal_job *job, const char *token)
{
	return token_request(job, AGT_PIN, TOK_PIN_UNBLOCK, token);
}
