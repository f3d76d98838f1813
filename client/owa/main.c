/* main.c: the program that a browser starts. */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client/owa/owa.h"

#define EXIT_USAGE 2
#define EXIT_REFUSED 8
#define EXIT_IO 74

enum { OPTION_PARENT = 256, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
    /* Chrome names its window, on some systems */
    {"parent-window", required_argument, NULL, OPTION_PARENT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

static void
print_help(void)
{
	puts(
	    "usage: cardseal-owa ORIGIN\n\n"
	    "Signs, encrypts and opens mail for Outlook on the web. A browser\n"
	    "starts it, after \"cardseal setup owa\"; see cardseal-owa(8).");
}

/* The browser looks at the same list in its own file, which others can
 * write. */
static bool
is_allowed(const char *origin)
{
	return strcmp(origin, OWA_ORIGIN_CHROME) == 0 ||
	       strcmp(origin, OWA_ORIGIN_EDGE) == 0;
}

static int
serve(struct owa_talk *t)
{
	struct buf frame = {.max = OWA_FRAME_MAX + 1};
	struct err e = ERR_INIT;
	json_t *answer;
	int r;

	while ((r = owa_frame_read(STDIN_FILENO, &frame, &e)) > 0) {
		answer = owa_talk_answer(t, buf_get(&frame));
		if (answer == NULL)
			continue;
		r = owa_frame_write(STDOUT_FILENO, answer, &e);
		json_decref(answer);
		if (r != 0)
			break;
	}
	buf_clear(&frame);
	if (r == 0)
		return 0;
	fprintf(stderr, OWA_PROGRAM ": %s\n", err_get_text(&e));
	return EXIT_IO;
}

int
main(int argc, char **argv)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct owa_talk *talk;
	int c, status;

	setlocale(LC_ALL, "");
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case OPTION_PARENT:
			break;
		case OPTION_HELP:
			print_help();
			return 0;
		case OPTION_VERSION:
			printf(
			    OWA_PROGRAM " (cardseal) %s\n", cardseal_version());
			return 0;
		default:
			return EXIT_USAGE;
		}
	if (optind + 1 != argc) {
		fputs(OWA_PROGRAM ": a browser starts this, and says for "
				  "which extension; see cardseal-owa(8)\n",
		    stderr);
		return EXIT_USAGE;
	}
	if (!is_allowed(argv[optind])) {
		fputs(OWA_PROGRAM ": it is not Microsoft's S/MIME extension "
				  "that asks; refused\n",
		    stderr);
		return EXIT_REFUSED;
	}
	sigaction(SIGPIPE, &ignore, NULL);
	talk = owa_talk_new();
	status = talk != NULL ? serve(talk) : EXIT_IO;
	owa_talk_free(talk);
	return status;
}
