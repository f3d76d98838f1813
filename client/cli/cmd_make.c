/* The commands that make messages: sign, encrypt and rewrap. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"

const struct cli_option cmd_sign_options[] = {
    {"key", 'k', "KEY", N_("sign with that key; repeatable"), CARDSEAL_KEY,
	NULL, NULL},
    {"format", 'f', "smime|cms", N_("a mail, or any file as CMS"),
	CARDSEAL_FORMAT, NULL, NULL},
    {"detach", 0, NULL, N_("content beside the signature"), CARDSEAL_FORM,
	"detach", NULL},
    {"opaque", 0, NULL, N_("content inside the signature"), CARDSEAL_FORM,
	"opaque", NULL},
    {"certs-only", 0, NULL, N_("the certificates, and no signature"),
	CARDSEAL_FORM, "certs", NULL},
    {"der", 0, NULL, N_("definite lengths even from a pipe"), CARDSEAL_DER, "1",
	NULL},
    {"armor", 0, NULL, N_("PEM, with -f cms"), CARDSEAL_ARMOR, "1", NULL},
    {"compress", 0, NULL, N_("compress before signing"), CARDSEAL_COMPRESS, "1",
	NULL},
    {"pss", 0, NULL, N_("RSA-PSS instead of PKCS#1 v1.5"), CARDSEAL_PSS, "1",
	NULL},
    {"intermediate", 0, "FILE", N_("certificates to send along"),
	CARDSEAL_INTERMEDIATE, NULL, NULL},
    {"timestamp-url", 0, "URL", N_("have the signature time-stamped there"),
	CARDSEAL_TIMESTAMP_URL, NULL, NULL},
    {"receipt-request", 0, "all|first-tier|ADDR",
	N_("ask them for a signed receipt; ADDR is repeatable"),
	CARDSEAL_RECEIPT_REQUEST, NULL, NULL},
    {"receipt-to", 0, "ADDR", N_("where receipts go; repeatable"),
	CARDSEAL_RECEIPT_TO, NULL, NULL},
    {"label", 0, "POLICY[:CLASS]", N_("give it that security label"),
	CARDSEAL_LABEL, NULL, NULL},
    {"privacy-mark", 0, "TEXT", N_("the label's mark"), CARDSEAL_PRIVACY_MARK,
	NULL, NULL},
    {"label-category", 0, "OID:HEX",
	N_("a category of the label, its value in DER; repeatable"),
	CARDSEAL_LABEL_CATEGORY, NULL, NULL},
    {"equivalent-label", 0, "POLICY[:CLASS]",
	N_("a label of another policy that says the same; repeatable"),
	CARDSEAL_EQUIVALENT_LABEL, NULL, NULL},
    {0},
};

/* Addresses from a file, one a line; empty lines and # comments are passed
 * over. Returns an exit status. */
static int
add_recipients_file(struct cli *cli, const char *path)
{
	char *line = NULL, *address;
	size_t size = 0;
	int status = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL) {
		cli_error(
		    "%s: %s: %s", cli->command->name, path, strerror(errno));
		return CLI_EXIT_IO;
	}
	while (status == 0 && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		address = line + strspn(line, " \t");
		address[strcspn(address, " \t")] = '\0';
		if (address[0] == '\0' || address[0] == '#')
			continue;
		if (cardseal_job_set(cli->job, CARDSEAL_RECIPIENT, address) !=
		    0) {
			cli_error("%s: %s: %s", cli->command->name, path,
			    cardseal_job_get_error(cli->job));
			status = CLI_EXIT_USAGE;
		}
	}
	if (status == 0 && ferror(f)) {
		cli_error(
		    "%s: %s: %s", cli->command->name, path, strerror(errno));
		status = CLI_EXIT_IO;
	}
	free(line);
	fclose(f);
	return status;
}

static int
set_recipient(struct cli *cli, const char *argument)
{
	int r;

	if (argument[0] == '@')
		return add_recipients_file(cli, argument + 1);
	r = cardseal_job_set(cli->job, CARDSEAL_RECIPIENT, argument);
	if (r == 0)
		return 0;
	cli_error("%s: --recipient: %s", cli->command->name,
	    cardseal_job_get_error(cli->job));
	return cardseal_exit_status(r);
}

/* What sign takes as well, for --encrypt. */
const struct cli_option cmd_seal_options[] = {
    {"encrypt", 0, NULL, N_("encrypt what was signed"), CARDSEAL_ENCRYPT, "1",
	NULL},
    {"triple", 0, NULL, N_("sign what was encrypted, too"), CARDSEAL_TRIPLE,
	"1", NULL},
    {"recipient", 'r', "ADDR|@FILE", N_("encrypt to that address; repeatable"),
	-1, NULL, set_recipient},
    {"recipient-file", 'R', "CERTFILE",
	N_("encrypt to the certificates in that file; repeatable"),
	CARDSEAL_RECIPIENT_FILE, NULL, NULL},
    {"cipher", 'c', "CIPHER", N_("the cipher, as for encrypt"), CARDSEAL_CIPHER,
	NULL, NULL},
    {"bcc-dir", 0, "DIR", N_("put each Bcc recipient's own copy there"),
	CARDSEAL_BCC_DIR, NULL, NULL},
    {"headers", 0, "plain|protect|hide",
	N_("put the header inside as well; hide the subject"), CARDSEAL_HEADERS,
	NULL, NULL},
    {"legacy-display", 0, "no|yes",
	N_("show what is hidden in the text, for older programs"),
	CARDSEAL_LEGACY_DISPLAY, NULL, NULL},
    {"no-self", 0, NULL, N_("do not encrypt to the sender as well"),
	CARDSEAL_TO_SELF, "0", NULL},
    {0},
};

const struct cli_option cmd_recipient_options[] = {
    {"recipient", 'r', "ADDR|@FILE", N_("encrypt to that address; repeatable"),
	-1, NULL, set_recipient},
    {"recipient-file", 'R', "CERTFILE",
	N_("encrypt to the certificates in that file; repeatable"),
	CARDSEAL_RECIPIENT_FILE, NULL, NULL},
    {"password-file", 0, "FILE",
	N_("encrypt to the password in that file; repeatable"),
	CARDSEAL_PASSWORD_FILE, NULL, NULL},
    {"kek-file", 0, "FILE",
	N_("encrypt to the AES key in that file; repeatable"),
	CARDSEAL_KEK_FILE, NULL, NULL},
    {"kek-id", 0, "HEX", N_("that key's name in the message"), CARDSEAL_KEK_ID,
	NULL, NULL},
    {"oaep", 0, NULL, N_("RSAES-OAEP instead of PKCS#1 v1.5"), CARDSEAL_OAEP,
	"1", NULL},
    {"oaep-digest", 0, "DIGEST", N_("its digest: sha256 unless given"),
	CARDSEAL_OAEP_DIGEST, NULL, NULL},
    {"oaep-mgf", 0, "DIGEST", N_("its mask's: the same unless given"),
	CARDSEAL_OAEP_MGF, NULL, NULL},
    {"oaep-label", 0, "TEXT", N_("its label"), CARDSEAL_OAEP_LABEL, NULL, NULL},
    {"key-agreement", 0, "NAME", N_("for EC keys: ecdh-sha256 ..."),
	CARDSEAL_KEY_AGREEMENT, NULL, NULL},
    {"key-ids", 0, NULL, N_("name recipients by key identifier"),
	CARDSEAL_KEY_IDS, "1", NULL},
    {0},
};

const struct cli_option cmd_encrypt_options[] = {
    {"format", 'f', "smime|cms", N_("a mail, or any file as CMS"),
	CARDSEAL_FORMAT, NULL, NULL},
    {"cipher", 'c', "CIPHER",
	N_("auto, aes128-cbc, aes256-cbc, aes128-gcm, "
	   "aes256-gcm, chacha20-poly1305"),
	CARDSEAL_CIPHER, NULL, NULL},
    {"compress", 0, NULL, N_("compress before encrypting"), CARDSEAL_COMPRESS,
	"1", NULL},
    {"bcc-dir", 0, "DIR", N_("put each Bcc recipient's own copy there"),
	CARDSEAL_BCC_DIR, NULL, NULL},
    {"der", 0, NULL, N_("definite lengths even from a pipe"), CARDSEAL_DER, "1",
	NULL},
    {"armor", 0, NULL, N_("PEM, with -f cms"), CARDSEAL_ARMOR, "1", NULL},
    {"headers", 0, "plain|protect|hide",
	N_("put the header inside as well; hide the subject"), CARDSEAL_HEADERS,
	NULL, NULL},
    {"legacy-display", 0, "no|yes",
	N_("show what is hidden in the text, for older programs"),
	CARDSEAL_LEGACY_DISPLAY, NULL, NULL},
    {0},
};

const struct cli_option cmd_rewrap_options[] = {
    {"key", 'k', "KEY", N_("open with that key only"), CARDSEAL_KEY, NULL,
	NULL},
    {"open-password-file", 0, "FILE", N_("open with the password in that file"),
	CARDSEAL_OPEN_PASSWORD_FILE, NULL, NULL},
    {"open-kek-file", 0, "FILE", N_("open with the AES key in that file"),
	CARDSEAL_OPEN_KEK_FILE, NULL, NULL},
    {"armor", 0, NULL, N_("PEM"), CARDSEAL_ARMOR, "1", NULL},
    {0},
};

/* Sign and encrypt differ in one call. */
static int
cmd_make(struct cli *cli,
    int (*make)(struct cardseal_job *job, struct cardseal_input *in,
	struct cardseal_output *out))
{
	struct cardseal_output *out = NULL;
	struct cardseal_input *in;
	int r;

	in = cardseal_input_open(cli->job, cli_get_input(cli));
	if (in != NULL)
		out = cardseal_output_open(cli->job, cli->output);
	r = out != NULL ? make(cli->job, in, out)
			: cardseal_job_get_code(cli->job);
	cardseal_output_free(out);
	cardseal_input_free(in);
	return cli_end(cli, r);
}

int
cmd_sign(struct cli *cli)
{
	return cmd_make(cli, cardseal_sign);
}

int
cmd_encrypt(struct cli *cli)
{
	return cmd_make(cli, cardseal_encrypt);
}
