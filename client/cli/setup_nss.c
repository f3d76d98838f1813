/* setup: programs on NSS, and the folders in which each has its modules. */
#include <dirent.h>

#include "client/cli/setup.h"

/* What is done with a list of modules that is there. An exit status. */
typedef int change_list(struct setup *s, const char *path);

/*
 * A folder of NSS with cert9.db lists its modules in pkcs11.txt: lines
 * "name=value", and an empty one behind each module. When NSS writes it anew,
 * it keeps what stands between two empty lines as a whole, "#" or not, and what
 * has no empty line behind it not at all.
 */
static int
put_module(struct setup *s, const char *path)
{
	static const struct setup_lines lines = {
	    .place = SETUP_PARTED, .already = "name=cardseal"};

	return setup_block_around(s, path, &lines,
	    "library=", setup_get_delegate(s, SETUP_MODULE),
	    "\nname=cardseal\n");
}

static int
change_one(struct setup *s, const char *path, change_list *change)
{
	return setup_is_there(path) ? change(s, path) : 0;
}

/* Of each profile in the folder; the first status that is not 0. */
static int
change_profiles(struct setup *s, const char *folder, change_list *change)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[SETUP_PATH_SIZE];
	int status = 0, r;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s/pkcs11.txt", folder,
			entry->d_name) >= (int)sizeof(path))
			continue;
		r = change_one(s, path, change);
		if (status == 0)
			status = r;
	}
	if (dir != NULL)
		closedir(dir);
	return status;
}

static int
walk_thunderbird(struct setup *s, change_list *change)
{
	char folder[SETUP_PATH_SIZE];

	setup_put_home(folder, ".thunderbird");
	return change_profiles(s, folder, change);
}

/* Since 147 the folder may be an XDG one. */
static int
walk_firefox(struct setup *s, change_list *change)
{
	char folder[SETUP_PATH_SIZE];
	int status, r;

	setup_put_home(folder, ".mozilla/firefox");
	status = change_profiles(s, folder, change);
	setup_put_config(folder, "mozilla/firefox");
	r = change_profiles(s, folder, change);
	return status != 0 ? status : r;
}

/* Since 146 the second, unless the first is there. */
static int
walk_chromium(struct setup *s, change_list *change)
{
	char path[SETUP_PATH_SIZE];

	setup_put_home(path, ".pki/nssdb/pkcs11.txt");
	if (!setup_is_there(path))
		setup_put_data(path, "pki/nssdb/pkcs11.txt");
	return change_one(s, path, change);
}

static int
walk_evolution(struct setup *s, change_list *change)
{
	char path[SETUP_PATH_SIZE];

	setup_put_data(path, "evolution/pkcs11.txt");
	return change_one(s, path, change);
}

int
setup_change_thunderbird(struct setup *s)
{
	return walk_thunderbird(s, put_module);
}

int
setup_change_firefox(struct setup *s)
{
	return walk_firefox(s, put_module);
}

int
setup_change_chromium(struct setup *s)
{
	return walk_chromium(s, put_module);
}

int
setup_change_evolution(struct setup *s)
{
	return walk_evolution(s, put_module);
}

int
setup_walk_module_lists(
    struct setup *s, int (*change)(struct setup *s, const char *path))
{
	static int (*const walks[])(struct setup * s, change_list * change) = {
	    walk_thunderbird, walk_firefox, walk_chromium, walk_evolution};
	int status = 0, r;
	size_t i;

	for (i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
		r = walks[i](s, change);
		if (status == 0)
			status = r;
	}
	return status;
}
