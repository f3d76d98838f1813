/* cardseal verify --batch: many messages in one process. */
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"

/* Given back to the kernel after each message, the room for pieces would cost
 * more than judging it. */
#define BATCH_KEEPS (16 << 20)

/* A file name may be any octets; JSON takes UTF-8 only. */
static char *
name_to_json(const char *name)
{
	json_t *json = json_string(name);
	char *text = NULL;
	size_t i, len = strlen(name);
	char *masked;

	if (json == NULL) {
		masked = strdup(name);
		for (i = 0; masked != NULL && i < len; i++)
			if ((unsigned char)masked[i] >= 0x80)
				masked[i] = '?';
		json = masked != NULL ? json_string(masked) : NULL;
		free(masked);
	}
	if (json != NULL)
		text = json_dumps(json, JSON_ENCODE_ANY);
	json_decref(json);
	return text;
}

/* {"name", "exit_status", "error", "verdict"} */
static int
print_line(struct cli *cli, const char *name, int code,
    struct cardseal_verdict *verdict)
{
	const char *json =
	    verdict != NULL ? cardseal_verdict_get_json(verdict) : "null";
	char *quoted = name_to_json(name), *error = NULL;
	size_t len = strcspn(json, "\n"); /* it is one line */

	if (quoted != NULL && verdict == NULL)
		error = name_to_json(cardseal_job_get_error(cli->job));
	if (quoted == NULL || (verdict == NULL && error == NULL)) {
		free(quoted);
		cli_error("no memory is left");
		return CLI_EXIT_INTERNAL;
	}
	printf("{\"name\":%s,\"exit_status\":%d,\"error\":%s,"
	       "\"verdict\":%.*s}\n",
	    quoted, cardseal_exit_status(code), error != NULL ? error : "null",
	    (int)len, json);
	free(quoted);
	free(error);
	return ferror(stdout) ? cli_finish_stdout() : 0;
}

/* *code is the message's; the result is not 0 when no more can be said. */
static int
verify_one(struct cli *cli, const char *name, int *code)
{
	struct cardseal_verdict *verdict = NULL;
	struct cardseal_input *in = cardseal_input_open(cli->job, name);
	int status;

	*code = in == NULL
		    ? cardseal_job_get_code(cli->job)
		    : cardseal_verify(cli->job, in, NULL, NULL, &verdict);
	status = print_line(cli, name, *code, verdict);
	cardseal_verdict_free(verdict);
	cardseal_input_free(in);
	return status;
}

int
cmd_verify_batch(struct cli *cli)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int code, status = 0, first = 0;

	if (cli->operands_len != 0 || cli->output != NULL ||
	    cli->content != NULL) {
		cli_error("verify: --batch takes the names of messages from "
			  "standard input, and no IN, -o or --content");
		return CLI_EXIT_USAGE;
	}
	mallopt(M_MMAP_THRESHOLD, BATCH_KEEPS);
	mallopt(M_TRIM_THRESHOLD, BATCH_KEEPS);
	while (status == 0 && (len = getline(&line, &size, stdin)) >= 0) {
		if (len > 0 && line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (line[0] == '\0')
			continue;
		status = verify_one(cli, line, &code);
		if (first == 0)
			first = cardseal_exit_status(code);
	}
	free(line);
	return status != 0 ? status : first;
}
