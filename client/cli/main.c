#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"

static const struct cli_option *const sign_groups[] = {cmd_sign_options,
    cmd_seal_options, cli_lookup_options, cli_output_options,
    cli_common_options, NULL};
static const struct cli_option *const edit_groups[] = {
    cmd_edit_options, cli_output_options, cli_common_options, NULL};
static const struct cli_option *const verify_groups[] = {cmd_verify_options,
    cli_trust_options, cli_output_options, cli_json_options, cli_common_options,
    NULL};
static const struct cli_option *const encrypt_groups[] = {cmd_recipient_options,
    cmd_encrypt_options, cli_trust_options, cli_lookup_options,
    cli_output_options, cli_common_options, NULL};
static const struct cli_option *const rewrap_groups[] = {cmd_recipient_options,
    cmd_rewrap_options, cli_trust_options, cli_lookup_options,
    cli_output_options, cli_common_options, NULL};
static const struct cli_option *const decrypt_groups[] = {cmd_decrypt_options,
    cmd_secret_options, cli_output_options, cli_json_options,
    cli_common_options, NULL};
static const struct cli_option *const certs_verify_groups[] = {
    cmd_certs_verify_options, cli_trust_options, cli_json_options,
    cli_common_options, NULL};
static const struct cli_option *const certs_request_groups[] = {
    cmd_certs_request_options, cli_output_options, cli_common_options, NULL};
static const struct cli_option *const certs_install_groups[] = {
    cmd_certs_install_options, cli_common_options, NULL};
static const struct cli_option *const keys_generate_groups[] = {
    cmd_keys_generate_options, cli_common_options, NULL};
static const struct cli_option *const keys_import_groups[] = {
    cmd_keys_import_options, cli_common_options, NULL};
static const struct cli_option *const read_groups[] = {cmd_read_options,
    cmd_secret_options, cli_trust_options, cli_output_options, cli_json_options,
    cli_common_options, NULL};
static const struct cli_option *const receipt_groups[] = {cmd_receipt_options,
    cli_trust_options, cli_output_options, cli_json_options, cli_common_options,
    NULL};
static const struct cli_option *const certs_expiring_groups[] = {
    cmd_certs_expiring_options, cli_json_options, cli_common_options, NULL};
static const struct cli_option *const certs_find_groups[] = {
    cmd_certs_find_options, cli_trust_options, cli_lookup_options,
    cli_json_options, cli_common_options, NULL};
static const struct cli_option *const setup_anchors_groups[] = {
    cmd_setup_anchors_options, cli_common_options, NULL};
static const struct cli_option *const setup_groups[] = {
    cmd_setup_options, cli_common_options, NULL};
static const struct cli_option *const json_groups[] = {
    cli_json_options, cli_common_options, NULL};
static const struct cli_option *const log_groups[] = {
    cmd_log_options, cli_json_options, cli_common_options, NULL};
static const struct cli_option *const mutt_sign_groups[] = {
    cmd_mutt_sign_options, cli_common_options, NULL};
static const struct cli_option *const mutt_encrypt_groups[] = {
    cmd_mutt_encrypt_options, cli_common_options, NULL};
static const struct cli_option *const mutt_verify_groups[] = {
    cmd_mutt_verify_options, cli_common_options, NULL};
static const struct cli_option *const mutt_sync_groups[] = {
    cmd_mutt_sync_options, cli_common_options, NULL};
static const struct cli_option *const common_groups[] = {
    cli_common_options, NULL};

#define MUTT_OPERANDS_MAX 10000

static const struct cli_command commands[] = {
    {"sign", "[IN]", N_("sign a mail or a file"), sign_groups, 1, cmd_sign,
	false},
    {"verify", "[IN]", N_("judge a signed mail or CMS message"), verify_groups,
	1, cmd_verify, false},
    {"add-signer", "[IN]", N_("sign a signed message, too"), edit_groups, 1,
	cmd_add_signer, false},
    {"countersign", "[IN]", N_("sign the signatures of a message"), edit_groups,
	1, cmd_countersign, false},
    {"encrypt", "[IN]", N_("encrypt a mail or a file"), encrypt_groups, 1,
	cmd_encrypt, false},
    {"decrypt", "[IN]", N_("open an encrypted mail or CMS message"),
	decrypt_groups, 1, cmd_decrypt, false},
    {"rewrap", "[IN]", N_("add recipients to an encrypted message"),
	rewrap_groups, 1, cmd_rewrap, false},
    {"certs import", "FILE", N_("keep correspondents' certificates"),
	common_groups, 1, cmd_certs_import, false},
    {"certs list", "", N_("list the certificates that are kept"), json_groups,
	0, cmd_certs_list, false},
    {"certs show", "CERT", N_("show one of them"), json_groups, 1,
	cmd_certs_show, false},
    {"certs export", "CERT", N_("print it as PEM"), common_groups, 1,
	cmd_certs_export, false},
    {"certs remove", "CERT", N_("keep it no longer"), common_groups, 1,
	cmd_certs_remove, false},
    {"certs find", "ADDR", N_("find the one to encrypt to for an address"),
	certs_find_groups, 1, cmd_certs_find, false},
    {"certs expiring", "", N_("tell own certificates that end soon"),
	certs_expiring_groups, 0, cmd_certs_expiring, false},
    {"certs request", "", N_("ask for a certificate for a key"),
	certs_request_groups, 0, cmd_certs_request, false},
    {"certs install", "[CERTFILE]", N_("put a certificate beside its key"),
	certs_install_groups, 1, cmd_certs_install, false},
    {"certs verify", "CERT", N_("judge a certificate"), certs_verify_groups, 1,
	cmd_certs_verify, false},
    {"read", "[IN]", N_("open every layer of a mail and judge it"), read_groups,
	1, cmd_read, false},
    {"receipt", "[IN]", N_("make a signed receipt, or match one"),
	receipt_groups, 1, cmd_receipt, false},
    {"sendmail", "[RECIPIENT]", N_("sign, encrypt, and hand to sendmail"),
	cmd_sendmail_groups, 0, cmd_sendmail, true},
    {"keys generate", "", N_("make a key on a token"), keys_generate_groups, 0,
	cmd_keys_generate, false},
    {"keys import", "FILE", N_("put the keys of a PKCS#12 file onto a token"),
	keys_import_groups, 1, cmd_keys_import, false},
    {"keys", "", N_("list the keys the agent has"), json_groups, 0, cmd_keys,
	false},
    {"status", "", N_("show agent, modules and tokens"), json_groups, 0,
	cmd_status, false},
    {"unlock", "[TOKEN]", N_("enter a token's PIN now"), common_groups, 1,
	cmd_unlock, false},
    {"lock", "[TOKEN]", N_("forget PINs and end logins"), common_groups, 1,
	cmd_lock, false},
    {"pin", "change|unblock [TOKEN]", N_("change a PIN, or unblock it"),
	common_groups, 2, cmd_pin, false},
    {"events", "", N_("tell of tokens and keys as things happen"), json_groups,
	0, cmd_events, false},
    {"log", "", N_("show who used which key, and verify it"), log_groups, 0,
	cmd_log, false},
    {"mutt sync", "", N_("fill mutt's folders and print its settings"),
	mutt_sync_groups, 0, cmd_mutt_sync, false},
    {"mutt sign", "FILE", "smime_sign_command", mutt_sign_groups, 1,
	cmd_mutt_sign, false},
    {"mutt encrypt", "FILE CERTFILE...", "smime_encrypt_command",
	mutt_encrypt_groups, MUTT_OPERANDS_MAX, cmd_mutt_encrypt, false},
    {"mutt decrypt", "FILE", "smime_decrypt_command", common_groups, 1,
	cmd_mutt_decrypt, false},
    {"mutt verify", "SIGNATURE", "smime_verify_command", mutt_verify_groups, 1,
	cmd_mutt_verify, false},
    {"mutt verify-opaque", "FILE", "smime_verify_opaque_command", common_groups,
	1, cmd_mutt_verify_opaque, false},
    {"mutt pk7out", "MAIL", "smime_pk7out_command", common_groups, 1,
	cmd_mutt_pk7out, false},
    {"mutt get-cert", "FILE", "smime_get_cert_command", common_groups, 1,
	cmd_mutt_get_cert, false},
    {"mutt get-signer-cert", "MAIL OUT", "smime_get_signer_cert_command",
	common_groups, 2, cmd_mutt_get_signer_cert, false},
    {"mutt get-cert-email", "FILE", "smime_get_cert_email_command",
	common_groups, 1, cmd_mutt_get_cert_email, false},
    {"mutt import", "FILE", "smime_import_cert_command", mutt_sync_groups, 1,
	cmd_mutt_import, false},
    {"setup anchors", "FILE", N_("trust the certificates of a bundle"),
	setup_anchors_groups, 1, cmd_setup_anchors, false},
    {"setup",
	"git|mutt|neomutt|gnupg|ssh|openssl|thunderbird|firefox|"
	"chromium|evolution|owa|opensc|all",
	N_("have a program sign and decrypt with the agent"), setup_groups, 1,
	cmd_setup, false},
    {"doctor", "", N_("find what is wrong, and what to do"), json_groups, 0,
	cmd_doctor, false},
    {"agent", "[OPTIONS]", N_("run the agent in the foreground"), common_groups,
	0, cmd_agent, true},
};

#define COMMANDS_LEN (sizeof(commands) / sizeof(commands[0]))

static void
print_usage(FILE *to)
{
	size_t i;

	fprintf(
	    to, "%s", cli_say("usage: cardseal COMMAND [OPTIONS] [IN]\n\n"));
	for (i = 0; i < COMMANDS_LEN; i++)
		fprintf(to, "  %-13s  %s\n", commands[i].name,
		    cli_say(commands[i].summary));
	fprintf(to, "%s",
	    cli_say("\n\"cardseal COMMAND --help\" lists the options; the "
		    "whole story is in cardseal(1).\n"));
}

/* A command may have two words; *words tells. */
static const struct cli_command *
find_command(int argc, char **argv, int *words)
{
	size_t i, len;
	const char *name;

	for (i = 0; i < COMMANDS_LEN; i++) {
		name = commands[i].name;
		len = strcspn(name, " ");
		*words = name[len] == ' ' ? 2 : 1;
		if (strlen(argv[1]) != len || strncmp(name, argv[1], len) != 0)
			continue;
		if (*words == 1 ||
		    (argc > 2 && strcmp(name + len + 1, argv[2]) == 0))
			return &commands[i];
	}
	return NULL;
}

/*
 * A file opened later must not become a standard stream. What was closed is
 * filled from the wrong side, so that using it still fails.
 */
static void
fill_standard_fds(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", modes[fd]);
}

static int
run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli cli = {.command = command, .argc = argc, .argv = argv};
	int status;

	if (command->has_own_options)
		return command->run(&cli);
	cli.job = cardseal_job_new();
	if (cli.job == NULL) {
		cli_error("no memory is left");
		return CLI_EXIT_INTERNAL;
	}
	cardseal_job_set(cli.job, CARDSEAL_PROGRAM, "cardseal");
	status = cli_parse(&cli, argc, argv);
	if (status == 0 && !cli.is_done)
		status = command->run(&cli);
	if (status == 0)
		status = cli_finish_stdout();
	cardseal_job_free(cli.job);
	return status;
}

int
main(int argc, char **argv)
{
	const struct cli_command *command;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	char quoted[CLI_QUOTED_SIZE];
	int words;

	setlocale(LC_CTYPE, "");
	/* mutt reads what the commands for it say. */
	cli_translate(argc < 2 || strcmp(argv[1], "mutt") != 0);
	/* Told of by the call that meets them, with a name and a status. */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	fill_standard_fds();
	if (argc < 2) {
		print_usage(stderr);
		return CLI_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return cli_finish_stdout();
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("cardseal %s\n", cardseal_version());
		return cli_finish_stdout();
	}
	command = find_command(argc, argv, &words);
	if (command == NULL) {
		cli_error("there is no command \"%s\"; see cardseal --help",
		    cli_quote(quoted, argv[1]));
		return CLI_EXIT_USAGE;
	}
	return run_command(command, argc - words, argv + words);
}
