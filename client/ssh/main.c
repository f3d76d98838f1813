/* main.c: the socket that SSH_AUTH_SOCK names. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "client/link/face.h"
#include "client/ssh/ssh.h"

#define SOCKET_PATH_MAX sizeof(((struct sockaddr_un *)0)->sun_path)

enum { OPTION_HELP = 256, OPTION_VERSION };

static const struct option options[] = {
    {"socket", required_argument, NULL, 'a'},
    {"key", required_argument, NULL, 'k'},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

static void
print_help(void)
{
	puts("usage: " SSH_PROGRAM " [-a SOCKET] [-k KEY]... [COMMAND [ARG]...]"
	     "\n\n"
	     "ssh's agent, with the keys for authentication that\n"
	     "cardseal-agent holds. Serves until it is told to end, or as\n"
	     "long as COMMAND runs, which has SSH_AUTH_SOCK set.\n\n"
	     "  -a, --socket SOCKET  listen there; else in\n"
	     "                       $XDG_RUNTIME_DIR/cardseal/ssh\n"
	     "  -k, --key KEY        offer that key (PIV slot, or 8 or more\n"
	     "                       digits of its id), and no other\n"
	     "      --help           print this\n"
	     "      --version        print the version\n\n"
	     "See " SSH_PROGRAM "(1).");
}

static int
fail(const char *what)
{
	fprintf(stderr, SSH_PROGRAM ": %s: %s\n", what, strerror(errno));
	return 1;
}

static int
serve(void *ctx, int fd)
{
	return ssh_serve(ctx, fd);
}

/* Where agent and faces have their sockets. NULL: it cannot be told. */
static const char *
default_path(char path[SOCKET_PATH_MAX])
{
	const char *base = getenv("XDG_RUNTIME_DIR");
	int len;

	if (base == NULL || base[0] != '/')
		return NULL;
	len = snprintf(path, SOCKET_PATH_MAX, "%s/cardseal", base);
	if (len < 0 || (size_t)len + sizeof("/ssh") > SOCKET_PATH_MAX)
		return NULL;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return NULL;
	memcpy(path + len, "/ssh", sizeof("/ssh"));
	return path;
}

/* A socket nobody listens on may be replaced; true: it is out of the way. */
static bool
remove_stale(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, r, errnum;

	if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	errnum = errno;
	(void)close(fd);
	if (r == 0 || errnum != ECONNREFUSED) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(path) == 0;
}

static int
listen_at(const char *path)
{
	int fd = face_listen(path);

	if (fd < 0 && errno == EADDRINUSE && remove_stale(path))
		fd = face_listen(path);
	return fd;
}

/* With SSH_AUTH_SOCK, as long as it runs; its exit status. */
static int
run_command(struct face *face, const char *path, char **argv)
{
	pid_t acceptor, command;
	int status = 0;

	acceptor = face_fork();
	if (acceptor == 0) {
		/* An interrupt from the terminal is for the command alone,
		 * which may go on after it. */
		(void)setpgid(0, 0);
		face_accept(face);
		_exit(0);
	}
	command = acceptor > 0 ? fork() : -1;
	if (command == 0) {
		face_release(face);
		if (setenv("SSH_AUTH_SOCK", path, 1) == 0)
			(void)execvp(argv[0], argv);
		_exit(fail(argv[0]) + 126);
	}
	while (
	    command > 0 && waitpid(command, &status, 0) < 0 && errno == EINTR)
		;
	if (acceptor > 0) {
		(void)kill(acceptor, SIGTERM);
		(void)waitpid(acceptor, NULL, 0);
	}
	if (command < 0)
		return fail("fork");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int
run(struct ssh_choice *choice, const char *path, char **argv)
{
	struct face face = {.serve = serve, .ctx = choice};
	char room[SOCKET_PATH_MAX];
	bool is_given = sd_listen_fds(1) > 0;
	int status = 0;

	if (path == NULL && !is_given)
		path = default_path(room);
	if (path == NULL && !is_given) {
		fputs(SSH_PROGRAM ": no place for the socket: name one with "
				  "--socket, or set XDG_RUNTIME_DIR\n",
		    stderr);
		return 1;
	}
	face_hold(&face);
	face.listener = is_given ? SD_LISTEN_FDS_START : listen_at(path);
	if (face.listener < 0)
		return fail(path);
	if (argv[0] != NULL)
		status = run_command(&face, path, argv);
	else
		face_accept(&face);
	(void)close(face.listener);
	if (!is_given)
		(void)unlink(path);
	return status;
}

static int
take_key(struct ssh_choice *choice, const char *name)
{
	size_t len = strlen(name);

	if (choice->len < SSH_CHOICES_MAX &&
	    (len == 2 ||
		(len >= 8 && strspn(name, "0123456789abcdefABCDEF") == len))) {
		choice->names[choice->len++] = name;
		return 0;
	}
	fprintf(stderr,
	    SSH_PROGRAM ": --key wants a PIV slot such as 9a, or 8 or more "
			"digits of a key's id (cardseal keys), %d times at "
			"most\n",
	    SSH_CHOICES_MAX);
	return 2;
}

int
main(int argc, char **argv)
{
	struct ssh_choice choice = {0};
	const char *path = NULL;
	int c;

	/* "+": what follows COMMAND is its own. */
	while ((c = getopt_long(argc, argv, "+a:k:", options, NULL)) != -1)
		switch (c) {
		case 'a':
			path = optarg;
			break;
		case 'k':
			if (take_key(&choice, optarg) != 0)
				return 2;
			break;
		case OPTION_HELP:
			print_help();
			return 0;
		case OPTION_VERSION:
			puts(SSH_PROGRAM " (cardseal) " VERSION);
			return 0;
		default:
			return 2;
		}
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return run(&choice, path, argv + optind);
}
