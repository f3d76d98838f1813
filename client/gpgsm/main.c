#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/gpgsm/gpgsm.h"

enum {
	OPTION_VERIFY = 1000,
	OPTION_STATUS_FD,
	OPTION_LIST_KEYS,
	OPTION_TIMESTAMP,
	OPTION_PASSED_OVER, /* an argument that changes nothing here */
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option longs[] = {
    {"sign", no_argument, NULL, 's'},
    {"detach-sign", no_argument, NULL, 'b'},
    {"armor", no_argument, NULL, 'a'},
    {"local-user", required_argument, NULL, 'u'},
    {"output", required_argument, NULL, 'o'},
    {"verify", no_argument, NULL, OPTION_VERIFY},
    {"status-fd", required_argument, NULL, OPTION_STATUS_FD},
    {"list-keys", no_argument, NULL, OPTION_LIST_KEYS},
    {"list-secret-keys", no_argument, NULL, OPTION_LIST_KEYS},
    {"timestamp-authority", required_argument, NULL, OPTION_TIMESTAMP},
    {"include-certs", required_argument, NULL, OPTION_PASSED_OVER},
    {"keyid-format", required_argument, NULL, OPTION_PASSED_OVER},
    {"batch", no_argument, NULL, OPTION_PASSED_OVER},
    {"no-tty", no_argument, NULL, OPTION_PASSED_OVER},
    {"yes", no_argument, NULL, OPTION_PASSED_OVER},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static const char help[] =
    "usage: cardseal-gpgsm [OPTIONS] -s [FILE]\n"
    "       cardseal-gpgsm [OPTIONS] --verify [SIGNATURE [CONTENT]]\n"
    "       cardseal-gpgsm --list-keys\n"
    "\n"
    "  -s, --sign                         sign\n"
    "  -b, --detach-sign                  content beside the signature\n"
    "  -a, --armor                        text instead of DER\n"
    "  -u, --local-user KEY               sign with that key\n"
    "  -o, --output OUT                   write there\n"
    "      --verify                       judge a signature\n"
    "      --list-keys                    list the keys that may sign\n"
    "      --list-secret-keys             the same\n"
    "      --status-fd N                  GnuPG's status lines go there\n"
    "      --timestamp-authority URL      have the signature time-stamped\n"
    "      --include-certs N              passed over\n"
    "      --keyid-format FORMAT          passed over\n"
    "      --batch                        passed over\n"
    "      --no-tty                       passed over\n"
    "      --yes                          passed over\n"
    "  -q, --quiet                        say nothing on success\n"
    "  -v, --verbose                      say more\n"
    "      --version                      print the version\n"
    "      --help                         print this\n";

void
gpgsm_error(const char *fmt, ...)
{
	va_list ap;

	fputs("cardseal-gpgsm: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int
gpgsm_fail(const struct gpgsm *g, int code)
{
	gpgsm_error("%s", cardseal_job_get_error(g->job));
	return cardseal_exit_status(code);
}

void
gpgsm_status(const struct gpgsm *g, const char *fmt, ...)
{
	va_list ap;

	if (g->status == NULL)
		return;
	fputs("[GNUPG:] ", g->status);
	va_start(ap, fmt);
	vfprintf(g->status, fmt, ap);
	va_end(ap);
	fputc('\n', g->status);
	fflush(g->status);
}

static bool
starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

int
gpgsm_key_number(const struct cardseal_signer *signer)
{
	if (starts_with(signer->key_type, "RSA"))
		return 1;
	if (starts_with(signer->key_type, "Ed"))
		return 22;
	return starts_with(signer->key_type, "P-") ||
		       starts_with(signer->key_type, "brainpool")
		   ? 19
		   : 0;
}

int
gpgsm_digest_number(const struct cardseal_signer *signer)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = {{"sha1", 2}, {"sha256", 8}, {"sha384", 9}, {"sha512", 10},
	    {"sha224", 11}, {"sha3-256", 12}, {"sha3-512", 14}};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(signer->digest, rows[i].name) == 0)
			return rows[i].number;
	return 0;
}

const char *
gpgsm_fingerprint(char dst[GPGSM_FINGERPRINT_SIZE], const char *sha1)
{
	size_t i;

	if (sha1[0] == '\0')
		return "unknown";
	for (i = 0; i < GPGSM_FINGERPRINT_SIZE - 1 && sha1[i] != '\0'; i++)
		dst[i] = (char)toupper((unsigned char)sha1[i]);
	dst[i] = '\0';
	return dst;
}

/* The descriptor is the caller's; nothing else is written to it. */
static int
set_status_fd(struct gpgsm *g, const char *argument)
{
	char *end;
	long fd = strtol(argument, &end, 10);

	if (*argument == '\0' || *end != '\0' || fd < 0 || fd > INT_MAX) {
		gpgsm_error(
		    "--status-fd wants a file descriptor's number, not \"%s\"",
		    argument);
		return GPGSM_EXIT_USAGE;
	}
	if (fd == 1 || fd == 2)
		g->status = fd == 1 ? stdout : stderr;
	else
		g->status = fdopen((int)fd, "w");
	if (g->status != NULL)
		return 0;
	gpgsm_error("--status-fd %s: %s", argument, strerror(errno));
	return GPGSM_EXIT_USAGE;
}

/*
 * KEY as people write it for GnuPG, too: "Name <address>" means the address
 * (git's own choice where user.signingKey is not set).
 */
static int
set_key(struct gpgsm *g, const char *argument)
{
	const char *from = strrchr(argument, '<');
	size_t len = from != NULL ? strcspn(from + 1, ">") : 0;
	char *key;
	int r;

	if (from != NULL && from[1 + len] == '>')
		key = strndup(from + 1, len);
	else
		key = strdup(argument);
	if (key == NULL) {
		gpgsm_error("no memory is left");
		return GPGSM_EXIT_INTERNAL;
	}
	r = cardseal_job_set(g->job, CARDSEAL_KEY, key);
	free(key);
	return r == 0 ? 0 : gpgsm_fail(g, r);
}

static int
set_mode(struct gpgsm *g, enum gpgsm_mode mode)
{
	if (g->mode != GPGSM_NONE && g->mode != mode) {
		gpgsm_error("only one of --sign, --verify and --list-keys");
		return GPGSM_EXIT_USAGE;
	}
	g->mode = mode;
	return 0;
}

static int
set_timestamp(struct gpgsm *g, const char *url)
{
	int r = cardseal_job_set(g->job, CARDSEAL_TIMESTAMP_URL, url);

	return r == 0 ? 0 : gpgsm_fail(g, r);
}

static int
answer(struct gpgsm *g, const char *text)
{
	fputs(text, stdout);
	g->mode = GPGSM_DONE;
	return 0;
}

static int
take_option(struct gpgsm *g, int option, const char *argument)
{
	switch (option) {
	case 's':
		return set_mode(g, GPGSM_SIGN);
	case 'b':
		g->is_detached = true;
		return set_mode(g, GPGSM_SIGN);
	case 'a':
		g->is_armored = true;
		return 0;
	case 'u':
		return set_key(g, argument);
	case 'o':
		g->output = argument;
		return 0;
	case 'q':
		g->is_quiet = true;
		return 0;
	case 'v':
		g->is_verbose = true;
		return 0;
	case OPTION_VERIFY:
		return set_mode(g, GPGSM_VERIFY);
	case OPTION_LIST_KEYS:
		return set_mode(g, GPGSM_LIST_KEYS);
	case OPTION_STATUS_FD:
		return set_status_fd(g, argument);
	case OPTION_TIMESTAMP:
		return set_timestamp(g, argument);
	case OPTION_PASSED_OVER:
		return 0;
	case OPTION_HELP:
		return answer(g, help);
	default:
		printf("cardseal-gpgsm %s\n", cardseal_version());
		return answer(g, "");
	}
}

/* 0, or an exit status after a message. */
static int
parse(struct gpgsm *g, int argc, char **argv)
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":sbau:o:qv", longs, NULL)) !=
	       -1) {
		if (option == '?' || option == ':') {
			gpgsm_error(option == ':' ? "%s wants an argument"
						  : "there is no option %s",
			    argv[optind - 1]);
			return GPGSM_EXIT_USAGE;
		}
		status = take_option(g, option, optarg);
		if (status != 0 || g->mode == GPGSM_DONE)
			return status;
	}
	g->operands = argv + optind;
	g->operands_len = argc - optind;
	return 0;
}

static int
run(struct gpgsm *g)
{
	switch (g->mode) {
	case GPGSM_SIGN:
		return gpgsm_sign(g);
	case GPGSM_VERIFY:
		return gpgsm_verify(g);
	case GPGSM_LIST_KEYS:
		return gpgsm_list_keys(g);
	case GPGSM_DONE:
		return 0;
	case GPGSM_NONE:
		break;
	}
	gpgsm_error("--sign, --verify or --list-keys? See --help");
	return GPGSM_EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct gpgsm g = {.job = cardseal_job_new()};
	int status;

	setlocale(LC_CTYPE, "");
	/* Told of by the call that meets them, with a name and a status. */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL);
	if (g.job == NULL) {
		gpgsm_error("no memory is left");
		return GPGSM_EXIT_INTERNAL;
	}
	cardseal_job_set(g.job, CARDSEAL_PROGRAM, "cardseal-gpgsm");
	cardseal_job_set(g.job, CARDSEAL_FORMAT, "cms");
	status = parse(&g, argc, argv);
	if (status == 0)
		status = run(&g);
	if (fflush(stdout) != 0 && status == 0) {
		gpgsm_error("standard output: %s", strerror(errno));
		status = GPGSM_EXIT_IO;
	}
	cardseal_job_free(g.job);
	return status;
}
