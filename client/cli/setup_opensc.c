/*
 * setup opensc: OpenSC's module is taken out of the way where programs have it
 * directly: each key would show twice, and OpenSC in each program would compete
 * with the agent for the card and its PIN. The agent keeps it.
 */
#include <stdlib.h>
#include <string.h>

#include "client/cli/setup.h"

/* As packages name them (opensc, opensc-pkcs11). */
#define AUTOSTART "autostart/pkcs11-register.desktop"
#define MODULE_FILE "opensc-pkcs11.module"
#define LIBRARY "opensc-pkcs11.so" /* onepin-opensc-pkcs11.so, too */
/* Before each line of NSS's list that does not count; taken away again. */
#define ASIDE "# cardseal setup opensc: "

/* --- files of their own --- */

/*
 * A person's file that stands before the system's, if one of those is there,
 * ended by NULL. One that the person has for something else is left alone.
 */
static int
put_override(struct setup *s, const char *const *systems, const char *path,
    const char *text)
{
	struct setup_lines lines = {.place = SETUP_BEHIND, .text = text};
	struct setup look = {.cli = s->cli, .name = s->name, .is_look = true};
	bool is_there = setup_is_there(path), is_needed = false;

	for (; *systems != NULL; systems++)
		is_needed = is_needed || setup_is_there(*systems);
	if (!is_there && (!is_needed || s->cli->is_undo))
		return 0;
	if (is_there) {
		(void)setup_block(&look, path, &lines);
		if (look.set_up == 0 && look.unreadable == 0) {
			if (!s->cli->is_undo && !s->is_look)
				setup_tell(s, path, N_("would be left"),
				    N_("is left"),
				    N_("as it is: it is a file of yours"));
			return 0;
		}
	}
	return setup_block(s, path, &lines);
}

/* Debian has OpenSC register itself with each program at each login. */
static int
put_autostart(struct setup *s)
{
	static const char *const systems[] = {"/etc/xdg/" AUTOSTART, NULL};
	char path[SETUP_PATH_SIZE];

	setup_put_config(path, AUTOSTART);
	return put_override(s, systems, path,
	    "[Desktop Entry]\nType=Application\n"
	    "Name=Install OpenSC PKCS#11 module\nHidden=true\n");
}

/* p11-kit, by the name that the agent's processes have for it. */
static int
put_p11_kit(struct setup *s)
{
	static const char *const systems[] = {
	    "/usr/share/p11-kit/modules/" MODULE_FILE,
	    "/etc/pkcs11/modules/" MODULE_FILE, NULL};
	char path[SETUP_PATH_SIZE];

	setup_put_config(path, "pkcs11/modules/" MODULE_FILE);
	return put_override(s, systems, path, "enable-in: cardseal\n");
}

/* --- lists of modules in NSS's folders --- */

/* The end of the lines from there to the next empty one. */
static const char *
find_paragraph_end(const char *text)
{
	const char *end = strstr(text, "\n\n");

	return end != NULL ? end + 1 : text + strlen(text);
}

/* Do these lines register OpenSC's module? */
static bool
has_library(const char *text, const char *end)
{
	size_t len;

	for (; text < end; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (strncmp(text, "library=", strlen("library=")) == 0 &&
		    len >= strlen("library=" LIBRARY) &&
		    strncmp(text + len - strlen(LIBRARY), LIBRARY,
			strlen(LIBRARY)) == 0)
			return true;
	}
	return false;
}

static void
put_lines(FILE *out, const char *text, const char *end, bool is_aside)
{
	size_t len;

	for (; text < end; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		if (is_aside && *text != '\n')
			fputs(ASIDE, out);
		fwrite(text, 1, len, out);
	}
}

/* The text with what registers OpenSC put aside; its parts are counted. */
static void
put_aside(FILE *out, const char *text, size_t *parts)
{
	const char *end;
	bool is_aside;

	for (; *text != '\0'; text = end) {
		if (*text == '\n') {
			end = text + 1;
			fputc('\n', out);
			continue;
		}
		end = find_paragraph_end(text);
		is_aside = has_library(text, end);
		*parts += is_aside;
		put_lines(out, text, end, is_aside);
	}
}

/* The text as it was; lines are counted. */
static void
put_back(FILE *out, const char *text, size_t *lines)
{
	size_t len;
	bool is_aside;

	for (; *text != '\0'; text += len) {
		is_aside = strncmp(text, ASIDE, strlen(ASIDE)) == 0;
		*lines += is_aside;
		text += is_aside ? strlen(ASIDE) : 0;
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		fwrite(text, 1, len, out);
	}
}

/* Writes, and tells, if there is anything to change. */
static const char *
write_list(struct setup *s, const struct setup_file *f)
{
	char *text = NULL;
	const char *why = NULL;
	size_t len = 0, found = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return N_("no memory is left");
	if (s->cli->is_undo)
		put_back(out, f->text, &found);
	else
		put_aside(out, f->text, &found);
	if (fclose(out) != 0)
		why = N_("no memory is left");
	if (why == NULL && found != 0) {
		s->changed++;
		if (s->cli->is_undo)
			setup_tell(s, f->path, N_("would get"), N_("gets"),
			    N_("OpenSC's module back"));
		else
			setup_tell(s, f->path, N_("would have"), N_("has"),
			    N_("OpenSC's module as a comment"));
		if (!s->cli->is_dry)
			why = setup_file_write(f, text, len);
	}
	free(text);
	return why;
}

/* Is it one that counts here, and is nothing left to be done in it? */
static void
look_at_list(struct setup *s, const struct setup_file *f)
{
	char *text = NULL;
	size_t len = 0, parts = 0;
	bool has_aside = strncmp(f->text, ASIDE, strlen(ASIDE)) == 0 ||
			 strstr(f->text, "\n" ASIDE) != NULL;
	FILE *out = open_memstream(&text, &len);

	if (out != NULL) {
		put_aside(out, f->text, &parts);
		fclose(out);
	}
	free(text);
	s->files += has_aside || parts != 0;
	s->set_up += has_aside && parts == 0;
}

static int
change_list(struct setup *s, const char *path)
{
	struct setup_file f = {0};
	const char *why = setup_file_read(&f, path);
	int status = 0;

	if (why == NULL && f.text != NULL) {
		look_at_list(s, &f);
		if (!s->is_look)
			why = write_list(s, &f);
		if (why != NULL)
			status = setup_fail(s, path, why);
	} else if (why != NULL) {
		s->unreadable++;
		s->files++;
		if (!s->is_look)
			status = setup_refuse(s, path, why);
	}
	setup_file_clear(&f);
	return status;
}

/* --- all --- */

int
setup_change_opensc(struct setup *s)
{
	int status, r;

	if (s->cli->delegate != NULL) {
		cli_error("%s: --delegate is not for %s", s->cli->command->name,
		    s->name);
		return CLI_EXIT_USAGE;
	}
	status = put_autostart(s);
	r = put_p11_kit(s);
	if (status == 0)
		status = r;
	r = setup_walk_module_lists(s, change_list);
	return status != 0 ? status : r;
}
