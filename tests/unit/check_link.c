/*
 * The connection to the agent, against a child process that plays the agent
 * by script.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/link/link.h"
#include "tests/unit/unit.h"

static char dir[32];
static char path[64];
static int listener = -1;
static pid_t server = -1;

enum script {
	ANSWER,	       /* does what the protocol says */
	WRONG_KIND,    /* LOCK_OK to everything but hello */
	ERRORS,	       /* an error with all its fields */
	GARBAGE,       /* no DER after hello */
	HANG_UP,       /* closes after hello */
	STRAYS,	       /* an event and an answer to another id first */
	OTHER_VERSION, /* refuses hello */
	ONE_EACH,      /* one request per connection, then closes */
};

static void
server_send(int fd, const struct agt_msg *msg)
{
	struct buf out = {0};

	if (agt_msg_encode(msg, &out) != 0 ||
	    write(fd, out.data, out.len) != (ssize_t)out.len)
		_exit(3);
	buf_clear(&out);
}

static bool
server_receive(int fd, struct buf *in, struct agt_msg *msg)
{
	size_t frame_len = 0;
	char piece[512];
	ssize_t n;

	buf_reset(in);
	do {
		n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			return false;
		buf_add(in, piece, (size_t)n);
		if (agt_frame_len(buf_get(in), AGT_REQUEST_MAX, &frame_len) !=
		    0)
			_exit(4);
	} while (frame_len == 0 || in->len < frame_len);
	return agt_msg_decode(buf_get(in), msg, NULL) == 0;
}

static void
server_answer(int fd, enum script script, const struct agt_msg *request)
{
	struct agt_msg answer = {.id = request->id, .type = AGT_LOCK_OK};

	if (script == STRAYS) {
		answer.id = request->id + 7;
		server_send(fd, &answer);
		answer = (struct agt_msg){.type = AGT_EVENT, .kind = 1};
		server_send(fd, &answer);
	}
	answer = (struct agt_msg){.id = request->id};
	switch (script) {
	case ERRORS:
		answer.type = AGT_ERROR;
		answer.code = -CS_ERR_PIN_WRONG;
		answer.ckr = 0xa0;
		answer.tries_left = 2;
		answer.text = BYTES_LIT("wrong PIN");
		answer.holder = BYTES_LIT("scdaemon");
		break;
	case WRONG_KIND:
		answer.type = AGT_LOCK_OK;
		break;
	default:
		answer.type = AGT_SIGN_OK;
		answer.output = BYTES_LIT("signature");
	}
	server_send(fd, &answer);
}

static bool
server_hello(int fd, enum script script, struct buf *in)
{
	struct agt_msg request, answer = {.type = AGT_HELLO_OK, .version = 1};

	if (!server_receive(fd, in, &request))
		return false;
	answer.id = request.id;
	answer.agent_version = BYTES_LIT("test");
	if (script == OTHER_VERSION) {
		answer.type = AGT_ERROR;
		answer.code = -CS_ERR_PROTOCOL;
		answer.tries_left = ERR_TRIES_UNKNOWN;
	}
	server_send(fd, &answer);
	return script != HANG_UP;
}

static void
server_run(enum script script)
{
	struct buf in = {0};
	struct agt_msg request;
	int fd;

	alarm(20);
	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(5);
		if (server_hello(fd, script, &in)) {
			while (server_receive(fd, &in, &request)) {
				if (script == GARBAGE)
					(void)!write(fd, "\x31\x02xx", 4);
				else
					server_answer(fd, script, &request);
				if (script == ONE_EACH)
					break;
			}
		}
		close(fd);
	}
}

static struct link *
link_to(enum script script, int want)
{
	struct err e = ERR_INIT;
	struct link *link;

	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0)
		server_run(script);
	unit_assert_code(link_new(path, "check_link", &link, &e), want);
	return link;
}

static void
setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	signal(SIGPIPE, SIG_IGN);
	server = -1;
	snprintf(dir, sizeof(dir), "/tmp/check_link.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/agent", dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (void *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
}

static void
teardown(void)
{
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	close(listener);
	unlink(path);
	rmdir(dir);
}

static int
call_sign(struct link *link, struct agt_msg *answer, struct err *e)
{
	static const uint8_t key_id[AGT_KEY_ID_LEN];
	struct agt_msg request = {
	    .type = AGT_SIGN,
	    .key_id = bytes_of(key_id, sizeof(key_id)),
	    .algorithm = BYTES_LIT("\x30\x00"),
	    .input = BYTES_LIT("digest"),
	    .has_context = true,
	};

	link_fill_context(link, &request.context, "a test");
	return link_call(link, &request, answer, e);
}

START_TEST(answers_come_back)
{
	struct link *link = link_to(ANSWER, 0);
	struct err e = ERR_INIT;
	struct agt_msg answer;
	int i;

	for (i = 0; i < 3; i++) {
		unit_assert_code(call_sign(link, &answer, &e), 0);
		unit_assert_bytes(answer.output, BYTES_LIT("signature"));
	}
	link_free(link);
}
END_TEST

START_TEST(errors_carry_their_story)
{
	struct link *link = link_to(ERRORS, 0);
	struct err e = ERR_INIT;
	struct agt_msg answer;

	unit_assert_code(call_sign(link, &answer, &e), -CS_ERR_PIN_WRONG);
	ck_assert_int_eq(e.code, -CS_ERR_PIN_WRONG);
	ck_assert_uint_eq(e.ckr, 0xa0);
	ck_assert_int_eq(e.tries_left, 2);
	ck_assert_ptr_nonnull(strstr(e.text, "wrong PIN"));
	ck_assert_ptr_nonnull(strstr(e.text, "scdaemon"));
	link_free(link);
}
END_TEST

START_TEST(strays_are_passed_over)
{
	struct link *link = link_to(STRAYS, 0);
	struct agt_msg answer;

	unit_assert_code(call_sign(link, &answer, NULL), 0);
	unit_assert_bytes(answer.output, BYTES_LIT("signature"));
	link_free(link);
}
END_TEST

START_TEST(faults_are_typed)
{
	static const struct {
		enum script script;
		int code;
	} rows[] = {
	    {WRONG_KIND, -CS_ERR_PROTOCOL},
	    {GARBAGE, -CS_ERR_PROTOCOL},
	    {HANG_UP, -CS_ERR_AGENT_GONE},
	};
	struct link *link = link_to(rows[_i].script, 0);
	struct agt_msg answer;
	int code = call_sign(link, &answer, NULL);

	/* A hang-up may be seen before the request is sent: then a second
	 * connection meets it after. */
	unit_assert_code(code, rows[_i].code);
	link_free(link);
}
END_TEST

START_TEST(a_restarted_agent_is_found_again)
{
	struct link *link = link_to(ONE_EACH, 0);
	struct agt_msg answer;
	int i;

	for (i = 0; i < 3; i++) {
		unit_assert_code(call_sign(link, &answer, NULL), 0);
		usleep(20000); /* let the server's close arrive */
	}
	link_free(link);
}
END_TEST

START_TEST(versions_must_meet)
{
	ck_assert_ptr_null(link_to(OTHER_VERSION, -CS_ERR_PROTOCOL));
}
END_TEST

START_TEST(no_agent_says_what_to_do)
{
	struct err e = ERR_INIT;
	struct link *link;

	close(listener);
	unit_assert_code(
	    link_new(path, "check_link", &link, &e), -CS_ERR_NO_AGENT);
	ck_assert_ptr_null(link);
	ck_assert_ptr_nonnull(strstr(e.text, path));
	ck_assert_ptr_nonnull(strstr(e.text, "cardseal agent"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("link");
	TCase *tcase = tcase_create("link");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 25);
	tcase_add_test(tcase, answers_come_back);
	tcase_add_test(tcase, errors_carry_their_story);
	tcase_add_test(tcase, strays_are_passed_over);
	tcase_add_loop_test(tcase, faults_are_typed, 0, 3);
	tcase_add_test(tcase, a_restarted_agent_is_found_again);
	tcase_add_test(tcase, versions_must_meet);
	tcase_add_test(tcase, no_agent_says_what_to_do);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
