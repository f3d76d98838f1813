#include "config.h"

#include "agent/dialog.h"

#include <assuan.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"
#include "asn1/secret.h"

#define DIALOG_LINE_MAX 990 /* of Assuan's 1000 octets */
#define DIALOG_ARENA_LEN ((size_t)128 * 1024)

/*
 * libassuan reads the PIN into memory of its own, so all of its memory comes
 * from here: locked, not dumped, wiped on free, never used again.
 */
static uint8_t *arena;
static size_t arena_used;

struct arena_head {
	alignas(max_align_t) size_t len;
};

static void *
arena_malloc(size_t len)
{
	struct arena_head *head;
	size_t need;

	if (len > DIALOG_ARENA_LEN)
		return NULL;
	need = sizeof(*head) +
	       (len + sizeof(*head) - 1) / sizeof(*head) * sizeof(*head);
	if (arena == NULL || need > DIALOG_ARENA_LEN - arena_used) {
		errno = ENOMEM;
		return NULL;
	}
	head = (void *)(arena + arena_used);
	arena_used += need;
	head->len = len;
	return head + 1;
}

static void
arena_free(void *p)
{
	struct arena_head *head = p;

	if (p != NULL)
		mem_wipe(p, head[-1].len);
}

static void *
arena_realloc(void *p, size_t len)
{
	struct arena_head *head = p;
	void *new = arena_malloc(len);

	if (p == NULL || new == NULL)
		return new;
	memcpy(new, p, head[-1].len < len ? head[-1].len : len);
	arena_free(p);
	return new;
}

static struct assuan_malloc_hooks arena_hooks = {
    arena_malloc, arena_realloc, arena_free};

static int
arena_init(void)
{
	void *map = mmap(NULL, DIALOG_ARENA_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -CS_ERR_NO_MEMORY;
	(void)madvise(map, DIALOG_ARENA_LEN, MADV_DONTDUMP);
	(void)madvise(map, DIALOG_ARENA_LEN, MADV_WIPEONFORK);
	(void)mlock(map, DIALOG_ARENA_LEN);
	arena = map;
	return 0;
}

struct dialog {
	assuan_context_t ctx;
	struct secret *pin;
	size_t pin_len;
	bool is_too_long;
};

static gpg_error_t
dialog_data(void *opaque, const void *data, size_t len)
{
	struct dialog *d = opaque;

	if (len > DIALOG_PIN_MAX - d->pin_len) {
		d->is_too_long = true;
		return 0;
	}
	if (len != 0)
		memcpy(secret_get(d->pin) + d->pin_len, data, len);
	d->pin_len += len;
	return 0;
}

static bool
dialog_is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & 0111) != 0;
}

/* As execvp would find it. */
static bool
dialog_find(const char *program, char out[PATH_MAX])
{
	const char *path = getenv("PATH"), *end;
	int n;

	if (strchr(program, '/') != NULL) {
		n = snprintf(out, PATH_MAX, "%s", program);
		return n > 0 && n < PATH_MAX && dialog_is_program(out);
	}
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	for (; *path != '\0'; path = *end != '\0' ? end + 1 : end) {
		end = strchrnul(path, ':');
		if (end == path || *path != '/')
			continue;
		n = snprintf(
		    out, PATH_MAX, "%.*s/%s", (int)(end - path), path, program);
		if (n > 0 && n < PATH_MAX && dialog_is_program(out))
			return true;
	}
	return false;
}

/* In pinentry's process, before it is executed: it ends when we do. */
static void
dialog_atfork(void *opaque, int reserved)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	const pid_t *parent = opaque;

	(void)reserved;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != *parent)
		_exit(1);
	(void)sigaction(SIGPIPE, &action, NULL);
}

static gpg_error_t
dialog_transact(struct dialog *d, const char *line)
{
	return assuan_transact(
	    d->ctx, line, dialog_data, d, NULL, NULL, NULL, NULL);
}

/* "COMMAND text", percent-escaped, cut at a character to fit a line. */
static gpg_error_t
dialog_command(struct dialog *d, const char *command, struct bytes text)
{
	char line[DIALOG_LINE_MAX + 16];
	size_t used, i, last;
	int n;

	if (text.len == 0)
		return 0;
	n = snprintf(line, sizeof(line), "%s", command);
	used = last = (size_t)n;
	for (i = 0; i < text.len && used < DIALOG_LINE_MAX; i++) {
		if ((text.p[i] & 0xc0) != 0x80)
			last = used;
		if (text.p[i] == '%' || text.p[i] < 0x20 || text.p[i] == 0x7f)
			used += (size_t)snprintf(
			    line + used, 4, "%%%02X", text.p[i]);
		else
			line[used++] = (char)text.p[i];
	}
	line[i < text.len ? last : used] = '\0';
	return dialog_transact(d, line);
}

static gpg_error_t
dialog_texts(struct dialog *d, const struct dialog_request *r)
{
	gpg_error_t err;

	/* A pinentry may know fewer options. */
	(void)dialog_command(d, "OPTION display=", r->display);
	(void)dialog_command(d, "OPTION ttyname=", r->tty_name);
	(void)dialog_command(d, "OPTION ttytype=", r->tty_type);
	(void)dialog_command(d, "OPTION lc-ctype=", r->lc_ctype);
	(void)dialog_command(d, "OPTION lc-messages=", r->lc_messages);
	(void)dialog_command(d, "SETTITLE ", BYTES_LIT("cardseal"));
	err = dialog_command(d, "SETDESC ", r->description);
	if (err == 0)
		err = dialog_command(d, "SETPROMPT ", r->prompt);
	if (err == 0)
		err = dialog_command(d, "SETERROR ", r->error);
	return err;
}

static gpg_error_t
dialog_hold(struct dialog *d, const struct dialog_request *r)
{
	char line[64];
	gpg_error_t err = dialog_texts(d, r);

	if (err != 0)
		return err;
	snprintf(line, sizeof(line), "SETTIMEOUT %u", r->timeout_s);
	(void)dialog_transact(d, line);
	if (r->kind != DIALOG_PIN) {
		(void)dialog_command(d, "SETOK ", r->ok);
		(void)dialog_command(d, "SETCANCEL ", r->cancel);
		return dialog_transact(d, "CONFIRM");
	}
	assuan_begin_confidential(d->ctx);
	err = dialog_transact(d, "GETPIN");
	assuan_end_confidential(d->ctx);
	return err;
}

static gpg_error_t
dialog_connect(struct dialog *d, const char *path, const char *display)
{
	const char *argv[] = {"pinentry", NULL, NULL, NULL};
	assuan_fd_t keep[] = {STDERR_FILENO, ASSUAN_INVALID_FD};
	pid_t self = getpid();
	gpg_error_t err;

	/* Which of the pinentries of a desktop it is to be, it decides by
	 * this option and by the environment. */
	if (display[0] != '\0') {
		argv[1] = "--display";
		argv[2] = display;
	}
	err = assuan_new_ext(
	    &d->ctx, GPG_ERR_SOURCE_DEFAULT, &arena_hooks, NULL, NULL);
	if (err != 0)
		return err;
	return assuan_pipe_connect(
	    d->ctx, path, argv, keep, dialog_atfork, &self, 0);
}

static void
dialog_setenv(const char *name, struct bytes value)
{
	char *s;

	if (value.len == 0)
		return;
	s = bytes_dup_str(value);
	if (s != NULL)
		(void)setenv(name, s, 1);
	free(s);
}

static int
dialog_code(gpg_error_t err)
{
	switch (gpg_err_code(err)) {
	case GPG_ERR_NO_ERROR:
		return 0;
	case GPG_ERR_CANCELED:
	case GPG_ERR_FULLY_CANCELED:
	case GPG_ERR_NOT_CONFIRMED:
		return -CS_ERR_CANCELLED;
	case GPG_ERR_TIMEOUT:
		return -CS_ERR_TIMEOUT;
	default:
		return -CS_ERR_NO_PINENTRY;
	}
}

static int
dialog_run(struct dialog *d, const char *program,
    const struct dialog_request *r, char text[DIALOG_TEXT_MAX])
{
	static char path[PATH_MAX];
	char quoted[256];
	const char *display;
	gpg_error_t err;

	err_quote(quoted, sizeof(quoted), program, strlen(program));
	if (!dialog_find(program, path)) {
		snprintf(text, DIALOG_TEXT_MAX,
		    "the program \"%s\" that asks for PINs is not there: "
		    "install pinentry-gnome3, pinentry-qt or pinentry-curses, "
		    "or name one with --pinentry",
		    quoted);
		return -CS_ERR_NO_PINENTRY;
	}
	dialog_setenv("DISPLAY", r->display);
	dialog_setenv("XAUTHORITY", r->xauthority);
	display = getenv("DISPLAY");
	err = dialog_connect(d, path, display != NULL ? display : "");
	if (err == 0)
		err = dialog_hold(d, r);
	if (err == 0 && d->is_too_long) {
		snprintf(text, DIALOG_TEXT_MAX, "a PIN has at most %d bytes",
		    DIALOG_PIN_MAX);
		return -CS_ERR_PIN_LENGTH;
	}
	if (dialog_code(err) == -CS_ERR_NO_PINENTRY)
		snprintf(text, DIALOG_TEXT_MAX,
		    "\"%s\" cannot ask for the PIN: %s%s", quoted,
		    gpg_strerror(err),
		    r->display.len == 0 && r->tty_name.len == 0
			? " (the program that wants the PIN has told neither "
			  "a display nor a terminal)"
			: "");
	return dialog_code(err);
}

void
dialog_main(int fd, const char *program, struct bytes request)
{
	struct dialog d = {0};
	struct dialog_request r;
	struct dialog_answer answer = {0};
	static char text[DIALOG_TEXT_MAX];
	struct secret *packet;
	struct buf out;

	d.pin = secret_new(DIALOG_PIN_MAX);
	packet = secret_new(DIALOG_ANSWER_MAX);
	if (d.pin == NULL || packet == NULL || arena_init() != 0)
		_exit(1);
	if (dialog_request_decode(request, &r) != 0)
		_exit(1);
	answer.code = dialog_run(&d, program, &r, text);
	if (d.ctx != NULL)
		assuan_release(d.ctx);
	if (answer.code == 0)
		answer.pin = bytes_of(secret_get(d.pin), d.pin_len);
	answer.text = bytes_of_str(text);
	/* The locked memory itself, so that the PIN gets no other copy. */
	out = (struct buf){.data = secret_get(packet),
	    .cap = DIALOG_ANSWER_MAX,
	    .max = DIALOG_ANSWER_MAX};
	if (dialog_answer_encode(&answer, &out) == 0)
		(void)send(fd, out.data, out.len, MSG_NOSIGNAL);
	secret_free(d.pin);
	secret_free(packet);
	_exit(0);
}
