/* The commands about certificates. */
#include "client/cli/cli.h"

const struct cli_option cmd_certs_verify_options[] = {
    {"purpose", 0, "any|sign|encrypt", N_("what the certificate must be for"),
	CARDSEAL_CERT_PURPOSE, NULL, NULL},
    {"policy", 0, "OID", N_("a certificate policy that is accepted"),
	CARDSEAL_POLICY, NULL, NULL},
    {"require-explicit-policy", 0, NULL, N_("some accepted policy must hold"),
	CARDSEAL_REQUIRE_EXPLICIT_POLICY, "1", NULL},
    {"inhibit-policy-mapping", 0, NULL, N_("no policy stands for another"),
	CARDSEAL_INHIBIT_POLICY_MAPPING, "1", NULL},
    {"inhibit-any-policy", 0, NULL, N_("anyPolicy does not count"),
	CARDSEAL_INHIBIT_ANY_POLICY, "1", NULL},
    {0},
};

int
cmd_certs_verify(struct cli *cli)
{
	struct cardseal_path *path;
	int code, status = 0;

	code = cardseal_certificate_verify(cli->job, cli_get_input(cli), &path);
	if (path == NULL)
		return cli_fail(cli, code);
	cli_print_messages(cli);
	if (cli->is_json)
		status = cli_print_json(cardseal_path_get_json(path));
	else if (!cli->is_quiet || code != 0)
		fputs(cardseal_path_get_text(path, cli->is_verbose), stderr);
	cardseal_path_free(path);
	return status != 0 ? status : cardseal_exit_status(code);
}
