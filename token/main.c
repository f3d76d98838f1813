/*
 * cardseal-token: the process around one PKCS#11 module (design: "workers").
 *
 *   cardseal-token                  serves the agent on descriptor 3
 *   cardseal-token --list-modules   tells which modules there are (modules.h)
 *   cardseal-token --list-readers   tells which readers there are (readers.h)
 *   cardseal-token --version
 *
 * Exit status: 0 the agent hung up, or the list is whole; 1 the module cannot
 * be used (START was answered with the reason), or no list; 2 wrong usage, or
 * descriptor 3 is no socket; 70 the connection broke.
 */
#include <config.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "asn1/alg/alg.h"
#include "token/modules.h"
#include "token/readers.h"
#include "token/worker.h"

#define MAIN_FD 3

static int
main_complain(const struct err *e)
{
	fprintf(stderr, "cardseal-token: %s\n", err_get_text(e));
	return e->code;
}

static int
main_list(int (*list)(struct buf *out, struct err *e))
{
	struct buf out = {0};
	struct err e = ERR_INIT;
	int status = 1;

	if (list(&out, &e) != 0)
		(void)main_complain(&e);
	else if ((out.len == 0 ||
		     fwrite(out.data, 1, out.len, stdout) == out.len) &&
		 fflush(stdout) == 0)
		status = 0;
	buf_clear(&out);
	return status;
}

/* What modules print or read goes nowhere; nothing else is inherited. */
static void
main_close_fds(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		(void)dup2(fd, STDIN_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
		if (fcntl(STDERR_FILENO, F_GETFD) < 0)
			(void)dup2(fd, STDERR_FILENO);
	}
	(void)close_range(MAIN_FD + 1, ~0U, 0);
	(void)fcntl(MAIN_FD, F_SETFD, FD_CLOEXEC);
}

/* PINs pass through here: no core, no debugger, no life without the parent. */
static void
main_confine(void)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct rlimit none = {0, 0};

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

static int
main_serve(void)
{
	struct err e = ERR_INIT;
	int type, r;
	socklen_t len = sizeof(type);

	if (getsockopt(MAIN_FD, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_STREAM) {
		fprintf(stderr, "cardseal-token: descriptor 3 is no stream "
				"socket: cardseal-agent starts this program\n");
		return 2;
	}
	main_confine();
	main_close_fds();
	r = alg_init(&e);
	if (r == 0)
		r = worker_run(MAIN_FD, &e);
	if (r == -CS_ERR_MODULE)
		return 1;
	if (r != 0)
		(void)main_complain(&e);
	return r == 0 ? 0 : 70;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list-modules") == 0)
		return main_list(modules_list);
	if (argc == 2 && strcmp(argv[1], "--list-readers") == 0)
		return main_list(readers_list);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("cardseal-token " PACKAGE_VERSION);
		return 0;
	}
	if (argc != 1) {
		fprintf(stderr, "usage: cardseal-token [--list-modules | "
				"--list-readers | --version]\n");
		return 2;
	}
	/* Not exit: what modules registered for it is none of our business. */
	_exit(main_serve());
}
