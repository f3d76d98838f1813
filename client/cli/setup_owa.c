/* setup: what browsers are told of the host for Outlook on the web. */
#include <stdlib.h>
#include <string.h>

#include "client/cli/setup.h"

#define HOST_PROGRAM CS_PKGLIBEXECDIR "/cardseal-owa"
/* Microsoft's extension asks for a host of this name. */
#define HOST_NAME "com.microsoft.outlook.smime.chromenativeapp"
#define MARK "cardseal setup owa: new="
#define PATH_WORD "\"path\": \""
#define PATH_SIZE 1024

/*
 * The file, whole, since JSON has no comments; the browser passes over the
 * description. folders: how many were made for it. The origins are those that
 * client/owa/owa.h lists: Microsoft's extension in the stores of Chrome and
 * Edge. NULL: no memory.
 */
static char *
make_text(const char *program, unsigned folders)
{
	char *text;

	if (asprintf(&text,
		"{\n"
		"  \"description\": \"" MARK "%u\",\n"
		"  \"name\": \"" HOST_NAME "\",\n"
		"  " PATH_WORD "%s\",\n"
		"  \"type\": \"stdio\",\n"
		"  \"allowed_origins\": [\n"
		"    "
		"\"chrome-extension://maafgiompdekodanheihhgilkjchcakm/\",\n"
		"    \"chrome-extension://gamjhjfeblghkihfjdpmbpajhlpmobbp/\"\n"
		"  ]\n"
		"}\n",
		folders, program) < 0)
		return NULL;
	return text;
}

/* Is it as setup wrote it, for this program or another, and with how many
 * folders? */
static bool
is_ours(const char *text, unsigned *folders)
{
	const char *mark = strstr(text, MARK), *path = strstr(text, PATH_WORD);
	char *program, *again;
	bool is_same;

	if (mark == NULL || path == NULL)
		return false;
	*folders = (unsigned)strtoul(mark + strlen(MARK), NULL, 10);
	path += strlen(PATH_WORD);
	program = strndup(path, strcspn(path, "\""));
	again = program != NULL ? make_text(program, *folders) : NULL;
	is_same = again != NULL && strcmp(again, text) == 0;
	free(again);
	free(program);
	return is_same;
}

static int
put_file(struct setup *s, const struct setup_file *f, unsigned folders)
{
	const char *why = NULL;
	char *text = make_text(setup_get_delegate(s, HOST_PROGRAM), folders);

	if (text == NULL)
		return CLI_EXIT_INTERNAL;
	if (f->text != NULL && strcmp(f->text, text) == 0) {
		if (!s->cli->is_quiet)
			printf("%s: is set up\n", f->path);
		free(text);
		return 0;
	}
	s->changed++;
	setup_tell(s, f->path, "would be", "is", "written:");
	setup_tell_lines(s, text);
	if (!s->cli->is_dry)
		why = setup_file_make_folders(f);
	if (why == NULL && !s->cli->is_dry)
		why = setup_file_write(f, text, strlen(text));
	free(text);
	return why == NULL ? 0 : setup_fail(s, f->path, why);
}

static int
take_file(struct setup *s, const struct setup_file *f, unsigned folders)
{
	const char *why = NULL;

	s->changed++;
	setup_tell(s, f->path, "would be", "is", "removed");
	if (!s->cli->is_dry)
		why = setup_file_remove(f, folders);
	return why == NULL ? 0 : setup_fail(s, f->path, why);
}

static int
change_file(struct setup *s, const struct setup_file *f)
{
	unsigned folders = setup_file_count_folders(f);
	bool is_there = f->text != NULL,
	     is_own = is_there && is_ours(f->text, &folders);

	s->set_up += is_own;
	if (s->is_look)
		return 0;
	if (s->cli->is_undo && is_own)
		return take_file(s, f, folders);
	if (is_there && !is_own &&
	    (!s->cli->is_undo || strstr(f->text, MARK) != NULL))
		return setup_refuse(
		    s, f->path, "names another host, or was changed since");
	return s->cli->is_undo ? 0 : put_file(s, f, folders);
}

int
setup_change_owa(struct setup *s, const char *folder)
{
	struct setup_file f = {0};
	char path[PATH_SIZE];
	const char *why;
	int status;

	if (snprintf(path, sizeof(path),
		"%s/NativeMessagingHosts/" HOST_NAME ".json",
		folder) >= (int)sizeof(path))
		return setup_refuse(s, folder, "has too long a name");
	s->files++;
	why = setup_file_read(&f, path);
	if (why == NULL)
		status = change_file(s, &f);
	else
		status = s->is_look ? 0 : setup_refuse(s, path, why);
	s->unreadable += why != NULL;
	setup_file_clear(&f);
	return status;
}
