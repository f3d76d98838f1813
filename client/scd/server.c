/* server.c: one connection in the Assuan protocol. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/scd/scd.h"

/* gpg-agent wants a card daemon that is not older than itself. What we speak
 * is what its versions 2.1 to 2.4 ask for. */
#define SERVER_SPEAKS "2.99.0"

/* --- lines --- */

static const char *
skip_space(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static size_t
word_len(const char *p)
{
	return strcspn(p, " \t");
}

const char *
scd_get_option(const char *line, const char *name, char *dst, size_t size)
{
	size_t len, name_len = strlen(name), value_len;
	const char *p;

	for (p = skip_space(line); p[0] == '-' && p[1] == '-';
	     p = skip_space(p + len)) {
		len = word_len(p);
		if (len == 2)
			break;
		if (strncmp(p, name, name_len) != 0 ||
		    (len > name_len && p[name_len] != '='))
			continue;
		value_len = len > name_len ? len - name_len - 1 : 0;
		if (value_len >= size)
			return NULL;
		memcpy(dst, p + len - value_len, value_len);
		dst[value_len] = '\0';
		return dst;
	}
	return NULL;
}

static int
hex_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)((at - digits) % 16) : -1;
}

char *
scd_get_word(char *line)
{
	char *p = line + (skip_space(line) - line), *from, *to;
	int high, low;
	size_t len;

	while (p[0] == '-' && p[1] == '-') {
		len = word_len(p);
		p += len;
		p += skip_space(p) - p;
		if (len == 2)
			break;
	}
	p[word_len(p)] = '\0';
	for (from = to = p; *from != '\0'; from++) {
		high = *from == '%' ? hex_value(from[1]) : -1;
		low = high >= 0 ? hex_value(from[2]) : -1;
		if (low < 0) {
			*to++ = *from;
			continue;
		}
		*to++ = (char)((unsigned)high << 4 | (unsigned)low);
		from += 2;
	}
	*to = '\0';
	return p;
}

/* --- errors --- */

gpg_error_t
scd_error(struct scd *s, const struct err *e)
{
	static const struct {
		int code;
		gpg_err_code_t gpg;
	} table[] = {
	    {-CS_ERR_NO_KEY, GPG_ERR_CARD_NOT_PRESENT},
	    {-CS_ERR_NO_TOKEN, GPG_ERR_CARD_NOT_PRESENT},
	    {-CS_ERR_TOKEN_REMOVED, GPG_ERR_CARD_REMOVED},
	    {-CS_ERR_NO_AGENT, GPG_ERR_NO_SCDAEMON},
	    {-CS_ERR_AGENT_GONE, GPG_ERR_NO_SCDAEMON},
	    {-CS_ERR_MECHANISM, GPG_ERR_UNSUPPORTED_OPERATION},
	    {-CS_ERR_UNSUPPORTED, GPG_ERR_UNSUPPORTED_ALGORITHM},
	    {-CS_ERR_ALGORITHM, GPG_ERR_UNSUPPORTED_ALGORITHM},
	    {-CS_ERR_KEY_USAGE, GPG_ERR_WRONG_KEY_USAGE},
	    {-CS_ERR_PIN_WRONG, GPG_ERR_BAD_PIN},
	    {-CS_ERR_PIN_LENGTH, GPG_ERR_BAD_PIN},
	    {-CS_ERR_PIN_INVALID, GPG_ERR_BAD_PIN},
	    {-CS_ERR_PIN_LOCKED, GPG_ERR_PIN_BLOCKED},
	    {-CS_ERR_PIN_FINAL, GPG_ERR_CANCELED},
	    {-CS_ERR_CANCELLED, GPG_ERR_CANCELED},
	    {-CS_ERR_REFUSED, GPG_ERR_CANCELED},
	    {-CS_ERR_NO_PINENTRY, GPG_ERR_NO_PIN_ENTRY},
	    {-CS_ERR_POLICY, GPG_ERR_FORBIDDEN},
	    {-CS_ERR_DECRYPT, GPG_ERR_DECRYPT_FAILED},
	    {-CS_ERR_TIMEOUT, GPG_ERR_TIMEOUT},
	    {-CS_ERR_BUSY, GPG_ERR_EAGAIN},
	    {-CS_ERR_NO_MEMORY, GPG_ERR_ENOMEM},
	    {-CS_ERR_ARGUMENT, GPG_ERR_INV_VALUE},
	    {-CS_ERR_TOO_LARGE, GPG_ERR_TOO_LARGE},
	};
	gpg_err_code_t code = GPG_ERR_CARD;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == e->code)
			code = table[i].gpg;
	/* A connection that failed is not used again. */
	if (err_class(e->code) == ERR_CLASS_AGENT) {
		link_free(s->link);
		s->link = NULL;
	}
	s->last = *e;
	return assuan_set_error(s->assuan,
	    gpg_err_make(GPG_ERR_SOURCE_SCD, code), err_get_text(&s->last));
}

/* --- commands that are about the connection --- */

static gpg_error_t
cmd_nothing(assuan_context_t ctx, char *line)
{
	(void)ctx;
	(void)line;
	return 0;
}

static gpg_error_t
cmd_kill(assuan_context_t ctx, char *line)
{
	(void)line;
	assuan_set_flag(ctx, ASSUAN_FORCE_CLOSE, 1);
	return 0;
}

static gpg_error_t
send_text(assuan_context_t ctx, const char *text)
{
	return assuan_send_data(ctx, text, strlen(text));
}

static gpg_error_t
cmd_getinfo(assuan_context_t ctx, char *line)
{
	struct scd *s = assuan_get_pointer(ctx);
	const char *what = scd_get_word(line);
	struct buf text = {0};
	gpg_error_t rc;

	if (strcmp(what, "version") == 0)
		return send_text(ctx, SERVER_SPEAKS);
	if (strcmp(what, "pid") == 0) {
		buf_printf(&text, "%d", (int)getpid());
		rc = assuan_send_data(ctx, text.data, text.len);
		buf_clear(&text);
		return rc;
	}
	if (strcmp(what, "socket_name") == 0 && s->socket_name != NULL)
		return send_text(ctx, s->socket_name);
	if (strcmp(what, "status") == 0)
		return send_text(
		    ctx, scd_list(s, &(struct err){0}) == 0 ? "u" : "r");
	if (strcmp(what, "card_list") == 0)
		return scd_list(s, &(struct err){0}) == 0
			   ? assuan_write_status(ctx, "SERIALNO", SCD_SERIAL)
			   : 0;
	if (strcmp(what, "app_list") == 0)
		return send_text(ctx, "cardseal:\n");
	return gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_NO_DATA);
}

/* "event-signal=12": gpg-agent wants that signal when cards come and go. */
static gpg_error_t
on_option(assuan_context_t ctx, const char *key, const char *value)
{
	struct scd *s = assuan_get_pointer(ctx);
	long number = value != NULL ? strtol(value, NULL, 10) : 0;

	if (strcmp(key, "event-signal") != 0)
		return gpg_err_make(GPG_ERR_SOURCE_SCD, GPG_ERR_UNKNOWN_OPTION);
	if (s->parent > 0 && (number == SIGUSR1 || number == SIGUSR2))
		scd_watch(s->parent, (int)number);
	return 0;
}

static gpg_error_t
on_reset(assuan_context_t ctx, char *line)
{
	struct scd *s = assuan_get_pointer(ctx);

	(void)line;
	buf_clear(&s->data);
	return 0;
}

static int
register_all(assuan_context_t ctx)
{
	static const struct {
		const char *name;
		assuan_handler_t handler;
		const char *help;
	} rows[] = {
	    {"SERIALNO", scd_cmd_serialno, "SERIALNO [--demand=SERIALNO]"},
	    {"LEARN", scd_cmd_learn, "LEARN [--force] [--keypairinfo]"},
	    {"KEYINFO", scd_cmd_keyinfo, "KEYINFO [--list] [KEYGRIP]"},
	    {"GETATTR", scd_cmd_getattr, "GETATTR NAME"},
	    {"READCERT", scd_cmd_readcert, "READCERT ID"},
	    {"READKEY", scd_cmd_readkey, "READKEY [--info] ID"},
	    {"SETDATA", scd_cmd_setdata, "SETDATA [--append] HEX"},
	    {"PKSIGN", scd_cmd_sign, "PKSIGN [--hash=NAME] ID"},
	    {"PKAUTH", scd_cmd_sign, "PKAUTH ID"},
	    {"PKDECRYPT", scd_cmd_decrypt, "PKDECRYPT ID"},
	    {"GETINFO", cmd_getinfo, "GETINFO WHAT"},
	    {"RESTART", cmd_nothing, "RESTART"},
	    {"DISCONNECT", cmd_nothing, "DISCONNECT"},
	    {"LOCK", cmd_nothing, "LOCK [--wait]"},
	    {"UNLOCK", cmd_nothing, "UNLOCK"},
	    {"KILLSCD", cmd_kill, "KILLSCD"},
	};
	gpg_error_t rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		rc = assuan_register_command(
		    ctx, rows[i].name, rows[i].handler, rows[i].help);
	if (rc == 0)
		rc = assuan_register_option_handler(ctx, on_option);
	if (rc == 0)
		rc = assuan_register_reset_notify(ctx, on_reset);
	return rc == 0 ? 0 : -CS_ERR_NO_MEMORY;
}

static int
serve(struct scd *s, int in, int out, bool is_socket)
{
	assuan_fd_t fds[2] = {in, out};
	gpg_error_t rc;

	rc = is_socket ? assuan_init_socket_server(
			     s->assuan, in, ASSUAN_SOCKET_SERVER_ACCEPTED)
		       : assuan_init_pipe_server(s->assuan, fds);
	if (rc == 0 && register_all(s->assuan) != 0)
		rc = GPG_ERR_ENOMEM;
	if (rc == 0)
		rc = assuan_set_hello_line(s->assuan, SCD_PROGRAM " " VERSION);
	if (rc == 0)
		rc = assuan_accept(s->assuan);
	if (rc == 0)
		rc = assuan_process(s->assuan);
	return rc == 0 ? 0 : 1;
}

int
scd_serve(int in, int out, bool is_socket, const char *socket_name)
{
	struct scd s = {.socket_name = socket_name, .data.max = SCD_DATA_MAX};
	int status;

	/* Whoever holds the pipe has started us. */
	s.parent = is_socket ? 0 : getppid();
	assuan_set_gpg_err_source(GPG_ERR_SOURCE_SCD);
	if (assuan_new(&s.assuan) != 0)
		return 70;
	assuan_set_pointer(s.assuan, &s);
	status = serve(&s, in, out, is_socket);
	assuan_release(s.assuan);
	scd_forget(&s);
	buf_clear(&s.data);
	link_free(s.link);
	return status;
}
