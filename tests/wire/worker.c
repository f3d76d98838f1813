#include "tests/wire/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER_FD 3
#define PEER_ANSWER_SECONDS 30

static char fixture_dir[64];

const char *
fixture_path(const char *name)
{
	static char ring[8][512];
	static unsigned next;
	char *path = ring[next++ % 8];

	snprintf(path, sizeof(ring[0]), "%s/%s", fixture_dir, name);
	return path;
}

const char *
fixture_module(void)
{
	static const char *const paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
	    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	    "/usr/lib64/pkcs11/libsofthsm2.so"};
	size_t i;

	if (getenv("FIXTURE_MODULE") != NULL)
		return getenv("FIXTURE_MODULE");
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], R_OK) == 0)
			return paths[i];
	ck_abort_msg("libsofthsm2.so not found");
}

/* Runs a program to its end; its exit status. */
static int
fixture_run(char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	while (waitpid(pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
fixture_make(const char *const *args)
{
	const char *src = getenv("CS_SRCDIR");
	static char script[512];
	char *argv[32] = {script, fixture_dir};
	size_t i;

	snprintf(script, sizeof(script), "%s/softhsm-fixtures/make-fixtures",
	    src != NULL ? src : ".");
	snprintf(fixture_dir, sizeof(fixture_dir), "/tmp/cardseal-wire.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture_dir));
	for (i = 0; args[i] != NULL && i < 29; i++)
		argv[i + 2] = (char *)args[i];
	ck_assert_int_eq(fixture_run(argv), 0);
	setenv("SOFTHSM2_CONF", fixture_path("softhsm2.conf"), 1);
}

void
fixture_end(void)
{
	static char rm[] = "rm", rf[] = "-rf";
	char *argv[] = {rm, rf, fixture_dir, NULL};

	if (fixture_dir[0] != '\0')
		(void)fixture_run(argv);
	if (getenv("FAULT_MODULE") != NULL)
		setenv("FIXTURE_MODULE", getenv("FAULT_MODULE"), 1);
	unsetenv("FAULT_MODULE");
}

void
fixture_set_faults(const char *rules)
{
	const char *build = getenv("CS_BUILDDIR");
	char path[512];
	FILE *f;

	setenv("FAULT_MODULE", fixture_module(), 0);
	snprintf(path, sizeof(path), "%s/tests/fault/.libs/fault.so",
	    build != NULL ? build : ".");
	setenv("FIXTURE_MODULE", path, 1);
	setenv("FAULT_SCRIPT", fixture_path("script"), 1);
	setenv("FAULT_LOG", fixture_path("log"), 1);
	/* Beside it and renamed, since it is read at any time. */
	snprintf(path, sizeof(path), "%s", fixture_path("script.new"));
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(rules, f);
	fclose(f);
	ck_assert_int_eq(rename(path, fixture_path("script")), 0);
}

struct bytes
fixture_key_id(const char *identity)
{
	char line[1024], name[128], id[65] = "";
	FILE *f = fopen(fixture_path("identities.tsv"), "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line,
			"%127[^\t]\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%*[^\t]\t%64s",
			name, id) == 2 &&
		    strcmp(name, identity) == 0)
			break;
		id[0] = '\0';
	}
	fclose(f);
	ck_assert_msg(id[0] != '\0', "no identity %s", identity);
	return unit_hex(id);
}

void
peer_start(struct peer *p)
{
	const char *build = getenv("CS_BUILDDIR");
	struct timeval limit = {.tv_sec = PEER_ANSWER_SECONDS};
	char path[512];
	int fds[2];

	*p = (struct peer){.fd = -1};
	snprintf(path, sizeof(path), "%s/token/cardseal-token",
	    build != NULL ? build : ".");
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	p->pid = fork();
	ck_assert_int_ge(p->pid, 0);
	if (p->pid == 0) {
		/* dup2 onto itself would leave close-on-exec set */
		int fd = fds[1] == PEER_FD ? dup(fds[1]) : fds[1];

		(void)dup2(fd, PEER_FD);
		execl(path, "cardseal-token", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	p->fd = fds[0];
	(void)setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

int
peer_end(struct peer *p)
{
	int status;

	close(p->fd);
	p->fd = -1;
	buf_clear(&p->in);
	while (waitpid(p->pid, &status, 0) < 0)
		ck_assert_int_eq(errno, EINTR);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void
peer_send(struct peer *p, struct bytes frame)
{
	ssize_t n;

	while (frame.len > 0) {
		n = send(p->fd, frame.p, frame.len, MSG_NOSIGNAL);
		ck_assert_int_gt(n, 0);
		frame.p += n;
		frame.len -= (size_t)n;
	}
}

bool
peer_receive(struct peer *p, struct tok_msg *answer)
{
	uint8_t chunk[2048];
	size_t len = 0, want;
	struct err e = ERR_INIT;
	ssize_t n;

	buf_reset(&p->in);
	for (;;) {
		ck_assert_int_eq(tok_frame_len(buf_get(&p->in), &len), 0);
		if (len != 0 && p->in.len >= len)
			break;
		/* No more than this frame: others may wait behind it. */
		want = len != 0 ? len - p->in.len : 1;
		n = recv(p->fd, chunk,
		    want < sizeof(chunk) ? want : sizeof(chunk), 0);
		ck_assert_msg(n >= 0 || errno == ECONNRESET, "no answer: %s",
		    strerror(errno));
		if (n <= 0)
			return false;
		buf_add(&p->in, chunk, (size_t)n);
	}
	ck_assert_uint_eq(p->in.len, len);
	ck_assert_msg(tok_msg_decode(buf_get(&p->in), answer, &e) == 0,
	    "bad answer: %s", e.text);
	return true;
}

int
peer_call(struct peer *p, struct tok_msg *req, struct tok_msg *answer)
{
	struct buf out = {0};

	req->id = ++p->id;
	unit_assert_code(tok_msg_encode(req, &out), 0);
	peer_send(p, buf_get(&out));
	buf_clear(&out);
	ck_assert_msg(peer_receive(p, answer), "the worker hung up");
	ck_assert_uint_eq(answer->id, req->id);
	if (answer->type == TOK_ERROR) {
		ck_assert_int_lt(answer->code, 0);
		ck_assert_uint_gt(answer->text.len, 0);
		return answer->code;
	}
	ck_assert_int_eq(answer->type, (int)req->type + 1);
	return 0;
}

void
peer_begin(struct peer *p, struct tok_info *token)
{
	static uint8_t secret[TOK_SECRET_LEN] =
	    "a secret of thirty-two octets..";
	static char uri[TOK_TEXT_MAX];
	struct tok_msg answer, req = {.type = TOK_START,
				   .module = bytes_of_str(fixture_module()),
				   .secret = bytes_of(secret, sizeof(secret))};
	struct der d;

	peer_start(p);
	unit_assert_code(peer_call(p, &req, &answer), 0);
	req = (struct tok_msg){.type = TOK_PROBE};
	unit_assert_code(peer_call(p, &req, &answer), 0);
	der_init(&d, answer.tokens);
	ck_assert(tok_info_next(&d, token));
	ck_assert_uint_le(token->uri.len, sizeof(uri));
	memcpy(uri, token->uri.p, token->uri.len);
	token->uri.p = (uint8_t *)uri;
}

int
peer_login(struct peer *p, const struct tok_info *token, const char *pin)
{
	struct tok_msg answer, req = {.type = TOK_LOGIN,
				   .token = token->uri,
				   .insertion = token->insertion,
				   .has_pin = pin != NULL,
				   .pin = bytes_of_str(pin)};

	return peer_call(p, &req, &answer);
}

bool
peer_find_key(struct peer *p, struct bytes key_id, struct tok_key *key)
{
	struct tok_msg answer, req = {.type = TOK_PROBE};
	struct der d;

	unit_assert_code(peer_call(p, &req, &answer), 0);
	der_init(&d, answer.keys);
	while (tok_key_next(&d, key))
		if (bytes_is_equal(key->key_id, key_id))
			return true;
	unit_assert_code(der_end(&d), 0);
	return false;
}
