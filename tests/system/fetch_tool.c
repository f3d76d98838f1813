/*
 * fetch_tool: asks cardseal-fetch for URLs, for tests/system/fetch.sh.
 *
 *	fetch_tool [-m OCTETS] [-t MS] [-r REDIRECTS] [-p] [-d BODY]
 *	    [-T TYPE] URL...
 *
 * Each body goes to standard output; then one line each on standard error:
 * the code's name, the status, the type, the URL and the text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/fetch/fetch.h"

static int
print_piece(void *ctx, struct bytes piece, struct err *e)
{
	(void)ctx;
	if (fwrite(piece.p, 1, piece.len, stdout) == piece.len)
		return 0;
	return err_set(e, -CS_ERR_IO, NULL);
}

static int
ask(struct fetch *f, struct fetch_request *q, const char *url)
{
	struct fetch_answer answer;
	struct err e = ERR_INIT;
	int r;

	q->url = bytes_of_str(url);
	r = fetch_run(f, q, &answer, print_piece, NULL, &e);
	fprintf(stderr, "%s %u %s %s %s\n", err_name(r), answer.status,
	    answer.content_type != NULL && answer.content_type[0] != '\0'
		? answer.content_type
		: "-",
	    answer.url != NULL ? answer.url : "-",
	    r != 0 ? err_get_text(&e) : "");
	fetch_answer_clear(&answer);
	return r;
}

int
main(int argc, char **argv)
{
	struct fetch_request q = {
	    .octets_max = 1 << 20, .timeout_ms = 10000, .redirects_max = 5};
	struct fetch *f = fetch_new();
	int option, r = 0;

	while ((option = getopt(argc, argv, "m:t:r:pd:T:")) != -1) {
		switch (option) {
		case 'm':
			q.octets_max = strtoull(optarg, NULL, 10);
			break;
		case 't':
			q.timeout_ms = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			q.redirects_max = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			q.is_public = true;
			break;
		case 'd':
			q.method = FETCH_POST;
			q.body = bytes_of_str(optarg);
			break;
		case 'T':
			q.content_type = bytes_of_str(optarg);
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc; optind++)
		r |= ask(f, &q, argv[optind]);
	fetch_free(f);
	return r != 0;
}
