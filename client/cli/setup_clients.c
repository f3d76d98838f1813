/* setup: which programs there are, and what each is told. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/setup.h"

#define GPGSM CS_BINDIR "/cardseal-gpgsm"
#define SCD CS_BINDIR "/cardseal-scd"
#define FOLDER_MAX 512 /* of what a variable names */

/* --- places --- */

static bool
is_good_folder(const char *value)
{
	return value[0] == '/' && strlen(value) <= FOLDER_MAX;
}

const char *
setup_find_bad_folder(void)
{
	static const char *const names[] = {"XDG_CONFIG_HOME", "XDG_DATA_HOME",
	    "GNUPGHOME", "GIT_CONFIG_GLOBAL"};
	const char *value = getenv("HOME");
	size_t i;

	if (value == NULL || !is_good_folder(value))
		return "HOME";
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = getenv(names[i]);
		if (value != NULL && value[0] != '\0' && !is_good_folder(value))
			return names[i];
	}
	return NULL;
}

/* The variable's value, or FOLDER below HOME where it is not set; and NAME
 * behind. */
static void
put_path(char path[SETUP_PATH_SIZE], const char *variable, const char *folder,
    const char *name)
{
	const char *value = getenv(variable), *home = getenv("HOME");

	if (value != NULL && value[0] == '/')
		snprintf(path, SETUP_PATH_SIZE, "%s/%s", value, name);
	else
		snprintf(path, SETUP_PATH_SIZE, "%s/%s/%s",
		    home != NULL ? home : "", folder, name);
}

void
setup_put_config(char path[SETUP_PATH_SIZE], const char *name)
{
	put_path(path, "XDG_CONFIG_HOME", ".config", name);
}

void
setup_put_data(char path[SETUP_PATH_SIZE], const char *name)
{
	put_path(path, "XDG_DATA_HOME", ".local/share", name);
}

void
setup_put_home(char path[SETUP_PATH_SIZE], const char *name)
{
	const char *home = getenv("HOME");

	snprintf(
	    path, SETUP_PATH_SIZE, "%s/%s", home != NULL ? home : "", name);
}

bool
setup_is_there(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static int
put_lines(struct setup *s, const char *path, enum setup_place place,
    const char *before, const char *delegate, const char *after)
{
	struct setup_lines lines = {.place = place};

	return setup_block_around(s, path, &lines, before, delegate, after);
}

/*
 * What decrypts by itself wants the bare result of the private key, which no
 * program gets without a rule. It is the same rule for each of them, with the
 * same name, since a rule with programs in it would shut out all others.
 */
static int
put_rule(struct setup *s)
{
	static const struct setup_lines lines = {
	    .place = SETUP_BEHIND,
	    .text = "[rule setup]\nfor = raw\nraw = yes\nconfirm = once\n"
		    "confirm-window = 28800\n",
	};
	char path[SETUP_PATH_SIZE];

	setup_put_config(path, "cardseal/agent.conf");
	return setup_block(s, path, &lines);
}

/* It is undone in the other order, so that folders are empty when it is their
 * turn. */
int
setup_change(struct setup *s, const struct setup_client *client)
{
	bool is_undo = s->cli->is_undo,
	     needs_rule = (client->flags & SETUP_NEEDS_RULE) != 0;
	int rule = 0, status;

	if (needs_rule && is_undo)
		rule = put_rule(s);
	status = client->change(s);
	/* Nobody starts it, nobody needs the rule. */
	if (needs_rule && !is_undo && status == 0 && s->files != 0)
		rule = put_rule(s);
	return status != 0 ? status : rule;
}

/* --- git --- */

static int
put_git(struct setup *s, const char *path)
{
	return put_lines(s, path, SETUP_BEHIND,
	    "[gpg]\n\tformat = x509\n[gpg \"x509\"]\n\tprogram = ",
	    setup_get_delegate(s, GPGSM), "\n");
}

/* git reads two files, the first last, and writes to the second only if it is
 * the only one. */
static int
change_git(struct setup *s)
{
	const char *global = getenv("GIT_CONFIG_GLOBAL");
	char path[SETUP_PATH_SIZE], other[SETUP_PATH_SIZE];
	int status, r;

	if (global != NULL && global[0] != '\0')
		return put_git(s, global);
	setup_put_home(path, ".gitconfig");
	setup_put_config(other, "git/config");
	if (!s->cli->is_undo)
		return put_git(s, !setup_is_there(path) && setup_is_there(other)
				      ? other
				      : path);
	status = put_git(s, path);
	r = put_git(s, other);
	return status != 0 ? status : r;
}

/* --- mutt and neomutt --- */

static int
put_muttrc(struct setup *s, const char *path)
{
	return put_lines(s, path, SETUP_BEHIND, "source \"",
	    setup_get_delegate(s, CS_BINDIR "/cardseal"), " mutt sync|\"\n");
}

/* The first of the names that is there is what the program reads; none: the
 * first is made. To undo, all that are there. A name with a / before is below
 * HOME. */
static int
change_muttrc(struct setup *s, const char *const *names)
{
	char path[SETUP_PATH_SIZE], first[SETUP_PATH_SIZE] = "";
	int status = 0, r;
	size_t i;

	for (i = 0; names[i] != NULL; i++) {
		if (names[i][0] == '/')
			setup_put_home(path, names[i] + 1);
		else
			setup_put_config(path, names[i]);
		if (i == 0)
			memcpy(first, path, sizeof(first));
		if (!setup_is_there(path))
			continue;
		r = put_muttrc(s, path);
		if (!s->cli->is_undo)
			return r;
		if (status == 0)
			status = r;
	}
	return s->cli->is_undo ? status : put_muttrc(s, first);
}

static int
change_mutt(struct setup *s)
{
	static const char *const names[] = {
	    "/.muttrc", "/.mutt/muttrc", "mutt/muttrc", NULL};

	return change_muttrc(s, names);
}

static int
change_neomutt(struct setup *s)
{
	static const char *const names[] = {"neomutt/neomuttrc",
	    "neomutt/muttrc", "mutt/neomuttrc", "mutt/muttrc",
	    "/.neomutt/neomuttrc", "/.neomutt/muttrc", "/.mutt/neomuttrc",
	    "/.mutt/muttrc", "/.neomuttrc", "/.muttrc", NULL};

	return change_muttrc(s, names);
}

/* --- GnuPG and ssh --- */

static int
change_gnupg(struct setup *s)
{
	char path[SETUP_PATH_SIZE];

	put_path(path, "GNUPGHOME", ".gnupg", "gpg-agent.conf");
	return put_lines(s, path, SETUP_BEHIND, "scdaemon-program ",
	    setup_get_delegate(s, SCD), "\n");
}

/*
 * Where cardseal-ssh-agent's socket is. The user's own folder is named by ssh's
 * "%i", the user's number, since ssh ends when a variable in its file is not
 * set, as in a job of cron.
 */
static void
put_ssh_socket(char path[SETUP_PATH_SIZE])
{
	const char *folder = getenv("XDG_RUNTIME_DIR");
	char usual[sizeof("/run/user/") + 20];

	snprintf(
	    usual, sizeof(usual), "/run/user/%lu", (unsigned long)getuid());
	if (folder == NULL || folder[0] != '/' || strcmp(folder, usual) == 0)
		folder = "/run/user/%i";
	snprintf(path, SETUP_PATH_SIZE, "%s/cardseal/ssh", folder);
}

/* Before all Host lines, for every host. */
static int
change_ssh(struct setup *s)
{
	char path[SETUP_PATH_SIZE], socket[SETUP_PATH_SIZE];

	setup_put_home(path, ".ssh/config");
	put_ssh_socket(socket);
	return put_lines(s, path, SETUP_BEFORE, "IdentityAgent \"",
	    setup_get_delegate(s, socket), "\"\n");
}

/* --- OpenSSL --- */

/*
 * A file of its own, which includes the system's: OpenSSL reads none of a
 * person's unless OPENSSL_CONF names it. libp11's engine is loaded, and takes
 * up the module when it is asked for a key.
 */
static int
change_openssl(struct setup *s)
{
	char path[SETUP_PATH_SIZE];

	setup_put_config(path, "openssl/cardseal.cnf");
	return put_lines(s, path, SETUP_BEHIND,
	    "openssl_conf = openssl_init\n"
	    ".include /etc/ssl/openssl.cnf\n"
	    "[openssl_init]\n"
	    "engines = cardseal_engines\n"
	    "[cardseal_engines]\n"
	    "pkcs11 = cardseal_engine\n"
	    "[cardseal_engine]\n"
	    "engine_id = pkcs11\n"
	    "init = 0\n"
	    "MODULE_PATH = ",
	    setup_get_delegate(s, SETUP_MODULE), "\n");
}

/* --- Outlook on the web --- */

/* One that is not there yet, or was not started, has no folder. */
static int
change_owa(struct setup *s)
{
	static const char *const browsers[] = {
	    "google-chrome", "chromium", "microsoft-edge", NULL};
	char folder[SETUP_PATH_SIZE];
	int status = 0, r;
	size_t i;

	for (i = 0; browsers[i] != NULL; i++) {
		setup_put_config(folder, browsers[i]);
		if (!setup_is_there(folder))
			continue;
		r = setup_change_owa(s, folder);
		if (status == 0)
			status = r;
	}
	return status;
}

const struct setup_client setup_clients[] = {
    {"git", "git", change_git, 0, setup_test_git,
	N_("sign with \"git commit -S\", or always: \"git config --global "
	   "commit.gpgsign true\"")},
    {"mutt", "mutt", change_mutt, 0, setup_test_mutt, NULL},
    {"neomutt", "neomutt", change_neomutt, 0, setup_test_mutt, NULL},
    {"gnupg", "gpgsm", change_gnupg, SETUP_NEEDS_RULE, NULL,
	N_("restart the agent: \"systemctl --user restart cardseal-agent\"; "
	   "then \"gpgconf --kill gpg-agent\" and \"gpgsm --learn-card\"")},
    {"ssh", "ssh", change_ssh, 0, NULL,
	N_("\"systemctl --user enable --now cardseal-ssh-agent.socket\"; then "
	   "\"SSH_AUTH_SOCK=$XDG_RUNTIME_DIR/cardseal/ssh ssh-add -L\" prints "
	   "the public keys for authorized_keys")},
    {"openssl", "openssl", change_openssl, SETUP_NEEDS_RULE, NULL,
	N_("restart the agent: \"systemctl --user restart cardseal-agent\"; "
	   "then name the file with OPENSSL_CONF, and a key with "
	   "\"-engine pkcs11 -keyform engine -inkey pkcs11:...\"")},
    {"thunderbird", NULL, setup_change_thunderbird,
	SETUP_NEEDS_RULE | SETUP_LISTS_MODULES, NULL,
	N_("restart the agent: \"systemctl --user restart cardseal-agent\"; "
	   "if it runs, start it anew")},
    {"firefox", NULL, setup_change_firefox, SETUP_LISTS_MODULES, NULL,
	N_("if it runs, start it anew")},
    {"chromium", NULL, setup_change_chromium, SETUP_LISTS_MODULES, NULL,
	N_("if it runs, start it anew")},
    {"evolution", NULL, setup_change_evolution,
	SETUP_NEEDS_RULE | SETUP_LISTS_MODULES, NULL,
	N_("restart the agent: \"systemctl --user restart cardseal-agent\"; "
	   "if it runs, start it anew")},
    {"owa", NULL, change_owa, SETUP_IS_APART, NULL,
	N_("put Microsoft's S/MIME extension into the browser, and the address "
	   "of your Outlook into the extension's options")},
    {"opensc", NULL, setup_change_opensc, SETUP_IS_APART | SETUP_TAKES_OUT,
	NULL, N_("programs that run have it until they are started anew")},
    {0},
};
