/*
 * What mutt and neomutt call for smime_*_command. They go by standard output,
 * by the first line on standard error, and for verify by the exit status; what
 * signs must not write a single octet to standard error.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cmd_mutt.h"

#define PASSPHRASE_SIZE 256
#define PROGRAM_SIZE 1024
/* What mutt compares with, letter by letter. */
#define LINE_GOOD "Verification successful"
#define LINE_BAD "Verification failure"

static int
set_certificate(struct cli *cli, const char *argument)
{
	cli->certificate = argument;
	return 0;
}

const struct cli_option cmd_mutt_sign_options[] = {
    {"certificate", 0, "FILE", N_("sign with the key of that certificate: %c"),
	-1, NULL, set_certificate},
    {"digest", 0, "NAME", N_("sha256 ...: %d"), CARDSEAL_DIGEST, NULL, NULL},
    {0},
};

static int
set_cipher(struct cli *cli, const char *argument)
{
	static const char *const rows[][2] = {{"aes128", "aes128-cbc"},
	    {"aes192", "aes192-cbc"}, {"aes256", "aes256-cbc"}};
	const char *cipher = argument;
	size_t i;
	int r;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(argument, rows[i][0]) == 0)
			cipher = rows[i][1];
	r = cardseal_job_set(cli->job, CARDSEAL_CIPHER, cipher);
	return r == 0 ? 0 : cli_fail(cli, r);
}

const struct cli_option cmd_mutt_encrypt_options[] = {
    {"cipher", 0, "NAME", N_("aes256 ..., or a name of cardseal encrypt: %a"),
	-1, NULL, set_cipher},
    {0},
};

static int
set_content(struct cli *cli, const char *argument)
{
	cli->content = argument;
	return 0;
}

const struct cli_option cmd_mutt_verify_options[] = {
    {"content", 0, "FILE", N_("what was signed: %f"), -1, NULL, set_content},
    {0},
};

static int
want_operand(const struct cli *cli, const char *what)
{
	if (cli->operands_len > 0)
		return 0;
	cli_error("%s: %s?", cli->command->name, what);
	return CLI_EXIT_USAGE;
}

/*
 * mutt always sends a line with a passphrase, for whatever key, and again
 * from its memory. It never goes anywhere: a card has three tries, and the
 * agent knows how to ask.
 */
static void
drop_passphrase(void)
{
	char line[PASSPHRASE_SIZE];

	if (isatty(STDIN_FILENO))
		return;
	while (read(STDIN_FILENO, line, sizeof(line)) > 0)
		;
	explicit_bzero(line, sizeof(line));
}

/* The key of the first certificate in the file. */
static int
choose_key(struct cli *cli)
{
	struct cardseal_certificates *list;
	int r;

	if (cli->certificate == NULL)
		return 0;
	r = cardseal_certificates_load(cli->job, cli->certificate, &list);
	if (r != 0)
		return cli_fail(cli, r);
	r = cardseal_job_set(cli->job, CARDSEAL_KEY,
	    cardseal_certificates_get_item(list, 0)->sha256);
	cardseal_certificates_free(list);
	return r == 0 ? 0 : cli_fail(cli, r);
}

/* Makes CMS of the entity in the first operand, without a word. */
static int
make(struct cli *cli,
    int (*op)(struct cardseal_job *job, struct cardseal_input *in,
	struct cardseal_output *out))
{
	struct cardseal_input *in;
	struct cardseal_output *out = NULL;
	int r;

	cli->is_quiet = true;
	cli->is_verbose = false;
	cardseal_job_set(cli->job, CARDSEAL_FORMAT, "entity");
	cardseal_job_set(cli->job, CARDSEAL_DER, "1");
	in = cardseal_input_open(cli->job, cli->operands[0]);
	if (in != NULL)
		out = cardseal_output_open(cli->job, NULL);
	r = out != NULL ? op(cli->job, in, out)
			: cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_input_free(in);
	return r == 0 ? 0 : cli_fail(cli, r);
}

int
cmd_mutt_sign(struct cli *cli)
{
	int status = want_operand(cli, "which file");

	if (status != 0)
		return status;
	drop_passphrase();
	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "sign a mail for mutt");
	status = choose_key(cli);
	return status != 0 ? status : make(cli, cardseal_sign);
}

int
cmd_mutt_encrypt(struct cli *cli)
{
	int i, r, status = want_operand(cli, "which file");

	if (status == 0 && cli->operands_len < 2) {
		cli_error("%s: for which certificates?", cli->command->name);
		status = CLI_EXIT_USAGE;
	}
	for (i = 1; status == 0 && i < cli->operands_len; i++) {
		r = cardseal_job_set(
		    cli->job, CARDSEAL_RECIPIENT_FILE, cli->operands[i]);
		status = r == 0 ? 0 : cli_fail(cli, r);
	}
	return status != 0 ? status : make(cli, cardseal_encrypt);
}

/* The verdict for the pager. */
static void
print_verdict(const struct cli *cli, struct cardseal_verdict *verdict)
{
	fputs(cardseal_verdict_get_text(verdict, cli->is_verbose), stderr);
}

int
cmd_mutt_decrypt(struct cli *cli)
{
	struct cardseal_verdict *verdict = NULL;
	struct cardseal_output *out = NULL;
	struct cardseal_input *in;
	int r, status = want_operand(cli, "which file");

	if (status != 0)
		return status;
	drop_passphrase();
	cardseal_job_set(cli->job, CARDSEAL_PURPOSE, "read a mail in mutt");
	in = cardseal_input_open(cli->job, cli->operands[0]);
	if (in != NULL)
		out = cardseal_output_open(cli->job, NULL);
	r = out != NULL ? cardseal_decrypt(cli->job, in, out, &verdict)
			: cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_input_free(in);
	if (verdict == NULL)
		return cli_fail(cli, r);
	print_verdict(cli, verdict);
	cardseal_verdict_free(verdict);
	return cardseal_exit_status(r);
}

/* Reads the message in the operand; out and content may be NULL. */
static int
verify(struct cli *cli, const char *content_path, bool has_output,
    struct cardseal_verdict **verdict)
{
	struct cardseal_input *in, *content = NULL;
	struct cardseal_output *out = NULL;
	bool is_open;
	int r;

	*verdict = NULL;
	in = cardseal_input_open(cli->job, cli->operands[0]);
	if (in != NULL && content_path != NULL)
		content = cardseal_input_open(cli->job, content_path);
	is_open = in != NULL && (content_path == NULL || content != NULL);
	if (is_open && has_output) {
		out = cardseal_output_open(cli->job, NULL);
		is_open = out != NULL;
	}
	r = is_open ? cardseal_verify(cli->job, in, content, out, verdict)
		    : cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_input_free(content);
	cardseal_input_free(in);
	return r;
}

static int
verify_and_tell(struct cli *cli, const char *content_path, bool has_output)
{
	struct cardseal_verdict *verdict;
	int r, status = want_operand(cli, "which signature");

	if (status != 0)
		return status;
	cardseal_job_set(cli->job, CARDSEAL_FORMAT, "entity");
	r = verify(cli, content_path, has_output, &verdict);
	fprintf(
	    stderr, "%s\n", r == 0 && verdict != NULL ? LINE_GOOD : LINE_BAD);
	if (verdict == NULL)
		return cli_fail(cli, r);
	print_verdict(cli, verdict);
	cardseal_verdict_free(verdict);
	return cardseal_exit_status(r);
}

int
cmd_mutt_verify(struct cli *cli)
{
	if (cli->content == NULL) {
		cli_error("%s: --content, which was signed, is missing",
		    cli->command->name);
		return CLI_EXIT_USAGE;
	}
	return verify_and_tell(cli, cli->content, false);
}

int
cmd_mutt_verify_opaque(struct cli *cli)
{
	return verify_and_tell(cli, NULL, true);
}

/* The signers' certificates, whether they are trusted or not. */
int
cmd_mutt_pk7out(struct cli *cli)
{
	struct cardseal_verdict *verdict;
	struct cardseal_output *out;
	int r, status = want_operand(cli, "which message");

	if (status != 0)
		return status;
	cardseal_job_set(cli->job, CARDSEAL_ARMOR, "pkcs7");
	r = verify(cli, NULL, false, &verdict);
	if (verdict == NULL)
		return cli_fail(cli, r);
	out = cardseal_output_open(cli->job, NULL);
	r = out != NULL
		? cardseal_verdict_write_certificates(cli->job, verdict, out)
		: cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_verdict_free(verdict);
	return r == 0 ? 0 : cli_fail(cli, r);
}

/* Hands each certificate of the file in the operand to print. */
static int
print_certificates(
    struct cli *cli, void (*print)(const struct cardseal_certificate *c))
{
	struct cardseal_certificates *list;
	size_t i;
	int r, status = want_operand(cli, "which file");

	if (status != 0)
		return status;
	r = cardseal_certificates_load(cli->job, cli->operands[0], &list);
	if (r != 0)
		return cli_fail(cli, r);
	for (i = 0; i < cardseal_certificates_get_len(list); i++)
		print(cardseal_certificates_get_item(list, i));
	cardseal_certificates_free(list);
	return 0;
}

static void
print_pem(const struct cardseal_certificate *c)
{
	fputs(c->pem, stdout);
}

int
cmd_mutt_get_cert(struct cli *cli)
{
	return print_certificates(cli, print_pem);
}

/* One address a line. */
static void
print_addresses(const struct cardseal_certificate *c)
{
	const char *at = c->addresses;
	size_t len;

	while (*at != '\0') {
		len = strcspn(at, ",");
		printf("%.*s\n", (int)len, at);
		at += len;
		at += strspn(at, ", ");
	}
}

int
cmd_mutt_get_cert_email(struct cli *cli)
{
	return print_certificates(cli, print_addresses);
}

/* Into the file as it is, which mutt holds open and reads afterwards. */
static int
write_over(const struct cli *cli, const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	bool is_good = f != NULL && fputs(text, f) != EOF;

	if (f != NULL && fclose(f) != 0)
		is_good = false;
	if (is_good)
		return 0;
	cli_error("%s: %s: %s", cli->command->name, path, strerror(errno));
	return CLI_EXIT_IO;
}

/* The first signer's certificate, into the file of the second operand. */
int
cmd_mutt_get_signer_cert(struct cli *cli)
{
	const struct cardseal_signer *signer;
	struct cardseal_verdict *verdict;
	int r, status = want_operand(cli, "which message");

	if (status == 0 && cli->operands_len < 2) {
		cli_error("%s: into which file?", cli->command->name);
		status = CLI_EXIT_USAGE;
	}
	if (status != 0)
		return status;
	r = verify(cli, NULL, false, &verdict);
	if (verdict == NULL)
		return cli_fail(cli, r);
	signer = cardseal_verdict_get_signer(verdict, 0);
	if (signer == NULL || signer->pem[0] == '\0') {
		cli_error("%s: the message has no signer's certificate",
		    cli->command->name);
		status = CLI_EXIT_BAD;
	} else {
		status = write_over(cli, cli->operands[1], signer->pem);
	}
	cardseal_verdict_free(verdict);
	return status;
}

static int
set_folder(struct cli *cli, const char *argument)
{
	cli->folder = argument;
	return 0;
}

const struct cli_option cmd_mutt_sync_options[] = {
    {"folder", 0, "DIR", N_("mutt's folder: ~/.smime unless given"), -1, NULL,
	set_folder},
    {0},
};

int
cmd_mutt_import(struct cli *cli)
{
	struct mutt_sync sync;
	size_t added;
	int r, status = want_operand(cli, "which file");

	if (status != 0)
		return status;
	drop_passphrase();
	r = cardseal_certificates_import(cli->job, cli->operands[0], &added);
	if (r != 0)
		return cli_fail(cli, r);
	status = mutt_sync_write(cli, &sync);
	mutt_sync_clear(&sync);
	if (status == 0)
		printf(
		    "%zu certificate%s added\n", added, added == 1 ? "" : "s");
	return status;
}

/* This program, as a shell takes it without quotes. */
static const char *
find_program(char dst[PROGRAM_SIZE])
{
	ssize_t n = readlink("/proc/self/exe", dst, PROGRAM_SIZE - 1);

	if (n <= 0)
		return "cardseal";
	dst[n] = '\0';
	return dst[strspn(dst, "abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789/_.+-")] == '\0'
		   ? dst
		   : "cardseal";
}

static void
print_settings(const struct mutt_sync *sync)
{
	static const char *const commands[][2] = {
	    {"sign", "sign --certificate %c --digest %d %f"},
	    {"encrypt", "encrypt --cipher %a %f %c"},
	    {"decrypt", "decrypt %f"},
	    {"verify", "verify --content %f %s"},
	    {"verify_opaque", "verify-opaque %s"},
	    {"pk7out", "pk7out %f"},
	    {"get_cert", "get-cert %f"},
	    {"get_signer_cert", "get-signer-cert %f %c"},
	    {"get_cert_email", "get-cert-email %f"},
	    {"import_cert", "import %f"},
	};
	char path[PROGRAM_SIZE];
	const char *program = find_program(path);
	size_t i;

	puts("set crypt_use_gpgme=no\nset smime_is_default=yes");
	printf("set smime_certificates=\"%s\"\nset smime_keys=\"%s\"\n",
	    sync->certificates, sync->keys);
	/* The default one is for copies to oneself, and signs where no other
	 * is set. */
	if (sync->encrypt_as[0] != '\0')
		printf("set smime_default_key=\"%s\"\n", sync->encrypt_as);
	if (sync->sign_as[0] != '\0' &&
	    strcmp(sync->sign_as, sync->encrypt_as) != 0)
		printf("set smime_sign_as=\"%s\"\n", sync->sign_as);
	printf("set smime_sign_digest_alg=\"%s\"\n", sync->digest);
	/* neomutt's numbers end at 32767. */
	puts("set smime_encrypt_with=\"aes256\"\n"
	     "set smime_ask_cert_label=no\nset smime_timeout=32767");
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("set smime_%s_command=\"%s mutt %s\"\n", commands[i][0],
		    program, commands[i][1]);
}

int
cmd_mutt_sync(struct cli *cli)
{
	struct mutt_sync sync;
	int status = mutt_sync_write(cli, &sync);

	if (status == 0)
		print_settings(&sync);
	mutt_sync_clear(&sync);
	return status;
}
