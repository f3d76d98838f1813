/*
 * setup.h: what the files of "cardseal setup" share.
 *
 * A program is told of cardseal by a block of lines in one of its files:
 *
 *	# cardseal setup NAME: begin SUM [joined=N] [new=N] [parted]
 *	...
 *	# cardseal setup NAME: end
 *
 * All formats that are written here take "#" for a comment. Taking the block
 * out gives the file back octet for octet, whatever was changed elsewhere in it
 * meanwhile: "joined" counts the line ends that were put before the block;
 * "new" says that there was no file, and how many folders were made for it;
 * "parted" that the empty line behind the block is the block's. SUM is of the
 * lines between, so that a block into which somebody else wrote is known, and
 * left alone.
 */
#ifndef CLIENT_CLI_SETUP_H
#define CLIENT_CLI_SETUP_H

#include <sys/stat.h>

#include "client/cli/cli.h"

#define SETUP_PATH_SIZE 1024
#define SETUP_MODULE CS_PKCS11DIR "/cardseal-pkcs11.so"
#define SETUP_EXIT_NO_PROFILE 4
#define SETUP_EXIT_REFUSED 8

enum setup_place {
	SETUP_BEHIND, /* the last one counts: at the end */
	SETUP_BEFORE, /* the first one counts: at the beginning */
	SETUP_PARTED, /* at the end, between empty lines */
};

/* One run for one client. */
struct setup {
	struct cli *cli;
	const char *name; /* the client's, and the block's */
	size_t files;	  /* that were there to be changed */
	size_t changed;	  /* or would be, with --dry-run */
	/* Nothing is changed or told: who is set up? */
	bool is_look;
	size_t set_up; /* files that have what they need */
	size_t unreadable;
};

/* What a file gets. */
struct setup_lines {
	enum setup_place place;
	const char *text; /* whole lines */
	/* A line, its end left out, that says that the file had the same from
	 * elsewhere, and is not to be changed; or NULL. */
	const char *already;
};

/*
 * Puts the block with these lines into the file, or with --undo takes it out,
 * and tells so; with --dry-run only tells. One that is there is replaced, if it
 * says anything else. A link's target is changed. An exit status, after a
 * message: SETUP_EXIT_REFUSED for a file that is not to be changed.
 */
int setup_block(
    struct setup *s, const char *path, const struct setup_lines *lines);
/* The same with what stands around the delegate's path for lines->text. */
int setup_block_around(struct setup *s, const char *path,
    const struct setup_lines *lines, const char *before, const char *delegate,
    const char *after);

enum setup_flag {
	SETUP_NEEDS_RULE = 1 << 0, /* of the agent: it decrypts by itself */
	SETUP_IS_APART = 1 << 1,   /* not one of "all" */
	/* Others' modules may be listed beside ours. */
	SETUP_LISTS_MODULES = 1 << 2,
	/* Something of others is put aside; there may be none of it. */
	SETUP_TAKES_OUT = 1 << 3,
};

/* A client, by its name on the command line. */
struct setup_client {
	const char *name;
	/* Without which nobody wants it; NULL: its profiles tell. */
	const char *program;
	/* Calls setup_block for each of its files; an exit status. Without any
	 * file the program has not been started yet. */
	int (*change)(struct setup *s);
	unsigned flags; /* enum setup_flag */
	/* Signs something in the way it is set up; NULL: not possible from
	 * here. An exit status, after a message. */
	int (*test)(struct setup *s);
	const char *next; /* what the person does then; NULL: nothing */
};

/* All of them; a row without a name is behind the last. */
extern const struct setup_client setup_clients[];

/*
 * Has the browser whose settings are in that folder know the host for Outlook
 * on the web, by a file of its own, or with --undo removes that. As
 * setup_block.
 */
int setup_change_owa(struct setup *s, const char *folder);

/* What happens to a file, on standard output: WOULD with --dry-run, else DOES,
 * and WHAT; and lines, indented. Nothing with --quiet. */
void setup_tell(const struct setup *s, const char *path, const char *would,
    const char *does, const char *what);
void setup_tell_lines(const struct setup *s, const char *lines);
/* An exit status, after a message: it could not be done; or not be touched. */
int setup_fail(const struct setup *s, const char *path, const char *why);
int setup_refuse(const struct setup *s, const char *path, const char *why);

/* Does it, or with --undo undoes it: what change does, and the rule. */
int setup_change(struct setup *s, const struct setup_client *client);

/* What a client is given: --delegate, or what is installed. */
const char *setup_get_delegate(const struct setup *s, const char *installed);

/* Are HOME and the other variables that name folders such that files are found
 * by them? The name of the first that is not, or NULL. */
const char *setup_find_bad_folder(void);

/* Where they have their files (setup_clients.c): NAME in the folder of
 * configuration, of data, or in HOME. */
void setup_put_config(char path[SETUP_PATH_SIZE], const char *name);
void setup_put_data(char path[SETUP_PATH_SIZE], const char *name);
void setup_put_home(char path[SETUP_PATH_SIZE], const char *name);
bool setup_is_there(const char *path);

/* The change of a client (setup_nss.c). */
int setup_change_thunderbird(struct setup *s);
int setup_change_firefox(struct setup *s);
int setup_change_chromium(struct setup *s);
int setup_change_evolution(struct setup *s);
/* change for the list of modules of each of their profiles; the first status
 * that is not 0. */
int setup_walk_module_lists(
    struct setup *s, int (*change)(struct setup *s, const char *path));
/* The change that puts OpenSC's own registrations aside (setup_opensc.c). */
int setup_change_opensc(struct setup *s);

int setup_test_git(struct setup *s);
int setup_test_mutt(struct setup *s);

/* --- files (setup_file.c) --- */

struct setup_file {
	char *path;	/* the file itself, where links led to it */
	char *text;	/* with a NUL behind; NULL: there is no file */
	size_t len;	/* of the text */
	struct stat st; /* of the file that was read */
};

/* Reads the file. Returns NULL, or why it is not one to be changed; with or
 * without setup_file_clear. */
const char *setup_file_read(struct setup_file *f, const char *path);
void setup_file_clear(struct setup_file *f);
/*
 * Writes the file anew, in one step, with its mode, group and attributes; a new
 * one is for its owner alone. Nothing is written if the file is not the one any
 * more that was read. Returns NULL, or why not.
 */
const char *setup_file_write(
    const struct setup_file *f, const char *text, size_t len);
/* How many of the folders above are missing. */
unsigned setup_file_count_folders(const struct setup_file *f);
/* Makes them. NULL, or why not. */
const char *setup_file_make_folders(const struct setup_file *f);
/* Removes the file, and so many folders above it as far as they are empty.
 * NULL, or why not. */
const char *setup_file_remove(const struct setup_file *f, unsigned folders);

#endif
