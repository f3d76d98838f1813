/*
 * cmd_sendmail.c: in the place of sendmail(8): signs, encrypts when it can or
 * as asked, and hands to the real one. What is not as asked is not sent.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/cli.h"

#define SENDMAIL "/usr/sbin/sendmail"
#define EXIT_REFUSED 8
#define EXIT_TRY_AGAIN 75
/* sendmail's options that take an argument. */
#define WITH_ARGUMENT "BCFLNOQRVXfhopr"

extern char **environ;

enum sealing { SEAL_AUTO, SEAL_ALWAYS, SEAL_NEVER };

struct mailing {
	struct cli *cli;
	enum sealing sealing;
	const char *program;
	char **options; /* for the real one; those of ours are left out */
	size_t options_len;
	char **recipients;
	size_t recipients_len;
	bool from_header;  /* -t */
	bool is_encrypted; /* in the end */
	char dir[64];	   /* of the copies for Bcc; "" if there is none */
};

static const struct cli_option sendmail_options[] = {
    {"encrypt", 0, "auto|always|never",
	N_("encrypt if all recipients have certificates, or as asked"), -1,
	NULL, NULL},
    {"sendmail", 0, "PROGRAM", N_("the real sendmail"), -1, NULL, NULL},
    {"key", 0, "KEY", N_("sign with that key"), CARDSEAL_KEY, NULL, NULL},
    {"recipient-file", 0, "CERTFILE", N_("certificates of recipients"),
	CARDSEAL_RECIPIENT_FILE, NULL, NULL},
    {"headers", 0, "plain|protect|hide", N_("put the header inside as well"),
	CARDSEAL_HEADERS, NULL, NULL},
    {"legacy-display", 0, "no|yes",
	N_("show what is hidden in the text, for older programs"),
	CARDSEAL_LEGACY_DISPLAY, NULL, NULL},
    {0},
};

/* --- options --- */

static int
set_sealing(struct mailing *m, const char *value)
{
	if (value == NULL)
		return CLI_EXIT_USAGE;
	if (strcmp(value, "auto") == 0)
		m->sealing = SEAL_AUTO;
	else if (strcmp(value, "always") == 0)
		m->sealing = SEAL_ALWAYS;
	else if (strcmp(value, "never") == 0)
		m->sealing = SEAL_NEVER;
	else {
		cli_error("sendmail: --encrypt is auto, always or never");
		return CLI_EXIT_USAGE;
	}
	return 0;
}

static int
set_own(struct mailing *m, const struct cli_option *o, const char *value)
{
	const char *name = o->name;

	if (o->set != NULL)
		return o->set(m->cli, value);
	if (strcmp(name, "encrypt") == 0)
		return set_sealing(m, value);
	if (strcmp(name, "sendmail") == 0) {
		m->program = value;
		return 0;
	}
	if (cardseal_job_set(
		m->cli->job, (enum cardseal_option)o->job_option, value) == 0)
		return 0;
	cli_error(
	    "sendmail: --%s: %s", name, cardseal_job_get_error(m->cli->job));
	return CLI_EXIT_USAGE;
}

static const struct cli_option *
find_long(const struct cli_option *o, const char *name, size_t len)
{
	while (o->name != NULL &&
	       (strlen(o->name) != len || strncmp(o->name, name, len) != 0))
		o++;
	return o;
}

/* "--name VALUE" or "--name=VALUE"; *i goes to the last word taken. */
static int
take_long(struct mailing *m, int argc, char **argv, int *i)
{
	const char *word = argv[*i] + 2, *value = strchr(word, '=');
	size_t len = value != NULL ? (size_t)(value - word) : strlen(word);
	const struct cli_option *o = find_long(sendmail_options, word, len);
	char quoted[CLI_QUOTED_SIZE];

	if (o->name == NULL)
		o = find_long(cli_common_options, word, len);
	if (o->name != NULL && o->argument == NULL)
		return set_own(m, o, NULL);
	if (o->name == NULL) {
		cli_error("sendmail: there is no option %s; see \"cardseal "
			  "sendmail --help\"",
		    cli_quote(quoted, argv[*i]));
		return CLI_EXIT_USAGE;
	}
	if (value != NULL)
		return set_own(m, o, value + 1);
	if (*i + 1 >= argc) {
		cli_error("sendmail: --%s wants an argument", o->name);
		return CLI_EXIT_USAGE;
	}
	return set_own(m, o, argv[++*i]);
}

/* sendmail's own options go on as they are. */
static void
take_short(struct mailing *m, int argc, char **argv, int *i)
{
	const char *word = argv[*i];

	/* "-ti" and the like: -i is given on in any case. */
	if (word[strspn(word + 1, "tiv") + 1] == '\0') {
		m->from_header |= strchr(word, 't') != NULL;
		if (strchr(word, 'v') == NULL)
			return;
		m->cli->is_verbose = true;
		m->options[m->options_len++] = (char *)(uintptr_t) "-v";
		return;
	}
	if (strcmp(word, "-q") == 0) {
		m->cli->is_quiet = true;
		return;
	}
	m->options[m->options_len++] = argv[*i];
	if (strchr(WITH_ARGUMENT, word[1]) != NULL && word[2] == '\0' &&
	    *i + 1 < argc)
		m->options[m->options_len++] = argv[++*i];
}

static int
take_arguments(struct mailing *m, int argc, char **argv)
{
	bool has_ended = false;
	int i, status = 0;

	for (i = 1; i < argc && status == 0 && !m->cli->is_done; i++) {
		if (has_ended || argv[i][0] != '-' || argv[i][1] == '\0')
			m->recipients[m->recipients_len++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			has_ended = true;
		else if (argv[i][1] == '-')
			status = take_long(m, argc, argv, &i);
		else
			take_short(m, argc, argv, &i);
	}
	if (status != 0 || m->cli->is_done)
		return status;
	if (m->recipients_len == 0 && !m->from_header) {
		cli_error("sendmail: no recipients; give them, or -t to take "
			  "those of the header");
		return CLI_EXIT_USAGE;
	}
	return 0;
}

/* --- making the mail --- */

/* What a mail queue should try once more: the token or its agent is away. */
static int
exit_status(int code)
{
	int status = cardseal_exit_status(code);

	if (strcmp(cardseal_code_name(code), "NO_CERT") == 0)
		return EXIT_REFUSED;
	switch (status) {
	case 3: /* agent */
	case 4: /* token */
	case 5: /* PIN */
	case 9: /* device */
		return EXIT_TRY_AGAIN;
	default:
		return status;
	}
}

static int
make_once(struct mailing *m, struct cardseal_input *in, int fd)
{
	struct cardseal_job *job = m->cli->job;
	struct cardseal_output *out;
	int r;

	cardseal_job_set(job, CARDSEAL_ENCRYPT, m->is_encrypted ? "1" : "0");
	out = cardseal_output_fd(job, fd);
	r = out != NULL ? cardseal_sign(job, in, out)
			: cardseal_job_get_code(job);
	cardseal_output_free(out);
	return r;
}

static int
make_dir(struct mailing *m)
{
	const char *tmp = getenv("TMPDIR");

	if (snprintf(m->dir, sizeof(m->dir), "%s/cardseal-XXXXXX",
		tmp != NULL ? tmp : "/tmp") >= (int)sizeof(m->dir))
		snprintf(m->dir, sizeof(m->dir), "/tmp/cardseal-XXXXXX");
	if (mkdtemp(m->dir) == NULL) {
		cli_error("sendmail: %s: %s", m->dir, strerror(errno));
		m->dir[0] = '\0';
		return CLI_EXIT_IO;
	}
	cardseal_job_set(m->cli->job, CARDSEAL_BCC_DIR, m->dir);
	return 0;
}

static int
make_mail(struct mailing *m, struct cardseal_input *in, int fd)
{
	struct cardseal_job *job = m->cli->job;
	size_t i;
	int r = 0;

	m->is_encrypted = m->sealing != SEAL_NEVER;
	if (m->is_encrypted) {
		r = make_dir(m);
		if (r != 0)
			return r;
	}
	if (m->from_header)
		r = cardseal_job_set(job, CARDSEAL_ENVELOPE, "header");
	for (i = 0; r == 0 && i < m->recipients_len; i++)
		r = cardseal_job_set(job, CARDSEAL_ENVELOPE, m->recipients[i]);
	if (r == 0)
		r = make_once(m, in, fd);
	if (r != 0 && m->sealing == SEAL_AUTO &&
	    strcmp(cardseal_code_name(r), "NO_CERT") == 0) {
		cli_error(
		    "sendmail: not encrypted: %s", cardseal_job_get_error(job));
		m->is_encrypted = false;
		r = ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0
			? make_once(m, in, fd)
			: CLI_EXIT_IO;
	}
	if (r == 0)
		return 0;
	cli_fail(m->cli, r);
	return r > 0 ? r : exit_status(r);
}

/* --- handing on --- */

/* Runs the real one with the mail as its standard input. */
static int
hand_on(struct mailing *m, int fd, bool from_header, char **recipients,
    size_t recipients_len)
{
	char **argv;
	size_t n = 0;
	pid_t pid;
	int r, status;

	argv = calloc(m->options_len + recipients_len + 5, sizeof(*argv));
	if (argv == NULL || lseek(fd, 0, SEEK_SET) != 0) {
		free(argv);
		return CLI_EXIT_IO;
	}
	argv[n++] = (char *)"sendmail";
	memcpy(argv + n, m->options, m->options_len * sizeof(*argv));
	n += m->options_len;
	argv[n++] = (char *)"-i";
	if (from_header)
		argv[n++] = (char *)"-t";
	argv[n++] = (char *)"--";
	memcpy(argv + n, recipients, recipients_len * sizeof(*argv));
	r = cli_spawn(&pid, m->program, argv, fd);
	free(argv);
	if (r != 0) {
		cli_error("sendmail: %s: %s", m->program, strerror(r));
		return EXIT_TRY_AGAIN;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_EXIT_INTERNAL;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_TRY_AGAIN;
}

/* A copy of its own for a blind recipient: DIR/ADDRESS.eml. */
static int
hand_on_copy(struct mailing *m, int dir_fd, const char *name)
{
	size_t len = strlen(name);
	char *address;
	int fd, status;

	if (len < 5 || strcmp(name + len - 4, ".eml") != 0)
		return 0;
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	address = strndup(name, len - 4);
	status = fd >= 0 && address != NULL ? hand_on(m, fd, false, &address, 1)
					    : CLI_EXIT_IO;
	if (fd >= 0)
		close(fd);
	free(address);
	return status;
}

static int
hand_on_copies(struct mailing *m)
{
	DIR *dir = opendir(m->dir);
	struct dirent *entry;
	int status = 0;

	if (dir == NULL)
		return CLI_EXIT_IO;
	while (status == 0 && (entry = readdir(dir)) != NULL)
		status = hand_on_copy(m, dirfd(dir), entry->d_name);
	closedir(dir);
	return status;
}

/* Is there a copy of its own for that recipient? */
static bool
has_copy(const struct mailing *m, const char *address)
{
	char path[1024];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s.eml", m->dir, address);
	return stat(path, &st) == 0;
}

static int
hand_on_all(struct mailing *m, int fd)
{
	size_t i, n = 0;
	int status = 0;

	if (!m->is_encrypted)
		return hand_on(
		    m, fd, m->from_header, m->recipients, m->recipients_len);
	for (i = 0; i < m->recipients_len; i++)
		if (!has_copy(m, m->recipients[i]))
			m->recipients[n++] = m->recipients[i];
	if (n > 0 || m->from_header)
		status = hand_on(m, fd, m->from_header, m->recipients, n);
	return status == 0 ? hand_on_copies(m) : status;
}

static void
remove_copies(const struct mailing *m)
{
	struct dirent *entry;
	DIR *dir = m->dir[0] != '\0' ? opendir(m->dir) : NULL;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL) {
		closedir(dir);
		rmdir(m->dir);
	}
}

/* --- the command --- */

/* An unlinked file for the mail as it goes out. */
static int
open_spool(void)
{
	char path[] = "/var/tmp/cardseal-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		cli_error("sendmail: %s: %s", path, strerror(errno));
	else
		unlink(path);
	return fd;
}

static int
send_mail(struct mailing *m)
{
	struct cardseal_input *in = cardseal_input_open(m->cli->job, "-");
	int fd = in != NULL ? open_spool() : -1, status = CLI_EXIT_IO;

	if (fd >= 0) {
		status = make_mail(m, in, fd);
		if (status == 0)
			status = hand_on_all(m, fd);
		remove_copies(m);
		close(fd);
	}
	cardseal_input_free(in);
	return status;
}

int
cmd_sendmail(struct cli *cli)
{
	const char *program = getenv("CARDSEAL_SENDMAIL");
	struct mailing m = {
	    .cli = cli, .program = program != NULL ? program : SENDMAIL};
	int status = CLI_EXIT_INTERNAL;

	cli->job = cardseal_job_new();
	m.options = calloc((size_t)cli->argc + 1, sizeof(*m.options));
	m.recipients = calloc((size_t)cli->argc + 1, sizeof(*m.recipients));
	if (cli->job != NULL && m.options != NULL && m.recipients != NULL) {
		cardseal_job_set(cli->job, CARDSEAL_PROGRAM, "cardseal");
		status = take_arguments(&m, cli->argc, cli->argv);
		if (status == 0 && !cli->is_done)
			status = send_mail(&m);
	}
	free(m.options);
	free(m.recipients);
	cardseal_job_free(cli->job);
	cli->job = NULL;
	return status;
}

const struct cli_option *const cmd_sendmail_groups[] = {
    sendmail_options, cli_common_options, NULL};
