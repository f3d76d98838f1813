#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libintl.h>
#include <locale.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/cli.h"

#define PATH_LEN_MAX 1024

static bool is_translated;

void
cli_translate(bool on)
{
	setlocale(LC_MESSAGES, on ? "" : "C");
	cardseal_translate(on);
	is_translated = on;
}

const char *
cli_say(const char *text)
{
	/* The empty text's translation is the catalogue's header. */
	return is_translated && text[0] != '\0' ? dgettext("cardseal", text)
						: text;
}

void
cli_error(const char *fmt, ...)
{
	va_list ap;

	fputs("cardseal: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, cli_say(fmt), ap);
	va_end(ap);
	fputc('\n', stderr);
}

const char *
cli_quote(char dst[static CLI_QUOTED_SIZE], const char *text)
{
	size_t used = 0;
	unsigned char c;

	/* room for \xNN, "..." and the NUL */
	for (; *text != '\0' && used + 8 <= CLI_QUOTED_SIZE; text++) {
		c = (unsigned char)*text;
		used += (size_t)snprintf(dst + used, CLI_QUOTED_SIZE - used,
		    c >= ' ' && c < 0x7f && c != '\\' ? "%c" : "\\x%02x", c);
	}
	snprintf(dst + used, CLI_QUOTED_SIZE - used, "%s",
	    *text != '\0' ? "..." : "");
	return dst;
}

int
cli_fail(const struct cli *cli, int code)
{
	cli_print_messages(cli);
	cli_error(
	    "%s: %s", cli->command->name, cardseal_job_get_error(cli->job));
	return cardseal_exit_status(code);
}

void
cli_print_messages(const struct cli *cli)
{
	const char *line;
	size_t i;

	if (cli->is_quiet)
		return;
	for (i = 0; (line = cardseal_job_get_warning(cli->job, i)) != NULL; i++)
		cli_error("%s: warning: %s", cli->command->name, line);
	if (!cli->is_verbose)
		return;
	for (i = 0; (line = cardseal_job_get_note(cli->job, i)) != NULL; i++)
		cli_error("%s: %s", cli->command->name, line);
}

int
cli_end(const struct cli *cli, int code)
{
	if (code != 0)
		return cli_fail(cli, code);
	cli_print_messages(cli);
	return 0;
}

const char *
cli_get_input(const struct cli *cli)
{
	return cli->operands_len > 0 ? cli->operands[0] : "-";
}

int
cli_finish_stdout(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	cli_error("standard output: %s", strerror(errno));
	return CLI_EXIT_IO;
}

int
cli_print_json(const char *json)
{
	printf("%s\n", json);
	return cli_finish_stdout();
}

int
cli_print_json_value(struct json_t *json)
{
	char *text = NULL;
	int status;

	if (json != NULL)
		text = json_dumps(json, JSON_INDENT(2));
	json_decref(json);
	if (text == NULL) {
		cli_error("no memory is left");
		return CLI_EXIT_INTERNAL;
	}
	status = cli_print_json(text);
	free(text);
	return status;
}

char *
cli_find_program(const char *name)
{
	const char *at = getenv("PATH");
	char path[PATH_LEN_MAX];
	size_t len;

	snprintf(path, sizeof(path), "%s", name);
	if (strchr(name, '/') != NULL)
		at = NULL;
	while (at != NULL && *at != '\0') {
		len = strcspn(at, ":");
		if (snprintf(path, sizeof(path), "%.*s/%s", (int)len, at,
			name) < (int)sizeof(path) &&
		    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
			break;
		at += len;
		at += strspn(at, ":");
	}
	if (strchr(path, '/') == NULL ||
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return NULL;
	return realpath(path, NULL);
}

int
cli_spawn(pid_t *pid, const char *program, char **argv, int fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	sigaddset(&signals, SIGXFSZ);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &signals);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 0);
	r = posix_spawn(pid, program, &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return r;
}

const char *
cli_format_time(char dst[static CLI_DATE_SIZE], int64_t t)
{
	time_t seconds = (time_t)t;
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
	    strftime(dst, CLI_DATE_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(dst, CLI_DATE_SIZE, "?");
	return dst;
}

const char *
cli_format_date(char dst[static CLI_DATE_SIZE], int64_t t)
{
	cli_format_time(dst, t);
	dst[strcspn(dst, "T")] = '\0';
	return dst;
}
