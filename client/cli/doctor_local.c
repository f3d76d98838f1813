/* doctor: what this machine has, beside the agent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/doctor.h"

#define EXIT_NO_TOKEN 4
#define EXIT_PIN 5
#define EXIT_DEVICE 9
#define PATH_SIZE 1024
#define CMDLINE_MAX 2048
/* No earlier time is right: nothing of this was written before. */
#define CLOCK_LEAST 1704067200 /* 2024 */

/* --- pcscd and readers --- */

static void
tell_service(struct doctor *d, const char *state, const char *text)
{
	struct doctor_finding f = {
	    .topic = N_("pcscd"), .level = DOCTOR_WRONG, .status = EXIT_DEVICE};

	if (strcmp(state, "ok") == 0) {
		f.level = DOCTOR_GOOD;
		doctor_tell(d, &f, "the PC/SC service answers");
	} else if (strcmp(state, "absent") == 0) {
		f.advice = N_("install pcscd, and start it: \"systemctl enable "
			      "--now pcscd.socket\"");
		doctor_tell(d, &f, "the PC/SC service does not run");
	} else if (strcmp(state, "refused") == 0) {
		f.advice =
		    N_("polkit lets who sits at the machine: log in there, "
		       "or have a rule for org.debian.pcsc-lite.access_pcsc"
		       " and org.debian.pcsc-lite.access_card");
		doctor_tell(d, &f,
		    "polkit does not let this user at the PC/SC service");
	} else {
		f.advice = N_("see its log: \"journalctl -u pcscd\"");
		doctor_tell(d, &f, "the PC/SC service does not work: %s", text);
	}
}

static void
tell_reader(struct doctor *d, const char *state, const char *name)
{
	struct doctor_finding f = {.topic = N_("card"),
	    .level = DOCTOR_WRONG,
	    .status = EXIT_NO_TOKEN,
	    .about = name,
	    .reader = name};

	if (strcmp(state, "empty") == 0) {
		f.topic = N_("reader");
		f.level = DOCTOR_NOTE;
		doctor_tell(d, &f, "no card is in the reader \"%s\"", name);
	} else if (strcmp(state, "mute") == 0) {
		f.advice = N_("put it in the other way round, or clean its "
			      "contacts");
		doctor_tell(
		    d, &f, "the card in the reader \"%s\" is silent", name);
	} else if (strcmp(state, "exclusive") == 0) {
		f.status = EXIT_DEVICE;
		f.advice = N_("end the other program: often gpg's scdaemon "
			      "(\"gpgconf --kill scdaemon\")");
		doctor_tell(d, &f,
		    "another program keeps the card in the reader \"%s\" to "
		    "itself",
		    name);
	} else {
		f.level = DOCTOR_GOOD;
		doctor_tell(d, &f, "a card is in the reader \"%s\"", name);
	}
}

/* Splits off the first word of the line. */
static char *
take_word(char **line)
{
	char *word = *line;

	*line += strcspn(word, " ");
	if (**line != '\0')
		*(*line)++ = '\0';
	return word;
}

/* token/readers.h has the form. */
static void
tell_lines(struct doctor *d, FILE *from)
{
	static const struct doctor_finding
	    none = {.topic = N_("reader"),
		.level = DOCTOR_WRONG,
		.status = EXIT_NO_TOKEN,
		.advice =
		    N_("plug one in; if one is, install its driver: libccid "
		       "for most")},
	    unknown = {.topic = N_("pcscd"), .level = DOCTOR_WARNING};
	char *line = NULL, *rest, *kind, *state;
	size_t size = 0, readers = 0;
	bool is_up = false, is_told = false;

	while (getline(&line, &size, from) > 0) {
		line[strcspn(line, "\n")] = '\0';
		rest = line;
		kind = take_word(&rest);
		state = take_word(&rest);
		if (strcmp(kind, "service") == 0) {
			is_told = true;
			is_up = strcmp(state, "ok") == 0;
			tell_service(d, state, rest);
		} else if (strcmp(kind, "reader") == 0) {
			readers++;
			tell_reader(d, state, rest);
		}
	}
	free(line);
	if (is_up && readers == 0)
		doctor_tell(d, &none, "the PC/SC service has no reader");
	if (!is_told)
		doctor_tell(
		    d, &unknown, "cardseal-token does not tell of readers");
}

void
doctor_examine_service(struct doctor *d)
{
	const char *dir = getenv("CARDSEAL_LIBEXECDIR");
	char path[PATH_SIZE];
	FILE *from;
	int fds[2];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/cardseal-token",
	    dir != NULL ? dir : CS_PKGLIBEXECDIR);
	if (pipe(fds) != 0)
		return;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		(void)dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl(path, "cardseal-token", "--list-readers", (char *)NULL);
		_exit(CLI_EXIT_INTERNAL);
	}
	close(fds[1]);
	from = fdopen(fds[0], "r");
	if (from != NULL) {
		tell_lines(d, from);
		fclose(from);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

/* --- pinentry --- */

/* The value of "name = value" in an agent.conf; false if it has none. */
static bool
read_setting(const char *path, const char *name, char value[PATH_SIZE])
{
	char *line = NULL, *at;
	size_t size = 0, len = strlen(name);
	bool is_found = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (getline(&line, &size, f) > 0) {
		at = line + strspn(line, " \t");
		if (strncmp(at, name, len) != 0)
			continue;
		at += len + strspn(at + len, " \t");
		if (*at != '=' && *at != ':')
			continue;
		at++;
		at += strspn(at, " \t");
		snprintf(
		    value, PATH_SIZE, "%.*s", (int)strcspn(at, " \t\r\n"), at);
		is_found = true;
	}
	free(line);
	fclose(f);
	return is_found;
}

/* The argument of an option of the process; false if it has none. */
static bool
read_argument(unsigned pid, const char *option, char value[PATH_SIZE])
{
	char path[64], words[CMDLINE_MAX + 1];
	size_t len = 0, at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (len < CMDLINE_MAX &&
	       (n = read(fd, words + len, CMDLINE_MAX - len)) > 0)
		len += (size_t)n;
	close(fd);
	words[len] = '\0';
	for (at = 0; at < len; at += strlen(words + at) + 1) {
		if (strcmp(words + at, option) != 0)
			continue;
		at += strlen(words + at) + 1;
		if (at < len)
			snprintf(value, PATH_SIZE, "%s", words + at);
		return at < len;
	}
	return false;
}

/* What the agent is told to start, as it would be found. */
static void
find_pinentry(unsigned pid, char name[PATH_SIZE])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char path[PATH_SIZE];

	snprintf(name, PATH_SIZE, "pinentry");
	(void)read_setting(
	    CS_SYSCONFDIR "/cardseal/agent.conf", "pinentry", name);
	if (config != NULL && config[0] == '/')
		snprintf(path, sizeof(path), "%s/cardseal/agent.conf", config);
	else
		snprintf(path, sizeof(path), "%s/.config/cardseal/agent.conf",
		    home != NULL ? home : "");
	(void)read_setting(path, "pinentry", name);
	if (pid != 0 && read_argument(pid, "--config", path)) {
		snprintf(name, PATH_SIZE, "pinentry");
		(void)read_setting(path, "pinentry", name);
	}
	if (pid != 0)
		(void)read_argument(pid, "--pinentry", name);
}

void
doctor_examine_pinentry(struct doctor *d, unsigned pid)
{
	struct doctor_finding f = {.topic = N_("pinentry"),
	    .level = DOCTOR_WRONG,
	    .status = EXIT_PIN,
	    .advice = N_("install pinentry-gnome3, pinentry-qt or "
			 "pinentry-curses, or name one in agent.conf")};
	char name[PATH_SIZE], *found;
	const char *base;

	find_pinentry(pid, name);
	found = cli_find_program(name);
	if (found == NULL) {
		doctor_tell(
		    d, &f, "no program \"%s\" is there to ask for a PIN", name);
		return;
	}
	base = strrchr(found, '/') + 1;
	f.about = found;
	f.level = DOCTOR_GOOD;
	f.advice = NULL;
	if (strcmp(base, "pinentry-curses") == 0 ||
	    strcmp(base, "pinentry-tty") == 0) {
		f.level = DOCTOR_NOTE;
		f.advice = N_("install pinentry-gnome3 or pinentry-qt for "
			      "programs without a terminal");
		doctor_tell(
		    d, &f, "PINs are asked for in a terminal, by %s", found);
	} else {
		doctor_tell(d, &f, "PINs are asked for by %s", found);
	}
	free(found);
}

/* --- the clock --- */

void
doctor_examine_clock(struct doctor *d)
{
	struct doctor_finding f = {.topic = N_("clock"),
	    .level = DOCTOR_WRONG,
	    .status = EXIT_DEVICE,
	    .advice =
		N_("set it, or have it set: \"timedatectl set-ntp true\"")};
	struct timex timex = {0};
	time_t now = time(NULL);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (now < CLOCK_LEAST) {
		doctor_tell(d, &f, "the clock is wrong: it says %s", text);
	} else if (adjtimex(&timex) == TIME_ERROR) {
		f.level = DOCTOR_NOTE;
		doctor_tell(d, &f,
		    "the clock says %s, and nothing keeps it right", text);
	} else {
		f.level = DOCTOR_GOOD;
		f.advice = NULL;
		doctor_tell(d, &f, "the clock is kept right: %s", text);
	}
}
