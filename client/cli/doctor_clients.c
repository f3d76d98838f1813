/* doctor: which programs were told of cardseal. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/cli/doctor.h"
#include "client/cli/setup.h"

#define MODULE_FILE "cardseal.module"
#define MODULE_WORD "module:"
#define PATH_SIZE 1024

/* --- p11-kit --- */

/* A person's own folder, the system's, the packages' (pkcs11.conf(5)). */
static FILE *
open_module_file(char path[PATH_SIZE])
{
	static const char *const folders[] = {
	    "/etc/pkcs11/modules", "/usr/share/p11-kit/modules"};
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	FILE *f;
	size_t i;

	if (config != NULL && config[0] == '/')
		snprintf(
		    path, PATH_SIZE, "%s/pkcs11/modules/" MODULE_FILE, config);
	else
		snprintf(path, PATH_SIZE,
		    "%s/.config/pkcs11/modules/" MODULE_FILE,
		    home != NULL ? home : "");
	f = fopen(path, "re");
	for (i = 0; f == NULL && i < sizeof(folders) / sizeof(folders[0]);
	     i++) {
		snprintf(path, PATH_SIZE, "%s/" MODULE_FILE, folders[i]);
		f = fopen(path, "re");
	}
	return f;
}

/* The library that the file names; "": none. */
static void
read_module(FILE *f, char module[PATH_SIZE])
{
	char *line = NULL, *at;
	size_t size = 0;

	module[0] = '\0';
	while (module[0] == '\0' && getline(&line, &size, f) > 0) {
		if (strncmp(line, MODULE_WORD, strlen(MODULE_WORD)) != 0)
			continue;
		at = line + strlen(MODULE_WORD);
		at += strspn(at, " \t");
		snprintf(
		    module, PATH_SIZE, "%.*s", (int)strcspn(at, " \t\r\n"), at);
	}
	free(line);
}

/* What p11-kit finds, every program on it has: GnuTLS, curl, OpenSSL's
 * engine ... */
static void
tell_p11_kit(struct doctor *d)
{
	struct doctor_finding f = {
	    .topic = N_("client"), .level = DOCTOR_GOOD, .about = "p11-kit"};
	char path[PATH_SIZE], module[PATH_SIZE];
	FILE *file = open_module_file(path);
	struct stat st;

	if (file == NULL) {
		f.level = DOCTOR_NOTE;
		f.advice = N_("put cardseal.module of this installation into "
			      "~/.config/pkcs11/modules or "
			      "/etc/pkcs11/modules");
		doctor_tell(d, &f, "p11-kit is not told of cardseal's module");
		return;
	}
	read_module(file, module);
	fclose(file);
	if (stat(module, &st) == 0) {
		doctor_tell(d, &f, "p11-kit has the agent's keys, by %s", path);
		return;
	}
	f.level = DOCTOR_WARNING;
	f.advice = N_("correct that file, or install cardseal's module anew");
	doctor_tell(
	    d, &f, "%s names a module that is not there: %s", path, module);
}

/* --- what setup knows --- */

/* Is it there at all? What has no program of a known name has profiles. */
static bool
is_wanted(const struct setup_client *client)
{
	char *program;

	if (client->program == NULL)
		return true;
	program = cli_find_program(client->program);
	free(program);
	return program != NULL;
}

/* What OpenSC is in beside cardseal. */
static void
tell_aside(struct doctor *d, const struct setup *s)
{
	struct doctor_finding f = {
	    .topic = "client", .level = DOCTOR_GOOD, .about = s->name};

	if (s->set_up == s->files) {
		doctor_tell(d, &f, "OpenSC's own module is put aside");
		return;
	}
	f.level = DOCTOR_NOTE;
	f.advice = N_("where programs have cardseal, each key shows twice: "
		      "\"cardseal setup opensc\"");
	doctor_tell(d, &f, "programs have OpenSC's own module");
}

static void
tell_client(struct doctor *d, const struct setup_client *client)
{
	struct setup s = {.cli = d->cli, .name = client->name, .is_look = true};
	struct doctor_finding f = {
	    .topic = N_("client"), .level = DOCTOR_GOOD, .about = client->name};
	char advice[64];

	if (setup_change(&s, client) != 0 || s.files == 0)
		return;
	if ((client->flags & SETUP_TAKES_OUT) != 0) {
		tell_aside(d, &s);
	} else if (s.unreadable != 0 && is_wanted(client)) {
		f.level = DOCTOR_WARNING;
		f.advice = N_("see which: \"cardseal setup --dry-run\" and its "
			      "name");
		doctor_tell(d, &f, "a file of %s is not one that setup takes",
		    client->name);
	} else if (s.set_up == s.files) {
		doctor_tell(d, &f, "%s is set up", client->name);
	} else if (is_wanted(client)) {
		snprintf(advice, sizeof(advice), "\"cardseal setup %s\"",
		    client->name);
		f.level = DOCTOR_NOTE;
		f.advice = advice;
		doctor_tell(d, &f, "%s is not set up%s", client->name,
		    s.set_up != 0 ? cli_say(" in all of its files") : "");
	}
}

void
doctor_examine_clients(struct doctor *d)
{
	const struct setup_client *client;

	tell_p11_kit(d);
	if (setup_find_bad_folder() != NULL)
		return;
	for (client = setup_clients; client->name != NULL; client++)
		tell_client(d, client);
}
