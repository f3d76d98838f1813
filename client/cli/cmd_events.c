/* events: what the agent tells unasked; and pin. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/cli/cli.h"

static int
print_event_json(const struct cardseal_event *event, const char *time)
{
	json_t *json = json_pack("{s:s s:s}", "time", time, "event",
	    event->kind[0] != '\0' ? event->kind : "unknown");
	char *text;

	if (json != NULL && event->token_uri[0] != '\0')
		json_object_set_new(
		    json, "token", json_string(event->token_uri));
	if (json != NULL && event->key_id[0] != '\0')
		json_object_set_new(json, "keyId", json_string(event->key_id));
	if (json != NULL && event->text[0] != '\0')
		json_object_set_new(json, "text", json_string(event->text));
	text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	json_decref(json);
	if (text == NULL)
		return -1;
	printf("%s\n", text);
	free(text);
	return 0;
}

static const char *
describe_event(const char *kind)
{
	static const char *const words[][2] = {
	    {"tokenInserted", N_("a token came")},
	    {"tokenRemoved", N_("a token went")},
	    {"unlocked", N_("unlocked")},
	    {"locked", N_("locked")},
	    {"keyUsed", N_("a key was used")},
	    {"workerRestarted",
		N_("a token process ended and is started again")},
	    {"touchWanted", N_("TOUCH your token, or type at the reader")},
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(kind, words[i][0]) == 0)
			return cli_say(words[i][1]);
	return cli_say("something that this version does not know");
}

/* Whoever reads this gets each line as it happens. */
static int
print_event(void *ctx, const struct cardseal_event *event)
{
	const struct cli *cli = ctx;
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
	if (cli->is_json) {
		if (print_event_json(event, text) != 0)
			return 1;
	} else {
		printf("%s %s%s%s%s%s%s%s\n", text, describe_event(event->kind),
		    event->token_uri[0] != '\0' ? ": " : "", event->token_uri,
		    event->key_id[0] != '\0' ? cli_say(" key ") : "",
		    event->key_id, event->text[0] != '\0' ? ": " : "",
		    event->text);
	}
	/* A reader that is gone is the usual end. */
	return fflush(stdout) == 0 ? 0 : 1;
}

int
cmd_events(struct cli *cli)
{
	int r = cardseal_events(cli->job, print_event, cli);

	return r != 0 ? cli_fail(cli, r) : 0;
}

int
cmd_pin(struct cli *cli)
{
	const char *what = cli->operands_len > 0 ? cli->operands[0] : "";
	const char *token = cli->operands_len > 1 ? cli->operands[1] : NULL;
	int r;

	if (strcmp(what, "change") == 0) {
		cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "change the PIN");
		r = cardseal_pin_change(cli->job, token);
	} else if (strcmp(what, "unblock") == 0) {
		cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "unblock the PIN");
		r = cardseal_pin_unblock(cli->job, token);
	} else {
		cli_error("pin: say \"pin change [TOKEN]\" or \"pin unblock "
			  "[TOKEN]\"");
		return CLI_EXIT_USAGE;
	}
	return r != 0 ? cli_fail(cli, r) : 0;
}
