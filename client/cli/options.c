#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"

#define CLI_OPTIONS_MAX 64
#define CLI_LONG_BASE 1000 /* getopt's values for the rows, by number */

static int
set_quiet(struct cli *cli, const char *argument)
{
	(void)argument;
	cli->is_quiet = true;
	return 0;
}

static int
set_verbose(struct cli *cli, const char *argument)
{
	(void)argument;
	cli->is_verbose = true;
	return 0;
}

/* Nothing is ever coloured; the option is taken so that scripts may say it. */
static int
set_no_color(struct cli *cli, const char *argument)
{
	(void)cli;
	(void)argument;
	return 0;
}

static int
set_help(struct cli *cli, const char *argument)
{
	(void)argument;
	cli_print_help(cli->command, stdout);
	cli->is_done = true;
	return 0;
}

static int
set_version(struct cli *cli, const char *argument)
{
	(void)argument;
	printf("cardseal %s\n", cardseal_version());
	cli->is_done = true;
	return 0;
}

static int
set_output(struct cli *cli, const char *argument)
{
	cli->output = argument;
	return 0;
}

static int
set_json(struct cli *cli, const char *argument)
{
	(void)argument;
	cli_translate(false);
	cli->is_json = true;
	return 0;
}

const struct cli_option cli_common_options[] = {
    {"quiet", 'q', NULL, N_("say nothing on success"), -1, NULL, set_quiet},
    {"verbose", 'v', NULL, N_("say more"), -1, NULL, set_verbose},
    {"no-color", 0, NULL, N_("no colour"), -1, NULL, set_no_color},
    {"version", 0, NULL, N_("print the version"), -1, NULL, set_version},
    {"help", 0, NULL, N_("print this"), -1, NULL, set_help},
    {0},
};

const struct cli_option cli_trust_options[] = {
    {"anchor", 0, "FILE", N_("trust the certificates in FILE"), CARDSEAL_ANCHOR,
	NULL, NULL},
    {"intermediate", 0, "FILE", N_("certificates to build paths with"),
	CARDSEAL_INTERMEDIATE, NULL, NULL},
    {"crl", 0, "FILE", N_("revocation lists"), CARDSEAL_CRL, NULL, NULL},
    {"ocsp", 0, "FILE", N_("an answer of OCSP"), CARDSEAL_OCSP, NULL, NULL},
    {"revocation", 0, "off|soft|hard", N_("how to treat revocation"),
	CARDSEAL_REVOCATION, NULL, NULL},
    {"fetch", 0, "off|public|all", N_("get what is missing from the network"),
	CARDSEAL_FETCH, NULL, NULL},
    {"time", 0, "T", N_("judge as of then (RFC 3339)"), CARDSEAL_TIME, NULL,
	NULL},
    {"legacy", 0, NULL, N_("admit weak algorithms"), CARDSEAL_LEGACY, "1",
	NULL},
    {0},
};

const struct cli_option cli_lookup_options[] = {
    {"lookup", 0, "no|yes", "ask directories and the DNS for certificates",
	CARDSEAL_LOOKUP, NULL, NULL},
    {0},
};

const struct cli_option cli_output_options[] = {
    {"output", 'o', "OUT", N_("write there"), -1, NULL, set_output},
    {0},
};

const struct cli_option cli_json_options[] = {
    {"json", 0, NULL, N_("JSON on standard output"), -1, NULL, set_json},
    {0},
};

/* All rows of a command in one array; returns how many. */
static size_t
collect_options(const struct cli_command *command,
    const struct cli_option *rows[static CLI_OPTIONS_MAX])
{
	const struct cli_option *const *group, *row;
	size_t len = 0;

	for (group = command->options; *group != NULL; group++)
		for (row = *group; row->name != NULL; row++)
			if (len < CLI_OPTIONS_MAX - 1)
				rows[len++] = row;
	return len;
}

void
cli_print_help(const struct cli_command *command, FILE *to)
{
	const struct cli_option *rows[CLI_OPTIONS_MAX];
	size_t i, len = collect_options(command, rows);
	char left[80];

	fprintf(to, cli_say("usage: cardseal %s [OPTIONS]%s%s\n\n"),
	    command->name, command->operands[0] != '\0' ? " " : "",
	    command->operands);
	for (i = 0; i < len; i++) {
		snprintf(left, sizeof(left), "%c%c%s--%s%s%s",
		    rows[i]->letter ? '-' : ' ',
		    rows[i]->letter ? rows[i]->letter : ' ',
		    rows[i]->letter ? ", " : "  ", rows[i]->name,
		    rows[i]->argument != NULL ? " " : "",
		    rows[i]->argument != NULL ? rows[i]->argument : "");
		fprintf(to, "  %-34s %s\n", left, cli_say(rows[i]->help));
	}
}

static int
apply_option(
    struct cli *cli, const struct cli_option *row, const char *argument)
{
	int r;

	if (row->set != NULL)
		return row->set(cli, argument);
	r = cardseal_job_set(cli->job, (enum cardseal_option)row->job_option,
	    row->value != NULL ? row->value : argument);
	if (r == 0)
		return 0;
	cli_error("%s: --%s: %s", cli->command->name, row->name,
	    cardseal_job_get_error(cli->job));
	return cardseal_exit_status(r);
}

/* Writes getopt's tables from the rows. */
static void
fill_getopt(const struct cli_option *const *rows, size_t len,
    struct option *longs, char *shorts)
{
	size_t i;

	*shorts++ = ':';
	for (i = 0; i < len; i++) {
		longs[i] = (struct option){
		    .name = rows[i]->name,
		    .has_arg = rows[i]->argument != NULL ? required_argument
							 : no_argument,
		    .val = CLI_LONG_BASE + (int)i,
		};
		if (rows[i]->letter == 0)
			continue;
		*shorts++ = rows[i]->letter;
		if (rows[i]->argument != NULL)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[len] = (struct option){0};
}

static const struct cli_option *
find_row(const struct cli_option *const *rows, size_t len, int value)
{
	size_t i;

	if (value >= CLI_LONG_BASE)
		return rows[value - CLI_LONG_BASE];
	for (i = 0; i < len; i++)
		if (rows[i]->letter == value)
			return rows[i];
	return NULL;
}

static int
usage_error(const struct cli *cli, int value, char *const *argv)
{
	char quoted[CLI_QUOTED_SIZE];
	const char *what =
	    cli_quote(quoted, optind > 0 ? argv[optind - 1] : "");

	if (value == ':')
		cli_error("%s: %s wants an argument; see \"cardseal %s "
			  "--help\"",
		    cli->command->name, what, cli->command->name);
	else
		cli_error("%s: there is no option %s; see \"cardseal %s "
			  "--help\"",
		    cli->command->name, what, cli->command->name);
	return CLI_EXIT_USAGE;
}

int
cli_parse(struct cli *cli, int argc, char **argv)
{
	const struct cli_option *rows[CLI_OPTIONS_MAX], *row;
	struct option longs[CLI_OPTIONS_MAX];
	char shorts[2 * CLI_OPTIONS_MAX + 2];
	size_t len = collect_options(cli->command, rows);
	char quoted[CLI_QUOTED_SIZE];
	int value, status;

	fill_getopt(rows, len, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		row = value == '?' || value == ':' ? NULL
						   : find_row(rows, len, value);
		if (row == NULL)
			return usage_error(cli, value, argv);
		status = apply_option(cli, row, optarg);
		if (status != 0 || cli->is_done)
			return status;
	}
	cli->operands = argv + optind;
	cli->operands_len = argc - optind;
	if (cli->operands_len <= cli->command->operands_max)
		return 0;
	cli_error("%s: too many operands: \"%s\"; see \"cardseal %s --help\"",
	    cli->command->name,
	    cli_quote(quoted, cli->operands[cli->command->operands_max]),
	    cli->command->name);
	return CLI_EXIT_USAGE;
}
