/* receipt: makes the signed receipt that a mail asks for (RFC 2634), or
 * matches one with the mail that asked. */
#include <string.h>

#include "client/cli/cli.h"

static int
set_match(struct cli *cli, const char *argument)
{
	cli->match = argument;
	return 0;
}

const struct cli_option cmd_receipt_options[] = {
    {"key", 'k', "KEY", N_("sign the receipt with that key"), CARDSEAL_KEY,
	NULL, NULL},
    {"encrypt", 0, "auto|always|never",
	N_("encrypt the receipt if the message was (auto), or as asked"),
	CARDSEAL_RECEIPT_ENCRYPT, NULL, NULL},
    {"recipient-file", 'R', "CERTFILE",
	N_("encrypt it to the certificates in that file; repeatable"),
	CARDSEAL_RECIPIENT_FILE, NULL, NULL},
    {"match", 0, "SENT", N_("is IN a receipt for the mail in SENT"), -1, NULL,
	set_match},
    {0},
};

static int
match(struct cli *cli, struct cardseal_input *in)
{
	struct cardseal_verdict *verdict = NULL;
	struct cardseal_input *sent = cardseal_input_open(cli->job, cli->match);
	int r = sent != NULL
		    ? cardseal_receipt_match(cli->job, sent, in, &verdict)
		    : cardseal_job_get_code(cli->job);

	cardseal_input_free(sent);
	return cli_end_verdict(cli, r, verdict);
}

static int
make(struct cli *cli, struct cardseal_input *in)
{
	struct cardseal_verdict *verdict = NULL;
	struct cardseal_output *out =
	    cardseal_output_open(cli->job, cli->output);
	int r = out != NULL ? cardseal_receipt(cli->job, in, out, &verdict)
			    : cardseal_job_get_code(cli->job);

	cardseal_output_free(out);
	/* What stopped it may be something else than the message. */
	if (r != 0 && verdict != NULL &&
	    cardseal_verdict_get_code(verdict) == 0) {
		cardseal_verdict_free(verdict);
		return cli_fail(cli, r);
	}
	return cli_end_verdict(cli, r, verdict);
}

static int
refuse(const char *why)
{
	cli_error("receipt: %s", cli_say(why));
	return CLI_EXIT_USAGE;
}

int
cmd_receipt(struct cli *cli)
{
	const char *path = cli_get_input(cli);
	bool is_stdout = cli->output == NULL || strcmp(cli->output, "-") == 0;
	struct cardseal_input *in;
	int status;

	if (cli->match != NULL && cli->output != NULL)
		return refuse(N_("--match makes nothing that -o could take"));
	if (cli->match != NULL && strcmp(cli->match, "-") == 0 &&
	    strcmp(path, "-") == 0)
		return refuse(
		    N_("what was sent and its receipt cannot both come "
		       "from standard input"));
	if (cli->match == NULL && cli->is_json && is_stdout)
		return refuse(
		    N_("--json needs standard output for itself; give "
		       "the receipt a file with -o"));
	in = cardseal_input_open(cli->job, path);
	if (in == NULL)
		return cli_fail(cli, cardseal_job_get_code(cli->job));
	status = cli->match != NULL ? match(cli, in) : make(cli, in);
	cardseal_input_free(in);
	return status;
}
