/* The commands that put more signatures on a message: countersign, add-signer.
 */
#include <string.h>

#include "client/cli/cli.h"

static int
set_content(struct cli *cli, const char *argument)
{
	cli->content = argument;
	return 0;
}

const struct cli_option cmd_edit_options[] = {
    {"key", 'k', "KEY", N_("sign with that key; repeatable"), CARDSEAL_KEY,
	NULL, NULL},
    {"content", 0, "FILE", N_("the content of a detached CMS signature"), -1,
	NULL, set_content},
    {"pss", 0, NULL, N_("RSA-PSS instead of PKCS#1 v1.5"), CARDSEAL_PSS, "1",
	NULL},
    {"armor", 0, NULL, N_("PEM, if the message is no mail"), CARDSEAL_ARMOR,
	"1", NULL},
    {"intermediate", 0, "FILE", N_("certificates to send along"),
	CARDSEAL_INTERMEDIATE, NULL, NULL},
    {"timestamp-url", 0, "URL", N_("have the signature time-stamped there"),
	CARDSEAL_TIMESTAMP_URL, NULL, NULL},
    {0},
};

static int
cmd_edit(struct cli *cli,
    int (*edit)(struct cardseal_job *job, struct cardseal_input *in,
	struct cardseal_input *content, struct cardseal_output *out))
{
	const char *path = cli_get_input(cli);
	struct cardseal_input *in, *content = NULL;
	struct cardseal_output *out = NULL;
	int r = 0;

	if (cli->content != NULL && strcmp(path, "-") == 0 &&
	    strcmp(cli->content, "-") == 0) {
		cli_error("%s: signature and content cannot both come from "
			  "standard input",
		    cli->command->name);
		return CLI_EXIT_USAGE;
	}
	in = cardseal_input_open(cli->job, path);
	if (in != NULL && cli->content != NULL)
		content = cardseal_input_open(cli->job, cli->content);
	if (in == NULL || (cli->content != NULL && content == NULL))
		r = cardseal_job_get_code(cli->job);
	if (r == 0) {
		out = cardseal_output_open(cli->job, cli->output);
		r = out != NULL ? edit(cli->job, in, content, out)
				: cardseal_job_get_code(cli->job);
	}
	cardseal_output_free(out);
	cardseal_input_free(content);
	cardseal_input_free(in);
	return cli_end(cli, r);
}

int
cmd_countersign(struct cli *cli)
{
	return cmd_edit(cli, cardseal_countersign);
}

int
cmd_add_signer(struct cli *cli)
{
	return cmd_edit(cli, cardseal_add_signer);
}
