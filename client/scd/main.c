/* main.c: the program that gpg-agent starts. */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "client/scd/scd.h"

enum { OPTION_SERVER = 256, OPTION_IGNORED, OPTION_HELP, OPTION_VERSION };

/* What gpg-agent and gpgconf give scdaemon; all but the first two rows is
 * about what this program has not. */
static const struct option options[] = {
    {"server", no_argument, NULL, OPTION_SERVER},
    {"multi-server", no_argument, NULL, OPTION_SERVER},
    {"homedir", required_argument, NULL, OPTION_IGNORED},
    {"options", required_argument, NULL, OPTION_IGNORED},
    {"log-file", required_argument, NULL, OPTION_IGNORED},
    {"debug-level", required_argument, NULL, OPTION_IGNORED},
    {"no-detach", no_argument, NULL, OPTION_IGNORED},
    {"verbose", no_argument, NULL, OPTION_IGNORED},
    {"quiet", no_argument, NULL, OPTION_IGNORED},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

static void
print_help(void)
{
	puts("usage: cardseal-scd --multi-server\n\n"
	     "gpg-agent's card daemon, with the cards that cardseal-agent\n"
	     "holds: in gpg-agent.conf,\n\n"
	     "    scdaemon-program /usr/bin/cardseal-scd\n\n"
	     "and then gpgsm --learn-card. See cardseal-scd(1).");
}

int
main(int argc, char **argv)
{
	bool is_server = false;
	char *socket_name;
	int c, status;

	while ((c = getopt_long(argc, argv, "vq", options, NULL)) != -1)
		switch (c) {
		case OPTION_SERVER:
			is_server = true;
			break;
		case OPTION_HELP:
			print_help();
			return 0;
		case OPTION_VERSION:
			puts(SCD_PROGRAM " (cardseal) " VERSION);
			return 0;
		case '?':
			return 2;
		default:
			break;
		}
	if (!is_server || optind != argc) {
		fputs(SCD_PROGRAM ": gpg-agent starts it with --multi-server; "
				  "see --help\n",
		    stderr);
		return 2;
	}
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	socket_name = scd_listen();
	status = scd_serve(STDIN_FILENO, STDOUT_FILENO, false, socket_name);
	scd_unlisten(socket_name);
	return status;
}
