/* The commands about the agent: keys, status, unlock, lock, agent. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/cli.h"

static json_t *
key_to_json(const struct cardseal_key *key)
{
	char from[CLI_DATE_SIZE], to[CLI_DATE_SIZE];
	json_t *json = json_pack("{s:s s:s s:s s:s s:s s:s s:s s:b s:b s:b "
				 "s:b}",
	    "keyId", key->key_id, "uri", key->uri, "tokenUri", key->token_uri,
	    "tokenLabel", key->token_label, "label", key->label, "role",
	    key->role, "type", key->type, "canSign", key->can_sign,
	    "canDecrypt", key->can_decrypt, "alwaysAuthenticate",
	    key->always_authenticate, "present", key->is_present);
	json_t *cert;

	if (json == NULL || key->certificate_sha256[0] == '\0')
		return json;
	cert = json_pack("{s:s s:s s:s s:s s:s s:s s:s s:s s:s s:s}", "sha256",
	    key->certificate_sha256, "sha1", key->certificate_sha1, "subject",
	    key->subject, "issuer", key->issuer, "serial", key->serial,
	    "addresses", key->addresses, "notBefore",
	    cli_format_time(from, key->not_before), "notAfter",
	    cli_format_time(to, key->not_after), "signRefused",
	    key->sign_refused, "encryptRefused", key->encrypt_refused);
	json_object_set_new(json, "certificate", cert);
	return json;
}

static int
print_keys_json(const struct cardseal_keys *keys)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < cardseal_keys_get_len(keys); i++)
		json_array_append_new(
		    list, key_to_json(cardseal_keys_get_key(keys, i)));
	return cli_print_json_value(
	    json_pack("{s:i s:o}", "version", 1, "keys", list));
}

static void
print_key(const struct cardseal_key *key)
{
	char from[CLI_DATE_SIZE], to[CLI_DATE_SIZE];

	printf("%s\n", key->certificate_sha256[0] != '\0'
			   ? key->certificate_sha256
			   : key->key_id);
	printf(cli_say("  key          %s%s%s%s%s on \"%s\"\n"), key->type,
	    key->label[0] != '\0' ? " \"" : "", key->label,
	    key->label[0] != '\0' ? "\"" : "",
	    key->always_authenticate ? cli_say(", PIN each time") : "",
	    key->token_label);
	if (key->role[0] != '\0')
		printf(cli_say("  role         %s\n"), key->role);
	printf("  URI          %s\n", key->uri);
	if (key->certificate_sha256[0] == '\0') {
		printf("%s", cli_say("  certificate  none\n"));
		return;
	}
	printf(cli_say("  name         %s\n"), key->subject);
	if (key->addresses[0] != '\0')
		printf(cli_say("  addresses    %s\n"), key->addresses);
	printf(cli_say("  issuer       %s\n"), key->issuer);
	printf(cli_say("  valid        %s to %s\n"),
	    cli_format_date(from, key->not_before),
	    cli_format_date(to, key->not_after));
	printf(cli_say("  signs mail   %s%s\n"),
	    key->sign_refused[0] == '\0' ? cli_say("yes") : cli_say("no: "),
	    key->sign_refused);
	printf(cli_say("  decrypts     %s%s\n"),
	    key->encrypt_refused[0] == '\0' ? cli_say("yes") : cli_say("no: "),
	    key->encrypt_refused);
}

int
cmd_keys(struct cli *cli)
{
	struct cardseal_keys *keys;
	size_t i;
	int status = 0, r = cardseal_keys_get(cli->job, &keys);

	if (r != 0)
		return cli_fail(cli, r);
	cli_print_messages(cli);
	if (cli->is_json)
		status = print_keys_json(keys);
	else
		for (i = 0; i < cardseal_keys_get_len(keys); i++)
			print_key(cardseal_keys_get_key(keys, i));
	if (cardseal_keys_get_len(keys) == 0 && !cli->is_json && !cli->is_quiet)
		cli_error("the agent has no keys; put a card in, then see "
			  "\"cardseal status\"");
	cardseal_keys_free(keys);
	return status;
}

static json_t *
token_to_json(const struct cardseal_token *token)
{
	json_t *json = json_pack("{s:s s:s s:s s:s s:s s:s s:s s:b s:b s:b s:b "
				 "s:b s:b s:b}",
	    "uri", token->uri, "label", token->label, "serial", token->serial,
	    "manufacturer", token->manufacturer, "model", token->model,
	    "module", token->module, "reader", token->reader, "needsLogin",
	    token->needs_login, "unlocked", token->is_unlocked, "pinpad",
	    token->has_pinpad, "pinLocked", token->is_pin_locked, "finalTry",
	    token->is_final_try, "countLow", token->is_count_low,
	    "ownUnpadding", token->has_own_unpadding);

	if (json != NULL && token->tries_left >= 0)
		json_object_set_new(
		    json, "triesLeft", json_integer(token->tries_left));
	return json;
}

static json_t *
module_to_json(const struct cardseal_module *module)
{
	return json_pack("{s:s s:s s:s s:I s:I s:s}", "name", module->name,
	    "path", module->path, "state", module->state, "pid",
	    (json_int_t)module->pid, "restarts", (json_int_t)module->restarts,
	    "lastError", module->last_error);
}

static int
print_status_json(const struct cardseal_status *s)
{
	json_t *tokens = json_array(), *modules = json_array();
	char started[CLI_DATE_SIZE];
	size_t i;

	for (i = 0; i < cardseal_status_get_tokens_len(s); i++)
		json_array_append_new(
		    tokens, token_to_json(cardseal_status_get_token(s, i)));
	for (i = 0; i < cardseal_status_get_modules_len(s); i++)
		json_array_append_new(
		    modules, module_to_json(cardseal_status_get_module(s, i)));
	return cli_print_json_value(
	    json_pack("{s:i s:s s:s s:I s:s s:i s:o s:o}", "version", 1,
		"agentVersion", cardseal_status_get_version(s), "socket",
		cardseal_status_get_socket(s), "pid",
		(json_int_t)cardseal_status_get_pid(s), "started",
		cli_format_time(started, cardseal_status_get_started(s)),
		"clients", (int)cardseal_status_get_clients(s), "modules",
		modules, "tokens", tokens));
}

static const char *
describe_pin(const struct cardseal_token *token)
{
	if (token->is_pin_locked)
		return N_("PIN locked");
	if (!token->needs_login)
		return N_("needs no PIN");
	if (token->is_unlocked)
		return N_("unlocked");
	if (token->is_final_try)
		return N_("locked, LAST PIN TRY");
	return token->is_count_low ? N_("locked, few PIN tries left")
				   : N_("locked");
}

static void
print_status(const struct cardseal_status *s)
{
	const struct cardseal_module *module;
	const struct cardseal_token *token;
	char started[CLI_DATE_SIZE];
	size_t i;

	printf(cli_say("agent   %s, pid %u, since %s\nsocket  %s\n"),
	    cardseal_status_get_version(s), cardseal_status_get_pid(s),
	    cli_format_time(started, cardseal_status_get_started(s)),
	    cardseal_status_get_socket(s));
	for (i = 0; i < cardseal_status_get_modules_len(s); i++) {
		module = cardseal_status_get_module(s, i);
		printf(cli_say("module  %s (%s): %s"), module->name,
		    module->path, module->state);
		if (module->restarts != 0)
			printf(cli_say(", started again %u times"),
			    module->restarts);
		printf("%s%s\n", module->last_error[0] != '\0' ? "; " : "",
		    module->last_error);
	}
	for (i = 0; i < cardseal_status_get_tokens_len(s); i++) {
		token = cardseal_status_get_token(s, i);
		printf(cli_say("token   \"%s\" (%s, serial %s): %s"),
		    token->label, token->model, token->serial,
		    cli_say(describe_pin(token)));
		if (token->tries_left >= 0)
			printf(cli_say(", %d tries left"), token->tries_left);
		if (token->has_own_unpadding)
			printf(
			    "%s", cli_say(", takes RSA padding off by itself"));
		printf("\n        %s\n", token->uri);
	}
}

static void
warn_key(const struct cardseal_key *key, int64_t now)
{
	char date[CLI_DATE_SIZE];

	if (key->certificate_sha256[0] == '\0' ||
	    key->not_after - now > CLI_EXPIRY_DAYS * CLI_DAY_SECONDS)
		return;
	cli_error("status: the certificate %s of key \"%s\" on token \"%s\" "
		  "%s on %s",
	    key->certificate_sha256, key->label, key->token_label,
	    key->not_after < now ? cli_say("expired") : cli_say("expires"),
	    cli_format_date(date, key->not_after));
}

/* After the status, since a token that hangs would hold it up. */
static void
warn_expiry(struct cli *cli)
{
	int64_t now = (int64_t)time(NULL);
	struct cardseal_keys *keys;
	size_t i;

	if (cli->is_quiet || cardseal_keys_get(cli->job, &keys) != 0)
		return;
	for (i = 0; i < cardseal_keys_get_len(keys); i++)
		warn_key(cardseal_keys_get_key(keys, i), now);
	cardseal_keys_free(keys);
}

int
cmd_status(struct cli *cli)
{
	struct cardseal_status *s;
	int status = 0, r = cardseal_status_get(cli->job, &s);

	if (r != 0)
		return cli_fail(cli, r);
	if (cli->is_json)
		status = print_status_json(s);
	else
		print_status(s);
	cardseal_status_free(s);
	fflush(stdout);
	warn_expiry(cli);
	return status;
}

static const char *
get_token(const struct cli *cli)
{
	return cli->operands_len > 0 ? cli->operands[0] : NULL;
}

int
cmd_unlock(struct cli *cli)
{
	int r;

	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "unlock the token");
	r = cardseal_unlock(cli->job, get_token(cli));
	return r != 0 ? cli_fail(cli, r) : 0;
}

int
cmd_lock(struct cli *cli)
{
	int r = cardseal_lock(cli->job, get_token(cli));

	return r != 0 ? cli_fail(cli, r) : 0;
}

int
cmd_agent(struct cli *cli)
{
	const char *dir = getenv("CARDSEAL_LIBEXECDIR");
	char path[1024];

	if (dir == NULL)
		dir = CS_PKGLIBEXECDIR;
	if (snprintf(path, sizeof(path), "%s/cardseal-agent", dir) >=
	    (int)sizeof(path)) {
		cli_error("agent: the path %s is too long", dir);
		return CLI_EXIT_USAGE;
	}
	execv(path, cli->argv);
	cli_error("agent: %s: %s", path, strerror(errno));
	return CLI_EXIT_INTERNAL;
}
