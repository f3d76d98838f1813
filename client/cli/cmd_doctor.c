/* doctor: what works and what does not, from the reader to the programs. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/cli/doctor.h"

#define DEADLINE_MS 10000
#define OUTPUT_MAX 1048576
#define PARTS 4
#define READER_MAX 64 /* PKCS#11 cuts their names there */
#define EXIT_DEVICE 9

struct part {
	const char *name;
	void (*examine)(struct doctor *d);
	pid_t pid;
	int fd; /* -1: it has told everything */
	char *text;
	size_t len;
	bool is_late;
};

static const char *const level_names[] = {
    [DOCTOR_GOOD] = N_("good"),
    [DOCTOR_NOTE] = N_("note"),
    [DOCTOR_WARNING] = N_("warning"),
    [DOCTOR_WRONG] = "wrong",
};

/* --- telling --- */

/* What tokens and files say may be no UTF-8, or move the cursor. */
static json_t *
make_text(char *text)
{
	json_t *json;
	char *p;

	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = *p == '\n' ? ' ' : '?';
	json = json_string(text);
	if (json != NULL)
		return json;
	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p > 0x7f)
			*p = '?';
	return json_string(text);
}

static void
set_text(json_t *finding, const char *name, const char *text)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	if (copy != NULL)
		json_object_set_new(finding, name, make_text(copy));
	free(copy);
}

static json_t *
make_finding(const struct doctor_finding *f, const char *text)
{
	json_t *json = json_pack(
	    "{s:s, s:s}", "topic", f->topic, "level", level_names[f->level]);

	if (json == NULL)
		return NULL;
	set_text(json, "about", f->about);
	set_text(json, "reader", f->reader);
	set_text(json, "text", text);
	set_text(json, "advice", f->advice != NULL ? cli_say(f->advice) : NULL);
	if (f->level == DOCTOR_WRONG)
		json_object_set_new(
		    json, "exitStatus", json_integer(f->status));
	return json;
}

/* One line each; the reader takes whole ones. */
void
doctor_tell(struct doctor *d, const struct doctor_finding *finding,
    const char *fmt, ...)
{
	char *text = NULL, *line = NULL;
	json_t *json = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, cli_say(fmt), ap) < 0)
		text = NULL;
	va_end(ap);
	if (text != NULL)
		json = make_finding(finding, text);
	if (json != NULL)
		line = json_dumps(json, JSON_COMPACT);
	/* A reader that is gone has no use for it. */
	if (line != NULL && dprintf(d->fd, "%s\n", line) < 0)
		_exit(CLI_EXIT_IO);
	free(line);
	json_decref(json);
	free(text);
}

/* --- the parts' processes --- */

static bool
start_part(struct cli *cli, struct part *part)
{
	struct doctor d = {.cli = cli};
	int fds[2];

	part->fd = -1;
	if (pipe(fds) != 0)
		return false;
	part->pid = fork();
	if (part->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(fds[0]);
		d.fd = fds[1];
		part->examine(&d);
		_exit(0);
	}
	close(fds[1]);
	if (part->pid < 0) {
		close(fds[0]);
		return false;
	}
	part->fd = fds[0];
	return true;
}

/* False at its end. */
static bool
read_part(struct part *part)
{
	char chunk[2048], *text;
	ssize_t n = read(part->fd, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0 || part->len + (size_t)n > OUTPUT_MAX)
		return false;
	text = realloc(part->text, part->len + (size_t)n + 1);
	if (text == NULL)
		return false;
	memcpy(text + part->len, chunk, (size_t)n);
	part->len += (size_t)n;
	text[part->len] = '\0';
	part->text = text;
	return true;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Listens to all of them until each is done, or the time is over. */
static void
read_parts(struct part parts[static PARTS])
{
	int64_t until = now_ms() + DEADLINE_MS, left;
	struct pollfd polls[PARTS];
	nfds_t i, open;

	for (;;) {
		open = 0;
		for (i = 0; i < PARTS; i++) {
			polls[i] = (struct pollfd){
			    .fd = parts[i].fd, .events = POLLIN};
			open += parts[i].fd >= 0;
		}
		left = until - now_ms();
		if (open == 0 || left <= 0)
			return;
		if (poll(polls, PARTS, (int)left) <= 0)
			continue;
		for (i = 0; i < PARTS; i++) {
			if (polls[i].revents == 0 || read_part(&parts[i]))
				continue;
			close(parts[i].fd);
			parts[i].fd = -1;
		}
	}
}

/* Did it end well? A process that cannot even be killed is left alone. */
static bool
end_part(struct part *part)
{
	int status = 0;

	part->is_late = part->fd >= 0;
	if (part->pid <= 0)
		return false;
	if (part->is_late) {
		close(part->fd);
		kill(part->pid, SIGKILL);
		(void)waitpid(part->pid, &status, WNOHANG);
		return false;
	}
	while (waitpid(part->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- what was found --- */

static void
add_lines(json_t *list, char *text)
{
	json_t *finding;
	char *end;

	while (text != NULL && (end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		finding = json_loads(text, 0, NULL);
		if (json_is_object(finding))
			json_array_append(list, finding);
		json_decref(finding);
		text = end + 1;
	}
}

static void
add_failure(json_t *list, const struct part *part)
{
	const struct doctor_finding
	    late = {.topic = part->name,
		.level = DOCTOR_WRONG,
		.status = EXIT_DEVICE,
		.advice = N_("see what holds it up: a card or reader "
			     "that hangs, or a stopped process; pull "
			     "the card, or start the service anew")},
	    broken = {.topic = part->name,
		.level = DOCTOR_WRONG,
		.status = CLI_EXIT_INTERNAL};

	if (part->is_late)
		json_array_append_new(
		    list, make_finding(
			      &late, cli_say("gave no answer in 10 seconds")));
	else
		json_array_append_new(
		    list, make_finding(&broken,
			      cli_say("could not be examined to the end")));
}

static const char *
get(const json_t *finding, const char *name)
{
	const char *text = json_string_value(json_object_get(finding, name));

	return text != NULL ? text : "";
}

static bool
is_topic(const json_t *finding, const char *topic)
{
	return strcmp(get(finding, "topic"), topic) == 0;
}

static bool
has_topic(const json_t *list, const char *topic)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(
	    list, i, finding) if (is_topic(finding, topic)) return true;
	return false;
}

/* Has the agent a token in that reader? */
static bool
has_token(const json_t *list, const char *reader)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(list, i,
	    finding) if (is_topic(finding, "token") &&
			 strncmp(get(finding, "reader"), reader, READER_MAX) ==
			     0) return true;
	return false;
}

static void
soften(json_t *finding)
{
	json_object_set_new(
	    finding, "level", json_string(level_names[DOCTOR_NOTE]));
	json_object_del(finding, "exitStatus");
}

/* What one part found may mean something else beside another's. */
static void
compare_parts(json_t *list)
{
	static const struct doctor_finding stray = {.topic = N_("driver"),
	    .level = DOCTOR_WRONG,
	    .status = 4,
	    .advice = N_("ask OpenSC which driver takes it: \"opensc-tool "
			 "--name\"; a card that none takes needs its maker's "
			 "PKCS#11 module")};
	bool has_agent = has_topic(list, "module"),
	     has_tokens = has_topic(list, "token");
	json_t *finding;
	size_t i, len = json_array_size(list);

	for (i = 0; i < len; i++) {
		finding = json_array_get(list, i);
		if (has_tokens &&
		    (is_topic(finding, "pcscd") || is_topic(finding, "reader")))
			soften(finding);
		if (!has_agent || !is_topic(finding, "card") ||
		    strcmp(get(finding, "level"), "good") != 0 ||
		    has_token(list, get(finding, "reader")))
			continue;
		json_array_append_new(list,
		    make_finding(&stray,
			cli_say("no module has a token for the card in the "
				"reader")));
	}
}

/* The exit status of the first thing that is wrong. */
static int
get_status(const json_t *list, size_t *wrong)
{
	const json_t *finding;
	size_t i;
	int status = 0;

	*wrong = 0;
	json_array_foreach(list, i, finding)
	{
		if (strcmp(get(finding, "level"), "wrong") != 0)
			continue;
		if ((*wrong)++ == 0)
			status = (int)json_integer_value(
			    json_object_get(finding, "exitStatus"));
	}
	return status;
}

static void
print_findings(const struct cli *cli, const json_t *list, size_t wrong)
{
	const json_t *finding;
	const char *level, *topic;
	size_t i;

	json_array_foreach(list, i, finding)
	{
		level = get(finding, "level");
		topic = get(finding, "topic");
		if (cli->is_quiet && strcmp(level, "wrong") != 0 &&
		    strcmp(level, "warning") != 0)
			continue;
		printf("%-8s %s: %s\n",
		    strcmp(level, "wrong") == 0 ? cli_say("WRONG")
						: cli_say(level),
		    cli_say(topic), get(finding, "text"));
		if (json_object_get(finding, "advice") != NULL)
			printf("         -> %s\n", get(finding, "advice"));
	}
	if (!cli->is_quiet && wrong == 0)
		printf("%s", cli_say("nothing is wrong\n"));
	else if (!cli->is_quiet)
		printf(wrong == 1 ? cli_say("%zu thing is wrong\n")
				  : cli_say("%zu things are wrong\n"),
		    wrong);
}

int
cmd_doctor(struct cli *cli)
{
	struct part parts[PARTS] = {
	    {.name = N_("pcscd"), .examine = doctor_examine_service},
	    {.name = N_("agent"), .examine = doctor_examine_agent},
	    {.name = N_("client"), .examine = doctor_examine_clients},
	    {.name = N_("clock"), .examine = doctor_examine_clock},
	};
	json_t *list = json_array();
	size_t i, wrong;
	int status, printed = 0;
	bool is_whole;

	for (i = 0; i < PARTS; i++)
		(void)start_part(cli, &parts[i]);
	read_parts(parts);
	for (i = 0; i < PARTS; i++) {
		is_whole = end_part(&parts[i]);
		add_lines(list, parts[i].text);
		free(parts[i].text);
		if (!is_whole)
			add_failure(list, &parts[i]);
	}
	compare_parts(list);
	status = get_status(list, &wrong);
	if (cli->is_json)
		printed = cli_print_json_value(json_pack("{s:i, s:i, s:O}",
		    "version", 1, "exitStatus", status, "findings", list));
	else
		print_findings(cli, list, wrong);
	json_decref(list);
	return status != 0 ? status : printed;
}
