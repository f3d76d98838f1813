/* The commands that judge messages: verify, decrypt, read and (to add
 * recipients) rewrap. */
#include <string.h>

#include "client/cli/cli.h"

static int
set_content(struct cli *cli, const char *argument)
{
	cli->content = argument;
	return 0;
}

static int
set_batch(struct cli *cli, const char *argument)
{
	(void)argument;
	cli_translate(false); /* it answers in JSON */
	cli->is_batch = true;
	cardseal_job_set(cli->job, CARDSEAL_BATCH, "1");
	return 0;
}

const struct cli_option cmd_verify_options[] = {
    {"content", 0, "FILE", N_("the content of a detached CMS signature"), -1,
	NULL, set_content},
    {"from", 0, "ADDR", N_("the address the signer must have"), CARDSEAL_FROM,
	NULL, NULL},
    {"batch", 0, NULL, N_("names of files on standard input, a JSON line each"),
	CARDSEAL_BATCH, "1", set_batch},
    {0},
};

const struct cli_option cmd_secret_options[] = {
    {"password-file", 0, "FILE", N_("open with the password in that file"),
	CARDSEAL_PASSWORD_FILE, NULL, NULL},
    {"kek-file", 0, "FILE", N_("open with the AES key in that file"),
	CARDSEAL_KEK_FILE, NULL, NULL},
    {"kek-id", 0, "HEX", N_("only where the key has that name"),
	CARDSEAL_KEK_ID, NULL, NULL},
    {0},
};

const struct cli_option cmd_decrypt_options[] = {
    {"key", 'k', "KEY", N_("open with that key only"), CARDSEAL_KEY, NULL,
	NULL},
    {"legacy", 0, NULL, N_("admit weak algorithms"), CARDSEAL_LEGACY, "1",
	NULL},
    {0},
};

const struct cli_option cmd_read_options[] = {
    {"require-signed", 0, NULL, N_("a mail that is not signed is bad"),
	CARDSEAL_REQUIRE_SIGNED, "1", NULL},
    {"unsafe", 0, NULL, N_("hold nothing back of what may have been changed"),
	CARDSEAL_UNSAFE, "1", NULL},
    {"part", 0, "PART", N_("write that part's content"), CARDSEAL_PART, NULL,
	NULL},
    {"from", 0, "ADDR", N_("the address the signer must have"), CARDSEAL_FROM,
	NULL, NULL},
    {0},
};

static int
print_verdict(const struct cli *cli, struct cardseal_verdict *verdict)
{
	if (cli->is_json)
		return cli_print_json(cardseal_verdict_get_json(verdict));
	if (!cli->is_quiet || cardseal_verdict_get_code(verdict) != 0)
		fputs(cardseal_verdict_get_text(verdict, cli->is_verbose),
		    stderr);
	return 0;
}

int
cli_end_verdict(
    const struct cli *cli, int code, struct cardseal_verdict *verdict)
{
	int status;

	if (verdict == NULL)
		return cli_fail(cli, code);
	cli_print_messages(cli);
	status = print_verdict(cli, verdict);
	cardseal_verdict_free(verdict);
	return status != 0 ? status : cardseal_exit_status(code);
}

int
cmd_verify(struct cli *cli)
{
	const char *path = cli_get_input(cli);
	struct cardseal_input *in, *content = NULL;
	struct cardseal_output *out = NULL;
	struct cardseal_verdict *verdict = NULL;
	int r = 0;

	if (cli->is_batch)
		return cmd_verify_batch(cli);
	if (cli->content != NULL && strcmp(path, "-") == 0 &&
	    strcmp(cli->content, "-") == 0) {
		cli_error("verify: signature and content cannot both come "
			  "from standard input");
		return CLI_EXIT_USAGE;
	}
	if (cli->is_json && cli->output != NULL &&
	    strcmp(cli->output, "-") == 0) {
		cli_error("verify: --json needs standard output for itself; "
			  "give -o a file");
		return CLI_EXIT_USAGE;
	}
	in = cardseal_input_open(cli->job, path);
	if (in != NULL && cli->content != NULL)
		content = cardseal_input_open(cli->job, cli->content);
	if (in == NULL || (cli->content != NULL && content == NULL))
		r = cardseal_job_get_code(cli->job);
	if (r == 0 && cli->output != NULL) {
		out = cardseal_output_open(cli->job, cli->output);
		if (out == NULL)
			r = cardseal_job_get_code(cli->job);
	}
	if (r == 0)
		r = cardseal_verify(cli->job, in, content, out, &verdict);
	cardseal_output_free(out);
	cardseal_input_free(content);
	cardseal_input_free(in);
	return r != 0 || verdict != NULL ? cli_end_verdict(cli, r, verdict) : 0;
}

int
cmd_decrypt(struct cli *cli)
{
	struct cardseal_input *in;
	struct cardseal_output *out = NULL;
	struct cardseal_verdict *verdict = NULL;
	int r;

	if (cli->is_json &&
	    (cli->output == NULL || strcmp(cli->output, "-") == 0)) {
		cli_error("decrypt: --json needs standard output for itself; "
			  "give the content a file with -o");
		return CLI_EXIT_USAGE;
	}
	in = cardseal_input_open(cli->job, cli_get_input(cli));
	if (in != NULL)
		out = cardseal_output_open(cli->job, cli->output);
	r = out != NULL ? cardseal_decrypt(cli->job, in, out, &verdict)
			: cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_input_free(in);
	return cli_end_verdict(cli, r, verdict);
}

/* With --json and no -o there is the verdict alone. */
int
cmd_read(struct cli *cli)
{
	bool only_judges = cli->is_json && cli->output == NULL;
	struct cardseal_input *in;
	struct cardseal_output *out = NULL;
	struct cardseal_verdict *verdict = NULL;
	int r = 0;

	if (cli->is_json && cli->output != NULL &&
	    strcmp(cli->output, "-") == 0) {
		cli_error("read: --json needs standard output for itself; "
			  "give -o a file");
		return CLI_EXIT_USAGE;
	}
	in = cardseal_input_open(cli->job, cli_get_input(cli));
	if (in != NULL && !only_judges)
		out = cardseal_output_open(cli->job, cli->output);
	if (in == NULL || (out == NULL && !only_judges))
		r = cardseal_job_get_code(cli->job);
	if (r == 0)
		r = cardseal_read(cli->job, in, out, &verdict);
	cardseal_output_free(out);
	cardseal_input_free(in);
	return cli_end_verdict(cli, r, verdict);
}

int
cmd_rewrap(struct cli *cli)
{
	struct cardseal_input *in;
	struct cardseal_output *out = NULL;
	struct cardseal_verdict *verdict = NULL;
	int r;

	in = cardseal_input_open(cli->job, cli_get_input(cli));
	if (in != NULL)
		out = cardseal_output_open(cli->job, cli->output);
	r = out != NULL ? cardseal_rewrap(cli->job, in, out, &verdict)
			: cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_input_free(in);
	return cli_end_verdict(cli, r, verdict);
}
