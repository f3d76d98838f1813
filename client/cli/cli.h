/*
 * cli.h: what the commands of cardseal(1) share.
 *
 * A command is a row in main.c's table: name, options, function. Options are
 * rows too, so that parsing, --help and the man page's test have one source.
 */
#ifndef CLIENT_CLI_CLI_H
#define CLIENT_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "client/cardseal.h"

#define CLI_EXIT_BAD 1
#define CLI_EXIT_USAGE 2
#define CLI_EXIT_INTERNAL 70
#define CLI_EXIT_IO 74

#define CLI_DATE_SIZE 32
#define CLI_DAY_SECONDS 86400
#define CLI_EXPIRY_DAYS 30 /* before that it is warned of */

struct cli;

struct cli_option {
	const char *name;     /* long name */
	char letter;	      /* short one, or 0 */
	const char *argument; /* for --help; NULL: takes none */
	const char *help;
	/* What it does: sets a job's option (to `value`, or to the argument
	 * when that is NULL), or calls a function. */
	int job_option; /* enum cardseal_option, or -1 */
	const char *value;
	int (*set)(struct cli *cli, const char *argument);
};

struct cli_command {
	const char *name;
	const char *operands; /* "[IN]" */
	const char *summary;
	const struct cli_option *const *options; /* groups, NULL at the end */
	int operands_max;
	int (*run)(struct cli *cli);
	bool has_own_options; /* agent: passed on as they are */
};

/* One run of the program. */
struct cli {
	const struct cli_command *command;
	struct cardseal_job *job;
	char **operands;
	int operands_len;
	bool is_quiet;
	bool is_verbose;
	bool is_json;
	bool is_verify; /* log --verify */
	bool is_batch;
	bool is_done;		 /* --help or --version has answered */
	const char *output;	 /* -o */
	const char *content;	 /* --content */
	const char *match;	 /* receipt --match */
	const char *sha256;	 /* --sha256 */
	const char *certificate; /* mutt sign --certificate */
	const char *folder;	 /* mutt sync --folder */
	const char *token;	 /* --token */
	const char *key_type;	 /* keys generate --key */
	const char *label;	 /* --label */
	int days;		 /* certs expiring --days; 0: not given */
	bool is_notify;		 /* certs expiring --notify */
	bool is_dry;		 /* setup --dry-run */
	bool is_undo;		 /* setup --undo */
	const char *delegate;	 /* setup --delegate */
	int argc;		 /* as main got them, from the command on */
	char **argv;
};

/* Groups of options (options.c). */
extern const struct cli_option cli_common_options[];
extern const struct cli_option cli_trust_options[];
extern const struct cli_option cli_lookup_options[];
extern const struct cli_option cli_output_options[];
extern const struct cli_option cli_json_options[];

/* Parses argv[1..]; 0, or an exit status after a message. */
int cli_parse(struct cli *cli, int argc, char **argv);
void cli_print_help(const struct cli_command *command, FILE *to);

/* Marks a text of a table, which cli_say then translates. */
#define N_(text) text
/* What people read is from now on in the language of LC_MESSAGES, or in
 * English, as in programs' output. Both here and in the library. */
void cli_translate(bool on);
/* The text in that language. Static. */
const char *cli_say(const char *text) __attribute__((format_arg(1)));
/* "cardseal: " and the text, in the person's language, on standard error. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define CLI_QUOTED_SIZE 128
/* What somebody typed, or a shell found, as a message may show it: what is not
 * printable ASCII as \xNN, and cut where it is long. Returns dst. */
const char *cli_quote(char dst[static CLI_QUOTED_SIZE], const char *text);
/* Prints the job's last error; returns its exit status. */
int cli_fail(const struct cli *cli, int code);
/* Prints warnings, and with -v notes. */
void cli_print_messages(const struct cli *cli);
/* What a job that made something ends with: its error, or its messages.
 * Returns an exit status. */
int cli_end(const struct cli *cli, int code);
/* Prints messages and verdict, and frees it; NULL: the job's error. The exit
 * status of code, or that of printing. */
int cli_end_verdict(
    const struct cli *cli, int code, struct cardseal_verdict *verdict);
/* IN: the first operand, or standard input. */
const char *cli_get_input(const struct cli *cli);
/* Writes a line of JSON to standard output and checks it; exit status. */
int cli_print_json(const char *json);
/* Is the stream still whole? 0, or CLI_EXIT_IO after a message. */
int cli_finish_stdout(void);

/* "2026-11-24T01:02:03Z" (RFC 3339), and its date alone; "?" beyond all
 * calendars. Return dst. */
const char *cli_format_time(char dst[static CLI_DATE_SIZE], int64_t t);
const char *cli_format_date(char dst[static CLI_DATE_SIZE], int64_t t);

/* Where a program is, by its path or on $PATH, links followed; for free. NULL:
 * it is nowhere. */
char *cli_find_program(const char *name);
/* Starts a program with fd as its standard input, and signals as any program
 * expects them. 0, or an errno. */
int cli_spawn(pid_t *pid, const char *program, char **argv, int fd);

struct json_t;
/* As cli_print_json; takes the reference over. NULL: no memory. */
int cli_print_json_value(struct json_t *json);

int cmd_add_signer(struct cli *cli);
int cmd_agent(struct cli *cli);
int cmd_certs_expiring(struct cli *cli);
int cmd_certs_export(struct cli *cli);
int cmd_certs_find(struct cli *cli);
int cmd_certs_import(struct cli *cli);
int cmd_certs_install(struct cli *cli);
int cmd_certs_list(struct cli *cli);
int cmd_certs_remove(struct cli *cli);
int cmd_certs_request(struct cli *cli);
int cmd_certs_show(struct cli *cli);
int cmd_certs_verify(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_events(struct cli *cli);
int cmd_log(struct cli *cli);
int cmd_pin(struct cli *cli);
int cmd_countersign(struct cli *cli);
int cmd_decrypt(struct cli *cli);
int cmd_encrypt(struct cli *cli);
int cmd_keys(struct cli *cli);
int cmd_keys_generate(struct cli *cli);
int cmd_keys_import(struct cli *cli);
int cmd_lock(struct cli *cli);
int cmd_mutt_decrypt(struct cli *cli);
int cmd_mutt_encrypt(struct cli *cli);
int cmd_mutt_get_cert(struct cli *cli);
int cmd_mutt_get_cert_email(struct cli *cli);
int cmd_mutt_get_signer_cert(struct cli *cli);
int cmd_mutt_import(struct cli *cli);
int cmd_mutt_pk7out(struct cli *cli);
int cmd_mutt_sign(struct cli *cli);
int cmd_mutt_sync(struct cli *cli);
int cmd_mutt_verify(struct cli *cli);
int cmd_mutt_verify_opaque(struct cli *cli);
int cmd_read(struct cli *cli);
int cmd_receipt(struct cli *cli);
int cmd_setup(struct cli *cli);
int cmd_setup_anchors(struct cli *cli);
int cmd_sendmail(struct cli *cli);
int cmd_rewrap(struct cli *cli);
int cmd_sign(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_unlock(struct cli *cli);
int cmd_verify(struct cli *cli);
int cmd_verify_batch(struct cli *cli);

extern const struct cli_option cmd_certs_expiring_options[];
extern const struct cli_option cmd_certs_find_options[];
extern const struct cli_option cmd_certs_install_options[];
extern const struct cli_option cmd_certs_request_options[];
extern const struct cli_option cmd_certs_verify_options[];
extern const struct cli_option cmd_keys_generate_options[];
extern const struct cli_option cmd_keys_import_options[];
extern const struct cli_option cmd_setup_options[];
extern const struct cli_option cmd_setup_anchors_options[];
extern const struct cli_option *const cmd_sendmail_groups[];
extern const struct cli_option cmd_edit_options[];
extern const struct cli_option cmd_sign_options[];
extern const struct cli_option cmd_seal_options[];
extern const struct cli_option cmd_log_options[];
extern const struct cli_option cmd_mutt_encrypt_options[];
extern const struct cli_option cmd_mutt_sign_options[];
extern const struct cli_option cmd_mutt_sync_options[];
extern const struct cli_option cmd_mutt_verify_options[];
extern const struct cli_option cmd_verify_options[];
extern const struct cli_option cmd_encrypt_options[];
extern const struct cli_option cmd_decrypt_options[];
extern const struct cli_option cmd_secret_options[]; /* to open with */
extern const struct cli_option cmd_read_options[];
extern const struct cli_option cmd_receipt_options[];
extern const struct cli_option cmd_recipient_options[]; /* encrypt, rewrap */
extern const struct cli_option cmd_rewrap_options[];

#endif
