/* What the launcher starts, and how. */
#include "config.h"

#include "tests/card/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PCSCD "/usr/sbin/pcscd"
#define LISTEN_FD 3 /* sd_listen_fds(3) */

static const char *const vpcd_drivers[] = {
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib64/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
};

void
launch_die(const char *what)
{
	(void)fprintf(stderr, "launch: %s: %s\n", what, strerror(errno));
	exit(1);
}

const char *
launch_path(const struct launch *l, const char *name)
{
	static char paths[8][LAUNCH_PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];
	int n = snprintf(path, LAUNCH_PATH_MAX, "%s/%s", l->folder, name);

	if (n < 0 || n >= LAUNCH_PATH_MAX) {
		errno = ENAMETOOLONG;
		launch_die(name);
	}
	return path;
}

static const char *
find_driver(void)
{
	struct stat st;
	size_t i;

	for (i = 0; i < sizeof(vpcd_drivers) / sizeof(vpcd_drivers[0]); i++)
		if (stat(vpcd_drivers[i], &st) == 0)
			return vpcd_drivers[i];
	launch_die("libifdvpcd.so: install vsmartcard-vpcd");
}

void
launch_make_folder(const struct launch *l)
{
	static const char *const inside[] = {"", "pcscd", "readers"};
	const char *path;
	size_t i;
	FILE *f;

	for (i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		path = launch_path(l, inside[i]);
		if (mkdir(path, 0700) != 0)
			launch_die(path);
	}
	path = launch_path(l, "readers/vpcd");
	f = fopen(path, "we");
	if (f == NULL)
		launch_die(path);
	(void)fprintf(f,
	    "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:%u\n"
	    "LIBPATH %s\nCHANNELID 0\n",
	    SHIM_PORT, find_driver());
	if (fclose(f) != 0)
		launch_die(path);
}

void
launch_open_socket(struct launch *l)
{
	const char *path = launch_path(l, "pcscd.sock");

	(void)unlink(path);
	l->socket = control_listen(path);
	if (l->socket < 0)
		launch_die(path);
}

/* --- children --- */

/* In the child: ends with the launcher, says nothing to the test. */
static void
child_prepare(const struct launch *l, const char *log, pid_t parent)
{
	sigset_t none;
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	fd = open(launch_path(l, log), O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(1);
	(void)close(fd);
	fd = open("/dev/null", O_RDONLY);
	if (fd > 0) {
		(void)dup2(fd, 0);
		(void)close(fd);
	}
}

static void
pcscd_environment(const struct launch *l)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", pid, 1);
	(void)setenv("LISTEN_FDS", "1", 1);
	(void)setenv(SHIM_DIR_ENV, l->folder, 1);
	(void)setenv("LD_PRELOAD", l->shim, 1);
}

void
launch_start_pcscd(struct launch *l)
{
	pid_t parent = getpid();

	(void)unlink(launch_path(l, "port.0"));
	(void)unlink(launch_path(l, "port.1"));
	l->pcscd = fork();
	if (l->pcscd < 0)
		launch_die("fork");
	if (l->pcscd > 0)
		return;
	child_prepare(l, "pcscd.log", parent);
	if (l->socket == LISTEN_FD)
		(void)fcntl(LISTEN_FD, F_SETFD, 0);
	else
		(void)dup2(l->socket, LISTEN_FD);
	pcscd_environment(l);
	(void)execl(PCSCD, "pcscd", "--foreground", "--config",
	    launch_path(l, "readers"), (char *)NULL);
	launch_die(PCSCD);
}

static const char *
numbered(const struct launch *l, const char *name, size_t n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%s.%zu", name, n);
	return launch_path(l, text);
}

void
launch_start_card(struct launch *l, size_t n)
{
	pid_t parent = getpid();

	l->card_pids[n] = fork();
	if (l->card_pids[n] < 0)
		launch_die("fork");
	if (l->card_pids[n] > 0)
		return;
	child_prepare(l, "card.log", parent);
	(void)execl(l->card_program, "card", "--port-file",
	    numbered(l, "port", n), "--control", numbered(l, "card", n),
	    "--trace", numbered(l, "trace", n), l->cards[n], (char *)NULL);
	launch_die(l->card_program);
}

void
launch_end(pid_t *pid, int signal)
{
	static const struct timespec nap = {.tv_nsec = 10000000};
	int waited;

	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGCONT);
	(void)kill(*pid, signal);
	for (waited = 0; waitpid(*pid, NULL, WNOHANG) == 0; waited += 10) {
		if (waited >= LAUNCH_END_MS)
			(void)kill(*pid, SIGKILL);
		(void)nanosleep(&nap, NULL);
	}
	*pid = 0;
}

/* Complete as soon as it is there. */
void
launch_write_env(const struct launch *l)
{
	const char *temp = launch_path(l, "env.new");
	FILE *f = fopen(temp, "we");
	size_t i;

	if (f == NULL)
		launch_die(temp);
	(void)fprintf(f, "export PCSCLITE_CSOCK_NAME='%s'\n",
	    launch_path(l, "pcscd.sock"));
	(void)fprintf(f, "CARD_LAUNCH='%s'\n", launch_path(l, "launch"));
	for (i = 0; i < l->cards_len; i++)
		(void)fprintf(f, "CARD_%zu='%s'\n", i, numbered(l, "card", i));
	if (fclose(f) != 0 || rename(temp, launch_path(l, "env")) != 0)
		launch_die(temp);
}
