/* The commands that change what is on a token, and certs request. */
#include <string.h>

#include "client/cli/cli.h"

static int
set_token(struct cli *cli, const char *argument)
{
	cli->token = argument;
	return 0;
}

static int
set_key_type(struct cli *cli, const char *argument)
{
	cli->key_type = argument;
	return 0;
}

static int
set_label(struct cli *cli, const char *argument)
{
	cli->label = argument;
	return 0;
}

const struct cli_option cmd_keys_generate_options[] = {
    {"token", 0, "TOKEN", N_("on that one: URI, label or serial"), -1, NULL,
	set_token},
    {"key", 0, "TYPE",
	N_("rsa2048, rsa3072, rsa4096, p256, p384, p521, ed25519"), -1, NULL,
	set_key_type},
    {"label", 0, "TEXT", N_("what the token calls it"), -1, NULL, set_label},
    {0},
};

const struct cli_option cmd_certs_request_options[] = {
    {"key", 'k', "KEY", N_("for that key"), CARDSEAL_KEY, NULL, NULL},
    {"subject", 0, "DN", N_("the name, such as CN=Alice,O=Example"),
	CARDSEAL_SUBJECT, NULL, NULL},
    {"email", 0, "ADDR", N_("a mail address; repeatable"), CARDSEAL_EMAIL, NULL,
	NULL},
    {"usage", 0, "WHAT", N_("what it shall be for: sign, encrypt, both"),
	CARDSEAL_USAGE, NULL, NULL},
    {"der", 0, NULL, N_("DER instead of PEM"), CARDSEAL_DER, "1", NULL},
    {"pss", 0, NULL, N_("RSA-PSS instead of PKCS#1 v1.5"), CARDSEAL_PSS, "1",
	NULL},
    {0},
};

const struct cli_option cmd_certs_install_options[] = {
    {"key", 'k', "KEY", N_("for that key only"), CARDSEAL_KEY, NULL, NULL},
    {"token", 0, "TOKEN", N_("on that one: URI, label or serial"), -1, NULL,
	set_token},
    {0},
};

int
cmd_keys_generate(struct cli *cli)
{
	char key_id[CARDSEAL_KEY_ID_SIZE];
	int code;

	if (cli->key_type == NULL) {
		cli_error("%s: which type of key? Give --key p256, for "
			  "instance",
		    cli->command->name);
		return CLI_EXIT_USAGE;
	}
	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "make a key");
	code = cardseal_key_generate(
	    cli->job, cli->token, cli->key_type, cli->label, key_id);
	if (code != 0)
		return cli_fail(cli, code);
	printf("%s\n", key_id);
	return 0;
}

int
cmd_certs_request(struct cli *cli)
{
	struct cardseal_output *out =
	    cardseal_output_open(cli->job, cli->output);
	int code;

	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "request a certificate");
	code = out != NULL ? cardseal_certificate_request(cli->job, out)
			   : cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	return cli_end(cli, code);
}

int
cmd_certs_install(struct cli *cli)
{
	size_t installed;
	int code;

	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "install a certificate");
	code = cardseal_certificate_install(
	    cli->job, cli_get_input(cli), cli->token, &installed);
	if (code != 0)
		return cli_fail(cli, code);
	if (!cli->is_quiet && installed == 0)
		fprintf(stderr, "%s",
		    cli_say("the certificate is on the token already\n"));
	else if (!cli->is_quiet)
		fprintf(stderr,
		    installed == 1 ? cli_say("%zu certificate installed\n")
				   : cli_say("%zu certificates installed\n"),
		    installed);
	return 0;
}

const struct cli_option cmd_keys_import_options[] = {
    {"token", 0, "TOKEN", N_("onto that one: URI, label or serial"), -1, NULL,
	set_token},
    {"password-file", 0, "FILE",
	N_("the password of the keys' file is in FILE"), CARDSEAL_PASSWORD_FILE,
	NULL, NULL},
    {0},
};

static int
print_imported(void *ctx, const struct cardseal_imported *key)
{
	const struct cli *cli = ctx;

	printf("%s\n", key->key_id);
	if (cli->is_quiet || (key->key_is_new && key->certificate_is_new))
		return 0;
	fprintf(stderr, "%.16s: %s\n", key->key_id,
	    key->key_is_new
		? cli_say("it has no certificate in the file, or the token "
			  "had it")
	    : key->certificate_is_new
		? cli_say("the token had the key; its certificate was added")
		: cli_say("the token had it"));
	return 0;
}

int
cmd_keys_import(struct cli *cli)
{
	int code;

	if (cli->operands_len == 0) {
		cli_error("%s: which file?", cli->command->name);
		return CLI_EXIT_USAGE;
	}
	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "import keys");
	code = cardseal_keys_import(
	    cli->job, cli->operands[0], cli->token, print_imported, cli);
	return code != 0 ? cli_fail(cli, code) : 0;
}
