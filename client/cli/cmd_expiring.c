/* certs expiring: own certificates that end soon. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/cli.h"

#define DAYS_MAX 3650
#define NOTIFY_PROGRAM "notify-send"

static int
set_days(struct cli *cli, const char *argument)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(argument, &end, 10);
	if (errno != 0 || end == argument || *end != '\0' || n < 1 ||
	    n > DAYS_MAX) {
		cli_error(
		    "%s: --days takes 1 to %d", cli->command->name, DAYS_MAX);
		return CLI_EXIT_USAGE;
	}
	cli->days = (int)n;
	return 0;
}

static int
set_notify(struct cli *cli, const char *argument)
{
	(void)argument;
	cli->is_notify = true;
	return 0;
}

const struct cli_option cmd_certs_expiring_options[] = {
    {"days", 0, "N", "within so many days; 30 unless given", -1, NULL,
	set_days},
    {"notify", 0, NULL, "show it on the desktop, too (notify-send)", -1, NULL,
	set_notify},
    {0},
};

/* What ends in that time from now, or ended as long ago: a card may have been
 * out for some time, but one of years ago is not news. */
struct span {
	int64_t from, to;
};

static bool
is_in(const struct span *span, const struct cardseal_key *k)
{
	return k->certificate_sha256[0] != '\0' && k->not_after >= span->from &&
	       k->not_after <= span->to;
}

/* The same key may have its next certificate already. */
static bool
has_next(const struct cardseal_keys *keys, const struct span *span,
    const struct cardseal_key *k)
{
	const struct cardseal_key *other;
	size_t i;

	for (i = 0; i < cardseal_keys_get_len(keys); i++) {
		other = cardseal_keys_get_key(keys, i);
		if (strcmp(other->key_id, k->key_id) == 0 &&
		    other->certificate_sha256[0] != '\0' &&
		    other->not_after > span->to)
			return true;
	}
	return false;
}

static void
tell(FILE *to, const struct cardseal_key *k, int64_t now)
{
	char date[CLI_DATE_SIZE];

	fprintf(to,
	    "the certificate of %s (key \"%s\" on token \"%s\") %s on %s\n",
	    k->addresses[0] != '\0' ? k->addresses : k->subject, k->label,
	    k->token_label, k->not_after < now ? "expired" : "expires",
	    cli_format_date(date, k->not_after));
}

static json_t *
key_to_json(const struct cardseal_key *k)
{
	char date[CLI_DATE_SIZE];

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "sha256",
	    k->certificate_sha256, "keyId", k->key_id, "label", k->label,
	    "tokenLabel", k->token_label, "addresses", k->addresses, "subject",
	    k->subject, "notAfter", cli_format_time(date, k->not_after));
}

/* Desktops take some signs for markup. */
static void
drop_markup(char *text)
{
	for (; *text != '\0'; text++)
		if (strchr("<>&", *text) != NULL)
			*text = ' ';
}

/* Where there is no such program, or no desktop, it was printed anyway. */
static void
notify(const struct cli *cli, char *text)
{
	char *program = cli_find_program(NOTIFY_PROGRAM);
	char *argv[] = {(char *)NOTIFY_PROGRAM, (char *)"--app-name=cardseal",
	    (char *)"--", (char *)"A certificate expires", text, NULL};
	int fd, status = 0, r = -1;
	pid_t pid;

	if (program == NULL)
		return;
	drop_markup(text);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		r = cli_spawn(&pid, program, argv, fd);
		(void)close(fd);
	}
	while (r == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if ((r != 0 || status != 0) && cli->is_verbose)
		cli_error(
		    "%s: %s did not show it", cli->command->name, program);
	free(program);
}

static int
tell_all(struct cli *cli, const struct cardseal_keys *keys,
    const struct span *span, int64_t now)
{
	json_t *array = cli->is_json ? json_array() : NULL;
	const struct cardseal_key *k;
	char *text = NULL;
	size_t i, len = 0;
	FILE *all = open_memstream(&text, &len);

	for (i = 0; all != NULL && i < cardseal_keys_get_len(keys); i++) {
		k = cardseal_keys_get_key(keys, i);
		if (!is_in(span, k) || has_next(keys, span, k))
			continue;
		tell(all, k, now);
		if (array != NULL)
			(void)json_array_append_new(array, key_to_json(k));
	}
	if (all == NULL || fclose(all) != 0) {
		json_decref(array);
		free(text);
		cli_error("no memory is left");
		return CLI_EXIT_INTERNAL;
	}
	if (array == NULL)
		fputs(text, stdout);
	if (cli->is_notify && len != 0)
		notify(cli, text);
	free(text);
	return array != NULL ? cli_print_json_value(array)
			     : cli_finish_stdout();
}

int
cmd_certs_expiring(struct cli *cli)
{
	int64_t now = (int64_t)time(NULL);
	int64_t days = cli->days != 0 ? cli->days : CLI_EXPIRY_DAYS;
	struct span span = {
	    now - days * CLI_DAY_SECONDS, now + days * CLI_DAY_SECONDS};
	struct cardseal_keys *keys;
	int status, code = cardseal_keys_get(cli->job, &keys);

	if (code != 0)
		return cli_fail(cli, code);
	status = tell_all(cli, keys, &span, now);
	cardseal_keys_free(keys);
	return status;
}
