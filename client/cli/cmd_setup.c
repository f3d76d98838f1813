/* setup CLIENT: has other programs sign and decrypt through the agent. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/setup.h"

#define KEY_SIZE 80 /* a SHA-256 in hex */

static int
set_dry(struct cli *cli, const char *argument)
{
	(void)argument;
	cli->is_dry = true;
	return 0;
}

static int
set_undo(struct cli *cli, const char *argument)
{
	(void)argument;
	cli->is_undo = true;
	return 0;
}

static int
set_delegate(struct cli *cli, const char *argument)
{
	if (argument[0] != '/' ||
	    argument[strcspn(argument, "\"\\\n\t '$`")] != '\0') {
		cli_error("%s: --delegate wants a whole path without blanks "
			  "and quotes",
		    cli->command->name);
		return CLI_EXIT_USAGE;
	}
	cli->delegate = argument;
	return 0;
}

const struct cli_option cmd_setup_options[] = {
    {"dry-run", 0, NULL, N_("only tell what would be changed"), -1, NULL,
	set_dry},
    {"undo", 0, NULL, N_("take it back"), -1, NULL, set_undo},
    {"delegate", 0, "FILE", N_("the program or module that it is given"), -1,
	NULL, set_delegate},
    {0},
};

const char *
setup_get_delegate(const struct setup *s, const char *installed)
{
	return s->cli->delegate != NULL ? s->cli->delegate : installed;
}

/* --- tests --- */

/* Does it end with 0? What it prints goes to standard error. */
static bool
run(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status = 0;
	bool is_started;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	(void)posix_spawn_file_actions_addopen(
	    &actions, STDIN_FILENO, "/dev/null", 0, 0);
	(void)posix_spawn_file_actions_adddup2(
	    &actions, STDERR_FILENO, STDOUT_FILENO);
	is_started = posix_spawnp(&pid, argv[0], &actions, NULL,
			 (char *const *)argv, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	if (!is_started)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A certificate that may sign mail, in hex; false: there is none now, which is
 * told. */
static bool
find_key(struct setup *s, char fingerprint[KEY_SIZE])
{
	const struct cardseal_key *k;
	struct cardseal_keys *keys = NULL;
	size_t i;

	fingerprint[0] = '\0';
	if (cardseal_keys_get(s->cli->job, &keys) == 0) {
		for (i = 0;
		     fingerprint[0] == '\0' && i < cardseal_keys_get_len(keys);
		     i++) {
			k = cardseal_keys_get_key(keys, i);
			if (k->can_sign && k->certificate_sha256[0] != '\0' &&
			    k->sign_refused[0] == '\0')
				snprintf(fingerprint, KEY_SIZE, "%s",
				    k->certificate_sha256);
		}
	}
	cardseal_keys_free(keys);
	if (fingerprint[0] == '\0' && !s->cli->is_quiet)
		printf(cli_say("%s: not tried out, since no key is there that "
			       "may sign: see \"cardseal doctor\"\n"),
		    s->name);
	return fingerprint[0] != '\0';
}

static int
tell_test(const struct setup *s, bool is_good)
{
	if (!is_good) {
		cli_error("%s: %s does not sign; see above, and \"cardseal "
			  "doctor\"",
		    s->cli->command->name, s->name);
		return CLI_EXIT_BAD;
	}
	if (!s->cli->is_quiet)
		printf(cli_say("%s: a test signature was made\n"), s->name);
	return 0;
}

/* A commit in a repository of its own, with the person's configuration. */
int
setup_test_git(struct setup *s)
{
	char folder[] = "/var/tmp/cardseal-setup.XXXXXX", key[KEY_SIZE],
	     setting[KEY_SIZE + 32];
	const char *init[] = {"git", "init", "-q", "--bare",
	    "--object-format=sha1", folder, NULL},
		   *commit[] = {"git", "-C", folder, "-c", setting, "-c",
		       "user.name=test", "-c", "user.email=test@localhost",
		       "commit-tree", "-S", "-m", "a test of cardseal setup",
		       "4b825dc642cb6eb9a060e54bf8d69288fbee4904", NULL},
		   *tree[] = {"git", "-C", folder, "hash-object", "-t", "tree",
		       "-w", "/dev/null", NULL},
		   *clean[] = {"rm", "-rf", folder, NULL};
	bool is_good;

	if (!find_key(s, key))
		return 0;
	if (mkdtemp(folder) == NULL)
		return tell_test(s, false);
	snprintf(setting, sizeof(setting), "user.signingkey=%s", key);
	is_good = run(init) && run(tree) && run(commit);
	(void)run(clean);
	return tell_test(s, is_good);
}

/* mutt signs by this very program. */
int
setup_test_mutt(struct setup *s)
{
	static const char entity[] = "Content-Type: text/plain\n\nA test.\n";
	struct cardseal_input *in;
	struct cardseal_output *out;
	char key[KEY_SIZE];
	int fd, r = -1;

	if (!find_key(s, key))
		return 0;
	cardseal_job_set(s->cli->job, CARDSEAL_KEY, NULL);
	cardseal_job_set(s->cli->job, CARDSEAL_KEY, key);
	cardseal_job_set(s->cli->job, CARDSEAL_FORMAT, "entity");
	cardseal_job_set(s->cli->job, CARDSEAL_PURPOSE, "try mutt's settings");
	in = cardseal_input_memory(s->cli->job, entity, sizeof(entity) - 1);
	fd = in != NULL ? memfd_create("signature", MFD_CLOEXEC) : -1;
	out = fd >= 0 ? cardseal_output_fd(s->cli->job, fd) : NULL;
	if (out != NULL)
		r = cardseal_sign(s->cli->job, in, out);
	cardseal_output_free(out);
	cardseal_input_free(in);
	if (fd >= 0)
		close(fd);
	if (r != 0)
		return cli_fail(s->cli, r);
	return tell_test(s, true);
}

/* --- the command --- */

static bool
is_installed(const struct setup_client *client)
{
	char *path;

	if (client->program == NULL)
		return true;
	path = cli_find_program(client->program);
	free(path);
	return path != NULL;
}

static int
set_up(struct cli *cli, const struct setup_client *client, bool is_one_of_all)
{
	struct setup s = {.cli = cli, .name = client->name};
	int status;

	if (is_one_of_all && !cli->is_undo &&
	    ((client->flags & SETUP_IS_APART) != 0 || !is_installed(client)))
		return 0;
	status = setup_change(&s, client);
	if (status != 0)
		return status;
	if (s.files == 0 && (client->flags & SETUP_TAKES_OUT) != 0 &&
	    !cli->is_undo && !cli->is_quiet)
		printf(cli_say("%s: no program here has it\n"), client->name);
	if (s.files == 0 && !is_one_of_all && !cli->is_undo &&
	    (client->flags & SETUP_TAKES_OUT) == 0) {
		cli_error("%s: %s has no profile here; start it once",
		    cli->command->name, client->name);
		return SETUP_EXIT_NO_PROFILE;
	}
	if (s.files == 0 || cli->is_dry || cli->is_undo || s.changed == 0)
		return 0;
	fflush(stdout);
	if (client->test != NULL)
		status = client->test(&s);
	if (client->next != NULL && !cli->is_quiet)
		printf("%s: %s\n", client->name, cli_say(client->next));
	return status;
}

/* Would a key show twice in a program that has modules of others, too? */
static void
offer_opensc(struct cli *cli)
{
	struct setup s = {.cli = cli, .name = "opensc", .is_look = true};

	if (cli->is_undo || cli->is_quiet || cli->delegate != NULL ||
	    setup_change_opensc(&s) != 0 || s.set_up == s.files)
		return;
	printf("%s\n",
	    cli_say("OpenSC's own module is registered, too, so that each key "
		    "shows twice, and programs compete with the agent for the "
		    "card; \"cardseal setup opensc\" puts it aside"));
}

int
cmd_setup(struct cli *cli)
{
	const char *name = cli->operands_len > 0 ? cli->operands[0] : "",
		   *bad = setup_find_bad_folder();
	const struct setup_client *client;
	bool is_all = strcmp(name, "all") == 0, is_found = false,
	     lists_modules = false;
	int status = 0, r;

	if (bad != NULL) {
		cli_error("%s: %s does not name a folder or file from / on",
		    cli->command->name, bad);
		return CLI_EXIT_USAGE;
	}
	if (is_all && cli->delegate != NULL) {
		cli_error(
		    "%s: --delegate goes with one program", cli->command->name);
		return CLI_EXIT_USAGE;
	}
	for (client = setup_clients; client->name != NULL; client++) {
		if (!is_all && strcmp(client->name, name) != 0)
			continue;
		is_found = true;
		lists_modules =
		    lists_modules || (client->flags & SETUP_LISTS_MODULES) != 0;
		r = set_up(cli, client, is_all);
		if (status == 0)
			status = r;
	}
	if (is_found && lists_modules && status == 0)
		offer_opensc(cli);
	if (is_found)
		return status;
	cli_error("%s: which program? git, mutt, neomutt, gnupg, "
		  "ssh, openssl, thunderbird, firefox, chromium, evolution, "
		  "owa, opensc or all",
	    cli->command->name);
	return CLI_EXIT_USAGE;
}
