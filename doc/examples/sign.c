/*
 * sign.c: a mail from standard input to standard output, signed with the key
 * of its sender. The agent asks for the PIN.
 *
 *	cc -o sign sign.c $(pkg-config --cflags --libs cardseal)
 *	./sign <mail.eml >signed.eml
 */
#include <signal.h>
#include <stdio.h>

#include <cardseal.h>

int
main(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct cardseal_job *job = cardseal_job_new();
	struct cardseal_input *in;
	struct cardseal_output *out;
	int code;

	/* A reader that goes away is an error like others. */
	sigaction(SIGPIPE, &ignore, NULL);
	/* What the agent shows as this program's claim. */
	cardseal_job_set(job, CARDSEAL_PROGRAM, "example");
	in = cardseal_input_open(job, NULL);
	out = cardseal_output_open(job, NULL);
	code = cardseal_sign(job, in, out);
	if (code != 0)
		fprintf(stderr, "sign: %s\n", cardseal_job_get_error(job));
	cardseal_output_free(out);
	cardseal_input_free(in);
	cardseal_job_free(job);
	return cardseal_exit_status(code);
}
