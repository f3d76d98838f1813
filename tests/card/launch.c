#include "config.h"

#include "tests/card/launch.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- control --- */

static void
launch_stop(struct launch *l)
{
	launch_end(&l->pcscd, SIGTERM);
	if (l->socket >= 0)
		(void)close(l->socket);
	l->socket = -1;
	(void)unlink(launch_path(l, "pcscd.sock"));
}

static bool
control_card_pid(
    const struct launch *l, char **words, size_t len, struct buf *reply)
{
	unsigned n;

	if (len < 2 || l->cards_len == 0 ||
	    !word_get_uint(words[1], 10, (unsigned)l->cards_len - 1, &n))
		return false;
	return buf_printf(reply, "%d", (int)l->card_pids[n]) == 0;
}

static bool
on_control(void *ctx, char **words, size_t len, struct buf *reply)
{
	struct launch *l = ctx;

	if (strcmp(words[0], "pid") == 0)
		return buf_printf(reply, "%d", (int)l->pcscd) == 0;
	if (strcmp(words[0], "card-pid") == 0)
		return control_card_pid(l, words, len, reply);
	if (strcmp(words[0], "kill") == 0) {
		launch_end(&l->pcscd, SIGKILL);
		return true;
	}
	if (strcmp(words[0], "stop") == 0) {
		launch_stop(l);
		return true;
	}
	if (strcmp(words[0], "start") == 0) {
		if (l->socket < 0)
			launch_open_socket(l);
		if (l->pcscd == 0)
			launch_start_pcscd(l);
		return true;
	}
	return false;
}

/* --- the loop --- */

static void
launch_on_signal(struct launch *l)
{
	struct signalfd_siginfo info;
	size_t i;

	if (read(l->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGCHLD) {
		l->is_over = true;
		return;
	}
	if (l->pcscd > 0 && waitpid(l->pcscd, NULL, WNOHANG) == l->pcscd)
		l->pcscd = 0;
	for (i = 0; i < l->cards_len; i++)
		if (l->card_pids[i] > 0 &&
		    waitpid(l->card_pids[i], NULL, WNOHANG) == l->card_pids[i])
			l->card_pids[i] = 0;
}

static void
launch_step(struct launch *l)
{
	struct pollfd fds[2 + CONTROL_FDS];

	fds[0] = (struct pollfd){.fd = l->signals, .events = POLLIN};
	/* Without a pcscd somebody has to see that one is wanted. */
	fds[1] = (struct pollfd){
	    .fd = l->pcscd == 0 ? l->socket : -1, .events = POLLIN};
	control_poll(&l->control, fds + 2);
	if (poll(fds, 2 + CONTROL_FDS, -1) < 0)
		return;
	if (fds[0].revents != 0)
		launch_on_signal(l);
	if (fds[1].fd >= 0 && fds[1].revents != 0 && l->pcscd == 0)
		launch_start_pcscd(l);
	control_serve(&l->control, fds + 2);
}

static void
launch_catch_signals(struct launch *l)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		launch_die("sigprocmask");
	l->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (l->signals < 0)
		launch_die("signalfd");
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* What was built beside this program. */
static const char *
beside(const char *name)
{
	char self[LAUNCH_PATH_MAX], *path, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		launch_die("/proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	if (asprintf(&path, "%s/%s", self, name) < 0)
		launch_die(name);
	return path;
}

static bool
get_options(struct launch *l, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"dir", required_argument, NULL, 'd'},
	    {"card", required_argument, NULL, 'c'},
	    {"shim", required_argument, NULL, 's'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'd')
			l->folder = optarg;
		else if (c == 'c')
			l->card_program = optarg;
		else if (c == 's')
			l->shim = optarg;
		else
			return false;
	}
	l->cards = argv + optind;
	l->cards_len = (size_t)(argc - optind);
	return l->folder != NULL && l->folder[0] == '/' &&
	       l->cards_len <= SHIM_SLOTS;
}

int
main(int argc, char **argv)
{
	static struct launch l;
	size_t i;

	if (!get_options(&l, argc, argv)) {
		(void)fprintf(stderr,
		    "usage: %s --dir /FOLDER [--card PROGRAM] [--shim FILE]"
		    " [CARD]...\n",
		    argv[0]);
		return 2;
	}
	if (l.card_program == NULL)
		l.card_program = beside("piv_card");
	if (l.shim == NULL)
		l.shim = beside(".libs/pcscd_shim.so");
	launch_make_folder(&l);
	launch_catch_signals(&l);
	launch_open_socket(&l);
	if (!control_open(
		&l.control, launch_path(&l, "launch"), on_control, &l))
		launch_die(launch_path(&l, "launch"));
	launch_start_pcscd(&l);
	for (i = 0; i < l.cards_len; i++)
		launch_start_card(&l, i);
	launch_write_env(&l);
	while (!l.is_over)
		launch_step(&l);
	for (i = 0; i < l.cards_len; i++)
		launch_end(&l.card_pids[i], SIGTERM);
	launch_stop(&l);
	return 0;
}
