#include "client/p12/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ASK_QUOTED_SIZE 256

int
ask_open(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* --- signals: the terminal is put right before anything else happens --- */

static const int ask_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
#define ASK_SIGNALS (sizeof(ask_signals) / sizeof(ask_signals[0]))

static volatile sig_atomic_t ask_is_interrupted;

static void
ask_interrupt(int sig)
{
	(void)sig;
	ask_is_interrupted = 1;
}

static void
ask_catch(struct sigaction *old)
{
	struct sigaction catch = {.sa_handler = ask_interrupt};
	size_t i;

	ask_is_interrupted = 0;
	for (i = 0; i < ASK_SIGNALS; i++)
		(void)sigaction(ask_signals[i], &catch, &old[i]);
}

static void
ask_release(const struct sigaction *old)
{
	size_t i;

	for (i = 0; i < ASK_SIGNALS; i++)
		(void)sigaction(ask_signals[i], &old[i], NULL);
}

/* --- the terminal --- */

static void
ask_write(int tty, const char *text)
{
	ssize_t n = write(tty, text, strlen(text));

	(void)n; /* a terminal that does not show it can still be typed at */
}

static int
ask_cancelled(struct err *e)
{
	return err_set(e, -CS_ERR_CANCELLED,
	    "the file's password was asked for, and not given");
}

/* A line, without its end; the terminal hands it over whole. */
static int
ask_read_line(int tty, struct secret *line, struct err *e)
{
	size_t len = 0;
	ssize_t n;
	uint8_t c;

	for (;;) {
		if (ask_is_interrupted)
			return ask_cancelled(e);
		n = read(tty, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(e, errno, "the terminal");
		if (n == 0)
			return ask_cancelled(e);
		if (c == '\n')
			break;
		if (len == ASK_PASSWORD_LEN_MAX)
			return err_set(e, -CS_ERR_ARGUMENT,
			    "a password is longer than %d octets",
			    ASK_PASSWORD_LEN_MAX);
		secret_get(line)[len++] = c;
	}
	secret_cut(line, len);
	return 0;
}

/* The prompt comes when the echo is off already: who types as soon as it is
 * there is not seen, and loses nothing. */
static int
ask_read_unseen(int tty, const char *prompt, struct secret *line, struct err *e)
{
	struct sigaction old[ASK_SIGNALS];
	struct termios shown, unseen;
	int r;

	if (tcgetattr(tty, &shown) != 0)
		return err_set_errno(e, errno, "the terminal");
	unseen = shown;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	unseen.c_lflag |= ICANON | ISIG;
	ask_catch(old);
	r = tcsetattr(tty, TCSAFLUSH, &unseen) == 0
		? 0
		: err_set_errno(e, errno, "the terminal");
	if (r == 0) {
		ask_write(tty, prompt);
		r = ask_read_line(tty, line, e);
	}
	(void)tcsetattr(tty, TCSAFLUSH, &shown);
	ask_release(old);
	ask_write(tty, "\n");
	return r;
}

int
ask_password(int tty, const char *file, bool is_again, struct secret **password,
    struct err *e)
{
	struct secret *line = secret_new(ASK_PASSWORD_LEN_MAX);
	char quoted[ASK_QUOTED_SIZE], prompt[ASK_QUOTED_SIZE + 64];
	int r;

	*password = NULL;
	if (line == NULL)
		return err_set(e, -CS_ERR_NO_MEMORY, NULL);
	snprintf(prompt, sizeof(prompt),
	    "%sPassword of %s: ", is_again ? "That is not its password.\n" : "",
	    err_quote(quoted, sizeof(quoted), file, strlen(file)));
	r = ask_read_unseen(tty, prompt, line, e);
	if (r == 0)
		*password = line;
	else
		secret_free(line);
	return r;
}
