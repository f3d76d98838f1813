/* log: the agent's audit log. */
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "client/cli/cli.h"

static int
set_verify(struct cli *cli, const char *argument)
{
	(void)argument;
	cli->is_verify = true;
	return 0;
}

const struct cli_option cmd_log_options[] = {
    {"verify", 0, NULL, N_("only prove that the chain is whole"), -1, NULL,
	set_verify},
    {0},
};

static const char *
get_text(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text != NULL ? text : "";
}

static void
print_number(const json_t *record, const char *before, const char *name)
{
	const json_t *value = json_object_get(record, name);

	if (json_is_integer(value))
		printf("%s%" JSON_INTEGER_FORMAT, before,
		    json_integer_value(value));
}

/* " WORD TEXT", quoted where it is a program's claim. */
static void
print_text(
    const json_t *record, const char *word, const char *name, const char *quote)
{
	const char *text = get_text(record, name);

	if (text[0] != '\0')
		printf("%s%s%s%s", word, quote, text, quote);
}

/* Control characters are escaped in the log, and unescaped by jansson. */
static void
clean(json_t *record)
{
	const char *name;
	json_t *value;
	char *p;

	json_object_foreach(record, name,
	    value) if (json_is_string(value)) for (p = (char *)(uintptr_t)
						       json_string_value(value);
						   *p != '\0';
						   p++) if ((unsigned char)*p <
								0x20 ||
							    *p == 0x7f) *p =
	    '?';
}

static void
print_record(json_t *record)
{
	clean(record);
	print_number(record, "", "seq");
	print_text(record, " ", "time", "");
	print_text(record, " ", "event", "");
	print_text(record, " ", "operation", "");
	print_text(record, " ", "outcome", "");
	print_number(record, " ", "count");
	print_text(record, " key ", "key", "");
	print_text(record, " role ", "role", "");
	print_text(record, " token ", "token", "");
	print_text(record, " digest ", "digest", "");
	print_text(record, " input-sha256 ", "inputSha256", "");
	print_text(record, " by ", "program", "");
	print_number(record, " pid ", "pid");
	print_number(record, " uid ", "uid");
	print_text(record, " calling itself ", "claim", "\"");
	print_text(record, " for ", "onBehalfOf", "\"");
	print_text(record, " to ", "purpose", "\"");
	printf("\n");
}

static int
print_line(void *ctx, const char *line)
{
	const struct cli *cli = ctx;
	json_t *record = NULL;

	if (!cli->is_json)
		record = json_loads(line, 0, NULL);
	if (record != NULL)
		print_record(record);
	else
		printf("%s\n", line);
	json_decref(record);
	return 0;
}

static int
print_report(struct cli *cli, const struct cardseal_log_report *report, int r)
{
	if (cli->is_json)
		return cli_print_json_value(json_pack(
		    "{s:i s:b s:I s:I s:I s:I s:s s:s}", "version", 1, "whole",
		    r == 0, "records", (json_int_t)report->records, "first",
		    (json_int_t)report->first, "last", (json_int_t)report->last,
		    "lost", (json_int_t)report->lost, "hash", report->hash,
		    "fault", r == 0 ? "" : cardseal_job_get_error(cli->job)));
	if (r == 0 && !cli->is_quiet)
		printf(
		    cli_say("the chain is whole: %llu records, %llu to %llu\n"
			    "hash of the last %s\n"),
		    (unsigned long long)report->records,
		    (unsigned long long)report->first,
		    (unsigned long long)report->last, report->hash);
	if (report->lost != 0)
		cli_error("log: %llu records could not be written when they "
			  "were made",
		    (unsigned long long)report->lost);
	return 0;
}

int
cmd_log(struct cli *cli)
{
	struct cardseal_log_report report;
	int status = 0;
	int r = cardseal_log_read(
	    cli->job, cli->is_verify ? NULL : print_line, cli, &report);

	if (cli->is_verify)
		status = print_report(cli, &report, r);
	return r != 0 ? cli_fail(cli, r) : status;
}
