#include "client/link/link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "agent/path.h"
#include "asn1/say.h"

struct link {
	int fd; /* -1: not connected */
	uint32_t next_id;
	struct buf out;
	struct buf in;
	size_t answer_len; /* of the answer the caller borrows */
	char *program;
	char socket_path[AGT_SOCKET_PATH_MAX];
	char tty_name[256];
};

#define LINK_FOR_EVER INT64_MAX

static void
link_disconnect(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	buf_reset(&link->in);
	link->answer_len = 0;
}

void
link_free(struct link *link)
{
	if (link == NULL)
		return;
	link_disconnect(link);
	buf_clear(&link->out);
	buf_clear(&link->in);
	free(link->program);
	free(link);
}

static int
link_connect(struct link *link, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(link->socket_path);
	char quoted[256];

	err_quote(quoted, sizeof(quoted), link->socket_path, len);
	memcpy(address.sun_path, link->socket_path, len + 1);
	link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (link->fd < 0)
		return err_set_errno(e, errno, "socket");
	if (connect(link->fd, (void *)&address, sizeof(address)) == 0)
		return 0;
	err_set(e, -CS_ERR_NO_AGENT,
	    "no agent answers at %s (%s); start one with \"cardseal agent\" "
	    "or enable the user unit cardseal-agent.socket",
	    quoted, strerror(errno));
	link_disconnect(link);
	return -CS_ERR_NO_AGENT;
}

static int64_t
link_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
link_gone(struct err *e)
{
	return err_set(e, -CS_ERR_AGENT_GONE,
	    "the agent closed the connection; see its log, then try again");
}

static int
link_send(struct link *link, struct err *e)
{
	size_t sent = 0;
	ssize_t n;

	while (sent < link->out.len) {
		n = send(link->fd, link->out.data + sent, link->out.len - sent,
		    MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return link_gone(e);
		sent += (size_t)n;
	}
	return 0;
}

/* Reads until one whole frame stands at the start of link->in. */
static int
link_receive(
    struct link *link, int64_t until_ms, size_t *frame_len, struct err *e)
{
	struct pollfd pollfd = {.fd = link->fd, .events = POLLIN};
	uint8_t *room;
	ssize_t n;
	int64_t left;
	int r;

	for (;;) {
		r = agt_frame_len(
		    buf_get(&link->in), AGT_ANSWER_MAX, frame_len);
		if (r != 0)
			return err_set(
			    e, r, "the agent's answer is not understood");
		if (*frame_len != 0 && link->in.len >= *frame_len)
			return 0;
		/* Most answers are there at once: read first, then wait. */
		room = buf_reserve(&link->in, 4096);
		if (room == NULL)
			return err_set(e, link->in.err, NULL);
		n = recv(link->fd, room, 4096, MSG_DONTWAIT);
		if (n > 0) {
			buf_grow_len(&link->in, (size_t)n);
			continue;
		}
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return link_gone(e);
		left =
		    until_ms == LINK_FOR_EVER ? -1 : until_ms - link_now_ms();
		if (left <= 0 && until_ms != LINK_FOR_EVER)
			return err_set(e, -CS_ERR_TIMEOUT,
			    "the agent did not answer in time");
		(void)poll(&pollfd, 1, (int)left);
	}
}

/* Waits for the answer with that id; events and strays are passed over. */
static int
link_await(struct link *link, uint32_t id, int64_t until_ms,
    struct agt_msg *answer, struct err *e)
{
	size_t frame_len;
	int r;

	for (;;) {
		r = link_receive(link, until_ms, &frame_len, e);
		if (r == 0)
			r = agt_msg_decode(
			    bytes_of(link->in.data, frame_len), answer, e);
		if (r != 0)
			return r;
		link->answer_len = frame_len;
		if (answer->id == id)
			return 0;
		buf_consume(&link->in, frame_len);
		link->answer_len = 0;
	}
}

/* An error answer as our own error. */
static int
link_take_error(const struct agt_msg *answer, struct err *e)
{
	char text[ERR_TEXT_MAX], token[256], holder[128];
	int code = err_is_known(answer->code) ? answer->code : -CS_ERR_PROTOCOL;

	err_quote(text, sizeof(text), answer->text.p, answer->text.len);
	err_set(e, code, "%s", text[0] != '\0' ? say(text) : err_text(code));
	if (answer->token.len != 0 && text[0] == '\0')
		err_context(e, "token %s",
		    err_quote(token, sizeof(token), answer->token.p,
			answer->token.len));
	if (e != NULL && answer->holder.len != 0) {
		err_quote(holder, sizeof(holder), answer->holder.p,
		    answer->holder.len);
		err_context(e, "held by %s", holder);
	}
	if (e != NULL) {
		e->ckr = answer->ckr;
		e->tries_left = answer->tries_left;
	}
	return code;
}

static int
link_send_request(struct link *link, struct agt_msg *request, struct err *e)
{
	int r;

	if (link->answer_len != 0)
		buf_consume(&link->in, link->answer_len);
	link->answer_len = 0;
	buf_reset(&link->out);
	request->id = link->next_id++;
	r = agt_msg_encode(request, &link->out);
	if (r == 0 && link->out.len > AGT_REQUEST_MAX)
		r = -CS_ERR_TOO_LARGE;
	if (r != 0)
		return err_set(
		    e, r, "the request to the agent: %s", err_text(r));
	r = link_send(link, e);
	buf_reset(&link->out);
	return r;
}

static int
link_take_answer(struct link *link, const struct agt_msg *request,
    int64_t until_ms, struct agt_msg *answer, struct err *e)
{
	enum agt_type want = agt_type_answer(request->type);
	int r;

	if (link->answer_len != 0)
		buf_consume(&link->in, link->answer_len);
	link->answer_len = 0;
	r = link_await(link, request->id, until_ms, answer, e);
	if (r != 0) {
		/* What comes later would be taken for another's answer. */
		link_disconnect(link);
		return r;
	}
	if (answer->type == AGT_ERROR)
		return link_take_error(answer, e);
	if (answer->type != want)
		return err_set(e, -CS_ERR_PROTOCOL,
		    "the agent answered %s to %s", agt_type_name(answer->type),
		    agt_type_name(request->type));
	return 0;
}

static int
link_exchange(struct link *link, struct agt_msg *request,
    struct agt_msg *answer, struct err *e)
{
	int64_t until_ms = link_now_ms() + LINK_WAIT_MS;
	int r = link_send_request(link, request, e);

	if (r == -CS_ERR_AGENT_GONE)
		link_disconnect(link);
	if (r != 0)
		return r;
	return link_take_answer(link, request, until_ms, answer, e);
}

static int
link_hello(struct link *link, struct err *e)
{
	struct agt_msg hello = {
	    .type = AGT_HELLO,
	    .version_min = AGT_VERSION,
	    .version_max = AGT_VERSION,
	    .program = bytes_of_str(link->program),
	};
	struct agt_msg answer;
	int r = link_connect(link, e);

	if (r == 0)
		r = link_exchange(link, &hello, &answer, e);
	return r;
}

/* Has the agent hung up since the last answer? */
static bool
link_is_stale(struct link *link)
{
	char byte;
	ssize_t n;

	if (link->fd < 0)
		return true;
	n = recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

static int
link_ensure(struct link *link, struct err *e)
{
	if (!link_is_stale(link))
		return 0;
	link_disconnect(link);
	return link_hello(link, e);
}

int
link_call(struct link *link, struct agt_msg *request, struct agt_msg *answer,
    struct err *e)
{
	int r;

	*answer = (struct agt_msg){0};
	r = link_ensure(link, e);
	return r != 0 ? r : link_exchange(link, request, answer, e);
}

int
link_listen(struct link *link, struct agt_msg *request, struct err *e)
{
	int r = link_ensure(link, e);

	return r != 0 ? r : link_send_request(link, request, e);
}

int
link_next(struct link *link, const struct agt_msg *request,
    struct agt_msg *answer, struct err *e)
{
	*answer = (struct agt_msg){0};
	return link_take_answer(link, request, LINK_FOR_EVER, answer, e);
}

static void
link_find_tty(struct link *link)
{
	const char *tty = getenv("GPG_TTY");
	int fd;

	if (tty != NULL && strlen(tty) < sizeof(link->tty_name)) {
		memcpy(link->tty_name, tty, strlen(tty) + 1);
		return;
	}
	for (fd = 0; fd <= 2; fd++)
		if (ttyname_r(fd, link->tty_name, sizeof(link->tty_name)) == 0)
			return;
	link->tty_name[0] = '\0';
}

int
link_new(const char *socket_path, const char *program, struct link **out,
    struct err *e)
{
	struct link *link = calloc(1, sizeof(*link));
	int r = -CS_ERR_NO_MEMORY;

	*out = NULL;
	if (link == NULL)
		return err_set(e, r, NULL);
	link->fd = -1;
	link->next_id = 1;
	buf_init(&link->out, AGT_REQUEST_MAX + 1024);
	buf_init(&link->in, AGT_ANSWER_MAX + 8192);
	link_find_tty(link);
	link->program = strdup(program);
	if (link->program == NULL)
		goto out;
	r = agt_socket_path(socket_path, link->socket_path, e);
	if (r == 0)
		r = link_hello(link, e);
out:
	if (r != 0) {
		link_free(link);
		if (e != NULL && e->code == 0)
			err_set(e, r, NULL);
		return r;
	}
	*out = link;
	return 0;
}

static struct bytes
link_env(const char *name)
{
	const char *value = getenv(name);
	struct bytes bytes = bytes_of_str(value);

	/* What the protocol would refuse is left out. */
	if (value == NULL || bytes.len > AGT_TEXT_MAX || !utf8_is_valid(bytes))
		return BYTES_NONE;
	return bytes;
}

static struct bytes
link_locale(const char *category)
{
	struct bytes value = link_env("LC_ALL");

	if (value.len == 0)
		value = link_env(category);
	return value.len != 0 ? value : link_env("LANG");
}

void
link_fill_context(
    struct link *link, struct agt_context *context, const char *purpose)
{
	*context = (struct agt_context){
	    .purpose = bytes_of_str(purpose),
	    .display = link_env("WAYLAND_DISPLAY"),
	    .tty_name = bytes_of_str(link->tty_name),
	    .tty_type = link_env("TERM"),
	    .lc_ctype = link_locale("LC_CTYPE"),
	    .lc_messages = link_locale("LC_MESSAGES"),
	    .xauthority = link_env("XAUTHORITY"),
	};
	/* pinentry's option is an X display; most Wayland desktops have one. */
	if (link_env("DISPLAY").len != 0)
		context->display = link_env("DISPLAY");
}

const char *
link_get_socket_path(const struct link *link)
{
	return link->socket_path;
}
